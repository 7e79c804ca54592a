//! LOAD19: a baseline is not made looser by the change that it is to judge.

use super::baselines::{baseline_of, baselines, captured_at, row_of};
use super::input::{Inputs, Source};
use super::policy::Policy;
use super::runs;
use crate::document::Node;
use crate::finding::rules::load as rules;
use crate::finding::{Finding, Report};
use crate::time::Timestamp;
use crate::validator::Context;

/// A baseline that was accepted after the runs of a release is not worse than the one before it by as
/// much as would be a regression: the regression would be in the baseline.
pub(super) fn loosened(inputs: &Inputs, _: &Context, report: &mut Report) {
    let policy = Policy::of(inputs);
    for list in runs::lists(inputs) {
        let suite = list.text("/suite").unwrap_or_default();
        let Some(baseline) = baseline_of(inputs, list) else { continue };
        let Some((pointer, row)) = row_of(baseline, suite) else { continue };
        if !is_accepted_after(baseline, list) {
            continue;
        }
        let Some(before) = before(inputs, baseline, suite) else { continue };
        let Some((_, older)) = row_of(before, suite) else { continue };
        for (key, was, is) in worse(&policy, older, row) {
            let message = format!(
                "`{key}` of `{}` is looser than in `{}`, and was accepted after the runs that it judges",
                suite.escape_debug(),
                before.path
            );
            let at = baseline.at(&format!("{pointer}/{key}"));
            let finding = Finding::new(&rules::BASELINE_UNAPPROVED, at, message);
            report.push(finding.declared(was).actual(is));
        }
    }
}

fn is_accepted_after(baseline: &Source, list: &Source) -> bool {
    let accepted = baseline.text("/approval/approved_at").and_then(|text| text.parse().ok());
    let started = |run: &Node| run.get("started_at")?.as_str()?.parse::<Timestamp>().ok();
    let first = list.list("/runs").iter().filter_map(started).min();
    accepted.zip(first).is_some_and(|(accepted, first): (Timestamp, _)| accepted > first)
}

/// The newest baseline of the suite that was measured before this one.
fn before<'a>(inputs: &'a Inputs, baseline: &Source, suite: &str) -> Option<&'a Source> {
    let now = captured_at(baseline)?;
    baselines(inputs)
        .filter(|other| other.path != baseline.path && row_of(other, suite).is_some())
        .filter(|other| captured_at(other).is_some_and(|then| then < now))
        .max_by_key(|other| captured_at(other))
}

/// The figures that are worse by the margin, with what they were and are.
fn worse(policy: &Policy, older: &Node, row: &Node) -> Vec<(&'static str, f64, f64)> {
    let pair = |key: &str| older.get(key)?.as_f64().zip(row.get(key)?.as_f64());
    let mut found = Vec::new();
    for (key, margin) in [("p95_ms", policy.p95), ("p99_ms", policy.p99)] {
        let Some((was, is)) = pair(key) else { continue };
        if is > was * (1.0 + margin.relative) && is - was > margin.absolute {
            found.push((key, was, is));
        }
    }
    if let Some((was, is)) = pair("throughput_rps")
        && is < was * (1.0 - policy.throughput.relative)
    {
        found.push(("throughput_rps", was, is));
    }
    if let Some((was, is)) = pair("fail_rate")
        && is > was + policy.fail_rate.relative
    {
        found.push(("fail_rate", was, is));
    }
    found
}
