//! STK25: what changed since the previous release is explained, and the drift report is true.

use std::collections::{BTreeMap, BTreeSet};

use super::input::Inputs;
use super::references::Pin;
use super::source::Source;
use super::{graph, layout, pins, profiles};
use crate::document::Node;
use crate::finding::rules::stack::evidence as rules;
use crate::finding::{Finding, Report};
use crate::validator::image::ImageReference;
use crate::validator::{Context, PreviousRelease};
use crate::version::Version;

/// One component that is not what it was.
pub(super) struct Change {
    /// Its name in the version manifest.
    pub(super) key: String,
    /// What it was; nothing for a new one.
    pub(super) before: Option<String>,
    /// What it is; nothing for one that is gone.
    pub(super) after: Option<String>,
    /// Whether it is the release's own image, which changes with every release.
    pub(super) is_own: bool,
}

/// Compares the version manifest with the previous release's: with the one that the tree keeps, else
/// with what its packet tells. Nothing without either.
pub(super) fn changes(inputs: &Inputs<'_>, context: &Context) -> Option<Vec<Change>> {
    let texts = |rows: Vec<Pin>| -> BTreeMap<String, String> {
        rows.into_iter().filter(|row| row.image.is_ok()).map(|row| (row.key, row.text)).collect()
    };
    let packet = context.previous.as_deref();
    let (before, after) = match (inputs.document(layout::PREVIOUS), packet) {
        (Some(kept), _) => {
            let after = match inputs.document(layout::MANIFEST) {
                Some(manifest) => texts(pins::images_of(manifest)),
                None => texts(inputs.pins.clone()),
            };
            (texts(pins::images_of(kept)), after)
        }
        // The packet names what ran, each by its key in the pin list.
        (None, Some(packet)) => {
            let used = inputs.references.iter().filter_map(|one| one.image.as_ref().ok());
            let used: BTreeSet<String> = used.map(ToString::to_string).collect();
            let pins = inputs.pins.iter().filter_map(|pin| {
                let image = pin.image.as_ref().ok()?.to_string();
                used.contains(&image).then(|| (pin.key.clone(), image))
            });
            (packet.images.clone()?, pins.collect())
        }
        (None, None) => return None,
    };
    let is_own =
        |key: &String| packet.is_some_and(|it| is_own(it, before.get(key), after.get(key)));
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    Some(
        changed
            .map(|key| Change {
                key: key.clone(),
                before: before.get(key).cloned(),
                after: after.get(key).cloned(),
                is_own: is_own(key),
            })
            .collect(),
    )
}

/// The release's own image is tagged with its version.
fn is_own(packet: &PreviousRelease, before: Option<&String>, after: Option<&String>) -> bool {
    let parts = |text: Option<&String>| {
        let image: ImageReference = text?.parse().ok()?;
        Some((image.repository(), image.tag()?.trim_start_matches('v').to_owned()))
    };
    let (Some((repository, tag)), Some((other, later))) = (parts(before), parts(after)) else {
        return false;
    };
    let later: Option<Version> = later.parse().ok();
    let is_later = later.is_some_and(|later| later.is_after(&packet.version));
    repository == other && tag == packet.version.to_string() && is_later
}

/// The drift reports of the tree that are meant.
fn reports<'a>(inputs: &'a Inputs<'_>) -> impl Iterator<Item = &'a Source> {
    inputs.documents.iter().filter(|source| {
        layout::name_of(&source.path) == layout::DRIFT && !layout::is_specimen(&source.path)
    })
}

/// Looks for an explanation of every change.
pub(super) fn explained(inputs: &Inputs<'_>, context: &Context, report: &mut Report) {
    let Some(changes) = changes(inputs, context) else {
        let why = "neither a version manifest nor a packet of the previous release to compare with";
        report.skipped("stack-drift", layout::PREVIOUS, why);
        return;
    };
    let mut words = BTreeSet::new();
    for source in reports(inputs) {
        for row in source.items("/drift") {
            for text in ["code", "detail"].iter().filter_map(|key| row.get(key)?.as_str()) {
                let separators = |c: char| !c.is_alphanumeric() && c != '_' && c != '-';
                words.extend(text.split(separators).map(str::to_owned));
            }
        }
    }
    let manifest = inputs.document(layout::MANIFEST).or_else(|| inputs.document(layout::PINS));
    let unexplained: Vec<&Change> =
        changes.iter().filter(|change| !change.is_own && !words.contains(&change.key)).collect();
    for change in &unexplained {
        let what = match (&change.before, &change.after) {
            (None, _) => "was added",
            (_, None) => "was removed",
            (Some(_), Some(_)) => "was changed",
        };
        let message = format!("`{}` {what} since the previous release, unexplained", change.key);
        let place = manifest.map(|source| source.at(&format!("/{}", change.key)));
        let place = place.unwrap_or_else(|| crate::finding::Location::named(layout::PREVIOUS));
        let finding = Finding::new(&rules::DRIFT_UNEXPLAINED, place, message);
        let finding = finding.declared(change.before.as_deref().unwrap_or("nothing"));
        report.push(finding.actual(change.after.as_deref().unwrap_or("nothing")));
    }
    if unexplained.is_empty() {
        let detail = format!("{} changes, all explained", changes.len());
        report.passed("stack-drift", layout::PREVIOUS, detail);
    }
}

/// Computes again what a drift report states.
pub(super) fn claims(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let derived = [
        ("/summary/profile_count", Some(profiles::composed(inputs).len())),
        ("/summary/manifest_pin_mismatches", pins::mismatches(inputs)),
        ("/summary/dependency_profile_mismatches", graph::mismatches(inputs)),
    ];
    for source in reports(inputs) {
        for (pointer, actual) in &derived {
            let claimed = source.root.pointer(pointer).and_then(Node::as_u64);
            if let (Some(claimed), Some(actual)) = (claimed, actual)
                && usize::try_from(claimed) != Ok(*actual)
            {
                let message = format!("states {claimed}; computed is {actual}");
                let finding = Finding::new(&rules::DRIFT_CLAIM, source.at(pointer), message);
                report.push(finding.declared(claimed).actual(actual));
            }
        }
        let is_pass = source.text("/status") == Some("pass");
        let off = derived[1..].iter().filter_map(|(_, count)| *count).sum::<usize>();
        if is_pass && off > 0 {
            let message = format!("says `pass`; {off} differences are computed");
            let finding = Finding::new(&rules::DRIFT_CLAIM, source.at("/status"), message);
            report.push(finding.declared("pass").actual(off));
        }
    }
}
