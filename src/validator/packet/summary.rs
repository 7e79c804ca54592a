//! Verification summaries as evidence: taken from the paired signer and verifier only.

use super::Contents;
use crate::finding::rules::trust as rules;
use crate::provenance::{VerificationResult, VerificationSummary, typed_predicate};
use crate::time::Timestamp;
use crate::trust::{PairedVerifier, Payload, Refusal, TrustRoot, Verified};

/// Holds a summary against the verifier that its signer is paired with: SLSA v1.2, "Verification
/// Summary Attestation", "How to verify". Step 1, the signature, made `opened`; step 2, the
/// subject, and step 3, the predicate's type, were judged as for every statement.
pub(super) fn judge_summary(
    opened: &Verified<Payload>,
    pair: &PairedVerifier,
    contents: &Contents,
    root: &TrustRoot,
    now: Timestamp,
) -> Result<(), Refusal> {
    let summary: VerificationSummary = typed_predicate(opened.value())?;
    // 4. The verifier is the one that the signer is paired with.
    if summary.verifier.id != pair.id {
        let found = summary.verifier.id.escape_debug();
        let expected = pair.id.escape_debug();
        return refuse(format!("the verifier `{found}`; its signer is paired with `{expected}`"));
    }
    // 5. The resource is the expected one.
    let version = contents.manifest.version.to_string();
    let expected = pair.resource.replace("{version}", &version);
    if summary.resource_uri != expected {
        let found = summary.resource_uri.escape_debug();
        return refuse(format!("the resource `{found}`; expected `{}`", expected.escape_debug()));
    }
    // 6. The result is PASSED.
    if summary.verification_result != VerificationResult::Passed {
        return refuse("the result is FAILED".to_owned());
    }
    // 7. The levels hold the expected ones.
    if let Some(problem) = pair.levels.iter().find_map(|least| summary.lacks(least)) {
        return refuse(problem);
    }
    // The specification leaves the policy to the consumer: here it must be the expected one, or
    // the verifier could have asked for nothing.
    let policy = pair.policy_sha256.unwrap_or_else(|| root.digest()).to_string();
    if summary.policy.digest.get("sha256") != Some(&policy) {
        let found = summary.policy.digest.get("sha256").map_or("none", String::as_str);
        let found = found.escape_debug();
        return refuse(format!("the policy sha256:{found}; expected sha256:{policy}"));
    }
    judge_time(&summary, pair, now)
}

fn judge_time(
    summary: &VerificationSummary,
    pair: &PairedVerifier,
    now: Timestamp,
) -> Result<(), Refusal> {
    let stated = summary.time_verified.as_deref();
    let verified_at = stated.map(str::parse::<Timestamp>).transpose().map_err(|error| Refusal {
        rule: &rules::STATEMENT_MALFORMED,
        message: format!("`timeVerified`: {error}"),
    })?;
    match (verified_at, pair.max_age_days) {
        (Some(at), _) if at > now => {
            let message = format!("verified at {at}, after the time of judgement {now}");
            Err(Refusal { rule: &rules::FROM_THE_FUTURE, message })
        }
        (Some(at), Some(days)) if now.seconds_since(at) > i64::from(days) * 86_400 => {
            refuse(format!("verified at {at}, more than {days} days ago"))
        }
        (None, Some(days)) => refuse(format!("no time of verification; it may be {days} days old")),
        (Some(_) | None, _) => Ok(()),
    }
}

fn refuse(problem: String) -> Result<(), Refusal> {
    let message = format!("the verification summary is not taken: {problem}");
    Err(Refusal { rule: &rules::SUMMARY_NOT_ACCEPTED, message })
}
