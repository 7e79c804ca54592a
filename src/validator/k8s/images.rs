//! K8S16, X5: images are pinned by digests that are real, and are those of the values.

use std::collections::{BTreeMap, BTreeSet};

use super::input::{Inputs, PINS};
use super::object::Object;
use super::values::{at_path, pointer_of};
use crate::digest::Digest;
use crate::document::Node;
use crate::finding::rules::k8s as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;
use crate::validator::image::ImageReference;

/// Every container runs an image that is named by digest.
pub(super) fn pinned(inputs: &Inputs, _: &Context, report: &mut Report) {
    for object in inputs.renders().flat_map(|render| &render.objects) {
        for (pointer, stated) in images_of(object) {
            let problem = match stated.parse::<ImageReference>() {
                Err(problem) => format!("`{stated}` is no image reference: {problem}"),
                Ok(image) if image.digest().is_some() => continue,
                Ok(_) => format!("`{stated}` names no digest"),
            };
            report.push(
                object.finding(&rules::IMAGE_UNPINNED_IN_RENDER, &pointer, &problem).actual(stated),
            );
        }
    }
}

/// The images of an object's containers, each with its pointer.
fn images_of(object: &Object) -> Vec<(String, &str)> {
    let containers = object.containers();
    let named = containers.iter().filter_map(|container| {
        let image = container.node.get("image")?.as_str()?;
        Some((format!("{}/image", container.pointer), image))
    });
    named.collect()
}

/// Digests in values and in rendered objects that no image can have.
pub(super) fn placeholders(inputs: &Inputs, _: &Context, report: &mut Report) {
    let mut told: BTreeSet<Digest> = BTreeSet::new();
    let charts = inputs.charts.iter().filter_map(|chart| chart.defaults.as_ref());
    let files = inputs.documents.values().filter(|source| {
        source.location.path.starts_with("ops/k8s/values/")
            && source.location.path.ends_with(".yaml")
    });
    for source in charts.chain(files) {
        source.root.walk(&mut |pointer, node| {
            let Some(digest) = node.as_str().and_then(digest_in) else { return };
            if is_placeholder(digest) {
                told.insert(digest);
                let message = format!("`sha256:{digest}` is a placeholder");
                let finding = Finding::new(&rules::IMAGE_PLACEHOLDER, source.at(pointer), message);
                report.push(finding.actual(format!("sha256:{digest}")).caused_by(cause()));
            }
        });
    }
    for object in inputs.renders().flat_map(|render| &render.objects) {
        for (pointer, stated) in images_of(object) {
            let Some(digest) = digest_in(stated).filter(|digest| is_placeholder(*digest)) else {
                continue;
            };
            if !told.contains(&digest) {
                let message =
                    format!("runs an image with a placeholder for its digest: `{stated}`");
                let finding = object.finding(&rules::IMAGE_PLACEHOLDER, &pointer, &message);
                report.push(finding.actual(format!("sha256:{digest}")));
            }
        }
    }
}

fn cause() -> String {
    format!("k8s {}", rules::IMAGE_PLACEHOLDER.code)
}

/// One digit all through, or what nothing hashes to.
fn is_placeholder(digest: Digest) -> bool {
    digest.is_placeholder()
}

fn digest_in(text: &str) -> Option<Digest> {
    let hex = text.rsplit("sha256:").next().filter(|hex| hex.len() < text.len())?;
    hex.parse().ok()
}

/// The digest of each repository that the pins name.
fn pinned_in(inputs: &Inputs) -> BTreeMap<String, (Digest, String)> {
    let images = inputs.document(PINS).and_then(|source| source.root.get("images"));
    let named = images.map(Node::entries).unwrap_or_default().iter().filter_map(|entry| {
        let image: ImageReference = entry.value.as_str()?.parse().ok()?;
        Some((image.repository(), (image.sha256()?, format!("`{PINS}`"))))
    });
    named.collect()
}

/// What runs is what the values name, and one repository has one digest in a profile.
pub(super) fn one_digest(inputs: &Inputs, _: &Context, report: &mut Report) {
    for profile in inputs.profiles() {
        let Some(render) = profile.render else { continue };
        let value = |path: &str| at_path(profile.merged.as_ref()?, path).and_then(Node::as_str);
        let wanted = value("image.digest").and_then(digest_in);
        let repository = value("image.repository").map(|name| match value("image.registry") {
            Some(registry) if !registry.is_empty() => format!("{registry}/{name}"),
            _ => name.to_owned(),
        });
        let repository = repository.and_then(|name| name.parse::<ImageReference>().ok());
        // What the pins name comes first: it is what the whole release is said to run.
        let mut seen: BTreeMap<String, (Digest, String)> = pinned_in(inputs);
        for object in &render.objects {
            for (pointer, stated) in images_of(object) {
                let Ok(image) = stated.parse::<ImageReference>() else { continue };
                let Some(digest) = image.sha256() else { continue };
                let name = image.repository();
                let is_main = repository.as_ref().is_some_and(|wanted| wanted.repository() == name);
                if let Some(wanted) = wanted.filter(|wanted| is_main && *wanted != digest) {
                    let message =
                        "runs another digest than the merged values name for this repository";
                    let finding = object.finding(&rules::IMAGE_NOT_OF_VALUES, &pointer, message);
                    report.push(
                        finding
                            .declared(format!("sha256:{wanted}"))
                            .actual(format!("sha256:{digest}")),
                    );
                    continue;
                }
                let (first, title) = seen.entry(name.clone()).or_insert((digest, object.title()));
                if *first != digest {
                    let message = format!("runs another digest of `{name}` than {title}");
                    let finding = object.finding(&rules::IMAGE_NOT_OF_VALUES, &pointer, &message);
                    report.push(
                        finding
                            .declared(format!("sha256:{first}"))
                            .actual(format!("sha256:{digest}")),
                    );
                }
            }
        }
        if let (Some(values), None) = (profile.values, wanted) {
            let stated = value("image.digest").is_some_and(|text| !text.is_empty());
            if stated {
                let message = "`image.digest` is no SHA-256 digest";
                let location = values.at(&pointer_of("image.digest"));
                report.push(Finding::new(&rules::IMAGE_UNPINNED_IN_RENDER, location, message));
            }
        }
    }
}
