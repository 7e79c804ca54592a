//! A result: what a load tool wrote about one run, whatever the tool.
//!
//! The shape is told first, from the bytes and never from the file's name; then every shape becomes
//! one model in k6's words: `http_req_duration` in milliseconds, `http_reqs`, `http_req_failed`.
//! What a shape does not carry stays unknown: nothing is filled in.

mod clock;
mod csv;
mod cursor;
mod foreign;
mod lines;
mod metric;
mod ndjson;
mod options;
mod samples;
mod slices;
mod summary;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};

pub use metric::{Known, Metric, Slice, Stated};
pub use options::{Executor, Options, Plan};
pub(super) use summary::duration_ms;

use crate::digest::Digest;
use crate::document::{self, Limits, Node, Position};

/// Who wrote a result, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// `k6 run --summary-export`: flat values; a threshold that is `true` has *failed*.
    K6SummaryExport,
    /// What k6 gives to `handleSummary`, written as it is.
    K6HandleSummary,
    /// `k6 run --new-machine-readable-summary`.
    K6MachineReadable,
    /// `k6 run --out json`: one line a sample.
    K6Ndjson,
    /// `k6 run --out csv`.
    K6Csv,
    /// `k6 inspect`: the options that a script resolves to, no result.
    K6Options,
    /// `vegeta report -type=json`.
    Vegeta,
    /// `locust --json`.
    LocustJson,
    /// `locust --csv`: the file that ends in `_stats.csv`.
    LocustCsv,
    /// Gatling's `js/stats.json`.
    Gatling,
    /// `oha --output-format json`.
    Oha,
    /// The text of wrk2 with its table of percentiles.
    Wrk2,
}

impl Shape {
    /// Returns a word for the report and for evidence.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::K6SummaryExport => "k6-summary-export",
            Self::K6HandleSummary => "k6-handle-summary",
            Self::K6MachineReadable => "k6-machine-readable",
            Self::K6Ndjson => "k6-ndjson",
            Self::K6Csv => "k6-csv",
            Self::K6Options => "k6-inspect",
            Self::Vegeta => "vegeta",
            Self::LocustJson => "locust-json",
            Self::LocustCsv => "locust-csv",
            Self::Gatling => "gatling",
            Self::Oha => "oha",
            Self::Wrk2 => "wrk2",
        }
    }

    /// Returns the tool.
    #[must_use]
    pub fn tool(self) -> &'static str {
        match self {
            Self::K6SummaryExport
            | Self::K6HandleSummary
            | Self::K6MachineReadable
            | Self::K6Ndjson
            | Self::K6Csv
            | Self::K6Options => "k6",
            Self::Vegeta => "vegeta",
            Self::LocustJson | Self::LocustCsv => "locust",
            Self::Gatling => "gatling",
            Self::Oha => "oha",
            Self::Wrk2 => "wrk2",
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// One value of a result that cannot be: negative, not a number, longer than the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oddity {
    /// The value, as a JSON Pointer; empty in lines and tables.
    pub pointer: String,
    /// Where it stands, when that is known.
    pub position: Option<Position>,
    /// What was found and what was expected.
    pub problem: String,
}

/// The most oddities that are kept one by one.
const MAX_ODDITIES: usize = 20;

/// What one run did.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadResult {
    /// Who wrote it, and how.
    pub shape: Shape,
    /// The tool's version, where the shape carries it.
    pub version: Option<String>,
    /// The digest of the file's bytes.
    pub sha256: Digest,
    /// The file's size in bytes.
    pub size: u64,
    /// Metrics and submetrics by their keys.
    pub metrics: BTreeMap<String, Metric>,
    /// What was computed of each trend, where the shape says so.
    pub trend_stats: Option<Vec<String>>,
    /// How long the run took, in milliseconds.
    pub duration_ms: Option<f64>,
    /// Checks that passed and failed, counted from the groups.
    pub checks: Option<(u64, u64)>,
    /// Options, for [`Shape::K6Options`].
    pub options: Option<Options>,
    /// Values that cannot be.
    pub oddities: Vec<Oddity>,
}

impl LoadResult {
    fn new(shape: Shape) -> Self {
        Self {
            shape,
            version: None,
            sha256: Digest::of(b""),
            size: 0,
            metrics: BTreeMap::new(),
            trend_stats: None,
            duration_ms: None,
            checks: None,
            options: None,
            oddities: Vec::new(),
        }
    }

