//! LOAD23 and LOAD24: what the service used while it was under load, and whether it keeps.

use std::collections::BTreeMap;

use super::input::{Inputs, Source};
use super::policy::Policy;
use super::result::Slice;
use super::runs;
use super::statistics::trend::rising;
use super::statistics::{as_f64, median};
use super::suite;
use crate::document::Node;
use crate::finding::rules::load as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// LOAD23: processor, memory and file descriptors stay within what was declared.
pub(super) fn resources(inputs: &Inputs, _: &Context, report: &mut Report) {
    let policy = Policy::of(inputs);
    let suites = suite::suites(inputs).into_iter().map(|suite| (suite.name, suite.limits));
    let limits: BTreeMap<&str, suite::Limits> = suites.collect();
    for source in runs::lists(inputs) {
        let limits = limits.get(source.text("/suite").unwrap_or_default());
        let bytes =
            limits.and_then(|limits| limits.get("memory_growth_bytes")).map(|limit| limit.value);
        let mut without = 0;
        for (index, run) in source.list("/runs").iter().enumerate() {
            let Some(used) = run.get("resources") else {
                without += 1;
                continue;
            };
            judge_run(source, index, used, &policy, bytes, report);
        }
        if without > 0 {
            let detail = format!("{without} runs do not say what the service used");
            report.skipped("load-resources", source.path.as_str(), detail);
        }
    }
}

fn judge_run(
    source: &Source,
    index: usize,
    used: &Node,
    policy: &Policy,
    growth_bytes: Option<f64>,
    report: &mut Report,
) {
    let number = |key: &str| used.get(key).and_then(Node::as_f64);
    let mut over = |key: &str, what: &str, most: f64, actual: f64| {
        if actual > most {
            let location = source.at(&format!("/runs/{index}/resources/{key}"));
            let finding = Finding::new(
                &rules::RESOURCES_EXCEEDED,
                location,
                format!("{what} is above its limit"),
            );
            report.push(finding.declared(most).actual(actual));
        }
    };
    if let Some(cpu) = number("cpu_pct_max") {
        over("cpu_pct_max", "the share of the processor", policy.cpu_percent, cpu);
    }
    if let Some((first, last)) = number("rss_bytes_first").zip(number("rss_bytes_last"))
        && first > 0.0
    {
        over("rss_bytes_last", "the memory at the end", first * (1.0 + policy.memory_growth), last);
        if let Some(most) = growth_bytes {
            over("rss_bytes_last", "the growth of the memory", most, last - first);
        }
    }
    if let Some((open, most)) = number("open_fds_max").zip(policy.file_descriptors) {
        over("open_fds_max", "the number of file descriptors", most, open);
    }
}

/// How small the chance of so much rise has to be.
const SIGNIFICANT: f64 = 0.01;
/// The growth over a run that is worth a word: rounding and single pages are not.
const NOTICEABLE: f64 = 0.01;

/// A run from here on is long enough to tell a leak from a warm start.
const LONG_MS: f64 = 600_000.0;
/// The fewest slices of an even load.
const MIN_SLICES: usize = 12;
/// How far a slice's requests may lie from the middle of all while the load is even: ramps do not.
const EVEN: f64 = 0.2;

/// LOAD24 over the samples of a long run, whatever a list of runs says of it.
pub(super) fn sampled_slopes(inputs: &Inputs, _: &Context, report: &mut Report) {
    for (path, read) in &inputs.results {
        let Ok(result) = read else { continue };
        let slices = result.metrics.get("http_req_duration").map(|metric| metric.slices.as_slice());
        let is_long = result.duration_ms.is_some_and(|lasted| lasted >= LONG_MS);
        let Some(slices) = slices.filter(|slices| is_long && !slices.is_empty()) else { continue };
        let counts: Vec<f64> = slices.iter().map(|slice| as_f64(slice.count)).collect();
        let Some(middle) = median(&counts) else { continue };
        let even: Vec<&Slice> = slices
            .iter()
            .filter(|slice| (as_f64(slice.count) - middle).abs() <= middle * EVEN)
            .collect();
        if even.len() < MIN_SLICES {
            let detail = format!("{} slices of even load; {MIN_SLICES} are needed", even.len());
            report.skipped("load-soak", path.as_str(), detail);
            continue;
        }
        for (rank, needed, what) in
            [(95, 200.0, "the 95th percentile"), (99, 1_000.0, "the 99th percentile")]
        {
            // A percentile needs 10/(1-p) samples, in every slice.
            if middle < needed {
                let detail = format!("{middle} samples a slice; {what} needs {needed}");
                report.skipped("load-soak", format!("{path} p{rank}"), detail);
                continue;
            }
            let value = |slice: &&Slice| if rank == 95 { slice.p95 } else { slice.p99 };
            let series = even.iter().map(|slice| (slice.offset_s, value(slice))).collect();
            judge_series(
                &[series],
                Location::named(path),
                &format!("{path} p{rank}"),
                what,
                report,
            );
        }
    }
}

/// LOAD24: over the slices of long runs neither memory nor latency rises.
pub(super) fn slopes(inputs: &Inputs, _: &Context, report: &mut Report) {
    for source in runs::lists(inputs) {
        let sliced = source.list("/runs").iter().any(|run| run.get("slices").is_some());
        if !sliced {
            continue;
        }
        for (key, what) in [
            ("rss_bytes_max", "memory"),
            ("p95_ms", "the 95th percentile"),
            ("p99_ms", "the 99th percentile"),
        ] {
            let series: Vec<Vec<(f64, f64)>> = source
                .list("/runs")
                .iter()
                .map(|run| {
                    let slices = run.get("slices").map(Node::items).unwrap_or_default();
                    let pair = |slice: &Node| {
                        Some((slice.get("offset_s")?.as_f64()?, slice.get(key)?.as_f64()?))
                    };
                    slices.iter().filter_map(pair).collect()
                })
                .filter(|series: &Vec<_>| !series.is_empty())
                .collect();
            let shown = format!("{} {key}", source.path);
            judge_series(&series, source.at("/runs"), &shown, what, report);
        }
    }
}

fn judge_series(
    series: &[Vec<(f64, f64)>],
    location: Location,
    shown: &str,
    what: &str,
    report: &mut Report,
) {
    let Some(trend) = rising(series) else { return };
    let text = format!("{:+.1} % over the run, p {:.4}", trend.growth * 100.0, trend.p_rising);
    if trend.p_rising < SIGNIFICANT && trend.growth > NOTICEABLE {
        let message = format!("{what} rises while the load stays even");
        let finding = Finding::new(&rules::SOAK_RISES, location, message);
        report.push(finding.declared("no rise").actual(text));
    } else {
        report.passed("load-soak", shown, text);
    }
}
