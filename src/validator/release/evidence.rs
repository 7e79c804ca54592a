//! REL09, REL10: each image of the release has its SBOM and its scan report.

use super::images::image_digests;
use super::input::{Inputs, Source};
use super::layout;
use super::row::digest_of_reference;
use super::sbom::judge_sbom;
use super::scans::{Budget, judge_scan};
use crate::document::{Limits, Node, parse_json};
use crate::finding::rules::release as rules;
use crate::finding::{Finding, Location, Report};
use crate::path::RelPath;
use crate::time::Timestamp;
use crate::tree::Tree;
use crate::validator::Context;

/// Judges every SBOM of the manifest, and looks for images without one.
pub(super) fn sboms(inputs: &Inputs, _: &Context, report: &mut Report) {
    let Some(manifest) = inputs.document(layout::MANIFEST) else {
        if inputs.is_handbook() {
            report.skipped("sbom", layout::MANIFEST, "the tree has no evidence manifest");
        }
        return;
    };
    let rows = manifest.root.get("sboms").map(Node::items).unwrap_or_default();
    let mut described = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let text = |key: &str| row.get(key).and_then(Node::as_str);
        if let Some(reference) = text("image_ref").filter(|text| !text.contains('@')) {
            let location = manifest.at(&format!("/sboms/{index}/image_ref"));
            let message = "the reference names no repository";
            report.push(
                Finding::new(&rules::IMAGE_UNQUALIFIED, location, message).declared(reference),
            );
        }
        let subject = text("image_ref").and_then(digest_of_reference);
        described.extend(subject);
        let Some(path) = text("path") else { continue };
        let Some(source) = inputs.document(path).or_else(|| inputs.member(path)) else { continue };
        judge_sbom(&source.location, &source.root, subject.as_slice(), report);
    }
    for digest in image_digests(inputs).iter().filter(|digest| !described.contains(digest)) {
        let message = "an image of the manifest has no SBOM";
        let finding = Finding::new(&rules::SBOM_ABSENT, manifest.at("/sboms"), message);
        report.push(finding.actual(digest));
    }
    required_formats(inputs, rows, manifest, report);
}

/// A policy that requires a format is met when one SBOM of the manifest has it.
fn required_formats(inputs: &Inputs, rows: &[Node], manifest: &Source, report: &mut Report) {
    let required =
        inputs.own().filter(|source| source.path().contains("sbom")).find_map(|source| {
            let is_required = source.root.get("required").and_then(Node::as_bool) == Some(true);
            source.root.get("formats").filter(|_| is_required).map(|formats| (source, formats))
        });
    let Some((policy, formats)) = required else { return };
    for format in formats.items().iter().filter_map(Node::as_str) {
        let has = |row: &Node| row.get("format").and_then(Node::as_str) == Some(format);
        if !rows.iter().any(has) {
            let message = format!("`{}` requires an SBOM in the format {format}", policy.path());
            let finding = Finding::new(&rules::SBOM_ABSENT, manifest.at("/sboms"), message);
            report.push(finding.declared(format));
        }
    }
}

