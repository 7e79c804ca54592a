//! A report as SARIF 2.1.0 (OASIS), for code scanning.
//!
//! A finding is a result; a waiver is a suppression; what kept the tool from a verdict is a
//! notification, so that an undecided run is not taken for a clean one.

use std::collections::BTreeMap;

use countersign::finding::{
    Area, CheckDocument, FindingDocument, LocationDocument, Outcome, ReportDocument, Severity,
    Status, Verdict, rules,
};
use countersign::{Digest, json};
use serde::Serialize;

use super::text::escape;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const HOME: &str = "https://docs.rs/countersign";
/// Where the rules of an area are told in full.
const RULES: &str = "https://docs.rs/countersign/latest/countersign/finding/rules";
/// What the paths of findings in a tree are relative to.
const ROOT: &str = "%SRCROOT%";
/// The name and version of how a finding is known again after lines have moved.
const FINGERPRINT: &str = "countersign/v1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    invocations: [Invocation; 1],
    automation_details: AutomationDetails,
    column_kind: &'static str,
    results: Vec<SarifResult>,
    properties: RunProperties,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: String,
    information_uri: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    name: String,
    short_description: Text,
    full_description: Text,
    help: Help,
    help_uri: String,
    default_configuration: Configuration,
    properties: RuleProperties,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct RuleProperties {
    tags: [&'static str; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: u8,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Text,
}

#[derive(Serialize)]
struct AutomationDetails {
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunProperties {
    verdict: Verdict,
    judged_at: String,
    replay: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Text,
    locations: [Place; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
    suppressions: Vec<Suppression>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    properties: ResultProperties,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
}

#[derive(Serialize)]
struct ResultProperties {
    area: Area,
    declared: Option<String>,
    actual: Option<String>,
    cause: Option<String>,
}

/// Writes the whole report; the exit code is the one that the verb ends with.
pub(in crate::cli) fn report(report: &ReportDocument, exit_code: u8) -> Vec<u8> {
    let rules: Vec<&'static rules::Rule> = rules::all().collect();
    let index: BTreeMap<&str, usize> =
        rules.iter().enumerate().map(|(index, rule)| (rule.code, index)).collect();
    let undecided = matches!(report.verdict, Verdict::Undecided | Verdict::Unknown);
    json::to_bytes(&Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "countersign",
                    semantic_version: report.tool.version.clone(),
                    information_uri: HOME,
                    rules: rules.iter().map(|rule| descriptor(rule)).collect(),
                },
            },
            invocations: [Invocation {
                execution_successful: !undecided,
                exit_code,
                tool_execution_notifications: notifications(report),
            }],
            automation_details: AutomationDetails {
                id: format!("countersign/{}/", report.command.replace(' ', "-")),
            },
            column_kind: "unicodeCodePoints",
            results: report
                .findings
                .iter()
                .map(|finding| result(finding, index.get(finding.code.as_str()).copied()))
                .collect(),
            properties: RunProperties {
                verdict: report.verdict,
                judged_at: report.judged_at.to_string(),
                replay: report.replay,
            },
        }],
    })
}

/// Says what was not judged: checks without an answer, and areas that were not evaluated.
fn notifications(report: &ReportDocument) -> Vec<Notification> {
    let note = |level, text| Notification { level, message: Text { text } };
    let mut notes = Vec::new();
    if let Verdict::Undecided | Verdict::Unknown = report.verdict {
        notes.push(note("error", "no verdict: what is asked could not be judged".to_owned()));
    }
    for area in &report.areas {
        if let Some(reason) = &area.reason {
            let text = format!("{} was not evaluated: {}", area.area, escape(reason));
            notes.push(note("warning", text));
        }
    }
    let rows = report.rollback.iter().flat_map(|answer| &answer.checks);
    for row in rows.filter(|row| row.status == Status::Unknown) {
        let (question, detail) = (escape(&row.question), escape(&row.detail));
        notes.push(note("error", format!("{} {question} is unknown: {detail}", row.check)));
    }
    let skipped = |check: &&CheckDocument| check.outcome == Outcome::NotEvaluated;
    for check in report.checks.iter().filter(skipped) {
        let (subject, detail) = (escape(&check.subject), escape(&check.detail));
        notes.push(note("note", format!("{} was not judged, {subject}: {detail}", check.check)));
    }
    notes
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn descriptor(rule: &'static rules::Rule) -> Descriptor {
    let parts = [
        ("refuses", rule.refuses, false),
        ("why", rule.why, false),
        ("do", rule.remedy, false),
        ("refused", rule.bad, true),
        ("accepted", rule.good, true),
    ];
    let text: Vec<String> =
        parts.iter().map(|(label, text, _)| format!("{label}: {text}")).collect();
    let markdown: Vec<String> = parts
        .iter()
        .map(|(label, text, is_example)| {
            if *is_example {
                format!("**{label}**\n\n```\n{text}\n```")
            } else {
                format!("**{label}**: {text}")
            }
        })
        .collect();
    Descriptor {
        id: rule.code,
        name: pascal_case(rule.slug),
        short_description: Text { text: rule.slug.replace('-', " ") },
        full_description: Text { text: rule.refuses.to_owned() },
        help: Help { text: text.join("\n"), markdown: markdown.join("\n\n") },
        help_uri: format!("{RULES}/{}/index.html", rule.area.word()),
        default_configuration: Configuration { level: level(rule.severity) },
        properties: RuleProperties { tags: [rule.area.word()] },
    }
}

/// `image-not-pinned` as viewers show names: `ImageNotPinned`.
fn pascal_case(slug: &str) -> String {
    slug.split('-')
        .flat_map(|word| {
            let mut characters = word.chars();
            characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters)
        })
        .collect()
}

