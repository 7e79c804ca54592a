//! What documents say of themselves: comparisons, checks, sources, locks, schemas.

use std::collections::{BTreeMap, BTreeSet};

use super::baselines::{baseline_of, row_of};
use super::input::{Inputs, Source};
use super::suite;
use super::{layout, parts, runs};
use crate::digest::Digest;
use crate::document::{Node, Schema};
use crate::finding::rules::load as rules;
use crate::finding::{Finding, Location, Report, Rule};
use crate::validator::Context;

/// A comparison has two sides.
pub(super) fn comparisons(inputs: &Inputs, _: &Context, report: &mut Report) {
    let reports = inputs
        .neighbours_in("ops/report/generated/")
        .filter(|source| source.name().contains("performance") || source.name().contains("load"));
    for source in inputs.documents().chain(reports) {
        for (left, right) in [
            ("/baseline_path", "/candidate_path"),
            ("/baseline_profile", "/candidate_profile"),
            ("/baseline", "/candidate"),
        ] {
            if let (Some(baseline), Some(candidate)) = (source.text(left), source.text(right))
                && baseline == candidate
            {
                let message =
                    "the baseline was compared with itself; that nothing regressed follows from it";
                let finding = Finding::new(&rules::COMPARED_WITH_ITSELF, source.at(right), message);
                report.push(finding.declared(candidate).actual(baseline));
            }
        }
    }
    for source in runs::lists(inputs) {
        let Some(baseline) = baseline_of(inputs, source) else { continue };
        let Some((_, row)) = row_of(baseline, source.text("/suite").unwrap_or_default()) else {
            continue;
        };
        let raw = |run: &Node| run.get("raw_sha256").and_then(Node::as_str).map(str::to_owned);
        let list = row.get("runs").map(Node::items).unwrap_or_default();
        let known: BTreeSet<String> = list.iter().filter_map(raw).collect();
        let shared =
            source.list("/runs").iter().filter_map(raw).filter(|digest| known.contains(digest));
        let shared = shared.count();
        if shared > 0 {
            let message =
                format!("{shared} runs are runs of the baseline `{}` as well", baseline.path);
            report.push(Finding::new(&rules::COMPARED_WITH_ITSELF, source.at("/runs"), message));
        }
    }
}

/// What a named check of a generated report stands for, and the rules that contradict it.
const CHECKS: &[(&str, &[&Rule])] = &[
    ("suite-manifest-consistent", &[&rules::LIST_DIFFERS]),
    ("threshold-definitions-present", &[&rules::LIMIT_ABSENT, &rules::LIMITS_DIFFER]),
    ("scenario-coverage-complete", &[&rules::SCENARIO_UNUSED]),
    ("query-pack-lock-consistent", &[&rules::PACK_DIFFERS]),
    ("baseline-contract-compatible", &[&rules::BASELINE_NOT_MEASURED, &rules::BASELINE_UNAPPROVED]),
    ("suite_count_matches_manifest", &[&rules::BASELINE_MISSING]),
];

/// Checks that a report says it made, held against what was found here.
pub(super) fn claimed_checks(inputs: &Inputs, _: &Context, report: &mut Report) {
    let reports = inputs.neighbours_in("ops/report/generated/performance");
    let mut found = Vec::new();
    for source in inputs.documents().chain(reports) {
        let status = source.text("/status");
        if !matches!(status, Some("stable" | "pass" | "ok" | "passed")) {
            continue;
        }
        for (index, check) in source.list("/checks").iter().enumerate() {
            let Some(name) = check.as_str() else { continue };
            let Some((_, contradicting)) = CHECKS.iter().find(|(known, _)| *known == name) else {
                continue;
            };
            let codes: BTreeSet<&str> = report
                .findings()
                .iter()
                .filter(|finding| contradicting.contains(&finding.rule))
                .map(|finding| finding.rule.code)
                .collect();
            if !codes.is_empty() {
                let codes: Vec<&str> = codes.into_iter().collect();
                let message = format!("says that `{name}` holds");
                let location = source.at(&format!("/checks/{index}"));
                let finding = Finding::new(&rules::CLAIM_CONTRADICTED, location, message);
                found.push(
                    finding
                        .declared(status.unwrap_or_default())
                        .actual(format!("found: {}", codes.join(", "))),
                );
            }
        }
    }
    found.into_iter().for_each(|finding| report.push(finding));
}

