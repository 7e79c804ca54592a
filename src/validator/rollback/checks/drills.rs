//! Whether going back was tried with exactly these two packets, and what the release that would run
//! bears.

use std::collections::BTreeSet;

use super::super::evidence::Sourced;
use super::super::question::{Answer, Question};
use crate::finding::{Area, InputDocument};
use crate::provenance::{RollbackDrill, TestOutcome};

type Drills<'a> = Vec<&'a Sourced<RollbackDrill>>;

/// The drills of the pair in the profiles that the plan requires, or why there are too few.
fn required<'a>(question: &'a Question<'_>) -> Result<Drills<'a>, Answer> {
    let plan = question.plan()?;
    let inputs = question.candidate.facts_input();
    if plan.required_profiles.is_empty() {
        return Err(Answer::fails("the plan requires a drill in no profile").from(&inputs));
    }
    let given = &question.evidence.drills;
    let real: Drills<'_> = given.iter().filter(|drill| !drill.value.simulated).collect();
    let drilled: BTreeSet<&str> = real.iter().map(|drill| drill.value.profile.as_str()).collect();
    let missing: Vec<&str> = plan
        .required_profiles
        .iter()
        .map(String::as_str)
        .filter(|profile| !drilled.contains(profile))
        .collect();
    if !missing.is_empty() {
        let pretended = given.len() - real.len();
        let note = if pretended > 0 {
            format!("; {pretended} simulated ones do not count")
        } else {
            String::new()
        };
        let profiles = missing.join("`, `");
        let detail =
            format!("no drill of these two packets in `{}`{note}", profiles.escape_debug());
        return Err(Answer::unknown(detail).from(&inputs).from(given.iter().map(|one| &one.input)));
    }
    let asked = plan.required_profiles.iter().map(String::as_str).collect::<BTreeSet<_>>();
    Ok(real.into_iter().filter(|drill| asked.contains(drill.value.profile.as_str())).collect())
}

fn sources<'a>(drills: &'a Drills<'_>) -> impl Iterator<Item = &'a InputDocument> {
    drills.iter().map(|drill| &drill.input)
}

/// The same for the checks that ask how the drills went: without drills the question is RB22's.
fn judged<'a>(question: &'a Question<'_>) -> Result<Drills<'a>, Answer> {
    required(question).map_err(|_| Answer::not_applicable("there is no drill to judge; see RB22"))
}

/// RB22: in every required profile, not simulated.
pub(super) fn drilled(question: &Question<'_>) -> Answer {
    match required(question) {
        Ok(drills) => {
            let profiles: BTreeSet<_> =
                drills.iter().map(|drill| drill.value.profile.escape_debug().to_string()).collect();
            let profiles = profiles.into_iter().collect::<Vec<_>>().join(", ");
            let detail = format!("{} drills of these two packets, in {profiles}", drills.len());
            Answer::holds(detail).from(sources(&drills))
        }
        Err(answer) => answer,
    }
}

/// RB23: in every required profile the newest is young enough, and after both were assembled.
pub(super) fn recent(question: &Question<'_>) -> Answer {
    let drills = match judged(question) {
        Ok(drills) => drills,
        Err(answer) => return answer,
    };
    let Ok(plan) = question.plan() else { return Answer::unknown("the plan cannot be read") };
    let days = plan.maximum_drill_age_days;
    let mut until = None;
    for profile in &plan.required_profiles {
        let of_profile = drills.iter().filter(|drill| drill.value.profile == *profile);
        let Some(newest) = of_profile.max_by_key(|drill| drill.value.finished_at) else { continue };
        let drill = &newest.value;
        let ends = drill.finished_at.plus_days(days);
        let shown = profile.escape_debug();
        let problem = if drill.finished_at > question.now {
            Some(format!("the drill in `{shown}` ends in the future, at {}", drill.finished_at))
        } else if question.now >= ends {
            Some(format!(
                "the newest drill in `{shown}` ended at {}, over {days} days ago",
                drill.finished_at
            ))
        } else if drill.started_at < question.candidate.manifest.issued_at {
            Some(format!(
                "the drill in `{shown}` began at {}, before the candidate was assembled",
                drill.started_at
            ))
        } else {
            None
        };
        if let Some(detail) = problem {
            return Answer::fails(detail).from([&newest.input]);
        }
        until = Some(until.map_or(ends, |before| ends.min(before)));
    }
    let answer = Answer::holds(format!("none is over {days} days old")).from(sources(&drills));
    until.map_or(answer.clone(), |until| answer.until(until))
}

