//! What is in the packet: read once, in one pass.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::digest::{Digest, HashingWriter};
use crate::document::Node;
use crate::finding::rules::packet as rules;
use crate::finding::{Finding, Location, Report};
use crate::packet::archive::{self, Limits, Unpacked};
use crate::packet::directory::CHECKSUMS;
use crate::packet::evidence::{self, Recognised};
use crate::packet::manifest::EVIDENCE_FOLDER;
use crate::packet::{ArchiveError, Checksums, EvidenceKind, ReleaseManifest};
use crate::path::RelPath;
use crate::tree::{self, TreeError};
use crate::trust::Policy;
use crate::validator::rollback::RollbackFacts;
use crate::validator::vex::{self, VexDocument};

/// What one pass over a packet has shown. Nothing of it is trusted until the seal's digest is the
/// one that was computed on the way.
#[derive(Debug)]
pub struct Contents {
    /// Digests and size of the whole.
    pub unpacked: Unpacked,
    /// Digest and size of every member.
    pub members: BTreeMap<RelPath, (Digest, u64)>,
    /// The release manifest.
    pub manifest: ReleaseManifest,
    /// The digest of the manifest's bytes.
    pub manifest_sha256: Digest,
    /// The list of checksums, when it is there.
    pub checksums: Option<Vec<u8>>,
    /// The evidence that was recognised.
    pub evidence: BTreeMap<RelPath, EvidenceSeen>,
}

/// One piece of evidence as it went by.
#[derive(Debug, Clone)]
pub struct EvidenceSeen {
    /// What it is; nothing for what is none of the known kinds.
    pub recognised: Option<Recognised>,
    /// The version that an SBOM states for what it describes.
    pub stated_version: Option<String>,
    /// What it says about vulnerabilities.
    pub vex: Option<VexDocument>,
    /// The bytes of the validators' own evidence and of signed evidence, which are judged after
    /// the pass; empty for the rest.
    pub bytes: Vec<u8>,
}

/// For a packet that its own maker reads: as large as the format allows.
pub const GENEROUS: Limits =
    Limits { packed_bytes: 1 << 42, unpacked_bytes: 1 << 42, members: 1 << 20 };

/// Returns the limits that a trust root's policy sets.
#[must_use]
pub fn limits_of(policy: &Policy) -> Limits {
    Limits {
        packed_bytes: policy.max_packet_bytes,
        // Deflate's own bound is about a thousand to one: eight times is a generous release.
        unpacked_bytes: policy.max_packet_bytes.saturating_mul(8),
        members: policy.max_members,
    }
}

/// The largest piece of evidence that is kept until after the pass, in bytes.
const MAX_KEPT: usize = 16 << 20;
/// The most that is kept of all pieces together: a packet of some megabytes, which nobody has
/// vouched for yet, unpacks to thousands of them. What is not kept does not count as evidence.
const MAX_KEPT_TOTAL: usize = 256 << 20;

/// Sees every piece of recognised evidence as it goes by: its member, what it is, its text.
pub type EvidenceJudge<'a> = &'a mut dyn FnMut(&RelPath, &Recognised, &Node, &[u8]);

