//! The two sides of a pair: each packet verified with today's trust, and as it was then.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::CheckRequest;
use super::vex::vex_of;
use crate::digest::Digest;
use crate::finding::rules::Weight;
use crate::finding::{Area, Outcome, Report, Severity};
use crate::packet::EvidenceKind;
use crate::pipeline::{Error, verify};
use crate::provenance::{Statement, TestOutcome, TestResult};
use crate::time::Timestamp;
use crate::trust::TrustRoot;
use crate::validator::packet::{Contents, Expectations};
use crate::validator::rollback::{Components, Refused, RollbackFacts, Side, Sourced};
use crate::validator::vex::VexDocument;

/// A side as it was read, what it says about vulnerabilities, and the trust that it was read with.
pub(super) struct Read {
    pub(super) side: Side,
    pub(super) vex: Vec<Sourced<VexDocument>>,
    pub(super) root: TrustRoot,
}

/// Verifies one packet. Nothing when the file is no packet at all; the report then says why.
pub(super) fn read_side(
    request: &CheckRequest,
    path: &Path,
    artifacts: Option<&Path>,
    report: &mut Report,
) -> Result<Option<Read>, Error> {
    let examined = examine(request, path, artifacts, None)?;
    let mut refusals = refusals_of(&examined.report);
    let Some(contents) = examined.contents else {
        // Without contents there is nothing to ask about: what is wrong is the whole answer.
        report.append(examined.report);
        return Ok(None);
    };
    if refusals.is_empty() && !examined.report.verdict().holds() {
        let message = "could not be verified to the end".to_owned();
        refusals.push(Refused { area: Area::Packet, code: "CS-PACKET-001", message });
    }
    let counted_then = counted_then(request, path, contents.manifest.issued_at);
    let at_hand = at_hand(&examined.report, &contents);
    let vex = vex_of(&contents, &examined.root, request.now);
    let side = Side {
        packet: contents.unpacked.sha256,
        refusals,
        counted_then,
        signers: examined.signers,
        at_hand,
        facts: facts_of(&contents),
        results: results_of(&contents),
        components: components_of(&contents),
        manifest: contents.manifest,
    };
    Ok(Some(Read { side, vex, root: examined.root }))
}

fn examine(
    request: &CheckRequest,
    path: &Path,
    artifacts: Option<&Path>,
    trust_as_of: Option<Timestamp>,
) -> Result<verify::Examination, Error> {
    verify::examine(&verify::Request {
        target: path.to_owned(),
        trust: request.trust.clone(),
        updates: request.updates.clone(),
        trust_as_of,
        expectations: Expectations::default(),
        state: None,
        artifacts: artifacts.map(Path::to_owned),
        now: request.now,
        replay: request.replay,
    })
}

fn refusals_of(report: &Report) -> Vec<Refused> {
    report
        .findings()
        .iter()
        .filter(|finding| {
            finding.rule.severity == Severity::Error || finding.rule.weight == Weight::Unjudged
        })
        .map(|finding| Refused {
            area: finding.rule.area,
            code: finding.rule.code,
            message: finding.message.clone(),
        })
        .collect()
}

/// Whether the signatures counted when the release was made; nothing where the trust of that time
/// cannot be told.
fn counted_then(request: &CheckRequest, path: &Path, issued_at: Timestamp) -> Option<bool> {
    let then = examine(request, path, None, Some(issued_at)).ok()?;
    let refusals = refusals_of(&then.report);
    Some(!refusals.iter().any(|refused| refused.area == Area::Trust))
}

/// The artifacts that lay with the packet and are what the manifest lists.
fn at_hand(report: &Report, contents: &Contents) -> BTreeSet<Digest> {
    let held: BTreeSet<&str> = report
        .checks()
        .iter()
        .filter(|check| check.name == "artifact" && check.outcome == Outcome::Passed)
        .map(|check| check.subject.as_str())
        .collect();
    let artifacts = contents.manifest.artifacts.iter();
    artifacts.filter(|one| held.contains(one.path.as_str())).map(|one| one.sha256).collect()
}

fn components_of(contents: &Contents) -> Components {
    let mut components = Components::default();
    let listed = contents.evidence.values().filter_map(|seen| seen.recognised.as_ref());
    for listed in listed.filter(|listed| listed.kind == EvidenceKind::Sbom) {
        components.digests.extend(&listed.digests);
        components.packages.extend(listed.packages.iter().cloned());
    }
    components
}

fn facts_of(contents: &Contents) -> Option<(RollbackFacts, Digest)> {
    let item = contents.manifest.evidence.iter().find(|item| {
        item.kind == EvidenceKind::Derived
            && item.area == Area::Rollback
            && item.path.file_name() == RollbackFacts::FILE
    })?;
    let bytes = &contents.evidence.get(&item.path)?.bytes;
    // Bytes that are not those of the manifest are a finding of the verification.
    (Digest::of(bytes) == item.sha256).then_some(())?;
    Some((RollbackFacts::parse(bytes).ok()?, item.sha256))
}

fn results_of(contents: &Contents) -> BTreeMap<Area, (TestOutcome, Digest)> {
    let items = contents.manifest.evidence.iter();
    items
        .filter(|item| item.kind == EvidenceKind::TestResult)
        .filter_map(|item| {
            let bytes = &contents.evidence.get(&item.path)?.bytes;
            let statement = Statement::<TestResult>::parse(bytes).ok()?;
            Some((item.area, (statement.predicate.result, item.sha256)))
        })
        .collect()
}
