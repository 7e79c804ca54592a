//! The evidence of the area: index, dependency graph, version manifest and drift, computed from
//! components, profiles and pins, and from nothing that was generated before.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::graph::depends_on;
use super::input::Inputs;
use super::references::Role;
use super::source::Kind;
use super::{FOLDERS, HYGIENE, drift, layout, profiles};
use crate::digest::Digest;
use crate::document::Node;
use crate::finding::Report;
use crate::json;
use crate::tree::Tree;
use crate::validator::{Context, Derived, Governed};

/// Every file of the area, with its digest.
#[derive(Serialize)]
struct StackIndex {
    schema: &'static str,
    files: Vec<IndexedFile>,
}

#[derive(Serialize)]
struct IndexedFile {
    path: String,
    sha256: Digest,
}

/// What each profile is made of, and which service waits for which.
#[derive(Serialize)]
struct DependencyGraph {
    schema: &'static str,
    profiles: BTreeMap<String, GraphProfile>,
    edges: Vec<Edge>,
}

#[derive(Serialize)]
struct GraphProfile {
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_config: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    components: Vec<String>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: String,
    to: String,
    declared_in: String,
}

/// Every image that the tree runs or builds on.
#[derive(Serialize)]
struct VersionManifest {
    schema: &'static str,
    images: Vec<ManifestImage>,
}

#[derive(Serialize)]
struct ManifestImage {
    reference: String,
    repository: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pin: Option<String>,
    uses: Vec<Use>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Use {
    path: String,
    pointer: String,
    role: &'static str,
}

/// What changed since the previous release.
#[derive(Serialize)]
struct StackDrift {
    schema: &'static str,
    previous_sha256: Digest,
    changes: Vec<DriftChange>,
}

#[derive(Serialize)]
struct DriftChange {
    component: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

/// Derives the documents; a tree without anything of the area derives none.
pub(super) fn derive(tree: &Tree, context: &Context) -> Vec<Derived> {
    // What cannot be read is told by `check`, which runs over the same tree.
    let mut unread = Report::new("derive", context.now, false);
    let governed = Governed::read(tree, FOLDERS, HYGIENE, &mut unread);
    let inputs = Inputs::gather(tree, &governed, &mut unread);
    let index = index(&inputs);
    if index.files.is_empty() {
        return Vec::new();
    }
    let mut derived = vec![
        document("dependency-graph.json", &graph(&inputs)),
        document("stack-index.json", &index),
        document("version-manifest.json", &manifest(&inputs)),
    ];
    if let (Some(changes), Some(previous_sha256)) =
        (drift::changes(&inputs, context), previous_digest(&inputs, context))
    {
        let changes = changes.into_iter().map(|change| DriftChange {
            component: change.key,
            before: change.before,
            after: change.after,
        });
        let changes = changes.collect();
        let drift = StackDrift { schema: "countersign.stack-drift/v1", previous_sha256, changes };
        derived.push(document("stack-drift.json", &drift));
    }
    derived.sort_by(|a, b| a.name.cmp(&b.name));
    derived
}

/// The digest of the list that the changes were computed from.
fn previous_digest(inputs: &Inputs<'_>, context: &Context) -> Option<Digest> {
    let packet = context.previous.as_ref().and_then(|packet| packet.images_sha256);
    inputs.digest(layout::PREVIOUS).or(packet)
}

fn document(name: &str, document: &impl Serialize) -> Derived {
    Derived { name: name.to_owned(), bytes: json::to_bytes(document) }
}

/// The area's own files, and every component file that names an image.
fn index(inputs: &Inputs<'_>) -> StackIndex {
    let mut paths: BTreeSet<&str> = inputs
        .files
        .iter()
        .map(String::as_str)
        .filter(|path| FOLDERS.iter().any(|folder| path.starts_with(&format!("{folder}/"))))
        .collect();
    paths.extend(inputs.references.iter().map(|reference| reference.location.path.as_str()));
    let files = paths.into_iter().filter_map(|path| {
        Some(IndexedFile { path: path.to_owned(), sha256: inputs.digest(path)? })
    });
    StackIndex { schema: "countersign.stack-file-index/v1", files: files.collect() }
}

fn graph(inputs: &Inputs<'_>) -> DependencyGraph {
    let composed = profiles::composed(inputs).into_iter().map(|profile| {
        let value = GraphProfile {
            cluster_config: profile.text("cluster_config").map(str::to_owned),
            namespace: profile.text("namespace").map(str::to_owned),
            components: profile.components().into_iter().map(str::to_owned).collect(),
        };
        (profile.name.to_owned(), value)
    });
    let mut edges = BTreeSet::new();
    for source in inputs.of_kind(Kind::Compose) {
        edges.extend(depends_on(source).map(|(from, to, _)| Edge {
            from: from.to_owned(),
            to: to.to_owned(),
            declared_in: source.path.clone(),
        }));
    }
    if let Some(contract) = inputs.document(layout::CONTRACT) {
        for service in contract.items("/services") {
            let from = service.get("id").and_then(Node::as_str).unwrap_or_default();
            let needs = service.get("depends_on").map(Node::items).unwrap_or_default();
            edges.extend(needs.iter().filter_map(Node::as_str).map(|to| Edge {
                from: from.to_owned(),
                to: to.to_owned(),
                declared_in: contract.path.clone(),
            }));
        }
    }
    DependencyGraph {
        schema: "countersign.stack-graph/v1",
        profiles: composed.collect(),
        edges: edges.into_iter().collect(),
    }
}

fn manifest(inputs: &Inputs<'_>) -> VersionManifest {
    let mut images: BTreeMap<String, ManifestImage> = BTreeMap::new();
    for reference in &inputs.references {
        let Ok(image) = &reference.image else { continue };
        let pin = inputs.pins.iter().find(|pin| pin.image.as_ref() == Ok(image));
        let entry = images.entry(image.to_string()).or_insert_with(|| ManifestImage {
            reference: image.to_string(),
            repository: image.repository(),
            tag: image.tag().map(str::to_owned),
            digest: image.digest().map(ToString::to_string),
            pin: pin.map(|pin| pin.key.clone()),
            uses: Vec::new(),
        });
        entry.uses.push(Use {
            path: reference.location.path.clone(),
            pointer: reference.location.pointer.clone(),
            role: role(reference.role),
        });
    }
    let mut images: Vec<ManifestImage> = images.into_values().collect();
    for image in &mut images {
        image.uses.sort();
    }
    VersionManifest { schema: "countersign.stack-images/v1", images }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Workload => "workload",
        Role::Rendered => "rendered",
        Role::Node => "node",
        Role::Compose => "compose",
        Role::Values => "values",
        Role::Build => "build",
    }
}
