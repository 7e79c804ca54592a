//! `demo`: placeholder while the straight line is laid.
use super::{exit::Failure, session::Session};
use std::process::ExitCode;
/// Runs the whole story.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Where it is written
    #[arg(long, value_name = "DIR", default_value = "target/demo")]
    dir: std::path::PathBuf,
}
/// Runs the verb.
pub(super) fn run(args: &Args, session: &Session) -> Result<ExitCode, Failure> {
    session.note(&args.dir.display().to_string());
    Ok(ExitCode::from(3))
}
