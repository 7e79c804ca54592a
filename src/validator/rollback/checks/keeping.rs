//! Whether what would run is still there, and the way back is kept.

use std::collections::{BTreeMap, BTreeSet};

use super::super::question::{Answer, Question, Side};
use crate::digest::Digest;
use crate::finding::Direction;

/// RB04: every artifact and image of what would be installed was had lately, by digest, and its data
/// sets are the ones that it was published with (X12).
pub(super) fn retrievable(question: &Question<'_>) -> Answer {
    let (target, running) = question.installed_and_running();
    let plan = match question.plan() {
        Ok(plan) => plan,
        Err(answer) => return answer,
    };
    let wanted = match wanted_of(target).and_then(|wanted| locked(target, running).map(|()| wanted))
    {
        Ok(wanted) => wanted,
        Err(answer) => return answer,
    };
    let days = plan.maximum_retrieval_age_days;
    let mut inputs = vec![target.input()];
    let mut until = None;
    let mut found = target.at_hand.clone();
    for report in &question.evidence.retrievals {
        if report.value.release != target.manifest.version {
            continue;
        }
        inputs.push(report.input.clone());
        let ends = report.value.checked_at.plus_days(days);
        let is_current = report.value.checked_at <= question.now && question.now < ends;
        for item in &report.value.items {
            if item.expected_digest != item.retrieved_digest {
                let (name, got) = (item.name.escape_debug(), item.retrieved_digest.escape_debug());
                let wanted = item.expected_digest.escape_debug();
                let detail = format!("`{name}` came back as {got}; expected {wanted}");
                return Answer::fails(detail).from(&inputs);
            }
            let hex = item.retrieved_digest.strip_prefix("sha256:").unwrap_or_default();
            if let (true, Ok(digest)) = (is_current, hex.parse::<Digest>())
                && wanted.contains_key(&digest)
                && found.insert(digest)
            {
                until = Some(until.map_or(ends, |before| ends.min(before)));
            }
        }
    }
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|(digest, _)| !found.contains(digest))
        .map(|(_, name)| name.as_str())
        .collect();
    if missing.is_empty() {
        let answer = Answer::holds(format!("all {} were had", wanted.len())).from(&inputs);
        return until.map_or(answer.clone(), |until| answer.until(until));
    }
    let detail = format!(
        "{} of {} are not proven to be there within {days} days: {}",
        missing.len(),
        wanted.len(),
        missing.join(", ")
    );
    Answer::unknown(detail).from(&inputs)
}

/// Every artifact and image by digest.
fn wanted_of(side: &Side) -> Result<BTreeMap<Digest, String>, Answer> {
    let artifacts = side.manifest.artifacts.iter();
    let mut wanted: BTreeMap<Digest, String> =
        artifacts.map(|artifact| (artifact.sha256, artifact.path.to_string())).collect();
    for image in side.known()?.images().collect::<BTreeSet<_>>() {
        let Some(digest) = image.rsplit_once("@sha256:").and_then(|(_, hex)| hex.parse().ok())
        else {
            let (version, image) = (&side.manifest.version, image.escape_debug());
            let detail = format!("{version} runs `{image}` by tag: what comes back may differ");
            return Err(Answer::fails(detail).from(&side.facts_input()));
        };
        wanted.insert(digest, image.to_owned());
    }
    Ok(wanted)
}

/// A data set is published once: both releases lock it with the same digests, and with some.
fn locked(installed: &Side, running: &Side) -> Result<(), Answer> {
    let version = &installed.manifest.version;
    let facts = installed.known()?;
    let inputs = [installed.facts_input(), running.facts_input()].concat();
    for (id, checksums) in &facts.datasets {
        let id_shown = id.escape_debug();
        if checksums.is_empty() {
            let detail =
                format!("the data set `{id_shown}` of {version} has no digest in its lock");
            return Err(Answer::unknown(detail).from(&inputs));
        }
        let other = running.facts.as_ref().and_then(|(facts, _)| facts.datasets.get(id));
        let replaced = other.is_some_and(|other| {
            checksums.iter().any(|(file, digest)| other.get(file).is_some_and(|it| it != digest))
        });
        if replaced {
            let other = &running.manifest.version;
            let detail =
                format!("the data set `{id_shown}` is another one in {other} than in {version}");
            return Err(Answer::fails(detail).from(&inputs));
        }
    }
    Ok(())
}

/// RB05: kept for longer than the window, and for going back the window is open.
pub(super) fn retention(question: &Question<'_>) -> Answer {
    let plan = match question.plan() {
        Ok(plan) => plan,
        Err(answer) => return answer,
    };
    let inputs = question.candidate.facts_input();
    let (kept, window) = (plan.retention.days_kept, plan.window_days);
    if plan.retention.releases_kept == 0 {
        return Answer::fails("no earlier release is kept").from(&inputs);
    }
    if kept <= window {
        let detail = format!("kept for {kept} days, and the window is {window} days long");
        return Answer::fails(detail).from(&inputs);
    }
    if question.direction == Direction::Promote {
        let detail = format!("kept for {kept} days, window {window} days");
        return Answer::holds(detail).from(&inputs);
    }
    let closes = question.candidate.manifest.issued_at.plus_days(window);
    if question.now >= closes {
        let detail = format!("the window of {window} days closed at {closes}");
        return Answer::fails(detail).from(&inputs);
    }
    let gone = question.target.manifest.issued_at.plus_days(kept);
    if question.now >= gone {
        let detail = format!("the target was kept for {kept} days, until {gone}");
        return Answer::fails(detail).from(&inputs);
    }
    let answer = Answer::holds(format!("kept for {kept} days, window {window} days"))
        .from(&inputs)
        .until(closes)
        .until(gone);
    // Whoever judges may have a shorter window than the release's own plan.
    let Some(rules) = question.root.policy().rollback else { return answer };
    let last = question.target.manifest.issued_at.plus_days(rules.window_days);
    if question.now >= last {
        let (issued, days) = (question.target.manifest.issued_at, rules.window_days);
        let detail = format!("the target was issued at {issued}; the policy allows {days} days");
        return Answer::fails(detail).from(&inputs);
    }
    answer.until(last)
}
