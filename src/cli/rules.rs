//! `explain` and `rules`.

use std::fmt::Write as _;
use std::process::ExitCode;

use countersign::finding::{Area, Rule, Severity, rules};
use serde::Serialize;

use super::exit::{self, Failure};
use super::render::text::{Style, Tone};
use super::session::Session;

/// Explains one rule in full.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign explain CS-TRUST-005
  countersign explain signature-missing

{}", exit::TABLE))]
pub(super) struct ExplainArgs {
    /// The rule's code or slug
    #[arg(value_name = "CODE")]
    code: String,
}

#[derive(Serialize)]
struct RulesDocument {
    schema: &'static str,
    rules: Vec<RuleDocument>,
}

#[derive(Serialize)]
struct RuleDocument {
    code: &'static str,
    slug: &'static str,
    area: Area,
    severity: Severity,
    refuses: &'static str,
    why: &'static str,
    remedy: &'static str,
    bad: &'static str,
    good: &'static str,
}

impl From<&Rule> for RuleDocument {
    fn from(rule: &Rule) -> Self {
        Self {
            code: rule.code,
            slug: rule.slug,
            area: rule.area,
            severity: rule.severity,
            refuses: rule.refuses,
            why: rule.why,
            remedy: rule.remedy,
            bad: rule.bad,
            good: rule.good,
        }
    }
}

/// Runs `explain`.
pub(super) fn explain(args: &ExplainArgs, session: &Session) -> Result<ExitCode, Failure> {
    let wanted = args.code.trim();
    let found = rules::all()
        .find(|rule| rule.code.eq_ignore_ascii_case(wanted) || rule.slug == wanted)
        .ok_or_else(|| Failure::Usage(unknown(wanted)))?;
    session.print(&page(found, session.style()), &RuleDocument::from(found))
}

fn unknown(wanted: &str) -> String {
    let near: Option<&Rule> = rules::all()
        .map(|rule| (distance(&rule.code.to_lowercase(), &wanted.to_lowercase()), rule))
        .chain(rules::all().map(|rule| (distance(rule.slug, wanted), rule)))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= 4)
        .map(|(_, rule)| rule);
    let hint = match near {
        Some(rule) => format!("did you mean {} ({})?", rule.code, rule.slug),
        None => "`countersign rules` lists them all".to_owned(),
    };
    format!("no rule has the code or slug `{wanted}`; {hint}")
}

/// How many characters must be changed, added or removed to come from one text to the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(80).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().take(80).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let changed = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn severity(rule: &Rule) -> &'static str {
    match rule.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn page(rule: &Rule, style: Style) -> String {
    let mut text = format!(
        "{} {}\n{} of the area {}\n\n",
        style.paint(Tone::Strong, rule.code),
        rule.slug,
        severity(rule),
        rule.area
    );
    for (label, part) in [("refuses", rule.refuses), ("why", rule.why), ("do", rule.remedy)] {
        text.push_str(&style.wrap(0, &format!("{label}: {part}")));
    }
    for (label, example) in [("refused", rule.bad), ("accepted", rule.good)] {
        let _ = writeln!(text, "\n{label}:");
        for line in example.lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

/// Runs `rules`.
pub(super) fn list(session: &Session) -> Result<ExitCode, Failure> {
    let mut text = String::new();
    for rule in rules::all() {
        let _ = writeln!(text, "{:<16} {:<8} {}", rule.code, severity(rule), rule.slug);
    }
    let rules = rules::all().map(RuleDocument::from).collect();
    session.print(&text, &RulesDocument { schema: "countersign.rules/v1", rules })
}
