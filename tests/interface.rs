//! Cases of what is said and what is run: outputs, signers' lists, names, addresses, programs. Each
//! function is named after its row of the threat model and the mistake.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign::packet::ReleaseManifest;
use countersign::provenance::PAYLOAD_TYPE;
use countersign::trust::{Algorithm, Bundle, PrivateKey};

use crate::cases::complaint;
use crate::command::{Ran, command, countersign, finish};
use crate::forgery;
use crate::json_tree::Json;
use crate::mutation::{members, signed};
use crate::specimen::{self, Files, NOW, PACKET, PROGRAM, VERSION, specimen, trust_with};

fn stage(files: &Files, trust: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    specimen::write(&folder.path().join("dist"), files);
    fs::write(folder.path().join("trust.json"), trust).unwrap();
    folder
}

fn verify(folder: &Path, more: &[&str]) -> Ran {
    let args = ["verify", "dist", "--trust", "trust.json", "--now", NOW];
    countersign(folder, &[&args[..], more].concat())
}

fn verify_files(files: &Files) -> Ran {
    let folder = stage(files, &specimen().trust);
    verify(folder.path(), &["--format", "json"])
}

#[track_caller]
fn refused(ran: &Ran, code: &str) {
    assert_eq!(complaint(ran, 1, &format!("\"code\": \"{code}\"")), None);
}

fn provenance() -> String {
    format!("lantern-{VERSION}.provenance.sigstore.json")
}

/// What a bundle says, with another text in it, signed by somebody whom nobody knows.
fn signed_by_a_stranger(bundle: &[u8], from: &str, to: &str) -> Vec<u8> {
    let payload = Json::parse(bundle).text("/dsseEnvelope/payload").unwrap().to_owned();
    let text = String::from_utf8(STANDARD.decode(payload).unwrap()).unwrap();
    assert!(text.contains(from), "{text}");
    let stranger = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    let changed = text.replace(from, to).into_bytes();
    Bundle::sign_payload(PAYLOAD_TYPE, changed, &stranger).unwrap().to_line()
}

/// A good signature and a bad one side by side: what the bad one says stands nowhere.
#[test]
fn u03_what_was_not_verified_is_told() {
    let mut files = specimen().files.clone();
    let builder = "https://builders.lantern.example/release";
    let mark = "https://unverified.example/mark";
    let forged = signed_by_a_stranger(&files[&provenance()], builder, mark);
    files.insert(format!("{}l", provenance()), forged.clone());
    let folder = stage(&files, &specimen().trust);
    for more in [&["--format", "json"][..], &["-v"], &["-q"], &[]] {
        let ran = verify(folder.path(), more);
        assert_eq!(ran.code, Some(1), "{more:?}: {ran:?}");
        assert!(!ran.said().contains("unverified.example"), "{more:?}: {ran:?}");
    }
    // A single bundle, and a key that has not signed it.
    fs::write(folder.path().join("one.json"), forged).unwrap();
    fs::write(folder.path().join("blob"), &specimen().files[PACKET]).unwrap();
    let alice = specimen::private_key(&specimen().keys[0]).public().to_pem();
    fs::write(folder.path().join("alice.pub"), alice).unwrap();
    let args = ["verify-blob", "blob", "--bundle", "one.json", "--key", "alice.pub", "-v"];
    let ran = countersign(folder.path(), &args);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(!ran.said().contains("unverified.example"), "{ran:?}");
}

/// Runs on some of the processors only.
fn on_processors(folder: &Path, processors: &str, args: &[&str]) -> Ran {
    let mut taskset = Command::new("/usr/bin/taskset");
    taskset.env_clear().current_dir(folder).args(["-c", processors]);
    taskset.arg(env!("CARGO_BIN_EXE_countersign")).args(args);
    finish(taskset)
}

#[test]
fn u05_one_of_many_fails() {
    let folder = stage(&specimen().files, &specimen().trust);
    let many = folder.path().join("many");
    fs::create_dir(&many).unwrap();
    for index in 0..60 {
        fs::write(many.join(format!("{index:02}")), vec![b'x'; 1000 * index]).unwrap();
    }
    let created = ["checksums", "create", "many", "-o", "list"];
    assert_eq!(countersign(folder.path(), &created).code, Some(0));
    let check = ["checksums", "verify", "list", "--root", "many", "--format", "json", "--now", NOW];
    let verify = ["verify", "dist", "--trust", "trust.json", "--format", "json", "--now", NOW];
    let last = std::thread::available_parallelism().unwrap().get() - 1;
    let all = format!("0-{last}");
    let mut bad: Vec<(&[&str], String)> =
        ["00", "31", "59"].map(|name| (&check[..], format!("many/{name}"))).into();
    bad.extend(specimen().artifacts.keys().map(|name| (&verify[..], format!("dist/{name}"))));
    for (args, file) in bad {
        let path = folder.path().join(&file);
        let good = fs::read(&path).unwrap();
        fs::write(&path, [good.as_slice(), b"y"].concat()).unwrap();
        let one = on_processors(folder.path(), "0", args);
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(complaint(&one, 1, name), None, "{file}");
        for _ in 0..3 {
            assert_eq!(on_processors(folder.path(), &all, args), one, "{file}");
        }
        fs::write(&path, good).unwrap();
        assert_eq!(on_processors(folder.path(), &all, args).code, Some(0), "{file}");
    }
}

