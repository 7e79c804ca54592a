//! Rules about the evidence bundle and its members.

use super::FAULT;
use crate::finding::Severity;
use crate::finding::rules::Rule;

/// A bundle or package is no archive that can be read.
pub static ARCHIVE_UNREADABLE: Rule = Rule {
    code: "CS-RELEASE-011",
    slug: "release-archive-unreadable",
    refuses: "an archive of the release is broken, or larger than what is read",
    why: "what it holds can be neither verified nor installed",
    remedy: "write the archive again",
    bad: "a `bundle.tar` that ends in the middle of a member",
    good: "an archive that every tar can list",
    ..FAULT
};

/// An archive holds what is no plain file.
pub static ARCHIVE_MEMBER_REFUSED: Rule = Rule {
    code: "CS-RELEASE-012",
    slug: "release-archive-member-refused",
    refuses: "an archive of the release holds a link, a device, a doubled name or a name that leaves its folder",
    why: "unpacking it writes elsewhere than it says, or differs from tool to tool",
    remedy: "archive regular files with relative names, each once",
    bad: "a member named `../../etc/cron.d/x`",
    good: "a member named `evidence/report.json`",
    ..FAULT
};

/// The bundle holds a file that no document names.
pub static MEMBER_UNLISTED: Rule = Rule {
    code: "CS-RELEASE-017",
    slug: "bundle-member-unlisted",
    refuses: "the bundle holds a member that the manifest does not name",
    why: "what nobody lists nobody has looked at, and it travels with the release",
    remedy: "list the member in the manifest, or leave it out",
    bad: "the package of the previous release in the bundle of this one",
    good: "every member stands in the manifest",
    ..FAULT
};

/// A specimen or a pretended result is in the bundle.
pub static SPECIMEN_BUNDLED: Rule = Rule {
    code: "CS-RELEASE-018",
    slug: "specimen-in-bundle",
    refuses: "the bundle holds a test fixture, a golden file, or a result that says it was simulated",
    why: "what is meant to fail, or never ran, passes for evidence",
    remedy: "collect results only, never fixtures, goldens or placeholders",
    bad: "`fixtures/evidence-with-secret.json` as a member of the bundle",
    good: "the bundle holds the results of runs",
    ..FAULT
};

/// The manifest names a file that the bundle does not hold.
pub static BUNDLE_INCOMPLETE: Rule = Rule {
    code: "CS-RELEASE-019",
    slug: "bundle-incomplete",
    refuses: "a file that the manifest names is not a member of the bundle",
    why: "who has the bundle alone cannot check what the manifest says",
    remedy: "collect the file, or drop it from the manifest",
    bad: "the manifest names `ops/docker/bases.lock`, the bundle does not hold it",
    good: "every path of the manifest is a member of the bundle",
    ..FAULT
};

/// The bundle holds another version of a trust document.
pub static INNER_COPY_DIFFERS: Rule = Rule {
    code: "CS-RELEASE-022",
    slug: "bundled-copy-differs",
    refuses: "the bundle's own copy of a trust document says something else than the one beside the bundle",
    why: "two consumers of one release read two different answers",
    remedy: "seal the bundle once, with the final documents or without them",
    bad: "the bundle's sign report lists nothing, the outer one 24 files",
    good: "the bundle's copies are the outer documents, byte for byte",
    ..FAULT
};

/// The verification report inside the bundle says that it failed.
pub static INNER_VERIFY_FAILED: Rule = Rule {
    code: "CS-RELEASE-023",
    slug: "bundled-verification-failed",
    refuses: "the verification report that travels in the bundle says that verification failed",
    why: "the evidence carries its own refusal, and the outer report hides it",
    remedy: "find out why it failed, then seal the bundle after a verification that passes",
    bad: "`\"status\": \"failed\"` inside, `\"status\": \"ok\"` outside",
    good: "one verification report, and it says what is so",
    ..FAULT
};

/// Evidence that was there once is not in the bundle.
pub static EVIDENCE_DROPPED: Rule = Rule {
    code: "CS-RELEASE-024",
    slug: "evidence-dropped",
    refuses: "a report names evidence files that neither the bundle nor the tree holds",
    why: "evidence was made and then left out, and nobody sees what it said",
    remedy: "collect the files, or say in the release notes why they are not part of it",
    bad: "the verification report names `install-evidence.json`, the bundle lacks it",
    good: "all evidence that reports name is in the bundle",
    ..FAULT
};

/// The bundle does not hold the signing policy.
pub static TRUST_DOCUMENT_UNBUNDLED: Rule = Rule {
    code: "CS-RELEASE-025",
    slug: "signing-policy-not-bundled",
    severity: Severity::Warning,
    refuses: "the bundle holds sign and verify reports but not the policy that they follow",
    why: "an offline reader cannot see what should have been signed",
    remedy: "collect `ops/release/signing/policy.yaml` too",
    bad: "a bundle with `release-verify.json` and without `policy.yaml`",
    good: "a bundle with the policy",
    ..FAULT
};
