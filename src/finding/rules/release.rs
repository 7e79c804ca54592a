//! The rules of the area `release`.

use super::{Rule, Weight};
use crate::finding::{Area, Severity};

/// The table, in the order of the codes.
pub const RULES: &[&Rule] = &[
    &INPUT_UNREADABLE,
    &DOCUMENT_MALFORMED,
    &SCALAR_AMBIGUOUS,
    &DIGEST_DIFFERS,
    &DECLARED_FILE_ABSENT,
    &FILE_ONLY_IN_BUNDLE,
    &BUNDLE_DIGEST_DIFFERS,
    &FOLDER_DIGEST,
    &CITES_UNCOLLECTED,
    &BUNDLE_STATES_ITSELF,
    &ARCHIVE_UNREADABLE,
    &ARCHIVE_MEMBER_REFUSED,
    &SIGNING_SETS_DIFFER,
    &EVIDENCE_UNSIGNED,
    &EVIDENCE_INDIRECT,
    &PACKET_SET_DIFFERS,
    &MEMBER_UNLISTED,
    &SPECIMEN_BUNDLED,
    &BUNDLE_INCOMPLETE,
    &REQUIRED_ABSENT,
    &INCLUDE_ABSENT,
    &INNER_COPY_DIFFERS,
    &INNER_VERIFY_FAILED,
    &EVIDENCE_DROPPED,
    &TRUST_DOCUMENT_UNBUNDLED,
    &DOCUMENT_STALE,
    &SCHEMA_VIOLATED,
    &SCHEMA_UNSATISFIABLE,
    &SCHEMA_ABSENT,
    &DIGEST_CONFLICT,
    &DIGEST_SHARED,
    &DIGEST_PLACEHOLDER,
    &VERSION_DIFFERS,
    &COMMIT_DIFFERS,
    &EXPECTATION_UNMET,
    &BRANCH_IDENTITY,
    &CHART_DIFFERS,
    &SBOM_UNRECOGNISED,
    &SBOM_EMPTY,
    &SBOM_UNRELATED,
    &SBOM_UNDATED,
    &SBOM_PURL_INVALID,
    &SBOM_SUBJECT,
    &SBOM_ABSENT,
    &SCAN_ABSENT,
    &SCAN_OVER_BUDGET,
    &SCAN_UNRECOGNISED,
    &SCAN_OVERRIDE,
    &SCAN_INFORMATIONAL,
    &IMAGE_UNPINNED,
    &IMAGE_DIFFERS,
    &IMAGE_UNREGISTERED,
    &NEGATIVE_IN_EVIDENCE,
    &PROVENANCE_EMPTY,
    &NOTHING_SIGNED,
    &DOCUMENT_UNCOVERED,
    &COVERED_BY_BUNDLE,
    &LISTED_UNHASHED,
    &SECRET_FOUND,
    &MACHINE_LEAK,
    &SELF_COMPARISON,
    &SOURCE_CONTRADICTED,
    &REPORT_CONSTANT,
    &CLAIM_CONTRADICTED,
    &EVIDENCE_PRETENDED,
    &EXCEPTION_UNOWNED,
    &IMAGE_UNQUALIFIED,
    &WAIVER_EXPIRED,
    &WAIVER_TOO_BROAD,
    &WAIVER_UNMATCHED,
];

/// What the rules of the area have in common: a fault, and an error unless the rule says otherwise.
const FAULT: Rule = Rule {
    code: "",
    slug: "",
    area: Area::Release,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "",
    why: "",
    remedy: "",
    bad: "",
    good: "",
};

/// An input is missing, cannot be read, or is not a regular file.
pub static INPUT_UNREADABLE: Rule = Rule {
    code: "CS-RELEASE-001",
    slug: "release-input-unreadable",
    area: Area::Release,
    severity: Severity::Error,
    weight: Weight::Unjudged,
    refuses: "an input of the area is missing, unreadable, or not a regular file",
    why: "what was not read was not judged, and what was not judged cannot be released",
    remedy: "restore the file, or make it a regular file that can be read",
    bad: "`ops/release/release.toml` is a symbolic link",
    good: "`ops/release/release.toml` is a regular file",
};

