//! STK16-STK18: compose files are what compose reads, whole, and complete.

mod files;
mod names;
mod ports;
mod schema;
mod unset;

use std::collections::BTreeMap;

use super::source::Source;
use super::variables;
use crate::document::Node;

pub(super) use files::files;
pub(super) use names::names;
pub(super) use ports::published;
pub(super) use schema::schema;
pub(super) use unset::unset;

/// The services of a compose file by name.
pub(super) fn services_of(source: &Source) -> impl Iterator<Item = (&str, &Node)> {
    let entries = source.root.get("services").map(Node::entries).unwrap_or_default();
    entries.iter().map(|entry| (entry.key.as_str(), &entry.value))
}

/// A path beside a compose file: relative, resolved, below the root; nothing for any other.
fn beside(folder: &str, path: &str, values: &BTreeMap<String, String>) -> Option<String> {
    let path = variables::resolve(path, values);
    if path.starts_with(['/', '~', '\\']) || path.contains(['$', ':']) || path.is_empty() {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            // What lies above the root is not known.
            ".." => parts.pop().map(|_| ())?,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
