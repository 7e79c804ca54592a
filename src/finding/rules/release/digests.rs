//! Rules about digests that documents declare.

use super::FAULT;
use crate::finding::Severity;
use crate::finding::rules::Rule;

/// A file of the tree is not the one whose digest is stated.
pub static DIGEST_DIFFERS: Rule = Rule {
    code: "CS-RELEASE-004",
    slug: "declared-digest-differs",
    refuses: "a file of the tree has another digest than a release document states for it",
    why: "what was collected, approved or signed is not what lies in the tree",
    remedy: "collect the evidence again from this tree, or restore the file that was recorded",
    bad: "`{\"path\": \"a.json\", \"sha256\": D}` where `a.json` hashes to another value",
    good: "the stated digest is the digest of the file's bytes",
    ..FAULT
};

/// A file with a stated digest is nowhere.
pub static DECLARED_FILE_ABSENT: Rule = Rule {
    code: "CS-RELEASE-005",
    slug: "declared-file-absent",
    refuses: "a release document states the digest of a file that is neither in the tree nor in the bundle",
    why: "nobody can check the statement, and nobody has what it speaks of",
    remedy: "put the file into the bundle, or drop the entry",
    bad: "`artifacts/chart.tgz` with a digest, and no such file anywhere",
    good: "every path with a digest is in the tree or in the bundle",
    ..FAULT
};

/// A file with a stated digest is in the bundle only.
pub static FILE_ONLY_IN_BUNDLE: Rule = Rule {
    code: "CS-RELEASE-006",
    slug: "declared-file-only-in-bundle",
    severity: Severity::Warning,
    refuses: "a file is absent from the tree, and the bundle holds it with the stated digest",
    why: "it is not lost, but it can be verified from the bundle only and not be made again from the tree",
    remedy: "keep the bundle with the release, or commit what the evidence rests on",
    bad: "`artifacts/report.json` is a member of the bundle and no file of the tree",
    good: "the file lies in the tree with the stated digest",
    ..FAULT
};

/// A member of the bundle is not the one whose digest is stated.
pub static BUNDLE_DIGEST_DIFFERS: Rule = Rule {
    code: "CS-RELEASE-007",
    slug: "bundled-digest-differs",
    refuses: "the bundle holds a file with another digest than a document states for it",
    why: "the evidence that is handed over is not the evidence that was recorded",
    remedy: "seal the bundle after the documents that describe it, and describe it after it is sealed",
    bad: "the ledger inside the bundle states another digest than its member has",
    good: "every digest stated for a member is the member's digest",
    ..FAULT
};

/// A digest is stated for a folder.
pub static FOLDER_DIGEST: Rule = Rule {
    code: "CS-RELEASE-008",
    slug: "folder-digest-unprovable",
    severity: Severity::Warning,
    refuses: "a digest is stated for a folder, and no rule says how a folder is hashed",
    why: "nobody else can compute the number again",
    remedy: "archive the folder and state the digest of the archive, or list its files",
    bad: "`{\"site_dir\": \"artifacts/site\", \"sha256\": D}`",
    good: "`{\"path\": \"artifacts/site.tar\", \"sha256\": D}`",
    ..FAULT
};

/// Evidence speaks of files that were not collected.
pub static CITES_UNCOLLECTED: Rule = Rule {
    code: "CS-RELEASE-009",
    slug: "evidence-cites-uncollected-file",
    severity: Severity::Warning,
    refuses: "a document of the bundle states digests of files that are neither in the bundle nor in the tree",
    why: "the result cannot be traced to what it was computed from",
    remedy: "collect the inputs and outputs with the report, or name the store that keeps them",
    bad: "an ingest report with `inputs` that nobody collected",
    good: "the inputs of the report are members of the bundle",
    ..FAULT
};

/// A document in the bundle states the bundle's digest.
pub static BUNDLE_STATES_ITSELF: Rule = Rule {
    code: "CS-RELEASE-010",
    slug: "bundle-states-own-digest",
    severity: Severity::Warning,
    refuses: "a document inside the bundle states a digest for the bundle that holds it",
    why: "no file can hold its own digest, so the statement is about an earlier bundle",
    remedy: "leave the documents that name the bundle out of it",
    bad: "`bundle.tar` holds a manifest with the digest of `bundle.tar`",
    good: "the manifest lies beside the bundle",
    ..FAULT
};

/// Two documents state different digests for one thing.
pub static DIGEST_CONFLICT: Rule = Rule {
    code: "CS-RELEASE-030",
    slug: "digest-conflict",
    refuses: "release documents state different digests for the same file, package or image",
    why: "at most one of them speaks of what is shipped",
    remedy: "build once, and write every document from that build",
    bad: "the manifest and the chart digest file state two digests for `app-1.0.0.tgz`",
    good: "one digest for one package, everywhere",
    ..FAULT
};

/// One digest is stated for different things.
pub static DIGEST_SHARED: Rule = Rule {
    code: "CS-RELEASE-031",
    slug: "digest-shared",
    refuses: "the same digest is stated for an image and for a package",
    why: "different things never have the same digest, so one of the statements is invented",
    remedy: "state the digest that was computed from each thing",
    bad: "`image_digest` and `chart_digest` are the same value",
    good: "each thing has its own digest",
    ..FAULT
};

/// A digest was typed, not computed.
pub static DIGEST_PLACEHOLDER: Rule = Rule {
    code: "CS-RELEASE-032",
    slug: "digest-placeholder",
    refuses: "a digest is one repeated digit, or the digest of nothing",
    why: "it stands for no bytes, so whatever it vouches for was never built or never pinned",
    remedy: "build the thing and state its digest, or take the entry out",
    bad: "`sha256:3333333333333333333333333333333333333333333333333333333333333333`",
    good: "the digest that the registry answered with",
    ..FAULT
};
