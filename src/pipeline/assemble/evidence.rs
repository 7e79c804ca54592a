//! Evidence on its way into the packet.

use std::collections::BTreeSet;

use super::{Request, refuse_oddities};
use crate::digest::Digest;
use crate::finding::{Area, Location, Report};
use crate::packet::manifest::EVIDENCE_FOLDER;
use crate::packet::{Artifact, EvidenceItem, evidence};
use crate::path::RelPath;
use crate::pipeline::Error;
use crate::tree::Tree;
use crate::validator::{self, packet as packet_rules};

/// A member of the packet that is held in memory, or a file below the evidence folder.
pub(super) type Member = (EvidenceItem, MemberBytes);

pub(super) enum MemberBytes {
    Memory(Vec<u8>),
    Evidence(RelPath),
}

/// Evidence from elsewhere: recognised by content, judged, collected byte for byte.
pub(super) fn collect_evidence(
    request: &Request,
    governed: &Tree,
    artifacts: &[Artifact],
) -> Result<(Vec<Member>, Report), Error> {
    let mut report = Report::new("assemble", request.now, request.replay);
    let Some(folder) = &request.evidence else { return Ok((Vec::new(), report)) };
    let budget = validator::release::budget_in(governed, request.now);
    let subjects: Vec<Digest> = artifacts.iter().map(|artifact| artifact.sha256).collect();
    let tree = Tree::open(folder)?;
    let known: BTreeSet<Digest> = artifacts.iter().map(|artifact| artifact.sha256).collect();
    let mut members = Vec::new();
    let listing = tree.list(None)?;
    refuse_oddities(folder, &listing)?;
    for entry in listing.files {
        let refused = |problem: &str| Error::Refused {
            path: folder.join(entry.path.as_str()),
            problem: problem.to_owned(),
        };
        let area = area_of(&entry.path).ok_or_else(|| {
            refused("evidence lies in a folder named after its area: stack, k8s, observe, load, release or rollback")
        })?;
        let bytes = tree.read(&entry.path, evidence::MAX_BYTES)?;
        let (recognised, node) = evidence::recognise(&bytes).ok_or_else(|| {
            refused(
                "not recognised as evidence; expected an SBOM (SPDX, CycloneDX), a scan report, a drill result, a load summary, a DSSE envelope or a Sigstore bundle",
            )
        })?;
        // By the name in the packet: where the folder lies is nobody's business.
        let path = format!("{EVIDENCE_FOLDER}/{}", entry.path);
        let location = Location::named(&path);
        packet_rules::judge_text(
            &location,
            &recognised,
            &node,
            &bytes,
            &subjects,
            &budget,
            &mut report,
        );
        let clash = path.ends_with("/report.json") || path.ends_with("/test-result.json");
        if clash {
            return Err(refused(
                "this name is kept for the validators' own evidence; rename the file",
            ));
        }
        let item = EvidenceItem {
            path: path.parse().map_err(|error| refused(&format!("{error}")))?,
            kind: recognised.kind,
            area,
            media_type: recognised.media_type.to_owned(),
            size: bytes.len() as u64,
            sha256: Digest::of(&bytes),
            observed_at: recognised.observed_at.unwrap_or(request.issued_at),
            subjects: recognised.digests.intersection(&known).copied().collect(),
        };
        members.push((item, MemberBytes::Evidence(entry.path)));
    }
    Ok((members, report))
}

fn area_of(path: &RelPath) -> Option<Area> {
    path.parent()?;
    let folder = path.parts().next()?;
    Area::GOVERNED.into_iter().find(|area| area.word() == folder)
}
