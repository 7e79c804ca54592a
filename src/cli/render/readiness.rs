//! The answer about a pair of releases, for people: on one screen, and as a change ticket.

use std::fmt::Write as _;

use countersign::finding::{Outcome, Readiness, ReadinessRow, ReportDocument, Status, Verdict};

use super::markdown::cell;
use super::text::{Style, Tone, escape};

/// The most open checks that are shown with what to do about each; more are shown in one line each.
const WITH_REMEDY: usize = 6;

/// Writes the answer so that it fits one screen; `verbose` shows every check with its inputs.
pub(in crate::cli) fn human(
    report: &ReportDocument,
    answer: &Readiness,
    style: Style,
    verbose: bool,
) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", line(report, answer, style));
    if report.replay {
        let _ = writeln!(out, "  replay: judged as of {}, not as of now", report.judged_at);
    }
    for (what, release) in [("from", answer.from.as_ref()), ("to", answer.to.as_ref())] {
        if let Some(release) = release {
            let text = format!("{} {} sha256:{}", release.product, release.version, release.sha256);
            let _ = writeln!(out, "  {what:<5}{}", style.paint(Tone::Faint, &escape(&text)));
        }
    }
    section(&mut out, answer, Status::Fails, "what blocks it", style);
    section(
        &mut out,
        answer,
        Status::Unknown,
        "what is not known, and unknown is not ready",
        style,
    );
    passed_over(&mut out, report, style);
    if !answer.will_not_return.is_empty() {
        let _ = writeln!(out, "\n{}", style.paint(Tone::Strong, "what will not come back"));
        for one in &answer.will_not_return {
            out.push_str(&style.wrap(2, &format!("- {}", escape(one))));
        }
    }
    let _ = writeln!(out, "\n{}", approvals(answer));
    if verbose {
        every_check(&mut out, answer, style);
    }
    let _ = writeln!(out, "\n{}", line(report, answer, style));
    out.push_str(&style.wrap(0, &next(report, answer)));
    out
}

/// The answer in one line.
pub(in crate::cli) fn line(report: &ReportDocument, answer: &Readiness, style: Style) -> String {
    let (word, tone) = match report.verdict {
        Verdict::Ready | Verdict::Pass => ("ready", Tone::Good),
        Verdict::Blocked | Verdict::Refused => ("blocked", Tone::Bad),
        Verdict::Unknown | Verdict::Undecided => ("unknown", Tone::Unsure),
    };
    format!("{} {}", style.paint(tone, word), escape(&sentence(report, answer)))
}

fn sentence(report: &ReportDocument, answer: &Readiness) -> String {
    let version = |release: &Option<countersign::finding::ReleaseDocument>| match release {
        Some(release) => release.version.to_string(),
        None => "nothing".to_owned(),
    };
    let place = answer.environment.as_ref().map(|place| format!(" in {place}"));
    let pair = format!(
        "{} to {}{}",
        version(&answer.from),
        version(&answer.to),
        place.unwrap_or_default()
    );
    let counts = answer.counts();
    let count = |status: Status| counts.get(&status).copied().unwrap_or(0);
    let tally = format!(
        "{} hold, {} fail, {} unknown, {} do not apply",
        count(Status::Holds),
        count(Status::Fails),
        count(Status::Unknown),
        count(Status::NotApplicable)
    );
    match (report.verdict, answer.until) {
        (Verdict::Ready, Some(until)) => format!("until {until}: {pair}: {tally}"),
        _ => format!("{pair}: {tally}"),
    }
}

fn section(out: &mut String, answer: &Readiness, status: Status, title: &str, style: Style) {
    let rows: Vec<&ReadinessRow> =
        answer.checks.iter().filter(|row| row.status == status).collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", style.paint(Tone::Strong, title));
    let open = answer
        .checks
        .iter()
        .filter(|row| matches!(row.status, Status::Fails | Status::Unknown))
        .count();
    // What several checks miss alike is said once.
    let mut said: Vec<(&str, Vec<&ReadinessRow>)> = Vec::new();
    for row in rows {
        match said.iter_mut().find(|(detail, _)| *detail == row.detail) {
            Some((_, same)) => same.push(row),
            None => said.push((&row.detail, vec![row])),
        }
    }
    for (detail, rows) in said {
        let names: Vec<&str> = rows.iter().map(|row| row.check.as_str()).collect();
        let text = format!("{}  {}", names.join(" "), escape(detail));
        out.push_str(&style.wrap(2, &text));
        let remedy = rows.first().and_then(|row| row.remedy.as_ref());
        if let Some(remedy) = remedy.filter(|_| open <= WITH_REMEDY && rows.len() == 1) {
            let text = style.wrap(8, &escape(remedy));
            out.push_str(&style.paint(Tone::Faint, text.trim_end()));
            out.push('\n');
        }
    }
}

