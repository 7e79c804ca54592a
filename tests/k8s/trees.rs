//! Trees of other shapes: what their maintainers would agree with is said, and nothing else.

use std::fs;
use std::path::Path;

use countersign::Verdict;
use countersign::finding::{Area, Report};

use crate::areas::judge;

/// A tree of one folder of rendered manifests and nothing else.
fn judged(files: &[(&str, &str)]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    judge(Area::K8s, folder.path())
}

fn found(report: &Report) -> Vec<(String, u32)> {
    let document = report.to_document();
    let row = |one: &countersign::finding::FindingDocument| {
        (one.slug.clone(), one.location.line.unwrap_or_default())
    };
    document.findings.iter().map(row).collect()
}

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/k8s").join(name);
    fs::read_to_string(path).unwrap()
}

#[test]
fn plain_manifests_without_any_document_are_judged_by_themselves() {
    let report = judged(&[("ops/k8s/rendered/guestbook.yaml", &read("guestbook.yaml"))]);
    assert_eq!(
        found(&report),
        [
            ("service-port-unresolved", 45),
            ("resources-unset", 21),
            ("pod-not-hardened", 21),
            ("rendered-image-unpinned", 22),
            ("liveness-probe-missing", 21),
        ]
        .map(|(slug, line)| (slug.to_owned(), line))
    );
}

#[test]
fn a_chart_of_another_convention_that_is_well_run_is_silent() {
    let report = judged(&[
        ("ops/k8s/rendered/production.yaml", &read("well-run.yaml")),
        ("ops/k8s/charts/notes/Chart.yaml", "apiVersion: v2\nname: notes\nversion: 1.4.0\n"),
    ]);
    assert_eq!(found(&report), []);
    assert_eq!(report.verdict(), Verdict::Pass);
}

#[test]
fn an_operator_with_its_own_definitions_and_lists_is_validated_by_them() {
    let report = judged(&[("ops/k8s/rendered/operator.yaml", &read("operator.yaml"))]);
    assert_eq!(
        found(&report),
        [("object-schema-violated", 36), ("object-schema-violated", 36), ("rbac-excessive", 51)]
            .map(|(slug, line)| (slug.to_owned(), line))
    );
}

#[test]
fn an_error_in_one_document_leaves_the_others_judged() {
    let text = "kind: Namespace\napiVersion: v1\nmetadata: {name: a}\n---\n# empty\n---\nnull\n---\n\
                a: b\na: c\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndatum: {}\n";
    let report = judged(&[("ops/k8s/rendered/prod.yaml", text)]);
    let rows = found(&report);
    assert_eq!(
        rows,
        [("k8s-document-malformed", 10), ("object-schema-violated", 12)]
            .map(|(slug, line)| (slug.to_owned(), line))
    );
    let message = &report.to_document().findings[0].message;
    assert!(message.starts_with("document 4: "), "{message}");
}

#[test]
fn a_tree_of_nothing_but_wrong_types_is_judged_without_a_panic() {
    let kinds = [
        "Deployment",
        "Service",
        "Ingress",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "HorizontalPodAutoscaler",
        "ServiceMonitor",
        "Job",
        "CronJob",
        "Rollout",
        "StatefulSet",
        "Role",
        "RoleBinding",
        "ConfigMap",
        "CustomResourceDefinition",
        "PersistentVolumeClaim",
    ];
    let shapes = [
        "[]",
        "{}",
        "null",
        "1",
        "text",
        "{selector: 1, template: [1], metrics: {a: 1}}",
        "{selector: {matchLabels: [1]}, template: {spec: {containers: {a: 1}, volumes: 1}}}",
        "{template: {spec: {containers: [1, {image: [1], ports: 2, env: [1], resources: 1}]}}}",
        "{rules: [1, {http: {paths: [{backend: {service: {name: 1, port: 1}}}]}}]}",
        "{versions: [1, {schema: {openAPIV3Schema: {type: 1, properties: [1]}}}]}",
    ];
    let mut text = String::new();
    for api in ["apps/v1", "v1", "argoproj.io/v1alpha1", "networking.k8s.io/v1"] {
        for kind in kinds {
            for (index, shape) in shapes.iter().enumerate() {
                text += &format!(
                    "---\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: a{index}}}\nspec: {shape}\nrules: {shape}\ndata: {shape}\n"
                );
            }
        }
    }
    let odd = "{\"profiles\": [1, {\"id\": \"prod\", \"requiredToggles\": [1, \"a\", \"=\"]}], \"rules\": 3}";
    let report = judged(&[
        ("ops/k8s/rendered/prod.yaml", &text),
        ("ops/k8s/install-matrix.json", odd),
        ("ops/k8s/values/profiles.json", odd),
        ("ops/k8s/rollout-safety-contract.json", "[1]"),
        (
            "ops/k8s/profile-security-contract.json",
            "{\"rules\": [1, {\"profiles\": [\"prod\"], \"field\": \"spec.[]\", \"required_value\": 1}]}",
        ),
        (
            "ops/k8s/generated/render-inventory.json",
            "{\"renders\": [1, {\"profile\": \"prod\", \"objects\": [1]}]}",
        ),
        ("ops/k8s/charts/a/Chart.yaml", "- 1\n"),
        ("ops/k8s/charts/a/values.yaml", "a: [1]\n"),
        ("ops/k8s/charts/a/values.schema.json", "{\"type\": \"object\", \"properties\": [1]}"),
        ("ops/k8s/values/prod.yaml", "[]\n"),
    ]);
    assert_eq!(report.verdict(), Verdict::Refused);
}

#[test]
fn a_render_that_is_too_large_is_named_and_the_others_are_judged() {
    let folder = tempfile::tempdir().unwrap();
    let rendered = folder.path().join("ops/k8s/rendered");
    fs::create_dir_all(&rendered).unwrap();
    fs::write(rendered.join("dev.yaml"), read("well-run.yaml")).unwrap();
    fs::File::create(rendered.join("prod.yaml")).unwrap().set_len(100 << 20).unwrap();
    let report = judge(Area::K8s, folder.path());
    assert_eq!(found(&report), [("k8s-input-unreadable".to_owned(), 0)]);
    assert_eq!(report.verdict(), Verdict::Undecided);
    assert!(report.checks().iter().any(|one| one.name == "object-schema"));
}
