//! `check k8s --render`: which program is run, and what becomes of what it says.
//!
//! The program here only repeats what the tree keeps; the real engine is asked in `tests/interop`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

fn program(folder: &Path, body: &str) {
    fs::create_dir_all(folder).unwrap();
    let path = folder.join("helm");
    fs::write(&path, format!("#!/bin/sh\n{body}")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn check(path: &str, within: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["check", "k8s", "--render", "-v", "--now", "2026-11-23T09:00:00Z"])
        .args(["--root", env!("CARGO_MANIFEST_DIR")])
        .current_dir(within)
        .env_clear()
        .env("PATH", path)
        .output()
        .unwrap()
}

const SAYS_VERSION: &str = "if [ \"$1\" = version ]; then echo v9.9.9; exit; fi\n\
                            for last; do :; done\nname=${last##*/}\n";

#[test]
fn what_helm_renders_is_judged_and_its_version_told() {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/ops/k8s/rendered");
    program(
        &bin,
        &format!(
            "{SAYS_VERSION}while read -r line; do echo \"$line\"; done </dev/null\n/bin/cat {kept}/$name\n"
        ),
    );
    let path = bin.display().to_string();
    let output = check(&path, folder.path());
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("rendered by helm v9.9.9"), "{text}");
}

#[test]
fn a_profile_that_helm_refuses_or_renders_differently_is_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/ops/k8s/rendered");
    let body = format!(
        "{SAYS_VERSION}case $name in\n\
         prod.yaml) echo 'Error: no such value' >&2; exit 1;;\n\
         dev.yaml) /bin/cat {kept}/dev.yaml; echo \"# $$\";;\n\
         *) /bin/cat {kept}/$name;;\nesac\n"
    );
    program(&bin, &body);
    let output = check(&bin.display().to_string(), folder.path());
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("profile `prod` is not rendered: Error: no such value"), "{text}");
    assert!(text.contains("profile `dev` is rendered to other bytes the second time"), "{text}");
}

#[test]
fn a_program_of_the_working_directory_is_never_run() {
    let folder = tempfile::tempdir().unwrap();
    let ran = folder.path().join("ran");
    program(folder.path(), &format!(": >{}\n", ran.display()));
    let output = check(&format!(".:{}:", folder.path().display()), folder.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(!ran.exists());
}
