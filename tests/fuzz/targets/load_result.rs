//! Results of k6 and other load tools: summaries, NDJSON, CSV; and k6's threshold expressions.
#![no_main]

use countersign::validator::load::result;
use countersign::validator::load::threshold::{Threshold, split_key};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match result::read(bytes) {
        Ok(read) => {
            let _ = (read.requests(), read.request_rate());
        }
        Err(error) => {
            let _ = error.to_string();
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Threshold::parse(text);
        let _ = split_key(text);
    }
});
