//! Places that do not take what is written.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rustix::fs::{FileType, Mode};

use super::bad::Bad;
use super::{assemble_args, stage};
use crate::cases::{copy, everything_in};
use crate::command::{command, countersign};

#[test]
fn output_that_cannot_be_written() {
    let folder = stage();
    symlink("blob", folder.path().join("link")).unwrap();
    for (bad, name) in [(Bad::Pipe, "pipe"), (Bad::Socket, "socket")] {
        drop(bad.put(folder.path(), &folder.path().join(name)));
    }
    for target in ["dist", "missing/out", "link", "pipe", "socket", "blob/out", ""] {
        let before = everything_in(folder.path());
        for args in [
            "rules --output TARGET",
            "verify dist --trust trust.json --now 2026-11-24T09:00:00Z --output TARGET",
            "verify dist --trust trust.json --now 2026-11-24T09:00:00Z --state TARGET",
            "check release --root root --now 2026-11-24T09:00:00Z --output TARGET",
            "keys show alice.pub --output TARGET",
            "checksums create blob -o TARGET",
            "sign-blob blob --key alice.key --bundle TARGET",
            "keys generate -o TARGET",
        ] {
            let args: Vec<&str> =
                args.split(' ').map(|arg| if arg == "TARGET" { target } else { arg }).collect();
            let ran = countersign(folder.path(), &args);
            assert!(matches!(ran.code, Some(1..=3)), "{args:?}: {ran:?}");
            assert!(ran.stdout.is_empty(), "{args:?}: {ran:?}");
            assert!(ran.stderr.contains(target), "{args:?}: {ran:?}");
        }
        assert!(everything_in(folder.path()) == before, "something was written to `{target}`");
    }
}

/// `assemble -o`: a directory that is not empty, or no directory at all.
#[test]
fn releases_that_cannot_be_made() {
    let folder = stage();
    symlink("artifacts", folder.path().join("link")).unwrap();
    let before = everything_in(folder.path());
    for out in ["dist", "blob", "blob/out", "link", "..", "/", "/proc/out"] {
        let ran = countersign(folder.path(), &assemble_args("root", out));
        assert!(matches!(ran.code, Some(1 | 3)), "{out}: {ran:?}");
        assert!(ran.stderr.contains(out), "{out}: {ran:?}");
        assert!(everything_in(folder.path()) == before, "something was written to `{out}`");
    }
}

#[test]
fn a_device_stays_a_device() {
    let folder = tempfile::tempdir().unwrap();
    // A node of our own, so that a failure of this test costs the machine nothing.
    let full = folder.path().join("full");
    let device = rustix::fs::makedev(1, 7);
    let mode = Mode::from_raw_mode(0o666);
    if rustix::fs::mknodat(rustix::fs::CWD, &full, FileType::CharacterDevice, mode, device).is_err()
    {
        println!("skipped: only root can make a device");
        return;
    }
    let ran = countersign(folder.path(), &["rules", "--output", "full"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.stderr.contains("full"), "{ran:?}");
    assert!(!full.symlink_metadata().unwrap().is_file());
}

/// Every verb that says something.
const SPEAKING: [&str; 14] = [
    "rules",
    "explain CS-TRUST-005",
    "--help",
    "--version",
    "verify --help",
    "verify dist --trust trust.json --now 2026-11-24T09:00:00Z -v",
    "verify dist --trust trust.json --now 2026-11-24T09:00:00Z -q",
    "verify-blob blob --bundle blob.sigstore.json --key alice.pub",
    "keys show alice.pub",
    "checksums create blob",
    "checksums verify list.txt",
    "inspect blob",
    "trust show trust.json --now 2026-11-24T09:00:00Z",
    "check release --root root --now 2026-11-24T09:00:00Z",
];

/// Runs a verb with a standard output of another making.
fn run_into(stage: &Path, args: &str, stdout: Stdio) -> Output {
    let args: Vec<&str> = args.split(' ').collect();
    command(stage, &args).stdout(stdout).stderr(Stdio::piped()).output().unwrap()
}

/// Runs a verb with its standard output as a shell makes it.
fn run_by_shell(stage: &Path, args: &str, redirection: &str) -> Output {
    let mut shell = Command::new("/bin/sh");
    shell.env_clear().current_dir(stage).stdin(Stdio::null());
    shell.args(["-c", &format!("exec \"$0\" \"$@\" {redirection}")]);
    shell.arg(env!("CARGO_BIN_EXE_countersign")).args(args.split(' ')).output().unwrap()
}

#[test]
fn standard_output_that_takes_nothing() {
    let folder = stage();
    for args in SPEAKING {
        let full = Stdio::from(File::options().write(true).open("/dev/full").unwrap());
        // A pipe that nobody reads any more.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let by_shell = |redirection: &str| run_by_shell(folder.path(), args, redirection);
        for (what, output) in [
            ("a full device", run_into(folder.path(), args, full)),
            ("a closed pipe", run_into(folder.path(), args, Stdio::from(writer))),
            ("nothing", by_shell(">&-")),
            ("nothing, with no other stream either", by_shell("<&- 2>&- >&-")),
            ("what can only be read", by_shell("1</dev/null")),
        ] {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(3), "{args} into {what}: {output:?}");
            assert!(!said.contains("panicked"), "{args} into {what}: {said}");
        }
    }
}

