//! minisign: signatures for people who have only `minisign -V`.
//!
//! Written and read is the prehashed form alone: Ed25519 over the BLAKE2b-512 digest of the file,
//! and a second signature over the first and the trusted comment. The older form signs the file
//! itself, so a file of 64 bytes that is the digest of another one has that one's signature; it is
//! refused, as minisign itself does unless it is told otherwise.
//!
//! A key's number, which minisign draws at random, is here the first eight bytes of the key's id.

use std::fmt;

use blake2::{Blake2b512, Digest as _};

use super::Refusal;
use super::base64;
use super::key::{Algorithm, KeyError, PrivateKey, PublicKey};
use crate::finding::rules::trust as rules;
use crate::time::Timestamp;

/// A minisign public key: an Ed25519 key and the number that signatures name.
///
/// ```text
/// untrusted comment: minisign public key 9C1F2A3B4D5E6F70
/// RWRwb15NOyofnKx...
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MinisignKey {
    number: KeyNumber,
    key: PublicKey,
}

/// A minisign signature: nothing in it is trusted yet.
///
/// ```text
/// untrusted comment: signature from countersign
/// RURwb15NOyofnKx...
/// trusted comment: timestamp:1795510800<tab>file:checksums.txt<tab>hashed
/// 9FzP...
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MinisignSignature {
    number: KeyNumber,
    signature: [u8; 64],
    trusted_comment: String,
    global: [u8; 64],
}

/// The eight bytes that a signature names its key by. Not authenticated: decides nothing that the
/// key itself does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyNumber([u8; 8]);

impl fmt::Display for KeyNumber {
    /// As minisign shows it: the eight bytes as a number, the last byte first.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016X}", u64::from_le_bytes(self.0))
    }
}

/// How the first line of both files begins.
const UNTRUSTED: &str = "untrusted comment: ";
const TRUSTED: &str = "trusted comment: ";
/// The longest comments that minisign reads, in bytes.
const MAX_COMMENT: usize = 1024;
const MAX_TRUSTED_COMMENT: usize = 8192;
/// The algorithm of a key, and of the older form of signatures.
const PLAIN: &[u8; 2] = b"Ed";
/// The algorithm of a signature over a BLAKE2b-512 digest.
const PREHASHED: &[u8; 2] = b"ED";

/// The largest signature or key file, in bytes.
pub const MAX_BYTES: usize = 16 << 10;

/// Tells whether a file is meant for minisign, by how it begins.
#[must_use]
pub fn is_minisign(bytes: &[u8]) -> bool {
    bytes.starts_with(UNTRUSTED.as_bytes())
}

impl MinisignKey {
    /// Gives an Ed25519 key its number; nothing for a key of another algorithm.
    #[must_use]
    pub fn of(key: &PublicKey) -> Option<Self> {
        if key.algorithm() != Algorithm::Ed25519 {
            return None;
        }
        let mut number = [0; 8];
        number.copy_from_slice(&key.id().as_bytes()[..8]);
        Some(Self { number: KeyNumber(number), key: key.clone() })
    }

    /// Reads a public key file.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotMinisign`] for anything but one comment and one key, and as
    /// [`PublicKey::from_der`] for a key that is no safe point of the curve.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyError> {
        let lines = lines_of(bytes, 2).ok_or(KeyError::NotMinisign)?;
        let parts = base64_of(lines[1]).filter(|parts| parts.len() == 42 && &parts[..2] == PLAIN);
        let parts = parts.ok_or(KeyError::NotMinisign)?;
        let mut number = [0; 8];
        number.copy_from_slice(&parts[2..10]);
        let key = PublicKey::from_ed25519_point(&parts[10..])?;
        Ok(Self { number: KeyNumber(number), key })
    }

    /// Writes the public key file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let point = self.key.ed25519_point().unwrap_or_default();
        let bytes = [PLAIN.as_slice(), &self.number.0, point].concat();
        let number = self.number;
        format!("{UNTRUSTED}minisign public key {number}\n{}\n", base64::encode(&bytes))
    }

    /// Returns the key.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Returns the key's number.
    #[must_use]
    pub fn number(&self) -> KeyNumber {
        self.number
    }
}

