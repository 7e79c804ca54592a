//! Every version of a trust root, each verified by the one before it.

use std::path::{Path, PathBuf};

use super::{path_of, read_versions};
use crate::finding::rules::trust as rules;
use crate::finding::{Finding, Location, Report};
use crate::pipeline::Error;
use crate::pipeline::remember::judge_trust_root;
use crate::time::Timestamp;
use crate::tree;
use crate::trust::TrustRoot;
use crate::trust::root::MAX_BYTES;

/// Verifies every version of a folder, from the pinned one on, and reports on each.
///
/// With a state, the newest version is held against the newest trust root that was used here, and
/// remembered when everything holds.
///
/// # Errors
///
/// When a file cannot be read, or the state cannot be written.
pub fn verify(
    folder: &Path,
    pinned: Option<&Path>,
    state: Option<&Path>,
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
    let mut newest = None;
    for (count, root) in TrustRoot::walk(first, &later).enumerate() {
        // Versions before the newest may have expired: they have named their successors.
        let root = root.and_then(|root| {
            let is_newest = count == later.len();
            if is_newest { root.check_in_use(now).map(|()| root) } else { Ok(root) }
        });
        match root {
            Ok(root) => {
                let detail = format!("version {}, sha256:{}", root.version(), root.digest());
                report.passed("trust-root", format!("version {}", root.version()), detail);
                newest = Some((count, root));
            }
            Err(error) => {
                let message = error.to_string();
                let path = versions.get(count).map_or(shown.clone(), |(path, _)| shown_as(path));
                let finding = Finding::new(error.rule(), Location::named(&path), message);
                report.failed("trust-root", path, finding);
            }
        }
    }
    // What does not hold is not remembered; it is held against what is, all the same.
    if let (Some(state), Some((count, root))) = (state, newest) {
        let path = versions.get(count).map_or(folder, |(path, _)| path);
        judge_trust_root(path, &root, state, now, &mut report)?;
    }
    Ok(report)
}

fn shown_as(path: &Path) -> String {
    path.display().to_string()
}