/// Reads a packet in one streaming pass. `judge` sees every piece of recognised evidence.
///
/// # Errors
///
/// [`TreeError`] when the file cannot be read. A packet that is at fault is the inner error: a
/// finding.
pub fn read_packet(
    path: &Path,
    limits: Limits,
    judge: EvidenceJudge<'_>,
) -> Result<Result<Contents, Box<Finding>>, TreeError> {
    let (file, _) = tree::open_named(path)?;
    let mut members = BTreeMap::new();
    let mut kept: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    let mut seen = BTreeMap::new();
    let mut room = MAX_KEPT_TOTAL;
    let unpacked = archive::unpack(file, limits, |member, size, bytes| {
        let name = member.as_str();
        let (digest, text) = match name {
            ReleaseManifest::MEMBER | CHECKSUMS if size <= 64 << 20 => read_whole(bytes)?,
            _ if member.starts_with(EVIDENCE_FOLDER) && size <= evidence::MAX_BYTES as u64 => {
                read_whole(bytes)?
            }
            _ => (hash_through(bytes)?, Vec::new()),
        };
        members.insert(member.clone(), (digest, size));
        match name {
            ReleaseManifest::MEMBER => drop(kept.insert(ReleaseManifest::MEMBER, text)),
            CHECKSUMS => drop(kept.insert(CHECKSUMS, text)),
            _ if member.starts_with(EVIDENCE_FOLDER) => {
                seen.insert(member.clone(), look_at(member, text, &mut room, judge));
            }
            _ => {}
        }
        Ok(())
    });
    let shown = path.display().to_string();
    let unpacked = match unpacked {
        Ok(unpacked) => unpacked,
        Err(ArchiveError::Source(error)) => return Err(error),
        Err(ArchiveError::Io(error)) => return Err(TreeError::io(path, error)),
        Err(error) => return Ok(Err(Box::new(archive_finding(&error, &shown)))),
    };
    let manifest_bytes = kept.remove(ReleaseManifest::MEMBER);
    let manifest = manifest_bytes
        .as_deref()
        .ok_or_else(|| "the packet holds no release-manifest.json".to_owned())
        .and_then(|bytes| {
            let parsed = ReleaseManifest::parse(bytes).map_err(|error| error.to_string())?;
            Ok((parsed, Digest::of(bytes)))
        });
    let (manifest, manifest_sha256) = match manifest {
        Ok(manifest) => manifest,
        Err(problem) => {
            let location = Location::member(&shown, ReleaseManifest::MEMBER);
            return Ok(Err(Box::new(Finding::new(&rules::MANIFEST_MALFORMED, location, problem))));
        }
    };
    let checksums = kept.remove(CHECKSUMS);
    let contents =
        Contents { unpacked, members, manifest, manifest_sha256, checksums, evidence: seen };
    Ok(Ok(contents))
}

fn read_whole(bytes: &mut dyn Read) -> io::Result<(Digest, Vec<u8>)> {
    let mut text = Vec::new();
    bytes.read_to_end(&mut text)?;
    Ok((Digest::of(&text), text))
}

fn hash_through(bytes: &mut dyn Read) -> io::Result<Digest> {
    let mut hash = HashingWriter::new(io::sink());
    let mut buffer = vec![0; 128 << 10];
    loop {
        match bytes.read(&mut buffer)? {
            0 => return Ok(hash.finish().0),
            count => hash.write_all(&buffer[..count])?,
        }
    }
}

fn look_at(
    member: &RelPath,
    text: Vec<u8>,
    room: &mut usize,
    judge: EvidenceJudge<'_>,
) -> EvidenceSeen {
    let (mut stated_version, mut vex) = (None, None);
    let recognised = evidence::recognise(&text).map(|(recognised, node)| {
        judge(member, &recognised, &node, &text);
        vex = vex::read(&node, &BTreeSet::new());
        if recognised.kind == EvidenceKind::Sbom {
            stated_version = super::stated_version(&node);
        }
        recognised
    });
    let is_ours =
        matches!(member.file_name(), "report.json" | "test-result.json" | RollbackFacts::FILE);
    let is_signed = recognised.as_ref().is_some_and(|seen| seen.kind == EvidenceKind::Attestation);
    let keep = (is_ours || is_signed) && text.len() <= MAX_KEPT.min(*room);
    *room -= if keep { text.len() } else { 0 };
    let bytes = if keep { text } else { Vec::new() };
    EvidenceSeen { recognised, stated_version, vex, bytes }
}

