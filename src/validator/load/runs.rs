//! Lists of runs: how each run went.

use std::collections::BTreeMap;

use super::input::{Inputs, Source};
use super::layout;
use super::result::{Executor, LoadResult, Plan, Shape};
use super::statistics::samples_needed;
use super::suite::{self, Suite};
use crate::document::Node;
use crate::finding::rules::load as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// The documents that list runs of a suite.
pub(super) fn lists(inputs: &Inputs) -> impl Iterator<Item = &Source> {
    inputs.documents().filter(|source| {
        source.text("/suite").is_some()
            && source.list("/runs").iter().any(|run| !run.entries().is_empty())
    })
}

/// The suite of each result: by the list of runs that keeps it, else by its name.
pub(super) fn suites_of(inputs: &Inputs) -> BTreeMap<&str, Suite<'_>> {
    let suites = suite::suites(inputs).into_iter().map(|suite| (suite.name, suite));
    let suites: BTreeMap<&str, Suite<'_>> = suites.collect();
    let kept =
        lists(inputs).filter_map(|list| Some((list.text("/raw/path")?, list.text("/suite")?)));
    let kept: BTreeMap<&str, &str> = kept.collect();
    let of_results = inputs.results.keys().filter_map(|path| {
        let name = kept.get(path.as_str()).copied().unwrap_or_else(|| layout::stem(path));
        Some((path.as_str(), suites.get(name)?.clone()))
    });
    of_results.collect()
}

/// The plan of a suite: its scenario's, else its script's.
pub(super) fn plan_of(inputs: &Inputs, suite: &Suite<'_>) -> Option<Plan> {
    let of_scenario =
        suite.scenario(inputs).and_then(|path| Plan::of(&inputs.document(&path)?.root));
    of_scenario.or_else(|| {
        let script = inputs.scripts.get(&suite.script(inputs)?)?;
        script.options.as_ref()?.scenarios.values().next().cloned()
    })
}

/// One run of a list.
pub(super) struct Run<'a> {
    pub(super) source: &'a Source,
    pub(super) pointer: String,
    pub(super) node: &'a Node,
}

impl Run<'_> {
    pub(super) fn number(&self, key: &str) -> Option<f64> {
        self.node.pointer(&format!("/{key}")).and_then(Node::as_f64)
    }

    pub(super) fn at(&self, key: &str) -> Location {
        let pointer = format!("{}/{key}", self.pointer);
        if self.source.root.pointer(&pointer).is_some() {
            self.source.at(&pointer)
        } else {
            self.source.at(&self.pointer)
        }
    }

    pub(super) fn found(
        &self,
        rule: &'static crate::finding::Rule,
        key: &str,
        message: String,
        declared: impl std::fmt::Display,
        actual: impl std::fmt::Display,
        report: &mut Report,
    ) {
        let finding = Finding::new(rule, self.at(key), message);
        report.push(finding.declared(declared).actual(actual));
    }
}

pub(super) fn runs_of(source: &Source) -> impl Iterator<Item = Run<'_>> {
    source.list("/runs").iter().enumerate().map(move |(index, node)| Run {
        source,
        pointer: format!("/runs/{index}"),
        node,
    })
}

/// LOAD09: every run ended as k6 ends a run that held.
pub(super) fn exits(inputs: &Inputs, _: &Context, report: &mut Report) {
    for run in lists(inputs).flat_map(runs_of) {
        let said = run.node.get("exit_code").map(|node| node.as_i64());
        let meaning = match said {
            Some(Some(0)) => continue,
            None => "the run does not say how it ended",
            Some(None) => "the exit code is no number",
            Some(Some(97 | 98)) => "the cloud did not do its part",
            Some(Some(99)) => "thresholds failed",
            Some(Some(100 | 101)) => "setup or teardown took too long",
            Some(Some(104)) => "the configuration was refused",
            Some(Some(105 | 108)) => "the run was aborted",
            Some(Some(106)) => "the interface of k6 failed",
            Some(Some(107)) => "the script threw",
            Some(Some(_)) => "the run did not end well",
        };
        let actual = said.flatten().map_or("none".to_owned(), |code| code.to_string());
        run.found(&rules::RUN_FAILED, "exit_code", meaning.to_owned(), 0, actual, report);
    }
}

/// The most iterations that may be dropped, as a share of those that were planned.
const MAX_DROPPED: f64 = 0.01;
/// The least share of the planned rate that has to be reached.
const LEAST_RATE: f64 = 0.95;

