//! What a release must bring, said by the verifier's own trust root.

use serde::{Deserialize, Serialize};

use super::RoleName;
use super::attestation::AttestationPolicy;

/// What a release must bring. Whatever is not listed is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The product that this trust root speaks for.
    pub product: String,
    /// The channels on which it is released.
    pub channels: Vec<String>,
    /// The builders that may have built it (SLSA `builder.id`).
    pub builders: Vec<String>,
    /// The build types that may have been used (SLSA `buildType`).
    pub build_types: Vec<String>,
    /// The source repositories it may be built from.
    pub sources: Vec<String>,
    /// The external parameters that a build may have; others are refused.
    pub external_parameters: Vec<String>,
    /// The evidence that must be in the packet.
    pub evidence: Vec<RequiredEvidence>,
    /// How many vulnerabilities that nobody accepted a release may have.
    pub vulnerabilities: VulnerabilityBudget,
    /// The most waivers that a release may carry.
    pub max_waivers: u32,
    /// What else a waiver must be. Without it only their number is limited here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waivers: Option<WaiverRules>,
    /// How a release may be gone back to. Without it nothing is asked but the approvals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<RollbackRules>,
    /// Whether every signature but the trust root's own must have a proven time. Without it a key's
    /// window and the sealed sequence have to do.
    #[serde(default, skip_serializing_if = "is_false")]
    pub require_proven_time: bool,
    /// How many log operators must have taken each signature in; none when 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub log_operators: u32,
    /// What is asked of signed statements; nothing when empty.
    #[serde(default, skip_serializing_if = "AttestationPolicy::is_empty")]
    pub attestations: AttestationPolicy,
    /// The largest packet, in bytes.
    pub max_packet_bytes: u64,
    /// The most members of a packet.
    pub max_members: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serializer hands over references")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serializer hands over references")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// One kind of evidence that must be in the packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredEvidence {
    /// The kind: `validator-report`, `sbom`, `scan`, `drill`, `load-summary`, `attestation`.
    pub kind: String,
    /// The area it comes from; absent for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// The most days between its observation and the release.
    pub max_age_days: u32,
    /// The role that must have signed it; absent for the role of its area. Evidence that carries no
    /// signature of its own needs an attestation in the packet, by this role, that names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleName>,
}

/// What a waiver must be, beside being one of few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverRules {
    /// The most days that a waiver may run from the issue of the release that carries it.
    pub max_days: u32,
    /// Whether people of the role `waiver` must have signed the seal of a release that carries any.
    /// The seal binds the manifest and so the waivers; whoever owns one does not count.
    pub signed: bool,
}

/// How a release may be gone back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollbackRules {
    /// The most days since the issue of the release that is gone back to.
    pub window_days: u32,
    /// The most hours that an approval may run.
    pub max_approval_hours: u32,
}

/// How many vulnerabilities a release may have, by severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VulnerabilityBudget {
    /// Critical ones.
    pub max_critical: u32,
    /// High ones.
    pub max_high: u32,
}
