//! The area `rollback`: whether one can go back.
//!
//! Reads every governed file of the area and judges what any file must be: there, readable,
//! well-formed, and the same value to every reader.

mod approval;

pub use approval::{Asked, judge_approvals, judge_window};

use super::{Context, Hygiene, governed};
use crate::finding::rules::rollback as rules;
use crate::finding::{Area, Report};
use crate::tree::Tree;

/// Where the area's files lie; the first folder must hold some.
pub(super) const FOLDERS: &[&str] = &["ops/datasets", "ops/e2e", "ops/rollback"];

const HYGIENE: Hygiene = Hygiene {
    unreadable: &rules::INPUT_UNREADABLE,
    malformed: &rules::DOCUMENT_MALFORMED,
    ambiguous: &rules::SCALAR_AMBIGUOUS,
};

/// Judges the area.
pub(super) fn check(tree: &Tree, _context: &Context, report: &mut Report) {
    governed::check(Area::Rollback, FOLDERS, HYGIENE, tree, report);
}
