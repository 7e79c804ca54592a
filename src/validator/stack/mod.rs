//! The area `stack`: what the service runs on.
//!
//! Every image that a file of the tree names is read by the grammar of image references and held
//! against the pin list; profiles, graph, index and version manifest are computed again and held
//! against what is committed; compose files are held against the compose specification's schema.
//! A tree without an `ops/` folder is searched whole, for whatever components it has.

mod compose;
mod dockerfile;
mod documents;
mod drift;
mod evidence;
mod generated;
mod graph;
mod hosts;
mod images;
mod input;
mod layout;
mod pins;
mod places;
mod profiles;
mod references;
mod resolved;
mod source;
mod toolchain;
mod variables;
mod versions;
mod workloads;

use input::Inputs;
use references::Role;
use source::Kind;

use super::{Context, Derived, Governed, Hygiene};
use crate::finding::rules::stack as rules;
use crate::finding::{Area, Finding, Location, Report};
use crate::tree::Tree;

pub use resolved::resolved_dependencies;

/// Where the area's files lie; the first folder must hold some.
pub(super) const FOLDERS: &[&str] = &["ops/stack", "ops/inventory", "ops/env", "ops/docker"];

const HYGIENE: Hygiene = Hygiene {
    unreadable: &rules::INPUT_UNREADABLE,
    malformed: &rules::DOCUMENT_MALFORMED,
    ambiguous: &rules::SCALAR_AMBIGUOUS,
};

/// The rules, in the order in which they run.
const RULES: &[fn(&Inputs<'_>, &Context, &mut Report)] = &[
    documents::shapes,
    documents::schemas,
    images::malformed,
    images::unpinned,
    images::plausible,
    images::as_pinned,
    images::listed,
    images::registries,
    pins::lists,
    pins::manifest,
    pins::bases,
    versions::release,
    versions::kubernetes,
    versions::nodes,
    toolchain::versions,
    toolchain::unversioned,
    toolchain::lists,
    profiles::files,
    profiles::sets,
    profiles::definitions,
    profiles::required,
    profiles::unused,
    places::namespaces,
    places::environments,
    graph::committed,
    graph::edges,
    workloads::health,
    workloads::ports,
    hosts::ports,
    hosts::access,
    compose::schema,
    compose::names,
    compose::unset,
    compose::files,
    generated::index,
    generated::sources,
    generated::named,
    generated::sboms,
    generated::platforms,
    drift::explained,
    drift::claims,
];

/// Judges the area.
pub(super) fn check(tree: &Tree, context: &Context, report: &mut Report) {
    let governed = Governed::read(tree, FOLDERS, HYGIENE, report);
    let inputs = Inputs::gather(tree, &governed, report);
    let has_stack = governed.files.iter().any(|path| path.starts_with(FOLDERS[0]));
    if !has_stack && !has_components(&inputs) {
        let message = format!("`{}` holds no file; the area cannot be judged", FOLDERS[0]);
        report.push(Finding::new(&rules::INPUT_UNREADABLE, Location::named(FOLDERS[0]), message));
        report.not_evaluated(Area::Stack, format!("`{}` holds no file", FOLDERS[0]));
        return;
    }
    for rule in RULES {
        rule(&inputs, context, report);
    }
    if inputs.skipped > 0 {
        let detail = "files that do not parse or were not rendered, images filled in later";
        report.skipped("components", format!("{} components", inputs.skipped), detail);
    }
    if governed.complete {
        let files = governed.documents.len().max(inputs.documents.len());
        let skipped = governed.other + inputs.skipped;
        let objects = inputs.documents.len();
        report.evaluated(Area::Stack, files, objects, skipped, rules::RULES.len());
    } else {
        report.not_evaluated(Area::Stack, "some of its files could not be read");
    }
}

/// Tells whether a tree that has no stack of the handbook's has components of its own. One that
/// has the handbook's other documents has lost its stack.
fn has_components(inputs: &Inputs<'_>) -> bool {
    let is_handbook = inputs.files.iter().any(|path| {
        FOLDERS[1..].iter().any(|folder| path.starts_with(&format!("{folder}/")))
            || path.starts_with("ops/release/")
    });
    let is_component = |kind: Kind| matches!(kind, Kind::Object | Kind::Compose | Kind::Cluster);
    !is_handbook
        && (inputs.documents.iter().any(|source| is_component(source.kind))
            || inputs.references.iter().any(|one| one.role != Role::Rendered))
}

/// Derives the area's documents.
pub(super) fn derive(tree: &Tree, context: &Context) -> Vec<Derived> {
    evidence::derive(tree, context)
}
