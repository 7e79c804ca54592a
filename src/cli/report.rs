//! `report`: one page about a release, or about a report.

use std::path::PathBuf;
use std::process::ExitCode;

use countersign::pipeline::page::{self, Request};
use countersign::tree;

use super::exit::{self, Failure};
use super::render::page::{Changes, Page};
use super::session::Session;

/// Writes a page about a release, or about a report: one file of HTML without script or network.
///
/// A packet is verified with `--trust`, and the exit code says whether it holds. Without it, and for
/// a report, the page tells what a document says of itself, and says so.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign report dist --trust trust-root.json -o report.html
  countersign report dist-0.3.0 --trust trust-root.json --previous dist-0.2.0 -o report.html
  countersign check --format json > report.json; countersign report report.json -o report.html

{}", exit::TABLE))]
pub(super) struct Args {
    /// A packet, a release directory, or a report in JSON
    #[arg(value_name = "PACKET|REPORT.json")]
    target: PathBuf,
    /// The trust root to verify with; it comes from you, not from the release
    #[arg(long, value_name = "TRUST_ROOT")]
    trust: Option<PathBuf>,
    /// A folder of newer versions of the trust root
    #[arg(long, value_name = "DIR", requires = "trust")]
    trust_updates: Option<PathBuf>,
    /// A folder of the release's artifacts
    #[arg(long, value_name = "DIR", requires = "trust")]
    artifacts: Option<PathBuf>,
    /// The release before, to tell what changed
    #[arg(long, value_name = "PACKET")]
    previous: Option<PathBuf>,
    /// The page to write; standard output when absent
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, session: &Session) -> Result<ExitCode, Failure> {
    let progress = session.progress_over("reading the release", &[&args.target]);
    let told = page::tell(&Request {
        target: args.target.clone(),
        trust: args.trust.clone(),
        updates: args.trust_updates.clone(),
        artifacts: args.artifacts.clone(),
        previous: args.previous.clone(),
        now: session.now,
        replay: session.replay,
    })?;
    drop(progress);
    let page = Page {
        report: &told.report,
        carried: told.carried.as_ref(),
        is_verified: told.is_verified,
        changes: told.difference.as_ref().map(|difference| Changes {
            before: &difference.before.release,
            after: &difference.after.release,
            changes: &difference.changes,
        }),
    };
    let html = super::render::page::write(&page);
    match &args.out {
        Some(path) => tree::write_atomic(path, html.as_bytes(), 0o644)?,
        None => session.write(html.as_bytes())?,
    }
    if told.is_verified { Ok(exit::of(told.report.verdict)) } else { Ok(ExitCode::SUCCESS) }
}
