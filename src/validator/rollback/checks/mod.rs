//! The checks: one function each, from the question to an answer.

mod analysis;
mod cluster;
mod data;
mod drills;
mod identity;
mod keeping;
mod knowledge;
mod people;

use std::collections::BTreeSet;

pub(super) use people::least_approvers;

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
    /// Why it is not asked before the candidate is installed over the target; nothing for a check
    /// that is asked both ways.
    pub only_back: Option<&'static str>,
    /// What to bring when its inputs are missing; the remedy of its rule is for a check that fails.
    pub bring: &'static str,
    pub(super) judge: fn(&Question<'_>) -> Answer,
}

const fn check(
    name: &'static str,
    question: &'static str,
    rule: &'static Rule,
    judge: fn(&Question<'_>) -> Answer,
) -> ReadinessCheck {
    ReadinessCheck { name, question, rule, only_back: None, bring: bring(name), judge }
}

/// A check that only going back asks, and why.
const fn back(check: &ReadinessCheck, why: &'static str) -> ReadinessCheck {
    ReadinessCheck { only_back: Some(why), ..*check }
}

/// What each check needs that a new operator would have to guess.
const fn bring(name: &str) -> &'static str {
    match name.as_bytes() {
        b"RB01" => "give the packet that the candidate names as its previous one with --to",
        b"RB04" => {
            "fetch each by digest, write `retrieval.json` into --evidence and sign it with `sign-blob`; artifacts also with --artifacts"
        }
        b"RB06" => {
            "write `withdrawn.json` and `scan.json` (what a scan of this packet finds today) into --evidence and sign each with `sign-blob`; settle findings by signed VEX"
        }
        b"RB08" => {
            "declare the step in the candidate's compatibility table and manifest, and assemble it again"
        }
        b"RB11" => {
            "restore a backup, write `restore.json` into --evidence and sign it with `sign-blob`"
        }
        b"RB16" | b"RB17" | b"RB19" => {
            "write `cluster.json` for this environment into --evidence and sign it with `sign-blob`"
        }
        b"RB18" | b"RB20" | b"RB21" => {
            "assemble both releases with rendered manifests in `ops/k8s/rendered`"
        }
        b"RB22" => {
            "play the scenario in each of these profiles and sign it with `rollback drill record`"
        }
        b"RB26" | b"RB27" => {
            "assemble that release with a check of this area; its packet has no result of one"
        }
        b"RB28" => "say who asks with --requester and where with --environment",
        b"RB29" => "record the drills again with --runbook",
        _ => {
            "assemble the release again from a tree with a plan in `ops/rollback/plan.json` for this step"
        }
    }
}

/// Going on leaves the candidate's settings to the candidate.
const OWN_SETTINGS: &str = "the candidate is installed with its own settings; what the target would do with them is asked when it is gone back to";
/// Going on leaves nothing behind that must be held out.
const NOTHING_LEFT: &str = "no release is left that would have to stay out";

/// All thirty, in order.
#[rustfmt::skip]
pub const CHECKS: [ReadinessCheck; 30] = [
    check("RB01", "is the target the release before the candidate?", &rules::TARGET_NOT_PREDECESSOR, identity::predecessor),
    check("RB02", "do both packets verify today?", &rules::PAIR_NOT_VERIFIED, identity::verified),
    check("RB03", "do their signers count today as they did then?", &rules::SIGNER_NOT_TRUSTED_NOW, identity::signers),
    check("RB04", "can everything that would run be had?", &rules::TARGET_NOT_RETRIEVABLE, keeping::retrievable),
    check("RB05", "is the way back kept open for the whole window?", &rules::RETENTION_TOO_SHORT, keeping::retention),
    check("RB06", "is the release that would run neither withdrawn nor known to be vulnerable?", &rules::TARGET_WITHDRAWN, knowledge::withdrawn),
    check("RB07", "is it the same product and channel, and the right direction?", &rules::DIRECTION_WRONG, identity::direction),
    check("RB08", "is the step declared and tested?", &rules::COMPATIBILITY_NOT_SUPPORTED, data::compatibility),
    check("RB09", "do the migrations between them only add?", &rules::MIGRATION_CONTRACTS, data::migrations),
    check("RB10", "can every migration be undone, or restored?", &rules::MIGRATION_IRREVERSIBLE, data::irreversible),
    check("RB11", "was a backup restored and verified?", &rules::BACKUP_NOT_PROVEN, data::backup),
    check("RB12", "does the target read what the candidate stored?", &rules::STORED_FORMAT_UNREADABLE, data::stored_formats),
    check("RB13", "does it read what is cached and queued?", &rules::MESSAGE_FORMAT_UNREADABLE, data::messages),
    check("RB14", "do clients work with the release that would run?", &rules::CLIENTS_DEPEND_ON_CANDIDATE, data::clients),
    back(&check("RB15", "does the target start with the candidate's settings?", &rules::CONFIGURATION_NOT_IGNORABLE, data::configuration), OWN_SETTINGS),
    check("RB16", "are stored custom resources still served?", &rules::CUSTOM_RESOURCE_NOT_SERVED, cluster::custom_resources),
    check("RB17", "does the cluster have the APIs that would be used?", &rules::API_REMOVED_IN_CLUSTER, cluster::removed_interfaces),
    check("RB18", "does no immutable field change?", &rules::IMMUTABLE_FIELD_CHANGES, cluster::immutable_fields),
    check("RB19", "is everything there that the pods need?", &rules::NEEDED_OBJECT_GONE, cluster::needed_objects),
    check("RB20", "can the rollout be controlled?", &rules::ROLLOUT_UNCONTROLLED, cluster::rollout),
    check("RB21", "are the criteria for breaking off sound?", &rules::ABORT_CRITERIA_UNSOUND, analysis::abort_criteria),
    check("RB22", "was exactly this pair drilled?", &rules::ROLLBACK_NOT_DRILLED, drills::drilled),
    check("RB23", "lately, and after the last change?", &rules::DRILL_TOO_OLD, drills::recent),
    check("RB24", "did the drills lose nothing?", &rules::DRILL_FAILED, drills::lossless),
    check("RB25", "were they fast enough?", &rules::ROLLBACK_TOO_SLOW, drills::fast_enough),
    check("RB26", "does the release that would run bear the load?", &rules::TARGET_CAPACITY_UNPROVEN, drills::capacity),
    check("RB27", "can the release that would run be watched?", &rules::TARGET_NOT_OBSERVABLE, drills::observable),
    check("RB28", "have enough people approved?", &trust_rules::APPROVAL_MISSING, people::approved),
    check("RB29", "is the runbook the one that was drilled?", &rules::RUNBOOK_NOT_PINNED, people::runbook),
    back(&check("RB30", "will the candidate stay out afterwards?", &rules::NO_HOLD_AFTER_ROLLBACK, people::hold), NOTHING_LEFT),
];

/// Who has approved so far, and who asks.
pub(super) fn given_approvals(question: &Question<'_>) -> (BTreeSet<String>, Option<String>) {
    people::so_far(question)
}