fn result(finding: &FindingDocument, rule_index: Option<usize>) -> SarifResult {
    let suppressions = finding.waived.iter().map(|waived| Suppression {
        kind: "external",
        status: "accepted",
        justification: format!(
            "waived by {} until {}: {}",
            escape(&waived.owner),
            waived.expires,
            escape(&waived.reason)
        ),
    });
    let shown = |value: &Option<String>| value.as_deref().map(escape);
    SarifResult {
        rule_id: finding.code.clone(),
        rule_index,
        level: level(finding.severity),
        message: Text { text: message(finding) },
        locations: [place(&finding.location)],
        partial_fingerprints: [(FINGERPRINT, fingerprint(finding))].into(),
        suppressions: suppressions.collect(),
        baseline_state: finding.known.map(|known| if known { "unchanged" } else { "new" }),
        properties: ResultProperties {
            area: finding.area,
            declared: shown(&finding.declared),
            actual: shown(&finding.actual),
            cause: shown(&finding.cause),
        },
    }
}

fn message(finding: &FindingDocument) -> String {
    let mut text = escape(&finding.message);
    for (label, value) in [("declared", &finding.declared), ("actual", &finding.actual)] {
        if let Some(value) = value {
            text.push_str(&format!("; {label} `{}`", escape(value)));
        }
    }
    format!("{text}. {}: {}", finding.why, finding.remedy)
}

fn place(location: &LocationDocument) -> Place {
    let inside = location
        .archive
        .as_ref()
        .map(|_| LogicalLocation { fully_qualified_name: escape(&location.path), kind: "member" });
    let value = (!location.pointer.is_empty()).then(|| LogicalLocation {
        fully_qualified_name: escape(&location.pointer),
        kind: "value",
    });
    // Lines of a member are not lines of the archive.
    let region = location
        .line
        .filter(|_| location.archive.is_none())
        .map(|start_line| Region { start_line, start_column: location.column });
    let path = location.archive.as_ref().unwrap_or(&location.path);
    Place {
        physical_location: PhysicalLocation { artifact_location: artifact(path), region },
        logical_locations: inside.into_iter().chain(value).collect(),
    }
}

fn artifact(path: &str) -> ArtifactLocation {
    let encoded = percent_encoded(path);
    if path.starts_with('/') {
        return ArtifactLocation { uri: format!("file://{encoded}"), uri_base_id: None };
    }
    ArtifactLocation { uri: encoded, uri_base_id: Some(ROOT) }
}

/// A path as a URI reference (RFC 3986, section 3.3): whatever is not unreserved is encoded, `/`
/// stays.
fn percent_encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The same for the same mistake at the same value, wherever its line has gone.
fn fingerprint(finding: &FindingDocument) -> String {
    let location = &finding.location;
    // Without a value the message is all that tells two findings of one file apart.
    let what = if location.pointer.is_empty() { &finding.message } else { &location.pointer };
    let archive = location.archive.as_deref().unwrap_or_default();
    let text = format!("{}\0{archive}\0{}\0{what}", finding.code, location.path);
    Digest::of(text.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_uris() {
        assert_eq!(percent_encoded("ops/a b/ü%.yaml"), "ops/a%20b/%C3%BC%25.yaml");
        assert_eq!(percent_encoded("C:x?y#z"), "C%3Ax%3Fy%23z");
        assert_eq!(artifact("/tmp/a").uri, "file:///tmp/a");
        assert_eq!(artifact("ops/a").uri_base_id, Some(ROOT));
    }

    #[test]
    fn names_are_words() {
        assert_eq!(pascal_case("image-not-pinned"), "ImageNotPinned");
        assert_eq!(pascal_case("k8s--x"), "K8sX");
    }
}
