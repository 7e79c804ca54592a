//! `check`: judge governed inputs.

use std::path::PathBuf;

use super::Error;
use crate::digest::Digest;
use crate::finding::{Area, Gate, Report, ReportDocument, Waivers};
use crate::path::RelPath;
use crate::tree::{self, Tree};
use crate::validator::{self, Context};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// The folder that holds `ops/`.
    pub root: PathBuf,
    /// The areas to judge, in this order.
    pub areas: Vec<Area>,
    /// The file of waivers; `None` for the one in the tree, when there is one.
    pub waivers: Option<PathBuf>,
    /// A report whose findings are known.
    pub baseline: Option<PathBuf>,
    /// From which severity on a finding refuses.
    pub gate: Gate,
    /// What the inputs must agree with, and the time to judge as of.
    pub context: Context,
    /// Whether that time was given instead of read from the clock.
    pub replay: bool,
}

/// The largest baseline that is read, in bytes.
const MAX_BASELINE_BYTES: usize = 64 << 20;

/// Judges the areas.
///
/// # Errors
///
/// [`Error`] when the root or the waivers cannot be read. What is wrong below the root is a
/// finding.
pub fn check(request: &Request) -> Result<Report, Error> {
    let tree = Tree::open(&request.root)?;
    let waivers = read_waivers(&tree, request)?;
    let mut report = Report::new("check", request.context.now, request.replay);
    report.set_gate(request.gate);
    if let Some(path) = &request.baseline {
        let bytes = tree::read_named(path, MAX_BASELINE_BYTES)?;
        let baseline = ReportDocument::parse(&bytes)
            .map_err(|source| Error::Json { path: path.clone(), source })?;
        report.set_baseline(&baseline);
    }
    for area in &request.areas {
        validator::check(*area, &tree, &request.context, &mut report);
    }
    waivers.judge(Waivers::PATH, &mut report);
    report.set_waivers(waivers);
    Ok(report)
}

fn read_waivers(tree: &Tree, request: &Request) -> Result<Waivers, Error> {
    let (path, bytes) = match &request.waivers {
        Some(path) => (path.clone(), tree::read_named(path, 1 << 20)?),
        None => {
            let path: RelPath = Waivers::PATH.parse().expect("the path is portable");
            match tree.read(&path, 1 << 20) {
                Ok(bytes) => (request.root.join(Waivers::PATH), bytes),
                Err(error) if error.is_not_found() => return Ok(Waivers::default()),
                Err(error) => return Err(error.into()),
            }
        }
    };
    let mut buffer = vec![0; 64 << 10];
    let mut digest_of =
        |path: &RelPath| -> Option<Digest> { Some(tree.hash(path, &mut buffer).ok()?.0) };
    Waivers::parse(&bytes, &mut digest_of).map_err(|source| Error::Json { path, source })
}
