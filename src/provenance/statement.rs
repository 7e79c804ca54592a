//! The in-toto Statement v1.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::digest::{Digest, WeakSet};
use crate::finding::rules::trust as rules;
use crate::json::{self, JsonError, Limits};
use crate::trust::Refusal;

/// The payload type of an in-toto statement in a DSSE envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// The most subjects of a statement.
pub(super) const MAX_SUBJECTS: usize = 100_000;

/// A predicate whose type is known.
pub trait Predicate: Serialize + DeserializeOwned {
    /// The `predicateType` of its statements; compared exactly.
    const TYPE: &str;
}

/// A statement: a predicate that holds for every subject.
///
/// ```json
/// {"_type": "https://in-toto.io/Statement/v1",
///  "subject": [{"name": "atlas-1.0.0.tgz", "digest": {"sha256": "ba78..."}}],
///  "predicateType": "https://slsa.dev/provenance/v1", "predicate": {}}
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<P> {
    /// What the statement is about, by digest; names are for people.
    pub subjects: Vec<Subject>,
    /// What it says.
    pub predicate: P,
}

/// One file that a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// The file's name.
    pub name: String,
    /// The file's digest.
    pub digest: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatementDocument<P> {
    #[serde(rename = "_type")]
    statement_type: String,
    subject: Vec<SubjectDocument>,
    predicate_type: String,
    predicate: P,
}

/// Unknown fields of a statement are ignored: in-toto attestation framework v1, "Parsing rules".
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    #[serde(rename = "_type")]
    statement_type: String,
    predicate_type: String,
}

#[derive(Serialize, Deserialize)]
struct SubjectDocument {
    #[serde(default)]
    name: String,
    digest: BTreeMap<String, String>,
}

/// Why bytes are not the statement that was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatementError {
    /// Not the JSON of a statement.
    Json(JsonError),
    /// Not a Statement v1.
    StatementType(String),
    /// Another predicate.
    PredicateType {
        /// The type that is stated.
        found: String,
        /// The type that was asked for.
        expected: &'static str,
    },
    /// No subject, too many, or two under one name.
    Subjects(String),
    /// A subject without a digest that can be relied on.
    WeakDigest(String),
    /// A subject of somebody else's statement whose digests cannot be relied on.
    WeakSet {
        /// The subject's name.
        name: String,
        /// What is wrong with them.
        weak: WeakSet,
    },
    /// The payload is not said to be a statement, or one with another predicate than it has.
    PayloadType(String),
    /// Not the form of a statement.
    Form(String),
    /// A known predicate without one of its required fields.
    Field {
        /// The predicate's type.
        predicate_type: String,
        /// The field.
        pointer: String,
        /// What it must be.
        expected: String,
    },
}

impl fmt::Display for StatementError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(formatter, "not an in-toto statement: {error}"),
            Self::StatementType(found) => write!(
                formatter,
                "statement type `{}`; expected `{STATEMENT_TYPE}`",
                found.escape_debug()
            ),
            Self::PredicateType { found, expected } => write!(
                formatter,
                "predicate type `{}`; expected `{expected}`",
                found.escape_debug()
            ),
            Self::Subjects(problem) => formatter.write_str(problem),
            Self::WeakDigest(name) => write!(
                formatter,
                "the subject `{}` has no SHA-256 digest, or another strong one that is not checked",
                name.escape_debug()
            ),
            Self::WeakSet { name, weak } => {
                write!(formatter, "the subject `{}` {weak}", name.escape_debug())
            }
            Self::PayloadType(found) => {
                write!(
                    formatter,
                    "payload type `{}`; expected an in-toto statement's",
                    found.escape_debug()
                )
            }
            Self::Form(problem) => write!(formatter, "not an in-toto statement: {problem}"),
            Self::Field { predicate_type, pointer, expected } => write!(
                formatter,
                "a predicate `{predicate_type}` must have {expected} at `{}`",
                pointer.escape_debug()
            ),
        }
    }
}

impl std::error::Error for StatementError {}

impl From<StatementError> for Refusal {
    fn from(error: StatementError) -> Self {
        let rule = match &error {
            StatementError::Json(_)
            | StatementError::StatementType(_)
            | StatementError::Subjects(_)
            | StatementError::Form(_)
            | StatementError::Field { .. } => &rules::STATEMENT_MALFORMED,
            StatementError::PredicateType { .. } => &rules::PREDICATE_TYPE_MISMATCH,
            StatementError::WeakDigest(_) | StatementError::WeakSet { .. } => &rules::WEAK_DIGEST,
            StatementError::PayloadType(_) => &rules::PAYLOAD_TYPE_UNSUPPORTED,
        };
        Self { rule, message: error.to_string() }
    }
}

