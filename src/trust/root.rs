//! The trust root: which keys speak for which people in which roles, and what a release must bring.
//!
//! One DSSE envelope with many signatures (`keys/trust-root/N.json`). The verifier pins one file;
//! it comes from outside of what is verified.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::envelope::Envelope;
use super::identity::WorkflowIdentity;
use super::key::{KeyId, PublicKey};
use super::policy::{AttestationPolicy, PairedVerifier};
use super::sigstore::{Identity, TrustedRoot};
use super::{KeyError, PrivateKey, Refusal, verify};
use crate::digest::Digest;
use crate::finding::Area;
use crate::json::{self, JsonError, Limits};
use crate::time::Timestamp;

/// A trust root whose own signatures hold. The only constructors are [`TrustRoot::open`] and the
/// signing of a new one.
#[derive(Debug, Clone)]
pub struct TrustRoot {
    document: TrustRootDocument,
    digest: Digest,
    sigstore: Option<Arc<TrustedRoot>>,
    as_of: Option<Timestamp>,
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
    /// Who signs without a key of their own, each under a name: their certificate says who it is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub identities: BTreeMap<String, Keyless>,
    /// Which keys and identities speak in which role.
    pub roles: BTreeMap<RoleName, Role>,
    /// What a release must bring.
    pub policy: Policy,
    /// The text of a Sigstore `trusted_root.json`: the authorities behind certificates, logs and
    /// timestamps. Without it none of the three is believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigstore: Option<String>,
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

impl Keyless {
    /// Returns whom a certificate is held against.
    pub(super) fn identity(&self) -> Identity {
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
    pub(super) fn problem(self, times: &[Timestamp], at: Timestamp) -> Option<String> {
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

/// What a signature can be made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoleName {
    /// The next version of the trust root.
    Root,
    /// A release: seal, provenance, checksums.
    Release,
    /// Evidence that other pipelines sign, where no role of its own stands for the area.
    Evidence,
    /// Evidence about the stack.
    StackEvidence,
    /// Evidence about Kubernetes.
    K8sEvidence,
    /// Evidence about observability.
    ObserveEvidence,
    /// Evidence about load.
    LoadEvidence,
    /// Evidence about the release itself.
    ReleaseEvidence,
    /// Evidence about going back.
    RollbackEvidence,
    /// Waivers.
    Waiver,
    /// Approvals of a rollback.
    RollbackApprover,
}

impl RoleName {
    /// Returns the role that speaks about one area.
    #[must_use]
    pub fn evidence_of(area: Area) -> Self {
        match area {
            Area::Stack => Self::StackEvidence,
            Area::K8s => Self::K8sEvidence,
            Area::Observe => Self::ObserveEvidence,
            Area::Load => Self::LoadEvidence,
            Area::Release => Self::ReleaseEvidence,
            Area::Rollback => Self::RollbackEvidence,
            Area::Packet | Area::Trust => Self::Evidence,
        }
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Root => "root",
            Self::Release => "release",
            Self::Evidence => "evidence",
            Self::StackEvidence => "stack-evidence",
            Self::K8sEvidence => "k8s-evidence",
            Self::ObserveEvidence => "observe-evidence",
            Self::LoadEvidence => "load-evidence",
            Self::ReleaseEvidence => "release-evidence",
            Self::RollbackEvidence => "rollback-evidence",
            Self::Waiver => "waiver",
            Self::RollbackApprover => "rollback-approver",
        })
    }
}

/// A role with what its names stand for.
pub(super) struct Speakers<'a> {
    pub(super) keys: Vec<(KeyId, &'a Key)>,
    pub(super) identities: Vec<&'a Keyless>,
    pub(super) threshold: u32,
}

/// Who speaks in a role, and how many of them it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The keys that speak in it.
    pub keys: Vec<KeyId>,
    /// The names of the identities that speak in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<String>,
    /// How many distinct owners it takes, from 1.
    pub threshold: u32,
}

