//! STK01-STK07, X1: what runs is a reference, pinned, real, and the one of the pin list.

use std::collections::{BTreeMap, BTreeSet};

use super::input::Inputs;
use super::layout;
use super::references::{Pin, Reference, Role};
use crate::digest::Digest;
use crate::document::Node;
use crate::finding::rules::stack::images as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;
use crate::validator::image::ImageReference;

/// The cause that references without a digest share.
const UNPINNED: &str = "stack-unpinned";
/// The cause that placeholder digests share.
const PLACEHOLDERS: &str = "stack-placeholders";

/// Refuses what stands where an image is named and is none.
pub(super) fn malformed(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    for reference in judged(inputs) {
        if let Err(problem) = reference.image {
            let message = format!("`{}` is no image reference: {problem}", reference.text);
            let location = reference.location.clone();
            report.push(Finding::new(&rules::IMAGE_MALFORMED, location, message));
        }
    }
    for pin in &inputs.pins {
        if let Err(problem) = pin.image {
            let message = format!("`{}` is no image reference: {problem}", pin.key);
            let finding = Finding::new(&rules::PIN_MALFORMED, pin.location.clone(), message);
            report.push(finding.actual(&pin.text));
        }
    }
}

/// Refuses references without a digest, and tags that move.
pub(super) fn unpinned(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    report.headline(UNPINNED, "images are named by tags alone");
    let before = report.findings().len();
    let mut pinned = 0;
    for (reference, image) in read(inputs) {
        if image.sha256().is_some() {
            pinned += 1;
        } else {
            let known = pins_of(inputs, image).find(|pin| tag_of(pin) == image.tag());
            let mut message = format!("`{}` is named without a SHA-256 digest", reference.text);
            if let Some(pin) = known {
                message.push_str(&format!("; the pin list has one as `{}`", pin.key));
            }
            let finding = Finding::new(&rules::IMAGE_UNPINNED, reference.location.clone(), message);
            let finding = finding.declared(&reference.text).caused_by(UNPINNED);
            report.push(match known {
                Some(pin) => finding.actual(&pin.text),
                None => finding,
            });
        }
        tag_moves(&rules::TAG_MOVING, reference, image, report);
    }
    if pinned > 0 && report.findings().len() == before {
        report.passed("images-pinned", "ops", format!("{pinned} references carry a digest"));
    } else if pinned == 0 && report.findings().len() == before {
        report.skipped("images-pinned", "ops", "no component names an image");
    }
}

fn tag_moves(
    rule: &'static crate::finding::Rule,
    reference: &Reference,
    image: &ImageReference,
    report: &mut Report,
) {
    let message = match image.tag() {
        None if image.digest().is_none() => {
            "no tag and no digest: `latest` is what runs".to_owned()
        }
        Some(tag) if image.has_moving_tag() => format!("the tag `{tag}` moves with every release"),
        None | Some(_) => return,
    };
    let finding = Finding::new(rule, reference.location.clone(), message);
    report.push(finding.declared(&reference.text));
}

/// Refuses digests that no image has, and one digest for two images.
pub(super) fn plausible(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let mut places: BTreeMap<Digest, BTreeMap<String, &crate::finding::Location>> = BTreeMap::new();
    let references = read(inputs).map(|(reference, image)| (&reference.location, image));
    let pins = inputs.pins.iter().filter_map(|pin| Some((&pin.location, pin.image.as_ref().ok()?)));
    for (location, image) in references.chain(pins) {
        let Some(digest) = image.sha256() else { continue };
        if digest.is_placeholder() {
            let message = format!("no image of `{}` has this digest", image.repository());
            let finding = Finding::new(&rules::DIGEST_PLACEHOLDER, location.clone(), message);
            report.push(finding.declared(format!("sha256:{digest}")).caused_by(PLACEHOLDERS));
            continue;
        }
        // A mirror keeps the name: `registry.example/mirror/redis` is `redis`.
        let name = layout::name_of(image.path()).to_owned();
        places.entry(digest).or_default().entry(name).or_insert(location);
    }
    report.headline(PLACEHOLDERS, "some images are pinned to digests that nobody computed");
    for (digest, names) in places.iter().filter(|(_, names)| names.len() > 1) {
        let all: Vec<&str> = names.keys().map(String::as_str).collect();
        let (_, location) = names.last_key_value().expect("the map has two entries");
        let message = format!("one digest is stated for {}", quoted(&all));
        let finding = Finding::new(&rules::DIGEST_SHARED, (*location).clone(), message);
        report.push(finding.declared(format!("sha256:{digest}")));
    }
}

