//! One report in every format: the same verdict and exit code, and text from data that stays text.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{Ran, countersign};
use crate::specimen::{self, NOW, specimen};

const FORMATS: [&str; 6] = ["human", "json", "sarif", "junit", "markdown", "github"];

/// A compose file whose image is named to break out of whatever it is shown in.
const HOSTILE: &str = "services:\n  web:\n    image: \"x\\\"<script src=x \\n::error::owned\\n# @team | `a` https://evil.example %0A::warning::b ]] \\u202e\"\n";

fn hostile() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("ops/stack")).unwrap();
    fs::write(folder.path().join("ops/stack/docker-compose.yml"), HOSTILE).unwrap();
    folder
}

fn check(root: &Path, format: &str) -> Ran {
    countersign(root, &["check", "stack", "--format", format, "--now", NOW])
}

/// What came out, when the verb ended with the code.
#[track_caller]
fn said(ran: &Ran, code: i32) -> String {
    assert_eq!(ran.code, Some(code), "{}", ran.said());
    ran.stdout.clone()
}

#[test]
fn no_format_changes_the_exit_code() {
    let hostile = hostile();
    let folder = tempfile::tempdir().unwrap();
    specimen::write(&folder.path().join("dist"), &specimen().files);
    fs::write(folder.path().join("trust.json"), &specimen().trust).unwrap();
    for format in FORMATS {
        said(&check(hostile.path(), format), 1);
        let verify = ["verify", "dist", "--trust", "trust.json", "--format", format, "--now", NOW];
        let passed = said(&countersign(folder.path(), &verify), 0);
        assert!(!passed.is_empty(), "{format}");
        // Without a verdict nothing is said on standard output, in any format.
        let no_root = ["verify", "dist", "--trust", "none.json", "--format", format, "--now", NOW];
        assert_eq!(said(&countersign(folder.path(), &no_root), 3), "", "{format}");
        let output = [&verify[..], &["--output", "out"]].concat();
        assert_eq!(said(&countersign(folder.path(), &output), 0), "");
        assert_eq!(fs::read_to_string(folder.path().join("out")).unwrap(), passed, "{format}");
    }
}

#[test]
fn formats_of_reports_are_for_verbs_that_give_one() {
    let folder = tempfile::tempdir().unwrap();
    for format in ["sarif", "junit", "github"] {
        for verb in [&["rules"][..], &["keys", "generate", "-o", "a.key"]] {
            let ran = countersign(folder.path(), &[verb, &["--format", format]].concat());
            assert_eq!(ran.code, Some(2), "{}", ran.said());
            assert!(ran.stderr.contains("--format json"), "{}", ran.said());
        }
    }
    assert!(!folder.path().join("a.key").exists());
}

fn sarif(ran: &Ran, code: i32) -> Value {
    serde_json::from_str(&said(ran, code)).unwrap()
}

#[test]
fn sarif_has_a_result_for_each_finding_and_a_rule_for_each_result() {
    let hostile = hostile();
    let log = sarif(&check(hostile.path(), "sarif"), 1);
    let report: Value = serde_json::from_str(&said(&check(hostile.path(), "json"), 1)).unwrap();
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), report["findings"].as_array().unwrap().len());
    assert!(!results.is_empty());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        let rule = &run["tool"]["driver"]["rules"][index];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(rule["help"]["markdown"].as_str().unwrap().contains("**why**"));
        let text = result["message"]["text"].as_str().unwrap();
        assert!(!text.contains(['\n', '\u{202e}']), "{text}");
    }
    assert_eq!(run["invocations"][0]["exitCode"], 1);
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    // A line above moves the region and nothing else.
    let compose = hostile.path().join("ops/stack/docker-compose.yml");
    fs::write(&compose, format!("# a line above\n{HOSTILE}")).unwrap();
    let moved = sarif(&check(hostile.path(), "sarif"), 1);
    let fingerprints = |log: &Value| -> Vec<Value> {
        let results = log["runs"][0]["results"].as_array().unwrap();
        results.iter().map(|result| result["partialFingerprints"].clone()).collect()
    };
    let lines = |log: &Value| -> Vec<Value> {
        let results = log["runs"][0]["results"].as_array().unwrap();
        let region = "/locations/0/physicalLocation/region/startLine";
        results.iter().filter_map(|result| result.pointer(region).cloned()).collect()
    };
    assert_eq!(fingerprints(&moved), fingerprints(&log));
    assert_ne!(lines(&moved), lines(&log));
}

#[test]
fn undecided_is_told_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("ops/stack")).unwrap();
    let log = sarif(&check(folder.path(), "sarif"), 3);
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(invocation["exitCode"], 3);
    assert_eq!(invocation["toolExecutionNotifications"][0]["level"], "error");
    assert!(said(&check(folder.path(), "junit"), 3).contains("type=\"undecided\""));
    assert!(said(&check(folder.path(), "markdown"), 3).starts_with("# Undecided"));
    assert!(said(&check(folder.path(), "github"), 3).contains("\nundecided check"));
}

#[test]
fn data_commands_nothing() {
    let hostile = hostile();
    let github = said(&check(hostile.path(), "github"), 1);
    for line in github.lines().filter(|line| line.starts_with("::")) {
        let (properties, text) = line[2..].split_once("::").unwrap();
        assert!(properties.starts_with("error ") || properties.starts_with("warning "), "{line}");
        assert!(!text.contains("::error") || text.contains("\\u{a}::error"), "{line}");
    }
    assert!(!github.contains("%0A::warning"), "{github}");
    let junit = said(&check(hostile.path(), "junit"), 1);
    assert!(!junit.contains("<script") && junit.contains("&lt;script"), "{junit}");
    let markdown = said(&check(hostile.path(), "markdown"), 1);
    assert!(!markdown.contains("@team") && !markdown.contains("https://"), "{markdown}");
    for row in markdown.lines().filter(|row| row.starts_with("| error")) {
        let bars =
            row.match_indices('|').filter(|(at, _)| *at == 0 || row.as_bytes()[at - 1] != b'\\');
        assert_eq!(bars.count(), 6, "{row}");
    }
}