impl MinisignSignature {
    /// Signs the bytes of a file. The trusted comment names the file and a time.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotEd25519`] with a key of another algorithm.
    pub fn sign(
        bytes: &[u8],
        file_name: &str,
        at: Timestamp,
        key: &PrivateKey,
    ) -> Result<Self, KeyError> {
        let own = MinisignKey::of(key.public()).ok_or(KeyError::NotEd25519)?;
        let signature = signature_of(key.sign(&prehash(bytes))?)?;
        let seconds = at.unix_seconds();
        let trusted_comment = format!("timestamp:{seconds}\tfile:{file_name}\thashed");
        let global = [&signature[..], trusted_comment.as_bytes()].concat();
        let global = signature_of(key.sign(&global)?)?;
        Ok(Self { number: own.number, signature, trusted_comment, global })
    }

    /// Reads a signature file.
    ///
    /// # Errors
    ///
    /// A refusal for anything but the four lines of one prehashed signature.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let lines = lines_of(bytes, 4).ok_or_else(|| {
            malformed(
                "expected a comment, a signature, a trusted comment and its signature, in \
                       four lines of printable text",
            )
        })?;
        let parts = base64_of(lines[1]).filter(|parts| parts.len() == 74);
        let parts = parts.ok_or_else(|| malformed("the second line is not 74 bytes in base64"))?;
        if &parts[..2] == PLAIN {
            return Err(malformed("a signature of the older form, over the file itself"));
        }
        if &parts[..2] != PREHASHED {
            return Err(malformed("a signature of an algorithm that is not known"));
        }
        let trusted_comment = lines[2]
            .strip_prefix(TRUSTED)
            .filter(|comment| comment.len() <= MAX_TRUSTED_COMMENT)
            .ok_or_else(|| malformed("the third line is no trusted comment"))?;
        let global = base64_of(lines[3])
            .and_then(|bytes| <[u8; 64]>::try_from(bytes).ok())
            .ok_or_else(|| malformed("the fourth line is not 64 bytes in base64"))?;
        let (mut number, mut signature) = ([0; 8], [0; 64]);
        number.copy_from_slice(&parts[2..10]);
        signature.copy_from_slice(&parts[10..]);
        Ok(Self {
            number: KeyNumber(number),
            signature,
            trusted_comment: trusted_comment.to_owned(),
            global,
        })
    }

    /// Writes the signature file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let bytes = [PREHASHED.as_slice(), &self.number.0, &self.signature].concat();
        format!(
            "{UNTRUSTED}signature from countersign\n{}\n{TRUSTED}{}\n{}\n",
            base64::encode(&bytes),
            self.trusted_comment,
            base64::encode(&self.global)
        )
    }

    /// Returns the number of the key that is named, unverified.
    #[must_use]
    pub fn unverified_number(&self) -> KeyNumber {
        self.number
    }

    /// Returns the trusted comment, which is signed with the signature.
    #[must_use]
    pub fn trusted_comment(&self) -> &str {
        &self.trusted_comment
    }

    /// Tells whether both signatures are this key's, over this file and this trusted comment.
    pub(super) fn is_by(&self, bytes: &[u8], key: &PublicKey) -> bool {
        let global = [&self.signature[..], self.trusted_comment.as_bytes()].concat();
        key.algorithm() == Algorithm::Ed25519
            && key.verifies(&prehash(bytes), &self.signature)
            && key.verifies(&global, &self.global)
    }
}

fn prehash(bytes: &[u8]) -> [u8; 64] {
    Blake2b512::digest(bytes).into()
}

fn signature_of(bytes: Vec<u8>) -> Result<[u8; 64], KeyError> {
    <[u8; 64]>::try_from(bytes).map_err(|_| KeyError::NotEd25519)
}

/// Takes a file of so many lines apart, the first an untrusted comment. Since 0.12 minisign refuses
/// what a terminal does not show, carriage returns included; so does this.
fn lines_of(bytes: &[u8], count: usize) -> Option<Vec<&str>> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_BYTES)?;
    let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
    let printable =
        |line: &&str| line.chars().all(|character| character == '\t' || !character.is_control());
    let comment = lines.first()?.strip_prefix(UNTRUSTED)?;
    let sound = lines.len() == count
        && comment.len() <= MAX_COMMENT
        && lines.iter().all(|line| printable(line));
    sound.then_some(lines)
}

