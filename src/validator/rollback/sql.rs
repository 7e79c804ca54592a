//! SQL: what a migration's statements do to the release that was there before.
//!
//! Only what is recognised counts as harmless. A dialect's own statement, or one that is built at
//! run time, is *unknown*, and unknown is not ready.

use serde::{Deserialize, Serialize};

use super::facts::StatementFacts;

/// What a statement does to releases that were there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// It adds; the release before works on.
    Expand,
    /// It removes or changes what the release before uses.
    Contract,
    /// It changes rows.
    Data,
    /// It does nothing to the schema: a transaction's frame, a setting, a question.
    Neutral,
    /// It is not recognised.
    Unknown,
}

/// The longest text of a statement that is kept, in characters.
const KEPT: usize = 120;

/// Splits a script into statements and tells what each does.
#[must_use]
pub fn classify(script: &str) -> Vec<StatementFacts> {
    let facts = |statement: Statement| {
        let words: Vec<&str> = statement.words.iter().map(String::as_str).collect();
        let (effect, reason) = effect_of(&words);
        let text: String = statement.words.join(" ").chars().take(KEPT).collect();
        StatementFacts { line: statement.line, text, effect, reason: reason.to_owned() }
    };
    split(script).into_iter().map(facts).collect()
}

/// A statement's words in upper case, without comments; texts and quoted names stand as `'…'`.
struct Statement {
    line: u64,
    words: Vec<String>,
}

fn split(script: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut current = Statement { line: 1, words: Vec::new() };
    let mut rest = script;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let length = token_length(rest, first);
        let token = &rest[..length];
        let is_blank = first.is_whitespace() || token.starts_with("--") || token.starts_with("/*");
        if first == ';' {
            end(&mut statements, &mut current);
        } else if !is_blank {
            if current.words.is_empty() {
                current.line = line;
            }
            let is_text = matches!(first, '\'' | '"' | '`' | '$');
            current.words.push(if is_text { "'…'".to_owned() } else { token.to_uppercase() });
        }
        line += token.matches('\n').count() as u64;
        rest = &rest[length..];
    }
    end(&mut statements, &mut current);
    statements
}

fn end(statements: &mut Vec<Statement>, current: &mut Statement) {
    let words = std::mem::take(&mut current.words);
    if !words.is_empty() {
        statements.push(Statement { line: current.line, words });
    }
}

/// The length of the token at the start of `rest`: a word, one sign, a comment, a quoted text.
fn token_length(rest: &str, first: char) -> usize {
    let until = |close: &str, from: usize| {
        rest[from..].find(close).map_or(rest.len(), |at| from + at + close.len())
    };
    if rest.starts_with("--") {
        return until("\n", 2);
    }
    if rest.starts_with("/*") {
        return until("*/", 2);
    }
    match first {
        '\'' | '"' | '`' => quoted_length(rest, first),
        '$' => dollar_length(rest),
        _ if first.is_alphanumeric() || first == '_' => rest
            .find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.'))
            .unwrap_or(rest.len()),
        _ => first.len_utf8(),
    }
}

/// A doubled quote inside a quoted text is a part of it.
fn quoted_length(rest: &str, quote: char) -> usize {
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == quote {
            if characters.peek().is_some_and(|(_, next)| *next == quote) {
                characters.next();
            } else {
                return at + quote.len_utf8();
            }
        }
    }
    rest.len()
}

/// PostgreSQL's `$tag$ … $tag$`.
fn dollar_length(rest: &str) -> usize {
    let tag_end = rest[1..].find(|c: char| !c.is_alphanumeric() && c != '_');
    match tag_end {
        Some(end) if rest[1 + end..].starts_with('$') => {
            let tag = &rest[..end + 2];
            rest[tag.len()..].find(tag).map_or(rest.len(), |at| at + 2 * tag.len())
        }
        _ => 1,
    }
}