/// The list of further signers: each line is judged, and what is none is told with its number.
#[test]
fn j10_a_line_that_is_no_bundle() {
    let name = format!("{PACKET}.sigstore.jsonl");
    let with = |edit: &dyn Fn(&str) -> String| {
        let mut files = specimen().files.clone();
        let text = String::from_utf8(files[&name].clone()).unwrap();
        files.insert(name.clone(), edit(&text).into_bytes());
        verify_files(&files)
    };
    let fine: [&dyn Fn(&str) -> String; 3] =
        [&str::to_owned, &|text: &str| text.replace('\n', "\r\n"), &|text: &str| {
            text.trim_end().to_owned()
        }];
    for edit in fine {
        assert_eq!(complaint(&with(edit), 0, "pass"), None);
    }
    let broken: [(Breaking<'_>, &str); 6] = [
        (&|text: &str| format!("{text}broken\n"), "line 2"),
        (&|text: &str| format!("broken\n{text}"), "line 1"),
        (&|text: &str| format!("{text}\n{text}"), "line 2"),
        (&|text: &str| format!("{text}{}", &text[..text.len() / 2]), "line 2"),
        (&|text: &str| text.repeat(64), "64 further bundles"),
        (&|_: &str| String::new(), "line 1"),
    ];
    for (edit, says) in broken {
        let ran = with(edit);
        refused(&ran, "CS-TRUST-002");
        assert!(ran.stdout.contains(says), "{says}: {ran:?}");
    }
}

/// A way to break a text.
type Breaking<'a> = &'a dyn Fn(&str) -> String;

/// The bytes that were signed are the bytes that are read: the same document written otherwise is
/// another, and one that was signed otherwise is refused for its form.
#[test]
fn j07_the_same_document_in_another_form() {
    let respaced = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let other = text.replace("\": ", "\" : ");
        assert_ne!(other, text);
        other.into_bytes()
    };
    for name in [format!("{PACKET}.sigstore.json"), provenance()] {
        let mut files = specimen().files.clone();
        let bundle = Json::parse(&files[&name]);
        let payload = STANDARD.decode(bundle.text("/dsseEnvelope/payload").unwrap()).unwrap();
        let other = Json::Scalar(STANDARD.encode(respaced(&payload)).into());
        files.insert(name, bundle.with("/dsseEnvelope/payload", other).to_bytes());
        let ran = verify_files(&files);
        assert_eq!(complaint(&ran, 1, "CS-TRUST-0"), None);
    }
    let mut changed = members().clone();
    let manifest = respaced(&changed[ReleaseManifest::MEMBER]);
    changed.insert(ReleaseManifest::MEMBER.to_owned(), manifest);
    let mut files = specimen().files.clone();
    files.insert(PACKET.to_owned(), forgery::pack_canonically(&changed));
    refused(&verify_files(&files), "CS-PACKET-004");
}

/// Addresses in evidence, policy and a trusted root lead here, and nobody comes.
#[test]
fn x03_addresses_in_data_are_fetched() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let specimen = specimen();
    let mut changed = members().clone();
    for (name, bytes) in &mut changed {
        if name.ends_with(".spdx.json") {
            let text = String::from_utf8(bytes.clone()).unwrap();
            *bytes = text.replace("NOASSERTION", &format!("{address}/{PROGRAM}")).into_bytes();
        }
    }
    let manifest = forgery::manifest_of(&changed);
    let files = forgery::rebuild(&specimen.artifacts, changed, manifest);
    let files = signed(&files, &[&specimen.keys[0], &specimen.keys[1]]);
    let trust = trust_with(&specimen.keys, |document| {
        document.policy.builders.push(address.clone());
        document.policy.sources.push(format!("git+{address}/lantern"));
    });
    let folder = stage(&files, &trust);
    assert_eq!(verify(folder.path(), &[]).code, Some(0));
    let vectors = specimen::root().join("tests/vectors/sigstore-conformance");
    let root = fs::read_to_string(vectors.join("trusted_root.json")).unwrap();
    let root = root.replace("https://rekor.sigstore.dev", &address);
    assert!(root.contains(&address));
    fs::write(folder.path().join("root.json"), root).unwrap();
    fs::copy(vectors.join("a.txt"), folder.path().join("a.txt")).unwrap();
    let bundle = vectors.join("happy-path-v0.3/bundle.sigstore.json");
    fs::copy(bundle, folder.path().join("bundle.json")).unwrap();
    for args in [
        "verify-blob a.txt --bundle bundle.json --trusted-root root.json \
         --certificate-identity a --certificate-oidc-issuer b",
        "inspect dist/lantern-0.3.0.packet.tar.gz",
        "inspect bundle.json",
        "trust show trust.json --now 2026-11-24T09:00:00Z",
    ] {
        let args: Vec<&str> = args.split_whitespace().collect();
        let ran = countersign(folder.path(), &args);
        assert!(matches!(ran.code, Some(0 | 1)), "{ran:?}");
    }
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "somebody came");
}

