//! Objectives, in whatever shape they are defined: the handbook's, OpenSLO, Sloth, Pyrra.

use super::duration::seconds_of;
use super::input::{Inputs, Source};
use super::layout::Role;
use super::metrics::texts;
use crate::document::Node;
use crate::finding::Location;

/// One objective.
#[derive(Debug)]
pub(super) struct Objective {
    pub(super) id: String,
    pub(super) location: Location,
    /// The number as defined: 99.9, 0.25.
    pub(super) target: Option<f64>,
    pub(super) unit: Unit,
    /// The period in seconds.
    pub(super) window: Option<f64>,
    /// The metric that it names.
    pub(super) metric: Option<String>,
    /// The expressions that measure it, with their places.
    pub(super) queries: Vec<(String, Location)>,
    /// Whether its alerts are generated from the definition: Sloth and Pyrra write the rules.
    pub(super) is_generator: bool,
    /// What its definition lacks or doubles.
    pub(super) problems: Vec<(Location, String)>,
}

/// What the number of an objective means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unit {
    /// A share of good events in percent.
    Percent,
    /// A share from 0 to 1.
    Ratio,
    /// Seconds that an answer may take.
    Seconds,
    /// Something else, as written.
    Other(String),
}

impl Objective {
    /// The share of bad events that is allowed.
    pub(super) fn budget(&self) -> Option<f64> {
        let target = self.target?;
        match &self.unit {
            Unit::Percent if (0.0..100.0).contains(&target) => Some(1.0 - target / 100.0),
            // A ratio near 0 is a share of errors, one near 1 a share of successes.
            Unit::Ratio if target > 0.0 && target < 0.5 => Some(target),
            Unit::Ratio if (0.5..1.0).contains(&target) => Some(1.0 - target),
            Unit::Percent | Unit::Ratio | Unit::Seconds | Unit::Other(_) => None,
        }
    }
}

/// Reads the objectives of every document.
pub(super) fn read_all(inputs: &Inputs) -> Vec<Objective> {
    let mut objectives = Vec::new();
    for source in inputs.of(Role::Objectives).filter(|source| source.is_own) {
        match source.text("/kind") {
            Some("SLO") => objectives.extend(open_slo(source)),
            Some("ServiceLevelObjective") => objectives.push(pyrra(source)),
            Some("PrometheusServiceLevel") => objectives.extend(sloth(source, "/spec")),
            _ if source
                .text("/version")
                .is_some_and(|version| version.starts_with("prometheus/")) =>
            {
                objectives.extend(sloth(source, ""));
            }
            _ => objectives.extend(source.items("slos").map(|(place, item)| handbook(place, item))),
        }
    }
    objectives
}

fn number(node: Option<&Node>) -> Option<f64> {
    let text = node?.scalar_text()?;
    text.trim_end_matches('%').trim().parse().ok()
}

fn handbook(location: Location, item: &Node) -> Objective {
    let text = |key: &str| item.get(key).and_then(Node::as_str);
    let unit = match text("unit") {
        Some("percent" | "%") => Unit::Percent,
        Some("ratio" | "fraction") => Unit::Ratio,
        Some("seconds" | "s") => Unit::Seconds,
        Some(other) => Unit::Other(other.to_owned()),
        None => Unit::Percent,
    };
    let mut problems = Vec::new();
    for (key, what) in [("id", "id"), ("metric", "metric"), ("window", "window")] {
        if text(key).is_none_or(str::is_empty) {
            problems.push((location.clone(), format!("an objective has no {what}")));
        }
    }
    Objective {
        id: text("id").unwrap_or_default().to_owned(),
        target: item.get("objective").and_then(Node::as_f64),
        unit,
        window: text("window").and_then(seconds_of),
        metric: text("metric").map(str::to_owned),
        queries: Vec::new(),
        is_generator: false,
        problems,
        location,
    }
}

