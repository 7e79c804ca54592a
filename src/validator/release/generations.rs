//! REL03, REL04: the bundle's copies of the trust documents, and the order of writing.

use super::causes::{self, Causes};
use super::input::{Inputs, Source};
use super::layout;
use crate::document::Node;
use crate::finding::rules::release as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// Compares the bundle's copies of the trust documents with the outer ones, value by value.
pub(super) fn inner_copies(inputs: &Inputs, _: &Context, report: &mut Report) {
    if inputs.bundle.is_none() {
        return;
    }
    for path in layout::TRUST {
        let (Some(inner), Some(outer)) = (inputs.member(path), inputs.document(path)) else {
            continue;
        };
        if inner.root == outer.root {
            report.passed("bundled-copy", *path, "the bundle's copy says the same");
            continue;
        }
        let is_stated = |pointer: &str| {
            inputs.rows.iter().any(|row| {
                row.is_member && row.location.path == **path && row.location.pointer == pointer
            })
        };
        let mut differences = Vec::new();
        compare(&inner.root, Some(&outer.root), "", &mut differences);
        // Digests that a copy states are judged as digests.
        for (pointer, declared, actual) in
            differences.into_iter().filter(|(pointer, ..)| !is_stated(pointer))
        {
            let message = "the bundle's copy says something else than the document beside it";
            let finding = Finding::new(&rules::INNER_COPY_DIFFERS, inner.at(&pointer), message)
                .declared(declared)
                .actual(actual);
            report.push(finding.caused_by(causes::SEALED_EARLY));
        }
    }
    failed_inside(inputs, report);
}

fn failed_inside(inputs: &Inputs, report: &mut Report) {
    if let Some(inner) = inputs.member(layout::VERIFY) {
        let status = inner.text("/status").unwrap_or_default();
        if matches!(status, "failed" | "fail" | "error" | "refused") {
            let errors = inner.root.get("errors").map_or(0, |node| node.items().len());
            let message =
                format!("the bundle's own verification report failed with {errors} errors");
            let finding = Finding::new(&rules::INNER_VERIFY_FAILED, inner.at("/status"), message)
                .declared(status)
                .actual(outer_status(inputs.document(layout::VERIFY)));
            report.push(finding.caused_by(causes::SEALED_EARLY));
        }
    }
    let has_reports =
        inputs.member(layout::SIGN).is_some() || inputs.member(layout::VERIFY).is_some();
    let has_policy = inputs.bundle.iter().flatten().any(|(path, _)| path == layout::SIGNING_POLICY);
    if has_reports && !has_policy && inputs.document(layout::SIGNING_POLICY).is_some() {
        let location = Location::member(layout::BUNDLE, layout::SIGNING_POLICY);
        let message = "the bundle holds signing reports and not the policy that they follow";
        report.push(Finding::new(&rules::TRUST_DOCUMENT_UNBUNDLED, location, message));
    }
}

fn outer_status(outer: Option<&Source>) -> String {
    let status = outer.and_then(|outer| outer.text("/status")).unwrap_or("absent");
    format!("the report beside the bundle says {status}")
}

/// Names documents that were written before what they list.
pub(super) fn stale_documents(inputs: &Inputs, _: &Context, report: &mut Report) {
    for (document, rows) in Causes::of(inputs, report).stale() {
        let message = format!(
            "it states {rows} digests of an earlier generation, which the bundle still holds or \
             states"
        );
        let finding = Finding::new(&rules::DOCUMENT_STALE, Location::named(document), message);
        report.push(finding.caused_by(causes::stale_key(document)));
    }
}

type Difference = (String, String, String);

/// Collects the smallest values in which two documents differ. Lists of different length differ
/// as a whole.
fn compare(inner: &Node, outer: Option<&Node>, pointer: &str, differences: &mut Vec<Difference>) {
    let Some(outer) = outer else {
        differences.push((pointer.to_owned(), shown(inner), "absent".to_owned()));
        return;
    };
    let is_mapping = !inner.entries().is_empty() || !outer.entries().is_empty();
    if is_mapping && inner.kind() == outer.kind() {
        for entry in inner.entries() {
            let key = entry.key.replace('~', "~0").replace('/', "~1");
            let pointer = format!("{pointer}/{key}");
            compare(&entry.value, outer.get(&entry.key), &pointer, differences);
        }
        for entry in outer.entries().iter().filter(|entry| inner.get(&entry.key).is_none()) {
            let pointer = format!("{pointer}/{}", entry.key);
            differences.push((pointer, "absent".to_owned(), shown(&entry.value)));
        }
    } else if inner.items().len() == outer.items().len() && !inner.items().is_empty() {
        for (index, (left, right)) in inner.items().iter().zip(outer.items()).enumerate() {
            compare(left, Some(right), &format!("{pointer}/{index}"), differences);
        }
    } else if shown(inner) != shown(outer) {
        differences.push((pointer.to_owned(), shown(inner), shown(outer)));
    }
}

/// Says a value in one line; of a list how long it is.
fn shown(node: &Node) -> String {
    match node.scalar_text() {
        Some(text) => text.into_owned(),
        None if node.items().is_empty() && node.entries().is_empty() => node.kind().to_owned(),
        None => {
            format!("{} of {} items", node.kind(), node.items().len().max(node.entries().len()))
        }
    }
}
