//! The handbook's layout: which release document has which role, and what is no evidence.

use crate::document::Node;

/// The evidence manifest: what was collected, with digests.
pub(super) const MANIFEST: &str = "ops/release/evidence/manifest.json";
/// The archive of the evidence.
pub(super) const BUNDLE: &str = "ops/release/evidence/bundle.tar";
/// Who and what the release is.
pub(super) const IDENTITY: &str = "ops/release/evidence/identity.json";
/// What the evidence must hold.
pub(super) const EVIDENCE_POLICY: &str = "ops/release/evidence/policy.json";
/// Where the packaged charts lie.
pub(super) const PACKAGES: &str = "ops/release/evidence/packages";
/// The checksum ledger.
pub(super) const LEDGER: &str = "ops/release/signing/checksums.json";
/// What the signing step says it did.
pub(super) const SIGN: &str = "ops/release/signing/release-sign.json";
/// What the verifying step says it saw.
pub(super) const VERIFY: &str = "ops/release/signing/release-verify.json";
/// What has to be signed.
pub(super) const SIGNING_POLICY: &str = "ops/release/signing/policy.yaml";
/// The list of what is handed over.
pub(super) const PACKET: &str = "ops/release/packet/packet.json";
/// Where the release comes from.
pub(super) const PROVENANCE: &str = "ops/release/provenance.json";
/// The digests of the released images.
pub(super) const IMAGE_REGISTRY: &str = "ops/release/image-digest-registry.json";
/// What the distribution pipeline ships.
pub(super) const OPS_RELEASE: &str = "ops/release/ops-release.toml";
/// The release of a tree that uses our own packet.
pub(super) const OWN_RELEASE: &str = "ops/release/release.toml";

/// The generated documents on which trust in a release rests, oldest first.
pub(super) const TRUST: &[&str] =
    &[IDENTITY, PROVENANCE, MANIFEST, LEDGER, SIGN, VERIFY, SIGNING_POLICY, PACKET];

/// What a tree that generates evidence the handbook's way has some of.
pub(super) const GENERATED: &[&str] =
    &[MANIFEST, BUNDLE, LEDGER, SIGN, VERIFY, SIGNING_POLICY, PACKET, PROVENANCE];

/// Tells whether a file is a specimen for tests (a fixture, a golden, an example) by its folder
/// and its own name. The folder alone excuses nothing: a data set under `fixtures/` is evidence.
pub(super) fn is_specimen(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let within = |folder: &str| path.split('/').rev().skip(1).any(|part| part == folder);
    let named = |words: &[&str]| name.split(['-', '_', '.']).any(|part| words.contains(&part));
    (within("fixtures") && named(SPECIMEN_WORDS))
        || ((within("golden") || within("goldens")) && named(&["golden", "goldens"]))
        || within("_generated.example")
        || (within("examples") && named(&["example", "sample"]))
}

const SPECIMEN_WORDS: &[&str] = &[
    "invalid",
    "missing",
    "secret",
    "bad",
    "negative",
    "fail",
    "failing",
    "failure",
    "refused",
    "broken",
    "sample",
    "example",
    "malformed",
    "corrupt",
];

/// Tells whether a document says of itself that nothing was really run.
pub(super) fn is_pretended(root: &Node) -> Option<&Node> {
    root.get("status").filter(|status| {
        matches!(
            status.as_str(),
            Some("simulated" | "placeholder" | "sample" | "example" | "mock" | "dry-run")
        )
    })
}

/// Tells whether a file is a JSON Schema by its name.
pub(super) fn is_schema(path: &str) -> bool {
    path.ends_with(".schema.json")
}

/// Tells whether a values profile is meant to be refused.
pub(super) fn is_negative_profile(name: &str) -> bool {
    name.split(['-', '_', '.']).any(|part| matches!(part, "failure" | "invalid" | "negative"))
}
