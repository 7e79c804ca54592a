//! The canonical archive: what it holds comes back, and every other form is refused.
//!
//! The archives here are put together by hand, from the standards, not by the writer under test.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use countersign::packet::archive::{self, ArchiveError, Limits, MAX_MEMBER_BYTES, Unpacked};
use countersign::packet::{MemberSource, Packed, pack};
use countersign::{Digest, RelPath};
use flate2::read::{GzDecoder, MultiGzDecoder};
use flate2::{Compress, Compression, Crc, FlushCompress};

const LIMITS: Limits = Limits { packed_bytes: 64 << 20, unpacked_bytes: 64 << 20, members: 1000 };
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

type Members = Vec<(String, Vec<u8>)>;

// Writing by hand.

/// A ustar header (POSIX.1-1988), each field at its offset; `change` is made before the sum.
fn header(name: &str, size: u64, change: impl FnOnce(&mut [u8; 512])) -> [u8; 512] {
    let (prefix, name) = split_as_python(name).expect("the name fits");
    let mut block = [0; 512];
    set(&mut block, 0, name.as_bytes());
    set(&mut block, 100, b"0000644\0");
    set(&mut block, 108, b"0000000\0");
    set(&mut block, 116, b"0000000\0");
    set(&mut block, 124, format!("{size:011o}\0").as_bytes());
    set(&mut block, 136, b"00000000000\0");
    set(&mut block, 156, b"0");
    set(&mut block, 257, b"ustar\x0000");
    set(&mut block, 345, prefix.as_bytes());
    change(&mut block);
    seal(&mut block);
    block
}

fn set(block: &mut [u8; 512], at: usize, text: &[u8]) {
    block[at..at + text.len()].copy_from_slice(text);
}

/// Writes the header's sum, in which the sum's own field counts as spaces.
fn seal(block: &mut [u8; 512]) {
    set(block, 148, b"        ");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    set(block, 148, format!("{sum:06o}\0 ").as_bytes());
}

/// The rule of CPython's `TarInfo._posix_split_name`: as few parts in front as will do.
fn split_as_python(name: &str) -> Option<(String, String)> {
    if name.len() <= 100 {
        return Some((String::new(), name.to_owned()));
    }
    let parts: Vec<&str> = name.split('/').collect();
    (1..parts.len())
        .map(|at| (parts[..at].join("/"), parts[at..].join("/")))
        .find(|(prefix, rest)| prefix.len() <= 155 && rest.len() <= 100)
}

fn member(name: &str, bytes: &[u8]) -> Vec<u8> {
    member_with(name, bytes, |_| {})
}

fn member_with(name: &str, bytes: &[u8], change: impl FnOnce(&mut [u8; 512])) -> Vec<u8> {
    let mut tar = header(name, bytes.len() as u64, change).to_vec();
    tar.extend_from_slice(bytes);
    tar.resize(tar.len().div_ceil(512) * 512, 0);
    tar
}

/// Two empty blocks, and zeros to the end of the record of 20 blocks.
fn finish(mut tar: Vec<u8>) -> Vec<u8> {
    let end = (tar.len() + 1024).div_ceil(10_240) * 10_240;
    tar.resize(end, 0);
    tar
}

fn tar_of(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    finish(members.iter().flat_map(|(name, bytes)| member(name, bytes)).collect())
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut state = Compress::new(Compression::new(5), false);
    let mut deflated = Vec::with_capacity(bytes.len() + (bytes.len() >> 3) + 1024);
    state.compress_vec(bytes, &mut deflated, FlushCompress::Finish).unwrap();
    assert_eq!(state.total_in(), bytes.len() as u64);
    deflated
}

fn trailer(bytes: &[u8]) -> [u8; 8] {
    let mut crc = Crc::new();
    crc.update(bytes);
    let mut trailer = [0; 8];
    trailer[..4].copy_from_slice(&crc.sum().to_le_bytes());
    trailer[4..].copy_from_slice(&crc.amount().to_le_bytes());
    trailer
}

fn gzip(tar: &[u8]) -> Vec<u8> {
    [&GZIP_HEADER[..], &deflate(tar), &trailer(tar)].concat()
}

// Reading and writing with the code under test.