/// Holds tag and digest of what runs against the pin list.
pub(super) fn as_pinned(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    if inputs.pins.is_empty() {
        report.skipped("images-as-pinned", layout::PINS, "the tree has no pin list");
        return;
    }
    let (mut held, before) = (0, report.findings().len());
    for reference in inputs.references.iter().filter(|one| one.role != Role::Build) {
        let Ok(image) = &reference.image else { continue };
        let pins: Vec<&Pin> = pins_of(inputs, image).collect();
        let Some(pin) = pins.first() else { continue };
        held += 1;
        let place = reference.location.clone();
        let both = |finding: Finding| finding.declared(&reference.text).actual(&pin.text);
        let digest = image.sha256().filter(|digest| !digest.is_placeholder());
        if digest.is_some() && !pins.iter().any(|pin| digest_of(pin) == digest) {
            let message = format!("`{}` is pinned to another digest", image.repository());
            report.push(both(Finding::new(&rules::PINNED_DIGEST_DIFFERS, place, message)));
        } else if let Some(tag) = image.tag()
            && !pins.iter().any(|pin| tag_of(pin).is_none_or(|pinned| pinned == tag))
        {
            let message = format!("`{}` is pinned under another tag", image.repository());
            report.push(both(Finding::new(&rules::PINNED_TAG_DIFFERS, place, message)));
        }
    }
    if report.findings().len() == before {
        let detail = format!("{held} references agree with their pin");
        report.passed("images-as-pinned", layout::PINS, detail);
    }
}

/// Compares what runs with the pin list, in both directions.
pub(super) fn listed(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    if inputs.pins.is_empty() {
        return;
    }
    let mut unlisted: BTreeMap<String, Vec<&Reference>> = BTreeMap::new();
    let mut used = BTreeSet::new();
    for reference in inputs.references.iter().filter(|one| one.role != Role::Build) {
        let Ok(image) = &reference.image else { continue };
        let repository = image.repository();
        let is_product = inputs.products.contains(&repository);
        if pins_of(inputs, image).next().is_none() && !is_product {
            unlisted.entry(repository.clone()).or_default().push(reference);
        }
        used.insert(repository);
    }
    for (repository, places) in unlisted {
        let lists = if inputs.document(layout::MANIFEST).is_some() {
            "neither the pin list nor the version manifest names it"
        } else {
            "the pin list does not name it"
        };
        let message = format!("`{repository}` runs in {} places, and {lists}", places.len());
        let finding = Finding::new(&rules::IMAGE_UNLISTED, places[0].location.clone(), message);
        report.push(finding.actual(&places[0].text));
    }
    for pin in &inputs.pins {
        let Ok(image) = &pin.image else { continue };
        if !used.contains(&image.repository()) {
            let message = format!("`{}` is pinned, and nothing runs it", pin.key);
            let finding = Finding::new(&rules::PIN_UNUSED, pin.location.clone(), message);
            report.push(finding.declared(&pin.text));
        }
    }
}

/// Holds repositories against the registries that the policy allows.
///
/// A policy for publishing says where the release's own images come from. Whether it is meant for
/// everything that runs shows in the tree: some image of somebody else comes from an allowed one.
pub(super) fn registries(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let policy = inputs.document(layout::PUSH_POLICY);
    let allowed: Vec<&str> = policy
        .map(|policy| policy.items("/allowed_registries"))
        .unwrap_or_default()
        .iter()
        .filter_map(Node::as_str)
        .collect();
    if allowed.is_empty() {
        report.skipped("registries", layout::PUSH_POLICY, "no policy lists allowed registries");
        return;
    }
    let is_allowed = |image: &ImageReference| {
        let repository = image.repository();
        allowed.iter().any(|registry| {
            let rest = repository.strip_prefix(registry.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let names: BTreeSet<&str> =
        inputs.products.iter().map(|product| layout::name_of(product)).collect();
    let is_own = |image: &ImageReference| names.contains(layout::name_of(image.path()));
    let covers_all = read(inputs).any(|(_, image)| !is_own(image) && is_allowed(image));
    let mut seen = BTreeSet::new();
    for (reference, image) in read(inputs) {
        let is_judged = covers_all || is_own(image);
        if is_judged && !is_allowed(image) && seen.insert(image.repository()) {
            let message = format!("`{}` lies in no allowed registry", image.repository());
            let place = reference.location.clone();
            let finding = Finding::new(&rules::REGISTRY_UNLISTED, place, message);
            report.push(finding.declared(allowed.join(", ")).actual(&reference.text));
        }
    }
    if !covers_all {
        let why = "it lists where images are published, and nothing says where others come from";
        report.skipped("registries-of-others", layout::PUSH_POLICY, why);
    }
}

/// The references that this area judges: what was rendered is judged by the area k8s.
fn judged<'a>(inputs: &'a Inputs<'_>) -> impl Iterator<Item = &'a Reference> {
    inputs.references.iter().filter(|reference| reference.role != Role::Rendered)
}

/// Those of them that can be read.
pub(super) fn read<'a>(
    inputs: &'a Inputs<'_>,
) -> impl Iterator<Item = (&'a Reference, &'a ImageReference)> {
    judged(inputs).filter_map(|reference| Some((reference, reference.image.as_ref().ok()?)))
}

fn pins_of<'a>(
    inputs: &'a Inputs<'_>,
    image: &ImageReference,
) -> impl Iterator<Item = &'a Pin> + use<'a> {
    let repository = image.repository();
    inputs
        .pins
        .iter()
        .filter(move |pin| pin.image.as_ref().is_ok_and(|image| image.repository() == repository))
}

fn tag_of(pin: &Pin) -> Option<&str> {
    pin.image.as_ref().ok()?.tag()
}

fn digest_of(pin: &Pin) -> Option<Digest> {
    pin.image.as_ref().ok()?.sha256()
}

/// `a`, `b` and `c`, in back-ticks.
pub(super) fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
