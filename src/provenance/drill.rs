//! Rollback drills (`https://countersign.dev/rollback-drill/v1`): one release was left for another,
//! and this is how it went.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Approval, Predicate, Statement, Subject};
use crate::digest::Digest;
use crate::time::Timestamp;

/// The predicate of a drill's result. Its statement's subjects are the two packets, under the names
/// `from` and `to`, as those of an approval.
///
/// Nothing in it says how the drill ended: whoever reads it computes that from the figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollbackDrill {
    /// What was played.
    pub scenario: String,
    /// The profile that was installed.
    pub profile: String,
    /// Where.
    pub environment: String,
    /// Who ran it.
    pub operator: String,
    /// Whether anything of it was pretended. Such a drill never counts.
    pub simulated: bool,
    /// When it began.
    pub started_at: Timestamp,
    /// When going back was decided.
    pub decided_at: Timestamp,
    /// When the earlier release served every request again; absent when it never did.
    pub restored_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Timestamp,
    /// The steps, in order.
    pub steps: Vec<DrillStep>,
    /// The requests that were sent from the decision on, and those of them that failed.
    pub requests: DrillRequests,
    /// What must be the same before and after.
    pub invariants: Vec<DrillInvariant>,
    /// The digest of the runbook that was followed; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook_sha256: Option<Digest>,
    /// The logs that were kept, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub logs: BTreeMap<String, Digest>,
}

/// One step of a drill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillStep {
    /// What was done.
    pub name: String,
    /// Whether it did what it was to do.
    pub done: bool,
}

/// The requests of a drill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillRequests {
    /// How many were sent.
    pub sent: u64,
    /// How many failed.
    pub failed: u64,
}

/// Something that must be the same before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillInvariant {
    /// What was compared.
    pub name: String,
    /// Its digest before.
    pub before_sha256: Digest,
    /// Its digest after.
    pub after_sha256: Digest,
}

impl RollbackDrill {
    /// Returns the statement over a pair of packets.
    #[must_use]
    pub fn over(self, from: Digest, to: Digest) -> Statement<Self> {
        let subject = |name: &str, digest| Subject { name: name.to_owned(), digest };
        let subjects = vec![subject(Approval::FROM, from), subject(Approval::TO, to)];
        Statement { subjects, predicate: self }
    }

    /// The seconds from the decision until the earlier release served again; nothing when it never
    /// did, or when the times contradict each other.
    #[must_use]
    pub fn seconds_to_roll_back(&self) -> Option<u64> {
        let restored = self.restored_at?;
        let is_ordered = self.started_at <= self.decided_at
            && self.decided_at <= restored
            && restored <= self.finished_at;
        is_ordered.then(|| restored.seconds_since(self.decided_at)).and_then(|s| s.try_into().ok())
    }

    /// Says what did not go as it must; nothing for a drill that passed.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        if self.seconds_to_roll_back().is_none() {
            return Some("the earlier release was not restored in it".to_owned());
        }
        if self.steps.is_empty() {
            return Some("no step of it is recorded".to_owned());
        }
        if let Some(step) = self.steps.iter().find(|step| !step.done) {
            return Some(format!("its step `{}` was not done", step.name.escape_debug()));
        }
        if self.requests.failed > self.requests.sent {
            return Some("more requests failed in it than were sent".to_owned());
        }
        None
    }
}

impl Predicate for RollbackDrill {
    const TYPE: &str = "https://countersign.dev/rollback-drill/v1";
}
