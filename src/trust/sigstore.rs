//! Sigstore bundles of anybody's making, verified offline: certificates, log entries, timestamps.
//!
//! The only file that names the Sigstore crates. They verify; what they leave open is checked here
//! on top, each check with the reason beside it. The trusted root comes from the verifier: none is
//! built in and none is fetched.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use sigstore_trust_root::{TransparencyLog, TrustedRoot as RootDocument};
use sigstore_types::bundle::InclusionProof;
use sigstore_types::{
    Artifact, Bundle, DerCertificate, DerPublicKey, KindVersion, Sha256Hash, SignatureBytes,
    SignatureContent, TimeRange, TimestampToken, TransparencyLogEntry, TsaAuthority,
};
use sigstore_verify::crypto::{KeyAlgorithm, VerificationKey, sha384, sha512};
use sigstore_verify::tsa::verify_timestamp_for_authority;
use sigstore_verify::{
    CertificateError, Error, PublicKeyVerificationPolicy, TransparencyLogError, VerificationPolicy,
    VerificationResult, Verifier,
};

pub use super::attested::{Attested, LoggedEntry, ProvenTime};
use super::certificate::Certificate;
use super::identity::WorkflowIdentity;
use super::minisign::{KeyNumber, MinisignKey};
use super::outline::{Outline, SignedBy};
use super::verify::{Payload, Signer, Subject, Verified, open_sigstore};
use super::{KeyError, KeyState, PublicKey, Refusal, pem, subjects};
use crate::digest::Digest;
use crate::finding::Rule;
use crate::finding::rules::trust as rules;
use crate::json::{self, Limits};
use crate::time::Timestamp;

/// Whom and what a Sigstore instance consists of: authorities, logs, their keys and windows.
pub struct TrustedRoot {
    document: RootDocument,
    verifier: Verifier,
    operators: BTreeMap<String, String>,
}

impl fmt::Debug for TrustedRoot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let logs = self.document.tlogs.len();
        formatter.debug_struct("TrustedRoot").field("logs", &logs).finish_non_exhaustive()
    }
}

