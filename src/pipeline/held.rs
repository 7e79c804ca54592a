//! A file that is signed or verified, whatever its size.

use std::borrow::Cow;
use std::path::Path;

use super::Error;
use crate::digest::{Digest, hash_reader};
use crate::tree::{self, Fingerprint, TreeError};

/// The largest file that is held in memory, in bytes: where a signature is over the file and not its
/// digest.
///
/// Ed25519 reads what it signs twice. It is not read from the disk twice: whoever changes the file in
/// between gets two signatures with one nonce, and from them the private key.
const MAX_HELD_BYTES: usize = 1 << 30;
/// Up to this size a file is read once, whole, whatever is asked of it.
const MAX_SMALL_BYTES: u64 = 16 << 20;
/// A file of any size: its digest, and its bytes where they are few or asked for.
pub(super) struct Held<'a> {
    path: &'a Path,
    /// The SHA-256 of the whole file.
    pub(super) digest: Digest,
    size: u64,
    bytes: Option<Vec<u8>>,
}

impl<'a> Held<'a> {
    /// Reads it once, and holds it only when it is small.
    pub(super) fn read(path: &'a Path) -> Result<Self, Error> {
        let (file, size) = tree::open_named(path)?;
        if size <= MAX_SMALL_BYTES {
            return Self::read_whole(path);
        }
        let before = Fingerprint::of(&file, path)?;
        let mut buffer = vec![0; 256 << 10];
        let (digest, read) =
            hash_reader(&file, &mut buffer).map_err(|error| TreeError::io(path, error))?;
        before.unchanged(&file, read, path)?;
        Ok(Self { path, digest, size, bytes: None })
    }

    /// Reads it whole, where its digest alone would not do.
    pub(super) fn read_whole(path: &'a Path) -> Result<Self, Error> {
        let (_, size) = tree::open_named(path)?;
        if size > MAX_HELD_BYTES as u64 {
            return Err(too_large(path));
        }
        let bytes = tree::read_named(path, MAX_HELD_BYTES)?;
        Ok(Self { path, digest: Digest::of(&bytes), size, bytes: Some(bytes) })
    }

    /// Tells whether its bytes are here already.
    pub(super) fn is_held(&self) -> bool {
        self.bytes.is_some()
    }

    /// Tells whether its bytes can be asked for.
    pub(super) fn fits(&self) -> bool {
        self.size <= MAX_HELD_BYTES as u64
    }

    /// The bytes that have the digest.
    pub(super) fn bytes(&self) -> Result<Cow<'_, [u8]>, Error> {
        if let Some(bytes) = &self.bytes {
            return Ok(bytes.into());
        }
        if !self.fits() {
            return Err(too_large(self.path));
        }
        let bytes = tree::read_named(self.path, MAX_HELD_BYTES)?;
        if Digest::of(&bytes) == self.digest {
            return Ok(bytes.into());
        }
        Err(TreeError::Changed { path: self.path.to_owned() }.into())
    }
}

fn too_large(path: &Path) -> Error {
    let problem = format!(
        "is larger than {MAX_HELD_BYTES} bytes, and a signature over the file itself (Ed25519) takes \
         all of it in memory; sign with a P-256 key, or sign a list of checksums that names it"
    );
    Error::Unusable { path: path.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_file_is_held_when_it_is_small_or_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let file = File::create(&path).unwrap();
        file.set_len(5).unwrap();
        let held = Held::read(&path).unwrap();
        assert!(held.is_held());
        assert_eq!(held.bytes().unwrap().as_ref(), [0; 5]);
        file.set_len(MAX_SMALL_BYTES + 1).unwrap();
        let held = Held::read(&path).unwrap();
        assert!(!held.is_held());
        assert_eq!(Digest::of(&held.bytes().unwrap()), held.digest);
        // Another file by the time that its bytes are asked for.
        file.set_len(MAX_SMALL_BYTES + 2).unwrap();
        assert!(matches!(held.bytes(), Err(Error::Tree(TreeError::Changed { .. }))));
        file.set_len((1 << 30) + 1).unwrap();
        assert!(matches!(Held::read_whole(&path), Err(Error::Unusable { .. })));
    }
}
