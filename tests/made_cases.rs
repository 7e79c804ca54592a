//! Cases whose input no repository can hold: links, pipes, keys, modes, files that grow. Each
//! function is named after its row of the threat model and the mistake.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use countersign::packet::ReleaseManifest;
use countersign::trust::root::{Key, KeyState, RequiredEvidence, TrustRootDocument};
use countersign::trust::{Algorithm, PrivateKey, RoleName};
use rustix::fs::{FileType, Mode};

use crate::cases::{complaint, everything_in};
use crate::command::{Ran, command, countersign, finish};
use crate::forgery;
use crate::mutation::{members, other_release, signed};
use crate::specimen::{
    self, COMMIT, Files, NOW, PACKET, PROGRAM, SOURCE, VERSION, specimen, trust_with,
};

/// A folder with a release and a trust root.
fn stage(files: &Files, trust: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    specimen::write(&folder.path().join("dist"), files);
    fs::write(folder.path().join("trust.json"), trust).unwrap();
    folder
}

fn verify(folder: &Path, more: &[&str]) -> Ran {
    let args = ["verify", "dist", "--trust", "trust.json", "--format", "json"];
    let at = if more.contains(&"--now") { &[][..] } else { &["--now", NOW][..] };
    countersign(folder, &[&args[..], more, at].concat())
}

/// Refused, with a finding of this code.
#[track_caller]
fn refused(ran: &Ran, code: &str) {
    assert_eq!(complaint(ran, 1, &format!("\"code\": \"{code}\"")), None);
}

/// The specimen under a changed trust root.
#[track_caller]
fn refused_under(code: &str, edit: impl FnOnce(&mut TrustRootDocument)) {
    let specimen = specimen();
    let folder = stage(&specimen.files, &trust_with(&specimen.keys, edit));
    refused(&verify(folder.path(), &[]), code);
}

#[test]
fn h08_two_keys_of_one_person() {
    // Carol makes the threshold reachable; Alice and Bob turn out to be one person.
    refused_under("CS-TRUST-005", |document| {
        for key in document.keys.values_mut() {
            key.owner = "alice".to_owned();
        }
        let public_key = PrivateKey::generate(Algorithm::Ed25519).unwrap().public().clone();
        let id = public_key.id();
        let state = KeyState::Active { from: document.issued_at };
        document.keys.insert(id, Key { public_key, owner: "carol".to_owned(), state });
        for (name, role) in &mut document.roles {
            role.keys.push(id);
            role.threshold = if *name == RoleName::Release { 2 } else { 1 };
        }
    });
}

/// One key out of use, where the root itself still has a threshold that the other key reaches.
fn without_bob(document: &mut TrustRootDocument, state: KeyState) {
    document.roles.get_mut(&RoleName::Root).unwrap().threshold = 1;
    document.keys.values_mut().find(|key| key.owner == "bob").unwrap().state = state;
}

#[test]
fn h12_a_compromised_key_still_counts() {
    refused_under("CS-TRUST-005", |document| {
        let from = "2026-11-15T09:00:00Z".parse().unwrap();
        without_bob(document, KeyState::Compromised { from, since: from });
    });
}

#[test]
fn h12_a_retired_key_still_counts() {
    refused_under("CS-TRUST-005", |document| {
        let from = "2026-11-15T09:00:00Z".parse().unwrap();
        without_bob(document, KeyState::Retired { from, since: from });
    });
}

#[test]
fn t01_a_key_that_counts_from_tomorrow() {
    refused_under("CS-TRUST-005", |document| {
        let from = document.issued_at.plus_days(1);
        without_bob(document, KeyState::Active { from });
    });
}

#[test]
fn t05_a_release_of_a_second_from_now() {
    let specimen = specimen();
    let trust = trust_with(&specimen.keys, |document| {
        document.issued_at = "2026-11-23T09:00:00Z".parse().unwrap();
        for key in document.keys.values_mut() {
            key.state = KeyState::Active { from: document.issued_at };
        }
    });
    let folder = stage(&specimen.files, &trust);
    refused(&verify(folder.path(), &["--now", "2026-11-24T08:59:59Z"]), "CS-TRUST-021");
}

#[test]
fn p05_a_trust_root_of_another_product() {
    refused_under("CS-TRUST-019", |document| document.policy.product = "beacon".to_owned());
}

