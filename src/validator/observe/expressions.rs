//! OBS02, OBS04-OBS07, OBS16: every expression reads what there is, the way it has to be read.

use std::collections::BTreeSet;

use super::duration::text_of;
use super::input::Inputs;
use super::labels::{Labels, never_meets};
use super::metrics::{Type, family_of};
use super::promql::{Expr, ExprError, MatchKind, Selector};
use super::query::{Place, Query, collect};
use super::truth::unguarded;
use super::variables::ANY;
use crate::finding::rules::observe as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

/// The cause that findings about unknown metrics share.
const NOTHING_EXPORTS: &str = "observe:nothing-exports";
/// From here on a raised denominator changes what is measured, in events a second.
const LEAST_CLAMP: f64 = 0.01;

/// Judges every expression of the area.
pub(super) fn expressions(inputs: &Inputs, _: &Context, report: &mut Report) {
    let queries = collect(inputs);
    if !inputs.metrics.is_known {
        let why = "no metric contract and no golden scrape say which metrics there are";
        report.skipped("metrics-known", "ops/observe", why);
    }
    if inputs.scrape_interval.is_none() {
        report.skipped("rate-window", "ops/observe", "no document says how often is scraped");
    }
    report.headline(
        NOTHING_EXPORTS,
        "rules and dashboards read metrics that no contract, scrape or recording rule knows",
    );
    let mut sound = 0;
    for query in &queries {
        match &query.expr {
            Ok(expr) => {
                sound += 1;
                metrics(inputs, query, expr, report);
                matchers(inputs, query, expr, report);
                operands(inputs, query, expr, report);
                Misuse { inputs, query, told: BTreeSet::new() }.judge(expr, Under::Nothing, report);
                windows(inputs, query, expr, report);
                clamps(query, expr, report);
            }
            Err(error) => broken(query, error, report),
        }
    }
    if sound > 0 {
        report.passed("expressions", "ops/observe", format!("{sound} expressions parse"));
    }
}

fn broken(query: &Query, error: &ExprError, report: &mut Report) {
    let (rule, problem) = match error {
        ExprError::TooLarge(problem) => (&rules::EXPRESSION_TOO_LARGE, problem),
        ExprError::Invalid(problem) if query.place == Place::Panel => {
            (&rules::PANEL_EXPRESSION_INVALID, problem)
        }
        ExprError::Invalid(problem) => (&rules::EXPRESSION_INVALID, problem),
    };
    let problem = problem.trim().replace('\n', " ");
    let message = format!("{}: {}", query.owner, problem.escape_debug());
    report.push(Finding::new(rule, query.location.clone(), message));
}

/// Metrics that nothing knows, each once an expression.
fn metrics(inputs: &Inputs, query: &Query, expr: &Expr, report: &mut Report) {
    if !inputs.metrics.is_known {
        return;
    }
    let names: BTreeSet<&str> =
        expr.selectors().into_iter().filter_map(|one| one.metric.as_deref()).collect();
    for name in names.into_iter().filter(|name| !inputs.metrics.has(name)) {
        let near = inputs.metrics.nearest(name);
        let hint = near.map(|near| format!("; `{near}` is known")).unwrap_or_default();
        let message =
            format!("{} reads `{}`, which nothing exports{hint}", query.owner, name.escape_debug());
        let finding = Finding::new(&rules::METRIC_UNKNOWN, query.location.clone(), message);
        report.push(finding.actual(name).caused_by(NOTHING_EXPORTS));
    }
}

