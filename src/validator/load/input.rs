//! What the rules read: every document of the area once, every result once, and the neighbours that
//! they are joined with.

use std::collections::{BTreeMap, BTreeSet};

use super::result::{self, LoadResult, Options, ResultError};
use super::{HYGIENE, layout, script};
use crate::digest::Digest;
use crate::document::{Document, Limits, Node};
use crate::finding::rules::load as rules;
use crate::finding::{Finding, Location, Report};
use crate::path::RelPath;
use crate::tree::Tree;
use crate::validator::Governed;

/// A document of the tree.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The file.
    pub(super) path: String,
    /// What it says.
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

    /// The text at a pointer.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.root.pointer(pointer).and_then(Node::as_str)
    }

    /// The list at a pointer.
    pub(super) fn list(&self, pointer: &str) -> &[Node] {
        self.root.pointer(pointer).map(Node::items).unwrap_or_default()
    }

    /// The file's name without its folder.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// A script of k6.
#[derive(Debug, Clone)]
pub(super) struct Script {
    /// Its length; a script without text is there and cannot be judged.
    pub(super) bytes: usize,
    /// The options that it sets, where they can be read without running it.
    pub(super) options: Option<Options>,
}

/// A result and what became of reading it.
pub(super) type Read = Result<LoadResult, ResultError>;

/// Everything that the rules of the area read.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    documents: BTreeMap<String, Source>,
    /// Documents of other areas.
    neighbours: BTreeMap<String, Source>,
    /// Results by path: those that are results by their bytes, and those that a document calls one.
    pub(super) results: BTreeMap<String, Read>,
    /// Scripts by path.
    pub(super) scripts: BTreeMap<String, Script>,
    /// Texts that are neither documents nor results, by path.
    pub(super) texts: BTreeMap<String, String>,
    /// All files of the area.
    pub(super) files: BTreeSet<String>,
    /// Files of the tree that a document names outside the area, and that are there.
    elsewhere: BTreeSet<String>,
    /// Digests of the files of the area.
    pub(super) digests: BTreeMap<String, Digest>,
    /// Documents that were parsed.
    pub(super) objects: usize,
    /// Files in no notation that is judged.
    pub(super) other: usize,
    /// Whether every file could be read.
    pub(super) complete: bool,
}

/// Folders and files of other areas that load documents refer to.
const NEIGHBOURS: &[&str] = &[
    "ops/observe/alerts",
    "ops/observe/slo-definitions.json",
    "ops/inventory/scenario-slo-map.json",
    "ops/e2e/scenarios",
    "ops/release/image-digest-registry.json",
    "ops/report/generated",
    "ops/schema/index.json",
    "ops/schema/load",
    "schemas",
];

/// The largest script or text that is looked into.
const MAX_TEXT: usize = 1 << 20;

impl Inputs {
    /// Reads everything once. What cannot be read is reported.
    pub(super) fn gather(tree: &Tree, report: &mut Report) -> Self {
        // Lists of samples are often named `.json` and are no JSON documents: what the reader of
        // documents says of them is dropped, and they are streamed below.
        let mut scratch = Report::new("check", report.judged_at(), true);
        let governed = Governed::read(tree, super::FOLDERS, HYGIENE, &mut scratch);
        let mut inputs = Self { complete: true, ..Self::default() };
        for document in &governed.documents {
            inputs.add_document(document);
        }
        let mut streamed = BTreeSet::new();
        for path in &governed.files {
            inputs.files.insert(path.to_string());
            if inputs.add_file(tree, path, report) {
                streamed.insert(path.to_string());
            }
        }
        for finding in scratch.findings() {
            if !streamed.contains(&finding.location.path) {
                inputs.complete &= finding.rule != &rules::INPUT_UNREADABLE;
                report.push(finding.clone());
            }
        }
        for neighbour in NEIGHBOURS {
            inputs.add_neighbour(tree, neighbour);
        }
        inputs.find_elsewhere(tree);
        inputs.objects = governed.objects();
        let read = inputs.documents.len() + inputs.results.len() + inputs.scripts.len();
        inputs.other = governed.files.len().saturating_sub(read + inputs.texts.len());
        inputs
    }

    fn add_document(&mut self, document: &Document) {
        let [root] = document.roots.as_slice() else { return };
        // A list of one sample is a JSON document as well, and no document of a team.
        let is_sample = matches!(root.get("type").and_then(Node::as_str), Some("Point" | "Metric"));
        if is_sample && root.get("data").is_some() {
            return;
        }
        let path = document.path.to_string();
        if result::shape_of(root).is_some() || layout::is_result(&path, root) {
            let read = result::of_node(root);
            self.results.insert(path.clone(), read);
        }
        self.documents.insert(path.clone(), Source { path, root: root.clone() });
    }

