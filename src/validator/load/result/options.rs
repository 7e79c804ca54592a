//! The options of a k6 script: how the load is made, and the thresholds that the script sets.

use std::collections::BTreeMap;

use super::summary::duration_ms;
use super::{LoadResult, ResultError, Shape};
use crate::document::Node;

/// How requests are started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Executor {
    /// By the clock: a slow server does not slow the offered load down.
    Open,
    /// By the answers: each user waits for its answer before it asks again.
    Closed,
}

impl Executor {
    /// Reads the name of a k6 executor.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "constant-arrival-rate" | "ramping-arrival-rate" => Some(Self::Open),
            "shared-iterations"
            | "per-vu-iterations"
            | "constant-vus"
            | "ramping-vus"
            | "externally-controlled" => Some(Self::Closed),
            _ => None,
        }
    }
}

/// What one scenario of a script should do.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The executor's name.
    pub executor: String,
    /// Iterations a second.
    pub rate: Option<f64>,
    /// The steady part, in milliseconds.
    pub duration_ms: Option<f64>,
    /// The most virtual users.
    pub max_vus: Option<u64>,
}

impl Plan {
    /// Reads a scenario in k6's words, or in those of a scenario file of ours.
    #[must_use]
    pub fn of(node: &Node) -> Option<Self> {
        let text = |keys: &[&str]| keys.iter().find_map(|key| node.get(key)?.as_str());
        let number = |keys: &[&str]| keys.iter().find_map(|key| node.get(key)?.as_f64());
        let count = |keys: &[&str]| keys.iter().find_map(|key| node.get(key)?.as_u64());
        let unit = text(&["timeUnit", "time_unit"]).and_then(duration_ms).unwrap_or(1000.0);
        Some(Self {
            executor: text(&["executor"])?.to_owned(),
            rate: number(&["rate"]).map(|rate| rate * 1000.0 / unit.max(1.0)),
            duration_ms: text(&["duration"]).and_then(duration_ms),
            max_vus: count(&["maxVUs", "max_vus"]),
        })
    }
}

/// What `k6 inspect` says of a script.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// The scenarios by name.
    pub scenarios: BTreeMap<String, Plan>,
    /// The threshold expressions of each metric.
    pub thresholds: BTreeMap<String, Vec<String>>,
}

impl Options {
    /// Reads the options object of a script.
    #[must_use]
    pub fn of(node: &Node) -> Self {
        let mut options = Self::default();
        for entry in node.get("scenarios").map(Node::entries).unwrap_or_default() {
            if let Some(plan) = Plan::of(&entry.value) {
                options.scenarios.insert(entry.key.clone(), plan);
            }
        }
        for entry in node.get("thresholds").map(Node::entries).unwrap_or_default() {
            let text = |item: &Node| {
                let plain = item.as_str();
                plain.or_else(|| item.get("threshold")?.as_str()).map(str::to_owned)
            };
            let list: Vec<String> = match entry.value.items() {
                [] => text(&entry.value).into_iter().collect(),
                items => items.iter().filter_map(text).collect(),
            };
            options.thresholds.insert(entry.key.clone(), list);
        }
        options
    }
}

pub(super) fn result(node: &Node) -> Result<LoadResult, ResultError> {
    let mut result = LoadResult::new(Shape::K6Options);
    result.options = Some(Options::of(node));
    Ok(result)
}
