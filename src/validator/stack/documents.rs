//! STK08, STK10: documents have the shape that rules rest on, and follow their schemas.

use std::collections::BTreeMap;

use super::input::Inputs;
use super::layout;
use super::source::{Kind, Source};
use crate::document::{Limits, Node, Schema, Value, parse_json};
use crate::finding::rules::stack::evidence as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// The registry that says which schema a document has.
const INDEX: &str = "ops/schema/index.json";

/// What a part of a document has to be.
#[derive(Clone, Copy)]
enum Shape {
    List,
    Mapping,
    /// A list of names, or a mapping of them.
    Either,
}

/// The parts on which rules rest.
const SHAPES: &[(&str, &str, Shape)] = &[
    (layout::STACK, "/profiles", Shape::Mapping),
    (layout::PROFILES, "/profiles", Shape::Either),
    (layout::REGISTRY, "/profiles", Shape::Either),
    (layout::INTENT, "/profiles", Shape::Either),
    (layout::CONTRACT, "/services", Shape::List),
    (layout::GRAPH, "/profiles", Shape::Mapping),
    (layout::INDEX, "/artifacts", Shape::List),
    (layout::MANIFEST, "", Shape::Mapping),
    (layout::PREVIOUS, "", Shape::Mapping),
    (layout::PINS, "/images", Shape::Mapping),
    (layout::TOOLCHAIN, "", Shape::Mapping),
    (layout::BASES, "/images", Shape::List),
];

/// Refuses documents whose main part is missing or of another kind.
pub(super) fn shapes(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    for (path, pointer, shape) in SHAPES {
        let part = match inputs.document(path) {
            Some(source) => source.root.pointer(pointer),
            // A file that holds nothing is no document, and is there all the same.
            None if inputs.files.contains(*path) && !inputs.is_refused(path) => None,
            None => continue,
        };
        let (is_fit, expected) = match shape {
            Shape::List => (part.is_some_and(is_list), "a list"),
            Shape::Mapping => (part.is_some_and(is_mapping), "a mapping"),
            Shape::Either => {
                (part.is_some_and(|part| is_list(part) || is_mapping(part)), "a list or a mapping")
            }
        };
        if !is_fit {
            let found = part.map_or("nothing", Node::kind);
            let what = if pointer.is_empty() { "the document" } else { pointer };
            let message = format!("`{what}` is {found}; expected {expected}");
            let place = match inputs.document(path) {
                Some(source) => source.at(pointer),
                None => Location::named(path),
            };
            report.push(Finding::new(&rules::SHAPE_UNEXPECTED, place, message));
        }
    }
}

fn is_list(node: &Node) -> bool {
    matches!(node.value, Value::Sequence(_))
}

fn is_mapping(node: &Node) -> bool {
    matches!(node.value, Value::Mapping(_))
}

/// Holds every document of the area against the schema that belongs to it.
pub(super) fn schemas(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let registered = registered(inputs);
    let mut compiled: BTreeMap<String, Option<Schema>> = BTreeMap::new();
    let (mut following, mut without) = (0, 0);
    for source in inputs.of_kind(Kind::Other).filter(|source| is_judged(source)) {
        let Some(path) = schema_of(inputs, &registered, &source.path) else {
            without += 1;
            continue;
        };
        let schema = compiled.entry(path.clone()).or_insert_with(|| compile(inputs, &path, report));
        let Some(schema) = schema else { continue };
        let violations = schema.violations(&source.root);
        following += usize::from(violations.is_empty());
        for violation in violations {
            let message = format!("breaks `{path}`: {}", violation.problem);
            let place = source.at(&violation.pointer);
            let finding = Finding::new(&rules::SCHEMA_VIOLATED, place, message);
            report.push(finding.declared(violation.schema_pointer));
        }
    }
    if following > 0 {
        report.passed("stack-schemas", "ops/stack", format!("{following} documents follow theirs"));
    }
    if without > 0 {
        let detail = format!("{without} documents have no schema in the tree");
        report.skipped("stack-schemas", "ops/stack", detail);
    }
}

fn is_judged(source: &Source) -> bool {
    let own = super::FOLDERS.iter().any(|folder| source.path.starts_with(&format!("{folder}/")));
    own && !source.path.ends_with(".schema.json") && !layout::is_specimen(&source.path)
}

/// What registries say: rows with a path and a schema.
fn registered(inputs: &Inputs<'_>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut add = |root: &Node| {
        root.walk(&mut |_, node| {
            let text = |key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
            if let (Some(path), Some(schema)) = (text("path"), text("schema")) {
                found.entry(path).or_insert(schema);
            }
        });
    };
    for source in inputs.of_kind(Kind::Other).filter(|one| one.path.starts_with("ops/inventory/")) {
        add(&source.root);
    }
    let index = inputs.read_file(INDEX);
    if let Some(Ok(root)) = index.map(|text| parse_json(text.as_bytes(), Limits::GOVERNED)) {
        add(&root);
    }
    found
}

/// The schema of a document: the registered one, or one of its name where its area keeps schemas.
fn schema_of(
    inputs: &Inputs<'_>,
    registered: &BTreeMap<String, String>,
    path: &str,
) -> Option<String> {
    let stem = layout::name_of(path).rsplit_once('.').map(|(stem, _)| stem)?;
    let folder = layout::folder_of(path);
    let area = path.split('/').nth(1)?;
    let by_name = [
        format!("{folder}/{stem}.schema.json"),
        format!("{folder}/schema/{stem}.schema.json"),
        format!("ops/schema/{area}/{stem}.schema.json"),
    ];
    registered.get(path).cloned().into_iter().chain(by_name).find(|path| inputs.exists(path))
}

fn compile(inputs: &Inputs<'_>, path: &str, report: &mut Report) -> Option<Schema> {
    let text = inputs.read_file(path)?;
    let schema = parse_json(text.as_bytes(), Limits::GOVERNED)
        .map_err(|error| error.to_string())
        .and_then(|node| Schema::compile(&node).map_err(|error| error.to_string()));
    match schema {
        Ok(schema) => Some(schema),
        Err(problem) => {
            let message = format!("no schema that a document could follow: {problem}");
            report.push(Finding::new(&rules::SCHEMA_VIOLATED, Location::named(path), message));
            None
        }
    }
}
