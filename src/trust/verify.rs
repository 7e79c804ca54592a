//! The one door: bytes become [`Verified`] here, thresholds are counted here, and nowhere else.

use std::collections::BTreeSet;

use super::attestation::Attestation;
use super::bundle::{Bundle, Content, Material};
use super::envelope::Envelope;
use super::key::{Algorithm, KeyId, PublicKey};
use super::minisign::{KeyNumber, MinisignSignature};
use super::root::{PairedVerifier, RoleName, Speakers, TrustRoot, folded};
use super::sigstore::{self, Attested, Identity, LoggedEntry, ProvenTime};
use super::{Refusal, subjects};
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
    /// When the signature is proven to have existed, the earliest first. Without any it was judged
    /// by the key's window alone.
    pub times: Vec<ProvenTime>,
    /// The log entries that show the signature.
    pub entries: Vec<LoggedEntry>,
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
/// 3. a signature counts when a key or an identity of the role made it, and that was in use at
///    every proven time of the signature and at `now`;
/// 4. the people behind the counted signatures reach the role's threshold.
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
    open_for(bundles, payload_type, role, &[], root, now)
}

/// Opens envelopes as [`open`] does, over something that some people asked for: whoever asks does
/// not count.
///
/// # Errors
///
/// As [`open`].
pub fn open_for(
    bundles: &[Bundle],
    payload_type: &str,
    role: RoleName,
    requesters: &[&str],
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
    let payload =
        Payload { payload_type: first.payload_type.clone(), bytes: first.payload.clone() };
    let signed = Signed { bytes: &first.signed_bytes(), payload: Some(&payload) };
    let candidates = bundles.iter().map(|bundle| (signed, Candidate::of(bundle)));
    let signers = count(candidates, role, root, now, requesters)?;
    Ok(Verified { value: payload, signers })
}

/// Opens approvals of one thing: as [`open`], but each person signs a statement of their own, which
/// `accepts` holds against what is to be approved. Whoever asked for it does not count.
///
/// An approval of something else, or one that has expired, counts for nothing and spoils nothing.
///
/// # Errors
///
/// A refusal when fewer people than the role takes have approved.
pub fn open_approvals(
    bundles: &[Bundle],
    role: RoleName,
    requester: &str,
    root: &TrustRoot,
    now: Timestamp,
    mut accepts: impl FnMut(&Payload) -> Result<(), String>,
) -> Result<Verified<Vec<Payload>>, Refusal> {
    let Offered { payloads, accepted, notes } = offered(bundles, &mut accepts);
    let candidates = accepted.iter().zip(&payloads).map(|((bytes, bundle), payload)| {
        (Signed { bytes, payload: Some(payload) }, Candidate::of(bundle))
    });
    let signers = count(candidates, role, root, now, &[requester]).map_err(|mut refusal| {
        notes.iter().for_each(|note| refusal.message.push_str(&format!("; {note}")));
        refusal
    })?;
    Ok(Verified { value: payloads, signers })
}

/// Tells who has approved so far, whether or not that is enough: for people to read, and leave for
/// nothing.
#[must_use]
pub fn approvers_so_far(
    bundles: &[Bundle],
    role: RoleName,
    requester: &str,
    root: &TrustRoot,
    now: Timestamp,
    mut accepts: impl FnMut(&Payload) -> Result<(), String>,
) -> BTreeSet<String> {
    let Some(asked) = Asked::role(role, root) else { return BTreeSet::new() };
    let Offered { payloads, accepted, .. } = offered(bundles, &mut accepts);
    let candidates = accepted.iter().zip(&payloads).map(|((bytes, bundle), payload)| {
        (Signed { bytes, payload: Some(payload) }, Candidate::of(bundle))
    });
    let (signers, _) = tally(candidates, &asked, root, now, &[requester]);
    signers.into_iter().map(|signer| signer.owner).collect()
}

/// Approvals that are about what is asked, with the bytes that their signatures are over.
struct Offered<'a> {
    payloads: Vec<Payload>,
    accepted: Vec<(Vec<u8>, &'a Bundle)>,
    notes: Vec<String>,
}

