//! A report as one page of HTML: read without network, without script, in the dark and on paper.

mod answer;
mod chain;
mod findings;
mod markup;
mod plot;

use countersign::finding::{GraphDocument, GuardDocument, ReportDocument, Verdict};
use countersign::packet::diff::{ChangeDocument, ChangeKind, ComparedDocument};

use super::human;
use super::text::Style;
use markup::Markup;

/// What a page is made of.
pub(in crate::cli) struct Page<'a> {
    /// What the page tells.
    pub(in crate::cli) report: &'a ReportDocument,
    /// What the checks of the governed inputs said when the release was assembled, as its packet
    /// carries it.
    pub(in crate::cli) carried: Option<&'a ReportDocument>,
    /// Whether somebody verified what is told; a page never looks as if it were when it is not.
    pub(in crate::cli) is_verified: bool,
    /// What changed since another release.
    pub(in crate::cli) changes: Option<Changes<'a>>,
}

/// What changed since another release.
pub(in crate::cli) struct Changes<'a> {
    /// That release.
    pub(in crate::cli) before: &'a ComparedDocument,
    /// This one.
    pub(in crate::cli) after: &'a ComparedDocument,
    /// What is not the same.
    pub(in crate::cli) changes: &'a [ChangeDocument],
}

/// Nothing is loaded, run, sent or framed, whatever the page holds.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
const STYLE: &str = include_str!("style.css");

/// Writes the page. The same report gives the same bytes.
pub(in crate::cli) fn write(page: &Page<'_>) -> String {
    let sections = sections(page);
    let mut body = head_of(page);
    let links: Markup = sections
        .iter()
        .map(|(id, title, _)| {
            let link = Markup::element("a", &[("href", &format!("#{id}"))], &Markup::text(title));
            Markup::element("li", &[], &link)
        })
        .collect();
    if sections.len() > 1 {
        let list = Markup::element("ul", &[], &links);
        body.push(&Markup::element("nav", &[("aria-label", "Sections")], &list));
    }
    let mut main = Markup::default();
    for (id, title, content) in &sections {
        let mut section = Markup::element("h2", &[("id", id)], &Markup::text(title));
        section.push(content);
        main.push(&Markup::element("section", &[("aria-labelledby", id)], &section));
    }
    body.push(&Markup::element("main", &[], &main));
    body.push(&foot_of(page));
    let title =
        Markup::plain("title", &format!("{} {}", page.report.verdict.word(), page.report.command));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n{}\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n{}</body>\n</html>\n",
        title.into_string(),
        body.into_string()
    )
}

/// The sections that have something to tell: id, title, content.
fn sections(page: &Page<'_>) -> Vec<(&'static str, &'static str, Markup)> {
    let report = page.report;
    let graph = report.graph.as_ref().or_else(|| page.carried.and_then(|it| it.graph.as_ref()));
    let comparisons = match (report.comparisons.as_slice(), page.carried) {
        ([], Some(carried)) => carried.comparisons.as_slice(),
        (own, _) => own,
    };
    let all = [
        (
            "answer",
            "The answer",
            report.rollback.as_ref().map_or_else(Markup::default, answer::section),
        ),
        ("chain", "Chain of trust", chain::section(report)),
        ("areas", "Areas", areas(report, page.carried)),
        ("findings", "Findings", findings::section(report)),
        (
            "carried",
            "What the release carries",
            page.carried.map_or_else(Markup::default, findings::section),
        ),
        (
            "objectives",
            "Objectives and what guards them",
            graph.map_or_else(Markup::default, objectives),
        ),
        ("load", "Load", plot::section(comparisons)),
        ("changes", "What changed", page.changes.as_ref().map_or_else(Markup::default, changes)),
        ("checks", "Every check", findings::checks(report)),
    ];
    all.into_iter().filter(|(_, _, content)| !content.is_empty()).collect()
}

fn tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass | Verdict::Ready => "good",
        Verdict::Refused | Verdict::Blocked => "bad",
        Verdict::Undecided | Verdict::Unknown => "unsure",
    }
}

