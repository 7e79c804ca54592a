//! Rules about what load documents say of the tree.

use crate::finding::rules::{Rule, Weight};
use crate::finding::{Area, Severity};

/// A comparison has the same thing on both sides.
pub static COMPARED_WITH_ITSELF: Rule = Rule {
    code: "CS-LOAD-046",
    slug: "load-compared-with-itself",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a comparison names one file or profile as baseline and candidate, or runs that are runs of the baseline as well",
    why: "no difference can be found, whatever the release does",
    remedy: "compare the runs of the release with the baseline of the last one",
    bad: "\"baseline_path\" equal to \"candidate_path\"",
    good: "two different files",
};

/// A document says of the tree what is not so.
pub static CLAIM_CONTRADICTED: Rule = Rule {
    code: "CS-LOAD-047",
    slug: "load-claim-contradicted",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a summary or report claims a check, a count or a coverage that the tree does not bear out",
    why: "a report that says stable is read, and the tree is not",
    remedy: "derive the report from the tree, or leave it away",
    bad: "\"status\": \"stable\" over a manifest that lacks suites",
    good: "a report that is derived",
};

/// A generated document was made from other files.
pub static DOCUMENT_STALE: Rule = Rule {
    code: "CS-LOAD-048",
    slug: "load-document-stale",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a generated document names a source digest that is not that of the file",
    why: "it describes a tree that is no more",
    remedy: "generate it again",
    bad: "a source digest of yesterday's suites",
    good: "the digest of the suites as they are",
};

/// A query pack is not the one that was locked.
pub static PACK_DIFFERS: Rule = Rule {
    code: "CS-LOAD-049",
    slug: "load-query-pack-differs",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the digest of a query pack or of one of its queries is not that of its lock, or one has queries that the other lacks",
    why: "other questions have other answers' latencies",
    remedy: "lock the pack again, and measure the baseline again",
    bad: "a query in the pack that the lock lacks",
    good: "every query locked by its digest",
};

/// A digest stands for nothing.
pub static PLACEHOLDER_DIGEST: Rule = Rule {
    code: "CS-LOAD-050",
    slug: "load-placeholder-digest",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a load document or data file holds a digest of one repeated digit, of zeros or of nothing",
    why: "it binds nothing and looks as if it did",
    remedy: "write the digest of the thing",
    bad: "sha256:1111111111111111111111111111111111111111111111111111111111111111",
    good: "the digest of the file",
};

/// A document breaks its schema.
pub static SCHEMA_VIOLATED: Rule = Rule {
    code: "CS-LOAD-051",
    slug: "load-schema-violated",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a load document breaks the schema that belongs to it",
    why: "whoever relies on the schema reads something else than what is there, or nothing",
    remedy: "correct the document, or the schema",
    bad: "a required property is missing",
    good: "every required property is there",
};
