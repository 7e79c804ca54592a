//! Sigstore bundles that sign a release: by a key that the trust root names, or by a certificate.
//!
//! The client specification allows a bundle without log entry or timestamp when the signer is a
//! managed key; a bundle holds exactly one signature. What is ours to write is v0.3 with a managed
//! key, and older versions of it are read; any other bundle is carried as it is and verified by
//! [`super::sigstore`].

use serde::{Deserialize, Serialize};

use super::base64;
use super::envelope::{Envelope, EnvelopeDocument};
use super::outline::{MAX_EACH, Outline, SignedBy};
use super::{KeyError, PrivateKey, Refusal, sigstore};
use crate::digest::Digest;
use crate::finding::rules::trust as rules;
use crate::json::{self, Limits};

/// A Sigstore bundle: nothing in it is trusted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    pub(super) material: Material,
    pub(super) content: Content,
}

/// What a signature is to be verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Material {
    /// A key that the verifier brings.
    Key {
        /// Names the key. Not authenticated: decides nothing.
        hint: String,
        /// RFC 3161 responses over the signature, in DER.
        timestamps: Vec<Vec<u8>>,
    },
    /// A certificate, or a key whose signature is logged: the whole bundle as it was read.
    Carried(Vec<u8>),
}

/// What a bundle's signature is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A payload that the bundle carries.
    Envelope(Envelope),
    /// A file that lies elsewhere.
    Message {
        /// The SHA-256 digest that the bundle states for the file.
        stated: Digest,
        /// The signature over the file's bytes.
        signature: Vec<u8>,
    },
}

