//! OBS24: what was drilled, when, on which release, with what outcome; and X7, X13 for the names.

use std::collections::BTreeSet;

use super::input::{Inputs, Source};
use super::layout::Role;
use super::metrics::{family_of, texts};
use super::query::text_of;
use crate::digest::Digest;
use crate::document::Node;
use crate::finding::rules::observe as rules;
use crate::finding::{Finding, Location, Report};
use crate::time::Timestamp;
use crate::validator::Context;

/// How old a drill may be when its document does not say, in days.
const MAX_AGE_DAYS: i64 = 90;

/// The names of the drills that are defined, or listed in an inventory.
pub(super) fn names(inputs: &Inputs) -> BTreeSet<&str> {
    let defined = inputs.of(Role::DrillDefinitions).flat_map(|source| source.items("drills"));
    let defined =
        defined.filter_map(|(_, item)| text_of(item, "name").or_else(|| text_of(item, "id")));
    let listed = inputs.of(Role::DrillList).flat_map(|source| source.items("drills"));
    defined.chain(listed.filter_map(|(_, item)| item.as_str())).collect()
}

/// Looks for drills that are named and not defined, and holds inventories against their source.
pub(super) fn named(inputs: &Inputs, _: &Context, report: &mut Report) {
    let known = names(inputs);
    if known.is_empty() {
        report.skipped("drills", "ops/observe", "the tree defines no drills");
    }
    for source in inputs.sources.iter().filter(|_| !known.is_empty()) {
        let mut told = BTreeSet::new();
        for (location, id) in references(source) {
            if !known.contains(id.as_str()) && told.insert(id.clone()) {
                let message = format!("`{}` is no drill", id.escape_debug());
                let finding = Finding::new(&rules::TELEMETRY_DRILL_UNRESOLVED, location, message);
                report.push(finding.declared(id));
            }
        }
    }
    for list in inputs.of(Role::DrillList) {
        let Some(path) = list.text("/source") else { continue };
        let Some(origin) = inputs.sources.iter().find(|source| source.path() == path) else {
            continue;
        };
        let names = |source: &Source| -> BTreeSet<String> {
            let items = source.items("drills");
            items
                .filter_map(|(_, item)| {
                    item.as_str().or_else(|| text_of(item, "name")).map(str::to_owned)
                })
                .collect()
        };
        let (listed, defined) = (names(list), names(origin));
        let (extra, missing) =
            (listed.difference(&defined).count(), defined.difference(&listed).count());
        if extra + missing > 0 {
            let message = format!(
                "{extra} of {} names are not in `{path}`, {missing} of its {} are left out",
                listed.len(),
                defined.len()
            );
            let finding =
                Finding::new(&rules::TELEMETRY_DRILL_LIST_DIFFERS, list.at("/drills"), message);
            let some = |set: &BTreeSet<String>| {
                set.iter().take(12).cloned().collect::<Vec<_>>().join(", ")
            };
            report.push(finding.declared(some(&listed)).actual(some(&defined)));
        }
    }
}

fn references(source: &Source) -> Vec<(Location, String)> {
    let mut named = Vec::new();
    for (place, _, spec) in source.entries("alert_specs") {
        named.extend(text_of(spec, "drill_id").map(|id| (place, id.to_owned())));
    }
    if matches!(source.role, Role::CoverageMap | Role::ScenarioMap) {
        for (place, item) in source.items("mappings") {
            let one = text_of(item, "drill_id").map(str::to_owned);
            let many = item.get("drill_ids").map(texts).unwrap_or_default();
            named.extend(one.into_iter().chain(many).map(|id| (place.clone(), id)));
        }
    }
    if source.role == Role::DrillRecords && source.is_own {
        let records = source.items("drills");
        named.extend(
            records.filter_map(|(place, item)| Some((place, text_of(item, "id")?.to_owned()))),
        );
    }
    if source.role == Role::DrillResult && source.is_own {
        named.extend(source.text("/drill").map(|id| (source.at("/drill"), id.to_owned())));
    }
    named
}