fn effect_of(words: &[&str]) -> (Effect, &'static str) {
    let has = |sequence: &[&str]| words.windows(sequence.len()).any(|window| window == sequence);
    match words {
        ["CREATE", rest @ ..] => created(rest),
        ["ALTER", "TABLE", ..] => altered(words),
        ["ALTER", "TYPE", ..] if has(&["ADD", "VALUE"]) => (Effect::Expand, "adds a value"),
        ["DROP", ..] => (Effect::Contract, "drops what the release before may use"),
        ["TRUNCATE", ..] | ["DELETE", ..] => (Effect::Contract, "removes rows"),
        ["RENAME", ..] => (Effect::Contract, "renames what the release before may use"),
        ["INSERT", ..] => (Effect::Data, "adds rows"),
        ["UPDATE", ..] | ["MERGE", ..] | ["REPLACE", ..] => (Effect::Data, "changes rows"),
        [
            "BEGIN" | "COMMIT" | "START" | "SET" | "SELECT" | "ANALYZE" | "VACUUM" | "COMMENT"
            | "PRAGMA" | "LOCK" | "GRANT",
            ..,
        ] => (Effect::Neutral, "changes no schema"),
        _ => (Effect::Unknown, "not a statement that is recognised"),
    }
}

fn created(rest: &[&str]) -> (Effect, &'static str) {
    let mut rest = rest;
    if let ["OR", "REPLACE", ..] = rest {
        return (Effect::Contract, "replaces what the release before may use");
    }
    while let ["UNIQUE" | "TEMP" | "TEMPORARY" | "UNLOGGED" | "MATERIALIZED", more @ ..] = rest {
        if rest[0] == "UNIQUE" {
            return (Effect::Contract, "the release before may write what is unique no longer");
        }
        rest = more;
    }
    match rest.first() {
        Some(&("TABLE" | "INDEX" | "VIEW" | "SEQUENCE" | "TYPE" | "SCHEMA" | "EXTENSION")) => {
            (Effect::Expand, "adds")
        }
        Some(&("TRIGGER" | "RULE")) => (Effect::Contract, "changes what writing does"),
        Some(&("FUNCTION" | "PROCEDURE")) => (Effect::Expand, "adds"),
        _ => (Effect::Unknown, "not a statement that is recognised"),
    }
}

/// Every action of an `ALTER TABLE` counts; the worst decides.
fn altered(words: &[&str]) -> (Effect, &'static str) {
    let mut depth = 0_i32;
    let mut actions: Vec<Vec<&str>> = vec![Vec::new()];
    for word in words {
        match *word {
            "(" => depth += 1,
            ")" => depth -= 1,
            "," if depth == 0 => {
                actions.push(Vec::new());
                continue;
            }
            _ => {}
        }
        actions.last_mut().expect("there is always one").push(word);
    }
    let mut worst = (Effect::Expand, "adds a column");
    for action in &actions {
        let (effect, reason) = action_of(action);
        match (worst.0, effect) {
            (Effect::Contract, _) | (_, Effect::Expand) => {}
            (Effect::Unknown, effect) if effect != Effect::Contract => {}
            _ => worst = (effect, reason),
        }
    }
    worst
}

