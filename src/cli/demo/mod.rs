//! `demo`: the whole story on the shipped example, with throw-away keys.

mod build;
mod commands;
mod night;
mod previous;
mod tamper;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use countersign::finding::{Area, Gate, Report};
use countersign::packet::Source;
use countersign::pipeline::{Error, assemble, check, sign, verify};
use countersign::tree::{self, TreeError};
use countersign::trust::root::{
    Key, KeyState, Policy, RequiredEvidence, Role, TrustRootDocument, VulnerabilityBudget,
};
use countersign::trust::{Algorithm, AttestationPolicy, PrivateKey, RoleName, TrustRoot};
use countersign::validator::Context;
use countersign::validator::packet::Expectations;
use countersign::{Timestamp, Verdict};
use serde::Serialize;

use super::exit::{self, Failure};
use super::render::text::Tone;
use super::session::Session;

/// Runs the whole story on the shipped example with throw-away keys.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign demo
  countersign demo --dir /tmp/demo

The example's evidence was taken on known days, so the demo judges as of a fixed time; give --now
for another one.

{}", exit::TABLE))]
pub(super) struct Args {
    /// Where the demo writes; a demo that is there already is replaced
    #[arg(long, value_name = "DIR", default_value = "target/demo")]
    dir: PathBuf,
    /// The folder that holds the example's `ops/`
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
}

/// The time that the demo judges as of: the example's evidence is a few days old then.
const DEMO_TIME: i64 = 1_795_464_000;
const VERSION: &str = "0.3.0";
const SOURCE: &str = "git+https://git.lantern.example/lantern";
const COMMIT: &str = "5f3c1d9a7be24806c1d2f4a6b8097e3d5c7a9f10";
const PREVIOUS: &str = "0.2.0";
const PREVIOUS_COMMIT: &str = "8a0d3f5b21c74e69b0f1c8d2e7a64935d1b0c6e2";
/// Marks a folder that a demo made and the next one may remove.
const MARKER: &str = ".countersign-demo";

/// Where the demo's things lie.
struct Stage {
    root: PathBuf,
    dir: PathBuf,
    now: Timestamp,
    step: u32,
}

impl Stage {
    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The release that the example's tree is.
    fn release(&self) -> Release {
        Release {
            version: VERSION,
            commit: COMMIT,
            tree: self.root.clone(),
            artifacts: self.path("artifacts"),
            evidence: self.path("evidence"),
            dist: self.path("dist"),
            previous: Some(self.path(&format!("previous/dist/lantern-{PREVIOUS}.packet.tar.gz"))),
            issued_at: self.now,
        }
    }

    /// The release before it, of a tree that is made from the example's.
    fn previous(&self) -> Release {
        // After the example's newest evidence, which is minutes old at the demo's time.
        let earlier = self.now.unix_seconds() - 600;
        let issued_at = Timestamp::from_unix_seconds(earlier).unwrap_or(self.now);
        Release {
            version: PREVIOUS,
            commit: PREVIOUS_COMMIT,
            tree: self.path("previous"),
            artifacts: self.path("previous/artifacts"),
            evidence: self.path("previous/evidence"),
            dist: self.path("previous/dist"),
            previous: None,
            issued_at,
        }
    }
}

/// One release of the demo, and where its things lie.
struct Release {
    version: &'static str,
    commit: &'static str,
    tree: PathBuf,
    artifacts: PathBuf,
    evidence: PathBuf,
    dist: PathBuf,
    previous: Option<PathBuf>,
    issued_at: Timestamp,
}

#[derive(Serialize)]
struct DemoDocument {
    schema: &'static str,
    directory: String,
    verdict: Verdict,
    refusals: Vec<RefusalDocument>,
    rollback: Vec<RollbackDocument>,
}

#[derive(Serialize)]
struct RollbackDocument {
    after: &'static str,
    verdict: Verdict,
    open: Vec<String>,
}

