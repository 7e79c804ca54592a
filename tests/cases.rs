//! The cases: each folder below `tests/cases/{trust,packet,json,cli}` is named after a mistake, holds
//! the input that makes it, and says in `expect.toml` what the command answers:
//!
//! ```toml
//! args = ["verify-blob", "{inputs}/artifact.txt", "--bundle", "bundle.json", "--key", "a.pub"]
//! code = 1
//! says = "CS-TRUST-004"
//! ```
//!
//! `{inputs}` is `tests/cases/trust/inputs`: what cases share.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::command::{Ran, countersign};
use crate::specimen::{NOW, root};

const AREAS: [&str; 4] = ["trust", "packet", "json", "cli"];

pub(crate) struct Case {
    name: String,
    pub(crate) folder: PathBuf,
    pub(crate) args: Vec<String>,
    code: i32,
    says: String,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for area in AREAS {
        let mut folders: Vec<PathBuf> = fs::read_dir(root().join("tests/cases").join(area))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        folders.sort();
        for folder in folders {
            let Ok(text) = fs::read_to_string(folder.join("expect.toml")) else {
                // The rules have cases of their own, in `recipes`.
                let is_rule = folder.to_string_lossy().contains("/CS-");
                let is_shared = folder.ends_with("inputs");
                assert!(is_rule || is_shared, "{} expects nothing", folder.display());
                continue;
            };
            let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
            cases.push(read(format!("{area}/{name}"), folder, &text));
        }
    }
    cases
}

/// The case of a name, `trust/S01-payload-is-not-json`.
pub(crate) fn read_case(name: &str) -> Case {
    let folder = root().join("tests/cases").join(name);
    let text = fs::read_to_string(folder.join("expect.toml"));
    let text = text.unwrap_or_else(|error| panic!("{name}: {error}"));
    read(name.to_owned(), folder, &text)
}

fn read(name: String, folder: PathBuf, text: &str) -> Case {
    let document = toml_edit::Document::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let inputs = root().join("tests/cases/trust/inputs");
    let args = document["args"].as_array().expect("args is a list").iter();
    let args = args.map(|arg| arg.as_str().unwrap().replace("{inputs}", inputs.to_str().unwrap()));
    Case {
        args: args.collect(),
        code: document["code"].as_integer().unwrap().try_into().unwrap(),
        says: document["says"].as_str().unwrap().to_owned(),
        name,
        folder,
    }
}

/// All that lies in a folder, by name.
pub(crate) fn everything_in(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let meta = path.symlink_metadata().unwrap();
            let bytes = if meta.is_file() && meta.len() < 1 << 26 {
                fs::read(&path).unwrap()
            } else {
                Vec::new()
            };
            if meta.is_dir() {
                waiting.push(path.clone());
            }
            found.insert(path, bytes);
        }
    }
    found
}

/// Copies all below a folder, with its modes.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What is wrong with an answer; nothing when it is as it must be.
pub(crate) fn complaint(ran: &Ran, code: i32, says: &str) -> Option<String> {
    if ran.code != Some(code) {
        return Some(format!("code {:?}, expected {code}: {}", ran.code, ran.said()));
    }
    if !ran.said().contains(says) {
        return Some(format!("does not say `{says}`: {}", ran.said()));
    }
    let verdict = serde_json::from_str::<Value>(&ran.stdout).ok();
    let verdict = verdict.as_ref().and_then(|report| report["verdict"].as_str());
    match (code, verdict) {
        (0, None | Some("pass")) | (1, Some("refused")) => None,
        (2 | 3, None) if ran.stdout.is_empty() && !ran.stderr.is_empty() => None,
        (3, Some("undecided")) => None,
        _ => Some(format!("code {code} with verdict {verdict:?}: {}", ran.stdout)),
    }
}

fn judge(case: &Case) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    copy(&case.folder, folder.path());
    let before = everything_in(folder.path());
    let mut args: Vec<&str> = case.args.iter().map(String::as_str).collect();
    if !args.is_empty() && !args.contains(&"--format") {
        args.extend(["--format", "json"]);
    }
    if !args.is_empty() {
        args.extend(["--now", NOW]);
    }
    let ran = countersign(folder.path(), &args);
    if everything_in(folder.path()) != before {
        return Some("something was written".to_owned());
    }
    complaint(&ran, case.code, &case.says)
}

#[test]
fn every_case_is_answered_as_it_must_be() {
    let cases = cases();
    let wrong = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(complaint) = judge(case) {
                        wrong.lock().unwrap().push(format!("{}: {complaint}", case.name));
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    println!("{} cases", cases.len());
    assert!(cases.len() > 300, "the cases are where they were");
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn no_case_is_large() {
    for (path, bytes) in everything_in(&root().join("tests/cases")) {
        assert!(bytes.len() <= 100_000, "{} holds {} bytes", path.display(), bytes.len());
    }
}
