//! Rules about waivers.

use crate::finding::rules::{Rule, Weight};
use crate::finding::{Area, Severity};

/// A waiver's day has passed.
pub static WAIVER_EXPIRED: Rule = Rule {
    code: "CS-RELEASE-090",
    slug: "waiver-expired",
    area: Area::Release,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a waiver has expired",
    why: "the risk was accepted until that day and not longer",
    remedy: "mend what was waived and remove the waiver, or have its owner accept the risk again",
    bad: "\"expires\": \"2020-01-01T00:00:00Z\"",
    good: "\"expires\" lies in the future",
};

/// A waiver would cover more than one accepted finding.
pub static WAIVER_TOO_BROAD: Rule = Rule {
    code: "CS-RELEASE-091",
    slug: "waiver-too-broad",
    area: Area::Release,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a waiver names no rule, owner or reason, or runs longer than a year",
    why: "a waiver that covers what nobody has looked at hides it",
    remedy: "name one rule, one file with its digest, a reason, an owner, and a day within a year",
    bad: "\"reason\": \"ok\"",
    good: "\"reason\": \"the scanner's database lags; tracked in OPS-812\"",
};

/// A waiver covers nothing.
pub static WAIVER_UNMATCHED: Rule = Rule {
    code: "CS-RELEASE-092",
    slug: "waiver-unmatched",
    area: Area::Release,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a waiver covers no finding, or its file is no longer the one that was accepted",
    why: "it waits for a finding that nobody has accepted yet",
    remedy: "remove the waiver, or accept the finding in the file as it is now",
    bad: "a waiver whose `sha256` is not the file's digest",
    good: "a waiver for a finding that is there, in the file that is there",
};
