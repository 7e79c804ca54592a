//! Governed documents: YAML, JSON and TOML read into one tree in which every value knows its place.
//!
//! These are the files that people write under `ops/`. They are data to be judged, so the reader
//! keeps what a judge needs: line, column and pointer of every value, and the spelling of scalars
//! that two readers of YAML would take for different values. What hides something is refused:
//! duplicate keys, aliases that multiply, endless nesting.

mod schema;
mod toml;
mod yaml;

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use crate::json::{self, Container, Scalar, Sink, escape_pointer};
use crate::path::RelPath;

pub use crate::json::Position;
pub use schema::{Schema, SchemaError, Violation};

/// How much of a document is read before it is refused.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest file, in bytes.
    pub bytes: usize,
    /// The deepest nesting.
    pub depth: usize,
    /// The most values, counted after aliases are resolved.
    pub values: usize,
}

impl Limits {
    /// For one governed file: 32 MiB, 100 levels, two million values.
    pub const GOVERNED: Self = Self { bytes: 32 << 20, depth: 100, values: 2_000_000 };
}

/// The notation of a governed document, told by its file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `.json`
    Json,
    /// `.toml`
    Toml,
    /// `.yaml`, `.yml`
    Yaml,
}

impl Format {
    /// Tells the notation of a file by its name.
    #[must_use]
    pub fn of(path: &RelPath) -> Option<Self> {
        match path.file_name().rsplit_once('.')?.1 {
            "json" => Some(Self::Json),
            "toml" => Some(Self::Toml),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it begins.
    pub position: Position,
}

/// What a [`Node`] is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~`, or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as written.
    Number(String),
    /// Text.
    String(String),
    /// Text that a reader of YAML 1.1 takes for something else: `no`, `017`, `1_000`, `12:30:45`.
    Ambiguous(String, Trap),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values in the order of the text; every key once.
    Mapping(Vec<Entry>),
    /// A YAML value with a tag of its own, such as compose's `!reset`.
    Tagged(String, Box<Node>),
}

/// One key of a mapping and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// Where the key begins.
    pub position: Position,
    /// The value.
    pub value: Node,
}

/// What YAML 1.1 would read in a plain scalar that YAML 1.2 reads as text or as another number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trap {
    /// `yes`, `no`, `on`, `off`, `y`, `n`: a truth value in YAML 1.1.
    Boolean,
    /// `017`: 15 in YAML 1.1, 17 in YAML 1.2.
    Octal,
    /// `0b11`: 3 in YAML 1.1.
    Binary,
    /// `1_000`: 1000 in YAML 1.1.
    Underscore,
    /// `12:30:45`: 45045 in YAML 1.1.
    Sexagesimal,
}

impl fmt::Display for Trap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Boolean => "a truth value in YAML 1.1, text in YAML 1.2",
            Self::Octal => "an octal number in YAML 1.1, a decimal one in YAML 1.2",
            Self::Binary => "a binary number in YAML 1.1, text in YAML 1.2",
            Self::Underscore => "a number in YAML 1.1, text in YAML 1.2",
            Self::Sexagesimal => "a number to base 60 in YAML 1.1, text in YAML 1.2",
        })
    }
}

