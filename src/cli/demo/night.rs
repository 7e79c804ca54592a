//! The night after: may one go back? Blocked, drilled, approved, ready; and blocked again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::slice;

use countersign::finding::{Direction, Report, Status};
use countersign::packet::directory::BUNDLE_SUFFIX;
use countersign::pipeline::rollback::{self, ApprovalRequest, CheckRequest, DrillRequest};
use countersign::pipeline::{Error, sign, trust};
use countersign::provenance::Action;
use countersign::tree::{self, TreeError};
use countersign::trust::Bundle;
use countersign::validator::rollback::{
    ClusterState, Retrieval, RetrievedItem, RollbackFacts, Scan, WithdrawnList,
};
use countersign::{Digest, Timestamp, json};
use serde::Serialize;

use super::super::exit::Failure;
use super::super::session::Session;
use super::{PREVIOUS, RollbackDocument, Stage, UPDATES, result, say, trust_path};

pub(super) const ENVIRONMENT: &str = "prod";
/// Where the way back is drilled.
pub(super) const PROFILES: [&str; 2] = ["ci", "prod"];
/// What operations know and sign.
pub(super) const FACTS: [&str; 4] =
    ["retrieval.json", "withdrawn.json", "cluster.json", "scan.json"];
/// Who asks for the way back; holds no key of the demo's.
pub(super) const REQUESTER: &str = "carol";

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
        &night.drill_commands(stage, operations),
    )?;
    night.sign_facts(stage, operations)?;
    for profile in PROFILES {
        night.drill(stage, profile, operations)?;
    }
    answers.push(night.ask(stage, session, "the drills")?);
    say(
        stage,
        session,
        "two people approve exactly this pair",
        &night.approve_commands(stage, signers),
    )?;
    for signer in signers {
        night.approve(stage, signer)?;
    }
    answers.push(night.ask(stage, session, "two approvals")?);
    say(
        stage,
        session,
        "bob's key turns out to be in wrong hands: it is revoked, and nothing of bob's counts",
        &night.revoke_commands(stage, signers, operations),
    )?;
    night.revoke(stage, signers, operations)?;
    answers.push(night.ask(stage, session, "the revocation")?);
    Ok(answers)
}

/// Where and when it happens.
pub(super) struct Night {
    pub(super) now: Timestamp,
    pub(super) evidence: PathBuf,
    pub(super) from: PathBuf,
    pub(super) to: PathBuf,
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

    pub(super) fn before(&self, seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(self.now.unix_seconds() - seconds).unwrap_or(self.now)
    }

    pub(super) fn drill_path(&self, profile: &str) -> PathBuf {
        self.evidence.join(format!("drill-{profile}{BUNDLE_SUFFIX}"))
    }

    pub(super) fn approval_path(&self, signer: &sign::SigningKey) -> PathBuf {
        let name = signer.path.file_stem().unwrap_or_default().to_string_lossy();
        self.evidence.join(format!("approval-{name}{BUNDLE_SUFFIX}"))
    }

    pub(super) fn approvals_end(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.now.unix_seconds() + 6 * 3600).unwrap_or(self.now)
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
            trust: trust_path(stage),
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
        let [retrieved, listed, observed, scanned] = FACTS;
        self.sign_document(retrieved, &retrieval, key)?;
        let withdrawn = WithdrawnList {
            schema: WithdrawnList::SCHEMA.to_owned(),
            product: "lantern".to_owned(),
            issued_at: self.before(3600),
            expires_at: ends,
            releases: Vec::new(),
        };
        self.sign_document(listed, &withdrawn, key)?;
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
        self.sign_document(observed, &cluster, key)?;
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
        self.sign_document(scanned, &scan, key)
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
        let timings = timings_path(stage, profile);
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
            runbook: Some(runbook_path(stage)),
            profile: profile.to_owned(),
            environment: ENVIRONMENT.to_owned(),
            now: self.now,
            out: self.drill_path(profile),
        };
        rollback::record_drill(&request, key)?;
        Ok(())
    }

    fn approve(&self, stage: &Stage, key: &sign::SigningKey) -> Result<(), Failure> {
        let request = ApprovalRequest {
            from: self.from.clone(),
            to: self.to.clone(),
            action: Action::Rollback,
            environment: ENVIRONMENT.to_owned(),
            requester: REQUESTER.to_owned(),
            reason: reason(stage),
            approved_at: self.before(60),
            expires_at: self.approvals_end(),
            out: self.approval_path(key),
        };
        rollback::approve(&request, key)?;
        Ok(())
    }

    /// The next version of the trust root: bob's key counts for nothing from before both releases on.
    fn revoke(
        &self,
        stage: &Stage,
        signers: &[sign::SigningKey],
        operations: &sign::SigningKey,
    ) -> Result<(), Failure> {
        let [alice, bob] = signers else { return Ok(()) };
        let folder = stage.path(UPDATES);
        fs::create_dir_all(&folder).map_err(|error| TreeError::io(&folder, error))?;
        let pinned = trust_path(stage);
        let bytes = fs::read(&pinned).map_err(|error| TreeError::io(&pinned, error))?;
        tree::write_atomic(&folder.join("1.json"), &bytes, 0o644)?;
        let change = trust::Change::Revoke {
            whose: bob.key.public().id().to_string(),
            since: stage.previous().issued_at,
        };
        trust::change(&folder, change, self.now, None)?;
        for signer in [alice, operations] {
            trust::sign(&folder, slice::from_ref(signer))?;
        }
        Ok(())
    }
}

pub(super) fn timings_path(stage: &Stage, profile: &str) -> PathBuf {
    stage.path(&format!("drill-{profile}.json"))
}

pub(super) fn runbook_path(stage: &Stage) -> PathBuf {
    stage.root.join("ops/observe/runbooks/rollback.md")
}

pub(super) fn reason(stage: &Stage) -> String {
    format!("the release {} loses sessions", stage.release().version)
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
