//! `k6 run --out json`: a line that describes a metric before its first sample, a line a sample.
//!
//! ```text
//! {"type":"Metric","data":{"name":"http_reqs","type":"counter","contains":"default",...},"metric":"http_reqs"}
//! {"metric":"http_reqs","type":"Point","data":{"time":"2026-11-23T08:48:05.12Z","value":1,"tags":{"status":"200"}}}
//! ```
//!
//! Every line is read to its end and must be well-formed. Nothing of it is copied: k6 writes some
//! ten samples of a request with the same tags, so the tags are taken apart when they differ from
//! those of the line before, and compared otherwise.

use std::collections::HashMap;

use super::clock::Clock;
use super::cursor::{Cursor, Found, Tags};
use super::lines::Lines;
use super::metric::Stated;
use super::samples::{MAX_SAMPLES, Samples, Value};
use super::{LoadResult, Shape};
use crate::document::{self, Limits, Node};
use crate::validator::load::threshold::{Kind, split_key};

/// The most metrics and submetrics of a file.
const MAX_METRICS: usize = 10_000;

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct K6Ndjson {
    metrics: Vec<Series>,
    /// Looked up by name for every sample; never listed.
    index: HashMap<String, usize>,
    submetrics: usize,
    tags: Tags,
    clock: Clock,
    samples: u64,
}

/// One metric and its submetrics.
#[derive(Debug)]
struct Series {
    name: String,
    kind: Kind,
    is_time: bool,
    thresholds: Vec<String>,
    /// Whether it is told how it goes over the run.
    is_sliced: bool,
    samples: Samples,
    parts: Vec<Part>,
}

/// One submetric.
#[derive(Debug)]
struct Part {
    key: String,
    tags: Vec<(String, String)>,
    samples: Samples,
    /// Whether it takes the tags of this turn.
    takes: (u64, bool),
}

impl Lines for K6Ndjson {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let found = Cursor::new(line).line(&mut self.tags)?;
        match (found.kind, found.metric) {
            (Some("Point"), Some(metric)) => self.sample(metric, &found),
            (Some("Metric"), _) => self.describe(line),
            (Some(other), _) => Err(format!(
                "the line has the type `{}`; expected `Metric` or `Point`",
                other.escape_debug()
            )),
            (None, _) => Err("the line has no type".to_owned()),
        }
    }

    fn finish(self) -> Result<LoadResult, String> {
        let mut result = LoadResult::new(Shape::K6Ndjson);
        result.duration_ms = self.clock.covered_ms();
        for series in self.metrics {
            let stated = |list: &[String]| -> Vec<Stated> {
                list.iter()
                    .map(|text| Stated {
                        expression: text.clone(),
                        held: None,
                        pointer: String::new(),
                    })
                    .collect()
            };
            for part in series.parts {
                let mut metric = part.samples.finish(series.kind, series.is_time, &[]);
                metric.thresholds = Vec::new();
                result.metrics.insert(part.key, metric);
            }
            let mut metric = series.samples.finish(series.kind, series.is_time, &series.thresholds);
            metric.thresholds = stated(&series.thresholds);
            result.metrics.insert(series.name, metric);
        }
        if result.metrics.is_empty() {
            return Err("holds no sample".to_owned());
        }
        result.checks = result
            .metrics
            .get("checks")
            .and_then(|metric| metric.shares)
            .map(|(good, all)| (good, all - good));
        Ok(result)
    }
}

impl K6Ndjson {
    fn sample(&mut self, metric: &str, found: &Found<'_>) -> Result<(), String> {
        let index = match self.index.get(metric) {
            Some(index) => *index,
            None => self.add(
                metric,
                builtin(metric).ok_or_else(|| {
                    format!(
                        "a sample of `{}` before the metric was described",
                        metric.escape_debug()
                    )
                })?,
            )?,
        };
        let Some(value) = found.value.and_then(|text| Value::parse(text.as_bytes())) else {
            return Err("the sample has no number".to_owned());
        };
        let Some(time) = found.time else { return Err("the sample has no time".to_owned()) };
        self.clock.tick(time)?;
        let series = &mut self.metrics[index];
        if series.is_sliced {
            series.samples.at(self.clock.second());
        }
        let before = series.samples.kept();
        series.samples.push(series.kind, value);
        self.samples += series.samples.kept() - before;
        for part in &mut series.parts {
            if part.takes.0 != self.tags.turn || self.tags.turn == 0 {
                let takes =
                    part.tags.iter().all(|(tag, value)| self.tags.pairs.get(tag) == Some(value));
                part.takes = (self.tags.turn, takes);
            }
            if part.takes.1 {
                let before = part.samples.kept();
                part.samples.push(series.kind, value);
                self.samples += part.samples.kept() - before;
            }
        }
        if self.samples > MAX_SAMPLES {
            return Err(format!("more than {MAX_SAMPLES} samples of trends; split the run"));
        }
        Ok(())
    }

