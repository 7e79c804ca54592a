//! `load compare`: has this load run regressed?

use std::path::{Path, PathBuf};

use super::Error;
use crate::document::{Limits, Node, parse_json};
use crate::finding::rules::load as rules;
use crate::finding::{Finding, Location, Report};
use crate::time::Timestamp;
use crate::tree::{self, TreeError};
use crate::validator::load::compared::{self, FIGURES};
use crate::validator::load::policy::Policy;
use crate::validator::load::result::{self, LoadResult, ResultError, Shape};
use crate::validator::load::statistics::regression::{Question, judge};
use crate::validator::load::statistics::samples_needed;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// Results of the baseline's runs, lists of runs, or baselines.
    pub baseline: Vec<PathBuf>,
    /// Results of the candidate's runs, or lists of runs.
    pub candidate: Vec<PathBuf>,
    /// The margins and terms; the defaults when absent.
    pub policy: Option<PathBuf>,
    /// The suite to take from a baseline of several.
    pub suite: Option<String>,
    /// The time to judge as of.
    pub now: Timestamp,
    /// Whether that time was given.
    pub replay: bool,
}

/// The figures of one run; what a run does not tell is no figure.
#[derive(Debug, Clone, Default)]
struct Run {
    origin: PathBuf,
    digest: Option<String>,
    tool: Option<Shape>,
    figures: [Option<f64>; FIGURES.len()],
}

/// Compares runs and reports what the comparison shows.
///
/// # Errors
///
/// When a file cannot be read, or is neither a result, a list of runs nor a baseline.
pub fn compare(request: &Request) -> Result<Report, Error> {
    let policy = read_policy(request.policy.as_deref())?;
    let mut report = Report::new("load compare", request.now, request.replay);
    let candidate = read_side(&request.candidate, request.suite.as_deref(), &mut report)?;
    let baseline = read_side(&request.baseline, request.suite.as_deref(), &mut report)?;
    let first = request.candidate.first().map(|path| name_of(path)).unwrap_or_default();
    same_on_both(&baseline, &candidate, &mut report);
    let subject = request.suite.clone().unwrap_or_else(|| first.clone());
    let mut questions: Vec<Question> = Vec::new();
    for (index, metric) in FIGURES.into_iter().enumerate() {
        let figures = |side: &[Run]| -> Vec<Option<f64>> {
            side.iter().map(|run| run.figures[index]).collect()
        };
        let (before, after) = (figures(&baseline), figures(&candidate));
        let whole = |side: &[Option<f64>]| side.iter().copied().collect::<Option<Vec<f64>>>();
        match (whole(&before), whole(&after)) {
            (Some(before), Some(after)) => {
                questions.extend(policy.question(metric, before, after));
            }
            (None, _) | (_, None) => {
                let told = before.iter().chain(&after).flatten().count();
                let detail = format!(
                    "{told} of {} runs tell it, or have enough samples for it",
                    before.len() + after.len()
                );
                report.skipped("load-figure", metric, detail);
            }
        }
    }
    if questions.is_empty() {
        let message = "no figure is told by every run of both sides";
        report.push(Finding::new(&rules::INCONCLUSIVE, Location::named(&first), message));
    }
    for one in judge(questions, policy.terms) {
        let location = Location::named(&first);
        compared::tell(&subject, &one, policy.terms.confidence, location, &mut report);
    }
    Ok(report)
}

fn read_policy(path: Option<&Path>) -> Result<Policy, Error> {
    let Some(path) = path else { return Ok(Policy::DEFAULT) };
    let bytes = tree::read_named(path, 1 << 20)?;
    let node = parse_json(&bytes, Limits::GOVERNED)
        .map_err(|source| Error::Document { path: path.to_owned(), source })?;
    if node.get("thresholds").is_none() {
        let problem = "names no `thresholds`; expected a policy of regression margins".to_owned();
        return Err(Error::Unusable { path: path.to_owned(), problem });
    }
    Ok(Policy::read(&node))
}

fn read_side(
    paths: &[PathBuf],
    suite: Option<&str>,
    report: &mut Report,
) -> Result<Vec<Run>, Error> {
    let mut runs = Vec::new();
    for path in paths {
        match listed(path, suite)? {
            Some(list) => runs.extend(list),
            None => runs.push(read_result(path, report)?),
        }
    }
    Ok(runs)
}

