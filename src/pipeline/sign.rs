//! `sign`: an assembled release gets its seal, its provenance and its checksums' signature.
//!
//! What is signed is read again first: nobody signs a directory that is not what it says.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Error;
use crate::digest::Digest;
use crate::finding::{Report, Verdict};
use crate::packet::ReleaseManifest;
use crate::packet::directory::{
    self, BUNDLE_SUFFIX, CHECKSUMS, MINISIGN_SUFFIX, MORE_SUFFIX, Names, Sidecar,
};
use crate::provenance::PAYLOAD_TYPE;
use crate::time::Timestamp;
use crate::tree::{self, Tree};
use crate::trust::signing_config::SigningConfig;
use crate::trust::sigstore::keyless::{CertificateIdentity, Keyless, KeylessSigner};
use crate::trust::timestamp::Stamping;
use crate::trust::{Algorithm, Bundle, MinisignSignature, PrivateKey, PublicKey};
use crate::validator::packet::{self as judge, Contents};

/// How long a signature waits for those of others to be written.
const PATIENCE: Duration = Duration::from_secs(30);

/// A key and the file it came from.
#[derive(Debug)]
pub struct SigningKey {
    /// The file, for messages.
    pub path: PathBuf,
    /// The key.
    pub key: PrivateKey,
}

/// Reads the services that sign without a key.
///
/// # Errors
///
/// When the file cannot be read, or is no signing config.
pub fn read_signing_config(path: &Path) -> Result<SigningConfig, Error> {
    let bytes = tree::read_named(path, 1 << 20)?;
    SigningConfig::parse(&bytes)
        .map_err(|refusal| Error::Unusable { path: path.to_owned(), problem: refusal.message })
}

/// Who signs.
#[derive(Debug)]
pub enum Signers<'a> {
    /// The holders of keys.
    Keys {
        /// The keys.
        keys: &'a [SigningKey],
        /// Who states when they signed.
        stamping: Option<&'a Stamping<'a>>,
    },
    /// The holder of an identity token.
    Keyless(Keyless<'a>),
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
    /// Whom the certificate is for, where one signed.
    pub identity: Option<CertificateIdentity>,
    /// When, for each signature that somebody states it for.
    pub times: Vec<StatedTime>,
    /// The list of checksums that was signed.
    checksums: Vec<u8>,
}

/// A time of signing that somebody states.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatedTime {
    /// When.
    pub at: Timestamp,
    /// Who says so, where that is proven.
    pub proven_by: Option<String>,
}

/// Signs a release directory with every key; keys that signed before stay.
///
/// # Errors
///
/// As [`sign_by`].
pub fn sign(directory: &Path, keys: &[SigningKey]) -> Result<Signed, Error> {
    sign_by(directory, &Signers::Keys { keys, stamping: None })
}

/// Signs a release directory; whoever signed before stays.
///
/// Nothing is written before all of it is signed.
///
/// # Errors
///
/// When the directory is not one whole, unchanged release, a service that is asked gives nothing
/// that holds, or a sidecar cannot be written.
pub fn sign_by(directory: &Path, signers: &Signers<'_>) -> Result<Signed, Error> {
    let refused = |problem: String| Error::Refused { path: directory.to_owned(), problem };
    // What others are writing has no name yet and is none of the release's: nobody writes meanwhile.
    let reading = tree::FolderLock::of(directory, PATIENCE)?;
    // A run that was killed left its rubbish among what is signed.
    tree::sweep(directory);
    let packets = directory::packets_in(directory)?;
    let [packet] = packets.as_slice() else {
        return Err(refused(format!(
            "holds {} packets; expected the one that `assemble -o` writes",
            packets.len()
        )));
    };
    let contents = judge::read_packet(packet, judge::GENEROUS, &mut |_, _, _, _| {})?
        .map_err(|finding| Error::Refused { path: packet.clone(), problem: finding.message })?;
    judge_release(directory, packet, &contents)?;
    drop(reading);
    let names = Names::of(&contents.manifest);
    let checksums = judge::checksums_of(&contents).to_bytes();
    let provenance = judge::provenance_of(&contents).to_bytes();
    let seal = judge::seal_of(&contents).to_bytes();
    // The seal comes last: a directory with a seal is a signed one.
    let signables = [
        (CHECKSUMS, Signable::Message(checksums.clone())),
        (names.provenance.as_str(), Signable::Payload(provenance)),
        (names.packet.as_str(), Signable::Payload(seal)),
    ];
    // What cannot be added to is not signed.
    let existing = || -> Result<Vec<_>, Error> {
        signables.iter().map(|(base, signable)| bundles_of(directory, base, signable)).collect()
    };
    existing()?;
    let signers = signers.ready()?;
    let mut times = Vec::new();
    let mut signed = Vec::new();
    for (base, signable) in &signables {
        let new = signers.sign(signable)?;
        times.extend(new.iter().flat_map(|new| new.times.clone()));
        signed.push((*base, new));
    }
    // Somebody else may have signed meanwhile, and stays too: from here on it is one at a time.
    let _lock = tree::FolderLock::of(directory, PATIENCE)?;
    let sidecars = signed.into_iter().zip(existing()?);
    let sidecars: Vec<_> =
        sidecars.map(|((base, new), before)| (base, merged(before, new))).collect();
    let mut written = Vec::new();
    for (base, bundles) in &sidecars {
        written.extend(write_bundles(directory, base, bundles)?);
    }
    times.sort();
    times.dedup();
    Ok(Signed {
        manifest: contents.manifest,
        written,
        signers: signers.public_keys(),
        identity: signers.identity(),
        times,
        checksums,
    })
}

