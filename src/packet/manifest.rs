//! The release manifest: the root object that names everything else in a release.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::evidence::EvidenceKind;
use crate::digest::Digest;
use crate::finding::{Area, Verdict, Waiver};
use crate::json::{self, JsonError, Limits, Position};
use crate::path::{ParsePathError, RelPath};
use crate::provenance::ResourceDescriptor;
use crate::time::Timestamp;
use crate::version::Version;

/// The release manifest (`countersign.release-manifest/v1`), `release-manifest.json` in a packet.
///
/// Complete in both directions: what it lists must be there, and what is there must be listed.
/// Only itself and `checksums.txt`, which follows from it, it does not list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseManifest {
    /// Always [`ReleaseManifest::SCHEMA`].
    pub schema: String,
    /// The product's name: lower-case letters, digits and `-`.
    pub product: String,
    /// The release's version.
    pub version: Version,
    /// The channel it is released on.
    pub channel: String,
    /// Counts the releases of the product on the channel, from 1.
    pub sequence: u64,
    /// When it was assembled.
    pub issued_at: Timestamp,
    /// What it was built from.
    pub source: Source,
    /// How it was built.
    pub build: Build,
    /// The release before it; absent for the first.
    pub previous: Option<Previous>,
    /// Every artifact, sorted by path.
    pub artifacts: Vec<Artifact>,
    /// Every piece of evidence, sorted by path.
    pub evidence: Vec<EvidenceItem>,
    /// Which releases it can be rolled back to.
    pub compatibility: Vec<Compatibility>,
    /// What was accepted in spite of a finding.
    pub waivers: Vec<Waiver>,
    /// What the validators said when it was assembled.
    pub check: Verdict,
}

/// What a release was built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The repository.
    pub uri: String,
    /// The commit: 40 or 64 lower-case hexadecimal digits.
    pub commit: String,
}

/// How a release was built; becomes its SLSA provenance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// SLSA `buildType`.
    pub build_type: String,
    /// SLSA `builder.id`.
    pub builder: String,
    /// SLSA `externalParameters`, besides source, commit and version.
    pub parameters: BTreeMap<String, String>,
    /// SLSA `resolvedDependencies`, besides the source: lock files, base images, tool pins.
    pub dependencies: Vec<ResourceDescriptor>,
    /// SLSA `invocationId`.
    pub invocation: Option<String>,
}

/// The release before this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Previous {
    /// Its version.
    pub version: Version,
    /// Its sequence.
    pub sequence: u64,
    /// The digest of its packet.
    pub sha256: Digest,
}

/// One artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Its name beside the packet; in the packet it lies under `artifacts/`.
    pub path: RelPath,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub sha256: Digest,
    /// Where it travels.
    pub placement: Placement,
}

/// Where an artifact travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Placement {
    /// Beside the packet.
    Beside,
    /// Beside the packet, and in it.
    Packet,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceItem {
    /// The member of the packet, under `evidence/`.
    pub path: RelPath,
    /// What it is.
    pub kind: EvidenceKind,
    /// The area it comes from.
    pub area: Area,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub sha256: Digest,
    /// When what it reports was observed.
    pub observed_at: Timestamp,
    /// The artifacts that it names by digest; empty when it names none.
    pub subjects: Vec<Digest>,
}

/// Whether a release can be rolled back to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compatibility {
    /// The other release.
    pub release: Version,
    /// Whether the way back is supported.
    pub rollback: Support,
    /// Why.
    pub reason: String,
}

/// Whether something is supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Support {
    /// It is.
    Supported,
    /// It is not.
    Unsupported,
}

/// The folder of evidence in a packet.
pub const EVIDENCE_FOLDER: &str = "evidence";
/// The folder of artifacts in a packet.
pub const ARTIFACTS_FOLDER: &str = "artifacts";

impl ReleaseManifest {
    /// The document's name and version.
    pub const SCHEMA: &str = "countersign.release-manifest/v1";
    /// The manifest's name in a packet.
    pub const MEMBER: &str = "release-manifest.json";

