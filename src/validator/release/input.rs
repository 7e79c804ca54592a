//! What the rules read: every document of the release once, every file that one of them names
//! hashed once, the evidence bundle read once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read};

use super::layout;
use super::row::{self, Row};
use crate::digest::Digest;
use crate::document::{Document, Limits, Node};
use crate::finding::rules::release as rules;
use crate::finding::{Finding, Location, Report};
use crate::packet::foreign::{Compression, ForeignArchive, Member};
use crate::path::RelPath;
use crate::tree::{Tree, TreeError};
use crate::validator::Governed;

/// Folders of other areas that release documents refer to; what is wrong in them is for their own
/// area to say.
const NEIGHBOURS: &[&str] =
    &["ops/k8s/values", "ops/k8s/charts", "ops/k8s/generated", "ops/inventory", "ops/docker"];
/// Folders that hold schemas.
const SCHEMA_FOLDERS: &[&str] = &["ops", "configs/schemas", "configs/sources", "schemas"];

/// A document of the tree or of the bundle.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The file, on its basis.
    pub(super) location: Location,
    /// Whether it is a member of the bundle.
    pub(super) is_member: bool,
    /// What it says.
    pub(super) root: Node,
}

impl Source {
    /// The path on its basis.
    pub(super) fn path(&self) -> &str {
        &self.location.path
    }

    /// The place of a value in it.
    pub(super) fn at(&self, pointer: &str) -> Location {
        match self.root.pointer(pointer) {
            Some(node) => self.location.clone().at(pointer, node.position),
            None => self.location.clone().pointing(pointer),
        }
    }

    /// The text at a pointer.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.root.pointer(pointer).and_then(Node::as_str)
    }
}

/// What lies at a path, on one basis, against a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// A file with this digest.
    Matches,
    /// A file with another digest.
    Differs(Digest),
    /// A folder.
    Folder,
    /// Nothing.
    Absent,
    /// There is no such basis, or the path is the bundle itself.
    NotAsked,
}

/// Everything that the rules of the area read.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// Documents of the tree by path: the area's own and its neighbours'.
    documents: BTreeMap<String, Source>,
    /// Documents of the bundle by path.
    members: BTreeMap<String, Source>,
    /// Schemas of the tree by path.
    pub(super) schemas: BTreeMap<String, Node>,
    /// The digest of every file of the tree that a document names, or that lies in the area.
    files: BTreeMap<String, Digest>,
    /// Folders of the tree that a document names.
    folders: BTreeSet<String>,
    /// The bytes of the area's own files.
    pub(super) bytes: BTreeMap<String, Vec<u8>>,
    /// The members of the bundle, when there is one that can be read.
    pub(super) bundle: Option<BTreeMap<String, Member>>,
    /// Every path with a digest.
    pub(super) rows: Vec<Row>,
    /// The files of every chart and package, by the chart's folder or the package's path.
    pub(super) charts: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
}

impl Inputs {
    /// Reads everything once. What cannot be read is reported.
    pub(super) fn gather(tree: &Tree, governed: &Governed, report: &mut Report) -> Self {
        let mut inputs = Self::default();
        for document in &governed.documents {
            inputs.add_document(document);
        }
        for folder in NEIGHBOURS {
            inputs.add_folder(tree, folder);
        }
        inputs.add_file(tree, "Cargo.toml");
        inputs.add_schemas(tree);
        for path in &governed.files {
            inputs.add_own_file(tree, path, report);
        }
        inputs.rows = inputs
            .documents
            .values()
            .filter(|source| is_own(source.path()))
            .chain(inputs.members.values())
            .filter(|source| !layout::is_specimen(source.path()))
            .flat_map(row::rows_of)
            .collect();
        inputs.hash_named(tree, report);
        inputs
    }

    fn add_own_file(&mut self, tree: &Tree, path: &RelPath, report: &mut Report) {
        let read = if path.as_str() == layout::BUNDLE {
            tree.file(path).map(|(file, _)| self.add_bundle(BufReader::new(file), report))
        } else if is_package(path.as_str()) {
            let file = tree.file(path);
            file.map(|(file, _)| self.add_package(path.as_str(), BufReader::new(file), report))
        } else {
            tree.read(path, Limits::GOVERNED.bytes).map(|bytes| {
                self.bytes.insert(path.to_string(), bytes);
            })
        };
        let hashed = tree.hash(path, &mut vec![0; 1 << 16]);
        match read.and(hashed) {
            Ok((digest, _)) => {
                self.files.insert(path.to_string(), digest);
            }
            Err(error) => {
                let location = Location::file(path);
                report.push(Finding::new(&rules::INPUT_UNREADABLE, location, error.problem()));
            }
        }
    }