/// Who runs which log: trusted roots v0.2 say so, and the crate does not read it.
#[derive(Deserialize)]
struct OperatorsDocument {
    #[serde(default)]
    tlogs: Vec<OperatorDocument>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OperatorDocument {
    base_url: String,
    operator: Option<String>,
}

/// Who must have signed.
#[derive(Debug, Clone)]
pub enum Identity {
    /// The holder of a certificate with exactly this name, vouched for by exactly this issuer.
    Certificate {
        /// The certificate's only name: an address or a URI, byte for byte.
        identity: String,
        /// The identity provider's URL, byte for byte.
        issuer: String,
    },
    /// A CI workflow, whose certificate was vouched for by exactly this issuer.
    Workflow {
        /// The workflow.
        workflow: WorkflowIdentity,
        /// The identity provider's URL, byte for byte.
        issuer: String,
    },
    /// The holder of a key.
    Key(ManagedKey),
}

/// Who must have signed, after what may vary was held against the bundle: nothing varies in it.
enum Expected<'a> {
    Certificate { name: String, issuer: &'a str },
    Key(&'a ManagedKey),
}

/// A key that the verifier brings.
#[derive(Debug, Clone)]
pub struct ManagedKey {
    spki: Vec<u8>,
    ours: Option<PublicKey>,
    state: Option<KeyState>,
    number: Option<KeyNumber>,
}

/// What was proven, on its way to the one door. Only [`verify`] makes one.
pub(super) struct Proof {
    attested: Attested,
    signers: Vec<Signer>,
}

/// The largest trusted root, in bytes.
const ROOT_LIMITS: Limits = Limits { bytes: 16 << 20, depth: 32 };
/// The media types under which trusted roots are written.
const ROOT_MEDIA_TYPES: [&str; 3] = [
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
];
/// The most authorities or logs of a trusted root.
const MAX_ROOT_PARTS: usize = 64;
impl TrustedRoot {
    /// Reads a `trusted_root.json`.
    ///
    /// Off-spec: every key and every chain must have a window with a start. A reader that takes a
    /// missing window for an endless one would accept what an old key signs today.
    ///
    /// # Errors
    ///
    /// A refusal of weight `unjudged` for anything but a well-formed trusted root.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let operators: OperatorsDocument =
            json::parse(bytes, ROOT_LIMITS).map_err(|error| unusable(&error.to_string()))?;
        let operators = operators
            .tlogs
            .into_iter()
            .filter_map(|log| Some((log.base_url, log.operator?)))
            .collect();
        let text = std::str::from_utf8(bytes).map_err(|_| unusable("not UTF-8 text"))?;
        let document =
            RootDocument::from_json(text).map_err(|error| unusable(&error.to_string()))?;
        if !ROOT_MEDIA_TYPES.contains(&document.media_type.as_str()) {
            return Err(unusable(&format!("media type `{}`", document.media_type.escape_debug())));
        }
        let parts = document.tlogs.len()
            + document.ctlogs.len()
            + document.certificate_authorities.len()
            + document.timestamp_authorities.len();
        if parts > MAX_ROOT_PARTS {
            return Err(unusable(&format!("{parts} parts; expected at most {MAX_ROOT_PARTS}")));
        }
        let logs = document.tlogs.iter().map(|log| log.public_key.valid_for);
        let windows = logs
            .chain(document.ctlogs.iter().map(|log| log.public_key.valid_for))
            .chain(document.certificate_authorities.iter().map(|authority| authority.valid_for))
            .chain(document.timestamp_authorities.iter().map(|authority| authority.valid_for));
        if windows.into_iter().any(|window| window.is_none()) {
            return Err(unusable("a key or chain without a window that has a start"));
        }
        let verifier = Verifier::new(&document).map_err(|error| unusable(&error.to_string()))?;
        Ok(Self { document, verifier, operators })
    }

    fn log(&self, entry: &TransparencyLogEntry) -> Result<&TransparencyLog, Refusal> {
        let id = &entry.log_id.key_id;
        self.document.tlogs.iter().find(|log| log.log_id.key_id == *id).ok_or_else(|| {
            let shown: String = id.to_string().chars().take(80).collect();
            log_refused(&format!("the trusted root knows no log `{}`", shown.escape_debug()))
        })
    }
}

/// Counts who runs the logs of these entries: two logs of one operator are one witness.
pub(super) fn operators(entries: &[LoggedEntry]) -> usize {
    entries.iter().map(|entry| &entry.operator).collect::<BTreeSet<_>>().len()
}

fn unusable(problem: &str) -> Refusal {
    let problem: String = problem.chars().take(300).collect();
    let message = format!("not a usable trusted root: {}", problem.escape_debug());
    Refusal::new(&rules::TRUSTED_ROOT_UNUSABLE, message)
}

impl ManagedKey {
    /// Reads a public key in PEM: Ed25519, ECDSA P-256 or P-384, RSA.
    ///
    /// # Errors
    ///
    /// [`KeyError`] for anything else, and for keys that are known to be unsafe.
    pub fn from_pem(text: &[u8]) -> Result<Self, KeyError> {
        let spki = match pem::decode(text) {
            Some(("PUBLIC KEY", der)) => der.to_vec(),
            Some((label, _)) => return Err(KeyError::Label(label.to_owned())),
            None => return Err(KeyError::NotPem),
        };
        match PublicKey::from_der(&spki) {
            Ok(ours) => Ok(ours.into()),
            Err(KeyError::Unsupported) => {
                KeyAlgorithm::from_spki(&DerPublicKey::from(spki.clone()))
                    .map_err(|_| KeyError::Unsupported)?;
                Ok(Self { spki, ours: None, state: None, number: None })
            }
            Err(error) => Err(error),
        }
    }

