//! OBS17 and the alert side of X10: thresholds follow from the objective that they guard.

use std::collections::{BTreeMap, BTreeSet};

use super::duration::text_of;
use super::expressions::same_family;
use super::input::Inputs;
use super::layout::Role;
use super::metrics::texts;
use super::objective::{Objective, Unit};
use super::promql::Expr;
use super::rulefile::Rule;
use super::truth::Judge;
use crate::document::Node;
use crate::finding::rules::observe as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

/// How far two numbers may be apart and still mean the same.
const TOLERANCE: f64 = 0.01;
/// How many times longer the long window of a pair is at least.
const LEAST_RATIO: f64 = 4.0;

/// One comparison of a burn-rate alert.
#[derive(Debug)]
struct Arm {
    /// The longest window that it looks at, in seconds.
    window: Option<f64>,
    /// The share of bad events from which it fires.
    threshold: f64,
    /// The budget that its text names.
    budget: Option<f64>,
}

/// Judges every burn-rate alert against its objective.
pub(super) fn burn_rates(inputs: &Inputs, _: &Context, report: &mut Report) {
    let judge = Judge::new(&inputs.metrics, inputs.recorded());
    for rule in inputs.alerts() {
        let Ok(expr) = &rule.expr else { continue };
        let mut arms = Vec::new();
        arms_of(inputs, &judge, expr, &mut arms);
        let is_named = rule.name.to_ascii_lowercase().contains("burn");
        if arms.is_empty() || !is_named && arms.iter().all(|arm| arm.budget.is_none()) {
            continue;
        }
        pair(rule, &arms, report);
        if let Some(objective) = guarded(inputs, rule) {
            arithmetic(rule, &arms, objective, report);
        }
    }
}

/// Collects `ratio > threshold` along `and`.
fn arms_of(inputs: &Inputs, judge: &Judge<'_>, expr: &Expr, arms: &mut Vec<Arm>) {
    let Expr::Binary(binary) = expr else { return };
    if binary.operator == "and" {
        arms_of(inputs, judge, &binary.left, arms);
        arms_of(inputs, judge, &binary.right, arms);
        return;
    }
    if !matches!(binary.operator.as_str(), ">" | ">=") {
        return;
    }
    let Some(limit) = binary.right.constant() else { return };
    // `ratio / budget > factor` or `ratio > factor * budget`.
    let divided = binary.left.as_binary().filter(|inner| inner.operator == "/");
    let divisor = divided.and_then(|inner| inner.right.constant());
    let ratio = match (divided, divisor) {
        (Some(inner), Some(_)) => &inner.left,
        (Some(_) | None, _) => &binary.left,
    };
    if judge.interval(ratio).high > 1.0 {
        return;
    }
    let product = binary.right.as_binary().filter(|inner| inner.operator == "*");
    let budget = divisor.or_else(|| {
        let sides = [product?.left.constant(), product?.right.constant()];
        sides.into_iter().flatten().find(|side| (0.0..1.0).contains(side))
    });
    let threshold = limit * divisor.unwrap_or(1.0);
    arms.push(Arm { window: longest_window(inputs, ratio), threshold, budget });
}

/// The longest window of an expression and of the recorded metrics that it reads.
fn longest_window(inputs: &Inputs, expr: &Expr) -> Option<f64> {
    let mut longest: Option<f64> = None;
    let mut seen = BTreeSet::new();
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        for selector in expr.selectors() {
            if let Some(window) = selector.window {
                longest = Some(longest.map_or(window, |longest| longest.max(window)));
            }
            if let Some(rule) = selector.metric.as_deref().and_then(|name| inputs.recording(name))
                && seen.insert(rule.name.as_str())
            {
                open.extend(rule.expr.as_ref());
            }
        }
    }
    longest
}

/// A long and a short window, an order apart.
fn pair(rule: &Rule, arms: &[Arm], report: &mut Report) {
    let windows: Vec<f64> = arms.iter().filter_map(|arm| arm.window).collect();
    let long = windows.iter().copied().reduce(f64::max);
    let short = windows.iter().copied().reduce(f64::min);
    let (Some(long), Some(short)) = (long, short) else { return };
    if long < LEAST_RATIO * short {
        let name = rule.name.escape_debug();
        let message = if arms.len() == 1 {
            format!("`{name}` looks at {} only", text_of(long))
        } else {
            format!("`{name}` joins {} with {}", text_of(long), text_of(short))
        };
        let finding =
            Finding::new(&rules::BURN_RATE_SINGLE_WINDOW, rule.expr_location.clone(), message);
        report.push(finding.actual(format!("{} and {}", text_of(long), text_of(short))));
    }
}

