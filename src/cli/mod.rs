//! The command line: the only room that prints, reads the environment, or exits.

mod ambient;
mod assemble;
mod attest;
mod attestations;
mod authority;
mod blob;
mod check;
mod checksums;
mod completions;
mod demo;
mod diff;
mod exit;
mod helm;
mod identity;
mod init;
mod inspect;
mod keys;
mod load;
mod man;
mod network;
mod progress;
mod render;
mod report;
mod rollback;
mod rules;
mod session;
mod sign;
mod signing;
mod stdout;
mod trust;
mod verify;

use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use countersign::Timestamp;

use session::Session;

/// Proves that a release may be distributed, installed or rolled back.
#[derive(Parser)]
#[command(name = "countersign", version, max_term_width = 100)]
#[command(after_help = exit::help(&[
    "countersign demo                                      the whole story, on an example",
    "countersign check --root .                            is what is governed in order?",
    "countersign verify dist --trust trust-root.json       may this release be installed?",
    "countersign rollback check --help                     may one go back?",
    "countersign explain CS-TRUST-005                      what a finding means, and what to do",
]))]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// What every verb takes.
#[derive(Args, Clone)]
struct Global {
    /// How the result is written
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Where the result is written, instead of standard output
    #[arg(long, global = true, value_name = "FILE")]
    output: Option<std::path::PathBuf>,
    /// Judge as of this time; the report says that it is a replay
    #[arg(long, global = true, value_name = "RFC3339")]
    now: Option<Timestamp>,
    /// When to use colour; `NO_COLOR` turns it off
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto)]
    color: Colour,
    /// Only the verdict, on one line
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Every check, also those that hold
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,
}

/// How a result is written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for code scanning; of reports
    Sarif,
    /// JUnit XML, for a pipeline's test view; of reports
    Junit,
    /// Markdown, for a ticket or a pull request
    Markdown,
    /// Workflow commands of GitHub Actions; of reports
    Github,
}

impl Format {
    /// Tells whether only a report can be written so.
    fn is_of_reports(self) -> bool {
        match self {
            Self::Human | Self::Json | Self::Markdown => false,
            Self::Sarif | Self::Junit | Self::Github => true,
        }
    }
}

/// When colour is used.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Colour {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Subcommand)]
enum Verb {
    /// Run the whole story on the shipped example with throw-away keys
    Demo(demo::Args),
    /// Prepare a project for its first release
    Init(init::Args),
    /// Judge governed inputs below `ops/`
    Check(check::Args),
    /// Judge one area and sign the result about files that are named
    Attest(attest::Args),
    /// Make an unsigned release directory: evidence, manifest, packet, checksums
    Assemble(assemble::Args),
    /// Sign an assembled release: seal, provenance, checksums
    Sign(sign::Args),
    /// Verify a release offline, from its files and a trust root alone
    Verify(verify::Args),
    /// Write or verify a list of checksums
    #[command(subcommand)]
    Checksums(checksums::Verb),
    /// Make, show or encrypt keys
    #[command(subcommand)]
    Keys(keys::Verb),
    /// Create, change, sign and verify trust roots
    #[command(subcommand)]
    Trust(trust::Verb),
    /// Answer whether one can go back, and record who says so
    #[command(subcommand)]
    Rollback(rollback::Verb),
    /// Sign one file
    SignBlob(blob::SignArgs),
    /// Verify one file's Sigstore bundle with a key
    VerifyBlob(blob::VerifyArgs),
    /// Verify many attestations at once: DSSE envelopes and Sigstore bundles, one a line
    VerifyAttestations(attestations::Args),
    /// Show what is in a file, unverified
    Inspect(inspect::Args),
    /// Show what changed between two releases, unverified
    Diff(diff::Args),
    /// Write a page about a release, or about a report
    Report(report::Args),
    /// Compare runs of a load test
    #[command(subcommand)]
    Load(load::Verb),
    /// Explain one rule in full
    Explain(rules::ExplainArgs),
    /// List all rules
    #[command(after_help = format!("\
Examples:
  countersign rules
  countersign rules --format json

{}", exit::TABLE))]
    Rules,
    /// Write the completions of a shell
    Completions(completions::Args),
    /// Write manual pages
    Man(man::Args),
}

impl Verb {
    /// Tells whether the verb's result is a report.
    fn gives_a_report(&self) -> bool {
        match self {
            Self::Check(_)
            | Self::Attest(_)
            | Self::Assemble(_)
            | Self::Verify(_)
            | Self::VerifyBlob(_)
            | Self::VerifyAttestations(_)
            | Self::Load(load::Verb::Compare { .. }) => true,
            Self::Checksums(verb) => matches!(verb, checksums::Verb::Verify { .. }),
            Self::Trust(verb) => matches!(verb, trust::Verb::Verify { .. }),
            Self::Rollback(verb) => matches!(verb, rollback::Verb::Check(_)),
            Self::Demo(_)
            | Self::Init(_)
            | Self::Sign(_)
            | Self::Keys(_)
            | Self::SignBlob(_)
            | Self::Inspect(_)
            | Self::Diff(_)
            | Self::Report(_)
            | Self::Explain(_)
            | Self::Rules
            | Self::Completions(_)
            | Self::Man(_) => false,
        }
    }
}

/// Parses the command line, runs the verb, prints its result and tells the exit code.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    exit::guard(|| {
        let session = Session::begin(&cli.global)?;
        if cli.global.format.is_of_reports() && !cli.verb.gives_a_report() {
            let problem =
                "this format is for reports, and the verb gives none; use `--format json`";
            return Err(exit::Failure::Usage(problem.to_owned()));
        }
        match &cli.verb {
            Verb::Demo(args) => demo::run(args, &session),
            Verb::Init(args) => init::run(args, &session),
            Verb::Check(args) => check::run(args, &session),
            Verb::Attest(args) => attest::run(args, &session),
            Verb::Assemble(args) => assemble::run(args, &session),
            Verb::Sign(args) => sign::run(args, &session),
            Verb::Verify(args) => verify::run(args, &session),
            Verb::Checksums(verb) => checksums::run(verb, &session),
            Verb::Keys(verb) => keys::run(verb, &session),
            Verb::Trust(verb) => trust::run(verb, &session),
            Verb::Rollback(verb) => rollback::run(verb, &session),
            Verb::SignBlob(args) => blob::sign(args, &session),
            Verb::VerifyBlob(args) => blob::verify(args, &session),
            Verb::VerifyAttestations(args) => attestations::run(args, &session),
            Verb::Inspect(args) => inspect::run(args, &session),
            Verb::Diff(args) => diff::run(args, &session),
            Verb::Report(args) => report::run(args, &session),
            Verb::Load(verb) => load::run(verb, &session),
            Verb::Explain(args) => rules::explain(args, &session),
            Verb::Rules => rules::list(&session),
            Verb::Completions(args) => completions::run(args, Cli::command(), &session),
            Verb::Man(args) => man::run(args, Cli::command(), &session),
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    /// Two flags of one name, or a reference to a flag that is not there.
    #[test]
    fn every_verbs_flags_are_consistent() {
        Cli::command().debug_assert();
    }
}
