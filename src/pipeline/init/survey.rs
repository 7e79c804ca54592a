//! What lies in a project: charts, compose files, rules, dashboards, load scripts, and where each is
//! governed.

use std::fs;
use std::path::Path;

use crate::document::{self, Document, Limits, Node};
use crate::finding::Area;
use crate::packet::{EvidenceKind, evidence};
use crate::path::RelPath;
use crate::tree::{self, TreeError};

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: FoundKind,
    /// Where it lies, below the root.
    pub path: String,
    /// Where it is governed; nothing for what stays where it is.
    pub place: Option<String>,
    /// Whether it was moved there.
    pub is_moved: bool,
}

/// What a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FoundKind {
    /// A Helm chart: a folder.
    Chart,
    /// A compose file.
    Compose,
    /// Kubernetes manifests that are no chart's.
    Manifests,
    /// Prometheus rules.
    Rules,
    /// A Grafana dashboard.
    Dashboard,
    /// A k6 script.
    LoadScript,
    /// A software bill of materials.
    Sbom,
    /// A Dockerfile.
    Dockerfile,
}

impl FoundKind {
    /// Says what it is, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Chart => "Helm chart",
            Self::Compose => "compose file",
            Self::Manifests => "Kubernetes manifests",
            Self::Rules => "Prometheus rules",
            Self::Dashboard => "Grafana dashboard",
            Self::LoadScript => "k6 script",
            Self::Sbom => "bill of materials",
            Self::Dockerfile => "Dockerfile",
        }
    }

    /// The area that governs it.
    #[must_use]
    pub fn area(self) -> Option<Area> {
        match self {
            Self::Chart | Self::Manifests => Some(Area::K8s),
            Self::Compose => Some(Area::Stack),
            Self::Rules | Self::Dashboard => Some(Area::Observe),
            Self::LoadScript => Some(Area::Load),
            Self::Sbom | Self::Dockerfile => None,
        }
    }

    fn place(self, path: &str) -> Option<String> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let folder = match self {
            Self::Chart => "ops/k8s/charts",
            Self::Compose => "ops/stack/compose",
            Self::Manifests => "ops/k8s/rendered",
            Self::Rules => "ops/observe/alerts",
            Self::Dashboard => "ops/observe/dashboards",
            Self::LoadScript => "ops/load/k6/suites",
            // What a build reads by its path stays; evidence is given when a release is assembled.
            Self::Sbom | Self::Dockerfile => return None,
        };
        Some(format!("{folder}/{name}"))
    }
}

/// Folders that hold no source of the project's own.
const PASSED_OVER: [&str; 8] =
    ["ops", "keys", "target", "node_modules", "vendor", "dist", "build", "__pycache__"];
/// The deepest folder that is looked into, and the most files that are looked at.
const MAX_DEPTH: usize = 8;
const MAX_FILES: usize = 20_000;
/// The largest file that is read, in bytes; a bill of materials may be larger, and is told by hand.
const MAX_BYTES: usize = 8 << 20;

/// Looks at a project. What cannot be read is passed over: nothing is judged here.
///
/// # Errors
///
/// When the root itself cannot be read.
pub(super) fn survey(root: &Path) -> Result<Vec<Found>, TreeError> {
    let mut survey = Survey { root, found: Vec::new(), files: 0 };
    let entries = fs::read_dir(root).map_err(|error| TreeError::io(root, error))?;
    survey.folder(entries, "", 0);
    survey.found.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
    Ok(survey.found)
}

struct Survey<'a> {
    root: &'a Path,
    found: Vec<Found>,
    files: usize,
}

impl Survey<'_> {
    fn folder(&mut self, entries: fs::ReadDir, path: &str, depth: usize) {
        let mut entries: Vec<fs::DirEntry> = entries.flatten().collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        if entries.iter().any(|entry| entry.file_name() == "Chart.yaml") && !path.is_empty() {
            self.push(FoundKind::Chart, path);
            return;
        }
        for entry in entries {
            let Ok(name) = entry.file_name().into_string() else { continue };
            // Links are not followed: what they lead to is no part of the tree.
            let Ok(kind) = entry.file_type() else { continue };
            let below = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            if kind.is_dir() {
                let is_hidden = name.starts_with('.');
                if !is_hidden
                    && !PASSED_OVER.contains(&name.as_str())
                    && depth < MAX_DEPTH
                    && let Ok(entries) = fs::read_dir(entry.path())
                {
                    self.folder(entries, &below, depth + 1);
                }
            } else if kind.is_file() && self.files < MAX_FILES {
                self.files += 1;
                if let Some(kind) = self.kind_of(&name, &below) {
                    self.push(kind, &below);
                }
            }
        }
    }

    fn push(&mut self, kind: FoundKind, path: &str) {
        let place = kind.place(path);
        self.found.push(Found { kind, path: path.to_owned(), place, is_moved: false });
    }

    fn kind_of(&self, name: &str, path: &str) -> Option<FoundKind> {
        if name == "Dockerfile" || name.ends_with(".Dockerfile") {
            return Some(FoundKind::Dockerfile);
        }
        let extension = name.rsplit_once('.').map(|(_, extension)| extension)?;
        let read = || tree::read_named(&self.root.join(path), MAX_BYTES).ok();
        match extension {
            "yaml" | "yml" if is_compose(name) => Some(FoundKind::Compose),
            "yaml" | "yml" => of_yaml(path, &read()?),
            "json" => of_json(&read()?),
            "js" | "ts" => {
                let text = read()?;
                let text = String::from_utf8_lossy(&text);
                let is_script = ["'k6", "\"k6"].iter().any(|import| text.contains(import));
                is_script.then_some(FoundKind::LoadScript)
            }
            _ => None,
        }
    }
}

fn is_compose(name: &str) -> bool {
    let stem = name.strip_prefix("docker-").unwrap_or(name);
    stem.starts_with("compose.") || stem.starts_with("compose-")
}

fn of_yaml(path: &str, bytes: &[u8]) -> Option<FoundKind> {
    let path: RelPath = path.parse().ok()?;
    let document = Document::parse(&path, bytes, Limits::GOVERNED).ok()?;
    let has_rules = |root: &Node| {
        let groups = root.get("groups").map(Node::items).unwrap_or_default();
        !groups.is_empty() && groups.iter().all(|group| group.get("rules").is_some())
    };
    let is_object = |root: &Node| root.get("apiVersion").is_some() && root.get("kind").is_some();
    match document.roots.as_slice() {
        [] => None,
        roots if roots.iter().all(has_rules) => Some(FoundKind::Rules),
        roots if roots.iter().all(is_object) => Some(FoundKind::Manifests),
        _ => None,
    }
}

fn of_json(bytes: &[u8]) -> Option<FoundKind> {
    if let Some((recognised, _)) = evidence::recognise(bytes) {
        return (recognised.kind == EvidenceKind::Sbom).then_some(FoundKind::Sbom);
    }
    let node = document::parse_json(bytes, Limits::GOVERNED).ok()?;
    let is_dashboard = node.get("panels").is_some() && node.get("title").is_some();
    is_dashboard.then_some(FoundKind::Dashboard)
}