    fn add(&mut self, name: &str, (kind, is_time): (Kind, bool)) -> Result<usize, String> {
        if self.metrics.len() + self.submetrics >= MAX_METRICS {
            return Err(format!("more than {MAX_METRICS} metrics"));
        }
        self.index.insert(name.to_owned(), self.metrics.len());
        self.metrics.push(Series {
            name: name.to_owned(),
            kind,
            is_time,
            thresholds: Vec::new(),
            is_sliced: name == "http_req_duration",
            samples: Samples::default(),
            parts: Vec::new(),
        });
        Ok(self.metrics.len() - 1)
    }

    /// Takes the description of a metric.
    fn describe(&mut self, line: &str) -> Result<(), String> {
        let node = document::parse_json(line.as_bytes(), Limits::GOVERNED)
            .map_err(|error| error.problem)?;
        let text = |pointer: &str| node.pointer(pointer).and_then(Node::as_str);
        let Some(name) = text("/data/name") else {
            return Err("a metric without a name".to_owned());
        };
        let Some(kind) = text("/data/type").and_then(Kind::parse) else {
            return Err("a metric of none of k6's four types".to_owned());
        };
        let is_time = text("/data/contains") == Some("time");
        let index = match self.index.get(name) {
            Some(index) => *index,
            None => self.add(name, (kind, is_time))?,
        };
        let series = &mut self.metrics[index];
        if series.kind != kind {
            return Err(format!("`{}` changes its type", name.escape_debug()));
        }
        series.thresholds = node
            .pointer("/data/thresholds")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(Node::as_str)
            .map(str::to_owned)
            .collect();
        let parts = node.pointer("/data/submetrics").map(Node::items).unwrap_or_default();
        for part in parts {
            let Some(key) = part.get("name").and_then(Node::as_str) else { continue };
            let Some((_, tags)) = split_key(key) else { continue };
            if series.parts.iter().any(|known| known.key == key) {
                continue;
            }
            self.submetrics += 1;
            if self.submetrics > MAX_METRICS {
                return Err(format!("more than {MAX_METRICS} submetrics"));
            }
            let samples = Samples::default();
            series.parts.push(Part { key: key.to_owned(), tags, samples, takes: (0, false) });
        }
        Ok(())
    }
}

/// The metrics that k6 makes itself.
pub(super) fn builtin(name: &str) -> Option<(Kind, bool)> {
    Some(match name {
        "http_reqs" | "iterations" | "data_sent" | "data_received" | "dropped_iterations"
        | "ws_sessions" | "ws_msgs_sent" | "ws_msgs_received" => (Kind::Counter, false),
        "http_req_failed" | "checks" => (Kind::Rate, false),
        "vus" | "vus_max" => (Kind::Gauge, false),
        "http_req_duration"
        | "http_req_blocked"
        | "http_req_connecting"
        | "http_req_sending"
        | "http_req_waiting"
        | "http_req_receiving"
        | "http_req_tls_handshaking"
        | "iteration_duration"
        | "group_duration"
        | "ws_connecting"
        | "ws_session_duration"
        | "ws_ping"
        | "grpc_req_duration" => (Kind::Trend, true),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Result<LoadResult, String> {
        let mut reader = K6Ndjson::default();
        lines.iter().try_for_each(|line| reader.line(line))?;
        reader.finish()
    }

    const METRIC: &str = r#"{"type":"Metric","data":{"name":"t","type":"trend","contains":"time","thresholds":["p(95)<5"],"submetrics":[{"name":"t{a:x}","suffix":"a:x","tags":{"a":"x"}}]},"metric":"t"}"#;

    fn point(value: &str, tags: &str) -> String {
        format!(
            r#"{{"metric": "t", "type": "Point", "data": {{"time": "2026-11-23T08:48:05.1Z", "value": {value}, "tags": {tags}}}}}"#
        )
    }

    #[test]
    fn submetrics_take_the_samples_with_their_tags() {
        let lines = [
            METRIC,
            &point("1.5", r#"{"a":"x"}"#),
            &point("2", r#"{"a":"x"}"#),
            &point("9", r#"{"a":"y"}"#),
            &point("3", r#"{"b":"1","a":"\u0078"}"#),
        ];
        let result = read(&lines).unwrap();
        assert_eq!(result.metrics["t"].count, Some(4));
        assert_eq!(result.metrics["t{a:x}"].count, Some(3));
        assert_eq!(result.metrics["t{a:x}"].maximum, Some(3.0));
        assert_eq!(result.metrics["t"].thresholds[0].expression, "p(95)<5");
    }

    #[test]
    fn broken_lines_are_refused() {
        for bad in [
            point("NaN", "{}"),
            point("1", "{\"a\":\"x\",\"a\":\"y\"}"),
            point("1", "{\"a\":\"x\""),
            point("1", "{}").replace("2026-11-23T08", "yesterday"),
            point("", "{}"),
            point("1", "{}") + " {}",
            point("1", "{}").replace("\"t\"", "\"unknown\""),
            point("1,\"value\":2", "{}"),
            point("1", "{\"a\":\"\\q\"}"),
            "[]".to_owned(),
            point("1", "{}").replace("Point", "Other"),
            point("1", "{}").chars().take(60).collect(),
        ] {
            assert!(read(&[METRIC, &bad]).is_err(), "{bad}");
        }
    }
}
