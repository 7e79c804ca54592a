//! Whose signatures count: keys and identities, the people behind them, and since when.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::path;
use crate::time::Timestamp;
use crate::trust::identity::WorkflowIdentity;
use crate::trust::key::PublicKey;
use crate::trust::sigstore::Identity;

/// A key and the person who holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The key, in PEM.
    pub public_key: PublicKey,
    /// The person, or the one machine, that holds it. Thresholds count owners, not keys.
    pub owner: String,
    /// Whether its signatures count.
    pub state: KeyState,
}

/// Somebody whose certificate says who it is, and the person behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyless {
    /// Which name the certificate must have.
    pub certificate: CertificateName,
    /// The issuer that vouches for the name, byte for byte.
    pub issuer: String,
    /// The person, or the one machine, behind it. Thresholds count owners.
    pub owner: String,
    /// Whether its signatures count.
    pub state: KeyState,
}

/// Returns what two spellings of one owner share.
pub(in crate::trust) fn folded(owner: &str) -> String {
    path::fold(owner).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The only name that a certificate may have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CertificateName {
    /// This one, byte for byte: an address or a URI.
    Subject(String),
    /// That of a CI workflow, part by part.
    Workflow(WorkflowIdentity),
}

impl fmt::Display for CertificateName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subject(subject) => formatter.write_str(subject),
            Self::Workflow(workflow) => workflow.fmt(formatter),
        }
    }
}

impl CertificateName {
    /// Tells whether one certificate could have both names, or two whose difference is the
    /// reference only: then it is the same workflow under another name.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Subject(one), Self::Subject(other)) => one == other,
            (Self::Workflow(one), Self::Workflow(other)) => one.is_same_signer(other),
            (Self::Workflow(workflow), Self::Subject(name))
            | (Self::Subject(name), Self::Workflow(workflow)) => workflow.check_name(name).is_ok(),
        }
    }
}

impl Keyless {
    /// Returns whom a certificate is held against.
    pub(in crate::trust) fn identity(&self) -> Identity {
        let issuer = self.issuer.clone();
        match &self.certificate {
            CertificateName::Subject(identity) => {
                Identity::Certificate { identity: identity.clone(), issuer }
            }
            CertificateName::Workflow(workflow) => {
                Identity::Workflow { workflow: workflow.clone(), issuer }
            }
        }
    }
}

/// Whether a key's signatures count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase", deny_unknown_fields)]
pub enum KeyState {
    /// They count from a time on.
    Active {
        /// The first moment at which its signatures count.
        from: Timestamp,
    },
    /// No longer used; signatures proven older than `since` still count.
    Retired {
        /// The first moment at which its signatures counted.
        from: Timestamp,
        /// When it went out of use.
        since: Timestamp,
    },
    /// In wrong hands; signatures proven older than `since` still count, none later.
    Compromised {
        /// The first moment at which its signatures counted.
        from: Timestamp,
        /// The earliest moment at which somebody else may have used it.
        since: Timestamp,
    },
}

impl KeyState {
    /// Returns the first moment at which signatures count.
    #[must_use]
    pub fn from(self) -> Timestamp {
        let (Self::Active { from } | Self::Retired { from, .. } | Self::Compromised { from, .. }) =
            self;
        from
    }

    /// Says why a signature that is proven to have existed at these times does not count.
    ///
    /// Without a proven time a signature by a key that went out of use could have been made at any
    /// moment, so it does not count. With several, every one must hold: the earliest alone would
    /// let one authority that lies about the time decide.
    pub(in crate::trust) fn problem(self, times: &[Timestamp], at: Timestamp) -> Option<String> {
        let from = self.from();
        if at < from || times.iter().any(|time| *time < from) {
            return Some(format!("counts from {from} on"));
        }
        let (word, since) = match self {
            Self::Active { .. } => return None,
            Self::Retired { since, .. } => ("retired", since),
            Self::Compromised { since, .. } => ("compromised", since),
        };
        if times.is_empty() {
            return Some(format!("is {word} since {since}, and no time of signing is proven"));
        }
        let late = times.iter().find(|time| **time >= since)?;
        Some(format!("is {word} since {since}, and the signature is proven for {late}"))
    }
}
