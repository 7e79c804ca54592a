//! Identity tokens: what a signer without a key shows to be given a certificate.
//!
//! Nobody here verifies a token; whoever issues certificates does. It is read for what it says about
//! its holder, which whatever comes back must fit.

use std::fmt;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::base64;
use crate::json::{self, Limits};
use crate::time::Timestamp;

/// An OpenID Connect identity token (a JWT). Never printed, wiped when dropped.
pub struct IdentityToken {
    text: Zeroizing<String>,
    claims: Claims,
}

impl fmt::Debug for IdentityToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IdentityToken(..)")
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    federated_claims: Option<FederatedClaims>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Who vouches in the end, when the provider passes on what another one says.
#[derive(Deserialize)]
struct FederatedClaims {
    connector_id: Option<String>,
}

/// The audience of tokens that are for certificates (Fulcio, "OIDC").
pub const AUDIENCE: &str = "sigstore";
/// The longest token, in bytes.
const MAX_TOKEN: usize = 1 << 16;

/// Why a text is no identity token that can be used. Never holds any of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenError {
    /// It is not three parts between dots, the second a JSON object with the claims of a token.
    Malformed(String),
    /// It is for somebody else.
    Audience,
    /// It is no longer valid.
    Expired(Timestamp),
    /// It is not valid yet.
    Early(Timestamp),
}

impl fmt::Display for TokenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(problem) => write!(formatter, "not an identity token: {problem}"),
            Self::Audience => write!(
                formatter,
                "the identity token is for another audience; ask for one for `{AUDIENCE}`"
            ),
            Self::Expired(at) => {
                write!(formatter, "the identity token expired at {at}; ask for a new one")
            }
            Self::Early(at) => write!(
                formatter,
                "the identity token is valid from {at} on; the clock may be wrong"
            ),
        }
    }
}

impl std::error::Error for TokenError {}

impl IdentityToken {
    /// Reads a token that is to be used now.
    ///
    /// # Errors
    ///
    /// [`TokenError`] for anything but a JWT for certificates that is valid now.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, TokenError> {
        let malformed = |problem: &str| TokenError::Malformed(problem.to_owned());
        let text = text.trim_ascii();
        if text.len() > MAX_TOKEN {
            return Err(malformed("it is longer than 65536 bytes"));
        }
        let parts: Vec<&str> = text.split('.').collect();
        let [_, payload, _] = parts.as_slice() else {
            let problem = format!("it has {} parts between dots; expected 3", parts.len());
            return Err(TokenError::Malformed(problem));
        };
        // What is sent as it is must be nothing but a token.
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            return Err(malformed("it holds what is no base64 for addresses"));
        }
        let payload = base64::decode_unpadded(payload)
            .map(Zeroizing::new)
            .ok_or_else(|| malformed("its second part is no base64 for addresses"))?;
        // The reader's own words could hold some of the text.
        let claims: Claims = json::parse(&payload, Limits { bytes: MAX_TOKEN, depth: 16 })
            .map_err(|_| {
                malformed("its second part is no JSON object with iss, sub, aud and exp")
            })?;
        let claims_audience = match &claims.aud {
            Audience::One(one) => one == AUDIENCE,
            Audience::Several(several) => several.iter().any(|one| one == AUDIENCE),
        };
        if !claims_audience {
            return Err(TokenError::Audience);
        }
        let moment = |seconds: i64| {
            Timestamp::from_unix_seconds(seconds).map_err(|_| malformed("its times are no times"))
        };
        let expires = moment(claims.exp)?;
        if now >= expires {
            return Err(TokenError::Expired(expires));
        }
        if let Some(from) = claims.nbf.map(moment).transpose()?
            && from > now.plus_seconds(super::timestamp::CLOCK_SKEW)
        {
            return Err(TokenError::Early(from));
        }
        if claims.challenge().is_empty() || claims.iss.is_empty() {
            return Err(malformed("it names nobody"));
        }
        Ok(Self { text: Zeroizing::new(text.to_owned()), claims })
    }

    /// The token itself, to be shown to nobody but the issuer of certificates.
    pub(super) fn secret(&self) -> &str {
        &self.text
    }

    /// What the holder of the key must sign to show that it is theirs: the address or the subject.
    pub(super) fn challenge(&self) -> &str {
        self.claims.challenge()
    }

    /// The address that the certificate must be for; none when the token holds no address.
    pub(super) fn address(&self) -> Option<&str> {
        self.claims.email.as_deref()
    }

    /// The issuer that the certificate must name.
    pub(super) fn issuer(&self) -> &str {
        let federated = self.claims.federated_claims.as_ref();
        federated.and_then(|claims| claims.connector_id.as_deref()).unwrap_or(&self.claims.iss)
    }

    /// Returns a text without the token, should somebody have sent it back.
    pub(super) fn redact(&self, text: &str) -> String {
        let mut parts = vec![self.text.as_str()];
        parts.extend(self.text.split('.').filter(|part| part.len() >= 16));
        parts.iter().fold(text.to_owned(), |text, part| text.replace(part, "[identity token]"))
    }
}

