//! What the rules read: the chart, the profiles that documents speak of, and what they render to.

use std::collections::{BTreeMap, BTreeSet};

use super::chart::Chart;
use super::object::{Object, text};
use super::rendered::{self, Render};
use super::values;
use super::version::Range;
use crate::digest::Digest;
use crate::document::{Document, Limits, Node};
use crate::finding::rules::k8s as rules;
use crate::finding::{Finding, Location, Report};
use crate::path::RelPath;
use crate::tree::Tree;
use crate::validator::{Context, Governed};

/// Where the documents lie that name profiles.
pub(super) const MATRIX: &str = "ops/k8s/install-matrix.json";
pub(super) const REGISTRY: &str = "ops/k8s/values/profiles.json";
pub(super) const CONTRACT: &str = "ops/k8s/rollout-safety-contract.json";
pub(super) const SECURITY: &str = "ops/k8s/profile-security-contract.json";
pub(super) const CLASSES: &str = "ops/k8s/resource-classes.json";
pub(super) const NEGATIVES: &str = "ops/k8s/tests/negative-values.json";
pub(super) const INVENTORY: &str = "ops/k8s/generated/render-inventory.json";
pub(super) const SNAPSHOT: &str = "ops/k8s/generated/release-snapshot.json";
pub(super) const STACK_REGISTRY: &str = "ops/stack/profile-registry.json";
pub(super) const CEILINGS: &str = "ops/stack/hpa-policy.json";
pub(super) const PINS: &str = "ops/inventory/pins.yaml";

/// Documents of other areas that are looked up; what is wrong in them is for their area to say.
const NEIGHBOURS: &[&str] = &[STACK_REGISTRY, CEILINGS, PINS, "ops/stack/stack.toml"];

/// A document of the tree.
#[derive(Debug)]
pub(super) struct Source {
    /// The file.
    pub(super) location: Location,
    /// What it says.
    pub(super) root: Node,
}

impl Source {
    /// The place of a value in it.
    pub(super) fn at(&self, pointer: &str) -> Location {
        match self.root.pointer(pointer) {
            Some(node) => self.location.clone().at(pointer, node.position),
            None => self.location.clone().pointing(pointer),
        }
    }

    /// The items of a list in it, each with its pointer.
    pub(super) fn rows(&self, pointer: &str) -> impl Iterator<Item = (String, &Node)> {
        let items = self.root.pointer(pointer).map(Node::items).unwrap_or_default();
        let pointer = pointer.to_owned();
        items.iter().enumerate().map(move |(index, node)| (format!("{pointer}/{index}"), node))
    }
}

/// What one document says of a profile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    /// The document.
    pub(super) source: &'a Source,
    /// The index of the row in `/profiles`.
    pub(super) index: usize,
    /// The row.
    pub(super) node: &'a Node,
}

impl<'a> Row<'a> {
    /// The place of a value in the row.
    pub(super) fn at(&self, key: &str) -> Location {
        self.source.at(&format!("/profiles/{}/{key}", self.index))
    }

    /// The text of a key, empty when there is none.
    pub(super) fn text(&self, key: &str) -> &'a str {
        text(self.node, key)
    }
}

/// One profile: all that documents say of it, its values, what it was rendered to.
#[derive(Debug)]
pub(super) struct Profile<'a> {
    /// Its id.
    pub(super) name: &'a str,
    /// Its row in the install matrix.
    pub(super) matrix: Option<Row<'a>>,
    /// Its row in the registry of values profiles.
    pub(super) registry: Option<Row<'a>>,
    /// Its row in the rollout safety contract.
    pub(super) contract: Option<Row<'a>>,
    /// Its values file.
    pub(super) values: Option<&'a Source>,
    /// Its values over the chart's defaults, as Helm merges them.
    pub(super) merged: Option<Node>,
    /// What it was rendered to.
    pub(super) render: Option<&'a Render>,
}

