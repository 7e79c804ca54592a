//! What any document of the area must be: as its schema says, filled in, indexed, and true.

use std::collections::{BTreeMap, BTreeSet};

use super::drills::is_pretended;
use super::input::{Inputs, Source};
use super::layout::{Role, is_schema, is_specimen};
use super::metrics::texts;
use super::query::text_of;
use crate::document::{Node, Schema};
use crate::finding::rules::observe as rules;
use crate::finding::{Area, Finding, Report, Severity};
use crate::validator::Context;

/// The registry that says which schema a document has.
const REGISTRY: &str = "ops/schema/index.json";
/// Where the handbook keeps the schemas of the area.
const FOLDER: &str = "ops/schema/observe";
/// What the build was to fill in.
const PLACEHOLDERS: &[&str] =
    &["REQUIRED_AT_BUILD", "CHANGEME", "CHANGE_ME", "REPLACE_ME", "TODO:", "FIXME", "TBD"];

/// Holds every document against the schema that belongs to it.
pub(super) fn schemas(inputs: &Inputs, _: &Context, report: &mut Report) {
    let registry = inputs.sources.iter().find(|source| source.path() == REGISTRY);
    let mut registered: BTreeMap<&str, &str> = BTreeMap::new();
    for (_, item) in registry.iter().flat_map(|registry| registry.items("documents")) {
        if let (Some(path), Some(schema)) = (text_of(item, "path"), text_of(item, "schema")) {
            registered.insert(path, schema);
        }
    }
    let mut compiled: BTreeMap<String, Option<Schema>> = BTreeMap::new();
    let (mut following, mut unmatched) = (0, 0);
    for source in inputs.sources.iter().filter(|source| source.is_own && !is_schema(source.path()))
    {
        let named = registered.get(source.path()).map(|schema| (*schema).to_owned());
        let mut candidates = named.into_iter().chain(candidates(source));
        let Some(path) = candidates.find(|path| inputs.schemas.contains_key(path)) else {
            unmatched += 1;
            continue;
        };
        let schema = compiled
            .entry(path.clone())
            .or_insert_with(|| Schema::compile(inputs.schemas.get(&path)?).ok());
        let Some(schema) = schema else {
            unmatched += 1;
            continue;
        };
        let violations = schema.violations(&source.root);
        let Some(first) = violations.first() else {
            following += 1;
            continue;
        };
        let problems: Vec<String> = violations
            .iter()
            .take(6)
            .map(|one| format!("{}: {}", one.pointer, one.problem))
            .collect();
        let location = source.location.clone().at(&first.pointer, first.position);
        let message = format!("breaks `{path}` in {} places", violations.len());
        let finding = Finding::new(&rules::TELEMETRY_DOCUMENT_BREAKS_SCHEMA, location, message);
        report.push(finding.declared(path).actual(problems.join("; ")));
    }
    if following > 0 {
        report.passed(
            "document-schema",
            "ops/observe",
            format!("{following} documents follow their schemas"),
        );
    }
    if unmatched > 0 {
        report.skipped(
            "document-schema",
            "ops/observe",
            format!("{unmatched} documents have no schema in the tree"),
        );
    }
}

/// The schemas that may belong to a document: of its name beside it and in the area's folder, or
/// the handbook's name for its kind.
fn candidates(source: &Source) -> Vec<String> {
    let path = source.path();
    if is_specimen(path) {
        return Vec::new();
    }
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = file.split('.').next().unwrap_or(file);
    let expects = || source.items("drills").any(|(_, item)| item.get("expected_signals").is_some());
    let mut paths = Vec::new();
    if source.role == Role::Dashboard {
        paths.push(format!("{FOLDER}/dashboard.schema.json"));
    } else if source.role == Role::DashboardRegistry {
        paths.push("ops/observe/dashboard-metadata.schema.json".to_owned());
    } else if source.role == Role::DrillDefinitions && expects() {
        paths.push(format!("{FOLDER}/drill-manifest.schema.json"));
    } else if source.text("/kind") == Some("PrometheusRule") {
        paths.push(format!("{FOLDER}/prometheus-rule.schema.json"));
    }
    paths.push(format!("{folder}/{stem}.schema.json"));
    paths.push(format!("{FOLDER}/{stem}.schema.json"));
    paths
}

