//! `verify`: the consumer's question.

use std::path::PathBuf;
use std::process::ExitCode;

use countersign::pipeline::verify;
use countersign::validator::packet::Expectations;
use countersign::{Timestamp, Version};

use super::exit::{self, Failure};
use super::session::Session;

/// Verifies a release offline, from its files and a trust root alone.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign verify dist --trust keys/trust-root/1.json
  countersign verify atlas-0.3.0.packet.tar.gz --trust root.json --expect-version 0.3.0 \\
    --artifacts downloads --state ~/.local/state/countersign/atlas.json
  countersign verify dist --trust root.json --trust-updates roots --trust-as-of 2026-10-01T00:00:00Z

Everything is checked and reported, not only the first thing that is wrong. No network is used.

{}", exit::TABLE))]
pub(super) struct Args {
    /// A packet with its sidecars beside it, or a release directory
    #[arg(value_name = "PACKET|DIR")]
    target: PathBuf,
    /// The trust root to verify with; it comes from you, not from the release
    #[arg(long, value_name = "TRUST_ROOT")]
    trust: PathBuf,
    /// A folder of newer versions of the trust root, each signed as the one before it asks
    #[arg(long, value_name = "DIR")]
    trust_updates: Option<PathBuf>,
    /// Judge with the trust of an earlier time, not today's: what was good then, as history
    #[arg(long, value_name = "RFC3339", conflicts_with = "state")]
    trust_as_of: Option<Timestamp>,
    /// The product that it must be
    #[arg(long, value_name = "N")]
    expect_name: Option<String>,
    /// The version that it must be
    #[arg(long, value_name = "V")]
    expect_version: Option<Version>,
    /// The commit that it must be built from
    #[arg(long, value_name = "HEX")]
    expect_commit: Option<String>,
    /// The lowest sequence that is accepted
    #[arg(long, value_name = "N")]
    min_sequence: Option<u64>,
    /// Remember the newest release that was accepted, and refuse older ones
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// The folder of artifacts to verify with a packet
    #[arg(long, value_name = "DIR")]
    artifacts: Option<PathBuf>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, session: &Session) -> Result<ExitCode, Failure> {
    let progress = session.progress("verifying");
    let report = verify::verify(&verify::Request {
        target: args.target.clone(),
        trust: args.trust.clone(),
        updates: args.trust_updates.clone(),
        trust_as_of: args.trust_as_of,
        expectations: Expectations {
            name: args.expect_name.clone(),
            version: args.expect_version.clone(),
            commit: args.expect_commit.clone(),
            min_sequence: args.min_sequence,
        },
        state: args.state.clone(),
        artifacts: args.artifacts.clone(),
        now: session.now,
        replay: session.replay,
    })?;
    drop(progress);
    session.finish(&report)
}
