//! SHA-256 digests: the only way this crate names bytes.

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

mod set;

pub use set::{Comparison, DigestSet, Thing, WeakSet};

/// The SHA-256 digest of some bytes, written as 64 lower-case hexadecimal digits.
///
/// ```
/// use countersign::Digest;
///
/// let digest = Digest::of(b"abc");
/// assert_eq!(
///     digest.to_string(),
///     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
/// );
/// assert!("BA78".parse::<Digest>().is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Computes the digest of bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Wraps 32 bytes that are a digest already.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Tells whether somebody typed this digest instead of computing it: one repeated digit or
    /// byte, or the digest of no bytes at all.
    #[must_use]
    pub fn is_placeholder(&self) -> bool {
        let text = self.to_string();
        let repeated = |width: usize| {
            text.as_bytes().chunks(width).all(|chunk| chunk == &text.as_bytes()[..width])
        };
        repeated(1) || repeated(2) || repeated(4) || repeated(8) || *self == Self::of(b"")
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "sha256:{self}")
    }
}

/// The text is not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseDigestError(String);

impl fmt::Display for ParseDigestError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "`{}` is not a SHA-256 digest: expected 64 lower-case hexadecimal digits",
            self.0.escape_debug()
        )
    }
}

impl std::error::Error for ParseDigestError {}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseDigestError(text.chars().take(80).collect());
        let nibble = |character: u8| match character {
            b'0'..=b'9' => Ok(character - b'0'),
            b'a'..=b'f' => Ok(character - b'a' + 10),
            _ => Err(error()),
        };
        if text.len() != 64 {
            return Err(error());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The digests of one file under every strong algorithm that is computed here, from one pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrongDigests {
    /// SHA-256.
    pub sha256: Digest,
    /// SHA-384, in lower-case hexadecimal digits.
    pub sha384: String,
    /// SHA-512, in lower-case hexadecimal digits.
    pub sha512: String,
}

impl StrongDigests {
    /// Computes the digests of bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            sha256: Digest::of(bytes),
            sha384: hex(&Sha384::digest(bytes)),
            sha512: hex(&Sha512::digest(bytes)),
        }
    }

    /// Computes the digests of all that a reader gives.
    ///
    /// # Errors
    ///
    /// Whatever the reader reports.
    pub fn of_reader(mut reader: impl Read, buffer: &mut [u8]) -> io::Result<Self> {
        let (mut short, mut middle, mut long) = (Sha256::new(), Sha384::new(), Sha512::new());
        loop {
            let count = match reader.read(buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            short.update(&buffer[..count]);
            middle.update(&buffer[..count]);
            long.update(&buffer[..count]);
        }
        Ok(Self {
            sha256: Digest(short.finalize().into()),
            sha384: hex(&middle.finalize()),
            sha512: hex(&long.finalize()),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Hashes what is written to it and passes the bytes on: hash once, in the pass that moves them.
pub struct HashingWriter<W> {
    hash: Sha256,
    length: u64,
    inner: W,
}

impl<W: Write> HashingWriter<W> {
    /// Starts with no bytes seen.
    pub fn new(inner: W) -> Self {
        Self { hash: Sha256::new(), length: 0, inner }
    }

    /// Returns the number of bytes written so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Returns the digest and the number of bytes written, and the writer behind.
    pub fn finish(self) -> (Digest, u64, W) {
        (Digest(self.hash.finalize().into()), self.length, self.inner)
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Reads to the end and returns the digest and the number of bytes.
///
/// # Errors
///
/// Whatever the reader reports.
pub fn hash_reader(mut reader: impl Read, buffer: &mut [u8]) -> io::Result<(Digest, u64)> {
    let mut hash = Sha256::new();
    let mut length = 0;
    loop {
        match reader.read(buffer) {
            Ok(0) => return Ok((Digest(hash.finalize().into()), length)),
            Ok(count) => {
                hash.update(&buffer[..count]);
                length += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Hashes a file whose size is known: as [`hash_reader`], but the end is not asked for once the last
/// byte is there. Also tells whether one call gave all of it, with room for more that did not come; else
/// whoever calls makes sure that the file is still what it was.
///
/// # Errors
///
/// Whatever the reader reports.
pub(crate) fn hash_known(
    mut reader: impl Read,
    size: u64,
    buffer: &mut [u8],
) -> io::Result<(Digest, u64, bool)> {
    let mut hash = Sha256::new();
    let mut length = 0;
    let mut calls = 0;
    loop {
        match reader.read(buffer) {
            Ok(0) => break,
            Ok(count) => {
                hash.update(&buffer[..count]);
                length += count as u64;
                calls += 1;
                if length == size {
                    break;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let at_once = calls <= 1 && length == size && size < buffer.len() as u64;
    Ok((Digest(hash.finalize().into()), length, at_once))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_only_its_own_writing() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        for wrong in ["", "ba", &digest.to_string().to_uppercase(), &format!("{digest} ")] {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn typed_digests_are_placeholders() {
        for typed in ["3".repeat(64), "ab".repeat(32), "deadbeef".repeat(8)] {
            assert!(typed.parse::<Digest>().unwrap().is_placeholder(), "{typed}");
        }
        assert!(Digest::of(b"").is_placeholder());
        assert!(!Digest::of(b"abc").is_placeholder());
    }
}
