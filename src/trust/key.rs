//! Keys: Ed25519 and ECDSA P-256 with SHA-256, and nothing else.
//!
//! An algorithm is a property of a key; no message ever chooses one.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair,
    UnparsedPublicKey,
};
use ed25519_dalek::pkcs8::KeypairBytes;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use pkcs8::pkcs5::{EncryptionScheme, pbes2, scrypt};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::pem;
use crate::digest::{Digest, ParseDigestError};

/// What a key signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// Ed25519 (RFC 8032), verified strictly: no small-order or non-canonical points, S < L.
    Ed25519,
    /// ECDSA on P-256 with SHA-256 (FIPS 186-5), signatures in DER.
    P256,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ed25519 => "Ed25519",
            Self::P256 => "ECDSA P-256",
        })
    }
}

/// The SHA-256 digest of a key's SubjectPublicKeyInfo in DER: recomputed, never believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Digest);

impl KeyId {
    /// Returns the 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl FromStr for KeyId {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Digest::deserialize(deserializer).map(Self)
    }
}

/// A public key in its one canonical encoding.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: Algorithm,
    /// SubjectPublicKeyInfo in DER; the point follows a prefix that is fixed for the algorithm.
    spki: Vec<u8>,
    /// The point of an Ed25519 key, read once: a list of thousands is verified with it.
    point: Option<VerifyingKey>,
}

/// RFC 8410, section 4: the SubjectPublicKeyInfo of Ed25519 before its 32 bytes.
const ED25519_PREFIX: &[u8] =
    &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0];
/// RFC 5480, section 2: the SubjectPublicKeyInfo of P-256 before its 65 bytes.
const P256_PREFIX: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0,
];
/// RFC 8410, section 7: PKCS#8 version 1 of Ed25519 before the 32 bytes of the seed.
const ED25519_PRIVATE_PREFIX: &[u8] =
    &[0x30, 0x2e, 2, 1, 0, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] for another algorithm, curve or encoding;
    /// [`KeyError::Invalid`] for bytes that are no safe point of the curve.
    pub fn from_der(spki: &[u8]) -> Result<Self, KeyError> {
        if let Some(point) = spki.strip_prefix(ED25519_PREFIX) {
            let point: [u8; 32] = point.try_into().map_err(|_| KeyError::Invalid)?;
            let key = VerifyingKey::from_bytes(&point).map_err(|_| KeyError::Invalid)?;
            // A second encoding of one point would be one key under two ids.
            let canonical = key.to_edwards().compress().to_bytes() == point;
            if key.is_weak() || !canonical {
                return Err(KeyError::Invalid);
            }
            let (algorithm, spki) = (Algorithm::Ed25519, spki.to_vec());
            return Ok(Self { algorithm, spki, point: Some(key) });
        }
        if let Some(point) = spki.strip_prefix(P256_PREFIX) {
            let uncompressed = point.len() == 65 && point[0] == 4;
            let on_curve = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).parse().is_ok();
            if !(uncompressed && on_curve) {
                return Err(KeyError::Invalid);
            }
            return Ok(Self { algorithm: Algorithm::P256, spki: spki.to_vec(), point: None });
        }
        Err(KeyError::Unsupported)
    }

    /// Reads the 32 bytes of an Ed25519 point.
    pub(super) fn from_ed25519_point(point: &[u8]) -> Result<Self, KeyError> {
        Self::from_der(&[ED25519_PREFIX, point].concat())
    }

    /// Returns the 32 bytes of an Ed25519 key's point.
    pub(super) fn ed25519_point(&self) -> Option<&[u8]> {
        self.spki.strip_prefix(ED25519_PREFIX)
    }

    /// Reads a `PUBLIC KEY` in PEM.
    ///
    /// # Errors
    ///
    /// As [`PublicKey::from_der`], and [`KeyError::NotPem`] for anything but one such object.
    pub fn from_pem(text: &[u8]) -> Result<Self, KeyError> {
        match pem::decode(text) {
            Some(("PUBLIC KEY", der)) => Self::from_der(&der),
            Some((label, _)) => Err(KeyError::Label(label.to_owned())),
            None => Err(KeyError::NotPem),
        }
    }

    /// Writes the key in PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("PUBLIC KEY", &self.spki).to_string()
    }

    /// Returns the key's id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId(Digest::of(&self.spki))
    }

    /// Returns the key's algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Tells whether the signature over the message was made with this key.
    ///
    /// Ed25519: 64 bytes, RFC 8032 section 5.1.7 with the strict checks. P-256: DER, over the
    /// SHA-256 digest of the message.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self.algorithm {
            Algorithm::Ed25519 => self.verifies_ed25519(message, signature).is_some(),
            Algorithm::P256 => {
                let point = &self.spki[P256_PREFIX.len()..];
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
                    .verify(message, signature)
                    .is_ok()
            }
        }
    }

    /// Tells whether the signature over the message with this digest was made with this key.
    ///
    /// Nothing for Ed25519, which signs messages and not digests.
    #[must_use]
    pub fn verifies_digest(&self, digest: Digest, signature: &[u8]) -> Option<bool> {
        match self.algorithm {
            Algorithm::Ed25519 => None,
            Algorithm::P256 => {
                let point = &self.spki[P256_PREFIX.len()..];
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
                let digest = aws_lc_rs::digest::Digest::import_less_safe(
                    digest.as_bytes(),
                    &aws_lc_rs::digest::SHA256,
                )
                .ok()?;
                Some(key.verify_digest(&digest, signature).is_ok())
            }
        }
    }

    fn verifies_ed25519(&self, message: &[u8], signature: &[u8]) -> Option<()> {
        let key = self.point.as_ref()?;
        key.verify_strict(message, &Signature::from_slice(signature).ok()?).ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.algorithm, self.id())
    }
}

