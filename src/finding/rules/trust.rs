//! The rules of the area `trust`.

use super::Rule;

/// The table, in the order of the codes.
pub const RULES: &[&Rule] = &[];
