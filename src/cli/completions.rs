//! `completions`: what a shell needs to complete verbs and flags.

use std::process::ExitCode;

use clap_complete::Shell;

use super::exit::{self, Failure};
use super::session::Session;

/// Writes the completions of a shell.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign completions bash > ~/.local/share/bash-completion/completions/countersign
  countersign completions zsh > \"${{fpath[1]}}/_countersign\"
  countersign completions fish > ~/.config/fish/completions/countersign.fish
  countersign completions powershell >> $PROFILE

{}", exit::TABLE))]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Runs the verb.
pub(super) fn run(
    args: &Args,
    mut command: clap::Command,
    session: &Session,
) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "countersign", &mut script);
    session.write(&script)?;
    Ok(ExitCode::SUCCESS)
}
