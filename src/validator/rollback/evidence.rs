//! Evidence about a pair of releases that came after both were assembled.
//!
//! Whatever is in here was vouched for: by a signature in the role that speaks about going back, or
//! by the candidate's own seal. What nobody vouches for is passed over and makes no answer better.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::finding::InputDocument;
use crate::json::{self, JsonError, Limits, Position};
use crate::packet::evidence;
use crate::provenance::RollbackDrill;
use crate::time::Timestamp;
use crate::trust::Bundle;
use crate::validator::vex::{self, Rating, VexDocument};
use crate::version::Version;

/// All of it, each kind in the order of its names.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Proofs that releases can still be had.
    pub retrievals: Vec<Sourced<Retrieval>>,
    /// Backups that were restored.
    pub restores: Vec<Sourced<Restore>>,
    /// Lists of withdrawn releases.
    pub withdrawn: Vec<Sourced<WithdrawnList>>,
    /// What clusters are and hold.
    pub clusters: Vec<Sourced<ClusterState>>,
    /// Vulnerability scans of the target by today's knowledge.
    pub scans: Vec<Sourced<Scan>>,
    /// What is said about vulnerabilities, also in either packet.
    pub vex: Vec<Sourced<VexDocument>>,
    /// Drills of exactly this pair.
    pub drills: Vec<Sourced<RollbackDrill>>,
    /// Approvals, not judged yet.
    pub approvals: Vec<Bundle>,
    /// The statements of approvals that were used, by their digests.
    pub consumed: BTreeSet<Digest>,
    /// What was passed over: its name, and why.
    pub passed_over: BTreeMap<String, String>,
}

/// A document, where it came from and who vouches for it.
#[derive(Debug, Clone)]
pub struct Sourced<T> {
    /// The document's name and digest.
    pub input: InputDocument,
    /// What it says.
    pub value: T,
}

/// Proof that a release's artifacts and images can still be had
/// (`ops/rollback/retrieval.json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retrieval {
    /// Always 1.
    pub schema_version: u32,
    /// When it was tried.
    pub checked_at: Timestamp,
    /// The release.
    pub release: Version,
    /// What was fetched.
    pub items: Vec<RetrievedItem>,
}

/// One thing that was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetrievedItem {
    /// What it is called.
    pub name: String,
    /// `image`, `chart`, `artifact`.
    pub kind: String,
    /// The digest that it must have, `sha256:<hex>`.
    pub expected_digest: String,
    /// The digest of what came, `sha256:<hex>`.
    pub retrieved_digest: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Where it was fetched from.
    pub location: String,
}

/// A backup that was restored (`countersign.restore/v1`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// Always [`Restore::SCHEMA`].
    pub schema: String,
    /// The release whose data it was.
    pub release: Version,
    /// When the backup was taken.
    pub taken_at: Timestamp,
    /// When it was restored.
    pub restored_at: Timestamp,
    /// Whether what was restored was compared and is whole.
    pub verified: bool,
    /// Whether anything of it was pretended.
    pub simulated: bool,
    /// The seconds of data that were lost.
    pub lost_seconds: u64,
    /// The seconds that restoring took.
    pub restore_seconds: u64,
}

/// The releases of a product that must not be installed any more (`countersign.withdrawn/v1`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawnList {
    /// Always [`WithdrawnList::SCHEMA`].
    pub schema: String,
    /// The product.
    pub product: String,
    /// When it was written.
    pub issued_at: Timestamp,
    /// When it is no longer to be relied on.
    pub expires_at: Timestamp,
    /// The releases.
    pub releases: Vec<WithdrawnRelease>,
}

/// One withdrawn release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawnRelease {
    /// Its version.
    pub version: Version,
    /// Its packet; absent for every packet of the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
    /// Why.
    pub reason: String,
}

/// What a cluster is and holds (`countersign.cluster-state/v1`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterState {
    /// Always [`ClusterState::SCHEMA`].
    pub schema: String,
    /// The environment that it serves.
    pub environment: String,
    /// When it was looked at.
    pub observed_at: Timestamp,
    /// When this is no longer to be relied on.
    pub expires_at: Timestamp,
    /// The version of Kubernetes, `1.31.4`.
    pub kubernetes_version: Version,
    /// `status.storedVersions` of each custom resource definition, by its name.
    pub stored_versions: BTreeMap<String, BTreeSet<String>>,
    /// The objects that are there without a release: `Secret/lantern-db`.
    pub objects: BTreeSet<String>,
}

