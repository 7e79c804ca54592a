//! Signing asks others for the time: whom it asks, how, and what happens when they are of no use.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::cases::everything_in;
use crate::command::{Ran, command, countersign, finish};
use crate::specimen::{self, root, specimen};

/// A folder with a key, a file, and whatever a test adds.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ran = countersign(folder.path(), &["keys", "generate", "-o", "alice.key"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        fs::write(folder.path().join("lantern.txt"), "what was released\n").unwrap();
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts a program into a folder of the desk.
    fn program(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn everything(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        everything_in(self.path())
    }
}

const SIGN: [&str; 6] =
    ["sign-blob", "lantern.txt", "--key", "alice.key", "--bundle", "lantern.txt.sigstore.json"];

/// Signs with an authority, in an environment of a few variables.
fn ask(desk: &Desk, authority: &str, more: &[&str], environment: &[(&str, &str)]) -> Ran {
    let words = [&SIGN[..], &["--timestamp-authority", authority], more].concat();
    let mut command = command(desk.path(), &words);
    command.envs(environment.iter().copied());
    finish(command)
}

fn useless(authority: &str, more: &[&str], code: i32, says: &str) {
    let desk = Desk::new();
    let before = desk.everything();
    let ran = ask(&desk, authority, more, &[]);
    assert_eq!(ran.code, Some(code), "{authority}: {ran:?}");
    assert!(ran.stderr.contains(says), "{authority}: {ran:?}");
    assert!(ran.stdout.is_empty(), "{authority}: {ran:?}");
    assert_eq!(desk.everything(), before, "{authority} left something");
}

#[test]
fn x05_a_program_is_named_in_full_or_by_its_name_alone() {
    for authority in ["./tsa", "../tsa", "bin/tsa", "../../x", ".", "..", ".hidden"] {
        useless(authority, &[], 2, "absolute path, or by its name alone");
    }
    for authority in ["", "  "] {
        useless(authority, &[], 2, "expected an address or a command");
    }
    useless("no-such-program --flag", &[], 2, "no such program in PATH");
    useless("tsa 'open", &[], 2, "a quote is not closed");
    useless("/bin/true\nx", &[], 2, "control characters");
    useless("ftp://tsa.example", &[], 2, "https:// or http://");
}

#[test]
fn authorities_that_are_of_no_use() {
    let old = root().join("tests/vectors/timestamps/hourglass-march.tsr");
    let old = format!("/bin/cat '{}'", old.display());
    useless("/nowhere/tsa", &[], 3, "cannot be started");
    useless("/bin/false", &[], 3, "it failed (exit status: 1)");
    useless("/bin/true", &[], 3, "wrote no reply");
    useless("/bin/echo garbage", &[], 3, "no timestamp response in DER");
    useless("/bin/cat", &[], 3, "no timestamp response in DER");
    useless("/bin/cat /nowhere/reply", &[], 3, "and said `");
    useless("/bin/cat /dev/zero", &[], 3, "larger than 1048576 bytes");
    useless("/bin/sleep 60", &["--timeout", "1"], 3, "within 1 seconds and was ended");
    // The first is no use to anybody, whatever the second says.
    useless("/bin/false", &["--timestamp-authority", &old], 3, "it failed");
    useless(&old, &[], 1, "over something else than this signature");
}

#[cfg(not(feature = "keyless"))]
#[test]
fn a_build_without_network_says_what_to_do() {
    let curl = "--data-binary @- https://tsa.example/x";
    useless("https://tsa.example/x", &[], 2, "--features keyless");
    useless("https://tsa.example/x", &[], 2, curl);
    let desk = Desk::new();
    let words = ["sign-blob", "lantern.txt", "--bundle", "b", "--keyless", "--signing-config", "c"];
    let ran = countersign(desk.path(), &words);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("--features keyless"), "{ran:?}");
}

#[test]
fn flags_that_do_not_go_together() {
    let desk = Desk::new();
    let config = ["--signing-config", "config.json"];
    for words in [
        vec!["sign", "dist", "--keyless"],
        vec!["sign", "dist", "--keyless", "--key", "alice.key", config[0], config[1]],
        vec!["sign", "dist", "--key", "alice.key", config[0], config[1]],
        vec!["sign", "dist", "--key", "alice.key", "--identity-token", "token.jwt"],
        vec!["sign", "dist", "--keyless", config[0], config[1], "--timestamp-authority", "tsa"],
        vec!["sign", "dist", "--key", "alice.key", "--trust", "a", "--trusted-root", "b"],
        vec!["sign", "dist", "--key", "alice.key", "--timeout", "0"],
        vec!["sign", "dist", "--key", "alice.key", "--timeout", "601"],
        vec!["sign-blob", "lantern.txt", "--bundle", "b", "--keyless"],
        vec!["sign-blob", "lantern.txt", "--bundle", "b"],
    ] {
        let ran = countersign(desk.path(), &words);
        assert_eq!(ran.code, Some(2), "{words:?}: {ran:?}");
        assert!(!desk.path().join("b").exists());
    }
}

