//! Whether a signed statement of anybody's making speaks about a file.
//!
//! What the statement claims is not read here, only whom it is about.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Refusal;
use super::verify::{Payload, Subject};
use crate::digest::Digest;
use crate::finding::rules::trust as rules;
use crate::json::{self, Limits};

const IN_TOTO: &str = "application/vnd.in-toto+json";
const STATEMENT_TYPES: [&str; 2] =
    ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];

/// The longer digests that a subject may state.
const LONGER: [&str; 2] = ["sha384", "sha512"];
/// Computes them, in hexadecimal digits.
pub(super) type Longer = fn(&[u8]) -> [String; 2];

#[derive(Deserialize)]
struct StatementHead {
    #[serde(rename = "_type")]
    statement_type: String,
    subject: Vec<SubjectHead>,
}

#[derive(Deserialize)]
struct SubjectHead {
    digest: BTreeMap<String, String>,
}

/// Holds when a signed payload is a statement that names the file by its SHA-256, or its SHA-512.
///
/// Longer digests are held against the file when the file is there, and are nothing to go by when
/// only its SHA-256 is.
pub(super) fn check(
    payload: &Payload,
    subject: Subject<'_>,
    longer: Longer,
) -> Result<(), Refusal> {
    let malformed = |message: String| Refusal::new(&rules::STATEMENT_MALFORMED, message);
    if payload.payload_type != IN_TOTO {
        let message = format!("payload type `{}`", payload.payload_type.escape_debug());
        return Err(Refusal::new(&rules::PAYLOAD_TYPE_UNSUPPORTED, message));
    }
    let head: StatementHead = json::parse(&payload.bytes, Limits::EVIDENCE)
        .map_err(|error| malformed(format!("not an in-toto statement: {error}")))?;
    if !STATEMENT_TYPES.contains(&head.statement_type.as_str()) {
        let found = head.statement_type.escape_debug();
        return Err(malformed(format!("a statement of type `{found}`")));
    }
    let expected = subject.digest().to_string();
    // The longer digests take another pass over the file; few statements have them.
    let stated = |names: &[&str]| {
        head.subject.iter().any(|one| names.iter().any(|name| one.digest.contains_key(*name)))
    };
    let actual = match subject {
        Subject::Bytes(bytes) if stated(&LONGER) => Some(longer(bytes)),
        Subject::Bytes(_) | Subject::Digest(_) => None,
    };
    if head.subject.iter().any(|one| names(&one.digest, &expected, actual.as_ref())) {
        return Ok(());
    }
    let message = format!("the signed statement names no subject with sha256 {expected}");
    Err(Refusal::new(&rules::SUBJECT_MISMATCH, message))
}

/// Returns the SHA-256 of the first subject that states one: whom a statement is about, by itself.
pub(super) fn first(payload: &Payload) -> Result<Digest, Refusal> {
    let malformed = |message: String| Refusal::new(&rules::STATEMENT_MALFORMED, message);
    let head: StatementHead = json::parse(&payload.bytes, Limits::EVIDENCE)
        .map_err(|error| malformed(format!("not an in-toto statement: {error}")))?;
    head.subject
        .iter()
        .find_map(|one| one.digest.get("sha256")?.parse().ok())
        .ok_or_else(|| malformed("the statement names no subject by its SHA-256".to_owned()))
}

