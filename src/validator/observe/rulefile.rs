//! Rule files: plain groups, `PrometheusRule` objects, and groups in a `ConfigMap`, read as strictly
//! as Prometheus reads them.

use std::collections::BTreeSet;

use super::duration::seconds_of;
use super::promql::{Expr, ExprError};
use crate::document::{Document, Limits, Node, Position, Value};
use crate::finding::Location;

/// A place in a file that holds rules.
#[derive(Debug, Clone)]
pub(super) struct Place {
    location: Location,
    /// Where the groups stand when they are text inside another document: line numbers of the
    /// inner text are no line numbers of the file.
    inside: Option<Position>,
}

impl Place {
    /// The place of a node that stands at a pointer.
    fn at(&self, pointer: &str, node: &Node) -> Location {
        match self.inside {
            None => self.location.clone().at(pointer, node.position),
            Some(position) => {
                let prefix = self.location.pointer.clone();
                self.location.clone().at(&format!("{prefix}{pointer}"), position)
            }
        }
    }
}

/// One rule.
#[derive(Debug)]
pub(super) struct Rule {
    /// Where it stands.
    pub(super) location: Location,
    /// Where its expression stands.
    pub(super) expr_location: Location,
    /// The file and the name of its group.
    pub(super) group: (String, String),
    /// How often the group is evaluated, in seconds, when the file says so.
    pub(super) interval: Option<f64>,
    /// What the rule makes.
    pub(super) kind: Kind,
    /// Its name: of the alert or of the recorded metric.
    pub(super) name: String,
    /// Its expression.
    pub(super) expr: Result<Expr, ExprError>,
    /// Its labels, those of its group first.
    pub(super) labels: Vec<(String, String)>,
    /// Its annotations, with the place of each.
    pub(super) annotations: Vec<(String, String, Location)>,
}

/// What a rule makes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// An alert, and how long its condition must hold, in seconds.
    Alert(Option<f64>),
    /// A recorded metric.
    Record,
}

impl Rule {
    /// Tells whether it is an alert.
    pub(super) fn is_alert(&self) -> bool {
        matches!(self.kind, Kind::Alert(_))
    }

    /// The value of a label.
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        let mut labels = self.labels.iter().rev();
        labels.find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }

    /// The text of an annotation.
    pub(super) fn annotation(&self, name: &str) -> Option<(&str, &Location)> {
        let mut annotations = self.annotations.iter();
        let found = annotations.find(|(annotation, ..)| annotation == name);
        found.map(|(_, text, location)| (text.as_str(), location))
    }

    /// Tells whether somebody is woken up: the severities `page` and `critical`.
    pub(super) fn is_page(&self) -> bool {
        self.is_alert() && matches!(self.label("severity"), Some("page" | "critical"))
    }
}

/// What came of one document.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Whether it is a rule file at all.
    pub(super) is_rule_file: bool,
    /// Its rules.
    pub(super) rules: Vec<Rule>,
    /// What Prometheus would refuse.
    pub(super) problems: Vec<(Location, String)>,
}

impl Reading {
    /// Reads a document if it has one of the three shapes.
    pub(super) fn of(location: &Location, root: &Node) -> Self {
        let mut reading = Self::default();
        let kind = root.get("kind").and_then(Node::as_str);
        let place = Place { location: location.clone(), inside: None };
        match kind {
            Some("PrometheusRule") => {
                reading.is_rule_file = true;
                let version = root.get("apiVersion").and_then(Node::as_str);
                if version != Some("monitoring.coreos.com/v1") {
                    let message = "a `PrometheusRule` has apiVersion `monitoring.coreos.com/v1`";
                    reading.problems.push((place.at("/apiVersion", root), message.to_owned()));
                }
                match root.get("spec") {
                    Some(spec) => reading.file(&place, "/spec", spec),
                    None => reading.problem(&place, "", root, "has no `spec`"),
                }
            }
            Some("ConfigMap") => reading.config_map(location, root),
            Some(_) => {}
            None if root.get("groups").is_some() && root.get("apiVersion").is_none() => {
                reading.is_rule_file = true;
                reading.file(&place, "", root);
            }
            None => {}
        }
        reading
    }

    fn problem(&mut self, place: &Place, pointer: &str, node: &Node, message: impl Into<String>) {
        self.problems.push((place.at(pointer, node), message.into()));
    }

