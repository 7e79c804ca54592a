//! Files below one folder: contained, capped, never through a link; and atomic writes.
//!
//! The folder and all in it may be hostile. Every part of a path is opened by itself, relative to
//! the folder before it, and a link is refused wherever it stands; what is not a regular file is
//! refused without being read, so that a pipe never blocks and a device never answers.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};

use crate::digest::{Digest, hash_reader};
use crate::path::RelPath;

/// A folder that files are read from, and nothing outside of it.
#[derive(Debug)]
pub struct Tree {
    folder: OwnedFd,
    path: PathBuf,
}

/// A regular file met below a [`Tree`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path relative to the tree.
    pub path: RelPath,
    /// The size in bytes when it was met.
    pub size: u64,
}

/// Something below a [`Tree`] that is not a regular file with a portable name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oddity {
    /// The path relative to the tree, with escapes for what is not text.
    pub path: String,
    /// What it is.
    pub problem: String,
}

/// All that lies below a folder, sorted by the bytes of the paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The regular files.
    pub files: Vec<Entry>,
    /// Links, pipes, devices, and files whose names are not portable.
    pub oddities: Vec<Oddity>,
}

/// The most files that one listing holds.
const MAX_FILES: usize = 1_000_000;
/// The deepest nesting of folders.
const MAX_DEPTH: usize = 64;

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
        let shown = self.path.join(path.as_str());
        let mut folder: Option<OwnedFd> = None;
        let mut parts = path.parts().peekable();
        while let Some(part) = parts.next() {
            let at = folder.as_ref().map_or(self.folder.as_fd(), AsFd::as_fd);
            if parts.peek().is_some() {
                let next = open_folder(at, part).map_err(|error| refusal(&shown, error))?;
                folder = Some(next);
                continue;
            }
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let file = rustix::fs::openat(at, part, flags, Mode::empty())
                .map_err(|error| refusal(&shown, error))?;
            return regular(File::from(file), &shown);
        }
        unreachable!("a RelPath has at least one part")
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

    /// Hashes a regular file without holding it, and notices when it changes meanwhile.
    ///
    /// # Errors
    ///
    /// As [`Tree::file`], and when the file changed while it was read.
    pub fn hash(&self, path: &RelPath, buffer: &mut [u8]) -> Result<(Digest, u64), TreeError> {
        let shown = self.path.join(path.as_str());
        let (mut file, _) = self.file(path)?;
        let before = Fingerprint::of(&file, &shown)?;
        let hashed =
            hash_reader(&mut file, buffer).map_err(|error| TreeError::io(&shown, error))?;
        before.unchanged(&file, hashed.1, &shown)?;
        Ok(hashed)
    }

    /// Hashes many files on all cores, the largest first; answers in the order asked.
    ///
    /// # Errors
    ///
    /// As [`Tree::hash`], for the first file in the order asked that gives one.
    pub fn hash_all(&self, files: &[Entry]) -> Result<Vec<(Digest, u64)>, TreeError> {
        let workers =
            std::thread::available_parallelism().map_or(1, usize::from).min(files.len().max(1));
        let mut order: Vec<usize> = (0..files.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(files[*index].size));
        let next = std::sync::atomic::AtomicUsize::new(0);
        let work = || {
            let mut buffer = vec![0; 256 << 10];
            let mut done = Vec::new();
            while let Some(index) =
                order.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
            {
                done.push((*index, self.hash(&files[*index].path, &mut buffer)));
            }
            done
        };
        let mut hashed: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().expect("hashing does not panic"))
                .collect()
        });
        hashed.sort_by_key(|(index, _)| *index);
        hashed.into_iter().map(|(_, result)| result).collect()
    }

    /// Tells whether a regular file lies at the path.
    #[must_use]
    pub fn has_file(&self, path: &RelPath) -> bool {
        self.file(path).is_ok()
    }

    /// Lists all regular files below a folder of the tree (`None`: the tree itself), sorted.
    ///
    /// # Errors
    ///
    /// When a folder cannot be read, or there are more files or levels than a release has.
    pub fn list(&self, below: Option<&RelPath>) -> Result<Listing, TreeError> {
        let mut listing = Listing::default();
        let prefix = below.map(|path| format!("{path}/")).unwrap_or_default();
        let mut folder = open_folder(&self.folder, ".")
            .map_err(|error| TreeError::io(&self.path, error.into()))?;
        for part in below.iter().flat_map(|path| path.parts()) {
            folder = open_folder(&folder, part)
                .map_err(|error| refusal(&self.path.join(&prefix), error))?;
        }
        self.list_folder(&folder, &prefix, 0, &mut listing)?;
        listing.files.sort_by(|a, b| a.path.cmp(&b.path));
        listing.oddities.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(listing)
    }

    fn list_folder(
        &self,
        folder: &OwnedFd,
        prefix: &str,
        depth: usize,
        listing: &mut Listing,
    ) -> Result<(), TreeError> {
        let here = self.path.join(prefix);
        let entries = Dir::read_from(folder).map_err(|error| TreeError::io(&here, error.into()))?;
        for entry in entries {
            let entry = entry.map_err(|error| TreeError::io(&here, error.into()))?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            if depth > MAX_DEPTH || listing.files.len() + listing.oddities.len() >= MAX_FILES {
                return Err(TreeError::TooMany { path: here });
            }
            let shown = format!("{prefix}{}", OsStr::from_bytes(name).display());
            let stat = rustix::fs::statat(folder, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)
                .map_err(|error| TreeError::io(&self.path.join(&shown), error.into()))?;
            let odd = |problem: String| Oddity { path: shown.escape_debug().to_string(), problem };
            match FileType::from_raw_mode(stat.st_mode) {
                // Below a name that cannot be written down, files would be listed under another
                // folder's name.
                FileType::Directory if std::str::from_utf8(name).is_err() => {
                    listing.oddities.push(odd("its name is not UTF-8 text".to_owned()));
                }
                FileType::Directory => {
                    let next = open_folder(folder, entry.file_name())
                        .map_err(|error| TreeError::io(&self.path.join(&shown), error.into()))?;
                    self.list_folder(&next, &format!("{shown}/"), depth + 1, listing)?;
                }
                FileType::RegularFile => match std::str::from_utf8(name) {
                    Ok(name) => match format!("{prefix}{name}").parse() {
                        Ok(path) => listing.files.push(Entry { path, size: size_of(&stat) }),
                        Err(error) => listing.oddities.push(odd(format!("{error}"))),
                    },
                    Err(_) => listing.oddities.push(odd("its name is not UTF-8 text".to_owned())),
                },
                other @ (FileType::Symlink
                | FileType::Fifo
                | FileType::Socket
                | FileType::CharacterDevice
                | FileType::BlockDevice
                | FileType::Unknown) => listing.oddities.push(odd(kind_of(other).to_owned())),
            }
        }
        Ok(())
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

fn regular(file: File, path: &Path) -> Result<(File, u64), TreeError> {
    let stat =
        rustix::fs::fstat(&file).map_err(|error| TreeError::io(path, io::Error::from(error)))?;
    let file_type = FileType::from_raw_mode(stat.st_mode);
    if file_type == FileType::RegularFile {
        return Ok((file, size_of(&stat)));
    }
    Err(TreeError::NotRegular { path: path.to_owned(), found: kind_of(file_type) })
}

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
    regular(File::from(file), path)
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
    let (file, size) = regular(File::from(file), path)?;
    let stat =
        rustix::fs::fstat(&file).map_err(|error| TreeError::io(path, io::Error::from(error)))?;
    let mode = stat.st_mode & 0o777;
    if mode & 0o077 != 0 {
        return Err(TreeError::Exposed { path: path.to_owned(), mode });
    }
    read_capped(file, size, limit, path)
}

