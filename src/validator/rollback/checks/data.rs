//! What the candidate leaves behind, and whether the target can live with it.

use super::super::compatibility::{Support, support};
use super::super::facts::{Carrier, DataFormat, Migration, MigrationKind, Plan};
use super::super::question::{Answer, Question};
use super::super::sql::Effect;
use crate::finding::Direction;
use crate::packet::manifest::Support as Declared;

/// RB08: the manifest and the table declare the step, and for going back a drill tried it.
pub(super) fn compatibility(question: &Question<'_>) -> Answer {
    let (candidate, target) = (&question.candidate, &question.target);
    let facts = match candidate.known() {
        Ok(facts) => facts,
        Err(answer) => return answer,
    };
    let (newer, older) = (&candidate.manifest.version, &target.manifest.version);
    let (from, to) = match question.direction {
        Direction::Rollback => (newer, older),
        Direction::Promote => (older, newer),
    };
    let mut inputs = candidate.facts_input();
    inputs.push(candidate.input());
    let step = format!("{from} to {to}");
    let listed = match support(&facts.compatibility, from, to) {
        Support::Supported => Answer::holds(format!("{step} is supported")),
        Support::Unsupported => {
            Answer::fails(format!("the table says that {step} is not supported"))
        }
        Support::Contradicted => {
            Answer::fails(format!("two rows of the table contradict each other about {step}"))
        }
        Support::Malformed(problem) => {
            Answer::fails(format!("the table cannot be read: {problem}"))
        }
        Support::StepByStep(through) => {
            let through = through.join(", ");
            Answer::unknown(format!("{step} is supported only step by step, through {through}"))
        }
        Support::Absent => Answer::unknown(format!("no row of the table speaks of {step}")),
    };
    if listed.status != crate::finding::Status::Holds || question.direction == Direction::Promote {
        return listed.from(&inputs);
    }
    match candidate.manifest.compatibility.iter().find(|row| row.release == *older) {
        Some(row) if row.rollback == Declared::Unsupported => {
            let reason = row.reason.escape_debug();
            return Answer::fails(format!("the manifest says that it is not: {reason}"))
                .from(&inputs);
        }
        Some(_) => {}
        None => {
            let detail = format!("the candidate's manifest declares nothing about {older}");
            return Answer::unknown(detail).from(&inputs);
        }
    }
    // Whether the test was one, and how it went, is for the checks of the drills to say.
    let tests = question.evidence.drills.iter().filter(|drill| !drill.value.simulated);
    let tests: Vec<_> = tests.map(|drill| &drill.input).collect();
    let tested = match tests.len() {
        0 => "RB22 asks for the test".to_owned(),
        count => format!("tested by {count} drills"),
    };
    Answer::holds(format!("{step} is declared; {tested}")).from(&inputs).from(tests)
}

/// The migrations that going back would leave in place.
fn between<'a>(question: &Question<'_>, plan: &'a Plan) -> Vec<&'a Migration> {
    let target = &question.target.manifest.version;
    plan.migrations.iter().filter(|one| one.introduced_in.is_after(target)).collect()
}

/// RB09: what a migration is called, and what its statements do.
pub(super) fn migrations(question: &Question<'_>) -> Answer {
    let plan = match question.plan() {
        Ok(plan) => plan,
        Err(answer) => return answer,
    };
    let inputs = question.candidate.facts_input();
    let between = between(question, plan);
    let none = std::collections::BTreeMap::new();
    let classified = question.candidate.known().map_or(&none, |facts| &facts.migrations);
    for migration in &between {
        let id = migration.id.escape_debug();
        if migration.kind == MigrationKind::Contract {
            let detail = format!("`{id}` contracts, and {} uses what it removes", plan.to_version);
            return Answer::fails(detail).from(&inputs);
        }
        if migration.file.is_none() {
            continue;
        }
        let Some(statements) = classified.get(&migration.id) else {
            return Answer::unknown(format!("the SQL of `{id}` was not read")).from(&inputs);
        };
        for statement in statements {
            let (line, text) = (statement.line, statement.text.escape_debug());
            let said = format!("`{id}` line {line} `{text}`: {}", statement.reason);
            match statement.effect {
                Effect::Contract => {
                    let detail = format!("called an expansion, and is none: {said}");
                    return Answer::fails(detail).from(&inputs);
                }
                Effect::Unknown => return Answer::unknown(said).from(&inputs),
                Effect::Expand | Effect::Data | Effect::Neutral => {}
            }
        }
    }
    match between.len() {
        0 => Answer::holds("there is none").from(&inputs),
        count => Answer::holds(format!("all {count} only add")).from(&inputs),
    }
}

