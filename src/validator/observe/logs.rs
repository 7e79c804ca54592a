//! OBS25: what is logged keeps the log contracts, and says nothing of persons.

use std::collections::BTreeSet;

use super::input::{Inputs, Source};
use super::layout::Role;
use super::metrics::texts;
use super::query::text_of;
use crate::document::{Limits, Node, Value, parse_json};
use crate::finding::rules::observe as rules;
use crate::finding::{Finding, Location, Report};
use crate::json::Position;
use crate::validator::Context;

/// The most lines of one sample that are read.
const MAX_LINES: usize = 100_000;

/// Holds every line of every sample against every log contract.
pub(super) fn samples(inputs: &Inputs, _: &Context, report: &mut Report) {
    let contracts: Vec<&Source> =
        inputs.of(Role::LogContract).filter(|source| source.is_own).collect();
    let metrics: Vec<&Source> =
        inputs.of(Role::MetricsContract).filter(|source| source.is_own).collect();
    let samples = inputs.texts.iter().filter(|(path, _)| path.ends_with(".jsonl"));
    let samples: Vec<_> = samples.collect();
    if samples.is_empty() || contracts.is_empty() {
        report.skipped(
            "log-sample",
            "ops/observe",
            "there is no sample of the log, or no contract to hold it against",
        );
        return;
    }
    for (path, text) in samples {
        let mut lines = 0;
        for (index, line) in
            text.lines().take(MAX_LINES).enumerate().filter(|(_, line)| !line.trim().is_empty())
        {
            lines += 1;
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let location = Location::named(path).at("", Position { line: number, column: 1 });
            match parse_json(line.as_bytes(), Limits::GOVERNED) {
                Ok(node) if matches!(node.value, Value::Mapping(_)) => {
                    for contract in &contracts {
                        judge_line(contract, &location, &node, report);
                    }
                    for contract in &metrics {
                        fields_of(contract, &location, &node, "required_log_fields", report);
                    }
                }
                Ok(node) => {
                    let message = format!("a line is {}; expected an object", node.kind());
                    report.push(Finding::new(&rules::LOG_SAMPLE_DIFFERS, location, message));
                }
                Err(error) => {
                    let message = format!("a line is no JSON: {}", error.problem);
                    report.push(Finding::new(&rules::LOG_SAMPLE_DIFFERS, location, message));
                }
            }
        }
        report.passed("log-sample", path.as_str(), format!("{lines} lines read"));
    }
}

/// The value of a field, at the top or under `fields`.
fn field<'a>(line: &'a Node, name: &str) -> Option<&'a Node> {
    line.get(name).or_else(|| line.get("fields")?.get(name))
}

fn fields_of(contract: &Source, location: &Location, line: &Node, key: &str, report: &mut Report) {
    let required = contract.root.get(key).map(texts).unwrap_or_default();
    lacks(contract, location, line, &required, "", report);
}

fn lacks(
    contract: &Source,
    location: &Location,
    line: &Node,
    required: &[String],
    event: &str,
    report: &mut Report,
) {
    let missing: Vec<&str> =
        required.iter().filter(|name| field(line, name).is_none()).map(String::as_str).collect();
    if !missing.is_empty() {
        let of = if event.is_empty() {
            String::new()
        } else {
            format!(" of `{}`", event.escape_debug())
        };
        let message = format!(
            "the line lacks {}{of}, which `{}` requires",
            missing.join(", "),
            contract.path()
        );
        let finding = Finding::new(&rules::LOG_SAMPLE_DIFFERS, location.clone(), message);
        report.push(finding.actual(missing.join(", ")));
    }
}

fn judge_line(contract: &Source, location: &Location, line: &Node, report: &mut Report) {
    fields_of(contract, location, line, "required_fields", report);
    let mut allowed: Vec<(&str, Vec<String>)> = Vec::new();
    for (_, name, values) in contract.entries("allowed_enum_values") {
        allowed.push((name, texts(values)));
    }
    if let Some(levels) = contract.root.get("accepted_levels") {
        allowed.push(("level", texts(levels)));
    }
    for (name, values) in allowed {
        let Some(value) = field(line, name).and_then(Node::as_str) else { continue };
        if !values.iter().any(|one| one == value) {
            let message = format!(
                "`{name}` is `{}`, which `{}` does not know",
                value.escape_debug(),
                contract.path()
            );
            let finding = Finding::new(&rules::LOG_SAMPLE_DIFFERS, location.clone(), message);
            report.push(finding.declared(value).actual(values.join(", ")));
        }
    }
    let event = text_of(line, "event_name").unwrap_or_default();
    if let Some(spec) = contract.root.get("event_registry").and_then(|events| events.get(event)) {
        let required = spec.get("required_fields").map(texts).unwrap_or_default();
        lacks(contract, location, line, &required, event, report);
    }
    let mut prohibited: BTreeSet<String> = BTreeSet::new();
    for key in ["pii_prohibited_fields", "redaction_blocklist", "forbidden_fields"] {
        prohibited.extend(contract.root.get(key).map(texts).unwrap_or_default());
    }
    let mut leaked = BTreeSet::new();
    line.walk(&mut |_, node| {
        leaked.extend(
            node.entries()
                .iter()
                .filter(|entry| prohibited.contains(&entry.key))
                .map(|entry| entry.key.clone()),
        );
    });
    if !leaked.is_empty() {
        let list = leaked.into_iter().collect::<Vec<_>>().join(", ");
        let message = format!("the line holds {list}");
        report.push(Finding::new(&rules::LOG_LEAKS_PERSON, location.clone(), message).actual(list));
    }
}