fn read_capped(file: File, size: u64, limit: usize, path: &Path) -> Result<Vec<u8>, TreeError> {
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

/// What tells that a file is still the one that was opened.
#[derive(PartialEq, Eq)]
pub struct Fingerprint {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Fingerprint {
    /// Takes the fingerprint of an open file.
    ///
    /// # Errors
    ///
    /// When the system does not answer.
    #[expect(clippy::useless_conversion, reason = "the fields differ in width between systems")]
    pub fn of(file: &File, path: &Path) -> Result<Self, TreeError> {
        let stat =
            rustix::fs::fstat(file).map_err(|error| TreeError::io(path, io::Error::from(error)))?;
        let nanoseconds = |number| i64::try_from(number).unwrap_or_default();
        Ok(Self {
            size: size_of(&stat),
            modified: (i64::from(stat.st_mtime), nanoseconds(stat.st_mtime_nsec)),
            changed: (i64::from(stat.st_ctime), nanoseconds(stat.st_ctime_nsec)),
        })
    }

    /// Holds when the file is as it was and `read` bytes were all it has.
    ///
    /// # Errors
    ///
    /// [`TreeError::Changed`] when somebody wrote to the file meanwhile.
    pub fn unchanged(&self, file: &File, read: u64, path: &Path) -> Result<(), TreeError> {
        if Self::of(file, path)? == *self && read == self.size {
            Ok(())
        } else {
            Err(TreeError::Changed { path: path.to_owned() })
        }
    }
}

/// Writes a file so that at any moment its name holds the old bytes or all of the new ones.
///
/// `mode` is set whatever the umask says.
///
/// # Errors
///
/// When the bytes cannot be written, brought to the disk, or put under the name.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> Result<(), TreeError> {
    let mut file = AtomicFile::create(path, mode)?;
    file.write_all(bytes).map_err(|error| TreeError::io(path, error))?;
    file.commit()
}

/// A file that takes its final name only when it is whole.
pub struct AtomicFile {
    file: tempfile::NamedTempFile,
    path: PathBuf,
}

/// How the names of unfinished files begin.
pub const UNFINISHED_PREFIX: &str = ".countersign-unfinished-";

impl AtomicFile {
    /// Begins a file beside its final place.
    ///
    /// # Errors
    ///
    /// When the folder does not take files, or something other than a file has the name: a link or
    /// a device (`/dev/stdout`, `/dev/full`) would be gone, and a file in its place.
    pub fn create(path: &Path, mode: u32) -> Result<Self, TreeError> {
        use std::os::unix::fs::PermissionsExt;
        if let Ok(stat) = rustix::fs::lstat(path) {
            let found = FileType::from_raw_mode(stat.st_mode);
            if found != FileType::RegularFile {
                let found = kind_of(found);
                return Err(TreeError::NotRegular { path: path.to_owned(), found });
            }
        }
        let file = tempfile::Builder::new()
            .prefix(UNFINISHED_PREFIX)
            .tempfile_in(folder_of(path))
            .map_err(|error| TreeError::io(path, error))?;
        // By the open file, not by name: the umask does not count.
        file.as_file()
            .set_permissions(fs::Permissions::from_mode(mode))
            .map_err(|error| TreeError::io(path, error))?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Brings the bytes to the disk and gives the file its name.
    ///
    /// # Errors
    ///
    /// When the disk does not take them; the name then holds what it held before.
    pub fn commit(self) -> Result<(), TreeError> {
        let path = self.path;
        self.file.as_file().sync_all().map_err(|error| TreeError::io(&path, error))?;
        self.file.persist(&path).map_err(|error| TreeError::io(&path, error.error))?;
        sync_folder(folder_of(&path))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Brings a folder's names to the disk.
///
/// # Errors
///
/// When the disk does not take them.
pub fn sync_folder(folder: &Path) -> Result<(), TreeError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| TreeError::io(folder, error))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

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
        | Self::Exposed { path, .. }) = self;
        write!(formatter, "`{}`{}", path.display(), self.after_path())
    }
}

