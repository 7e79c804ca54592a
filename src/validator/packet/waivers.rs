//! What the policy asks of the waivers that a release carries: how many, until when, and who grants
//! them.

use std::path::Path;

use super::Contents;
use super::signed::people;
use crate::finding::rules::{packet as rules, trust as trust_rules};
use crate::finding::{Finding, Location, Report};
use crate::packet::ReleaseManifest;
use crate::packet::directory::{BUNDLE_SUFFIX, Sidecar, read_sidecar};
use crate::provenance::PAYLOAD_TYPE;
use crate::tree::TreeError;
use crate::trust::{self, RoleName, TrustRoot};

/// Holds the waivers of a release against the policy.
///
/// Where the policy wants them signed, people of the role `waiver` have signed the packet's seal:
/// it binds the manifest and with it every waiver. Whoever owns a waiver has asked for it and does
/// not count.
///
/// # Errors
///
/// When the seal is there and cannot be read.
pub fn judge_waivers(
    directory: &Path,
    packet: &str,
    contents: &Contents,
    root: &TrustRoot,
    report: &mut Report,
) -> Result<(), TreeError> {
    judge_limits(contents, packet, root, report);
    let waivers = &contents.manifest.waivers;
    let is_asked = root.policy().waivers.is_some_and(|rules| rules.signed);
    if waivers.is_empty() || !is_asked {
        return Ok(());
    }
    // A seal that is missing or malformed is a finding of its own.
    let Sidecar::Bundles(bundles) = read_sidecar(directory, packet)? else { return Ok(()) };
    let owners: Vec<&str> = waivers.iter().map(|waiver| waiver.owner.as_str()).collect();
    let (role, now) = (RoleName::Waiver, report.judged_at());
    match trust::open_for(&bundles, PAYLOAD_TYPE, role, &owners, root, now) {
        Ok(opened) => {
            let detail = format!("granted by {}", people(opened.signers()));
            report.passed("waivers-granted", packet, detail);
        }
        Err(refusal) => {
            let location = Location::named(&format!("{packet}{BUNDLE_SUFFIX}"));
            let rule = &trust_rules::WAIVER_NOT_SIGNED;
            let finding = Finding::new(rule, location, refusal.message);
            report.failed("waivers-granted", packet, finding);
        }
    }
    Ok(())
}

fn judge_limits(contents: &Contents, packet: &str, root: &TrustRoot, report: &mut Report) {
    let (policy, manifest) = (root.policy(), &contents.manifest);
    let at = |pointer: &str| Location::member(packet, ReleaseManifest::MEMBER).pointing(pointer);
    let count = manifest.waivers.len();
    if count > usize::try_from(policy.max_waivers).unwrap_or(usize::MAX) {
        let message = format!("{count} waivers; the policy allows {}", policy.max_waivers);
        let finding = Finding::new(&rules::EVIDENCE_NOT_PASSED, at("/waivers"), message);
        report.failed("waivers", packet, finding);
    } else {
        report.passed("waivers", packet, format!("{count} of at most {}", policy.max_waivers));
    }
    for (index, waiver) in manifest.waivers.iter().enumerate() {
        let location = at(&format!("/waivers/{index}"));
        let named = format!("the waiver of {} for `{}`", waiver.code, waiver.path);
        if waiver.expires <= report.judged_at() {
            let message = format!("{named} has expired");
            let finding = Finding::new(&rules::EVIDENCE_NOT_PASSED, location.clone(), message)
                .declared(waiver.expires);
            report.failed("waivers", packet, finding);
        }
        let last = policy.waivers.map(|rules| manifest.issued_at.plus_days(rules.max_days));
        if let Some(last) = last.filter(|last| waiver.expires > *last) {
            let message = format!("{named} runs longer than the policy allows");
            let finding = Finding::new(&trust_rules::WAIVER_TOO_LONG, location, message)
                .declared(last)
                .actual(waiver.expires);
            report.failed("waivers", packet, finding);
        }
    }
}
