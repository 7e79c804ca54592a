//! OBS18, OBS19, X8 and X13: objectives can be computed, are measured, guarded, and found by the
//! names that other documents use.

use std::collections::{BTreeMap, BTreeSet};

use super::burn::guarded_ids;
use super::expressions::same_family;
use super::input::Inputs;
use super::layout::Role;
use super::metrics::{Type, texts};
use super::objective::{Objective, Unit, references};
use super::promql::Expr;
use super::query::text_of;
use crate::document::Node;
use crate::finding::rules::observe as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// The cause that references by other names share.
const OTHER_NAMES: &str = "observe:objective-names";
/// The cause that objectives without a guard share.
const NO_GUARDS: &str = "observe:objective-guards";

/// Judges the definitions.
pub(super) fn definitions(inputs: &Inputs, _: &Context, report: &mut Report) {
    let mut seen: BTreeMap<&str, &Location> = BTreeMap::new();
    for objective in &inputs.objectives {
        for (location, problem) in &objective.problems {
            report.push(Finding::new(&rules::OBJECTIVE_INVALID, location.clone(), problem));
        }
        let problem = number_problem(objective)
            .or_else(|| {
                objective
                    .window
                    .filter(|window| *window > 0.0)
                    .is_none()
                    .then(|| "its period is no duration".to_owned())
            })
            .or_else(|| unit_problem(inputs, objective));
        if let Some(problem) = problem.filter(|_| objective.problems.is_empty()) {
            let message = format!("`{}`: {problem}", objective.id.escape_debug());
            report.push(Finding::new(
                &rules::OBJECTIVE_INVALID,
                objective.location.clone(),
                message,
            ));
        }
        if !objective.id.is_empty() && seen.insert(&objective.id, &objective.location).is_some() {
            let message = format!("`{}` is defined twice", objective.id.escape_debug());
            report.push(Finding::new(
                &rules::OBJECTIVE_INVALID,
                objective.location.clone(),
                message,
            ));
        }
        if let Some(metric) = &objective.metric
            && inputs.metrics.is_known
            && !inputs.metrics.has(metric)
        {
            let message =
                format!("the objective `{}` is of `{metric}`, which nothing exports", objective.id);
            let finding = Finding::new(&rules::METRIC_UNKNOWN, objective.location.clone(), message);
            report.push(finding.actual(metric).caused_by("observe:nothing-exports"));
        }
    }
    if inputs.objectives.is_empty() {
        report.skipped("objectives", "ops/observe", "the tree defines no objectives");
    }
}

fn number_problem(objective: &Objective) -> Option<String> {
    let Some(target) = objective.target.filter(|target| target.is_finite()) else {
        return Some("its objective is no number".to_owned());
    };
    let problem = match &objective.unit {
        Unit::Percent if target > 0.0 && target < 100.0 => return None,
        Unit::Percent => "a share in percent lies between 0 and 100, both left out",
        Unit::Ratio if target > 0.0 && target < 1.0 => return None,
        Unit::Ratio => "a share lies between 0 and 1, both left out",
        Unit::Seconds | Unit::Other(_) if target > 0.0 => return None,
        Unit::Seconds | Unit::Other(_) => "nothing can be below it",
    };
    Some(format!("{target}: {problem}"))
}

fn unit_problem(inputs: &Inputs, objective: &Objective) -> Option<String> {
    let metric = objective.metric.as_deref()?;
    let kind = inputs.metrics.get(metric).map(|metric| metric.kind);
    let ends = |ends: &[&str]| ends.iter().any(|end| metric.ends_with(end));
    let fits = match objective.unit {
        Unit::Seconds => {
            kind != Some(Type::Counter)
                && !ends(&["_bytes", "_ns", "_ms", "_milliseconds", "_ratio"])
        }
        Unit::Percent | Unit::Ratio => {
            !(ends(&["_bytes"]) || ends(&["_seconds"]) && kind == Some(Type::Gauge))
        }
        Unit::Other(_) => true,
    };
    let unit = match objective.unit {
        Unit::Seconds => "seconds",
        Unit::Percent => "percent",
        Unit::Ratio => "ratio",
        Unit::Other(_) => "other",
    };
    (!fits).then(|| format!("`{metric}` is not measured in {unit}"))
}

/// Looks for objectives that no page or no ticket guards.
pub(super) fn guards(inputs: &Inputs, _: &Context, report: &mut Report) {
    report.headline(
        NO_GUARDS,
        "objectives without an alert: no label, contract or map ties one to them",
    );
    let mut guards: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    for rule in inputs.alerts() {
        for id in guarded_ids(inputs, rule) {
            let guard = guards.entry(id).or_default();
            guard.0 |= rule.is_page();
            guard.1 |= !rule.is_page();
        }
    }
    for objective in inputs.objectives.iter().filter(|one| !one.is_generator && !one.id.is_empty())
    {
        let missing = match guards.get(&objective.id).copied().unwrap_or_default() {
            (true, true) => continue,
            (true, false) => "no ticket",
            (false, true) => "no page",
            (false, false) => "no page and no ticket",
        };
        let message = format!("`{}` has {missing}", objective.id.escape_debug());
        let finding =
            Finding::new(&rules::OBJECTIVE_UNGUARDED, objective.location.clone(), message);
        report.push(finding.actual(missing).caused_by(NO_GUARDS));
    }
}

