//! The evidence in a packet: each piece is what it is listed as, and what the policy asks for is
//! there.

use std::collections::{BTreeMap, BTreeSet};

use super::Contents;
use super::attested::{Attested, judge_attestations, judge_required};
use super::named::Things;
use crate::digest::Digest;
use crate::document::Node;
use crate::finding::rules::{packet as rules, release as release_rules, trust as trust_rules};
use crate::finding::{Area, Finding, Location, Report, ReportDocument, Verdict};
use crate::json::{self, Limits};
use crate::packet::evidence::Recognised;
use crate::packet::{EvidenceItem, EvidenceKind, ReleaseManifest};
use crate::path::RelPath;
use crate::provenance::{Statement, TestOutcome, TestResult};
use crate::tree::Tree;
use crate::trust::{self, RoleName, TrustRoot};
use crate::validator::release::sbom::judge_sbom;
use crate::validator::release::scans::{Budget, judge_scan};
use crate::validator::release::secrets::judge_secrets;

/// Judges the text of one piece of evidence from elsewhere: an SBOM is real, a scan keeps its
/// budget, and nothing holds a secret. `subjects` are the artifacts that an SBOM may describe;
/// none when they are not known yet.
pub fn judge_text(
    location: &Location,
    recognised: &Recognised,
    node: &Node,
    bytes: &[u8],
    subjects: &[Digest],
    budget: &Budget,
    report: &mut Report,
) {
    match recognised.kind {
        EvidenceKind::Sbom => judge_sbom(location, node, subjects, report),
        EvidenceKind::Scan => judge_scan(location, node, budget, report),
        EvidenceKind::ValidatorReport
        | EvidenceKind::TestResult
        | EvidenceKind::Derived
        | EvidenceKind::Vex
        | EvidenceKind::Drill
        | EvidenceKind::LoadSummary
        | EvidenceKind::Attestation => {}
    }
    judge_secrets(location, bytes, report);
}

/// Returns the version that an SBOM states for what it describes.
#[must_use]
pub fn stated_version(node: &Node) -> Option<String> {
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
    if let Some(component) = node.pointer("/metadata/component") {
        return text(component, "version");
    }
    let described = node
        .get("relationships")?
        .items()
        .iter()
        .find(|row| text(row, "relationshipType").as_deref() == Some("DESCRIBES"))
        .and_then(|row| text(row, "relatedSpdxElement"))?;
    let packages = node.get("packages")?.items();
    let package = packages.iter().find(|row| text(row, "SPDXID").as_ref() == Some(&described))?;
    text(package, "versionInfo")
}

/// Holds the evidence against what the policy asks for, and each piece against what it says.
/// `files` is the folder in which the artifacts lie: a digest that the manifest does not list can
/// only be held against the file itself.
pub fn judge_evidence(
    contents: &Contents,
    packet: &str,
    root: &TrustRoot,
    files: Option<&Tree>,
    report: &mut Report,
) {
    for item in &contents.manifest.evidence {
        judge_item(contents, packet, item, report);
    }
    let things = Things::of(contents, files);
    let attested = judge_attestations(contents, packet, root, things, report);
    judge_required(contents, packet, root, &attested, report);
    let manifest = &contents.manifest;
    for required in &root.policy().evidence {
        let label = match &required.area {
            Some(area) => format!("{} of {area}", required.kind),
            None => required.kind.clone(),
        };
        let candidates: Vec<&EvidenceItem> = manifest
            .evidence
            .iter()
            .filter(|item| {
                item.kind.name() == required.kind
                    && required.area.as_ref().is_none_or(|area| area == item.area.word())
                    && counts(contents, item, required.role, root, &attested)
            })
            .collect();
        let location = Location::member(packet, ReleaseManifest::MEMBER).pointing("/evidence");
        let Some(newest) = candidates.iter().map(|item| item.observed_at).max() else {
            let message =
                format!("the policy asks for {label}, and the packet holds none that counts");
            let finding = Finding::new(&rules::EVIDENCE_MISSING, location, message);
            report.failed("required-evidence", label, finding);
            continue;
        };
        let age = manifest.issued_at.seconds_since(newest);
        if age > i64::from(required.max_age_days) * 86_400 {
            let message = format!(
                "{label} was observed more than {} days before the release",
                required.max_age_days
            );
            let finding = Finding::new(&rules::EVIDENCE_TOO_OLD, location, message)
                .declared(newest)
                .actual(manifest.issued_at);
            report.failed("required-evidence", label, finding);
        } else {
            report.passed("required-evidence", label, format!("observed {newest}"));
        }
    }
}

