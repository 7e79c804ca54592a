//! REL02: policy, ledger, sign report, manifest, packet and bundle name the same files.

use std::collections::{BTreeMap, BTreeSet};

use super::causes;
use super::input::{Inputs, Source, looks_like_path};
use super::layout;
use crate::finding::rules::release as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// The paths that a document lists, each with the pointer of its entry.
type Listed = BTreeMap<String, String>;

/// Compares the signing policy, the ledger and the sign report, in both directions.
pub(super) fn signing_sets(inputs: &Inputs, _: &Context, report: &mut Report) {
    let outer = [
        (layout::SIGNING_POLICY, "/signed_items"),
        (layout::LEDGER, "/items"),
        (layout::SIGN, "/signed_items"),
    ];
    let sources: Vec<_> =
        outer.iter().filter_map(|(path, list)| Some((inputs.document(path)?, *list))).collect();
    compare_all(&sources, None, report);
    if sources.len() < 2 && inputs.is_handbook() {
        report.skipped(
            "signing-sets",
            layout::LEDGER,
            "fewer than two signing documents to compare",
        );
    }
    let inner: Vec<_> =
        outer.iter().filter_map(|(path, list)| Some((inputs.member(path)?, *list))).collect();
    compare_all(&inner, Some(causes::SEALED_EARLY), report);
}

fn compare_all(sources: &[(&Source, &str)], cause: Option<&str>, report: &mut Report) {
    let mut is_equal = true;
    for pair in sources.windows(2) {
        let [(left, left_list), (right, right_list)] = pair else { continue };
        let (a, b) = (listed(left, left_list), listed(right, right_list));
        is_equal &= missing(right, right_list, &b, left, &a, cause, report);
        is_equal &= missing(left, left_list, &a, right, &b, cause, report);
    }
    if let (true, [(first, list), _, ..]) = (is_equal, sources) {
        let count = listed(first, list).len();
        report.passed("signing-sets", first.path(), format!("{count} files in each of the lists"));
    }
}

/// Reports what `other` lists and `source` does not; tells whether that is nothing.
fn missing(
    source: &Source,
    list: &str,
    own: &Listed,
    other: &Source,
    theirs: &Listed,
    cause: Option<&str>,
    report: &mut Report,
) -> bool {
    let absent: Vec<&str> =
        theirs.keys().filter(|path| !own.contains_key(*path)).map(String::as_str).collect();
    if absent.is_empty() {
        return true;
    }
    let message = format!(
        "lists {} of the {} files that `{}` lists",
        theirs.len() - absent.len(),
        theirs.len(),
        other.path()
    );
    let mut finding = Finding::new(&rules::SIGNING_SETS_DIFFER, source.at(list), message)
        .declared(own.len())
        .actual(format!("missing: {}", absent.join(", ")));
    finding.cause = cause.map(str::to_owned);
    report.push(finding);
    false
}

/// Holds the manifest against the ledger: what it hashes is signed.
pub(super) fn manifest_signed(inputs: &Inputs, _: &Context, report: &mut Report) {
    let (Some(manifest), Some(ledger)) =
        (inputs.document(layout::MANIFEST), inputs.document(layout::LEDGER))
    else {
        return;
    };
    let signed = listed(ledger, "/items");
    let unsigned: Vec<_> = inputs
        .rows
        .iter()
        .filter(|row| !row.is_member && row.location.path == manifest.path() && !row.is_folder)
        .filter(|row| !signed.contains_key(&row.path))
        .collect();
    for row in &unsigned {
        let role = row.location.pointer.split('/').nth(1).unwrap_or_default();
        let decides = matches!(
            role,
            "sboms" | "scan_reports" | "chart_package" | "provenance" | "evidence_tarball"
        );
        let rule = if decides { &rules::EVIDENCE_UNSIGNED } else { &rules::EVIDENCE_INDIRECT };
        let message = format!("`{}` is hashed by the manifest and not by the ledger", row.path);
        report.push(Finding::new(rule, row.location.clone(), message));
    }
    if unsigned.is_empty() {
        report.passed(
            "manifest-signed",
            ledger.path(),
            "the ledger lists what the manifest hashes",
        );
    }
}

/// Holds the packet against the ledger and against its own minimum.
pub(super) fn packet_set(inputs: &Inputs, _: &Context, report: &mut Report) {
    let Some(packet) = inputs.document(layout::PACKET) else { return };
    let items = listed(packet, "/items");
    for (index, node) in
        packet.root.get("required_minimum").iter().flat_map(|n| n.items()).enumerate()
    {
        if node.as_str().is_some_and(|path| !items.contains_key(path)) {
            let location = packet.at(&format!("/required_minimum/{index}"));
            let message = "the packet requires a file that it does not hold";
            report.push(
                Finding::new(&rules::PACKET_SET_DIFFERS, location, message)
                    .declared(node.as_str().unwrap_or_default()),
            );
        }
    }
    let Some(ledger) = inputs.document(layout::LEDGER) else { return };
    let signed = listed(ledger, "/items");
    let dropped: Vec<&str> = difference(&signed, &items);
    if !dropped.is_empty() {
        let message =
            format!("the packet leaves out {} of {} signed files", dropped.len(), signed.len());
        report.push(
            Finding::new(&rules::PACKET_SET_DIFFERS, packet.at("/items"), message)
                .declared(items.len())
                .actual(format!("missing: {}", dropped.join(", "))),
        );
    }
    // What is written after the ledger cannot stand in it.
    let mut extra = difference(&items, &signed);
    extra.retain(|path| !matches!(*path, layout::LEDGER | layout::SIGN | layout::VERIFY));
    if !extra.is_empty() {
        let message =
            format!("{} of {} files of the packet are not signed", extra.len(), items.len());
        report.push(
            Finding::new(&rules::PACKET_SET_DIFFERS, packet.at("/items"), message)
                .declared(items.len())
                .actual(format!("not in the ledger: {}", extra.join(", "))),
        );
    }
    let known = manifest_paths(inputs);
    for (path, pointer) in &items {
        let is_known = known.contains(path.as_str()) || signed.contains_key(path);
        if !is_known && !inputs.exists(path) {
            let message = format!("`{path}` stands in the packet and nowhere else");
            let finding = Finding::new(&rules::PACKET_SET_DIFFERS, packet.at(pointer), message);
            report.push(finding);
        }
    }
}

