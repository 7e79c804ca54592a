//! Files that the user named, wherever they lie.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::{TreeError, refusal, regular, size_of};

/// Opens one regular file that the user named, wherever it lies. Links are followed: the path is
/// the user's own.
///
/// # Errors
///
/// When it is missing, unreadable or anything but a regular file.
pub fn open_named(path: &Path) -> Result<(File, u64), TreeError> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file =
        rustix::fs::open(path, flags, Mode::empty()).map_err(|error| refusal(path, error))?;
    let (file, stat) = regular(File::from(file), path)?;
    Ok((file, size_of(&stat)))
}

/// Reads one file that the user named, whole.
///
/// # Errors
///
/// As [`open_named`], and when it holds more than `limit` bytes.
pub fn read_named(path: &Path, limit: usize) -> Result<Vec<u8>, TreeError> {
    let (file, size) = open_named(path)?;
    read_capped(file, size, limit, path)
}

/// Reads a file that only its owner may read: a private key or a passphrase.
///
/// # Errors
///
/// As [`read_named`], and when the file is a link or others may read or write it.
pub fn read_private(path: &Path, limit: usize) -> Result<Vec<u8>, TreeError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file =
        rustix::fs::open(path, flags, Mode::empty()).map_err(|error| refusal(path, error))?;
    let (file, stat) = regular(File::from(file), path)?;
    let mode = stat.st_mode & 0o777;
    if mode & 0o077 != 0 {
        return Err(TreeError::Exposed { path: path.to_owned(), mode });
    }
    read_capped(file, size_of(&stat), limit, path)
}

pub(super) fn read_capped(
    file: File,
    size: u64,
    limit: usize,
    path: &Path,
) -> Result<Vec<u8>, TreeError> {
    let too_large = || TreeError::TooLarge { path: path.to_owned(), limit };
    let size = usize::try_from(size).map_err(|_| too_large())?;
    if size > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(size);
    let cap = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    file.take(cap).read_to_end(&mut bytes).map_err(|error| TreeError::io(path, error))?;
    if bytes.len() > limit { Err(too_large()) } else { Ok(bytes) }
}
