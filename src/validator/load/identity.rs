//! LOAD15 and LOAD25: what the runs are of, and whether anybody can compute their figures again.

use std::collections::{BTreeMap, BTreeSet};

use super::input::{Inputs, Source};
use super::layout;
use super::result::LoadResult;
use super::runs::{Run, lists, runs_of};
use super::suite::{self, Suite};
use crate::digest::Digest;
use crate::document::Node;
use crate::finding::rules::load as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// What identifies a list of runs: the field, and what it is for.
const IDENTITY: &[(&str, &str)] = &[
    ("/subject/digest", "which artifact was measured"),
    ("/scenario_sha256", "which scenario was run"),
    ("/seed", "which seed picked the requests"),
    ("/query_pack_sha256", "which data was asked for"),
    ("/tool/version", "which version of the tool measured"),
    ("/profile", "which profile was deployed"),
    ("/host_class", "on what kind of machine"),
];

/// LOAD15: every list of runs says what it measured, and it is what is released.
pub(super) fn identity(inputs: &Inputs, _: &Context, report: &mut Report) {
    let suites = suite::suites(inputs).into_iter().map(|suite| (suite.name, suite)).collect();
    for source in lists(inputs) {
        let missing: Vec<String> = IDENTITY
            .iter()
            .filter(|(pointer, _)| {
                source.root.pointer(pointer).and_then(Node::scalar_text).is_none()
            })
            .map(|(pointer, meaning)| format!("{} ({meaning})", pointer.trim_start_matches('/')))
            .collect();
        if !missing.is_empty() {
            let message = "the runs do not say what they measured";
            let finding = Finding::new(&rules::IDENTITY_MISSING, source.at(""), message);
            report.push(finding.actual(format!("missing: {}", missing.join(", "))));
        }
        same_files(inputs, &suites, source, report);
        same_subject(inputs, source, report);
        same_seed(inputs, source, report);
    }
    let kept: BTreeSet<&str> =
        lists(inputs).filter_map(|source| source.text("/raw/path")).collect();
    for (path, read) in &inputs.results {
        let is_result = read.as_ref().is_ok_and(|result| result.options.is_none());
        if is_result && !kept.contains(path.as_str()) {
            let message = "no list of runs keeps this result: nothing says which artifact, scenario, profile and machine it is of";
            report.push(Finding::new(&rules::IDENTITY_MISSING, Location::named(path), message));
        }
    }
}

fn same_files(
    inputs: &Inputs,
    suites: &BTreeMap<&str, Suite<'_>>,
    source: &Source,
    report: &mut Report,
) {
    let name = source.text("/suite").unwrap_or_default();
    let Some(suite) = suites.get(name) else { return };
    let pack = suite.source.text("/query_set").map(str::to_owned);
    for (key, path) in [
        ("/scenario_sha256", suite.scenario(inputs)),
        ("/script_sha256", suite.script(inputs)),
        ("/query_pack_sha256", pack),
    ] {
        let Some((stated, path)) = source.text(key).zip(path) else { continue };
        let Some(actual) = inputs.digests.get(&path) else { continue };
        if stated != actual.to_string() {
            let message = format!("the runs were made with another `{path}`");
            let finding = Finding::new(&rules::IDENTITY_DIFFERS, source.at(key), message);
            report.push(finding.declared(stated).actual(actual));
        }
    }
}

fn same_subject(inputs: &Inputs, source: &Source, report: &mut Report) {
    let Some(stated) = source.text("/subject/digest") else { return };
    let place = || source.at("/subject/digest");
    let digest: Option<Digest> = stated.strip_prefix("sha256:").unwrap_or(stated).parse().ok();
    if digest.is_none_or(|digest| digest.is_placeholder()) {
        let message = "the digest of what was measured stands for nothing";
        report.push(Finding::new(&rules::IDENTITY_DIFFERS, place(), message).declared(stated));
        return;
    }
    let Some(registry) = inputs.neighbour("ops/release/image-digest-registry.json") else { return };
    let (name, release) = (source.text("/subject/name"), source.text("/release"));
    for row in registry.list("/released") {
        let text = |key: &str| row.get(key).and_then(Node::as_str);
        if text("name") == name && text("version") == release && text("digest") != Some(stated) {
            let message =
                "the runs measured another artifact than the one released under this version";
            let finding = Finding::new(&rules::IDENTITY_DIFFERS, place(), message);
            report.push(finding.declared(stated).actual(text("digest").unwrap_or_default()));
        }
    }
}

