//! `verify`: the consumer's question, offline, from the files alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Error;
use super::summary::sidecars_in;
use super::{remember, trust};
use crate::digest::Digest;
use crate::finding::rules::packet as rules;
use crate::finding::{Finding, Location, Report, TrustDocument};
use crate::packet::directory::{self, Names, PACKET_SUFFIX};
use crate::time::Timestamp;
use crate::tree::{Tree, TreeError};
use crate::trust::{Signer, TrustRoot};
use crate::validator::packet::{self as judge, Contents, Expectations};
use crate::validator::release::scans::Budget;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// A packet with its sidecars beside it, or a release directory.
    pub target: PathBuf,
    /// The pinned trust root.
    pub trust: PathBuf,
    /// A folder of newer versions of the trust root.
    pub updates: Option<PathBuf>,
    /// An earlier time whose trust is asked for, instead of today's.
    pub trust_as_of: Option<Timestamp>,
    /// What the caller expects.
    pub expectations: Expectations,
    /// The file that remembers the newest release that was accepted.
    pub state: Option<PathBuf>,
    /// A folder of artifacts to verify with the packet.
    pub artifacts: Option<PathBuf>,
    /// The time to judge as of.
    pub now: Timestamp,
    /// Whether that time was given instead of read from the clock.
    pub replay: bool,
}

/// A release as its verification saw it.
#[derive(Debug)]
pub struct Examination {
    /// Everything that was checked, and the verdict.
    pub report: Report,
    /// The trust root that it was judged with.
    pub root: TrustRoot,
    /// What was in the packet; nothing when it could not be read as one. Worth no more than the
    /// report's verdict.
    pub contents: Option<Contents>,
    /// Who sealed it, as far as their signatures count.
    pub signers: Vec<Signer>,
    /// The folder in which the packet and its signatures lie.
    pub directory: PathBuf,
    /// The files of signatures beside the packet, with their digests before they were judged.
    pub sidecars: BTreeMap<String, Digest>,
}

/// Verifies a release and reports everything that was checked.
///
/// # Errors
///
/// [`Error`] when there is no usable trust root, or a file cannot be read or written.
pub fn verify(request: &Request) -> Result<Report, Error> {
    Ok(examine(request)?.report)
}

/// Verifies a release, and returns besides what was in it.
///
/// # Errors
///
/// As [`verify`].
pub fn examine(request: &Request) -> Result<Examination, Error> {
    let updates = request.updates.as_deref();
    let root = match request.trust_as_of {
        Some(as_of) => trust::open_as_of(&request.trust, updates, as_of)?,
        None => trust::open(&request.trust, updates, request.now)?,
    };
    let mut report = Report::new("verify", request.now, request.replay);
    report.set_trust(TrustDocument {
        version: root.version(),
        sha256: root.digest(),
        as_of: root.as_of(),
    });
    let detail = format!("version {}, sha256:{}", root.version(), root.digest());
    report.passed("trust-root", request.trust.display().to_string(), detail);
    let is_directory = request.target.is_dir();
    let Some(packet_path) = locate(&request.target, is_directory, &mut report)? else {
        let (directory, sidecars) = (request.target.clone(), BTreeMap::new());
        let signers = Vec::new();
        return Ok(Examination { report, root, contents: None, signers, directory, sidecars });
    };
    let directory = packet_path.parent().unwrap_or_else(|| Path::new(""));
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let file_name = packet_path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some(names) = Names::of_packet(file_name) else {
        let problem =
            format!("is not the name of a packet; expected `<name>-<version>{PACKET_SUFFIX}`");
        return Err(Error::Unusable { path: packet_path, problem });
    };
    let contents = read(request, &packet_path, file_name, &root, &mut report)?;
    let sidecars = contents
        .as_ref()
        .map(|contents| sidecars_in(directory, &contents.manifest))
        .transpose()?
        .unwrap_or_default();
    let signers = judge::judge_seal(directory, file_name, contents.as_ref(), &root, &mut report)?;
    judge::judge_provenance(directory, &names, contents.as_ref(), &root, &mut report)?;
    if let Some(contents) = &contents {
        judge::judge_contents(contents, file_name, &mut report);
        judge_artifacts(request, directory, is_directory, contents, &root, &mut report)?;
        judge::judge_policy(contents, file_name, root.policy(), &mut report);
        let folder = request.artifacts.as_deref().or_else(|| is_directory.then_some(directory));
        let files = folder.map(Tree::open).transpose()?;
        judge::judge_evidence(contents, file_name, &root, files.as_ref(), &mut report);
        judge::judge_waivers(directory, file_name, contents, &root, &mut report)?;
        judge::judge_expectations(contents, file_name, &request.expectations, &mut report);
        remember::judge_state(request, file_name, contents, &signers, &root, &mut report)?;
    }
    let directory = directory.to_owned();
    Ok(Examination { report, root, contents, signers, directory, sidecars })
}

fn locate(
    target: &Path,
    is_directory: bool,
    report: &mut Report,
) -> Result<Option<PathBuf>, Error> {
    if !is_directory {
        // What is not there is not taken for something with a wrong name.
        target.metadata().map_err(|error| TreeError::io(target, error))?;
        return Ok(Some(target.to_owned()));
    }
    let packets = directory::packets_in(target)?;
    let [packet] = packets.as_slice() else {
        let message = format!("{} packets in the directory; expected one", packets.len());
        let rule =
            if packets.is_empty() { &rules::MEMBER_MISSING } else { &rules::MEMBER_UNLISTED };
        let shown = target.display().to_string();
        let finding = Finding::new(rule, Location::named(&shown), message);
        report.failed("packet", shown, finding);
        return Ok(None);
    };
    Ok(Some(packet.clone()))
}

fn read(
    request: &Request,
    path: &Path,
    file_name: &str,
    root: &TrustRoot,
    report: &mut Report,
) -> Result<Option<Contents>, Error> {
    let limits = judge::limits_of(root.policy());
    let allowed = root.policy().vulnerabilities;
    let budget = Budget {
        max_critical: u64::from(allowed.max_critical),
        max_high: u64::from(allowed.max_high),
        accepted: Vec::new(),
    };
    let mut evidence = Report::new("verify", request.now, request.replay);
    let read = judge::read_packet(path, limits, &mut |member, recognised, node, bytes| {
        let location = Location::member(file_name, member.as_str());
        judge::judge_text(&location, recognised, node, bytes, &[], &budget, &mut evidence);
    })?;
    report.append(evidence);
    match read {
        Ok(contents) => {
            let members = contents.members.len();
            let detail =
                format!("canonical, {members} members, sha256:{}", contents.unpacked.sha256);
            report.passed("packet", file_name, detail);
            Ok(Some(contents))
        }
        Err(finding) => {
            report.failed("packet", file_name, *finding);
            Ok(None)
        }
    }
}

fn judge_artifacts(
    request: &Request,
    directory: &Path,
    is_directory: bool,
    contents: &Contents,
    root: &TrustRoot,
    report: &mut Report,
) -> Result<(), Error> {
    if is_directory {
        judge::judge_directory(directory, contents, root, report)?;
    }
    if let Some(folder) = &request.artifacts {
        let tree = Tree::open(folder)?;
        let listing = tree.list(None)?;
        let names = Names::of(&contents.manifest);
        judge::artifacts_beside(&tree, &listing, contents, Some(&names), report)?;
    } else if !is_directory {
        for artifact in &contents.manifest.artifacts {
            report.skipped("artifact", artifact.path.as_str(), "not given; use --artifacts DIR");
        }
    }
    Ok(())
}
