//! The documents that speak of going back, wherever they lie.

use std::collections::BTreeMap;

use super::super::taken;
use crate::digest::Digest;
use crate::document::{Document, Limits, Node, parse_json};
use crate::finding::Location;
use crate::path::RelPath;
use crate::tree::Tree;
use crate::validator::Governed;

/// A document of the tree.
#[derive(Debug, Clone)]
pub(in crate::validator::rollback) struct Source {
    pub(super) path: String,
    pub(super) root: Node,
}

impl Source {
    /// The place of a value in it.
    pub(super) fn at(&self, pointer: &str) -> Location {
        let location = Location::named(&self.path);
        match self.root.pointer(pointer) {
            Some(node) => location.at(pointer, node.position),
            None => location.pointing(pointer),
        }
    }

    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.root.pointer(pointer).and_then(Node::as_str)
    }

    pub(super) fn items(&self, key: &str) -> &[Node] {
        self.root.get(key).map(Node::items).unwrap_or_default()
    }
}

/// Everything that the rules read.
pub(in crate::validator::rollback) struct Inputs<'a> {
    pub(super) tree: &'a Tree,
    /// Documents of one tree by path: the area's own, and what they name.
    documents: BTreeMap<String, Source>,
    /// The names of the packages that lie with the evidence.
    pub(super) packages: Vec<String>,
}

/// The folder of scenarios for going from one version to another.
pub(super) const SCENARIOS: &str = "ops/e2e/scenarios/";
/// Documents that are meant to fail, or to be data of a test.
const FIXTURES: &str = "/fixtures/";
/// Where packages of releases lie.
const PACKAGES: &str = "ops/release/evidence/packages";
/// Documents of other areas that this one joins with.
const NEIGHBOURS: [&str; 2] = ["ops/inventory/pins.yaml", "ops/observe/drills.json"];

impl<'a> Inputs<'a> {
    pub(in crate::validator::rollback) fn gather(tree: &'a Tree, governed: &Governed) -> Self {
        let mut documents = BTreeMap::new();
        for document in &governed.documents {
            if let [root] = document.roots.as_slice() {
                let path = document.path.to_string();
                documents.insert(path.clone(), Source { path, root: root.clone() });
            }
        }
        let mut inputs = Self { tree, documents, packages: Vec::new() };
        // A lock is JSON without the name of one.
        let locks = governed.files.iter().filter(|path| path.file_name().ends_with(".lock"));
        locks.for_each(|path| inputs.add(path.as_str()));
        NEIGHBOURS.iter().for_each(|path| inputs.add(path));
        let named: Vec<String> = inputs
            .documents
            .values()
            .filter_map(|source| source.text("/evidence_path").map(str::to_owned))
            .collect();
        named.iter().for_each(|path| inputs.add(path));
        let folder: RelPath = PACKAGES.parse().expect("a fixed path is portable");
        let listing = tree.list(Some(&folder)).unwrap_or_default();
        inputs.packages =
            listing.files.iter().map(|entry| entry.path.file_name().to_owned()).collect();
        inputs
    }

    fn add(&mut self, path: &str) {
        let Ok(parsed) = path.parse::<RelPath>() else { return };
        let Ok(bytes) = self.tree.read(&parsed, Limits::GOVERNED.bytes) else { return };
        let root = match Document::parse(&parsed, &bytes, Limits::GOVERNED) {
            Ok(document) => document.roots.into_iter().next(),
            Err(_) => parse_json(&bytes, Limits::GOVERNED).ok(),
        };
        if let Some(root) = root {
            self.documents.insert(path.to_owned(), Source { path: path.to_owned(), root });
        }
    }

    pub(super) fn document(&self, path: &str) -> Option<&Source> {
        self.documents.get(path)
    }

    /// The compatibility table: the first of its places that holds one.
    pub(super) fn table(&self) -> Option<&Source> {
        taken::COMPATIBILITY
            .iter()
            .filter_map(|path| self.document(path))
            .find(|source| source.root.get("compatibility").is_some())
    }

    /// The version that the tree is of, as the table tells it.
    pub(super) fn current(&self) -> Option<&str> {
        self.table().and_then(|table| table.text("/current_version"))
    }

    /// Scenarios that go from one version to another.
    pub(super) fn scenarios(&self) -> impl Iterator<Item = &Source> {
        self.below(SCENARIOS).filter(|source| {
            source.text("/from_version").is_some() && source.text("/to_version").is_some()
        })
    }

    /// The documents below a folder that are not data of a test.
    pub(super) fn below<'b>(&'b self, folder: &'b str) -> impl Iterator<Item = &'b Source> {
        self.documents
            .values()
            .filter(move |source| source.path.starts_with(folder))
            .filter(|source| !source.path.contains(FIXTURES))
    }

    /// The documents below a folder, data of tests too: a release that leans on them needs them.
    pub(super) fn everything_below<'b>(
        &'b self,
        folder: &'b str,
    ) -> impl Iterator<Item = &'b Source> {
        self.documents.values().filter(move |source| source.path.starts_with(folder))
    }

    /// The locks that are JSON.
    pub(super) fn locks(&self) -> impl Iterator<Item = &Source> {
        self.documents.values().filter(|source| source.path.ends_with(".lock"))
    }

    pub(super) fn digest(&self, path: &str) -> Option<Digest> {
        let path: RelPath = path.parse().ok()?;
        Some(self.tree.hash(&path, &mut vec![0; 1 << 16]).ok()?.0)
    }

    pub(super) fn exists(&self, path: &str) -> bool {
        let Ok(path) = path.trim_end_matches('/').parse::<RelPath>() else { return false };
        self.tree.has_file(&path) || self.tree.list(Some(&path)).is_ok()
    }
}
