//! Readiness: all checks of a pair, and the answer that follows.

use std::collections::BTreeSet;

use super::checks::{CHECKS, ReadinessCheck};
use super::question::{Answer, Question};
use crate::finding::{
    ApprovalsDocument, Direction, Finding, Location, Readiness, ReadinessRow, ReleaseDocument,
    Report, Status,
};
use crate::time::Timestamp;
use crate::trust::RoleName;

/// Asks every check and puts the answer into a report.
pub fn judge_pair(question: &Question<'_>, report: &mut Report) {
    let answers: Vec<(&ReadinessCheck, Answer)> =
        CHECKS.iter().map(|check| (check, ask(check, question))).collect();
    for (check, answer) in &answers {
        if answer.status == Status::Fails {
            let place = answer.inputs.first().map_or("pair", |input| input.name.as_str());
            let message = format!("{}: {}", check.name, answer.detail);
            report.push(Finding::new(check.rule, Location::named(place), message));
        }
    }
    for (name, why) in &question.evidence.passed_over {
        report.skipped("evidence", name.as_str(), why.as_str());
    }
    let (installed, running) = question.installed_and_running();
    let (from, to) = (Some(running.release()), Some(installed.release()));
    let readiness = Readiness {
        action: question.direction,
        from,
        to,
        environment: question.environment.clone(),
        until: until(&answers, question),
        will_not_return: will_not_return(question),
        approvals: approvals(question),
        checks: answers.into_iter().map(|(check, answer)| row(check, answer)).collect(),
    };
    report.set_readiness(readiness);
}

/// The answer for a first release: there is nothing to go back to, and that is no error.
pub fn judge_without_target(
    action: Direction,
    candidate: &crate::packet::ReleaseManifest,
    packet: crate::digest::Digest,
    reason: &str,
    report: &mut Report,
) {
    let answer = Answer::unknown(reason);
    let release = Some(ReleaseDocument {
        product: candidate.product.clone(),
        version: candidate.version.clone(),
        sha256: packet,
    });
    let (from, to) = match action {
        Direction::Rollback => (release, None),
        Direction::Promote => (None, release),
    };
    report.set_readiness(Readiness {
        action,
        from,
        to,
        environment: None,
        until: None,
        will_not_return: Vec::new(),
        approvals: ApprovalsDocument::default(),
        checks: vec![row(&CHECKS[0], answer)],
    });
}

/// The answer when one of the two is no packet: the report has the reason.
pub fn judge_without_packet(direction: Direction, name: &str, report: &mut Report) {
    let answer = Answer::fails(format!("`{}` is no packet that can be read", name.escape_debug()));
    report.set_readiness(Readiness {
        action: direction,
        from: None,
        to: None,
        environment: None,
        until: None,
        will_not_return: Vec::new(),
        approvals: ApprovalsDocument::default(),
        checks: vec![row(&CHECKS[1], answer)],
    });
}

fn ask(check: &ReadinessCheck, question: &Question<'_>) -> Answer {
    match (question.direction, check.only_back) {
        (Direction::Promote, Some(why)) => Answer::not_applicable(why),
        (Direction::Promote, None) | (Direction::Rollback, _) => (check.judge)(question),
    }
}

fn row(check: &ReadinessCheck, answer: Answer) -> ReadinessRow {
    let remedy = match answer.status {
        Status::Fails => Some(check.rule.remedy),
        Status::Unknown => Some(check.bring),
        Status::Holds | Status::NotApplicable => None,
    };
    ReadinessRow {
        check: check.name.to_owned(),
        code: check.rule.code.to_owned(),
        question: check.question.to_owned(),
        status: answer.status,
        detail: answer.detail,
        remedy: remedy.map(str::to_owned),
        inputs: answer.inputs,
    }
}

/// The first moment at which something that the answer rests on ends; only for an answer that is
/// ready.
fn until(answers: &[(&ReadinessCheck, Answer)], question: &Question<'_>) -> Option<Timestamp> {
    let rests = |answer: &Answer| matches!(answer.status, Status::Holds | Status::NotApplicable);
    if !answers.iter().all(|(_, answer)| rests(answer)) {
        return None;
    }
    let root = question.root.document().expires_at;
    answers.iter().filter_map(|(_, answer)| answer.until).chain([root]).min()
}

fn will_not_return(question: &Question<'_>) -> Vec<String> {
    let plan = (question.direction == Direction::Rollback).then(|| question.plan().ok()).flatten();
    let Some(plan) = plan else { return Vec::new() };
    let target = &question.target.manifest.version;
    let final_ones = plan
        .migrations
        .iter()
        .filter(|one| one.introduced_in.is_after(target) && !one.reversible)
        .map(|one| format!("what the migration `{}` changed", one.id));
    plan.state_that_does_not_return.iter().cloned().chain(final_ones).collect()
}

fn approvals(question: &Question<'_>) -> ApprovalsDocument {
    let document = question.root.document();
    let Some(role) = document.roles.get(&RoleName::RollbackApprover) else {
        return ApprovalsDocument { requester: question.requester.clone(), ..Default::default() };
    };
    let by_key = role.keys.iter().filter_map(|id| document.keys.get(id)).map(|key| &key.owner);
    let by_name = role.identities.iter().filter_map(|name| document.identities.get(name));
    let people: BTreeSet<&String> = by_key.chain(by_name.map(|identity| &identity.owner)).collect();
    let (given, requester) = super::checks::given_approvals(question);
    let open = people
        .into_iter()
        .filter(|owner| !given.contains(*owner) && Some(*owner) != requester.as_ref())
        .cloned()
        .collect();
    let least = super::checks::least_approvers(question).unwrap_or(1);
    ApprovalsDocument {
        required: role.threshold.max(least),
        given_by: given.into_iter().collect(),
        open,
        requester,
    }
}
