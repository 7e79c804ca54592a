//! The scanner: one pass over a JSON text that tells a sink what it meets.
//!
//! Not recursive: depth costs heap that is capped, never stack.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{JsonError, Limits, Position, escape_pointer};

/// A value that holds no other.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    /// The number as written.
    Number(&'a str),
    String(Cow<'a, str>),
}

/// What wants to hear of a text's values, in the order of the text.
pub(crate) trait Sink<'a> {
    /// Whether places are asked for. Lines and columns are counted character by character, which takes
    /// longer than all the rest; without them every place is the first one.
    const PLACES: bool = true;

    fn scalar(&mut self, value: Scalar<'a>, at: Position);
    fn key(&mut self, key: &str, at: Position);
    fn begin(&mut self, container: Container, at: Position);
    fn end(&mut self);
    /// Says why the sink takes no further value.
    fn refuses(&self) -> Option<String> {
        None
    }
}

/// An array or an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Array,
    Object,
}

/// Listens to nothing: for when only the verdict matters.
pub(super) struct Discard;

impl Sink<'_> for Discard {
    const PLACES: bool = false;

    fn scalar(&mut self, _: Scalar<'_>, _: Position) {}
    fn key(&mut self, _: &str, _: Position) {}
    fn begin(&mut self, _: Container, _: Position) {}
    fn end(&mut self) {}
}

/// Reads one JSON text to its end and returns it as text.
pub(crate) fn scan<'a>(
    bytes: &'a [u8],
    limits: Limits,
    sink: &mut impl Sink<'a>,
) -> Result<&'a str, JsonError> {
    let start = |problem: String| JsonError {
        position: Position { line: 1, column: 1 },
        pointer: String::new(),
        problem,
    };
    if bytes.len() > limits.bytes {
        return Err(start(format!("larger than the limit of {} bytes", limits.bytes)));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count();
        let column =
            String::from_utf8_lossy(before).chars().rev().take_while(|c| *c != '\n').count();
        JsonError {
            position: Position { line: super::cap(line + 1), column: super::cap(column + 1) },
            pointer: String::new(),
            problem: "not UTF-8 text".to_owned(),
        }
    })?;
    if text.starts_with('\u{feff}') {
        return Err(start("begins with a byte order mark; remove it".to_owned()));
    }
    let (frames, spare) = (Vec::new(), Vec::new());
    let mut scanner = Scanner { text, offset: 0, mark: Mark::START, frames, spare, limits };
    scanner.skip_space();
    if scanner.peek().is_none() {
        return Err(start("empty; expected a JSON value".to_owned()));
    }
    scanner.value(sink)?;
    scanner.run(sink)?;
    scanner.skip_space();
    match scanner.peek() {
        None => Ok(text),
        Some(_) => Err(scanner.error("data after the end of the value")),
    }
}

struct Scanner<'a> {
    text: &'a str,
    offset: usize,
    mark: Mark,
    frames: Vec<Frame<'a>>,
    /// Empty lists of keys, from objects that are closed: most objects need no room of their own.
    spare: Vec<Vec<Cow<'a, str>>>,
    limits: Limits,
}

/// The last place whose line and column were counted; the next count goes on from there.
#[derive(Clone, Copy)]
struct Mark {
    offset: usize,
    line: u32,
    column: u32,
}

impl Mark {
    const START: Self = Self { offset: 0, line: 1, column: 1 };

    fn advance(self, text: &str, offset: usize) -> Self {
        text[self.offset..offset].chars().fold(Self { offset, ..self }, |mark, character| {
            if character == '\n' {
                Self { line: mark.line.saturating_add(1), column: 1, ..mark }
            } else {
                Self { column: mark.column.saturating_add(1), ..mark }
            }
        })
    }
}

/// An open container.
enum Frame<'a> {
    Array { index: usize },
    Object { keys: Vec<Cow<'a, str>>, index: HashSet<Cow<'a, str>> },
}

/// Up to here keys are compared one by one; above, through an index.
const FEW_KEYS: usize = 16;

impl<'a> Scanner<'a> {
    /// Reads on until every open container is closed.
    fn run(&mut self, sink: &mut impl Sink<'a>) -> Result<(), JsonError> {
        while !self.frames.is_empty() {
            self.skip_space();
            match self.frames.last() {
                None => unreachable!("the loop ends with the last frame"),
                Some(Frame::Array { index }) => {
                    let first = *index == 0;
                    self.array_item(first, sink)?;
                }
                Some(Frame::Object { keys, .. }) => {
                    let first = keys.is_empty();
                    self.object_entry(first, sink)?;
                }
            }
        }
        Ok(())
    }

