//! A real tree of another project: what its story of going back is worth, each count with its reason.
//!
//! The tree is not part of this repository. It is looked for beside it, and the test says so when it
//! is not there.

use std::collections::BTreeMap;
use std::path::Path;

use countersign::finding::Area;
use countersign::tree::Tree;
use countersign::validator::{Context, Rendered};

use crate::areas::judge_with;

/// How many findings of each rule the tree has. What is not named here has none.
const COUNTS: &[(&str, usize)] = &[
    // Both rollback scenarios go from 0.2.0 to 0.1.0, three upgrades the other way; the table only
    // knows the steps by way of 0.1.1.
    ("CS-ROLLBACK-005", 5),
    // The two ways back that the table does know are played by nobody.
    ("CS-ROLLBACK-006", 2),
    // Three scenarios install charts of 0.0.9 and 0.1.0, one a bundle of 0.1.0; the tree is 0.2.0.
    ("CS-ROLLBACK-007", 4),
    // The evidence of all four scenarios with charts says that it was simulated.
    ("CS-ROLLBACK-009", 4),
    // 0.1.1 can be gone back to, and only 0.1.0 and 0.2.0 are kept; and what a fixture lists of
    // 0.1.0 is nowhere.
    ("CS-ROLLBACK-010", 2),
    // The data set of release 111 is locked with an empty list.
    ("CS-ROLLBACK-011", 1),
    // A digest that nobody filled in, and two reviews that are placeholders.
    ("CS-ROLLBACK-013", 3),
    // The lock of the fixtures was made for another list of what is allowed.
    ("CS-ROLLBACK-015", 1),
    // Three steps back are promised, and one earlier data set is kept.
    ("CS-ROLLBACK-016", 1),
    // Nothing says how the release is left, and nobody has tried it.
    ("CS-ROLLBACK-018", 1),
    ("CS-ROLLBACK-023", 1),
    // All four wait for `deployment/atlas-bijux-atlas-server`, and what is rendered is
    // `atlas-bijux-atlas`; three install the image `bijux-atlas-server`, which nothing runs.
    ("CS-ROLLBACK-025", 7),
    // The suites of the first consumer are not in the tree.
    ("CS-ROLLBACK-026", 1),
];

#[test]
fn the_tree_is_what_an_audit_by_hand_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/atlas-0.2.0");
    if !root.is_dir() {
        println!("SKIPPED: {} is not there", root.display());
        return;
    }
    let mut context = Context::at("2026-11-23T09:00:00Z".parse().unwrap());
    let rendered = Tree::open(&root.join("../atlas-0.2.0-rendered")).unwrap();
    context.rendered = Some(Rendered::given(rendered, "rendered"));
    let report = judge_with(Area::Rollback, &root, &context);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in report.findings() {
        *counts.entry(finding.rule.code).or_default() += 1;
    }
    assert_eq!(counts, COUNTS.iter().copied().collect(), "{:#?}", report.to_document().findings);
}
