//! JSON Schema over governed documents. The only file that names the validator.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value as JsonValue};

use super::{DocumentError, Node, Position, Value};

/// A compiled JSON Schema (drafts 4 to 2020-12, told by `$schema`). Never fetches a reference.
pub struct Schema {
    validator: jsonschema::Validator,
}

impl fmt::Debug for Schema {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Schema").finish_non_exhaustive()
    }
}

/// The document is not a schema that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaError(String);

impl fmt::Display for SchemaError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for SchemaError {}

/// One place where a document breaks its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The value at fault, as a JSON Pointer.
    pub pointer: String,
    /// Where the value stands.
    pub position: Position,
    /// What is wrong with it.
    pub problem: String,
    /// The clause of the schema, as a JSON Pointer.
    pub schema_pointer: String,
}

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    ///
    /// When the document is not a valid schema, or refers to another document.
    pub fn compile(schema: &Node) -> Result<Self, SchemaError> {
        let value = to_value(schema);
        jsonschema::options()
            .with_retriever(NeverFetch)
            .build(&value)
            .map(|validator| Self { validator })
            .map_err(|error| SchemaError(error.to_string()))
    }

    /// Returns every place where the document breaks the schema, in a fixed order.
    #[must_use]
    pub fn violations(&self, document: &Node) -> Vec<Violation> {
        let value = to_value(document);
        let mut violations: Vec<Violation> = self
            .validator
            .iter_errors(&value)
            .map(|error| {
                let pointer = error.instance_path().to_string();
                let position = document.pointer(&pointer).map_or(document.position, |n| n.position);
                let schema_pointer = error.schema_path().to_string();
                Violation { pointer, position, problem: error.to_string(), schema_pointer }
            })
            .collect();
        violations.sort_by(|a, b| (&a.pointer, &a.problem).cmp(&(&b.pointer, &b.problem)));
        violations
    }
}

impl Node {
    /// Writes the value as JSON: keys sorted by code point, no white space, no final newline.
    #[must_use]
    pub fn to_canonical_json(&self) -> Vec<u8> {
        serde_json::to_vec(&to_value(self)).expect("a tree of JSON values can be written")
    }

    /// Reads the value as a typed document.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] for a value that does not fit the type, with its place.
    pub fn to_typed<T: DeserializeOwned>(&self) -> Result<T, DocumentError> {
        serde_path_to_error::deserialize(to_value(self)).map_err(|error| {
            let pointer = error.path().iter().fold(String::new(), |pointer, segment| match segment
                .to_string()
                .as_str()
            {
                "?" => pointer,
                part => pointer + "/" + part.trim_start_matches('[').trim_end_matches(']'),
            });
            let position = self.pointer(&pointer).map_or(self.position, |node| node.position);
            DocumentError { position, pointer, problem: error.inner().to_string() }
        })
    }
}

/// References to other documents are never followed over a network or a file system.
struct NeverFetch;

impl jsonschema::Retrieve for NeverFetch {
    fn retrieve(
        &self,
        uri: &jsonschema::Uri<String>,
    ) -> Result<JsonValue, Box<dyn std::error::Error + Send + Sync>> {
        Err(format!("refers to `{uri}`, and references are never fetched").into())
    }
}

fn to_value(node: &Node) -> JsonValue {
    match &node.value {
        Value::Null => JsonValue::Null,
        Value::Bool(truth) => JsonValue::Bool(*truth),
        Value::Number(text) => number(text).map_or(JsonValue::Null, JsonValue::Number),
        Value::String(text) | Value::Ambiguous(text, _) => JsonValue::String(text.clone()),
        Value::Sequence(items) => JsonValue::Array(items.iter().map(to_value).collect()),
        Value::Mapping(entries) => JsonValue::Object(
            entries
                .iter()
                .map(|entry| (entry.key.clone(), to_value(&entry.value)))
                .collect::<Map<_, _>>(),
        ),
        Value::Tagged(_, inner) => to_value(inner),
    }
}

fn number(text: &str) -> Option<Number> {
    if let Ok(whole) = text.parse::<u64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    text.parse().ok().and_then(Number::from_f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Limits, parse_json};

    fn node(text: &str) -> Node {
        parse_json(text.as_bytes(), Limits::GOVERNED).unwrap()
    }

    #[test]
    fn violations_point_to_the_value() {
        let schema = Schema::compile(&node(
            r#"{"type":"object","properties":{"a":{"type":"array","items":{"type":"integer"}}}}"#,
        ))
        .unwrap();
        let violations = schema.violations(&node("{\"a\":\n[1,\n \"x\"]}"));
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].pointer, "/a/1");
        assert_eq!(violations[0].position.line, 3);
        assert!(schema.violations(&node(r#"{"a":[1]}"#)).is_empty());
    }

    #[test]
    fn references_are_never_fetched() {
        let error =
            Schema::compile(&node(r#"{"$ref":"https://example.com/other.json"}"#)).unwrap_err();
        assert!(error.to_string().contains("example.com"), "{error}");
        assert!(Schema::compile(&node(r#"{"type":"nonsense"}"#)).is_err());
    }
}
