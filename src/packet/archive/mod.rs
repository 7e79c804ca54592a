//! The canonical archive: ustar in one gzip member, in exactly one form.
//!
//! ustar (POSIX.1-1988): members sorted by the bytes of their names, mode 0644, owner 0, no owner
//! names, time 0, device fields empty, regular files only, no PAX or GNU records, 10,240-byte
//! records. Python's `tarfile` writes the same bytes with `USTAR_FORMAT` and those values.
//!
//! gzip (RFC 1952): one member, the fixed header below, nothing after it. The data is cut into
//! blocks of a fixed size, each compressed by itself with the 32 KiB before it as a dictionary, so
//! that the bytes do not depend on the number of threads.

mod header;
mod read;
mod write;

use std::fmt;
use std::io::{self, Read};

use crate::digest::Digest;
use crate::path::RelPath;
use crate::tree::TreeError;

pub use read::unpack;
pub use write::pack;

const BLOCK: usize = 512;
const RECORD: u64 = 10_240;
/// The largest member that ustar's eleven octal digits can tell.
pub const MAX_MEMBER_BYTES: u64 = 0o77_777_777_777;
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// How much data is compressed by itself.
const CHUNK: usize = 256 << 10;
const WINDOW: usize = 32 << 10;
/// How many chunks wait between two threads.
const AHEAD: usize = 8;

/// Where a member's bytes come from.
pub enum MemberSource<'a> {
    /// Bytes in memory.
    Bytes(Vec<u8>),
    /// A file, opened when its turn comes; it must hold exactly `size` bytes.
    File {
        /// Opens the file.
        open: Box<dyn FnOnce() -> Result<Box<dyn Read>, TreeError> + 'a>,
        /// Its size in bytes.
        size: u64,
    },
}

/// A member that was written: its name, its digest, its size in bytes.
pub type Member = (RelPath, Digest, u64);

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The digest of the compressed archive.
    pub sha256: Digest,
    /// The size of the compressed archive, in bytes.
    pub size: u64,
    /// The digest of the archive inside.
    pub tar_sha256: Digest,
    /// The digest of every member, in order.
    pub members: Vec<Member>,
}

/// Why an archive could not be written or was refused.
#[derive(Debug)]
#[non_exhaustive]
pub enum ArchiveError {
    /// A source could not be read.
    Source(TreeError),
    /// The archive itself could not be read or written.
    Io(io::Error),
    /// A member's name or size does not fit ustar.
    DoesNotFit {
        /// The member.
        path: String,
        /// What does not fit.
        problem: &'static str,
    },
    /// Not one gzip member that holds one tar archive.
    Malformed(String),
    /// Readable, and not in the canonical form.
    NotCanonical(String),
    /// More than is allowed.
    OverLimit(String),
}

impl fmt::Display for ArchiveError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(error) => error.fmt(formatter),
            Self::Io(error) => error.fmt(formatter),
            Self::DoesNotFit { path, problem } => write!(formatter, "`{path}`: {problem}"),
            Self::Malformed(problem) | Self::NotCanonical(problem) | Self::OverLimit(problem) => {
                formatter.write_str(problem)
            }
        }
    }
}

impl std::error::Error for ArchiveError {}

impl From<io::Error> for ArchiveError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// How much of an archive is read before it is refused.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest compressed archive, in bytes.
    pub packed_bytes: u64,
    /// The largest archive inside, in bytes.
    pub unpacked_bytes: u64,
    /// The most members.
    pub members: u32,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// The digest of the compressed archive.
    pub sha256: Digest,
    /// The size of the compressed archive, in bytes.
    pub size: u64,
    /// The digest of the archive inside.
    pub tar_sha256: Digest,
}

#[cfg(test)]
mod tests {
    use super::write::{compress, is_incompressible};
    use super::*;

    /// Bytes of every kind: runs, text, and what does not compress.
    fn mixed(length: usize) -> Vec<u8> {
        let mut bytes = vec![7; length / 3];
        while bytes.len() < length * 2 / 3 {
            bytes.extend_from_slice(format!("line {}\n", bytes.len()).as_bytes());
        }
        let mut block = Digest::of(b"seed");
        while bytes.len() < length {
            bytes.extend_from_slice(block.as_bytes());
            block = Digest::of(block.as_bytes());
        }
        bytes.truncate(length);
        bytes
    }

    const LIMITS: Limits = Limits { packed_bytes: 1 << 30, unpacked_bytes: 1 << 30, members: 100 };

    #[test]
    fn what_is_packed_comes_out_again() {
        let sizes = [0, 1, 511, 512, 513, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 5_000_000];
        let members: Vec<(RelPath, Vec<u8>)> = sizes
            .iter()
            .enumerate()
            .map(|(index, size)| (format!("member-{index:02}").parse().unwrap(), mixed(*size)))
            .collect();
        let mut sources =
            members.iter().map(|(path, bytes)| (path.clone(), MemberSource::Bytes(bytes.clone())));
        let mut file = Vec::new();
        let packed = pack(&mut file, |_| sources.next()).unwrap();
        assert_eq!(packed.sha256, Digest::of(&file));
        let mut seen = Vec::new();
        let unpacked = unpack(file.as_slice(), LIMITS, |path, size, bytes| {
            let mut whole = Vec::new();
            bytes.read_to_end(&mut whole)?;
            assert_eq!(whole.len() as u64, size);
            seen.push((path.clone(), whole));
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, members);
        assert_eq!((unpacked.sha256, unpacked.tar_sha256), (packed.sha256, packed.tar_sha256));
    }

    #[test]
    fn data_that_does_not_compress_is_stored() {
        let random = mixed(9 * CHUNK)[7 * CHUNK..8 * CHUNK].to_vec();
        assert!(is_incompressible(&random));
        assert!(!is_incompressible(&mixed(CHUNK)[..CHUNK / 3]));
        let compressed = compress(&random, &[], true);
        assert!(compressed.deflated.len() < random.len() + 64);
    }

    #[test]
    fn a_missing_tail_is_noticed_wherever_it_is_cut() {
        let mut file = Vec::new();
        let mut sources = [("a".parse().unwrap(), MemberSource::Bytes(mixed(100_000)))].into_iter();
        pack(&mut file, |_| sources.next()).unwrap();
        for length in (0..file.len()).step_by(997) {
            let cut = unpack(&file[..length], LIMITS, |_, _, _| Ok(()));
            assert!(matches!(cut, Err(ArchiveError::Malformed(_))), "{length}: {cut:?}");
        }
    }
}
