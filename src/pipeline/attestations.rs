//! `verify-attestations`: many signed statements at once, each judged and reported.

use std::num::NonZero;
use std::path::{Path, PathBuf};

use super::Error;
use super::blob::Blob;
use crate::digest::{Comparison, Digest, StrongDigests, Thing};
use crate::finding::rules::trust as rules;
use crate::finding::{Finding, Location, Report, TrustDocument};
use crate::json::Position;
use crate::provenance::{Aliases, ForeignStatement};
use crate::time::Timestamp;
use crate::tree::{self, TreeError};
use crate::trust::{
    self, Attestation, PublicKey, Refusal, RoleName, Signer, Speaker, TrustRoot, Verified,
};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// The lists, one attestation a line; a file may also hold one attestation over several lines.
    pub files: Vec<PathBuf>,
    /// Who must have signed.
    pub signer: ExpectedSigner,
    /// What must be attested: files, or their digests.
    pub subjects: Vec<Blob>,
    /// The predicate that it must be attested with.
    pub predicate_type: Option<String>,
    /// The time to judge as of.
    pub now: Timestamp,
    /// Whether that time was given instead of read from the clock.
    pub replay: bool,
}

/// Who must have signed.
#[derive(Debug, Clone)]
pub enum ExpectedSigner {
    /// The holder of a key.
    Key(PublicKey),
    /// As many people in a role of a trust root as it takes.
    Root(PathBuf, RoleName),
}

/// The largest file, in bytes.
const MAX_FILE_BYTES: usize = 1 << 30;
/// The largest line, in bytes.
const MAX_LINE_BYTES: usize = 16 << 20;
/// The most lines of all files together.
const MAX_LINES: usize = 200_000;

/// Judges every line of every file, in their order, whatever came of the others. One bad line
/// refuses. Only what was verified is reported of a line's content.
///
/// # Errors
///
/// When a file cannot be read, or there is no usable trust root.
pub fn verify(request: &Request) -> Result<Report, Error> {
    let mut report = Report::new("verify-attestations", request.now, request.replay);
    let root = match &request.signer {
        ExpectedSigner::Key(_) => None,
        ExpectedSigner::Root(path, _) => Some(super::trust::open(path, None, request.now)?),
    };
    if let Some(root) = &root {
        report.set_trust(TrustDocument {
            version: root.version(),
            sha256: root.digest(),
            as_of: root.as_of(),
        });
    }
    let door = Door { signer: &request.signer, root: root.as_ref(), now: request.now };
    let mut wanted: Vec<Wanted> = Vec::new();
    for blob in &request.subjects {
        wanted.push(Wanted::read(blob)?);
    }
    let mut matches = Matches { seen: 0, matching: 0, of_subject: vec![0; wanted.len()] };
    let mut room = MAX_LINES;
    for path in &request.files {
        let bytes = tree::read_named(path, MAX_FILE_BYTES)?;
        let lines = lines_of(&bytes);
        let Some(left) = room.checked_sub(lines.len()) else {
            let message = format!("more than {MAX_LINES} attestations; give fewer at once");
            let finding = Finding::new(&rules::ENVELOPE_MALFORMED, at(path, 1), message);
            report.failed("attestations", path.display().to_string(), finding);
            continue;
        };
        room = left;
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        for (index, judged) in judge_all(&lines, &door, threads).into_iter().enumerate() {
            matches.seen += 1;
            let place = Place { path, line: index + 1 };
            report_line(&place, judged, request, &wanted, &mut matches, &mut report);
        }
    }
    report_wanted(request, &wanted, &matches, &mut report);
    Ok(report)
}

/// Takes a file apart. What ends in CRLF is a line as well, and after the last line end there is no
/// further line; an empty line anywhere else is one that holds no attestation.
fn lines_of(bytes: &[u8]) -> Vec<&[u8]> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    let mut lines: Vec<&[u8]> = bytes
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    // One document, indented as tools write a single bundle: no line of a list is a lone brace.
    if lines.first().is_some_and(|first| first.trim_ascii() == b"{") {
        lines = vec![bytes];
    }
    lines
}

/// What every line is judged with.
struct Door<'a> {
    signer: &'a ExpectedSigner,
    root: Option<&'a TrustRoot>,
    now: Timestamp,
}

type Judged = Result<Verified<ForeignStatement>, Refusal>;

