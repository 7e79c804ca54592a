//! The rules of the area `release`.

use super::{Rule, Weight};
use crate::finding::{Area, Severity};

/// The table, in the order of the codes.
pub const RULES: &[&Rule] = &[
    &INPUT_UNREADABLE,
    &DOCUMENT_MALFORMED,
    &SCALAR_AMBIGUOUS,
    &WAIVER_EXPIRED,
    &WAIVER_TOO_BROAD,
    &WAIVER_UNMATCHED,
];

/// An input is missing, cannot be read, or is not a regular file.
pub static INPUT_UNREADABLE: Rule = Rule {
    code: "CS-RELEASE-001",
    slug: "release-input-unreadable",
    area: Area::Release,
    severity: Severity::Error,
    weight: Weight::Unjudged,
    refuses: "an input of the area is missing, unreadable, or not a regular file",
    why: "what was not read was not judged, and what was not judged cannot be released",
    remedy: "restore the file, or make it a regular file that can be read",
    bad: "`ops/release/release.toml` is a symbolic link",
    good: "`ops/release/release.toml` is a regular file",
};

/// A document does not parse.
pub static DOCUMENT_MALFORMED: Rule = Rule {
    code: "CS-RELEASE-002",
    slug: "release-document-malformed",
    area: Area::Release,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a document of the area is not well-formed YAML, JSON or TOML",
    why: "two readers take a broken or doubled value for different things, and one of them deploys",
    remedy: "correct the text at the place that is named",
    bad: "{\"version\": \"1.0.0\", \"version\": \"2.0.0\"}",
    good: "{\"version\": \"2.0.0\"}",
};

/// A plain scalar means one thing to YAML 1.1 and another to YAML 1.2.
pub static SCALAR_AMBIGUOUS: Rule = Rule {
    code: "CS-RELEASE-003",
    slug: "release-scalar-ambiguous",
    area: Area::Release,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "a plain YAML scalar is read differently by YAML 1.1 and YAML 1.2",
    why: "tools that read YAML 1.1 and tools that read YAML 1.2 take it for different values",
    remedy: "put quotes around the value, or write `true`, `false` or a plain decimal number",
    bad: "required: yes",
    good: "required: true",
};

/// A waiver's day has passed.
pub static WAIVER_EXPIRED: Rule = Rule {
    code: "CS-RELEASE-090",
    slug: "waiver-expired",
    area: Area::Release,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a waiver has expired",
    why: "the risk was accepted until that day and not longer",
    remedy: "mend what was waived and remove the waiver, or have its owner accept the risk again",
    bad: "\"expires\": \"2020-01-01T00:00:00Z\"",
    good: "\"expires\" lies in the future",
};

/// A waiver would cover more than one accepted finding.
pub static WAIVER_TOO_BROAD: Rule = Rule {
    code: "CS-RELEASE-091",
    slug: "waiver-too-broad",
    area: Area::Release,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a waiver names no rule, owner or reason, or runs longer than a year",
    why: "a waiver that covers what nobody has looked at hides it",
    remedy: "name one rule, one file with its digest, a reason, an owner, and a day within a year",
    bad: "\"reason\": \"ok\"",
    good: "\"reason\": \"the scanner's database lags; tracked in OPS-812\"",
};

/// A waiver covers nothing.
pub static WAIVER_UNMATCHED: Rule = Rule {
    code: "CS-RELEASE-092",
    slug: "waiver-unmatched",
    area: Area::Release,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a waiver covers no finding, or its file is no longer the one that was accepted",
    why: "it waits for a finding that nobody has accepted yet",
    remedy: "remove the waiver, or accept the finding in the file as it is now",
    bad: "a waiver whose `sha256` is not the file's digest",
    good: "a waiver for a finding that is there, in the file that is there",
};
