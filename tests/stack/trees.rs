//! Trees of other teams: a compose project, a kustomize project, a chart. `expected.txt` in each
//! says every finding that its maintainers would agree with; there is no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use countersign::Verdict;
use countersign::finding::Area;

use crate::areas::judge;

fn trees() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stack/trees")
}

#[test]
fn other_shapes_are_judged_as_their_maintainers_would() {
    let mut count = 0;
    for entry in fs::read_dir(trees()).unwrap() {
        let root = entry.unwrap().path();
        let expected: BTreeSet<String> = fs::read_to_string(root.join("expected.txt"))
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect();
        let report = judge(Area::Stack, &root);
        let found: BTreeSet<String> = report
            .to_document()
            .findings
            .iter()
            .map(|one| format!("{} {}#{}", one.code, one.location.path, one.location.pointer))
            .collect();
        assert_eq!(found, expected, "{}", root.display());
        assert_eq!(report.verdict(), Verdict::Refused);
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn a_tree_without_any_component_is_not_judged() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("README.md"), "Nothing runs here.\n").unwrap();
    let report = judge(Area::Stack, folder.path());
    assert_eq!(report.verdict(), Verdict::Undecided);
}

#[test]
fn a_handbook_that_lost_its_stack_is_not_judged_by_what_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("ops/inventory");
    fs::create_dir_all(&inventory).unwrap();
    fs::write(inventory.join("pins.yaml"), "images: {}\n").unwrap();
    fs::write(folder.path().join("ops/compose.yaml"), "services: {}\n").unwrap();
    let report = judge(Area::Stack, folder.path());
    assert_eq!(report.verdict(), Verdict::Undecided);
}
