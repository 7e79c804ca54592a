//! OBS20-OBS22: dashboards load, show what they should, and cover every objective and page.

use std::collections::{BTreeMap, BTreeSet};

use super::dashboard::{Dashboard, Panel};
use super::expressions::same_family;
use super::input::Inputs;
use super::layout::Role;
use super::metrics::texts;
use super::promql::Expr;
use super::query::text_of;
use crate::finding::rules::observe as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// The first version of the model that places panels by `gridPos`.
const LEAST_SCHEMA: i64 = 16;
/// The longest uid that Grafana takes.
const MAX_UID: usize = 40;
/// How many columns the grid has.
const COLUMNS: i64 = 24;

/// Judges the model of each dashboard.
pub(super) fn models(inputs: &Inputs, _: &Context, report: &mut Report) {
    if inputs.dashboards.is_empty() {
        report.skipped("dashboards", "ops/observe", "the tree has no dashboards");
    }
    for dashboard in &inputs.dashboards {
        let mut problems: Vec<String> = Vec::new();
        for (location, problem) in &dashboard.problems {
            report.push(Finding::new(&rules::DASHBOARD_INVALID, location.clone(), problem));
        }
        if dashboard.title.is_none() {
            problems.push("no title".to_owned());
        }
        match &dashboard.uid {
            None => problems.push("no uid: links to it break at every import".to_owned()),
            Some(uid) if uid.len() > MAX_UID => {
                problems.push(format!("a uid longer than {MAX_UID} characters"));
            }
            Some(_) => {}
        }
        if !dashboard.is_v2 {
            match dashboard.schema_version {
                None => problems.push("no schemaVersion".to_owned()),
                Some(version) if version < LEAST_SCHEMA => {
                    problems.push(format!(
                        "schemaVersion {version}, before panels were placed by `gridPos`"
                    ));
                }
                Some(_) => {}
            }
            let panels = dashboard.panels.len();
            let unplaced = dashboard.panels.iter().filter(|panel| panel.place.is_none()).count();
            let unnumbered = dashboard.panels.iter().filter(|panel| panel.id.is_none()).count();
            if unplaced > 0 {
                problems.push(format!("{unplaced} of {panels} panels without a place (`gridPos`)"));
            }
            let untyped = dashboard.panels.iter().filter(|panel| panel.kind.is_none()).count();
            if untyped > 0 {
                problems.push(format!("{untyped} of {panels} panels without a type"));
            }
            if unnumbered > 0 {
                problems.push(format!("{unnumbered} of {panels} panels without an id"));
            }
        }
        if dashboard.panels.is_empty() {
            problems.push("no panels".to_owned());
        }
        if !problems.is_empty() {
            let message = format!("`{}` has {}", name_of(dashboard), problems.join(", "));
            report.push(Finding::new(
                &rules::DASHBOARD_INVALID,
                dashboard.location.clone(),
                message,
            ));
        }
    }
}

fn name_of(dashboard: &Dashboard) -> String {
    let name = dashboard.title.as_deref().or(dashboard.uid.as_deref());
    name.unwrap_or(&dashboard.location.path).escape_debug().to_string()
}

/// Looks for names and numbers that stand twice, and panels that lie on each other.
pub(super) fn clashes(inputs: &Inputs, _: &Context, report: &mut Report) {
    let mut seen: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for dashboard in &inputs.dashboards {
        let named = [("uid", &dashboard.uid), ("title", &dashboard.title)];
        for (what, name) in named {
            let Some(name) = name else { continue };
            if let Some(first) = seen.insert((what, name), &dashboard.location.path) {
                let message =
                    format!("the {what} `{}` belongs to two dashboards", name.escape_debug());
                let finding =
                    Finding::new(&rules::DASHBOARD_DUPLICATED, dashboard.location.clone(), message);
                report.push(finding.declared(name).actual(first));
            }
        }
        let mut ids = BTreeSet::new();
        for panel in &dashboard.panels {
            if panel.id.as_ref().is_some_and(|id| !ids.insert(id)) {
                let id = panel.id.as_deref().unwrap_or_default().escape_debug();
                let message = format!("two panels have the id {id}");
                report.push(Finding::new(
                    &rules::DASHBOARD_DUPLICATED,
                    panel.location.clone(),
                    message,
                ));
            }
        }
        overlaps(dashboard, report);
    }
}

