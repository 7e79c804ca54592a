//! K8S09, K8S17, K8S18: what objects refer to, by label or by name, is there.

use std::collections::BTreeSet;

use super::graph::{Graph, Selector};
use super::input::{Inputs, Profile};
use super::object::{Object, text, words};
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

/// One thing that pods refer to by name.
struct Reference<'a> {
    pointer: String,
    kind: &'static str,
    name: &'a str,
    key: Option<&'a str>,
}

/// What pods refer to by name is rendered with them, or declared to come from elsewhere.
pub(super) fn references(inputs: &Inputs, _: &Context, report: &mut Report) {
    let external = external(inputs);
    for render in inputs.renders() {
        let graph = Graph::of(&render.objects);
        for object in &render.objects {
            for reference in references_of(object) {
                let Reference { pointer, kind, name, key } = &reference;
                let namespace = if *kind == "PriorityClass" {
                    &*graph_home(&graph, kind, name)
                } else {
                    &*object.namespace
                };
                if is_given(kind, name) || external.contains(*name) {
                    continue;
                }
                let Some(found) = graph.find(kind, namespace, name) else {
                    let message = format!(
                        "refers to {kind} `{name}`, which is neither rendered nor declared as external"
                    );
                    report.push(
                        object
                            .finding(&rules::REFERENCE_DANGLING, pointer, &message)
                            .declared(name),
                    );
                    continue;
                };
                let holds = |key: &str| {
                    ["data", "binaryData", "stringData"].iter().any(|part| {
                        found.root.get(part).is_some_and(|data| data.get(key).is_some())
                    })
                };
                if let Some(key) = key.filter(|key| !holds(key)) {
                    let message = format!(
                        "refers to the key `{key}` of {}, which has none such",
                        found.title()
                    );
                    report.push(
                        object.finding(&rules::REFERENCE_DANGLING, pointer, &message).declared(key),
                    );
                }
            }
        }
    }
}

/// The namespace under which a cluster-wide object was rendered.
fn graph_home(graph: &Graph<'_>, kind: &str, name: &str) -> String {
    let mut found = graph.objects.iter().filter(|one| one.kind == kind && one.name == name);
    found.next().map(|one| one.namespace.clone()).unwrap_or_default()
}

/// What every cluster has.
fn is_given(kind: &str, name: &str) -> bool {
    match kind {
        "ServiceAccount" => name == "default",
        "PriorityClass" => name.starts_with("system-"),
        "ConfigMap" => name == "kube-root-ca.crt",
        _ => false,
    }
}

/// Names that a document of the area declares to come from elsewhere: `external_objects` in the
/// install matrix, and what the values name as existing.
fn external(inputs: &Inputs) -> BTreeSet<String> {
    let matrix = inputs.document(super::input::MATRIX).map(|source| &source.root);
    let listed = matrix.and_then(|root| root.get("external_objects")).map(Node::items);
    let names = listed.unwrap_or_default().iter().map(|row| match row.as_str() {
        Some(name) => name.rsplit('/').next().unwrap_or(name).to_owned(),
        None => text(row, "name").to_owned(),
    });
    let mut found: BTreeSet<String> = names.collect();
    for profile in inputs.profiles() {
        if let Some(values) =
            profile.merged.as_ref().or_else(|| profile.values.map(|one| &one.root))
        {
            values.walk(&mut |pointer, node| {
                let key = pointer.rsplit('/').next().unwrap_or_default();
                let names_existing = key.starts_with("existing")
                    || ["SecretName", "ConfigMapName", "fromSecret"]
                        .iter()
                        .any(|end| key.ends_with(end));
                if let Some(name) = node.as_str().filter(|name| names_existing && !name.is_empty())
                {
                    found.insert(name.to_owned());
                }
            });
        }
    }
    found
}

