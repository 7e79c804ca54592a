//! Attestations of others: as they come, and with the bytes as a payload that a key has signed, so that
//! what lies behind the signature is reached.
#![no_main]

use std::sync::LazyLock;

use countersign::provenance::{Aliases, ForeignStatement, PAYLOAD_TYPE};
use countersign::trust::{
    Algorithm, Attestation, Envelope, PrivateKey, PublicKey, open_attestation_with_key,
};
use libfuzzer_sys::fuzz_target;

const NOBODY: &[u8] = include_bytes!("nobody.pub");
static KEY: LazyLock<PrivateKey> =
    LazyLock::new(|| PrivateKey::generate(Algorithm::Ed25519).expect("random bytes"));

fuzz_target!(|bytes: &[u8]| {
    let nobody = PublicKey::from_pem(NOBODY).expect("the key was made by openssl");
    if let Ok(attestation) = Attestation::parse(bytes) {
        assert!(
            open_attestation_with_key(&attestation, &nobody).is_err(),
            "a signature nobody made"
        );
        let _ = attestation.unverified_payload();
    }
    let envelope = Envelope::sign(PAYLOAD_TYPE, bytes.to_vec(), &KEY).expect("it signs");
    let attestation = Attestation::parse(&envelope.to_bytes()).expect("it was written here");
    let opened = open_attestation_with_key(&attestation, KEY.public()).expect("it was signed here");
    let _ = ForeignStatement::parse(opened.value(), &Aliases::new());
});
