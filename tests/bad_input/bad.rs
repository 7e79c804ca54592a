//! What a file can be instead of what it must be.

use std::fs::{self, File, Permissions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::fs::{FileType, Mode};

use crate::cases::everything_in;
use crate::forgery;
use crate::mutation::members;

/// What a file can be instead of what it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    Empty,
    Folder,
    Missing,
    Pipe,
    Socket,
    LinkToNowhere,
    LinkToItself,
    /// Only its owner may read it, and somebody else runs the command: root reads everything.
    Unreadable,
    /// It can be opened, and no byte of it can be read: `/proc/self/mem`, behind a link.
    Unanswering,
    Truncated,
    Picture,
    Brackets,
    FiveGigabytes,
    KeyTwice,
    Nul,
    /// A packet that unpacks to more than is allowed.
    TarBomb,
    /// A packet with two manifests.
    TwoManifests,
    /// A packet with a member that would lie elsewhere.
    HostileName,
    /// A key of another algorithm than any that signs here.
    OtherKey,
    /// The public half where the private one is expected, or the other way round.
    OtherHalf,
}

/// What any document can be.
pub(super) const DOCUMENT: [Bad; 15] = [
    Bad::Empty,
    Bad::Folder,
    Bad::Missing,
    Bad::Pipe,
    Bad::Socket,
    Bad::LinkToNowhere,
    Bad::LinkToItself,
    Bad::Unreadable,
    Bad::Unanswering,
    Bad::Truncated,
    Bad::Picture,
    Bad::Brackets,
    Bad::FiveGigabytes,
    Bad::KeyTwice,
    Bad::Nul,
];

/// A document that need not be there.
pub(super) const OPTIONAL: [Bad; 12] = [
    Bad::Empty,
    Bad::Folder,
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

/// What cannot be read at all, whatever a verb makes of bytes.
pub(super) const BYTES: [Bad; 8] = [
    Bad::Folder,
    Bad::Missing,
    Bad::Pipe,
    Bad::Socket,
    Bad::LinkToNowhere,
    Bad::LinkToItself,
    Bad::Unreadable,
    Bad::Unanswering,
];

/// For what is hashed as it goes by, whatever its size: five gigabytes take their time.
pub(super) const STREAMED: [Bad; 11] = [
    Bad::Empty,
    Bad::Folder,
    Bad::Missing,
    Bad::Pipe,
    Bad::Socket,
    Bad::LinkToNowhere,
    Bad::Unreadable,
    Bad::Unanswering,
    Bad::Truncated,
    Bad::Picture,
    Bad::Nul,
];

/// A packet; missing, there is nothing that tells its name.
pub(super) const PACKET: [Bad; 14] = [
    Bad::Empty,
    Bad::Folder,
    Bad::Pipe,
    Bad::Socket,
    Bad::LinkToItself,
    Bad::Unreadable,
    Bad::Unanswering,
    Bad::Truncated,
    Bad::Picture,
    Bad::Brackets,
    Bad::Nul,
    Bad::TarBomb,
    Bad::TwoManifests,
    Bad::HostileName,
];

/// A key.
pub(super) const KEY: [Bad; 17] = [
    Bad::Empty,
    Bad::Folder,
    Bad::Missing,
    Bad::Pipe,
    Bad::Socket,
    Bad::LinkToNowhere,
    Bad::LinkToItself,
    Bad::Unreadable,
    Bad::Unanswering,
    Bad::Truncated,
    Bad::Picture,
    Bad::Brackets,
    Bad::FiveGigabytes,
    Bad::KeyTwice,
    Bad::Nul,
    Bad::OtherKey,
    Bad::OtherHalf,
];

/// What was at a path before.
pub(super) struct Kept(Option<(Vec<u8>, Permissions)>);

impl Kept {
    /// Puts back what was there.
    pub(super) fn restore(self, path: &Path) {
        take_away(path);
        if let Some((bytes, mode)) = self.0 {
            fs::write(path, bytes).unwrap();
            fs::set_permissions(path, mode).unwrap();
            NOBODY.give(path);
        }
    }
}

fn take_away(path: &Path) {
    match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path).unwrap(),
        Ok(_) => fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
}