/// Panels from top to bottom, each held against those that begin before it ends.
fn overlaps(dashboard: &Dashboard, report: &mut Report) {
    let mut placed: Vec<(&Panel, [i64; 4])> =
        dashboard.panels.iter().filter_map(|panel| Some((panel, panel.place?))).collect();
    placed.sort_by_key(|(panel, place)| (panel.row, place[1], place[0]));
    for (index, (panel, [x, y, w, h])) in placed.iter().enumerate() {
        if *x < 0 || *y < 0 || *w <= 0 || *h <= 0 || x.saturating_add(*w) > COLUMNS {
            let message = format!(
                "`{}` does not lie on the grid of {COLUMNS} columns",
                panel.title.escape_debug()
            );
            let finding = Finding::new(&rules::PANELS_OVERLAP, panel.location.clone(), message);
            report.push(finding.actual(format!("x {x}, y {y}, w {w}, h {h}")));
            continue;
        }
        let below = placed[index + 1..]
            .iter()
            .take_while(|(other, place)| other.row == panel.row && place[1] < y.saturating_add(*h));
        let hit = below.take(1000).find(|(_, place)| {
            place[0] < x.saturating_add(*w) && place[0].saturating_add(place[2]) > *x
        });
        if let Some((other, place)) = hit {
            let message = format!(
                "`{}` lies on `{}`",
                other.title.escape_debug(),
                panel.title.escape_debug()
            );
            let finding = Finding::new(&rules::PANELS_OVERLAP, other.location.clone(), message);
            report.push(
                finding.actual(format!(
                    "x {}, y {}, on x {x}, y {y}, w {w}, h {h}",
                    place[0], place[1]
                )),
            );
        }
    }
}

/// Looks for queries that name no data source, or one by its name.
pub(super) fn datasources(inputs: &Inputs, _: &Context, report: &mut Report) {
    for dashboard in &inputs.dashboards {
        let queries: Vec<_> = dashboard.panels.iter().flat_map(|panel| &panel.queries).collect();
        let is_fixed = |name: &str| {
            !dashboard.is_variable(name) && !name.starts_with("-- ") && name != "grafana"
        };
        let none = queries.iter().filter(|query| query.datasource.is_none()).count();
        let fixed: BTreeSet<&str> = queries
            .iter()
            .filter_map(|query| query.datasource.as_deref())
            .filter(|name| is_fixed(name))
            .collect();
        if none + fixed.len() > 0 {
            let message = match fixed.first() {
                Some(name) => format!(
                    "`{}` names the data source `{}`",
                    name_of(dashboard),
                    name.escape_debug()
                ),
                None => format!("{none} queries of `{}` name no data source", name_of(dashboard)),
            };
            report.push(Finding::new(
                &rules::DASHBOARD_DATASOURCE_FIXED,
                dashboard.location.clone(),
                message,
            ));
        }
        for (name, variable) in &dashboard.variables {
            variable_metric(inputs, name, variable.query.as_ref(), report);
        }
    }
}

/// `label_values(metric, label)` of a metric that nothing knows.
fn variable_metric(
    inputs: &Inputs,
    name: &str,
    query: Option<&(String, Location)>,
    report: &mut Report,
) {
    let Some((text, location)) = query else { return };
    let inner = text.trim().strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
    let Some((selector, _)) = inner.and_then(|inner| inner.rsplit_once(',')) else { return };
    let Ok(expr) = Expr::parse(selector.trim()) else { return };
    for metric in expr.selectors().into_iter().filter_map(|one| one.metric.as_deref()) {
        if inputs.metrics.is_known && !inputs.metrics.has(metric) {
            let message = format!(
                "the variable `{}` reads `{metric}`, which nothing exports",
                name.escape_debug()
            );
            let finding = Finding::new(&rules::METRIC_UNKNOWN, location.clone(), message);
            report.push(finding.actual(metric));
        }
    }
}

