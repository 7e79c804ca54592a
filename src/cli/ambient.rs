//! Where an identity token comes from: the command line, the environment, or the CI that runs us.

use std::path::Path;

use countersign::json::{self, Limits};
use countersign::pipeline::Error;
use countersign::tree;
use countersign::trust::signing_config::check_address;
use countersign::trust::token::{AUDIENCE, IdentityToken};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::exit::Failure;
use super::network::Network;
use super::session::{self, Session};

/// Finds the token of whoever signs: what is given, `SIGSTORE_ID_TOKEN`, GitHub Actions; in this
/// order, and the first that is there counts.
pub(super) fn identity_token(
    given: Option<&str>,
    network: &Network,
    session: &Session,
) -> Result<IdentityToken, Failure> {
    let (from, text) = match (given, session::identity_token(), session::github_actions()) {
        (Some(given), ..) if looks_like_a_token(given) => {
            ("--identity-token".to_owned(), Zeroizing::new(given.to_owned()))
        }
        (Some(file), ..) => (file.to_owned(), read(file.as_ref())?),
        (None, Some(text), _) => ("SIGSTORE_ID_TOKEN".to_owned(), text),
        (None, None, Some((url, bearer))) => (GITHUB.to_owned(), ask(&url, &bearer, network)?),
        (None, None, None) => {
            let problem = "nobody says who signs: give --identity-token, set SIGSTORE_ID_TOKEN, or \
                           let a job of GitHub Actions have `permissions: id-token: write`";
            return Err(Failure::Usage(problem.to_owned()));
        }
    };
    IdentityToken::parse(&text, session.clock())
        .map_err(|error| Error::Unusable { path: from.into(), problem: error.to_string() }.into())
}

/// What stands for GitHub in messages.
const GITHUB: &str = "GitHub Actions";
/// The largest token file, in bytes.
const MAX_FILE: usize = 1 << 16;

/// Tells a token from the name of a file: the first letters of every JWT are those of `{"`.
fn looks_like_a_token(text: &str) -> bool {
    text.starts_with("ey") && text.split('.').count() == 3 && !text.contains('/')
}

fn read(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let bytes = Zeroizing::new(tree::read_named(file, MAX_FILE)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        let problem = "not UTF-8 text; expected an identity token".to_owned();
        Error::Unusable { path: file.to_owned(), problem }
    })?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[derive(Deserialize)]
struct TokenReply {
    value: String,
}

/// Asks GitHub, as its documentation of OpenID Connect says.
fn ask(url: &str, bearer: &str, network: &Network) -> Result<Zeroizing<String>, Failure> {
    let failed = |problem: String| Failure::from(Error::Unusable { path: GITHUB.into(), problem });
    check_address(url).map_err(|_| {
        failed("ACTIONS_ID_TOKEN_REQUEST_URL is not an address with https://".to_owned())
    })?;
    let joint = if url.contains('?') { '&' } else { '?' };
    let reply = network.get(&format!("{url}{joint}audience={AUDIENCE}"), bearer).map_err(failed)?;
    let reply = Zeroizing::new(reply);
    // The reader's own words could hold some of the token.
    let reply: TokenReply = json::parse(&reply, Limits { bytes: MAX_FILE * 2, depth: 8 })
        .map_err(|_| failed("its reply is no JSON object with a `value`".to_owned()))?;
    Ok(Zeroizing::new(reply.value))
}

#[cfg(test)]
mod tests {
    use super::looks_like_a_token;

    #[test]
    fn a_token_is_told_from_a_file() {
        assert!(looks_like_a_token("eyJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJzaWdzdG9yZSJ9.c2ln"));
        for file in ["token.jwt", "eye.of.god/file", "/run/token", "ey", "a.b.c", ""] {
            assert!(!looks_like_a_token(file), "{file}");
        }
    }
}
