//! What a certificate says: its name, its issuer, its window, its purpose.
//!
//! The only file that names the X.509 reader. Chains are verified elsewhere; here stands what
//! those who verify chains leave open.

use std::collections::BTreeSet;

use x509_cert::der::asn1::Utf8StringRef;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, SubjectAltName};

use super::Refusal;
use super::identity::{Claims, WorkflowIdentity};
use crate::finding::rules::trust as rules;
use crate::time::Timestamp;

/// A certificate that was read. Nothing in it is trusted by that.
#[derive(Debug)]
pub(super) struct Certificate(x509_cert::Certificate);

/// The identity provider that vouched for the name: a UTF8String.
const ISSUER_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.8");
/// The same in its older form: the bare text.
const ISSUER_V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.1");
/// What signed, once more beside the name: a UTF8String, as those below.
const BUILD_SIGNER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.9");
/// The repository that was built.
const SOURCE_REPOSITORY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.12");
/// The branch or tag that was built.
const SOURCE_REF: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.14");
/// The run that built it.
const RUN_INVOCATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.21");

/// The part of a name that is an organization.
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
/// The part of a name that is a name.
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// The purpose of a timestamp authority's certificate.
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
/// ECDSA, on whatever curve.
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// RFC 5280, 4.2.1.10.
const NAME_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.30");

/// One name of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Address(String),
    Uri(String),
    /// One of a kind that names no signer.
    Other,
}

