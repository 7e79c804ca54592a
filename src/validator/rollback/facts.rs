//! Facts: what a release says about being left or gone back to.
//!
//! Taken from the governed tree when a release is assembled and carried in its packet, so that two
//! packets answer years later what two trees would have answered then.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::sql::Effect;
use crate::digest::Digest;
use crate::json::{self, JsonError, Limits};
use crate::version::Version;

/// The document (`countersign.rollback-facts/v1`), `evidence/rollback/rollback-facts.json` in a
/// packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollbackFacts {
    /// Always [`RollbackFacts::SCHEMA`].
    pub schema: String,
    /// The plan for leaving this release; absent when the tree has none.
    pub plan: Option<Plan>,
    /// Which steps between versions are supported.
    pub compatibility: Vec<CompatibilityRow>,
    /// What the migrations' statements do, by the migration's id.
    pub migrations: BTreeMap<String, Vec<StatementFacts>>,
    /// The rendered objects of each profile.
    pub profiles: BTreeMap<String, Vec<ObjectFacts>>,
    /// The data sets that the release is published with: id and the digests of its files.
    pub datasets: BTreeMap<String, BTreeMap<String, String>>,
    /// The names of the metrics that the release exports.
    pub metrics: BTreeSet<String>,
    /// The digest of the runbook that the plan names; absent when there is none.
    pub runbook_sha256: Option<Digest>,
    /// The files that all this was taken from, by path.
    pub sources: BTreeMap<String, Digest>,
}

/// How a release is left for the one before it (`ops/rollback/plan.json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Always 1.
    pub schema_version: u32,
    /// The product's name.
    pub product: String,
    /// The release that is left.
    pub from_version: Version,
    /// The release that is gone back to.
    pub to_version: Version,
    /// The days after the release in which it may be left.
    pub window_days: u32,
    /// How long earlier releases can be had.
    pub retention: Retention,
    /// What going back may cost.
    pub objectives: Objectives,
    /// The profiles in which it must have been drilled.
    pub required_profiles: Vec<String>,
    /// The days after which a drill no longer counts.
    pub maximum_drill_age_days: u32,
    /// The days after which a check that the release can be had no longer counts.
    pub maximum_retrieval_age_days: u32,
    /// The revisions that Helm keeps.
    pub helm_history_max: u32,
    /// Changes of stored data between the two releases.
    pub migrations: Vec<Migration>,
    /// Formats that both releases meet.
    pub formats: Vec<DataFormat>,
    /// Settings.
    pub configuration: Configuration,
    /// The interface.
    pub interface: Interface,
    /// What going back does not undo.
    pub state_that_does_not_return: Vec<String>,
    /// Backups.
    pub backups: Backups,
    /// Who decides.
    pub approval: ApprovalRule,
    /// What happens afterwards.
    pub after_rollback: AfterRollback,
    /// What is followed.
    pub runbook: Runbook,
}

/// How long earlier releases can be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Earlier releases that stay published.
    pub releases_kept: u32,
    /// Days that they stay at least.
    pub days_kept: u32,
}

/// What going back may cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objectives {
    /// The longest that it may take, in seconds.
    pub seconds_to_roll_back: u32,
    /// The most requests that may fail on the way.
    pub failed_requests: u64,
}

/// A change of stored data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Migration {
    /// Its id.
    pub id: String,
    /// The release that brought it.
    pub introduced_in: Version,
    /// Whether it only adds, or removes or changes.
    pub kind: MigrationKind,
    /// Whether it can be undone.
    pub reversible: bool,
    /// The file of its SQL, where it is SQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// How data comes back that it destroys: a file of the tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_plan: Option<String>,
}

/// Whether a migration only adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MigrationKind {
    /// It adds; what was there before still works.
    Expand,
    /// It removes or changes what was there before.
    Contract,
}

/// A format that one release writes and another reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataFormat {
    /// What is written.
    pub name: String,
    /// What the release that is left writes.
    pub candidate_writes: String,
    /// What the release that is gone back to reads.
    pub previous_reads: Vec<String>,
    /// Where it lies.
    #[serde(default)]
    pub carrier: Carrier,
    /// Whether everything of it is drained before going back.
    #[serde(default)]
    pub drained: bool,
}

/// Where data of a format lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Carrier {
    /// On a disk or in a database: it stays.
    #[default]
    Store,
    /// In a cache: it goes when it expires.
    Cache,
    /// In a queue, or on the way between two services.
    Queue,
}

/// Settings that the two releases do not share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Those that are new.
    pub added_keys: Vec<String>,
    /// Those that are gone.
    pub removed_keys: Vec<String>,
    /// Those that have another name.
    pub renamed_keys: Vec<String>,
    /// Whether the earlier release starts with settings that it does not know.
    pub previous_ignores_unknown_keys: bool,
}

/// What clients call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    /// Endpoints that are new.
    pub endpoints_added: Vec<String>,
    /// Endpoints that are gone.
    pub endpoints_removed: Vec<String>,
    /// The oldest release that every client works with.
    pub client_minimum: Version,
}

/// What must be restored when going back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backups {
    /// Whether anything must be.
    pub needed: bool,
    /// Why.
    pub reason: String,
    /// The days after which a restore that was tried no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_age_days: Option<u32>,
    /// The most seconds of data that may be lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_point_seconds: Option<u64>,
    /// The most seconds that restoring may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_time_seconds: Option<u64>,
}

