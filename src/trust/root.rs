//! The trust root: which keys speak for which people in which roles, and what a release must bring.
//!
//! One DSSE envelope with many signatures (`keys/trust-root/N.json`). The verifier pins one file;
//! it comes from outside of what is verified.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::envelope::Envelope;
use super::key::{KeyId, PublicKey};
use super::{KeyError, PrivateKey, Refusal, verify};
use crate::json::{self, JsonError, Limits};
use crate::time::Timestamp;

/// A trust root whose own signatures hold. The only constructors are [`TrustRoot::open`] and the
/// signing of a new one.
#[derive(Debug, Clone)]
pub struct TrustRoot {
    document: TrustRootDocument,
    digest: crate::digest::Digest,
}

/// The document that a trust root's signatures are over (`countersign.trust-root/v1`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustRootDocument {
    /// Always [`TrustRootDocument::SCHEMA`].
    pub schema: String,
    /// The version, from 1; a later one replaces an earlier one.
    pub version: u64,
    /// When it was made.
    pub issued_at: Timestamp,
    /// When it is no longer used.
    pub expires_at: Timestamp,
    /// All keys, each under its recomputed id.
    pub keys: BTreeMap<KeyId, Key>,
    /// Which keys speak in which role.
    pub roles: BTreeMap<RoleName, Role>,
    /// What a release must bring.
    pub policy: Policy,
}

impl TrustRootDocument {
    /// The document's name and version.
    pub const SCHEMA: &str = "countersign.trust-root/v1";
}

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

/// What a signature can be made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoleName {
    /// The next version of the trust root.
    Root,
    /// A release: seal, provenance, checksums.
    Release,
    /// Evidence that other pipelines sign.
    Evidence,
    /// Waivers.
    Waiver,
    /// Approvals of a rollback.
    RollbackApprover,
}

impl fmt::Display for RoleName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Root => "root",
            Self::Release => "release",
            Self::Evidence => "evidence",
            Self::Waiver => "waiver",
            Self::RollbackApprover => "rollback-approver",
        })
    }
}

/// Who speaks in a role, and how many of them it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The keys that speak in it.
    pub keys: Vec<KeyId>,
    /// How many distinct owners it takes, from 1.
    pub threshold: u32,
}

/// What a release must bring. Whatever is not listed is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The product that this trust root speaks for.
    pub product: String,
    /// The channels on which it is released.
    pub channels: Vec<String>,
    /// The builders that may have built it (SLSA `builder.id`).
    pub builders: Vec<String>,
    /// The build types that may have been used (SLSA `buildType`).
    pub build_types: Vec<String>,
    /// The source repositories it may be built from.
    pub sources: Vec<String>,
    /// The external parameters that a build may have; others are refused.
    pub external_parameters: Vec<String>,
    /// The evidence that must be in the packet.
    pub evidence: Vec<RequiredEvidence>,
    /// How many vulnerabilities that nobody accepted a release may have.
    pub vulnerabilities: VulnerabilityBudget,
    /// The most waivers that a release may carry.
    pub max_waivers: u32,
    /// The largest packet, in bytes.
    pub max_packet_bytes: u64,
    /// The most members of a packet.
    pub max_members: u32,
}

/// One kind of evidence that must be in the packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredEvidence {
    /// The kind: `validator-report`, `sbom`, `scan`, `drill`, `load-summary`, `attestation`.
    pub kind: String,
    /// The area it comes from; absent for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// The most days between its observation and the release.
    pub max_age_days: u32,
}

/// How many vulnerabilities a release may have, by severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VulnerabilityBudget {
    /// Critical ones.
    pub max_critical: u32,
    /// High ones.
    pub max_high: u32,
}

/// The payload type of a trust root's envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.countersign.trust-root.v1+json";

/// The largest trust root that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// The most keys of a trust root.
const MAX_KEYS: usize = 256;

impl TrustRoot {
    /// Opens a pinned trust root: its signatures must reach its own root role's threshold.
    ///
    /// # Errors
    ///
    /// [`RootError`] for anything but a sound trust root that is in use at `now`. There is no
    /// verdict without one.
    pub fn open(bytes: &[u8], now: Timestamp) -> Result<Self, RootError> {
        if bytes.len() > MAX_BYTES {
            return Err(RootError::TooLarge);
        }
        let envelope = Envelope::parse(bytes).map_err(RootError::Envelope)?;
        if envelope.unverified_payload_type() != PAYLOAD_TYPE {
            return Err(RootError::PayloadType(envelope.unverified_payload_type().to_owned()));
        }
        // Which keys may sign is told by the very document they sign. That is sound here because
        // the verifier chose the file; a later version is judged by the one before it.
        let document: TrustRootDocument =
            json::parse(envelope.unverified_payload(), Limits::DOCUMENT)
                .map_err(RootError::Document)?;
        document.check()?;
        let digest = crate::digest::Digest::of(envelope.unverified_payload());
        let root = Self { document, digest };
        verify::open_root(&envelope, &root).map_err(RootError::Signatures)?;
        if now < root.document.issued_at {
            return Err(RootError::ClockBeforeTrust { issued_at: root.document.issued_at, now });
        }
        if now >= root.document.expires_at {
            return Err(RootError::Expired { expires_at: root.document.expires_at, now });
        }
        Ok(root)
    }

