//! Every version of a trust root, each verified by the one before it.

use std::path::{Path, PathBuf};

use super::{path_of, read_versions};
use crate::finding::rules::trust as rules;
use crate::finding::{Finding, Location, Report};
use crate::pipeline::Error;
use crate::time::Timestamp;
use crate::tree;
use crate::trust::root::{MAX_BYTES, RootError, TrustRootDocument};
use crate::trust::{Envelope, TrustRoot};

/// Verifies every version of a folder, from the pinned one on, and reports on each.
///
/// # Errors
///
/// When a file cannot be read.
pub fn verify(
    folder: &Path,
    pinned: Option<&Path>,
    now: Timestamp,
    replay: bool,
) -> Result<Report, Error> {
    let mut report = Report::new("trust verify", now, replay);
    let mut versions: Vec<(PathBuf, Vec<u8>)> =
        (1..).map(|number| path_of(folder, number)).zip(read_versions(folder)?).collect();
    if let Some(path) = pinned {
        let bytes = tree::read_named(path, MAX_BYTES)?;
        let shown = path.display().to_string();
        match versions.iter().position(|(_, version)| *version == bytes) {
            Some(at) => versions = versions.split_off(at),
            None => {
                // What the folder holds is not what the caller trusts, whatever else it is.
                let message = format!("is not among the versions in `{}`", folder.display());
                let finding =
                    Finding::new(&rules::SIGNATURE_INVALID, Location::named(&shown), message);
                report.failed("trust-root", shown, finding);
                return Ok(report);
            }
        }
    }
    let shown = folder.display().to_string();
    let Some(((_, first), _)) = versions.split_first() else {
        let message = "no version of a trust root; expected `1.json`";
        let finding = Finding::new(&rules::SIGNATURE_MISSING, Location::named(&shown), message);
        report.failed("trust-root", shown, finding);
        return Ok(report);
    };
    let later: Vec<Vec<u8>> = versions.iter().skip(1).map(|(_, bytes)| bytes.clone()).collect();
    for count in 0..=later.len() {
        let is_newest = count == later.len();
        // Versions before the newest may have expired: they have named their successors.
        let at = if is_newest { Some(now) } else { None };
        let path = versions[count].0.display().to_string();
        match open_upto(first, &later[..count], at) {
            Ok(root) => {
                let detail = format!("version {}, sha256:{}", root.version(), root.digest());
                report.passed("trust-root", format!("version {}", root.version()), detail);
            }
            Err(error) => {
                let message = error.to_string();
                let location = Location::named(&path);
                let finding = Finding::new(&rules::THRESHOLD_NOT_REACHED, location, message);
                report.failed("trust-root", path, finding);
                break;
            }
        }
    }
    Ok(report)
}

fn open_upto(
    first: &[u8],
    later: &[Vec<u8>],
    at: Option<Timestamp>,
) -> Result<TrustRoot, RootError> {
    let last = later.last().map_or(first, Vec::as_slice);
    let issued_at = || {
        let envelope = Envelope::parse(last).map_err(RootError::Envelope)?;
        Ok(TrustRootDocument::parse(envelope.unverified_payload())?.issued_at)
    };
    TrustRoot::open_chain(first, later, at.map_or_else(issued_at, Ok)?)
}
