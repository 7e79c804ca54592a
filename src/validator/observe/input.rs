//! What the rules read: every document once, told apart by what it holds.

use std::collections::{BTreeMap, BTreeSet};

use super::dashboard::{self, Dashboard};
use super::duration::seconds_of;
use super::labels::Labels;
use super::layout::{self, Role};
use super::metrics::Metrics;
use super::objective::{self, Objective};
use super::promql::Expr;
use super::rulefile::{Reading, Rule};
use super::scrape::Scrape;
use crate::digest::Digest;
use crate::document::{Document, Limits, Node};
use crate::finding::Location;
use crate::path::RelPath;
use crate::tree::Tree;
use crate::validator::Governed;
use crate::version::Version;

/// Folders of other areas that observe documents refer to; what is wrong in them is for their own
/// area to say, except in the maps that name objectives, alerts and drills.
const NEIGHBOURS: &[&str] = &[
    "ops/inventory",
    "ops/e2e/scenarios",
    "ops/load",
    "ops/stack",
    "ops/release",
    "ops/rollback",
    "ops/schema",
    "configs/sources/operations/observability",
];

/// A document and the part it plays.
#[derive(Debug)]
pub(super) struct Source {
    /// The file.
    pub(super) location: Location,
    pub(super) role: Role,
    /// Whether it lies in the area's own folder.
    pub(super) is_own: bool,
    /// What it says.
    pub(super) root: Node,
}

impl Source {
    /// Where it lies.
    pub(super) fn path(&self) -> &str {
        &self.location.path
    }

    /// The place of a value in it.
    pub(super) fn at(&self, pointer: &str) -> Location {
        let pointer = format!("{}{pointer}", self.location.pointer);
        match self.root.pointer(&pointer[self.location.pointer.len()..]) {
            Some(node) => self.location.clone().at(&pointer, node.position),
            None => self.location.clone().pointing(&pointer),
        }
    }

    /// The text at a pointer.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.root.pointer(pointer).and_then(Node::as_str)
    }

    /// The items of a list, with the place of each.
    pub(super) fn items<'a>(&'a self, key: &'a str) -> impl Iterator<Item = (Location, &'a Node)> {
        let items = self.root.get(key).map(Node::items).unwrap_or_default();
        items
            .iter()
            .enumerate()
            .map(move |(index, item)| (self.at(&format!("/{key}/{index}")), item))
    }

    /// The entries of a mapping, with the place of each.
    pub(super) fn entries<'a>(
        &'a self,
        key: &'a str,
    ) -> impl Iterator<Item = (Location, &'a str, &'a Node)> {
        let entries = self.root.get(key).map(Node::entries).unwrap_or_default();
        entries.iter().map(move |entry| {
            let pointer = format!("/{key}/{}", crate::json::escape_pointer(&entry.key));
            (self.at(&pointer), entry.key.as_str(), &entry.value)
        })
    }
}

/// A rule file.
#[derive(Debug)]
pub(super) struct RuleFile {
    pub(super) path: String,
    /// What Prometheus would refuse.
    pub(super) problems: Vec<(Location, String)>,
}

/// Everything that the rules of the area read.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// Every file of the area.
    pub(super) files: BTreeSet<String>,
    /// The area's own text files: scrapes, samples of logs, runbooks.
    pub(super) texts: BTreeMap<String, String>,
    /// The digest of every file of the area.
    pub(super) digests: BTreeMap<String, Digest>,
    /// Documents, the area's own and its neighbours'.
    pub(super) sources: Vec<Source>,
    pub(super) rule_files: Vec<RuleFile>,
    pub(super) rules: Vec<Rule>,
    pub(super) metrics: Metrics,
    pub(super) scrapes: BTreeMap<String, Scrape>,
    pub(super) objectives: Vec<Objective>,
    pub(super) dashboards: Vec<Dashboard>,
    /// How often targets are scraped, in seconds: the rarest of what the tree says.
    pub(super) scrape_interval: Option<f64>,
    /// How often rules are evaluated where a group does not say, in seconds.
    pub(super) evaluation_interval: Option<f64>,
    /// The released version, as the chart says it.
    pub(super) released: Option<Version>,
    /// Schemas by path.
    pub(super) schemas: BTreeMap<String, Node>,
    /// What the alerts contract says of each alert, by key.
    contracted: BTreeMap<String, BTreeMap<String, String>>,
    /// The objectives and drills that a map ties to each alert.
    mapped: BTreeMap<String, Vec<(Option<String>, Option<String>)>>,
    /// The first rule of every recorded metric.
    recorded: BTreeMap<String, usize>,
    /// Names of documents that looked like paths and are files or folders of the tree.
    existing: BTreeSet<String>,
}

