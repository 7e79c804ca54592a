//! REL15: what the release's own reports claim follows from what they claim it of.

use super::causes;
use super::input::{Answer, Inputs, Source, looks_like_path};
use super::layout;
use crate::document::Node;
use crate::finding::rules::release as rules;
use crate::finding::{Finding, Report, Rule};
use crate::validator::Context;

/// Pairs of keys that a comparison names its two sides by.
const SIDES: &[(&str, &str)] = &[
    ("base_report", "target_report"),
    ("base_path", "target_path"),
    ("baseline_path", "candidate_path"),
    ("baseline_profile", "candidate_profile"),
    ("baseline", "candidate"),
    ("left", "right"),
];

/// Looks for reports that compare a file with itself, contradict their source, or have none.
pub(super) fn reports(inputs: &Inputs, _: &Context, report: &mut Report) {
    report.headline(
        causes::UNDERIVED,
        "the release's own reports are constants, or compare a file with itself",
    );
    let mut judged = 0;
    for source in inputs.own() {
        judged += 1;
        self_comparison(source, report);
        lineage(inputs, source, report);
        captured(inputs, source, report);
        constant(inputs, source, report);
        pretended(source, report);
    }
    if judged == 0 {
        report.skipped("reports", "ops/report", "the tree has no reports");
    }
}

fn self_comparison(source: &Source, report: &mut Report) {
    for (left, right) in SIDES {
        let text = |key: &str| source.root.get(key).and_then(Node::as_str);
        if let (Some(base), Some(target)) = (text(left), text(right))
            && base == target
        {
            let message = format!("`{left}` and `{right}` are the same");
            let location = source.at(&format!("/{right}"));
            let finding = Finding::new(&rules::SELF_COMPARISON, location, message);
            report.push(finding.declared(base).caused_by(causes::UNDERIVED));
        }
    }
}

/// `lineage.x_digest` with `sources.x_digest_path`: the source has to say the same.
fn lineage(inputs: &Inputs, source: &Source, report: &mut Report) {
    let (Some(lineage), Some(sources)) = (source.root.get("lineage"), source.root.get("sources"))
    else {
        return;
    };
    for entry in lineage.entries() {
        let Some(value) = entry.value.as_str() else { continue };
        let stem = entry.key.trim_end_matches("_sha256");
        let Some(path) = sources.get(&format!("{stem}_path")).and_then(Node::as_str) else {
            continue;
        };
        let Some(origin) = inputs.document(path) else { continue };
        let key = if entry.key.ends_with("_sha256") { "sha256" } else { entry.key.as_str() };
        let Some(actual) = origin.root.get(key).and_then(Node::as_str) else { continue };
        if actual != value {
            let message = format!("`{path}`, which it names as its source, says something else");
            let location = source.at(&format!("/lineage/{}", entry.key));
            let finding = Finding::new(&rules::SOURCE_CONTRADICTED, location, message);
            report.push(finding.declared(value).actual(actual).caused_by(causes::UNDERIVED));
        }
    }
}

/// A baseline that names the run it was captured from has that run's numbers.
fn captured(inputs: &Inputs, source: &Source, report: &mut Report) {
    let Some(path) = source.text("/captured_from") else { return };
    let Some(origin) = inputs.document(path).or_else(|| inputs.member(path)) else { return };
    let mut differing = Vec::new();
    source.root.walk(&mut |pointer, node| {
        let actual = origin.root.pointer(pointer).and_then(Node::as_f64);
        if let (Some(stated), Some(actual)) = (node.as_f64(), actual)
            && stated.to_bits() != actual.to_bits()
        {
            differing.push(format!("{pointer}: {stated}, there {actual}"));
        }
    });
    if !differing.is_empty() {
        let message = format!("`{path}`, which it was captured from, has other numbers");
        let location = source.at("/captured_from");
        let finding = Finding::new(&rules::SOURCE_CONTRADICTED, location, message);
        report.push(finding.declared(path).actual(differing.join("; ")));
    }
}

