//! The evidence of the area: index, dashboards, readiness and drills, computed from the rules'
//! findings and the primary files, and from nothing that the tree says of itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::input::Inputs;
use super::layout::Role;
use super::query::text_of;
use crate::digest::Digest;
use crate::finding::{Area, Finding, GraphDocument, Report, Severity};
use crate::json;
use crate::time::Timestamp;
use crate::validator::{Context, Derived};

/// Every file of the area, with its digest and what it is.
#[derive(Serialize)]
struct TelemetryIndex {
    schema: &'static str,
    files: Vec<IndexedFile>,
}

#[derive(Serialize)]
struct IndexedFile {
    path: String,
    sha256: Digest,
    /// How many rules, panels or documents it holds.
    objects: usize,
}

/// What came of each dashboard.
#[derive(Serialize)]
struct DashboardValidation {
    schema: &'static str,
    dashboards: Vec<ValidatedDashboard>,
}

#[derive(Serialize)]
struct ValidatedDashboard {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    panels: usize,
    queries: usize,
    errors: usize,
    warnings: usize,
    codes: BTreeSet<&'static str>,
}

/// Whether the service can be watched, and what is in the way.
#[derive(Serialize)]
struct Readiness {
    schema: &'static str,
    verdict: Standing,
    requirements: Vec<Requirement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    objectives: Option<GraphDocument>,
}

#[derive(Serialize)]
struct Requirement {
    name: &'static str,
    verdict: Standing,
    /// What was looked at.
    judged: usize,
    codes: BTreeSet<&'static str>,
}

/// Never stated by the tree; follows from what was judged and found.
#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Standing {
    Ready,
    NotReady,
    NotEvaluated,
}

/// The drills, when they were run, and which signals they cover.
#[derive(Serialize)]
struct DrillSummary {
    schema: &'static str,
    drills: Vec<SummarisedDrill>,
    categories: BTreeMap<String, usize>,
}

#[derive(Serialize)]
struct SummarisedDrill {
    name: String,
    run: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    executed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_days: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence_sha256: Option<Digest>,
}

/// Writes the documents of the area.
pub(super) fn derive(inputs: &Inputs, context: &Context, report: &Report) -> Vec<Derived> {
    let document = |name: &str, bytes: Vec<u8>| Derived { name: name.to_owned(), bytes };
    vec![
        document("dashboard-validation.json", json::to_bytes(&dashboards(inputs, report))),
        document("telemetry-drill-summary.json", json::to_bytes(&drills(inputs, context))),
        document("telemetry-index.json", json::to_bytes(&index(inputs))),
        document("telemetry-readiness.json", json::to_bytes(&readiness(inputs, report))),
    ]
}

fn index(inputs: &Inputs) -> TelemetryIndex {
    let mut objects: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in &inputs.rules {
        *objects.entry(&rule.location.path).or_default() += 1;
    }
    for dashboard in &inputs.dashboards {
        *objects.entry(&dashboard.location.path).or_default() += dashboard.panels.len();
    }
    for source in inputs.sources.iter().filter(|source| source.is_own) {
        objects.entry(source.path()).or_insert(1);
    }
    let files = inputs.digests.iter().map(|(path, sha256)| IndexedFile {
        path: path.clone(),
        sha256: *sha256,
        objects: objects.get(path.as_str()).copied().unwrap_or_default(),
    });
    TelemetryIndex { schema: "countersign.telemetry-index/v1", files: files.collect() }
}

fn dashboards(inputs: &Inputs, report: &Report) -> DashboardValidation {
    let mut by_path: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in report.findings() {
        by_path.entry(&finding.location.path).or_default().push(finding);
    }
    let validated = inputs.dashboards.iter().map(|dashboard| {
        let path = dashboard.location.path.as_str();
        let findings = by_path.get(path).map(Vec::as_slice).unwrap_or_default();
        let count = |severity| findings.iter().filter(|one| one.rule.severity == severity).count();
        ValidatedDashboard {
            path: path.to_owned(),
            title: dashboard.title.clone(),
            uid: dashboard.uid.clone(),
            panels: dashboard.panels.len(),
            queries: dashboard.panels.iter().map(|panel| panel.queries.len()).sum(),
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            codes: findings.iter().map(|finding| finding.rule.code).collect(),
        }
    });
    DashboardValidation {
        schema: "countersign.dashboard-validation/v1",
        dashboards: validated.collect(),
    }
}

