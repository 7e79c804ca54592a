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

/// Holds when a signed payload is a statement that names the file by its SHA-256.
///
/// A subject may also state a longer digest, which is held against the file when the file is there.
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
    let named = head.subject.iter().filter(|one| one.digest.get("sha256") == Some(&expected));
    // A subject whose SHA-256 is the file's and whose other digest is not names no file at all.
    let mut named = named.filter(|one| other_digests_hold(&one.digest, subject, longer));
    if named.next().is_none() {
        let message = format!("the signed statement names no subject with sha256 {expected}");
        return Err(Refusal::new(&rules::SUBJECT_MISMATCH, message));
    }
    Ok(())
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

fn other_digests_hold(
    stated: &BTreeMap<String, String>,
    subject: Subject<'_>,
    longer: Longer,
) -> bool {
    let Subject::Bytes(bytes) = subject else { return true };
    if !LONGER.iter().any(|name| stated.contains_key(*name)) {
        return true;
    }
    let actual = longer(bytes);
    LONGER
        .iter()
        .zip(&actual)
        .all(|(name, actual)| stated.get(*name).is_none_or(|stated| stated == actual))
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
        ] {
            assert_eq!(of_subjects(subjects), None, "{subjects}");
        }
        for subjects in [
            "[]",
            r#"[{"digest": {}}]"#,
            r#"[{"digest": {"md5": "RIGHT"}}]"#,
            r#"[{"digest": {"SHA256": "RIGHT"}}]"#,
            r#"[{"digest": {"sha512": "right512"}}]"#,
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
