//! REL13, REL14: no secret and no path of somebody's machine in what is handed over.
//!
//! Looks at text line by line, whatever its notation: a secret hides in a log as well as in JSON.
//! Names of fields and lists of words are no secrets; a value that is assigned to one is.

use crate::document::Position;
use crate::finding::rules::release as rules;
use crate::finding::{Finding, Location, Report};

/// Words that name a secret when something is assigned to them.
const NAMES: &[&str] =
    &["password", "passwd", "secret", "token", "api_key", "apikey", "access_key", "private_key"];
/// How tokens of well-known services begin, and how many characters follow at least.
const PREFIXES: &[(&str, usize)] = &[
    ("AKIA", 16),
    ("ASIA", 16),
    ("ghp_", 30),
    ("gho_", 30),
    ("ghs_", 30),
    ("ghr_", 30),
    ("github_pat_", 30),
    ("glpat-", 20),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("AIza", 35),
    ("sk_live_", 20),
    ("npm_", 36),
    ("hvs.", 24),
];
/// Where the home folders of people and machines lie.
const HOMES: &[&str] = &["/Users/", "/home/", "/root/", "C:\\Users\\", "C:\\\\Users\\\\"];
/// More findings of one file say nothing new.
const MOST: usize = 20;

/// Looks for secrets and machine paths in one file. Files that are not text are left alone.
pub fn judge_secrets(location: &Location, bytes: &[u8], report: &mut Report) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut found = 0;
    for (index, line) in text.lines().enumerate() {
        let secret = secret_in(line);
        let home = home_in(line);
        let secret = secret.map(|(column, what)| (&rules::SECRET_FOUND, column, what.to_owned()));
        let home = home.map(|(column, path)| {
            (&rules::MACHINE_LEAK, column, format!("holds the path `{}`", path.escape_debug()))
        });
        for (rule, column, message) in secret.into_iter().chain(home) {
            found += 1;
            if found > MOST {
                return;
            }
            let line = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let column = u32::try_from(column + 1).unwrap_or(u32::MAX);
            let location = location.clone().at("", Position { line, column });
            report.push(Finding::new(rule, location, message));
        }
    }
}

/// Finds the first secret of a line. The secret itself is never repeated in a report.
fn secret_in(line: &str) -> Option<(usize, &'static str)> {
    if let Some(column) = line.find("-----BEGIN ")
        && line[column..].contains("PRIVATE KEY")
    {
        return Some((column, "holds a private key"));
    }
    for (prefix, length) in PREFIXES {
        let at = line.find(prefix);
        if at.is_some_and(|at| starts_word(line, at) && run(&line[at + prefix.len()..]) >= *length)
        {
            return at.map(|column| (column, "holds a token of a well-known service"));
        }
    }
    let lower = line.to_ascii_lowercase();
    if let Some(column) = lower.find("authorization")
        && let Some(rest) = ["bearer ", "basic "]
            .iter()
            .find_map(|scheme| Some(&line[lower[column..].find(scheme)? + column + scheme.len()..]))
        && run(rest) >= 8
    {
        return Some((column, "holds an authorization header with its credential"));
    }
    assigned(line, &lower)
}

/// `token=value`, `password: "value"`, `"api_key": "value"`.
fn assigned(line: &str, lower: &str) -> Option<(usize, &'static str)> {
    for name in NAMES {
        let mut from = 0;
        while let Some(at) = lower[from..].find(name).map(|at| at + from) {
            from = at + name.len();
            let rest = &line[from..];
            let after = rest.trim_start_matches(['"', '\'']);
            let Some(value) = after.trim_start().strip_prefix(['=', ':']) else { continue };
            let is_equals = after.trim_start().starts_with('=');
            let value = value.trim_start();
            let quoted = value.starts_with(['"', '\'']);
            let value = value.trim_start_matches(['"', '\'']);
            let length = run(value);
            // Prose after a colon (`token: the bearer token`) is no value; a quoted word is.
            if (is_equals || quoted)
                && ends_name(line, at)
                && length >= 6
                && is_literal(value, length)
            {
                return Some((at, "assigns a value to the name of a secret"));
            }
        }
    }
    None
}

