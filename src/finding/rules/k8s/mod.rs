//! The rules of the area `k8s`.

mod documents;
mod graph;
mod pods;
mod rendered;
mod values;

use super::{Rule, Weight};
use crate::finding::{Area, Severity};

pub use documents::*;
pub use graph::*;
pub use pods::*;
pub use rendered::*;
pub use values::*;

/// The table, in the order of the codes.
pub const RULES: &[&Rule] = &[
    &INPUT_UNREADABLE,
    &DOCUMENT_MALFORMED,
    &SCALAR_AMBIGUOUS,
    &TEMPLATE_UNRENDERED,
    &OBJECT_UNIDENTIFIED,
    &OBJECT_TWICE,
    &OBJECT_SCHEMA_VIOLATED,
    &KIND_UNEXPLAINED,
    &API_REMOVED,
    &API_DEPRECATED,
    &RENDER_ABSENT,
    &RENDER_UNDECLARED,
    &RENDER_DIFFERS,
    &INVENTORY_DIFFERS,
    &NUMBER_AS_FLOAT,
    &IMMUTABLE_CHANGED,
    &CONTROLLERS_SHARE_PODS,
    &SELECTOR_MISMATCH,
    &SERVICE_WITHOUT_PODS,
    &SERVICE_PORT_ABSENT,
    &INGRESS_BACKEND_ABSENT,
    &INGRESS_SHUT_OUT,
    &SELECTS_NOTHING,
    &MONITOR_SELECTS_NOTHING,
    &REFERENCE_DANGLING,
    &AUTOSCALER_TARGET,
    &AUTOSCALER_FOUGHT,
    &AUTOSCALER_BLIND,
    &AUTOSCALER_CEILING,
    &BUDGET_BLOCKS,
    &UPDATE_STUCK,
    &PROGRESS_DEADLINE_UNSET,
    &HISTORY_NOT_KEPT,
    &READINESS_MISSING,
    &LIVENESS_MISSING,
    &PROBES_EQUAL,
    &PROBE_PORT_ABSENT,
    &RESOURCES_UNSET,
    &RESOURCES_INVERTED,
    &RESOURCE_CLASS_DIFFERS,
    &RESOURCE_CLASSES_UNDEFINED,
    &POD_NOT_HARDENED,
    &POD_PRIVILEGED,
    &IMAGE_UNPINNED_IN_RENDER,
    &IMAGE_PLACEHOLDER,
    &IMAGE_NOT_OF_VALUES,
    &POD_NOT_ISOLATED,
    &POLICY_OPEN,
    &RBAC_EXCESSIVE,
    &JOB_UNBOUNDED,
    &HOOK_ORDER,
    &HOOK_MIGRATES_BACK,
    &VALUES_SCHEMA_VIOLATED,
    &VALUES_SCHEMA_BROKEN,
    &VALUES_SCHEMA_OPEN,
    &VALUE_UNREAD,
    &VALUE_WITHOUT_EFFECT,
    &VALUE_NOT_RENDERED,
    &SWITCH_NOT_RENDERED,
    &NEGATIVE_ACCEPTED,
    &NEGATIVE_REASON_DIFFERS,
    &CHART_INVALID,
    &CHART_UNLOCKED,
    &CHART_VERSION_DIFFERS,
    &CHART_UNBUMPED,
    &NAMED_FILE_ABSENT,
    &MODE_CONTRADICTED,
    &TOGGLE_CONTRADICTED,
    &TOGGLE_UNKNOWN,
    &CONTRACT_BROKEN,
    &PROFILE_SETS_DIFFER,
    &PROFILE_DOCUMENTS_DISAGREE,
    &PROFILE_TOGGLES_DIFFER,
    &PROFILE_UNTESTED,
    &SUITE_UNKNOWN,
    &TEST_SCRIPT_ABSENT,
    &TEST_LISTS_DIFFER,
    &QUARANTINE_EXPIRED,
];

/// What the rules of the area have in common: a fault, and an error unless the rule says otherwise.
const FAULT: Rule = Rule {
    code: "",
    slug: "",
    area: Area::K8s,
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
