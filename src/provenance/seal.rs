//! The packet seal: what a packet is, said by whoever releases it.

use serde::{Deserialize, Serialize};

use super::Predicate;
use crate::digest::Digest;
use crate::time::Timestamp;
use crate::version::Version;

/// The predicate of a packet's seal. Its statement's only subject is the packet.
///
/// It binds the bytes *and* the version: a packet under another name or version has no seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PacketSeal {
    /// The product's name.
    pub product: String,
    /// The release's version.
    pub version: Version,
    /// The channel it is released on.
    pub channel: String,
    /// Counts the releases of a product on a channel, from 1; never goes back.
    pub sequence: u64,
    /// The packet of the release before this one; absent for the first.
    pub previous: Option<Digest>,
    /// When the release was assembled.
    pub issued_at: Timestamp,
    /// The digest of `release-manifest.json` in the packet.
    pub manifest_sha256: Digest,
    /// The digest of the archive inside the gzip member.
    pub tar_sha256: Digest,
}

impl Predicate for PacketSeal {
    const TYPE: &str = "https://countersign.dev/packet/v1";
}
