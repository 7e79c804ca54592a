//! YAML 1.2, with every place decided on which YAML 1.1 reads differently.
//!
//! | text | read as |
//! |---|---|
//! | `yes no on off y n` (any case) | text, marked as a [`Trap::Boolean`] |
//! | `017`, `1_000`, `0b11`, `12:30:45` | text, marked |
//! | `0x1f`, `0o17` | a number, as in the core schema |
//! | `2026-11-23` | text |
//! | `~`, `null`, nothing | null |
//! | `.inf`, `.nan` | a number |
//! | `<<: *base` | merged; keys that stand in the mapping win |
//! | keys | their text; lists and mappings as keys are refused |
//! | `!!str 12` | text; other tags of the core schema likewise; local tags are kept |
//! | duplicate keys | refused |
//! | aliases | resolved, within the limit on values |

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::{DocumentError, Entry, Limits, Node, Position, Trap, Value};
use crate::json::escape_pointer;

/// Reads every document of a YAML stream; documents that hold nothing are left out.
pub(super) fn parse(text: &str, limits: Limits) -> Result<Vec<Node>, DocumentError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut loader = Loader {
        limits,
        values: 0,
        anchored: 0,
        repeated: 0,
        anchors: HashMap::new(),
        open: Vec::new(),
    };
    let mut roots = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| DocumentError {
            position: position_of(error.marker().line(), error.marker().col()),
            pointer: loader.pointer(),
            problem: format!("not YAML: {}", error.info()),
        })?;
        if let Event::DocumentEnd = event {
            loader.anchors.clear();
        }
        if let Some(root) = loader.event(event, span)? {
            roots.push(root);
        }
    }
    roots.retain(|root| root.value != Value::Null);
    Ok(roots)
}

fn position_of(line: usize, column: usize) -> Position {
    let cap = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Position { line: cap(line), column: cap(column + 1) }
}

struct Loader {
    limits: Limits,
    /// Values met, aliases counted with all they stand for.
    values: usize,
    /// Values kept under anchors: an anchor around an anchor keeps the inner ones again.
    anchored: usize,
    /// Bytes of text kept under anchors and repeated by aliases.
    repeated: usize,
    anchors: HashMap<usize, Anchored>,
    open: Vec<Open>,
}

/// What an anchor names, and how much of it there is.
#[derive(Clone)]
struct Anchored {
    node: Node,
    values: usize,
    text: usize,
    depth: usize,
}

impl Anchored {
    fn new(node: &Node) -> Self {
        let mut size = Self { node: node.clone(), values: 0, text: 0, depth: 0 };
        size.measure(node, 1);
        size
    }

    fn measure(&mut self, node: &Node, depth: usize) {
        self.values += 1;
        self.depth = self.depth.max(depth);
        match &node.value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(text) | Value::String(text) | Value::Ambiguous(text, _) => {
                self.text += text.len();
            }
            Value::Sequence(items) => items.iter().for_each(|item| self.measure(item, depth + 1)),
            Value::Mapping(entries) => {
                for entry in entries {
                    self.text += entry.key.len();
                    self.measure(&entry.value, depth + 1);
                }
            }
            Value::Tagged(tag, inner) => {
                self.text += tag.len();
                self.measure(inner, depth);
            }
        }
    }
}

/// A list or mapping that has begun.
struct Open {
    node: Node,
    anchor: usize,
    tag: Option<String>,
    /// In a mapping: the key whose value comes next.
    key: Option<(String, Position)>,
    keys: HashSet<String>,
    merges: Vec<Node>,
}

