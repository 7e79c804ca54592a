//! `init`: a project's first steps.

use std::fmt::Write as _;
use std::io::{BufRead, IsTerminal, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use countersign::pipeline::init::{self, Pipeline, Prepared, Request};
use serde::Serialize;

use super::exit::{self, Failure};
use super::render::text::{Style, Tone, escape};
use super::session::Session;

/// Prepares a project for its first release: what is governed, a policy, a pipeline.
///
/// Asks three questions on a terminal: what the product is called, where its source lies, whose
/// pipeline makes the release. Looks for charts, compose files, rules, dashboards, k6 scripts and
/// bills of materials, and tells where each is governed; with `--adopt` it moves them there. Nothing
/// that is there is written over, and no private key is made.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign init
  countersign init --name atlas --source git+https://git.example/atlas --ci github
  countersign init --name atlas --source git+https://git.example/atlas --ci none --adopt

{}", exit::TABLE))]
pub(super) struct Args {
    /// The project's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// The product's name; asked for on a terminal when absent
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Where the source lies, `git+https://git.example/atlas`; asked for when absent
    #[arg(long, value_name = "URI")]
    source: Option<String>,
    /// Whose pipeline makes the release; asked for when absent
    #[arg(long, value_enum)]
    ci: Option<Ci>,
    /// Move what was found to where it is governed
    #[arg(long)]
    adopt: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ci {
    /// GitHub Actions
    Github,
    /// GitLab CI
    Gitlab,
    /// None is written
    None,
}

impl From<Ci> for Pipeline {
    fn from(ci: Ci) -> Self {
        match ci {
            Ci::Github => Self::Github,
            Ci::Gitlab => Self::Gitlab,
            Ci::None => Self::None,
        }
    }
}

#[derive(Serialize)]
struct InitDocument<'a> {
    schema: &'static str,
    written: &'a [String],
    kept: &'a [String],
    found: Vec<FoundDocument<'a>>,
    areas: Vec<&'static str>,
}

#[derive(Serialize)]
struct FoundDocument<'a> {
    kind: &'static str,
    path: &'a str,
    place: Option<&'a str>,
    moved: bool,
}

/// Runs the verb.
pub(super) fn run(args: &Args, session: &Session) -> Result<ExitCode, Failure> {
    let name = match &args.name {
        Some(name) => name.clone(),
        None => ask("--name", "What is the product called? (lower-case letters, digits and -)")?,
    };
    let source = match &args.source {
        Some(source) => source.clone(),
        None => ask("--source", "Where does its source lie? (git+https://git.example/atlas)")?,
    };
    let ci = match args.ci {
        Some(ci) => ci,
        None => {
            let answer = ask("--ci", "Whose pipeline makes the release? (github, gitlab, none)")?;
            Ci::from_str(&answer, true).map_err(|_| {
                let shown = answer.escape_debug();
                Failure::Usage(format!("`{shown}` is none of github, gitlab, none"))
            })?
        }
    };
    let prepared = init::prepare(&Request {
        root: args.root.clone(),
        product: name,
        source: source.clone(),
        pipeline: ci.into(),
        adopt: args.adopt,
    })?;
    let document = InitDocument {
        schema: "countersign.init/v1",
        written: &prepared.written,
        kept: &prepared.kept,
        found: prepared
            .found
            .iter()
            .map(|found| FoundDocument {
                kind: found.kind.words(),
                path: &found.path,
                place: found.place.as_deref(),
                moved: found.is_moved,
            })
            .collect(),
        areas: prepared.areas.iter().map(|area| area.word()).collect(),
    };
    session.print(&text(args, &prepared, &source, session.style()), &document)
}

/// Asks a person; where nobody can answer, says which flag does.
fn ask(flag: &str, question: &str) -> Result<String, Failure> {
    let input = std::io::stdin();
    if !input.is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::Usage(format!("nobody can be asked here; give {flag}")));
    }
    let mut out = std::io::stderr().lock();
    let _ = write!(out, "{question} ");
    let _ = out.flush();
    let mut line = String::new();
    input.lock().read_line(&mut line).map_err(Failure::Output)?;
    Ok(line.trim().to_owned())
}

fn text(args: &Args, prepared: &Prepared, source: &str, style: Style) -> String {
    let mut out = String::new();
    for path in &prepared.written {
        let _ = writeln!(out, "{} {}", style.paint(Tone::Good, "wrote"), escape(path));
    }
    for path in &prepared.kept {
        let _ = writeln!(
            out,
            "{} {} is there and stays",
            style.paint(Tone::Faint, "kept "),
            escape(path)
        );
    }
    if !prepared.found.is_empty() {
        let _ = writeln!(out, "\nfound in the project");
    }
    for found in &prepared.found {
        let (kind, path) = (found.kind.words(), escape(&found.path));
        let _ = match (&found.place, found.is_moved) {
            (Some(place), true) => writeln!(out, "  {kind} {path}: moved to {}", escape(place)),
            (Some(place), false) if args.adopt => {
                writeln!(out, "  {kind} {path}: stays, {} is taken", escape(place))
            }
            (Some(place), false) => writeln!(out, "  {kind} {path}: governed as {}", escape(place)),
            (None, _) => writeln!(out, "  {kind} {path}: stays"),
        };
    }
    let can_move = prepared.found.iter().any(|found| found.place.is_some() && !found.is_moved);
    if can_move && !args.adopt {
        out.push_str("  `countersign init --adopt` moves what is not yet below ops/\n");
    }
    let areas: Vec<&str> = prepared.areas.iter().map(|area| area.word()).collect();
    let _ = writeln!(out, "\nareas: {}", areas.join(", "));
    let root = escape(&args.root.display().to_string());
    let at = |path: &str| if root == "." { path.to_owned() } else { format!("{root}/{path}") };
    let _ = write!(
        out,
        "next:\n  countersign check --root {root}\n  countersign keys generate -o {key}\n  \
         countersign trust init --dir {dir} --policy {policy} --expires 2027-12-31T00:00:00Z\n  \
         countersign trust add-key {public} --dir {dir} --owner alice --role root --role release\n  \
         countersign trust sign --dir {dir} --key {key}\n  \
         countersign assemble --root {root} --artifacts DIR --version V --source {source} --commit HEX -o dist\n",
        key = at("keys/alice.key"),
        public = at("keys/alice.pub"),
        dir = at("keys/trust-root"),
        policy = at("keys/policy.json"),
        source = escape(source)
    );
    out
}
