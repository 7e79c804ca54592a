//! `rollback consume`: a signed record that approvals were used.

use std::path::PathBuf;

use super::{Named, read_pair, write_signed};
use crate::digest::Digest;
use crate::pipeline::Error;
use crate::pipeline::sign::SigningKey;
use crate::provenance::{Approval, Consumption, Statement};
use crate::time::Timestamp;
use crate::tree;
use crate::trust::{Bundle, Content};

/// What is asked.
#[derive(Debug)]
pub struct ConsumptionRequest {
    /// The packet that was left.
    pub from: PathBuf,
    /// The packet that was gone back to.
    pub to: PathBuf,
    /// The approvals that it was done with.
    pub approvals: Vec<PathBuf>,
    /// Where it was done.
    pub environment: String,
    /// When.
    pub consumed_at: Timestamp,
    /// The file to write.
    pub out: PathBuf,
}

/// Writes the record. Returns the pair, and how many approvals are used up.
///
/// # Errors
///
/// When an approval is none, or is about another pair or environment; when nothing can be written.
pub fn consume(
    request: &ConsumptionRequest,
    key: &SigningKey,
) -> Result<(Named, Named, usize), Error> {
    let (candidate, target) = read_pair(&request.from, &request.to)?;
    let mut approvals: Vec<Digest> = Vec::new();
    for path in &request.approvals {
        let refused = |problem: String| Error::Refused { path: path.clone(), problem };
        let bundle = Bundle::parse(&tree::read_named(path, 1 << 20)?)
            .map_err(|refusal| refused(refusal.message))?;
        let Content::Envelope(envelope) = bundle.content() else {
            return Err(refused("signs a file; expected an approval".to_owned()));
        };
        let payload = envelope.unverified_payload();
        let statement =
            Statement::<Approval>::parse(payload).map_err(|error| refused(error.to_string()))?;
        let pair = statement.predicate.clone().over(candidate.packet, target.packet);
        if statement.subjects != pair.subjects {
            return Err(refused("approves another pair of packets".to_owned()));
        }
        if statement.predicate.environment != request.environment {
            let found = statement.predicate.environment.escape_debug();
            return Err(refused(format!("is an approval for `{found}`")));
        }
        approvals.push(Digest::of(payload));
    }
    approvals.sort();
    approvals.dedup();
    let count = approvals.len();
    if count == 0 {
        let problem = "no approval was given; name those that were used".to_owned();
        return Err(Error::Refused { path: request.out.clone(), problem });
    }
    let consumption = Consumption {
        environment: request.environment.clone(),
        consumed_at: request.consumed_at,
        approvals,
    };
    let statement = consumption.over(candidate.packet, target.packet);
    write_signed(statement.to_bytes(), key, &request.out)?;
    Ok((candidate, target, count))
}
