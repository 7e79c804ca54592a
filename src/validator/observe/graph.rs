//! The graph of objective, alert, runbook, dashboard, drill and load suite.

use std::collections::{BTreeMap, BTreeSet};

use super::burn::guarded_ids;
use super::dashboard::Dashboard;
use super::expressions::same_family;
use super::input::{Inputs, is_path, path_of};
use super::layout::Role;
use super::metrics::texts;
use super::objective::Objective;
use super::promql::Expr;
use super::rulefile::Rule;
use crate::finding::{EdgeDocument, GraphDocument, GuardDocument, NodeDocument};

/// What is looked up once for all objectives.
struct Builder<'a> {
    inputs: &'a Inputs,
    guards: BTreeMap<String, Vec<&'a Rule>>,
    shown: Vec<(&'a Dashboard, BTreeSet<String>)>,
    known_drills: BTreeSet<&'a str>,
    nodes: BTreeSet<NodeDocument>,
    edges: BTreeSet<EdgeDocument>,
}

/// Builds the graph; `None` for a tree that defines no objectives.
pub(super) fn build(inputs: &Inputs) -> Option<GraphDocument> {
    if inputs.objectives.is_empty() {
        return None;
    }
    let mut guards: BTreeMap<String, Vec<&Rule>> = BTreeMap::new();
    for rule in inputs.alerts() {
        for id in guarded_ids(inputs, rule) {
            guards.entry(id).or_default().push(rule);
        }
    }
    let shown = inputs.dashboards.iter().map(|one| (one, super::boards::shown(inputs, one)));
    let (nodes, edges) = (BTreeSet::new(), BTreeSet::new());
    let (shown, known_drills) = (shown.collect(), super::drills::names(inputs));
    let mut builder = Builder { inputs, guards, shown, known_drills, nodes, edges };
    let objectives = inputs.objectives.iter().map(|objective| builder.guard(objective)).collect();
    Some(GraphDocument {
        nodes: builder.nodes.into_iter().collect(),
        edges: builder.edges.into_iter().collect(),
        objectives,
    })
}

impl<'a> Builder<'a> {
    fn node(&mut self, kind: &str, name: &str, path: Option<&str>) -> String {
        self.nodes.insert(NodeDocument {
            kind: kind.to_owned(),
            name: name.to_owned(),
            path: path.map(str::to_owned),
        });
        format!("{kind}:{name}")
    }

    fn edge(&mut self, from: &str, to: String, relation: &str) {
        let relation = relation.to_owned();
        self.edges.insert(EdgeDocument { from: from.to_owned(), to, relation });
    }

    fn guard(&mut self, objective: &'a Objective) -> GuardDocument {
        let from = self.node("objective", &objective.id, Some(&objective.location.path));
        let rules = self.guards.get(&objective.id).cloned().unwrap_or_default();
        let (mut pages, mut tickets) = (BTreeSet::new(), BTreeSet::new());
        let (mut runbooks, mut drills) = (BTreeSet::new(), BTreeSet::new());
        for rule in rules {
            let alert = self.node("alert", &rule.name, Some(&rule.location.path));
            self.edge(&from, alert.clone(), "guarded-by");
            if rule.is_page() { &mut pages } else { &mut tickets }.insert(rule.name.clone());
            for path in self.runbooks(rule) {
                let runbook = self.node("runbook", &path, Some(&path));
                self.edge(&alert, runbook, "explained-by");
                runbooks.insert(path);
            }
            for name in self.drills(rule) {
                let drill = self.node("drill", &name, None);
                self.edge(&alert, drill, "proven-by");
                drills.insert(name);
            }
        }
        let dashboards = self.dashboards(objective, &from);
        let load = self.load(objective, &from);
        let missing = [
            ("page", pages.is_empty() && !objective.is_generator),
            ("ticket", tickets.is_empty() && !objective.is_generator),
            ("runbook", runbooks.is_empty()),
            ("dashboard", dashboards.is_empty()),
            ("drill", drills.is_empty()),
            ("load threshold", load.is_empty()),
        ];
        let list = |set: BTreeSet<String>| set.into_iter().collect();
        GuardDocument {
            objective: objective.id.clone(),
            pages: list(pages),
            tickets: list(tickets),
            runbooks: list(runbooks),
            dashboards: list(dashboards),
            drills: list(drills),
            load: list(load),
            missing: missing
                .iter()
                .filter(|(_, is)| *is)
                .map(|(one, _)| (*one).to_owned())
                .collect(),
        }
    }

    /// The runbooks of an alert that are there.
    fn runbooks(&self, rule: &Rule) -> BTreeSet<String> {
        let named = ["runbook", "runbook_url", "runbook_path"];
        let texts = named.iter().filter_map(|key| rule.annotation(key)).map(|(text, _)| text);
        texts.filter(|text| is_path(text) && self.inputs.exists(text)).map(path_of).collect()
    }

    /// The drills of an alert that are defined.
    fn drills(&self, rule: &Rule) -> BTreeSet<String> {
        let mut drills: BTreeSet<&str> = BTreeSet::new();
        drills.extend(self.inputs.contracted(&rule.name, "drill_id"));
        let mapped = self.inputs.mapped(&rule.name).iter();
        drills.extend(mapped.filter_map(|(_, drill)| drill.as_deref()));
        drills
            .into_iter()
            .filter(|name| self.known_drills.contains(name))
            .map(str::to_owned)
            .collect()
    }

    fn dashboards(&mut self, objective: &Objective, from: &str) -> BTreeSet<String> {
        let mut metrics: BTreeSet<String> = objective.metric.iter().cloned().collect();
        for (text, _) in &objective.queries {
            let expr = Expr::parse(text).ok();
            metrics.extend(expr.iter().flat_map(|expr| self.inputs.base_metrics(expr)));
        }
        let is_shown = |shown: &BTreeSet<String>| {
            shown.iter().any(|one| metrics.iter().any(|metric| same_family(one, metric)))
        };
        let found: Vec<&Dashboard> =
            self.shown.iter().filter(|(_, shown)| is_shown(shown)).map(|(one, _)| *one).collect();
        let mut names = BTreeSet::new();
        for dashboard in found {
            let name = dashboard.uid.as_deref().or(dashboard.title.as_deref()).unwrap_or_default();
            let node = self.node("dashboard", name, Some(&dashboard.location.path));
            self.edge(from, node, "shown-on");
            names.insert(name.to_owned());
        }
        names
    }

    /// The load suites that a map ties to an objective and that have thresholds.
    fn load(&mut self, objective: &Objective, from: &str) -> BTreeSet<String> {
        let thresholds = thresholds(self.inputs);
        let mut suites = BTreeSet::new();
        for map in self.inputs.of(Role::ScenarioMap) {
            for (_, item) in map.items("mappings") {
                let ids = item.get("slo_ids").map(texts).unwrap_or_default();
                if ids.contains(&objective.id) {
                    suites.extend(item.get("load_suites").map(texts).unwrap_or_default());
                }
            }
        }
        suites.retain(|suite| thresholds.contains_key(suite.as_str()));
        for suite in &suites {
            let node = self.node("load", suite, thresholds.get(suite.as_str()).copied());
            self.edge(from, node, "loaded-by");
        }
        suites
    }
}

/// The load suites that have thresholds, with the file of each.
fn thresholds(inputs: &Inputs) -> BTreeMap<&str, &str> {
    let load = inputs.sources.iter().filter(|source| source.path().starts_with("ops/load/"));
    let with = load.filter(|source| source.root.get("thresholds").is_some());
    with.filter_map(|source| Some((source.text("/suite")?, source.path()))).collect()
}
