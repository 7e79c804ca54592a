//! Rules about one result: what a load tool wrote.

use crate::finding::rules::{Rule, Weight};
use crate::finding::{Area, Severity};

/// A result has no shape that is known.
pub static RESULT_UNKNOWN: Rule = Rule {
    code: "CS-LOAD-004",
    slug: "load-result-unknown",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a file that should be a result of a load tool has none of the known shapes",
    why: "a verdict can only be recomputed from values whose meaning is known; a summary that a script has reshaped may hold anything",
    remedy: "keep what the tool writes as it is: k6 `--out json`, `--summary-export` or the `data` of `handleSummary`, or the JSON of vegeta, locust, Gatling, oha or wrk2",
    bad: "{\"metrics\": {\"latency\": \"fine\"}}",
    good: "{\"root_group\": {}, \"options\": {}, \"state\": {}, \"metrics\": {}}",
};

/// A result breaks its shape, or ends in the middle.
pub static RESULT_BROKEN: Rule = Rule {
    code: "CS-LOAD-005",
    slug: "load-result-broken",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a result has a known shape and breaks it: a line cut off, a sample without a number, a type that changes",
    why: "the samples that are missing may be the slow ones: part of a run proves nothing about the run",
    remedy: "take the result again from the run, whole",
    bad: "{\"metric\":\"http_reqs\",\"type\":\"Point\",\"data\":{\"time\":\"2026-11-",
    good: "a file whose every line is a whole JSON object",
};

/// A result holds a value that cannot be.
pub static VALUE_IMPOSSIBLE: Rule = Rule {
    code: "CS-LOAD-006",
    slug: "load-value-impossible",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a result holds a negative time, a value that is no number, or a time longer than its run",
    why: "a unit was mistaken for another, nanoseconds for seconds, or the clock went back; every figure beside it is as doubtful",
    remedy: "find where the unit was lost and take the result again",
    bad: "\"avg\": -3.2",
    good: "\"avg\": 3.2",
};

/// A run measured nothing.
pub static RESULT_EMPTY: Rule = Rule {
    code: "CS-LOAD-007",
    slug: "load-result-empty",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a run sent no request, or a metric with a threshold has no sample",
    why: "k6 takes a threshold without samples for one that holds and exits with 0 even when every iteration threw: nothing was measured, and it looks like a pass",
    remedy: "look into the log of the run for what the script threw, mend it, and run again",
    bad: "\"http_reqs\": {\"count\": 0}",
    good: "\"http_reqs\": {\"count\": 2400}",
};

/// What a result says of a threshold is not what its values say.
pub static VERDICT_CONTRADICTED: Rule = Rule {
    code: "CS-LOAD-008",
    slug: "load-verdict-contradicted",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a result says that a threshold held, or failed, and its own values say the opposite",
    why: "somebody edited the verdict, or read it the wrong way round: in `--summary-export` a threshold that is `true` has failed",
    remedy: "take the result again; compute verdicts from the values",
    bad: "\"avg\": 900, \"thresholds\": {\"avg<500\": {\"ok\": true}}",
    good: "\"avg\": 300, \"thresholds\": {\"avg<500\": {\"ok\": true}}",
};

/// A threshold does not hold.
pub static THRESHOLD_BREACHED: Rule = Rule {
    code: "CS-LOAD-009",
    slug: "load-threshold-breached",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a threshold of a result, or a limit of its suite, does not hold for the values that were measured",
    why: "this is what the run was made to find out: the release is slower, or fails more often, than was promised",
    remedy: "find out what became slower; a limit that was wrong is changed in its own change, with a reason",
    bad: "p95_ms 412 with the limit 200",
    good: "p95_ms 138 with the limit 200",
};

/// A threshold is set on a value that the result does not hold.
pub static NOT_RECOMPUTABLE: Rule = Rule {
    code: "CS-LOAD-010",
    slug: "load-threshold-not-recomputable",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a threshold is set on a percentile that is not in `summaryTrendStats`, or on a figure that the run does not hold",
    why: "nobody can recompute the verdict, so it has to be believed",
    remedy: "add the value to `summaryTrendStats`, or keep the samples with `--out json`",
    bad: "`p(99.9)<800` with summaryTrendStats avg, p(90), p(95)",
    good: "`p(99.9)<800` with summaryTrendStats avg, p(95), p(99.9), count",
};

/// A percentile rests on too few samples.
pub static SAMPLES_TOO_FEW: Rule = Rule {
    code: "CS-LOAD-011",
    slug: "load-samples-too-few",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a percentile with a threshold rests on fewer than ten samples beyond it",
    why: "the 99th percentile of forty samples is the slowest of them: it says something about one request and nothing about the service",
    remedy: "run longer, or set the threshold on a lower percentile",
    bad: "`p(99)` of 40 samples",
    good: "`p(99)` of 2400 samples",
};

/// A threshold is none that k6 reads, or does not fit its metric.
pub static THRESHOLD_MALFORMED: Rule = Rule {
    code: "CS-LOAD-012",
    slug: "load-threshold-malformed",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a threshold does not parse by k6's grammar, or asks for a value that its kind of metric does not have",
    why: "k6 ends with exit code 104 before the first request, or, with a percentile outside 0 to 100, compares nothing",
    remedy: "write it as `p(95)<500`: a method, an operator, a plain number",
    bad: "p95<500ms",
    good: "p(95)<500",
};

/// A threshold decides nothing.
pub static THRESHOLD_VACUOUS: Rule = Rule {
    code: "CS-LOAD-013",
    slug: "load-threshold-vacuous",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a threshold or limit holds for every value, or for none",
    why: "it looks like a gate and lets everything through",
    remedy: "set a limit that some outcome can break",
    bad: "rate<=1",
    good: "rate<=0.001",
};

/// A run made no checks.
pub static CHECKS_MISSING: Rule = Rule {
    code: "CS-LOAD-014",
    slug: "load-checks-missing",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a run checked none of its answers",
    why: "an error page is fast: without checks a service that is down has excellent latencies",
    remedy: "check the status and the content of the answers in the script",
    bad: "`checks` is absent, or 0 of 0",
    good: "check(answer, {\"status is 200\": (r) => r.status === 200})",
};
