//! What a signature can be made for, and how many people it takes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Key, Keyless};
use crate::finding::Area;
use crate::trust::key::KeyId;

/// What a signature can be made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoleName {
    /// The next version of the trust root.
    Root,
    /// A release: seal, provenance, checksums.
    Release,
    /// Evidence that other pipelines sign, where no role of its own stands for the area.
    Evidence,
    /// Evidence about the stack.
    StackEvidence,
    /// Evidence about Kubernetes.
    K8sEvidence,
    /// Evidence about observability.
    ObserveEvidence,
    /// Evidence about load.
    LoadEvidence,
    /// Evidence about the release itself.
    ReleaseEvidence,
    /// Evidence about going back.
    RollbackEvidence,
    /// Waivers.
    Waiver,
    /// Approvals of a rollback.
    RollbackApprover,
}

impl RoleName {
    /// Returns the role that speaks about one area.
    #[must_use]
    pub fn evidence_of(area: Area) -> Self {
        match area {
            Area::Stack => Self::StackEvidence,
            Area::K8s => Self::K8sEvidence,
            Area::Observe => Self::ObserveEvidence,
            Area::Load => Self::LoadEvidence,
            Area::Release => Self::ReleaseEvidence,
            Area::Rollback => Self::RollbackEvidence,
            Area::Packet | Area::Trust => Self::Evidence,
        }
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Root => "root",
            Self::Release => "release",
            Self::Evidence => "evidence",
            Self::StackEvidence => "stack-evidence",
            Self::K8sEvidence => "k8s-evidence",
            Self::ObserveEvidence => "observe-evidence",
            Self::LoadEvidence => "load-evidence",
            Self::ReleaseEvidence => "release-evidence",
            Self::RollbackEvidence => "rollback-evidence",
            Self::Waiver => "waiver",
            Self::RollbackApprover => "rollback-approver",
        })
    }
}

/// A role with what its names stand for.
pub(in crate::trust) struct Speakers<'a> {
    pub(in crate::trust) keys: Vec<(KeyId, &'a Key)>,
    pub(in crate::trust) identities: Vec<&'a Keyless>,
    pub(in crate::trust) threshold: u32,
}

/// Who speaks in a role, and how many of them it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The keys that speak in it.
    pub keys: Vec<KeyId>,
    /// The names of the identities that speak in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<String>,
    /// How many distinct owners it takes, from 1.
    pub threshold: u32,
}

impl Role {
    /// A role that nobody speaks in yet, of one person.
    pub(crate) fn empty() -> Self {
        Self { keys: Vec::new(), identities: Vec::new(), threshold: 1 }
    }
}
