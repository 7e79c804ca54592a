//! The rules of the area `load`.

mod baselines;
mod claims;
mod documents;
mod results;
mod runs;
mod suites;

use super::Rule;

pub use baselines::*;
pub use claims::*;
pub use documents::*;
pub use results::*;
pub use runs::*;
pub use suites::*;

/// The table, in the order of the codes.
pub const RULES: &[&Rule] = &[
    &INPUT_UNREADABLE,
    &DOCUMENT_MALFORMED,
    &SCALAR_AMBIGUOUS,
    &RESULT_UNKNOWN,
    &RESULT_BROKEN,
    &VALUE_IMPOSSIBLE,
    &RESULT_EMPTY,
    &VERDICT_CONTRADICTED,
    &THRESHOLD_BREACHED,
    &NOT_RECOMPUTABLE,
    &SAMPLES_TOO_FEW,
    &THRESHOLD_MALFORMED,
    &THRESHOLD_VACUOUS,
    &CHECKS_MISSING,
    &LIMITS_DIFFER,
    &LIMIT_ABSENT,
    &LOOSER_THAN_OBJECTIVE,
    &SUITE_PART_MISSING,
    &RESULT_MISSING,
    &LIST_DIFFERS,
    &SCENARIO_UNUSED,
    &NAME_UNRESOLVED,
    &SCENARIO_MALFORMED,
    &PLAN_DIFFERS,
    &CLOSED_MODEL,
    &FILE_ABSENT,
    &RUN_FAILED,
    &GENERATOR_SATURATED,
    &RATE_NOT_REACHED,
    &RUN_TOO_SHORT,
    &IDENTITY_MISSING,
    &IDENTITY_DIFFERS,
    &RAW_MISSING,
    &RAW_DIFFERS,
    &FIGURE_DIFFERS,
    &RESOURCES_EXCEEDED,
    &SOAK_RISES,
    &NOT_COMPARABLE,
    &BASELINE_NOT_MEASURED,
    &BASELINE_STALE,
    &BASELINE_UNAPPROVED,
    &BASELINE_MISSING,
    &REGRESSED,
    &INCONCLUSIVE,
    &DRIFTED,
    &COMPARED_WITH_ITSELF,
    &CLAIM_CONTRADICTED,
    &DOCUMENT_STALE,
    &PACK_DIFFERS,
    &PLACEHOLDER_DIGEST,
    &SCHEMA_VIOLATED,
];
