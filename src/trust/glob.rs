//! A glob over the name of a branch or tag.
//!
//! Tools differ in what their globs mean: whether `*` crosses `/`, whether `[!a]` or `[^a]`
//! excludes, whether `?` is one character or an optional one. Here is one wildcard with one
//! meaning, and everything whose meaning would depend on the tool is refused:
//!
//! ```text
//! v*              v1.2.3, v, v-next; not release/v1
//! release/*.*     release/1.2, release/.; not release/1, not release/1.2/x
//! ```

use std::fmt;

/// Literal text and `*`, which stands for any characters but `/`, none included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Glob(String);

/// Why a text is no glob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GlobError {
    /// `**`, which crosses `/` in some tools and not in others.
    DoubleStar,
    /// A character that is a wildcard, a class, an alternative or an escape in some tools.
    Special(char),
}

impl Glob {
    /// Reads a glob.
    pub(super) fn parse(text: &str) -> Result<Self, GlobError> {
        if text.contains("**") {
            return Err(GlobError::DoubleStar);
        }
        match text.chars().find(|character| "?[]{}()|!^\\".contains(*character)) {
            Some(special) => Err(GlobError::Special(special)),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// Returns the glob as it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether the whole text matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        let (globs, parts) = (self.0.split('/'), text.split('/'));
        globs.clone().count() == parts.clone().count()
            && globs.zip(parts).all(|(glob, part)| matches_part(glob, part))
    }
}

/// Matches what stands between two `/`. Each literal is taken where it first occurs: with one
/// wildcard that takes anything, a later place never matches what an earlier one does not.
fn matches_part(glob: &str, part: &str) -> bool {
    let Some((first, rest)) = glob.split_once('*') else { return glob == part };
    let (between, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut left) = part.strip_prefix(first).and_then(|part| part.strip_suffix(last)) else {
        return false;
    };
    between.split('*').all(|literal| match left.split_once(literal) {
        Some((_, after)) => {
            left = after;
            true
        }
        None => false,
    })
}

impl fmt::Display for GlobError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DoubleStar => formatter.write_str("`**` means different things to tools"),
            Self::Special(character) => {
                let shown = character.escape_debug();
                write!(formatter, "`{shown}` means different things to tools; only `*` is known")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Glob, what it matches, what it does not: pinned, whatever other tools say.
    const VECTORS: [(&str, &[&str], &[&str]); 12] = [
        ("main", &["main"], &["", "Main", "main2", "xmain", "main/", "main\n", "main\0"]),
        ("", &[""], &["a", "/"]),
        ("*", &["", "a", ".a", "v1.2", "*", "a\nb"], &["/", "a/b", "a/"]),
        ("v*", &["v", "v1", "v1.2.3", "v*"], &["", "V1", "xv1", "v1/2", "release/v1"]),
        ("*v", &["v", "1v", "vv"], &["v1", "a/v"]),
        ("a*a", &["aa", "aba", "aaa"], &["a", "ab", "ba", "a/a"]),
        ("a*b*c", &["abc", "abbc", "axbxc", "abcbc"], &["ac", "acb", "abcx", "a/b/c"]),
        ("*a*", &["a", "bab", "aa"], &["", "b", "a/", "b/a"]),
        ("*.*.*", &["1.2.3", "..", "1.2.3.4"], &["1.2", "1", "1.2/3."]),
        ("a/*", &["a/", "a/b"], &["a", "a/b/c", "/b", "b/a"]),
        ("*/*", &["/", "a/b"], &["", "a", "a/b/c"]),
        ("release/*.*", &["release/1.2", "release/."], &["release/1", "release/1.2/x", "release"]),
    ];

    #[test]
    fn a_star_stops_at_a_slash() {
        for (glob, matching, others) in VECTORS {
            let glob = Glob::parse(glob).unwrap();
            matching.iter().for_each(|text| assert!(glob.matches(text), "{glob:?} {text:?}"));
            others.iter().for_each(|text| assert!(!glob.matches(text), "{glob:?} {text:?}"));
        }
    }

    #[test]
    fn p11_what_tools_disagree_on_is_refused() {
        for text in ["**", "a/**", "**/a", "a**b", "***"] {
            assert_eq!(Glob::parse(text), Err(GlobError::DoubleStar), "{text}");
        }
        for special in ['?', '[', ']', '{', '}', '(', ')', '|', '!', '^', '\\'] {
            for text in [format!("{special}"), format!("v{special}*"), format!("*{special}1")] {
                assert_eq!(Glob::parse(&text), Err(GlobError::Special(special)), "{text}");
            }
        }
        for class in ["[!a]", "[^a]", "v[0-9]", "{a,b}", "@(a|b)", "\\*"] {
            assert!(Glob::parse(class).is_err(), "{class}");
        }
    }

    #[test]
    fn d04_many_stars_match_in_no_time() {
        let glob = Glob::parse(&"a*".repeat(2_000)).unwrap();
        let (long, longer) = ("a".repeat(2_000), "a".repeat(20_000));
        assert!(glob.matches(&long) && glob.matches(&longer));
        assert!(!glob.matches(&"a".repeat(1_999)) && !glob.matches(&format!("{longer}/")));
    }
}
