//! Rules about what is signed, packed and required.

use super::FAULT;
use crate::finding::Severity;
use crate::finding::rules::Rule;

/// Policy, ledger and sign report do not name the same files.
pub static SIGNING_SETS_DIFFER: Rule = Rule {
    code: "CS-RELEASE-013",
    slug: "signing-sets-differ",
    refuses: "the signing policy, the checksum ledger and the sign report name different files",
    why: "a file that one of them leaves out is not signed although somebody relies on it",
    remedy: "make all three from the policy in one step",
    bad: "the policy lists `a.json`, the ledger does not",
    good: "policy, ledger and sign report list the same files",
    ..FAULT
};

/// The manifest lists evidence that is not signed.
pub static EVIDENCE_UNSIGNED: Rule = Rule {
    code: "CS-RELEASE-014",
    slug: "evidence-left-unsigned",
    refuses: "an SBOM, scan report, package or provenance of the manifest is missing from the ledger",
    why: "evidence that a consumer decides by can be replaced without breaking a signature",
    remedy: "add the file to the signing policy and sign again",
    bad: "the manifest lists `sboms/offline.spdx.json`, the ledger does not",
    good: "every SBOM of the manifest is in the ledger",
    ..FAULT
};

/// The manifest lists a file that only the manifest covers.
pub static EVIDENCE_INDIRECT: Rule = Rule {
    code: "CS-RELEASE-015",
    slug: "evidence-signed-indirectly",
    severity: Severity::Warning,
    refuses: "a file that the manifest hashes is in no ledger and is covered through the manifest only",
    why: "a verifier that reads the ledger alone does not see it",
    remedy: "add the file to the signing policy",
    bad: "the manifest hashes `toolchain.json`, the ledger lists the manifest only",
    good: "the ledger lists what the manifest hashes",
    ..FAULT
};

/// The packet and the ledger do not name the same files.
pub static PACKET_SET_DIFFERS: Rule = Rule {
    code: "CS-RELEASE-016",
    slug: "packet-set-differs",
    refuses: "the packet leaves out signed files, holds files that nothing else names, or misses its own minimum",
    why: "the consumer gets less, or other things, than were signed",
    remedy: "make the packet's list from the ledger",
    bad: "the ledger lists 24 files, the packet 7 of them",
    good: "every file of the ledger is in the packet",
    ..FAULT
};

/// An artifact that a policy requires is nowhere.
pub static REQUIRED_ABSENT: Rule = Rule {
    code: "CS-RELEASE-020",
    slug: "required-artifact-absent",
    refuses: "a policy requires an artifact that is neither in the tree nor in the bundle",
    why: "the gate that the policy describes was not passed",
    remedy: "produce the artifact and collect it, or change the policy with an owner's consent",
    bad: "`required_artifacts: [\"artifacts/scan.json\"]` and no such file",
    good: "every required artifact is collected",
    ..FAULT
};

/// A release document points to a file that is not there.
pub static INCLUDE_ABSENT: Rule = Rule {
    code: "CS-RELEASE-021",
    slug: "release-reference-absent",
    severity: Severity::Warning,
    refuses: "a release document names a file or folder that is neither in the tree nor in the bundle",
    why: "whoever follows the document ends nowhere",
    remedy: "restore what is named, or correct the document",
    bad: "`include = [\"docs/releasing.md\"]` without such a file",
    good: "every included path exists",
    ..FAULT
};

/// The provenance speaks of no artifact.
pub static PROVENANCE_EMPTY: Rule = Rule {
    code: "CS-RELEASE-054",
    slug: "provenance-without-subject",
    refuses: "the provenance names no artifact by digest",
    why: "it says where something comes from, and not what",
    remedy: "write in-toto provenance with each artifact as a subject",
    bad: "`{\"git_sha\": ...}`",
    good: "`{\"subject\": [{\"name\": ..., \"digest\": ...}], ...}`",
    ..FAULT
};

/// There is a sign report and no signature.
pub static NOTHING_SIGNED: Rule = Rule {
    code: "CS-RELEASE-055",
    slug: "nothing-is-signed",
    refuses: "a sign report or signing policy is there, and no signature, certificate or bundle",
    why: "a list of checksums proves nothing about who wrote it",
    remedy: "sign the checksums, the packet and the provenance with a key that consumers know",
    bad: "`mechanism: internal-checksum-ledger`",
    good: "`checksums.txt.sigstore.json` beside `checksums.txt`",
    ..FAULT
};

/// No digest covers a release document.
pub static DOCUMENT_UNCOVERED: Rule = Rule {
    code: "CS-RELEASE-056",
    slug: "document-uncovered",
    refuses: "a release document is covered by no digest that another document states",
    why: "it can be changed without anybody noticing",
    remedy: "list the document in the signing policy",
    bad: "`signing/policy.yaml` in no ledger, manifest or packet",
    good: "every release document stands in the ledger",
    ..FAULT
};

/// Only the bundle's digest covers a release document.
pub static COVERED_BY_BUNDLE: Rule = Rule {
    code: "CS-RELEASE-057",
    slug: "document-covered-by-bundle-only",
    severity: Severity::Warning,
    refuses: "a release document is covered only as a member of the bundle",
    why: "the copy in the tree can differ from the member, and no list shows it",
    remedy: "list the document in the manifest with its digest",
    bad: "`evidence/policy.json` is a member, and no document states its digest",
    good: "the manifest states its digest",
    ..FAULT
};

/// A manifest lists files without digests.
pub static LISTED_UNHASHED: Rule = Rule {
    code: "CS-RELEASE-058",
    slug: "listed-without-digest",
    severity: Severity::Warning,
    refuses: "the manifest lists files without stating their digests",
    why: "a file that is only named can be replaced",
    remedy: "write `{\"path\": ..., \"sha256\": ...}` for each file",
    bad: "`\"reports\": [\"a.json\"]`",
    good: "`\"reports\": [{\"path\": \"a.json\", \"sha256\": D}]`",
    ..FAULT
};
