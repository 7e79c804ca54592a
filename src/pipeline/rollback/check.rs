//! `rollback check`: is the previous release a safe place to go back to?

use std::path::PathBuf;

use super::given::{Pair, read_evidence};
use super::sides::read_side;
use crate::finding::{Area, Direction, Report, TrustDocument};
use crate::packet::ReleaseManifest;
use crate::pipeline::Error;
use crate::time::Timestamp;
use crate::tree::Tree;
use crate::validator::rollback::{
    Evidence, Question, judge_pair, judge_without_packet, judge_without_target,
};
use crate::validator::{self, Context};

/// What is asked.
#[derive(Debug, Clone)]
pub struct CheckRequest {
    /// The newer packet, or its release directory.
    pub from: PathBuf,
    /// The older packet, or its release directory; none when there is none.
    pub to: Option<PathBuf>,
    /// Which way.
    pub direction: Direction,
    /// The pinned trust root.
    pub trust: PathBuf,
    /// A folder of newer versions of the trust root.
    pub updates: Option<PathBuf>,
    /// The governed tree, judged besides.
    pub root: Option<PathBuf>,
    /// A folder of what came after both packets.
    pub evidence: Option<PathBuf>,
    /// A folder of the target's artifacts.
    pub artifacts: Option<PathBuf>,
    /// Where.
    pub environment: Option<String>,
    /// Who asks: the owner's name in the trust root.
    pub requester: Option<String>,
    /// The time to judge as of.
    pub now: Timestamp,
    /// Whether that time was given instead of read from the clock.
    pub replay: bool,
}

/// Answers for exactly this pair of packets.
///
/// 1. both packets are verified with today's trust root, and as they were then;
/// 2. evidence is let in that somebody in the right role signed;
/// 3. the thirty checks are asked;
/// 4. the tree, where one is given, is judged by the rules of its area.
///
/// # Errors
///
/// [`Error`] when there is no usable trust root, or a file cannot be read.
pub fn check(request: &CheckRequest) -> Result<Report, Error> {
    let mut report = Report::new("rollback check", request.now, request.replay);
    let Some(read) = read_side(request, &request.from, None, &mut report)? else {
        let name = request.from.display().to_string();
        judge_without_packet(request.direction, &name, &mut report);
        return Ok(report);
    };
    let (candidate, root) = (read.side, read.root);
    report.set_trust(TrustDocument {
        version: root.version(),
        sha256: root.digest(),
        as_of: root.as_of(),
    });
    let Some(to) = &request.to else {
        let (manifest, packet) = (&candidate.manifest, candidate.packet);
        let reason = reason_without_target(manifest, request.direction);
        judge_without_target(request.direction, manifest, packet, &reason, &mut report);
        return Ok(report);
    };
    let artifacts = request.artifacts.as_deref();
    let Some(older) = read_side(request, to, artifacts, &mut report)? else {
        judge_without_packet(request.direction, &to.display().to_string(), &mut report);
        return Ok(report);
    };
    let target = older.side;
    let pair = Pair { from: candidate.packet, to: target.packet };
    let mut evidence = match &request.evidence {
        Some(folder) => read_evidence(folder, pair, &root, request.now)?,
        None => Evidence::default(),
    };
    evidence.vex.extend(read.vex.into_iter().chain(older.vex));
    let question = Question {
        direction: request.direction,
        candidate,
        target,
        evidence,
        environment: request.environment.clone(),
        requester: request.requester.clone(),
        root: &root,
        now: request.now,
    };
    judge_pair(&question, &mut report);
    if let Some(folder) = &request.root {
        let tree = Tree::open(folder)?;
        validator::check(Area::Rollback, &tree, &Context::at(request.now), &mut report);
    }
    Ok(report)
}

fn reason_without_target(candidate: &ReleaseManifest, direction: Direction) -> String {
    let version = &candidate.version;
    match (&candidate.previous, direction) {
        (Some(previous), _) => format!(
            "the release before it is {}, sha256:{}; give its packet with --to",
            previous.version, previous.sha256
        ),
        (None, Direction::Rollback) => format!(
            "{version} is the first release of its channel: there is no release to go back to"
        ),
        (None, Direction::Promote) => format!(
            "{version} is the first release of its channel: there is no release to install it over"
        ),
    }
}
