//! `assemble`: governed inputs, artifacts and evidence become one unsigned release.
//!
//! 1. judge the tree, laid over the release before; a blocked check ends here;
//! 2. copy the artifacts, hashing them in the same pass;
//! 3. collect the evidence and judge it;
//! 4. write manifest and packet in one pass;
//! 5. give the whole directory its name.

mod artifacts;
mod evidence;
mod judged;
mod packet;
mod staging;

use std::path::{Path, PathBuf};

use super::{Error, previous};
use crate::finding::Report;
use crate::json;
use crate::packet::directory::REPORT;
use crate::packet::{Build, Packed, ReleaseManifest, ReleaseSpec, Source};
use crate::path::RelPath;
use crate::time::Timestamp;
use crate::tree::{Listing, Tree};
use crate::validator;
use crate::version::Version;

use judged::Judged;
use staging::Staging;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// The folder that holds `ops/`.
    pub root: PathBuf,
    /// The folder of artifacts; all of it is released.
    pub artifacts: PathBuf,
    /// The release's version.
    pub version: Version,
    /// What it was built from.
    pub source: Source,
    /// The packet of the release before it.
    pub previous: Option<PathBuf>,
    /// A folder of further evidence, one folder an area.
    pub evidence: Option<PathBuf>,
    /// Names the build at the builder.
    pub invocation: Option<String>,
    /// Whether a blocked check is written all the same, and marked.
    pub allow_blocked: bool,
    /// The release directory to make.
    pub out: PathBuf,
    /// When the release is made.
    pub issued_at: Timestamp,
    /// The time to judge as of.
    pub now: Timestamp,
    /// Whether that time was given instead of read from the clock.
    pub replay: bool,
    /// Whether the time of issue was given: the written reports are then judged as of it, so that
    /// the same inputs give the same bytes on any day.
    pub issued_at_given: bool,
}

/// What was made.
#[derive(Debug)]
pub struct Assembled {
    /// What the validators said.
    pub report: Report,
    /// The release's manifest.
    pub manifest: ReleaseManifest,
    /// The packet.
    pub packed: Packed,
}

/// Makes an unsigned release directory, whole or not at all.
///
/// # Errors
///
/// [`Error::Blocked`] when the check does not pass; otherwise whatever could not be read, or
/// written, or contradicts itself.
pub fn assemble(request: &Request) -> Result<Assembled, Error> {
    let tree = Tree::open(&request.root)?;
    let spec = read_spec(&tree, request)?;
    let (previous, before) = match &request.previous {
        Some(path) => {
            let before = previous::read(path)?;
            (Some(artifacts::bind_previous(&before, path, &spec, request)?), Some(before.release))
        }
        None => (None, None),
    };
    let mut judged = judged::judge(&tree, request, before)?;
    block(&judged, request)?;
    let staging = Staging::begin(&request.out)?;
    let artifacts = artifacts::copy_artifacts(request, &spec, &staging)?;
    let (collected, found) = evidence::collect_evidence(request, &tree, &artifacts)?;
    judged.append(found);
    block(&judged, request)?;
    let mut members = judged.evidence(&artifacts, request)?;
    members.extend(collected);
    members.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
    if let Some([(item, _), _]) = members.windows(2).find(|pair| pair[0].0.path == pair[1].0.path) {
        let folder = request.evidence.as_deref().unwrap_or(&request.out);
        let problem = format!("`{}` is the name of a document that is derived here", item.path);
        return Err(Error::Refused { path: folder.to_owned(), problem });
    }
    let manifest = ReleaseManifest {
        schema: ReleaseManifest::SCHEMA.to_owned(),
        product: spec.product,
        version: request.version.clone(),
        channel: spec.channel,
        sequence: previous.as_ref().map_or(1, |previous| previous.sequence + 1),
        issued_at: request.issued_at,
        source: request.source.clone(),
        build: Build {
            build_type: spec.build.build_type,
            builder: spec.build.builder,
            parameters: spec.build.parameters,
            dependencies: validator::stack::resolved_dependencies(&tree)?,
            invocation: request.invocation.clone(),
        },
        previous,
        artifacts,
        evidence: members.iter().map(|(item, _)| item.clone()).collect(),
        compatibility: spec.compatibility,
        waivers: judged.waivers(),
        check: judged.written().verdict(),
    };
    let packed = packet::write_packet(&manifest, members, request.evidence.as_deref(), &staging)?;
    packet::write_checksums(&manifest, &packed, &staging)?;
    staging.write(REPORT, &json::to_bytes(&judged.written().to_document()))?;
    staging.commit(&request.out)?;
    Ok(Assembled { report: judged.report, manifest, packed })
}

fn block(judged: &Judged, request: &Request) -> Result<(), Error> {
    match judged.blocked() {
        Some(report) if !request.allow_blocked => Err(Error::Blocked(Box::new(report.clone()))),
        _ => Ok(()),
    }
}

fn read_spec(tree: &Tree, request: &Request) -> Result<ReleaseSpec, Error> {
    let path: RelPath = ReleaseSpec::PATH.parse().expect("the path is portable");
    let bytes = tree.read(&path, 1 << 20).map_err(|error| match error {
        error if error.is_not_found() => Error::Unusable {
            path: request.root.join(ReleaseSpec::PATH),
            problem: "does not exist; `countersign init` writes one".to_owned(),
        },
        error => error.into(),
    })?;
    ReleaseSpec::parse(&bytes)
        .map_err(|source| Error::Document { path: request.root.join(ReleaseSpec::PATH), source })
}

fn refuse_oddities(folder: &Path, listing: &Listing) -> Result<(), Error> {
    match listing.oddities.first() {
        None => Ok(()),
        Some(odd) => Err(Error::Refused {
            path: folder.join(&odd.path),
            problem: format!("{}; a release holds regular files only", odd.problem),
        }),
    }
}