/// Whether a piece counts. One that is signed by itself: when somebody in the role has; one that is
/// not: by what it says, and when a role is asked for, by a statement of that role about it.
fn counts(
    contents: &Contents,
    item: &EvidenceItem,
    role: Option<RoleName>,
    root: &TrustRoot,
    attested: &BTreeMap<RelPath, Attested>,
) -> bool {
    if item.kind == EvidenceKind::Attestation {
        let role = role.unwrap_or_else(|| root.evidence_role(item.area));
        return attested.get(&item.path).is_some_and(|found| found.roles.contains(&role));
    }
    let is_signed = role.is_none_or(|role| {
        attested
            .values()
            .any(|one| one.roles.contains(&role) && one.evidence.contains(&item.sha256))
    });
    is_signed && is_convincing(contents, item)
}

/// Whether a piece that is not signed by itself says what it must.
fn is_convincing(contents: &Contents, item: &EvidenceItem) -> bool {
    let Some(seen) = contents.evidence.get(&item.path) else { return false };
    match item.kind {
        EvidenceKind::ValidatorReport => passes(&seen.bytes, item),
        EvidenceKind::TestResult => Statement::<TestResult>::parse(&seen.bytes)
            .is_ok_and(|statement| statement.predicate.result != TestOutcome::Failed),
        EvidenceKind::Attestation => false,
        EvidenceKind::Derived => is_named_by_result(contents, item),
        EvidenceKind::Sbom
        | EvidenceKind::Scan
        | EvidenceKind::Vex
        | EvidenceKind::Drill
        | EvidenceKind::LoadSummary => seen.recognised.is_some(),
    }
}

/// Whether the test result of the area names a derived document, by its path and its digest.
fn is_named_by_result(contents: &Contents, item: &EvidenceItem) -> bool {
    let results = contents
        .manifest
        .evidence
        .iter()
        .filter(|other| other.kind == EvidenceKind::TestResult && other.area == item.area);
    let digest = item.sha256.to_string();
    results.filter_map(|other| contents.evidence.get(&other.path)).any(|seen| {
        Statement::<TestResult>::parse(&seen.bytes).is_ok_and(|statement| {
            statement.predicate.configuration.iter().any(|one| {
                one.name.as_deref() == Some(item.path.as_str())
                    && one.digest.get("sha256") == Some(&digest)
            })
        })
    })
}

fn passes(bytes: &[u8], item: &EvidenceItem) -> bool {
    json::parse::<ReportDocument>(bytes, Limits::EVIDENCE).is_ok_and(|document| {
        document.schema == ReportDocument::SCHEMA
            && document.verdict == Verdict::Pass
            // A report on nothing holds whatever is asked of it.
            && !document.areas.is_empty()
            && document.areas.iter().all(|row| {
                row.state == "evaluated" && (item.area == Area::Packet || row.area == item.area)
            })
    })
}

fn judge_item(contents: &Contents, packet: &str, item: &EvidenceItem, report: &mut Report) {
    let location = Location::member(packet, item.path.as_str());
    let Some(seen) = contents.evidence.get(&item.path) else { return };
    let subject = item.path.as_str();
    match item.kind {
        EvidenceKind::ValidatorReport if !passes(&seen.bytes, item) => {
            let message = "this validator's report did not pass";
            let finding = Finding::new(&rules::EVIDENCE_NOT_PASSED, location, message);
            report.failed("evidence", subject, finding);
        }
        EvidenceKind::TestResult => {
            judge_test_result(contents, &seen.bytes, item, location, report);
        }
        // Judged by itself, with what stands behind its signatures.
        EvidenceKind::Attestation => {}
        EvidenceKind::ValidatorReport => report.passed("evidence", subject, "passed"),
        EvidenceKind::Derived if is_named_by_result(contents, item) => {
            report.passed("evidence", subject, "named by the area's test result");
        }
        EvidenceKind::Derived => {
            let message = "derived from the inputs, and the area's test result does not name it";
            let finding = Finding::new(&rules::CROSS_DOCUMENT_MISMATCH, location, message)
                .actual(item.sha256);
            report.failed("evidence", subject, finding);
        }
        EvidenceKind::Sbom
        | EvidenceKind::Scan
        | EvidenceKind::Vex
        | EvidenceKind::Drill
        | EvidenceKind::LoadSummary => {
            judge_recognised(contents, item, seen.recognised.as_ref(), location, report);
        }
    }
    if let Some(stated) = &seen.stated_version
        && *stated != contents.manifest.version.to_string()
    {
        let location = Location::member(packet, item.path.as_str());
        let message = "the SBOM describes another version than the release has";
        let finding = Finding::new(&rules::CROSS_DOCUMENT_MISMATCH, location, message)
            .declared(stated)
            .actual(&contents.manifest.version);
        report.failed("evidence-version", subject, finding);
    }
}

