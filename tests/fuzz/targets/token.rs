//! Identity tokens of CI: as they come, and with the bytes as the claims of a token.
#![no_main]

use countersign::Timestamp;
use countersign::trust::token::IdentityToken;
use libfuzzer_sys::fuzz_target;

fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut bits = 0_u32;
        for at in 0..3 {
            bits = bits << 8 | u32::from(chunk.get(at).copied().unwrap_or(0));
        }
        for at in 0..=chunk.len() {
            text.push(char::from(LETTERS[(bits >> (18 - 6 * at) & 63) as usize]));
        }
    }
    text
}

fuzz_target!(|bytes: &[u8]| {
    let now: Timestamp = "2026-11-24T09:00:00Z".parse().expect("a time");
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = IdentityToken::parse(text, now);
    }
    let token = format!("{}.{}.AAAA", base64url(br#"{"alg":"RS256"}"#), base64url(bytes));
    if let Err(error) = IdentityToken::parse(&token, now) {
        let _ = error.to_string();
    }
});
