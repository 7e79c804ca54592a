//! The flags of signing that `sign` and `sign-blob` share: who states the time, and who is believed.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use countersign::Timestamp;
use countersign::pipeline::sign::{self, Signers, SigningKey, StatedTime};
use countersign::pipeline::{Error, trust};
use countersign::trust::sigstore::TrustedRoot;
use countersign::trust::sigstore::keyless::{CertificateIdentity, Keyless};
use countersign::trust::timestamp::Stamping;
use countersign::trust::{PublicKey, TrustRoot};
use serde::Serialize;

use super::exit::Failure;
use super::network::Network;
use super::render::text::escape;
use super::session::Session;
use super::{ambient, authority};

/// Who signs without a key, who states when somebody signed, and who is believed.
#[derive(clap::Args)]
pub(super) struct ServiceArgs {
    /// Who states when a key signed (RFC 3161): an address, or a command that reads the request on
    /// standard input and writes the reply on standard output; several make several timestamps
    #[arg(long = "timestamp-authority", value_name = "URL|COMMAND", help_heading = HEADING)]
    authorities: Vec<String>,
    /// Sign with a certificate that is issued for an identity token, instead of a key. It names who
    /// signed, and becomes public in the logs for ever
    #[arg(long, help_heading = HEADING, conflicts_with = "authorities", requires = "signing_config")]
    keyless: bool,
    /// Which services issue, log and time: a signing_config.json; none is built in or fetched
    #[arg(long, value_name = "FILE", help_heading = HEADING, requires = "keyless")]
    signing_config: Option<PathBuf>,
    /// Who signs: a file with an identity token, or the token; otherwise SIGSTORE_ID_TOKEN, or what
    /// GitHub Actions offers
    #[arg(long, value_name = "FILE|TOKEN", help_heading = HEADING, requires = "keyless")]
    identity_token: Option<String>,
    /// The trusted_root.json that whatever a service returns must hold against
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    trusted_root: Option<PathBuf>,
    /// A trust root whose embedded trusted root it must hold against
    #[arg(long, value_name = "TRUST_ROOT", help_heading = HEADING, conflicts_with = "trusted_root")]
    trust: Option<PathBuf>,
    /// How many seconds a service may take
    #[arg(
        long,
        value_name = "SECONDS",
        help_heading = HEADING,
        default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..=600)
    )]
    timeout: u64,
}

/// The heading of these flags.
const HEADING: &str = "Services";

/// The authorities that whatever a service returns is held against.
enum Roots {
    /// There are none at hand.
    None,
    /// Those of a `trusted_root.json`.
    Sigstore(Box<TrustedRoot>),
    /// Those that a trust root embeds.
    Ours(Box<TrustRoot>),
}

impl Roots {
    /// Returns the authorities, if there are any.
    fn trusted_root(&self) -> Option<&TrustedRoot> {
        match self {
            Self::None => None,
            Self::Sigstore(root) => Some(root),
            Self::Ours(root) => root.sigstore(),
        }
    }
}

impl ServiceArgs {
    /// How long a service may take.
    fn patience(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }

    /// Reads the authorities that are believed.
    fn roots(&self, session: &Session) -> Result<Roots, Failure> {
        match (&self.trusted_root, &self.trust) {
            (Some(path), _) => {
                let root = trust::open_trusted_root(path)?;
                Ok(Roots::Sigstore(Box::new(root)))
            }
            (None, Some(path)) => {
                let root = trust::open(path, None, session.now)?;
                if root.sigstore().is_none() {
                    let problem = format!(
                        "the trust root `{}` embeds no trusted root; `countersign trust set` puts \
                         one there",
                        path.display()
                    );
                    return Err(Failure::Usage(problem));
                }
                Ok(Roots::Ours(Box::new(root)))
            }
            (None, None) => Ok(Roots::None),
        }
    }

    /// Returns the authorities that are asked, if any are.
    fn stamping<'a>(
        &self,
        roots: &'a Roots,
        clock: &'a dyn Fn() -> Timestamp,
    ) -> Result<Option<Stamping<'a>>, Failure> {
        if self.authorities.is_empty() {
            return Ok(None);
        }
        let authorities = self
            .authorities
            .iter()
            .map(|text| authority::of(text, self.patience()))
            .collect::<Result<Vec<_>, Failure>>()?;
        Ok(Some(Stamping { authorities, root: roots.trusted_root(), clock }))
    }

    /// Brings together whoever signs, and lets them.
    pub(super) fn sign<T>(
        &self,
        keys: &[SigningKey],
        session: &Session,
        sign: impl FnOnce(&Signers<'_>) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        // The parser takes a flag that --key excludes for not needed.
        if !self.keyless && (self.signing_config.is_some() || self.identity_token.is_some()) {
            let problem = "--signing-config and --identity-token belong to --keyless, not to --key";
            return Err(Failure::Usage(problem.to_owned()));
        }
        let clock = || session.clock();
        let Some(config) = self.signing_config.as_deref().filter(|_| self.keyless) else {
            let roots = self.roots(session)?;
            let stamping = self.stamping(&roots, &clock)?;
            return Ok(sign(&Signers::Keys { keys, stamping: stamping.as_ref() })?);
        };
        let network = Network::new(self.patience()).map_err(Failure::Usage)?;
        let roots = self.roots(session)?;
        let root = roots.trusted_root().ok_or_else(|| {
            let problem = "--keyless takes --trusted-root or --trust: what the services return is \
                           verified before it is written, and no trusted root is built in";
            Failure::Usage(problem.to_owned())
        })?;
        let config = sign::read_signing_config(config)?;
        let token = ambient::identity_token(self.identity_token.as_deref(), &network, session)?;
        let keyless =
            Keyless { config: &config, token: &token, root, exchange: &network, clock: &clock };
        Ok(sign(&Signers::Keyless(keyless))?)
    }
}

/// Whose certificate it is, in JSON.
#[derive(Serialize)]
pub(super) struct IdentityDocument {
    name: String,
    issuer: String,
}

impl IdentityDocument {
    /// Writes down an identity.
    pub(super) fn of(identity: &CertificateIdentity) -> Self {
        Self { name: identity.name.clone(), issuer: identity.issuer.clone() }
    }
}

/// A time of signing in JSON.
#[derive(Serialize)]
pub(super) struct TimeDocument {
    at: Timestamp,
    proven_by: Option<String>,
}

impl TimeDocument {
    /// Writes down a time.
    pub(super) fn of(time: &StatedTime) -> Self {
        Self { at: time.at, proven_by: time.proven_by.clone() }
    }
}

/// What came of signing.
pub(super) struct Told<'a> {
    pub(super) keys: &'a [PublicKey],
    pub(super) identity: Option<&'a CertificateIdentity>,
    pub(super) times: &'a [StatedTime],
}

/// Says for people who signed, and when.
pub(super) fn tell(signed: &Told<'_>, text: &mut String) {
    let Told { keys, identity, times } = signed;
    match identity {
        Some(identity) => {
            let (name, issuer) = (escape(&identity.name), escape(&identity.issuer));
            let _ = writeln!(text, "  by {name}, vouched for by {issuer}");
        }
        None => {
            for key in *keys {
                let _ = writeln!(text, "  by {} {}", key.algorithm(), key.id());
            }
        }
    }
    for time in *times {
        let by = match &time.proven_by {
            Some(by) => format!("proven by {}", escape(by)),
            None => "stated; not held against any authority, give --trusted-root or --trust".into(),
        };
        let _ = writeln!(text, "  at {}, {by}", time.at);
    }
}