#[test]
fn p05_a_channel_that_is_not_listed() {
    refused_under("CS-TRUST-019", |document| document.policy.channels = vec!["beta".to_owned()]);
}

#[test]
fn p02_a_builder_a_source_and_a_parameter_that_are_not_listed() {
    refused_under("CS-TRUST-015", |document| document.policy.builders[0].push_str("-evil"));
    refused_under("CS-TRUST-015", |document| document.policy.sources[0].push_str("-evil"));
    refused_under("CS-TRUST-015", |document| document.policy.build_types[0].push_str("-evil"));
    refused_under("CS-TRUST-016", |document| document.policy.external_parameters.clear());
}

#[test]
fn p17_evidence_that_is_asked_for_and_not_there() {
    refused_under("CS-PACKET-011", |document| {
        document.policy.evidence.push(RequiredEvidence {
            kind: "sbom".to_owned(),
            area: Some("k8s".to_owned()),
            max_age_days: 7,
            role: None,
        });
    });
    // The name of no kind is fulfilled by nothing.
    refused_under("CS-PACKET-011", |document| {
        document.policy.evidence.push(RequiredEvidence {
            kind: "*".to_owned(),
            area: None,
            max_age_days: 7,
            role: None,
        });
    });
}

#[test]
fn p18_evidence_that_is_too_old() {
    refused_under("CS-PACKET-012", |document| {
        for required in &mut document.policy.evidence {
            required.max_age_days = required.max_age_days.min(1);
        }
    });
}

#[test]
fn p23_another_release_than_the_one_asked_for() {
    let folder = stage(&specimen().files, &specimen().trust);
    for (more, code) in [
        (["--expect-version", "0.4.0"], "CS-TRUST-019"),
        (["--expect-version", "0.3.0+build"], "CS-TRUST-019"),
        (["--expect-name", "Lantern"], "CS-TRUST-019"),
        (["--expect-commit", "0000000000000000000000000000000000000000"], "CS-TRUST-019"),
        (["--min-sequence", "2"], "CS-TRUST-020"),
    ] {
        refused(&verify(folder.path(), &more), code);
    }
}

#[test]
fn r03_an_older_release_after_a_newer_one() {
    let specimen = specimen();
    let other = other_release(specimen);
    let folder = stage(&other, &specimen.trust);
    let state = ["--state", "state.json"];
    assert_eq!(complaint(&verify(folder.path(), &state), 0, "pass"), None);
    let remembered = fs::read(folder.path().join("state.json")).unwrap();
    fs::remove_dir_all(folder.path().join("dist")).unwrap();
    specimen::write(&folder.path().join("dist"), &specimen.files);
    refused(&verify(folder.path(), &state), "CS-TRUST-020");
    assert_eq!(fs::read(folder.path().join("state.json")).unwrap(), remembered);
    // Another packet under the sequence that was accepted: a second release under one number.
    let mut manifest = forgery::manifest_of(members());
    manifest.sequence = 2;
    let twin = forgery::rebuild(&specimen.artifacts, members().clone(), manifest);
    let twin = signed(&twin, &[&specimen.keys[0], &specimen.keys[1]]);
    fs::remove_dir_all(folder.path().join("dist")).unwrap();
    specimen::write(&folder.path().join("dist"), &twin);
    refused(&verify(folder.path(), &state), "CS-TRUST-020");
    assert_eq!(fs::read(folder.path().join("state.json")).unwrap(), remembered);
}

#[test]
fn r15_an_old_packet_under_a_new_name() {
    let specimen = specimen();
    let renamed = specimen
        .files
        .iter()
        .map(|(name, bytes)| (name.replace(VERSION, "0.3.9"), bytes.clone()))
        .collect();
    let folder = stage(&renamed, &specimen.trust);
    refused(&verify(folder.path(), &[]), "CS-TRUST-017");
}

#[test]
fn s01_a_statement_with_another_predicate_in_place_of_the_seal() {
    let specimen = specimen();
    let mut files = specimen.files.clone();
    for ending in ["sigstore.json", "sigstore.jsonl"] {
        let provenance = files[&format!("lantern-{VERSION}.provenance.{ending}")].clone();
        files.insert(format!("{PACKET}.{ending}"), provenance);
    }
    let folder = stage(&files, &specimen.trust);
    refused(&verify(folder.path(), &[]), "CS-TRUST-012");
}

