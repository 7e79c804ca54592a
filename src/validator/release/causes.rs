//! Causes that many findings share, derived from the digests alone.

use std::collections::{BTreeMap, BTreeSet};

use super::input::{Answer, Inputs};
use super::layout;
use super::row::Row;
use crate::digest::Digest;
use crate::finding::Report;

/// The tree changed after the evidence was collected.
pub(super) const TREE_MOVED: &str = "tree-moved-on";
/// Evidence that only the bundle holds.
pub(super) const ONLY_BUNDLED: &str = "only-in-bundle";
/// The bundle holds earlier versions of its own trust documents.
pub(super) const SEALED_EARLY: &str = "bundle-sealed-early";
/// Digests that were typed.
pub(super) const PLACEHOLDERS: &str = "placeholder-digests";
/// No signature anywhere.
pub(super) const UNSIGNED: &str = "nothing-is-signed";
/// More than one version.
pub(super) const VERSIONS: &str = "versions-disagree";
/// Reports that state results of nothing.
pub(super) const UNDERIVED: &str = "reports-not-derived";
/// What is no evidence travels in the bundle.
pub(super) const SWEPT_UP: &str = "specimens-swept-up";

/// What the digests say about the order in which the documents were written.
pub(super) struct Causes {
    stale: BTreeMap<String, usize>,
    lost: BTreeSet<Digest>,
}

impl Causes {
    /// Derives the causes and names those that hold.
    pub(super) fn of(inputs: &Inputs, report: &mut Report) -> Self {
        let causes = Self { stale: stale_documents(inputs), lost: lost_digests(inputs) };
        for document in causes.stale.keys() {
            let message = format!("`{document}` is older than the release that it lists");
            report.headline(&stale_key(document), message);
        }
        for digest in &causes.lost {
            let message = format!(
                "{digest} is the digest of no file: the documents that state it describe another \
                 build"
            );
            report.headline(&lost_key(*digest), message);
        }
        report.headline(TREE_MOVED, "the tree has moved on since the evidence was collected");
        report.headline(
            ONLY_BUNDLED,
            "evidence is in the bundle only: not lost, and not verifiable from the tree",
        );
        report.headline(
            SEALED_EARLY,
            "the bundle was sealed with an earlier generation of its own trust documents",
        );
        causes
    }

    /// The cause of a row that does not hold.
    pub(super) fn of_row(&self, row: &Row, in_tree: Answer, in_bundle: Answer) -> Option<String> {
        let document = row.location.path.as_str();
        let is_release = is_generated(&row.path);
        let differs = matches!(in_tree, Answer::Differs(_));
        if row.is_member && layout::TRUST.contains(&document) {
            return Some(if differs && !is_release { TREE_MOVED } else { SEALED_EARLY }.to_owned());
        }
        if row.is_member || row.is_folder {
            return None;
        }
        if self.stale.contains_key(document) && (differs || matches!(in_bundle, Answer::Differs(_)))
        {
            return Some(stale_key(document));
        }
        if self.lost.contains(&row.declared) {
            return Some(lost_key(row.declared));
        }
        if differs && !is_release {
            return Some(TREE_MOVED.to_owned());
        }
        let is_bundled = in_tree == Answer::Absent && in_bundle == Answer::Matches;
        is_bundled.then(|| ONLY_BUNDLED.to_owned())
    }

    /// The documents that were written before what they list, with the number of rows that show it.
    pub(super) fn stale(&self) -> &BTreeMap<String, usize> {
        &self.stale
    }
}

/// The key of the headline of a stale document.
pub(super) fn stale_key(document: &str) -> String {
    format!("stale:{document}")
}

/// The key of the headline of a digest that no file has.
pub(super) fn lost_key(digest: Digest) -> String {
    format!("lost:{digest}")
}

/// Digests that several documents of the tree state, and that no file anywhere has.
pub(super) fn lost_digests(inputs: &Inputs) -> BTreeSet<Digest> {
    let mut documents: BTreeMap<Digest, BTreeSet<&str>> = BTreeMap::new();
    for row in inputs.rows.iter().filter(|row| !row.is_member && !row.is_folder) {
        documents.entry(row.declared).or_default().insert(&row.location.path);
    }
    documents
        .into_iter()
        .filter(|(digest, documents)| documents.len() > 1 && !inputs.anywhere(*digest))
        .filter(|(digest, _)| !digest.is_placeholder())
        .map(|(digest, _)| digest)
        .collect()
}

/// Finds documents of the tree that state a digest of an earlier generation of a release document:
/// one that the bundle still holds, or that a document in the bundle still states.
fn stale_documents(inputs: &Inputs) -> BTreeMap<String, usize> {
    let earlier: BTreeSet<(&str, Digest)> = inputs
        .rows
        .iter()
        .filter(|row| row.is_member && layout::TRUST.contains(&row.location.path.as_str()))
        .map(|row| (row.path.as_str(), row.declared))
        .collect();
    let mut stale: BTreeMap<String, usize> = BTreeMap::new();
    for row in inputs.rows.iter().filter(|row| !row.is_member && is_generated(&row.path)) {
        let is_held = inputs.in_bundle(&row.path, row.declared) == Answer::Matches;
        let is_stated = earlier.contains(&(row.path.as_str(), row.declared));
        let differs = matches!(inputs.in_tree(&row.path, row.declared), Answer::Differs(_));
        if differs && (is_held || is_stated) {
            *stale.entry(row.location.path.clone()).or_default() += 1;
        }
    }
    stale
}

/// Tells whether a path is a document that the release writes about itself.
fn is_generated(path: &str) -> bool {
    path == layout::BUNDLE || layout::TRUST.contains(&path)
}
