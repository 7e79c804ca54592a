//! STK17: whatever a service refers to is defined.

use std::collections::{BTreeMap, BTreeSet};

use super::super::input::Inputs;
use super::super::source::{Kind, Source};
use super::super::{layout, references};
use super::{beside, services_of};
use crate::document::Node;
use crate::finding::rules::stack::compose as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

/// What may be defined at the top of a file.
const DEFINED: &[&str] = &["services", "networks", "volumes", "secrets", "configs", "models"];

/// Names by what they name.
type Names<'a> = BTreeMap<&'static str, BTreeSet<&'a str>>;

/// Looks for the definition of every network, volume, secret, config and service that is used.
pub(in super::super) fn names(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let (mut held, before) = (0, report.findings().len());
    for source in inputs.of_kind(Kind::Compose) {
        let Some(defined) = definitions(inputs, source) else { continue };
        let is_override = bases_of(inputs, source).next().is_some();
        held += 1;
        for (name, service) in services_of(source) {
            let pointer = format!("/services/{name}");
            let runs = ["image", "build", "extends", "provider"];
            if !is_override && !runs.iter().any(|key| service.get(key).is_some()) {
                let message = format!("`{name}` has neither an image nor a build");
                let place = source.at(&pointer);
                report.push(Finding::new(&rules::COMPOSE_UNDEFINED, place, message));
            }
            for (key, kind, used) in used_by(service) {
                if !defined.get(kind).is_some_and(|names| names.contains(used)) {
                    let what = kind.trim_end_matches('s');
                    let message =
                        format!("`{name}` uses the {what} `{used}`, which is not defined");
                    let place = source.at(&format!("{pointer}/{key}"));
                    report.push(Finding::new(&rules::COMPOSE_UNDEFINED, place, message));
                }
            }
        }
    }
    if held > 0 && report.findings().len() == before {
        report.passed("compose-names", "ops", format!("{held} compose files define what they use"));
    }
}

/// The files that a file like `compose.prod.yaml` is laid over: those beside it with the plain name.
fn bases_of<'a>(inputs: &'a Inputs<'_>, source: &Source) -> impl Iterator<Item = &'a Source> {
    let folder = layout::folder_of(&source.path).to_owned();
    let own = source.path.clone();
    inputs.of_kind(Kind::Compose).filter(move |other| {
        let stem = layout::name_of(&other.path).rsplit_once('.').map(|(stem, _)| stem);
        other.path != own
            && layout::folder_of(&other.path) == folder
            && matches!(stem, Some("compose" | "docker-compose"))
    })
}

/// What is defined in a file, in what it is laid over, and in what it includes. Nothing when it
/// includes what cannot be read here: then nobody can say what is not defined.
fn definitions<'a>(inputs: &'a Inputs<'_>, source: &'a Source) -> Option<Names<'a>> {
    let mut names = Names::new();
    names.entry("networks").or_default().insert("default");
    let mut waiting: Vec<&Source> = vec![source];
    waiting.extend(bases_of(inputs, source));
    let mut seen = BTreeSet::new();
    while let Some(next) = waiting.pop() {
        if !seen.insert(&next.path) {
            continue;
        }
        for kind in DEFINED {
            let entries = next.root.get(kind).map(Node::entries).unwrap_or_default();
            names.entry(kind).or_default().extend(entries.iter().map(|entry| entry.key.as_str()));
        }
        let values = references::environment(inputs, &next.path);
        for item in next.root.get("include").map(Node::items).unwrap_or_default() {
            let path = item.get("path");
            let paths = match path.map(Node::items) {
                Some([]) | None => vec![path.unwrap_or(item)],
                Some(several) => several.iter().collect(),
            };
            for path in paths {
                let path = beside(layout::folder_of(&next.path), path.as_str()?, &values)?;
                waiting.push(inputs.document(&path)?);
            }
        }
    }
    Some(names)
}

/// What a service uses: the key, the kind, the name.
fn used_by(service: &Node) -> Vec<(String, &'static str, &str)> {
    let mut used = Vec::new();
    for (key, kind) in [("networks", "networks"), ("depends_on", "services")] {
        let node = service.get(key);
        for (at, item) in node.map(Node::items).unwrap_or_default().iter().enumerate() {
            used.extend(item.as_str().map(|name| (format!("{key}/{at}"), kind, name)));
        }
        for entry in node.map(Node::entries).unwrap_or_default() {
            let is_optional = entry.value.get("required").and_then(Node::as_bool) == Some(false);
            if !is_optional {
                used.push((format!("{key}/{}", entry.key), kind, entry.key.as_str()));
            }
        }
    }
    for key in ["secrets", "configs"] {
        for (at, item) in service.get(key).map(Node::items).unwrap_or_default().iter().enumerate() {
            let name = item.as_str().or_else(|| item.get("source").and_then(Node::as_str));
            used.extend(name.map(|name| (format!("{key}/{at}"), key, name)));
        }
    }
    for (at, item) in service.get("volumes").map(Node::items).unwrap_or_default().iter().enumerate()
    {
        used.extend(volume_of(item).map(|name| (format!("volumes/{at}"), "volumes", name)));
    }
    for (at, item) in service.get("links").map(Node::items).unwrap_or_default().iter().enumerate() {
        let name = item.as_str().and_then(|text| text.split(':').next());
        used.extend(name.map(|name| (format!("links/{at}"), "services", name)));
    }
    for key in ["network_mode", "pid", "ipc"] {
        let name =
            service.get(key).and_then(Node::as_str).and_then(|text| text.strip_prefix("service:"));
        used.extend(name.map(|name| (key.to_owned(), "services", name)));
    }
    let extends = service.get("extends").filter(|extends| extends.get("file").is_none());
    let extended =
        extends.and_then(|extends| extends.as_str().or_else(|| extends.get("service")?.as_str()));
    used.extend(extended.map(|name| ("extends".to_owned(), "services", name)));
    used.retain(|(.., name)| !name.contains('$'));
    used
}

/// The named volume of a mount; a path and an anonymous volume are none.
fn volume_of(item: &Node) -> Option<&str> {
    if let Some(text) = item.as_str() {
        let (name, _) = text.split_once(':')?;
        let is_path = name.starts_with(['/', '.', '~', '$', '\\']) || name.len() == 1;
        return Some(name).filter(|_| !is_path);
    }
    let is_volume = item.get("type").and_then(Node::as_str) == Some("volume");
    item.get("source").and_then(Node::as_str).filter(|_| is_volume)
}
