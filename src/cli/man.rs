//! `man`: manual pages, one a verb.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use countersign::pipeline::Error;
use countersign::tree::{self, TreeError};

use super::exit::{self, Failure};
use super::session::Session;

/// Writes manual pages: the first one to standard output, or all of them to a folder.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign man | man -l -
  countersign man --dir ~/.local/share/man/man1

{}", exit::TABLE))]
pub(super) struct Args {
    /// The folder for the pages of all verbs, `countersign-verify.1` and so on
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Runs the verb.
pub(super) fn run(
    args: &Args,
    mut command: clap::Command,
    session: &Session,
) -> Result<ExitCode, Failure> {
    // Gives every verb the global flags and its whole name.
    command.build();
    let Some(dir) = &args.dir else {
        session.write(&page(&command)?)?;
        return Ok(ExitCode::SUCCESS);
    };
    fs::create_dir_all(dir).map_err(|error| TreeError::io(dir, error))?;
    let mut count = 0;
    write_all(&command, dir, &mut count)?;
    session.write(format!("{count} pages in {}\n", dir.display()).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn write_all(command: &clap::Command, dir: &Path, count: &mut usize) -> Result<(), Failure> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    tree::write_atomic(&dir.join(format!("{name}.1")), &page(command)?, 0o644)?;
    *count += 1;
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        write_all(verb, dir, count)?;
    }
    Ok(())
}

fn page(command: &clap::Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page).map_err(|error| {
        let problem = format!("its page cannot be written: {error}");
        Error::Unusable { path: PathBuf::from(command.get_name()), problem }
    })?;
    Ok(page)
}
