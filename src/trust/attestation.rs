//! Attestations: a signed statement in whatever is handed out, an envelope on its own or one in a
//! Sigstore bundle.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Refusal;
use super::bundle::{Bundle, Content};
use super::envelope::{Envelope, ForeignSignature};
use crate::finding::rules::trust as rules;
use crate::json::{self, Limits};

/// A signed statement of anybody's making: nothing in it is trusted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attestation {
    /// A DSSE envelope, with as many signatures as it has: cosign's, witness's.
    Envelope(Envelope),
    /// A Sigstore bundle around one: GitHub's, sigstore-python's, ours.
    Bundle(Bundle),
}

/// Either of the two. "Consumers MUST ignore unrecognized fields" (DSSE 1.0.2, envelope, "Parsing
/// rules"): witness puts certificates beside its signatures.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttestationDocument {
    media_type: Option<IgnoredAny>,
    payload: Option<String>,
    payload_type: Option<String>,
    signatures: Option<Vec<ForeignSignature>>,
}

impl Attestation {
    /// Reads an attestation in JSON.
    ///
    /// # Errors
    ///
    /// A refusal for anything but one well-formed envelope, or one well-formed bundle with an
    /// envelope in it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let document: AttestationDocument = json::parse(bytes, Limits::EVIDENCE)
            .map_err(|error| malformed(&format!("not a DSSE envelope: {error}")))?;
        if document.media_type.is_none() {
            let AttestationDocument { payload, payload_type, signatures, .. } = document;
            let (Some(payload), Some(payload_type), Some(signatures)) =
                (payload, payload_type, signatures)
            else {
                let problem = "neither a DSSE envelope nor a Sigstore bundle: expected `payload`, \
                               `payloadType` and `signatures`, or a `mediaType`";
                return Err(malformed(problem));
            };
            return Envelope::of_parts(payload_type, &payload, signatures).map(Self::Envelope);
        }
        // A reader could take the envelope and another one the bundle.
        if document.payload.is_some() || document.signatures.is_some() {
            return Err(malformed("both a DSSE envelope and a Sigstore bundle"));
        }
        let bundle = Bundle::parse(bytes)?;
        match bundle.content() {
            Content::Envelope(_) => Ok(Self::Bundle(bundle)),
            Content::Message { .. } => {
                let message = "the bundle signs a file; expected one that signs a statement";
                Err(Refusal::new(&rules::BUNDLE_MALFORMED, message))
            }
        }
    }

    /// Returns what is signed, which nobody has checked: to choose how it is to be opened.
    #[must_use]
    pub fn unverified_payload(&self) -> Option<&[u8]> {
        self.envelope().map(Envelope::unverified_payload)
    }

    /// Returns the envelope.
    pub(super) fn envelope(&self) -> Option<&Envelope> {
        match self {
            Self::Envelope(envelope) => Some(envelope),
            Self::Bundle(bundle) => match bundle.content() {
                Content::Envelope(envelope) => Some(envelope),
                Content::Message { .. } => None,
            },
        }
    }
}

fn malformed(problem: &str) -> Refusal {
    Refusal::new(&rules::ENVELOPE_MALFORMED, problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::{Algorithm, PrivateKey};

    #[test]
    fn envelopes_and_bundles_are_told_apart() {
        let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
        let envelope = Envelope::sign("text/plain", b"x".to_vec(), &key).unwrap();
        let text = String::from_utf8(envelope.to_bytes()).unwrap();
        assert!(matches!(Attestation::parse(text.as_bytes()), Ok(Attestation::Envelope(_))));
        let witness = text.replace("\"sig\":", "\"certificate\": \"AAAA\", \"sig\":");
        assert_ne!(witness, text);
        assert_eq!(Attestation::parse(witness.as_bytes()), Attestation::parse(text.as_bytes()));
        let bundle = Bundle::sign_payload("text/plain", b"x".to_vec(), &key).unwrap();
        assert!(matches!(Attestation::parse(&bundle.to_bytes()), Ok(Attestation::Bundle(_))));
        let message = Bundle::sign_message(b"x", &key).unwrap();
        let both = text.replacen('{', "{\"mediaType\": \"x\",", 1);
        for broken in
            [&message.to_bytes()[..], both.as_bytes(), b"{}", b"[]", b"null", b"", b"\"x\""]
        {
            assert!(Attestation::parse(broken).is_err(), "{}", String::from_utf8_lossy(broken));
        }
        for (from, to) in [
            ("\"payload\":", "\"Payload\":"),
            ("\"payloadType\":", "\"payloadtype\":"),
            ("\"payload\":", "\"payload\": \"\", \"payload\":"),
            ("\"sig\":", "\"Sig\":"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert!(Attestation::parse(changed.as_bytes()).is_err(), "{to}");
        }
    }
}