/// A score or a verdict whose stated origin is not there, or that has no origin at all.
fn constant(inputs: &Inputs, source: &Source, report: &mut Report) {
    if !source.path().starts_with("ops/report/generated/") {
        return;
    }
    let root = &source.root;
    let claims = ["score", "readiness_scores", "series"].iter().find(|key| root.get(key).is_some());
    let status = root.get("status").and_then(Node::as_str);
    let is_ready = matches!(status, Some("ready" | "ok" | "pass" | "stable"));
    let origin = root.get("generated_from").and_then(Node::as_str);
    let origin_is_gone = origin.is_some_and(|path| !inputs.exists(path));
    let mut names_files = false;
    root.walk(&mut |pointer, node| {
        names_files |= pointer != "/generated_from" && node.as_str().is_some_and(looks_like_path);
    });
    let location = |key: &str| source.at(&format!("/{key}"));
    let finding = match (claims, origin_is_gone) {
        (_, true) if claims.is_some() || is_ready => {
            let message = "it was generated from a file that is not there";
            Finding::new(&rules::REPORT_CONSTANT, location("generated_from"), message)
                .declared(origin.unwrap_or_default())
        }
        (Some(claim), _) if !names_files => {
            let message = "states scores, and no run, date or file that they come from";
            Finding::new(&rules::REPORT_CONSTANT, location(claim), message)
        }
        (None, _) if is_ready && !names_files && origin.is_none() => {
            let message = "states a status, and no file that it follows from";
            Finding::new(&rules::REPORT_CONSTANT, location("status"), message)
                .declared(status.unwrap_or_default())
        }
        (Some(_) | None, _) => return,
    };
    report.push(finding.caused_by(causes::UNDERIVED));
}

fn pretended(source: &Source, report: &mut Report) {
    if let Some(status) = layout::is_pretended(&source.root) {
        let word = status.as_str().unwrap_or_default();
        let message = format!("says of itself that it is {word}; it counts for nothing");
        let finding = Finding::new(&rules::EVIDENCE_PRETENDED, source.at("/status"), message);
        report.push(finding.declared(word));
    }
}

/// Holds what sign report, verify report and packet claim against what they list.
pub(super) fn claims(inputs: &Inputs, _: &Context, report: &mut Report) {
    verified(inputs, report);
    packed(inputs, report);
    let sign = [inputs.document(layout::SIGN), inputs.member(layout::SIGN)];
    for source in sign.into_iter().flatten() {
        let broken = contracts(source, false);
        if source.text("/status") == Some("ok") && !broken.is_empty() {
            let message = "says ok, and its own contracts do not hold";
            let finding = Finding::new(&rules::CLAIM_CONTRADICTED, source.at("/status"), message)
                .declared("ok")
                .actual(format!("false: {}", broken.join(", ")));
            report.push(if source.is_member {
                finding.caused_by(causes::SEALED_EARLY)
            } else {
                finding
            });
        }
    }
}

/// The verify report says that the ledger holds: so every item of the ledger has to.
fn verified(inputs: &Inputs, report: &mut Report) {
    let Some(verify) = inputs.document(layout::VERIFY) else { return };
    let ledger = verify.text("/checksums_path").unwrap_or(layout::LEDGER);
    let rows = inputs.rows.iter().filter(|row| !row.is_member && row.location.path == ledger);
    let (mut total, mut broken, mut absent) = (0, Vec::new(), 0);
    for row in rows {
        total += 1;
        match inputs.in_tree(&row.path, row.declared) {
            Answer::Differs(_) => broken.push(row.path.as_str()),
            Answer::Absent => absent += 1,
            Answer::Matches | Answer::Folder | Answer::NotAsked => {}
        }
    }
    if verify.text("/status") == Some("ok") && !broken.is_empty() {
        let message = format!(
            "says ok; {} of {total} items of the ledger differ in the tree, {absent} are absent",
            broken.len()
        );
        report.push(
            Finding::new(&rules::CLAIM_CONTRADICTED, verify.at("/status"), message)
                .declared("ok")
                .actual(format!("differs: {}", broken.join(", "))),
        );
    } else if total > 0 {
        report.passed("verify-claim", verify.path(), format!("{total} items of the ledger hold"));
    }
}

fn packed(inputs: &Inputs, report: &mut Report) {
    let Some(packet) = inputs.document(layout::PACKET) else { return };
    let rows: Vec<_> = inputs
        .rows
        .iter()
        .filter(|row| !row.is_member && row.location.path == layout::PACKET)
        .collect();
    let broken: Vec<&str> = rows
        .iter()
        .filter(|row| {
            inputs.in_tree(&row.path, row.declared) != Answer::Matches
                && inputs.in_bundle(&row.path, row.declared) != Answer::Matches
                || matches!(inputs.in_tree(&row.path, row.declared), Answer::Differs(_))
        })
        .map(|row| row.path.as_str())
        .collect();
    let claims = contracts(packet, true);
    if let (Some(claim), false) = (claims.first(), broken.is_empty()) {
        let message =
            format!("says that it holds; {} of {} items do not", broken.len(), rows.len());
        report.push(
            Finding::new(
                &rules::CLAIM_CONTRADICTED,
                packet.at(&format!("/contracts/{claim}")),
                message,
            )
            .declared("true")
            .actual(format!("do not hold: {}", broken.join(", "))),
        );
    }
}

