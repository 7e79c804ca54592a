//! The rules of the area `observe`.

mod alert;
mod join;
mod rulefile;
mod sample;
mod view;

use super::{Rule, Weight};
use crate::finding::{Area, Severity};

pub use alert::*;
pub use join::*;
pub use rulefile::*;
pub use sample::*;
pub use view::*;

/// The table, in the order of the codes.
pub const RULES: &[&Rule] = &[
    &INPUT_UNREADABLE,
    &DOCUMENT_MALFORMED,
    &SCALAR_AMBIGUOUS,
    &RULE_SHAPE_UNKNOWN,
    &RULE_FILE_INVALID,
    &EXPRESSION_INVALID,
    &EXPRESSION_TOO_LARGE,
    &ALERT_ALWAYS_FIRES,
    &ALERT_NEVER_FIRES,
    &OPERANDS_NEVER_MEET,
    &METRIC_UNKNOWN,
    &MATCHER_LABEL_UNKNOWN,
    &MATCHER_VALUE_IMPOSSIBLE,
    &COUNTER_WITHOUT_RATE,
    &GAUGE_UNDER_RATE,
    &HISTOGRAM_WITHOUT_LE,
    &RATE_WINDOW_SHORT,
    &CLAMP_HIDES_ERRORS,
    &RULE_DUPLICATED,
    &RECORDING_RULE_LATE,
    &RECORDING_RULE_MISSING,
    &LABEL_LOST,
    &TEMPLATE_INVALID,
    &ALERT_LABEL_MISSING,
    &ALERT_SEVERITY_DIFFERS,
    &ALERT_OWNER_DIFFERS,
    &ALERT_UNCATALOGUED,
    &CATALOGUED_ALERT_MISSING,
    &PAGE_WITHOUT_FOR,
    &FOR_BELOW_INTERVAL,
    &PAGE_WITHOUT_ABSENCE,
    &BURN_RATE_INCONSISTENT,
    &BURN_RATE_SINGLE_WINDOW,
    &ALERT_LOOSER_THAN_OBJECTIVE,
    &PAGE_UNTESTED,
    &RULE_TEST_INVALID,
    &RULES_NOT_LOADED,
    &RUNBOOK_MISSING,
    &RUNBOOK_UNRESOLVED,
    &RUNBOOK_UNUSED,
    &OBJECTIVE_INVALID,
    &OBJECTIVE_UNGUARDED,
    &OBJECTIVE_UNRESOLVED,
    &OBJECTIVE_UNMEASURED,
    &OBJECTIVE_SCENARIO_UNRESOLVED,
    &TELEMETRY_DRILL_UNRESOLVED,
    &TELEMETRY_DRILL_LIST_DIFFERS,
    &TELEMETRY_DRILL_SIGNAL_UNKNOWN,
    &TELEMETRY_DRILL_NOT_RUN,
    &TELEMETRY_DRILL_PRETENDED,
    &TELEMETRY_DRILL_FAILED,
    &TELEMETRY_DRILL_TOO_OLD,
    &TELEMETRY_DRILL_EVIDENCE_DIFFERS,
    &TELEMETRY_DRILL_SUBJECT_DIFFERS,
    &TELEMETRY_DRILL_SIGNALS_UNCOVERED,
    &TELEMETRY_SUITE_TEST_MISSING,
    &DASHBOARD_INVALID,
    &DASHBOARD_DUPLICATED,
    &PANELS_OVERLAP,
    &PANEL_EXPRESSION_INVALID,
    &DASHBOARD_DATASOURCE_FIXED,
    &OBJECTIVE_WITHOUT_DASHBOARD,
    &PAGE_WITHOUT_DASHBOARD,
    &DASHBOARD_REGISTRY_DIFFERS,
    &PANEL_CONTRACT_BROKEN,
    &TELEMETRY_CONTRACT_CONTRADICTED,
    &EXAMPLE_SERIES_INVALID,
    &GOLDEN_SCRAPE_DIFFERS,
    &GOLDEN_SCRAPE_INVALID,
    &GOLDEN_SCRAPE_PRETENDED,
    &GOLDEN_SCRAPE_OF_ANOTHER_VERSION,
    &LABEL_NOT_ALLOWED,
    &LOG_SAMPLE_DIFFERS,
    &LOG_LEAKS_PERSON,
    &TRACE_SAMPLE_DIFFERS,
    &TELEMETRY_DOCUMENT_BREAKS_SCHEMA,
    &TELEMETRY_PLACEHOLDER_LEFT,
    &TELEMETRY_INDEX_DIFFERS,
    &TELEMETRY_READINESS_CONTRADICTED,
    &LOAD_THRESHOLD_ABOVE_PAGE,
];

/// An input is missing, cannot be read, or is not a regular file.
pub static INPUT_UNREADABLE: Rule = Rule {
    code: "CS-OBSERVE-001",
    slug: "observe-input-unreadable",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Unjudged,
    refuses: "an input of the area is missing, unreadable, or not a regular file",
    why: "what was not read was not judged, and what was not judged cannot be released",
    remedy: "restore the file, or make it a regular file that can be read",
    bad: "`ops/observe/slo-definitions.json` is a symbolic link",
    good: "`ops/observe/slo-definitions.json` is a regular file",
};

/// A document does not parse.
pub static DOCUMENT_MALFORMED: Rule = Rule {
    code: "CS-OBSERVE-002",
    slug: "observe-document-malformed",
    area: Area::Observe,
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
    code: "CS-OBSERVE-003",
    slug: "observe-scalar-ambiguous",
    area: Area::Observe,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "a plain YAML scalar is read differently by YAML 1.1 and YAML 1.2",
    why: "Helm and kubectl read YAML 1.1, most other tools read YAML 1.2: the value that was reviewed is not the one that runs",
    remedy: "put quotes around the value, or write `true`, `false` or a plain decimal number",
    bad: "enabled: no",
    good: "enabled: false",
};