/// RB24: every drill restored the target, kept its invariants, and lost no more than allowed.
pub(super) fn lossless(question: &Question<'_>) -> Answer {
    let drills = match judged(question) {
        Ok(drills) => drills,
        Err(answer) => return answer,
    };
    let Ok(plan) = question.plan() else { return Answer::unknown("the plan cannot be read") };
    for drill in &drills {
        let value = &drill.value;
        let shown = format!(
            "drill `{}` in `{}`",
            value.scenario.escape_debug(),
            value.profile.escape_debug()
        );
        let differing = value.invariants.iter().find(|one| one.before_sha256 != one.after_sha256);
        let problem = if let Some(problem) = value.problem() {
            Some(problem)
        } else if value.invariants.is_empty() {
            Some("nothing was compared before and after".to_owned())
        } else if let Some(one) = differing {
            Some(format!("`{}` is not the same before and after", one.name.escape_debug()))
        } else if value.requests.sent == 0 {
            Some("no request was sent while going back".to_owned())
        } else if value.requests.failed > plan.objectives.failed_requests {
            let (failed, most) = (value.requests.failed, plan.objectives.failed_requests);
            Some(format!("{failed} requests failed; at most {most} may"))
        } else {
            None
        };
        if let Some(problem) = problem {
            return Answer::fails(format!("{shown}: {problem}")).from([&drill.input]);
        }
    }
    let sent: u64 =
        drills.iter().map(|drill| drill.value.requests.sent).fold(0, u64::saturating_add);
    Answer::holds(format!("invariants kept, {sent} requests under way")).from(sources(&drills))
}

/// RB25: the 95th percentile of all drills, by the nearest rank.
pub(super) fn fast_enough(question: &Question<'_>) -> Answer {
    let drills = match judged(question) {
        Ok(drills) => drills,
        Err(answer) => return answer,
    };
    let Ok(plan) = question.plan() else { return Answer::unknown("the plan cannot be read") };
    let most = u64::from(plan.objectives.seconds_to_roll_back);
    let mut seconds: Vec<u64> =
        drills.iter().filter_map(|drill| drill.value.seconds_to_roll_back()).collect();
    seconds.sort_unstable();
    let rank = (seconds.len() * 95).div_ceil(100);
    let Some(slow) = rank.checked_sub(1).and_then(|index| seconds.get(index)) else {
        return Answer::unknown("no drill has a time to roll back").from(sources(&drills));
    };
    let detail = format!("p95 of {} drills {slow} s, objective {most} s", seconds.len());
    if *slow > most {
        return Answer::fails(detail).from(sources(&drills));
    }
    // Whoever waits for an analysis waits for its intervals first, however fast the drill was.
    let objects = question.candidate_objects().unwrap_or_default();
    let floor = objects.iter().flat_map(|(_, object)| &object.analysis);
    let floor = floor.filter_map(|one| Some((one.least_seconds?, &one.name))).max();
    if let Some((least, name)) = floor.filter(|(least, _)| *least > most) {
        let name = name.escape_debug();
        let detail = format!(
            "the analysis `{name}` breaks off after {least} s at the earliest, objective {most} s"
        );
        return Answer::fails(detail).from(&question.candidate.facts_input());
    }
    Answer::holds(detail).from(sources(&drills))
}

/// RB26: by the own load evidence of what would be installed.
pub(super) fn capacity(question: &Question<'_>) -> Answer {
    result_of(question, Area::Load)
}

/// RB27: by the own observability evidence of what would be installed.
pub(super) fn observable(question: &Question<'_>) -> Answer {
    result_of(question, Area::Observe)
}

fn result_of(question: &Question<'_>, area: Area) -> Answer {
    let (target, _) = question.installed_and_running();
    let version = &target.manifest.version;
    let Some((outcome, sha256)) = target.results.get(&area) else {
        let detail = format!("the packet of {version} has no test result of the area {area}");
        return Answer::unknown(detail).from(&[target.input()]);
    };
    let name = format!("{}!evidence/{area}/test-result.json", target.manifest.stem());
    let input = InputDocument { name, sha256: *sha256 };
    match outcome {
        TestOutcome::Passed | TestOutcome::Warned => {
            Answer::holds(format!("the {area} evidence of {version} passed")).from(&[input])
        }
        TestOutcome::Failed => {
            Answer::fails(format!("the {area} evidence of {version} failed")).from(&[input])
        }
    }
}
