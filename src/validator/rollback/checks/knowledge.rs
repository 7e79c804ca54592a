//! What is known today of the release that would run: withdrawn, vulnerable, or neither.

use super::super::evidence::{Scan, Sourced, WithdrawnList};
use super::super::question::{Answer, Question, Side};
use super::super::vulnerabilities::{Open, open_in};
use crate::finding::InputDocument;
use crate::packet::EvidenceKind;

/// RB06: by the list of withdrawn releases, by today's scan of what would run, and by VEX.
pub(super) fn withdrawn(question: &Question<'_>) -> Answer {
    let (installed, _) = question.installed_and_running();
    let release = &installed.manifest;
    let lists: Vec<_> = question
        .evidence
        .withdrawn
        .iter()
        .filter(|list| {
            list.value.product == release.product && list.value.issued_at <= question.now
        })
        .collect();
    for list in &lists {
        let named = list.value.releases.iter().find(|one| {
            one.version == release.version && one.sha256.is_none_or(|it| it == installed.packet)
        });
        if let Some(named) = named {
            let (version, reason) = (&named.version, named.reason.escape_debug());
            let detail = format!("{version} was withdrawn: {reason}");
            return Answer::fails(detail).from([&list.input]);
        }
    }
    let current = lists.into_iter().filter(|list| question.now < list.value.expires_at);
    let newest = current.max_by_key(|list| list.value.issued_at);
    let vulnerable = vulnerable(question, installed);
    match (newest, vulnerable) {
        (_, Err(answer)) => answer,
        (None, Ok(_)) => {
            let product = release.product.escape_debug();
            let detail =
                format!("no current, signed list of withdrawn releases of `{product}` is given");
            Answer::unknown(detail).from(&[installed.input()])
        }
        (Some(newest), Ok(clean)) => holds(newest, clean),
    }
}

fn holds(newest: &Sourced<WithdrawnList>, clean: Answer) -> Answer {
    let count = newest.value.releases.len();
    let detail = format!("not among the {count} withdrawn releases; {}", clean.detail);
    Answer { detail, ..clean }.from([&newest.input]).until(newest.value.expires_at)
}

/// The days after which a scan no longer tells what is known today, where the policy asks for none.
const SCAN_DAYS: u32 = 7;

/// Holds what is open against the budget, by the newest scan of exactly this packet.
fn vulnerable(question: &Question<'_>, installed: &Side) -> Result<Answer, Answer> {
    let scans = question.evidence.scans.iter().filter(|scan| {
        scan.value.packet_sha256 == installed.packet && scan.value.scanned_at <= question.now
    });
    let newest = scans.max_by_key(|scan| scan.value.scanned_at);
    let findings = newest.map(|scan| scan.value.findings.as_slice()).unwrap_or_default();
    let open = open_in(installed, findings, &question.evidence, question.now);
    let inputs: Vec<InputDocument> =
        open.inputs.iter().cloned().chain(newest.map(|scan| scan.input.clone())).collect();
    over_budget(question, newest, &open)?;
    if !open.undecided.is_empty() {
        let detail = format!("nobody knows yet: {}", some_of(&open.undecided));
        return Err(Answer::unknown(detail).from(&inputs));
    }
    let version = &installed.manifest.version;
    let Some(newest) = newest else {
        let detail =
            format!("no signed scan says which vulnerabilities of {version} are known today");
        return Err(Answer::unknown(detail).from(&[installed.input()]));
    };
    let policy = question.root.policy();
    let asked = policy.evidence.iter().filter(|asked| asked.kind == EvidenceKind::Scan.name());
    let days = asked.map(|asked| asked.max_age_days).min().unwrap_or(SCAN_DAYS);
    let ends = newest.value.scanned_at.plus_days(days);
    if question.now >= ends {
        let scanned = newest.value.scanned_at;
        let detail = format!("the newest scan of {version} is of {scanned}, over {days} days ago");
        return Err(Answer::unknown(detail).from(&inputs));
    }
    let detail = format!("within budget, {} findings settled by VEX", open.settled);
    Ok(Answer::holds(detail).from(&inputs).until(ends))
}

/// What a scan counts and does not list cannot be settled, and counts besides what it lists.
fn over_budget(
    question: &Question<'_>,
    newest: Option<&Sourced<Scan>>,
    open: &Open,
) -> Result<(), Answer> {
    let (critical, high) = newest.map(|scan| scan.value.unlisted()).unwrap_or_default();
    let critical = critical.saturating_add(open.critical.len());
    let high = high.saturating_add(open.high.len());
    let budget = question.root.policy().vulnerabilities;
    let allows = |count: usize, most: u32| u64::try_from(count).is_ok_and(|it| it <= most.into());
    if allows(critical, budget.max_critical) && allows(high, budget.max_high) {
        return Ok(());
    }
    let named: Vec<String> = open.critical.iter().chain(&open.high).cloned().collect();
    let named = if named.is_empty() { String::new() } else { format!(": {}", some_of(&named)) };
    let detail = format!(
        "{critical} critical and {high} high vulnerabilities by today's knowledge{named}; allowed are {} and {}",
        budget.max_critical, budget.max_high
    );
    let inputs = open.inputs.iter().chain(newest.map(|scan| &scan.input));
    Err(Answer::fails(detail).from(inputs))
}

/// The first few of a list, and how many more there are.
fn some_of(all: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown}, and {more} more"),
    }
}