/// What is written.
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// What is read besides: without a log entry the versions differ in their names alone.
const OTHER_MEDIA_TYPES: [&str; 2] = [
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
];

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct BundleDocument {
    media_type: String,
    verification_material: MaterialDocument,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dsse_envelope: Option<EnvelopeDocument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message_signature: Option<MessageDocument>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct MaterialDocument {
    public_key: PublicKeyDocument,
    // Some tools write the list that is empty; what stands in it is for the Sigstore room.
    #[serde(default, skip_serializing)]
    #[expect(dead_code, reason = "only its emptiness matters, which its type says")]
    tlog_entries: Vec<Nothing>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timestamp_verification_data: Option<TimestampsDocument>,
}

/// Has no value, so that a list of it is empty.
#[derive(Serialize, Deserialize)]
enum Nothing {}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct TimestampsDocument {
    #[serde(default)]
    rfc3161_timestamps: Vec<TimestampDocument>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct TimestampDocument {
    signed_timestamp: String,
}

/// A bundle that is carried: only what is signed is read here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CarriedDocument {
    dsse_envelope: Option<EnvelopeDocument>,
    message_signature: Option<MessageDocument>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicKeyDocument {
    #[serde(default)]
    hint: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct MessageDocument {
    message_digest: DigestDocument,
    signature: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DigestDocument {
    algorithm: String,
    digest: String,
}

impl Bundle {
    /// Signs a payload of a type.
    ///
    /// # Errors
    ///
    /// As [`PrivateKey::sign`].
    pub fn sign_payload(
        payload_type: &str,
        payload: Vec<u8>,
        key: &PrivateKey,
    ) -> Result<Self, KeyError> {
        let envelope = Envelope::sign(payload_type, payload, key)?;
        Ok(Self { material: Material::of(key), content: Content::Envelope(envelope) })
    }

    /// Signs the bytes of a file.
    ///
    /// # Errors
    ///
    /// As [`PrivateKey::sign`].
    pub fn sign_message(message: &[u8], key: &PrivateKey) -> Result<Self, KeyError> {
        let signature = key.sign(message)?;
        let content = Content::Message { stated: Digest::of(message), signature };
        Ok(Self { material: Material::of(key), content })
    }

    /// Signs the file with this digest.
    ///
    /// # Errors
    ///
    /// As [`PrivateKey::sign_digest`].
    pub fn sign_digest(digest: Digest, key: &PrivateKey) -> Result<Self, KeyError> {
        let content = Content::Message { stated: digest, signature: key.sign_digest(digest)? };
        Ok(Self { material: Material::of(key), content })
    }

    /// Attaches an RFC 3161 response over the signature, in DER. A bundle that is carried stays as
    /// it is.
    pub fn add_timestamp(&mut self, response: Vec<u8>) {
        match &mut self.material {
            Material::Key { timestamps, .. } => timestamps.push(response),
            Material::Carried(_) => {}
        }
    }

    /// Returns the one signature, unverified.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        match &self.content {
            Content::Envelope(envelope) => {
                envelope.signatures.first().map_or(&[], |signature| signature.bytes.as_slice())
            }
            Content::Message { signature, .. } => signature,
        }
    }

    /// Returns what the signature is over.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// Returns the key id that the bundle names, unverified; empty when it brings a certificate.
    #[must_use]
    pub fn unverified_key_hint(&self) -> &str {
        match &self.material {
            Material::Key { hint, .. } => hint,
            Material::Carried(_) => "",
        }
    }

    /// Returns what tells one signer from another, unverified: the key id that the bundle names, or
    /// the name in its certificate.
    #[must_use]
    pub fn unverified_signer(&self) -> String {
        match &self.material {
            Material::Key { hint, .. } => format!("key {hint}"),
            Material::Carried(bytes) => sigstore::unverified_signer(bytes),
        }
    }

    /// Tells whether the bundle is about this payload, or this message. Verifies nothing.
    #[must_use]
    pub fn is_over(&self, payload: Option<&[u8]>, message: Option<&[u8]>) -> bool {
        match &self.content {
            Content::Envelope(envelope) => payload == Some(envelope.unverified_payload()),
            Content::Message { stated, .. } => message.map(Digest::of) == Some(*stated),
        }
    }

    /// Writes the bundle as one line of JSON with a newline, for a list of bundles.
    #[must_use]
    pub fn to_line(&self) -> Vec<u8> {
        match &self.material {
            Material::Key { hint, timestamps } => json::to_line(&self.document(hint, timestamps)),
            Material::Carried(bytes) => json::compact(bytes),
        }
    }

    /// Reads a bundle in JSON.
    ///
    /// # Errors
    ///
    /// A refusal for anything but one well-formed bundle of version 0.1 to 0.3.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        match Outline::parse(bytes) {
            Ok(outline) if outline.signed_by() == SignedBy::Certificate => carried(bytes),
            Ok(outline) if outline.log_entries() > 0 => carried(bytes),
            // The strict reader says best what is wrong with a bundle that has no outline.
            Ok(_) | Err(_) => managed(bytes),
        }
    }

    /// Writes the bundle in JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.material {
            Material::Key { hint, timestamps } => json::to_bytes(&self.document(hint, timestamps)),
            Material::Carried(bytes) => bytes.clone(),
        }
    }

    fn document(&self, hint: &str, timestamps: &[Vec<u8>]) -> BundleDocument {
        let (dsse_envelope, message_signature) = match &self.content {
            Content::Envelope(envelope) => (Some(envelope.to_document()), None),
            Content::Message { stated, signature } => {
                let message_digest = DigestDocument {
                    algorithm: SHA2_256.to_owned(),
                    digest: base64::encode(stated.as_bytes()),
                };
                let signature = base64::encode(signature);
                (None, Some(MessageDocument { message_digest, signature }))
            }
        };
        let rfc3161_timestamps: Vec<TimestampDocument> = timestamps
            .iter()
            .map(|response| TimestampDocument { signed_timestamp: base64::encode(response) })
            .collect();
        BundleDocument {
            media_type: MEDIA_TYPE.to_owned(),
            verification_material: MaterialDocument {
                public_key: PublicKeyDocument { hint: hint.to_owned() },
                tlog_entries: Vec::new(),
                timestamp_verification_data: (!rfc3161_timestamps.is_empty())
                    .then_some(TimestampsDocument { rfc3161_timestamps }),
            },
            dsse_envelope,
            message_signature,
        }
    }
}

impl Material {
    fn of(key: &PrivateKey) -> Self {
        Self::Key { hint: key.public().id().to_string(), timestamps: Vec::new() }
    }
}

