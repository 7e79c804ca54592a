//! Rules about which release the documents speak of.

use super::FAULT;
use crate::finding::Severity;
use crate::finding::rules::Rule;

/// Documents state different versions of the release.
pub static VERSION_DIFFERS: Rule = Rule {
    code: "CS-RELEASE-033",
    slug: "release-version-differs",
    refuses: "a document of the tree states another version than the release",
    why: "somebody installs, supports or rolls back the wrong version",
    remedy: "set the version in one place and derive the others from it",
    bad: "`Cargo.toml` says 0.2.1, the release manifest 0.2.0",
    good: "one version, everywhere",
    ..FAULT
};

/// Documents state different commits or release ids.
pub static COMMIT_DIFFERS: Rule = Rule {
    code: "CS-RELEASE-034",
    slug: "release-commit-differs",
    refuses: "identity, provenance and their copies name different commits or release ids",
    why: "it cannot be said which source the release was built from",
    remedy: "write identity and provenance from the same checkout",
    bad: "identity names one commit, provenance another",
    good: "one commit, everywhere",
    ..FAULT
};

/// The release is not the one that was expected.
pub static EXPECTATION_UNMET: Rule = Rule {
    code: "CS-RELEASE-035",
    slug: "release-expectation-unmet",
    refuses: "the release's version, commit or tag is not the one that was asked for",
    why: "evidence of another release is presented for this one",
    remedy: "collect the evidence from the expected source, or ask for the right one",
    bad: "`--expect-commit A` and an identity that names B",
    good: "the identity names the expected commit",
    ..FAULT
};

/// The release names a branch as its source.
pub static BRANCH_IDENTITY: Rule = Rule {
    code: "CS-RELEASE-036",
    slug: "release-named-by-branch",
    severity: Severity::Warning,
    refuses: "the release's governance version names a branch and no tag",
    why: "a branch moves, and nobody can find the release by it later",
    remedy: "release from a tag and write the tag into the identity",
    bad: "`\"governance_version\": \"main@39f2...\"`",
    good: "`\"governance_version\": \"v1.2.0@39f2...\"`",
    ..FAULT
};

/// The packaged chart is not the chart of the tree.
pub static CHART_DIFFERS: Rule = Rule {
    code: "CS-RELEASE-037",
    slug: "chart-package-differs",
    refuses: "the chart package holds other files than the chart of the same version in the tree",
    why: "what is installed is not what was reviewed and tested",
    remedy: "package the chart again from this tree, or restore the chart",
    bad: "`values.yaml` in the package has other bytes than in the tree",
    good: "the package holds the chart's files, byte for byte",
    ..FAULT
};