    fn config_map(&mut self, location: &Location, root: &Node) {
        for entry in root.get("data").iter().flat_map(|data| data.entries()) {
            let Some(text) = entry.value.as_str() else { continue };
            if !text.contains("groups:") || !entry.key.ends_with(['l', 's', 'n']) {
                continue;
            }
            let path = "inner.yaml".parse().expect("the name is a portable path");
            let pointer = format!("/data/{}", crate::json::escape_pointer(&entry.key));
            let position = entry.value.position;
            let place =
                Place { location: location.clone().at(&pointer, position), inside: Some(position) };
            match Document::parse(&path, text.as_bytes(), Limits::GOVERNED) {
                Ok(inner) => {
                    for root in inner.roots.iter().filter(|root| root.get("groups").is_some()) {
                        self.is_rule_file = true;
                        self.file(&place, "", root);
                    }
                }
                Err(error) => {
                    self.is_rule_file = true;
                    let message =
                        format!("line {} of the text: {}", error.position.line, error.problem);
                    self.problems.push((place.location, message));
                }
            }
        }
    }

    fn file(&mut self, place: &Place, prefix: &str, root: &Node) {
        self.fields(place, prefix, root, &["groups", "namespace"]);
        let Some(groups) = root.get("groups") else {
            return self.problem(place, prefix, root, "has no `groups`");
        };
        if !matches!(groups.value, Value::Sequence(_)) {
            let message = format!("`groups` is {}; expected a list", groups.kind());
            return self.problem(place, &format!("{prefix}/groups"), groups, message);
        }
        let mut names = BTreeSet::new();
        for (index, group) in groups.items().iter().enumerate() {
            self.group(place, &format!("{prefix}/groups/{index}"), group, &mut names);
        }
    }

    fn group(&mut self, place: &Place, pointer: &str, group: &Node, names: &mut BTreeSet<String>) {
        if !matches!(group.value, Value::Mapping(_)) {
            let message = format!("a group is {}; expected a mapping", group.kind());
            return self.problem(place, pointer, group, message);
        }
        let known = &[
            "name",
            "interval",
            "limit",
            "query_offset",
            "labels",
            "rules",
            "partial_response_strategy",
        ];
        self.fields(place, pointer, group, known);
        let name = text(group, "name").unwrap_or_default();
        if name.is_empty() {
            self.problem(place, pointer, group, "a group has no name");
        } else if !names.insert(name.clone()) {
            let message = format!("the group `{}` stands twice in one file", name.escape_debug());
            self.problem(place, pointer, group, message);
        }
        let interval = self.duration(place, pointer, group, "interval");
        self.duration(place, pointer, group, "query_offset");
        if let Some(limit) = group.get("limit").filter(|limit| limit.as_i64().is_none()) {
            let message = format!("`limit` is {}; expected a whole number", limit.kind());
            self.problem(place, &format!("{pointer}/limit"), limit, message);
        }
        let labels = self.labels(place, pointer, group);
        let Some(rules) = group.get("rules") else { return };
        if !matches!(rules.value, Value::Sequence(_) | Value::Null) {
            let message = format!("`rules` is {}; expected a list", rules.kind());
            return self.problem(place, &format!("{pointer}/rules"), rules, message);
        }
        let key = (place.location.path.clone(), format!("{}#{name}", place.location.pointer));
        for (index, rule) in rules.items().iter().enumerate() {
            let pointer = format!("{pointer}/rules/{index}");
            self.rule(place, &pointer, rule, &key, interval, &labels);
        }
    }

    fn rule(
        &mut self,
        place: &Place,
        pointer: &str,
        rule: &Node,
        group: &(String, String),
        interval: Option<f64>,
        inherited: &[(String, String)],
    ) {
        if !matches!(rule.value, Value::Mapping(_)) {
            let message = format!("a rule is {}; expected a mapping", rule.kind());
            return self.problem(place, pointer, rule, message);
        }
        let known = &["record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"];
        self.fields(place, pointer, rule, known);
        let named = |key: &str| text(rule, key).filter(|text| !text.is_empty());
        let (is_alert, name) = match (named("alert"), named("record")) {
            (Some(alert), None) => (true, alert),
            (None, Some(record)) => (false, record),
            (Some(_), Some(_)) => {
                return self.problem(place, pointer, rule, "a rule both records and alerts");
            }
            (None, None) => {
                return self.problem(place, pointer, rule, "a rule neither records nor alerts");
            }
        };
        let holds_for = self.duration(place, pointer, rule, "for");
        self.duration(place, pointer, rule, "keep_firing_for");
        if !is_alert {
            for key in ["for", "keep_firing_for", "annotations"] {
                if let Some(node) = rule.get(key) {
                    let message = format!("a recording rule has `{key}`");
                    self.problem(place, &format!("{pointer}/{key}"), node, message);
                }
            }
            if !is_metric_name(&name) {
                let message = format!("`{}` is no metric name", name.escape_debug());
                self.problem(place, &format!("{pointer}/record"), rule, message);
            }
        }
        let mut labels = inherited.to_vec();
        labels.extend(self.labels(place, pointer, rule));
        let annotations = self.annotations(place, pointer, rule);
        let Some(expr) = named("expr") else {
            return self.problem(place, pointer, rule, "a rule has no `expr`");
        };
        let node = rule.get("expr").unwrap_or(rule);
        self.rules.push(Rule {
            location: place.at(pointer, rule),
            expr_location: place.at(&format!("{pointer}/expr"), node),
            group: group.clone(),
            interval,
            kind: if is_alert { Kind::Alert(holds_for) } else { Kind::Record },
            name,
            expr: Expr::parse(&expr),
            labels,
            annotations,
        });
    }

