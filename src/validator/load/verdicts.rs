//! What a result says of itself, recomputed: its shape, its samples, its thresholds.

use super::input::Inputs;
use super::result::{Known, LoadResult, ResultError, Shape, Stated};
use super::runs;
use super::statistics::samples_needed;
use super::suite;
use super::threshold::{Kind, Method, Threshold, split_key};
use crate::finding::rules::load as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// LOAD01: every result has a shape that is known, and holds what the shape promises.
pub(super) fn shapes(inputs: &Inputs, _: &Context, report: &mut Report) {
    for (path, read) in &inputs.results {
        match read {
            Ok(result) => {
                let version = result.version.as_deref().unwrap_or("version not told");
                report.passed(
                    "load-result-shape",
                    path.as_str(),
                    format!("{}, {version}", result.shape),
                );
                for odd in &result.oddities {
                    let location = match odd.position {
                        Some(position) => Location::named(path).at(&odd.pointer, position),
                        None => at(inputs, path, &odd.pointer),
                    };
                    report.push(Finding::new(&rules::VALUE_IMPOSSIBLE, location, &odd.problem));
                }
            }
            Err(error) => {
                let rule = match error {
                    ResultError::Unknown(_) => &rules::RESULT_UNKNOWN,
                    ResultError::Broken { .. } | ResultError::Io(_) => &rules::RESULT_BROKEN,
                };
                report.push(Finding::new(rule, Location::named(path), error.to_string()));
            }
        }
    }
}

/// The place of a value in a result that is a document; the file itself otherwise.
fn at(inputs: &Inputs, path: &str, pointer: &str) -> Location {
    match inputs.document(path) {
        Some(source) => source.at(pointer),
        None => Location::named(path),
    }
}

/// The results that were read and hold values.
fn read(inputs: &Inputs) -> impl Iterator<Item = (&String, &LoadResult)> {
    inputs.results.iter().filter_map(|(path, read)| {
        let result = read.as_ref().ok().filter(|result| result.shape != Shape::K6Options)?;
        Some((path, result))
    })
}

/// Every threshold that a result states, with its metric.
fn stated(result: &LoadResult) -> impl Iterator<Item = (&String, &Stated)> {
    result
        .metrics
        .iter()
        .flat_map(|(key, metric)| metric.thresholds.iter().map(move |stated| (key, stated)))
}

/// LOAD02: what a threshold is set on has samples.
pub(super) fn samples(inputs: &Inputs, _: &Context, report: &mut Report) {
    for (path, result) in read(inputs) {
        if result.requests() == Some(0) {
            let location = at(inputs, path, "/metrics");
            let message =
                "the run sent no request; whatever its thresholds say, nothing was measured";
            report.push(Finding::new(&rules::RESULT_EMPTY, location, message).actual("0 requests"));
        }
        for (key, metric) in &result.metrics {
            let Some(first) = metric.thresholds.first() else { continue };
            if result.samples_of(key) == Some(0) {
                let location = at(inputs, path, &pointer_of_metric(&first.pointer));
                let message =
                    format!("`{key}` has a threshold and no sample: k6 counts that as held");
                report.push(
                    Finding::new(&rules::RESULT_EMPTY, location, message).actual("0 samples"),
                );
            }
        }
    }
}

fn pointer_of_metric(pointer: &str) -> String {
    pointer.split_once("/thresholds").map_or(pointer, |(metric, _)| metric).to_owned()
}

/// LOAD05 and LOAD06: thresholds are k6's, fit their metric, and decide something.
pub(super) fn grammar(inputs: &Inputs, _: &Context, report: &mut Report) {
    for (path, result) in read(inputs) {
        for (key, stated) in stated(result) {
            let kind = result.metrics.get(key).map(|metric| metric.kind);
            let location = at(inputs, path, &stated.pointer);
            judge_expression(key, &stated.expression, kind, location, report);
        }
    }
    let inspected = inputs
        .results
        .iter()
        .filter_map(|(path, read)| Some((path, read.as_ref().ok()?.options.as_ref()?)));
    let scripts =
        inputs.scripts.iter().filter_map(|(path, script)| Some((path, script.options.as_ref()?)));
    for (path, options) in inspected.chain(scripts) {
        for (key, expressions) in &options.thresholds {
            for expression in expressions {
                judge_expression(key, expression, kind_of(key), Location::named(path), report);
            }
        }
    }
    vacuous_limits(inputs, report);
}

