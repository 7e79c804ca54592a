//! `sign-blob` and `verify-blob`.

use std::path::PathBuf;
use std::process::ExitCode;

use countersign::Digest;
use countersign::pipeline::blob::{self, Blob};
use serde::Serialize;

use super::exit::{self, Failure};
use super::keys;
use super::session::Session;

/// Signs one file.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign sign-blob atlas.tgz --key release.key --bundle atlas.tgz.sigstore.json

{}", exit::TABLE))]
pub(super) struct SignArgs {
    /// The file to sign
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The private key
    #[arg(long, value_name = "KEY")]
    key: PathBuf,
    /// The bundle to write
    #[arg(long, value_name = "OUT")]
    bundle: PathBuf,
    /// A file whose first line is the passphrase of the key
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// Verifies one file's Sigstore bundle with a key.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign verify-blob atlas.tgz --bundle atlas.tgz.sigstore.json --key release.pub
  countersign verify-blob sha256:ba7816bf... --bundle atlas.tgz.sigstore.json --key release.pub

{}", exit::TABLE))]
pub(super) struct VerifyArgs {
    /// The file, or its digest
    #[arg(value_name = "FILE|sha256:HEX")]
    blob: PathBuf,
    /// The bundle
    #[arg(long, value_name = "B")]
    bundle: PathBuf,
    /// The public key that must have signed
    #[arg(long, value_name = "PUB")]
    key: PathBuf,
}

#[derive(Serialize)]
struct SignedBlobDocument {
    schema: &'static str,
    sha256: String,
    key_id: String,
    bundle: String,
}

/// Runs `sign-blob`.
pub(super) fn sign(args: &SignArgs, session: &Session) -> Result<ExitCode, Failure> {
    let key = session.private_key(&args.key, args.passphrase_file.as_deref())?;
    let digest = blob::sign(&args.file, &key, &args.bundle)?;
    let bundle = args.bundle.display().to_string();
    let text = format!("signed sha256:{digest} with {}\n", key.public().id());
    let document = SignedBlobDocument {
        schema: "countersign.signed-blob/v1",
        sha256: digest.to_string(),
        key_id: key.public().id().to_string(),
        bundle,
    };
    session.print(&text, &document)
}

/// Runs `verify-blob`.
pub(super) fn verify(args: &VerifyArgs, session: &Session) -> Result<ExitCode, Failure> {
    let blob = match args.blob.to_str().and_then(|text| text.strip_prefix("sha256:")) {
        Some(digest) => Blob::Digest(
            digest.parse::<Digest>().map_err(|error| Failure::Usage(error.to_string()))?,
        ),
        None => Blob::File(args.blob.clone()),
    };
    let key = keys::read_public(&args.key, None, session)?;
    let report = blob::verify(&blob, &args.bundle, &key, session.now, session.replay)?;
    session.finish(&report)
}
