//! JSON as a tree that can hold what strict readers refuse: keys twice, in any order.

use serde_json::Value;

/// A JSON value; objects keep what they were given.
#[derive(Clone, PartialEq)]
pub(crate) enum Json {
    Scalar(Value),
    Array(Vec<Json>),
    Object(Entries),
}

type Entries = Vec<(String, Json)>;

impl Json {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        Self::of(serde_json::from_slice(bytes).unwrap())
    }

    fn of(value: Value) -> Self {
        match value {
            Value::Array(items) => Self::Array(items.into_iter().map(Self::of).collect()),
            Value::Object(entries) => {
                Self::Object(entries.into_iter().map(|(key, item)| (key, Self::of(item))).collect())
            }
            scalar => Self::Scalar(scalar),
        }
    }

    /// Writes the tree as countersign writes documents: indented, with a final newline.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut text = String::new();
        self.write(Some(0), &mut text);
        text.push('\n');
        text.into_bytes()
    }

    /// Writes the tree as countersign writes lines of bundles.
    pub(crate) fn to_line(&self) -> Vec<u8> {
        let mut text = String::new();
        self.write(None, &mut text);
        text.push('\n');
        text.into_bytes()
    }

    fn write(&self, depth: Option<usize>, out: &mut String) {
        let inner = depth.map(|depth| depth + 1);
        let newline = |depth: Option<usize>, out: &mut String| {
            if let Some(depth) = depth {
                out.push('\n');
                out.push_str(&"  ".repeat(depth));
            }
        };
        let (open, close, count) = match self {
            Self::Scalar(value) => return out.push_str(&value.to_string()),
            Self::Array(items) => ('[', ']', items.len()),
            Self::Object(entries) => ('{', '}', entries.len()),
        };
        out.push(open);
        for index in 0..count {
            out.push_str(if index == 0 { "" } else { "," });
            newline(inner, out);
            match self {
                Self::Array(items) => items[index].write(inner, out),
                Self::Object(entries) => {
                    let (key, item) = &entries[index];
                    out.push_str(&Value::from(key.as_str()).to_string());
                    out.push_str(": ");
                    item.write(inner, out);
                }
                Self::Scalar(_) => {}
            }
        }
        if count > 0 {
            newline(depth, out);
        }
        out.push(close);
    }

    /// Returns the text at a JSON pointer of plain keys and indices.
    pub(crate) fn text(&self, pointer: &str) -> Option<&str> {
        match pointer.split('/').skip(1).try_fold(self, Self::step)? {
            Self::Scalar(value) => value.as_str(),
            Self::Array(_) | Self::Object(_) => None,
        }
    }

    fn step(&self, part: &str) -> Option<&Self> {
        match self {
            Self::Scalar(_) => None,
            Self::Array(items) => items.get(part.parse::<usize>().ok()?),
            Self::Object(entries) => {
                entries.iter().find(|(key, _)| key == part).map(|(_, item)| item)
            }
        }
    }

    /// The same tree with another value at a pointer.
    pub(crate) fn with(&self, pointer: &str, value: Self) -> Self {
        let Some(rest) = pointer.strip_prefix('/') else { return value };
        let (part, rest) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        match self {
            Self::Scalar(_) => panic!("nothing lies at `{pointer}`"),
            Self::Array(items) => {
                let mut items = items.clone();
                let at: usize = part.parse().unwrap();
                items[at] = items[at].with(rest, value);
                Self::Array(items)
            }
            Self::Object(entries) => {
                let mut entries = entries.clone();
                let entry = entries.iter_mut().find(|(key, _)| key == part).unwrap();
                entry.1 = entry.1.with(rest, value);
                Self::Object(entries)
            }
        }
    }

    /// Every single change: fields deleted, doubled, renamed, given another value of the same or of
    /// another type; elements dropped, doubled, swapped. Tells what was done, where, and the whole
    /// tree that came of it.
    pub(crate) fn for_each_change(&self, tell: &mut dyn FnMut(&'static str, String, &Self)) {
        self.collect("", &mut |class, place, result| tell(class, place, &result));
    }

    fn collect(&self, here: &str, tell: &mut dyn FnMut(&'static str, String, Self)) {
        match self {
            Self::Scalar(_) => {}
            Self::Array(items) => {
                for index in 0..items.len() {
                    let at = format!("{here}/{index}");
                    let change = |edit: &dyn Fn(&mut Vec<Self>)| {
                        let mut items = items.clone();
                        edit(&mut items);
                        Self::Array(items)
                    };
                    tell("drop element", at.clone(), change(&|items| drop(items.remove(index))));
                    let double = |items: &mut Vec<Self>| items.insert(index, items[index].clone());
                    tell("double element", at.clone(), change(&double));
                    if index + 1 < items.len() && items[index] != items[index + 1] {
                        let swap = |items: &mut Vec<Self>| items.swap(index, index + 1);
                        tell("swap elements", at.clone(), change(&swap));
                    }
                    for (class, other) in items[index].others() {
                        let set = |items: &mut Vec<Self>| items[index] = other.clone();
                        tell(class, at.clone(), change(&set));
                    }
                    items[index].collect(&at, &mut |class, place, result| {
                        tell(class, place, change(&|items| items[index] = result.clone()));
                    });
                }
            }
            Self::Object(entries) => {
                for index in 0..entries.len() {
                    let (key, item) = &entries[index];
                    let at = format!("{here}/{key}");
                    let change = |edit: &dyn Fn(&mut Entries)| {
                        let mut entries = entries.clone();
                        edit(&mut entries);
                        Self::Object(entries)
                    };
                    tell("drop field", at.clone(), change(&|all| drop(all.remove(index))));
                    let double = |all: &mut Vec<_>| all.insert(index, entries[index].clone());
                    tell("double key", at.clone(), change(&double));
                    if let Some(other) = other_case(key) {
                        let rename = |all: &mut Vec<(String, Self)>| all[index].0 = other.clone();
                        tell("rename key", at.clone(), change(&rename));
                    }
                    for (class, other) in item.others() {
                        let set = |all: &mut Vec<(String, Self)>| all[index].1 = other.clone();
                        tell(class, at.clone(), change(&set));
                    }
                    item.collect(&at, &mut |class, place, result| {
                        tell(class, place, change(&|all| all[index].1 = result.clone()));
                    });
                }
            }
        }
    }

    /// Another value of the same type, and values of other types.
    fn others(&self) -> Vec<(&'static str, Self)> {
        let value = |value: Value| Self::Scalar(value);
        let (same, changed) = match self {
            Self::Scalar(Value::String(text)) => (value(other_text(text).into()), value(1.into())),
            Self::Scalar(Value::Number(number)) => {
                let other = number.as_u64().map_or(Value::from(1), |n| Value::from(n + 1));
                (value(other), value(number.to_string().into()))
            }
            Self::Scalar(Value::Bool(truth)) => (value((!truth).into()), value("true".into())),
            Self::Scalar(_) => (value(0.into()), value("".into())),
            Self::Array(_) => (Self::Array(Vec::new()), Self::Object(Vec::new())),
            Self::Object(_) => (Self::Object(Vec::new()), Self::Array(Vec::new())),
        };
        let mut others = vec![("other value", same), ("other type", changed)];
        if *self != value(Value::Null) {
            others.push(("null", value(Value::Null)));
        }
        others.retain(|(_, other)| other != self);
        others
    }
}

fn other_case(key: &str) -> Option<String> {
    let at = key.find(|character: char| character.is_ascii_alphabetic())?;
    let mut other = key.to_owned();
    let flipped = key[at..=at].chars().next()?;
    let flipped = if flipped.is_ascii_lowercase() {
        flipped.to_ascii_uppercase()
    } else {
        flipped.to_ascii_lowercase()
    };
    other.replace_range(at..=at, flipped.encode_utf8(&mut [0; 4]));
    Some(other)
}

/// A text of the same kind: one digit or letter is the next one.
fn other_text(text: &str) -> String {
    let Some(at) = text.rfind(|character: char| character.is_ascii_alphanumeric()) else {
        return format!("{text}x");
    };
    let next = match text.as_bytes()[at] {
        b'9' => '0',
        b'f' => 'e',
        b'z' | b'Z' => 'a',
        byte => char::from(byte + 1),
    };
    let mut other = text.to_owned();
    other.replace_range(at..=at, next.encode_utf8(&mut [0; 4]));
    other
}
