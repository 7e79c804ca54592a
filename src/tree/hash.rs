//! Hashing files of a tree: one, or many on all cores.

use std::cmp::Reverse;
use std::fs::File;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::Stat;

use super::fingerprint::Fingerprint;
use super::opener::Opener;
use super::{Tree, TreeError, size_of};
use crate::digest::{Digest, hash_known};
use crate::path::RelPath;

/// How much is read at once.
const BUFFER: usize = 256 << 10;

/// Files of more bytes wait until the small ones are done.
const SMALL: u64 = 1 << 20;

/// A file's digest and size in bytes.
type Hashed = Result<(Digest, u64), TreeError>;

/// What a pass over files came to: the answers, and the files that were put off with their sizes; each
/// by its place in the list.
#[derive(Default)]
struct Pass {
    hashed: Vec<(usize, Hashed)>,
    put_off: Vec<(usize, u64)>,
}

impl Tree {
    /// Hashes a regular file without holding it, and notices when it changes meanwhile.
    ///
    /// A small file is read in one call, and its state is not asked for again: POSIX has such a call see
    /// each write whole or not at all. Where a file system lets a writer in between, the digest is that of
    /// no state of the file, and whoever checks it later refuses.
    ///
    /// # Errors
    ///
    /// As [`Tree::file`], and when the file changed while it was read.
    pub fn hash(&self, path: &RelPath, buffer: &mut [u8]) -> Result<(Digest, u64), TreeError> {
        let opened = Opener::new(self).open(path)?;
        self.hash_opened(path, opened, buffer)
    }

    /// Hashes many files on all cores; answers in the order asked, each as [`Tree::hash`] does.
    pub fn hash_all(&self, paths: &[&RelPath]) -> Vec<Result<(Digest, u64), TreeError>> {
        let all: Vec<usize> = (0..paths.len()).collect();
        let Pass { mut hashed, mut put_off } = self.hash_some(paths, &all, SMALL);
        // The largest first, so that no core is left alone with one for long.
        put_off.sort_by_key(|(_, size)| Reverse(*size));
        let large: Vec<usize> = put_off.into_iter().map(|(index, _)| index).collect();
        hashed.extend(self.hash_some(paths, &large, u64::MAX).hashed);
        hashed.sort_by_key(|(index, _)| *index);
        hashed.into_iter().map(|(_, answer)| answer).collect()
    }

    /// Hashes files in this order on all cores, and puts those off that have more bytes than `most`.
    fn hash_some(&self, paths: &[&RelPath], order: &[usize], most: u64) -> Pass {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut buffer = vec![0; BUFFER];
            let mut opener = Opener::new(self);
            let mut pass = Pass::default();
            while let Some(index) = order.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
                match opener.open(paths[index]) {
                    Ok((_, stat)) if size_of(&stat) > most => {
                        pass.put_off.push((index, size_of(&stat)));
                    }
                    Ok(opened) => {
                        let answer = self.hash_opened(paths[index], opened, &mut buffer);
                        pass.hashed.push((index, answer));
                    }
                    Err(error) => pass.hashed.push((index, Err(error))),
                }
            }
            pass
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut whole = Pass::default();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..cores.min(order.len())).map(|_| scope.spawn(work)).collect();
            for thread in threads {
                let part = thread.join().expect("hashing does not panic");
                whole.hashed.extend(part.hashed);
                whole.put_off.extend(part.put_off);
            }
        });
        whole
    }

    fn hash_opened(
        &self,
        path: &RelPath,
        (mut file, stat): (File, Stat),
        buffer: &mut [u8],
    ) -> Hashed {
        let shown = || self.path.join(path.as_str());
        let before = Fingerprint::from_stat(&stat);
        let (digest, size, at_once) = hash_known(&mut file, before.size(), buffer)
            .map_err(|error| TreeError::io(&shown(), error))?;
        if !at_once {
            before.unchanged(&file, size, &shown())?;
        }
        Ok((digest, size))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn answers_stand_in_the_order_asked_whatever_was_put_off() {
        let folder = tempfile::tempdir().unwrap();
        let large = usize::try_from(SMALL).unwrap();
        let sizes = [("a", large + 1), ("b", 3), ("d", large), ("e", 3 * large), ("f", 0)];
        for (name, size) in sizes {
            fs::write(folder.path().join(name), vec![name.as_bytes()[0]; size]).unwrap();
        }
        let paths: Vec<RelPath> =
            ["e", "f", "c", "a", "d", "b"].map(|name| name.parse().unwrap()).into();
        let tree = Tree::open(folder.path()).unwrap();
        let answers = tree.hash_all(&paths.iter().collect::<Vec<_>>());
        for (path, answer) in paths.iter().zip(answers) {
            match sizes.iter().find(|(name, _)| *name == path.as_str()) {
                Some((name, size)) => {
                    let digest = Digest::of(&vec![name.as_bytes()[0]; *size]);
                    assert_eq!(answer.unwrap(), (digest, *size as u64), "{path}");
                }
                None => assert!(answer.unwrap_err().is_not_found(), "{path}"),
            }
        }
        assert!(tree.hash_all(&[]).is_empty());
        let (listed, oddities) = tree.list_paths().unwrap();
        let files = tree.list(None).unwrap().files;
        assert_eq!(listed, files.into_iter().map(|entry| entry.path).collect::<Vec<_>>());
        assert!(oddities.is_empty());
    }

    #[test]
    fn only_what_one_call_gave_with_room_to_spare_is_not_asked_for_again() {
        let at_once = |bytes: &[u8], size, room| {
            let (digest, length, at_once) = hash_known(bytes, size, &mut vec![0; room]).unwrap();
            assert_eq!((digest, length), (Digest::of(bytes), bytes.len() as u64));
            at_once
        };
        assert!(at_once(b"bytes", 5, 6));
        assert!(at_once(b"", 0, 1));
        // The buffer is full: there may be more. Two calls. More or less than was said.
        assert!(!at_once(b"bytes", 5, 5));
        assert!(!at_once(b"bytes", 5, 4));
        assert!(!at_once(b"bytes", 4, 6));
        assert!(!at_once(b"bytes", 6, 8));
        assert!(!at_once(b"x", 0, 6));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_file_that_does_not_have_the_size_it_says_is_refused() {
        let tree = Tree::open("/proc/self".as_ref()).unwrap();
        let answer = tree.hash(&"status".parse().unwrap(), &mut vec![0; BUFFER]);
        assert!(matches!(answer, Err(TreeError::Changed { .. })), "{answer:?}");
    }
}