/// Keys stand in documents as PEM text.
impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_pem())
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_pem(text.as_bytes()).map_err(serde::de::Error::custom)
    }
}

/// A private key. Never printed, wiped when dropped.
pub struct PrivateKey {
    secret: Secret,
    public: PublicKey,
    /// PKCS#8 version 1 in DER.
    pkcs8: Zeroizing<Vec<u8>>,
}

enum Secret {
    Ed25519(Box<SigningKey>),
    P256(Box<EcdsaKeyPair>),
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PrivateKey({:?})", self.public)
    }
}

/// Returns random bytes of the system's.
pub(super) fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| KeyError::NoRandomness)?;
    Ok(bytes)
}

/// Fills bytes with randomness; tells whether it could.
pub type Fill<'a> = &'a mut dyn FnMut(&mut [u8]) -> bool;

impl PrivateKey {
    /// Makes a key from the system's randomness.
    ///
    /// # Errors
    ///
    /// [`KeyError::NoRandomness`] when the system has none.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let random = SystemRandom::new();
        let fill =
            &mut |bytes: &mut [u8]| aws_lc_rs::rand::SecureRandom::fill(&random, bytes).is_ok();
        match algorithm {
            Algorithm::Ed25519 => Self::generate_ed25519(fill),
            Algorithm::P256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)
                    .map_err(|_| KeyError::NoRandomness)?;
                let der = pair.to_pkcs8v1().map_err(|_| KeyError::NoRandomness)?;
                Self::from_pkcs8(der.as_ref())
            }
        }
    }

    /// Makes an Ed25519 key from randomness that the caller brings.
    ///
    /// # Errors
    ///
    /// [`KeyError::NoRandomness`] when there is none, or it is all one byte.
    pub fn generate_ed25519(fill: Fill<'_>) -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        if !fill(seed.as_mut_slice()) || seed.iter().all(|byte| *byte == seed[0]) {
            return Err(KeyError::NoRandomness);
        }
        let der = Zeroizing::new([ED25519_PRIVATE_PREFIX, seed.as_slice()].concat());
        Self::from_pkcs8(&der)
    }

    /// Reads a key file: PKCS#8 in PEM, plain or encrypted with PBES2 and scrypt.
    ///
    /// `passphrase` is asked only when the file is encrypted.
    ///
    /// # Errors
    ///
    /// [`KeyError`] for anything but one private key of a known algorithm whose public half, where
    /// the file states it, belongs to it.
    pub fn from_pem(
        text: &[u8],
        passphrase: impl FnOnce() -> Result<Zeroizing<String>, KeyError>,
    ) -> Result<Self, KeyError> {
        match pem::decode(text) {
            Some(("PRIVATE KEY", der)) => Self::from_pkcs8(&der),
            Some(("ENCRYPTED PRIVATE KEY", der)) => decrypt(&der, passphrase),
            Some((label, _)) => Err(KeyError::Label(label.to_owned())),
            None => Err(KeyError::NotPem),
        }
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let info = PrivateKeyInfoRef::try_from(der).map_err(|_| KeyError::Invalid)?;
        if info.algorithm.oid == ed25519_dalek::pkcs8::ALGORITHM_OID {
            let bytes = KeypairBytes::try_from(info).map_err(|_| KeyError::Invalid)?;
            let secret = SigningKey::from_bytes(&bytes.secret_key);
            let point = secret.verifying_key().to_bytes();
            if bytes.public_key.is_some_and(|stated| stated.to_bytes() != point) {
                return Err(KeyError::HalvesDiffer);
            }
            let public = PublicKey::from_der(&[ED25519_PREFIX, &point].concat())?;
            let seed = &bytes.secret_key;
            let pkcs8 = Zeroizing::new([ED25519_PRIVATE_PREFIX, seed.as_slice()].concat());
            return Ok(Self { secret: Secret::Ed25519(Box::new(secret)), public, pkcs8 });
        }
        // The library refuses another curve, and a public half that is not the private one's.
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der).map_err(|error| {
                match error.to_string().as_str() {
                    "InconsistentComponents" => KeyError::HalvesDiffer,
                    _ => KeyError::Unsupported,
                }
            })?;
        let public = PublicKey::from_der(&[P256_PREFIX, pair.public_key().as_ref()].concat())?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| KeyError::Invalid)?;
        let pkcs8 = Zeroizing::new(pkcs8.as_ref().to_vec());
        let key = Self { secret: Secret::P256(Box::new(pair)), public, pkcs8 };
        let probe = key.sign(b"probe")?;
        if key.public.verifies(b"probe", &probe) { Ok(key) } else { Err(KeyError::HalvesDiffer) }
    }

    /// Returns the public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a message: 64 bytes with Ed25519, DER with P-256.
    ///
    /// # Errors
    ///
    /// [`KeyError::NoRandomness`], with P-256 only.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.secret {
            Secret::Ed25519(key) => Ok(key.sign(message).to_bytes().to_vec()),
            Secret::P256(pair) => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| KeyError::NoRandomness),
        }
    }

    /// Signs the message with this digest.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] for Ed25519, which signs messages and not digests; otherwise as
    /// [`PrivateKey::sign`].
    pub fn sign_digest(&self, digest: Digest) -> Result<Vec<u8>, KeyError> {
        let Secret::P256(pair) = &self.secret else { return Err(KeyError::Unsupported) };
        aws_lc_rs::digest::Digest::import_less_safe(digest.as_bytes(), &aws_lc_rs::digest::SHA256)
            .and_then(|digest| pair.sign_digest(&digest))
            .map(|signature| signature.as_ref().to_vec())
            .map_err(|_| KeyError::NoRandomness)
    }

    /// Writes the key as PKCS#8 in PEM, not encrypted.
    #[must_use]
    pub fn to_pem(&self) -> Zeroizing<String> {
        pem::encode("PRIVATE KEY", &self.pkcs8)
    }

    /// Writes the key as PKCS#8 in PEM, encrypted with PBES2: scrypt (N 16384, r 8, p 5) and
    /// AES-256-CBC, which OpenSSL 3 reads.
    ///
    /// # Errors
    ///
    /// [`KeyError::NoRandomness`] when the system has none for salt and vector.
    pub fn to_encrypted_pem(&self, passphrase: &str) -> Result<Zeroizing<String>, KeyError> {
        let mut random = [0; 32];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| KeyError::NoRandomness)?;
        let (salt, vector) = random.split_at(16);
        let vector = vector.try_into().expect("half of 32 bytes are 16");
        let cost =
            scrypt::Params::new(14, 8, 5).expect("the parameters are within scrypt's bounds");
        let scheme = pbes2::Parameters::generate_scrypt_aes256cbc(cost, salt, vector)
            .expect("a salt of 16 bytes fits");
        let info = PrivateKeyInfoRef::try_from(self.pkcs8.as_slice())
            .expect("a loaded key holds its own well-formed PKCS#8");
        let der = info
            .encrypt_with_params(scheme, passphrase)
            .expect("a small document encrypts under fixed parameters");
        Ok(pem::encode("ENCRYPTED PRIVATE KEY", der.as_bytes()))
    }
}

