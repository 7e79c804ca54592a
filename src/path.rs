//! Relative paths that mean the same file on every machine.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A relative path with `/` between its parts: never absolute, never upwards, never a name that
/// another file system reads as a different file.
///
/// Refused: empty parts, `.` and `..`, a leading or trailing `/`, `\`, `:` (drives and streams),
/// control and invisible formatting characters, text that is not in Unicode normal form C, names
/// that Windows reserves, parts that end in a dot or a space, parts above 255 bytes, paths above
/// 4,096 bytes or 64 parts.
///
/// ```
/// use countersign::RelPath;
///
/// assert!("ops/k8s/values/prod.yaml".parse::<RelPath>().is_ok());
/// for hostile in ["/etc/passwd", "../x", "a//b", "a\\b", "c:x", "NUL", "a./b"] {
///     assert!(hostile.parse::<RelPath>().is_err(), "{hostile}");
/// }
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelPath(String);

impl RelPath {
    /// Returns the path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the parts between the slashes, at least one.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// Returns the last part.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Returns the path without its last part, or nothing for a single part.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.to_owned()))
    }

    /// Appends further parts.
    ///
    /// # Errors
    ///
    /// As for parsing the whole.
    pub fn join(&self, rest: &str) -> Result<Self, ParsePathError> {
        format!("{}/{rest}", self.0).parse()
    }

    /// Tells whether the path lies in `folder`, or is it.
    #[must_use]
    pub fn starts_with(&self, folder: &str) -> bool {
        self.0
            .strip_prefix(folder.trim_end_matches('/'))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Returns what two paths share when a file system that folds case or normalises names would
    /// take them for the same file.
    #[must_use]
    pub fn fold_key(&self) -> String {
        fold(&self.0)
    }
}

/// Returns what two names share when a reader that folds case or normalises would take them for one.
pub(crate) fn fold(name: &str) -> String {
    name.chars().flat_map(char::to_lowercase).nfkd().collect()
}

impl fmt::Display for RelPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

impl AsRef<str> for RelPath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// The text is not a portable relative path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsePathError {
    path: String,
    problem: &'static str,
}

impl fmt::Display for ParsePathError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.path.chars().take(200).collect();
        write!(formatter, "`{}` is not a usable path: {}", shown.escape_debug(), self.problem)
    }
}

impl std::error::Error for ParsePathError {}

impl FromStr for RelPath {
    type Err = ParsePathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |problem| Err(ParsePathError { path: text.to_owned(), problem });
        if text.is_empty() {
            return refuse("it is empty");
        }
        if text.len() > 4096 {
            return refuse("it is longer than 4,096 bytes");
        }
        if text.starts_with('/') {
            return refuse("it is absolute; expected a path relative to the root");
        }
        if text.split('/').count() > 64 {
            return refuse("it has more than 64 parts");
        }
        match text.split('/').find_map(part_problem) {
            Some(problem) => refuse(problem),
            None if !is_nfc(text) => refuse("it is not in Unicode normal form C"),
            None => Ok(Self(text.to_owned())),
        }
    }
}

fn part_problem(part: &str) -> Option<&'static str> {
    if part.is_empty() {
        return Some("it has an empty part (`//` or a `/` at its end)");
    }
    if part == "." || part == ".." {
        return Some("it has a `.` or `..` part");
    }
    if part.len() > 255 {
        return Some("it has a part longer than 255 bytes");
    }
    if part.contains(['\\', ':']) {
        return Some("it holds `\\` or `:`, which other systems read as a folder, drive or stream");
    }
    if part.chars().any(is_invisible) {
        return Some("it holds a control or invisible character");
    }
    if part.ends_with(['.', ' ']) {
        return Some("it has a part that ends in a dot or a space, which Windows drops");
    }
    if is_reserved(part) {
        return Some("it has a part that names a device on Windows");
    }
    None
}

/// Control characters, and those that reorder or hide text on a screen.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn is_reserved(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| {
            matches!(
                rest,
                "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"
            )
        })
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || numbered("COM")
        || numbered("LPT")
}

impl Serialize for RelPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RelPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_refused() {
        let hostile = [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/./b",
            "a\\b",
            "c:",
            "a:stream",
            "a\0b",
            "a\nb",
            "a\u{202e}b",
            "a\u{200b}",
            "e\u{301}",
            "nul",
            "COM1.txt",
            "lpt9",
            "a.",
            "a ",
            "a/b./c",
            "\u{feff}a",
            "\u{7f}",
        ];
        for name in hostile {
            assert!(name.parse::<RelPath>().is_err(), "{name:?}");
        }
        assert!("a/".repeat(40).trim_end_matches('/').parse::<RelPath>().is_ok());
        assert!("a/".repeat(65).trim_end_matches('/').parse::<RelPath>().is_err());
        assert!("x".repeat(256).parse::<RelPath>().is_err());
    }

    #[test]
    fn ordinary_names_are_kept_as_they_are() {
        for name in ["a", ".github", "a b", "naïve.md", "x..y", "com10", "console", "a/b-c_d+e@f"]
        {
            assert_eq!(name.parse::<RelPath>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn twins_share_a_fold_key() {
        let key = |text: &str| text.parse::<RelPath>().unwrap().fold_key();
        assert_eq!(key("README.md"), key("readme.MD"));
        assert_ne!(key("a"), key("b"));
    }
}
