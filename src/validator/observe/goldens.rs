//! OBS25, X9: golden scrapes are scrapes, of this release, and keep the metric contract.

use std::collections::{BTreeMap, BTreeSet};

use super::input::{Inputs, Source};
use super::layout::Role;
use super::metrics::{family_of, texts};
use super::scrape::{Sample, Scrape};
use crate::document::Node;
use crate::finding::rules::observe as rules;
use crate::finding::{Finding, Location, Report};
use crate::json::Position;
use crate::validator::Context;
use crate::version::Version;

/// Values of labels that nobody scraped.
const PRETENDED: &[&str] = &["example", "placeholder", "todo", "changeme", "foo", "dummy"];

/// The golden scrapes, each content once, with its path.
fn scrapes(inputs: &Inputs) -> Vec<(&str, &Scrape)> {
    let mut seen = BTreeSet::new();
    let mut scrapes: Vec<(&str, &Scrape)> =
        inputs.scrapes.iter().map(|(path, one)| (path.as_str(), one)).collect();
    // The one that stands for all lies highest.
    scrapes.sort_by_key(|(path, _)| (path.matches('/').count(), *path));
    scrapes.retain(|(path, _)| inputs.digests.get(*path).is_none_or(|digest| seen.insert(*digest)));
    scrapes
}

fn line(path: &str, number: u32) -> Location {
    Location::named(path).at("", Position { line: number, column: 1 })
}

/// Holds golden scrapes against the metric contracts.
pub(super) fn contracts(inputs: &Inputs, _: &Context, report: &mut Report) {
    let scrapes = scrapes(inputs);
    let contracts: Vec<&Source> =
        inputs.of(Role::MetricsContract).filter(|source| source.is_own).collect();
    if scrapes.is_empty() || contracts.is_empty() {
        report.skipped(
            "golden-scrape",
            "ops/observe",
            "there is no golden scrape, or no contract to hold it against",
        );
        return;
    }
    for (path, scrape) in scrapes {
        let mut by_metric: BTreeMap<&str, Vec<&Sample>> = BTreeMap::new();
        for sample in &scrape.samples {
            by_metric.entry(&sample.metric).or_default().push(sample);
            if family_of(&sample.metric) != sample.metric {
                by_metric.entry(family_of(&sample.metric)).or_default().push(sample);
            }
        }
        for (number, problem) in &scrape.broken {
            report.push(Finding::new(&rules::GOLDEN_SCRAPE_INVALID, line(path, *number), problem));
        }
        let mut known: BTreeSet<&str> = BTreeSet::new();
        for contract in &contracts {
            for (place, name, spec) in contract.entries("required_metric_specs") {
                known.insert(name);
                let samples = by_metric.get(name).map(Vec::as_slice).unwrap_or_default();
                metric(path, scrape, (name, spec, &place), samples, report);
            }
        }
        let strangers: BTreeSet<&str> = scrape
            .samples
            .iter()
            .map(|sample| sample.metric.as_str())
            .filter(|name| !known.contains(name) && !known.contains(family_of(name)))
            .collect();
        if !strangers.is_empty() {
            let message = format!("{} metrics are scraped and in no contract", strangers.len());
            let finding =
                Finding::new(&rules::GOLDEN_SCRAPE_DIFFERS, Location::named(path), message);
            report.push(finding.actual(strangers.into_iter().collect::<Vec<_>>().join(", ")));
        }
    }
}

