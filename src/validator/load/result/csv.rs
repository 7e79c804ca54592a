//! `k6 run --out csv`: a header, then one line a sample.
//!
//! The shape names no types and no thresholds: metrics that k6 makes itself are known by their
//! names, every other one is taken for a trend.

use std::collections::BTreeMap;

use super::lines::Lines;
use super::ndjson::builtin;
use super::samples::{MAX_SAMPLES, Samples, Value};
use super::{LoadResult, Shape};
use crate::validator::load::threshold::Kind;

/// The most metrics of a file.
const MAX_METRICS: usize = 10_000;

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct K6Csv {
    columns: Option<Columns>,
    metrics: BTreeMap<String, (Kind, bool, Samples)>,
    kept: u64,
    first: Option<i64>,
    last: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Columns {
    name: usize,
    time: usize,
    value: usize,
    count: usize,
}

impl Lines for K6Csv {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let Some(columns) = self.columns else {
            self.columns = Some(Columns::of(line)?);
            return Ok(());
        };
        let mut count = 0;
        let (mut name, mut time, mut value) = ("", "", "");
        let whole = fields(line, &mut |field| {
            match count {
                at if at == columns.name => name = field,
                at if at == columns.time => time = field,
                at if at == columns.value => value = field,
                _ => {}
            }
            count += 1;
        });
        if !whole || count != columns.count {
            return Err(format!("{count} fields; the header names {}", columns.count));
        }
        let Some(value) = Value::parse(value.as_bytes()) else {
            return Err(format!("`{}` is no number", value.escape_debug()));
        };
        let seconds: i64 = time
            .parse()
            .map_err(|_| format!("`{}` is no time in seconds since 1970", time.escape_debug()))?;
        self.first = Some(self.first.map_or(seconds, |first| first.min(seconds)));
        self.last = Some(self.last.map_or(seconds, |last| last.max(seconds)));
        if !self.metrics.contains_key(name) {
            if self.metrics.len() >= MAX_METRICS {
                return Err(format!("more than {MAX_METRICS} metrics"));
            }
            let (kind, is_time) = builtin(name).unwrap_or((Kind::Trend, false));
            self.metrics.insert(name.to_owned(), (kind, is_time, Samples::default()));
        }
        if let Some((kind, _, samples)) = self.metrics.get_mut(name) {
            let before = samples.kept();
            samples.push(*kind, value);
            self.kept += samples.kept() - before;
        }
        if self.kept > MAX_SAMPLES {
            return Err(format!("more than {MAX_SAMPLES} samples of trends; split the run"));
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "no run lasts 2^53 seconds")]
    fn finish(self) -> Result<LoadResult, String> {
        if self.metrics.is_empty() {
            return Err("holds no sample".to_owned());
        }
        let mut result = LoadResult::new(Shape::K6Csv);
        let covered = self.first.zip(self.last).map(|(first, last)| last.saturating_sub(first));
        result.duration_ms =
            covered.filter(|covered| *covered > 0).map(|covered| covered as f64 * 1e3);
        for (name, (kind, is_time, samples)) in self.metrics {
            result.metrics.insert(name, samples.finish(kind, is_time, &[]));
        }
        result.checks = result
            .metrics
            .get("checks")
            .and_then(|metric| metric.shares)
            .map(|(good, all)| (good, all - good));
        Ok(result)
    }
}

impl Columns {
    fn of(header: &str) -> Result<Self, String> {
        let mut names = Vec::new();
        fields(header, &mut |field| names.push(field.to_owned()));
        let place = |name: &str| {
            names
                .iter()
                .position(|known| known == name)
                .ok_or_else(|| format!("the header names no column `{name}`"))
        };
        let (name, time) = (place("metric_name")?, place("timestamp")?);
        Ok(Self { name, time, value: place("metric_value")?, count: names.len() })
    }
}

/// Calls `each` with every field of a line; a doubled quote inside a quoted field stays doubled.
/// Tells whether every quoted field ends.
pub(super) fn fields<'a>(line: &'a str, each: &mut dyn FnMut(&'a str)) -> bool {
    let mut rest = line;
    loop {
        let (field, after) = if let Some(quoted) = rest.strip_prefix('"') {
            let mut end = 0;
            let bytes = quoted.as_bytes();
            loop {
                match memchr::memchr(b'"', &bytes[end..]) {
                    None => return false,
                    Some(at) if bytes.get(end + at + 1) == Some(&b'"') => end += at + 2,
                    Some(at) => {
                        end += at;
                        break;
                    }
                }
            }
            (&quoted[..end], &quoted[end + 1..])
        } else {
            let end = memchr::memchr(b',', rest.as_bytes()).unwrap_or(rest.len());
            rest.split_at(end)
        };
        each(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return after.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_counted_by_metric() {
        let mut csv = K6Csv::default();
        csv.line("metric_name,timestamp,metric_value,check,extra_tags").unwrap();
        csv.line("http_req_duration,1700000000,1.25,,\"a=1,b=\"\"2\"\"\"").unwrap();
        csv.line("http_req_duration,1700000010,3.75,,").unwrap();
        csv.line("http_req_failed,1700000010,0,,").unwrap();
        for bad in ["http_reqs,1700000000,NaN,,", "http_reqs,x,1,,", "http_reqs,1", "a,1,2,\"x"] {
            assert!(csv.line(bad).is_err(), "{bad}");
        }
        let result = csv.finish().unwrap();
        assert_eq!(result.metrics["http_req_duration"].average, Some(2.5));
        assert_eq!(result.metrics["http_req_failed"].shares, Some((0, 1)));
        assert_eq!(result.duration_ms, Some(10_000.0));
    }
}
