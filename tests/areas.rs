//! The governed areas: every rule fires on its mistake and is silent without it.
//!
//! `tests/cases/AREA/CODE-slug/` holds the overlays `fires` and `silent`; more folders whose names
//! begin with either word hold neighbours of the same mistake. What an overlay is laid over is the
//! repository's own `ops/`, or, where the area has one, `tests/cases/AREA/base`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use countersign::finding::{Area, FindingDocument, Report, Waivers, rules};
use countersign::tree::Tree;
use countersign::validator::{Context, Rendered, check};
use countersign::{Digest, Timestamp, Verdict};

use crate::tree::{self, Base};

/// Judges an area of a tree as of the day on which the cases were written.
///
/// `expect.txt` in the root holds what the caller expects: `version`, `commit` and `tag`; the
/// folders `rendered` and `previous-rendered` hold manifests that the caller gives.
pub(crate) fn judge(area: Area, root: &Path) -> Report {
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
    let folder = |name: &str| {
        let tree = Tree::open(&root.join(name)).ok()?;
        Some(Rendered::given(tree, name))
    };
    context.rendered = folder("rendered");
    context.previous_rendered = folder("previous-rendered");
    judge_with(area, root, &context)
}

/// Judges an area of a tree with all that a caller may give.
pub(crate) fn judge_with(area: Area, root: &Path, context: &Context) -> Report {
    let now = context.now;
    let mut report = Report::new("check", now, true);
    check(area, &Tree::open(root).unwrap(), context, &mut report);
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
    let place = |finding: &FindingDocument| {
        format!("{} {}#{}", finding.code, finding.location.path, finding.location.pointer)
    };
    document.findings.iter().map(|one| format!("{}: {}", place(one), one.message)).collect()
}

fn base(area: Area) -> Base {
    let folder = tree::cases(area).join("base");
    if folder.is_dir() { Base::Folder(folder) } else { Base::OwnOps }
}

fn the_base_is_silent(area: Area) {
    let root = tree::build(&base(area), &tree::cases(area).join("no-overlay"));
    let report = judge(area, root.path());
    assert_eq!(described(&report), [""; 0]);
    assert_eq!(report.verdict(), Verdict::Pass);
}

/// Folders `fires*` must make the rule fire, folders `silent*` must not.
fn every_rule_fires_on_its_mistake_only(area: Area) {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for entry in fs::read_dir(tree::cases(area)).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let mut table = rules::of(area).iter();
        let Some(rule) = table.find(|rule| name == format!("{}-{}", rule.code, rule.slug)) else {
            assert_eq!(name, "base", "a case without a rule");
            continue;
        };
        let mut answers = BTreeSet::new();
        for overlay in fs::read_dir(&folder).unwrap() {
            let overlay = overlay.unwrap().path();
            let word = overlay.file_name().unwrap().to_str().unwrap();
            let fires = word.starts_with("fires");
            assert!(fires || word.starts_with("silent"), "{}", overlay.display());
            answers.insert(fires);
            let root = tree::build(&base(area), &overlay);
            let report = judge(area, root.path());
            let found = report.findings().iter().any(|finding| finding.rule == *rule);
            if found != fires {
                wrong.push(format!("{name}/{word}: {:#?}", described(&report)));
            }
        }
        assert_eq!(answers.len(), 2, "{name} has one that fires and one that is silent");
        seen.insert(rule.code);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let codes: BTreeSet<_> = rules::of(area).iter().map(|rule| rule.code).collect();
    assert_eq!(seen, codes, "every rule has a case");
}

macro_rules! areas {
    ($($module:ident $area:ident)*) => {$(
        mod $module {
            use super::Area;

            #[test]
            fn the_base_is_silent() {
                super::the_base_is_silent(Area::$area);
            }

            #[test]
            fn every_rule_fires_on_its_mistake_only() {
                super::every_rule_fires_on_its_mistake_only(Area::$area);
            }
        }
    )*};
}

areas! {
    stack Stack
    k8s K8s
    observe Observe
    load Load
    release Release
    rollback Rollback
}
