//! A report as JUnit XML: a suite an area with a case a rule, a suite of what was checked, and one of
//! the verdict, so that no reader takes an undecided run for a clean one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use countersign::finding::{
    Area, FindingDocument, Outcome, Readiness, ReportDocument, Severity, Status, Verdict, rules,
};

use super::text::escape;

/// One case.
struct Case {
    name: String,
    ending: Ending,
}

/// How a case ended; each with a line and, below it, the rest.
enum Ending {
    Passed { output: String },
    Failed { message: String, detail: String },
    Undecided { message: String },
    Skipped { message: String },
}

struct Suite {
    name: String,
    cases: Vec<Case>,
}

/// Writes the whole report.
pub(in crate::cli) fn report(report: &ReportDocument) -> String {
    let mut suites: Vec<Suite> = areas(report);
    let checks = checks(report);
    if !checks.cases.is_empty() {
        suites.push(checks);
    }
    suites.extend(report.rollback.as_ref().map(readiness));
    suites.push(verdict(report));
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    // The schema's time has no zone; ours is always UTC.
    let judged_at = report.judged_at.to_string();
    let timestamp = judged_at.trim_end_matches('Z');
    for (id, suite) in suites.iter().enumerate() {
        suite.write(id, report, timestamp, &mut out);
    }
    out.push_str("</testsuites>\n");
    out
}

/// Tells whether a finding counts against the verdict: a warning does where the gate is at warnings.
fn weighs(report: &ReportDocument, finding: &FindingDocument) -> bool {
    let refused = matches!(report.verdict, Verdict::Refused | Verdict::Blocked);
    let failed = report.checks.iter().any(|check| check.outcome == Outcome::Failed);
    let by_warnings = refused && report.summary.errors == 0 && !failed;
    let counts = finding.severity == Severity::Error || by_warnings;
    counts && finding.waived.is_none() && finding.known != Some(true)
}

fn areas(report: &ReportDocument) -> Vec<Suite> {
    let mut found: BTreeMap<Area, BTreeMap<&str, Vec<&FindingDocument>>> = BTreeMap::new();
    for finding in &report.findings {
        found.entry(finding.area).or_default().entry(&finding.code).or_default().push(finding);
    }
    let mut suites = Vec::new();
    for area in &report.areas {
        let mut of_area = found.remove(&area.area).unwrap_or_default();
        let mut cases = Vec::new();
        if let Some(reason) = &area.reason {
            let message = format!("not evaluated: {reason}");
            cases.push(Case { name: "area".to_owned(), ending: Ending::Skipped { message } });
        } else {
            for rule in rules::of(area.area) {
                let findings = of_area.remove(rule.code).unwrap_or_default();
                let name = format!("{} {}", rule.code, rule.slug);
                cases.push(Case { name, ending: ending(report, &findings) });
            }
        }
        cases.extend(others(report, of_area));
        suites.push(Suite { name: area.area.word().to_owned(), cases });
    }
    // Findings of what is no governed area: signatures, archives.
    for (area, of_area) in found {
        suites.push(Suite { name: area.word().to_owned(), cases: others(report, of_area) });
    }
    suites
}

fn others(report: &ReportDocument, found: BTreeMap<&str, Vec<&FindingDocument>>) -> Vec<Case> {
    let case = |(code, findings): (&str, Vec<&FindingDocument>)| {
        let slug = findings.first().map_or("", |first| first.slug.as_str());
        Case { name: format!("{code} {slug}"), ending: ending(report, &findings) }
    };
    found.into_iter().map(case).collect()
}

fn ending(report: &ReportDocument, findings: &[&FindingDocument]) -> Ending {
    let detail = findings.iter().map(|finding| row(finding)).collect::<Vec<_>>().join("\n");
    let counted: Vec<&&FindingDocument> =
        findings.iter().filter(|finding| weighs(report, finding)).collect();
    match counted.as_slice() {
        [] => Ending::Passed { output: detail },
        [first, more @ ..] => {
            let more = match more.len() {
                0 => String::new(),
                count => format!(", and {count} more"),
            };
            Ending::Failed { message: format!("{}{more}", first.message), detail }
        }
    }
}

fn row(finding: &FindingDocument) -> String {
    let location = &finding.location;
    let mut text = String::new();
    if let Some(archive) = &location.archive {
        let _ = write!(text, "{}!", escape(archive));
    }
    text.push_str(&escape(&location.path));
    if let (Some(line), Some(column)) = (location.line, location.column) {
        let _ = write!(text, ":{line}:{column}");
    }
    if !location.pointer.is_empty() {
        let _ = write!(text, " {}", escape(&location.pointer));
    }
    let _ = write!(text, ": {}", escape(&finding.message));
    for (label, value) in [("declared", &finding.declared), ("actual", &finding.actual)] {
        if let Some(value) = value {
            let _ = write!(text, "\n  {label}: {}", escape(value));
        }
    }
    if let Some(waived) = &finding.waived {
        let (owner, reason) = (escape(&waived.owner), escape(&waived.reason));
        let _ = write!(text, "\n  waived by {owner} until {}: {reason}", waived.expires);
    }
    let _ = write!(text, "\n  why: {}\n  do: {}", finding.why, finding.remedy);
    text
}

