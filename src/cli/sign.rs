//! `sign`: sign an assembled release.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use countersign::pipeline::{Error, sign};
use serde::Serialize;

use super::exit::{self, Failure};
use super::render::text::escape;
use super::session::Session;
use super::signing::{self, IdentityDocument, ServiceArgs, TimeDocument, Told};

/// Signs the packet, the provenance and the checksums of a release directory.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign sign dist --key release.key
  countersign sign dist --key alice.key --key bob.key
  countersign sign dist --key release.key --trust keys/trust-root/1.json \\
    --timestamp-authority 'openssl ts -reply -config tsa.cnf -queryfile /dev/stdin'
  countersign sign dist --keyless --signing-config signing_config.json \\
    --trusted-root trusted_root.json --identity-token token.jwt
  countersign sign dist --key release.key --minisign
  countersign keys show release.pub --minisign > minisign.pub

The directory is read and held against its manifest first. Signing again with another key adds a
signer; the first signer's bundle is *.sigstore.json, further ones are lines of *.sigstore.jsonl.
With --minisign, `minisign -Vm checksums.txt -p minisign.pub` verifies the list as well.

{}", exit::TABLE))]
pub(super) struct Args {
    /// The release directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// A private key; several keys make several signers
    #[arg(
        long = "key",
        value_name = "KEY",
        required_unless_present = "keyless",
        conflicts_with = "keyless"
    )]
    keys: Vec<PathBuf>,
    /// Also sign checksums.txt for minisign, with the first Ed25519 key: checksums.txt.minisig
    #[arg(long)]
    minisign: bool,
    /// A file whose first line is the passphrase of the keys
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    services: ServiceArgs,
}

#[derive(Serialize)]
struct SignedDocument {
    schema: &'static str,
    product: String,
    version: String,
    signers: Vec<String>,
    identity: Option<IdentityDocument>,
    times: Vec<TimeDocument>,
    written: Vec<String>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, session: &Session) -> Result<ExitCode, Failure> {
    let keys = args
        .keys
        .iter()
        .map(|path| {
            let key = session.private_key(path, args.passphrase_file.as_deref())?;
            Ok(sign::SigningKey { path: path.clone(), key })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let progress = session.progress("signing");
    let signed =
        args.services.sign(&keys, session, |signers| sign::sign_by(&args.directory, signers));
    drop(progress);
    let mut signed = match signed {
        Ok(signed) => signed,
        Err(Failure::Library(Error::Blocked(report))) => return session.finish(&report),
        Err(failure) => return Err(failure),
    };
    if args.minisign {
        sign::sign_for_minisign(&args.directory, &mut signed, &keys)?;
    }
    let mut text = format!("signed {} {}\n", signed.manifest.product, signed.manifest.version);
    let told =
        Told { keys: &signed.signers, identity: signed.identity.as_ref(), times: &signed.times };
    signing::tell(&told, &mut text);
    for path in &signed.written {
        let _ = writeln!(text, "  wrote {}", escape(&path.display().to_string()));
    }
    let document = SignedDocument {
        schema: "countersign.signed/v1",
        product: signed.manifest.product.clone(),
        version: signed.manifest.version.to_string(),
        signers: signed.signers.iter().map(|key| key.id().to_string()).collect(),
        identity: signed.identity.as_ref().map(IdentityDocument::of),
        times: signed.times.iter().map(TimeDocument::of).collect(),
        written: signed.written.iter().map(|path| path.display().to_string()).collect(),
    };
    session.print(&text, &document)
}
