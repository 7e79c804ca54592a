//! Signing without a key: a certificate for minutes, whose signature is logged and timed.
//!
//! The Sigstore crates know what a log is sent and what it sends back. Nothing that comes back is
//! believed before all of it was verified as anybody would verify it, with the trusted root of
//! whoever signs.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use sigstore_types::{
    Bundle as BundleDocument, DerCertificate, DsseEnvelope, DsseSignature, KeyId, KindVersion,
    PayloadBytes, Sha256Hash, SignatureBytes, TimestampToken, TransparencyLogEntry,
};
use sigstore_verify::bundle::BundleV03;
use sigstore_verify::rekor::{
    DsseEntry, HashedRekord, HashedRekordV2, LogEntry, RekorV2KeyDetails,
};

use super::{Identity, TrustedRoot, verify};
use crate::digest::Digest;
use crate::json::{self, Limits};
use crate::time::Timestamp;
use crate::trust::certificate::Certificate;
use crate::trust::envelope::pae;
use crate::trust::service::{Exchange, MAX_REPLY, Request, ServiceError};
use crate::trust::signing_config::{Services, SigningConfig};
use crate::trust::timestamp::{CLOCK_SKEW, TimestampAuthority};
use crate::trust::token::IdentityToken;
use crate::trust::{
    Algorithm, Bundle, KeyError, Payload, PrivateKey, ProvenTime, PublicKey, Refusal, Subject,
    base64, subjects,
};

/// What it takes to sign without a key.
#[derive(Clone, Copy)]
pub struct Keyless<'a> {
    /// Which services are asked.
    pub config: &'a SigningConfig,
    /// Who signs.
    pub token: &'a IdentityToken,
    /// Whom whoever signs believes.
    pub root: &'a TrustedRoot,
    /// The way to the services.
    pub exchange: &'a dyn Exchange,
    /// Tells what time it is.
    pub clock: &'a dyn Fn() -> Timestamp,
}

impl fmt::Debug for Keyless<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Keyless").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Somebody with a certificate, for as long as it is in use.
pub struct KeylessSigner<'a> {
    keyless: Keyless<'a>,
    services: Services,
    key: PrivateKey,
    certificate: Vec<u8>,
    identity: CertificateIdentity,
}

/// Whom a certificate is for, and who vouched for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateIdentity {
    /// The certificate's only name.
    pub name: String,
    /// The identity provider.
    pub issuer: String,
}

impl fmt::Debug for KeylessSigner<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KeylessSigner").field("identity", &self.identity).finish()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CertificateRequest<'a> {
    credentials: Credentials<'a>,
    public_key_request: PublicKeyRequest,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Credentials<'a> {
    oidc_identity_token: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PublicKeyRequest {
    public_key: PublicKeyDocument,
    proof_of_possession: String,
}

#[derive(Serialize)]
struct PublicKeyDocument {
    algorithm: &'static str,
    content: String,
}

/// A certificate whose log has signed for it inside. One that brings that beside it fits no bundle.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CertificateReply {
    signed_certificate_embedded_sct: Issued,
}

#[derive(Deserialize)]
struct Issued {
    chain: IssuedChain,
}

#[derive(Deserialize)]
struct IssuedChain {
    certificates: Vec<String>,
}

const JSON: &str = "application/json";
const REPLY: Limits = Limits { bytes: MAX_REPLY, depth: 32 };

