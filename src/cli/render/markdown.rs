//! A report in Markdown, for a ticket or a pull request.

use std::fmt::Write as _;

use countersign::finding::{FindingDocument, ReportDocument, Severity, Verdict};

use super::readiness;
use super::text::escape;

/// The most characters of a comment on GitHub are 65,536; rows that do not fit are counted.
const MOST: usize = 60_000;

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
    if !report.areas.is_empty() {
        out.push_str("\n| area | rules | files | objects |\n|---|---|---|---|\n");
    }
    for area in &report.areas {
        let _ = match &area.reason {
            Some(reason) => {
                writeln!(out, "| {} | not evaluated: {} | | |", area.area, cell(reason))
            }
            None => writeln!(
                out,
                "| {} | {} | {} | {} |",
                area.area, area.rules_run, area.inputs, area.objects
            ),
        };
    }
    if !report.headlines.is_empty() {
        out.push_str("\n## Causes\n\n");
    }
    for headline in &report.headlines {
        let count = headline.findings.len();
        bounded(&mut out, &format!("- {} ({count} findings)\n", cell(&headline.message)));
    }
    if report.findings.is_empty() {
        return out;
    }
    out.push_str(
        "\n## Findings\n\n| severity | rule | where | found | to do |\n|---|---|---|---|---|\n",
    );
    let shown = report.findings.iter().take_while(|finding| bounded(&mut out, &row(finding)));
    let left_out = report.findings.len() - shown.count();
    if left_out > 0 {
        let _ = writeln!(out, "\n{left_out} more findings are left out; `--format json` has all.");
    }
    out
}

/// Appends what fits; tells whether it did.
fn bounded(out: &mut String, text: &str) -> bool {
    let fits = out.chars().count() + text.chars().count() <= MOST;
    if fits {
        out.push_str(text);
    }
    fits
}

fn row(finding: &FindingDocument) -> String {
    let severity = match (finding.severity, finding.waived.is_some()) {
        (_, true) => "waived",
        (Severity::Error, false) => "error",
        (Severity::Warning, false) => "warning",
    };
    let (message, remedy) = (cell(&finding.message), cell(&finding.remedy));
    format!("| {severity} | {} | {} | {message} | {remedy} |\n", finding.code, place(finding))
}

fn place(finding: &FindingDocument) -> String {
    let location = &finding.location;
    let line = location.line.map(|line| format!(":{line}")).unwrap_or_default();
    let archive =
        location.archive.as_ref().map(|archive| format!("{archive}!")).unwrap_or_default();
    cell(&format!("{archive}{}{line} {}", location.path, location.pointer))
}

/// Stands where a reader must not join what is left and right of it; shows nothing.
const APART: &str = "<!-- -->";

/// Text that means nothing to a reader of Markdown: no markup, no mention of a person, no address
/// that becomes a link.
pub(super) fn cell(text: &str) -> String {
    let mut out = String::new();
    let mut before = String::new();
    for character in escape(text).chars() {
        match character {
            '\\' | '|' | '*' | '_' | '<' | '>' | '[' | ']' | '#' | '&' | '!' | '`' | '~' | '$' => {
                out.push('\\');
                out.push(character);
            }
            '@' => {
                out.push('@');
                out.push_str(APART);
            }
            // `https://`, `www.`: what GitHub's readers turn into links without being asked.
            '/' if before.ends_with(':') => {
                out.push_str(APART);
                out.push('/');
            }
            '.' if before.to_ascii_lowercase().ends_with("www") => {
                out.push_str(APART);
                out.push('.');
            }
            _ => out.push(character),
        }
        before.push(character);
        if before.len() > 64 {
            before = before.chars().skip(32).collect();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_no_markup_no_mention_and_no_link() {
        for (text, written) in [
            ("a|b `c`", "a\\|b \\`c\\`"),
            ("@team", "@<!-- -->team"),
            ("a@b.example", "a@<!-- -->b.example"),
            ("https://x.example/a", "https:<!-- -->//x.example/a"),
            ("www.x.example", "www<!-- -->.x.example"),
            ("<img src=x>", "\\<img src=x\\>"),
            ("a\n# b", "a\\\\u{a}\\# b"),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
