//! The one door: bytes become [`Verified`] here, thresholds are counted here, and nowhere else.

use std::collections::BTreeSet;

use super::Refusal;
use super::bundle::{Bundle, Content};
use super::envelope::Envelope;
use super::key::{Algorithm, KeyId, PublicKey};
use super::root::{Key, KeyState, RoleName, TrustRoot};
use crate::digest::Digest;
use crate::finding::rules::trust as rules;
use crate::time::Timestamp;

/// Something whose signatures hold. Only the functions of this module make one: what a caller
/// brings cannot be put in its place.
///
/// ```compile_fail
/// use countersign::trust::{Payload, Verified};
///
/// fn forge(verified: &Verified<Payload>) -> Verified<&'static str> {
///     verified.read(|_| Ok::<_, ()>("anything")).unwrap()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T> {
    value: T,
    signers: Vec<Signer>,
}

/// Whose signature was counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signer {
    /// The person, or machine, that holds the key.
    pub owner: String,
    /// The key.
    pub key_id: KeyId,
    /// What it signs with.
    pub algorithm: Algorithm,
}

/// The payload of an envelope: exactly the bytes that the signatures are over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The payload's type, as signed.
    pub payload_type: String,
    /// The payload, as signed.
    pub bytes: Vec<u8>,
}

impl<T> Verified<T> {
    /// Returns what was verified.
    #[must_use]
    pub fn value(&self) -> &T {
        &self.value
    }

    /// Returns whose signatures were counted, one for each person.
    #[must_use]
    pub fn signers(&self) -> &[Signer] {
        &self.signers
    }

    /// Reads what was verified as something more exact; the signatures stand behind that too.
    ///
    /// # Errors
    ///
    /// Whatever the reader reports.
    pub(crate) fn read<U, E>(
        &self,
        reader: impl FnOnce(&T) -> Result<U, E>,
    ) -> Result<Verified<U>, E> {
        Ok(Verified { value: reader(&self.value)?, signers: self.signers.clone() })
    }
}

/// Opens envelopes over one payload: distinct people in the role must reach its threshold.
///
/// 1. every envelope carries the same payload under the same type;
/// 2. the type is the one that is expected;
/// 3. a signature counts when a key of the role made it and the key is in use at `now`;
/// 4. the people behind the counted keys reach the role's threshold.
///
/// A signature by a key that the role does not know counts for nothing and spoils nothing.
///
/// # Errors
///
/// A refusal that names the first of the four that does not hold.
pub fn open(
    bundles: &[Bundle],
    payload_type: &str,
    role: RoleName,
    root: &TrustRoot,
    now: Timestamp,
) -> Result<Verified<Payload>, Refusal> {
    let envelopes: Vec<&Envelope> = bundles
        .iter()
        .map(|bundle| match &bundle.content {
            Content::Envelope(envelope) => Ok(envelope),
            Content::Message { .. } => Err(Refusal::new(
                &rules::BUNDLE_MALFORMED,
                "the bundle signs a file; expected one that signs a statement",
            )),
        })
        .collect::<Result<_, _>>()?;
    let Some(first) = envelopes.first() else {
        return Err(Refusal::new(&rules::SIGNATURE_MISSING, "no signature was given"));
    };
    if envelopes
        .iter()
        .any(|other| other.payload != first.payload || other.payload_type != first.payload_type)
    {
        let message = "the signers did not sign the same payload";
        return Err(Refusal::new(&rules::PAYLOADS_DIFFER, message));
    }
    if first.payload_type != payload_type {
        return Err(wrong_type(&first.payload_type, payload_type));
    }
    let signed = first.signed_bytes();
    let signatures =
        envelopes.iter().flat_map(|envelope| &envelope.signatures).map(|s| s.bytes.as_slice());
    let signers = count(&signed, signatures, role, root, now)?;
    let payload =
        Payload { payload_type: first.payload_type.clone(), bytes: first.payload.clone() };
    Ok(Verified { value: payload, signers })
}

/// Opens message signatures over one file: as [`open`], for bytes that the caller holds.
///
/// # Errors
///
/// As [`open`], and when a bundle states another digest than the file has.
pub fn open_message(
    message: &[u8],
    bundles: &[Bundle],
    role: RoleName,
    root: &TrustRoot,
    now: Timestamp,
) -> Result<Verified<Digest>, Refusal> {
    let digest = Digest::of(message);
    let signatures = bundles
        .iter()
        .map(|bundle| message_signature(bundle, digest))
        .collect::<Result<Vec<_>, _>>()?;
    if signatures.is_empty() {
        return Err(Refusal::new(&rules::SIGNATURE_MISSING, "no signature was given"));
    }
    let signers = count(message, signatures.into_iter(), role, root, now)?;
    Ok(Verified { value: digest, signers })
}

/// What a single bundle is verified against when one key is all the trust there is.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// The file's bytes.
    Bytes(&'a [u8]),
    /// The file's digest.
    Digest(Digest),
}

impl Subject<'_> {
    fn digest(self) -> Digest {
        match self {
            Self::Bytes(bytes) => Digest::of(bytes),
            Self::Digest(digest) => digest,
        }
    }
}

