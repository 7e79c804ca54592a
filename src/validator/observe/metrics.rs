//! The metrics that there are: by contract, by golden scrape, by recording rule, by declaration.

use std::collections::{BTreeMap, BTreeSet};

use super::input::Source;
use super::scrape::Scrape;
use super::variables::ANY;
use crate::document::Node;

/// Metrics that Prometheus makes itself.
const BUILT_IN: &[&str] = &[
    "ALERTS",
    "ALERTS_FOR_STATE",
    "scrape_duration_seconds",
    "scrape_samples_post_metric_relabeling",
    "scrape_samples_scraped",
    "scrape_series_added",
    "up",
];
/// Labels that Prometheus attaches to whatever it scrapes.
pub(super) const TARGET_LABELS: &[&str] = &["instance", "job"];

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Counter,
    Gauge,
    /// A bucket, sum or count of a histogram or summary: it counts up.
    Part,
    /// A histogram or summary as a whole; native histograms are read by this name.
    Family,
    Unknown,
}

/// What is known of a metric.
#[derive(Debug, Clone)]
pub(super) struct Metric {
    pub(super) kind: Type,
    /// Its labels; `None` when they are not known.
    pub(super) labels: Option<BTreeSet<String>>,
}

/// All metrics that are known.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    known: BTreeMap<String, Metric>,
    /// Names, or beginnings that end in `*`, that come from elsewhere.
    external: Vec<String>,
    /// The values that were seen of every label, over all metrics.
    values: BTreeMap<String, BTreeSet<String>>,
    /// Values of a metric's label that a contract lists in full.
    closed: BTreeMap<(String, String), BTreeSet<String>>,
    /// Labels whose values are not fixed.
    dynamic: BTreeSet<String>,
    /// Whether anything says which metrics there are.
    pub(super) is_known: bool,
}

impl Metrics {
    /// Takes the metrics of a contract.
    pub(super) fn add_contract(&mut self, contract: &Source) {
        let root = &contract.root;
        let listed = root.get("required_metrics").or_else(|| root.get("metrics"));
        for entry in listed.iter().flat_map(|node| node.entries()) {
            self.add(&entry.key, None, &texts(&entry.value));
        }
        for item in listed.iter().flat_map(|node| node.items()) {
            if let Some(name) = item.as_str().or_else(|| item.get("name").and_then(Node::as_str)) {
                self.add_spec(name, item);
            }
        }
        for entry in root.get("required_metric_specs").iter().flat_map(|node| node.entries()) {
            self.add_spec(&entry.key, &entry.value);
        }
        let external = root.get("external_metrics");
        self.external.extend(external.iter().flat_map(|node| texts(node)));
        let named = external.iter().flat_map(|node| node.entries());
        self.external.extend(named.map(|entry| entry.key.clone()));
        let dynamic = root.get("allowed_dynamic_labels");
        self.dynamic.extend(dynamic.iter().flat_map(|node| texts(node)));
        self.is_known |= listed.is_some() || root.get("required_metric_specs").is_some();
    }

    fn add_spec(&mut self, name: &str, spec: &Node) {
        let labels = spec.get("required_labels").or_else(|| spec.get("labels"));
        let labels = labels.map(texts).unwrap_or_default();
        self.add(name, spec.get("type").and_then(Node::as_str), &labels);
        for label in &labels {
            let values = spec.get("label_values").and_then(|values| values.get(label));
            for value in values.iter().flat_map(|node| texts(node)) {
                self.values.entry(label.clone()).or_default().insert(value);
            }
        }
    }

    /// Takes the classes of the endpoints: a metric that they require has no other class.
    pub(super) fn add_endpoints(&mut self, contract: &Source) {
        for (_, endpoint) in contract.items("endpoints") {
            let Some(class) = endpoint.get("class").and_then(Node::as_str) else { continue };
            for metric in endpoint.get("required_metrics").map(texts).unwrap_or_default() {
                let key = (metric, "class".to_owned());
                self.closed.entry(key).or_default().insert(class.to_owned());
            }
        }
    }

