//! What the demo prints: commands that do what it did.

use std::fs;
use std::path::Path;

use crate::command::{Ran, countersign};
use crate::specimen;

/// The arguments of a command as a shell takes them apart; only single quotes occur.
fn arguments(line: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    for (index, part) in line.split('\'').enumerate() {
        if index % 2 == 1 {
            arguments.push(part.to_owned());
        } else {
            arguments.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    arguments
}

/// The commands that the demo printed, without the tool's name.
fn commands(told: &str) -> Vec<Vec<String>> {
    told.lines()
        .filter_map(|line| line.trim_start().strip_prefix("$ countersign "))
        .map(arguments)
        .collect()
}

fn run(command: &[String]) -> Ran {
    countersign(&specimen::root(), command)
}

fn holds(command: &[String], code: i32) {
    let ran = run(command);
    assert_eq!(ran.code, Some(code), "{command:?}: {}", ran.said());
}

#[test]
fn the_commands_that_the_demo_prints_do_what_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    let told = countersign(&specimen::root(), &["demo", "--dir", dir.to_str().unwrap()]);
    assert_eq!(told.code, Some(0), "{}", told.said());
    let commands = commands(&told.stdout);
    let of = |verb: &str| {
        let words: Vec<&str> = verb.split(' ').collect();
        let found: Vec<Vec<String>> =
            commands.iter().filter(|command| command.starts_with_words(&words)).cloned().collect();
        assert!(!found.is_empty(), "the demo prints no `{verb}`");
        found
    };
    forget(&dir);
    for verb in ["check", "trust show", "assemble", "sign", "verify"] {
        of(verb).iter().for_each(|command| holds(command, 0));
    }
    let asked = &of("rollback check")[0];
    holds(asked, 1);
    for verb in ["sign-blob", "rollback drill record"] {
        of(verb).iter().for_each(|command| holds(command, 0));
    }
    holds(asked, 1);
    of("rollback approve").iter().for_each(|command| holds(command, 0));
    holds(asked, 0);
    for verb in ["trust revoke", "trust sign"] {
        of(verb).iter().for_each(|command| holds(command, 0));
    }
    holds(asked, 1);
    // The keys are there: none is made over another.
    for command in of("keys generate") {
        holds(&command, 3);
        fs::remove_file(command.last().unwrap()).unwrap();
        fs::remove_file(command.last().unwrap().replace(".key", ".pub")).unwrap();
        holds(&command, 0);
    }
}

/// Takes away what the commands are to make.
fn forget(dir: &Path) {
    fs::remove_dir_all(dir.join("dist")).unwrap();
    fs::remove_file(dir.join("trust-updates/2.json")).unwrap();
    for entry in fs::read_dir(dir.join("night")).unwrap() {
        let path = entry.unwrap().path();
        if path.to_str().unwrap().ends_with(".sigstore.json") {
            fs::remove_file(path).unwrap();
        }
    }
}

trait Words {
    fn starts_with_words(&self, words: &[&str]) -> bool;
}

impl Words for Vec<String> {
    fn starts_with_words(&self, words: &[&str]) -> bool {
        self.len() >= words.len() && self.iter().zip(words).all(|(one, word)| one == word)
    }
}
