//! Rules about rule files and expressions.

use super::super::{Rule, Weight};
use crate::finding::{Area, Severity};

/// A file of rules has no shape that Prometheus or its operator loads.
pub static RULE_SHAPE_UNKNOWN: Rule = Rule {
    code: "CS-OBSERVE-004",
    slug: "rule-shape-unknown",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a file of rules has no shape that Prometheus or its operator loads",
    why: "whoever reads the tree counts the alert, and no Prometheus has ever loaded it",
    remedy: "write the rules as `groups`, as a `PrometheusRule`, or as `groups` in a `ConfigMap`",
    bad: "group: security\nrules: [{id: spike, expr: rate(x[5m]) > 1}]",
    good: "groups: [{name: security, rules: [{alert: Spike, expr: rate(x[5m]) > 1}]}]",
};

/// Prometheus would refuse the rule file.
pub static RULE_FILE_INVALID: Rule = Rule {
    code: "CS-OBSERVE-005",
    slug: "rule-file-invalid",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "Prometheus would refuse the rule file",
    why: "one wrong field and the whole file is not loaded: none of its alerts exist",
    remedy: "correct the field at the place that is named; `promtool check rules` reads the same way",
    bad: "- alert: Down\n  expr: up == 0\n  four: 5m",
    good: "- alert: Down\n  expr: up == 0\n  for: 5m",
};

/// An expression is not PromQL, or mixes types.
pub static EXPRESSION_INVALID: Rule = Rule {
    code: "CS-OBSERVE-006",
    slug: "expression-invalid",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "an expression is not PromQL, or mixes types",
    why: "an expression that does not parse keeps its whole file from being loaded",
    remedy: "correct the expression",
    bad: "rate(requests_total) > 1",
    good: "rate(requests_total[5m]) > 1",
};

/// An expression is longer or more deeply nested than what is judged.
pub static EXPRESSION_TOO_LARGE: Rule = Rule {
    code: "CS-OBSERVE-007",
    slug: "expression-too-large",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Unjudged,
    refuses: "an expression is longer or more deeply nested than what is judged",
    why: "what was not judged cannot be relied on",
    remedy: "split it with recording rules",
    bad: "a hundred brackets inside each other",
    good: "a recording rule for each part",
};

/// An alert fires whenever its series exist.
pub static ALERT_ALWAYS_FIRES: Rule = Rule {
    code: "CS-OBSERVE-008",
    slug: "alert-always-fires",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "an alert fires whenever its series exist",
    why: "an alert that always fires is switched off by people within a week, and then says nothing",
    remedy: "compare with a threshold, and without `bool`",
    bad: "rate(errors_total[5m])",
    good: "rate(errors_total[5m]) > 0.1",
};

/// The condition of an alert cannot hold for any value of its series.
pub static ALERT_NEVER_FIRES: Rule = Rule {
    code: "CS-OBSERVE-009",
    slug: "alert-never-fires",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the condition of an alert cannot hold for any value of its series",
    why: "an alert that cannot fire looks like health",
    remedy: "use a threshold that the value can reach",
    bad: "sum(rate(x{code=\"500\"}[5m])) / sum(rate(x[5m])) > 5",
    good: "sum(rate(x{code=\"500\"}[5m])) / sum(rate(x[5m])) > 0.05",
};

/// The two sides of an operation have different labels, so nothing ever matches.
pub static OPERANDS_NEVER_MEET: Rule = Rule {
    code: "CS-OBSERVE-010",
    slug: "operands-never-meet",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the two sides of an operation have different labels, so nothing ever matches",
    why: "Prometheus joins series with equal labels only: the result is empty for ever, and the alert silent",
    remedy: "say which labels to join by: `on (...)`, `ignoring (...)`, or aggregate both sides alike",
    bad: "sum(rate(x[5m])) < 1 and y{job=\"a\"} > 0",
    good: "sum(rate(x[5m])) < 1 and on () y{job=\"a\"} > 0",
};

/// An expression reads a metric that no contract, scrape, recording rule or declaration knows.
pub static METRIC_UNKNOWN: Rule = Rule {
    code: "CS-OBSERVE-011",
    slug: "metric-unknown",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "an expression reads a metric that no contract, scrape, recording rule or declaration knows",
    why: "a metric that nothing exports is no error in Prometheus: the alert is silent and the panel empty",
    remedy: "export the metric and add it to the contract, correct the name, or declare it under `external_metrics`",
    bad: "http_request_total, where the service exports http_requests_total",
    good: "http_requests_total",
};

/// A matcher asks for a label that the metric does not have.
pub static MATCHER_LABEL_UNKNOWN: Rule = Rule {
    code: "CS-OBSERVE-012",
    slug: "matcher-label-unknown",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a matcher asks for a label that the metric does not have",
    why: "the selector matches nothing, which looks like quiet",
    remedy: "use a label of the metric, or add it to the contract",
    bad: "http_requests_total{code=~\"5..\"}, where the label is `status`",
    good: "http_requests_total{status=~\"5..\"}",
};

