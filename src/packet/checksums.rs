//! Checksum lists that `sha256sum --strict -c` reads, in one form only.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::digest::Digest;
use crate::path::RelPath;

/// A checksum list: one digest for each path, sorted by the bytes of the paths.
///
/// ```text
/// ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  atlas-1.0.0.tgz
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checksums(BTreeMap<RelPath, Digest>);

/// The longest list that is read, in bytes.
pub const MAX_BYTES: usize = 256 << 20;

impl Checksums {
    /// Adds a line; returns the digest that stood there before.
    pub fn insert(&mut self, path: RelPath, digest: Digest) -> Option<Digest> {
        self.0.insert(path, digest)
    }

    /// Returns the lines in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&RelPath, &Digest)> {
        self.0.iter()
    }

    /// Returns the digest of a path.
    #[must_use]
    pub fn get(&self, path: &RelPath) -> Option<&Digest> {
        self.0.get(path)
    }

    /// Counts the lines.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there is no line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes the list.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let lines = self.0.iter().map(|(path, digest)| format!("{digest}  {path}\n"));
        lines.collect::<String>().into_bytes()
    }

    /// Reads a list in any order of lines.
    ///
    /// # Errors
    ///
    /// [`ChecksumsError`] for everything that `sha256sum` reads differently or skips: another
    /// separator, a binary mark, an escaped name, upper-case digits, a comment, an empty line, a
    /// missing final newline, a name twice or one that is the same file on some systems.
    pub fn parse(bytes: &[u8]) -> Result<Self, ChecksumsError> {
        let error = |line: usize, problem: String| ChecksumsError { line, problem };
        let text = std::str::from_utf8(bytes).map_err(|bad| {
            let line = bytes[..bad.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
            error(line + 1, "not UTF-8 text".to_owned())
        })?;
        let Some(body) = text.strip_suffix('\n') else {
            let problem =
                if text.is_empty() { "the list is empty" } else { "no newline at its end" };
            return Err(error(text.lines().count().max(1), problem.to_owned()));
        };
        let mut list = Self::default();
        let mut folded = BTreeSet::new();
        for (index, line) in body.split('\n').enumerate() {
            let (digest, path) = parse_line(line).map_err(|problem| error(index + 1, problem))?;
            if list.0.contains_key(&path) {
                return Err(error(index + 1, format!("`{path}` stands twice")));
            }
            if !folded.insert(path.fold_key()) {
                let problem =
                    format!("`{path}` is the same file as another line's on some systems");
                return Err(error(index + 1, problem));
            }
            list.0.insert(path, digest);
        }
        Ok(list)
    }
}

fn parse_line(line: &str) -> Result<(Digest, RelPath), String> {
    let expected = "expected 64 lower-case hexadecimal digits, two spaces and a name";
    let (digest, path) = line
        .split_at_checked(64)
        .and_then(|(digest, rest)| Some((digest, rest.strip_prefix("  ")?)))
        .ok_or_else(|| expected.to_owned())?;
    let digest = digest.parse().map_err(|_| expected.to_owned())?;
    let path = path.parse().map_err(|error| format!("{error}"))?;
    Ok((digest, path))
}

/// Why a checksum list was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChecksumsError {
    /// The line, from 1.
    pub line: usize,
    /// What was found and what was expected.
    pub problem: String,
}

impl fmt::Display for ChecksumsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.problem)
    }
}

impl std::error::Error for ChecksumsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_is_read() {
        let digest = Digest::of(b"x");
        let good = format!("{digest}  a/b\n{digest}  c d\n");
        assert_eq!(Checksums::parse(good.as_bytes()).unwrap().to_bytes(), good.as_bytes());
        let upper = digest.to_string().to_uppercase();
        for bad in [
            String::new(),
            format!("{digest}  a"),
            format!("{digest} a\n"),
            format!("{digest} *a\n"),
            format!("{digest}\ta\n"),
            format!("{digest}   a/\n"),
            format!("{upper}  a\n"),
            format!("\\{digest}  a\\nb\n"),
            format!("{digest}  a\r\n"),
            format!("\u{feff}{digest}  a\n"),
            format!("# list\n{digest}  a\n"),
            format!("{digest}  a\n\n"),
            format!("{digest}  a\n{digest}  a\n"),
            format!("{digest}  a\n{digest}  A\n"),
            format!("{digest}  ../a\n"),
            format!("{digest}  /a\n"),
            format!("SHA256 (a) = {digest}\n"),
        ] {
            assert!(Checksums::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }
}
