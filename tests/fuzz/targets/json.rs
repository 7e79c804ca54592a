//! The strict JSON reader. Whatever it takes, an ordinary reader takes too and reads the same; what the
//! typed reader takes, the reader with positions takes.
#![no_main]

use countersign::document;
use countersign::json::{self, Limits};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let strict = json::parse::<Value>(bytes, Limits::DOCUMENT);
    if let Ok(value) = &strict {
        let ordinary: Value =
            serde_json::from_slice(bytes).expect("an ordinary reader takes it too");
        assert_eq!(*value, ordinary);
        assert!(document::parse_json(bytes, document::Limits::GOVERNED).is_ok());
        if has_integers_only(value) {
            let again = json::to_bytes(value);
            let again =
                json::parse::<Value>(&again, Limits { bytes: 64 << 20, ..Limits::DOCUMENT });
            assert_eq!(again.expect("it was written here"), *value);
        }
        let line = json::compact(bytes);
        let line: Value = serde_json::from_slice(&line).expect("only white space went");
        assert_eq!(line, *value);
    } else if let Err(error) = strict {
        assert!(error.position.line >= 1 && error.position.column >= 1, "{error}");
        let _ = error.to_string();
    }
});

/// What the tool writes has no fraction: its writer says so, and refuses one.
fn has_integers_only(value: &Value) -> bool {
    match value {
        Value::Number(number) => !number.is_f64(),
        Value::Array(items) => items.iter().all(has_integers_only),
        Value::Object(members) => members.values().all(has_integers_only),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}