#[derive(Serialize)]
struct RefusalDocument {
    tampering: &'static str,
    codes: Vec<String>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, session: &Session) -> Result<ExitCode, Failure> {
    let demo_time = Timestamp::from_unix_seconds(DEMO_TIME).expect("the demo's time is a time");
    let now = if session.replay { session.now } else { demo_time };
    let mut stage = Stage { root: args.root.clone(), dir: args.dir.clone(), now, step: 0 };
    prepare(&stage)?;
    let ending = tell(&mut stage, session);
    match ending {
        Err(Failure::Library(Error::Blocked(report))) => session.finish(&report),
        other => other,
    }
}

fn tell(stage: &mut Stage, session: &Session) -> Result<ExitCode, Failure> {
    let root = stage.root.display().to_string();
    let as_of = format!("--now {}", stage.now);
    let (release, before) = (stage.release(), stage.previous());
    say(
        stage,
        session,
        "judge the governed inputs",
        &format!("countersign check --root {root} {as_of}"),
    )?;
    let report = check_inputs(stage)?;
    outcome(session, &report)?;
    if report.verdict() != Verdict::Pass {
        return session.finish(&report);
    }
    say(stage, session, "build artifacts and collect evidence from the tree", "")?;
    build::build(&release)?;
    say(
        stage,
        session,
        "make three people's throw-away keys and a trust root",
        &format!(
            "{}\ncountersign trust show {}",
            commands::of_keys(stage),
            trust_path(stage).display()
        ),
    )?;
    let keys = make_keys(stage)?;
    let (signers, operations) = keys.split_at(2);
    build::signed_evidence(&release, &signers[0].key)?;
    let trust = make_trust_root(stage, &keys)?;
    say(stage, session, &format!("make the release before it, {PREVIOUS}"), "")?;
    previous::make_tree(stage, &before)?;
    build::build(&before)?;
    build::signed_evidence(&before, &signers[0].key)?;
    let assembled = assemble::assemble(&assemble_request(&before)?)?;
    sign::sign(&before.dist, signers)?;
    result(session, &format!("packet sha256:{}", assembled.packed.sha256))?;
    say(stage, session, "assemble the release", &commands::of_assembly(&release, &as_of))?;
    let assembled = assemble::assemble(&assemble_request(&release)?)?;
    result(session, &format!("packet sha256:{}", assembled.packed.sha256))?;
    let dist = release.dist.display().to_string();
    let (alice, bob) = (signers[0].path.display(), signers[1].path.display());
    let command = format!("countersign sign {dist} --key {alice} --key {bob}");
    say(stage, session, "sign it, both of them", &command)?;
    sign::sign(&release.dist, signers)?;
    let command = format!("countersign verify {dist} --trust {} {as_of}", trust.display());
    say(stage, session, "verify it, offline, from files alone", &command)?;
    let report = verify_release(stage, &release.dist)?;
    outcome(session, &report)?;
    if report.verdict() != Verdict::Pass {
        return session.finish(&report);
    }
    say(stage, session, "tamper with a copy in five ways; each is refused", "")?;
    let refusals = tamper::all(stage, session)?;
    let rollback = night::tell(stage, session, signers, &operations[0])?;
    finish(stage, session, refusals, rollback)
}

fn finish(
    stage: &Stage,
    session: &Session,
    refusals: Vec<RefusalDocument>,
    rollback: Vec<RollbackDocument>,
) -> Result<ExitCode, Failure> {
    let all_refused = refusals.iter().all(|refusal| !refusal.codes.is_empty());
    let answers: Vec<Verdict> = rollback.iter().map(|answer| answer.verdict).collect();
    let as_told = answers == [Verdict::Blocked, Verdict::Blocked, Verdict::Ready, Verdict::Blocked];
    let document = DemoDocument {
        schema: "countersign.demo/v1",
        directory: stage.path("dist").display().to_string(),
        verdict: if all_refused && as_told { Verdict::Pass } else { Verdict::Refused },
        refusals,
        rollback,
    };
    let text = format!("\nthe release is in {}\n", document.directory);
    session.print(&text, &document)?;
    Ok(exit::of(document.verdict))
}