    /// Reads a manifest and holds it against its own rules.
    ///
    /// # Errors
    ///
    /// [`JsonError`] for anything but the one canonical form of a sound manifest.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        let manifest: Self = json::parse(bytes, Limits { bytes: 64 << 20, depth: 16 })?;
        let problem = |pointer: String, problem: String| JsonError {
            position: Position { line: 1, column: 1 },
            pointer,
            problem,
        };
        if manifest.schema != Self::SCHEMA {
            let text = format!("the schema is `{}`; expected `{}`", manifest.schema, Self::SCHEMA);
            return Err(problem("/schema".to_owned(), text));
        }
        if let Some((pointer, text)) = manifest.unsound() {
            return Err(problem(pointer, text));
        }
        if manifest.to_bytes() != bytes {
            return Err(problem(String::new(), "not in canonical form".to_owned()));
        }
        Ok(manifest)
    }

    /// Writes the manifest in canonical JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json::to_bytes(self)
    }

    /// Returns the packet's file name.
    #[must_use]
    pub fn packet_name(&self) -> String {
        format!("{}.packet.tar.gz", self.stem())
    }

    /// Returns what the names of the release's own files begin with: `<product>-<version>`.
    #[must_use]
    pub fn stem(&self) -> String {
        format!("{}-{}", self.product, self.version)
    }

    /// Returns the digest and size of every member that the packet must hold besides the manifest
    /// and `checksums.txt`.
    ///
    /// # Panics
    ///
    /// When an artifact that travels in the packet has a path for which [`member_of`] has no
    /// answer. [`ReleaseManifest::parse`] returns no such manifest.
    #[must_use]
    pub fn members(&self) -> BTreeMap<RelPath, (Digest, u64)> {
        let member =
            |path| member_of(path).expect("a sound manifest's members have portable names");
        let evidence =
            self.evidence.iter().map(|item| (item.path.clone(), (item.sha256, item.size)));
        let packed = self.artifacts.iter().filter(|item| item.placement == Placement::Packet);
        let artifacts = packed.map(|item| (member(&item.path), (item.sha256, item.size)));
        evidence.chain(artifacts).collect()
    }

    fn unsound(&self) -> Option<(String, String)> {
        if !is_product(&self.product) {
            let text = "expected lower-case letters, digits and `-`, at most 64 characters";
            return Some(("/product".to_owned(), text.to_owned()));
        }
        if self.sequence == 0 {
            return Some(("/sequence".to_owned(), "sequences begin at 1".to_owned()));
        }
        let commit = self.source.commit.as_str();
        if !is_commit(commit) {
            let text = "expected 40 or 64 lower-case hexadecimal digits".to_owned();
            return Some(("/source/commit".to_owned(), text));
        }
        if self.artifacts.is_empty() {
            return Some(("/artifacts".to_owned(), "a release has artifacts".to_owned()));
        }
        let outside = self.evidence.iter().position(|item| !item.path.starts_with(EVIDENCE_FOLDER));
        if let Some(index) = outside {
            let text = format!("expected a path below `{EVIDENCE_FOLDER}/`");
            return Some((format!("/evidence/{index}/path"), text));
        }
        let packed = |item: &Artifact| item.placement == Placement::Packet;
        let unfit = |item: &Artifact| packed(item) && member_of(&item.path).is_err();
        if let Some(index) = self.artifacts.iter().position(unfit) {
            let text = format!("too long or too deep to lie below `{ARTIFACTS_FOLDER}/`");
            return Some((format!("/artifacts/{index}/path"), text));
        }
        unsorted("/artifacts", self.artifacts.iter().map(|item| &item.path))
            .or_else(|| unsorted("/evidence", self.evidence.iter().map(|item| &item.path)))
    }
}

/// Returns the member under which an artifact travels in the packet.
///
/// # Errors
///
/// For a path that is as long or as deep as a path may be: the folder before it is too much.
pub fn member_of(artifact: &RelPath) -> Result<RelPath, ParsePathError> {
    format!("{ARTIFACTS_FOLDER}/{artifact}").parse()
}

/// Tells whether a text can be a product's name.
#[must_use]
pub fn is_product(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with('-')
}

/// Tells whether a text is a commit id: SHA-1 or SHA-256 in lower-case hexadecimal digits.
#[must_use]
pub fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64)
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn unsorted<'a>(
    pointer: &str,
    paths: impl Iterator<Item = &'a RelPath>,
) -> Option<(String, String)> {
    let mut before: Option<&RelPath> = None;
    let mut folded = BTreeSet::new();
    for (index, path) in paths.enumerate() {
        let at = format!("{pointer}/{index}/path");
        if before.is_some_and(|before| before >= path) {
            return Some((at, "paths are sorted, and each stands once".to_owned()));
        }
        if !folded.insert(path.fold_key()) {
            return Some((at, "the same file as another one on some systems".to_owned()));
        }
        before = Some(path);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_too_deep_for_its_folder_is_refused_and_no_panic() {
        let deep = ["a"; 64].join("/");
        let long = ["a"; 63].map(|part| part.repeat(64)).join("/") + "/b";
        assert!(long.len() <= 4096);
        for path in [deep, long] {
            for (placement, sound) in [("beside", true), ("packet", false)] {
                let text = format!(
                    r#"{{
                    "schema": "countersign.release-manifest/v1", "product": "lantern",
                    "version": "1.0.0", "channel": "stable", "sequence": 1,
                    "issued_at": "2026-11-23T09:00:00Z",
                    "source": {{"uri": "u", "commit": "{commit}"}},
                    "build": {{"build_type": "t", "builder": "b", "parameters": {{}},
                      "dependencies": [], "invocation": null}},
                    "previous": null, "evidence": [], "compatibility": [], "waivers": [],
                    "check": "pass",
                    "artifacts": [{{"path": "{path}", "media_type": "m", "size": 1,
                      "sha256": "{digest}", "placement": "{placement}"}}]}}"#,
                    commit = "5".repeat(40),
                    digest = Digest::of(b"a"),
                );
                let manifest: ReleaseManifest =
                    json::parse(text.as_bytes(), Limits::DOCUMENT).unwrap();
                let parsed = ReleaseManifest::parse(&manifest.to_bytes());
                assert_eq!(
                    parsed.map(|manifest| manifest.members().len()).ok(),
                    sound.then_some(0)
                );
            }
        }
    }
}
