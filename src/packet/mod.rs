//! The packet: one canonical archive that holds a release's manifest, evidence and artifacts.

pub mod archive;
pub mod checksums;
pub mod diff;
pub mod directory;
pub mod evidence;
pub mod foreign;
pub mod glance;
pub mod manifest;
pub mod spec;

pub use archive::{ArchiveError, MemberSource, Packed, pack};
pub use checksums::{Checksums, ChecksumsError};
pub use evidence::EvidenceKind;
pub use manifest::{
    Artifact, Build, Compatibility, EvidenceItem, Placement, Previous, ReleaseManifest, Source,
};
pub use spec::ReleaseSpec;