fn arithmetic(rule: &Rule, arms: &[Arm], objective: &Objective, report: &mut Report) {
    let Some(budget) = objective.budget() else { return };
    let same = |a: f64, b: f64| (a - b).abs() <= TOLERANCE * b.abs();
    let longest = arms.iter().filter_map(|arm| arm.window).reduce(f64::max);
    let mut problems = Vec::new();
    for arm in arms {
        let factor = arm.threshold / budget;
        match arm.budget {
            Some(stated) if !same(stated, budget) => problems.push(format!(
                "its budget is {}, the objective's {}",
                short(stated),
                short(budget)
            )),
            _ if factor < 1.0 - TOLERANCE => {
                problems
                    .push(format!("it fires at {} of the budget, which is allowed", short(factor)));
            }
            _ if arm.threshold >= 1.0 => {
                problems.push(format!("its threshold {} is no share", short(arm.threshold)));
            }
            _ => {
                if let (Some(long), Some(period)) = (longest, objective.window)
                    && factor * long / period > 1.0
                {
                    let share = factor * long / period;
                    problems.push(format!(
                        "when it fires, {} times the budget of {} is gone",
                        short(share),
                        text_of(period)
                    ));
                }
            }
        }
    }
    problems.dedup();
    if !problems.is_empty() {
        let message = format!(
            "`{}` guards `{}`: {}",
            rule.name.escape_debug(),
            objective.id.escape_debug(),
            problems.join("; ")
        );
        let thresholds: Vec<String> = arms.iter().map(|arm| short(arm.threshold)).collect();
        let finding =
            Finding::new(&rules::BURN_RATE_INCONSISTENT, rule.expr_location.clone(), message);
        report.push(finding.declared(thresholds.join(", ")).actual(short(budget)));
    }
}

fn short(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The ids of the objectives that an alert says it guards: its label, its contract, its map.
pub(super) fn guarded_ids(inputs: &Inputs, rule: &Rule) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    ids.extend(rule.label("slo").map(str::to_owned));
    ids.extend(inputs.contracted(&rule.name, "slo_or_invariant").map(str::to_owned));
    ids.extend(inputs.mapped(&rule.name).iter().filter_map(|(objective, _)| objective.clone()));
    ids
}

/// The objective that an alert guards.
fn guarded<'a>(inputs: &'a Inputs, rule: &Rule) -> Option<&'a Objective> {
    let ids = guarded_ids(inputs, rule);
    inputs.objectives.iter().find(|objective| ids.contains(&objective.id))
}

/// Looks for pages on an objective's own metric that let through more than the objective.
pub(super) fn looseness(inputs: &Inputs, _: &Context, report: &mut Report) {
    for rule in inputs.alerts().filter(|rule| rule.is_page()) {
        let Ok(Expr::Binary(binary)) = &rule.expr else { continue };
        let Some(limit) = binary.right.constant() else { continue };
        if !matches!(binary.operator.as_str(), ">" | ">=") || !is_plain(&binary.left) {
            continue;
        }
        let read = inputs.base_metrics(&binary.left);
        for objective in inputs.objectives.iter().filter(|one| one.unit == Unit::Seconds) {
            let (Some(target), Some(metric)) = (objective.target, &objective.metric) else {
                continue;
            };
            let is_same = read.iter().any(|name| same_family(name, metric));
            if is_same && limit > target * (1.0 + TOLERANCE) {
                let name = rule.name.escape_debug();
                let message =
                    format!("`{name}` lets {limit} s pass, `{}` allows {target} s", objective.id);
                let finding = Finding::new(
                    &rules::ALERT_LOOSER_THAN_OBJECTIVE,
                    rule.expr_location.clone(),
                    message,
                );
                report.push(finding.declared(limit).actual(target));
            }
        }
    }
}

/// Looks for load thresholds under which a run passes that would wake somebody up.
pub(super) fn load_limits(inputs: &Inputs, _: &Context, report: &mut Report) {
    let suites = suites_of(inputs);
    for rule in inputs.alerts().filter(|rule| rule.is_page()) {
        let Ok(Expr::Binary(binary)) = &rule.expr else { continue };
        let Some(limit) = binary.right.constant().filter(|_| is_plain(&binary.left)) else {
            continue;
        };
        let Some(objective) = guarded(inputs, rule).filter(|one| one.unit == Unit::Seconds) else {
            continue;
        };
        for source in inputs.sources.iter().filter(|one| one.path().starts_with("ops/load/")) {
            let suite = source.text("/suite").unwrap_or_default();
            let is_tied = suites.get(suite).is_some_and(|ids| ids.contains(&objective.id));
            let stated = source.root.pointer("/thresholds/p95_ms_max").and_then(Node::as_f64);
            let Some(stated) = stated.filter(|stated| is_tied && stated / 1000.0 > limit) else {
                continue;
            };
            let name = rule.name.escape_debug();
            let message = format!("a run of `{suite}` passes at {stated} ms, where `{name}` pages");
            let location = source.at("/thresholds/p95_ms_max");
            let finding = Finding::new(&rules::LOAD_THRESHOLD_ABOVE_PAGE, location, message);
            report.push(finding.declared(stated).actual(limit * 1000.0));
        }
    }
}

/// The objectives that a map ties to each load suite.
fn suites_of(inputs: &Inputs) -> BTreeMap<String, BTreeSet<String>> {
    let mut suites: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, item) in inputs.of(Role::ScenarioMap).flat_map(|map| map.items("mappings")) {
        let ids = item.get("slo_ids").map(texts).unwrap_or_default();
        for suite in item.get("load_suites").map(texts).unwrap_or_default() {
            suites.entry(suite).or_default().extend(ids.iter().cloned());
        }
    }
    suites
}

/// Tells whether an expression has the unit of what it reads: nothing is added or multiplied.
fn is_plain(expr: &Expr) -> bool {
    let mut plain = true;
    expr.walk(&mut |inner| plain &= !matches!(inner, Expr::Binary(_)));
    plain
}
