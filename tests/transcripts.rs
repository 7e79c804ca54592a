//! The command line as people see it: each file of `tests/transcripts` is one session.
//!
//! A line that begins with `$ countersign` is run in the session's folder, split at spaces; the
//! lines below it are what it says, standard output before standard error. `? 1` gives the exit
//! code where it is not 0. `[..]` stands for any text within a line, and `...` alone on a line for any
//! number of lines. `$ write FILE TEXT` makes a file that only its owner reads; `# ` begins a word to the reader.
//! A command that ends in a backslash goes on in the next line. The sections of the manual's answers are
//! sessions too, each in a folder that the demo made.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::cases::copy;
use crate::command::countersign;
use crate::specimen::root;

/// One command and what must come of it.
struct Step {
    line: usize,
    command: String,
    code: i32,
    expected: Vec<String>,
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let open = steps.last_mut().filter(|step| step.command.ends_with(" \\"));
        if let Some(step) = open {
            step.command.pop();
            step.command.push_str(line.trim_start());
        } else if let Some(command) = line.strip_prefix("$ ") {
            let command = command.to_owned();
            steps.push(Step { line: index + 1, command, code: 0, expected: Vec::new() });
        } else if let Some(code) = line.strip_prefix("? ") {
            steps.last_mut().unwrap().code = code.parse().unwrap();
        } else if line.starts_with("# ") {
            continue;
        } else if let Some(step) = steps.last_mut() {
            step.expected.push(line.to_owned());
        }
    }
    for step in &mut steps {
        while step.expected.last().is_some_and(String::is_empty) {
            step.expected.pop();
        }
    }
    steps
}

/// Whether lines are those of a pattern.
fn fits(expected: &[String], said: &[&str]) -> bool {
    match (expected.split_first(), said.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((first, rest)), _) if first == "..." => {
            (0..=said.len()).any(|skipped| fits(rest, &said[skipped..]))
        }
        (Some(_), None) => false,
        (Some((first, rest)), Some((line, more))) => fits_line(first, line) && fits(rest, more),
    }
}

fn fits_line(expected: &str, line: &str) -> bool {
    let Some((start, rest)) = expected.split_once("[..]") else { return expected == line };
    let Some(line) = line.strip_prefix(start) else { return false };
    (0..=line.len()).filter(|at| line.is_char_boundary(*at)).any(|at| fits_line(rest, &line[at..]))
}

fn play(name: &str, text: &str) {
    let folder = tempfile::tempdir().unwrap();
    play_in(folder.path(), name, text);
}

fn play_in(folder: &Path, name: &str, text: &str) {
    for step in steps(text) {
        let words: Vec<&str> = step.command.split(' ').collect();
        match words.as_slice() {
            ["countersign", args @ ..] => judge(name, &step, args, folder),
            ["write", file, text @ ..] => {
                let path = folder.join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, format!("{}\n", text.join(" "))).unwrap();
                fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            }
            _ => panic!("{name}:{}: unknown command", step.line),
        }
    }
}

fn judge(name: &str, step: &Step, args: &[&str], folder: &Path) {
    let ran = countersign(folder, args);
    let said = ran.said();
    let said: Vec<&str> = said.trim_end_matches('\n').lines().map(str::trim_end).collect();
    let at = format!("{name}:{}: {}", step.line, step.command);
    assert_eq!(ran.code, Some(step.code), "{at}\n{}", said.join("\n"));
    assert!(fits(&step.expected, &said), "{at} says\n{}", said.join("\n"));
}

#[test]
fn every_transcript_is_what_happens() {
    let mut count = 0;
    for entry in fs::read_dir(root().join("tests/transcripts")).unwrap() {
        let path = entry.unwrap().path();
        play(path.file_name().unwrap().to_str().unwrap(), &fs::read_to_string(&path).unwrap());
        count += 1;
    }
    assert!(count >= 5, "the transcripts are where they were");
}

/// The sections of a chapter, and the sessions in each: what stands in blocks of `console`.
fn sections(chapter: &str) -> Vec<(String, String)> {
    let mut sections: Vec<(String, String)> = Vec::new();
    let mut is_session = false;
    for line in chapter.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            sections.push((title.to_owned(), String::new()));
        } else if line.starts_with("```") {
            is_session = line == "```console";
        } else if let (true, Some((_, session))) = (is_session, sections.last_mut()) {
            session.push_str(line);
            session.push('\n');
        }
    }
    sections
}

#[test]
fn the_manuals_answers_are_what_happens() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    let made = countersign(&root(), &["demo", "--dir", demo.to_str().unwrap(), "-q"]);
    assert_eq!(made.code, Some(0), "{}", made.said());
    let chapter = fs::read_to_string(root().join("src/manual/guide.md")).unwrap();
    let runbook = root().join("ops/observe/runbooks/rollback.md").display().to_string();
    let sections = sections(&chapter);
    assert!(sections.len() >= 7, "the answers are where they were");
    for (index, (title, session)) in sections.iter().enumerate() {
        assert!(session.contains("$ countersign"), "{title} shows no session");
        let stage = folder.path().join(index.to_string());
        copy(&demo, &stage);
        // Before the night: what it signed is gone.
        fs::remove_file(stage.join("trust-updates/2.json")).unwrap();
        for entry in fs::read_dir(stage.join("night")).unwrap() {
            let path = entry.unwrap().path();
            if path.to_str().unwrap().ends_with(".sigstore.json") {
                fs::remove_file(path).unwrap();
            }
        }
        play_in(&stage, title, &session.replace("RUNBOOK", &runbook));
    }
}

/// Every verb, and every verb below it.
const VERBS: [&str; 18] = [
    "demo",
    "check",
    "assemble",
    "sign",
    "verify",
    "checksums create",
    "checksums verify",
    "keys generate",
    "keys show",
    "keys encrypt",
    "sign-blob",
    "verify-blob",
    "inspect",
    "explain",
    "rules",
    "checksums",
    "keys",
    "trust",
];

#[test]
fn every_help_has_an_example_and_the_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let mut without = Vec::new();
    for verb in VERBS {
        let args: Vec<&str> = verb.split(' ').chain(["--help"]).collect();
        let ran = countersign(folder.path(), &args);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        for wanted in ["Exit codes:", "undecided", &format!("countersign {verb}")] {
            if !ran.stdout.contains(wanted) {
                without.push(format!("{verb} --help has no `{wanted}`"));
            }
        }
        if !ran.stdout.contains("Examples:") {
            without.push(format!("{verb} --help has no examples"));
        }
        assert!(ran.stderr.is_empty(), "{ran:?}");
    }
    assert!(without.is_empty(), "{}", without.join("\n"));
}
