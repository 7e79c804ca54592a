//! The area `observe`: how it is watched.
//!
//! Reads every governed file of the area and judges what any file must be: there, readable,
//! well-formed, and the same value to every reader.

use super::{Context, Governed, Hygiene};
use crate::finding::rules::observe as rules;
use crate::finding::{Area, Finding, Location, Report};
use crate::tree::Tree;

/// Where the area's files lie; the first folder must hold some.
pub(super) const FOLDERS: &[&str] = &["ops/observe"];

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
        report.not_evaluated(Area::Observe, format!("`{}` holds no file", FOLDERS[0]));
    } else if governed.complete {
        let (files, objects) = (governed.documents.len(), governed.objects());
        report.evaluated(Area::Observe, files, objects, governed.other, rules::RULES.len());
    } else {
        report.not_evaluated(Area::Observe, "some of its files could not be read");
    }
}
