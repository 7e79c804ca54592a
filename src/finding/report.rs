//! The report: what was asked, what was checked, what was found, and the verdict that follows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::document::{
    AreaDocument, CheckDocument, ComparisonDocument, FindingDocument, HeadlineDocument,
    LocationDocument, ReportDocument, SummaryDocument, ToolDocument, TrustDocument, WaivedDocument,
};
use super::readiness::{Readiness, Status};
use super::rules::Weight;
use super::{Area, Basis, Finding, GraphDocument, Location, Severity, Waivers};
use crate::time::Timestamp;

/// The answer to what was asked. Computed by [`Report::verdict`], never stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything that was asked was evaluated and holds.
    Pass,
    /// The input was judged and does not hold.
    Refused,
    /// Something that had to be judged could not be.
    Undecided,
    /// The one release is a safe place to go to from the other.
    Ready,
    /// It is not.
    Blocked,
    /// What it takes to tell is missing; unknown is not ready.
    Unknown,
}

impl Verdict {
    /// Returns the verdict's one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Refused => "refused",
            Self::Undecided => "undecided",
            Self::Ready => "ready",
            Self::Blocked => "blocked",
            Self::Unknown => "unknown",
        }
    }

    /// Tells whether everything that was asked holds.
    #[must_use]
    pub fn holds(self) -> bool {
        matches!(self, Self::Pass | Self::Ready)
    }
}

/// From which severity on a finding refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gate {
    /// Errors refuse.
    #[default]
    Error,
    /// Warnings refuse too.
    Warning,
}

/// Whether an area was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AreaState {
    /// Its rules ran over its inputs.
    Evaluated,
    /// It had to be judged and could not be; says why.
    NotEvaluated(String),
}

/// What came of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not hold; a finding says why.
    Failed,
    /// It was not asked for, or what it needs was not given.
    NotEvaluated,
}

/// One thing that was checked, whether it holds or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was checked, as a slug: `packet-seal`, `member-digest`.
    pub name: &'static str,
    /// What it was checked on.
    pub subject: String,
    /// What came of it.
    pub outcome: Outcome,
    /// What the check saw, in one line.
    pub detail: String,
}

#[derive(Debug, Clone)]
struct AreaRow {
    area: Area,
    state: AreaState,
    inputs: usize,
    objects: usize,
    skipped: usize,
    rules_run: usize,
}

/// Everything that one command has to say.
#[derive(Debug, Clone)]
pub struct Report {
    command: &'static str,
    judged_at: Timestamp,
    replay: bool,
    gate: Gate,
    areas: Vec<AreaRow>,
    findings: Vec<Finding>,
    checks: Vec<Check>,
    comparisons: Vec<ComparisonDocument>,
    headlines: BTreeMap<String, String>,
    waivers: Waivers,
    known: BTreeSet<Known>,
    asked: usize,
    trust: Option<TrustDocument>,
    graph: Option<GraphDocument>,
    readiness: Option<Readiness>,
}

/// What makes two findings of two reports the same: rule, place and message.
type Known = (String, String, Option<String>, String, String);

impl Report {
    /// Begins a report with nothing in it. Its verdict is *undecided* until something was judged.
    #[must_use]
    pub fn new(command: &'static str, judged_at: Timestamp, replay: bool) -> Self {
        Self {
            command,
            judged_at,
            replay,
            gate: Gate::default(),
            areas: Vec::new(),
            findings: Vec::new(),
            checks: Vec::new(),
            comparisons: Vec::new(),
            headlines: BTreeMap::new(),
            waivers: Waivers::default(),
            known: BTreeSet::new(),
            asked: 0,
            trust: None,
            graph: None,
            readiness: None,
        }
    }

    /// Names another command whose answer the report is.
    pub fn set_command(&mut self, command: &'static str) {
        self.command = command;
    }

