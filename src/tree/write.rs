//! Atomic writes: under a name lies the old file or the new one, at any moment.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use super::{TreeError, kind_of, unfinished};

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
        let file =
            unfinished::begin_file(folder_of(path)).map_err(|error| TreeError::io(path, error))?;
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

    /// As [`AtomicFile::commit`], for a name that nothing may have yet.
    ///
    /// # Errors
    ///
    /// When something has the name, or the disk does not take the bytes.
    pub fn commit_new(self) -> Result<(), TreeError> {
        let path = self.path;
        self.file.as_file().sync_all().map_err(|error| TreeError::io(&path, error))?;
        self.file.persist_noclobber(&path).map_err(|error| TreeError::io(&path, error.error))?;
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

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
        let unfinished = AtomicFile::create(&folder.path().join("late"), 0o644).unwrap();
        fs::write(folder.path().join("late"), "first").unwrap();
        assert!(unfinished.commit_new().is_err());
        assert_eq!(fs::read(folder.path().join("late")).unwrap(), b"first");
    }
}