/// Looks for values that were to be filled in, and documents that call themselves templates.
pub(super) fn placeholders(inputs: &Inputs, _: &Context, report: &mut Report) {
    for source in
        inputs.sources.iter().filter(|source| source.is_own && !is_specimen(source.path()))
    {
        source.root.walk(&mut |pointer, node| {
            let Some(text) = node.as_str() else { return };
            let is_open = PLACEHOLDERS.iter().any(|one| text.contains(one));
            let is_template = pointer == "/status" && is_pretended(&text.to_ascii_lowercase());
            if is_open || is_template {
                let location = source.location.clone().at(pointer, node.position);
                let message = if is_open {
                    "was to be filled in by the build"
                } else {
                    "the document says of itself that it is none"
                };
                report.push(
                    Finding::new(&rules::TELEMETRY_PLACEHOLDER_LEFT, location, message)
                        .declared(text),
                );
            }
        });
    }
}

/// Holds the telemetry index against the files, in both directions.
pub(super) fn index(inputs: &Inputs, _: &Context, report: &mut Report) {
    let needed: BTreeSet<&str> = inputs
        .rule_files
        .iter()
        .map(|file| file.path.as_str())
        .chain(inputs.dashboards.iter().map(|dashboard| dashboard.location.path.as_str()))
        .chain(inputs.objectives.iter().map(|objective| objective.location.path.as_str()))
        .chain(inputs.of(Role::AlertCatalog).map(Source::path))
        .collect();
    for index in inputs.of(Role::TelemetryIndex).filter(|source| source.is_own) {
        let listed: BTreeSet<String> =
            index.root.get("artifacts").map(texts).unwrap_or_default().into_iter().collect();
        for (location, item) in index.items("artifacts") {
            let path = item.as_str().unwrap_or_default();
            if !inputs.files.contains(path) {
                let message = format!("`{}` is listed and not there", path.escape_debug());
                report.push(
                    Finding::new(&rules::TELEMETRY_INDEX_DIFFERS, location, message).declared(path),
                );
            }
        }
        for (location, item) in index.items("sources") {
            let (Some(path), Some(declared)) = (text_of(item, "path"), text_of(item, "sha256"))
            else {
                continue;
            };
            let actual = inputs.digests.get(path).map(ToString::to_string).unwrap_or_default();
            if actual != declared {
                let message =
                    format!("`{}` has another digest: the index is stale", path.escape_debug());
                let finding = Finding::new(&rules::TELEMETRY_INDEX_DIFFERS, location, message);
                report.push(finding.declared(declared).actual(actual));
            }
        }
        let left_out: Vec<&str> =
            needed.iter().copied().filter(|path| !listed.contains(*path)).collect();
        if !left_out.is_empty() {
            let message = format!(
                "{} rule files, dashboards and objectives are not in the index",
                left_out.len()
            );
            let finding =
                Finding::new(&rules::TELEMETRY_INDEX_DIFFERS, index.at("/artifacts"), message);
            report.push(finding.actual(left_out.join(", ")));
        }
    }
}

/// Holds a stated readiness against what was found: runs after every other rule.
pub(super) fn readiness(inputs: &Inputs, _: &Context, report: &mut Report) {
    let is_error = |finding: &&Finding| {
        finding.rule.area == Area::Observe && finding.rule.severity == Severity::Error
    };
    let errors = report.findings().iter().filter(is_error).count();
    for source in inputs.of(Role::Readiness).filter(|source| source.is_own) {
        let stated = source.root.get("status").and_then(Node::as_str).unwrap_or_default();
        if matches!(stated, "ready" | "ok" | "pass" | "passed") && errors > 0 {
            let message =
                format!("says `{}`, and {errors} errors say otherwise", stated.escape_debug());
            let finding = Finding::new(
                &rules::TELEMETRY_READINESS_CONTRADICTED,
                source.at("/status"),
                message,
            );
            report.push(finding.declared(stated).actual("not ready"));
        } else if errors == 0 {
            report.passed("readiness", source.path(), "what is stated follows from what was found");
        }
    }
}
