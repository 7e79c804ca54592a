//! The rules of the area `packet`.

use super::{Rule, Weight};
use crate::finding::{Area, Severity};

/// The table, in the order of the codes.
pub const RULES: &[&Rule] = &[
    &ARCHIVE_MALFORMED,
    &ARCHIVE_NOT_CANONICAL,
    &ARCHIVE_OVER_LIMIT,
    &MANIFEST_MALFORMED,
    &MEMBER_MISSING,
    &MEMBER_UNLISTED,
    &MEMBER_DIFFERS,
    &CHECKSUMS_MALFORMED,
    &CHECKSUM_DIFFERS,
    &CHECKSUMS_INCOMPLETE,
    &EVIDENCE_MISSING,
    &EVIDENCE_TOO_OLD,
    &EVIDENCE_NOT_PASSED,
    &CROSS_DOCUMENT_MISMATCH,
    &FILE_UNREADABLE,
    &NAME_CLASH,
];

/// The packet is not one well-formed tar archive in one gzip member.
pub static ARCHIVE_MALFORMED: Rule = Rule {
    code: "CS-PACKET-001",
    slug: "archive-malformed",
    area: Area::Packet,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the packet is not one well-formed tar archive in one gzip member",
    why: "readers differ in what they make of a broken archive",
    remedy: "fetch the packet again",
    bad: "a truncated download",
    good: "the packet as it was written",
};

/// The packet is a readable archive and not in the one canonical form.
pub static ARCHIVE_NOT_CANONICAL: Rule = Rule {
    code: "CS-PACKET-002",
    slug: "archive-not-canonical",
    area: Area::Packet,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the packet is a readable archive and not in the one canonical form",
    why: "what the form leaves open can carry data that nobody signed for, and readers differ in it",
    remedy: "assemble again with countersign; do not repack",
    bad: "a member with a modification time, owner, link or PAX header",
    good: "members sorted, mode 0644, owner 0, time 0",
};

/// The packet is larger, or has more members, than is allowed.
pub static ARCHIVE_OVER_LIMIT: Rule = Rule {
    code: "CS-PACKET-003",
    slug: "archive-over-limit",
    area: Area::Packet,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the packet is larger, or has more members, than is allowed",
    why: "an archive that unpacks to more than the machine holds stops the machine",
    remedy: "raise the limit in the trust root's policy if the release is really that large",
    bad: "two million members of one byte",
    good: "a packet within the policy's limits",
};

/// The packet holds no well-formed release manifest.
pub static MANIFEST_MALFORMED: Rule = Rule {
    code: "CS-PACKET-004",
    slug: "manifest-malformed",
    area: Area::Packet,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the packet holds no well-formed release manifest",
    why: "the manifest is the root of everything else in the packet",
    remedy: "assemble again",
    bad: "a packet without release-manifest.json",
    good: "release-manifest.json by its schema",
};

/// The manifest lists something that is not there.
pub static MEMBER_MISSING: Rule = Rule {
    code: "CS-PACKET-005",
    slug: "member-missing",
    area: Area::Packet,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the manifest lists something that is not there",
    why: "a release is whole or it is none",
    remedy: "fetch the missing file, or assemble again",
    bad: "an SBOM that was removed from the packet",
    good: "every listed file is there",
};

/// Something is there that the manifest does not list.
pub static MEMBER_UNLISTED: Rule = Rule {
    code: "CS-PACKET-006",
    slug: "member-unlisted",
    area: Area::Packet,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "something is there that the manifest does not list",
    why: "what is not listed is not signed for and would be used all the same",
    remedy: "remove the file, or assemble again with it",
    bad: "an extra file in the packet or beside it",
    good: "every file is listed",
};

/// A file has another size or digest than the manifest lists.
pub static MEMBER_DIFFERS: Rule = Rule {
    code: "CS-PACKET-007",
    slug: "member-differs",
    area: Area::Packet,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a file has another size or digest than the manifest lists",
    why: "it was changed after the release was assembled",
    remedy: "fetch the file again; if it still differs, do not use it",
    bad: "an artifact that was rebuilt after signing",
    good: "the artifact as it was assembled",
};

