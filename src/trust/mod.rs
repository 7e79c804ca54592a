//! Trust: keys, envelopes, bundles, the trust root, and the one door through which bytes become
//! trusted.
//!
//! Bytes are untrusted until [`open`] or [`open_message`] returns them as [`Verified`]. What they
//! return is exactly what was verified: nothing is parsed twice. The verifier brings the
//! [`TrustRoot`]; nothing in what is verified can weaken it.

mod asn1;
mod attestation;
mod attested;
mod base64;
pub mod bundle;
mod certificate;
pub mod chain;
pub mod envelope;
mod glob;
mod identity;
pub mod key;
pub mod minisign;
pub mod outline;
mod pem;
pub mod root;
pub mod service;
pub mod signing_config;
pub mod sigstore;
mod subjects;
pub mod timestamp;
pub mod token;
mod verify;

use std::fmt;

use crate::finding::{Finding, Location, Rule};

pub use attestation::Attestation;
pub use attested::ProvenTime;
pub use bundle::{Bundle, Content};
pub use envelope::Envelope;
pub use identity::{WorkflowDocument, WorkflowError, WorkflowIdentity};
pub use key::{Algorithm, KeyError, KeyId, PrivateKey, PublicKey};
pub use minisign::{MinisignKey, MinisignSignature};
pub use outline::{Outline, SignedBy};
pub use root::{
    AttestationPolicy, Key, KeyState, PairedVerifier, Policy, RequiredAttestation, Role, RoleName,
    RootError, TrustRoot,
};
pub use verify::{
    Payload, Signer, Speaker, Subject, Verified, approvers_so_far, open, open_approvals,
    open_attestation, open_attestation_with_key, open_for, open_message, open_minisign,
    open_minisign_with_key, open_with_key,
};

/// Why a signed thing was not trusted: the thing is at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The rule it breaks.
    pub rule: &'static Rule,
    /// What is wrong, in one line.
    pub message: String,
}

impl Refusal {
    pub(crate) fn new(rule: &'static Rule, message: impl Into<String>) -> Self {
        Self { rule, message: message.into() }
    }

    /// Turns the refusal into a finding at a place.
    #[must_use]
    pub fn at(self, location: Location) -> Finding {
        Finding::new(self.rule, location, self.message)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.message, self.rule.code)
    }
}

impl std::error::Error for Refusal {}
