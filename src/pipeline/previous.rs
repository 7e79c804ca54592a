//! The packet of the release before: what it says, and what a manifest binds of it.

use std::collections::BTreeMap;
use std::path::Path;

use super::Error;
use crate::digest::Digest;
use crate::packet::{ReleaseManifest, archive};
use crate::tree;
use crate::validator::PreviousRelease;

/// The largest member that is read, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// A packet that this release comes after.
#[derive(Debug)]
pub(super) struct Before {
    pub(super) manifest: ReleaseManifest,
    /// The digest of the packet.
    pub(super) sha256: Digest,
    pub(super) release: PreviousRelease,
}

/// Reads the packet before this one. Whether it is to be trusted is for whoever verifies this
/// release to say; here its digest is bound, and what it says can only refuse.
///
/// # Errors
///
/// When it is no packet, or holds no manifest that can be read.
pub(super) fn read(path: &Path) -> Result<Before, Error> {
    let (file, _) = tree::open_named(path)?;
    let mut members: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let limits =
        archive::Limits { packed_bytes: 1 << 40, unpacked_bytes: 1 << 40, members: 1 << 20 };
    let unpacked = archive::unpack(file, limits, |member, size, bytes| {
        let name = member.as_str();
        let is_asked = name == ReleaseManifest::MEMBER || PreviousRelease::MEMBERS.contains(&name);
        if is_asked && size < MAX_BYTES {
            let mut text = Vec::new();
            bytes.read_to_end(&mut text)?;
            members.insert(name.to_owned(), text);
        }
        Ok(())
    })
    .map_err(|error| Error::archive(path, error))?;
    let text = members.get(ReleaseManifest::MEMBER).ok_or_else(|| Error::Refused {
        path: path.to_owned(),
        problem: "holds no release manifest".to_owned(),
    })?;
    let manifest = ReleaseManifest::parse(text)
        .map_err(|source| Error::Json { path: path.to_owned(), source })?;
    let release = PreviousRelease::of(&manifest, &members);
    Ok(Before { manifest, sha256: unpacked.sha256, release })
}

/// Reads what the packet of the release before says, for [`crate::validator::Context`].
///
/// # Errors
///
/// When it is no packet, or holds no manifest that can be read.
pub fn read_release(path: &Path) -> Result<PreviousRelease, Error> {
    Ok(read(path)?.release)
}
