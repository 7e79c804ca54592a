//! Bundles and envelopes as a stranger sends them. Nothing but what the key signed ever verifies, and
//! what was read is written and read again without a change.
#![no_main]

use countersign::trust::{Bundle, Envelope, Outline, PublicKey, Subject, open_with_key};
use libfuzzer_sys::fuzz_target;

/// Its private half was thrown away before anything was signed.
const KEY: &[u8] = include_bytes!("nobody.pub");

fuzz_target!(|bytes: &[u8]| {
    let key = PublicKey::from_pem(KEY).expect("the key was made by openssl");
    if let Ok(bundle) = Bundle::parse(bytes) {
        let written = bundle.to_bytes();
        let again = Bundle::parse(&written).expect("it was written here");
        assert_eq!(written, again.to_bytes());
        assert!(
            open_with_key(&bundle, Subject::Bytes(bytes), &key).is_err(),
            "a signature nobody made"
        );
        let _ = (bundle.signature(), bundle.unverified_key_hint());
    }
    if let Ok(envelope) = Envelope::parse(bytes) {
        let written = envelope.to_bytes();
        assert_eq!(written, Envelope::parse(&written).expect("it was written here").to_bytes());
    }
    let _ = Outline::parse(bytes);
});
