//! The three summaries of k6.

use super::metric::{Metric, Stated};
use super::{LoadResult, ResultError, Shape, broken};
use crate::document::Node;
use crate::json::escape_pointer;
use crate::validator::load::threshold::Kind;

/// `--summary-export`: flat values, no types, no duration; a threshold that is `true` has failed.
pub(super) fn exported(node: &Node) -> Result<LoadResult, ResultError> {
    let shape = Shape::K6SummaryExport;
    let mut result = LoadResult::new(shape);
    for entry in node.get("metrics").map(Node::entries).unwrap_or_default() {
        let pointer = format!("/metrics/{}", escape_pointer(&entry.key));
        let values = &entry.value;
        let Some(kind) = kind_of_flat(values) else {
            let problem = format!("`{pointer}` has none of the values that k6 exports");
            return Err(broken(shape, problem));
        };
        let mut metric = Metric::new(kind);
        metric.is_time = kind == Kind::Trend;
        values_into(&mut metric, values, &mut result, &pointer);
        // In this shape a rate's share is its `value`.
        if kind == Kind::Rate {
            (metric.rate, metric.value) = (metric.value, None);
        }
        for stated in values.get("thresholds").map(Node::entries).unwrap_or_default() {
            metric.thresholds.push(Stated {
                expression: stated.key.clone(),
                held: stated.value.as_bool().map(|failed| !failed),
                pointer: format!("{pointer}/thresholds/{}", escape_pointer(&stated.key)),
            });
        }
        result.metrics.insert(entry.key.clone(), metric);
    }
    result.checks = node.get("root_group").map(count_checks);
    Ok(result)
}

/// What `handleSummary` is given: types, the duration, what was computed.
pub(super) fn handled(node: &Node) -> Result<LoadResult, ResultError> {
    let shape = Shape::K6HandleSummary;
    let mut result = LoadResult::new(shape);
    result.duration_ms = node.pointer("/state/testRunDurationMs").and_then(Node::as_f64);
    result.trend_stats = node.pointer("/options/summaryTrendStats").map(texts);
    for entry in node.get("metrics").map(Node::entries).unwrap_or_default() {
        let pointer = format!("/metrics/{}", escape_pointer(&entry.key));
        let mut metric = typed(shape, &entry.value, &pointer, &mut result)?;
        for stated in entry.value.get("thresholds").map(Node::entries).unwrap_or_default() {
            metric.thresholds.push(Stated {
                expression: stated.key.clone(),
                held: stated.value.get("ok").and_then(Node::as_bool),
                pointer: format!("{pointer}/thresholds/{}", escape_pointer(&stated.key)),
            });
        }
        result.metrics.insert(entry.key.clone(), metric);
    }
    result.checks = node.get("root_group").map(count_checks);
    Ok(result)
}

/// The machine-readable summary of k6 1.5 and later: no thresholds and no 99th percentile.
pub(super) fn machine_readable(node: &Node) -> Result<LoadResult, ResultError> {
    let shape = Shape::K6MachineReadable;
    let mut result = LoadResult::new(shape);
    result.version = node.pointer("/metadata/k6Version").and_then(Node::as_str).map(str::to_owned);
    let duration = node.pointer("/config/duration");
    result.duration_ms = duration.and_then(|node| {
        node.as_f64().map(|seconds| seconds * 1000.0).or_else(|| duration_ms(node.as_str()?))
    });
    let lists = ["/results/metrics", "/results/checks/metrics"];
    for list in lists {
        let rows = node.pointer(list).map(Node::items).unwrap_or_default();
        for (index, row) in rows.iter().enumerate() {
            let pointer = format!("{list}/{index}");
            let Some(name) = row.get("name").and_then(Node::as_str) else {
                return Err(broken(shape, format!("`{pointer}` has no name")));
            };
            let metric = typed(shape, row, &pointer, &mut result)?;
            result.metrics.insert(name.to_owned(), metric);
        }
    }
    let rows = node.pointer("/results/checks/results").map(Node::items).unwrap_or_default();
    result.checks = Some(rows.iter().fold((0, 0), |sum, row| add(sum, tally(row))));
    Ok(result)
}

/// A duration as Go and k6 write it: `1h30m`, `90s`, `1.5s`, `250ms`.
#[must_use]
pub(in crate::validator::load) fn duration_ms(text: &str) -> Option<f64> {
    let (mut rest, mut sum) = (text.trim(), 0.0);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, tail) = after.split_at(letters);
        let factor = match unit {
            "ns" => 1e-6,
            "us" | "µs" => 1e-3,
            "ms" => 1.0,
            "s" => 1e3,
            "m" => 6e4,
            "h" => 3.6e6,
            "d" => 8.64e7,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * factor;
        rest = tail;
    }
    Some(sum)
}

