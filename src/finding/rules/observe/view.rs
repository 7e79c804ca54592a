//! Rules about dashboards.

use super::super::{Rule, Weight};
use crate::finding::{Area, Severity};

/// A dashboard is no model that Grafana loads as written.
pub static DASHBOARD_INVALID: Rule = Rule {
    code: "CS-OBSERVE-057",
    slug: "dashboard-invalid",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a dashboard is no model that Grafana loads as written",
    why: "Grafana refuses it, or shows something else than what was reviewed",
    remedy: "complete the model: title, schemaVersion, panels with id, type and gridPos",
    bad: "a panel without `gridPos`",
    good: "gridPos: {x: 0, y: 0, w: 12, h: 8}",
};

/// Two dashboards have one uid or title, or two panels one id.
pub static DASHBOARD_DUPLICATED: Rule = Rule {
    code: "CS-OBSERVE-058",
    slug: "dashboard-duplicated",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "two dashboards have one uid or title, or two panels one id",
    why: "the second one replaces the first",
    remedy: "give each its own",
    bad: "two panels with the id 1",
    good: "ids 1 and 2",
};

/// Two panels of a dashboard lie on each other, or outside of the grid.
pub static PANELS_OVERLAP: Rule = Rule {
    code: "CS-OBSERVE-059",
    slug: "panels-overlap",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "two panels of a dashboard lie on each other, or outside of the grid",
    why: "Grafana moves one of them away, to where nobody looks",
    remedy: "place them side by side",
    bad: "two panels at x 0, y 0",
    good: "x 0 and x 12",
};

/// A query of a dashboard is not PromQL, or uses a variable that is not defined.
pub static PANEL_EXPRESSION_INVALID: Rule = Rule {
    code: "CS-OBSERVE-060",
    slug: "panel-expression-invalid",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a query of a dashboard is not PromQL, or uses a variable that is not defined",
    why: "the panel shows an error instead of the service",
    remedy: "correct the query",
    bad: "rate(requests_total) by (route)",
    good: "sum by (route) (rate(requests_total[5m]))",
};

/// A dashboard's queries name no data source, or one by its fixed name.
pub static DASHBOARD_DATASOURCE_FIXED: Rule = Rule {
    code: "CS-OBSERVE-061",
    slug: "dashboard-datasource-fixed",
    area: Area::Observe,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "a dashboard's queries name no data source, or one by its fixed name",
    why: "on any other Grafana it shows nothing, or the wrong system",
    remedy: "add a data source variable and use it: `${datasource}`",
    bad: "datasource: prometheus-1",
    good: "datasource: {uid: ${datasource}}",
};

/// An objective is shown on no dashboard.
pub static OBJECTIVE_WITHOUT_DASHBOARD: Rule = Rule {
    code: "CS-OBSERVE-062",
    slug: "objective-without-dashboard",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "an objective is shown on no dashboard",
    why: "whoever is called cannot see what is wrong",
    remedy: "add a panel that reads the objective's metrics",
    bad: "an objective whose metrics no panel reads",
    good: "a panel on its ratio",
};

/// A page is shown on no dashboard, or names one that is not there.
pub static PAGE_WITHOUT_DASHBOARD: Rule = Rule {
    code: "CS-OBSERVE-063",
    slug: "page-without-dashboard",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a page is shown on no dashboard, or names one that is not there",
    why: "whoever is woken up has nothing to look at",
    remedy: "add a panel that reads the page's metrics, or correct the name",
    bad: "a page whose metrics no panel reads",
    good: "a panel on its metrics",
};

/// The registry of dashboards and the files differ.
pub static DASHBOARD_REGISTRY_DIFFERS: Rule = Rule {
    code: "CS-OBSERVE-064",
    slug: "dashboard-registry-differs",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the registry of dashboards and the files differ",
    why: "what is not registered is not installed, and what is registered is not there",
    remedy: "list every dashboard with its path and title",
    bad: "a registered path without a file",
    good: "one row for each file",
};

/// A dashboard has not the panels, or a panel not the metrics, that the contract asks for.
pub static PANEL_CONTRACT_BROKEN: Rule = Rule {
    code: "CS-OBSERVE-065",
    slug: "panel-contract-broken",
    area: Area::Observe,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a dashboard has not the panels, or a panel not the metrics, that the contract asks for",
    why: "the question that the panel was to answer cannot be answered",
    remedy: "add the panel or the metric, or change the contract",
    bad: "a required panel that no dashboard has",
    good: "the panel, with the metrics of its contract",
};