    /// Says which trust root was judged with.
    pub fn set_trust(&mut self, trust: TrustDocument) {
        self.trust = Some(trust);
    }

    /// Says what guards what.
    pub fn set_graph(&mut self, graph: GraphDocument) {
        self.graph = Some(graph);
    }

    /// Makes this the answer to whether one release is a safe place to go to from another.
    pub fn set_readiness(&mut self, readiness: Readiness) {
        self.asked += readiness.checks.len();
        self.readiness = Some(readiness);
    }

    /// Returns the answer about a pair of releases, if that was asked.
    #[must_use]
    pub fn readiness(&self) -> Option<&Readiness> {
        self.readiness.as_ref()
    }

    /// Sets from which severity on a finding refuses.
    pub fn set_gate(&mut self, gate: Gate) {
        self.gate = gate;
    }

    /// Sets the waivers that findings are held against when the report is read.
    pub fn set_waivers(&mut self, waivers: Waivers) {
        self.waivers = waivers;
    }

    /// Takes the findings of an earlier report as known: they are shown and do not refuse. What
    /// could not be judged is never known.
    pub fn set_baseline(&mut self, baseline: &ReportDocument) {
        self.known = baseline
            .findings
            .iter()
            .map(|row| {
                let LocationDocument { path, pointer, archive, .. } = row.location.clone();
                (row.code.clone(), path, archive, pointer, row.message.clone())
            })
            .collect();
    }

    fn is_known(&self, finding: &Finding) -> bool {
        if self.known.is_empty() || finding.rule.weight == Weight::Unjudged {
            return false;
        }
        let LocationDocument { path, pointer, archive, .. } = location_document(&finding.location);
        let key = (finding.rule.code.to_owned(), path, archive, pointer, finding.message.clone());
        self.known.contains(&key)
    }

    /// Returns the waivers that findings are held against.
    #[must_use]
    pub fn waivers(&self) -> &Waivers {
        &self.waivers
    }

    /// Returns the time that the report judges as of.
    #[must_use]
    pub fn judged_at(&self) -> Timestamp {
        self.judged_at
    }

    /// Adds a finding.
    pub fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Names a cause; findings with this cause stand under it.
    pub fn headline(&mut self, cause: &str, message: impl Into<String>) {
        self.headlines.insert(cause.to_owned(), message.into());
    }

    /// Says that an area was judged: `inputs` files, `objects` in them, `skipped` that no rule
    /// could judge, `rules_run` rules.
    pub fn evaluated(
        &mut self,
        area: Area,
        inputs: usize,
        objects: usize,
        skipped: usize,
        rules_run: usize,
    ) {
        self.asked += 1;
        let state = AreaState::Evaluated;
        self.areas.push(AreaRow { area, state, inputs, objects, skipped, rules_run });
    }

    /// Says that an area had to be judged and could not be.
    pub fn not_evaluated(&mut self, area: Area, why: impl Into<String>) {
        self.asked += 1;
        let state = AreaState::NotEvaluated(why.into());
        self.areas.push(AreaRow { area, state, inputs: 0, objects: 0, skipped: 0, rules_run: 0 });
    }

    /// Tells whether an area was judged.
    #[must_use]
    pub fn has_judged(&self, area: Area) -> bool {
        self.areas.iter().any(|row| row.area == area && row.state == AreaState::Evaluated)
    }

    /// Says that something was checked and holds.
    pub fn passed(
        &mut self,
        name: &'static str,
        subject: impl Into<String>,
        detail: impl Into<String>,
    ) {
        self.checked(name, subject.into(), Outcome::Passed, detail.into());
    }

    /// Says that something was checked and does not hold; the finding says why.
    pub fn failed(&mut self, name: &'static str, subject: impl Into<String>, finding: Finding) {
        self.checked(name, subject.into(), Outcome::Failed, finding.message.clone());
        self.findings.push(finding);
    }

