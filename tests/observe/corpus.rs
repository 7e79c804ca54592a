//! A real tree of another project, read by eye before these counts were written.
//!
//! The tree is not part of this repository. It is looked for beside it, and the test says so when it
//! is not there.

use std::collections::BTreeMap;
use std::path::Path;

use countersign::finding::{Area, ReportDocument};

use crate::areas::judge;

/// How many findings of each rule the reading expects. What is not named here has none.
const COUNTS: &[(&str, usize)] = &[
    // `security-alert-rules.yaml` has four rules under keys of its own; `public-surface-coverage.yaml`
    // lies with the rules and holds none.
    ("rule-shape-unknown", 2),
    // OverloadSurvivalViolated: `sum(...) and avg_over_time(x{subsystem="atlas"})` joins nothing.
    ("operands-never-meet", 1),
    // Five alerts, 38 panels of ten dashboards, the throughput objective and its measurement.
    ("metric-unknown", 45),
    // Three burn alerts and two panel queries ask for the class `standard`; endpoints are cheap,
    // medium or heavy.
    ("matcher-value-impossible", 5),
    // bijux_fs_space_pressure_events_total and bijux_dataset_count, each on a panel.
    ("counter-without-rate", 2),
    // bijux_dataset_hits and _misses are gauges by contract: CacheThrash, two panels.
    ("gauge-under-rate", 6),
    // Nine alerts, two measurements, five panel queries.
    ("clamp-hides-errors", 16),
    ("recording-rule-missing", 4),
    // The eleven alerts of atlas-alert-rules.yaml; the contract knows owner and runbook of each.
    ("alert-label-missing", 11),
    // The catalog says critical and warning, rules and contract page and warn.
    ("alert-severity-differs", 20),
    // Every row of the coverage map names another objective and drill than the contract.
    ("alert-owner-differs", 6),
    // The coverage map lists 6 of 20.
    ("alert-uncatalogued", 14),
    ("catalogued-alert-missing", 2),
    // All twelve pages: the tree has no `absent`.
    ("page-without-absence", 12),
    // P95LatencyRegression: 0.8 s, the objective allows 0.3 s.
    ("alert-looser-than-objective", 1),
    ("page-untested", 12),
    // 20 alerts, 4 home-made rules, 21 drills, 2 indices; there is no `docs/`.
    ("runbook-missing", 47),
    ("runbook-unresolved", 13),
    // Objectives are called atlas.*, whatever refers to them says api.*, ingest.* or other words.
    ("objective-unguarded", 4),
    ("objective-unresolved", 27),
    // Six drills of the contract are scenarios; both telemetry drills have names of their own.
    ("telemetry-drill-unresolved", 8),
    ("telemetry-drill-list-differs", 1),
    // Four log events and one metric.
    ("telemetry-drill-signal-unknown", 5),
    // 21 and 8 drills without a record, two records without a date.
    ("telemetry-drill-not-run", 4),
    ("telemetry-drill-signals-uncovered", 1),
    // No panel of the twelve has an id or a place.
    ("dashboard-invalid", 12),
    // Ingest failures, shard integrity, restarts.
    ("page-without-dashboard", 3),
    ("dashboard-registry-differs", 2),
    ("panel-contract-broken", 3),
    // Span registry and trace contract; two lists of suites.
    ("telemetry-contract-contradicted", 2),
    // Four end in `}}`, two lack required labels.
    ("example-series-invalid", 6),
    // Three metrics missing, two without required labels, 19 in no contract.
    ("golden-scrape-differs", 6),
    // Series with the value `example`; three profiles with one scrape.
    ("golden-scrape-pretended", 2),
    ("label-not-allowed", 15),
    ("log-sample-differs", 5),
    // atlas-slo-dashboard, drills, telemetry index, objectives, suites.
    ("telemetry-document-breaks-schema", 5),
    ("telemetry-placeholder-left", 6),
    ("telemetry-index-differs", 1),
    ("telemetry-readiness-contradicted", 1),
    ("rules-not-loaded", 2),
    ("telemetry-suite-test-missing", 2),
    ("dashboard-datasource-fixed", 12),
    // 0.1.0 was scraped, the chart says 0.2.0.
    ("golden-scrape-of-another-version", 1),
];

fn corpus() -> Option<ReportDocument> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/atlas-0.2.0");
    if !root.is_dir() {
        println!("SKIPPED: {} is not there", root.display());
        return None;
    }
    Some(judge(Area::Observe, &root).to_document())
}

#[test]
fn what_is_wrong_is_found_once_and_nothing_else() {
    let Some(report) = corpus() else { return };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &report.findings {
        *counts.entry(&finding.slug).or_default() += 1;
    }
    let expected: BTreeMap<&str, usize> = COUNTS.iter().copied().collect();
    assert_eq!(counts, expected);
}

#[test]
fn causes_that_are_shared_are_told_once() {
    let Some(report) = corpus() else { return };
    let headline = |words: &str| {
        let found = report.headlines.iter().find(|one| one.message.contains(words));
        found.map(|one| one.findings.len())
    };
    assert_eq!(headline("runbooks lead out of the tree, into `docs`"), Some(60));
    assert_eq!(headline("speaks of critical, warning, the rules of page, warn"), Some(20));
    assert_eq!(headline("objectives that are not defined"), Some(27));
    let graph = report.graph.unwrap();
    for guard in &graph.objectives {
        assert_eq!(guard.missing, ["page", "ticket", "runbook", "drill", "load threshold"]);
    }
}
