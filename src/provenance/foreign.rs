//! Statements of anybody's making: in-toto v1 and v0.1, with any predicate, read as they are.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::predicates::{self, KnownPredicate};
use super::statement::{MAX_SUBJECTS, PAYLOAD_TYPE, StatementError};
use crate::digest::{Comparison, DigestSet, Thing};
use crate::document::{self, Node, Value};
use crate::json::{self, Limits};
use crate::trust::Payload;

/// The statement types that are read. The older one is what cosign and witness still write.
const STATEMENT_TYPES: [&str; 2] =
    ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];
const LIMITS: document::Limits = document::Limits {
    bytes: Limits::EVIDENCE.bytes,
    depth: Limits::EVIDENCE.depth,
    values: 4_000_000,
};

/// Names that a policy gives to predicate types which are not written as their standard has them:
/// `https://slsa.dev/provenance/v1.0` for `https://slsa.dev/provenance/v1`.
pub type Aliases = BTreeMap<String, String>;

/// A statement with a predicate that need not be known.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignStatement {
    /// What the statement is about.
    pub subjects: Vec<ForeignSubject>,
    /// What kind of predicate it has: as stated, or what the policy's alias for that stands for.
    pub predicate_type: String,
    /// What it says; `null` where it says nothing.
    pub predicate: Node,
}

/// One thing that a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ForeignSubject {
    /// What people call it; may be empty.
    pub name: String,
    /// Which thing it is.
    pub digests: DigestSet,
}

impl ForeignStatement {
    /// Reads what a signed payload states, and holds a known predicate against its standard.
    ///
    /// # Errors
    ///
    /// As [`ForeignStatement::read`], for a second spelling of a known predicate type, for a
    /// payload type that names another predicate, and for a known predicate without one of its
    /// required fields.
    pub fn parse(payload: &Payload, aliases: &Aliases) -> Result<Self, StatementError> {
        let mut statement = Self::read(payload)?;
        if let Some(stands_for) = aliases.get(&statement.predicate_type) {
            statement.predicate_type.clone_from(stands_for);
        }
        let known = known(&statement.predicate_type)?;
        let word = word_of(&payload.payload_type).flatten();
        if word.is_some_and(|word| known.is_none_or(|known| known.word != word)) {
            return Err(StatementError::PayloadType(payload.payload_type.clone()));
        }
        if let Some(known) = known {
            known.check(&statement.predicate).map_err(|problem| StatementError::Field {
                predicate_type: statement.predicate_type.clone(),
                pointer: format!("/predicate{}", problem.pointer),
                expected: problem.expected,
            })?;
        }
        Ok(statement)
    }

    /// Reads what a signed payload is about, and not whether its predicate is sound: for who asks
    /// only whether a file is named (`verify-blob`).
    ///
    /// "Consumers MUST ignore unrecognized fields" (in-toto attestation v1, "Parsing rules").
    ///
    /// # Errors
    ///
    /// [`StatementError`] for another payload or statement type, and for subjects that are none,
    /// too many, or cannot be matched by strong digests.
    pub fn read(payload: &Payload) -> Result<Self, StatementError> {
        let malformed = |problem: &str| StatementError::Form(problem.to_owned());
        if word_of(&payload.payload_type).is_none() {
            return Err(StatementError::PayloadType(payload.payload_type.clone()));
        }
        let root = document::parse_json(&payload.bytes, LIMITS)
            .map_err(|error| StatementError::Form(error.to_string()))?;
        let text = |key: &str| root.get(key).and_then(Node::as_str);
        let statement_type = text("_type").ok_or_else(|| malformed("it has no `_type`"))?;
        if !STATEMENT_TYPES.contains(&statement_type) {
            return Err(StatementError::StatementType(statement_type.to_owned()));
        }
        let predicate_type =
            text("predicateType").ok_or_else(|| malformed("it has no `predicateType`"))?;
        let predicate_type = predicate_type.to_owned();
        let subjects = subjects_of(&root)?;
        let null = Node { value: Value::Null, position: root.position };
        let predicate = root.get("predicate").cloned().unwrap_or(null);
        Ok(Self { subjects, predicate_type, predicate })
    }

