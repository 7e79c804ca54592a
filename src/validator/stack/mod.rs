//! The area `stack`: what the service runs on.
//!
//! Reads every governed file of the area and judges what any file must be: there, readable,
//! well-formed, and the same value to every reader.

mod resolved;

use super::{Context, Governed, Hygiene};
use crate::finding::rules::stack as rules;
use crate::finding::{Area, Finding, Location, Report};
use crate::tree::Tree;

pub use resolved::resolved_dependencies;

/// Where the area's files lie; the first folder must hold some.
pub(super) const FOLDERS: &[&str] = &["ops/stack", "ops/inventory", "ops/env", "ops/docker"];

const HYGIENE: Hygiene = Hygiene {
    unreadable: &rules::INPUT_UNREADABLE,
    malformed: &rules::DOCUMENT_MALFORMED,
    ambiguous: &rules::SCALAR_AMBIGUOUS,
};

/// Judges the area.
pub(super) fn check(tree: &Tree, _context: &Context, report: &mut Report) {
    let governed = Governed::read(tree, FOLDERS, HYGIENE, report);
    if !governed.files.iter().any(|path| path.starts_with(FOLDERS[0])) {
        let message = format!("`{}` holds no file; the area cannot be judged", FOLDERS[0]);
        report.push(Finding::new(&rules::INPUT_UNREADABLE, Location::named(FOLDERS[0]), message));
        report.not_evaluated(Area::Stack, format!("`{}` holds no file", FOLDERS[0]));
    } else if governed.complete {
        let (files, objects) = (governed.documents.len(), governed.objects());
        report.evaluated(Area::Stack, files, objects, governed.other, rules::RULES.len());
    } else {
        report.not_evaluated(Area::Stack, "some of its files could not be read");
    }
}
