//! Bad input in one file: a finding with its place, no panic, and the rest of the tree is judged.

use std::fs;
use std::time::{Duration, Instant};

use countersign::Verdict;
use countersign::finding::Area;

use crate::areas::judge;
use crate::tree::{self, Base};

/// Documents on which rules rest.
const FILES: &[&str] = &[
    "ops/stack/stack.toml",
    "ops/stack/profiles.json",
    "ops/stack/profile-registry.json",
    "ops/stack/profile-intent.json",
    "ops/stack/service-dependency-contract.json",
    "ops/stack/generated/dependency-graph.json",
    "ops/stack/generated/version-manifest.json",
    "ops/stack/generated/stack-index.json",
    "ops/inventory/pins.yaml",
    "ops/docker/bases.lock",
];

fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let aliases = (1..30).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| {
        format!("{text}a{n}: &a{n} [*a{}, *a{}]\n", n - 1, n - 1)
    });
    vec![
        ("nothing", Vec::new()),
        ("bytes that are no text", vec![0xff, 0xfe, 0x00]),
        ("a number", b"42".to_vec()),
        ("a list", b"[]".to_vec()),
        ("a deep list", "[".repeat(100_000).into_bytes()),
        ("a key twice", b"{\"profiles\": [], \"profiles\": []}".to_vec()),
        (
            "a wrong kind",
            b"{\"profiles\": 1, \"services\": 1, \"images\": 1, \"artifacts\": 1}".to_vec(),
        ),
        ("a bomb of aliases", aliases.into_bytes()),
    ]
}

#[test]
fn a_bad_file_is_named_and_the_rest_is_judged() {
    // The mistake in another file, which must be found whatever this one is like.
    let overlay = tree::cases(Area::Stack).join("CS-STACK-036-dependency-without-health/fires");
    let root = tree::build(&Base::OwnOps, &overlay);
    let mut wrong = Vec::new();
    for file in FILES {
        let path = root.path().join(file);
        let good = fs::read(&path).unwrap();
        for (what, bytes) in bombs() {
            // A mapping without images is what a version manifest without images is.
            if file.ends_with("version-manifest.json") && what == "a wrong kind" {
                continue;
            }
            fs::write(&path, &bytes).unwrap();
            let report = judge(Area::Stack, root.path());
            let found = report.findings();
            let is_named = found.iter().any(|one| one.location.path == *file);
            let is_judged = found.iter().any(|one| one.rule.code == "CS-STACK-036");
            if !is_named || !is_judged || report.verdict() == Verdict::Pass {
                wrong.push(format!("{file} as {what}: named {is_named}, rest judged {is_judged}"));
            }
        }
        fs::write(&path, good).unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Values of the wrong kind at every place of a component and of a compose file.
#[test]
fn wrong_kinds_everywhere_are_no_panic() {
    let root = tempfile::tempdir().unwrap();
    let odd = ["{}", "[]", "[[1]]", "null", "7", "\"x\"", "{\"a\": {\"b\": []}}"];
    for value in odd {
        let object = |kind: &str, rest: &str| {
            format!("apiVersion: apps/v1\nkind: {kind}\nmetadata: {value}\n{rest}\n---\n")
        };
        let mut text = object("Deployment", &format!("spec: {value}"));
        text += &object("Deployment", &format!("spec: {{template: {value}}}"));
        text += &object(
            "Deployment",
            &format!("spec: {{template: {{spec: {{containers: {value}}}}}}}"),
        );
        text += &object("Service", &format!("spec: {{selector: {value}, ports: {value}}}"));
        text +=
            &object("Service", &format!("spec: {{selector: {{a: {value}}}, ports: [{value}]}}"));
        text += &object("Pod", &format!("spec: {{containers: [{{image: {value}}}]}}"));
        text += &format!("apiVersion: v1\nkind: List\nitems: {value}\n---\n");
        text +=
            &format!("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes: {value}\n---\n");
        text += &format!(
            "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes: [{{extraPortMappings: {value}}}]\n"
        );
        fs::write(root.path().join("objects.yaml"), text).unwrap();
        let keys = ["image", "build", "ports", "volumes", "networks", "depends_on", "env_file"];
        let more = ["secrets", "configs", "extends", "healthcheck", "links", "profiles", "pid"];
        let service: Vec<String> =
            keys.iter().chain(&more).map(|key| format!("    {key}: {value}\n")).collect();
        let tops = ["networks", "volumes", "secrets", "configs", "include"];
        let tops: Vec<String> = tops.iter().map(|key| format!("{key}: {value}\n")).collect();
        let text = format!("services:\n  a:\n{}{}", service.concat(), tops.concat());
        fs::write(root.path().join("compose.yaml"), text).unwrap();
        fs::write(root.path().join("docker-compose.yml"), format!("services: {value}\n")).unwrap();
        assert_ne!(judge(Area::Stack, root.path()).verdict(), Verdict::Pass, "{value}");
    }
}

/// Ten times the objects take nowhere near a hundred times as long.
#[test]
fn many_objects_take_their_time_and_no_more() {
    let took = |count: usize| -> Duration {
        let root = tempfile::tempdir().unwrap();
        for file in 0..count / 20 {
            let objects: Vec<String> = (0..20)
                .map(|at| {
                    let name = format!("n{file}-{at}");
                    format!(
                        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec:\n  selector: {{app: {name}}}\n  \
                         ports: [{{port: 80}}]\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\n\
                         spec:\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n        \
                         - {{name: a, image: \"example/{name}:1.0.0\"}}\n"
                    )
                })
                .collect();
            fs::write(root.path().join(format!("{file}.yaml")), objects.join("---\n")).unwrap();
        }
        let start = Instant::now();
        judge(Area::Stack, root.path());
        start.elapsed()
    };
    let few = took(200).max(Duration::from_millis(20));
    assert!(took(2_000) < few * 60);
}
