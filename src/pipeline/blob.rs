//! `sign-blob` and `verify-blob`: one signature, one file, one signer.

use std::path::{Path, PathBuf};

use super::Error;
use super::held::Held;
use super::sign::{New, Signable, Signers, StatedTime};
use crate::digest::Digest;
use crate::finding::rules::trust as rules;
use crate::finding::{Location, Report, Verdict};
use crate::json::{self, Limits};
use crate::provenance::{PAYLOAD_TYPE, subject_digests};
use crate::time::Timestamp;
use crate::tree;
use crate::trust::sigstore::keyless::CertificateIdentity;
use crate::trust::sigstore::{self, Identity, LoggedEntry, ManagedKey, TrustedRoot};
use crate::trust::{self, Algorithm, Bundle, Content, Outline, PublicKey, Refusal, Subject};

/// The largest bundle that is read, in bytes.
const MAX_BUNDLE_BYTES: usize = 64 << 20;
/// The largest trusted root that is read, in bytes.
const MAX_ROOT_BYTES: usize = 16 << 20;

/// What was signed.
#[derive(Debug)]
pub struct SignedBlob {
    /// The file's digest.
    pub digest: Digest,
    /// The key that has signed, as a list of one.
    pub signers: Vec<PublicKey>,
    /// Whom the certificate is for, where one signed.
    pub identity: Option<CertificateIdentity>,
    /// When, for each time that somebody states.
    pub times: Vec<StatedTime>,
}

/// Signs a file and writes the bundle, which holds exactly one signature.
///
/// # Errors
///
/// When the file cannot be read, there is not one signer, a service that is asked gives nothing
/// that holds, or the bundle cannot be written.
pub fn sign(file: &Path, signers: &Signers<'_>, bundle: &Path) -> Result<SignedBlob, Error> {
    let (digest, signable) = if signers.sign_digests() {
        let digest = Held::read(file)?.digest;
        (digest, Signable::Digest(digest))
    } else {
        let held = Held::read_whole(file)?;
        (held.digest, Signable::Message(held.bytes()?.into_owned()))
    };
    let signers = signers.ready()?;
    let mut signed = signers.sign(&signable)?;
    let (Some(New { bundle: only, times }), true) = (signed.pop(), signed.is_empty()) else {
        let problem = "a bundle holds exactly one signature; give one signer".to_owned();
        return Err(Error::Unusable { path: bundle.to_owned(), problem });
    };
    tree::write_atomic(bundle, &only.to_bytes(), 0o644)?;
    let (keys, identity) = (signers.public_keys(), signers.identity());
    Ok(SignedBlob { digest, signers: keys, identity, times })
}

/// What is verified: a file, or what is known of it.
#[derive(Debug, Clone)]
pub enum Blob {
    /// A file.
    File(PathBuf),
    /// Only its digest.
    Digest(Digest),
}

/// Verifies a bundle over a file: whoever made it, by the one identity that the caller brings.
///
/// A bundle that is a signature by a key and nothing else is judged by the key alone. One with a
/// certificate, a log entry or a timestamp is judged by the trusted root too, without which there
/// is no verdict. Nothing is fetched.
///
/// # Errors
///
/// When the file, the bundle or the trusted root cannot be read.
pub fn verify(
    blob: &Blob,
    bundle_path: &Path,
    identity: &Identity,
    trusted_root: Option<&Path>,
    now: Timestamp,
    replay: bool,
) -> Result<Report, Error> {
    let mut report = Report::new("verify-blob", now, replay);
    let name = match blob {
        Blob::File(path) => path.display().to_string(),
        Blob::Digest(digest) => format!("sha256:{digest}"),
    };
    let bundle = tree::read_named(bundle_path, MAX_BUNDLE_BYTES)?;
    let root = trusted_root
        .map(|path| Ok::<_, Error>((path, tree::read_named(path, MAX_ROOT_BYTES)?)))
        .transpose()?;
    let question = Question { name: &name, bundle: &bundle, bundle_path, identity, root };
    match blob {
        Blob::Digest(digest) => question.judge(Subject::Digest(*digest), &mut report),
        Blob::File(path) if question.is_over_bytes() => {
            question.judge_file(&Held::read_whole(path)?, &mut report)?;
        }
        Blob::File(path) => question.judge_file(&Held::read(path)?, &mut report)?,
    }
    Ok(report)
}

