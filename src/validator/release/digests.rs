//! REL01: every path with a digest is hashed again, in the tree and in the bundle.

use std::collections::{BTreeMap, BTreeSet};

use super::causes::Causes;
use super::input::{Answer, Inputs};
use super::layout;
use super::row::Row;
use crate::finding::rules::release as rules;
use crate::finding::{Basis, Finding, Report, Rule};
use crate::validator::Context;

/// Holds every stated digest against the tree and against the bundle.
pub(super) fn declared_digests(inputs: &Inputs, _: &Context, report: &mut Report) {
    let causes = Causes::of(inputs, report);
    let outer: BTreeSet<_> = inputs.rows.iter().filter(|row| !row.is_member).map(key).collect();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for row in &inputs.rows {
        let in_tree = inputs.in_tree(&row.path, row.declared);
        let in_bundle = inputs.in_bundle(&row.path, row.declared);
        let tally = tallies.entry(name(row)).or_default();
        tally.count(in_tree, in_bundle);
        // The bundle's copy of a document repeats what the outer one was judged for already.
        if row.is_member && outer.contains(&key(row)) && in_bundle != Answer::NotAsked {
            continue;
        }
        let found = if row.is_member {
            judge_member(inputs, row, in_tree, in_bundle)
        } else {
            judge_outer(row, in_tree, in_bundle)
        };
        let Some((rule, message, actual)) = found else { continue };
        let mut finding = Finding::new(rule, row.location.clone(), message).declared(row.declared);
        finding.actual = actual;
        finding.cause = causes.of_row(row, in_tree, in_bundle);
        report.push(finding);
    }
    for (document, tally) in tallies.iter().filter(|(_, tally)| tally.matches() > 0) {
        report.passed("declared-digest", document.as_str(), tally.to_string());
    }
}

type Judgement = Option<(&'static Rule, String, Option<String>)>;

fn judge_outer(row: &Row, in_tree: Answer, in_bundle: Answer) -> Judgement {
    let path = &row.path;
    if row.is_folder {
        return folder(path);
    }
    let bundled = match in_bundle {
        Answer::Matches => "the bundle holds the bytes that were recorded".to_owned(),
        Answer::Differs(digest) => format!("the bundle holds a third version, {digest}"),
        Answer::Folder | Answer::Absent => "the bundle does not hold it".to_owned(),
        Answer::NotAsked => "there is no other copy to compare with".to_owned(),
    };
    match (in_tree, in_bundle) {
        (Answer::Folder, _) => folder(path),
        (Answer::Matches, _) | (Answer::NotAsked, _) => None,
        (Answer::Differs(actual), _) => Some((
            &rules::DIGEST_DIFFERS,
            format!("`{path}` in the tree is not the file that was recorded; {bundled}"),
            Some(actual.to_string()),
        )),
        (Answer::Absent, Answer::Matches) => Some((
            &rules::FILE_ONLY_IN_BUNDLE,
            format!("`{path}` is not in the tree; {bundled}"),
            None,
        )),
        (Answer::Absent, Answer::Differs(actual)) => Some((
            &rules::BUNDLE_DIGEST_DIFFERS,
            format!("`{path}` is not in the tree, and the bundle holds another version"),
            Some(actual.to_string()),
        )),
        (Answer::Absent, Answer::Folder | Answer::Absent | Answer::NotAsked) => Some((
            &rules::DECLARED_FILE_ABSENT,
            format!("`{path}` is neither in the tree nor in the bundle"),
            None,
        )),
    }
}

fn folder(path: &str) -> Judgement {
    let message = format!("`{path}` is a folder; no rule says how its digest is computed");
    Some((&rules::FOLDER_DIGEST, message, None))
}

/// Judges a row of a document inside the bundle, on the basis of the bundle.
fn judge_member(inputs: &Inputs, row: &Row, in_tree: Answer, in_bundle: Answer) -> Judgement {
    let path = &row.path;
    if row.is_folder {
        return folder(path);
    }
    let is_trust = layout::TRUST.contains(&row.location.path.as_str());
    match (in_bundle, in_tree) {
        (Answer::NotAsked, Answer::Matches) => None,
        (Answer::NotAsked, _) if path == layout::BUNDLE => Some((
            &rules::BUNDLE_STATES_ITSELF,
            "a document inside the bundle states a digest for the bundle".to_owned(),
            inputs.file(path).map(|digest| digest.to_string()),
        )),
        (Answer::Differs(actual), _) => Some((
            &rules::BUNDLE_DIGEST_DIFFERS,
            format!("the bundle's `{path}` is not the file that this member recorded"),
            Some(actual.to_string()),
        )),
        (Answer::Folder, _) => folder(path),
        (Answer::Absent, Answer::Absent) if is_trust => Some((
            &rules::DECLARED_FILE_ABSENT,
            format!("`{path}` is neither in the bundle nor in the tree"),
            None,
        )),
        (Answer::Absent, Answer::Absent) => Some((
            &rules::CITES_UNCOLLECTED,
            format!("`{path}` was not collected and is not in the tree"),
            None,
        )),
        (Answer::Absent, Answer::Differs(actual)) => Some((
            &rules::DIGEST_DIFFERS,
            format!("`{path}` was not collected, and the tree holds another version"),
            Some(actual.to_string()),
        )),
        (Answer::Matches | Answer::Absent | Answer::NotAsked, _) => None,
    }
}

fn key(row: &Row) -> (&str, &str, String) {
    (&row.location.path, &row.path, row.declared.to_string())
}

fn name(row: &Row) -> String {
    match &row.location.basis {
        Basis::Tree => row.location.path.clone(),
        Basis::Bundle(archive) => format!("{archive}#{}", row.location.path),
    }
}

/// How the rows of one document came out.
#[derive(Default)]
struct Tally {
    rows: usize,
    both: usize,
    tree: usize,
    bundle: usize,
}

impl Tally {
    fn count(&mut self, in_tree: Answer, in_bundle: Answer) {
        self.rows += 1;
        match (in_tree == Answer::Matches, in_bundle == Answer::Matches) {
            (true, true) => self.both += 1,
            (true, false) => self.tree += 1,
            (false, true) => self.bundle += 1,
            (false, false) => {}
        }
    }

    fn matches(&self) -> usize {
        self.both + self.tree + self.bundle
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} of {} digests hold: {} in tree and bundle, {} in the tree, {} in the bundle",
            self.matches(),
            self.rows,
            self.both,
            self.tree,
            self.bundle
        )
    }
}
