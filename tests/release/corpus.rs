//! A real release of another project, held against an audit that shares no code with this crate.
//!
//! The release is not part of this repository. It is looked for beside it, and the test says so
//! when it is not there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use countersign::finding::{Area, ReportDocument};

use crate::areas::judge;

/// How many findings of each rule the audit expects. What is not named here has none.
const COUNTS: &[(&str, usize)] = &[
    ("CS-RELEASE-004", 12),
    ("CS-RELEASE-005", 3),
    ("CS-RELEASE-006", 37),
    ("CS-RELEASE-007", 4),
    ("CS-RELEASE-008", 1),
    ("CS-RELEASE-009", 6),
    ("CS-RELEASE-010", 2),
    ("CS-RELEASE-013", 1),
    ("CS-RELEASE-014", 3),
    ("CS-RELEASE-015", 10),
    ("CS-RELEASE-016", 3),
    ("CS-RELEASE-017", 1),
    ("CS-RELEASE-018", 11),
    ("CS-RELEASE-019", 11),
    ("CS-RELEASE-020", 17),
    ("CS-RELEASE-021", 4),
    ("CS-RELEASE-022", 11),
    ("CS-RELEASE-023", 1),
    ("CS-RELEASE-024", 1),
    ("CS-RELEASE-025", 1),
    ("CS-RELEASE-026", 1),
    ("CS-RELEASE-027", 9),
    ("CS-RELEASE-028", 1),
    ("CS-RELEASE-029", 1),
    ("CS-RELEASE-030", 4),
    ("CS-RELEASE-031", 4),
    ("CS-RELEASE-032", 13),
    ("CS-RELEASE-033", 8),
    ("CS-RELEASE-036", 1),
    ("CS-RELEASE-039", 6),
    ("CS-RELEASE-040", 6),
    ("CS-RELEASE-041", 6),
    ("CS-RELEASE-042", 6),
    ("CS-RELEASE-044", 1),
    ("CS-RELEASE-045", 6),
    ("CS-RELEASE-049", 1),
    ("CS-RELEASE-050", 1),
    ("CS-RELEASE-051", 1),
    ("CS-RELEASE-052", 1),
    ("CS-RELEASE-053", 1),
    ("CS-RELEASE-054", 1),
    ("CS-RELEASE-055", 1),
    ("CS-RELEASE-056", 20),
    ("CS-RELEASE-057", 10),
    ("CS-RELEASE-058", 4),
    ("CS-RELEASE-059", 1),
    ("CS-RELEASE-060", 1),
    ("CS-RELEASE-061", 3),
    ("CS-RELEASE-062", 2),
    ("CS-RELEASE-063", 6),
    ("CS-RELEASE-064", 7),
    ("CS-RELEASE-065", 5),
    ("CS-RELEASE-066", 1),
    ("CS-RELEASE-067", 4),
];

/// Findings that the audit names besides the digests: code, basis, path, pointer, declared, actual.
type Expected = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
);

const ROWS: &[Expected] = &[
    (
        "CS-RELEASE-022",
        "bundle",
        "ops/release/signing/release-verify.json",
        "/status",
        Some("failed"),
        Some("ok"),
    ),
    (
        "CS-RELEASE-022",
        "bundle",
        "ops/release/signing/release-sign.json",
        "/contracts/REL-SIGN-006",
        Some("false"),
        Some("true"),
    ),
    ("CS-RELEASE-026", "tree", "ops/release/packet/packet.json", "", None, None),
    (
        "CS-RELEASE-030",
        "tree",
        "ops/release/ops-release-bundle-manifest.json",
        "/chart/sha256",
        Some("9230d4df9fdf0d2fdf9cbd51a444a5acf2a86152507bc3619221f3285a7c80fe"),
        Some("2e7be14e1b5d47e5e34ecec9fd8e80b6fc2f2994bd0b936acd2417a514ca55d5"),
    ),
    (
        "CS-RELEASE-062",
        "tree",
        "ops/report/generated/ops-artifact-lineage.json",
        "/lineage/chart_digest_sha256",
        Some("1a02cb7bb5f2b227977417fbedf89ace537cbe30c863921485663dcf06d46c8f"),
        Some("9230d4df9fdf0d2fdf9cbd51a444a5acf2a86152507bc3619221f3285a7c80fe"),
    ),
    (
        "CS-RELEASE-033",
        "tree",
        "Cargo.toml",
        "/workspace/package/version",
        Some("0.2.1"),
        Some("0.2.0"),
    ),
    (
        "CS-RELEASE-033",
        "tree",
        "ops/inventory/pins.yaml",
        "/versions/chart",
        Some("0.1.0"),
        Some("0.2.0"),
    ),
    (
        "CS-RELEASE-053",
        "tree",
        "ops/release/evidence/manifest.json",
        "/image_artifacts/6",
        None,
        None,
    ),
    (
        "CS-RELEASE-059",
        "bundle",
        "ops/release/evidence/fixtures/evidence-bundle-with-secret.json",
        "",
        None,
        None,
    ),
    (
        "CS-RELEASE-017",
        "bundle",
        "ops/release/evidence/packages/bijux-atlas-0.1.0.tgz",
        "",
        None,
        None,
    ),
    ("CS-RELEASE-027", "tree", "ops/release/evidence/manifest.json", "/ops_evidence", None, None),
    (
        "CS-RELEASE-028",
        "tree",
        "ops/schema/load/thresholds.schema.json",
        "/properties/thresholds/additionalProperties",
        None,
        None,
    ),
    (
        "CS-RELEASE-050",
        "tree",
        "ops/release/evidence/manifest.json",
        "/image_artifacts",
        Some("prod"),
        None,
    ),
    (
        "CS-RELEASE-061",
        "tree",
        "ops/report/generated/report-diff.json",
        "/target_report",
        Some("ops/report/examples/unified-report-example.json"),
        None,
    ),
];

