//! Results of real runs of k6, and results that somebody broke.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Instant;

use countersign::finding::{Area, Report};
use countersign::validator::load::result::{LoadResult, Shape, read};

use super::corpus::beside;
use crate::areas::judge;

/// Judges one result alone in a tree, and returns what was found as `CODE pointer`.
fn found(name: &str, bytes: &[u8]) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("ops/load/results");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
    let report = judge(Area::Load, root.path());
    codes(&report)
}

fn codes(report: &Report) -> Vec<String> {
    let mut rows: Vec<String> = report
        .findings()
        .iter()
        // A result alone in a tree has no list of runs that keeps it: true, and not the question.
        .filter(|finding| finding.rule.slug != "load-identity-missing")
        .map(|finding| format!("{} {}", finding.rule.slug, finding.location.pointer))
        .collect();
    rows.sort();
    rows
}

fn result(path: &Path) -> LoadResult {
    read(fs::File::open(path).unwrap()).unwrap()
}

/// The same run in three shapes: every threshold is judged alike, whichever way the shape writes
/// its verdict; the 99.9th percentile is in none of the summaries and rests on 40 samples.
#[test]
fn one_run_in_three_shapes_is_judged_alike() {
    let Some(folder) = beside("corpus/k6") else {
        println!("NOT RUN: the corpus is not beside this repository");
        return;
    };
    for (name, shape) in [
        ("summary-export.json", Shape::K6SummaryExport),
        ("handle-summary.json", Shape::K6HandleSummary),
        ("out.ndjson", Shape::K6Ndjson),
    ] {
        let path = folder.join(name);
        let read = result(&path);
        assert_eq!((read.shape, read.requests()), (shape, Some(40)), "{name}");
        assert_eq!(read.checks, Some((40, 0)), "{name}");
        let home = &read.metrics["http_req_duration{name:home}"];
        let p95 = home.percentiles.iter().find(|known| known.0 == 95.0).unwrap().1;
        assert!((p95 - 17.387_660_949_999_983).abs() < 1e-9, "{name}: {p95}");
        let found = found(name, &fs::read(&path).unwrap());
        let has = |slug: &str, metric: &str| {
            found.iter().any(|row| row.starts_with(slug) && row.contains(metric))
        };
        // `p(99.9)<0.001` failed, and k6 says so; nothing contradicts it.
        assert!(has("load-threshold-breached", ""), "{name}: {found:#?}");
        assert!(has("load-samples-too-few", ""), "{name}: {found:#?}");
        assert!(!has("load-verdict-contradicted", ""), "{name}: {found:#?}");
        let is_summary = shape != Shape::K6Ndjson;
        assert_eq!(has("load-threshold-not-recomputable", ""), is_summary, "{name}: {found:#?}");
        assert!(!has("load-result-empty", "") && !has("load-checks", ""), "{name}: {found:#?}");
    }
}

/// Every iteration threw and k6 exited with 0.
#[test]
fn a_run_that_measured_nothing_is_refused() {
    let Some(folder) = beside("corpus/k6") else { return };
    let bytes = fs::read(folder.join("empty-run.summary-export.json")).unwrap();
    let found = found("empty-run.summary-export.json", &bytes);
    let count = |slug: &str| found.iter().filter(|row| row.starts_with(slug)).count();
    // No request; and no sample under the thresholds of checks, http_req_failed,
    // http_req_duration and its submetric.
    assert_eq!(count("load-result-empty"), 5, "{found:#?}");
    assert_eq!(count("load-checks-missing"), 1, "{found:#?}");
    assert_eq!(found.len(), 6, "{found:#?}");
}

