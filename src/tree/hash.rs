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
