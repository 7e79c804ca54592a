//! `checksums create` and `checksums verify`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Error;
use crate::digest::hash_reader;
use crate::finding::rules::packet as rules;
use crate::finding::{Finding, Location, Report};
use crate::packet::directory::{BUNDLE_SUFFIX, MINISIGN_SUFFIX, MORE_SUFFIX};
use crate::packet::{Checksums, checksums};
use crate::path::RelPath;
use crate::time::Timestamp;
use crate::tree::{self, Tree, TreeError};

/// Makes the list of everything below a folder, or of files by the names they were given.
///
/// # Errors
///
/// When a file is not regular, its name is not portable, it is named twice, or it cannot be read.
pub fn create(inputs: &[PathBuf]) -> Result<Checksums, Error> {
    let list = match inputs {
        [folder] if folder.is_dir() => create_of_folder(folder)?,
        files => create_of_files(files)?,
    };
    let mut folded = BTreeMap::new();
    for (path, _) in list.iter() {
        if let Some(other) = folded.insert(path.fold_key(), path) {
            let problem = format!("the same file as `{other}` on some systems; rename one of them");
            return Err(Error::Refused { path: path.as_str().into(), problem });
        }
    }
    Ok(list)
}

fn create_of_files(inputs: &[PathBuf]) -> Result<Checksums, Error> {
    let mut list = Checksums::default();
    let mut buffer = vec![0; 256 << 10];
    for input in inputs {
        let refused = |problem: String| Error::Refused { path: input.clone(), problem };
        let text =
            input.to_str().ok_or_else(|| refused("its name is not UTF-8 text".to_owned()))?;
        let path: RelPath = text.parse().map_err(|error| refused(format!("{error}")))?;
        let (file, _) = tree::open_named(input)?;
        let (digest, _) =
            hash_reader(file, &mut buffer).map_err(|error| TreeError::io(input, error))?;
        if list.insert(path, digest).is_some() {
            return Err(refused("given twice".to_owned()));
        }
    }
    Ok(list)
}

fn create_of_folder(folder: &Path) -> Result<Checksums, Error> {
    let tree = Tree::open(folder)?;
    let (paths, oddities) = tree.list_paths()?;
    if let Some(odd) = oddities.first() {
        let problem = format!("`{}`: {}; only regular files can be listed", odd.path, odd.problem);
        return Err(Error::Refused { path: folder.to_owned(), problem });
    }
    let hashed = tree.hash_all(&paths.iter().collect::<Vec<_>>());
    let mut list = Checksums::default();
    for (path, hashed) in paths.into_iter().zip(hashed) {
        list.insert(path, hashed?.0);
    }
    if list.is_empty() {
        let problem = "holds no file; an empty list verifies nothing".to_owned();
        return Err(Error::Refused { path: folder.to_owned(), problem });
    }
    Ok(list)
}

/// Holds the files below `root` against a list. `strict` also refuses files that no line names.
///
/// # Errors
///
/// When the list or the folder cannot be read.
pub fn verify(
    file: &Path,
    root: &Path,
    strict: bool,
    now: Timestamp,
    replay: bool,
) -> Result<Report, Error> {
    let mut report = Report::new("checksums verify", now, replay);
    let bytes = tree::read_named(file, checksums::MAX_BYTES)?;
    let shown = file.display().to_string();
    let list = match Checksums::parse(&bytes) {
        Ok(list) => list,
        Err(error) => {
            let finding = Finding::new(
                &rules::CHECKSUMS_MALFORMED,
                Location::named(&shown),
                error.to_string(),
            );
            report.failed("checksum-list", shown, finding);
            return Ok(report);
        }
    };
    let tree = Tree::open(root)?;
    judge(&tree, &list, &mut report);
    if strict {
        judge_unlisted(&tree, &list, file, &mut report)?;
    }
    Ok(report)
}