impl<'a> Keyless<'a> {
    /// Makes a key for this once and has a certificate issued for it.
    ///
    /// # Errors
    ///
    /// [`ServiceError`] when no certificate is issued, or one for another key or somebody else.
    /// Nothing was logged then.
    pub fn begin(self) -> Result<KeylessSigner<'a>, ServiceError> {
        let services = self
            .config
            .select((self.clock)())
            .map_err(|refusal| ServiceError::unusable("signing config", refusal.message))?;
        let issuer = services.authority.clone();
        let failed = |error: KeyError| ServiceError::unusable("key", error.to_string());
        let key = PrivateKey::generate(Algorithm::P256).map_err(failed)?;
        let proof = key.sign(self.token.challenge().as_bytes()).map_err(failed)?;
        let request = CertificateRequest {
            credentials: Credentials { oidc_identity_token: self.token.secret() },
            public_key_request: PublicKeyRequest {
                public_key: PublicKeyDocument {
                    algorithm: "ECDSA",
                    content: key.public().to_pem(),
                },
                proof_of_possession: base64::encode(&proof),
            },
        };
        let body = zeroize::Zeroizing::new(json::to_line(&request));
        let reply = self.post(&issuer, "/api/v2/signingCert", &body)?;
        let reply: CertificateReply = self.read(&issuer, &reply, "certificate")?;
        let chain = reply.signed_certificate_embedded_sct.chain.certificates;
        // The crate's reader takes lines of any length, as services send them.
        let leaf = chain.first().and_then(|text| DerCertificate::from_pem(text).ok());
        let leaf = leaf.map(|certificate| certificate.as_bytes().to_vec());
        let read = leaf.and_then(|der| Certificate::from_der(&der).map(|read| (der, read)));
        let (der, certificate) = read.ok_or_else(|| {
            ServiceError::unusable(&issuer, "its reply holds no certificate that can be read")
        })?;
        let identity = self.identity_of(&certificate, key.public()).map_err(|problem| {
            let problem = self.token.redact(&problem);
            ServiceError::refused(&issuer, problem)
        })?;
        Ok(KeylessSigner { keyless: self, services, key, certificate: der, identity })
    }

    /// Holds a certificate against what was asked for.
    fn identity_of(
        &self,
        certificate: &Certificate,
        key: &PublicKey,
    ) -> Result<CertificateIdentity, String> {
        let issued_for = certificate.public_key().and_then(|der| PublicKey::from_der(&der).ok());
        if issued_for.as_ref() != Some(key) {
            return Err("the certificate is for another key".to_owned());
        }
        let name = certificate.name().map_err(|refusal| refusal.message)?;
        let name = self.token.address().map_or(name, str::to_owned);
        let issuer = self.token.issuer().to_owned();
        certificate.check(&name, &issuer).map_err(|refusal| refusal.message)?;
        Ok(CertificateIdentity { name, issuer })
    }

    fn post(&self, service: &str, path: &str, body: &[u8]) -> Result<Vec<u8>, ServiceError> {
        let url = format!("{}{path}", service.trim_end_matches('/'));
        let request = Request { url: &url, media_type: JSON, body };
        // A service that complains may quote what it was sent.
        let redacted = |problem: String| self.token.redact(&problem);
        self.exchange
            .post(&request)
            .map_err(|problem| ServiceError::unusable(&url, redacted(problem)))
    }

    fn read<T: serde::de::DeserializeOwned>(
        &self,
        service: &str,
        reply: &[u8],
        what: &str,
    ) -> Result<T, ServiceError> {
        json::parse(reply, REPLY).map_err(|error| {
            let problem: String = error.to_string().chars().take(300).collect();
            let problem = format!("its reply is no {what}: {}", self.token.redact(&problem));
            ServiceError::unusable(service, problem)
        })
    }
}

/// What is signed, in the forms in which the services want it.
struct Signing {
    signature: SignatureBytes,
    /// What the signature is over.
    digest: Sha256Hash,
    envelope: Option<DsseEnvelope>,
}

