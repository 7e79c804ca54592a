//! DER (X.690), as little of it as a timestamp takes: definite lengths in their one shortest form.

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OBJECT: u8 = 0x06;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// What is explicitly tagged `[0]`.
pub(super) const CONTEXT_0: u8 = 0xa0;

/// Reads one value after the other; never past the end, never anything but DER.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads the values that follow one another in some bytes.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Returns the content of the next value when it has this tag, and goes past it.
    pub(super) fn value(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_first()?;
        if *first != tag {
            return None;
        }
        let (length, rest) = length(rest)?;
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(content)
    }

    /// Reads what stands in the next value, which must have this tag.
    pub(super) fn inside(&mut self, tag: u8) -> Option<Self> {
        self.value(tag).map(Self)
    }

    /// Tells whether nothing is left.
    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads a length: X.690 10.1 allows the shortest form only. No reply is longer than four bytes say.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if *first < 0x80 {
        return Some((usize::from(*first), rest));
    }
    let count = usize::from(*first & 0x7f);
    if !(1..=4).contains(&count) {
        return None;
    }
    let (digits, rest) = rest.split_at_checked(count)?;
    let length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
    (digits[0] != 0 && length >= 0x80).then_some((length, rest))
}

/// Writes one value of at most 127 bytes: a request is never longer.
pub(super) fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u8::try_from(content.len()).ok().filter(|length| *length < 0x80);
    let length = length.expect("a request for a timestamp is a few dozen bytes");
    [&[tag, length], content.as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_one_form() {
        let whole = |bytes: &[u8]| {
            let mut reader = Reader::new(bytes);
            reader.value(OCTET_STRING).map(<[u8]>::len).filter(|_| reader.is_at_end())
        };
        assert_eq!(whole(&[4, 1, 7]), Some(1));
        let long = [&[4, 0x81, 0x80][..], &[0; 0x80]].concat();
        assert_eq!(whole(&long), Some(0x80));
        for wrong in [
            &[][..],
            &[4],
            &[4, 1],
            &[4, 0x80, 0, 0],
            &[4, 0x81, 1, 7],
            &[4, 0x82, 0, 1, 7],
            &[4, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[4, 0x85, 0, 0, 0, 0, 1, 7],
            &[2, 1, 7],
            &[4, 1, 7, 0],
        ] {
            assert_eq!(whole(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = value(SEQUENCE, &[&value(INTEGER, &[&[1]]), &value(NULL, &[])]);
        let mut reader = Reader::new(&bytes);
        let mut inside = reader.inside(SEQUENCE).unwrap();
        assert_eq!(inside.value(INTEGER), Some(&[1][..]));
        assert_eq!(inside.value(INTEGER), None);
        assert_eq!(inside.value(NULL), Some(&[][..]));
        assert!(inside.is_at_end() && reader.is_at_end());
    }
}
