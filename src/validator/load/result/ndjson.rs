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

use std::collections::{BTreeMap, HashMap};

use super::lines::Lines;
use super::metric::Stated;
use super::samples::{MAX_SAMPLES, Samples, Value};
use super::{LoadResult, Shape};
use crate::document::{self, Limits, Node};
use crate::time::Timestamp;
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

/// The tags of the line before.
#[derive(Debug, Default)]
struct Tags {
    text: String,
    pairs: BTreeMap<String, String>,
    /// Counts how often the tags have changed.
    turn: u64,
}

impl Lines for K6Ndjson {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let mut cursor = Cursor { text: line, at: 0 };
        let found = cursor.outer(&mut self.tags)?;
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

/// The first and the last time of a file's samples.
#[derive(Debug, Default)]
struct Clock {
    text: String,
    second: String,
    seconds: i64,
    first: Option<i128>,
    last: Option<i128>,
}

impl Clock {
    /// Takes an RFC 3339 time; its second is read anew only when it changes.
    fn tick(&mut self, text: &str) -> Result<(), String> {
        if text == self.text {
            return Ok(());
        }
        let bad =
            || format!("`{}` is no time", text.chars().take(60).collect::<String>().escape_debug());
        let (second, rest) = text.split_at_checked(19).ok_or_else(bad)?;
        let digits = rest.strip_prefix('.').unwrap_or_default();
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let zone = &rest[if rest.starts_with('.') { end + 1 } else { 0 }..];
        let is_known = self.second.strip_prefix(second) == Some(zone);
        if !is_known {
            let whole = format!("{second}{zone}");
            let time: Timestamp = whole.parse().map_err(|_| bad())?;
            self.seconds = time.unix_seconds();
            self.second = whole;
        }
        let mut nanoseconds = 0_i128;
        for index in 0..9 {
            let digit = digits.as_bytes().get(index).filter(|_| index < end);
            nanoseconds = nanoseconds * 10 + digit.map_or(0, |byte| i128::from(byte - b'0'));
        }
        let at = i128::from(self.seconds) * 1_000_000_000 + nanoseconds;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
        text.clone_into(&mut self.text);
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "a run of 100 days has less than 2^53 ns")]
    fn covered_ms(&self) -> Option<f64> {
        Some((self.last? - self.first?) as f64 / 1e6).filter(|covered| *covered > 0.0)
    }
}

/// What a line says.
#[derive(Debug, Default)]
struct Found<'a> {
    kind: Option<&'a str>,
    metric: Option<&'a str>,
    time: Option<&'a str>,
    value: Option<&'a str>,
}

/// Reads one line of JSON without copying it.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// The deepest nesting in a line.
const MAX_DEPTH: usize = 16;

impl<'a> Cursor<'a> {
    fn outer(&mut self, tags: &mut Tags) -> Result<Found<'a>, String> {
        let mut found = Found::default();
        let mut has_data = false;
        self.object(&mut |cursor, key| match key {
            "type" => once(&mut found.kind, cursor.plain_string()?, key),
            "metric" => once(&mut found.metric, cursor.plain_string()?, key),
            "data" => {
                if std::mem::replace(&mut has_data, true) {
                    return Err("`data` stands twice".to_owned());
                }
                let (time, value) = (&mut found.time, &mut found.value);
                cursor.object(&mut |cursor, key| match key {
                    "time" => once(time, cursor.plain_string()?, key),
                    "value" => once(value, cursor.number()?, key),
                    "tags" => cursor.tags(tags),
                    _ => cursor.skip(MAX_DEPTH),
                })
            }
            _ => cursor.skip(MAX_DEPTH),
        })?;
        self.space();
        if self.at < self.text.len() {
            Err("text after the end of the value".to_owned())
        } else {
            Ok(found)
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        self.space();
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(format!("expected `{}` at byte {}", char::from(byte), self.at + 1))
    }

