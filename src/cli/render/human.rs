//! A report for people: the verdict first and last, causes before rows, what to do next.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use countersign::finding::{
    CheckDocument, FindingDocument, LocationDocument, Outcome, ReportDocument, Severity, Verdict,
};

use super::comparison;
use super::readiness;
use super::text::{Style, Tone, escape};

/// The most rows that are shown under one rule before the rest is counted.
const MAX_ROWS: usize = 12;

/// Writes the verdict on one line, with what it does not speak about: a pass over a packet alone
/// must not be taken for one over artifacts that were not there.
pub(in crate::cli) fn one_line(report: &ReportDocument, style: Style) -> String {
    let mut skipped: BTreeMap<&str, usize> = BTreeMap::new();
    for check in report.checks.iter().filter(|check| check.outcome == Outcome::NotEvaluated) {
        *skipped.entry(&check.check).or_default() += 1;
    }
    let skipped: Vec<String> =
        skipped.iter().map(|(name, count)| format!("{name} ({count})")).collect();
    let skipped = match skipped.as_slice() {
        [] => String::new(),
        names => format!("; not judged: {}", names.join(", ")),
    };
    let line = match &report.rollback {
        Some(answer) => readiness::line(report, answer, style),
        None => verdict_line(report, style),
    };
    format!("{line}{skipped}\n")
}

/// Writes the whole report; `verbose` also shows every check that holds and every row.
pub(in crate::cli) fn report(report: &ReportDocument, style: Style, verbose: bool) -> String {
    if let Some(answer) = &report.rollback {
        let mut out = readiness::human(report, answer, style, verbose);
        // What stands beside the checks: the tree's own findings, evidence that was passed over.
        areas(report, style, &mut out);
        checks(report, style, verbose, &mut out);
        return out;
    }
    let mut out = String::new();
    let _ = writeln!(out, "{}", verdict_line(report, style));
    if report.replay {
        let _ = writeln!(out, "  replay: judged as of {}, not as of now", report.judged_at);
    }
    if let Some(as_of) = report.trust.as_ref().and_then(|trust| trust.as_of) {
        let _ = writeln!(
            out,
            "  judged with the trust of {as_of}; what was learnt since plays no part"
        );
    }
    areas(report, style, &mut out);
    checks(report, style, verbose, &mut out);
    // Where comparing is not what was asked, the checks tell the answers.
    if verbose || report.command == "load compare" {
        comparison::comparisons(&report.comparisons, style, &mut out);
    }
    objectives(report, style, &mut out);
    let grouped = headlines(report, style, verbose, &mut out);
    rules(report, style, verbose, &grouped, &mut out);
    let _ = writeln!(out, "\n{}", verdict_line(report, style));
    out.push_str(&next_step(report, style));
    out
}

fn verdict_line(report: &ReportDocument, style: Style) -> String {
    let tone = match report.verdict {
        Verdict::Pass | Verdict::Ready => Tone::Good,
        Verdict::Refused | Verdict::Blocked => Tone::Bad,
        Verdict::Undecided | Verdict::Unknown => Tone::Unsure,
    };
    let word = report.verdict.word();
    let summary = &report.summary;
    let mut counts = Vec::new();
    let failed = report.checks.iter().filter(|check| check.outcome == Outcome::Failed).count();
    let held = report.checks.iter().filter(|check| check.outcome == Outcome::Passed).count();
    // Rules find what is wrong besides the checks: that all of these hold is not the news then.
    if held + failed > 0 && (failed > 0 || summary.errors == 0) {
        counts.push(format!("{held} of {} checks hold", held + failed));
    }
    for (count, one, many) in [
        (summary.errors, "error", "errors"),
        (summary.warnings, "warning", "warnings"),
        (summary.waived, "waived", "waived"),
        (summary.known.unwrap_or(0), "known", "known"),
    ] {
        if count > 0 {
            counts.push(format!("{count} {}", if count == 1 { one } else { many }));
        }
    }
    let counts = if counts.is_empty() { "no findings".to_owned() } else { counts.join(", ") };
    // History must not be taken for leave to install, not even on the one line of `-q`.
    let history = match report.trust.as_ref().and_then(|trust| trust.as_of) {
        Some(as_of) => format!(" with the trust of {as_of}"),
        None => String::new(),
    };
    format!("{} {}{history}: {counts}", style.paint(tone, word), escape(&report.command))
}