impl Inputs {
    /// Reads everything once.
    pub(super) fn gather(tree: &Tree, governed: &Governed) -> Self {
        let mut inputs = Self::default();
        for path in &governed.files {
            inputs.add_file(tree, path);
        }
        for document in &governed.documents {
            inputs.add_document(document, true);
        }
        for folder in NEIGHBOURS {
            inputs.add_neighbour(tree, folder);
        }
        inputs.add_schemas(tree);
        inputs.find_named(tree);
        inputs.released = released_version(tree);
        for (index, rule) in inputs.rules.iter().enumerate().filter(|(_, one)| !one.is_alert()) {
            inputs.recorded.entry(rule.name.clone()).or_insert(index);
        }
        inputs.read_scrapes();
        inputs.read_intervals();
        inputs.read_metrics();
        inputs.read_ties();
        inputs.objectives = objective::read_all(&inputs);
        inputs.dashboards = inputs.of(Role::Dashboard).flat_map(dashboard::read).collect();
        inputs
    }

    fn add_file(&mut self, tree: &Tree, path: &RelPath) {
        self.files.insert(path.to_string());
        if let Ok((digest, _)) = tree.hash(path, &mut vec![0; 1 << 16]) {
            self.digests.insert(path.to_string(), digest);
        }
        if path.as_str().ends_with(".prom")
            || path.as_str().ends_with(".jsonl")
            || path.as_str().ends_with(".md")
        {
            // What is not text was already reported as such, or is no input of a rule.
            if let Ok(bytes) = tree.read(path, Limits::GOVERNED.bytes) {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                self.texts.insert(path.to_string(), text);
            }
        }
    }

    fn add_document(&mut self, document: &Document, is_own: bool) {
        let path = document.path.as_str();
        let mut file = RuleFile { path: path.to_owned(), problems: Vec::new() };
        let mut is_rule_file = false;
        for root in &document.roots {
            let location = Location::file(&document.path);
            if is_own && !layout::is_specimen(path) && !layout::is_of_another_engine(path) {
                let reading = Reading::of(&location, root);
                is_rule_file |= reading.is_rule_file;
                file.problems.extend(reading.problems);
                self.rules.extend(reading.rules);
            }
            let role = if layout::is_schema(path) { Role::Other } else { Role::of(path, root) };
            self.sources.push(Source { location, role, is_own, root: root.clone() });
        }
        if is_rule_file {
            self.rule_files.push(file);
        }
    }

    fn add_neighbour(&mut self, tree: &Tree, folder: &str) {
        let Ok(folder) = folder.parse::<RelPath>() else { return };
        for entry in tree.list(Some(&folder)).unwrap_or_default().files {
            let path = entry.path.as_str();
            let is_evidence = path.contains("/evidence/") || path.contains("/results/");
            if path.ends_with(".schema.json") || is_evidence || entry.size > 1 << 20 {
                continue;
            }
            let Ok(bytes) = tree.read(&entry.path, Limits::GOVERNED.bytes) else { continue };
            if let Ok(document) = Document::parse(&entry.path, &bytes, Limits::GOVERNED) {
                self.add_document(&document, false);
            }
        }
    }

    fn add_schemas(&mut self, tree: &Tree) {
        for folder in ["ops/schema/observe", "ops/observe", "schemas"] {
            let Ok(folder) = folder.parse::<RelPath>() else { continue };
            for entry in tree.list(Some(&folder)).unwrap_or_default().files {
                if !layout::is_schema(entry.path.as_str()) {
                    continue;
                }
                let Ok(bytes) = tree.read(&entry.path, Limits::GOVERNED.bytes) else { continue };
                let parsed = Document::parse(&entry.path, &bytes, Limits::GOVERNED);
                if let Some(schema) = parsed.ok().and_then(|mut document| document.roots.pop()) {
                    self.schemas.insert(entry.path.to_string(), schema);
                }
            }
        }
    }