    fn odd(&mut self, pointer: &str, position: Option<Position>, problem: String) {
        if self.oddities.len() < MAX_ODDITIES {
            self.oddities.push(Oddity { pointer: pointer.to_owned(), position, problem });
        }
    }

    /// The requests that were sent, where that is known; none were when k6 has no such metric.
    #[must_use]
    pub fn requests(&self) -> Option<u64> {
        match self.metrics.get("http_reqs") {
            Some(metric) => metric.count,
            None if self.shape.tool() == "k6" && self.shape != Shape::K6Options => Some(0),
            None => None,
        }
    }

    /// How many samples a metric has; nothing when the shape does not tell.
    #[must_use]
    pub fn samples_of(&self, key: &str) -> Option<u64> {
        let metric = self.metrics.get(key)?;
        if let Some(samples) = metric.samples() {
            return Some(samples);
        }
        if metric.is_all_zero() && self.requests() == Some(0) {
            return Some(0);
        }
        // A submetric has some of its metric's samples; how many is not told.
        match key {
            "iteration_duration" => self.metrics.get("iterations")?.count,
            _ if key.starts_with("http_req_") && !key.contains('{') => self.requests(),
            _ => None,
        }
    }

    /// The requests a second, as told, or counted over the run.
    #[must_use]
    pub fn request_rate(&self) -> Option<f64> {
        let metric = self.metrics.get("http_reqs")?;
        let over = self.duration_ms.filter(|duration| *duration > 0.0);
        #[expect(clippy::cast_precision_loss, reason = "no run sends 2^53 requests")]
        let counted = metric.count.zip(over).map(|(count, ms)| count as f64 / ms * 1000.0);
        metric.rate.or(counted)
    }

    /// Looks for what cannot be: a duration that is negative or longer than the run.
    fn judge_values(&mut self) {
        let longest = self.duration_ms.filter(|duration| *duration >= 0.0);
        let mut found = Vec::new();
        if let Some(duration) =
            self.duration_ms.filter(|duration| duration.is_nan() || *duration < 0.0)
        {
            found.push(("duration".to_owned(), format!("the run lasted {duration} ms")));
        }
        for (key, metric) in self.metrics.iter().filter(|(_, metric)| metric.is_time) {
            if let Some(low) = metric.least().filter(|low| *low < 0.0) {
                found.push((key.clone(), format!("`{key}` holds a negative time: {low} ms")));
            }
            // A minute of grace: requests that ran when the run ended are counted in.
            let most = metric.most().zip(longest).filter(|(most, run)| *most > run + 60_000.0);
            if let Some((most, run)) = most {
                found.push((key.clone(), format!(
                    "`{key}` reaches {most} ms in a run of {run} ms; a unit was mistaken for another"
                )));
            }
        }
        for (key, problem) in found {
            let pointer = format!("/metrics/{}", crate::json::escape_pointer(&key));
            self.odd(&pointer, None, problem);
        }
    }
}

/// Why a file is no result that can be used.
#[derive(Debug)]
pub enum ResultError {
    /// It could not be read.
    Io(io::Error),
    /// It is of no shape that is known.
    Unknown(String),
    /// It has a known shape and breaks it.
    Broken {
        /// The shape.
        shape: Shape,
        /// The line, from 1; zero when the whole file is meant.
        line: u64,
        /// What was found and what was expected.
        problem: String,
    },
}

impl fmt::Display for ResultError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(formatter),
            Self::Unknown(problem) => formatter.write_str(problem),
            Self::Broken { shape, line: 0, problem } => write!(formatter, "{shape}: {problem}"),
            Self::Broken { shape, line, problem } => {
                write!(formatter, "{shape}, line {line}: {problem}")
            }
        }
    }
}

impl std::error::Error for ResultError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Unknown(_) | Self::Broken { .. } => None,
        }
    }
}

/// The largest result that is one document and not a list of lines: 32 MiB.
const MAX_DOCUMENT: usize = Limits::GOVERNED.bytes;

/// Reads a result of any known shape. Lists of samples are streamed; nothing of them is kept but
/// the values of their trends.
///
/// # Errors
///
/// [`ResultError`]; never a half-read result.
pub fn read(mut file: impl Read + Send) -> Result<LoadResult, ResultError> {
    let mut head = Vec::new();
    file.by_ref().take(64 << 10).read_to_end(&mut head).map_err(ResultError::Io)?;
    match streamed(&head) {
        Some(shape) => lines::read(shape, io::Cursor::new(head).chain(file)),
        None => {
            let mut bytes = head;
            file.take(MAX_DOCUMENT as u64 + 1).read_to_end(&mut bytes).map_err(ResultError::Io)?;
            read_document(&bytes)
        }
    }
}

