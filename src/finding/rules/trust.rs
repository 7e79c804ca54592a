//! The rules of the area `trust`.

use super::{Rule, Weight};
use crate::finding::{Area, Severity};

/// The table, in the order of the codes.
pub const RULES: &[&Rule] = &[
    &ENVELOPE_MALFORMED,
    &BUNDLE_MALFORMED,
    &SIGNATURE_MISSING,
    &SIGNATURE_INVALID,
    &THRESHOLD_NOT_REACHED,
    &ROLE_UNKNOWN,
    &PAYLOADS_DIFFER,
    &PAYLOAD_TYPE_UNSUPPORTED,
    &MESSAGE_DIGEST_DIFFERS,
    &FILE_NEEDED,
    &STATEMENT_MALFORMED,
    &PREDICATE_TYPE_MISMATCH,
    &SUBJECT_MISMATCH,
    &WEAK_DIGEST,
    &BUILDER_NOT_ALLOWED,
    &PARAMETER_NOT_ALLOWED,
    &SEAL_MISMATCH,
    &PROVENANCE_MISMATCH,
    &EXPECTATION_NOT_MET,
    &ROLLED_BACK,
    &FROM_THE_FUTURE,
    &CERTIFICATE_IDENTITY_MISMATCH,
    &LOG_PROOF_INVALID,
    &TIME_NOT_PROVEN,
    &TRUSTED_ROOT_UNUSABLE,
    &BUNDLE_UNSUPPORTED,
    &CERTIFICATE_NOT_TRUSTED,
    &APPROVAL_MISSING,
    &APPROVAL_SCOPE_MISMATCH,
    &APPROVAL_EXPIRED,
    &APPROVAL_CONSUMED,
    &CLOCK_BEFORE_TRUST,
    &TRUST_ROOT_UNSOUND,
    &TRUST_ROOT_EXPIRED,
    &WAIVER_NOT_SIGNED,
    &WAIVER_TOO_LONG,
    &LOG_INCONSISTENT,
    &APPROVAL_TOO_LONG,
    &ATTESTATION_MISSING,
    &SUMMARY_NOT_ACCEPTED,
    &MINISIGN_MALFORMED,
];

/// The file is not one well-formed DSSE envelope.
pub static ENVELOPE_MALFORMED: Rule = Rule {
    code: "CS-TRUST-001",
    slug: "envelope-malformed",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the file is not one well-formed DSSE envelope",
    why: "a reader that guesses what was meant can be led to another payload than the one that was signed",
    remedy: "sign again; do not edit an envelope",
    bad: "{\"payload\": \"...\", \"signatures\": []}",
    good: "{\"payload\": \"...\", \"payloadType\": \"...\", \"signatures\": [{\"keyid\": \"...\", \"sig\": \"...\"}]}",
};

/// The file is not one well-formed Sigstore bundle of the kind that is expected here.
pub static BUNDLE_MALFORMED: Rule = Rule {
    code: "CS-TRUST-002",
    slug: "bundle-malformed",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the file is not one well-formed Sigstore bundle of the kind that is expected here",
    why: "what is half understood is not verified",
    remedy: "sign again with a tool that writes Sigstore bundles v0.3",
    bad: "a bundle with two signatures, or of media type v0.4",
    good: "a bundle v0.3 with one signature by a managed key",
};

/// A file that must be signed has no signature.
pub static SIGNATURE_MISSING: Rule = Rule {
    code: "CS-TRUST-003",
    slug: "signature-missing",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a file that must be signed has no signature",
    why: "anybody could have made the file",
    remedy: "run `countersign sign` on the release directory, or fetch the missing sidecar",
    bad: "atlas-1.0.0.packet.tar.gz without atlas-1.0.0.packet.tar.gz.sigstore.json",
    good: "the packet and its sidecar side by side",
};

/// The signature is not the given key's over these bytes.
pub static SIGNATURE_INVALID: Rule = Rule {
    code: "CS-TRUST-004",
    slug: "signature-invalid",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the signature is not the given key's over these bytes",
    why: "the bytes were changed after they were signed, or somebody else signed them",
    remedy: "fetch file and bundle again from their source; if they still differ, do not use them",
    bad: "a file that was edited after signing",
    good: "the file as it was signed",
};

