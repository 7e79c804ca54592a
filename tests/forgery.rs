//! What somebody without a key can do to a release: take the packet apart, put it together again
//! as canonical as before, and make every unsigned list agree with it.

use std::collections::BTreeMap;
use std::io::Write;

use countersign::packet::archive::{self, Limits};
use countersign::packet::{Checksums, MemberSource, Placement, ReleaseManifest, pack};
use countersign::{Digest, RelPath};

use crate::specimen::Files;

/// The members of a packet by their names.
pub(crate) type Members = BTreeMap<String, Vec<u8>>;

/// Takes a packet apart.
pub(crate) fn members_of(packet: &[u8]) -> Members {
    let mut members = Members::new();
    let limits = Limits { packed_bytes: 1 << 30, unpacked_bytes: 1 << 30, members: 10_000 };
    archive::unpack(packet, limits, |path, _, bytes| {
        let mut whole = Vec::new();
        bytes.read_to_end(&mut whole)?;
        members.insert(path.to_string(), whole);
        Ok(())
    })
    .unwrap();
    members
}

/// Reads the manifest among members.
pub(crate) fn manifest_of(members: &Members) -> ReleaseManifest {
    ReleaseManifest::parse(&members[ReleaseManifest::MEMBER]).unwrap()
}

/// Packs members in the canonical form.
pub(crate) fn pack_canonically(members: &Members) -> Vec<u8> {
    let mut paths: Vec<(RelPath, Vec<u8>)> =
        members.iter().map(|(name, bytes)| (name.parse().unwrap(), bytes.clone())).collect();
    paths.sort();
    let mut sources = paths.into_iter().map(|(path, bytes)| (path, MemberSource::Bytes(bytes)));
    let mut packet = Vec::new();
    pack(&mut packet, |_| sources.next()).unwrap();
    packet
}

/// Makes a whole unsigned release directory of members, an adjusted manifest, and the artifacts
/// beside: manifest, both lists of checksums and the report agree with what is there.
pub(crate) fn rebuild(
    artifacts: &Files,
    mut members: Members,
    mut manifest: ReleaseManifest,
) -> Files {
    members.remove("checksums.txt");
    manifest.evidence.retain(|item| members.contains_key(item.path.as_str()));
    for item in &mut manifest.evidence {
        let bytes = &members[item.path.as_str()];
        (item.sha256, item.size) = (Digest::of(bytes), bytes.len() as u64);
    }
    for artifact in &mut manifest.artifacts {
        let carried = format!("artifacts/{}", artifact.path);
        if artifact.placement == Placement::Packet && !members.contains_key(&carried) {
            artifact.placement = Placement::Beside;
        }
        let bytes = members.get(&carried).unwrap_or_else(|| &artifacts[artifact.path.as_str()]);
        (artifact.sha256, artifact.size) = (Digest::of(bytes), bytes.len() as u64);
    }
    manifest.evidence.sort_by(|a, b| a.path.cmp(&b.path));
    let mut files = Files::new();
    let mut outer = Checksums::default();
    for artifact in &manifest.artifacts {
        let carried = members.get(&format!("artifacts/{}", artifact.path));
        let bytes = carried.unwrap_or_else(|| &artifacts[artifact.path.as_str()]);
        outer.insert(artifact.path.clone(), artifact.sha256);
        files.insert(artifact.path.to_string(), bytes.clone());
    }
    members.insert(ReleaseManifest::MEMBER.to_owned(), manifest.to_bytes());
    let mut inner = Checksums::default();
    for (name, bytes) in &members {
        inner.insert(name.parse().unwrap(), Digest::of(bytes));
    }
    members.insert("checksums.txt".to_owned(), inner.to_bytes());
    let packet = pack_canonically(&members);
    outer.insert(manifest.packet_name().parse().unwrap(), Digest::of(&packet));
    files.insert(manifest.packet_name(), packet);
    files.insert("checksums.txt".to_owned(), outer.to_bytes());
    if let Some(report) = members.get("evidence/report.json") {
        files.insert("report.json".to_owned(), report.clone());
    }
    files
}

/// One ustar header with every field of the canonical one, and a hand on each of them.
pub(crate) fn header(name: &[u8], size: u64) -> [u8; 512] {
    let mut block = [0; 512];
    let mut put = |at: usize, text: &[u8]| block[at..at + text.len()].copy_from_slice(text);
    put(0, name);
    put(100, b"0000644\x000000000\x000000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(156, b"0");
    put(257, b"ustar\x0000");
    with_sum(block)
}

/// Sets the header's own check sum right.
pub(crate) fn with_sum(mut block: [u8; 512]) -> [u8; 512] {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// A tar of headers and bytes as they come, closed as it must be.
pub(crate) fn tar(members: &[([u8; 512], Vec<u8>)]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (header, bytes) in members {
        tar.extend_from_slice(header);
        tar.extend_from_slice(bytes);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize((tar.len() + 1024).next_multiple_of(10_240), 0);
    tar
}

/// A tar of members in the order and under the names given: twice and unsorted if so asked.
pub(crate) fn tar_of(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let framed: Vec<_> = members
        .iter()
        .map(|(name, bytes)| (header(name.as_bytes(), bytes.len() as u64), bytes.clone()))
        .collect();
    tar(&framed)
}

/// One gzip member with the canonical header.
pub(crate) fn gzip(data: &[u8]) -> Vec<u8> {
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    deflate.write_all(data).unwrap();
    let mut crc = flate2::Crc::new();
    crc.update(data);
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    packed.extend(deflate.finish().unwrap());
    packed.extend(crc.sum().to_le_bytes());
    packed.extend(crc.amount().to_le_bytes());
    packed
}
