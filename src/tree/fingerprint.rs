//! What tells that a file was not written to while it was read.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::Stat;

use super::{TreeError, size_of};

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
    pub fn of(file: &File, path: &Path) -> Result<Self, TreeError> {
        let stat =
            rustix::fs::fstat(file).map_err(|error| TreeError::io(path, io::Error::from(error)))?;
        Ok(Self::from_stat(&stat))
    }

    /// Takes the fingerprint from what the system said of an open file.
    #[expect(clippy::useless_conversion, reason = "the fields differ in width between systems")]
    pub(super) fn from_stat(stat: &Stat) -> Self {
        let nanoseconds = |number| i64::try_from(number).unwrap_or_default();
        Self {
            size: size_of(stat),
            modified: (i64::from(stat.st_mtime), nanoseconds(stat.st_mtime_nsec)),
            changed: (i64::from(stat.st_ctime), nanoseconds(stat.st_ctime_nsec)),
        }
    }

    /// Returns the size that the file had.
    pub(super) fn size(&self) -> u64 {
        self.size
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::open_named;
    use super::*;

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
