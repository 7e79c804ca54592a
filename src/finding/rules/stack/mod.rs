//! The rules of the area `stack`.

pub mod compose;
pub mod evidence;
pub mod graph;
pub mod images;
pub mod profiles;
pub mod versions;

use super::{Rule, Weight};
use crate::finding::{Area, Severity};

/// The table, in the order of the codes.
pub const RULES: &[&Rule] = &[
    &INPUT_UNREADABLE,
    &DOCUMENT_MALFORMED,
    &SCALAR_AMBIGUOUS,
    &images::IMAGE_MALFORMED,
    &images::PIN_MALFORMED,
    &images::IMAGE_UNPINNED,
    &images::DIGEST_PLACEHOLDER,
    &images::DIGEST_SHARED,
    &images::PINNED_DIGEST_DIFFERS,
    &images::PINNED_TAG_DIFFERS,
    &images::TAG_MOVING,
    &images::REGISTRY_UNLISTED,
    &images::IMAGE_UNLISTED,
    &images::PIN_UNUSED,
    &images::PIN_LISTS_DIFFER,
    &images::MANIFEST_DIFFERS,
    &images::BASE_DIFFERS,
    &versions::VERSION_DIFFERS,
    &versions::TOOLCHAIN_DIFFERS,
    &versions::TOOL_UNVERSIONED,
    &versions::TOOL_LISTS_DIFFER,
    &versions::KUBERNETES_DIFFERS,
    &versions::NODE_DEFAULTED,
    &profiles::PROFILE_FILE_ABSENT,
    &profiles::PROFILE_SETS_DIFFER,
    &profiles::PROFILE_DIFFERS,
    &profiles::COMPONENT_MISSING,
    &profiles::COMPONENT_UNUSED,
    &profiles::SERVICE_UNKNOWN,
    &profiles::NAMESPACE_DIFFERS,
    &profiles::ENVIRONMENT_DIFFERS,
    &profiles::ENVIRONMENT_PROFILE,
    &graph::GRAPH_DIFFERS,
    &graph::DEPENDENCY_CYCLE,
    &graph::DEPENDENCY_UNKNOWN,
    &graph::HEALTH_UNPROBED,
    &graph::HOST_PORT_CLASH,
    &graph::PORT_UNSERVED,
    &compose::COMPOSE_SCHEMA,
    &compose::COMPOSE_UNDEFINED,
    &compose::COMPOSE_VARIABLE,
    &compose::COMPOSE_FILE_ABSENT,
    &compose::HOST_ACCESS,
    &evidence::INDEX_DIFFERS,
    &evidence::SOURCE_STALE,
    &evidence::NAMED_ABSENT,
    &evidence::SBOM_ABSENT,
    &evidence::PLATFORM_MISSING,
    &evidence::DRIFT_UNEXPLAINED,
    &evidence::DRIFT_CLAIM,
    &evidence::SCHEMA_VIOLATED,
    &evidence::SHAPE_UNEXPECTED,
];

/// What the rules of the area have in common: a fault, and an error unless the rule says otherwise.
const FAULT: Rule = Rule {
    code: "",
    slug: "",
    area: Area::Stack,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "",
    why: "",
    remedy: "",
    bad: "",
    good: "",
};

/// An input is missing, cannot be read, or is not a regular file.
pub static INPUT_UNREADABLE: Rule = Rule {
    code: "CS-STACK-001",
    slug: "stack-input-unreadable",
    area: Area::Stack,
    severity: Severity::Error,
    weight: Weight::Unjudged,
    refuses: "an input of the area is missing, unreadable, or not a regular file",
    why: "what was not read was not judged, and what was not judged cannot be released",
    remedy: "restore the file, or make it a regular file that can be read",
    bad: "`ops/stack/stack.toml` is a symbolic link",
    good: "`ops/stack/stack.toml` is a regular file",
};

/// A document does not parse.
pub static DOCUMENT_MALFORMED: Rule = Rule {
    code: "CS-STACK-002",
    slug: "stack-document-malformed",
    area: Area::Stack,
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
    code: "CS-STACK-003",
    slug: "stack-scalar-ambiguous",
    area: Area::Stack,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "a plain YAML scalar is read differently by YAML 1.1 and YAML 1.2",
    why: "Helm and kubectl read YAML 1.1, most other tools read YAML 1.2: the value that was reviewed is not the one that runs",
    remedy: "put quotes around the value, or write `true`, `false` or a plain decimal number",
    bad: "enabled: no",
    good: "enabled: false",
};