/// The most memory that scrypt may take, in bytes.
const MAX_SCRYPT_MEMORY: u64 = 256 << 20;
/// The most work that scrypt may do: N times r times p.
const MAX_SCRYPT_WORK: u64 = 1 << 23;
/// The most bytes that PBKDF2 may have to make for scrypt's p blocks, before and after its work.
const MAX_SCRYPT_BLOCKS: u64 = 1 << 20;

fn is_too_much(n: u64, r: u64, p: u64) -> bool {
    let block = r.saturating_mul(128);
    n.saturating_mul(block) > MAX_SCRYPT_MEMORY
        || p.saturating_mul(block) > MAX_SCRYPT_BLOCKS
        || n.saturating_mul(r).saturating_mul(p) > MAX_SCRYPT_WORK
}

fn decrypt(
    der: &[u8],
    passphrase: impl FnOnce() -> Result<Zeroizing<String>, KeyError>,
) -> Result<PrivateKey, KeyError> {
    let info = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| KeyError::Invalid)?;
    let EncryptionScheme::Pbes2(scheme) = &info.encryption_algorithm else {
        return Err(KeyError::Encryption);
    };
    let scrypt = scheme.kdf.scrypt().ok_or(KeyError::Encryption)?;
    // The file says how much work it takes; a hostile one asks for all there is.
    let (n, r, p) =
        (scrypt.cost_parameter, u64::from(scrypt.block_size), u64::from(scrypt.parallelization));
    if is_too_much(n, r, p) {
        return Err(KeyError::TooMuchWork);
    }
    let passphrase = passphrase()?;
    let plain = info.decrypt(passphrase.as_bytes()).map_err(|_| KeyError::WrongPassphrase)?;
    PrivateKey::from_pkcs8(plain.as_bytes()).map_err(|_| KeyError::WrongPassphrase)
}

