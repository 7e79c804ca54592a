//! Results of other tools, put into k6's words and milliseconds.

use super::csv::fields;
use super::metric::Metric;
use super::{LoadResult, ResultError, Shape, broken};
use crate::document::Node;
use crate::validator::load::statistics;
use crate::validator::load::threshold::Kind;

/// Builds a result from its latencies and counts.
fn assemble(
    shape: Shape,
    latency: Metric,
    requests: Option<u64>,
    failed: Option<u64>,
    rate: Option<f64>,
) -> LoadResult {
    let mut result = LoadResult::new(shape);
    let mut sent = Metric::new(Kind::Counter);
    (sent.count, sent.rate) = (requests, rate);
    if let Some((failed, all)) = failed.zip(requests) {
        let mut share = Metric::new(Kind::Rate);
        share.shares = Some((failed, all));
        result.metrics.insert("http_req_failed".to_owned(), share);
    }
    result.metrics.insert("http_reqs".to_owned(), sent);
    result.metrics.insert("http_req_duration".to_owned(), latency);
    result
}

fn trend(count: Option<u64>) -> Metric {
    let mut metric = Metric::new(Kind::Trend);
    (metric.is_time, metric.count) = (true, count);
    metric
}

/// `vegeta report -type=json`: nanoseconds.
pub(super) fn vegeta(node: &Node) -> Result<LoadResult, ResultError> {
    let shape = Shape::Vegeta;
    let number = |pointer: &str| node.pointer(pointer).and_then(Node::as_f64);
    let ms = |pointer: &str| number(pointer).map(|nanoseconds| nanoseconds / 1e6);
    let requests = node.get("requests").and_then(Node::as_u64);
    let Some((all, success)) = requests.zip(number("/success")) else {
        return Err(broken(shape, "has no count of requests, or no share of successes"));
    };
    let mut latency = trend(requests);
    latency.average = ms("/latencies/mean");
    latency.minimum = ms("/latencies/min");
    latency.maximum = ms("/latencies/max");
    for (key, rank) in [("50th", 50.0), ("90th", 90.0), ("95th", 95.0), ("99th", 99.0)] {
        latency.percentiles.extend(ms(&format!("/latencies/{key}")).map(|value| (rank, value)));
    }
    let codes = node.get("status_codes").map(Node::entries).unwrap_or_default();
    let good = |code: &str| code.starts_with('2') || code.starts_with('3');
    let counted: u64 = codes
        .iter()
        .filter(|entry| good(&entry.key))
        .filter_map(|entry| entry.value.as_u64())
        .fold(0, u64::saturating_add);
    #[expect(clippy::cast_precision_loss, reason = "no run sends 2^53 requests")]
    let failed = if codes.is_empty() {
        statistics::ceil_count(((1.0 - success) * all as f64).round())
    } else {
        all.saturating_sub(counted)
    };
    let mut result = assemble(shape, latency, requests, Some(failed), number("/rate"));
    result.duration_ms = ms("/duration");
    Ok(result)
}

/// `oha --output-format json`: seconds.
pub(super) fn oha(node: &Node) -> Result<LoadResult, ResultError> {
    let number = |pointer: &str| node.pointer(pointer).and_then(Node::as_f64);
    let ms = |pointer: &str| number(pointer).map(|seconds| seconds * 1e3);
    let sum = |key: &str| -> u64 {
        let entries = node.get(key).map(Node::entries).unwrap_or_default();
        entries.iter().filter_map(|entry| entry.value.as_u64()).fold(0, u64::saturating_add)
    };
    let (answered, errors) = (sum("statusCodeDistribution"), sum("errorDistribution"));
    let bad: u64 = node
        .get("statusCodeDistribution")
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .filter(|entry| !entry.key.starts_with('2') && !entry.key.starts_with('3'))
        .filter_map(|entry| entry.value.as_u64())
        .fold(0, u64::saturating_add);
    let requests = answered.saturating_add(errors);
    let mut latency = trend(Some(answered));
    latency.average = ms("/summary/average");
    latency.minimum = ms("/summary/fastest");
    latency.maximum = ms("/summary/slowest");
    for entry in node.get("latencyPercentiles").map(Node::entries).unwrap_or_default() {
        let rank = entry.key.strip_prefix('p').and_then(|rank| rank.parse::<f64>().ok());
        let value = entry.value.as_f64().map(|seconds| seconds * 1e3);
        latency.percentiles.extend(rank.zip(value));
    }
    latency.percentiles.sort_by(|a, b| a.0.total_cmp(&b.0));
    let rate = number("/summary/requestsPerSec");
    let mut result =
        assemble(Shape::Oha, latency, Some(requests), Some(bad.saturating_add(errors)), rate);
    result.duration_ms = ms("/summary/total");
    Ok(result)
}

