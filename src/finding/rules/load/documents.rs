//! Rules about files as such.

use crate::finding::rules::{Rule, Weight};
use crate::finding::{Area, Severity};

/// An input is missing, cannot be read, or is not a regular file.
pub static INPUT_UNREADABLE: Rule = Rule {
    code: "CS-LOAD-001",
    slug: "load-input-unreadable",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Unjudged,
    refuses: "an input of the area is missing, unreadable, or not a regular file",
    why: "what was not read was not judged, and what was not judged cannot be released",
    remedy: "restore the file, or make it a regular file that can be read",
    bad: "`ops/load/suites/suites.json` is a symbolic link",
    good: "`ops/load/suites/suites.json` is a regular file",
};

/// A document does not parse.
pub static DOCUMENT_MALFORMED: Rule = Rule {
    code: "CS-LOAD-002",
    slug: "load-document-malformed",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a document of the area is not well-formed YAML, JSON or TOML",
    why: "two readers take a broken or doubled value for different things, and one of them deploys",
    remedy: "correct the text at the place that is named",
    bad: "profile: dev\nprofile: prod",
    good: "profile: prod",
};

/// A plain scalar means one thing to YAML 1.1 and another to YAML 1.2.
pub static SCALAR_AMBIGUOUS: Rule = Rule {
    code: "CS-LOAD-003",
    slug: "load-scalar-ambiguous",
    area: Area::Load,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "a plain YAML scalar is read differently by YAML 1.1 and YAML 1.2",
    why: "Helm and kubectl read YAML 1.1, most other tools read YAML 1.2: the value that was reviewed is not the one that runs",
    remedy: "put quotes around the value, or write `true`, `false` or a plain decimal number",
    bad: "enabled: no",
    good: "enabled: false",
};
