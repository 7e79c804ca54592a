//! The night after: may one go back? Blocked, drilled, approved, ready; and blocked again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use countersign::finding::{Direction, Report, Status};
use countersign::packet::directory::BUNDLE_SUFFIX;
use countersign::pipeline::rollback::{self, ApprovalRequest, CheckRequest, DrillRequest};
use countersign::pipeline::{Error, sign};
use countersign::provenance::Action;
use countersign::tree::{self, TreeError};
use countersign::trust::root::KeyState;
use countersign::trust::{Bundle, PrivateKey, TrustRoot};
use countersign::validator::rollback::{
    ClusterState, Retrieval, RetrievedItem, RollbackFacts, Scan, WithdrawnList,
};
use countersign::{Digest, Timestamp, json};
use serde::Serialize;

use super::super::exit::Failure;
use super::super::session::Session;
use super::{PREVIOUS, RollbackDocument, Stage, UPDATES, result, say, trust_root};

const ENVIRONMENT: &str = "prod";
/// Who asks for the way back; holds no key of the demo's.
const REQUESTER: &str = "carol";

/// Tells the story and returns the answers on the way.
pub(super) fn tell(
    stage: &mut Stage,
    session: &Session,
    signers: &[sign::SigningKey],
    operations: &sign::SigningKey,
) -> Result<Vec<RollbackDocument>, Failure> {
    let night = Night::of(stage);
    fs::create_dir_all(&night.evidence).map_err(|error| TreeError::io(&night.evidence, error))?;
    let mut answers = Vec::new();
    let command = night.command(stage);
    say(stage, session, &format!("the night after: may one go back to {PREVIOUS}?"), &command)?;
    answers.push(night.ask(stage, session, "nothing")?);
    say(
        stage,
        session,
        "operations sign what they know and drill the way back in both profiles",
        "countersign rollback drill record --help",
    )?;
    night.sign_facts(stage, operations)?;
    night.drill(stage, "ci", operations)?;
    night.drill(stage, "prod", operations)?;
    answers.push(night.ask(stage, session, "the drills")?);
    say(
        stage,
        session,
        "two people approve exactly this pair",
        "countersign rollback approve --help",
    )?;
    for signer in signers {
        night.approve(stage, signer)?;
    }
    answers.push(night.ask(stage, session, "two approvals")?);
    say(
        stage,
        session,
        "bob's key turns out to be in wrong hands: it is revoked, and nothing of bob's counts",
        "countersign trust revoke --help",
    )?;
    revoke(stage, signers, operations)?;
    answers.push(night.ask(stage, session, "the revocation")?);
    Ok(answers)
}

/// Where and when it happens.
struct Night {
    now: Timestamp,
    evidence: PathBuf,
    from: PathBuf,
    to: PathBuf,
}

impl Night {
    fn of(stage: &Stage) -> Self {
        let hours = |hours: i64| stage.now.unix_seconds() + hours * 3600;
        Self {
            now: Timestamp::from_unix_seconds(hours(7)).unwrap_or(stage.now),
            evidence: stage.path("night"),
            from: stage.release().dist,
            to: stage.previous().dist,
        }
    }

    fn before(&self, seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(self.now.unix_seconds() - seconds).unwrap_or(self.now)
    }

    fn command(&self, stage: &Stage) -> String {
        format!(
            "countersign rollback check --from {} --to {} --trust {} --trust-updates {} \
             --evidence {} --environment {ENVIRONMENT} --requester {REQUESTER} --now {}",
            self.from.display(),
            self.to.display(),
            stage.path("trust-root.json").display(),
            stage.path(UPDATES).display(),
            self.evidence.display(),
            self.now
        )
    }

    fn ask(
        &self,
        stage: &Stage,
        session: &Session,
        after: &'static str,
    ) -> Result<RollbackDocument, Failure> {
        let updates = stage.path(UPDATES);
        let report = rollback::check(&CheckRequest {
            from: self.from.clone(),
            to: Some(self.to.clone()),
            direction: Direction::Rollback,
            trust: stage.path("trust-root.json"),
            updates: updates.exists().then_some(updates),
            root: None,
            evidence: Some(self.evidence.clone()),
            artifacts: None,
            environment: Some(ENVIRONMENT.to_owned()),
            requester: Some(REQUESTER.to_owned()),
            now: self.now,
            replay: true,
        })?;
        show(session, &report)?;
        let rows = report.readiness().map(|answer| answer.checks.as_slice()).unwrap_or_default();
        let open = rows
            .iter()
            .filter(|row| matches!(row.status, Status::Fails | Status::Unknown))
            .map(|row| row.check.clone())
            .collect();
        Ok(RollbackDocument { after, verdict: report.verdict(), open })
    }