/// Tells what comes next, and the commands that do the same, one a line.
fn say(stage: &mut Stage, session: &Session, what: &str, commands: &str) -> Result<(), Failure> {
    stage.step += 1;
    if !session.is_human() {
        return Ok(());
    }
    let style = session.style();
    let mut text = format!("\n{}\n", style.paint(Tone::Strong, &format!("{}. {what}", stage.step)));
    for line in commands.lines() {
        text += &format!("   {}\n", style.paint(Tone::Faint, &format!("$ {line}")));
    }
    session.write(text.as_bytes())
}

fn result(session: &Session, line: &str) -> Result<(), Failure> {
    if session.is_human() { session.write(format!("   {line}\n").as_bytes()) } else { Ok(()) }
}

fn outcome(session: &Session, report: &Report) -> Result<(), Failure> {
    let document = report.to_document();
    let line = super::render::human::one_line(&document, session.style());
    result(session, line.trim_end())
}

/// Makes the folder anew. Only what a demo made is removed.
fn prepare(stage: &Stage) -> Result<(), Failure> {
    let io = |error| Failure::from(TreeError::io(&stage.dir, error));
    if stage.dir.exists() {
        let is_empty = fs::read_dir(&stage.dir).map_err(io)?.next().is_none();
        if !is_empty && !stage.path(MARKER).exists() {
            let problem = "was not made by a demo; name another folder".to_owned();
            return Err(Error::Unusable { path: stage.dir.clone(), problem }.into());
        }
        fs::remove_dir_all(&stage.dir).map_err(io)?;
    }
    fs::create_dir_all(&stage.dir).map_err(io)?;
    Ok(tree::write_atomic(&stage.path(MARKER), b"", 0o644)?)
}

fn check_inputs(stage: &Stage) -> Result<Report, Failure> {
    Ok(check::check(&check::Request {
        root: stage.root.clone(),
        areas: Area::GOVERNED.to_vec(),
        is_whole: true,
        waivers: None,
        baseline: None,
        gate: Gate::Error,
        context: Context::at(stage.now),
        replay: true,
    })?)
}

/// Who holds a key, and of which kind, as a person names it too.
const PEOPLE: [(&str, Algorithm, &str); 3] = [
    ("alice", Algorithm::Ed25519, "ed25519"),
    ("bob", Algorithm::P256, "p256"),
    ("operations", Algorithm::Ed25519, "ed25519"),
];

fn make_keys(stage: &Stage) -> Result<Vec<sign::SigningKey>, Failure> {
    let mut keys = Vec::new();
    for (name, algorithm, _) in PEOPLE {
        let path = stage.path(&format!("{name}.key"));
        let key = PrivateKey::generate(algorithm)
            .map_err(|source| Error::Key { path: path.clone(), source })?;
        tree::write_atomic(&path, key.to_pem().as_bytes(), 0o600)?;
        let public = stage.path(&format!("{name}.pub"));
        tree::write_atomic(&public, key.public().to_pem().as_bytes(), 0o644)?;
        keys.push(sign::SigningKey { path, key });
    }
    Ok(keys)
}

/// Where the versions of the trust root lie that came after the first.
const UPDATES: &str = "trust-updates";

fn trust_path(stage: &Stage) -> PathBuf {
    stage.path("trust-root.json")
}

/// A trust root that asks for both people on every release and on every way back.
fn make_trust_root(stage: &Stage, keys: &[sign::SigningKey]) -> Result<PathBuf, Failure> {
    let path = trust_path(stage);
    let document = trust_root(stage, &keys.iter().collect::<Vec<_>>());
    let signers: Vec<&PrivateKey> = keys.iter().take(2).map(|key| &key.key).collect();
    let bytes = TrustRoot::seal(&document, &signers)
        .map_err(|source| Error::Root { path: path.clone(), source })?;
    tree::write_atomic(&path, &bytes, 0o644)?;
    Ok(path)
}

