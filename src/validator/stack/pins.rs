//! STK04, STK08: the lists of images agree with each other, and builds with the locked bases.

use std::collections::{BTreeMap, BTreeSet};

use super::images::quoted;
use super::input::Inputs;
use super::layout;
use super::references::{Pin, Role, pins_of};
use super::source::Source;
use crate::document::Node;
use crate::finding::rules::stack::images as rules;
use crate::finding::{Finding, Report, Rule};
use crate::validator::Context;
use crate::validator::image::ImageReference;

/// What stands in a version manifest and is no image.
const NOTES: &[&str] =
    &["schema_version", "schema", "$schema", "generated_by", "generated_at", "sources"];

/// Holds the toolchain's images against the pin list.
pub(super) fn lists(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some(toolchain) = inputs.document(layout::TOOLCHAIN) else { return };
    let rows = pins_of(toolchain, "/images");
    for row in &rows {
        if let (Err(problem), false) = (&row.image, inputs.pins.is_empty()) {
            let message = format!("`{}` is no image reference: {problem}", row.key);
            let finding = Finding::new(&rules::PIN_MALFORMED, row.location.clone(), message);
            report.push(finding.actual(&row.text));
        }
    }
    if rows.is_empty() || inputs.pins.is_empty() {
        report.skipped("pin-lists", layout::TOOLCHAIN, "there are no two lists of images");
        return;
    }
    compare(&rules::PIN_LISTS_DIFFER, toolchain, "/images", &rows, inputs, report);
}

/// Holds the version manifest against the pin list, or, without one, against what runs.
pub(super) fn manifest(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some(manifest) = inputs.document(layout::MANIFEST) else {
        report.skipped("version-manifest", layout::MANIFEST, "the tree has no version manifest");
        return;
    };
    let rows: Vec<Pin> = images_of(manifest);
    if inputs.pins.is_empty() {
        against_running(inputs, manifest, &rows, report);
    } else {
        compare(&rules::MANIFEST_DIFFERS, manifest, "", &rows, inputs, report);
    }
}

/// The images of a version manifest: every text at its top that is no note.
pub(super) fn images_of(manifest: &Source) -> Vec<Pin> {
    pins_of(manifest, "").into_iter().filter(|row| !NOTES.contains(&row.key.as_str())).collect()
}

/// Compares a list with the pin list by key, in both directions.
fn compare(
    rule: &'static Rule,
    source: &Source,
    pointer: &str,
    rows: &[Pin],
    inputs: &Inputs<'_>,
    report: &mut Report,
) {
    let before = report.findings().len();
    let is_image = |pin: &&Pin| pin.image.is_ok();
    let pins: BTreeMap<&str, &Pin> =
        inputs.pins.iter().filter(is_image).map(|pin| (pin.key.as_str(), pin)).collect();
    let rows: BTreeMap<&str, &Pin> =
        rows.iter().filter(is_image).map(|row| (row.key.as_str(), row)).collect();
    for (key, row) in &rows {
        let finding =
            |message: String| Finding::new(rule, row.location.clone(), message).declared(&row.text);
        match pins.get(key) {
            None => report.push(finding(format!("`{key}` is listed here and not in the pin list"))),
            Some(pin) if pin.image != row.image => {
                let message = format!("`{key}` is another image than in the pin list");
                report.push(finding(message).actual(&pin.text));
            }
            Some(_) => {}
        }
    }
    for (key, pin) in pins.iter().filter(|(key, _)| !rows.contains_key(*key)) {
        let message = format!("`{key}` is in the pin list and not here");
        report.push(Finding::new(rule, source.at(pointer), message).actual(&pin.text));
    }
    if report.findings().len() == before {
        let detail = format!("{} images, as in the pin list", rows.len());
        report.passed("pin-lists", source.path.as_str(), detail);
    }
}

fn against_running(inputs: &Inputs<'_>, manifest: &Source, rows: &[Pin], report: &mut Report) {
    let listed: BTreeSet<&ImageReference> =
        rows.iter().filter_map(|row| row.image.as_ref().ok()).collect();
    let running: BTreeSet<&ImageReference> = inputs
        .references
        .iter()
        .filter(|reference| reference.role != Role::Build)
        .filter_map(|reference| reference.image.as_ref().ok())
        .collect();
    for image in running.difference(&listed) {
        let message = format!("`{image}` runs and is not in the version manifest");
        report.push(Finding::new(&rules::MANIFEST_DIFFERS, manifest.at(""), message).actual(image));
    }
    for row in rows {
        if row.image.as_ref().is_ok_and(|image| !running.contains(image)) {
            let message = format!("`{}` is listed and runs nowhere", row.key);
            let finding = Finding::new(&rules::MANIFEST_DIFFERS, row.location.clone(), message);
            report.push(finding.declared(&row.text));
        }
    }
}

