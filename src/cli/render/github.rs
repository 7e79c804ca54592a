//! A report as workflow commands of GitHub Actions: findings stand as annotations beside the lines
//! that they are about.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use countersign::finding::{FindingDocument, ReportDocument, Severity};

use super::human;
use super::text::{Style, escape};

/// GitHub shows the first ten errors and the first ten warnings of a step, and drops the rest.
const SHOWN: usize = 10;

/// Writes the annotations, one of each cause before any other, and a line that counts them.
pub(in crate::cli) fn report(report: &ReportDocument) -> String {
    let mut out = String::new();
    let plain = Style { colour: false, width: 200, is_of_terminal: false };
    let mut left_out = 0;
    for severity in [Severity::Error, Severity::Warning] {
        let rows = annotations(report, severity);
        left_out += rows.len().saturating_sub(SHOWN);
        for row in rows.iter().take(SHOWN) {
            let _ = writeln!(out, "{row}");
        }
    }
    let verdict = human::one_line(report, plain);
    if left_out > 0 {
        let _ = writeln!(
            out,
            "{left_out} more are not shown here: GitHub keeps {SHOWN} of a kind for each step"
        );
    }
    // The line begins with a word of ours, so that it is no command.
    out.push_str(&verdict);
    out
}

fn annotations(report: &ReportDocument, severity: Severity) -> Vec<String> {
    let weighs =
        |finding: &FindingDocument| finding.severity == severity && finding.waived.is_none();
    let mut grouped = BTreeSet::new();
    let mut rows = Vec::new();
    for headline in &report.headlines {
        let mut of_cause = headline
            .findings
            .iter()
            .filter_map(|index| Some((index, report.findings.get(*index)?)))
            .filter(|(_, finding)| weighs(finding));
        let Some((index, first)) = of_cause.next() else { continue };
        grouped.insert(*index);
        let rest: Vec<usize> = of_cause.map(|(index, _)| *index).collect();
        let more = match rest.len() {
            0 => String::new(),
            count => format!("{count} more have this cause: {}", escape(&headline.message)),
        };
        grouped.extend(rest);
        rows.push(annotation(first, &more));
    }
    let single = report.findings.iter().enumerate();
    let single = single.filter(|(index, finding)| !grouped.contains(index) && weighs(finding));
    rows.extend(single.map(|(_, finding)| annotation(finding, "")));
    rows
}

fn annotation(finding: &FindingDocument, more: &str) -> String {
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let location = &finding.location;
    // Lines of a member are not lines of the archive.
    let (file, is_archive) = match &location.archive {
        Some(archive) => (archive, true),
        None => (&location.path, false),
    };
    let mut properties = vec![format!("file={}", property(file))];
    if let (Some(line), false) = (location.line, is_archive) {
        properties.push(format!("line={line}"));
        properties.extend(location.column.map(|column| format!("col={column}")));
    }
    properties.push(format!("title={}", property(&format!("{} {}", finding.code, finding.slug))));
    let mut lines = vec![escape(&finding.message)];
    if is_archive {
        lines.push(format!("in: {}", escape(&location.path)));
    }
    for (label, value) in [("declared", &finding.declared), ("actual", &finding.actual)] {
        lines.extend(value.as_ref().map(|value| format!("{label}: {}", escape(value))));
    }
    lines.push(format!("why: {}", finding.why));
    lines.push(format!("do: {}", finding.remedy));
    if !more.is_empty() {
        lines.push(more.to_owned());
    }
    format!("::{command} {}::{}", properties.join(","), data(&lines.join("\n")))
}

/// Text after the second `::`, as the runner decodes it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, as the runner decodes it.
fn property(text: &str) -> String {
    data(&escape(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_a_property_or_begin_a_command() {
        assert_eq!(property("a,line=1:b%\n::error"), "a%2Cline=1%3Ab%25\\u{a}%3A%3Aerror");
        assert_eq!(data("a\n::error::b%0A"), "a%0A::error::b%250A");
    }
}
