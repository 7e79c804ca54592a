//! Archives that others wrote (evidence bundles, Helm packages), read within limits.
//!
//! The bytes may be hostile. Nothing is unpacked: a member is hashed as it passes, and kept only
//! when it is small. What no evidence needs (links, devices, sparse files, names that mean two
//! files, one name twice) is reported beside the members and never followed.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry, EntryType};

use crate::digest::{Digest, HashingWriter};
use crate::path::RelPath;

/// The most members that are read.
const MAX_MEMBERS: usize = 100_000;
/// The largest member, in bytes.
const MAX_MEMBER: u64 = 64 << 20;
/// The most bytes of the whole archive, after decompression.
const MAX_TOTAL: u64 = 1 << 30;
/// The largest member whose bytes are kept.
const MAX_KEPT: u64 = 8 << 20;
/// The most bytes that are kept of all members together.
const MAX_KEPT_TOTAL: u64 = 256 << 20;
/// The largest record that only names the member after it.
const MAX_NAME_RECORD: u64 = 64 << 10;

/// One regular file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The digest of its bytes.
    pub digest: Digest,
    /// How many bytes it has.
    pub size: u64,
    /// The bytes, when they are few enough to keep.
    pub bytes: Option<Vec<u8>>,
}

/// Something in an archive that is not a regular file with a portable name of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The name in the archive, with escapes for what is not text.
    pub name: String,
    /// What is wrong with it.
    pub problem: String,
}

/// What an archive holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForeignArchive {
    /// The regular files by name; of a name that stands twice, the first.
    pub members: BTreeMap<String, Member>,
    /// What was refused, in the order of the archive.
    pub refused: Vec<Refused>,
}

/// How an archive is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// A plain tar.
    None,
    /// A gzip stream.
    Gzip,
}

impl Compression {
    /// Tells the compression by the file name.
    #[must_use]
    pub fn of(path: &str) -> Self {
        if path.ends_with(".gz") || path.ends_with(".tgz") { Self::Gzip } else { Self::None }
    }
}

/// Why an archive could not be read to its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum ForeignError {
    /// It is not a well-formed archive, or the system refused.
    Io(io::Error),
    /// It holds more than is read.
    TooLarge(&'static str),
}

impl fmt::Display for ForeignError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(formatter, "not a readable archive: {error}"),
            Self::TooLarge(what) => write!(formatter, "the archive holds more than {what}"),
        }
    }
}

impl std::error::Error for ForeignError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::TooLarge(_) => None,
        }
    }
}

impl ForeignArchive {
    /// Reads an archive to its end.
    ///
    /// # Errors
    ///
    /// [`ForeignError`] when the archive is broken or larger than what is read.
    pub fn read(reader: impl Read, compression: Compression) -> Result<Self, ForeignError> {
        match compression {
            Compression::None => read_tar(reader),
            // All members of the stream, as others read it: a second one could hold more files.
            Compression::Gzip => read_tar(MultiGzDecoder::new(reader)),
        }
    }
}

impl ForeignArchive {
    fn refuse(&mut self, name: &[u8], problem: String) {
        let name = String::from_utf8_lossy(name).escape_debug().to_string();
        self.refused.push(Refused { name, problem });
    }
}

fn read_tar(reader: impl Read) -> Result<ForeignArchive, ForeignError> {
    let mut archive = Archive::new(reader.take(MAX_TOTAL + 1));
    let mut found = ForeignArchive::default();
    // What a long-name record says about the member after it.
    let mut long_name: Option<Vec<u8>> = None;
    let (mut total, mut kept) = (0_u64, 0_u64);
    // Raw: the library would read a name record of any size into memory.
    let entries = archive.entries().map_err(ForeignError::Io)?.raw(true);
    for (index, entry) in entries.enumerate() {
        let mut entry = entry.map_err(ForeignError::Io)?;
        if index >= MAX_MEMBERS {
            return Err(ForeignError::TooLarge("100,000 members"));
        }
        total = total.saturating_add(entry.size());
        if entry.size() > MAX_MEMBER {
            return Err(ForeignError::TooLarge("64 MiB in one member"));
        }
        if total > MAX_TOTAL {
            return Err(ForeignError::TooLarge("1 GiB"));
        }
        let kind = entry.header().entry_type();
        if kind == EntryType::GNULongName || kind == EntryType::XHeader {
            long_name = name_record(&mut entry, kind)?.or(long_name);
            continue;
        }
        if kind == EntryType::XGlobalHeader {
            if name_record(&mut entry, kind)?.is_some() {
                found.refuse(&entry.path_bytes(), "names every member after it".to_owned());
            }
            continue;
        }
        let name = long_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
        match accepted(kind, &name, &found.members) {
            Ok(None) => {}
            Ok(Some(path)) => {
                let keep = entry.size() <= MAX_KEPT && kept + entry.size() <= MAX_KEPT_TOTAL;
                let member = read_member(&mut entry, keep)?;
                kept += if keep { member.size } else { 0 };
                found.members.insert(path, member);
            }
            Err(problem) => found.refuse(&name, problem),
        }
    }
    if !only_zeros(archive.into_inner()).map_err(ForeignError::Io)? {
        found.refuse(b"", "data after the end of the archive, which other readers read".to_owned());
    }
    Ok(found)
}

