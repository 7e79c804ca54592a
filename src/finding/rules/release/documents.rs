//! Rules about the documents themselves: readable, well-formed, of this release, as their schemas say.

use super::FAULT;
use crate::finding::rules::{Rule, Weight};
use crate::finding::{Area, Severity};

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

/// A document was written before what it lists.
pub static DOCUMENT_STALE: Rule = Rule {
    code: "CS-RELEASE-026",
    slug: "document-predates-its-items",
    refuses: "a document states digests of an earlier generation of the files that it lists",
    why: "it speaks for a release that no longer exists",
    remedy: "write the document last, from the files as they are released",
    bad: "the packet states the ledger's digest from before the ledger was written again",
    good: "the packet is written after the ledger",
    ..FAULT
};

/// A document breaks its schema.
pub static SCHEMA_VIOLATED: Rule = Rule {
    code: "CS-RELEASE-027",
    slug: "release-schema-violated",
    refuses: "a release document does not follow the schema that belongs to it",
    why: "tools that rely on the schema misread the document",
    remedy: "correct the document, or the schema when the document is right",
    bad: "`\"schema_version\": \"one\"` where the schema wants a number",
    good: "`\"schema_version\": 1`",
    ..FAULT
};

/// No document can follow a schema.
pub static SCHEMA_UNSATISFIABLE: Rule = Rule {
    code: "CS-RELEASE-028",
    slug: "schema-unsatisfiable",
    refuses: "a schema contradicts itself, so that no document can follow it",
    why: "it refuses everything, and then nobody looks at what it refuses",
    remedy: "correct the clause that is named",
    bad: "`required: [\"a\"]` beside `additionalProperties: false` without a property `a`",
    good: "every required property may be there",
    ..FAULT
};

/// A document names a schema that is not there.
pub static SCHEMA_ABSENT: Rule = Rule {
    code: "CS-RELEASE-029",
    slug: "schema-reference-absent",
    severity: Severity::Warning,
    refuses: "a release document names a schema that is not in the tree",
    why: "the document is held against nothing",
    remedy: "restore the schema, or name the one that is meant",
    bad: "`schema_reference: \"schemas/gone.schema.json\"`",
    good: "`schema_reference` names a schema of the tree",
    ..FAULT
};