fn references_of(object: &Object) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    let Some((spec, node)) = object.pod_spec() else { return found };
    for (key, kind) in
        [("serviceAccountName", "ServiceAccount"), ("priorityClassName", "PriorityClass")]
    {
        if let Some(name) = node.get(key).and_then(Node::as_str).filter(|name| !name.is_empty()) {
            found.push(Reference { pointer: format!("{spec}/{key}"), kind, name, key: None });
        }
    }
    for (index, volume) in items(node, "/volumes").iter().enumerate() {
        for (key, kind, named) in [
            ("configMap", "ConfigMap", "name"),
            ("secret", "Secret", "secretName"),
            ("persistentVolumeClaim", "PersistentVolumeClaim", "claimName"),
        ] {
            let Some(source) = volume.get(key).filter(|source| !is_optional(source)) else {
                continue;
            };
            let pointer = format!("{spec}/volumes/{index}/{key}");
            found.push(Reference { pointer, kind, name: text(source, named), key: None });
        }
    }
    for container in object.containers() {
        for (index, source) in items(container.node, "/envFrom").iter().enumerate() {
            for (key, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
                if let Some(named) = source.get(key).filter(|named| !is_optional(named)) {
                    let pointer = format!("{}/envFrom/{index}/{key}", container.pointer);
                    found.push(Reference { pointer, kind, name: text(named, "name"), key: None });
                }
            }
        }
        for (index, variable) in items(container.node, "/env").iter().enumerate() {
            for (key, kind) in [("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")] {
                let named = variable.pointer(&format!("/valueFrom/{key}"));
                if let Some(named) = named.filter(|named| !is_optional(named)) {
                    let pointer = format!("{}/env/{index}/valueFrom/{key}", container.pointer);
                    let wanted = named.get("key").and_then(Node::as_str);
                    found.push(Reference { pointer, kind, name: text(named, "name"), key: wanted });
                }
            }
        }
    }
    found.retain(|reference| !reference.name.is_empty());
    found
}

fn is_optional(node: &Node) -> bool {
    node.get("optional").and_then(Node::as_bool) == Some(true)
}

/// In production, every pod that is kept running is isolated, or the documents say that it is not.
pub(super) fn isolation(inputs: &Inputs, _: &Context, report: &mut Report) {
    for profile in
        inputs.profiles().iter().filter(|profile| inputs.is_judged_as_production(profile))
    {
        let Some(render) = profile.render else { continue };
        if network_mode(profile).is_some_and(|mode| mode == "disabled") || !inputs.has_profiles() {
            continue;
        }
        let graph = Graph::of(&render.objects);
        let mut isolated: BTreeSet<*const Object> = BTreeSet::new();
        for policy in graph.of_kind("NetworkPolicy") {
            let Some(node) = policy.root.pointer("/spec/podSelector") else { continue };
            let selector = Selector::parse(node);
            let makers = graph.selected(&policy.namespace, &selector);
            isolated.extend(makers.map(std::ptr::from_ref));
        }
        for object in graph.keepers() {
            if object.pod().is_some() && !isolated.contains(&std::ptr::from_ref(object)) {
                let message = "runs pods that no NetworkPolicy isolates";
                report.push(object.finding(&rules::POD_NOT_ISOLATED, "", message));
            }
        }
    }
}

/// What the documents demand of a profile's network.
fn network_mode<'a>(profile: &Profile<'a>) -> Option<&'a str> {
    profile.demands().map(|row| row.text("networkPolicyModeRequired")).find(|mode| !mode.is_empty())
}

/// A policy with an empty rule, or one for the whole world, isolates nothing in that direction.
pub(super) fn open_policies(inputs: &Inputs, _: &Context, report: &mut Report) {
    for profile in
        inputs.profiles().iter().filter(|profile| inputs.is_judged_as_production(profile))
    {
        for policy in profile.render.iter().flat_map(|render| &render.objects) {
            if policy.kind != "NetworkPolicy" || !inputs.has_profiles() {
                continue;
            }
            for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
                let rules_of = items(&policy.root, &format!("/spec/{direction}"));
                for (index, rule) in rules_of.iter().enumerate() {
                    let peers_of = rule.get(peers).map(Node::items).unwrap_or_default();
                    let world = peers_of.iter().any(|peer| {
                        let cidr = peer.pointer("/ipBlock/cidr").and_then(Node::as_str);
                        matches!(cidr, Some("0.0.0.0/0" | "::/0"))
                            && peer.pointer("/ipBlock/except").is_none()
                    });
                    // Without peers and without ports the rule is no rule; with ports it is narrow.
                    if world && rule.get("ports").is_none() || rule.entries().is_empty() {
                        let message = format!("lets all {direction} traffic pass");
                        let pointer = format!("/spec/{direction}/{index}");
                        report.push(policy.finding(&rules::POLICY_OPEN, &pointer, &message));
                    }
                }
            }
        }
    }
}