    /// Says that something was not asked for, or could not be checked for want of what it needs.
    pub fn skipped(
        &mut self,
        name: &'static str,
        subject: impl Into<String>,
        detail: impl Into<String>,
    ) {
        self.checked(name, subject.into(), Outcome::NotEvaluated, detail.into());
    }

    fn checked(&mut self, name: &'static str, subject: String, outcome: Outcome, detail: String) {
        self.asked += usize::from(outcome != Outcome::NotEvaluated);
        self.checks.push(Check { name, subject, outcome, detail });
    }

    /// Adds a figure that was compared; a finding or a check says what follows from it.
    pub fn compared(&mut self, comparison: ComparisonDocument) {
        self.comparisons.push(comparison);
    }

    /// Takes over what another report has found and checked.
    pub fn append(&mut self, other: Self) {
        self.asked += other.asked;
        self.areas.extend(other.areas);
        self.findings.extend(other.findings);
        self.checks.extend(other.checks);
        self.comparisons.extend(other.comparisons);
        self.headlines.extend(other.headlines);
        self.graph = other.graph.or(self.graph.take());
    }

    /// Returns the findings so far, in the order they were made.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Returns the checks so far.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Computes the verdict.
    ///
    /// A finding at or above the gate that no waiver covers refuses. Failing that, an area that
    /// had to be judged and was not, an input that could not be read, or nothing judged at all
    /// leaves the question undecided.
    ///
    /// Of a pair of releases the same facts say *blocked*, *unknown* or *ready*.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let Some(readiness) = &self.readiness else { return self.judged() };
        match self.judged() {
            Verdict::Refused => Verdict::Blocked,
            _ if readiness.has(Status::Fails) => Verdict::Blocked,
            Verdict::Pass if !readiness.has(Status::Unknown) => Verdict::Ready,
            Verdict::Pass
            | Verdict::Undecided
            | Verdict::Ready
            | Verdict::Blocked
            | Verdict::Unknown => Verdict::Unknown,
        }
    }

    fn judged(&self) -> Verdict {
        let open: Vec<&Finding> = self
            .findings
            .iter()
            .filter(|finding| self.waivers.covering(finding, self.judged_at).is_none())
            .filter(|finding| !self.is_known(finding))
            .collect();
        let refuses = |finding: &&&Finding| {
            finding.rule.weight == Weight::Fault
                && (finding.rule.severity == Severity::Error || self.gate == Gate::Warning)
        };
        let undecided = |finding: &&&Finding| finding.rule.weight == Weight::Unjudged;
        let not_evaluated = |row: &AreaRow| matches!(row.state, AreaState::NotEvaluated(_));
        if open.iter().any(|finding| refuses(&finding)) {
            Verdict::Refused
        } else if open.iter().any(|finding| undecided(&finding))
            || self.areas.iter().any(not_evaluated)
            || self.asked == 0
        {
            Verdict::Undecided
        } else {
            Verdict::Pass
        }
    }

    /// Returns the report as the document that `--format json` prints.
    #[must_use]
    pub fn to_document(&self) -> ReportDocument {
        let mut findings: Vec<&Finding> = self.findings.iter().collect();
        findings.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
        findings.dedup();
        let rows: Vec<FindingDocument> =
            findings.iter().map(|finding| self.finding_document(finding)).collect();
        let mut headlines: Vec<HeadlineDocument> = self
            .headlines
            .iter()
            .map(|(cause, message)| HeadlineDocument {
                message: message.clone(),
                findings: (0..findings.len())
                    .filter(|index| findings[*index].cause.as_ref() == Some(cause))
                    .collect(),
            })
            .collect();
        headlines.retain(|headline| !headline.findings.is_empty());
        headlines.sort_by_key(|headline| std::cmp::Reverse(headline.findings.len()));
        let open = |severity: Severity| {
            let open = |row: &&FindingDocument| row.waived.is_none() && row.known != Some(true);
            rows.iter().filter(|row| row.severity == severity).filter(open).count()
        };
        let summary = SummaryDocument {
            errors: open(Severity::Error),
            warnings: open(Severity::Warning),
            waived: rows.iter().filter(|row| row.waived.is_some()).count(),
            known: (!self.known.is_empty())
                .then(|| rows.iter().filter(|row| row.known == Some(true)).count()),
        };
        ReportDocument {
            schema: ReportDocument::SCHEMA.to_owned(),
            tool: ToolDocument {
                name: "countersign".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            command: self.command.to_owned(),
            judged_at: self.judged_at,
            replay: self.replay,
            verdict: self.verdict(),
            trust: self.trust.clone(),
            rollback: self.readiness.clone(),
            areas: self.areas.iter().map(area_document).collect(),
            findings: rows,
            headlines,
            checks: self.checks.iter().map(check_document).collect(),
            comparisons: self.comparisons.clone(),
            graph: self.graph.clone(),
            summary,
        }
    }

    fn finding_document(&self, finding: &Finding) -> FindingDocument {
        let waiver = self.waivers.covering(finding, self.judged_at);
        FindingDocument {
            code: finding.rule.code.to_owned(),
            slug: finding.rule.slug.to_owned(),
            area: finding.rule.area,
            severity: finding.rule.severity,
            location: location_document(&finding.location),
            message: finding.message.clone(),
            declared: finding.declared.clone(),
            actual: finding.actual.clone(),
            why: finding.rule.why.to_owned(),
            remedy: finding.rule.remedy.to_owned(),
            known: (!self.known.is_empty()).then(|| self.is_known(finding)),
            cause: finding.cause.as_ref().and_then(|cause| self.headlines.get(cause)).cloned(),
            waived: waiver.map(|waiver| WaivedDocument {
                owner: waiver.owner.clone(),
                reason: waiver.reason.clone(),
                expires: waiver.expires,
            }),
        }
    }
}

