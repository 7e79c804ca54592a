//! Rules about contracts, samples and what the area says of itself.

use super::super::{Rule, Weight};
use crate::finding::{Area, Severity};

/// A contract contradicts itself or another one.
pub static TELEMETRY_CONTRACT_CONTRADICTED: Rule = Rule {
    code: "CS-OBSERVE-066",
    slug: "telemetry-contract-contradicted",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a contract contradicts itself or another one",
    why: "whoever follows one breaks the other",
    remedy: "decide which one is meant",
    bad: "required_metrics and required_metric_specs with different labels",
    good: "the same labels in both",
};

/// An example in a metric contract is no series, or lacks labels that the contract requires.
pub static EXAMPLE_SERIES_INVALID: Rule = Rule {
    code: "CS-OBSERVE-067",
    slug: "example-series-invalid",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "an example in a metric contract is no series, or lacks labels that the contract requires",
    why: "an example that breaks its own contract teaches the mistake",
    remedy: "write a series that the exporter could answer with",
    bad: "x{a=\"1\"}} 1",
    good: "x{a=\"1\"} 1",
};

/// A golden scrape breaks the metric contract: a metric or label is missing, forbidden, or of another type.
pub static GOLDEN_SCRAPE_DIFFERS: Rule = Rule {
    code: "CS-OBSERVE-068",
    slug: "golden-scrape-differs",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a golden scrape breaks the metric contract: a metric or label is missing, forbidden, or of another type",
    why: "either the exporter or the contract is not what is released",
    remedy: "scrape the release again, or change the contract",
    bad: "a required label that no sample has",
    good: "every required label on every sample",
};

/// A line of a golden scrape is no sample.
pub static GOLDEN_SCRAPE_INVALID: Rule = Rule {
    code: "CS-OBSERVE-069",
    slug: "golden-scrape-invalid",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a line of a golden scrape is no sample",
    why: "Prometheus gives up the whole scrape at such a line",
    remedy: "scrape the release again",
    bad: "x{a=\"1\"}} 1",
    good: "x{a=\"1\"} 1",
};

/// A golden scrape holds series that nobody scraped, or is a copy of another one.
pub static GOLDEN_SCRAPE_PRETENDED: Rule = Rule {
    code: "CS-OBSERVE-070",
    slug: "golden-scrape-pretended",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a golden scrape holds series that nobody scraped, or is a copy of another one",
    why: "rules are judged by what the service answers; what was typed in by hand proves nothing",
    remedy: "scrape the released service, once for each profile",
    bad: "mode=\"example\"",
    good: "mode=\"strict\"",
};

/// A golden scrape comes from another version than the released one.
pub static GOLDEN_SCRAPE_OF_ANOTHER_VERSION: Rule = Rule {
    code: "CS-OBSERVE-071",
    slug: "golden-scrape-of-another-version",
    area: Area::Observe,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "a golden scrape comes from another version than the released one",
    why: "metrics that were renamed since are judged by their old names",
    remedy: "scrape the release again",
    bad: "version=\"0.1.0\" for the release 0.2.0",
    good: "version=\"0.2.0\"",
};

/// A metric has a label that a budget or contract does not allow.
pub static LABEL_NOT_ALLOWED: Rule = Rule {
    code: "CS-OBSERVE-072",
    slug: "label-not-allowed",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a metric has a label that a budget or contract does not allow",
    why: "each value of such a label is a series of its own: the monitoring goes down with the service",
    remedy: "remove the label, or allow it",
    bad: "a label `user`",
    good: "a label `route`",
};

/// A sample of the log breaks the log contracts.
pub static LOG_SAMPLE_DIFFERS: Rule = Rule {
    code: "CS-OBSERVE-073",
    slug: "log-sample-differs",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a sample of the log breaks the log contracts",
    why: "what reads the log by these fields finds nothing",
    remedy: "log the fields that the contract requires, or change the contract",
    bad: "a line without `request_id`",
    good: "every required field in every line",
};

/// A sample of the log holds a field that must not be logged.
pub static LOG_LEAKS_PERSON: Rule = Rule {
    code: "CS-OBSERVE-074",
    slug: "log-leaks-person",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a sample of the log holds a field that must not be logged",
    why: "personal data and secrets in logs are a breach",
    remedy: "leave the field out, or replace it by a token",
    bad: "\"email\": \"a@b.example\"",
    good: "\"request_id\": \"req-1\"",
};

/// A sample trace has not the spans, attributes or tree of its contract.
pub static TRACE_SAMPLE_DIFFERS: Rule = Rule {
    code: "CS-OBSERVE-075",
    slug: "trace-sample-differs",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a sample trace has not the spans, attributes or tree of its contract",
    why: "the trace cannot answer what it is kept for",
    remedy: "emit the span, or change the contract",
    bad: "a trace without `cache_lookup`",
    good: "every required span below its root",
};

/// A document of the area breaks the schema that belongs to it.
pub static TELEMETRY_DOCUMENT_BREAKS_SCHEMA: Rule = Rule {
    code: "CS-OBSERVE-076",
    slug: "telemetry-document-breaks-schema",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a document of the area breaks the schema that belongs to it",
    why: "what reads it by the schema fails, or skips what it does not know",
    remedy: "correct the document, or the schema",
    bad: "schema_version: 1, the schema says 2",
    good: "schema_version: 2",
};

/// A document holds a value that the build was to fill in, or calls itself a template.
pub static TELEMETRY_PLACEHOLDER_LEFT: Rule = Rule {
    code: "CS-OBSERVE-077",
    slug: "telemetry-placeholder-left",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a document holds a value that the build was to fill in, or calls itself a template",
    why: "the document that was reviewed is not the one that belongs to this release",
    remedy: "fill the value in, or remove it",
    bad: "contract_git_sha: REQUIRED_AT_BUILD",
    good: "contract_git_sha: 5f3c1d9",
};

/// The telemetry index and the files differ.
pub static TELEMETRY_INDEX_DIFFERS: Rule = Rule {
    code: "CS-OBSERVE-078",
    slug: "telemetry-index-differs",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the telemetry index and the files differ",
    why: "an index that leaves files out, or cites old ones, is no evidence",
    remedy: "generate the index again",
    bad: "an index without the burn-rate rules",
    good: "every rule file, dashboard and objective, with its digest",
};

/// The tree says that it is ready, and it is not.
pub static TELEMETRY_READINESS_CONTRADICTED: Rule = Rule {
    code: "CS-OBSERVE-079",
    slug: "telemetry-readiness-contradicted",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the tree says that it is ready, and it is not",
    why: "a stated readiness is believed by whoever does not look",
    remedy: "mend what is found; the readiness that is derived then is the same",
    bad: "status: ready, and findings above",
    good: "status: ready, and nothing found",
};
