//! Timestamp authorities as the command line names them: an address, or a command that is asked.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use countersign::trust::service::{Exchange, MAX_REPLY, Request};
use countersign::trust::timestamp::TimestampAuthority;

use super::exit::Failure;
use super::network::Network;
use super::session;

/// Reads what the command line says about an authority.
pub(super) fn of(text: &str, patience: Duration) -> Result<TimestampAuthority<'static>, Failure> {
    let name = text.to_owned();
    if text.starts_with("https://") || text.starts_with("http://") {
        let network = Network::new(patience).map_err(|problem| {
            let recipe = format!(
                "{problem}; or let curl ask: --timestamp-authority 'curl --silent --show-error \
                 --fail --header Content-Type:{TIMESTAMP_QUERY} --data-binary @- {text}'"
            );
            Failure::Usage(recipe)
        })?;
        let url = name.clone();
        let ask = move |body: &[u8]| {
            network.post(&Request { url: &url, media_type: TIMESTAMP_QUERY, body })
        };
        return Ok(TimestampAuthority { name, ask: Box::new(ask) });
    }
    let usage = |problem: String| {
        let shown = text.escape_debug();
        Failure::Usage(format!("--timestamp-authority `{shown}`: {problem}"))
    };
    let words = words(text).map_err(|problem| usage(problem.to_owned()))?;
    let (program, arguments) =
        words.split_first().ok_or_else(|| usage("expected an address or a command".to_owned()))?;
    let program = find(program).map_err(usage)?;
    let arguments = arguments.to_vec();
    let ask = move |request: &[u8]| run(&program, &arguments, request, patience);
    Ok(TimestampAuthority { name, ask: Box::new(ask) })
}

/// RFC 3161, section 3.4.
const TIMESTAMP_QUERY: &str = "application/timestamp-query";

/// Takes a command apart: words stand between spaces, and quotes of either kind hold a word with
/// spaces together. There is no shell: nothing else means anything.
fn words(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in text.chars() {
        match (quote, character) {
            (_, character) if character.is_control() => {
                return Err("control characters belong in no command");
            }
            (Some(open), character) if character == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (Some(_) | None, character) => word.get_or_insert_default().push(character),
        }
    }
    if quote.is_some() {
        return Err("a quote is not closed");
    }
    words.extend(word);
    Ok(words)
}

/// Finds a program: by its absolute path, or by its name in `PATH`. What lies in the working
/// directory could be anybody's, so nothing is found there, whatever `PATH` says.
fn find(program: &str) -> Result<PathBuf, String> {
    if program.contains("://") {
        return Err("expected an address with https:// or http://".to_owned());
    }
    let named = PathBuf::from(program);
    if named.is_absolute() {
        return Ok(named);
    }
    if program.is_empty() || program.contains('/') || program.starts_with('.') {
        let problem = "a program is named by its absolute path, or by its name alone";
        return Err(problem.to_owned());
    }
    let mut folders = session::search_path().into_iter();
    folders
        .find_map(|folder| Some(folder.join(&named)).filter(|path| session::is_program(path)))
        .ok_or_else(|| {
            let problem = "there is no such program in PATH; the working directory is not searched";
            problem.to_owned()
        })
}