    /// Signs a new trust root and returns its file.
    ///
    /// # Errors
    ///
    /// [`RootError`] when the document is not sound or the keys do not reach its root role's
    /// threshold.
    pub fn seal(document: &TrustRootDocument, keys: &[&PrivateKey]) -> Result<Vec<u8>, RootError> {
        document.check()?;
        let payload = json::to_bytes(document);
        let (first, rest) = keys.split_first().ok_or(RootError::NoKey)?;
        let mut envelope = Envelope::sign(PAYLOAD_TYPE, payload, first).map_err(RootError::Key)?;
        for key in rest {
            envelope.add_signature(key).map_err(RootError::Key)?;
        }
        let bytes = envelope.to_bytes();
        Self::open(&bytes, document.issued_at)?;
        Ok(bytes)
    }

    /// Returns the version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.document.version
    }

    /// Returns the digest of the signed document.
    #[must_use]
    pub fn digest(&self) -> crate::digest::Digest {
        self.digest
    }

    /// Returns what a release must bring.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.document.policy
    }

    /// Returns the document.
    #[must_use]
    pub fn document(&self) -> &TrustRootDocument {
        &self.document
    }

    /// Returns the keys of a role with their ids, and how many distinct owners it takes.
    pub(super) fn role(&self, name: RoleName) -> Option<(Vec<(KeyId, &Key)>, u32)> {
        let role = self.document.roles.get(&name)?;
        let keys = role
            .keys
            .iter()
            .filter_map(|id| self.document.keys.get(id).map(|key| (*id, key)))
            .collect();
        Some((keys, role.threshold))
    }
}

impl TrustRootDocument {
    /// Holds when every id, role, threshold and window makes sense.
    fn check(&self) -> Result<(), RootError> {
        let unsound = |problem: String| Err(RootError::Unsound(problem));
        if self.schema != Self::SCHEMA {
            return unsound(format!(
                "the schema is `{}`; expected `{}`",
                self.schema,
                Self::SCHEMA
            ));
        }
        if self.version == 0 {
            return unsound("version 0; versions begin at 1".to_owned());
        }
        if self.expires_at <= self.issued_at {
            return unsound("it expires before it is issued".to_owned());
        }
        if self.keys.is_empty() || self.keys.len() > MAX_KEYS {
            return unsound(format!("{} keys; expected 1 to {MAX_KEYS}", self.keys.len()));
        }
        for (id, key) in &self.keys {
            if key.public_key.id() != *id {
                return unsound(format!(
                    "the key under `{id}` has the id `{}`",
                    key.public_key.id()
                ));
            }
            if key.owner.trim().is_empty() {
                return unsound(format!("nobody owns the key `{id}`"));
            }
        }
        for required in [RoleName::Root, RoleName::Release] {
            if !self.roles.contains_key(&required) {
                return unsound(format!("no role `{required}`"));
            }
        }
        self.roles.iter().try_for_each(|(name, role)| self.check_role(*name, role))
    }

    fn check_role(&self, name: RoleName, role: &Role) -> Result<(), RootError> {
        let unsound = |problem: String| Err(RootError::Unsound(problem));
        let distinct: BTreeSet<&KeyId> = role.keys.iter().collect();
        if distinct.len() != role.keys.len() {
            return unsound(format!("the role `{name}` names a key twice"));
        }
        if let Some(unknown) = role.keys.iter().find(|id| !self.keys.contains_key(id)) {
            return unsound(format!("the role `{name}` names the unknown key `{unknown}`"));
        }
        let owners: BTreeSet<&str> =
            role.keys.iter().map(|id| self.keys[id].owner.as_str()).collect();
        let threshold = usize::try_from(role.threshold).unwrap_or(usize::MAX);
        if threshold == 0 || threshold > owners.len() {
            return unsound(format!(
                "the role `{name}` takes {threshold} people and has {}",
                owners.len()
            ));
        }
        Ok(())
    }
}

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
    /// No key was given to sign with.
    NoKey,
    /// A key could not sign.
    Key(KeyError),
}

impl fmt::Display for RootError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(formatter, "larger than the limit of {MAX_BYTES} bytes"),
            Self::Envelope(refusal) | Self::Signatures(refusal) => {
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
            Self::NoKey => formatter.write_str("no key was given to sign it with"),
            Self::Key(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for RootError {}
