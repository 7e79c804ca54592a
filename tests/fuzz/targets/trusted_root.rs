//! Sigstore's trusted root and signing configuration, and the policy about workflows.
#![no_main]

use countersign::trust::WorkflowDocument;
use countersign::trust::signing_config::{SigningConfig, check_address};
use countersign::trust::sigstore::TrustedRoot;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = TrustedRoot::parse(bytes).map(|root| root.has_timestamp_authorities_only());
    let _ = SigningConfig::parse(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = check_address(text);
    }
    let _ = serde_json::from_slice::<WorkflowDocument>(bytes);
});
