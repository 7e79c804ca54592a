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
//! A whole release: a project is prepared, a trust root begun, the release assembled, signed and
//! verified.
//!
//! ```
//! use std::fs;
//!
//! use countersign::packet::Source;
//! use countersign::pipeline::{assemble, init, sign, trust, verify};
//! use countersign::trust::{Algorithm, PrivateKey, RoleName};
//! use countersign::validator::packet::Expectations;
//! use countersign::{Timestamp, Verdict};
//!
//! let folder = tempfile::tempdir()?;
//! let root = folder.path().to_owned();
//! let now: Timestamp = "2026-11-24T09:00:00Z".parse()?;
//! let source = "git+https://git.example/atlas".to_owned();
//! init::prepare(&init::Request {
//!     root: root.clone(),
//!     product: "atlas".to_owned(),
//!     source: source.clone(),
//!     pipeline: init::Pipeline::None,
//!     adopt: false,
//! })?;
//!
//! let alice = PrivateKey::generate(Algorithm::Ed25519)?;
//! let versions = root.join("keys/trust-root");
//! trust::init(&versions, &root.join("keys/policy.json"), now, now.plus_days(365))?;
//! let change = trust::Change::AddKey {
//!     public_key: Box::new(alice.public().clone()),
//!     owner: "alice".to_owned(),
//!     roles: vec![RoleName::Root, RoleName::Release],
//!     threshold: None,
//! };
//! trust::change(&versions, change, now, None)?;
//! let alice = [sign::SigningKey { path: "alice.key".into(), key: alice }];
//! trust::sign(&versions, &alice)?;
//!
//! fs::create_dir(root.join("build"))?;
//! fs::write(root.join("build/atlas-1.0.0.bin"), "what is released")?;
//! let dist = root.join("dist");
//! assemble::assemble(&assemble::Request {
//!     root: root.clone(),
//!     artifacts: root.join("build"),
//!     version: "1.0.0".parse()?,
//!     source: Source { uri: source, commit: "5f3c1d9a7be24806c1d2f4a6b8097e3d5c7a9f10".to_owned() },
//!     previous: None,
//!     evidence: None,
//!     invocation: None,
//!     allow_blocked: false,
//!     out: dist.clone(),
//!     issued_at: now,
//!     now,
//!     replay: true,
//!     issued_at_given: false,
//! })?;
//! sign::sign(&dist, &alice)?;
//!
//! let asked = verify::Request {
//!     target: dist.clone(),
//!     trust: versions.join("1.json"),
//!     updates: None,
//!     trust_as_of: None,
//!     expectations: Expectations::default(),
//!     state: None,
//!     artifacts: None,
//!     now,
//!     replay: true,
//! };
//! assert_eq!(verify::verify(&asked)?.verdict(), Verdict::Pass);
//! fs::write(dist.join("atlas-1.0.0.bin"), "what is not")?;
//! assert_eq!(verify::verify(&asked)?.verdict(), Verdict::Refused);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The [`manual`] answers questions and tells what the files are.

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
