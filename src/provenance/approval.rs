//! Approvals (`https://countersign.dev/approval/v1`): one person says that one release may be left
//! for another.

use serde::{Deserialize, Serialize};

use super::{Predicate, Statement, Subject};
use crate::digest::Digest;
use crate::time::Timestamp;

/// The predicate of one person's approval. Its statement's subjects are the two packets, under the
/// names [`Approval::FROM`] and [`Approval::TO`].
///
/// ```json
/// {"action": "rollback", "environment": "production", "requester": "carol",
///  "reason": "0.3.0 loses sessions", "approved_at": "2026-11-24T03:10:00Z",
///  "expires_at": "2026-11-24T09:00:00Z"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// What is approved.
    pub action: Action,
    /// Where it may be done.
    pub environment: String,
    /// Who asked for it: the owner's name in the trust root. Does not count as an approver.
    pub requester: String,
    /// Why.
    pub reason: String,
    /// When it was given.
    pub approved_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What an approval is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Going back from one release to another.
    Rollback,
    /// Installing a release over the one before it.
    Promote,
}

impl Approval {
    /// The name of the packet that is left.
    pub const FROM: &str = "from";
    /// The name of the packet that is gone back to.
    pub const TO: &str = "to";

    /// Returns the statement over a pair of packets.
    #[must_use]
    pub fn over(self, from: Digest, to: Digest) -> Statement<Self> {
        let subject = |name: &str, digest| Subject { name: name.to_owned(), digest };
        let subjects = vec![subject(Self::FROM, from), subject(Self::TO, to)];
        Statement { subjects, predicate: self }
    }
}

impl Predicate for Approval {
    const TYPE: &str = "https://countersign.dev/approval/v1";
}
