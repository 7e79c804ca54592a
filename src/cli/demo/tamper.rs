//! Five ways to tamper with a release, and the five refusals.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use countersign::packet::{MemberSource, archive, pack};
use countersign::pipeline::{Error, sign};
use countersign::tree::{self, TreeError};
use countersign::trust::{Algorithm, PrivateKey};

use super::super::exit::Failure;
use super::super::session::Session;
use super::{RefusalDocument, Stage, VERSION, result, verify_release};

type Tampering = fn(&Path) -> Result<(), Failure>;

/// Tampers in each way with a fresh copy and asks `verify` about it.
pub(super) fn all(stage: &Stage, session: &Session) -> Result<Vec<RefusalDocument>, Failure> {
    let ways: [(&'static str, Tampering); 5] = [
        ("one byte of an artifact is changed", change_artifact),
        ("the bill of materials is taken out of the packet", remove_member),
        ("somebody else signs in place of the signers", sign_as_stranger),
        ("a line of the checksums is removed", drop_checksum),
        ("the release is given another version by its file names", rename_version),
    ];
    let mut refusals = Vec::new();
    for (number, (tampering, tamper)) in ways.into_iter().enumerate() {
        let copy = stage.path(&format!("tampered-{}", number + 1));
        copy_folder(&stage.path("dist"), &copy)?;
        tamper(&copy)?;
        let report = verify_release(stage, &copy)?;
        let codes: BTreeSet<&str> =
            report.findings().iter().map(|finding| finding.rule.code).collect();
        let codes: Vec<String> = codes.into_iter().map(str::to_owned).collect();
        let verdict = report.verdict();
        let word = if verdict == countersign::Verdict::Refused { "refused" } else { "NOT REFUSED" };
        result(session, &format!("{word}: {tampering} ({})", codes.join(", ")))?;
        let codes = if verdict == countersign::Verdict::Refused { codes } else { Vec::new() };
        refusals.push(RefusalDocument { tampering, codes });
    }
    Ok(refusals)
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Failure> {
    let io = |error| TreeError::io(to, error);
    fs::create_dir_all(to).map_err(io)?;
    for entry in fs::read_dir(from).map_err(io)? {
        let entry = entry.map_err(io)?;
        fs::copy(entry.path(), to.join(entry.file_name())).map_err(io)?;
    }
    Ok(())
}

fn packet_in(copy: &Path) -> PathBuf {
    copy.join(format!("lantern-{VERSION}.packet.tar.gz"))
}

fn change_artifact(copy: &Path) -> Result<(), Failure> {
    let path = copy.join(format!("lantern-{VERSION}-linux-amd64"));
    let mut bytes = tree::read_named(&path, 16 << 20)?;
    bytes[1000] ^= 1;
    Ok(tree::write_atomic(&path, &bytes, 0o644)?)
}

fn remove_member(copy: &Path) -> Result<(), Failure> {
    let path = packet_in(copy);
    let failed = |source| Failure::from(Error::Archive { path: path.clone(), source });
    let (file, _) = tree::open_named(&path)?;
    let limits =
        archive::Limits { packed_bytes: 1 << 30, unpacked_bytes: 1 << 30, members: 10_000 };
    let mut members = Vec::new();
    archive::unpack(file, limits, |member, _, bytes| {
        let mut whole = Vec::new();
        bytes.read_to_end(&mut whole)?;
        if !member.as_str().ends_with(".spdx.json") {
            members.push((member.clone(), MemberSource::Bytes(whole)));
        }
        Ok(())
    })
    .map_err(failed)?;
    let mut members = members.into_iter();
    let mut bytes = Vec::new();
    pack(&mut bytes, |_| members.next()).map_err(failed)?;
    Ok(tree::write_atomic(&path, &bytes, 0o644)?)
}

fn sign_as_stranger(copy: &Path) -> Result<(), Failure> {
    for entry in fs::read_dir(copy).map_err(|error| TreeError::io(copy, error))? {
        let path = entry.map_err(|error| TreeError::io(copy, error))?.path();
        if path.to_string_lossy().contains(".sigstore.json") {
            fs::remove_file(&path).map_err(|error| TreeError::io(&path, error))?;
        }
    }
    let path = PathBuf::from("stranger.key");
    let key = PrivateKey::generate(Algorithm::Ed25519)
        .map_err(|source| Error::Key { path: path.clone(), source })?;
    sign::sign(copy, &[sign::SigningKey { path, key }])?;
    Ok(())
}

fn drop_checksum(copy: &Path) -> Result<(), Failure> {
    let path = copy.join("checksums.txt");
    let bytes = tree::read_named(&path, 1 << 20)?;
    let rest = bytes.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    Ok(tree::write_atomic(&path, &bytes[rest..], 0o644)?)
}

fn rename_version(copy: &Path) -> Result<(), Failure> {
    for entry in fs::read_dir(copy).map_err(|error| TreeError::io(copy, error))? {
        let path = entry.map_err(|error| TreeError::io(copy, error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().replace(VERSION, "0.3.1");
        fs::rename(&path, copy.join(name)).map_err(|error| TreeError::io(&path, error))?;
    }
    Ok(())
}
