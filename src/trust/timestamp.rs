//! RFC 3161: a request for a timestamp over a signature, and what its reply must be.
//!
//! Who made a timestamp is verified by [`super::sigstore`] with the certificates that a trusted root
//! brings. Here a reply is held against its request.

use super::asn1::{
    self, BOOLEAN, CONTEXT_0, GENERALIZED_TIME, INTEGER, NULL, OBJECT, OCTET_STRING, Reader,
    SEQUENCE, SET,
};
use super::bundle::Bundle;
use super::key::{self, KeyError};
use super::service::{MAX_REPLY, ServiceError};
use super::sigstore::{self, ProvenTime, TrustedRoot};
use crate::digest::Digest;
use crate::time::Timestamp;

/// Somebody who states when a signature was there.
pub struct TimestampAuthority<'a> {
    /// Its address, or the command that asks it.
    pub name: String,
    /// Asks it.
    pub ask: Box<Ask<'a>>,
}

/// Takes a TimeStampReq in DER and brings the TimeStampResp, or says in one line why there is none.
pub type Ask<'a> = dyn Fn(&[u8]) -> Result<Vec<u8>, String> + 'a;

impl std::fmt::Debug for TimestampAuthority<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TimestampAuthority").field("name", &self.name).finish()
    }
}

/// A reply that belongs to its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The TimeStampResp in DER.
    pub response: Vec<u8>,
    /// The time that it states.
    pub stated: Timestamp,
    /// Who proves that time; nobody where no trusted root was at hand.
    pub proven: Option<ProvenTime>,
}

/// Whose timestamps signatures by keys get.
pub struct Stamping<'a> {
    /// All of them: one timestamp each.
    pub authorities: Vec<TimestampAuthority<'a>>,
    /// What they are held against, where it is at hand.
    pub root: Option<&'a TrustedRoot>,
    /// Tells what time it is.
    pub clock: &'a dyn Fn() -> Timestamp,
}

impl std::fmt::Debug for Stamping<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Stamping").field("authorities", &self.authorities).finish()
    }
}

impl Stamping<'_> {
    /// Attaches a timestamp of every authority to a bundle of ours.
    ///
    /// # Errors
    ///
    /// As [`TimestampAuthority::stamp`]. The bundle is of no use then.
    pub fn stamp(&self, bundle: &mut Bundle) -> Result<Vec<Stamp>, ServiceError> {
        let mut stamps = Vec::new();
        for authority in &self.authorities {
            let stamp = authority.stamp(bundle.signature(), self.root, self.clock)?;
            bundle.add_timestamp(stamp.response.clone());
            stamps.push(stamp);
        }
        Ok(stamps)
    }
}

/// A request for a timestamp over a signature.
///
/// ```text
/// TimeStampReq ::= SEQUENCE { version 1, messageImprint { sha256, digest }, nonce, certReq TRUE }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
struct TimestampRequest {
    imprint: Digest,
    nonce: [u8; 8],
}

/// 2.16.840.1.101.3.4.2.1
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// 1.2.840.113549.1.7.2, signedData
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// 1.2.840.113549.1.9.16.1.4, id-ct-TSTInfo
const TIMESTAMP_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
/// How far the clock of an authority may be ahead of ours, in seconds.
pub(super) const CLOCK_SKEW: u32 = 60;

impl TimestampAuthority<'_> {
    /// Asks for a timestamp over a signature and holds the reply against the request; against the
    /// certificates of the trusted root too, where one is at hand.
    ///
    /// # Errors
    ///
    /// [`ServiceError`] when the authority gives no timestamp, or one over something else, for
    /// another request, or by nobody that the trusted root knows.
    pub fn stamp(
        &self,
        signature: &[u8],
        root: Option<&TrustedRoot>,
        clock: &dyn Fn() -> Timestamp,
    ) -> Result<Stamp, ServiceError> {
        let unusable = |problem: String| ServiceError::unusable(&self.name, problem);
        let refused = |problem: String| ServiceError::refused(&self.name, problem);
        let request = TimestampRequest::over(signature)
            .map_err(|error| unusable(format!("no request can be made: {error}")))?;
        let response = (self.ask)(&request.to_der()).map_err(unusable)?;
        if response.len() > MAX_REPLY {
            let length = response.len();
            return Err(unusable(format!("its reply is {length} bytes; at most {MAX_REPLY}")));
        }
        let stated = request.check(&response).map_err(|mismatch| match mismatch {
            Mismatch::Unreadable(problem) => unusable(problem),
            Mismatch::Wrong(problem) => refused(problem),
        })?;
        // An authority may be a little ahead of us; whoever verifies does so later.
        let now = clock().plus_seconds(CLOCK_SKEW);
        let proven = root
            .map(|root| sigstore::open_timestamp(&response, signature, root, now))
            .transpose()
            .map_err(|refusal| refused(refusal.message))?;
        if stated > now {
            return Err(refused(format!("it states {stated}, which has yet to come")));
        }
        Ok(Stamp { response, stated, proven })
    }
}

