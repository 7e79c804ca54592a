//! The documents that the area derives: by their schemas, from the manifests alone.

use std::fs;
use std::path::Path;

use countersign::document::{Limits, Schema, parse_json};
use countersign::finding::Area;
use countersign::tree::Tree;
use countersign::validator::{Context, derive};

#[test]
fn inventory_and_conformance_are_derived_from_the_manifests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let context = Context::at("2026-11-23T09:00:00Z".parse().unwrap());
    let derived = derive(Area::K8s, &Tree::open(root).unwrap(), &context);
    let names: Vec<&str> = derived.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["conformance-report.json", "rendered-inventory.json"]);
    for document in &derived {
        let schema = root.join("schemas").join(format!("k8s-{}", document.name));
        let schema = schema.with_extension("schema.json");
        let schema = parse_json(&fs::read(schema).unwrap(), Limits::GOVERNED).unwrap();
        let node = parse_json(&document.bytes, Limits::GOVERNED).unwrap();
        let violations = Schema::compile(&schema).unwrap().violations(&node);
        assert!(violations.is_empty(), "{}: {violations:#?}", document.name);
    }
    // The committed inventory was made by another program; both hash the same bytes.
    let committed = fs::read(root.join("ops/k8s/generated/render-inventory.json")).unwrap();
    let committed = parse_json(&committed, Limits::GOVERNED).unwrap();
    let inventory = parse_json(&derived[1].bytes, Limits::GOVERNED).unwrap();
    for pointer in
        ["/renders/2/profile", "/renders/2/objects/0/sha256", "/renders/0/objects/4/sha256"]
    {
        let [theirs, ours] = [&committed, &inventory].map(|node| node.pointer(pointer).unwrap());
        assert_eq!(theirs.as_str(), ours.as_str(), "{pointer}");
    }
    let conformance = parse_json(&derived[0].bytes, Limits::GOVERNED).unwrap();
    assert_eq!(conformance.pointer("/kubernetes/oldest").unwrap().as_str(), Some("1.32"));
    assert_eq!(conformance.pointer("/profiles/2/validated").unwrap().as_u64(), Some(7));
    assert_eq!(conformance.pointer("/profiles/2/errors").unwrap().as_u64(), Some(0));
}

#[test]
fn a_tree_without_manifests_derives_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let context = Context::at("2026-11-23T09:00:00Z".parse().unwrap());
    assert!(derive(Area::K8s, &Tree::open(folder.path()).unwrap(), &context).is_empty());
}