    /// What the registry still has, which releases are withdrawn, what the cluster is, what a scan
    /// finds today.
    fn sign_facts(&self, stage: &Stage, key: &sign::SigningKey) -> Result<(), Failure> {
        let ends = self.now.plus_days(1);
        let retrieval = Retrieval {
            schema_version: 1,
            checked_at: self.before(7200),
            release: PREVIOUS.parse().map_err(|error| Failure::Usage(format!("{error}")))?,
            items: images(&stage.previous().dist)?,
        };
        self.sign_document("retrieval.json", &retrieval, key)?;
        let withdrawn = WithdrawnList {
            schema: WithdrawnList::SCHEMA.to_owned(),
            product: "lantern".to_owned(),
            issued_at: self.before(3600),
            expires_at: ends,
            releases: Vec::new(),
        };
        self.sign_document("withdrawn.json", &withdrawn, key)?;
        let cluster = ClusterState {
            schema: ClusterState::SCHEMA.to_owned(),
            environment: ENVIRONMENT.to_owned(),
            observed_at: self.before(600),
            expires_at: ends,
            kubernetes_version: "1.34.0"
                .parse()
                .map_err(|error| Failure::Usage(format!("{error}")))?,
            stored_versions: BTreeMap::new(),
            objects: BTreeSet::new(),
        };
        self.sign_document("cluster.json", &cluster, key)?;
        let packet = previous_packet(&stage.previous().dist);
        let bytes = fs::read(&packet).map_err(|error| TreeError::io(&packet, error))?;
        let scan = Scan {
            schema: Scan::SCHEMA.to_owned(),
            packet_sha256: Digest::of(&bytes),
            scanned_at: self.before(1800),
            critical: 0,
            high: 0,
            findings: Vec::new(),
        };
        self.sign_document("scan.json", &scan, key)
    }

    fn sign_document(
        &self,
        name: &str,
        document: &impl Serialize,
        key: &sign::SigningKey,
    ) -> Result<(), Failure> {
        let bytes = json::to_bytes(document);
        let path = self.evidence.join(name);
        tree::write_atomic(&path, &bytes, 0o644)?;
        let bundle = Bundle::sign_message(&bytes, &key.key)
            .map_err(|source| Error::Key { path: key.path.clone(), source })?;
        let sidecar = self.evidence.join(format!("{name}{BUNDLE_SUFFIX}"));
        Ok(tree::write_atomic(&sidecar, &bundle.to_bytes(), 0o644)?)
    }

    fn drill(&self, stage: &Stage, profile: &str, key: &sign::SigningKey) -> Result<(), Failure> {
        let timings = stage.path(&format!("drill-{profile}.json"));
        let answers = Digest::of(b"answers of the data set 2026.10");
        let log = format!(
            r#"{{"schema": "countersign.drill-log/v1",
 "scenario": "rollback-after-successful-upgrade", "operator": "operations@lantern.example",
 "simulated": false, "started_at": "{}", "decided_at": "{}", "restored_at": "{}",
 "finished_at": "{}",
 "steps": [{{"name": "upgrade", "done": true}}, {{"name": "rollback", "done": true}}],
 "requests": {{"sent": 4800, "failed": 0}},
 "invariants": [{{"name": "answers", "before_sha256": "{answers}", "after_sha256": "{answers}"}}]}}
"#,
            self.before(5000),
            self.before(4000),
            self.before(3906),
            self.before(3000)
        );
        tree::write_atomic(&timings, log.as_bytes(), 0o644)?;
        let request = DrillRequest {
            from: self.from.clone(),
            to: self.to.clone(),
            timings,
            logs: Vec::new(),
            runbook: Some(stage.root.join("ops/observe/runbooks/rollback.md")),
            profile: profile.to_owned(),
            environment: ENVIRONMENT.to_owned(),
            now: self.now,
            out: self.evidence.join(format!("drill-{profile}{BUNDLE_SUFFIX}")),
        };
        rollback::record_drill(&request, key)?;
        Ok(())
    }

    fn approve(&self, stage: &Stage, key: &sign::SigningKey) -> Result<(), Failure> {
        let name = key.path.file_stem().unwrap_or_default().to_string_lossy();
        let request = ApprovalRequest {
            from: self.from.clone(),
            to: self.to.clone(),
            action: Action::Rollback,
            environment: ENVIRONMENT.to_owned(),
            requester: REQUESTER.to_owned(),
            reason: format!("the release {} loses sessions", stage.release().version),
            approved_at: self.before(60),
            expires_at: Timestamp::from_unix_seconds(self.now.unix_seconds() + 6 * 3600)
                .unwrap_or(self.now),
            out: self.evidence.join(format!("approval-{name}{BUNDLE_SUFFIX}")),
        };
        rollback::approve(&request, key)?;
        Ok(())
    }
}