impl Certificate {
    /// Reads a certificate in DER.
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        x509_cert::Certificate::from_der(der).ok().map(Self)
    }

    /// Returns organization and common name, as far as it states them.
    pub(super) fn subject(&self) -> (String, String) {
        let attributes = self.0.tbs_certificate.subject.0.iter().flat_map(|name| name.0.iter());
        let mut parts = (String::new(), String::new());
        for attribute in attributes {
            let text = std::str::from_utf8(attribute.value.value()).unwrap_or_default();
            if attribute.oid == ORGANIZATION {
                text.clone_into(&mut parts.0);
            } else if attribute.oid == COMMON_NAME {
                text.clone_into(&mut parts.1);
            }
        }
        parts
    }

    /// Tells whether the other certificate's holder is said to have issued this one. Whether it
    /// has, its signature shows where a chain is verified.
    pub(super) fn is_issued_by(&self, other: &Self) -> bool {
        self.0.tbs_certificate.issuer == other.0.tbs_certificate.subject
    }

    /// Holds when the certificate is for timestamps and nothing else, as RFC 3161 section 2.3 asks,
    /// and its key is of the kind that timestamps are verified with here.
    pub(super) fn check_stamping(&self) -> Result<(), &'static str> {
        match self.0.tbs_certificate.get::<ExtendedKeyUsage>() {
            Ok(Some((true, usage))) if usage.0 == [TIME_STAMPING] => {}
            Ok(Some((false, usage))) if usage.0 == [TIME_STAMPING] => {
                return Err("is for timestamps, but that is not marked as critical");
            }
            Ok(_) | Err(_) => return Err("is not for timestamps and nothing else"),
        }
        let algorithm = self.0.tbs_certificate.subject_public_key_info.algorithm.oid;
        if algorithm == EC_PUBLIC_KEY { Ok(()) } else { Err("has a key that is not ECDSA") }
    }

    /// Returns the public key in DER.
    pub(super) fn public_key(&self) -> Option<Vec<u8>> {
        self.0.tbs_certificate.subject_public_key_info.to_der().ok()
    }

    /// Returns the first and the last moment at which the certificate is in use.
    pub(super) fn window(&self) -> Option<(Timestamp, Timestamp)> {
        let validity = &self.0.tbs_certificate.validity;
        let moment = |seconds: u64| {
            i64::try_from(seconds).ok().and_then(|at| Timestamp::from_unix_seconds(at).ok())
        };
        Some((
            moment(validity.not_before.to_unix_duration().as_secs())?,
            moment(validity.not_after.to_unix_duration().as_secs())?,
        ))
    }

    /// Tells whether the certificate limits whom those below it may name. Such limits on URIs are
    /// what readers of chains differ on most, and no certificate of a bundle needs any.
    pub(super) fn constrains_names(&self) -> bool {
        let mut extensions = self.0.tbs_certificate.extensions.iter().flatten();
        extensions.any(|extension| extension.extn_id == NAME_CONSTRAINTS)
    }

    /// Tells whether the certificate is in use at a time.
    pub(super) fn is_in_use(&self, at: Timestamp) -> bool {
        self.window().is_some_and(|(from, until)| (from..=until).contains(&at))
    }

    /// Holds when the certificate is one for signing by exactly this identity, vouched for by
    /// exactly this issuer.
    ///
    /// Off-spec: the client specification lets a certificate have several names of which one
    /// matches. Here it has exactly one, compared byte for byte.
    pub(super) fn check(&self, identity: &str, issuer: &str) -> Result<(), Refusal> {
        self.check_extensions()?;
        let name = self.name()?;
        if name != identity {
            let (name, identity) = (name.escape_debug(), identity.escape_debug());
            return Err(mismatch(format!(
                "the certificate is for `{name}`; expected `{identity}`"
            )));
        }
        let issuers = self.issuers()?;
        if issuers.is_empty() || issuers.iter().any(|stated| stated != issuer) {
            let stated: Vec<String> =
                issuers.iter().map(|stated| format!("`{}`", stated.escape_debug())).collect();
            let stated = if stated.is_empty() { "nobody".to_owned() } else { stated.join(", ") };
            let expected = issuer.escape_debug();
            return Err(mismatch(format!("the issuer is {stated}; expected `{expected}`")));
        }
        Ok(())
    }

    /// Returns the certificate's only name when it is this workflow's, and the certificate says
    /// whatever else it must.
    pub(super) fn workflow_name(&self, workflow: &WorkflowIdentity) -> Result<String, Refusal> {
        self.check_extensions()?;
        let Name::Uri(name) = self.only_name()? else {
            return Err(mismatch("the certificate's name is no URI, as a workflow's is"));
        };
        workflow.check_name(&name).map_err(mismatch)?;
        // Whoever reads this extension for the name must see the same workflow.
        if let Some(signer) = self.text(BUILD_SIGNER)?.filter(|signer| *signer != name) {
            let signer = signer.escape_debug();
            let message = format!("the name is `{name}`, and the build signer is `{signer}`");
            return Err(mismatch(message));
        }
        let stated = Claims {
            source_repository: self.text(SOURCE_REPOSITORY)?,
            source_ref: self.text(SOURCE_REF)?,
            run_invocation: self.text(RUN_INVOCATION)?,
        };
        workflow.check_claims(&stated).map_err(mismatch)?;
        Ok(name)
    }

    /// Returns the certificate's only name, when it names a signer.
    pub(super) fn name(&self) -> Result<String, Refusal> {
        match self.only_name()? {
            Name::Address(name) | Name::Uri(name) => Ok(name),
            Name::Other => Err(mismatch("the certificate's name is no address and no URI")),
        }
    }

    /// The only name; with several, whoever asked for the certificate chose which reader sees whom.
    fn only_name(&self) -> Result<Name, Refusal> {
        let mut names = self.names()?;
        match (names.pop(), names.len()) {
            (Some(only), 0) => Ok(only),
            (last, before) => {
                let count = before + usize::from(last.is_some());
                Err(mismatch(format!("the certificate has {count} names; expected one")))
            }
        }
    }

    fn check_extensions(&self) -> Result<(), Refusal> {
        let untrusted = |message: &str| Err(Refusal::new(&rules::CERTIFICATE_NOT_TRUSTED, message));
        let mut seen = BTreeSet::new();
        let mut extensions = self.0.tbs_certificate.extensions.iter().flatten();
        if !extensions.all(|extension| seen.insert(extension.extn_id)) {
            // RFC 5280, 4.2: two readers could take two different ones.
            return untrusted("the certificate has an extension twice");
        }
        match self.0.tbs_certificate.get::<KeyUsage>() {
            Ok(Some((_, usage))) if usage.digital_signature() => Ok(()),
            Ok(_) => untrusted("the certificate is not for digital signatures"),
            Err(_) => untrusted("the certificate's key usage is malformed"),
        }
    }

    fn names(&self) -> Result<Vec<Name>, Refusal> {
        let names = self.0.tbs_certificate.get::<SubjectAltName>().map_err(|_| {
            Refusal::new(&rules::CERTIFICATE_NOT_TRUSTED, "the certificate's names are malformed")
        })?;
        let names = names.map(|(_, names)| names.0).unwrap_or_default();
        Ok(names
            .iter()
            .map(|name| match name {
                GeneralName::Rfc822Name(text) => Name::Address(text.as_str().to_owned()),
                GeneralName::UniformResourceIdentifier(text) => Name::Uri(text.as_str().to_owned()),
                GeneralName::OtherName(_)
                | GeneralName::DnsName(_)
                | GeneralName::DirectoryName(_)
                | GeneralName::EdiPartyName(_)
                | GeneralName::IpAddress(_)
                | GeneralName::RegisteredId(_) => Name::Other,
            })
            .collect())
    }

    /// The text of an extension that is a UTF8String, if the certificate has it.
    fn text(&self, id: ObjectIdentifier) -> Result<Option<String>, Refusal> {
        let mut extensions = self.0.tbs_certificate.extensions.iter().flatten();
        let Some(extension) = extensions.find(|extension| extension.extn_id == id) else {
            return Ok(None);
        };
        let text = Utf8StringRef::from_der(extension.extn_value.as_bytes()).map_err(|_| {
            let message = format!("the certificate's extension {id} is malformed");
            Refusal::new(&rules::CERTIFICATE_NOT_TRUSTED, message)
        })?;
        Ok(Some(text.as_str().to_owned()))
    }

    /// The issuer in each of the two forms that the certificate has.
    fn issuers(&self) -> Result<Vec<String>, Refusal> {
        let malformed = || {
            let message = "the certificate's issuer is malformed";
            Refusal::new(&rules::CERTIFICATE_NOT_TRUSTED, message)
        };
        let mut issuers = Vec::new();
        for extension in self.0.tbs_certificate.extensions.iter().flatten() {
            let value = extension.extn_value.as_bytes();
            if extension.extn_id == ISSUER_V2 {
                let text = Utf8StringRef::from_der(value).map_err(|_| malformed())?;
                issuers.push(text.as_str().to_owned());
            } else if extension.extn_id == ISSUER_V1 {
                // Some write it as a UTF8String too; a bare text never reads as one.
                let text = Utf8StringRef::from_der(value)
                    .map(|text| text.as_str().to_owned())
                    .or_else(|_| String::from_utf8(value.to_vec()));
                issuers.push(text.map_err(|_| malformed())?);
            }
        }
        Ok(issuers)
    }
}