/// X06: whatever PATH says, nothing is found where somebody may have put it.
#[test]
fn x06_a_program_of_the_working_directory_is_not_run() {
    let desk = Desk::new();
    desk.program("tsa", ": >ran");
    desk.program("elsewhere/not-a-program", "");
    fs::set_permissions(desk.path().join("elsewhere/not-a-program"), Permissions::from_mode(0o644))
        .unwrap();
    let here = desk.path().to_str().unwrap().to_owned();
    let dotted = format!("{here}/elsewhere/..");
    for path in ["", ".", ":", "./", "elsewhere/..", &here, &dotted] {
        let ran = ask(&desk, "tsa", &[], &[("PATH", path)]);
        assert_eq!(ran.code, Some(2), "{path}: {ran:?}");
        assert!(ran.stderr.contains("no such program in PATH"), "{path}: {ran:?}");
    }
    let ran = ask(&desk, "not-a-program", &[], &[("PATH", &format!("{here}/elsewhere"))]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(!desk.path().join("ran").exists());
    // The one in a folder that is named in full is run.
    desk.program("elsewhere/tsa", ": >ran");
    let ran = ask(&desk, "tsa", &[], &[("PATH", &format!(".:{here}/elsewhere"))]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(desk.path().join("ran").exists());
}

#[test]
fn a_command_is_no_shell_and_knows_no_secrets() {
    let desk = Desk::new();
    let tsa = desk.program("bin/tsa", "printf '%s|' \"$@\" >said; env >>said");
    let secrets = [
        ("SIGSTORE_ID_TOKEN", "one-secret"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "another-secret"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://a-third-secret.example"),
        ("HOME", "/home/of-somebody"),
    ];
    let authority = format!("{} a;b $HOME 'c d' `id` *", tsa.display());
    let ran = ask(&desk, &authority, &[], &secrets);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let said = fs::read_to_string(desk.path().join("said")).unwrap();
    assert!(said.starts_with("a;b|$HOME|c d|`id`|*|"), "{said}");
    assert!(said.contains("HOME=/home/of-somebody") && !said.contains("secret"), "{said}");
}

#[test]
fn a_release_stays_as_it_is_when_an_authority_fails() {
    let folder = tempfile::tempdir().unwrap();
    let dist = folder.path().join("dist");
    let files: specimen::Files = specimen()
        .files
        .iter()
        .filter(|(name, _)| !name.contains(".sigstore.json"))
        .map(|(name, bytes)| (name.clone(), bytes.clone()))
        .collect();
    specimen::write(&dist, &files);
    let key = folder.path().join("alice.key");
    fs::write(&key, &specimen().keys[0]).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    // One that gives a reply to the first request and fails with the second.
    let tsa = folder.path().join("tsa");
    fs::write(&tsa, "#!/bin/sh\nif [ -e asked ]; then exit 7; fi\n: >asked\ncat\n").unwrap();
    fs::set_permissions(&tsa, Permissions::from_mode(0o755)).unwrap();
    for authority in ["/bin/false", "/bin/echo x", tsa.to_str().unwrap()] {
        let words = ["sign", "dist", "--key", "alice.key", "--timestamp-authority", authority];
        let ran = countersign(folder.path(), &words);
        assert_eq!(ran.code, Some(3), "{ran:?}");
        assert_eq!(specimen::read(&dist), files, "{authority} left something");
    }
    let ran = countersign(folder.path(), &["sign", "dist", "--key", "alice.key"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn an_authoritys_certificates_become_a_trusted_root() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| {
        let ran = countersign(folder.path(), words);
        (ran.code, ran.said())
    };
    let at = |path: &str| root().join("tests/vectors").join(path).to_str().unwrap().to_owned();
    fs::write(folder.path().join("policy.json"), POLICY).unwrap();
    let (code, said) = run(&[
        "trust",
        "init",
        "--dir",
        "t",
        "--policy",
        "policy.json",
        "--expires",
        "2099-01-01T00:00:00Z",
    ]);
    assert_eq!(code, Some(0), "{said}");
    let chain = at("certificates/timestamps.pem");
    let set = ["trust", "set", "--dir", "t", "--timestamp-authority"];
    for (file, because) in [
        ("certificates/timestamps-rsa.pem", "has a key that is not ECDSA"),
        ("certificates/one-name.der", "not certificates in PEM"),
        ("timestamps/signer.pub", "expected a certificate"),
    ] {
        let (code, said) = run(&[&set[..], &[&at(file)]].concat());
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains(because), "{said}");
    }
    let twice = [&set[..], &[&chain, "--timestamp-authority", &chain]].concat();
    for words in [[&set[..], &[&chain]].concat(), twice] {
        let (code, said) = run(&words);
        assert_eq!(code, Some(0), "{said}");
    }
    let draft = fs::read_to_string(folder.path().join("t/draft.json")).unwrap();
    assert!(draft.contains("clock timestamps"), "{draft}");
    // One that holds more is not thrown away.
    let whole = at("sigstore-conformance/trusted_root.json");
    let (code, said) = run(&["trust", "set", "--dir", "t", "--trusted-root", &whole]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run(&[&set[..], &[&chain]].concat());
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("holds more than timestamp authorities"), "{said}");
}

const POLICY: &str = r#"{"product": "lantern", "channels": ["stable"],
"builders": ["https://builders.example"], "build_types": ["https://builds.example/v1"],
"sources": ["git+https://git.example/lantern"], "external_parameters": [],
"evidence": [{"kind": "sbom", "max_age_days": 7}],
"vulnerabilities": {"max_critical": 0, "max_high": 0}, "max_waivers": 0,
"require_proven_time": true, "max_packet_bytes": 1000, "max_members": 10}"#;