/// The checksum list is not in its one form.
pub static CHECKSUMS_MALFORMED: Rule = Rule {
    code: "CS-PACKET-008",
    slug: "checksums-malformed",
    area: Area::Packet,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the checksum list is not in its one form",
    why: "sha256sum reads several forms, and skips lines that it does not understand",
    remedy: "write it with `countersign checksums create`",
    bad: "upper-case digits, one space, CRLF, no final newline",
    good: "64 lower-case hexadecimal digits, two spaces, the name, a newline",
};

/// A file has another digest than the checksum list says.
pub static CHECKSUM_DIFFERS: Rule = Rule {
    code: "CS-PACKET-009",
    slug: "checksum-differs",
    area: Area::Packet,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a file has another digest than the checksum list says",
    why: "the file or the list was changed",
    remedy: "fetch both again from their source",
    bad: "a file that was edited after the list was written",
    good: "a file as it was listed",
};

/// The checksum list and the files beside it are not the same set.
pub static CHECKSUMS_INCOMPLETE: Rule = Rule {
    code: "CS-PACKET-010",
    slug: "checksums-incomplete",
    area: Area::Packet,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the checksum list and the files beside it are not the same set",
    why: "what is not listed is not covered by the list's signature",
    remedy: "write the list again, or remove what does not belong",
    bad: "a file that no line names",
    good: "one line for each file",
};

/// Evidence that the policy asks for is not in the packet.
pub static EVIDENCE_MISSING: Rule = Rule {
    code: "CS-PACKET-011",
    slug: "evidence-missing",
    area: Area::Packet,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "evidence that the policy asks for is not in the packet",
    why: "what was not shown to hold may not hold",
    remedy: "run the validator or scanner, and assemble again with its result",
    bad: "no SBOM where the policy asks for one",
    good: "every required kind of evidence",
};

/// Evidence was observed longer before the release than the policy allows.
pub static EVIDENCE_TOO_OLD: Rule = Rule {
    code: "CS-PACKET-012",
    slug: "evidence-too-old",
    area: Area::Packet,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "evidence was observed longer before the release than the policy allows",
    why: "it describes something that has changed since",
    remedy: "run the validator or scanner again",
    bad: "a scan of 90 days ago where the policy allows 14",
    good: "a scan of yesterday",
};

/// A validator's report in the packet did not pass.
pub static EVIDENCE_NOT_PASSED: Rule = Rule {
    code: "CS-PACKET-013",
    slug: "evidence-not-passed",
    area: Area::Packet,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a validator's report in the packet did not pass",
    why: "the release was assembled in spite of it",
    remedy: "mend what the report found, and assemble again",
    bad: "a report with the verdict `refused`",
    good: "reports with the verdict `pass`",
};

/// Documents of one release disagree about version, commit or product.
pub static CROSS_DOCUMENT_MISMATCH: Rule = Rule {
    code: "CS-PACKET-014",
    slug: "cross-document-mismatch",
    area: Area::Packet,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "documents of one release disagree about version, commit or product",
    why: "they come from different releases",
    remedy: "assemble again from one source",
    bad: "version 1.3.0 in the manifest, 1.3.1 in the SBOM",
    good: "one version in all documents",
};

/// A file that must be judged is missing, unreadable, or not a regular file.
pub static FILE_UNREADABLE: Rule = Rule {
    code: "CS-PACKET-015",
    slug: "file-unreadable",
    area: Area::Packet,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a file that must be judged is missing, unreadable, or not a regular file",
    why: "what was not read was not judged",
    remedy: "restore the file, or make it a regular file that can be read",
    bad: "a symbolic link in the release directory",
    good: "regular files only",
};

/// Two names are the same file on some systems.
pub static NAME_CLASH: Rule = Rule {
    code: "CS-PACKET-016",
    slug: "name-clash",
    area: Area::Packet,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "two names are the same file on some systems",
    why: "the one that is verified there is not the one that is used",
    remedy: "rename one of them",
    bad: "README.md and readme.md",
    good: "names that differ in more than case",
};
