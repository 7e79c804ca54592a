//! A packet that is looked into: its manifest and its documents, none of them verified.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Error;
use crate::digest::Digest;
use crate::packet::ReleaseManifest;
use crate::packet::archive::{self, Limits};
use crate::packet::directory::packets_in;
use crate::tree;

/// The largest member that is read for what it says, in bytes.
const MAX_READ: u64 = 64 << 20;
/// The most that is held of a packet's members, in bytes: nobody has vouched for it.
const MAX_HELD: u64 = 512 << 20;

/// What a packet holds.
#[derive(Debug)]
pub(super) struct Opened {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// The release manifest.
    pub(super) manifest: ReleaseManifest,
    /// The digest of the packet.
    pub(super) sha256: Digest,
    /// Its JSON documents, but for those that are too large.
    pub(super) members: BTreeMap<String, Vec<u8>>,
}

impl Opened {
    /// Reads a packet, or the one of a release directory.
    ///
    /// # Errors
    ///
    /// When it is no packet, or holds no manifest that can be read.
    pub(super) fn read(target: &Path) -> Result<Self, Error> {
        let path = packet_of(target)?;
        let (file, _) = tree::open_named(&path)?;
        let limits = Limits { packed_bytes: 1 << 42, unpacked_bytes: 1 << 42, members: 1 << 20 };
        let mut members: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut room = MAX_HELD;
        let unpacked = archive::unpack(file, limits, |member, size, bytes| {
            let name = member.as_str();
            if name.ends_with(".json") && size <= MAX_READ.min(room) {
                room -= size;
                let mut text = Vec::new();
                bytes.read_to_end(&mut text)?;
                members.insert(name.to_owned(), text);
            }
            Ok(())
        })
        .map_err(|error| Error::archive(&path, error))?;
        let unusable = |problem: String| Error::Unusable { path: path.clone(), problem };
        let text = members
            .get(ReleaseManifest::MEMBER)
            .ok_or_else(|| unusable(format!("holds no `{}`", ReleaseManifest::MEMBER)))?;
        let manifest = ReleaseManifest::parse(text).map_err(|source| {
            unusable(format!("member `{}`: {source}", ReleaseManifest::MEMBER))
        })?;
        Ok(Self { path, manifest, sha256: unpacked.sha256, members })
    }
}

fn packet_of(target: &Path) -> Result<PathBuf, Error> {
    if !target.is_dir() {
        return Ok(target.to_owned());
    }
    let mut packets = packets_in(target)?;
    match (packets.pop(), packets.len()) {
        (Some(only), 0) => Ok(only),
        (last, others) => {
            let count = others + usize::from(last.is_some());
            let problem = format!("{count} packets in the directory; expected one");
            Err(Error::Unusable { path: target.to_owned(), problem })
        }
    }
}
