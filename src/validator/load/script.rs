//! The options of a k6 script, read from its text without running it.
//!
//! What stands in `export const options = { ... }` as plain literals is read; any other expression
//! there is left open, and what it would say is not judged.

use crate::document::{Entry, Node, Position, Value};

/// Reads the options object; nothing when there is none or it is no literal.
pub(super) fn options(text: &str) -> Option<Node> {
    let mut at = 0;
    while let Some(found) = text[at..].find("options") {
        let start = at + found;
        let after = text[start + "options".len()..].trim_start();
        let is_export = text[..start].trim_end().ends_with(['t', 'r']);
        if let Some(rest) = after.strip_prefix('=').filter(|_| is_export) {
            let mut reader = Reader { text, at: text.len() - rest.len(), depth: 0 };
            reader.space();
            return (reader.peek() == Some(b'{'))
                .then(|| Node { value: reader.object(), position: NOWHERE });
        }
        at = start + "options".len();
    }
    None
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

/// Places in a script are not told: counting lines for every value would take its square.
const NOWHERE: Position = Position { line: 1, column: 1 };
/// The deepest nesting that is followed.
const MAX_DEPTH: usize = 32;

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        loop {
            let rest = self.rest();
            let skip = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else {
                rest.len() - rest.trim_start().len()
            };
            if skip == 0 {
                return;
            }
            self.at += skip;
        }
    }

    fn value(&mut self) -> Node {
        self.space();
        let value = match self.peek() {
            Some(b'{') if self.depth < MAX_DEPTH => self.object(),
            Some(b'[') if self.depth < MAX_DEPTH => self.list(),
            Some(b'\'' | b'"' | b'`') => self.string().map_or(Value::Null, Value::String),
            _ => Value::Null,
        };
        let is_plain = value != Value::Null;
        let start = self.at;
        self.pass_expression();
        let rest = self.text.get(start..self.at).unwrap_or_default().trim();
        let value = match (is_plain, rest) {
            (true, "") => value,
            (false, number) if number.parse::<f64>().is_ok() => Value::Number(number.to_owned()),
            (true | false, _) => Value::Null,
        };
        Node { value, position: NOWHERE }
    }

    fn object(&mut self) -> Value {
        self.at += 1;
        self.depth += 1;
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            self.space();
            let key = match self.peek() {
                None => break,
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                Some(b',') => {
                    self.at += 1;
                    continue;
                }
                Some(b'\'' | b'"') => self.string(),
                Some(_) => self.word(),
            };
            self.space();
            if self.peek() != Some(b':') {
                // A spread, a method, a shorthand: left open.
                let before = self.at;
                self.pass_expression();
                if self.at == before {
                    self.at += self.rest().chars().next().map_or(1, char::len_utf8);
                }
                continue;
            }
            self.at += 1;
            let value = self.value();
            if let Some(key) = key {
                // As JavaScript does: the last of two equal keys wins.
                entries.retain(|entry| entry.key != key);
                entries.push(Entry { key, position: NOWHERE, value });
            }
        }
        self.depth -= 1;
        Value::Mapping(entries)
    }

    fn list(&mut self) -> Value {
        self.at += 1;
        self.depth += 1;
        let mut items = Vec::new();
        loop {
            self.space();
            match self.peek() {
                None => break,
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                Some(b',') => self.at += 1,
                Some(b'}' | b')') => break,
                Some(_) => items.push(self.value()),
            }
        }
        self.depth -= 1;
        Value::Sequence(items)
    }

    fn word(&mut self) -> Option<String> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$')?;
        let word = rest[..end].to_owned();
        self.at += end;
        (!word.is_empty()).then_some(word)
    }

    /// Reads a string; one with an escape or a place to fill in is left open.
    fn string(&mut self) -> Option<String> {
        let quote = self.peek()?;
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut end = start;
        let mut plain = true;
        while let Some(byte) = bytes.get(end).copied().filter(|byte| *byte != quote) {
            plain &= byte != b'\\' && !(quote == b'`' && byte == b'$');
            end += if byte == b'\\' { 2 } else { 1 };
        }
        let text = self.text.get(start..end.min(self.text.len())).map(str::to_owned);
        self.at = (end + 1).min(self.text.len());
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        text.filter(|_| plain)
    }

    /// Passes over what is left of an expression, to the `,` or bracket that ends it.
    fn pass_expression(&mut self) {
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b',' | b'}' | b']' | b')' if open == 0 => return,
                b'{' | b'[' | b'(' => open += 1,
                b'}' | b']' | b')' => open -= 1,
                b'\'' | b'"' | b'`' => {
                    self.string();
                    continue;
                }
                b'/' if self.rest().starts_with("//") || self.rest().starts_with("/*") => {
                    self.space();
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::result::Options;
    use super::*;

    #[test]
    fn literals_are_read_and_the_rest_is_left_open() {
        let text = "import http from 'k6/http';\nconst base = 1;\nexport const options = {\n  // how\n  scenarios: { 'a-b': { executor: 'constant-vus', duration: '20s', vus: N * 2, maxVUs: 4 } },\n  thresholds: { http_req_duration: ['p(95)<200', { threshold: \"p(99)<400\", abortOnFail: true }],\n    checks: [`rate>${x}`], ...more, },\n};\nexport default function () {}";
        let node = options(text).unwrap();
        let options = Options::of(&node);
        assert_eq!(options.thresholds["http_req_duration"], ["p(95)<200", "p(99)<400"]);
        assert_eq!(options.thresholds["checks"], [""; 0]);
        assert_eq!(options.scenarios["a-b"].executor, "constant-vus");
        assert_eq!(options.scenarios["a-b"].max_vus, Some(4));
    }

    #[test]
    fn nonsense_does_no_harm() {
        for text in [
            "export const options = {",
            "export const options = {a:[}",
            "options=",
            "export let options = { 'é': \\ }",
            "export const options = {a: '\\",
        ] {
            let _ = options(text);
        }
    }
}
