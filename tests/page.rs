//! The page about a release, or about a report.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{Ran, countersign};
use crate::specimen::{self, NOW, specimen};

fn stage() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    specimen::write(&folder.path().join("dist"), &specimen().files);
    fs::write(folder.path().join("trust.json"), &specimen().trust).unwrap();
    folder
}

fn page(folder: &Path, more: &[&str], code: i32) -> String {
    let ran = countersign(folder, &[&["report"], more, &["--now", NOW]].concat());
    assert_eq!(ran.code, Some(code), "{}", ran.said());
    ran.stdout
}

fn check(folder: &Path) -> Ran {
    countersign(folder, &["check", "stack", "--format", "json", "--now", NOW])
}

#[test]
fn a_release_that_holds_and_one_that_does_not() {
    let folder = stage();
    let trusted = ["dist", "--trust", "trust.json"];
    let html = page(folder.path(), &trusted, 0);
    for wanted in ["<h1>", "Everything that was asked", "Chain of trust", "people", "Every check"] {
        assert!(html.contains(wanted), "no `{wanted}`");
    }
    assert!(!html.contains("Not verified"));
    assert_eq!(page(folder.path(), &trusted, 0), html, "the same release gives the same page");
    // To a file, whole; with what changed.
    let more = ["--previous", "dist", "-o", "page.html"];
    assert_eq!(page(folder.path(), &[&trusted[..], &more].concat(), 0), "");
    let written = fs::read_to_string(folder.path().join("page.html")).unwrap();
    assert!(written.contains("What changed") && written.ends_with("</html>\n"));
    let artifact = folder.path().join("dist/lantern-0.3.0-linux-amd64");
    fs::write(&artifact, "another").unwrap();
    let html = page(folder.path(), &trusted, 1);
    assert!(html.contains("CS-PACKET-007") && html.contains("\u{2717} artifacts"), "{html}");
}

#[test]
fn what_nobody_verified_says_so() {
    let folder = stage();
    let html = page(folder.path(), &["dist"], 0);
    assert!(html.contains("Not verified") && !html.contains("Chain of trust"), "{html}");
    fs::create_dir_all(folder.path().join("ops/stack")).unwrap();
    fs::write(folder.path().join("report.json"), check(folder.path()).stdout).unwrap();
    assert!(page(folder.path(), &["report.json"], 0).contains("Not verified"));
}

#[test]
fn a_hostile_report_stays_text() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("ops/stack")).unwrap();
    let mut report: Value = serde_json::from_str(&check(folder.path()).stdout).unwrap();
    let hostile = "</title></style><script>alert(1)</script><img src=x onerror=alert(2) a=\"'>";
    poison(&mut report, hostile);
    fs::write(folder.path().join("report.json"), report.to_string()).unwrap();
    let html = page(folder.path(), &["report.json"], 0);
    assert!(html.contains("&lt;script&gt;"), "{html}");
    for never in ["<script", "<img", "onerror=alert(2) a=\"'", "</title></style>"] {
        assert!(!html.contains(never), "{never}");
    }
}

/// Puts a text into every text that may be any.
fn poison(value: &mut Value, text: &str) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let is_free = ["check", "subject", "detail", "reason", "name", "command"];
                if is_free.contains(&name.as_str()) && field.is_string() {
                    *field = Value::String(text.to_owned());
                } else {
                    poison(field, text);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| poison(item, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn what_is_neither_release_nor_report_gives_no_page() {
    let folder = stage();
    fs::write(folder.path().join("text"), "hello").unwrap();
    fs::write(folder.path().join("other.json"), r#"{"schema": "countersign.rules/v1"}"#).unwrap();
    fs::write(folder.path().join("cut.packet.tar.gz"), "\u{1f}").unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    for target in ["text", "other.json", "none.json", "cut.packet.tar.gz", "empty"] {
        let ran = countersign(folder.path(), &["report", target, "-o", "page.html"]);
        assert_eq!(ran.code, Some(3), "{target}: {}", ran.said());
        assert!(!folder.path().join("page.html").exists(), "{target}");
    }
    let ran = countersign(folder.path(), &["report", "dist", "--artifacts", "dist"]);
    assert_eq!(ran.code, Some(2), "what asks for a verification needs a trust root");
}