fn kind_of(key: &str) -> Option<Kind> {
    match split_key(key)?.0 {
        "http_req_failed" | "checks" => Some(Kind::Rate),
        "http_reqs" | "iterations" | "dropped_iterations" => Some(Kind::Counter),
        "vus" | "vus_max" => Some(Kind::Gauge),
        name if name.starts_with("http_req_") => Some(Kind::Trend),
        _ => None,
    }
}

fn judge_expression(
    key: &str,
    expression: &str,
    kind: Option<Kind>,
    location: Location,
    report: &mut Report,
) {
    let malformed = |problem: String| {
        let message = format!("the threshold on `{key}` is none of k6's: {problem}");
        Finding::new(&rules::THRESHOLD_MALFORMED, location.clone(), message).declared(expression)
    };
    if split_key(key).is_none() {
        report.push(malformed("the metric's tags do not end in `}`".to_owned()));
    }
    match Threshold::parse(expression) {
        Err(problem) => report.push(malformed(problem)),
        Ok(threshold) => {
            if let Some(kind) = kind.filter(|kind| !threshold.method.fits(*kind)) {
                let problem =
                    format!("`{}` is not computed for a {}", threshold.method, kind.word());
                report.push(malformed(problem));
            } else if let Some(why) = threshold.vacuous(kind) {
                let message = format!("the threshold on `{key}` decides nothing: {why}");
                let finding = Finding::new(&rules::THRESHOLD_VACUOUS, location, message);
                report.push(finding.declared(expression));
            }
        }
    }
}

/// Limits of suites, files and contracts that every run keeps, or none.
fn vacuous_limits(inputs: &Inputs, report: &mut Report) {
    let mut all: Vec<suite::Limits> =
        suite::suites(inputs).into_iter().map(|one| one.limits).collect();
    all.extend(suite::threshold_files(inputs).into_values().map(|(_, limits)| limits));
    all.extend(suite::contracts(inputs).into_iter().flat_map(|(_, rows)| rows.into_values()));
    for (name, limit) in all.into_iter().flatten() {
        let Some((metric, threshold)) = suite::condition(&name, limit.value) else { continue };
        let kind = kind_of(metric);
        if let Some(why) = threshold.vacuous(kind) {
            let message = format!("the limit on `{metric}` decides nothing: {why}");
            let finding = Finding::new(&rules::THRESHOLD_VACUOUS, limit.location, message);
            report.push(finding.declared(limit.value));
        }
    }
}

/// LOAD03, LOAD04 and the percentiles: every threshold is recomputed and held against what is said.
pub(super) fn recomputed(inputs: &Inputs, _: &Context, report: &mut Report) {
    let suites = runs::suites_of(inputs);
    for (path, result) in read(inputs) {
        let mut held = 0;
        for (key, stated) in stated(result) {
            let location = at(inputs, path, &stated.pointer);
            held += usize::from(recompute(result, key, stated, location, report));
        }
        let limits = suites.get(path.as_str()).map(|suite| &suite.limits);
        for (name, limit) in limits.into_iter().flatten() {
            let Some((metric, threshold)) = suite::condition(name, limit.value) else { continue };
            let place = at(inputs, path, "/metrics");
            held += usize::from(hold(result, metric, &threshold, name, place, report));
        }
        if held > 0 {
            report.passed(
                "load-threshold",
                path.as_str(),
                format!("{held} thresholds hold, recomputed"),
            );
        }
    }
}

/// Recomputes one stated threshold; tells whether it holds and rests on enough.
fn recompute(
    result: &LoadResult,
    key: &str,
    stated: &Stated,
    location: Location,
    report: &mut Report,
) -> bool {
    let (Some(metric), Ok(threshold)) =
        (result.metrics.get(key), Threshold::parse(&stated.expression))
    else {
        return false;
    };
    if !threshold.method.fits(metric.kind) || result.samples_of(key) == Some(0) {
        return false;
    }
    let holds = metric.holds(&threshold);
    let enough = enough_samples(result, key, &threshold, location.clone(), report);
    let actual = number_of(metric.known(threshold.method));
    if let Some((said, holds)) = stated.held.zip(holds)
        && said != holds
    {
        let word = |held: bool| if held { "held" } else { "failed" };
        let message = format!(
            "says that `{}` on `{key}` {}; its own values say that it {}",
            stated.expression,
            word(said),
            word(holds)
        );
        let finding = Finding::new(&rules::VERDICT_CONTRADICTED, location.clone(), message);
        report.push(finding.declared(word(said)).actual(format!("{actual}: {}", word(holds))));
    }
    if holds == Some(false) {
        let message = format!("`{key}` does not hold `{}`", stated.expression);
        let finding = Finding::new(&rules::THRESHOLD_BREACHED, location.clone(), message);
        report.push(finding.declared(&stated.expression).actual(&actual));
    }
    if !matches!(metric.known(threshold.method), Known::Exactly(_)) {
        let message = format!(
            "`{}` of `{key}` is not among the values of the result, so nobody can recompute `{}`",
            threshold.method, stated.expression
        );
        let finding = Finding::new(&rules::NOT_RECOMPUTABLE, location, message);
        let list = result.trend_stats.as_ref().map(|list| list.join(", "));
        report.push(finding.actual(list.unwrap_or(actual)));
        return false;
    }
    enough && holds == Some(true)
}

