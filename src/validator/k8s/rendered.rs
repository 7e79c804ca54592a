//! The rendered manifests: one multi-document file a profile, read document by document.
//!
//! A file is cut where YAML cuts it, so that an error in one document leaves the others judged.

use crate::document::{Document, DocumentError, Format, Limits, Node};
use crate::finding::rules::k8s as rules;
use crate::finding::{Finding, Location, Report};
use crate::path::RelPath;
use crate::tree::Tree;

use super::object::{Object, text};

/// Where a tree keeps its rendered manifests.
pub(super) const FOLDER: &str = "ops/k8s/rendered";
/// The largest rendered file, in bytes; each document in it is held to the limits of its own.
const MAX_FILE: usize = 64 << 20;
/// The most objects of one render.
const MAX_OBJECTS: usize = 50_000;

/// What one profile was rendered to.
#[derive(Debug)]
pub(super) struct Render {
    /// The profile: the file's name without its ending.
    pub(super) profile: String,
    /// The file.
    pub(super) location: Location,
    /// Its objects in the order of the text.
    pub(super) objects: Vec<Object>,
}

/// Reads every file of a folder of rendered manifests, sorted by profile.
///
/// `shown` stands before the file's name in findings, `namespace` is where objects lie that say
/// none. Returns nothing when there is no such folder.
pub(super) fn read(
    tree: &Tree,
    folder: Option<&RelPath>,
    shown: &str,
    namespace: &str,
    report: &mut Report,
) -> Option<Vec<Render>> {
    let listing = match tree.list(folder) {
        Ok(listing) => listing,
        Err(error) if error.is_not_found() && folder.is_some() => return None,
        Err(error) => {
            let finding =
                Finding::new(&rules::INPUT_UNREADABLE, Location::named(shown), error.problem());
            report.push(finding);
            return Some(Vec::new());
        }
    };
    for odd in listing.oddities {
        let location = Location::named(&format!("{shown}/{}", odd.path));
        let message = format!("{}; governed files are regular files", odd.problem);
        report.push(Finding::new(&rules::INPUT_UNREADABLE, location, message));
    }
    let mut renders = Vec::new();
    for entry in listing.files {
        if !matches!(Format::of(&entry.path), Some(Format::Yaml | Format::Json)) {
            continue;
        }
        let inner = folder.map_or(entry.path.as_str(), |folder| {
            entry.path.as_str().trim_start_matches(folder.as_str()).trim_start_matches('/')
        });
        let location = Location::named(&format!("{shown}/{inner}"));
        match tree.read(&entry.path, MAX_FILE) {
            Ok(bytes) => {
                let profile = profile_of(inner).to_owned();
                let reader = Reader { profile, location, namespace, path: &entry.path };
                let read = reader.read(&bytes, report);
                // `prod/a.yaml` and `prod/b.yaml` are one render of `prod`.
                match renders.iter_mut().rev().find(|one: &&mut Render| one.profile == read.profile)
                {
                    Some(render) => render.objects.extend(read.objects),
                    None => renders.push(read),
                }
            }
            Err(error) => {
                report.push(Finding::new(&rules::INPUT_UNREADABLE, location, error.problem()));
            }
        }
    }
    renders.sort_by(|a, b| a.profile.cmp(&b.profile));
    Some(renders)
}

/// Reads the objects of one file that is no render of a profile.
pub(super) fn objects_of(document: &Document, namespace: &str) -> Vec<Object> {
    let location = Location::file(&document.path);
    let profile = document.path.file_name().to_owned();
    let reader = Reader { profile, location, namespace, path: &document.path };
    let mut objects = Vec::new();
    for root in &document.roots {
        let mut ignored = Vec::new();
        reader.add(root.clone(), None, &mut objects, &mut ignored);
    }
    objects
}

/// The profile that a file of the folder belongs to: its first folder, or its name.
fn profile_of(inner: &str) -> &str {
    let first = inner.split('/').next().unwrap_or(inner);
    if first.len() < inner.len() {
        return first;
    }
    first.rsplit_once('.').map_or(first, |(stem, _)| stem)
}

