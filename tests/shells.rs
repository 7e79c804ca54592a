//! What shells and `man` read: completions and manual pages.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::command::countersign;

#[test]
fn every_shell_has_completions_of_every_verb() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = countersign(folder.path(), &["completions", shell]);
        assert_eq!(ran.code, Some(0), "{}", ran.said());
        for word in ["verify-attestations", "rollback", "trust-updates", "completions"] {
            assert!(ran.stdout.contains(word), "{shell} knows no `{word}`");
        }
    }
    let unknown = countersign(folder.path(), &["completions", "csh"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("possible values: bash"), "{}", unknown.said());
}

#[test]
fn bash_reads_its_completions() {
    let folder = tempfile::tempdir().unwrap();
    let ran = countersign(folder.path(), &["completions", "bash"]);
    let completes = "\nCOMP_WORDS=(countersign veri) COMP_CWORD=1\n_countersign countersign veri \
                     countersign\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
    let mut bash = Command::new("bash")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let script = format!("{}{completes}", ran.stdout);
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let done = bash.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let words: Vec<&str> = said.lines().collect();
    assert_eq!(words, ["verify", "verify-blob", "verify-attestations"], "{done:?}");
}

#[test]
fn every_verb_has_a_page_with_an_example_and_its_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let ran = countersign(folder.path(), &["man", "--dir", "pages"]);
    assert_eq!(ran.code, Some(0), "{}", ran.said());
    let names: Vec<String> = fs::read_dir(folder.path().join("pages"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for verb in ["", "-verify", "-rollback-drill-record", "-trust-add-key", "-completions", "-man"]
    {
        assert!(names.contains(&format!("countersign{verb}.1")), "{names:?}");
    }
    assert!(ran.stdout.starts_with(&format!("{} pages", names.len())), "{}", ran.said());
    for name in names {
        let page = fs::read_to_string(folder.path().join("pages").join(&name)).unwrap();
        assert!(page.contains(".SH NAME"), "{name}");
        assert!(page.contains("undecided: the tool could not judge"), "{name} has no exit codes");
        let verb = name.trim_end_matches(".1").replace("-", " ");
        let example = page.replace("\\-", " ").replace('-', " ").contains(&format!("  {verb}"));
        assert!(example, "{name} has no example of `{verb}`");
    }
    let top = countersign(folder.path(), &["man"]);
    let same = fs::read_to_string(folder.path().join("pages/countersign.1")).unwrap();
    assert_eq!(top.stdout, same);
}

#[test]
fn pages_cannot_be_written_into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pages"), "not a folder").unwrap();
    let ran = countersign(folder.path(), &["man", "--dir", "pages"]);
    assert_eq!(ran.code, Some(3), "{}", ran.said());
    assert!(ran.stderr.contains("pages"), "{}", ran.said());
    assert_eq!(fs::read_to_string(folder.path().join("pages")).unwrap(), "not a folder");
}