/// Fewer people than the role takes have signed with keys in use.
pub static THRESHOLD_NOT_REACHED: Rule = Rule {
    code: "CS-TRUST-005",
    slug: "threshold-not-reached",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "fewer people than the role takes have signed with keys in use",
    why: "one stolen key or one person alone must not be enough where several are asked for",
    remedy: "have the missing people sign; a second key of the same person counts for nothing",
    bad: "two signatures by two keys of one person, threshold 2",
    good: "signatures of two people, threshold 2",
};

/// The trust root does not say who may speak in this role.
pub static ROLE_UNKNOWN: Rule = Rule {
    code: "CS-TRUST-006",
    slug: "role-unknown",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the trust root does not say who may speak in this role",
    why: "a role that nobody holds can be taken by anybody",
    remedy: "add the role to the trust root",
    bad: "a trust root without the role `evidence`",
    good: "a trust root whose role `evidence` names keys and a threshold",
};

/// Signers of one thing signed different payloads.
pub static PAYLOADS_DIFFER: Rule = Rule {
    code: "CS-TRUST-007",
    slug: "payloads-differ",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "signers of one thing signed different payloads",
    why: "each of them approved something else",
    remedy: "sign the same payload",
    bad: "two seals of one packet with different sequence numbers",
    good: "two signatures over one seal",
};

/// The signed payload is of another type than the one that is expected.
pub static PAYLOAD_TYPE_UNSUPPORTED: Rule = Rule {
    code: "CS-TRUST-008",
    slug: "payload-type-unsupported",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the signed payload is of another type than the one that is expected",
    why: "a signature for one purpose would be used for another",
    remedy: "give the envelope that was made for this purpose",
    bad: "payloadType `text/plain`",
    good: "payloadType `application/vnd.in-toto+json`",
};

/// The bundle is about a file with another digest.
pub static MESSAGE_DIGEST_DIFFERS: Rule = Rule {
    code: "CS-TRUST-009",
    slug: "message-digest-differs",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the bundle is about a file with another digest",
    why: "the signature belongs to something else",
    remedy: "give the file that the bundle was made for",
    bad: "the bundle of a.txt beside b.txt",
    good: "the bundle of a.txt beside a.txt",
};

/// The signature can only be checked over the file itself.
pub static FILE_NEEDED: Rule = Rule {
    code: "CS-TRUST-010",
    slug: "file-needed",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Unjudged,
    refuses: "the signature can only be checked over the file itself",
    why: "Ed25519 signs the file and not its digest",
    remedy: "give the file instead of its digest",
    bad: "verify-blob sha256:... with an Ed25519 message signature",
    good: "verify-blob FILE",
};

/// The signed payload is not a well-formed in-toto statement of the kind that is expected.
pub static STATEMENT_MALFORMED: Rule = Rule {
    code: "CS-TRUST-011",
    slug: "statement-malformed",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the signed payload is not a well-formed in-toto statement of the kind that is expected",
    why: "what was signed does not say what it would have to say",
    remedy: "sign again with a tool that writes in-toto statements v1",
    bad: "a signed payload `hello`",
    good: "a signed in-toto statement with subject and predicate",
};

/// The signed statement is of another predicate type than the one that is expected.
pub static PREDICATE_TYPE_MISMATCH: Rule = Rule {
    code: "CS-TRUST-012",
    slug: "predicate-type-mismatch",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the signed statement is of another predicate type than the one that is expected",
    why: "a statement about one thing would be used for another",
    remedy: "give the statement that was made for this purpose",
    bad: "a vulnerability scan where provenance is expected",
    good: "SLSA provenance where provenance is expected",
};

/// The signed statement does not speak about this file.
pub static SUBJECT_MISMATCH: Rule = Rule {
    code: "CS-TRUST-013",
    slug: "subject-mismatch",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the signed statement does not speak about this file",
    why: "the signature is right and belongs to something else",
    remedy: "give the statement that was made for this file",
    bad: "provenance of release 1.0.0 beside the packet of 1.1.0",
    good: "provenance of the packet beside it",
};

/// A subject is named by no digest that can be relied on.
pub static WEAK_DIGEST: Rule = Rule {
    code: "CS-TRUST-014",
    slug: "weak-digest",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a subject is named by no digest that can be relied on",
    why: "files with the same weak digest can be made at will",
    remedy: "name the subject by SHA-256",
    bad: "{\"sha1\": \"...\"}",
    good: "{\"sha256\": \"...\"}",
};

