//! Results that are lists of lines: read and hashed on one core, taken apart on the other.
//!
//! Lines are judged in their order, so the answer does not depend on the number of cores. A block
//! of lines is all that is held of the file at any time.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::{LoadResult, ResultError, Shape, csv, ndjson};
use crate::digest::{Digest, HashingWriter};

/// Bytes that are read at once.
const BLOCK: usize = 1 << 20;
/// The longest line.
const MAX_LINE: usize = 1 << 20;

/// What takes the lines of a file apart.
pub(super) trait Lines {
    /// Takes one line, without its end.
    fn line(&mut self, line: &str) -> Result<(), String>;
    /// Says what the lines were.
    fn finish(self) -> Result<LoadResult, String>;
}

/// Reads a list of lines to its end.
pub(super) fn read(shape: Shape, file: impl Read + Send) -> Result<LoadResult, ResultError> {
    match shape {
        Shape::K6Csv => run(shape, file, csv::K6Csv::default()),
        Shape::K6Ndjson
        | Shape::K6SummaryExport
        | Shape::K6HandleSummary
        | Shape::K6MachineReadable
        | Shape::K6Options
        | Shape::Vegeta
        | Shape::LocustJson
        | Shape::LocustCsv
        | Shape::Gatling
        | Shape::Oha
        | Shape::Wrk2 => run(shape, file, ndjson::K6Ndjson::default()),
    }
}

fn run(
    shape: Shape,
    file: impl Read + Send,
    mut lines: impl Lines,
) -> Result<LoadResult, ResultError> {
    let (blocks, incoming) = sync_channel::<Vec<u8>>(4);
    let (spent, empty) = sync_channel::<Vec<u8>>(8);
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || feed(file, &blocks, &empty));
        let judged = take_apart(shape, &incoming, &spent, &mut lines);
        // The reader stops at its next block when nobody takes it.
        drop(incoming);
        let read = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        judged?;
        let (sha256, size) = read.map_err(ResultError::Io)?;
        let mut result =
            lines.finish().map_err(|problem| ResultError::Broken { shape, line: 0, problem })?;
        (result.sha256, result.size) = (sha256, size);
        result.judge_values();
        Ok(result)
    })
}

/// Reads blocks that end at the end of a line, hashes them and passes them on.
fn feed(
    mut file: impl Read,
    blocks: &SyncSender<Vec<u8>>,
    empty: &Receiver<Vec<u8>>,
) -> io::Result<(Digest, u64)> {
    let mut hashing = HashingWriter::new(io::sink());
    let mut rest: Vec<u8> = Vec::new();
    loop {
        let mut block = empty.try_recv().unwrap_or_default();
        block.clear();
        block.extend_from_slice(&rest);
        let before = block.len();
        let read = file.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
        hashing.write_all(&block[before..])?;
        if read == 0 {
            if !block.is_empty() {
                let _ = blocks.send(block);
            }
            let (digest, size, _) = hashing.finish();
            return Ok((digest, size));
        }
        rest.clear();
        match memchr::memrchr(b'\n', &block) {
            Some(end) => {
                rest.extend_from_slice(&block[end + 1..]);
                block.truncate(end + 1);
            }
            // A line longer than a block: the taker refuses it when it is longer than the limit.
            None if block.len() <= MAX_LINE => {
                std::mem::swap(&mut rest, &mut block);
                continue;
            }
            None => {}
        }
        if blocks.send(block).is_err() {
            // The lines were refused; what would follow is not read.
            let (digest, size, _) = hashing.finish();
            return Ok((digest, size));
        }
    }
}

fn take_apart(
    shape: Shape,
    incoming: &Receiver<Vec<u8>>,
    spent: &SyncSender<Vec<u8>>,
    lines: &mut impl Lines,
) -> Result<(), ResultError> {
    let mut number = 0_u64;
    while let Ok(block) = incoming.recv() {
        let broken = |line: u64, problem: &str| ResultError::Broken {
            shape,
            line,
            problem: problem.to_owned(),
        };
        let text = std::str::from_utf8(&block).map_err(|error| {
            let before = &block[..error.valid_up_to()];
            broken(number + memchr::memchr_iter(b'\n', before).count() as u64 + 1, "not UTF-8 text")
        })?;
        let mut start = 0;
        while start < text.len() {
            let end = memchr::memchr(b'\n', &block[start..]).map(|at| start + at);
            let line = &text[start..end.unwrap_or(text.len())];
            start = end.map_or(text.len(), |end| end + 1);
            number += 1;
            if line.len() > MAX_LINE {
                return Err(broken(number, "the line is longer than 1 MiB"));
            }
            let line = line.strip_suffix('\r').unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            lines.line(line).map_err(|problem| {
                let cut = if end.is_none() { "; the file ends in the middle of it" } else { "" };
                broken(number, &format!("{problem}{cut}"))
            })?;
        }
        let _ = spent.try_send(block);
    }
    Ok(())
}
