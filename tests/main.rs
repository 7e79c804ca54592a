//! The tests: one binary, one module a subject.

mod architecture;
