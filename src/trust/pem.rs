//! PEM (RFC 7468), one object to a file.

use pkcs8::LineEnding;
use pkcs8::der::pem;
use zeroize::Zeroizing;

/// Reads the only object of a file: its label and its bytes.
pub(super) fn decode(text: &[u8]) -> Option<(&str, Zeroizing<Vec<u8>>)> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let text = text.trim_ascii();
    let rest = text.strip_prefix(BEGIN)?;
    // One object only: a second one could be the one that another reader takes.
    if rest.windows(BEGIN.len()).any(|window| window == BEGIN) {
        return None;
    }
    let (label, bytes) = pem::decode_vec(text).ok()?;
    Some((label, Zeroizing::new(bytes)))
}

/// Reads every object of a file, in order. What stands between them says nothing (RFC 7468, section
/// 2); nothing when there is none, or one that is cut.
pub(super) fn decode_all(text: &[u8]) -> Option<Vec<(String, Zeroizing<Vec<u8>>)>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut objects = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.find("-----BEGIN ") {
        let (_, object) = rest.split_at(begin);
        let end = object.find("-----END ")?;
        let close = end + object[end..].find('\n').map_or(object.len() - end, |line| line + 1);
        let (object, after) = object.split_at(close);
        let (label, bytes) = pem::decode_vec(object.trim_ascii().as_bytes()).ok()?;
        objects.push((label.to_owned(), Zeroizing::new(bytes)));
        rest = after;
    }
    (!objects.is_empty()).then_some(objects)
}

/// Writes one object.
pub(super) fn encode(label: &str, bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(
        pem::encode_string(label, LineEnding::LF, bytes)
            .expect("a label of this crate and a key fit PEM"),
    )
}
