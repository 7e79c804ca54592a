//! `trust`: the life of a trust root.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use countersign::Timestamp;
use countersign::pipeline::sign;
use countersign::pipeline::trust::{self, Change, SignedDraft};
use countersign::trust::root::{KeyState, TrustRootDocument};
use countersign::trust::{KeyId, RoleName};
use serde::Serialize;

use super::exit::{self, Failure};
use super::keys;
use super::render::text::escape;
use super::session::Session;

/// Creates, changes, signs and verifies trust roots.
///
/// A change is a draft until enough people have signed it: those whom the version before asks for,
/// and those whom the new one asks for.
#[derive(clap::Subcommand)]
#[command(after_help = format!("\
Examples:
  countersign trust init --policy policy.json --expires 2027-12-31T00:00:00Z
  countersign trust add-key alice.pub --owner alice --role root --role release
  countersign trust sign --key alice.key
  countersign trust verify

{}", exit::TABLE))]
pub(super) enum Verb {
    /// Begin version 1 with a policy and no keys
    Init {
        #[command(flatten)]
        place: Place,
        /// The policy, as the `policy` of schemas/trust-root.schema.json
        #[arg(long, value_name = "FILE")]
        policy: PathBuf,
        /// When the trust root is no longer used
        #[arg(long, value_name = "RFC3339")]
        expires: Timestamp,
    },
    /// Let a key speak for a person in some roles
    AddKey {
        #[command(flatten)]
        place: Place,
        /// The public key
        #[arg(value_name = "PUB")]
        key: PathBuf,
        /// The person, or the one machine, that holds it
        #[arg(long, value_name = "NAME")]
        owner: String,
        /// What it speaks for
        #[arg(long = "role", value_enum, required = true)]
        roles: Vec<Role>,
        /// How many people these roles take from now on
        #[arg(long, value_name = "N")]
        threshold: Option<u32>,
        /// When the new version is no longer used
        #[arg(long, value_name = "RFC3339")]
        expires: Option<Timestamp>,
    },
    /// Take a key out of use
    Retire(StateArgs),
    /// Say that a key is in wrong hands
    Revoke(StateArgs),
    /// Sign the draft; it becomes the next version when all that must have signed
    Sign {
        #[command(flatten)]
        place: Place,
        /// A private key
        #[arg(long = "key", value_name = "KEY", required = true)]
        keys: Vec<PathBuf>,
        /// A file whose first line is the passphrase of the keys
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Show the newest version, or another file
    Show {
        #[command(flatten)]
        place: Place,
        /// A pinned trust root; the folder's first version when absent
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Verify every version, each by the one before it
    Verify {
        #[command(flatten)]
        place: Place,
        /// The version that is pinned; the first when absent
        #[arg(long, value_name = "FILE")]
        pin: Option<PathBuf>,
    },
}

/// Where the versions lie.
#[derive(clap::Args)]
pub(super) struct Place {
    /// The folder of versions
    #[arg(long, value_name = "DIR", default_value = "keys/trust-root")]
    dir: PathBuf,
}

/// Which key, and since when.
#[derive(clap::Args)]
pub(super) struct StateArgs {
    #[command(flatten)]
    place: Place,
    /// The key's id
    #[arg(value_name = "KEY_ID")]
    key: KeyId,
    /// Since when
    #[arg(long, value_name = "RFC3339")]
    since: Timestamp,
    /// When the new version is no longer used
    #[arg(long, value_name = "RFC3339")]
    expires: Option<Timestamp>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Role {
    Root,
    Release,
    Evidence,
    Waiver,
    RollbackApprover,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Root => Self::Root,
            Role::Release => Self::Release,
            Role::Evidence => Self::Evidence,
            Role::Waiver => Self::Waiver,
            Role::RollbackApprover => Self::RollbackApprover,
        }
    }
}

#[derive(Serialize)]
struct SignedDraftDocument {
    schema: &'static str,
    complete: bool,
    file: Option<String>,
    missing: Option<String>,
}

/// Runs the verb.
pub(super) fn run(verb: &Verb, session: &Session) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Init { place, policy, expires } => {
            let document = trust::init(&place.dir, policy, session.issued_at, *expires)?;
            show(&document, "draft", session)
        }
        Verb::AddKey { place, key, owner, roles, threshold, expires } => {
            let change = Change::AddKey {
                public_key: keys::read_public(key, None, session)?,
                owner: owner.clone(),
                roles: roles.iter().map(|role| (*role).into()).collect(),
                threshold: *threshold,
            };
            make(&place.dir, change, *expires, session)
        }
        Verb::Retire(args) => {
            let change = Change::Retire { key: args.key, since: args.since };
            make(&args.place.dir, change, args.expires, session)
        }
        Verb::Revoke(args) => {
            let change = Change::Revoke { key: args.key, since: args.since };
            make(&args.place.dir, change, args.expires, session)
        }
        Verb::Sign { place, keys, passphrase_file } => {
            sign_draft(&place.dir, keys, passphrase_file.as_deref(), session)
        }
        Verb::Show { place, file } => {
            let first = place.dir.join("1.json");
            let pinned = file.as_deref().unwrap_or(&first);
            let updates = file.is_none().then_some(place.dir.as_path());
            let root = trust::open(pinned, updates, session.now)?;
            show(root.document(), &format!("sha256:{}", root.digest()), session)
        }
        Verb::Verify { place, pin } => {
            let report = trust::verify(&place.dir, pin.as_deref(), session.now, session.replay)?;
            session.finish(&report)
        }
    }
}

