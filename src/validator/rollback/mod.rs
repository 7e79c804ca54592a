//! The area `rollback`: whether one can go back.
//!
//! Two questions. What a tree tells about going back is held against itself (`check rollback`, as every
//! area). Whether one packet is a safe place to go to from another is answered by thirty checks
//! ([`judge_pair`]) over both packets, what came after them, and the people who approve.

mod approval;
mod checks;
mod compatibility;
mod evidence;
mod facts;
mod objects;
mod question;
mod readiness;
mod sql;
mod taken;
mod told;
mod vulnerabilities;

pub use approval::{Approved, Asked, judge_approvals};
pub use checks::{CHECKS, ReadinessCheck};
pub use evidence::{
    ClusterState, Evidence, Restore, Retrieval, RetrievedItem, Scan, ScanFinding, Sourced,
    WithdrawnList, WithdrawnRelease,
};
pub use facts::{AnalysisFacts, CustomResourceFacts, ObjectFacts, Plan, RollbackFacts};
pub(in crate::validator) use objects::{RefusedChange, object_of, refused_changes};
pub use question::{Answer, Components, Question, Refused, Side};
pub use readiness::{judge_pair, judge_without_packet, judge_without_target};
pub use sql::{Effect, classify};

use super::{Context, Derived, Governed, Hygiene};
use crate::finding::rules::rollback as rules;
use crate::finding::{Area, Finding, Location, Report};
use crate::tree::Tree;

/// Where the area's files lie; the first folder must hold some.
pub(super) const FOLDERS: &[&str] = &["ops/datasets", "ops/e2e", "ops/rollback"];

const HYGIENE: Hygiene = Hygiene {
    unreadable: &rules::INPUT_UNREADABLE,
    malformed: &rules::DOCUMENT_MALFORMED,
    ambiguous: &rules::SCALAR_AMBIGUOUS,
};

/// Judges the area.
pub(super) fn check(tree: &Tree, context: &Context, report: &mut Report) {
    let governed = Governed::read(tree, FOLDERS, HYGIENE, report);
    let home = FOLDERS[0];
    if !governed.files.iter().any(|path| path.starts_with(home)) {
        let message = format!("`{home}` holds no file; the area cannot be judged");
        let location = Location::named(home);
        report.push(Finding::new(&rules::INPUT_UNREADABLE, location, message));
        return report.not_evaluated(Area::Rollback, format!("`{home}` holds no file"));
    }
    let inputs = told::Inputs::gather(tree, &governed);
    for rule in told::RULES {
        rule(&inputs, context, report);
    }
    if governed.complete {
        let (files, objects) = (governed.documents.len(), governed.objects());
        let count = rules::RULES.len();
        report.evaluated(Area::Rollback, files, objects, governed.other, count);
    } else {
        report.not_evaluated(Area::Rollback, "some of its files could not be read");
    }
}

/// Derives what the release says about being left.
pub(super) fn derive(tree: &Tree, _context: &Context) -> Vec<Derived> {
    let facts = taken::take(tree);
    let name = RollbackFacts::FILE.to_owned();
    facts.map(|facts| Derived { name, bytes: facts.to_bytes() }).into_iter().collect()
}