/// LOAD10 and LOAD11: the generator did what it was asked to.
pub(super) fn generator(inputs: &Inputs, _: &Context, report: &mut Report) {
    for run in lists(inputs).flat_map(runs_of) {
        let planned =
            |key: &str| run.source.root.pointer(&format!("/planned/{key}")).and_then(Node::as_f64);
        let iterations =
            planned("iterations").or_else(|| Some(planned("rate")? * planned("duration_s")?));
        if let Some((dropped, planned)) = run.number("dropped_iterations").zip(iterations)
            && dropped > planned * MAX_DROPPED
        {
            let message = format!("{dropped} of {planned} iterations were never started");
            run.found(
                &rules::GENERATOR_SATURATED,
                "dropped_iterations",
                message,
                planned,
                dropped,
                report,
            );
        }
        if let Some((achieved, rate)) = run.number("achieved_rate").zip(planned("rate"))
            && achieved < rate * LEAST_RATE
        {
            let message = "the run did not reach 95 % of its rate".to_owned();
            run.found(&rules::RATE_NOT_REACHED, "achieved_rate", message, rate, achieved, report);
        }
        if let Some((used, most)) = run.number("vus_max").zip(planned("max_vus"))
            && used >= most
        {
            let message =
                "every virtual user was in use, so the rate was not the generator's choice"
                    .to_owned();
            run.found(&rules::GENERATOR_SATURATED, "vus_max", message, most, used, report);
        }
        recounted_rate(&run, report);
    }
    let suites = suites_of(inputs);
    for (path, read) in &inputs.results {
        let Ok(result) = read else { continue };
        let plan = suites.get(path.as_str()).and_then(|suite| plan_of(inputs, suite));
        if let Some(plan) = plan {
            of_result(inputs, path, result, &plan, report);
        }
    }
}

/// The rate that a run states is that of its own counts.
fn recounted_rate(run: &Run<'_>, report: &mut Report) {
    let counted = run.number("iterations").zip(run.number("duration_ms"));
    let Some(counted) = counted.filter(|(_, ms)| *ms > 0.0).map(|(count, ms)| count / ms * 1e3)
    else {
        return;
    };
    if let Some(stated) = run.number("achieved_rate")
        && (stated - counted).abs() > counted * 0.02
    {
        let message = "the rate is not that of the iterations over the duration".to_owned();
        run.found(
            &rules::FIGURE_DIFFERS,
            "achieved_rate",
            message,
            stated,
            format!("{counted:.3}"),
            report,
        );
    }
}

fn of_result(inputs: &Inputs, path: &str, result: &LoadResult, plan: &Plan, report: &mut Report) {
    let place = |metric: &str| match inputs.document(path) {
        Some(source) => source.at(&format!("/metrics/{metric}")),
        None => Location::named(path),
    };
    let count = |metric: &str| result.metrics.get(metric).and_then(|metric| metric.count);
    #[expect(clippy::cast_precision_loss, reason = "no run has 2^53 iterations")]
    let (done, dropped) =
        (count("iterations").map(|n| n as f64), count("dropped_iterations").unwrap_or(0) as f64);
    let is_open = Executor::parse(&plan.executor) == Some(Executor::Open);
    let Some(done) = done.filter(|_| is_open) else { return };
    let planned =
        plan.rate.zip(plan.duration_ms).map_or(done + dropped, |(rate, ms)| rate * ms / 1e3);
    if dropped > planned * MAX_DROPPED {
        let message = format!("{dropped} of {planned} iterations were never started");
        let finding =
            Finding::new(&rules::GENERATOR_SATURATED, place("dropped_iterations"), message);
        report.push(finding.declared(planned).actual(dropped));
    }
    let over = result.duration_ms.or(plan.duration_ms).filter(|ms| *ms > 0.0);
    if let Some((rate, ms)) = plan.rate.zip(over) {
        let achieved = done / ms * 1e3;
        if achieved < rate * LEAST_RATE {
            let message = "the run did not reach 95 % of its rate";
            let finding = Finding::new(&rules::RATE_NOT_REACHED, place("iterations"), message);
            report.push(finding.declared(rate).actual(format!("{achieved:.3}")));
        }
    }
}

/// LOAD12: latencies are measured under a load that a slow server cannot slow down.
pub(super) fn models(inputs: &Inputs, _: &Context, report: &mut Report) {
    let mut unknown = 0;
    for suite in suite::suites(inputs) {
        let claims = suite.limits.keys().any(|name| name.ends_with("_ms"));
        let Some(plan) = plan_of(inputs, &suite) else {
            unknown += usize::from(claims);
            continue;
        };
        if claims && Executor::parse(&plan.executor) == Some(Executor::Closed) {
            let location = match suite.scenario(inputs).and_then(|path| inputs.document(&path)) {
                Some(source) => source.at("/executor"),
                None => suite.at("scenario"),
            };
            let message = format!(
                "`{}` sets limits on latency and waits for every answer before it asks again",
                suite.name
            );
            let finding = Finding::new(&rules::CLOSED_MODEL, location, message);
            report.push(finding.declared(&plan.executor));
        }
    }
    if unknown > 0 {
        let detail = format!(
            "{unknown} suites with limits on latency do not say how their requests are started"
        );
        report.skipped("load-model", "ops/load", detail);
    }
}

