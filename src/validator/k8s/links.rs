//! K8S09: what objects select or lead to is there.

use super::graph::{Graph, Selector};
use super::input::Inputs;
use super::object::{Object, text};
use crate::document::Node;
use crate::finding::Report;
use crate::finding::rules::k8s as rules;
use crate::validator::Context;

/// Services select pods, and the port that each sends to is open in all of them.
pub(super) fn services(inputs: &Inputs, _: &Context, report: &mut Report) {
    for render in inputs.renders() {
        let graph = Graph::of(&render.objects);
        for service in graph.of_kind("Service").filter(|service| service.group().is_empty()) {
            let Some(node) = service.root.pointer("/spec/selector") else { continue };
            let selector = Selector::of_labels(Some(node));
            if selector.is_empty() || text_at(&service.root, "/spec/type") == "ExternalName" {
                continue;
            }
            let mut makers = graph.selected(&service.namespace, &selector).peekable();
            if makers.peek().is_none() {
                let message = format!("selects {}, and no pod has these labels", selector.words());
                report.push(service.finding(
                    &rules::SERVICE_WITHOUT_PODS,
                    "/spec/selector",
                    &message,
                ));
                continue;
            }
            // A port that is missing in one is missing in all that the same template makes.
            for maker in makers.take(16) {
                for (index, port) in items(&service.root, "/spec/ports").iter().enumerate() {
                    if let Some(problem) = unresolved(port, maker) {
                        let pointer = format!("/spec/ports/{index}");
                        let finding =
                            service.finding(&rules::SERVICE_PORT_ABSENT, &pointer, &problem);
                        report.push(finding.actual(maker.title()));
                    }
                }
            }
        }
    }
}

/// Why a port of a Service leads nowhere in the pods of an object.
fn unresolved(port: &Node, maker: &Object) -> Option<String> {
    let target = port.get("targetPort").or_else(|| port.get("port"))?.scalar_text()?;
    let containers = maker.containers();
    let mut open = containers.iter().flat_map(|container| items(container.node, "/ports"));
    if target.parse::<u16>().is_ok() {
        return None;
    }
    (!open.any(|open| text(open, "name") == target)).then(|| {
        format!(
            "sends to the port named `{target}`, which the pods of {} do not have",
            maker.title()
        )
    })
}

/// Ingresses lead to Services that are rendered, on ports that those have.
pub(super) fn ingresses(inputs: &Inputs, _: &Context, report: &mut Report) {
    for render in inputs.renders() {
        let graph = Graph::of(&render.objects);
        for ingress in graph.of_kind("Ingress") {
            ingress.root.walk(&mut |pointer, node| {
                let (name, port) = (text(node, "name"), node.get("port"));
                let Some(port) = port.filter(|_| pointer.ends_with("/service") && !name.is_empty())
                else {
                    return;
                };
                let Some(service) = graph.find("Service", &ingress.namespace, name) else {
                    let message = format!("leads to Service `{name}`, which is not rendered");
                    report.push(ingress.finding(&rules::INGRESS_BACKEND_ABSENT, pointer, &message));
                    return;
                };
                let wanted = port.get("name").or_else(|| port.get("number"));
                let Some(wanted) = wanted.and_then(Node::scalar_text) else { return };
                let has = items(&service.root, "/spec/ports").iter().any(|one| {
                    text(one, "name") == wanted
                        || one.get("port").and_then(Node::scalar_text) == Some(wanted.clone())
                });
                if !has {
                    let message = format!(
                        "leads to port `{wanted}` of {}, which has none such",
                        service.title()
                    );
                    report.push(ingress.finding(&rules::INGRESS_BACKEND_ABSENT, pointer, &message));
                }
            });
        }
    }
}

/// Policies and budgets that select no pod protect nothing.
pub(super) fn selecting(inputs: &Inputs, _: &Context, report: &mut Report) {
    for render in inputs.renders() {
        let graph = Graph::of(&render.objects);
        if graph.keepers().next().is_none() {
            continue;
        }
        for (kind, pointer) in
            [("NetworkPolicy", "/spec/podSelector"), ("PodDisruptionBudget", "/spec/selector")]
        {
            for object in graph.of_kind(kind) {
                let Some(node) = object.root.pointer(pointer) else { continue };
                let selector = Selector::parse(node);
                if !selector.is_empty()
                    && graph.selected(&object.namespace, &selector).next().is_none()
                {
                    let message =
                        format!("selects {}, and no pod has these labels", selector.words());
                    report.push(object.finding(&rules::SELECTS_NOTHING, pointer, &message));
                }
            }
        }
    }
}

/// Monitors select what is there, and scrape a port that it has.
pub(super) fn monitors(inputs: &Inputs, _: &Context, report: &mut Report) {
    for render in inputs.renders() {
        let graph = Graph::of(&render.objects);
        for monitor in graph.of_kind("ServiceMonitor") {
            let Some(node) = monitor.root.pointer("/spec/selector") else { continue };
            // Services of other namespaces are not in the render.
            let elsewhere = monitor.root.pointer("/spec/namespaceSelector").is_some();
            let selector = Selector::parse(node);
            if selector.is_empty() || elsewhere {
                continue;
            }
            let found: Vec<_> = graph.services(&monitor.namespace, &selector).take(16).collect();
            if found.is_empty() {
                let message =
                    format!("selects {}, and no Service has these labels", selector.words());
                report.push(monitor.finding(
                    &rules::MONITOR_SELECTS_NOTHING,
                    "/spec/selector",
                    &message,
                ));
            }
            for (index, endpoint) in items(&monitor.root, "/spec/endpoints").iter().enumerate() {
                let port = text(endpoint, "port");
                let has = found.iter().any(|service| {
                    items(&service.root, "/spec/ports").iter().any(|one| text(one, "name") == port)
                });
                if !port.is_empty() && !found.is_empty() && !has {
                    let message =
                        format!("scrapes the port `{port}`, which no selected Service has");
                    let pointer = format!("/spec/endpoints/{index}/port");
                    report.push(monitor.finding(
                        &rules::MONITOR_SELECTS_NOTHING,
                        &pointer,
                        &message,
                    ));
                }
            }
        }
        for monitor in graph.of_kind("PodMonitor") {
            let Some(node) = monitor.root.pointer("/spec/selector") else { continue };
            let elsewhere = monitor.root.pointer("/spec/namespaceSelector").is_some();
            let selector = Selector::parse(node);
            if !selector.is_empty()
                && !elsewhere
                && graph.selected(&monitor.namespace, &selector).next().is_none()
            {
                let message = format!("selects {}, and no pod has these labels", selector.words());
                report.push(monitor.finding(
                    &rules::MONITOR_SELECTS_NOTHING,
                    "/spec/selector",
                    &message,
                ));
            }
        }
    }
}

pub(super) fn items<'a>(node: &'a Node, pointer: &str) -> &'a [Node] {
    node.pointer(pointer).map(Node::items).unwrap_or_default()
}

pub(super) fn text_at<'a>(node: &'a Node, pointer: &str) -> &'a str {
    node.pointer(pointer).and_then(Node::as_str).unwrap_or_default()
}
