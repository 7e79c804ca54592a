//! STK11, X3: namespaces and environments, as every document says them.

use std::collections::{BTreeMap, BTreeSet};

use super::input::Inputs;
use super::layout;
use super::profiles::{Profile, composed};
use super::source::{Kind, Source};
use crate::document::Node;
use crate::finding::rules::stack::profiles as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// The cause that findings about namespaces share.
const NAMESPACES: &str = "stack-namespaces";

/// Compares the namespaces of profiles, registry, components and environments.
pub(super) fn namespaces(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let composed = composed(inputs);
    let allowed = allowed_namespaces(inputs);
    if composed.is_empty() {
        report.skipped("namespaces", layout::STACK, "no document describes profiles");
        return;
    }
    report.headline(NAMESPACES, "the documents of the stack do not agree on the namespace");
    let before = report.findings().len();
    let stack = inputs.document(layout::STACK).expect("profiles come from this document");
    for profile in &composed {
        let Some(namespace) = profile.text("namespace") else { continue };
        let Some(allowed) = allowed.get(profile.name) else { continue };
        if !allowed.is_empty() && !allowed.contains(namespace) {
            let all: Vec<&str> = allowed.iter().copied().collect();
            let message = format!(
                "`{}` deploys into `{namespace}`, which its registry entry does not allow",
                profile.name
            );
            let place = stack.at(&format!("/profiles/{}/namespace", profile.name));
            let finding = Finding::new(&rules::NAMESPACE_DIFFERS, place, message);
            report.push(finding.declared(namespace).actual(all.join(", ")).caused_by(NAMESPACES));
        }
    }
    components(inputs, &composed, &allowed, report);
    overlays(inputs, &composed, &allowed, report);
    if report.findings().len() == before {
        let detail = format!("{} profiles agree on their namespaces", composed.len());
        report.passed("namespaces", layout::STACK, detail);
    }
}

fn allowed_namespaces<'a>(inputs: &'a Inputs<'_>) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let registry = inputs.document(layout::REGISTRY);
    let items = registry.map(|registry| registry.items("/profiles")).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| {
            let names = item.get("allowed_namespaces").map(Node::items).unwrap_or_default();
            Some((item.get("id")?.as_str()?, names.iter().filter_map(Node::as_str).collect()))
        })
        .collect()
}

fn is_known(profile: &Profile<'_>, allowed: &BTreeMap<&str, BTreeSet<&str>>, name: &str) -> bool {
    profile.text("namespace") == Some(name)
        || allowed.get(profile.name).is_some_and(|allowed| allowed.contains(name))
}