fn metric(
    path: &str,
    scrape: &Scrape,
    (name, spec, place): (&str, &Node, &Location),
    samples: &[&Sample],
    report: &mut Report,
) {
    let Some(first) = samples.first() else {
        let message = format!("`{name}` is required and not in `{path}`");
        report.push(
            Finding::new(&rules::GOLDEN_SCRAPE_DIFFERS, place.clone(), message).declared(name),
        );
        return;
    };
    let lists = |key: &str| spec.get(key).map(texts).unwrap_or_default();
    let missing: BTreeSet<String> = lists("required_labels")
        .into_iter()
        .filter(|label| samples.iter().any(|sample| !sample.labels.contains_key(label)))
        .filter(|label| label != "le" || name.ends_with("_bucket"))
        .collect();
    let forbidden: BTreeSet<String> = lists("forbidden_labels")
        .into_iter()
        .filter(|label| samples.iter().any(|sample| sample.labels.contains_key(label)))
        .collect();
    let mut problems = Vec::new();
    let words = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(", ");
    if !missing.is_empty() {
        problems.push(format!("lacks {}", words(&missing)));
    }
    if !forbidden.is_empty() {
        problems.push(format!("has the forbidden {}", words(&forbidden)));
    }
    let stated = spec.get("type").and_then(Node::as_str);
    let scraped = scrape.types.get(name).or_else(|| scrape.types.get(family_of(name)));
    if let (Some(stated), Some(scraped)) = (stated, scraped)
        && stated != scraped
    {
        problems.push(format!("is a {scraped}, by contract a {stated}"));
    }
    let limit = spec.pointer("/cardinality_budget/max_series").and_then(Node::as_u64);
    if limit.is_some_and(|limit| samples.len() as u64 > limit) {
        problems.push(format!("has {} series, more than its budget", samples.len()));
    }
    if !problems.is_empty() {
        let message = format!("`{name}` {}", problems.join("; "));
        let finding = Finding::new(&rules::GOLDEN_SCRAPE_DIFFERS, line(path, first.line), message);
        report.push(finding.declared(format!("{} {}", place.path, place.pointer)));
    }
}

/// Looks for series that nobody scraped, copies, and scrapes of another version.
pub(super) fn origins(inputs: &Inputs, context: &Context, report: &mut Report) {
    for (path, scrape) in scrapes(inputs) {
        let is_pretended =
            |value: &&String| PRETENDED.contains(&value.to_ascii_lowercase().as_str());
        let pretended: Vec<&Sample> = scrape
            .samples
            .iter()
            .filter(|sample| sample.labels.values().any(|value| is_pretended(&value)))
            .collect();
        if let Some(first) = pretended.first() {
            let message = format!("{} series were written by hand", pretended.len());
            let names: BTreeSet<&str> =
                pretended.iter().map(|sample| sample.metric.as_str()).collect();
            let finding =
                Finding::new(&rules::GOLDEN_SCRAPE_PRETENDED, line(path, first.line), message);
            report.push(finding.actual(names.into_iter().collect::<Vec<_>>().join(", ")));
        }
        versions(inputs, context, path, scrape, report);
    }
    for profiles in inputs.of(Role::GoldenProfiles) {
        copies(inputs, profiles, report);
    }
}

fn versions(inputs: &Inputs, context: &Context, path: &str, scrape: &Scrape, report: &mut Report) {
    let Some(released) = context.expect_version.clone().or_else(|| inputs.released.clone()) else {
        return;
    };
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for sample in &scrape.samples {
        let Some(version) = sample.labels.get("version") else { continue };
        if let Ok(version) = version.parse::<Version>() {
            seen.entry(version.to_string()).or_insert(sample.line);
        }
    }
    if let Some((version, number)) = seen.iter().next()
        && !seen.contains_key(&released.to_string())
    {
        let message = format!("it was scraped from {version}; the release is {released}");
        let finding =
            Finding::new(&rules::GOLDEN_SCRAPE_OF_ANOTHER_VERSION, line(path, *number), message);
        report.push(finding.declared(version).actual(released));
    }
}

/// Profiles that claim a scrape of their own and have the same bytes.
fn copies(inputs: &Inputs, profiles: &Source, report: &mut Report) {
    let mut by_digest: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for (place, profile, item) in profiles.entries("profiles") {
        let Some(path) = item.get("metrics_golden").and_then(Node::as_str) else { continue };
        match inputs.digests.get(path) {
            Some(digest) => by_digest.entry(*digest).or_default().push(profile),
            None => {
                let message = format!("the golden scrape of `{profile}` is not there");
                report.push(
                    Finding::new(&rules::GOLDEN_SCRAPE_PRETENDED, place, message).declared(path),
                );
            }
        }
    }
    for (digest, names) in by_digest.into_iter().filter(|(_, names)| names.len() > 1) {
        let message = format!("the scrapes of {} are one file, copied", names.join(", "));
        let finding =
            Finding::new(&rules::GOLDEN_SCRAPE_PRETENDED, profiles.at("/profiles"), message);
        report.push(finding.actual(digest));
    }
}