impl Loader {
    /// Takes one event; returns the tree when it closes the outermost value.
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<Option<Node>, DocumentError> {
        let position = position_of(span.start.line(), span.start.col());
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(None),
            Event::Alias(anchor) => {
                let Some(named) = self.anchors.get(&anchor) else {
                    return Err(self.error(position, "an alias inside the value it names"));
                };
                let (values, text, depth) = (named.values, named.text, named.depth);
                self.repeat(values, text, depth, position)?;
                let node = self.anchors[&anchor].node.clone();
                self.attach(Node { position, ..node }, position)
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.count(1, position)?;
                let value = self.scalar(text, style, tag.as_deref(), position)?;
                let node = Node { value, position };
                self.keep(anchor, &node, position)?;
                self.attach(node, position)
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(Value::Sequence(Vec::new()), anchor, tag.as_deref(), position)
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(Value::Mapping(Vec::new()), anchor, tag.as_deref(), position)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(position),
        }
    }

    fn begin(
        &mut self,
        value: Value,
        anchor: usize,
        tag: Option<&Tag>,
        position: Position,
    ) -> Result<Option<Node>, DocumentError> {
        self.count(1, position)?;
        if self.open.len() >= self.limits.depth {
            let problem = format!("nested deeper than {} levels", self.limits.depth);
            return Err(self.error(position, &problem));
        }
        self.open.push(Open {
            node: Node { value, position },
            anchor,
            tag: tag.and_then(local_tag),
            key: None,
            keys: HashSet::new(),
            merges: Vec::new(),
        });
        Ok(None)
    }

    fn end(&mut self, position: Position) -> Result<Option<Node>, DocumentError> {
        let Some(mut open) = self.open.pop() else {
            return Err(self.error(position, "a list or mapping ends that never began"));
        };
        if let Value::Mapping(entries) = &mut open.node.value {
            for merge in open.merges {
                for entry in merge.entries() {
                    if open.keys.insert(entry.key.clone()) {
                        entries.push(entry.clone());
                    }
                }
            }
        }
        self.keep(open.anchor, &open.node, position)?;
        let position = open.node.position;
        let node = match open.tag {
            Some(tag) => Node { value: Value::Tagged(tag, Box::new(open.node)), position },
            None => open.node,
        };
        self.attach(node, position)
    }

    fn attach(&mut self, node: Node, position: Position) -> Result<Option<Node>, DocumentError> {
        let Some(parent) = self.open.last_mut() else { return Ok(Some(node)) };
        if let Value::Sequence(items) = &mut parent.node.value {
            items.push(node);
            return Ok(None);
        }
        let Some((key, key_position)) = parent.key.take() else {
            return self.key(&node, position).map(|()| None);
        };
        if key == MERGE {
            return self.merge(node, position).map(|()| None);
        }
        if let Value::Mapping(entries) = &mut parent.node.value {
            entries.push(Entry { key, position: key_position, value: node });
        }
        Ok(None)
    }

    /// Takes a node as what `<<` merges into the innermost mapping.
    fn merge(&mut self, node: Node, position: Position) -> Result<(), DocumentError> {
        let is_mapping = |node: &Node| matches!(node.value, Value::Mapping(_));
        let merges = if is_mapping(&node) { vec![node] } else { node.items().to_vec() };
        if merges.is_empty() || !merges.iter().all(is_mapping) {
            return Err(self.error(position, "`<<` merges something else than a mapping"));
        }
        if let Some(parent) = self.open.last_mut() {
            parent.merges.extend(merges);
        }
        Ok(())
    }

    /// Takes a node as the next key of the innermost mapping.
    fn key(&mut self, node: &Node, position: Position) -> Result<(), DocumentError> {
        let text = node.scalar_text().map(Cow::into_owned);
        let key = match (text, node.value == Value::Null) {
            (Some(text), _) => text,
            (None, true) => "null".to_owned(),
            (None, false) => return Err(self.error(position, "a list or mapping as a key")),
        };
        let Some(parent) = self.open.last_mut() else {
            return Err(self.error(position, "a key outside of a mapping"));
        };
        if !parent.keys.insert(key.clone()) {
            let problem = format!("the key `{}` stands twice in one mapping", key.escape_debug());
            return Err(self.error(position, &problem));
        }
        parent.key = Some((key, position));
        Ok(())
    }