impl KeylessSigner<'_> {
    /// Returns whom the certificate is for.
    #[must_use]
    pub fn identity(&self) -> &CertificateIdentity {
        &self.identity
    }

    /// Returns the key of this once.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        self.key.public()
    }

    /// Signs the bytes of a file, and returns the times that are proven for that.
    ///
    /// # Errors
    ///
    /// [`ServiceError`] when a service gives nothing, or something that does not hold.
    pub fn sign_message(&self, message: &[u8]) -> Result<(Bundle, Vec<ProvenTime>), ServiceError> {
        let signature = self.signature_over(message)?;
        let digest = Sha256Hash::from(*Digest::of(message).as_bytes());
        self.finish(Signing { signature, digest, envelope: None }, Subject::Bytes(message))
    }

    /// Signs a payload of a type, as [`KeylessSigner::sign_message`].
    ///
    /// # Errors
    ///
    /// As [`KeylessSigner::sign_message`], and for a payload that names no subject.
    pub fn sign_payload(
        &self,
        payload_type: &str,
        payload: &[u8],
    ) -> Result<(Bundle, Vec<ProvenTime>), ServiceError> {
        let statement = Payload { payload_type: payload_type.to_owned(), bytes: payload.to_vec() };
        let subject = subjects::first(&statement)
            .map_err(|refusal| ServiceError::refused("statement", refusal.message))?;
        let signed = pae(payload_type, payload);
        let signature = self.signature_over(&signed)?;
        let digest = Sha256Hash::from(*Digest::of(&signed).as_bytes());
        let sealed = DsseSignature::new(signature.clone(), KeyId::default());
        let payload = PayloadBytes::new(payload.to_vec());
        let envelope = Some(DsseEnvelope::new(payload_type, payload, sealed));
        self.finish(Signing { signature, digest, envelope }, Subject::Digest(subject))
    }

    fn signature_over(&self, bytes: &[u8]) -> Result<SignatureBytes, ServiceError> {
        let signature = self.key.sign(bytes);
        let signature =
            signature.map_err(|error| ServiceError::unusable("key", error.to_string()))?;
        Ok(SignatureBytes::from_bytes(&signature))
    }

    /// Has the signature logged and timed, and verifies all of it.
    fn finish(
        &self,
        signing: Signing,
        subject: Subject<'_>,
    ) -> Result<(Bundle, Vec<ProvenTime>), ServiceError> {
        let certificate = DerCertificate::from(self.certificate.clone());
        let entries = self
            .services
            .logs
            .iter()
            .map(|(log, version)| self.log(log, *version, &signing, &certificate))
            .collect::<Result<Vec<_>, _>>()?;
        let stamps = self
            .services
            .timestamps
            .iter()
            .map(|authority| self.stamp(authority, &signing.signature))
            .collect::<Result<Vec<_>, _>>()?;
        let mut bundle = match signing.envelope {
            Some(envelope) => BundleV03::with_certificate_and_dsse(certificate, envelope),
            None => BundleV03::with_certificate_and_signature(
                certificate,
                signing.signature,
                signing.digest,
            ),
        };
        bundle = entries.into_iter().fold(bundle, BundleV03::with_tlog_entry);
        bundle = stamps.into_iter().fold(bundle, BundleV03::with_rfc3161_timestamp);
        self.open(&bundle.into_bundle(), subject)
    }

    /// Takes a signature to a log and returns its entry.
    fn log(
        &self,
        log: &str,
        version: u32,
        signing: &Signing,
        certificate: &DerCertificate,
    ) -> Result<TransparencyLogEntry, ServiceError> {
        let Signing { signature, digest, envelope } = signing;
        if version == 2 {
            // A log of version 2 takes statements in by the digest of what is signed.
            let details = RekorV2KeyDetails::PkixEcdsaP256Sha256;
            let request =
                HashedRekordV2::new_with_certificate(digest, signature, certificate, details);
            let path = "/api/v2/log/entries";
            let reply = self.keyless.post(log, path, &json::to_line(&request))?;
            return self.keyless.read(log, &reply, "entry of a log of version 2");
        }
        let (body, kind) = match envelope {
            None => {
                let request = HashedRekord::new(digest, signature, certificate);
                (json::to_line(&request), KindVersion::HashedRekordV001)
            }
            Some(envelope) => {
                let request = DsseEntry::new(envelope, certificate)
                    .map_err(|error| ServiceError::unusable(log, error.to_string()))?;
                (json::to_line(&request), KindVersion::DsseV001)
            }
        };
        let reply = self.keyless.post(log, "/api/v1/log/entries", &body)?;
        let entries: BTreeMap<String, LogEntry> =
            self.keyless.read(log, &reply, "entry of a log of version 1")?;
        let [entry] =
            entries.into_values().collect::<Vec<_>>().try_into().map_err(|several: Vec<_>| {
                let count = several.len();
                ServiceError::unusable(
                    log,
                    format!("its reply holds {count} entries; expected one"),
                )
            })?;
        let entry: LogEntry = entry;
        entry.to_bundle_entry(kind).map_err(|error| {
            let problem: String = error.to_string().chars().take(300).collect();
            ServiceError::unusable(log, format!("its reply is no entry: {problem}"))
        })
    }

    fn stamp(
        &self,
        authority: &str,
        signature: &SignatureBytes,
    ) -> Result<TimestampToken, ServiceError> {
        let Keyless { exchange, root, clock, .. } = self.keyless;
        let media_type = "application/timestamp-query";
        let ask = move |body: &[u8]| exchange.post(&Request { url: authority, media_type, body });
        let authority = TimestampAuthority { name: authority.to_owned(), ask: Box::new(ask) };
        let stamp = authority.stamp(signature.as_bytes(), Some(root), clock)?;
        Ok(TimestampToken::from_bytes(&stamp.response))
    }

    /// Verifies what was made as anybody will, before anybody gets it.
    fn open(
        &self,
        bundle: &BundleDocument,
        subject: Subject<'_>,
    ) -> Result<(Bundle, Vec<ProvenTime>), ServiceError> {
        let bytes = json::to_bytes(bundle);
        let CertificateIdentity { name, issuer } = self.identity.clone();
        let identity = Identity::Certificate { identity: name, issuer };
        let now = (self.keyless.clock)().plus_seconds(CLOCK_SKEW);
        let refused = |refusal: Refusal| {
            let problem = format!(
                "what the services of the signing config returned does not hold against the \
                 trusted root: {}",
                refusal.message
            );
            ServiceError::refused("new bundle", self.keyless.token.redact(&problem))
        };
        let verified =
            verify(&bytes, subject, &identity, self.keyless.root, now).map_err(refused)?;
        let bundle = Bundle::parse(&bytes).map_err(refused)?;
        Ok((bundle, verified.value().times().to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::trust::signing_config::tests::{config, log};
    use crate::trust::token::tests::{NOW, claims, token};

    /// Services that all give the same reply, and remember what they were asked.
    struct Replies {
        reply: Result<Vec<u8>, String>,
        asked: RefCell<Vec<(String, String)>>,
    }

    impl Exchange for Replies {
        fn post(&self, request: &Request<'_>) -> Result<Vec<u8>, String> {
            let body = String::from_utf8(request.body.to_vec()).unwrap();
            self.asked.borrow_mut().push((request.url.to_owned(), body));
            self.reply.clone()
        }
    }

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    /// Begins with one reply; returns what came of it and what was asked.
    fn begin(reply: Result<&str, &str>) -> (String, Vec<(String, String)>) {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/timestamps/");
        let root = std::fs::read(format!("{folder}trusted_root.json")).unwrap();
        let root = TrustedRoot::parse(&root).unwrap();
        let config = SigningConfig::parse(config(&[log(1)], "{}").as_bytes()).unwrap();
        let token = IdentityToken::parse(&token(&claims()), now()).unwrap();
        let reply = reply.map(|reply| reply.as_bytes().to_vec()).map_err(str::to_owned);
        let exchange = Replies { reply, asked: RefCell::default() };
        let keyless = Keyless {
            config: &config,
            token: &token,
            root: &root,
            exchange: &exchange,
            clock: &now,
        };
        let outcome = match keyless.begin() {
            Ok(signer) => format!("signs as {}", signer.identity().name),
            Err(ServiceError::Unusable { service, problem }) => format!("3 {service}: {problem}"),
            Err(ServiceError::Refused { service, problem }) => format!("1 {service}: {problem}"),
        };
        (outcome, exchange.asked.into_inner())
    }

    fn issued(certificate: &str) -> String {
        let certificate = certificate.replace('\n', "\\n");
        format!(
            r#"{{"signedCertificateEmbeddedSct": {{"chain": {{"certificates": ["{certificate}"]}}}}}}"#
        )
    }

    #[test]
    fn the_token_goes_to_the_issuer_of_certificates_only() {
        let (outcome, asked) = begin(Err("no"));
        assert_eq!(outcome, "3 https://ca.example/api/v2/signingCert: no");
        let [(url, body)] = asked.as_slice() else { panic!("{asked:?}") };
        assert_eq!(url, "https://ca.example/api/v2/signingCert");
        assert!(body.contains(&token(&claims())));
    }

    #[test]
    fn a_service_that_quotes_the_token_is_not_quoted() {
        let token = token(&claims());
        let payload = token.split('.').nth(1).unwrap();
        for said in [format!("403: {token}"), format!("403: claims {payload}")] {
            let (outcome, _) = begin(Err(&said));
            assert!(outcome.contains("[identity token]"), "{outcome}");
            assert!(!outcome.contains(payload), "{outcome}");
        }
        let (outcome, _) = begin(Ok(&format!(r#"{{"{payload}": 1}}"#)));
        assert!(outcome.starts_with("3 ") && !outcome.contains(payload), "{outcome}");
    }

    #[test]
    fn replies_that_are_no_certificate() {
        for reply in [
            "",
            "<html>",
            "[]",
            "{}",
            r#"{"signedCertificateDetachedSct": {"chain": {"certificates": []}}}"#,
            r#"{"signedCertificateEmbeddedSct": {"chain": {"certificates": []}}}"#,
            &issued("no certificate"),
            &issued("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ] {
            let (outcome, asked) = begin(Ok(reply));
            assert!(outcome.starts_with("3 https://ca.example/: its reply"), "{outcome}");
            assert_eq!(asked.len(), 1);
        }
    }

    #[test]
    fn a_certificate_for_another_key() {
        let der = include_bytes!("../../../tests/vectors/certificates/one-name.der");
        let certificate = DerCertificate::from(der.to_vec()).to_pem();
        let (outcome, asked) = begin(Ok(&issued(&certificate.replace('\r', ""))));
        assert_eq!(outcome, "1 https://ca.example/: the certificate is for another key");
        // Nothing was logged.
        assert_eq!(asked.len(), 1);
    }
}