fn offered<'a>(
    bundles: &'a [Bundle],
    accepts: &mut impl FnMut(&Payload) -> Result<(), String>,
) -> Offered<'a> {
    let mut payloads = Vec::new();
    let mut accepted = Vec::new();
    let mut notes = Vec::new();
    for bundle in bundles {
        let Content::Envelope(envelope) = &bundle.content else {
            notes.push("a signature over a file; expected one over a statement".to_owned());
            continue;
        };
        let payload_type = envelope.payload_type.clone();
        let payload = Payload { payload_type, bytes: envelope.payload.clone() };
        match accepts(&payload) {
            Ok(()) => {
                accepted.push((envelope.signed_bytes(), bundle));
                payloads.push(payload);
            }
            Err(note) => notes.push(note),
        }
    }
    Offered { payloads, accepted, notes }
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
    for bundle in bundles {
        message_signature(bundle, digest)?;
    }
    if bundles.is_empty() {
        return Err(Refusal::new(&rules::SIGNATURE_MISSING, "no signature was given"));
    }
    let signed = Signed { bytes: message, payload: None };
    let candidates = bundles.iter().map(|bundle| (signed, Candidate::of(bundle)));
    let signers = count(candidates, role, root, now, &[])?;
    Ok(Verified { value: digest, signers })
}

/// Who must have signed an attestation.
#[derive(Debug, Clone, Copy)]
pub enum Speaker<'a> {
    /// As many people in a role as it takes.
    Role(RoleName),
    /// Anybody who is paired with a verifier.
    Verifier(&'a PairedVerifier),
}

/// Opens an attestation of anybody's making: as [`open`], whatever the type of its payload is,
/// which its reader judges. An envelope may have several signatures; each is counted by itself.
///
/// # Errors
///
/// A refusal when fewer people than it takes have signed.
pub fn open_attestation(
    attestation: &Attestation,
    speaker: Speaker<'_>,
    root: &TrustRoot,
    now: Timestamp,
) -> Result<Verified<Payload>, Refusal> {
    let payload = payload_of(attestation)?;
    let bytes = attestation.envelope().map(Envelope::signed_bytes).unwrap_or_default();
    let signed = Signed { bytes: &bytes, payload: Some(&payload) };
    let candidates: Vec<Candidate<'_>> = match attestation {
        Attestation::Envelope(envelope) => {
            let signatures = envelope.signatures.iter();
            signatures.map(|signature| Candidate::bare(&signature.bytes)).collect()
        }
        Attestation::Bundle(bundle) => vec![Candidate::of(bundle)],
    };
    let candidates = candidates.into_iter().map(|candidate| (signed, candidate));
    let signers = match speaker {
        Speaker::Role(role) => count(candidates, role, root, now, &[])?,
        Speaker::Verifier(verifier) => {
            let asked = Asked {
                speakers: root.signers_for(verifier),
                name: format!("name of the verifier `{}`", verifier.id.escape_debug()),
                holds_policy: true,
            };
            count_asked(candidates, &asked, root, now, &[])?
        }
    };
    Ok(Verified { value: payload, signers })
}

/// Opens an attestation with one key that the caller brings: one of its signatures must be the
/// key's.
///
/// # Errors
///
/// A refusal when none is, and for a bundle that brings a certificate, log entries or timestamps,
/// which a key alone cannot judge.
pub fn open_attestation_with_key(
    attestation: &Attestation,
    key: &PublicKey,
) -> Result<Verified<Payload>, Refusal> {
    if let Attestation::Bundle(Bundle { material, .. }) = attestation {
        let is_bare = matches!(material, Material::Key { timestamps, .. } if timestamps.is_empty());
        if !is_bare {
            let message = "the bundle brings a certificate, log entries or timestamps, which a \
                           key alone cannot judge; give a trust root";
            return Err(Refusal::new(&rules::TRUSTED_ROOT_UNUSABLE, message));
        }
    }
    let payload = payload_of(attestation)?;
    let envelope = attestation.envelope();
    let made = envelope.is_some_and(|envelope| {
        let bytes = envelope.signed_bytes();
        envelope.signatures.iter().any(|signature| key.verifies(&bytes, &signature.bytes))
    });
    if !made {
        let message = format!("no signature is the key `{}`'s over these bytes", key.id());
        return Err(Refusal::new(&rules::SIGNATURE_INVALID, message));
    }
    let (key_id, algorithm) = (key.id(), key.algorithm());
    let signer =
        Signer { owner: String::new(), key_id, algorithm, times: Vec::new(), entries: Vec::new() };
    Ok(Verified { value: payload, signers: vec![signer] })
}