fn managed(bytes: &[u8]) -> Result<Bundle, Refusal> {
    let document: BundleDocument =
        json::parse(bytes, Limits::DOCUMENT).map_err(|error| malformed(&error.to_string()))?;
    let media_type = document.media_type.as_str();
    if media_type != MEDIA_TYPE && !OTHER_MEDIA_TYPES.contains(&media_type) {
        let found = media_type.escape_debug();
        let problem =
            format!("media type `{found}`; expected `{MEDIA_TYPE}`, or version 0.1 or 0.2");
        return Err(malformed(&problem));
    }
    let hint = document.verification_material.public_key.hint;
    let content = content_of(document.dsse_envelope, document.message_signature, Some(&hint))?;
    let stamps = document.verification_material.timestamp_verification_data;
    let stamps = stamps.map_or_else(Vec::new, |data| data.rfc3161_timestamps);
    if stamps.len() > MAX_EACH {
        let count = stamps.len();
        return Err(malformed(&format!("{count} timestamps; expected at most {MAX_EACH}")));
    }
    let timestamps = stamps
        .iter()
        .map(|stamp| {
            base64::decode(&stamp.signed_timestamp)
                .filter(|bytes| !bytes.is_empty())
                .ok_or_else(|| malformed("a timestamp is not base64"))
        })
        .collect::<Result<_, _>>()?;
    Ok(Bundle { material: Material::Key { hint, timestamps }, content })
}

fn carried(bytes: &[u8]) -> Result<Bundle, Refusal> {
    let document: CarriedDocument =
        json::parse(bytes, Limits::EVIDENCE).map_err(|error| malformed(&error.to_string()))?;
    let content = content_of(document.dsse_envelope, document.message_signature, None)?;
    Ok(Bundle { material: Material::Carried(bytes.to_vec()), content })
}

fn content_of(
    envelope: Option<EnvelopeDocument>,
    message: Option<MessageDocument>,
    key_hint: Option<&str>,
) -> Result<Content, Refusal> {
    match (envelope, message) {
        (Some(envelope), None) => Ok(Content::Envelope(single(envelope, key_hint)?)),
        (None, Some(message)) => message_of(&message),
        (Some(_), Some(_)) => Err(malformed("both an envelope and a message signature")),
        (None, None) => Err(malformed("neither an envelope nor a message signature")),
    }
}

/// The name of SHA-256 in the bundle's protocol.
const SHA2_256: &str = "SHA2_256";

fn single(document: EnvelopeDocument, key_hint: Option<&str>) -> Result<Envelope, Refusal> {
    let envelope = Envelope::from_document(document)?;
    let names_another =
        |named: &str| !named.is_empty() && key_hint.is_some_and(|key_hint| named != key_hint);
    match envelope.signatures.as_slice() {
        [only] if !names_another(&only.key_hint) => Ok(envelope),
        [_] => Err(malformed("the envelope and the bundle name different keys")),
        several => Err(malformed(&format!("{} signatures; a bundle holds one", several.len()))),
    }
}

fn message_of(message: &MessageDocument) -> Result<Content, Refusal> {
    let MessageDocument { message_digest, signature } = message;
    if message_digest.algorithm != SHA2_256 {
        let found = message_digest.algorithm.escape_debug();
        return Err(malformed(&format!("digest algorithm `{found}`; expected `{SHA2_256}`")));
    }
    let stated = base64::decode(&message_digest.digest)
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .ok_or_else(|| malformed("the message digest is not 32 bytes in base64"))?;
    let signature = base64::decode(signature)
        .filter(|bytes| !bytes.is_empty())
        .ok_or_else(|| malformed("the signature is not base64"))?;
    Ok(Content::Message { stated: Digest::from_bytes(stated), signature })
}