/// An Ingress in front of pods whose policy admits no namespace but their own: an ingress
/// controller lives in another one, and its requests are dropped.
pub(super) fn ingress_admitted(inputs: &Inputs, _: &Context, report: &mut Report) {
    for render in inputs.renders() {
        let graph = Graph::of(&render.objects);
        for ingress in graph.of_kind("Ingress") {
            let mut names = BTreeSet::new();
            ingress.root.walk(&mut |pointer, node| {
                if pointer.ends_with("/service") {
                    names.insert(text(node, "name"));
                }
            });
            let services =
                names.iter().filter_map(|name| graph.find("Service", &ingress.namespace, name));
            for service in services {
                let selector = Selector::of_labels(service.root.pointer("/spec/selector"));
                let Some(maker) = graph.selected(&service.namespace, &selector).next() else {
                    continue;
                };
                let Some(policy) = closing_policy(&graph, maker) else { continue };
                let message = format!(
                    "leads to {}, and {} admits no namespace of an ingress controller",
                    service.title(),
                    policy.title()
                );
                report.push(
                    ingress.finding(&rules::INGRESS_SHUT_OUT, "", &message).actual(policy.title()),
                );
            }
        }
    }
}

/// The policy that isolates a pod's ingress, when no rule admits a namespace that an ingress
/// controller could live in.
fn closing_policy<'a>(graph: &Graph<'a>, maker: &Object) -> Option<&'a Object> {
    let labels = super::graph::pod_labels(maker);
    let mut closing = None;
    for policy in graph.of_kind("NetworkPolicy").filter(|one| one.namespace == maker.namespace) {
        let selector = Selector::parse(policy.root.pointer("/spec/podSelector")?);
        let directs = words(policy.root.pointer("/spec/policyTypes")).any(|word| word == "Ingress");
        if !selector.matches(labels) || !directs {
            continue;
        }
        let admits = items(&policy.root, "/spec/ingress").iter().any(|rule| {
            let peers = rule.get("from").map(Node::items).unwrap_or_default();
            peers.is_empty() || peers.iter().any(|peer| admits_controller(peer, graph))
        });
        if admits {
            return None;
        }
        closing = Some(policy);
    }
    closing
}

/// Tells whether a peer may be an ingress controller: an address, or a namespace that is neither
/// the release's own nor one that is named after something else.
fn admits_controller(peer: &Node, graph: &Graph<'_>) -> bool {
    if peer.get("ipBlock").is_some() {
        return true;
    }
    let Some(namespaces) = peer.get("namespaceSelector") else { return false };
    let named =
        namespaces.pointer("/matchLabels/kubernetes.io~1metadata.name").and_then(Node::as_str);
    let expressions = namespaces.get("matchExpressions").map(Node::items).unwrap_or_default();
    let mut names: Vec<&str> = named.into_iter().collect();
    for expression in expressions {
        if text(expression, "key") == "kubernetes.io/metadata.name"
            && text(expression, "operator") == "In"
        {
            names.extend(words(expression.get("values")));
        }
    }
    let own = graph.objects.first().map_or("", |object| &*object.namespace);
    let watches = |name: &str| {
        ["observability", "monitoring", "prometheus", "metrics"]
            .iter()
            .any(|word| name.contains(word))
    };
    names.is_empty()
        || names.iter().any(|name| {
            let release =
                graph.objects.iter().find_map(|one| one.label("app.kubernetes.io/instance"));
            !watches(name) && *name != own && Some(*name) != release
        })
}

pub(super) fn items<'a>(node: &'a Node, pointer: &str) -> &'a [Node] {
    node.pointer(pointer).map(Node::items).unwrap_or_default()
}

pub(super) fn text_at<'a>(node: &'a Node, pointer: &str) -> &'a str {
    node.pointer(pointer).and_then(Node::as_str).unwrap_or_default()
}