/// The summary's coverage, and counts of suites, derived.
pub(super) fn coverage(inputs: &Inputs, _: &Context, report: &mut Report) {
    let suites = suite::suites(inputs);
    if suites.is_empty() {
        return;
    }
    if let Some(source) = inputs.document(layout::SUMMARY)
        && source.root.get("scenario_coverage").is_some()
    {
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let used: BTreeSet<String> = suites
            .iter()
            .filter_map(|suite| suite.scenario(inputs))
            .map(|path| name(&path))
            .collect();
        let named: BTreeSet<String> =
            suites.iter().filter_map(|suite| suite.text("scenario")).map(name).collect();
        let all: BTreeSet<String> =
            parts::scenarios(inputs).map(|source| name(&source.path)).collect();
        let unused: BTreeSet<String> = all.difference(&used).cloned().collect();
        for (pointer, derived) in
            [("/scenario_coverage/covered", named), ("/scenario_coverage/missing", unused)]
        {
            let stated: BTreeSet<String> =
                source.list(pointer).iter().filter_map(Node::as_str).map(str::to_owned).collect();
            if stated != derived {
                let listed = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join(", ");
                let message = "the coverage is not that of the suites and scenarios in the tree";
                let finding = Finding::new(&rules::CLAIM_CONTRADICTED, source.at(pointer), message);
                report.push(finding.declared(listed(stated)).actual(listed(derived)));
            }
        }
        let seed =
            inputs.document(layout::SEED).and_then(|policy| policy.root.get("deterministic_seed"));
        let stated = source.root.get("deterministic_seed");
        if let Some((stated, seed)) = stated.and_then(Node::as_i64).zip(seed.and_then(Node::as_i64))
            && stated != seed
        {
            let message = "the seed is not that of the policy";
            let finding =
                Finding::new(&rules::CLAIM_CONTRADICTED, source.at("/deterministic_seed"), message);
            report.push(finding.declared(stated).actual(seed));
        }
    }
    for source in inputs.documents() {
        let total = source.root.pointer("/summary/suites_total").and_then(Node::as_u64);
        if let Some(total) = total.filter(|total| *total != suites.len() as u64) {
            let message = "the count of suites is not that of the tree";
            let finding = Finding::new(
                &rules::CLAIM_CONTRADICTED,
                source.at("/summary/suites_total"),
                message,
            );
            report.push(finding.declared(total).actual(suites.len()));
        }
    }
}

/// Generated documents were made from what lies in the tree.
pub(super) fn sources(inputs: &Inputs, _: &Context, report: &mut Report) {
    for source in inputs.documents() {
        for (index, row) in source.list("/sources").iter().enumerate() {
            let text = |key: &str| row.get(key).and_then(Node::as_str);
            let (Some(path), Some(stated)) = (text("path"), text("sha256")) else { continue };
            if !path.starts_with("ops/load/") {
                continue;
            }
            let actual = inputs.digests.get(path).map(Digest::to_string);
            if actual.as_deref() != Some(stated) {
                let message = format!("the document was made from another `{path}`");
                let location = source.at(&format!("/sources/{index}/sha256"));
                let finding = Finding::new(&rules::DOCUMENT_STALE, location, message);
                report.push(
                    finding
                        .declared(stated)
                        .actual(actual.unwrap_or_else(|| "no such file".to_owned())),
                );
            }
        }
    }
}

