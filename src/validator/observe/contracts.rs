//! OBS25, X9: metric, label, log and trace contracts do not contradict themselves or each other.

use std::collections::{BTreeMap, BTreeSet};

use super::input::{Inputs, Source};
use super::layout::Role;
use super::metrics::{family_of, texts};
use super::query::text_of;
use super::scrape::sample_of;
use crate::document::Node;
use crate::finding::rules::observe as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

fn list(source: &Source, key: &str) -> BTreeSet<String> {
    source.root.get(key).map(texts).unwrap_or_default().into_iter().collect()
}

fn words(set: &BTreeSet<String>) -> String {
    set.iter().cloned().collect::<Vec<_>>().join(", ")
}

/// Holds the parts of each contract against each other, and contracts against contracts.
pub(super) fn consistency(inputs: &Inputs, _: &Context, report: &mut Report) {
    for contract in inputs.of(Role::MetricsContract).filter(|source| source.is_own) {
        listed_and_specified(contract, report);
        policy(inputs, contract, report);
        spans(inputs, contract, report);
    }
    for contract in inputs.of(Role::EndpointContract).filter(|source| source.is_own) {
        endpoints(inputs, contract, report);
    }
    suites(inputs, report);
    for registry in inputs.of(Role::SpanRegistry) {
        let registered = list(registry, "required_spans");
        for contract in
            inputs.of(Role::TraceContract).filter(|one| !one.path().contains("/goldens/"))
        {
            let required = list(contract, "required_spans");
            if !required.is_empty() && registered.is_disjoint(&required) {
                let message = format!("requires spans of which `{}` has none", contract.path());
                contradiction(
                    registry.at("/required_spans"),
                    message,
                    &words(&registered),
                    &words(&required),
                    report,
                );
            }
        }
    }
}

fn contradiction(
    location: Location,
    message: String,
    declared: &str,
    actual: &str,
    report: &mut Report,
) {
    let finding = Finding::new(&rules::TELEMETRY_CONTRACT_CONTRADICTED, location, message);
    report.push(finding.declared(declared).actual(actual));
}

/// Two lists of suites that give one suite different tests.
fn suites(inputs: &Inputs, report: &mut Report) {
    let mut seen: BTreeMap<String, (BTreeSet<String>, &str)> = BTreeMap::new();
    for source in inputs.of(Role::Suites).filter(|source| source.is_own) {
        let mut differing = Vec::new();
        let mut other = "";
        for (_, suite) in source.items("suites") {
            let Some(id) = text_of(suite, "id") else { continue };
            let tests: BTreeSet<String> =
                suite.get("tests").map(texts).unwrap_or_default().into_iter().collect();
            match seen.get(id) {
                Some((first, path)) if *first != tests => {
                    differing.push(id);
                    other = path;
                }
                Some(_) => {}
                None => {
                    seen.insert(id.to_owned(), (tests, source.path()));
                }
            }
        }
        if !differing.is_empty() {
            let message = format!("gives {} suites other tests than `{other}`", differing.len());
            contradiction(source.at("/suites"), message, &differing.join(", "), other, report);
        }
    }
}

/// `required_metrics` and `required_metric_specs` name the same metrics with the same labels.
fn listed_and_specified(contract: &Source, report: &mut Report) {
    let specs = contract.root.get("required_metric_specs");
    let listed: BTreeMap<&str, &Node> =
        contract.entries("required_metrics").map(|(_, name, node)| (name, node)).collect();
    for (place, name, spec) in contract.entries("required_metric_specs") {
        let labels: BTreeSet<String> =
            spec.get("required_labels").map(texts).unwrap_or_default().into_iter().collect();
        match listed.get(name) {
            None if listed.is_empty() => {}
            None => contradiction(
                place.clone(),
                format!("`{name}` is specified and not required"),
                name,
                "",
                report,
            ),
            Some(node) => {
                let same: BTreeSet<String> = texts(node).into_iter().collect();
                if !same.is_empty() && same != labels {
                    let message = format!("`{name}` has other labels in `required_metrics`");
                    contradiction(place.clone(), message, &words(&labels), &words(&same), report);
                }
            }
        }
        let forbidden: BTreeSet<String> =
            spec.get("forbidden_labels").map(texts).unwrap_or_default().into_iter().collect();
        let both: BTreeSet<String> = forbidden.intersection(&labels).cloned().collect();
        if !both.is_empty() {
            contradiction(
                place,
                format!("`{name}` requires what it forbids"),
                &words(&both),
                &words(&forbidden),
                report,
            );
        }
    }
    for (place, name, _) in contract.entries("required_metrics") {
        if specs.is_some_and(|specs| specs.get(name).is_none()) {
            contradiction(
                place,
                format!("`{name}` is required and not specified"),
                name,
                "",
                report,
            );
        }
    }
}

