//! Lists of runs: how each run went, what it was, and whether its raw result is kept.

use std::collections::BTreeMap;

use super::input::{Inputs, Source};
use super::layout;
use super::result::{Executor, LoadResult, Plan};
use super::statistics::samples_needed;
use super::suite::{self, Suite};
use crate::digest::Digest;
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

/// The suite that a result is of: by the list of runs that keeps it, else by its name.
pub(super) fn suite_of<'a>(inputs: &'a Inputs, path: &str) -> Option<Suite<'a>> {
    let kept = lists(inputs).find(|source| source.text("/raw/path") == Some(path));
    let name = kept.and_then(|source| source.text("/suite")).unwrap_or_else(|| layout::stem(path));
    suite::suites(inputs).into_iter().find(|suite| suite.name == name)
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

struct Run<'a> {
    source: &'a Source,
    pointer: String,
    node: &'a Node,
}

impl Run<'_> {
    fn number(&self, key: &str) -> Option<f64> {
        self.node.pointer(&format!("/{key}")).and_then(Node::as_f64)
    }

    fn at(&self, key: &str) -> Location {
        let pointer = format!("{}/{key}", self.pointer);
        if self.source.root.pointer(&pointer).is_some() {
            self.source.at(&pointer)
        } else {
            self.source.at(&self.pointer)
        }
    }

    fn found(
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

fn runs_of(source: &Source) -> impl Iterator<Item = Run<'_>> {
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
    for (path, read) in &inputs.results {
        let Ok(result) = read else { continue };
        let plan = suite_of(inputs, path).and_then(|suite| plan_of(inputs, &suite));
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
    for (path, read) in &inputs.results {
        let Ok(result) = read else { continue };
        let planned = suite_of(inputs, path).and_then(|suite| plan_of(inputs, &suite)?.duration_ms);
        if let Some((lasted, planned)) = result.duration_ms.zip(planned)
            && lasted < planned * 0.99
        {
            let message = "the run ended before its steady part was over";
            let finding = Finding::new(&rules::RUN_TOO_SHORT, Location::named(path), message);
            report.push(finding.declared(format!("{planned} ms")).actual(format!("{lasted} ms")));
        }
    }
}

/// LOAD02, LOAD03 and LOAD14 over the figures of each run.
pub(super) fn figures(inputs: &Inputs, _: &Context, report: &mut Report) {
    let suites = suite::suites(inputs);
    for source in lists(inputs) {
        let name = source.text("/suite").unwrap_or_default();
        let limits = suites.iter().find(|suite| suite.name == name).map(|suite| &suite.limits);
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

/// What identifies a list of runs: the field, and what it is for.
const IDENTITY: &[(&str, &str)] = &[
    ("/subject/digest", "which artifact was measured"),
    ("/scenario_sha256", "which scenario was run"),
    ("/seed", "which seed picked the requests"),
    ("/query_pack_sha256", "which data was asked for"),
    ("/tool/version", "which version of the tool measured"),
    ("/profile", "which profile was deployed"),
    ("/host_class", "on what kind of machine"),
];

/// LOAD15: every list of runs says what it measured, and it is what is released.
pub(super) fn identity(inputs: &Inputs, _: &Context, report: &mut Report) {
    for source in lists(inputs) {
        let missing: Vec<String> = IDENTITY
            .iter()
            .filter(|(pointer, _)| {
                source.root.pointer(pointer).and_then(Node::scalar_text).is_none()
            })
            .map(|(pointer, meaning)| format!("{} ({meaning})", pointer.trim_start_matches('/')))
            .collect();
        if !missing.is_empty() {
            let message = "the runs do not say what they measured";
            let finding = Finding::new(&rules::IDENTITY_MISSING, source.at(""), message);
            report.push(finding.actual(format!("missing: {}", missing.join(", "))));
        }
        same_files(inputs, source, report);
        same_subject(inputs, source, report);
        same_seed(inputs, source, report);
    }
    let kept: Vec<&str> = lists(inputs).filter_map(|source| source.text("/raw/path")).collect();
    for (path, read) in &inputs.results {
        let is_result = read.as_ref().is_ok_and(|result| result.options.is_none());
        if is_result && !kept.contains(&path.as_str()) {
            let message = "no list of runs keeps this result: nothing says which artifact, scenario, profile and machine it is of";
            report.push(Finding::new(&rules::IDENTITY_MISSING, Location::named(path), message));
        }
    }
}

fn same_files(inputs: &Inputs, source: &Source, report: &mut Report) {
    let name = source.text("/suite").unwrap_or_default();
    let suites = suite::suites(inputs);
    let Some(suite) = suites.iter().find(|suite| suite.name == name) else { return };
    let pack = suite.source.text("/query_set").map(str::to_owned);
    for (key, path) in [
        ("/scenario_sha256", suite.scenario(inputs)),
        ("/script_sha256", suite.script(inputs)),
        ("/query_pack_sha256", pack),
    ] {
        let Some((stated, path)) = source.text(key).zip(path) else { continue };
        let Some(actual) = inputs.digests.get(&path) else { continue };
        if stated != actual.to_string() {
            let message = format!("the runs were made with another `{path}`");
            let finding = Finding::new(&rules::IDENTITY_DIFFERS, source.at(key), message);
            report.push(finding.declared(stated).actual(actual));
        }
    }
}

fn same_subject(inputs: &Inputs, source: &Source, report: &mut Report) {
    let Some(stated) = source.text("/subject/digest") else { return };
    let place = || source.at("/subject/digest");
    let digest: Option<Digest> = stated.strip_prefix("sha256:").unwrap_or(stated).parse().ok();
    if digest.is_none_or(|digest| digest.is_placeholder()) {
        let message = "the digest of what was measured stands for nothing";
        report.push(Finding::new(&rules::IDENTITY_DIFFERS, place(), message).declared(stated));
        return;
    }
    let Some(registry) = inputs.neighbour("ops/release/image-digest-registry.json") else { return };
    let (name, release) = (source.text("/subject/name"), source.text("/release"));
    for row in registry.list("/released") {
        let text = |key: &str| row.get(key).and_then(Node::as_str);
        if text("name") == name && text("version") == release && text("digest") != Some(stated) {
            let message =
                "the runs measured another artifact than the one released under this version";
            let finding = Finding::new(&rules::IDENTITY_DIFFERS, place(), message);
            report.push(finding.declared(stated).actual(text("digest").unwrap_or_default()));
        }
    }
}

fn same_seed(inputs: &Inputs, source: &Source, report: &mut Report) {
    let policy =
        inputs.document(layout::SEED).and_then(|policy| policy.root.get("deterministic_seed"));
    let stated = source.root.get("seed");
    let number = |node: &Node| node.scalar_text().map(std::borrow::Cow::into_owned);
    if let Some((policy, stated)) = policy.and_then(number).zip(stated.and_then(number))
        && policy != stated
    {
        let message = "the runs used another seed than the policy names";
        let finding = Finding::new(&rules::IDENTITY_DIFFERS, source.at("/seed"), message);
        report.push(finding.declared(stated).actual(policy));
    }
}

/// LOAD25: raw results are kept, and the figures are theirs.
pub(super) fn raw_results(inputs: &Inputs, _: &Context, report: &mut Report) {
    for source in lists(inputs) {
        let mut seen: BTreeMap<&str, String> = BTreeMap::new();
        for run in runs_of(source) {
            let Some(digest) = run.node.get("raw_sha256").and_then(Node::as_str) else {
                let message = "the run does not keep the digest of its raw result";
                report.push(Finding::new(&rules::RAW_MISSING, run.at("raw_sha256"), message));
                continue;
            };
            let is_sound = digest.parse::<Digest>().is_ok_and(|digest| !digest.is_placeholder());
            let twice = seen.insert(digest, run.pointer.clone());
            if let (true, None) = (is_sound, &twice) {
                continue;
            }
            let message = match twice {
                Some(other) => format!("`{other}` has the same raw result: one run counted twice"),
                None => "the digest of the raw result stands for nothing".to_owned(),
            };
            let finding = Finding::new(&rules::RAW_DIFFERS, run.at("raw_sha256"), message);
            report.push(finding.declared(digest));
        }
        kept_result(inputs, source, report);
    }
}

/// The one raw result that is in the tree is the one that was named, and has the figures of its run.
fn kept_result(inputs: &Inputs, source: &Source, report: &mut Report) {
    let Some(path) = source.text("/raw/path") else {
        let message = "no raw result is kept in the tree, so nobody can recompute the figures";
        report.push(Finding::new(&rules::RAW_MISSING, source.at("/raw"), message));
        return;
    };
    let Some(actual) = inputs.digests.get(path) else {
        let message = format!("`{path}` is not in the tree");
        report.push(
            Finding::new(&rules::RAW_MISSING, source.at("/raw/path"), message).declared(path),
        );
        return;
    };
    let stated = source.text("/raw/sha256").unwrap_or_default();
    if stated != actual.to_string() {
        let message = format!("`{path}` is another file than the one that was measured");
        let finding = Finding::new(&rules::RAW_DIFFERS, source.at("/raw/sha256"), message);
        report.push(finding.declared(stated).actual(actual));
    }
    let number = source.root.pointer("/raw/run").and_then(Node::as_u64);
    let of_run = runs_of(source).find(|run| run.node.get("run").and_then(Node::as_u64) == number);
    if let (Some(run), Some(Ok(result))) = (of_run, inputs.results.get(path)) {
        if let Some(digest) = run.node.get("raw_sha256").and_then(Node::as_str)
            && digest != stated
        {
            let message = "the run and the kept result have different digests".to_owned();
            run.found(&rules::RAW_DIFFERS, "raw_sha256", message, digest, stated, report);
        }
        same_figures(&run, result, report);
    }
}

fn same_figures(run: &Run<'_>, result: &LoadResult, report: &mut Report) {
    let latency = result.metrics.get("http_req_duration");
    let at_rank = |rank: f64| {
        let known = latency?.percentiles.iter().find(|known| (known.0 - rank).abs() < 1e-9)?;
        Some(known.1)
    };
    #[expect(clippy::cast_precision_loss, reason = "no run sends 2^53 requests")]
    let pairs = [
        ("p95_ms", at_rank(95.0)),
        ("p99_ms", at_rank(99.0)),
        ("requests", result.requests().map(|count| count as f64)),
        (
            "failed_requests",
            result.metrics.get("http_req_failed").and_then(|m| m.shares).map(|(bad, _)| bad as f64),
        ),
    ];
    for (key, actual) in pairs {
        if let Some((stated, actual)) = run.number(key).zip(actual)
            && (stated - actual).abs() > 0.001_f64.max(actual.abs() * 1e-4)
        {
            let message = format!("`{key}` is not that of the raw result");
            run.found(&rules::FIGURE_DIFFERS, key, message, stated, actual, report);
        }
    }
}
