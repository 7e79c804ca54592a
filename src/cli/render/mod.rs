//! Renderers: one file for each way to write a report.

mod comparison;
pub(super) mod github;
pub(super) mod human;
pub(super) mod junit;
pub(super) mod markdown;
pub(super) mod page;
mod readiness;
pub(super) mod sarif;
pub(super) mod text;
