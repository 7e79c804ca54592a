//! Locks: who is at work on a name, and who is gone.
//!
//! A lock is the system's own (`flock`): it ends with the process that holds it, however that ends.

use std::fs::{self, File};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::{TreeError, refusal, regular};

/// The right to change a file, which one process at a time has.
///
/// It is held on a file beside, `NAME.lock`, because the file itself is replaced whole whenever it
/// is written. The file beside is taken away again; one that a killed process left hinders nobody.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// Closed, it is unlocked.
    _file: File,
}

impl Lock {
    /// Waits until nobody else has the right to change a file.
    ///
    /// # Errors
    ///
    /// [`TreeError::Locked`] when that takes longer than `patience`; otherwise when the folder does
    /// not take the file beside, or the system knows no locks there.
    pub fn of(guarded: &Path, patience: Duration) -> Result<Self, TreeError> {
        let mut name = guarded.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        let begun = Instant::now();
        loop {
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK;
            let opened =
                rustix::fs::open(&path, flags | OFlags::CLOEXEC, Mode::from_raw_mode(0o600))
                    .map_err(|error| refusal(&path, error))?;
            let (file, _) = regular(File::from(opened), &path)?;
            match try_lock(&file) {
                Ok(()) if is_named(&file, &path) => return Ok(Self { path, _file: file }),
                // Whoever held it has taken it away meanwhile; the next one is another file.
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) if begun.elapsed() > patience => {
                    return Err(TreeError::Locked { path });
                }
                Err(Errno::WOULDBLOCK) => std::thread::sleep(Duration::from_millis(5)),
                Err(error) => return Err(TreeError::io(&path, error.into())),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Still locked: nobody else takes this file away, and whoever waits for it looks again.
        let _ = fs::remove_file(&self.path);
    }
}

/// The right to change what is in a folder, for whoever changes several of its files together.
///
/// It is held on the folder itself: nothing lies in it or beside it that is not its own.
#[derive(Debug)]
pub struct FolderLock {
    /// Closed, it is unlocked.
    _folder: File,
}

impl FolderLock {
    /// Waits until nobody else has the right to change a folder. Where the system knows no locks on
    /// folders, everybody has it.
    ///
    /// # Errors
    ///
    /// [`TreeError::Locked`] when that takes longer than `patience`; otherwise when there is no such
    /// folder.
    pub fn of(folder: &Path, patience: Duration) -> Result<Self, TreeError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = rustix::fs::open(folder, flags, Mode::empty())
            .map_err(|error| refusal(folder, error))?;
        let begun = Instant::now();
        loop {
            match try_lock(&opened) {
                Ok(()) | Err(Errno::NOLCK | Errno::NOTSUP | Errno::NOSYS | Errno::BADF) => {
                    return Ok(Self { _folder: File::from(opened) });
                }
                Err(Errno::WOULDBLOCK) if begun.elapsed() > patience => {
                    return Err(TreeError::Locked { path: folder.to_owned() });
                }
                Err(Errno::WOULDBLOCK) => std::thread::sleep(Duration::from_millis(5)),
                Err(error) => return Err(TreeError::io(folder, error.into())),
            }
        }
    }
}

/// Locks a file or folder, or tells at once why not.
pub(super) fn try_lock(file: impl AsFd) -> Result<(), Errno> {
    rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive)
}

/// Tells whether a path names this very file or folder, and no other that has taken its place.
pub(super) fn is_named(file: impl AsFd, path: &Path) -> bool {
    match (rustix::fs::fstat(file), rustix::fs::lstat(path)) {
        (Ok(open), Ok(named)) => (open.st_dev, open.st_ino) == (named.st_dev, named.st_ino),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn one_at_a_time_has_the_right_to_change_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let guarded = folder.path().join("state.json");
        let inside = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let lock = Lock::of(&guarded, Duration::from_secs(30)).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn one_at_a_time_has_the_right_to_change_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let held = FolderLock::of(folder.path(), Duration::ZERO).unwrap();
        let refused = FolderLock::of(folder.path(), Duration::from_millis(20)).unwrap_err();
        assert!(matches!(refused, TreeError::Locked { .. }), "{refused}");
        drop(held);
        drop(FolderLock::of(folder.path(), Duration::ZERO).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(FolderLock::of(&folder.path().join("gone"), Duration::ZERO).is_err());
    }

    #[test]
    fn a_lock_that_is_not_given_back_is_not_waited_for_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let guarded = folder.path().join("state.json");
        let held = Lock::of(&guarded, Duration::ZERO).unwrap();
        let refused = Lock::of(&guarded, Duration::from_millis(20)).unwrap_err();
        assert!(matches!(refused, TreeError::Locked { .. }), "{refused}");
        drop(held);
        // As a killed process leaves it: the file is there and nobody holds it.
        fs::write(folder.path().join("state.json.lock"), "").unwrap();
        drop(Lock::of(&guarded, Duration::ZERO).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
