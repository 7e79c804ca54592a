//! `trust`: the life of a trust root.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use countersign::Timestamp;
use countersign::pipeline::sign;
use countersign::pipeline::trust::{self, Change, SignedDraft};
use countersign::trust::RoleName;
use countersign::trust::root::{CertificateName, KeyState, Keyless, TrustRootDocument};
use serde::Serialize;

use super::exit::{self, Failure};
use super::identity::WorkflowArgs;
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
  countersign trust set --trusted-root trusted_root.json
  countersign trust set --timestamp-authority tsa-chain.pem
  countersign trust add-identity ci --certificate-identity release@lantern.example \\
    --certificate-oidc-issuer https://accounts.example --owner ci --role release
  countersign trust sign --key alice.key
  countersign trust verify

{}", exit::TABLE))]
pub(super) enum Verb {
    /// Begin version 1 with a policy and no keys
    #[command(after_help = exit::help(&["countersign trust init --policy policy.json --expires 2027-12-31T00:00:00Z"]))]
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
    #[command(after_help = exit::help(&["countersign trust add-key alice.pub --owner alice --role root --role release", "countersign trust add-key bob.pub --owner bob --role rollback-approver"]))]
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
    /// Let somebody with a certificate speak for a person in some roles
    #[command(after_help = exit::help(&["countersign trust add-identity ci --certificate-identity release@lantern.example \\", "  --certificate-oidc-issuer https://accounts.example --owner ci --role release"]))]
    AddIdentity(Box<IdentityArgs>),
    /// Change the policy, the Sigstore trusted root, or both
    #[command(after_help = exit::help(&["countersign trust set --policy policy.json", "countersign trust set --trusted-root trusted_root.json", "countersign trust set --timestamp-authority tsa-chain.pem"]))]
    Set {
        #[command(flatten)]
        place: Place,
        /// The policy, as the `policy` of schemas/trust-root.schema.json
        #[arg(long, value_name = "FILE", required_unless_present_any = ["trusted_root", "timestamp_authorities"])]
        policy: Option<PathBuf>,
        /// A Sigstore instance's trusted_root.json: authorities, logs, timestamp authorities
        #[arg(long, value_name = "FILE")]
        trusted_root: Option<PathBuf>,
        /// A timestamp authority's certificates in PEM, its own first; instead of a trusted root
        #[arg(long = "timestamp-authority", value_name = "CHAIN", conflicts_with = "trusted_root")]
        timestamp_authorities: Vec<PathBuf>,
        /// When the new version is no longer used
        #[arg(long, value_name = "RFC3339")]
        expires: Option<Timestamp>,
    },
    /// Take a key or an identity out of use
    #[command(after_help = exit::help(&["countersign trust retire alice.pub --since 2026-11-24T00:00:00Z"]))]
    Retire(StateArgs),
    /// Say that a key or an identity is in wrong hands
    #[command(after_help = exit::help(&["countersign trust revoke bob.pub --since 2026-11-20T00:00:00Z", "countersign trust sign --key alice.key"]))]
    Revoke(StateArgs),
    /// Sign the draft; it becomes the next version when all that must have signed
    #[command(after_help = exit::help(&["countersign trust sign --key alice.key", "countersign trust sign --key alice.key --key bob.key"]))]
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
    #[command(after_help = exit::help(&["countersign trust show", "countersign trust show release/trust-root.json --format json"]))]
    Show {
        #[command(flatten)]
        place: Place,
        /// A pinned trust root; the folder's first version when absent
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Verify every version, each by the one before it
    #[command(after_help = exit::help(&["countersign trust verify", "countersign trust verify --pin pinned.json --state state.json"]))]
    Verify {
        #[command(flatten)]
        place: Place,
        /// The version that is pinned; the first when absent
        #[arg(long, value_name = "FILE")]
        pin: Option<PathBuf>,
        /// A file that remembers the newest trust root that was used here, and refuses older ones
        #[arg(long, value_name = "FILE")]
        state: Option<PathBuf>,
    },
}

/// Where the versions lie.
#[derive(clap::Args)]
pub(super) struct Place {
    /// The folder of versions
    #[arg(long, value_name = "DIR", default_value = "keys/trust-root")]
    dir: PathBuf,
}

/// Whose certificate, and for whom it speaks.
#[derive(clap::Args)]
pub(super) struct IdentityArgs {
    #[command(flatten)]
    place: Place,
    /// What it is called in the roles
    #[arg(value_name = "NAME")]
    name: String,
    /// The only name that the certificate may have, in full
    #[arg(
        long,
        value_name = "ID",
        required_unless_present = "certificate_workflow_host",
        conflicts_with = "certificate_workflow_host"
    )]
    certificate_identity: Option<String>,
    #[command(flatten)]
    workflow: WorkflowArgs,
    /// The issuer that must have vouched for the name, in full
    #[arg(long, value_name = "URL")]
    certificate_oidc_issuer: String,
    /// The person, or the one machine, behind it
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
}