/// The provenance names a builder, build type or source that the policy does not list.
pub static BUILDER_NOT_ALLOWED: Rule = Rule {
    code: "CS-TRUST-015",
    slug: "builder-not-allowed",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the provenance names a builder, build type or source that the policy does not list",
    why: "the release was built by something that nobody vouches for",
    remedy: "build where the policy says, or add the builder to the trust root",
    bad: "builder.id `https://laptop.example`",
    good: "a builder.id that the trust root's policy lists",
};

/// The provenance has an external parameter that the policy does not list.
pub static PARAMETER_NOT_ALLOWED: Rule = Rule {
    code: "CS-TRUST-016",
    slug: "parameter-not-allowed",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the provenance has an external parameter that the policy does not list",
    why: "whoever starts the build can change its outcome through it",
    remedy: "remove the parameter, or list it in the policy",
    bad: "externalParameters with `skip_tests`",
    good: "externalParameters that the policy lists",
};

/// The seal and the packet say different things.
pub static SEAL_MISMATCH: Rule = Rule {
    code: "CS-TRUST-017",
    slug: "seal-mismatch",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the seal and the packet say different things",
    why: "the signature is over another version or digest than the one that is offered",
    remedy: "give the packet and the seal that were made together",
    bad: "a seal of version 1.0.0 over a packet of version 1.1.0",
    good: "seal and packet of one release",
};

/// The provenance and the release manifest say different things.
pub static PROVENANCE_MISMATCH: Rule = Rule {
    code: "CS-TRUST-018",
    slug: "provenance-mismatch",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the provenance and the release manifest say different things",
    why: "one of the two is about another build",
    remedy: "assemble and sign again from one source",
    bad: "commit a in the manifest, commit b in the provenance",
    good: "the same commit in both",
};

/// The release is not the one that was asked for.
pub static EXPECTATION_NOT_MET: Rule = Rule {
    code: "CS-TRUST-019",
    slug: "expectation-not-met",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the release is not the one that was asked for",
    why: "an old or other release was offered under a trusted signature",
    remedy: "fetch the release that was asked for; if the expectation is out of date, change it",
    bad: "--expect-version 1.3.0 and a packet of 1.2.0",
    good: "--expect-version 1.3.0 and a packet of 1.3.0",
};

/// The release is older than one that was already accepted here.
pub static ROLLED_BACK: Rule = Rule {
    code: "CS-TRUST-020",
    slug: "rolled-back",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the release is older than one that was already accepted here",
    why: "an attacker offers a release with known holes",
    remedy: "fetch the newest release; to go back on purpose use `rollback check`",
    bad: "sequence 3 where the state says 5",
    good: "sequence 6 where the state says 5",
};

/// A signed document was issued after the time of judgement.
pub static FROM_THE_FUTURE: Rule = Rule {
    code: "CS-TRUST-021",
    slug: "from-the-future",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a signed document was issued after the time of judgement",
    why: "either the clock is wrong or the document is",
    remedy: "set the clock right, or sign again with a right one",
    bad: "issued_at 2030-01-01 judged in 2026",
    good: "issued_at before the time of judgement",
};

/// The signing certificate was issued to somebody else, or by another issuer.
pub static CERTIFICATE_IDENTITY_MISMATCH: Rule = Rule {
    code: "CS-TRUST-022",
    slug: "certificate-identity-mismatch",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the signing certificate was issued to somebody else, or by another issuer",
    why: "anybody can have a certificate; only the one identity and issuer that were asked for may sign",
    remedy: "give the identity and issuer that are meant, byte for byte; if they are right, do not use the file",
    bad: "a certificate for `.../release.yml@refs/heads/other`, or with two names",
    good: "a certificate with exactly the one name that was asked for",
};

/// A transparency log entry is not proven, or is about something else.
pub static LOG_PROOF_INVALID: Rule = Rule {
    code: "CS-TRUST-023",
    slug: "log-proof-invalid",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a transparency log entry is not proven, or is about something else",
    why: "a signature that no log shows can be hidden from those who watch it",
    remedy: "fetch file and bundle again from their source; if it stays, do not use them",
    bad: "an entry of another bundle, or a checkpoint that its log did not sign",
    good: "an entry whose proof leads to a checkpoint that a trusted log signed",
};

/// No trusted time shows that certificate or key was in use when the signature was made.
pub static TIME_NOT_PROVEN: Rule = Rule {
    code: "CS-TRUST-024",
    slug: "time-not-proven",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "no trusted time shows that certificate or key was in use when the signature was made",
    why: "a certificate is in use for minutes; without a proven time a key that leaked later signs as well",
    remedy: "fetch a bundle with a signed timestamp; if it stays, do not use the file",
    bad: "a certificate that had expired at the time that the log states",
    good: "a timestamp within the certificate's ten minutes",
};

