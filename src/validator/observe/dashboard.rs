//! Dashboards of Grafana, classic and v2, read into panels and queries.

use std::collections::BTreeMap;

use super::input::Source;
use super::promql::{Expr, ExprError};
use super::variables::{ANY, Variable, substitute, variable_at};
use crate::document::Node;
use crate::finding::Location;

/// A dashboard.
#[derive(Debug)]
pub(super) struct Dashboard {
    pub(super) location: Location,
    pub(super) title: Option<String>,
    pub(super) uid: Option<String>,
    /// The version of the classic model; `None` in v2, which states it in `apiVersion`.
    pub(super) schema_version: Option<i64>,
    pub(super) is_v2: bool,
    /// Its variables by name.
    pub(super) variables: BTreeMap<String, Variable>,
    /// Everything that is shown, rows included, nested ones too.
    pub(super) panels: Vec<Panel>,
    /// What is wrong with the model itself.
    pub(super) problems: Vec<(Location, String)>,
}

/// A panel or row.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) location: Location,
    pub(super) id: Option<String>,
    pub(super) title: String,
    /// What it is: `timeseries`, `stat`, `row`.
    pub(super) kind: Option<String>,
    /// Left, top, width, height.
    pub(super) place: Option<[i64; 4]>,
    /// The folded row that it is in; panels of different folded rows never meet.
    pub(super) row: usize,
    pub(super) queries: Vec<Query>,
}

/// A query of a panel.
#[derive(Debug)]
pub(super) struct Query {
    expr: String,
    pub(super) location: Location,
    /// The expression with its variables filled in.
    pub(super) parsed: Result<Expr, ExprError>,
    /// The data source as written: a name, a uid, a variable.
    pub(super) datasource: Option<String>,
    /// The kind of data source, as written.
    engine: Option<String>,
}

/// Reads a document that may be a dashboard, or the export of one.
pub(super) fn read(source: &Source) -> Vec<Dashboard> {
    let is_v2 = source.text("/apiVersion").is_some();
    let mut dashboard = if is_v2 { v2(source) } else { classic(source) };
    dashboard.parse();
    vec![dashboard]
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::as_str).map(str::to_owned)
}

fn classic(source: &Source) -> Dashboard {
    let root = &source.root;
    let mut dashboard = Dashboard {
        location: source.location.clone(),
        title: text(root, "title").filter(|title| !title.trim().is_empty()),
        uid: text(root, "uid").filter(|uid| !uid.is_empty()),
        schema_version: root.get("schemaVersion").and_then(Node::as_i64),
        is_v2: false,
        variables: BTreeMap::new(),
        panels: Vec::new(),
        problems: Vec::new(),
    };
    let list = source.root.pointer("/templating/list").map(Node::items).unwrap_or_default();
    for (index, item) in list.iter().enumerate() {
        let place = source.at(&format!("/templating/list/{index}"));
        dashboard.variable(item, &place);
    }
    // What an export asks for on import is chosen there, as a variable is.
    for (_, item) in source.items("__inputs") {
        if let Some(name) = text(item, "name") {
            let is_datasource = text(item, "type").as_deref() == Some("datasource");
            let sample = if is_datasource { "prometheus" } else { "1" }.to_owned();
            dashboard.variables.insert(
                name,
                Variable { is_datasource, engine: text(item, "pluginId"), sample, query: None },
            );
        }
    }
    for key in ["panels", "rows"] {
        if root
            .get(key)
            .is_some_and(|panels| panels.items().is_empty() && panels.kind() != "a list")
        {
            let message =
                format!("`{key}` is {}; expected a list", root.get(key).map_or("", Node::kind));
            dashboard.problems.push((source.at(&format!("/{key}")), message));
        }
    }
    for (place, item) in source.items("panels") {
        dashboard.panel(item, place, 0);
    }
    for (index, (row, item)) in source.items("rows").enumerate() {
        for (at, panel) in
            item.get("panels").map(Node::items).unwrap_or_default().iter().enumerate()
        {
            let pointer = format!("{}/panels/{at}", row.pointer);
            dashboard.panel(panel, row.clone().at(&pointer, panel.position), index + 1);
        }
    }
    dashboard
}

