//! Digest sets: what in-toto documents say of one thing, under the names of the algorithms.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Digest, StrongDigests};

/// The digests that a document states for one thing (in-toto `DigestSet`).
///
/// The framework lets a verifier take any algorithm it accepts and ignore the rest. Off-spec: here
/// every strong digest must match, and a strong one that is not computed here spoils the set. One
/// that matches beside one that does not is a set that was put together.
///
/// ```json
/// {"sha256": "ba78...", "sha512": "ddaf..."}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DigestSet(BTreeMap<String, String>);

/// What a set is held against.
#[derive(Debug, Clone, Copy)]
pub enum Thing<'a> {
    /// A file that was read, and the commit of the release that it belongs to, where that is known.
    File(&'a StrongDigests, Option<&'a str>),
    /// A file of which only the SHA-256 digest is known, and the commit.
    Digest(Digest, Option<&'a str>),
    /// A commit.
    Commit(&'a str),
}

/// What came of holding a set against a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// Every strong digest of the set is the thing's.
    Same,
    /// The set is about something else.
    Other,
    /// The named digest cannot be held against the thing, because the file itself is not there.
    Unchecked(&'static str),
}

/// Why a set cannot be relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WeakSet {
    /// None of SHA-256, SHA-512 and `gitCommit`.
    NothingStrong,
    /// A strong digest that is not the lower-case hexadecimal digits that it must be.
    Malformed(String),
    /// A strong digest that is not computed here.
    NotComputed(String),
}

/// The strong algorithms that are computed here, and the lengths of their digests.
const FILE_DIGESTS: [(&str, usize); 3] = [("sha256", 64), ("sha384", 96), ("sha512", 128)];
const COMMIT: &str = "gitCommit";
/// How the names of other strong algorithms begin (in-toto attestation v1, `DigestSet`).
const OTHER_STRONG: [&str; 5] = ["sha2", "sha3", "sha5", "blake", "shake"];

impl DigestSet {
    /// Makes a set of the one digest that this crate writes.
    #[must_use]
    pub fn of(digest: Digest) -> Self {
        Self([("sha256".to_owned(), digest.to_string())].into())
    }

    /// Makes a set of names and values.
    pub(crate) fn of_entries(entries: impl Iterator<Item = (String, String)>) -> Self {
        Self(entries.collect())
    }

    /// Returns the SHA-256 digest, where there is one.
    #[must_use]
    pub fn sha256(&self) -> Option<Digest> {
        self.0.get("sha256")?.parse().ok()
    }

    /// Returns the commit, where there is one.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        self.0.get(COMMIT).map(String::as_str)
    }

    /// Tells whether the set states a digest longer than SHA-256.
    #[must_use]
    pub fn has_longer(&self) -> bool {
        self.0.contains_key("sha384") || self.0.contains_key("sha512")
    }

    /// Returns the names and values of the strong digests.
    pub fn strong(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).filter(|(name, _)| {
            *name == COMMIT || FILE_DIGESTS.iter().any(|(strong, _)| strong == name)
        })
    }

    /// Holds when the set can be relied on: it has a SHA-256, a SHA-512 or a commit, and every
    /// strong digest in it is one that is computed here, in its one spelling.
    ///
    /// # Errors
    ///
    /// [`WeakSet`] says which digest is at fault.
    pub fn check(&self) -> Result<(), WeakSet> {
        for (name, value) in &self.0 {
            let lengths: &[usize] = match FILE_DIGESTS.iter().find(|(strong, _)| strong == name) {
                Some((_, length)) => &[*length],
                None if name == COMMIT => &[40, 64],
                None if OTHER_STRONG.iter().any(|strong| name.starts_with(strong)) => {
                    return Err(WeakSet::NotComputed(name.clone()));
                }
                None => continue,
            };
            let digits = value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            if !(lengths.contains(&value.len()) && digits) {
                return Err(WeakSet::Malformed(name.clone()));
            }
        }
        let relied_on = ["sha256", "sha512", COMMIT];
        if relied_on.iter().any(|name| self.0.contains_key(*name)) {
            Ok(())
        } else {
            Err(WeakSet::NothingStrong)
        }
    }

    /// Holds the set against a thing.
    #[must_use]
    pub fn compare(&self, thing: Thing<'_>) -> Comparison {
        let stated = |name: &str| self.0.get(name).map(String::as_str);
        let (sha256, longer, commit) = match thing {
            Thing::File(digests, commit) => (digests.sha256, Some(digests), commit),
            Thing::Digest(digest, commit) => (digest, None, commit),
            Thing::Commit(commit) => {
                let names_a_file = FILE_DIGESTS.iter().any(|(name, _)| stated(name).is_some());
                let same = stated(COMMIT) == Some(commit) && !names_a_file;
                return if same { Comparison::Same } else { Comparison::Other };
            }
        };
        let sha256 = sha256.to_string();
        let known = [
            ("sha256", Some(sha256.as_str())),
            ("sha384", longer.map(|digests| digests.sha384.as_str())),
            ("sha512", longer.map(|digests| digests.sha512.as_str())),
            (COMMIT, commit),
        ];
        let mut unchecked = None;
        for (name, known) in known {
            match (stated(name), known) {
                (Some(stated), Some(known)) if stated != known => return Comparison::Other,
                (Some(_), None) => unchecked = unchecked.or(Some(name)),
                (Some(_), Some(_)) | (None, _) => {}
            }
        }
        let names_a_file = stated("sha256").is_some() || stated("sha512").is_some();
        match unchecked {
            _ if !names_a_file => Comparison::Other,
            Some(name) => Comparison::Unchecked(name),
            None => Comparison::Same,
        }
    }
}