fn payload_of(attestation: &Attestation) -> Result<Payload, Refusal> {
    let envelope = attestation.envelope().ok_or_else(|| {
        Refusal::new(&rules::BUNDLE_MALFORMED, "the bundle signs a file; expected a statement")
    })?;
    let Envelope { payload_type, payload, .. } = envelope;
    Ok(Payload { payload_type: payload_type.clone(), bytes: payload.clone() })
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
    /// Returns the SHA-256 of what is verified.
    #[must_use]
    pub fn digest(self) -> Digest {
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
    let signer = Signer {
        owner: String::new(),
        key_id: key.id(),
        algorithm: key.algorithm(),
        times: Vec::new(),
        entries: Vec::new(),
    };
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

/// Opens a minisign signature over a file with one key that the caller brings. The answer is the
/// trusted comment.
///
/// `number` is the one that a minisign key has; a key in another form has none.
///
/// # Errors
///
/// A refusal when the signature, or the one over the trusted comment, is not this key's.
pub fn open_minisign_with_key(
    message: &[u8],
    signature: &MinisignSignature,
    key: &PublicKey,
    number: Option<KeyNumber>,
) -> Result<Verified<String>, Refusal> {
    let named = signature.unverified_number();
    if let Some(number) = number.filter(|number| *number != named) {
        let message = format!("the signature names the key {named}, and this is the key {number}");
        return Err(Refusal::new(&rules::SIGNATURE_INVALID, message));
    }
    if !signature.is_by(message, key) {
        let message = format!(
            "the signature was not made by the key `{}` over these bytes and this trusted comment",
            key.id()
        );
        return Err(Refusal::new(&rules::SIGNATURE_INVALID, message));
    }
    let (key_id, algorithm) = (key.id(), key.algorithm());
    let signer =
        Signer { owner: String::new(), key_id, algorithm, times: Vec::new(), entries: Vec::new() };
    Ok(Verified { value: signature.trusted_comment().to_owned(), signers: vec![signer] })
}

/// Opens a minisign signature over a file by anybody in a role, with a key in use.
///
/// It serves people who have only `minisign -V` and counts toward no threshold: one signature in
/// this form holds one person.
///
/// # Errors
///
/// A refusal when nobody in the role has made it.
pub fn open_minisign(
    message: &[u8],
    signature: &MinisignSignature,
    role: RoleName,
    root: &TrustRoot,
    now: Timestamp,
) -> Result<Verified<String>, Refusal> {
    let speakers = root.role(role);
    let keys = speakers.as_ref().map(|speakers| speakers.keys.as_slice()).unwrap_or_default();
    let signer = keys.iter().find(|(_, key)| signature.is_by(message, &key.public_key));
    let Some((key_id, key)) = signer else {
        let message = format!("the signature was made by no key of the role `{role}`");
        return Err(Refusal::new(&rules::SIGNATURE_INVALID, message));
    };
    let owner = key.owner.clone();
    if let Some(problem) = key.state.problem(&[], root.as_of().unwrap_or(now)) {
        let message = format!("the key `{key_id}` of {} {problem}", owner.escape_debug());
        return Err(Refusal::new(&rules::SIGNATURE_INVALID, message));
    }
    let algorithm = key.public_key.algorithm();
    let signer =
        Signer { owner, key_id: *key_id, algorithm, times: Vec::new(), entries: Vec::new() };
    Ok(Verified { value: signature.trusted_comment().to_owned(), signers: vec![signer] })
}

/// Lets in what [`super::sigstore`] has proven: its proofs are made nowhere else.
pub(super) fn open_sigstore(proof: sigstore::Proof) -> Verified<Attested> {
    let (value, signers) = proof.into_parts();
    Verified { value, signers }
}

/// A trust root's own signatures, by its own root role; windows count from its own issue.
pub(super) fn open_root(envelope: &Envelope, root: &TrustRoot) -> Result<Vec<Signer>, Refusal> {
    open_successor(envelope, root, root.document().issued_at)
}

/// The signatures of the next trust root, by this one's root role.
pub(super) fn open_successor(
    envelope: &Envelope,
    root: &TrustRoot,
    issued_at: Timestamp,
) -> Result<Vec<Signer>, Refusal> {
    let signed = Signed { bytes: &envelope.signed_bytes(), payload: None };
    let signatures = envelope.signatures.iter().map(|signature| &signature.bytes);
    let candidates = signatures.map(|signature| (signed, Candidate::bare(signature)));
    count(candidates, RoleName::Root, root, issued_at, &[])
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

/// What signatures are over.
#[derive(Clone, Copy)]
struct Signed<'a> {
    bytes: &'a [u8],
    payload: Option<&'a Payload>,
}

/// A signature with what stands beside it.
struct Candidate<'a> {
    signature: &'a [u8],
    timestamps: &'a [Vec<u8>],
    carried: Option<&'a [u8]>,
}

impl<'a> Candidate<'a> {
    fn bare(signature: &'a [u8]) -> Self {
        Self { signature, timestamps: &[], carried: None }
    }

    fn of(bundle: &'a Bundle) -> Self {
        let (timestamps, carried) = match &bundle.material {
            Material::Key { timestamps, .. } => (timestamps.as_slice(), None),
            Material::Carried(bytes) => (&[][..], Some(bytes.as_slice())),
        };
        Self { signature: bundle.signature(), timestamps, carried }
    }
}

/// Who is asked to have signed, and as what.
struct Asked<'a> {
    speakers: Speakers<'a>,
    /// The role or the verifier, for messages.
    name: String,
    /// Whether the policy has a say: in all but the trust root's own signatures.
    holds_policy: bool,
}

