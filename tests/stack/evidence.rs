//! What the area derives: documents that fit their schemas, and that are of the tree as it is.

use std::fs;
use std::path::Path;

use countersign::document::{Limits, Node, Schema, parse_json};
use countersign::finding::Area;
use countersign::tree::Tree;
use countersign::validator::{Context, derive};

use crate::tree::{self, Base};

fn derived(overlay: &str) -> Vec<(String, Node)> {
    let root = tree::build(&Base::OwnOps, &tree::cases(Area::Stack).join(overlay));
    let context = Context::at("2026-11-23T09:00:00Z".parse().unwrap());
    derive(Area::Stack, &Tree::open(root.path()).unwrap(), &context)
        .into_iter()
        .map(|one| (one.name, parse_json(&one.bytes, Limits::GOVERNED).unwrap()))
        .collect()
}

#[test]
fn every_document_fits_its_schema() {
    let found = derived("CS-STACK-049-stack-drift-unexplained/fires-removed");
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    let expected =
        ["dependency-graph.json", "stack-drift.json", "stack-index.json", "version-manifest.json"];
    assert_eq!(names, expected);
    for (name, node) in &found {
        let schema = node.get("schema").and_then(Node::as_str).unwrap();
        let word = schema.strip_prefix("countersign.").unwrap().strip_suffix("/v1").unwrap();
        let path = format!("{}/schemas/{word}.schema.json", env!("CARGO_MANIFEST_DIR"));
        let bytes = fs::read(Path::new(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let schema = Schema::compile(&parse_json(&bytes, Limits::GOVERNED).unwrap()).unwrap();
        assert_eq!(schema.violations(node), [], "{name}");
    }
}

#[test]
fn the_manifest_is_of_what_runs_and_not_of_what_is_stated() {
    // The committed manifest says 7.4.5; what runs is 7.4.6.
    let found = derived("CS-STACK-016-version-manifest-differs/fires");
    let (_, manifest) = found.iter().find(|(name, _)| name == "version-manifest.json").unwrap();
    let images = manifest.get("images").unwrap().items();
    let text = |image: &Node, key: &str| image.get(key).and_then(Node::as_str).map(str::to_owned);
    let redis: Vec<_> = images
        .iter()
        .filter(|image| text(image, "repository").unwrap().ends_with("/redis"))
        .collect();
    assert_eq!(redis.len(), 1);
    assert_eq!(text(redis[0], "tag").as_deref(), Some("7.4.6"));
    assert_eq!(text(redis[0], "pin").as_deref(), Some("redis"));
}

#[test]
fn drift_names_what_was_and_what_is() {
    let found = derived("CS-STACK-049-stack-drift-unexplained/fires");
    let (_, drift) = found.iter().find(|(name, _)| name == "stack-drift.json").unwrap();
    let changes = drift.get("changes").unwrap().items();
    assert_eq!(changes.len(), 1);
    let text = |key: &str| changes[0].get(key).and_then(Node::as_str).unwrap();
    assert_eq!(text("component"), "redis");
    assert!(text("before").contains(":7.4.5@") && text("after").contains(":7.4.6@"));
}
