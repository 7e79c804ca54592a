//! Several processes at the same files at the same time: no torn result, nothing lost, nobody waits
//! for ever.

use std::fs;
use std::path::Path;
use std::process::{Child, Output, Stdio};

use crate::command::{command, countersign};
use crate::specimen::{self, NOW, specimen};

fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = command(folder, arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn codes(children: Vec<Child>) -> Vec<(Option<i32>, Output)> {
    let ended = children.into_iter().map(|child| child.wait_with_output().unwrap());
    ended.map(|output| (output.status.code(), output)).collect()
}

fn stage() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    specimen::write(&folder.path().join("dist"), &specimen().files);
    fs::write(folder.path().join("trust.json"), &specimen().trust).unwrap();
    for (name, key) in ["alice.key", "bob.key"].iter().zip(&specimen().keys) {
        let path = folder.path().join(name);
        fs::write(&path, key).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(&path, mode).unwrap();
    }
    folder
}

const VERIFY: [&str; 6] = ["verify", "dist", "--trust", "trust.json", "--now", NOW];

#[test]
fn sixteen_verifications_share_one_state() {
    let folder = stage();
    let arguments = [&VERIFY[..], &["--state", "state.json", "-q"]].concat();
    let children = (0..16).map(|_| start(folder.path(), &arguments)).collect();
    for (code, output) in codes(children) {
        assert_eq!(code, Some(0), "{output:?}");
    }
    let state = fs::read(folder.path().join("state.json")).unwrap();
    let again = countersign(folder.path(), &arguments);
    assert_eq!(again.code, Some(0), "{}", again.said());
    assert_eq!(fs::read(folder.path().join("state.json")).unwrap(), state);
}

#[test]
fn a_reader_sees_whole_signatures_while_they_are_written() {
    let folder = stage();
    for _ in 0..8 {
        let sign = ["sign", "dist", "--key", "alice.key", "--key", "bob.key"];
        let writer = start(folder.path(), &sign);
        let readers = (0..3).map(|_| start(folder.path(), &VERIFY)).collect();
        for (code, output) in codes(readers) {
            assert_eq!(code, Some(0), "{output:?}");
        }
        for (code, output) in codes(vec![writer]) {
            assert_eq!(code, Some(0), "{output:?}");
        }
    }
}

#[test]
fn one_of_two_assemblies_wins() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let source = "git+https://git.example/atlas";
    let named = ["init", "--name", "atlas", "--source", source, "--ci", "none"];
    assert_eq!(countersign(folder, &named).code, Some(0));
    fs::create_dir(folder.join("build")).unwrap();
    fs::write(folder.join("build/atlas-1.0.0.bin"), vec![7; 3_000_000]).unwrap();
    let commit = "5f3c1d9a7be24806c1d2f4a6b8097e3d5c7a9f10";
    let inputs = ["assemble", "--root", ".", "--artifacts", "build", "--version", "1.0.0"];
    let outputs = ["--source", source, "--commit", commit, "-o", "dist", "-q"];
    let arguments = [&inputs[..], &outputs].concat();
    let children = (0..4).map(|_| start(folder, &arguments)).collect();
    let ended = codes(children);
    let won = ended.iter().filter(|(code, _)| *code == Some(0)).count();
    assert_eq!(won, 1, "{ended:?}");
    assert!(ended.iter().all(|(code, _)| matches!(code, Some(0 | 3))), "{ended:?}");
    let list = countersign(folder, &["checksums", "verify", "dist/checksums.txt", "-q"]);
    assert_eq!(list.code, Some(0), "{}", list.said());
    let left = fs::read_dir(folder).unwrap().flatten();
    let unfinished =
        left.filter(|entry| entry.file_name().to_string_lossy().starts_with(".countersign"));
    assert_eq!(unfinished.count(), 0, "what lost is swept");
}

#[test]
fn two_people_sign_a_trust_root_at_once() {
    for _ in 0..6 {
        let folder = stage();
        let roots = folder.path().join("roots");
        fs::create_dir(&roots).unwrap();
        fs::copy(folder.path().join("trust.json"), roots.join("1.json")).unwrap();
        let since = ["--dir", "roots", "--expires", "2031-01-01T00:00:00Z", "--now", NOW];
        let new = countersign(folder.path(), &["keys", "generate", "-o", "carol.key", "-q"]);
        assert_eq!(new.code, Some(0), "{}", new.said());
        let add =
            ["trust", "add-key", "carol.pub", "--owner", "carol", "--role", "rollback-approver"];
        let ran = countersign(folder.path(), &[&add[..], &since].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.said());
        let signed = ["alice.key", "bob.key"]
            .map(|key| start(folder.path(), &["trust", "sign", "--dir", "roots", "--key", key]));
        for (code, output) in codes(signed.into()) {
            assert_eq!(code, Some(0), "{output:?}");
        }
        assert!(roots.join("2.json").exists(), "a signature was lost");
        let args = ["trust", "verify", "--dir", "roots", "--now", NOW, "-q"];
        let ran = countersign(folder.path(), &args);
        assert_eq!(ran.code, Some(0), "{}", ran.said());
    }
}

#[test]
fn two_people_sign_a_release_at_once_and_neither_signature_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = specimen().files.clone();
    files.retain(|name, _| !name.contains(".sigstore"));
    for (name, key) in ["alice.key", "bob.key"].iter().zip(&specimen().keys) {
        countersign::tree::write_atomic(&folder.path().join(name), key.as_bytes(), 0o600).unwrap();
    }
    fs::write(folder.path().join("trust.json"), &specimen().trust).unwrap();
    for round in 0..8 {
        let dist = format!("dist-{round}");
        specimen::write(&folder.path().join(&dist), &files);
        let signed = ["alice.key", "bob.key"]
            .map(|key| start(folder.path(), &["sign", &dist, "--key", key]));
        for (code, output) in codes(signed.into()) {
            assert_eq!(code, Some(0), "{output:?}");
        }
        // The trust root asks for both.
        let verify = ["verify", &dist, "--trust", "trust.json", "--now", NOW];
        let ran = countersign(folder.path(), &verify);
        assert_eq!(ran.code, Some(0), "{}", ran.said());
    }
}
