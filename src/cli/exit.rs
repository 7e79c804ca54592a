//! Exit codes: one function for each way out.

use std::fmt;
use std::process::ExitCode;

use countersign::Verdict;
use countersign::pipeline::Error;

use super::render::text::escape;

/// The table that every `--help` ends with.
pub(super) const TABLE: &str = "\
Exit codes:
  0  pass: everything that was asked was evaluated and holds
  1  refused: the input was judged and does not hold
  2  usage: the command line is wrong
  3  undecided: the tool could not judge, or could not write its result";

const REFUSED: u8 = 1;
const USAGE: u8 = 2;
const UNDECIDED: u8 = 3;
/// Internal software error, as `sysexits.h` numbers it.
const SOFTWARE: u8 = 70;

/// Why a verb ended without a report.
#[derive(Debug)]
pub(super) enum Failure {
    /// The library could not judge or write.
    Library(Error),
    /// The result could not be written.
    Output(std::io::Error),
    /// The command line asks for something that cannot be.
    Usage(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

impl From<countersign::tree::TreeError> for Failure {
    fn from(error: countersign::tree::TreeError) -> Self {
        Self::Library(error.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Library(error) => error.fmt(formatter),
            Self::Output(error) => write!(formatter, "the result could not be written: {error}"),
            Self::Usage(problem) => formatter.write_str(problem),
        }
    }
}

/// The only way from a verdict to an exit code.
pub(super) fn of(verdict: Verdict) -> ExitCode {
    match verdict {
        Verdict::Pass | Verdict::Ready => ExitCode::SUCCESS,
        Verdict::Refused | Verdict::Blocked => REFUSED.into(),
        Verdict::Undecided | Verdict::Unknown => UNDECIDED.into(),
    }
}

/// Ends with an error on standard error and nothing on standard output.
pub(super) fn failed(failure: &Failure) -> ExitCode {
    let code = match failure {
        Failure::Usage(_) => USAGE,
        Failure::Library(Error::Refused { .. } | Error::Blocked(_)) => REFUSED,
        Failure::Library(_) | Failure::Output(_) => UNDECIDED,
    };
    say(&format!("error: {}", escape(&failure.to_string())));
    code.into()
}

/// Ends with what the parser of the command line says: help and version are no errors.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    match (error.use_stderr(), printed) {
        (true, _) => USAGE.into(),
        (false, Ok(())) => ExitCode::SUCCESS,
        (false, Err(_)) => UNDECIDED.into(),
    }
}

/// Ends after a panic, whose message the runtime has printed.
pub(super) fn panicked() -> ExitCode {
    say("error: countersign failed; this is a defect of countersign and no verdict");
    SOFTWARE.into()
}

fn say(line: &str) {
    use std::io::Write;
    // Standard error that is closed leaves nobody to tell; the exit code stands.
    let _ = writeln!(anstream::stderr(), "{line}");
}
