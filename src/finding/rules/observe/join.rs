//! Rules about objectives, runbooks and drills.

use super::super::{Rule, Weight};
use crate::finding::{Area, Severity};

/// An alert or drill points to a runbook that the tree does not have.
pub static RUNBOOK_MISSING: Rule = Rule {
    code: "CS-OBSERVE-038",
    slug: "runbook-missing",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "an alert or drill points to a runbook that the tree does not have",
    why: "at three in the morning the link leads nowhere",
    remedy: "write the runbook, or correct the path",
    bad: "runbook: docs/gone.md",
    good: "runbook: ops/observe/runbooks/latency.md",
};

/// A runbook id names no runbook of the tree.
pub static RUNBOOK_UNRESOLVED: Rule = Rule {
    code: "CS-OBSERVE-039",
    slug: "runbook-unresolved",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a runbook id names no runbook of the tree",
    why: "nobody can tell which text is meant",
    remedy: "name a runbook by its file: `latency` for `runbooks/latency.md`",
    bad: "runbook_id: incident, and no file of that name",
    good: "runbook_id: latency",
};

/// Nothing points to a runbook.
pub static RUNBOOK_UNUSED: Rule = Rule {
    code: "CS-OBSERVE-040",
    slug: "runbook-unused",
    area: Area::Observe,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "nothing points to a runbook",
    why: "a text that nothing leads to is not read and not kept true",
    remedy: "point an alert, a drill or another runbook to it, or remove it",
    bad: "runbooks/old.md that nothing names",
    good: "runbooks/latency.md that an alert names",
};

/// An objective has no reachable number, no period, no id, no single measure, or a unit that its metric cannot have.
pub static OBJECTIVE_INVALID: Rule = Rule {
    code: "CS-OBSERVE-041",
    slug: "objective-invalid",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "an objective has no reachable number, no period, no id, no single measure, or a unit that its metric cannot have",
    why: "a promise that cannot be computed cannot be broken, nor kept",
    remedy: "give objective, window, unit and one metric",
    bad: "objective: 100, unit: percent",
    good: "objective: 99.9, unit: percent",
};

/// An objective has no page, or no ticket, that guards it.
pub static OBJECTIVE_UNGUARDED: Rule = Rule {
    code: "CS-OBSERVE-042",
    slug: "objective-unguarded",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "an objective has no page, or no ticket, that guards it",
    why: "it breaks and nobody is told in time",
    remedy: "write a burn-rate page and ticket, and label them with the objective's id",
    bad: "an objective that no alert names",
    good: "slo: lantern.availability on a page and on a ticket",
};

/// A document names an objective that is not defined.
pub static OBJECTIVE_UNRESOLVED: Rule = Rule {
    code: "CS-OBSERVE-043",
    slug: "objective-unresolved",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a document names an objective that is not defined",
    why: "a guard for an objective that nobody defined guards nothing",
    remedy: "define the objective, or use the id that is defined",
    bad: "slo_id: api.availability, defined is `atlas.availability`",
    good: "slo_id: atlas.availability",
};

/// An objective is defined and not measured or mapped, or its documents name different metrics.
pub static OBJECTIVE_UNMEASURED: Rule = Rule {
    code: "CS-OBSERVE-044",
    slug: "objective-unmeasured",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "an objective is defined and not measured or mapped, or its documents name different metrics",
    why: "what is not measured cannot be held",
    remedy: "add how it is measured, with the metric that the definition names",
    bad: "an objective without `measurement_method`",
    good: "a `measurement_method` for each objective",
};

/// A map names a scenario or load suite that does not exist.
pub static OBJECTIVE_SCENARIO_UNRESOLVED: Rule = Rule {
    code: "CS-OBSERVE-045",
    slug: "objective-scenario-unresolved",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a map names a scenario or load suite that does not exist",
    why: "the map claims evidence that nothing can produce",
    remedy: "correct the name, or add the scenario",
    bad: "scenario_id: warm-strat",
    good: "scenario_id: warm-start",
};

/// A document names a drill that is not defined.
pub static TELEMETRY_DRILL_UNRESOLVED: Rule = Rule {
    code: "CS-OBSERVE-046",
    slug: "telemetry-drill-unresolved",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a document names a drill that is not defined",
    why: "the drill that should prove the alert does not exist",
    remedy: "define the drill, or use the name that is defined",
    bad: "drill_id: ops.drill.overload, which no list of drills defines",
    good: "drill_id: overload-admission-control",
};

