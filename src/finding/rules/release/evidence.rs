//! Rules about what evidence claims and gives away.

use super::FAULT;
use crate::finding::Severity;
use crate::finding::rules::Rule;

/// A profile that must be refused is in the evidence.
pub static NEGATIVE_IN_EVIDENCE: Rule = Rule {
    code: "CS-RELEASE-053",
    slug: "negative-profile-in-evidence",
    refuses: "the evidence lists an image of a profile that is meant to be refused",
    why: "a test of the schema passes for something that is shipped",
    remedy: "collect images of release profiles only",
    bad: "`\"profile\": \"schema-failure-image-latest\"` in the manifest",
    good: "only profiles that install are in the manifest",
    ..FAULT
};

/// Evidence holds a secret.
pub static SECRET_FOUND: Rule = Rule {
    code: "CS-RELEASE-059",
    slug: "secret-in-evidence",
    refuses: "a release document or a member of the bundle holds a key, token or password",
    why: "evidence is handed to others, and with it the secret",
    remedy: "revoke the secret, redact the document, and collect again",
    bad: "`\"note\": \"token=c2VjcmV0\"`",
    good: "`\"note\": \"token=[redacted]\"`",
    ..FAULT
};

/// Evidence holds a path of somebody's machine.
pub static MACHINE_LEAK: Rule = Rule {
    code: "CS-RELEASE-060",
    slug: "machine-path-in-evidence",
    severity: Severity::Warning,
    refuses: "evidence holds an absolute path of a home folder",
    why: "it names a person and a machine, and differs on every other",
    remedy: "write paths relative to the root",
    bad: "`/Users/kim/app/report.json`",
    good: "`artifacts/report.json`",
    ..FAULT
};

/// A report compares a file with itself.
pub static SELF_COMPARISON: Rule = Rule {
    code: "CS-RELEASE-061",
    slug: "report-compares-with-itself",
    refuses: "a report's baseline and candidate are the same file or profile",
    why: "it finds no difference whatever happened",
    remedy: "compare the candidate of this release with the previous release",
    bad: "`base_report` and `target_report` name one file",
    good: "`base_report` names the previous release's report",
    ..FAULT
};

/// A report says something else than its source.
pub static SOURCE_CONTRADICTED: Rule = Rule {
    code: "CS-RELEASE-062",
    slug: "report-contradicts-source",
    refuses: "a report states a value and its source, and the source has another value",
    why: "the report is older than its source, or was never made from it",
    remedy: "make the report again from its sources",
    bad: "`chart_digest_sha256` is A, the file that it is taken from says B",
    good: "the report's value is the source's value",
    ..FAULT
};

/// A report states a result of nothing.
pub static REPORT_CONSTANT: Rule = Rule {
    code: "CS-RELEASE-063",
    slug: "report-without-source",
    refuses: "a report states a score or a status and names no measured input that is there",
    why: "a constant passes for a measurement",
    remedy: "compute the result from evidence files and name them with digests",
    bad: "`\"score\": 100` with `generated_from` a file that is not there",
    good: "a score with the digests of what it was computed from",
    ..FAULT
};

/// A document claims what is not so.
pub static CLAIM_CONTRADICTED: Rule = Rule {
    code: "CS-RELEASE-064",
    slug: "claim-contradicted",
    refuses: "a document says that verification passed, and what it verified does not hold",
    why: "who believes the status ships what was refused",
    remedy: "verify again, and write what comes of it",
    bad: "`\"status\": \"ok\"` above files that differ",
    good: "the status follows from what was checked",
    ..FAULT
};

/// A result says that nothing was run.
pub static EVIDENCE_PRETENDED: Rule = Rule {
    code: "CS-RELEASE-065",
    slug: "evidence-pretended",
    severity: Severity::Warning,
    refuses: "a document in the evidence folder says that it is simulated or a placeholder",
    why: "it never counts as evidence, and somebody may count it",
    remedy: "run the drill and put its result there, or take the document away",
    bad: "`\"status\": \"simulated\"`",
    good: "`\"status\": \"passed\"` with the digests of what was run",
    ..FAULT
};

/// An exception has no owner or no end.
pub static EXCEPTION_UNOWNED: Rule = Rule {
    code: "CS-RELEASE-066",
    slug: "release-exception-unowned",
    severity: Severity::Warning,
    refuses: "an exception in a release policy names no owner, reason or expiry, or has expired",
    why: "it stays for ever, and nobody answers for it",
    remedy: "give it an owner, a reason and a day, or end it",
    bad: "`\"exception\": \"docs come later\"`",
    good: "`\"exception\": {\"owner\": ..., \"reason\": ..., \"expires\": ...}`",
    ..FAULT
};
