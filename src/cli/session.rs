//! The session: clock, environment and terminal, read once, here only.

use std::cell::RefCell;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use countersign::finding::Report;
use countersign::pipeline::Error;
use countersign::tree::{self, TreeError};
use countersign::trust::{KeyError, PrivateKey};
use countersign::{Timestamp, json};
use zeroize::Zeroizing;

use super::exit::{self, Failure};
use super::progress::Progress;
use super::render::{github, human, junit, markdown, sarif, text::Style};
use super::{Colour, Format, Global, stdout};

/// What the verbs know of the world.
pub(super) struct Session {
    /// The time to judge as of.
    pub(super) now: Timestamp,
    /// Whether that time was given.
    pub(super) replay: bool,
    /// The time that is written: `SOURCE_DATE_EPOCH`, or the time to judge as of.
    pub(super) issued_at: Timestamp,
    /// Whether that time was given.
    pub(super) issued_at_given: bool,
    format: Format,
    output: Option<PathBuf>,
    style: Style,
    quiet: bool,
    verbose: bool,
    /// What was written to `output` so far: a file holds the whole result, as a pipe does.
    written: RefCell<Vec<u8>>,
}

impl Session {
    /// Reads clock and environment.
    pub(super) fn begin(global: &Global) -> Result<Self, Failure> {
        let now = global.now.map_or_else(clock, Ok)?;
        let (issued_at, issued_at_given) = match std::env::var("SOURCE_DATE_EPOCH") {
            Err(_) => (now, false),
            Ok(text) => text
                .parse()
                .ok()
                .and_then(|seconds| Timestamp::from_unix_seconds(seconds).ok())
                .map(|time| (time, true))
                .ok_or_else(|| {
                    let shown = text.escape_debug();
                    Failure::Usage(format!(
                        "SOURCE_DATE_EPOCH is `{shown}`; expected a number of seconds"
                    ))
                })?,
        };
        let colour = match global.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                    && global.output.is_none()
                    && std::io::stdout().is_terminal()
            }
        };
        let width = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
        let width = width.or_else(|| stdout::width().filter(|_| global.output.is_none()));
        Ok(Self {
            now,
            replay: global.now.is_some(),
            issued_at,
            issued_at_given,
            format: global.format,
            output: global.output.clone(),
            style: Style {
                colour,
                width: width.unwrap_or(100).clamp(40, 200),
                is_of_terminal: width.is_some(),
            },
            quiet: global.quiet,
            verbose: global.verbose,
            written: RefCell::default(),
        })
    }

    /// Tells what time it is when a reply arrives: later than the session began.
    pub(super) fn clock(&self) -> Timestamp {
        if self.replay { self.now } else { clock().unwrap_or(self.now) }
    }

    /// Prints a report and tells the exit code that follows from its verdict.
    pub(super) fn finish(&self, report: &Report) -> Result<ExitCode, Failure> {
        let document = report.to_document();
        let text = match self.format {
            Format::Json => json::to_bytes(&document),
            Format::Sarif => sarif::report(&document, exit::number_of(report.verdict())),
            Format::Junit => junit::report(&document).into_bytes(),
            Format::Markdown => markdown::report(&document).into_bytes(),
            Format::Github => github::report(&document).into_bytes(),
            Format::Human if self.quiet => human::one_line(&document, self.style).into_bytes(),
            Format::Human => human::report(&document, self.style, self.verbose).into_bytes(),
        };
        self.write(&text)?;
        Ok(exit::of(report.verdict()))
    }

    /// Prints a result that is no report.
    pub(super) fn print(
        &self,
        human: &str,
        document: &impl serde::Serialize,
    ) -> Result<ExitCode, Failure> {
        match self.format {
            Format::Json => self.write(&json::to_bytes(document))?,
            // A verb without a report was refused the formats of reports before it ran.
            Format::Human | Format::Sarif | Format::Junit | Format::Markdown | Format::Github => {
                self.write(human.as_bytes())?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Writes the result, and nothing else, to where it belongs.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        if let Some(path) = &self.output {
            let mut written = self.written.borrow_mut();
            written.extend_from_slice(bytes);
            return Ok(tree::write_atomic(path, &written, 0o644)?);
        }
        if stdout::is_closed() {
            return Err(Failure::Output(stdout::closed()));
        }
        let mut out = std::io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).map_err(Failure::Output)
    }

    /// Whether the result is for people.
    pub(super) fn is_human(&self) -> bool {
        self.format == Format::Human
    }

    /// How text for people is written.
    pub(super) fn style(&self) -> Style {
        self.style
    }

    /// Tells a person what goes on, on standard error, and only on a terminal.
    pub(super) fn note(&self, line: &str) {
        if !self.quiet && std::io::stderr().is_terminal() {
            let _ = writeln!(anstream::stderr(), "{line}");
        }
    }

    /// Shows that long work goes on: after a second, on standard error, only on a terminal, until
    /// the guard is dropped.
    pub(super) fn progress(&self, doing: &'static str) -> Progress {
        self.progress_over(doing, &[])
    }

    /// The same for work that reads these files and folders once: how much of them, how fast, and
    /// how long it will take.
    pub(super) fn progress_over(&self, doing: &'static str, inputs: &[&Path]) -> Progress {
        if self.quiet || !std::io::stderr().is_terminal() {
            return Progress::none();
        }
        Progress::begin(doing, inputs.iter().map(|path| path.to_path_buf()).collect())
    }

    /// Reads a private key; asks for its passphrase when it has one.
    #[expect(clippy::unused_self, reason = "only a session may read the terminal")]
    pub(super) fn private_key(
        &self,
        path: &Path,
        passphrase_file: Option<&Path>,
    ) -> Result<PrivateKey, Failure> {
        let text = Zeroizing::new(tree::read_private(path, 1 << 16).map_err(|error| {
            // A public key may be read by everybody, and making it private helps nobody.
            let is_public = tree::read_named(path, 1 << 16)
                .is_ok_and(|text| text.starts_with(b"-----BEGIN PUBLIC KEY-----"));
            let problem = "is a public key; signing takes the private one".to_owned();
            let path = path.to_owned();
            if is_public { Error::Unusable { path, problem } } else { error.into() }
        })?);
        // A passphrase file that cannot be read is at fault, and not the key.
        let mut unread = None;
        let ask = || match passphrase_file {
            Some(file) => passphrase_from(file).map_err(|error| {
                unread = Some(error);
                KeyError::NoPassphrase
            }),
            None => prompt(path),
        };
        PrivateKey::from_pem(&text, ask).map_err(|source| match unread {
            Some(error) => error.into(),
            None => Error::Key { path: path.to_owned(), source }.into(),
        })
    }
}