/// Holds every listed file against its digest.
pub(super) fn judge(tree: &Tree, list: &Checksums, report: &mut Report) {
    let paths: Vec<&RelPath> = list.iter().map(|(path, _)| path).collect();
    let hashed = tree.hash_all(&paths);
    for ((path, expected), result) in list.iter().zip(hashed) {
        let location = Location::file(path);
        match result {
            Ok((actual, _)) if actual == *expected => {
                report.passed("checksum", path.as_str(), expected.to_string());
            }
            Ok((actual, _)) => {
                let message = "the file does not have the digest that the list gives";
                let finding = Finding::new(&rules::CHECKSUM_DIFFERS, location, message)
                    .declared(expected)
                    .actual(actual);
                report.failed("checksum", path.as_str(), finding);
            }
            Err(error) => {
                let rule = if error.is_not_found() {
                    &rules::CHECKSUMS_INCOMPLETE
                } else {
                    &rules::FILE_UNREADABLE
                };
                let finding = Finding::new(rule, location, error.to_string()).declared(expected);
                report.failed("checksum", path.as_str(), finding);
            }
        }
    }
}

fn judge_unlisted(
    tree: &Tree,
    list: &Checksums,
    file: &Path,
    report: &mut Report,
) -> Result<(), Error> {
    let own = own_names(tree, file);
    let listing = tree.list(None)?;
    for entry in listing.files {
        let is_own = own.iter().any(|name| name == entry.path.as_str());
        if list.get(&entry.path).is_none() && !is_own {
            let location = Location::file(&entry.path);
            let message = "no line of the list names this file";
            let finding = Finding::new(&rules::CHECKSUMS_INCOMPLETE, location, message);
            report.failed("unlisted-file", entry.path.as_str(), finding);
        }
    }
    for odd in listing.oddities {
        let finding =
            Finding::new(&rules::FILE_UNREADABLE, Location::named(&odd.path), odd.problem);
        report.failed("unlisted-file", odd.path.as_str(), finding);
    }
    Ok(())
}

/// The names of the list itself and of its signatures, when it lies in the folder that it is about.
/// A file of that name elsewhere is as unlisted as any other.
fn own_names(tree: &Tree, file: &Path) -> Vec<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let is_inside = match (folder.canonicalize(), tree.path().canonicalize()) {
        (Ok(folder), Ok(root)) => folder == root,
        _ => false,
    };
    match file.file_name().and_then(|name| name.to_str()) {
        Some(name) if is_inside => ["", BUNDLE_SUFFIX, MORE_SUFFIX, MINISIGN_SUFFIX]
            .map(|end| format!("{name}{end}"))
            .to_vec(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::finding::Verdict;

    #[test]
    fn a_strange_file_named_like_the_list_is_unlisted() {
        let folder = tempfile::tempdir().unwrap();
        let (list, root) = (folder.path().join("list.txt"), folder.path().join("root"));
        fs::create_dir_all(root.join("list.txt.sigstore.json.d")).unwrap();
        fs::write(root.join("a"), "a").unwrap();
        fs::write(&list, create(std::slice::from_ref(&root)).unwrap().to_bytes()).unwrap();
        let now: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
        let verdict = |list: &Path| verify(list, &root, true, now, true).unwrap().verdict();
        assert_eq!(verdict(&list), Verdict::Pass);
        for strange in
            ["list.txt", "list.txt.sigstore.json", "list.txt.sigstore.json.d/x", "list.txt.minisig"]
        {
            fs::write(root.join(strange), "x").unwrap();
            assert_eq!(verdict(&list), Verdict::Refused, "{strange}");
            fs::remove_file(root.join(strange)).unwrap();
        }
        let inside = root.join("list.txt");
        fs::rename(&list, &inside).unwrap();
        fs::write(root.join("list.txt.sigstore.jsonl"), "x").unwrap();
        assert_eq!(verdict(&inside), Verdict::Pass);
        fs::write(root.join("list.txt.sigstore.jsonx"), "x").unwrap();
        assert_eq!(verdict(&inside), Verdict::Refused);
    }

    #[test]
    fn a_list_that_its_reader_refuses_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "A"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        assert!(matches!(create(&[folder.path().to_owned()]), Err(Error::Refused { .. })));
    }
}
