//! A real tree of another project: every count below was derived from its files with a script that
//! shares no code with this crate, and read by eye.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use countersign::finding::{Area, FindingDocument};

use crate::areas::judge;

/// How many findings of each rule there are. What is not named here has none.
const COUNTS: &[(&str, usize)] = &[
    // Eight suites are not in the contract, and one of its rows is of a suite that was renamed. The
    // two suites with limits on cold starts alone are covered by its row for all.
    ("CS-LOAD-016", 9),
    // Every suite but the two on cold starts: the tightest allows 800 ms against 300, 1 % of errors
    // against 0.1 %.
    ("CS-LOAD-017", 38),
    // Three suites are run by programs that are not in the tree.
    ("CS-LOAD-018", 3),
    // All suites but `redis-optional` must pass; none has a result.
    ("CS-LOAD-019", 39),
    // The generated manifest has 20 of 40 suites.
    ("CS-LOAD-020", 20),
    // Five scenarios and five scripts that nothing runs.
    ("CS-LOAD-021", 10),
    // Two keys of `load.toml` with `_` for `-`, five scenario names in the place of suites.
    ("CS-LOAD-022", 7),
    // `~115s`.
    ("CS-LOAD-023", 1),
    // Both compose files build from a folder without a Dockerfile.
    ("CS-LOAD-026", 2),
    ("CS-LOAD-039", 3),
    // The third baseline has no date that could be too old.
    ("CS-LOAD-040", 2),
    ("CS-LOAD-041", 3),
    // 39 suites must pass, 17 have a row.
    ("CS-LOAD-042", 22),
    ("CS-LOAD-046", 3),
    // Four of five checks of the drift report, a count, a coverage, a check of another report.
    ("CS-LOAD-047", 7),
    ("CS-LOAD-050", 1),
    // 40 threshold files, 3 baselines, the suites, the manifest, the summary, the drift report.
    ("CS-LOAD-051", 47),
];

#[test]
fn the_corpus_is_what_the_audit_says() {
    let Some(root) = corpus() else {
        println!("NOT RUN: the corpus is not beside this repository");
        return;
    };
    let document = judge(Area::Load, &root).to_document();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &document.findings {
        *counts.entry(&finding.code).or_default() += 1;
    }
    let expected: BTreeMap<&str, usize> = COUNTS.iter().copied().collect();
    assert_eq!(counts, expected);
    let find = |code: &str, path: &str| -> Vec<&FindingDocument> {
        let rows = document.findings.iter();
        rows.filter(|row| row.code == code && row.location.path == path).collect()
    };
    let baseline = "ops/load/baselines/system-load-baseline.json";
    let copied = find("CS-LOAD-039", baseline)[0].actual.clone().unwrap();
    assert!(copied.contains("15 of 15 rows are the limits of their suites"), "{copied}");
    let compared = find("CS-LOAD-046", "ops/report/generated/performance-regression-report.json");
    assert_eq!(compared[0].declared.as_deref(), Some(baseline));
    let renamed = find("CS-LOAD-016", "ops/load/contracts/k6-thresholds.v1.json");
    assert_eq!(renamed[0].location.pointer, "/store-outage-mid-spike");
    let suites = find("CS-LOAD-051", "ops/load/suites/suites.json")[0].actual.clone().unwrap();
    assert!(suites.contains("/suites/4") && suites.contains("runner"), "{suites}");
}

#[test]
fn many_rows_have_one_headline() {
    let Some(root) = corpus() else { return };
    let document = judge(Area::Load, &root).to_document();
    let headlines: Vec<(usize, &str)> = document
        .headlines
        .iter()
        .map(|headline| (headline.findings.len(), headline.message.as_str()))
        .collect();
    for (rows, words) in [
        (39, "none of the 40 suites has a result"),
        (38, "looser than the service's objectives"),
        (22, "22 of 40 suites have no baseline"),
        (20, "lists 20 of 40 suites"),
        (40, "40 documents break"),
    ] {
        let found = headlines.iter().any(|(count, text)| *count == rows && text.contains(words));
        assert!(found, "{rows} {words}: {headlines:#?}");
    }
}

pub(super) fn corpus() -> Option<PathBuf> {
    beside("corpus/atlas-0.2.0")
}

/// A folder of the papers beside this repository.
pub(super) fn beside(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.join("shared").join(name);
    root.is_dir().then_some(root)
}
