//! REL06, REL11, X5: one real digest for each profile's image, everywhere.

use std::collections::{BTreeMap, BTreeSet};

use super::causes::{self, lost_key};
use super::input::{Inputs, Source};
use super::layout;
use super::row::{digest_of_reference, digest_of_text};
use crate::digest::Digest;
use crate::document::Node;
use crate::finding::rules::release as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

/// A value in a document, by its pointer.
type Place<'a> = (&'a Source, String);

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

/// The image digests of the values that are deployed, for a tree without an evidence manifest.
fn deployed_digests(inputs: &Inputs) -> BTreeSet<Digest> {
    let values = inputs.below("ops/k8s/values/");
    let defaults = inputs.below("ops/k8s/charts/").filter(|source| {
        source.path().ends_with("/values.yaml") && source.path().matches('/').count() == 4
    });
    values
        .chain(defaults)
        .filter(|source| {
            let name = source.path().rsplit('/').next().unwrap_or_default();
            !layout::is_negative_profile(name)
        })
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

/// Looks for digests that somebody typed: one finding for each digest of each kind of thing.
pub(super) fn placeholders(inputs: &Inputs, _: &Context, report: &mut Report) {
    let mut sites: BTreeMap<(Digest, &str), Vec<Place>> = BTreeMap::new();
    let values = inputs.below("ops/k8s/values/");
    let is_negative = |source: &&Source| {
        let name = source.path().rsplit('/').next().unwrap_or_default();
        !layout::is_negative_profile(name)
    };
    for source in inputs.own().chain(values.filter(is_negative)) {
        source.root.walk(&mut |pointer, node| {
            let digest = node
                .as_str()
                .and_then(|text| digest_of_text(text).or_else(|| digest_of_reference(text)));
            if let Some(digest) = digest.filter(Digest::is_placeholder) {
                let thing = thing_of(pointer);
                let place = (source, pointer.to_owned());
                sites.entry((digest, thing)).or_default().push(place);
            }
        });
    }
    report.headline(
        causes::PLACEHOLDERS,
        "digests were typed: the things that they stand for were never built or never pinned",
    );
    for ((digest, thing), places) in &sites {
        // The manifest is where the release speaks for the image; the rest repeats it.
        let first = places.iter().find(|(source, _)| source.path() == layout::MANIFEST);
        let Some((source, pointer)) = first.or(places.first()) else { continue };
        let also: Vec<String> =
            places.iter().map(|(source, pointer)| format!("{}#{pointer}", source.path())).collect();
        let message = format!("a typed {thing} digest, in {} places", places.len());
        report.push(
            Finding::new(&rules::DIGEST_PLACEHOLDER, source.at(pointer), message)
                .declared(digest)
                .actual(also.join(", "))
                .caused_by(causes::PLACEHOLDERS),
        );
    }
    let digests: BTreeSet<Digest> = sites.keys().map(|(digest, _)| *digest).collect();
    for digest in digests {
        let (Some(images), Some(packages)) =
            (sites.get(&(digest, "image")), sites.get(&(digest, "package")))
        else {
            continue;
        };
        if let (Some((source, pointer)), Some((other, there))) = (packages.first(), images.first())
        {
            let message = format!("also the digest of an image in `{}#{there}`", other.path());
            let finding = Finding::new(&rules::DIGEST_SHARED, source.at(pointer), message);
            report.push(finding.declared(digest).caused_by(causes::PLACEHOLDERS));
        }
    }
}

/// What a digest is of, by the words around it.
fn thing_of(pointer: &str) -> &'static str {
    let key = pointer.rsplit('/').next().unwrap_or_default();
    if pointer.contains("chart") || pointer.contains("package") && key.contains("sha256") {
        "package"
    } else if matches!(key, "sha256" | "checksum") {
        "file"
    } else {
        "image"
    }
}

/// Compares what the documents say of one chart package, and of one path.
pub(super) fn one_digest(inputs: &Inputs, _: &Context, report: &mut Report) {
    let mut stated: BTreeMap<String, BTreeMap<Digest, Vec<Place>>> = BTreeMap::new();
    for source in inputs.own() {
        source.root.walk(&mut |pointer, node| {
            if let Some((package, key, digest)) = package_of(node) {
                let place = (source, format!("{pointer}/{key}"));
                stated.entry(package).or_default().entry(digest).or_default().push(place);
            }
        });
    }
    for row in inputs.rows.iter().filter(|row| !row.is_member && row.path.ends_with(".tgz")) {
        let name = row.path.rsplit('/').next().unwrap_or_default().to_owned();
        let Some(source) = inputs.document(&row.location.path) else { continue };
        let place = (source, row.location.pointer.clone());
        stated.entry(name).or_default().entry(row.declared).or_default().push(place);
    }
    for (package, digests) in stated.iter().filter(|(_, digests)| digests.len() > 1) {
        let real = digests.keys().find(|digest| inputs.anywhere(**digest));
        for (digest, places) in digests.iter().filter(|(digest, _)| Some(*digest) != real) {
            for (source, pointer) in places {
                let message = format!("another digest of `{package}` than other documents state");
                let mut finding =
                    Finding::new(&rules::DIGEST_CONFLICT, source.at(pointer), message)
                        .declared(digest);
                finding.actual = real.map(Digest::to_string);
                if causes::lost_digests(inputs).contains(digest) {
                    finding.cause = Some(lost_key(*digest));
                }
                report.push(finding);
            }
        }
    }
    for (package, _) in stated.iter().filter(|(_, digests)| digests.len() == 1) {
        report.passed("one-digest", package.as_str(), "every document states the same digest");
    }
}

/// A mapping with name, version and digest of a package.
fn package_of(node: &Node) -> Option<(String, &'static str, Digest)> {
    let text = |key: &str| node.get(key).and_then(Node::as_str);
    if node.get("path").is_some() || !text("reference").is_some_and(|to| to.contains("chart")) {
        return None;
    }
    let digest = digest_of_text(text("sha256")?)?;
    Some((format!("{}-{}.tgz", text("name")?, text("version")?), "sha256", digest))
}