    /// Says when the key is in use: every proven time of a signature must lie within.
    #[must_use]
    pub fn in_state(self, state: KeyState) -> Self {
        Self { state: Some(state), ..self }
    }

    /// Returns the key as one that also verifies bundles of ours, if it is Ed25519 or P-256.
    #[must_use]
    pub fn as_public_key(&self) -> Option<&PublicKey> {
        self.ours.as_ref()
    }

    /// Returns the number that a minisign key has.
    #[must_use]
    pub fn minisign_number(&self) -> Option<KeyNumber> {
        self.number
    }

    /// Returns the SHA-256 of the key's public half.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.spki)
    }

    /// Says why signatures that existed at these times do not count.
    fn out_of_use(&self, times: &[ProvenTime], now: Timestamp) -> Option<String> {
        let times: Vec<Timestamp> = times.iter().map(|time| time.at).collect();
        self.state?.problem(&times, now).map(|problem| format!("the key {problem}"))
    }
}

impl From<PublicKey> for ManagedKey {
    fn from(key: PublicKey) -> Self {
        let pem = key.to_pem();
        let der = pem::decode(pem.as_bytes()).map(|(_, der)| der.to_vec());
        let spki = der.expect("a key reads what it writes");
        Self { spki, ours: Some(key), state: None, number: None }
    }
}

impl From<MinisignKey> for ManagedKey {
    fn from(key: MinisignKey) -> Self {
        Self { number: Some(key.number()), ..key.key().clone().into() }
    }
}

impl Proof {
    pub(super) fn into_parts(self) -> (Attested, Vec<Signer>) {
        (self.attested, self.signers)
    }
}

/// Verifies a Sigstore bundle over a file.
///
/// 1. the bundle is read strictly, then by the Sigstore crate;
/// 2. each log entry is of a known kind, and its checkpoint is the named log's;
/// 3. the crate verifies chain, certificate log, timestamps, proofs, signature and consistency;
/// 4. no proven time lies after `now`, each within the windows of who states it;
/// 5. the certificate has exactly the one name (of a workflow: the one whose parts matched before
///    step 2), and its whole chain was in use; or the key was;
/// 6. the statement, if there is one, names the file.
///
/// # Errors
///
/// A refusal that names the first of these that does not hold.
pub fn verify(
    bundle: &[u8],
    subject: Subject<'_>,
    identity: &Identity,
    root: &TrustedRoot,
    now: Timestamp,
) -> Result<Verified<Attested>, Refusal> {
    let outline = Outline::parse(bundle)?;
    check_signer(outline.signed_by(), identity)?;
    let bundle = read(bundle)?;
    let expected = expected_of(&bundle, identity)?;
    let entries = entries_of(&bundle, outline, root)?;
    let result = run(&root.verifier, &bundle, subject, &expected)?;
    let times = times_of(&bundle, &entries, root, &result)?;
    check_times(&bundle, &entries, &times, root, now)?;
    let certificate = match &expected {
        Expected::Certificate { name, issuer } => {
            let certificate = signing_certificate(&bundle)?;
            certificate.check(name, issuer)?;
            check_chains(&bundle, subject, &expected, root, &times)?;
            certificate.window()
        }
        Expected::Key(key) => match key.out_of_use(&times, now) {
            Some(problem) => return Err(Refusal::new(&rules::TIME_NOT_PROVEN, problem)),
            None => None,
        },
    };
    let payload = payload_of(&bundle);
    if let Some(payload) = &payload {
        subjects::check(payload, subject, |bytes| {
            [hex(sha384(bytes).as_ref()), sha512(bytes).to_hex()]
        })?;
    }
    let signers = signers_of(&bundle, &expected);
    let name = match expected {
        Expected::Certificate { name, .. } => Some(name),
        Expected::Key(_) => None,
    };
    let attested = Attested { payload, name, certificate, times, entries };
    Ok(open_sigstore(Proof { attested, signers }))
}

