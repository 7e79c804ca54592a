//! OBS05 with the rendered objects: a matcher that asks for a container by the name of something else.

use std::collections::BTreeSet;

use super::input::Inputs;
use super::promql::{MatchKind, Matcher};
use super::query::{Query, collect};
use crate::document::{Document, Limits, Node};
use crate::finding::rules::observe as rules;
use crate::finding::{Finding, Report};
use crate::path::RelPath;
use crate::tree::Tree;
use crate::validator::Context;

/// Where a tree keeps what it renders.
const RENDERED: &str = "ops/k8s/rendered";
/// The exporters whose series carry the name of a container.
const EXPORTERS: [&str; 2] = ["kube_pod_", "container_"];

/// What rendered workloads are called.
#[derive(Default)]
struct Names {
    containers: BTreeSet<String>,
    /// Objects and applications.
    others: BTreeSet<String>,
}

/// Every container that an expression asks for by name is one that is rendered. A name that nothing
/// of the release has is somebody else's, and not judged.
pub(super) fn containers(tree: &Tree, inputs: &Inputs, context: &Context, report: &mut Report) {
    let queries = collect(inputs);
    let asked: Vec<(&Query, String, &Matcher)> = queries.iter().flat_map(asked_by).collect();
    if asked.is_empty() {
        return;
    }
    let Some(names) = names(tree, context) else {
        let why = "nothing is rendered that containers could be looked up in";
        return report.skipped("containers", "ops/observe", why);
    };
    let mut told = BTreeSet::new();
    for (query, metric, matcher) in asked {
        let is_there = names.containers.iter().any(|name| matcher.fits(name));
        let of_release = names.others.contains(&matcher.value);
        if is_there || !of_release || !told.insert((query.location.clone(), &matcher.value)) {
            continue;
        }
        let message = format!("{} asks `{metric}` for a `container` that no pod has", query.owner);
        let finding =
            Finding::new(&rules::MATCHER_VALUE_IMPOSSIBLE, query.location.clone(), message);
        let known = names.containers.iter().cloned().collect::<Vec<_>>().join(", ");
        report.push(finding.declared(&matcher.value).actual(known));
    }
}

fn asked_by(query: &Query) -> Vec<(&Query, String, &Matcher)> {
    let Ok(expr) = &query.expr else { return Vec::new() };
    let mut asked = Vec::new();
    for selector in expr.selectors() {
        let Some(metric) = &selector.metric else { continue };
        if !EXPORTERS.iter().any(|exporter| metric.starts_with(exporter)) {
            continue;
        }
        let named = selector.matchers.iter().filter(|matcher| {
            matcher.label == "container"
                && matcher.kind == MatchKind::Equal
                && !matcher.value.is_empty()
        });
        asked.extend(named.map(|matcher| (query, metric.clone(), matcher)));
    }
    asked
}

fn names(tree: &Tree, context: &Context) -> Option<Names> {
    let own: RelPath = RENDERED.parse().expect("a fixed path is portable");
    let (tree, below) = match &context.rendered {
        Some(given) => (given.folder.as_ref(), None),
        None => (tree, Some(&own)),
    };
    let mut names = Names::default();
    for entry in tree.list(below).ok()?.files {
        let Ok(bytes) = tree.read(&entry.path, Limits::GOVERNED.bytes) else { continue };
        let Ok(document) = Document::parse(&entry.path, &bytes, Limits::GOVERNED) else { continue };
        document.roots.iter().for_each(|root| take(root, &mut names));
    }
    (!names.containers.is_empty()).then_some(names)
}

fn take(root: &Node, names: &mut Names) {
    let text = |pointer: &str| root.pointer(pointer).and_then(Node::as_str).map(str::to_owned);
    names.others.extend(text("/metadata/name"));
    names.others.extend(text("/metadata/labels/app.kubernetes.io~1name"));
    for pods in ["/spec/template/spec", "/spec/jobTemplate/spec/template/spec", "/spec"] {
        for key in ["containers", "initContainers"] {
            let list = root.pointer(&format!("{pods}/{key}")).map(Node::items).unwrap_or_default();
            let named = list.iter().filter_map(|one| one.get("name").and_then(Node::as_str));
            names.containers.extend(named.map(str::to_owned));
        }
    }
}
