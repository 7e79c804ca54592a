//! K8S10, K8S11, X16: autoscalers and disruption budgets.

use std::collections::BTreeMap;

use super::graph::{Graph, Selector};
use super::input::{CEILINGS, Inputs, Profile, STACK_REGISTRY};
use super::object::{Controller, Object, text};
use crate::document::Node;
use crate::finding::rules::k8s as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

/// Autoscalers scale the controller that owns the pods, and nothing else sets its number.
pub(super) fn autoscalers(inputs: &Inputs, _: &Context, report: &mut Report) {
    for render in inputs.renders() {
        let graph = Graph::of(&render.objects);
        for scaler in graph.of_kind("HorizontalPodAutoscaler") {
            let Some(target) = scaler.root.pointer("/spec/scaleTargetRef") else { continue };
            let (kind, name) = (text(target, "kind"), text(target, "name"));
            let found = graph.find(kind, &scaler.namespace, name);
            bounds(scaler, report);
            let Some(found) = found else {
                let message = format!("scales {kind} `{name}`, which is not rendered");
                let finding =
                    scaler.finding(&rules::AUTOSCALER_TARGET, "/spec/scaleTargetRef", &message);
                report.push(finding.declared(format!("{kind}/{name}")));
                continue;
            };
            if let Some(rival) = rival(&graph, found) {
                let message = format!(
                    "scales {}, and {} runs the same pods: the load is carried by one and measured over both",
                    found.title(),
                    rival.title()
                );
                let finding =
                    scaler.finding(&rules::AUTOSCALER_TARGET, "/spec/scaleTargetRef", &message);
                report.push(finding.declared(format!("{kind}/{name}")).actual(rival.title()));
            }
            if let Some(replicas) = found.root.pointer("/spec/replicas") {
                let message = format!(
                    "sets `replicas`, which {} owns: every upgrade throws its number away",
                    scaler.title()
                );
                let finding = found.finding(&rules::AUTOSCALER_FOUGHT, "/spec/replicas", &message);
                report.push(finding.actual(replicas.scalar_text().unwrap_or_default()));
            }
            requests(scaler, found, report);
        }
    }
}

/// Another controller of another kind that claims the target's pods.
fn rival<'a>(graph: &Graph<'a>, target: &'a Object) -> Option<&'a Object> {
    let selector = Selector::parse(target.root.pointer("/spec/selector")?);
    if selector.is_empty() {
        return None;
    }
    let mut others = graph.selected(&target.namespace, &selector);
    others.find(|other| {
        other.controller() == Some(Controller::Keeps)
            && other.kind != target.kind
            && other.root.pointer("/spec/workloadRef").is_none()
    })
}

fn bounds(scaler: &Object, report: &mut Report) {
    let number = |key: &str| scaler.root.pointer(key).and_then(Node::as_i64);
    let (least, most) = (number("/spec/minReplicas").unwrap_or(1), number("/spec/maxReplicas"));
    if most.is_some_and(|most| most < least) {
        let message = "allows fewer replicas at most than at least";
        report.push(scaler.finding(&rules::AUTOSCALER_TARGET, "/spec/maxReplicas", message));
    }
}

/// A share of what was requested needs a request.
fn requests(scaler: &Object, target: &Object, report: &mut Report) {
    let metrics = scaler.root.pointer("/spec/metrics").map(Node::items).unwrap_or_default();
    for (index, metric) in metrics.iter().enumerate() {
        let Some(resource) = metric.get("resource") else { continue };
        let is_share =
            resource.pointer("/target/type").and_then(Node::as_str) == Some("Utilization");
        let name = text(resource, "name");
        let lacking =
            target.containers().into_iter().filter(|one| !one.is_init).find(|container| {
                container.node.pointer(&format!("/resources/requests/{name}")).is_none()
                    && container.node.pointer(&format!("/resources/limits/{name}")).is_none()
            });
        if let Some(container) = lacking.filter(|_| is_share) {
            let message = format!(
                "scales by the share of requested {name}, and container `{}` of {} requests none",
                container.name,
                target.title()
            );
            let pointer = format!("/spec/metrics/{index}");
            report.push(scaler.finding(&rules::AUTOSCALER_BLIND, &pointer, &message));
        }
    }
}