/// The parts of readiness, and the words in the slugs of the rules that speak of each.
const REQUIREMENTS: &[(&str, &[&str])] = &[
    ("alerts", &["alert", "page", "catalogued", "burn", "label-lost", "template"]),
    ("dashboards", &["dashboard", "panel"]),
    ("drills", &["drill"]),
    ("metrics", &["metric", "matcher", "golden", "counter", "gauge", "histogram", "example"]),
    ("objectives", &["objective"]),
    ("rules", &["rule", "expression", "operands", "rate-window", "clamp", "recording"]),
    ("runbooks", &["runbook"]),
];

fn readiness(inputs: &Inputs, report: &Report) -> Readiness {
    let records = inputs.of(Role::DrillRecords).count() + inputs.of(Role::DrillDefinitions).count();
    let judged = |name: &str| match name {
        "alerts" | "runbooks" => inputs.alerts().count(),
        "dashboards" => inputs.dashboards.len(),
        "drills" => records,
        "metrics" => usize::from(inputs.metrics.is_known),
        "objectives" => inputs.objectives.len(),
        _ => inputs.rules.len(),
    };
    let is_error = |finding: &&Finding| {
        finding.rule.area == Area::Observe && finding.rule.severity == Severity::Error
    };
    let errors: Vec<&Finding> = report.findings().iter().filter(is_error).collect();
    let requirements: Vec<Requirement> = REQUIREMENTS
        .iter()
        .map(|(name, words)| {
            let speaks = |slug: &str| words.iter().any(|word| slug.contains(word));
            let codes: BTreeSet<&'static str> = errors
                .iter()
                .filter(|finding| speaks(finding.rule.slug))
                .map(|finding| finding.rule.code)
                .collect();
            let verdict = match (codes.is_empty(), judged(name)) {
                (false, _) => Standing::NotReady,
                (true, 0) => Standing::NotEvaluated,
                (true, _) => Standing::Ready,
            };
            Requirement { name, verdict, judged: judged(name), codes }
        })
        .collect();
    let verdict = if !errors.is_empty() {
        Standing::NotReady
    } else if requirements.iter().all(|one| one.verdict == Standing::Ready) {
        Standing::Ready
    } else {
        Standing::NotEvaluated
    };
    let objectives = super::graph::build(inputs);
    Readiness { schema: "countersign.telemetry-readiness/v1", verdict, requirements, objectives }
}

fn drills(inputs: &Inputs, context: &Context) -> DrillSummary {
    let mut records = BTreeMap::new();
    for source in inputs.of(Role::DrillRecords).filter(|source| source.is_own) {
        let items = source.root.get("drills").map(crate::document::Node::items);
        for item in items.unwrap_or_default() {
            if let Some(id) = text_of(item, "id") {
                records.entry(id).or_insert(item);
            }
        }
    }
    let mut names: BTreeSet<&str> = super::drills::names(inputs);
    names.extend(records.keys());
    let mut categories: BTreeMap<String, usize> = BTreeMap::new();
    let mut drills = Vec::new();
    for name in names {
        let record = records.get(name).copied();
        let text = |key: &str| record.and_then(|record| text_of(record, key));
        let executed_at: Option<Timestamp> = text("executed_at").and_then(|time| time.parse().ok());
        let evidence = record.and_then(|record| record.get("evidence"));
        let result = evidence.and_then(|evidence| text_of(evidence, "path"));
        let run = executed_at.is_some() && text("outcome").is_some();
        if let Some(category) = text("category").filter(|_| run) {
            *categories.entry(category.to_owned()).or_default() += 1;
        }
        drills.push(SummarisedDrill {
            name: name.to_owned(),
            run,
            executed_at,
            age_days: executed_at.map(|time| context.now.seconds_since(time).div_euclid(86_400)),
            outcome: text("outcome").map(str::to_owned),
            subject_digest: text("subject_digest").map(str::to_owned),
            evidence_sha256: result.and_then(|path| inputs.digests.get(path)).copied(),
        });
    }
    DrillSummary { schema: "countersign.telemetry-drill-summary/v1", drills, categories }
}
