//! Exit codes: one function for each way out.

use std::fmt;
use std::panic::UnwindSafe;
use std::process::ExitCode;

use countersign::Verdict;
use countersign::pipeline::Error;

use super::render::text::escape;
use super::stdout;

/// The table that every `--help` ends with.
pub(super) const TABLE: &str = "\
Exit codes:
  0  pass: everything that was asked was evaluated and holds
  1  refused: the input was judged and does not hold
  2  usage: the command line is wrong
  3  undecided: the tool could not judge, or could not write its result";

/// What a `--help` ends with: examples, one a line, and the table.
pub(super) fn help(examples: &[&str]) -> String {
    let examples: String = examples.iter().map(|line| format!("  {line}\n")).collect();
    format!("Examples:\n{examples}\n{TABLE}")
}

const REFUSED: u8 = 1;
const USAGE: u8 = 2;
const UNDECIDED: u8 = 3;

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
    number_of(verdict).into()
}

/// The exit code as a number, for reports that state it.
pub(super) fn number_of(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass | Verdict::Ready => 0,
        Verdict::Refused | Verdict::Blocked => REFUSED,
        Verdict::Undecided | Verdict::Unknown => UNDECIDED,
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
    if !error.use_stderr() && stdout::is_closed() {
        return failed(&Failure::Output(stdout::closed()));
    }
    let printed = error.print();
    match (error.use_stderr(), printed) {
        (true, _) => USAGE.into(),
        (false, Ok(())) => ExitCode::SUCCESS,
        (false, Err(_)) => UNDECIDED.into(),
    }
}

/// Runs the program. A panic is a defect of it and no verdict about the release: it ends like
/// everything that could not be judged, whatever was about to be said.
///
/// The message of the panic itself is printed by the runtime.
pub(super) fn guard(program: impl FnOnce() -> Result<ExitCode, Failure> + UnwindSafe) -> ExitCode {
    match std::panic::catch_unwind(program) {
        Ok(Ok(code)) => code,
        Ok(Err(failure)) => failed(&failure),
        Err(_) => {
            say("error: countersign failed; this is a defect of countersign and no verdict");
            UNDECIDED.into()
        }
    }
}

fn say(line: &str) {
    use std::io::Write;
    // Standard error that is closed leaves nobody to tell; the exit code stands.
    let _ = writeln!(anstream::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// THREATS U02: a panic that is recovered must not become a pass.
    #[test]
    fn u02_a_panic_is_no_verdict() {
        let passing = || Ok(ExitCode::SUCCESS);
        assert_eq!(guard(passing), ExitCode::SUCCESS);
        let failing = || panic!("the invariant does not hold");
        assert_eq!(guard(failing), ExitCode::from(UNDECIDED));
        // One in a thread that others wait for, as when files are hashed on all cores.
        let in_a_thread = || {
            std::thread::spawn(|| panic!("in a thread")).join().expect("it does not panic");
            Ok(ExitCode::SUCCESS)
        };
        assert_eq!(guard(in_a_thread), ExitCode::from(UNDECIDED));
    }
}
