//! `assemble`: each file that it reads, in each state; and what a folder can hold that no release
//! does. It makes all of a release or nothing.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::bad::{Bad, DOCUMENT, OPTIONAL, PACKET};
use super::{Row, assemble_args, judge_all, row, stage};
use crate::cases::everything_in;
use crate::command::countersign;
use crate::specimen::{CHART, PACKET as PACKET_NAME, PROGRAM};

const ASSEMBLE: &str = "assemble --root root --artifacts artifacts --evidence evidence \
    --version 0.3.0 --source git+https://git.lantern.example/lantern \
    --commit 5f3c1d9a7be24806c1d2f4a6b8097e3d5c7a9f10 -o out";
const AFTER: &str = "assemble --root root --artifacts artifacts --evidence evidence \
    --version 0.3.0 --source git+https://git.lantern.example/lantern \
    --commit 5f3c1d9a7be24806c1d2f4a6b8097e3d5c7a9f10 -o out \
    --previous dist/lantern-0.3.0.packet.tar.gz";

/// An artifact is bytes: only what cannot be read is refused. A folder is one more folder of
/// artifacts, and an artifact that is not there is not released.
const ARTIFACT: [Bad; 6] = [
    Bad::Pipe,
    Bad::Socket,
    Bad::LinkToNowhere,
    Bad::LinkToItself,
    Bad::Unreadable,
    Bad::Unanswering,
];

/// Evidence that is not there is not collected; a folder is one more folder of evidence.
const EVIDENCE: [Bad; 11] = [
    Bad::Empty,
    Bad::Pipe,
    Bad::Socket,
    Bad::LinkToItself,
    Bad::Unreadable,
    Bad::Truncated,
    Bad::Picture,
    Bad::Brackets,
    Bad::FiveGigabytes,
    Bad::KeyTwice,
    Bad::Nul,
];

const ROWS: [Row; 12] = [
    row(ASSEMBLE, "root/ops/release/release.toml", &DOCUMENT),
    row(ASSEMBLE, "root/ops/release/waivers.json", &OPTIONAL),
    row(ASSEMBLE, "artifacts/lantern-0.3.0-linux-amd64", &ARTIFACT),
    row(ASSEMBLE, "artifacts/lantern-0.3.0.tgz", &ARTIFACT),
    row(ASSEMBLE, "artifacts/lantern-0.3.0.tgz", &[Bad::Missing, Bad::Folder]),
    row(ASSEMBLE, "evidence/release/lantern.spdx.json", &EVIDENCE),
    row(ASSEMBLE, "evidence/release/scan.json", &EVIDENCE),
    row(ASSEMBLE, "evidence/release/soak.sigstore.json", &EVIDENCE),
    row(ASSEMBLE, "evidence/observe/log-loss.json", &EVIDENCE),
    row(ASSEMBLE, "evidence/load/soak.summary.json", &EVIDENCE),
    row(AFTER, "dist/lantern-0.3.0.packet.tar.gz", &PACKET),
    row(AFTER, "dist/lantern-0.3.0.packet.tar.gz", &[Bad::Missing, Bad::LinkToNowhere]),
];

#[test]
fn every_file() {
    judge_all(&ROWS, &["--now", crate::specimen::NOW, "--format", "json"]);
}

/// What lies in the stage and must not be there after a clean failure.
fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let named = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with(".countersign-unfinished-") || name == "out"
    };
    everything_in(folder).into_keys().filter(named).collect()
}

type Spoil = fn(&Path);

const FOLDERS: [(&str, &str, Spoil); 12] = [
    ("an artifact that is a link", "more", |stage| {
        symlink("/etc/hostname", stage.join("artifacts/more")).unwrap();
    }),
    ("a folder of artifacts that is a link inside", "more", |stage| {
        symlink("/etc", stage.join("artifacts/more")).unwrap();
    }),
    ("no artifacts", "artifacts", |stage| fs::remove_dir_all(stage.join("artifacts")).unwrap()),
    ("an empty folder of artifacts", "artifacts", |stage| {
        fs::remove_dir_all(stage.join("artifacts")).unwrap();
        fs::create_dir(stage.join("artifacts")).unwrap();
    }),
    ("artifacts is a file", "artifacts", |stage| {
        fs::remove_dir_all(stage.join("artifacts")).unwrap();
        fs::write(stage.join("artifacts"), "x").unwrap();
    }),
    ("evidence is a file", "evidence", |stage| {
        fs::remove_dir_all(stage.join("evidence")).unwrap();
        fs::write(stage.join("evidence"), "x").unwrap();
    }),
    ("an artifact with the packet's name", PACKET_NAME, |stage| {
        fs::write(stage.join("artifacts").join(PACKET_NAME), "x").unwrap();
    }),
    ("an artifact with a sidecar's name", "checksums.txt.sigstore.json", |stage| {
        fs::write(stage.join("artifacts/checksums.txt.sigstore.json"), "x").unwrap();
    }),
    ("artifacts that are twins", "LANTERN", |stage| {
        fs::write(stage.join("artifacts").join(PROGRAM.to_uppercase()), "x").unwrap();
    }),
    ("an artifact with a reserved name", "NUL", |stage| {
        fs::write(stage.join("artifacts/NUL"), "x").unwrap();
    }),
    ("evidence without an area", "loose.json", |stage| {
        fs::write(stage.join("evidence/loose.json"), "{}").unwrap();
    }),
    ("evidence under the validators' name", "report.json", |stage| {
        let scan = stage.join("evidence/release/scan.json");
        fs::copy(scan, stage.join("evidence/release/report.json")).unwrap();
    }),
];

#[test]
fn every_folder() {
    for (what, named, spoil) in FOLDERS {
        let folder = stage();
        spoil(folder.path());
        let ran = countersign(folder.path(), &assemble_args("root", "out"));
        assert!(matches!(ran.code, Some(1 | 3)), "{what}: {ran:?}");
        assert!(ran.said().contains(named), "{what} does not name `{named}`: {}", ran.said());
        assert_eq!(leftovers(folder.path()), Vec::<PathBuf>::new(), "{what}");
    }
}

/// Names that a release cannot have, as names of artifacts and of evidence.
#[test]
fn hostile_names() {
    let folder = stage();
    for name in [" ", "a\nb", "a:stream", "con", "trailing.", "-rf", "a\\b", "\u{202e}gpj.exe"] {
        for place in ["artifacts", "evidence/release"] {
            let path = folder.path().join(place).join(name);
            fs::copy(folder.path().join("evidence/release/scan.json"), &path).unwrap();
            let ran = countersign(folder.path(), &assemble_args("root", "out"));
            fs::remove_file(&path).unwrap();
            if name == "-rf" && ran.code == Some(0) {
                // A dash is a portable name, and no shell is asked here.
                fs::remove_dir_all(folder.path().join("out")).unwrap();
                continue;
            }
            assert!(matches!(ran.code, Some(1 | 3)), "{name:?} in {place}: {ran:?}");
            assert!(!ran.said().contains('\u{202e}'), "{name:?} in {place}: {ran:?}");
            assert_eq!(leftovers(folder.path()), Vec::<PathBuf>::new(), "{name:?} in {place}");
        }
    }
    assert!(folder.path().join("artifacts").join(CHART).is_file());
}
