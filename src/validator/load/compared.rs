//! LOAD21 and LOAD22: has the release become worse, at once or little by little?

use super::baselines::{baseline_of, baselines, row_of};
use super::derived::millionths;
use super::input::{Inputs, Source};
use super::policy::Policy;
use super::runs;
use super::statistics::rank::shift;
use super::statistics::regression::{Answer, Judgement, Scale, judge, shown};
use crate::document::Node;
use crate::finding::rules::load as rules;
use crate::finding::{ComparisonDocument, Finding, Location, Report, SideDocument};
use crate::validator::Context;
use crate::version::Version;

/// The figures that are compared.
pub const FIGURES: [&str; 4] = ["p95_ms", "p99_ms", "fail_rate", "throughput_rps"];

/// One suite's runs, held against its baseline.
pub(super) struct Comparison<'a> {
    pub(super) runs: &'a Source,
    pub(super) baseline: &'a Source,
    pub(super) judged: Vec<Judgement>,
}

/// Compares every list of runs with its baseline.
pub(super) fn comparisons(inputs: &Inputs) -> Vec<Comparison<'_>> {
    let policy = Policy::of(inputs);
    runs::lists(inputs)
        .filter_map(|source| {
            let baseline = baseline_of(inputs, source)?;
            let (_, row) = row_of(baseline, source.text("/suite")?)?;
            let (before, after) = (row.get("runs").map(Node::items)?, source.list("/runs"));
            let questions = FIGURES.iter().filter_map(|metric| {
                policy.question(metric, figures(before, metric), figures(after, metric))
            });
            let judged = judge(questions.collect(), policy.terms);
            Some(Comparison { runs: source, baseline, judged })
        })
        .collect()
}

/// One figure of every run; a run that lacks it counts as not a number, which nothing passes.
#[must_use]
pub fn figures(list: &[Node], metric: &str) -> Vec<f64> {
    let number = |run: &Node, key: &str| run.get(key).and_then(Node::as_f64);
    list.iter()
        .map(|run| match metric {
            "fail_rate" => {
                let share = number(run, "failed_requests").zip(number(run, "requests"));
                share.filter(|(_, all)| *all > 0.0).map(|(bad, all)| bad / all)
            }
            "throughput_rps" => number(run, "achieved_rate"),
            other => number(run, other),
        })
        .map(|value| value.unwrap_or(f64::NAN))
        .collect()
}

/// LOAD21: three answers, and only one of them lets a release pass.
pub(super) fn regressions(inputs: &Inputs, _: &Context, report: &mut Report) {
    let confidence = Policy::of(inputs).terms.confidence;
    for comparison in comparisons(inputs) {
        let suite = comparison.runs.text("/suite").unwrap_or_default();
        for one in &comparison.judged {
            tell(suite, one, confidence, comparison.runs.at("/runs"), report);
        }
    }
}

/// Adds one judged figure to a report: the numbers, and what follows from the answer.
pub fn tell(
    subject: &str,
    one: &Judgement,
    confidence: f64,
    location: Location,
    report: &mut Report,
) {
    report.compared(document(subject, one, confidence));
    let text = numbers(one);
    let named = format!("{subject} {}", one.question.metric);
    let rule = match one.answer {
        Answer::NotRegressed => {
            report.passed("load-regression", named, format!("{}: {text}", one.reason));
            return;
        }
        Answer::Inconclusive => &rules::INCONCLUSIVE,
        Answer::Regressed => &rules::REGRESSED,
    };
    let message = format!("`{}` of `{subject}`: {}", one.question.metric, one.reason);
    let finding = Finding::new(rule, location, message);
    let finding = finding.declared(format!("at most {}", shown(one, one.margin))).actual(text);
    if one.answer == Answer::Inconclusive {
        let detail = finding.message.clone();
        report.skipped("load-regression", named, detail);
        report.push(finding);
    } else {
        report.failed("load-regression", named, finding);
    }
}

