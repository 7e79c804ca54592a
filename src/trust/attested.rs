//! What a Sigstore bundle has proven: what was signed, when, and where it is logged.

use super::verify::Payload;
use crate::digest::Digest;
use crate::time::Timestamp;

/// What a Sigstore bundle has proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    pub(super) payload: Option<Payload>,
    pub(super) name: Option<String>,
    pub(super) certificate: Option<(Timestamp, Timestamp)>,
    pub(super) times: Vec<ProvenTime>,
    pub(super) entries: Vec<LoggedEntry>,
}

/// A time at which the signature was there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProvenTime {
    /// When.
    pub at: Timestamp,
    /// Who says so: a timestamp authority or a log, by its address.
    pub by: String,
}

/// A tree that a log has signed for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoggedTree {
    /// What the log calls itself and the tree.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// Its root hash.
    pub root: Digest,
}

/// A log entry whose proofs hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoggedEntry {
    /// The log's address.
    pub log: String,
    /// Who runs the log; none where the trusted root does not say.
    pub operator: Option<String>,
    /// The entry's number in it.
    pub index: u64,
    /// The entry's kind and version.
    pub kind: String,
    /// The signed tree that shows the entry; none in bundles v0.1 that carry the log's promise only.
    pub tree: Option<LoggedTree>,
    /// Whether the log signed when it took the entry in.
    pub promised: bool,
    /// When the log says so.
    pub(super) integrated_at: Option<Timestamp>,
}

#[cfg(test)]
impl LoggedEntry {
    /// An entry that nothing is known of but its tree.
    pub(crate) fn shown_by(tree: LoggedTree) -> Self {
        Self {
            log: String::new(),
            operator: None,
            index: 0,
            kind: String::new(),
            tree: Some(tree),
            promised: false,
            integrated_at: None,
        }
    }
}

impl Attested {
    /// Returns the payload of an envelope: exactly the bytes that were signed.
    #[must_use]
    pub fn payload(&self) -> Option<&Payload> {
        self.payload.as_ref()
    }

    /// Returns the only name of the signing certificate, if there is one.
    #[must_use]
    pub fn certificate_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the window of the signing certificate, if there is one.
    #[must_use]
    pub fn certificate_window(&self) -> Option<(Timestamp, Timestamp)> {
        self.certificate
    }

    /// Returns every proven time of the signature, the earliest first. The signature was judged
    /// at each of them.
    #[must_use]
    pub fn times(&self) -> &[ProvenTime] {
        &self.times
    }

    /// Returns the log entries whose proofs hold.
    #[must_use]
    pub fn entries(&self) -> &[LoggedEntry] {
        &self.entries
    }
}