fn read(gz: &[u8], limits: Limits) -> Result<(Unpacked, Members), ArchiveError> {
    let mut members = Members::new();
    let unpacked = archive::unpack(gz, limits, |path, size, bytes| {
        let mut whole = Vec::new();
        bytes.read_to_end(&mut whole)?;
        assert!(whole.len() as u64 <= size);
        members.push((path.to_string(), whole));
        Ok(())
    })?;
    Ok((unpacked, members))
}

fn write(members: &[(String, Vec<u8>)]) -> Result<(Packed, Vec<u8>), ArchiveError> {
    let mut gz = Vec::new();
    let mut rest = members.iter().enumerate();
    let packed = pack(&mut gz, |_| {
        let (number, (name, bytes)) = rest.next()?;
        // Both kinds of source, in turn.
        let source = if number % 2 == 0 {
            MemberSource::Bytes(bytes.clone())
        } else {
            let reader = Dribble(io::Cursor::new(bytes.clone()));
            let open = move || Ok(Box::new(reader) as Box<dyn Read>);
            MemberSource::File { open: Box::new(open), size: bytes.len() as u64 }
        };
        Some((name.parse().unwrap(), source))
    })?;
    Ok((packed, gz))
}

/// A reader that gives at most 1,000 bytes at a time.
struct Dribble(io::Cursor<Vec<u8>>);

impl Read for Dribble {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let most = target.len().min(1000);
        self.0.read(&mut target[..most])
    }
}

fn gunzip(gz: &[u8]) -> Vec<u8> {
    let (mut one, mut all) = (Vec::new(), Vec::new());
    GzDecoder::new(gz).read_to_end(&mut one).unwrap();
    MultiGzDecoder::new(gz).read_to_end(&mut all).unwrap();
    assert!(one == all, "one gzip member");
    one
}

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % below as u64).unwrap()
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| u8::try_from(self.next(256)).unwrap()).collect()
    }

    fn name(&mut self) -> String {
        let parts = 1 + self.next(6);
        let alphabet: Vec<char> = "abcXYZ019-_+.é漢".chars().collect();
        let part = |random: &mut Self| -> String {
            let most = if random.next(4) == 0 { 90 } else { 30 };
            let length = 1 + random.next(most);
            let middle: String =
                (0..length).map(|_| alphabet[random.next(alphabet.len())]).collect();
            format!("p{middle}q")
        };
        (0..parts).map(|_| part(self)).collect::<Vec<_>>().join("/")
    }
}

/// Gives up on what never ends, instead of never ending with it.
fn within<T: Send + 'static>(seconds: u64, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = channel();
    let worker = std::thread::spawn(move || sender.send(work()));
    match receiver.recv_timeout(Duration::from_secs(seconds)) {
        Ok(value) => value,
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("still at it after {seconds} s"),
        Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {
            std::panic::resume_unwind(worker.join().unwrap_err())
        }
    }
}

// What is accepted.

#[test]
fn what_is_packed_is_what_the_standard_says_and_comes_back() {
    let mut random = Random(1);
    let sizes = [0, 1, 511, 512, 513, 1024, 9_215, 10_240, 70_000, (256 << 10) - 512, 300 << 10];
    for round in 0..24 {
        let mut members = Members::new();
        for number in 0..=random.next(14) {
            let size = if number < 3 { sizes[random.next(sizes.len())] } else { random.next(2000) };
            let name = random.name();
            if name.len() <= 255 && split_as_python(&name).is_some() {
                let bytes = if random.next(2) == 0 { vec![b'x'; size] } else { random.bytes(size) };
                members.push((name, bytes));
            }
        }
        members.sort();
        members.dedup_by(|a, b| a.0 == b.0);
        let (packed, gz) = write(&members).unwrap();
        let tar = gunzip(&gz);
        assert!(tar == tar_of(&members), "round {round}: byte for byte");
        assert_eq!(packed.sha256, Digest::of(&gz));
        assert_eq!(packed.size, gz.len() as u64);
        assert_eq!(packed.tar_sha256, Digest::of(&tar));
        let digests: Vec<_> = members
            .iter()
            .map(|(name, bytes)| {
                (name.parse::<RelPath>().unwrap(), Digest::of(bytes), bytes.len() as u64)
            })
            .collect();
        assert_eq!(packed.members, digests);
        let (unpacked, back) = read(&gz, LIMITS).unwrap();
        assert!(back == members, "round {round}: the members come back");
        let Unpacked { sha256, size, tar_sha256 } = unpacked;
        assert_eq!((sha256, size, tar_sha256), (packed.sha256, packed.size, packed.tar_sha256));
        // Another compressor: the canonical form is defined on the tar.
        let (other, back) = read(&gzip(&tar), LIMITS).unwrap();
        assert_eq!(other.tar_sha256, packed.tar_sha256);
        assert!(back == members);
    }
}