impl Bad {
    /// Puts this in place of a file.
    pub(super) fn put(self, stage: &Path, path: &Path) -> Kept {
        let kept =
            fs::metadata(path).ok().map(|meta| (fs::read(path).unwrap(), meta.permissions()));
        let good = kept.as_ref().map(|(bytes, _)| bytes.clone()).unwrap_or_default();
        let is_private = path.extension().is_some_and(|ending| ending == "key");
        take_away(path);
        match self {
            Self::Missing => {}
            Self::Folder => fs::create_dir(path).unwrap(),
            Self::Pipe => {
                let mode = Mode::from_raw_mode(0o600);
                rustix::fs::mknodat(rustix::fs::CWD, path, FileType::Fifo, mode, 0).unwrap();
            }
            Self::Socket => drop(UnixListener::bind(path).unwrap()),
            Self::LinkToNowhere => symlink("nowhere", path).unwrap(),
            Self::LinkToItself => symlink(path.file_name().unwrap(), path).unwrap(),
            Self::Unanswering => symlink("/proc/self/mem", path).unwrap(),
            Self::FiveGigabytes => {
                let mut file = File::create(path).unwrap();
                file.seek(SeekFrom::Start((5 << 30) - 1)).unwrap();
                file.write_all(b"\0").unwrap();
            }
            Self::Unreadable => fs::write(path, good).unwrap(),
            Self::Empty => fs::write(path, b"").unwrap(),
            Self::Truncated => fs::write(path, &good[..good.len() / 2]).unwrap(),
            Self::Picture => fs::write(path, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01").unwrap(),
            Self::Brackets => fs::write(path, vec![b'['; 40 << 20]).unwrap(),
            Self::KeyTwice => fs::write(path, b"{\"schema\": \"a\", \"schema\": \"b\"}\n").unwrap(),
            Self::Nul => fs::write(path, [good.as_slice(), b"\0"].concat()).unwrap(),
            Self::TarBomb => fs::write(path, forgery::gzip(&vec![0; 40 << 20])).unwrap(),
            Self::TwoManifests => fs::write(path, packet("release-manifest.json")).unwrap(),
            Self::HostileName => fs::write(path, packet("evidence/../../x")).unwrap(),
            Self::OtherKey => fs::write(path, OTHER_KEY).unwrap(),
            Self::OtherHalf => {
                let half = if is_private { "alice.pub" } else { "locked.key" };
                fs::copy(stage.join(half), path).unwrap();
            }
        }
        let is_link = path.is_symlink();
        if !is_link && self != Self::Missing && self != Self::Folder {
            let mode = if self == Self::Unreadable { 0o000 } else { 0o600 };
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        }
        if self != Self::Missing {
            NOBODY.give(path);
        }
        Kept(kept)
    }
}

/// The specimen's members and one more.
fn packet(more: &str) -> Vec<u8> {
    let mut members: Vec<_> =
        members().iter().map(|(name, bytes)| (name.clone(), bytes.clone())).collect();
    members.push((more.to_owned(), b"{}\n".to_vec()));
    members.sort();
    forgery::gzip(&forgery::tar_of(&members))
}

/// A key on the curve P-384.
const OTHER_KEY: &str = "-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEqofKIr6LBTeOscce8yCtdG4dO2KLp5uY
WfdB4IJUKjhVAvJdv1UpbDpUXjhydgq3NhfeSpYmLG9dnpi/kpLcKfj0Hb0omhR8
6doxE7XwuMAKYLHOHX6BnXpDHXyQ6g5f
-----END PUBLIC KEY-----
";

/// The user who may read nothing that is not everybody's or its own.
pub(super) struct Nobody;

/// There is one.
pub(super) const NOBODY: Nobody = Nobody;

const ID: u32 = 65_534;

impl Nobody {
    /// Whether the tests may run a command as somebody else.
    fn can_be(&self) -> bool {
        static CAN: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
        *CAN.get_or_init(|| {
            let folder = super::folder();
            let is_root = folder.path().metadata().unwrap().uid() == 0;
            let mut probe = Command::new(env!("CARGO_BIN_EXE_countersign"));
            probe.env_clear().arg("--version").uid(ID).gid(ID).current_dir("/");
            let can = is_root && probe.output().is_ok_and(|output| output.status.success());
            if is_root && !can {
                println!("skipped: nobody may run {}", env!("CARGO_BIN_EXE_countersign"));
            }
            can
        })
    }

    /// Makes a file its own.
    pub(super) fn give(&self, path: &Path) {
        if self.can_be() {
            lchown(path, Some(ID), Some(ID)).unwrap();
        }
    }

    /// Makes a folder and all in it its own.
    pub(super) fn may_enter(&self, folder: &Path) {
        self.give(folder);
        everything_in(folder).into_keys().for_each(|path| self.give(&path));
    }

    /// Has a command run by it; tells whether a file without permissions is now unreadable.
    pub(super) fn let_run(&self, command: &mut Command) -> bool {
        let is_root = Path::new("/proc/self").metadata().is_ok_and(|meta| meta.uid() == 0);
        if self.can_be() {
            command.uid(ID).gid(ID);
        }
        self.can_be() || !is_root
    }
}