/// There is no usable trusted root to judge the bundle by.
pub static TRUSTED_ROOT_UNUSABLE: Rule = Rule {
    code: "CS-TRUST-025",
    slug: "trusted-root-unusable",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Unjudged,
    refuses: "there is no usable trusted root to judge the bundle by",
    why: "whoever signs a certificate, log entry or timestamp must be known before it counts",
    remedy: "give the instance's trusted_root.json with --trusted-root",
    bad: "a trusted root with a log key whose window has no start",
    good: "a trusted root in which every key and chain has a window",
};

/// The bundle brings material that is not supported here.
pub static BUNDLE_UNSUPPORTED: Rule = Rule {
    code: "CS-TRUST-026",
    slug: "bundle-unsupported",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the bundle brings material that is not supported here",
    why: "what cannot be checked does not hold",
    remedy: "sign again with a tool that writes Sigstore bundles v0.1 to v0.3 with known log entries",
    bad: "a log entry of kind `rekord`, or a certificate where a key was asked for",
    good: "a log entry of kind `hashedrekord`, `dsse` or `intoto`",
};

/// The signing certificate does not lead to the trusted root, or is not one for signing code.
pub static CERTIFICATE_NOT_TRUSTED: Rule = Rule {
    code: "CS-TRUST-027",
    slug: "certificate-not-trusted",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the signing certificate does not lead to the trusted root, or is not one for signing code",
    why: "anybody can write a certificate with any name in it",
    remedy: "give the trusted root of the instance that issued it; if it is right, do not use the file",
    bad: "a certificate without a certificate transparency proof, or of another instance",
    good: "a code signing certificate of the trusted root's authority",
};

/// Fewer people have approved it than it takes.
pub static APPROVAL_MISSING: Rule = Rule {
    code: "CS-TRUST-028",
    slug: "approval-missing",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "fewer people have approved it than it takes",
    why: "one person under pressure, or one key in wrong hands, must not go back alone",
    remedy: "ask the people in the role `rollback-approver` for `rollback approve`; whoever asks does not count",
    bad: "an approval by whoever asked for it, and a role of one",
    good: "approvals by as many other people as the role takes",
};

/// An approval is for another pair of packets, another environment or another requester.
pub static APPROVAL_SCOPE_MISMATCH: Rule = Rule {
    code: "CS-TRUST-029",
    slug: "approval-scope-mismatch",
    area: Area::Trust,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "an approval is for another pair of packets, another environment or another requester",
    why: "leave for one thing is no leave for the next; it counts for nothing here",
    remedy: "ask for an approval of exactly this pair, in this environment",
    bad: "an approval for `staging` given for `production`",
    good: "an approval of exactly these two packets, for this environment",
};

/// An approval has ended, or begins later.
pub static APPROVAL_EXPIRED: Rule = Rule {
    code: "CS-TRUST-030",
    slug: "approval-expired",
    area: Area::Trust,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "an approval has ended, or begins later than the time of judgement",
    why: "what was right at three in the morning need not be at nine; it counts for nothing now",
    remedy: "ask for a new approval",
    bad: "expires_at 04:00 judged at 05:00",
    good: "expires_at 09:00 judged at 05:00",
};

/// An approval was used before.
pub static APPROVAL_CONSUMED: Rule = Rule {
    code: "CS-TRUST-031",
    slug: "approval-consumed",
    area: Area::Trust,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "an approval was used for a rollback before",
    why: "an approval is for one rollback; kept and shown again it would be leave for ever",
    remedy: "ask for a new approval",
    bad: "the envelope that yesterday's rollback was done with",
    good: "an approval that nobody has used",
};

/// The clock runs before the newest document that is trusted.
pub static CLOCK_BEFORE_TRUST: Rule = Rule {
    code: "CS-TRUST-040",
    slug: "clock-before-trust",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Unjudged,
    refuses: "the clock runs before the newest document that is trusted",
    why: "with a clock that was set back everything that has expired seems fresh",
    remedy: "set the clock right",
    bad: "a trust root issued in November, judged in October",
    good: "a time of judgement after the trust root was issued",
};

