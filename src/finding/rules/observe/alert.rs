//! Rules about alerts: labels, annotations, burn rates, tests.

use super::super::{Rule, Weight};
use crate::finding::{Area, Severity};

/// A label that is needed later does not survive the expression.
pub static LABEL_LOST: Rule = Rule {
    code: "CS-OBSERVE-022",
    slug: "label-lost",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a label that is needed later does not survive the expression",
    why: "the annotation shows nothing where the name of what is broken should stand; a join by a lost label joins everything",
    remedy: "keep the label: `by (label)`, `on (label)`, `group_left (label)`",
    bad: "sum(rate(x[5m])) > 1 with `{{ $labels.service }}`",
    good: "sum by (service) (rate(x[5m])) > 1 with `{{ $labels.service }}`",
};

/// A template in an annotation or label does not parse.
pub static TEMPLATE_INVALID: Rule = Rule {
    code: "CS-OBSERVE-023",
    slug: "template-invalid",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a template in an annotation or label does not parse",
    why: "Prometheus does not load a file with a broken template",
    remedy: "correct the template",
    bad: "{{ $label.service }}",
    good: "{{ $labels.service }}",
};

/// An alert has not the labels and annotations that the contracts ask for.
pub static ALERT_LABEL_MISSING: Rule = Rule {
    code: "CS-OBSERVE-024",
    slug: "alert-label-missing",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "an alert has not the labels and annotations that the contracts ask for",
    why: "routing goes by labels: an alert without owner and severity goes to nobody",
    remedy: "add the label",
    bad: "an alert without `severity`",
    good: "severity: page",
};

/// Rule, catalog and contract give an alert different severities.
pub static ALERT_SEVERITY_DIFFERS: Rule = Rule {
    code: "CS-OBSERVE-025",
    slug: "alert-severity-differs",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "rule, catalog and contract give an alert different severities",
    why: "one document says that people are woken up and the other that they are not; routing follows the word that nobody reviewed",
    remedy: "use one vocabulary, and the same word everywhere",
    bad: "severity: page in the rule, `critical` in the catalog",
    good: "severity: page in both",
};

/// Rule, contract and map give an alert different owners, runbooks, drills or objectives.
pub static ALERT_OWNER_DIFFERS: Rule = Rule {
    code: "CS-OBSERVE-026",
    slug: "alert-owner-differs",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "rule, contract and map give an alert different owners, runbooks, drills or objectives",
    why: "whoever is called by one document is not the one that the other promises",
    remedy: "use the same value everywhere",
    bad: "runbook_id: latency in the rule, `cache` in the contract",
    good: "runbook_id: latency in both",
};

/// An alert that is loaded is in no catalog or contract.
pub static ALERT_UNCATALOGUED: Rule = Rule {
    code: "CS-OBSERVE-027",
    slug: "alert-uncatalogued",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "an alert that is loaded is in no catalog or contract",
    why: "what is not listed has no owner and is not reviewed",
    remedy: "add the alert to the list",
    bad: "an alert `Down` that the catalog does not list",
    good: "the catalog lists `Down`",
};

/// A catalog, contract or map lists an alert that no rule makes.
pub static CATALOGUED_ALERT_MISSING: Rule = Rule {
    code: "CS-OBSERVE-028",
    slug: "catalogued-alert-missing",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a catalog, contract or map lists an alert that no rule makes",
    why: "the list promises a guard that is not there",
    remedy: "write the rule, or take the alert from the list",
    bad: "the catalog lists `Down`, and no rule is called so",
    good: "a rule for every row",
};

/// A page fires at once, without `for`.
pub static PAGE_WITHOUT_FOR: Rule = Rule {
    code: "CS-OBSERVE-029",
    slug: "page-without-for",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a page fires at once, without `for`",
    why: "one bad scrape wakes somebody up; after the third time nobody gets up",
    remedy: "set `for` to at least the evaluation interval",
    bad: "alert: Down without `for`",
    good: "for: 5m",
};

/// `for` is shorter than the evaluation interval.
pub static FOR_BELOW_INTERVAL: Rule = Rule {
    code: "CS-OBSERVE-030",
    slug: "for-below-interval",
    area: Area::Observe,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "`for` is shorter than the evaluation interval",
    why: "the condition is looked at once an interval: a shorter `for` waits for nothing",
    remedy: "set `for` to at least the interval",
    bad: "interval: 1m, for: 30s",
    good: "interval: 1m, for: 2m",
};