#[test]
fn several_chunks_come_back_the_same_every_time() {
    let mut random = Random(2);
    let members = vec![
        ("a".to_owned(), random.bytes(1 << 20)),
        ("b".to_owned(), vec![7; 3 << 20]),
        ("c".to_owned(), random.bytes(256 << 10)),
    ];
    let (packed, gz) = write(&members).unwrap();
    assert!(gunzip(&gz) == tar_of(&members));
    assert!(read(&gz, LIMITS).unwrap().1 == members);
    for _ in 0..5 {
        let (again, same) = write(&members).unwrap();
        assert_eq!(again, packed);
        assert!(same == gz);
    }
}

#[test]
fn names_are_split_as_python_splits_them() {
    let fits = [
        "x".repeat(100),
        format!("{}/{}", "p".repeat(155), "n".repeat(100)),
        format!("p/{}", "n".repeat(100)),
        format!("{}/{}/{}", "a".repeat(50), "b".repeat(50), "c".repeat(100)),
        format!("{}/{}", "é".repeat(50), "漢".repeat(33)),
        format!("{}/{}", "a/b/c/d/e".repeat(12), "n".repeat(40)),
    ];
    for name in fits {
        let members = vec![(name.clone(), b"x".to_vec())];
        let (_, gz) = write(&members).unwrap();
        assert!(gunzip(&gz) == tar_of(&members), "{name}");
        assert!(read(&gz, LIMITS).unwrap().1 == members, "{name}");
    }
    let does_not_fit = [
        "x".repeat(101),
        "é".repeat(51),
        format!("{}/{}", "p".repeat(156), "n".repeat(10)),
        format!("{}/{}", "p".repeat(20), "n".repeat(101)),
        format!("{}/{}/{}", "p".repeat(100), "m".repeat(60), "n".repeat(99)),
    ];
    for name in does_not_fit {
        assert_eq!(split_as_python(&name), None, "{name}");
        let error = write(&[(name.clone(), Vec::new())]).unwrap_err();
        assert!(
            matches!(&error, ArchiveError::DoesNotFit { path, .. } if *path == name),
            "{error}"
        );
    }
}

#[test]
fn an_archive_of_nothing_is_one_record_of_zeros() {
    let (_, gz) = write(&[]).unwrap();
    assert!(gunzip(&gz) == [0; 10_240]);
    assert!(read(&gz, LIMITS).unwrap().1.is_empty());
}

#[test]
fn a_source_that_changed_is_not_packed() {
    let pack_one = |said: u64, bytes: &'static [u8]| {
        let open = move || Ok(Box::new(bytes) as Box<dyn Read>);
        let source = MemberSource::File { open: Box::new(open), size: said };
        let mut member = Some(("a".parse().unwrap(), source));
        pack(io::sink(), |_| member.take())
    };
    assert!(pack_one(3, b"abc").is_ok());
    assert!(matches!(pack_one(4, b"abc"), Err(ArchiveError::Source(_))));
    assert!(matches!(pack_one(2, b"abc"), Err(ArchiveError::Source(_))));
    assert!(matches!(pack_one(0, b"abc"), Err(ArchiveError::Source(_))));
    let error = pack_one(MAX_MEMBER_BYTES + 1, b"");
    assert!(matches!(error, Err(ArchiveError::DoesNotFit { .. })));
}

