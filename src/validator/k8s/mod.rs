//! The area `k8s`: how it is installed.
//!
//! Reads every governed file of the area and judges what any file must be: there, readable,
//! well-formed, and the same value to every reader.

use super::{Context, Derived, Hygiene, governed};
use crate::finding::rules::k8s as rules;
use crate::finding::{Area, Report};
use crate::tree::Tree;

/// Where the area's files lie; the first folder must hold some.
pub(super) const FOLDERS: &[&str] = &["ops/k8s"];

const HYGIENE: Hygiene = Hygiene {
    unreadable: &rules::INPUT_UNREADABLE,
    malformed: &rules::DOCUMENT_MALFORMED,
    ambiguous: &rules::SCALAR_AMBIGUOUS,
};

/// Judges the area.
pub(super) fn check(tree: &Tree, _context: &Context, report: &mut Report) {
    governed::check(Area::K8s, FOLDERS, HYGIENE, tree, report);
}

/// Derives the area's documents.
pub(super) fn derive(_tree: &Tree, _context: &Context) -> Vec<Derived> {
    Vec::new()
}
