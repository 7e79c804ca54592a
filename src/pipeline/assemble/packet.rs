//! The packet and the checksums beside it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read};
use std::path::Path;

use super::evidence::{Member, MemberBytes};
use super::staging::Staging;
use crate::digest::Digest;
use crate::packet::directory::CHECKSUMS;
use crate::packet::manifest::member_of;
use crate::packet::{Checksums, MemberSource, Packed, Placement, ReleaseManifest, pack};
use crate::path::RelPath;
use crate::pipeline::Error;
use crate::tree::{self, Tree, TreeError};

/// Writes the packet: artifacts that travel in it, checksums, evidence and manifest, in the order
/// of their names. Every digest is known before the first byte is written, and held against what
/// went by.
pub(super) fn write_packet(
    manifest: &ReleaseManifest,
    members: Vec<Member>,
    evidence: Option<&Path>,
    staging: &Staging,
) -> Result<Packed, Error> {
    let path = staging.folder().join(manifest.packet_name());
    let evidence = evidence.map(Tree::open).transpose()?;
    let manifest_bytes = manifest.to_bytes();
    let manifest_name: RelPath = ReleaseManifest::MEMBER.parse().expect("the name is portable");
    let mut list = Checksums::default();
    for (member, (digest, _)) in manifest.members() {
        list.insert(member, digest);
    }
    list.insert(manifest_name.clone(), Digest::of(&manifest_bytes));
    let checksums_name: RelPath = CHECKSUMS.parse().expect("the name is portable");
    let mut sources: BTreeMap<RelPath, MemberSource<'_>> = BTreeMap::new();
    sources.insert(manifest_name, MemberSource::Bytes(manifest_bytes));
    sources.insert(checksums_name, MemberSource::Bytes(list.to_bytes()));
    let packed = manifest.artifacts.iter().filter(|item| item.placement == Placement::Packet);
    for artifact in packed {
        let file = staging.path(&artifact.path);
        let open = move || Ok(Box::new(tree::open_named(&file)?.0) as Box<dyn Read>);
        let source = MemberSource::File { open: Box::new(open), size: artifact.size };
        let member = member_of(&artifact.path).expect("artifacts that do not fit were refused");
        sources.insert(member, source);
    }
    for (item, bytes) in members {
        let source = match (bytes, &evidence) {
            (MemberBytes::Memory(bytes), _) => MemberSource::Bytes(bytes),
            (MemberBytes::Evidence(path), Some(tree)) => MemberSource::File {
                open: Box::new(move || Ok(Box::new(tree.file(&path)?.0) as Box<dyn Read>)),
                size: item.size,
            },
            (MemberBytes::Evidence(_), None) => {
                unreachable!("evidence files come from the evidence folder")
            }
        };
        sources.insert(item.path, source);
    }
    let mut sources = sources.into_iter();
    let file = BufWriter::new(staging.create(&path)?);
    let packed = pack(file, |_| sources.next()).map_err(|error| Error::archive(&path, error))?;
    for (member, digest, _) in &packed.members {
        if list.get(member).is_some_and(|expected| expected != digest) {
            return Err(TreeError::Changed { path: member.as_str().into() }.into());
        }
    }
    let file = File::open(&path).map_err(|error| TreeError::io(&path, error))?;
    file.sync_all().map_err(|error| TreeError::io(&path, error))?;
    Ok(packed)
}

pub(super) fn write_checksums(
    manifest: &ReleaseManifest,
    packed: &Packed,
    staging: &Staging,
) -> Result<(), Error> {
    let mut list = Checksums::default();
    for artifact in &manifest.artifacts {
        list.insert(artifact.path.clone(), artifact.sha256);
    }
    let packet = manifest.packet_name().parse().expect("product and version give a portable name");
    list.insert(packet, packed.sha256);
    staging.write(CHECKSUMS, &list.to_bytes())
}
