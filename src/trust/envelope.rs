//! DSSE 1.0.2: a payload, its type, and signatures over both.

use serde::{Deserialize, Serialize};

use super::base64;
use super::{KeyError, PrivateKey, Refusal};
use crate::finding::rules::trust as rules;
use crate::json::{self, Limits};

/// A DSSE envelope: nothing in it is trusted yet.
///
/// ```json
/// {"payloadType": "application/vnd.in-toto+json", "payload": "eyJ...",
///  "signatures": [{"keyid": "9f86...", "sig": "MEUC..."}]}
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub(super) payload_type: String,
    pub(super) payload: Vec<u8>,
    pub(super) signatures: Vec<Signature>,
}

/// One signature of an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    /// Names a key to try first. Not authenticated: decides nothing.
    pub(super) key_hint: String,
    pub(super) bytes: Vec<u8>,
}

/// The most signatures that are looked at.
pub(super) const MAX_SIGNATURES: usize = 64;

/// The JSON form of an envelope.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct EnvelopeDocument {
    payload: String,
    payload_type: String,
    signatures: Vec<SignatureDocument>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureDocument {
    #[serde(default)]
    keyid: String,
    sig: String,
}

/// A signature of an envelope that somebody else made. What else stands in it is not looked at.
#[derive(Deserialize)]
pub(super) struct ForeignSignature {
    #[serde(default)]
    keyid: Option<String>,
    sig: String,
}

impl Envelope {
    /// Signs a payload of a type with one key.
    ///
    /// # Errors
    ///
    /// As [`PrivateKey::sign`].
    pub fn sign(payload_type: &str, payload: Vec<u8>, key: &PrivateKey) -> Result<Self, KeyError> {
        let mut envelope =
            Self { payload_type: payload_type.to_owned(), payload, signatures: Vec::new() };
        envelope.add_signature(key)?;
        Ok(envelope)
    }

    /// Adds the signature of one more key over the same payload.
    ///
    /// # Errors
    ///
    /// As [`PrivateKey::sign`].
    pub fn add_signature(&mut self, key: &PrivateKey) -> Result<(), KeyError> {
        let bytes = key.sign(&self.signed_bytes())?;
        let key_hint = key.public().id().to_string();
        self.signatures.retain(|signature| signature.key_hint != key_hint);
        self.signatures.push(Signature { key_hint, bytes });
        Ok(())
    }

    /// Reads an envelope in JSON.
    ///
    /// # Errors
    ///
    /// A refusal for anything but one well-formed envelope with 1 to 64 signatures.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let document: EnvelopeDocument =
            json::parse(bytes, Limits::DOCUMENT).map_err(|error| malformed(&error.to_string()))?;
        Self::from_document(document)
    }

    /// Puts an envelope together from what was read of it.
    pub(super) fn of_parts(
        payload_type: String,
        payload: &str,
        signatures: Vec<ForeignSignature>,
    ) -> Result<Self, Refusal> {
        // DSSE 1.0.2: "An unset field MUST be treated the same as set-but-empty".
        let signatures = signatures
            .into_iter()
            .map(|one| SignatureDocument { keyid: one.keyid.unwrap_or_default(), sig: one.sig });
        Self::from_document(EnvelopeDocument {
            payload: payload.to_owned(),
            payload_type,
            signatures: signatures.collect(),
        })
    }

    pub(super) fn from_document(document: EnvelopeDocument) -> Result<Self, Refusal> {
        if document.signatures.is_empty() {
            return Err(malformed("it holds no signature"));
        }
        if document.signatures.len() > MAX_SIGNATURES {
            let count = document.signatures.len();
            return Err(malformed(&format!(
                "{count} signatures; at most {MAX_SIGNATURES} are read"
            )));
        }
        let payload = base64::decode(&document.payload)
            .ok_or_else(|| malformed("the payload is not base64"))?;
        let signatures = document
            .signatures
            .into_iter()
            .map(|signature| match base64::decode(&signature.sig) {
                Some(bytes) if !bytes.is_empty() => {
                    Ok(Signature { key_hint: signature.keyid, bytes })
                }
                _ => Err(malformed("a signature is not base64")),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { payload_type: document.payload_type, payload, signatures })
    }

    pub(super) fn to_document(&self) -> EnvelopeDocument {
        EnvelopeDocument {
            payload: base64::encode(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: self
                .signatures
                .iter()
                .map(|signature| SignatureDocument {
                    keyid: signature.key_hint.clone(),
                    sig: base64::encode(&signature.bytes),
                })
                .collect(),
        }
    }

    /// Writes the envelope in JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json::to_bytes(&self.to_document())
    }

    /// What the signatures are over: the pre-authentication encoding of type and payload.
    pub(super) fn signed_bytes(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.payload)
    }

    /// Returns the payload without any claim about it: for looking, not for believing.
    #[must_use]
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Returns the payload's type as the envelope states it, unverified.
    #[must_use]
    pub fn unverified_payload_type(&self) -> &str {
        &self.payload_type
    }

    /// Returns the key ids that the signatures name, unverified.
    pub fn unverified_key_hints(&self) -> impl Iterator<Item = &str> {
        self.signatures.iter().map(|signature| signature.key_hint.as_str())
    }
}

/// DSSE protocol, "Signature definition": lengths are counted in bytes.
pub(super) fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

fn malformed(problem: &str) -> Refusal {
    Refusal::new(&rules::ENVELOPE_MALFORMED, format!("not a DSSE envelope: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Algorithm;

    #[test]
    fn the_encoding_is_the_standards_own_example() {
        // DSSE protocol.md, "Test vectors".
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
        assert_eq!(pae("é", b""), "DSSEv1 2 é 0 ".as_bytes());
    }

    #[test]
    fn what_is_written_is_read() {
        let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
        let envelope = Envelope::sign("text/plain", b"hello".to_vec(), &key).unwrap();
        assert_eq!(Envelope::parse(&envelope.to_bytes()).unwrap(), envelope);
    }

    #[test]
    fn broken_envelopes_are_refused() {
        for (broken, expected) in [
            (r#"{"payload":"","payloadType":"t","signatures":[]}"#, "no signature"),
            (r#"{"payload":"","payloadType":"t","signatures":null}"#, "null"),
            (r#"{"payload":"","payloadType":"t"}"#, "signatures"),
            (r#"{"payload":"","payloadType":"t","signatures":[{}]}"#, "sig"),
            (r#"{"payload":"","payloadType":"t","signatures":[{"sig":""}]}"#, "not base64"),
            (r#"{"payload":"+_8=","payloadType":"t","signatures":[{"sig":"AA=="}]}"#, "payload"),
            (r#"{"payload":"","payload":"","payloadType":"t","signatures":[]}"#, "twice"),
            (r#"{"payload":"","payloadtype":"t","signatures":[]}"#, "payloadtype"),
        ] {
            let refusal = Envelope::parse(broken.as_bytes()).unwrap_err();
            assert!(refusal.message.contains(expected), "{broken}: {refusal}");
        }
    }
}
