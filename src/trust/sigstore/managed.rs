//! A key that the verifier brings.

use sigstore_types::DerPublicKey;
use sigstore_verify::crypto::KeyAlgorithm;

use crate::digest::Digest;
use crate::time::Timestamp;
use crate::trust::attested::ProvenTime;
use crate::trust::minisign::{KeyNumber, MinisignKey};
use crate::trust::{KeyError, KeyState, PublicKey, pem};

/// A key that the verifier brings.
#[derive(Debug, Clone)]
pub struct ManagedKey {
    pub(super) spki: Vec<u8>,
    pub(super) ours: Option<PublicKey>,
    state: Option<KeyState>,
    number: Option<KeyNumber>,
}

impl ManagedKey {
    /// Reads a public key in PEM: Ed25519, ECDSA P-256 or P-384, RSA.
    ///
    /// # Errors
    ///
    /// [`KeyError`] for anything else, and for keys that are known to be unsafe.
    pub fn from_pem(text: &[u8]) -> Result<Self, KeyError> {
        let spki = match pem::decode(text) {
            Some(("PUBLIC KEY", der)) => der.to_vec(),
            Some((label, _)) => return Err(KeyError::Label(label.to_owned())),
            None => return Err(KeyError::NotPem),
        };
        match PublicKey::from_der(&spki) {
            Ok(ours) => Ok(ours.into()),
            Err(KeyError::Unsupported) => {
                KeyAlgorithm::from_spki(&DerPublicKey::from(spki.clone()))
                    .map_err(|_| KeyError::Unsupported)?;
                Ok(Self { spki, ours: None, state: None, number: None })
            }
            Err(error) => Err(error),
        }
    }

    /// Says when the key is in use: every proven time of a signature must lie within.
    #[must_use]
    pub fn in_state(self, state: KeyState) -> Self {
        Self { state: Some(state), ..self }
    }

    /// Returns the key as one that also verifies bundles of ours, if it is Ed25519 or P-256.
    #[must_use]
    pub fn as_public_key(&self) -> Option<&PublicKey> {
        self.ours.as_ref()
    }

    /// Returns the number that a minisign key has.
    #[must_use]
    pub fn minisign_number(&self) -> Option<KeyNumber> {
        self.number
    }

    /// Returns the SHA-256 of the key's public half.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.spki)
    }

    /// Says why signatures that existed at these times do not count.
    pub(super) fn out_of_use(&self, times: &[ProvenTime], now: Timestamp) -> Option<String> {
        let times: Vec<Timestamp> = times.iter().map(|time| time.at).collect();
        self.state?.problem(&times, now).map(|problem| format!("the key {problem}"))
    }
}

impl From<PublicKey> for ManagedKey {
    fn from(key: PublicKey) -> Self {
        let pem = key.to_pem();
        let der = pem::decode(pem.as_bytes()).map(|(_, der)| der.to_vec());
        let spki = der.expect("a key reads what it writes");
        Self { spki, ours: Some(key), state: None, number: None }
    }
}

impl From<MinisignKey> for ManagedKey {
    fn from(key: MinisignKey) -> Self {
        Self { number: Some(key.number()), ..key.key().clone().into() }
    }
}
