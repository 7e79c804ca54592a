//! The canonical archive: ustar in one gzip member, in exactly one form.
//!
//! ustar (POSIX.1-1988): members sorted by the bytes of their names, mode 0644, owner 0, no owner
//! names, time 0, device fields empty, regular files only, no PAX or GNU records, 10,240-byte
//! records. Python's `tarfile` writes the same bytes with `USTAR_FORMAT` and those values.
//!
//! gzip (RFC 1952): one member, the fixed header below, nothing after it. The data is cut into
//! blocks of a fixed size, each compressed by itself with the 32 KiB before it as a dictionary, so
//! that the bytes do not depend on the number of threads.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use flate2::{Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress, Status};

use crate::digest::{Digest, HashingWriter};
use crate::path::RelPath;
use crate::tree::TreeError;

const BLOCK: usize = 512;
const RECORD: u64 = 10_240;
/// The largest member that ustar's eleven octal digits can tell.
pub const MAX_MEMBER_BYTES: u64 = 0o77_777_777_777;
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// How much data is compressed by itself.
const CHUNK: usize = 256 << 10;
const WINDOW: usize = 32 << 10;
/// How many chunks wait between two threads.
const AHEAD: usize = 8;

/// Where a member's bytes come from.
pub enum MemberSource<'a> {
    /// Bytes in memory.
    Bytes(Vec<u8>),
    /// A file, opened when its turn comes; it must hold exactly `size` bytes.
    File {
        /// Opens the file.
        open: Box<dyn FnOnce() -> Result<Box<dyn Read>, TreeError> + 'a>,
        /// Its size in bytes.
        size: u64,
    },
}

/// A member that was written: its name, its digest, its size in bytes.
pub type Member = (RelPath, Digest, u64);

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The digest of the compressed archive.
    pub sha256: Digest,
    /// The size of the compressed archive, in bytes.
    pub size: u64,
    /// The digest of the archive inside.
    pub tar_sha256: Digest,
    /// The digest of every member, in order.
    pub members: Vec<Member>,
}

/// Why an archive could not be written or was refused.
#[derive(Debug)]
#[non_exhaustive]
pub enum ArchiveError {
    /// A source could not be read.
    Source(TreeError),
    /// The archive itself could not be read or written.
    Io(io::Error),
    /// A member's name or size does not fit ustar.
    DoesNotFit {
        /// The member.
        path: String,
        /// What does not fit.
        problem: &'static str,
    },
    /// Not one gzip member that holds one tar archive.
    Malformed(String),
    /// Readable, and not in the canonical form.
    NotCanonical(String),
    /// More than is allowed.
    OverLimit(String),
}

impl fmt::Display for ArchiveError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(error) => error.fmt(formatter),
            Self::Io(error) => error.fmt(formatter),
            Self::DoesNotFit { path, problem } => write!(formatter, "`{path}`: {problem}"),
            Self::Malformed(problem) | Self::NotCanonical(problem) | Self::OverLimit(problem) => {
                formatter.write_str(problem)
            }
        }
    }
}

impl std::error::Error for ArchiveError {}

impl From<io::Error> for ArchiveError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Writes the canonical archive in one pass: members are read, hashed, framed, compressed and
/// hashed again as they go by.
///
/// `next` is asked for one member after the other, in ascending order of their names, and sees the
/// digests of those before.
///
/// # Errors
///
/// [`ArchiveError`] when a source does not hold what was said, or the archive cannot be written.
pub fn pack<'a>(
    out: impl Write + Send,
    mut next: impl FnMut(&[Member]) -> Option<(RelPath, MemberSource<'a>)>,
) -> Result<Packed, ArchiveError> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    std::thread::scope(|scope| {
        let (to_writer, from_workers) = sync_channel::<Receiver<Compressed>>(AHEAD);
        let writer = scope.spawn(move || write_gzip(out, &from_workers));
        let mut pool = Vec::new();
        for _ in 0..workers {
            let (sender, jobs) = sync_channel::<Job>(1);
            scope.spawn(move || {
                for job in jobs {
                    // The writer is gone only when it failed; it then says why.
                    let _ = job.reply.send(compress(&job.data, &job.dictionary, job.last));
                }
            });
            pool.push(sender);
        }
        let chunks = Chunks {
            pool: pool.into(),
            to_writer,
            data: Vec::with_capacity(CHUNK),
            dictionary: Vec::new(),
        };
        let mut tar = TarWriter { out: HashingWriter::new(chunks), length: 0, members: Vec::new() };
        let written = (|| {
            while let Some((path, source)) = next(&tar.members) {
                tar.member(path, source)?;
            }
            tar.finish()
        })();
        let finished = writer.join().expect("the writing thread does not panic");
        let (sha256, size, crc_length) = finished?;
        let (tar_sha256, tar_length, members) = written?;
        debug_assert_eq!(crc_length, tar_length & 0xffff_ffff);
        Ok(Packed { sha256, size, tar_sha256, members })
    })
}

