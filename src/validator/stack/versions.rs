//! STK09, STK20, X2: one version of the release, one version of Kubernetes.

use super::images::read;
use super::input::Inputs;
use super::layout;
use super::references::Role;
use super::source::{Kind, Source};
use crate::finding::rules::stack::versions as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;
use crate::version::Version;

/// The cause that claims of another Kubernetes version share.
const KUBERNETES: &str = "stack-kubernetes";

/// Holds pin list and pin freeze against the chart.
pub(super) fn release(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some((chart, path)) = main_chart(inputs) else {
        report.skipped(
            "stack-versions",
            layout::PINS,
            "the tree has no single chart to compare with",
        );
        return;
    };
    let version = chart.text("/version").unwrap_or_default();
    let app = chart.root.get("appVersion").and_then(|node| node.scalar_text());
    let app = app.as_deref().unwrap_or(version);
    let stated = [
        (layout::PINS, "/versions/chart", version),
        (layout::PINS, "/versions/app", app),
        (layout::FREEZE, "/release", version),
    ];
    let (mut agreeing, mut different) = (0, 0);
    for (document, pointer, expected) in stated {
        let Some(source) = inputs.document(document) else { continue };
        let Some(found) = source.root.pointer(pointer).and_then(|node| node.scalar_text()) else {
            continue;
        };
        if plain(&found) == plain(expected) {
            agreeing += 1;
            continue;
        }
        different += 1;
        let message = format!("says {found}; the chart in `{path}` says {expected}");
        let finding = Finding::new(&rules::VERSION_DIFFERS, source.at(pointer), message);
        report.push(finding.declared(found).actual(expected));
    }
    if agreeing > 0 && different == 0 {
        report.passed("stack-versions", path, format!("{agreeing} statements say {version}"));
    } else if different == 0 {
        report.skipped("stack-versions", layout::PINS, "no pin list states a version");
    }
}

/// The chart that is released: the only one, or the one of the profiles' components.
fn main_chart<'a>(inputs: &'a Inputs<'_>) -> Option<(&'a Source, &'a str)> {
    let is_chart = |source: &&Source| {
        layout::name_of(&source.path) == "Chart.yaml"
            && source.path.matches("/charts/").count() <= 1
    };
    let all: Vec<&Source> = inputs.documents.iter().filter(is_chart).collect();
    match all.as_slice() {
        [only] => Some((only, &only.path)),
        several => {
            let stack = inputs.document(layout::STACK)?;
            let mut named = Vec::new();
            stack.root.walk(&mut |_, node| named.extend(node.as_str()));
            let chart = several.iter().find(|source| named.contains(&source.path.as_str()))?;
            Some((chart, &chart.path))
        }
    }
}

fn plain(version: &str) -> &str {
    version.strip_prefix('v').unwrap_or(version)
}

/// Holds the versions of Kubernetes that are claimed against the clusters' node images.
pub(super) fn kubernetes(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let nodes: Vec<(&str, crate::finding::Location)> = read(inputs)
        .filter(|(reference, _)| reference.role == Role::Node)
        .filter_map(|(reference, image)| Some((image.tag()?, reference.location.clone())))
        .collect();
    let mut versions: Vec<&str> = nodes.iter().map(|(tag, _)| plain(tag)).collect();
    versions.sort_unstable();
    versions.dedup();
    let Some(first) = versions.first() else {
        report.skipped("kubernetes-version", "ops/stack", "no cluster names its node image");
        return;
    };
    let before = report.findings().len();
    pinned_version(inputs, &versions, report);
    let claims = inputs.claims.iter().filter(|claim| claim.name == "kubernetes");
    for claim in claims.clone() {
        if !versions.contains(&plain(&claim.version)) {
            let message =
                format!("claims {}; the clusters run {}", claim.version, versions.join(", "));
            let finding = Finding::new(&rules::KUBERNETES_DIFFERS, claim.location.clone(), message);
            report.push(finding.declared(&claim.version).actual(first).caused_by(KUBERNETES));
        }
    }
    report.headline(KUBERNETES, format!("evidence was taken on another Kubernetes than {first}"));
    for source in
        inputs.documents.iter().filter(|source| layout::name_of(&source.path) == "Chart.yaml")
    {
        let range = source.text("/kubeVersion").unwrap_or_default();
        for (tag, place) in &nodes {
            if plain(tag).parse().is_ok_and(|version| is_below(&version, range)) {
                let message =
                    format!("runs {tag}; the chart in `{}` asks for {range}", source.path);
                let finding = Finding::new(&rules::KUBERNETES_DIFFERS, place.clone(), message);
                report.push(finding.declared(*tag).actual(range));
            }
        }
    }
    if report.findings().len() == before {
        let detail = format!("{} nodes, {} claims", nodes.len(), claims.count());
        report.passed("kubernetes-version", "ops/stack", detail);
    }
}

fn pinned_version(inputs: &Inputs<'_>, versions: &[&str], report: &mut Report) {
    let Some(pins) = inputs.document(layout::PINS) else { return };
    let Some(pinned) = pins.text("/versions/kubernetes") else { return };
    let others: Vec<&str> = versions.iter().filter(|one| **one != plain(pinned)).copied().collect();
    if !others.is_empty() {
        let message = format!("Kubernetes {pinned} is pinned; clusters run {}", others.join(", "));
        let finding =
            Finding::new(&rules::KUBERNETES_DIFFERS, pins.at("/versions/kubernetes"), message);
        report.push(finding.declared(pinned).actual(others.join(", ")));
    }
}

/// Tells whether a version lies below the lower bound of a range; other bounds are not read here.
fn is_below(version: &Version, range: &str) -> bool {
    range.split([' ', ',']).filter(|part| !part.is_empty()).any(|part| {
        let bound = part.strip_prefix(">=").or_else(|| part.strip_prefix('^'));
        let bound = bound.map(|bound| bound.trim_end_matches("-0"));
        bound
            .and_then(|bound| bound.parse::<Version>().ok())
            .is_some_and(|bound| bound.is_after(version))
    })
}

/// Refuses nodes whose image is left to the installed kind.
pub(super) fn nodes(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    for source in inputs.of_kind(Kind::Cluster) {
        let nodes = source.items("/nodes");
        let absent = nodes.iter().filter(|node| node.get("image").is_none()).count();
        if absent > 0 || nodes.is_empty() {
            let count = absent.max(1);
            let message = format!("{count} of the cluster's nodes have no image");
            let at = if nodes.is_empty() { "" } else { "/nodes" };
            report.push(Finding::new(&rules::NODE_DEFAULTED, source.at(at), message));
        }
    }
}