/// Looks for signals that a drill expects and that cannot come.
pub(super) fn signals(inputs: &Inputs, _: &Context, report: &mut Report) {
    let alerts: BTreeSet<&str> = inputs.alerts().map(|rule| rule.name.as_str()).collect();
    let mut events: BTreeSet<String> = BTreeSet::new();
    for contract in inputs.of(Role::LogContract) {
        events.extend(contract.entries("event_registry").map(|(_, event, _)| event.to_owned()));
        let listed = contract.root.pointer("/allowed_enum_values/event_name");
        events.extend(listed.map(texts).unwrap_or_default());
    }
    for source in inputs.of(Role::DrillDefinitions).filter(|source| source.is_own) {
        for (place, item) in source.items("drills") {
            let expected = item.get("expected_signals").map(Node::items).unwrap_or_default();
            for (index, signal) in expected.iter().enumerate() {
                let Some((kind, name)) = signal.as_str().and_then(|text| text.split_once(':'))
                else {
                    continue;
                };
                let problem = match kind {
                    "metric"
                        if inputs.metrics.is_known
                            && !inputs.metrics.has(name)
                            && !inputs.metrics.has(family_of(name)) =>
                    {
                        "nothing exports it"
                    }
                    "alert" if !alerts.contains(name) => "no rule makes it",
                    "log" if !events.is_empty() && !events.contains(name) => {
                        "the log contract knows no such event"
                    }
                    _ => continue,
                };
                let location = place
                    .clone()
                    .at(&format!("{}/expected_signals/{index}", place.pointer), signal.position);
                let message = format!("expects the {kind} `{}`: {problem}", name.escape_debug());
                let finding =
                    Finding::new(&rules::TELEMETRY_DRILL_SIGNAL_UNKNOWN, location, message);
                report.push(finding.declared(format!("{kind}:{name}")));
            }
        }
    }
}

/// Judges every record of a drill, and which kinds of signal were drilled.
pub(super) fn records(inputs: &Inputs, context: &Context, report: &mut Report) {
    let mut recorded: BTreeSet<&str> = BTreeSet::new();
    let released = released(inputs);
    for source in inputs.of(Role::DrillRecords).filter(|source| source.is_own) {
        let limit = source.root.get("max_age_days").and_then(Node::as_i64).unwrap_or(MAX_AGE_DAYS);
        for (place, item) in source.items("drills") {
            recorded.extend(text_of(item, "id"));
            let record = Record { inputs, source, place, item, limit, released: &released };
            record.judge(context, report);
        }
        coverage(source, report);
    }
    for source in inputs.of(Role::DrillDefinitions).filter(|source| source.is_own) {
        let names = source.items("drills").filter_map(|(_, item)| text_of(item, "name"));
        let never: Vec<&str> = names.filter(|name| !recorded.contains(name)).collect();
        if !never.is_empty() {
            let message =
                format!("{} drills are defined and no record says that they were run", never.len());
            let finding =
                Finding::new(&rules::TELEMETRY_DRILL_NOT_RUN, source.at("/drills"), message);
            report.push(finding.actual(never.join(", ")));
        }
    }
}

fn coverage(source: &Source, report: &mut Report) {
    let kinds: BTreeSet<&str> = source
        .items("drills")
        .filter_map(|(_, item)| match text_of(item, "category")?.to_ascii_lowercase().as_str() {
            "metric" | "metrics" => Some("metrics"),
            "log" | "logs" | "logging" => Some("logs"),
            "trace" | "traces" | "tracing" => Some("traces"),
            _ => None,
        })
        .collect();
    let missing: Vec<&str> =
        ["metrics", "logs", "traces"].into_iter().filter(|kind| !kinds.contains(kind)).collect();
    if !missing.is_empty() {
        let message = format!("no drill for {}", missing.join(", "));
        let finding =
            Finding::new(&rules::TELEMETRY_DRILL_SIGNALS_UNCOVERED, source.at("/drills"), message);
        report.push(finding.actual(missing.join(", ")));
    }
}