/// Holds a result against one limit of its suite.
fn hold(
    result: &LoadResult,
    key: &str,
    threshold: &Threshold,
    name: &str,
    location: Location,
    report: &mut Report,
) -> bool {
    let Some(metric) = result.metrics.get(key).filter(|_| result.samples_of(key) != Some(0)) else {
        return false;
    };
    // The same condition in the result itself was judged there.
    let is_stated = metric.thresholds.iter().any(|stated| {
        Threshold::parse(&stated.expression).is_ok_and(|known| {
            known.method == threshold.method && (known.limit - threshold.limit).abs() < 1e-12
        })
    });
    if is_stated {
        return false;
    }
    let enough = enough_samples(result, key, threshold, location.clone(), report);
    match metric.holds(threshold) {
        Some(true) => enough,
        Some(false) => {
            let message = format!("`{key}` does not hold the limit `{name}` of its suite");
            let finding = Finding::new(&rules::THRESHOLD_BREACHED, location, message);
            let actual = number_of(metric.known(threshold.method));
            report.push(finding.declared(threshold.limit).actual(actual));
            false
        }
        None => {
            let message = format!(
                "`{}` of `{key}` is not among the values of the result; the limit `{name}` of its suite cannot be judged",
                threshold.method
            );
            report.push(Finding::new(&rules::NOT_RECOMPUTABLE, location, message));
            false
        }
    }
}

fn enough_samples(
    result: &LoadResult,
    key: &str,
    threshold: &Threshold,
    location: Location,
    report: &mut Report,
) -> bool {
    let rank = match threshold.method {
        Method::Percentile(rank) => rank,
        Method::Count
        | Method::Rate
        | Method::Value
        | Method::Average
        | Method::Minimum
        | Method::Maximum
        | Method::Median => return true,
    };
    let Some(samples) = result.samples_of(key) else { return true };
    let needed = samples_needed(rank);
    if samples < needed {
        let message =
            format!("`p({rank})` of `{key}` rests on {samples} samples; it needs {needed}");
        let finding = Finding::new(&rules::SAMPLES_TOO_FEW, location, message);
        report.push(
            finding.declared(format!("{needed} samples")).actual(format!("{samples} samples")),
        );
    }
    samples >= needed
}

fn number_of(known: Known) -> String {
    match known {
        Known::Exactly(value) => format!("{value}"),
        Known::Between(low, high) => format!("between {low} and {high}"),
        Known::Unknown => "not told".to_owned(),
    }
}

/// LOAD14: the checks of a result were made.
pub(super) fn checks(inputs: &Inputs, _: &Context, report: &mut Report) {
    for (path, result) in read(inputs).filter(|(_, result)| result.shape.tool() == "k6") {
        let shares = result.metrics.get("checks").and_then(|metric| metric.shares);
        let counted = result.checks.or(shares.map(|(good, all)| (good, all.saturating_sub(good))));
        let made = counted.is_some_and(|(good, bad)| good + bad > 0);
        if !made {
            let location = at(inputs, path, "/metrics");
            let message = "no check was made: answers that are wrong and fast count as good";
            report.push(Finding::new(&rules::CHECKS_MISSING, location, message).actual("0 checks"));
        }
        if let (Some((good, bad)), Some((known, all))) = (result.checks, shares)
            && (good, good + bad) != (known, all)
        {
            let message = "the checks of the groups are not those of the metric `checks`";
            let location = at(inputs, path, "/metrics/checks");
            let finding = Finding::new(&rules::VERDICT_CONTRADICTED, location, message);
            report.push(
                finding
                    .declared(format!("{known} of {all}"))
                    .actual(format!("{good} of {}", good + bad)),
            );
        }
    }
}
