//! The high-water mark: the newest release that was accepted here (`--state`).

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Error;
use crate::digest::Digest;
use crate::json::{self, Limits};
use crate::time::Timestamp;
use crate::tree::{self, Lock};

/// The state of one verifier (`countersign.state/v1`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    schema: String,
    /// The newest trust root that was used.
    pub(super) trust_root: Option<RootMark>,
    /// The newest release of each product and channel, under `product/channel`.
    pub(super) releases: BTreeMap<String, ReleaseMark>,
}

/// A trust root that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RootMark {
    pub(super) version: u64,
    pub(super) sha256: Digest,
    /// When it was issued; absent in states of before this was remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) issued_at: Option<Timestamp>,
}

/// A release that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseMark {
    pub(super) sequence: u64,
    pub(super) sha256: Digest,
    pub(super) accepted_at: Timestamp,
    /// The trees that showed its seal, by what their logs call them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) logs: BTreeMap<String, TreeMark>,
}

/// A log's tree that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TreeMark {
    pub(super) size: u64,
    pub(super) root: Digest,
}

const SCHEMA: &str = "countersign.state/v1";

/// How long somebody else may take to read a state and write it.
const PATIENCE: Duration = Duration::from_secs(30);

impl State {
    /// Waits for the right to read the state and write what follows from it.
    pub(super) fn lock(path: &Path) -> Result<Lock, Error> {
        Ok(Lock::of(path, PATIENCE)?)
    }

    /// The state of a verifier that has seen nothing.
    pub(super) fn empty() -> Self {
        Self { schema: SCHEMA.to_owned(), trust_root: None, releases: BTreeMap::new() }
    }

    /// Reads the state; a file that is not there is an empty state.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let bytes = match tree::read_named(path, 16 << 20) {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() => {
                return Ok(Self::empty());
            }
            Err(error) => return Err(error.into()),
        };
        let state: Self = json::parse(&bytes, Limits::DOCUMENT)
            .map_err(|source| Error::Json { path: path.to_owned(), source })?;
        if state.schema == SCHEMA {
            return Ok(state);
        }
        let problem = format!("the schema is `{}`; expected `{SCHEMA}`", state.schema);
        Err(Error::Unusable { path: path.to_owned(), problem })
    }

    /// Returns the latest moment that this state knows to have come: a clock before it is wrong.
    pub(super) fn latest(&self) -> Option<(Timestamp, &'static str)> {
        let accepted = self.releases.values().map(|mark| mark.accepted_at).max();
        let issued = self.trust_root.and_then(|mark| mark.issued_at);
        let accepted = accepted.map(|at| (at, "a release was accepted"));
        let issued = issued.map(|at| (at, "a trust root that was used was issued"));
        accepted.into_iter().chain(issued).max()
    }

    /// Writes the state: the old one or the new one, at any moment.
    pub(super) fn write(&self, path: &Path) -> Result<(), Error> {
        Ok(tree::write_atomic(path, &json::to_bytes(self), 0o644)?)
    }
}
