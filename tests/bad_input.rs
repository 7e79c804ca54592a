//! Every file that a verb reads, in every state that it must not be in; every place that it writes
//! to, when that does not take it. The answer is never a pass, never a panic, names the file, and
//! leaves nothing behind.

use std::fs::{self, File, Permissions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use rustix::fs::{FileType, Mode};
use tempfile::TempDir;

use crate::cases::{copy, everything_in};
use crate::command::{Ran, command, countersign, finish};
use crate::specimen::{self, CHART, COMMIT, NOW, PACKET, PROGRAM, SOURCE, VERSION, specimen};

/// What a file can be instead of what it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bad {
    Empty,
    Folder,
    Missing,
    Pipe,
    Socket,
    LinkToNowhere,
    LinkToItself,
    Truncated,
    Picture,
    Brackets,
    FiveGigabytes,
    KeyTwice,
    Nul,
}

const EVERY: [Bad; 13] = [
    Bad::Empty,
    Bad::Folder,
    Bad::Missing,
    Bad::Pipe,
    Bad::Socket,
    Bad::LinkToNowhere,
    Bad::LinkToItself,
    Bad::Truncated,
    Bad::Picture,
    Bad::Brackets,
    Bad::FiveGigabytes,
    Bad::KeyTwice,
    Bad::Nul,
];

/// What cannot be read at all, whatever a verb makes of bytes.
const UNREADABLE: [Bad; 6] =
    [Bad::Folder, Bad::Missing, Bad::Pipe, Bad::Socket, Bad::LinkToNowhere, Bad::LinkToItself];

/// All but missing: without the file there is nothing that tells its name.
const PRESENT: [Bad; 11] = [
    Bad::Empty,
    Bad::Folder,
    Bad::Pipe,
    Bad::Socket,
    Bad::LinkToItself,
    Bad::Truncated,
    Bad::Picture,
    Bad::Brackets,
    Bad::FiveGigabytes,
    Bad::KeyTwice,
    Bad::Nul,
];

/// For what is hashed as it goes by, whatever its size: five gigabytes take their time.
const STREAMED: [Bad; 9] = [
    Bad::Empty,
    Bad::Folder,
    Bad::Missing,
    Bad::Pipe,
    Bad::Socket,
    Bad::LinkToNowhere,
    Bad::Truncated,
    Bad::Picture,
    Bad::Nul,
];

impl Bad {
    /// Puts this in place of a file.
    fn put(self, path: &Path) {
        let good = fs::read(path).unwrap_or_default();
        if path.exists() {
            fs::remove_file(path).unwrap();
        }
        match self {
            Self::Missing => return,
            Self::Folder => return fs::create_dir(path).unwrap(),
            Self::Pipe => {
                let mode = Mode::from_raw_mode(0o600);
                return rustix::fs::mknodat(rustix::fs::CWD, path, FileType::Fifo, mode, 0)
                    .unwrap();
            }
            Self::Socket => return drop(UnixListener::bind(path).unwrap()),
            Self::LinkToNowhere => return symlink("nowhere", path).unwrap(),
            Self::LinkToItself => return symlink(path.file_name().unwrap(), path).unwrap(),
            Self::Empty => fs::write(path, b"").unwrap(),
            Self::Truncated => fs::write(path, &good[..good.len() / 2]).unwrap(),
            Self::Picture => fs::write(path, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01").unwrap(),
            Self::Brackets => fs::write(path, vec![b'['; 40 << 20]).unwrap(),
            Self::FiveGigabytes => {
                let mut file = File::create(path).unwrap();
                file.seek(SeekFrom::Start((5 << 30) - 1)).unwrap();
                file.write_all(b"\0").unwrap();
            }
            Self::KeyTwice => fs::write(path, b"{\"schema\": \"a\", \"schema\": \"b\"}\n").unwrap(),
            Self::Nul => fs::write(path, [good.as_slice(), b"\0"].concat()).unwrap(),
        }
        fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    }
}

/// A folder of one test's own with one of everything that the verbs read.
fn stage() -> TempDir {
    static FIRST: OnceLock<TempDir> = OnceLock::new();
    let folder = folder();
    copy(FIRST.get_or_init(set_up).path(), folder.path());
    folder
}

/// A folder in memory where there is one: hundreds of them are filled, and no disk is asked to
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
    let signed = ["sign-blob", "blob", "--key", "alice.key", "--bundle", "blob.sigstore.json"];
    assert_eq!(countersign(folder, &signed).code, Some(0));
    let listed = ["checksums", "create", "blob", "-o", "list.txt"];
    assert_eq!(countersign(folder, &listed).code, Some(0));
    stage
}