/// Query packs are locked, query by query.
pub(super) fn packs(inputs: &Inputs, _: &Context, report: &mut Report) {
    let Some(catalog) = inputs.document(layout::PACKS) else {
        report.skipped("load-pack", layout::PACKS, "the tree has no catalog of query packs");
        return;
    };
    for row in catalog.list("/packs") {
        let text = |key: &str| row.get(key).and_then(Node::as_str);
        let (Some(pack), Some(lock)) = (text("query_file"), text("lock_file")) else { continue };
        let (Some(actual), Some(locked)) = (inputs.digests.get(pack), lock_of(inputs, lock)) else {
            continue;
        };
        let differs =
            |pointer: &str, message: String, stated: &str, actual: String, report: &mut Report| {
                let location = Location::named(lock).pointing(pointer);
                report.push(
                    Finding::new(&rules::PACK_DIFFERS, location, message)
                        .declared(stated)
                        .actual(actual),
                );
            };
        let stated = locked.get("file_sha256").and_then(Node::as_str).unwrap_or_default();
        if stated != actual.to_string() {
            differs(
                "/file_sha256",
                format!("`{pack}` is another file than the locked one"),
                stated,
                actual.to_string(),
                report,
            );
        }
        let hashes = locked.get("query_hashes").map(Node::entries).unwrap_or_default();
        let known: BTreeMap<&str, &str> = hashes
            .iter()
            .filter_map(|entry| Some((entry.key.as_str(), entry.value.as_str()?)))
            .collect();
        let queries = queries_of(inputs, pack);
        for query in &queries {
            let digest = Digest::of(query.as_bytes()).to_string();
            let pointer = format!("/query_hashes/{}", crate::json::escape_pointer(query));
            match known.get(query.as_str()) {
                Some(stated) if **stated == digest => {}
                Some(stated) => differs(
                    &pointer,
                    "the digest is not that of the query".to_owned(),
                    stated,
                    digest,
                    report,
                ),
                None => {
                    differs(
                        "/query_hashes",
                        format!("`{query}` is not locked"),
                        "",
                        digest,
                        report,
                    );
                }
            }
        }
        for query in known.keys().filter(|query| !queries.contains(**query)) {
            differs(
                "/query_hashes",
                format!("`{query}` is not in `{pack}`"),
                known[query],
                "no such query".to_owned(),
                report,
            );
        }
    }
}

fn lock_of(inputs: &Inputs, path: &str) -> Option<Node> {
    if let Some(source) = inputs.document(path) {
        return Some(source.root.clone());
    }
    let text = inputs.texts.get(path)?;
    crate::document::parse_json(text.as_bytes(), crate::document::Limits::GOVERNED).ok()
}

fn queries_of(inputs: &Inputs, path: &str) -> BTreeSet<String> {
    let mut queries = BTreeSet::new();
    if let Some(source) = inputs.document(path) {
        for entry in source.root.entries() {
            queries.extend(entry.value.items().iter().filter_map(Node::as_str).map(str::to_owned));
        }
    }
    queries
}

/// Digests that stand for nothing, in any document or text of the area.
pub(super) fn placeholders(inputs: &Inputs, _: &Context, report: &mut Report) {
    for source in inputs.documents() {
        source.root.walk(&mut |pointer, node| {
            let is_judged = pointer.ends_with("/raw_sha256") || pointer == "/subject/digest";
            let text = node.as_str().unwrap_or_default();
            if !is_judged && is_placeholder(text) {
                let location = source.at(pointer);
                let message = "the digest stands for nothing";
                report.push(
                    Finding::new(&rules::PLACEHOLDER_DIGEST, location, message).declared(text),
                );
            }
        });
    }
    for (path, text) in &inputs.texts {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != ':');
        let found: BTreeSet<&str> = words.filter(|word| is_placeholder(word)).collect();
        if !found.is_empty() {
            let list: Vec<&str> = found.into_iter().collect();
            let message = format!("{} digests stand for nothing", list.len());
            let finding = Finding::new(&rules::PLACEHOLDER_DIGEST, Location::named(path), message);
            report.push(finding.declared(list.join(", ")));
        }
    }
}

fn is_placeholder(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    hex.len() == 64 && hex.parse::<Digest>().is_ok_and(|digest| digest.is_placeholder())
}

