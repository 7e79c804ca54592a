//! `kill -9` at any moment: under each name lies what lay there before, or the whole of what was to
//! lie there; and the next run takes away what the killed one left.
//!
//! Half of the runs are killed after a delay, wherever they are then; the other half as soon as
//! something unfinished lies in the folder, so that enough of them are killed while they write.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use countersign::trust::Bundle;

use super::{assemble_args, set_up_killed as set_up};
use crate::command::{command, countersign};
use crate::specimen::{self, NOW, VERSION};

/// xorshift64: the same moments every time, as far as the machine allows.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// When a run is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    After(Duration),
    /// So long after something unfinished lies in the folder.
    Unfinished(Duration),
}

fn unfinished_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let is_unfinished = |path: &PathBuf| {
        path.file_name().unwrap().to_string_lossy().starts_with(".countersign-unfinished-")
    };
    entries.flatten().map(|entry| entry.path()).filter(is_unfinished).collect()
}

/// Runs a command and kills it; tells whether it was still running and had begun to write.
fn kill(mut command: Command, folder: &Path, moment: Moment) -> bool {
    // What the run before left is swept by this one, and is no sign that it writes.
    let before = unfinished_in(folder);
    let has_begun = || unfinished_in(folder).iter().any(|path| !before.contains(path));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    match moment {
        Moment::After(delay) => std::thread::sleep(delay),
        Moment::Unfinished(delay) => {
            while !has_begun() && child.try_wait().unwrap().is_none() {}
            std::thread::sleep(delay);
        }
    }
    let _ = child.kill();
    let was_killed = child.wait().unwrap().code().is_none();
    was_killed && has_begun()
}

/// Kills a command at many moments of its work; after each, `judge` looks at what lies there and
/// says whether it is new. At least some runs must have been killed while they wrote, and both the
/// old and the new state must have been met.
fn at_many_moments(
    what: &str,
    folder: &Path,
    mut make: impl FnMut() -> Command,
    mut judge: impl FnMut(Moment) -> bool,
) {
    let begun = Instant::now();
    assert!(make().stdout(Stdio::null()).status().unwrap().success());
    let micros = u64::try_from(begun.elapsed().as_micros()).unwrap();
    assert!(judge(Moment::After(begun.elapsed())), "{what}: a run that is not killed");
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut interrupted, mut old, mut new) = (0, 0, 0);
    for round in 0..150 {
        let moment = if round % 2 == 0 {
            Moment::After(Duration::from_micros(random.below(micros * 5 / 4)))
        } else {
            Moment::Unfinished(Duration::from_micros(random.below(micros / 10 + 1)))
        };
        interrupted += usize::from(kill(make(), folder, moment));
        if judge(moment) {
            new += 1;
        } else {
            old += 1;
        }
        if round >= 11 && interrupted >= 3 && old >= 2 && new >= 2 {
            break;
        }
    }
    println!("{what}: {old} times the old state, {new} times the new one, {interrupted} mid-write");
    assert!(interrupted >= 3, "{what}: only {interrupted} runs were killed while they wrote");
    assert!(old >= 2 && new >= 2, "{what}: {old} old, {new} new");
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

