//! Evidence: what speaks for a release, recognised by what it is and not by its name.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::document::{self, Node};
use crate::json;
use crate::time::Timestamp;

/// What a piece of evidence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// A validator's report (`countersign.report/v1`).
    ValidatorReport,
    /// A validator's result as an in-toto test-result statement.
    TestResult,
    /// A document that a validator derived from its inputs.
    Derived,
    /// A software bill of materials: SPDX or CycloneDX.
    Sbom,
    /// A vulnerability scan.
    Scan,
    /// What somebody says about vulnerabilities: OpenVEX, or CycloneDX without components.
    Vex,
    /// The result of a drill.
    Drill,
    /// The summary of a load run.
    LoadSummary,
    /// Something that another pipeline signed, collected as it is.
    Attestation,
}

impl EvidenceKind {
    /// Returns the kind's name as it stands in documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ValidatorReport => "validator-report",
            Self::TestResult => "test-result",
            Self::Sbom => "sbom",
            Self::Scan => "scan",
            Self::Vex => "vex",
            Self::Drill => "drill",
            Self::LoadSummary => "load-summary",
            Self::Attestation => "attestation",
            Self::Derived => "derived",
        }
    }
}

impl fmt::Display for EvidenceKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What was recognised in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// What it is.
    pub kind: EvidenceKind,
    /// Its media type.
    pub media_type: &'static str,
    /// When what it reports was observed, where it says so.
    pub observed_at: Option<Timestamp>,
    /// Every SHA-256 digest that it names.
    pub digests: BTreeSet<Digest>,
    /// The packages that a bill of materials lists, each as [`package_of`] writes it.
    pub packages: BTreeSet<String>,
}

/// The largest piece of evidence that is read, in bytes.
pub const MAX_BYTES: usize = 256 << 20;
/// The most values in it: a bill of materials of 100 MB has three million.
const MAX_VALUES: usize = 4_000_000;

/// Recognises a file of evidence by its content; nothing for what is none of the known kinds.
#[must_use]
pub fn recognise(bytes: &[u8]) -> Option<(Recognised, Node)> {
    let limits = document::Limits {
        bytes: MAX_BYTES,
        depth: json::Limits::EVIDENCE.depth,
        values: MAX_VALUES,
    };
    let node = document::parse_json(bytes, limits).ok()?;
    let (kind, media_type, time_pointers) = shape_of(&node)?;
    let observed_at = time_pointers
        .iter()
        .find_map(|pointer| node.pointer(pointer)?.as_str()?.parse::<Timestamp>().ok());
    let (mut digests, mut packages) = (BTreeSet::new(), BTreeSet::new());
    node.walk(&mut |_, value| {
        let Some(text) = value.as_str() else { return };
        digests.extend(digest_in(text));
        if kind == EvidenceKind::Sbom {
            packages.extend(package_of(text));
        }
    });
    Some((Recognised { kind, media_type, observed_at, digests, packages }, node))
}

/// Takes the package's own part of a package URL: what stands after it are qualifiers.
#[must_use]
pub fn package_of(url: &str) -> Option<String> {
    let url = url.trim();
    let end = url.find(['?', '#']).unwrap_or(url.len());
    url.starts_with("pkg:").then(|| url[..end].to_owned())
}

/// Reads `sha256:<hex>` or `<hex>`.
pub(super) fn digest_in(text: &str) -> Option<Digest> {
    let text = text.strip_prefix("sha256:").unwrap_or(text);
    // Asked of every text of a document: an error that nobody reads is not written.
    if text.len() == 64 { text.parse().ok() } else { None }
}

type Shape = (EvidenceKind, &'static str, &'static [&'static str]);

fn shape_of(node: &Node) -> Option<Shape> {
    let text = |pointer: &str| node.pointer(pointer).and_then(Node::as_str).unwrap_or_default();
    let has = |key: &str| node.get(key).is_some();
    let media_type = text("/mediaType");
    if text("/spdxVersion").starts_with("SPDX-2.") || is_spdx_3(node) {
        return Some((EvidenceKind::Sbom, "application/spdx+json", &["/creationInfo/created"]));
    }
    if text("/@context").starts_with("https://openvex.dev/ns") && has("statements") {
        return Some((EvidenceKind::Vex, "application/json", &["/last_updated", "/timestamp"]));
    }
    if text("/bomFormat") == "CycloneDX" {
        let media_type = "application/vnd.cyclonedx+json";
        let components = node.get("components").map(Node::items).unwrap_or_default();
        if has("vulnerabilities") && components.is_empty() {
            return Some((EvidenceKind::Vex, media_type, &["/metadata/timestamp"]));
        }
        return Some((EvidenceKind::Sbom, media_type, &["/metadata/timestamp"]));
    }
    if media_type.starts_with("application/vnd.dev.sigstore.bundle") {
        return Some((EvidenceKind::Attestation, "application/vnd.in-toto.bundle", &[]));
    }
    if has("payload") && has("payloadType") && has("signatures") {
        return Some((EvidenceKind::Attestation, "application/vnd.in-toto+dsse", &[]));
    }
    // The handbook's scan report.
    if has("tool") && has("target") && node.pointer("/summary/critical").is_some() {
        return Some((EvidenceKind::Scan, "application/json", &["/generated_at"]));
    }
    if has("SchemaVersion") && has("ArtifactName") {
        return Some((EvidenceKind::Scan, "application/json", &["/CreatedAt"]));
    }
    if has("matches") && has("descriptor") {
        return Some((EvidenceKind::Scan, "application/json", &["/descriptor/timestamp"]));
    }
    if text("/version") == "2.1.0" && has("runs") {
        let times: &[&str] = &["/runs/0/invocations/0/endTimeUtc"];
        return Some((EvidenceKind::Scan, "application/sarif+json", times));
    }
    // The handbook's drill results.
    if (has("drill") || has("drill_id")) && (has("outcome") || has("status")) {
        let times: &[&str] = &["/ended_at", "/finished_at", "/executed_at", "/date"];
        return Some((EvidenceKind::Drill, "application/json", times));
    }
    if has("metrics") && (has("root_group") || has("state")) {
        return Some((EvidenceKind::LoadSummary, "application/json", &[]));
    }
    if has("results") && has("config") && has("metadata") {
        let times: &[&str] = &["/metadata/generatedAt"];
        return Some((EvidenceKind::LoadSummary, "application/json", times));
    }
    None
}

fn is_spdx_3(node: &Node) -> bool {
    node.get("@context").and_then(Node::as_str).is_some_and(|context| context.contains("spdx.org"))
        && node.get("@graph").is_some()
}
