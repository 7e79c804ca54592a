//! Image references, read as the container world reads them.
//!
//! The grammar is that of the distribution project's `reference` package, with the normalisation
//! that every container engine applies before it asks a registry:
//!
//! ```text
//! reference := name [ ":" tag ] [ "@" digest ]
//! name      := [ host [ ":" port ] "/" ] component [ "/" component ]*
//! ```
//!
//! `redis` is `docker.io/library/redis`; `team/api` is `docker.io/team/api`; a first part with a
//! dot, a colon or a capital letter, or `localhost`, is a registry.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;

/// The registry that a name without one means.
pub const DEFAULT_DOMAIN: &str = "docker.io";
/// Its older name.
const LEGACY_DOMAIN: &str = "index.docker.io";
/// The longest path of a repository.
const LONGEST_PATH: usize = 255;
/// The longest tag.
const LONGEST_TAG: usize = 128;

/// A reference to an image: registry, repository, and a tag or a digest or both.
///
/// ```
/// use countersign::validator::image::ImageReference;
///
/// let image: ImageReference = "redis:7.4.2".parse().unwrap();
/// assert_eq!(image.repository(), "docker.io/library/redis");
/// assert_eq!(image.tag(), Some("7.4.2"));
/// assert!(image.digest().is_none());
/// assert!("Redis:7.4.2".parse::<ImageReference>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageReference {
    domain: String,
    path: String,
    tag: Option<String>,
    digest: Option<ImageDigest>,
}

/// The digest in a reference. Only SHA-256 is a digest of ours; others are legal and kept as text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageDigest {
    /// `sha256:<64 hexadecimal digits>`
    Sha256(Digest),
    /// `sha384:...` or `sha512:...`
    Other(String),
}

impl fmt::Display for ImageDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(digest) => write!(formatter, "sha256:{digest}"),
            Self::Other(text) => formatter.write_str(text),
        }
    }
}

impl ImageReference {
    /// Returns registry and path, `docker.io/library/redis`.
    #[must_use]
    pub fn repository(&self) -> String {
        if self.domain.is_empty() {
            return self.path.clone();
        }
        format!("{}/{}", self.domain, self.path)
    }

    /// Returns the registry with its port; empty where the grammar reads the whole name as a path.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Returns the repository's path in its registry.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the tag.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns the digest.
    #[must_use]
    pub fn digest(&self) -> Option<&ImageDigest> {
        self.digest.as_ref()
    }

    /// Returns the digest where it is a SHA-256.
    #[must_use]
    pub fn sha256(&self) -> Option<Digest> {
        match self.digest {
            Some(ImageDigest::Sha256(digest)) => Some(digest),
            Some(ImageDigest::Other(_)) | None => None,
        }
    }

    /// Tells whether the tag is one that its publisher moves: `latest` and its kin, or a major
    /// version alone, with or without a flavour (`7`, `v1`, `7-alpine`).
    #[must_use]
    pub fn has_moving_tag(&self) -> bool {
        let Some(tag) = &self.tag else { return false };
        let first = tag.split('-').next().unwrap_or(tag);
        let digits = first.strip_prefix('v').unwrap_or(first);
        // A date (`20240613`) or a build number is long and does not move; a major version is short.
        let is_major =
            (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        is_major || MOVING.contains(&first)
    }
}

/// Tags that mean "whatever is newest".
const MOVING: &[&str] = &[
    "latest", "stable", "edge", "main", "master", "nightly", "dev", "devel", "develop", "canary",
    "rolling", "mainline", "lts", "current", "head", "snapshot",
];

/// Tells whether a text is a reference only once something has been put into it: a variable of
/// compose or of a shell (`${TAG}`), a template (`{{ .Values.tag }}`), a name in angle brackets.
#[must_use]
pub fn is_template(text: &str) -> bool {
    text.contains('$') || text.contains("{{") || (text.contains('<') && text.contains('>'))
}

impl fmt::Display for ImageReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.repository())?;
        if let Some(tag) = &self.tag {
            write!(formatter, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(formatter, "@{digest}")?;
        }
        Ok(())
    }
}

/// Why a text is no image reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageProblem {
    /// There is no text.
    Empty,
    /// 64 hexadecimal digits are the identifier of an image, and name no repository.
    Identifier,
    /// A repository's name has a capital letter.
    UpperCase,
    /// A repository's path is longer than 255 characters.
    TooLong,
    /// The part before the tag is no name.
    Name,
    /// What follows the last `:` is no tag.
    Tag,
    /// What follows the `@` is no digest of a known algorithm in lower-case hexadecimal digits.
    Digest,
}

