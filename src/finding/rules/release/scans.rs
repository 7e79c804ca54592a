//! Rules about vulnerability scans.

use super::FAULT;
use crate::finding::Severity;
use crate::finding::rules::Rule;

/// An image has no scan report.
pub static SCAN_ABSENT: Rule = Rule {
    code: "CS-RELEASE-045",
    slug: "scan-absent",
    refuses: "a released image has no vulnerability scan report",
    why: "a budget for vulnerabilities that nobody counted holds nothing back",
    remedy: "scan each image by its digest and collect the report",
    bad: "`\"scan_reports\": []` beside `\"cve_budget\"`",
    good: "one scan report for each image digest",
    ..FAULT
};

/// A scan found more than the budget allows.
pub static SCAN_OVER_BUDGET: Rule = Rule {
    code: "CS-RELEASE-046",
    slug: "scan-over-budget",
    refuses: "a scan report has more critical or high findings than the budget allows",
    why: "the release ships vulnerabilities that were ruled out",
    remedy: "update what is vulnerable, or have an owner accept it with a reason and an end",
    bad: "two critical findings, `max_critical: 0`",
    good: "no finding above the budget",
    ..FAULT
};

/// A scan report cannot be read as one.
pub static SCAN_UNRECOGNISED: Rule = Rule {
    code: "CS-RELEASE-047",
    slug: "scan-unrecognised",
    refuses: "a scan report has no shape that is known: the handbook's, Trivy, Grype or SARIF",
    why: "what cannot be counted cannot be held against a budget",
    remedy: "collect the scanner's JSON or SARIF output",
    bad: "`{\"ok\": true}`",
    good: "`{\"SchemaVersion\": 2, \"Results\": [...]}`",
    ..FAULT
};

/// An accepted vulnerability is accepted by nobody, or no longer.
pub static SCAN_OVERRIDE: Rule = Rule {
    code: "CS-RELEASE-048",
    slug: "scan-override-invalid",
    refuses: "an override of the budget has no owner, reason or expiry, or has expired",
    why: "a vulnerability stays accepted after everybody has forgotten it",
    remedy: "give the override an owner, a reason and a day, or remove it",
    bad: "`{\"cve\": \"CVE-2026-1\"}`",
    good: "`{\"cve\": \"CVE-2026-1\", \"owner\": ..., \"reason\": ..., \"expires\": ...}`",
    ..FAULT
};

/// A budget is stated and not enforced.
pub static SCAN_INFORMATIONAL: Rule = Rule {
    code: "CS-RELEASE-049",
    slug: "scan-budget-not-enforced",
    severity: Severity::Warning,
    refuses: "the vulnerability policy states a budget and says that it is informational",
    why: "a budget that refuses nothing is an open waiver",
    remedy: "enforce the budget, or waive single findings",
    bad: "`\"mode\": \"informational\"` beside `\"severity_budget\"`",
    good: "`\"mode\": \"enforced\"`",
    ..FAULT
};
