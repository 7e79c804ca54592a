//! `check`: judge governed inputs.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::ValueEnum;
use countersign::Version;
use countersign::finding::{Area, Gate};
use countersign::pipeline::{check, previous};
use countersign::tree::Tree;
use countersign::validator::{Context, Rendered};

use super::exit::{self, Failure};
use super::helm;
use super::session::Session;

/// Judges the governed inputs below `ops/`.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  countersign check
  countersign check release --root ../service --format json
  countersign check stack k8s --gate warning
  countersign check k8s --rendered build/rendered --previous-rendered last/rendered
  countersign check stack k8s --previous dist-0.2.0/lantern-0.2.0.packet.tar.gz

{}", exit::TABLE))]
pub(super) struct Args {
    /// The areas to judge; all when none is named
    #[arg(value_enum, value_name = "AREA")]
    areas: Vec<AreaName>,
    /// The folder that holds `ops/`
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// A folder of rendered manifests, one multi-document `<profile>.yaml` a profile, instead of
    /// the tree's own `ops/k8s/rendered`
    #[arg(long, value_name = "DIR", conflicts_with = "render")]
    rendered: Option<PathBuf>,
    /// The rendered manifests of the release before, to find fields that cannot change
    #[arg(long, value_name = "DIR")]
    previous_rendered: Option<PathBuf>,
    /// The packet of the release before, to find fields that cannot change and components that
    /// changed without a word
    #[arg(long, value_name = "PACKET")]
    previous: Option<PathBuf>,
    /// Render the chart with the `helm` on the PATH, and judge what comes out
    #[arg(long)]
    render: bool,
    /// The waivers to use, instead of the tree's own
    #[arg(long, value_name = "FILE")]
    waivers: Option<PathBuf>,
    /// An earlier report; findings that it has too are shown and do not refuse
    #[arg(long, value_name = "REPORT")]
    baseline: Option<PathBuf>,
    /// From which severity on a finding refuses
    #[arg(long, value_enum, default_value_t = GateName::Error)]
    gate: GateName,
    /// The version that the release must have
    #[arg(long, value_name = "V")]
    expect_version: Option<Version>,
    /// The commit that the release must be built from
    #[arg(long, value_name = "HEX")]
    expect_commit: Option<String>,
    /// The tag that the release must be built from
    #[arg(long, value_name = "T")]
    expect_tag: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AreaName {
    Stack,
    K8s,
    Observe,
    Load,
    Release,
    Rollback,
}

impl From<AreaName> for Area {
    fn from(name: AreaName) -> Self {
        match name {
            AreaName::Stack => Self::Stack,
            AreaName::K8s => Self::K8s,
            AreaName::Observe => Self::Observe,
            AreaName::Load => Self::Load,
            AreaName::Release => Self::Release,
            AreaName::Rollback => Self::Rollback,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum GateName {
    Error,
    Warning,
}

/// Runs the verb.
pub(super) fn run(args: &Args, session: &Session) -> Result<ExitCode, Failure> {
    let mut areas: Vec<Area> = args.areas.iter().map(|name| (*name).into()).collect();
    let mut is_whole = false;
    if areas.is_empty() {
        areas = check::areas_of(&args.root)?;
        is_whole = true;
    }
    areas.sort();
    areas.dedup();
    let given = |path: &Option<PathBuf>, shown: &str| -> Result<Option<Rendered>, Failure> {
        let Some(path) = path else { return Ok(None) };
        Ok(Some(Rendered::given(Tree::open(path)?, shown)))
    };
    let mut context = Context {
        now: session.now,
        expect_version: args.expect_version.clone(),
        expect_commit: args.expect_commit.clone(),
        expect_tag: args.expect_tag.clone(),
        rendered: given(&args.rendered, "rendered")?,
        previous_rendered: given(&args.previous_rendered, "previous-rendered")?,
        previous: match &args.previous {
            Some(path) => Some(Arc::new(previous::read_release(path)?)),
            None => None,
        },
    };
    // The folder is gone when this is dropped, after the report is made.
    let rendering = if args.render { Some(helm::render(&args.root, &context)?) } else { None };
    context.rendered = rendering.as_ref().map(|one| one.rendered.clone()).or(context.rendered);
    let progress = session.progress("judging");
    let report = check::check(&check::Request {
        root: args.root.clone(),
        areas,
        is_whole,
        waivers: args.waivers.clone(),
        baseline: args.baseline.clone(),
        gate: match args.gate {
            GateName::Error => Gate::Error,
            GateName::Warning => Gate::Warning,
        },
        context,
        replay: session.replay,
    })?;
    drop(progress);
    session.finish(&report)
}