    /// Tells whether a subject is this thing.
    ///
    /// A subject that would be it, but for a digest that cannot be checked, is told apart.
    #[must_use]
    pub fn compare(&self, thing: Thing<'_>) -> Comparison {
        let mut found = Comparison::Other;
        for subject in &self.subjects {
            match subject.digests.compare(thing) {
                Comparison::Same => return Comparison::Same,
                Comparison::Unchecked(name) => found = Comparison::Unchecked(name),
                Comparison::Other => {}
            }
        }
        found
    }

    /// Returns a text of the predicate.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.predicate.get(key)?.as_str()
    }
}

/// Reads the predicate of a statement that [`ForeignStatement::parse`] has read, as a type.
///
/// # Errors
///
/// [`StatementError::Json`] when it is not of that type.
pub fn typed_predicate<P: DeserializeOwned>(payload: &Payload) -> Result<P, StatementError> {
    #[derive(Deserialize)]
    struct Document<P> {
        predicate: P,
    }
    json::parse::<Document<P>>(&payload.bytes, Limits::EVIDENCE)
        .map(|document| document.predicate)
        .map_err(StatementError::Json)
}

/// Returns the word in a payload type, where there is one: `application/vnd.in-toto.vsa+json`
/// (attestation v1.2). Nothing for what is no payload type of a statement.
fn word_of(payload_type: &str) -> Option<Option<&str>> {
    if payload_type == PAYLOAD_TYPE {
        return Some(None);
    }
    payload_type.strip_prefix("application/vnd.in-toto.")?.strip_suffix("+json").map(Some)
}

fn known(predicate_type: &str) -> Result<Option<&'static KnownPredicate>, StatementError> {
    match (predicates::find(predicate_type), predicates::second_spelling_of(predicate_type)) {
        (Some(known), _) => Ok(Some(known)),
        (None, Some(expected)) => {
            Err(StatementError::PredicateType { found: predicate_type.to_owned(), expected })
        }
        (None, None) => Ok(None),
    }
}

fn subjects_of(root: &Node) -> Result<Vec<ForeignSubject>, StatementError> {
    let problem = |text: String| StatementError::Subjects(text);
    let items = match root.get("subject").map(|node| &node.value) {
        Some(Value::Sequence(items)) => items,
        Some(_) => return Err(problem("its `subject` is no list".to_owned())),
        None => return Err(problem("it has no `subject`".to_owned())),
    };
    if items.is_empty() || items.len() > MAX_SUBJECTS {
        return Err(problem(format!("{} subjects; expected 1 to {MAX_SUBJECTS}", items.len())));
    }
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    let mut subjects: Vec<ForeignSubject> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let name = item.get("name").and_then(Node::as_str).unwrap_or_default();
        let digests = digests_of(item)
            .ok_or_else(|| problem(format!("subject {index} has no `digest` of texts")))?;
        digests.check().map_err(|weak| StatementError::WeakSet { name: name.to_owned(), weak })?;
        // A subject need not have a name; two that have the same are one thing with two digests.
        if let Some(before) = names.insert(name, index).filter(|_| !name.is_empty())
            && subjects[before].digests != digests
        {
            let name = name.escape_debug();
            return Err(problem(format!("two subjects named `{name}` with different digests")));
        }
        subjects.push(ForeignSubject { name: name.to_owned(), digests });
    }
    Ok(subjects)
}

