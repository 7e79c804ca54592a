//! The tests of the area: suites, the manifest of scripts, their owners, what is in quarantine.

use std::collections::{BTreeMap, BTreeSet};

use super::input::{Inputs, MATRIX, Source};
use super::object::{text, words};
use crate::document::Node;
use crate::finding::rules::k8s as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

const FOLDER: &str = "ops/k8s/tests";
const SUITES: &str = "ops/k8s/tests/suites.json";
const MANIFEST: &str = "ops/k8s/tests/manifest.json";
const OWNERS: &str = "ops/k8s/tests/ownership.json";

/// The suites of the matrix are ones that the tests have, and their groups have tests.
pub(super) fn suites(inputs: &Inputs, _: &Context, report: &mut Report) {
    let Some(suites) = inputs.document(SUITES) else { return };
    let known: BTreeSet<&str> = suites.rows("/suites").map(|(_, row)| text(row, "id")).collect();
    let mut told = BTreeSet::new();
    if let Some(matrix) = inputs.document(MATRIX) {
        for (pointer, row) in matrix.rows("/profiles").chain(matrix.rows("/scenarios")) {
            let suite = text(row, "suite");
            // Once a suite: one missing suite is one mistake, whoever names it.
            if !suite.is_empty() && !known.contains(suite) && told.insert(suite) {
                let message = format!("names the suite `{suite}`, which `{SUITES}` does not have");
                let at = matrix.at(&format!("{pointer}/suite"));
                report.push(Finding::new(&rules::SUITE_UNKNOWN, at, message).declared(suite));
            }
        }
    }
    let Some(manifest) = inputs.document(MANIFEST) else { return };
    let groups: BTreeSet<&str> =
        manifest.rows("/tests").flat_map(|(_, row)| words(row.get("groups"))).collect();
    for (pointer, row) in suites.rows("/suites") {
        for group in words(row.get("groups")).filter(|group| !groups.contains(group)) {
            let id = text(row, "id");
            let message = format!("suite `{id}` runs the group `{group}`, which no test has");
            let at = suites.at(&format!("{pointer}/groups"));
            report.push(Finding::new(&rules::TEST_LISTS_DIFFER, at, message));
        }
    }
}

/// The scripts of the manifest are in the tree, have the owner that owns them, and none is still in
/// a quarantine that ended.
pub(super) fn scripts(inputs: &Inputs, context: &Context, report: &mut Report) {
    let Some(manifest) = inputs.document(MANIFEST) else { return };
    let today = context.now.to_string();
    let owners = owners(inputs);
    for (pointer, row) in manifest.rows("/tests") {
        let script = text(row, "script");
        if !script.is_empty() {
            in_tree(inputs, manifest, &pointer, script, report);
        }
        let until = text(row, "quarantine_until");
        // Days as ISO 8601 writes them compare as text.
        if until.len() == 10 && today.get(..10).is_some_and(|today| until < today) {
            let message = format!(
                "the quarantine of `{script}` ended on {until}: its failures are still ignored"
            );
            let at = manifest.at(&format!("{pointer}/quarantine_until"));
            report.push(Finding::new(&rules::QUARANTINE_EXPIRED, at, message).declared(until));
        }
        let Some(owners) = &owners else { continue };
        let base = script.rsplit('/').next().unwrap_or(script);
        let (owner, own) = (owners.get(base).copied().unwrap_or("nobody"), text(row, "owner"));
        if owner != own {
            let message =
                format!("`{script}` belongs to `{own}`, and to `{owner}` in the list of owners");
            report.push(Finding::new(&rules::TEST_LISTS_DIFFER, manifest.at(&pointer), message));
        }
    }
}

fn in_tree(inputs: &Inputs, manifest: &Source, pointer: &str, script: &str, report: &mut Report) {
    let is_there = |path: &str| inputs.files.contains(path);
    if !is_there(&format!("{FOLDER}/{script}")) && !is_there(script) {
        let message = format!("the test `{script}` is not in the tree");
        let at = manifest.at(&format!("{pointer}/script"));
        let cause = format!("k8s {}", rules::TEST_SCRIPT_ABSENT.code);
        let finding = Finding::new(&rules::TEST_SCRIPT_ABSENT, at, message);
        report.push(finding.declared(script).caused_by(cause));
    }
}

/// Who owns each test, by the script's name.
fn owners(inputs: &Inputs) -> Option<BTreeMap<&str, &str>> {
    let source = inputs.document(OWNERS)?;
    let entries = source.root.get("owners").map(Node::entries)?;
    let rows = entries
        .iter()
        .flat_map(|entry| words(Some(&entry.value)).map(|script| (script, &*entry.key)));
    Some(rows.collect())
}