/// Tells whether a value stands there itself: no template, no reference, no word for its absence.
fn is_literal(value: &str, length: usize) -> bool {
    let value = value[..length].to_ascii_lowercase();
    let is_stand_in = ["redacted", "changeme", "example", "placeholder", "required", "optional"]
        .iter()
        .any(|word| value.contains(word));
    let is_type = matches!(value.as_str(), "string" | "boolean" | "integer" | "number");
    // `token: access_token` names another field.
    let is_field =
        value.contains('_') && value.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    !is_stand_in && !is_type && !is_field
}

/// The name may have a prefix (`db_password`) but must not be the tail of another word.
fn ends_name(line: &str, at: usize) -> bool {
    line[..at].chars().next_back().is_none_or(|before| !before.is_ascii_alphanumeric())
}

fn starts_word(line: &str, at: usize) -> bool {
    ends_name(line, at)
}

/// No value is longer; a line of nothing but assignments would be read again for each of them.
const MAX_RUN: usize = 1024;

/// How many bytes of a token stand at the beginning.
fn run(text: &str) -> usize {
    text.bytes()
        .take(MAX_RUN)
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"-_./+=~".contains(byte))
        .count()
}

/// Finds an absolute path of a home folder; `docs/root/x` is none.
fn home_in(line: &str) -> Option<(usize, &str)> {
    HOMES.iter().find_map(|home| {
        let at = line.find(home)?;
        let before = line[..at].chars().next_back();
        let is_inside = before.is_some_and(|before| {
            before.is_ascii_alphanumeric() || matches!(before, '.' | '-' | '_' | '/' | '*')
        });
        let rest = &line[at..];
        let length = rest
            .find(|end: char| end.is_whitespace() || matches!(end, '"' | '\'' | ',' | ')' | '`'))
            .unwrap_or(rest.len());
        (!is_inside && length > home.len()).then(|| (at, &rest[..length]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_where_they_hide() {
        for line in [
            "{\"note\": \"token=super-secret\"}",
            "-----BEGIN OPENSSH PRIVATE KEY-----",
            "Authorization: Bearer abcdefgh12345678",
            "aws AKIAABCDEFGHIJKLMNOP",
            "\"api_key\": \"d41d8cd98f00\"",
            "db_password='hunter2x'",
        ] {
            assert!(secret_in(line).is_some(), "{line}");
        }
    }

    #[test]
    fn a_line_of_assignments_is_read_in_time() {
        let line = format!("{}example", "token=".repeat(100_000));
        let begun = std::time::Instant::now();
        let _ = secret_in(&line);
        // Each value to the end of the line would be 30 GB.
        assert!(begun.elapsed().as_secs() < 10);
    }

    #[test]
    fn names_of_secrets_are_no_secrets() {
        for line in [
            "\"redaction_secret_keys\": [\"password\", \"token\"]",
            "token: the bearer token of the caller",
            "\"forbidden_tokens\": [\"sudo\"]",
            "\"integrity\": \"sha512-abcdef==\"",
            "password: \"{{ .Values.password }}\"",
            "\"token\": \"[redacted]\"",
            "micromark-util-subtokenize: \"2.0.0-beta\"",
            "\"secret\": \"string\"",
        ] {
            assert_eq!(secret_in(line), None, "{line}");
        }
    }

    #[test]
    fn homes_are_absolute() {
        assert!(home_in("at /Users/kim/x.json").is_some());
        assert!(home_in("\"/home/kim/x\"").is_some());
        for line in ["docs/root/policy.md", "https://x/home/y", "/home/", "./home/kim/x"] {
            assert_eq!(home_in(line), None, "{line}");
        }
    }
}
