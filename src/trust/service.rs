//! Services that signing asks: what is asked, and why an answer is of no use.
//!
//! The library opens no connection and starts no program. Whoever calls it brings both.

use std::fmt;

/// What is asked of a service.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The address.
    pub url: &'a str,
    /// What the body is.
    pub media_type: &'static str,
    /// The body.
    pub body: &'a [u8],
}

/// Carries requests to services and brings their replies.
pub trait Exchange {
    /// Posts a request and returns the body of a reply that says that it worked.
    ///
    /// A redirect is not followed: what is asked may hold credentials. A reply is at most
    /// [`MAX_REPLY`] bytes, and does not take for ever.
    ///
    /// # Errors
    ///
    /// In one line, why there is no such reply.
    fn post(&self, request: &Request<'_>) -> Result<Vec<u8>, String>;
}

/// The largest reply of a service, in bytes.
pub const MAX_REPLY: usize = 1 << 20;

/// Why a service was of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceError {
    /// It was not asked, gave no answer, or one that cannot be read: nothing can be said.
    Unusable {
        /// The service's address, or the command that asks it.
        service: String,
        /// What happened, and what to do.
        problem: String,
    },
    /// It answered, and the answer does not hold.
    Refused {
        /// The service's address, or the command that asks it.
        service: String,
        /// What does not hold.
        problem: String,
    },
}

impl ServiceError {
    pub(super) fn unusable(service: &str, problem: impl Into<String>) -> Self {
        Self::Unusable { service: service.to_owned(), problem: problem.into() }
    }

    pub(super) fn refused(service: &str, problem: impl Into<String>) -> Self {
        Self::Refused { service: service.to_owned(), problem: problem.into() }
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Unusable { service, problem } | Self::Refused { service, problem }) = self;
        write!(formatter, "`{service}`: {problem}")
    }
}

impl std::error::Error for ServiceError {}
