//! By what a rollout is broken off.

use std::collections::BTreeSet;

use super::super::facts::AnalysisFacts;
use super::super::question::{Answer, Question};
use crate::finding::Status;
use crate::validator::observe::metrics_asked;

/// RB21: Argo's and Flagger's analyses.
pub(super) fn abort_criteria(question: &Question<'_>) -> Answer {
    let objects = match question.candidate_objects() {
        Ok(objects) => objects,
        Err(answer) => return answer,
    };
    let inputs = question.candidate.facts_input();
    let none = BTreeSet::new();
    let metrics = question.candidate.known().map_or(&none, |facts| &facts.metrics);
    let mut count = 0;
    let mut unknown = None;
    for (profile, object) in objects {
        let is_canary = object.rollout.as_ref().is_some_and(|rollout| rollout.strategy == "canary");
        count += usize::from(is_canary);
        for analysis in &object.analysis {
            count += 1;
            let Err(answer) = judge(analysis, metrics) else { continue };
            let place = format!("{} of profile `{profile}`", object.label());
            let detail = format!("{}: {}", place.escape_debug(), answer.detail);
            let answer = Answer { detail, ..answer }.from(&inputs);
            if answer.status == Status::Fails {
                return answer;
            }
            unknown = unknown.or(Some(answer));
        }
    }
    match (unknown, count) {
        (Some(answer), _) => answer,
        (None, 0) => {
            Answer::not_applicable("the candidate rolls out without an analysis").from(&inputs)
        }
        (None, count) => Answer::holds(format!("{count} criteria are sound")).from(&inputs),
    }
}

/// The most failures that are still an end.
const MAX_FAILURES: u64 = 1000;

fn judge(analysis: &AnalysisFacts, metrics: &BTreeSet<String>) -> Result<(), Answer> {
    let name = analysis.name.escape_debug();
    if analysis.passes_without_data {
        return Err(Answer::fails(format!("`{name}` passes without data")));
    }
    if analysis.failure_limit.is_none_or(|limit| limit > MAX_FAILURES) {
        return Err(Answer::fails(format!("`{name}` has no finite failure limit")));
    }
    // What Flagger and Argo measure themselves asks for nothing.
    if analysis.query.trim().is_empty() {
        return Ok(());
    }
    let Some(asked) = metrics_asked(&analysis.query) else {
        return Err(Answer::fails(format!("the query of `{name}` is no PromQL")));
    };
    let strange = asked.iter().find(|metric| !is_known(metric, metrics));
    match strange {
        None => Ok(()),
        Some(_) if metrics.is_empty() => {
            let detail = format!("no contract says which metrics there are for `{name}`");
            Err(Answer::unknown(detail))
        }
        Some(metric) => {
            let metric = metric.escape_debug();
            Err(Answer::fails(format!("`{name}` asks for `{metric}`, which is in no contract")))
        }
    }
}

/// By its name, as a part of a histogram, or by the beginning that is declared with a `*`. `up` is
/// Prometheus' own.
fn is_known(metric: &str, metrics: &BTreeSet<String>) -> bool {
    let part = ["_bucket", "_sum", "_count"].iter().find_map(|end| metric.strip_suffix(end));
    let begins = |known: &String| known.strip_suffix('*').is_some_and(|it| metric.starts_with(it));
    metric == "up"
        || metrics.contains(metric)
        || part.is_some_and(|part| metrics.contains(part))
        || metrics.iter().any(begins)
}