fn check_signer(signed_by: SignedBy, identity: &Identity) -> Result<(), Refusal> {
    match (signed_by, identity) {
        (SignedBy::Certificate, Identity::Certificate { .. } | Identity::Workflow { .. })
        | (SignedBy::Key, Identity::Key(_)) => Ok(()),
        (SignedBy::Key, Identity::Certificate { .. } | Identity::Workflow { .. }) => {
            Err(Refusal::new(
                &rules::CERTIFICATE_IDENTITY_MISMATCH,
                "the bundle was signed with a key and carries no certificate",
            ))
        }
        (SignedBy::Certificate, Identity::Key(_)) => Err(Refusal::new(
            &rules::BUNDLE_UNSUPPORTED,
            "the bundle carries a certificate; expected a signature by the given key",
        )),
    }
}

/// Says exactly who must have signed. Of a workflow the certificate says it, after its parts
/// matched: from there on that text is held byte for byte by every reader.
fn expected_of<'a>(bundle: &Bundle, identity: &'a Identity) -> Result<Expected<'a>, Refusal> {
    match identity {
        Identity::Certificate { identity, issuer } => {
            Ok(Expected::Certificate { name: identity.clone(), issuer })
        }
        Identity::Workflow { workflow, issuer } => {
            let name = signing_certificate(bundle)?.workflow_name(workflow)?;
            Ok(Expected::Certificate { name, issuer })
        }
        Identity::Key(key) => Ok(Expected::Key(key)),
    }
}

fn read(bytes: &[u8]) -> Result<Bundle, Refusal> {
    let malformed = |problem: String| {
        let problem: String = problem.chars().take(300).collect();
        let rule: &'static Rule = if problem.contains("unsupported") {
            &rules::BUNDLE_UNSUPPORTED
        } else {
            &rules::BUNDLE_MALFORMED
        };
        Refusal::new(rule, format!("not a Sigstore bundle: {}", problem.escape_debug()))
    };
    let text = std::str::from_utf8(bytes).map_err(|error| malformed(error.to_string()))?;
    Bundle::from_json(text).map_err(|error| malformed(error.to_string()))
}

/// Runs the crate's verification.
fn run(
    verifier: &Verifier,
    bundle: &Bundle,
    subject: Subject<'_>,
    expected: &Expected<'_>,
) -> Result<VerificationResult, Refusal> {
    let artifact = match subject {
        Subject::Bytes(bytes) => Artifact::from(bytes),
        Subject::Digest(digest) => Artifact::from(Sha256Hash::from(*digest.as_bytes())),
    };
    let result = match expected {
        Expected::Certificate { name, issuer } => {
            let policy = VerificationPolicy::new(name.as_str(), *issuer);
            verifier.verify(artifact, bundle, &policy)
        }
        Expected::Key(key) => {
            let policy = PublicKeyVerificationPolicy::new(DerPublicKey::from(key.spki.clone()));
            // A key that the caller brings needs no log; a bundle without entries has none to
            // check. Entries that are there are checked in full.
            let logged = !bundle.verification_material.tlog_entries.is_empty();
            let policy = if logged { policy } else { policy.skip_tlog_unsafe() };
            verifier.verify(artifact, bundle, &policy)
        }
    };
    result.map_err(|error| {
        let rule = rule_of(&error, &bundle.content);
        let window = signing_certificate(bundle).ok().and_then(|certificate| certificate.window());
        let message = match (&error, window) {
            (Error::Certificate(_), Some((from, until)))
                if rule.code == rules::TIME_NOT_PROVEN.code =>
            {
                format!(
                    "signed when the certificate or its chain was not in use: {from} to {until}"
                )
            }
            _ => error.to_string().chars().take(300).collect(),
        };
        Refusal::new(rule, message)
    })
}

