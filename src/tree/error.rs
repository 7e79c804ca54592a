//! Why a file could not be read or written.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use super::listing::{MAX_DEPTH, MAX_FILES};

/// Why a file could not be read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum TreeError {
    /// The system refused.
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A link, pipe, socket, device or folder where a regular file is expected.
    NotRegular {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// The file is larger than what is read.
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most bytes that are read.
        limit: usize,
    },
    /// The folder holds more files or levels than are read.
    TooMany {
        /// The folder.
        path: PathBuf,
    },
    /// The file was written to while it was read.
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// Another process has it, and does not give it back.
    Locked {
        /// The file that is locked.
        path: PathBuf,
    },
    /// A secret that others may read or write.
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

impl TreeError {
    /// Wraps what the system said about a file.
    #[must_use]
    pub fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    /// Tells whether the file is simply not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// Tells whether what lies there is at fault, and not the system: no regular file, or one that
    /// is too large to be what it is named as.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::NotRegular { .. } | Self::TooLarge { .. })
    }

    /// Says what is wrong without saying where: for findings, whose place is relative to the root.
    /// Where the root lies would make two reports of one tree differ.
    #[must_use]
    pub fn problem(&self) -> String {
        self.after_path().trim_start_matches([':', ' ']).to_owned()
    }

    fn after_path(&self) -> String {
        match self {
            Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                " does not exist".to_owned()
            }
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                ": the disk is full".to_owned()
            }
            Self::Io { source, .. } => format!(": {source}"),
            Self::NotRegular { found, .. } => format!(" is {found}; expected a regular file"),
            Self::TooLarge { limit, .. } => format!(" is larger than the limit of {limit} bytes"),
            Self::TooMany { .. } => {
                format!(" holds more than {MAX_FILES} files or {MAX_DEPTH} levels of folders")
            }
            Self::Exposed { mode, .. } => {
                format!(" has mode {mode:04o}: others may use the secret in it; run `chmod 600`")
            }
            Self::Locked { .. } => {
                " is held by another run of countersign; wait for it, or end it".to_owned()
            }
            Self::Changed { .. } => {
                " changed while it was read; stop what writes it and start again".to_owned()
            }
        }
    }
}

impl fmt::Display for TreeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Io { path, .. }
        | Self::NotRegular { path, .. }
        | Self::TooLarge { path, .. }
        | Self::TooMany { path }
        | Self::Changed { path }
        | Self::Locked { path }
        | Self::Exposed { path, .. }) = self;
        write!(formatter, "`{}`{}", path.display(), self.after_path())
    }
}

impl std::error::Error for TreeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Io { source, .. } = self { Some(source) } else { None }
    }
}
