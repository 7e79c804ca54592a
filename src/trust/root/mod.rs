//! The trust root: which keys speak for which people in which roles, and what a release must bring.
//!
//! One DSSE envelope with many signatures (`keys/trust-root/N.json`). The verifier pins one file;
//! it comes from outside of what is verified.

mod attestation;
mod document;
mod error;
mod owner;
mod policy;
mod role;

use std::sync::Arc;

pub use attestation::{AttestationPolicy, PairedVerifier, RequiredAttestation};
pub use document::TrustRootDocument;
pub use error::RootError;
pub(super) use owner::folded;
pub use owner::{CertificateName, Key, KeyState, Keyless};
pub use policy::{Policy, RequiredEvidence, RollbackRules, VulnerabilityBudget, WaiverRules};
pub(super) use role::Speakers;
pub use role::{Role, RoleName};

use super::envelope::Envelope;
use super::key::KeyId;
use super::sigstore::TrustedRoot;
use super::{PrivateKey, verify};
use crate::digest::Digest;
use crate::finding::Area;
use crate::json;
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

/// The payload type of a trust root's envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.countersign.trust-root.v1+json";

/// The largest trust root that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// The most versions that are followed from the pinned one.
pub const MAX_CHAIN: usize = 1024;
/// The most bytes of all those versions together.
pub const MAX_CHAIN_BYTES: usize = 64 << 20;

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
        let mut newest = None;
        for root in Self::walk(pinned, later) {
            newest = Some(root?);
        }
        let newest = newest.expect("the pinned version is the first of every chain");
        newest.check_in_use(now)?;
        Ok(newest)
    }

    /// Opens every version in turn, each by the one before it, and ends with the first that does
    /// not follow. Whether one is in use is not asked: see [`TrustRoot::check_in_use`].
    pub fn walk<'a>(
        pinned: &'a [u8],
        later: &'a [Vec<u8>],
    ) -> impl Iterator<Item = Result<Self, RootError>> + 'a {
        let too_long =
            later.len() > MAX_CHAIN || later.iter().map(Vec::len).sum::<usize>() > MAX_CHAIN_BYTES;
        let mut texts = std::iter::once(pinned).chain(later.iter().map(Vec::as_slice));
        let mut before: Option<Self> = None;
        let mut has_ended = false;
        std::iter::from_fn(move || {
            if has_ended {
                return None;
            }
            let bytes = texts.next()?;
            let next = match &before {
                _ if too_long => Err(RootError::ChainTooLong),
                None => Self::open_signed(bytes).map(|(root, _)| root),
                Some(before) => before.succeeded_by(bytes),
            };
            has_ended = next.is_err();
            before = next.as_ref().ok().cloned();
            Some(next)
        })
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
        let mut chain = Self::walk(pinned, later);
        let mut root = chain.next().expect("the pinned version is the first of every chain")?;
        for next in chain {
            let next = next?;
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
        after.keeps_compromised(before).map_err(RootError::Unsound)?;
        verify::open_successor(&envelope, self, after.issued_at).map_err(RootError::Signatures)?;
        Ok(next)
    }

    /// Holds when the trust root is in use at a time: issued, and not expired.
    ///
    /// # Errors
    ///
    /// [`RootError::ClockBeforeTrust`] and [`RootError::Expired`].
    pub fn check_in_use(&self, now: Timestamp) -> Result<(), RootError> {
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
    #[must_use]
    pub fn sigstore(&self) -> Option<&TrustedRoot> {
        self.sigstore.as_deref()
    }

    /// Returns the role that signs evidence about an area: its own where there is one.
    #[must_use]
    pub fn evidence_role(&self, area: Area) -> RoleName {
        let own = RoleName::evidence_of(area);
        if self.document.roles.contains_key(&own) { own } else { RoleName::Evidence }
    }

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::trust::{Algorithm, KeyId};

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
            waivers: None,
            rollback: None,
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