/// minisign writes the standard alphabet; another spelling would be a second file for one signature.
fn base64_of(text: &str) -> Option<Vec<u8>> {
    base64::decode(text).filter(|bytes| base64::encode(bytes) == text)
}

fn malformed(problem: &str) -> Refusal {
    Refusal::new(&rules::MINISIGN_MALFORMED, format!("not a minisign signature: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> PrivateKey {
        PrivateKey::generate(Algorithm::Ed25519).unwrap()
    }

    fn now() -> Timestamp {
        "2026-11-24T09:00:00Z".parse().unwrap()
    }

    fn signed(bytes: &[u8], key: &PrivateKey) -> MinisignSignature {
        MinisignSignature::sign(bytes, "checksums.txt", now(), key).unwrap()
    }

    #[test]
    fn what_is_written_is_read_and_holds() {
        let key = key();
        let own = MinisignKey::of(key.public()).unwrap();
        assert_eq!(MinisignKey::parse(own.to_text().as_bytes()), Ok(own.clone()));
        let signature = signed(b"file", &key);
        let read = MinisignSignature::parse(signature.to_text().as_bytes()).unwrap();
        assert_eq!(read, signature);
        assert_eq!(read.unverified_number(), own.number());
        assert!(read.is_by(b"file", own.key()));
        assert!(!read.is_by(b"filE", own.key()));
        assert!(!read.is_by(b"file", self::key().public()));
        let p256 = PrivateKey::generate(Algorithm::P256).unwrap();
        assert!(MinisignKey::of(p256.public()).is_none());
        assert!(MinisignSignature::sign(b"file", "a", now(), &p256).is_err());
        assert!(!read.is_by(b"file", p256.public()));
    }

    // S14: a file that is the digest of another one has no part in its signature.
    #[test]
    fn the_digest_of_a_file_is_not_the_file() {
        let key = key();
        let signature = signed(b"file", &key);
        let digest = prehash(b"file");
        assert!(!signature.is_by(&digest, key.public()));
        let mut bytes = base64::decode(signature.to_text().lines().nth(1).unwrap()).unwrap();
        bytes[..2].copy_from_slice(PLAIN);
        let relabelled = signature
            .to_text()
            .replace(signature.to_text().lines().nth(1).unwrap(), &base64::encode(&bytes));
        let refusal = MinisignSignature::parse(relabelled.as_bytes()).unwrap_err();
        assert!(refusal.message.contains("older form"), "{refusal}");
    }

    // S16: the trusted comment is signed too.
    #[test]
    fn an_edited_trusted_comment_is_refused() {
        let key = key();
        let text = signed(b"file", &key).to_text();
        for (from, to) in [("file:checksums.txt", "file:other.txt"), ("timestamp:1", "timestamp:2")]
        {
            let changed = text.replace(from, to);
            assert_ne!(changed, text);
            let read = MinisignSignature::parse(changed.as_bytes()).unwrap();
            assert!(!read.is_by(b"file", key.public()), "{to}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let text = signed(b"file", &key()).to_text();
        let lines: Vec<&str> = text.lines().collect();
        let long = "x".repeat(MAX_TRUSTED_COMMENT + 1);
        for broken in [
            String::new(),
            lines[..3].join("\n"),
            lines[..2].join("\n"),
            format!("{text}\n"),
            format!("{text}{text}"),
            text.replace('\n', "\r\n"),
            text.replace(UNTRUSTED, "comment: "),
            text.replace(TRUSTED, "comment: "),
            text.replace("hashed", "\u{1b}[31mhashed"),
            text.replace("hashed", &long),
            text.replace(lines[1], &lines[1][..98]),
            text.replace(lines[3], ""),
            text.replace(lines[1], lines[3]),
        ] {
            assert!(MinisignSignature::parse(broken.as_bytes()).is_err(), "{broken:?}");
        }
        assert!(MinisignKey::parse(text.as_bytes()).is_err());
    }
}