fn document(subject: &str, one: &Judgement, confidence: f64) -> ComparisonDocument {
    let side = |values: &[f64], variation: f64| SideDocument {
        runs_millionths: values.iter().map(|value| millionths(*value)).collect(),
        variation_millionths: millionths(variation),
    };
    let scale = match one.question.scale {
        Scale::Ratio => "ratio",
        Scale::Difference => "difference",
    };
    ComparisonDocument {
        subject: subject.to_owned(),
        metric: one.question.metric.clone(),
        scale: scale.to_owned(),
        answer: one.answer.word().to_owned(),
        reason: one.reason.clone(),
        effect_millionths: millionths(one.effect),
        low_millionths: millionths(one.low),
        high_millionths: millionths(one.high),
        margin_millionths: millionths(one.margin),
        detectable_millionths: millionths(one.detectable),
        confidence_millionths: millionths(confidence),
        p_value_millionths: millionths(one.p_value),
        runs_needed: one.runs_needed.min(1 << 52),
        baseline: side(&one.question.baseline, one.variation[0]),
        candidate: side(&one.question.candidate, one.variation[1]),
    }
}

/// The numbers of a judgement on one line.
pub(super) fn numbers(one: &Judgement) -> String {
    format!(
        "effect {}, interval {} to {}, margin {}, {} against {} runs, variation {:.1} % and {:.1} %, detectable {}, p {:.4}",
        shown(one, one.effect),
        shown(one, one.low),
        shown(one, one.high),
        shown(one, one.margin),
        one.question.candidate.len(),
        one.question.baseline.len(),
        one.variation[0] * 100.0,
        one.variation[1] * 100.0,
        shown(one, one.detectable),
        one.p_value,
    )
}

/// How many of the last baselines a release is held against.
const REMEMBERED: usize = 5;

/// LOAD22: every step was small, and together they are not.
pub(super) fn drift(inputs: &Inputs, _: &Context, report: &mut Report) {
    let policy = Policy::of(inputs);
    let mut dated: Vec<(Version, &Source)> = baselines(inputs)
        .filter_map(|source| Some((source.text("/release")?.parse().ok()?, source)))
        .collect();
    dated.sort_by(|a, b| a.0.is_after(&b.0).cmp(&b.0.is_after(&a.0)));
    if dated.len() < 2 {
        report.skipped(
            "load-drift",
            "ops/load/baselines",
            "fewer than two releases have a baseline",
        );
        return;
    }
    let oldest = dated.len().saturating_sub(REMEMBERED);
    for source in runs::lists(inputs) {
        let suite = source.text("/suite").unwrap_or_default();
        let first = dated[oldest..].iter().find_map(|(version, baseline)| {
            let (_, row) = row_of(baseline, suite)?;
            let same = baseline.text("/metadata/host_class") == source.text("/host_class")
                && baseline.text("/metadata/profile") == source.text("/profile")
                && row.get("scenario_sha256").and_then(Node::as_str)
                    == source.text("/scenario_sha256");
            same.then_some((version, row))
        });
        let Some((version, row)) = first else { continue };
        for metric in ["p95_ms", "p99_ms"] {
            let logs = |list: &[Node]| -> Vec<f64> {
                figures(list, metric).into_iter().filter(|v| *v > 0.0).map(f64::ln).collect()
            };
            let before = logs(row.get("runs").map(Node::items).unwrap_or_default());
            let Some(shift) = shift(&before, &logs(source.list("/runs")), policy.terms.confidence)
            else {
                continue;
            };
            let (effect, low) = (shift.estimate.exp_m1(), shift.low.exp_m1());
            if effect > policy.drift && low > 0.0 {
                let message = format!("`{metric}` of `{suite}` has drifted since {version}");
                let finding = Finding::new(&rules::DRIFTED, source.at("/runs"), message);
                report.push(
                    finding.declared(format!("at most {:+.1}%", policy.drift * 100.0)).actual(
                        format!(
                            "{:+.1}%, interval {:+.1}% to {:+.1}%",
                            effect * 100.0,
                            low * 100.0,
                            shift.high.exp_m1() * 100.0
                        ),
                    ),
                );
            }
        }
    }
}
