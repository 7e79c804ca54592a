//! `diff`: what changed between two releases.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use countersign::packet::diff::{ChangeDocument, ChangeKind, ComparedDocument, Section};
use countersign::pipeline::diff;
use serde::Serialize;

use super::exit::{self, Failure};
use super::render::text::{Style, Tone, escape};
use super::session::Session;

/// Shows what changed between two releases. Verifies neither.
///
/// Artifacts, images, packages, what it was built with, evidence, findings, waivers, promises about
/// going back, and who signed. File names are compared without the release's own version.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign diff dist-0.2.0 dist-0.3.0
  countersign diff atlas-0.2.0.packet.tar.gz atlas-0.3.0.packet.tar.gz --format json

Exit codes of this verb: 0 whatever changed, 3 where a packet cannot be read.

{}", exit::TABLE))]
pub(super) struct Args {
    /// The first packet, or its release directory
    #[arg(value_name = "PACKET")]
    before: PathBuf,
    /// The second one
    #[arg(value_name = "PACKET")]
    after: PathBuf,
}

#[derive(Serialize)]
struct DiffDocument {
    schema: &'static str,
    verified: bool,
    before: ComparedDocument,
    after: ComparedDocument,
    changes: Vec<ChangeDocument>,
    summary: SummaryDocument,
}

#[derive(Serialize)]
struct SummaryDocument {
    added: usize,
    removed: usize,
    changed: usize,
}

/// Runs the verb.
pub(super) fn run(args: &Args, session: &Session) -> Result<ExitCode, Failure> {
    let progress = session.progress_over("reading both packets", &[&args.before, &args.after]);
    let found = diff::diff(&args.before, &args.after)?;
    drop(progress);
    let count = |kind| found.changes.iter().filter(|one| one.change == kind).count();
    let document = DiffDocument {
        schema: "countersign.diff/v1",
        verified: false,
        summary: SummaryDocument {
            added: count(ChangeKind::Added),
            removed: count(ChangeKind::Removed),
            changed: count(ChangeKind::Changed),
        },
        before: found.before.release,
        after: found.after.release,
        changes: found.changes,
    };
    session.print(&text(&document, session.style()), &document)
}

fn text(document: &DiffDocument, style: Style) -> String {
    let (before, after) = (&document.before, &document.after);
    let mut out = format!(
        "{} {} {} to {}\n",
        style.paint(Tone::Unsure, "unverified"),
        escape(&before.product),
        before.version,
        after.version
    );
    for (mark, release) in [("-", before), ("+", after)] {
        let _ = writeln!(out, "  {mark} sha256:{}, made {}", release.sha256, release.issued_at);
    }
    for section in Section::ALL {
        let rows: Vec<&ChangeDocument> =
            document.changes.iter().filter(|change| change.section == section).collect();
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n{} ({})", style.paint(Tone::Strong, section.word()), rows.len());
        for row in rows {
            write_row(row, style, &mut out);
        }
    }
    let summary = &document.summary;
    let _ = writeln!(
        out,
        "\n{} added, {} removed, {} changed",
        summary.added, summary.removed, summary.changed
    );
    out
}

fn write_row(row: &ChangeDocument, style: Style, out: &mut String) {
    let (mark, tone) = match row.change {
        ChangeKind::Added => ("+", Tone::Good),
        ChangeKind::Removed => ("-", Tone::Bad),
        ChangeKind::Changed => ("~", Tone::Unsure),
    };
    let _ = writeln!(out, "  {} {}", style.paint(tone, mark), escape(&row.item));
    for (mark, value) in [("-", &row.before), ("+", &row.after)] {
        if let Some(value) = value {
            let _ = writeln!(out, "      {mark} {}", escape(value));
        }
    }
}