fn action_of(words: &[&str]) -> (Effect, &'static str) {
    let at = |word: &str| words.iter().position(|other| *other == word);
    let has = |sequence: &[&str]| words.windows(sequence.len()).any(|window| window == sequence);
    // Whatever the action's own verb is, it is the first of these that stands in it.
    let verb = ["RENAME", "DROP", "ALTER", "MODIFY", "CHANGE", "ADD"]
        .into_iter()
        .filter_map(|verb| {
            let from = usize::from(words.starts_with(&["ALTER", "TABLE"])) * 2;
            let found = words[from..].iter().position(|word| *word == verb)?;
            Some((found, verb))
        })
        .min();
    match verb.map(|(_, verb)| verb) {
        Some("RENAME") => (Effect::Contract, "renames what the release before uses"),
        Some("DROP") if has(&["DROP", "NOT", "NULL"]) || has(&["DROP", "DEFAULT"]) => {
            (Effect::Contract, "changes what the release before relies on")
        }
        Some("DROP") => (Effect::Contract, "drops what the release before may use"),
        Some("ALTER") if has(&["SET", "DEFAULT"]) => (Effect::Expand, "sets a default"),
        Some("ALTER" | "MODIFY" | "CHANGE") => {
            (Effect::Contract, "changes a column that the release before uses")
        }
        Some("ADD") if at("CONSTRAINT").is_some() || has(&["PRIMARY", "KEY"]) => {
            (Effect::Contract, "the release before may write what is allowed no longer")
        }
        Some("ADD") if ["UNIQUE", "CHECK", "FOREIGN"].iter().any(|word| at(word).is_some()) => {
            (Effect::Contract, "the release before may write what is allowed no longer")
        }
        Some("ADD") if has(&["NOT", "NULL"]) && at("DEFAULT").is_none() => {
            (Effect::Contract, "the release before writes rows without this column")
        }
        Some("ADD") => (Effect::Expand, "adds a column"),
        _ => (Effect::Unknown, "not an action that is recognised"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effects(script: &str) -> Vec<Effect> {
        classify(script).into_iter().map(|one| one.effect).collect()
    }

    #[test]
    fn what_only_adds_expands() {
        for script in [
            "create table if not exists a (id int not null);",
            "CREATE INDEX CONCURRENTLY i ON a (b)",
            "ALTER TABLE a ADD COLUMN b text;",
            "ALTER TABLE a ADD b int NOT NULL DEFAULT 0, ADD c text",
            "ALTER TABLE a ALTER COLUMN b SET DEFAULT 1",
            "ALTER TYPE mood ADD VALUE 'calm'",
        ] {
            assert_eq!(effects(script), [Effect::Expand], "{script}");
        }
    }

    #[test]
    fn what_the_release_before_would_miss_contracts() {
        for script in [
            "DROP TABLE a",
            "/* DROP */ drop index i;",
            "ALTER TABLE a DROP COLUMN b",
            "ALTER TABLE a RENAME TO b",
            "ALTER TABLE a RENAME COLUMN b TO c",
            "ALTER TABLE a ALTER COLUMN b TYPE bigint",
            "ALTER TABLE a ALTER COLUMN b SET NOT NULL",
            "ALTER TABLE a ADD COLUMN b int NOT NULL",
            "ALTER TABLE a ADD COLUMN b text, DROP COLUMN c",
            "ALTER TABLE a ADD CONSTRAINT u UNIQUE (b)",
            "ALTER TABLE a MODIFY b bigint",
            "CREATE UNIQUE INDEX i ON a (b)",
            "CREATE OR REPLACE VIEW v AS SELECT 1",
            "DELETE FROM a",
            "TRUNCATE a",
        ] {
            assert_eq!(effects(script), [Effect::Contract], "{script}");
        }
    }

    #[test]
    fn what_is_not_recognised_is_unknown() {
        for script in ["DO $$ BEGIN DROP TABLE a; END $$", "CALL clean_up()", "ALTER SYSTEM x"] {
            assert_eq!(effects(script), [Effect::Unknown], "{script}");
        }
    }

    #[test]
    fn words_in_texts_and_comments_do_nothing() {
        let script = "-- DROP TABLE a;\nINSERT INTO a VALUES ('it''s; DROP TABLE b', \"x;y\");\n\
                      COMMIT;";
        assert_eq!(effects(script), [Effect::Data, Effect::Neutral]);
        assert_eq!(classify(script)[0].line, 2);
    }

    #[test]
    fn what_has_no_end_ends_with_the_script() {
        for script in ["'", "/*", "--", "$a$ DROP", "\"", ";;;", "", "é'é", "$", "ALTER TABLE"] {
            let _ = classify(script);
        }
    }
}
