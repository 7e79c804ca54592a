//! What the rules read: every document of the area once, every component file of the tree once.

use std::collections::{BTreeMap, BTreeSet};

use super::layout;
use super::references::{self, Pin, Reference, Role};
use crate::digest::Digest;
use crate::document::{Document, Format, Limits, Node, parse_json};
use crate::finding::{Finding, Location, Report, rules::stack as rules};
use crate::path::RelPath;
use crate::tree::Tree;
use crate::validator::Governed;

/// Folders of a tree without `ops/` that hold no component of its own.
const FOREIGN: &[&str] =
    &["target", "node_modules", "vendor", "third_party", "testdata", "artifacts", "dist"];
/// Files above `ops/` that pin tools.
const ABOVE: &[&str] = &["rust-toolchain.toml", "rust-toolchain", "Cargo.toml", ".tool-versions"];

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An object for Kubernetes.
    Object,
    /// A cluster for kind.
    Cluster,
    /// A compose file.
    Compose,
    /// Values for Helm.
    Values,
    /// Anything else.
    Other,
}

/// One document, or one item of a `List`.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The file.
    pub(super) path: String,
    /// What it is.
    pub(super) kind: Kind,
    /// Where in the file's document it stands; empty but for the items of a `List`.
    prefix: String,
    /// What it says.
    pub(super) root: Node,
}

impl Source {
    /// The place of a value in it.
    pub(super) fn at(&self, pointer: &str) -> Location {
        let location = Location::named(&self.path);
        let whole = format!("{}{pointer}", self.prefix);
        match self.root.pointer(pointer) {
            Some(node) => location.at(&whole, node.position),
            None => location.pointing(&whole),
        }
    }

    /// The text at a pointer.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.root.pointer(pointer).and_then(Node::as_str)
    }

    /// The items of the list at a pointer.
    pub(super) fn items(&self, pointer: &str) -> &[Node] {
        self.root.pointer(pointer).map(Node::items).unwrap_or_default()
    }
}

/// A version that a document claims, and where.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    /// The place.
    pub(super) location: Location,
    /// Of what: `kubernetes`, or a tool.
    pub(super) name: String,
    /// The version.
    pub(super) version: String,
}

/// Everything that the rules of the area read.
pub(super) struct Inputs<'a> {
    tree: &'a Tree,
    /// Documents by path, in the order of the text; what was rendered is looked through and let go.
    pub(super) documents: Vec<Source>,
    /// Every file of the tree that is searched.
    pub(super) files: BTreeSet<String>,
    /// Dockerfiles and environment files.
    pub(super) texts: BTreeMap<String, String>,
    /// Every image that runs or is built on.
    pub(super) references: Vec<Reference>,
    /// The pin list.
    pub(super) pins: Vec<Pin>,
    /// Repositories that the release's own documents name.
    pub(super) products: BTreeSet<String>,
    /// Versions of Kubernetes and of tools that release evidence claims.
    pub(super) claims: Vec<Claim>,
    /// Node ports that some Service has, or that Helm values give one.
    pub(super) node_ports: BTreeSet<u64>,
    /// The digests of whatever a bill of materials in the tree describes; none without one.
    pub(super) subjects: Option<BTreeSet<Digest>>,
    /// Whether the tree has an `ops/` folder at all.
    pub(super) is_governed: bool,
    /// Image-like values that are filled in later, and files that do not parse.
    pub(super) skipped: usize,
}

impl<'a> Inputs<'a> {
    /// Reads everything once. What cannot be read is reported.
    pub(super) fn gather(tree: &'a Tree, governed: &Governed, report: &mut Report) -> Self {
        let mut inputs = Self {
            tree,
            documents: Vec::new(),
            files: BTreeSet::new(),
            texts: BTreeMap::new(),
            references: Vec::new(),
            pins: Vec::new(),
            products: BTreeSet::new(),
            claims: Vec::new(),
            node_ports: BTreeSet::new(),
            subjects: None,
            is_governed: true,
            skipped: 0,
        };
        let listed = inputs.list(report);
        let charts: Vec<String> = listed
            .iter()
            .filter(|path| path.file_name() == "Chart.yaml")
            .map(|path| format!("{}templates/", path.as_str().trim_end_matches("Chart.yaml")))
            .collect();
        for document in &governed.documents {
            inputs.add(document);
        }
        for path in &listed {
            let is_template = charts.iter().any(|folder| path.as_str().starts_with(folder));
            if !is_template && governed.files.binary_search(path).is_err() {
                inputs.read(path, report);
            }
        }
        for path in listed.iter().filter(|path| layout::is_dockerfile(path.as_str())) {
            inputs.read_text(path);
        }
        inputs.read_lock();
        for path in ABOVE {
            inputs.read_above(path);
        }
        inputs.read_configured_toolchains();
        inputs.documents.sort_by(|a, b| a.path.cmp(&b.path));
        references::of_files(&mut inputs);
        inputs
    }

