//! Base64 (RFC 4648) in its canonical forms only. The only file that names the codec.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

/// Writes the standard alphabet with padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads the standard or the URL-safe alphabet with padding.
///
/// DSSE 1.0.2 makes a verifier accept both alphabets. Mixed alphabets, missing padding, white
/// space and bits that carry nothing are refused: each gives one payload a second spelling.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

/// Reads the URL-safe alphabet without padding, as the parts of a JWT are written (RFC 7515).
pub(super) fn decode_unpadded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_per_alphabet() {
        assert_eq!(decode("+/8="), Some(vec![0xfb, 0xff]));
        assert_eq!(decode("-_8="), Some(vec![0xfb, 0xff]));
        for wrong in ["+_8=", "+/8", "+/8=\n", " +/8=", "+/9=", "+/8==", "=", "+/8=+/8="] {
            assert_eq!(decode(wrong), None, "{wrong:?}");
        }
        assert_eq!(decode(""), Some(Vec::new()));
    }
}