/// Tells whether a subject is the file: by its SHA-256 or its SHA-512, and by every longer digest that
/// it states besides. One that matches beside one that does not names no file at all.
fn names(
    stated: &BTreeMap<String, String>,
    expected: &String,
    actual: Option<&[String; 2]>,
) -> bool {
    let [sha384, sha512] = LONGER.map(|name| stated.get(name));
    let held = |stated: Option<&String>, actual: Option<&String>| {
        stated.is_none_or(|stated| actual.is_none_or(|actual| stated == actual))
    };
    let shorter = stated.get("sha256");
    let by_longer = sha512.is_some() && actual.is_some();
    (shorter == Some(expected) || shorter.is_none() && by_longer)
        && held(sha384, actual.map(|[sha384, _]| sha384))
        && held(sha512, actual.map(|[_, sha512]| sha512))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(payload_type: &str, statement: &str) -> Option<&'static str> {
        let bytes = statement.replace("RIGHT", &Digest::of(b"file").to_string()).into_bytes();
        let payload = Payload { payload_type: payload_type.to_owned(), bytes };
        let longer: Longer = |_| ["right384".to_owned(), "right512".to_owned()];
        check(&payload, Subject::Bytes(b"file"), longer).err().map(|refusal| refusal.rule.code)
    }

    fn of_subjects(subjects: &str) -> Option<&'static str> {
        let kind = STATEMENT_TYPES[0];
        code(IN_TOTO, &format!("{{\"_type\": \"{kind}\", \"subject\": {subjects}}}"))
    }

    #[test]
    fn a_statement_must_name_the_file_by_every_strong_digest() {
        for subjects in [
            r#"[{"digest": {"sha256": "RIGHT"}}]"#,
            r#"[{"digest": {"sha256": "00"}}, {"digest": {"md5": "x", "sha256": "RIGHT"}}]"#,
            r#"[{"digest": {"sha256": "RIGHT", "sha512": "right512", "sha384": "right384"}}]"#,
            r#"[{"digest": {"sha512": "right512"}}]"#,
            r#"[{"digest": {"sha512": "right512", "sha384": "right384"}}]"#,
        ] {
            assert_eq!(of_subjects(subjects), None, "{subjects}");
        }
        // Of a file that is not there only the SHA-256 is known.
        for (subjects, named) in [
            (r#"[{"digest": {"sha256": "RIGHT", "sha512": "wrong"}}]"#, true),
            (r#"[{"digest": {"sha512": "right512"}}]"#, false),
        ] {
            let text =
                format!("{{\"_type\": \"{}\", \"subject\": {subjects}}}", STATEMENT_TYPES[0]);
            let bytes = text.replace("RIGHT", &Digest::of(b"file").to_string()).into_bytes();
            let payload = Payload { payload_type: IN_TOTO.to_owned(), bytes };
            let subject = Subject::Digest(Digest::of(b"file"));
            let longer: Longer = |_| [String::new(), String::new()];
            assert_eq!(check(&payload, subject, longer).is_ok(), named, "{subjects}");
        }
        for subjects in [
            "[]",
            r#"[{"digest": {}}]"#,
            r#"[{"digest": {"md5": "RIGHT"}}]"#,
            r#"[{"digest": {"SHA256": "RIGHT"}}]"#,
            r#"[{"digest": {"sha512": "wrong"}}]"#,
            r#"[{"digest": {"sha384": "right384"}}]"#,
            r#"[{"digest": {"sha512": "right512", "sha384": "wrong"}}]"#,
            r#"[{"digest": {"sha256": "00", "sha512": "right512"}}]"#,
            r#"[{"digest": {"sha256": "RIGHT", "sha512": "wrong"}}]"#,
            r#"[{"digest": {"sha256": "RIGHT "}}]"#,
        ] {
            assert_eq!(of_subjects(subjects), Some("CS-TRUST-013"), "{subjects}");
        }
        for subjects in ["null", "{}", "[null]", r#"[{"digest": {"sha256": null}}]"#] {
            assert_eq!(of_subjects(subjects), Some("CS-TRUST-011"), "{subjects}");
        }
    }

    #[test]
    fn what_is_no_statement_names_no_file() {
        let subject = r#""subject": [{"digest": {"sha256": "RIGHT"}}]"#;
        let kind = r#""_type": "https://in-toto.io/Statement/v1""#;
        let whole = format!("{{{kind}, {subject}}}");
        assert_eq!(code(IN_TOTO, &whole), None);
        assert_eq!(code("text/plain", &whole), Some("CS-TRUST-008"));
        for broken in [
            format!("{{{subject}}}"),
            format!("{{{kind}, {subject}, {subject}}}"),
            format!("{{\"_type\": \"https://in-toto.io/Statement/v2\", {subject}}}"),
            String::new(),
        ] {
            assert_eq!(code(IN_TOTO, &broken), Some("CS-TRUST-011"), "{broken}");
        }
    }
}
