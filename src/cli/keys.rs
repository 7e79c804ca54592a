//! `keys generate`, `keys show` and `keys encrypt`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use countersign::pipeline::Error;
use countersign::tree::{self, AtomicFile, TreeError};
use countersign::trust::sigstore::ManagedKey;
use countersign::trust::{Algorithm, KeyError, MinisignKey, PrivateKey, PublicKey, minisign};
use serde::Serialize;
use zeroize::Zeroizing;

use super::exit::{self, Failure};
use super::session::{self, Session};

/// Makes, shows or encrypts keys.
#[derive(clap::Subcommand)]
#[command(after_help = format!("\
Examples:
  countersign keys generate -o release.key
  countersign keys show release.pub
  countersign keys encrypt release.key --passphrase-file secret

{}", exit::TABLE))]
pub(super) enum Verb {
    /// Make a key: FILE holds the private half, FILE with the ending `.pub` the public one
    #[command(after_help = format!("\
Examples:
  countersign keys generate -o release.key
  countersign keys generate --algorithm p256 --passphrase-file secret -o release.key

{}", exit::TABLE))]
    Generate {
        /// What the key signs with
        #[arg(long, value_enum, default_value_t = AlgorithmName::Ed25519)]
        algorithm: AlgorithmName,
        /// The private key file to make; it must not be there yet
        #[arg(short = 'o', value_name = "FILE")]
        file: PathBuf,
        /// A file whose first line is the passphrase to encrypt the key with
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Show a key's algorithm, id and public half; never the private one
    #[command(after_help = format!("\
Examples:
  countersign keys show release.pub
  countersign keys show release.key --passphrase-file secret
  countersign keys show release.pub --minisign > minisign.pub

{}", exit::TABLE))]
    Show {
        /// A private or public key file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Show an Ed25519 key as minisign's public key file, and nothing else
        #[arg(long)]
        minisign: bool,
        /// A file whose first line is the passphrase of the key
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Encrypt a private key file in place
    #[command(after_help = format!("\
Examples:
  countersign keys encrypt release.key --passphrase-file secret

{}", exit::TABLE))]
    Encrypt {
        /// The private key file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// A file whose first line is the new passphrase
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum AlgorithmName {
    Ed25519,
    P256,
}

#[derive(Serialize)]
struct KeyDocument {
    schema: &'static str,
    algorithm: Algorithm,
    key_id: String,
    public_key: String,
}

/// Runs the verb.
pub(super) fn run(verb: &Verb, session: &Session) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Generate { algorithm, file, passphrase_file } => {
            let algorithm = match algorithm {
                AlgorithmName::Ed25519 => Algorithm::Ed25519,
                AlgorithmName::P256 => Algorithm::P256,
            };
            generate(algorithm, file, passphrase_file.as_deref(), session)
        }
        Verb::Show { file, minisign, passphrase_file } => {
            let key = read_public(file, passphrase_file.as_deref(), session)?;
            if *minisign {
                let own = MinisignKey::of(&key).ok_or_else(|| Error::Key {
                    path: file.clone(),
                    source: KeyError::NotEd25519,
                })?;
                session.write(own.to_text().as_bytes())?;
                return Ok(ExitCode::SUCCESS);
            }
            show(&key, session)
        }
        Verb::Encrypt { file, passphrase_file } => {
            encrypt(file, passphrase_file.as_deref(), session)
        }
    }
}

fn generate(
    algorithm: Algorithm,
    file: &Path,
    passphrase_file: Option<&Path>,
    session: &Session,
) -> Result<ExitCode, Failure> {
    let public_file = public_file_of(file)?;
    for path in [file, &public_file] {
        if path.symlink_metadata().is_ok() {
            let problem = "is there already; a key is never overwritten".to_owned();
            return Err(Error::Unusable { path: path.to_owned(), problem }.into());
        }
    }
    let failed = |source| Failure::from(Error::Key { path: file.to_owned(), source });
    let key = PrivateKey::generate(algorithm).map_err(failed)?;
    let text = match passphrase_file {
        Some(path) => {
            let passphrase = passphrase_of(path)?;
            key.to_encrypted_pem(&passphrase).map_err(failed)?
        }
        None => key.to_pem(),
    };
    // Both halves are written before the first has its name, the private one: whoever is killed in
    // between has the key, and `keys show` gives its public half.
    let mut private = AtomicFile::create(file, 0o600)?;
    private.write_all(text.as_bytes()).map_err(|error| TreeError::io(file, error))?;
    let mut public = AtomicFile::create(&public_file, 0o644)?;
    public
        .write_all(key.public().to_pem().as_bytes())
        .map_err(|error| TreeError::io(&public_file, error))?;
    private.commit_new()?;
    public.commit_new()?;
    show(key.public(), session)
}

/// Names the file of the public half; it must not be the one of the private half.
fn public_file_of(file: &Path) -> Result<PathBuf, Failure> {
    let public_file = file.with_extension("pub");
    if public_file == file {
        let problem = "-o names the private half; its ending cannot be `.pub`, the public half's";
        return Err(Failure::Usage(problem.to_owned()));
    }
    Ok(public_file)
}

fn passphrase_of(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let passphrase = session::passphrase_from(file)?;
    if passphrase.is_empty() {
        let problem = "its first line is empty; a key is not encrypted with nothing".to_owned();
        return Err(Error::Unusable { path: file.to_owned(), problem }.into());
    }
    Ok(passphrase)
}

/// Reads the key that must have signed a bundle: of more kinds than those that keys of ours have.
pub(super) fn read_managed(file: &Path, session: &Session) -> Result<ManagedKey, Failure> {
    if let Some(key) = read_minisign(file)? {
        return Ok(key.into());
    }
    match read_public(file, None, session) {
        Ok(key) => Ok(key.into()),
        Err(Failure::Library(Error::Key { source: KeyError::Unsupported, .. })) => {
            let text = tree::read_named(file, 1 << 16)?;
            ManagedKey::from_pem(&text)
                .map_err(|source| Error::Key { path: file.to_owned(), source }.into())
        }
        Err(failure) => Err(failure),
    }
}

/// Reads a minisign public key; nothing for a file that is none.
fn read_minisign(file: &Path) -> Result<Option<MinisignKey>, Failure> {
    let text = Zeroizing::new(tree::read_named(file, 1 << 16)?);
    if !minisign::is_minisign(&text) {
        return Ok(None);
    }
    let key = MinisignKey::parse(&text);
    let key = key.map_err(|source| Error::Key { path: file.to_owned(), source })?;
    Ok(Some(key))
}

/// Reads the public half of a key file of either kind, or a minisign public key.
pub(super) fn read_public(
    file: &Path,
    passphrase_file: Option<&Path>,
    session: &Session,
) -> Result<PublicKey, Failure> {
    if let Some(key) = read_minisign(file)? {
        return Ok(key.key().clone());
    }
    let text = Zeroizing::new(tree::read_named(file, 1 << 16)?);
    let is_private = text.windows(11).any(|window| window == b"PRIVATE KEY");
    if is_private {
        return Ok(session.private_key(file, passphrase_file)?.public().clone());
    }
    PublicKey::from_pem(&text).map_err(|source| Error::Key { path: file.to_owned(), source }.into())
}

fn show(key: &PublicKey, session: &Session) -> Result<ExitCode, Failure> {
    let text = format!("{} key {}\n{}", key.algorithm(), key.id(), key.to_pem());
    let document = KeyDocument {
        schema: "countersign.key/v1",
        algorithm: key.algorithm(),
        key_id: key.id().to_string(),
        public_key: key.to_pem(),
    };
    session.print(&text, &document)
}

fn encrypt(
    file: &Path,
    passphrase_file: Option<&Path>,
    session: &Session,
) -> Result<ExitCode, Failure> {
    let key = session.private_key(file, None)?;
    let failed = |source| Failure::from(Error::Key { path: file.to_owned(), source });
    let passphrase = match passphrase_file {
        Some(path) => passphrase_of(path)?,
        None => session::prompt(file).map_err(failed)?,
    };
    if passphrase.is_empty() {
        return Err(Failure::Usage("an empty passphrase encrypts nothing".to_owned()));
    }
    let text = key.to_encrypted_pem(&passphrase).map_err(failed)?;
    tree::write_atomic(file, text.as_bytes(), 0o600)?;
    show(key.public(), session)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_half_is_not_written_over_the_private_one() {
        assert_eq!(public_file_of("a/x.key".as_ref()).unwrap(), Path::new("a/x.pub"));
        assert_eq!(public_file_of("a/x".as_ref()).unwrap(), Path::new("a/x.pub"));
        assert!(matches!(public_file_of("a/x.pub".as_ref()), Err(Failure::Usage(_))));
    }
}