    fn scalar(
        &self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        position: Position,
    ) -> Result<Value, DocumentError> {
        let plain = matches!(style, ScalarStyle::Plain);
        match tag {
            None if plain => Ok(resolve(text.into_owned())),
            None => Ok(Value::String(text.into_owned())),
            Some(tag) if tag.is_yaml_core_schema() => match tag.suffix.as_str() {
                "str" | "binary" | "timestamp" => Ok(Value::String(text.into_owned())),
                "null" | "bool" | "int" | "float" => Ok(resolve(text.into_owned())),
                _ => Err(self.error(position, "a scalar under the tag of a collection")),
            },
            Some(tag) => {
                let inner = if plain {
                    resolve(text.into_owned())
                } else {
                    Value::String(text.into_owned())
                };
                let node = Node { value: inner, position };
                Ok(Value::Tagged(format!("{}{}", tag.handle, tag.suffix), Box::new(node)))
            }
        }
    }

    /// Remembers what an anchor names; 0 is no anchor.
    fn keep(
        &mut self,
        anchor: usize,
        node: &Node,
        position: Position,
    ) -> Result<(), DocumentError> {
        if anchor == 0 {
            return Ok(());
        }
        let named = Anchored::new(node);
        self.anchored += named.values;
        if self.anchored > self.limits.values {
            let problem = format!("more than {} values under anchors", self.limits.values);
            return Err(self.error(position, &problem));
        }
        self.repeat_text(named.text, position)?;
        self.anchors.insert(anchor, named);
        Ok(())
    }

    /// Holds an alias against the limits as if its value stood there in full: a short text can
    /// ask for more values, more text and more levels than any machine has.
    fn repeat(
        &mut self,
        values: usize,
        text: usize,
        depth: usize,
        position: Position,
    ) -> Result<(), DocumentError> {
        self.count(values, position)?;
        self.repeat_text(text, position)?;
        if self.open.len() + depth > self.limits.depth {
            let problem = format!("nested deeper than {} levels", self.limits.depth);
            return Err(self.error(position, &problem));
        }
        Ok(())
    }

    fn repeat_text(&mut self, text: usize, position: Position) -> Result<(), DocumentError> {
        self.repeated = self.repeated.saturating_add(text);
        if self.repeated > self.limits.bytes {
            let limit = self.limits.bytes;
            let problem = format!("anchors and aliases stand for more than {limit} bytes");
            return Err(self.error(position, &problem));
        }
        Ok(())
    }

    fn count(&mut self, values: usize, position: Position) -> Result<(), DocumentError> {
        self.values += values;
        if self.values > self.limits.values {
            let problem = format!(
                "more than {} values, aliases counted with all they stand for",
                self.limits.values
            );
            return Err(self.error(position, &problem));
        }
        Ok(())
    }

    fn error(&self, position: Position, problem: &str) -> DocumentError {
        DocumentError { position, pointer: self.pointer(), problem: problem.to_owned() }
    }

    fn pointer(&self) -> String {
        self.open.iter().fold(String::new(), |pointer, open| match (&open.node.value, &open.key) {
            (Value::Sequence(items), _) => pointer + &format!("/{}", items.len()),
            (_, Some((key, _))) => pointer + "/" + &escape_pointer(key),
            _ => pointer,
        })
    }
}

/// The merge key of YAML 1.1, which compose files and Helm values use.
const MERGE: &str = "<<";

fn local_tag(tag: &Tag) -> Option<String> {
    (!tag.is_yaml_core_schema()).then(|| format!("{}{}", tag.handle, tag.suffix))
}

/// The core schema of YAML 1.2.2, section 10.3.2, with the traps of YAML 1.1 marked.
fn resolve(text: String) -> Value {
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Some(trap) = trap_of(&text) {
        return Value::Ambiguous(text, trap);
    }
    if let Some(number) = number_of(&text) { Value::Number(number) } else { Value::String(text) }
}

