//! Whom a Sigstore instance consists of: authorities, logs, their keys and windows.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use sigstore_trust_root::{TransparencyLog, TrustedRoot as RootDocument};
use sigstore_types::TransparencyLogEntry;
use sigstore_verify::Verifier;

use super::log::log_refused;
use crate::finding::rules::trust as rules;
use crate::json::{self, Limits};
use crate::trust::Refusal;

/// Whom and what a Sigstore instance consists of: authorities, logs, their keys and windows.
pub struct TrustedRoot {
    pub(super) document: RootDocument,
    pub(super) verifier: Verifier,
    pub(super) operators: BTreeMap<String, String>,
}

impl fmt::Debug for TrustedRoot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let logs = self.document.tlogs.len();
        formatter.debug_struct("TrustedRoot").field("logs", &logs).finish_non_exhaustive()
    }
}

/// Who runs which log: trusted roots v0.2 say so, and the crate does not read it.
#[derive(Deserialize)]
struct OperatorsDocument {
    #[serde(default)]
    tlogs: Vec<OperatorDocument>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OperatorDocument {
    base_url: String,
    operator: Option<String>,
}

/// The largest trusted root, in bytes.
const ROOT_LIMITS: Limits = Limits { bytes: 16 << 20, depth: 32 };

/// The media types under which trusted roots are written.
const ROOT_MEDIA_TYPES: [&str; 3] = [
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
];

/// The most authorities or logs of a trusted root.
const MAX_ROOT_PARTS: usize = 64;

impl TrustedRoot {
    /// Reads a `trusted_root.json`.
    ///
    /// Off-spec: every key and every chain must have a window with a start. A reader that takes a
    /// missing window for an endless one would accept what an old key signs today.
    ///
    /// # Errors
    ///
    /// A refusal of weight `unjudged` for anything but a well-formed trusted root.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let operators: OperatorsDocument =
            json::parse(bytes, ROOT_LIMITS).map_err(|error| unusable(&error.to_string()))?;
        let operators = operators
            .tlogs
            .into_iter()
            .filter_map(|log| Some((log.base_url, log.operator?)))
            .collect();
        let text = std::str::from_utf8(bytes).map_err(|_| unusable("not UTF-8 text"))?;
        let document =
            RootDocument::from_json(text).map_err(|error| unusable(&error.to_string()))?;
        if !ROOT_MEDIA_TYPES.contains(&document.media_type.as_str()) {
            return Err(unusable(&format!("media type `{}`", document.media_type.escape_debug())));
        }
        let parts = document.tlogs.len()
            + document.ctlogs.len()
            + document.certificate_authorities.len()
            + document.timestamp_authorities.len();
        if parts > MAX_ROOT_PARTS {
            return Err(unusable(&format!("{parts} parts; expected at most {MAX_ROOT_PARTS}")));
        }
        let logs = document.tlogs.iter().map(|log| log.public_key.valid_for);
        let windows = logs
            .chain(document.ctlogs.iter().map(|log| log.public_key.valid_for))
            .chain(document.certificate_authorities.iter().map(|authority| authority.valid_for))
            .chain(document.timestamp_authorities.iter().map(|authority| authority.valid_for));
        if windows.into_iter().any(|window| window.is_none()) {
            return Err(unusable("a key or chain without a window that has a start"));
        }
        let verifier = Verifier::new(&document).map_err(|error| unusable(&error.to_string()))?;
        Ok(Self { document, verifier, operators })
    }

    /// Tells whether there are timestamp authorities and nothing else.
    #[must_use]
    pub fn has_timestamp_authorities_only(&self) -> bool {
        let RootDocument { tlogs, ctlogs, certificate_authorities, .. } = &self.document;
        tlogs.is_empty() && ctlogs.is_empty() && certificate_authorities.is_empty()
    }

    pub(super) fn log(&self, entry: &TransparencyLogEntry) -> Result<&TransparencyLog, Refusal> {
        let id = &entry.log_id.key_id;
        self.document.tlogs.iter().find(|log| log.log_id.key_id == *id).ok_or_else(|| {
            let shown: String = id.to_string().chars().take(80).collect();
            log_refused(&format!("the trusted root knows no log `{}`", shown.escape_debug()))
        })
    }
}

pub(super) fn unusable(problem: &str) -> Refusal {
    let problem: String = problem.chars().take(300).collect();
    let message = format!("not a usable trusted root: {}", problem.escape_debug());
    Refusal::new(&rules::TRUSTED_ROOT_UNUSABLE, message)
}