/// The verdict in one sentence.
fn sentence(report: &ReportDocument) -> &'static str {
    match report.verdict {
        Verdict::Pass => "Everything that was asked was evaluated and holds.",
        Verdict::Refused => "What was judged does not hold.",
        Verdict::Undecided => "What was asked could not be judged; undecided is not a pass.",
        Verdict::Ready => "This step may be taken, until the time below.",
        Verdict::Blocked => "This step must not be taken.",
        Verdict::Unknown => "What it takes to tell is missing; unknown is not ready.",
    }
}

fn head_of(page: &Page<'_>) -> Markup {
    let report = page.report;
    let mut head = Markup::default();
    let word = Markup::element("span", &[("class", "word")], &Markup::text(report.verdict.word()));
    let mut title = word;
    title.push(&Markup::text(&report.command));
    head.push(&Markup::element("h1", &[], &title));
    head.push(&Markup::plain("p", sentence(report)));
    // The line that the terminal shows says how many of what.
    let line = human::one_line(report, Style { colour: false, width: 200, is_of_terminal: false });
    head.push(&Markup::element("p", &[("class", "faint")], &Markup::text(line.trim_end())));
    let mut facts = Markup::default();
    let mut fact = |name: &str, value: Markup| {
        facts.push(&Markup::plain("dt", name));
        facts.push(&Markup::element("dd", &[], &value));
    };
    fact("Judged as of", Markup::text(&report.judged_at.to_string()));
    if let Some(trust) = &report.trust {
        let mut value = Markup::text(&format!("version {}", trust.version));
        value.push(&Markup::code(&format!("sha256:{}", trust.sha256)));
        fact("Trust root", value);
    }
    if let Some(changes) = &page.changes {
        let release = changes.after;
        let mut value = Markup::text(&format!("{} {}", release.product, release.version));
        value.push(&Markup::code(&format!("sha256:{}", release.sha256)));
        fact("Release", value);
    }
    head.push(&Markup::element("dl", &[("class", "facts")], &facts));
    for warning in warnings(page) {
        let banner = [("class", "banner"), ("role", "note")];
        head.push(&Markup::element("p", &banner, &Markup::text(&warning)));
    }
    Markup::element("header", &[("class", tone(report.verdict))], &head)
}

fn warnings(page: &Page<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    if !page.is_verified {
        warnings.push(
            "Not verified: this page shows what a document says of itself. Give the packet and a \
             trust root to have it verified."
                .to_owned(),
        );
    }
    if page.report.replay {
        let at = page.report.judged_at;
        warnings.push(format!("A replay: judged as of {at}, not as of now."));
    }
    if let Some(as_of) = page.report.trust.as_ref().and_then(|trust| trust.as_of) {
        warnings.push(format!(
            "Judged with the trust of {as_of}; what was learnt since plays no part."
        ));
    }
    warnings
}

fn foot_of(page: &Page<'_>) -> Markup {
    let tool = &page.report.tool;
    let text = format!(
        "Written by {} {} from a report of {}. The page is text: it loads, runs and sends nothing.",
        tool.name, tool.version, page.report.judged_at
    );
    Markup::element("footer", &[], &Markup::plain("p", &text))
}

/// A table; on a narrow page each row stands as a list of its cells. The roles say that it is a
/// table there too.
fn table(heads: &[&str], rows: impl IntoIterator<Item = Vec<Markup>>) -> Markup {
    let columns: Markup = heads
        .iter()
        .map(|head| {
            let attributes = [("scope", "col"), ("role", "columnheader")];
            Markup::element("th", &attributes, &Markup::text(head))
        })
        .collect();
    let columns = Markup::element("tr", &[("role", "row")], &columns);
    let mut inner = Markup::element("thead", &[("role", "rowgroup")], &columns);
    let rows: Markup = rows.into_iter().map(|cells| row(heads, &cells)).collect();
    inner.push(&Markup::element("tbody", &[("role", "rowgroup")], &rows));
    Markup::element("table", &[("role", "table")], &inner)
}