fn areas(report: &ReportDocument, style: Style, out: &mut String) {
    for area in &report.areas {
        let detail = match &area.reason {
            Some(reason) => format!("not evaluated: {}", escape(reason)),
            None => format!(
                "{} rules over {} files, {} objects, {} skipped",
                area.rules_run, area.inputs, area.objects, area.skipped
            ),
        };
        let _ = writeln!(out, "  {:<9}{}", area.area.word(), style.paint(Tone::Faint, &detail));
    }
}

fn checks(report: &ReportDocument, style: Style, verbose: bool, out: &mut String) {
    if report.checks.is_empty() {
        return;
    }
    out.push('\n');
    if verbose {
        report.checks.iter().for_each(|check| check_line(check, style, out));
        return;
    }
    // Without -v the checks that hold are counted by name.
    let mut passed: BTreeMap<&str, usize> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for check in &report.checks {
        if check.outcome == Outcome::Passed {
            if !passed.contains_key(check.check.as_str()) {
                order.push(&check.check);
            }
            *passed.entry(&check.check).or_default() += 1;
        }
    }
    for name in order {
        let count = passed[name];
        let times = if count > 1 { format!(" ({count})") } else { String::new() };
        let _ = writeln!(out, "  {} {name}{times}", style.paint(Tone::Good, "ok  "));
    }
    let shown = report.checks.iter().filter(|check| check.outcome != Outcome::Passed);
    shown.for_each(|check| check_line(check, style, out));
}

fn check_line(check: &CheckDocument, style: Style, out: &mut String) {
    let mark = match check.outcome {
        Outcome::Passed => style.paint(Tone::Good, "ok  "),
        Outcome::Failed => style.paint(Tone::Bad, "FAIL"),
        Outcome::NotEvaluated => style.paint(Tone::Faint, "skip"),
    };
    let (head, detail) =
        (format!("{} {}:", check.check, escape(&check.subject)), escape(&check.detail));
    let fits = 8 + head.chars().count() + detail.chars().count() <= style.width;
    if fits || !style.is_of_terminal {
        let _ = writeln!(out, "  {mark} {head} {detail}");
        return;
    }
    let _ = writeln!(out, "  {mark} {head}");
    out.push_str(&style.wrap(7, &detail));
}

/// Writes for each objective what guards it and what is missing.
fn objectives(report: &ReportDocument, style: Style, out: &mut String) {
    let Some(graph) = &report.graph else { return };
    out.push_str("\nobjectives\n");
    for guard in &graph.objectives {
        let sides = [
            ("pages", &guard.pages),
            ("tickets", &guard.tickets),
            ("runbooks", &guard.runbooks),
            ("dashboards", &guard.dashboards),
            ("drills", &guard.drills),
            ("load", &guard.load),
        ];
        let _ = writeln!(out, "  {}", style.paint(Tone::Strong, &escape(&guard.objective)));
        for (side, names) in sides.iter().filter(|(_, names)| !names.is_empty()) {
            out.push_str(&style.wrap(4, &escape(&format!("{side}: {}", names.join(", ")))));
        }
        if !guard.missing.is_empty() {
            let text = format!("missing: {}", guard.missing.join(", "));
            let _ = writeln!(out, "    {}", style.paint(Tone::Bad, &text));
        }
    }
}