    /// Lists the tree's component files: all below `ops/`, or, without one, all of the tree.
    fn list(&mut self, report: &mut Report) -> Vec<RelPath> {
        let ops: RelPath = "ops".parse().expect("a fixed path is portable");
        let listing = match self.tree.list(Some(&ops)) {
            Ok(listing) => listing,
            Err(error) if error.is_not_found() => {
                self.is_governed = false;
                match self.tree.list(None) {
                    Ok(listing) => listing,
                    Err(error) => {
                        let location = Location::named(".");
                        let problem = error.problem();
                        report.push(Finding::new(&rules::INPUT_UNREADABLE, location, problem));
                        return Vec::new();
                    }
                }
            }
            Err(_) => return Vec::new(),
        };
        let is_governed = self.is_governed;
        let is_own = |path: &RelPath| {
            is_governed
                || !path.parts().any(|part| part.starts_with('.') || FOREIGN.contains(&part))
        };
        let files: Vec<RelPath> =
            listing.files.into_iter().map(|entry| entry.path).filter(is_own).collect();
        self.files = files.iter().map(RelPath::to_string).collect();
        files
    }

    /// Reads a component file outside the area's own folders; what is wrong with it as a file is
    /// for its own area to say, and in a tree without areas for this one.
    fn read(&mut self, path: &RelPath, report: &mut Report) {
        let Some(format) = Format::of(path) else { return };
        let name = path.as_str();
        let is_wanted = match format {
            Format::Yaml => true,
            Format::Toml => name == layout::IMAGES_RELEASE,
            Format::Json => {
                name.starts_with("ops/release/")
                    || name.ends_with(layout::DRIFT)
                    || name.ends_with(".spdx.json")
                    || name.ends_with(".cdx.json")
            }
        };
        if !is_wanted || layout::is_negative(name) {
            return;
        }
        let Ok(bytes) = self.tree.read(path, Limits::GOVERNED.bytes) else {
            self.skipped += 1;
            return;
        };
        match Document::parse(path, &bytes, Limits::GOVERNED) {
            Ok(document) => self.add(&document),
            Err(error) => {
                self.skipped += 1;
                if !self.is_governed && is_component_text(name, &bytes) {
                    let location = Location::file(path).at(&error.pointer, error.position);
                    report.push(Finding::new(&rules::DOCUMENT_MALFORMED, location, error.problem));
                }
            }
        }
    }

