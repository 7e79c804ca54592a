//! The area `release`: every rule fires on its mistake and is silent without it.

mod corpus;

use std::path::Path;

use countersign::Timestamp;
use countersign::finding::{Area, Report};
use countersign::tree::Tree;
use countersign::validator::{Context, check};

/// Judges the release of a tree as of the day on which the example trees were written.
fn judge(root: &Path) -> Report {
    judge_with(root, |_| {})
}

fn judge_with(root: &Path, expect: impl FnOnce(&mut Context)) -> Report {
    let now: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
    let mut context = Context::at(now);
    expect(&mut context);
    let mut report = Report::new("check", now, true);
    check(Area::Release, &Tree::open(root).unwrap(), &context, &mut report);
    report
}