fn row(heads: &[&str], cells: &[Markup]) -> Markup {
    let cells: Markup = heads
        .iter()
        .zip(cells)
        .map(|(head, cell)| {
            let attributes = [("role", "cell"), ("data-label", *head)];
            let empty = [("role", "cell"), ("class", "empty")];
            let attributes = if cell.is_empty() { empty } else { attributes };
            Markup::element("td", &attributes, cell)
        })
        .collect();
    Markup::element("tr", &[("role", "row")], &cells)
}

fn areas(report: &ReportDocument, carried: Option<&ReportDocument>) -> Markup {
    let areas = if report.areas.is_empty() {
        carried.map(|carried| carried.areas.as_slice()).unwrap_or_default()
    } else {
        &report.areas
    };
    if areas.is_empty() {
        return Markup::default();
    }
    let rows = areas.iter().map(|area| {
        let state = match &area.reason {
            None => "evaluated".to_owned(),
            Some(reason) => format!("not evaluated: {reason}"),
        };
        let count = |count: usize| Markup::text(&count.to_string());
        vec![
            Markup::plain("strong", area.area.word()),
            Markup::text(&state),
            count(area.rules_run),
            count(area.inputs),
            count(area.objects),
            count(area.skipped),
        ]
    });
    table(&["area", "state", "rules", "files", "objects", "skipped"], rows)
}

/// The most objectives that are shown; a service has a handful.
const MOST_OBJECTIVES: usize = 500;

/// Each objective with what leads away from it in the graph: what guards it, and what is missing.
fn objectives(graph: &GraphDocument) -> Markup {
    graph.objectives.iter().take(MOST_OBJECTIVES).map(objective).collect()
}

fn objective(guard: &GuardDocument) -> Markup {
    let sides = [
        ("pages", &guard.pages),
        ("tickets", &guard.tickets),
        ("runbooks", &guard.runbooks),
        ("dashboards", &guard.dashboards),
        ("drills", &guard.drills),
        ("load suites", &guard.load),
    ];
    let mut out = Markup::plain("h3", &guard.objective);
    let missing = match guard.missing.as_slice() {
        [] => Markup::element(
            "p",
            &[("class", "good")],
            &Markup::text("\u{2713} guarded from all sides"),
        ),
        missing => {
            let text = format!("\u{2717} missing: {}", missing.join(", "));
            Markup::element("p", &[("class", "bad")], &Markup::text(&text))
        }
    };
    out.push(&missing);
    let sides: Markup = sides
        .iter()
        .map(|(side, names)| {
            let mut inner = Markup::plain("strong", side);
            let list: Markup = names.iter().map(|name| Markup::plain("li", name)).collect();
            let list = if names.is_empty() { Markup::plain("li", "none") } else { list };
            inner.push(&Markup::element("ul", &[], &list));
            let class = if names.is_empty() { "side empty-side" } else { "side" };
            Markup::element("div", &[("class", class)], &inner)
        })
        .collect();
    out.push(&Markup::element("div", &[("class", "sides")], &sides));
    out
}

/// The most changes that are shown; the rest is counted.
const MOST_CHANGES: usize = 2_000;

fn changes(changes: &Changes<'_>) -> Markup {
    let intro = format!(
        "Since {} {}: {} values.",
        changes.before.product,
        changes.before.version,
        changes.changes.len()
    );
    let mut out = Markup::plain("p", &intro);
    let rows = changes.changes.iter().take(MOST_CHANGES).map(|change| {
        let (class, mark) = match change.change {
            ChangeKind::Added => ("good", "+ added"),
            ChangeKind::Removed => ("bad", "\u{2212} removed"),
            ChangeKind::Changed => ("unsure", "~ changed"),
        };
        let value =
            |value: &Option<String>| value.as_deref().map_or_else(Markup::default, Markup::code);
        vec![
            Markup::text(change.section.word()),
            Markup::element("span", &[("class", class)], &Markup::text(mark)),
            Markup::code(&change.item),
            value(&change.before),
            value(&change.after),
        ]
    });
    out.push(&table(&["section", "change", "item", "before", "after"], rows));
    let left_out = changes.changes.len().saturating_sub(MOST_CHANGES);
    if left_out > 0 {
        out.push(&Markup::plain("p", &format!("{left_out} more are left out; `diff` has all.")));
    }
    out
}