impl<'a> Profile<'a> {
    /// The rows that may demand something: registry first, contract second.
    pub(super) fn demands(&self) -> impl Iterator<Item = Row<'a>> {
        self.registry.into_iter().chain(self.contract)
    }

    /// Tells whether customers depend on it.
    pub(super) fn is_production(&self) -> bool {
        let used = self.demands().map(|row| row.text("intendedUse")).find(|text| !text.is_empty());
        match used {
            Some(used) => used.starts_with("prod"),
            None => is_production_name(self.name),
        }
    }
}

/// Tells whether a profile is named as production.
pub(super) fn is_production_name(name: &str) -> bool {
    name.split(['-', '_', '.']).any(|part| matches!(part, "prod" | "production" | "live"))
}

/// Everything that the rules of the area read.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// The documents of the area and of its neighbours, by path.
    pub(super) documents: BTreeMap<String, Source>,
    /// The charts of the tree.
    pub(super) charts: Vec<Chart>,
    /// The names of all files of the area.
    pub(super) files: BTreeSet<String>,
    /// The digest of every rendered file of the tree.
    pub(super) digests: BTreeMap<String, Digest>,
    /// What is judged: the folder that was given, or else the tree's own.
    pub(super) renders: Option<Vec<Render>>,
    /// The tree's own rendered manifests when others were given.
    pub(super) committed: Option<Vec<Render>>,
    /// Those of the release before.
    pub(super) previous: Option<Vec<Render>>,
    /// Manifests that stand in the tree and belong to no profile.
    pub(super) loose: Vec<Object>,
    /// The Kubernetes versions that the release supports.
    pub(super) kubernetes: Range,
}

impl Inputs {
    /// Reads everything once. What cannot be read is reported.
    pub(super) fn gather(
        tree: &Tree,
        governed: &Governed,
        context: &Context,
        report: &mut Report,
    ) -> Self {
        let mut inputs = Self {
            files: governed.files.iter().map(ToString::to_string).collect(),
            charts: Chart::read_all(tree, governed),
            ..Self::default()
        };
        for document in &governed.documents {
            inputs.add(document);
        }
        for path in NEIGHBOURS {
            inputs.add_neighbour(tree, path);
        }
        let matrix = inputs.documents.get(MATRIX).map(|source| &source.root);
        let namespace = matrix.and_then(|root| root.pointer("/release/namespace")?.as_str());
        let namespace = namespace.unwrap_or_default().to_owned();
        inputs.kubernetes = Range::of(matrix, inputs.charts.first());
        for document in governed.documents.iter().filter(|document| is_loose(document)) {
            inputs.loose.extend(rendered::objects_of(document, &namespace));
        }
        inputs.read_renders(tree, &namespace, context, report);
        inputs
    }

    fn read_renders(
        &mut self,
        tree: &Tree,
        namespace: &str,
        context: &Context,
        report: &mut Report,
    ) {
        let folder: RelPath = rendered::FOLDER.parse().expect("the folder is a portable path");
        let own = rendered::read(tree, Some(&folder), rendered::FOLDER, namespace, report);
        let mut outside = |given: &Option<crate::validator::Rendered>| {
            let given = given.as_ref()?;
            rendered::read(&given.folder, None, &given.shown, namespace, report)
        };
        let given = outside(&context.rendered);
        self.previous = outside(&context.previous_rendered);
        if given.is_some() {
            self.renders = given;
            self.committed = own;
        } else {
            self.renders = own;
        }
        let mut buffer = vec![0; 1 << 16];
        for entry in tree.list(Some(&folder)).unwrap_or_default().files {
            if let Ok((digest, _)) = tree.hash(&entry.path, &mut buffer) {
                self.digests.insert(entry.path.to_string(), digest);
            }
        }
    }

    fn add(&mut self, document: &Document) {
        let [root] = document.roots.as_slice() else { return };
        let source = Source { location: Location::file(&document.path), root: root.clone() };
        self.documents.insert(document.path.to_string(), source);
    }

