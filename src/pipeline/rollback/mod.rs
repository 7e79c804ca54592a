//! `rollback`: is one release a safe place to go to from another, and who says so.

mod approve;
mod check;
mod consume;
mod drill;
mod given;
mod sides;
mod vex;

use std::path::{Path, PathBuf};

use super::Error;
use super::sign::SigningKey;
use crate::digest::Digest;
use crate::packet::ReleaseManifest;
use crate::provenance::PAYLOAD_TYPE;
use crate::tree;
use crate::trust::Bundle;
use crate::validator::packet::{self as judge, GENEROUS};

pub use approve::{ApprovalRequest, approve};
pub use check::{CheckRequest, check};
pub use consume::{ConsumptionRequest, consume};
pub use drill::{DrillRequest, Recorded, record_drill};

/// A packet that somebody is about to speak about.
#[derive(Debug, Clone)]
pub struct Named {
    /// What it is.
    pub manifest: ReleaseManifest,
    /// The digest of its packet.
    pub packet: Digest,
}

/// Reads the packet at a path, or the only one of a release directory.
///
/// Nobody is asked whether it is trusted: a signature over its digest speaks about these bytes.
fn read_named_packet(path: &Path) -> Result<Named, Error> {
    let path = packet_at(path)?;
    let contents = judge::read_packet(&path, GENEROUS, &mut |_, _, _, _| {})?
        .map_err(|finding| Error::Refused { path: path.clone(), problem: finding.message })?;
    Ok(Named { manifest: contents.manifest, packet: contents.unpacked.sha256 })
}

fn packet_at(path: &Path) -> Result<PathBuf, Error> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let packets = crate::packet::directory::packets_in(path)?;
    match packets.as_slice() {
        [packet] => Ok(packet.clone()),
        packets => {
            let problem = format!(
                "holds {} packets; expected the one that `assemble -o` writes",
                packets.len()
            );
            Err(Error::Refused { path: path.to_owned(), problem })
        }
    }
}

/// Reads the two packets of a pair: two releases of one product.
fn read_pair(from: &Path, to: &Path) -> Result<(Named, Named), Error> {
    let (candidate, target) = (read_named_packet(from)?, read_named_packet(to)?);
    let refused = |problem: String| Error::Refused { path: to.to_owned(), problem };
    if candidate.manifest.product != target.manifest.product {
        let (one, other) = (&target.manifest.product, &candidate.manifest.product);
        return Err(refused(format!("is a packet of `{one}`; the other one is of `{other}`")));
    }
    if candidate.packet == target.packet {
        return Err(refused("is the same packet as the one given with --from".to_owned()));
    }
    if !candidate.manifest.version.is_after(&target.manifest.version) {
        let (one, other) = (&target.manifest.version, &candidate.manifest.version);
        let problem = format!("is {one}, which is not before {other}; --from takes the newer one");
        return Err(refused(problem));
    }
    Ok((candidate, target))
}

/// Signs a statement and writes its bundle.
fn write_signed(statement: Vec<u8>, key: &SigningKey, out: &Path) -> Result<(), Error> {
    let bundle = Bundle::sign_payload(PAYLOAD_TYPE, statement, &key.key)
        .map_err(|source| Error::Key { path: key.path.clone(), source })?;
    Ok(tree::write_atomic(out, &bundle.to_bytes(), 0o644)?)
}
