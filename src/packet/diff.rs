//! What changed between two releases: each is laid out as named values, and the values are compared.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::manifest::Support;
use super::{EvidenceItem, EvidenceKind, ReleaseManifest};
use crate::digest::Digest;
use crate::time::Timestamp;
use crate::version::Version;

/// A part of a release that is compared by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// What the release is and what it was built from.
    Identity,
    /// Who signed its packet, unverified.
    Signers,
    /// What is shipped.
    Artifacts,
    /// The images that run, by their repositories.
    Images,
    /// The packages that bills of materials list.
    Packages,
    /// What it was built with.
    Dependencies,
    /// What speaks for it. Of what validators write anew for every release only the presence counts.
    Evidence,
    /// What validators found wrong.
    Findings,
    /// What somebody answers for.
    Waivers,
    /// What it promises about going back.
    Compatibility,
}

impl Section {
    /// All sections, in the order in which they are shown.
    pub const ALL: [Self; 10] = [
        Self::Identity,
        Self::Signers,
        Self::Artifacts,
        Self::Images,
        Self::Packages,
        Self::Dependencies,
        Self::Evidence,
        Self::Findings,
        Self::Waivers,
        Self::Compatibility,
    ];

    /// Returns the section's one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Signers => "signers",
            Self::Artifacts => "artifacts",
            Self::Images => "images",
            Self::Packages => "packages",
            Self::Dependencies => "dependencies",
            Self::Evidence => "evidence",
            Self::Findings => "findings",
            Self::Waivers => "waivers",
            Self::Compatibility => "compatibility",
        }
    }
}

/// A release, laid out as named values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaidOut {
    /// Which release it is.
    pub release: ComparedDocument,
    values: BTreeMap<(Section, String), String>,
}

/// Which release was compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedDocument {
    /// The product.
    pub product: String,
    /// Its version.
    pub version: Version,
    /// Its place among the releases of its channel.
    pub sequence: u64,
    /// The digest of its packet.
    pub sha256: Digest,
    /// When it was made.
    pub issued_at: Timestamp,
}

/// One value that is not the same in both releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeDocument {
    /// The part of the release.
    pub section: Section,
    /// What changed; the release's own version is written `{version}`.
    pub item: String,
    /// How.
    pub change: ChangeKind,
    /// The value in the first release; absent where it has none.
    pub before: Option<String>,
    /// The value in the second.
    pub after: Option<String>,
}

/// How a value changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// The first release has none.
    Added,
    /// The second has none.
    Removed,
    /// Both have one, and not the same.
    Changed,
}

impl LaidOut {
    /// Lays out what a manifest says.
    #[must_use]
    pub fn of(manifest: &ReleaseManifest, packet: Digest) -> Self {
        let release = ComparedDocument {
            product: manifest.product.clone(),
            version: manifest.version.clone(),
            sequence: manifest.sequence,
            sha256: packet,
            issued_at: manifest.issued_at,
        };
        let mut laid_out = Self { release, values: BTreeMap::new() };
        laid_out.identity(manifest);
        for artifact in &manifest.artifacts {
            let value = format!("sha256:{}, {} bytes", artifact.sha256, artifact.size);
            laid_out.put(Section::Artifacts, artifact.path.as_str(), &value);
        }
        for dependency in &manifest.build.dependencies {
            let named = dependency.uri.as_ref().or(dependency.name.as_ref());
            let uri = named.map_or("unnamed", String::as_str);
            let digests: Vec<String> =
                dependency.digest.iter().map(|(name, value)| format!("{name}:{value}")).collect();
            let (item, value) = match digests.as_slice() {
                [] => without_version(uri),
                some => (uri.to_owned(), some.join(" ")),
            };
            laid_out.put(Section::Dependencies, &item, &value);
        }
        for item in &manifest.evidence {
            laid_out.put(Section::Evidence, item.path.as_str(), &value_of(item));
        }
        for waiver in &manifest.waivers {
            let pointer = waiver.pointer.as_deref().unwrap_or_default();
            let item = format!("{} {} {pointer}", waiver.code, waiver.path);
            let value = format!("{}, until {}: {}", waiver.owner, waiver.expires, waiver.reason);
            laid_out.put(Section::Waivers, &item, &value);
        }
        for promise in &manifest.compatibility {
            let item = format!("rollback to {}", promise.release);
            laid_out.put(Section::Compatibility, &item, support_word(promise.rollback));
        }
        laid_out
    }

