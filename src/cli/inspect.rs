//! `inspect`: what is in a file, unverified.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use countersign::pipeline::inspect;
use serde::Serialize;

use super::exit::{self, Failure};
use super::render::text::{Tone, escape};
use super::session::Session;

/// Shows what is in a file, unverified.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign inspect atlas-0.3.0.packet.tar.gz
  countersign inspect atlas-0.3.0.provenance.sigstore.json --format json

{}", exit::TABLE))]
pub(super) struct Args {
    /// A packet, bundle, envelope, statement, key, SBOM or load summary
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Serialize)]
struct InspectionDocument {
    schema: &'static str,
    verified: bool,
    kind: String,
    facts: Vec<FactDocument>,
}

#[derive(Serialize)]
struct FactDocument {
    name: String,
    value: String,
}

/// Runs the verb.
pub(super) fn run(args: &Args, session: &Session) -> Result<ExitCode, Failure> {
    let found = inspect::inspect(&args.file)?;
    let style = session.style();
    let mut text = format!("{} {}\n", style.paint(Tone::Unsure, "unverified"), escape(&found.kind));
    let width = found.facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).min(60);
    for (name, value) in &found.facts {
        let _ = writeln!(text, "  {:<width$}  {}", escape(name), escape(value));
    }
    let facts = found.facts.into_iter().map(|(name, value)| FactDocument { name, value });
    let document = InspectionDocument {
        schema: "countersign.inspection/v1",
        verified: false,
        kind: found.kind,
        facts: facts.collect(),
    };
    session.print(&text, &document)
}
