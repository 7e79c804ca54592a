//! The Kubernetes schemas that the tool carries: unpacked when a kind is met, compiled once a kind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::version::Minor;
use crate::document::{Limits, Node, Schema, parse_json};
use crate::packet::foreign::{Compression, ForeignArchive};

/// Made by `tests/interop/kubernetes_schemas.py`; its `NOTICE` says where the schemas come from and
/// under which licence.
const ARCHIVE: &[u8] = include_bytes!("kubernetes/schemas.tar.gz");

/// The schemas of every version, unpacked.
pub(super) struct Carried {
    lines: Vec<String>,
    versions: BTreeMap<u32, Version>,
    /// What was compiled so far: a kind costs more to compile than its objects to validate.
    compiled: Mutex<Compiled>,
}

/// Schemas by version and kind; nothing for a kind that the version does not have.
type Compiled = BTreeMap<(Minor, String), Option<Arc<Schema>>>;

/// The definitions of one version.
struct Version {
    /// The line of each definition.
    definitions: BTreeMap<String, usize>,
    /// The definition of each kind, `apps/v1 Deployment`.
    kinds: BTreeMap<String, String>,
}

impl Carried {
    /// The schemas, unpacked when they are first asked for.
    pub(super) fn unpacked() -> &'static Self {
        static CARRIED: OnceLock<Carried> = OnceLock::new();
        CARRIED.get_or_init(Self::unpack)
    }

    fn unpack() -> Self {
        let archive = ForeignArchive::read(ARCHIVE, Compression::Gzip)
            .expect("the carried archive is one that the tool reads");
        let mut carried =
            Self { lines: Vec::new(), versions: BTreeMap::new(), compiled: Mutex::default() };
        for (name, member) in archive.members {
            let bytes = member.bytes.expect("the carried files are small");
            let text = String::from_utf8(bytes).expect("the carried files are text");
            if name == "definitions.jsonl" {
                carried.lines = text.lines().map(str::to_owned).collect();
            } else if let Some(minor) = name.strip_suffix(".tsv").and_then(Minor::parse) {
                carried.versions.insert(minor.0, Version::parse(&text));
            }
        }
        carried
    }

    /// Tells whether a version has a kind.
    pub(super) fn has(&self, minor: Minor, api: &str, kind: &str) -> bool {
        self.definition(minor, api, kind).is_some()
    }

    /// The versions that have a kind, oldest first.
    pub(super) fn having(&self, api: &str, kind: &str) -> Vec<Minor> {
        let all = self.versions.keys().map(|minor| Minor(*minor));
        all.filter(|minor| self.has(*minor, api, kind)).collect()
    }

    fn definition(&self, minor: Minor, api: &str, kind: &str) -> Option<(&Version, &str)> {
        let version = self.versions.get(&minor.0)?;
        let name = version.kinds.get(&format!("{api} {kind}"))?;
        Some((version, name))
    }

    /// The schema of a kind, compiled when it is first asked for; unknown fields are refused.
    pub(super) fn schema(&self, minor: Minor, api: &str, kind: &str) -> Option<Arc<Schema>> {
        let key = (minor, format!("{api} {kind}"));
        let known = |compiled: &Compiled| compiled.get(&key).cloned();
        // A thread that panicked while it held the map left nothing half done in it.
        let lock = || self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(schema) = known(&lock()) {
            return schema;
        }
        let schema = self.compile(minor, api, kind).map(Arc::new);
        lock().insert(key, schema.clone());
        schema
    }

    fn compile(&self, minor: Minor, api: &str, kind: &str) -> Option<Schema> {
        let (version, name) = self.definition(minor, api, kind)?;
        let mut needed = BTreeSet::new();
        let mut open = vec![name];
        while let Some(name) = open.pop() {
            if needed.insert(name) {
                open.extend(references_in(self.body(version, name)?));
            }
        }
        let bodies = needed
            .iter()
            .map(|name| Some(format!("\"{name}\":{}", self.body(version, name)?)))
            .collect::<Option<Vec<_>>>()?;
        let text = format!("{{\"$ref\":\"#/$defs/{name}\",\"$defs\":{{{}}}}}", bodies.join(","));
        let node: Node = parse_json(text.as_bytes(), Limits::GOVERNED).ok()?;
        Schema::compile(&node).ok()
    }

    fn body(&self, version: &Version, name: &str) -> Option<&str> {
        self.lines.get(*version.definitions.get(name)?).map(String::as_str)
    }
}

impl Version {
    fn parse(text: &str) -> Self {
        let (mut definitions, mut kinds) = (BTreeMap::new(), BTreeMap::new());
        for (left, right) in text.lines().filter_map(|line| line.split_once('\t')) {
            match right.parse() {
                Ok(line) => drop(definitions.insert(left.to_owned(), line)),
                Err(_) => drop(kinds.insert(left.to_owned(), right.to_owned())),
            }
        }
        Self { definitions, kinds }
    }
}

/// The definitions that a definition refers to.
fn references_in(body: &str) -> impl Iterator<Item = &str> {
    const BEFORE: &str = "\"$ref\":\"#/$defs/";
    body.match_indices(BEFORE).filter_map(|(at, _)| body[at + BEFORE.len()..].split('"').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_every_version_compiles() {
        let carried = Carried::unpack();
        for minor in [Minor::OLDEST, Minor::NEWEST] {
            let kinds: Vec<&String> = carried.versions[&minor.0].kinds.keys().collect();
            assert!(kinds.len() > 100);
            for (api, kind) in kinds.iter().filter_map(|one| one.split_once(' ')) {
                assert!(carried.compile(minor, api, kind).is_some(), "{minor} {api} {kind}");
            }
        }
        assert_eq!(carried.versions.len(), 13);
        assert!(carried.has(Minor(25), "batch/v1", "CronJob"));
        assert!(!carried.has(Minor(37), "batch/v1beta1", "CronJob"));
    }
}
