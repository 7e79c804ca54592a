//! Every version of a trust root, each verified by the one before it.

use std::path::Path;

use super::read_versions;
use crate::finding::rules::trust as rules;
use crate::finding::{Finding, Location, Report};
use crate::pipeline::Error;
use crate::time::Timestamp;
use crate::tree;
use crate::trust::TrustRoot;
use crate::trust::root::MAX_BYTES;

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
    let mut versions = read_versions(folder)?;
    if let Some(path) = pinned {
        let bytes = tree::read_named(path, MAX_BYTES)?;
        let at = versions.iter().position(|version| *version == bytes);
        versions = match at {
            Some(at) => versions.split_off(at),
            None => std::iter::once(bytes).chain(Vec::new()).collect(),
        };
    }
    let shown = folder.display().to_string();
    let Some((first, later)) = versions.split_first() else {
        let message = "no version of a trust root; expected `1.json`";
        let finding = Finding::new(&rules::SIGNATURE_MISSING, Location::named(&shown), message);
        report.failed("trust-root", shown, finding);
        return Ok(report);
    };
    for (count, root) in TrustRoot::walk(first, later).enumerate() {
        // Versions before the newest may have expired: they have named their successors.
        let root = root.and_then(|root| {
            let is_newest = count == later.len();
            if is_newest { root.check_in_use(now).map(|()| root) } else { Ok(root) }
        });
        match root {
            Ok(root) => {
                let detail = format!("version {}, sha256:{}", root.version(), root.digest());
                report.passed("trust-root", format!("version {}", root.version()), detail);
            }
            Err(error) => {
                let message = error.to_string();
                let location = Location::named(&shown);
                let finding = Finding::new(error.rule(), location, message);
                report.failed("trust-root", format!("step {}", count + 1), finding);
            }
        }
    }
    Ok(report)
}