/// Scripts that leave a trace, under the names of programs that are often asked for help.
fn traps(folder: &Path) {
    let names =
        ["git", "gpg", "cosign", "helm", "kubectl", "openssl", "sh", "tar", "k6", "promtool"];
    for name in names {
        let path = folder.join(name);
        fs::write(&path, "#!/bin/sh\ntouch ran\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }
}

/// A key is a file. What other tools take for a plug-in, a command or an address is a name of a file
/// that is not there.
#[test]
fn x05_keys_that_are_programs() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("a/b");
    fs::create_dir_all(&below).unwrap();
    traps(folder.path());
    traps(&below);
    fs::write(below.join("blob"), "x").unwrap();
    for key in [
        "../../git",
        "git",
        "./git",
        "git --help",
        "|touch ran",
        "$(touch ran)",
        "`touch ran`",
        "env://PATH",
        "pkcs11:token=release",
        "awskms:///alias/release",
        "k8s://release/key",
        "https://127.0.0.1/release.key",
        "-",
        "",
        "release\nkey",
    ] {
        let mut run = command(&below, &["sign-blob", "blob", "--bundle", "out.json", "--key", key]);
        run.env("PATH", ".");
        let ran = finish(run);
        assert!(matches!(ran.code, Some(2 | 3)), "{key:?}: {ran:?}");
        assert!(!below.join("out.json").exists(), "{key:?}");
    }
    for place in [folder.path(), &below] {
        assert!(!place.join("ran").exists(), "a program was run");
    }
}

#[test]
fn x06_programs_of_the_working_directory() {
    let folder = stage(&specimen().files, &specimen().trust);
    let here = folder.path();
    traps(here);
    specimen::write(&here.join("artifacts"), &specimen().artifacts);
    specimen::write(&here.join("evidence"), &specimen().evidence);
    let root = specimen::root().display().to_string();
    let check = ["check", "--root", &root, "--now", NOW];
    let render = ["check", "k8s", "--root", &root, "--render", "--now", NOW];
    let flags =
        ["--root", &root, "--now", NOW, "--artifacts", "artifacts", "--evidence", "evidence"];
    let about = ["--version", VERSION, "--source", specimen::SOURCE, "--commit", specimen::COMMIT];
    let assemble = [&["assemble", "-o", "out"], &flags[..], &about[..]].concat();
    let verify = ["verify", "dist", "--trust", "trust.json", "--now", NOW];
    let inspect = ["inspect", "dist/report.json"];
    for path in [".", "", ":.:", "dist:."] {
        for args in [&check[..], &render, &assemble, &verify, &inspect] {
            let mut run = command(here, args);
            run.env("PATH", path);
            let ran = finish(run);
            assert!(args.contains(&"--render") || ran.code == Some(0), "{args:?}: {ran:?}");
            let _ = fs::remove_dir_all(here.join("out"));
            assert!(!here.join("ran").exists(), "{args:?} with PATH={path}");
        }
    }
}

/// A key of an algorithm that nothing here verifies is refused when it is read.
#[test]
fn k16_a_key_of_another_algorithm() {
    let folder = tempfile::tempdir().unwrap();
    // SubjectPublicKeyInfo of ML-DSA-44: its object identifier, and a key of the right length.
    let head = [0x30, 0x82, 5, 0x32, 0x30, 0x0b, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 0x11];
    for length in [1312, 0, 1] {
        let der = [&head[..], &[3, 0x82, 5, 0x21, 0], &vec![7; length]].concat();
        let lines: Vec<String> = STANDARD
            .encode(der)
            .as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8(line.to_vec()).unwrap())
            .collect();
        let begin = "-----BEGIN PUBLIC KEY-----";
        let pem = format!("{begin}\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
        fs::write(folder.path().join("key.pub"), pem).unwrap();
        let ran = countersign(folder.path(), &["keys", "show", "key.pub"]);
        assert_eq!(complaint(&ran, 3, "key.pub"), None, "{length}");
    }
}
