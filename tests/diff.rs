//! What changed between two releases, by their packets alone.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{Ran, countersign};
use crate::specimen::{self, specimen};

/// The specimen's release in a folder of its own.
fn release(folder: &Path, name: &str) {
    specimen::write(&folder.join(name), &specimen().files);
}

fn diff(folder: &Path, more: &[&str]) -> Ran {
    countersign(folder, &[&["diff"], more, &["--format", "json"]].concat())
}

fn changes(ran: &Ran) -> Vec<Value> {
    assert_eq!(ran.code, Some(0), "{}", ran.said());
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["verified"], false);
    document["changes"].as_array().unwrap().clone()
}

#[test]
fn a_release_is_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    release(folder.path(), "one");
    release(folder.path(), "other");
    assert_eq!(changes(&diff(folder.path(), &["one", "other"])), Vec::<Value>::new());
    // A directory and the packet in it are one release.
    let packet = "other/lantern-0.3.0.packet.tar.gz";
    assert_eq!(changes(&diff(folder.path(), &["one", packet])), Vec::<Value>::new());
}

#[test]
fn signers_that_are_gone_are_told() {
    let folder = tempfile::tempdir().unwrap();
    release(folder.path(), "one");
    release(folder.path(), "other");
    let seal = "other/lantern-0.3.0.packet.tar.gz.sigstore.json";
    fs::remove_file(folder.path().join(seal)).unwrap();
    let changes = changes(&diff(folder.path(), &["one", "other"]));
    assert!(!changes.is_empty());
    for change in &changes {
        assert_eq!(change["section"], "signers", "{change}");
        assert_eq!(change["change"], "removed", "{change}");
        assert!(change["item"].as_str().unwrap().starts_with("key "), "{change}");
    }
}

#[test]
fn what_is_no_release_is_compared_with_nothing() {
    let folder = tempfile::tempdir().unwrap();
    release(folder.path(), "one");
    fs::create_dir(folder.path().join("empty")).unwrap();
    fs::write(folder.path().join("text"), "no packet").unwrap();
    for (other, why) in
        [("empty", "0 packets"), ("text", "text"), ("none", "none"), ("one/checksums.txt", "check")]
    {
        for args in [[other, "one"], ["one", other]] {
            let ran = diff(folder.path(), &args);
            assert_eq!(ran.code, Some(3), "{}", ran.said());
            assert!(ran.stdout.is_empty() && ran.stderr.contains(why), "{}", ran.said());
        }
    }
}
