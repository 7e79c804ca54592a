//! K8S07, K8S08, K8S12: controllers, the pods they claim, and whether a rollout can progress.

use std::collections::BTreeSet;

use super::graph::{Graph, Selector, pod_labels};
use super::input::Inputs;
use super::object::{Object, text};
use crate::document::Node;
use crate::finding::Report;
use crate::finding::rules::k8s as rules;
use crate::validator::Context;

/// Two controllers that claim each other's pods: each counts, scales and deletes what the other made.
pub(super) fn shared_selectors(inputs: &Inputs, _: &Context, report: &mut Report) {
    for render in inputs.renders() {
        let graph = Graph::of(&render.objects);
        let mut seen: BTreeSet<(&str, &str, &str, &str)> = BTreeSet::new();
        for object in graph.keepers() {
            let Some(node) = object.root.pointer("/spec/selector") else { continue };
            let selector = selector_of(object, node);
            if selector.is_empty() {
                continue;
            }
            let keeps = |other: &&Object| {
                !std::ptr::eq(*other, object)
                    && other.controller() == object.controller()
                    && !is_reference(other)
            };
            // One other is enough to say what is wrong with this one.
            let Some(other) = graph.selected(&object.namespace, &selector).find(keeps) else {
                continue;
            };
            let pair = (&*other.kind, &*other.name, &*object.kind, &*object.name);
            let reverse = (pair.2, pair.3, pair.0, pair.1);
            if is_reference(object) || seen.contains(&reverse) || !seen.insert(pair) {
                continue;
            }
            // The pair is told once, at the one that came second: it is the one that was added.
            let line = |one: &Object| one.location.position.map(|position| position.line);
            let (at, with) =
                if line(other) <= line(object) { (object, other) } else { (other, object) };
            let message = format!("selects the pods of {} too: {}", with.title(), selector.words());
            let finding = at.finding(&rules::CONTROLLERS_SHARE_PODS, "/spec/selector", &message);
            report.push(finding.actual(with.title()));
        }
    }
}

/// A Rollout that takes its pods from a Deployment by name, and scales that one down.
fn is_reference(object: &Object) -> bool {
    object.root.pointer("/spec/workloadRef").is_some()
}

fn selector_of<'a>(object: &'a Object, node: &'a Node) -> Selector<'a> {
    if object.kind == "ReplicationController" {
        Selector::of_labels(Some(node))
    } else {
        Selector::parse(node)
    }
}

/// A selector that does not select the pods of its own template.
pub(super) fn selector_matches(inputs: &Inputs, _: &Context, report: &mut Report) {
    for object in inputs.renders().flat_map(|render| &render.objects) {
        let is_keeper = object.controller() == Some(super::object::Controller::Keeps);
        let node = object.root.pointer("/spec/selector");
        let Some(node) = node.filter(|_| is_keeper && object.pod().is_some()) else { continue };
        let selector = selector_of(object, node);
        if selector.is_empty() {
            let message = "has an empty selector: it claims every pod of the namespace";
            report.push(object.finding(&rules::SELECTOR_MISMATCH, "/spec/selector", message));
        } else if !selector.matches(pod_labels(object)) {
            let message =
                format!("selects {}, which its own template does not have", selector.words());
            report.push(object.finding(&rules::SELECTOR_MISMATCH, "/spec/selector", &message));
        }
    }
}

/// An update that may take no pod away and add none never begins.
pub(super) fn update_progresses(inputs: &Inputs, _: &Context, report: &mut Report) {
    for object in inputs.renders().flat_map(|render| &render.objects) {
        let pointer = match object.kind.as_str() {
            "Deployment" => "/spec/strategy/rollingUpdate",
            "DaemonSet" => "/spec/updateStrategy/rollingUpdate",
            "Rollout" => "/spec/strategy/canary",
            _ => continue,
        };
        let Some(node) = object.root.pointer(pointer) else { continue };
        // The defaults: a quarter of the pods, for a DaemonSet one away and none more.
        let surge_default = if object.kind == "DaemonSet" { "0" } else { "25%" };
        let is_zero = |key: &str, default: &str| {
            let stated = node.get(key).and_then(Node::scalar_text);
            let value = stated.as_deref().unwrap_or(default);
            value.trim_end_matches('%').parse::<f64>().is_ok_and(|number| number == 0.0)
        };
        if is_zero("maxUnavailable", "25%") && is_zero("maxSurge", surge_default) {
            let message = "may take no pod away (`maxUnavailable` 0) and add none (`maxSurge` 0)";
            report.push(object.finding(&rules::UPDATE_STUCK, pointer, message));
        }
    }
}