/// `locust --json`: a histogram of rounded milliseconds for each name and method.
pub(super) fn locust(node: &Node) -> Result<LoadResult, ResultError> {
    let shape = Shape::LocustJson;
    let mut histogram: Vec<(f64, u64)> = Vec::new();
    let (mut requests, mut failures) = (0_u64, 0_u64);
    let (mut first, mut last) = (f64::INFINITY, f64::NEG_INFINITY);
    for (index, row) in node.items().iter().enumerate() {
        let count = |key: &str| row.get(key).and_then(Node::as_u64);
        let (Some(all), Some(failed)) = (count("num_requests"), count("num_failures")) else {
            return Err(broken(shape, format!("`/{index}` does not count its requests")));
        };
        requests = requests.saturating_add(all);
        failures = failures.saturating_add(failed);
        for entry in row.get("response_times").map(Node::entries).unwrap_or_default() {
            let bucket = entry.key.parse::<f64>().ok().filter(|ms| ms.is_finite());
            let Some((ms, count)) = bucket.zip(entry.value.as_u64()) else {
                let problem = format!(
                    "`/{index}/response_times` has the bucket `{}`",
                    entry.key.escape_debug()
                );
                return Err(broken(shape, problem));
            };
            histogram.push((ms, count));
        }
        let time = |key: &str| row.get(key).and_then(Node::as_f64);
        first = first.min(time("start_time").unwrap_or(f64::INFINITY));
        last = last.max(time("last_request_timestamp").unwrap_or(f64::NEG_INFINITY));
    }
    let latency = of_histogram(histogram);
    let mut result = assemble(shape, latency, Some(requests), Some(failures), None);
    result.duration_ms = Some((last - first) * 1e3).filter(|ms| ms.is_finite());
    Ok(result)
}

/// Percentiles of a histogram: of the values that it stands for, each as often as it was counted.
fn of_histogram(mut histogram: Vec<(f64, u64)>) -> Metric {
    histogram.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: u64 = histogram.iter().map(|(_, count)| *count).fold(0, u64::saturating_add);
    let mut metric = trend(Some(total));
    if total == 0 {
        return metric;
    }
    let at = |place: u64| {
        let mut seen = 0_u64;
        let found = histogram.iter().find(|(_, count)| {
            seen = seen.saturating_add(*count);
            place < seen
        });
        found.or(histogram.last()).map_or(0.0, |(value, _)| *value)
    };
    #[expect(clippy::cast_precision_loss, reason = "no run sends 2^53 requests")]
    let last = (total - 1) as f64;
    for rank in [50.0, 90.0, 95.0, 99.0, 99.9] {
        let place = last * rank / 100.0;
        let below = statistics::ceil_count(place.floor());
        let (low, high) = (at(below), at(below + 1));
        metric.percentiles.push((rank, low + (high - low) * (place - place.floor())));
    }
    (metric.minimum, metric.maximum) = (Some(at(0)), Some(at(total - 1)));
    metric
}

/// Gatling's `stats.json`: milliseconds; what percentile each of the four is stands in its
/// configuration, whose defaults are 50, 75, 95 and 99.
pub(super) fn gatling(node: &Node) -> Result<LoadResult, ResultError> {
    let shape = Shape::Gatling;
    let number = |pointer: &str| node.pointer(pointer).and_then(Node::as_f64);
    let count = |pointer: &str| node.pointer(pointer).and_then(Node::as_u64);
    let Some(requests) = count("/stats/numberOfRequests/total") else {
        return Err(broken(shape, "`/stats/numberOfRequests/total` is no count"));
    };
    let mut latency = trend(Some(requests));
    latency.minimum = number("/stats/minResponseTime/total");
    latency.maximum = number("/stats/maxResponseTime/total");
    latency.average = number("/stats/meanResponseTime/total");
    for (index, rank) in [(1, 50.0), (2, 75.0), (3, 95.0), (4, 99.0)] {
        let value = number(&format!("/stats/percentiles{index}/total"));
        latency.percentiles.extend(value.map(|value| (rank, value)));
    }
    let rate = number("/stats/meanNumberOfRequestsPerSecond/total");
    let failed = count("/stats/numberOfRequests/ko");
    Ok(assemble(shape, latency, Some(requests), failed, rate))
}

/// Text: the statistics of locust as a table, or what wrk2 prints.
pub(super) fn of_text(bytes: &[u8]) -> Result<LoadResult, ResultError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| ResultError::Unknown("is not UTF-8 text".to_owned()))?;
    if text.starts_with("Type,Name,Request Count") {
        locust_table(text)
    } else if text.contains("Detailed Percentile spectrum") {
        wrk2(text)
    } else {
        let problem = "is no result of k6, vegeta, locust, Gatling, oha or wrk2";
        Err(ResultError::Unknown(problem.to_owned()))
    }
}

