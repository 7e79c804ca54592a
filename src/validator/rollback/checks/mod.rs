//! The checks: one function each, from the question to an answer.

mod cluster;
mod data;
mod drills;
mod identity;
mod keeping;
mod people;

use std::collections::BTreeSet;

use super::question::{Answer, Question};
use crate::finding::Rule;
use crate::finding::rules::{rollback as rules, trust as trust_rules};

/// One check: its number, its question, its rule, and how it is judged.
pub struct ReadinessCheck {
    /// `RB01` to `RB30`.
    pub name: &'static str,
    /// What it asks, for people.
    pub question: &'static str,
    /// The rule that it breaks when it fails.
    pub rule: &'static Rule,
    /// Whether it is also asked before the candidate is installed over the target.
    pub promotes: bool,
    pub(super) judge: fn(&Question<'_>) -> Answer,
}

const fn check(
    name: &'static str,
    question: &'static str,
    rule: &'static Rule,
    judge: fn(&Question<'_>) -> Answer,
) -> ReadinessCheck {
    ReadinessCheck { name, question, rule, promotes: true, judge }
}

/// A check that only going back asks.
const fn back(
    name: &'static str,
    question: &'static str,
    rule: &'static Rule,
    judge: fn(&Question<'_>) -> Answer,
) -> ReadinessCheck {
    ReadinessCheck { name, question, rule, promotes: false, judge }
}

/// All thirty, in order.
#[rustfmt::skip]
pub const CHECKS: [ReadinessCheck; 30] = [
    check("RB01", "is the target the release before the candidate?", &rules::TARGET_NOT_PREDECESSOR, identity::predecessor),
    check("RB02", "do both packets verify today?", &rules::PAIR_NOT_VERIFIED, identity::verified),
    check("RB03", "do their signers count today as they did then?", &rules::SIGNER_NOT_TRUSTED_NOW, identity::signers),
    back("RB04", "can everything of the target still be had?", &rules::TARGET_NOT_RETRIEVABLE, keeping::retrievable),
    back("RB05", "is it kept longer than the window?", &rules::RETENTION_TOO_SHORT, keeping::retention),
    check("RB06", "is the release that would run neither withdrawn nor known to be vulnerable?", &rules::TARGET_WITHDRAWN, keeping::withdrawn),
    check("RB07", "is it the same product and channel, and the right direction?", &rules::DIRECTION_WRONG, identity::direction),
    check("RB08", "is the step declared and tested?", &rules::COMPATIBILITY_NOT_SUPPORTED, data::compatibility),
    back("RB09", "do the migrations between them only add?", &rules::MIGRATION_CONTRACTS, data::migrations),
    back("RB10", "can every migration be undone, or restored?", &rules::MIGRATION_IRREVERSIBLE, data::irreversible),
    back("RB11", "was a backup restored and verified?", &rules::BACKUP_NOT_PROVEN, data::backup),
    back("RB12", "does the target read what the candidate stored?", &rules::STORED_FORMAT_UNREADABLE, data::stored_formats),
    back("RB13", "does it read what is cached and queued?", &rules::MESSAGE_FORMAT_UNREADABLE, data::messages),
    back("RB14", "do clients work with the target?", &rules::CLIENTS_DEPEND_ON_CANDIDATE, data::clients),
    back("RB15", "does the target start with the candidate's settings?", &rules::CONFIGURATION_NOT_IGNORABLE, data::configuration),
    check("RB16", "are stored custom resources still served?", &rules::CUSTOM_RESOURCE_NOT_SERVED, cluster::custom_resources),
    check("RB17", "does the cluster have the APIs that would be used?", &rules::API_REMOVED_IN_CLUSTER, cluster::removed_interfaces),
    check("RB18", "does no immutable field change?", &rules::IMMUTABLE_FIELD_CHANGES, cluster::immutable_fields),
    check("RB19", "is everything there that the pods need?", &rules::NEEDED_OBJECT_GONE, cluster::needed_objects),
    check("RB20", "can the rollout be controlled?", &rules::ROLLOUT_UNCONTROLLED, cluster::rollout),
    check("RB21", "are the criteria for breaking off sound?", &rules::ABORT_CRITERIA_UNSOUND, cluster::abort_criteria),
    back("RB22", "was exactly this pair drilled?", &rules::ROLLBACK_NOT_DRILLED, drills::drilled),
    back("RB23", "lately, and after the last change?", &rules::DRILL_TOO_OLD, drills::recent),
    back("RB24", "did the drills lose nothing?", &rules::DRILL_FAILED, drills::lossless),
    back("RB25", "were they fast enough?", &rules::ROLLBACK_TOO_SLOW, drills::fast_enough),
    back("RB26", "does the target bear the load?", &rules::TARGET_CAPACITY_UNPROVEN, drills::capacity),
    back("RB27", "can the target be watched?", &rules::TARGET_NOT_OBSERVABLE, drills::observable),
    check("RB28", "have enough people approved?", &trust_rules::APPROVAL_MISSING, people::approved),
    back("RB29", "is the runbook the one that was drilled?", &rules::RUNBOOK_NOT_PINNED, people::runbook),
    back("RB30", "will the candidate stay out afterwards?", &rules::NO_HOLD_AFTER_ROLLBACK, people::hold),
];

/// Who has approved so far, and who asks.
pub(super) fn given_approvals(question: &Question<'_>) -> (BTreeSet<String>, Option<String>) {
    people::so_far(question)
}