impl Dashboard {
    fn variable(&mut self, item: &Node, place: &Location) {
        let Some(name) = text(item, "name") else {
            self.problems.push((place.clone(), "a variable has no name".to_owned()));
            return;
        };
        let kind = text(item, "type").unwrap_or_default();
        let is_datasource = kind == "datasource";
        let sample = match kind.as_str() {
            "interval" => "5m",
            "constant" | "custom" | "textbox" => "1",
            _ => ANY,
        };
        let written = item
            .get("query")
            .and_then(|query| query.as_str().or_else(|| query.get("query").and_then(Node::as_str)));
        let sample = match written {
            Some(written)
                if matches!(kind.as_str(), "constant" | "custom" | "interval" | "textbox") =>
            {
                let first = written.split(',').next().unwrap_or_default().trim();
                let first = first.rsplit(" : ").next().unwrap_or(first);
                if first.is_empty() { sample.to_owned() } else { first.to_owned() }
            }
            Some(_) | None => sample.to_owned(),
        };
        let query = written.filter(|_| kind == "query").map(|query| {
            (query.to_owned(), place.clone().pointing(&format!("{}/query", place.pointer)))
        });
        let engine = written.filter(|_| is_datasource).map(str::to_owned);
        self.variables.insert(name, Variable { is_datasource, engine, sample, query });
    }

    fn panel(&mut self, item: &Node, location: Location, row: usize) {
        if item.entries().is_empty() {
            let message = format!("a panel is {}; expected a mapping", item.kind());
            self.problems.push((location, message));
            return;
        }
        let kind = text(item, "type");
        let grid = item.get("gridPos");
        let side = |key: &str| grid.and_then(|grid| grid.get(key)).and_then(Node::as_i64);
        let place = match (side("x"), side("y"), side("w"), side("h")) {
            (Some(x), Some(y), Some(w), Some(h)) => Some([x, y, w, h]),
            _ => None,
        };
        let shared = item.get("datasource").and_then(datasource_of);
        let engine = item.get("datasource").and_then(|node| text(node, "type"));
        let mut queries = Vec::new();
        for (index, target) in
            item.get("targets").map(Node::items).unwrap_or_default().iter().enumerate()
        {
            let Some(expr) = target.get("expr") else { continue };
            let pointer = format!("{}/targets/{index}/expr", location.pointer);
            let place = location.clone().at(&pointer, expr.position);
            match expr.as_str() {
                Some(written) => queries.push(Query {
                    expr: written.to_owned(),
                    parsed: Ok(Expr::Number(0.0)),
                    location: place,
                    datasource: target
                        .get("datasource")
                        .and_then(datasource_of)
                        .or_else(|| shared.clone()),
                    engine: target
                        .get("datasource")
                        .and_then(|node| text(node, "type"))
                        .or_else(|| engine.clone()),
                }),
                None => {
                    self.problems
                        .push((place, format!("`expr` is {}; expected text", expr.kind())));
                }
            }
        }
        let id = item.get("id").and_then(Node::scalar_text).map(std::borrow::Cow::into_owned);
        let inner = item.get("panels").map(Node::items).unwrap_or_default();
        let folded = if inner.is_empty() { row } else { self.panels.len() + 1 };
        let title = text(item, "title").unwrap_or_default();
        self.panels.push(Panel {
            location: location.clone(),
            id,
            title,
            kind,
            place,
            row,
            queries,
        });
        for (index, panel) in inner.iter().enumerate().filter(|_| row == 0) {
            let pointer = format!("{}/panels/{index}", location.pointer);
            self.panel(panel, location.clone().at(&pointer, panel.position), folded);
        }
    }

    /// Parses every expression, when all variables are known.
    fn parse(&mut self) {
        let mut panels = std::mem::take(&mut self.panels);
        // Queries of other engines are in other languages.
        for panel in &mut panels {
            panel
                .queries
                .retain(|query| self.is_prometheus(query) && !query.expr.trim().is_empty());
        }
        for query in panels.iter_mut().flat_map(|panel| &mut panel.queries) {
            query.parsed = match substitute(&self.variables, &query.expr) {
                Ok(text) => Expr::parse(&text),
                Err(name) => {
                    let name = name.escape_debug();
                    Err(ExprError::Invalid(format!("the variable `{name}` is not defined")))
                }
            };
        }
        self.panels = panels;
    }

    /// Tells whether a query goes to a Prometheus, as far as its data source says.
    fn is_prometheus(&self, query: &Query) -> bool {
        let chosen = query.datasource.as_deref().and_then(variable_at);
        let chosen = chosen.and_then(|(name, _)| self.variables.get(name)?.engine.as_deref());
        let engine = query.engine.as_deref().or(chosen);
        let others =
            ["loki", "tempo", "elasticsearch", "cloudwatch", "graphite", "influxdb", "sql"];
        engine.is_none_or(|engine| !others.iter().any(|other| engine.contains(other)))
    }

    /// Tells whether a data source is chosen by a variable.
    pub(super) fn is_variable(&self, datasource: &str) -> bool {
        variable_at(datasource).is_some_and(|(name, _)| {
            self.variables.get(name).is_some_and(|variable| variable.is_datasource)
        })
    }
}

