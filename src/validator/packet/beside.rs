//! What lies beside the packet: artifacts, checksums, the report, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Contents;
use super::signed::{checksums_finding, checksums_of, judge_checksums_signature, judge_minisign};
use crate::digest::Digest;
use crate::finding::rules::packet as rules;
use crate::finding::{Finding, Location, Report};
use crate::packet::directory::{CHECKSUMS, Names, REPORT};
use crate::packet::manifest::EVIDENCE_FOLDER;
use crate::packet::{Artifact, Checksums, checksums};
use crate::path::RelPath;
use crate::tree::{Listing, Tree, TreeError};
use crate::trust::TrustRoot;

/// Judges a whole release directory: every artifact there, and nothing that is not listed.
///
/// # Errors
///
/// When the directory cannot be listed or a file in it cannot be read.
pub fn judge_directory(
    directory: &Path,
    contents: &Contents,
    root: &TrustRoot,
    report: &mut Report,
) -> Result<(), TreeError> {
    let tree = Tree::open(directory)?;
    let listing = tree.list(None)?;
    let names = Names::of(&contents.manifest);
    artifacts_beside(&tree, &listing, contents, Some(&names), report)?;
    let bytes = checksums_beside(&tree, contents, report)?;
    if let Some(bytes) = bytes {
        judge_checksums_signature(directory, &bytes, root, report)?;
        judge_minisign(directory, &bytes, root, report)?;
    }
    report_beside(&tree, contents, report)
}

/// Holds the artifacts in a folder against the manifest, in both directions. In a release
/// directory, `names` tells the release's own files.
///
/// # Errors
///
/// When a file that is there cannot be read.
pub fn artifacts_beside(
    tree: &Tree,
    listing: &Listing,
    contents: &Contents,
    names: Option<&Names>,
    report: &mut Report,
) -> Result<(), TreeError> {
    let present: BTreeMap<&RelPath, u64> =
        listing.files.iter().map(|entry| (&entry.path, entry.size)).collect();
    let artifacts = &contents.manifest.artifacts;
    // Another size is another file: one of petabytes, with nothing in it, is not read to see that.
    let whole = artifacts.iter().filter(|item| present.get(&item.path) == Some(&item.size));
    let whole: Vec<&RelPath> = whole.map(|item| &item.path).collect();
    let hashed: Result<Vec<_>, _> = tree.hash_all(&whole).into_iter().collect();
    let hashed: BTreeMap<&RelPath, _> = whole.into_iter().zip(hashed?).collect();
    for artifact in artifacts {
        let path = &artifact.path;
        judge_artifact(artifact, hashed.get(path).copied(), present.get(path).copied(), report);
    }
    let listed: BTreeSet<&RelPath> = artifacts.iter().map(|artifact| &artifact.path).collect();
    for path in present.keys() {
        if !listed.contains(path) && !names.is_some_and(|names| names.is_own(path.as_str())) {
            let message = "nothing in the release lists this file";
            let finding = Finding::new(&rules::MEMBER_UNLISTED, Location::file(path), message);
            report.failed("unlisted-file", path.as_str(), finding);
        }
    }
    for odd in &listing.oddities {
        let message = odd.problem.clone();
        let finding = Finding::new(&rules::FILE_UNREADABLE, Location::named(&odd.path), message);
        report.failed("unlisted-file", odd.path.as_str(), finding);
    }
    Ok(())
}

fn judge_artifact(
    artifact: &Artifact,
    hashed: Option<(Digest, u64)>,
    present: Option<u64>,
    report: &mut Report,
) {
    let found = match (hashed, present) {
        (Some(found), _) if found == (artifact.sha256, artifact.size) => {
            return report.passed("artifact", artifact.path.as_str(), found.0.to_string());
        }
        (Some((digest, size)), _) => Some(format!("{digest}, {size} bytes")),
        (None, Some(size)) => Some(format!("{size} bytes")),
        (None, None) => None,
    };
    let (rule, message) = if found.is_some() {
        (&rules::MEMBER_DIFFERS, "the artifact is not the one that the manifest lists")
    } else {
        (&rules::MEMBER_MISSING, "the manifest lists this artifact, and it is not there")
    };
    let mut finding = Finding::new(rule, Location::file(&artifact.path), message)
        .declared(format!("{}, {} bytes", artifact.sha256, artifact.size));
    finding.actual = found;
    report.failed("artifact", artifact.path.as_str(), finding);
}

