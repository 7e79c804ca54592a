//! Renderers: one file for each way to write a report.

pub(super) mod human;
pub(super) mod markdown;
mod readiness;
pub(super) mod text;