#[test]
fn bad_input_is_named_and_does_no_harm() {
    let point = |value: &str| {
        format!(
            "{{\"metric\":\"http_req_duration\",\"type\":\"Point\",\"data\":{{\"time\":\"2026-11-23T08:48:05Z\",\"value\":{value},\"tags\":{{}}}}}}\n"
        )
    };
    for (name, text, slug) in [
        ("a.json", point("1") + &point("2")[..40], "load-result-broken"),
        ("a.json", point("NaN"), "load-result-broken"),
        ("a.json", point("-1"), "load-value-impossible"),
        ("a.json", "{\"metrics\": {\"a\": NaN}}".to_owned(), "load-document-malformed"),
        ("a.json", "{\"metrics\": {\"http_req_duration\": 5}}".to_owned(), "load-result-unknown"),
        (
            "a.json",
            "{\"root_group\": {}, \"metrics\": {\"a\": {\"avg\": \"x\"}}}".to_owned(),
            "load-value-impossible",
        ),
        (
            "a.json",
            "{\"root_group\": 5, \"metrics\": {\"a\": []}}".to_owned(),
            "load-result-broken",
        ),
        (
            "a.csv",
            "metric_name,timestamp,metric_value\nhttp_reqs,1,Infinity\n".to_owned(),
            "load-result-broken",
        ),
        ("a.csv", "metric_name,timestamp,metric_value\n".to_owned(), "load-result-broken"),
        ("a.txt", "hello\n".to_owned(), "load-result-unknown"),
        ("a.txt", String::new(), "load-result-unknown"),
        (
            "a.json",
            "{\"latencies\": {}, \"requests\": -5, \"success\": 1}".to_owned(),
            "load-result-broken",
        ),
        (
            "a.json",
            "[{\"response_times\": {\"x\": 1}, \"num_requests\": 1, \"num_failures\": 0}]"
                .to_owned(),
            "load-result-broken",
        ),
    ] {
        let found = found(name, text.as_bytes());
        assert!(found.iter().any(|row| row.starts_with(slug)), "{text}: {found:#?}");
    }
    let binary = found("a.ndjson", b"\xff\xfe{\"metric\"\n");
    assert!(binary.iter().any(|row| row.starts_with("load-result-unknown")), "{binary:#?}");
}

/// Two million samples as a table: streamed, exact, and soon done.
#[test]
fn a_large_table_is_streamed() {
    let count = if cfg!(debug_assertions) { 200_000 } else { 2_000_000_u32 };
    let mut text = String::from("metric_name,timestamp,metric_value,check,error,extra_tags\n");
    for index in 0..count {
        let value = f64::from(index.wrapping_mul(7919) % count) / 1000.0;
        let _ = writeln!(text, "http_req_duration,{},{value},,,", 1_700_000_000 + index / 1000);
    }
    let start = Instant::now();
    let result = read(text.as_bytes()).unwrap();
    let metric = &result.metrics["http_req_duration"];
    assert_eq!(metric.count, Some(u64::from(count)));
    let p95 = metric.percentiles.iter().find(|known| known.0 == 95.0).unwrap().1;
    assert!((p95 - f64::from(count - 1) * 0.95 / 1000.0).abs() < 1e-6, "{p95}");
    assert!(start.elapsed().as_secs() < 30);
}

/// Twelve minutes at an even 25 requests a second, and half a minute of climbing before.
fn soak(rise_per_minute: f64) -> String {
    let mut text = String::from(
        r#"{"type":"Metric","data":{"name":"http_req_duration","type":"trend","contains":"time"},"metric":"http_req_duration"}"#,
    );
    let start: countersign::Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
    let mut noise = 7_u64;
    for second in 0..750_u32 {
        let rate = if second < 30 { 1 + second * 25 / 30 } else { 25 };
        for _ in 0..rate {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let jitter = f64::from(u32::try_from(noise >> 40).unwrap()) / f64::from(1 << 24);
            let value = 20.0 + 10.0 * jitter + rise_per_minute * f64::from(second) / 60.0;
            let time = start.plus_seconds(second);
            write!(
                text,
                "\n{{\"metric\":\"http_req_duration\",\"type\":\"Point\",\"data\":{{\"time\":\"{time}\",\"value\":{value:.3},\"tags\":{{}}}}}}"
            )
            .unwrap();
        }
    }
    text
}

#[test]
fn a_long_run_that_slows_down_is_found_in_its_samples() {
    let rises = |rise| {
        let found = found("soak.json", soak(rise).as_bytes());
        found.iter().any(|code| code.starts_with("load-soak-rises"))
    };
    assert!(rises(0.5));
    assert!(!rises(0.0));
}