    fn fields(&mut self, place: &Place, pointer: &str, node: &Node, known: &[&str]) {
        for entry in node.entries() {
            if !known.contains(&entry.key.as_str()) {
                let pointer = format!("{pointer}/{}", crate::json::escape_pointer(&entry.key));
                let message =
                    format!("Prometheus knows no field `{}` here", entry.key.escape_debug());
                self.problem(place, &pointer, &entry.value, message);
            }
        }
    }

    fn duration(&mut self, place: &Place, pointer: &str, node: &Node, key: &str) -> Option<f64> {
        let value = node.get(key)?;
        let Some(written) = value.scalar_text() else {
            if value.value != Value::Null {
                let message = format!("`{key}` is {}; expected a duration", value.kind());
                self.problem(place, &format!("{pointer}/{key}"), value, message);
            }
            return None;
        };
        let seconds = seconds_of(&written);
        if seconds.is_none() {
            let message =
                format!("`{}` is no duration; expected `5m`, `1h30m`", written.escape_debug());
            self.problem(place, &format!("{pointer}/{key}"), value, message);
        }
        seconds
    }

    fn labels(&mut self, place: &Place, pointer: &str, node: &Node) -> Vec<(String, String)> {
        let pairs = self.pairs(place, pointer, node, "labels");
        for (name, _, location) in &pairs {
            if name == "__name__" {
                self.problems
                    .push((location.clone(), "a label `__name__` renames the metric".to_owned()));
            }
        }
        pairs.into_iter().map(|(name, value, _)| (name, value)).collect()
    }

    fn annotations(
        &mut self,
        place: &Place,
        pointer: &str,
        node: &Node,
    ) -> Vec<(String, String, Location)> {
        self.pairs(place, pointer, node, "annotations")
    }

    fn pairs(
        &mut self,
        place: &Place,
        pointer: &str,
        node: &Node,
        key: &str,
    ) -> Vec<(String, String, Location)> {
        let Some(value) = node.get(key) else { return Vec::new() };
        let pointer = format!("{pointer}/{key}");
        if !matches!(value.value, Value::Mapping(_) | Value::Null) {
            let message = format!("`{key}` is {}; expected a mapping", value.kind());
            self.problem(place, &pointer, value, message);
        }
        let mut pairs = Vec::new();
        for entry in value.entries() {
            let pointer = format!("{pointer}/{}", crate::json::escape_pointer(&entry.key));
            if !is_label_name(&entry.key) {
                let message = format!("`{}` is no label name", entry.key.escape_debug());
                self.problem(place, &pointer, &entry.value, message);
            }
            let location = place.at(&pointer, &entry.value);
            match (&entry.value.value, entry.value.scalar_text()) {
                (_, Some(text)) => pairs.push((entry.key.clone(), text.into_owned(), location)),
                (Value::Null, None) => pairs.push((entry.key.clone(), String::new(), location)),
                (_, None) => {
                    let message = format!("is {}; expected text", entry.value.kind());
                    self.problem(place, &pointer, &entry.value, message);
                }
            }
        }
        pairs
    }
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::scalar_text).map(std::borrow::Cow::into_owned)
}

/// Tells whether text is a metric name by the rules that every version of Prometheus holds.
pub(super) fn is_metric_name(name: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit())
}

/// Tells whether text is a label name by the rules that every version of Prometheus holds.
pub(super) fn is_label_name(name: &str) -> bool {
    is_metric_name(name) && !name.contains(':')
}