    /// Takes the metrics of a golden scrape.
    pub(super) fn add_scrape(&mut self, scrape: &Scrape) {
        for sample in &scrape.samples {
            let labels: Vec<String> = sample.labels.keys().cloned().collect();
            let family = family_of(&sample.metric);
            let kind = match (scrape.types.get(&sample.metric), scrape.types.get(family)) {
                (Some(kind), _) => Some(kind.as_str()),
                (None, Some(kind)) if matches!(kind.as_str(), "histogram" | "summary") => {
                    self.add(family, Some(kind), &labels);
                    Some("part")
                }
                (None, _) => None,
            };
            self.add(&sample.metric, kind, &labels);
            for (label, value) in &sample.labels {
                let key = (sample.metric.clone(), label.clone());
                if let Some(closed) = self.closed.get_mut(&key) {
                    closed.insert(value.clone());
                }
                let seen = self.values.entry(label.clone()).or_default();
                if seen.len() < 1000 {
                    seen.insert(value.clone());
                }
            }
            self.is_known = true;
        }
    }

    /// Takes a recorded metric.
    pub(super) fn add_recorded(&mut self, name: &str, labels: Option<BTreeSet<String>>) {
        let metric = Metric { kind: Type::Gauge, labels };
        self.known.insert(name.to_owned(), metric);
    }

    fn add(&mut self, name: &str, kind: Option<&str>, labels: &[String]) {
        let is_part = matches!(kind, Some("histogram" | "summary")) && family_of(name) != name;
        let kind = match kind {
            Some("counter") => Type::Counter,
            Some("gauge" | "info" | "stateset") => Type::Gauge,
            Some("part") => Type::Part,
            Some("histogram" | "summary") if is_part => Type::Part,
            Some("histogram" | "summary") => Type::Family,
            Some(_) | None => Type::Unknown,
        };
        let mut parts = vec![name.to_owned()];
        if kind == Type::Family {
            parts.extend(["_bucket", "_sum", "_count"].map(|part| format!("{name}{part}")));
        }
        for part in parts {
            let is_whole = part == name;
            let entry = self.known.entry(part.clone());
            let metric = entry.or_insert(Metric { kind: Type::Unknown, labels: None });
            if kind != Type::Unknown {
                metric.kind = if is_whole { kind } else { Type::Part };
            }
            let known = metric.labels.get_or_insert_default();
            known.extend(labels.iter().cloned());
            known.extend(TARGET_LABELS.iter().map(|&label| label.to_owned()));
            if part.ends_with("_bucket") {
                known.insert("le".to_owned());
            }
        }
    }

    /// Finds a metric.
    pub(super) fn get(&self, name: &str) -> Option<&Metric> {
        self.known.get(name)
    }

    /// Tells whether a metric is known, made by Prometheus, or declared as coming from elsewhere.
    pub(super) fn has(&self, name: &str) -> bool {
        self.known.contains_key(name)
            || name.contains(ANY)
            || BUILT_IN.contains(&name)
            || self.external.iter().any(|external| match external.strip_suffix('*') {
                Some(beginning) => name.starts_with(beginning),
                None => external == name,
            })
    }

    /// Tells whether a metric's label can have a value: one that is listed in full takes what is
    /// listed, one with open values any, others what some metric was seen with.
    pub(super) fn can_be(&self, metric: &str, label: &str, fits: impl Fn(&str) -> bool) -> bool {
        if let Some(values) = self.closed.get(&(metric.to_owned(), label.to_owned())) {
            return values.iter().any(|one| fits(one));
        }
        if self.dynamic.is_empty() || self.dynamic.contains(label) {
            return true;
        }
        let is_target = TARGET_LABELS.contains(&label) || label == "le";
        is_target || self.values.get(label).is_none_or(|values| values.iter().any(|one| fits(one)))
    }

    /// The values that a metric's label can have.
    pub(super) fn values(&self, metric: &str, label: &str) -> String {
        let closed = self.closed.get(&(metric.to_owned(), label.to_owned()));
        let values = closed.or_else(|| self.values.get(label)).into_iter().flatten();
        values.take(8).map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    /// The known name that is spelled most like this one, if one is close.
    pub(super) fn nearest(&self, name: &str) -> Option<&str> {
        let close = |known: &&String| {
            let shared = known.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
            let longest = known.len().max(name.len());
            shared * 4 >= longest * 3 && longest - shared <= 8
        };
        self.known.keys().find(close).map(String::as_str)
    }
}

/// The family that a part of a histogram or summary belongs to.
pub(super) fn family_of(name: &str) -> &str {
    ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name)
}

/// The texts of a list.
pub(super) fn texts(node: &Node) -> Vec<String> {
    node.items().iter().filter_map(Node::as_str).map(str::to_owned).collect()
}