    /// Hashes a file, and reads it when it is no document. Tells whether it is a list of samples.
    fn add_file(&mut self, tree: &Tree, path: &RelPath, report: &mut Report) -> bool {
        let read = self.read_file(tree, path);
        match read {
            Ok(streamed) => streamed,
            Err(error) => {
                self.complete = false;
                let location = Location::file(path);
                report.push(Finding::new(&rules::INPUT_UNREADABLE, location, error.problem()));
                false
            }
        }
    }

    fn read_file(&mut self, tree: &Tree, path: &RelPath) -> Result<bool, crate::tree::TreeError> {
        let name = path.to_string();
        if self.documents.contains_key(&name) {
            let digest = tree.hash(path, &mut vec![0; 1 << 16])?.0;
            if let Some(Ok(result)) = self.results.get_mut(&name) {
                result.sha256 = digest;
            }
            self.digests.insert(name, digest);
            return Ok(false);
        }
        let head = head_of(tree, path)?;
        let is_streamed = result::streamed(&head).is_some();
        if is_streamed || (layout::is_result_name(&name) && !layout::is_document_name(&name)) {
            let (file, _) = tree.file(path)?;
            let read = result::read(file);
            let digest = match &read {
                Ok(result) => result.sha256,
                Err(_) => tree.hash(path, &mut vec![0; 1 << 16])?.0,
            };
            self.digests.insert(name.clone(), digest);
            self.results.insert(name, read);
            return Ok(is_streamed);
        }
        let digest = tree.hash(path, &mut vec![0; 1 << 16])?.0;
        self.digests.insert(name.clone(), digest);
        // Larger texts are hashed and not looked into; they count as skipped.
        let Ok(bytes) = tree.read(path, MAX_TEXT) else { return Ok(false) };
        let Ok(text) = String::from_utf8(bytes) else { return Ok(false) };
        if layout::is_script(&name) {
            let options = script::options(&text).map(|node| Options::of(&node));
            self.scripts.insert(name, Script { bytes: text.trim().len(), options });
        } else {
            self.texts.insert(name, text);
        }
        Ok(false)
    }

    fn add_neighbour(&mut self, tree: &Tree, named: &str) {
        let path: RelPath = named.parse().expect("a neighbour is a portable path");
        let mut paths = vec![path.clone()];
        if named.rsplit('/').next().is_some_and(|name| !name.contains('.')) {
            let listing = tree.list(Some(&path)).unwrap_or_default();
            paths = listing.files.into_iter().map(|entry| entry.path).collect();
        }
        for path in paths {
            let Ok(bytes) = tree.read(&path, Limits::GOVERNED.bytes) else { continue };
            let Ok(document) = Document::parse(&path, &bytes, Limits::GOVERNED) else { continue };
            if let [root] = document.roots.as_slice() {
                let source = Source { path: path.to_string(), root: root.clone() };
                self.neighbours.insert(path.to_string(), source);
            }
        }
    }

    /// Looks for files outside the area that its documents name.
    fn find_elsewhere(&mut self, tree: &Tree) {
        let mut named = BTreeSet::new();
        for source in self.documents.values() {
            source.root.walk(&mut |_, node| {
                let text = node.as_str().unwrap_or_default();
                if text.contains('/') && text.len() < 400 {
                    named.insert(text.to_owned());
                }
            });
        }
        for text in named {
            let Ok(path) = text.parse::<RelPath>() else { continue };
            if tree.has_file(&path) {
                self.elsewhere.insert(text);
            }
        }
    }

    /// Tells whether the tree has a file.
    pub(super) fn has(&self, path: &str) -> bool {
        self.files.contains(path) || self.elsewhere.contains(path)
    }

    /// A document of the area.
    pub(super) fn document(&self, path: &str) -> Option<&Source> {
        self.documents.get(path)
    }

    /// A document of another area.
    pub(super) fn neighbour(&self, path: &str) -> Option<&Source> {
        self.neighbours.get(path)
    }

    /// The documents of the area, schemas left out.
    pub(super) fn documents(&self) -> impl Iterator<Item = &Source> {
        self.documents.values().filter(|source| !layout::is_schema(&source.path, &source.root))
    }

    /// The schemas of the tree that load documents may follow.
    pub(super) fn schema(&self, path: &str) -> Option<&Source> {
        self.document(path).or_else(|| self.neighbour(path))
    }

    /// The documents of other areas in a folder.
    pub(super) fn neighbours_in<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a Source> {
        self.neighbours.values().filter(move |source| source.path.starts_with(folder))
    }
}

fn head_of(tree: &Tree, path: &RelPath) -> Result<Vec<u8>, crate::tree::TreeError> {
    use std::io::Read as _;
    let (file, _) = tree.file(path)?;
    let mut head = Vec::new();
    file.take(64 << 10)
        .read_to_end(&mut head)
        .map_err(|error| crate::tree::TreeError::io(std::path::Path::new(path.as_str()), error))?;
    Ok(head)
}