/// Writes causes that several findings share; returns the findings that were shown.
fn headlines(
    report: &ReportDocument,
    style: Style,
    verbose: bool,
    out: &mut String,
) -> BTreeSet<usize> {
    let mut shown = BTreeSet::new();
    for headline in &report.headlines {
        let count = headline.findings.len();
        let _ = writeln!(
            out,
            "\n{} {} ({count} findings)",
            style.paint(Tone::Bad, "cause:"),
            style.paint(Tone::Strong, &escape(&headline.message)),
        );
        let rows: Vec<&FindingDocument> =
            headline.findings.iter().filter_map(|index| report.findings.get(*index)).collect();
        rows_of(&rows, style, verbose, true, out);
        shown.extend(headline.findings.iter().copied());
    }
    shown
}

fn rules(
    report: &ReportDocument,
    style: Style,
    verbose: bool,
    grouped: &BTreeSet<usize>,
    out: &mut String,
) {
    let mut by_code: BTreeMap<(Severity, &str), Vec<&FindingDocument>> = BTreeMap::new();
    for (index, finding) in report.findings.iter().enumerate() {
        if !grouped.contains(&index) {
            by_code.entry((finding.severity, &finding.code)).or_default().push(finding);
        }
    }
    for ((severity, code), findings) in by_code {
        let (word, tone) = match severity {
            Severity::Error => ("error", Tone::Bad),
            Severity::Warning => ("warning", Tone::Unsure),
        };
        let first = findings[0];
        let _ = writeln!(out, "\n{} {code} {}", style.paint(tone, word), first.slug);
        rows_of(&findings, style, verbose, false, out);
        out.push_str(&style.wrap(2, &format!("why: {}", first.why)));
        out.push_str(&style.wrap(2, &format!("do:  {}", first.remedy)));
    }
}

fn rows_of(
    findings: &[&FindingDocument],
    style: Style,
    verbose: bool,
    with_code: bool,
    out: &mut String,
) {
    let most = if verbose { findings.len() } else { MAX_ROWS };
    for finding in findings.iter().take(most) {
        let place = style.paint(Tone::Strong, &place_of(&finding.location));
        let code = if with_code { format!("{} ", finding.code) } else { String::new() };
        let _ = writeln!(out, "  {code}{place}");
        out.push_str(&style.wrap(4, &escape(&finding.message)));
        for (label, value) in [("declared", &finding.declared), ("actual", &finding.actual)] {
            if let Some(value) = value {
                let _ = writeln!(out, "      {label:<9}{}", escape(value));
            }
        }
        if finding.known == Some(true) {
            out.push_str(&style.wrap(6, "known: the baseline has it too"));
        }
        if let Some(waived) = &finding.waived {
            let text =
                format!("waived by {} until {}: {}", waived.owner, waived.expires, waived.reason);
            out.push_str(&style.wrap(6, &escape(&text)));
        }
    }
    if findings.len() > most {
        let _ = writeln!(out, "  and {} more; -v shows all", findings.len() - most);
    }
}

fn place_of(location: &LocationDocument) -> String {
    let mut place = escape(&location.path);
    if let Some(archive) = &location.archive {
        place = format!("{}!{place}", escape(archive));
    }
    if let (Some(line), Some(column)) = (location.line, location.column) {
        let _ = write!(place, ":{line}:{column}");
    }
    if !location.pointer.is_empty() {
        let _ = write!(place, " {}", escape(&location.pointer));
    }
    place
}

fn next_step(report: &ReportDocument, style: Style) -> String {
    let text = match report.verdict {
        Verdict::Pass | Verdict::Ready | Verdict::Blocked | Verdict::Unknown => {
            return String::new();
        }
        Verdict::Refused => match report.findings.iter().find(|finding| finding.waived.is_none()) {
            Some(finding) => format!("next: `countersign explain {}`", finding.code),
            None => return String::new(),
        },
        Verdict::Undecided => {
            "next: make readable what could not be read, and ask again; undecided is not a pass"
                .to_owned()
        }
    };
    style.wrap(0, &text)
}