fn show(session: &Session, report: &Report) -> Result<(), Failure> {
    let document = report.to_document();
    let line = super::super::render::human::one_line(&document, session.style());
    result(session, line.trim_end())?;
    let Some(answer) = report.readiness() else { return Ok(()) };
    for row in &answer.checks {
        if matches!(row.status, Status::Fails | Status::Unknown) {
            result(session, &format!("  {} {}", row.check, row.detail))?;
        }
    }
    Ok(())
}

/// The images of a release, as a registry would have answered.
fn images(dist: &Path) -> Result<Vec<RetrievedItem>, Failure> {
    let facts = facts_of(&previous_packet(dist))?;
    let images: BTreeSet<&str> = facts.images().collect();
    let items = images.into_iter().filter_map(|image| {
        let (_, hex) = image.rsplit_once("@sha256:")?;
        Some(RetrievedItem {
            name: image.to_owned(),
            kind: "image".to_owned(),
            expected_digest: format!("sha256:{hex}"),
            retrieved_digest: format!("sha256:{hex}"),
            size_bytes: 9_437_184,
            location: "registry.lantern.example".to_owned(),
        })
    });
    Ok(items.collect())
}

fn previous_packet(dist: &Path) -> PathBuf {
    dist.join(format!("lantern-{PREVIOUS}.packet.tar.gz"))
}

fn facts_of(packet: &Path) -> Result<RollbackFacts, Failure> {
    use countersign::packet::archive::{Limits, unpack};
    let limits = Limits { packed_bytes: 1 << 30, unpacked_bytes: 1 << 30, members: 10_000 };
    let file = fs::File::open(packet).map_err(|error| TreeError::io(packet, error))?;
    let mut bytes = Vec::new();
    unpack(file, limits, |member, _, reader| {
        if member.file_name() == RollbackFacts::FILE {
            reader.read_to_end(&mut bytes)?;
        }
        Ok(())
    })
    .map_err(|source| Error::Archive { path: packet.to_owned(), source })?;
    RollbackFacts::parse(&bytes)
        .map_err(|source| Error::Json { path: packet.to_owned(), source }.into())
}

/// The next version of the trust root: bob's key counts for nothing from before both releases on.
fn revoke(
    stage: &Stage,
    signers: &[sign::SigningKey],
    operations: &sign::SigningKey,
) -> Result<(), Failure> {
    let folder = stage.path(UPDATES);
    fs::create_dir_all(&folder).map_err(|error| TreeError::io(&folder, error))?;
    let [alice, bob] = signers else { return Ok(()) };
    let mut document = trust_root(stage, &[alice, bob, operations]);
    let from = document.issued_at;
    document.version = 2;
    document.issued_at = Night::of(stage).now;
    if let Some(key) = document.keys.get_mut(&bob.key.public().id()) {
        key.state = KeyState::Compromised { from, since: from };
    }
    let path = folder.join("2.json");
    let signers: [&PrivateKey; 2] = [&alice.key, &operations.key];
    let bytes = TrustRoot::seal(&document, &signers)
        .map_err(|source| Error::Root { path: path.clone(), source })?;
    Ok(tree::write_atomic(&path, &bytes, 0o644)?)
}
