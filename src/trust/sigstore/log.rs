//! Log entries: each is what the bundle says it is, and its checkpoint is the named log's.

use std::collections::BTreeSet;

use serde::Deserialize;
use sigstore_trust_root::TransparencyLog;
use sigstore_types::bundle::InclusionProof;
use sigstore_types::{Bundle, KindVersion, TransparencyLogEntry};
use sigstore_verify::crypto::VerificationKey;

use super::time::moment;
use super::trusted_root::{TrustedRoot, unusable};
use crate::digest::Digest;
use crate::finding::rules::trust as rules;
use crate::json::{self, Limits};
use crate::trust::attested::{LoggedEntry, LoggedTree};
use crate::trust::{Outline, Refusal};

pub(super) fn entries_of(
    bundle: &Bundle,
    outline: Outline,
    root: &TrustedRoot,
) -> Result<Vec<LoggedEntry>, Refusal> {
    let entries = &bundle.verification_material.tlog_entries;
    if entries.len() != outline.log_entries() {
        return Err(log_refused("two readers see different log entries"));
    }
    entries.iter().map(|entry| entry_of(entry, root)).collect()
}

/// Counts who runs the logs of these entries: two logs of one operator are one witness, and logs
/// of which nobody says who runs them may all be one operator's.
pub(in crate::trust) fn operators(entries: &[LoggedEntry]) -> usize {
    entries.iter().map(|entry| &entry.operator).collect::<BTreeSet<_>>().len()
}

/// The head of a log entry's body: what the entry says it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BodyHead {
    kind: String,
    api_version: String,
    spec: SpecHead,
}

#[derive(Deserialize)]
struct SpecHead {
    data: Option<DataHead>,
}

#[derive(Deserialize)]
struct DataHead {
    hash: Option<HashHead>,
}

#[derive(Deserialize)]
struct HashHead {
    algorithm: String,
}

fn entry_of(entry: &TransparencyLogEntry, root: &TrustedRoot) -> Result<LoggedEntry, Refusal> {
    check_body(entry)?;
    let log = root.log(entry)?;
    // One proven entry must not carry another one in: each stands for itself.
    if entry.inclusion_proof.is_none() && entry.inclusion_promise.is_none() {
        return Err(log_refused("an entry with neither a proof nor a promise of its log"));
    }
    let v2 = entry.kind_version == KindVersion::HashedRekordV002;
    let tree =
        entry.inclusion_proof.as_ref().map(|proof| checkpoint_of(proof, log, v2)).transpose()?;
    let promised = entry.inclusion_promise.is_some();
    let integrated_at = match entry.integrated_time {
        Some(time) if promised && !v2 => Some(moment(time.as_second(), 0)?),
        _ => None,
    };
    Ok(LoggedEntry {
        log: log.base_url.clone(),
        operator: root.operators.get(&log.base_url).cloned(),
        index: entry.log_index.get(),
        kind: format!("{} {}", entry.kind_version.kind(), entry.kind_version.version()),
        tree,
        promised,
        integrated_at,
    })
}

/// Holds when the logged body is what the bundle says it is. The crate reads the body as the kind
/// that the bundle names, which nobody signed.
fn check_body(entry: &TransparencyLogEntry) -> Result<(), Refusal> {
    let head: BodyHead = json::parse(entry.canonicalized_body.as_bytes(), Limits::DOCUMENT)
        .map_err(|error| log_refused(&format!("an entry's body: {error}")))?;
    let (kind, version) = (entry.kind_version.kind(), entry.kind_version.version());
    if head.kind != kind || head.api_version != version {
        let found = format!("{} {}", head.kind, head.api_version);
        let found = found.escape_debug();
        return Err(log_refused(&format!(
            "the log holds a `{found}`; expected `{kind} {version}`"
        )));
    }
    let algorithm = head.spec.data.and_then(|data| data.hash).map(|hash| hash.algorithm);
    if algorithm.is_some_and(|algorithm| algorithm != "sha256") {
        return Err(log_refused("the entry is over another digest than SHA-256"));
    }
    Ok(())
}

/// Returns the tree after holding the checkpoint against the log that the entry names.
/// The crate accepts the signature of any log of the trusted root whose key hint fits.
fn checkpoint_of(
    proof: &InclusionProof,
    log: &TransparencyLog,
    v2: bool,
) -> Result<LoggedTree, Refusal> {
    let text = proof.checkpoint.envelope();
    let checkpoint =
        proof.checkpoint.checkpoint().ok_or_else(|| log_refused("a proof without a checkpoint"))?;
    // C2SP signed-note and tlog-checkpoint: one spelling of each text.
    let size = checkpoint.tree_size();
    let plain = text.chars().all(|character| character == '\n' || !character.is_control());
    let body_and_signatures = text.trim_end_matches('\n').split("\n\n").count() == 2;
    let spelled = text.lines().nth(1) == Some(size.to_string().as_str());
    if !(plain && body_and_signatures && spelled) {
        return Err(log_refused("a checkpoint that is not in its one form"));
    }
    let mut lines = BTreeSet::new();
    let signatures = text.rsplit("\n\n").next().unwrap_or_default();
    if !signatures.lines().all(|line| lines.insert(line)) {
        return Err(log_refused("a checkpoint with a signature that stands twice"));
    }
    if !v2 && proof.tree_size != size {
        return Err(log_refused("proof and checkpoint are of trees of different sizes"));
    }
    let key = VerificationKey::from_spki(&log.public_key.raw_bytes)
        .map_err(|error| unusable(&error.to_string()))?;
    let hint = log.log_id.key_id.as_bytes().get(..4);
    let signed = checkpoint.signatures().iter().any(|signature| {
        Some(signature.key_id.as_slice()) == hint
            && key.verify(checkpoint.signed_data(), &signature.signature).is_ok()
    });
    if signed {
        let root = Digest::from_bytes(*checkpoint.root_hash().as_bytes());
        Ok(LoggedTree { origin: checkpoint.origin().to_owned(), size, root })
    } else {
        Err(log_refused(&format!("the checkpoint is not signed by the log {}", log.base_url)))
    }
}

pub(super) fn log_refused(problem: &str) -> Refusal {
    Refusal::new(&rules::LOG_PROOF_INVALID, problem)
}