fn malformed(problem: &str) -> Refusal {
    let message = format!("not a Sigstore bundle with a managed key: {problem}");
    Refusal::new(&rules::BUNDLE_MALFORMED, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Algorithm;

    #[test]
    fn what_is_written_is_read() {
        let key = PrivateKey::generate(Algorithm::P256).unwrap();
        for bundle in [
            Bundle::sign_payload("text/plain", b"hello".to_vec(), &key).unwrap(),
            Bundle::sign_message(b"hello", &key).unwrap(),
        ] {
            assert_eq!(Bundle::parse(&bundle.to_bytes()).unwrap(), bundle);
            let mut stamped = bundle.clone();
            stamped.add_timestamp(vec![0x30, 0]);
            let read = Bundle::parse(&stamped.to_bytes()).unwrap();
            assert_eq!(read, stamped);
            assert_ne!(read, bundle);
            assert_eq!(Bundle::parse(&stamped.to_line()).unwrap(), stamped);
            (1..MAX_EACH).for_each(|_| stamped.add_timestamp(vec![0x30, 0]));
            assert_eq!(Bundle::parse(&stamped.to_bytes()).unwrap(), stamped);
            stamped.add_timestamp(vec![0x30, 0]);
            assert!(Bundle::parse(&stamped.to_bytes()).is_err());
        }
    }

    #[test]
    fn lists_may_be_written_when_they_are_empty() {
        let key = PrivateKey::generate(Algorithm::P256).unwrap();
        let bundle = Bundle::sign_message(b"hello", &key).unwrap();
        let text = String::from_utf8(bundle.to_bytes()).unwrap();
        let with = |more: &str| {
            let from = "\"verificationMaterial\": {";
            let changed = text.replacen(from, &format!("{from}{more},"), 1);
            assert_ne!(changed, text);
            Bundle::parse(changed.as_bytes())
        };
        for empty in [
            "\"tlogEntries\": []",
            "\"timestampVerificationData\": {}",
            "\"timestampVerificationData\": {\"rfc3161Timestamps\": []}",
            "\"timestampVerificationData\": null",
        ] {
            assert_eq!(with(empty).unwrap(), bundle, "{empty}");
        }
        for full in [
            "\"timestampVerificationData\": {\"rfc3161Timestamps\": [{}]}",
            "\"timestampVerificationData\": {\"rfc3161Timestamps\": [{\"signedTimestamp\": \"\"}]}",
            "\"timestampVerificationData\": {\"other\": []}",
        ] {
            assert!(with(full).is_err(), "{full}");
        }
        // A log entry is for the Sigstore room to judge, with the whole bundle.
        let logged = with("\"tlogEntries\": [{}]").unwrap();
        assert!(matches!(logged.material, Material::Carried(_)));
    }

    #[test]
    fn older_versions_are_read_and_written_anew() {
        let key = PrivateKey::generate(Algorithm::P256).unwrap();
        for bundle in [
            Bundle::sign_payload("text/plain", b"hello".to_vec(), &key).unwrap(),
            Bundle::sign_message(b"hello", &key).unwrap(),
        ] {
            let text = String::from_utf8(bundle.to_bytes()).unwrap();
            for media_type in OTHER_MEDIA_TYPES {
                let older = text.replace(MEDIA_TYPE, media_type);
                assert_ne!(older, text);
                assert_eq!(Bundle::parse(older.as_bytes()).unwrap(), bundle, "{media_type}");
            }
        }
    }

    #[test]
    fn other_bundles_are_refused() {
        let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
        let text = String::from_utf8(
            Bundle::sign_payload("text/plain", b"hello".to_vec(), &key).unwrap().to_bytes(),
        )
        .unwrap();
        for (from, to) in [
            ("bundle.v0.3+json", "bundle.v0.3.1+json"),
            ("bundle.v0.3+json", "bundle.v0.4+json"),
            ("bundle.v0.3+json", "bundle+json;version=0.3"),
            ("bundle.v0.3+json", "bundle+json;version=0.4"),
            ("bundle.v0.3+json", "bundle+json; version=0.2"),
            ("bundle.v0.3+json", "bundle.v0.2+json"),
            ("\"publicKey\"", "\"publicKeys\""),
            ("\"dsseEnvelope\"", "\"messageSignature\""),
            ("\"hint\": \"", "\"hint\": \"x"),
            ("\"mediaType\"", "\"extra\": 1, \"mediaType\""),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            assert!(Bundle::parse(changed.as_bytes()).is_err(), "{from} -> {to}");
        }
        assert!(Bundle::parse(b"").is_err());
    }
}
