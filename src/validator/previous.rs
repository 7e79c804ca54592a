//! The release before, as its packet tells it: what this release is laid over.

use std::collections::BTreeMap;

use super::rollback::{ObjectFacts, RollbackFacts};
use crate::digest::Digest;
use crate::document::{Limits, Node, parse_json};
use crate::packet::ReleaseManifest;
use crate::version::Version;

/// What the packet of the release before says. Whether that packet is to be trusted is for whoever
/// verifies it: nothing of it makes an answer better.
#[derive(Debug, Clone)]
pub struct PreviousRelease {
    /// What its files are called by, `lantern-0.2.0`.
    pub stem: String,
    /// Its version.
    pub version: Version,
    /// The rendered objects of each profile; none where it was assembled without.
    pub objects: BTreeMap<String, Vec<ObjectFacts>>,
    /// The images that its pin list names, by their keys; nothing where it says none.
    pub images: Option<BTreeMap<String, String>>,
    /// The digest of the list of images.
    pub images_sha256: Option<Digest>,
}

impl PreviousRelease {
    /// The members of a packet that are read.
    pub const MEMBERS: [&str; 2] =
        ["evidence/rollback/rollback-facts.json", "evidence/stack/version-manifest.json"];

    /// Puts together what the members say; one that cannot be read says nothing.
    #[must_use]
    pub fn of(manifest: &ReleaseManifest, members: &BTreeMap<String, Vec<u8>>) -> Self {
        let [facts, images] = Self::MEMBERS.map(|name| members.get(name));
        let facts = facts.and_then(|bytes| RollbackFacts::parse(bytes).ok());
        let images_sha256 = images.map(|bytes| Digest::of(bytes));
        let images = images.and_then(|bytes| parse_json(bytes, Limits::GOVERNED).ok());
        Self {
            stem: manifest.stem(),
            version: manifest.version.clone(),
            objects: facts.map(|facts| facts.profiles).unwrap_or_default(),
            images: images.map(|root| pinned(&root)),
            images_sha256,
        }
    }
}

/// The images that the pin list names.
fn pinned(root: &Node) -> BTreeMap<String, String> {
    let images = root.get("images").map(Node::items).unwrap_or_default();
    let text = |image: &Node, key: &str| image.get(key).and_then(Node::as_str).map(str::to_owned);
    images
        .iter()
        .filter_map(|image| Some((text(image, "pin")?, text(image, "reference")?)))
        .collect()
}
