//! `verify-attestations`: many signed statements at once.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use countersign::pipeline::attestations::{self, ExpectedSigner};
use countersign::pipeline::blob::Blob;

use super::blob;
use super::exit::{self, Failure};
use super::keys;
use super::session::Session;
use super::trust::Role;

/// Verifies many attestations at once, offline: cosign's, GitHub's, witness's, ours.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign verify-attestations multiple.intoto.jsonl --key release.pub
  countersign verify-attestations attestations.jsonl --trust root.json --role release-evidence \\
    --subject atlas.tgz --predicate-type https://spdx.dev/Document
  countersign verify-attestations a.jsonl b.jsonl --key release.pub --subject sha256:ba7816bf...

Each line is a DSSE envelope or a Sigstore bundle; a file may also hold a single one, indented. Every
line is judged and reported, and one bad line refuses. What is signed well and about something else
is reported as not asked for; a subject that no attestation is about refuses.

{}", exit::TABLE))]
pub(super) struct Args {
    /// Lists of attestations, one a line
    #[arg(value_name = "FILE.jsonl", required = true)]
    files: Vec<PathBuf>,
    /// The public key that must have signed every line
    #[arg(long, value_name = "PUB", required_unless_present = "trust", conflicts_with = "trust")]
    key: Option<PathBuf>,
    /// The trust root whose people must have signed every line
    #[arg(long, value_name = "TRUST_ROOT")]
    trust: Option<PathBuf>,
    /// The role in which they must have signed
    #[arg(long, value_enum, value_name = "ROLE", default_value_t = Role::Evidence, requires = "trust")]
    role: Role,
    /// A file that must be attested, or its digest; may be given several times
    #[arg(long = "subject", value_name = "FILE|sha256:HEX")]
    subjects: Vec<PathBuf>,
    /// The predicate that must be attested, byte for byte
    #[arg(long, value_name = "URI")]
    predicate_type: Option<String>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, session: &Session) -> Result<ExitCode, Failure> {
    let signer = match (&args.key, &args.trust) {
        (Some(key), None) => ExpectedSigner::Key(Box::new(keys::read_public(key, None, session)?)),
        (None, Some(trust)) => ExpectedSigner::Root(trust.clone(), args.role.into()),
        _ => return Err(Failure::Usage("give either --key or --trust".to_owned())),
    };
    let subjects = args.subjects.iter().map(|subject| blob::parse(subject));
    let subjects = subjects.collect::<Result<Vec<Blob>, Failure>>()?;
    if args.predicate_type.as_ref().is_some_and(String::is_empty) {
        return Err(Failure::Usage("--predicate-type is empty; nothing has no type".to_owned()));
    }
    let paths: Vec<&Path> = args.files.iter().map(PathBuf::as_path).collect();
    let progress = session.progress_over("verifying", &paths);
    let report = attestations::verify(&attestations::Request {
        files: args.files.clone(),
        signer,
        subjects,
        predicate_type: args.predicate_type.clone(),
        now: session.now,
        replay: session.replay,
    })?;
    drop(progress);
    session.finish(&report)
}
