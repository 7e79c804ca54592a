//! Rules about container images.

use super::FAULT;
use crate::finding::Severity;
use crate::finding::rules::Rule;

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