/// What a readiness summary calls its checks, and the rules that judge the same thing here.
const DERIVED: &[(&str, &[&Rule])] = &[
    ("digest_verify", &[&rules::DECLARED_FILE_ABSENT, &rules::DIGEST_CONFLICT]),
    ("lineage_generate", &[&rules::SOURCE_CONTRADICTED]),
    ("scenario_evidence_verify", &[&rules::EVIDENCE_PRETENDED]),
    ("provenance_verify", &[&rules::PROVENANCE_EMPTY]),
    ("validate_package", &[&rules::CHART_DIFFERS]),
];

/// Holds each line of a readiness summary against what was found by the rules before this one.
pub(super) fn readiness(inputs: &Inputs, _: &Context, report: &mut Report) {
    let mut found = Vec::new();
    for source in inputs.own() {
        let rows = source.root.get("rows").map(Node::items).unwrap_or_default();
        for (index, row) in rows.iter().enumerate() {
            let text = |key: &str| row.get(key).and_then(Node::as_str);
            let Some((check, judges)) =
                text("check").and_then(|check| DERIVED.iter().find(|(name, _)| *name == check))
            else {
                continue;
            };
            let broken: Vec<&str> = judges
                .iter()
                .filter(|rule| report.findings().iter().any(|finding| finding.rule == **rule))
                .map(|rule| rule.code)
                .collect();
            if matches!(text("status"), Some("ok" | "pass")) && !broken.is_empty() {
                let message = format!("says that `{check}` is ok");
                let location = source.at(&format!("/rows/{index}/status"));
                found.push(
                    Finding::new(&rules::CLAIM_CONTRADICTED, location, message)
                        .declared(text("status").unwrap_or_default())
                        .actual(format!("found: {}", broken.join(", ")))
                        .caused_by(causes::UNDERIVED),
                );
            }
        }
    }
    found.into_iter().for_each(|finding| report.push(finding));
}

/// The contracts of a document with a truth value.
fn contracts(source: &Source, truth: bool) -> Vec<&str> {
    let contracts = source.root.get("contracts").map(Node::entries).unwrap_or_default();
    contracts
        .iter()
        .filter(|entry| entry.value.as_bool() == Some(truth))
        .map(|entry| entry.key.as_str())
        .collect()
}

/// Exceptions in release policies: somebody answers for each, until a day.
pub(super) fn exceptions(inputs: &Inputs, context: &Context, report: &mut Report) {
    for source in inputs.own() {
        source.root.walk(&mut |pointer, node| {
            for entry in node.entries().iter().filter(|entry| entry.key == "exception") {
                let location =
                    source.location.clone().at(&format!("{pointer}/exception"), entry.position);
                if let Some(problem) = exception_problem(&entry.value, context) {
                    report.push(Finding::new(&rules::EXCEPTION_UNOWNED, location, problem));
                }
            }
            for entry in node.entries().iter().filter(|entry| entry.key == "exceptions") {
                for (index, item) in entry.value.items().iter().enumerate() {
                    let pointer = format!("{pointer}/exceptions/{index}");
                    if let Some(problem) = exception_problem(item, context) {
                        let location = source.location.clone().at(&pointer, item.position);
                        report.push(Finding::new(&rules::EXCEPTION_UNOWNED, location, problem));
                    }
                }
            }
        });
    }
}

fn exception_problem(node: &Node, context: &Context) -> Option<String> {
    let text = |keys: &[&str]| keys.iter().find_map(|key| node.get(key)?.as_str());
    if text(&["owner"]).is_none() {
        return Some("nobody answers for the exception".to_owned());
    }
    if text(&["reason", "rationale", "justification"]).is_none() {
        return Some("the exception gives no reason".to_owned());
    }
    match text(&["expires", "expires_on", "expires_at", "expiresOn", "expiry"]) {
        None => Some("the exception has no end".to_owned()),
        Some(until) => match super::evidence::day_or_time(until) {
            Some(end) if end > context.now => None,
            Some(_) => Some(format!("the exception has ended on {until}")),
            None => Some(format!("`{until}` is no day")),
        },
    }
}