#[test]
fn p19_test_results_of_another_release() {
    let specimen = specimen();
    let mut changed = members().clone();
    let own = countersign::Digest::of(&specimen.artifacts[PROGRAM]).to_string();
    let name = "evidence/k8s/test-result.json";
    let text = String::from_utf8(changed[name].clone()).unwrap().replace(&own, &"0".repeat(64));
    changed.insert(name.to_owned(), text.into_bytes());
    let manifest = forgery::manifest_of(members());
    let files = forgery::rebuild(&specimen.artifacts, changed, manifest);
    let files = signed(&files, &[&specimen.keys[0], &specimen.keys[1]]);
    refused(&verify(stage(&files, &specimen.trust).path(), &[]), "CS-TRUST-013");
}

#[test]
fn m04_what_is_no_regular_file_in_a_release() {
    type Put = fn(&Path);
    let kinds: [(&str, Put); 6] = [
        ("link", |path| symlink("lantern-0.3.0.tgz", path).unwrap()),
        ("link to nowhere", |path| symlink("nowhere", path).unwrap()),
        ("link to a folder", |path| symlink("/etc", path).unwrap()),
        ("pipe", |path| {
            let mode = Mode::from_raw_mode(0o644);
            rustix::fs::mknodat(rustix::fs::CWD, path, FileType::Fifo, mode, 0).unwrap();
        }),
        ("socket", |path| drop(UnixListener::bind(path).unwrap())),
        ("folder with a file", |path| {
            fs::create_dir(path).unwrap();
            fs::write(path.join("x"), "x").unwrap();
        }),
    ];
    let names: Vec<&str> = specimen().files.keys().map(String::as_str).chain(["extra"]).collect();
    let folder = stage(&specimen().files, &specimen().trust);
    for name in names {
        for (kind, put) in kinds {
            let path = folder.path().join("dist").join(name);
            let original = fs::read(&path).ok();
            if original.is_some() {
                fs::remove_file(&path).unwrap();
            }
            put(&path);
            let ran = verify(folder.path(), &[]);
            assert!(matches!(ran.code, Some(1 | 3)), "{kind} as {name}: {ran:?}");
            assert!(!ran.stdout.contains("\"verdict\": \"pass\""), "{kind} as {name}: {ran:?}");
            if path.is_dir() && !path.is_symlink() {
                fs::remove_dir_all(&path).unwrap();
            } else {
                fs::remove_file(&path).unwrap();
            }
            if let Some(original) = original {
                fs::write(&path, original).unwrap();
            }
        }
    }
    assert_eq!(verify(folder.path(), &[]).code, Some(0));
}

fn inputs(folder: &Path) {
    specimen::write(&folder.join("artifacts"), &specimen().artifacts);
    specimen::write(&folder.join("evidence"), &specimen().evidence);
}

fn assemble(out: &str) -> Vec<String> {
    let root = specimen::root().display().to_string();
    let flags = [
        ["--root", &root],
        ["--artifacts", "artifacts"],
        ["--evidence", "evidence"],
        ["--version", VERSION],
        ["--source", SOURCE],
        ["--commit", COMMIT],
        ["--now", NOW],
        ["-o", out],
    ];
    std::iter::once("assemble")
        .chain(flags.as_flattened().iter().copied())
        .map(str::to_owned)
        .collect()
}

