//! The one test binary.

mod release;
