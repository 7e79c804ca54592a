//! Variables: what compose and Docker put into a text before they use it.

use std::collections::BTreeMap;

/// One variable in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    /// Its name.
    pub(super) name: String,
    /// What stands in its place when it is unset.
    pub(super) fallback: Fallback,
}

/// What happens when a variable is unset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fallback {
    /// `$NAME`: nothing stands in its place.
    Nothing,
    /// `${NAME:-text}`, `${NAME:+text}`: this does.
    Text(String),
    /// `${NAME:?why}`: compose refuses.
    Refusal,
}

/// Finds the variables of a text; `$$` is a dollar sign. Text in defaults is looked through too.
pub(super) fn variables_of(text: &str) -> Vec<Variable> {
    let mut found = Vec::new();
    parts_of(text, &mut |part| {
        if let Part::Variable(variable) = part {
            if let Fallback::Text(fallback) = &variable.fallback {
                found.extend(variables_of(fallback));
            }
            found.push(variable);
        }
    });
    found
}

/// Puts values and defaults in; what stays unset stays as it is written.
pub(super) fn resolve(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut resolved = String::new();
    parts_of(text, &mut |part| match part {
        Part::Text(text) => resolved.push_str(text),
        Part::Variable(Variable { name, fallback }) => match (values.get(&name), fallback) {
            (Some(value), _) => resolved.push_str(value),
            (None, Fallback::Text(text)) => resolved.push_str(&resolve(&text, values)),
            (None, Fallback::Nothing | Fallback::Refusal) => {
                resolved.push_str("${");
                resolved.push_str(&name);
                resolved.push('}');
            }
        },
    });
    resolved
}

/// Reads `NAME=value` lines.
pub(super) fn environment_of(text: &str) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let line = line.strip_prefix("export ").unwrap_or(line);
        if let Some((name, value)) = line.split_once('=') {
            let value = value.trim().trim_matches(['"', '\'']);
            values.insert(name.trim().to_owned(), value.to_owned());
        }
    }
    values
}

enum Part<'a> {
    Text(&'a str),
    Variable(Variable),
}

fn parts_of(text: &str, visit: &mut impl FnMut(Part<'_>)) {
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        visit(Part::Text(&rest[..at]));
        let after = &rest[at + 1..];
        if let Some(left) = after.strip_prefix('$') {
            visit(Part::Text("$"));
            rest = left;
        } else if let Some((body, left)) = after.strip_prefix('{').and_then(braced) {
            visit(Part::Variable(variable(body)));
            rest = left;
        } else {
            let length = name_length(after);
            if length == 0 {
                visit(Part::Text("$"));
            } else {
                let name = after[..length].to_owned();
                visit(Part::Variable(Variable { name, fallback: Fallback::Nothing }));
            }
            rest = &after[length..];
        }
    }
    visit(Part::Text(rest));
}

fn name_length(text: &str) -> usize {
    let is_name = |(at, b): &(usize, u8)| {
        b.is_ascii_alphabetic() || *b == b'_' || (*at > 0 && b.is_ascii_digit())
    };
    text.bytes().enumerate().take_while(is_name).count()
}

/// Splits after the brace that closes the one before the text.
fn braced(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&text[..at], &text[at + 1..]));
        }
    }
    None
}

fn variable(body: &str) -> Variable {
    let length = name_length(body);
    let (name, rest) = body.split_at(length);
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let fallback = match rest.split_at_checked(1) {
        Some(("-" | "+", text)) => Fallback::Text(text.to_owned()),
        Some(("?", _)) => Fallback::Refusal,
        Some(_) | None => Fallback::Nothing,
    };
    Variable { name: name.to_owned(), fallback }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_as_compose_reads_them() {
        let values = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        for (text, resolved) in [
            ("x:$A", "x:1"),
            ("x:${A}", "x:1"),
            ("x:${B:-2}", "x:2"),
            ("x:${B-${A}}", "x:1"),
            ("x:$$A", "x:$A"),
            ("x:${B}", "x:${B}"),
            ("x:${B:?why}", "x:${B}"),
            ("5$", "5$"),
            ("${open", "${open"),
        ] {
            assert_eq!(resolve(text, &values), resolved, "{text}");
        }
    }

    #[test]
    fn what_is_unset_is_named() {
        let names = |text: &str| -> Vec<String> {
            variables_of(text).into_iter().map(|variable| variable.name).collect()
        };
        assert_eq!(names("${A:-${B}}$C"), ["B", "A", "C"]);
        assert_eq!(names("$$A"), [""; 0]);
    }
}