/// Budgets that let no pod go: a node can then never be drained.
pub(super) fn disruption_budgets(inputs: &Inputs, _: &Context, report: &mut Report) {
    for render in inputs.renders() {
        let graph = Graph::of(&render.objects);
        let scaled = scaled(&graph);
        for budget in graph.of_kind("PodDisruptionBudget") {
            let Some(selector) = budget.root.pointer("/spec/selector") else { continue };
            let selector = Selector::parse(selector);
            let keepers = graph
                .selected(&budget.namespace, &selector)
                .filter(|object| object.controller() == Some(Controller::Keeps));
            let counts: Vec<u64> = keepers.map(|object| least(&scaled, object)).collect();
            let pods: u64 = counts.iter().sum();
            if pods == 0 {
                continue;
            }
            for (key, allows) in [
                (
                    "minAvailable",
                    share(&budget.root, "/spec/minAvailable", pods, true)
                        .map(|kept| pods.saturating_sub(kept)),
                ),
                ("maxUnavailable", share(&budget.root, "/spec/maxUnavailable", pods, true)),
            ] {
                if allows == Some(0) {
                    let message = format!(
                        "lets no pod go while there are {pods}: a node that runs one can never be drained"
                    );
                    let pointer = format!("/spec/{key}");
                    let stated = budget.root.pointer(&pointer).and_then(Node::scalar_text);
                    let finding = budget.finding(&rules::BUDGET_BLOCKS, &pointer, &message);
                    report.push(
                        finding
                            .declared(stated.unwrap_or_default())
                            .actual(format!("{pods} replicas")),
                    );
                }
            }
        }
    }
}

/// Which number an autoscaler sets at least, by the object that it scales.
fn scaled<'a>(graph: &Graph<'a>) -> BTreeMap<(&'a str, &'a str, &'a str), u64> {
    let scalers = graph.of_kind("HorizontalPodAutoscaler").filter_map(|scaler| {
        let target = scaler.root.pointer("/spec/scaleTargetRef")?;
        let least = scaler.root.pointer("/spec/minReplicas").and_then(Node::as_u64).unwrap_or(1);
        Some(((text(target, "kind"), &*scaler.namespace, text(target, "name")), least))
    });
    scalers.collect()
}

/// The fewest pods that a controller runs.
fn least(scaled: &BTreeMap<(&str, &str, &str), u64>, object: &Object) -> u64 {
    let key = (&*object.kind, &*object.namespace, &*object.name);
    match scaled.get(&key) {
        Some(least) => *least,
        None => object.root.pointer("/spec/replicas").and_then(Node::as_u64).unwrap_or(1),
    }
}

/// A number or a share of pods; shares are rounded up, as the eviction API does.
fn share(root: &Node, pointer: &str, pods: u64, up: bool) -> Option<u64> {
    let stated = root.pointer(pointer)?.scalar_text()?;
    match stated.strip_suffix('%') {
        None => stated.parse().ok(),
        Some(percent) => {
            let hundredths = percent.parse::<u64>().ok()?.saturating_mul(pods);
            Some(if up { hundredths.div_ceil(100) } else { hundredths / 100 })
        }
    }
}

/// The most replicas of a profile against what the policy allows its class.
pub(super) fn ceilings(inputs: &Inputs, _: &Context, report: &mut Report) {
    let Some(policy) = inputs.document(CEILINGS) else { return };
    let Some(classes) = policy.root.get("max_replicas_by_class") else { return };
    for profile in inputs.profiles() {
        let Some(class) = class_of(inputs, &profile, classes) else { continue };
        let Some(ceiling) = classes.get(class).and_then(Node::as_u64) else { continue };
        let mut over = |finding: Finding, most: u64| {
            if most > ceiling {
                report.push(
                    finding.declared(most).actual(format!("{ceiling} for the class `{class}`")),
                );
            }
        };
        let message = format!("scales further than `{CEILINGS}` allows");
        let scalers = profile.render.iter().flat_map(|render| &render.objects);
        let scalers: Vec<_> = scalers.filter(|one| one.kind == "HorizontalPodAutoscaler").collect();
        for scaler in &scalers {
            let most = scaler.root.pointer("/spec/maxReplicas").and_then(Node::as_u64);
            let finding = scaler.finding(&rules::AUTOSCALER_CEILING, "/spec/maxReplicas", &message);
            over(finding, most.unwrap_or_default());
        }
        let on = |path: &str| super::values::at_path(profile.merged.as_ref()?, path);
        if scalers.is_empty()
            && on("hpa.enabled").and_then(Node::as_bool) == Some(true)
            && let Some((values, most)) = profile.values.zip(on("hpa.maxReplicas"))
        {
            let finding =
                Finding::new(&rules::AUTOSCALER_CEILING, values.at("/hpa/maxReplicas"), &*message);
            over(finding, most.as_u64().unwrap_or_default());
        }
    }
}

/// The class of a profile: what the registry says, or else the class that is named as its use.
fn class_of<'a>(inputs: &'a Inputs, profile: &Profile<'a>, classes: &'a Node) -> Option<&'a str> {
    let registry = inputs.document(STACK_REGISTRY);
    let mut rows = registry.into_iter().flat_map(|source| source.rows("/profiles"));
    let row = rows.find(|(_, row)| super::input::profile_name(row) == Some(profile.name));
    if let Some((_, row)) = row {
        return row.get("class").and_then(Node::as_str);
    }
    let used =
        profile.demands().map(|row| row.text("intendedUse")).find(|text| !text.is_empty())?;
    classes.get(used).map(|_| used)
}