impl<'a> Asked<'a> {
    fn role(role: RoleName, root: &'a TrustRoot) -> Option<Self> {
        let (speakers, name) = (root.role(role)?, format!("role `{role}`"));
        Some(Self { speakers, name, holds_policy: role != RoleName::Root })
    }
}

fn count<'a>(
    candidates: impl Iterator<Item = (Signed<'a>, Candidate<'a>)>,
    role: RoleName,
    root: &TrustRoot,
    now: Timestamp,
    requesters: &[&str],
) -> Result<Vec<Signer>, Refusal> {
    let Some(asked) = Asked::role(role, root) else {
        let message = format!("the trust root has no role `{role}`");
        return Err(Refusal::new(&rules::ROLE_UNKNOWN, message));
    };
    count_asked(candidates, &asked, root, now, requesters)
}

/// The only threshold count.
fn count_asked<'a>(
    candidates: impl Iterator<Item = (Signed<'a>, Candidate<'a>)>,
    asked: &Asked<'_>,
    root: &TrustRoot,
    now: Timestamp,
    requesters: &[&str],
) -> Result<Vec<Signer>, Refusal> {
    let (signers, notes) = tally(candidates, asked, root, now, requesters);
    let threshold = asked.speakers.threshold;
    if signers.len() < usize::try_from(threshold).unwrap_or(usize::MAX) {
        let seen = if notes.is_empty() { String::new() } else { format!(": {}", notes.join("; ")) };
        let (name, count) = (&asked.name, signers.len());
        let message = format!("{count} of {threshold} people signed in the {name}{seen}");
        return Err(Refusal::new(&rules::THRESHOLD_NOT_REACHED, message));
    }
    Ok(signers)
}

/// The distinct people with a valid signature that was in use, and why the others do not count.
fn tally<'a>(
    candidates: impl Iterator<Item = (Signed<'a>, Candidate<'a>)>,
    asked: &Asked<'_>,
    root: &TrustRoot,
    now: Timestamp,
    requesters: &[&str],
) -> (Vec<Signer>, Vec<String>) {
    let speakers = &asked.speakers;
    let requesters: BTreeSet<String> = requesters.iter().map(|name| folded(name)).collect();
    let at = root.as_of().unwrap_or(now);
    let mut signers: Vec<Signer> = Vec::new();
    let mut owners = BTreeSet::new();
    let mut notes = Vec::new();
    for (signed, candidate) in candidates {
        let judged = match candidate.carried {
            Some(bundle) => judge_carried(bundle, &signed, speakers, root, at),
            None => judge_keyed(&candidate, &signed, speakers, root, at),
        };
        match judged.and_then(|signer| hold_policy(signer, asked, root)) {
            Ok(signer) if requesters.contains(&folded(&signer.owner)) => {
                let owner = signer.owner.escape_debug();
                notes.push(format!("{owner} asked for it and does not count"));
            }
            Ok(signer) => {
                if owners.insert(signer.owner.clone()) {
                    signers.push(signer);
                }
            }
            Err(note) => notes.push(note),
        }
    }
    signers.sort();
    (signers, notes)
}

