//! Statements: who says what about which files (in-toto attestation framework v1).

mod approval;
mod consumption;
mod drill;
mod seal;
mod slsa;
mod statement;
mod test_result;

pub use approval::{Action, Approval};
pub use consumption::Consumption;
pub use drill::{DrillInvariant, DrillRequests, DrillStep, RollbackDrill};
pub use seal::PacketSeal;
pub use slsa::{
    BuildDefinition, BuildMetadata, Builder, ResourceDescriptor, RunDetails, SlsaProvenance,
};
pub use statement::{PAYLOAD_TYPE, Predicate, Statement, StatementError, Subject, subject_digests};
pub use test_result::{TestOutcome, TestResult};
