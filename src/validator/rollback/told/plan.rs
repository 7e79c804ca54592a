//! The plan for leaving a release, and what the tree keeps as proof that it works.

use std::collections::BTreeSet;

use super::super::evidence::Retrieval;
use super::super::facts::{Objectives, Plan};
use super::super::sql::{Effect, classify};
use super::super::taken::PLAN;
use super::input::{Inputs, Source};
use crate::document::Node;
use crate::finding::rules::rollback as rules;
use crate::finding::{Finding, Location, Report};
use crate::json;
use crate::time::Timestamp;
use crate::validator::Context;

const DRILLS: &str = "ops/rollback/drills.json";
const RETRIEVAL: &str = "ops/rollback/retrieval.json";

fn read_plan<'a>(inputs: &'a Inputs<'_>) -> Option<(Plan, &'a Source)> {
    let source = inputs.document(PLAN)?;
    let plan = json::parse(&source.root.to_canonical_json(), json::Limits::DOCUMENT).ok()?;
    Some((plan, source))
}

/// There is a plan, it can be read, and it is for this release.
pub(super) fn planned(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some(source) = inputs.document(PLAN) else {
        let message =
            "nothing says how this release is left: no window, objective, runbook, backup";
        return report.push(Finding::new(&rules::PLAN_ABSENT, Location::named(PLAN), message));
    };
    let parsed = json::parse::<Plan>(&source.root.to_canonical_json(), json::Limits::DOCUMENT);
    let plan = match parsed {
        Ok(plan) => plan,
        Err(error) => {
            let finding =
                Finding::new(&rules::PLAN_MALFORMED, source.at(&error.pointer), error.problem);
            return report.push(finding);
        }
    };
    if let Some(current) =
        inputs.current().filter(|current| *current != plan.from_version.to_string())
    {
        let message = format!("the plan leaves {}, and this tree is {current}", plan.from_version);
        let finding = Finding::new(&rules::PLAN_MALFORMED, source.at("/from_version"), message);
        return report.push(finding.declared(&plan.from_version).actual(current));
    }
    for (index, migration) in plan.migrations.iter().enumerate() {
        if let Some(path) = migration.restore_plan.as_ref().filter(|path| !inputs.exists(path)) {
            let at = source.at(&format!("/migrations/{index}/restore_plan"));
            let message = format!("the restore plan `{}` is not there", path.escape_debug());
            report.push(Finding::new(&rules::PLAN_MALFORMED, at, message));
        }
        let Some(path) = &migration.file else { continue };
        let at = source.at(&format!("/migrations/{index}/file"));
        let parsed = path.parse().ok();
        let script = parsed.and_then(|path| inputs.tree.read(&path, 16 << 20).ok());
        let Some(script) = script.and_then(|bytes| String::from_utf8(bytes).ok()) else {
            let message = format!("`{}` is not there, or is no text", path.escape_debug());
            report.push(Finding::new(&rules::PLAN_MALFORMED, at, message));
            continue;
        };
        let is_expansion = migration.kind == super::super::facts::MigrationKind::Expand;
        let worst = classify(&script).into_iter().find(|one| one.effect == Effect::Contract);
        if let Some(worst) = worst.filter(|_| is_expansion) {
            let message = format!(
                "called an expansion, and line {} `{}` {}",
                worst.line,
                worst.text.escape_debug(),
                worst.reason
            );
            report.push(Finding::new(&rules::MIGRATION_MISCALLED, at, message));
        }
    }
    let detail = format!("{} to {}", plan.from_version, plan.to_version);
    report.passed("rollback-plan", PLAN, detail);
}

/// The runbook is the one that the plan pins.
pub(super) fn runbook(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some((plan, source)) = read_plan(inputs) else { return };
    let path = &plan.runbook.path;
    match inputs.digest(path) {
        Some(actual) if actual == plan.runbook.sha256 => {
            report.passed("rollback-runbook", path.as_str(), actual.to_string());
        }
        Some(actual) => {
            let message =
                format!("`{}` was edited since the plan was written", path.escape_debug());
            let finding =
                Finding::new(&rules::RUNBOOK_UNPINNED, source.at("/runbook/sha256"), message);
            report.push(finding.declared(plan.runbook.sha256).actual(actual));
        }
        None => {
            let message = format!("`{}` is not there", path.escape_debug());
            report.push(Finding::new(
                &rules::RUNBOOK_UNPINNED,
                source.at("/runbook/path"),
                message,
            ));
        }
    }
}

/// What a drill of the tree really came to, by its figures.
pub(super) fn drills(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some(drills) = inputs.document(DRILLS) else { return };
    let objectives = read_plan(inputs).map(|(plan, _)| plan.objectives);
    for (index, drill) in drills.items("drills").iter().enumerate() {
        let id = drill.get("id").and_then(Node::as_str).unwrap_or_default();
        match problem_of(drill, objectives.as_ref()) {
            Some(problem) => {
                let message = format!("the drill `{}` did not pass: {problem}", id.escape_debug());
                let at = drills.at(&format!("/drills/{index}"));
                let stated = drill.get("outcome").and_then(Node::as_str).unwrap_or("nothing");
                let finding = Finding::new(&rules::DRILL_NOT_PASSED, at, message);
                report.push(finding.declared(stated).actual("failed"));
            }
            None => report.passed("rollback-drill", id, "passed by its figures"),
        }
    }
}