/// `locust --csv`: the row `Aggregated`. It may be written before the last requests.
fn locust_table(text: &str) -> Result<LoadResult, ResultError> {
    let shape = Shape::LocustCsv;
    let row = |line: &str| {
        let mut row: Vec<String> = Vec::new();
        fields(line, &mut |field| row.push(field.to_owned()));
        row
    };
    let mut lines = text.lines();
    let header = row(lines.next().unwrap_or_default());
    let Some(total) = lines.map(row).find(|row| row.get(1).is_some_and(|n| n == "Aggregated"))
    else {
        return Err(broken(shape, "has no row `Aggregated`"));
    };
    let cell = |name: &str| total.get(header.iter().position(|known| known == name)?);
    let number = |name: &str| cell(name).and_then(|text| text.parse::<f64>().ok());
    let count = |name: &str| cell(name).and_then(|text| text.parse::<u64>().ok());
    let requests = count("Request Count");
    let mut latency = trend(requests);
    latency.average = number("Average Response Time");
    latency.minimum = number("Min Response Time");
    latency.maximum = number("Max Response Time");
    for rank in [50.0, 66.0, 75.0, 80.0, 90.0, 95.0, 98.0, 99.0, 99.9] {
        latency.percentiles.extend(number(&format!("{rank}%")).map(|value| (rank, value)));
    }
    Ok(assemble(shape, latency, requests, count("Failure Count"), number("Requests/s")))
}

/// wrk2: the table of corrected percentiles, never the summary above it.
fn wrk2(text: &str) -> Result<LoadResult, ResultError> {
    let shape = Shape::Wrk2;
    let mut latency = trend(None);
    let table = text.lines().skip_while(|line| !line.contains("Detailed Percentile spectrum"));
    for line in table.skip(1) {
        let cells: Vec<&str> = line.split_whitespace().collect();
        if line.trim_start().starts_with('#') {
            break;
        }
        if let [value, rank, count, ..] = cells.as_slice()
            && let (Ok(value), Ok(rank), Ok(count)) =
                (value.parse::<f64>(), rank.parse::<f64>(), count.parse::<u64>())
        {
            latency.percentiles.push((rank * 100.0, value));
            latency.count = Some(count);
            latency.maximum = Some(value);
        }
    }
    if latency.percentiles.is_empty() {
        return Err(broken(shape, "has no table of percentiles"));
    }
    let after = |label: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(label))?;
        line.trim_start()[label.len()..].split_whitespace().next()?.parse::<f64>().ok()
    };
    let requests = text.lines().find_map(|line| {
        line.trim().split_once(" requests in ").and_then(|(count, _)| count.parse::<u64>().ok())
    });
    let bad = after("Non-2xx or 3xx responses:").unwrap_or(0.0);
    let failed = requests.map(|_| statistics::ceil_count(bad));
    Ok(assemble(shape, latency, requests, failed, after("Requests/sec:")))
}

#[cfg(test)]
mod tests {
    use super::super::read;

    fn p95(text: &str) -> (f64, Option<u64>, Option<(u64, u64)>) {
        let result = read(text.as_bytes()).unwrap();
        let latency = &result.metrics["http_req_duration"];
        let value = latency.percentiles.iter().find(|(rank, _)| *rank == 95.0).unwrap().1;
        let failed = result.metrics.get("http_req_failed").and_then(|metric| metric.shares);
        (value, result.requests(), failed)
    }

    #[test]
    fn every_tool_comes_out_in_milliseconds() {
        let vegeta = r#"{"latencies":{"mean":2e6,"50th":2000000,"95th":5000000,"99th":9000000,"max":10000000},
            "requests":1000,"rate":100,"success":0.99,"status_codes":{"200":990,"500":10},"duration":10000000000}"#;
        assert_eq!(p95(vegeta), (5.0, Some(1000), Some((10, 1000))));
        let oha = r#"{"summary":{"successRate":1,"total":10,"slowest":0.1,"fastest":0.001,"average":0.01,"requestsPerSec":10},
            "latencyPercentiles":{"p50":0.002,"p95":0.005,"p99":0.009},"statusCodeDistribution":{"200":99,"503":1},"errorDistribution":{}}"#;
        assert_eq!(p95(oha), (5.0, Some(100), Some((1, 100))));
        let locust = r#"[{"name":"/","num_requests":100,"num_failures":2,"response_times":{"1":90,"5":10},
            "start_time":1.0,"last_request_timestamp":11.0}]"#;
        assert_eq!(p95(locust), (5.0, Some(100), Some((2, 100))));
        let gatling = r#"{"type":"GROUP","stats":{"numberOfRequests":{"total":10,"ok":9,"ko":1},"percentiles3":{"total":5}}}"#;
        assert_eq!(p95(gatling), (5.0, Some(10), Some((1, 10))));
        let table = "Type,Name,Request Count,Failure Count,95%\n,Aggregated,10,1,5\n";
        assert_eq!(p95(table), (5.0, Some(10), Some((1, 10))));
        let wrk2 = "  Detailed Percentile spectrum:\n       Value   Percentile   TotalCount 1/(1-Percentile)\n\n       2.000     0.500000            5         2.00\n       5.000     0.950000           10        20.00\n#[Mean    =        2.0]\n  10 requests in 1.00s, 1KB read\n";
        assert_eq!(p95(wrk2), (5.0, Some(10), Some((0, 10))));
    }
}
