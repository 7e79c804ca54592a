//! OBS03, OBS08-OBS10, OBS13, OBS15: an alert can fire, can stay silent, says what is broken, and
//! has a twin for the day on which its metrics are gone.

use std::collections::BTreeSet;

use super::duration::text_of;
use super::expressions::same_family;
use super::input::Inputs;
use super::labels::{Labels, never_meets};
use super::layout::Role;
use super::metrics::texts;
use super::promql::{Binary, Expr, Grouping};
use super::rulefile::{Kind, Rule};
use super::template::Template;
use super::truth::{Judge, Truth};
use crate::finding::rules::observe as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

/// The cause that pages without a twin share.
const NO_TWINS: &str = "observe:no-absence";
/// How often Prometheus evaluates a group when nothing says otherwise, in seconds.
const DEFAULT_INTERVAL: f64 = 60.0;

/// Judges whether the condition of each alert can hold, and can fail to hold.
pub(super) fn conditions(inputs: &Inputs, _: &Context, report: &mut Report) {
    let judge = Judge::new(&inputs.metrics, inputs.recorded());
    for rule in inputs.alerts() {
        let Ok(expr) = &rule.expr else { continue };
        let name = rule.name.escape_debug();
        match judge.truth(expr) {
            // `vector(1)` is the heartbeat that a dead man's switch listens for.
            Truth::Always if expr.selectors().is_empty() => {}
            Truth::Always => {
                let message = format!("`{name}` fires whenever its series exist");
                let location = rule.expr_location.clone();
                report.push(Finding::new(&rules::ALERT_ALWAYS_FIRES, location, message));
            }
            Truth::Never => {
                let message = format!("`{name}` cannot fire: no value fulfils its condition");
                let location = rule.expr_location.clone();
                report.push(Finding::new(&rules::ALERT_NEVER_FIRES, location, message));
            }
            Truth::Sometimes => {}
        }
    }
}

/// Parses every template and looks for labels that the expression has lost.
pub(super) fn templates(inputs: &Inputs, _: &Context, report: &mut Report) {
    for rule in &inputs.rules {
        let Ok(expr) = &rule.expr else { continue };
        let has = Labels::of(expr, &inputs.metrics);
        let in_labels = rule.labels.iter().map(|(name, text)| (name, text, &rule.location));
        let annotations = rule.annotations.iter().map(|(name, text, place)| (name, text, place));
        for (name, text, place) in annotations.chain(in_labels.filter(|_| rule.is_alert())) {
            let template = match Template::parse(text) {
                Ok(template) => template,
                Err(problem) => {
                    let message = format!(
                        "`{}` of `{}`: {problem}",
                        name.escape_debug(),
                        rule.name.escape_debug()
                    );
                    report.push(Finding::new(&rules::TEMPLATE_INVALID, place.clone(), message));
                    continue;
                }
            };
            for label in &template.labels {
                let is_static = rule.label(label).is_some();
                if has.lacks(label) && !is_static {
                    let message = format!(
                        "`{name}` shows the label `{label}`, which the expression does not keep"
                    );
                    report.push(
                        Finding::new(&rules::LABEL_LOST, place.clone(), message).actual(label),
                    );
                }
            }
        }
        joins(inputs, rule, expr, report);
    }
}

/// `on (label)` where neither side, or only one, has the label.
fn joins(inputs: &Inputs, rule: &Rule, expr: &Expr, report: &mut Report) {
    expr.walk(&mut |inner| {
        let Expr::Binary(binary) = inner else { return };
        let Grouping::Only(on) = &binary.matching else { return };
        if never_meets(binary, &inputs.metrics).is_some() {
            return;
        }
        let sides = sides(binary, inputs);
        for label in on.iter().filter(|label| sides.iter().any(|side| side.lacks(label))) {
            let message = format!(
                "`{}` joins by `{label}`, which a side does not have",
                rule.name.escape_debug()
            );
            let location = rule.expr_location.clone();
            report.push(Finding::new(&rules::LABEL_LOST, location, message).actual(label));
        }
    });
}

fn sides(binary: &Binary, inputs: &Inputs) -> [Labels; 2] {
    [Labels::of(&binary.left, &inputs.metrics), Labels::of(&binary.right, &inputs.metrics)]
}

/// Looks for labels and annotations that the contracts ask for.
pub(super) fn required(inputs: &Inputs, _: &Context, report: &mut Report) {
    let mut labels: BTreeSet<String> = BTreeSet::from(["severity".to_owned()]);
    let mut annotations: BTreeSet<String> = BTreeSet::new();
    for contract in inputs.of(Role::AlertsContract) {
        let list = |key: &str| contract.root.get(key).map(texts).unwrap_or_default();
        labels.extend(list("required_labels"));
        annotations.extend(list("required_annotations"));
    }
    for policy in inputs.of(Role::LabelPolicy) {
        labels.extend(policy.root.get("alerts_required_labels").map(texts).unwrap_or_default());
    }
    for rule in inputs.alerts() {
        let mut needed = labels.clone();
        let stated = ["owner", "runbook_id"].into_iter();
        let stated = stated.filter(|key| inputs.contracted(&rule.name, key).is_some());
        needed.extend(stated.map(str::to_owned));
        let mut missing: Vec<&str> = needed
            .iter()
            .filter(|name| rule.label(name).is_none_or(str::is_empty))
            .map(String::as_str)
            .collect();
        let lacks = |name: &&String| rule.annotation(name).is_none_or(|(text, _)| text.is_empty());
        missing.extend(annotations.iter().filter(lacks).map(String::as_str));
        if !missing.is_empty() {
            let message = format!("`{}` has no {}", rule.name.escape_debug(), missing.join(", "));
            let finding = Finding::new(&rules::ALERT_LABEL_MISSING, rule.location.clone(), message);
            report.push(finding.actual(missing.join(", ")));
        }
    }
}

