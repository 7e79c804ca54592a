//! `init` and what it writes: a project's first release, by the workflow's own script.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use countersign::document::{Document, Limits, Node};
use serde_json::Value;

use crate::command::{Ran, countersign};

const NAMED: [&str; 6] =
    ["--name", "atlas", "--source", "git+https://git.example/atlas", "--ci", "github"];
const COMMIT: &str = "5f3c1d9a7be24806c1d2f4a6b8097e3d5c7a9f10";

fn init(folder: &Path, more: &[&str]) -> Ran {
    countersign(folder, &[&["init", "--format", "json"], &NAMED[..], more].concat())
}

fn said(ran: &Ran) -> Value {
    assert_eq!(ran.code, Some(0), "{}", ran.said());
    serde_json::from_str(&ran.stdout).unwrap()
}

fn put(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// The scripts of a pipeline's document: every text under `run`, `script` or `before_script`.
fn scripts(text: &str) -> Vec<String> {
    let path = "pipeline.yml".parse().unwrap();
    let document = Document::parse(&path, text.as_bytes(), Limits::GOVERNED).unwrap();
    let mut scripts = Vec::new();
    let mut take = |node: &Node| match node.as_str() {
        Some(text) => scripts.push(text.to_owned()),
        None => scripts.extend(node.items().iter().filter_map(Node::as_str).map(str::to_owned)),
    };
    for root in &document.roots {
        root.walk(&mut |_, node| {
            for name in ["run", "script", "before_script"] {
                if let Some(script) = node.get(name) {
                    take(script);
                }
            }
        });
    }
    scripts
}

/// Runs a script as a runner does, with the tool on the path.
fn bash(folder: &Path, script: &str, variables: &[(&str, &str)]) -> Output {
    let tool = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().unwrap();
    let path = format!("{}:{}", tool.display(), std::env::var("PATH").unwrap());
    Command::new("bash")
        .args(["-c", script])
        .current_dir(folder)
        .env("PATH", path)
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn begin_trust(folder: &Path) {
    for args in [
        &["keys", "generate", "-o", "keys/alice.key"][..],
        &["trust", "init", "--policy", "keys/policy.json", "--expires", "2037-12-31T00:00:00Z"],
        &[
            "trust",
            "add-key",
            "keys/alice.pub",
            "--owner",
            "alice",
            "--role",
            "root",
            "--role",
            "release",
        ],
        &["trust", "sign", "--key", "keys/alice.key"],
    ] {
        let ran = countersign(folder, args);
        assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.said());
    }
}

#[test]
fn an_empty_project_makes_its_first_release_by_the_workflow() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let document = said(&init(folder, &[]));
    assert_eq!(document["areas"], serde_json::json!(["release"]));
    let check = countersign(folder, &["check"]);
    assert_eq!(check.code, Some(0), "{}", check.said());
    begin_trust(folder);
    put(folder, &[("artifacts/atlas-1.0.0.bin", "the artifact")]);
    fs::create_dir_all(folder.join("evidence")).unwrap();
    let workflow = fs::read_to_string(folder.join(".github/workflows/countersign.yml")).unwrap();
    let scripts = scripts(&workflow);
    let release = scripts.iter().find(|script| script.contains("countersign assemble")).unwrap();
    let key = fs::read_to_string(folder.join("keys/alice.key")).unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let variables = [
        ("RELEASE_KEY", key.as_str()),
        ("GITHUB_REF_NAME", "v1.0.0"),
        ("GITHUB_SHA", COMMIT),
        ("RUNNER_TEMP", temporary.path().to_str().unwrap()),
    ];
    let done = bash(folder, release, &variables);
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{told}{}", String::from_utf8_lossy(&done.stderr));
    assert!(told.contains("pass verify"), "{told}");
    assert!(folder.join("dist/atlas-1.0.0.packet.tar.gz").exists());
    assert!(!temporary.path().join("release.key").exists(), "the key is left behind");
    // What the policy does not know is refused by the same script.
    put(folder, &[("artifacts/atlas-1.0.1.bin", "another")]);
    fs::remove_dir_all(folder.join("dist")).unwrap();
    let spec = folder.join("ops/release/release.toml");
    let text = fs::read_to_string(&spec).unwrap();
    fs::write(&spec, text.replace("build-types/release", "build-types/other")).unwrap();
    let done = bash(folder, release, &variables);
    assert_eq!(done.status.code(), Some(1), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn an_area_that_is_left_out_is_judged_when_it_has_files() {
    let folder = tempfile::tempdir().unwrap();
    said(&init(folder.path(), &[]));
    put(folder.path(), &[("ops/stack/docker-compose.yml", "services: {web: {image: nginx}}\n")]);
    let ran = countersign(folder.path(), &["check", "--format", "json"]);
    assert_eq!(ran.code, Some(1), "{}", ran.said());
    assert!(ran.stdout.contains("CS-STACK-006"), "{}", ran.said());
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let absent = report["checks"].as_array().unwrap().iter().find(|one| one["check"] == "areas");
    let detail = "the project says that it has no k8s, observe, load, rollback";
    assert_eq!(absent.unwrap()["detail"], detail);
    let spec = folder.path().join("ops/release/release.toml");
    for areas in ["[]", "[\"trust\"]", "[\"nothing\"]"] {
        let text = fs::read_to_string(&spec).unwrap();
        let line = text.lines().find(|line| line.starts_with("areas")).unwrap();
        fs::write(&spec, text.replace(line, &format!("areas = {areas}"))).unwrap();
        let args = ["assemble", "--root", ".", "--artifacts", ".", "--version", "1.0.0"];
        let more = ["--source", "git+https://git.example/atlas", "--commit", COMMIT, "-o", "dist"];
        let ran = countersign(folder.path(), &[&args[..], &more].concat());
        assert_eq!(ran.code, Some(3), "{areas}: {}", ran.said());
    }
}

/// A service with everything in places of its own.
const SERVICE: [(&str, &str); 9] = [
    ("deploy/chart/Chart.yaml", "apiVersion: v2\nname: atlas\nversion: 1.0.0\n"),
    ("deploy/chart/templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\n"),
    ("docker-compose.yml", "services: {web: {image: nginx}}\n"),
    ("monitoring/alerts.yml", "groups: [{name: a, rules: [{alert: Down, expr: up == 0}]}]\n"),
    ("monitoring/board.json", "{\"title\": \"Atlas\", \"panels\": []}\n"),
    ("load/steady.js", "import http from 'k6/http';\n"),
    ("src/index.js", "console.log('no load script');\n"),
    ("Dockerfile", "FROM scratch\n"),
    ("node_modules/x/docker-compose.yml", "services: {}\n"),
];

#[test]
fn what_is_there_is_found_and_moved_only_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &SERVICE);
    let document = said(&init(folder.path(), &[]));
    let found: Vec<(&str, &str)> = document["found"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["kind"].as_str().unwrap(), one["path"].as_str().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            ("Helm chart", "deploy/chart"),
            ("compose file", "docker-compose.yml"),
            ("Prometheus rules", "monitoring/alerts.yml"),
            ("Grafana dashboard", "monitoring/board.json"),
            ("k6 script", "load/steady.js"),
            ("Dockerfile", "Dockerfile"),
        ]
    );
    assert!(folder.path().join("docker-compose.yml").exists());
    // What would lie under its new name stays.
    put(folder.path(), &[("ops/observe/dashboards/board.json", "{}")]);
    fs::remove_file(folder.path().join("ops/release/release.toml")).unwrap();
    let document = said(&init(folder.path(), &["--adopt"]));
    assert_eq!(
        document["areas"],
        serde_json::json!(["stack", "k8s", "observe", "load", "release"])
    );
    for (from, to, moved) in [
        ("deploy/chart", "ops/k8s/charts/chart", true),
        ("docker-compose.yml", "ops/stack/compose/docker-compose.yml", true),
        ("monitoring/alerts.yml", "ops/observe/alerts/alerts.yml", true),
        ("load/steady.js", "ops/load/k6/suites/steady.js", true),
        ("monitoring/board.json", "ops/observe/dashboards/board.json", false),
    ] {
        assert_eq!(folder.path().join(from).exists(), !moved, "{from}");
        assert!(folder.path().join(to).exists(), "{to}");
    }
    let kept = fs::read_to_string(folder.path().join("ops/observe/dashboards/board.json")).unwrap();
    assert_eq!(kept, "{}");
    // `check` says what is missing.
    let ran = countersign(folder.path(), &["check"]);
    assert_eq!(ran.code, Some(1), "{}", ran.said());
}

