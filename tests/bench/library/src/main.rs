//! The library's own work without the command line, timed by `tests/bench/run`:
//!
//! ```text
//! countersign-bench pack FOLDER ARCHIVE      hash, tar and compress in one pass
//! countersign-bench unpack ARCHIVE           read in one pass, every member's digest
//! countersign-bench manifests FOLDER         read every document of YAML
//! countersign-bench records SCHEMA FOLDER    judge every record by a JSON Schema
//! ```
//!
//! Exits with 1, and says why, when something is not as it should be.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use countersign::RelPath;
use countersign::digest::HashingWriter;
use countersign::document::{Document, Limits, Schema};
use countersign::packet::archive::{self, unpack};
use countersign::packet::{MemberSource, pack};

type Done = Result<(), Box<dyn Error>>;

const LIMITS: archive::Limits =
    archive::Limits { packed_bytes: 8 << 30, unpacked_bytes: 8 << 30, members: 1_000_000 };

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["pack", folder, out] => write(Path::new(folder), Path::new(out)),
        ["unpack", file] => read(Path::new(file)),
        ["manifests", folder] => manifests(Path::new(folder)),
        ["records", schema, folder] => records(Path::new(schema), Path::new(folder)),
        _ => Err("usage: pack FOLDER ARCHIVE | unpack ARCHIVE | manifests FOLDER | records SCHEMA FOLDER".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The files below a folder, by their names inside it, in the archive's order.
fn files(folder: &Path) -> Result<Vec<(RelPath, PathBuf, u64)>, Box<dyn Error>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(below)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(folder)?.to_string_lossy().parse()?;
                found.push((name, entry.path(), entry.metadata()?.len()));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn write(folder: &Path, out: &Path) -> Done {
    let mut files = files(folder)?.into_iter();
    let packed = pack(BufWriter::new(File::create(out)?), |_| {
        let (name, path, size) = files.next()?;
        let open = Box::new(move || {
            let file = File::open(path).expect("the file is there");
            Ok(Box::new(file) as Box<dyn Read>)
        });
        Some((name, MemberSource::File { open, size }))
    })?;
    let mut stdout = BufWriter::new(io::stdout().lock());
    for (path, digest, _) in &packed.members {
        writeln!(stdout, "{digest}  {path}")?;
    }
    writeln!(stdout, "{}  {}", packed.sha256, out.display())?;
    Ok(())
}

fn read(file: &Path) -> Done {
    let mut stdout = BufWriter::new(io::stdout().lock());
    let mut buffer = vec![0; 256 << 10];
    let read = unpack(File::open(file)?, LIMITS, |path, _, reader| {
        let mut hash = HashingWriter::new(io::sink());
        loop {
            match reader.read(&mut buffer)? {
                0 => break,
                count => hash.write_all(&buffer[..count])?,
            }
        }
        let (digest, _, _) = hash.finish();
        writeln!(stdout, "{digest}  {path}")
    })?;
    writeln!(stdout, "{}  {}", read.sha256, file.display())?;
    Ok(())
}

fn manifests(folder: &Path) -> Done {
    for (name, path, _) in files(folder)? {
        let bytes = fs::read(path)?;
        Document::parse(&name, &bytes, Limits::GOVERNED)
            .map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

fn records(schema: &Path, folder: &Path) -> Done {
    let parse = |name: &RelPath, path: &Path| -> Result<Document, Box<dyn Error>> {
        Ok(Document::parse(name, &fs::read(path)?, Limits::GOVERNED)?)
    };
    let schema = parse(&"schema.json".parse()?, schema)?;
    let schema = Schema::compile(schema.root()?).map_err(|error| format!("{error:?}"))?;
    for (name, path, _) in files(folder)? {
        let violations = schema.violations(parse(&name, &path)?.root()?);
        if !violations.is_empty() {
            return Err(format!("{name}: {violations:?}").into());
        }
    }
    Ok(())
}