fn digests_of(item: &Node) -> Option<DigestSet> {
    let Value::Mapping(entries) = &item.get("digest")?.value else { return None };
    let texts: Option<Vec<(String, String)>> = entries
        .iter()
        .map(|entry| Some((entry.key.clone(), entry.value.as_str()?.to_owned())))
        .collect();
    Some(DigestSet::of_entries(texts?.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Digest, StrongDigests};

    const HEAD: &str = r#""_type": "https://in-toto.io/Statement/v1", "predicateType": "https://example.com/word/v1""#;

    fn payload(payload_type: &str, text: &str) -> Payload {
        let bytes = text.replace("RIGHT", &Digest::of(b"file").to_string()).into_bytes();
        Payload { payload_type: payload_type.to_owned(), bytes }
    }

    fn read(text: &str) -> Result<ForeignStatement, StatementError> {
        ForeignStatement::parse(&payload(PAYLOAD_TYPE, text), &Aliases::new())
    }

    #[test]
    fn statements_of_both_versions_are_read_as_they_are() {
        let file = StrongDigests::of(b"file");
        for text in [
            format!(r#"{{{HEAD}, "subject": [{{"name": "a", "digest": {{"sha256": "RIGHT"}}}}], "predicate": {{}}, "more": 1}}"#),
            format!(r#"{{{HEAD}, "subject": [{{"digest": {{"sha256": "RIGHT"}}}}, {{"digest": {{"gitCommit": "{}"}}}}]}}"#, "a".repeat(40))
                .replace("Statement/v1", "Statement/v0.1"),
        ] {
            let statement = read(&text).unwrap();
            assert_eq!(statement.compare(Thing::File(&file, None)), Comparison::Same);
            let other = StrongDigests::of(b"other");
            assert_eq!(statement.compare(Thing::File(&other, None)), Comparison::Other);
        }
    }

    #[test]
    fn what_is_about_nothing_is_no_statement() {
        for subject in [
            "null",
            "[]",
            "{}",
            "[{}]",
            "[null]",
            r#"[{"digest": {}}]"#,
            r#"[{"digest": {"sha256": 1}}]"#,
            r#"[{"digest": {"md5": "x"}}]"#,
            r#"[{"digest": {"sha256": "RIGHT", "sha3_512": "x"}}]"#,
            r#"[{"name": "a", "digest": {"sha256": "RIGHT"}}, {"name": "a", "digest": {"gitCommit": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}]"#,
        ] {
            let text = format!(r#"{{{HEAD}, "subject": {subject}}}"#);
            assert!(read(&text).is_err(), "{subject}");
        }
        assert!(read(&format!("{{{HEAD}}}")).is_err());
        for broken in ["", "\"hello\"", "[]", "{}"] {
            assert!(read(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_payload_type_with_a_word_is_held_against_the_predicate() {
        let text = format!(
            r#"{{{HEAD}, "subject": [{{"digest": {{"sha256": "RIGHT"}}}}], "predicate": {{"result": "PASSED", "configuration": [{{"uri": "u"}}]}}}}"#
        );
        let test_result = text.replace("https://example.com/word/v1", predicates::TEST_RESULT);
        let parse = |payload_type: &str, text: &str| {
            ForeignStatement::parse(&payload(payload_type, text), &Aliases::new()).is_ok()
        };
        assert!(parse("application/vnd.in-toto+json", &test_result));
        assert!(parse("application/vnd.in-toto.test-result+json", &test_result));
        assert!(!parse("application/vnd.in-toto.vsa+json", &test_result));
        assert!(!parse("application/vnd.in-toto.word+json", &text));
        for other in ["application/json", "application/vnd.in-toto+JSON", "text/plain", ""] {
            assert!(!parse(other, &test_result), "{other}");
        }
    }

    #[test]
    fn a_second_spelling_needs_the_policys_word() {
        let near = "https://slsa.dev/provenance/v1.0";
        let text = format!(
            r#"{{{HEAD}, "subject": [{{"digest": {{"sha256": "RIGHT"}}}}], "predicate": {{"buildDefinition": {{"buildType": "b", "externalParameters": {{"a": 1}}}}, "runDetails": {{"builder": {{"id": "i"}}}}}}}}"#
        )
        .replace("https://example.com/word/v1", near);
        let right = "https://slsa.dev/provenance/v1";
        assert!(matches!(read(&text), Err(StatementError::PredicateType { .. })));
        let aliases = Aliases::from([(near.to_owned(), right.to_owned())]);
        let statement = ForeignStatement::parse(&payload(PAYLOAD_TYPE, &text), &aliases).unwrap();
        assert_eq!(statement.predicate_type, right);
        // Under the alias the same fields are asked for.
        let broken = text.replace("\"id\"", "\"ID\"");
        let refused = ForeignStatement::parse(&payload(PAYLOAD_TYPE, &broken), &aliases);
        assert!(matches!(refused, Err(StatementError::Field { .. })), "{refused:?}");
    }
}
