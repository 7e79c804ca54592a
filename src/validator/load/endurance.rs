//! LOAD23 and LOAD24: what the service used while it was under load, and whether it keeps.

use std::collections::BTreeMap;

use super::input::{Inputs, Source};
use super::policy::Policy;
use super::runs;
use super::statistics::trend::rising;
use super::suite;
use crate::document::Node;
use crate::finding::rules::load as rules;
use crate::finding::{Finding, Report};
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
            let Some(trend) = rising(&series) else { continue };
            let text =
                format!("{:+.1} % over the run, p {:.4}", trend.growth * 100.0, trend.p_rising);
            if trend.p_rising < SIGNIFICANT && trend.growth > NOTICEABLE {
                let message = format!("{what} rises while the load stays even");
                let finding = Finding::new(&rules::SOAK_RISES, source.at("/runs"), message);
                report.push(finding.declared("no rise").actual(text));
            } else {
                report.passed("load-soak", format!("{} {key}", source.path), text);
            }
        }
    }
}