/// Why a key could not be made, read or used. Never holds any of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not one PEM object.
    NotPem,
    /// The PEM object is something else.
    Label(String),
    /// The algorithm, curve or encoding is not one of ours.
    Unsupported,
    /// The bytes are no such key.
    Invalid,
    /// The public half in the file is not the private key's.
    HalvesDiffer,
    /// The file is encrypted in another way than PBES2 with scrypt.
    Encryption,
    /// The file asks for more memory or work than is given.
    TooMuchWork,
    /// The file is encrypted and no passphrase was given.
    NoPassphrase,
    /// The passphrase does not open the file.
    WrongPassphrase,
    /// The system has no randomness.
    NoRandomness,
    /// The text is not a minisign public key.
    NotMinisign,
    /// The key cannot sign for minisign, which knows Ed25519 alone.
    NotEd25519,
}

impl fmt::Display for KeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotPem => "not one PEM object; expected `-----BEGIN ... KEY-----` and nothing else",
            Self::Label(label) => {
                return write!(formatter, "holds a `{}`; expected a PKCS#8 key", label.escape_debug());
            }
            Self::Unsupported => "not an Ed25519 or ECDSA P-256 key in its standard encoding",
            Self::Invalid => "not a well-formed key",
            Self::HalvesDiffer => "the public half in the file does not belong to the private key",
            Self::Encryption => {
                "encrypted in another way than PBES2 with scrypt; convert it with `openssl pkcs8 -topk8 -scrypt`"
            }
            Self::TooMuchWork => "asks for more memory or work than scrypt is given here",
            Self::NoPassphrase => "encrypted; give its passphrase with --passphrase-file",
            Self::WrongPassphrase => "the passphrase does not open it",
            Self::NoRandomness => "the system has no randomness to give",
            Self::NotMinisign => "not a minisign public key; expected a comment and one key",
            Self::NotEd25519 => "not an Ed25519 key; minisign knows no other",
        })
    }
}

impl std::error::Error for KeyError {}

#[cfg(test)]
mod tests {
    use super::*;

    const ALGORITHMS: [Algorithm; 2] = [Algorithm::Ed25519, Algorithm::P256];

    fn never() -> Result<Zeroizing<String>, KeyError> {
        Err(KeyError::NoPassphrase)
    }

    fn say(text: &str) -> impl FnOnce() -> Result<Zeroizing<String>, KeyError> {
        let text = Zeroizing::new(text.to_owned());
        move || Ok(text)
    }

    #[test]
    fn a_key_survives_its_file() {
        for algorithm in ALGORITHMS {
            let key = PrivateKey::generate(algorithm).unwrap();
            let again = PrivateKey::from_pem(key.to_pem().as_bytes(), never).unwrap();
            assert_eq!(again.public(), key.public());
            let public = PublicKey::from_pem(key.public().to_pem().as_bytes()).unwrap();
            let signature = again.sign(b"message").unwrap();
            assert!(public.verifies(b"message", &signature));
            assert!(!public.verifies(b"messagE", &signature));
            assert!(!public.verifies(b"message", &signature[1..]));
            assert!(!public.verifies(b"message", b""));
        }
    }

