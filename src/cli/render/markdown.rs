//! A report in Markdown, for a ticket or a pull request.

use std::fmt::Write as _;

use countersign::finding::{FindingDocument, ReportDocument, Severity, Verdict};

use super::readiness;
use super::text::escape;

/// Writes the whole report.
pub(in crate::cli) fn report(report: &ReportDocument) -> String {
    if let Some(answer) = &report.rollback {
        return readiness::markdown(report, answer);
    }
    let word = match report.verdict {
        Verdict::Pass | Verdict::Ready => "Pass",
        Verdict::Refused | Verdict::Blocked => "Refused",
        Verdict::Undecided | Verdict::Unknown => "Undecided",
    };
    let (errors, warnings) = (report.summary.errors, report.summary.warnings);
    let mut out = format!("# {word}: countersign {}\n\n", cell(&report.command));
    let _ =
        writeln!(out, "{errors} errors, {warnings} warnings. Judged as of {}.", report.judged_at);
    if report.replay {
        out.push_str("A replay: not judged as of now.\n");
    }
    for headline in &report.headlines {
        let _ = writeln!(out, "\n- {} ({} rows)", cell(&headline.message), headline.findings.len());
    }
    if report.findings.is_empty() {
        return out;
    }
    out.push_str("\n| severity | rule | where | found | to do |\n|---|---|---|---|---|\n");
    for finding in &report.findings {
        let severity = match (finding.severity, finding.waived.is_some()) {
            (_, true) => "waived",
            (Severity::Error, false) => "error",
            (Severity::Warning, false) => "warning",
        };
        let (message, remedy) = (cell(&finding.message), cell(&finding.remedy));
        let place = place(finding);
        let _ = writeln!(out, "| {severity} | {} | {place} | {message} | {remedy} |", finding.code);
    }
    out
}

fn place(finding: &FindingDocument) -> String {
    let location = &finding.location;
    let line = location.line.map(|line| format!(":{line}")).unwrap_or_default();
    let archive =
        location.archive.as_ref().map(|archive| format!("{archive}!")).unwrap_or_default();
    cell(&format!("{archive}{}{line} {}", location.path, location.pointer))
}

/// Text that means nothing to a reader of Markdown.
pub(super) fn cell(text: &str) -> String {
    let mut out = String::new();
    for character in escape(text).chars() {
        if matches!(character, '\\' | '|' | '*' | '_' | '<' | '>' | '[' | ']' | '#' | '&' | '!') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}
