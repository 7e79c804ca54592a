//! Data sets: what both releases serve, and whether it is still what it was.

use std::collections::{BTreeMap, BTreeSet};

use super::super::taken::DATASETS;
use super::input::{Inputs, Source};
use crate::digest::Digest;
use crate::document::{Node, Value};
use crate::finding::rules::rollback as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

const MANIFEST: &str = "ops/datasets/manifest.json";
const POLICY: &str = "ops/datasets/rollback-policy.json";
const FREEZE: &str = "ops/datasets/freeze-policy.json";
const INDEX: &str = "ops/datasets/generated/dataset-index.json";
const CONSUMERS: &str = "ops/datasets/consumer-list.json";
const PINS: &str = "ops/inventory/pins.yaml";

/// Every file of every data set is locked, and is what the lock says.
pub(super) fn locked(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some(manifest) = inputs.document(MANIFEST) else {
        return report.skipped("dataset-lock", "ops/datasets", "the tree has no data sets");
    };
    let Some(lock) = inputs.document(DATASETS) else {
        let message = format!("`{DATASETS}` is not there: nothing says what the data sets were");
        let finding = Finding::new(&rules::DATASET_UNLOCKED, manifest.at("/datasets"), message);
        return report.push(finding);
    };
    let entries = ids_of(lock, "entries");
    for (index, dataset) in manifest.items("datasets").iter().enumerate() {
        let Some(id) = dataset.get("id").and_then(Node::as_str) else { continue };
        let entry = entries.get(id).map(|index| &lock.items("entries")[*index]);
        let checksums = entry.and_then(|entry| entry.get("checksums")).map(Node::entries);
        let checksums = checksums.unwrap_or_default();
        if checksums.is_empty() {
            let at = match entries.get(id) {
                Some(index) => lock.at(&format!("/entries/{index}/checksums")),
                None => manifest.at(&format!("/datasets/{index}/id")),
            };
            let message = format!("the data set `{}` has no digest in the lock", id.escape_debug());
            report.push(Finding::new(&rules::DATASET_UNLOCKED, at, message));
            continue;
        }
        let paths = dataset.get("paths").map(Node::entries).unwrap_or_default();
        for path in paths {
            let at = format!("/datasets/{index}/paths/{}", path.key);
            let stated = checksums.iter().find(|one| one.key == path.key);
            judge_file(inputs, manifest, &at, &path.value, stated.map(|one| &one.value), report);
        }
    }
}

fn judge_file(
    inputs: &Inputs<'_>,
    manifest: &Source,
    at: &str,
    path: &Node,
    stated: Option<&Node>,
    report: &mut Report,
) {
    let Some(path) = path.as_str() else { return };
    let shown = path.escape_debug();
    let Some(stated) = stated.and_then(Node::as_str) else {
        let message = format!("`{shown}` has no digest in the lock");
        return report.push(Finding::new(&rules::DATASET_UNLOCKED, manifest.at(at), message));
    };
    match inputs.digest(path) {
        Some(actual) if actual.to_string() == stated => {
            report.passed("dataset-file", path, actual.to_string());
        }
        Some(actual) => {
            let message = format!("`{shown}` is not what the lock says");
            let finding = Finding::new(&rules::DATASET_DIFFERS, manifest.at(at), message);
            report.push(finding.declared(stated).actual(actual));
        }
        None => {
            let message = format!("`{shown}` is not there");
            let finding = Finding::new(&rules::DATASET_DIFFERS, manifest.at(at), message);
            report.push(finding.declared(stated));
        }
    }
}

/// A digest in a lock is one.
pub(super) fn placeholders(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    for lock in inputs.locks() {
        lock.root.walk(&mut |pointer, node| {
            let key = pointer.rsplit('/').next().unwrap_or_default();
            let is_digest = key.contains("sha256") || pointer.contains("/checksums/");
            let Value::String(text) = &node.value else { return };
            if !is_digest {
                return;
            }
            let problem = match text.parse::<Digest>() {
                Err(_) => "is no digest",
                Ok(_) if is_repeated(text) => "is a placeholder",
                Ok(digest) if digest == Digest::of(b"") => "is the digest of nothing",
                Ok(_) => return,
            };
            let message = format!("`{}` {problem}", text.escape_debug());
            let finding = Finding::new(&rules::LOCK_PLACEHOLDER, lock.at(pointer), message);
            report.push(finding.actual(text));
        });
    }
}

/// A review that is a placeholder has not happened.
pub(super) fn reviews(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    for source in inputs.below("ops/datasets/") {
        source.root.walk(&mut |pointer, node| {
            let is_review = pointer.ends_with("/review_status");
            let Some(status) = node.as_str().filter(|_| is_review) else { return };
            if !status.contains("placeholder") {
                return;
            }
            let message = format!("the review of a data set is `{}`", status.escape_debug());
            let finding = Finding::new(&rules::LOCK_PLACEHOLDER, source.at(pointer), message);
            report.push(finding.actual(status));
        });
    }
}

fn is_repeated(text: &str) -> bool {
    text.bytes().collect::<BTreeSet<u8>>().len() == 1
}

