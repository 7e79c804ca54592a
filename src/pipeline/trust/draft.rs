//! The change that is being made: a draft, until enough people have signed it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{read_versions, well_formed};
use crate::json::{self, Limits};
use crate::pipeline::Error;
use crate::pipeline::sign::SigningKey;
use crate::time::Timestamp;
use crate::tree::{self, Lock, TreeError};
use crate::trust::chain::{AuthorityChain, ChainError, trusted_root_of};
use crate::trust::root::{
    Key, KeyState, Keyless, MAX_BYTES, PAYLOAD_TYPE, Policy, Role, RootError, TrustRootDocument,
};
use crate::trust::sigstore::TrustedRoot;
use crate::trust::{Envelope, KeyId, PublicKey, RoleName, TrustRoot};

/// The change that is being made.
const DRAFT: &str = "draft.json";

/// The change with the signatures that it has so far.
const PENDING: &str = "draft.signed.json";

/// How long somebody else may take to change the draft.
const PATIENCE: Duration = Duration::from_secs(30);

/// Begins version 1 with a policy and no keys.
///
/// # Errors
///
/// When there is a version or a draft already, or the policy cannot be read.
pub fn init(
    folder: &Path,
    policy: &Path,
    issued_at: Timestamp,
    expires_at: Timestamp,
) -> Result<TrustRootDocument, Error> {
    let policy = read_policy(policy)?;
    fs::create_dir_all(folder).map_err(|error| TreeError::io(folder, error))?;
    let _lock = lock(folder)?;
    for name in ["1.json", DRAFT] {
        if folder.join(name).symlink_metadata().is_ok() {
            let problem = "is there already; a trust root is changed, not begun again".to_owned();
            return Err(Error::Unusable { path: folder.join(name), problem });
        }
    }
    let document = TrustRootDocument {
        schema: TrustRootDocument::SCHEMA.to_owned(),
        version: 1,
        issued_at,
        expires_at,
        keys: [].into(),
        identities: [].into(),
        roles: [].into(),
        policy,
        sigstore: None,
    };
    write_draft(folder, &document)?;
    Ok(document)
}

/// Reads a policy.
///
/// # Errors
///
/// When the file cannot be read, or is no policy.
pub fn read_policy(path: &Path) -> Result<Policy, Error> {
    let bytes = tree::read_named(path, MAX_BYTES)?;
    json::parse(&bytes, Limits::DOCUMENT)
        .map_err(|source| Error::Json { path: path.to_owned(), source })
}

/// Reads a Sigstore trusted root.
///
/// # Errors
///
/// When the file cannot be read, or is no usable trusted root.
pub fn open_trusted_root(path: &Path) -> Result<TrustedRoot, Error> {
    let bytes = tree::read_named(path, MAX_BYTES)?;
    TrustedRoot::parse(&bytes)
        .map_err(|refusal| Error::Unusable { path: path.to_owned(), problem: refusal.message })
}

/// Reads a Sigstore trusted root as the text that a trust root embeds.
///
/// # Errors
///
/// When the file cannot be read, or is no usable trusted root.
pub fn read_trusted_root(path: &Path) -> Result<String, Error> {
    let bytes = tree::read_named(path, MAX_BYTES)?;
    let unusable = |problem: String| Error::Unusable { path: path.to_owned(), problem };
    TrustedRoot::parse(&bytes).map_err(|refusal| unusable(refusal.message))?;
    String::from_utf8(bytes).map_err(|error| unusable(error.to_string()))
}

/// Reads the certificates of timestamp authorities as the trusted root that holds nobody else.
///
/// # Errors
///
/// When a file cannot be read, or is no chain of an authority.
pub fn read_authorities(paths: &[PathBuf]) -> Result<String, Error> {
    let unusable = |path: &Path, error: ChainError| Error::Unusable {
        path: path.to_owned(),
        problem: error.to_string(),
    };
    let mut chains = Vec::new();
    for path in paths {
        let text = tree::read_named(path, MAX_BYTES)?;
        chains.push(AuthorityChain::parse(&text).map_err(|error| unusable(path, error))?);
    }
    let named = paths.first().map_or(Path::new(""), PathBuf::as_path);
    trusted_root_of(&chains).map_err(|error| unusable(named, error))
}