struct Reader<'a> {
    profile: String,
    location: Location,
    namespace: &'a str,
    path: &'a RelPath,
}

impl Reader<'_> {
    fn read(self, bytes: &[u8], report: &mut Report) -> Render {
        let mut objects = Vec::new();
        let mut findings = Vec::new();
        match std::str::from_utf8(bytes) {
            Err(_) => match Document::parse(self.path, bytes, Limits::GOVERNED) {
                Err(error) => findings.push(self.malformed(&error, 0, 1)),
                Ok(_) => unreachable!("what is not UTF-8 is no document"),
            },
            Ok(_) if Format::of(self.path) == Some(Format::Json) => {
                self.read_piece(bytes, 0, 1, None, &mut objects, &mut findings);
            }
            Ok(text) => {
                for (index, piece) in pieces(text).enumerate() {
                    if objects.len() > MAX_OBJECTS {
                        let message = format!("more than {MAX_OBJECTS} objects in one render");
                        let location = self.location.clone();
                        findings.push(Finding::new(&rules::INPUT_UNREADABLE, location, message));
                        break;
                    }
                    let (from, text) = piece;
                    let template = template_of(text);
                    let bytes = text.as_bytes();
                    self.read_piece(bytes, from, index + 1, template, &mut objects, &mut findings);
                }
            }
        }
        findings.into_iter().for_each(|finding| report.push(finding));
        Render { profile: self.profile, location: self.location, objects }
    }

    fn read_piece(
        &self,
        bytes: &[u8],
        lines_before: u32,
        number: usize,
        template: Option<&str>,
        objects: &mut Vec<Object>,
        findings: &mut Vec<Finding>,
    ) {
        match Document::parse(self.path, bytes, Limits::GOVERNED) {
            Ok(document) => {
                for mut root in document.roots {
                    move_down(&mut root, lines_before);
                    judge_scalars(&self.location, &root, findings);
                    self.add(root, template, objects, findings);
                }
            }
            Err(error) => {
                let mut finding = self.malformed(&error, lines_before, number);
                if let Some(line) = bytes.split(|byte| *byte == b'\n').position(is_unrendered) {
                    let mut location = finding.location.clone();
                    if let Some(position) = &mut location.position {
                        position.line = lines_before + u32::try_from(line + 1).unwrap_or(u32::MAX);
                        position.column = 1;
                    }
                    let message = format!("document {number} is a template that was not rendered");
                    finding = Finding::new(&rules::TEMPLATE_UNRENDERED, location, message);
                }
                findings.push(finding);
            }
        }
    }

    fn malformed(&self, error: &DocumentError, lines_before: u32, number: usize) -> Finding {
        let mut position = error.position;
        position.line = position.line.saturating_add(lines_before);
        let location = self.location.clone().at(&error.pointer, position);
        let message = format!("document {number}: {}", error.problem);
        Finding::new(&rules::DOCUMENT_MALFORMED, location, message)
    }

    /// Adds an object; a `List` is the objects in it.
    fn add(
        &self,
        root: Node,
        template: Option<&str>,
        objects: &mut Vec<Object>,
        findings: &mut Vec<Finding>,
    ) {
        let is_list = text(&root, "kind").ends_with("List") && root.get("items").is_some();
        if is_list && root.get("metadata").and_then(|node| node.get("name")).is_none() {
            for item in root.get("items").map(Node::items).unwrap_or_default() {
                self.add(item.clone(), template, objects, findings);
            }
            return;
        }
        let metadata = root.get("metadata");
        let name = metadata.map_or("", |node| {
            let named = text(node, "name");
            if named.is_empty() { text(node, "generateName") } else { named }
        });
        let [api, kind] = ["apiVersion", "kind"].map(|key| text(&root, key).to_owned());
        if api.is_empty() || kind.is_empty() || name.is_empty() {
            let missing: Vec<&str> =
                [("apiVersion", &*api), ("kind", &*kind), ("metadata.name", name)]
                    .into_iter()
                    .filter(|(_, text)| text.is_empty())
                    .map(|(key, _)| key)
                    .collect();
            let location = self.location.clone().at("", root.position);
            let message = format!("{} without {}", root.kind(), missing.join(", "));
            findings.push(Finding::new(&rules::OBJECT_UNIDENTIFIED, location, message));
            return;
        }
        let namespace = metadata.map_or("", |node| text(node, "namespace"));
        let namespace = if namespace.is_empty() { self.namespace } else { namespace }.to_owned();
        objects.push(Object {
            location: self.location.clone().at("", root.position),
            profile: self.profile.clone(),
            name: name.to_owned(),
            namespace,
            template: template.map(str::to_owned),
            api,
            kind,
            root,
        });
    }
}