/// Tells whether bytes begin a list of samples, and of which shape.
#[must_use]
pub fn streamed(head: &[u8]) -> Option<Shape> {
    let line = head.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty())?;
    let line = line.trim_ascii();
    if line.starts_with(b"metric_name,timestamp,metric_value") {
        return Some(Shape::K6Csv);
    }
    let has = |word: &[u8]| line.windows(word.len()).any(|window| window == word);
    (line.starts_with(b"{")
        && has(br#""data""#)
        && has(br#""metric""#)
        && (has(br#""Point""#) || has(br#""Metric""#)))
    .then_some(Shape::K6Ndjson)
}

fn read_document(bytes: &[u8]) -> Result<LoadResult, ResultError> {
    if bytes.len() > MAX_DOCUMENT {
        let problem = format!("larger than {MAX_DOCUMENT} bytes and no list of samples");
        return Err(ResultError::Unknown(problem));
    }
    let text = bytes.trim_ascii_start();
    let mut result = if text.starts_with(b"{") || text.starts_with(b"[") {
        let node = document::parse_json(bytes, Limits::GOVERNED)
            .map_err(|error| ResultError::Unknown(format!("{error}")))?;
        of_node(&node)?
    } else {
        foreign::of_text(bytes)?
    };
    result.sha256 = Digest::of(bytes);
    result.size = bytes.len() as u64;
    Ok(result)
}

/// Tells which shape a JSON document has; nothing when it is no result.
#[must_use]
pub fn shape_of(node: &Node) -> Option<Shape> {
    let has = |key: &str| node.get(key).is_some();
    if has("results") && has("metadata") && has("version") && has("config") {
        Some(Shape::K6MachineReadable)
    } else if has("metrics") && (has("root_group") || has("state")) {
        let metrics = node.get("metrics").map(Node::entries).unwrap_or_default();
        let nested = metrics.iter().all(|entry| entry.value.get("values").is_some());
        Some(if nested && has("state") { Shape::K6HandleSummary } else { Shape::K6SummaryExport })
    } else if has("latencies") && has("requests") && has("success") {
        Some(Shape::Vegeta)
    } else if has("summary") && has("latencyPercentiles") {
        Some(Shape::Oha)
    } else if node.pointer("/stats/numberOfRequests").is_some() {
        Some(Shape::Gatling)
    } else if node.items().first().is_some_and(|row| row.get("response_times").is_some()) {
        Some(Shape::LocustJson)
    } else if has("scenarios") && has("summaryTrendStats") || has("setupTimeout") && has("vus") {
        Some(Shape::K6Options)
    } else {
        None
    }
}

/// Reads a result that is one JSON document. The digest is the caller's to add.
///
/// # Errors
///
/// As [`read`].
pub fn of_node(node: &Node) -> Result<LoadResult, ResultError> {
    let Some(shape) = shape_of(node) else {
        let problem = if node.get("metrics").is_some() {
            "has `metrics` and is no summary that k6 writes: `handleSummary` has reshaped it; write its `data` as it is"
        } else {
            "is no result of k6, vegeta, locust, Gatling, oha or wrk2"
        };
        return Err(ResultError::Unknown(problem.to_owned()));
    };
    let mut result = match shape {
        Shape::K6SummaryExport => summary::exported(node),
        Shape::K6HandleSummary => summary::handled(node),
        Shape::K6MachineReadable => summary::machine_readable(node),
        Shape::K6Options => options::result(node),
        Shape::Vegeta => foreign::vegeta(node),
        Shape::LocustJson => foreign::locust(node),
        Shape::Gatling => foreign::gatling(node),
        Shape::Oha => foreign::oha(node),
        Shape::K6Ndjson | Shape::K6Csv | Shape::LocustCsv | Shape::Wrk2 => {
            unreachable!("these shapes are no JSON documents")
        }
    }?;
    result.judge_values();
    Ok(result)
}

fn broken(shape: Shape, problem: impl Into<String>) -> ResultError {
    ResultError::Broken { shape, line: 0, problem: problem.into() }
}
