//! K8S17: network policies isolate what they must, and let pass what they must.

use std::collections::BTreeSet;

use super::graph::{Graph, Selector};
use super::input::{Inputs, Profile};
use super::links::items;
use super::object::{Object, text, words};
use crate::document::Node;
use crate::finding::Report;
use crate::finding::rules::k8s as rules;
use crate::validator::Context;

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
