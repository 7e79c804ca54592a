//! Nothing in the environment or the working directory weakens a verification.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::command::{command, finish};
use crate::specimen::{self, NOW, root, specimen};

/// What the command line may read: colour, width, the time that is written; and for signing alone
/// where programs lie, and who signs.
const READ: [&str; 7] = [
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "COLUMNS",
    "NO_COLOR",
    "PATH",
    "SIGSTORE_ID_TOKEN",
    "SOURCE_DATE_EPOCH",
];

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn these_variables_are_read_and_no_other() {
    let mut texts = Vec::new();
    sources(&root().join("src"), &mut texts);
    let mut read = BTreeSet::new();
    for text in &texts {
        let code: String =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for (at, _) in code.match_indices("env::var") {
            let rest = &code[at..];
            let name = rest.split('"').nth(1).unwrap_or("a name that is computed");
            read.insert(name.to_owned());
        }
        for other in ["env::vars", "option_env!", "clap(env", "env ="] {
            assert!(!code.contains(other), "{other} reads the environment");
        }
    }
    assert_eq!(read, READ.map(str::to_owned).into());
}

/// Whose variables: other tools', and this one's, had it any.
const OWNERS: [&str; 10] =
    ["COUNTERSIGN", "SIGSTORE", "COSIGN", "TUF", "RUST", "CARGO", "GIT", "SSL", "CLAP", "DSSE"];

/// What somebody may hope that one of them does.
const HOPES: [&str; 100] = [
    "INSECURE",
    "SKIP",
    "SKIP_VERIFY",
    "NO_VERIFY",
    "VERIFY",
    "TRUST",
    "TRUST_ROOT",
    "ROOT",
    "TRUSTED_ROOT",
    "KEY",
    "KEYS",
    "POLICY",
    "THRESHOLD",
    "NOW",
    "TIME",
    "CLOCK",
    "STATE",
    "CONFIG",
    "CONFIG_FILE",
    "HOME",
    "CACHE",
    "MIRROR",
    "LOG",
    "BACKTRACE",
    "DEBUG",
    "FORMAT",
    "OUTPUT",
    "GATE",
    "WAIVERS",
    "ALLOW_BLOCKED",
    "FORCE",
    "OFFLINE",
    "EXPERIMENTAL",
    "IDENTITY",
    "ISSUER",
    "CERT_FILE",
    "CERT_DIR",
    "PASSPHRASE",
    "PASSWORD",
    "PRIVATE_KEY",
    "PUBLIC_KEY",
    "MAX_BYTES",
    "LIMIT",
    "LEVEL",
    "DIR",
    "FILE",
    "PATH",
    "URL",
    "PROXY",
    "TOKEN",
    "EXPECT_VERSION",
    "EXPECT_COMMIT",
    "EXPECT_NAME",
    "MIN_SEQUENCE",
    "ARTIFACTS",
    "EVIDENCE",
    "DATE",
    "TZ",
    "TESTING",
    "TEST",
    "DEV",
    "CI",
    "STRICT",
    "LENIENT",
    "IGNORE",
    "IGNORE_TLOG",
    "IGNORE_SCT",
    "REKOR_URL",
    "FULCIO_URL",
    "TSA_URL",
    "OIDC_TOKEN",
    "ID_TOKEN",
    "MODE",
    "PROFILE",
    "FEATURES",
    "TRACE",
    "COLOR",
    "QUIET",
    "VERBOSE",
    "YES",
    "CONFIRM",
    "UNSAFE",
    "DANGEROUS",
    "BYPASS",
    "DISABLE",
    "ENABLE",
    "VERSION",
    "SEQUENCE",
    "REPLAY",
    "VERDICT",
    "PASS",
    "RESULT",
    "EXIT_CODE",
    "RETRY",
    "TIMEOUT",
    "WORKERS",
    "THREADS",
    "SEED",
    "TMPDIR",
    "EPOCH",
];

/// What really changes how programs behave.
const USUAL: [(&str, &str); 13] = [
    ("RUST_BACKTRACE", "full"),
    ("RUST_MIN_STACK", "4096000"),
    ("TZ", "Asia/Kathmandu"),
    ("LANG", "tr_TR.UTF-8"),
    ("LC_ALL", "tr_TR.UTF-8"),
    ("HOME", "/nonexistent"),
    ("TMPDIR", "/nonexistent"),
    ("HTTPS_PROXY", "http://127.0.0.1:9"),
    ("SOURCE_DATE_EPOCH", "0"),
    ("NO_COLOR", "1"),
    ("CLICOLOR_FORCE", "1"),
    ("TERM", "xterm-256color"),
    ("PATH", "."),
];

/// A thousand variables.
fn hostile_variables() -> Vec<(String, String)> {
    let values = ["1", "true", "/dev/null", "0", "skip", "../../x"];
    let pairs = OWNERS.iter().flat_map(|owner| HOPES.iter().map(move |hope| (owner, hope)));
    let pairs = pairs.enumerate().map(|(index, (owner, hope))| {
        (format!("{owner}_{hope}"), values[index % values.len()].to_owned())
    });
    pairs.chain(USUAL.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
}

#[test]
fn a_thousand_variables_change_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    specimen::write(&folder.path().join("dist"), &specimen().files);
    specimen::write(&folder.path().join("bad"), &specimen().files);
    fs::write(folder.path().join("bad/report.json"), "{}\n").unwrap();
    fs::write(folder.path().join("trust.json"), &specimen().trust).unwrap();
    // A working directory full of what a tool may take for its configuration.
    for (name, text) in [
        (".countersign.toml", "threshold = 0\n"),
        ("countersign.json", "{\"verify\": false}\n"),
        (".env", "COUNTERSIGN_INSECURE=1\n"),
        ("git", "#!/bin/sh\ntouch ran\n"),
        ("gpg", "#!/bin/sh\ntouch ran\n"),
        ("cosign", "#!/bin/sh\ntouch ran\n"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let variables = hostile_variables();
    assert!(variables.len() >= 1000, "{}", variables.len());
    for (target, code, format) in
        [("dist", 0, "json"), ("dist", 0, "human"), ("bad", 1, "json"), ("bad", 1, "human")]
    {
        let args =
            ["verify", target, "--trust", "trust.json", "--now", NOW, "--format", format, "-v"];
        let plain = finish(command(folder.path(), &args));
        assert_eq!(plain.code, Some(code), "{plain:?}");
        let mut hostile = command(folder.path(), &args);
        hostile.envs(variables.iter().cloned());
        assert_eq!(finish(hostile), plain, "{target} as {format}");
    }
    assert!(!folder.path().join("ran").exists());
}
