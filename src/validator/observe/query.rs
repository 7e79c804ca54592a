//! Every expression of the area, wherever it stands.

use super::input::Inputs;
use super::layout::Role;
use super::promql::{Expr, ExprError};
use crate::document::Node;
use crate::finding::Location;

/// Where an expression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Alert,
    Record,
    /// How an objective is measured.
    Measurement,
    Panel,
}

/// An expression.
#[derive(Debug)]
pub(super) struct Query {
    /// What it belongs to, as people call it: "the alert `Down`".
    pub(super) owner: String,
    pub(super) place: Place,
    pub(super) location: Location,
    pub(super) expr: Result<Expr, ExprError>,
}

/// Collects every expression of rules, objectives, measurements and dashboards.
pub(super) fn collect(inputs: &Inputs) -> Vec<Query> {
    let mut queries = Vec::new();
    for rule in &inputs.rules {
        let (place, word) = if rule.is_alert() {
            (Place::Alert, "alert")
        } else {
            (Place::Record, "recording rule")
        };
        queries.push(Query {
            owner: format!("the {word} `{}`", rule.name.escape_debug()),
            place,
            location: rule.expr_location.clone(),
            expr: rule.expr.clone(),
        });
    }
    for source in inputs.of(Role::Measurement).filter(|source| source.is_own) {
        for (location, id, item) in source.entries("measurement_method") {
            let Some(node) = item.get("promql") else { continue };
            let Some(text) = node.as_str() else { continue };
            let pointer = format!("{}/promql", location.pointer);
            queries.push(measurement(id, text, location.at(&pointer, node.position)));
        }
    }
    for objective in &inputs.objectives {
        for (text, location) in &objective.queries {
            queries.push(measurement(&objective.id, text, location.clone()));
        }
    }
    for dashboard in &inputs.dashboards {
        for panel in &dashboard.panels {
            for query in &panel.queries {
                queries.push(Query {
                    owner: format!("the panel `{}`", panel.title.escape_debug()),
                    place: Place::Panel,
                    location: query.location.clone(),
                    expr: query.parsed.clone(),
                });
            }
        }
    }
    queries
}

fn measurement(id: &str, text: &str, location: Location) -> Query {
    Query {
        owner: format!("the objective `{}`", id.escape_debug()),
        place: Place::Measurement,
        location,
        expr: Expr::parse(text),
    }
}

/// The text of a scalar under a key.
pub(super) fn text_of<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key).and_then(Node::as_str)
}