/// What is asked of a bundle.
struct Question<'a> {
    name: &'a str,
    bundle: &'a [u8],
    bundle_path: &'a Path,
    identity: &'a Identity,
    root: Option<(&'a Path, Vec<u8>)>,
}

impl Question<'_> {
    /// Tells whether the signature can only be one over the file itself.
    fn is_over_bytes(&self) -> bool {
        let key = match self.identity {
            Identity::Key(key) => key.as_public_key(),
            Identity::Certificate { .. } | Identity::Workflow { .. } => None,
        };
        key.is_some_and(|key| key.algorithm() == Algorithm::Ed25519)
            && Bundle::parse(self.bundle)
                .is_ok_and(|bundle| matches!(bundle.content(), Content::Message { .. }))
    }

    /// Asks by the digest where the file is large: most signatures are over no more. What does not
    /// pass by the digest is asked again with the bytes, which alone can decide.
    fn judge_file(&self, held: &Held<'_>, report: &mut Report) -> Result<(), Error> {
        if !held.is_held() {
            let mut by_digest = Report::new("verify-blob", report.judged_at(), false);
            self.judge(Subject::Digest(held.digest), &mut by_digest);
            let verdict = by_digest.verdict();
            if verdict == Verdict::Pass || verdict == Verdict::Refused && !held.fits() {
                report.append(by_digest);
                return Ok(());
            }
        }
        self.judge(Subject::Bytes(&held.bytes()?), report);
        Ok(())
    }

    fn judge(&self, subject: Subject<'_>, report: &mut Report) {
        let Self { name, bundle, bundle_path, identity, root } = self;
        let judged = Outline::parse(bundle).map_err(|refusal| (refusal, *bundle_path));
        let judged = judged.and_then(|outline| match identity {
            Identity::Key(key) if outline.is_bare() => by_key(report, name, bundle, subject, key)
                .map_err(|refusal| (refusal, *bundle_path)),
            Identity::Key(_) | Identity::Certificate { .. } | Identity::Workflow { .. } => {
                let (path, root) = root.as_ref().ok_or_else(|| (no_root(), *bundle_path))?;
                let root = TrustedRoot::parse(root).map_err(|refusal| (refusal, *path))?;
                by_root(report, name, bundle, subject, identity, &root)
                    .map_err(|refusal| (refusal, *bundle_path))
            }
        });
        if let Err((refusal, at)) = judged {
            let check = check_of(&refusal);
            report.failed(check, *name, refusal.at(Location::named(&at.display().to_string())));
        }
    }
}

fn no_root() -> Refusal {
    let message = "the bundle brings log entries or timestamps; give --trusted-root";
    Refusal { rule: &rules::TRUSTED_ROOT_UNUSABLE, message: message.to_owned() }
}

/// Names the check that a refusal ended.
fn check_of(refusal: &Refusal) -> &'static str {
    let rule = refusal.rule.code;
    let checks = [
        ("bundle", &[&rules::BUNDLE_MALFORMED, &rules::BUNDLE_UNSUPPORTED][..]),
        ("identity", &[&rules::CERTIFICATE_IDENTITY_MISMATCH]),
        ("certificate", &[&rules::CERTIFICATE_NOT_TRUSTED]),
        ("log entry", &[&rules::LOG_PROOF_INVALID]),
        ("time", &[&rules::TIME_NOT_PROVEN, &rules::FROM_THE_FUTURE]),
        ("trusted root", &[&rules::TRUSTED_ROOT_UNUSABLE]),
        ("statement", &[&rules::PAYLOAD_TYPE_UNSUPPORTED, &rules::STATEMENT_MALFORMED]),
        (
            "subject",
            &[&rules::SUBJECT_MISMATCH, &rules::MESSAGE_DIGEST_DIFFERS, &rules::WEAK_DIGEST],
        ),
    ];
    let named = checks.iter().find(|(_, rules)| rules.iter().any(|one| one.code == rule));
    named.map_or("signature", |(check, _)| check)
}

