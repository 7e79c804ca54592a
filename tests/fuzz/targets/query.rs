//! PromQL as alert rules and dashboards have it.
#![no_main]

use countersign::validator::observe::metrics_asked;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(metrics) = metrics_asked(text) {
        assert!(metrics.iter().all(|metric| !metric.is_empty()), "a metric without a name");
    }
});
