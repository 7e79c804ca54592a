//! What lies beside the packet: artifacts, checksums, the report, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Contents;
use super::signed::{checksums_finding, checksums_of, judge_checksums_signature};
use crate::finding::rules::packet as rules;
use crate::finding::{Finding, Location, Report};
use crate::packet::directory::{CHECKSUMS, Names, REPORT};
use crate::packet::manifest::EVIDENCE_FOLDER;
use crate::packet::{Checksums, checksums};
use crate::path::RelPath;
use crate::tree::{Entry, Listing, Tree, TreeError};
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
    let there: Vec<Entry> = artifacts
        .iter()
        .filter_map(|artifact| {
            let size = *present.get(&artifact.path)?;
            Some(Entry { path: artifact.path.clone(), size })
        })
        .collect();
    let hashed: BTreeMap<RelPath, _> =
        there.iter().map(|entry| entry.path.clone()).zip(tree.hash_all(&there)?).collect();
    for artifact in artifacts {
        let location = Location::file(&artifact.path);
        let declared = format!("{}, {} bytes", artifact.sha256, artifact.size);
        match hashed.get(&artifact.path) {
            Some((digest, size)) if (*digest, *size) == (artifact.sha256, artifact.size) => {
                report.passed("artifact", artifact.path.as_str(), digest.to_string());
            }
            Some((digest, size)) => {
                let message = "the artifact is not the one that the manifest lists";
                let finding = Finding::new(&rules::MEMBER_DIFFERS, location, message)
                    .declared(declared)
                    .actual(format!("{digest}, {size} bytes"));
                report.failed("artifact", artifact.path.as_str(), finding);
            }
            None => {
                let message = "the manifest lists this artifact, and it is not there";
                let finding =
                    Finding::new(&rules::MEMBER_MISSING, location, message).declared(declared);
                report.failed("artifact", artifact.path.as_str(), finding);
            }
        }
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
    let expected = contents.members.get(&member).map(|(digest, _)| *digest);
    let location = Location::file(&path);
    match tree.hash(&path, &mut vec![0; 64 << 10]) {
        Ok((digest, _)) if Some(digest) == expected => {
            report.passed("report", REPORT, digest.to_string());
        }
        Ok((digest, _)) => {
            let message = "the report beside the packet is not the one in it";
            let mut finding =
                Finding::new(&rules::MEMBER_DIFFERS, location, message).actual(digest);
            finding.declared = expected.map(|digest| digest.to_string());
            report.failed("report", REPORT, finding);
        }
        Err(error) if error.is_not_found() => {
            let message = "report.json does not lie beside the packet";
            let finding = Finding::new(&rules::MEMBER_MISSING, location, message);
            report.failed("report", REPORT, finding);
        }
        Err(error) => return Err(error),
    }
    Ok(())
}
