//! `load compare`: has this load run regressed?

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use countersign::pipeline::load;

use super::exit::{self, Failure};
use super::session::Session;

/// Compares runs of a load test.
#[derive(clap::Subcommand)]
#[command(after_help = format!("\
Examples:
  countersign load compare before-*.json --candidate after-*.json

{}", exit::TABLE))]
pub(super) enum Verb {
    /// Tell whether runs have regressed against a baseline, three ways, with the statistics
    #[command(after_help = format!("\
Examples:
  countersign load compare before-*.json --candidate after-*.json
  countersign load compare ops/load/baselines/0.2.0.json --suite soak \\
      --candidate ops/load/results/soak.runs.json
  countersign load compare a.ndjson b.ndjson c.ndjson d.ndjson e.ndjson --candidate new-*.ndjson \\
      --policy ops/load/contracts/performance-regression-thresholds.json --format json

A file is the result of one run (k6, vegeta, locust, Gatling, oha, wrk2), a list of runs, or a
baseline. 0 means not regressed, 1 regressed, 3 that the runs do not tell.

{}", exit::TABLE))]
    Compare {
        /// Runs of the baseline
        #[arg(value_name = "BASELINE", required = true)]
        baseline: Vec<PathBuf>,
        /// Runs of the candidate
        #[arg(long, value_name = "RUN", required = true, num_args = 1..)]
        candidate: Vec<PathBuf>,
        /// The margins, runs and confidence, declared before
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// The suite, where a baseline has several
        #[arg(long, value_name = "NAME")]
        suite: Option<String>,
    },
}

/// Runs the verb.
pub(super) fn run(verb: &Verb, session: &Session) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Compare { baseline, candidate, policy, suite } => {
            let runs: Vec<&Path> = baseline.iter().chain(candidate).map(PathBuf::as_path).collect();
            let progress = session.progress_over("reading runs", &runs);
            let report = load::compare(&load::Request {
                baseline: baseline.clone(),
                candidate: candidate.clone(),
                policy: policy.clone(),
                suite: suite.clone(),
                now: session.now,
                replay: session.replay,
            })?;
            drop(progress);
            session.finish(&report)
        }
    }
}
