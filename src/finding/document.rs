//! The report as a document: what `--format json` prints and `report.json` holds.

use serde::{Deserialize, Serialize};

use super::readiness::Readiness;
use super::{Area, GraphDocument, Outcome, Severity, Verdict};
use crate::digest::Digest;
use crate::json::{self, JsonError, Limits};
use crate::time::Timestamp;

/// The report as a document (`countersign.report/v1`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportDocument {
    /// Always [`ReportDocument::SCHEMA`].
    pub schema: String,
    /// The tool that wrote it.
    pub tool: ToolDocument,
    /// The verb that was run.
    pub command: String,
    /// The time that was judged as of.
    pub judged_at: Timestamp,
    /// Whether that time was given instead of read from the clock.
    pub replay: bool,
    /// The verdict.
    pub verdict: Verdict,
    /// The trust root that was judged with; absent where none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<TrustDocument>,
    /// The answer about a pair of releases; absent where none was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<Readiness>,
    /// The areas that were asked for.
    pub areas: Vec<AreaDocument>,
    /// What is wrong, sorted by severity, code and place.
    pub findings: Vec<FindingDocument>,
    /// Causes that several findings share.
    pub headlines: Vec<HeadlineDocument>,
    /// Everything that was checked one by one, in the order it was checked.
    pub checks: Vec<CheckDocument>,
    /// Measured figures that were compared, with the numbers behind each answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<ComparisonDocument>,
    /// What guards what; absent where no objectives were judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph: Option<GraphDocument>,
    /// Counts.
    pub summary: SummaryDocument,
}

impl ReportDocument {
    /// The document's name and version.
    pub const SCHEMA: &str = "countersign.report/v1";

    /// Reads a report. Fields that a later version added are ignored: additions are allowed.
    ///
    /// # Errors
    ///
    /// [`JsonError`] for anything but a report.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        let document: Self = json::parse(bytes, Limits::EVIDENCE)?;
        if document.schema == Self::SCHEMA {
            return Ok(document);
        }
        Err(JsonError {
            position: json::Position { line: 1, column: 1 },
            pointer: "/schema".to_owned(),
            problem: format!("the schema is `{}`; expected `{}`", document.schema, Self::SCHEMA),
        })
    }
}

/// The trust root that was judged with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustDocument {
    /// Its version.
    pub version: u64,
    /// The digest of the signed document.
    pub sha256: Digest,
    /// The earlier time whose trust was asked for; absent for today's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

/// The tool that wrote a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolDocument {
    /// `countersign`.
    pub name: String,
    /// The tool's version.
    pub version: String,
}

/// One area of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AreaDocument {
    /// The area's word.
    pub area: Area,
    /// `evaluated` or `not_evaluated`.
    pub state: String,
    /// Why it was not evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Files read.
    pub inputs: usize,
    /// Objects in them.
    pub objects: usize,
    /// Files or objects that no rule could judge.
    pub skipped: usize,
    /// Rules that ran.
    pub rules_run: usize,
}

/// One finding of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingDocument {
    /// The rule's code.
    pub code: String,
    /// The rule's slug.
    pub slug: String,
    /// The rule's area.
    pub area: Area,
    /// How much it weighs.
    pub severity: Severity,
    /// Where it is.
    pub location: LocationDocument,
    /// What is wrong.
    pub message: String,
    /// What the document says.
    pub declared: Option<String>,
    /// What is so.
    pub actual: Option<String>,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub remedy: String,
    /// The headline it stands under.
    pub cause: Option<String>,
    /// The waiver that covers it.
    pub waived: Option<WaivedDocument>,
    /// Whether the baseline has it too; absent without a baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<bool>,
}

/// Where a finding is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocationDocument {
    /// The file, relative to the root or the archive.
    pub path: String,
    /// The value, as a JSON Pointer.
    pub pointer: String,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The character in the line, from 1.
    pub column: Option<u32>,
    /// `tree` or `bundle`.
    pub basis: String,
    /// The archive, when the basis is `bundle`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
}

/// The waiver that covers a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaivedDocument {
    /// Who answers for it.
    pub owner: String,
    /// Why it is accepted.
    pub reason: String,
    /// Until when.
    pub expires: Timestamp,
}

/// A cause and the findings under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadlineDocument {
    /// The cause, in one line.
    pub message: String,
    /// Indices into the report's findings.
    pub findings: Vec<usize>,
}

/// One check of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckDocument {
    /// What was checked.
    pub check: String,
    /// What it was checked on.
    pub subject: String,
    /// What came of it.
    pub outcome: Outcome,
    /// What the check saw.
    pub detail: String,
}

/// One measured figure of a candidate, compared with its baseline. Effects are counted so that
/// positive is worse; numbers are millionths, and absent where there is no bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparisonDocument {
    /// What was compared: a suite, or the first file of the candidate.
    pub subject: String,
    /// The figure, `p95_ms`.
    pub metric: String,
    /// `ratio`, where effects are shares, or `difference`, where they are differences.
    pub scale: String,
    /// `not_regressed`, `inconclusive` or `regressed`.
    pub answer: String,
    /// Why, in one line.
    pub reason: String,
    /// The shift of Hodges and Lehmann.
    pub effect_millionths: Option<i64>,
    /// The better end of its interval.
    pub low_millionths: Option<i64>,
    /// The worse end of its interval.
    pub high_millionths: Option<i64>,
    /// The change that matters.
    pub margin_millionths: Option<i64>,
    /// The smallest effect that these runs would show.
    pub detectable_millionths: Option<i64>,
    /// The confidence of the interval.
    pub confidence_millionths: Option<i64>,
    /// The probability of such values when nothing became worse, after Holm.
    pub p_value_millionths: Option<i64>,
    /// How many runs a side would show a change of the margin's size.
    pub runs_needed: u64,
    /// The baseline.
    pub baseline: SideDocument,
    /// The candidate.
    pub candidate: SideDocument,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideDocument {
    /// The figure of every run, in millionths of its unit.
    pub runs_millionths: Vec<Option<i64>>,
    /// The coefficient of variation.
    pub variation_millionths: Option<i64>,
}

/// The counts of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryDocument {
    /// Errors that no waiver covers.
    pub errors: usize,
    /// Warnings that no waiver covers.
    pub warnings: usize,
    /// Findings that a waiver covers.
    pub waived: usize,
    /// Findings that the baseline has too; absent without a baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<usize>,
}
