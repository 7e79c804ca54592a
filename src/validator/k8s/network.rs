//! K8S17: network policies isolate what they must, and let pass what they must.

use std::collections::{BTreeMap, BTreeSet};

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
        if graph.of_kind("Ingress").next().is_none() {
            continue;
        }
        let closed = shut_out(&graph);
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
                let Some(policy) = closed.get(&std::ptr::from_ref(maker)) else { continue };
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

/// The objects whose pods no ingress controller reaches, each with a policy that isolates it; every
/// policy is looked at once.
fn shut_out<'a>(graph: &Graph<'a>) -> BTreeMap<*const Object, &'a Object> {
    let (mut closed, mut admitted) = (BTreeMap::new(), BTreeSet::new());
    let own = own_names(graph);
    for policy in graph.of_kind("NetworkPolicy") {
        let Some(node) = policy.root.pointer("/spec/podSelector") else { continue };
        let types = policy.root.pointer("/spec/policyTypes");
        if types.is_some() && !words(types).any(|word| word == "Ingress") {
            continue;
        }
        let admits = items(&policy.root, "/spec/ingress").iter().any(|rule| {
            let peers = rule.get("from").map(Node::items).unwrap_or_default();
            peers.is_empty() || peers.iter().any(|peer| admits_controller(peer, &own))
        });
        let selector = Selector::parse(node);
        for maker in graph.selected(&policy.namespace, &selector).map(std::ptr::from_ref) {
            if admits {
                admitted.insert(maker);
            } else {
                closed.insert(maker, policy);
            }
        }
    }
    closed.retain(|maker, _| !admitted.contains(maker));
    closed
}

/// The names that the release's own namespace goes by: as objects state it, and as Helm calls it.
fn own_names<'a>(graph: &Graph<'a>) -> Vec<&'a str> {
    let stated = graph.objects.first().map(|object| &*object.namespace);
    let release =
        graph.objects.iter().find_map(|object| object.label("app.kubernetes.io/instance"));
    stated.into_iter().chain(release).filter(|name| !name.is_empty()).collect()
}

/// Tells whether a peer may be an ingress controller: an address, or a namespace that is neither
/// the release's own nor one that is named after something else.
fn admits_controller(peer: &Node, own: &[&str]) -> bool {
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
    let watches = |name: &str| {
        ["observability", "monitoring", "prometheus", "metrics"]
            .iter()
            .any(|word| name.contains(word))
    };
    names.is_empty() || names.iter().any(|name| !watches(name) && !own.contains(name))
}
