//! Two thousand rules and three hundred dashboards, and a tenth of them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use countersign::finding::Area;

use crate::areas::judge;

fn tree(root: &Path, rules: usize, dashboards: usize) {
    let observe = root.join("ops/observe");
    for folder in ["alerts", "dashboards", "contracts"] {
        fs::create_dir_all(observe.join(folder)).unwrap();
    }
    let mut groups = String::from("groups:\n");
    let mut specs = String::new();
    for number in 0..rules {
        if number % 20 == 0 {
            let _ = writeln!(groups, "  - name: group-{number}\n    rules:");
        }
        let _ = writeln!(
            groups,
            "      - alert: Alert{number}\n        expr: sum by (service) (rate(requests_total{{status=~\"5..\"}}[5m])) / sum by (service) (rate(requests_total[5m])) > 0.0{number}\n        for: 5m\n        labels: {{severity: page, owner: a, runbook_id: b, slo: c}}\n        annotations: {{summary: '{{{{ $labels.service }}}} fails {{{{ $value | humanizePercentage }}}}'}}"
        );
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(
            specs,
            "{comma}\"Alert{number}\": {{\"owner\": \"a\", \"runbook_id\": \"b\", \"severity_tier\": \"page\", \"slo_or_invariant\": \"c\", \"drill_id\": \"d\"}}"
        );
    }
    fs::write(observe.join("alerts/alerts.yaml"), groups).unwrap();
    fs::write(observe.join("contracts/alerts.json"), format!("{{\"alert_specs\": {{{specs}}}}}"))
        .unwrap();
    let metrics = r#"{"required_metrics": {"requests_total": ["service", "status"]}}"#;
    fs::write(observe.join("contracts/metrics.json"), metrics).unwrap();
    for number in 0..dashboards {
        let panels: Vec<String> = (0..20)
            .map(|panel| {
                format!(
                    r#"{{"id": {panel}, "type": "timeseries", "title": "Panel {panel}", "gridPos": {{"x": {}, "y": {}, "w": 12, "h": 8}}, "targets": [{{"refId": "A", "expr": "sum by (service) (rate(requests_total{{status=~\"[245]..\"}}[$__rate_interval]))"}}]}}"#,
                    panel % 2 * 12,
                    panel / 2 * 8
                )
            })
            .collect();
        let text = format!(
            r#"{{"uid": "board-{number}", "title": "Board {number}", "schemaVersion": 39, "panels": [{}]}}"#,
            panels.join(",")
        );
        fs::write(observe.join(format!("dashboards/board-{number}.json")), text).unwrap();
    }
}

fn took(rules: usize, dashboards: usize) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    tree(folder.path(), rules, dashboards);
    let begun = Instant::now();
    let report = judge(Area::Observe, folder.path());
    assert!(!report.findings().is_empty());
    begun.elapsed()
}

/// A debug build is some ten times slower than what is shipped; the growth is the same.
#[test]
fn ten_times_the_rules_take_ten_times_the_time() {
    let (small, large) = (took(200, 30), took(2_000, 300));
    println!("200 rules and 30 dashboards: {small:?}; 2,000 and 300: {large:?}");
    assert!(large < small * 25 + Duration::from_secs(2), "{small:?} and {large:?}");
}