fn matchers(inputs: &Inputs, query: &Query, expr: &Expr, report: &mut Report) {
    let mut told = BTreeSet::new();
    for selector in expr.selectors() {
        let Some(metric) = selector.metric.as_deref() else { continue };
        let Some(known) = inputs.metrics.get(metric) else { continue };
        let Some(labels) = &known.labels else { continue };
        for matcher in &selector.matchers {
            let label = matcher.label.as_str();
            if !told.insert((metric, label, matcher.value.as_str())) {
                continue;
            }
            // A matcher that takes the empty value selects series without the label.
            if !labels.contains(label) && !matcher.fits("") && label != ANY {
                let message = format!("{} asks `{metric}` for the label `{label}`", query.owner);
                let finding =
                    Finding::new(&rules::MATCHER_LABEL_UNKNOWN, query.location.clone(), message);
                let known: Vec<&str> = labels.iter().map(String::as_str).collect();
                report.push(finding.declared(label).actual(known.join(", ")));
            } else if labels.contains(label)
                && matches!(matcher.kind, MatchKind::Equal | MatchKind::Pattern)
                && !matcher.value.is_empty()
                && !inputs.metrics.can_be(metric, label, |value| matcher.fits(value))
            {
                let message =
                    format!("{} asks `{metric}` for a `{label}` that it never has", query.owner);
                let finding =
                    Finding::new(&rules::MATCHER_VALUE_IMPOSSIBLE, query.location.clone(), message);
                report.push(
                    finding.declared(&matcher.value).actual(inputs.metrics.values(metric, label)),
                );
            }
        }
    }
}

fn operands(inputs: &Inputs, query: &Query, expr: &Expr, report: &mut Report) {
    expr.walk(&mut |inner| {
        let Expr::Binary(binary) = inner else { return };
        if let Some(label) = never_meets(binary, &inputs.metrics) {
            let message = format!(
                "{}: the sides of `{}` never meet, only one has the label `{label}`",
                query.owner, binary.operator
            );
            let finding =
                Finding::new(&rules::OPERANDS_NEVER_MEET, query.location.clone(), message);
            report.push(finding.actual(label));
        }
    });
}

/// What an expression stands under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Under {
    Nothing,
    /// `rate`, `increase`, `irate`: what counters are read with.
    Rate,
    /// What asks whether or how often there is something, not for its value.
    Presence,
}

/// Counters without a rate, gauges under one, quantiles without buckets; each metric once.
struct Misuse<'a> {
    inputs: &'a Inputs,
    query: &'a Query,
    told: BTreeSet<(&'static str, &'a str)>,
}

impl<'a> Misuse<'a> {
    fn judge(&mut self, expr: &'a Expr, under: Under, report: &mut Report) {
        match expr {
            Expr::Selector(selector) => self.typed(selector, under, report),
            Expr::Subquery(inner) | Expr::Negated(inner) => self.judge(inner, under, report),
            Expr::Aggregate { operator, inner, .. } => {
                let counts = matches!(operator.as_str(), "count" | "group");
                self.judge(inner, if counts { Under::Presence } else { under }, report);
            }
            Expr::Binary(binary) => {
                self.judge(&binary.left, under, report);
                let is_set = matches!(binary.operator.as_str(), "and" | "unless");
                self.judge(&binary.right, if is_set { Under::Presence } else { under }, report);
            }
            Expr::Call { function, arguments } => {
                if function == "histogram_quantile"
                    && let Some(inner) = arguments.get(1)
                {
                    self.quantile(inner, report);
                }
                let under = match function.as_str() {
                    "rate" | "increase" | "irate" => Under::Rate,
                    "absent" | "absent_over_time" | "present_over_time" | "count_over_time"
                    | "resets" | "changes" | "timestamp" => Under::Presence,
                    "delta" | "idelta" | "deriv" | "predict_linear" => Under::Nothing,
                    _ => under,
                };
                for argument in arguments {
                    self.judge(argument, under, report);
                }
            }
            Expr::Number(_) | Expr::Text(_) => {}
        }
    }

    fn typed(&mut self, selector: &'a Selector, under: Under, report: &mut Report) {
        let Some(name) = selector.metric.as_deref() else { return };
        let Some(metric) = self.inputs.metrics.get(name) else { return };
        let owner = &self.query.owner;
        let (rule, message) = match (metric.kind, under) {
            (Type::Counter | Type::Part, Under::Nothing) => {
                let message = format!("{owner} reads the counter `{name}` without `rate`");
                (&rules::COUNTER_WITHOUT_RATE, message)
            }
            (Type::Gauge, Under::Rate) => {
                (&rules::GAUGE_UNDER_RATE, format!("{owner} takes a rate of the gauge `{name}`"))
            }
            (Type::Counter | Type::Part | Type::Gauge | Type::Family | Type::Unknown, _) => return,
        };
        if self.told.insert((rule.code, name)) {
            let finding = Finding::new(rule, self.query.location.clone(), message);
            report.push(finding.actual(name));
        }
    }

