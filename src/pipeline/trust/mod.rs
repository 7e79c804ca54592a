//! `trust`: the life of a trust root, version by version.
//!
//! A change begins as a draft beside the versions, is signed by one person after the other, and
//! becomes version N+1 in the moment in which the thresholds of N and of N+1 are reached.

mod chain;
mod draft;

use std::path::{Path, PathBuf};

pub use chain::verify;
pub use draft::{
    Change, SignedDraft, change, init, open_trusted_root, read_authorities, read_policy,
    read_trusted_root, sign,
};

use super::Error;
use crate::time::Timestamp;
use crate::tree;
use crate::trust::root::{MAX_BYTES, MAX_CHAIN, MAX_CHAIN_BYTES, RootError, TrustRootDocument};
use crate::trust::{Envelope, TrustRoot};

/// Opens a pinned trust root and follows the newer versions that lie in a folder.
///
/// # Errors
///
/// When a file cannot be read, or a version does not follow.
pub fn open(pinned: &Path, updates: Option<&Path>, now: Timestamp) -> Result<TrustRoot, Error> {
    let (bytes, later) = read_chain(pinned, updates)?;
    let unusable = |source| Error::Root { path: pinned.to_owned(), source };
    TrustRoot::open_chain(&bytes, &later, now).map_err(unusable)
}

/// Opens the version that was in use at an earlier time.
///
/// # Errors
///
/// As [`open`].
pub fn open_as_of(
    pinned: &Path,
    updates: Option<&Path>,
    as_of: Timestamp,
) -> Result<TrustRoot, Error> {
    let (bytes, later) = read_chain(pinned, updates)?;
    let unusable = |source| Error::Root { path: pinned.to_owned(), source };
    TrustRoot::open_as_of(&bytes, &later, as_of).map_err(unusable)
}

/// Reads the pinned version and those after it.
fn read_chain(pinned: &Path, updates: Option<&Path>) -> Result<(Vec<u8>, Vec<Vec<u8>>), Error> {
    let unusable = |source| Error::Root { path: pinned.to_owned(), source };
    let bytes = tree::read_named(pinned, MAX_BYTES)?;
    let Some(folder) = updates else { return Ok((bytes, Vec::new())) };
    // The pinned file says its own version; what follows it is read by number.
    let envelope =
        Envelope::parse(&bytes).map_err(|refusal| unusable(RootError::Envelope(refusal)))?;
    let document = TrustRootDocument::parse(envelope.unverified_payload()).map_err(unusable)?;
    let first = document.version.saturating_add(1);
    let later = read_from(folder, first)?;
    well_formed(folder, first, &later)?;
    Ok((bytes, later))
}

/// Holds when each version is a trust root at all; names the one that is none.
fn well_formed(folder: &Path, first: u64, versions: &[Vec<u8>]) -> Result<(), Error> {
    for (index, bytes) in versions.iter().enumerate() {
        // A version that says it is the last number there is has none after it.
        let number = first.saturating_add(index as u64);
        let unusable = |source| Error::Root { path: path_of(folder, number), source };
        let envelope =
            Envelope::parse(bytes).map_err(|refusal| unusable(RootError::Envelope(refusal)))?;
        TrustRootDocument::parse(envelope.unverified_payload()).map_err(unusable)?;
    }
    Ok(())
}

/// Where a version lies.
fn path_of(folder: &Path, version: u64) -> PathBuf {
    folder.join(format!("{version}.json"))
}

fn read_versions(folder: &Path) -> Result<Vec<Vec<u8>>, Error> {
    read_from(folder, 1)
}

/// Reads `N.json`, `N+1.json` and so on, as long as there are any.
fn read_from(folder: &Path, first: u64) -> Result<Vec<Vec<u8>>, Error> {
    let mut versions = Vec::new();
    let mut room = MAX_CHAIN_BYTES;
    for version in first..first.saturating_add(MAX_CHAIN as u64 + 1) {
        match tree::read_named(&path_of(folder, version), MAX_BYTES) {
            // One more than fits is kept, so that whoever follows the chain refuses it.
            Ok(bytes) if room == 0 => {
                versions.push(bytes);
                break;
            }
            Ok(bytes) => {
                room = room.saturating_sub(bytes.len());
                versions.push(bytes);
            }
            Err(error) if error.is_not_found() => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(versions)
}
