//! The rules about the chart and its values.

use super::super::Rule;
use super::FAULT;
use crate::finding::Severity;

/// Merged values break the chart's own schema.
pub static VALUES_SCHEMA_VIOLATED: Rule = Rule {
    code: "CS-K8S-053",
    slug: "values-schema-violated",
    refuses: "merged values break the chart's own schema",
    why: "Helm refuses to install the profile",
    remedy: "correct the value, or the schema where it is wrong",
    bad: "replicaCount: three",
    good: "replicaCount: 3",
    ..FAULT
};

/// The chart's values schema is no schema.
pub static VALUES_SCHEMA_BROKEN: Rule = Rule {
    code: "CS-K8S-054",
    slug: "values-schema-unusable",
    refuses: "the chart's values schema is no schema",
    why: "nothing is checked when values are given",
    remedy: "correct the schema",
    bad: "{\"type\": \"objekt\"}",
    good: "{\"type\": \"object\"}",
    ..FAULT
};

/// The values schema lets any key pass where templates read single keys.
pub static VALUES_SCHEMA_OPEN: Rule = Rule {
    code: "CS-K8S-055",
    slug: "values-schema-open",
    severity: Severity::Warning,
    refuses: "the values schema lets any key pass where templates read single keys",
    why: "a misspelt key is accepted and does nothing",
    remedy: "set `additionalProperties` to false and name the keys",
    bad: "rollout: {type: object} where templates read rollout.enabled",
    good: "the keys named, and additionalProperties: false",
    ..FAULT
};

/// The chart has a default that no template reads.
pub static VALUE_UNREAD: Rule = Rule {
    code: "CS-K8S-056",
    slug: "value-unread",
    severity: Severity::Warning,
    refuses: "the chart has a default that no template reads",
    why: "whoever changes it believes in something that does not happen",
    remedy: "take it out of values and schema, or use it in a template",
    bad: "extraEnvs: [] in values.yaml and nowhere else",
    good: "every default is read by a template",
    ..FAULT
};

/// A profile sets a value that no template reads.
pub static VALUE_WITHOUT_EFFECT: Rule = Rule {
    code: "CS-K8S-057",
    slug: "value-without-effect",
    severity: Severity::Warning,
    refuses: "a profile sets a value that no template reads",
    why: "the profile was decided to be different, and is not",
    remedy: "use the value in a template, or take it out of the profile",
    bad: "cache.warmup: true in prod.yaml, read by no template",
    good: "a profile sets only what templates read",
    ..FAULT
};

/// A rendered setting says the opposite of the value that it is named after.
pub static VALUE_NOT_RENDERED: Rule = Rule {
    code: "CS-K8S-058",
    slug: "value-not-rendered",
    refuses: "a rendered setting says the opposite of the value that it is named after",
    why: "the profile runs in the mode that was decided against",
    remedy: "let the template read the value that the profile sets",
    bad: "server.cachedOnlyMode: true, and X_CACHED_ONLY_MODE: \"false\"",
    good: "the setting says what the value says",
    ..FAULT
};

/// A switch of the values and the rendered objects contradict each other.
pub static SWITCH_NOT_RENDERED: Rule = Rule {
    code: "CS-K8S-059",
    slug: "switch-not-rendered",
    refuses: "a switch of the values and the rendered objects contradict each other",
    why: "what was switched on is not there, or what was switched off still runs",
    remedy: "correct the condition in the template",
    bad: "hpa.enabled: true and no HorizontalPodAutoscaler",
    good: "the object is rendered when its switch is on",
    ..FAULT
};

/// Values that must be refused are accepted by the chart's schema.
pub static NEGATIVE_ACCEPTED: Rule = Rule {
    code: "CS-K8S-060",
    slug: "negative-values-accepted",
    refuses: "values that must be refused are accepted by the chart's schema",
    why: "the guard that the release relies on is not there",
    remedy: "close the schema where the values should fail",
    bad: "schema-failure-latest.yaml passes the schema",
    good: "the schema refuses it",
    ..FAULT
};

/// Values that must be refused are refused for another reason than the stated one.
pub static NEGATIVE_REASON_DIFFERS: Rule = Rule {
    code: "CS-K8S-061",
    slug: "negative-values-reason-differs",
    refuses: "values that must be refused are refused for another reason than the stated one",
    why: "the guard that is tested is not the one that works",
    remedy: "correct the case or the schema",
    bad: "stated: /image/tag; refused at: /image",
    good: "refused at the stated place with the stated reason",
    ..FAULT
};

/// `Chart.yaml` is not what Helm demands.
pub static CHART_INVALID: Rule = Rule {
    code: "CS-K8S-062",
    slug: "chart-file-invalid",
    refuses: "`Chart.yaml` is not what Helm demands",
    why: "Helm refuses the chart, or reads it by the rules of another version",
    remedy: "correct the field",
    bad: "apiVersion: v1",
    good: "apiVersion: v2",
    ..FAULT
};

/// Dependencies of a chart and its lock file differ.
pub static CHART_UNLOCKED: Rule = Rule {
    code: "CS-K8S-063",
    slug: "chart-dependency-unlocked",
    refuses: "dependencies of a chart and its lock file differ",
    why: "the next build takes another version of the dependency",
    remedy: "run `helm dependency update` and commit `Chart.lock`",
    bad: "a dependency that `Chart.lock` does not name",
    good: "every dependency is locked",
    ..FAULT
};

/// A document or a rendered object states another version than the chart.
pub static CHART_VERSION_DIFFERS: Rule = Rule {
    code: "CS-K8S-064",
    slug: "chart-version-differs",
    refuses: "a document or a rendered object states another version than the chart",
    why: "the release that is described is not the one that is installed",
    remedy: "make the document again from the chart",
    bad: "a snapshot of 0.1.0 beside a chart of 0.2.0",
    good: "one version everywhere",
    ..FAULT
};

/// A chart renders something else than the release before and still has that release's version.
pub static CHART_UNBUMPED: Rule = Rule {
    code: "CS-K8S-065",
    slug: "chart-version-unchanged",
    refuses: "a chart renders something else than the release before and still has that release's version",
    why: "two different releases have one name, and one goes back to the wrong one",
    remedy: "raise the chart's version",
    bad: "a changed template in chart 0.2.0 of the release before",
    good: "chart 0.2.1",
    ..FAULT
};
