//! K8S18: what pods refer to by name is there.

use std::collections::BTreeSet;

use super::graph::Graph;
use super::input::Inputs;
use super::links::items;
use super::object::{Object, text};
use crate::document::Node;
use crate::finding::Report;
use crate::finding::rules::k8s as rules;
use crate::validator::Context;

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
                let namespace = if *kind == "PriorityClass" { "" } else { &*object.namespace };
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
