//! `checksums create` and `checksums verify`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use countersign::pipeline::checksums;
use countersign::tree;

use super::exit::{self, Failure};
use super::session::Session;

/// Writes or verifies lists that `sha256sum` reads.
#[derive(clap::Subcommand)]
#[command(after_help = format!("\
Examples:
  countersign checksums create dist -o checksums.txt
  countersign checksums verify checksums.txt --strict

{}", exit::TABLE))]
pub(super) enum Verb {
    /// Write the list of a folder, or of files
    #[command(after_help = format!("\
Examples:
  countersign checksums create dist -o checksums.txt
  countersign checksums create a.tgz b.tgz

{}", exit::TABLE))]
    Create {
        /// A folder, or files by relative names
        #[arg(value_name = "DIR|FILE", required = true)]
        inputs: Vec<PathBuf>,
        /// Where the list is written, instead of standard output
        #[arg(short = 'o', value_name = "FILE")]
        list: Option<PathBuf>,
    },
    /// Hold files against a list
    #[command(after_help = format!("\
Examples:
  countersign checksums verify dist/checksums.txt
  countersign checksums verify checksums.txt --root downloads --strict

{}", exit::TABLE))]
    Verify {
        /// The list
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The folder that the names are relative to; the list's own when absent
        #[arg(long, value_name = "DIR")]
        root: Option<PathBuf>,
        /// Also refuse files that no line names
        #[arg(long)]
        strict: bool,
    },
}

/// Runs the verb.
pub(super) fn run(verb: &Verb, session: &Session) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Create { inputs, list } => {
            let paths: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
            let progress = session.progress_over("hashing", &paths);
            let bytes = checksums::create(inputs)?.to_bytes();
            drop(progress);
            match list {
                Some(path) => tree::write_atomic(path, &bytes, 0o644)?,
                None => session.write(&bytes)?,
            }
            Ok(ExitCode::SUCCESS)
        }
        Verb::Verify { file, root, strict } => {
            let beside = file.parent().filter(|parent| !parent.as_os_str().is_empty());
            let root = root.as_deref().or(beside).unwrap_or_else(|| Path::new("."));
            let progress = session.progress_over("hashing", &[root]);
            let report = checksums::verify(file, root, *strict, session.now, session.replay)?;
            drop(progress);
            session.finish(&report)
        }
    }
}
