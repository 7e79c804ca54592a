//! Which artifacts of a release a statement names, by every strong digest that it states.

use std::collections::{BTreeMap, BTreeSet};

use super::Contents;
use crate::digest::{Comparison, Digest, DigestSet, StrongDigests, Thing};
use crate::provenance::ForeignStatement;
use crate::tree::Tree;

/// The things of a release that a statement can be about.
pub(super) struct Things<'a> {
    contents: &'a Contents,
    by_sha256: BTreeMap<Digest, Vec<usize>>,
    /// The digests of the evidence in the packet.
    evidence: BTreeSet<Digest>,
    /// The digests of what went into the build.
    dependencies: BTreeSet<&'a str>,
    /// The folder in which the artifacts lie, when they are there.
    files: Option<&'a Tree>,
    /// The longer digests of the artifacts that were read again for them.
    longer: BTreeMap<usize, Option<StrongDigests>>,
    /// All artifacts by their SHA-512, once somebody has asked.
    by_sha512: Option<BTreeMap<String, Vec<usize>>>,
}

/// What a statement is about.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// The artifacts, by their number in the manifest.
    pub(super) artifacts: BTreeSet<usize>,
    /// Whether it is about the commit that the release is built from.
    pub(super) commit: bool,
    /// The evidence in the packet.
    pub(super) evidence: BTreeSet<Digest>,
    /// Whether it is about something that went into the build.
    pub(super) dependency: bool,
    /// A digest that only the file could show, where the file is not there.
    pub(super) unchecked: Option<&'static str>,
}

impl<'a> Things<'a> {
    pub(super) fn of(contents: &'a Contents, files: Option<&'a Tree>) -> Self {
        let mut by_sha256: BTreeMap<Digest, Vec<usize>> = BTreeMap::new();
        for (index, artifact) in contents.manifest.artifacts.iter().enumerate() {
            by_sha256.entry(artifact.sha256).or_default().push(index);
        }
        let dependencies = contents.manifest.build.dependencies.iter();
        let dependencies = dependencies.flat_map(|one| one.digest.values().map(String::as_str));
        let dependencies = dependencies.collect();
        let evidence = contents.manifest.evidence.iter().map(|item| item.sha256).collect();
        let longer = BTreeMap::new();
        Self { contents, by_sha256, evidence, dependencies, files, longer, by_sha512: None }
    }

    /// Tells what a statement is about.
    pub(super) fn named_by(&mut self, statement: &ForeignStatement) -> Named {
        let mut named = Named::default();
        let commit = self.contents.manifest.source.commit.as_str();
        for subject in &statement.subjects {
            let set = &subject.digests;
            named.commit |= set.compare(Thing::Commit(commit)) == Comparison::Same;
            let mut strong = set.strong().peekable();
            named.dependency |= strong.peek().is_some()
                && strong.all(|(_, value)| self.dependencies.contains(value));
            if let Some(digest) = set.sha256().filter(|digest| self.evidence.contains(digest))
                && set.compare(Thing::Digest(digest, Some(commit))) == Comparison::Same
            {
                named.evidence.insert(digest);
            }
            for index in self.candidates(set) {
                match self.compare(index, set) {
                    Comparison::Same => drop(named.artifacts.insert(index)),
                    Comparison::Unchecked(name) => named.unchecked = Some(name),
                    Comparison::Other => {}
                }
            }
        }
        named
    }

    /// The artifacts that a set can be about: those of its SHA-256, or else of its SHA-512.
    fn candidates(&mut self, set: &DigestSet) -> Vec<usize> {
        if let Some(digest) = set.sha256() {
            return self.by_sha256.get(&digest).cloned().unwrap_or_default();
        }
        let sha512 = set.strong().find(|(name, _)| *name == "sha512").map(|(_, value)| value);
        let Some(sha512) = sha512 else { return Vec::new() };
        let all = 0..self.contents.manifest.artifacts.len();
        if self.files.is_none() {
            return all.collect();
        }
        if self.by_sha512.is_none() {
            let mut index: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for artifact in all {
                if let Some(digests) = self.longer_of(artifact) {
                    index.entry(digests.sha512.clone()).or_default().push(artifact);
                }
            }
            self.by_sha512 = Some(index);
        }
        self.by_sha512.as_ref().and_then(|index| index.get(sha512)).cloned().unwrap_or_default()
    }

    fn compare(&mut self, index: usize, set: &DigestSet) -> Comparison {
        let manifest = &self.contents.manifest;
        let commit = Some(manifest.source.commit.as_str());
        let sha256 = manifest.artifacts[index].sha256;
        let longer = if set.has_longer() { self.longer_of(index) } else { None };
        match longer {
            Some(digests) => set.compare(Thing::File(digests, commit)),
            None => set.compare(Thing::Digest(sha256, commit)),
        }
    }

    /// Reads an artifact again for its longer digests; nothing when it is not there, or is not the
    /// artifact that the manifest lists.
    fn longer_of(&mut self, index: usize) -> Option<&StrongDigests> {
        let artifact = &self.contents.manifest.artifacts[index];
        let files = self.files?;
        let read = || {
            let (file, size) = files.file(&artifact.path).ok()?;
            let mut buffer = vec![0; 256 << 10];
            let digests = StrongDigests::of_reader(file, &mut buffer).ok()?;
            (size == artifact.size && digests.sha256 == artifact.sha256).then_some(digests)
        };
        self.longer.entry(index).or_insert_with(read).as_ref()
    }
}
