//! `attest`: one validator's result, signed.

use std::path::PathBuf;
use std::process::ExitCode;

use countersign::pipeline::attest;
use countersign::pipeline::sign::SigningKey;
use countersign::validator::Context;

use super::check::AreaName;
use super::exit::{self, Failure};
use super::session::Session;

/// Judges one area below `ops/` and signs the result as an in-toto test result about files.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign attest k8s --key release.key --subject atlas-0.3.0.tgz -o k8s.sigstore.json
  countersign attest load --root ../service --key ci.key --subject image.tar \\
    -o load.sigstore.json --derived evidence/load
  countersign verify-attestations k8s.sigstore.json --key release.pub --subject atlas-0.3.0.tgz

The result is PASSED, WARNED or FAILED and is written in each case; FAILED also ends with 1. What
could not be judged is not signed. The statement names the governed files, and the documents that the
area derives from them, by their digests.

{}", exit::TABLE))]
pub(super) struct Args {
    /// The area to judge
    #[arg(value_enum, value_name = "AREA")]
    area: AreaName,
    /// The folder that holds `ops/`
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// The private key to sign with
    #[arg(long, value_name = "KEY")]
    key: PathBuf,
    /// A file that the result is about; may be given several times
    #[arg(long = "subject", value_name = "FILE", required = true, num_args = 1..)]
    subjects: Vec<PathBuf>,
    /// The bundle to write
    #[arg(short = 'o', value_name = "FILE")]
    out: PathBuf,
    /// Also write the documents that the area derives from its inputs into this folder
    #[arg(long, value_name = "DIR")]
    derived: Option<PathBuf>,
    /// A file whose first line is the passphrase of the key
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, session: &Session) -> Result<ExitCode, Failure> {
    let key = session.private_key(&args.key, args.passphrase_file.as_deref())?;
    let progress = session.progress("judging");
    let report = attest::attest(
        &attest::Request {
            root: args.root.clone(),
            area: args.area.into(),
            subjects: args.subjects.clone(),
            context: Context::at(session.now),
            replay: session.replay,
            out: args.out.clone(),
            derived: args.derived.clone(),
        },
        &SigningKey { path: args.key.clone(), key },
    )?;
    drop(progress);
    session.finish(&report)
}
