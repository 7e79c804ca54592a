//! REL05: every document follows the schema that belongs to it.

use std::collections::BTreeMap;

use super::input::{Inputs, Source};
use super::layout;
use crate::document::{Node, Schema, Violation};
use crate::finding::rules::release as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// The registry that says which schema a document has.
pub(super) const INDEX: &str = "ops/schema/index.json";
/// Where the handbook keeps schemas that are not beside their documents.
const CONTRACTS: &str = "configs/schemas/contracts/release";

/// How a schema was found for a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    Registry,
    Beside,
    Area,
    Folder,
    Alias,
    Kind,
    OnlyOne,
}

impl Match {
    fn words(self) -> &'static str {
        match self {
            Self::Registry => "named by the registry",
            Self::Beside => "beside the document, same name",
            Self::Area => "same name, in the area's schema folder",
            Self::Folder => "named after folder and file",
            Self::Alias => "the handbook's name for it",
            Self::Kind => "of the document's kind",
            Self::OnlyOne => "the only schema of that name",
        }
    }
}

/// Holds every document against the schema that belongs to it.
pub(super) fn documents_follow(inputs: &Inputs, _: &Context, report: &mut Report) {
    let mut compiled: BTreeMap<&str, Option<Schema>> = BTreeMap::new();
    let (mut following, mut unmatched) = (0, 0);
    for source in judged_documents(inputs) {
        let Some((path, by)) = schema_of(inputs, source) else {
            unmatched += 1;
            continue;
        };
        let schema = compiled.entry(path).or_insert_with(|| compile(inputs, path, report));
        let Some(schema) = schema else { continue };
        let violations = schema.violations(&source.root);
        following += usize::from(violations.is_empty());
        for (pointer, violations) in grouped(violations) {
            let problems: Vec<_> = violations.iter().map(|one| one.problem.as_str()).collect();
            let message = format!("breaks `{path}` ({}); problems: {}", by.words(), problems.len());
            let location = source.at(&pointer);
            report.push(
                Finding::new(&rules::SCHEMA_VIOLATED, location, message)
                    .actual(problems.join("; ")),
            );
        }
    }
    if following > 0 {
        let detail = format!("{following} documents follow their schemas");
        report.passed("document-schema", "ops/release", detail);
    }
    if unmatched > 0 {
        let detail = format!("{unmatched} documents have no schema in the tree");
        report.skipped("document-schema", "ops/release", detail);
    }
}

/// Looks for schemas that no document can follow, and for references to schemas that are gone.
pub(super) fn schemas_hold(inputs: &Inputs, _: &Context, report: &mut Report) {
    for (path, schema) in &inputs.schemas {
        contradictions(schema, "", &mut |pointer, node, problem| {
            let location = Location::named(path).at(pointer, node.position);
            report.push(Finding::new(&rules::SCHEMA_UNSATISFIABLE, location, problem));
        });
    }
    for source in inputs.own() {
        for key in ["/schema_reference", "/schema_path"] {
            let Some(named) = source.text(key).filter(|text| layout::is_schema(text)) else {
                continue;
            };
            if !inputs.schemas.contains_key(named) {
                let message = format!("`{named}` is not in the tree");
                let finding = Finding::new(&rules::SCHEMA_ABSENT, source.at(key), message);
                report.push(finding.declared(named));
            }
        }
    }
}

/// The tree's own documents, and those of the bundle that are not the same again.
fn judged_documents(inputs: &Inputs) -> impl Iterator<Item = &Source> {
    let members = inputs.members().filter(|member| {
        let same = inputs.document(member.path()).is_some_and(|outer| {
            outer.root == member.root && inputs.own().any(|own| own.path() == outer.path())
        });
        !same && !layout::is_specimen(member.path())
    });
    inputs.own().chain(members)
}

fn compile(inputs: &Inputs, path: &str, report: &mut Report) -> Option<Schema> {
    match Schema::compile(inputs.schemas.get(path)?) {
        Ok(schema) => Some(schema),
        Err(error) => {
            let finding = Finding::new(
                &rules::SCHEMA_UNSATISFIABLE,
                Location::named(path),
                error.to_string(),
            );
            report.push(finding);
            None
        }
    }
}

fn grouped(violations: Vec<Violation>) -> BTreeMap<String, Vec<Violation>> {
    let mut groups: BTreeMap<String, Vec<Violation>> = BTreeMap::new();
    for violation in violations {
        groups.entry(violation.pointer.clone()).or_default().push(violation);
    }
    groups
}