/// Who gives `/dev/null` as the standard output means it, however it was opened: as shells do, for
/// writing, or as Python and Node.js do, for both.
#[test]
fn standard_output_that_nobody_wants() {
    let folder = stage();
    for args in SPEAKING {
        let null = |read: bool| {
            Stdio::from(File::options().read(read).write(true).open("/dev/null").unwrap())
        };
        for output in [
            run_by_shell(folder.path(), args, ">/dev/null"),
            run_by_shell(folder.path(), args, ">/dev/null 2>&- <&-"),
            run_into(folder.path(), args, null(false)),
            run_into(folder.path(), args, null(true)),
            run_into(folder.path(), args, Stdio::null()),
        ] {
            assert_eq!(output.status.code(), Some(0), "{args}: {output:?}");
        }
    }
    // Nothing is written to standard output where a file is named for the result.
    let output = run_by_shell(folder.path(), "rules --output rules.txt", ">&-");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(folder.path().join("rules.txt").is_file());
}

/// A small disk below a folder, unmounted when it is dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(folder: &Path, size: &str) -> Option<Self> {
        let disk = folder.join("disk");
        fs::create_dir(&disk).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(&disk);
        let mounted = mount.stderr(Stdio::null()).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(disk));
        }
        println!("skipped: a small disk could not be mounted");
        None
    }

    /// Leaves no room.
    fn fill(&self) {
        let mut filler = File::create(self.0.join("filler")).unwrap();
        while std::io::Write::write_all(&mut filler, &[b'x'; 4096]).is_ok() {}
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        assert!(Command::new("umount").arg(&self.0).status().unwrap().success());
    }
}

/// Every verb that writes, on a disk that is full: code 3, the reason, and nothing under a final
/// name that was not there before.
#[test]
fn a_disk_that_is_full() {
    let folder = stage();
    let Some(disk) = Disk::mount(folder.path(), "2m") else { return };
    for name in ["unsigned", "drafted", "roots", "root/ops/release"] {
        copy(&folder.path().join(name), &disk.0.join(name.rsplit('/').next().unwrap()));
    }
    fs::copy(folder.path().join("alice.key"), disk.0.join("alice.key")).unwrap();
    disk.fill();
    let before = everything_in(&disk.0);
    let assemble = assemble_args("root", "disk/out").join(" ");
    for args in [
        assemble.as_str(),
        "rules --format json --output disk/rules.json",
        "sign disk/unsigned --key alice.key",
        "verify dist --trust trust.json --now 2026-11-24T09:00:00Z --state disk/state.json",
        "keys generate -o disk/new.key",
        "keys encrypt disk/alice.key --passphrase-file secret",
        "checksums create blob -o disk/sums",
        "sign-blob blob --key alice.key --bundle disk/blob.sigstore.json",
        "trust init --dir disk/new --policy policy.json --expires 2027-12-31T00:00:00Z",
        "trust add-key carol.pub --owner carol --role release --dir disk/roots",
        "trust sign --key alice.key --dir disk/drafted --now 2026-11-24T09:00:00Z",
        "demo --dir ../disk/demo",
    ] {
        let args: Vec<&str> = args.split(' ').collect();
        let here =
            if args[0] == "demo" { folder.path().join("root") } else { folder.path().into() };
        let ran = countersign(&here, &args);
        assert_eq!(ran.code, Some(3), "{args:?}: {ran:?}");
        assert!(ran.stderr.contains("disk is full"), "{args:?}: {ran:?}");
        // Folders that were made on the way hold nothing, but for the mark by which the demo knows
        // the folder that it may empty.
        let mut after = everything_in(&disk.0);
        after.retain(|path, _| !path.is_dir() && !path.ends_with(".countersign-demo"));
        let files = before.iter().filter(|(path, _)| !path.is_dir());
        assert!(files.eq(after.iter()), "{args:?} leaves {:?}", after.keys());
    }
}