#[test]
fn a_full_disk_ends_packing() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 < bytes.len() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.0 -= bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for room in [0, 5, 10, 100_000, 1 << 20] {
        let error = within(60, move || {
            let bytes = Random(3).bytes(8 << 20);
            let mut member = Some(("a".parse().unwrap(), MemberSource::Bytes(bytes)));
            pack(Full(room), |_| member.take()).unwrap_err()
        });
        let kind = if let ArchiveError::Io(error) = &error { Some(error.kind()) } else { None };
        assert_eq!(kind, Some(io::ErrorKind::StorageFull), "{room}: {error}");
    }
}

#[test]
fn a_visitor_need_not_read_and_may_give_up() {
    let members: Members = vec![("a".to_owned(), vec![1; 600_000]), ("b".to_owned(), vec![2; 5])];
    let gz = gzip(&tar_of(&members));
    let mut names = Vec::new();
    archive::unpack(&gz[..], LIMITS, |path, size, _| {
        names.push((path.to_string(), size));
        Ok(())
    })
    .unwrap();
    assert_eq!(names, [("a".to_owned(), 600_000), ("b".to_owned(), 5)]);
    let error = archive::unpack(&gz[..], LIMITS, |_, _, _| Err(io::Error::other("enough")));
    assert!(matches!(error, Err(ArchiveError::Io(error)) if error.to_string() == "enough"));
}

/// A bundle that another tool wrote: rebuilt from its own members it is the same file.
#[test]
fn a_real_bundle_is_rebuilt_byte_for_byte() {
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/corpus/atlas-0.2.0/ops/release/evidence/bundle.tar");
    let Ok(original) = fs::read(&bundle) else {
        println!("SKIPPED: {} is not there", bundle.display());
        return;
    };
    let mut members = Members::new();
    for entry in tar::Archive::new(&original[..]).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        members.push((name, bytes));
    }
    assert!(members.len() > 10);
    let (packed, gz) = write(&members).unwrap();
    assert_eq!(packed.tar_sha256, Digest::of(&original));
    assert!(gunzip(&gz) == original, "byte for byte");
    assert!(read(&gzip(&original), LIMITS).unwrap().1 == members);
}

// What is refused.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Malformed,
    NotCanonical,
    OverLimit,
}

/// Reads and wants a refusal of a kind; never a panic, never a wait without end.
fn refused(mistake: &str, gz: Vec<u8>, kind: Kind) {
    refused_under(mistake, gz, LIMITS, kind);
}

fn refused_under(mistake: &str, gz: Vec<u8>, limits: Limits, kind: Kind) {
    let answer = within(60, move || read(&gz, limits).map(|(_, members)| members.len()));
    let found = match &answer {
        Err(ArchiveError::Malformed(_)) => Kind::Malformed,
        Err(ArchiveError::NotCanonical(_)) => Kind::NotCanonical,
        Err(ArchiveError::OverLimit(_)) => Kind::OverLimit,
        other => panic!("{mistake}: {other:?}"),
    };
    assert_eq!(found, kind, "{mistake}: {answer:?}");
}

/// One good member before and after one whose header is changed.
fn among_good(odd: Vec<u8>) -> Vec<u8> {
    gzip(&finish([member("a", b"first"), odd, member("z", b"last")].concat()))
}

type Change = fn(&mut [u8; 512]);

#[test]
fn members_that_are_not_plain_files_are_refused() {
    let kinds: [(&str, Change); 16] = [
        ("hard link", |block| {
            block[156] = b'1';
            set(block, 157, b"a");
        }),
        ("symbolic link", |block| {
            block[156] = b'2';
            set(block, 157, b"/etc/passwd");
        }),
        ("character device", |block| block[156] = b'3'),
        ("block device", |block| block[156] = b'4'),
        ("folder", |block| block[156] = b'5'),
        ("FIFO", |block| block[156] = b'6'),
        ("contiguous file", |block| block[156] = b'7'),
        ("file of the time before ustar", |block| block[156] = 0),
        ("GNU long name", |block| block[156] = b'L'),
        ("GNU long link name", |block| block[156] = b'K'),
        ("GNU sparse file", |block| block[156] = b'S'),
        ("GNU multi-volume", |block| block[156] = b'M'),
        ("GNU volume label", |block| block[156] = b'V'),
        ("PAX header", |block| block[156] = b'x'),
        ("global PAX header", |block| block[156] = b'g'),
        ("Solaris extended header", |block| block[156] = b'X'),
    ];
    for (kind, change) in kinds {
        refused(kind, among_good(member_with("m", b"", change)), Kind::NotCanonical);
        let with_bytes = member_with("m", b"20 path=../../evil\n", change);
        refused(kind, among_good(with_bytes), Kind::NotCanonical);
    }
}

