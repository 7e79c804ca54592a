//! OBS25: a sample trace has the root, the spans and the tree of its contract.

use std::collections::{BTreeMap, BTreeSet};

use super::input::{Inputs, Source};
use super::layout::Role;
use super::metrics::texts;
use super::query::text_of;
use crate::document::Node;
use crate::finding::rules::observe as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// The deepest tree that is compared.
const MAX_DEPTH: usize = 32;

/// Holds every sample trace against every trace contract.
pub(super) fn samples(inputs: &Inputs, _: &Context, report: &mut Report) {
    let is_judged = |source: &&Source| source.is_own && !source.path().contains("/goldens/");
    let contracts: Vec<&Source> = inputs.of(Role::TraceContract).filter(is_judged).collect();
    let samples: Vec<&Source> =
        inputs.of(Role::TraceSample).filter(|source| source.is_own).collect();
    if samples.is_empty() || contracts.is_empty() {
        report.skipped(
            "trace-sample",
            "ops/observe",
            "there is no sample trace, or no contract to hold it against",
        );
        return;
    }
    for sample in samples {
        for contract in &contracts {
            judge(sample, contract, report);
        }
    }
}

fn judge(sample: &Source, contract: &Source, report: &mut Report) {
    let spans: Vec<(Location, &Node)> = sample.items("spans").collect();
    let mut wrong = |location: Location, message: String| {
        report.push(
            Finding::new(&rules::TRACE_SAMPLE_DIFFERS, location, message).declared(contract.path()),
        );
    };
    let is_root = |node: &Node| text_of(node, "parent_span_id").is_none_or(str::is_empty);
    let roots: Vec<&(Location, &Node)> = spans.iter().filter(|(_, node)| is_root(node)).collect();
    let [(place, root)] = roots.as_slice() else {
        wrong(sample.at("/spans"), format!("the trace has {} roots; expected one", roots.len()));
        return;
    };
    let name = contract.text("/required_root/name").unwrap_or_default();
    if text_of(root, "name") != Some(name) {
        wrong(place.clone(), format!("its root is not `{}`", name.escape_debug()));
    }
    let attributes = root.get("attributes");
    let required =
        contract.root.pointer("/required_root/required_attributes").map(texts).unwrap_or_default();
    for attribute in
        required.iter().filter(|one| attributes.and_then(|node| node.get(one)).is_none())
    {
        wrong(
            place.clone(),
            format!("its root lacks the attribute `{}`", attribute.escape_debug()),
        );
    }
    let names: BTreeSet<&str> =
        spans.iter().filter_map(|(_, node)| text_of(node, "name")).collect();
    for span in contract.root.get("required_spans").map(texts).unwrap_or_default() {
        if !names.contains(span.as_str()) {
            wrong(sample.at("/spans"), format!("the span `{}` is missing", span.escape_debug()));
        }
    }
    let forbidden = contract.root.get("forbidden_attributes").map(texts).unwrap_or_default();
    let ids: BTreeSet<&str> =
        spans.iter().filter_map(|(_, node)| text_of(node, "span_id")).collect();
    let mut children: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
    for (place, node) in &spans {
        for entry in node.get("attributes").map(Node::entries).unwrap_or_default() {
            if forbidden.contains(&entry.key) {
                wrong(
                    place.clone(),
                    format!("the attribute `{}` is forbidden", entry.key.escape_debug()),
                );
            }
        }
        let time = |key: &str| node.get(key).and_then(Node::as_f64);
        if let (Some(start), Some(end)) = (time("start_us"), time("end_us"))
            && end < start
        {
            wrong(place.clone(), "the span ends before it begins".to_owned());
        }
        if let Some(parent) = text_of(node, "parent_span_id").filter(|parent| !parent.is_empty()) {
            if !ids.contains(parent) {
                wrong(
                    place.clone(),
                    format!("its parent `{}` is no span of the trace", parent.escape_debug()),
                );
            }
            children.entry(parent).or_default().push(node);
        }
    }
    if let Some(tree) = contract.root.get("tree")
        && let Some(problem) = differs(root, tree, &children, 0)
    {
        wrong(place.clone(), problem);
    }
}

/// The first place at which the tree of a trace is another one.
fn differs(
    span: &Node,
    tree: &Node,
    children: &BTreeMap<&str, Vec<&Node>>,
    depth: usize,
) -> Option<String> {
    if depth > MAX_DEPTH {
        return Some(format!("the tree is deeper than {MAX_DEPTH} spans"));
    }
    let below = text_of(span, "span_id")
        .and_then(|id| children.get(id))
        .map(Vec::as_slice)
        .unwrap_or_default();
    let expected = tree.get("children").map(Node::items).unwrap_or_default();
    for branch in expected {
        let name = text_of(branch, "name").unwrap_or_default();
        let Some(child) = below.iter().find(|child| text_of(child, "name") == Some(name)) else {
            let parent = text_of(span, "name").unwrap_or_default();
            return Some(format!(
                "`{}` is not below `{}`",
                name.escape_debug(),
                parent.escape_debug()
            ));
        };
        if let Some(problem) = differs(child, branch, children, depth + 1) {
            return Some(problem);
        }
    }
    None
}
