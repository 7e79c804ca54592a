//! The rules of the area `k8s`.

use super::{Rule, Weight};
use crate::finding::{Area, Severity};

/// The table, in the order of the codes.
pub const RULES: &[&Rule] = &[&INPUT_UNREADABLE, &DOCUMENT_MALFORMED, &SCALAR_AMBIGUOUS];

/// An input is missing, cannot be read, or is not a regular file.
pub static INPUT_UNREADABLE: Rule = Rule {
    code: "CS-K8S-001",
    slug: "k8s-input-unreadable",
    area: Area::K8s,
    severity: Severity::Error,
    weight: Weight::Unjudged,
    refuses: "an input of the area is missing, unreadable, or not a regular file",
    why: "what was not read was not judged, and what was not judged cannot be released",
    remedy: "restore the file, or make it a regular file that can be read",
    bad: "`ops/k8s/install-matrix.json` is a symbolic link",
    good: "`ops/k8s/install-matrix.json` is a regular file",
};

/// A document does not parse.
pub static DOCUMENT_MALFORMED: Rule = Rule {
    code: "CS-K8S-002",
    slug: "k8s-document-malformed",
    area: Area::K8s,
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
    code: "CS-K8S-003",
    slug: "k8s-scalar-ambiguous",
    area: Area::K8s,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "a plain YAML scalar is read differently by YAML 1.1 and YAML 1.2",
    why: "Helm and kubectl read YAML 1.1, most other tools read YAML 1.2: the value that was reviewed is not the one that runs",
    remedy: "put quotes around the value, or write `true`, `false` or a plain decimal number",
    bad: "enabled: no",
    good: "enabled: false",
};
