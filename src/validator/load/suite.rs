//! The suites, and the limits that each of them states: inline, in a file, in the contract, in the
//! script.

use std::collections::BTreeMap;

use super::input::{Inputs, Source};
use super::layout;
use super::threshold::{Method, Operator, Threshold};
use crate::document::Node;
use crate::finding::Location;

/// One limit and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Limit {
    pub(super) value: f64,
    pub(super) location: Location,
}

/// Limits by their common names: `p95_ms`, `p99_ms`, `fail_rate`, `check_rate`, and any other.
pub(super) type Limits = BTreeMap<String, Limit>;

/// One suite.
#[derive(Debug, Clone)]
pub(super) struct Suite<'a> {
    pub(super) name: &'a str,
    pub(super) node: &'a Node,
    pub(super) source: &'a Source,
    pub(super) pointer: String,
    pub(super) limits: Limits,
}

impl<'a> Suite<'a> {
    /// The place of a value of it.
    pub(super) fn at(&self, key: &str) -> Location {
        if self.node.get(key).is_some() {
            self.source.at(&format!("{}/{key}", self.pointer))
        } else {
            self.source.at(&self.pointer)
        }
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.node.get(key).and_then(Node::as_str)
    }

    /// The path of its scenario, named or found by its name.
    pub(super) fn scenario(&self, inputs: &Inputs) -> Option<String> {
        match self.text("scenario") {
            Some(path) if path.contains('/') => Some(path.to_owned()),
            Some(name) => Some(format!("{}{name}", layout::SCENARIOS)),
            None => Some(format!("{}{}.json", layout::SCENARIOS, self.name))
                .filter(|path| inputs.has(path)),
        }
    }

    /// The path of its script: named by itself, or by its scenario.
    pub(super) fn script(&self, inputs: &Inputs) -> Option<String> {
        let full = |name: &str| {
            if name.contains('/') { name.to_owned() } else { format!("{}{name}", layout::SCRIPTS) }
        };
        self.text("script").map(full).or_else(|| {
            let scenario = inputs.document(&self.scenario(inputs)?)?;
            scenario.text("/suite").map(full)
        })
    }
}

/// Every suite of the tree.
pub(super) fn suites(inputs: &Inputs) -> Vec<Suite<'_>> {
    let mut found = Vec::new();
    for source in inputs.documents().filter(|source| source.path.starts_with(layout::SUITES)) {
        for (index, node) in source.list("/suites").iter().enumerate() {
            let Some(name) = node.get("name").and_then(Node::as_str) else { continue };
            let pointer = format!("/suites/{index}");
            let limits = limits_at(source, &format!("{pointer}/thresholds"));
            found.push(Suite { name, node, source, pointer, limits });
        }
    }
    found
}

/// Reads the numbers of a mapping as limits.
pub(super) fn limits_at(source: &Source, pointer: &str) -> Limits {
    let node = source.root.pointer(pointer);
    let entries = node.map(Node::entries).unwrap_or_default();
    entries
        .iter()
        .filter_map(|entry| {
            let location =
                source.at(&format!("{pointer}/{}", crate::json::escape_pointer(&entry.key)));
            Some((common_name(&entry.key), Limit { value: entry.value.as_f64()?, location }))
        })
        .collect()
}

/// One name for what documents call by several: `p95_ms_max` and `p95_ms`, `error_rate` and
/// `fail_rate`.
pub(super) fn common_name(key: &str) -> String {
    let bare = key.strip_suffix("_max").or_else(|| key.strip_suffix("_min")).unwrap_or(key);
    match bare {
        "error_rate" | "fail_rate" | "failure_rate" => "fail_rate".to_owned(),
        other => other.to_owned(),
    }
}

/// The metric and the condition that a limit stands for in k6; nothing for a limit on anything else.
pub(super) fn condition(name: &str, limit: f64) -> Option<(&'static str, Threshold)> {
    let at_most = |method| Threshold { method, operator: Operator::AtMost, limit };
    match name {
        "fail_rate" => Some(("http_req_failed", at_most(Method::Rate))),
        "check_rate" => {
            Some(("checks", Threshold { method: Method::Rate, operator: Operator::AtLeast, limit }))
        }
        other => {
            let rank = other.strip_prefix('p')?.strip_suffix("_ms")?.replace('_', ".");
            let rank: f64 = rank.parse().ok().filter(|rank| (0.0..=100.0).contains(rank))?;
            Some(("http_req_duration", at_most(Method::Percentile(rank))))
        }
    }
}

/// The limits that a script sets, in the common names.
pub(super) fn limits_of_script(path: &str, thresholds: &BTreeMap<String, Vec<String>>) -> Limits {
    let mut limits = Limits::new();
    for (metric, expressions) in thresholds {
        for expression in expressions {
            let Ok(threshold) = Threshold::parse(expression) else { continue };
            let upper = matches!(threshold.operator, Operator::AtMost | Operator::Below);
            let lower = matches!(threshold.operator, Operator::AtLeast | Operator::Above);
            let name = match (metric.as_str(), threshold.method) {
                ("http_req_duration", Method::Percentile(rank)) if upper => format!("p{rank}_ms"),
                ("http_req_failed", Method::Rate) if upper => "fail_rate".to_owned(),
                ("checks", Method::Rate) if lower => "check_rate".to_owned(),
                _ => continue,
            };
            let location = Location::named(path);
            limits.insert(name, Limit { value: threshold.limit, location });
        }
    }
    limits
}

/// The limits of each suite in a file of its own.
pub(super) fn threshold_files(inputs: &Inputs) -> BTreeMap<String, (&Source, Limits)> {
    let files = inputs.documents().filter(|source| source.path.starts_with(layout::THRESHOLDS));
    files
        .map(|source| {
            let suite = source.text("/suite").unwrap_or_else(|| layout::stem(&source.path));
            (suite.to_owned(), (source, limits_at(source, "/thresholds")))
        })
        .collect()
}

/// The contract: limits by suite, and those that stand for all.
pub(super) fn contracts(inputs: &Inputs) -> Vec<(&Source, BTreeMap<String, Limits>)> {
    inputs
        .documents()
        .filter(|source| layout::is_contract(&source.path))
        .map(|source| {
            let rows =
                source.root.entries().iter().filter(|entry| !entry.value.entries().is_empty());
            let limits = rows.map(|entry| {
                let pointer = format!("/{}", crate::json::escape_pointer(&entry.key));
                (entry.key.clone(), limits_at(source, &pointer))
            });
            (source, limits.collect())
        })
        .collect()
}
