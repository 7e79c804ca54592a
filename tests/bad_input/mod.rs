//! Every file that a verb reads, in every state that it must not be in; every place that it writes
//! to, when that does not take it. The answer is never a pass, never a panic, names the file, and
//! leaves nothing behind.

mod assemble;
mod bad;
mod governed;
mod killed;
mod output;
mod racing;
mod verbs;

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use tempfile::TempDir;

use crate::cases::{copy, everything_in};
use crate::command::{Ran, command, countersign, finish};
use crate::specimen::{self, COMMIT, NOW, SOURCE, VERSION, specimen};

use bad::{Bad, NOBODY};

/// A command line, the file in it that is bad, and the ways in which it is.
struct Row {
    args: &'static str,
    file: &'static str,
    bad: &'static [Bad],
}

const fn row(args: &'static str, file: &'static str, bad: &'static [Bad]) -> Row {
    Row { args, file, bad }
}

/// A folder of one worker's own with one of everything that the verbs read.
fn stage() -> TempDir {
    static FIRST: OnceLock<TempDir> = OnceLock::new();
    let folder = folder();
    copy(FIRST.get_or_init(set_up).path(), folder.path());
    folder
}

/// A stage on a disk: what is killed while it writes waits for the disk, and is met there.
fn set_up_killed() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(stage().path(), folder.path());
    let dave = countersign(folder.path(), &["keys", "generate", "-o", "dave.key"]);
    assert_eq!(dave.code, Some(0), "{dave:?}");
    folder
}

/// A folder in memory where there is one: hundreds of files are put into it, and no disk is asked to
/// keep them.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn set_up() -> TempDir {
    let stage = folder();
    let folder = stage.path();
    let specimen = specimen();
    specimen::write(&folder.join("dist"), &specimen.files);
    let unsigned = specimen.files.iter().filter(|(name, _)| !name.contains(".sigstore.json"));
    let unsigned = unsigned.map(|(name, bytes)| (name.clone(), bytes.clone())).collect();
    specimen::write(&folder.join("unsigned"), &unsigned);
    specimen::write(&folder.join("artifacts"), &specimen.artifacts);
    specimen::write(&folder.join("evidence"), &specimen.evidence);
    copy(&specimen::root().join("ops"), &folder.join("root/ops"));
    fs::write(folder.join("trust.json"), &specimen.trust).unwrap();
    for (name, pem) in ["alice", "bob"].iter().zip(&specimen.keys) {
        let path = folder.join(format!("{name}.key"));
        fs::write(&path, pem).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let public = specimen::private_key(pem).public().to_pem();
        fs::write(folder.join(format!("{name}.pub")), public).unwrap();
    }
    fs::write(folder.join("secret"), "correct horse\n").unwrap();
    fs::set_permissions(folder.join("secret"), Permissions::from_mode(0o600)).unwrap();
    fs::write(folder.join("blob"), "what was released\n").unwrap();
    let vectors = specimen::root().join("tests/vectors/sigstore-conformance");
    fs::copy(vectors.join("trusted_root.json"), folder.join("instance.json")).unwrap();
    fs::copy(vectors.join("a.txt"), folder.join("a.txt")).unwrap();
    fs::copy(vectors.join("happy-path-v0.3/bundle.sigstore.json"), folder.join("logged.json"))
        .unwrap();
    for made in [
        "sign-blob blob --key alice.key --bundle blob.sigstore.json",
        "checksums create blob -o list.txt",
        "keys generate --passphrase-file secret -o locked.key",
        "check release --root root --now 2026-11-24T09:00:00Z --format json --output baseline.json",
    ] {
        let ran = countersign(folder, &made.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, Some(0), "{made}: {ran:?}");
    }
    fs::copy(folder.join("root/ops/release/waivers.json"), folder.join("waivers.json")).unwrap();
    verbs::set_up_trust(folder);
    stage
}

/// Names and sizes of all below a folder.
fn names_in(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let size = |path: &PathBuf| path.symlink_metadata().unwrap().len();
    everything_in(folder).into_keys().map(|path| (path.clone(), size(&path))).collect()
}

/// What is wrong with an answer to a bad file.
fn complaint(ran: &Ran, file: &str) -> Option<String> {
    let name = Path::new(file).file_name().unwrap().to_str().unwrap();
    if !matches!(ran.code, Some(1 | 3)) {
        return Some(format!("code {:?}: {}", ran.code, ran.said()));
    }
    if ran.stdout.contains("\"verdict\": \"pass\"") {
        return Some(format!("says pass: {}", ran.stdout));
    }
    if !ran.said().contains(name) {
        let messages: Vec<&str> =
            ran.stdout.lines().filter(|line| line.contains("\"message\"")).collect();
        return Some(format!("does not name `{name}`: {}{}", messages.join(" "), ran.stderr));
    }
    None
}

/// Runs a command line over a bad file in a stage, which is as before afterwards.
fn judge(stage: &Path, args: &[String], file: &str, bad: Bad) -> Option<String> {
    let path = stage.join(file);
    let kept = bad.put(stage, &path);
    let before = names_in(stage);
    let mut run = command(stage, args);
    if bad == Bad::Unreadable && !NOBODY.let_run(&mut run) {
        kept.restore(&path);
        return None;
    }
    let ran = finish(run);
    let left = names_in(stage);
    let complaint = complaint(&ran, file).or_else(|| {
        let new: Vec<_> = left.iter().filter(|one| before.get(one.0) != Some(one.1)).collect();
        (left != before).then(|| format!("leaves something: {new:?}"))
    });
    kept.restore(&path);
    complaint.map(|complaint| format!("{} with {file} {bad:?}: {complaint}", args.join(" ")))
}

/// Runs every row in each of its ways, on two workers with a stage each.
fn judge_all(rows: &[Row], more: &[&str]) {
    let all: Vec<(&Row, Bad)> =
        rows.iter().flat_map(|row| row.bad.iter().map(move |bad| (row, *bad))).collect();
    let wrong = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let stage = stage();
                NOBODY.may_enter(stage.path());
                while let Some((row, bad)) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut args: Vec<String> = row.args.split(' ').map(str::to_owned).collect();
                    args.extend(more.iter().map(|one| (*one).to_owned()));
                    let judged = judge(stage.path(), &args, row.file, *bad);
                    wrong.lock().unwrap().extend(judged);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    println!("{} bad files", all.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

fn assemble_args(root: &str, out: &str) -> Vec<String> {
    let flags = [
        ("--root", root),
        ("--artifacts", "artifacts"),
        ("--evidence", "evidence"),
        ("--version", VERSION),
        ("--source", SOURCE),
        ("--commit", COMMIT),
        ("--now", NOW),
        ("-o", out),
    ];
    let flags = flags.iter().flat_map(|(flag, value)| [(*flag).to_owned(), (*value).to_owned()]);
    std::iter::once("assemble".to_owned()).chain(flags).collect()
}
