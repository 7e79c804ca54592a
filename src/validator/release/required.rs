//! REL02, REL16: what policies require and documents name is there.

use super::input::{Inputs, Source, looks_like_path};
use super::layout;
use crate::finding::rules::release as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

/// Keys whose values a policy requires to be collected.
const REQUIRED: &[&str] = &[
    "required_artifacts",
    "required_bundle_paths",
    "required_paths",
    "evidence_report_path",
    "artifact",
];
/// Keys of lists that a release document says it ships or points to.
const NAMED: &[&str] = &["include", "artifacts", "manifest_path", "artifact_root"];

/// Looks for every artifact that a policy requires.
pub(super) fn required_artifacts(inputs: &Inputs, _: &Context, report: &mut Report) {
    let neighbours = inputs.below("ops/docker/").filter(|source| is_policy(source));
    let (mut required, mut absent) = (0, 0);
    for source in
        inputs.own().filter(|source| !source.path().starts_with("ops/report/")).chain(neighbours)
    {
        for (pointer, path) in under(source, REQUIRED) {
            required += 1;
            if !inputs.exists(path) {
                absent += 1;
                let message = format!("`{path}` is required and is nowhere");
                let finding = Finding::new(&rules::REQUIRED_ABSENT, source.at(&pointer), message);
                report.push(finding);
            }
        }
    }
    if required > 0 && absent == 0 {
        let detail = format!("{required} required artifacts are there");
        report.passed("required-artifacts", layout::EVIDENCE_POLICY, detail);
    } else if required == 0 {
        report.skipped("required-artifacts", layout::EVIDENCE_POLICY, "no policy requires any");
    }
}

/// Two builds are compared member by member where two are given; a tree holds one.
pub(super) fn reproducibility(inputs: &Inputs, _: &Context, report: &mut Report) {
    if inputs.is_handbook() {
        report.skipped("reproducibility", layout::BUNDLE, "no second build was given to compare");
    }
}

/// Looks for every file that a release document says it ships or points to.
pub(super) fn named_files(inputs: &Inputs, _: &Context, report: &mut Report) {
    for source in inputs.own().filter(|source| source.path().starts_with("ops/release/")) {
        if layout::TRUST.contains(&source.path()) {
            trust_references(inputs, source, report);
            continue;
        }
        for (pointer, path) in under(source, NAMED) {
            if !inputs.exists(path) {
                let message = format!("`{path}` is named here and is nowhere");
                let finding = Finding::new(&rules::INCLUDE_ABSENT, source.at(&pointer), message);
                report.push(finding);
            }
        }
    }
}

/// A trust document that points to another one needs it: without it nothing can be verified.
fn trust_references(inputs: &Inputs, source: &Source, report: &mut Report) {
    for entry in source.root.entries() {
        let Some(path) = entry.value.as_str().filter(|text| looks_like_path(text)) else {
            continue;
        };
        let is_reference = entry.key.ends_with("_path") || entry.key == "evidence_tarball";
        if is_reference && !inputs.exists(path) {
            let message = format!("`{path}` is what this document rests on, and is nowhere");
            let location = source.at(&format!("/{}", entry.key));
            report.push(Finding::new(&rules::REQUIRED_ABSENT, location, message));
        }
    }
}

fn is_policy(source: &Source) -> bool {
    source.path().ends_with("policy.json")
}

/// The paths below any of some keys. A plain file name counts where a list is of paths only.
fn under<'a>(source: &'a Source, keys: &[&str]) -> Vec<(String, &'a str)> {
    let mut found = Vec::new();
    source.root.walk(&mut |pointer, node| {
        let is_below = pointer.split('/').any(|part| keys.contains(&part));
        let Some(text) = node.as_str().filter(|_| is_below) else { return };
        let is_name = pointer.contains("required_") && !text.contains([' ', ':', '*']);
        if looks_like_path(text) || is_name {
            found.push((pointer.to_owned(), text));
        }
    });
    found
}