/// Why a reply is not the one to a request.
#[derive(Debug, PartialEq, Eq)]
enum Mismatch {
    Unreadable(String),
    Wrong(String),
}

impl TimestampRequest {
    fn over(signature: &[u8]) -> Result<Self, KeyError> {
        let mut nonce: [u8; 8] = key::random()?;
        // An INTEGER that is positive and as short as can be, whatever the rest is.
        nonce[0] = nonce[0] & 0x7f | 0x40;
        Ok(Self { imprint: Digest::of(signature), nonce })
    }

    fn to_der(&self) -> Vec<u8> {
        let version = asn1::value(INTEGER, &[&[1]]);
        let algorithm = asn1::value(SEQUENCE, &[&asn1::value(OBJECT, &[SHA256]), &null()]);
        let digest = asn1::value(OCTET_STRING, &[self.imprint.as_bytes()]);
        let imprint = asn1::value(SEQUENCE, &[&algorithm, &digest]);
        let nonce = asn1::value(INTEGER, &[&self.nonce]);
        let with_certificates = asn1::value(BOOLEAN, &[&[0xff]]);
        asn1::value(SEQUENCE, &[&version, &imprint, &nonce, &with_certificates])
    }

    /// Holds a reply against the request, as RFC 3161 section 2.4.2 asks: it was granted, it is
    /// over this signature, and it has this request's nonce. Returns the time that it states.
    fn check(&self, response: &[u8]) -> Result<Timestamp, Mismatch> {
        let unreadable = || {
            let problem = "its reply is no timestamp response in DER (RFC 3161)".to_owned();
            Mismatch::Unreadable(problem)
        };
        let (status, token) = parse_response(response).ok_or_else(unreadable)?;
        if !matches!(status, [0 | 1]) {
            let problem = format!("it granted no timestamp: {}", name_of_status(status));
            return Err(Mismatch::Unreadable(problem));
        }
        let info = token.and_then(parse_token).and_then(parse_info).ok_or_else(unreadable)?;
        let wrong = |problem: &str| Err(Mismatch::Wrong(problem.to_owned()));
        if info.algorithm != SHA256 || info.imprint != self.imprint.as_bytes() {
            return wrong("its timestamp is over something else than this signature");
        }
        if info.nonce != Some(&self.nonce) {
            return wrong("its timestamp is the reply to another request: the nonce differs");
        }
        moment(info.time).ok_or_else(unreadable)
    }
}

fn null() -> Vec<u8> {
    asn1::value(NULL, &[])
}

/// The statuses of RFC 3161 section 2.4.2 that grant nothing.
fn name_of_status(status: &[u8]) -> &'static str {
    match status {
        [2] => "the request was rejected",
        [3] => "the request is waiting",
        [4] => "a revocation is imminent",
        [5] => "a revocation has occurred",
        _ => "the status is unknown",
    }
}

/// ```text
/// TimeStampResp ::= SEQUENCE { status PKIStatusInfo, timeStampToken ContentInfo OPTIONAL }
/// ```
fn parse_response(bytes: &[u8]) -> Option<(&[u8], Option<Reader<'_>>)> {
    let mut outer = Reader::new(bytes);
    let mut response = outer.inside(SEQUENCE)?;
    let status = response.inside(SEQUENCE)?.value(INTEGER)?;
    let token = if response.is_at_end() { None } else { Some(response.inside(SEQUENCE)?) };
    (outer.is_at_end() && response.is_at_end()).then_some((status, token))
}

