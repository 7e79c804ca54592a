//! Kubernetes versions: those that a release supports, those whose schemas are carried.

use std::fmt;

use super::chart::Chart;
use crate::document::Node;

/// A minor version of Kubernetes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Minor(pub(super) u32);

impl Minor {
    /// The oldest and the newest whose schemas are carried.
    pub(super) const OLDEST: Self = Self(25);
    pub(super) const NEWEST: Self = Self(37);

    /// Reads `1.31`, `v1.31.2`, `1.31.0-0`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.trim().trim_start_matches('v').strip_prefix("1.")?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok().map(Self)
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "1.{}", self.0)
    }
}

/// The versions that a release supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    /// The oldest.
    pub(super) oldest: Minor,
    /// The newest.
    pub(super) newest: Minor,
    /// Whether the tree says so itself.
    pub(super) is_stated: bool,
}

impl Default for Range {
    /// The three minor versions that Kubernetes itself supports at a time.
    fn default() -> Self {
        let newest = Minor::NEWEST;
        Self { oldest: Minor(newest.0 - 2), newest, is_stated: false }
    }
}

impl Range {
    /// Reads the range that the install matrix or the chart states, cut to what is carried.
    pub(super) fn of(matrix: Option<&Node>, chart: Option<&Chart>) -> Self {
        let stated = |key: &str| {
            let node = matrix?.pointer(&format!("/kubernetes/{key}"))?;
            Minor::parse(&node.scalar_text()?)
        };
        if let (Some(oldest), Some(newest)) = (stated("minimum"), stated("maximum")) {
            return Self { oldest, newest, is_stated: true }.cut();
        }
        let constraint = chart.and_then(|chart| chart.text("kubeVersion"));
        constraint.and_then(Self::parse).unwrap_or_default()
    }

    /// Reads a constraint as charts state it: `>=1.26.0-0`, `>=1.32.0-0 <1.36.0-0`, `^1.28`.
    fn parse(constraint: &str) -> Option<Self> {
        let (mut oldest, mut newest) = (None, None);
        let joined = constraint.replace("= ", "=").replace("> ", ">").replace("< ", "<");
        for part in joined.split(['|', ',', ' ']).filter(|part| !part.is_empty()) {
            let version = part.trim_start_matches(['>', '<', '=', '^', '~']);
            let Some(minor) = Minor::parse(version) else { continue };
            match &part[..part.len() - version.len()] {
                ">=" | "^" | ">" => oldest = Some(minor),
                "<=" => newest = Some(minor),
                "<" => newest = Some(Minor(minor.0.saturating_sub(1))),
                _ => (oldest, newest) = (Some(minor), Some(minor)),
            }
        }
        oldest.or(newest)?;
        let whole = Self {
            oldest: oldest.unwrap_or(Minor::OLDEST),
            newest: newest.unwrap_or(Minor::NEWEST),
            is_stated: true,
        };
        Some(whole.cut())
    }

    fn cut(self) -> Self {
        let within = |minor: Minor| minor.clamp(Minor::OLDEST, Minor::NEWEST);
        let (oldest, newest) = (within(self.oldest), within(self.newest));
        Self { oldest, newest: newest.max(oldest), is_stated: self.is_stated }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_of_charts_are_read() {
        let range = |text: &str| {
            let range = Range::parse(text).unwrap();
            (range.oldest.0, range.newest.0)
        };
        assert_eq!(range(">=1.26.0-0"), (26, 37));
        assert_eq!(range(">=1.32.0-0 <1.36.0-0"), (32, 35));
        assert_eq!(range(">= v1.30.0"), (30, 37));
        assert_eq!(range("1.31.x"), (31, 31));
        assert_eq!(range(">=1.16-0"), (25, 37));
        assert!(Range::parse("*").is_none());
    }
}
