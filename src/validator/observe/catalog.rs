//! OBS11 and X6: rules, catalog, contract and map speak of the same alerts in the same words.

use std::collections::{BTreeMap, BTreeSet};

use super::input::{Inputs, Source};
use super::layout::Role;
use super::metrics::texts;
use super::query::text_of;
use super::rulefile::Rule;
use crate::document::Node;
use crate::finding::rules::observe as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// From how many differences on a list and the rules are said to have one cause.
const MANY: usize = 3;

/// The alerts by name; the first of each.
fn alerts(inputs: &Inputs) -> BTreeMap<&str, &Rule> {
    let mut alerts = BTreeMap::new();
    for rule in inputs.alerts() {
        alerts.entry(rule.name.as_str()).or_insert(rule);
    }
    alerts
}

/// What a document says of the severity of each alert: the place, the alert, the word.
fn severities(source: &Source) -> Vec<(Location, &str, &str)> {
    let from_catalog = source.items("alerts").filter_map(|(place, item)| {
        let pointer = format!("{}/severity", place.pointer);
        Some((source.at(&pointer), text_of(item, "id")?, text_of(item, "severity")?))
    });
    let from_contract = source.entries("alert_specs").filter_map(|(place, alert, spec)| {
        let key = if spec.get("severity_tier").is_some() { "severity_tier" } else { "severity" };
        Some((source.at(&format!("{}/{key}", place.pointer)), alert, text_of(spec, key)?))
    });
    from_catalog.chain(from_contract).collect()
}

/// Holds the severities of all documents against those of the rules.
pub(super) fn severity_words(inputs: &Inputs, _: &Context, report: &mut Report) {
    let alerts = alerts(inputs);
    let spoken: BTreeSet<&str> =
        inputs.alerts().filter_map(|rule| rule.label("severity")).collect();
    let lists = inputs.of(Role::AlertCatalog).chain(inputs.of(Role::AlertsContract));
    for source in lists {
        let stated = severities(source);
        let words: BTreeSet<&str> = stated.iter().map(|(_, _, word)| *word).collect();
        let cause = format!("observe:words:{}", source.path());
        let is_foreign = !words.is_empty() && !spoken.is_empty() && words.is_disjoint(&spoken);
        if is_foreign {
            let list =
                |words: &BTreeSet<&str>| words.iter().copied().collect::<Vec<_>>().join(", ");
            let message = format!(
                "`{}` speaks of {}, the rules of {}",
                source.path(),
                list(&words),
                list(&spoken)
            );
            report.headline(&cause, message);
        }
        for (location, alert, word) in &stated {
            let Some(actual) = alerts.get(alert).and_then(|rule| rule.label("severity")) else {
                continue;
            };
            if actual != *word {
                let message = format!(
                    "`{}` is `{}` here and `{}` in its rule",
                    alert.escape_debug(),
                    word.escape_debug(),
                    actual.escape_debug()
                );
                let mut finding =
                    Finding::new(&rules::ALERT_SEVERITY_DIFFERS, location.clone(), message)
                        .declared(word)
                        .actual(actual);
                finding.cause = is_foreign.then(|| cause.clone());
                report.push(finding);
            }
        }
        vocabulary(inputs, source, report);
    }
}

/// The words that a catalog allows.
fn vocabulary(inputs: &Inputs, source: &Source, report: &mut Report) {
    let Some(allowed) = source.root.get("severities").map(texts) else { return };
    for rule in inputs.alerts() {
        let Some(word) = rule.label("severity") else { continue };
        if !allowed.iter().any(|one| one == word) {
            let message = format!(
                "`{}` has the severity `{}`, which the catalog does not know",
                rule.name.escape_debug(),
                word.escape_debug()
            );
            let finding =
                Finding::new(&rules::ALERT_SEVERITY_DIFFERS, rule.location.clone(), message);
            report.push(finding.declared(word).actual(allowed.join(", ")));
        }
    }
}

