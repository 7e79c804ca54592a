//! X14: each tool has one version, and the lists of tools agree.

use std::collections::{BTreeMap, BTreeSet};

use super::images::{quoted, read};
use super::input::Inputs;
use super::layout;
use super::references::Role;
use super::source::Source;
use crate::document::Node;
use crate::finding::rules::stack::versions as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// One place that pins a tool.
struct Place {
    location: Location,
    version: String,
}

/// Compares every place that pins a tool.
pub(super) fn versions(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let mut places: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    rust_channels(inputs, &mut places);
    tool_versions(inputs, &mut places);
    images(inputs, &mut places);
    claims(inputs, &mut places);
    let (mut compared, before) = (0, report.findings().len());
    for (tool, places) in &places {
        let Some((first, rest)) = places.split_first() else { continue };
        compared += usize::from(!rest.is_empty());
        for place in rest.iter().filter(|place| !agree(&place.version, &first.version)) {
            let message = format!(
                "{tool} is {} here and {} in `{}`",
                place.version, first.version, first.location.path
            );
            let finding = Finding::new(&rules::TOOLCHAIN_DIFFERS, place.location.clone(), message);
            report.push(finding.declared(&place.version).actual(&first.version));
        }
    }
    if compared == 0 {
        report.skipped("toolchain", layout::TOOLCHAIN, "no tool is pinned in two places");
    } else if report.findings().len() == before {
        report.passed("toolchain", layout::TOOLCHAIN, format!("{compared} tools agree everywhere"));
    }
}

/// `1.86` agrees with `1.86.0`: the shorter one leaves the rest open.
fn agree(one: &str, other: &str) -> bool {
    let parts = |text: &str| -> Vec<String> {
        text.trim_start_matches('v').split('.').map(str::to_owned).collect()
    };
    parts(one).iter().zip(&parts(other)).all(|(a, b)| a == b)
}

/// The compiler's version, wherever a file of the toolchain states it.
fn rust_channels(inputs: &Inputs<'_>, places: &mut BTreeMap<String, Vec<Place>>) {
    let mut add = |location: Location, version: &str| {
        // `stable` and `nightly-2026-01-01` are channels, and no versions.
        if version.starts_with(|c: char| c.is_ascii_digit()) {
            let place = Place { location, version: version.to_owned() };
            places.entry("rust".to_owned()).or_default().push(place);
        }
    };
    let named = |source: &&Source| {
        let name = layout::name_of(&source.path);
        name == "rust-toolchain.toml"
            || (name == "toolchain.json" && source.path.starts_with("configs/"))
    };
    let mut sources: Vec<&Source> = inputs.documents.iter().filter(named).collect();
    sources.sort_by_key(|source| layout::name_of(&source.path) != "rust-toolchain.toml");
    for source in sources {
        for pointer in ["/toolchain/channel", "/channel"] {
            if let Some(version) = source.text(pointer) {
                add(source.at(pointer), version);
            }
        }
    }
    if let Some(text) = inputs.texts.get("rust-toolchain") {
        add(Location::named("rust-toolchain"), text.trim());
    }
}

/// The tools of the toolchain inventory and of `.tool-versions`.
fn tool_versions(inputs: &Inputs<'_>, places: &mut BTreeMap<String, Vec<Place>>) {
    if let Some(source) = inputs.document(layout::TOOLCHAIN) {
        for tool in source.root.get("tools").map(Node::entries).unwrap_or_default() {
            if let Some(version) = tool.value.get("version").and_then(Node::scalar_text) {
                let location = source.at(&format!("/tools/{}/version", tool.key));
                let place = Place { location, version: version.into_owned() };
                places.entry(tool_name(&tool.key)).or_default().push(place);
            }
        }
    }
    if let Some(source) = inputs.document(layout::TOOLS) {
        for (at, tool) in source.items("/tools").iter().enumerate() {
            let text = |key: &str| tool.get(key).and_then(Node::as_str);
            if let (Some(name), Some(version)) = (text("name"), text("version")) {
                let location = source.at(&format!("/tools/{at}/version"));
                let place = Place { location, version: version.to_owned() };
                places.entry(tool_name(name)).or_default().push(place);
            }
        }
    }
    for line in inputs.texts.get(".tool-versions").map(String::as_str).unwrap_or_default().lines() {
        let mut words = line.split_whitespace();
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            let location = Location::named(".tool-versions");
            let place = Place { location, version: version.to_owned() };
            places.entry(tool_name(name)).or_default().push(place);
        }
    }
}

