//! `verify`: the consumer's question.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use countersign::pipeline::sign::SigningKey;
use countersign::pipeline::summary::{self, Summary};
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
  countersign verify dist --trust root.json --vsa atlas.vsa.sigstore.json --key verifier.key \\
    --verifier-id https://verify.atlas.example/v1

Everything is checked and reported, not only the first thing that is wrong. No network is used.
The summary that --vsa writes says PASSED, or FAILED when the release was judged and does not hold;
what could not be judged has none.

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
    /// Write the verdict as a SLSA Verification Summary, signed with --key
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with = "trust_as_of")]
    vsa: Option<PathBuf>,
    /// The private key to sign the summary with
    #[arg(long, value_name = "KEY", requires = "vsa")]
    key: Option<PathBuf>,
    /// A file whose first line is the passphrase of the key
    #[arg(long, value_name = "FILE", requires = "vsa")]
    passphrase_file: Option<PathBuf>,
    /// Who verifies, as the summary names it
    #[arg(long, value_name = "URI", requires = "vsa", default_value = summary::VERIFIER)]
    verifier_id: String,
    /// What the release is an artifact of; pkg:generic/NAME@VERSION when absent
    #[arg(long, value_name = "URI", requires = "vsa")]
    resource_uri: Option<String>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, session: &Session) -> Result<ExitCode, Failure> {
    let signing = match (&args.vsa, &args.key) {
        (Some(file), Some(path)) => {
            let key = session.private_key(path, args.passphrase_file.as_deref())?;
            Some((file.clone(), SigningKey { path: path.clone(), key }))
        }
        _ => None,
    };
    let request = verify::Request {
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
    };
    let inputs: Vec<&Path> = [Some(&args.target), args.artifacts.as_ref()]
        .into_iter()
        .flatten()
        .map(PathBuf::as_path)
        .collect();
    // After the passphrase: nothing is drawn over a question.
    let progress = session.progress_over("verifying", &inputs);
    let report = match &signing {
        None => verify::verify(&request)?,
        Some((file, key)) => {
            let (verifier, resource) = (args.verifier_id.clone(), args.resource_uri.clone());
            let file = file.clone();
            summary::verify(&request, &Summary { file, key, verifier, resource })?
        }
    };
    drop(progress);
    session.finish(&report)
}
