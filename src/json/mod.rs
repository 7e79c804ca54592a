//! Strict reading and canonical writing of JSON that trust depends on.
//!
//! Two readers that disagree about one text are an attack: the signature is checked over one
//! reading, the decision is taken on another. So [`parse`] refuses every text on which readers in
//! the field are known to differ: duplicate keys (compared after unescaping), a byte order mark,
//! invalid UTF-8, lone surrogates, NUL, data after the value, an array where an object is expected,
//! and more depth or bytes than asked for. [`to_bytes`] writes exactly one form.

mod object;
mod scan;

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use scan::{Container, Scalar, Sink, scan};

/// How much of a text is read before it is refused.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest text, in bytes.
    pub bytes: usize,
    /// The deepest nesting of arrays and objects.
    pub depth: usize,
}

impl Limits {
    /// For a document of this crate: 16 MiB, 64 levels.
    pub const DOCUMENT: Self = Self { bytes: 16 << 20, depth: 64 };
    /// For evidence that other tools write (SBOM, scan report): 256 MiB, 100 levels.
    pub const EVIDENCE: Self = Self { bytes: 256 << 20, depth: 100 };
}

/// Holds when the bytes are one strict JSON text. Reads nothing out of it.
///
/// # Errors
///
/// [`JsonError`] names the first place where they are not.
pub(crate) fn hold(bytes: &[u8], limits: Limits) -> Result<(), JsonError> {
    scan(bytes, limits, &mut scan::Discard).map(|_| ())
}

/// A place in a text: line and column, both counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The character in the line, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, column {}", self.line, self.column)
    }
}

/// Why a text was refused, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// Where the problem was seen.
    pub position: Position,
    /// The value that holds it, as a JSON Pointer (RFC 6901); empty for the whole text.
    pub pointer: String,
    /// What was found and what was expected.
    pub problem: String,
}

impl fmt::Display for JsonError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.position, self.problem)?;
        if self.pointer.is_empty() { Ok(()) } else { write!(formatter, " (at `{}`)", self.pointer) }
    }
}

impl std::error::Error for JsonError {}

/// Reads one JSON text into a typed document.
///
/// # Errors
///
/// [`JsonError`] for anything that RFC 8259 does not allow, for everything the module refuses on
/// top of it, and for a value that does not fit the type.
///
/// ```
/// use countersign::json::{Limits, parse};
///
/// let twice = br#"{"run": 1, "ru\u006e": 2}"#;
/// let error = parse::<std::collections::BTreeMap<String, u8>>(twice, Limits::DOCUMENT).unwrap_err();
/// assert!(error.to_string().contains("`run` stands twice"));
/// ```
pub fn parse<T: DeserializeOwned>(bytes: &[u8], limits: Limits) -> Result<T, JsonError> {
    let text = scan(bytes, limits, &mut scan::Discard)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let strict = object::Strict(&mut deserializer);
    serde_path_to_error::deserialize(strict).map_err(|error| {
        let inner = error.inner();
        let position = Position { line: cap(inner.line()), column: cap(inner.column()) };
        // serde_json appends the place to its message; the place has a field of its own here.
        let message = inner.to_string();
        let problem = message.rsplit_once(" at line ").map_or(message.as_str(), |(text, _)| text);
        JsonError { position, pointer: pointer_of(error.path()), problem: problem.to_owned() }
    })
}

fn cap(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter().fold(String::new(), |pointer, segment| match segment {
        Segment::Seq { index } => pointer + &format!("/{index}"),
        Segment::Map { key } => pointer + "/" + &escape_pointer(key),
        Segment::Enum { .. } | Segment::Unknown => pointer,
    })
}

/// Escapes one reference token of a JSON Pointer (RFC 6901, section 3).
#[must_use]
pub fn escape_pointer(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// Writes a document in its one canonical form: keys sorted by their bytes, two spaces of
/// indentation, integers only, no escape that is not needed, a final newline.
///
/// # Panics
///
/// When the type holds a floating-point number or a map whose keys are not text. No document of
/// this crate does.
#[must_use]
pub fn to_bytes<T: Serialize>(document: &T) -> Vec<u8> {
    let mut text = String::new();
    write_value(&to_value(document), Layout::Indented(0), &mut text);
    text.push('\n');
    text.into_bytes()
}

/// Writes a document as [`to_bytes`] does, on one line: for lists of documents.
///
/// # Panics
///
/// As [`to_bytes`].
#[must_use]
pub fn to_line<T: Serialize>(document: &T) -> Vec<u8> {
    let mut text = String::new();
    write_value(&to_value(document), Layout::Line, &mut text);
    text.push('\n');
    text.into_bytes()
}

/// Writes a text that was read before as one line with a newline: what stands between its values
/// goes, the values and their order stay.
#[must_use]
pub fn compact(text: &[u8]) -> Vec<u8> {
    let (mut in_string, mut escaped) = (false, false);
    let mut line: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| {
            let keep = in_string || !matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
            in_string ^= *byte == b'"' && !escaped;
            escaped = in_string && *byte == b'\\' && !escaped;
            keep
        })
        .collect();
    line.push(b'\n');
    line
}

#[expect(
    clippy::panic,
    reason = "a document type that cannot be written is a defect of this crate"
)]
fn to_value<T: Serialize>(document: &T) -> Value {
    match serde_json::to_value(document) {
        Ok(value) => value,
        Err(error) => panic!("a document type must be writable as JSON: {error}"),
    }
}