/// A command line, the file in it that is bad, and the ways in which it is.
struct Row {
    args: &'static str,
    file: &'static str,
    bad: &'static [Bad],
}

const fn row(args: &'static str, file: &'static str, bad: &'static [Bad]) -> Row {
    Row { args, file, bad }
}

const VERIFY: &str = "verify dist --trust trust.json";
const VERIFY_BLOB: &str = "verify-blob blob --bundle blob.sigstore.json --key alice.pub";

const ROWS: [Row; 24] = [
    row(VERIFY, "trust.json", &EVERY),
    row(VERIFY, "dist/lantern-0.3.0.packet.tar.gz", &PRESENT),
    row(VERIFY, "dist/lantern-0.3.0.packet.tar.gz.sigstore.json", &EVERY),
    row(VERIFY, "dist/lantern-0.3.0.packet.tar.gz.sigstore.jsonl", &PRESENT),
    row(VERIFY, "dist/lantern-0.3.0.provenance.sigstore.json", &EVERY),
    row(VERIFY, "dist/checksums.txt", &EVERY),
    row(VERIFY, "dist/checksums.txt.sigstore.json", &EVERY),
    row(VERIFY, "dist/report.json", &STREAMED),
    row(VERIFY, "dist/lantern-0.3.0-linux-amd64", &STREAMED),
    row(
        "verify dist --trust trust.json --state state.json",
        "state.json",
        &[
            Bad::Empty,
            Bad::Folder,
            Bad::Pipe,
            Bad::Socket,
            Bad::LinkToItself,
            Bad::Picture,
            Bad::Brackets,
            Bad::FiveGigabytes,
            Bad::KeyTwice,
            Bad::Nul,
        ],
    ),
    row(
        "verify dist/lantern-0.3.0.packet.tar.gz --trust trust.json",
        "dist/lantern-0.3.0.packet.tar.gz",
        &EVERY,
    ),
    row("sign unsigned --key alice.key", "unsigned/lantern-0.3.0.packet.tar.gz", &PRESENT),
    row("sign unsigned --key alice.key", "unsigned/checksums.txt", &EVERY),
    row("sign unsigned --key alice.key", "unsigned/report.json", &STREAMED),
    row("sign unsigned --key alice.key", "alice.key", &EVERY),
    row("checksums verify list.txt", "list.txt", &EVERY),
    row("checksums verify list.txt", "blob", &STREAMED),
    row("checksums create blob", "blob", &UNREADABLE),
    row("keys show alice.pub", "alice.pub", &EVERY),
    row("keys encrypt alice.key --passphrase-file secret", "alice.key", &EVERY),
    row("sign-blob blob --key alice.key --bundle out.json", "alice.key", &EVERY),
    row(VERIFY_BLOB, "blob", &EVERY),
    row(VERIFY_BLOB, "blob.sigstore.json", &EVERY),
    row(VERIFY_BLOB, "alice.pub", &EVERY),
];

/// Where bytes are bytes: only what cannot be read is refused.
const UNREADABLE_ROWS: [Row; 4] = [
    row("sign-blob blob --key alice.key --bundle out.json", "blob", &UNREADABLE),
    row("inspect blob", "blob", &UNREADABLE),
    row("keys encrypt alice.key --passphrase-file secret", "secret", &UNREADABLE),
    row("keys generate -o new.key --passphrase-file secret", "secret", &UNREADABLE),
];

