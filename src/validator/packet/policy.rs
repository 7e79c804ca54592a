//! What the verifier's policy and expectations ask of a release.

use super::Contents;
use crate::digest::Digest;
use crate::finding::rules::{packet as rules, trust as trust_rules};
use crate::finding::{Finding, Location, Report, Verdict};
use crate::packet::ReleaseManifest;
use crate::trust::Policy;
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

/// Holds product, channel and the check's own verdict against the policy.
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