fn only_zeros(mut rest: impl Read) -> io::Result<bool> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match rest.read(&mut buffer) {
            Ok(0) => return Ok(true),
            Ok(count) if buffer[..count].iter().any(|byte| *byte != 0) => return Ok(false),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Tells under which name a member is kept: nothing for a folder.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library's enum is open; the rest is refused"
)]
fn accepted(
    kind: EntryType,
    name: &[u8],
    members: &BTreeMap<String, Member>,
) -> Result<Option<String>, String> {
    match kind {
        EntryType::Regular => {}
        EntryType::Directory => return Ok(None),
        EntryType::Symlink | EntryType::Link => return Err("a link".to_owned()),
        EntryType::Char | EntryType::Block | EntryType::Fifo => {
            return Err("a device or a pipe".to_owned());
        }
        _ => return Err(format!("a record of type {:#04x}", kind.as_byte())),
    }
    let text = std::str::from_utf8(name).map_err(|_| "its name is not UTF-8 text".to_owned())?;
    let path: RelPath = text
        .strip_prefix("./")
        .unwrap_or(text)
        .parse()
        .map_err(|error: crate::path::ParsePathError| error.to_string())?;
    if members.contains_key(path.as_str()) {
        return Err("a second member of this name; readers differ in which one they take".into());
    }
    Ok(Some(path.as_str().to_owned()))
}

