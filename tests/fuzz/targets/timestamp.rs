//! What a timestamp authority answers (RFC 3161, DER): as an answer to our own question, and inside a
//! bundle.
#![no_main]

use std::sync::LazyLock;

use countersign::Timestamp;
use countersign::trust::timestamp::TimestampAuthority;
use countersign::trust::{Algorithm, Bundle, PrivateKey, Subject, open_with_key};
use libfuzzer_sys::fuzz_target;

static KEY: LazyLock<PrivateKey> =
    LazyLock::new(|| PrivateKey::generate(Algorithm::Ed25519).expect("random bytes"));

fuzz_target!(|bytes: &[u8]| {
    let now: Timestamp = "2026-11-24T09:00:00Z".parse().expect("a time");
    let mut bundle = Bundle::sign_message(b"the file", &KEY).expect("it signs");
    let answer = bytes.to_vec();
    let authority = TimestampAuthority {
        name: "fuzzer".to_owned(),
        ask: Box::new(move |_| Ok(answer.clone())),
    };
    assert!(
        authority.stamp(bundle.signature(), None, &|| now).is_err(),
        "no answer knows our nonce"
    );
    bundle.add_timestamp(bytes.to_vec());
    if let Ok(read) = Bundle::parse(&bundle.to_bytes()) {
        let _ = open_with_key(&read, Subject::Bytes(b"the file"), KEY.public());
    }
});