/// The inventory of drills and the definitions it is taken from differ.
pub static TELEMETRY_DRILL_LIST_DIFFERS: Rule = Rule {
    code: "CS-OBSERVE-047",
    slug: "telemetry-drill-list-differs",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the inventory of drills and the definitions it is taken from differ",
    why: "two lists of one thing: one of them is wrong",
    remedy: "make the inventory from its source",
    bad: "an inventory that names nothing of its `source`",
    good: "the same names in both",
};

/// A drill expects a metric, alert or log event that does not exist.
pub static TELEMETRY_DRILL_SIGNAL_UNKNOWN: Rule = Rule {
    code: "CS-OBSERVE-048",
    slug: "telemetry-drill-signal-unknown",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a drill expects a metric, alert or log event that does not exist",
    why: "the drill can never succeed, or succeeds without looking",
    remedy: "expect a signal that the contracts know",
    bad: "metric:store_braker_open",
    good: "metric:store_breaker_open",
};

/// A drill has no date, no outcome or no evidence.
pub static TELEMETRY_DRILL_NOT_RUN: Rule = Rule {
    code: "CS-OBSERVE-049",
    slug: "telemetry-drill-not-run",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a drill has no date, no outcome or no evidence",
    why: "a drill that was not run proves nothing",
    remedy: "run it, and record when, with what outcome, and the digest of its result",
    bad: "{id: otel-outage, category: traces}",
    good: "executed_at, outcome, and evidence with its sha256",
};

/// A drill was simulated, or its result is a placeholder or sample.
pub static TELEMETRY_DRILL_PRETENDED: Rule = Rule {
    code: "CS-OBSERVE-050",
    slug: "telemetry-drill-pretended",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a drill was simulated, or its result is a placeholder or sample",
    why: "a drill on paper proves the paper",
    remedy: "run the drill for real",
    bad: "outcome: simulated",
    good: "outcome: passed",
};

/// The last run of a drill failed.
pub static TELEMETRY_DRILL_FAILED: Rule = Rule {
    code: "CS-OBSERVE-051",
    slug: "telemetry-drill-failed",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the last run of a drill failed",
    why: "what the drill was to prove does not hold",
    remedy: "mend what failed, and run it again",
    bad: "outcome: failed",
    good: "outcome: passed",
};

/// A drill is older than its limit, or dated in the future.
pub static TELEMETRY_DRILL_TOO_OLD: Rule = Rule {
    code: "CS-OBSERVE-052",
    slug: "telemetry-drill-too-old",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a drill is older than its limit, or dated in the future",
    why: "what held a year ago is no evidence for this release",
    remedy: "run it again",
    bad: "executed_at a year ago",
    good: "executed_at last week",
};

/// The result of a drill is absent, has another digest, or says something else.
pub static TELEMETRY_DRILL_EVIDENCE_DIFFERS: Rule = Rule {
    code: "CS-OBSERVE-053",
    slug: "telemetry-drill-evidence-differs",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the result of a drill is absent, has another digest, or says something else",
    why: "the record speaks of a result that nobody can see",
    remedy: "restore the result, or record its digest again",
    bad: "sha256 of another file",
    good: "sha256 of the result",
};

/// A drill is bound to no release digest, or to one that is not released.
pub static TELEMETRY_DRILL_SUBJECT_DIFFERS: Rule = Rule {
    code: "CS-OBSERVE-054",
    slug: "telemetry-drill-subject-differs",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a drill is bound to no release digest, or to one that is not released",
    why: "it was run on something else than what is shipped",
    remedy: "run it on the released image, and record that digest",
    bad: "subject_digest of last year's image",
    good: "subject_digest of this release's image",
};

/// The drills do not cover metrics, logs and traces.
pub static TELEMETRY_DRILL_SIGNALS_UNCOVERED: Rule = Rule {
    code: "CS-OBSERVE-055",
    slug: "telemetry-drill-signals-uncovered",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the drills do not cover metrics, logs and traces",
    why: "the kind of signal that was never drilled is the one that is lost",
    remedy: "add a drill for each kind of signal",
    bad: "drills for metrics only",
    good: "drills for metrics, logs and traces",
};

/// A suite names tests that the tree does not have.
pub static TELEMETRY_SUITE_TEST_MISSING: Rule = Rule {
    code: "CS-OBSERVE-056",
    slug: "telemetry-suite-test-missing",
    area: Area::Observe,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "a suite names tests that the tree does not have",
    why: "a suite that names absent files runs nothing",
    remedy: "restore the tests, or correct the paths",
    bad: "tests: [test_gone.sh]",
    good: "tests: [tests/cheap.sh]",
};