/// A document does not parse.
pub static DOCUMENT_MALFORMED: Rule = Rule {
    code: "CS-RELEASE-002",
    slug: "release-document-malformed",
    area: Area::Release,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a document of the area is not well-formed YAML, JSON or TOML",
    why: "two readers take a broken or doubled value for different things, and one of them deploys",
    remedy: "correct the text at the place that is named",
    bad: "{\"version\": \"1.0.0\", \"version\": \"2.0.0\"}",
    good: "{\"version\": \"2.0.0\"}",
};

/// A plain scalar means one thing to YAML 1.1 and another to YAML 1.2.
pub static SCALAR_AMBIGUOUS: Rule = Rule {
    code: "CS-RELEASE-003",
    slug: "release-scalar-ambiguous",
    area: Area::Release,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "a plain YAML scalar is read differently by YAML 1.1 and YAML 1.2",
    why: "tools that read YAML 1.1 and tools that read YAML 1.2 take it for different values",
    remedy: "put quotes around the value, or write `true`, `false` or a plain decimal number",
    bad: "required: yes",
    good: "required: true",
};

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

/// A document was written before what it lists.
pub static DOCUMENT_STALE: Rule = Rule {
    code: "CS-RELEASE-026",
    slug: "document-predates-its-items",
    refuses: "a document states digests of an earlier generation of the files that it lists",
    why: "it speaks for a release that no longer exists",
    remedy: "write the document last, from the files as they are released",
    bad: "the packet states the ledger's digest from before the ledger was written again",
    good: "the packet is written after the ledger",
    ..FAULT
};

/// A document breaks its schema.
pub static SCHEMA_VIOLATED: Rule = Rule {
    code: "CS-RELEASE-027",
    slug: "release-schema-violated",
    refuses: "a release document does not follow the schema that belongs to it",
    why: "tools that rely on the schema misread the document",
    remedy: "correct the document, or the schema when the document is right",
    bad: "`\"schema_version\": \"one\"` where the schema wants a number",
    good: "`\"schema_version\": 1`",
    ..FAULT
};

/// No document can follow a schema.
pub static SCHEMA_UNSATISFIABLE: Rule = Rule {
    code: "CS-RELEASE-028",
    slug: "schema-unsatisfiable",
    refuses: "a schema contradicts itself, so that no document can follow it",
    why: "it refuses everything, and then nobody looks at what it refuses",
    remedy: "correct the clause that is named",
    bad: "`required: [\"a\"]` beside `additionalProperties: false` without a property `a`",
    good: "every required property may be there",
    ..FAULT
};