/// The labels that a policy requires of every metric.
fn policy(inputs: &Inputs, contract: &Source, report: &mut Report) {
    for policy in inputs.of(Role::LabelPolicy) {
        let required = list(policy, "metrics_required_labels");
        for (place, name, spec) in contract.entries("required_metric_specs") {
            let labels: BTreeSet<String> =
                spec.get("required_labels").map(texts).unwrap_or_default().into_iter().collect();
            let missing: BTreeSet<String> = required.difference(&labels).cloned().collect();
            if !missing.is_empty() {
                let message = format!("`{name}` lacks labels that `{}` requires", policy.path());
                contradiction(place, message, &words(&labels), &words(&missing), report);
            }
        }
    }
}

fn spans(inputs: &Inputs, contract: &Source, report: &mut Report) {
    let required = list(contract, "required_spans");
    for trace in inputs.of(Role::TraceContract).filter(|_| !required.is_empty()) {
        let other = list(trace, "required_spans");
        if other != required {
            let message = format!("requires other spans than `{}`", trace.path());
            contradiction(
                contract.at("/required_spans"),
                message,
                &words(&required),
                &words(&other),
                report,
            );
        }
    }
}

/// Metrics and spans that an endpoint requires are in the other contracts.
fn endpoints(inputs: &Inputs, contract: &Source, report: &mut Report) {
    let mut spans: BTreeSet<String> = BTreeSet::new();
    for trace in inputs.of(Role::TraceContract) {
        spans.extend(list(trace, "required_spans"));
        spans.extend(trace.text("/required_root/name").map(str::to_owned));
    }
    for (place, item) in contract.items("endpoints") {
        let endpoint = text_of(item, "path").unwrap_or_default().escape_debug().to_string();
        for metric in item.get("required_metrics").map(texts).unwrap_or_default() {
            if inputs.metrics.is_known && !inputs.metrics.has(&metric) {
                let message = format!("`{endpoint}` requires `{metric}`, which nothing exports");
                let finding = Finding::new(&rules::METRIC_UNKNOWN, place.clone(), message);
                report.push(finding.actual(metric));
            }
        }
        let named: BTreeSet<String> =
            item.get("required_trace_spans").map(texts).unwrap_or_default().into_iter().collect();
        let unknown: BTreeSet<String> = named.difference(&spans).cloned().collect();
        if !spans.is_empty() && !unknown.is_empty() {
            let message = format!("`{endpoint}` requires spans that no trace contract has");
            contradiction(place, message, &words(&unknown), &words(&spans), report);
        }
    }
}

/// Holds every example of a series against the contract that gives it.
pub(super) fn examples(inputs: &Inputs, _: &Context, report: &mut Report) {
    for contract in inputs.of(Role::MetricsContract).filter(|source| source.is_own) {
        for (place, name, spec) in contract.entries("required_metric_specs") {
            let Some(example) = text_of(spec, "example_series") else { continue };
            let problem = match sample_of(example, 0) {
                Err(problem) => problem,
                Ok(sample) if sample.metric != name && family_of(&sample.metric) != name => {
                    format!("it is a series of `{}`", sample.metric)
                }
                Ok(sample) => {
                    let required = spec.get("required_labels").map(texts).unwrap_or_default();
                    let is_missing = |label: &String| !sample.labels.contains_key(label);
                    let missing: Vec<String> = required.into_iter().filter(is_missing).collect();
                    if missing.is_empty() {
                        continue;
                    }
                    format!("it lacks {}", missing.join(", "))
                }
            };
            let location = contract.at(&format!("{}/example_series", place.pointer));
            let message = format!("the example of `{name}`: {problem}");
            report.push(
                Finding::new(&rules::EXAMPLE_SERIES_INVALID, location, message).declared(example),
            );
        }
    }
}

/// Looks for labels that a budget does not allow; each once.
pub(super) fn budgets(inputs: &Inputs, _: &Context, report: &mut Report) {
    for budget in inputs.of(Role::LabelBudget) {
        let allowed = list(budget, "allowed_labels");
        let mut strangers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for contract in inputs.of(Role::MetricsContract).filter(|source| source.is_own) {
            for (_, name, spec) in contract.entries("required_metric_specs") {
                for label in spec.get("required_labels").map(texts).unwrap_or_default() {
                    // `le` belongs to every histogram.
                    if !allowed.contains(&label) && label != "le" {
                        strangers.entry(label).or_default().insert(name.to_owned());
                    }
                }
            }
        }
        let cause = format!("observe:budget:{}", budget.path());
        let message = format!("`{}` and the metric contract allow different labels", budget.path());
        report.headline(&cause, message);
        for (label, metrics) in strangers {
            let message = format!(
                "the contract requires the label `{}`, which the budget does not allow",
                label.escape_debug()
            );
            let finding =
                Finding::new(&rules::LABEL_NOT_ALLOWED, budget.at("/allowed_labels"), message);
            report.push(finding.actual(words(&metrics)).caused_by(cause.clone()));
        }
    }
}
