//! Whether the target is still there, and still fit to run.

use std::collections::{BTreeMap, BTreeSet};

use super::super::question::{Answer, Question};
use crate::digest::Digest;

/// RB04: every artifact and image of the target was had lately, by digest.
pub(super) fn retrievable(question: &Question<'_>) -> Answer {
    let target = &question.target;
    let plan = match question.plan() {
        Ok(plan) => plan,
        Err(answer) => return answer,
    };
    let days = plan.maximum_retrieval_age_days;
    let mut wanted: BTreeMap<Digest, String> = BTreeMap::new();
    for artifact in &target.manifest.artifacts {
        wanted.insert(artifact.sha256, artifact.path.to_string());
    }
    let own_images = match target.known() {
        Ok(facts) => facts.images().map(str::to_owned).collect::<BTreeSet<_>>(),
        Err(answer) => return answer,
    };
    for image in own_images {
        let Some(digest) = image.rsplit_once("@sha256:").and_then(|(_, hex)| hex.parse().ok())
        else {
            let detail = format!("the target runs `{image}` by tag: what comes back may differ");
            return Answer::fails(detail).from(&target.facts_input());
        };
        wanted.insert(digest, image);
    }
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

/// RB05: kept for longer than the window, and the window is open.
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

/// RB06: by the list of withdrawn releases and by today's scan of what would run.
pub(super) fn withdrawn(question: &Question<'_>) -> Answer {
    let (installed, _) = question.installed_and_running();
    let release = &installed.manifest;
    let lists = question.evidence.withdrawn.iter().filter(|list| {
        list.value.product == release.product && list.value.issued_at <= question.now
    });
    let scans: Vec<_> = question
        .evidence
        .scans
        .iter()
        .filter(|scan| {
            scan.value.packet_sha256 == installed.packet && scan.value.scanned_at <= question.now
        })
        .collect();
    let budget = question.root.policy().vulnerabilities;
    for list in lists.clone() {
        let named = list.value.releases.iter().find(|one| {
            one.version == release.version && one.sha256.is_none_or(|it| it == installed.packet)
        });
        if let Some(named) = named {
            let (version, reason) = (&named.version, named.reason.escape_debug());
            let detail = format!("{version} was withdrawn: {reason}");
            return Answer::fails(detail).from([&list.input]);
        }
    }
    if let Some(scan) = scans.iter().max_by_key(|scan| scan.value.scanned_at) {
        let (critical, high) = (scan.value.critical, scan.value.high);
        if critical > budget.max_critical || high > budget.max_high {
            let detail = format!(
                "{critical} critical and {high} high vulnerabilities by today's knowledge; allowed are {} and {}",
                budget.max_critical, budget.max_high
            );
            return Answer::fails(detail).from([&scan.input]);
        }
    }
    let current = lists.filter(|list| question.now < list.value.expires_at);
    let Some(newest) = current.max_by_key(|list| list.value.issued_at) else {
        let product = release.product.escape_debug();
        let detail =
            format!("no current, signed list of withdrawn releases of `{product}` is given");
        return Answer::unknown(detail).from(&[installed.input()]);
    };
    let count = newest.value.releases.len();
    Answer::holds(format!("not among the {count} withdrawn releases"))
        .from([&newest.input])
        .from(scans.iter().map(|scan| &scan.input))
        .until(newest.value.expires_at)
}
