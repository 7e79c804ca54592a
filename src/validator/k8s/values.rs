//! K8S02, K8S19, X4: values, merged as Helm merges them and held against the chart's schema.

use super::chart::Chart;
use super::input::{Inputs, NEGATIVES, Source};
use super::object::text;
use crate::document::{Entry, Node, Schema, Value, Violation};
use crate::finding::rules::k8s as rules;
use crate::finding::{Finding, Report};
use crate::json::escape_pointer;
use crate::validator::Context;

/// Lays values over defaults as Helm does: mappings are merged key by key, everything else is
/// replaced whole, and a null takes the key away.
pub(super) fn merge(base: &Node, over: &Node) -> Node {
    let (Value::Mapping(defaults), Value::Mapping(changes)) = (&base.value, &over.value) else {
        return over.clone();
    };
    let mut merged: Vec<Entry> = Vec::new();
    for entry in defaults {
        match changes.iter().find(|change| change.key == entry.key) {
            None => merged.push(entry.clone()),
            Some(change) if change.value.value == Value::Null => {}
            Some(change) => {
                let value = merge(&entry.value, &change.value);
                merged.push(Entry { value, ..change.clone() });
            }
        }
    }
    let is_new = |change: &&Entry| !defaults.iter().any(|entry| entry.key == change.key);
    merged.extend(changes.iter().filter(is_new).cloned());
    Node { value: Value::Mapping(merged), position: over.position }
}

/// The value at a path with dots, `image.tag`.
pub(super) fn at_path<'a>(values: &'a Node, path: &str) -> Option<&'a Node> {
    path.split('.').try_fold(values, |node, key| node.get(key))
}

/// The pointer of a path with dots.
pub(super) fn pointer_of(path: &str) -> String {
    path.split('.').map(|key| format!("/{}", escape_pointer(key))).collect()
}

/// Tells whether a file of values is meant to be refused: its name or the area's registry says so.
fn is_negative(inputs: &Inputs, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    ["schema-failure", "must-fail", "negative", "invalid"].iter().any(|word| name.contains(word))
        || negative_files(inputs).any(|(_, _, file)| file == path)
}

fn negative_files(inputs: &Inputs) -> impl Iterator<Item = (String, &Node, &str)> {
    let rows = inputs.document(NEGATIVES).into_iter().flat_map(|source| source.rows("/cases"));
    rows.filter_map(|(pointer, row)| {
        let file = row.get("values_file")?.as_str()?;
        Some((pointer, row, file))
    })
}

/// Holds the merged values of every values file against the chart's schema.
pub(super) fn values_schema(inputs: &Inputs, _: &Context, report: &mut Report) {
    for chart in &inputs.charts {
        let (Some(defaults), Some(source)) = (&chart.defaults, &chart.schema) else {
            let what = format!("`{}` has no values schema", chart.folder);
            report.skipped("values-schema", chart.folder.as_str(), what);
            continue;
        };
        let schema = match Schema::compile(&source.root) {
            Ok(schema) => schema,
            Err(error) => {
                let finding =
                    Finding::new(&rules::VALUES_SCHEMA_BROKEN, source.at(""), error.to_string());
                report.push(finding);
                continue;
            }
        };
        for violation in schema.violations(&defaults.root) {
            violated(defaults, &defaults.root, &violation, report);
        }
        let mut held = 0;
        for file in values_files(inputs, chart) {
            if is_negative(inputs, &file.location.path) {
                continue;
            }
            let merged = merge(&defaults.root, &file.root);
            held += 1;
            for violation in schema.violations(&merged) {
                violated(file, &merged, &violation, report);
            }
        }
        report.passed(
            "values-schema",
            source.location.path.as_str(),
            format!("{held} files of values were held against it"),
        );
        negatives(inputs, defaults, &schema, report);
    }
}

fn violated(file: &Source, merged: &Node, violation: &Violation, report: &mut Report) {
    // The value may come from the defaults: the nearest that the file sets itself is at fault.
    let mut pointer = violation.pointer.as_str();
    while file.root.pointer(pointer).is_none() {
        pointer = pointer.rsplit_once('/').map_or("", |(head, _)| head);
    }
    let location = file.at(pointer);
    let message = format!(
        "the merged values break the chart's schema at `{}`: {}",
        violation.pointer, violation.problem
    );
    let actual = merged.pointer(&violation.pointer).and_then(Node::scalar_text);
    let finding = Finding::new(&rules::VALUES_SCHEMA_VIOLATED, location, message);
    report.push(match actual {
        Some(actual) => finding.actual(actual),
        None => finding,
    });
}

/// The files of values that belong to a chart: with one chart, all of them.
fn values_files<'a>(inputs: &'a Inputs, chart: &'a Chart) -> impl Iterator<Item = &'a Source> {
    let only = inputs.charts.len() == 1;
    inputs.documents.values().filter(move |source| {
        let path = source.location.path.as_str();
        let is_values = path.starts_with("ops/k8s/values/") && only
            || path.starts_with(&format!("{}/values-", chart.folder));
        is_values && path.ends_with(".yaml")
    })
}