fn make(
    folder: &Path,
    change: Change,
    expires: Option<Timestamp>,
    session: &Session,
) -> Result<ExitCode, Failure> {
    let document = trust::change(folder, change, session.issued_at, expires)?;
    show(&document, "draft", session)
}

fn sign_draft(
    folder: &Path,
    paths: &[PathBuf],
    passphrase_file: Option<&Path>,
    session: &Session,
) -> Result<ExitCode, Failure> {
    let keys = paths
        .iter()
        .map(|path| {
            let key = session.private_key(path, passphrase_file)?;
            Ok(sign::SigningKey { path: path.clone(), key })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let (text, document) = match trust::sign(folder, &keys)? {
        SignedDraft::Complete(path) => {
            let file = path.display().to_string();
            let text = format!("wrote {}\n", escape(&file));
            (
                text,
                SignedDraftDocument {
                    schema: SCHEMA,
                    complete: true,
                    file: Some(file),
                    missing: None,
                },
            )
        }
        SignedDraft::Pending(missing) => {
            let text = format!("signed; not complete yet: {}\n", escape(&missing));
            let missing = Some(missing);
            (text, SignedDraftDocument { schema: SCHEMA, complete: false, file: None, missing })
        }
    };
    session.print(&text, &document)
}

const SCHEMA: &str = "countersign.signed-trust-root/v1";

fn show(document: &TrustRootDocument, what: &str, session: &Session) -> Result<ExitCode, Failure> {
    let mut text = format!(
        "trust root of {} version {} ({what})\n  issued {}, expires {}\n",
        escape(&document.policy.product),
        document.version,
        document.issued_at,
        document.expires_at
    );
    for (id, key) in &document.keys {
        let state = match key.state {
            KeyState::Active { from } => format!("active from {from}"),
            KeyState::Retired { since, .. } => format!("retired since {since}"),
            KeyState::Compromised { since, .. } => format!("COMPROMISED since {since}"),
        };
        let _ = writeln!(
            text,
            "  key {id} {} of {}: {state}",
            key.public_key.algorithm(),
            escape(&key.owner)
        );
    }
    for (name, role) in &document.roles {
        let owners: std::collections::BTreeSet<String> = role
            .keys
            .iter()
            .filter_map(|id| document.keys.get(id).map(|key| escape(&key.owner)))
            .collect();
        let owners: Vec<String> = owners.into_iter().collect();
        let _ = writeln!(text, "  role {name}: {} of {}", role.threshold, owners.join(", "));
    }
    session.print(&text, document)
}
