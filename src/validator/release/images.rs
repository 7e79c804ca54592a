//! REL06, REL11, X5: one real digest for each profile's image, everywhere.

use std::collections::{BTreeMap, BTreeSet};

use super::causes;
use super::input::{Inputs, Source};
use super::layout;
use super::row::{digest_of_reference, digest_of_text};
use crate::digest::Digest;
use crate::document::Node;
use crate::finding::rules::release as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

/// One image that the manifest says a profile runs.
struct Image<'a> {
    pointer: String,
    profile: &'a str,
    digest: Option<Digest>,
    values: Option<&'a Source>,
}

/// Holds the manifest's images against the values that are deployed and the profiles' demands.
pub(super) fn profile_images(inputs: &Inputs, _: &Context, report: &mut Report) {
    let Some(manifest) = inputs.document(layout::MANIFEST) else {
        if inputs.is_handbook() {
            report.skipped("profile-images", layout::MANIFEST, "the tree has no evidence manifest");
        }
        return;
    };
    let before = report.findings().len();
    let images = images_of(inputs, manifest);
    for image in &images {
        judge_image(manifest, image, report);
    }
    one_image(inputs, manifest, report);
    provenance_subjects(inputs, &images, report);
    let profiles = inputs.document("ops/k8s/values/profiles.json");
    for profile in
        profiles.and_then(|source| source.root.get("profiles")).iter().flat_map(|node| node.items())
    {
        let id = profile.get("id").and_then(Node::as_str).unwrap_or_default();
        let required = profile.get("imageDigestRequired").and_then(Node::as_bool) == Some(true);
        let has = images.iter().any(|image| image.profile == id && image.digest.is_some());
        let is_production = profile
            .get("intendedUse")
            .and_then(Node::as_str)
            .is_some_and(|use_| use_.starts_with("prod"));
        if (required || is_production || id == "prod") && !has {
            let message = format!("no image digest for the profile `{id}`");
            let finding =
                Finding::new(&rules::IMAGE_UNPINNED, manifest.at("/image_artifacts"), message);
            report.push(finding.declared(id));
        }
    }
    if !images.is_empty() && report.findings().len() == before {
        let detail = format!("{} images are those of the values", images.len());
        report.passed("profile-images", manifest.path(), detail);
    }
    report.skipped(
        "rendered-images",
        manifest.path(),
        "rendered manifests are judged by the area k8s",
    );
}

fn judge_image(manifest: &Source, image: &Image<'_>, report: &mut Report) {
    let location = manifest.at(&image.pointer);
    if layout::is_negative_profile(image.profile) {
        let message = format!("`{}` is a profile that must be refused", image.profile);
        report.push(Finding::new(&rules::NEGATIVE_IN_EVIDENCE, location, message));
        return;
    }
    let Some(digest) = image.digest else {
        let message = format!("the profile `{}` has no digest", image.profile);
        report.push(Finding::new(&rules::IMAGE_UNPINNED, location, message));
        return;
    };
    let deployed = image.values.and_then(|values| digest_of_text(values.text("/image/digest")?));
    if let Some(deployed) = deployed
        && deployed != digest
    {
        let message = format!("the values of `{}` name another image", image.profile);
        report.push(
            Finding::new(&rules::IMAGE_DIFFERS, location, message)
                .declared(digest)
                .actual(deployed),
        );
    }
}