/// LOAD13: every run lasted as long as it was planned, the ramp not counted.
pub(super) fn durations(inputs: &Inputs, _: &Context, report: &mut Report) {
    for run in lists(inputs).flat_map(runs_of) {
        let planned = run.source.root.pointer("/planned/duration_s").and_then(Node::as_f64);
        if let Some((lasted, planned)) = run.number("duration_ms").zip(planned)
            && lasted < planned * 1e3 * 0.99
        {
            let message = "the run ended before its steady part was over".to_owned();
            run.found(&rules::RUN_TOO_SHORT, "duration_ms", message, planned * 1e3, lasted, report);
        }
    }
    let suites = suites_of(inputs);
    for (path, read) in &inputs.results {
        let Ok(result) = read else { continue };
        let plan = suites.get(path.as_str()).and_then(|suite| plan_of(inputs, suite));
        let Some((plan, lasted)) = plan.zip(result.duration_ms) else { continue };
        // Of samples only the time from the first to the last is known: one start and a second
        // of grace are missing from it.
        let unseen = match result.shape {
            Shape::K6Ndjson | Shape::K6Csv => {
                1_000.0 + plan.rate.filter(|rate| *rate > 0.0).map_or(0.0, |rate| 1_000.0 / rate)
            }
            Shape::K6SummaryExport
            | Shape::K6HandleSummary
            | Shape::K6MachineReadable
            | Shape::K6Options
            | Shape::Vegeta
            | Shape::LocustJson
            | Shape::LocustCsv
            | Shape::Gatling
            | Shape::Oha
            | Shape::Wrk2 => 0.0,
        };
        if let Some(planned) = plan.duration_ms
            && lasted + unseen < planned * 0.99
        {
            let message = "the run ended before its steady part was over";
            let finding = Finding::new(&rules::RUN_TOO_SHORT, Location::named(path), message);
            report.push(finding.declared(format!("{planned} ms")).actual(format!("{lasted} ms")));
        }
    }
}

/// LOAD02, LOAD03 and LOAD14 over the figures of each run.
pub(super) fn figures(inputs: &Inputs, _: &Context, report: &mut Report) {
    let suites = suite::suites(inputs).into_iter().map(|suite| (suite.name, suite.limits));
    let limits: BTreeMap<&str, suite::Limits> = suites.collect();
    for source in lists(inputs) {
        let limits = limits.get(source.text("/suite").unwrap_or_default());
        let mut held = 0;
        for run in runs_of(source) {
            held += figures_of(&run, limits, report);
        }
        if held > 0 {
            report.passed(
                "load-threshold",
                source.path.as_str(),
                format!("{held} limits hold over all runs"),
            );
        }
    }
}

fn figures_of(run: &Run<'_>, limits: Option<&suite::Limits>, report: &mut Report) -> usize {
    let requests = run.number("requests");
    if requests == Some(0.0) {
        run.found(
            &rules::RESULT_EMPTY,
            "requests",
            "the run sent no request".to_owned(),
            "at least 1",
            0,
            report,
        );
        return 0;
    }
    let made = run.number("checks_passed").zip(run.number("checks_failed"));
    if made.is_none_or(|(good, bad)| good + bad <= 0.0) {
        let message = "no check was made: answers that are wrong and fast count as good".to_owned();
        run.found(&rules::CHECKS_MISSING, "checks_passed", message, "at least 1", 0, report);
    }
    let mut held = 0;
    for (name, limit) in limits.into_iter().flatten() {
        let Some((_, threshold)) = suite::condition(name, limit.value) else { continue };
        let (key, value) = match name.as_str() {
            "fail_rate" => {
                let share = run.number("failed_requests").zip(requests).map(|(bad, all)| bad / all);
                ("failed_requests", share)
            }
            "check_rate" => {
                ("checks_passed", made.filter(|(a, b)| a + b > 0.0).map(|(a, b)| a / (a + b)))
            }
            other => (other, run.number(other)),
        };
        let Some(value) = value else {
            let message = format!("the run has no figure for the limit `{name}` of its suite");
            run.found(&rules::NOT_RECOMPUTABLE, key, message, limit.value, "none", report);
            continue;
        };
        if value < 0.0 {
            let message = format!("`{key}` is negative");
            run.found(&rules::VALUE_IMPOSSIBLE, key, message, "zero or more", value, report);
        } else if threshold.operator.holds(value, threshold.limit) {
            held += 1;
        } else {
            let message = format!("the run does not hold the limit `{name}` of its suite");
            run.found(&rules::THRESHOLD_BREACHED, key, message, limit.value, value, report);
        }
        enough(run, name, key, requests, report);
    }
    held
}

fn enough(run: &Run<'_>, name: &str, key: &str, requests: Option<f64>, report: &mut Report) {
    let rank =
        name.strip_prefix('p').and_then(|rest| rest.strip_suffix("_ms")?.parse::<f64>().ok());
    #[expect(clippy::cast_precision_loss, reason = "no percentile needs 2^53 samples")]
    let needed = rank.map(|rank| samples_needed(rank) as f64);
    if let Some((needed, requests)) = needed.zip(requests)
        && requests < needed
    {
        let message = format!("`{name}` rests on {requests} requests; it needs {needed}");
        run.found(&rules::SAMPLES_TOO_FEW, key, message, needed, requests, report);
    }
}