/// Who decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRule {
    /// How many people must agree.
    pub approvers: u32,
    /// Whether the one who asks is one of them; a trust root never lets that be so.
    pub requester_counts: bool,
}

/// What happens after going back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AfterRollback {
    /// Whether promotion of the release that was left stops.
    pub stop_promotion: bool,
    /// Whether it is marked as rejected.
    pub reject_candidate: bool,
    /// Whether its evidence is void for the next release.
    pub new_release_needs_new_evidence: bool,
}

/// What is followed when going back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runbook {
    /// The file.
    pub path: String,
    /// The digest that was reviewed.
    pub sha256: Digest,
    /// Who is called.
    pub owner: String,
}

/// One row of the compatibility table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompatibilityRow {
    /// The version, or range of versions, that is left.
    pub from: String,
    /// The version, or range of versions, that is gone to.
    pub to: String,
    /// What kind of step it is: `patch`, `minor`, `major`, `rollback`.
    pub kind: String,
    /// Whether it is supported.
    pub supported: bool,
}

/// One statement of a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementFacts {
    /// The line in the file where it begins.
    pub line: u64,
    /// Its first words.
    pub text: String,
    /// What it does to releases that were there before.
    pub effect: Effect,
    /// Why, in a few words.
    pub reason: String,
}

/// One rendered object, as far as going to or from it depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectFacts {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// Its namespace; empty where it has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The images that its containers run.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub images: BTreeSet<String>,
    /// The fields that a cluster does not let change, by pointer, in canonical JSON.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub immutable: BTreeMap<String, String>,
    /// The bytes of storage that it claims, by pointer; they may grow and never shrink.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub storage_bytes: BTreeMap<String, u64>,
    /// What its pods need to start, `ConfigMap/name` and the like.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub needs: BTreeSet<String>,
    /// How it is rolled out, for workloads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutFacts>,
    /// What it defines, for custom resource definitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_resource: Option<CustomResourceFacts>,
    /// When a rollout is broken off, for analysis templates and canaries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub analysis: Vec<AnalysisFacts>,
}

/// How a workload is rolled out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolloutFacts {
    /// The strategy's type.
    pub strategy: String,
    /// `maxUnavailable` as written, or the default.
    pub max_unavailable: String,
    /// `maxSurge` as written, or the default.
    pub max_surge: String,
    /// Seconds after which a rollout that does not move is given up; 600 by default.
    pub progress_deadline_seconds: Option<u64>,
    /// Old revisions that are kept; 10 by default.
    pub revision_history_limit: u64,
    /// The revisions that Argo goes back to without analysis and steps; absent where none are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_window: Option<u64>,
}

/// What a custom resource definition defines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomResourceFacts {
    /// The versions that are served.
    pub served: BTreeSet<String>,
    /// The version that is stored.
    pub stored: String,
}

/// One metric by which a rollout is broken off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnalysisFacts {
    /// The metric's name in the analysis.
    pub name: String,
    /// The expression that is asked.
    pub query: String,
    /// Failures after which it is broken off; nothing for none.
    pub failure_limit: Option<u64>,
    /// Whether an answer without data counts as success.
    pub passes_without_data: bool,
    /// The fewest seconds after which it can be broken off: an interval for each failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_seconds: Option<u64>,
}

impl RollbackFacts {
    /// The document's name and version.
    pub const SCHEMA: &str = "countersign.rollback-facts/v1";
    /// Its file name in the area's folder of a packet.
    pub const FILE: &str = "rollback-facts.json";

    /// Reads the facts.
    ///
    /// # Errors
    ///
    /// [`JsonError`] for anything but this document.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        let document: Self = json::parse(bytes, Limits::EVIDENCE)?;
        if document.schema == Self::SCHEMA {
            return Ok(document);
        }
        Err(JsonError {
            position: json::Position { line: 1, column: 1 },
            pointer: "/schema".to_owned(),
            problem: format!("the schema is `{}`; expected `{}`", document.schema, Self::SCHEMA),
        })
    }

    /// Writes the facts in canonical JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json::to_bytes(self)
    }

    /// The images that run in any profile.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.objects().flat_map(|(_, object)| object.images.iter().map(String::as_str))
    }

    /// All rendered objects, each with its profile.
    pub fn objects(&self) -> impl Iterator<Item = (&str, &ObjectFacts)> {
        self.profiles
            .iter()
            .flat_map(|(profile, objects)| objects.iter().map(move |one| (profile.as_str(), one)))
    }
}

impl ObjectFacts {
    /// What the object is called, `Deployment lantern/lantern`.
    #[must_use]
    pub fn label(&self) -> String {
        match self.namespace.as_str() {
            "" => format!("{} {}", self.kind, self.name),
            namespace => format!("{} {namespace}/{}", self.kind, self.name),
        }
    }

    /// What makes two renders' objects the same one: group, kind, namespace, name.
    #[must_use]
    pub fn identity(&self) -> (&str, &str, &str, &str) {
        let group = self.api_version.rsplit_once('/').map_or("", |(group, _)| group);
        (group, &self.kind, &self.namespace, &self.name)
    }
}