/// Looks for objectives that are named and not defined; each once a document.
pub(super) fn named(inputs: &Inputs, _: &Context, report: &mut Report) {
    if inputs.objectives.is_empty() {
        return;
    }
    let defined: BTreeSet<&str> = inputs.objectives.iter().map(|one| one.id.as_str()).collect();
    let list: Vec<&str> = defined.iter().copied().take(8).collect();
    report.headline(
        OTHER_NAMES,
        format!("documents name objectives that are not defined; defined are {}", list.join(", ")),
    );
    for source in &inputs.sources {
        let mut told = BTreeSet::new();
        for (location, id) in references(source) {
            if !defined.contains(id.as_str()) && told.insert(id.clone()) {
                unresolved(location, &id, report);
            }
        }
    }
    for rule in inputs.alerts() {
        if let Some(id) = rule.label("slo").filter(|id| !defined.contains(id) && !id.is_empty()) {
            unresolved(rule.location.clone(), id, report);
        }
    }
}

fn unresolved(location: Location, id: &str, report: &mut Report) {
    let message = format!("`{}` is no objective", id.escape_debug());
    let finding = Finding::new(&rules::OBJECTIVE_UNRESOLVED, location, message);
    report.push(finding.declared(id).caused_by(OTHER_NAMES));
}

/// Looks for objectives that are not measured, or measured by another metric than they name.
pub(super) fn measured(inputs: &Inputs, _: &Context, report: &mut Report) {
    let measurements =
        inputs.of(Role::Measurement).flat_map(|source| source.entries("measurement_method"));
    let measurements: BTreeMap<&str, &Node> =
        measurements.map(|(_, id, item)| (id, item)).collect();
    let maps = inputs.of(Role::MetricMap).flat_map(|source| source.items("slo_metric_map"));
    let mapped: BTreeMap<&str, &Node> =
        maps.filter_map(|(_, item)| Some((text_of(item, "slo_id")?, item))).collect();
    for objective in
        inputs.objectives.iter().filter(|one| one.queries.is_empty() && !one.is_generator)
    {
        let Some(metric) = objective.metric.as_deref() else { continue };
        let mut problems = Vec::new();
        match measurements.get(objective.id.as_str()) {
            None if !measurements.is_empty() => problems.push("no measurement".to_owned()),
            Some(item) => {
                let expr = text_of(item, "promql").and_then(|text| Expr::parse(text).ok());
                let read = expr.map(|expr| inputs.base_metrics(&expr));
                if read.is_some_and(|read| !read.iter().any(|one| same_family(one, metric))) {
                    problems.push(format!("its measurement does not read `{metric}`"));
                }
            }
            None => {}
        }
        match mapped.get(objective.id.as_str()) {
            None if !mapped.is_empty() => problems.push("no row in the metric map".to_owned()),
            Some(item) => {
                let metrics = item.get("metrics").map(texts).unwrap_or_default();
                if !metrics.iter().any(|one| same_family(one, metric)) {
                    problems.push(format!("the metric map does not name `{metric}`"));
                }
            }
            None => {}
        }
        if !problems.is_empty() {
            let message = format!("`{}` has {}", objective.id.escape_debug(), problems.join(", "));
            report.push(Finding::new(
                &rules::OBJECTIVE_UNMEASURED,
                objective.location.clone(),
                message,
            ));
        }
    }
    if measurements.is_empty() && !inputs.objectives.is_empty() {
        report.skipped(
            "objective-measurement",
            "ops/observe",
            "no document says how objectives are measured",
        );
    }
}

/// Looks for scenarios and load suites that a map names and nothing defines.
pub(super) fn scenarios(inputs: &Inputs, _: &Context, report: &mut Report) {
    let scenarios = defined(inputs, "ops/e2e/scenarios/", &["scenarios"]);
    let suites = defined(inputs, "ops/load/", &["suites", "scenarios"]);
    for source in inputs.of(Role::ScenarioMap) {
        for (location, item) in source.items("mappings") {
            let scenario = text_of(item, "scenario_id").unwrap_or_default();
            if !scenarios.is_empty() && !scenarios.contains(scenario) {
                let message = format!("`{}` is no scenario", scenario.escape_debug());
                let finding =
                    Finding::new(&rules::OBJECTIVE_SCENARIO_UNRESOLVED, location.clone(), message);
                report.push(finding.declared(scenario));
            }
            for suite in item.get("load_suites").map(texts).unwrap_or_default() {
                if !suites.is_empty() && !suites.contains(&suite) {
                    let message = format!("`{}` is no load suite", suite.escape_debug());
                    let finding = Finding::new(
                        &rules::OBJECTIVE_SCENARIO_UNRESOLVED,
                        location.clone(),
                        message,
                    );
                    report.push(finding.declared(suite));
                }
            }
        }
    }
}

/// What the documents of a folder define: by `id` or `name` in a list, by their own, by file name.
fn defined(inputs: &Inputs, folder: &str, lists: &[&str]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for source in inputs.sources.iter().filter(|source| source.path().starts_with(folder)) {
        for (_, item) in lists.iter().flat_map(|list| source.items(list)) {
            let named =
                ["id", "name", "scenario_id", "suite"].iter().find_map(|key| text_of(item, key));
            names.extend(named.or(item.as_str()).map(str::to_owned));
        }
        let own = ["id", "name", "scenario", "scenario_id", "suite"];
        names.extend(own.iter().filter_map(|key| text_of(&source.root, key)).map(str::to_owned));
        let file = source.path().rsplit('/').next().unwrap_or_default();
        names.extend(file.split('.').next().map(str::to_owned));
    }
    names
}
