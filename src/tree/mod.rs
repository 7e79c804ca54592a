//! Files below one folder: contained, capped, never through a link; and atomic writes.
//!
//! The folder and all in it may be hostile. Every part of a path is opened by itself, relative to
//! the folder before it, and a link is refused wherever it stands; what is not a regular file is
//! refused without being read, so that a pipe never blocks and a device never answers.

mod error;
mod fingerprint;
mod hash;
mod listing;
mod lock;
mod named;
mod opener;
mod unfinished;
mod write;

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, Stat};

use crate::path::RelPath;

pub use error::TreeError;
pub use fingerprint::Fingerprint;
pub use listing::{Entry, Listing, Oddity};
pub use lock::{FolderLock, Lock};
pub use named::{open_named, read_named, read_private};
pub use unfinished::{UnnamedFolder, sweep};
pub use write::{AtomicFile, sync_folder, write_atomic};

use named::read_capped;
use opener::Opener;

/// A folder that files are read from, and nothing outside of it.
#[derive(Debug)]
pub struct Tree {
    folder: OwnedFd,
    path: PathBuf,
}

impl Tree {
    /// Opens a folder. The path to the folder itself is the caller's and may pass through links.
    ///
    /// # Errors
    ///
    /// When the folder is missing, unreadable or not a folder.
    pub fn open(path: &Path) -> Result<Self, TreeError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(path, flags, Mode::empty())
            .map_err(|error| TreeError::io(path, error.into()))?;
        Ok(Self { folder, path: path.to_owned() })
    }

    /// Returns the path that the tree was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a regular file.
    ///
    /// # Errors
    ///
    /// When it is missing, unreadable, behind a link, or anything but a regular file.
    pub fn file(&self, path: &RelPath) -> Result<(File, u64), TreeError> {
        let (file, stat) = Opener::new(self).open(path)?;
        Ok((file, size_of(&stat)))
    }

    /// Reads a regular file whole.
    ///
    /// # Errors
    ///
    /// As [`Tree::file`], and when it holds more than `limit` bytes.
    pub fn read(&self, path: &RelPath, limit: usize) -> Result<Vec<u8>, TreeError> {
        let (file, size) = self.file(path)?;
        read_capped(file, size, limit, &self.path.join(path.as_str()))
    }

    /// Tells whether a regular file lies at the path.
    #[must_use]
    pub fn has_file(&self, path: &RelPath) -> bool {
        self.file(path).is_ok()
    }
}

/// Opens a folder in a folder, never through a link.
fn open_folder(at: impl AsFd, name: impl rustix::path::Arg) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(at, name, flags, Mode::empty())
}

fn size_of(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

fn kind_of(file_type: FileType) -> &'static str {
    match file_type {
        FileType::RegularFile => "a regular file",
        FileType::Directory => "a folder",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a named pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice => "a character device",
        FileType::BlockDevice => "a block device",
        FileType::Unknown => "of an unknown kind",
    }
}

fn refusal(path: &Path, error: rustix::io::Errno) -> TreeError {
    use rustix::io::Errno;
    if error == Errno::LOOP || error == Errno::MLINK || error == Errno::NOTDIR {
        let found = "a symbolic link, or a file where a folder is expected";
        return TreeError::NotRegular { path: path.to_owned(), found };
    }
    if error == Errno::NXIO {
        return TreeError::NotRegular { path: path.to_owned(), found: "a pipe or socket" };
    }
    TreeError::io(path, error.into())
}

fn regular(file: File, path: &Path) -> Result<(File, Stat), TreeError> {
    let stat =
        rustix::fs::fstat(&file).map_err(|error| TreeError::io(path, io::Error::from(error)))?;
    let file_type = FileType::from_raw_mode(stat.st_mode);
    if file_type == FileType::RegularFile {
        return Ok((file, stat));
    }
    Err(TreeError::NotRegular { path: path.to_owned(), found: kind_of(file_type) })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn path(text: &str) -> RelPath {
        text.parse().unwrap()
    }

    #[test]
    fn links_and_pipes_are_refused_wherever_they_stand() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("real")).unwrap();
        fs::write(folder.path().join("real/file"), "x").unwrap();
        symlink("real", folder.path().join("link")).unwrap();
        symlink("real/file", folder.path().join("direct")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            folder.path().join("pipe"),
            FileType::Fifo,
            Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        let tree = Tree::open(folder.path()).unwrap();
        assert_eq!(tree.read(&path("real/file"), 10).unwrap(), b"x");
        for refused in ["link/file", "direct", "pipe", "real", "real/file/x"] {
            let error = tree.read(&path(refused), 10).unwrap_err();
            assert!(matches!(error, TreeError::NotRegular { .. }), "{refused}: {error}");
        }
        assert!(tree.read(&path("none"), 10).unwrap_err().is_not_found());
        assert!(matches!(tree.read(&path("real/file"), 0), Err(TreeError::TooLarge { .. })));
        let listing = tree.list(None).unwrap();
        assert_eq!(listing.files, [Entry { path: path("real/file"), size: 1 }]);
        let odd: Vec<_> = listing.oddities.iter().map(|odd| odd.path.as_str()).collect();
        assert_eq!(odd, ["direct", "link", "pipe"]);
    }
}
