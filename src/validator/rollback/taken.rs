//! Taking the facts: from governed files to what a packet carries about being left.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{CompatibilityRow, Plan, RollbackFacts};
use super::{objects, sql};
use crate::digest::Digest;
use crate::document::{Document, Limits, Node};
use crate::json;
use crate::path::RelPath;
use crate::tree::Tree;

/// The plan for leaving a release.
pub(super) const PLAN: &str = "ops/rollback/plan.json";
/// The handbook's table of supported steps; the first that is there is read.
pub(super) const COMPATIBILITY: [&str; 2] = [
    "ops/e2e/scenarios/upgrade/version-compatibility.json",
    "ops/e2e/scenarios/version-compatibility.json",
];
/// The lock of the data sets.
pub(super) const DATASETS: &str = "ops/datasets/manifest.lock";
/// The folder of rendered manifests, one file a profile.
const RENDERED: &str = "ops/k8s/rendered";
/// Where metrics stand that the release exports or counts on.
const METRICS: &str = "ops/observe/contracts/metrics-contract.json";

/// Takes the facts of a tree; nothing when it says nothing about being left.
pub(super) fn take(tree: &Tree) -> Option<RollbackFacts> {
    let mut taking = Taking { tree, sources: BTreeMap::new() };
    let plan: Option<Plan> =
        taking.read(PLAN).and_then(|bytes| json::parse(&bytes, json::Limits::DOCUMENT).ok());
    let compatibility = taking.compatibility();
    let migrations = taking.migrations(plan.as_ref());
    let profiles = taking.profiles();
    let datasets = taking.document(DATASETS).map(|root| datasets_of(&root)).unwrap_or_default();
    let metrics = taking.document(METRICS).map(|root| metrics_of(&root)).unwrap_or_default();
    let runbook = plan.as_ref().map(|plan| plan.runbook.path.clone());
    let runbook_sha256 = runbook.and_then(|path| Some(Digest::of(&taking.read(&path)?)));
    let sources = taking.sources;
    if sources.is_empty() {
        return None;
    }
    Some(RollbackFacts {
        schema: RollbackFacts::SCHEMA.to_owned(),
        plan,
        compatibility,
        migrations,
        profiles,
        datasets,
        metrics,
        runbook_sha256,
        sources,
    })
}

struct Taking<'a> {
    tree: &'a Tree,
    sources: BTreeMap<String, Digest>,
}

impl Taking<'_> {
    fn read(&mut self, path: &str) -> Option<Vec<u8>> {
        let parsed: RelPath = path.parse().ok()?;
        let bytes = self.tree.read(&parsed, Limits::GOVERNED.bytes).ok()?;
        self.sources.insert(path.to_owned(), Digest::of(&bytes));
        Some(bytes)
    }

    /// A JSON document, whatever its name ends in: a lock is one too.
    fn document(&mut self, path: &str) -> Option<Node> {
        let bytes = self.read(path)?;
        crate::document::parse_json(&bytes, Limits::GOVERNED).ok()
    }

    /// The rows of the first table that is there. One that is no document has one row, which nobody
    /// can read.
    fn compatibility(&mut self) -> Vec<CompatibilityRow> {
        let Some(bytes) = COMPATIBILITY.iter().find_map(|path| self.read(path)) else {
            return Vec::new();
        };
        match crate::document::parse_json(&bytes, Limits::GOVERNED) {
            Ok(root) => rows_of(&root),
            Err(_) => vec![CompatibilityRow::default()],
        }
    }

    fn migrations(
        &mut self,
        plan: Option<&Plan>,
    ) -> BTreeMap<String, Vec<super::facts::StatementFacts>> {
        let mut found = BTreeMap::new();
        for migration in plan.map(|plan| plan.migrations.as_slice()).unwrap_or_default() {
            // Its digest in the sources is the proof that it was there.
            if let Some(path) = &migration.restore_plan {
                self.read(path);
            }
            let Some(path) = &migration.file else { continue };
            let Some(script) = self.read(path).and_then(|bytes| String::from_utf8(bytes).ok())
            else {
                continue;
            };
            found.insert(migration.id.clone(), sql::classify(&script));
        }
        found
    }

    fn profiles(&mut self) -> BTreeMap<String, Vec<super::facts::ObjectFacts>> {
        let folder: RelPath = RENDERED.parse().expect("a fixed path is portable");
        let listing = self.tree.list(Some(&folder)).unwrap_or_default();
        let mut profiles = BTreeMap::new();
        for entry in listing.files {
            let name = entry.path.file_name();
            let Some(profile) = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"))
            else {
                continue;
            };
            let Some(bytes) = self.read(entry.path.as_str()) else { continue };
            let Ok(document) = Document::parse(&entry.path, &bytes, Limits::GOVERNED) else {
                continue;
            };
            let mut taken: Vec<_> = document.roots.iter().flat_map(objects::objects_of).collect();
            taken.sort_by(|a, b| a.identity().cmp(&b.identity()));
            profiles.insert(profile.to_owned(), taken);
        }
        profiles
    }
}

/// A row that does not say what it must stays, as one that nobody can read: it could be the one that
/// forbids a step.
pub(super) fn rows_of(root: &Node) -> Vec<CompatibilityRow> {
    let rows = root.get("compatibility").map(Node::items).unwrap_or_default();
    let row_of = |row: &Node| {
        let text = |key: &str| row.get(key).and_then(Node::as_str).map(str::to_owned);
        let supported = row.get("supported").and_then(Node::as_bool);
        let is_whole = text("from").is_some() && text("to").is_some() && supported.is_some();
        let stated = |key: &str| text(key).filter(|_| is_whole).unwrap_or_default();
        CompatibilityRow {
            from: stated("from"),
            to: stated("to"),
            kind: text("kind").unwrap_or_default(),
            supported: supported == Some(true),
        }
    };
    rows.iter().map(row_of).collect()
}

fn datasets_of(root: &Node) -> BTreeMap<String, BTreeMap<String, String>> {
    let entries = root.get("entries").map(Node::items).unwrap_or_default();
    entries
        .iter()
        .filter_map(|entry| {
            let id = entry.get("id")?.as_str()?.to_owned();
            let checksums = entry.get("checksums").map(Node::entries).unwrap_or_default();
            let checksums = checksums.iter().filter_map(|checksum| {
                Some((checksum.key.clone(), checksum.value.as_str()?.to_owned()))
            });
            Some((id, checksums.collect()))
        })
        .collect()
}

fn metrics_of(root: &Node) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let lists = ["metrics", "required_metrics", "required_metric_specs", "external_metrics"];
    for item in lists.iter().filter_map(|key| root.get(key)).flat_map(Node::items) {
        let name = item.as_str().or_else(|| item.get("name").and_then(Node::as_str));
        found.extend(name.map(str::to_owned));
    }
    for key in lists {
        let entries = root.get(key).map(Node::entries).unwrap_or_default();
        found.extend(entries.iter().map(|entry| entry.key.clone()));
    }
    found
}