fn problem_of(drill: &Node, objectives: Option<&Objectives>) -> Option<String> {
    let number = |key: &str| drill.get(key).and_then(Node::as_u64);
    if drill.get("simulated").and_then(Node::as_bool) == Some(true) {
        return Some("it was simulated".to_owned());
    }
    if drill.get("outcome").and_then(Node::as_str) != Some("passed") {
        return Some("it does not claim to have passed".to_owned());
    }
    let (sent, failed) = (number("requests_sent"), number("requests_failed"));
    if sent.is_none_or(|sent| sent == 0) {
        return Some("no request was sent".to_owned());
    }
    let invariants = drill.get("invariants").map(Node::items).unwrap_or_default();
    if invariants.is_empty() {
        return Some("nothing was compared before and after".to_owned());
    }
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
    let differing = invariants.iter().find(|one| {
        text(one, "before_sha256").is_none()
            || text(one, "before_sha256") != text(one, "after_sha256")
    });
    if let Some(one) = differing {
        let name = text(one, "name").unwrap_or_default();
        return Some(format!("`{}` is not the same before and after", name.escape_debug()));
    }
    let objectives = objectives?;
    let most = objectives.failed_requests;
    if let Some(failed) = failed.filter(|failed| *failed > most) {
        return Some(format!("{failed} requests failed; at most {most} may"));
    }
    let (seconds, most) =
        (number("seconds_to_roll_back"), u64::from(objectives.seconds_to_roll_back));
    match seconds {
        Some(seconds) if seconds > most => {
            Some(format!("it took {seconds} s; the objective is {most} s"))
        }
        Some(_) => None,
        None => Some("it says no time".to_owned()),
    }
}

/// Every profile that the plan requires was drilled for this step, lately.
pub(super) fn drilled_profiles(inputs: &Inputs<'_>, context: &Context, report: &mut Report) {
    let Some((plan, source)) = read_plan(inputs) else {
        return no_drill_at_all(inputs, report);
    };
    let rows = inputs.document(DRILLS).map(|drills| drills.items("drills")).unwrap_or_default();
    let version =
        |row: &Node, pointer: &str| row.pointer(pointer).and_then(Node::as_str).map(str::to_owned);
    for (index, profile) in plan.required_profiles.iter().enumerate() {
        let shown = profile.escape_debug();
        let newest = rows
            .iter()
            .filter(|row| row.get("profile").and_then(Node::as_str) == Some(profile))
            .filter(|row| version(row, "/from/version") == Some(plan.from_version.to_string()))
            .filter(|row| version(row, "/to/version") == Some(plan.to_version.to_string()))
            .filter_map(|row| version(row, "/executed_at")?.parse::<Timestamp>().ok())
            .filter(|at| *at <= context.now)
            .max();
        let days = plan.maximum_drill_age_days;
        let problem = match newest {
            None => format!("no drill of this step in `{shown}`"),
            Some(at) if context.now >= at.plus_days(days) => {
                format!("the newest drill in `{shown}` was at {at}, over {days} days ago")
            }
            Some(at) => {
                report.passed("rollback-drilled", profile.as_str(), format!("at {at}"));
                continue;
            }
        };
        let at = source.at(&format!("/required_profiles/{index}"));
        report.push(Finding::new(&rules::DRILL_ABSENT, at, problem));
    }
}

/// Without a plan: a tree that plays going back keeps at least one real result of it.
fn no_drill_at_all(inputs: &Inputs<'_>, report: &mut Report) {
    let back: BTreeSet<&str> = inputs
        .scenarios()
        .filter(|scenario| scenario.text("/kind") == Some("rollback"))
        .map(|scenario| scenario.path.as_str())
        .collect();
    let has_drills = inputs.document(DRILLS).is_some_and(|it| !it.items("drills").is_empty());
    let Some(first) = back.first().filter(|_| !has_drills) else { return };
    let message = format!("{} scenarios go back, and no dated result of one is kept", back.len());
    report.push(Finding::new(&rules::DRILL_ABSENT, Location::named(first), message));
}

/// What was retrieved of the earlier release is what was released, and was lately.
pub(super) fn retrieval(inputs: &Inputs<'_>, context: &Context, report: &mut Report) {
    let Some(source) = inputs.document(RETRIEVAL) else { return };
    let parsed = json::parse::<Retrieval>(&source.root.to_canonical_json(), json::Limits::DOCUMENT);
    let retrieval = match parsed {
        Ok(retrieval) => retrieval,
        Err(error) => {
            let at = source.at(&error.pointer);
            return report.push(Finding::new(&rules::RETRIEVAL_UNSOUND, at, error.problem));
        }
    };
    let mut sound = true;
    let mut unsound = |at: Location, message: String, report: &mut Report| {
        sound = false;
        report.push(Finding::new(&rules::RETRIEVAL_UNSOUND, at, message));
    };
    for (index, item) in retrieval.items.iter().enumerate() {
        if item.expected_digest != item.retrieved_digest {
            let message = format!("`{}` came back as something else", item.name.escape_debug());
            unsound(source.at(&format!("/items/{index}/retrieved_digest")), message, report);
        }
    }
    let Some((plan, _)) = read_plan(inputs) else { return };
    if retrieval.release != plan.to_version {
        let (found, asked) = (&retrieval.release, &plan.to_version);
        let message = format!("is about {found}, and the plan goes back to {asked}");
        unsound(source.at("/release"), message, report);
    }
    let days = plan.maximum_retrieval_age_days;
    if context.now >= retrieval.checked_at.plus_days(days) {
        let message = format!("was checked at {}, over {days} days ago", retrieval.checked_at);
        unsound(source.at("/checked_at"), message, report);
    }
    if sound {
        let detail = format!("{} items of {}", retrieval.items.len(), retrieval.release);
        report.passed("rollback-retrieval", RETRIEVAL, detail);
    }
}