    fn quantile(&self, inner: &Expr, report: &mut Report) {
        let metrics = &self.inputs.metrics;
        let names: Vec<&str> =
            inner.selectors().into_iter().filter_map(|one| one.metric.as_deref()).collect();
        let is_bucket =
            |name: &str| name.ends_with("_bucket") || self.inputs.recording(name).is_some();
        let has_no_buckets = |name: &str| {
            let kind = metrics.get(name).map(|metric| metric.kind);
            !is_bucket(name) && matches!(kind, Some(Type::Counter | Type::Gauge | Type::Part))
        };
        let problem = if names.iter().any(|name| name.ends_with("_bucket"))
            && Labels::of(inner, metrics).lacks("le")
        {
            "its buckets have lost `le`"
        } else if names.iter().any(|name| has_no_buckets(name)) {
            "it reads no buckets"
        } else {
            return;
        };
        let message = format!("{} takes a quantile and {problem}", self.query.owner);
        let location = self.query.location.clone();
        report.push(Finding::new(&rules::HISTOGRAM_WITHOUT_LE, location, message));
    }
}

fn windows(inputs: &Inputs, query: &Query, expr: &Expr, report: &mut Report) {
    let Some(interval) = inputs.scrape_interval else { return };
    let mut shortest: Option<f64> = None;
    expr.walk(&mut |inner| {
        let Expr::Call { function, arguments } = inner else { return };
        if matches!(function.as_str(), "rate" | "increase")
            && let [Expr::Selector(selector)] = arguments.as_slice()
            && let Some(window) = selector.window
            && window < 4.0 * interval
        {
            shortest = Some(shortest.map_or(window, |shortest| shortest.min(window)));
        }
    });
    if let Some(window) = shortest {
        let message = format!(
            "{} takes a rate over {}, and a scrape comes every {}",
            query.owner,
            text_of(window),
            text_of(interval)
        );
        let finding = Finding::new(&rules::RATE_WINDOW_SHORT, query.location.clone(), message);
        report.push(finding.declared(text_of(window)).actual(text_of(4.0 * interval)));
    }
}

fn clamps(query: &Query, expr: &Expr, report: &mut Report) {
    let mut largest: Option<f64> = None;
    expr.walk(&mut |inner| {
        let Expr::Binary(binary) = inner else { return };
        if binary.operator != "/" {
            return;
        }
        let Expr::Call { function, arguments } = &binary.right else { return };
        let [inner, least, ..] = arguments.as_slice() else { return };
        let Some(least) = least.constant() else { return };
        let limit = match rate_of(unguarded(inner)) {
            Some("increase") => 1.0,
            Some(_) => LEAST_CLAMP,
            None => return,
        };
        if matches!(function.as_str(), "clamp_min" | "clamp") && least >= limit {
            largest = Some(largest.map_or(least, |largest| largest.max(least)));
        }
    });
    if let Some(least) = largest {
        let message = format!(
            "{} divides by a rate that is never taken below {least} a second; below that the ratio is wrong",
            query.owner
        );
        let finding = Finding::new(&rules::CLAMP_HIDES_ERRORS, query.location.clone(), message);
        report.push(finding.declared(format!("clamp_min(..., {least})")));
    }
}

/// The function that makes a rate of a counter somewhere in an expression.
fn rate_of(expr: &Expr) -> Option<&str> {
    let mut found = None;
    expr.walk(&mut |inner| {
        if let Expr::Call { function, .. } = inner
            && matches!(function.as_str(), "rate" | "irate" | "increase")
        {
            found = Some(function.as_str());
        }
    });
    found
}

/// Tells whether two names belong to one family of metrics.
pub(super) fn same_family(left: &str, right: &str) -> bool {
    family_of(left) == family_of(right)
}
