//! The area `release`: every rule fires on its mistake and is silent without it.

mod corpus;
mod tree;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use countersign::finding::rules::release::RULES;
use countersign::finding::{Area, Report, Waivers};
use countersign::tree::Tree;
use countersign::validator::{Context, check};
use countersign::{Digest, Timestamp, Verdict};

/// Judges the release of a tree as of the day on which the cases were written.
///
/// `expect.txt` in the root holds what the caller expects: `version`, `commit` and `tag`.
fn judge(root: &Path) -> Report {
    let now: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
    let mut context = Context::at(now);
    for line in fs::read_to_string(root.join("expect.txt")).unwrap_or_default().lines() {
        match line.split_once(' ').unwrap() {
            ("version", version) => context.expect_version = Some(version.parse().unwrap()),
            ("commit", commit) => context.expect_commit = Some(commit.to_owned()),
            ("tag", tag) => context.expect_tag = Some(tag.to_owned()),
            other => panic!("{other:?}"),
        }
    }
    let mut report = Report::new("check", now, true);
    check(Area::Release, &Tree::open(root).unwrap(), &context, &mut report);
    if let Ok(bytes) = fs::read(root.join(Waivers::PATH)) {
        let digest_of = |path: &countersign::RelPath| {
            fs::read(root.join(path.as_str())).ok().map(|bytes| Digest::of(&bytes))
        };
        let waivers = Waivers::parse(&bytes, digest_of).unwrap();
        waivers.judge(Waivers::PATH, &mut report);
        report.set_waivers(waivers);
    }
    report
}

fn described(report: &Report) -> Vec<String> {
    let document = report.to_document();
    let place = |finding: &countersign::finding::FindingDocument| {
        format!("{} {}#{}", finding.code, finding.location.path, finding.location.pointer)
    };
    document.findings.iter().map(|one| format!("{}: {}", place(one), one.message)).collect()
}

#[test]
fn the_base_is_silent() {
    let root = tree::build(&tree::cases().join("no-overlay"));
    let report = judge(root.path());
    assert_eq!(described(&report), [""; 0]);
    assert_eq!(report.verdict(), Verdict::Pass);
}

#[test]
fn every_rule_fires_on_its_mistake_only() {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for entry in fs::read_dir(tree::cases()).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(rule) = RULES.iter().find(|rule| name == format!("{}-{}", rule.code, rule.slug))
        else {
            assert_eq!(name, "base", "a case without a rule");
            continue;
        };
        seen.insert(rule.code);
        for (overlay, fires) in [("fires", true), ("silent", false)] {
            let root = tree::build(&folder.join(overlay));
            let report = judge(root.path());
            let found = report.findings().iter().any(|finding| finding.rule == *rule);
            if found != fires {
                wrong.push(format!("{name}/{overlay}: {:#?}", described(&report)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let codes: BTreeSet<_> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(seen, codes, "every rule has a case");
}