    /// Looks up everything in the documents that is meant as a path.
    fn find_named(&mut self, tree: &Tree) {
        let mut named = BTreeSet::new();
        for source in &self.sources {
            source.root.walk(&mut |_, node| {
                named.extend(node.as_str().filter(|text| text.contains('/')).map(path_of));
            });
        }
        for rule in &self.rules {
            named.extend(rule.annotations.iter().map(|(_, text, _)| path_of(text)));
        }
        for name in named {
            let Ok(path) = name.trim_end_matches('/').parse::<RelPath>() else { continue };
            let exists = self.files.contains(path.as_str())
                || tree.has_file(&path)
                || tree.list(Some(&path)).is_ok_and(|listing| !listing.files.is_empty());
            if exists {
                self.existing.insert(path.to_string());
            }
        }
    }

    fn read_scrapes(&mut self) {
        for (path, text) in self.texts.iter().filter(|(path, _)| path.ends_with(".prom")) {
            self.scrapes.insert(path.clone(), Scrape::parse(text));
        }
    }

    /// Reads `global` of every Prometheus configuration, and what a contract says.
    fn read_intervals(&mut self) {
        let mut scrape: Vec<f64> = Vec::new();
        let mut evaluation: Vec<f64> = Vec::new();
        let mut take = |root: &Node| {
            let Some(global) = root.get("global") else { return };
            let read = |key: &str| global.get(key).and_then(Node::as_str).and_then(seconds_of);
            scrape.extend(read("scrape_interval"));
            evaluation.extend(read("evaluation_interval"));
        };
        for source in &self.sources {
            take(&source.root);
            for text in prometheus_texts(&source.root) {
                let path = "prometheus.yml".parse().expect("the name is a portable path");
                if let Ok(inner) = Document::parse(&path, text.as_bytes(), Limits::GOVERNED) {
                    inner.roots.iter().for_each(&mut take);
                }
            }
        }
        for source in self.of(Role::MetricsContract) {
            scrape.extend(source.text("/scrape_interval").and_then(seconds_of));
        }
        let rarest = |all: &[f64]| all.iter().copied().reduce(f64::max);
        (self.scrape_interval, self.evaluation_interval) = (rarest(&scrape), rarest(&evaluation));
    }

    fn read_metrics(&mut self) {
        let mut metrics = Metrics::default();
        for contract in self.of(Role::MetricsContract).filter(|source| source.is_own) {
            metrics.add_contract(contract);
        }
        for contract in self.of(Role::EndpointContract).filter(|source| source.is_own) {
            metrics.add_endpoints(contract);
        }
        for scrape in self.scrapes.values() {
            metrics.add_scrape(scrape);
        }
        // Recorded metrics may read recorded ones; a few rounds settle the labels of all.
        let records = || self.rules.iter().filter(|rule| !rule.is_alert());
        for rule in records() {
            metrics.add_recorded(&rule.name, None);
        }
        for _ in 0..4 {
            for rule in records() {
                let Ok(expr) = &rule.expr else { continue };
                let mut labels = Labels::of(expr, &metrics).possible;
                if let Some(labels) = &mut labels {
                    labels.extend(rule.labels.iter().map(|(name, _)| name.clone()));
                }
                metrics.add_recorded(&rule.name, labels);
            }
        }
        self.metrics = metrics;
    }

    fn read_ties(&mut self) {
        let mut contracted: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (_, alert, spec) in
            self.of(Role::AlertsContract).flat_map(|one| one.entries("alert_specs"))
        {
            let said = contracted.entry(alert.to_owned()).or_default();
            for entry in spec.entries() {
                if let Some(text) = entry.value.as_str() {
                    said.entry(entry.key.clone()).or_insert_with(|| text.to_owned());
                }
            }
        }
        let mut mapped: BTreeMap<String, Vec<(Option<String>, Option<String>)>> = BTreeMap::new();
        for (_, item) in self.of(Role::CoverageMap).flat_map(|one| one.items("mappings")) {
            let text = |key: &str| item.get(key).and_then(Node::as_str).map(str::to_owned);
            if let Some(alert) = text("alert_id") {
                mapped.entry(alert).or_default().push((text("slo_id"), text("drill_id")));
            }
        }
        (self.contracted, self.mapped) = (contracted, mapped);
    }

