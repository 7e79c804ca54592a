//! `attest`: one validator runs, and its result is signed about the files that are named.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::sign::SigningKey;
use super::{Error, check};
use crate::digest::{Digest, hash_reader};
use crate::finding::{Area, Gate, Report, Verdict};
use crate::packet::manifest::EVIDENCE_FOLDER;
use crate::path::RelPath;
use crate::provenance::{PAYLOAD_TYPE, ResourceDescriptor, Statement, Subject, TestResult};
use crate::tree::{self, Entry, Tree, TreeError};
use crate::trust::Bundle;
use crate::validator::{self, Context, Derived};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// The folder that holds `ops/`.
    pub root: PathBuf,
    /// The area to judge.
    pub area: Area,
    /// The files that the result is about.
    pub subjects: Vec<PathBuf>,
    /// What the inputs must agree with, and the time to judge as of.
    pub context: Context,
    /// Whether that time was given instead of read from the clock.
    pub replay: bool,
    /// The bundle to write.
    pub out: PathBuf,
    /// A folder for the documents that the area derives, when they are wanted.
    pub derived: Option<PathBuf>,
}

/// Judges an area and signs what came of it: PASSED, WARNED or FAILED. What could not be judged is
/// signed by nobody.
///
/// # Errors
///
/// When the root or a subject cannot be read, or the bundle cannot be signed or written.
pub fn attest(request: &Request, key: &SigningKey) -> Result<Report, Error> {
    let subjects = subjects_of(&request.subjects)?;
    let mut report = check::check(&check::Request {
        root: request.root.clone(),
        areas: vec![request.area],
        is_whole: false,
        waivers: None,
        baseline: None,
        gate: Gate::Error,
        context: request.context.clone(),
        replay: request.replay,
    })?;
    report.set_command("attest");
    let out = request.out.display().to_string();
    if report.verdict() == Verdict::Undecided {
        report.skipped("attestation", out, "not written: the area could not be judged");
        return Ok(report);
    }
    let tree = Tree::open(&request.root)?;
    let (configuration, derived) = configuration_of(&tree, request.area, &request.context)?;
    let predicate = TestResult::of(request.area, &report.to_document(), configuration);
    let result = predicate.result;
    let statement = Statement { subjects, predicate };
    let failed = |source| Error::Key { path: key.path.clone(), source };
    let bundle = Bundle::sign_payload(PAYLOAD_TYPE, statement.to_bytes(), &key.key);
    let bundle = bundle.map_err(failed)?;
    if let Some(folder) = &request.derived {
        std::fs::create_dir_all(folder).map_err(|error| TreeError::io(folder, error))?;
        for document in &derived {
            tree::write_atomic(&folder.join(&document.name), &document.bytes, 0o644)?;
        }
    }
    // The statement names the documents, so it comes after them.
    tree::write_atomic(&request.out, &bundle.to_bytes(), 0o644)?;
    let key_id = key.key.public().id();
    let detail =
        format!("{result} about {} files, signed by the key {key_id}", statement.subjects.len());
    report.passed("attestation", out, detail);
    Ok(report)
}

fn subjects_of(paths: &[PathBuf]) -> Result<Vec<Subject>, Error> {
    let mut found: BTreeMap<String, Digest> = BTreeMap::new();
    let mut buffer = vec![0; 256 << 10];
    for path in paths {
        let refused =
            |problem: &str| Error::Refused { path: path.clone(), problem: problem.to_owned() };
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| refused("its name is not UTF-8 text"))?;
        let (file, _) = tree::open_named(path)?;
        let (digest, _) =
            hash_reader(file, &mut buffer).map_err(|error| TreeError::io(path, error))?;
        if found.insert(name.to_owned(), digest).is_some() {
            return Err(refused("another subject has this name; a subject is named once"));
        }
    }
    Ok(found.into_iter().map(|(name, digest)| Subject { name, digest }).collect())
}

/// What an area's result was taken from, for a test result's `configuration`: its governed files,
/// under their paths, and the documents that it derives from them, under the paths that those have
/// in a packet.
pub(super) fn configuration_of(
    tree: &Tree,
    area: Area,
    context: &Context,
) -> Result<(Vec<ResourceDescriptor>, Vec<Derived>), Error> {
    let mut files: Vec<Entry> = Vec::new();
    for folder in validator::folders(area) {
        let folder: RelPath = folder.parse().expect("an area's folder is a portable path");
        match tree.list(Some(&folder)) {
            Ok(listing) => files.extend(listing.files),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    let paths: Vec<&RelPath> = files.iter().map(|entry| &entry.path).collect();
    let hashed: Result<Vec<_>, _> = tree.hash_all(&paths).into_iter().collect();
    let descriptor = |name: String, digest: Digest| ResourceDescriptor {
        name: Some(name),
        uri: None,
        digest: BTreeMap::from([("sha256".to_owned(), digest.to_string())]),
    };
    let rows = paths.iter().zip(hashed?);
    let mut configuration: Vec<ResourceDescriptor> =
        rows.map(|(path, (digest, _))| descriptor(path.to_string(), digest)).collect();
    let derived = validator::derive(area, tree, context);
    configuration.extend(derived.iter().map(|document| {
        descriptor(derived_path(area, &document.name), Digest::of(&document.bytes))
    }));
    Ok((configuration, derived))
}

/// The path that a derived document has in a packet.
pub(super) fn derived_path(area: Area, name: &str) -> String {
    format!("{EVIDENCE_FOLDER}/{area}/{name}")
}