    fn add_document(&mut self, document: &Document) {
        let path = document.path.as_str();
        let [root] = document.roots.as_slice() else { return };
        if layout::is_schema(path) {
            self.schemas.insert(path.to_owned(), root.clone());
            return;
        }
        let location = Location::file(&document.path);
        let source = Source { location, is_member: false, root: root.clone() };
        self.documents.insert(path.to_owned(), source);
    }

    fn add_file(&mut self, tree: &Tree, path: &str) {
        let Ok(path) = path.parse::<RelPath>() else { return };
        let Ok(bytes) = tree.read(&path, Limits::GOVERNED.bytes) else { return };
        if let Ok(document) = Document::parse(&path, &bytes, Limits::GOVERNED) {
            self.add_document(&document);
        }
        if let Some((chart, inner)) = chart_file(path.as_str()) {
            let files = self.charts.entry(chart.to_owned()).or_default();
            files.insert(inner.to_owned(), bytes);
        }
    }

    fn add_folder(&mut self, tree: &Tree, folder: &str) {
        let Ok(folder) = folder.parse::<RelPath>() else { return };
        for entry in tree.list(Some(&folder)).unwrap_or_default().files {
            self.add_file(tree, entry.path.as_str());
        }
    }

    fn add_schemas(&mut self, tree: &Tree) {
        for folder in SCHEMA_FOLDERS.iter().filter_map(|folder| folder.parse::<RelPath>().ok()) {
            for entry in tree.list(Some(&folder)).unwrap_or_default().files {
                let is_index = entry.path.as_str() == super::schemas::INDEX;
                if (layout::is_schema(entry.path.as_str()) || is_index)
                    && !self.schemas.contains_key(entry.path.as_str())
                {
                    self.add_file(tree, entry.path.as_str());
                }
            }
        }
    }

    fn add_bundle(&mut self, reader: impl Read, report: &mut Report) {
        let archive = match ForeignArchive::read(reader, Compression::None) {
            Ok(archive) => archive,
            Err(error) => {
                let location = Location::named(layout::BUNDLE);
                let finding = Finding::new(&rules::ARCHIVE_UNREADABLE, location, error.to_string());
                report.push(finding);
                return;
            }
        };
        for refused in &archive.refused {
            let location = Location::member(layout::BUNDLE, &refused.name);
            let message = format!("the bundle holds {}", refused.problem);
            report.push(Finding::new(&rules::ARCHIVE_MEMBER_REFUSED, location, message));
        }
        for (path, member) in &archive.members {
            let Some(bytes) = &member.bytes else {
                let detail = format!("{} bytes: hashed, and not looked into", member.size);
                report.skipped("bundle-member", path.as_str(), detail);
                continue;
            };
            let Ok(parsed) = path.parse::<RelPath>() else { continue };
            let Ok(document) = Document::parse(&parsed, bytes, Limits::GOVERNED) else { continue };
            let [root] = document.roots.as_slice() else { continue };
            if !layout::is_schema(path) {
                let location = Location::member(layout::BUNDLE, path);
                let source = Source { location, is_member: true, root: root.clone() };
                self.members.insert(path.clone(), source);
            }
        }
        self.bundle = Some(archive.members);
    }

    fn add_package(&mut self, path: &str, reader: impl Read, report: &mut Report) {
        match ForeignArchive::read(reader, Compression::Gzip) {
            Ok(archive) => {
                for refused in &archive.refused {
                    let location = Location::member(path, &refused.name);
                    let message = format!("the package holds {}", refused.problem);
                    report.push(Finding::new(&rules::ARCHIVE_MEMBER_REFUSED, location, message));
                }
                let files = archive.members.into_iter().filter_map(|(name, member)| {
                    let (_, inner) = name.split_once('/')?;
                    Some((inner.to_owned(), member.bytes?))
                });
                self.charts.insert(path.to_owned(), files.collect());
            }
            Err(error) => {
                let location = Location::named(path);
                report.push(Finding::new(&rules::ARCHIVE_UNREADABLE, location, error.to_string()));
            }
        }
    }

