//! Who decides, what they follow, and what keeps the decision.

use std::collections::BTreeSet;

use super::super::approval::{Asked, approvers_so_far, judge_approvals};
use super::super::question::{Answer, Question};
use crate::finding::rules::trust as rules;
use crate::finding::{Direction, InputDocument, Report};
use crate::provenance::{Action, Approval, Statement};
use crate::trust::Content;

/// RB28: as many people as the role and the plan ask for, none of them the one who asks.
pub(super) fn approved(question: &Question<'_>) -> Answer {
    let (environment, requester) = match scope(question) {
        Ok(scope) => scope,
        Err(answer) => return answer,
    };
    let at_least = match least_approvers(question) {
        Ok(least) => least,
        Err(answer) => return answer,
    };
    let asked = asked(question, &environment, &requester, at_least);
    let mut report = Report::new("rollback check", question.now, true);
    let approved = judge_approvals(&question.evidence.approvals, asked, question.root, &mut report);
    let missing = report.findings().iter().find(|one| one.rule == &rules::APPROVAL_MISSING);
    match approved {
        Some(approved) => {
            let owners: Vec<_> =
                approved.owners.iter().map(|owner| owner.escape_debug().to_string()).collect();
            let detail =
                format!("by {}, for `{}`", owners.join(" and "), environment.escape_debug());
            let used = approved
                .payloads
                .iter()
                .map(|sha256| InputDocument { name: "approval".to_owned(), sha256: *sha256 });
            let used: Vec<_> = used.collect();
            let answer = Answer::holds(detail).from(&used);
            approved.until.map_or(answer.clone(), |until| answer.until(until))
        }
        None => Answer::fails(missing.map_or("nobody has approved it", |one| one.message.as_str())),
    }
}

/// How many people the plan asks for; installing a release is for the role to decide.
pub(in crate::validator::rollback) fn least_approvers(
    question: &Question<'_>,
) -> Result<u32, Answer> {
    match question.direction {
        Direction::Rollback => Ok(question.plan()?.approval.approvers.max(1)),
        Direction::Promote => Ok(1),
    }
}

/// Who has approved so far, and who asks.
pub(super) fn so_far(question: &Question<'_>) -> (BTreeSet<String>, Option<String>) {
    let Some(environment) = environment(question) else {
        return (BTreeSet::new(), question.requester.clone());
    };
    // Who asks may still be open: then only approvals that do not name anybody are seen.
    let requester = scope(question).ok().map(|(_, requester)| requester);
    let requester = requester.or_else(|| question.requester.clone());
    let asked = asked(question, &environment, requester.as_deref().unwrap_or_default(), 1);
    let given = approvers_so_far(&question.evidence.approvals, asked, question.root, question.now);
    (given, requester)
}

fn asked<'a>(
    question: &'a Question<'_>,
    environment: &'a str,
    requester: &'a str,
    at_least: u32,
) -> Asked<'a> {
    Asked {
        action: match question.direction {
            Direction::Rollback => Action::Rollback,
            Direction::Promote => Action::Promote,
        },
        from: question.candidate.packet,
        to: question.target.packet,
        environment,
        requester,
        at_least,
        consumed: &question.evidence.consumed,
    }
}

/// Where it is asked for and by whom: as the caller says, or as every approval says alike.
fn scope(question: &Question<'_>) -> Result<(String, String), Answer> {
    let given = stated(question);
    let one_of = |known: &Option<String>, stated: BTreeSet<&str>, what: &str, flag: &str| {
        let stated: Vec<&str> = stated.into_iter().filter(|text| !text.is_empty()).collect();
        match (known, stated.as_slice()) {
            (Some(known), _) => Ok(known.clone()),
            (None, [one]) => Ok((*one).to_owned()),
            (None, []) if given.is_empty() => Err(Answer::fails("nobody has approved it")),
            (None, []) => Err(Answer::unknown(format!("no approval says {what}; give {flag}"))),
            (None, [..]) => {
                Err(Answer::unknown(format!("the approvals differ about {what}; give {flag}")))
            }
        }
    };
    let environments = given.iter().map(|approval| approval.environment.as_str()).collect();
    let requesters = given.iter().map(|approval| approval.requester.as_str()).collect();
    let environment =
        one_of(&question.environment, environments, "for which environment", "--environment")?;
    let requester = one_of(&question.requester, requesters, "who asks", "--requester")?;
    Ok((environment, requester))
}

