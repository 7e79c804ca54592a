//! REL06: one digest for one thing, one thing for one digest, and none that somebody typed.

use std::collections::BTreeMap;

use super::causes::{self, lost_digests, lost_key};
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
                if lost_digests(inputs).contains(digest) {
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
        let message = format!("a typed {thing} digest; places that state it: {}", places.len());
        report.push(
            Finding::new(&rules::DIGEST_PLACEHOLDER, source.at(pointer), message)
                .declared(digest)
                .actual(also.join(", "))
                .caused_by(causes::PLACEHOLDERS),
        );
    }
}

/// Looks for a digest that is stated for an image and for a package.
pub(super) fn shared_digests(inputs: &Inputs, _: &Context, report: &mut Report) {
    let mut images: BTreeMap<Digest, Place> = BTreeMap::new();
    let mut packages: Vec<(Digest, Place)> = Vec::new();
    for source in inputs.own() {
        source.root.walk(&mut |pointer, node| {
            let Some(digest) = node.as_str().and_then(digest_of_text) else { return };
            let place = (source, pointer.to_owned());
            if pointer.contains("image") {
                images.entry(digest).or_insert(place);
            } else if thing_of(pointer) == "package" {
                packages.push((digest, place));
            }
        });
    }
    for (digest, (source, pointer)) in packages {
        let Some((other, there)) = images.get(&digest) else { continue };
        let message = format!("also the digest of an image in `{}#{there}`", other.path());
        let mut finding =
            Finding::new(&rules::DIGEST_SHARED, source.at(&pointer), message).declared(digest);
        if digest.is_placeholder() {
            finding.cause = Some(causes::PLACEHOLDERS.to_owned());
        }
        report.push(finding);
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

/// A mapping with name, version and digest of a package.
fn package_of(node: &Node) -> Option<(String, &'static str, Digest)> {
    let text = |key: &str| node.get(key).and_then(Node::as_str);
    if node.get("path").is_some() || !text("reference").is_some_and(|to| to.contains("chart")) {
        return None;
    }
    let digest = digest_of_text(text("sha256")?)?;
    Some((format!("{}-{}.tgz", text("name")?, text("version")?), "sha256", digest))
}
