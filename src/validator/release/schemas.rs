//! x
pub(super) const INDEX: &str = "ops/schema/index.json";
