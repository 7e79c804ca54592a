//! Rules about images: what runs, what is pinned, what is built on.

use super::{FAULT, Rule};
use crate::finding::Severity;

/// What stands where an image is named is no image reference.
pub static IMAGE_MALFORMED: Rule = Rule {
    code: "CS-STACK-004",
    slug: "image-reference-malformed",
    refuses: "a value that names an image cannot be read by the grammar of image references",
    why: "an engine refuses it at the worst moment, and no rule here can tell what would run",
    remedy: "write `registry/path:tag@sha256:digest`",
    bad: "image: Redis:7.4.2",
    good: "image: redis:7.4.2@sha256:1284...9fbb",
    ..FAULT
};

/// An entry of a pin list is no image reference.
pub static PIN_MALFORMED: Rule = Rule {
    code: "CS-STACK-005",
    slug: "pin-list-entry-malformed",
    severity: Severity::Warning,
    refuses: "an entry below `images` of a pin list is no image reference",
    why: "whoever reads the list as what it says it is takes the entry for an image",
    remedy: "move what is no image out of the list",
    bad: "images: {redis: \"redis:7.4.2@sha256:...\", generated_by: \"a tool\"}",
    good: "images: {redis: \"redis:7.4.2@sha256:...\"}",
    ..FAULT
};

/// An image runs, or is built on, without a digest.
pub static IMAGE_UNPINNED: Rule = Rule {
    code: "CS-STACK-006",
    slug: "stack-image-unpinned",
    refuses: "an image is referenced without `@sha256:` and 64 lower-case hexadecimal digits",
    why: "a tag can be moved after the evidence was taken: what is installed is not what was tested",
    remedy: "append the digest from the pin list, or resolve the tag once and pin it",
    bad: "image: redis:7.4.2",
    good: "image: redis:7.4.2@sha256:1284...9fbb",
    ..FAULT
};

/// An image is pinned to a digest that somebody typed.
pub static DIGEST_PLACEHOLDER: Rule = Rule {
    code: "CS-STACK-007",
    slug: "stack-image-digest-placeholder",
    refuses: "an image digest is one repeated digit or byte, or the digest of nothing",
    why: "no image has this digest, so the profile cannot be installed and proves nothing",
    remedy: "put the digest of the image that was built and tested",
    bad: "digest: sha256:3333...3333",
    good: "digest: sha256:bc61...8322",
    ..FAULT
};

/// Two different images are pinned to one digest.
pub static DIGEST_SHARED: Rule = Rule {
    code: "CS-STACK-008",
    slug: "stack-image-digest-shared",
    refuses: "one digest is stated for two different repositories",
    why: "one of the two is a copying mistake and will not run what its name says",
    remedy: "resolve each image's own digest",
    bad: "redis@sha256:1284...9fbb and nginx@sha256:1284...9fbb",
    good: "each repository has a digest of its own",
    ..FAULT
};

/// An image runs with another digest than the pin list has for it.
pub static PINNED_DIGEST_DIFFERS: Rule = Rule {
    code: "CS-STACK-009",
    slug: "pinned-digest-differs",
    refuses: "a reference carries another digest than the pin list has for the same repository",
    why: "what was scanned and approved is not what is installed",
    remedy: "repeat the line of the pin list, or change the pin list and everything that rests on it",
    bad: "pins: redis@sha256:1284..., manifest: redis@sha256:99ab...0c11",
    good: "both carry the same digest",
    ..FAULT
};

/// An image runs under another tag than the pin list has for it.
pub static PINNED_TAG_DIFFERS: Rule = Rule {
    code: "CS-STACK-010",
    slug: "pinned-tag-differs",
    refuses: "a reference carries another tag than the pin list has for the same repository",
    why: "people read the tag: two versions are named where one is pinned",
    remedy: "use the tag of the pin list",
    bad: "pins: redis:7.4.2, compose: redis:7-alpine",
    good: "both say redis:7.4.2",
    ..FAULT
};

/// An image is named by a tag that its publisher moves.
pub static TAG_MOVING: Rule = Rule {
    code: "CS-STACK-011",
    slug: "image-tag-moves",
    refuses: "a reference has no tag and no digest, or its tag is `latest`, its like, or a major version alone",
    why: "the tag says nothing about what runs: tomorrow it is another image",
    remedy: "name the full version",
    bad: "image: redis:7-alpine",
    good: "image: redis:7.4.2-alpine@sha256:1284...9fbb",
    ..FAULT
};

/// An image comes from a registry that the policy does not list.
pub static REGISTRY_UNLISTED: Rule = Rule {
    code: "CS-STACK-012",
    slug: "image-registry-unlisted",
    refuses: "a repository lies in none of the registries that the registry policy allows",
    why: "what comes from there was not mirrored, scanned or signed by the policy's rules",
    remedy: "mirror the image into an allowed registry, or have the policy changed",
    bad: "allowed: registry.example, image: docker.io/library/redis",
    good: "image: registry.example/mirror/redis",
    ..FAULT
};

/// An image runs and the pin list does not know it.
pub static IMAGE_UNLISTED: Rule = Rule {
    code: "CS-STACK-013",
    slug: "running-image-unlisted",
    refuses: "a repository that runs is not in the pin list",
    why: "nobody pins, scans or updates what is not in the list",
    remedy: "add the image to the pin list with its digest, or stop running it",
    bad: "grafana runs; `images` has no grafana",
    good: "every repository that runs has a line in `images`",
    ..FAULT
};

/// The pin list pins an image that nothing runs.
pub static PIN_UNUSED: Rule = Rule {
    code: "CS-STACK-014",
    slug: "pin-unused",
    severity: Severity::Warning,
    refuses: "no file runs or builds on a repository of the pin list",
    why: "the list is read as what runs: a line that is not so hides that something is missing",
    remedy: "remove the line, or restore what ran it",
    bad: "`minio_mc` is pinned and nothing runs it",
    good: "each line of the list runs somewhere",
    ..FAULT
};

/// Two pin lists say different things.
pub static PIN_LISTS_DIFFER: Rule = Rule {
    code: "CS-STACK-015",
    slug: "pin-lists-differ",
    refuses: "the images of the toolchain inventory are not those of the pin list",
    why: "tools that read one list install something else than tools that read the other",
    remedy: "generate the second list from the first",
    bad: "pins.yaml: redis:7.4.2, toolchain.json: redis:7.2",
    good: "both lists have the same lines",
    ..FAULT
};

/// The version manifest is not what is pinned or runs.
pub static MANIFEST_DIFFERS: Rule = Rule {
    code: "CS-STACK-016",
    slug: "version-manifest-differs",
    refuses: "the version manifest names other images than the pin list, or, without one, than the components run",
    why: "the manifest is what a release says it consists of",
    remedy: "generate the manifest again",
    bad: "the manifest says redis:7.2, the pin list redis:7.4.2",
    good: "the manifest has exactly the pinned images",
    ..FAULT
};

/// A build does not use the locked base images.
pub static BASE_DIFFERS: Rule = Rule {
    code: "CS-STACK-017",
    slug: "base-image-differs",
    refuses: "Dockerfiles, the lock of base images and the image policy name different base images",
    why: "the image is built on something that nobody approved",
    remedy: "use the locked reference in every `FROM`, and lock each base that is used",
    bad: "lock: rust:1.91.1@sha256:e78f..., FROM rust:1.90",
    good: "FROM rust:1.91.1@sha256:e78f...e7f3",
    ..FAULT
};
