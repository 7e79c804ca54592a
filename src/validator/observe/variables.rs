//! The variables of dashboards: `$a`, `${a:regex}`, `[[a]]`, and those of Grafana itself.

use std::collections::BTreeMap;

use crate::finding::Location;

/// What stands for a value that only the server knows: a name that no metric and no label has.
pub(super) const ANY: &str = "countersign_any";

/// A variable.
#[derive(Debug)]
pub(super) struct Variable {
    /// Whether it chooses a data source.
    pub(super) is_datasource: bool,
    /// The kind of data source that it chooses.
    pub(super) engine: Option<String>,
    /// What its expressions are judged with.
    pub(super) sample: String,
    /// The query that its values come from.
    pub(super) query: Option<(String, Location)>,
}

/// An expression with its variables filled in, or the name of the first one that is not defined.
///
/// Between quotes a value that is not known becomes a pattern that takes all; elsewhere a name.
pub(super) fn substitute(
    variables: &BTreeMap<String, Variable>,
    expr: &str,
) -> Result<String, String> {
    let mut out = String::with_capacity(expr.len());
    let mut rest = expr;
    let mut quote = None;
    while let Some(at) = rest.find(['$', '[', '"', '\'', '`', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some((name, after)) = variable_at(rest) else {
            let first = rest.chars().next().unwrap_or_default();
            let taken: usize =
                if first == '\\' { rest.chars().take(2).map(char::len_utf8).sum() } else { 1 };
            quote = match quote {
                None if matches!(first, '"' | '\'' | '`') => Some(first),
                Some(open) if open == first => None,
                same => same,
            };
            out.push_str(&rest[..taken]);
            rest = &rest[taken..];
            continue;
        };
        rest = after;
        // `$1` belongs to `label_replace`.
        if name.bytes().all(|byte| byte.is_ascii_digit()) {
            out.push('$');
            out.push_str(name);
            continue;
        }
        let value = match variables.get(name) {
            Some(variable) => variable.sample.as_str(),
            None => built_in(name).ok_or_else(|| name.to_owned())?,
        };
        out.push_str(if value == ANY && quote.is_some() { ".*" } else { value });
    }
    out.push_str(rest);
    Ok(out)
}

/// What Grafana defines in every dashboard.
fn built_in(name: &str) -> Option<&'static str> {
    Some(match name {
        "__rate_interval" | "__interval" | "__range" | "interval" => "5m",
        "__interval_ms" | "__range_ms" => "300000",
        "__range_s" => "300",
        "__from" | "__to" => "1700000000000",
        "__dashboard" | "__user" | "__org" | "__name" | "timeFilter" | "__timeFilter" => ANY,
        _ => return None,
    })
}

/// The variable at the beginning of a text, and what follows it.
pub(super) fn variable_at(text: &str) -> Option<(&str, &str)> {
    let closed = |open: &str, close: &str| {
        let inner = text.strip_prefix(open)?;
        let (name, after) = inner.split_once(close)?;
        let name = name.split([':', '.']).next().unwrap_or(name);
        (!name.is_empty() && name.bytes().all(is_word)).then_some((name, after))
    };
    if let Some(found) = closed("${", "}").or_else(|| closed("[[", "]]")) {
        return Some(found);
    }
    let rest = text.strip_prefix('$')?;
    let end = rest.bytes().take_while(|byte| is_word(*byte)).count();
    (end > 0).then(|| rest.split_at(end))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_recognised() {
        for (text, name) in
            [("$a)", "a"), ("${a}", "a"), ("${a:regex}", "a"), ("[[a]]", "a"), ("${a.b}", "a")]
        {
            assert_eq!(variable_at(text).map(|(name, _)| name), Some(name), "{text}");
        }
        for text in ["$", "[5m]", "a", "${", "[[", "${a b}"] {
            assert!(variable_at(text).is_none(), "{text}");
        }
    }

    #[test]
    fn values_fit_where_they_stand() {
        let variable =
            Variable { is_datasource: false, engine: None, sample: ANY.to_owned(), query: None };
        let variables = BTreeMap::from([("a".to_owned(), variable)]);
        let filled = |text: &str| substitute(&variables, text);
        assert_eq!(
            filled("sum by ($a) (x[$__range])").unwrap(),
            "sum by (countersign_any) (x[5m])"
        );
        assert_eq!(
            filled(r#"x{b=~"$a|\"$a"} + $a"#).unwrap(),
            r#"x{b=~".*|\".*"} + countersign_any"#
        );
        assert_eq!(
            filled(r#"label_replace(x, "b", "$1", "c", "$a")"#).unwrap(),
            r#"label_replace(x, "b", "$1", "c", ".*")"#
        );
        assert_eq!(filled("x{b='$c'}"), Err("c".to_owned()));
        assert_eq!(filled("x[5m] \\"), Ok("x[5m] \\".to_owned()));
    }
}
