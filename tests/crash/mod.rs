//! Interference at every call that changes files: the tool is killed just before it, or the call fails
//! as on a full or broken disk. Under each name lies what lay there before or the whole of what was to
//! lie there, an error is told as one, and the next run comes to its end.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::cases::copy;
use crate::command::countersign;
use crate::specimen::root;

/// The runner that interferes, compiled once.
fn runner() -> &'static Path {
    static RUNNER: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = RUNNER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("interrupt");
        let source = root().join("tests/crash/interrupt.c");
        let cc = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        let compiled =
            Command::new(cc).arg("-O1").arg("-o").arg(&path).arg(source).output().unwrap();
        assert!(compiled.status.success(), "{compiled:?}");
        (folder, path)
    });
    path
}

/// How a call is interfered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Killed,
    /// `ENOSPC`.
    NoSpace,
    /// `EIO`.
    Broken,
}

impl Fault {
    /// All that can be made here: calls are made to fail on x86-64 only.
    fn all() -> &'static [Self] {
        if cfg!(target_arch = "x86_64") {
            &[Self::Killed, Self::NoSpace, Self::Broken]
        } else {
            &[Self::Killed]
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Killed => "kill",
            Self::NoSpace => "28",
            Self::Broken => "5",
        }
    }
}

/// The files below a folder; those that nobody gave a name yet do not count.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(&below).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with(".countersign-") || name.ends_with(".lock") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(
                    path.strip_prefix(folder).unwrap().to_owned(),
                    fs::read(&path).unwrap(),
                );
            }
        }
    }
    found
}

/// A verb and the folder that it changes.
struct Case<'a> {
    before: &'a Path,
    arguments: Vec<String>,
    /// Whether all files change at once or each by itself.
    at_once: bool,
    /// Interference at every call, or at every so many.
    step: usize,
}

impl Case<'_> {
    fn run(&self, stage: &Path, fault: Fault, number: usize) -> (Output, usize) {
        let _ = fs::remove_dir_all(stage);
        copy(self.before, stage);
        let told = stage.with_extension("count");
        let done = Command::new(runner())
            .args([fault.word(), &number.to_string()])
            .arg(&told)
            .arg(env!("CARGO_BIN_EXE_countersign"))
            .args(&self.arguments)
            .current_dir(stage)
            .env_clear()
            .output()
            .unwrap();
        let count = fs::read_to_string(&told).unwrap().trim().parse().unwrap();
        (done, count)
    }

    /// Interferes with every call, and looks at what is left each time.
    fn hold(&self) {
        let scratch = tempfile::tempdir().unwrap();
        let stage = scratch.path().join("stage");
        let (done, calls) = self.run(&stage, Fault::Killed, 0);
        assert!(done.status.success(), "{:?}: {done:?}", self.arguments);
        assert!(calls > 5, "{:?} changes files by {calls} calls", self.arguments);
        let (old, new) = (files(self.before), files(&stage));
        assert_ne!(old, new);
        let (mut kept, mut made) = (0, 0);
        for number in (1..=calls).step_by(self.step) {
            for fault in Fault::all() {
                let at = format!("{fault:?} at call {number} of {calls}: {:?}", self.arguments);
                let (done, _) = self.run(&stage, *fault, number);
                let left = files(&stage);
                if *fault == Fault::Killed {
                    assert_eq!(done.status.code(), Some(137), "{at}: {done:?}");
                } else if done.status.success() {
                    assert_eq!(left, new, "{at}: a success that is none");
                } else {
                    assert_eq!(done.status.code(), Some(3), "{at}: {done:?}");
                    let said = String::from_utf8_lossy(&done.stderr);
                    assert!(said.starts_with("error: ") && done.stdout.is_empty(), "{at}: {said}");
                }
                self.judge(&old, &new, &left, &at);
                if left == old {
                    kept += 1;
                } else {
                    made += 1;
                }
                let again = countersign(&stage, &self.arguments);
                let is_there = left == new;
                assert!(again.code == Some(0) || is_there, "{at}: {}", again.said());
                assert_eq!(files(&stage), new, "{at}: the next run");
            }
        }
        assert!(kept > 0 && made > 0, "{:?}: {kept} old, {made} new", self.arguments);
    }

    /// Each file is the old one or the new one; all of them are of one kind where they change at once.
    fn judge(
        &self,
        old: &BTreeMap<PathBuf, Vec<u8>>,
        new: &BTreeMap<PathBuf, Vec<u8>>,
        left: &BTreeMap<PathBuf, Vec<u8>>,
        at: &str,
    ) {
        if self.at_once {
            assert!(left == old || left == new, "{at}: {:?}", left.keys());
            return;
        }
        for (path, bytes) in left {
            let is_one = old.get(path) == Some(bytes) || new.get(path) == Some(bytes);
            assert!(is_one, "{at}: `{}` is neither old nor new", path.display());
        }
        for path in old.keys().filter(|path| new.contains_key(*path)) {
            assert!(left.contains_key(path), "{at}: `{}` is gone", path.display());
        }
    }
}

