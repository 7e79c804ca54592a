//! `report`: what a page about a release, or about a report, tells.

use std::path::{Path, PathBuf};

use super::diff::{Difference, diff};
use super::opened::Opened;
use super::{Error, verify};
use crate::finding::ReportDocument;
use crate::packet::directory::PACKET_SUFFIX;
use crate::time::Timestamp;
use crate::tree;
use crate::validator::packet::Expectations;

/// What a page is to be about.
#[derive(Debug, Clone)]
pub struct Request {
    /// A packet, a release directory, or a report in JSON.
    pub target: PathBuf,
    /// The trust root that the release is verified with; nothing is verified without it.
    pub trust: Option<PathBuf>,
    /// A folder of newer versions of the trust root.
    pub updates: Option<PathBuf>,
    /// A folder of the release's artifacts.
    pub artifacts: Option<PathBuf>,
    /// The release before, as a packet or a release directory.
    pub previous: Option<PathBuf>,
    /// The time to judge as of.
    pub now: Timestamp,
    /// Whether that time was given.
    pub replay: bool,
}

/// What it tells.
#[derive(Debug)]
pub struct Told {
    /// The verification, or the report that was given.
    pub report: ReportDocument,
    /// What the checks of the governed inputs said, as the packet carries it.
    pub carried: Option<ReportDocument>,
    /// Whether the release was verified here.
    pub is_verified: bool,
    /// What changed since the release before.
    pub difference: Option<Difference>,
}

/// The report of all areas in a packet.
const CARRIED: &str = "evidence/report.json";
/// The largest report that is read, in bytes.
const MAX_REPORT: usize = 256 << 20;

/// Gathers what the page tells.
///
/// # Errors
///
/// When what was named is neither a packet nor a report, or cannot be read.
pub fn tell(request: &Request) -> Result<Told, Error> {
    let target = &request.target;
    if !is_packet(target) {
        let bytes = tree::read_named(target, MAX_REPORT)?;
        let report = ReportDocument::parse(&bytes)
            .map_err(|source| Error::Json { path: target.clone(), source })?;
        return Ok(Told { report, carried: None, is_verified: false, difference: None });
    }
    let before = request.previous.as_deref();
    let difference = before.map(|before| diff(before, target)).transpose()?;
    let carried = carried(target)?;
    let Some(trust) = &request.trust else {
        let report = carried.ok_or_else(|| Error::Unusable {
            path: target.clone(),
            problem: format!("holds no `{CARRIED}`; give a trust root to have it verified"),
        })?;
        return Ok(Told { report, carried: None, is_verified: false, difference });
    };
    let report = verify::verify(&verify::Request {
        target: target.clone(),
        trust: trust.clone(),
        updates: request.updates.clone(),
        trust_as_of: None,
        expectations: Expectations::default(),
        state: None,
        artifacts: request.artifacts.clone(),
        now: request.now,
        replay: request.replay,
    })?;
    Ok(Told { report: report.to_document(), carried, is_verified: true, difference })
}

fn is_packet(target: &Path) -> bool {
    target.is_dir() || target.to_string_lossy().ends_with(PACKET_SUFFIX)
}

/// Reads what the packet carries, where it can be read: whether the packet holds is not said here.
fn carried(target: &Path) -> Result<Option<ReportDocument>, Error> {
    let opened = match Opened::read(target) {
        Ok(opened) => opened,
        // What is no packet is for the verification to refuse.
        Err(Error::Refused { .. } | Error::Unusable { .. } | Error::Archive { .. }) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let bytes = opened.members.get(CARRIED);
    Ok(bytes.and_then(|bytes| ReportDocument::parse(bytes).ok()))
}