/// OpenSLO v1: one objective for each entry of `objectives`.
fn open_slo(source: &Source) -> Vec<Objective> {
    let Some(spec) = source.root.get("spec") else { return Vec::new() };
    let name = source.text("/metadata/name").unwrap_or_default();
    let mut problems = Vec::new();
    let indicators =
        ["indicator", "indicatorRef"].iter().filter(|key| spec.get(key).is_some()).count();
    let composed = spec.get("objectives").map(Node::items).unwrap_or_default();
    let has_own = composed
        .iter()
        .any(|one| one.get("indicator").is_some() || one.get("indicatorRef").is_some());
    if indicators != 1 && !has_own {
        let message = format!("an objective has exactly one indicator; found {indicators}");
        problems.push((source.at("/spec"), message));
    }
    let windows = spec.get("timeWindow").map(Node::items).unwrap_or_default();
    if windows.len() != 1 {
        let message = format!("`timeWindow` holds exactly one window; found {}", windows.len());
        problems.push((source.at("/spec/timeWindow"), message));
    }
    let window = windows.first().and_then(|one| one.get("duration")).and_then(Node::as_str);
    let mut queries = Vec::new();
    if let Some(indicator) = spec.get("indicator") {
        indicator.walk(&mut |pointer, node| {
            if pointer.ends_with("/query")
                && let Some(text) = node.as_str()
            {
                queries.push((text.to_owned(), source.at(&format!("/spec/indicator{pointer}"))));
            }
        });
    }
    let many = composed.len() > 1;
    composed
        .iter()
        .enumerate()
        .map(|(index, one)| {
            let (target, unit) = match (number(one.get("target")), number(one.get("targetPercent")))
            {
                (Some(target), _) => (Some(target), Unit::Ratio),
                (None, percent) => (percent, Unit::Percent),
            };
            Objective {
                id: if many { format!("{name}-{index}") } else { name.to_owned() },
                location: source.at(&format!("/spec/objectives/{index}")),
                target,
                unit,
                window: window.and_then(calendar_seconds),
                metric: None,
                queries: queries.clone(),
                is_generator: false,
                problems: std::mem::take(&mut problems),
            }
        })
        .collect()
}

/// OpenSLO writes `28d`, `1M`, `1Q`, `1Y`.
fn calendar_seconds(text: &str) -> Option<f64> {
    let days = match text.get(text.len().checked_sub(1)?..)? {
        "M" => 30.0,
        "Q" => 90.0,
        "Y" => 365.0,
        _ => return seconds_of(text),
    };
    let count: f64 = text.get(..text.len() - 1)?.parse().ok()?;
    (count > 0.0).then_some(count * days * 86_400.0)
}

fn sloth(source: &Source, prefix: &str) -> Vec<Objective> {
    let pointer = format!("{prefix}/slos");
    let service = source.text(&format!("{prefix}/service")).unwrap_or_default();
    let items = source.root.pointer(&pointer).map(Node::items).unwrap_or_default();
    let mut objectives = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let pointer = format!("{pointer}/{index}");
        let location = source.at(&pointer);
        let sli = item.get("sli");
        let kinds = ["events", "raw", "plugin"]
            .iter()
            .filter(|kind| sli.is_some_and(|sli| sli.get(kind).is_some()));
        let mut problems = Vec::new();
        let count = kinds.count();
        if count != 1 {
            let message =
                format!("`sli` is exactly one of `events`, `raw`, `plugin`; found {count}");
            problems.push((source.at(&format!("{pointer}/sli")), message));
        }
        let mut queries = Vec::new();
        if let Some(sli) = sli {
            sli.walk(&mut |inner, node| {
                let is_query = [
                    "error_query",
                    "total_query",
                    "error_ratio_query",
                    "errorQuery",
                    "totalQuery",
                    "errorRatioQuery",
                ]
                .iter()
                .any(|key| inner.ends_with(&format!("/{key}")));
                if let Some(text) = node.as_str().filter(|_| is_query) {
                    let place = source.at(&format!("{pointer}/sli{inner}"));
                    queries.push((text.replace("{{.window}}", "5m"), place));
                }
            });
        }
        let name = item.get("name").and_then(Node::as_str).unwrap_or_default();
        objectives.push(Objective {
            id: if service.is_empty() { name.to_owned() } else { format!("{service}-{name}") },
            location,
            target: number(item.get("objective")),
            unit: Unit::Percent,
            window: Some(30.0 * 86_400.0),
            metric: None,
            queries,
            is_generator: true,
            problems,
        });
    }
    objectives
}