fn read_member(entry: &mut Entry<'_, impl Read>, keep: bool) -> Result<Member, ForeignError> {
    let declared = entry.size();
    let (digest, size, bytes) = if keep {
        let mut writer = HashingWriter::new(Vec::new());
        io::copy(entry, &mut writer).map_err(ForeignError::Io)?;
        let (digest, size, bytes) = writer.finish();
        (digest, size, Some(bytes))
    } else {
        let mut writer = HashingWriter::new(io::sink());
        io::copy(entry, &mut writer).map_err(ForeignError::Io)?;
        let (digest, size, _) = writer.finish();
        (digest, size, None)
    };
    if size != declared {
        return Err(ForeignError::Io(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(Member { digest, size, bytes })
}

/// Reads a record that names the member after it (GNU `L`, PAX `path`).
fn name_record(
    entry: &mut Entry<'_, impl Read>,
    kind: EntryType,
) -> Result<Option<Vec<u8>>, ForeignError> {
    if entry.size() > MAX_NAME_RECORD {
        return Err(ForeignError::TooLarge("64 KiB in a name record"));
    }
    let mut record = Vec::new();
    entry.read_to_end(&mut record).map_err(ForeignError::Io)?;
    if kind == EntryType::GNULongName {
        record.truncate(record.iter().position(|byte| *byte == 0).unwrap_or(record.len()));
        return Ok(Some(record));
    }
    let mut name = None;
    for extension in tar::PaxExtensions::new(&record) {
        let extension = extension.map_err(ForeignError::Io)?;
        match extension.key_bytes() {
            b"path" => name = Some(extension.value_bytes().to_vec()),
            // A size that contradicts the header hides a member from one of two readers.
            b"size" => return Err(ForeignError::TooLarge("8 GiB in one member")),
            _ => {}
        }
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(build: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        build(&mut builder);
        builder.into_inner().unwrap()
    }

    fn header(kind: EntryType, size: u64) -> tar::Header {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o644);
        header
    }

    #[test]
    fn members_are_hashed_as_they_pass() {
        let long = format!("{}/x", "d".repeat(200));
        let bytes = archive(|builder| {
            builder.append_data(&mut header(EntryType::Regular, 3), "a/b", &b"abc"[..]).unwrap();
            let mut gnu = tar::Header::new_gnu();
            gnu.set_size(1);
            gnu.set_entry_type(EntryType::Regular);
            builder.append_data(&mut gnu, &long, &b"x"[..]).unwrap();
        });
        let found = ForeignArchive::read(bytes.as_slice(), Compression::None).unwrap();
        assert_eq!(found.members["a/b"].digest, Digest::of(b"abc"));
        assert_eq!(found.members[&long].size, 1);
        assert!(found.refused.is_empty());
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let bytes = archive(|builder| {
            builder.append_data(&mut header(EntryType::Regular, 1), "a", &b"1"[..]).unwrap();
            builder.append_data(&mut header(EntryType::Regular, 1), "a", &b"2"[..]).unwrap();
            let mut link = header(EntryType::Symlink, 0);
            builder.append_link(&mut link, "l", "/etc/passwd").unwrap();
            let mut up = header(EntryType::Regular, 0);
            up.as_mut_bytes()[..4].copy_from_slice(b"../x");
            up.set_cksum();
            builder.append(&up, io::empty()).unwrap();
        });
        let found = ForeignArchive::read(bytes.as_slice(), Compression::None).unwrap();
        assert_eq!(found.members.len(), 1);
        assert_eq!(found.members["a"].bytes.as_deref(), Some(&b"1"[..]));
        let names: Vec<_> = found.refused.iter().map(|refused| refused.name.as_str()).collect();
        assert_eq!(names, ["a", "l", "../x"]);
    }

    #[test]
    fn a_member_in_a_second_gzip_member_is_not_overlooked() {
        let bytes = archive(|builder| {
            builder.append_data(&mut header(EntryType::Regular, 1), "a", &b"1"[..]).unwrap();
            builder.append_data(&mut header(EntryType::Regular, 1), "b", &b"2"[..]).unwrap();
        });
        let gzip = |bytes: &[u8]| {
            use std::io::Write;
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let two = [gzip(&bytes[..1024]), gzip(&bytes[1024..])].concat();
        let found = ForeignArchive::read(two.as_slice(), Compression::Gzip).unwrap();
        assert_eq!(found.members.keys().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_member_after_the_end_or_under_a_global_name_is_refused() {
        let one = archive(|builder| {
            builder.append_data(&mut header(EntryType::Regular, 1), "a", &b"1"[..]).unwrap();
        });
        let two = [one.as_slice(), &one].concat();
        let found = ForeignArchive::read(two.as_slice(), Compression::None).unwrap();
        assert_eq!(found.refused.len(), 1, "{found:?}");
        for (record, refused) in [("14 path=other\n", 1), ("17 comment=words\n", 0)] {
            let global = archive(|builder| {
                let mut global = header(EntryType::XGlobalHeader, record.len() as u64);
                global.set_path("pax_global_header").unwrap();
                global.set_cksum();
                builder.append(&global, record.as_bytes()).unwrap();
                builder.append_data(&mut header(EntryType::Regular, 1), "a", &b"1"[..]).unwrap();
            });
            let found = ForeignArchive::read(global.as_slice(), Compression::None).unwrap();
            assert_eq!(found.refused.len(), refused, "{record}");
        }
    }

    #[test]
    fn broken_archives_are_errors() {
        let bytes = archive(|builder| {
            builder.append_data(&mut header(EntryType::Regular, 600), "a", &[0; 600][..]).unwrap();
        });
        for cut in [100, 512, 700] {
            assert!(ForeignArchive::read(&bytes[..cut], Compression::None).is_err(), "{cut}");
        }
        assert!(ForeignArchive::read(bytes.as_slice(), Compression::Gzip).is_err());
        let mut huge = header(EntryType::Regular, 1 << 40);
        huge.set_path("huge").unwrap();
        huge.set_cksum();
        let read = ForeignArchive::read(&huge.as_bytes()[..], Compression::None);
        assert!(matches!(read, Err(ForeignError::TooLarge(_))));
    }
}