struct TarWriter {
    out: HashingWriter<Chunks>,
    length: u64,
    members: Vec<Member>,
}

impl TarWriter {
    fn member(&mut self, path: RelPath, source: MemberSource<'_>) -> Result<(), ArchiveError> {
        assert!(
            self.members.last().is_none_or(|(before, ..)| *before < path),
            "members are packed in ascending order"
        );
        let (size, digest) = match source {
            MemberSource::Bytes(bytes) => {
                let size = bytes.len() as u64;
                self.put(&header(&path, size)?)?;
                self.put(&bytes)?;
                (size, Digest::of(&bytes))
            }
            MemberSource::File { open, size } => {
                self.put(&header(&path, size)?)?;
                let mut reader = open().map_err(ArchiveError::Source)?;
                (size, self.copy(&mut reader, size, &path)?)
            }
        };
        self.put(&ZEROS[..padding(size)])?;
        self.members.push((path, digest, size));
        Ok(())
    }

    fn copy(
        &mut self,
        reader: &mut dyn Read,
        size: u64,
        path: &RelPath,
    ) -> Result<Digest, ArchiveError> {
        let changed = || ArchiveError::Source(TreeError::Changed { path: path.as_str().into() });
        let mut hash = HashingWriter::new(io::sink());
        let mut buffer = vec![0; 128 << 10];
        let mut rest = size;
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(ArchiveError::Source(TreeError::io(path.as_str().as_ref(), error)));
                }
            };
            if count as u64 > rest || (count == 0 && rest > 0) {
                return Err(changed());
            }
            if count == 0 {
                return Ok(hash.finish().0);
            }
            hash.write_all(&buffer[..count])?;
            self.put(&buffer[..count])?;
            rest -= count as u64;
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.length += bytes.len() as u64;
        Ok(self.out.write_all(bytes)?)
    }

    /// Two empty blocks, then zeros to the end of the record.
    fn finish(mut self) -> Result<(Digest, u64, Vec<Member>), ArchiveError> {
        let end = (self.length + 2 * BLOCK as u64).div_ceil(RECORD) * RECORD;
        let zeros = usize::try_from(end - self.length).expect("at most two records");
        self.put(&vec![0; zeros])?;
        let (digest, length, chunks) = self.out.finish();
        chunks.finish()?;
        Ok((digest, length, self.members))
    }
}

const ZEROS: [u8; BLOCK] = [0; BLOCK];

fn padding(size: u64) -> usize {
    let over = usize::try_from(size % BLOCK as u64).expect("below 512");
    if over == 0 { 0 } else { BLOCK - over }
}

/// The one header of a member.
fn header(path: &RelPath, size: u64) -> Result<[u8; BLOCK], ArchiveError> {
    let does_not_fit = |problem| ArchiveError::DoesNotFit { path: path.to_string(), problem };
    if size > MAX_MEMBER_BYTES {
        return Err(does_not_fit("larger than 8 GiB, the most that ustar can tell"));
    }
    let (prefix, name) =
        split_name(path.as_str()).ok_or_else(|| does_not_fit("the name is too long for ustar"))?;
    let mut block = [0; BLOCK];
    let mut put = |at: usize, text: &[u8]| block[at..at + text.len()].copy_from_slice(text);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    put(345, prefix.as_bytes());
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(block)
}