/// The four documents that name data sets agree, in both directions.
pub(super) fn ids(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some(manifest) = inputs.document(MANIFEST) else { return };
    let own = ids_of(manifest, "datasets");
    for (path, key) in
        [(DATASETS, "entries"), (INDEX, "dataset_ids"), (INDEX, "datasets"), (PINS, "dataset_ids")]
    {
        let Some(other) = inputs.document(path) else { continue };
        if other.root.get(key).is_none() {
            continue;
        }
        let named = ids_of(other, key);
        ids_agree((manifest, &own), (other, &named), "datasets", report);
        ids_agree((other, &named), (manifest, &own), key, report);
        if own.keys().eq(named.keys()) {
            report.passed("dataset-ids", path, format!("{} data sets", own.len()));
        }
    }
}

/// Whatever the first names, the second names too.
fn ids_agree(
    (first, first_ids): (&Source, &BTreeMap<&str, usize>),
    (second, second_ids): (&Source, &BTreeMap<&str, usize>),
    first_key: &str,
    report: &mut Report,
) {
    for (id, index) in first_ids {
        if !second_ids.contains_key(id) {
            let message =
                format!("the data set `{}` is not in `{}`", id.escape_debug(), second.path);
            let at = first.at(&format!("/{first_key}/{index}"));
            report.push(Finding::new(&rules::DATASET_SETS_DIFFER, at, message));
        }
    }
}

fn ids_of<'a>(source: &'a Source, key: &str) -> BTreeMap<&'a str, usize> {
    let items = source.items(key).iter().enumerate();
    items
        .filter_map(|(index, item)| {
            let id = item.get("id").and_then(Node::as_str).or_else(|| item.as_str())?;
            Some((id, index))
        })
        .collect()
}

/// Digests in locks of the files that they stand beside: the list of what is allowed, the inventory.
pub(super) fn lock_digests(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    for lock in inputs.locks() {
        let folder = lock.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for entry in lock.root.entries() {
            let Some(name) = entry.key.strip_suffix("_sha256") else { continue };
            let Some(stated) = entry.value.as_str() else { continue };
            let name = name.replace('_', "-");
            let places = [
                format!("{folder}/{name}.json"),
                format!("ops/datasets/generated/{name}.json"),
                format!("ops/datasets/{name}.json"),
            ];
            let found = places.iter().find_map(|path| Some((path, inputs.digest(path)?)));
            let Some((path, actual)) = found else { continue };
            if actual.to_string() == stated {
                report.passed("lock-digest", path.as_str(), actual.to_string());
                continue;
            }
            let message = format!("`{path}` is not what the lock says");
            let at = lock.at(&format!("/{}", entry.key));
            let finding = Finding::new(&rules::LOCK_DIFFERS, at, message);
            report.push(finding.declared(stated).actual(actual));
        }
    }
}

/// The policy goes back no further than what is kept.
pub(super) fn depth(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some(policy) = inputs.document(POLICY) else { return };
    let Some(depth) = policy.root.get("max_rollback_depth").and_then(Node::as_u64) else { return };
    let manifest = inputs.document(MANIFEST);
    let published = manifest.map(|manifest| manifest.items("datasets").len() as u64);
    let lines = inputs.document(FREEZE).and_then(|freeze| {
        freeze.root.pointer("/retention/minimum_release_lines").and_then(Node::as_u64)
    });
    // The newest is the one that is left.
    let kept = [published, lines].into_iter().flatten().min().map(|kept| kept.saturating_sub(1));
    match kept {
        Some(kept) if depth > kept => {
            let message = format!("promises to go back {depth} steps, and {kept} earlier are kept");
            let at = policy.at("/max_rollback_depth");
            let finding = Finding::new(&rules::ROLLBACK_DEPTH_UNKEPT, at, message);
            report.push(finding.declared(depth).actual(kept));
        }
        Some(kept) => report.passed("rollback-depth", POLICY, format!("{depth} of {kept} kept")),
        None => report.skipped("rollback-depth", POLICY, "nothing says how many are kept"),
    }
}

/// What the policy requires is in the tree.
pub(super) fn required(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some(policy) = inputs.document(POLICY) else { return };
    for (index, item) in policy.items("requires").iter().enumerate() {
        let Some(name) = item.as_str() else { continue };
        let places = [
            format!("ops/datasets/{name}"),
            format!("ops/datasets/{name}.json"),
            format!("ops/datasets/generated/{name}.json"),
        ];
        if places.iter().any(|path| inputs.exists(path)) {
            report.passed("rollback-requirement", POLICY, name);
            continue;
        }
        let message = format!("requires `{}`, which is not in the tree", name.escape_debug());
        let at = policy.at(&format!("/requires/{index}"));
        report.push(Finding::new(&rules::ROLLBACK_REQUIREMENT_ABSENT, at, message));
    }
}

/// Whoever reads a data set can be found: what changes with it must be told of going back too.
pub(super) fn consumers(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some(list) = inputs.document(CONSUMERS) else { return };
    let rows = list.items("consumers");
    let before = report.findings().len();
    for (index, row) in rows.iter().enumerate() {
        let Some(path) = row.get("interface").and_then(Node::as_str) else { continue };
        if path.starts_with("ops/") && !inputs.exists(path) {
            let id = row.get("id").and_then(Node::as_str).unwrap_or_default().escape_debug();
            let path = path.escape_debug();
            let message = format!("the consumer `{id}` is read at `{path}`, which is not there");
            let at = list.at(&format!("/consumers/{index}/interface"));
            report.push(Finding::new(&rules::DATASET_CONSUMER_ABSENT, at, message));
        }
    }
    if report.findings().len() == before {
        let detail = format!("{} consumers", rows.len());
        report.passed("dataset-consumers", CONSUMERS, detail);
    }
}
