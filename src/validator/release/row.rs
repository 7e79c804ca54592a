//! Rows: every path that a document states a digest for.

use super::input::Source;
use crate::digest::Digest;
use crate::document::{Entry, Node};
use crate::finding::Location;

/// One path with a digest.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The digest in its document.
    pub(super) location: Location,
    /// Whether the document is a member of the bundle.
    pub(super) is_member: bool,
    /// The path.
    pub(super) path: String,
    /// What the document says.
    pub(super) declared: Digest,
    /// Whether the path names a folder by its key (`site_dir`).
    pub(super) is_folder: bool,
}

/// Reads every pair of a path and a digest that stand in one mapping.
pub(super) fn rows_of(source: &Source) -> Vec<Row> {
    let mut rows = Vec::new();
    source.root.walk(&mut |pointer, node| {
        for entry in node.entries() {
            let Some(declared) = digest_entry(entry) else { continue };
            let Some((path, is_folder)) = path_beside(node, &entry.key) else { continue };
            let pointer = format!("{pointer}/{}", entry.key);
            rows.push(Row {
                location: source.location.clone().at(&pointer, entry.value.position),
                is_member: source.is_member,
                path: path.to_owned(),
                declared,
                is_folder,
            });
        }
    });
    rows
}

/// Reads `sha256:<hex>` or bare hex.
pub(super) fn digest_of_text(text: &str) -> Option<Digest> {
    text.strip_prefix("sha256:").unwrap_or(text).parse().ok()
}

/// The digest in an image reference or in a text that ends in one.
pub(super) fn digest_of_reference(text: &str) -> Option<Digest> {
    let tail = text.rsplit("sha256:").next()?;
    tail.get(..64).and_then(|hex| hex.parse().ok())
}

fn digest_entry(entry: &Entry) -> Option<Digest> {
    let key = entry.key.as_str();
    let is_digest = matches!(key, "sha256" | "checksum" | "digest") || key.ends_with("_sha256");
    // An image's digest beside a path is not the digest of the file at that path.
    if !is_digest || key.contains("image") {
        return None;
    }
    digest_of_text(entry.value.as_str()?)
}

/// The path that a digest key belongs to: `chart_sha256` to `chart_package_path` or `chart_path`,
/// `sha256` to `path` or to the only package or folder named beside it.
fn path_beside<'a>(node: &'a Node, key: &str) -> Option<(&'a str, bool)> {
    let text = |name: &str| node.get(name).and_then(Node::as_str);
    if let Some(stem) = key.strip_suffix("_sha256") {
        let own = [format!("{stem}_path"), format!("{stem}_package_path"), format!("{stem}_file")];
        return own.iter().find_map(|name| text(name)).map(|path| (path, false));
    }
    if let Some(path) = text("path").or_else(|| text("file")) {
        return Some((path, false));
    }
    // `digest` beside anything but `path` is an image's.
    if key == "digest" {
        return None;
    }
    if let Some(path) = text("package_path").or_else(|| text("archive_path")) {
        return Some((path, false));
    }
    let folder = node.entries().iter().find(|entry| entry.key.ends_with("_dir"));
    folder.and_then(|entry| entry.value.as_str()).map(|path| (path, true))
}
