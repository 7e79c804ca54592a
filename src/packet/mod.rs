//! The packet: what a release carries, and how it is written and read.

pub mod foreign;