/// Namespaces that the components of a profile use or create.
fn components(
    inputs: &Inputs<'_>,
    composed: &[Profile<'_>],
    allowed: &BTreeMap<&str, BTreeSet<&str>>,
    report: &mut Report,
) {
    let mut strays: BTreeMap<&str, (Location, BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for profile in composed.iter().filter(|profile| profile.text("namespace").is_some()) {
        for component in profile.components() {
            for source in inputs.documents_of(component).filter(|one| one.kind == Kind::Object) {
                let is_namespace = source.text("/kind") == Some("Namespace");
                let pointer = if is_namespace { "/metadata/name" } else { "/metadata/namespace" };
                let Some(name) = source.text(pointer) else { continue };
                if !is_known(profile, allowed, name) {
                    let stray = strays
                        .entry(name)
                        .or_insert_with(|| (source.at(pointer), BTreeSet::new(), BTreeSet::new()));
                    stray.1.insert(profile.name);
                    stray.2.insert(component);
                }
            }
        }
    }
    for (name, (place, profiles, files)) in strays {
        let profiles: Vec<&str> = profiles.into_iter().collect();
        let message = format!(
            "{} component files use the namespace `{name}`, which is none of the profiles {}",
            files.len(),
            profiles.join(", ")
        );
        let finding = Finding::new(&rules::NAMESPACE_DIFFERS, place, message);
        let files: Vec<&str> = files.into_iter().collect();
        report.push(finding.declared(name).actual(files.join(", ")).caused_by(NAMESPACES));
    }
}

/// The environments: each overlay with its values.
fn overlays_of<'a>(inputs: &'a Inputs<'_>) -> impl Iterator<Item = (&'a str, &'a Source)> {
    inputs.documents.iter().filter_map(|source| {
        let rest = source.path.strip_prefix("ops/env/")?;
        let (environment, file) = rest.split_once('/')?;
        file.starts_with("overlay.").then_some((environment, source))
    })
}

fn overlays(
    inputs: &Inputs<'_>,
    composed: &[Profile<'_>],
    allowed: &BTreeMap<&str, BTreeSet<&str>>,
    report: &mut Report,
) {
    let mut strays: BTreeMap<(&str, &str), Vec<&Source>> = BTreeMap::new();
    for (_, source) in overlays_of(inputs) {
        let (Some(namespace), Some(cluster)) =
            (source.text("/values/namespace"), source.text("/values/cluster_profile"))
        else {
            continue;
        };
        let Some(profile) = composed.iter().find(|profile| profile.name == cluster) else {
            continue;
        };
        if profile.text("namespace").is_some() && !is_known(profile, allowed, namespace) {
            strays.entry((namespace, cluster)).or_default().push(source);
        }
    }
    for ((namespace, cluster), sources) in strays {
        let message = format!(
            "{} environments deploy into `{namespace}`; the profile `{cluster}` does not",
            sources.len()
        );
        let place = sources[0].at("/values/namespace");
        let finding = Finding::new(&rules::NAMESPACE_DIFFERS, place, message);
        let files: Vec<&str> = sources.iter().map(|source| source.path.as_str()).collect();
        report.push(finding.declared(namespace).actual(files.join(", ")).caused_by(NAMESPACES));
    }
}

/// Holds overlays against the portability matrix, and their profiles against the stack's.
pub(super) fn environments(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let overlays: BTreeMap<&str, &Source> = overlays_of(inputs).collect();
    if overlays.is_empty() {
        report.skipped("environments", "ops/env", "the tree has no environment overlays");
        return;
    }
    let mut known: BTreeSet<&str> = composed(inputs).iter().map(|profile| profile.name).collect();
    let list = inputs.document(layout::PROFILES).map(|source| source.items("/profiles"));
    known.extend(list.unwrap_or_default().iter().filter_map(|item| item.get("name")?.as_str()));
    for (environment, source) in &overlays {
        let Some(profile) = source.text("/values/cluster_profile") else { continue };
        if !known.is_empty() && !known.contains(profile) {
            let message =
                format!("`{environment}` runs the profile `{profile}`, which does not exist");
            let place = source.at("/values/cluster_profile");
            report.push(Finding::new(&rules::ENVIRONMENT_PROFILE, place, message));
        } else if matches!(*environment, "prod" | "production")
            && class_of(inputs, profile).is_some_and(layout::is_development)
        {
            let message = format!("`{environment}` runs the development profile `{profile}`");
            let place = source.at("/values/cluster_profile");
            report.push(Finding::new(&rules::ENVIRONMENT_DIFFERS, place, message));
        }
    }
    match inputs.document(layout::PORTABILITY) {
        Some(matrix) => portability(matrix, &overlays, report),
        None => report.skipped("portability", layout::PORTABILITY, "the tree has no such matrix"),
    }
}

/// The class that the registry gives a profile.
pub(super) fn class_of<'a>(inputs: &'a Inputs<'_>, profile: &str) -> Option<&'a str> {
    let items = inputs.document(layout::REGISTRY)?.items("/profiles");
    let item = items.iter().find(|item| item.get("id").and_then(Node::as_str) == Some(profile))?;
    item.get("class").and_then(Node::as_str)
}

fn portability(matrix: &Source, overlays: &BTreeMap<&str, &Source>, report: &mut Report) {
    let listed: BTreeSet<&str> =
        matrix.items("/environments").iter().filter_map(Node::as_str).collect();
    for name in listed.iter().filter(|name| !overlays.contains_key(*name)) {
        let message = format!("`{name}` is listed, and has no overlay");
        report.push(Finding::new(&rules::ENVIRONMENT_DIFFERS, matrix.at("/environments"), message));
    }
    for (name, overlay) in overlays {
        if !listed.contains(name) {
            let message = format!("`{name}` has an overlay, and is not in the portability matrix");
            report.push(Finding::new(&rules::ENVIRONMENT_DIFFERS, overlay.at(""), message));
            continue;
        }
        let mut differ = |dimension: &str, key: &str, says: &str, here: &str| {
            let message =
                format!("`{name}`: {dimension} is {says} in the matrix, `{key}` is {here}");
            let place = overlay.at(&format!("/values/{key}"));
            let finding = Finding::new(&rules::ENVIRONMENT_DIFFERS, place, message);
            report.push(finding.declared(here).actual(says));
        };
        let subprocess = matrix.text(&format!("/values/{name}/subprocess"));
        let is_allowed = overlay.root.pointer("/values/allow_subprocess").and_then(Node::as_bool);
        if let (Some(says), Some(allowed)) = (subprocess, is_allowed)
            && (says == "allowed") != allowed
        {
            differ("subprocess", "allow_subprocess", says, if allowed { "true" } else { "false" });
        }
        let network = matrix.text(&format!("/values/{name}/network"));
        if let (Some(says), Some(mode)) = (network, overlay.text("/values/network_mode"))
            && says != mode
        {
            differ("network", "network_mode", says, mode);
        }
    }
}