impl Role {
    /// A role that nobody speaks in yet, of one person.
    pub(crate) fn empty() -> Self {
        Self { keys: Vec::new(), identities: Vec::new(), threshold: 1 }
    }
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
    /// Whether every signature but the trust root's own must have a proven time. Without it a key's
    /// window and the sealed sequence have to do.
    #[serde(default, skip_serializing_if = "is_false")]
    pub require_proven_time: bool,
    /// How many log operators must have taken each signature in; none when 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub log_operators: u32,
    /// What is asked of signed statements; nothing when empty.
    #[serde(default, skip_serializing_if = "AttestationPolicy::is_empty")]
    pub attestations: AttestationPolicy,
    /// The largest packet, in bytes.
    pub max_packet_bytes: u64,
    /// The most members of a packet.
    pub max_members: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serializer hands over references")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serializer hands over references")]
fn is_zero(value: &u32) -> bool {
    *value == 0
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
    /// The role that must have signed it; absent for the role of its area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleName>,
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
/// The most versions that are followed from the pinned one.
pub const MAX_CHAIN: usize = 1024;
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
        Self::open_chain(bytes, &[], now)
    }

    /// Opens a pinned trust root and follows it to the newest version: version N+1 is signed by the
    /// thresholds of N *and* of N+1 (TUF 1.0.34, section 5.3).
    ///
    /// Only the newest has to be in use at `now`: an older one has done its work by naming it.
    ///
    /// # Errors
    ///
    /// As [`TrustRoot::open`], and for a version that does not follow from the one before it.
    pub fn open_chain(pinned: &[u8], later: &[Vec<u8>], now: Timestamp) -> Result<Self, RootError> {
        if later.len() > MAX_CHAIN {
            return Err(RootError::ChainTooLong);
        }
        let first = Self::open_signed(pinned)?.0;
        let newest = later.iter().try_fold(first, |root, bytes| root.succeeded_by(bytes))?;
        newest.check_in_use(now)?;
        Ok(newest)
    }

    /// Opens the version that was in use at an earlier time, so that signatures are judged by what
    /// was known then. What has been learnt since, that a key is in wrong hands for one, plays no
    /// part: the answer is history and no leave to install anything today.
    ///
    /// # Errors
    ///
    /// As [`TrustRoot::open_chain`].
    pub fn open_as_of(
        pinned: &[u8],
        later: &[Vec<u8>],
        as_of: Timestamp,
    ) -> Result<Self, RootError> {
        if later.len() > MAX_CHAIN {
            return Err(RootError::ChainTooLong);
        }
        let mut root = Self::open_signed(pinned)?.0;
        for bytes in later {
            let next = root.succeeded_by(bytes)?;
            if next.document.issued_at > as_of {
                break;
            }
            root = next;
        }
        root.check_in_use(as_of)?;
        root.as_of = Some(as_of);
        Ok(root)
    }

    /// Opens a trust root whose signatures reach its own threshold, whatever the time.
    fn open_signed(bytes: &[u8]) -> Result<(Self, Envelope), RootError> {
        if bytes.len() > MAX_BYTES {
            return Err(RootError::TooLarge);
        }
        let envelope = Envelope::parse(bytes).map_err(RootError::Envelope)?;
        if envelope.unverified_payload_type() != PAYLOAD_TYPE {
            return Err(RootError::PayloadType(envelope.unverified_payload_type().to_owned()));
        }
        // Which keys may sign is told by the very document they sign. That is sound for the file
        // that the verifier chose; a later version is judged by the one before it as well.
        let document = TrustRootDocument::parse(envelope.unverified_payload())?;
        let digest = Digest::of(envelope.unverified_payload());
        let sigstore = document.sigstore.as_ref().map(|text| TrustedRoot::parse(text.as_bytes()));
        let sigstore = sigstore.transpose().map_err(RootError::Sigstore)?.map(Arc::new);
        let root = Self { document, digest, sigstore, as_of: None };
        verify::open_root(&envelope, &root).map_err(RootError::Signatures)?;
        Ok((root, envelope))
    }

    /// Opens the version after this one.
    fn succeeded_by(&self, bytes: &[u8]) -> Result<Self, RootError> {
        let (next, envelope) = Self::open_signed(bytes)?;
        let (before, after) = (&self.document, &next.document);
        if Some(after.version) != before.version.checked_add(1) {
            return Err(RootError::NotNext { before: before.version, found: after.version });
        }
        if after.issued_at < before.issued_at {
            return Err(RootError::Unsound(format!(
                "version {} was issued before version {}",
                after.version, before.version
            )));
        }
        if after.policy.product != before.policy.product {
            let problem = format!(
                "version {} speaks for `{}`; expected `{}`",
                after.version, after.policy.product, before.policy.product
            );
            return Err(RootError::Unsound(problem));
        }
        verify::open_successor(&envelope, self, after.issued_at).map_err(RootError::Signatures)?;
        Ok(next)
    }

    fn check_in_use(&self, now: Timestamp) -> Result<(), RootError> {
        let TrustRootDocument { issued_at, expires_at, .. } = self.document;
        if now < issued_at {
            return Err(RootError::ClockBeforeTrust { issued_at, now });
        }
        if now >= expires_at {
            return Err(RootError::Expired { expires_at, now });
        }
        Ok(())
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
        Self::open_signed(&bytes)?;
        Ok(bytes)
    }

    /// Returns the version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.document.version
    }

    /// Returns the digest of the signed document.
    #[must_use]
    pub fn digest(&self) -> Digest {
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

    /// Returns the earlier time whose trust this is; none for today's.
    #[must_use]
    pub fn as_of(&self) -> Option<Timestamp> {
        self.as_of
    }

    /// Returns the authorities behind certificates, logs and timestamps.
    pub(super) fn sigstore(&self) -> Option<&TrustedRoot> {
        self.sigstore.as_deref()
    }

    /// Returns the role that signs evidence about an area: its own where there is one.
    #[must_use]
    pub fn evidence_role(&self, area: Area) -> RoleName {
        let own = RoleName::evidence_of(area);
        if self.document.roles.contains_key(&own) { own } else { RoleName::Evidence }
    }

    /// Returns who speaks in a role, and how many distinct owners it takes.
    pub(super) fn role(&self, name: RoleName) -> Option<Speakers<'_>> {
        let role = self.document.roles.get(&name)?;
        let keys = role
            .keys
            .iter()
            .filter_map(|id| self.document.keys.get(id).map(|key| (*id, key)))
            .collect();
        let identities =
            role.identities.iter().filter_map(|name| self.document.identities.get(name)).collect();
        Some(Speakers { keys, identities, threshold: role.threshold })
    }
}

