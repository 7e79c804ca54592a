//! countersign: proves that a release may be distributed, installed or rolled back.

pub mod digest;
pub mod document;
pub mod finding;
pub mod json;
pub mod packet;
pub mod path;
pub mod time;
pub mod tree;
pub mod validator;
pub mod version;

pub use digest::Digest;
pub use finding::{Finding, Report, Verdict};
pub use path::RelPath;
pub use time::Timestamp;
pub use version::Version;