#[test]
fn nothing_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &[("ops/release/waivers.json", "mine"), ("keys/policy.json", "mine too")]);
    let document = said(&init(folder.path(), &[]));
    let kept = document["kept"].as_array().unwrap();
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert_eq!(fs::read_to_string(folder.path().join("keys/policy.json")).unwrap(), "mine too");
    let again = said(&init(folder.path(), &[]));
    assert_eq!(again["written"], serde_json::json!([]));
}

#[test]
fn what_cannot_be_used_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (name, source) in [
        ("Atlas", "git+https://git.example/atlas"),
        ("", "git+https://git.example/atlas"),
        ("../atlas", "git+https://git.example/atlas"),
        ("atlas", "git@git.example:atlas"),
        ("atlas", "git+https://git.example/a'; rm -rf / #"),
        ("atlas", ""),
    ] {
        let args = ["init", "--name", name, "--source", source, "--ci", "github"];
        let ran = countersign(folder.path(), &args);
        assert_eq!(ran.code, Some(3), "{}", ran.said());
    }
    // Nobody is there to be asked.
    let ran = countersign(folder.path(), &["init"]);
    assert_eq!(ran.code, Some(2), "{}", ran.said());
    assert!(ran.stderr.contains("--name"), "{}", ran.said());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    fs::write(folder.path().join("ops"), "a file").unwrap();
    let ran = init(folder.path(), &[]);
    assert_eq!(ran.code, Some(3), "{}", ran.said());
}