/// What looks wrong there and is right: no finding may stand in these files.
const SILENT: &[(&str, &str)] = &[
    ("tree", "ops/release/evidence/fixtures/evidence-bundle-with-secret.json"),
    ("tree", "ops/release/evidence/fixtures/evidence-bundle-invalid-schema.json"),
    ("tree", "ops/release/evidence/fixtures/evidence-bundle-sample.json"),
    ("tree", "ops/release/evidence/golden/evidence-verify.golden.json"),
    ("tree", "ops/release/notes/images/0.1.0.txt"),
    ("tree", "ops/release/evidence/packages/bijux-atlas-0.1.0.tgz"),
    ("tree", "ops/k8s/values/schema-failure-image-latest.yaml"),
    ("bundle", "artifacts/governance/deprecations-summary.json"),
    ("bundle", "artifacts/governance/institutional-delta.md"),
    ("bundle", "artifacts/security/log-field-inventory.json"),
    ("bundle", "ops/release/evidence/identity.json"),
    ("bundle", "Chart.yaml"),
];

const DIGESTS: &str = include_str!("corpus-digests.tsv");

#[test]
fn the_corpus_is_what_the_audit_says() {
    let Some(root) = corpus() else {
        eprintln!("SKIPPED: no corpus/atlas-0.2.0 beside the repository");
        return;
    };
    let report = judge(Area::Release, &root).to_document();
    digests_agree(&report);
    let mut wrong = Vec::new();
    for rule in countersign::finding::rules::release::RULES {
        let expected = COUNTS.iter().find(|(code, _)| *code == rule.code).map_or(0, |row| row.1);
        let found = report.findings.iter().filter(|finding| finding.code == rule.code).count();
        if found != expected {
            wrong.push(format!("{} {}: {found}, expected {expected}", rule.code, rule.slug));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (code, basis, path, pointer, declared, actual) in ROWS {
        let is_there = report.findings.iter().any(|finding| {
            finding.code == *code
                && finding.location.basis == *basis
                && finding.location.path == *path
                && finding.location.pointer == *pointer
                && declared.is_none_or(|text| finding.declared.as_deref() == Some(text))
                && actual.is_none_or(|text| finding.actual.as_deref() == Some(text))
        });
        assert!(is_there, "{code} {basis}:{path}#{pointer}");
    }
    for finding in &report.findings {
        let place = (finding.location.basis.as_str(), finding.location.path.as_str());
        assert!(!SILENT.contains(&place), "{} {place:?}: {}", finding.code, finding.message);
    }
}

/// Every stated digest that does not hold is found at its pointer with both values, and no other.
fn digests_agree(report: &ReportDocument) {
    let expected: BTreeSet<String> =
        DIGESTS.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    let codes: BTreeSet<&str> =
        expected.iter().filter_map(|line| line.split('\t').next()).collect();
    let found: BTreeSet<String> = report
        .findings
        .iter()
        .filter(|finding| codes.contains(finding.code.as_str()))
        .map(|finding| {
            let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            let (declared, actual) = (dash(&finding.declared), dash(&finding.actual));
            let place = &finding.location;
            [&finding.code, &place.basis, &place.path, &place.pointer, &declared, &actual]
                .map(String::as_str)
                .join("\t")
        })
        .collect();
    let missing: Vec<_> = expected.difference(&found).collect();
    let extra: Vec<_> = found.difference(&expected).collect();
    assert!(missing.is_empty() && extra.is_empty(), "missing {missing:#?}, extra {extra:#?}");
}

#[test]
fn one_cause_is_one_headline() {
    let Some(root) = corpus() else { return };
    let report = judge(Area::Release, &root).to_document();
    let headlines: Vec<(usize, &str)> = report
        .headlines
        .iter()
        .map(|headline| (headline.findings.len(), headline.message.as_str()))
        .collect();
    let has = |count: usize, words: &str| {
        assert!(
            headlines.iter().any(|(found, message)| *found == count && message.contains(words)),
            "{count} {words}: {headlines:#?}"
        );
    };
    has(7, "packet.json` is older than the release");
    has(7, "the tree has moved on");
    has(37, "in the bundle only");
    has(5, "9230d4df9fdf0d2fdf9cbd51a444a5acf2a86152507bc3619221f3285a7c80fe");
    has(8, "the release is 0.2.0");
    has(12, "swept into its bundle");
}

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let root = beside.join("shared/corpus/atlas-0.2.0");
    root.is_dir().then_some(root)
}