/// The metrics that the panels of a dashboard read in the end.
pub(super) fn shown(inputs: &Inputs, dashboard: &Dashboard) -> BTreeSet<String> {
    let mut metrics = BTreeSet::new();
    for query in dashboard.panels.iter().flat_map(|panel| &panel.queries) {
        metrics.extend(query.parsed.iter().flat_map(|expr| inputs.base_metrics(expr)));
    }
    metrics
}

/// Looks for objectives and pages that nobody can look at.
pub(super) fn coverage(inputs: &Inputs, _: &Context, report: &mut Report) {
    if inputs.dashboards.is_empty() {
        return;
    }
    let mut all = BTreeSet::new();
    for dashboard in &inputs.dashboards {
        all.extend(shown(inputs, dashboard));
    }
    let families: BTreeSet<&str> = all.iter().map(|name| super::metrics::family_of(name)).collect();
    let is_shown = |name: &String| families.contains(super::metrics::family_of(name));
    for objective in &inputs.objectives {
        let mut metrics: BTreeSet<String> = objective.metric.iter().cloned().collect();
        for (text, _) in &objective.queries {
            metrics
                .extend(Expr::parse(text).ok().iter().flat_map(|expr| inputs.base_metrics(expr)));
        }
        if !metrics.is_empty() && !metrics.iter().any(is_shown) {
            let message = format!("no panel shows `{}`", objective.id.escape_debug());
            let finding = Finding::new(
                &rules::OBJECTIVE_WITHOUT_DASHBOARD,
                objective.location.clone(),
                message,
            );
            report.push(finding.actual(metrics.into_iter().collect::<Vec<_>>().join(", ")));
        }
    }
    let uids: BTreeSet<&str> =
        inputs.dashboards.iter().filter_map(|one| one.uid.as_deref()).collect();
    let paths: BTreeSet<&str> =
        inputs.dashboards.iter().map(|one| one.location.path.as_str()).collect();
    for rule in inputs.alerts() {
        if let Some((named, location)) = rule.annotation("dashboard")
            && !named.contains("://")
            && !named.contains("{{")
            && !uids.contains(named)
            && !paths.contains(named)
        {
            let message =
                format!("`{}` names a dashboard that is not there", rule.name.escape_debug());
            let finding = Finding::new(&rules::PAGE_WITHOUT_DASHBOARD, location.clone(), message);
            report.push(finding.declared(named));
        }
        let Ok(expr) = &rule.expr else { continue };
        let metrics = inputs.base_metrics(expr);
        if rule.is_page() && !metrics.is_empty() && !metrics.iter().any(is_shown) {
            let message = format!("no panel shows what `{}` watches", rule.name.escape_debug());
            let finding =
                Finding::new(&rules::PAGE_WITHOUT_DASHBOARD, rule.location.clone(), message);
            report.push(finding.actual(metrics.into_iter().collect::<Vec<_>>().join(", ")));
        }
    }
}

/// Holds the registry against the files.
pub(super) fn registry(inputs: &Inputs, _: &Context, report: &mut Report) {
    let registries: Vec<_> = inputs.of(Role::DashboardRegistry).collect();
    let mut registered = BTreeSet::new();
    for (place, item) in registries.iter().flat_map(|registry| registry.items("dashboards")) {
        let Some(path) = text_of(item, "path") else { continue };
        registered.insert(path);
        let found = inputs.dashboards.iter().find(|one| one.location.path == path);
        let title = text_of(item, "title");
        let problem = match found {
            None => format!("`{}` is no dashboard of the tree", path.escape_debug()),
            Some(found) if title.is_some() && found.title.as_deref() != title => {
                format!("the dashboard is called `{}`", name_of(found))
            }
            Some(_) => continue,
        };
        let finding = Finding::new(&rules::DASHBOARD_REGISTRY_DIFFERS, place, problem);
        report.push(finding.declared(title.unwrap_or(path)));
    }
    if registries.is_empty() {
        return;
    }
    for dashboard in &inputs.dashboards {
        if !registered.contains(dashboard.location.path.as_str()) {
            let message = format!("`{}` is in no registry", name_of(dashboard));
            report.push(Finding::new(
                &rules::DASHBOARD_REGISTRY_DIFFERS,
                dashboard.location.clone(),
                message,
            ));
        }
    }
}

