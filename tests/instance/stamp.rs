//! A timestamp authority (RFC 3161).

use countersign::{Digest, Timestamp};

use super::certificate::{Authority, Certified, Key, TIME_STAMPING};
use super::der;

/// Its root, its signing certificate, and where it answers.
pub(crate) struct StampAuthority {
    pub(crate) root: Authority,
    key: Key,
    pub(crate) leaf: Vec<u8>,
    pub(crate) uri: String,
}

const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
const SERIAL: u64 = 9;

impl StampAuthority {
    pub(crate) fn new(name: &str, window: (Timestamp, Timestamp)) -> Self {
        Self::with_leaf(name, window, window)
    }

    /// One whose signing certificate has a window of its own.
    pub(crate) fn with_leaf(
        name: &str,
        window: (Timestamp, Timestamp),
        leaf: (Timestamp, Timestamp),
    ) -> Self {
        let root = Authority::root(&format!("{name} root"), window);
        let key = Key::generate();
        let purpose = der::sequence(&[&der::oid(TIME_STAMPING)]);
        let leaf = root.issue(&Certified {
            subject: der::name(name),
            spki: key.spki(),
            window: leaf,
            extensions: vec![
                der::extension("2.5.29.15", true, &der::tagged(0x03, &[&[7, 0x80]])),
                der::extension("2.5.29.37", true, &purpose),
            ],
            serial: SERIAL,
        });
        Self { root, key, leaf, uri: format!("https://{name}.example") }
    }

    /// A response over bytes at a time.
    pub(crate) fn stamp(&self, bytes: &[u8], at: Timestamp) -> Vec<u8> {
        let imprint = der::octets(Digest::of(bytes).as_bytes());
        let info = der::sequence(&[
            &der::integer(1),
            &der::oid("1.2.3.4.1"),
            &der::sequence(&[&der::algorithm(der::SHA256), &imprint]),
            &der::integer(77),
            &der::generalized_time(at),
        ]);
        let digest = der::octets(Digest::of(&info).as_bytes());
        let mut attributes = [
            der::sequence(&[&der::oid(CONTENT_TYPE), &der::set(&[&der::oid(TST_INFO)])]),
            der::sequence(&[&der::oid(MESSAGE_DIGEST), &der::set(&[&digest])]),
        ];
        attributes.sort();
        let [first, second] = &attributes;
        let signature = self.key.sign(&der::set(&[first, second]));
        let signer = der::sequence(&[
            &der::integer(1),
            &der::sequence(&[&der::name(&self.root.name), &der::integer(SERIAL)]),
            &der::algorithm(der::SHA256),
            &der::tagged(0xa0, &[first, second]),
            &der::algorithm(der::ECDSA_SHA256),
            &der::octets(&signature),
        ]);
        let signed = der::sequence(&[
            &der::integer(3),
            &der::set(&[&der::algorithm(der::SHA256)]),
            &der::sequence(&[&der::oid(TST_INFO), &der::explicit(0, &der::octets(&info))]),
            &der::set(&[&signer]),
        ]);
        let token = der::sequence(&[&der::oid(SIGNED_DATA), &der::explicit(0, &signed)]);
        der::sequence(&[&der::sequence(&[&der::integer(0)]), &token])
    }
}
