//! STK18: every variable has a value.

use std::collections::BTreeMap;

use super::super::input::Inputs;
use super::super::source::Kind;
use super::super::variables::{Fallback, environment_of, variables_of};
use super::super::{layout, references};
use crate::document::Node;
use crate::finding::rules::stack::compose as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

/// Files beside a compose file that say which variables it takes.
const DECLARED_IN: &[&str] =
    &[".env.example", ".env.sample", ".env.template", ".env.dist", "example.env", "sample.env"];
/// Variables that a shell always has.
const ALWAYS: &[&str] = &["HOME", "USER", "PWD"];

/// Looks for a default, a refusal or a declaration of every variable.
pub(in super::super) fn unset(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let (mut held, before) = (0, report.findings().len());
    for source in inputs.of_kind(Kind::Compose) {
        let mut declared = references::environment(inputs, &source.path);
        let folder = layout::folder_of(&source.path);
        for name in DECLARED_IN {
            let path =
                if folder.is_empty() { (*name).to_owned() } else { format!("{folder}/{name}") };
            declared.extend(
                inputs.read_file(&path).map(|text| environment_of(&text)).unwrap_or_default(),
            );
        }
        let mut unset: BTreeMap<String, (String, usize)> = BTreeMap::new();
        source.root.walk(&mut |pointer, node| {
            for variable in node.as_str().map(variables_of).unwrap_or_default() {
                held += 1;
                let is_given = variable.fallback != Fallback::Nothing
                    || declared.contains_key(&variable.name)
                    || ALWAYS.contains(&variable.name.as_str())
                    || variable.name.starts_with("COMPOSE_");
                if !is_given {
                    let place = unset.entry(variable.name).or_insert((pointer.to_owned(), 0));
                    place.1 += 1;
                }
            }
        });
        for (name, (pointer, times)) in unset {
            let message =
                format!("`{name}` has no default and is declared nowhere; used {times} times");
            let finding = Finding::new(&rules::COMPOSE_VARIABLE, source.at(&pointer), message);
            let text = source.root.pointer(&pointer).and_then(Node::as_str).unwrap_or_default();
            report.push(finding.declared(text));
        }
    }
    if held > 0 && report.findings().len() == before {
        report.passed("compose-variables", "ops", format!("{held} variables have a value"));
    }
}