/// One change to a draft.
#[derive(Debug, Clone)]
pub enum Change {
    /// A key begins to count for a person in some roles.
    AddKey {
        /// The key.
        public_key: Box<PublicKey>,
        /// The person who holds it.
        owner: String,
        /// What it speaks for.
        roles: Vec<RoleName>,
        /// How many people these roles take from now on; as before when absent, one for a new role.
        threshold: Option<u32>,
    },
    /// Somebody with a certificate begins to count for a person in some roles.
    AddIdentity {
        /// What it is called in the roles.
        name: String,
        /// Who it is.
        identity: Box<Keyless>,
        /// What it speaks for.
        roles: Vec<RoleName>,
        /// As for a key.
        threshold: Option<u32>,
    },
    /// Another policy, other Sigstore authorities, or both.
    Set {
        /// The policy.
        policy: Option<Box<Policy>>,
        /// The text of a `trusted_root.json`.
        sigstore: Option<String>,
    },
    /// Other timestamp authorities, where there are no other Sigstore authorities to keep.
    SetAuthorities(String),
    /// A key or an identity goes out of use.
    Retire {
        /// The key's id, or the identity's name.
        whose: String,
        /// From when on.
        since: Timestamp,
    },
    /// A key or an identity is in wrong hands.
    Revoke {
        /// The key's id, or the identity's name.
        whose: String,
        /// Since when at the latest it was in the right ones.
        since: Timestamp,
    },
}

/// Makes a change to the draft; begins a draft after the newest version when there is none.
///
/// # Errors
///
/// When there is nothing to change, or the change makes no sense.
pub fn change(
    folder: &Path,
    change: Change,
    issued_at: Timestamp,
    expires_at: Option<Timestamp>,
) -> Result<TrustRootDocument, Error> {
    let _lock = lock(folder)?;
    let draft = match read_draft(folder)? {
        Some(draft) if is_complete(&draft, &read_versions(folder)?) => None,
        draft => draft,
    };
    let mut document = draft.map_or_else(|| begin_next(folder), Ok)?;
    document.issued_at = issued_at;
    document.expires_at = expires_at.unwrap_or(document.expires_at);
    let refused = |problem: String| Error::Unusable { path: folder.join(DRAFT), problem };
    match change {
        Change::AddKey { public_key, owner, roles, threshold } => {
            let id = public_key.id();
            if document.keys.contains_key(&id) {
                return Err(refused(format!("the key `{id}` is there already")));
            }
            let state = KeyState::Active { from: issued_at };
            let key = Key { public_key: *public_key, owner, state };
            document.keys.insert(id, key);
            speak(&mut document, &roles, threshold, |role| role.keys.push(id));
        }
        Change::AddIdentity { name, identity, roles, threshold } => {
            if document.identities.contains_key(&name) {
                let name = name.escape_debug();
                return Err(refused(format!("the identity `{name}` is there already")));
            }
            document.identities.insert(name.clone(), *identity);
            speak(&mut document, &roles, threshold, |role| role.identities.push(name.clone()));
        }
        Change::Set { policy, sigstore } => {
            document.policy = policy.map_or(document.policy, |policy| *policy);
            document.sigstore = sigstore.or(document.sigstore);
        }
        Change::SetAuthorities(text) => {
            let before = document.sigstore.as_ref().map(|text| TrustedRoot::parse(text.as_bytes()));
            if !before
                .is_none_or(|root| root.is_ok_and(|root| root.has_timestamp_authorities_only()))
            {
                let problem = "embeds a trusted root that holds more than timestamp authorities; \
                               add them to that trusted_root.json and give it with --trusted-root";
                return Err(refused(problem.to_owned()));
            }
            document.sigstore = Some(text);
        }
        Change::Retire { whose, since } => {
            set_state(&mut document, &whose, |from| KeyState::Retired { from, since })
                .map_err(refused)?;
        }
        Change::Revoke { whose, since } => {
            set_state(&mut document, &whose, |from| KeyState::Compromised { from, since })
                .map_err(refused)?;
        }
    }
    write_draft(folder, &document)?;
    Ok(document)
}

