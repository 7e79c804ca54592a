//! Test results (`https://in-toto.io/attestation/test-result/v0.1`): what a validator found.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Predicate, ResourceDescriptor};
use crate::finding::{Area, ReportDocument, Severity, Verdict, rules};

/// The predicate: how a validator judged its inputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestResult {
    /// What came of it.
    pub result: TestOutcome,
    /// What was judged: the governed input files with their digests, by their paths below `ops/`.
    /// What the validator derived from them stands here too, by its path in the packet,
    /// `evidence/<area>/<name>`: the predicate has no other place for it.
    pub configuration: Vec<ResourceDescriptor>,
    /// The rules that found nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_tests: Vec<String>,
    /// The rules that advise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warned_tests: Vec<String>,
    /// The rules that refuse.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_tests: Vec<String>,
}

impl Predicate for TestResult {
    const TYPE: &str = "https://in-toto.io/attestation/test-result/v0.1";
}

/// What came of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TestOutcome {
    /// Nothing was found.
    Passed,
    /// Advice only.
    Warned,
    /// Refused, or not judged.
    Failed,
}

impl fmt::Display for TestOutcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Passed => "PASSED",
            Self::Warned => "WARNED",
            Self::Failed => "FAILED",
        })
    }
}

impl TestResult {
    /// Derives the result of an area from its report.
    #[must_use]
    pub fn of(area: Area, report: &ReportDocument, configuration: Vec<ResourceDescriptor>) -> Self {
        let codes = |severity: Severity| -> BTreeSet<&str> {
            let open = report.findings.iter().filter(|finding| {
                finding.area == area && finding.severity == severity && finding.waived.is_none()
            });
            open.map(|finding| finding.code.as_str()).collect()
        };
        let (failed, warned) = (codes(Severity::Error), codes(Severity::Warning));
        let passed = rules::of(area)
            .iter()
            .map(|rule| rule.code)
            .filter(|code| !failed.contains(code) && !warned.contains(code));
        let owned = |codes: &BTreeSet<&str>| codes.iter().map(|code| (*code).to_owned()).collect();
        let result = match report.verdict {
            Verdict::Pass | Verdict::Ready if warned.is_empty() => TestOutcome::Passed,
            Verdict::Pass | Verdict::Ready => TestOutcome::Warned,
            Verdict::Refused | Verdict::Undecided | Verdict::Blocked | Verdict::Unknown => {
                TestOutcome::Failed
            }
        };
        Self {
            result,
            configuration,
            passed_tests: passed.map(str::to_owned).collect(),
            warned_tests: owned(&warned),
            failed_tests: owned(&failed),
        }
    }
}