fn rule_of(error: &Error, content: &SignatureContent) -> &'static Rule {
    match error {
        Error::IdentityMismatch { .. } | Error::IssuerMismatch { .. } => {
            &rules::CERTIFICATE_IDENTITY_MISMATCH
        }
        Error::SignatureInvalid(_) => &rules::SIGNATURE_INVALID,
        Error::ArtifactMismatch(_) => match content {
            SignatureContent::DsseEnvelope(_) => &rules::SUBJECT_MISMATCH,
            SignatureContent::MessageSignature(_) | _ => &rules::MESSAGE_DIGEST_DIFFERS,
        },
        Error::UnsupportedArtifact(_) => &rules::FILE_NEEDED,
        Error::Certificate(error) => match error {
            CertificateError::Expired { .. } | CertificateError::NotYetValid { .. } => {
                &rules::TIME_NOT_PROVEN
            }
            // The chain is walked at each proven time, and tells only in words what failed.
            CertificateError::ChainInvalid(words)
                if words.contains("Expired") || words.contains("NotValidYet") =>
            {
                &rules::TIME_NOT_PROVEN
            }
            CertificateError::Malformed(_)
            | CertificateError::ChainInvalid(_)
            | CertificateError::NoValidAuthority { .. }
            | CertificateError::Sct(_)
            | _ => &rules::CERTIFICATE_NOT_TRUSTED,
        },
        Error::TransparencyLog(TransparencyLogError::IntegratedTime(_)) | Error::Timestamp(_) => {
            &rules::TIME_NOT_PROVEN
        }
        Error::TransparencyLog(_) => &rules::LOG_PROOF_INVALID,
        Error::UnsupportedBundle(_) | Error::Crypto(_) => &rules::BUNDLE_UNSUPPORTED,
        Error::InvalidTrustRoot(_) | Error::TrustRoot(_) | Error::TrustedCertificate(_) => {
            &rules::TRUSTED_ROOT_UNUSABLE
        }
        Error::InvalidBundle(_)
        | Error::Types(_)
        | Error::Bundle(_)
        | Error::ArtifactRead(_)
        | _ => &rules::BUNDLE_MALFORMED,
    }
}

/// The head of a log entry's body: what the entry says it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BodyHead {
    kind: String,
    api_version: String,
    spec: SpecHead,
}

#[derive(Deserialize)]
struct SpecHead {
    data: Option<DataHead>,
}

#[derive(Deserialize)]
struct DataHead {
    hash: Option<HashHead>,
}

#[derive(Deserialize)]
struct HashHead {
    algorithm: String,
}

fn entries_of(
    bundle: &Bundle,
    outline: Outline,
    root: &TrustedRoot,
) -> Result<Vec<LoggedEntry>, Refusal> {
    let entries = &bundle.verification_material.tlog_entries;
    if entries.len() != outline.log_entries() {
        return Err(log_refused("two readers see different log entries"));
    }
    entries.iter().map(|entry| entry_of(entry, root)).collect()
}

fn entry_of(entry: &TransparencyLogEntry, root: &TrustedRoot) -> Result<LoggedEntry, Refusal> {
    check_body(entry)?;
    let log = root.log(entry)?;
    // One proven entry must not carry another one in: each stands for itself.
    if entry.inclusion_proof.is_none() && entry.inclusion_promise.is_none() {
        return Err(log_refused("an entry with neither a proof nor a promise of its log"));
    }
    let v2 = entry.kind_version == KindVersion::HashedRekordV002;
    let tree_size =
        entry.inclusion_proof.as_ref().map(|proof| checkpoint_of(proof, log, v2)).transpose()?;
    let promised = entry.inclusion_promise.is_some();
    let integrated_at = match entry.integrated_time {
        Some(time) if promised && !v2 => Some(moment(time.as_second(), 0)?),
        _ => None,
    };
    Ok(LoggedEntry {
        log: log.base_url.clone(),
        operator: root.operators.get(&log.base_url).unwrap_or(&log.base_url).clone(),
        index: entry.log_index.get(),
        kind: format!("{} {}", entry.kind_version.kind(), entry.kind_version.version()),
        tree_size,
        promised,
        integrated_at,
    })
}