#[test]
fn every_script_of_every_pipeline_is_one() {
    let folder = tempfile::tempdir().unwrap();
    said(&init(folder.path(), &[]));
    let gitlab =
        ["init", "--name", "atlas", "--source", "git+https://git.example/a", "--ci", "gitlab"];
    assert_eq!(countersign(folder.path(), &gitlab).code, Some(0));
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pipelines = [
        folder.path().join(".github/workflows/countersign.yml"),
        folder.path().join(".gitlab/countersign.gitlab-ci.yml"),
        repository.join("ops/pipelines/github/action.yml"),
        repository.join("ops/pipelines/gitlab/countersign.gitlab-ci.yml"),
        repository.join(".github/workflows/release.yml"),
    ];
    for path in pipelines {
        let text = fs::read_to_string(&path).unwrap();
        let scripts = scripts(&text);
        assert!(!scripts.is_empty(), "{}", path.display());
        for script in scripts {
            let read = Command::new("bash").args(["-n", "-c", &script]).output().unwrap();
            assert!(read.status.success(), "{}: {script}", path.display());
            // What comes from outside is a variable of the shell, never text of the script.
            assert!(!script.contains("${{"), "{}: {script}", path.display());
        }
        for line in text.lines().filter(|line| line.contains("uses: ")) {
            let (_, reference) = line.split_once('@').unwrap();
            let commit = reference.split(' ').next().unwrap();
            assert_eq!(commit.len(), 40, "{line}");
        }
    }
}
