//! The answer about a pair of releases, check by check.

use countersign::finding::{Readiness, ReadinessRow, ReleaseDocument, Status};

use super::markup::Markup;
use super::table;

/// Tells the answer: the pair, until when, what will not come back, who must agree, every check.
pub(super) fn section(answer: &Readiness) -> Markup {
    let mut facts = Markup::default();
    let mut fact = |name: &str, value: Markup| {
        facts.push(&Markup::plain("dt", name));
        facts.push(&Markup::element("dd", &[], &value));
    };
    for (name, release) in [("From", &answer.from), ("To", &answer.to)] {
        if let Some(release) = release {
            fact(name, named(release));
        }
    }
    if let Some(environment) = &answer.environment {
        fact("Environment", Markup::text(environment));
    }
    if let Some(until) = answer.until {
        fact("Until", Markup::plain("strong", &until.to_string()));
    }
    let approvals = &answer.approvals;
    let given = approvals.given_by.join(", ");
    let given = if given.is_empty() { "nobody" } else { given.as_str() };
    let open = match approvals.open.as_slice() {
        [] => String::new(),
        open => format!("; may still: {}", open.join(", ")),
    };
    fact("Approved by", Markup::text(&format!("{given}, of {} needed{open}", approvals.required)));
    let mut out = Markup::element("dl", &[("class", "facts")], &facts);
    if !answer.will_not_return.is_empty() {
        out.push(&Markup::plain("h3", "What will not come back"));
        let rows = answer.will_not_return.iter().map(|one| Markup::plain("li", one)).collect();
        out.push(&Markup::element("ul", &[], &rows));
    }
    out.push(&Markup::plain("h3", "What was asked"));
    let heads = ["check", "asks", "status", "seen", "to do"];
    out.push(&table(&heads, answer.checks.iter().map(check)));
    out
}

fn named(release: &ReleaseDocument) -> Markup {
    let mut name = Markup::text(&format!("{} {}", release.product, release.version));
    name.push(&Markup::code(&format!("sha256:{}", release.sha256)));
    name
}

fn check(asked: &ReadinessRow) -> Vec<Markup> {
    let (class, mark) = match asked.status {
        Status::Holds => ("good", "\u{2713} holds"),
        Status::Fails => ("bad", "\u{2717} fails"),
        Status::Unknown => ("unsure", "? unknown"),
        Status::NotApplicable => ("faint", "\u{2013} n/a"),
    };
    vec![
        Markup::plain("strong", &asked.check),
        Markup::text(&asked.question),
        Markup::element("span", &[("class", class)], &Markup::text(mark)),
        Markup::text(&asked.detail),
        Markup::text(asked.remedy.as_deref().unwrap_or_default()),
    ]
}
