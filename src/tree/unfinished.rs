//! What is being written and has no name yet; and what killed processes left of it.
//!
//! Whoever writes holds a lock on the file or folder without a name, from its first moment to its
//! last. The system takes the lock back when the process ends, however it ends. So one that nobody
//! holds is rubbish, and whoever writes into the same folder next may take it away.

use std::ffi::CStr;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use super::lock::{is_named, try_lock};

/// How the names of unfinished files and folders begin.
const PREFIX: &str = ".countersign-unfinished-";

/// Takes away what processes that are gone left unfinished in a folder.
///
/// What somebody still works on is locked and stays; so does what cannot be locked or removed,
/// because it is another user's or the system knows no locks there. None of it has a final name:
/// nothing is lost, and nothing that fails here matters to whoever writes.
pub fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            // It may be gone by now, or be somebody else's: both are fine.
            let _ = remove_abandoned(&entry.path());
        }
    }
}

/// Tells whether an entry of a folder is being written by somebody, or has got its name meanwhile: it
/// is none of the folder's files then. One that nobody holds is a file like any other.
pub(super) fn is_at_work(folder: impl AsFd, name: &CStr) -> bool {
    if !name.to_bytes().starts_with(PREFIX.as_bytes()) {
        return false;
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match rustix::fs::openat(folder, name, flags, Mode::empty()) {
        Ok(file) => try_lock(&file) == Err(Errno::WOULDBLOCK),
        Err(error) => error == Errno::NOENT,
    }
}

fn remove_abandoned(path: &Path) -> io::Result<()> {
    let file = open(path)?;
    let kind = FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode);
    try_lock(&file)?;
    if !is_named(&file, path) {
        return Ok(());
    }
    // Locked by us: whoever made it is gone, or sees that it has lost it and makes another.
    match kind {
        FileType::RegularFile => fs::remove_file(path),
        FileType::Directory => fs::remove_dir_all(path),
        FileType::Symlink
        | FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => Ok(()),
    }
}

/// Begins a file without a name in a folder.
pub(super) fn begin_file(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    begin(folder, || {
        let file = tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder)?;
        let is_held = hold(file.as_file(), file.path())?;
        Ok(is_held.then_some(file))
    })
}

/// A folder without a name, which is removed unless it is kept.
#[derive(Debug)]
pub struct UnnamedFolder {
    path: PathBuf,
    kept: bool,
    /// Held until the folder has its name or is gone.
    _lock: OwnedFd,
}

impl UnnamedFolder {
    /// Begins a folder in a folder; `named` stands in its name, for whoever comes across it.
    ///
    /// # Errors
    ///
    /// When the folder does not take another one.
    pub fn begin(folder: &Path, named: &str) -> io::Result<Self> {
        begin(folder, || {
            let prefix = format!("{PREFIX}{named}-");
            let made = tempfile::Builder::new().prefix(&prefix).tempdir_in(folder)?;
            let lock = open(made.path())?;
            if !hold(&lock, made.path())? {
                return Ok(None);
            }
            Ok(Some(Self { path: made.keep(), kept: false, _lock: lock }))
        })
    }

    /// Returns where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it a name: all that is in it at once.
    ///
    /// # Errors
    ///
    /// When something other than an empty folder has the name, or the system refuses.
    pub fn give_name(mut self, name: &Path) -> io::Result<()> {
        fs::rename(&self.path, name)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for UnnamedFolder {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing is left to tell it to: the error that brought us here is on its way.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Sweeps, then makes something until nobody has swept it between its making and its locking.
fn begin<T>(folder: &Path, make: impl Fn() -> io::Result<Option<T>>) -> io::Result<T> {
    sweep(folder);
    for _ in 0..100 {
        if let Some(made) = make()? {
            return Ok(made);
        }
    }
    Err(io::Error::other("whatever is begun here is taken away by others"))
}

/// Locks what was just made; tells whether it is still there under its name.
fn hold(file: impl AsFd, path: &Path) -> io::Result<bool> {
    match try_lock(&file) {
        Ok(()) => Ok(is_named(&file, path)),
        // A sweeper was faster.
        Err(Errno::WOULDBLOCK) => Ok(false),
        // No locks there: then nobody else gets one to sweep with either.
        Err(Errno::NOLCK | Errno::NOTSUP | Errno::NOSYS | Errno::INVAL | Errno::BADF) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// Opens a file or folder to lock it; never through a link, and without waiting for a pipe.
fn open(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::Tree;
    use super::*;

    fn names_in(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn what_nobody_holds_is_swept_and_what_somebody_holds_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at(".countersign-unfinished-aaaaaa"), "half").unwrap();
        fs::create_dir_all(at(".countersign-unfinished-dist-bbbbbb/evidence")).unwrap();
        fs::write(at(".countersign-unfinished-dist-bbbbbb/evidence/x"), "x").unwrap();
        symlink("/etc", at(".countersign-unfinished-link")).unwrap();
        fs::write(at("countersign-unfinished"), "another name").unwrap();
        let file = begin_file(folder.path()).unwrap();
        let held = UnnamedFolder::begin(folder.path(), "dist").unwrap();
        fs::write(held.path().join("y"), "y").unwrap();
        sweep(folder.path());
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut expected = vec![
            ".countersign-unfinished-link".to_owned(),
            "countersign-unfinished".to_owned(),
            name(file.path()),
            name(held.path()),
        ];
        expected.sort();
        assert_eq!(names_in(folder.path()), expected);
        // A reader passes over what somebody is writing, and over nothing else.
        fs::write(at(".countersign-unfinished-cccccc"), "nobody's").unwrap();
        let listed = Tree::open(folder.path()).unwrap().list(None).unwrap();
        let listed: Vec<_> = listed.files.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(listed, [".countersign-unfinished-cccccc", "countersign-unfinished"]);
        held.give_name(&at("dist")).unwrap();
        drop(file);
        sweep(folder.path());
        let expected = [".countersign-unfinished-link", "countersign-unfinished", "dist"];
        assert_eq!(names_in(folder.path()), expected);
        assert_eq!(names_in(&at("dist")), ["y"]);
    }

    #[test]
    fn many_writers_and_sweepers_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let folder = folder.path();
                scope.spawn(move || {
                    for round in 0..50 {
                        let path = folder.join(format!("{writer}-{round}"));
                        super::super::write_atomic(&path, b"whole", 0o644).unwrap();
                        assert_eq!(fs::read(path).unwrap(), b"whole");
                    }
                });
            }
            scope.spawn(|| (0..500).for_each(|_| sweep(folder.path())));
        });
        assert_eq!(names_in(folder.path()).len(), 200);
    }
}
