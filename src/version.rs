//! Versions by Semantic Versioning 2.0.0.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A version by Semantic Versioning 2.0.0, without a leading `v`, at most 128 characters.
///
/// Precedence follows clause 11 of the standard: build metadata does not count. Equality of two
/// releases is equality of the whole text, build metadata included.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Version(semver::Version);

impl Version {
    /// Tells whether this version comes after `other` by precedence.
    #[must_use]
    pub fn is_after(&self, other: &Self) -> bool {
        self.0.cmp_precedence(&other.0).is_gt()
    }

    /// Tells whether this is a pre-release (`1.0.0-rc.1`).
    #[must_use]
    pub fn is_prerelease(&self) -> bool {
        !self.0.pre.is_empty()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// The text is not a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseVersionError(String, String);

impl fmt::Display for ParseVersionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "`{}` is not a semantic version ({}): expected the form `1.2.3` or `1.2.3-rc.1`",
            self.0.escape_debug(),
            self.1
        )
    }
}

impl std::error::Error for ParseVersionError {}

impl FromStr for Version {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = |why: String| ParseVersionError(text.chars().take(80).collect(), why);
        if text.len() > 128 {
            return Err(error("longer than 128 characters".to_owned()));
        }
        semver::Version::parse(text).map(Self).map_err(|why| error(why.to_string()))
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One version, or a range of versions as Cargo writes it: `1.2.3`, `>=1.2.0, <2.0.0`, `1.*`.
///
/// A version that stands alone is that version and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionRange {
    /// This version.
    One(Version),
    /// Every version that meets these bounds.
    Bounds(Bounds),
}

/// The bounds of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds(semver::VersionReq);

impl VersionRange {
    /// Tells whether a version lies in the range. A pre-release lies only in a range that names a
    /// pre-release of the same version.
    #[must_use]
    pub fn contains(&self, version: &Version) -> bool {
        match self {
            Self::One(one) => one == version,
            Self::Bounds(Bounds(bounds)) => bounds.matches(&version.0),
        }
    }
}

impl FromStr for VersionRange {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(version) = text.parse() {
            return Ok(Self::One(version));
        }
        let error = |why: String| ParseVersionError(text.chars().take(80).collect(), why);
        if text.len() > 256 {
            return Err(error("longer than 256 characters".to_owned()));
        }
        let bounds = semver::VersionReq::parse(text).map_err(|why| error(why.to_string()))?;
        Ok(Self::Bounds(Bounds(bounds)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_by_precedence() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        assert!(version("1.10.0").is_after(&version("1.9.0")));
        assert!(version("1.0.0").is_after(&version("1.0.0-rc.1")));
        assert!(!version("1.0.0+b").is_after(&version("1.0.0+a")));
        for wrong in ["", "1", "v1.0.0", "1.0", "01.0.0", "1.0.0-01", "1.0.0 "] {
            assert!(wrong.parse::<Version>().is_err(), "{wrong}");
        }
    }
}
