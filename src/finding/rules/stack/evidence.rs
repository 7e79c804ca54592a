//! Rules about what is generated: index, sources, bills of materials, platforms, drift.

use super::{FAULT, Rule};
use crate::finding::Severity;

/// The stack index is not the list of the stack's files.
pub static INDEX_DIFFERS: Rule = Rule {
    code: "CS-STACK-044",
    slug: "stack-index-differs",
    severity: Severity::Warning,
    refuses: "the index lists files that are not there, or leaves out files that are",
    why: "what is not in the index is not reviewed, hashed or shipped",
    remedy: "generate the index again",
    bad: "ops/stack/redis/redis.yaml is not listed",
    good: "every file of ops/stack is listed",
    ..FAULT
};

/// A generated document was made from other files than those in the tree.
pub static SOURCE_STALE: Rule = Rule {
    code: "CS-STACK-045",
    slug: "generated-document-stale",
    refuses: "a source of a generated document has another digest than the document recorded, or is gone",
    why: "the document describes a tree that no longer exists",
    remedy: "generate the document again",
    bad: "sources: [{path: pins.yaml, sha256: OLD}]",
    good: "the recorded digest is the file's",
    ..FAULT
};

/// A document of the stack or inventory names files that are not there.
pub static NAMED_ABSENT: Rule = Rule {
    code: "CS-STACK-046",
    slug: "inventory-file-absent",
    severity: Severity::Warning,
    refuses: "paths below `ops/` that a document names do not exist",
    why: "a registry that names what is not there cannot be used to find what is",
    remedy: "remove the lines, or restore the files",
    bad: "required_artifacts: [\"ops/docker/base.lock\"]",
    good: "required_artifacts: [\"ops/docker/bases.lock\"]",
    ..FAULT
};

/// A pinned image has no bill of materials.
pub static SBOM_ABSENT: Rule = Rule {
    code: "CS-STACK-047",
    slug: "pinned-image-without-sbom",
    severity: Severity::Warning,
    refuses: "no bill of materials in the tree has the digest of a pinned image as its subject",
    why: "nobody can say whether the next vulnerability concerns it",
    remedy: "collect the bill of materials of each pinned image",
    bad: "redis is pinned, and no SBOM names its digest",
    good: "an SBOM for each pinned digest",
    ..FAULT
};

/// An image is not built for a platform that the release promises.
pub static PLATFORM_MISSING: Rule = Rule {
    code: "CS-STACK-048",
    slug: "platform-missing",
    refuses: "the build matrix or an image index lacks a platform that the release names",
    why: "half of the users cannot start the release",
    remedy: "build for every platform that is promised",
    bad: "release: amd64 and arm64; build matrix: amd64",
    good: "the build matrix has both",
    ..FAULT
};

/// A component changed since the previous release and nobody says why.
pub static DRIFT_UNEXPLAINED: Rule = Rule {
    code: "CS-STACK-049",
    slug: "stack-drift-unexplained",
    refuses: "a component was added, removed or changed since the previous version manifest without an entry in the drift report",
    why: "what changed by accident and what changed on purpose look the same",
    remedy: "explain each change in the drift report, or undo it",
    bad: "redis 7.2 became 7.4, and the report does not say so",
    good: "the drift report has an entry for redis",
    ..FAULT
};

/// The drift report says what is not so.
pub static DRIFT_CLAIM: Rule = Rule {
    code: "CS-STACK-050",
    slug: "drift-report-contradicted",
    refuses: "a number or verdict of the drift report differs from what is computed",
    why: "the report is read instead of the tree",
    remedy: "generate the report again",
    bad: "`manifest_pin_mismatches: 0`, and one image differs",
    good: "the number is the computed one",
    ..FAULT
};

/// A document of the stack breaks the schema that belongs to it.
pub static SCHEMA_VIOLATED: Rule = Rule {
    code: "CS-STACK-051",
    slug: "stack-schema-violated",
    refuses: "a document does not follow the schema that a registry names for it, or that belongs to it by its name",
    why: "whoever reads the document by its schema refuses it, or reads something else",
    remedy: "correct the document, or the schema",
    bad: "the schema allows no `generated_by`, and the document has it",
    good: "the schema knows every key of the document",
    ..FAULT
};

/// The main part of a document is not what it has to be.
pub static SHAPE_UNEXPECTED: Rule = Rule {
    code: "CS-STACK-052",
    slug: "stack-document-shape",
    refuses: "the part of a document on which rules rest is missing or of another kind",
    why: "rules that find nothing to judge would be silent",
    remedy: "write the part as the manual shows it",
    bad: "{\"profiles\": 3}",
    good: "{\"profiles\": [{\"name\": \"ci\"}]}",
    ..FAULT
};
