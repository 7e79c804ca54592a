//! The threat model, row by row: `threats.toml` names the cases and tests that show each, and none of
//! them may be gone.

use std::collections::BTreeSet;
use std::fs;

use crate::specimen::root;

/// All rows of the threat model.
const IDS: [&str; 123] = [
    "S01", "S02", "S04", "S05", "S07", "S08", "S10", "S11", "S13", "S14", "S16", "S17", "S19",
    "K01", "K03", "K04", "K06", "K07", "K09", "K10", "K12", "K13", "K15", "K16", "M01", "M03",
    "M04", "M06", "M07", "M09", "A01", "A03", "A04", "A06", "A07", "A09", "A10", "A12", "A13",
    "A15", "A16", "A18", "A19", "J01", "J02", "J04", "J05", "J07", "J08", "J10", "J11", "U02",
    "U03", "U05", "U06", "U08", "U09", "X02", "X03", "X05", "X06", "X08", "H08", "H09", "H11",
    "H12", "R11", "R12", "R14", "R15", "R17", "R18", "H02", "H03", "H05", "H06", "L02", "L03",
    "L05", "L06", "L08", "L09", "L11", "L12", "T01", "T02", "T04", "T05", "T07", "T08", "T10",
    "T11", "T13", "T14", "T16", "T17", "P01", "P02", "P04", "P05", "P07", "P08", "P10", "P11",
    "P13", "P14", "P16", "P17", "P19", "P20", "P22", "P23", "P25", "R02", "R03", "R05", "R06",
    "R08", "R09", "D01", "D02", "D04", "D05",
];

/// Tells whether a test is there: `module::function` below `tests/`, or `src/FILE::function`.
fn is_there(test: &str) -> bool {
    let (place, function) = test.rsplit_once("::").expect("a test has a place");
    let mut files = vec![place.to_owned()];
    if !place.starts_with("src/") {
        let place = place.replace("::", "/");
        files = vec![format!("tests/{place}.rs"), format!("tests/{place}/mod.rs")];
    }
    files.iter().any(|file| {
        let text = fs::read_to_string(root().join(file)).unwrap_or_default();
        let at = text.find(&format!("fn {function}("));
        at.is_some_and(|at| text[..at].trim_end().ends_with("[test]"))
    })
}

#[test]
fn every_row_has_what_shows_it() {
    let text = fs::read_to_string(root().join("tests/threats.toml")).unwrap();
    let document: toml_edit::DocumentMut = text.parse().unwrap();
    let mut wrong = Vec::new();
    let mut rows = BTreeSet::new();
    for (id, row) in document.iter() {
        rows.insert(id);
        let list = |key: &str| -> Vec<&str> {
            let items = row.get(key).into_iter().flat_map(|list| list.as_array().unwrap().iter());
            items.map(|item| item.as_str().unwrap()).collect()
        };
        let (cases, tests) = (list("cases"), list("tests"));
        if cases.is_empty() && tests.is_empty() {
            wrong.push(format!("{id}: shown by nothing"));
        }
        let is_case =
            |case: &&str| root().join("tests/cases").join(case).join("expect.toml").is_file();
        wrong
            .extend(cases.iter().filter(|case| !is_case(case)).map(|gone| format!("{id}: {gone}")));
        wrong.extend(
            tests.iter().filter(|test| !is_there(test)).map(|gone| format!("{id}: {gone}")),
        );
    }
    assert_eq!(rows, IDS.into());
    assert!(wrong.is_empty(), "gone:\n{}", wrong.join("\n"));
}

/// A case that is named after a row stands in it.
#[test]
fn every_case_of_a_row_is_listed() {
    let text = fs::read_to_string(root().join("tests/threats.toml")).unwrap();
    for area in ["trust", "packet", "json", "cli", "release", "rollback"] {
        for entry in fs::read_dir(root().join("tests/cases").join(area)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let id = name.split('-').next().unwrap();
            if IDS.contains(&id) {
                assert!(text.contains(&format!("\"{area}/{name}\"")), "{area}/{name}");
            }
        }
    }
}

#[test]
fn a_test_that_is_not_there_is_missed() {
    assert!(is_there("threats::a_test_that_is_not_there_is_missed"));
    assert!(!is_there("threats::is_there"), "a function that is no test shows nothing");
    assert!(!is_there("threats::gone") && !is_there("nowhere::gone"));
}
