//! What a document is, told by what it holds; names alone decide nothing.

use crate::document::{Node, Value};

/// The part that a document plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// `alerts` with `id` and `severity` each.
    AlertCatalog,
    /// `alert_specs`: owner, runbook, drill and objective of every alert.
    AlertsContract,
    /// Objectives: the handbook's, OpenSLO, Sloth, Pyrra.
    Objectives,
    /// `measurement_method`: how each objective is measured.
    Measurement,
    /// `slo_metric_map`: the metrics of each objective.
    MetricMap,
    /// `required_metrics`, `required_metric_specs`.
    MetricsContract,
    /// `endpoints` with the metrics and spans of each.
    EndpointContract,
    /// A Grafana dashboard, classic or v2.
    Dashboard,
    /// `dashboards` with a `path` each.
    DashboardRegistry,
    /// `panel_specs`: the question that each panel answers.
    PanelsContract,
    /// `drills` that can be run.
    DrillDefinitions,
    /// `drills` as a list of names.
    DrillList,
    /// `drills` with their outcomes.
    DrillRecords,
    /// One run of a drill.
    DrillResult,
    /// `mappings` of alerts to objectives, drills and runbooks.
    CoverageMap,
    /// `mappings` of scenarios to objectives, drills and load suites.
    ScenarioMap,
    /// `required_fields` of every log line.
    LogContract,
    /// The root and the spans that every trace has.
    TraceContract,
    /// A list of spans that must be emitted.
    SpanRegistry,
    /// One trace.
    TraceSample,
    /// `status` and `requirements`.
    Readiness,
    /// `artifacts` of the area.
    TelemetryIndex,
    /// Unit tests of rules, as `promtool test rules` reads them.
    RuleTests,
    /// `suites` with the tests of each.
    Suites,
    /// The golden files of each profile.
    GoldenProfiles,
    /// `allowed_labels` of metrics.
    LabelBudget,
    /// The labels that metrics and alerts must have.
    LabelPolicy,
    /// Something else.
    Other,
}

impl Role {
    /// Tells what a document is.
    pub(super) fn of(path: &str, root: &Node) -> Self {
        let has = |key: &str| root.get(key).is_some();
        let first = |key: &str| root.get(key).and_then(|node| node.items().first());
        let item_has =
            |list: &str, key: &str| first(list).is_some_and(|item| item.get(key).is_some());
        let is_list =
            |key: &str| root.get(key).is_some_and(|node| matches!(node.value, Value::Sequence(_)));
        let kind = root.get("kind").and_then(Node::as_str).unwrap_or_default();
        let version = root.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
        let telemetry = [
            (is_objective(kind, version) || has("slos") && is_list("slos"), Self::Objectives),
            (is_dashboard(path, root, version), Self::Dashboard),
            (has("rule_files") && has("tests"), Self::RuleTests),
            (has("alert_specs"), Self::AlertsContract),
            (item_has("alerts", "id") && item_has("alerts", "severity"), Self::AlertCatalog),
            (has("measurement_method"), Self::Measurement),
            (has("slo_metric_map"), Self::MetricMap),
            (has("required_metric_specs") || has("required_metrics"), Self::MetricsContract),
            (item_has("endpoints", "required_metrics"), Self::EndpointContract),
            (has("panel_specs"), Self::PanelsContract),
            (item_has("dashboards", "path"), Self::DashboardRegistry),
            (item_has("mappings", "alert_id"), Self::CoverageMap),
            (item_has("mappings", "scenario_id"), Self::ScenarioMap),
            (has("required_root") && has("required_spans"), Self::TraceContract),
            (kind == "trace_span_registry" && has("required_spans"), Self::SpanRegistry),
            (has("trace_id") && is_list("spans"), Self::TraceSample),
            (has("drill") && has("started_at"), Self::DrillResult),
            (first("drills").is_some_and(|item| item.as_str().is_some()), Self::DrillList),
            (item_has("drills", "category"), Self::DrillRecords),
            (item_has("drills", "name"), Self::DrillDefinitions),
            (has("status") && is_list("requirements"), Self::Readiness),
            (is_list("artifacts") && has("source"), Self::TelemetryIndex),
            (item_has("suites", "tests"), Self::Suites),
            (is_profiles(root), Self::GoldenProfiles),
            (has("allowed_labels"), Self::LabelBudget),
            (has("alerts_required_labels"), Self::LabelPolicy),
            (has("event_registry") || has("accepted_levels"), Self::LogContract),
        ];
        telemetry.iter().find(|(holds, _)| *holds).map_or(Self::Other, |(_, role)| *role)
    }
}

fn is_objective(kind: &str, version: &str) -> bool {
    matches!(
        (kind, version.split('/').next()),
        ("SLO", Some("openslo"))
            | ("ServiceLevelObjective", Some("pyrra.dev"))
            | ("PrometheusServiceLevel", Some("sloth.slok.dev"))
    )
}

/// A dashboard that is shipped: goldens are held against one, specimens are read by tests.
fn is_dashboard(path: &str, root: &Node, version: &str) -> bool {
    let is_v2 = version.starts_with("dashboard.grafana.app/");
    let is_classic = path.ends_with(".json")
        && (root.get("panels").is_some() || root.get("rows").is_some())
        && (root.get("title").is_some() || root.get("schemaVersion").is_some());
    let lies_with_dashboards = path.contains("/dashboards/") && root.get("panels").is_some();
    (is_v2 || is_classic || lies_with_dashboards) && !is_specimen(path)
}

/// Tells whether a file is there to be compared with or read by a test.
pub(super) fn is_specimen(path: &str) -> bool {
    path.contains("/fixtures/") || path.contains(".golden.")
}

/// Tells whether a file lies with the rules of another engine: Loki has groups and rules as well, in
/// another language.
pub(super) fn is_of_another_engine(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with("loki") || part.starts_with("logql"))
}

fn is_profiles(root: &Node) -> bool {
    let profiles = root.get("profiles").map(Node::entries).unwrap_or_default();
    profiles.iter().any(|entry| entry.value.get("metrics_golden").is_some())
}

/// Tells whether a document is a JSON Schema, which is judged by what follows it.
pub(super) fn is_schema(path: &str) -> bool {
    path.ends_with(".schema.json")
}
