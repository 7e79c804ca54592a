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
mod attestations;
mod bad_input;
mod binding;
mod cases;
mod command;
mod crash;
mod demo;
mod diff;
mod environment;
mod forgery;
mod formats;
mod init;
mod instance;
mod interface;
mod json_tree;
mod k8s;
mod life;
mod load;
mod made_cases;
mod mutation;
mod names;
mod observe;
mod page;
mod policy;
mod properties;
mod recipes;
mod release;
mod rollback;
mod schemas;
mod shells;
mod signing;
mod sigstore;
mod specimen;
mod stack;
mod threat_model;
mod threats;
mod times;
mod together;
mod transcripts;
mod tree;
mod vectors;
mod workflow;
