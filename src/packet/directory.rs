//! The release directory: which files lie in it and what their names are.

use std::path::{Path, PathBuf};

use super::ReleaseManifest;
use crate::finding::rules::trust as rules;
use crate::tree::{self, TreeError};
use crate::trust::{Bundle, Refusal};

/// How a packet's file name ends.
pub const PACKET_SUFFIX: &str = ".packet.tar.gz";
/// The list of the artifacts and the packet.
pub const CHECKSUMS: &str = "checksums.txt";
/// What `check` said when the release was assembled.
pub const REPORT: &str = "report.json";
/// How the file name of one bundle ends.
pub const BUNDLE_SUFFIX: &str = ".sigstore.json";
/// How the file name of further signers' bundles ends, one bundle a line.
pub const MORE_SUFFIX: &str = ".sigstore.jsonl";

/// How the file name of a signature for minisign ends.
pub const MINISIGN_SUFFIX: &str = ".minisig";

/// The largest sidecar that is read, in bytes.
pub const MAX_SIDECAR_BYTES: usize = 64 << 20;
/// The most further signers that are read.
const MAX_MORE: usize = 63;

/// The names of a release's own files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The packet.
    pub packet: String,
    /// What the provenance's sidecar name begins with.
    pub provenance: String,
}

impl Names {
    /// Tells the names from a manifest.
    #[must_use]
    pub fn of(manifest: &ReleaseManifest) -> Self {
        Self {
            packet: manifest.packet_name(),
            provenance: format!("{}.provenance", manifest.stem()),
        }
    }

    /// Tells the names from the packet's file name.
    #[must_use]
    pub fn of_packet(file_name: &str) -> Option<Self> {
        let stem = file_name.strip_suffix(PACKET_SUFFIX)?;
        Some(Self { packet: file_name.to_owned(), provenance: format!("{stem}.provenance") })
    }

    /// Tells whether a file name is one of the release's own and no artifact.
    #[must_use]
    pub fn is_own(&self, name: &str) -> bool {
        let signed = [self.packet.as_str(), self.provenance.as_str(), CHECKSUMS];
        let sidecar = |base: &&str| {
            name.strip_prefix(*base).is_some_and(|end| end == BUNDLE_SUFFIX || end == MORE_SUFFIX)
        };
        let minisign = name.strip_suffix(MINISIGN_SUFFIX) == Some(CHECKSUMS);
        [self.packet.as_str(), CHECKSUMS, REPORT].contains(&name)
            || minisign
            || signed.iter().any(sidecar)
    }
}

/// Finds the packets of a release directory by their names, sorted.
///
/// # Errors
///
/// When the directory cannot be read.
pub fn packets_in(directory: &Path) -> Result<Vec<PathBuf>, TreeError> {
    let entries = std::fs::read_dir(directory).map_err(|error| TreeError::io(directory, error))?;
    let mut packets = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| TreeError::io(directory, error))?;
        if entry.file_name().to_string_lossy().ends_with(PACKET_SUFFIX) {
            packets.push(entry.path());
        }
    }
    packets.sort();
    Ok(packets)
}

/// The bundles that lie beside a file.
#[derive(Debug)]
pub enum Sidecar {
    /// There is none.
    Missing,
    /// They are well-formed.
    Bundles(Vec<Bundle>),
    /// One of them is not.
    Malformed {
        /// The name of the file that holds it.
        file: String,
        /// What is wrong with it.
        refusal: Refusal,
    },
}

