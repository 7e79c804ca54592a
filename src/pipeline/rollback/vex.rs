//! VEX that somebody vouches for: by a signature of its own, or by the seal of a packet.

use std::collections::BTreeSet;

use crate::digest::Digest;
use crate::document::{Limits, Node, parse_json};
use crate::finding::{Area, InputDocument};
use crate::packet::EvidenceKind;
use crate::provenance::ForeignStatement;
use crate::time::Timestamp;
use crate::trust::{self, Attestation, Speaker, TrustRoot};
use crate::validator::packet::Contents;
use crate::validator::rollback::Sourced;
use crate::validator::vex::{self, VexDocument};

/// The predicate types of statements that carry VEX.
const PREDICATES: [&str; 2] = ["https://openvex.dev/ns", "https://cyclonedx.org/bom"];

/// Reads a signed statement that carries VEX; nothing for any other statement.
///
/// # Errors
///
/// When nobody in the role of the area has signed it, or it cannot be read.
pub(super) fn attested_vex(
    name: &str,
    bytes: &[u8],
    area: Area,
    root: &TrustRoot,
    now: Timestamp,
) -> Result<Option<Sourced<VexDocument>>, String> {
    let attestation = Attestation::parse(bytes).map_err(|refusal| refusal.message)?;
    // What it claims to carry only chooses how it is read.
    if !claims_vex(&attestation) {
        return Ok(None);
    }
    let speaker = Speaker::Role(root.evidence_role(area));
    let opened = trust::open_attestation(&attestation, speaker, root, now)
        .map_err(|refusal| refusal.message)?;
    let statement = ForeignStatement::read(opened.value()).map_err(|error| error.to_string())?;
    let subjects: BTreeSet<Digest> =
        statement.subjects.iter().filter_map(|subject| subject.digests.sha256()).collect();
    let value = vex::read(&statement.predicate, &subjects)
        .ok_or("its predicate is neither OpenVEX nor CycloneDX with vulnerabilities")?;
    let input = InputDocument { name: name.to_owned(), sha256: Digest::of(&opened.value().bytes) };
    Ok(Some(Sourced { input, value }))
}

fn claims_vex(attestation: &Attestation) -> bool {
    let payload = attestation.unverified_payload().unwrap_or_default();
    let root = parse_json(payload, Limits::GOVERNED).ok();
    let stated = root.as_ref().and_then(|root| root.get("predicateType")).and_then(Node::as_str);
    stated.is_some_and(|stated| PREDICATES.iter().any(|known| stated.starts_with(known)))
}

/// Takes what a packet says about vulnerabilities: its members by its seal, signed statements by
/// their own signatures. Whether the seal holds is asked elsewhere, and blocks.
pub(super) fn vex_of(
    contents: &Contents,
    root: &TrustRoot,
    now: Timestamp,
) -> Vec<Sourced<VexDocument>> {
    let mut found = Vec::new();
    for item in &contents.manifest.evidence {
        let Some(seen) = contents.evidence.get(&item.path) else { continue };
        let is_listed = contents.members.get(&item.path).is_some_and(|one| one.0 == item.sha256);
        if !is_listed {
            continue;
        }
        let name = format!("{}!{}", contents.manifest.stem(), item.path);
        if item.kind == EvidenceKind::Attestation {
            // What does not count was told when the packet was verified.
            found.extend(attested_vex(&name, &seen.bytes, item.area, root, now).ok().flatten());
        } else if let Some(value) = &seen.vex {
            let input = InputDocument { name, sha256: item.sha256 };
            found.push(Sourced { input, value: value.clone() });
        }
    }
    found
}