impl Claims {
    fn challenge(&self) -> &str {
        self.email.as_deref().unwrap_or(&self.sub)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::trust) const NOW: &str = "2026-11-24T09:00:00Z";

    pub(in crate::trust) fn token(claims: &str) -> String {
        let encode = |text: &str| {
            let text = base64::encode(text.as_bytes()).replace('+', "-").replace('/', "_");
            text.trim_end_matches('=').to_owned()
        };
        format!("{}.{}.{}", encode(r#"{"alg":"ES256"}"#), encode(claims), encode("a signature"))
    }

    pub(in crate::trust) fn claims() -> String {
        r#"{"iss": "https://issuer.example", "sub": "subject", "aud": "sigstore",
            "exp": 1795510860, "nbf": 1795510740, "email": "a@example.com"}"#
            .to_owned()
    }

    fn parse(claims: &str) -> Result<IdentityToken, TokenError> {
        IdentityToken::parse(&token(claims), NOW.parse().unwrap())
    }

    #[test]
    fn a_token_says_who_holds_it() {
        let token = parse(&claims()).unwrap();
        assert_eq!((token.challenge(), token.address()), ("a@example.com", Some("a@example.com")));
        assert_eq!(token.issuer(), "https://issuer.example");
        let workflow = claims().replace(r#", "email": "a@example.com""#, "");
        let workflow = workflow.replace(r#""sigstore""#, r#"["other", "sigstore"]"#);
        let token = parse(&workflow).unwrap();
        assert_eq!((token.challenge(), token.address()), ("subject", None));
        let passed_on = r#""federated_claims": {"connector_id": "https://other.example"}, "iss""#;
        let token = parse(&claims().replace(r#""iss""#, passed_on)).unwrap();
        assert_eq!(token.issuer(), "https://other.example");
    }

    #[test]
    fn a_token_that_cannot_be_used() {
        let refused = |from: &str, to: &str, because: &str| {
            let changed = claims().replace(from, to);
            assert_ne!(changed, claims());
            let error = parse(&changed).unwrap_err().to_string();
            assert!(error.contains(because), "{error}");
        };
        refused("1795510860", "1795510800", "expired at 2026-11-24T09:00:00Z");
        refused("1795510740", "1795510861", "is valid from");
        refused("\"sigstore\"", "\"other\"", "for another audience");
        refused("\"sigstore\"", "[]", "for another audience");
        refused("\"exp\": 1795510860,", "", "with iss, sub, aud and exp");
        refused("\"sub\"", "\"sub\": \"x\", \"sub\"", "with iss, sub, aud and exp");
        refused("1795510860", "9223372036854775807", "no times");
        refused("a@example.com", "", "names nobody");
        refused("https://issuer.example", "", "names nobody");
        for text in ["", "a", "a.b", "a.b.c", "a.b.c.d", "a.e30.c", "a.\u{e9}.c", "a.e30=.c"] {
            assert!(IdentityToken::parse(text, NOW.parse().unwrap()).is_err(), "{text:?}");
        }
        let spaced = token(&claims()).replacen('.', ".\r\nX: y", 1);
        assert!(IdentityToken::parse(&spaced, NOW.parse().unwrap()).is_err());
    }

    #[test]
    fn a_token_is_never_told() {
        let text = token(&claims());
        let token = parse(&claims()).unwrap();
        assert_eq!(format!("{token:?}"), "IdentityToken(..)");
        let said = format!("no: {text}, and {}", text.split('.').nth(1).unwrap());
        assert_eq!(token.redact(&said), "no: [identity token], and [identity token]");
        let marked = claims().replace("1795510860", "\"9f86d081884c7d65\"");
        let error = parse(&marked).unwrap_err();
        assert!(!error.to_string().contains("9f86"), "{error}");
    }
}
