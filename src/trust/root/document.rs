//! The document that a trust root's signatures are over, and the rules it is held against.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::attestation::{AttestationPolicy, PairedVerifier};
use super::{Key, KeyState, Keyless, Policy, Role, RoleName, RootError, folded};
use crate::json::{self, Limits};
use crate::time::Timestamp;
use crate::trust::key::KeyId;

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

/// The most keys of a trust root.
const MAX_KEYS: usize = 256;

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
    pub(super) fn check(&self) -> Result<(), RootError> {
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
        self.check_owners()?;
        for required in [RoleName::Root, RoleName::Release] {
            if !self.roles.contains_key(&required) {
                return unsound(format!("no role `{required}`"));
            }
        }
        self.check_policy()?;
        self.roles.iter().try_for_each(|(name, role)| self.check_role(*name, role))
    }

    /// Holds when the policy asks for something, of somebody who is there.
    fn check_policy(&self) -> Result<(), RootError> {
        let unsound = |problem: String| Err(RootError::Unsound(problem));
        // An empty list asks for nothing, and nothing is what would be shown.
        let policy = &self.policy;
        for (what, list) in [
            ("channels", &policy.channels),
            ("builders", &policy.builders),
            ("build_types", &policy.build_types),
            ("sources", &policy.sources),
        ] {
            // Nor does an empty text name anything: it is what a document says by saying nothing.
            if list.is_empty() || list.iter().any(|text| text.trim().is_empty()) {
                return unsound(format!(
                    "the policy's `{what}` is empty, or names nothing; expected what is allowed"
                ));
            }
        }
        if policy.evidence.is_empty() || policy.product.trim().is_empty() {
            return unsound("the policy names no product, or asks for no evidence".to_owned());
        }
        self.check_attestations()?;
        let of_evidence = policy.evidence.iter().filter_map(|required| required.role);
        let of_waivers = policy.waivers.filter(|waivers| waivers.signed).map(|_| RoleName::Waiver);
        let of_rollback = policy.rollback.map(|_| RoleName::RollbackApprover);
        let asked = of_evidence.chain(of_waivers).chain(of_rollback);
        if let Some(unknown) = asked.into_iter().find(|role| !self.roles.contains_key(role)) {
            return unsound(format!(
                "the policy asks for the role `{unknown}`, and there is no such role"
            ));
        }
        Ok(())
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
        let all: Vec<(&String, &Keyless)> = self.identities.iter().collect();
        for (index, (name, one)) in all.iter().enumerate() {
            let twin = all[..index].iter().find(|(_, other)| {
                other.issuer == one.issuer
                    && other.owner != one.owner
                    && other.certificate.overlaps(&one.certificate)
            });
            if let Some((other, _)) = twin {
                let (name, other) = (name.escape_debug(), other.escape_debug());
                return unsound(format!(
                    "`{name}` and `{other}` are one signer with two owners; it would count twice"
                ));
            }
        }
        if !self.identities.is_empty() && self.sigstore.is_none() {
            let problem = "identities, and no `sigstore` trusted root to verify certificates with";
            return unsound(problem.to_owned());
        }
        Ok(())
    }

    /// Two owners must differ in more than case, spacing or the encoding of a letter: whoever is
    /// written in two ways would be counted as two people.
    fn check_owners(&self) -> Result<(), RootError> {
        let of_keys = self.keys.values().map(|key| &key.owner);
        let of_identities = self.identities.values().map(|identity| &identity.owner);
        let mut seen: BTreeMap<String, &String> = BTreeMap::new();
        for owner in of_keys.chain(of_identities) {
            match seen.insert(folded(owner), owner) {
                Some(other) if other != owner => {
                    let (owner, other) = (owner.escape_debug(), other.escape_debug());
                    return Err(RootError::Unsound(format!(
                        "the owners `{owner}` and `{other}` are one name written in two ways"
                    )));
                }
                Some(_) | None => {}
            }
        }
        Ok(())
    }

    /// Says which key or identity of the version before was in wrong hands and is better here.
    ///
    /// Nothing makes it better: whoever had it may have signed anything since.
    pub(super) fn keeps_compromised(&self, before: &Self) -> Result<(), String> {
        let keys = before
            .keys
            .iter()
            .map(|(id, key)| (id.to_string(), key.state, self.keys.get(id).map(|key| key.state)));
        let identities = before.identities.iter().map(|(name, one)| {
            (name.clone(), one.state, self.identities.get(name).map(|one| one.state))
        });
        for (whose, before, after) in keys.chain(identities) {
            let KeyState::Compromised { since, .. } = before else { continue };
            let better = match after {
                // One that is gone counts for nothing.
                None => false,
                Some(KeyState::Compromised { since: after, .. }) => after > since,
                Some(KeyState::Active { .. } | KeyState::Retired { .. }) => true,
            };
            if better {
                let whose = whose.escape_debug();
                return Err(format!("`{whose}` is compromised since {since}, and no more here"));
            }
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
