//! SLSA Build Provenance v1 (`https://slsa.dev/spec/v1.2/build-provenance`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Predicate;
use crate::time::Timestamp;

/// The predicate: how the subjects were built.
///
/// Unknown fields are ignored, as the specification's parsing rules ask ("Consumers MUST ignore
/// unrecognized fields"). External parameters are no fields: unknown ones are refused by policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlsaProvenance {
    /// What went in.
    pub build_definition: BuildDefinition,
    /// What ran.
    pub run_details: RunDetails,
}

impl Predicate for SlsaProvenance {
    const TYPE: &str = "https://slsa.dev/provenance/v1";
}

/// Everything that went into the build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildDefinition {
    /// How to read the parameters; a URI.
    pub build_type: String,
    /// What whoever started the build could choose.
    pub external_parameters: BTreeMap<String, String>,
    /// What was fetched for it, the source first.
    #[serde(default)]
    pub resolved_dependencies: Vec<ResourceDescriptor>,
}

/// What ran the build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunDetails {
    /// Who ran it.
    pub builder: Builder,
    /// Which run it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BuildMetadata>,
}

/// The platform that is trusted to have run the build as described.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Builder {
    /// Its URI.
    pub id: String,
}

/// One run of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildMetadata {
    /// Names the run at the builder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocation_id: Option<String>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_on: Option<Timestamp>,
}

/// Something that went into a build (in-toto ResourceDescriptor).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceDescriptor {
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Its digests by algorithm: `sha256`, `gitCommit`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digest: BTreeMap<String, String>,
}