/// A matcher asks for a value that the label never has.
pub static MATCHER_VALUE_IMPOSSIBLE: Rule = Rule {
    code: "CS-OBSERVE-013",
    slug: "matcher-value-impossible",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a matcher asks for a value that the label never has",
    why: "the selector matches nothing, which looks like quiet",
    remedy: "use a value that is seen in the golden scrape, or declare the label as dynamic",
    bad: "up_requests{service=\"lanterm\"}",
    good: "up_requests{service=\"lantern\"}",
};

/// A counter is compared or shown without `rate` or `increase`.
pub static COUNTER_WITHOUT_RATE: Rule = Rule {
    code: "CS-OBSERVE-014",
    slug: "counter-without-rate",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a counter is compared or shown without `rate` or `increase`",
    why: "a counter only grows until the next restart: its value says how long ago that was",
    remedy: "wrap it: `rate(x[5m])`, `increase(x[1h])`",
    bad: "errors_total > 5",
    good: "increase(errors_total[10m]) > 5",
};

/// `rate`, `increase` or `irate` is taken of a gauge.
pub static GAUGE_UNDER_RATE: Rule = Rule {
    code: "CS-OBSERVE-015",
    slug: "gauge-under-rate",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "`rate`, `increase` or `irate` is taken of a gauge",
    why: "every fall of a gauge is taken for a restart and added again: the number means nothing",
    remedy: "use `deriv`, `delta` or an average over time, or declare the metric as the counter that it is",
    bad: "rate(queue_depth[5m])",
    good: "deriv(queue_depth[5m])",
};

/// `histogram_quantile` is taken of buckets whose `le` was aggregated away, or of no buckets.
pub static HISTOGRAM_WITHOUT_LE: Rule = Rule {
    code: "CS-OBSERVE-016",
    slug: "histogram-without-le",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "`histogram_quantile` is taken of buckets whose `le` was aggregated away, or of no buckets",
    why: "without `le` there is no quantile: the result is empty or NaN",
    remedy: "keep `le`: `sum by (le, ...) (rate(x_bucket[5m]))`",
    bad: "histogram_quantile(0.9, sum by (job) (rate(x_bucket[5m])))",
    good: "histogram_quantile(0.9, sum by (job, le) (rate(x_bucket[5m])))",
};

/// The window of a rate is shorter than four scrapes.
pub static RATE_WINDOW_SHORT: Rule = Rule {
    code: "CS-OBSERVE-017",
    slug: "rate-window-short",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the window of a rate is shorter than four scrapes",
    why: "one lost scrape leaves too few samples and the rate is gone, just when something is wrong",
    remedy: "use a window of at least four scrape intervals",
    bad: "rate(x[20s]) with a scrape every 15 s",
    good: "rate(x[1m]) with a scrape every 15 s",
};

/// A denominator is raised by `clamp_min`, so the ratio is wrong below that rate.
pub static CLAMP_HIDES_ERRORS: Rule = Rule {
    code: "CS-OBSERVE-018",
    slug: "clamp-hides-errors",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a denominator is raised by `clamp_min`, so the ratio is wrong below that rate",
    why: "below one request a second `clamp_min(rate, 1)` makes every error ratio smaller than it is: a quiet service may fail wholly and nobody hears",
    remedy: "guard with `> 0`: no traffic then gives no result instead of a wrong one",
    bad: "errors / clamp_min(requests, 1)",
    good: "errors / (requests > 0)",
};

/// Two rules make the same alert or metric with the same labels.
pub static RULE_DUPLICATED: Rule = Rule {
    code: "CS-OBSERVE-019",
    slug: "rule-duplicated",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "two rules make the same alert or metric with the same labels",
    why: "two series with the same labels are an error at evaluation, two alerts with one name are one alert twice",
    remedy: "keep one of them, or tell them apart by a label",
    bad: "the alert `Down` in two files",
    good: "the alert `Down` once",
};

/// A rule reads a recorded metric that the same group records further down.
pub static RECORDING_RULE_LATE: Rule = Rule {
    code: "CS-OBSERVE-020",
    slug: "recording-rule-late",
    area: Area::Observe,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "a rule reads a recorded metric that the same group records further down",
    why: "it reads the value of the round before: late by one interval, absent in the first",
    remedy: "put the recording rule before the rule that reads it",
    bad: "an alert on `job:errors:rate5m`, then its recording rule",
    good: "the recording rule, then the alert",
};

/// A document names a recording rule that no rule file has.
pub static RECORDING_RULE_MISSING: Rule = Rule {
    code: "CS-OBSERVE-021",
    slug: "recording-rule-missing",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a document names a recording rule that no rule file has",
    why: "whatever reads that name reads nothing",
    remedy: "add the recording rule, or correct the name",
    bad: "recording_rule: job:slo:ratio, which no rule records",
    good: "recording_rule: job:slo:ratio, recorded in `rules/`",
};
