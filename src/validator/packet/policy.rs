//! What the verifier's policy and expectations ask of a release.

use super::Contents;
use crate::digest::Digest;
use crate::finding::rules::{packet as rules, trust as trust_rules};
use crate::finding::{Area, Finding, Location, Report, ReportDocument, Verdict};
use crate::json::{self, Limits};
use crate::packet::{EvidenceItem, EvidenceKind, ReleaseManifest};
use crate::provenance::{Statement, TestOutcome, TestResult};
use crate::trust::{self, Bundle};
use crate::trust::{Policy, RoleName, TrustRoot};
use crate::version::Version;

/// What the caller expects of the release. Nothing in the packet can change it.
#[derive(Debug, Clone, Default)]
pub struct Expectations {
    /// The product.
    pub name: Option<String>,
    /// The version.
    pub version: Option<Version>,
    /// The commit it is built from.
    pub commit: Option<String>,
    /// The lowest sequence.
    pub min_sequence: Option<u64>,
}

/// Holds product, channel, waivers and the check's own verdict against the policy.
pub fn judge_policy(contents: &Contents, packet: &str, policy: &Policy, report: &mut Report) {
    let manifest = &contents.manifest;
    let at = |pointer: &str| Location::member(packet, ReleaseManifest::MEMBER).pointing(pointer);
    if manifest.product == policy.product {
        report.passed("product", packet, manifest.product.clone());
    } else {
        let message = "the trust root does not speak for this product";
        let finding = Finding::new(&trust_rules::EXPECTATION_NOT_MET, at("/product"), message)
            .declared(&policy.product)
            .actual(&manifest.product);
        report.failed("product", packet, finding);
    }
    if policy.channels.contains(&manifest.channel) {
        report.passed("channel", packet, manifest.channel.clone());
    } else {
        let message = "the policy does not list this channel";
        let finding = Finding::new(&trust_rules::EXPECTATION_NOT_MET, at("/channel"), message)
            .declared(policy.channels.join(", "))
            .actual(&manifest.channel);
        report.failed("channel", packet, finding);
    }
    if manifest.check != Verdict::Pass {
        let message = "the release was assembled although its check did not pass";
        let finding = Finding::new(&rules::EVIDENCE_NOT_PASSED, at("/check"), message);
        report.failed("assembled-check", packet, finding);
    }
    let waivers = manifest.waivers.len();
    if waivers > usize::try_from(policy.max_waivers).unwrap_or(usize::MAX) {
        let message = format!("{waivers} waivers; the policy allows {}", policy.max_waivers);
        let finding = Finding::new(&rules::EVIDENCE_NOT_PASSED, at("/waivers"), message);
        report.failed("waivers", packet, finding);
    } else {
        report.passed("waivers", packet, format!("{waivers} of at most {}", policy.max_waivers));
    }
    for (index, waiver) in manifest.waivers.iter().enumerate() {
        if waiver.expires <= report.judged_at() {
            let message =
                format!("the waiver of {} for `{}` has expired", waiver.code, waiver.path);
            let location = at(&format!("/waivers/{index}"));
            let finding = Finding::new(&rules::EVIDENCE_NOT_PASSED, location, message)
                .declared(waiver.expires);
            report.failed("waivers", packet, finding);
        }
    }
}

