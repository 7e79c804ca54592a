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

    #[cfg(test)]
    mod tests {
        use std::io::{Read, Write};
        use std::net::TcpListener;
        use std::sync::mpsc::{Receiver, channel};

        use super::*;

        /// Answers one connection with some bytes; tells what it was asked.
        fn answering(reply: Vec<u8>, stays: bool) -> (String, Receiver<String>) {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}/tsa", listener.local_addr().unwrap());
            let (sender, receiver) = channel();
            std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut asked = vec![0; 4096];
                let length = stream.read(&mut asked).unwrap();
                asked.truncate(length);
                // Whoever asked may have hung up: it has read enough.
                let _ = stream.write_all(&reply);
                let _ = sender.send(String::from_utf8_lossy(&asked).into_owned());
                if !stays {
                    let _ = stream.shutdown(std::net::Shutdown::Write);
                }
                // What is not read would reset the connection, and the reply with it.
                let _ = stream.set_read_timeout(Some(Duration::from_secs(3)));
                while stream.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {}
            });
            (url, receiver)
        }

        fn post(reply: &str, stays: bool) -> (Result<Vec<u8>, String>, String) {
            let (url, asked) = answering(reply.as_bytes().to_vec(), stays);
            let network = Network::new(Duration::from_secs(1)).unwrap();
            let request =
                Request { url: &url, media_type: "application/timestamp-query", body: b"body" };
            (network.post(&request), asked.recv().unwrap())
        }

        const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nreply";

        #[test]
        fn a_request_and_its_reply() {
            let (reply, asked) = post(OK, false);
            assert_eq!(reply, Ok(b"reply".to_vec()));
            let asked = asked.to_ascii_lowercase();
            assert!(asked.starts_with("post /tsa http/1.1\r\n"), "{asked}");
            assert!(asked.contains("content-type: application/timestamp-query\r\n"), "{asked}");
            assert!(!asked.contains("authorization"), "{asked}");
        }

        #[test]
        fn replies_that_are_of_no_use() {
            let huge = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n\r\n{}",
                "x".repeat(3_000_000)
            );
            let error = "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno";
            let slow = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart";
            for (reply, stays, because) in [
                (error, false, "it answers 403 Forbidden: `no`"),
                (huge.as_str(), false, "larger than 1048576 bytes"),
                (slow, true, "within 1 seconds"),
                (slow, false, "it cannot be reached"),
                ("", false, "it cannot be reached"),
                ("garbage\r\n\r\n", false, "it cannot be reached"),
            ] {
                let problem = post(reply, stays).0.unwrap_err();
                assert!(problem.contains(because), "{problem}");
            }
        }

        #[test]
        fn x02_a_redirect_is_not_followed() {
            let (other, elsewhere) = answering(OK.as_bytes().to_vec(), false);
            for status in [301, 302, 303, 307, 308] {
                let reply = format!(
                    "HTTP/1.1 {status} Moved\r\nlocation: {other}\r\ncontent-length: 0\r\n\r\n"
                );
                let problem = post(&reply, false).0.unwrap_err();
                assert!(problem.contains("redirects are not followed"), "{problem}");
                let (url, asked) = answering(reply.into_bytes(), false);
                let network = Network::new(Duration::from_secs(1)).unwrap();
                let problem = network.get(&url, "secret").unwrap_err();
                assert!(problem.contains("redirects are not followed"), "{problem}");
                assert!(asked.recv().unwrap().contains("Bearer secret"));
            }
            assert!(elsewhere.try_recv().is_err());
        }

        #[test]
        fn an_error_that_quotes_the_credentials_does_not() {
            let reply = "HTTP/1.1 401 No\r\ncontent-length: 6\r\n\r\nsecret";
            let (url, _) = answering(reply.as_bytes().to_vec(), false);
            let network = Network::new(Duration::from_secs(1)).unwrap();
            let problem = network.get(&url, "secret").unwrap_err();
            assert!(problem.contains("`[token]`"), "{problem}");
        }
    }
}