/// Holds `checksums.txt` beside the packet against the release. Returns its bytes when it is there.
///
/// # Errors
///
/// When it is there and cannot be read.
pub fn checksums_beside(
    tree: &Tree,
    contents: &Contents,
    report: &mut Report,
) -> Result<Option<Vec<u8>>, TreeError> {
    let path: RelPath = CHECKSUMS.parse().expect("the name is portable");
    let bytes = match tree.read(&path, checksums::MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => {
            let finding = checksums_finding("checksums.txt does not lie beside the packet");
            report.failed("checksums", CHECKSUMS, finding);
            return Ok(None);
        }
        Err(error) if error.is_refusal() => {
            let location = Location::file(&path);
            let finding = Finding::new(&rules::FILE_UNREADABLE, location, error.problem());
            report.failed("checksums", CHECKSUMS, finding);
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let expected = checksums_of(contents);
    match Checksums::parse(&bytes) {
        Err(error) => {
            let location = Location::named(CHECKSUMS);
            let finding = Finding::new(&rules::CHECKSUMS_MALFORMED, location, error.to_string());
            report.failed("checksums", CHECKSUMS, finding);
        }
        Ok(_) if bytes == expected.to_bytes() => {
            report.passed("checksums", CHECKSUMS, format!("{} lines", expected.len()));
        }
        Ok(found) => {
            for (path, digest) in expected.iter().filter(|(path, d)| found.get(path) != Some(d)) {
                let message = format!("the list does not give `{path}` as it is");
                let listed = found.get(path).map_or("no line".to_owned(), ToString::to_string);
                let finding = checksums_finding(&message).declared(listed).actual(digest);
                report.failed("checksums", CHECKSUMS, finding);
            }
            for (path, digest) in found.iter().filter(|(path, _)| expected.get(path).is_none()) {
                let message = format!("the list names `{path}`, which is not of this release");
                let finding = checksums_finding(&message).declared(digest);
                report.failed("checksums", CHECKSUMS, finding);
            }
            if found == expected {
                let finding = checksums_finding("the lines are not sorted by name");
                report.failed("checksums", CHECKSUMS, finding);
            }
        }
    }
    Ok(Some(bytes))
}

/// Holds `report.json` beside the packet against the one in it.
///
/// # Errors
///
/// When it is there and cannot be read.
pub fn report_beside(
    tree: &Tree,
    contents: &Contents,
    report: &mut Report,
) -> Result<(), TreeError> {
    let path: RelPath = REPORT.parse().expect("the name is portable");
    let member = format!("{EVIDENCE_FOLDER}/{REPORT}").parse().expect("the name is portable");
    let expected = contents.members.get(&member).copied();
    let location = Location::file(&path);
    // Read only when its size is the one it must have: it could be of any size.
    let found = tree.file(&path).and_then(|(_, size)| {
        if expected.is_none_or(|(_, right)| right != size) {
            return Ok((None, size));
        }
        tree.hash(&path, &mut vec![0; 64 << 10]).map(|(digest, size)| (Some(digest), size))
    });
    match found {
        Ok((Some(digest), size)) if Some((digest, size)) == expected => {
            report.passed("report", REPORT, digest.to_string());
        }
        Ok((digest, size)) => {
            let message = "the report beside the packet is not the one in it";
            let actual = digest.map_or(format!("{size} bytes"), |digest| digest.to_string());
            let mut finding =
                Finding::new(&rules::MEMBER_DIFFERS, location, message).actual(actual);
            finding.declared = expected.map(|(digest, _)| digest.to_string());
            report.failed("report", REPORT, finding);
        }
        Err(error) if error.is_not_found() => {
            let message = "report.json does not lie beside the packet";
            let finding = Finding::new(&rules::MEMBER_MISSING, location, message);
            report.failed("report", REPORT, finding);
        }
        Err(error) if error.is_refusal() => {
            let finding = Finding::new(&rules::FILE_UNREADABLE, location, error.problem());
            report.failed("report", REPORT, finding);
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::Instant;

    use super::*;
    use crate::finding::Verdict;
    use crate::packet::archive::Unpacked;
    use crate::packet::{Build, Placement, ReleaseManifest, Source};
    use crate::time::Timestamp;

    fn contents(artifact: Artifact) -> Contents {
        let now: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
        let digest = Digest::of(b"x");
        let report = format!("{EVIDENCE_FOLDER}/{REPORT}").parse().unwrap();
        Contents {
            unpacked: Unpacked { sha256: digest, size: 1, tar_sha256: digest },
            members: BTreeMap::from([(report, (digest, 1))]),
            manifest: ReleaseManifest {
                schema: ReleaseManifest::SCHEMA.to_owned(),
                product: "lantern".to_owned(),
                version: "1.0.0".parse().unwrap(),
                channel: "stable".to_owned(),
                sequence: 1,
                issued_at: now,
                source: Source { uri: String::new(), commit: "5".repeat(40) },
                build: Build {
                    build_type: String::new(),
                    builder: String::new(),
                    parameters: BTreeMap::new(),
                    dependencies: Vec::new(),
                    invocation: None,
                },
                previous: None,
                artifacts: vec![artifact],
                evidence: Vec::new(),
                compatibility: Vec::new(),
                waivers: Vec::new(),
                check: Verdict::Pass,
            },
            manifest_sha256: digest,
            checksums: None,
            evidence: BTreeMap::new(),
        }
    }

    #[test]
    fn a_file_of_another_size_is_refused_without_reading_it() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", REPORT] {
            // Nothing but holes: hashing them would take an hour.
            File::create(folder.path().join(name)).unwrap().set_len(1 << 42).unwrap();
        }
        let artifact = Artifact {
            path: "a".parse().unwrap(),
            media_type: String::new(),
            size: 1,
            sha256: Digest::of(b"x"),
            placement: Placement::Beside,
        };
        let contents = contents(artifact);
        let now = contents.manifest.issued_at;
        let judge = || {
            let mut report = Report::new("verify", now, true);
            let tree = Tree::open(folder.path()).unwrap();
            let listing = tree.list(None).unwrap();
            let names = Names::of(&contents.manifest);
            artifacts_beside(&tree, &listing, &contents, Some(&names), &mut report).unwrap();
            report_beside(&tree, &contents, &mut report).unwrap();
            report
        };
        let begun = Instant::now();
        let codes: Vec<&str> = judge().findings().iter().map(|found| found.rule.slug).collect();
        assert_eq!(codes, ["member-differs", "member-differs"]);
        assert!(begun.elapsed().as_secs() < 10);
        for name in ["a", REPORT] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        assert_eq!(judge().verdict(), Verdict::Pass);
        std::fs::remove_file(folder.path().join(REPORT)).unwrap();
        std::fs::create_dir(folder.path().join(REPORT)).unwrap();
        let report = judge();
        assert_eq!(report.findings()[0].rule.slug, "file-unreadable");
        assert_eq!(report.verdict(), Verdict::Refused);
    }
}