/// A signature by a key of the role, with the timestamps that stand beside it. Says why it does not
/// count.
fn judge_keyed(
    candidate: &Candidate<'_>,
    signed: &Signed<'_>,
    speakers: &Speakers<'_>,
    root: &TrustRoot,
    at: Timestamp,
) -> Result<Signer, String> {
    // Key ids in messages are hints and decide nothing: every key of the role is tried.
    let Some((id, key)) = speakers
        .keys
        .iter()
        .find(|(_, key)| key.public_key.verifies(signed.bytes, candidate.signature))
    else {
        return Err("a signature by no key of the role".to_owned());
    };
    let owner = key.owner.escape_debug();
    let mut times = Vec::new();
    for timestamp in candidate.timestamps {
        let Some(sigstore) = root.sigstore() else {
            let problem = "carries a timestamp, and the trust root knows no timestamp authority";
            return Err(format!("the signature of {owner} {problem}"));
        };
        let time = sigstore::open_timestamp(timestamp, candidate.signature, sigstore, at)
            .map_err(|refusal| format!("the signature of {owner}: {}", refusal.message))?;
        times.push(time);
    }
    times.sort();
    if let Some(problem) = key.state.problem(&moments(&times), at) {
        return Err(format!("the key `{id}` of {owner} {problem}"));
    }
    let algorithm = key.public_key.algorithm();
    let (owner, entries) = (key.owner.clone(), Vec::new());
    Ok(Signer { owner, key_id: *id, algorithm, times, entries })
}

/// A bundle with a certificate or log entries, by somebody of the role. Says why it does not count.
fn judge_carried(
    bundle: &[u8],
    signed: &Signed<'_>,
    speakers: &Speakers<'_>,
    root: &TrustRoot,
    at: Timestamp,
) -> Result<Signer, String> {
    let sigstore = root.sigstore().ok_or_else(|| {
        "a bundle with a certificate or log entries, and the trust root embeds no Sigstore \
         trusted root"
            .to_owned()
    })?;
    // The statement's own subject: whether it is about the right thing is for its reader to judge.
    let subject = match signed.payload {
        Some(payload) => {
            Subject::Digest(subjects::first(payload).map_err(|refusal| refusal.message)?)
        }
        None => Subject::Bytes(signed.bytes),
    };
    let by_certificate = speakers
        .identities
        .iter()
        .map(|keyless| (keyless.identity(), keyless.owner.as_str(), keyless.state));
    let by_key = speakers.keys.iter().map(|(_, key)| {
        (Identity::Key(key.public_key.clone().into()), key.owner.as_str(), key.state)
    });
    let mut note = "a bundle by nobody of the role".to_owned();
    for (identity, owner, state) in by_certificate.chain(by_key) {
        let verified = match sigstore::verify(bundle, subject, &identity, sigstore, at) {
            Ok(verified) => verified,
            Err(refusal) => {
                if ![&rules::CERTIFICATE_IDENTITY_MISMATCH, &rules::BUNDLE_UNSUPPORTED]
                    .iter()
                    .any(|other| other.code == refusal.rule.code)
                {
                    note = refusal.message;
                }
                continue;
            }
        };
        let attested = verified.value();
        // What counts is what was verified, not what another reader saw in the same text.
        if attested.payload() != signed.payload {
            return Err("two readers see different payloads".to_owned());
        }
        if let Some(problem) = state.problem(&moments(attested.times()), at) {
            return Err(format!("the identity of {} {problem}", owner.escape_debug()));
        }
        let [signer] = verified.signers() else {
            return Err("the certificate's key is neither Ed25519 nor ECDSA P-256".to_owned());
        };
        let (key_id, algorithm) = (signer.key_id, signer.algorithm);
        let times = attested.times().to_vec();
        let (owner, entries) = (owner.to_owned(), attested.entries().to_vec());
        return Ok(Signer { owner, key_id, algorithm, times, entries });
    }
    Err(note)
}

/// Holds a signature against what the policy asks of every one but the trust root's own.
fn hold_policy(signer: Signer, asked: &Asked<'_>, root: &TrustRoot) -> Result<Signer, String> {
    let policy = root.policy();
    let owner = signer.owner.escape_debug();
    if !asked.holds_policy {
        return Ok(signer);
    }
    if policy.require_proven_time && signer.times.is_empty() {
        let problem = "has no proven time, and the policy asks for one";
        return Err(format!("the signature of {owner} {problem}"));
    }
    let asked = policy.log_operators;
    let logged = sigstore::operators(&signer.entries);
    if logged < usize::try_from(asked).unwrap_or(usize::MAX) {
        let problem =
            format!("is in the logs of {logged} operators, and the policy asks for {asked}");
        return Err(format!("the signature of {owner} {problem}"));
    }
    Ok(signer)
}

fn moments(times: &[ProvenTime]) -> Vec<Timestamp> {
    times.iter().map(|time| time.at).collect()
}

fn wrong_type(found: &str, expected: &str) -> Refusal {
    let message = format!("payload type `{}`; expected `{expected}`", found.escape_debug());
    Refusal::new(&rules::PAYLOAD_TYPE_UNSUPPORTED, message)
}