/// RB10: what cannot be undone has a restore plan; that a restore was tried is RB11.
pub(super) fn irreversible(question: &Question<'_>) -> Answer {
    let plan = match question.plan() {
        Ok(plan) => plan,
        Err(answer) => return answer,
    };
    let inputs = question.candidate.facts_input();
    let final_ones: Vec<_> =
        between(question, plan).into_iter().filter(|migration| !migration.reversible).collect();
    if final_ones.is_empty() {
        return Answer::holds("every migration can be undone").from(&inputs);
    }
    if let Some(bare) = final_ones.iter().find(|migration| migration.restore_plan.is_none()) {
        let id = bare.id.escape_debug();
        let detail = format!("`{id}` cannot be undone and names no restore plan");
        return Answer::fails(detail).from(&inputs);
    }
    let sources = question.candidate.known().map(|facts| &facts.sources).ok();
    let lost = final_ones.iter().find_map(|migration| {
        let path = migration.restore_plan.as_ref()?;
        let is_there = sources.is_some_and(|sources| sources.contains_key(path));
        (!is_there).then_some((migration, path))
    });
    if let Some((migration, path)) = lost {
        let (id, path) = (migration.id.escape_debug(), path.escape_debug());
        let detail = format!("the restore plan `{path}` of `{id}` was not there");
        return Answer::fails(detail).from(&inputs);
    }
    let count = final_ones.len();
    Answer::holds(format!("{count} cannot be undone, each with a restore plan")).from(&inputs)
}

/// RB11: a restore that was verified, lately, within its objectives.
pub(super) fn backup(question: &Question<'_>) -> Answer {
    let plan = match question.plan() {
        Ok(plan) => plan,
        Err(answer) => return answer,
    };
    let is_final = between(question, plan).iter().any(|migration| !migration.reversible);
    if !plan.backups.needed && !is_final {
        let reason = plan.backups.reason.escape_debug();
        let detail = format!("nothing must be restored: {reason}");
        return Answer::not_applicable(detail).from(&question.candidate.facts_input());
    }
    backup_proof(question, plan)
        .unwrap_or_else(|answer| answer)
        .from(&question.candidate.facts_input())
}

/// The days after which a restore no longer counts where the plan does not say.
const RESTORE_DAYS: u32 = 30;

fn backup_proof(question: &Question<'_>, plan: &Plan) -> Result<Answer, Answer> {
    let days = plan.backups.maximum_age_days.unwrap_or(RESTORE_DAYS);
    let pair = [&question.candidate.manifest.version, &question.target.manifest.version];
    let newest = question
        .evidence
        .restores
        .iter()
        .filter(|one| one.value.restored_at <= question.now && !one.value.simulated)
        .filter(|one| pair.contains(&&one.value.release))
        .max_by_key(|one| one.value.restored_at);
    let Some(newest) = newest else {
        let detail = "no restore of a backup of either release was recorded that is not simulated";
        return Err(Answer::unknown(detail));
    };
    let restore = &newest.value;
    if plan.backups.recovery_point_seconds.is_none() || plan.backups.recovery_time_seconds.is_none()
    {
        let detail = "the plan's `backups` name no `recovery_point_seconds` or no \
                      `recovery_time_seconds` to hold the restore against";
        return Err(Answer::unknown(detail).from([&newest.input]));
    }
    let ends = restore.restored_at.plus_days(days);
    let fails = |detail: String| Err(Answer::fails(detail).from([&newest.input]));
    if restore.taken_at > restore.restored_at {
        let (taken, restored) = (restore.taken_at, restore.restored_at);
        return fails(format!("a backup of {taken} was restored before that, at {restored}"));
    }
    if !restore.verified {
        return fails("the newest restore was not verified".to_owned());
    }
    if question.now >= ends {
        return fails(format!(
            "the newest restore ended at {}, over {days} days ago",
            restore.restored_at
        ));
    }
    if let Some(most) =
        plan.backups.recovery_point_seconds.filter(|most| restore.lost_seconds > *most)
    {
        return fails(format!(
            "{} s of data were lost; at most {most} s may be",
            restore.lost_seconds
        ));
    }
    if let Some(most) =
        plan.backups.recovery_time_seconds.filter(|most| restore.restore_seconds > *most)
    {
        return fails(format!(
            "restoring took {} s; at most {most} s may pass",
            restore.restore_seconds
        ));
    }
    let detail = format!("restored and verified at {}", restore.restored_at);
    Ok(Answer::holds(detail).from([&newest.input]).until(ends))
}

