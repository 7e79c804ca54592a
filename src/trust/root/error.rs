//! Why there is no usable trust root.

use std::fmt;

use super::{MAX_BYTES, MAX_CHAIN, MAX_CHAIN_BYTES, PAYLOAD_TYPE};
use crate::finding::Rule;
use crate::finding::rules::trust as rules;
use crate::json::JsonError;
use crate::time::Timestamp;
use crate::trust::{KeyError, Refusal};

/// Why there is no usable trust root.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RootError {
    /// The file is larger than a trust root is.
    TooLarge,
    /// The file is not an envelope.
    Envelope(Refusal),
    /// The envelope holds something else.
    PayloadType(String),
    /// The payload is not the document.
    Document(JsonError),
    /// The document contradicts itself.
    Unsound(String),
    /// The Sigstore trusted root in it cannot be used.
    Sigstore(Refusal),
    /// The signatures do not reach the threshold.
    Signatures(Refusal),
    /// The time to judge as of is before the trust root was made.
    ClockBeforeTrust {
        /// When the trust root was made.
        issued_at: Timestamp,
        /// The time to judge as of.
        now: Timestamp,
    },
    /// The trust root is no longer in use.
    Expired {
        /// Its last moment.
        expires_at: Timestamp,
        /// The time to judge as of.
        now: Timestamp,
    },
    /// The version does not follow the one before it.
    NotNext {
        /// The version before it.
        before: u64,
        /// The version that was found.
        found: u64,
    },
    /// More versions than are followed.
    ChainTooLong,
    /// No key was given to sign with.
    NoKey,
    /// A key could not sign.
    Key(KeyError),
}

impl RootError {
    /// Returns the rule that a trust root breaks, for reports on trust roots themselves.
    #[must_use]
    pub fn rule(&self) -> &'static Rule {
        match self {
            Self::Envelope(refusal) | Self::Signatures(refusal) | Self::Sigstore(refusal) => {
                refusal.rule
            }
            Self::PayloadType(_) => &rules::PAYLOAD_TYPE_UNSUPPORTED,
            Self::ClockBeforeTrust { .. } => &rules::CLOCK_BEFORE_TRUST,
            Self::Expired { .. } => &rules::TRUST_ROOT_EXPIRED,
            Self::TooLarge
            | Self::Document(_)
            | Self::Unsound(_)
            | Self::NotNext { .. }
            | Self::ChainTooLong
            | Self::NoKey
            | Self::Key(_) => &rules::TRUST_ROOT_UNSOUND,
        }
    }
}

impl fmt::Display for RootError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(formatter, "larger than the limit of {MAX_BYTES} bytes"),
            Self::Envelope(refusal) | Self::Signatures(refusal) | Self::Sigstore(refusal) => {
                formatter.write_str(&refusal.message)
            }
            Self::PayloadType(found) => write!(
                formatter,
                "holds a payload of type `{}`; expected `{PAYLOAD_TYPE}`",
                found.escape_debug()
            ),
            Self::Document(error) => write!(formatter, "its payload: {error}"),
            Self::Unsound(problem) => formatter.write_str(problem),
            Self::ClockBeforeTrust { issued_at, now } => write!(
                formatter,
                "issued at {issued_at}, after the time of judgement {now}; set the clock right"
            ),
            Self::Expired { expires_at, now } => {
                write!(formatter, "expired at {expires_at}; the time of judgement is {now}")
            }
            Self::NotNext { before, found } => {
                write!(
                    formatter,
                    "version {found} after version {before}; versions follow one by one"
                )
            }
            Self::ChainTooLong => {
                write!(
                    formatter,
                    "more than {MAX_CHAIN} versions or {MAX_CHAIN_BYTES} bytes after the pinned \
                     one; pin a later one"
                )
            }
            Self::NoKey => formatter.write_str("no key was given to sign it with"),
            Self::Key(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for RootError {}
