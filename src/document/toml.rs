//! TOML 1.0 into the common tree. The parser refuses duplicate keys itself.

use std::ops::Range;

use toml_edit::{Item, TableLike, Value as TomlValue};

use super::{DocumentError, Entry, Limits, Node, Position, Value};

/// Reads one TOML document.
pub(super) fn parse(text: &str, limits: Limits) -> Result<Node, DocumentError> {
    let lines = Lines::of(text);
    let document = toml_edit::Document::parse(text).map_err(|error| DocumentError {
        position: lines.position(error.span().unwrap_or(0..0).start),
        pointer: String::new(),
        problem: format!("not TOML: {}", error.message().lines().next().unwrap_or_default()),
    })?;
    let mut reader = Reader { lines, limits, values: 0 };
    reader.table(document.as_table(), Some(0..0), 0)
}

/// The byte offsets at which lines begin.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { text, starts: starts.collect() }
    }

    fn position(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line.saturating_sub(1)];
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        let cap = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Position { line: cap(line), column: cap(column + 1) }
    }
}

struct Reader<'a> {
    lines: Lines<'a>,
    limits: Limits,
    values: usize,
}

impl Reader<'_> {
    fn table(
        &mut self,
        table: &dyn TableLike,
        span: Option<Range<usize>>,
        depth: usize,
    ) -> Result<Node, DocumentError> {
        let position = self.enter(span, depth)?;
        let mut entries = Vec::new();
        for (name, item) in table.iter() {
            let key_span = table.key(name).and_then(toml_edit::Key::span);
            let key_position = key_span.map_or(position, |span| self.lines.position(span.start));
            let value = self.item(item, depth + 1)?;
            entries.push(Entry { key: name.to_owned(), position: key_position, value });
        }
        Ok(Node { value: Value::Mapping(entries), position })
    }

    fn item(&mut self, item: &Item, depth: usize) -> Result<Node, DocumentError> {
        match item {
            Item::None => Ok(Node { value: Value::Null, position: self.enter(None, depth)? }),
            Item::Value(value) => self.value(value, depth),
            Item::Table(table) => self.table(table, table.span(), depth),
            Item::ArrayOfTables(tables) => {
                let position = self.enter(item.span(), depth)?;
                let items = tables
                    .iter()
                    .map(|table| self.table(table, table.span(), depth + 1))
                    .collect::<Result<_, _>>()?;
                Ok(Node { value: Value::Sequence(items), position })
            }
        }
    }

    fn value(&mut self, value: &TomlValue, depth: usize) -> Result<Node, DocumentError> {
        if let TomlValue::InlineTable(table) = value {
            return self.table(table, table.span(), depth);
        }
        let position = self.enter(value.span(), depth)?;
        let value = match value {
            TomlValue::String(text) => Value::String(text.value().clone()),
            TomlValue::Integer(number) => Value::Number(number.value().to_string()),
            TomlValue::Float(number) => Value::Number(number.value().to_string()),
            TomlValue::Boolean(truth) => Value::Bool(*truth.value()),
            TomlValue::Datetime(time) => Value::String(time.value().to_string()),
            TomlValue::Array(items) => Value::Sequence(
                items.iter().map(|item| self.value(item, depth + 1)).collect::<Result<_, _>>()?,
            ),
            TomlValue::InlineTable(_) => unreachable!("inline tables were taken above"),
        };
        Ok(Node { value, position })
    }

    fn enter(
        &mut self,
        span: Option<Range<usize>>,
        depth: usize,
    ) -> Result<Position, DocumentError> {
        let position = self.lines.position(span.map_or(0, |span| span.start));
        self.values += 1;
        let problem = if depth > self.limits.depth {
            format!("nested deeper than {} levels", self.limits.depth)
        } else if self.values > self.limits.values {
            format!("more than {} values", self.limits.values)
        } else {
            return Ok(position);
        };
        Err(DocumentError { position, pointer: String::new(), problem })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_place() {
        let node =
            parse("a = 1\n[t]\nb = [\"x\",\n  2]\n[[l]]\nc = 1979-05-27\n", Limits::GOVERNED)
                .unwrap();
        let second = node.pointer("/t/b/1").unwrap();
        assert_eq!((second.as_i64(), second.position), (Some(2), Position { line: 4, column: 3 }));
        assert_eq!(node.pointer("/l/0/c").unwrap().as_str(), Some("1979-05-27"));
    }

    #[test]
    fn duplicate_keys_are_refused() {
        let error = parse("a = 1\na = 2\n", Limits::GOVERNED).unwrap_err();
        assert_eq!(error.position.line, 2);
        assert!(parse("a = ", Limits::GOVERNED).is_err());
    }
}