/// Signs the checksums of a release that was just signed a second time, for people who have only
/// minisign. Such a file holds one signature: that of the first Ed25519 key.
///
/// # Errors
///
/// When none of the keys is Ed25519, or the file cannot be written.
pub fn sign_for_minisign(
    directory: &Path,
    signed: &mut Signed,
    keys: &[SigningKey],
) -> Result<(), Error> {
    let is_usable = |key: &&SigningKey| key.key.public().algorithm() == Algorithm::Ed25519;
    let key = keys.iter().find(is_usable).or(keys.first()).ok_or_else(|| {
        let problem = "no key was given to sign for minisign with".to_owned();
        Error::Unusable { path: directory.to_owned(), problem }
    })?;
    // The time is the release's own: the same release gives the same bytes on any day.
    let at = signed.manifest.issued_at;
    let signature = MinisignSignature::sign(&signed.checksums, CHECKSUMS, at, &key.key)
        .map_err(|source| Error::Key { path: key.path.clone(), source })?;
    let path = directory.join(format!("{CHECKSUMS}{MINISIGN_SUFFIX}"));
    tree::write_atomic(&path, signature.to_text().as_bytes(), 0o644)?;
    signed.written.push(path);
    Ok(())
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
pub(super) enum Signable {
    Payload(Vec<u8>),
    Message(Vec<u8>),
    /// A file by its digest alone, whatever its size: for keys that sign digests.
    Digest(Digest),
}

/// A signature that was just made.
pub(super) struct New {
    pub(super) bundle: Bundle,
    pub(super) times: Vec<StatedTime>,
}

/// Signers who have all that they need.
pub(super) enum Ready<'a> {
    Keys { keys: &'a [SigningKey], stamping: Option<&'a Stamping<'a>> },
    Keyless(Box<KeylessSigner<'a>>),
}

impl<'a> Signers<'a> {
    /// Tells whether all that they sign of a file is its digest.
    pub(super) fn sign_digests(&self) -> bool {
        match self {
            Self::Keys { keys, .. } => {
                keys.iter().all(|key| key.key.public().algorithm() == Algorithm::P256)
            }
            Self::Keyless(_) => false,
        }
    }

    /// Has a certificate issued where one signs: the first thing that the world gets to know.
    pub(super) fn ready(&self) -> Result<Ready<'a>, Error> {
        match self {
            Self::Keys { keys, stamping } => Ok(Ready::Keys { keys, stamping: *stamping }),
            Self::Keyless(keyless) => Ok(Ready::Keyless(Box::new(keyless.begin()?))),
        }
    }
}

impl Ready<'_> {
    /// Signs one thing, once for every signer.
    pub(super) fn sign(&self, signable: &Signable) -> Result<Vec<New>, Error> {
        match self {
            Self::Keys { keys, stamping } => {
                keys.iter().map(|key| sign_with(key, signable, *stamping)).collect()
            }
            Self::Keyless(signer) => {
                let (bundle, times) = match signable {
                    Signable::Payload(payload) => signer.sign_payload(PAYLOAD_TYPE, payload)?,
                    Signable::Message(message) => signer.sign_message(message)?,
                    Signable::Digest(_) => unreachable!("digests are signed by keys only"),
                };
                let times = times
                    .into_iter()
                    .map(|time| StatedTime { at: time.at, proven_by: Some(time.by) })
                    .collect();
                Ok(vec![New { bundle, times }])
            }
        }
    }

    /// Returns the keys that sign, in order.
    pub(super) fn public_keys(&self) -> Vec<PublicKey> {
        match self {
            Self::Keys { keys, .. } => keys.iter().map(|key| key.key.public().clone()).collect(),
            Self::Keyless(signer) => vec![signer.public_key().clone()],
        }
    }

    /// Returns whom the certificate is for, where one signs.
    pub(super) fn identity(&self) -> Option<CertificateIdentity> {
        match self {
            Self::Keys { .. } => None,
            Self::Keyless(signer) => Some(signer.identity().clone()),
        }
    }
}

fn sign_with(
    key: &SigningKey,
    signable: &Signable,
    stamping: Option<&Stamping<'_>>,
) -> Result<New, Error> {
    let signed = match signable {
        Signable::Payload(payload) => Bundle::sign_payload(PAYLOAD_TYPE, payload.clone(), &key.key),
        Signable::Message(message) => Bundle::sign_message(message, &key.key),
        Signable::Digest(digest) => Bundle::sign_digest(*digest, &key.key),
    };
    let mut bundle = signed.map_err(|source| Error::Key { path: key.path.clone(), source })?;
    let stamps = stamping.map_or_else(|| Ok(Vec::new()), |stamping| stamping.stamp(&mut bundle))?;
    let times = stamps
        .into_iter()
        .map(|stamp| StatedTime { at: stamp.stated, proven_by: stamp.proven.map(|time| time.by) })
        .collect();
    Ok(New { bundle, times })
}

/// The bundles that are there, all of them over the same thing.
fn bundles_of(directory: &Path, base: &str, signable: &Signable) -> Result<Vec<Bundle>, Error> {
    let bundles = match directory::read_sidecar(directory, base)? {
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
    Ok(bundles)
}

/// Puts new bundles in the place of those of the same signers.
fn merged(mut bundles: Vec<Bundle>, new: Vec<New>) -> Vec<Bundle> {
    for New { bundle, .. } in new {
        let signer = bundle.unverified_signer();
        match bundles.iter_mut().find(|other| other.unverified_signer() == signer) {
            Some(same) => *same = bundle,
            None => bundles.push(bundle),
        }
    }
    bundles
}

fn write_bundles(directory: &Path, base: &str, bundles: &[Bundle]) -> Result<Vec<PathBuf>, Error> {
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