    /// Hashes every file of the tree that a document or the bundle names.
    fn hash_named(&mut self, tree: &Tree, report: &mut Report) {
        let mut named: BTreeSet<String> = self.rows.iter().map(|row| row.path.clone()).collect();
        named.extend(self.bundle.iter().flatten().map(|(path, _)| path.clone()));
        for source in self.documents.values().filter(|source| is_own(source.path())) {
            source.root.walk(&mut |_, node| {
                named.extend(node.as_str().filter(|text| looks_like_path(text)).map(str::to_owned));
            });
        }
        let mut buffer = vec![0; 1 << 16];
        for name in named {
            let Ok(path) = name.trim_end_matches('/').parse::<RelPath>() else { continue };
            if self.files.contains_key(path.as_str()) {
                continue;
            }
            match tree.hash(&path, &mut buffer) {
                Ok((digest, _)) => {
                    self.files.insert(path.to_string(), digest);
                }
                Err(error) if error.is_not_found() => {}
                Err(TreeError::NotRegular { .. }) if tree.list(Some(&path)).is_ok() => {
                    self.folders.insert(path.to_string());
                }
                Err(error) => {
                    let location = Location::file(&path);
                    let message = error.problem();
                    report.push(Finding::new(&rules::INPUT_UNREADABLE, location, message));
                }
            }
        }
    }

    /// A document of the tree.
    pub(super) fn document(&self, path: &str) -> Option<&Source> {
        self.documents.get(path)
    }

    /// A document of the bundle.
    pub(super) fn member(&self, path: &str) -> Option<&Source> {
        self.members.get(path)
    }

    /// The area's own documents in the tree, specimens left out.
    pub(super) fn own(&self) -> impl Iterator<Item = &Source> {
        self.documents
            .values()
            .filter(|source| is_own(source.path()) && !layout::is_specimen(source.path()))
    }

    /// All documents of the tree below a folder.
    pub(super) fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a Source> {
        self.documents.values().filter(move |source| source.path().starts_with(folder))
    }

    /// The documents of the bundle.
    pub(super) fn members(&self) -> impl Iterator<Item = &Source> {
        self.members.values()
    }

    /// The digest of a file of the tree.
    pub(super) fn file(&self, path: &str) -> Option<Digest> {
        self.files.get(path).copied()
    }

    /// Tells whether a path is a file or a folder of the tree, or of the bundle.
    pub(super) fn exists(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.files.contains_key(path)
            || self.folders.contains(path)
            || self.bundle.iter().flatten().any(|(member, _)| lies_in(member, path))
    }

    /// What the tree holds at a path.
    pub(super) fn in_tree(&self, path: &str, declared: Digest) -> Answer {
        match self.file(path) {
            Some(actual) if actual == declared => Answer::Matches,
            Some(actual) => Answer::Differs(actual),
            None if self.folders.contains(path.trim_end_matches('/')) => Answer::Folder,
            None => Answer::Absent,
        }
    }

    /// What the bundle holds at a path.
    pub(super) fn in_bundle(&self, path: &str, declared: Digest) -> Answer {
        let Some(members) = &self.bundle else { return Answer::NotAsked };
        if path == layout::BUNDLE {
            return Answer::NotAsked;
        }
        match members.get(path) {
            Some(member) if member.digest == declared => Answer::Matches,
            Some(member) => Answer::Differs(member.digest),
            None if members.keys().any(|member| lies_in(member, path)) => Answer::Folder,
            None => Answer::Absent,
        }
    }

    /// Tells whether any file of the tree or of the bundle has a digest.
    pub(super) fn anywhere(&self, digest: Digest) -> bool {
        self.files.values().any(|actual| *actual == digest)
            || self.bundle.iter().flatten().any(|(_, member)| member.digest == digest)
    }

    /// Tells whether the tree is released with a packet of ours, which states what it binds.
    pub(super) fn is_own(&self) -> bool {
        self.document(layout::OWN_RELEASE)
            .is_some_and(|source| source.text("/schema") == Some("countersign.release/v1"))
    }

    /// Tells whether the tree generates its evidence the handbook's way.
    pub(super) fn is_handbook(&self) -> bool {
        layout::GENERATED.iter().any(|path| self.files.contains_key(*path))
    }
}

/// Tells whether the area judges a document; the neighbours' are only looked up.
fn is_own(path: &str) -> bool {
    super::FOLDERS.iter().any(|folder| path.starts_with(&format!("{folder}/")))
}

/// Tells whether a file is a packaged chart of the evidence.
fn is_package(path: &str) -> bool {
    path.starts_with(layout::PACKAGES) && path.ends_with(".tgz")
}

fn lies_in(member: &str, folder: &str) -> bool {
    member.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The folder of the chart that a file belongs to, and its path inside.
fn chart_file(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("ops/k8s/charts/")?;
    let (_, inner) = rest.split_once('/')?;
    Some((&path[..path.len() - inner.len() - 1], inner))
}

/// Tells whether text is meant as a path below the root.
pub(super) fn looks_like_path(text: &str) -> bool {
    text.contains('/')
        && !text.contains([' ', ':', '@', '<', '{', '$', '*', '#'])
        && text.trim_end_matches('/').parse::<RelPath>().is_ok()
}
