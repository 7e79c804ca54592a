//! What a policy asks of signed statements, and of the verifiers whose summaries it takes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::RoleName;
use crate::digest::Digest;
use crate::trust::KeyId;

/// What a policy asks of signed statements. Empty, it asks for none and takes no summary.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestationPolicy {
    /// The statements that must be in the packet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<RequiredAttestation>,
    /// Whose verification summaries are taken, and for what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verifiers: Vec<PairedVerifier>,
    /// Predicate types that are not written as their standard has them, each with what it stands
    /// for. What is not listed here is taken by its name alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub predicate_aliases: BTreeMap<String, String>,
}

/// One kind of statement that must be in the packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredAttestation {
    /// The predicate's type, byte for byte.
    pub predicate_type: String,
    /// The role that must have signed it; absent for the role of its area. A verification summary
    /// is signed by whoever is paired with its verifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleName>,
    /// Whether every artifact must be a subject of one of them, and not only some artifact.
    #[serde(default, skip_serializing_if = "is_false")]
    pub every_artifact: bool,
}

/// A verifier, and whose signature speaks for it (SLSA v1.2, "Verification Summary Attestation").
///
/// ```json
/// {"id": "https://verifier.example/v1", "keys": ["9f86..."], "levels": ["SLSA_BUILD_LEVEL_2"],
///  "resource": "pkg:generic/atlas@{version}"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairedVerifier {
    /// The `verifier.id` that its summaries have, byte for byte.
    pub id: String,
    /// The keys that sign for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyId>,
    /// The names of the identities that sign for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<String>,
    /// The `resourceUri` that its summaries have; `{version}` stands for the release's version.
    pub resource: String,
    /// The digest of the policy that it must have judged by; absent for this very trust root's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_sha256: Option<Digest>,
    /// The least level that it must have found on each track: `SLSA_BUILD_LEVEL_2`.
    pub levels: Vec<String>,
    /// The most days between its verification and the time of judgement; absent for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_days: Option<u32>,
}

impl AttestationPolicy {
    /// Tells whether nothing is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serializer hands over references")]
fn is_false(value: &bool) -> bool {
    !*value
}