#[test]
fn assemble() {
    let stage = set_up();
    let folder = stage.path();
    let made = || command(folder, &assemble_args("root", "out"));
    at_many_moments("assemble", folder, made, |moment| {
        let is_new = folder.join("out").exists();
        if is_new {
            let held = countersign(folder, &["checksums", "verify", "out/checksums.txt"]);
            assert_eq!(held.code, Some(0), "{moment:?}: {held:?}");
            fs::remove_dir_all(folder.join("out")).unwrap();
        }
        is_new
    });
    let ran = countersign(folder, &assemble_args("root", "out"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(unfinished_in(folder), Vec::<PathBuf>::new());
}

/// The bundles of a release directory, each of them whole.
fn bundles_in(dist: &Path) -> BTreeMap<String, usize> {
    let mut bundles = BTreeMap::new();
    for (name, bytes) in specimen::read(dist) {
        if name.ends_with(".sigstore.json") && !name.starts_with('.') {
            Bundle::parse(&bytes).unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
            bundles.insert(name, 1);
        } else if name.ends_with(".sigstore.jsonl") && !name.starts_with('.') {
            for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                Bundle::parse(line).unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
            }
            bundles.insert(name, bytes.iter().filter(|byte| **byte == b'\n').count());
        }
    }
    bundles
}

#[test]
fn sign() {
    let stage = set_up();
    let folder = stage.path();
    let dist = folder.join("signing");
    let keys = words("sign signing --key alice.key --key bob.key");
    let fresh = || {
        let _ = fs::remove_dir_all(&dist);
        crate::cases::copy(&folder.join("unsigned"), &dist);
    };
    let made = || {
        fresh();
        command(folder, &keys)
    };
    at_many_moments("sign", &dist, made, |moment| {
        let bundles = bundles_in(&dist);
        let verify = words("verify signing --trust trust.json --now 2026-11-24T09:00:00Z");
        let half = countersign(folder, &verify);
        assert!(matches!(half.code, Some(0 | 1)), "{moment:?}: {half:?}");
        assert_eq!(half.code == Some(0), bundles.len() == 6 && unfinished_in(&dist).is_empty());
        // Whatever a killed run left, signing again makes it whole.
        let signed = countersign(folder, &keys);
        assert_eq!(signed.code, Some(0), "{moment:?}: {signed:?}");
        let verified = countersign(folder, &verify);
        assert_eq!(verified.code, Some(0), "{moment:?}: {verified:?}");
        assert_eq!(unfinished_in(&dist), Vec::<PathBuf>::new());
        half.code == Some(0)
    });
}

#[test]
fn trust_sign() {
    let stage = set_up();
    let folder = stage.path();
    let roots = folder.join("signing");
    let sign = ["trust", "sign", "--key", "alice.key", "--dir", "signing", "--now", NOW];
    let made = || {
        let _ = fs::remove_dir_all(&roots);
        crate::cases::copy(&folder.join("drafted"), &roots);
        command(folder, &sign)
    };
    at_many_moments("trust sign", &roots, made, |moment| {
        let is_new = roots.join("2.json").exists();
        let verify = ["trust", "verify", "--dir", "signing", "--now", NOW];
        let verified = countersign(folder, &verify);
        assert_eq!(verified.code, Some(0), "{moment:?}: {verified:?}");
        // Signing again completes it, unless there is nothing left to sign.
        if roots.join("draft.json").exists() {
            let signed = countersign(folder, &sign);
            assert_eq!(signed.code, Some(0), "{moment:?}: {signed:?}");
        }
        assert!(roots.join("2.json").is_file() && !roots.join("draft.json").exists());
        let next = ["trust", "add-key", "dave.pub", "--owner", "dave", "--role", "evidence"];
        let begun = countersign(folder, &[&next[..], &["--dir", "signing", "--now", NOW]].concat());
        assert_eq!(begun.code, Some(0), "{moment:?}: {begun:?}");
        assert_eq!(unfinished_in(&roots), Vec::<PathBuf>::new());
        is_new
    });
}

#[test]
fn keys_generate() {
    let stage = set_up();
    let folder = stage.path();
    let keys = folder.join("keys");
    fs::create_dir(&keys).unwrap();
    let made = || command(folder, &words("keys generate --algorithm p256 -o keys/new.key"));
    at_many_moments("keys generate", &keys, made, |moment| {
        let (private, public) = (keys.join("new.key"), keys.join("new.pub"));
        let is_new = private.exists();
        assert!(is_new || !public.exists(), "{moment:?}: a public half without a private one");
        if is_new {
            let shown = countersign(folder, &words("keys show keys/new.key"));
            assert_eq!(shown.code, Some(0), "{moment:?}: {shown:?}");
            if let Ok(text) = fs::read_to_string(&public) {
                assert!(shown.stdout.ends_with(&text), "{moment:?}: {shown:?}");
            }
        }
        let _ = (fs::remove_file(private), fs::remove_file(public));
        is_new
    });
    let ran = countersign(folder, &words("keys generate -o keys/new.key"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(unfinished_in(&keys), Vec::<PathBuf>::new());
}

#[test]
fn checksums_create() {
    let stage = set_up();
    let folder = stage.path();
    let (many, lists) = (folder.join("many"), folder.join("lists"));
    fs::create_dir(&many).unwrap();
    fs::create_dir(&lists).unwrap();
    for index in 0..3000 {
        fs::write(many.join(format!("file-with-a-name-of-some-length-{index}")), "x").unwrap();
    }
    let create = words("checksums create many -o lists/sums");
    assert_eq!(countersign(folder, &create).code, Some(0));
    let new = fs::read(lists.join("sums")).unwrap();
    let made = || {
        fs::write(lists.join("sums"), "the old list\n").unwrap();
        command(folder, &create)
    };
    at_many_moments("checksums create", &lists, made, |moment| {
        let found = fs::read(lists.join("sums")).unwrap();
        assert!(found == new || found == b"the old list\n", "{moment:?}: {} bytes", found.len());
        found == new
    });
    assert_eq!(countersign(folder, &create).code, Some(0));
    assert_eq!(unfinished_in(&lists), Vec::<PathBuf>::new());
}

#[test]
fn verify_with_a_state() {
    let stage = set_up();
    let folder = stage.path();
    let states = folder.join("states");
    fs::create_dir(&states).unwrap();
    let state = states.join("state.json");
    let line = "verify dist --trust trust.json --state states/state.json --now";
    let args = [words(line), vec![NOW]].concat();
    let made = || {
        let _ = fs::remove_file(&state);
        command(folder, &args)
    };
    at_many_moments("verify --state", &states, made, |moment| {
        let found = fs::read_to_string(&state).ok();
        if let Some(found) = &found {
            assert!(found.contains(&format!("lantern-{VERSION}")) || found.contains("lantern/"));
            assert!(found.ends_with("}\n"), "{moment:?}: {found}");
        }
        let again = countersign(folder, &args);
        assert_eq!(again.code, Some(0), "{moment:?}: {again:?}");
        let left = fs::read_dir(&states).unwrap().count();
        assert_eq!(left, 1, "{moment:?}: neither a lock nor anything unfinished is left");
        found.is_some()
    });
}