/// The record of one drill.
struct Record<'a> {
    inputs: &'a Inputs,
    source: &'a Source,
    place: Location,
    item: &'a Node,
    limit: i64,
    released: &'a BTreeSet<String>,
}

impl Record<'_> {
    fn text(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| text_of(self.item, key))
    }

    fn at(&self, key: &str) -> Location {
        self.source.at(&format!("{}/{key}", self.place.pointer))
    }

    fn judge(&self, context: &Context, report: &mut Report) {
        let date = self.text(&["executed_at", "run_at", "date"]);
        let outcome = self.text(&["outcome", "status", "result"]);
        let subject = self.text(&["subject_digest", "release_digest"]);
        let evidence = self.item.get("evidence");
        let mut missing = Vec::new();
        for (what, is_there) in [
            ("date", date.is_some()),
            ("outcome", outcome.is_some()),
            ("evidence", evidence.is_some()),
            ("release digest", subject.is_some()),
        ] {
            if !is_there {
                missing.push(what);
            }
        }
        let id = self.text(&["id", "name"]).unwrap_or_default().escape_debug().to_string();
        if !missing.is_empty() {
            let message = format!("`{id}` has no {}", missing.join(", no "));
            let finding =
                Finding::new(&rules::TELEMETRY_DRILL_NOT_RUN, self.place.clone(), message);
            report.push(finding.actual(missing.join(", ")));
        }
        if let Some(date) = date {
            self.age(&id, date, context.now, report);
        }
        if let Some(outcome) = outcome {
            self.outcome(&id, outcome, report);
        }
        if let Some(subject) = subject {
            self.subject(&id, subject, report);
        }
        if let Some(evidence) = evidence {
            self.evidence(&id, evidence, report);
        }
    }

    fn age(&self, id: &str, date: &str, now: Timestamp, report: &mut Report) {
        let whole = if date.len() == 10 { format!("{date}T00:00:00Z") } else { date.to_owned() };
        let problem = match whole.parse::<Timestamp>() {
            Err(_) => format!("`{}` is no date", date.escape_debug()),
            Ok(time) if time > now => "it lies in the future".to_owned(),
            Ok(time) if now.seconds_since(time) > self.limit * 86_400 => {
                let days = now.seconds_since(time) / 86_400;
                format!("{days} days ago; at most {}", self.limit)
            }
            Ok(_) => return,
        };
        let message = format!("`{id}`: {problem}");
        report.push(
            Finding::new(&rules::TELEMETRY_DRILL_TOO_OLD, self.place.clone(), message)
                .declared(date),
        );
    }

    fn outcome(&self, id: &str, outcome: &str, report: &mut Report) {
        let word = outcome.to_ascii_lowercase();
        let simulated = self.item.get("simulated").and_then(Node::as_bool) == Some(true);
        let (rule, message) = if simulated || is_pretended(&word) {
            (&rules::TELEMETRY_DRILL_PRETENDED, format!("`{id}` was not run for real"))
        } else if !is_success(&word) {
            (&rules::TELEMETRY_DRILL_FAILED, format!("`{id}` did not pass"))
        } else {
            return;
        };
        report.push(Finding::new(rule, self.place.clone(), message).declared(outcome));
    }

    fn subject(&self, id: &str, subject: &str, report: &mut Report) {
        let digest = subject.strip_prefix("sha256:").unwrap_or(subject).parse::<Digest>();
        let problem = match digest {
            Err(_) => "is no digest",
            Ok(digest) if digest.is_placeholder() => "is a placeholder",
            Ok(digest) if self.is_foreign(digest) => "is no digest of the release",
            Ok(_) => return,
        };
        let message = format!("`{id}`: `{}` {problem}", subject.escape_debug());
        let location = self.at("subject_digest");
        report.push(
            Finding::new(&rules::TELEMETRY_DRILL_SUBJECT_DIFFERS, location, message)
                .declared(subject),
        );
    }

    fn is_foreign(&self, digest: Digest) -> bool {
        !self.released.is_empty() && !self.released.contains(&digest.to_string())
    }

    fn evidence(&self, id: &str, evidence: &Node, report: &mut Report) {
        let path = text_of(evidence, "path").or(evidence.as_str()).unwrap_or_default();
        let declared = text_of(evidence, "sha256").unwrap_or_default();
        let actual = self.inputs.digests.get(path).map(ToString::to_string);
        let result = self.inputs.sources.iter().find(|source| source.path() == path);
        let problem = match &actual {
            None => format!("`{}` is not there", path.escape_debug()),
            Some(actual) if declared.trim_start_matches("sha256:") != actual => {
                "the result has another digest".to_owned()
            }
            Some(_) => match result.map(|result| self.contradiction(result)) {
                Some(Some(problem)) => problem,
                Some(None) | None => return,
            },
        };
        let message = format!("`{id}`: {problem}");
        let finding =
            Finding::new(&rules::TELEMETRY_DRILL_EVIDENCE_DIFFERS, self.at("evidence"), message);
        report.push(finding.declared(declared).actual(actual.unwrap_or_default()));
    }

    /// What the result of the drill says otherwise.
    fn contradiction(&self, result: &Source) -> Option<String> {
        let pairs = [
            ("/drill", "id"),
            ("/outcome", "outcome"),
            ("/subject/digest", "subject_digest"),
            ("/started_at", "executed_at"),
        ];
        let differing = pairs.iter().find_map(|(pointer, key)| {
            let (there, here) = (result.text(pointer)?, self.text(&[key])?);
            (there != here).then(|| {
                format!(
                    "its result says `{}`, the record `{}`",
                    there.escape_debug(),
                    here.escape_debug()
                )
            })
        });
        let pretended = result.root.get("simulated").and_then(Node::as_bool) == Some(true);
        differing.or_else(|| pretended.then(|| "its result says that it was simulated".to_owned()))
    }
}

