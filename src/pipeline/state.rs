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
}

/// A release that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseMark {
    pub(super) sequence: u64,
    pub(super) sha256: Digest,
    pub(super) accepted_at: Timestamp,
}

const SCHEMA: &str = "countersign.state/v1";

/// How long somebody else may take to read a state and write it.
const PATIENCE: Duration = Duration::from_secs(30);

impl State {
    /// Waits for the right to read the state and write what follows from it.
    pub(super) fn lock(path: &Path) -> Result<Lock, Error> {
        Ok(Lock::of(path, PATIENCE)?)
    }

    /// Reads the state; a file that is not there is an empty state.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let bytes = match tree::read_named(path, 16 << 20) {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() => {
                return Ok(Self {
                    schema: SCHEMA.to_owned(),
                    trust_root: None,
                    releases: BTreeMap::new(),
                });
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

    /// Writes the state: the old one or the new one, at any moment.
    pub(super) fn write(&self, path: &Path) -> Result<(), Error> {
        Ok(tree::write_atomic(path, &json::to_bytes(self), 0o644)?)
    }
}