fn pyrra(source: &Source) -> Objective {
    let spec = source.root.get("spec");
    let indicator = spec.and_then(|spec| spec.get("indicator"));
    let kinds = ["ratio", "latency", "latencyNative", "bool_gauge", "boolGauge"];
    let count =
        kinds.iter().filter(|kind| indicator.is_some_and(|one| one.get(kind).is_some())).count();
    let mut problems = Vec::new();
    if count != 1 {
        let message = format!(
            "`indicator` is exactly one of ratio, latency, latencyNative, bool_gauge; found {count}"
        );
        problems.push((source.at("/spec/indicator"), message));
    }
    let mut queries = Vec::new();
    if let Some(indicator) = indicator {
        indicator.walk(&mut |pointer, node| {
            if let Some(text) = node.as_str().filter(|_| pointer.ends_with("/metric")) {
                queries.push((text.to_owned(), source.at(&format!("/spec/indicator{pointer}"))));
            }
        });
    }
    let window = spec.and_then(|spec| spec.get("window")).and_then(Node::as_str);
    Objective {
        id: source.text("/metadata/name").unwrap_or_default().to_owned(),
        location: source.location.clone(),
        target: number(spec.and_then(|spec| spec.get("target"))),
        unit: Unit::Percent,
        window: window.and_then(seconds_of),
        metric: None,
        queries,
        is_generator: true,
        problems,
    }
}

/// Every place of a document that names objectives: the place, the id, whether it may as well name
/// an invariant.
pub(super) fn references(source: &Source) -> Vec<(Location, String)> {
    let mut named = Vec::new();
    if source.role == Role::AlertsContract {
        for (place, _, spec) in source.entries("alert_specs") {
            if let Some(id) =
                spec.get("slo_or_invariant").or_else(|| spec.get("slo")).and_then(Node::as_str)
            {
                let pointer = format!("{}/slo_or_invariant", place.pointer);
                named.push((place.pointing(&pointer), id.to_owned()));
            }
        }
    }
    if source.role == Role::MetricsContract {
        for (place, _, spec) in source.entries("required_metric_specs") {
            let ids = spec.pointer("/slo_relevance/slos").map(texts).unwrap_or_default();
            let pointer = format!("{}/slo_relevance/slos", place.pointer);
            named.extend(ids.into_iter().map(|id| (place.clone().pointing(&pointer), id)));
        }
    }
    if matches!(source.role, Role::CoverageMap | Role::ScenarioMap) {
        for (place, item) in source.items("mappings") {
            let one = item.get("slo_id").and_then(Node::as_str).map(str::to_owned);
            let many = item.get("slo_ids").map(texts).unwrap_or_default();
            named.extend(one.into_iter().chain(many).map(|id| (place.clone(), id)));
        }
    }
    if source.role == Role::MetricMap {
        for (place, item) in source.items("slo_metric_map") {
            let id = item.get("slo_id").and_then(Node::as_str).map(str::to_owned);
            named.extend(id.map(|id| (place, id)));
        }
    }
    if source.role == Role::Measurement {
        let ids = source.entries("measurement_method");
        named.extend(ids.map(|(place, id, _)| (place, id.to_owned())));
    }
    if source.role == Role::DashboardRegistry {
        for (place, item) in source.items("dashboards") {
            let ids = item.get("slo_ids").map(texts).unwrap_or_default();
            named.extend(ids.into_iter().map(|id| (place.clone(), id)));
        }
    }
    named
}
