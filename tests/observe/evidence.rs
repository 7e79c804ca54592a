//! The documents that the area derives: their schemas hold, and they follow from what is there.

use std::fs;
use std::path::Path;

use countersign::document::{Limits, Node, Schema, parse_json};
use countersign::finding::Area;
use countersign::tree::Tree;
use countersign::validator::{Context, derive};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn derived(root: &Path) -> Vec<(String, Node)> {
    let context = Context::at("2026-11-23T09:00:00Z".parse().unwrap());
    let documents = derive(Area::Observe, &Tree::open(root).unwrap(), &context);
    let parsed = |bytes: &[u8]| parse_json(bytes, Limits::GOVERNED).unwrap();
    documents.into_iter().map(|one| (one.name, parsed(&one.bytes))).collect()
}

fn find<'a>(documents: &'a [(String, Node)], name: &str) -> &'a Node {
    &documents.iter().find(|(one, _)| one == name).unwrap().1
}

#[test]
fn derived_documents_follow_their_schemas() {
    let documents = derived(repository());
    for (name, schema) in [
        ("dashboard-validation.json", "observe-dashboard-validation"),
        ("telemetry-drill-summary.json", "observe-drill-summary"),
        ("telemetry-index.json", "observe-derived-index"),
        ("telemetry-readiness.json", "observe-derived-readiness"),
    ] {
        let path = repository().join(format!("schemas/{schema}.schema.json"));
        let schema = parse_json(&fs::read(path).unwrap(), Limits::GOVERNED).unwrap();
        let violations = Schema::compile(&schema).unwrap().violations(find(&documents, name));
        assert!(violations.is_empty(), "{name}: {violations:#?}");
    }
    let readiness = find(&documents, "telemetry-readiness.json");
    assert_eq!(readiness.get("verdict").and_then(Node::as_str), Some("ready"));
    for guard in readiness.pointer("/objectives/objectives").unwrap().items() {
        assert!(guard.get("missing").unwrap().items().is_empty(), "{guard:?}");
    }
}

/// What the tree says of itself changes nothing; what is missing does.
#[test]
fn readiness_is_derived_and_never_read() {
    let folder = tempfile::tempdir().unwrap();
    let observe = folder.path().join("ops/observe");
    fs::create_dir_all(&observe).unwrap();
    let claim = r#"{"schema_version": 1, "status": "ready", "requirements": ["slo-definitions"]}"#;
    fs::write(observe.join("readiness.json"), claim).unwrap();
    let documents = derived(folder.path());
    let verdict = find(&documents, "telemetry-readiness.json").get("verdict");
    assert_eq!(verdict.and_then(Node::as_str), Some("not-evaluated"));
    fs::write(observe.join("rules.yaml"), "groups: [{name: a, rules: [{alert: A, expr: up}]}]")
        .unwrap();
    let documents = derived(folder.path());
    let verdict = find(&documents, "telemetry-readiness.json").get("verdict");
    assert_eq!(verdict.and_then(Node::as_str), Some("not-ready"));
}