/// Holds dashboards against the contract of their panels.
pub(super) fn panels(inputs: &Inputs, _: &Context, report: &mut Report) {
    for contract in inputs.of(Role::PanelsContract) {
        let required = contract.root.get("required_panels").map(texts).unwrap_or_default();
        let home = inputs.dashboards.iter().max_by_key(|dashboard| {
            let has = |title: &&String| dashboard.panels.iter().any(|panel| panel.title == **title);
            required.iter().filter(has).count()
        });
        for key in ["required_panels", "required_rows"] {
            for (place, item) in contract.items(key) {
                let title = item.as_str().unwrap_or_default();
                let is_there = inputs
                    .dashboards
                    .iter()
                    .flat_map(|one| &one.panels)
                    .any(|panel| panel.title == title);
                if !is_there {
                    let message = format!("no dashboard has the panel `{}`", title.escape_debug());
                    report.push(
                        Finding::new(&rules::PANEL_CONTRACT_BROKEN, place, message).declared(title),
                    );
                }
            }
        }
        let mut specified = BTreeSet::new();
        for (place, title, spec) in contract.entries("panel_specs") {
            specified.insert(title);
            let named = text_of(spec, "dashboard");
            let dashboard = match named {
                Some(uid) => inputs.dashboards.iter().find(|one| one.uid.as_deref() == Some(uid)),
                None => home,
            };
            let panel =
                dashboard.and_then(|one| one.panels.iter().find(|panel| panel.title == title));
            let Some(panel) = panel else {
                let message = format!("the panel `{}` is on no dashboard", title.escape_debug());
                report.push(Finding::new(&rules::PANEL_CONTRACT_BROKEN, place, message));
                continue;
            };
            let read = read_by(inputs, panel);
            let metrics = spec.get("metrics").map(texts).unwrap_or_default();
            let lost: Vec<String> = metrics
                .into_iter()
                .filter(|metric| !read.iter().any(|one| same_family(one, metric)))
                .collect();
            if !lost.is_empty() {
                let message = format!(
                    "the panel `{}` does not read {}",
                    title.escape_debug(),
                    lost.join(", ")
                );
                let finding = Finding::new(&rules::PANEL_CONTRACT_BROKEN, place, message);
                report.push(
                    finding
                        .declared(lost.join(", "))
                        .actual(read.into_iter().collect::<Vec<_>>().join(", ")),
                );
            }
        }
        unspecified(home, &specified, report);
    }
}

/// Panels of the contract's own dashboard that the contract does not know.
fn unspecified(home: Option<&Dashboard>, specified: &BTreeSet<&str>, report: &mut Report) {
    for panel in home.map(|one| one.panels.as_slice()).unwrap_or_default() {
        if !panel.queries.is_empty()
            && !specified.contains(panel.title.as_str())
            && !specified.is_empty()
        {
            let message =
                format!("the contract does not know the panel `{}`", panel.title.escape_debug());
            report.push(Finding::new(
                &rules::PANEL_CONTRACT_BROKEN,
                panel.location.clone(),
                message,
            ));
        }
    }
}

/// Every metric that a panel reads, by its own name and in the end.
fn read_by(inputs: &Inputs, panel: &Panel) -> BTreeSet<String> {
    let mut read = BTreeSet::new();
    for query in &panel.queries {
        let Ok(expr) = &query.parsed else { continue };
        read.extend(expr.selectors().into_iter().filter_map(|one| one.metric.clone()));
        read.extend(inputs.base_metrics(expr));
    }
    read
}
