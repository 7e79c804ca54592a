//! Proves that a release may be distributed, installed or rolled back.
//!
//! # The rule of trust
//!
//! Nothing is believed because it says so. Bytes are untrusted until [`trust::open`] (or one of its
//! siblings) returns them as [`trust::Verified`]; what it returns is exactly what was verified. A
//! [`Verdict`] is computed from what was checked. What was not evaluated blocks. The verifier brings
//! its own trust root, and nothing in what is verified can weaken it.
//!
//! # From the easiest to the fullest
//!
//! The digest of some bytes:
//!
//! ```
//! let digest = countersign::Digest::of(b"abc");
//! assert!(digest.to_string().starts_with("ba7816bf"));
//! ```
//!
//! A checksum list in its one form:
//!
//! ```
//! use countersign::packet::Checksums;
//!
//! let line = format!("{}  atlas.tgz\n", countersign::Digest::of(b"abc"));
//! assert_eq!(Checksums::parse(line.as_bytes())?.len(), 1);
//! assert!(Checksums::parse(line.replace("  ", " *").as_bytes()).is_err());
//! # Ok::<(), countersign::packet::ChecksumsError>(())
//! ```
//!
//! One signature over one file:
//!
//! ```
//! use countersign::trust::{Algorithm, Bundle, PrivateKey, Subject, open_with_key};
//!
//! let key = PrivateKey::generate(Algorithm::Ed25519)?;
//! let bundle = Bundle::sign_message(b"the file", &key)?;
//! let read = Bundle::parse(&bundle.to_bytes())?;
//! assert!(open_with_key(&read, Subject::Bytes(b"the file"), key.public()).is_ok());
//! assert!(open_with_key(&read, Subject::Bytes(b"another"), key.public()).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A governed tree, judged:
//!
//! ```
//! use countersign::finding::{Area, Report};
//! use countersign::tree::Tree;
//! use countersign::validator::{Context, check};
//! use countersign::{Timestamp, Verdict};
//!
//! let now: Timestamp = "2026-11-24T09:00:00Z".parse()?;
//! let tree = Tree::open(env!("CARGO_MANIFEST_DIR").as_ref())?;
//! let mut report = Report::new("check", now, true);
//! check(Area::Stack, &tree, &Context::at(now), &mut report);
//! assert_eq!(report.verdict(), Verdict::Pass);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A whole release is assembled, signed and verified by [`pipeline::assemble`], [`pipeline::sign`]
//! and [`pipeline::verify`]. The [`manual`] tells what the files are.

#![forbid(unsafe_code)]

pub mod digest;
pub mod document;
pub mod finding;
pub mod json;
pub mod manual;
pub mod packet;
pub mod path;
pub mod pipeline;
pub mod provenance;
pub mod time;
pub mod tree;
pub mod trust;
pub mod validator;
pub mod version;

pub use digest::Digest;
pub use finding::{Finding, Report, Verdict};
pub use path::RelPath;
pub use time::Timestamp;
pub use version::Version;