#[derive(Clone, Copy)]
enum Layout {
    Line,
    Indented(usize),
}

impl Layout {
    fn deeper(self) -> Self {
        match self {
            Self::Line => Self::Line,
            Self::Indented(depth) => Self::Indented(depth + 1),
        }
    }

    fn newline(self, out: &mut String) {
        if let Self::Indented(depth) = self {
            out.push('\n');
            (0..depth).for_each(|_| out.push_str("  "));
        }
    }
}

fn write_value(value: &Value, layout: Layout, out: &mut String) {
    let inner = layout.deeper();
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => {
            assert!(number.is_i64() || number.is_u64(), "documents hold integers only");
            out.push_str(&number.to_string());
        }
        Value::String(text) => write_string(text, out),
        Value::Array(items) if items.is_empty() => out.push_str("[]"),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                inner.newline(out);
                write_value(item, inner, out);
            }
            layout.newline(out);
            out.push(']');
        }
        Value::Object(entries) if entries.is_empty() => out.push_str("{}"),
        Value::Object(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by_key(|(key, _)| key.as_bytes());
            out.push('{');
            for (index, (key, item)) in sorted.into_iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                inner.newline(out);
                write_string(key, out);
                out.push_str(": ");
                write_value(item, inner, out);
            }
            layout.newline(out);
            out.push('}');
        }
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if (control as u32) < 0x20 => {
                out.push_str(&format!("\\u{:04x}", control as u32));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn problem(bytes: &[u8]) -> String {
        parse::<Value>(bytes, Limits { bytes: 1000, depth: 4 }).unwrap_err().to_string()
    }

    #[test]
    fn a_text_on_one_line_keeps_its_values() {
        let text = b"{ \"a b\" : [1 ,\n\t\"\\\" \\\\\" , \" \\n\"]\r\n}\n";
        let line = b"{\"a b\":[1,\"\\\" \\\\\",\" \\n\"]}\n";
        assert_eq!(compact(text), line);
        assert_eq!(compact(line), line);
    }

    #[test]
    fn what_readers_disagree_on_is_refused() {
        for (text, expected) in [
            (&b"{\"a\":1,\"a\":2}"[..], "`a` stands twice"),
            (b"{\"run\":1,\"ru\\u006e\":2}", "`run` stands twice"),
            (b"{\"x\":{\"\":1,\"\":2}}", "stands twice"),
            (b"\xef\xbb\xbf{}", "byte order mark"),
            (b"\"\\ud800\"", "lone surrogate"),
            (b"\"\\udc00\\ud800\"", "lone surrogate"),
            (b"\"\\u0000\"", "NUL"),
            (b"\"\xff\"", "UTF-8"),
            (b"{} {}", "after the end"),
            (b"[[[[[1]]]]]", "deeper than 4"),
            (b"", "empty"),
            (b"[1,]", "expected"),
            (b"{\"a\":1,}", "expected"),
            (b"01", "number"),
            (b"1.", "number"),
            (b"+1", "expected"),
            (b"NaN", "expected"),
            (b"\"\t\"", "control character"),
            (b"\"abc", "not closed"),
            (b"{\"a\"", "expected"),
            (b"nul", "expected"),
            (b"{'a':1}", "expected"),
            (b"[1 2]", "expected"),
            (b"\"\\x\"", "escape"),
        ] {
            let found = problem(text);
            assert!(found.contains(expected), "{}: {found}", text.escape_ascii());
        }
        assert!(problem(&[b' '; 1001]).contains("larger than"));
    }

    #[test]
    fn endless_nesting_is_refused_at_the_limit() {
        let bomb = vec![b'['; 1 << 20];
        let error = parse::<Value>(&bomb, Limits::DOCUMENT).unwrap_err();
        assert_eq!(error.position, Position { line: 1, column: 65 });
    }

    #[test]
    fn errors_name_the_place() {
        let error = parse::<BTreeMap<String, Vec<u8>>>(b"{\n \"a\": [1, 300]\n}", Limits::DOCUMENT)
            .unwrap_err();
        assert_eq!(error.pointer, "/a/1");
        assert_eq!(error.position.line, 2);
        let error = parse::<Value>("{\"é\": {\"b\": x}}".as_bytes(), Limits::DOCUMENT).unwrap_err();
        assert_eq!((error.pointer.as_str(), error.position.column), ("/é/b", 13));
    }

    #[test]
    fn many_keys_are_still_compared() {
        let mut text: String = (0..1000).map(|n| format!("\"k{n}\":1,")).collect();
        text = format!("{{{text}\"k7\":2}}");
        assert!(parse::<Value>(text.as_bytes(), Limits::DOCUMENT).is_err());
    }

    #[test]
    fn one_form_is_written() {
        let value: Value =
            parse(br#"{"b":[1,{}],"a":"\u00e9\u000a","Z":[]}"#, Limits::DOCUMENT).unwrap();
        let written = to_bytes(&value);
        assert_eq!(
            String::from_utf8(written.clone()).unwrap(),
            "{\n  \"Z\": [],\n  \"a\": \"é\\n\",\n  \"b\": [\n    1,\n    {}\n  ]\n}\n"
        );
        assert_eq!(to_bytes(&parse::<Value>(&written, Limits::DOCUMENT).unwrap()), written);
    }
}
