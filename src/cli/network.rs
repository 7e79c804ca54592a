//! The network: absent from this build, or the one client of the feature `keyless`.
//!
//! The only file that names an HTTP client. Verifying never comes here.

#[cfg(feature = "keyless")]
pub(super) use client::Network;
#[cfg(not(feature = "keyless"))]
pub(super) use none::Network;

#[cfg(not(feature = "keyless"))]
mod none {
    use std::convert::Infallible;
    use std::time::Duration;

    use countersign::trust::service::{Exchange, Request};

    /// There is none: a value of this type cannot be had.
    #[derive(Debug)]
    pub(in crate::cli) struct Network(Infallible);

    impl Network {
        /// Says how to get one.
        pub(in crate::cli) fn new(_: Duration) -> Result<Self, String> {
            Err("this build has no network code, so that none can be reached while verifying; \
                 install with `cargo install countersign --features keyless`"
                .to_owned())
        }
    }

    impl Network {
        /// Gets a document that is for the bearer of a token.
        pub(in crate::cli) fn get(&self, _: &str, _: &str) -> Result<Vec<u8>, String> {
            match self.0 {}
        }
    }

    impl Exchange for Network {
        fn post(&self, _: &Request<'_>) -> Result<Vec<u8>, String> {
            match self.0 {}
        }
    }
}

#[cfg(feature = "keyless")]
mod client {
    use std::sync::Arc;
    use std::time::Duration;

    use countersign::trust::service::{Exchange, MAX_REPLY, Request};
    use ureq::http::{Response, StatusCode, header};
    use ureq::tls::{RootCerts, TlsConfig};
    use ureq::{Agent, Body, Error};

    /// A client that follows no redirect, reads no more than a reply may have, and does not wait
    /// for ever.
    pub(in crate::cli) struct Network {
        agent: Agent,
        patience: Duration,
    }

    impl std::fmt::Debug for Network {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.debug_struct("Network").field("patience", &self.patience).finish()
        }
    }

    impl Network {
        /// A client whose every request may take so long.
        #[expect(clippy::unnecessary_wraps, reason = "other builds have no client")]
        pub(in crate::cli) fn new(patience: Duration) -> Result<Self, String> {
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let tls = TlsConfig::builder()
                .unversioned_rustls_crypto_provider(provider)
                // What the machine trusts: an instance of one's own has an authority of one's own.
                .root_certs(RootCerts::PlatformVerifier)
                .build();
            let agent = Agent::config_builder()
                .tls_config(tls)
                .timeout_global(Some(patience))
                // A redirect would carry a token to wherever it points.
                .max_redirects(0)
                .max_redirects_will_error(false)
                .http_status_as_error(false)
                .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
                .build()
                .new_agent();
            Ok(Self { agent, patience })
        }

        /// Gets a document that is for the bearer of a token.
        pub(in crate::cli) fn get(&self, url: &str, bearer: &str) -> Result<Vec<u8>, String> {
            let request = self.agent.get(url).header(header::ACCEPT, "application/json");
            let request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
            // Whoever complains may quote what was sent.
            self.read(request.call()).map_err(|problem| problem.replace(bearer, "[token]"))
        }

        fn read(&self, reply: Result<Response<Body>, Error>) -> Result<Vec<u8>, String> {
            let mut reply = reply.map_err(|error| self.explain(&error))?;
            let status = reply.status();
            if status.is_redirection() {
                let to = reply.headers().get(header::LOCATION);
                let to = to.and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
                return Err(format!(
                    "it answers {} and points to `{}`; redirects are not followed",
                    status.as_u16(),
                    shown(to)
                ));
            }
            let body = reply.body_mut().with_config().limit(MAX_REPLY as u64).read_to_vec();
            if !status.is_success() {
                return Err(refusal(status, &body.unwrap_or_default()));
            }
            body.map_err(|error| self.explain(&error))
        }

        #[expect(clippy::wildcard_enum_match_arm, reason = "the client's errors are not ours")]
        fn explain(&self, error: &Error) -> String {
            match error {
                Error::Timeout(_) => format!(
                    "it gave no whole reply within {} seconds; --timeout allows for more",
                    self.patience.as_secs()
                ),
                Error::BodyExceedsLimit(_) => {
                    format!("its reply is larger than {MAX_REPLY} bytes")
                }
                other => format!("it cannot be reached: {}", shown(&other.to_string())),
            }
        }
    }

    impl Exchange for Network {
        fn post(&self, request: &Request<'_>) -> Result<Vec<u8>, String> {
            let Request { url, media_type, body } = *request;
            let posted = self.agent.post(url).header(header::CONTENT_TYPE, media_type).send(body);
            self.read(posted)
        }
    }

    fn refusal(status: StatusCode, body: &[u8]) -> String {
        let said = String::from_utf8_lossy(body);
        let said = shown(said.trim());
        let reason = status.canonical_reason().unwrap_or_default();
        let said = if said.is_empty() { said } else { format!(": `{said}`") };
        format!("it answers {} {reason}{said}", status.as_u16())
    }

    fn shown(text: &str) -> String {
        text.chars().take(300).collect()
    }
}
