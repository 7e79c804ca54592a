//! The area `release`: what is shipped, and what speaks for it.
//!
//! Every digest that a release document states is computed again, from the tree and from the
//! evidence bundle; what the documents say of one thing is compared; what they claim to have
//! verified is derived from what they verified. Nothing is believed.

mod causes;
mod chart;
mod coverage;
mod derived;
mod digests;
mod evidence;
mod generations;
mod identity;
mod images;
mod input;
mod layout;
mod required;
mod row;
pub mod sbom;
pub mod scans;
mod schemas;
pub mod secrets;
mod sets;
mod things;

use input::Inputs;

use super::{Context, Governed, Hygiene};
use crate::finding::rules::release as rules;
use crate::finding::{Area, Finding, Location, Report};
use crate::time::Timestamp;
use crate::tree::Tree;

/// Where the area's files lie; the first folder must hold some.
pub(super) const FOLDERS: &[&str] =
    &["ops/release", "ops/report", "ops/reproducibility", "configs/sources/release"];

const HYGIENE: Hygiene = Hygiene {
    unreadable: &rules::INPUT_UNREADABLE,
    malformed: &rules::DOCUMENT_MALFORMED,
    ambiguous: &rules::SCALAR_AMBIGUOUS,
};

/// Returns how many vulnerabilities the tree's evidence policy allows; none without a policy.
#[must_use]
pub fn budget_in(tree: &Tree, now: Timestamp) -> scans::Budget {
    evidence::budget_in(tree, now)
}

/// The rules, in the order in which they run.
const RULES: &[fn(&Inputs, &Context, &mut Report)] = &[
    digests::declared_digests,
    sets::signing_sets,
    sets::manifest_signed,
    sets::packet_set,
    sets::bundle_set,
    sets::dropped_evidence,
    required::required_artifacts,
    required::named_files,
    required::reproducibility,
    generations::inner_copies,
    generations::stale_documents,
    schemas::documents_follow,
    schemas::schemas_hold,
    things::one_digest,
    things::placeholders,
    things::shared_digests,
    identity::versions,
    identity::commits,
    chart::packages,
    evidence::sboms,
    evidence::scan_reports,
    images::profile_images,
    images::image_registry,
    images::image_names,
    coverage::signatures,
    coverage::uncovered,
    coverage::unhashed_lists,
    coverage::leaks,
    derived::reports,
    derived::claims,
    derived::exceptions,
    derived::readiness,
];

/// Judges the area.
pub(super) fn check(tree: &Tree, context: &Context, report: &mut Report) {
    let governed = Governed::read(tree, FOLDERS, HYGIENE, report);
    if !governed.files.iter().any(|path| path.starts_with(FOLDERS[0])) {
        let message = format!("`{}` holds no file; the area cannot be judged", FOLDERS[0]);
        report.push(Finding::new(&rules::INPUT_UNREADABLE, Location::named(FOLDERS[0]), message));
        report.not_evaluated(Area::Release, format!("`{}` holds no file", FOLDERS[0]));
        return;
    }
    let inputs = Inputs::gather(tree, &governed, report);
    for rule in RULES {
        rule(&inputs, context, report);
    }
    if !inputs.is_own() && !inputs.is_handbook() {
        let why = "the tree holds neither a release of ours nor any evidence of the handbook's";
        report.not_evaluated(Area::Release, why);
    } else if governed.complete {
        let (files, objects) = (governed.documents.len(), governed.objects());
        report.evaluated(Area::Release, files, objects, governed.other, rules::RULES.len());
    } else {
        report.not_evaluated(Area::Release, "some of its files could not be read");
    }
}
