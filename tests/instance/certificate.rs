//! Certificates, and the certificate log that has seen them.

use countersign::trust::{Algorithm, PrivateKey};
use countersign::{Digest, Timestamp};

use super::der;

/// A P-256 key with what certificates, logs and bundles say of it.
pub(crate) struct Key(PrivateKey);

impl Key {
    pub(crate) fn generate() -> Self {
        Self(PrivateKey::generate(Algorithm::P256).unwrap())
    }

    /// SubjectPublicKeyInfo.
    pub(crate) fn spki(&self) -> Vec<u8> {
        let pem = self.pem();
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        super::unbase64(&base64)
    }

    pub(crate) fn pem(&self) -> String {
        self.0.public().to_pem()
    }

    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.spki())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).unwrap()
    }
}

/// Somebody who issues certificates.
pub(crate) struct Authority {
    pub(crate) key: Key,
    pub(crate) name: String,
    pub(crate) der: Vec<u8>,
    pub(crate) window: (Timestamp, Timestamp),
}

impl Authority {
    /// One that vouches for itself.
    pub(crate) fn root(name: &str, window: (Timestamp, Timestamp)) -> Self {
        let key = Key::generate();
        let der = issue(&key, name, &Certified::authority(name, &key, window));
        Self { key, name: name.to_owned(), der, window }
    }

    /// One that this one vouches for, as long as it names only URIs below a host.
    pub(crate) fn limited(&self, name: &str, host: &str, window: (Timestamp, Timestamp)) -> Self {
        let key = Key::generate();
        let mut certified = Certified::authority(name, &key, window);
        let below = der::sequence(&[&der::explicit(0, &der::sequence(&[&uri(host)]))]);
        certified.extensions.push(der::extension("2.5.29.30", true, &below));
        let der = self.issue(&certified);
        Self { key, name: name.to_owned(), der, window }
    }

    /// One that this one vouches for.
    pub(crate) fn below(&self, name: &str, window: (Timestamp, Timestamp)) -> Self {
        let key = Key::generate();
        let der = issue(&self.key, &self.name, &Certified::authority(name, &key, window));
        Self { key, name: name.to_owned(), der, window }
    }

    pub(crate) fn issue(&self, certified: &Certified) -> Vec<u8> {
        issue(&self.key, &self.name, certified)
    }
}

/// What a certificate says.
#[derive(Clone)]
pub(crate) struct Certified {
    pub(crate) subject: Vec<u8>,
    pub(crate) spki: Vec<u8>,
    pub(crate) window: (Timestamp, Timestamp),
    pub(crate) extensions: Vec<Vec<u8>>,
    pub(crate) serial: u64,
}

impl Certified {
    fn authority(name: &str, key: &Key, window: (Timestamp, Timestamp)) -> Self {
        let extensions = vec![
            der::extension("2.5.29.19", true, &der::sequence(&[&der::yes()])),
            // Bit 5: it signs certificates.
            der::extension("2.5.29.15", true, &der::tagged(0x03, &[&[2, 0b0000_0100]])),
        ];
        Self { subject: der::name(name), spki: key.spki(), window, extensions, serial: 1 }
    }

    /// Everything but the signature.
    fn to_be_signed(&self, issuer: &str) -> Vec<u8> {
        let (from, until) = self.window;
        let extensions: Vec<&[u8]> = self.extensions.iter().map(Vec::as_slice).collect();
        der::sequence(&[
            &der::explicit(0, &der::integer(2)),
            &der::integer(self.serial),
            &der::algorithm(der::ECDSA_SHA256),
            &der::name(issuer),
            &der::sequence(&[&der::utc_time(from), &der::utc_time(until)]),
            &self.subject,
            &self.spki,
            &der::explicit(3, &der::sequence(&extensions)),
        ])
    }
}

fn issue(key: &Key, issuer: &str, certified: &Certified) -> Vec<u8> {
    let body = certified.to_be_signed(issuer);
    let signature = der::bits(&key.sign(&body));
    der::sequence(&[&body, &der::algorithm(der::ECDSA_SHA256), &signature])
}

/// Names that a certificate can have (RFC 5280, `GeneralName`).
pub(crate) fn address(text: &str) -> Vec<u8> {
    der::tagged(0x81, &[text.as_bytes()])
}

pub(crate) fn uri(text: &str) -> Vec<u8> {
    der::tagged(0x86, &[text.as_bytes()])
}

/// What a signer's certificate says, as far as tests change it.
#[derive(Clone)]
pub(crate) struct Leaf {
    pub(crate) window: (Timestamp, Timestamp),
    pub(crate) names: Vec<Vec<u8>>,
    pub(crate) issuer: Option<String>,
    pub(crate) usage: u8,
    pub(crate) purpose: &'static str,
    pub(crate) subject: Vec<u8>,
    pub(crate) more: Vec<Vec<u8>>,
    /// Whether the certificate log has seen it.
    pub(crate) seen: Seen,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Yes,
    No,
    /// By another log that says it is this one.
    ByAnother,
}

pub(crate) const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
pub(crate) const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";

impl Leaf {
    /// Issues the certificate for a key and returns it in DER.
    pub(crate) fn issue(&self, key: &Key, by: &Authority, log: &Key) -> Vec<u8> {
        let names: Vec<&[u8]> = self.names.iter().map(Vec::as_slice).collect();
        let mut extensions = vec![
            der::extension("2.5.29.15", true, &der::tagged(0x03, &[&[0, self.usage]])),
            der::extension("2.5.29.37", false, &der::sequence(&[&der::oid(self.purpose)])),
            der::extension("2.5.29.17", true, &der::sequence(&names)),
        ];
        if let Some(issuer) = &self.issuer {
            let id = "1.3.6.1.4.1.57264.1.8";
            extensions.push(der::extension(id, false, &der::text(issuer)));
        }
        extensions.extend(self.more.iter().cloned());
        let mut certified = Certified {
            subject: self.subject.clone(),
            spki: key.spki(),
            window: self.window,
            extensions,
            serial: 7,
        };
        if self.seen != Seen::No {
            let body = certified.to_be_signed(&by.name);
            let signer = if self.seen == Seen::Yes { None } else { Some(Key::generate()) };
            let list = seen(&body, by, log, signer.as_ref().unwrap_or(log), self.window.0);
            certified.extensions.push(der::extension(
                "1.3.6.1.4.1.11129.2.4.2",
                false,
                &der::octets(&list),
            ));
        }
        by.issue(&certified)
    }
}

/// A list of one signed certificate timestamp (RFC 6962, section 3.3).
fn seen(body: &[u8], by: &Authority, log: &Key, signer: &Key, at: Timestamp) -> Vec<u8> {
    let millis = (at.unix_seconds() * 1000).to_be_bytes();
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let signed =
        [&[0, 0][..], &millis, &[0, 1], by.key.digest().as_bytes(), &length[1..], body, &[0, 0]]
            .concat();
    let signature = signer.sign(&signed);
    let size = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_be_bytes();
    let one =
        [&[0][..], log.digest().as_bytes(), &millis, &[0, 0, 4, 3], &size(&signature), &signature]
            .concat();
    let framed = [&size(&one)[..], &one].concat();
    [&size(&framed)[..], &framed].concat()
}