/// Holds owner, runbook, drill and objective of an alert in one document against the others.
pub(super) fn owners(inputs: &Inputs, _: &Context, report: &mut Report) {
    let alerts = alerts(inputs);
    for contract in inputs.of(Role::AlertsContract) {
        for (location, alert, spec) in contract.entries("alert_specs") {
            let Some(rule) = alerts.get(alert) else { continue };
            let pairs =
                [("owner", "owner"), ("runbook_id", "runbook_id"), ("slo_or_invariant", "slo")];
            let differing: Vec<String> = pairs
                .iter()
                .filter_map(|(key, label)| {
                    let (here, there) = (text_of(spec, key)?, rule.label(label)?);
                    (here != there).then(|| format!("{key}: `{here}`, in the rule `{there}`"))
                })
                .collect();
            differ(alert, location, &differing, report);
        }
    }
    for map in inputs.of(Role::CoverageMap) {
        for (location, item) in map.items("mappings") {
            let Some(alert) = text_of(item, "alert_id") else { continue };
            let pairs = [
                ("slo_id", "slo_or_invariant"),
                ("drill_id", "drill_id"),
                ("runbook_id", "runbook_id"),
            ];
            let differing: Vec<String> = pairs
                .iter()
                .filter_map(|(key, other)| {
                    let here = text_of(item, key)?;
                    let there = inputs.contracted(alert, other)?;
                    (here != there).then(|| format!("{key}: `{here}`, in the contract `{there}`"))
                })
                .collect();
            differ(alert, location, &differing, report);
        }
    }
}

fn differ(alert: &str, location: Location, differing: &[String], report: &mut Report) {
    if !differing.is_empty() {
        let message = format!("two documents say different things of `{}`", alert.escape_debug());
        let finding = Finding::new(&rules::ALERT_OWNER_DIFFERS, location, message);
        report.push(finding.actual(differing.join("; ")));
    }
}

/// Holds every list of alerts against the rules, in both directions.
pub(super) fn listings(inputs: &Inputs, _: &Context, report: &mut Report) {
    let alerts = alerts(inputs);
    for role in
        [Role::AlertCatalog, Role::AlertsContract, Role::CoverageMap, Role::DashboardRegistry]
    {
        for source in inputs.of(role) {
            let listed = listed(source);
            for (name, location) in &listed {
                if !alerts.contains_key(name) {
                    let message =
                        format!("`{}` is listed, and no rule makes it", name.escape_debug());
                    let finding =
                        Finding::new(&rules::CATALOGUED_ALERT_MISSING, location.clone(), message);
                    report.push(finding.declared(name));
                }
            }
            if role != Role::DashboardRegistry {
                unlisted(source, &listed, &alerts, report);
            }
        }
    }
}

fn unlisted(
    source: &Source,
    listed: &BTreeMap<&str, Location>,
    alerts: &BTreeMap<&str, &Rule>,
    report: &mut Report,
) {
    let missing: Vec<&&Rule> = alerts
        .iter()
        .filter(|(name, _)| !listed.contains_key(*name))
        .map(|(_, rule)| rule)
        .collect();
    let cause = format!("observe:unlisted:{}", source.path());
    let is_shared = missing.len() >= MANY;
    if is_shared {
        let message = format!(
            "`{}` lists {} of {} alerts",
            source.path(),
            alerts.len() - missing.len(),
            alerts.len()
        );
        report.headline(&cause, message);
    }
    for rule in missing {
        let message =
            format!("`{}` is not listed in `{}`", rule.name.escape_debug(), source.path());
        let mut finding = Finding::new(&rules::ALERT_UNCATALOGUED, rule.location.clone(), message)
            .declared(source.path());
        finding.cause = is_shared.then(|| cause.clone());
        report.push(finding);
    }
}

/// The alerts that a document lists, with the first place of each.
fn listed(source: &Source) -> BTreeMap<&str, Location> {
    let mut listed: BTreeMap<&str, Location> = BTreeMap::new();
    for (place, item) in source.items("alerts").chain(source.items("mappings")) {
        let id = text_of(item, "id").or_else(|| text_of(item, "alert_id"));
        if let Some(id) = id {
            listed.entry(id).or_insert(place);
        }
    }
    for (place, alert, _) in source.entries("alert_specs") {
        listed.entry(alert).or_insert(place);
    }
    for (place, item) in source.items("required_alerts") {
        if let Some(alert) = item.as_str() {
            listed.entry(alert).or_insert(place);
        }
    }
    for (place, item) in source.items("dashboards") {
        for alert in item.get("alert_ids").map(Node::items).unwrap_or_default() {
            if let Some(alert) = alert.as_str() {
                listed.entry(alert).or_insert_with(|| place.clone());
            }
        }
    }
    listed
}