/// Judges every scan report of the manifest, and looks for images without one.
pub(super) fn scan_reports(inputs: &Inputs, context: &Context, report: &mut Report) {
    let policy = inputs.document(layout::EVIDENCE_POLICY);
    let budget = budget_of(policy, context.now, report);
    for source in inputs.own().filter(|source| source.root.get("severity_budget").is_some()) {
        if source.text("/mode").is_some_and(|mode| mode == "informational" || mode == "warn") {
            let message = "the budget refuses nothing";
            let finding = Finding::new(&rules::SCAN_INFORMATIONAL, source.at("/mode"), message);
            report.push(finding.declared(source.text("/mode").unwrap_or_default()));
        }
    }
    let Some(manifest) = inputs.document(layout::MANIFEST) else {
        if inputs.is_handbook() {
            report.skipped("scan-budget", layout::MANIFEST, "the tree has no evidence manifest");
        }
        return;
    };
    report.skipped("vex", manifest.path(), "overrides are read; VEX documents are not");
    let rows = manifest.root.get("scan_reports").map(Node::items).unwrap_or_default();
    let mut scanned = Vec::new();
    for row in rows {
        let text = |key: &str| row.get(key).and_then(Node::as_str);
        let path = text("path").or_else(|| row.as_str()).unwrap_or_default();
        scanned.extend(text("image_ref").and_then(digest_of_reference));
        let Some(source) = inputs.document(path).or_else(|| inputs.member(path)) else { continue };
        scanned.extend(source.text("/target").and_then(digest_of_reference));
        judge_scan(&source.location, &source.root, &budget, report);
    }
    let required = policy.and_then(|policy| policy.root.get("require_prod_image_artifacts"));
    if required.and_then(Node::as_bool) != Some(true) && rows.is_empty() {
        report.skipped("scan-budget", manifest.path(), "no policy requires scan reports");
        return;
    }
    for digest in image_digests(inputs).iter().filter(|digest| !scanned.contains(digest)) {
        let message = "an image of the manifest has no scan report";
        let finding = Finding::new(&rules::SCAN_ABSENT, manifest.at("/scan_reports"), message);
        report.push(finding.actual(digest));
    }
}

/// Reads the budget of a tree's evidence policy; without one nothing is allowed.
pub(super) fn budget_in(tree: &Tree, now: Timestamp) -> Budget {
    let path: RelPath = layout::EVIDENCE_POLICY.parse().expect("a fixed path is portable");
    let root = tree
        .read(&path, Limits::GOVERNED.bytes)
        .ok()
        .and_then(|bytes| parse_json(&bytes, Limits::GOVERNED).ok());
    // What is wrong with an override is told where the area is judged.
    let mut unheard = Report::new("check", now, false);
    let source =
        root.map(|root| Source { location: Location::file(&path), root, is_member: false });
    budget_of(source.as_ref(), now, &mut unheard)
}

/// Reads the budget with its overrides; those that nobody answers for do not count.
fn budget_of(policy: Option<&Source>, now: Timestamp, report: &mut Report) -> Budget {
    let Some(policy) = policy else { return Budget::default() };
    let number = |pointer: &str| policy.root.pointer(pointer).and_then(Node::as_u64).unwrap_or(0);
    let mut budget = Budget {
        max_critical: number("/cve_budget/max_critical"),
        max_high: number("/cve_budget/max_high"),
        accepted: Vec::new(),
    };
    let overrides = policy.root.get("cve_overrides").map(Node::items).unwrap_or_default();
    for (index, row) in overrides.iter().enumerate() {
        match override_of(row, now) {
            Ok(id) => budget.accepted.push(id.to_owned()),
            Err(problem) => {
                let location = policy.at(&format!("/cve_overrides/{index}"));
                report.push(Finding::new(&rules::SCAN_OVERRIDE, location, problem));
            }
        }
    }
    budget
}

fn override_of(row: &Node, now: Timestamp) -> Result<&str, &'static str> {
    let text = |keys: &[&str]| {
        keys.iter()
            .find_map(|key| row.get(key).and_then(Node::as_str))
            .filter(|text| !text.trim().is_empty())
    };
    let id = text(&["cve", "id", "vulnerability"]).ok_or("names no vulnerability")?;
    text(&["owner", "approved_by"]).ok_or("nobody answers for it")?;
    text(&["reason", "justification"]).ok_or("gives no reason")?;
    let until = text(&["expires", "expires_on", "expires_at", "expiry"]).ok_or("has no end")?;
    match day_or_time(until) {
        Some(until) if until > now => Ok(id),
        Some(_) => Err("has expired"),
        None => Err("its end is no day or time"),
    }
}

/// Reads a time, or a day as its last second.
pub(super) fn day_or_time(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| format!("{text}T23:59:59Z").parse().ok())
}