/// Which key, and since when.
#[derive(clap::Args)]
pub(super) struct StateArgs {
    #[command(flatten)]
    place: Place,
    /// The key's id, a file `*.pub` that holds its public half, or the identity's name
    #[arg(value_name = "KEY_ID|PUB|NAME")]
    whose: String,
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
    StackEvidence,
    K8sEvidence,
    ObserveEvidence,
    LoadEvidence,
    ReleaseEvidence,
    RollbackEvidence,
    Waiver,
    RollbackApprover,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Root => Self::Root,
            Role::Release => Self::Release,
            Role::Evidence => Self::Evidence,
            Role::StackEvidence => Self::StackEvidence,
            Role::K8sEvidence => Self::K8sEvidence,
            Role::ObserveEvidence => Self::ObserveEvidence,
            Role::LoadEvidence => Self::LoadEvidence,
            Role::ReleaseEvidence => Self::ReleaseEvidence,
            Role::RollbackEvidence => Self::RollbackEvidence,
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

impl StateArgs {
    /// Names the key by its id where its file is given.
    fn whose(&self, session: &Session) -> Result<String, Failure> {
        let path = Path::new(&self.whose);
        if path.extension().is_none_or(|extension| extension != "pub") {
            return Ok(self.whose.clone());
        }
        Ok(keys::read_public(path, None, session)?.id().to_string())
    }
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
                public_key: Box::new(keys::read_public(key, None, session)?),
                owner: owner.clone(),
                roles: roles.iter().map(|role| (*role).into()).collect(),
                threshold: *threshold,
            };
            make(&place.dir, change, *expires, session)
        }
        Verb::AddIdentity(args) => {
            let certificate = match (&args.certificate_identity, args.workflow.identity()?) {
                (Some(subject), None) => CertificateName::Subject(subject.clone()),
                (None, Some(workflow)) => CertificateName::Workflow(workflow),
                _ => {
                    let problem = "give either --certificate-identity or the five \
                                   --certificate-workflow flags";
                    return Err(Failure::Usage(problem.to_owned()));
                }
            };
            let identity = Box::new(Keyless {
                certificate,
                issuer: args.certificate_oidc_issuer.clone(),
                owner: args.owner.clone(),
                state: KeyState::Active { from: session.issued_at },
            });
            let change = Change::AddIdentity {
                name: args.name.clone(),
                identity,
                roles: args.roles.iter().map(|role| (*role).into()).collect(),
                threshold: args.threshold,
            };
            make(&args.place.dir, change, args.expires, session)
        }
        Verb::Set { place, policy, trusted_root, timestamp_authorities, expires } => {
            let policy = policy.as_deref().map(trust::read_policy).transpose()?.map(Box::new);
            if !timestamp_authorities.is_empty() {
                let authorities = trust::read_authorities(timestamp_authorities)?;
                let change = Change::SetAuthorities(authorities);
                if policy.is_none() {
                    return make(&place.dir, change, *expires, session);
                }
                trust::change(&place.dir, change, session.issued_at, *expires)?;
            }
            let sigstore = trusted_root.as_deref().map(trust::read_trusted_root).transpose()?;
            make(&place.dir, Change::Set { policy, sigstore }, *expires, session)
        }
        Verb::Retire(args) => {
            let change = Change::Retire { whose: args.whose(session)?, since: args.since };
            make(&args.place.dir, change, args.expires, session)
        }
        Verb::Revoke(args) => {
            let change = Change::Revoke { whose: args.whose(session)?, since: args.since };
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
        Verb::Verify { place, pin, state } => {
            let (pin, state) = (pin.as_deref(), state.as_deref());
            let report = trust::verify(&place.dir, pin, state, session.now, session.replay)?;
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
        let (algorithm, owner) = (key.public_key.algorithm(), escape(&key.owner));
        let _ = writeln!(text, "  key {id} {algorithm} of {owner}: {}", shown(key.state));
    }
    for (name, identity) in &document.identities {
        let Keyless { certificate, issuer, owner, state } = identity;
        let (name, issuer) = (escape(name), escape(issuer));
        let subject = escape(&certificate.to_string());
        let _ = writeln!(
            text,
            "  identity {name} {subject} by {issuer} of {}: {}",
            escape(owner),
            shown(*state)
        );
    }
    for (name, role) in &document.roles {
        let owners: std::collections::BTreeSet<String> = role
            .keys
            .iter()
            .filter_map(|id| document.keys.get(id).map(|key| &key.owner))
            .chain(
                role.identities
                    .iter()
                    .filter_map(|name| document.identities.get(name).map(|one| &one.owner)),
            )
            .map(|owner| escape(owner))
            .collect();
        let owners: Vec<String> = owners.into_iter().collect();
        let _ = writeln!(text, "  role {name}: {} of {}", role.threshold, owners.join(", "));
    }
    session.print(&text, document)
}

fn shown(state: KeyState) -> String {
    match state {
        KeyState::Active { from } => format!("active from {from}"),
        KeyState::Retired { since, .. } => format!("retired since {since}"),
        KeyState::Compromised { since, .. } => format!("COMPROMISED since {since}"),
    }
}