/// The runs of a document that lists them; nothing when the file is none.
fn listed(path: &Path, suite: Option<&str>) -> Result<Option<Vec<Run>>, Error> {
    let (_, size) = tree::open_named(path)?;
    if size > Limits::GOVERNED.bytes as u64 {
        return Ok(None);
    }
    let bytes = tree::read_named(path, Limits::GOVERNED.bytes)?;
    if result::streamed(&bytes[..bytes.len().min(64 << 10)]).is_some() {
        return Ok(None);
    }
    let Ok(node) = parse_json(&bytes, Limits::GOVERNED) else { return Ok(None) };
    let rows = node.get("rows").map(Node::items).unwrap_or_default();
    let list = match (node.get("runs"), rows) {
        (Some(runs), _) => runs,
        (None, []) => return Ok(None),
        (None, rows) => row_of(path, rows, suite)?,
    };
    let figures = FIGURES.map(|metric| compared::figures(list.items(), metric));
    let runs = list.items().iter().enumerate().map(|(index, run)| Run {
        origin: path.to_owned(),
        digest: run.get("raw_sha256").and_then(Node::as_str).map(str::to_owned),
        tool: None,
        figures: std::array::from_fn(|at| {
            figures[at].get(index).copied().filter(|value| value.is_finite())
        }),
    });
    Ok(Some(runs.collect()))
}

fn row_of<'a>(path: &Path, rows: &'a [Node], suite: Option<&str>) -> Result<&'a Node, Error> {
    let name = |row: &Node| row.get("suite").and_then(Node::as_str).map(str::to_owned);
    let unusable = |problem: String| Error::Unusable { path: path.to_owned(), problem };
    let row = match (suite, rows) {
        (None, [row]) => Some(row),
        (None, _) => {
            let names: Vec<String> = rows.iter().filter_map(name).collect();
            return Err(unusable(format!(
                "has several suites; name one with --suite: {}",
                names.join(", ")
            )));
        }
        (Some(suite), rows) => rows.iter().find(|row| name(row).as_deref() == Some(suite)),
    };
    let list = row.and_then(|row| row.get("runs"));
    list.ok_or_else(|| unusable("lists no runs of this suite".to_owned()))
}

fn read_result(path: &Path, report: &mut Report) -> Result<Run, Error> {
    let (file, _) = tree::open_named(path)?;
    let result = result::read(file).map_err(|error| match error {
        ResultError::Io(error) => Error::Tree(TreeError::io(path, error)),
        error @ (ResultError::Unknown(_) | ResultError::Broken { .. }) => {
            Error::Unusable { path: path.to_owned(), problem: error.to_string() }
        }
    })?;
    if result.options.is_some() {
        let problem = "holds the options of a script and no result".to_owned();
        return Err(Error::Unusable { path: path.to_owned(), problem });
    }
    let name = name_of(path);
    if result.requests() == Some(0) {
        let message = "the run sent no request";
        report.push(Finding::new(&rules::RESULT_EMPTY, Location::named(&name), message));
    }
    for odd in &result.oddities {
        let location = Location::named(&name).pointing(&odd.pointer);
        report.push(Finding::new(&rules::VALUE_IMPOSSIBLE, location, &odd.problem));
    }
    let detail = match result.requests() {
        Some(requests) => format!("{}, {requests} requests", result.shape),
        None => result.shape.to_string(),
    };
    report.passed("load-run", name, detail);
    Ok(Run {
        origin: path.to_owned(),
        digest: Some(result.sha256.to_string()),
        tool: Some(result.shape),
        figures: figures_of(&result),
    })
}

fn figures_of(result: &LoadResult) -> [Option<f64>; FIGURES.len()] {
    let latency = result.metrics.get("http_req_duration");
    let percentile = |rank: f64| {
        // A percentile of too few samples is a figure about one request.
        let samples = result.samples_of("http_req_duration")?;
        let known = latency?.percentiles.iter().find(|known| (known.0 - rank).abs() < 1e-9)?;
        (samples >= samples_needed(rank)).then_some(known.1)
    };
    let shares = result.metrics.get("http_req_failed").and_then(|metric| metric.shares);
    #[expect(clippy::cast_precision_loss, reason = "no run sends 2^53 requests")]
    let failed = shares.filter(|(_, all)| *all > 0).map(|(bad, all)| bad as f64 / all as f64);
    [percentile(95.0), percentile(99.0), failed, result.request_rate()]
}

/// A run that stands on both sides, or two tools, make no comparison.
fn same_on_both(baseline: &[Run], candidate: &[Run], report: &mut Report) {
    for run in candidate {
        let same = |other: &&Run| run.digest.is_some() && other.digest == run.digest;
        if let Some(other) = baseline.iter().find(same) {
            let message =
                format!("the run is also a run of the baseline, `{}`", name_of(&other.origin));
            let location = Location::named(&name_of(&run.origin));
            let finding = Finding::new(&rules::COMPARED_WITH_ITSELF, location, message);
            report.push(finding.actual(run.digest.clone().unwrap_or_default()));
        }
    }
    let tools = |side: &[Run]| side.iter().filter_map(|run| run.tool).map(Shape::tool).min();
    if let (Some(before), Some(after)) = (tools(baseline), tools(candidate))
        && before != after
    {
        let name = candidate.first().map(|run| name_of(&run.origin)).unwrap_or_default();
        let message = "the sides were measured with different tools";
        let finding = Finding::new(&rules::NOT_COMPARABLE, Location::named(&name), message);
        report.push(finding.declared(before).actual(after));
    }
}

fn name_of(path: &Path) -> String {
    path.display().to_string()
}
