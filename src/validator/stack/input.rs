//! What the rules read: every document of the area once, every component file of the tree once.

use std::collections::{BTreeMap, BTreeSet};

use super::layout;
use super::references::{self, Pin, Reference, Role};
use super::source::{Kind, Source};
use crate::digest::Digest;
use crate::document::{Document, Format, Limits, parse_json};
use crate::finding::{Area, Finding, Location, Report, rules::stack as rules};
use crate::path::RelPath;
use crate::tree::Tree;
use crate::validator::Governed;

/// Folders of a tree without `ops/` that hold no component of its own.
const FOREIGN: &[&str] =
    &["target", "node_modules", "vendor", "third_party", "testdata", "artifacts", "dist"];
/// Files above `ops/` that pin tools.
const ABOVE: &[&str] = &["rust-toolchain.toml", "rust-toolchain", "Cargo.toml", ".tool-versions"];

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
    /// Files that do not parse; there is a finding for each that is a component.
    refused: BTreeSet<String>,
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
            refused: BTreeSet::new(),
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
        let parsed = |path: &RelPath| governed.document(path.as_str()).is_some();
        let refused = governed.files.iter().filter(|path| Format::of(path).is_some());
        inputs.refused = refused.filter(|path| !parsed(path)).map(RelPath::to_string).collect();
        for path in &listed {
            let is_template = charts.iter().any(|folder| path.as_str().starts_with(folder));
            if !is_template && governed.files.binary_search(path).is_err() {
                inputs.read(path, report);
            }
        }
        for path in listed.iter().filter(|path| layout::is_dockerfile(path.as_str())) {
            inputs.read_text(path, report);
        }
        inputs.read_lock(report);
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
    /// for its own area to say, and where no area looks for this one.
    fn read(&mut self, path: &RelPath, report: &mut Report) {
        let Some(format) = Format::of(path) else { return };
        let name = path.as_str();
        let is_named = match format {
            Format::Yaml => true,
            Format::Toml => name == layout::IMAGES_RELEASE,
            Format::Json => {
                name.starts_with("ops/release/")
                    || name.ends_with(layout::DRIFT)
                    || name.ends_with(".spdx.json")
                    || name.ends_with(".cdx.json")
            }
        };
        // Whether another JSON file is an object for Kubernetes shows only inside.
        if layout::is_negative(name) || (format == Format::Toml && !is_named) {
            return;
        }
        let is_elsewhere = is_in_an_area(name);
        let bytes = match self.tree.read(path, Limits::GOVERNED.bytes) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.skipped += 1;
                if layout::is_compose(name) && !is_elsewhere {
                    let location = Location::file(path);
                    report.push(Finding::new(&rules::INPUT_UNREADABLE, location, error.problem()));
                }
                return;
            }
        };
        if !is_named && !begins_an_object(&bytes) {
            return;
        }
        match Document::parse(path, &bytes, Limits::GOVERNED) {
            Ok(document) => self.add(&document),
            Err(error) => {
                self.skipped += 1;
                if !is_elsewhere && is_component_text(name, &bytes) {
                    let location = Location::file(path).at(&error.pointer, error.position);
                    report.push(Finding::new(&rules::DOCUMENT_MALFORMED, location, error.problem));
                }
            }
        }
    }

    fn add(&mut self, document: &Document) {
        if layout::is_negative(document.path.as_str()) {
            return;
        }
        for source in Source::all_of(document) {
            self.look_through(&source);
            if source.is_kept() {
                self.documents.push(source);
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

    fn read_text(&mut self, path: &RelPath, report: &mut Report) {
        let bytes = self.tree.read(path, Limits::GOVERNED.bytes).unwrap_or_default();
        match String::from_utf8(bytes) {
            Ok(text) => {
                self.texts.insert(path.to_string(), text);
            }
            Err(_) => {
                let location = Location::file(path);
                let problem = "not UTF-8 text";
                report.push(Finding::new(&rules::DOCUMENT_MALFORMED, location, problem));
            }
        }
    }

    /// The lock of base images is JSON under another name.
    fn read_lock(&mut self, report: &mut Report) {
        let path: RelPath = layout::BASES.parse().expect("a fixed path is portable");
        let Ok(bytes) = self.tree.read(&path, Limits::GOVERNED.bytes) else { return };
        let root = match parse_json(&bytes, Limits::GOVERNED) {
            Ok(root) => root,
            Err(error) => {
                let location = Location::file(&path).at(&error.pointer, error.position);
                report.push(Finding::new(&rules::DOCUMENT_MALFORMED, location, error.problem));
                self.refused.insert(path.to_string());
                return;
            }
        };
        let path = path.to_string();
        self.documents.push(Source::other(path, root));
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

    /// Tells whether a file was there and could not be read as a document.
    pub(super) fn is_refused(&self, path: &str) -> bool {
        self.refused.contains(path)
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

/// Tells whether some area judges the files of a folder.
fn is_in_an_area(path: &str) -> bool {
    Area::GOVERNED
        .into_iter()
        .flat_map(crate::validator::folders)
        .any(|folder| path.starts_with(&format!("{folder}/")))
}

/// Tells whether JSON has the first keys of an object for Kubernetes.
fn begins_an_object(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(1 << 12)]);
    text.contains("\"apiVersion\"") && text.contains("\"kind\"")
}

/// Tells whether a broken file was meant to be a component, by its name or its first lines.
fn is_component_text(path: &str, bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(1 << 16)]);
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    layout::is_compose(path) || (has("apiVersion:") && has("kind:") && !text.contains("{{"))
}
