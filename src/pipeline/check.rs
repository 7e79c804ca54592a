//! `check`: judge governed inputs.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Error;
use crate::digest::Digest;
use crate::finding::{Area, Gate, Report, ReportDocument, Waivers};
use crate::packet::ReleaseSpec;
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
    /// Whether these are all that the project has: what it has not is told.
    pub is_whole: bool,
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
/// The largest release specification that is read, in bytes.
const SPEC_BYTES: usize = 1 << 20;

/// Judges the areas.
///
/// # Errors
///
/// [`Error`] when the root or the waivers cannot be read. What is wrong below the root is a
/// finding.
pub fn check(request: &Request) -> Result<Report, Error> {
    let tree = Tree::open(&request.root)?;
    let waivers = read_waivers(&tree, &request.root, request.waivers.as_deref())?;
    let mut report = Report::new("check", request.context.now, request.replay);
    report.set_gate(request.gate);
    if let Some(path) = &request.baseline {
        let bytes = tree::read_named(path, MAX_BASELINE_BYTES)?;
        let baseline = ReportDocument::parse(&bytes)
            .map_err(|source| Error::Json { path: path.clone(), source })?;
        report.set_baseline(&baseline);
    }
    for (_, judged) in judge_areas(&tree, &request.areas, &request.context, request.replay) {
        report.append(judged);
    }
    if request.is_whole {
        tell_absent(&request.areas, &mut report);
    }
    waivers.judge(Waivers::PATH, &mut report);
    report.set_waivers(waivers);
    Ok(report)
}

/// Tells which areas a project has: those that its release specification lists, and those for which
/// the tree holds files, whatever it lists; all of them without a specification that can be read.
///
/// # Errors
///
/// When the root cannot be read.
pub fn areas_of(root: &Path) -> Result<Vec<Area>, Error> {
    let tree = Tree::open(root)?;
    let path: RelPath = ReleaseSpec::PATH.parse().expect("the path is portable");
    let listed = match tree.read(&path, SPEC_BYTES) {
        // A specification that is broken is for the area `release` to refuse.
        Ok(bytes) => ReleaseSpec::parse(&bytes).ok().and_then(|spec| spec.areas),
        Err(_) => None,
    };
    let Some(listed) = listed else { return Ok(Area::GOVERNED.to_vec()) };
    let is_there = |area: &Area| listed.contains(area) || validator::has_files(*area, &tree);
    Ok(Area::GOVERNED.into_iter().filter(is_there).collect())
}

/// Says in a report which areas the project says it has not.
pub(super) fn tell_absent(areas: &[Area], report: &mut Report) {
    let absent: Vec<&str> =
        Area::GOVERNED.into_iter().filter(|area| !areas.contains(area)).map(Area::word).collect();
    if !absent.is_empty() {
        let detail = format!("the project says that it has no {}", absent.join(", "));
        report.skipped("areas", ReleaseSpec::PATH, detail);
    }
}

/// Judges areas, as many at a time as there are processors, without waivers.
///
/// Areas know nothing of each other, so that the order in which they end changes nothing.
pub(super) fn judge_areas(
    tree: &Tree,
    areas: &[Area],
    context: &Context,
    replay: bool,
) -> Vec<(Area, Report)> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut judged = Vec::new();
        while let Some((index, area)) = take(areas, &next) {
            let mut report = Report::new("check", context.now, replay);
            validator::check(area, tree, context, &mut report);
            judged.push((index, area, report));
        }
        judged
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(areas.len());
    let mut judged = std::thread::scope(|scope| {
        let others: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
        let mut judged = work();
        for other in others {
            match other.join() {
                Ok(more) => judged.extend(more),
                // A defect of a rule is told by whoever called, as if it had been met here.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        judged
    });
    judged.sort_by_key(|(index, ..)| *index);
    judged.into_iter().map(|(_, area, report)| (area, report)).collect()
}

fn take(areas: &[Area], next: &AtomicUsize) -> Option<(usize, Area)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    areas.get(index).map(|area| (index, *area))
}

/// Puts together what was found in some areas and holds it against the waivers.
pub(super) fn put_together<'a>(
    parts: impl IntoIterator<Item = &'a Report>,
    waivers: &Waivers,
    context: &Context,
    replay: bool,
) -> Report {
    let mut report = Report::new("check", context.now, replay);
    parts.into_iter().for_each(|part| report.append(part.clone()));
    waivers.judge(Waivers::PATH, &mut report);
    report.set_waivers(waivers.clone());
    report
}

/// The waivers that lie in a tree; none when it has no file of them.
pub(super) fn waivers_in(tree: &Tree, root: &Path) -> Result<Waivers, Error> {
    read_waivers(tree, root, None)
}

fn read_waivers(tree: &Tree, root: &Path, named: Option<&Path>) -> Result<Waivers, Error> {
    let (path, bytes) = match named {
        Some(path) => (path.to_owned(), tree::read_named(path, 1 << 20)?),
        None => {
            let path: RelPath = Waivers::PATH.parse().expect("the path is portable");
            match tree.read(&path, 1 << 20) {
                Ok(bytes) => (root.join(Waivers::PATH), bytes),
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
