//! `check`: the documents of every area, the waivers, the baseline.

use std::fs;

use countersign::Verdict;
use countersign::finding::{Area, Waivers};
use countersign::tree::Tree;
use countersign::validator::folders;

use super::bad::{Bad, DOCUMENT, OPTIONAL};
use super::{Row, folder, judge_all, row, stage};
use crate::areas;
use crate::command::countersign;
use crate::specimen::NOW;
use crate::tree::{Base, build};

const WAIVERS: &str = "check release --root root --waivers waivers.json";
const BASELINE: &str = "check release --root root --baseline baseline.json";

/// An empty folder holds no file, and an empty TOML document is a table without keys: whether one may
/// be without is for the area's own rules to say, in its own cases.
const GOVERNED: [Bad; 10] = [
    Bad::Pipe,
    Bad::Socket,
    Bad::LinkToItself,
    Bad::Unreadable,
    Bad::Truncated,
    Bad::Picture,
    Bad::Brackets,
    Bad::FiveGigabytes,
    Bad::KeyTwice,
    Bad::Nul,
];

const ROWS: [Row; 9] = [
    row(WAIVERS, "waivers.json", &DOCUMENT),
    row(BASELINE, "baseline.json", &DOCUMENT),
    row("check release --root root", "root/ops/release/waivers.json", &OPTIONAL),
    row("check release --root root", "root/ops/release/release.toml", &GOVERNED),
    row("check stack --root root", "root/ops/stack/profiles.json", &GOVERNED),
    row("check k8s --root root", "root/ops/k8s/values/prod.yaml", &GOVERNED),
    row("check observe --root root", "root/ops/observe/readiness.json", &GOVERNED),
    row("check load --root root", "root/ops/load/load.toml", &GOVERNED),
    row("check rollback --root root", "root/ops/rollback/plan.json", &GOVERNED),
];

#[test]
fn check() {
    judge_all(&ROWS, &["--now", NOW, "--format", "json"]);
}

#[test]
fn check_of_no_tree() {
    let stage = stage();
    fs::create_dir(stage.path().join("empty")).unwrap();
    for root in ["missing", "blob", "empty"] {
        let ran = countersign(stage.path(), &["check", "--root", root, "--format", "json"]);
        assert!(matches!(ran.code, Some(1 | 3)), "{root}: {ran:?}");
        assert!(!ran.stdout.contains("\"verdict\": \"pass\""), "{root}: {ran:?}");
    }
}

/// In one process: what each governed document of each area can be. Each document meets one of the
/// kinds, and each kind documents of each area. Half of a YAML document is often one; it has rows.
#[test]
fn every_governed_document() {
    let kinds = [
        Bad::Pipe,
        Bad::Socket,
        Bad::LinkToNowhere,
        Bad::LinkToItself,
        Bad::Picture,
        Bad::KeyTwice,
        Bad::Brackets,
        Bad::Nul,
        Bad::FiveGigabytes,
    ];
    let root = build(&Base::OwnOps, &folder().path().join("no-overlay"));
    let tree = Tree::open(root.path()).unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (round, area) in Area::GOVERNED.into_iter().enumerate() {
        for folder in folders(area) {
            let Ok(listing) = tree.list(folder.parse().ok().as_ref()) else { continue };
            let documents = listing.files.iter().filter(|file| {
                let name = file.path.as_str();
                let ending = name.rsplit('.').next().unwrap();
                let is_document = ["json", "yaml", "yml", "toml"].contains(&ending);
                // The waivers have rows of their own: without them there is no report.
                is_document && !name.contains("/templates/") && name != Waivers::PATH
            });
            for file in documents {
                let bad = kinds[(count + round) % kinds.len()];
                let path = root.path().join(file.path.as_str());
                let kept = bad.put(root.path(), &path);
                let report = areas::judge(area, root.path());
                kept.restore(&path);
                let mut findings = report.findings().iter();
                let named = findings.any(|one| one.location.path.starts_with(file.path.as_str()));
                if report.verdict() == Verdict::Pass || !named {
                    wrong.push(format!("{bad:?} as {}: named: {named}", file.path));
                }
                count += 1;
            }
        }
    }
    println!("{count} documents");
    assert!(count > 60, "the documents are where they were");
    assert!(wrong.is_empty(), "{} were not refused:\n{}", wrong.len(), wrong.join("\n"));
}