/// In production, a Deployment that does not say when an update has failed.
pub(super) fn progress_deadline(inputs: &Inputs, _: &Context, report: &mut Report) {
    for profile in inputs.profiles() {
        if !inputs.is_judged_as_production(&profile) {
            continue;
        }
        let objects = profile.render.map(|render| render.objects.as_slice()).unwrap_or_default();
        for object in objects.iter().filter(|one| matches!(&*one.kind, "Deployment" | "Rollout")) {
            let deadline = object.root.pointer("/spec/progressDeadlineSeconds");
            let history = object.root.pointer("/spec/revisionHistoryLimit");
            if deadline.is_none() && inputs.has_profiles() {
                let message = "does not say after how long an update has failed";
                report.push(object.finding(&rules::PROGRESS_DEADLINE_UNSET, "/spec", message));
            }
            if history.and_then(Node::as_u64) == Some(0) {
                let message = "keeps no revision to go back to";
                let pointer = "/spec/revisionHistoryLimit";
                report.push(object.finding(&rules::HISTORY_NOT_KEPT, pointer, message));
            }
        }
    }
}

/// Readiness and liveness of pods that something sends requests to.
pub(super) fn probes(inputs: &Inputs, _: &Context, report: &mut Report) {
    for render in inputs.renders() {
        let graph = Graph::of(&render.objects);
        let served = served(&graph);
        for object in graph.keepers() {
            for container in object.containers().into_iter().filter(|one| !one.is_init) {
                let probe =
                    |key: &str| container.node.get(key).filter(|node| !node.entries().is_empty());
                // A sidecar without ports is no part of what is served.
                let serves = served.contains(&std::ptr::from_ref(object))
                    && (container.node.get("ports").is_some() || object.containers().len() == 1);
                let called = format!("container `{}`", container.name);
                if serves && probe("readinessProbe").is_none() {
                    let message = format!(
                        "{called} gets requests from a Service before it is ready: no `readinessProbe`"
                    );
                    report.push(object.finding(
                        &rules::READINESS_MISSING,
                        &container.pointer,
                        &message,
                    ));
                }
                if serves && probe("livenessProbe").is_none() {
                    let message =
                        format!("{called} is never restarted when it hangs: no `livenessProbe`");
                    report.push(object.finding(
                        &rules::LIVENESS_MISSING,
                        &container.pointer,
                        &message,
                    ));
                }
                if let Some(ready) = probe("readinessProbe")
                    && probe("livenessProbe").is_some_and(|live| same_check(ready, live))
                {
                    let message = format!("{called} asks the same of readiness and of liveness");
                    let pointer = format!("{}/readinessProbe", container.pointer);
                    report.push(object.finding(&rules::PROBES_EQUAL, &pointer, &message));
                }
                for key in ["startupProbe", "readinessProbe", "livenessProbe"] {
                    if let Some(port) =
                        probe(key).and_then(|probe| absent_port(container.node, probe))
                    {
                        let message =
                            format!("{called} has no port named `{port}` for its `{key}`");
                        let pointer = format!("{}/{key}", container.pointer);
                        report.push(object.finding(&rules::PROBE_PORT_ABSENT, &pointer, &message));
                    }
                }
            }
        }
    }
}

/// The objects whose pods a Service selects.
fn served<'a>(graph: &Graph<'a>) -> BTreeSet<*const Object> {
    let mut served = BTreeSet::new();
    for service in graph.of_kind("Service") {
        let selector = Selector::of_labels(service.root.pointer("/spec/selector"));
        if !selector.is_empty() {
            let makers = graph.selected(&service.namespace, &selector);
            served.extend(makers.map(std::ptr::from_ref));
        }
    }
    served
}

/// Whether two probes ask the same question; how often they ask it does not matter.
fn same_check(a: &Node, b: &Node) -> bool {
    ["httpGet", "tcpSocket", "exec", "grpc"].iter().any(|key| match (a.get(key), b.get(key)) {
        (Some(a), Some(b)) => a.to_canonical_json() == b.to_canonical_json() && *key == "httpGet",
        _ => false,
    })
}

/// The port that a probe names and the container does not have.
fn absent_port<'a>(container: &Node, probe: &'a Node) -> Option<&'a str> {
    let handler = ["httpGet", "tcpSocket"].iter().find_map(|key| probe.get(key))?;
    let port = handler.get("port")?.as_str().filter(|port| port.parse::<u16>().is_err())?;
    let ports = container.get("ports").map(Node::items).unwrap_or_default();
    (!ports.iter().any(|one| text(one, "name") == port)).then_some(port)
}
