//! `rollback drill record`: a drill's log and timings become a signed result, bound to both packets.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::{Named, read_pair, write_signed};
use crate::digest::Digest;
use crate::json::{self, Limits};
use crate::path::RelPath;
use crate::pipeline::Error;
use crate::pipeline::sign::SigningKey;
use crate::provenance::{DrillInvariant, DrillRequests, DrillStep, RollbackDrill};
use crate::time::Timestamp;
use crate::tree::{self, Tree};

/// What is asked.
#[derive(Debug)]
pub struct DrillRequest {
    /// The packet that was left.
    pub from: PathBuf,
    /// The packet that was gone back to.
    pub to: PathBuf,
    /// What happened and when (`countersign.drill-log/v1`).
    pub timings: PathBuf,
    /// Further logs, bound by their digests.
    pub logs: Vec<PathBuf>,
    /// The runbook that was followed.
    pub runbook: Option<PathBuf>,
    /// The profile that was installed.
    pub profile: String,
    /// Where.
    pub environment: String,
    /// The time of recording; no drill ends later.
    pub now: Timestamp,
    /// The file to write.
    pub out: PathBuf,
}

/// What happened in a drill, as whoever ran it writes it down (`countersign.drill-log/v1`).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DrillLog {
    schema: String,
    scenario: String,
    operator: String,
    #[serde(default)]
    simulated: bool,
    started_at: Timestamp,
    decided_at: Timestamp,
    restored_at: Option<Timestamp>,
    finished_at: Timestamp,
    steps: Vec<DrillStep>,
    requests: DrillRequests,
    invariants: Vec<DrillInvariant>,
}

const SCHEMA: &str = "countersign.drill-log/v1";

/// A recorded drill.
#[derive(Debug)]
pub struct Recorded {
    /// The packet that was left.
    pub from: Named,
    /// The packet that was gone back to.
    pub to: Named,
    /// What was signed.
    pub drill: RollbackDrill,
}

/// Writes the result. A drill that failed is recorded like any other: it is the next one that
/// counts.
///
/// # Errors
///
/// When the two files are no pair, when the log is none or contradicts itself, or when the result
/// cannot be written.
pub fn record_drill(request: &DrillRequest, key: &SigningKey) -> Result<Recorded, Error> {
    let bytes = tree::read_named(&request.timings, 1 << 20)?;
    let path = request.timings.clone();
    let log: DrillLog = json::parse(&bytes, Limits::DOCUMENT)
        .map_err(|source| Error::Json { path: path.clone(), source })?;
    let refused = |problem: String| Error::Refused { path: path.clone(), problem };
    if log.schema != SCHEMA {
        let found = log.schema.escape_debug();
        return Err(refused(format!("the schema is `{found}`; expected `{SCHEMA}`")));
    }
    let times =
        [Some(log.started_at), Some(log.decided_at), log.restored_at, Some(log.finished_at)];
    let times: Vec<Timestamp> = times.into_iter().flatten().collect();
    if !times.is_sorted() {
        return Err(refused(
            "the times are out of order; expected started_at, decided_at, restored_at, finished_at"
                .to_owned(),
        ));
    }
    if log.finished_at > request.now {
        let (ends, now) = (log.finished_at, request.now);
        return Err(refused(format!("the drill ends at {ends}, and it is {now}")));
    }
    let (from, to) = read_pair(&request.from, &request.to)?;
    let mut logs = BTreeMap::from([(name_of(&request.timings), Digest::of(&bytes))]);
    for log in &request.logs {
        logs.insert(name_of(log), hash(log)?);
    }
    let drill = RollbackDrill {
        scenario: log.scenario,
        profile: request.profile.clone(),
        environment: request.environment.clone(),
        operator: log.operator,
        simulated: log.simulated,
        started_at: log.started_at,
        decided_at: log.decided_at,
        restored_at: log.restored_at,
        finished_at: log.finished_at,
        steps: log.steps,
        requests: log.requests,
        invariants: log.invariants,
        runbook_sha256: request.runbook.as_deref().map(hash).transpose()?,
        logs,
    };
    let statement = drill.clone().over(from.packet, to.packet);
    write_signed(statement.to_bytes(), key, &request.out)?;
    Ok(Recorded { from, to, drill })
}

fn name_of(path: &std::path::Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Hashes a file of any size without holding it.
fn hash(path: &std::path::Path) -> Result<Digest, Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let tree = Tree::open(folder.unwrap_or_else(|| std::path::Path::new(".")))?;
    let name: RelPath = name_of(path).parse().map_err(|error| Error::Unusable {
        path: path.to_owned(),
        problem: format!("is not the name of a file: {error}"),
    })?;
    Ok(tree.hash(&name, &mut vec![0; 128 << 10])?.0)
}
