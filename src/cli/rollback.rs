//! `rollback`: whether one can go back, and who says so.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use countersign::Timestamp;
use countersign::finding::Direction;
use countersign::pipeline::rollback::{self, ApprovalRequest, ConsumptionRequest, DrillRequest};
use countersign::pipeline::sign::SigningKey;
use countersign::provenance::Action;
use serde::Serialize;

use super::exit::{self, Failure};
use super::render::text::escape;
use super::session::Session;

/// Answers whether the previous release is a safe place to go back to.
///
/// Ready, blocked or unknown, for exactly one pair of packets, with an end. Unknown is not ready.
#[derive(clap::Subcommand)]
#[command(after_help = format!("\
From a drill to ready:
  countersign rollback check --from dist-0.3.0 --to dist-0.2.0 --trust root.json
                              says what is missing, and what to bring for it
  countersign sign-blob evidence/cluster.json --key ops.key \\
    --bundle evidence/cluster.json.sigstore.json
                              the same for withdrawn.json, scan.json, retrieval.json and, where a
                              backup is needed, restore.json: the manual shows each in full
  countersign rollback drill record --from dist-0.3.0 --to dist-0.2.0 --timings drill.json \\
    --runbook rollback.md --profile prod --environment prod --key ops.key \\
    -o evidence/drill-prod.sigstore.json
  countersign rollback approve --from dist-0.3.0 --to dist-0.2.0 --key alice.key \\
    --environment prod --requester carol --reason 'sessions are lost' \\
    --expires 2026-11-24T09:00:00Z -o evidence/alice.sigstore.json
  countersign rollback check --from dist-0.3.0 --to dist-0.2.0 --trust root.json \\
    --evidence evidence --environment prod --requester carol
  countersign rollback consume --from dist-0.3.0 --to dist-0.2.0 --environment prod \\
    --key ops.key -o evidence/used.sigstore.json evidence/alice.sigstore.json

Exit codes of `check`: 0 ready, 1 blocked, 3 unknown.

{}", exit::TABLE))]
pub(super) enum Verb {
    /// Answer for one pair of packets
    Check(CheckArgs),
    /// Approve exactly one pair, as one person
    Approve(ApproveArgs),
    /// Record drills
    #[command(subcommand)]
    Drill(DrillVerb),
    /// Record that approvals were used, so that they are leave for nothing any more
    Consume(ConsumeArgs),
}

/// Drills.
#[derive(clap::Subcommand)]
#[command(after_help = exit::help(&["countersign rollback drill record --help"]))]
pub(super) enum DrillVerb {
    /// Turn a drill's log and timings into a signed result, bound to both packets
    Record(RecordArgs),
}

/// The pair.
#[derive(clap::Args)]
pub(super) struct PairArgs {
    /// The newer packet, or its release directory
    #[arg(long, value_name = "PACKET")]
    from: PathBuf,
    /// The older packet, or its release directory
    #[arg(long, value_name = "PACKET")]
    to: PathBuf,
}