fn trap_of(text: &str) -> Option<Trap> {
    let first = *text.as_bytes().first()?;
    if first.is_ascii_alphabetic() {
        let word = text.len() <= 3
            && matches!(
                text.to_ascii_lowercase().as_str(),
                "y" | "n" | "yes" | "no" | "on" | "off"
            );
        return word.then_some(Trap::Boolean);
    }
    let digits = text.trim_start_matches(['+', '-']);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) || text.len() - digits.len() > 1 {
        return None;
    }
    let all = |part: &str, allowed: fn(u8) -> bool| !part.is_empty() && part.bytes().all(allowed);
    let is_digit = |byte: u8| byte.is_ascii_digit();
    if digits.len() > 1 && digits.starts_with('0') && all(digits, is_digit) {
        return Some(Trap::Octal);
    }
    if digits.strip_prefix("0b").is_some_and(|rest| all(rest, |b| matches!(b, b'0' | b'1' | b'_')))
    {
        return Some(Trap::Binary);
    }
    let underscored = |part: &str| all(part, |b| b.is_ascii_digit() || matches!(b, b'_' | b'.'));
    if digits.contains('_') && underscored(digits) && digits.matches('.').count() < 2 {
        return Some(Trap::Underscore);
    }
    let mut parts = digits.split(':');
    let head = parts.next().is_some_and(|part| all(part, is_digit));
    let tail: Vec<&str> = parts.collect();
    let base_60 = head
        && !tail.is_empty()
        && tail.iter().all(|part| all(part, is_digit) && part.len() < 3)
        && tail.iter().all(|part| part.parse::<u8>().is_ok_and(|number| number < 60));
    base_60.then_some(Trap::Sexagesimal)
}