/// Judges how long a condition must hold.
pub(super) fn patience(inputs: &Inputs, _: &Context, report: &mut Report) {
    for rule in inputs.alerts() {
        let Kind::Alert(holds_for) = rule.kind else { continue };
        let interval = rule.interval.or(inputs.evaluation_interval).unwrap_or(DEFAULT_INTERVAL);
        let name = rule.name.escape_debug();
        match holds_for.filter(|seconds| *seconds > 0.0) {
            None if rule.is_page() => {
                let message = format!("`{name}` pages at the first bad sample");
                report.push(Finding::new(&rules::PAGE_WITHOUT_FOR, rule.location.clone(), message));
            }
            Some(seconds) if seconds < interval => {
                let message = format!(
                    "`{name}` waits {}, and is looked at every {}",
                    text_of(seconds),
                    text_of(interval)
                );
                report.push(Finding::new(
                    &rules::FOR_BELOW_INTERVAL,
                    rule.location.clone(),
                    message,
                ));
            }
            Some(_) | None => {}
        }
    }
}

/// Looks for pages whose metrics may vanish unnoticed.
pub(super) fn absence(inputs: &Inputs, _: &Context, report: &mut Report) {
    report.headline(
        NO_TWINS,
        "pages fall silent when their target is gone: nothing watches for absence",
    );
    let watched = watched(inputs);
    for rule in inputs.alerts().filter(|rule| rule.is_page()) {
        let Ok(expr) = &rule.expr else { continue };
        if is_exempt(inputs, &rule.name) || !absent_metrics(inputs, expr).is_empty() {
            continue;
        }
        let unwatched: Vec<String> = inputs
            .base_metrics(expr)
            .into_iter()
            .filter(|name| !watched.iter().any(|one| one == "up" || same_family(one, name)))
            .filter(|name| !matches!(name.as_str(), "up" | "ALERTS" | "ALERTS_FOR_STATE"))
            .collect();
        if !unwatched.is_empty() {
            let list = unwatched.join(", ");
            let message =
                format!("`{}` falls silent when {list} is gone", rule.name.escape_debug());
            let finding =
                Finding::new(&rules::PAGE_WITHOUT_ABSENCE, rule.location.clone(), message);
            report.push(finding.actual(list).caused_by(NO_TWINS));
        }
    }
}

/// The metrics whose absence an alert watches.
fn watched(inputs: &Inputs) -> BTreeSet<String> {
    let mut watched = BTreeSet::new();
    for rule in inputs.alerts() {
        if let Ok(expr) = &rule.expr {
            watched.extend(absent_metrics(inputs, expr));
        }
    }
    watched
}

fn absent_metrics(inputs: &Inputs, expr: &Expr) -> BTreeSet<String> {
    let mut metrics = BTreeSet::new();
    expr.walk(&mut |inner| {
        if let Some(("absent" | "absent_over_time", arguments)) = inner.as_call() {
            metrics.extend(arguments.iter().flat_map(|argument| inputs.base_metrics(argument)));
        }
        let Some(binary) = inner.as_binary() else { return };
        if matches!(binary.operator.as_str(), "==" | "<") {
            let selectors = binary.left.selectors();
            let names: Vec<&str> =
                selectors.into_iter().filter_map(|one| one.metric.as_deref()).collect();
            if names == ["up"] && binary.right.constant().is_some_and(|limit| limit <= 1.0) {
                metrics.insert("up".to_owned());
            }
        }
    });
    metrics
}

fn is_exempt(inputs: &Inputs, alert: &str) -> bool {
    inputs.of(Role::AlertsContract).any(|contract| {
        let exempt = contract.root.get("no_data_exemptions");
        exempt.is_some_and(|list| {
            list.get(alert).is_some() || list.items().iter().any(|one| one.as_str() == Some(alert))
        })
    })
}

/// Holds the twins that a contract names against the alerts that there are.
pub(super) fn twins(inputs: &Inputs, _: &Context, report: &mut Report) {
    for contract in inputs.of(Role::AlertsContract) {
        for (location, metric, twin) in contract.entries("no_data_twins") {
            let Some(name) = twin.as_str() else { continue };
            let rule = inputs.alerts().find(|rule| rule.name == name);
            let watches = rule.and_then(|rule| rule.expr.as_ref().ok()).is_some_and(|expr| {
                let metrics = absent_metrics(inputs, expr);
                metrics.iter().any(|one| one == "up" || same_family(one, metric))
            });
            if !watches {
                let message = match rule {
                    Some(_) => format!(
                        "`{}` does not watch the absence of `{metric}`",
                        name.escape_debug()
                    ),
                    None => {
                        format!("`{}`, the twin of `{metric}`, is no alert", name.escape_debug())
                    }
                };
                report.push(
                    Finding::new(&rules::CATALOGUED_ALERT_MISSING, location, message)
                        .declared(name),
                );
            }
        }
    }
}
