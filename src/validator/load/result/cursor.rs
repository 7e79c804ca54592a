//! One line of samples, read without copying it.
//!
//! Strict where it matters: every line is read to its end, a key that is used stands once, and an
//! escape never hides a name.

use std::collections::BTreeMap;

use super::samples::Value;
use crate::document::{self, Limits};

/// The tags of the line before.
#[derive(Debug, Default)]
pub(super) struct Tags {
    text: String,
    pub(super) pairs: BTreeMap<String, String>,
    /// Counts how often the tags have changed.
    pub(super) turn: u64,
}

impl Tags {
    fn forget(&mut self, text: &str) {
        text.clone_into(&mut self.text);
        self.pairs.clear();
        self.turn += 1;
    }
}

/// What a line says.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    pub(super) kind: Option<&'a str>,
    pub(super) metric: Option<&'a str>,
    pub(super) time: Option<&'a str>,
    pub(super) value: Option<&'a str>,
}

/// Reads one line of JSON without copying it.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// The deepest nesting in a line.
const MAX_DEPTH: usize = 16;

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Reads the line to its end: at once when it is laid out as k6 lays out a sample with the tags
    /// of the line before, key by key otherwise.
    pub(super) fn line(&mut self, tags: &mut Tags) -> Result<Found<'a>, String> {
        match self.usual(tags) {
            Some(found) => Ok(found),
            None => self.outer(tags),
        }
    }

    /// A sample in k6's own layout. Refuses nothing: whatever differs is read key by key.
    fn usual(&self, tags: &Tags) -> Option<Found<'a>> {
        // Nothing in a name or a time may be escaped or hidden.
        let plain = |text: &str| text.bytes().all(|byte| byte >= 0x20 && byte != b'\\');
        let rest = self.text.strip_prefix(r#"{"metric":""#)?;
        let (metric, rest) = rest.split_at_checked(memchr::memchr(b'"', rest.as_bytes())?)?;
        let rest = rest.strip_prefix(r#"","type":"Point","data":{"time":""#)?;
        let (time, rest) = rest.split_at_checked(memchr::memchr(b'"', rest.as_bytes())?)?;
        let rest = rest.strip_prefix(r#"","value":"#)?;
        let (value, rest) = rest.split_at_checked(memchr::memchr(b',', rest.as_bytes())?)?;
        let rest = rest.strip_prefix(r#","tags":"#)?;
        let is_same = !tags.text.is_empty() && rest.strip_prefix(tags.text.as_str())? == "}}";
        (is_same && plain(metric) && plain(time)).then_some(Found {
            kind: Some("Point"),
            metric: Some(metric),
            time: Some(time),
            value: Some(value),
        })
    }

    fn outer(&mut self, tags: &mut Tags) -> Result<Found<'a>, String> {
        let mut found = Found::default();
        let mut has_data = false;
        self.object(&mut |cursor, key| match key {
            "type" => once(&mut found.kind, cursor.plain_string()?, key),
            "metric" => once(&mut found.metric, cursor.plain_string()?, key),
            "data" => {
                if std::mem::replace(&mut has_data, true) {
                    return Err("`data` stands twice".to_owned());
                }
                let (time, value) = (&mut found.time, &mut found.value);
                cursor.object(&mut |cursor, key| match key {
                    "time" => once(time, cursor.plain_string()?, key),
                    "value" => once(value, cursor.number()?, key),
                    "tags" => cursor.tags(tags),
                    _ => cursor.skip(MAX_DEPTH),
                })
            }
            _ => cursor.skip(MAX_DEPTH),
        })?;
        self.space();
        if self.at < self.text.len() {
            Err("text after the end of the value".to_owned())
        } else {
            Ok(found)
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        self.space();
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(format!("expected `{}` at byte {}", char::from(byte), self.at + 1))
    }

    /// Reads an object and calls `each` with every key, at its value.
    fn object(
        &mut self,
        each: &mut dyn FnMut(&mut Self, &'a str) -> Result<(), String>,
    ) -> Result<(), String> {
        self.expect(b'{')?;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            let key = self.string()?;
            self.expect(b':')?;
            self.space();
            each(self, key)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(format!("expected `,` or `}}` at byte {}", self.at + 1)),
            }
        }
    }

    /// Reads a string and returns it as it is written, escapes and all.
    fn string(&mut self) -> Result<&'a str, String> {
        self.expect(b'"')?;
        let start = self.at;
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.at += 1;
                    return Ok(&self.text[start..self.at - 1]);
                }
                b'\\' => self.escape()?,
                0..0x20 => return Err(format!("a control character at byte {}", self.at + 1)),
                _ => self.at += 1,
            }
        }
        Err("a string without an end".to_owned())
    }

    fn escape(&mut self) -> Result<(), String> {
        let rest = &self.text.as_bytes()[self.at + 1..];
        let length = match rest.first() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') if rest.len() > 4 && rest[1..5].iter().all(u8::is_ascii_hexdigit) => 6,
            _ => return Err(format!("an unknown escape at byte {}", self.at + 1)),
        };
        self.at += length;
        Ok(())
    }

    /// A string in which an escape would only hide something.
    fn plain_string(&mut self) -> Result<&'a str, String> {
        let text = self.string()?;
        if text.contains('\\') {
            Err("an escape where a name or a time stands".to_owned())
        } else {
            Ok(text)
        }
    }

    fn number(&mut self) -> Result<&'a str, String> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E')) {
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        if Value::parse(text.as_bytes()).is_some() {
            return Ok(text);
        }
        Err(format!("expected a number at byte {}", start + 1))
    }

    /// Reads the tags, or sees that they are those of the line before.
    fn tags(&mut self, tags: &mut Tags) -> Result<(), String> {
        let rest = &self.text.as_bytes()[self.at..];
        if !tags.text.is_empty() && rest.starts_with(tags.text.as_bytes()) {
            self.at += tags.text.len();
            return Ok(());
        }
        if self.peek() != Some(b'{') {
            tags.forget("");
            return self.skip(MAX_DEPTH);
        }
        let start = self.at;
        let mut pairs = BTreeMap::new();
        self.object(&mut |cursor, key| {
            let value = cursor.string()?;
            match pairs.insert(unescape(key)?, unescape(value)?) {
                None => Ok(()),
                Some(_) => Err(format!("the tag `{}` stands twice", key.escape_debug())),
            }
        })?;
        tags.forget(&self.text[start..self.at]);
        tags.pairs = pairs;
        Ok(())
    }

    /// Passes over any value.
    fn skip(&mut self, depth: usize) -> Result<(), String> {
        if depth == 0 {
            return Err(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.object(&mut |cursor, _| cursor.skip(depth - 1)),
            Some(b'[') => self.skip_list(depth - 1),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => self.number().map(drop),
        }
    }

    fn skip_list(&mut self, depth: usize) -> Result<(), String> {
        self.expect(b'[')?;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            self.skip(depth)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(format!("expected `,` or `]` at byte {}", self.at + 1)),
            }
        }
    }

    fn word(&mut self, word: &str) -> Result<(), String> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        Err(format!("expected `{word}` at byte {}", self.at + 1))
    }
}

fn once<'a>(slot: &mut Option<&'a str>, text: &'a str, key: &str) -> Result<(), String> {
    match slot.replace(text) {
        None => Ok(()),
        Some(_) => Err(format!("`{key}` stands twice")),
    }
}

fn unescape(text: &str) -> Result<String, String> {
    if !text.contains('\\') {
        return Ok(text.to_owned());
    }
    let node = document::parse_json(format!("\"{text}\"").as_bytes(), Limits::GOVERNED)
        .map_err(|error| error.problem)?;
    Ok(node.as_str().unwrap_or_default().to_owned())
}
