//! `sign-blob` and `verify-blob`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use countersign::Digest;
use countersign::pipeline::blob::{self, Blob};
use countersign::pipeline::sign::{Signers, SigningKey};
use countersign::trust::sigstore::Identity;
use serde::Serialize;

use super::exit::{self, Failure};
use super::identity::WorkflowArgs;
use super::keys;
use super::session::Session;
use super::signing::{self, IdentityDocument, ServiceArgs, TimeDocument, Told};

/// Signs one file.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign sign-blob atlas.tgz --key release.key --bundle atlas.tgz.sigstore.json
  countersign sign-blob atlas.tgz --key release.key --bundle atlas.tgz.sigstore.json \\
    --timestamp-authority 'openssl ts -reply -config tsa.cnf -queryfile /dev/stdin' \\
    --trusted-root trusted_root.json
  countersign sign-blob atlas.tgz --bundle atlas.tgz.sigstore.json --keyless \\
    --signing-config signing_config.json --trusted-root trusted_root.json

{}", exit::TABLE))]
pub(super) struct SignArgs {
    /// The file to sign
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The private key
    #[arg(
        long,
        value_name = "KEY",
        required_unless_present = "keyless",
        conflicts_with = "keyless"
    )]
    key: Option<PathBuf>,
    /// The bundle to write
    #[arg(long, value_name = "OUT")]
    bundle: PathBuf,
    /// A file whose first line is the passphrase of the key
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    services: ServiceArgs,
}

/// Verifies one file's Sigstore bundle, whoever made it, offline.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign verify-blob atlas.tgz --bundle atlas.tgz.sigstore.json --key release.pub
  countersign verify-blob sha256:ba7816bf... --bundle atlas.tgz.sigstore.json --key release.pub
  countersign verify-blob atlas.tgz --bundle atlas.tgz.sigstore.json \\
    --certificate-identity release@lantern.example \\
    --certificate-oidc-issuer https://accounts.example --trusted-root trusted_root.json
  countersign verify-blob atlas.tgz --bundle atlas.tgz.sigstore.json \\
    --certificate-workflow-host github.com --certificate-workflow-owner lantern \\
    --certificate-workflow-repository atlas \\
    --certificate-workflow-file .github/workflows/release.yml \\
    --certificate-workflow-ref 'refs/tags/v*' \\
    --certificate-oidc-issuer https://token.actions.githubusercontent.com \\
    --trusted-root trusted_root.json

{}", exit::TABLE))]
pub(super) struct VerifyArgs {
    /// The file, or its digest
    #[arg(value_name = "FILE|sha256:HEX")]
    blob: PathBuf,
    /// The bundle
    #[arg(long, value_name = "B")]
    bundle: PathBuf,
    /// The public key that must have signed
    #[arg(long, value_name = "PUB", conflicts_with_all = ["certificate_identity", "certificate_oidc_issuer"])]
    key: Option<PathBuf>,
    /// The only name that the signing certificate may have, in full
    #[arg(long, value_name = "ID", requires = "certificate_oidc_issuer")]
    certificate_identity: Option<String>,
    /// The issuer that must have vouched for the name, in full
    #[arg(long, value_name = "URL")]
    certificate_oidc_issuer: Option<String>,
    #[command(flatten)]
    workflow: WorkflowArgs,
    /// The Sigstore instance's trusted_root.json; none is built in and none is fetched
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
}

#[derive(Serialize)]
struct SignedBlobDocument {
    schema: &'static str,
    sha256: String,
    key_id: String,
    identity: Option<IdentityDocument>,
    times: Vec<TimeDocument>,
    bundle: String,
}

/// Runs `sign-blob`.
pub(super) fn sign(args: &SignArgs, session: &Session) -> Result<ExitCode, Failure> {
    let keys = args
        .key
        .iter()
        .map(|path| {
            let key = session.private_key(path, args.passphrase_file.as_deref())?;
            Ok(SigningKey { path: path.clone(), key })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let progress = session.progress("signing");
    let sign = |signers: &Signers<'_>| blob::sign(&args.file, signers, &args.bundle);
    let signed = args.services.sign(&keys, session, sign);
    drop(progress);
    let signed = signed?;
    let key_id = signed.signers.first().map(|key| key.id().to_string()).unwrap_or_default();
    let identity = signed.identity.as_ref();
    let mut text = match identity {
        None => format!("signed sha256:{} with {key_id}\n", signed.digest),
        Some(_) => format!("signed sha256:{}\n", signed.digest),
    };
    let told = Told { keys: &[], identity, times: &signed.times };
    signing::tell(&told, &mut text);
    let document = SignedBlobDocument {
        schema: "countersign.signed-blob/v1",
        sha256: signed.digest.to_string(),
        key_id,
        identity: identity.map(IdentityDocument::of),
        times: signed.times.iter().map(TimeDocument::of).collect(),
        bundle: args.bundle.display().to_string(),
    };
    session.print(&text, &document)
}

/// Runs `verify-blob`.
pub(super) fn verify(args: &VerifyArgs, session: &Session) -> Result<ExitCode, Failure> {
    let blob = parse(&args.blob)?;
    let identity = identity_of(args, session)?;
    let root = args.trusted_root.as_deref();
    if root.is_none() && !matches!(identity, Identity::Key(_)) {
        let problem = "a certificate is verified against a trusted root, and none is built in: \
                       give the instance's trusted_root.json with --trusted-root";
        return Err(Failure::Usage(problem.to_owned()));
    }
    let report = blob::verify(&blob, &args.bundle, &identity, root, session.now, session.replay)?;
    session.finish(&report)
}

/// Reads a file's name, or the digest of a file.
pub(super) fn parse(text: &Path) -> Result<Blob, Failure> {
    match text.to_str().and_then(|text| text.strip_prefix("sha256:")) {
        Some(digest) => digest
            .parse::<Digest>()
            .map(Blob::Digest)
            .map_err(|error| Failure::Usage(error.to_string())),
        None => Ok(Blob::File(text.to_owned())),
    }
}

fn identity_of(args: &VerifyArgs, session: &Session) -> Result<Identity, Failure> {
    let workflow = args.workflow.identity()?;
    match (&args.key, &args.certificate_identity, workflow, &args.certificate_oidc_issuer) {
        (Some(key), None, None, None) => Ok(Identity::Key(keys::read_managed(key, session)?)),
        (None, Some(identity), None, Some(issuer))
            if !identity.is_empty() && !issuer.is_empty() =>
        {
            Ok(Identity::Certificate { identity: identity.clone(), issuer: issuer.clone() })
        }
        (None, None, Some(workflow), Some(issuer)) if !issuer.is_empty() => {
            Ok(Identity::Workflow { workflow, issuer: issuer.clone() })
        }
        _ => {
            let problem = "give either --key, or --certificate-identity with \
                           --certificate-oidc-issuer, or the five --certificate-workflow flags with \
                           --certificate-oidc-issuer, none of them empty";
            Err(Failure::Usage(problem.to_owned()))
        }
    }
}