fn same_seed(inputs: &Inputs, source: &Source, report: &mut Report) {
    let policy =
        inputs.document(layout::SEED).and_then(|policy| policy.root.get("deterministic_seed"));
    let stated = source.root.get("seed");
    let number = |node: &Node| node.scalar_text().map(std::borrow::Cow::into_owned);
    if let Some((policy, stated)) = policy.and_then(number).zip(stated.and_then(number))
        && policy != stated
    {
        let message = "the runs used another seed than the policy names";
        let finding = Finding::new(&rules::IDENTITY_DIFFERS, source.at("/seed"), message);
        report.push(finding.declared(stated).actual(policy));
    }
}

/// LOAD25: raw results are kept, and the figures are theirs.
pub(super) fn raw_results(inputs: &Inputs, _: &Context, report: &mut Report) {
    for source in lists(inputs) {
        let mut seen: BTreeMap<&str, String> = BTreeMap::new();
        for run in runs_of(source) {
            let Some(digest) = run.node.get("raw_sha256").and_then(Node::as_str) else {
                let message = "the run does not keep the digest of its raw result";
                report.push(Finding::new(&rules::RAW_MISSING, run.at("raw_sha256"), message));
                continue;
            };
            let is_sound = digest.parse::<Digest>().is_ok_and(|digest| !digest.is_placeholder());
            let twice = seen.insert(digest, run.pointer.clone());
            if let (true, None) = (is_sound, &twice) {
                continue;
            }
            let message = match twice {
                Some(other) => format!("`{other}` has the same raw result: one run counted twice"),
                None => "the digest of the raw result stands for nothing".to_owned(),
            };
            let finding = Finding::new(&rules::RAW_DIFFERS, run.at("raw_sha256"), message);
            report.push(finding.declared(digest));
        }
        kept_result(inputs, source, report);
    }
}

/// The one raw result that is in the tree is the one that was named, and has the figures of its run.
fn kept_result(inputs: &Inputs, source: &Source, report: &mut Report) {
    let Some(path) = source.text("/raw/path") else {
        let message = "no raw result is kept in the tree, so nobody can recompute the figures";
        report.push(Finding::new(&rules::RAW_MISSING, source.at("/raw"), message));
        return;
    };
    let Some(actual) = inputs.digests.get(path) else {
        let message = format!("`{path}` is not in the tree");
        report.push(
            Finding::new(&rules::RAW_MISSING, source.at("/raw/path"), message).declared(path),
        );
        return;
    };
    let stated = source.text("/raw/sha256").unwrap_or_default();
    if stated != actual.to_string() {
        let message = format!("`{path}` is another file than the one that was measured");
        let finding = Finding::new(&rules::RAW_DIFFERS, source.at("/raw/sha256"), message);
        report.push(finding.declared(stated).actual(actual));
    }
    let number = source.root.pointer("/raw/run").and_then(Node::as_u64);
    let of_run = runs_of(source).find(|run| run.node.get("run").and_then(Node::as_u64) == number);
    if let (Some(run), Some(Ok(result))) = (of_run, inputs.results.get(path)) {
        if let Some(digest) = run.node.get("raw_sha256").and_then(Node::as_str)
            && digest != stated
        {
            let message = "the run and the kept result have different digests".to_owned();
            run.found(&rules::RAW_DIFFERS, "raw_sha256", message, digest, stated, report);
        }
        same_figures(&run, result, report);
    }
}

fn same_figures(run: &Run<'_>, result: &LoadResult, report: &mut Report) {
    let latency = result.metrics.get("http_req_duration");
    let at_rank = |rank: f64| {
        let known = latency?.percentiles.iter().find(|known| (known.0 - rank).abs() < 1e-9)?;
        Some(known.1)
    };
    #[expect(clippy::cast_precision_loss, reason = "no run sends 2^53 requests")]
    let pairs = [
        ("p95_ms", at_rank(95.0)),
        ("p99_ms", at_rank(99.0)),
        ("requests", result.requests().map(|count| count as f64)),
        (
            "failed_requests",
            result.metrics.get("http_req_failed").and_then(|m| m.shares).map(|(bad, _)| bad as f64),
        ),
    ];
    for (key, actual) in pairs {
        if let Some((stated, actual)) = run.number(key).zip(actual)
            && (stated - actual).abs() > 0.001_f64.max(actual.abs() * 1e-4)
        {
            let message = format!("`{key}` is not that of the raw result");
            run.found(&rules::FIGURE_DIFFERS, key, message, stated, actual, report);
        }
    }
}
