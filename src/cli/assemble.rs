//! `assemble`: make an unsigned release directory.

use std::path::PathBuf;
use std::process::ExitCode;

use countersign::Version;
use countersign::packet::{Source, manifest};
use countersign::pipeline::{Error, assemble};

use super::exit::{self, Failure};
use super::session::Session;

/// Checks, collects evidence, and writes the release unsigned.
#[derive(clap::Args)]
// `--version` is the release's here; the tool tells its own as `countersign --version`.
#[command(disable_version_flag = true)]
#[command(after_help = format!("\
Examples:
  countersign assemble --root . --artifacts out --version 0.3.0 \\
    --source git+https://git.example/atlas --commit 39f207e4b20efe6b4e4728c6bbf77d396997358b \\
    --evidence evidence -o dist

A check that does not pass ends here; --allow-blocked writes the release all the same, marks it,
and `verify` refuses it.

{}", exit::TABLE))]
pub(super) struct Args {
    /// The folder that holds `ops/`
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// The folder of artifacts; all of it is released
    #[arg(long, value_name = "DIR")]
    artifacts: PathBuf,
    /// The release's version
    #[arg(long, value_name = "V")]
    version: Version,
    /// The source repository
    #[arg(long, value_name = "URI")]
    source: String,
    /// The source commit
    #[arg(long, value_name = "HEX")]
    commit: String,
    /// The packet of the release before this one
    #[arg(long, value_name = "PACKET")]
    previous: Option<PathBuf>,
    /// A folder of further evidence, one folder an area
    #[arg(long, value_name = "DIR")]
    evidence: Option<PathBuf>,
    /// What the builder calls this build
    #[arg(long, value_name = "URI")]
    invocation: Option<String>,
    /// Write the release although its check does not pass
    #[arg(long)]
    allow_blocked: bool,
    /// The release directory to make
    #[arg(short = 'o', long = "out", value_name = "DIR")]
    out: PathBuf,
}

/// Runs the verb.
pub(super) fn run(args: &Args, session: &Session) -> Result<ExitCode, Failure> {
    if !manifest::is_commit(&args.commit) {
        let problem = "--commit takes 40 or 64 lower-case hexadecimal digits";
        return Err(Failure::Usage(problem.to_owned()));
    }
    let request = assemble::Request {
        root: args.root.clone(),
        artifacts: args.artifacts.clone(),
        version: args.version.clone(),
        source: Source { uri: args.source.clone(), commit: args.commit.clone() },
        previous: args.previous.clone(),
        evidence: args.evidence.clone(),
        invocation: args.invocation.clone(),
        allow_blocked: args.allow_blocked,
        out: args.out.clone(),
        issued_at: session.issued_at,
        now: session.now,
        replay: session.replay,
        issued_at_given: session.issued_at_given,
    };
    let progress = session.progress("assembling");
    let assembled = assemble::assemble(&request);
    drop(progress);
    match assembled {
        Ok(assembled) => {
            session.note(&format!(
                "wrote {} sha256:{}",
                args.out.join(assembled.manifest.packet_name()).display(),
                assembled.packed.sha256
            ));
            session.finish(&assembled.report)
        }
        Err(Error::Blocked(report)) => {
            let code = session.finish(&report)?;
            session.note("nothing was written");
            Ok(code)
        }
        Err(error) => Err(error.into()),
    }
}