/// A document names a schema that is not there.
pub static SCHEMA_ABSENT: Rule = Rule {
    code: "CS-RELEASE-029",
    slug: "schema-reference-absent",
    severity: Severity::Warning,
    refuses: "a release document names a schema that is not in the tree",
    why: "the document is held against nothing",
    remedy: "restore the schema, or name the one that is meant",
    bad: "`schema_reference: \"schemas/gone.schema.json\"`",
    good: "`schema_reference` names a schema of the tree",
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

/// A file passes for an SBOM and is none.
pub static SBOM_UNRECOGNISED: Rule = Rule {
    code: "CS-RELEASE-038",
    slug: "sbom-unrecognised",
    refuses: "an SBOM is neither SPDX 2.3 or 3.0 nor CycloneDX 1.4 to 1.7",
    why: "scanners skip what they cannot read, and report nothing",
    remedy: "write the SBOM with a tool that produces one of the two formats",
    bad: "`{\"packages\": []}` without `spdxVersion`",
    good: "`{\"spdxVersion\": \"SPDX-2.3\", ...}`",
    ..FAULT
};

/// An SBOM lists nothing that is inside.
pub static SBOM_EMPTY: Rule = Rule {
    code: "CS-RELEASE-039",
    slug: "sbom-without-components",
    refuses: "an SBOM lists no component besides the thing that it describes",
    why: "a vulnerability in a component cannot be found by it",
    remedy: "generate the SBOM from the built image",
    bad: "one package: the image itself",
    good: "the packages that the image holds",
    ..FAULT
};

/// An SBOM does not say what it describes.
pub static SBOM_UNRELATED: Rule = Rule {
    code: "CS-RELEASE-040",
    slug: "sbom-without-relationships",
    refuses: "an SBOM has no relationship that says what it describes and what that contains",
    why: "a list without relations does not say what is in what",
    remedy: "generate the SBOM with `DESCRIBES` and `CONTAINS` or `DEPENDS_ON`",
    bad: "`\"relationships\": []`",
    good: "`{\"relationshipType\": \"DESCRIBES\", ...}`",
    ..FAULT
};

/// An SBOM does not say when it was made.
pub static SBOM_UNDATED: Rule = Rule {
    code: "CS-RELEASE-041",
    slug: "sbom-undated",
    refuses: "an SBOM has no creation time, or one that cannot be true",
    why: "it cannot be told whether it was made from this build",
    remedy: "record the time at which the SBOM was generated",
    bad: "`\"created\": \"1970-01-01T00:00:00Z\"`",
    good: "`\"created\": \"2026-11-16T09:58:00Z\"`",
    ..FAULT
};

/// A package URL of an SBOM is none.
pub static SBOM_PURL_INVALID: Rule = Rule {
    code: "CS-RELEASE-042",
    slug: "sbom-purl-invalid",
    refuses: "a package URL does not have the form `pkg:type/name`",
    why: "scanners match components by it and find nothing",
    remedy: "write package URLs as `pkg:type/namespace/name@version`",
    bad: "`\"referenceType\": \"purl\", \"referenceLocator\": \"sha256:33...\"`",
    good: "`\"referenceLocator\": \"pkg:oci/app@sha256%3A9f86...\"`",
    ..FAULT
};

/// An SBOM speaks of another image.
pub static SBOM_SUBJECT: Rule = Rule {
    code: "CS-RELEASE-043",
    slug: "sbom-subject-differs",
    refuses: "an SBOM names no digest of the image that it is kept for",
    why: "it lists the components of something else, or of nothing in particular",
    remedy: "generate the SBOM from the image by its digest",
    bad: "the SBOM of image A beside image B",
    good: "the SBOM names the image's digest",
    ..FAULT
};

/// An image or a required format has no SBOM.
pub static SBOM_ABSENT: Rule = Rule {
    code: "CS-RELEASE-044",
    slug: "sbom-absent",
    refuses: "a released image has no SBOM, or a format that a policy requires is missing",
    why: "what is inside the image cannot be told",
    remedy: "generate the missing SBOM and list it in the manifest",
    bad: "three images, two SBOMs",
    good: "one SBOM for each image digest",
    ..FAULT
};

/// An image has no scan report.
pub static SCAN_ABSENT: Rule = Rule {
    code: "CS-RELEASE-045",
    slug: "scan-absent",
    refuses: "a released image has no vulnerability scan report",
    why: "a budget for vulnerabilities that nobody counted holds nothing back",
    remedy: "scan each image by its digest and collect the report",
    bad: "`\"scan_reports\": []` beside `\"cve_budget\"`",
    good: "one scan report for each image digest",
    ..FAULT
};

/// A scan found more than the budget allows.
pub static SCAN_OVER_BUDGET: Rule = Rule {
    code: "CS-RELEASE-046",
    slug: "scan-over-budget",
    refuses: "a scan report has more critical or high findings than the budget allows",
    why: "the release ships vulnerabilities that were ruled out",
    remedy: "update what is vulnerable, or have an owner accept it with a reason and an end",
    bad: "two critical findings, `max_critical: 0`",
    good: "no finding above the budget",
    ..FAULT
};

/// A scan report cannot be read as one.
pub static SCAN_UNRECOGNISED: Rule = Rule {
    code: "CS-RELEASE-047",
    slug: "scan-unrecognised",
    refuses: "a scan report has no shape that is known: the handbook's, Trivy, Grype or SARIF",
    why: "what cannot be counted cannot be held against a budget",
    remedy: "collect the scanner's JSON or SARIF output",
    bad: "`{\"ok\": true}`",
    good: "`{\"SchemaVersion\": 2, \"Results\": [...]}`",
    ..FAULT
};

/// An accepted vulnerability is accepted by nobody, or no longer.
pub static SCAN_OVERRIDE: Rule = Rule {
    code: "CS-RELEASE-048",
    slug: "scan-override-invalid",
    refuses: "an override of the budget has no owner, reason or expiry, or has expired",
    why: "a vulnerability stays accepted after everybody has forgotten it",
    remedy: "give the override an owner, a reason and a day, or remove it",
    bad: "`{\"cve\": \"CVE-2026-1\"}`",
    good: "`{\"cve\": \"CVE-2026-1\", \"owner\": ..., \"reason\": ..., \"expires\": ...}`",
    ..FAULT
};

/// A budget is stated and not enforced.
pub static SCAN_INFORMATIONAL: Rule = Rule {
    code: "CS-RELEASE-049",
    slug: "scan-budget-not-enforced",
    severity: Severity::Warning,
    refuses: "the vulnerability policy states a budget and says that it is informational",
    why: "a budget that refuses nothing is an open waiver",
    remedy: "enforce the budget, or waive single findings",
    bad: "`\"mode\": \"informational\"` beside `\"severity_budget\"`",
    good: "`\"mode\": \"enforced\"`",
    ..FAULT
};

/// A release profile has no image digest in the evidence.
pub static IMAGE_UNPINNED: Rule = Rule {
    code: "CS-RELEASE-050",
    slug: "release-image-absent",
    refuses: "a profile that must pin its image has no image digest in the evidence",
    why: "the evidence does not say what the profile runs",
    remedy: "build the profile's image and collect its digest",
    bad: "profile `prod` requires a digest, the manifest has none for it",
    good: "the manifest has a digest for each release profile",
    ..FAULT
};

/// Values, manifest, SBOM and registry name different images.
pub static IMAGE_DIFFERS: Rule = Rule {
    code: "CS-RELEASE-051",
    slug: "release-image-differs",
    refuses: "a profile's image digest in the manifest is not the one in its values",
    why: "the evidence is about another image than the one that runs",
    remedy: "collect the evidence from the values that are deployed",
    bad: "the manifest names digest A, `values/prod.yaml` names B",
    good: "one digest for a profile's image, everywhere",
    ..FAULT
};

/// A released image is not in the digest registry.
pub static IMAGE_UNREGISTERED: Rule = Rule {
    code: "CS-RELEASE-052",
    slug: "release-image-unregistered",
    refuses: "an image of the release is not in the list of released images",
    why: "the list that says what was published says nothing about this release",
    remedy: "add name, version and digest of each published image",
    bad: "`\"released\": []`",
    good: "`\"released\": [{\"name\": ..., \"digest\": ...}]`",
    ..FAULT
};

/// A profile that must be refused is in the evidence.
pub static NEGATIVE_IN_EVIDENCE: Rule = Rule {
    code: "CS-RELEASE-053",
    slug: "negative-profile-in-evidence",
    refuses: "the evidence lists an image of a profile that is meant to be refused",
    why: "a test of the schema passes for something that is shipped",
    remedy: "collect images of release profiles only",
    bad: "`\"profile\": \"schema-failure-image-latest\"` in the manifest",
    good: "only profiles that install are in the manifest",
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

/// Evidence holds a secret.
pub static SECRET_FOUND: Rule = Rule {
    code: "CS-RELEASE-059",
    slug: "secret-in-evidence",
    refuses: "a release document or a member of the bundle holds a key, token or password",
    why: "evidence is handed to others, and with it the secret",
    remedy: "revoke the secret, redact the document, and collect again",
    bad: "`\"note\": \"token=c2VjcmV0\"`",
    good: "`\"note\": \"token=[redacted]\"`",
    ..FAULT
};

/// Evidence holds a path of somebody's machine.
pub static MACHINE_LEAK: Rule = Rule {
    code: "CS-RELEASE-060",
    slug: "machine-path-in-evidence",
    severity: Severity::Warning,
    refuses: "evidence holds an absolute path of a home folder",
    why: "it names a person and a machine, and differs on every other",
    remedy: "write paths relative to the root",
    bad: "`/Users/kim/app/report.json`",
    good: "`artifacts/report.json`",
    ..FAULT
};

/// A report compares a file with itself.
pub static SELF_COMPARISON: Rule = Rule {
    code: "CS-RELEASE-061",
    slug: "report-compares-with-itself",
    refuses: "a report's baseline and candidate are the same file or profile",
    why: "it finds no difference whatever happened",
    remedy: "compare the candidate of this release with the previous release",
    bad: "`base_report` and `target_report` name one file",
    good: "`base_report` names the previous release's report",
    ..FAULT
};

/// A report says something else than its source.
pub static SOURCE_CONTRADICTED: Rule = Rule {
    code: "CS-RELEASE-062",
    slug: "report-contradicts-source",
    refuses: "a report states a value and its source, and the source has another value",
    why: "the report is older than its source, or was never made from it",
    remedy: "make the report again from its sources",
    bad: "`chart_digest_sha256` is A, the file that it is taken from says B",
    good: "the report's value is the source's value",
    ..FAULT
};

/// A report states a result of nothing.
pub static REPORT_CONSTANT: Rule = Rule {
    code: "CS-RELEASE-063",
    slug: "report-without-source",
    refuses: "a report states a score or a status and names no measured input that is there",
    why: "a constant passes for a measurement",
    remedy: "compute the result from evidence files and name them with digests",
    bad: "`\"score\": 100` with `generated_from` a file that is not there",
    good: "a score with the digests of what it was computed from",
    ..FAULT
};

/// A document claims what is not so.
pub static CLAIM_CONTRADICTED: Rule = Rule {
    code: "CS-RELEASE-064",
    slug: "claim-contradicted",
    refuses: "a document says that verification passed, and what it verified does not hold",
    why: "who believes the status ships what was refused",
    remedy: "verify again, and write what comes of it",
    bad: "`\"status\": \"ok\"` above files that differ",
    good: "the status follows from what was checked",
    ..FAULT
};

/// A result says that nothing was run.
pub static EVIDENCE_PRETENDED: Rule = Rule {
    code: "CS-RELEASE-065",
    slug: "evidence-pretended",
    severity: Severity::Warning,
    refuses: "a document in the evidence folder says that it is simulated or a placeholder",
    why: "it never counts as evidence, and somebody may count it",
    remedy: "run the drill and put its result there, or take the document away",
    bad: "`\"status\": \"simulated\"`",
    good: "`\"status\": \"passed\"` with the digests of what was run",
    ..FAULT
};

/// An exception has no owner or no end.
pub static EXCEPTION_UNOWNED: Rule = Rule {
    code: "CS-RELEASE-066",
    slug: "release-exception-unowned",
    severity: Severity::Warning,
    refuses: "an exception in a release policy names no owner, reason or expiry, or has expired",
    why: "it stays for ever, and nobody answers for it",
    remedy: "give it an owner, a reason and a day, or end it",
    bad: "`\"exception\": \"docs come later\"`",
    good: "`\"exception\": {\"owner\": ..., \"reason\": ..., \"expires\": ...}`",
    ..FAULT
};

/// An image is named by its digest alone.
pub static IMAGE_UNQUALIFIED: Rule = Rule {
    code: "CS-RELEASE-067",
    slug: "image-reference-unqualified",
    severity: Severity::Warning,
    refuses: "the evidence names an image by digest and not by its repository",
    why: "a digest does not say where the image can be pulled from, and so it cannot be checked",
    remedy: "write the whole reference, `repository@sha256:...`",
    bad: "`\"image_ref\": \"sha256:9f86...\"`",
    good: "`\"image_ref\": \"registry.example/app@sha256:9f86...\"`",
    ..FAULT
};

/// A waiver's day has passed.
pub static WAIVER_EXPIRED: Rule = Rule {
    code: "CS-RELEASE-090",
    slug: "waiver-expired",
    area: Area::Release,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a waiver has expired",
    why: "the risk was accepted until that day and not longer",
    remedy: "mend what was waived and remove the waiver, or have its owner accept the risk again",
    bad: "\"expires\": \"2020-01-01T00:00:00Z\"",
    good: "\"expires\" lies in the future",
};

/// A waiver would cover more than one accepted finding.
pub static WAIVER_TOO_BROAD: Rule = Rule {
    code: "CS-RELEASE-091",
    slug: "waiver-too-broad",
    area: Area::Release,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a waiver names no rule, owner or reason, or runs longer than a year",
    why: "a waiver that covers what nobody has looked at hides it",
    remedy: "name one rule, one file with its digest, a reason, an owner, and a day within a year",
    bad: "\"reason\": \"ok\"",
    good: "\"reason\": \"the scanner's database lags; tracked in OPS-812\"",
};

/// A waiver covers nothing.
pub static WAIVER_UNMATCHED: Rule = Rule {
    code: "CS-RELEASE-092",
    slug: "waiver-unmatched",
    area: Area::Release,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a waiver covers no finding, or its file is no longer the one that was accepted",
    why: "it waits for a finding that nobody has accepted yet",
    remedy: "remove the waiver, or accept the finding in the file as it is now",
    bad: "a waiver whose `sha256` is not the file's digest",
    good: "a waiver for a finding that is there, in the file that is there",
};