/// Returns the number in a spelling that Rust reads too.
fn number_of(text: &str) -> Option<String> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => ("", &text[1..]),
        b'-' => ("-", &text[1..]),
        _ => ("", text),
    };
    let radix = |prefix: &str, radix: u32| {
        let rest = digits.strip_prefix(prefix).filter(|rest| !rest.starts_with(['+', '-']))?;
        u64::from_str_radix(rest, radix).ok().map(|number| number.to_string())
    };
    if !text.starts_with(['+', '-'])
        && let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8))
    {
        return Some(number);
    }
    match digits {
        ".inf" | ".Inf" | ".INF" => return Some(format!("{sign}inf")),
        ".nan" | ".NaN" | ".NAN" if sign.is_empty() => return Some("NaN".to_owned()),
        _ => {}
    }
    let starts =
        digits.strip_prefix('.').unwrap_or(digits).starts_with(|c: char| c.is_ascii_digit());
    let charset =
        digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    (starts && charset && digits.parse::<f64>().is_ok()).then(|| format!("{sign}{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Node {
        parse(text, Limits::GOVERNED).unwrap().remove(0)
    }

    fn problem(text: &str) -> String {
        parse(text, Limits { bytes: 1000, depth: 8, values: 500 }).unwrap_err().to_string()
    }

    #[test]
    fn traps_of_yaml_1_1_are_decided() {
        let value = |text: &str| one(&format!("a: {text}")).get("a").unwrap().value.clone();
        for (text, trap) in [
            ("no", Trap::Boolean),
            ("Yes", Trap::Boolean),
            ("OFF", Trap::Boolean),
            ("017", Trap::Octal),
            ("1_000", Trap::Underscore),
            ("0b11", Trap::Binary),
            ("22:22", Trap::Sexagesimal),
        ] {
            assert_eq!(value(text), Value::Ambiguous(text.to_owned(), trap));
        }
        for (text, number) in [
            ("0x1f", "31"),
            ("0o17", "15"),
            ("+1", "1"),
            ("-1.5e3", "-1.5e3"),
            (".5", ".5"),
            ("0", "0"),
            ("-.inf", "-inf"),
        ] {
            assert_eq!(value(text), Value::Number(number.to_owned()), "{text}");
        }
        for text in [
            "2026-11-23",
            "1.2.3",
            "8080:80",
            "nope",
            "1e",
            "0xzz",
            "1-2",
            "inf",
            "nan",
            "infinity",
        ] {
            assert_eq!(value(text), Value::String(text.to_owned()));
        }
        assert_eq!(value("'no'"), Value::String("no".to_owned()));
        assert_eq!(value("!!str 12"), Value::String("12".to_owned()));
        assert_eq!(value("~"), Value::Null);
        assert_eq!(one("on: 1").entries()[0].key, "on");
    }

    #[test]
    fn duplicate_keys_are_refused_with_their_place() {
        let error = parse("a:\n  b: 1\n  b: 2\n", Limits::GOVERNED).unwrap_err();
        assert_eq!(error.position, Position { line: 3, column: 3 });
        assert_eq!(error.pointer, "/a");
        assert!(problem("{a: 1, 'a': 2}").contains("`a` stands twice"));
        assert!(problem("1: a\n'1': b\n").contains("stands twice"));
    }

    #[test]
    fn aliases_that_multiply_are_stopped() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..6 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            text += &format!("a{level}: &a{level} [{aliases}]\n");
        }
        assert!(problem(&text).contains("more than 500 values"));
        assert!(problem("a: &a [*a]").contains("alias"));
        assert!(problem(&"[".repeat(100)).contains("nested deeper"));
    }

    #[test]
    fn aliases_that_repeat_a_long_text_are_stopped() {
        let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(600), "*a, ".repeat(2));
        assert!(problem(&text).contains("stand for more than 1000 bytes"));
        let key = format!("a: &a {{{}: 1}}\nb: [*a, *a]\n", "x".repeat(600));
        assert!(problem(&key).contains("stand for more than 1000 bytes"));
    }

    #[test]
    fn aliases_do_not_nest_deeper_than_brackets() {
        let mut text = "a0: &a0 x\n".to_owned();
        for level in 1..6 {
            text += &format!("a{level}: &a{level} [[*a{}]]\n", level - 1);
        }
        assert!(problem(&text).contains("nested deeper than 8 levels"));
    }

    #[test]
    fn anchors_around_anchors_do_not_multiply() {
        let text = format!("{}{}{}", "&a [".repeat(8), "0, ".repeat(200), "]".repeat(8));
        assert!(problem(&text).contains("under anchors"));
    }

    #[test]
    fn merge_keys_yield_to_what_stands_there() {
        let node = one("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  x: 3\n");
        let merged = node.get("use").unwrap();
        assert_eq!(merged.get("x").unwrap().as_i64(), Some(3));
        assert_eq!(merged.get("y").unwrap().as_i64(), Some(2));
        assert!(problem("a: {<<: 1}").contains("merges"));
    }

    #[test]
    fn documents_are_told_apart() {
        let roots =
            parse("# nothing\n---\na: 1\n---\n---\nb: |\n  ---\n", Limits::GOVERNED).unwrap();
        assert_eq!(roots.len(), 2);
        assert_eq!(roots[1].get("b").unwrap().as_str(), Some("---\n"));
        assert!(problem("a: [1\n---\nb: 2\n").contains("not YAML"));
        assert!(problem("a:\n\t- b\n").contains("not YAML"));
        assert!(problem("? [a]\n: b\n").contains("as a key"));
    }

    #[test]
    fn local_tags_are_kept() {
        let node = one("a: !reset [1]\nb: !override x\n");
        assert!(matches!(&node.get("a").unwrap().value, Value::Tagged(tag, _) if tag == "!reset"));
        assert_eq!(node.get("b").unwrap().as_str(), Some("x"));
    }
}