/// Where it is asked for: as the caller says, or as every approval says alike.
pub(super) fn environment(question: &Question<'_>) -> Option<String> {
    let approvals = stated(question);
    let named: BTreeSet<&str> =
        approvals.iter().map(|approval| approval.environment.as_str()).collect();
    let only = named.first().filter(|_| named.len() == 1).map(|only| (*only).to_owned());
    question.environment.clone().or(only)
}

/// What the approvals say, whoever signed them.
fn stated(question: &Question<'_>) -> Vec<Approval> {
    question
        .evidence
        .approvals
        .iter()
        .filter_map(|bundle| match bundle.content() {
            Content::Envelope(envelope) => {
                Statement::<Approval>::parse(envelope.unverified_payload()).ok()
            }
            Content::Message { .. } => None,
        })
        .map(|statement| statement.predicate)
        .collect()
}

/// RB29: the runbook in the packet is the one that the plan pins and the drills followed.
pub(super) fn runbook(question: &Question<'_>) -> Answer {
    let (plan, facts) = match (question.plan(), question.candidate.known()) {
        (Ok(plan), Ok(facts)) => (plan, facts),
        (Err(answer), _) | (_, Err(answer)) => return answer,
    };
    let inputs = question.candidate.facts_input();
    let path = plan.runbook.path.escape_debug();
    if plan.runbook.owner.trim().is_empty() {
        return Answer::fails(format!("nobody is named to call for `{path}`")).from(&inputs);
    }
    let Some(actual) = facts.runbook_sha256 else {
        return Answer::fails(format!("`{path}` was not there")).from(&inputs);
    };
    if actual != plan.runbook.sha256 {
        let detail =
            format!("`{path}` is sha256:{actual}; the plan pins sha256:{}", plan.runbook.sha256);
        return Answer::fails(detail).from(&inputs);
    }
    let other = question
        .evidence
        .drills
        .iter()
        .find(|drill| drill.value.runbook_sha256.is_some_and(|followed| followed != actual));
    if let Some(drill) = other {
        let detail = format!("a drill followed another version of `{path}`");
        return Answer::fails(detail).from(&inputs).from([&drill.input]);
    }
    let drills = &question.evidence.drills;
    if !drills.is_empty() && drills.iter().all(|drill| drill.value.runbook_sha256.is_none()) {
        let detail = format!("no drill says that it followed `{path}`; record it with --runbook");
        return Answer::unknown(detail).from(&inputs).from(drills.iter().map(|one| &one.input));
    }
    let owner = plan.runbook.owner.escape_debug();
    Answer::holds(format!("`{path}`, call {owner}")).from(&inputs)
}

/// RB30: promotion stops, the candidate is rejected, its evidence is void.
pub(super) fn hold(question: &Question<'_>) -> Answer {
    let plan = match question.plan() {
        Ok(plan) => plan,
        Err(answer) => return answer,
    };
    let inputs = question.candidate.facts_input();
    let after = &plan.after_rollback;
    let missing: Vec<&str> = [
        ("stop_promotion", after.stop_promotion),
        ("reject_candidate", after.reject_candidate),
        ("new_release_needs_new_evidence", after.new_release_needs_new_evidence),
    ]
    .into_iter()
    .filter(|(_, holds)| !holds)
    .map(|(name, _)| name)
    .collect();
    if missing.is_empty() {
        return Answer::holds("promotion stops and the candidate is rejected").from(&inputs);
    }
    Answer::fails(format!("not in the plan: {}", missing.join(", "))).from(&inputs)
}
