//! Dashboards of Grafana, classic and v2, read into panels and queries.

use std::collections::BTreeMap;

use super::input::Source;
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

/// A variable.
#[derive(Debug)]
pub(super) struct Variable {
    /// Whether it chooses a data source.
    pub(super) is_datasource: bool,
    /// What its expressions are judged with.
    pub(super) sample: String,
    pub(super) query: Option<(String, Location)>,
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
    pub(super) expr: String,
    pub(super) location: Location,
    /// The data source as written: a name, a uid, a variable.
    pub(super) datasource: Option<String>,
}

/// Reads a document that may be a dashboard, or the export of one.
pub(super) fn read(source: &Source) -> Vec<Dashboard> {
    let is_v2 = source.text("/apiVersion").is_some();
    vec![if is_v2 { v2(source) } else { classic(source) }]
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
            dashboard.variables.insert(name, Variable { is_datasource, sample, query: None });
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
            _ => ".*",
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
        self.variables.insert(name, Variable { is_datasource, sample, query });
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
                    location: place,
                    datasource: target
                        .get("datasource")
                        .and_then(datasource_of)
                        .or_else(|| shared.clone()),
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

    /// An expression with the variables of the dashboard and of Grafana filled in; the name of the
    /// first one that is not defined.
    pub(super) fn substitute(&self, expr: &str) -> Result<String, String> {
        let mut out = String::with_capacity(expr.len());
        let mut rest = expr;
        while let Some(at) = rest.find(['$', '[']) {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let Some((name, after)) = variable_at(rest) else {
                out.push_str(&rest[..1]);
                rest = &rest[1..];
                continue;
            };
            rest = after;
            // `$1` belongs to `label_replace`.
            if name.bytes().all(|byte| byte.is_ascii_digit()) {
                out.push('$');
                out.push_str(name);
                continue;
            }
            out.push_str(match name {
                "__rate_interval" | "__interval" | "__range" | "interval"
                    if !self.variables.contains_key(name) =>
                {
                    "5m"
                }
                "__interval_ms" | "__range_ms" => "300000",
                "__range_s" => "300",
                "__from" | "__to" => "1700000000000",
                "__dashboard" | "__user" | "__org" | "__name" | "timeFilter" | "__timeFilter" => {
                    "x"
                }
                _ => match self.variables.get(name) {
                    Some(variable) => &variable.sample,
                    None => return Err(name.to_owned()),
                },
            });
        }
        out.push_str(rest);
        Ok(out)
    }

    /// Tells whether a data source is chosen by a variable.
    pub(super) fn is_variable(&self, datasource: &str) -> bool {
        variable_at(datasource).is_some_and(|(name, _)| {
            self.variables.get(name).is_some_and(|variable| variable.is_datasource)
        })
    }
}

/// The variable at the beginning of a text: `$a`, `${a}`, `${a:regex}`, `[[a]]`.
fn variable_at(text: &str) -> Option<(&str, &str)> {
    let closed = |open: &str, close: &str| {
        let inner = text.strip_prefix(open)?;
        let (name, after) = inner.split_once(close)?;
        let name = name.split([':', '.']).next().unwrap_or(name);
        (!name.is_empty() && name.bytes().all(is_word)).then_some((name, after))
    };
    if let Some(found) = closed("${", "}").or_else(|| closed("[[", "]]")) {
        return Some(found);
    }
    let rest = text.strip_prefix('$')?;
    let end = rest.bytes().take_while(|byte| is_word(*byte)).count();
    (end > 0).then(|| rest.split_at(end))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
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
            _ => ".*",
        };
        let place = source.at(&format!("/spec/variables/{index}/spec/query"));
        let query = inner
            .pointer("/query/spec/query")
            .and_then(Node::as_str)
            .map(|one| (one.to_owned(), place));
        dashboard
            .variables
            .insert(name, Variable { is_datasource, sample: sample.to_owned(), query });
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
                location: source.at(&format!("{base}/spec/expr")),
                datasource: datasource.and_then(datasource_of),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_recognised() {
        for (text, name) in
            [("$a)", "a"), ("${a}", "a"), ("${a:regex}", "a"), ("[[a]]", "a"), ("${a.b}", "a")]
        {
            assert_eq!(variable_at(text).map(|(name, _)| name), Some(name), "{text}");
        }
        for text in ["$", "[5m]", "a", "${", "[[", "${a b}"] {
            assert!(variable_at(text).is_none(), "{text}");
        }
    }
}
