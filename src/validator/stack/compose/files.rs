//! STK10, STK17: the files that a compose file names are there.

use super::super::input::Inputs;
use super::super::source::{Kind, Source};
use super::super::{layout, references};
use super::{beside, services_of};
use crate::document::Node;
use crate::finding::rules::stack::compose as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

/// Folders that are filled when something runs.
const FILLED_LATER: &[&str] =
    &["artifacts", "target", "build", "dist", "out", "tmp", "data", "node_modules"];

/// Looks for Dockerfiles, mounted files, environment files, included and extended files.
pub(in super::super) fn files(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let (mut held, before) = (0, report.findings().len());
    for source in inputs.of_kind(Kind::Compose) {
        let values = references::environment(inputs, &source.path);
        let folder = layout::folder_of(&source.path);
        for (pointer, path) in named(source) {
            let Some(path) = beside(folder, &path, &values) else { continue };
            let is_later = path.split('/').any(|part| FILLED_LATER.contains(&part));
            if is_later {
                continue;
            }
            held += 1;
            if !inputs.exists(&path) {
                let message = format!("`{path}` does not exist");
                report.push(Finding::new(
                    &rules::COMPOSE_FILE_ABSENT,
                    source.at(&pointer),
                    message,
                ));
            }
        }
    }
    if held > 0 && report.findings().len() == before {
        report.passed("compose-files", "ops", format!("{held} files are there"));
    }
}

/// The files that a compose file names, relative to it.
fn named(source: &Source) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (name, service) in services_of(source) {
        let pointer = format!("/services/{name}");
        if let Some(build) = service.get("build") {
            found.extend(dockerfile(build).map(|path| (format!("{pointer}/build"), path)));
        }
        let volumes = service.get("volumes").map(Node::items).unwrap_or_default();
        for (at, volume) in volumes.iter().enumerate() {
            let path = mounted(volume).map(str::to_owned);
            found.extend(path.map(|path| (format!("{pointer}/volumes/{at}"), path)));
        }
        if let Some(path) = service.get("extends").and_then(|extends| extends.get("file")?.as_str())
        {
            found.push((format!("{pointer}/extends/file"), path.to_owned()));
        }
        let files = service.get("env_file");
        let several = files.map(Node::items).unwrap_or_default();
        for file in if several.is_empty() { files.as_slice() } else { &[] } {
            found.extend(environment_file(file).map(|path| (format!("{pointer}/env_file"), path)));
        }
        for (at, file) in several.iter().enumerate() {
            let place = format!("{pointer}/env_file/{at}");
            found.extend(environment_file(file).map(|path| (place, path)));
        }
    }
    for (at, item) in source.items("/include").iter().enumerate() {
        let path = item.as_str().or_else(|| item.get("path").and_then(Node::as_str));
        found.extend(path.map(|path| (format!("/include/{at}"), path.to_owned())));
    }
    for entry in source.root.get("configs").map(Node::entries).unwrap_or_default() {
        let path = entry.value.get("file").and_then(Node::as_str);
        found.extend(path.map(|path| (format!("/configs/{}/file", entry.key), path.to_owned())));
    }
    found
}

/// The Dockerfile of a build; nothing when it is written in the file or lies elsewhere.
fn dockerfile(build: &Node) -> Option<String> {
    let context =
        build.as_str().or_else(|| build.get("context").and_then(Node::as_str)).unwrap_or(".");
    if build.get("dockerfile_inline").is_some() || context.contains("://") || context.contains('@')
    {
        return None;
    }
    let file = build.get("dockerfile").and_then(Node::as_str).unwrap_or("Dockerfile");
    Some(if file.starts_with('/') { file.to_owned() } else { format!("{context}/{file}") })
}

/// The file that a mount takes from beside the compose file. An absent *folder* is made by the
/// engine, and is often meant to be; an absent file becomes a folder, and never is.
fn mounted(volume: &Node) -> Option<&str> {
    let path = match volume.as_str() {
        Some(text) => text.split(':').next()?,
        None => {
            let is_bind = volume.get("type").and_then(Node::as_str) == Some("bind");
            volume.get("source").and_then(Node::as_str).filter(|_| is_bind)?
        }
    };
    let name = layout::name_of(path);
    let is_file =
        name.rsplit_once('.').is_some_and(|(stem, ending)| !stem.is_empty() && !ending.is_empty());
    Some(path).filter(|_| path.starts_with('.') && is_file)
}

/// A required environment file; one named `.env` is for secrets and not kept in a tree.
fn environment_file(file: &Node) -> Option<String> {
    let is_optional = file.get("required").and_then(Node::as_bool) == Some(false);
    let path = file.as_str().or_else(|| file.get("path").and_then(Node::as_str))?;
    Some(path.to_owned()).filter(|path| !is_optional && !layout::name_of(path).starts_with(".env"))
}
