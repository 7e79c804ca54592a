//! Readiness: whether one release is a safe place to go to from another, check by check.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::time::Timestamp;
use crate::version::Version;

/// The answer for exactly one pair of packets, as it stands in a report under `rollback`.
///
/// ```json
/// {"action": "rollback", "from": {"product": "lantern", "version": "0.3.0", "sha256": "9f0c..."},
///  "to": {"product": "lantern", "version": "0.2.0", "sha256": "41aa..."}, "environment": "prod",
///  "until": "2026-12-01T00:00:00Z", "will_not_return": ["answers cached by the candidate"],
///  "approvals": {"required": 2, "given_by": ["alice"], "requester": "carol"},
///  "checks": [{"check": "RB07", "code": "CS-ROLLBACK-107", "question": "...", "status": "holds",
///              "detail": "0.2.0 is before 0.3.0", "inputs": [{"name": "...", "sha256": "..."}]}]}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Readiness {
    /// What is asked for.
    pub action: Direction,
    /// The release that would be left; absent when what was given is no packet.
    pub from: Option<ReleaseDocument>,
    /// The release that would be gone to; absent when there is none.
    pub to: Option<ReleaseDocument>,
    /// Where, when it is known.
    pub environment: Option<String>,
    /// Until when the answer stands; absent when nothing limits it or it is not `ready`.
    pub until: Option<Timestamp>,
    /// What the step does not undo.
    pub will_not_return: Vec<String>,
    /// Who must agree, and who did.
    pub approvals: ApprovalsDocument,
    /// Every check, in order.
    pub checks: Vec<ReadinessRow>,
}

/// Which way the question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Going back from the candidate to the target.
    Rollback,
    /// Installing the candidate over the target.
    Promote,
}

/// One release of the pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseDocument {
    /// The product's name.
    pub product: String,
    /// The release's version.
    pub version: Version,
    /// The digest of its packet.
    pub sha256: Digest,
}

/// Who must agree, and who did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalsDocument {
    /// How many people it takes.
    pub required: u32,
    /// Who approved and counts, sorted.
    pub given_by: Vec<String>,
    /// Who may still approve: people of the role who have not, sorted.
    pub open: Vec<String>,
    /// Who asks, when it is known; does not count.
    pub requester: Option<String>,
}

/// One check and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadinessRow {
    /// Its name: `RB01` to `RB30`.
    pub check: String,
    /// The code of its rule, for `explain`.
    pub code: String,
    /// What it asks.
    pub question: String,
    /// What came of it.
    pub status: Status,
    /// What was seen, in one line.
    pub detail: String,
    /// What to do about it; absent when it holds.
    pub remedy: Option<String>,
    /// What it was judged from.
    pub inputs: Vec<InputDocument>,
}

/// A document that a check was judged from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputDocument {
    /// What it is called.
    pub name: String,
    /// The digest of its bytes.
    pub sha256: Digest,
}

/// What came of one check. Only [`Status::Holds`] and [`Status::NotApplicable`] let an answer be
/// `ready`: what is not known is not ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It holds.
    Holds,
    /// It does not hold.
    Fails,
    /// What it needs is missing, or is not vouched for.
    Unknown,
    /// It has nothing to judge for this pair, and what was judged says so.
    NotApplicable,
}

impl Readiness {
    /// Counts the checks by what came of them.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Status, usize> {
        let mut counts = BTreeMap::new();
        for row in &self.checks {
            *counts.entry(row.status).or_default() += 1;
        }
        counts
    }

    /// Tells whether some check came to this.
    #[must_use]
    pub fn has(&self, status: Status) -> bool {
        self.checks.iter().any(|row| row.status == status)
    }
}
