//! The tests: one binary, one module a subject.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on has failed, and says so"
)]

mod architecture;
mod archive;
mod areas;
mod bad_input;
mod cases;
mod command;
mod environment;
mod forgery;
mod images;
mod interface;
mod json_tree;
mod k8s;
mod made_cases;
mod mutation;
mod recipes;
mod release;
mod rollback;
mod schemas;
mod sigstore;
mod specimen;
mod threats;
mod times;
mod transcripts;
mod tree;
mod vectors;
mod workflow;
