//! The Go templates of annotations and labels: `{{ $labels.service }} failed {{ $value }}`.

use std::collections::BTreeSet;

/// What a template asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Template {
    /// The labels of the alert that it shows.
    pub(super) labels: BTreeSet<String>,
}

/// Functions of Prometheus and of Go's templates.
const FUNCTIONS: &[&str] = &[
    "and",
    "args",
    "call",
    "eq",
    "externalURL",
    "false",
    "first",
    "ge",
    "graphLink",
    "gt",
    "html",
    "humanize",
    "humanize1024",
    "humanizeDuration",
    "humanizePercentage",
    "humanizeTimestamp",
    "index",
    "js",
    "label",
    "le",
    "len",
    "lt",
    "match",
    "ne",
    "nil",
    "not",
    "now",
    "or",
    "parseDuration",
    "pathPrefix",
    "print",
    "printf",
    "println",
    "query",
    "reReplaceAll",
    "safeHtml",
    "slice",
    "sortByLabel",
    "stripDomain",
    "stripPort",
    "strvalue",
    "tableLink",
    "title",
    "tmpl",
    "toDuration",
    "toLower",
    "toTime",
    "toUpper",
    "true",
    "urlQueryEscape",
    "urlquery",
    "value",
];

/// What Prometheus defines before the template begins.
const VARIABLES: &[&str] = &["$", "$externalLabels", "$externalURL", "$labels", "$value"];

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// What Prometheus would refuse, in one line.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut template = Self::default();
        let mut blocks: Vec<&'static str> = Vec::new();
        let mut known: BTreeSet<String> =
            VARIABLES.iter().map(|&variable| variable.to_owned()).collect();
        let mut rest = text;
        while let Some((_, after)) = rest.split_once("{{") {
            let (action, after) = action_of(after)?;
            rest = after;
            let action = action.strip_prefix("- ").unwrap_or(action);
            let action = action.strip_suffix(" -").unwrap_or(action).trim();
            if action.starts_with("/*") {
                if action.ends_with("*/") {
                    continue;
                }
                return Err("a comment that does not end".to_owned());
            }
            let words = words_of(action)?;
            block(&words, &mut blocks)?;
            template.read(&words, &mut known)?;
        }
        match blocks.last() {
            Some(open) => Err(format!("`{open}` has no `end`")),
            None => Ok(template),
        }
    }

    fn read(&mut self, words: &[String], known: &mut BTreeSet<String>) -> Result<(), String> {
        if words.is_empty() {
            return Err("an empty action".to_owned());
        }
        for (at, word) in words.iter().enumerate() {
            if word.starts_with('$') {
                let (variable, field) = word.split_once('.').unwrap_or((word, ""));
                if words.get(at + 1).is_some_and(|next| next == ":=" || next == ",") {
                    known.insert(variable.to_owned());
                }
                if !known.contains(variable) {
                    return Err(format!("`{variable}` is not defined"));
                }
                if variable == "$labels" && !field.is_empty() {
                    self.labels.insert(field.split('.').next().unwrap_or(field).to_owned());
                }
            } else if let Some(field) = word.strip_prefix(".Labels.") {
                self.labels.insert(field.to_owned());
            } else if is_name(word) && at > 0 && matches!(words[0].as_str(), "define" | "block") {
                return Err(format!("the name of `{}` is no string", words[0]));
            } else if is_name(word) && !FUNCTIONS.contains(&word.as_str()) && !is_keyword(word) {
                return Err(format!("the function `{word}` is not defined"));
            } else if let [name, list, label, ..] = &words[at..]
                && (name.as_str(), list.as_str()) == ("index", "$labels")
                && let Some(label) = label.strip_prefix('"')
            {
                self.labels.insert(label.trim_end_matches('"').to_owned());
            }
        }
        Ok(())
    }
}

fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "if" | "else"
            | "end"
            | "range"
            | "with"
            | "define"
            | "template"
            | "block"
            | "break"
            | "continue"
    )
}

fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Opens and closes blocks.
fn block(words: &[String], blocks: &mut Vec<&'static str>) -> Result<(), String> {
    match words.first().map(String::as_str) {
        Some("if") => blocks.push("if"),
        Some("range") => blocks.push("range"),
        Some("with") => blocks.push("with"),
        Some("define") => blocks.push("define"),
        Some("block") => blocks.push("block"),
        Some("end") if blocks.pop().is_none() => return Err("`end` closes nothing".to_owned()),
        Some("else") if blocks.is_empty() => return Err("`else` belongs to nothing".to_owned()),
        _ => {}
    }
    Ok(())
}

/// The text up to `}}` that stands in no string.
fn action_of(text: &str) -> Result<(&str, &str), String> {
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (None, '"' | '`' | '\'') => quote = Some(character),
            (None, '}') if text[at..].starts_with("}}") => {
                return Ok((&text[..at], &text[at + 2..]));
            }
            (Some('"' | '\''), '\\') => drop(characters.next()),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
    }
    Err("an action `{{` that does not end".to_owned())
}

/// Splits an action into strings, words and marks.
fn words_of(action: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut characters = action.char_indices().peekable();
    let (mut open, mut last) = (0_i32, String::new());
    while let Some((at, character)) = characters.next() {
        match character {
            '"' | '`' | '\'' => {
                let rest = &action[at..];
                let end = string_end(rest).ok_or("a string that does not end")?;
                words.push(rest[..end].to_owned());
                while characters.next_if(|(next, _)| *next < at + end).is_some() {}
            }
            '(' => open += 1,
            ')' => open -= 1,
            ':' if action[at..].starts_with(":=") => {
                characters.next();
                words.push(":=".to_owned());
            }
            '|' | ',' => words.push(character.to_string()),
            _ if character.is_whitespace() => {}
            _ if is_word(character) => {
                last.clear();
                last.push(character);
                while let Some((_, next)) = characters.next_if(|(_, next)| is_word(*next)) {
                    last.push(next);
                }
                words.push(last.clone());
            }
            '=' => words.push("=".to_owned()),
            _ => {
                return Err(format!(
                    "`{}` does not belong into an action",
                    character.escape_debug()
                ));
            }
        }
        if open < 0 {
            return Err("`)` closes nothing".to_owned());
        }
    }
    if open > 0 { Err("`(` that does not end".to_owned()) } else { Ok(words) }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '$' | '.' | '_' | '-' | '+')
}

fn string_end(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' if quote != '`' => drop(characters.next()),
            _ if character == quote => return Some(at + character.len_utf8()),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_found() {
        let text = "{{ $labels.a }} {{ $value | humanizePercentage }} {{ index $labels \"b\" }}\
                    {{- if gt $value 1.0 -}}{{ .Labels.c }}{{ else }}x{{ end }}\
                    {{ with query \"up{job=\\\"x\\\"}\" }}{{ . | first | value }}{{ end }}\
                    {{ range $index, $one := query `up` }}{{ $one.Value }}{{ end }}{{/* } */}}";
        let labels: Vec<_> = Template::parse(text).unwrap().labels.into_iter().collect();
        assert_eq!(labels, ["a", "b", "c"]);
        assert_eq!(Template::parse("{ $labels.a }").unwrap(), Template::default());
    }

    #[test]
    fn what_prometheus_refuses_is_refused() {
        for wrong in [
            "{{ $labels.a",
            "{{ }}",
            "{{ $label.a }}",
            "{{ humanise $value }}",
            "{{ if true }}",
            "{{ end }}",
            "{{ \"a }}",
            "{{ ($value }}",
            "{{ $value ; }}",
        ] {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
    }
}
