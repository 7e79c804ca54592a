//! A large bill of materials seen as it goes by: what `inspect` tells of it, without holding it.

use std::collections::HashSet;

use super::evidence::digest_in;
use crate::digest::Digest;
use crate::json::{self, Container, Limits, Position, Scalar, Sink};
use crate::time::Timestamp;

/// What a bill of materials says of itself, unverified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SbomGlance {
    /// Its media type.
    pub media_type: &'static str,
    /// When it was made, where it says so.
    pub observed_at: Option<Timestamp>,
    /// How many values its lists hold, by their names.
    pub lists: Vec<(&'static str, usize)>,
    /// How many SHA-256 digests it names.
    pub digests: usize,
}

/// The lists that are counted, and what their members are called.
const LISTS: [&str; 3] = ["components", "packages", "relationships"];

#[derive(Default)]
struct Seen {
    depth: usize,
    /// The key at the top, and the one below it.
    keys: [String; 2],
    is_cyclonedx: bool,
    is_spdx: bool,
    has_vulnerabilities: bool,
    observed_at: Option<Timestamp>,
    counts: [usize; 3],
    digests: HashSet<Digest>,
}

/// Looks at CycloneDX or SPDX 2 in JSON; nothing for anything else, and for what is no strict JSON.
#[must_use]
pub fn glance(bytes: &[u8]) -> Option<SbomGlance> {
    let mut seen = Seen::default();
    json::scan(bytes, Limits::EVIDENCE, &mut seen).ok()?;
    let counted = |(name, count): (&'static str, usize)| (count > 0).then_some((name, count));
    let lists: Vec<_> = LISTS.into_iter().zip(seen.counts).filter_map(counted).collect();
    let is_vex = seen.has_vulnerabilities && seen.counts[0] == 0;
    let media_type = match (seen.is_cyclonedx && !is_vex, seen.is_spdx) {
        (true, false) => "application/vnd.cyclonedx+json",
        (false, true) => "application/spdx+json",
        (_, _) => return None,
    };
    let (observed_at, digests) = (seen.observed_at, seen.digests.len());
    Some(SbomGlance { media_type, observed_at, lists, digests })
}

impl Seen {
    fn value(&mut self) {
        if self.depth == 2
            && let Some(index) = LISTS.iter().position(|name| *name == self.keys[0])
        {
            self.counts[index] += 1;
        }
        if self.depth == 1 && self.keys[0] == "vulnerabilities" {
            self.has_vulnerabilities = true;
        }
    }
}

impl<'a> Sink<'a> for Seen {
    const PLACES: bool = false;

    fn scalar(&mut self, value: Scalar<'a>, _: Position) {
        self.value();
        let Scalar::String(text) = value else { return };
        match (self.depth, self.keys[0].as_str(), self.keys[1].as_str()) {
            (1, "bomFormat", _) => self.is_cyclonedx = text == "CycloneDX",
            (1, "spdxVersion", _) => self.is_spdx = text.starts_with("SPDX-2."),
            (2, "metadata", "timestamp") | (2, "creationInfo", "created") => {
                self.observed_at = text.parse().ok();
            }
            (_, _, _) => {}
        }
        if text.len() >= 64
            && let Some(digest) = digest_in(&text)
        {
            self.digests.insert(digest);
        }
    }

    fn key(&mut self, key: &str, _: Position) {
        if let 1 | 2 = self.depth {
            key.clone_into(&mut self.keys[self.depth - 1]);
        }
    }

    fn begin(&mut self, _: Container, _: Position) {
        self.value();
        self.depth += 1;
    }

    fn end(&mut self) {
        self.depth -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::evidence::recognise;
    use super::*;

    #[test]
    fn a_glance_sees_what_the_whole_reading_sees() {
        let digest = "a".repeat(63) + "b";
        for text in [
            format!(
                r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{{"timestamp":"2026-01-01T00:00:00Z","component":{{"name":"x"}}}},"components":[{{"name":"a","hashes":[{{"alg":"SHA-256","content":"{digest}"}}]}},{{"name":"b"}}]}}"#
            ),
            format!(
                r#"{{"spdxVersion":"SPDX-2.3","creationInfo":{{"created":"2026-01-01T00:00:00Z"}},"packages":[{{"checksums":[{{"checksumValue":"{digest}"}}]}}],"relationships":[{{}},{{}}]}}"#
            ),
            r#"{"bomFormat":"CycloneDX","vulnerabilities":[{"id":"CVE-1"}]}"#.to_owned(),
            r#"{"bomFormat":"Other","components":[1]}"#.to_owned(),
            r#"[{"bomFormat":"CycloneDX"}]"#.to_owned(),
            r#"{"a":{"bomFormat":"CycloneDX"},"components":[]}"#.to_owned(),
        ] {
            let whole = recognise(text.as_bytes());
            let seen = glance(text.as_bytes());
            let sbom = whole.filter(|(it, _)| it.kind == super::super::EvidenceKind::Sbom);
            assert_eq!(seen.is_some(), sbom.is_some(), "{text}");
            if let (Some(seen), Some((recognised, node))) = (seen, sbom) {
                assert_eq!(seen.media_type, recognised.media_type);
                assert_eq!(seen.observed_at, recognised.observed_at);
                assert_eq!(seen.digests, recognised.digests.len());
                for (name, count) in seen.lists {
                    assert_eq!(node.get(name).map(|list| list.items().len()), Some(count));
                }
            }
        }
        assert_eq!(glance(br#"{"bomFormat":"CycloneDX","bomFormat":"CycloneDX"}"#), None);
        assert_eq!(glance(br#"{"bomFormat":"CycloneDX""#), None);
    }
}
