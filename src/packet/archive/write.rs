//! Writing: members are read, hashed, framed, compressed and hashed again as they go by.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use super::header::{ZEROS, header, padding};
use super::{
    AHEAD, ArchiveError, BLOCK, CHUNK, GZIP_HEADER, Member, MemberSource, Packed, RECORD, WINDOW,
};
use crate::digest::{Digest, HashingWriter};
use crate::path::RelPath;
use crate::tree::TreeError;

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

pub(super) struct Compressed {
    pub(super) deflated: Vec<u8>,
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

/// A hundredth larger than level 6 on text, in two thirds of its time.
const LEVEL: u32 = 5;

/// The most bytes of one stored block (RFC 1951, section 3.2.4).
const MAX_STORED: usize = 65_535;

/// Tells whether deflate would gain nothing on a chunk, by its answer on a sample: sixteen pieces
/// spread over the chunk. Media, archives and keys are such data, and trying takes the longest.
pub(super) fn is_incompressible(data: &[u8]) -> bool {
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

pub(super) fn compress(data: &[u8], dictionary: &[u8], last: bool) -> Compressed {
    let mut crc = Crc::new();
    crc.update(data);
    if is_incompressible(data) {
        return Compressed { deflated: store(data, last), crc };
    }
    // A fresh state for each chunk: a reset one gives other bytes after a dictionary.
    let mut state = Compress::new(Compression::new(LEVEL), false);
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
