//! What lies below a folder: regular files, and what is none.

use std::ffi::{CStr, OsStr};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{AtFlags, Dir, FileType};

use super::unfinished::is_at_work;
use super::{Tree, TreeError, kind_of, open_folder, refusal, size_of};
use crate::path::RelPath;

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
pub(super) const MAX_FILES: usize = 1_000_000;
/// The deepest nesting of folders.
pub(super) const MAX_DEPTH: usize = 64;

/// What a walk does with a regular file: its path, the folder that holds it, its name there.
type Found<'a> = dyn FnMut(RelPath, &OwnedFd, &CStr) -> Result<(), TreeError> + 'a;

impl Tree {
    /// Lists all regular files below a folder of the tree (`None`: the tree itself), sorted.
    ///
    /// # Errors
    ///
    /// When a folder cannot be read, or there are more files or levels than a release has.
    pub fn list(&self, below: Option<&RelPath>) -> Result<Listing, TreeError> {
        let mut files = Vec::new();
        let oddities = self.walk(below, &mut |path, folder, name| {
            let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
                .map_err(|error| TreeError::io(&self.path.join(path.as_str()), error.into()))?;
            files.push(Entry { path, size: size_of(&stat) });
            Ok(())
        })?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Listing { files, oddities })
    }

    /// Lists all regular files of the tree by their paths alone, sorted, and what is none: nothing is
    /// asked of a file but what its folder says.
    ///
    /// # Errors
    ///
    /// As [`Tree::list`].
    pub fn list_paths(&self) -> Result<(Vec<RelPath>, Vec<Oddity>), TreeError> {
        let mut paths = Vec::new();
        let oddities = self.walk(None, &mut |path, _, _| {
            paths.push(path);
            Ok(())
        })?;
        paths.sort();
        Ok((paths, oddities))
    }

    /// Shows every regular file to `found` and returns what is none, sorted.
    fn walk(
        &self,
        below: Option<&RelPath>,
        found: &mut Found<'_>,
    ) -> Result<Vec<Oddity>, TreeError> {
        let prefix = below.map(|path| format!("{path}/")).unwrap_or_default();
        let mut folder = open_folder(&self.folder, ".")
            .map_err(|error| TreeError::io(&self.path, error.into()))?;
        for part in below.iter().flat_map(|path| path.parts()) {
            folder = open_folder(&folder, part)
                .map_err(|error| refusal(&self.path.join(&prefix), error))?;
        }
        let mut walk = Walk { tree: self, found, count: 0, oddities: Vec::new() };
        walk.folder(&folder, &prefix, 0)?;
        walk.oddities.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(walk.oddities)
    }
}

struct Walk<'a, 'b> {
    tree: &'a Tree,
    found: &'a mut Found<'b>,
    count: usize,
    oddities: Vec<Oddity>,
}

impl Walk<'_, '_> {
    fn folder(&mut self, folder: &OwnedFd, prefix: &str, depth: usize) -> Result<(), TreeError> {
        let here = self.tree.path.join(prefix);
        let entries = Dir::read_from(folder).map_err(|error| TreeError::io(&here, error.into()))?;
        for entry in entries {
            let entry = entry.map_err(|error| TreeError::io(&here, error.into()))?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            if depth > MAX_DEPTH || self.count >= MAX_FILES {
                return Err(TreeError::TooMany { path: here });
            }
            if is_at_work(folder, entry.file_name()) {
                continue;
            }
            let mut kind = entry.file_type();
            if kind == FileType::Unknown {
                kind = self.ask(folder, prefix, entry.file_name())?;
            }
            let text = std::str::from_utf8(name);
            match (kind, text) {
                (FileType::Directory, Ok(name)) => {
                    let shown = format!("{prefix}{name}");
                    let next = open_folder(folder, entry.file_name()).map_err(|error| {
                        TreeError::io(&self.tree.path.join(&shown), error.into())
                    })?;
                    self.folder(&next, &format!("{shown}/"), depth + 1)?;
                }
                (FileType::RegularFile, Ok(text)) => match format!("{prefix}{text}").parse() {
                    Ok(path) => {
                        self.count += 1;
                        (self.found)(path, folder, entry.file_name())?;
                    }
                    Err(error) => self.odd(prefix, name, &format!("{error}")),
                },
                // Below a name that cannot be written down, files would be listed under another
                // folder's name.
                (FileType::Directory | FileType::RegularFile, Err(_)) => {
                    self.odd(prefix, name, "its name is not UTF-8 text");
                }
                (
                    other @ (FileType::Symlink
                    | FileType::Fifo
                    | FileType::Socket
                    | FileType::CharacterDevice
                    | FileType::BlockDevice
                    | FileType::Unknown),
                    _,
                ) => self.odd(prefix, name, kind_of(other)),
            }
        }
        Ok(())
    }

    /// Asks the system what an entry is: some file systems do not say it in the folder.
    fn ask(&self, folder: &OwnedFd, prefix: &str, name: &CStr) -> Result<FileType, TreeError> {
        let stat =
            rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(|error| {
                TreeError::io(&self.tree.path.join(shown(prefix, name.to_bytes())), error.into())
            })?;
        Ok(FileType::from_raw_mode(stat.st_mode))
    }

    fn odd(&mut self, prefix: &str, name: &[u8], problem: &str) {
        self.count += 1;
        let path = shown(prefix, name).escape_debug().to_string();
        self.oddities.push(Oddity { path, problem: problem.to_owned() });
    }
}

fn shown(prefix: &str, name: &[u8]) -> String {
    format!("{prefix}{}", OsStr::from_bytes(name).display())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_below_an_unreadable_name_do_not_hide_behind_another_folder() {
        let folder = tempfile::tempdir().unwrap();
        for name in [b"\xef\xbf\xbd".as_slice(), b"\xff"] {
            let below = folder.path().join(OsStr::from_bytes(name));
            fs::create_dir(&below).unwrap();
            fs::write(below.join("file"), "x").unwrap();
        }
        let listing = Tree::open(folder.path()).unwrap().list(None).unwrap();
        assert_eq!(listing.files, [Entry { path: "\u{fffd}/file".parse().unwrap(), size: 1 }]);
        assert_eq!(listing.oddities.len(), 1);
        assert_eq!(listing.oddities[0].problem, "its name is not UTF-8 text");
    }
}