fn speak(
    document: &mut TrustRootDocument,
    roles: &[RoleName],
    threshold: Option<u32>,
    mut add: impl FnMut(&mut Role),
) {
    for name in roles {
        let role = document.roles.entry(*name).or_insert_with(Role::empty);
        add(role);
        role.threshold = threshold.unwrap_or(role.threshold);
    }
}

fn set_state(
    document: &mut TrustRootDocument,
    whose: &str,
    state: impl FnOnce(Timestamp) -> KeyState,
) -> Result<(), String> {
    let shown = whose.escape_debug();
    let found = match whose.parse::<KeyId>() {
        Ok(id) => document.keys.get_mut(&id).map(|key| &mut key.state),
        Err(_) => document.identities.get_mut(whose).map(|identity| &mut identity.state),
    };
    let found = found.ok_or_else(|| format!("there is no key and no identity `{shown}`"))?;
    if matches!(found, KeyState::Compromised { .. }) {
        return Err(format!("`{shown}` is compromised; nothing makes it better"));
    }
    *found = state(found.from());
    Ok(())
}

/// What came of a signature on a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedDraft {
    /// It is the new version, in this file.
    Complete(PathBuf),
    /// Others have to sign too; says what is missing.
    Pending(String),
}

/// Signs the draft with some keys. It becomes the new version when all that must have signed.
///
/// # Errors
///
/// When there is no draft, or it makes no sense.
pub fn sign(folder: &Path, keys: &[SigningKey]) -> Result<SignedDraft, Error> {
    let draft = folder.join(DRAFT);
    let _lock = lock(folder)?;
    let bytes = tree::read_named(&draft, MAX_BYTES).map_err(|error| match error {
        error if error.is_not_found() => Error::Unusable {
            path: draft.clone(),
            problem:
                "does not exist: there is nothing to sign; begin with `trust init`, `add-key`, \
                      `retire` or `revoke`"
                    .to_owned(),
        },
        error => error.into(),
    })?;
    let unusable = |source| Error::Root { path: draft.clone(), source };
    let document = TrustRootDocument::parse(&bytes).map_err(unusable)?;
    // What is signed is the canonical form, whatever an editor made of the draft.
    let payload = json::to_bytes(&document);
    let mut versions = read_versions(folder)?;
    well_formed(folder, 1, &versions)?;
    if is_complete(&document, &versions) {
        return complete(folder, &document);
    }
    let envelope = add_signatures(folder, &payload, keys)?;
    let sealed = envelope.to_bytes();
    if document.version != versions.len() as u64 + 1 {
        let next = versions.len() + 1;
        let problem = format!(
            "is version {}; expected {next}: `{next}.json` is the first version that is not there",
            document.version
        );
        return Err(Error::Unusable { path: draft, problem });
    }
    versions.push(sealed.clone());
    match TrustRoot::open_chain(&versions[0], &versions[1..], document.issued_at) {
        Ok(_) => {
            let path = folder.join(format!("{}.json", document.version));
            tree::write_atomic(&path, &sealed, 0o644)?;
            complete(folder, &document)
        }
        Err(RootError::Signatures(refusal)) => {
            tree::write_atomic(&folder.join(PENDING), &sealed, 0o644)?;
            Ok(SignedDraft::Pending(refusal.message))
        }
        Err(source) => Err(unusable(source)),
    }
}

/// Waits for the right to change the draft: of two people who sign at once, neither is lost.
fn lock(folder: &Path) -> Result<Option<Lock>, Error> {
    // A folder that is not there has no draft; what is missing is told by who looks for it.
    let is_there = folder.is_dir();
    Ok(is_there.then(|| Lock::of(&folder.join(DRAFT), PATIENCE)).transpose()?)
}