/// Splits a name as Python's `tarfile` does: no prefix when it fits, else the shortest one.
fn split_name(name: &str) -> Option<(&str, &str)> {
    if name.len() <= 100 {
        return Some(("", name));
    }
    name.match_indices('/')
        .map(|(at, _)| (&name[..at], &name[at + 1..]))
        .find(|(prefix, rest)| prefix.len() <= 155 && rest.len() <= 100)
}

/// Cuts the archive into chunks and hands them to the compressing threads in turn.
struct Chunks {
    pool: VecDeque<SyncSender<Job>>,
    to_writer: SyncSender<Receiver<Compressed>>,
    data: Vec<u8>,
    dictionary: Vec<u8>,
}

struct Job {
    data: Vec<u8>,
    dictionary: Vec<u8>,
    last: bool,
    reply: SyncSender<Compressed>,
}

struct Compressed {
    deflated: Vec<u8>,
    crc: Crc,
}

impl Chunks {
    fn send(&mut self, last: bool) -> io::Result<()> {
        let data = std::mem::replace(&mut self.data, Vec::with_capacity(CHUNK));
        let tail = data.len().saturating_sub(WINDOW);
        let dictionary = std::mem::replace(&mut self.dictionary, data[tail..].to_vec());
        let (reply, answer) = sync_channel(1);
        let worker = self.pool.pop_front().expect("the pool is never empty");
        let sent = worker.send(Job { data, dictionary, last, reply });
        self.pool.push_back(worker);
        let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "the archive cannot be written");
        sent.map_err(|_| gone())?;
        self.to_writer.send(answer).map_err(|_| gone())
    }

    fn finish(mut self) -> io::Result<()> {
        self.send(true)
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.data.len() == CHUNK {
            self.send(false)?;
        }
        let count = bytes.len().min(CHUNK - self.data.len());
        self.data.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The most bytes of one stored block (RFC 1951, section 3.2.4).
const MAX_STORED: usize = 65_535;

/// Tells whether deflate would gain nothing on a chunk, by its answer on a sample: sixteen pieces
/// spread over the chunk. Media, archives and keys are such data, and trying takes the longest.
fn is_incompressible(data: &[u8]) -> bool {
    const PIECE: usize = 1 << 10;
    if data.len() < 32 * PIECE {
        return false;
    }
    let step = data.len() / 16;
    let sample: Vec<u8> =
        (0..16).flat_map(|index| &data[index * step..index * step + PIECE]).copied().collect();
    let mut deflated = Vec::with_capacity(sample.len() * 2);
    Compress::new(Compression::new(1), false)
        .compress_vec(&sample, &mut deflated, FlushCompress::Finish)
        .expect("deflate does not fail on memory");
    deflated.len() >= sample.len()
}

/// Writes a chunk as stored blocks; the chunk before has ended at a byte boundary.
fn store(data: &[u8], last: bool) -> Vec<u8> {
    let mut blocks = Vec::with_capacity(data.len() + data.len() / MAX_STORED * 5 + 5);
    let count = data.len().div_ceil(MAX_STORED);
    for (index, block) in data.chunks(MAX_STORED).enumerate() {
        let length = u16::try_from(block.len()).expect("a chunk is cut into stored blocks");
        blocks.push(u8::from(last && index + 1 == count));
        blocks.extend_from_slice(&length.to_le_bytes());
        blocks.extend_from_slice(&(!length).to_le_bytes());
        blocks.extend_from_slice(block);
    }
    blocks
}

fn compress(data: &[u8], dictionary: &[u8], last: bool) -> Compressed {
    let mut crc = Crc::new();
    crc.update(data);
    if is_incompressible(data) {
        return Compressed { deflated: store(data, last), crc };
    }
    // A fresh state for each chunk: a reset one gives other bytes after a dictionary.
    let mut state = Compress::new(Compression::new(6), false);
    if !dictionary.is_empty() {
        state.set_dictionary(dictionary).expect("a fresh raw deflate state takes a dictionary");
    }
    // Each chunk in one call: the library's output depends on how the input is cut.
    let mut deflated = Vec::with_capacity(data.len() + data.len() / 8 + 1024);
    let flush = if last { FlushCompress::Finish } else { FlushCompress::Sync };
    let mut taken = 0;
    loop {
        let before = state.total_in();
        let status = state
            .compress_vec(&data[taken..], &mut deflated, flush)
            .expect("deflate does not fail on memory");
        taken += usize::try_from(state.total_in() - before).expect("no more than was given");
        let done = if last {
            status == Status::StreamEnd
        } else {
            taken == data.len() && deflated.len() < deflated.capacity()
        };
        if done {
            return Compressed { deflated, crc };
        }
        deflated.reserve(64 << 10);
    }
}

fn write_gzip(
    out: impl Write,
    chunks: &Receiver<Receiver<Compressed>>,
) -> Result<(Digest, u64, u64), ArchiveError> {
    let mut out = HashingWriter::new(out);
    out.write_all(&GZIP_HEADER)?;
    let mut crc = Crc::new();
    for chunk in chunks {
        // A worker that was dropped before it answered means that packing was given up.
        let Ok(Compressed { deflated, crc: part }) = chunk.recv() else { break };
        out.write_all(&deflated)?;
        crc.combine(&part);
    }
    out.write_all(&crc.sum().to_le_bytes())?;
    out.write_all(&crc.amount().to_le_bytes())?;
    out.flush()?;
    let (digest, length, _) = out.finish();
    Ok((digest, length, u64::from(crc.amount())))
}

/// How much of an archive is read before it is refused.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest compressed archive, in bytes.
    pub packed_bytes: u64,
    /// The largest archive inside, in bytes.
    pub unpacked_bytes: u64,
    /// The most members.
    pub members: u32,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// The digest of the compressed archive.
    pub sha256: Digest,
    /// The size of the compressed archive, in bytes.
    pub size: u64,
    /// The digest of the archive inside.
    pub tar_sha256: Digest,
}

