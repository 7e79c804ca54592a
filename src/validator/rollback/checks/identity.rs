//! Which two releases these are, and whether they are what they say.

use super::super::question::{Answer, Question, Side};
use crate::finding::{Area, Direction, Status};
use crate::trust::Signer;

/// RB01: by digest, version and sequence.
pub(super) fn predecessor(question: &Question<'_>) -> Answer {
    let (candidate, target) = (&question.candidate, &question.target);
    let inputs = [candidate.input(), target.input()];
    let version = &candidate.manifest.version;
    let Some(previous) = &candidate.manifest.previous else {
        let detail = format!("{version} names no release before it: it is the first");
        return Answer::unknown(detail).from(&inputs);
    };
    let is_channel_of_prereleases = candidate.manifest.version.is_prerelease();
    if target.manifest.version.is_prerelease() && !is_channel_of_prereleases {
        let detail = format!("{} is a pre-release and was never released", target.manifest.version);
        return Answer::fails(detail).from(&inputs);
    }
    let named = (&previous.version, previous.sequence, previous.sha256);
    let given = (&target.manifest.version, target.manifest.sequence, target.packet);
    if named != given {
        let detail = format!(
            "{version} names {} (release {} of its channel, sha256:{}); given is {} (release {}, sha256:{})",
            named.0, named.1, named.2, given.0, given.1, given.2
        );
        return Answer::fails(detail).from(&inputs);
    }
    if Some(candidate.manifest.sequence) != target.manifest.sequence.checked_add(1) {
        let (first, second) = (target.manifest.sequence, candidate.manifest.sequence);
        let detail =
            format!("they are releases {first} and {second} of the channel: one lies between");
        return Answer::fails(detail).from(&inputs);
    }
    // A chain that comes back to itself has no beginning that anybody released.
    let before = target.manifest.previous.as_ref();
    let is_loop = before.is_some_and(|before| {
        before.sha256 == candidate.packet || !given.0.is_after(&before.version)
    });
    if is_loop {
        let detail =
            format!("{} names a release as its previous one that is not before it", given.0);
        return Answer::fails(detail).from(&inputs);
    }
    Answer::holds(format!("{version} names {} by digest", given.0)).from(&inputs)
}

/// RB02: everything that `verify` checks, today, but what signatures say.
pub(super) fn verified(question: &Question<'_>) -> Answer {
    judge_refusals(question, |area| area != Area::Trust, "both verify with today's trust root")
}

/// RB03: the signatures, then and now.
pub(super) fn signers(question: &Question<'_>) -> Answer {
    for side in [&question.candidate, &question.target] {
        let is_refused = side.refusals.iter().any(|refused| refused.area == Area::Trust);
        if is_refused && side.counted_then == Some(true) {
            let version = &side.manifest.version;
            let shown = shown(side, |area| area == Area::Trust);
            let detail =
                format!("{version}: counted when it was signed, and does not today: {shown}");
            return Answer::fails(detail).from(&[side.input()]);
        }
    }
    let answer = judge_refusals(question, |area| area == Area::Trust, "");
    let people = |side: &Side| {
        let one = |signer: &Signer| {
            let owner = signer.owner.escape_debug();
            match signer.times.first() {
                Some(time) => format!("{owner} at {}", time.at),
                None => format!("{owner} by the window of the key"),
            }
        };
        side.signers.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let (candidate, target) = (people(&question.candidate), people(&question.target));
    let is_sealed = !question.candidate.signers.is_empty() && !question.target.signers.is_empty();
    match answer.status {
        Status::Holds if is_sealed => {
            Answer { detail: format!("candidate: {candidate}; target: {target}"), ..answer }
        }
        Status::Holds => Answer::fails("one of the packets has no seal that counts")
            .from(&[question.candidate.input(), question.target.input()]),
        Status::Fails | Status::Unknown | Status::NotApplicable => answer,
    }
}

fn judge_refusals(
    question: &Question<'_>,
    is_asked: impl Fn(Area) -> bool + Copy,
    holds: &str,
) -> Answer {
    let inputs = [question.candidate.input(), question.target.input()];
    let refused: Vec<String> = [&question.candidate, &question.target]
        .into_iter()
        .filter(|side| side.refusals.iter().any(|refused| is_asked(refused.area)))
        .map(|side| format!("{}: {}", side.manifest.version, shown(side, is_asked)))
        .collect();
    if refused.is_empty() {
        return Answer::holds(holds).from(&inputs);
    }
    Answer::fails(refused.join("; ")).from(&inputs)
}

fn shown(side: &Side, is_asked: impl Fn(Area) -> bool) -> String {
    let refused: Vec<_> = side.refusals.iter().filter(|refused| is_asked(refused.area)).collect();
    let first = refused.first().map(|one| format!("{} ({})", one.message, one.code));
    let more = match refused.len() {
        0 | 1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    format!("{}{more}", first.unwrap_or_default())
}

/// RB07: back is older, and both are of one line.
pub(super) fn direction(question: &Question<'_>) -> Answer {
    let (candidate, target) = (&question.candidate.manifest, &question.target.manifest);
    let inputs = [question.candidate.input(), question.target.input()];
    if candidate.product != target.product {
        let detail = format!("`{}` and `{}` are two products", candidate.product, target.product);
        return Answer::fails(detail).from(&inputs);
    }
    if candidate.channel != target.channel {
        let (from, to) = (&candidate.channel, &target.channel);
        return Answer::fails(format!("the channels `{from}` and `{to}` differ")).from(&inputs);
    }
    if question.candidate.packet == question.target.packet {
        return Answer::fails("candidate and target are the same packet").from(&inputs);
    }
    if !candidate.version.is_after(&target.version) {
        let detail = format!("{} is not before {}", target.version, candidate.version);
        return Answer::fails(detail).from(&inputs);
    }
    let detail = match question.direction {
        Direction::Rollback => format!("back from {} to {}", candidate.version, target.version),
        Direction::Promote => format!("on from {} to {}", target.version, candidate.version),
    };
    Answer::holds(detail).from(&inputs)
}