/// Values that must be refused are refused, and for the reason that is stated.
fn negatives(inputs: &Inputs, defaults: &Source, schema: &Schema, report: &mut Report) {
    let judge =
        |source: &Source, pointer: &str, values: &Node, stated: [&str; 2], report: &mut Report| {
            let [at, reason] = stated;
            let found = schema.violations(&merge(&defaults.root, values));
            if found.is_empty() {
                let message = "the chart's schema accepts values that must be refused";
                report.push(Finding::new(&rules::NEGATIVE_ACCEPTED, source.at(pointer), message));
            } else if !found.iter().any(|violation| is_reason(violation, at, reason)) {
                let problems: Vec<_> =
                    found.iter().map(|one| format!("{}: {}", one.pointer, one.problem)).collect();
                let message =
                    "the values are refused for another reason than the one that is stated";
                let finding =
                    Finding::new(&rules::NEGATIVE_REASON_DIFFERS, source.at(pointer), message);
                let stated = [at, reason].join(" ");
                report.push(finding.declared(stated.trim()).actual(problems.join("; ")));
            }
        };
    for (path, source) in &inputs.documents {
        if path.starts_with("ops/k8s/values/") && is_negative(inputs, path) {
            judge(source, "", &source.root, ["", ""], report);
        }
    }
    let Some(source) = inputs.document(NEGATIVES) else { return };
    for (pointer, case) in source.rows("/cases") {
        let (at, reason) = (text(case, "refused_at"), text(case, "reason"));
        if let Some((set, value)) = case.get("set").and_then(Node::as_str).zip(case.get("value")) {
            judge(source, &pointer, &nested(set, value), [at, reason], report);
        } else if let Some(file) = case.get("values_file").and_then(Node::as_str) {
            match inputs.document(file) {
                Some(values) => judge(source, &pointer, &values.root, [at, reason], report),
                None => report.push(super::input::absent(source, &pointer, file)),
            }
        }
    }
}

/// Tells whether a violation is the stated one: at the place, in words that hold the reason's.
fn is_reason(violation: &Violation, at: &str, reason: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace(['"', '`', '\''], "");
    let clause = violation.schema_pointer.rsplit('/').next().unwrap_or_default();
    // The word of the clause, for reasons that name it: `minimum`, `additionalProperties`.
    let said = format!("{} {clause}", plain(&violation.problem));
    let words = plain(reason);
    let in_words = words.is_empty()
        || said.contains(&words)
        || words.split(' ').all(|word| said.contains(word))
        || is_paraphrase(clause, &words);
    (at.is_empty() || violation.pointer == at) && in_words
}

/// How people say what a clause of a schema refuses.
fn is_paraphrase(clause: &str, words: &str) -> bool {
    match clause {
        "enum" | "const" => words.contains("one of") || words.contains("expected"),
        "pattern" => words.contains("pattern"),
        "required" => words.contains("required") || words.contains("missing"),
        "type" => words.contains("type"),
        "additionalProperties" | "unevaluatedProperties" => words.contains("additional"),
        "minimum" | "exclusiveMinimum" | "minItems" | "minLength" => words.contains("minimum"),
        "maximum" | "exclusiveMaximum" | "maxItems" | "maxLength" => words.contains("maximum"),
        _ => false,
    }
}

/// The mapping that sets one value at a path with dots.
fn nested(path: &str, value: &Node) -> Node {
    path.rsplit('.').fold(value.clone(), |value, key| {
        let position = value.position;
        let entry = Entry { key: key.to_owned(), position, value };
        Node { value: Value::Mapping(vec![entry]), position }
    })
}

/// Mappings that the schema leaves open although the templates read single keys of them.
pub(super) fn schema_closed(inputs: &Inputs, _: &Context, report: &mut Report) {
    for chart in &inputs.charts {
        let Some(schema) = &chart.schema else { continue };
        let mut open = Vec::new();
        if is_open(&schema.root) {
            open.push((String::new(), "the values".to_owned()));
        }
        let properties = schema.root.get("properties").map(Node::entries).unwrap_or_default();
        for entry in properties {
            let inner = format!("{}.", entry.key);
            let single = chart.reads.range(inner.clone()..).next();
            let reads_single = single.is_some_and(|path| path.starts_with(&inner));
            let reads_whole = chart.reads.contains(&entry.key) || chart.reads_all;
            if reads_single && !reads_whole && is_open(&entry.value) {
                open.push((
                    format!("/properties/{}", escape_pointer(&entry.key)),
                    format!("`{}`", entry.key),
                ));
            }
        }
        for (pointer, what) in open {
            let message =
                format!("{what} may hold any key: a misspelt one passes and does nothing");
            let finding = Finding::new(&rules::VALUES_SCHEMA_OPEN, schema.at(&pointer), message);
            report.push(finding.caused_by(format!("k8s {}", rules::VALUES_SCHEMA_OPEN.code)));
        }
    }
}