/// Reads a canonical archive in one pass and shows every member to `visit`, in order.
///
/// Anything but the canonical form is refused at the first byte that departs from it. Memory does
/// not grow with the archive. `visit` gets the member's bytes as a reader and need not read them
/// all.
///
/// # Errors
///
/// [`ArchiveError`]; what `visit` was shown before must then not be used.
pub fn unpack(
    source: impl Read + Send,
    limits: Limits,
    mut visit: impl FnMut(&RelPath, u64, &mut dyn Read) -> io::Result<()>,
) -> Result<Unpacked, ArchiveError> {
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<Vec<u8>>(AHEAD);
        let inflating = scope.spawn(move || inflate(source, limits, &sender));
        let mut tar = TarReader::new(receiver);
        let read = read_members(&mut tar, limits, &mut visit);
        // The rest is drained so that the inflating thread ends with a verdict of its own.
        let drained = tar.drain();
        let inflated = inflating.join().expect("the inflating thread does not panic");
        // What is wrong with the compression is said first: the archive's trouble may follow from it.
        let (sha256, size) = match (inflated, &read) {
            (Err(ArchiveError::Io(error)), Err(_)) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Err(read.expect_err("it is an error"));
            }
            (inflated, _) => inflated?,
        };
        read?;
        if drained > 0 {
            return Err(ArchiveError::NotCanonical("data after the end of the archive".to_owned()));
        }
        Ok(Unpacked { sha256, size, tar_sha256: tar.hash.finish().0 })
    })
}

fn read_members(
    tar: &mut TarReader,
    limits: Limits,
    visit: &mut impl FnMut(&RelPath, u64, &mut dyn Read) -> io::Result<()>,
) -> Result<(), ArchiveError> {
    let mut before: Option<RelPath> = None;
    let mut count = 0_u32;
    loop {
        let block = tar.block()?;
        if block == ZEROS {
            return tar.end();
        }
        count += 1;
        if count > limits.members {
            let problem = format!("more than {} members", limits.members);
            return Err(ArchiveError::OverLimit(problem));
        }
        let (path, size) = parse_header(&block)?;
        if before.as_ref().is_some_and(|before| *before >= path) {
            let problem = format!("`{path}` is out of order or stands twice");
            return Err(ArchiveError::NotCanonical(problem));
        }
        tar.rest = size;
        visit(&path, size, tar)?;
        io::copy(tar, &mut io::sink())?;
        if tar.broken {
            return Err(truncated());
        }
        tar.zeros(padding(size))?;
        before = Some(path);
    }
}

