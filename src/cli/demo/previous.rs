//! The release before: the example's tree as it would have been one version earlier.
//!
//! Versions move back by one, the images with them, and every digest that a document states of
//! another file follows, until nothing changes any more.

use std::collections::BTreeMap;

use countersign::document::{Document, Limits};
use countersign::tree::{self, Tree, TreeError};
use countersign::{Digest, RelPath};

use super::super::exit::Failure;
use super::{Release, Stage};

/// What stands in place of what, in this order.
const EARLIER: [(&str, &str); 5] = [
    ("0.2.0", "0.1.0"),
    ("0.3.0", "0.2.0"),
    ("0.4.0", "0.3.0"),
    (
        "6b7032b1bcb64787cf12bedbf241c61aa36c328018bd69cc17bf5504abd1f2de",
        "8f2d54c1e0b7a9635d4c81f7e23ab60495c7d8e1f3a26b0974d5c8e1b2f6a037",
    ),
    (
        "bc6187bc5cfba7ebb0107641389b4e64e5d7a0f02b8094be3be3b716ca348322",
        "6b7032b1bcb64787cf12bedbf241c61aa36c328018bd69cc17bf5504abd1f2de",
    ),
];

/// The most rounds until every digest is the one of what it names.
const MAX_ROUNDS: usize = 20;

/// Writes the earlier tree's `ops/` below the release's root.
pub(super) fn make_tree(stage: &Stage, release: &Release) -> Result<(), Failure> {
    let tree = Tree::open(&stage.root)?;
    let ops: RelPath = "ops".parse().expect("the path is portable");
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut digests: BTreeMap<String, Vec<Digest>> = BTreeMap::new();
    for entry in tree.list(Some(&ops))?.files {
        let bytes = tree.read(&entry.path, Limits::GOVERNED.bytes)?;
        let path = earlier(entry.path.as_str());
        digests.insert(path.clone(), digests_of(&path, &bytes));
        let bytes = match String::from_utf8(bytes) {
            Ok(text) => earlier(&text).into_bytes(),
            Err(error) => error.into_bytes(),
        };
        files.insert(path, bytes);
    }
    for _ in 0..MAX_ROUNDS {
        if !follow(&mut files, &mut digests) {
            break;
        }
    }
    for (path, bytes) in files {
        let target = release.tree.join(path);
        let folder = target.parent().unwrap_or(&release.tree);
        std::fs::create_dir_all(folder).map_err(|error| TreeError::io(folder, error))?;
        tree::write_atomic(&target, &bytes, 0o644)?;
    }
    Ok(())
}

fn earlier(text: &str) -> String {
    EARLIER.iter().fold(text.to_owned(), |text, (later, earlier)| text.replace(later, earlier))
}

/// The digest of a file, and of a rendered file those of its objects.
fn digests_of(path: &str, bytes: &[u8]) -> Vec<Digest> {
    let mut digests = vec![Digest::of(bytes)];
    let parsed = path.parse::<RelPath>().ok().filter(|_| path.contains("/rendered/"));
    let document = parsed.and_then(|path| Document::parse(&path, bytes, Limits::GOVERNED).ok());
    let objects = document.map(|document| document.roots).unwrap_or_default();
    digests.extend(objects.iter().map(|object| Digest::of(&object.to_canonical_json())));
    digests
}

/// Puts the digests of changed files in place of those before. Tells whether any has changed.
fn follow(
    files: &mut BTreeMap<String, Vec<u8>>,
    digests: &mut BTreeMap<String, Vec<Digest>>,
) -> bool {
    let mut changed: BTreeMap<String, String> = BTreeMap::new();
    for (path, bytes) in files.iter() {
        let now = digests_of(path, bytes);
        let before = digests.insert(path.clone(), now.clone()).unwrap_or_default();
        let pairs = before.iter().zip(&now).filter(|(before, now)| before != now);
        changed.extend(pairs.map(|(before, now)| (before.to_string(), now.to_string())));
    }
    if changed.is_empty() {
        return false;
    }
    for bytes in files.values_mut() {
        if let Ok(text) = std::str::from_utf8(bytes) {
            *bytes = replaced(text, &changed).into_bytes();
        }
    }
    true
}

/// Replaces every whole run of 64 hexadecimal digits that has a successor.
fn replaced(text: &str, changed: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_hexdigit()) {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let end = from.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        out.push_str(changed.get(run).map_or(run, String::as_str));
        rest = after;
    }
    out.push_str(rest);
    out
}