impl<P: Predicate> Statement<P> {
    /// Reads a statement with this predicate.
    ///
    /// # Errors
    ///
    /// [`StatementError`] for another statement or predicate type, for subjects that cannot be
    /// matched by a strong digest, and for anything that is not a statement at all.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        let header: Header = json::parse(bytes, Limits::EVIDENCE).map_err(StatementError::Json)?;
        if header.statement_type != STATEMENT_TYPE {
            return Err(StatementError::StatementType(header.statement_type));
        }
        if header.predicate_type != P::TYPE {
            let found = header.predicate_type;
            return Err(StatementError::PredicateType { found, expected: P::TYPE });
        }
        let document: StatementDocument<P> =
            json::parse(bytes, Limits::EVIDENCE).map_err(StatementError::Json)?;
        let subjects = subjects_of(document.subject)?;
        Ok(Self { subjects, predicate: document.predicate })
    }

    /// Writes the statement in canonical JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8>
    where
        P: Clone,
    {
        let subject = self
            .subjects
            .iter()
            .map(|subject| SubjectDocument {
                name: subject.name.clone(),
                digest: [("sha256".to_owned(), subject.digest.to_string())].into(),
            })
            .collect();
        json::to_bytes(&StatementDocument {
            statement_type: STATEMENT_TYPE.to_owned(),
            subject,
            predicate_type: P::TYPE.to_owned(),
            predicate: self.predicate.clone(),
        })
    }
}

fn subjects_of(documents: Vec<SubjectDocument>) -> Result<Vec<Subject>, StatementError> {
    if documents.is_empty() || documents.len() > MAX_SUBJECTS {
        let problem = format!("{} subjects; expected 1 to {MAX_SUBJECTS}", documents.len());
        return Err(StatementError::Subjects(problem));
    }
    let mut names: BTreeMap<String, Digest> = BTreeMap::new();
    let mut subjects = Vec::with_capacity(documents.len());
    for document in documents {
        let weak = || StatementError::WeakDigest(document.name.clone());
        // All strong digests of a subject must match. The only one that is computed here is
        // SHA-256, so a second one could not be held against the file.
        let unchecked = document.digest.keys().any(|name| {
            name != "sha256"
                && (name.starts_with("sha2")
                    || name.starts_with("sha3")
                    || name.starts_with("sha5")
                    || name.starts_with("blake"))
        });
        let digest: Digest =
            document.digest.get("sha256").ok_or_else(weak)?.parse().map_err(|_| weak())?;
        if unchecked {
            return Err(weak());
        }
        if names.insert(document.name.clone(), digest).is_some_and(|before| before != digest) {
            let name = document.name.escape_debug();
            let problem = format!("two subjects named `{name}` with different digests");
            return Err(StatementError::Subjects(problem));
        }
        subjects.push(Subject { name: document.name, digest });
    }
    Ok(subjects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Word {
        word: String,
    }

    impl Predicate for Word {
        const TYPE: &str = "https://example.com/word/v1";
    }

    fn statement() -> Statement<Word> {
        Statement {
            subjects: vec![Subject { name: "a".to_owned(), digest: Digest::of(b"a") }],
            predicate: Word { word: "hello".to_owned() },
        }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Statement::parse(&statement().to_bytes()), Ok(statement()));
    }

    #[test]
    fn near_misses_are_refused() {
        let text = String::from_utf8(statement().to_bytes()).unwrap();
        let digest = Digest::of(b"a").to_string();
        for (from, to) in [
            ("word/v1", "word/v1.0"),
            ("word/v1", "word/V1"),
            ("word/v1", "word/v1/"),
            ("Statement/v1", "Statement/v0.1"),
            ("\"sha256\"", "\"sha1\""),
            ("\"sha256\"", "\"sha512\": \"00\", \"sha256\""),
            (digest.as_str(), &digest.to_uppercase()),
            ("\"word\": \"hello\"", "\"other\": 1"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            assert!(Statement::<Word>::parse(changed.as_bytes()).is_err(), "{to}");
        }
        let mut none = statement();
        none.subjects.clear();
        assert!(Statement::<Word>::parse(&none.to_bytes()).is_err());
        let mut twins = statement();
        twins.subjects.push(Subject { name: "a".to_owned(), digest: Digest::of(b"b") });
        assert!(Statement::<Word>::parse(&twins.to_bytes()).is_err());
        assert!(Statement::<Word>::parse(b"\"hello\"").is_err());
    }
}