/// Tells whether a draft is a version already: whoever wrote the version was killed before the draft
/// was taken away.
fn is_complete(draft: &TrustRootDocument, versions: &[Vec<u8>]) -> bool {
    let index = draft.version.checked_sub(1).and_then(|index| usize::try_from(index).ok());
    let version = index.and_then(|index| versions.get(index));
    let version = version.and_then(|bytes| Envelope::parse(bytes).ok());
    version.is_some_and(|version| version.unverified_payload() == json::to_bytes(draft))
}

/// Takes away the draft of what is a version now.
fn complete(folder: &Path, document: &TrustRootDocument) -> Result<SignedDraft, Error> {
    for done in [DRAFT, PENDING] {
        match fs::remove_file(folder.join(done)) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(TreeError::io(&folder.join(done), error).into()),
        }
    }
    Ok(SignedDraft::Complete(folder.join(format!("{}.json", document.version))))
}

fn add_signatures(folder: &Path, payload: &[u8], keys: &[SigningKey]) -> Result<Envelope, Error> {
    let pending = match tree::read_named(&folder.join(PENDING), MAX_BYTES) {
        // Not what anybody signed; who replaces it unseen loses the signatures that it had.
        Ok(bytes) => Some(Envelope::parse(&bytes).map_err(|refusal| Error::Unusable {
            path: folder.join(PENDING),
            problem: format!("{}; remove it and have everybody sign again", refusal.message),
        })?),
        Err(error) if error.is_not_found() => None,
        Err(error) => return Err(error.into()),
    };
    // Signatures over an earlier draft are worth nothing for this one.
    let mut envelope = pending.filter(|envelope| envelope.unverified_payload() == payload);
    for key in keys {
        let failed = |source| Error::Key { path: key.path.clone(), source };
        envelope = Some(match envelope {
            None => Envelope::sign(PAYLOAD_TYPE, payload.to_vec(), &key.key).map_err(failed)?,
            Some(mut envelope) => {
                envelope.add_signature(&key.key).map_err(failed)?;
                envelope
            }
        });
    }
    envelope.ok_or_else(|| Error::Unusable {
        path: folder.join(DRAFT),
        problem: "no key was given to sign it with".to_owned(),
    })
}

/// The next version as a copy of the newest one.
fn begin_next(folder: &Path) -> Result<TrustRootDocument, Error> {
    let versions = read_versions(folder)?;
    let Some(newest) = versions.last() else {
        let problem =
            "holds neither a version (`1.json`) nor a draft; run `countersign trust init`"
                .to_owned();
        return Err(Error::Unusable { path: folder.to_owned(), problem });
    };
    let path = folder.join(format!("{}.json", versions.len()));
    let envelope = Envelope::parse(newest).map_err(|refusal| Error::Root {
        path: path.clone(),
        source: RootError::Envelope(refusal),
    })?;
    let document = TrustRootDocument::parse(envelope.unverified_payload())
        .map_err(|source| Error::Root { path: path.clone(), source })?;
    let version = document.version.checked_add(1).ok_or_else(|| Error::Unusable {
        path,
        problem: format!("is version {}; there is none after it", document.version),
    })?;
    Ok(TrustRootDocument { version, ..document })
}

/// Reads the draft, which need not be sound yet.
fn read_draft(folder: &Path) -> Result<Option<TrustRootDocument>, Error> {
    let path = folder.join(DRAFT);
    match tree::read_named(&path, MAX_BYTES) {
        Ok(bytes) => json::parse(&bytes, Limits::DOCUMENT)
            .map(Some)
            .map_err(|source| Error::Json { path, source }),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn write_draft(folder: &Path, document: &TrustRootDocument) -> Result<(), Error> {
    Ok(tree::write_atomic(&folder.join(DRAFT), &json::to_bytes(document), 0o644)?)
}
