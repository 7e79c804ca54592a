//! The area `packet`: what a packet, its sidecars and its artifacts must be to each other.
//!
//! The rules of `verify`, each a plain function over what was read. All of them run, whatever the
//! others found: the report names everything that is wrong, not the first thing.

mod attested;
mod beside;
mod contents;
mod evidence;
mod named;
mod policy;
mod signed;
mod summary;
mod waivers;

pub use beside::{artifacts_beside, checksums_beside, judge_directory, report_beside};
pub use contents::{
    Contents, EvidenceJudge, EvidenceSeen, GENEROUS, judge_contents, limits_of, read_packet,
};
pub use evidence::{judge_evidence, judge_text, stated_version};
pub use policy::{Expectations, judge_expectations, judge_freshness, judge_policy};
pub use signed::{
    checksums_of, judge_checksums_signature, judge_provenance, judge_seal, provenance_of, seal_of,
};
pub use waivers::judge_waivers;