/// Runs a program without a shell: the request on its standard input, the reply on its standard
/// output.
fn run(
    program: &PathBuf,
    arguments: &[String],
    request: &[u8],
    patience: Duration,
) -> Result<Vec<u8>, String> {
    let deadline = Instant::now() + patience;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A program that asks for a timestamp has no use for them.
    session::SECRETS.iter().for_each(|name| {
        command.env_remove(name);
    });
    let mut child = command.spawn().map_err(|error| format!("it cannot be started: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A request fits the pipe. A program that does not read it has its own to say about that.
        let _ = stdin.write_all(request);
    }
    let reply = read(child.stdout.take(), MAX_REPLY + 1);
    let complaint = read(child.stderr.take(), 1 << 12);
    let outcome = outcome(&mut child, &reply, deadline);
    if outcome.is_err() {
        // Both fail when it has ended by itself meanwhile.
        let _ = child.kill();
        let _ = child.wait();
    }
    let (reply, status) = outcome.map_err(|problem| match problem {
        Unfit::Slow => format!(
            "it gave no reply within {} seconds and was ended; --timeout allows for more",
            patience.as_secs()
        ),
        Unfit::Huge => format!("its reply is larger than {MAX_REPLY} bytes; it was ended"),
        Unfit::Lost(error) => format!("it cannot be waited for: {error}"),
    })?;
    if !status.success() {
        let said = complaint.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let said = said.lines().rev().find(|line| !line.trim().is_empty());
        let said = said.map_or_else(String::new, |line| {
            let line: String = line.trim().chars().take(200).collect();
            format!(" and said `{line}`")
        });
        return Err(format!("it failed ({status}){said}"));
    }
    if reply.is_empty() {
        return Err("it succeeded and wrote no reply".to_owned());
    }
    Ok(reply)
}

/// Why a program that was started gave no reply.
enum Unfit {
    Slow,
    Huge,
    Lost(std::io::Error),
}

fn outcome(
    child: &mut Child,
    reply: &Receiver<Vec<u8>>,
    deadline: Instant,
) -> Result<(Vec<u8>, std::process::ExitStatus), Unfit> {
    let left = deadline.saturating_duration_since(Instant::now());
    let reply = reply.recv_timeout(left).map_err(|_| Unfit::Slow)?;
    if reply.len() > MAX_REPLY {
        return Err(Unfit::Huge);
    }
    loop {
        if let Some(status) = child.try_wait().map_err(Unfit::Lost)? {
            return Ok((reply, status));
        }
        if Instant::now() >= deadline {
            return Err(Unfit::Slow);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Reads a stream's first bytes in the background: what a program leaves open blocks nobody.
fn read(stream: Option<impl Read + Send + 'static>, limit: usize) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(stream) = stream {
            // What was read before an error is what there is.
            let _ = stream.take(limit as u64).read_to_end(&mut bytes);
        }
        // Nobody listens when the program was too slow.
        let _ = sender.send(bytes);
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_words_and_quotes() {
        let split = |text| words(text).unwrap();
        assert_eq!(split("openssl ts  -reply "), ["openssl", "ts", "-reply"]);
        assert_eq!(split("a 'b c' \"d 'e'\" f'g h'i ''"), ["a", "b c", "d 'e'", "fg hi", ""]);
        // What a shell would act on is text.
        assert_eq!(split(r"a;b $HOME `id` \ > c"), ["a;b", "$HOME", "`id`", r"\", ">", "c"]);
        assert!(split("").is_empty() && split("  ").is_empty());
        for wrong in ["a 'b", "a \"b'", "a\nb", "a\0b", "a\tb"] {
            assert!(words(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_program_is_named_in_full_or_by_its_name() {
        for wrong in ["../x", "./x", "x/y", ".", "..", ".x", "", "ftp://x", "no such program"] {
            assert!(find(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(find("/bin/cat"), Ok("/bin/cat".into()));
    }

    fn ask(program: &str, arguments: &[&str], patience: u64) -> Result<Vec<u8>, String> {
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        run(&program.into(), &arguments, b"request", Duration::from_millis(patience))
    }

    #[test]
    fn a_command_reads_the_request_and_writes_the_reply() {
        assert_eq!(ask("/bin/cat", &[], 10_000), Ok(b"request".to_vec()));
    }

    #[test]
    fn commands_that_are_of_no_use() {
        let because = |outcome: Result<Vec<u8>, String>, because: &str| {
            let problem = outcome.unwrap_err();
            assert!(problem.contains(because), "{problem}");
        };
        because(ask("/nowhere/program", &[], 10_000), "cannot be started");
        because(ask("/bin/true", &[], 10_000), "wrote no reply");
        because(ask("/bin/false", &[], 10_000), "it failed (exit status: 1)");
        because(ask("/bin/cat", &["/nowhere"], 10_000), "and said `");
        because(ask("/bin/sleep", &["60"], 100), "gave no reply within");
        because(ask("/bin/cat", &["/dev/zero"], 10_000), "is larger than");
        // One that closes its output and stays is ended too.
        because(ask("/bin/sh", &["-c", "exec >&-; sleep 60"], 200), "gave no reply within");
    }
}
