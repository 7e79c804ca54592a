//! Dockerfiles: which images a build starts from and copies from.

use std::collections::{BTreeMap, BTreeSet};

use super::variables;
use crate::document::Position;

/// One image that a build uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Base {
    /// The line that names it.
    pub(super) position: Position,
    /// The reference, with the defaults of its arguments put in.
    pub(super) text: String,
}

/// Reads the images of `FROM`, `COPY --from` and `RUN --mount`; stages of the same file and
/// `scratch` are none.
pub(super) fn bases_of(text: &str) -> Vec<Base> {
    let mut found = Vec::new();
    let mut stages: BTreeSet<String> = BTreeSet::new();
    let mut arguments: BTreeMap<String, String> = BTreeMap::new();
    let mut has_begun = false;
    for (line, instruction) in instructions(text) {
        let mut words = instruction.split_whitespace();
        let position = Position { line, column: 1 };
        let mut add = |reference: &str, stages: &BTreeSet<String>| {
            let text = variables::resolve(reference, &arguments);
            let is_stage = stages.contains(&text.to_lowercase()) || text.parse::<usize>().is_ok();
            if text != "scratch" && !is_stage {
                found.push(Base { position, text });
            }
        };
        match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
            // Only arguments before the first stage reach a `FROM`.
            "ARG" if !has_begun => arguments.extend(words.filter_map(argument)),
            "FROM" => {
                has_begun = true;
                let mut words = words.skip_while(|word| word.starts_with("--"));
                if let Some(reference) = words.next() {
                    add(reference, &stages);
                }
                let is_named = words.next().is_some_and(|word| word.eq_ignore_ascii_case("as"));
                stages.extend(words.next().filter(|_| is_named).map(str::to_lowercase));
            }
            "COPY" | "ADD" => {
                for source in words.filter_map(|word| word.strip_prefix("--from=")) {
                    add(source, &stages);
                }
            }
            "RUN" => {
                for mount in words.filter_map(|word| word.strip_prefix("--mount=")) {
                    for source in mount.split(',').filter_map(|part| part.strip_prefix("from=")) {
                        add(source, &stages);
                    }
                }
            }
            _ => {}
        }
    }
    found
}

fn argument(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    Some((name.to_owned(), value.trim_matches(['"', '\'']).to_owned()))
}

/// Joins continued lines, leaves comments and here-documents out; each with its first line.
fn instructions(text: &str) -> Vec<(u32, String)> {
    let mut joined: Vec<(u32, String)> = Vec::new();
    let mut is_open = false;
    let mut until: Option<String> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let trimmed = line.trim();
        if let Some(end) = &until {
            if trimmed == end {
                until = None;
            }
            continue;
        }
        if trimmed.starts_with('#') || (trimmed.is_empty() && is_open) {
            continue;
        }
        let (body, continues) = match trimmed.strip_suffix(['\\', '`']) {
            Some(body) => (body, true),
            None => (trimmed, false),
        };
        match joined.last_mut() {
            Some((_, last)) if is_open => {
                last.push(' ');
                last.push_str(body);
            }
            _ if body.is_empty() => {}
            _ => joined.push((number, body.to_owned())),
        }
        is_open = continues;
        if !continues {
            until = joined.last().and_then(|(_, whole)| here_document(whole));
        }
    }
    joined
}

/// The word that ends a here-document that this instruction begins.
fn here_document(instruction: &str) -> Option<String> {
    let is_run = instruction.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("RUN "))
        || instruction.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("COPY "));
    let (_, after) = instruction.split_once("<<").filter(|_| is_run)?;
    let word = after.trim_start_matches('-').split_whitespace().next()?;
    let word = word.trim_matches(['"', '\'']);
    let is_word = !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_word.then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(dockerfile: &str) -> Vec<(u32, String)> {
        bases_of(dockerfile).into_iter().map(|base| (base.position.line, base.text)).collect()
    }

    #[test]
    fn every_image_is_found_and_no_stage() {
        let found = texts(
            "# syntax\nARG RUST=1.91.1\nFROM --platform=$BUILDPLATFORM rust:${RUST} AS Build\n\
             RUN --mount=type=bind,from=tools:1,target=/t \\\n  make\nFROM scratch\n\
             COPY --from=build /a /a\nCOPY --from=0 /b /b\nCOPY --from=alpine:3 /c /c\n",
        );
        let expected = [(3, "rust:1.91.1"), (4, "tools:1"), (9, "alpine:3")];
        assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn here_documents_hold_no_instructions() {
        assert_eq!(texts("FROM a:1\nRUN <<END\nFROM b:1\nEND\n"), [(1, "a:1".to_owned())]);
        assert_eq!(texts(""), []);
    }
}