const COMMIT: &str = "5f3c1d9a7be24806c1d2f4a6b8097e3d5c7a9f10";
const SOURCE: &str = "git+https://git.example/atlas";
const NOW: [&str; 2] = ["--now", "2026-11-24T09:00:00Z"];

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[track_caller]
fn done(folder: &Path, arguments: &[&str]) {
    let ran = countersign(folder, arguments);
    assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.said());
}

/// A small project with a key, and the draft of a trust root that names it.
fn project(folder: &Path) {
    done(folder, &["init", "--name", "atlas", "--source", SOURCE, "--ci", "none"]);
    done(folder, &["keys", "generate", "-o", "alice.key"]);
    let expires = ["--expires", "2037-12-31T00:00:00Z"];
    let policy = ["trust", "init", "--policy", "keys/policy.json"];
    done(folder, &[&policy[..], &expires, &NOW].concat());
    let key = ["trust", "add-key", "alice.pub", "--owner", "alice"];
    let roles = ["--role", "root", "--role", "release"];
    done(folder, &[&key[..], &roles, &NOW].concat());
    fs::create_dir(folder.join("build")).unwrap();
    fs::write(folder.join("build/atlas-1.0.0.bin"), vec![7; 100_000]).unwrap();
}

const ASSEMBLE: [&str; 13] = [
    "assemble",
    "--root",
    ".",
    "--artifacts",
    "build",
    "--version",
    "1.0.0",
    "--source",
    SOURCE,
    "--commit",
    COMMIT,
    "-o",
    "dist",
];

#[test]
fn assemble_makes_a_whole_release_or_none() {
    let folder = tempfile::tempdir().unwrap();
    project(folder.path());
    let arguments = words(&[&ASSEMBLE[..], &["-q"], &NOW].concat());
    Case { before: folder.path(), arguments, at_once: true, step: 1 }.hold();
}

#[test]
fn sign_writes_each_signature_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    project(folder.path());
    done(folder.path(), &[&ASSEMBLE[..], &NOW].concat());
    let arguments = words(&[&["sign", "dist", "--key", "alice.key"][..], &NOW].concat());
    Case { before: folder.path(), arguments, at_once: false, step: 1 }.hold();
}

#[test]
fn trust_sign_makes_a_whole_version_or_none() {
    let folder = tempfile::tempdir().unwrap();
    project(folder.path());
    let arguments = words(&["trust", "sign", "--key", "alice.key"]);
    Case { before: folder.path(), arguments, at_once: false, step: 1 }.hold();
}

#[test]
fn rollback_approve_writes_a_whole_approval_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    done(&root(), &["demo", "--dir", demo.to_str().unwrap(), "-q"]);
    let before = folder.path().join("before");
    for name in ["dist", "previous/dist"] {
        copy(&demo.join(name), &before.join(name));
    }
    fs::copy(demo.join("alice.key"), before.join("alice.key")).unwrap();
    let pair = ["rollback", "approve", "--from", "dist", "--to", "previous/dist"];
    let said = ["--environment", "prod", "--requester", "carol", "--reason", "lost"];
    let more = ["--expires", "2026-11-25T09:00:00Z", "--key", "alice.key", "-o", "approval.json"];
    let arguments = words(&[&pair[..], &said, &more, &NOW].concat());
    Case { before: &before, arguments, at_once: true, step: 1 }.hold();
}