#[test]
fn m07_a_file_that_grows_while_it_is_packed() {
    let folder = tempfile::tempdir().unwrap();
    inputs(folder.path());
    let growing = folder.path().join("artifacts").join(PROGRAM);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = File::options().append(true).open(&growing).unwrap();
            while !done.load(Ordering::Relaxed) {
                file.write_all(b"more").unwrap();
                std::thread::sleep(std::time::Duration::from_micros(50));
            }
        });
        for round in 0..3 {
            let out = format!("out-{round}");
            let ran = countersign(folder.path(), &assemble(&out));
            if ran.code == Some(0) {
                // The copy was made between two writes: then it is whole, and one thing.
                let list = format!("{out}/checksums.txt");
                let held = countersign(folder.path(), &["checksums", "verify", &list]);
                assert_eq!(held.code, Some(0), "{held:?}");
            } else {
                assert!(!folder.path().join(&out).exists());
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    let unfinished = everything_in(folder.path())
        .into_keys()
        .any(|path| path.to_string_lossy().contains(".countersign-unfinished-"));
    assert!(!unfinished);
}

#[test]
fn m09_modes_that_follow_the_umask() {
    let folder = tempfile::tempdir().unwrap();
    inputs(folder.path());
    let mut made = Vec::new();
    for (umask, mode) in [("000", 0o777), ("077", 0o600), ("022", 0o644)] {
        let artifact = folder.path().join("artifacts").join(PROGRAM);
        fs::set_permissions(artifact, Permissions::from_mode(mode)).unwrap();
        let out = format!("out-{umask}");
        let mut shell = Command::new("/bin/sh");
        shell.env_clear().current_dir(folder.path());
        shell.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")]);
        shell.arg(env!("CARGO_BIN_EXE_countersign")).args(assemble(&out));
        let ran = finish(shell);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let out = folder.path().join(out);
        for path in everything_in(&out).into_keys() {
            assert_eq!(path.metadata().unwrap().mode() & 0o7777, 0o644, "{}", path.display());
        }
        assert_eq!(out.metadata().unwrap().mode() & 0o7777, 0o755);
        made.push(specimen::read(&out));
    }
    assert!(made.windows(2).all(|pair| pair[0] == pair[1]), "the same bytes under every umask");
}

#[test]
fn d02_fifty_gigabytes_of_evidence() {
    let folder = tempfile::tempdir().unwrap();
    inputs(folder.path());
    let file = File::create(folder.path().join("evidence/release/huge.json")).unwrap();
    file.set_len(50 << 30).unwrap();
    let ran = countersign(folder.path(), &assemble("out"));
    assert!(matches!(ran.code, Some(1 | 3)), "{ran:?}");
    assert!(ran.stderr.contains("huge.json"), "{ran:?}");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn d01_a_million_signatures() {
    let specimen = specimen();
    let mut files = specimen.files.clone();
    let many = vec![r#"{"sig":"AA=="}"#; 1_000_000].join(",");
    let bundle = format!(
        r#"{{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{{"publicKey":{{}}}},"dsseEnvelope":{{"payload":"","payloadType":"t","signatures":[{many}]}}}}"#
    );
    files.insert(format!("{PACKET}.sigstore.json"), bundle.into_bytes());
    refused(&verify(stage(&files, &specimen.trust).path(), &[]), "CS-TRUST-001");
    let mut files = specimen.files.clone();
    let name = format!("{PACKET}.sigstore.jsonl");
    let lines = files[&name].repeat(64);
    files.insert(name, lines);
    refused(&verify(stage(&files, &specimen.trust).path(), &[]), "CS-TRUST-002");
}

#[test]
fn x08_a_key_that_others_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let secret: String = specimen().keys[0].lines().filter(|line| !line.starts_with('-')).collect();
    let key = folder.path().join("alice.key");
    fs::write(&key, &specimen().keys[0]).unwrap();
    fs::write(folder.path().join("blob"), "x").unwrap();
    symlink("alice.key", folder.path().join("link.key")).unwrap();
    for (mode, name) in
        [(0o644, "alice.key"), (0o640, "alice.key"), (0o602, "alice.key"), (0o600, "link.key")]
    {
        fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
        let args = ["sign-blob", "blob", "--key", name, "--bundle", "out.json"];
        let ran = countersign(folder.path(), &args);
        assert_eq!(ran.code, Some(3), "{mode:o} {name}: {ran:?}");
        assert!(ran.stderr.contains(name) && !ran.said().contains(&secret), "{ran:?}");
        assert!(!folder.path().join("out.json").exists());
    }
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    for verb in [["keys", "show", "alice.key"], ["inspect", "alice.key", "-v"]] {
        let ran = finish(command(folder.path(), &verb));
        assert!(!ran.said().contains(&secret), "{verb:?} prints the key");
    }
}

#[test]
fn m06_a_manifest_that_lists_other_sizes() {
    let specimen = specimen();
    let mut changed = members().clone();
    let mut manifest = forgery::manifest_of(&changed);
    manifest.evidence[0].size += 1;
    changed.insert(ReleaseManifest::MEMBER.to_owned(), manifest.to_bytes());
    let mut files = specimen.files.clone();
    files.insert(PACKET.to_owned(), forgery::pack_canonically(&changed));
    refused(&verify(stage(&files, &specimen.trust).path(), &[]), "CS-PACKET-007");
}
