//! What guards what: objectives, alerts, runbooks, dashboards, drills and load suites, as the report
//! carries them.

use serde::{Deserialize, Serialize};

/// The graph of a report, with what guards each objective.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphDocument {
    /// Everything that is in it, sorted by kind and name.
    pub nodes: Vec<NodeDocument>,
    /// What leads to what, sorted.
    pub edges: Vec<EdgeDocument>,
    /// What guards each objective, and what is missing.
    pub objectives: Vec<GuardDocument>,
}

/// One thing in the graph.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeDocument {
    /// `objective`, `alert`, `runbook`, `dashboard`, `drill` or `load`.
    pub kind: String,
    /// Its name; one of its kind.
    pub name: String,
    /// The file that it comes from, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// One thing that leads to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EdgeDocument {
    /// Where it begins: `kind:name`.
    pub from: String,
    /// Where it ends: `kind:name`.
    pub to: String,
    /// What it says: `guarded-by`, `explained-by`, `shown-on`, `proven-by`, `loaded-by`.
    pub relation: String,
}

/// What guards one objective.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardDocument {
    /// The objective.
    pub objective: String,
    /// Alerts that wake somebody up.
    pub pages: Vec<String>,
    /// Alerts that can wait.
    pub tickets: Vec<String>,
    /// Texts that say what to do.
    pub runbooks: Vec<String>,
    /// Dashboards that show it.
    pub dashboards: Vec<String>,
    /// Drills of its alerts.
    pub drills: Vec<String>,
    /// Load suites whose thresholds hold it.
    pub load: Vec<String>,
    /// What it lacks, in words; empty when it is guarded from all sides.
    pub missing: Vec<String>,
}