/// Provenance that names artifacts names each real image among them.
fn provenance_subjects(inputs: &Inputs, images: &[Image<'_>], report: &mut Report) {
    let Some(provenance) = inputs.document(layout::PROVENANCE) else { return };
    let Some(subjects) = provenance.root.get("subject").filter(|node| !node.items().is_empty())
    else {
        return;
    };
    let named: BTreeSet<Digest> = subjects
        .items()
        .iter()
        .filter_map(|subject| subject.pointer("/digest/sha256")?.as_str()?.parse().ok())
        .collect();
    for image in images {
        let real =
            image.digest.filter(|digest| !digest.is_placeholder() && !named.contains(digest));
        if let Some(digest) = real {
            let message = format!("no subject is the image of the profile `{}`", image.profile);
            let finding = Finding::new(&rules::IMAGE_DIFFERS, provenance.at("/subject"), message);
            report.push(finding.actual(digest));
        }
    }
}

/// Compares the names of the images that are released with the repositories that are deployed.
pub(super) fn image_names(inputs: &Inputs, _: &Context, report: &mut Report) {
    let Some(released) = inputs.document("ops/release/images-release.toml") else { return };
    let deployed: BTreeSet<&str> = deployed_values(inputs)
        .filter_map(|source| source.text("/image/repository"))
        .filter(|repository| !repository.is_empty())
        .collect();
    let rows = released.root.get("images").map(Node::items).unwrap_or_default();
    for (index, row) in rows.iter().enumerate() {
        let Some(name) = row.get("name").and_then(Node::as_str) else { continue };
        if !deployed.is_empty() && !deployed.contains(name) {
            let all: Vec<&str> = deployed.iter().copied().collect();
            let message = format!("`{name}` is released, and no values deploy it");
            let location = released.at(&format!("/images/{index}/name"));
            let finding = Finding::new(&rules::IMAGE_DIFFERS, location, message);
            report.push(finding.declared(name).actual(all.join(", ")));
        }
    }
}

/// One repository and one tag are one image, whatever the profile.
fn one_image(inputs: &Inputs, manifest: &Source, report: &mut Report) {
    let default = inputs
        .below("ops/k8s/charts/")
        .filter(|source| source.path().ends_with("/values.yaml"))
        .find_map(|source| source.text("/image/repository"))
        .unwrap_or_default();
    let mut images: BTreeMap<(&str, &str), BTreeSet<Digest>> = BTreeMap::new();
    for row in manifest.root.get("image_artifacts").map(Node::items).unwrap_or_default() {
        let text = |key: &str| row.get(key).and_then(Node::as_str).unwrap_or_default();
        let repository = Some(text("repository")).filter(|text| !text.is_empty());
        let key = (repository.unwrap_or(default), text("tag"));
        images.entry(key).or_default().extend(digest_of_text(text("digest")));
    }
    for ((repository, tag), digests) in images.iter().filter(|(_, digests)| digests.len() > 1) {
        let message =
            format!("`{repository}` at the tag `{tag}` has {} digests by profile", digests.len());
        let all: Vec<_> = digests.iter().map(Digest::to_string).collect();
        let location = manifest.at("/image_artifacts");
        let mut finding =
            Finding::new(&rules::DIGEST_CONFLICT, location, message).actual(all.join(", "));
        if digests.iter().any(Digest::is_placeholder) {
            finding.cause = Some(causes::PLACEHOLDERS.to_owned());
        }
        report.push(finding);
    }
}

fn images_of<'a>(inputs: &'a Inputs, manifest: &'a Source) -> Vec<Image<'a>> {
    let rows = manifest.root.get("image_artifacts").map(Node::items).unwrap_or_default();
    let text = |row: &'a Node, key: &str| row.get(key).and_then(Node::as_str);
    rows.iter()
        .enumerate()
        .map(|(index, row)| Image {
            pointer: format!("/image_artifacts/{index}"),
            profile: text(row, "profile").unwrap_or_default(),
            digest: text(row, "digest").and_then(digest_of_text),
            values: text(row, "source_path").and_then(|path| inputs.document(path)),
        })
        .collect()
}

/// The distinct image digests that the manifest states, negatives left out.
pub(super) fn image_digests(inputs: &Inputs) -> BTreeSet<Digest> {
    let Some(manifest) = inputs.document(layout::MANIFEST) else { return BTreeSet::new() };
    images_of(inputs, manifest)
        .iter()
        .filter(|image| !layout::is_negative_profile(image.profile))
        .filter_map(|image| image.digest)
        .collect()
}

/// The values that are deployed: the profiles' and the charts' defaults.
fn deployed_values(inputs: &Inputs) -> impl Iterator<Item = &Source> {
    let defaults = inputs.below("ops/k8s/charts/").filter(|source| {
        source.path().ends_with("/values.yaml") && source.path().matches('/').count() == 4
    });
    inputs.below("ops/k8s/values/").chain(defaults).filter(|source| {
        let name = source.path().rsplit('/').next().unwrap_or_default();
        !layout::is_negative_profile(name)
    })
}

/// The image digests of the values that are deployed, for a tree without an evidence manifest.
fn deployed_digests(inputs: &Inputs) -> BTreeSet<Digest> {
    deployed_values(inputs)
        .filter_map(|source| digest_of_text(source.text("/image/digest")?))
        .collect()
}

/// Looks for the release's images in the list of released images.
pub(super) fn image_registry(inputs: &Inputs, _: &Context, report: &mut Report) {
    let Some(registry) = inputs.document(layout::IMAGE_REGISTRY) else { return };
    let mut released = BTreeSet::new();
    registry.root.walk(&mut |_, node| {
        released.extend(node.as_str().and_then(digest_of_reference));
    });
    let mut images = image_digests(inputs);
    if inputs.document(layout::MANIFEST).is_none() {
        images = deployed_digests(inputs);
    }
    let real: Vec<_> = images.iter().filter(|digest| !digest.is_placeholder()).collect();
    for digest in real.iter().filter(|digest| !released.contains(**digest)) {
        let message = "an image of the release is not in the list of released images";
        let finding = Finding::new(&rules::IMAGE_UNREGISTERED, registry.at("/released"), message);
        report.push(finding.declared(format!("{} images", released.len())).actual(digest));
    }
    if images.is_empty() && released.is_empty() {
        report.skipped("image-registry", registry.path(), "no image of the release is known");
    } else if real.iter().all(|digest| released.contains(*digest)) && !released.is_empty() {
        let detail = format!("{} released images", released.len());
        report.passed("image-registry", registry.path(), detail);
    }
}
