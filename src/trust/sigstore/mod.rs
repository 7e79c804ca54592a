//! Sigstore bundles of anybody's making, verified offline: certificates, log entries, timestamps.
//!
//! The only room that names the Sigstore crates. They verify; what they leave open is checked here
//! on top, each check with the reason beside it. The trusted root comes from the verifier: none is
//! built in and none is fetched.

mod engine;
pub mod keyless;
mod log;
mod managed;
mod time;
mod trusted_root;

use sigstore_types::bundle::{MediaType, VerificationMaterialContent};
use sigstore_types::{Bundle, DerCertificate, SignatureContent};
use sigstore_verify::Verifier;
use sigstore_verify::crypto::{sha384, sha512};

use self::engine::run;
use self::log::entries_of;
pub(super) use self::log::operators;
pub use self::managed::ManagedKey;
pub(super) use self::time::open_timestamp;
use self::time::{check_times, is_within, times_of, whole_chain_in_use};
pub use self::trusted_root::TrustedRoot;
use self::trusted_root::unusable;
pub use super::attested::{Attested, LoggedEntry, LoggedTree, ProvenTime};
use super::certificate::Certificate;
use super::identity::WorkflowIdentity;
use super::outline::{Outline, SignedBy};
use super::verify::{Payload, Signer, Subject, Verified, open_sigstore};
use super::{PublicKey, Refusal, subjects};
use crate::finding::Rule;
use crate::finding::rules::trust as rules;
use crate::time::Timestamp;

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

/// What was proven, on its way to the one door. Only [`verify`] makes one.
pub(super) struct Proof {
    attested: Attested,
    signers: Vec<Signer>,
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
    let mut bundle = read(bundle)?;
    // Older versions ask for a log entry. A key that the verifier brings needs none, and without
    // one the versions differ in their names alone.
    if outline.signed_by() == SignedBy::Key && outline.log_entries() == 0 {
        bundle.media_type = MediaType::Bundle0_3;
    }
    check_certificates(&bundle)?;
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

/// The largest certificate of a bundle, in bytes. Names of megabytes are read many times.
const MAX_CERTIFICATE: usize = 64 << 10;

/// Holds when no certificate that the bundle carries asks a reader of chains for what it should not.
fn check_certificates(bundle: &Bundle) -> Result<(), Refusal> {
    let carried: Vec<&DerCertificate> = match &bundle.verification_material.content {
        VerificationMaterialContent::Certificate(one) => vec![&one.raw_bytes],
        VerificationMaterialContent::X509CertificateChain { certificates } => {
            certificates.iter().map(|one| &one.raw_bytes).collect()
        }
        VerificationMaterialContent::PublicKey(_) | _ => Vec::new(),
    };
    for der in carried.into_iter().map(DerCertificate::as_bytes) {
        if der.len() > MAX_CERTIFICATE {
            let message =
                format!("a certificate of {} bytes; expected at most {MAX_CERTIFICATE}", der.len());
            return Err(Refusal::new(&rules::BUNDLE_MALFORMED, message));
        }
        if Certificate::from_der(der).is_some_and(|one| one.constrains_names()) {
            let message = "a certificate of the bundle limits whom others may name";
            return Err(Refusal::new(&rules::CERTIFICATE_NOT_TRUSTED, message));
        }
    }
    Ok(())
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

/// Tells, unverified, whose bundle it is: its certificate's name; nothing when it has none.
pub(super) fn unverified_signer(bundle: &[u8]) -> String {
    let Ok(bundle) = read(bundle) else { return String::new() };
    match signing_certificate(&bundle).and_then(|certificate| certificate.name()) {
        Ok(name) => format!("certificate {name}"),
        Err(_) => String::new(),
    }
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

fn signing_certificate(bundle: &Bundle) -> Result<Certificate, Refusal> {
    bundle.signing_certificate().and_then(|der| Certificate::from_der(der.as_bytes())).ok_or_else(
        || Refusal::new(&rules::BUNDLE_MALFORMED, "the signing certificate cannot be read"),
    )
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
    key.map(|key| Signer {
        owner,
        key_id: key.id(),
        algorithm: key.algorithm(),
        times: Vec::new(),
        entries: Vec::new(),
    })
    .into_iter()
    .collect()
}
