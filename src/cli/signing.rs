//! The flags of signing that `sign` and `sign-blob` share: who states the time, and who is believed.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use countersign::Timestamp;
use countersign::pipeline::sign::StatedTime;
use countersign::pipeline::trust;
use countersign::trust::TrustRoot;
use countersign::trust::sigstore::TrustedRoot;
use countersign::trust::timestamp::Stamping;
use serde::Serialize;

use super::authority;
use super::exit::Failure;
use super::render::text::escape;
use super::session::Session;

/// Who states when somebody signed.
#[derive(clap::Args)]
pub(super) struct TimeArgs {
    /// Who states when a key signed (RFC 3161): an address, or a command that reads the request on
    /// standard input and writes the reply on standard output; several make several timestamps
    #[arg(long = "timestamp-authority", value_name = "URL|COMMAND", help_heading = HEADING)]
    authorities: Vec<String>,
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
pub(super) enum Roots {
    /// There are none at hand.
    None,
    /// Those of a `trusted_root.json`.
    Sigstore(Box<TrustedRoot>),
    /// Those that a trust root embeds.
    Ours(Box<TrustRoot>),
}

impl Roots {
    /// Returns the authorities, if there are any.
    pub(super) fn trusted_root(&self) -> Option<&TrustedRoot> {
        match self {
            Self::None => None,
            Self::Sigstore(root) => Some(root),
            Self::Ours(root) => root.sigstore(),
        }
    }
}

impl TimeArgs {
    /// How long a service may take.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }

    /// Reads the authorities that are believed.
    pub(super) fn roots(&self, session: &Session) -> Result<Roots, Failure> {
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
    pub(super) fn stamping<'a>(
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
}

/// Whose certificate it is, in JSON.
#[derive(Serialize)]
pub(super) struct IdentityDocument {
    name: String,
    issuer: String,
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

/// Says for people when something was signed.
pub(super) fn tell(times: &[StatedTime], text: &mut String) {
    for time in times {
        let by = match &time.proven_by {
            Some(by) => format!("proven by {}", escape(by)),
            None => "stated; not held against any authority, give --trusted-root or --trust".into(),
        };
        let _ = writeln!(text, "  at {}, {by}", time.at);
    }
}