/// Holds the members of the bundle against the manifest, in both directions.
pub(super) fn bundle_set(inputs: &Inputs, _: &Context, report: &mut Report) {
    let Some(members) = &inputs.bundle else {
        if inputs.is_handbook() {
            report.skipped("bundle-set", layout::BUNDLE, "the tree has no evidence bundle");
        }
        return;
    };
    let Some(manifest) = inputs.document(layout::MANIFEST) else { return };
    report.headline(
        causes::SWEPT_UP,
        "what is no evidence of this release was swept into its bundle",
    );
    let named = manifest_paths(inputs);
    for path in members.keys() {
        let location = Location::member(layout::BUNDLE, path);
        let pretended = inputs.member(path).and_then(|source| layout::is_pretended(&source.root));
        if layout::is_specimen(path) || pretended.is_some() {
            let what = pretended.and_then(|node| node.as_str()).unwrap_or("a specimen for tests");
            let message = format!("the bundle holds `{path}`, which is {what}");
            let finding = Finding::new(&rules::SPECIMEN_BUNDLED, location, message);
            report.push(finding.caused_by(causes::SWEPT_UP));
        } else if !named.contains(path.as_str())
            && path != layout::MANIFEST
            && !layout::is_schema(path)
        {
            let message = format!("the bundle holds `{path}`, and the manifest does not name it");
            let finding = Finding::new(&rules::MEMBER_UNLISTED, location, message);
            report.push(finding.caused_by(causes::SWEPT_UP));
        }
    }
    let mut seen = BTreeSet::new();
    for (pointer, path) in paths_of(manifest) {
        let has_member =
            members.keys().any(|member| member == path || member.starts_with(&format!("{path}/")));
        if !has_member && path != layout::BUNDLE && seen.insert(path.to_owned()) {
            let message = format!("the bundle does not hold `{path}`");
            report.push(Finding::new(&rules::BUNDLE_INCOMPLETE, manifest.at(&pointer), message));
        }
    }
    let listed = members.len();
    report.passed("bundle-read", layout::BUNDLE, format!("{listed} members read and hashed"));
}

/// Looks for evidence that the bundle's own verification report names and that is gone.
pub(super) fn dropped_evidence(inputs: &Inputs, _: &Context, report: &mut Report) {
    for source in [inputs.document(layout::VERIFY), inputs.member(layout::VERIFY)] {
        let Some(source) = source else { continue };
        for (index, node) in source.root.get("errors").iter().flat_map(|n| n.items()).enumerate() {
            let text = node.as_str().unwrap_or_default();
            let gone: Vec<&str> = text
                .split([' ', ','])
                .filter(|word| looks_like_path(word) && !inputs.exists(word))
                .collect();
            if !gone.is_empty() {
                let message = format!("the report names {} files that are gone", gone.len());
                let location = source.at(&format!("/errors/{index}"));
                report.push(
                    Finding::new(&rules::EVIDENCE_DROPPED, location, message)
                        .actual(format!("gone: {}", gone.join(", "))),
                );
            }
        }
    }
}

/// Every path that the manifest names, hashed or not.
pub(super) fn manifest_paths(inputs: &Inputs) -> BTreeSet<&str> {
    let manifest = inputs.document(layout::MANIFEST);
    manifest.map(|manifest| paths_of(manifest).map(|(_, path)| path).collect()).unwrap_or_default()
}

/// The path strings of a document with their pointers.
pub(super) fn paths_of(source: &Source) -> impl Iterator<Item = (String, &str)> {
    let mut paths = Vec::new();
    source.root.walk(&mut |pointer, node| {
        let is_reference = pointer.ends_with("image_ref") || pointer.ends_with("/repository");
        if let Some(text) = node.as_str().filter(|text| looks_like_path(text) && !is_reference) {
            paths.push((pointer.to_owned(), text));
        }
    });
    paths.into_iter()
}

/// The `path` of each entry of a list.
pub(super) fn listed(source: &Source, list: &str) -> Listed {
    let items = source.root.pointer(list).map(|node| node.items()).unwrap_or_default();
    items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| {
            let path = item.get("path").unwrap_or(item).as_str()?;
            Some((path.to_owned(), format!("{list}/{index}")))
        })
        .collect()
}

fn difference<'a>(left: &'a Listed, right: &Listed) -> Vec<&'a str> {
    left.keys().filter(|path| !right.contains_key(*path)).map(String::as_str).collect()
}
