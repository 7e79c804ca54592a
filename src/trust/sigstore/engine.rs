//! The Sigstore crate's own verification, and the rule that each of its refusals breaks.

use sigstore_types::bundle::MessageSignature;
use sigstore_types::{Artifact, Bundle, DerPublicKey, KindVersion, Sha256Hash, SignatureContent};
use sigstore_verify::{
    CertificateError, Error, PublicKeyVerificationPolicy, TransparencyLogError, VerificationPolicy,
    VerificationResult, Verifier,
};

use super::{Expected, signing_certificate};
use crate::finding::Rule;
use crate::finding::rules::trust as rules;
use crate::trust::{Refusal, Subject};

/// Runs the crate's verification.
pub(super) fn run(
    verifier: &Verifier,
    bundle: &Bundle,
    subject: Subject<'_>,
    expected: &Expected<'_>,
) -> Result<VerificationResult, Refusal> {
    let result = match as_message(bundle) {
        // What the statement says of the subject is held against it by the caller.
        Some((plain, encoded)) => {
            run_over(verifier, &plain, Artifact::from(encoded.as_slice()), expected)
        }
        None => {
            let artifact = match subject {
                Subject::Bytes(bytes) => Artifact::from(bytes),
                Subject::Digest(digest) => Artifact::from(Sha256Hash::from(*digest.as_bytes())),
            };
            run_over(verifier, bundle, artifact, expected)
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

fn run_over(
    verifier: &Verifier,
    bundle: &Bundle,
    artifact: Artifact<'_>,
    expected: &Expected<'_>,
) -> Result<VerificationResult, Error> {
    match expected {
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
    }
}

/// A statement that log version 1 took in as a signature over its encoding, seen as just that.
///
/// The client specification allows `hashedrekord` entries for envelopes; the crate knows them for
/// log version 2 only. The signature is over the encoding, and the entry's digest is the encoding's,
/// so the same checks hold for a message that is the encoding.
fn as_message(bundle: &Bundle) -> Option<(Bundle, Vec<u8>)> {
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else { return None };
    let entries = &bundle.verification_material.tlog_entries;
    let hashed =
        |kind| matches!(kind, KindVersion::HashedRekordV001 | KindVersion::HashedRekordV002);
    let fits = entries.iter().all(|entry| hashed(entry.kind_version))
        && entries.iter().any(|entry| entry.kind_version == KindVersion::HashedRekordV001);
    fits.then(|| {
        let signature = MessageSignature::new(envelope.signature.sig.clone());
        let mut plain = bundle.clone();
        plain.content = SignatureContent::MessageSignature(signature);
        (plain, envelope.pae())
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
