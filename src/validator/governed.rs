//! The governed files of an area: listed, read, parsed, and judged for what is wrong with any file.

use crate::document::{Document, Format, Limits, Node, Value};
use crate::finding::{Finding, Location, Report, Rule};
use crate::path::RelPath;
use crate::tree::{Tree, TreeError};

/// The rules of an area about files as such.
#[derive(Debug, Clone, Copy)]
pub struct Hygiene {
    /// For what is missing, unreadable or not a regular file.
    pub unreadable: &'static Rule,
    /// For what does not parse.
    pub malformed: &'static Rule,
    /// For scalars that two versions of YAML read differently.
    pub ambiguous: &'static Rule,
}

/// The governed files of an area.
#[derive(Debug, Default)]
pub struct Governed {
    /// All regular files, sorted by path.
    pub files: Vec<RelPath>,
    /// Those that are YAML, JSON or TOML and parse, sorted by path.
    pub documents: Vec<Document>,
    /// Files in another notation: text, archives, templates that were not rendered.
    pub other: usize,
    /// Whether every file could be read.
    pub complete: bool,
}

impl Governed {
    /// Reads all files below some folders and reports those that cannot be judged.
    ///
    /// A folder that is not there has no files; whether it must be there is for the area to say.
    pub fn read(tree: &Tree, folders: &[&str], hygiene: Hygiene, report: &mut Report) -> Self {
        Self::read_except(tree, folders, None, hygiene, report)
    }

    /// Reads all files below some folders but those of one folder, which its area reads by itself.
    pub fn read_except(
        tree: &Tree,
        folders: &[&str],
        except: Option<&str>,
        hygiene: Hygiene,
        report: &mut Report,
    ) -> Self {
        let mut governed = Self { complete: true, ..Self::default() };
        for folder in folders {
            governed.read_folder(tree, folder, except, hygiene, report);
        }
        governed.documents.sort_by(|a, b| a.path.cmp(&b.path));
        governed.files.sort();
        governed
    }

    fn read_folder(
        &mut self,
        tree: &Tree,
        folder: &str,
        except: Option<&str>,
        hygiene: Hygiene,
        report: &mut Report,
    ) {
        let folder: RelPath = folder.parse().expect("an area's folder is a portable path");
        let listing = match tree.list(Some(&folder)) {
            Ok(listing) => listing,
            Err(error) if error.is_not_found() => return,
            Err(error) => {
                self.unreadable(&folder, &error, hygiene, report);
                return;
            }
        };
        for odd in listing.oddities {
            self.complete = false;
            let message = format!("{}; governed files are regular files", odd.problem);
            report.push(Finding::new(hygiene.unreadable, Location::named(&odd.path), message));
        }
        let templates = template_folders(listing.files.iter().map(|entry| &entry.path));
        for entry in listing.files {
            if except.is_some_and(|folder| entry.path.starts_with(folder)) {
                continue;
            }
            self.files.push(entry.path.clone());
            let is_template = templates.iter().any(|folder| entry.path.starts_with(folder));
            if Format::of(&entry.path).is_none() || is_template {
                self.other += 1;
                continue;
            }
            match tree.read(&entry.path, Limits::GOVERNED.bytes) {
                Ok(bytes) => self.parse(&entry.path, &bytes, hygiene, report),
                Err(error) => self.unreadable(&entry.path, &error, hygiene, report),
            }
        }
    }

    fn parse(&mut self, path: &RelPath, bytes: &[u8], hygiene: Hygiene, report: &mut Report) {
        match Document::parse(path, bytes, Limits::GOVERNED) {
            Ok(document) => {
                for root in &document.roots {
                    judge_scalars(path, root, hygiene.ambiguous, report);
                }
                self.documents.push(document);
            }
            Err(error) => {
                let location = Location::file(path).at(&error.pointer, error.position);
                report.push(Finding::new(hygiene.malformed, location, error.problem));
            }
        }
    }

    fn unreadable(
        &mut self,
        path: &RelPath,
        error: &TreeError,
        hygiene: Hygiene,
        report: &mut Report,
    ) {
        self.complete = false;
        let message = error.problem();
        report.push(Finding::new(hygiene.unreadable, Location::file(path), message));
    }

    /// Finds the document at a path.
    #[must_use]
    pub fn document(&self, path: &str) -> Option<&Document> {
        let found = self.documents.binary_search_by(|document| document.path.as_str().cmp(path));
        found.ok().map(|index| &self.documents[index])
    }

    /// Counts the documents of all files.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.documents.iter().map(|document| document.roots.len()).sum()
    }
}

/// The `templates/` folder of every chart: its files are input to Helm and no documents yet.
fn template_folders<'a>(paths: impl Iterator<Item = &'a RelPath>) -> Vec<String> {
    paths
        .filter(|path| path.file_name() == "Chart.yaml")
        .filter_map(|path| Some(format!("{}/templates", path.parent()?)))
        .collect()
}

fn judge_scalars(path: &RelPath, root: &Node, rule: &'static Rule, report: &mut Report) {
    root.walk(&mut |pointer, node| {
        if let Value::Ambiguous(text, trap) = &node.value {
            let location = Location::file(path).at(pointer, node.position);
            let message = format!("`{}` is {trap}", text.escape_debug());
            report.push(Finding::new(rule, location, message).actual(text));
        }
    });
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;
    use crate::finding::rules::stack as rules;

    #[test]
    fn a_report_does_not_tell_where_the_root_lies() {
        let messages = [(); 2].map(|()| {
            let root = tempfile::tempdir().unwrap();
            fs::create_dir(root.path().join("ops")).unwrap();
            let large = File::create(root.path().join("ops/large.yaml")).unwrap();
            large.set_len(Limits::GOVERNED.bytes as u64 + 1).unwrap();
            let tree = Tree::open(root.path()).unwrap();
            let mut report = Report::new("check", "2026-11-23T09:00:00Z".parse().unwrap(), true);
            let rule = rules::RULES[0];
            let hygiene = Hygiene { unreadable: rule, malformed: rule, ambiguous: rule };
            Governed::read(&tree, &["ops"], hygiene, &mut report);
            report.findings()[0].message.clone()
        });
        assert_eq!(messages, ["is larger than the limit of 33554432 bytes"; 2]);
    }
}
