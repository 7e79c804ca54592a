//! Statements: who says what about which files (in-toto attestation framework v1).

mod approval;
mod consumption;
mod drill;
mod foreign;
pub mod predicates;
mod seal;
mod slsa;
mod statement;
mod summary;
mod test_result;

pub use approval::{Action, Approval};
pub use consumption::Consumption;
pub use drill::{DrillInvariant, DrillRequests, DrillStep, RollbackDrill};
pub use foreign::{Aliases, ForeignStatement, ForeignSubject, typed_predicate};
pub use seal::PacketSeal;
pub use slsa::{
    BuildDefinition, BuildMetadata, Builder, ResourceDescriptor, RunDetails, SlsaProvenance,
};
pub use statement::{PAYLOAD_TYPE, Predicate, Statement, StatementError, Subject};
pub use summary::{FAILED, VerificationResult, VerificationSummary, Verifier};
pub use test_result::{TestOutcome, TestResult};