impl Node {
    /// Returns the text of a string, read as YAML 1.2 reads it.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) | Value::Ambiguous(text, _) => Some(text),
            Value::Tagged(_, node) => node.as_str(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Sequence(_)
            | Value::Mapping(_) => None,
        }
    }

    /// Returns the text of any scalar as written; nothing for lists, mappings and null.
    #[must_use]
    pub fn scalar_text(&self) -> Option<Cow<'_, str>> {
        match &self.value {
            Value::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
            Value::Number(text) => Some(Cow::Borrowed(text)),
            Value::String(_) | Value::Ambiguous(..) => self.as_str().map(Cow::Borrowed),
            Value::Tagged(_, node) => node.scalar_text(),
            Value::Null | Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }

    /// Returns a truth value.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(truth) = self.value { Some(truth) } else { None }
    }

    /// Returns a whole number that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        if let Value::Number(text) = &self.value { text.parse().ok() } else { None }
    }

    /// Returns a whole number that is not negative and fits.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        if let Value::Number(text) = &self.value { text.parse().ok() } else { None }
    }

    /// Returns any number.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        if let Value::Number(text) = &self.value { text.parse().ok() } else { None }
    }

    /// Returns the items of a list; empty for anything else.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Sequence(items) => items,
            Value::Tagged(_, node) => node.items(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Ambiguous(..)
            | Value::Mapping(_) => &[],
        }
    }

    /// Returns the entries of a mapping; empty for anything else.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Mapping(entries) => entries,
            Value::Tagged(_, node) => node.entries(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Ambiguous(..)
            | Value::Sequence(_) => &[],
        }
    }

    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// Returns the value that a JSON Pointer (RFC 6901) names.
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<&Node> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |node, token| {
            let token = token.replace("~1", "/").replace("~0", "~");
            match node.items() {
                [] => node.get(&token),
                items => items.get(token.parse::<usize>().ok()?),
            }
        })
    }

    /// Calls `visit` for this value and every value below it, with its pointer, in order.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&str, &'a Node)) {
        self.walk_from(&mut String::new(), visit);
    }

    /// One pointer grows and shrinks on the way: below a long key, a fresh one for each value
    /// would take the time of the whole text for each of them.
    fn walk_from<'a>(&'a self, pointer: &mut String, visit: &mut impl FnMut(&str, &'a Node)) {
        visit(pointer, self);
        let length = pointer.len();
        for (index, item) in self.items().iter().enumerate() {
            let _ = write!(pointer, "/{index}");
            item.walk_from(pointer, visit);
            pointer.truncate(length);
        }
        for entry in self.entries() {
            let _ = write!(pointer, "/{}", escape_pointer(&entry.key));
            entry.value.walk_from(pointer, visit);
            pointer.truncate(length);
        }
    }

    /// Says in one word what the value is.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::Bool(_) => "a truth value",
            Value::Number(_) => "a number",
            Value::String(_) | Value::Ambiguous(..) => "a string",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
            Value::Tagged(..) => "a tagged value",
        }
    }
}

/// A governed document: one tree, or several in a YAML file with `---` between them.
#[derive(Debug, Clone)]
pub struct Document {
    /// Where it lies, relative to the root.
    pub path: RelPath,
    /// The notation it is written in.
    pub format: Format,
    /// Its trees; YAML documents that hold nothing are left out.
    pub roots: Vec<Node>,
}

impl Document {
    /// Reads a document whose notation its file name tells.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] for anything that is not one well-formed document.
    pub fn parse(path: &RelPath, bytes: &[u8], limits: Limits) -> Result<Self, DocumentError> {
        let Some(format) = Format::of(path) else {
            return Err(DocumentError::whole(
                "the file name says no notation; expected .json, .yaml, .yml or .toml",
            ));
        };
        if bytes.len() > limits.bytes {
            return Err(DocumentError::whole(&format!(
                "larger than the limit of {} bytes",
                limits.bytes
            )));
        }
        let roots = match format {
            Format::Json => vec![parse_json(bytes, limits)?],
            Format::Toml => vec![toml::parse(text_of(bytes)?, limits)?],
            Format::Yaml => yaml::parse(text_of(bytes)?, limits)?,
        };
        Ok(Self { path: path.clone(), format, roots })
    }

    /// Returns the only tree.
    ///
    /// # Errors
    ///
    /// When a YAML file holds none or several documents.
    pub fn root(&self) -> Result<&Node, DocumentError> {
        match self.roots.as_slice() {
            [root] => Ok(root),
            [] => Err(DocumentError::whole("the file holds no document")),
            [_, second, ..] => Err(DocumentError {
                position: second.position,
                pointer: String::new(),
                problem: "a second document in a file that holds one".to_owned(),
            }),
        }
    }
}

/// Why a document was refused, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentError {
    /// Where the problem was seen.
    pub position: Position,
    /// The value that holds it, as a JSON Pointer; empty for the whole document.
    pub pointer: String,
    /// What was found and what was expected.
    pub problem: String,
}

impl DocumentError {
    fn whole(problem: &str) -> Self {
        let position = Position { line: 1, column: 1 };
        Self { position, pointer: String::new(), problem: problem.to_owned() }
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.position, self.problem)
    }
}

impl std::error::Error for DocumentError {}

fn text_of(bytes: &[u8]) -> Result<&str, DocumentError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        let position = Position { line: u32::try_from(line).unwrap_or(u32::MAX), column: 1 };
        DocumentError { position, pointer: String::new(), problem: "not UTF-8 text".to_owned() }
    })?;
    if text.contains('\0') {
        return Err(DocumentError::whole("holds a NUL character; expected text"));
    }
    Ok(text)
}

