//! What a build was made from, as the governed tree pins it: base images, tools, lock files.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Document, Limits, Node, parse_json};
use crate::path::RelPath;
use crate::provenance::ResourceDescriptor;
use crate::tree::{Tree, TreeError};

const BASE_IMAGES: &str = "ops/docker/bases.lock";
const TOOLCHAIN: &str = "ops/inventory/toolchain.json";
const PINS: &str = "ops/inventory/pins.yaml";

/// Lock files by their usual names, besides everything that ends in `.lock`.
const LOCK_FILES: [&str; 4] = ["package-lock.json", "go.sum", "requirements.lock.txt", "yarn.lock"];

/// Returns everything that the tree pins for the build, sorted, each once.
///
/// Base images come from `ops/docker/bases.lock`, images and tool versions from
/// `ops/inventory/`, lock files from anywhere below the root. What does not parse pins nothing;
/// the validators say so.
///
/// # Errors
///
/// When the tree cannot be listed or a file in it cannot be read.
pub fn resolved_dependencies(tree: &Tree) -> Result<Vec<ResourceDescriptor>, TreeError> {
    let mut found = BTreeSet::new();
    if let Some(lock) =
        read(tree, BASE_IMAGES, |_, bytes| parse_json(bytes, Limits::GOVERNED).ok())?
    {
        for image in lock.get("images").map(Node::items).unwrap_or_default() {
            let text = |key: &str| image.get(key).and_then(Node::as_str);
            if let (Some(name), Some(digest)) = (text("image"), text("digest")) {
                found.extend(image_descriptor(&format!("{name}@{digest}")));
            }
        }
    }
    for path in [PINS, TOOLCHAIN] {
        let root = read(tree, path, |path, bytes| {
            let document = Document::parse(path, bytes, Limits::GOVERNED).ok()?;
            document.roots.into_iter().next()
        })?;
        let Some(root) = root else { continue };
        let images = root.get("images").map(Node::entries).unwrap_or_default();
        found.extend(images.iter().filter_map(|entry| image_descriptor(entry.value.as_str()?)));
        let tools = root.get("tools").map(Node::entries).unwrap_or_default();
        found.extend(tools.iter().filter_map(|entry| {
            let version = entry.value.get("version")?.as_str()?;
            Some(descriptor(&entry.key, &format!("pkg:generic/{}@{version}", entry.key), None))
        }));
    }
    for entry in tree.list(None)?.files {
        let name = entry.path.file_name();
        if is_output(&entry.path) || !(name.ends_with(".lock") || LOCK_FILES.contains(&name)) {
            continue;
        }
        let (digest, _) = tree.hash(&entry.path, &mut vec![0; 64 << 10])?;
        let uri = format!("file:{}", entry.path);
        found.insert(descriptor(entry.path.as_str(), &uri, Some(digest.to_string())));
    }
    Ok(found.into_iter().collect())
}

/// What builds leave behind is no input to them, nor is what tests keep.
fn is_output(path: &RelPath) -> bool {
    path.parts()
        .any(|part| matches!(part, "target" | "node_modules" | ".git" | "artifacts" | "tests"))
}

fn read(
    tree: &Tree,
    path: &str,
    parse: impl FnOnce(&RelPath, &[u8]) -> Option<Node>,
) -> Result<Option<Node>, TreeError> {
    let path: RelPath = path.parse().expect("a fixed path is portable");
    match tree.read(&path, Limits::GOVERNED.bytes) {
        Ok(bytes) => Ok(parse(&path, &bytes)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads `name[:tag]@sha256:<hex>`; an image without a digest pins nothing.
fn image_descriptor(reference: &str) -> Option<ResourceDescriptor> {
    let (name, digest) = reference.split_once("@sha256:")?;
    let digest: crate::digest::Digest = digest.parse().ok()?;
    Some(descriptor(name, &format!("docker://{name}"), Some(digest.to_string())))
}

fn descriptor(name: &str, uri: &str, sha256: Option<String>) -> ResourceDescriptor {
    ResourceDescriptor {
        name: Some(name.to_owned()),
        uri: Some(uri.to_owned()),
        digest: sha256
            .map(|digest| BTreeMap::from([("sha256".to_owned(), digest)]))
            .unwrap_or_default(),
    }
}