#[test]
fn headers_with_another_spelling_are_refused() {
    let spellings: [(&str, Change); 35] = [
        ("mode 0755", |block| set(block, 100, b"0000755\0")),
        ("set-uid", |block| set(block, 100, b"0004644\0")),
        ("mode with spaces", |block| set(block, 100, b"   644 \0")),
        ("owner 1", |block| set(block, 108, b"0000001\0")),
        ("group 1", |block| set(block, 116, b"0000001\0")),
        ("no owner", |block| set(block, 108, &[0; 8])),
        ("base-256 size", |block| set(block, 124, &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
        ("negative base-256 size", |block| set(block, 124, &[0xff; 12])),
        ("negative size", |block| set(block, 124, b"-0000000001\0")),
        ("size with a sign", |block| set(block, 124, b"+0000000001\0")),
        ("size with an 8", |block| set(block, 124, b"00000000008\0")),
        ("size in letters", |block| set(block, 124, b"0000000000a\0")),
        ("empty size", |block| set(block, 124, &[0; 12])),
        ("size with leading spaces", |block| set(block, 124, b"          1\0")),
        ("size ended by a space", |block| set(block, 124, b"00000000001 ")),
        ("size of 12 digits", |block| set(block, 124, b"000000000001")),
        ("short size", |block| set(block, 124, b"1\0\0\0\0\0\0\0\0\0\0\0")),
        ("time 1", |block| set(block, 136, b"00000000001\0")),
        ("negative time", |block| set(block, 136, &[0xff; 12])),
        ("link name of a file", |block| set(block, 157, b"a")),
        ("GNU format mark", |block| set(block, 257, b"ustar  \0")),
        ("no format mark", |block| set(block, 257, &[0; 8])),
        ("format version 1", |block| set(block, 263, b"01")),
        ("owner name", |block| set(block, 265, b"root")),
        ("group name", |block| set(block, 297, b"root")),
        ("device number", |block| set(block, 329, b"0000001\0")),
        ("device number zero, as GNU tar fills it", |block| set(block, 329, b"0000000\0")),
        ("bytes after the prefix", |block| block[511] = 1),
        ("bytes after the name's end", |block| block[50] = b'x'),
        ("bytes after the prefix's end", |block| block[400] = b'x'),
        ("name that is not UTF-8", |block| set(block, 0, b"\xff")),
        ("prefix that is not needed", |block| set(block, 345, b"dir")),
        ("prefix that is not UTF-8", |block| set(block, 345, b"\xfe")),
        ("no name", |block| block[0] = 0),
        ("all ones", |block| *block = [0xff; 512]),
    ];
    for (spelling, change) in spellings {
        refused(spelling, among_good(member_with("m", b"x", change)), Kind::NotCanonical);
    }
}

#[test]
fn header_sums_with_another_value_or_spelling_are_refused() {
    let sums: [(&str, &[u8; 8]); 6] = [
        ("wrong", b"000001\0 "),
        ("empty", &[0; 8]),
        ("spaces", b"        "),
        ("letters", b"zzzzzz\0 "),
        ("negative", b"-00001\0 "),
        ("base-256", &[0x80, 0, 0, 0, 0, 0, 0, 1]),
    ];
    for (sum, text) in sums {
        let mut odd = member("m", b"x");
        odd[148..156].copy_from_slice(text);
        refused(sum, among_good(odd), Kind::NotCanonical);
    }
    // The right value as seven digits, and the sum over signed bytes that old tools wrote.
    let mut odd = member("m", b"x");
    let value = String::from_utf8(odd[148..154].to_vec()).unwrap();
    odd[148..156].copy_from_slice(format!("0{value}\0").as_bytes());
    refused("seven digits", among_good(odd), Kind::NotCanonical);
    let mut odd = member("é", b"x");
    let signed: i32 = odd[..512]
        .iter()
        .enumerate()
        .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { i32::from(byte.cast_signed()) })
        .sum();
    odd[148..156].copy_from_slice(format!("{signed:06o}\0 ").as_bytes());
    refused("signed", gzip(&finish(odd)), Kind::NotCanonical);
}

#[test]
fn members_in_another_order_are_refused() {
    let two = |first: &str, second: &str| {
        gzip(&finish([member(first, b"1"), member(second, b"2")].concat()))
    };
    refused("descending", two("b", "a"), Kind::NotCanonical);
    refused("twice", two("a", "a"), Kind::NotCanonical);
    refused("folded order", two("a", "B"), Kind::NotCanonical);
    refused("file before its folder's sibling", two("a/b", "a-b"), Kind::NotCanonical);
    assert!(read(&two("B", "a"), LIMITS).is_ok());
    assert!(read(&two("a-b", "a/b"), LIMITS).is_ok());
    // Two spellings of one name: with the split elsewhere than Python's.
    let name = format!("{}/{}/{}", "p".repeat(40), "q".repeat(40), "n".repeat(50));
    let odd = member_with(&name, b"x", |block| {
        block[..100].fill(0);
        block[345..500].fill(0);
        set(block, 0, "n".repeat(50).as_bytes());
        set(block, 345, format!("{}/{}", "p".repeat(40), "q".repeat(40)).as_bytes());
    });
    refused("another split", gzip(&finish(odd)), Kind::NotCanonical);
}

#[test]
fn hostile_names_are_refused() {
    let names = [
        "/abs",
        "..",
        ".",
        "../up",
        "a/../b",
        "a/./b",
        "./a",
        "a//b",
        "a/",
        "a\\b",
        "\\\\host\\x",
        "c:x",
        "C:\\x",
        "a:stream",
        "NUL",
        "nul.txt",
        "aux",
        "COM1",
        "lpt9.log",
        "CONIN$",
        "a.",
        "a ",
        "dir./x",
        "a\nb",
        "a\x1b[31mb",
        "a\u{202e}b",
        "a\u{200b}b",
        "\u{feff}a",
        "e\u{301}",
        "\u{7f}",
        "a\tb",
    ];
    for name in names {
        assert!(name.parse::<RelPath>().is_err(), "{name:?}");
        refused(&format!("{name:?}"), gzip(&finish(member(name, b"x"))), Kind::NotCanonical);
    }
    let upwards = member_with("x", b"x", |block| set(block, 345, b"../.."));
    refused("prefix upwards", gzip(&finish(upwards)), Kind::NotCanonical);
}

#[test]
fn archives_with_another_end_are_refused() {
    let body = [member("a", b"first"), member("b", &[1; 600])].concat();
    let whole = finish(body.clone());
    let with = |extra: &[u8]| gzip(&[&body[..], extra].concat());
    refused("no end", with(&[]), Kind::Malformed);
    refused("one empty block", with(&[0; 512]), Kind::Malformed);
    refused("no end of the record", with(&[0; 1024]), Kind::Malformed);
    let record = whole.len() - body.len();
    refused("half a record", with(&vec![0; record - 512]), Kind::Malformed);
    refused("half a block", with(&vec![0; record - 1]), Kind::Malformed);
    refused("one record more", with(&vec![0; record + 10_240]), Kind::NotCanonical);
    refused("one block more", with(&vec![0; record + 512]), Kind::NotCanonical);
    refused("one byte more", with(&vec![0; record + 1]), Kind::NotCanonical);
    let mut garbage = vec![0; record];
    garbage[512] = 1;
    refused("a member after one empty block", with(&garbage), Kind::NotCanonical);
    let mut garbage = vec![0; record];
    garbage[record - 1] = 1;
    refused("data in the last record", with(&garbage), Kind::NotCanonical);
    refused(
        "a second archive",
        gzip(&[whole.clone(), finish(member("c", b"x"))].concat()),
        Kind::NotCanonical,
    );
    let mut hidden = [0; 512].to_vec();
    hidden.extend_from_slice(&member("c", b"x"));
    refused(
        "a member behind an empty block",
        gzip(&finish([body, hidden].concat())),
        Kind::NotCanonical,
    );
    let mut padded = whole;
    padded[512 + 5] = b'!';
    refused("data in a member's padding", gzip(&padded), Kind::NotCanonical);
}

#[test]
fn archives_that_end_early_are_refused() {
    let tar = finish([member("a", &[1; 3000]), member("b", b"")].concat());
    for length in (0..tar.len()).step_by(512) {
        refused(&format!("tar of {length} bytes"), gzip(&tar[..length]), Kind::Malformed);
    }
    let gz = gzip(&tar);
    for length in 0..gz.len() {
        let answer = read(&gz[..length], LIMITS);
        assert!(
            matches!(answer, Err(ArchiveError::Malformed(_))),
            "gzip of {length} bytes: {answer:?}"
        );
    }
    let huge = gzip(&finish(header("a", MAX_MEMBER_BYTES, |_| {}).to_vec()));
    refused("a member that says it is 8 GiB", huge, Kind::Malformed);
}

#[test]
fn gzip_in_another_form_is_refused() {
    let tar = finish(member("a", b"first"));
    let (body, end) = (deflate(&tar), trailer(&tar));
    let with_header = |header: &[u8]| [header, &body, &end].concat();
    let changed = |at: usize, to: u8| {
        let mut header = GZIP_HEADER;
        header[at] = to;
        with_header(&header)
    };
    assert!(read(&with_header(&GZIP_HEADER), LIMITS).is_ok());
    for (what, at, to) in [
        ("FTEXT", 3, 1),
        ("reserved flags", 3, 0xe0),
        ("time", 4, 1),
        ("last byte of the time", 7, 1),
        ("best compression", 8, 2),
        ("fastest compression", 8, 4),
        ("Unix", 9, 3),
        ("FAT", 9, 0),
    ] {
        refused(what, changed(at, to), Kind::NotCanonical);
    }
    for (what, at, to) in
        [("other magic", 0, 0x1e), ("compress(1)", 1, 0x9d), ("other method", 2, 7)]
    {
        refused(what, changed(at, to), Kind::Malformed);
    }
    let optional = |flag: u8, field: &[u8]| {
        let mut header = GZIP_HEADER.to_vec();
        header[3] = flag;
        with_header(&[&header[..], field].concat())
    };
    refused("FNAME", optional(8, b"packet.tar\0"), Kind::NotCanonical);
    refused("FCOMMENT", optional(16, b"hello\0"), Kind::NotCanonical);
    refused("FEXTRA", optional(4, b"\x04\0abcd"), Kind::NotCanonical);
    let head = [&GZIP_HEADER[..3], &[2], &GZIP_HEADER[4..]].concat();
    let sum = trailer(&head);
    refused("FHCRC", optional(2, &sum[..2]), Kind::NotCanonical);

    let whole = gzip(&tar);
    refused("two members", [&whole[..], &whole].concat(), Kind::NotCanonical);
    refused("an empty second member", [&whole[..], &gzip(b"")].concat(), Kind::NotCanonical);
    let (left, right) = tar.split_at(4096);
    refused("one archive in two members", [gzip(left), gzip(right)].concat(), Kind::NotCanonical);
    refused("one byte after the end", [&whole[..], b"\0"].concat(), Kind::NotCanonical);
    refused("zeros after the end", [&whole[..], &[0; 1 << 20]].concat(), Kind::NotCanonical);
    for at in 1..=8 {
        let mut broken = whole.clone();
        let at = broken.len() - at;
        broken[at] ^= 1;
        refused("check sum or length", broken, Kind::Malformed);
    }
    refused("nothing", Vec::new(), Kind::Malformed);
    refused("gzip of nothing", gzip(b""), Kind::Malformed);
    refused("no gzip", tar.clone(), Kind::Malformed);
    refused("text", b"hello".to_vec(), Kind::Malformed);
    refused("zip", b"PK\x03\x04".repeat(100), Kind::Malformed);
    let noise = Random(4).bytes(100_000);
    refused("noise in the compressed data", [&GZIP_HEADER[..], &noise].concat(), Kind::Malformed);
    // A reserved block type, a stored block with a wrong length, a distance before the start.
    for broken in [&[0x07][..], &[0x01, 5, 0, 0, 0], &[0x03, 0x02, 0, 0]] {
        refused("deflate", [&GZIP_HEADER[..], broken, &[0; 64]].concat(), Kind::Malformed);
    }
}

#[test]
fn more_than_is_allowed_is_refused() {
    let many: Vec<u8> =
        (0..100_000).flat_map(|number| member(&format!("{number:06}"), b"x")).collect();
    let limits = Limits { unpacked_bytes: 1 << 30, packed_bytes: 1 << 30, ..LIMITS };
    refused_under("100,000 members", gzip(&finish(many)), limits, Kind::OverLimit);

    let members: Members = (0..10).map(|number| (format!("{number}"), vec![1; 100])).collect();
    let tar = tar_of(&members);
    let gz = gzip(&tar);
    let exact =
        Limits { packed_bytes: gz.len() as u64, unpacked_bytes: tar.len() as u64, members: 10 };
    assert!(read(&gz, exact).is_ok());
    for (what, limits) in [
        ("packed bytes", Limits { packed_bytes: exact.packed_bytes - 1, ..exact }),
        ("unpacked bytes", Limits { unpacked_bytes: exact.unpacked_bytes - 1, ..exact }),
        ("members", Limits { members: 9, ..exact }),
        ("no members", Limits { members: 0, ..exact }),
        ("nothing", Limits { packed_bytes: 0, unpacked_bytes: 0, members: 0 }),
    ] {
        refused_under(what, gz.clone(), limits, Kind::OverLimit);
    }
}

/// A gibibyte of zeros in a mebibyte: given up at the limit, not at the end.
#[test]
fn a_bomb_is_given_up_at_the_limit() {
    struct Counted<'a>(&'a [u8], &'a mut usize);
    impl Read for Counted<'_> {
        fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
            let count = self.0.read(target)?;
            *self.1 += count;
            Ok(count)
        }
    }
    let zeros = vec![0; 1 << 20];
    let mut state = Compress::new(Compression::new(9), false);
    let mut bomb = GZIP_HEADER.to_vec();
    for start in [header("a", 1 << 30, |_| {}).to_vec(), zeros.clone()] {
        let mut part = Vec::with_capacity(1 << 16);
        state.compress_vec(&start, &mut part, FlushCompress::Full).unwrap();
        bomb.extend_from_slice(&part);
    }
    // After a full flush a block does not look back: the same block again is the same zeros.
    let mut part = Vec::with_capacity(1 << 16);
    state.compress_vec(&zeros, &mut part, FlushCompress::Full).unwrap();
    for _ in 1..1024 {
        bomb.extend_from_slice(&part);
    }
    assert!(bomb.len() > 1 << 20);
    let (answer, taken) = within(60, move || {
        let mut taken = 0;
        let limits = Limits { unpacked_bytes: 16 << 20, ..LIMITS };
        let answer = archive::unpack(Counted(&bomb, &mut taken), limits, |_, _, _| Ok(()));
        (answer, taken)
    });
    assert!(matches!(answer, Err(ArchiveError::OverLimit(_))), "{answer:?}");
    assert!(taken <= 256 << 10, "{taken} bytes of the bomb were read");
}

/// Any bit of the frame flipped: refused, or the same archive; never a panic.
#[test]
fn flipped_bits_never_panic_and_never_pass_for_another_archive() {
    let members: Members =
        vec![("a".to_owned(), b"first".to_vec()), ("b/c".to_owned(), vec![9; 700])];
    let tar = tar_of(&members);
    let content = [512..517, 1536..2236];
    for at in 0..tar.len() {
        let mut changed = tar.clone();
        changed[at] ^= 1 << (at % 8);
        let answer = read(&gzip(&changed), LIMITS);
        let in_content = content.iter().any(|range| range.contains(&at));
        assert_eq!(answer.is_ok(), in_content, "byte {at} of the tar");
    }
    let gz = gzip(&tar);
    for bit in 0..gz.len() * 8 {
        let mut changed = gz.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        if let Ok((unpacked, back)) = read(&changed, LIMITS) {
            assert!(unpacked.tar_sha256 == Digest::of(&tar) && back == members, "bit {bit}");
        }
    }
}