/// Reads one JSON text into a tree with positions.
///
/// # Errors
///
/// As [`json::parse`].
pub fn parse_json(bytes: &[u8], limits: Limits) -> Result<Node, DocumentError> {
    let mut builder = Builder { most: limits.values, ..Builder::default() };
    let limits = json::Limits { bytes: limits.bytes, depth: limits.depth };
    json::scan(bytes, limits, &mut builder).map_err(|error| DocumentError {
        position: error.position,
        pointer: error.pointer,
        problem: error.problem,
    })?;
    builder.root.ok_or_else(|| DocumentError::whole("empty; expected a JSON value"))
}

/// Builds the tree from what a scanner tells.
#[derive(Default)]
struct Builder {
    open: Vec<(Node, Option<(String, Position)>)>,
    key: Option<(String, Position)>,
    root: Option<Node>,
    /// Values met so far, and the most that are kept: each takes many times its text.
    values: usize,
    most: usize,
}

impl Builder {
    fn attach(&mut self, node: Node, key: Option<(String, Position)>) {
        match self.open.last_mut().map(|(parent, _)| &mut parent.value) {
            Some(Value::Sequence(items)) => items.push(node),
            Some(Value::Mapping(entries)) => {
                let (key, position) = key.expect("the scanner tells a key before its value");
                entries.push(Entry { key, position, value: node });
            }
            _ => self.root = Some(node),
        }
    }
}

impl<'a> Sink<'a> for Builder {
    fn refuses(&self) -> Option<String> {
        (self.values >= self.most).then(|| format!("more than {} values", self.most))
    }

    fn scalar(&mut self, value: Scalar<'a>, position: Position) {
        self.values += 1;
        let value = match value {
            Scalar::Null => Value::Null,
            Scalar::Bool(truth) => Value::Bool(truth),
            Scalar::Number(text) => Value::Number(text.to_owned()),
            Scalar::String(text) => Value::String(text.into_owned()),
        };
        let key = self.key.take();
        self.attach(Node { value, position }, key);
    }

    fn key(&mut self, key: &str, position: Position) {
        self.key = Some((key.to_owned(), position));
    }

    fn begin(&mut self, container: Container, position: Position) {
        self.values += 1;
        let value = match container {
            Container::Array => Value::Sequence(Vec::new()),
            Container::Object => Value::Mapping(Vec::new()),
        };
        let key = self.key.take();
        self.open.push((Node { value, position }, key));
    }

    fn end(&mut self) {
        let (node, key) = self.open.pop().expect("the scanner ends only what it began");
        self.attach(node, key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_place() {
        let text = "{\n  \"a\": [1, {\"b/c\": \"x\"}]\n}";
        let node = parse_json(text.as_bytes(), Limits::GOVERNED).unwrap();
        let inner = node.pointer("/a/1/b~1c").unwrap();
        assert_eq!((inner.as_str(), inner.position), (Some("x"), Position { line: 2, column: 20 }));
        assert!(node.pointer("/a/2").is_none());
    }

    #[test]
    fn more_values_than_the_limit_are_refused() {
        let limits = Limits { values: 3, ..Limits::GOVERNED };
        assert!(parse_json(b"[1, {}]", limits).is_ok());
        for many in ["[1, 2, 3]", "{\"a\": [{}], \"b\": []}", "[[[[]]]]"] {
            let error = parse_json(many.as_bytes(), limits).unwrap_err();
            assert_eq!(error.problem, "more than 3 values", "{many}");
        }
    }

    #[test]
    fn a_long_key_above_many_values_is_walked_in_time() {
        let text = format!("{{\"{}\": [{}0]}}", "k".repeat(1 << 20), "0,".repeat(200_000));
        let node = parse_json(text.as_bytes(), Limits::GOVERNED).unwrap();
        let begun = std::time::Instant::now();
        let (mut values, mut longest) = (0, 0);
        node.walk(&mut |pointer, _| {
            values += 1;
            longest = longest.max(pointer.len());
        });
        assert_eq!((values, longest), (200_003, (1 << 20) + 8));
        // A copy of the key for each value would be 200 GB.
        assert!(begun.elapsed().as_secs() < 10);
    }

    #[test]
    fn the_name_tells_the_notation() {
        let format = |name: &str| Format::of(&name.parse().unwrap());
        assert_eq!(format("a.yml"), Some(Format::Yaml));
        assert_eq!(format("a.lock"), None);
        assert_eq!(format("json"), None);
    }
}
