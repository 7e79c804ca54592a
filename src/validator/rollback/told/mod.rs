//! What a tree tells about going back, held against itself: the area's rules over governed files.

mod datasets;
mod input;
mod plan;
mod scenarios;
mod waited;

pub(super) use input::Inputs;

use crate::finding::Report;
use crate::validator::Context;

/// The rules, in the order in which they run.
pub(super) const RULES: &[fn(&Inputs<'_>, &Context, &mut Report)] = &[
    scenarios::table,
    scenarios::steps,
    scenarios::tried,
    scenarios::outdated,
    scenarios::evidence,
    scenarios::previous_packages,
    scenarios::earlier_artifacts,
    waited::objects,
    datasets::locked,
    datasets::placeholders,
    datasets::reviews,
    datasets::ids,
    datasets::lock_digests,
    datasets::depth,
    datasets::required,
    datasets::consumers,
    plan::planned,
    plan::runbook,
    plan::drills,
    plan::drilled_profiles,
    plan::retrieval,
];