/// Tells whether a schema of a mapping lets any key pass.
fn is_open(schema: &Node) -> bool {
    let is_mapping = schema.get("properties").is_some() || text(schema, "type") == "object";
    let is_closed = ["additionalProperties", "unevaluatedProperties"]
        .iter()
        .any(|key| schema.get(key).is_some_and(|node| node.as_bool() != Some(true)));
    is_mapping && !is_closed && schema.get("$ref").is_none()
}

/// Values that no template reads: whoever sets them believes in something that does not happen.
pub(super) fn values_read(inputs: &Inputs, _: &Context, report: &mut Report) {
    for chart in inputs.charts.iter().filter(|chart| !chart.reads.is_empty()) {
        let Some(defaults) = &chart.defaults else { continue };
        let mut unread = Vec::new();
        unread_below(chart, &defaults.root, "", &mut unread);
        for path in &unread {
            let message = format!("`{path}` is a default that no template reads");
            let finding =
                Finding::new(&rules::VALUE_UNREAD, defaults.at(&pointer_of(path)), message);
            report.push(finding.caused_by(format!("k8s {}", rules::VALUE_UNREAD.code)));
        }
        if let Some(schema) = &chart.schema {
            let mut offered = Vec::new();
            offered_below(chart, &schema.root, "", "", &mut offered);
            let is_told = |path: &String| {
                unread.iter().any(|told| path == told || path.starts_with(&format!("{told}.")))
            };
            for (path, pointer) in offered.into_iter().filter(|(path, _)| !is_told(path)) {
                let message = format!("the schema offers `{path}`, which no template reads");
                let finding = Finding::new(&rules::VALUE_UNREAD, schema.at(&pointer), message);
                report.push(finding.caused_by(format!("k8s {}", rules::VALUE_UNREAD.code)));
            }
        }
        for file in values_files(inputs, chart) {
            if is_negative(inputs, &file.location.path) {
                continue;
            }
            let mut set = Vec::new();
            unread_below(chart, &file.root, "", &mut set);
            for path in set {
                let [default, given] = [&defaults.root, &file.root]
                    .map(|values| at_path(values, &path).map(Node::to_canonical_json));
                // What repeats the default changes nothing and misleads nobody about this profile;
                // what the schema's conditions speak of guards something else.
                if default == given || guards(chart, &path) {
                    continue;
                }
                let message = format!("sets `{path}`, which no template reads");
                let location = file.at(&pointer_of(&path));
                report.push(Finding::new(&rules::VALUE_WITHOUT_EFFECT, location, message));
            }
        }
    }
}

/// The shortest paths that a schema describes and no template reads, each with its pointer.
fn offered_below(
    chart: &Chart,
    schema: &Node,
    prefix: &str,
    pointer: &str,
    offered: &mut Vec<(String, String)>,
) {
    for entry in schema.get("properties").map(Node::entries).unwrap_or_default() {
        if entry.key.contains('.') || entry.key == "global" {
            continue;
        }
        let path =
            if prefix.is_empty() { entry.key.clone() } else { format!("{prefix}.{}", entry.key) };
        let pointer = format!("{pointer}/properties/{}", escape_pointer(&entry.key));
        if !chart.reads(&path) {
            offered.push((path, pointer));
        } else if !chart.reads.contains(&path) {
            offered_below(chart, &entry.value, &path, &pointer, offered);
        }
    }
}

/// Tells whether a condition of the schema speaks of a value: it then decides what else may be set.
fn guards(chart: &Chart, path: &str) -> bool {
    let leaf = path.rsplit('.').next().unwrap_or(path);
    let conditions = chart.schema.iter().flat_map(|schema| schema.root.entries());
    conditions.filter(|entry| matches!(&*entry.key, "allOf" | "anyOf" | "oneOf" | "if")).any(
        |entry| {
            let mut found = false;
            entry
                .value
                .walk(&mut |pointer, _| found |= pointer.ends_with(&format!("/properties/{leaf}")));
            found
        },
    )
}

/// The shortest paths below a mapping that no template reads.
fn unread_below(chart: &Chart, values: &Node, prefix: &str, unread: &mut Vec<String>) {
    for entry in values.entries() {
        // A key with a dot is data (`prometheus.io/scrape`), and is read with all around it.
        if entry.key.contains('.') || entry.key == "global" {
            continue;
        }
        let path =
            if prefix.is_empty() { entry.key.clone() } else { format!("{prefix}.{}", entry.key) };
        if !chart.reads(&path) {
            unread.push(path);
        } else if !chart.reads.contains(&path) {
            unread_below(chart, &entry.value, &path, unread);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Limits, parse_json};

    fn node(text: &str) -> Node {
        parse_json(text.as_bytes(), Limits::GOVERNED).unwrap()
    }

    #[test]
    fn values_are_merged_as_helm_merges_them() {
        let base = node(r#"{"a": {"x": 1, "y": [1, 2]}, "b": 1, "c": {"z": 1}}"#);
        let over = node(r#"{"a": {"y": [3]}, "b": null, "c": 2, "d": {"e": true}}"#);
        let expected = node(r#"{"a": {"x": 1, "y": [3]}, "c": 2, "d": {"e": true}}"#);
        assert_eq!(merge(&base, &over).to_canonical_json(), expected.to_canonical_json());
    }
}