impl TrustRoot {
    /// Returns who signs for a verifier: any one of them.
    pub(super) fn signers_for(&self, verifier: &PairedVerifier) -> Speakers<'_> {
        let key = |id: &KeyId| self.document.keys.get(id).map(|key| (*id, key));
        let identity = |name: &String| self.document.identities.get(name);
        Speakers {
            keys: verifier.keys.iter().filter_map(key).collect(),
            identities: verifier.identities.iter().filter_map(identity).collect(),
            threshold: 1,
        }
    }
}

impl TrustRootDocument {
    /// Reads the document and holds it against its own rules.
    ///
    /// # Errors
    ///
    /// [`RootError::Document`] and [`RootError::Unsound`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RootError> {
        let document: Self = json::parse(bytes, Limits::DOCUMENT).map_err(RootError::Document)?;
        document.check()?;
        Ok(document)
    }

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
        self.check_identities()?;
        for required in [RoleName::Root, RoleName::Release] {
            if !self.roles.contains_key(&required) {
                return unsound(format!("no role `{required}`"));
            }
        }
        // An empty list asks for nothing, and nothing is what would be shown.
        let policy = &self.policy;
        for (what, is_empty) in [
            ("channels", policy.channels.is_empty()),
            ("builders", policy.builders.is_empty()),
            ("build_types", policy.build_types.is_empty()),
            ("sources", policy.sources.is_empty()),
            ("evidence", policy.evidence.is_empty()),
        ] {
            if is_empty {
                return unsound(format!(
                    "the policy's `{what}` is empty; nothing would be asked for"
                ));
            }
        }
        self.check_attestations()?;
        let asked = policy.evidence.iter().filter_map(|required| required.role);
        if let Some(unknown) = asked.into_iter().find(|role| !self.roles.contains_key(role)) {
            return unsound(format!("evidence of the role `{unknown}`, and there is no such role"));
        }
        self.roles.iter().try_for_each(|(name, role)| self.check_role(*name, role))
    }

    fn check_attestations(&self) -> Result<(), RootError> {
        let unsound = |problem: String| Err(RootError::Unsound(problem));
        let AttestationPolicy { required, verifiers, predicate_aliases } =
            &self.policy.attestations;
        for asked in required {
            let shown = asked.predicate_type.escape_debug();
            if asked.predicate_type.is_empty() {
                return unsound("an attestation of no predicate type is asked for".to_owned());
            }
            if let Some(role) = asked.role.filter(|role| !self.roles.contains_key(role)) {
                return unsound(format!(
                    "`{shown}` of the role `{role}`, and there is no such role"
                ));
            }
        }
        for (alias, stands_for) in predicate_aliases {
            if stands_for.is_empty() || predicate_aliases.contains_key(stands_for) {
                let alias = alias.escape_debug();
                return unsound(format!("the predicate alias `{alias}` stands for no type"));
            }
        }
        let mut pairs = BTreeSet::new();
        for verifier in verifiers {
            let PairedVerifier { id, keys, identities, resource, levels, .. } = verifier;
            let shown = id.escape_debug();
            if id.is_empty() || resource.is_empty() || levels.is_empty() {
                return unsound(format!("the verifier `{shown}` has an empty field"));
            }
            if !pairs.insert((id, resource)) {
                return unsound(format!("the verifier `{shown}` stands twice for one resource"));
            }
            // Nobody paired would let nobody's summary count, and hide that it was meant to.
            if keys.is_empty() && identities.is_empty() {
                return unsound(format!("nobody is paired with the verifier `{shown}`"));
            }
            if let Some(unknown) = keys.iter().find(|id| !self.keys.contains_key(id)) {
                return unsound(format!(
                    "the verifier `{shown}` names the unknown key `{unknown}`"
                ));
            }
            if identities.iter().any(|name| !self.identities.contains_key(name)) {
                return unsound(format!("the verifier `{shown}` names an unknown identity"));
            }
        }
        Ok(())
    }

    fn check_identities(&self) -> Result<(), RootError> {
        let unsound = |problem: String| Err(RootError::Unsound(problem));
        if self.identities.len() > MAX_KEYS {
            let count = self.identities.len();
            return unsound(format!("{count} identities; expected at most {MAX_KEYS}"));
        }
        let mut seen = BTreeSet::new();
        for (name, identity) in &self.identities {
            let shown = name.escape_debug();
            let Keyless { certificate, issuer, owner, .. } = identity;
            let subject = certificate.to_string();
            if [name, &subject, issuer, owner].iter().any(|text| text.trim().is_empty()) {
                return unsound(format!("the identity `{shown}` has an empty field"));
            }
            if !seen.insert((certificate, issuer)) {
                return unsound(format!("the identity `{shown}` is there under two names"));
            }
        }
        if !self.identities.is_empty() && self.sigstore.is_none() {
            let problem = "identities, and no `sigstore` trusted root to verify certificates with";
            return unsound(problem.to_owned());
        }
        Ok(())
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
        let distinct: BTreeSet<&String> = role.identities.iter().collect();
        if distinct.len() != role.identities.len() {
            return unsound(format!("the role `{name}` names an identity twice"));
        }
        let named = role.identities.iter().map(|id| (id, self.identities.get(id)));
        if let Some((unknown, _)) = named.clone().find(|(_, identity)| identity.is_none()) {
            let unknown = unknown.escape_debug();
            return unsound(format!("the role `{name}` names the unknown identity `{unknown}`"));
        }
        // The next version must be verifiable by whoever holds this one and nothing else.
        if name == RoleName::Root && !role.identities.is_empty() {
            return unsound("the role `root` names identities; it takes keys".to_owned());
        }
        let owners: BTreeSet<&str> = role
            .keys
            .iter()
            .map(|id| self.keys[id].owner.as_str())
            .chain(named.filter_map(|(_, identity)| identity).map(|one| one.owner.as_str()))
            .collect();
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
                    "more than {MAX_CHAIN} versions after the pinned one; pin a later one"
                )
            }
            Self::NoKey => formatter.write_str("no key was given to sign it with"),
            Self::Key(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for RootError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Algorithm;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    struct Person {
        name: &'static str,
        key: PrivateKey,
    }

    fn person(name: &'static str) -> Person {
        Person { name, key: PrivateKey::generate(Algorithm::Ed25519).unwrap() }
    }

    fn policy() -> Policy {
        Policy {
            product: "atlas".to_owned(),
            channels: vec!["stable".to_owned()],
            builders: vec!["https://builders.example".to_owned()],
            build_types: vec!["https://builds.example/v1".to_owned()],
            sources: vec!["git+https://git.example/atlas".to_owned()],
            external_parameters: Vec::new(),
            evidence: vec![RequiredEvidence {
                kind: "sbom".to_owned(),
                area: None,
                max_age_days: 7,
                role: None,
            }],
            vulnerabilities: VulnerabilityBudget { max_critical: 0, max_high: 0 },
            max_waivers: 0,
            require_proven_time: false,
            log_operators: 0,
            attestations: AttestationPolicy::default(),
            max_packet_bytes: 1,
            max_members: 1,
        }
    }

    fn document(version: u64, people: &[&Person], threshold: u32) -> TrustRootDocument {
        let from = time("2026-01-01T00:00:00Z");
        let keys: BTreeMap<KeyId, Key> = people
            .iter()
            .map(|person| {
                let public_key = person.key.public().clone();
                let owner = person.name.to_owned();
                let state = KeyState::Active { from };
                (public_key.id(), Key { public_key, owner, state })
            })
            .collect();
        let keys_of_all = keys.keys().copied().collect();
        let role = Role { keys: keys_of_all, identities: Vec::new(), threshold };
        TrustRootDocument {
            schema: TrustRootDocument::SCHEMA.to_owned(),
            version,
            issued_at: from,
            expires_at: time("2027-01-01T00:00:00Z"),
            keys,
            identities: BTreeMap::new(),
            roles: [(RoleName::Root, role.clone()), (RoleName::Release, role)].into(),
            policy: policy(),
            sigstore: None,
        }
    }

    const NOW: &str = "2026-06-01T00:00:00Z";

    #[test]
    fn the_next_version_takes_both_thresholds() {
        let (alice, bob, carol) = (person("alice"), person("bob"), person("carol"));
        let first =
            TrustRoot::seal(&document(1, &[&alice, &bob], 2), &[&alice.key, &bob.key]).unwrap();
        let next = document(2, &[&bob, &carol], 2);
        let sealed = |keys: &[&PrivateKey]| TrustRoot::seal(&next, keys);
        let whole = sealed(&[&alice.key, &bob.key, &carol.key]).unwrap();
        let root = TrustRoot::open_chain(&first, std::slice::from_ref(&whole), time(NOW)).unwrap();
        assert_eq!(root.version(), 2);
        // Without Alice the first version's threshold is not reached, without Carol the second's.
        let new_people = sealed(&[&bob.key, &carol.key]).unwrap();
        assert!(matches!(
            TrustRoot::open_chain(&first, &[new_people], time(NOW)),
            Err(RootError::Signatures(_))
        ));
        assert!(matches!(sealed(&[&alice.key, &bob.key]), Err(RootError::Signatures(_))));
        // The second version alone cannot be pinned under the first's name, nor skipped to.
        let third =
            TrustRoot::seal(&document(3, &[&bob, &carol], 2), &[&bob.key, &carol.key]).unwrap();
        assert!(matches!(
            TrustRoot::open_chain(&first, std::slice::from_ref(&third), time(NOW)),
            Err(RootError::NotNext { before: 1, found: 3 })
        ));
        let root = TrustRoot::open_chain(&first, &[whole, third], time(NOW)).unwrap();
        assert_eq!(root.version(), 3);
    }

    #[test]
    fn two_keys_of_one_person_are_one_person() {
        let (laptop, token, bob) = (person("alice"), person("alice"), person("bob"));
        let both = document(1, &[&laptop, &token, &bob], 2);
        assert!(matches!(
            TrustRoot::seal(&both, &[&laptop.key, &token.key]),
            Err(RootError::Signatures(_))
        ));
        assert!(TrustRoot::seal(&both, &[&token.key, &bob.key]).is_ok());
    }

    #[test]
    fn thresholds_that_make_no_sense_are_refused() {
        let (alice, twin) = (person("alice"), person("alice"));
        for threshold in [0, 2, u32::MAX] {
            let unsound = document(1, &[&alice, &twin], threshold);
            assert!(matches!(
                TrustRoot::seal(&unsound, &[&alice.key, &twin.key]),
                Err(RootError::Unsound(_))
            ));
        }
        let mut missing = document(1, &[&alice], 1);
        missing.roles.remove(&RoleName::Release);
        assert!(TrustRoot::seal(&missing, &[&alice.key]).is_err());
        let text = String::from_utf8(json::to_bytes(&document(1, &[&alice], 1))).unwrap();
        for (from, to) in [
            ("\"threshold\": 1", "\"threshold\": -1"),
            ("\"threshold\": 1", "\"threshold\": 1.0"),
            ("\"threshold\": 1", "\"threshold\": \"1\""),
            ("      \"threshold\": 1\n", "      \"extra\": 1\n"),
            ("\"status\": \"active\"", "\"status\": \"trusted\""),
            ("\"status\": \"active\"", "\"status\": \"active\", \"until\": 1"),
            ("\"version\": 1", "\"version\": 0"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            assert!(TrustRootDocument::parse(changed.as_bytes()).is_err(), "{to}");
        }
        assert!(TrustRootDocument::parse(text.as_bytes()).is_ok());
    }

    #[test]
    fn a_policy_that_asks_for_nothing_is_refused() {
        let alice = person("alice");
        for empty in [
            |policy: &mut Policy| policy.evidence.clear(),
            |policy: &mut Policy| policy.builders.clear(),
            |policy: &mut Policy| policy.sources.clear(),
        ] {
            let mut root = document(1, &[&alice], 1);
            empty(&mut root.policy);
            assert!(matches!(TrustRoot::seal(&root, &[&alice.key]), Err(RootError::Unsound(_))));
        }
    }

    #[test]
    fn a_key_under_another_id_is_refused() {
        let (alice, bob) = (person("alice"), person("bob"));
        let mut swapped = document(1, &[&alice, &bob], 1);
        let mut keys: Vec<Key> = swapped.keys.values().cloned().collect();
        for key in swapped.keys.values_mut() {
            *key = keys.pop().unwrap();
        }
        assert!(matches!(TrustRoot::seal(&swapped, &[&alice.key]), Err(RootError::Unsound(_))));
    }

    #[test]
    fn a_root_that_is_not_in_use_gives_no_verdict() {
        let alice = person("alice");
        let bytes = TrustRoot::seal(&document(1, &[&alice], 1), &[&alice.key]).unwrap();
        let open = |at: &str| TrustRoot::open(&bytes, time(at));
        assert!(open(NOW).is_ok());
        assert!(matches!(open("2025-12-31T23:59:59Z"), Err(RootError::ClockBeforeTrust { .. })));
        assert!(matches!(open("2027-01-01T00:00:00Z"), Err(RootError::Expired { .. })));
    }

    #[test]
    fn keys_out_of_use_do_not_count() {
        let (alice, bob) = (person("alice"), person("bob"));
        let (from, since) = (time("2026-01-01T00:00:00Z"), time("2026-03-01T00:00:00Z"));
        for state in [
            KeyState::Retired { from, since },
            KeyState::Compromised { from, since },
            KeyState::Active { from: time("2026-02-01T00:00:00Z") },
        ] {
            let mut root = document(1, &[&alice, &bob], 1);
            root.keys.get_mut(&alice.key.public().id()).unwrap().state = state;
            assert!(TrustRoot::seal(&root, &[&alice.key]).is_err(), "{state:?}");
            assert!(TrustRoot::seal(&root, &[&bob.key]).is_ok());
        }
    }
}
