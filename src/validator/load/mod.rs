//! The area `load`: what it bears.
//!
//! Every result is read for what it is, whatever tool wrote it, and its verdict is computed again.
//! Limits are compared wherever they stand; runs are held against their baseline by a test that has
//! three answers, of which one lets a release pass.

mod agreement;
mod baselines;
mod claims;
pub mod compared;
mod derived;
mod endurance;
mod identity;
mod input;
mod layout;
mod loosened;
mod parts;
pub mod policy;
pub mod result;
mod runs;
mod script;
pub mod statistics;
mod suite;
pub mod threshold;
mod verdicts;

use input::Inputs;

use super::{Context, Derived, Hygiene};
use crate::finding::rules::load as rules;
use crate::finding::{Area, Finding, Location, Report};
use crate::tree::Tree;

/// Where the area's files lie; the first folder must hold some.
pub(super) const FOLDERS: &[&str] = &["ops/load"];

const HYGIENE: Hygiene = Hygiene {
    unreadable: &rules::INPUT_UNREADABLE,
    malformed: &rules::DOCUMENT_MALFORMED,
    ambiguous: &rules::SCALAR_AMBIGUOUS,
};

/// The rules, in the order in which they run; claims are held against what was found before them.
const RULES: &[fn(&Inputs, &Context, &mut Report)] = &[
    verdicts::shapes,
    verdicts::samples,
    verdicts::grammar,
    verdicts::recomputed,
    verdicts::checks,
    agreement::limits_agree,
    agreement::limits_stated,
    agreement::objectives,
    agreement::plans_agree,
    parts::suite_parts,
    parts::lists_agree,
    parts::unused,
    parts::names_resolve,
    parts::scenarios_hold,
    parts::named_files,
    runs::exits,
    runs::generator,
    runs::models,
    runs::durations,
    runs::figures,
    identity::identity,
    identity::raw_results,
    endurance::resources,
    endurance::slopes,
    endurance::sampled_slopes,
    baselines::measured,
    baselines::rows_hold,
    baselines::current,
    baselines::approved,
    loosened::loosened,
    baselines::present,
    baselines::comparable,
    compared::regressions,
    compared::drift,
    claims::comparisons,
    claims::coverage,
    claims::sources,
    claims::packs,
    claims::placeholders,
    claims::schemas,
    claims::claimed_checks,
];

/// Judges the area.
pub(super) fn check(tree: &Tree, context: &Context, report: &mut Report) {
    let inputs = Inputs::gather(tree, report);
    if inputs.files.is_empty() {
        let message = format!("`{}` holds no file; the area cannot be judged", FOLDERS[0]);
        report.push(Finding::new(&rules::INPUT_UNREADABLE, Location::named(FOLDERS[0]), message));
        report.not_evaluated(Area::Load, format!("`{}` holds no file", FOLDERS[0]));
        return;
    }
    for rule in RULES {
        rule(&inputs, context, report);
    }
    if inputs.complete {
        let (files, objects) = (inputs.files.len() - inputs.other, inputs.objects);
        report.evaluated(Area::Load, files, objects, inputs.other, rules::RULES.len());
    } else {
        report.not_evaluated(Area::Load, "some of its files could not be read");
    }
}

/// Derives the area's documents.
pub(super) fn derive(tree: &Tree, context: &Context) -> Vec<Derived> {
    derived::derive(tree, context)
}