fn sort_key(finding: &Finding) -> (Severity, &str, &Location, &str, &Option<String>) {
    let code = finding.rule.code;
    (finding.rule.severity, code, &finding.location, &finding.message, &finding.declared)
}

fn area_document(row: &AreaRow) -> AreaDocument {
    let (state, reason) = match &row.state {
        AreaState::Evaluated => ("evaluated", None),
        AreaState::NotEvaluated(why) => ("not_evaluated", Some(why.clone())),
    };
    AreaDocument {
        area: row.area,
        state: state.to_owned(),
        reason,
        inputs: row.inputs,
        objects: row.objects,
        skipped: row.skipped,
        rules_run: row.rules_run,
    }
}

fn check_document(check: &Check) -> CheckDocument {
    CheckDocument {
        check: check.name.to_owned(),
        subject: check.subject.clone(),
        outcome: check.outcome,
        detail: check.detail.clone(),
    }
}

fn location_document(location: &Location) -> LocationDocument {
    let (basis, archive) = match &location.basis {
        Basis::Tree => ("tree", None),
        Basis::Bundle(archive) => ("bundle", Some(archive.clone())),
    };
    LocationDocument {
        path: location.path.clone(),
        pointer: location.pointer.clone(),
        line: location.position.map(|position| position.line),
        column: location.position.map(|position| position.column),
        basis: basis.to_owned(),
        archive,
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::{packet, release};
    use super::*;
    use crate::digest::Digest;

    fn report() -> Report {
        Report::new("check", "2026-11-23T20:00:00Z".parse().unwrap(), false)
    }

    fn finding(rule: &'static super::super::Rule) -> Finding {
        Finding::new(rule, Location::named("ops/a.json").pointing("/b"), "it is wrong")
    }

    #[test]
    fn nothing_judged_is_no_pass() {
        let mut report = report();
        assert_eq!(report.verdict(), Verdict::Undecided);
        report.skipped("artifact", "a", "not given");
        assert_eq!(report.verdict(), Verdict::Undecided);
        report.passed("artifact", "a", "as listed");
        assert_eq!(report.verdict(), Verdict::Pass);
        report.not_evaluated(Area::Stack, "unreadable");
        assert_eq!(report.verdict(), Verdict::Undecided);
        report.push(finding(&packet::MEMBER_MISSING));
        assert_eq!(report.verdict(), Verdict::Refused);
    }

    #[test]
    fn a_warning_refuses_at_its_gate_only() {
        let mut report = report();
        report.evaluated(Area::Release, 1, 1, 0, 1);
        report.push(finding(&release::SCALAR_AMBIGUOUS));
        assert_eq!(report.verdict(), Verdict::Pass);
        report.set_gate(Gate::Warning);
        assert_eq!(report.verdict(), Verdict::Refused);
    }

    #[test]
    fn what_the_baseline_has_does_not_refuse_and_what_it_lacks_does() {
        let mut earlier = report();
        earlier.evaluated(Area::Release, 1, 1, 0, 1);
        earlier.push(finding(&release::DOCUMENT_MALFORMED));
        earlier.push(finding(&release::INPUT_UNREADABLE));
        let mut later = report();
        later.evaluated(Area::Release, 1, 1, 0, 1);
        later.set_baseline(&earlier.to_document());
        later.push(finding(&release::DOCUMENT_MALFORMED));
        assert_eq!(later.verdict(), Verdict::Pass);
        assert_eq!(later.to_document().summary.known, Some(1));
        later.push(finding(&release::INPUT_UNREADABLE));
        assert_eq!(later.verdict(), Verdict::Undecided);
        let mut moved = finding(&release::DOCUMENT_MALFORMED);
        moved.location.path = "ops/c.json".to_owned();
        later.push(moved);
        assert_eq!(later.verdict(), Verdict::Refused);
    }

    #[test]
    fn a_waiver_covers_its_rule_in_its_file_until_its_day() {
        let digest = Digest::of(b"as accepted");
        let waivers = |code: &str, expires: &str, found: Digest| {
            let text = format!(
                r#"{{"schema": "countersign.waivers/v1", "waivers": [{{"code": "{code}",
                "path": "ops/a.json", "sha256": "{digest}", "reason": "tracked in OPS-812",
                "owner": "release@lantern.example", "expires": "{expires}"}}]}}"#
            );
            Waivers::parse(text.as_bytes(), |_| Some(found)).unwrap()
        };
        let verdict = |waivers: Waivers, rule| {
            let mut report = report();
            report.evaluated(Area::Release, 1, 1, 0, 1);
            report.push(finding(rule));
            report.set_waivers(waivers);
            report.verdict()
        };
        let later = "2026-12-01T00:00:00Z";
        let rule = &release::DOCUMENT_MALFORMED;
        assert_eq!(verdict(waivers(rule.code, later, digest), rule), Verdict::Pass);
        for refused in [
            verdict(waivers(rule.code, "2026-11-23T20:00:00Z", digest), rule),
            verdict(waivers(rule.code, "2028-01-01T00:00:00Z", digest), rule),
            verdict(waivers(rule.code, later, Digest::of(b"changed since")), rule),
            verdict(waivers("CS-RELEASE-004", later, digest), rule),
            verdict(waivers("CS-PACKET-005", later, digest), &packet::MEMBER_MISSING),
        ] {
            assert_eq!(refused, Verdict::Refused);
        }
    }

    #[test]
    fn an_area_that_was_not_judged_is_not_lost_with_its_report() {
        let now: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
        let mut report = Report::new("check", now, true);
        report.evaluated(Area::K8s, 1, 1, 0, 1);
        let mut other = Report::new("check", now, true);
        other.not_evaluated(Area::Load, "unreadable");
        report.append(other);
        assert_eq!(report.verdict(), Verdict::Undecided);
    }
}