fn truncated() -> ArchiveError {
    ArchiveError::Malformed("the archive ends in the middle".to_owned())
}

/// Reads name and size and holds the block against the one header they have.
fn parse_header(block: &[u8; BLOCK]) -> Result<(RelPath, u64), ArchiveError> {
    let not_canonical = |problem: &str| ArchiveError::NotCanonical(problem.to_owned());
    let text = |range: std::ops::Range<usize>| {
        let field = &block[range];
        let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
        std::str::from_utf8(&field[..end]).ok()
    };
    let (Some(name), Some(prefix)) = (text(0..100), text(345..500)) else {
        return Err(not_canonical("a member's name is not UTF-8 text"));
    };
    let whole = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
    let shown = whole.escape_debug().to_string();
    let size = text(124..136)
        .filter(|digits| digits.len() == 11 && digits.bytes().all(|b| (b'0'..=b'7').contains(&b)))
        .and_then(|digits| u64::from_str_radix(digits, 8).ok())
        .ok_or_else(|| not_canonical(&format!("`{shown}`: the size is not 11 octal digits")))?;
    let path: RelPath =
        whole.parse().map_err(|error| ArchiveError::NotCanonical(format!("{error}")))?;
    let expected = header(&path, size).map_err(|error| not_canonical(&error.to_string()))?;
    if expected != *block {
        let at = (0..BLOCK).find(|at| expected[*at] != block[*at]).unwrap_or(0);
        let problem =
            format!("`{shown}`: the header has another {} than the canonical one", field_at(at));
        return Err(ArchiveError::NotCanonical(problem));
    }
    Ok((path, size))
}

fn field_at(offset: usize) -> &'static str {
    match offset {
        0..=99 => "name",
        100..=107 => "mode",
        108..=123 => "owner",
        124..=135 => "size",
        136..=147 => "modification time",
        148..=155 => "checksum",
        156 => "type (a regular file is `0`)",
        157..=256 => "link name",
        257..=264 => "format mark",
        265..=328 => "owner name",
        329..=344 => "device number",
        345..=499 => "prefix",
        _ => "padding",
    }
}

/// The archive as it comes from the inflating thread.
struct TarReader {
    chunks: Receiver<Vec<u8>>,
    chunk: Vec<u8>,
    at: usize,
    hash: HashingWriter<io::Sink>,
    /// Bytes of the current member that are still to come.
    rest: u64,
    broken: bool,
}

impl TarReader {
    fn new(chunks: Receiver<Vec<u8>>) -> Self {
        let hash = HashingWriter::new(io::sink());
        Self { chunks, chunk: Vec::new(), at: 0, hash, rest: 0, broken: false }
    }

    /// Makes sure that there are bytes, or that there are none to come.
    fn fill(&mut self) -> bool {
        while self.at == self.chunk.len() {
            match self.chunks.recv() {
                Ok(chunk) => {
                    self.hash.write_all(&chunk).expect("a sink takes everything");
                    (self.chunk, self.at) = (chunk, 0);
                }
                Err(_) => return false,
            }
        }
        true
    }

    fn take(&mut self, target: &mut [u8]) -> usize {
        if !self.fill() {
            return 0;
        }
        let count = target.len().min(self.chunk.len() - self.at);
        target[..count].copy_from_slice(&self.chunk[self.at..self.at + count]);
        self.at += count;
        count
    }