impl fmt::Display for ImageProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "it is empty",
            Self::Identifier => "64 hexadecimal digits name an image, not a repository",
            Self::UpperCase => "a repository's name has no capital letters",
            Self::TooLong => "a repository's path has at most 255 characters",
            Self::Name => {
                "a name has parts of `a-z` and `0-9` with single `.` or `_`, `__` or any `-` \
                 inside, and a `/` between parts"
            }
            Self::Tag => {
                "a tag has at most 128 letters, digits, `_`, `.` and `-`, and begins with none of \
                 the last two"
            }
            Self::Digest => "a digest is `sha256:` and 64 lower-case hexadecimal digits",
        })
    }
}

impl std::error::Error for ImageProblem {}

impl FromStr for ImageReference {
    type Err = ImageProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(ImageProblem::Empty);
        }
        if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(ImageProblem::Identifier);
        }
        let (domain, rest) = split_domain(text);
        let (named, digest) = match rest.split_once('@') {
            Some((named, digest)) => (named, Some(parse_digest(digest)?)),
            None => (rest.as_str(), None),
        };
        let (path, tag) = match named.split_once(':') {
            Some((path, tag)) => (path, Some(parse_tag(tag)?)),
            None => (named, None),
        };
        if path.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(ImageProblem::UpperCase);
        }
        if !path.split('/').all(is_component) {
            return Err(ImageProblem::Name);
        }
        let (domain, path) = if is_domain(&domain) {
            (domain, path.to_owned())
        } else if is_component(&domain) {
            // The grammar's own corner: `a_b.c/d` has no host in it, and is a path as a whole.
            (String::new(), format!("{domain}/{path}"))
        } else {
            return Err(ImageProblem::Name);
        };
        if path.len() > LONGEST_PATH {
            return Err(ImageProblem::TooLong);
        }
        Ok(Self { domain, path, tag, digest })
    }
}

/// Splits off the registry, and spells out what a short name leaves out.
fn split_domain(text: &str) -> (String, String) {
    let official = |rest: &str| {
        if rest.contains('/') { rest.to_owned() } else { format!("library/{rest}") }
    };
    match text.split_once('/') {
        Some((LEGACY_DOMAIN | DEFAULT_DOMAIN, rest)) => (DEFAULT_DOMAIN.to_owned(), official(rest)),
        Some((first, rest))
            if first == "localhost"
                || first.contains(['.', ':'])
                || first.bytes().any(|b| b.is_ascii_uppercase()) =>
        {
            (first.to_owned(), rest.to_owned())
        }
        Some(_) => (DEFAULT_DOMAIN.to_owned(), text.to_owned()),
        None => (DEFAULT_DOMAIN.to_owned(), format!("library/{text}")),
    }
}

fn parse_tag(text: &str) -> Result<String, ImageProblem> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let is_tag = text.len() <= LONGEST_TAG
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'));
    if is_tag { Ok(text.to_owned()) } else { Err(ImageProblem::Tag) }
}

fn parse_digest(text: &str) -> Result<ImageDigest, ImageProblem> {
    let (algorithm, hex) = text.split_once(':').ok_or(ImageProblem::Digest)?;
    let is_hex = |length: usize| {
        hex.len() == length && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    match algorithm {
        "sha256" => hex.parse().map(ImageDigest::Sha256).map_err(|_| ImageProblem::Digest),
        "sha384" if is_hex(96) => Ok(ImageDigest::Other(text.to_owned())),
        "sha512" if is_hex(128) => Ok(ImageDigest::Other(text.to_owned())),
        _ => Err(ImageProblem::Digest),
    }
}

/// `alpha-numeric [separator alpha-numeric]*`, a separator being `.`, `_`, `__` or any `-`.
fn is_component(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_digit() || b.is_ascii_lowercase();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        while at < bytes.len() && is_word(bytes[at]) {
            at += 1;
        }
        if at == start {
            return false;
        }
        if at == bytes.len() {
            return true;
        }
        let separator = bytes[at..].iter().take_while(|b| !is_word(**b)).count();
        let known = match &bytes[at..at + separator] {
            [b'.' | b'_'] | [b'_', b'_'] => true,
            dashes => dashes.iter().all(|b| *b == b'-'),
        };
        if !known {
            return false;
        }
        at += separator;
    }
    false
}

/// `host [":" port]`, a host being a name, an IPv4 address, or an IPv6 address in brackets.
fn is_domain(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            let is_address =
                !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
            let port = rest.strip_prefix(':');
            return is_address && (rest.is_empty() || port.is_some_and(is_port));
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    port.is_none_or(is_port) && host.split('.').all(is_host_part)
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_host_part(text: &str) -> bool {
    let ends_well = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    ends_well(text.bytes().next())
        && ends_well(text.bytes().last())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
