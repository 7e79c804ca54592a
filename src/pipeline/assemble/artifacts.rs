//! Artifacts on their way into the release directory, and the packet before this one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::staging::Staging;
use super::{Request, refuse_oddities};
use crate::packet::directory::Names;
use crate::packet::manifest::member_of;
use crate::packet::{Artifact, Placement, Previous, ReleaseSpec};
use crate::path::RelPath;
use crate::pipeline::Error;
use crate::pipeline::previous::Before;
use crate::tree::{Listing, Tree};

/// Copies every artifact into the release directory and hashes it in the same pass.
pub(super) fn copy_artifacts(
    request: &Request,
    spec: &ReleaseSpec,
    staging: &Staging,
) -> Result<Vec<Artifact>, Error> {
    let folder = &request.artifacts;
    let tree = Tree::open(folder)?;
    let listing = tree.list(None)?;
    refuse_oddities(folder, &listing)?;
    let refused = |path: &RelPath, problem: String| Error::Refused {
        path: folder.join(path.as_str()),
        problem,
    };
    let stem = format!("{}-{}", spec.product, request.version);
    if let Some((path, problem)) = unusable_name(&listing, &stem) {
        return Err(refused(path, problem));
    }
    let carried: BTreeSet<&RelPath> = spec.packet.carry.iter().collect();
    if let Some(missing) =
        carried.iter().find(|path| !listing.files.iter().any(|entry| entry.path == ***path))
    {
        let problem =
            format!("is named in `packet.carry` of `{}` and is not there", ReleaseSpec::PATH);
        return Err(refused(missing, problem));
    }
    if listing.files.is_empty() {
        let problem = "holds no artifact; a release has at least one".to_owned();
        return Err(Error::Refused { path: folder.clone(), problem });
    }
    listing
        .files
        .iter()
        .map(|entry| {
            let (sha256, size) = staging.copy(&tree, &entry.path)?;
            let placement = match carried.contains(&entry.path).then(|| member_of(&entry.path)) {
                None => Placement::Beside,
                Some(Ok(_)) => Placement::Packet,
                Some(Err(error)) => return Err(refused(&entry.path, error.to_string())),
            };
            let media_type = media_type_of(entry.path.file_name()).to_owned();
            Ok(Artifact { path: entry.path.clone(), media_type, size, sha256, placement })
        })
        .collect()
}

/// Finds an artifact whose name is one of the release's own, or another artifact's elsewhere.
fn unusable_name<'a>(listing: &'a Listing, stem: &str) -> Option<(&'a RelPath, String)> {
    let names =
        Names::of_packet(&format!("{stem}.packet.tar.gz")).expect("the name ends as it must");
    let mut folded = BTreeMap::new();
    listing.files.iter().find_map(|entry| {
        if names.is_own(entry.path.as_str()) {
            let problem = "this name is kept for the release's own files; rename the artifact";
            return Some((&entry.path, problem.to_owned()));
        }
        let other = folded.insert(entry.path.fold_key(), &entry.path)?;
        let problem = format!("the same file as `{other}` on some systems; rename one of them");
        Some((&entry.path, problem))
    })
}

fn media_type_of(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("tgz" | "gz") => "application/gzip",
        Some("json") => "application/json",
        Some("yaml" | "yml") => "application/yaml",
        Some("tar") => "application/x-tar",
        Some("zip") => "application/zip",
        Some("txt" | "md") => "text/plain",
        _ => "application/octet-stream",
    }
}

/// Holds the release before against this one, and takes what is bound of it.
pub(super) fn bind_previous(
    before: &Before,
    path: &Path,
    spec: &ReleaseSpec,
    request: &Request,
) -> Result<Previous, Error> {
    let refused = |problem: String| Error::Refused { path: path.to_owned(), problem };
    let manifest = &before.manifest;
    if (manifest.product.as_str(), manifest.channel.as_str()) != (&spec.product, &spec.channel) {
        let problem = format!(
            "is of {} on {}; expected {} on {}",
            manifest.product, manifest.channel, spec.product, spec.channel
        );
        return Err(refused(problem));
    }
    if !request.version.is_after(&manifest.version) {
        let problem =
            format!("is version {}; expected one before {}", manifest.version, request.version);
        return Err(refused(problem));
    }
    let Some(_) = manifest.sequence.checked_add(1) else {
        return Err(refused("has the last sequence there is".to_owned()));
    };
    let (version, sequence) = (manifest.version.clone(), manifest.sequence);
    Ok(Previous { version, sequence, sha256: before.sha256 })
}