/// Holds when the logged body is what the bundle says it is. The crate reads the body as the kind
/// that the bundle names, which nobody signed.
fn check_body(entry: &TransparencyLogEntry) -> Result<(), Refusal> {
    let head: BodyHead = json::parse(entry.canonicalized_body.as_bytes(), Limits::DOCUMENT)
        .map_err(|error| log_refused(&format!("an entry's body: {error}")))?;
    let (kind, version) = (entry.kind_version.kind(), entry.kind_version.version());
    if head.kind != kind || head.api_version != version {
        let found = format!("{} {}", head.kind, head.api_version);
        let found = found.escape_debug();
        return Err(log_refused(&format!(
            "the log holds a `{found}`; expected `{kind} {version}`"
        )));
    }
    let algorithm = head.spec.data.and_then(|data| data.hash).map(|hash| hash.algorithm);
    if algorithm.is_some_and(|algorithm| algorithm != "sha256") {
        return Err(log_refused("the entry is over another digest than SHA-256"));
    }
    Ok(())
}

/// Returns the size of the tree after holding the checkpoint against the log that the entry names.
/// The crate accepts the signature of any log of the trusted root whose key hint fits.
fn checkpoint_of(proof: &InclusionProof, log: &TransparencyLog, v2: bool) -> Result<u64, Refusal> {
    let text = proof.checkpoint.envelope();
    let checkpoint =
        proof.checkpoint.checkpoint().ok_or_else(|| log_refused("a proof without a checkpoint"))?;
    // C2SP signed-note and tlog-checkpoint: one spelling of each text.
    let size = checkpoint.tree_size();
    let plain = text.chars().all(|character| character == '\n' || !character.is_control());
    let body_and_signatures = text.trim_end_matches('\n').split("\n\n").count() == 2;
    let spelled = text.lines().nth(1) == Some(size.to_string().as_str());
    if !(plain && body_and_signatures && spelled) {
        return Err(log_refused("a checkpoint that is not in its one form"));
    }
    if !v2 && proof.tree_size != size {
        return Err(log_refused("proof and checkpoint are of trees of different sizes"));
    }
    let key = VerificationKey::from_spki(&log.public_key.raw_bytes)
        .map_err(|error| unusable(&error.to_string()))?;
    let hint = log.log_id.key_id.as_bytes().get(..4);
    let signed = checkpoint.signatures().iter().any(|signature| {
        Some(signature.key_id.as_slice()) == hint
            && key.verify(checkpoint.signed_data(), &signature.signature).is_ok()
    });
    if signed {
        Ok(size)
    } else {
        Err(log_refused(&format!("the checkpoint is not signed by the log {}", log.base_url)))
    }
}

fn log_refused(problem: &str) -> Refusal {
    Refusal::new(&rules::LOG_PROOF_INVALID, problem)
}

/// A moment in whole seconds; a fraction counts as the second that it reaches into, so that
/// nothing that lies after a limit seems to lie before it.
fn moment(seconds: i64, nanoseconds: i32) -> Result<Timestamp, Refusal> {
    Timestamp::from_unix_seconds(seconds.saturating_add(i64::from(nanoseconds > 0)))
        .map_err(|error| Refusal::new(&rules::TIME_NOT_PROVEN, error.to_string()))
}