fn checks(report: &ReportDocument) -> Suite {
    let cases = report.checks.iter().map(|check| {
        let detail = check.detail.clone();
        let ending = match check.outcome {
            Outcome::Passed => Ending::Passed { output: escape(&detail) },
            Outcome::Failed => Ending::Failed { message: detail, detail: String::new() },
            Outcome::NotEvaluated => Ending::Skipped { message: detail },
        };
        Case { name: format!("{} {}", check.check, check.subject), ending }
    });
    Suite { name: "checks".to_owned(), cases: cases.collect() }
}

fn readiness(answer: &Readiness) -> Suite {
    let cases = answer.checks.iter().map(|row| {
        let message = row.detail.clone();
        let ending = match row.status {
            Status::Holds => Ending::Passed { output: escape(&message) },
            Status::Fails => Ending::Failed { message, detail: String::new() },
            Status::Unknown => Ending::Undecided { message },
            Status::NotApplicable => Ending::Skipped { message },
        };
        Case { name: format!("{} {}", row.check, row.question), ending }
    });
    Suite { name: "readiness".to_owned(), cases: cases.collect() }
}

fn verdict(report: &ReportDocument) -> Suite {
    let counts = &report.summary;
    let message = format!("{} errors, {} warnings", counts.errors, counts.warnings);
    let ending = match report.verdict {
        Verdict::Pass | Verdict::Ready => Ending::Passed { output: message },
        Verdict::Refused | Verdict::Blocked => {
            let message = format!("{}: {message}", report.verdict.word());
            Ending::Failed { message, detail: String::new() }
        }
        Verdict::Undecided | Verdict::Unknown => {
            Ending::Undecided { message: "what was asked could not be judged".to_owned() }
        }
    };
    Suite { name: "verdict".to_owned(), cases: vec![Case { name: report.command.clone(), ending }] }
}

impl Suite {
    fn write(&self, id: usize, report: &ReportDocument, timestamp: &str, out: &mut String) {
        let verdict = report.verdict.word();
        let count = |is: fn(&Ending) -> bool| self.cases.iter().filter(|it| is(&it.ending)).count();
        let _ = writeln!(
            out,
            "  <testsuite id=\"{id}\" name=\"{}\" package=\"countersign.{}\" \
             timestamp=\"{timestamp}\" hostname=\"localhost\" tests=\"{}\" failures=\"{}\" \
             errors=\"{}\" time=\"0\">\n    <properties>\n      \
             <property name=\"verdict\" value=\"{verdict}\"/>\n    </properties>",
            attribute(&self.name),
            attribute(&report.command.replace(' ', "-")),
            self.cases.len(),
            count(|ending| matches!(ending, Ending::Failed { .. })),
            count(|ending| matches!(ending, Ending::Undecided { .. })),
        );
        let mut told = String::new();
        for case in &self.cases {
            case.write(&self.name, &mut told, out);
        }
        let _ = writeln!(out, "    <system-out>{}</system-out>", text(&told));
        out.push_str("    <system-err/>\n  </testsuite>\n");
    }
}

impl Case {
    /// Writes the case. What a case that passed has to tell goes to its suite's output.
    fn write(&self, suite: &str, told: &mut String, out: &mut String) {
        let name = attribute(&self.name);
        let begin = format!(
            "    <testcase name=\"{name}\" classname=\"countersign.{}\" time=\"0\"",
            attribute(suite)
        );
        let inner = match &self.ending {
            Ending::Passed { output } => {
                if !output.is_empty() {
                    let _ = writeln!(told, "{}: {output}", escape(&self.name));
                }
                let _ = writeln!(out, "{begin}/>");
                return;
            }
            Ending::Failed { message, detail } => format!(
                "<failure message=\"{}\" type=\"finding\">{}</failure>",
                attribute(message),
                text(detail)
            ),
            Ending::Undecided { message } => {
                format!("<error message=\"{}\" type=\"undecided\"/>", attribute(message))
            }
            Ending::Skipped { message } => {
                let _ = writeln!(told, "{}: {}", escape(&self.name), escape(message));
                "<skipped/>".to_owned()
            }
        };
        let _ = writeln!(out, "{begin}>\n      {inner}\n    </testcase>");
    }
}

/// Text from data as the value of an attribute.
fn attribute(value: &str) -> String {
    text(&escape(value))
}

/// Text whose lines are ours, as XML 1.0 has it: section 2.2 leaves out two characters besides those
/// that are escaped already.
fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "{}", character.escape_unicode());
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_an_attribute_or_an_element() {
        assert_eq!(
            attribute("a\"><x>&\u{0}\n\u{ffff}"),
            "a&quot;&gt;&lt;x&gt;&amp;\\u{0}\\u{a}\\u{ffff}"
        );
    }
}
