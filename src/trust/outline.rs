//! The outline of a Sigstore bundle: read strictly before any other reader sees the bundle.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Refusal;
use crate::finding::rules::trust as rules;
use crate::json::{self, Container, Limits, Position, Scalar, Sink};

/// What a bundle brings, unverified: enough to choose how it is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outline {
    signed_by: SignedBy,
    log_entries: usize,
    timestamps: usize,
}

/// What the signature is to be verified with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedBy {
    /// A certificate that the bundle carries.
    Certificate,
    /// A key that the verifier must bring.
    Key,
}

/// The largest bundle, in bytes; as deep as a document of ours.
const LIMITS: Limits = Limits { bytes: 64 << 20, depth: 64 };
/// The most log entries, timestamps or certificates of a bundle. Each costs signature checks.
pub(super) const MAX_EACH: usize = 16;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OutlineDocument {
    // Not read here, but a bundle that does not say what it is must not pass for version 0.1.
    #[serde(rename = "mediaType")]
    _media_type: String,
    verification_material: MaterialDocument,
    dsse_envelope: Option<IgnoredAny>,
    message_signature: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MaterialDocument {
    certificate: Option<IgnoredAny>,
    x509_certificate_chain: Option<ChainDocument>,
    public_key: Option<IgnoredAny>,
    tlog_entries: Option<Vec<IgnoredAny>>,
    timestamp_verification_data: Option<TimestampsDocument>,
}

#[derive(Deserialize)]
struct ChainDocument {
    #[serde(default)]
    certificates: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TimestampsDocument {
    rfc3161_timestamps: Option<Vec<IgnoredAny>>,
}

impl Outline {
    /// Reads what a bundle brings. Verifies nothing.
    ///
    /// # Errors
    ///
    /// A refusal for a text that readers differ on, for two signatures or two kinds of signer
    /// where one reader could take the first and another the second, and for more entries,
    /// timestamps or certificates than an honest bundle has.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut lists = Lists::default();
        json::scan(bytes, LIMITS, &mut lists).map_err(|error| malformed(&error.to_string()))?;
        if let Some(at) = lists.misplaced {
            return Err(malformed(&format!("{at}: a list where a bundle has none")));
        }
        let document: OutlineDocument =
            json::parse(bytes, LIMITS).map_err(|error| malformed(&error.to_string()))?;
        if document.dsse_envelope.is_some() == document.message_signature.is_some() {
            return Err(malformed("expected either an envelope or a message signature"));
        }
        let material = document.verification_material;
        let signed_by =
            match (&material.certificate, &material.x509_certificate_chain, &material.public_key) {
                (Some(_), None, None) | (None, Some(_), None) => SignedBy::Certificate,
                (None, None, Some(_)) => SignedBy::Key,
                _ => return Err(malformed("expected one of certificate, chain and public key")),
            };
        let log_entries = material.tlog_entries.map_or(0, |entries| entries.len());
        let timestamps = material
            .timestamp_verification_data
            .and_then(|data| data.rfc3161_timestamps)
            .map_or(0, |timestamps| timestamps.len());
        let certificates =
            material.x509_certificate_chain.map_or(0, |chain| chain.certificates.len());
        for (what, count) in [
            ("log entries", log_entries),
            ("timestamps", timestamps),
            ("certificates", certificates),
        ] {
            if count > MAX_EACH {
                return Err(malformed(&format!("{count} {what}; expected at most {MAX_EACH}")));
            }
        }
        Ok(Self { signed_by, log_entries, timestamps })
    }

    /// Returns what the signature is to be verified with.
    #[must_use]
    pub fn signed_by(self) -> SignedBy {
        self.signed_by
    }

    /// Tells whether the bundle is a signature and nothing else: no certificate, no log entry, no
    /// timestamp.
    #[must_use]
    pub fn is_bare(self) -> bool {
        self.signed_by == SignedBy::Key && self.log_entries == 0 && self.timestamps == 0
    }

    /// Returns how many log entries there are.
    pub(super) fn log_entries(self) -> usize {
        self.log_entries
    }
}

/// The members of a bundle that are lists.
const LISTS: [&str; 5] =
    ["tlogEntries", "hashes", "certificates", "rfc3161Timestamps", "signatures"];

/// Looks for a list where no bundle has one. Some readers take a list for an object and its items
/// for the members in the order that they know.
#[derive(Default)]
struct Lists {
    may_begin: bool,
    misplaced: Option<Position>,
}

impl Sink<'_> for Lists {
    fn scalar(&mut self, _: Scalar<'_>, _: Position) {
        self.may_begin = false;
    }

    fn key(&mut self, key: &str, _: Position) {
        self.may_begin = LISTS.contains(&key);
    }

    fn begin(&mut self, container: Container, at: Position) {
        if container == Container::Array && !self.may_begin {
            self.misplaced.get_or_insert(at);
        }
        self.may_begin = false;
    }

    fn end(&mut self) {
        self.may_begin = false;
    }
}

fn malformed(problem: &str) -> Refusal {
    Refusal::new(&rules::BUNDLE_MALFORMED, format!("not a Sigstore bundle: {problem}"))
}