impl std::error::Error for TreeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Io { source, .. } = self { Some(source) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

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

    #[test]
    fn files_below_an_unreadable_name_do_not_hide_behind_another_folder() {
        let folder = tempfile::tempdir().unwrap();
        for name in [b"\xef\xbf\xbd".as_slice(), b"\xff"] {
            let below = folder.path().join(OsStr::from_bytes(name));
            fs::create_dir(&below).unwrap();
            fs::write(below.join("file"), "x").unwrap();
        }
        let listing = Tree::open(folder.path()).unwrap().list(None).unwrap();
        assert_eq!(listing.files, [Entry { path: path("\u{fffd}/file"), size: 1 }]);
        assert_eq!(listing.oddities.len(), 1);
        assert_eq!(listing.oddities[0].problem, "its name is not UTF-8 text");
    }

    #[test]
    fn a_write_leaves_the_old_file_or_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        write_atomic(&target, b"old", 0o644).unwrap();
        let mut unfinished = AtomicFile::create(&target, 0o600).unwrap();
        unfinished.write_all(b"ne").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"old");
        drop(unfinished);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        write_atomic(&target, b"new", 0o600).unwrap();
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(write_atomic(folder.path(), b"x", 0o600).is_err());
        symlink("file", folder.path().join("link")).unwrap();
        assert!(write_atomic(&folder.path().join("link"), b"x", 0o600).is_err());
        assert!(folder.path().join("link").is_symlink());
    }

    #[test]
    fn a_file_that_grows_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        fs::write(&target, "x").unwrap();
        let (file, _) = open_named(&target).unwrap();
        let before = Fingerprint::of(&file, &target).unwrap();
        assert!(before.unchanged(&file, 1, &target).is_ok());
        fs::write(&target, "xy").unwrap();
        assert!(matches!(before.unchanged(&file, 1, &target), Err(TreeError::Changed { .. })));
    }
}
