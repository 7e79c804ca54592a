//! The real binary, run in an environment that holds nothing.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a run left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ran {
    /// The exit code; nothing when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// All that was said.
    pub(crate) fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// Longer than this no run takes: one that waits for a pipe is found out.
const PATIENCE: Duration = Duration::from_secs(60);

/// The binary with nothing in its environment, in a folder.
pub(crate) fn command<S: AsRef<OsStr>>(folder: &Path, args: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.env_clear().current_dir(folder).args(args).stdin(Stdio::null());
    command
}

/// Runs the binary with nothing in its environment.
pub(crate) fn countersign<S: AsRef<OsStr>>(folder: &Path, args: &[S]) -> Ran {
    finish(command(folder, args))
}

/// Runs a command to its end and holds it against what no run may do: panic, hang, or end with
/// the code of a defect.
pub(crate) fn finish(mut command: Command) -> Ran {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let read = |mut stream: Box<dyn Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).unwrap();
            String::from_utf8(bytes).expect("what is said is text")
        })
    };
    let stdout = read(Box::new(child.stdout.take().unwrap()));
    let stderr = read(Box::new(child.stderr.take().unwrap()));
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("still running after {PATIENCE:?}: {command:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let ran =
        Ran { code: status.code(), stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() };
    let said = ran.said();
    assert!(!said.contains("panicked at"), "{command:?} panicked: {said}");
    assert!(!said.contains("this is a defect"), "{command:?} failed: {said}");
    assert!(matches!(ran.code, Some(0..=3)), "{command:?} ended with {:?}: {said}", ran.code);
    ran
}