/// Cuts a file before every line that begins a document; tells how many lines stand before each.
fn pieces(text: &str) -> impl Iterator<Item = (u32, &str)> {
    let mut starts = vec![(0, 0)];
    let mut offset = 0;
    for (line, text) in text.split_inclusive('\n').enumerate() {
        let marks = text
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        if marks && line > 0 {
            starts.push((u32::try_from(line).unwrap_or(u32::MAX), offset));
        }
        offset += text.len();
    }
    let ends: Vec<usize> = starts.iter().skip(1).map(|(_, at)| *at).chain([text.len()]).collect();
    starts.into_iter().zip(ends).map(|((line, from), to)| (line, &text[from..to]))
}

/// `# Source: chart/templates/deployment.yaml`, which Helm writes at the head of each object.
fn template_of(text: &str) -> Option<&str> {
    let head = text.lines().take_while(|line| line.is_empty() || line.starts_with(['#', '-']));
    let path = head.filter_map(|line| line.strip_prefix("# Source: ")).last()?;
    Some(path.trim())
}

/// Tells whether a line holds an action of a template.
fn is_unrendered(line: &[u8]) -> bool {
    line.windows(2).any(|pair| pair == b"{{")
}

fn move_down(node: &mut Node, lines: u32) {
    use crate::document::Value;
    node.position.line = node.position.line.saturating_add(lines);
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().for_each(|item| move_down(item, lines)),
        Value::Mapping(entries) => {
            for entry in entries {
                entry.position.line = entry.position.line.saturating_add(lines);
                move_down(&mut entry.value, lines);
            }
        }
        Value::Tagged(_, inner) => move_down(inner, lines),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Ambiguous(..) => {}
    }
}

/// Scalars that readers take for different values, and values that were not rendered.
fn judge_scalars(location: &Location, root: &Node, findings: &mut Vec<Finding>) {
    use crate::document::Value;
    // Text of alerts and dashboards is full of braces that mean something to their own reader.
    let is_config = matches!(text(root, "kind"), "ConfigMap" | "Secret" | "PrometheusRule")
        || text(root, "kind").ends_with("List");
    root.walk(&mut |pointer, node| match &node.value {
        Value::Ambiguous(text, trap) => {
            let message = format!("`{}` is {trap}", text.escape_debug());
            let location = location.clone().at(pointer, node.position);
            findings.push(Finding::new(&rules::SCALAR_AMBIGUOUS, location, message).actual(text));
        }
        Value::String(text) if !is_config && text.contains("{{") && text.contains(".Values") => {
            let location = location.clone().at(pointer, node.position);
            let message = format!("`{}` was not rendered", text.escape_debug());
            findings.push(Finding::new(&rules::TEMPLATE_UNRENDERED, location, message));
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Sequence(_)
        | Value::Mapping(_)
        | Value::Tagged(..) => {}
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_cut_where_yaml_cuts_it() {
        let text = "a: 1\n---\nb: |\n  ---\n  x\n--- # c\nc: 1\n---x\n";
        let cut: Vec<_> = pieces(text).collect();
        assert_eq!(
            cut,
            [(0, "a: 1\n"), (1, "---\nb: |\n  ---\n  x\n"), (5, "--- # c\nc: 1\n---x\n")]
        );
    }

    #[test]
    fn a_profile_is_a_file_or_a_folder() {
        assert_eq!(profile_of("prod.yaml"), "prod");
        assert_eq!(profile_of("prod/deployment.yaml"), "prod");
        assert_eq!(
            template_of("---\n# Source: a/templates/b.yaml\nkind: X\n"),
            Some("a/templates/b.yaml")
        );
    }
}