impl fmt::Display for DigestSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<String> =
            self.strong().map(|(name, value)| format!("{name}:{}", value.escape_debug())).collect();
        formatter.write_str(&rows.join(" "))
    }
}

impl fmt::Display for WeakSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingStrong => {
                formatter.write_str("has no SHA-256 digest, no SHA-512 digest and no commit")
            }
            Self::Malformed(name) => {
                let name = name.escape_debug();
                write!(formatter, "has a `{name}` that is not its lower-case hexadecimal digits")
            }
            Self::NotComputed(name) => {
                let name = name.escape_debug();
                write!(formatter, "has a strong digest `{name}`, which is not checked here")
            }
        }
    }
}

impl std::error::Error for WeakSet {}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(entries: &[(&str, &str)]) -> DigestSet {
        DigestSet(entries.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect())
    }

    #[test]
    fn every_strong_digest_must_match() {
        let file = StrongDigests::of(b"file");
        let (other, commit) = (StrongDigests::of(b"other"), "a".repeat(40));
        let short = file.sha256.to_string();
        let rows: [(&[(&str, &str)], Comparison); 9] = [
            (&[("sha256", &short)], Comparison::Same),
            (&[("sha256", &short), ("sha512", &file.sha512)], Comparison::Same),
            (&[("sha512", &file.sha512)], Comparison::Same),
            (&[("sha256", &short), ("sha384", &file.sha384), ("md5", "x")], Comparison::Same),
            (&[("sha256", &short), ("sha512", &other.sha512)], Comparison::Other),
            (&[("sha256", &short), ("sha384", &other.sha384)], Comparison::Other),
            (&[("sha256", &other.sha256.to_string()), ("md5", "x")], Comparison::Other),
            (&[("gitCommit", &commit)], Comparison::Other),
            (&[("sha256", &short), ("gitCommit", &commit)], Comparison::Unchecked("gitCommit")),
        ];
        for (entries, expected) in rows {
            let found = set(entries);
            assert_eq!(found.check(), Ok(()), "{found}");
            assert_eq!(found.compare(Thing::File(&file, None)), expected, "{found}");
        }
        let both = set(&[("sha256", &short), ("sha512", &file.sha512)]);
        let digest = Thing::Digest(file.sha256, None);
        assert_eq!(both.compare(digest), Comparison::Unchecked("sha512"));
        let wrong = Thing::Digest(other.sha256, None);
        assert_eq!(both.compare(wrong), Comparison::Other);
        let tied = set(&[("sha256", &short), ("gitCommit", &commit)]);
        assert_eq!(tied.compare(Thing::File(&file, Some(&commit))), Comparison::Same);
        assert_eq!(tied.compare(Thing::File(&file, Some("b"))), Comparison::Other);
        assert_eq!(tied.compare(Thing::Commit(&commit)), Comparison::Other);
        let source = set(&[("gitCommit", &commit), ("sha1", &commit)]);
        assert_eq!(source.compare(Thing::Commit(&commit)), Comparison::Same);
    }

    #[test]
    fn weak_and_odd_sets_are_not_relied_on() {
        let right = Digest::of(b"x").to_string();
        let weak: [&[(&str, &str)]; 10] = [
            &[],
            &[("md5", "x")],
            &[("sha1", "x")],
            &[("SHA256", &right)],
            &[("sha384", &"0".repeat(96))],
            &[("sha256", &right.to_uppercase())],
            &[("sha256", &right[..63])],
            &[("sha256", &right), ("sha512", "00")],
            &[("sha256", &right), ("sha3_256", &right)],
            &[("gitCommit", "main")],
        ];
        for entries in weak {
            assert!(set(entries).check().is_err(), "{entries:?}");
        }
    }

    #[test]
    fn a_reader_gives_what_memory_gives() {
        let bytes = vec![7; 10_000];
        let read = StrongDigests::of_reader(&bytes[..], &mut [0; 97]).unwrap();
        assert_eq!(read, StrongDigests::of(&bytes));
        // FIPS 180-4 examples, "abc".
        let abc = StrongDigests::of(b"abc");
        assert!(abc.sha384.starts_with("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"));
        assert!(abc.sha512.starts_with("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea2"));
    }
}
