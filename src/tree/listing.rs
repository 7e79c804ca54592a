//! What lies below a folder: regular files, and what is none.

use std::ffi::OsStr;
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

impl Tree {
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
            if is_at_work(folder, entry.file_name()) {
                continue;
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