/// Asks for a passphrase on the terminal.
pub(super) fn prompt(key: &Path) -> Result<Zeroizing<String>, KeyError> {
    if !std::io::stdin().is_terminal() {
        return Err(KeyError::NoPassphrase);
    }
    rpassword::prompt_password(format!("passphrase of {}: ", key.display()))
        .map(Zeroizing::new)
        .map_err(|_| KeyError::NoPassphrase)
}

/// Reads a passphrase file: its first line, without the newline.
pub(super) fn passphrase_from(file: &Path) -> Result<Zeroizing<String>, TreeError> {
    let bytes = Zeroizing::new(tree::read_private(file, 1 << 12)?);
    // Not lossy: bytes that are no text would all become the same character, and many passphrases
    // one.
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        let problem = std::io::Error::new(std::io::ErrorKind::InvalidData, "not UTF-8 text");
        TreeError::io(file, problem)
    })?;
    let line = text.lines().next().unwrap_or_default();
    Ok(Zeroizing::new(line.to_owned()))
}

/// What is in the environment and is for no program that is started.
pub(super) const SECRETS: [&str; 3] =
    ["SIGSTORE_ID_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL"];

/// Returns the identity token that the environment holds, as GitLab's `id_tokens` put it there.
pub(super) fn identity_token() -> Option<Zeroizing<String>> {
    std::env::var("SIGSTORE_ID_TOKEN").ok().filter(|text| !text.is_empty()).map(Zeroizing::new)
}

/// Returns where a job of GitHub Actions gets an identity token, and what it shows to get it.
pub(super) fn github_actions() -> Option<(String, Zeroizing<String>)> {
    let url = std::env::var("ACTIONS_ID_TOKEN_REQUEST_URL").ok()?;
    let bearer = std::env::var("ACTIONS_ID_TOKEN_REQUEST_TOKEN").ok()?;
    Some((url, Zeroizing::new(bearer)))
}

/// Returns the folders of `PATH` in which programs are looked for: absolute ones only, and never
/// the working directory.
pub(super) fn search_path() -> Vec<PathBuf> {
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).ok();
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .filter(|folder| folder.canonicalize().ok().is_some_and(|one| Some(one) != here))
        .collect()
}

/// Tells whether a file can be run.
pub(super) fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn clock() -> Result<Timestamp, Failure> {
    let unusable = || Failure::Usage("the clock shows no usable time; give --now".to_owned());
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| unusable())?;
    let seconds = i64::try_from(elapsed.as_secs()).map_err(|_| unusable())?;
    Timestamp::from_unix_seconds(seconds).map_err(|_| unusable())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_result_in_several_pieces_is_written_whole() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out");
        let global = Global {
            format: Format::Human,
            output: Some(output.clone()),
            now: Timestamp::from_unix_seconds(0).ok(),
            color: Colour::Never,
            quiet: false,
            verbose: false,
        };
        let session = Session::begin(&global).unwrap();
        session.write(b"one\n").unwrap();
        session.write(b"two\n").unwrap();
        assert_eq!(fs::read(output).unwrap(), b"one\ntwo\n");
    }

    #[test]
    fn passphrases_that_are_no_text_are_not_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        tree::write_atomic(&file, b"caf\xe9\n", 0o600).unwrap();
        assert!(passphrase_from(&file).is_err());
        tree::write_atomic(&file, "café\nsecond".as_bytes(), 0o600).unwrap();
        assert_eq!(passphrase_from(&file).unwrap().as_str(), "café");
    }
}