fn archive_finding(error: &ArchiveError, shown: &str) -> Finding {
    let rule = match error {
        ArchiveError::Malformed(_) | ArchiveError::Source(_) | ArchiveError::Io(_) => {
            &rules::ARCHIVE_MALFORMED
        }
        ArchiveError::NotCanonical(_) | ArchiveError::DoesNotFit { .. } => {
            &rules::ARCHIVE_NOT_CANONICAL
        }
        ArchiveError::OverLimit(_) => &rules::ARCHIVE_OVER_LIMIT,
    };
    Finding::new(rule, Location::named(shown), error.to_string())
}

/// Holds the members against the manifest, in both directions, and the list of checksums against
/// both.
pub fn judge_contents(contents: &Contents, packet: &str, report: &mut Report) {
    let listed = contents.manifest.members();
    let own = [ReleaseManifest::MEMBER, CHECKSUMS];
    for (path, (digest, size)) in &listed {
        let location = Location::member(packet, path.as_str());
        match contents.members.get(path) {
            None => {
                let message = "the manifest lists this member, and the packet does not hold it";
                let finding =
                    Finding::new(&rules::MEMBER_MISSING, location, message).declared(digest);
                report.failed("member", path.as_str(), finding);
            }
            Some((actual, actual_size)) if actual != digest || actual_size != size => {
                let message = "the member is not what the manifest lists";
                let finding = Finding::new(&rules::MEMBER_DIFFERS, location, message)
                    .declared(format!("{digest}, {size} bytes"))
                    .actual(format!("{actual}, {actual_size} bytes"));
                report.failed("member", path.as_str(), finding);
            }
            Some(_) => report.passed("member", path.as_str(), digest.to_string()),
        }
    }
    for path in contents.members.keys() {
        if !listed.contains_key(path) && !own.contains(&path.as_str()) {
            let location = Location::member(packet, path.as_str());
            let message = "the packet holds this member, and the manifest does not list it";
            let finding = Finding::new(&rules::MEMBER_UNLISTED, location, message);
            report.failed("member", path.as_str(), finding);
        }
    }
    judge_inner_checksums(contents, packet, report);
    judge_names(contents, packet, report);
}

/// `checksums.txt` in the packet says nothing of its own: it follows from the manifest.
fn judge_inner_checksums(contents: &Contents, packet: &str, report: &mut Report) {
    let location = Location::member(packet, CHECKSUMS);
    let mut expected = Checksums::default();
    for (path, (digest, _)) in contents.manifest.members() {
        expected.insert(path, digest);
    }
    let own = ReleaseManifest::MEMBER.parse().expect("the name is portable");
    expected.insert(own, contents.manifest_sha256);
    let finding = match &contents.checksums {
        Some(bytes) if *bytes == expected.to_bytes() => {
            let detail = format!("{} lines", expected.len());
            return report.passed("packet-checksums", CHECKSUMS, detail);
        }
        Some(_) => {
            let message = "the list in the packet is not the one that follows from the manifest";
            Finding::new(&rules::CHECKSUMS_INCOMPLETE, location, message)
        }
        None => {
            let message = "the packet holds no checksums.txt";
            Finding::new(&rules::MEMBER_MISSING, location, message)
        }
    };
    report.failed("packet-checksums", CHECKSUMS, finding);
}

fn judge_names(contents: &Contents, packet: &str, report: &mut Report) {
    let mut folded = BTreeSet::new();
    for path in contents.members.keys() {
        if !folded.insert(path.fold_key()) {
            let location = Location::member(packet, path.as_str());
            let message = "the same file as another member on some systems";
            let finding = Finding::new(&rules::NAME_CLASH, location, message);
            report.failed("member-name", path.as_str(), finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_pieces_of_evidence_are_not_kept_without_end() {
        let member: RelPath = "evidence/k8s/report.json".parse().unwrap();
        let mut room = 10;
        let mut kept = |text: &str| {
            look_at(&member, text.as_bytes().to_vec(), &mut room, &mut |_, _, _, _| {}).bytes.len()
        };
        assert_eq!(
            [kept("{}"), kept("[1, 2]"), kept("{ }"), kept("{}"), kept("{}")],
            [2, 6, 0, 2, 0]
        );
    }
}
