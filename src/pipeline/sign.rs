//! `sign`: an assembled release gets its seal, its provenance and its checksums' signature.
//!
//! What is signed is read again first: nobody signs a directory that is not what it says.

use std::path::{Path, PathBuf};

use super::Error;
use crate::finding::{Report, Verdict};
use crate::packet::ReleaseManifest;
use crate::packet::directory::{self, BUNDLE_SUFFIX, CHECKSUMS, MORE_SUFFIX, Names, Sidecar};
use crate::provenance::PAYLOAD_TYPE;
use crate::tree::{self, Tree};
use crate::trust::{Bundle, PrivateKey, PublicKey};
use crate::validator::packet::{self as judge, Contents};

/// A key and the file it came from.
#[derive(Debug)]
pub struct SigningKey {
    /// The file, for messages.
    pub path: PathBuf,
    /// The key.
    pub key: PrivateKey,
}

/// What was signed.
#[derive(Debug)]
pub struct Signed {
    /// The release's manifest.
    pub manifest: ReleaseManifest,
    /// The files that were written.
    pub written: Vec<PathBuf>,
    /// The keys that have signed, in order.
    pub signers: Vec<PublicKey>,
}

/// Signs a release directory with every key; keys that signed before stay.
///
/// # Errors
///
/// When the directory is not one whole, unchanged release, or a sidecar cannot be written.
pub fn sign(directory: &Path, keys: &[SigningKey]) -> Result<Signed, Error> {
    let refused = |problem: String| Error::Refused { path: directory.to_owned(), problem };
    // A run that was killed left its rubbish among what is signed.
    tree::sweep(directory);
    let packets = directory::packets_in(directory)?;
    let [packet] = packets.as_slice() else {
        return Err(refused(format!("holds {} packets; expected one release", packets.len())));
    };
    let contents = judge::read_packet(packet, judge::GENEROUS, &mut |_, _, _, _| {})?
        .map_err(|finding| Error::Refused { path: packet.clone(), problem: finding.message })?;
    judge_release(directory, packet, &contents)?;
    let names = Names::of(&contents.manifest);
    let checksums = judge::checksums_of(&contents).to_bytes();
    let provenance = judge::provenance_of(&contents).to_bytes();
    let seal = judge::seal_of(&contents).to_bytes();
    let mut written = Vec::new();
    // The seal comes last: a directory with a seal is a signed one.
    for (base, signable) in [
        (CHECKSUMS, Signable::Message(checksums)),
        (names.provenance.as_str(), Signable::Payload(provenance)),
        (names.packet.as_str(), Signable::Payload(seal)),
    ] {
        written.extend(write_bundles(directory, base, &signable, keys)?);
    }
    let signers = keys.iter().map(|key| key.key.public().clone()).collect();
    Ok(Signed { manifest: contents.manifest, written, signers })
}

/// Holds when the directory is one whole release, as `verify` will judge it.
fn judge_release(directory: &Path, packet: &Path, contents: &Contents) -> Result<(), Error> {
    let name = packet.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let names = Names::of(&contents.manifest);
    let mut report = Report::new("sign", contents.manifest.issued_at, false);
    judge::judge_contents(contents, name, &mut report);
    let tree = Tree::open(directory)?;
    let listing = tree.list(None)?;
    judge::artifacts_beside(&tree, &listing, contents, Some(&names), &mut report)?;
    judge::checksums_beside(&tree, contents, &mut report)?;
    judge::report_beside(&tree, contents, &mut report)?;
    if names.packet != name {
        let problem = format!("holds the packet of `{}` under another name", names.packet);
        return Err(Error::Refused { path: packet.to_owned(), problem });
    }
    if report.verdict() == Verdict::Pass { Ok(()) } else { Err(Error::Blocked(Box::new(report))) }
}

/// What is signed: a statement that the bundle carries, or a file beside it.
enum Signable {
    Payload(Vec<u8>),
    Message(Vec<u8>),
}

fn write_bundles(
    directory: &Path,
    base: &str,
    signable: &Signable,
    keys: &[SigningKey],
) -> Result<Vec<PathBuf>, Error> {
    let mut bundles = match directory::read_sidecar(directory, base)? {
        Sidecar::Missing => Vec::new(),
        Sidecar::Bundles(bundles) => bundles,
        Sidecar::Malformed { file, refusal } => {
            let path = directory.join(file);
            return Err(Error::Refused { path, problem: refusal.message });
        }
    };
    if !bundles.iter().all(|bundle| bundle.is_over(signable.payload(), signable.message())) {
        let path = directory.join(format!("{base}{BUNDLE_SUFFIX}"));
        let problem = "is over something else than this release; remove it and sign again";
        return Err(Error::Refused { path, problem: problem.to_owned() });
    }
    for key in keys {
        let signed = match signable {
            Signable::Payload(payload) => {
                Bundle::sign_payload(PAYLOAD_TYPE, payload.clone(), &key.key)
            }
            Signable::Message(message) => Bundle::sign_message(message, &key.key),
        };
        let bundle = signed.map_err(|source| Error::Key { path: key.path.clone(), source })?;
        let hint = bundle.unverified_key_hint().to_owned();
        match bundles.iter_mut().find(|other| other.unverified_key_hint() == hint) {
            Some(same) => *same = bundle,
            None => bundles.push(bundle),
        }
    }
    let mut written = Vec::new();
    let Some((first, more)) = bundles.split_first() else { return Ok(written) };
    if !more.is_empty() {
        let path = directory.join(format!("{base}{MORE_SUFFIX}"));
        let lines: Vec<u8> = more.iter().flat_map(Bundle::to_line).collect();
        tree::write_atomic(&path, &lines, 0o644)?;
        written.push(path);
    }
    let path = directory.join(format!("{base}{BUNDLE_SUFFIX}"));
    tree::write_atomic(&path, &first.to_bytes(), 0o644)?;
    written.push(path);
    Ok(written)
}

impl Signable {
    fn payload(&self) -> Option<&[u8]> {
        if let Self::Payload(payload) = self { Some(payload) } else { None }
    }

    fn message(&self) -> Option<&[u8]> {
        if let Self::Message(message) = self { Some(message) } else { None }
    }
}
