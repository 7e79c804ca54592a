//! VEX: what somebody says about a vulnerability and a product, read from OpenVEX and CycloneDX.
//!
//! Who says it and whether it counts is not known here. What is read is kept small: the names of the
//! vulnerability, which things it is about, what comes of it, and why.

mod cyclonedx;
mod openvex;

use std::collections::BTreeSet;

use crate::digest::Digest;
use crate::document::Node;
use crate::packet::evidence::package_of;
use crate::time::Timestamp;

/// The statements of one document.
///
/// OpenVEX 0.2.0:
///
/// ```json
/// {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://lantern.example/vex/1",
///  "author": "lantern-security", "timestamp": "2026-11-24T00:00:00Z", "version": 1,
///  "statements": [{"vulnerability": {"name": "CVE-2026-1"},
///    "products": [{"@id": "pkg:oci/lantern", "hashes": {"sha-256": "9f0c..."}}],
///    "status": "not_affected", "justification": "vulnerable_code_not_present"}]}
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VexDocument {
    /// What it says, in its order.
    pub statements: Vec<VexStatement>,
}

/// What is said about one vulnerability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VexStatement {
    /// The vulnerability's name and its other names.
    pub vulnerability: BTreeSet<String>,
    /// The things that it is about.
    pub products: Vec<VexProduct>,
    /// What comes of it.
    pub status: VexStatus,
    /// Why, where the standard's own word or a sentence says so.
    pub reason: Option<String>,
    /// How severe it is, where the document rates it.
    pub rating: Option<Rating>,
    /// Since when it is said; nothing when neither statement nor document has a time.
    pub stated_at: Option<Timestamp>,
}

/// One thing that a statement is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VexProduct {
    /// The digests by which it is named.
    pub digests: BTreeSet<Digest>,
    /// The package URLs by which it is named, without what stands after `?` or `#`.
    pub packages: BTreeSet<String>,
    /// The components of it that are meant; empty for the whole.
    pub components: BTreeSet<String>,
}

/// What comes of a vulnerability for a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VexStatus {
    /// The product had it and has it no longer.
    Fixed,
    /// The product does not suffer from it.
    NotAffected,
    /// Nobody knows yet.
    UnderInvestigation,
    /// The product suffers from it.
    Affected,
}

/// How severe a vulnerability is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Rating {
    /// Not worth an alarm.
    Low,
    /// Worth a plan.
    Medium,
    /// Counts against the budget of high ones.
    High,
    /// Counts against the budget of critical ones.
    Critical,
}

impl VexStatus {
    /// Whether it says that there is nothing to do.
    #[must_use]
    pub fn settles(self) -> bool {
        match self {
            Self::Fixed | Self::NotAffected => true,
            Self::UnderInvestigation | Self::Affected => false,
        }
    }
}

impl Rating {
    /// Reads a scanner's word; nothing for a word that rates nothing.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "critical" => Some(Self::Critical),
            "high" | "important" => Some(Self::High),
            "medium" | "moderate" => Some(Self::Medium),
            "low" | "negligible" | "info" | "none" => Some(Self::Low),
            _ => None,
        }
    }
}

/// Reads a document; nothing for what is no VEX. `subjects` are what a signed statement around it is
/// about: they stand for products that the document does not name.
#[must_use]
pub fn read(root: &Node, subjects: &BTreeSet<Digest>) -> Option<VexDocument> {
    openvex::read(root, subjects).or_else(|| cyclonedx::read(root, subjects))
}

fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key).and_then(Node::as_str).map(str::trim).filter(|text| !text.is_empty())
}

fn time(node: &Node, key: &str) -> Option<Timestamp> {
    text(node, key)?.parse().ok()
}

/// Takes every `sha256:<hex>` out of a name, also where the colon is written as `%3A`.
fn digests_in(name: &str) -> BTreeSet<Digest> {
    let plain = name.replace("%3A", ":").replace("%3a", ":");
    let after = plain.match_indices("sha256:").map(|(at, found)| at + found.len());
    after.filter_map(|from| plain.get(from..from + 64)?.parse().ok()).collect()
}

impl VexProduct {
    /// A thing by one of its names.
    fn named(name: &str) -> Self {
        let packages = package_of(name).into_iter().collect();
        Self { digests: digests_in(name), packages, components: BTreeSet::new() }
    }

    /// Whether it names anything.
    fn is_nothing(&self) -> bool {
        self.digests.is_empty() && self.packages.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Limits, parse_json};

    fn read_text(text: &str, subjects: &[Digest]) -> Option<VexDocument> {
        let root = parse_json(text.as_bytes(), Limits::GOVERNED).unwrap();
        read(&root, &subjects.iter().copied().collect())
    }

