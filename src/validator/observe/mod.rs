//! The area `observe`: how it is watched.
//!
//! Rules are read as Prometheus reads them, dashboards as Grafana does; every expression is held
//! against the metrics that there are, every alert against the objective that it guards, and every
//! document against the others that speak of the same thing.

mod alerts;
mod boards;
mod burn;
mod catalog;
mod contracts;
mod dashboard;
mod documents;
mod drills;
mod duration;
mod evidence;
mod expressions;
mod files;
mod goldens;
mod graph;
mod input;
mod labels;
mod layout;
mod logs;
mod metrics;
mod objective;
mod objectives;
mod promql;
mod query;
mod rule_tests;
mod rulefile;
mod runbooks;
mod scrape;
mod template;
mod traces;
mod truth;
mod variables;
mod workloads;

use std::collections::BTreeSet;

use input::Inputs;
use promql::Expr;

use super::{Context, Derived, Governed, Hygiene};
use crate::finding::rules::observe as rules;
use crate::finding::{Area, Finding, Location, Report};
use crate::tree::Tree;

/// Returns the metrics that an expression asks for; nothing for what is no PromQL. What stands in
/// `{{ }}` is filled in by whoever runs it.
pub fn metrics_asked(expression: &str) -> Option<BTreeSet<String>> {
    let mut filled = String::with_capacity(expression.len());
    let mut rest = expression;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        filled.push('x');
        rest = after.split_once("}}")?.1;
    }
    filled.push_str(rest);
    let parsed = Expr::parse(&filled).ok()?;
    let selectors = parsed.selectors();
    Some(selectors.into_iter().filter_map(|selector| selector.metric.clone()).collect())
}

/// Where the area's files lie; the first folder must hold some.
pub(super) const FOLDERS: &[&str] = &["ops/observe"];

const HYGIENE: Hygiene = Hygiene {
    unreadable: &rules::INPUT_UNREADABLE,
    malformed: &rules::DOCUMENT_MALFORMED,
    ambiguous: &rules::SCALAR_AMBIGUOUS,
};

/// The rules, in the order in which they run.
const RULES: &[fn(&Inputs, &Context, &mut Report)] = &[
    files::shapes,
    files::order,
    files::recordings,
    files::loaded,
    expressions::expressions,
    alerts::conditions,
    alerts::templates,
    alerts::required,
    alerts::patience,
    alerts::absence,
    alerts::twins,
    burn::burn_rates,
    burn::looseness,
    burn::load_limits,
    rule_tests::unit_tests,
    catalog::severity_words,
    catalog::owners,
    catalog::listings,
    runbooks::targets,
    runbooks::ids,
    runbooks::unused,
    objectives::definitions,
    objectives::guards,
    objectives::named,
    objectives::measured,
    objectives::scenarios,
    drills::named,
    drills::signals,
    drills::records,
    drills::suites,
    boards::models,
    boards::clashes,
    boards::datasources,
    boards::coverage,
    boards::registry,
    boards::panels,
    contracts::consistency,
    contracts::examples,
    contracts::budgets,
    goldens::contracts,
    goldens::origins,
    logs::samples,
    traces::samples,
    documents::schemas,
    documents::placeholders,
    documents::index,
    documents::readiness,
];

/// Judges the area.
pub(super) fn check(tree: &Tree, context: &Context, report: &mut Report) {
    let governed = Governed::read(tree, FOLDERS, HYGIENE, report);
    if governed.files.is_empty() {
        let message = format!("`{}` holds no file; the area cannot be judged", FOLDERS[0]);
        report.push(Finding::new(&rules::INPUT_UNREADABLE, Location::named(FOLDERS[0]), message));
        report.not_evaluated(Area::Observe, format!("`{}` holds no file", FOLDERS[0]));
        return;
    }
    let inputs = Inputs::gather(tree, &governed);
    for rule in RULES {
        rule(&inputs, context, report);
    }
    workloads::containers(tree, &inputs, context, report);
    if let Some(graph) = graph::build(&inputs) {
        report.set_graph(graph);
    }
    if governed.complete {
        let (files, objects) = (governed.documents.len(), governed.objects());
        report.evaluated(Area::Observe, files, objects, governed.other, rules::RULES.len());
    } else {
        report.not_evaluated(Area::Observe, "some of its files could not be read");
    }
}

/// Derives the area's documents from its files and from what the rules find in them.
pub(super) fn derive(tree: &Tree, context: &Context) -> Vec<Derived> {
    let mut report = Report::new("check", context.now, true);
    let governed = Governed::read(tree, FOLDERS, HYGIENE, &mut report);
    if governed.files.is_empty() {
        return Vec::new();
    }
    let inputs = Inputs::gather(tree, &governed);
    for rule in RULES {
        rule(&inputs, context, &mut report);
    }
    evidence::derive(&inputs, context, &report)
}