/// Names and sizes of all below a folder.
fn names_in(folder: &Path) -> Vec<(PathBuf, u64)> {
    everything_in(folder)
        .into_keys()
        .map(|path| {
            let size = path.symlink_metadata().unwrap().len();
            (path, size)
        })
        .collect()
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

fn judge(row: &Row, bad: Bad) -> Option<String> {
    let folder = stage();
    bad.put(&folder.path().join(row.file));
    let before = names_in(folder.path());
    let mut args: Vec<&str> = row.args.split(' ').collect();
    args.extend(["--now", NOW, "--format", "json"]);
    let ran = countersign(folder.path(), &args);
    let left = names_in(folder.path());
    let complaint = complaint(&ran, row.file)
        .or_else(|| (left != before).then(|| format!("leaves something: {left:?}")));
    complaint.map(|complaint| format!("{} with {} {bad:?}: {complaint}", row.args, row.file))
}

#[test]
fn every_bad_file_of_every_verb() {
    let all: Vec<(&Row, Bad)> = ROWS
        .iter()
        .chain(&UNREADABLE_ROWS)
        .flat_map(|row| row.bad.iter().map(move |bad| (row, *bad)))
        .collect();
    let wrong = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((row, bad)) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    wrong.lock().unwrap().extend(judge(row, *bad));
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    println!("{} bad files", all.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

fn assemble_args(out: &str) -> Vec<String> {
    let root = specimen::root();
    let flags = [
        ("--root", root.to_str().unwrap()),
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

/// What lies in the stage and must not be there after a clean failure.
fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let named = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with(".countersign-unfinished-") || name == "out"
    };
    everything_in(folder).into_keys().filter(named).collect()
}

#[test]
fn assemble_makes_all_of_it_or_nothing() {
    type Spoil = fn(&Path);
    let ways: [(&str, &str, Spoil); 15] = [
        ("artifact is a pipe", PROGRAM, |stage| {
            Bad::Pipe.put(&stage.join("artifacts").join(PROGRAM));
        }),
        ("artifact is a socket", CHART, |stage| {
            Bad::Socket.put(&stage.join("artifacts").join(CHART));
        }),
        ("artifact is a link", "more", |stage| {
            symlink("/etc/hostname", stage.join("artifacts/more")).unwrap();
        }),
        ("folder of artifacts is a link inside", "more", |stage| {
            symlink("/etc", stage.join("artifacts/more")).unwrap();
        }),
        ("no artifacts", "artifacts", |stage| fs::remove_dir_all(stage.join("artifacts")).unwrap()),
        ("artifacts is a file", "artifacts", |stage| {
            fs::remove_dir_all(stage.join("artifacts")).unwrap();
            fs::write(stage.join("artifacts"), "x").unwrap();
        }),
        ("carried artifact missing", CHART, |stage| {
            Bad::Missing.put(&stage.join("artifacts").join(CHART));
        }),
        ("artifact with the packet's name", PACKET, |stage| {
            fs::write(stage.join("artifacts").join(PACKET), "x").unwrap();
        }),
        ("artifact with a sidecar's name", "checksums.txt.sigstore.json", |stage| {
            fs::write(stage.join("artifacts/checksums.txt.sigstore.json"), "x").unwrap();
        }),
        ("artifacts that are twins", "LANTERN", |stage| {
            fs::write(stage.join("artifacts").join(PROGRAM.to_uppercase()), "x").unwrap();
        }),
        ("artifact with a hostile name", "NUL", |stage| {
            fs::write(stage.join("artifacts/NUL"), "x").unwrap();
        }),
        ("evidence that is a picture", "scan.json", |stage| {
            Bad::Picture.put(&stage.join("evidence/release/scan.json"));
        }),
        ("evidence without an area", "loose.json", |stage| {
            fs::write(stage.join("evidence/loose.json"), "{}").unwrap();
        }),
        ("evidence under the validators' name", "report.json", |stage| {
            fs::copy(
                stage.join("evidence/release/scan.json"),
                stage.join("evidence/release/report.json"),
            )
            .unwrap();
        }),
        ("evidence that is a pipe", "scan.json", |stage| {
            Bad::Pipe.put(&stage.join("evidence/release/scan.json"));
        }),
    ];
    for (what, named, spoil) in ways {
        let folder = stage();
        spoil(folder.path());
        let ran = countersign(folder.path(), &assemble_args("out"));
        assert!(matches!(ran.code, Some(1 | 3)), "{what}: {ran:?}");
        assert!(ran.said().contains(named), "{what} does not name `{named}`: {}", ran.said());
        assert_eq!(leftovers(folder.path()), Vec::<PathBuf>::new(), "{what}");
    }
}

#[test]
fn a_previous_packet_that_is_none() {
    let folder = stage();
    for bad in [Bad::Empty, Bad::Missing, Bad::Pipe, Bad::Picture, Bad::Truncated] {
        fs::copy(folder.path().join("dist").join(PACKET), folder.path().join("previous")).unwrap();
        bad.put(&folder.path().join("previous"));
        let mut args = assemble_args("out");
        args.extend(["--previous".to_owned(), "previous".to_owned()]);
        let ran = countersign(folder.path(), &args);
        assert!(matches!(ran.code, Some(1 | 3)), "{bad:?}: {ran:?}");
        assert!(ran.said().contains("previous"), "{bad:?}: {}", ran.said());
        assert_eq!(leftovers(folder.path()), Vec::<PathBuf>::new(), "{bad:?}");
        let _ = fs::remove_file(folder.path().join("previous"));
    }
}

#[test]
fn output_that_cannot_be_written() {
    let folder = stage();
    symlink("blob", folder.path().join("link")).unwrap();
    Bad::Pipe.put(&folder.path().join("pipe"));
    Bad::Socket.put(&folder.path().join("socket"));
    for target in ["dist", "missing/out", "link", "pipe", "socket", "blob/out", ""] {
        let before = everything_in(folder.path());
        for args in [
            "rules --output TARGET",
            "verify dist --trust trust.json --now 2026-11-24T09:00:00Z --output TARGET",
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

#[test]
fn standard_output_that_takes_nothing() {
    let folder = stage();
    for args in [
        "rules",
        "explain CS-TRUST-005",
        "--help",
        "--version",
        "verify --help",
        "verify dist --trust trust.json --now 2026-11-24T09:00:00Z -v",
        "keys show alice.pub",
        "checksums create blob",
        "inspect blob",
        "check --now 2026-11-24T09:00:00Z",
    ] {
        let args: Vec<&str> = args.split(' ').collect();
        let mut full = command(folder.path(), &args);
        full.stdout(File::options().write(true).open("/dev/full").unwrap());
        let output = full.stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(1 | 3)), "{args:?}: {output:?}");
        assert!(!said.contains("panicked"), "{args:?}: {said}");
        // A pipe that nobody reads any more.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command(folder.path(), &args).stdout(writer).output().unwrap();
        assert_ne!(output.status.code(), Some(0), "{args:?} into a closed pipe");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("panicked"), "{args:?}: {said}");
    }
}

#[test]
fn a_disk_that_is_full() {
    let folder = stage();
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=8k", "tmpfs"])
        .arg(&disk)
        .stderr(Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        println!("skipped: a small disk could not be mounted");
        return;
    }
    let mut ran = Vec::new();
    let mut args = assemble_args("disk/out");
    ran.push(("assemble", countersign(folder.path(), &args)));
    args = ["rules", "--format", "json", "--output", "disk/rules.json"].map(str::to_owned).into();
    ran.push(("rules", countersign(folder.path(), &args)));
    let left: Vec<PathBuf> = everything_in(&disk).into_keys().collect();
    let unmounted = Command::new("umount").arg(&disk).status().unwrap();
    assert!(unmounted.success());
    for (verb, ran) in ran {
        assert_eq!(ran.code, Some(3), "{verb}: {ran:?}");
        assert!(ran.stderr.contains("disk is full"), "{verb}: {ran:?}");
    }
    assert_eq!(left, Vec::<PathBuf>::new());
}

/// Runs a command and kills it after a while, if it still runs.
fn kill_after(mut command: Command, delay: Duration) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(delay);
    let _ = child.kill();
    child.wait().unwrap();
}

#[test]
fn killed_at_any_moment() {
    let folder = stage();
    let verify = ["verify", "out", "--trust", "trust.json", "--now", NOW];
    let sign = ["sign", "out", "--key", "alice.key", "--key", "bob.key"];
    let mut whole = [0; 3];
    for round in 0..24_u64 {
        let _ = fs::remove_dir_all(folder.path().join("out"));
        let assemble = command(folder.path(), &assemble_args("out"));
        // The longest one takes about a second; the delays are spread over it.
        kill_after(assemble, Duration::from_millis(round * 53));
        if !folder.path().join("out").exists() {
            continue;
        }
        whole[0] += 1;
        kill_after(command(folder.path(), &sign), Duration::from_millis(round % 12 * 25));
        let half = countersign(folder.path(), &verify);
        whole[1] += usize::from(half.code == Some(0));
        assert!(matches!(half.code, Some(0 | 1)), "{half:?}");
        // Whatever a killed run left, signing again makes it whole.
        for entry in fs::read_dir(folder.path().join("out")).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap().to_string_lossy().starts_with(".countersign-unfinished-") {
                fs::remove_file(path).unwrap();
            }
        }
        let signed = countersign(folder.path(), &sign);
        assert_eq!(signed.code, Some(0), "{signed:?}");
        let verified = countersign(folder.path(), &verify);
        assert_eq!(verified.code, Some(0), "{verified:?}");
    }
    let expected = finish(command(folder.path(), &["checksums", "create", "dist"])).stdout;
    for round in 0..20_u64 {
        let _ = fs::remove_file(folder.path().join("sums"));
        let create = command(folder.path(), &["checksums", "create", "dist", "-o", "sums"]);
        kill_after(create, Duration::from_micros(round * 700));
        if let Ok(text) = fs::read_to_string(folder.path().join("sums")) {
            assert_eq!(text, expected);
            whole[2] += 1;
        }
    }
    println!("of 24 assembled and 20 lists, whole: {whole:?}");
}