fn datasource_of(node: &Node) -> Option<String> {
    node.as_str()
        .or_else(|| node.get("uid").and_then(Node::as_str))
        .map(str::to_owned)
        .or_else(|| text(node, "name"))
}

/// `dashboard.grafana.app/v2*`: elements by name, placed by a layout.
fn v2(source: &Source) -> Dashboard {
    let spec = source.root.get("spec");
    let mut dashboard = Dashboard {
        location: source.location.clone(),
        title: source.text("/spec/title").map(str::to_owned),
        uid: source.text("/metadata/name").map(str::to_owned),
        schema_version: None,
        is_v2: true,
        variables: BTreeMap::new(),
        panels: Vec::new(),
        problems: Vec::new(),
    };
    if spec.and_then(|spec| spec.get("elements")).is_none_or(|node| node.kind() != "a mapping") {
        let message = "a dashboard of version 2 has `spec.elements`".to_owned();
        dashboard.problems.push((source.at("/spec"), message));
    }
    let list = source.root.pointer("/spec/variables").map(Node::items).unwrap_or_default();
    for (index, item) in list.iter().enumerate() {
        let Some(inner) = item.get("spec") else { continue };
        let Some(name) = text(inner, "name") else { continue };
        let kind = text(item, "kind").unwrap_or_default();
        let is_datasource = kind == "DatasourceVariable";
        let sample = match kind.as_str() {
            "IntervalVariable" => "5m",
            "ConstantVariable" | "CustomVariable" | "TextVariable" => "1",
            _ => ANY,
        };
        let place = source.at(&format!("/spec/variables/{index}/spec/query"));
        let query = inner
            .pointer("/query/spec/query")
            .and_then(Node::as_str)
            .map(|one| (one.to_owned(), place));
        dashboard.variables.insert(
            name,
            Variable {
                is_datasource,
                engine: text(inner, "pluginId"),
                sample: sample.to_owned(),
                query,
            },
        );
    }
    for entry in spec.and_then(|spec| spec.get("elements")).map(Node::entries).unwrap_or_default() {
        let pointer = format!("/spec/elements/{}", crate::json::escape_pointer(&entry.key));
        dashboard.element(source, &pointer, &entry.value);
    }
    let mut placed: BTreeMap<String, [i64; 4]> = BTreeMap::new();
    if let Some(layout) = spec.and_then(|spec| spec.get("layout")) {
        let pointer = "/spec/layout";
        layout.walk(&mut |inner, node| {
            let Some(name) = node.pointer("/element/name").and_then(Node::as_str) else { return };
            if source
                .root
                .pointer(&format!("/spec/elements/{}", crate::json::escape_pointer(name)))
                .is_none()
            {
                let message =
                    format!("the layout places `{}`, which is no element", name.escape_debug());
                dashboard.problems.push((source.at(&format!("{pointer}{inner}")), message));
            }
            let side = |key: &str| node.get(key).and_then(Node::as_i64);
            if let (Some(x), Some(y), Some(w), Some(h)) =
                (side("x"), side("y"), side("width"), side("height"))
            {
                placed.insert(name.to_owned(), [x, y, w, h]);
            }
        });
    }
    for panel in &mut dashboard.panels {
        let name = panel.location.pointer.rsplit('/').next().unwrap_or_default();
        panel.place = placed.get(name).copied();
    }
    dashboard
}

impl Dashboard {
    fn element(&mut self, source: &Source, pointer: &str, element: &Node) {
        let Some(spec) = element.get("spec") else {
            self.problems.push((source.at(pointer), "an element has no `spec`".to_owned()));
            return;
        };
        let mut queries = Vec::new();
        let data = spec.pointer("/data/spec/queries").map(Node::items).unwrap_or_default();
        for (index, item) in data.iter().enumerate() {
            let base = format!("{pointer}/spec/data/spec/queries/{index}/spec/query");
            let Some(query) = item.pointer("/spec/query") else { continue };
            let Some(expr) = query.pointer("/spec/expr").and_then(Node::as_str) else { continue };
            let datasource = query.get("datasource").or_else(|| item.pointer("/spec/datasource"));
            queries.push(Query {
                expr: expr.to_owned(),
                parsed: Ok(Expr::Number(0.0)),
                location: source.at(&format!("{base}/spec/expr")),
                datasource: datasource.and_then(datasource_of),
                engine: text(query, "group"),
            });
        }
        self.panels.push(Panel {
            location: source.at(pointer),
            id: spec.get("id").and_then(Node::scalar_text).map(std::borrow::Cow::into_owned),
            title: text(spec, "title").unwrap_or_default(),
            kind: text(spec, "vizConfig").or_else(|| text(element, "kind")),
            place: None,
            row: 0,
            queries,
        });
    }
}
