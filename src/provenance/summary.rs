//! Verification summaries (`https://slsa.dev/verification_summary/v1`, SLSA v1.2): what a verifier
//! found, so that its checks need not be repeated by whoever trusts it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::predicates::VERIFICATION_SUMMARY;
use super::{Predicate, ResourceDescriptor};

/// The predicate: what a verifier found about the subjects.
///
/// Unknown fields are ignored, as the specification's parsing rules ask ("Consumers MUST ignore
/// unrecognized fields").
///
/// ```json
/// {"verifier": {"id": "https://verifier.example/v1"}, "timeVerified": "2026-11-24T09:00:00Z",
///  "resourceUri": "pkg:generic/atlas@1.0.0", "policy": {"uri": "urn:x", "digest": {"sha256": ""}},
///  "verificationResult": "PASSED", "verifiedLevels": ["SLSA_BUILD_LEVEL_1"], "slsaVersion": "1.2"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerificationSummary {
    /// Who verified.
    pub verifier: Verifier,
    /// When, as the verifier writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_verified: Option<String>,
    /// What the subjects are artifacts of.
    pub resource_uri: String,
    /// By which policy.
    pub policy: ResourceDescriptor,
    /// All attestations that were used; none when it does not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub input_attestations: Vec<ResourceDescriptor>,
    /// What came of it.
    pub verification_result: VerificationResult,
    /// The highest level of each track; `FAILED` when it failed.
    pub verified_levels: Vec<String>,
    /// The version of SLSA that the levels are of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slsa_version: Option<String>,
}

impl Predicate for VerificationSummary {
    const TYPE: &str = VERIFICATION_SUMMARY;
}

/// Who verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verifier {
    /// Its URI.
    pub id: String,
    /// The versions of its parts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub version: BTreeMap<String, String>,
}

/// What came of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum VerificationResult {
    /// The policy holds.
    Passed,
    /// It does not.
    Failed,
}

/// The level of a failed verification.
pub const FAILED: &str = "FAILED";

/// Takes a level apart: its track, and its number where it has one.
fn level(text: &str) -> (&str, Option<u32>) {
    match text.rsplit_once("_LEVEL_") {
        Some((track, number)) => {
            let plain = number.bytes().all(|byte| byte.is_ascii_digit());
            (track, number.parse().ok().filter(|_| plain))
        }
        None => (text, None),
    }
}

impl VerificationSummary {
    /// Says why the verified levels do not hold a least level. Nothing when they do.
    ///
    /// A higher level of a track holds the lower ones. SLSA v1.2: "no more than one level per
    /// track"; a summary with two is no summary.
    #[must_use]
    pub fn lacks(&self, least: &str) -> Option<String> {
        let mut tracks = BTreeSet::new();
        for stated in &self.verified_levels {
            let (track, _) = level(stated);
            if !tracks.insert(track) {
                return Some(format!("two levels of the track `{}`", track.escape_debug()));
            }
        }
        let (track, asked) = level(least);
        let holds = self.verified_levels.iter().any(|stated| match (level(stated), asked) {
            ((found, Some(number)), Some(asked)) => found == track && number >= asked,
            ((_, _), _) => stated == least,
        });
        (!holds).then(|| format!("`{least}` is not among the verified levels"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_compared_track_by_track() {
        let lacks = |levels: &[&str], least: &str| {
            let summary = VerificationSummary {
                verifier: Verifier { id: "v".to_owned(), version: BTreeMap::new() },
                time_verified: None,
                resource_uri: "r".to_owned(),
                policy: ResourceDescriptor { name: None, uri: None, digest: BTreeMap::new() },
                input_attestations: Vec::new(),
                verification_result: VerificationResult::Passed,
                verified_levels: levels.iter().map(|level| (*level).to_owned()).collect(),
                slsa_version: None,
            };
            summary.lacks(least).is_some()
        };
        let two = "SLSA_BUILD_LEVEL_2";
        assert!(!lacks(&[two], two));
        assert!(!lacks(&["SLSA_BUILD_LEVEL_3", "SLSA_SOURCE_LEVEL_1"], two));
        assert!(!lacks(&["ORG_SOURCE_REVIEWED"], "ORG_SOURCE_REVIEWED"));
        for levels in [
            &[][..],
            &["SLSA_BUILD_LEVEL_1"],
            &["SLSA_SOURCE_LEVEL_3"],
            &["SLSA_BUILD_LEVEL_UNEVALUATED"],
            &["SLSA_BUILD_LEVEL_+3"],
            &["SLSA_BUILD_LEVEL_1", "SLSA_BUILD_LEVEL_3"],
            &["SLSA_BUILD_LEVEL_3", "SLSA_BUILD_LEVEL_3"],
            &["SLSA_BUILD_LEVEL_3", "SLSA_SOURCE_LEVEL_1", "SLSA_SOURCE_LEVEL_2"],
            &["FAILED"],
        ] {
            assert!(lacks(levels, two), "{levels:?}");
        }
        assert!(lacks(&["ORG_SOURCE_REVIEWED"], "ORG_SOURCE_SIGNED"));
    }
}