/// Tells whether a word says that nothing was really run.
pub(super) fn is_pretended(word: &str) -> bool {
    ["simulated", "placeholder", "sample", "template", "dry-run", "dry_run", "mock", "planned"]
        .iter()
        .any(|one| word.contains(one))
}

fn is_success(word: &str) -> bool {
    matches!(word, "passed" | "pass" | "ok" | "success" | "succeeded")
}

/// Every digest that the release documents and the deployed manifests name.
fn released(inputs: &Inputs) -> BTreeSet<String> {
    let mut digests = BTreeSet::new();
    for source in inputs.sources.iter().filter(|source| source.path().starts_with("ops/release/")) {
        source.root.walk(&mut |_, node| {
            let Some(text) = node.as_str() else { return };
            if let Some((_, digest)) = text.rsplit_once("sha256:") {
                digests.insert(digest.to_owned());
            }
        });
    }
    digests
}

/// Looks for tests that a suite names and that are not there.
pub(super) fn suites(inputs: &Inputs, _: &Context, report: &mut Report) {
    for source in inputs.of(Role::Suites).filter(|source| source.is_own) {
        let folder = source.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut missing = BTreeSet::new();
        for (_, suite) in source.items("suites") {
            for test in suite.get("tests").map(texts).unwrap_or_default() {
                let beside = format!("{folder}/{test}");
                if !inputs.files.contains(&beside) && !inputs.exists(&test) {
                    missing.insert(test);
                }
            }
        }
        if !missing.is_empty() {
            let message =
                format!("{} tests that the suites name are not in the tree", missing.len());
            let finding =
                Finding::new(&rules::TELEMETRY_SUITE_TEST_MISSING, source.at("/suites"), message);
            report.push(finding.actual(missing.into_iter().collect::<Vec<_>>().join(", ")));
        }
    }
}