/// Reads the bundles beside `base`: the first in `base.sigstore.json`, further signers' in
/// `base.sigstore.jsonl`.
///
/// # Errors
///
/// When a file is there and cannot be read.
pub fn read_sidecar(directory: &Path, base: &str) -> Result<Sidecar, TreeError> {
    let file = format!("{base}{BUNDLE_SUFFIX}");
    let first = directory.join(&file);
    let mut bundles = match tree::read_named(&first, MAX_SIDECAR_BYTES) {
        Ok(bytes) => match Bundle::parse(&bytes) {
            Ok(bundle) => vec![bundle],
            Err(refusal) => return Ok(Sidecar::Malformed { file, refusal }),
        },
        Err(error) if error.is_not_found() => return Ok(Sidecar::Missing),
        Err(error) if error.is_refusal() => return Ok(no_bundle(file, &error)),
        Err(error) => return Err(error),
    };
    let file = format!("{base}{MORE_SUFFIX}");
    let more = directory.join(&file);
    let lines = match tree::read_named(&more, MAX_SIDECAR_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Ok(Sidecar::Bundles(bundles)),
        Err(error) if error.is_refusal() => return Ok(no_bundle(file, &error)),
        Err(error) => return Err(error),
    };
    let lines = lines.strip_suffix(b"\n").unwrap_or(&lines);
    let lines: Vec<&[u8]> = lines.split(|byte| *byte == b'\n').collect();
    if lines.len() > MAX_MORE {
        let message = format!("{} further bundles; at most {MAX_MORE} are read", lines.len());
        let refusal = Refusal::new(&rules::BUNDLE_MALFORMED, message);
        return Ok(Sidecar::Malformed { file, refusal });
    }
    // Every line is a bundle, and a list that is too long is refused, not cut: what is skipped is
    // what nobody judged.
    for (index, line) in lines.into_iter().enumerate() {
        match Bundle::parse(line) {
            Ok(bundle) => bundles.push(bundle),
            Err(refusal) => {
                let message = format!("line {}: {}", index + 1, refusal.message);
                let refusal = Refusal::new(refusal.rule, message);
                return Ok(Sidecar::Malformed { file, refusal });
            }
        }
    }
    Ok(Sidecar::Bundles(bundles))
}

/// A pipe or a folder under a signature's name is a wrong signature, and ends no verification.
fn no_bundle(file: String, error: &TreeError) -> Sidecar {
    let refusal = Refusal::new(&rules::BUNDLE_MALFORMED, error.problem());
    Sidecar::Malformed { file, refusal }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::{Algorithm, PrivateKey};

    #[test]
    fn a_folder_under_a_signatures_name_is_refused_like_a_broken_signature() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a.sigstore.json")).unwrap();
        let read = read_sidecar(folder.path(), "a").unwrap();
        assert!(matches!(read, Sidecar::Malformed { .. }), "{read:?}");
        let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
        let bundle = Bundle::sign_message(b"x", &key).unwrap();
        std::fs::write(folder.path().join("b.sigstore.json"), bundle.to_bytes()).unwrap();
        std::fs::create_dir(folder.path().join("b.sigstore.jsonl")).unwrap();
        let read = read_sidecar(folder.path(), "b").unwrap();
        assert!(matches!(read, Sidecar::Malformed { .. }), "{read:?}");
    }

    #[test]
    fn a_line_after_the_last_signer_is_not_overlooked() {
        let folder = tempfile::tempdir().unwrap();
        let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
        let bundle = Bundle::sign_message(b"x", &key).unwrap();
        std::fs::write(folder.path().join("a.sigstore.json"), bundle.to_bytes()).unwrap();
        let lines = |count: usize, end: &str| {
            let mut text = bundle.to_line().repeat(count);
            text.extend_from_slice(end.as_bytes());
            std::fs::write(folder.path().join("a.sigstore.jsonl"), text).unwrap();
            read_sidecar(folder.path(), "a").unwrap()
        };
        for (count, end) in [(63, ""), (1, "")] {
            let Sidecar::Bundles(read) = lines(count, end) else { panic!("{count} {end:?}") };
            assert_eq!(read.len(), count + 1);
        }
        for (count, end) in [(64, ""), (63, "broken\n"), (1, "broken"), (1, "\n"), (0, "")] {
            assert!(matches!(lines(count, end), Sidecar::Malformed { .. }), "{count} {end:?}");
        }
    }
}