    /// What the alerts contract says of an alert.
    pub(super) fn contracted(&self, alert: &str, key: &str) -> Option<&str> {
        self.contracted.get(alert)?.get(key).map(String::as_str)
    }

    /// The objectives and drills that a map ties to an alert.
    pub(super) fn mapped(&self, alert: &str) -> &[(Option<String>, Option<String>)] {
        self.mapped.get(alert).map(Vec::as_slice).unwrap_or_default()
    }

    /// The documents that play a part, the area's own and its neighbours'.
    pub(super) fn of(&self, role: Role) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(move |source| source.role == role)
    }

    /// The alerts.
    pub(super) fn alerts(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| rule.is_alert())
    }

    /// The rule that records a metric; the first of its name.
    pub(super) fn recording(&self, name: &str) -> Option<&Rule> {
        self.recorded.get(name).map(|index| &self.rules[*index])
    }

    /// The expressions of the recorded metrics.
    pub(super) fn recorded(&self) -> BTreeMap<&str, &Expr> {
        let recorded = self.recorded.iter();
        recorded
            .filter_map(|(name, index)| {
                Some((name.as_str(), self.rules[*index].expr.as_ref().ok()?))
            })
            .collect()
    }

    /// The metrics that an expression reads in the end: recorded ones are followed.
    pub(super) fn base_metrics(&self, expr: &Expr) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&Expr> = vec![expr];
        let mut base = BTreeSet::new();
        while let Some(expr) = open.pop() {
            for name in expr.selectors().into_iter().filter_map(|one| one.metric.as_deref()) {
                match self.recording(name) {
                    Some(rule) => {
                        if seen.insert(name) {
                            open.extend(rule.expr.as_ref());
                        }
                    }
                    None => {
                        base.insert(name.to_owned());
                    }
                }
            }
        }
        base
    }

    /// Tells whether a path that a document names is a file or a folder of the tree.
    pub(super) fn exists(&self, text: &str) -> bool {
        self.existing.contains(path_of(text).trim_end_matches('/'))
            || self.files.contains(&path_of(text))
    }
}

/// The version of the application in the tree's only chart.
fn released_version(tree: &Tree) -> Option<Version> {
    let folder = "ops/k8s/charts".parse::<RelPath>().ok()?;
    let listing = tree.list(Some(&folder)).ok()?;
    let mut charts = listing.files.iter().filter(|entry| entry.path.file_name() == "Chart.yaml");
    let (chart, None) = (charts.next()?, charts.next()) else { return None };
    let bytes = tree.read(&chart.path, Limits::GOVERNED.bytes).ok()?;
    let document = Document::parse(&chart.path, &bytes, Limits::GOVERNED).ok()?;
    document.roots.first()?.get("appVersion")?.scalar_text()?.parse().ok()
}

/// The texts of a `ConfigMap` that configure a Prometheus.
pub(super) fn prometheus_texts(root: &Node) -> impl Iterator<Item = &str> {
    let is_map = root.get("kind").and_then(Node::as_str) == Some("ConfigMap");
    let data = root.get("data").filter(|_| is_map).map(Node::entries).unwrap_or_default();
    data.iter()
        .filter_map(|entry| entry.value.as_str())
        .filter(|text| text.contains("scrape_configs:"))
}

/// The path that a text names: without `./`, anchor and query.
pub(super) fn path_of(text: &str) -> String {
    let text = text.split(['#', '?']).next().unwrap_or(text);
    text.strip_prefix("./").unwrap_or(text).to_owned()
}

/// Tells whether a text is meant as a path of the tree and no address.
pub(super) fn is_path(text: &str) -> bool {
    let path = path_of(text);
    !path.contains("://")
        && !path.contains([' ', '{', '$', '*', '<'])
        && path.trim_end_matches('/').parse::<RelPath>().is_ok()
        && (path.contains('/') || path.rsplit_once('.').is_some_and(|(_, end)| end.len() <= 5))
}
