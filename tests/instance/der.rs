//! DER, as far as certificates and timestamps need it: written by hand, so that every field can be
//! written wrongly.

use countersign::Timestamp;

pub(crate) const SHA256: &str = "2.16.840.1.101.3.4.2.1";
pub(crate) const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";

/// One value under a tag.
pub(crate) fn tagged(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match content.len() {
        short @ 0..=127 => out.push(u8::try_from(short).unwrap()),
        long => {
            let bytes = long.to_be_bytes();
            let bytes: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
            out.push(0x80 | u8::try_from(bytes.len()).unwrap());
            out.extend(bytes);
        }
    }
    out.extend(content);
    out
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tagged(0x30, parts)
}

pub(crate) fn set(parts: &[&[u8]]) -> Vec<u8> {
    tagged(0x31, parts)
}

pub(crate) fn octets(bytes: &[u8]) -> Vec<u8> {
    tagged(0x04, &[bytes])
}

pub(crate) fn bits(bytes: &[u8]) -> Vec<u8> {
    tagged(0x03, &[&[0], bytes])
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    tagged(0x0c, &[text.as_bytes()])
}

/// `[number] EXPLICIT`.
pub(crate) fn explicit(number: u8, content: &[u8]) -> Vec<u8> {
    tagged(0xa0 | number, &[content])
}

pub(crate) fn integer(number: u64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(7);
    let sign: &[u8] = if bytes[first] >= 0x80 { &[0] } else { &[] };
    tagged(0x02, &[sign, &bytes[first..]])
}

pub(crate) fn yes() -> Vec<u8> {
    tagged(0x01, &[&[0xff]])
}

pub(crate) fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut out = Vec::new();
    let joined = std::iter::once(arcs[0] * 40 + arcs[1]).chain(arcs[2..].iter().copied());
    for arc in joined {
        let mut groups = vec![u8::try_from(arc & 0x7f).unwrap()];
        let mut rest = arc >> 7;
        while rest > 0 {
            groups.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
            rest >>= 7;
        }
        out.extend(groups.into_iter().rev());
    }
    tagged(0x06, &[&out])
}

pub(crate) fn algorithm(dotted: &str) -> Vec<u8> {
    sequence(&[&oid(dotted)])
}

pub(crate) fn generalized_time(at: Timestamp) -> Vec<u8> {
    tagged(0x18, &[digits(at).as_bytes()])
}

pub(crate) fn utc_time(at: Timestamp) -> Vec<u8> {
    tagged(0x17, &[&digits(at).as_bytes()[2..]])
}

fn digits(at: Timestamp) -> String {
    at.to_string().chars().filter(|character| !"-:T".contains(*character)).collect()
}

/// A name of one common name.
pub(crate) fn name(common: &str) -> Vec<u8> {
    sequence(&[&set(&[&sequence(&[&oid("2.5.4.3"), &text(common)])])])
}

/// An X.509 extension.
pub(crate) fn extension(dotted: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { yes() } else { Vec::new() };
    sequence(&[&oid(dotted), &critical, &octets(value)])
}