/// A page reads metrics whose absence nothing watches.
pub static PAGE_WITHOUT_ABSENCE: Rule = Rule {
    code: "CS-OBSERVE-031",
    slug: "page-without-absence",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a page reads metrics whose absence nothing watches",
    why: "when the target is gone its metrics are gone, and the page is silent just then",
    remedy: "add an alert with `absent(...)` for the metric, or name the one that is there under `no_data_twins`",
    bad: "an error ratio that pages, and no `absent`",
    good: "absent(requests_total{job=\"api\"})",
};

/// A burn-rate alert does not fit its objective: other budget, or a factor that its window cannot justify.
pub static BURN_RATE_INCONSISTENT: Rule = Rule {
    code: "CS-OBSERVE-032",
    slug: "burn-rate-inconsistent",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a burn-rate alert does not fit its objective: other budget, or a factor that its window cannot justify",
    why: "the alert measures another promise than the one that was made",
    remedy: "derive the threshold from the objective: factor x (1 - objective)",
    bad: "ratio > 14.4 * 0.001 for an objective of 99.5 %",
    good: "ratio > 14.4 * 0.005 for an objective of 99.5 %",
};

/// A burn-rate alert looks at one window, or its short window is not shorter by an order.
pub static BURN_RATE_SINGLE_WINDOW: Rule = Rule {
    code: "CS-OBSERVE-033",
    slug: "burn-rate-single-window",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a burn-rate alert looks at one window, or its short window is not shorter by an order",
    why: "a long window alone fires for an hour after the trouble is over, a short one alone at every spike",
    remedy: "join a long and a short window with `and`, about twelve to one",
    bad: "ratio_rate1h > 14.4 * 0.001",
    good: "ratio_rate1h > 14.4 * 0.001 and ratio_rate5m > 14.4 * 0.001",
};

/// An alert on an objective's metric lets through more than the objective allows.
pub static ALERT_LOOSER_THAN_OBJECTIVE: Rule = Rule {
    code: "CS-OBSERVE-034",
    slug: "alert-looser-than-objective",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "an alert on an objective's metric lets through more than the objective allows",
    why: "the objective is broken and nobody is told",
    remedy: "set the threshold to the objective, or tighter",
    bad: "p95 > 0.8 for an objective of 0.3 s",
    good: "p95 > 0.3 for an objective of 0.3 s",
};

/// A page has no unit test in which it fires, or none in which it stays quiet.
pub static PAGE_UNTESTED: Rule = Rule {
    code: "CS-OBSERVE-035",
    slug: "page-untested",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a page has no unit test in which it fires, or none in which it stays quiet",
    why: "whether an alert fires is known either from a test or from an outage",
    remedy: "add both cases, as `promtool test rules` runs them",
    bad: "no `alert_rule_test` names the page",
    good: "one case with `exp_alerts`, one with `exp_alerts: []`",
};

/// A unit test of rules names files or alerts that are not there, or cannot be read.
pub static RULE_TEST_INVALID: Rule = Rule {
    code: "CS-OBSERVE-036",
    slug: "rule-test-invalid",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a unit test of rules names files or alerts that are not there, or cannot be read",
    why: "a test of nothing passes",
    remedy: "correct the path or the name",
    bad: "rule_files: [missing.yaml]",
    good: "rule_files: [alerts.yaml]",
};

/// A load run may pass at a latency at which a page fires.
pub static LOAD_THRESHOLD_ABOVE_PAGE: Rule = Rule {
    code: "CS-OBSERVE-080",
    slug: "load-threshold-above-page",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a load run may pass at a latency at which a page fires",
    why: "the run that was accepted as good would wake somebody up in production",
    remedy: "set the threshold below the page's",
    bad: "p95_ms_max: 300, the page fires above 250 ms",
    good: "p95_ms_max: 200",
};

/// A Prometheus configuration of the area loads no rule files.
pub static RULES_NOT_LOADED: Rule = Rule {
    code: "CS-OBSERVE-037",
    slug: "rules-not-loaded",
    area: Area::Observe,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "a Prometheus configuration of the area loads no rule files",
    why: "the rules are in the tree and in no Prometheus",
    remedy: "add `rule_files`, or have the operator load them",
    bad: "a configuration without `rule_files`",
    good: "rule_files: [rules/*.yaml]",
};
