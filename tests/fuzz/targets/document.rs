//! The reader of governed documents: JSON, YAML and TOML, with positions and limits. The first byte
//! chooses the format.
#![no_main]

use countersign::document::{Document, Limits};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 100, values: 100_000 };

fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    let name = ["a.json", "a.yaml", "a.toml"][usize::from(first % 3)];
    let path = name.parse().expect("the path is portable");
    match Document::parse(&path, bytes, LIMITS) {
        Ok(document) => {
            for root in &document.roots {
                let mut values = 0_usize;
                root.walk(&mut |pointer, node| {
                    values += 1;
                    assert!(node.position.line >= 1, "{pointer}");
                    let _ = (node.scalar_text(), node.as_f64(), node.as_i64(), node.kind());
                });
                assert!(values >= 1 && values <= LIMITS.values);
            }
        }
        Err(error) => {
            let _ = error.to_string();
        }
    }
});