    #[test]
    fn an_encrypted_key_opens_with_its_passphrase_only() {
        let key = PrivateKey::generate(Algorithm::P256).unwrap();
        let text = key.to_encrypted_pem("correct").unwrap();
        let again = PrivateKey::from_pem(text.as_bytes(), say("correct")).unwrap();
        assert_eq!(again.public(), key.public());
        let error = PrivateKey::from_pem(text.as_bytes(), say("wrong")).unwrap_err();
        assert_eq!(error, KeyError::WrongPassphrase);
        assert_eq!(
            PrivateKey::from_pem(text.as_bytes(), never).unwrap_err(),
            KeyError::NoPassphrase
        );
    }

    #[test]
    fn a_public_half_of_another_key_is_refused() {
        let mine = PrivateKey::generate(Algorithm::P256).unwrap();
        let other = PrivateKey::generate(Algorithm::P256).unwrap();
        let mut der = mine.pkcs8.to_vec();
        let point = &other.public.spki[P256_PREFIX.len()..];
        let at = der.len() - point.len();
        der[at..].copy_from_slice(point);
        assert!(PrivateKey::from_pkcs8(&der).is_err());

        // RFC 5958: version 2 with a public key that belongs to another seed.
        let seed = [7; 32];
        let mut der = vec![0x30, 0x51, 2, 1, 1];
        der.extend_from_slice(&ED25519_PRIVATE_PREFIX[5..]);
        der.extend_from_slice(&seed);
        der.extend_from_slice(&[0x81, 0x21, 0]);
        let stated = SigningKey::from_bytes(&[8; 32]).verifying_key();
        der.extend_from_slice(stated.as_bytes());
        assert_eq!(PrivateKey::from_pkcs8(&der).unwrap_err(), KeyError::HalvesDiffer);
        let own = SigningKey::from_bytes(&seed).verifying_key();
        let at = der.len() - 32;
        der[at..].copy_from_slice(own.as_bytes());
        assert!(PrivateKey::from_pkcs8(&der).is_ok());
    }

    #[test]
    fn a_stuck_random_source_makes_no_key() {
        let stuck = PrivateKey::generate_ed25519(&mut |_| true);
        assert_eq!(stuck.unwrap_err(), KeyError::NoRandomness);
        let broken = PrivateKey::generate_ed25519(&mut |_| false);
        assert_eq!(broken.unwrap_err(), KeyError::NoRandomness);
    }

    #[test]
    fn unsafe_points_are_refused() {
        let spki = |prefix: &[u8], point: &[u8]| [prefix, point].concat();
        let mut identity = [0; 32];
        identity[0] = 1;
        assert!(PublicKey::from_der(&spki(ED25519_PREFIX, &identity)).is_err());
        // y = p + 1: the identity in a second spelling.
        let mut twin = [0xff; 32];
        (twin[0], twin[31]) = (0xee, 0x7f);
        assert!(PublicKey::from_der(&spki(ED25519_PREFIX, &twin)).is_err());
        assert!(PublicKey::from_der(&spki(P256_PREFIX, &[4; 65])).is_err());
        assert!(PublicKey::from_der(&spki(P256_PREFIX, &[0])).is_err());
        assert_eq!(PublicKey::from_der(b"").unwrap_err(), KeyError::Unsupported);
        let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
        let mut longer = key.public.spki;
        longer.push(0);
        assert!(PublicKey::from_der(&longer).is_err());
    }

    #[test]
    fn scrypt_that_takes_its_memory_by_p_is_refused() {
        for (n, r, p) in [(1 << 14, 8, 5), (1 << 18, 8, 1), (1 << 15, 8, 16)] {
            assert!(!is_too_much(n, r, p), "{n} {r} {p}");
        }
        for (n, r, p) in [(1 << 19, 8, 1), (2, 1, 1 << 22), (2, 1 << 22, 1), (u64::MAX, 8, 1)] {
            assert!(is_too_much(n, r, p), "{n} {r} {p}");
        }
    }

    #[test]
    fn a_key_is_never_printed() {
        let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
        assert_eq!(format!("{key:?}"), format!("PrivateKey(Ed25519 {})", key.public().id()));
    }
}
