//! The area `load`: what it bears.
//!
//! Reads every governed file of the area and judges what any file must be: there, readable,
//! well-formed, and the same value to every reader.

pub mod result;
pub mod statistics;
pub mod threshold;

use super::{Context, Derived, Hygiene, governed};
use crate::finding::rules::load as rules;
use crate::finding::{Area, Report};
use crate::tree::Tree;

/// Where the area's files lie; the first folder must hold some.
pub(super) const FOLDERS: &[&str] = &["ops/load"];

const HYGIENE: Hygiene = Hygiene {
    unreadable: &rules::INPUT_UNREADABLE,
    malformed: &rules::DOCUMENT_MALFORMED,
    ambiguous: &rules::SCALAR_AMBIGUOUS,
};

/// Judges the area.
pub(super) fn check(tree: &Tree, _context: &Context, report: &mut Report) {
    governed::check(Area::Load, FOLDERS, HYGIENE, tree, report);
}

/// Derives the area's documents.
pub(super) fn derive(_tree: &Tree, _context: &Context) -> Vec<Derived> {
    Vec::new()
}
