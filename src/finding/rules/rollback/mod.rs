//! The rules of the area `rollback`: about a tree, and about a pair of releases.

mod pair;
mod told;

use super::{Rule, Weight};
use crate::finding::{Area, Severity};

pub use pair::*;
pub use told::*;

/// The rules about a tree, in the order of the codes.
pub const RULES: &[&Rule] = &[
    &INPUT_UNREADABLE,
    &DOCUMENT_MALFORMED,
    &SCALAR_AMBIGUOUS,
    &COMPATIBILITY_UNSOUND,
    &SCENARIO_STEP_UNSUPPORTED,
    &ROLLBACK_UNTRIED,
    &SCENARIO_OUTDATED,
    &SCENARIO_EVIDENCE_ABSENT,
    &SCENARIO_EVIDENCE_PRETENDED,
    &PREVIOUS_PACKAGE_ABSENT,
    &DATASET_UNLOCKED,
    &DATASET_DIFFERS,
    &LOCK_PLACEHOLDER,
    &DATASET_SETS_DIFFER,
    &LOCK_DIFFERS,
    &ROLLBACK_DEPTH_UNKEPT,
    &ROLLBACK_REQUIREMENT_ABSENT,
    &PLAN_ABSENT,
    &PLAN_MALFORMED,
    &MIGRATION_MISCALLED,
    &RUNBOOK_UNPINNED,
    &DRILL_NOT_PASSED,
    &DRILL_ABSENT,
    &RETRIEVAL_UNSOUND,
    &SCENARIO_OBJECT_ABSENT,
    &DATASET_CONSUMER_ABSENT,
];

/// The rules about a pair of releases, in the order of the codes.
pub const PAIR: &[&Rule] = &[
    &TARGET_NOT_PREDECESSOR,
    &PAIR_NOT_VERIFIED,
    &SIGNER_NOT_TRUSTED_NOW,
    &TARGET_NOT_RETRIEVABLE,
    &RETENTION_TOO_SHORT,
    &TARGET_WITHDRAWN,
    &DIRECTION_WRONG,
    &COMPATIBILITY_NOT_SUPPORTED,
    &MIGRATION_CONTRACTS,
    &MIGRATION_IRREVERSIBLE,
    &BACKUP_NOT_PROVEN,
    &STORED_FORMAT_UNREADABLE,
    &MESSAGE_FORMAT_UNREADABLE,
    &CLIENTS_DEPEND_ON_CANDIDATE,
    &CONFIGURATION_NOT_IGNORABLE,
    &CUSTOM_RESOURCE_NOT_SERVED,
    &API_REMOVED_IN_CLUSTER,
    &IMMUTABLE_FIELD_CHANGES,
    &NEEDED_OBJECT_GONE,
    &ROLLOUT_UNCONTROLLED,
    &ABORT_CRITERIA_UNSOUND,
    &ROLLBACK_NOT_DRILLED,
    &DRILL_TOO_OLD,
    &DRILL_FAILED,
    &ROLLBACK_TOO_SLOW,
    &TARGET_CAPACITY_UNPROVEN,
    &TARGET_NOT_OBSERVABLE,
    &RUNBOOK_NOT_PINNED,
    &NO_HOLD_AFTER_ROLLBACK,
];

/// An input is missing, cannot be read, or is not a regular file.
pub static INPUT_UNREADABLE: Rule = Rule {
    code: "CS-ROLLBACK-001",
    slug: "rollback-input-unreadable",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Unjudged,
    refuses: "an input of the area is missing, unreadable, or not a regular file",
    why: "what was not read was not judged, and what was not judged cannot be released",
    remedy: "restore the file, or make it a regular file that can be read",
    bad: "`ops/datasets/rollback-policy.json` is a symbolic link",
    good: "`ops/datasets/rollback-policy.json` is a regular file",
};

/// A document does not parse.
pub static DOCUMENT_MALFORMED: Rule = Rule {
    code: "CS-ROLLBACK-002",
    slug: "rollback-document-malformed",
    area: Area::Rollback,
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
    code: "CS-ROLLBACK-003",
    slug: "rollback-scalar-ambiguous",
    area: Area::Rollback,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "a plain YAML scalar is read differently by YAML 1.1 and YAML 1.2",
    why: "Helm and kubectl read YAML 1.1, most other tools read YAML 1.2: the value that was reviewed is not the one that runs",
    remedy: "put quotes around the value, or write `true`, `false` or a plain decimal number",
    bad: "enabled: no",
    good: "enabled: false",
};
