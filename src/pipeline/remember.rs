//! What a verifier remembers with `--state`: it never goes back, and neither does what it saw.

use std::collections::BTreeMap;
use std::path::Path;

use super::Error;
use super::state::{ReleaseMark, RootMark, State, TreeMark};
use super::verify::Request;
use crate::finding::rules::trust as rules;
use crate::finding::{Finding, Location, Report, Verdict};
use crate::time::Timestamp;
use crate::trust::{Signer, TrustRoot};
use crate::validator::packet::{self as judge, Contents};

/// Holds a release against the newest one that was accepted here, and remembers it when it passes.
pub(super) fn judge_state(
    request: &Request,
    packet: &str,
    contents: &Contents,
    signers: &[Signer],
    root: &TrustRoot,
    report: &mut Report,
) -> Result<(), Error> {
    let manifest = &contents.manifest;
    let line = format!("{}/{}", manifest.product, manifest.channel);
    // Two that verify at once: the mark that is read is the one that is there when the next is
    // written, or the older of two releases could be the last word.
    let may_accept = report.verdict() == Verdict::Pass;
    let lock = request.state.as_deref().filter(|_| may_accept).map(State::lock);
    let _lock = lock.transpose()?;
    let mut state = request.state.as_deref().map(State::read).transpose()?;
    if let (Some(path), Some(state)) = (&request.state, &state) {
        refuse_a_clock_before(state, path, request.now)?;
    }
    let before = state.as_ref().and_then(|state| state.releases.get(&line)).cloned();
    let accepted = before.as_ref().map(|mark| (mark.sequence, mark.sha256));
    judge_root_mark(&request.trust, state.as_ref(), root, report);
    let floor = request.expectations.min_sequence;
    judge::judge_freshness(contents, packet, floor, accepted, report);
    let (Some(path), Some(state)) = (&request.state, &mut state) else { return Ok(()) };
    let is_later = before.as_ref().is_some_and(|mark| mark.sequence < manifest.sequence);
    let earlier = before.as_ref().filter(|_| is_later);
    judge_trees(state, earlier, signers, packet, report);
    if report.verdict() != Verdict::Pass {
        return Ok(());
    }
    // The same release accepted again leaves the state as it is.
    if before.is_none() || is_later {
        let mark = ReleaseMark {
            sequence: manifest.sequence,
            sha256: contents.unpacked.sha256,
            accepted_at: request.now,
            logs: trees_of(signers),
        };
        state.releases.insert(line, mark);
    }
    state.trust_root = Some(mark_of(root));
    state.write(path)
}

/// Holds a trust root against the newest one that was used here, and remembers it when it passes.
///
/// # Errors
///
/// When the state cannot be read or written, or knows of a time after `now`.
pub(super) fn judge_trust_root(
    trust: &Path,
    root: &TrustRoot,
    path: &Path,
    now: Timestamp,
    report: &mut Report,
) -> Result<(), Error> {
    let _lock = State::lock(path)?;
    let mut state = State::read(path)?;
    refuse_a_clock_before(&state, path, now)?;
    judge_root_mark(trust, Some(&state), root, report);
    if report.verdict() != Verdict::Pass {
        return Ok(());
    }
    let mark = mark_of(root);
    // The same trust root verified again leaves the state as it is.
    if state.trust_root == Some(mark) {
        return Ok(());
    }
    state.trust_root = Some(mark);
    state.write(path)
}

fn mark_of(root: &TrustRoot) -> RootMark {
    let issued_at = Some(root.document().issued_at);
    RootMark { version: root.version(), sha256: root.digest(), issued_at }
}

/// A clock that runs before what is known to have come cannot tell what is fresh.
fn refuse_a_clock_before(state: &State, path: &Path, now: Timestamp) -> Result<(), Error> {
    let Some((at, what)) = state.latest().filter(|(at, _)| *at > now) else { return Ok(()) };
    let problem =
        format!("says that {what} at {at}, after the time of judgement {now}; set the clock right");
    Err(Error::Unusable { path: path.to_owned(), problem })
}