/// Judges lines on all cores. What comes of a line depends on that line alone, and the answers
/// stand in the order of the lines.
fn judge_all(lines: &[&[u8]], door: &Door<'_>, threads: usize) -> Vec<Judged> {
    let share = lines.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = lines
            .chunks(share)
            .map(|share| {
                scope.spawn(move || share.iter().map(|line| judge(line, door)).collect::<Vec<_>>())
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| match worker.join() {
                Ok(judged) => judged,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

/// Signature first, and only then what was signed.
fn judge(line: &[u8], door: &Door<'_>) -> Judged {
    if line.len() > MAX_LINE_BYTES {
        let message = format!("{} bytes in a line; at most {MAX_LINE_BYTES}", line.len());
        return Err(Refusal { rule: &rules::ENVELOPE_MALFORMED, message });
    }
    let attestation = Attestation::parse(line)?;
    let none = Aliases::new();
    let (opened, aliases) = match (door.signer, door.root) {
        (ExpectedSigner::Key(key), _) => {
            (trust::open_attestation_with_key(&attestation, key)?, &none)
        }
        (ExpectedSigner::Root(_, role), Some(root)) => {
            let speaker = Speaker::Role(*role);
            let opened = trust::open_attestation(&attestation, speaker, root, door.now)?;
            (opened, &root.policy().attestations.predicate_aliases)
        }
        (ExpectedSigner::Root(..), None) => unreachable!("a root that was asked for is open"),
    };
    opened.read(|payload| Ok(ForeignStatement::parse(payload, aliases)?))
}

/// A line of a file.
struct Place<'a> {
    path: &'a Path,
    line: usize,
}

/// Something that must be attested.
enum Wanted {
    File(String, StrongDigests),
    Digest(String, Digest),
}

/// How many attestations there are, and of what.
struct Matches {
    seen: usize,
    matching: usize,
    of_subject: Vec<usize>,
}

impl Wanted {
    fn read(blob: &Blob) -> Result<Self, Error> {
        match blob {
            Blob::File(path) => {
                let (file, _) = tree::open_named(path)?;
                let digests = StrongDigests::of_reader(file, &mut vec![0; 256 << 10])
                    .map_err(|error| TreeError::io(path, error))?;
                Ok(Self::File(path.display().to_string(), digests))
            }
            Blob::Digest(digest) => Ok(Self::Digest(format!("sha256:{digest}"), *digest)),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::File(name, _) | Self::Digest(name, _) => name,
        }
    }

    fn thing(&self) -> Thing<'_> {
        match self {
            Self::File(_, digests) => Thing::File(digests, None),
            Self::Digest(_, digest) => Thing::Digest(*digest, None),
        }
    }
}

fn at(path: &Path, line: usize) -> Location {
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    Location::named(&path.display().to_string()).at("", Position { line, column: 1 })
}

fn report_line(
    place: &Place<'_>,
    judged: Judged,
    request: &Request,
    wanted: &[Wanted],
    matches: &mut Matches,
    report: &mut Report,
) {
    let subject = format!("{}:{}", place.path.display(), place.line);
    let verified = match judged {
        Ok(verified) => verified,
        Err(refusal) => {
            let finding = refusal.at(at(place.path, place.line));
            return report.failed("attestation", subject, finding);
        }
    };
    let statement = verified.value();
    // What is signed well and about something else holds nothing that was asked for.
    if request.predicate_type.as_ref().is_some_and(|asked| *asked != statement.predicate_type) {
        return report.skipped("attestation", subject, "signed, and with another predicate");
    }
    let mut unchecked = None;
    let mut matched = wanted.is_empty();
    for (one, count) in wanted.iter().zip(&mut matches.of_subject) {
        match statement.compare(one.thing()) {
            Comparison::Same => {
                matched = true;
                *count += 1;
            }
            Comparison::Unchecked(name) => unchecked = Some(name),
            Comparison::Other => {}
        }
    }
    if !matched {
        let detail = match unchecked {
            Some("gitCommit") => "signed, and tied to a commit that is not known here".to_owned(),
            Some(name) => format!("signed, and states a {name} that only the file can show"),
            None => "signed, and about something else".to_owned(),
        };
        return report.skipped("attestation", subject, detail);
    }
    matches.matching += 1;
    let predicate_type = statement.predicate_type.escape_debug();
    let detail =
        format!("{predicate_type} about {}, {}", about(statement), signed_by(verified.signers()));
    report.passed("attestation", subject, detail);
}

fn about(statement: &ForeignStatement) -> String {
    let subjects = statement.subjects.as_slice();
    let shown = subjects.iter().take(2).map(|subject| {
        let name = subject.name.escape_debug();
        if subject.name.is_empty() { subject.digests.to_string() } else { format!("`{name}`") }
    });
    let shown: Vec<String> = shown.collect();
    match subjects.len().saturating_sub(2) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn signed_by(signers: &[Signer]) -> String {
    let names: Vec<String> = signers
        .iter()
        .map(|signer| match signer.owner.as_str() {
            "" => format!("by the key {}", signer.key_id),
            owner => format!("by {}", owner.escape_debug()),
        })
        .collect();
    names.join(", ")
}

/// All that was asked for must be attested: that none of the lines is wrong is not enough when
/// none of them is about it.
fn report_wanted(request: &Request, wanted: &[Wanted], matches: &Matches, report: &mut Report) {
    let kind = match &request.predicate_type {
        Some(asked) => format!(" with the predicate `{}`", asked.escape_debug()),
        None => String::new(),
    };
    let missing = |name: &str| {
        let message = format!("no attestation{kind} of `{}` that holds", name.escape_debug());
        Finding::new(&rules::ATTESTATION_MISSING, Location::named(name), message)
    };
    for (one, count) in wanted.iter().zip(&matches.of_subject) {
        match count {
            0 => report.failed("subject", one.name(), missing(one.name())),
            count => report.passed("subject", one.name(), format!("{count} attestations{kind}")),
        }
    }
    if matches.matching == 0 && wanted.is_empty() {
        let files: Vec<String> =
            request.files.iter().map(|path| path.display().to_string()).collect();
        let files = files.join(", ");
        let message = format!("no attestation{kind} that holds");
        let finding = Finding::new(&rules::ATTESTATION_MISSING, Location::named(&files), message);
        report.failed("attestations", files, finding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_they_do() {
        let count = |text: &str| lines_of(text.as_bytes()).len();
        assert_eq!([count(""), count("\n"), count("\r\n")], [0, 0, 0]);
        assert_eq!([count("a"), count("a\n"), count("a\r\n"), count("a\nb")], [1, 1, 1, 2]);
        assert_eq!(lines_of(b"a\r\nb\r\n"), [b"a", b"b"]);
        // An empty line that is not the last one hides nothing.
        assert_eq!([count("a\n\n"), count("a\n\nb\n"), count("\na\n")], [2, 3, 2]);
        assert_eq!([count("{\n \"a\": 1\n}\n"), count("{}\n{}\n")], [1, 2]);
    }

    // U05: however many threads there are, the answers and their order are the same.
    #[test]
    fn threads_change_no_answer() {
        use crate::provenance::PAYLOAD_TYPE;
        use crate::trust::{Algorithm, Envelope, PrivateKey};
        let [right, wrong] = [(); 2].map(|()| PrivateKey::generate(Algorithm::Ed25519).unwrap());
        let line = |index: usize| {
            let digest = Digest::of(&index.to_be_bytes());
            let text = format!(
                r#"{{"_type": "https://in-toto.io/Statement/v1", "subject": [{{"digest": {{"sha256": "{digest}"}}}}], "predicateType": "https://example.com/word/v1"}}"#
            );
            let key = if index % 3 == 1 { &wrong } else { &right };
            Envelope::sign(PAYLOAD_TYPE, text.into_bytes(), key).unwrap().to_bytes()
        };
        let lines: Vec<Vec<u8>> = (0..20).map(line).collect();
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let signer = ExpectedSigner::Key(right.public().clone());
        let now = "2026-11-23T09:00:00Z".parse().unwrap();
        let door = Door { signer: &signer, root: None, now };
        let alone = judge_all(&lines, &door, 1);
        for (index, judged) in alone.iter().enumerate() {
            assert_eq!(judged.is_ok(), index % 3 != 1, "{index}");
        }
        for threads in [2, 7, 64] {
            assert_eq!(judge_all(&lines, &door, threads), alone, "{threads}");
        }
        assert!(judge_all(&[], &door, 2).is_empty());
    }
}
