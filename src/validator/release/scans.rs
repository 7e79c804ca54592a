//! REL10: a scan report counts what it found, and the counts stay within the budget.
//!
//! Reads the handbook's scan report, Trivy's and Grype's JSON, and SARIF.

use std::collections::BTreeMap;

use crate::document::Node;
use crate::finding::rules::release as rules;
use crate::finding::{Finding, Location, Report};

/// How many findings a release may have.
#[derive(Debug, Clone, Default)]
pub struct Budget {
    /// Critical ones.
    pub max_critical: u64,
    /// High ones.
    pub max_high: u64,
    /// Vulnerabilities that somebody answers for, or that are known not to affect the release.
    pub accepted: Vec<String>,
}

/// What a scan found that counts against a budget.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    critical: u64,
    high: u64,
}

/// Judges one scan report against a budget.
pub fn judge_scan(location: &Location, document: &Node, budget: &Budget, report: &mut Report) {
    let Some(counts) = read(document, budget) else {
        let message = "no scan report of a known shape";
        report.push(Finding::new(&rules::SCAN_UNRECOGNISED, location.clone(), message));
        return;
    };
    if counts.critical > budget.max_critical || counts.high > budget.max_high {
        let message = "found more than the budget allows";
        report.push(
            Finding::new(&rules::SCAN_OVER_BUDGET, location.clone(), message)
                .declared(format!("critical {}, high {}", budget.max_critical, budget.max_high))
                .actual(format!("critical {}, high {}", counts.critical, counts.high)),
        );
    } else {
        let detail = format!("critical {}, high {}: within budget", counts.critical, counts.high);
        report.passed("scan-budget", location.path.as_str(), detail);
    }
}

fn read(document: &Node, budget: &Budget) -> Option<Counts> {
    if let Some(summary) = document.get("summary") {
        let count = |key: &str| summary.get(key).and_then(Node::as_u64);
        return Some(Counts { critical: count("critical")?, high: count("high")? });
    }
    let mut counts = Counts::default();
    if document.get("SchemaVersion").is_some() && document.get("ArtifactName").is_some() {
        for result in document.get("Results").map(Node::items).unwrap_or_default() {
            for found in result.get("Vulnerabilities").map(Node::items).unwrap_or_default() {
                counts.add(text(found, "Severity"), text(found, "VulnerabilityID"), budget);
            }
        }
        return Some(counts);
    }
    if let Some(matches) = document.get("matches").filter(|_| document.get("source").is_some()) {
        for found in matches.items().iter().filter_map(|found| found.get("vulnerability")) {
            counts.add(text(found, "severity"), text(found, "id"), budget);
        }
        return Some(counts);
    }
    let runs = document.get("runs")?;
    document.get("version").and_then(Node::as_str).filter(|version| *version == "2.1.0")?;
    for run in runs.items() {
        read_sarif_run(run, budget, &mut counts);
    }
    Some(counts)
}

/// SARIF has no severity of its own; scanners state CVSS in the rule's `security-severity`.
fn read_sarif_run(run: &Node, budget: &Budget, counts: &mut Counts) {
    let rules = run.pointer("/tool/driver/rules").map(Node::items).unwrap_or_default();
    // By id, the first of each: a search for every result would take their product in time.
    let mut by_id = BTreeMap::new();
    for rule in rules {
        by_id.entry(text(rule, "id")).or_insert(rule);
    }
    for result in run.get("results").map(Node::items).unwrap_or_default() {
        if result.get("suppressions").is_some_and(|node| !node.items().is_empty()) {
            continue;
        }
        let id = text(result, "ruleId");
        let score = by_id
            .get(id)
            .and_then(|rule| rule.pointer("/properties/security-severity"))
            .and_then(|node| node.scalar_text()?.parse::<f64>().ok());
        let severity = match (score, text(result, "level")) {
            (Some(score), _) if score >= 9.0 => "critical",
            (Some(score), _) if score >= 7.0 => "high",
            (Some(_), _) => "medium",
            // Without a score an error is counted as high: what is not rated is not harmless.
            (None, "error") => "high",
            (None, _) => "medium",
        };
        counts.add(severity, id, budget);
    }
}

impl Counts {
    fn add(&mut self, severity: &str, id: &str, budget: &Budget) {
        if budget.accepted.iter().any(|accepted| accepted == id) {
            return;
        }
        match severity.to_ascii_lowercase().as_str() {
            "critical" => self.critical += 1,
            "high" => self.high += 1,
            _ => {}
        }
    }
}

fn text<'a>(node: &'a Node, key: &str) -> &'a str {
    node.get(key).and_then(Node::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Limits, parse_json};

    fn counts(text: &str) -> Option<(u64, u64)> {
        let document = parse_json(text.as_bytes(), Limits::GOVERNED).unwrap();
        let budget = Budget { accepted: vec!["CVE-2026-9".to_owned()], ..Budget::default() };
        read(&document, &budget).map(|counts| (counts.critical, counts.high))
    }

    #[test]
    fn every_scanner_is_counted() {
        let handbook = r#"{"summary": {"critical": 1, "high": 2, "medium": 3, "low": 4}}"#;
        let trivy = r#"{"SchemaVersion": 2, "ArtifactName": "app", "Results": [
            {"Target": "debian"},
            {"Vulnerabilities": [{"VulnerabilityID": "CVE-2026-1", "Severity": "CRITICAL"},
              {"VulnerabilityID": "CVE-2026-9", "Severity": "HIGH"}]},
            {"Vulnerabilities": [{"VulnerabilityID": "CVE-2026-2", "Severity": "HIGH"},
              {"VulnerabilityID": "CVE-2026-3", "Severity": "HIGH"}]}]}"#;
        let grype = r#"{"source": {"type": "image"}, "matches": [
            {"vulnerability": {"id": "CVE-2026-1", "severity": "Critical"}},
            {"vulnerability": {"id": "CVE-2026-2", "severity": "High"}},
            {"vulnerability": {"id": "CVE-2026-3", "severity": "High"}}]}"#;
        let sarif = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"rules": [
              {"id": "A", "properties": {"security-severity": "9.8"}},
              {"id": "B", "properties": {"security-severity": "7.1"}}]}},
            "results": [{"ruleId": "A", "level": "error"}, {"ruleId": "B", "level": "note"},
              {"ruleId": "C", "level": "error"}, {"ruleId": "D", "level": "note"},
              {"ruleId": "A", "suppressions": [{"kind": "external"}]}]}]}"#;
        for (name, text) in
            [("handbook", handbook), ("trivy", trivy), ("grype", grype), ("sarif", sarif)]
        {
            assert_eq!(counts(text), Some((1, 2)), "{name}");
        }
    }

    #[test]
    fn many_results_of_many_rules_are_counted_in_time() {
        let rules: String = (0..50_000).map(|n| format!("{{\"id\": \"{n}\"}},")).collect();
        let results = "{\"ruleId\": \"x\", \"level\": \"error\"},".repeat(50_000);
        let sarif = format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"rules": [{rules}{{}}]}}}},
            "results": [{results}{{}}]}}]}}"#
        );
        let begun = std::time::Instant::now();
        assert_eq!(counts(&sarif), Some((0, 50_000)));
        assert!(begun.elapsed().as_secs() < 20);
    }

    #[test]
    fn what_cannot_be_counted_is_no_clean_scan() {
        for text in ["{}", r#"{"matches": []}"#, r#"{"summary": {"critical": 0}}"#, "[]"] {
            assert_eq!(counts(text), None, "{text}");
        }
    }
}
