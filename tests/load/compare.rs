//! `load compare` on the command line, and what the area derives.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use countersign::finding::{Area, ReportDocument};
use countersign::tree::Tree;
use countersign::validator::{Context, derive};

use crate::schemas;

const BASELINE: &str = "ops/load/baselines/0.2.0.json";
const RUNS: &str = "ops/load/results/soak.runs.json";

fn compare(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["load", "compare"])
        .args(arguments)
        .args(["--now", "2026-11-23T09:00:00Z"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .output()
        .unwrap()
}

/// A list of runs whose 95th percentile is that of the example's, times a factor.
fn runs(folder: &Path, name: &str, factor: f64, count: usize) -> String {
    let rows: Vec<String> = [39.434, 39.172, 39.181, 39.246, 39.691]
        .iter()
        .take(count)
        .enumerate()
        .map(|(index, p95)| {
            format!("{{\"p95_ms\": {:.3}, \"raw_sha256\": \"{index:064}\"}}", p95 * factor)
        })
        .collect();
    let path = folder.join(name);
    fs::write(&path, format!("{{\"runs\": [{}]}}", rows.join(", "))).unwrap();
    path.display().to_string()
}

#[test]
fn the_answer_is_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let same = runs(folder.path(), "same.json", 1.0, 5);
    let slower = runs(folder.path(), "slower.json", 1.3, 5);
    let few = runs(folder.path(), "few.json", 1.0, 4);
    let soak = ["--suite", "soak"];
    for (candidate, code) in [(RUNS, 0), (same.as_str(), 0), (&slower, 1), (&few, 3)] {
        let output = compare(&[BASELINE, "--candidate", candidate, soak[0], soak[1]]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{candidate}: {said}");
    }
    // A baseline of several suites, a file that is no result, one that is not there, no candidate.
    for (arguments, code) in [
        (&[BASELINE, "--candidate", RUNS][..], 3),
        (&["Cargo.toml", "--candidate", RUNS][..], 3),
        (&["no-such-file", "--candidate", RUNS][..], 3),
        (&[RUNS][..], 2),
    ] {
        let output = compare(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_file_is_not_compared_with_itself() {
    let output = compare(&[RUNS, "--candidate", RUNS]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("CS-LOAD-046"), "{said}");
}

#[test]
fn people_see_both_sides_and_programs_the_numbers() {
    let arguments = [BASELINE, "--suite", "soak", "--candidate", RUNS];
    let said = String::from_utf8(compare(&arguments).stdout).unwrap();
    for words in ["p95_ms of soak: not regressed", "baseline  |", "candidate |", "95 % interval"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let json = compare(&[&arguments[..], &["--format", "json"]].concat()).stdout;
    schemas::judge("report", &json);
    let report = ReportDocument::parse(&json).unwrap();
    let first = &report.comparisons[0];
    assert_eq!((first.metric.as_str(), first.answer.as_str()), ("p95_ms", "not_regressed"));
    assert_eq!(first.baseline.runs_millionths[0], Some(39_142_000));
    assert_eq!(json, compare(&[&arguments[..], &["--format", "json"]].concat()).stdout);
}

#[test]
fn what_is_derived_fits_its_schemas() {
    let tree = Tree::open(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let context = Context::at("2026-11-23T09:00:00Z".parse().unwrap());
    let derived = derive(Area::Load, &tree, &context);
    let names: Vec<&str> = derived.iter().map(|document| document.name.as_str()).collect();
    assert_eq!(
        names,
        ["load-summary.json", "load-baseline-comparison.json", "load-threshold-regressions.json"]
    );
    schemas::judge("load-derived-summary", &derived[0].bytes);
    schemas::judge("load-baseline-comparison", &derived[1].bytes);
    schemas::judge("load-threshold-regressions", &derived[2].bytes);
    let regressions = String::from_utf8_lossy(&derived[2].bytes).into_owned();
    assert!(regressions.contains("\"judged\": 12"), "{regressions}");
}