    fn open(product: &str, rest: &str) -> VexStatement {
        let text = format!(
            r#"{{"@context": "https://openvex.dev/ns/v0.2.0", "timestamp": "2026-11-24T00:00:00Z",
            "statements": [{{"vulnerability": {{"name": "CVE-2026-1", "aliases": ["GHSA-1"]}},
            "products": [{product}], {rest}}}]}}"#
        );
        read_text(&text, &[]).unwrap().statements.remove(0)
    }

    #[test]
    fn openvex_names_a_product_by_hash_or_in_its_name() {
        let hex = "ab".repeat(32);
        let digest: Digest = hex.parse().unwrap();
        for product in [
            format!(r#"{{"@id": "pkg:oci/x", "hashes": {{"sha-256": "{hex}"}}}}"#),
            format!(r#"{{"@id": "pkg:oci/x@sha256%3A{hex}?arch=amd64"}}"#),
            format!(r#"{{"identifiers": {{"purl": "pkg:oci/x@sha256:{hex}"}}}}"#),
            format!(r#""pkg:oci/x@sha256:{hex}""#),
        ] {
            let statement = open(&product, r#""status": "affected""#);
            assert_eq!(statement.products[0].digests, [digest].into(), "{product}");
            assert_eq!(statement.vulnerability.len(), 2);
        }
        let other = open(r#"{"@id": "pkg:oci/x@1.0"}"#, r#""status": "affected""#);
        assert!(other.products[0].digests.is_empty());
        assert_eq!(other.products[0].packages, ["pkg:oci/x@1.0".to_owned()].into());
    }

    #[test]
    fn a_reason_is_a_word_of_the_standard_or_a_sentence() {
        for (rest, reason) in [
            (r#""status": "not_affected""#, false),
            (r#""status": "not_affected", "justification": "because""#, false),
            (r#""status": "not_affected", "justification": "component_not_present""#, true),
            (r#""status": "not_affected", "impact_statement": "never called""#, true),
            (r#""status": "not_affected", "impact_statement": "  ""#, false),
            (r#""status": "fixed""#, false),
            (r#""status": "fixed", "status_notes": "built with 3.0.2""#, true),
        ] {
            assert_eq!(open(r#""pkg:oci/x@1""#, rest).reason.is_some(), reason, "{rest}");
        }
    }

    #[test]
    fn what_is_not_understood_says_nothing_that_helps() {
        let statement = open(r#""pkg:oci/x@1""#, r#""status": "harmless""#);
        assert_eq!(statement.status, VexStatus::UnderInvestigation);
        for text in
            ["{}", "[]", r#"{"@context": "https://spdx.org"}"#, r#"{"bomFormat": "CycloneDX"}"#]
        {
            assert_eq!(read_text(text, &[]), None, "{text}");
        }
    }

    #[test]
    fn subjects_stand_for_products_that_are_not_named() {
        let subject = Digest::of(b"image");
        let text = r#"{"@context": "https://openvex.dev/ns", "statements": [
            {"vulnerability": "CVE-2026-1", "status": "affected"},
            {"vulnerability": "CVE-2026-2", "status": "affected", "products": ["pkg:oci/x@1"]}]}"#;
        let read = read_text(text, &[subject]).unwrap();
        assert_eq!(read.statements[0].products[0].digests, [subject].into());
        assert!(read.statements[1].products[0].digests.is_empty());
        assert_eq!(read.statements[0].stated_at, None);
    }

    #[test]
    fn cyclonedx_names_components_by_reference() {
        let hex = "ab".repeat(32);
        let text = format!(
            r#"{{"bomFormat": "CycloneDX", "specVersion": "1.6",
            "metadata": {{"timestamp": "2026-11-24T00:00:00Z", "component": {{"bom-ref": "app",
              "name": "lantern", "hashes": [{{"alg": "SHA-256", "content": "{hex}"}}]}}}},
            "components": [{{"bom-ref": "ssl", "purl": "pkg:deb/openssl@3.0.1?arch=amd64"}}],
            "vulnerabilities": [
              {{"id": "CVE-2026-1", "ratings": [{{"severity": "low"}}, {{"severity": "critical"}}],
                "analysis": {{"state": "not_affected", "justification": "code_not_reachable"}},
                "affects": [{{"ref": "ssl"}}]}},
              {{"id": "CVE-2026-2", "analysis": {{"state": "in_triage"}}}},
              {{"id": "CVE-2026-3", "affects": [{{"ref": "urn:cdx:1/1#pkg%3Adeb/zlib%401.2"}}]}}]}}"#
        );
        let read = read_text(&text, &[]).unwrap();
        let [first, second, third] = read.statements.as_slice() else { panic!("three of them") };
        assert_eq!((first.status, first.rating), (VexStatus::NotAffected, Some(Rating::Critical)));
        assert!(first.reason.is_some() && first.stated_at.is_some());
        assert_eq!(first.products[0].digests, [hex.parse().unwrap()].into());
        let meant = ["pkg:deb/openssl@3.0.1", "ssl"].map(str::to_owned);
        assert_eq!(first.products[0].components, meant.into());
        assert_eq!(second.status, VexStatus::UnderInvestigation);
        assert_eq!(second.products[0].digests, first.products[0].digests);
        // Without an analysis it is a vulnerability like any other.
        assert_eq!(third.status, VexStatus::Affected);
        assert!(third.products.iter().any(|one| one.packages.contains("pkg:deb/zlib@1.2")));
    }
}