/// Holds every `FROM` against the lock of base images, and the lock against the image policy.
pub(super) fn bases(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some(lock) = inputs.document(layout::BASES) else {
        report.skipped("base-images", layout::BASES, "the tree has no lock of base images");
        return;
    };
    let before = report.findings().len();
    let mut locked: BTreeMap<ImageReference, String> = BTreeMap::new();
    for (at, row) in lock.items("/images").iter().enumerate() {
        let text = |key: &str| row.get(key).and_then(Node::as_str).unwrap_or_default();
        let pointer = format!("/images/{at}");
        match format!("{}@{}", text("image"), text("digest")).parse::<ImageReference>() {
            Ok(image) => {
                locked.insert(image, pointer);
            }
            Err(problem) => {
                let message = format!("the locked base is no image with a digest: {problem}");
                report.push(Finding::new(&rules::BASE_DIFFERS, lock.at(&pointer), message));
            }
        }
    }
    let built: Vec<_> = inputs.references.iter().filter(|one| one.role == Role::Build).collect();
    for reference in &built {
        let Ok(image) = &reference.image else { continue };
        if !locked.contains_key(image) {
            let same = locked.keys().find(|base| base.repository() == image.repository());
            let message = format!("`{}` is not a locked base image", reference.text);
            let place = reference.location.clone();
            let finding = Finding::new(&rules::BASE_DIFFERS, place, message);
            let finding = finding.declared(&reference.text);
            report.push(same.map_or(finding.clone(), |base| finding.actual(base)));
        }
    }
    let used: BTreeSet<&ImageReference> =
        built.iter().filter_map(|reference| reference.image.as_ref().ok()).collect();
    for (image, pointer) in
        locked.iter().filter(|(image, _)| !built.is_empty() && !used.contains(image))
    {
        let message = format!("`{image}` is locked, and no Dockerfile is built on it");
        report.push(Finding::new(&rules::BASE_DIFFERS, lock.at(pointer), message));
    }
    if built.is_empty() {
        report.skipped("base-images", layout::BASES, "no Dockerfile names a base image");
    }
    policy(inputs, lock, &locked, report);
    if report.findings().len() == before {
        report.passed("base-images", layout::BASES, format!("{} bases are locked", locked.len()));
    }
}

/// The policy allows exactly what is locked.
fn policy(
    inputs: &Inputs<'_>,
    lock: &Source,
    locked: &BTreeMap<ImageReference, String>,
    report: &mut Report,
) {
    let Some(policy) = inputs.document(layout::IMAGE_POLICY) else { return };
    let mut allowed = BTreeSet::new();
    for list in ["/allowed_builder_images", "/allowed_runtime_images"] {
        for (at, node) in policy.items(list).iter().enumerate() {
            let Some(Ok(image)) = node.as_str().map(str::parse::<ImageReference>) else { continue };
            if !locked.contains_key(&image) {
                let message = format!("`{image}` is allowed, and not locked in `{}`", lock.path);
                let place = policy.at(&format!("{list}/{at}"));
                report.push(Finding::new(&rules::BASE_DIFFERS, place, message));
            }
            allowed.insert(image);
        }
    }
    let stray: Vec<String> = locked
        .keys()
        .filter(|image| !allowed.is_empty() && !allowed.contains(image))
        .map(ToString::to_string)
        .collect();
    if !stray.is_empty() {
        let all: Vec<&str> = stray.iter().map(String::as_str).collect();
        let message = format!("{} is locked, and not allowed in `{}`", quoted(&all), policy.path);
        report.push(Finding::new(&rules::BASE_DIFFERS, lock.at("/images"), message));
    }
}

/// How many lines of the version manifest are not as pinned.
pub(super) fn mismatches(inputs: &Inputs<'_>) -> Option<usize> {
    let rows = images_of(inputs.document(layout::MANIFEST)?);
    let lines = |pins: &[Pin]| -> BTreeSet<(String, String)> {
        let images = pins.iter().filter(|pin| pin.image.is_ok());
        images.map(|pin| (pin.key.clone(), pin.text.clone())).collect()
    };
    let different = lines(&rows);
    let pinned = lines(&inputs.pins);
    let keys: BTreeSet<&String> =
        different.symmetric_difference(&pinned).map(|(key, _)| key).collect();
    Some(keys.len())
}
