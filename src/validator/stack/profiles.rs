//! STK10, STK11, X3: profiles are the same everywhere, complete, and made of what exists.

use std::collections::{BTreeMap, BTreeSet};

use super::images::quoted;
use super::input::Inputs;
use super::layout;
use super::source::{Kind, Source};
use crate::document::Node;
use crate::finding::rules::stack::profiles as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

/// A profile as the stack composes it.
pub(super) struct Profile<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Its value in the document.
    node: &'a Node,
}

impl<'a> Profile<'a> {
    /// The text of a key.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.node.get(key).and_then(Node::as_str)
    }

    /// The files that it is made of.
    pub(super) fn components(&self) -> BTreeSet<&'a str> {
        let items = self.node.get("components").map(Node::items).unwrap_or_default();
        items.iter().filter_map(Node::as_str).collect()
    }
}

/// The profiles that the stack composes.
pub(super) fn composed<'a>(inputs: &'a Inputs<'_>) -> Vec<Profile<'a>> {
    let stack = inputs.document(layout::STACK).and_then(|source| source.root.get("profiles"));
    let entries = stack.map(Node::entries).unwrap_or_default();
    entries.iter().map(|entry| Profile { name: &entry.key, node: &entry.value }).collect()
}

/// The names below `/profiles` of a document: keys of a mapping, or `name` or `id` of each item.
fn names_of(source: &Source) -> BTreeSet<&str> {
    let Some(profiles) = source.root.get("profiles") else { return BTreeSet::new() };
    let keys = profiles.entries().iter().map(|entry| entry.key.as_str());
    let items = profiles
        .items()
        .iter()
        .filter_map(|item| item.get("id").or_else(|| item.get("name")).and_then(Node::as_str));
    keys.chain(items).collect()
}

/// Looks for every file that a profile or a service names.
pub(super) fn files(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let mut named: Vec<(&Source, String, &str)> = Vec::new();
    for path in [layout::STACK, layout::PROFILES, layout::REGISTRY, layout::CONTRACT] {
        let Some(source) = inputs.document(path) else { continue };
        source.root.walk(&mut |pointer, node| {
            let is_path = pointer.ends_with("/cluster_config")
                || pointer.ends_with("/component")
                || pointer.contains("/components/")
                || pointer.contains("/config_source_paths/");
            if let Some(text) = node.as_str().filter(|_| is_path) {
                named.push((source, pointer.to_owned(), text));
            }
        });
    }
    let absent: Vec<_> = named.iter().filter(|(.., path)| !inputs.exists(path)).collect();
    for (source, pointer, path) in &absent {
        let message = format!("`{path}` does not exist");
        report.push(Finding::new(&rules::PROFILE_FILE_ABSENT, source.at(pointer), message));
    }
    if named.is_empty() {
        report.skipped("profile-files", layout::STACK, "no document describes profiles");
    } else if absent.is_empty() {
        report.passed("profile-files", layout::STACK, format!("{} files are there", named.len()));
    }
}

/// Compares the sets of profiles of stack, profile list, registry and intent.
pub(super) fn sets(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let sources: Vec<(&Source, BTreeSet<&str>)> =
        [layout::STACK, layout::PROFILES, layout::REGISTRY, layout::INTENT]
            .iter()
            .filter_map(|path| inputs.document(path))
            .map(|source| (source, names_of(source)))
            .collect();
    if sources.len() < 2 {
        report.skipped("profile-sets", layout::STACK, "fewer than two documents list profiles");
        return;
    }
    let all: BTreeSet<&str> = sources.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let mut lacking: BTreeMap<Vec<&str>, Vec<&Source>> = BTreeMap::new();
    for (source, names) in &sources {
        let absent: Vec<&str> = all.difference(names).copied().collect();
        if !absent.is_empty() {
            lacking.entry(absent).or_default().push(source);
        }
    }
    // Documents that lack the same profiles make one finding: they were written together.
    for (absent, documents) in &lacking {
        let also: Vec<&str> = documents[1..].iter().map(|source| source.path.as_str()).collect();
        let mut message = format!("no profile {} here", quoted(absent));
        if !also.is_empty() {
            message.push_str(&format!(", nor in {}", quoted(&also)));
        }
        let all: Vec<&str> = all.iter().copied().collect();
        let finding =
            Finding::new(&rules::PROFILE_SETS_DIFFER, documents[0].at("/profiles"), message);
        report.push(finding.actual(all.join(", ")));
    }
    if lacking.is_empty() {
        let detail = format!("{} documents list {} profiles", sources.len(), all.len());
        report.passed("profile-sets", layout::STACK, detail);
    }
}