    /// The place that is told to a sink.
    fn place<S: Sink<'a>>(&mut self, _: &S) -> Position {
        if S::PLACES { self.position() } else { Position { line: 1, column: 1 } }
    }

    fn array_item(&mut self, first: bool, sink: &mut impl Sink<'a>) -> Result<(), JsonError> {
        if self.peek() == Some(b']') {
            return self.close(sink);
        }
        if !first {
            self.expect(b',', "expected `,` or `]`")?;
            self.skip_space();
        }
        if let Some(Frame::Array { index }) = self.frames.last_mut() {
            *index += 1;
        }
        self.value(sink)
    }

    fn object_entry(&mut self, first: bool, sink: &mut impl Sink<'a>) -> Result<(), JsonError> {
        if self.peek() == Some(b'}') {
            return self.close(sink);
        }
        if !first {
            self.expect(b',', "expected `,` or `}`")?;
            self.skip_space();
        }
        if self.peek() != Some(b'"') {
            return Err(self.error("expected a key in double quotes"));
        }
        let start = self.offset;
        let at = self.place(sink);
        let key = self.string()?;
        sink.key(&key, at);
        let Some(Frame::Object { keys, index }) = self.frames.last_mut() else {
            unreachable!("an entry is read only while an object is open");
        };
        let twice = if keys.len() < FEW_KEYS {
            keys.contains(&key)
        } else {
            if index.is_empty() {
                index.extend(keys.iter().cloned());
            }
            !index.insert(key.clone())
        };
        keys.push(key);
        if twice {
            let shown = keys.last().map(|key| key.escape_debug().to_string()).unwrap_or_default();
            let mark = Mark::START.advance(self.text, start);
            return Err(JsonError {
                position: Position { line: mark.line, column: mark.column },
                pointer: self.pointer(),
                problem: format!("the key `{shown}` stands twice in one object"),
            });
        }
        self.skip_space();
        self.expect(b':', "expected `:`")?;
        self.skip_space();
        self.value(sink)
    }

    fn value(&mut self, sink: &mut impl Sink<'a>) -> Result<(), JsonError> {
        if let Some(problem) = sink.refuses() {
            return Err(self.error(&problem));
        }
        let at = self.place(sink);
        let scalar = match self.peek() {
            Some(b'{') => return self.open(Container::Object, at, sink),
            Some(b'[') => return self.open(Container::Array, at, sink),
            Some(b'"') => Scalar::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Scalar::Number(self.number()?),
            _ => self.word()?,
        };
        sink.scalar(scalar, at);
        Ok(())
    }

    fn open(
        &mut self,
        container: Container,
        at: Position,
        sink: &mut impl Sink<'a>,
    ) -> Result<(), JsonError> {
        if self.frames.len() >= self.limits.depth {
            return Err(self.error(&format!("nested deeper than {} levels", self.limits.depth)));
        }
        self.offset += 1;
        self.frames.push(match container {
            Container::Array => Frame::Array { index: 0 },
            Container::Object => {
                let keys = self.spare.pop().unwrap_or_default();
                Frame::Object { keys, index: HashSet::new() }
            }
        });
        sink.begin(container, at);
        Ok(())
    }

    fn close(&mut self, sink: &mut impl Sink<'a>) -> Result<(), JsonError> {
        self.offset += 1;
        if let Some(Frame::Object { mut keys, .. }) = self.frames.pop() {
            keys.clear();
            self.spare.push(keys);
        }
        sink.end();
        Ok(())
    }

    fn word(&mut self) -> Result<Scalar<'a>, JsonError> {
        for (word, scalar) in
            [("null", Scalar::Null), ("true", Scalar::Bool(true)), ("false", Scalar::Bool(false))]
        {
            if self.text[self.offset..].starts_with(word) {
                self.offset += word.len();
                return Ok(scalar);
            }
        }
        Err(self.error("expected a JSON value"))
    }

    /// RFC 8259, section 6.
    fn number(&mut self) -> Result<&'a str, JsonError> {
        let bytes = self.text.as_bytes();
        let start = self.offset;
        let digits = |mut at: usize| {
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            at
        };
        let mut end = start + usize::from(bytes[start] == b'-');
        let integer = end;
        end = digits(end);
        let leading_zero = end > integer + 1 && bytes[integer] == b'0';
        let mut whole = end > integer && !leading_zero;
        if bytes.get(end) == Some(&b'.') {
            let fraction = digits(end + 1);
            whole &= fraction > end + 1;
            end = fraction;
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end + 1 + sign);
            whole &= exponent > end + 1 + sign;
            end = exponent;
        }
        if !whole {
            return Err(self.error("not a number by JSON's grammar"));
        }
        self.offset = end;
        Ok(&self.text[start..end])
    }

    /// RFC 8259, section 7, without lone surrogates and without NUL.
    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let bytes = self.text.as_bytes();
        self.offset += 1;
        let mut plain = self.offset;
        let mut unescaped: Option<String> = None;
        loop {
            match bytes.get(self.offset) {
                None => return Err(self.error("the string is not closed")),
                Some(b'"') => {
                    let rest = &self.text[plain..self.offset];
                    self.offset += 1;
                    return Ok(match unescaped {
                        None => Cow::Borrowed(rest),
                        Some(text) => Cow::Owned(text + rest),
                    });
                }
                Some(b'\\') => {
                    let text = unescaped.get_or_insert_default();
                    text.push_str(&self.text[plain..self.offset]);
                    let character = self.escape()?;
                    unescaped.get_or_insert_default().push(character);
                    plain = self.offset;
                }
                Some(0..=0x1f) => return Err(self.error("a control character in a string")),
                Some(_) => self.skip_plain(),
            }
        }
    }

    /// Goes to the next byte that means something in a string, or to the end.
    fn skip_plain(&mut self) {
        let rest = &self.text.as_bytes()[self.offset..];
        let means = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
        let plain = &rest[..means];
        // Looked at whole, which the processor does many bytes at a time.
        let is_plain = plain.iter().fold(true, |is_plain, byte| is_plain & (*byte > 0x1f));
        let control = if is_plain { None } else { plain.iter().position(|byte| *byte <= 0x1f) };
        self.offset += control.unwrap_or(means);
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let simple = match self.text.as_bytes().get(self.offset + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.error("an unknown escape in a string")),
        };
        self.offset += 2;
        Ok(simple)
    }

    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let high = self.hex_unit(self.offset)?;
        let code = match high {
            0xd800..=0xdbff => match self.hex_unit(self.offset + 6) {
                Ok(low @ 0xdc00..=0xdfff) => {
                    self.offset += 6;
                    0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
                }
                _ => return Err(self.error("a lone surrogate in a string")),
            },
            0xdc00..=0xdfff => return Err(self.error("a lone surrogate in a string")),
            0 => return Err(self.error("a NUL character in a string")),
            code => code,
        };
        self.offset += 6;
        Ok(char::from_u32(code).expect("surrogates were taken apart above"))
    }

    fn hex_unit(&self, at: usize) -> Result<u32, JsonError> {
        let error = || self.error("an incomplete `\\u` escape in a string");
        let unit = self.text.as_bytes().get(at..at + 6).ok_or_else(error)?;
        if &unit[..2] != b"\\u" || !unit[2..].iter().all(u8::is_ascii_hexdigit) {
            return Err(error());
        }
        let digits = std::str::from_utf8(&unit[2..]).map_err(|_| error())?;
        u32::from_str_radix(digits, 16).map_err(|_| error())
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.offset += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.offset).copied()
    }

    fn expect(&mut self, byte: u8, problem: &str) -> Result<(), JsonError> {
        if self.peek() != Some(byte) {
            return Err(self.error(problem));
        }
        self.offset += 1;
        Ok(())
    }

    fn position(&mut self) -> Position {
        self.mark = self.mark.advance(self.text, self.offset);
        Position { line: self.mark.line, column: self.mark.column }
    }

    fn error(&self, problem: &str) -> JsonError {
        let mark = self.mark.advance(self.text, self.offset);
        JsonError {
            position: Position { line: mark.line, column: mark.column },
            pointer: self.pointer(),
            problem: problem.to_owned(),
        }
    }

    fn pointer(&self) -> String {
        self.frames.iter().fold(String::new(), |pointer, frame| match frame {
            Frame::Array { index: 0 } => pointer,
            Frame::Array { index } => pointer + &format!("/{}", index - 1),
            Frame::Object { keys, .. } => match keys.last() {
                Some(key) => pointer + "/" + &escape_pointer(key),
                None => pointer,
            },
        })
    }
}