/// Returns who proves which time, the earliest first.
fn times_of(
    bundle: &Bundle,
    entries: &[LoggedEntry],
    root: &TrustedRoot,
    result: &VerificationResult,
) -> Result<Vec<ProvenTime>, Refusal> {
    let signature = match &bundle.content {
        SignatureContent::MessageSignature(message) => &message.signature,
        SignatureContent::DsseEnvelope(envelope) => &envelope.signature.sig,
        _ => return Err(Refusal::new(&rules::BUNDLE_UNSUPPORTED, "an unknown kind of signature")),
    };
    let tokens = &bundle.verification_material.timestamp_verification_data.rfc3161_timestamps;
    let mut times = tokens
        .iter()
        .map(|token| stamped(&token.signed_timestamp, signature, root))
        .collect::<Result<Vec<_>, _>>()?;
    times.extend(entries.iter().filter_map(|entry| {
        entry.integrated_at.map(|at| ProvenTime { at, by: entry.log.clone() })
    }));
    times.sort_by(|a, b| (a.at, &a.by).cmp(&(b.at, &b.by)));
    let mut seen = result
        .verified_timestamps()
        .iter()
        .map(|time| moment(time.as_second(), time.subsec_nanosecond()))
        .collect::<Result<Vec<_>, _>>()?;
    seen.sort_unstable();
    if !times.iter().map(|time| time.at).eq(seen) {
        let message = "two readers see different times of signing";
        return Err(Refusal::new(&rules::TIME_NOT_PROVEN, message));
    }
    Ok(times)
}

/// Opens an RFC 3161 response over a signature by a managed key.
///
/// # Errors
///
/// A refusal when no authority of the trusted root made it over this signature, or it states a time
/// after `now`.
pub(super) fn open_timestamp(
    response: &[u8],
    signature: &[u8],
    root: &TrustedRoot,
    now: Timestamp,
) -> Result<ProvenTime, Refusal> {
    let token = TimestampToken::from_bytes(response);
    let time = stamped(&token, &SignatureBytes::from_bytes(signature), root)?;
    if time.at > now {
        let message = format!("{} states {}, after the time of judgement {now}", time.by, time.at);
        return Err(Refusal::new(&rules::FROM_THE_FUTURE, message));
    }
    Ok(time)
}

/// Returns the time that one authority proves, every certificate of whose chain was in use then.
/// The crate takes the chain's last certificate for trusted at any time; the trusted root's
/// definition asks for the window and for the whole chain.
fn stamped(
    token: &TimestampToken,
    signature: &SignatureBytes,
    root: &TrustedRoot,
) -> Result<ProvenTime, Refusal> {
    for authority in &root.document.timestamp_authorities {
        let (leaf, between, last) = match authority.cert_chain.certificates.as_slice() {
            [] => continue,
            [only] => (only, &[][..], only),
            [leaf, between @ .., last] => (leaf, between, last),
        };
        let trusted = TsaAuthority::new(
            leaf.raw_bytes.clone(),
            between.iter().map(|certificate| certificate.raw_bytes.clone()).collect(),
            last.raw_bytes.clone(),
            authority.valid_for,
        );
        let Ok(time) = verify_timestamp_for_authority(token, signature, &trusted) else { continue };
        let at = moment(time.as_second(), time.subsec_nanosecond())?;
        let chain = authority.cert_chain.certificates.iter().map(|one| &one.raw_bytes);
        if whole_chain_in_use(chain, at) {
            let by = authority.uri.clone().unwrap_or_else(|| "a timestamp authority".to_owned());
            return Ok(ProvenTime { at, by });
        }
    }
    let message = "no timestamp authority of the trusted root vouches for the timestamp";
    Err(Refusal::new(&rules::TIME_NOT_PROVEN, message))
}

fn whole_chain_in_use<'a>(
    mut chain: impl Iterator<Item = &'a DerCertificate>,
    at: Timestamp,
) -> bool {
    chain.all(|der| {
        Certificate::from_der(der.as_bytes()).is_some_and(|certificate| certificate.is_in_use(at))
    })
}