/// What was given and counts for nothing, so that nobody looks for it among what is missing.
fn passed_over(out: &mut String, report: &ReportDocument, style: Style) {
    let given = report.checks.iter().filter(|row| row.check == "evidence");
    let given: Vec<_> = given.filter(|row| row.outcome == Outcome::NotEvaluated).collect();
    if given.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", style.paint(Tone::Strong, "what was given and does not count"));
    for row in given {
        let text = format!("- {}: {}", escape(&row.subject), escape(&row.detail));
        out.push_str(&style.wrap(2, &text));
    }
}

fn approvals(answer: &Readiness) -> String {
    let approvals = &answer.approvals;
    let names = |names: &[String]| escape(&names.join(", "));
    let given = match approvals.given_by.as_slice() {
        [] => "nobody".to_owned(),
        some => names(some),
    };
    let requester = match &approvals.requester {
        Some(requester) => format!("; {} asks and does not count", escape(requester)),
        None => String::new(),
    };
    let missing = usize::try_from(approvals.required).unwrap_or(usize::MAX);
    let missing = missing.saturating_sub(approvals.given_by.len());
    let open = match (missing, approvals.open.as_slice()) {
        (0, _) => String::new(),
        (_, []) => "; nobody else is in the role".to_owned(),
        (missing, open) => format!("; {missing} more of {}", names(open)),
    };
    format!("approvals: {given} of {} needed{open}{requester}", approvals.required)
}

fn every_check(out: &mut String, answer: &Readiness, style: Style) {
    let _ = writeln!(out, "\n{}", style.paint(Tone::Strong, "every check"));
    for row in &answer.checks {
        let (mark, tone) = mark(row.status);
        let mark = style.paint(tone, &format!("{mark:<8}"));
        let _ = writeln!(out, "  {} {mark} {}", row.check, escape(&row.question));
        out.push_str(&style.wrap(16, &escape(&row.detail)));
        for input in &row.inputs {
            let text = format!("sha256:{} {}", input.sha256, input.name);
            let _ = writeln!(out, "{:16}{}", "", style.paint(Tone::Faint, &escape(&text)));
        }
    }
}

fn mark(status: Status) -> (&'static str, Tone) {
    match status {
        Status::Holds => ("holds", Tone::Good),
        Status::Fails => ("fails", Tone::Bad),
        Status::Unknown => ("unknown", Tone::Unsure),
        Status::NotApplicable => ("n/a", Tone::Faint),
    }
}

fn next(report: &ReportDocument, answer: &Readiness) -> String {
    let open = |status: Status| answer.checks.iter().find(|row| row.status == status);
    match (report.verdict, open(Status::Fails).or_else(|| open(Status::Unknown))) {
        (Verdict::Ready, _) => {
            "next: follow the runbook, then `countersign rollback consume` so that the approvals are used up"
                .to_owned()
        }
        (_, Some(row)) => format!("next: `countersign explain {}`; -v shows every check", row.code),
        (_, None) => "next: -v shows every check".to_owned(),
    }
}

/// Writes the answer in Markdown, for a change ticket.
pub(in crate::cli) fn markdown(report: &ReportDocument, answer: &Readiness) -> String {
    let word = match report.verdict {
        Verdict::Ready | Verdict::Pass => "Ready",
        Verdict::Blocked | Verdict::Refused => "Blocked",
        Verdict::Unknown | Verdict::Undecided => "Unknown",
    };
    let mut out = format!("# {word}: {}\n\n", cell(&sentence(report, answer)));
    let _ = writeln!(out, "Judged as of {}.\n", report.judged_at);
    for (what, release) in [("from", answer.from.as_ref()), ("to", answer.to.as_ref())] {
        if let Some(release) = release {
            let (product, version) = (cell(&release.product), &release.version);
            let _ = writeln!(out, "- {what}: {product} {version} `sha256:{}`", release.sha256);
        }
    }
    let _ = writeln!(out, "- {}", cell(&approvals(answer)));
    if !answer.will_not_return.is_empty() {
        out.push_str("\n## What will not come back\n\n");
        for one in &answer.will_not_return {
            let _ = writeln!(out, "- {}", cell(one));
        }
    }
    out.push_str(
        "\n## Checks\n\n| check | asks | status | seen | to do |\n|---|---|---|---|---|\n",
    );
    for row in &answer.checks {
        let (mark, _) = mark(row.status);
        let remedy = row.remedy.as_deref().map(cell).unwrap_or_default();
        let (question, detail) = (cell(&row.question), cell(&row.detail));
        let _ = writeln!(out, "| {} | {question} | {mark} | {detail} | {remedy} |", row.check);
    }
    out
}
