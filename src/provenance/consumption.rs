//! Consumptions (`https://countersign.dev/approval-consumption/v1`): approvals were used, and are
//! leave for nothing any more.

use serde::{Deserialize, Serialize};

use super::{Approval, Predicate, Statement, Subject};
use crate::digest::Digest;
use crate::time::Timestamp;

/// The predicate of a record that approvals were used. Its statement's subjects are the two packets,
/// as those of an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consumption {
    /// Where they were used.
    pub environment: String,
    /// When.
    pub consumed_at: Timestamp,
    /// The digests of the approvals' statements.
    pub approvals: Vec<Digest>,
}

impl Consumption {
    /// Returns the statement over a pair of packets.
    #[must_use]
    pub fn over(self, from: Digest, to: Digest) -> Statement<Self> {
        let subject = |name: &str, digest| Subject { name: name.to_owned(), digest };
        let subjects = vec![subject(Approval::FROM, from), subject(Approval::TO, to)];
        Statement { subjects, predicate: self }
    }
}

impl Predicate for Consumption {
    const TYPE: &str = "https://countersign.dev/approval-consumption/v1";
}