/// Finds the schema that belongs to a document: by the registry, by name, by kind, in this order.
fn schema_of<'a>(inputs: &'a Inputs, source: &Source) -> Option<(&'a str, Match)> {
    let path = source.path();
    let known =
        |candidate: &str| inputs.schemas.get_key_value(candidate).map(|(path, _)| path.as_str());
    if let Some(named) = registered(inputs, path) {
        return known(named).map(|found| (found, Match::Registry));
    }
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let parent = folder.rsplit('/').next().unwrap_or_default();
    let area = path.split('/').nth(1).unwrap_or_default();
    let alias = match stem {
        "checksums" => "checksum-list",
        "packet" => "packet-list",
        other => other,
    };
    let mut candidates = vec![(format!("{folder}/{stem}.schema.json"), Match::Beside)];
    if path.starts_with("ops/") {
        candidates.push((format!("ops/schema/{area}/{stem}.schema.json"), Match::Area));
    }
    if path.starts_with("ops/release/") {
        candidates.push((format!("{CONTRACTS}/{stem}.schema.json"), Match::Area));
        candidates.push((format!("{CONTRACTS}/{parent}-{stem}.schema.json"), Match::Folder));
        candidates.push((format!("{CONTRACTS}/{alias}.schema.json"), Match::Alias));
    }
    candidates
        .into_iter()
        .find_map(|(candidate, by)| Some((known(&candidate)?, by)))
        .or_else(|| of_kind(inputs, source).map(|found| (found, Match::Kind)))
        .or_else(|| only_one(inputs, source, stem).map(|found| (found, Match::OnlyOne)))
}

/// What the registry says of a document.
fn registered<'a>(inputs: &'a Inputs, path: &str) -> Option<&'a str> {
    let index = inputs.document(INDEX)?;
    let rows = index.root.get("documents")?.items();
    let row = rows.iter().find(|row| row.get("path").and_then(Node::as_str) == Some(path))?;
    row.get("schema")?.as_str()
}

/// The schema that fixes the document's `kind` and no other does.
fn of_kind<'a>(inputs: &'a Inputs, source: &Source) -> Option<&'a str> {
    let kind = source.text("/kind")?;
    let mut found = inputs.schemas.iter().filter(|(_, schema)| {
        schema.pointer("/properties/kind/const").and_then(Node::as_str) == Some(kind)
    });
    let first = found.next()?;
    found.next().is_none().then_some(first.0.as_str())
}

/// For evidence that lies in the bundle: the only schema in the tree with the document's name. A
/// name of one word says too little, unless the schema lies in a folder of the same subject.
fn only_one<'a>(inputs: &'a Inputs, source: &Source, stem: &str) -> Option<&'a str> {
    if !source.is_member {
        return None;
    }
    let file = format!("/{stem}.schema.json");
    let mut found = inputs.schemas.keys().filter(|path| path.ends_with(&file));
    let first = found.next()?;
    let is_general = |part: &str| {
        matches!(part, "ops" | "configs" | "sources" | "schemas" | "schema" | "contracts")
    };
    let folders = |path: &'a str| path.split('/').rev().skip(1).filter(|part| !is_general(part));
    let shares =
        folders(first).any(|part| source.path().split('/').rev().skip(1).any(|own| own == part));
    (found.next().is_none() && (shares || stem.contains('-'))).then_some(first.as_str())
}

/// Walks a schema and tells of clauses that contradict each other.
fn contradictions(schema: &Node, pointer: &str, tell: &mut impl FnMut(&str, &Node, String)) {
    if let Some(problem) = contradiction(schema) {
        tell(pointer, schema, problem);
    }
    // Data in a schema (`enum`, `const`, `examples`) is no clause.
    for entry in schema.entries() {
        if !matches!(entry.key.as_str(), "enum" | "const" | "examples" | "default") {
            let key = entry.key.replace('~', "~0").replace('/', "~1");
            contradictions(&entry.value, &format!("{pointer}/{key}"), tell);
        }
    }
    for (index, item) in schema.items().iter().enumerate() {
        contradictions(item, &format!("{pointer}/{index}"), tell);
    }
}

fn contradiction(schema: &Node) -> Option<String> {
    let number = |key: &str| schema.get(key).and_then(Node::as_f64);
    for (low, high) in
        [("minimum", "maximum"), ("minItems", "maxItems"), ("minLength", "maxLength")]
    {
        if let (Some(least), Some(most)) = (number(low), number(high))
            && least > most
        {
            return Some(format!("`{low}` is above `{high}`"));
        }
    }
    if let (Some(constant), Some(choices)) = (schema.get("const"), schema.get("enum"))
        && !choices.items().iter().any(|choice| choice.value == constant.value)
    {
        return Some("`const` is not in `enum`".to_owned());
    }
    impossible_requirement(schema).or_else(|| overlapping_choice(schema))
}

fn impossible_requirement(schema: &Node) -> Option<String> {
    let is_closed = schema.get("additionalProperties")?.as_bool() == Some(false);
    if !is_closed || schema.get("patternProperties").is_some() {
        return None;
    }
    let properties = schema.get("properties");
    let missing = schema
        .get("required")?
        .items()
        .iter()
        .filter_map(Node::as_str)
        .find(|name| properties.is_none_or(|properties| properties.get(name).is_none()))?;
    Some(format!("`{missing}` is required and is not among the only properties that may be there"))
}

/// `oneOf` with `integer` and `number`: a whole number matches both, and so none.
fn overlapping_choice(schema: &Node) -> Option<String> {
    let branches = schema.get("oneOf")?.items();
    let has = |name: &str| {
        branches.iter().any(|branch| {
            branch.entries().len() == 1 && branch.get("type").and_then(Node::as_str) == Some(name)
        })
    };
    (has("integer") && has("number")).then(|| {
        "`oneOf` lists `integer` and `number`: a whole number matches both, so none".into()
    })
}