/// ```text
/// ContentInfo ::= SEQUENCE { signedData, [0] SEQUENCE { version, digestAlgorithms SET,
///     encapContentInfo SEQUENCE { id-ct-TSTInfo, [0] OCTET STRING }, ... } }
/// ```
fn parse_token(mut token: Reader<'_>) -> Option<Reader<'_>> {
    if token.value(OBJECT)? != SIGNED_DATA {
        return None;
    }
    let mut signed = token.inside(CONTEXT_0)?.inside(SEQUENCE)?;
    signed.value(INTEGER)?;
    signed.value(SET)?;
    let mut content = signed.inside(SEQUENCE)?;
    if content.value(OBJECT)? != TIMESTAMP_INFO {
        return None;
    }
    let mut info = Reader::new(content.inside(CONTEXT_0)?.value(OCTET_STRING)?);
    let inside = info.inside(SEQUENCE)?;
    info.is_at_end().then_some(inside)
}

struct TimestampInfo<'a> {
    algorithm: &'a [u8],
    imprint: &'a [u8],
    time: &'a [u8],
    nonce: Option<&'a [u8; 8]>,
}

/// ```text
/// TSTInfo ::= SEQUENCE { version, policy, messageImprint, serialNumber, genTime,
///     accuracy SEQUENCE OPTIONAL, ordering BOOLEAN OPTIONAL, nonce INTEGER OPTIONAL, ... }
/// ```
fn parse_info(mut info: Reader<'_>) -> Option<TimestampInfo<'_>> {
    if info.value(INTEGER)? != [1] {
        return None;
    }
    info.value(OBJECT)?;
    let mut imprint = info.inside(SEQUENCE)?;
    let algorithm = imprint.inside(SEQUENCE)?.value(OBJECT)?;
    let imprint = imprint.value(OCTET_STRING)?;
    info.value(INTEGER)?;
    let time = info.value(GENERALIZED_TIME)?;
    info.value(SEQUENCE);
    info.value(BOOLEAN);
    let nonce = info.value(INTEGER).and_then(|nonce| nonce.try_into().ok());
    Some(TimestampInfo { algorithm, imprint, time, nonce })
}

/// Reads `20261123090000Z`, or the same with a fraction of a second.
fn moment(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, rest) = text.split_at_checked(14)?;
    if !whole.bytes().all(|byte| byte.is_ascii_digit()) || !rest.ends_with('Z') {
        return None;
    }
    let part = |from: usize, to: usize| &whole[from..to];
    let (date, time) = ([part(0, 4), part(4, 6), part(6, 8)], [part(8, 10), part(10, 12)]);
    format!("{}T{}:{}{rest}", date.join("-"), time.join(":"), part(12, 14)).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A response as an authority makes it, with nothing of its signature.
    fn response(request: &TimestampRequest, edit: impl FnOnce(&mut Parts)) -> Vec<u8> {
        let mut parts = Parts {
            status: 0,
            kind: TIMESTAMP_INFO.to_vec(),
            algorithm: SHA256.to_vec(),
            imprint: request.imprint.as_bytes().to_vec(),
            time: b"20261123090000Z".to_vec(),
            nonce: Some(request.nonce.to_vec()),
        };
        edit(&mut parts);
        let object = |id: &[u8]| value(OBJECT, &[id]);
        let algorithm = value(SEQUENCE, &[&object(&parts.algorithm), &null()]);
        let imprint = value(SEQUENCE, &[&algorithm, &value(OCTET_STRING, &[&parts.imprint])]);
        let nonce = parts.nonce.map_or_else(Vec::new, |nonce| value(INTEGER, &[&nonce]));
        let info = [
            value(INTEGER, &[&[1]]),
            object(&[0x2a, 3]),
            imprint,
            value(INTEGER, &[&[9]]),
            value(GENERALIZED_TIME, &[&parts.time]),
            nonce,
        ];
        let info = value(SEQUENCE, &[&info.concat()]);
        let content = value(CONTEXT_0, &[&value(OCTET_STRING, &[&info])]);
        let content = value(SEQUENCE, &[&object(&parts.kind), &content]);
        let signed = [value(INTEGER, &[&[3]]), value(SET, &[]), content].concat();
        let token = value(CONTEXT_0, &[&value(SEQUENCE, &[&signed])]);
        let token = value(SEQUENCE, &[&object(SIGNED_DATA), &token]);
        let status = value(SEQUENCE, &[&value(INTEGER, &[&[parts.status]])]);
        value(SEQUENCE, &[&status, &token])
    }

    struct Parts {
        status: u8,
        kind: Vec<u8>,
        algorithm: Vec<u8>,
        imprint: Vec<u8>,
        time: Vec<u8>,
        nonce: Option<Vec<u8>>,
    }

    /// As the one of the requests, for any length.
    fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        let length = match length {
            [0, short @ ..0x80] => vec![short],
            [0, one] => vec![0x81, one],
            [first, second] => vec![0x82, first, second],
        };
        [&[tag][..], &length, &content].concat()
    }

    fn request() -> TimestampRequest {
        TimestampRequest { imprint: Digest::of(b"a signature"), nonce: *b"\x41nonce78" }
    }

    fn answer(edit: impl FnOnce(&mut Parts)) -> Result<Timestamp, Mismatch> {
        request().check(&response(&request(), edit))
    }

    #[test]
    fn a_request_is_what_openssl_makes_of_it() {
        // openssl ts -query -digest ba78... -sha256 -cert, with the nonce put in.
        let request = TimestampRequest { imprint: Digest::of(b"abc"), nonce: *b"\x41nonce78" };
        let hex: String = request.to_der().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "3043020101\
             3031300d060960864801650304020105000420\
             ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\
             0208416e6f6e63653738\
             0101ff"
        );
        let made = TimestampRequest::over(b"abc").unwrap();
        assert_ne!(made.nonce, TimestampRequest::over(b"abc").unwrap().nonce);
        assert!((0x40..0x80).contains(&made.nonce[0]));
    }

    #[test]
    fn the_reply_to_the_request_is_taken() {
        for status in [0, 1] {
            let stated = answer(|parts| parts.status = status).unwrap();
            assert_eq!(stated.to_string(), "2026-11-23T09:00:00Z");
        }
        let stated = answer(|parts| parts.time = b"20261123090000.5Z".to_vec()).unwrap();
        assert_eq!(stated.to_string(), "2026-11-23T09:00:00Z");
    }

    #[test]
    fn a_reply_over_something_else_or_to_another_request() {
        let wrong = |edit: fn(&mut Parts), because: &str| {
            let Err(Mismatch::Wrong(problem)) = answer(edit) else { panic!("{because}") };
            assert!(problem.contains(because), "{problem}");
        };
        wrong(|parts| parts.imprint[0] ^= 1, "something else");
        wrong(|parts| parts.imprint.truncate(20), "something else");
        // SHA-512's name over the right digest.
        wrong(|parts| *parts.algorithm.last_mut().unwrap() = 3, "something else");
        wrong(|parts| parts.nonce = None, "the nonce differs");
        wrong(|parts| parts.nonce = Some(b"\x41nonce79".to_vec()), "the nonce differs");
        wrong(|parts| parts.nonce = Some(vec![0x41]), "the nonce differs");
    }

    #[test]
    fn a_reply_that_grants_nothing_or_is_none() {
        for status in 2..=6 {
            let Err(Mismatch::Unreadable(problem)) = answer(|parts| parts.status = status) else {
                panic!("{status}")
            };
            assert!(problem.contains("granted no timestamp"), "{problem}");
        }
        // RFC 3161 without a token: only the status.
        let rejection = [0x30, 5, 0x30, 3, 2, 1, 2];
        assert!(matches!(request().check(&rejection), Err(Mismatch::Unreadable(_))));
        let granted = [0x30, 5, 0x30, 3, 2, 1, 0];
        assert!(matches!(request().check(&granted), Err(Mismatch::Unreadable(_))));
        for edit in [
            (|parts| parts.kind.truncate(3)) as fn(&mut Parts),
            |parts| parts.time = b"2026".to_vec(),
            |parts| parts.time = b"20261323090000Z".to_vec(),
            |parts| parts.time = b"20261123090000".to_vec(),
            |parts| parts.time = b"20261123090000+0100Z".to_vec(),
        ] {
            assert!(matches!(answer(edit), Err(Mismatch::Unreadable(_))));
        }
    }

    #[test]
    fn no_reply_is_too_odd() {
        let whole = response(&request(), |_| ());
        for end in 0..whole.len() {
            assert!(request().check(&whole[..end]).is_err(), "{end}");
        }
        let longer = [whole.as_slice(), &[0]].concat();
        assert!(request().check(&longer).is_err());
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x55;
            let _ = request().check(&changed);
        }
    }
}
