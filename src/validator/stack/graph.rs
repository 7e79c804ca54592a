//! STK12, STK13: the dependency graph is the one of the profiles, resolves, and has no circle.

use std::collections::{BTreeMap, BTreeSet};

use super::images::quoted;
use super::input::Inputs;
use super::layout;
use super::profiles::{Profile, composed};
use super::source::{Kind, Source};
use crate::document::Node;
use crate::finding::rules::stack::graph as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

/// Keys under which a service names what it needs.
const NEEDS: &[&str] = &["depends_on", "dependencies", "requires"];
/// Keys under which a service names who needs it.
const NEEDED_BY: &[&str] = &["required_by", "dependents"];

/// Compares the committed graph with the one that the profiles make.
pub(super) fn committed(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some(graph) = inputs.document(layout::GRAPH) else {
        report.skipped("dependency-graph", layout::GRAPH, "the tree has no committed graph");
        return;
    };
    let composed = composed(inputs);
    if composed.is_empty() {
        report.skipped("dependency-graph", layout::GRAPH, "no profiles to compute a graph from");
        return;
    }
    let before = report.findings().len();
    for (pointer, message) in differences(graph, &composed) {
        report.push(Finding::new(&rules::GRAPH_DIFFERS, graph.at(&pointer), message));
    }
    if report.findings().len() == before {
        let detail = format!("{} profiles, as computed", composed.len());
        report.passed("dependency-graph", layout::GRAPH, detail);
    }
}

/// How many profiles of the committed graph are not as computed.
pub(super) fn mismatches(inputs: &Inputs<'_>) -> Option<usize> {
    Some(differences(inputs.document(layout::GRAPH)?, &composed(inputs)).len())
}

fn differences(graph: &Source, composed: &[Profile<'_>]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let drawn = graph.root.get("profiles").map(Node::entries).unwrap_or_default();
    for entry in drawn.iter().filter(|entry| !composed.iter().any(|one| one.name == entry.key)) {
        let message = format!("`{}` is in the graph, and no profile", entry.key);
        found.push((format!("/profiles/{}", entry.key), message));
    }
    for profile in composed {
        let pointer = format!("/profiles/{}", profile.name);
        let Some(node) = graph.root.pointer(&pointer) else {
            let message = format!("the profile `{}` is not in the graph", profile.name);
            found.push(("/profiles".to_owned(), message));
            continue;
        };
        let items = node.get("components").map(Node::items).unwrap_or_default();
        let drawn: BTreeSet<&str> = items.iter().filter_map(Node::as_str).collect();
        let real = profile.components();
        let absent: Vec<&str> = real.difference(&drawn).copied().collect();
        let stray: Vec<&str> = drawn.difference(&real).copied().collect();
        let mut problems = Vec::new();
        if !absent.is_empty() {
            problems.push(format!("lacks {}", quoted(&absent)));
        }
        if !stray.is_empty() {
            problems.push(format!("has {} that the profile does not", quoted(&stray)));
        }
        let cluster = node.get("cluster_config").and_then(Node::as_str);
        if let (Some(drawn), Some(real)) = (cluster, profile.text("cluster_config"))
            && drawn != real
        {
            problems.push(format!("has the cluster `{drawn}` where the profile has `{real}`"));
        }
        if !problems.is_empty() {
            let message = format!("`{}` {}", profile.name, problems.join(", and "));
            found.push((pointer, message));
        }
    }
    found
}

/// Judges the declared edges: of the service contract, of the graph, of compose files.
pub(super) fn edges(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let mut judged = 0;
    if let Some(contract) = inputs.document(layout::CONTRACT) {
        judged += usize::from(contract_edges(contract, report));
    }
    for source in inputs.of_kind(Kind::Compose) {
        let edges: Vec<(String, String)> = depends_on(source)
            .map(|(service, needed, _)| (service.to_owned(), needed.to_owned()))
            .collect();
        judged += usize::from(!edges.is_empty());
        circle(source, "/services", &edges, report);
    }
    if judged == 0 {
        let why = "no document declares which service needs which";
        report.skipped("dependency-order", layout::CONTRACT, why);
    }
}

/// The dependencies of compose services: who, whom, and under which condition.
pub(super) fn depends_on(source: &Source) -> impl Iterator<Item = (&str, &str, Option<&str>)> {
    let services = source.root.get("services").map(Node::entries).unwrap_or_default();
    services.iter().flat_map(|service| {
        let needs = service.value.get("depends_on");
        let listed = needs.map(Node::items).unwrap_or_default();
        let mapped = needs.map(Node::entries).unwrap_or_default();
        let listed = listed.iter().filter_map(|item| Some((item.as_str()?, None)));
        let mapped = mapped
            .iter()
            .map(|entry| (entry.key.as_str(), entry.value.get("condition").and_then(Node::as_str)));
        listed.chain(mapped).map(|(needed, condition)| (service.key.as_str(), needed, condition))
    })
}

fn named<'a>(service: &'a Node, keys: &[&str]) -> Option<Vec<&'a str>> {
    let node = keys.iter().find_map(|key| service.get(key))?;
    Some(node.items().iter().filter_map(Node::as_str).collect())
}

fn contract_edges(contract: &Source, report: &mut Report) -> bool {
    let services = contract.items("/services");
    let id =
        |service: &Node| service.get("id").and_then(Node::as_str).unwrap_or_default().to_owned();
    let known: BTreeMap<String, &Node> =
        services.iter().map(|service| (id(service), service)).collect();
    let mut edges = Vec::new();
    for (at, service) in services.iter().enumerate() {
        let own = id(service);
        let place = contract.at(&format!("/services/{at}"));
        for (keys, others, is_need) in [(NEEDS, NEEDED_BY, true), (NEEDED_BY, NEEDS, false)] {
            for other in named(service, keys).unwrap_or_default() {
                let Some(target) = known.get(other) else {
                    let message = format!("`{own}` names `{other}`, which is no service");
                    report.push(Finding::new(&rules::DEPENDENCY_UNKNOWN, place.clone(), message));
                    continue;
                };
                let back = named(target, others);
                if back.is_some_and(|back| !back.contains(&own.as_str())) {
                    let message = format!("`{own}` names `{other}`, which does not name it back");
                    report.push(Finding::new(&rules::DEPENDENCY_UNKNOWN, place.clone(), message));
                }
                if is_need {
                    edges.push((own.clone(), other.to_owned()));
                }
            }
        }
    }
    circle(contract, "/services", &edges, report);
    !edges.is_empty()
}

/// Takes away what needs nothing until nothing changes: what is left is a circle, or needs one.
fn circle(source: &Source, pointer: &str, edges: &[(String, String)], report: &mut Report) {
    let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
    let mut needed_by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in edges {
        *waiting.entry(from).or_default() += 1;
        waiting.entry(to).or_default();
        needed_by.entry(to).or_default().push(from);
    }
    let mut ready: Vec<&str> =
        waiting.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
    while let Some(name) = ready.pop() {
        waiting.remove(name);
        for other in needed_by.get(name).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(other) {
                *count -= 1;
                if *count == 0 {
                    ready.push(other);
                }
            }
        }
    }
    if !waiting.is_empty() {
        let names: Vec<&str> = waiting.into_keys().collect();
        let message = format!("{} cannot start: they wait for each other", quoted(&names));
        report.push(Finding::new(&rules::DEPENDENCY_CYCLE, source.at(pointer), message));
    }
}