fn judge_root_mark(trust: &Path, state: Option<&State>, root: &TrustRoot, report: &mut Report) {
    let Some(mark) = state.and_then(|state| state.trust_root) else { return };
    let location = Location::named(&trust.display().to_string());
    let older = root.version() < mark.version;
    let other = root.version() == mark.version && root.digest() != mark.sha256;
    if older || other {
        let message = if older {
            "a newer trust root was used here before"
        } else {
            "another trust root of this version was used here before"
        };
        let finding = Finding::new(&rules::ROLLED_BACK, location, message)
            .declared(format!("version {}, sha256:{}", mark.version, mark.sha256))
            .actual(format!("version {}, sha256:{}", root.version(), root.digest()));
        report.failed("trust-root-version", "trust root", finding);
    } else {
        report.passed("trust-root-version", "trust root", format!("{}", root.version()));
    }
}

/// The largest tree of each log that shows a signature.
fn trees_of(signers: &[Signer]) -> BTreeMap<String, TreeMark> {
    let mut trees: BTreeMap<String, TreeMark> = BTreeMap::new();
    for tree in signers.iter().flat_map(|signer| &signer.entries).filter_map(|it| it.tree.as_ref())
    {
        let mark = TreeMark { size: tree.size, root: tree.root };
        let seen = trees.entry(tree.origin.clone()).or_insert(mark);
        if seen.size < mark.size {
            *seen = mark;
        }
    }
    trees
}

/// Holds the trees that show a seal against those that were seen here: a tree of one size has one
/// root, and a later release of one line is not in a smaller tree.
fn judge_trees(
    state: &State,
    earlier: Option<&ReleaseMark>,
    signers: &[Signer],
    packet: &str,
    report: &mut Report,
) {
    for (origin, tree) in trees_of(signers) {
        let seen = state.releases.values().filter_map(|mark| mark.logs.get(&origin));
        let mut twins = seen.filter(|seen| seen.size == tree.size && seen.root != tree.root);
        let smaller =
            earlier.and_then(|mark| mark.logs.get(&origin)).filter(|seen| seen.size > tree.size);
        let shown = origin.escape_debug().to_string();
        let (mark, message) = match (twins.next(), smaller) {
            (Some(twin), _) => (twin, "the log showed another tree of this size here before"),
            (None, Some(larger)) => {
                (larger, "the log showed a larger tree for an earlier release here before")
            }
            (None, None) => {
                report.passed("log-tree", shown, format!("{} entries", tree.size));
                continue;
            }
        };
        let finding = Finding::new(&rules::LOG_INCONSISTENT, Location::named(packet), message)
            .declared(format!("{} entries, root {}", mark.size, mark.root))
            .actual(format!("{} entries, root {}", tree.size, tree.root));
        report.failed("log-tree", shown, finding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::trust::sigstore::{LoggedEntry, LoggedTree};
    use crate::trust::{Algorithm, PrivateKey};

    fn signer(size: u64, root: &[u8]) -> Signer {
        let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
        let tree = LoggedTree { origin: "log".to_owned(), size, root: Digest::of(root) };
        let entry = LoggedEntry::shown_by(tree);
        Signer {
            owner: "alice".to_owned(),
            key_id: key.public().id(),
            algorithm: key.public().algorithm(),
            times: Vec::new(),
            entries: vec![entry],
        }
    }

    fn time() -> Timestamp {
        "2026-11-23T09:00:00Z".parse().unwrap()
    }

    /// The verdict on a seal in one tree after a release in another one was accepted.
    fn after(seen: (u64, &[u8]), is_later: bool, now: (u64, &[u8])) -> Verdict {
        let mark = ReleaseMark {
            sequence: 1,
            sha256: Digest::of(b"packet"),
            accepted_at: time(),
            logs: trees_of(&[signer(seen.0, seen.1)]),
        };
        let mut state = State::empty();
        state.releases.insert("atlas/stable".to_owned(), mark.clone());
        let mut report = Report::new("verify", time(), true);
        let earlier = is_later.then_some(&mark);
        judge_trees(&state, earlier, &[signer(now.0, now.1)], "packet", &mut report);
        report.verdict()
    }

    #[test]
    fn l09_a_log_that_shows_another_past() {
        assert_eq!(after((5, b"a"), true, (5, b"b")), Verdict::Refused);
        assert_eq!(after((5, b"a"), false, (5, b"b")), Verdict::Refused);
        assert_eq!(after((5, b"a"), true, (4, b"c")), Verdict::Refused);
        assert_eq!(after((5, b"a"), true, (5, b"a")), Verdict::Pass);
        assert_eq!(after((5, b"a"), true, (6, b"c")), Verdict::Pass);
        // The seal of another line may have been made before.
        assert_eq!(after((5, b"a"), false, (4, b"c")), Verdict::Pass);
    }
}