/// What the manifest lists of a piece is what the piece says: its kind, its time, its subjects.
fn judge_recognised(
    contents: &Contents,
    item: &EvidenceItem,
    recognised: Option<&Recognised>,
    location: Location,
    report: &mut Report,
) {
    let subject = item.path.as_str();
    let Some(recognised) = recognised.filter(|seen| seen.kind == item.kind) else {
        let message = format!("listed as {}, and is something else", item.kind);
        let finding = Finding::new(&rules::MEMBER_DIFFERS, location, message);
        return report.failed("evidence", subject, finding);
    };
    let artifacts: BTreeSet<Digest> =
        contents.manifest.artifacts.iter().map(|artifact| artifact.sha256).collect();
    let named: Vec<Digest> = recognised.digests.intersection(&artifacts).copied().collect();
    let other_time = recognised.observed_at.is_some_and(|time| time != item.observed_at);
    if named != item.subjects || other_time {
        let message = "the manifest lists another time or other subjects than it states";
        let finding = Finding::new(&rules::CROSS_DOCUMENT_MISMATCH, location, message);
        return report.failed("evidence", subject, finding);
    }
    if item.kind == EvidenceKind::Sbom && named.is_empty() {
        let message = "describes no artifact of this release";
        let finding = Finding::new(&release_rules::SBOM_SUBJECT, location, message);
        return report.failed("evidence", subject, finding);
    }
    report.passed("evidence", subject, item.kind.to_string());
}

/// A test result speaks about this release's artifacts, all of them.
fn judge_test_result(
    contents: &Contents,
    bytes: &[u8],
    item: &EvidenceItem,
    location: Location,
    report: &mut Report,
) {
    let subject = item.path.as_str();
    let statement = match Statement::<TestResult>::parse(bytes) {
        Ok(statement) => statement,
        Err(error) => {
            let finding = trust::Refusal::from(error).at(location);
            return report.failed("evidence", subject, finding);
        }
    };
    let named: BTreeSet<Digest> = statement.subjects.iter().map(|subject| subject.digest).collect();
    let artifacts = &contents.manifest.artifacts;
    if let Some(missing) = artifacts.iter().find(|artifact| !named.contains(&artifact.sha256)) {
        let message = format!("the test result does not speak about `{}`", missing.path);
        let finding = Finding::new(&trust_rules::SUBJECT_MISMATCH, location, message);
        report.failed("evidence", subject, finding);
    } else if statement.predicate.result == TestOutcome::Failed {
        let message = "the test result is FAILED";
        let finding = Finding::new(&rules::EVIDENCE_NOT_PASSED, location, message);
        report.failed("evidence", subject, finding);
    } else {
        report.passed("evidence", subject, format!("{} subjects", statement.subjects.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{AreaDocument, Report};
    use crate::time::Timestamp;

    fn now() -> Timestamp {
        "2026-11-23T09:00:00Z".parse().unwrap()
    }

    fn item(area: Area) -> EvidenceItem {
        EvidenceItem {
            path: "evidence/k8s/report.json".parse().unwrap(),
            kind: EvidenceKind::ValidatorReport,
            area,
            media_type: "application/json".to_owned(),
            size: 1,
            sha256: Digest::of(b"x"),
            observed_at: now(),
            subjects: Vec::new(),
        }
    }

    #[test]
    fn a_report_that_judged_nothing_is_no_passed_report() {
        let mut document = Report::new("check", now(), true).to_document();
        document.verdict = Verdict::Pass;
        let row = |area, state: &str| AreaDocument {
            area,
            state: state.to_owned(),
            reason: None,
            inputs: 1,
            objects: 1,
            skipped: 0,
            rules_run: 1,
        };
        let mut counts = |rows: Vec<AreaDocument>, area| {
            document.areas = rows;
            passes(&json::to_bytes(&document), &item(area))
        };
        assert!(counts(vec![row(Area::K8s, "evaluated")], Area::K8s));
        assert!(!counts(Vec::new(), Area::K8s));
        assert!(!counts(Vec::new(), Area::Packet));
        assert!(!counts(vec![row(Area::Load, "evaluated")], Area::K8s));
        assert!(!counts(vec![row(Area::K8s, "not_evaluated")], Area::K8s));
    }
}
