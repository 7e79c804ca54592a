//! Keys, certificates in PEM, and minisign's texts.
#![no_main]

use countersign::trust::chain::AuthorityChain;
use countersign::trust::minisign::is_minisign;
use countersign::trust::sigstore::ManagedKey;
use countersign::trust::{MinisignKey, MinisignSignature, PublicKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(key) = PublicKey::from_pem(bytes) {
        assert!(!key.verifies(bytes, bytes));
    }
    if let Ok(key) = PublicKey::from_der(bytes) {
        assert!(!key.verifies(bytes, &[0; 64]));
    }
    let _ = ManagedKey::from_pem(bytes);
    let _ = AuthorityChain::parse(bytes);
    let _ = is_minisign(bytes);
    if let Ok(key) = MinisignKey::parse(bytes) {
        let again = MinisignKey::parse(key.to_text().as_bytes()).expect("it was written here");
        assert_eq!(again.to_text(), key.to_text());
    }
    if let Ok(signature) = MinisignSignature::parse(bytes) {
        let again = MinisignSignature::parse(signature.to_text().as_bytes());
        assert_eq!(again.expect("it was written here").to_text(), signature.to_text());
    }
});
