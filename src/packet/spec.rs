//! The release specification: what people decide about a release, in `ops/release/release.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::manifest::{Compatibility, is_product};
use crate::document::{Document, DocumentError, Limits};
use crate::finding::Area;
use crate::path::RelPath;

/// The release specification (`countersign.release/v1`).
///
/// ```toml
/// schema = "countersign.release/v1"
/// product = "lantern"
/// channel = "stable"
///
/// [build]
/// type = "https://lantern.example/build-types/release/v1"
/// builder = "https://builders.lantern.example/release"
/// [build.parameters]
/// profile = "release"
///
/// [packet]
/// carry = ["lantern-0.3.0.tgz"]
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseSpec {
    /// Always [`ReleaseSpec::SCHEMA`].
    pub schema: String,
    /// The product's name.
    pub product: String,
    /// The channel it is released on.
    pub channel: String,
    /// How it is built.
    pub build: BuildSpec,
    /// What the packet carries.
    #[serde(default)]
    pub packet: PacketSpec,
    /// Which releases it can be rolled back to.
    #[serde(default)]
    pub compatibility: Vec<Compatibility>,
    /// The areas that the project has; all six when absent. A service without Kubernetes has no
    /// `k8s`. Which evidence a release needs is for whoever verifies it to say.
    #[serde(default)]
    pub areas: Option<Vec<Area>>,
}

/// How a release is built.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildSpec {
    /// SLSA `buildType`.
    #[serde(rename = "type")]
    pub build_type: String,
    /// SLSA `builder.id`.
    pub builder: String,
    /// SLSA `externalParameters`, besides source, commit and version.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

/// What a packet carries besides manifest and evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PacketSpec {
    /// Artifacts that travel in the packet; the others lie beside it only.
    #[serde(default)]
    pub carry: Vec<RelPath>,
}

impl ReleaseSpec {
    /// Where the specification lies below the root.
    pub const PATH: &str = "ops/release/release.toml";
    /// The document's name and version.
    pub const SCHEMA: &str = "countersign.release/v1";

    /// Reads the specification.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] for anything but a sound specification of this version.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        let path: RelPath = Self::PATH.parse().expect("the path is portable");
        let document = Document::parse(&path, bytes, Limits::GOVERNED)?;
        let root = document.root()?;
        let spec: Self = root.to_typed()?;
        let refuse = |pointer: &str, problem: String| {
            let position = root.pointer(pointer).map_or(root.position, |node| node.position);
            Err(DocumentError { position, pointer: pointer.to_owned(), problem })
        };
        if spec.schema != Self::SCHEMA {
            let problem = format!("the schema is `{}`; expected `{}`", spec.schema, Self::SCHEMA);
            return refuse("/schema", problem);
        }
        if !is_product(&spec.product) {
            let problem = "expected lower-case letters, digits and `-`, at most 64 characters";
            return refuse("/product", problem.to_owned());
        }
        for own in ["source", "commit", "version"] {
            if spec.build.parameters.contains_key(own) {
                let problem = format!("`{own}` is set by the release itself; leave it out");
                return refuse(&format!("/build/parameters/{own}"), problem);
            }
        }
        for (index, area) in spec.areas.iter().flatten().enumerate() {
            if !Area::GOVERNED.contains(area) {
                let problem = format!("`{area}` is no area of a tree");
                return refuse(&format!("/areas/{index}"), problem);
            }
        }
        if spec.areas.as_ref().is_some_and(Vec::is_empty) {
            return refuse("/areas", "a project without areas has nothing to judge".to_owned());
        }
        Ok(spec)
    }
}
