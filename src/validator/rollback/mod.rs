//! The area `rollback`: whether one can go back.
//!
//! Reads every governed file of the area and judges what any file must be: there, readable,
//! well-formed, and the same value to every reader.

mod approval;
mod checks;
mod compatibility;
mod evidence;
mod facts;
mod objects;
mod question;
mod readiness;
mod removed;
mod sql;
mod taken;

pub use approval::{Approved, Asked, judge_approvals};
pub use checks::{CHECKS, ReadinessCheck};
pub use evidence::{
    ClusterState, Evidence, Restore, Retrieval, RetrievedItem, Scan, Sourced, WithdrawnList,
    WithdrawnRelease,
};
pub use facts::{AnalysisFacts, CustomResourceFacts, ObjectFacts, Plan, RollbackFacts};
pub use question::{Answer, Question, Refused, Side};
pub use readiness::{judge_pair, judge_without_packet, judge_without_target};
pub use sql::{Effect, classify};

use super::{Context, Derived, Hygiene, governed};
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

/// Derives what the release says about being left.
pub(super) fn derive(tree: &Tree, _context: &Context) -> Vec<Derived> {
    let facts = taken::take(tree);
    let name = RollbackFacts::FILE.to_owned();
    facts.map(|facts| Derived { name, bytes: facts.to_bytes() }).into_iter().collect()
}
