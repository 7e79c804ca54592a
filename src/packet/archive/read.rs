//! Reading: one pass, and anything but the canonical form is refused at its first byte.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::header::{ZEROS, padding, parse_header};
use super::{AHEAD, ArchiveError, BLOCK, CHUNK, GZIP_HEADER, Limits, RECORD, Unpacked};
use crate::digest::{Digest, HashingWriter};
use crate::path::RelPath;

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
