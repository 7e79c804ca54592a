//! PEM (RFC 7468), one object to a file.

use pkcs8::LineEnding;
use pkcs8::der::pem;
use zeroize::Zeroizing;

/// Reads the only object of a file: its label and its bytes.
pub(super) fn decode(text: &[u8]) -> Option<(&str, Zeroizing<Vec<u8>>)> {
    let text = text.trim_ascii();
    // One object only: a second one could be the one that another reader takes.
    let begins = text.windows(11).filter(|window| window == b"-----BEGIN ").count();
    if begins != 1 || !text.starts_with(b"-----BEGIN ") {
        return None;
    }
    let (label, bytes) = pem::decode_vec(text).ok()?;
    Some((label, Zeroizing::new(bytes)))
}

/// Writes one object.
pub(super) fn encode(label: &str, bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(
        pem::encode_string(label, LineEnding::LF, bytes)
            .expect("a label of this crate and a key fit PEM"),
    )
}