/// Compares what stack and profile list say of one profile.
pub(super) fn definitions(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some(list) = inputs.document(layout::PROFILES) else { return };
    let composed = composed(inputs);
    for (at, item) in list.items("/profiles").iter().enumerate() {
        let name = item.get("name").and_then(Node::as_str).unwrap_or_default();
        let Some(profile) = composed.iter().find(|profile| profile.name == name) else { continue };
        for key in ["cluster_config", "kind_profile"] {
            if let (Some(here), Some(there)) =
                (item.get(key).and_then(Node::as_str), profile.text(key))
                && here != there
            {
                let message = format!("`{name}` has another {key} in `{}`", layout::STACK);
                let place = list.at(&format!("/profiles/{at}/{key}"));
                let finding = Finding::new(&rules::PROFILE_DIFFERS, place, message);
                report.push(finding.declared(here).actual(there));
            }
        }
    }
}

/// Holds each profile against the services that the contract, or the registry, requires in it.
pub(super) fn required(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some(contract) = inputs.document(layout::CONTRACT) else {
        report.skipped("required-components", layout::CONTRACT, "the tree has no service contract");
        return;
    };
    let composed = composed(inputs);
    let (mut held, before) = (0, report.findings().len());
    for (at, service) in contract.items("/services").iter().enumerate() {
        let component = service.get("component").and_then(Node::as_str).unwrap_or_default();
        let required = service.get("required_profiles").map(Node::items).unwrap_or_default();
        for (index, name) in required.iter().filter_map(Node::as_str).enumerate() {
            held += 1;
            let profile = composed.iter().find(|profile| profile.name == name);
            if profile.is_some_and(|profile| profile.components().contains(component)) {
                continue;
            }
            let message = match profile {
                Some(_) => format!("`{component}` is required in `{name}` and is not part of it"),
                None => format!("`{component}` is required in `{name}`, which is no profile"),
            };
            let place = contract.at(&format!("/services/{at}/required_profiles/{index}"));
            report.push(Finding::new(&rules::COMPONENT_MISSING, place, message));
        }
    }
    registered(inputs, contract, &composed, report);
    if report.findings().len() == before {
        let detail = format!("{held} requirements hold");
        report.passed("required-components", layout::CONTRACT, detail);
    }
}

/// The registry's required services resolve, and are part of the profile.
fn registered(
    inputs: &Inputs<'_>,
    contract: &Source,
    composed: &[Profile<'_>],
    report: &mut Report,
) {
    let Some(registry) = inputs.document(layout::REGISTRY) else { return };
    let services: BTreeMap<&str, &str> = contract
        .items("/services")
        .iter()
        .filter_map(|service| {
            Some((service.get("id")?.as_str()?, service.get("component")?.as_str()?))
        })
        .collect();
    let mut unknown = BTreeSet::new();
    for (at, item) in registry.items("/profiles").iter().enumerate() {
        let name = item.get("id").and_then(Node::as_str).unwrap_or_default();
        let required = item.get("required_services").map(Node::items).unwrap_or_default();
        for (index, service) in required.iter().filter_map(Node::as_str).enumerate() {
            // A short name is the last part of an id: `redis` is `stack.redis`.
            let component = services
                .iter()
                .find(|(id, _)| **id == service || id.rsplit('.').next() == Some(service));
            let Some((_, component)) = component else {
                unknown.insert(service);
                continue;
            };
            let profile = composed.iter().find(|profile| profile.name == name);
            if profile.is_some_and(|profile| !profile.components().contains(component)) {
                let message =
                    format!("`{component}` is required in `{name}` and is not part of it");
                let place = registry.at(&format!("/profiles/{at}/required_services/{index}"));
                report.push(Finding::new(&rules::COMPONENT_MISSING, place, message));
            }
        }
    }
    if !unknown.is_empty() {
        let names: Vec<&str> = unknown.into_iter().collect();
        let message =
            format!("profiles require {}; the contract has no such service", quoted(&names));
        let finding = Finding::new(&rules::SERVICE_UNKNOWN, registry.at("/profiles"), message);
        report.push(finding.actual(services.keys().copied().collect::<Vec<_>>().join(", ")));
    }
}

/// Refuses component manifests and cluster configurations that nothing uses.
pub(super) fn unused(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    if inputs.document(layout::STACK).is_none() {
        return;
    }
    let mut used = BTreeSet::new();
    for path in [layout::STACK, layout::PROFILES, layout::CONTRACT] {
        if let Some(source) = inputs.document(path) {
            source.root.walk(&mut |_, node| used.extend(node.as_str()));
        }
    }
    let components: BTreeSet<&str> = inputs
        .documents
        .iter()
        .filter(|source| source.path.starts_with("ops/stack/"))
        .filter(|source| matches!(source.kind, Kind::Object | Kind::Cluster))
        .map(|source| source.path.as_str())
        .filter(|path| !layout::is_specimen(path))
        .collect();
    for path in components.difference(&used) {
        let message = "no profile and no service contract names this component";
        let place = inputs.document(path).map(|source| source.at(""));
        let place = place.expect("the component is a document");
        report.push(Finding::new(&rules::COMPONENT_UNUSED, place, message));
    }
}