fn kind_of_flat(values: &Node) -> Option<Kind> {
    let has = |key: &str| values.get(key).is_some();
    if has("passes") && has("fails") {
        Some(Kind::Rate)
    } else if has("avg") || has("med") || values.entries().iter().any(|e| rank_of(&e.key).is_some())
    {
        Some(Kind::Trend)
    } else if has("count") && has("rate") {
        Some(Kind::Counter)
    } else if has("value") {
        Some(Kind::Gauge)
    } else if has("min") || has("max") || has("count") {
        // `--summary-trend-stats` may leave a trend with these alone.
        Some(Kind::Trend)
    } else {
        None
    }
}

fn typed(
    shape: Shape,
    row: &Node,
    pointer: &str,
    result: &mut LoadResult,
) -> Result<Metric, ResultError> {
    let Some(kind) = row.get("type").and_then(Node::as_str).and_then(Kind::parse) else {
        return Err(broken(shape, format!("`{pointer}` has no type of k6's four")));
    };
    let Some(values) = row.get("values") else {
        return Err(broken(shape, format!("`{pointer}` has no values")));
    };
    let mut metric = Metric::new(kind);
    metric.is_time = row.get("contains").and_then(Node::as_str) == Some("time");
    values_into(&mut metric, values, result, &format!("{pointer}/values"));
    Ok(metric)
}

fn values_into(metric: &mut Metric, values: &Node, result: &mut LoadResult, pointer: &str) {
    for entry in values.entries().iter().filter(|entry| entry.key != "thresholds") {
        let Some(number) = entry.value.as_f64().filter(|number| number.is_finite()) else {
            let pointer = format!("{pointer}/{}", escape_pointer(&entry.key));
            let problem = format!("is {}; expected a number", entry.value.kind());
            result.odd(&pointer, Some(entry.value.position), problem);
            continue;
        };
        match entry.key.as_str() {
            "count" => {
                metric.count = entry.value.as_u64();
                metric.sum = Some(number).filter(|_| metric.count.is_none());
            }
            "rate" => metric.rate = Some(number),
            "value" => metric.value = Some(number),
            "min" => metric.minimum = Some(number),
            "max" => metric.maximum = Some(number),
            "avg" => metric.average = Some(number),
            other => {
                if let Some(rank) = rank_of(other) {
                    metric.percentiles.push((rank, number));
                }
            }
        }
    }
    metric.percentiles.sort_by(|a, b| a.0.total_cmp(&b.0));
    let count = |key: &str| values.get(key).and_then(Node::as_u64);
    // `passes` counts values that are not zero: for `http_req_failed` those are the failures.
    metric.shares = match (count("passes"), count("fails"), count("matches"), count("total")) {
        (Some(trues), Some(falses), _, _) => Some((trues, trues.saturating_add(falses))),
        (_, _, Some(trues), Some(all)) => Some((trues, all)),
        _ => None,
    };
}

/// The rank that a trend's key names: `med`, `p(95)`, `p(99.9)`.
pub(super) fn rank_of(key: &str) -> Option<f64> {
    if key == "med" {
        return Some(50.0);
    }
    key.strip_prefix("p(")?
        .strip_suffix(')')?
        .parse()
        .ok()
        .filter(|rank| (0.0..=100.0).contains(rank))
}

fn texts(list: &Node) -> Vec<String> {
    list.items().iter().filter_map(Node::as_str).map(str::to_owned).collect()
}

/// Counts the checks of a group and its groups; both are lists in one shape and mappings in the
/// other.
fn count_checks(group: &Node) -> (u64, u64) {
    let mut sum = (0, 0);
    let children = |key: &str| {
        let node = group.get(key);
        let items = node.map(Node::items).unwrap_or_default();
        let entries = node.map(Node::entries).unwrap_or_default();
        items.iter().chain(entries.iter().map(|entry| &entry.value))
    };
    for check in children("checks") {
        sum = add(sum, tally(check));
    }
    for inner in children("groups") {
        sum = add(sum, count_checks(inner));
    }
    sum
}

fn tally(row: &Node) -> (u64, u64) {
    let count = |key: &str| row.get(key).and_then(Node::as_u64).unwrap_or(0);
    (count("passes"), count("fails"))
}

fn add(a: (u64, u64), b: (u64, u64)) -> (u64, u64) {
    (a.0.saturating_add(b.0), a.1.saturating_add(b.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        assert_eq!(duration_ms("1m30s"), Some(90_000.0));
        assert_eq!(duration_ms("250ms"), Some(250.0));
        assert_eq!(duration_ms("~115s"), None);
        assert_eq!(duration_ms("90"), None);
    }
}