/// The key.
#[derive(clap::Args)]
pub(super) struct KeyArgs {
    /// The private key
    #[arg(long, value_name = "KEY")]
    key: PathBuf,
    /// A file whose first line is the passphrase of the key
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl KeyArgs {
    fn read(&self, session: &Session) -> Result<SigningKey, Failure> {
        let key = session.private_key(&self.key, self.passphrase_file.as_deref())?;
        Ok(SigningKey { path: self.key.clone(), key })
    }
}

/// Answers for one pair of packets.
///
/// Both packets are verified with today's trust; what came after them counts only when somebody in
/// the right role signed it.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign rollback check --from dist-0.3.0 --to dist-0.2.0 --trust root.json \\
    --evidence evidence --environment prod
  countersign rollback check --from dist-0.3.0 --to dist-0.2.0 --trust root.json \\
    --evidence evidence --format markdown
  countersign rollback check --promote --from dist-0.3.0 --to dist-0.2.0 --trust root.json

Exit codes of this verb: 0 ready, 1 blocked, 3 unknown.

{}", exit::TABLE))]
pub(super) struct CheckArgs {
    /// The release that would be left: a packet, or its release directory
    #[arg(long, value_name = "PACKET")]
    from: PathBuf,
    /// The release that would be gone back to; without it the answer says which one it is
    #[arg(long, value_name = "PACKET")]
    to: Option<PathBuf>,
    /// The trust root to judge with
    #[arg(long, value_name = "TRUST_ROOT")]
    trust: PathBuf,
    /// A folder of newer versions of the trust root
    #[arg(long, value_name = "DIR")]
    trust_updates: Option<PathBuf>,
    /// A folder that holds `ops/`, judged besides
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// A folder of signed drills, reports, lists and approvals
    #[arg(long, value_name = "DIR")]
    evidence: Option<PathBuf>,
    /// A folder of the older release's artifacts
    #[arg(long, value_name = "DIR")]
    artifacts: Option<PathBuf>,
    /// Where; else as the approvals say
    #[arg(long, value_name = "ENV")]
    environment: Option<String>,
    /// Who asks, as the trust root names people; else as the approvals say. Does not count
    #[arg(long, value_name = "OWNER")]
    requester: Option<String>,
    /// Ask the other way round: may the newer release be installed over the older one?
    #[arg(long)]
    promote: bool,
}

/// Approves exactly one pair, as one person.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign rollback approve --from dist-0.3.0 --to dist-0.2.0 --key alice.key \\
    --environment prod --requester carol --reason 'sessions are lost' \\
    --expires 2026-11-24T09:00:00Z -o evidence/alice.sigstore.json

{}", exit::TABLE))]
pub(super) struct ApproveArgs {
    #[command(flatten)]
    pair: PairArgs,
    #[command(flatten)]
    key: KeyArgs,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Where
    #[arg(long, value_name = "ENV")]
    environment: String,
    /// Who asked for it, as the trust root names people; does not count as an approver
    #[arg(long, value_name = "OWNER", default_value = "")]
    requester: String,
    /// When the approval ends
    #[arg(long, value_name = "RFC3339")]
    expires: Timestamp,
    /// Approve installing the newer release over the older one instead
    #[arg(long)]
    promote: bool,
    /// The bundle to write
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

/// Turns a drill's log and timings into a signed result, bound to both packets.
///
/// The timings are a JSON document; how the drill ended is computed from it, never stated:
///
/// {"schema": "countersign.drill-log/v1", "scenario": "rollback-after-successful-upgrade",
///  "operator": "ops@lantern.example", "simulated": false,
///  "started_at": "2026-11-24T01:00:00Z", "decided_at": "2026-11-24T01:10:00Z",
///  "restored_at": "2026-11-24T01:11:34Z", "finished_at": "2026-11-24T01:20:00Z",
///  "steps": [{"name": "rollback", "done": true}],
///  "requests": {"sent": 4800, "failed": 0},
///  "invariants": [{"name": "answers", "before_sha256": "...", "after_sha256": "..."}]}
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
#[command(after_help = format!("\
Examples:
  countersign rollback drill record --from dist-0.3.0 --to dist-0.2.0 --timings drill.json \\
    --log drill.log --runbook ops/observe/runbooks/rollback.md --profile prod \\
    --environment prod --key ops.key -o evidence/drill-prod.sigstore.json

{}", exit::TABLE))]
pub(super) struct RecordArgs {
    #[command(flatten)]
    pair: PairArgs,
    #[command(flatten)]
    key: KeyArgs,
    /// What happened and when
    #[arg(long, value_name = "FILE")]
    timings: PathBuf,
    /// A log to bind by its digest; may be given several times
    #[arg(long, value_name = "FILE")]
    log: Vec<PathBuf>,
    /// The runbook that was followed
    #[arg(long, value_name = "FILE")]
    runbook: Option<PathBuf>,
    /// The profile that was installed
    #[arg(long, value_name = "PROFILE")]
    profile: String,
    /// Where
    #[arg(long, value_name = "ENV")]
    environment: String,
    /// The bundle to write
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

/// Records that approvals were used, so that they are leave for nothing any more.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign rollback consume --from dist-0.3.0 --to dist-0.2.0 --environment prod \\
    --key ops.key -o evidence/used.sigstore.json evidence/alice.sigstore.json

{}", exit::TABLE))]
pub(super) struct ConsumeArgs {
    #[command(flatten)]
    pair: PairArgs,
    #[command(flatten)]
    key: KeyArgs,
    /// Where it was done
    #[arg(long, value_name = "ENV")]
    environment: String,
    /// The approvals that were used
    #[arg(value_name = "APPROVAL", required = true)]
    approvals: Vec<PathBuf>,
    /// The bundle to write
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

/// What was written.
#[derive(Serialize)]
struct RecordedDocument {
    schema: &'static str,
    record: &'static str,
    from: String,
    to: String,
    written: String,
    detail: String,
}

/// Runs the verb.
pub(super) fn run(verb: &Verb, session: &Session) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Check(args) => check(args, session),
        Verb::Approve(args) => approve(args, session),
        Verb::Drill(DrillVerb::Record(args)) => record(args, session),
        Verb::Consume(args) => consume(args, session),
    }
}

fn check(args: &CheckArgs, session: &Session) -> Result<ExitCode, Failure> {
    let both: Vec<&Path> =
        [Some(&args.from), args.to.as_ref()].into_iter().flatten().map(PathBuf::as_path).collect();
    let progress = session.progress_over("verifying both packets", &both);
    let report = rollback::check(&rollback::CheckRequest {
        from: args.from.clone(),
        to: args.to.clone(),
        direction: if args.promote { Direction::Promote } else { Direction::Rollback },
        trust: args.trust.clone(),
        updates: args.trust_updates.clone(),
        root: args.root.clone(),
        evidence: args.evidence.clone(),
        artifacts: args.artifacts.clone(),
        environment: args.environment.clone(),
        requester: args.requester.clone(),
        now: session.now,
        replay: session.replay,
    })?;
    drop(progress);
    session.finish(&report)
}

fn approve(args: &ApproveArgs, session: &Session) -> Result<ExitCode, Failure> {
    let key = args.key.read(session)?;
    let request = ApprovalRequest {
        from: args.pair.from.clone(),
        to: args.pair.to.clone(),
        action: if args.promote { Action::Promote } else { Action::Rollback },
        environment: args.environment.clone(),
        requester: args.requester.clone(),
        reason: args.reason.clone(),
        approved_at: session.issued_at,
        expires_at: args.expires,
        out: args.out.clone(),
    };
    let (from, to) = rollback::approve(&request, &key)?;
    let detail = format!("for {} until {}", args.environment, args.expires);
    done(session, "approval", (&from, &to), &args.out, detail)
}

fn record(args: &RecordArgs, session: &Session) -> Result<ExitCode, Failure> {
    let key = args.key.read(session)?;
    let request = DrillRequest {
        from: args.pair.from.clone(),
        to: args.pair.to.clone(),
        timings: args.timings.clone(),
        logs: args.log.clone(),
        runbook: args.runbook.clone(),
        profile: args.profile.clone(),
        environment: args.environment.clone(),
        now: session.now,
        out: args.out.clone(),
    };
    let recorded = rollback::record_drill(&request, &key)?;
    let detail = match (recorded.drill.problem(), recorded.drill.seconds_to_roll_back()) {
        (Some(problem), _) => format!("it failed: {problem}"),
        (None, Some(seconds)) => format!("back in {seconds} s"),
        (None, None) => "it was not restored".to_owned(),
    };
    done(session, "drill", (&recorded.from, &recorded.to), &args.out, detail)
}

fn consume(args: &ConsumeArgs, session: &Session) -> Result<ExitCode, Failure> {
    let key = args.key.read(session)?;
    let request = ConsumptionRequest {
        from: args.pair.from.clone(),
        to: args.pair.to.clone(),
        approvals: args.approvals.clone(),
        environment: args.environment.clone(),
        consumed_at: session.issued_at,
        out: args.out.clone(),
    };
    let (from, to, count) = rollback::consume(&request, &key)?;
    done(session, "consumption", (&from, &to), &args.out, format!("{count} approvals are used up"))
}

fn done(
    session: &Session,
    record: &'static str,
    (from, to): (&rollback::Named, &rollback::Named),
    out: &Path,
    detail: String,
) -> Result<ExitCode, Failure> {
    let name = |named: &rollback::Named| {
        format!("{} {} sha256:{}", named.manifest.product, named.manifest.version, named.packet)
    };
    let document = RecordedDocument {
        schema: "countersign.rollback-record/v1",
        record,
        from: name(from),
        to: name(to),
        written: out.display().to_string(),
        detail,
    };
    let text = format!(
        "{record} written to {}: {}\n  from {}\n  to   {}\n",
        escape(&document.written),
        escape(&document.detail),
        escape(&document.from),
        escape(&document.to)
    );
    session.print(&text, &document)
}
