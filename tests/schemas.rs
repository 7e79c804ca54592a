//! The published schemas accept what the tool writes, and nothing with an unknown field.

use std::fs;
use std::path::Path;
use std::process::Command;

use countersign::document::{Entry, Limits, Node, Schema, Value, parse_json};
use countersign::trust::Envelope;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema(name: &str) -> Schema {
    let path = repository().join(format!("schemas/{name}.schema.json"));
    let node = parse_json(&fs::read(&path).unwrap(), Limits::GOVERNED).unwrap();
    Schema::compile(&node).unwrap()
}

/// Holds a document against its schema, then the same document with a field that nobody knows in
/// each of its closed objects.
pub(crate) fn judge(name: &str, bytes: &[u8]) {
    let schema = schema(name);
    let node = parse_json(bytes, Limits::GOVERNED).unwrap();
    let violations = schema.violations(&node);
    assert!(violations.is_empty(), "{name}: {violations:#?}");
    let mut stranger = node.clone();
    let Value::Mapping(entries) = &mut stranger.value else { panic!("{name} is no object") };
    let (value, position) = (Value::Bool(true), node.position);
    entries.push(Entry { key: "unknown".to_owned(), position, value: Node { value, position } });
    assert!(!schema.violations(&stranger).is_empty(), "{name} takes an unknown field");
}

fn run(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(arguments)
        .args(["--format", "json"])
        .current_dir(repository())
        .env_clear()
        .output()
        .unwrap();
    output.stdout
}

#[test]
fn documents_fit_their_schemas() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    let at = |name: &str| dir.join(name).display().to_string();
    let demo = run(&["demo", "--dir", &dir.display().to_string()]);
    judge("demo", &demo);
    let (dist, trust, state) = (at("dist"), at("trust-root.json"), at("state.json"));
    let now = "2026-11-24T10:00:00Z";
    let report = run(&["verify", &dist, "--trust", &trust, "--state", &state, "--now", now]);
    judge("report", &report);
    judge("report", &fs::read(at("dist/report.json")).unwrap());
    judge("report", &run(&["verify", &at("tampered-2"), "--trust", &trust, "--now", now]));
    judge("state", &fs::read(&state).unwrap());
    let (root, uri) = (at("project"), "git+https://git.example/atlas");
    fs::create_dir(&root).unwrap();
    let named = ["--name", "atlas", "--source", uri, "--ci", "none"];
    judge("init", &run(&[&["init", "--root", &root], &named[..]].concat()));
    judge("diff", &run(&["diff", &at("previous/dist"), &dist]));
    let root = Envelope::parse(&fs::read(&trust).unwrap()).unwrap();
    judge("trust-root", root.unverified_payload());
    judge("rules", &run(&["rules"]));
    judge("key", &run(&["keys", "show", &at("alice.pub")]));
    judge("inspection", &run(&["inspect", &trust]));
    judge("signed", &run(&["sign", &dist, "--key", &at("alice.key")]));
    let bundle = at("blob.sigstore.json");
    judge(
        "signed-blob",
        &run(&["sign-blob", &trust, "--key", &at("bob.key"), "--bundle", &bundle]),
    );
    judge("waivers", &fs::read(repository().join("ops/release/waivers.json")).unwrap());
    let (before, night) = (at("previous/dist"), at("night"));
    let answer = run(&[
        "rollback",
        "check",
        "--from",
        &dist,
        "--to",
        &before,
        "--trust",
        &trust,
        "--evidence",
        &night,
        "--now",
        "2026-11-24T03:00:00Z",
    ]);
    judge("report", &answer);
    for (file, name) in [
        ("withdrawn.json", "rollback-withdrawn"),
        ("cluster.json", "rollback-cluster-state"),
        ("retrieval.json", "rollback-retrieval"),
    ] {
        judge(name, &fs::read(dir.join("night").join(file)).unwrap());
    }
    judge("rollback-drill-log", &fs::read(at("drill-prod.json")).unwrap());
    for (name, member) in members(&dir.join("dist/lantern-0.3.0.packet.tar.gz")) {
        if name == "release-manifest.json" {
            judge("release-manifest", &member);
        }
        if name == "evidence/rollback/rollback-facts.json" {
            judge("rollback-facts", &member);
        }
    }
}

fn members(packet: &Path) -> Vec<(String, Vec<u8>)> {
    use countersign::packet::archive::{Limits, unpack};
    let limits = Limits { packed_bytes: 1 << 30, unpacked_bytes: 1 << 30, members: 1000 };
    let mut members = Vec::new();
    unpack(fs::File::open(packet).unwrap(), limits, |path, _, bytes| {
        let mut whole = Vec::new();
        bytes.read_to_end(&mut whole)?;
        members.push((path.to_string(), whole));
        Ok(())
    })
    .unwrap();
    members
}

#[test]
fn every_property_is_described_and_every_object_closed() {
    for entry in fs::read_dir(repository().join("schemas")).unwrap() {
        let path = entry.unwrap().path();
        let node = parse_json(&fs::read(&path).unwrap(), Limits::GOVERNED).unwrap();
        Schema::compile(&node).unwrap();
        node.walk(&mut |pointer, value| {
            let Some(properties) = value.get("properties") else { return };
            if pointer.ends_with("/properties") {
                return;
            }
            let closed = value.get("additionalProperties").is_some();
            assert!(closed, "{}: {pointer} is open", path.display());
            for property in properties.entries() {
                let described = property.value.get("description").is_some();
                assert!(described, "{}: {pointer} {}", path.display(), property.key);
            }
        });
    }
}
