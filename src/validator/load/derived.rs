//! The documents that the area derives: what was run, how it compares, what regressed.
//!
//! Written documents hold whole numbers: times in nanoseconds, shares and effects in millionths.

use serde::Serialize;

use super::compared::{self, Comparison};
use super::input::Inputs;
use super::statistics::regression::{Answer, Judgement, Scale, overall};
use super::{Context, Derived, runs, suite};
use crate::document::Node;
use crate::finding::Report;
use crate::json;
use crate::tree::Tree;

/// What was run: `countersign.load-summary/v1`.
#[derive(Serialize)]
struct Summary {
    schema: &'static str,
    suites: Vec<SuiteRow>,
    results: Vec<ResultRow>,
}

#[derive(Serialize)]
struct SuiteRow {
    name: String,
    must_pass: bool,
    runs: usize,
    requests: u64,
    failed_requests: u64,
}

#[derive(Serialize)]
struct ResultRow {
    path: String,
    sha256: String,
    shape: &'static str,
    tool: &'static str,
    version: Option<String>,
    requests: Option<u64>,
    failed_requests: Option<u64>,
    duration_ns: Option<u64>,
    latency_ns: Vec<PercentileRow>,
}

#[derive(Serialize)]
struct PercentileRow {
    percentile_millionths: u64,
    value: u64,
}

/// How runs compare with their baselines: `countersign.load-baseline-comparison/v1`.
#[derive(Serialize)]
struct Compared {
    schema: &'static str,
    comparisons: Vec<ComparisonRow>,
}

#[derive(Serialize)]
struct ComparisonRow {
    suite: String,
    runs: String,
    baseline: String,
    answer: &'static str,
    figures: Vec<FigureRow>,
}

#[derive(Serialize)]
struct FigureRow {
    metric: String,
    scale: &'static str,
    answer: &'static str,
    baseline_runs: usize,
    candidate_runs: usize,
    effect_millionths: Option<i64>,
    low_millionths: Option<i64>,
    high_millionths: Option<i64>,
    margin_millionths: Option<i64>,
    detectable_millionths: Option<i64>,
    p_value_millionths: Option<i64>,
    baseline_variation_millionths: Option<i64>,
    candidate_variation_millionths: Option<i64>,
}

/// What regressed or could not be told: `countersign.load-threshold-regressions/v1`.
#[derive(Serialize)]
struct Regressions {
    schema: &'static str,
    judged: usize,
    regressed: Vec<String>,
    inconclusive: Vec<String>,
}

/// Derives the three documents from the results, the runs and the baselines.
pub(super) fn derive(tree: &Tree, context: &Context) -> Vec<Derived> {
    let mut scratch = Report::new("check", context.now, true);
    let inputs = Inputs::gather(tree, &mut scratch);
    if inputs.files.is_empty() {
        return Vec::new();
    }
    let comparisons = compared::comparisons(&inputs);
    let document = |name: &str, bytes| Derived { name: name.to_owned(), bytes };
    vec![
        document("load-summary.json", json::to_bytes(&summary(&inputs))),
        document("load-baseline-comparison.json", json::to_bytes(&compared(&comparisons))),
        document("load-threshold-regressions.json", json::to_bytes(&regressions(&comparisons))),
    ]
}

fn summary(inputs: &Inputs) -> Summary {
    let mut suites: Vec<SuiteRow> = suite::suites(inputs)
        .iter()
        .map(|suite| {
            let lists = runs::lists(inputs).filter(|list| list.text("/suite") == Some(suite.name));
            let all: Vec<&Node> = lists.flat_map(|list| list.list("/runs")).collect();
            let sum = |key: &str| -> u64 {
                let counts = all.iter().filter_map(|run| run.get(key)?.as_u64());
                counts.fold(0, u64::saturating_add)
            };
            SuiteRow {
                name: suite.name.to_owned(),
                must_pass: suite.node.get("must_pass").and_then(Node::as_bool) != Some(false),
                runs: all.len(),
                requests: sum("requests"),
                failed_requests: sum("failed_requests"),
            }
        })
        .collect();
    suites.sort_by(|a, b| a.name.cmp(&b.name));
    let results = inputs.results.iter().filter_map(|(path, read)| {
        let result = read.as_ref().ok().filter(|result| result.options.is_none())?;
        let latency = result.metrics.get("http_req_duration");
        let failed = result.metrics.get("http_req_failed").and_then(|metric| metric.shares);
        Some(ResultRow {
            path: path.clone(),
            sha256: result.sha256.to_string(),
            shape: result.shape.word(),
            tool: result.shape.tool(),
            version: result.version.clone(),
            requests: result.requests(),
            failed_requests: failed.map(|(bad, _)| bad),
            duration_ns: result.duration_ms.and_then(nanoseconds),
            latency_ns: latency
                .into_iter()
                .flat_map(|metric| &metric.percentiles)
                .filter_map(|(rank, ms)| {
                    let percentile_millionths = nanoseconds(*rank)?;
                    Some(PercentileRow { percentile_millionths, value: nanoseconds(*ms)? })
                })
                .collect(),
        })
    });
    let results = results.collect();
    Summary { schema: "countersign.load-summary/v1", suites, results }
}

fn compared(comparisons: &[Comparison<'_>]) -> Compared {
    let rows = comparisons.iter().map(|comparison| ComparisonRow {
        suite: comparison.runs.text("/suite").unwrap_or_default().to_owned(),
        runs: comparison.runs.path.clone(),
        baseline: comparison.baseline.path.clone(),
        answer: overall(&comparison.judged).word(),
        figures: comparison.judged.iter().map(figure).collect(),
    });
    Compared { schema: "countersign.load-baseline-comparison/v1", comparisons: rows.collect() }
}

fn figure(one: &Judgement) -> FigureRow {
    FigureRow {
        metric: one.question.metric.clone(),
        scale: if one.question.scale == Scale::Ratio { "ratio" } else { "difference" },
        answer: one.answer.word(),
        baseline_runs: one.question.baseline.len(),
        candidate_runs: one.question.candidate.len(),
        effect_millionths: millionths(one.effect),
        low_millionths: millionths(one.low),
        high_millionths: millionths(one.high),
        margin_millionths: millionths(one.margin),
        detectable_millionths: millionths(one.detectable),
        p_value_millionths: millionths(one.p_value),
        baseline_variation_millionths: millionths(one.variation[0]),
        candidate_variation_millionths: millionths(one.variation[1]),
    }
}

fn regressions(comparisons: &[Comparison<'_>]) -> Regressions {
    let with = |answer: Answer| -> Vec<String> {
        let pairs = comparisons.iter().flat_map(|comparison| {
            let suite = comparison.runs.text("/suite").unwrap_or_default();
            let found = comparison.judged.iter().filter(move |one| one.answer == answer);
            found.map(move |one| format!("{suite} {}", one.question.metric))
        });
        let mut list: Vec<String> = pairs.collect();
        list.sort();
        list
    };
    Regressions {
        schema: "countersign.load-threshold-regressions/v1",
        judged: comparisons.iter().map(|comparison| comparison.judged.len()).sum(),
        regressed: with(Answer::Regressed),
        inconclusive: with(Answer::Inconclusive),
    }
}

/// Millionths of a number; nothing for one without bound.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
pub(in crate::validator) fn millionths(value: f64) -> Option<i64> {
    let scaled = (value * 1e6).round();
    (scaled.is_finite() && scaled.abs() < 9e15).then_some(scaled as i64)
}

fn nanoseconds(milliseconds: f64) -> Option<u64> {
    millionths(milliseconds).and_then(|whole| u64::try_from(whole).ok())
}
