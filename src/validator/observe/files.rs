//! OBS01, OBS14: rule files have a shape that Prometheus loads, and no rule stands twice or too late.

use std::collections::{BTreeMap, BTreeSet};

use super::input::{Inputs, Source, prometheus_texts};
use super::layout::Role;
use super::query::text_of;
use crate::document::Node;
use crate::finding::rules::observe as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

/// Looks for rules in a shape of somebody's own, and for what Prometheus would refuse.
pub(super) fn shapes(inputs: &Inputs, _: &Context, report: &mut Report) {
    let known: BTreeSet<&str> = inputs.rule_files.iter().map(|file| file.path.as_str()).collect();
    for source in inputs.sources.iter().filter(|source| source.is_own) {
        if source.role == Role::Other && !known.contains(source.path()) {
            home_made(source, report);
        }
    }
    for file in &inputs.rule_files {
        for (location, problem) in &file.problems {
            report.push(Finding::new(&rules::RULE_FILE_INVALID, location.clone(), problem));
        }
        if file.problems.is_empty() {
            report.passed("rule-file", file.path.as_str(), "Prometheus loads it");
        }
    }
}

fn home_made(source: &Source, report: &mut Report) {
    let mut expressions = 0;
    for list in ["rules", "alerts"] {
        let items = source.root.get(list).map(Node::items).unwrap_or_default();
        expressions += items.iter().filter(|item| text_of(item, "expr").is_some()).count();
    }
    let folder = source.path().rsplit('/').nth(1).unwrap_or_default();
    let is_yaml = source.path().ends_with(".yaml") || source.path().ends_with(".yml");
    // What has a kind, routes alerts or names parts for kustomize is loaded by something else.
    let others = ["kind", "apiVersion", "route", "receivers", "resources", "rule_files"];
    let is_other = others.iter().any(|key| source.root.get(key).is_some());
    let lies_with_rules = matches!(folder, "rules" | "alerts") && is_yaml && !is_other;
    let message = match (expressions, lies_with_rules) {
        (0, false) => return,
        (0, true) => "lies with the rules and holds none; Prometheus refuses it".to_owned(),
        (count, _) => format!("{count} rules in a shape that no Prometheus loads"),
    };
    let keys: Vec<&str> = source.root.entries().iter().map(|entry| entry.key.as_str()).collect();
    let finding = Finding::new(&rules::RULE_SHAPE_UNKNOWN, source.location.clone(), message);
    report.push(finding.actual(keys.join(", ")));
}

/// What no two rules have in common: the kind, the name, and the labels in order.
type Signature<'a> = (bool, &'a str, Vec<&'a (String, String)>);

/// Looks for rules that stand twice, and for recorded metrics that are read before they are made.
pub(super) fn order(inputs: &Inputs, _: &Context, report: &mut Report) {
    let mut seen: BTreeMap<Signature<'_>, &str> = BTreeMap::new();
    for rule in &inputs.rules {
        let mut labels: Vec<&(String, String)> = rule.labels.iter().collect();
        labels.sort_unstable();
        let key = (rule.is_alert(), rule.name.as_str(), labels);
        if let Some(first) = seen.insert(key, &rule.location.path) {
            let message =
                format!("`{}` is made twice, with the same labels", rule.name.escape_debug());
            let finding = Finding::new(&rules::RULE_DUPLICATED, rule.location.clone(), message);
            report.push(finding.declared(first));
        }
    }
    let mut made: BTreeMap<(&(String, String), &str), usize> = BTreeMap::new();
    for (index, rule) in inputs.rules.iter().enumerate().filter(|(_, rule)| !rule.is_alert()) {
        made.entry((&rule.group, &rule.name)).or_insert(index);
    }
    for (index, rule) in inputs.rules.iter().enumerate() {
        let Ok(expr) = &rule.expr else { continue };
        let names: BTreeSet<&str> =
            expr.selectors().into_iter().filter_map(|one| one.metric.as_deref()).collect();
        for name in names {
            if made.get(&(&rule.group, name)).is_some_and(|made| *made > index) {
                let message = format!("reads `{name}`, which the group records after it");
                let location = rule.expr_location.clone();
                report.push(
                    Finding::new(&rules::RECORDING_RULE_LATE, location, message).actual(name),
                );
            }
        }
    }
}

/// Looks for recording rules that a measurement names and nobody wrote.
pub(super) fn recordings(inputs: &Inputs, _: &Context, report: &mut Report) {
    for source in inputs.of(Role::Measurement).filter(|source| source.is_own) {
        for (location, id, item) in source.entries("measurement_method") {
            let Some(name) = text_of(item, "recording_rule") else { continue };
            if inputs.recording(name).is_none() {
                let message =
                    format!("the objective `{}` is recorded by no rule", id.escape_debug());
                let pointer = format!("{}/recording_rule", location.pointer);
                let finding =
                    Finding::new(&rules::RECORDING_RULE_MISSING, source.at(&pointer), message);
                report.push(finding.declared(name));
            }
        }
    }
}

/// Looks for Prometheus configurations of the area that load no rules.
pub(super) fn loaded(inputs: &Inputs, _: &Context, report: &mut Report) {
    if inputs.rules.is_empty() {
        return;
    }
    for source in inputs.sources.iter().filter(|source| source.is_own) {
        let plain =
            source.root.get("scrape_configs").is_some() && source.root.get("rule_files").is_none();
        let wrapped = prometheus_texts(&source.root).any(|text| !text.contains("rule_files:"));
        if plain || wrapped {
            let message = format!(
                "this Prometheus loads none of the {} rules of the area",
                inputs.rules.len()
            );
            report.push(Finding::new(&rules::RULES_NOT_LOADED, source.location.clone(), message));
        }
    }
}