fn mismatch(message: impl Into<String>) -> Refusal {
    Refusal::new(&rules::CERTIFICATE_IDENTITY_MISMATCH, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(der: &[u8], identity: &str, issuer: &str) -> Option<&'static str> {
        let certificate = Certificate::from_der(der).unwrap();
        certificate.check(identity, issuer).err().map(|refusal| refusal.rule.code)
    }

    macro_rules! der {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/vectors/certificates/", $name, ".der"))
        };
    }

    const NAME: &str = "a@example.com";
    const ISSUER: &str = "https://issuer.example";

    #[test]
    fn exactly_one_name_byte_for_byte() {
        assert_eq!(refused(der!("one-name"), NAME, ISSUER), None);
        for other in ["A@example.com", "a@example.com ", "a@example.com\0", "example.com", "", ".*"]
        {
            assert_eq!(refused(der!("one-name"), other, ISSUER), Some("CS-TRUST-022"), "{other:?}");
        }
        for other in ["https://issuer.example/", "https://ISSUER.example", "issuer.example", ""] {
            assert_eq!(refused(der!("one-name"), NAME, other), Some("CS-TRUST-022"), "{other:?}");
        }
    }

    #[test]
    fn no_several_or_other_names() {
        // Each of them says the right name somewhere: as one of two, in the subject, as a host.
        for der in
            [der!("two-names").as_slice(), der!("no-name"), der!("dns-name"), der!("other-name")]
        {
            assert_eq!(refused(der, NAME, ISSUER), Some("CS-TRUST-022"));
        }
    }

    #[test]
    fn both_forms_of_the_issuer_must_agree() {
        for issuer in [ISSUER, "https://other.example"] {
            assert_eq!(refused(der!("two-issuers"), NAME, issuer), Some("CS-TRUST-022"));
        }
    }

    #[test]
    fn a_certificate_that_may_not_sign_is_refused() {
        assert_eq!(refused(der!("no-signing"), NAME, ISSUER), Some("CS-TRUST-027"));
    }

    #[test]
    fn a_window_includes_both_ends() {
        let certificate = Certificate::from_der(der!("one-name")).unwrap();
        let (from, until) = certificate.window().unwrap();
        let at = |time: Timestamp, seconds: i64| {
            Timestamp::from_unix_seconds(time.unix_seconds() + seconds).unwrap()
        };
        assert!(certificate.is_in_use(from) && certificate.is_in_use(until));
        assert!(!certificate.is_in_use(at(from, -1)) && !certificate.is_in_use(at(until, 1)));
        assert!(Certificate::from_der(b"").is_none());
    }
}