/// Base images that are a tool: `rust:1.91.1-bookworm`.
fn images(inputs: &Inputs<'_>, places: &mut BTreeMap<String, Vec<Place>>) {
    let mut found: Vec<(String, Location, String)> = Vec::new();
    if let Some(lock) = inputs.document(layout::BASES) {
        for (at, row) in lock.items("/images").iter().enumerate() {
            let Some(text) = row.get("image").and_then(Node::as_str) else { continue };
            let Ok(image) = text.parse::<crate::validator::image::ImageReference>() else {
                continue;
            };
            let location = lock.at(&format!("/images/{at}/image"));
            let tag = image.tag().unwrap_or_default().to_owned();
            found.push((layout::name_of(image.path()).to_owned(), location, tag));
        }
    }
    for (reference, image) in read(inputs).filter(|(reference, _)| reference.role == Role::Build) {
        let tag = image.tag().unwrap_or_default().to_owned();
        found.push((layout::name_of(image.path()).to_owned(), reference.location.clone(), tag));
    }
    for (name, location, tag) in found {
        let version = tag.split('-').next().unwrap_or_default().to_owned();
        let known = matches!(name.as_str(), "rust" | "golang" | "node" | "python");
        if known && version.starts_with(|c: char| c.is_ascii_digit()) {
            places.entry(tool_name(&name)).or_default().push(Place { location, version });
        }
    }
}

/// Versions of pinned tools that release evidence was made with.
fn claims(inputs: &Inputs<'_>, places: &mut BTreeMap<String, Vec<Place>>) {
    for claim in &inputs.claims {
        if let Some(places) = places.get_mut(&tool_name(&claim.name)) {
            let (location, version) = (claim.location.clone(), claim.version.clone());
            places.push(Place { location, version });
        }
    }
}

/// One name for one tool.
fn tool_name(name: &str) -> String {
    match name {
        "rustc" | "rust" | "cargo" => "rust",
        "golang" | "go" => "go",
        "nodejs" | "node" => "node",
        other => other,
    }
    .to_owned()
}

/// Refuses tools without a version.
pub(super) fn unversioned(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some(source) = inputs.document(layout::TOOLCHAIN) else { return };
    let tools = source.root.get("tools").map(Node::entries).unwrap_or_default();
    let without: Vec<&str> = tools
        .iter()
        .filter(|tool| tool.value.get("version").and_then(Node::scalar_text).is_none())
        .map(|tool| tool.key.as_str())
        .collect();
    if !without.is_empty() {
        let message = format!(
            "{} of {} tools have no version: {}",
            without.len(),
            tools.len(),
            quoted(&without)
        );
        report.push(Finding::new(&rules::TOOL_UNVERSIONED, source.at("/tools"), message));
    }
}

/// Compares the lists of tools with each other and with what profiles require.
pub(super) fn lists(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some(toolchain) = inputs.document(layout::TOOLCHAIN) else { return };
    let known: BTreeMap<&str, bool> = toolchain
        .root
        .get("tools")
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .map(|tool| {
            (tool.key.as_str(), tool.value.get("required").and_then(Node::as_bool) != Some(false))
        })
        .collect();
    if known.is_empty() {
        return;
    }
    if let Some(tools) = inputs.document(layout::TOOLS) {
        let listed: BTreeSet<&str> = tools
            .items("/tools")
            .iter()
            .filter_map(|tool| tool.get("name").and_then(Node::as_str))
            .collect();
        let absent: Vec<&str> =
            known.keys().copied().filter(|name| !listed.contains(name)).collect();
        let stray: Vec<&str> =
            listed.iter().copied().filter(|name| !known.contains_key(name)).collect();
        for (names, words) in
            [(absent, "not listed here, but in"), (stray, "listed here, but not in")]
        {
            if !names.is_empty() {
                let message = format!("{} {words} `{}`", quoted(&names), toolchain.path);
                report.push(Finding::new(&rules::TOOL_LISTS_DIFFER, tools.at("/tools"), message));
            }
        }
    }
    required_by_profiles(inputs, toolchain, &known, report);
}

fn required_by_profiles(
    inputs: &Inputs<'_>,
    toolchain: &Source,
    known: &BTreeMap<&str, bool>,
    report: &mut Report,
) {
    let Some(registry) = inputs.document(layout::REGISTRY) else { return };
    let profiles = registry.items("/profiles");
    let mut required: BTreeMap<&str, usize> = BTreeMap::new();
    for profile in profiles {
        for tool in profile.get("required_tools").map(Node::items).unwrap_or_default() {
            *required.entry(tool.as_str().unwrap_or_default()).or_default() += 1;
        }
    }
    for (tool, count) in required {
        match known.get(tool) {
            Some(true) => {}
            // A tool that one profile in many needs may well be optional elsewhere.
            Some(false) if count < profiles.len() => {}
            Some(false) => {
                let message = format!("every profile requires `{tool}`, and it is optional here");
                let place = toolchain.at(&format!("/tools/{tool}/required"));
                report.push(Finding::new(&rules::TOOL_LISTS_DIFFER, place, message));
            }
            None => {
                let message =
                    format!("{count} profiles require `{tool}`, and it is not listed here");
                let place = toolchain.at("/tools");
                report.push(Finding::new(&rules::TOOL_LISTS_DIFFER, place, message));
            }
        }
    }
}