    /// Reads an object and calls `each` with every key, at its value.
    fn object(
        &mut self,
        each: &mut dyn FnMut(&mut Self, &'a str) -> Result<(), String>,
    ) -> Result<(), String> {
        self.expect(b'{')?;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            let key = self.string()?;
            self.expect(b':')?;
            self.space();
            each(self, key)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(format!("expected `,` or `}}` at byte {}", self.at + 1)),
            }
        }
    }

    /// Reads a string and returns it as it is written, escapes and all.
    fn string(&mut self) -> Result<&'a str, String> {
        self.expect(b'"')?;
        let start = self.at;
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.at += 1;
                    return Ok(&self.text[start..self.at - 1]);
                }
                b'\\' => self.escape()?,
                0..0x20 => return Err(format!("a control character at byte {}", self.at + 1)),
                _ => self.at += 1,
            }
        }
        Err("a string without an end".to_owned())
    }

    fn escape(&mut self) -> Result<(), String> {
        let rest = &self.text.as_bytes()[self.at + 1..];
        let length = match rest.first() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') if rest.len() > 4 && rest[1..5].iter().all(u8::is_ascii_hexdigit) => 6,
            _ => return Err(format!("an unknown escape at byte {}", self.at + 1)),
        };
        self.at += length;
        Ok(())
    }

    /// A string in which an escape would only hide something.
    fn plain_string(&mut self) -> Result<&'a str, String> {
        let text = self.string()?;
        if text.contains('\\') {
            Err("an escape where a name or a time stands".to_owned())
        } else {
            Ok(text)
        }
    }

    fn number(&mut self) -> Result<&'a str, String> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E')) {
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        if Value::parse(text.as_bytes()).is_some() {
            return Ok(text);
        }
        Err(format!("expected a number at byte {}", start + 1))
    }

    /// Reads the tags, or sees that they are those of the line before.
    fn tags(&mut self, tags: &mut Tags) -> Result<(), String> {
        let rest = &self.text.as_bytes()[self.at..];
        if !tags.text.is_empty() && rest.starts_with(tags.text.as_bytes()) {
            self.at += tags.text.len();
            return Ok(());
        }
        if self.peek() != Some(b'{') {
            tags.forget("");
            return self.skip(MAX_DEPTH);
        }
        let start = self.at;
        let mut pairs = BTreeMap::new();
        self.object(&mut |cursor, key| {
            let value = cursor.string()?;
            match pairs.insert(unescape(key)?, unescape(value)?) {
                None => Ok(()),
                Some(_) => Err(format!("the tag `{}` stands twice", key.escape_debug())),
            }
        })?;
        tags.forget(&self.text[start..self.at]);
        tags.pairs = pairs;
        Ok(())
    }

    /// Passes over any value.
    fn skip(&mut self, depth: usize) -> Result<(), String> {
        if depth == 0 {
            return Err(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.object(&mut |cursor, _| cursor.skip(depth - 1)),
            Some(b'[') => self.skip_list(depth - 1),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => self.number().map(drop),
        }
    }

    fn skip_list(&mut self, depth: usize) -> Result<(), String> {
        self.expect(b'[')?;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            self.skip(depth)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(format!("expected `,` or `]` at byte {}", self.at + 1)),
            }
        }
    }

    fn word(&mut self, word: &str) -> Result<(), String> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        Err(format!("expected `{word}` at byte {}", self.at + 1))
    }
}

impl Tags {
    fn forget(&mut self, text: &str) {
        text.clone_into(&mut self.text);
        self.pairs.clear();
        self.turn += 1;
    }
}

fn once<'a>(slot: &mut Option<&'a str>, text: &'a str, key: &str) -> Result<(), String> {
    match slot.replace(text) {
        None => Ok(()),
        Some(_) => Err(format!("`{key}` stands twice")),
    }
}

fn unescape(text: &str) -> Result<String, String> {
    if !text.contains('\\') {
        return Ok(text.to_owned());
    }
    let node = document::parse_json(format!("\"{text}\"").as_bytes(), Limits::GOVERNED)
        .map_err(|error| error.problem)?;
    Ok(node.as_str().unwrap_or_default().to_owned())
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