/// Holds the evidence against what the policy asks for, and each piece against what it says.
pub fn judge_evidence(contents: &Contents, packet: &str, root: &TrustRoot, report: &mut Report) {
    for item in &contents.manifest.evidence {
        judge_item(contents, packet, item, root, report);
    }
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
                    && is_convincing(contents, item, root, report)
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

/// Whether a piece counts: the validators' own pass, the signed by somebody in the role.
fn is_convincing(
    contents: &Contents,
    item: &EvidenceItem,
    root: &TrustRoot,
    report: &Report,
) -> bool {
    let Some(seen) = contents.evidence.get(&item.path) else { return false };
    match item.kind {
        EvidenceKind::ValidatorReport => passes(&seen.bytes, item),
        EvidenceKind::TestResult => Statement::<TestResult>::parse(&seen.bytes)
            .is_ok_and(|statement| statement.predicate.result != TestOutcome::Failed),
        EvidenceKind::Attestation => opens(&seen.bytes, root, report).is_ok(),
        EvidenceKind::Sbom
        | EvidenceKind::Scan
        | EvidenceKind::Drill
        | EvidenceKind::LoadSummary => seen.recognised.is_some(),
    }
}

fn passes(bytes: &[u8], item: &EvidenceItem) -> bool {
    json::parse::<ReportDocument>(bytes, Limits::EVIDENCE).is_ok_and(|document| {
        document.schema == ReportDocument::SCHEMA
            && document.verdict == Verdict::Pass
            && (item.area == Area::Packet || document.areas.iter().all(|row| row.area == item.area))
    })
}

fn opens(bytes: &[u8], root: &TrustRoot, report: &Report) -> Result<String, trust::Refusal> {
    let bundle = Bundle::parse(bytes)?;
    let now = report.judged_at();
    let payload_type = crate::provenance::PAYLOAD_TYPE;
    let opened = trust::open(&[bundle], payload_type, RoleName::Evidence, root, now)?;
    let names: Vec<&str> = opened.signers().iter().map(|signer| signer.owner.as_str()).collect();
    Ok(names.join(", "))
}

fn judge_item(
    contents: &Contents,
    packet: &str,
    item: &EvidenceItem,
    root: &TrustRoot,
    report: &mut Report,
) {
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
        EvidenceKind::Attestation => match opens(&seen.bytes, root, report) {
            Ok(names) => report.passed("evidence", subject, format!("signed by {names}")),
            // Collected as it is. Whether it is needed is for the policy to say, and then only
            // one that opens counts.
            Err(refusal) => report.skipped("evidence", subject, refusal.message),
        },
        EvidenceKind::ValidatorReport => report.passed("evidence", subject, "passed"),
        EvidenceKind::Sbom
        | EvidenceKind::Scan
        | EvidenceKind::Drill
        | EvidenceKind::LoadSummary => {
            let kind = seen.recognised.as_ref().map(|recognised| recognised.kind);
            if kind == Some(item.kind) {
                report.passed("evidence", subject, item.kind.to_string());
            } else {
                let message = format!("listed as {}, and is something else", item.kind);
                let finding = Finding::new(&rules::MEMBER_DIFFERS, location, message);
                report.failed("evidence", subject, finding);
            }
        }
    }
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
    let named = |digest: Digest| statement.subjects.iter().any(|subject| subject.digest == digest);
    let artifacts = &contents.manifest.artifacts;
    if let Some(missing) = artifacts.iter().find(|artifact| !named(artifact.sha256)) {
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

/// Holds the release against what the caller expects.
pub fn judge_expectations(
    contents: &Contents,
    packet: &str,
    expected: &Expectations,
    report: &mut Report,
) {
    let manifest = &contents.manifest;
    let version = manifest.version.to_string();
    let rows = [
        ("expected-name", expected.name.clone(), manifest.product.as_str()),
        ("expected-version", expected.version.as_ref().map(ToString::to_string), &version),
        ("expected-commit", expected.commit.clone(), &manifest.source.commit),
    ];
    for (name, expected, actual) in rows {
        let Some(expected) = expected else { continue };
        if expected == actual {
            report.passed(name, packet, expected);
            continue;
        }
        let location = Location::member(packet, ReleaseManifest::MEMBER);
        let message = "the release is not the one that was asked for";
        let finding = Finding::new(&trust_rules::EXPECTATION_NOT_MET, location, message)
            .declared(expected)
            .actual(actual);
        report.failed(name, packet, finding);
    }
}

/// Holds the release against time and against the newest one that was accepted here.
pub fn judge_freshness(
    contents: &Contents,
    packet: &str,
    min_sequence: Option<u64>,
    accepted: Option<(u64, Digest)>,
    report: &mut Report,
) {
    let manifest = &contents.manifest;
    let at = |pointer: &str| Location::member(packet, ReleaseManifest::MEMBER).pointing(pointer);
    let now = report.judged_at();
    if manifest.issued_at > now {
        let message = "the release was issued after the time of judgement";
        let finding = Finding::new(&trust_rules::FROM_THE_FUTURE, at("/issued_at"), message)
            .declared(manifest.issued_at)
            .actual(now);
        report.failed("issued-at", packet, finding);
    } else {
        report.passed("issued-at", packet, manifest.issued_at.to_string());
    }
    for item in manifest.evidence.iter().filter(|item| item.observed_at > now) {
        let message = "evidence that was observed after the time of judgement";
        let location = Location::member(packet, item.path.as_str());
        let finding = Finding::new(&trust_rules::FROM_THE_FUTURE, location, message)
            .declared(item.observed_at)
            .actual(now);
        report.failed("observed-at", item.path.as_str(), finding);
    }
    let sequence = manifest.sequence;
    let floor = min_sequence.into_iter().chain(accepted.map(|(sequence, _)| sequence)).max();
    let Some(floor) = floor else { return };
    // The same sequence with another packet is a second release under one number.
    let twin = accepted
        .is_some_and(|(mark, digest)| mark == sequence && digest != contents.unpacked.sha256);
    if sequence < floor || twin {
        let message = if twin {
            "another packet with this sequence was accepted here before"
        } else {
            "a newer release was accepted or asked for here"
        };
        let finding = Finding::new(&trust_rules::ROLLED_BACK, at("/sequence"), message)
            .declared(floor)
            .actual(sequence);
        report.failed("sequence", packet, finding);
    } else {
        report.passed("sequence", packet, format!("{sequence}, at least {floor}"));
    }
}
