//! A tree for a test, made of a base, one overlay, edits, and archives and digests made from them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use countersign::Digest;
use countersign::finding::Area;

const OPEN: &str = "<<sha256:";

/// Copies a base and an overlay into a folder, then changes what the overlay's instructions say,
/// then makes what is made from other files: `X.list` and `X.d/` become the archive `X`,
/// `<<sha256:PATH>>` becomes the digest of a file.
///
/// A line of a list is a path of the tree, or a member's name and a path, or `!link NAME`. A line of
/// `delete.txt` is a path that must be there and is taken away. `edit.toml` changes text that must
/// stand exactly once, or, with `every = true`, at least once:
///
/// ```toml
/// [[edit]]
/// file = "ops/stack/redis/redis.yaml"
/// find = "redis:7.4.2@"
/// replace = "redis:latest@"
/// ```
pub(crate) fn build(base: &Base, overlay: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    match base {
        Base::Folder(base) => copy(base, root),
        Base::OwnOps => copy(&repository().join("ops"), &root.join("ops")),
    }
    copy(overlay, root);
    let instructions = |name: &str| {
        let text = fs::read_to_string(root.join(name)).unwrap_or_default();
        let _ = fs::remove_file(root.join(name));
        text
    };
    let (deletions, edits) = (instructions("delete.txt"), instructions("edit.toml"));
    for line in deletions.lines() {
        let path = root.join(line);
        if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    edit(root, &edits);
    while make_one(root) {}
    let open: Vec<_> = files(root).into_iter().filter(|path| is_open(path)).collect();
    assert!(open.is_empty(), "these files wait for each other: {open:?}");
    folder
}

/// What an overlay is laid over.
pub(crate) enum Base {
    /// A folder of the tests.
    Folder(PathBuf),
    /// The repository's own `ops/`.
    OwnOps,
}

/// Where the cases of an area lie.
pub(crate) fn cases(area: Area) -> PathBuf {
    repository().join("tests/cases").join(area.word())
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn edit(root: &Path, edits: &str) {
    let edits = toml_edit::Document::parse(edits).unwrap();
    for edit in edits.get("edit").and_then(|edits| edits.as_array_of_tables()).into_iter().flatten()
    {
        let text = |key: &str| edit[key].as_str().unwrap();
        let (file, find) = (text("file"), text("find"));
        let before = fs::read_to_string(root.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let times = before.matches(find).count();
        let every = edit.get("every").is_some_and(|every| every.as_bool().unwrap());
        assert!(times == 1 || every && times > 0, "{file} holds {times} times: {find}");
        fs::write(root.join(file), before.replace(find, text("replace"))).unwrap();
    }
}

/// Makes whatever can be made now; tells whether there was anything.
fn make_one(root: &Path) -> bool {
    let mut is_made = false;
    for path in files(root) {
        let name = path.to_str().unwrap();
        if let Some(archive) = name.strip_suffix(".list") {
            is_made |= pack(root, &path, Path::new(archive));
        } else if is_open(&path) {
            is_made |= fill(root, &path);
        }
    }
    is_made
}

fn pack(root: &Path, list: &Path, archive: &Path) -> bool {
    let mut members: BTreeMap<String, Option<PathBuf>> = BTreeMap::new();
    for line in fs::read_to_string(list).unwrap().lines() {
        match line.split_once(' ') {
            Some(("!link", name)) => members.insert(name.to_owned(), None),
            Some((name, path)) => members.insert(name.to_owned(), Some(root.join(path))),
            None => members.insert(line.to_owned(), Some(root.join(line))),
        };
    }
    let more = PathBuf::from(format!("{}.d", archive.display()));
    for path in files(&more) {
        let name = path.strip_prefix(&more).unwrap().to_str().unwrap().to_owned();
        members.insert(name, Some(path));
    }
    let is_ready = |path: &PathBuf| path.is_file() && !is_open(path);
    if !members.values().flatten().all(is_ready) {
        return false;
    }
    let mut builder = tar::Builder::new(Vec::new());
    for (name, path) in members {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        let bytes = path.map(|path| fs::read(path).unwrap());
        header.set_size(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64));
        match bytes {
            Some(bytes) => builder.append_data(&mut header, name, bytes.as_slice()).unwrap(),
            None => {
                header.set_entry_type(tar::EntryType::Symlink);
                builder.append_link(&mut header, name, "/etc/passwd").unwrap();
            }
        }
    }
    let mut bytes = builder.into_inner().unwrap();
    if archive.extension().is_some_and(|extension| extension == "tgz") {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, &bytes).unwrap();
        bytes = encoder.finish().unwrap();
    }
    fs::write(archive, bytes).unwrap();
    fs::remove_file(list).unwrap();
    let _ = fs::remove_dir_all(more);
    true
}

/// Fills in the digests of the files that are final.
fn fill(root: &Path, path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap();
    let mut filled = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (named, after) = after.split_once(">>").unwrap();
        let target = root.join(named);
        if !target.is_file() || is_open(&target) {
            return false;
        }
        filled.push_str(before);
        filled.push_str(&Digest::of(&fs::read(target).unwrap()).to_string());
        rest = after;
    }
    filled.push_str(rest);
    fs::write(path, filled).unwrap();
    true
}

fn is_open(path: &Path) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.contains(OPEN))
}

fn copy(from: &Path, to: &Path) {
    for path in files(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&path, target).unwrap();
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}