    fn block(&mut self) -> Result<[u8; BLOCK], ArchiveError> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            match self.take(&mut block[filled..]) {
                0 => return Err(truncated()),
                count => filled += count,
            }
        }
        Ok(block)
    }

    fn zeros(&mut self, count: usize) -> Result<(), ArchiveError> {
        let mut filled = 0;
        let mut buffer = ZEROS;
        while filled < count {
            match self.take(&mut buffer[..count - filled]) {
                0 => return Err(truncated()),
                taken if buffer[..taken].iter().any(|byte| *byte != 0) => {
                    let problem = "data where the archive has to be padded with zeros";
                    return Err(ArchiveError::NotCanonical(problem.to_owned()));
                }
                taken => filled += taken,
            }
        }
        Ok(())
    }

    /// After the first empty block: a second one, then zeros to the end of the record.
    fn end(&mut self) -> Result<(), ArchiveError> {
        self.zeros(BLOCK)?;
        let read = self.hash.length() - (self.chunk.len() - self.at) as u64;
        let rest = read.div_ceil(RECORD) * RECORD - read;
        (0..rest / BLOCK as u64).try_for_each(|_| self.zeros(BLOCK))
    }

    /// Reads what is left and counts it.
    fn drain(&mut self) -> u64 {
        let mut left = (self.chunk.len() - self.at) as u64;
        while let Ok(chunk) = self.chunks.recv() {
            left += chunk.len() as u64;
            self.hash.write_all(&chunk).expect("a sink takes everything");
        }
        left
    }
}

impl Read for TarReader {
    /// Reads the current member.
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.rest).unwrap_or(usize::MAX).min(target.len());
        if most == 0 {
            return Ok(0);
        }
        let count = self.take(&mut target[..most]);
        if count == 0 {
            self.broken = true;
            self.rest = 0;
            return Ok(0);
        }
        self.rest -= count as u64;
        Ok(count)
    }
}

/// Inflates one gzip member of the canonical kind and hashes the compressed bytes on the way.
fn inflate(
    mut source: impl Read,
    limits: Limits,
    out: &SyncSender<Vec<u8>>,
) -> Result<(Digest, u64), ArchiveError> {
    let malformed = |problem: &str| ArchiveError::Malformed(problem.to_owned());
    let mut hash = HashingWriter::new(io::sink());
    let mut input = vec![0; 128 << 10];
    let mut fill = |input: &mut Vec<u8>, hash: &mut HashingWriter<io::Sink>| loop {
        match source.read(input) {
            Ok(count) => {
                hash.write_all(&input[..count]).expect("a sink takes everything");
                let packed = hash.length();
                if packed > limits.packed_bytes {
                    let problem = format!("larger than {} bytes", limits.packed_bytes);
                    return Err(ArchiveError::OverLimit(problem));
                }
                return Ok(count);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ArchiveError::Io(error)),
        }
    };
    let mut state = Decompress::new(false);
    let mut crc = Crc::new();
    let mut frame = Frame { header: Vec::new(), trailer: Vec::new() };
    let mut done = false;
    let mut unpacked = 0_u64;
    loop {
        let count = fill(&mut input, &mut hash)?;
        if count == 0 {
            break;
        }
        let mut rest = frame.take_header(&input[..count])?;
        while !rest.is_empty() && !done {
            let mut chunk = Vec::with_capacity(CHUNK);
            loop {
                let before = state.total_in();
                let status = state
                    .decompress_vec(rest, &mut chunk, FlushDecompress::None)
                    .map_err(|_| malformed("the compressed data is broken"))?;
                let used =
                    usize::try_from(state.total_in() - before).expect("no more than was given");
                rest = &rest[used..];
                done = status == Status::StreamEnd;
                if done
                    || chunk.len() == CHUNK
                    || (used == 0 && chunk.len() < CHUNK)
                    || rest.is_empty() && chunk.len() < CHUNK
                {
                    break;
                }
            }
            unpacked += chunk.len() as u64;
            if unpacked > limits.unpacked_bytes {
                let problem = format!("unpacks to more than {} bytes", limits.unpacked_bytes);
                return Err(ArchiveError::OverLimit(problem));
            }
            crc.update(&chunk);
            if !chunk.is_empty() && out.send(chunk).is_err() {
                return Err(ArchiveError::Io(io::ErrorKind::BrokenPipe.into()));
            }
        }
        if done {
            frame.trailer.extend_from_slice(rest);
            if frame.trailer.len() > 8 {
                let problem = "data after the end of the gzip member";
                return Err(ArchiveError::NotCanonical(problem.to_owned()));
            }
        }
    }
    if frame.header.len() < GZIP_HEADER.len() || !done || frame.trailer.len() < 8 {
        return Err(malformed("the file ends in the middle of the gzip member"));
    }
    let expected = [crc.sum().to_le_bytes(), crc.amount().to_le_bytes()].concat();
    if frame.trailer != expected {
        return Err(malformed("the data does not have the check sum or length that gzip states"));
    }
    let (digest, length, _) = hash.finish();
    Ok((digest, length))
}