fn trust_root(stage: &Stage, keys: &[&sign::SigningKey]) -> TrustRootDocument {
    let ids: Vec<_> = keys.iter().map(|key| key.key.public().id()).collect();
    let from = stage.previous().issued_at;
    let owned = keys.iter().map(|key| {
        let owner = key.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let public_key = key.key.public().clone();
        (public_key.id(), Key { public_key, owner, state: KeyState::Active { from } })
    });
    let role = |keys: &[countersign::trust::KeyId], threshold| Role {
        keys: keys.to_vec(),
        identities: Vec::new(),
        threshold,
    };
    TrustRootDocument {
        schema: TrustRootDocument::SCHEMA.to_owned(),
        version: 1,
        issued_at: from,
        expires_at: stage.now.plus_days(365),
        keys: owned.collect(),
        identities: [].into(),
        roles: [
            (RoleName::Root, role(&ids, 2)),
            (RoleName::Release, role(&ids[..2], 2)),
            (RoleName::Evidence, role(&ids[..2], 1)),
            (RoleName::RollbackEvidence, role(&ids[2..], 1)),
            (RoleName::RollbackApprover, role(&ids[..2], 2)),
        ]
        .into(),
        policy: policy(),
        sigstore: None,
    }
}

fn policy() -> Policy {
    let evidence = |kind: &str, area: Option<&str>, max_age_days| RequiredEvidence {
        kind: kind.to_owned(),
        area: area.map(str::to_owned),
        max_age_days,
        role: None,
    };
    let reports = Area::GOVERNED.into_iter().flat_map(|area| {
        ["validator-report", "test-result"].map(|kind| evidence(kind, Some(area.word()), 1))
    });
    let others = [
        evidence("sbom", None, 7),
        evidence("scan", None, 7),
        evidence("drill", Some("observe"), 30),
        evidence("load-summary", Some("load"), 14),
        evidence("attestation", Some("release"), 7),
    ];
    Policy {
        product: "lantern".to_owned(),
        channels: vec!["stable".to_owned()],
        builders: vec!["https://builders.lantern.example/release".to_owned()],
        build_types: vec!["https://lantern.example/build-types/release/v1".to_owned()],
        sources: vec![SOURCE.to_owned()],
        external_parameters: vec!["profile".to_owned(), "target".to_owned()],
        evidence: reports.chain(others).collect(),
        vulnerabilities: VulnerabilityBudget { max_critical: 0, max_high: 0 },
        max_waivers: 3,
        waivers: None,
        rollback: None,
        require_proven_time: false,
        log_operators: 0,
        attestations: AttestationPolicy::default(),
        max_packet_bytes: 1 << 30,
        max_members: 10_000,
    }
}

fn assemble_request(release: &Release) -> Result<assemble::Request, Failure> {
    Ok(assemble::Request {
        root: release.tree.clone(),
        artifacts: release.artifacts.clone(),
        version: release.version.parse().map_err(|error| Failure::Usage(format!("{error}")))?,
        source: Source { uri: SOURCE.to_owned(), commit: release.commit.to_owned() },
        previous: release.previous.clone(),
        evidence: Some(release.evidence.clone()),
        invocation: None,
        allow_blocked: false,
        out: release.dist.clone(),
        issued_at: release.issued_at,
        now: release.issued_at,
        replay: true,
        issued_at_given: false,
    })
}

fn verify_release(stage: &Stage, target: &Path) -> Result<Report, Failure> {
    Ok(verify::verify(&verify::Request {
        target: target.to_owned(),
        trust: trust_path(stage),
        updates: None,
        trust_as_of: None,
        expectations: Expectations {
            name: Some("lantern".to_owned()),
            version: VERSION.parse().ok(),
            commit: Some(COMMIT.to_owned()),
            min_sequence: Some(1),
        },
        state: None,
        artifacts: None,
        now: stage.now,
        replay: true,
    })?)
}