    fn identity(&mut self, manifest: &ReleaseManifest) {
        let build = &manifest.build;
        for (item, value) in [
            ("product", manifest.product.as_str()),
            ("version", &manifest.version.to_string()),
            ("channel", &manifest.channel),
            ("sequence", &manifest.sequence.to_string()),
            ("issued at", &manifest.issued_at.to_string()),
            ("source", &manifest.source.uri),
            ("commit", &manifest.source.commit),
            ("builder", &build.builder),
            ("build type", &build.build_type),
            ("check", manifest.check.word()),
        ] {
            self.values.insert((Section::Identity, item.to_owned()), value.to_owned());
        }
        for (name, value) in &build.parameters {
            let item = format!("parameter {name}");
            self.values.insert((Section::Identity, item), value.clone());
        }
    }

    /// Adds a value. Where there is one already, both are kept in one.
    pub fn put(&mut self, section: Section, item: &str, value: &str) {
        let item = item.replace(&self.release.version.to_string(), "{version}");
        let held = self.values.entry((section, item)).or_default();
        if held.split(", ").any(|one| one == value) {
            return;
        }
        let separator = if held.is_empty() { "" } else { ", " };
        held.push_str(separator);
        held.push_str(value);
    }

    /// Adds a package as a bill of materials lists it, `pkg:cargo/serde@1.0.0`.
    pub fn put_package(&mut self, url: &str) {
        let (item, value) = without_version(url);
        self.put(Section::Packages, &item, &value);
    }
}

fn support_word(support: Support) -> &'static str {
    match support {
        Support::Supported => "supported",
        Support::Unsupported => "unsupported",
    }
}

/// Takes a package URL apart into name and version.
fn without_version(url: &str) -> (String, String) {
    // A namespace may begin with `@`, encoded or not: the version's stands last.
    match url.rsplit_once('@') {
        Some((name, version)) if !version.contains('/') => (name.to_owned(), version.to_owned()),
        Some(_) | None => (url.to_owned(), "there".to_owned()),
    }
}

fn value_of(item: &EvidenceItem) -> String {
    match item.kind {
        EvidenceKind::ValidatorReport | EvidenceKind::TestResult | EvidenceKind::Derived => {
            item.kind.name().to_owned()
        }
        EvidenceKind::Sbom
        | EvidenceKind::Scan
        | EvidenceKind::Vex
        | EvidenceKind::Drill
        | EvidenceKind::LoadSummary
        | EvidenceKind::Attestation => format!("{} sha256:{}", item.kind.name(), item.sha256),
    }
}

/// Compares two releases; the changes stand by section and item.
#[must_use]
pub fn compare(before: &LaidOut, after: &LaidOut) -> Vec<ChangeDocument> {
    let mut items: Vec<&(Section, String)> =
        before.values.keys().chain(after.values.keys()).collect();
    items.sort();
    items.dedup();
    let changes = items.into_iter().filter_map(|key| {
        let (old, new) = (before.values.get(key), after.values.get(key));
        let change = match (old, new) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Removed,
            (Some(old), Some(new)) if old != new => ChangeKind::Changed,
            (Some(_), Some(_)) => return None,
        };
        Some(ChangeDocument {
            section: key.0,
            item: key.1.clone(),
            change,
            before: old.cloned(),
            after: new.cloned(),
        })
    });
    changes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_urls_come_apart() {
        for (url, name, version) in [
            ("pkg:cargo/serde@1.0.0", "pkg:cargo/serde", "1.0.0"),
            ("pkg:npm/@sigstore/sign@3.1", "pkg:npm/@sigstore/sign", "3.1"),
            ("pkg:npm/@sigstore/sign", "pkg:npm/@sigstore/sign", "there"),
            ("pkg:generic/helm", "pkg:generic/helm", "there"),
        ] {
            assert_eq!(without_version(url), (name.to_owned(), version.to_owned()));
        }
    }
}
