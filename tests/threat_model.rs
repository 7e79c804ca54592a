//! The threat model names its cases, and they are there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::specimen::root;

/// The rows of the attacks on trust, each of which has a case that is named after it.
const ROWS: [&str; 56] = [
    "H01", "H02", "H03", "H05", "H06", "H08", "H09", "H11", "H12", "L02", "L03", "L05", "L06",
    "L08", "L09", "L11", "L12", "T01", "T02", "T04", "T05", "T07", "T08", "T10", "T11", "T13",
    "T14", "T16", "T17", "P01", "P02", "P04", "P05", "P07", "P08", "P10", "P11", "P13", "P14",
    "P16", "P17", "P19", "P20", "P22", "P23", "P25", "R02", "R03", "R05", "R06", "R08", "R09",
    "D01", "D02", "D04", "D05",
];

fn page() -> String {
    fs::read_to_string(root().join("src/manual/threat-model.md")).unwrap()
}

/// What stands between backticks and names a case.
fn cases(text: &str) -> Vec<&str> {
    let code = text.split('`').skip(1).step_by(2);
    code.filter(|name| name.starts_with("cases/") || name.contains("::")).collect()
}

fn files(below: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("cases") {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Every test of the repository, as `module::function`.
fn tests() -> BTreeSet<String> {
    let mut found = Vec::new();
    files(&root().join("src"), &mut found);
    files(&root().join("tests"), &mut found);
    let mut tests = BTreeSet::new();
    for path in found {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let folder = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let module = if stem == "mod" { folder } else { stem };
        let text = fs::read_to_string(&path).unwrap();
        for part in text.split("#[test]").skip(1) {
            let name = part.split("fn ").nth(1).and_then(|rest| rest.split('(').next());
            tests.insert(format!("{module}::{}", name.unwrap()));
        }
    }
    tests
}

/// Whether a folder of cases is there; with `*` at its end, any that begins so.
fn is_there(name: &str) -> bool {
    let path = root().join("tests").join(name);
    let Some(stem) = name.rsplit('/').next().and_then(|last| last.strip_suffix('*')) else {
        return path.join("expect.toml").exists();
    };
    fs::read_dir(path.parent().unwrap()).is_ok_and(|folders| {
        folders.map(|one| one.unwrap()).any(|one| {
            one.file_name().to_str().unwrap().starts_with(stem)
                && one.path().join("expect.toml").exists()
        })
    })
}

#[test]
fn every_case_that_the_threat_model_names_is_there() {
    let (page, tests) = (page(), tests());
    let named = cases(&page);
    assert!(named.len() > 90, "{}", named.len());
    let missing: Vec<&&str> = named
        .iter()
        .filter(|name| {
            // In the words that explain how they are named.
            !name.contains('…')
                && !(if name.starts_with("cases/") {
                    is_there(name)
                } else {
                    tests.contains(**name)
                })
        })
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_promise_is_shown_by_a_case() {
    let page = page();
    let promised = page.split("## What is promised").nth(1).unwrap();
    let promised = promised.split("## What is not promised").next().unwrap();
    let rows: Vec<&str> = promised
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| row "))
        .collect();
    assert!(rows.len() > 55, "{}", rows.len());
    for row in &rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        assert_eq!(cells.len(), 4, "{row}");
        assert!(!cases(cells[3]).is_empty(), "nothing shows: {row}");
    }
    for row in ROWS {
        assert!(promised.contains(&format!("| {row} |")), "{row} is not on the page");
    }
}

#[test]
fn every_row_has_a_case_that_is_named_after_it() {
    let tests = tests();
    for row in ROWS {
        let prefix = format!("::{}_", row.to_lowercase());
        let named = tests.iter().any(|test| test.contains(&prefix));
        let folders = ["trust", "cli", "packet", "json"];
        let lies = folders.iter().any(|area| is_there(&format!("cases/{area}/{row}-*")));
        assert!(named || lies, "no case is named after {row}");
    }
}