/// What stands around the compressed data.
struct Frame {
    header: Vec<u8>,
    trailer: Vec<u8>,
}

impl Frame {
    fn take_header<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], ArchiveError> {
        let missing = GZIP_HEADER.len() - self.header.len();
        let (header, rest) = input.split_at(missing.min(input.len()));
        self.header.extend_from_slice(header);
        if self.header[..] == GZIP_HEADER[..self.header.len()] {
            return Ok(rest);
        }
        let magic = &self.header[..self.header.len().min(3)];
        if *magic == GZIP_HEADER[..magic.len()] {
            let problem = "the gzip header has a name, comment, time or system; expected none";
            return Err(ArchiveError::NotCanonical(problem.to_owned()));
        }
        Err(ArchiveError::Malformed("not a gzip file".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of every kind: runs, text, and what does not compress.
    fn mixed(length: usize) -> Vec<u8> {
        let mut bytes = vec![7; length / 3];
        while bytes.len() < length * 2 / 3 {
            bytes.extend_from_slice(format!("line {}\n", bytes.len()).as_bytes());
        }
        let mut block = Digest::of(b"seed");
        while bytes.len() < length {
            bytes.extend_from_slice(block.as_bytes());
            block = Digest::of(block.as_bytes());
        }
        bytes.truncate(length);
        bytes
    }

    const LIMITS: Limits = Limits { packed_bytes: 1 << 30, unpacked_bytes: 1 << 30, members: 100 };

    #[test]
    fn what_is_packed_comes_out_again() {
        let sizes = [0, 1, 511, 512, 513, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 5_000_000];
        let members: Vec<(RelPath, Vec<u8>)> = sizes
            .iter()
            .enumerate()
            .map(|(index, size)| (format!("member-{index:02}").parse().unwrap(), mixed(*size)))
            .collect();
        let mut sources =
            members.iter().map(|(path, bytes)| (path.clone(), MemberSource::Bytes(bytes.clone())));
        let mut file = Vec::new();
        let packed = pack(&mut file, |_| sources.next()).unwrap();
        assert_eq!(packed.sha256, Digest::of(&file));
        let mut seen = Vec::new();
        let unpacked = unpack(file.as_slice(), LIMITS, |path, size, bytes| {
            let mut whole = Vec::new();
            bytes.read_to_end(&mut whole)?;
            assert_eq!(whole.len() as u64, size);
            seen.push((path.clone(), whole));
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, members);
        assert_eq!((unpacked.sha256, unpacked.tar_sha256), (packed.sha256, packed.tar_sha256));
    }

    #[test]
    fn data_that_does_not_compress_is_stored() {
        let random = mixed(9 * CHUNK)[7 * CHUNK..8 * CHUNK].to_vec();
        assert!(is_incompressible(&random));
        assert!(!is_incompressible(&mixed(CHUNK)[..CHUNK / 3]));
        let compressed = compress(&random, &[], true);
        assert!(compressed.deflated.len() < random.len() + 64);
    }

    #[test]
    fn a_missing_tail_is_noticed_wherever_it_is_cut() {
        let mut file = Vec::new();
        let mut sources = [("a".parse().unwrap(), MemberSource::Bytes(mixed(100_000)))].into_iter();
        pack(&mut file, |_| sources.next()).unwrap();
        for length in (0..file.len()).step_by(997) {
            let cut = unpack(&file[..length], LIMITS, |_, _, _| Ok(()));
            assert!(matches!(cut, Err(ArchiveError::Malformed(_))), "{length}: {cut:?}");
        }
    }
}