    fn add(&mut self, document: &Document) {
        let path = document.path.as_str();
        if layout::is_negative(path) {
            return;
        }
        for root in &document.roots {
            let source = |prefix: &str, root: &Node| Source {
                path: path.to_owned(),
                kind: kind_of(path, root),
                prefix: prefix.to_owned(),
                root: root.clone(),
            };
            let is_list = root.get("kind").and_then(Node::as_str) == Some("List");
            let sources: Vec<Source> = if is_list {
                let items = root.get("items").map(Node::items).unwrap_or_default();
                items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| source(&format!("/items/{at}"), item))
                    .collect()
            } else {
                vec![source("", root)]
            };
            for source in sources {
                self.look_through(&source);
                if is_kept(&source) {
                    self.documents.push(source);
                }
            }
        }
    }

    /// Takes from a document what is kept of it whether or not the document is.
    fn look_through(&mut self, source: &Source) {
        if layout::is_rendered(&source.path) && source.kind == Kind::Object {
            self.references.extend(references::of_object(source, Role::Rendered));
        }
        if source.path.starts_with("ops/release/") {
            references::products_of(&source.root, &mut self.products);
            self.look_for_claims(source);
        }
        if matches!(source.kind, Kind::Object | Kind::Values) {
            let ports = &mut self.node_ports;
            source.root.walk(&mut |pointer, node| {
                ports.extend(node.as_u64().filter(|_| pointer.ends_with("/nodePort")));
            });
        }
        if let Some(subjects) = references::subjects_of(&source.root) {
            self.subjects.get_or_insert_default().extend(subjects);
        }
    }

    /// Every `helm_version` and `kubernetes_version` of a document.
    fn look_for_claims(&mut self, source: &Source) {
        let mut claims = Vec::new();
        source.root.walk(&mut |pointer, node| {
            let key = pointer.rsplit('/').next().unwrap_or_default();
            let name = key.strip_suffix("_version").or_else(|| key.strip_suffix("Version"));
            if let (Some(name), Some(version)) = (name, node.as_str()) {
                claims.push((pointer.to_owned(), name.to_owned(), version.to_owned()));
            }
        });
        for (pointer, name, version) in claims {
            self.claims.push(Claim { location: source.at(&pointer), name, version });
        }
    }

    fn read_text(&mut self, path: &RelPath) {
        let bytes = self.tree.read(path, Limits::GOVERNED.bytes).unwrap_or_default();
        match String::from_utf8(bytes) {
            Ok(text) => {
                self.texts.insert(path.to_string(), text);
            }
            Err(_) => self.skipped += 1,
        }
    }

    /// The lock of base images is JSON under another name.
    fn read_lock(&mut self) {
        let path: RelPath = layout::BASES.parse().expect("a fixed path is portable");
        let Ok(bytes) = self.tree.read(&path, Limits::GOVERNED.bytes) else { return };
        let Ok(root) = parse_json(&bytes, Limits::GOVERNED) else {
            self.skipped += 1;
            return;
        };
        let path = path.to_string();
        self.documents.push(Source { path, kind: Kind::Other, prefix: String::new(), root });
    }

    fn read_above(&mut self, name: &str) {
        let Ok(path) = name.parse::<RelPath>() else { return };
        let Ok(bytes) = self.tree.read(&path, Limits::GOVERNED.bytes) else { return };
        match Document::parse(&path, &bytes, Limits::GOVERNED) {
            Ok(document) => self.add(&document),
            Err(_) => {
                if let Ok(text) = String::from_utf8(bytes) {
                    self.texts.insert(name.to_owned(), text);
                }
            }
        }
    }

    /// Other places that pin the toolchain: files of that name below `configs/`.
    fn read_configured_toolchains(&mut self) {
        let folder: RelPath = "configs".parse().expect("a fixed path is portable");
        for entry in self.tree.list(Some(&folder)).unwrap_or_default().files {
            if matches!(entry.path.file_name(), "toolchain.json" | "toolchain.toml") {
                self.read_above(entry.path.as_str());
            }
        }
    }

    /// The first document of a file.
    pub(super) fn document(&self, path: &str) -> Option<&Source> {
        let at = self.documents.partition_point(|source| source.path.as_str() < path);
        self.documents.get(at).filter(|source| source.path == path)
    }

    /// All documents of a file.
    pub(super) fn documents_of(&self, path: &str) -> impl Iterator<Item = &Source> {
        let at = self.documents.partition_point(|source| source.path.as_str() < path);
        self.documents[at..].iter().take_while(move |source| source.path == path)
    }

    /// All documents of a kind.
    pub(super) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Source> {
        self.documents.iter().filter(move |source| source.kind == kind)
    }

    /// Tells whether a file or a folder lies at a path.
    pub(super) fn exists(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        if self.files.contains(path) {
            return true;
        }
        let folder = format!("{path}/");
        let below = self.files.range(folder.clone()..).next();
        if below.is_some_and(|file| file.starts_with(&folder)) {
            return true;
        }
        path.parse::<RelPath>().is_ok_and(|path| self.tree.has_file(&path))
    }

    /// The digest of a file of the tree.
    pub(super) fn digest(&self, path: &str) -> Option<Digest> {
        let path = path.parse::<RelPath>().ok()?;
        self.tree.hash(&path, &mut vec![0; 1 << 16]).ok().map(|(digest, _)| digest)
    }

    /// The text of a file of the tree.
    pub(super) fn read_file(&self, path: &str) -> Option<String> {
        let path = path.parse::<RelPath>().ok()?;
        String::from_utf8(self.tree.read(&path, Limits::GOVERNED.bytes).ok()?).ok()
    }
}

fn kind_of(path: &str, root: &Node) -> Kind {
    let text = |key: &str| root.get(key).and_then(Node::as_str);
    match (text("apiVersion"), text("kind")) {
        (Some(version), Some("Cluster")) if version.starts_with("kind.x-k8s.io/") => Kind::Cluster,
        (Some(_), Some(_)) => Kind::Object,
        _ if layout::is_compose(path) => Kind::Compose,
        _ if layout::is_values(path) => Kind::Values,
        _ => Kind::Other,
    }
}

/// What was rendered is looked through once: thousands of manifests are not kept.
fn is_kept(source: &Source) -> bool {
    match source.kind {
        Kind::Object => !layout::is_rendered(&source.path),
        Kind::Cluster | Kind::Compose | Kind::Values => true,
        Kind::Other => {
            let path = source.path.as_str();
            let own = super::FOLDERS.iter().any(|folder| path.starts_with(&format!("{folder}/")));
            own || path.ends_with("Chart.yaml")
                || path.ends_with(layout::DRIFT)
                || path == layout::IMAGES_RELEASE
                || !path.starts_with("ops/")
        }
    }
}

/// Tells whether a broken file was meant to be a component, by its name or its first lines.
fn is_component_text(path: &str, bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(1 << 16)]);
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    layout::is_compose(path) || (has("apiVersion:") && has("kind:") && !text.contains("{{"))
}
