//! OBS12 and X7: whoever is woken up finds the text that says what to do.

use std::collections::{BTreeMap, BTreeSet};

use super::input::{Inputs, is_path, path_of};
use super::layout::Role;
use super::query::text_of;
use crate::finding::rules::observe as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// The keys of annotations and documents that lead to a runbook.
const KEYS: &[&str] = &["runbook", "runbook_url", "runbook_path", "runbook_index"];
/// The cause that missing runbooks share.
const GONE: &str = "observe:runbooks";

/// Looks for runbooks that are named and not there.
pub(super) fn targets(inputs: &Inputs, _: &Context, report: &mut Report) {
    let mut targets: Vec<(Location, String, String)> = Vec::new();
    for rule in inputs.alerts() {
        for key in KEYS {
            if let Some((text, location)) = rule.annotation(key) {
                targets.push((location.clone(), format!("`{}`", rule.name), text.to_owned()));
            }
        }
    }
    for source in inputs.sources.iter().filter(|source| source.is_own) {
        let of_rules = inputs.rule_files.iter().any(|file| file.path == source.path());
        source.root.walk(&mut |pointer, node| {
            let key = pointer.rsplit('/').next().unwrap_or_default();
            let is_rule = of_rules && pointer.contains("/rules/");
            if KEYS.contains(&key)
                && !is_rule
                && let Some(text) = node.as_str()
            {
                let location = source.location.clone().at(pointer, node.position);
                targets.push((location, "the document".to_owned(), text.to_owned()));
            }
        });
    }
    let missing: Vec<_> =
        targets.into_iter().filter(|(_, _, text)| is_path(text) && !inputs.exists(text)).collect();
    let folders: BTreeSet<String> = missing
        .iter()
        .map(|(_, _, text)| text.split('/').next().unwrap_or_default().to_owned())
        .collect();
    let list = folders.into_iter().collect::<Vec<_>>().join(", ");
    report.headline(GONE, format!("runbooks lead out of the tree, into `{list}`"));
    for (location, owner, text) in missing {
        let message = format!("{} points to a runbook that is not there", owner.escape_debug());
        let finding = Finding::new(&rules::RUNBOOK_MISSING, location, message);
        report.push(finding.declared(path_of(&text)).caused_by(GONE));
    }
}

/// Looks for runbook ids that no file and no list of runbooks resolves; each once.
pub(super) fn ids(inputs: &Inputs, _: &Context, report: &mut Report) {
    let known = known_ids(inputs);
    let mut named: BTreeMap<String, Location> = BTreeMap::new();
    for rule in inputs.alerts() {
        if let Some(id) = rule.label("runbook_id") {
            named.entry(id.to_owned()).or_insert_with(|| rule.location.clone());
        }
    }
    for contract in inputs.of(Role::AlertsContract) {
        for (place, _, spec) in contract.entries("alert_specs") {
            if let Some(id) = text_of(spec, "runbook_id") {
                named.entry(id.to_owned()).or_insert(place);
            }
        }
    }
    for map in inputs.of(Role::CoverageMap) {
        for (place, item) in map.items("mappings") {
            if let Some(id) = text_of(item, "runbook_id") {
                named.entry(id.to_owned()).or_insert(place);
            }
        }
    }
    for (id, location) in named.into_iter().filter(|(id, _)| !known.contains(id)) {
        let message = format!("`{}` is no runbook of the tree", id.escape_debug());
        let finding = Finding::new(&rules::RUNBOOK_UNRESOLVED, location, message);
        report.push(finding.declared(id).caused_by(GONE));
    }
}

/// The names of the area's runbooks, and of those that alerts point to and that exist.
fn known_ids(inputs: &Inputs) -> BTreeSet<String> {
    let stem = |path: &str| {
        let file = path.rsplit('/').next().unwrap_or(path);
        file.strip_suffix(".md").unwrap_or(file).to_owned()
    };
    let mut known: BTreeSet<String> =
        inputs.texts.keys().filter(|path| path.ends_with(".md")).map(|path| stem(path)).collect();
    for rule in inputs.alerts() {
        for key in KEYS {
            let found =
                rule.annotation(key).map(|(text, _)| text).filter(|text| inputs.exists(text));
            known.extend(found.map(|text| stem(&path_of(text))));
        }
    }
    for source in &inputs.sources {
        known.extend(source.entries("runbooks").map(|(_, id, _)| id.to_owned()));
    }
    known
}

/// Looks for runbooks that nothing leads to.
pub(super) fn unused(inputs: &Inputs, _: &Context, report: &mut Report) {
    let is_runbook = |path: &&String| path.ends_with(".md") && path.contains("/runbooks/");
    let mut words: BTreeSet<String> = BTreeSet::new();
    for rule in &inputs.rules {
        words.extend(rule.annotations.iter().map(|(_, text, _)| path_of(text)));
        words.extend(rule.label("runbook_id").map(str::to_owned));
    }
    for source in &inputs.sources {
        source.root.walk(&mut |_, node| words.extend(node.as_str().map(path_of)));
    }
    for path in inputs.texts.keys().filter(is_runbook) {
        let file = path.rsplit('/').next().unwrap_or(path);
        let stem = file.trim_end_matches(".md");
        let is_named = words.contains(path.as_str())
            || words.contains(stem)
            || words.iter().any(|word| word.ends_with(&format!("/{file}")));
        let is_linked = inputs.texts.iter().any(|(other, text)| {
            other != path && other.ends_with(".md") && text.contains(&format!("({file}"))
        });
        if !is_named && !is_linked {
            let message = "no alert, drill or runbook leads here";
            report.push(Finding::new(&rules::RUNBOOK_UNUSED, Location::named(path), message));
        }
    }
}
