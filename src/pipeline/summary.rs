//! `verify --vsa`: the verdict, signed, as a SLSA Verification Summary.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Error;
use super::sign::SigningKey;
use super::verify::{self, Examination, Request};
use crate::digest::{Digest, hash_reader};
use crate::finding::{Outcome, Report, Verdict};
use crate::packet::directory::{BUNDLE_SUFFIX, CHECKSUMS, MORE_SUFFIX};
use crate::packet::{EvidenceKind, ReleaseManifest};
use crate::provenance::{
    FAILED, PAYLOAD_TYPE, ResourceDescriptor, Statement, Subject, VerificationResult,
    VerificationSummary, Verifier,
};
use crate::tree::{self, TreeError};
use crate::trust::Bundle;

/// What is to be signed, and where it goes.
#[derive(Debug)]
pub struct Summary<'a> {
    /// The file to write.
    pub file: PathBuf,
    /// The key to sign with.
    pub key: &'a SigningKey,
    /// Who verifies; a URI.
    pub verifier: String,
    /// What the release is an artifact of; its package URL when absent.
    pub resource: Option<String>,
}

/// The verifier that this program is when nobody gives it another name.
pub const VERIFIER: &str = "https://countersign.dev/verifier/v1";

/// The version of SLSA that summaries are of.
const SLSA_VERSION: &str = "1.2";
/// What the checks of `verify` hold: there is provenance, it is signed by the release's people and
/// is of the builder, source and parameters that the policy lists. That the build platform itself
/// signed it, which level 2 asks for, they cannot see.
const LEVEL: &str = "SLSA_BUILD_LEVEL_1";

/// Verifies a release, as [`verify::verify`] does, and signs the verdict that was reached: PASSED,
/// or FAILED when the release was judged and does not hold. A release that could not be judged has
/// no summary.
///
/// # Errors
///
/// As [`verify::verify`], and when the summary cannot be signed or written.
pub fn verify(request: &Request, summary: &Summary<'_>) -> Result<Report, Error> {
    let examined = verify::examine(request)?;
    let statement = statement_of(&examined, summary)?;
    let mut report = examined.report;
    let file = summary.file.display().to_string();
    let Some(statement) = statement else {
        let why = "not written: there is no verdict on a packet that could be read";
        report.skipped("verification-summary", file, why);
        return Ok(report);
    };
    let failed = |source| Error::Key { path: summary.key.path.clone(), source };
    let key = &summary.key.key;
    let bundle = Bundle::sign_payload(PAYLOAD_TYPE, statement.to_bytes(), key).map_err(failed)?;
    tree::write_atomic(&summary.file, &bundle.to_bytes(), 0o644)?;
    let result = statement.predicate.verified_levels.join(", ");
    let detail = format!("{result}, signed by the key {}", key.public().id());
    report.passed("verification-summary", file, detail);
    Ok(report)
}

fn statement_of(
    examined: &Examination,
    summary: &Summary<'_>,
) -> Result<Option<Statement<VerificationSummary>>, Error> {
    let Examination { report, root, contents, sidecars, directory, .. } = examined;
    let (verification_result, level) = match report.verdict() {
        Verdict::Pass => (VerificationResult::Passed, LEVEL),
        Verdict::Refused => (VerificationResult::Failed, FAILED),
        // The last three are answers about a pair of releases.
        Verdict::Undecided | Verdict::Ready | Verdict::Blocked | Verdict::Unknown => {
            return Ok(None);
        }
    };
    let Some(contents) = contents else { return Ok(None) };
    let manifest = &contents.manifest;
    let again = sidecars_in(directory, manifest)?;
    if *sidecars != again {
        return Err(TreeError::Changed { path: directory.clone() }.into());
    }
    let mut subjects =
        vec![Subject { name: manifest.packet_name(), digest: contents.unpacked.sha256 }];
    if verification_result == VerificationResult::Passed {
        // Only what was there to be verified: a packet alone says nothing about other files.
        let there = |path: &str| passed(report, "artifact", path);
        let artifacts = manifest.artifacts.iter().filter(|one| there(one.path.as_str()));
        subjects.extend(
            artifacts.map(|one| Subject { name: one.path.to_string(), digest: one.sha256 }),
        );
    }
    let mut input_attestations: Vec<ResourceDescriptor> =
        sidecars.iter().map(|(name, digest)| descriptor(name, *digest)).collect();
    let signed = manifest.evidence.iter().filter(|item| {
        matches!(item.kind, EvidenceKind::TestResult | EvidenceKind::Attestation)
            && passed(report, "evidence", item.path.as_str())
    });
    input_attestations.extend(signed.map(|item| descriptor(item.path.as_str(), item.sha256)));
    let (product, version) = (&manifest.product, &manifest.version);
    let resource = || format!("pkg:generic/{product}@{}", version.to_string().replace('+', "%2B"));
    let own = ("countersign".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    let policy_uri = format!("urn:countersign:trust-root:{product}:{}", root.version());
    let policy = ResourceDescriptor { uri: Some(policy_uri), ..descriptor("", root.digest()) };
    let predicate = VerificationSummary {
        verifier: Verifier { id: summary.verifier.clone(), version: BTreeMap::from([own]) },
        time_verified: Some(report.judged_at().to_string()),
        resource_uri: summary.resource.clone().unwrap_or_else(resource),
        policy: ResourceDescriptor { name: None, ..policy },
        input_attestations,
        verification_result,
        verified_levels: vec![level.to_owned()],
        slsa_version: Some(SLSA_VERSION.to_owned()),
    };
    Ok(Some(Statement { subjects, predicate }))
}

fn passed(report: &Report, name: &str, subject: &str) -> bool {
    report.checks().iter().any(|check| {
        check.name == name && check.subject == subject && check.outcome == Outcome::Passed
    })
}

fn descriptor(name: &str, digest: Digest) -> ResourceDescriptor {
    ResourceDescriptor {
        name: Some(name.to_owned()),
        uri: None,
        digest: BTreeMap::from([("sha256".to_owned(), digest.to_string())]),
    }
}

/// The signatures that lie beside a packet, by name. Read before the verification and after it: a
/// summary names the files that were verified.
pub(super) fn sidecars_in(
    directory: &Path,
    manifest: &ReleaseManifest,
) -> Result<BTreeMap<String, Digest>, Error> {
    let packet = manifest.packet_name();
    let provenance = format!("{}.provenance", manifest.stem());
    let mut found = BTreeMap::new();
    for base in [packet.as_str(), &provenance, CHECKSUMS] {
        for suffix in [BUNDLE_SUFFIX, MORE_SUFFIX] {
            let name = format!("{base}{suffix}");
            let path = directory.join(&name);
            let (file, _) = match tree::open_named(&path) {
                Ok(opened) => opened,
                Err(error) if error.is_not_found() || error.is_refusal() => continue,
                Err(error) => return Err(error.into()),
            };
            let (digest, _) = hash_reader(file, &mut vec![0; 64 << 10])
                .map_err(|error| TreeError::io(&path, error))?;
            found.insert(name, digest);
        }
    }
    Ok(found)
}
