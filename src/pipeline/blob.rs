//! `sign-blob` and `verify-blob`: one signature, one file, one signer.

use std::path::{Path, PathBuf};

use super::Error;
use super::held::Held;
use super::sign::{New, Signable, Signers, StatedTime};
use crate::digest::{Comparison, Digest, StrongDigests, Thing};
use crate::finding::rules::trust as rules;
use crate::finding::{Location, Report, Verdict};
use crate::json::{self, Limits};
use crate::provenance::ForeignStatement;
use crate::time::Timestamp;
use crate::tree;
use crate::trust::sigstore::keyless::CertificateIdentity;
use crate::trust::sigstore::{self, Identity, LoggedEntry, ManagedKey, TrustedRoot};
use crate::trust::{
    self, Algorithm, Bundle, Content, MinisignSignature, Outline, Payload, PublicKey, Refusal,
    Subject, minisign,
};

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
        if minisign::is_minisign(bundle) {
            if let Err(refusal) = by_minisign(report, name, bundle, subject, identity) {
                let at = Location::named(&bundle_path.display().to_string());
                report.failed("signature", *name, refusal.at(at));
            }
            return;
        }
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
    hold_statement(payload, subject)?;
    report.passed("subject", name, format!("sha256:{}", subject.digest()));
    Ok(())
}

/// Judges a signature that minisign, or `sign --minisign`, made.
fn by_minisign(
    report: &mut Report,
    name: &str,
    signature: &[u8],
    subject: Subject<'_>,
    identity: &Identity,
) -> Result<(), Refusal> {
    let unsupported = || Refusal {
        rule: &rules::BUNDLE_UNSUPPORTED,
        message: "a minisign signature is verified with an Ed25519 key".to_owned(),
    };
    let Identity::Key(key) = identity else { return Err(unsupported()) };
    let public = key.as_public_key().ok_or_else(unsupported)?;
    let Subject::Bytes(bytes) = subject else {
        let message = "a minisign signature is over the file itself; give the file".to_owned();
        return Err(Refusal { rule: &rules::FILE_NEEDED, message });
    };
    let signature = MinisignSignature::parse(signature)?;
    let number = key.minisign_number();
    let verified = trust::open_minisign_with_key(bytes, &signature, public, number)?;
    let named = signature.unverified_number();
    report.passed("signature", name, format!("{public:?}, minisign key {named}"));
    let comment = verified.value().escape_debug().to_string();
    report.passed("trusted comment", name, comment);
    report.passed("subject", name, format!("sha256:{}", subject.digest()));
    Ok(())
}

/// Holds when a signed statement names the file by every strong digest that it states.
fn hold_statement(payload: &Payload, subject: Subject<'_>) -> Result<(), Refusal> {
    let statement = ForeignStatement::read(payload)?;
    // The longer digests take another pass over the file; few statements have them.
    let longer = statement.subjects.iter().any(|subject| subject.digests.has_longer());
    let digests = match subject {
        Subject::Bytes(bytes) if longer => Some(StrongDigests::of(bytes)),
        Subject::Bytes(_) | Subject::Digest(_) => None,
    };
    let digest = subject.digest();
    let thing =
        digests.as_ref().map_or(Thing::Digest(digest, None), |digests| Thing::File(digests, None));
    match statement.compare(thing) {
        Comparison::Same => Ok(()),
        Comparison::Other => {
            let message = format!("the signed statement does not name this file, sha256:{digest}");
            Err(Refusal { rule: &rules::SUBJECT_MISMATCH, message })
        }
        Comparison::Unchecked(name) => {
            let message =
                format!("the signed statement states a {name}, which this digest cannot show");
            Err(Refusal { rule: &rules::WEAK_DIGEST, message })
        }
    }
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
    if let Some(payload) = attested.payload() {
        hold_statement(payload, subject)?;
    }
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
