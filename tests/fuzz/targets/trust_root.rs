//! The trust root: the document, and the same bytes sealed by a key, so that what lies behind the
//! signature is reached.
#![no_main]

use std::sync::LazyLock;

use countersign::Timestamp;
use countersign::trust::root::{PAYLOAD_TYPE, TrustRootDocument};
use countersign::trust::{Algorithm, Envelope, PrivateKey, TrustRoot};
use libfuzzer_sys::fuzz_target;

static KEY: LazyLock<PrivateKey> =
    LazyLock::new(|| PrivateKey::generate(Algorithm::Ed25519).expect("random bytes"));

fuzz_target!(|bytes: &[u8]| {
    let now: Timestamp = "2026-11-24T09:00:00Z".parse().expect("a time");
    let _ = TrustRootDocument::parse(bytes);
    let _ = TrustRoot::open(bytes, now);
    let sealed = Envelope::sign(PAYLOAD_TYPE, bytes.to_vec(), &KEY).expect("it signs").to_bytes();
    // The key is named by nobody: a document that it seals for itself is not the fuzzer's to write.
    assert!(TrustRoot::open(&sealed, now).is_err(), "a key that the document does not know");
    let _ = TrustRoot::open_chain(bytes, &[sealed], now).is_ok();
});
