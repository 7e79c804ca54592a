//! What is wrong, by causes and rules, and every check.

use std::collections::{BTreeMap, BTreeSet};

use countersign::finding::{
    CheckDocument, FindingDocument, LocationDocument, Outcome, ReportDocument, Severity,
};

use super::markup::Markup;
use super::table;

/// The most findings of one cause or rule, and the most checks, that are shown; the rest is counted.
const MOST: usize = 100;
const MOST_CHECKS: usize = 2_000;

/// Tells the findings: causes that several share first, then rule by rule.
pub(super) fn section(report: &ReportDocument) -> Markup {
    let mut out = Markup::default();
    let mut grouped = BTreeSet::new();
    for headline in &report.headlines {
        let findings: Vec<&FindingDocument> =
            headline.findings.iter().filter_map(|index| report.findings.get(*index)).collect();
        grouped.extend(headline.findings.iter().copied());
        out.push(&group(&headline.message, &findings));
    }
    let mut by_rule: BTreeMap<(Severity, &str), Vec<&FindingDocument>> = BTreeMap::new();
    for (index, finding) in report.findings.iter().enumerate() {
        if !grouped.contains(&index) {
            by_rule.entry((finding.severity, &finding.code)).or_default().push(finding);
        }
    }
    for findings in by_rule.values() {
        if let Some(first) = findings.first() {
            out.push(&group(&first.slug.replace('-', " "), findings));
        }
    }
    out
}

fn group(title: &str, findings: &[&FindingDocument]) -> Markup {
    let errors = findings.iter().filter(|it| it.severity == Severity::Error && it.waived.is_none());
    let errors = errors.count();
    let (class, word) =
        if errors > 0 { ("bad", "\u{2717} error") } else { ("unsure", "! warning") };
    let mut summary = Markup::element("span", &[("class", class)], &Markup::text(word));
    summary.push(&Markup::plain("strong", title));
    let count = findings.len();
    let noun = if count == 1 { "finding" } else { "findings" };
    let faint = Markup::text(&format!("{count} {noun}"));
    summary.push(&Markup::element("span", &[("class", "faint")], &faint));
    let mut inner: Markup = findings.iter().take(MOST).map(|one| told(one)).collect();
    if count > MOST {
        let more = format!("{} more are left out; `--format json` has all.", count - MOST);
        inner.push(&Markup::plain("p", &more));
    }
    let mut details = Markup::element("summary", &[], &summary);
    details.push(&Markup::element("div", &[], &inner));
    // What is short enough to read at once is open.
    if count <= 3 {
        Markup::element("details", &[("open", "")], &details)
    } else {
        Markup::element("details", &[], &details)
    }
}

fn told(finding: &FindingDocument) -> Markup {
    let mut inner = Markup::default();
    let mut place = Markup::plain("strong", &finding.code);
    place.push(&Markup::code(&place_of(&finding.location)));
    inner.push(&Markup::element("p", &[], &place));
    inner.push(&Markup::plain("p", &finding.message));
    for (label, value) in [("declared", &finding.declared), ("actual", &finding.actual)] {
        if let Some(value) = value {
            let mut line = Markup::text(label);
            line.push(&Markup::code(value));
            inner.push(&Markup::element("p", &[("class", "faint")], &line));
        }
    }
    let why = format!("Why: {}. Do: {}.", finding.why, finding.remedy);
    inner.push(&Markup::element("p", &[("class", "faint")], &Markup::text(&why)));
    if let Some(waived) = &finding.waived {
        let text =
            format!("Waived by {} until {}: {}", waived.owner, waived.expires, waived.reason);
        inner.push(&Markup::plain("p", &text));
    }
    Markup::element("div", &[("class", "finding")], &inner)
}

fn place_of(location: &LocationDocument) -> String {
    let archive = location.archive.as_ref().map(|it| format!("{it}!")).unwrap_or_default();
    let line = match (location.line, location.column) {
        (Some(line), Some(column)) => format!(":{line}:{column}"),
        (Some(line), None) => format!(":{line}"),
        (None, _) => String::new(),
    };
    format!("{archive}{}{line} {}", location.path, location.pointer)
}

/// Tells every check, those that do not hold first.
pub(super) fn checks(report: &ReportDocument) -> Markup {
    if report.checks.is_empty() {
        return Markup::default();
    }
    let order = |check: &&CheckDocument| match check.outcome {
        Outcome::Failed => 0,
        Outcome::NotEvaluated => 1,
        Outcome::Passed => 2,
    };
    let mut checks: Vec<&CheckDocument> = report.checks.iter().collect();
    checks.sort_by_key(order);
    let rows = checks.iter().take(MOST_CHECKS).map(|check| line(check));
    let mut inner = table(&["outcome", "check", "on", "seen"], rows);
    if checks.len() > MOST_CHECKS {
        let more = format!("{} more are left out.", checks.len() - MOST_CHECKS);
        inner.push(&Markup::plain("p", &more));
    }
    let title = format!("{} checks", checks.len());
    let mut details = Markup::plain("summary", &title);
    details.push(&Markup::element("div", &[], &inner));
    Markup::element("details", &[], &details)
}

fn line(check: &CheckDocument) -> Vec<Markup> {
    let (class, mark) = match check.outcome {
        Outcome::Passed => ("good", "\u{2713} holds"),
        Outcome::Failed => ("bad", "\u{2717} fails"),
        Outcome::NotEvaluated => ("faint", "\u{2013} not judged"),
    };
    vec![
        Markup::element("span", &[("class", class)], &Markup::text(mark)),
        Markup::text(&check.check),
        Markup::code(&check.subject),
        Markup::text(&check.detail),
    ]
}