fn by_key(
    report: &mut Report,
    name: &str,
    bundle: &[u8],
    subject: Subject<'_>,
    key: &ManagedKey,
) -> Result<(), Refusal> {
    let key = key.as_public_key().ok_or_else(|| Refusal {
        rule: &rules::BUNDLE_UNSUPPORTED,
        message: "a bundle without log entry is verified with Ed25519 and P-256 keys".to_owned(),
    })?;
    let bundle = Bundle::parse(bundle)?;
    let verified = trust::open_with_key(&bundle, subject, key)?;
    report.passed("signature", name, format!("{key:?}"));
    let Some(payload) = verified.value() else { return Ok(()) };
    if payload.payload_type != PAYLOAD_TYPE {
        let message = format!("payload type `{}`", payload.payload_type.escape_debug());
        return Err(Refusal { rule: &rules::PAYLOAD_TYPE_UNSUPPORTED, message });
    }
    let digest = subject.digest();
    if !subject_digests(&payload.bytes)?.contains(&digest) {
        let message = format!("the signed statement does not name this file, sha256:{digest}");
        return Err(Refusal { rule: &rules::SUBJECT_MISMATCH, message });
    }
    report.passed("subject", name, format!("sha256:{digest}"));
    Ok(())
}

fn by_root(
    report: &mut Report,
    name: &str,
    bundle: &[u8],
    subject: Subject<'_>,
    identity: &Identity,
    root: &TrustedRoot,
) -> Result<(), Refusal> {
    let verified = sigstore::verify(bundle, subject, identity, root, report.judged_at())?;
    let attested = verified.value();
    match identity {
        Identity::Certificate { issuer, .. } | Identity::Workflow { issuer, .. } => {
            report.passed("signature", name, "by the key of the signing certificate");
            let window = attested
                .certificate_window()
                .map_or_else(String::new, |(from, until)| format!(", in use {from} to {until}"));
            let detail = format!("leads to the trusted root, publicly logged{window}");
            report.passed("certificate", name, detail);
            let who = attested.certificate_name().unwrap_or_default();
            let who = match identity {
                Identity::Workflow { workflow, .. } => format!("the workflow {workflow}: `{who}`"),
                Identity::Certificate { .. } | Identity::Key(_) => format!("`{who}`"),
            };
            report.passed("identity", name, format!("{who}, vouched for by `{issuer}`"));
        }
        Identity::Key(key) => {
            report.passed("signature", name, format!("by the key {}", key.digest()));
        }
    }
    for entry in attested.entries() {
        let proof =
            entry.tree.as_ref().map(|tree| format!("included in a signed tree of {}", tree.size));
        let promise = entry.promised.then(|| "promised by the log".to_owned());
        let proofs: Vec<String> = proof.into_iter().chain(promise).collect();
        let LoggedEntry { log, index, kind, .. } = entry;
        report.passed("log entry", name, format!("{kind} {index} in {log}: {}", proofs.join(", ")));
    }
    for time in attested.times() {
        report.passed("time", name, format!("judged as of {}, stated by {}", time.at, time.by));
    }
    if attested.times().is_empty() {
        report.skipped("time", name, "no time of signing is stated; the key has no window");
    }
    report.passed("subject", name, format!("sha256:{}", subject.digest()));
    Ok(())
}

/// Tells, unverified, what a bundle is: for `inspect`.
#[must_use]
pub fn describe(bundle: &Bundle) -> String {
    match bundle.content() {
        Content::Message { stated, .. } => format!("a signature over a file sha256:{stated}"),
        Content::Envelope(envelope) => {
            let payload = envelope.unverified_payload();
            let kind = json::parse::<StatementHead>(payload, Limits::EVIDENCE)
                .map(|head| head.predicate_type);
            match kind {
                Ok(kind) => format!("a signed in-toto statement, predicate {kind}"),
                Err(_) => {
                    format!("a signed payload of type {}", envelope.unverified_payload_type())
                }
            }
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatementHead {
    predicate_type: String,
}
