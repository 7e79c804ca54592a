//! What the validators said of the tree, and how it becomes evidence.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Request;
use super::evidence::{Member, MemberBytes};
use crate::digest::Digest;
use crate::finding::{Area, Report, ReportDocument, Verdict, Waiver};
use crate::json;
use crate::packet::directory::REPORT;
use crate::packet::manifest::EVIDENCE_FOLDER;
use crate::packet::{Artifact, EvidenceItem, EvidenceKind};
use crate::pipeline::attest::{configuration_of, derived_path};
use crate::pipeline::{Error, check};
use crate::provenance::{ResourceDescriptor, Statement, Subject, TestResult};
use crate::time::Timestamp;
use crate::tree::Tree;
use crate::validator::{Context, Derived, PreviousRelease};

/// What the validators said, area by area and together.
pub(super) struct Judged {
    /// The answer as of now: what is released hangs on it.
    pub(super) report: Report,
    /// The same as it is written.
    written: Report,
    areas: Vec<(Area, ReportDocument)>,
    configuration: BTreeMap<Area, (Vec<ResourceDescriptor>, Vec<Derived>)>,
}

pub(super) fn judge(
    tree: &Tree,
    request: &Request,
    before: Option<PreviousRelease>,
) -> Result<Judged, Error> {
    let before = before.map(Arc::new);
    let context = |at: Timestamp| Context {
        expect_version: Some(request.version.clone()),
        expect_commit: Some(request.source.commit.clone()),
        previous: before.clone(),
        ..Context::at(at)
    };
    let waivers = check::waivers_in(tree, &request.root)?;
    let areas = check::areas_of(&request.root)?;
    let judge = |context: &Context, replay: bool| check::judge_areas(tree, &areas, context, replay);
    let together = |parts: &[(Area, Report)], context: &Context, replay: bool| {
        let parts = parts.iter().map(|(_, part)| part);
        let mut report = check::put_together(parts, &waivers, context, replay);
        check::tell_absent(&areas, &mut report);
        report
    };
    let now = context(request.now);
    let parts = judge(&now, request.replay);
    let report = together(&parts, &now, request.replay);
    let (at, replay) = (request.issued_at, request.replay || request.issued_at_given);
    let then = context(at);
    let is_same = at == request.now && replay == request.replay;
    let parts = if is_same { parts } else { judge(&then, replay) };
    let written = together(&parts, &then, replay);
    let mut judged = Vec::new();
    let mut configuration = BTreeMap::new();
    for (area, part) in &parts {
        let area = *area;
        judged.push((area, check::put_together([part], &waivers, &then, replay).to_document()));
        configuration.insert(area, configuration_of(tree, area, &then)?);
    }
    Ok(Judged { report, written, areas: judged, configuration })
}

impl Judged {
    /// Takes over what was found in the evidence.
    pub(super) fn append(&mut self, found: Report) {
        self.written.append(found.clone());
        self.report.append(found);
    }

    /// Whether the release is blocked, as of now or as of its own issue.
    pub(super) fn blocked(&self) -> Option<&Report> {
        [&self.report, &self.written].into_iter().find(|report| report.verdict() != Verdict::Pass)
    }

    /// The report of all areas together, as it is written.
    pub(super) fn written(&self) -> &Report {
        &self.written
    }

    pub(super) fn waivers(&self) -> Vec<Waiver> {
        self.report.waivers().iter().cloned().collect()
    }

    /// Each area's report, and its result as an in-toto test-result statement over the artifacts;
    /// and the report of all areas together.
    pub(super) fn evidence(
        &self,
        artifacts: &[Artifact],
        request: &Request,
    ) -> Result<Vec<Member>, Error> {
        let subjects: Vec<Subject> = artifacts
            .iter()
            .map(|artifact| Subject { name: artifact.path.to_string(), digest: artifact.sha256 })
            .collect();
        let digests: Vec<Digest> = sorted(artifacts.iter().map(|artifact| artifact.sha256));
        let item = |path: &str, kind, area, media_type: &str, bytes: &[u8], subjects: &[Digest]| {
            EvidenceItem {
                path: path.parse().expect("a path of ours is portable"),
                kind,
                area,
                media_type: media_type.to_owned(),
                size: bytes.len() as u64,
                sha256: Digest::of(bytes),
                observed_at: request.issued_at,
                subjects: subjects.to_vec(),
            }
        };
        let mut members = Vec::new();
        let whole = json::to_bytes(&self.written.to_document());
        let path = format!("{EVIDENCE_FOLDER}/{REPORT}");
        let kind = EvidenceKind::ValidatorReport;
        let whole_item = item(&path, kind, Area::Packet, "application/json", &whole, &[]);
        members.push((whole_item, MemberBytes::Memory(whole)));
        for (area, document) in &self.areas {
            let report = json::to_bytes(document);
            let path = format!("{EVIDENCE_FOLDER}/{area}/{REPORT}");
            let report_item = item(&path, kind, *area, "application/json", &report, &[]);
            members.push((report_item, MemberBytes::Memory(report)));
            let (configuration, derived) =
                self.configuration.get(area).cloned().unwrap_or_default();
            for Derived { name, bytes } in derived {
                let kind = EvidenceKind::Derived;
                let path = derived_path(*area, &name);
                let derived_item = item(&path, kind, *area, "application/json", &bytes, &[]);
                members.push((derived_item, MemberBytes::Memory(bytes)));
            }
            let statement = Statement {
                subjects: subjects.clone(),
                predicate: TestResult::of(*area, document, configuration),
            }
            .to_bytes();
            let path = format!("{EVIDENCE_FOLDER}/{area}/test-result.json");
            let kind = EvidenceKind::TestResult;
            let media_type = "application/vnd.in-toto+json";
            let statement_item = item(&path, kind, *area, media_type, &statement, &digests);
            members.push((statement_item, MemberBytes::Memory(statement)));
        }
        Ok(members)
    }
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.collect::<BTreeSet<T>>().into_iter().collect()
}
