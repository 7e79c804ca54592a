//! A release directory that has no name yet.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::digest::{Digest, HashingWriter};
use crate::path::RelPath;
use crate::pipeline::Error;
use crate::tree::{self, Fingerprint, Tree, TreeError, UnnamedFolder};

/// A release directory that has no name yet. Dropped before it is committed, it is removed.
pub(super) struct Staging {
    folder: UnnamedFolder,
}

impl Staging {
    pub(super) fn begin(out: &Path) -> Result<Self, Error> {
        if let Ok(mut entries) = fs::read_dir(out)
            && entries.next().is_some()
        {
            let problem = "is not empty; remove it or name another directory".to_owned();
            return Err(Error::Unusable { path: out.to_owned(), problem });
        }
        let name = out.file_name().ok_or_else(|| Error::Unusable {
            path: out.to_owned(),
            problem: "is not the name of a directory to make".to_owned(),
        })?;
        let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or_else(|| Path::new("."));
        if parent.exists() && !parent.is_dir() {
            let problem = format!("lies below `{}`, which is not a folder", parent.display());
            return Err(Error::Unusable { path: out.to_owned(), problem });
        }
        fs::create_dir_all(parent).map_err(|error| TreeError::io(out, error))?;
        let folder = UnnamedFolder::begin(parent, &name.to_string_lossy())
            .map_err(|error| TreeError::io(out, error))?;
        Ok(Self { folder })
    }

    /// Returns where the directory lies until it has its name.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn path(&self, path: &RelPath) -> PathBuf {
        self.folder().join(path.as_str())
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        Ok(tree::write_atomic(&self.folder().join(name), bytes, 0o644)?)
    }

    pub(super) fn create(&self, path: &Path) -> Result<File, TreeError> {
        use std::os::unix::fs::PermissionsExt;
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| TreeError::io(parent, error))?;
        }
        let file = File::create_new(path).map_err(|error| TreeError::io(path, error))?;
        // By the open file, so that the umask does not count.
        file.set_permissions(fs::Permissions::from_mode(0o644))
            .map_err(|error| TreeError::io(path, error))?;
        Ok(file)
    }

    pub(super) fn copy(&self, tree: &Tree, path: &RelPath) -> Result<(Digest, u64), Error> {
        let shown = tree.path().join(path.as_str());
        let target = self.path(path);
        let (mut file, _) = tree.file(path)?;
        let before = Fingerprint::of(&file, &shown)?;
        let mut out = HashingWriter::new(self.create(&target)?);
        let mut buffer = vec![0; 256 << 10];
        loop {
            let count = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(TreeError::io(&shown, error).into()),
            };
            out.write_all(&buffer[..count]).map_err(|error| TreeError::io(&target, error))?;
        }
        let (digest, size, copy) = out.finish();
        copy.sync_all().map_err(|error| TreeError::io(&target, error))?;
        before.unchanged(&file, size, &shown)?;
        Ok((digest, size))
    }

    /// Gives the directory its name: all of it at once, or none of it.
    pub(super) fn commit(self, out: &Path) -> Result<(), Error> {
        settle(self.folder())?;
        self.folder.give_name(out).map_err(|error| TreeError::io(out, error))?;
        let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
        Ok(tree::sync_folder(parent.unwrap_or_else(|| Path::new(".")))?)
    }
}

/// Gives a folder and those in it their mode, whatever the umask says, and brings their names to
/// the disk.
fn settle(folder: &Path) -> Result<(), TreeError> {
    use std::os::unix::fs::PermissionsExt;
    let io = |error| TreeError::io(folder, error);
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        if entry.file_type().map_err(io)?.is_dir() {
            settle(&entry.path())?;
        }
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).map_err(io)?;
    tree::sync_folder(folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn folders_of_artifacts_do_not_take_their_mode_from_the_umask() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("dist");
        let staging = Staging::begin(&out).unwrap();
        staging.create(&staging.path(&"a/b/c".parse().unwrap())).unwrap();
        // As umask 000 and 077 leave them.
        for (path, mode) in [("a", 0o777), ("a/b", 0o700)] {
            let path = staging.folder().join(path);
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        staging.commit(&out).unwrap();
        for (path, mode) in [("", 0o755), ("a", 0o755), ("a/b", 0o755), ("a/b/c", 0o644)] {
            let found = fs::metadata(out.join(path)).unwrap().permissions().mode() & 0o777;
            assert_eq!(found, mode, "{path:?}: {found:o}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
