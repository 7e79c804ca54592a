//! The verbs: one file each, the straight line from values to a report. No rule is here.
//!
//! Nothing here reads the clock, the environment or the terminal: the caller brings the time.

pub mod assemble;
pub mod attest;
pub mod attestations;
pub mod blob;
pub mod check;
pub mod checksums;
pub mod diff;
mod held;
pub mod init;
pub mod inspect;
pub mod load;
mod opened;
pub mod page;
pub mod previous;
mod remember;
pub mod rollback;
pub mod sign;
mod state;
pub mod summary;
pub mod trust;
pub mod verify;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::document::DocumentError;
use crate::finding::Report;
use crate::json::JsonError;
use crate::packet::ArchiveError;
use crate::tree::TreeError;
use crate::trust::service::ServiceError;
use crate::trust::{KeyError, RootError};

/// Why a verb could not judge or write. There is no verdict then.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    Tree(TreeError),
    /// A document of ours is not what it must be.
    Document {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        source: DocumentError,
    },
    /// A JSON document of ours is not what it must be.
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        source: JsonError,
    },
    /// A key cannot be used.
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: KeyError,
    },
    /// The trust root cannot be used.
    Root {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: RootError,
    },
    /// An archive cannot be read or written.
    Archive {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ArchiveError,
    },
    /// What was given does not hold, and nothing was made of it.
    Refused {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// What was named cannot be used for what was asked: there is no verdict.
    Unusable {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The input was judged and does not hold, so nothing was written.
    Blocked(Box<Report>),
}

impl Error {
    /// Says what is wrong with an archive, or with the file or disk under it.
    #[must_use]
    pub fn archive(path: &Path, source: ArchiveError) -> Self {
        match source {
            ArchiveError::Source(error) => Self::Tree(error),
            // What the system says about a file is told in one way: a full disk, a lost one.
            ArchiveError::Io(error) => Self::Tree(TreeError::io(path, error)),
            source @ (ArchiveError::DoesNotFit { .. }
            | ArchiveError::Malformed(_)
            | ArchiveError::NotCanonical(_)
            | ArchiveError::OverLimit(_)) => Self::Archive { path: path.to_owned(), source },
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tree(error) => error.fmt(formatter),
            Self::Document { path, source } => write!(formatter, "`{}`: {source}", path.display()),
            Self::Json { path, source } => write!(formatter, "`{}`: {source}", path.display()),
            Self::Key { path, source } => write!(formatter, "key `{}`: {source}", path.display()),
            Self::Root { path, source } => {
                write!(formatter, "trust root `{}`: {source}", path.display())
            }
            Self::Archive { path, source } => write!(formatter, "`{}`: {source}", path.display()),
            Self::Refused { path, problem } | Self::Unusable { path, problem } => {
                write!(formatter, "`{}`: {problem}", path.display())
            }
            Self::Blocked(_) => formatter.write_str("the check did not pass; nothing was written"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Tree(error) => Some(error),
            Self::Document { source, .. } => Some(source),
            Self::Json { source, .. } => Some(source),
            Self::Key { source, .. } => Some(source),
            Self::Root { source, .. } => Some(source),
            Self::Archive { source, .. } => Some(source),
            Self::Refused { .. } | Self::Unusable { .. } | Self::Blocked(_) => None,
        }
    }
}

impl From<TreeError> for Error {
    fn from(error: TreeError) -> Self {
        Self::Tree(error)
    }
}

impl From<ServiceError> for Error {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Unusable { service, problem } => {
                Self::Unusable { path: service.into(), problem }
            }
            ServiceError::Refused { service, problem } => {
                Self::Refused { path: service.into(), problem }
            }
        }
    }
}
