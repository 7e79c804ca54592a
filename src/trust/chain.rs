//! Chains of timestamp authorities, as a Sigstore trusted root that holds nothing else.
//!
//! An authority hands out its certificates in PEM. A trust root embeds a `trusted_root.json`; this is
//! the way from one to the other.

use std::fmt;

use serde::Serialize;

use super::certificate::Certificate;
use super::{base64, pem};
use crate::json;
use crate::time::Timestamp;

/// The certificates of one timestamp authority, its own first, each issued by the one after it.
#[derive(Debug)]
pub struct AuthorityChain {
    certificates: Vec<(Vec<u8>, Certificate)>,
}

/// Why certificates are no chain of a timestamp authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainError(String);

impl fmt::Display for ChainError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for ChainError {}

/// The most certificates of a chain.
const MAX_CERTIFICATES: usize = 8;

impl AuthorityChain {
    /// Reads a chain in PEM.
    ///
    /// # Errors
    ///
    /// [`ChainError`] for anything but certificates, in the order in which one issued the other,
    /// that begin with one that is for timestamps and nothing else (RFC 3161, section 2.3).
    pub fn parse(text: &[u8]) -> Result<Self, ChainError> {
        let wrong = |problem: String| Err(ChainError(problem));
        let objects = pem::decode_all(text)
            .ok_or_else(|| ChainError("not certificates in PEM (RFC 7468)".to_owned()))?;
        if objects.is_empty() || objects.len() > MAX_CERTIFICATES {
            let count = objects.len();
            return wrong(format!("holds {count} certificates; expected 1 to {MAX_CERTIFICATES}"));
        }
        let mut certificates = Vec::new();
        for (place, (label, der)) in (1..).zip(objects) {
            if label != "CERTIFICATE" {
                let label = label.escape_debug();
                return wrong(format!("object {place} is a `{label}`; expected a certificate"));
            }
            let certificate = Certificate::from_der(&der)
                .ok_or_else(|| ChainError(format!("certificate {place} cannot be read")))?;
            certificates.push((der.to_vec(), certificate));
        }
        let (_, leaf) = &certificates[0];
        leaf.check_stamping().map_err(|problem| {
            let order = "the authority's own certificate comes first";
            ChainError(format!("certificate 1 {problem}; {order}"))
        })?;
        for (place, pair) in (1..).zip(certificates.windows(2)) {
            let [(_, issued), (_, issuer)] = pair else { unreachable!("windows of two") };
            if !issued.is_issued_by(issuer) {
                let next = place + 1;
                return wrong(format!("certificate {place} was not issued by certificate {next}"));
            }
        }
        Ok(Self { certificates })
    }

    /// The first moment at which every certificate is in use.
    fn begins(&self) -> Option<Timestamp> {
        let windows = self.certificates.iter().map(|(_, certificate)| certificate.window());
        windows
            .map(|window| window.map(|(from, _)| from))
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .max()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RootDocument {
    media_type: &'static str,
    tlogs: [(); 0],
    certificate_authorities: [(); 0],
    ctlogs: [(); 0],
    timestamp_authorities: Vec<AuthorityDocument>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthorityDocument {
    subject: SubjectDocument,
    cert_chain: ChainDocument,
    valid_for: WindowDocument,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SubjectDocument {
    organization: String,
    common_name: String,
}

#[derive(Serialize)]
struct ChainDocument {
    certificates: Vec<CertificateDocument>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CertificateDocument {
    raw_bytes: String,
}

#[derive(Serialize)]
struct WindowDocument {
    start: Timestamp,
}

/// Writes the `trusted_root.json` that holds these authorities and nobody else.
///
/// # Errors
///
/// [`ChainError`] for a certificate without a window.
pub fn trusted_root_of(chains: &[AuthorityChain]) -> Result<String, ChainError> {
    let timestamp_authorities = chains
        .iter()
        .map(|chain| {
            let (_, leaf) = &chain.certificates[0];
            let start = chain.begins();
            let start = start.ok_or_else(|| ChainError("a window cannot be read".to_owned()))?;
            let certificates = chain
                .certificates
                .iter()
                .map(|(der, _)| CertificateDocument { raw_bytes: base64::encode(der) })
                .collect();
            let (organization, common_name) = leaf.subject();
            Ok(AuthorityDocument {
                subject: SubjectDocument { organization, common_name },
                cert_chain: ChainDocument { certificates },
                valid_for: WindowDocument { start },
            })
        })
        .collect::<Result<_, _>>()?;
    let document = RootDocument {
        media_type: "application/vnd.dev.sigstore.trustedroot.v0.2+json",
        tlogs: [],
        certificate_authorities: [],
        ctlogs: [],
        timestamp_authorities,
    };
    let bytes = json::to_bytes(&document);
    Ok(String::from_utf8(bytes).expect("JSON is UTF-8 text"))
}

#[cfg(test)]
mod tests {
    use super::super::sigstore::TrustedRoot;
    use super::*;

    fn vector(name: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/certificates/");
        std::fs::read(format!("{folder}{name}")).unwrap()
    }

    fn refused(text: &[u8], because: &str) {
        let error = AuthorityChain::parse(text).unwrap_err();
        assert!(error.to_string().contains(because), "{error}");
    }

    #[test]
    fn a_chain_becomes_a_trusted_root() {
        let chain = vector("timestamps.pem");
        let chain = AuthorityChain::parse(&chain).unwrap();
        let text = trusted_root_of(&[chain]).unwrap();
        let root = TrustedRoot::parse(text.as_bytes()).unwrap();
        assert!(root.has_timestamp_authorities_only());
        assert!(text.contains("\"commonName\": \"clock timestamps\""), "{text}");
    }

    #[test]
    fn what_is_no_chain_of_an_authority() {
        let chain = String::from_utf8(vector("timestamps.pem")).unwrap();
        let second = chain.rfind("-----BEGIN").unwrap();
        let (leaf, root) = chain.split_at(second);
        refused(b"", "not certificates in PEM");
        refused(b"certificate", "not certificates in PEM");
        refused(&chain.as_bytes()[..chain.len() - 30], "not certificates in PEM");
        refused(format!("{root}{leaf}").as_bytes(), "is not for timestamps");
        refused(
            format!("{leaf}{leaf}").as_bytes(),
            "certificate 1 was not issued by certificate 2",
        );
        refused(leaf.repeat(9).as_bytes(), "holds 9 certificates");
        refused(&vector("timestamps-rsa.pem"), "ECDSA");
        refused(leaf.replace("CERTIFICATE", "PUBLIC KEY").as_bytes(), "expected a certificate");
        assert!(AuthorityChain::parse(leaf.as_bytes()).is_ok());
    }
}
