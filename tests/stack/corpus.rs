//! A real stack of another project. Every count here was read off the data first.
//!
//! The tree is not part of this repository. It is looked for beside it, and the test says so when
//! it is not there.

use std::path::{Path, PathBuf};

use countersign::finding::{Area, rules};

use crate::areas::judge;

/// How many findings of each rule the data gives. What is not named here has none.
const COUNTS: &[(&str, usize)] = &[
    // `generated_by` stands among the images of pin list and toolchain.
    ("CS-STACK-005", 2),
    // Six manifests of the stack, three of the observability pack, redis in one compose file. What
    // compose builds itself (`bijux-atlas:perf-local`) is not pulled, and is not counted.
    ("CS-STACK-006", 10),
    // 1111..., 2222..., 3333..., 5555..., and 4444... twice in the values of the air gap; the profile
    // that must be refused has no digest and is not judged.
    ("CS-STACK-007", 6),
    // Pinned is 7.4-alpine, compose runs 7-alpine, which also moves.
    ("CS-STACK-010", 1),
    ("CS-STACK-011", 1),
    // registry.airgap.local is in no allowed registry. The policy speaks of publishing, so images of
    // other projects are not held against it.
    ("CS-STACK-012", 1),
    // grafana, which runs in three files.
    ("CS-STACK-013", 1),
    // minio_mc.
    ("CS-STACK-014", 1),
    // Chart 0.2.0; pinned chart and app 0.1.0; frozen for v0.1.0.
    ("CS-STACK-018", 3),
    // rust-toolchain.toml 1.86.0; its own inventory 1.85.0; the builder image 1.84.1.
    ("CS-STACK-019", 2),
    // None of six tools has a version.
    ("CS-STACK-020", 1),
    // tools.toml lacks two tools; kubeconform is optional and every profile requires it.
    ("CS-STACK-021", 2),
    // Four reports claim v1.31.0; every cluster is v1.31.2.
    ("CS-STACK-022", 4),
    // ops/k8s/kind/cluster.yaml.
    ("CS-STACK-023", 1),
    // stack.toml lacks five profiles of the other three documents, which lack `local`.
    ("CS-STACK-025", 2),
    // toxiproxy.
    ("CS-STACK-028", 1),
    // api, metrics and query.
    ("CS-STACK-029", 1),
    // bijux-atlas in two profiles, atlas-e2e in manifests and overlays, atlas-observability.
    ("CS-STACK-030", 5),
    // Subprocess in base and ci, network in dev and prod; prod runs a profile of class dev.
    ("CS-STACK-031", 5),
    // prometheus and otel twice, redis in the stack and in compose, toxiproxy.
    ("CS-STACK-036", 7),
    // Node ports 30443 and 30900 of every cluster lead to no Service.
    ("CS-STACK-038", 2),
    // ops/load/Dockerfile in both compose files.
    ("CS-STACK-042", 2),
    ("CS-STACK-044", 1),
    // contracts-map.json and drill-contract-links.json.
    ("CS-STACK-046", 2),
    // Seven pins; the bills of materials are of the service's own images only.
    ("CS-STACK-047", 7),
    // The schemas of graph, version manifest and artifact list know no `generated_by`.
    ("CS-STACK-051", 3),
];

/// What looks wrong there and is right: no finding may stand in these files.
const SILENT: &[&str] = &[
    "ops/k8s/values/schema-failure-image-latest.yaml",
    "ops/k8s/charts/bijux-atlas/values.yaml",
    "ops/k8s/values/prod.yaml",
    "ops/k8s/values/local.yaml",
    "ops/observe/pack/compose/otel-collector.yaml",
    "ops/stack/generated/versions.json",
    "ops/stack/tests/goldens/stack-health-report.sample.json",
    "ops/stack/tests/goldens/stack-ports-inventory.sample.json",
    "ops/stack/service-dependency-contract.json",
    "ops/stack/evolution-policy.json",
    "ops/_generated.example/stack-drift-report.json",
    "ops/docker/images/runtime/Dockerfile",
    "ops/docker/build-matrix.json",
    "ops/docker/policy.json",
];

#[test]
fn the_corpus_is_what_the_data_says() {
    let Some(root) = corpus() else {
        eprintln!("SKIPPED: no corpus/atlas-0.2.0 beside the repository");
        return;
    };
    let report = judge(Area::Stack, &root).to_document();
    let mut wrong = Vec::new();
    for rule in rules::stack::RULES {
        let expected = COUNTS.iter().find(|(code, _)| *code == rule.code).map_or(0, |row| row.1);
        let found: Vec<_> =
            report.findings.iter().filter(|finding| finding.code == rule.code).collect();
        if found.len() != expected {
            let list: Vec<String> =
                found.iter().map(|one| format!("{}: {}", one.location.path, one.message)).collect();
            wrong.push(format!("{} {}: expected {expected}: {list:#?}", rule.code, rule.slug));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for finding in &report.findings {
        let path = finding.location.path.as_str();
        assert!(!SILENT.contains(&path), "{} {path}: {}", finding.code, finding.message);
    }
}

#[test]
fn findings_carry_both_values_in_full() {
    let Some(root) = corpus() else { return };
    let report = judge(Area::Stack, &root).to_document();
    let is_there = |code: &str, path: &str, declared: &str, actual: &str| {
        report.findings.iter().any(|finding| {
            finding.code == code
                && finding.location.path == path
                && finding.location.line.is_some()
                && finding.declared.as_deref() == Some(declared)
                && finding.actual.as_deref() == Some(actual)
        })
    };
    assert!(is_there(
        "CS-STACK-006",
        "ops/stack/redis/redis.yaml",
        "redis:7.4-alpine",
        "redis:7.4-alpine@sha256:8b81dd37ff027bec4e516d41acfbe9fe2460070dc6d4a4570a2ac5b9d59df065",
    ));
    assert!(is_there("CS-STACK-018", "ops/inventory/pins.yaml", "0.1.0", "0.2.0"));
    assert!(is_there("CS-STACK-019", "ops/docker/bases.lock", "1.84.1", "1.86.0"));
}

#[test]
fn one_cause_is_one_headline() {
    let Some(root) = corpus() else { return };
    let report = judge(Area::Stack, &root).to_document();
    let has = |count: usize, words: &str| {
        report
            .headlines
            .iter()
            .any(|headline| headline.findings.len() == count && headline.message.contains(words))
    };
    assert!(has(10, "named by tags alone"));
    assert!(has(6, "nobody computed"));
    assert!(has(5, "do not agree on the namespace"));
    assert!(has(4, "another Kubernetes"));
    assert!(has(7, "no bill of materials"));
}

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let root = beside.join("shared/corpus/atlas-0.2.0");
    root.is_dir().then_some(root)
}