/// A version of the trust root contradicts itself or does not follow from the one before it.
pub static TRUST_ROOT_UNSOUND: Rule = Rule {
    code: "CS-TRUST-041",
    slug: "trust-root-unsound",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a version of the trust root contradicts itself or does not follow from the one before it",
    why: "whoever could skip or go back in versions would bring back a key that was taken out",
    remedy: "sign the next version with `countersign trust sign`; versions follow one by one",
    bad: "version 3 after version 1, or a threshold above the number of people",
    good: "version 2 after version 1, signed by the thresholds of both",
};

/// The newest version of the trust root is no longer used.
pub static TRUST_ROOT_EXPIRED: Rule = Rule {
    code: "CS-TRUST-042",
    slug: "trust-root-expired",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the newest version of the trust root is no longer used",
    why: "somebody could hold back the version that took a key out",
    remedy: "fetch the newest version, or sign a new one",
    bad: "expires_at last week",
    good: "expires_at in half a year",
};

/// The release carries waivers, and the people who may grant them have not signed.
pub static WAIVER_NOT_SIGNED: Rule = Rule {
    code: "CS-TRUST-043",
    slug: "waiver-not-signed",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the release carries waivers, and the people who may grant them have not signed",
    why: "whoever makes the release would decide what it need not hold",
    remedy: "have the people of the role `waiver` sign the release directory; whoever owns a waiver does not count",
    bad: "a waiver of alice, and a seal that alice alone signed",
    good: "a waiver of alice, and a seal that bob of the role `waiver` signed too",
};

/// A waiver runs longer than the policy allows.
pub static WAIVER_TOO_LONG: Rule = Rule {
    code: "CS-TRUST-044",
    slug: "waiver-too-long",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a waiver runs longer than the policy allows",
    why: "a finding that is waived for years is a rule that nobody keeps",
    remedy: "mend what was found, or ask again for a shorter time",
    bad: "a waiver of a year where the policy allows 30 days",
    good: "a waiver of two weeks",
};

/// A transparency log shows another past than it showed here before.
pub static LOG_INCONSISTENT: Rule = Rule {
    code: "CS-TRUST-045",
    slug: "log-inconsistent",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a transparency log shows another past than it showed here before",
    why: "a log that shows each verifier its own tree hides what was signed",
    remedy: "do not use the release; tell whoever runs the log",
    bad: "another root for a tree of the same size, or a smaller tree for a later release",
    good: "a tree that has grown",
};

/// An approval runs longer than the policy allows.
pub static APPROVAL_TOO_LONG: Rule = Rule {
    code: "CS-TRUST-046",
    slug: "approval-too-long",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "an approval runs longer than the policy allows",
    why: "an approval of last year says nothing about this night",
    remedy: "approve again for a shorter time",
    bad: "an approval of a year where the policy allows 24 hours",
    good: "an approval of six hours",
};

/// No attestation that holds is about what was asked for.
pub static ATTESTATION_MISSING: Rule = Rule {
    code: "CS-TRUST-061",
    slug: "attestation-missing",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "no attestation that holds is about what was asked for",
    why: "that all attestations hold means nothing when none of them is about this thing",
    remedy: "fetch the attestation of this very file, with the predicate that is asked for, by a signer who is trusted for it",
    bad: "one signed scan report where a bill of materials is asked for",
    good: "a signed bill of materials whose subject is the file",
};

/// A verification summary is not one that the policy takes.
pub static SUMMARY_NOT_ACCEPTED: Rule = Rule {
    code: "CS-TRUST-062",
    slug: "summary-not-accepted",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a verification summary is not one that the policy takes",
    why: "a summary stands for checks that nobody repeats, so verifier, signer, resource, policy, result and levels must all be the expected ones",
    remedy: "have the release verified by a verifier that the trust root names, for this resource and by this policy",
    bad: "a summary of verifier A, signed by the key that is paired with verifier B",
    good: "a PASSED summary of verifier A, signed by the key that is paired with it",
};

/// The file is not one well-formed minisign signature or public key.
pub static MINISIGN_MALFORMED: Rule = Rule {
    code: "CS-TRUST-063",
    slug: "minisign-malformed",
    area: Area::Trust,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the file is not one well-formed minisign signature of the prehashed form",
    why: "the older form signs the file itself, so a signature over one file can be passed off for another",
    remedy: "sign again with `minisign -S`, or with `countersign sign --minisign`",
    bad: "a signature that begins with `Ed`, or without a trusted comment",
    good: "a signature that begins with `ED`, with its trusted comment and global signature",
};