/// Where the schema of a document stands: by the registry, else by the handbook's names.
fn schemas_of(inputs: &Inputs, source: &Source) -> Vec<String> {
    let registered = inputs.neighbour("ops/schema/index.json").and_then(|index| {
        let rows = index.list("/documents").iter();
        let row = rows
            .into_iter()
            .find(|row| row.get("path").and_then(Node::as_str) == Some(&source.path))?;
        row.get("schema")?.as_str()
    });
    if let Some(path) = registered {
        let is_there = inputs.schema(path).is_some();
        return if is_there { vec![path.to_owned()] } else { Vec::new() };
    }
    let stem = layout::stem(&source.path);
    let folder = source.path.split('/').nth(2).unwrap_or_default();
    let names: &[&str] = match folder {
        "suites" => &[
            "ops/load/contracts/suite-schema.json",
            "ops/schema/load/suite-manifest.schema.json",
            "ops/schema/load/k6-suite.schema.json",
        ],
        "thresholds" => &["ops/schema/load/thresholds.schema.json"],
        "baselines" => &["ops/schema/load/perf-baseline.schema.json"],
        "generated" if stem == "suites" => &[
            "ops/load/contracts/suite-schema.json",
            "ops/schema/load/suite-manifest.schema.json",
            "ops/schema/load/k6-suite.schema.json",
        ],
        _ => &[],
    };
    let by_name = [
        format!("ops/schema/load/{stem}.schema.json"),
        format!("ops/load/contracts/{stem}.schema.json"),
    ];
    let candidates = names.iter().map(|name| (*name).to_owned()).chain(by_name);
    candidates.filter(|path| inputs.schema(path).is_some()).collect()
}

/// Every document follows the schemas that belong to it.
pub(super) fn schemas(inputs: &Inputs, _: &Context, report: &mut Report) {
    let mut compiled: BTreeMap<String, Option<Schema>> = BTreeMap::new();
    let (mut following, mut without) = (0, 0);
    let judged = inputs.documents().filter(|source| !inputs.results.contains_key(&source.path));
    for source in judged {
        let paths = schemas_of(inputs, source);
        if paths.is_empty() {
            without += 1;
            continue;
        }
        let mut breaks: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for path in &paths {
            let schema = compiled.entry(path.clone()).or_insert_with(|| {
                inputs.schema(path).and_then(|schema| Schema::compile(&schema.root).ok())
            });
            let Some(schema) = schema else { continue };
            for violation in schema.violations(&source.root) {
                breaks.entry(violation.pointer).or_default().insert(violation.problem);
            }
        }
        following += usize::from(breaks.is_empty());
        // One document, one finding: the places stand in it.
        let Some(first) = breaks.keys().next() else { continue };
        let location = source.at(first);
        let problems = breaks.iter().map(|(pointer, problems)| {
            let problems: Vec<&str> = problems.iter().map(String::as_str).collect();
            format!("{}: {}", if pointer.is_empty() { "/" } else { pointer }, problems.join(", "))
        });
        let problems: Vec<String> = problems.collect();
        let message = format!("breaks `{}` in {} places", paths.join("`, `"), problems.len());
        let finding = Finding::new(&rules::SCHEMA_VIOLATED, location, message);
        let cause = format!("load-schema {}", paths.join(" "));
        report.push(finding.actual(problems.join("; ")).caused_by(cause));
    }
    group_violations(report);
    if following > 0 {
        report.passed(
            "document-schema",
            "ops/load",
            format!("{following} documents follow their schemas"),
        );
    }
    if without > 0 {
        report.skipped(
            "document-schema",
            "ops/load",
            format!("{without} documents have no schema in the tree"),
        );
    }
}

/// One headline for a schema that several documents break.
fn group_violations(report: &mut Report) {
    let mut documents: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for finding in report.findings() {
        if let Some(cause) =
            finding.cause.as_ref().filter(|cause| cause.starts_with("load-schema "))
        {
            documents.entry(cause.clone()).or_default().insert(finding.location.path.clone());
        }
    }
    for (cause, paths) in documents.into_iter().filter(|(_, paths)| paths.len() > 1) {
        let schemas = cause.trim_start_matches("load-schema ").replace(' ', "`, `");
        report.headline(&cause, format!("{} documents break `{schemas}`", paths.len()));
    }
}