/// Opens one bundle with one key that the caller brings (`verify-blob --key`).
///
/// For a message signature the answer holds no payload; for an envelope it holds the payload, and
/// whether the payload speaks about the file is for its reader to judge.
///
/// # Errors
///
/// A refusal when the signature is not this key's, or is over another file.
pub fn open_with_key(
    bundle: &Bundle,
    subject: Subject<'_>,
    key: &PublicKey,
) -> Result<Verified<Option<Payload>>, Refusal> {
    let signer = Signer { owner: String::new(), key_id: key.id(), algorithm: key.algorithm() };
    let refused = || {
        let message =
            format!("the signature was not made by the key `{}` over these bytes", key.id());
        Refusal::new(&rules::SIGNATURE_INVALID, message)
    };
    let value = match &bundle.content {
        Content::Envelope(envelope) => {
            let signed = envelope.signed_bytes();
            if !envelope.signatures.iter().any(|s| key.verifies(&signed, &s.bytes)) {
                return Err(refused());
            }
            let payload_type = envelope.payload_type.clone();
            Some(Payload { payload_type, bytes: envelope.payload.clone() })
        }
        Content::Message { .. } => {
            let signature = message_signature(bundle, subject.digest())?;
            let holds = match subject {
                Subject::Bytes(bytes) => key.verifies(bytes, signature),
                Subject::Digest(digest) => {
                    key.verifies_digest(digest, signature).ok_or_else(|| {
                        let message = "an Ed25519 signature is over the file itself; give the file";
                        Refusal::new(&rules::FILE_NEEDED, message)
                    })?
                }
            };
            if !holds {
                return Err(refused());
            }
            None
        }
    };
    Ok(Verified { value, signers: vec![signer] })
}

/// A trust root's own signatures, by its own root role; windows count from its own issue.
pub(super) fn open_root(envelope: &Envelope, root: &TrustRoot) -> Result<Vec<Signer>, Refusal> {
    let signed = envelope.signed_bytes();
    let signatures = envelope.signatures.iter().map(|signature| signature.bytes.as_slice());
    count(&signed, signatures, RoleName::Root, root, root.document().issued_at)
}

/// The signatures of the next trust root, by this one's root role.
pub(super) fn open_successor(
    envelope: &Envelope,
    root: &TrustRoot,
    issued_at: Timestamp,
) -> Result<Vec<Signer>, Refusal> {
    let signed = envelope.signed_bytes();
    let signatures = envelope.signatures.iter().map(|signature| signature.bytes.as_slice());
    count(&signed, signatures, RoleName::Root, root, issued_at)
}

fn message_signature(bundle: &Bundle, digest: Digest) -> Result<&[u8], Refusal> {
    match &bundle.content {
        Content::Envelope(_) => Err(Refusal::new(
            &rules::BUNDLE_MALFORMED,
            "the bundle signs a statement; expected one that signs the file",
        )),
        Content::Message { stated, .. } if *stated != digest => Err(Refusal::new(
            &rules::MESSAGE_DIGEST_DIFFERS,
            format!("the bundle is about a file with digest {stated}; this one has {digest}"),
        )),
        Content::Message { signature, .. } => Ok(signature),
    }
}

/// The only threshold count: distinct people with a valid signature by a key in use.
fn count<'a>(
    signed: &[u8],
    signatures: impl Iterator<Item = &'a [u8]>,
    role: RoleName,
    root: &TrustRoot,
    at: Timestamp,
) -> Result<Vec<Signer>, Refusal> {
    let Some((keys, threshold)) = root.role(role) else {
        let message = format!("the trust root has no role `{role}`");
        return Err(Refusal::new(&rules::ROLE_UNKNOWN, message));
    };
    let mut signers: Vec<Signer> = Vec::new();
    let mut owners = BTreeSet::new();
    let mut notes = Vec::new();
    for signature in signatures {
        // Key ids in messages are hints and decide nothing: every key of the role is tried.
        let Some((id, key)) =
            keys.iter().find(|(_, key)| key.public_key.verifies(signed, signature))
        else {
            notes.push("a signature by no key of the role".to_owned());
            continue;
        };
        if let Some(problem) = out_of_use(key, at) {
            notes.push(format!("the key `{id}` of {} {problem}", key.owner.escape_debug()));
            continue;
        }
        if owners.insert(key.owner.as_str()) {
            let algorithm = key.public_key.algorithm();
            signers.push(Signer { owner: key.owner.clone(), key_id: *id, algorithm });
        }
    }
    signers.sort();
    if owners.len() < usize::try_from(threshold).unwrap_or(usize::MAX) {
        let seen = if notes.is_empty() { String::new() } else { format!(": {}", notes.join("; ")) };
        let message =
            format!("{} of {threshold} people signed in the role `{role}`{seen}", owners.len());
        return Err(Refusal::new(&rules::THRESHOLD_NOT_REACHED, message));
    }
    Ok(signers)
}

/// Says why a key's signature does not count. Without a proven time of signing, a signature by a
/// key that went out of use could have been made at any moment.
fn out_of_use(key: &Key, at: Timestamp) -> Option<String> {
    match key.state {
        KeyState::Active { from } if at < from => Some(format!("counts from {from} on")),
        KeyState::Active { .. } => None,
        KeyState::Retired { since, .. } => Some(format!("is retired since {since}")),
        KeyState::Compromised { since, .. } => Some(format!("is compromised since {since}")),
    }
}

fn wrong_type(found: &str, expected: &str) -> Refusal {
    let message = format!("payload type `{}`; expected `{expected}`", found.escape_debug());
    Refusal::new(&rules::PAYLOAD_TYPE_UNSUPPORTED, message)
}
