//! The Sigstore crate's own verification, and the rule that each of its refusals breaks.

use sigstore_types::{Artifact, Bundle, DerPublicKey, Sha256Hash, SignatureContent};
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