/// RB12: what lies on disks and in databases.
pub(super) fn stored_formats(question: &Question<'_>) -> Answer {
    formats(question, |format| format.carrier == Carrier::Store, "nothing is stored")
}

/// RB13: what lies in caches and queues, unless it is drained.
pub(super) fn messages(question: &Question<'_>) -> Answer {
    formats(
        question,
        |format| format.carrier != Carrier::Store && !format.drained,
        "nothing is cached or queued that is not drained",
    )
}

fn formats(question: &Question<'_>, is_asked: impl Fn(&DataFormat) -> bool, none: &str) -> Answer {
    let plan = match question.plan() {
        Ok(plan) => plan,
        Err(answer) => return answer,
    };
    let inputs = question.candidate.facts_input();
    let asked: Vec<_> = plan.formats.iter().filter(|format| is_asked(format)).collect();
    let unread =
        asked.iter().find(|format| !format.previous_reads.contains(&format.candidate_writes));
    if let Some(format) = unread {
        let detail = format!(
            "`{}`: the candidate writes `{}`, the target reads `{}`",
            format.name.escape_debug(),
            format.candidate_writes.escape_debug(),
            format.previous_reads.join("`, `").escape_debug()
        );
        return Answer::fails(detail).from(&inputs);
    }
    match asked.as_slice() {
        [] => Answer::holds(format!("the plan declares that {none}")).from(&inputs),
        some => {
            let names: Vec<_> =
                some.iter().map(|format| format.name.escape_debug().to_string()).collect();
            Answer::holds(format!("reads {}", names.join(", "))).from(&inputs)
        }
    }
}

/// Clients that call the target go on calling what it had.
fn clients_go_on(plan: &Plan) -> Answer {
    let removed = &plan.interface.endpoints_removed;
    if removed.is_empty() {
        return Answer::holds("no endpoint of the target is gone");
    }
    let listed = removed.join("`, `").escape_debug().to_string();
    Answer::fails(format!("clients of {} may still call `{listed}`", plan.to_version))
}

/// RB14: the oldest release that every client works with; for going on, what clients lose.
pub(super) fn clients(question: &Question<'_>) -> Answer {
    let plan = match question.plan() {
        Ok(plan) => plan,
        Err(answer) => return answer,
    };
    let inputs = question.candidate.facts_input();
    if question.direction == Direction::Promote {
        return clients_go_on(plan).from(&inputs);
    }
    let (least, target) = (&plan.interface.client_minimum, &question.target.manifest.version);
    if least.is_after(target) {
        return Answer::fails(format!("clients need {least}; the target is {target}"))
            .from(&inputs);
    }
    Answer::holds(format!("every client works from {least} on")).from(&inputs)
}

/// RB15: settings that the target does not know, or misses.
pub(super) fn configuration(question: &Question<'_>) -> Answer {
    let plan = match question.plan() {
        Ok(plan) => plan,
        Err(answer) => return answer,
    };
    let inputs = question.candidate.facts_input();
    let settings = &plan.configuration;
    let listed = |keys: &[String]| keys.join("`, `").escape_debug().to_string();
    if !settings.renamed_keys.is_empty() {
        let detail = format!("renamed: `{}`", listed(&settings.renamed_keys));
        return Answer::fails(detail).from(&inputs);
    }
    if !settings.removed_keys.is_empty() {
        let detail =
            format!("gone, and the target reads them: `{}`", listed(&settings.removed_keys));
        return Answer::fails(detail).from(&inputs);
    }
    if !settings.added_keys.is_empty() && !settings.previous_ignores_unknown_keys {
        let detail = format!(
            "unknown to the target, which refuses them: `{}`",
            listed(&settings.added_keys)
        );
        return Answer::fails(detail).from(&inputs);
    }
    Answer::holds("the target starts with the candidate's settings").from(&inputs)
}
