//! `sign-blob` and `verify-blob`: one signature, one file, one key.

use std::path::{Path, PathBuf};

use super::Error;
use crate::digest::Digest;
use crate::finding::rules::trust as rules;
use crate::finding::{Finding, Location, Report};
use crate::json::{self, Limits};
use crate::provenance::{PAYLOAD_TYPE, subject_digests};
use crate::time::Timestamp;
use crate::tree;
use crate::trust::{self, Bundle, Content, PrivateKey, PublicKey, Subject};

/// The largest file that is signed or verified whole, in bytes.
const MAX_BLOB_BYTES: usize = 4 << 30;
/// The largest bundle that is read, in bytes.
const MAX_BUNDLE_BYTES: usize = 64 << 20;

/// Signs a file and writes the bundle.
///
/// # Errors
///
/// When the file cannot be read, the key cannot sign, or the bundle cannot be written.
pub fn sign(file: &Path, key: &PrivateKey, bundle: &Path) -> Result<Digest, Error> {
    let bytes = tree::read_named(file, MAX_BLOB_BYTES)?;
    let signed = Bundle::sign_message(&bytes, key)
        .map_err(|source| Error::Key { path: bundle.to_owned(), source })?;
    tree::write_atomic(bundle, &signed.to_bytes(), 0o644)?;
    Ok(Digest::of(&bytes))
}

/// What is verified: a file, or what is known of it.
#[derive(Debug, Clone)]
pub enum Blob {
    /// A file.
    File(PathBuf),
    /// Only its digest.
    Digest(Digest),
}

/// Verifies a bundle over a file with a key that the caller brings.
///
/// # Errors
///
/// When the file, the bundle or the key cannot be read.
pub fn verify(
    blob: &Blob,
    bundle_path: &Path,
    key: &PublicKey,
    now: Timestamp,
    replay: bool,
) -> Result<Report, Error> {
    let mut report = Report::new("verify-blob", now, replay);
    let location = Location::named(&bundle_path.display().to_string());
    let subject_name = match blob {
        Blob::File(path) => path.display().to_string(),
        Blob::Digest(digest) => format!("sha256:{digest}"),
    };
    let bundle_bytes = tree::read_named(bundle_path, MAX_BUNDLE_BYTES)?;
    let bytes = match blob {
        Blob::File(path) => Some(tree::read_named(path, MAX_BLOB_BYTES)?),
        Blob::Digest(_) => None,
    };
    let subject = match (&bytes, blob) {
        (Some(bytes), _) => Subject::Bytes(bytes),
        (None, Blob::Digest(digest)) => Subject::Digest(*digest),
        (None, Blob::File(_)) => unreachable!("a file's bytes were read above"),
    };
    let digest = match subject {
        Subject::Bytes(bytes) => Digest::of(bytes),
        Subject::Digest(digest) => digest,
    };
    let verified = match Bundle::parse(&bundle_bytes)
        .and_then(|bundle| trust::open_with_key(&bundle, subject, key))
    {
        Ok(verified) => verified,
        Err(refusal) => {
            report.failed("signature", subject_name, refusal.at(location));
            return Ok(report);
        }
    };
    report.passed("signature", subject_name.clone(), format!("{key:?}"));
    if let Some(payload) = verified.value() {
        if payload.payload_type != PAYLOAD_TYPE {
            let message = format!("payload type `{}`", payload.payload_type.escape_debug());
            let finding = Finding::new(&rules::PAYLOAD_TYPE_UNSUPPORTED, location, message);
            report.failed("statement", subject_name, finding);
            return Ok(report);
        }
        match subject_digests(&payload.bytes) {
            Ok(subjects) if subjects.contains(&digest) => {
                report.passed("subject", subject_name, format!("sha256:{digest}"));
            }
            Ok(_) => {
                let message = "the signed statement does not name this file";
                let finding =
                    Finding::new(&rules::SUBJECT_MISMATCH, location, message).actual(digest);
                report.failed("subject", subject_name, finding);
            }
            Err(error) => {
                report.failed("subject", subject_name, trust::Refusal::from(error).at(location));
            }
        }
    }
    Ok(report)
}

/// Tells, unverified, what a bundle is: for `inspect`.
#[must_use]
pub fn describe(bundle: &Bundle) -> String {
    match bundle.content() {
        Content::Message { stated, .. } => format!("a signature over a file sha256:{stated}"),
        Content::Envelope(envelope) => {
            let payload = envelope.unverified_payload();
            let kind = json::parse::<StatementHead>(payload, Limits::EVIDENCE)
                .map(|head| head.predicate_type);
            match kind {
                Ok(kind) => format!("a signed in-toto statement, predicate {kind}"),
                Err(_) => {
                    format!("a signed payload of type {}", envelope.unverified_payload_type())
                }
            }
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatementHead {
    predicate_type: String,
}