fn check_times(
    bundle: &Bundle,
    entries: &[LoggedEntry],
    times: &[ProvenTime],
    root: &TrustedRoot,
    now: Timestamp,
) -> Result<(), Refusal> {
    // The crate asks the system's clock, which is not the time that is judged as of.
    if let Some(late) = times.iter().find(|time| time.at > now) {
        let message = format!("{} states {}, after the time of judgement {now}", late.by, late.at);
        return Err(Refusal::new(&rules::FROM_THE_FUTURE, message));
    }
    for (entry, raw) in entries.iter().zip(&bundle.verification_material.tlog_entries) {
        let log = root.log(raw)?;
        // Without a time of the log's own its key must have been in use whenever the signature
        // is proven to have been there.
        let own = entry.integrated_at.into_iter();
        let others = times.iter().map(|time| time.at).filter(|_| entry.integrated_at.is_none());
        if own.chain(others).any(|at| !is_within(log.public_key.valid_for, at)) {
            let message = format!("the key of the log {} was not in use", log.base_url);
            return Err(Refusal::new(&rules::TIME_NOT_PROVEN, message));
        }
    }
    Ok(())
}

fn is_within(window: Option<TimeRange>, at: Timestamp) -> bool {
    let second = at.unix_seconds();
    window.is_some_and(|window| {
        window.start.as_second() <= second && window.end.is_none_or(|end| second <= end.as_second())
    })
}

fn signing_certificate(bundle: &Bundle) -> Result<Certificate, Refusal> {
    bundle.signing_certificate().and_then(|der| Certificate::from_der(der.as_bytes())).ok_or_else(
        || Refusal::new(&rules::BUNDLE_MALFORMED, "the signing certificate cannot be read"),
    )
}

/// Holds when an authority whose whole chain was in use at every proven time issued the
/// certificate.
///
/// The trusted root's definition says that clients must hold timestamps against the window and
/// against the entire chain. The crate takes each certificate of a chain for an anchor and anchors
/// for trusted at any time, so it is asked again with the authorities that are left.
fn check_chains(
    bundle: &Bundle,
    subject: Subject<'_>,
    expected: &Expected<'_>,
    root: &TrustedRoot,
    times: &[ProvenTime],
) -> Result<(), Refusal> {
    if times.is_empty() {
        let message = "no time of signing is proven, and the certificate was in use for minutes";
        return Err(Refusal::new(&rules::TIME_NOT_PROVEN, message));
    }
    let mut document = root.document.clone();
    document.certificate_authorities.retain(|authority| {
        times.iter().all(|time| {
            let chain = authority.cert_chain.certificates.iter().map(|one| &one.raw_bytes);
            is_within(authority.valid_for, time.at) && whole_chain_in_use(chain, time.at)
        })
    });
    if document.certificate_authorities.len() == root.document.certificate_authorities.len() {
        return Ok(());
    }
    if document.certificate_authorities.is_empty() {
        let message = "no authority's chain was in use at every proven time of signing";
        return Err(Refusal::new(&rules::TIME_NOT_PROVEN, message));
    }
    let narrowed = Verifier::new(&document).map_err(|error| unusable(&error.to_string()))?;
    run(&narrowed, bundle, subject, expected).map(|_| ())
}

/// Returns the payload of an envelope: exactly the bytes that were signed.
fn payload_of(bundle: &Bundle) -> Option<Payload> {
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else { return None };
    let bytes = envelope.payload.as_bytes().to_vec();
    Some(Payload { payload_type: envelope.payload_type.clone(), bytes })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns whose signature counted, as far as the key is of a kind that signers of ours have.
fn signers_of(bundle: &Bundle, expected: &Expected<'_>) -> Vec<Signer> {
    let (owner, key) = match expected {
        Expected::Certificate { name, .. } => {
            let spki = bundle
                .signing_certificate()
                .and_then(|der| Certificate::from_der(der.as_bytes()))
                .and_then(|certificate| certificate.public_key());
            (name.clone(), spki.and_then(|spki| PublicKey::from_der(&spki).ok()))
        }
        Expected::Key(key) => (String::new(), key.ours.clone()),
    };
    key.map(|key| Signer { owner, key_id: key.id(), algorithm: key.algorithm(), times: Vec::new() })
        .into_iter()
        .collect()
}
