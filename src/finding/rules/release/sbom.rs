//! Rules about bills of materials.

use super::FAULT;
use crate::finding::rules::Rule;

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