    fn add_neighbour(&mut self, tree: &Tree, path: &str) {
        let path: RelPath = path.parse().expect("a neighbour is a portable path");
        let Ok(bytes) = tree.read(&path, Limits::GOVERNED.bytes) else { return };
        if let Ok(document) = Document::parse(&path, &bytes, Limits::GOVERNED) {
            self.add(&document);
        }
    }

    /// A document of the tree.
    pub(super) fn document(&self, path: &str) -> Option<&Source> {
        self.documents.get(path)
    }

    /// The profiles that any document of the area names or that were rendered, by name.
    pub(super) fn profiles(&self) -> Vec<Profile<'_>> {
        let mut rows: BTreeMap<&str, [Option<Row<'_>>; 3]> = BTreeMap::new();
        for (slot, path) in [MATRIX, REGISTRY, CONTRACT].into_iter().enumerate() {
            let Some(source) = self.document(path) else { continue };
            let items = source.root.get("profiles").map(Node::items).unwrap_or_default();
            for (index, node) in items.iter().enumerate() {
                if let Some(name) = profile_name(node) {
                    rows.entry(name).or_default()[slot].get_or_insert(Row { source, index, node });
                }
            }
        }
        for render in self.renders.iter().flatten() {
            rows.entry(&render.profile).or_default();
        }
        rows.into_iter().map(|(name, rows)| self.profile(name, rows)).collect()
    }

    fn profile<'a>(&'a self, name: &'a str, rows: [Option<Row<'a>>; 3]) -> Profile<'a> {
        let stated = rows.iter().flatten().map(|row| row.text("values_file"));
        let stated = stated.filter(|path| !path.is_empty()).map(str::to_owned).next();
        let path = stated.unwrap_or_else(|| format!("ops/k8s/values/{name}.yaml"));
        let values = self.document(&path);
        let defaults = self.charts.first().and_then(|chart| chart.defaults.as_ref());
        let merged = values.zip(defaults).map(|(over, base)| values::merge(&base.root, &over.root));
        let render = self.renders().find(|render| render.profile == name);
        let [matrix, registry, contract] = rows;
        Profile { name, matrix, registry, contract, values, merged, render }
    }

    /// The renders that are judged.
    pub(super) fn renders(&self) -> impl Iterator<Item = &Render> {
        self.renders.iter().flatten()
    }

    /// Tells whether a profile is judged as what customers depend on: those that the documents or
    /// their names say it of, and all when the tree says nothing of any profile.
    pub(super) fn is_judged_as_production(&self, profile: &Profile<'_>) -> bool {
        profile.is_production() || !self.has_profiles()
    }

    /// Tells whether the tree says which profiles it has.
    pub(super) fn has_profiles(&self) -> bool {
        [MATRIX, REGISTRY, CONTRACT].into_iter().any(|path| self.document(path).is_some())
    }
}

/// The name of a profile in a row: the id, where a name for people stands beside it.
pub(super) fn profile_name(row: &Node) -> Option<&str> {
    row.get("id").or_else(|| row.get("name")).and_then(Node::as_str)
}

/// Tells whether a document of the area is a manifest that belongs to no chart.
fn is_loose(document: &Document) -> bool {
    let path = document.path.as_str();
    let is_manifest = |root: &Node| {
        root.get("metadata").is_some_and(|node| !node.entries().is_empty())
            && !text(root, "apiVersion").is_empty()
            && !text(root, "kind").is_empty()
    };
    !path.contains("/charts/") && document.roots.iter().any(is_manifest)
}

/// A finding that an input of the area is not there.
pub(super) fn absent(source: &Source, pointer: &str, path: &str) -> Finding {
    let message = format!("`{path}` is not in the tree");
    Finding::new(&rules::NAMED_FILE_ABSENT, source.at(pointer), message).declared(path)
}
