//! REL12: everything that trust rests on is covered by a digest that something signed covers.

use std::collections::BTreeSet;

use super::causes;
use super::input::{Answer, Inputs, looks_like_path};
use super::layout;
use crate::document::Node;
use crate::finding::rules::release as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// How files end that hold a signature, a certificate or a transparency proof.
const SIGNATURES: &[&str] =
    &[".sig", ".asc", ".sigstore.json", ".sigstore", ".intoto.jsonl", ".pem", ".crt", ".minisig"];

/// Looks for a signature where a document says that something was signed.
pub(super) fn signatures(inputs: &Inputs, _: &Context, report: &mut Report) {
    let claims = [layout::SIGN, layout::SIGNING_POLICY, layout::VERIFY];
    let Some(claim) = claims.iter().find_map(|path| inputs.document(path)) else { return };
    let found = signature_files(inputs);
    if found.is_empty() {
        report.headline(
            causes::UNSIGNED,
            "nothing is signed: no signature, key, certificate or log entry is there",
        );
        let mechanism = inputs
            .document(layout::SIGNING_POLICY)
            .and_then(|policy| policy.text("/mechanism/type"))
            .unwrap_or("none stated");
        let demands = inputs
            .document("ops/docker/push-policy.json")
            .and_then(|policy| policy.root.get("required_signing"))
            .is_some_and(|node| node.entries().iter().any(|e| e.value.as_bool() == Some(true)));
        let message = if demands {
            "the release has a sign report and no signature, and the push policy demands one"
        } else {
            "the release has a sign report and no signature"
        };
        report.push(
            Finding::new(&rules::NOTHING_SIGNED, claim.location.clone(), message)
                .declared(mechanism)
                .actual("no signature in tree or bundle")
                .caused_by(causes::UNSIGNED),
        );
    } else {
        let detail = format!("{} files: {}; `verify` judges them", found.len(), found.join(", "));
        report.skipped("signature", claim.path(), detail);
    }
    if let Some(provenance) = inputs.document(layout::PROVENANCE)
        && provenance.root.get("subject").is_none_or(|subject| subject.items().is_empty())
    {
        let message = "the provenance names no artifact by its digest";
        report.push(Finding::new(&rules::PROVENANCE_EMPTY, provenance.location.clone(), message));
    }
}

/// Every file of the release and every member of its bundle that looks like a signature.
fn signature_files(inputs: &Inputs) -> Vec<&str> {
    inputs
        .bytes
        .keys()
        .chain(inputs.bundle.iter().flatten().map(|(path, _)| path))
        .map(String::as_str)
        .filter(|path| is_signature(path))
        .collect()
}

fn is_signature(path: &str) -> bool {
    SIGNATURES.iter().any(|ending| path.ends_with(ending)) && !layout::is_specimen(path)
}

/// Looks for release documents that no digest covers, or only the bundle's.
pub(super) fn uncovered(inputs: &Inputs, _: &Context, report: &mut Report) {
    if inputs.document(layout::LEDGER).is_none() && inputs.document(layout::MANIFEST).is_none() {
        return;
    }
    let covered: BTreeSet<&str> = inputs
        .rows
        .iter()
        .filter(|row| !row.is_member)
        .filter(|row| inputs.in_tree(&row.path, row.declared) == Answer::Matches)
        .map(|row| row.path.as_str())
        .collect();
    let cause = signature_files(inputs).is_empty().then(|| causes::UNSIGNED.to_owned());
    for path in trusted_files(inputs) {
        let has_signature =
            SIGNATURES.iter().any(|ending| inputs.bytes.contains_key(&format!("{path}{ending}")));
        if covered.contains(path) || has_signature || is_signature(path) {
            continue;
        }
        let Some(digest) = inputs.file(path) else { continue };
        let is_member = inputs.in_bundle(path, digest) == Answer::Matches;
        let (rule, message) = if is_member {
            (&rules::COVERED_BY_BUNDLE, "covered as a member of the bundle only")
        } else {
            (&rules::DOCUMENT_UNCOVERED, "no digest of any document covers it")
        };
        let mut finding = Finding::new(rule, Location::named(path), message).actual(digest);
        finding.cause.clone_from(&cause);
        report.push(finding);
    }
}

/// The documents of the release, and the values that its images are taken from.
fn trusted_files(inputs: &Inputs) -> BTreeSet<&str> {
    let manifest = inputs.document(layout::MANIFEST);
    let images = manifest.and_then(|manifest| manifest.root.get("image_artifacts"));
    let values = images
        .iter()
        .flat_map(|node| node.items())
        .filter_map(|row| row.get("source_path").and_then(Node::as_str))
        .filter(|path| !layout::is_negative_profile(path));
    let schemas = inputs
        .bytes
        .keys()
        .map(String::as_str)
        .filter(|path| path.starts_with("ops/release/evidence/") && layout::is_schema(path));
    inputs
        .own()
        .map(|source| source.path())
        // What the last step writes cannot be covered by what was written before it.
        .filter(|path| {
            path.starts_with("ops/release/")
                && !matches!(*path, layout::SIGN | layout::VERIFY | layout::LEDGER)
        })
        .chain(values)
        .chain(schemas)
        .collect()
}

/// Names the lists of the manifest that state no digests.
pub(super) fn unhashed_lists(inputs: &Inputs, _: &Context, report: &mut Report) {
    let Some(manifest) = inputs.document(layout::MANIFEST) else { return };
    let hashed: BTreeSet<&str> =
        inputs.rows.iter().filter(|row| !row.is_member).map(|row| row.path.as_str()).collect();
    for entry in manifest.root.entries() {
        let paths = |node: &Node| {
            node.as_str().is_some_and(|text| looks_like_path(text) && !hashed.contains(text))
        };
        let listed = entry.value.items().iter().filter(|item| paths(item)).count();
        let single = usize::from(paths(&entry.value));
        if listed + single > 0 {
            let pointer = format!("/{}", entry.key);
            let message =
                format!("files named without a digest in any document: {}", listed + single);
            let finding = Finding::new(&rules::LISTED_UNHASHED, manifest.at(&pointer), message);
            report.push(finding.actual(listed + single));
        }
    }
}

/// Scans the release documents and the members of the bundle for secrets and machine paths.
pub(super) fn leaks(inputs: &Inputs, _: &Context, report: &mut Report) {
    let mut scanned = 0;
    let outer = inputs
        .bytes
        .iter()
        .filter(|(path, _)| !layout::is_specimen(path))
        .map(|(path, bytes)| (Location::named(path), bytes));
    // A member that is the tree's file again is judged once.
    let members = inputs.bundle.iter().flatten().filter_map(|(path, member)| {
        let bytes = member.bytes.as_ref()?;
        let again = inputs.bytes.get(path) == Some(bytes) && !layout::is_specimen(path);
        (!again).then(|| (Location::member(layout::BUNDLE, path), bytes))
    });
    let before = report.findings().len();
    for (location, bytes) in outer.chain(members) {
        scanned += 1;
        super::secrets::judge_secrets(&location, bytes, report);
    }
    for (package, files) in &inputs.charts {
        for (inner, bytes) in files.iter().filter(|_| package.ends_with(".tgz")) {
            scanned += 1;
            super::secrets::judge_secrets(&Location::member(package, inner), bytes, report);
        }
    }
    if report.findings().len() == before {
        let detail = format!("{scanned} files hold no secret and no machine path");
        report.passed("leaks", "ops/release", detail);
    }
}