/// A vulnerability scan of a release (`countersign.scan/v1`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    /// Always [`Scan::SCHEMA`].
    pub schema: String,
    /// The release that was scanned, by its packet.
    pub packet_sha256: Digest,
    /// When.
    pub scanned_at: Timestamp,
    /// Critical vulnerabilities that nobody accepted.
    pub critical: u32,
    /// High ones.
    pub high: u32,
    /// What was found, one by one; a VEX statement settles one of these, and never a bare count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<ScanFinding>,
}

/// One vulnerability that a scan found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanFinding {
    /// Its name, `CVE-2026-1`.
    pub id: String,
    /// How severe it is.
    pub severity: Rating,
    /// The component that has it, by its package URL; absent where the scanner does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// The artifact or image that it was found in; absent where the scanner does not say, and then
    /// only a statement about the whole packet settles it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_in: Option<Digest>,
}

impl Scan {
    /// How many critical and high ones it counts and does not list.
    pub(super) fn unlisted(&self) -> (usize, usize) {
        let beyond = |stated: u32, severity: Rating| {
            let listed = self.findings.iter().filter(|one| one.severity == severity).count();
            usize::try_from(stated).unwrap_or(usize::MAX).saturating_sub(listed)
        };
        (beyond(self.critical, Rating::Critical), beyond(self.high, Rating::High))
    }
}

macro_rules! documents {
    ($($name:ident $schema:literal)*) => {$(
        impl $name {
            /// The document's name and version.
            pub const SCHEMA: &str = $schema;

            /// Reads the document.
            ///
            /// # Errors
            ///
            /// [`JsonError`] for anything but this document.
            pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
                let document: Self = json::parse(bytes, Limits::DOCUMENT)?;
                if document.schema == Self::SCHEMA { Ok(document) } else { Err(other_schema()) }
            }
        }
    )*};
}

documents! {
    Restore "countersign.restore/v1"
    WithdrawnList "countersign.withdrawn/v1"
    ClusterState "countersign.cluster-state/v1"
    Scan "countersign.scan/v1"
}

fn other_schema() -> JsonError {
    JsonError {
        position: Position { line: 1, column: 1 },
        pointer: "/schema".to_owned(),
        problem: "another schema than the document's name".to_owned(),
    }
}

/// OpenVEX and CycloneDX are known by their content, whoever named the file.
fn vex_in(bytes: &[u8]) -> Option<VexDocument> {
    let (_, node) = evidence::recognise(bytes)?;
    vex::read(&node, &BTreeSet::new())
}

impl Evidence {
    /// Adds a document that somebody in the right role vouches for.
    ///
    /// # Errors
    ///
    /// Says what it is not.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), String> {
        #[derive(Deserialize)]
        struct Header {
            #[serde(default)]
            schema: String,
        }
        let input = InputDocument { name: name.to_owned(), sha256: Digest::of(bytes) };
        if let Some(value) = vex_in(bytes) {
            self.vex.push(Sourced { input, value });
            return Ok(());
        }
        let header: Header =
            json::parse(bytes, Limits::DOCUMENT).map_err(|error| error.to_string())?;
        let wrong = |error: JsonError| error.to_string();
        match header.schema.as_str() {
            Restore::SCHEMA => {
                let value = Restore::parse(bytes).map_err(wrong)?;
                self.restores.push(Sourced { input, value });
            }
            WithdrawnList::SCHEMA => {
                let value = WithdrawnList::parse(bytes).map_err(wrong)?;
                self.withdrawn.push(Sourced { input, value });
            }
            ClusterState::SCHEMA => {
                let value = ClusterState::parse(bytes).map_err(wrong)?;
                self.clusters.push(Sourced { input, value });
            }
            Scan::SCHEMA => {
                let value = Scan::parse(bytes).map_err(wrong)?;
                self.scans.push(Sourced { input, value });
            }
            // The handbook's report has no schema string; its fields are the test.
            "" => {
                let value: Retrieval =
                    json::parse(bytes, Limits::DOCUMENT).map_err(|error| error.to_string())?;
                self.retrievals.push(Sourced { input, value });
            }
            other => return Err(format!("the schema `{}` is not known", other.escape_debug())),
        }
        Ok(())
    }
}
