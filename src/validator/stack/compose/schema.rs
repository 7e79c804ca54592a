//! STK16: the compose specification's own schema.

use super::super::input::Inputs;
use super::super::source::Kind;
use crate::document::{Limits, Schema, parse_json};
use crate::finding::rules::stack::compose as rules;
use crate::finding::{Finding, Report};
use crate::packet::foreign::{Compression, ForeignArchive};
use crate::validator::Context;

/// The schema, its licence and where it comes from: see `compose-spec/SOURCE.md`.
const ARCHIVE: &[u8] = include_bytes!("../compose-spec/compose-spec.tgz");
/// The longest problem that is told in full: some tell the whole service.
const LONGEST: usize = 240;

/// Holds every compose file against the schema.
pub(in super::super) fn schema(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let sources: Vec<_> = inputs.of_kind(Kind::Compose).collect();
    if sources.is_empty() {
        report.skipped("compose-schema", "ops", "the tree has no compose file");
        return;
    }
    let schema = compose_schema();
    let before = report.findings().len();
    for source in &sources {
        for violation in schema.violations(&source.root) {
            let mut problem: String = violation.problem.chars().take(LONGEST).collect();
            if problem.len() < violation.problem.len() {
                problem.push_str("...");
            }
            let place = source.at(&violation.pointer);
            let finding = Finding::new(&rules::COMPOSE_SCHEMA, place, problem);
            report.push(finding.declared(violation.schema_pointer));
        }
    }
    if report.findings().len() == before {
        let detail = format!("{} compose files follow the specification", sources.len());
        report.passed("compose-schema", "ops", detail);
    }
}

fn compose_schema() -> Schema {
    let archive = ForeignArchive::read(ARCHIVE, Compression::Gzip);
    let bytes = archive
        .ok()
        .and_then(|archive| archive.members.get("compose-spec.json").cloned())
        .and_then(|member| member.bytes)
        .expect("the shipped archive holds the schema");
    let node = parse_json(&bytes, Limits::GOVERNED).expect("the shipped schema is JSON");
    Schema::compile(&node).expect("the shipped schema compiles")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_schema_refuses_what_it_does_not_know() {
        let schema = compose_schema();
        let judge = |text: &str| {
            schema.violations(&parse_json(text.as_bytes(), Limits::GOVERNED).unwrap()).len()
        };
        assert_eq!(judge(r#"{"services": {"a": {"image": "redis"}}}"#), 0);
        assert_eq!(judge(r#"{"services": {"a": {"imag": "redis"}}}"#), 1);
        assert_ne!(judge(r#"{"services": ["a"]}"#), 0);
    }
}
