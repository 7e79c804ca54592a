//! `rollback approve`: one person's signed approval of exactly one pair.

use std::path::PathBuf;

use super::{Named, read_pair, write_signed};
use crate::pipeline::Error;
use crate::pipeline::sign::SigningKey;
use crate::provenance::{Action, Approval};
use crate::time::Timestamp;

/// What is asked.
#[derive(Debug)]
pub struct ApprovalRequest {
    /// The packet that would be left, or the newer one of the pair.
    pub from: PathBuf,
    /// The packet that would be gone back to, or the older one.
    pub to: PathBuf,
    /// What is approved.
    pub action: Action,
    /// Where.
    pub environment: String,
    /// Who asked for it; empty when the approver does not say.
    pub requester: String,
    /// Why.
    pub reason: String,
    /// When it is given.
    pub approved_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The file to write.
    pub out: PathBuf,
}

/// The longest time that an approval can hold, in days.
const MAX_DAYS: u32 = 31;
/// The longest text of a reason, in bytes.
const MAX_REASON: usize = 4096;

/// Writes the approval. Returns the pair that was approved.
///
/// # Errors
///
/// When the two files are no pair, when the approval would never hold, or when it cannot be written.
pub fn approve(request: &ApprovalRequest, key: &SigningKey) -> Result<(Named, Named), Error> {
    let unusable = |problem: String| Error::Refused { path: request.out.clone(), problem };
    if request.environment.trim().is_empty() || request.reason.trim().is_empty() {
        return Err(unusable("an approval names an environment and a reason".to_owned()));
    }
    if request.reason.len() > MAX_REASON {
        return Err(unusable(format!("the reason is longer than {MAX_REASON} bytes")));
    }
    if request.expires_at <= request.approved_at {
        let (ends, now) = (request.expires_at, request.approved_at);
        return Err(unusable(format!("the approval would end at {ends}, and it is {now}")));
    }
    if request.expires_at > request.approved_at.plus_days(MAX_DAYS) {
        let problem = format!("an approval holds for {MAX_DAYS} days at most");
        return Err(unusable(problem));
    }
    let (candidate, target) = read_pair(&request.from, &request.to)?;
    let approval = Approval {
        action: request.action,
        environment: request.environment.clone(),
        requester: request.requester.clone(),
        reason: request.reason.clone(),
        approved_at: request.approved_at,
        expires_at: request.expires_at,
    };
    let statement = approval.over(candidate.packet, target.packet);
    write_signed(statement.to_bytes(), key, &request.out)?;
    Ok((candidate, target))
}
