//! `inspect`: what is in a file, shown as unverified.

use std::io::Read;
use std::path::Path;

use memchr::memmem;

use super::{Error, blob};
use crate::digest::{Digest, hash_reader};
use crate::document::{self, Node};
use crate::json;
use crate::packet::archive::{self, Limits};
use crate::packet::glance::{SbomGlance, glance};
use crate::packet::{EvidenceKind, ReleaseManifest, evidence};
use crate::tree::{self, TreeError};
use crate::trust::root::{PAYLOAD_TYPE, TrustRootDocument};
use crate::trust::{Bundle, Envelope, PublicKey};
use crate::validator::load::result::{self, LoadResult, ResultError};
use crate::validator::load::threshold::Threshold;

/// What a file seems to be. Nothing of it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What the file is.
    pub kind: String,
    /// What it holds, as names and values in reading order.
    pub facts: Vec<(String, String)>,
}

/// The largest document that is read whole, in bytes.
const MAX_BYTES: usize = 256 << 20;

/// Looks at a file and tells what it seems to be.
///
/// # Errors
///
/// When the file cannot be read, or is JSON that is cut off or says two things.
pub fn inspect(path: &Path) -> Result<Inspection, Error> {
    let (mut file, size) = tree::open_named(path)?;
    let mut start = [0; 2];
    let count = file.read(&mut start).map_err(|error| TreeError::io(path, error))?;
    if start[..count] == [0x1f, 0x8b] {
        return packet(path);
    }
    if is_list_of_samples(path)? {
        // Read as it comes, however large.
        let (file, _) = tree::open_named(path)?;
        if let Some(inspection) = load_result(path, result::read(file))? {
            return Ok(inspection);
        }
    }
    if size > MAX_BYTES as u64 {
        return plain(path, size);
    }
    let bytes = tree::read_named(path, MAX_BYTES)?;
    // A large bill of materials is read once: what cannot be a bundle or an envelope is not read as one.
    let names = |name: &[u8]| memmem::find(&bytes, name).is_some();
    if names(b"mediaType")
        && let Ok(bundle) = Bundle::parse(&bytes)
    {
        let mut facts = vec![("content".to_owned(), blob::describe(&bundle))];
        facts.push(("key hint".to_owned(), bundle.unverified_key_hint().to_owned()));
        return Ok(Inspection { kind: "Sigstore bundle v0.3, managed key".to_owned(), facts });
    }
    if names(b"payloadType")
        && let Ok(envelope) = Envelope::parse(&bytes)
    {
        return Ok(describe_envelope(&envelope));
    }
    if let Ok(key) = PublicKey::from_pem(&bytes) {
        let facts = vec![
            ("algorithm".to_owned(), key.algorithm().to_string()),
            ("key id".to_owned(), key.id().to_string()),
        ];
        return Ok(Inspection { kind: "public key".to_owned(), facts });
    }
    if (names(b"bomFormat") || names(b"spdxVersion"))
        && let Some(sbom) = glance(&bytes)
    {
        return Ok(describe_sbom(&sbom));
    }
    let is_text = bytes.trim_ascii_start().first().is_some_and(|byte| !byte.is_ascii_control());
    if bytes.len() <= document::Limits::GOVERNED.bytes
        && is_text
        && let Some(inspection) = load_result(path, result::read(bytes.as_slice()))?
    {
        return Ok(inspection);
    }
    if let Some((recognised, node)) = evidence::recognise(&bytes) {
        return Ok(describe_evidence(&recognised, &node));
    }
    match document::parse_json(&bytes, document::Limits::GOVERNED) {
        Ok(node) => Ok(describe_json(&node)),
        Err(_) => {
            hold_json(path, &bytes)?;
            plain(path, size)
        }
    }
}

/// Holds when the bytes are no JSON at all, or JSON that is whole: what is cut off or says two things
/// is not passed off as a file of some kind.
fn hold_json(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let text = bytes.trim_ascii_start();
    if !text.starts_with(b"{") && !text.starts_with(b"[") {
        return Ok(());
    }
    let is_whole = |text: &[u8]| json::hold(text, json::Limits::EVIDENCE);
    let Err(source) = is_whole(bytes) else { return Ok(()) };
    // A list of documents, one a line.
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if first.len() < text.trim_ascii_end().len() && is_whole(first).is_ok() {
        return Ok(());
    }
    Err(Error::Json { path: path.to_owned(), source })
}

fn packet(path: &Path) -> Result<Inspection, Error> {
    let (file, size) = tree::open_named(path)?;
    let limits = Limits { packed_bytes: 1 << 42, unpacked_bytes: 1 << 42, members: 1 << 20 };
    let mut members = Vec::new();
    let mut manifest = None;
    let unpacked = archive::unpack(file, limits, |member, size, bytes| {
        if member.as_str() == ReleaseManifest::MEMBER && size < 64 << 20 {
            let mut text = Vec::new();
            bytes.read_to_end(&mut text)?;
            manifest = ReleaseManifest::parse(&text).ok();
        }
        members.push((member.to_string(), format!("{size} bytes")));
        Ok(())
    });
    let unpacked = match unpacked {
        Ok(unpacked) => unpacked,
        Err(error) => {
            let facts = vec![
                ("size".to_owned(), format!("{size} bytes")),
                ("not a packet".to_owned(), error.to_string()),
            ];
            return Ok(Inspection { kind: "gzip file".to_owned(), facts });
        }
    };
    let mut facts = vec![("sha256".to_owned(), unpacked.sha256.to_string())];
    if let Some(manifest) = manifest {
        facts.extend([
            ("product".to_owned(), manifest.product.clone()),
            ("version".to_owned(), manifest.version.to_string()),
            ("channel".to_owned(), manifest.channel.clone()),
            ("sequence".to_owned(), manifest.sequence.to_string()),
            ("source".to_owned(), format!("{} at {}", manifest.source.uri, manifest.source.commit)),
            ("issued at".to_owned(), manifest.issued_at.to_string()),
            ("artifacts".to_owned(), manifest.artifacts.len().to_string()),
            ("evidence".to_owned(), manifest.evidence.len().to_string()),
        ]);
    }
    facts.extend(members);
    Ok(Inspection { kind: "release packet".to_owned(), facts })
}

/// Tells whether a file begins as a list of a load tool's samples does.
fn is_list_of_samples(path: &Path) -> Result<bool, Error> {
    let (file, _) = tree::open_named(path)?;
    let mut head = Vec::new();
    file.take(64 << 10).read_to_end(&mut head).map_err(|error| TreeError::io(path, error))?;
    Ok(result::streamed(&head).is_some())
}

/// The result of a load tool; nothing when it is none.
fn load_result(
    path: &Path,
    read: Result<LoadResult, ResultError>,
) -> Result<Option<Inspection>, Error> {
    match read {
        Ok(result) => Ok(Some(describe_result(&result))),
        Err(ResultError::Io(error)) => Err(TreeError::io(path, error).into()),
        Err(ResultError::Unknown(_)) => Ok(None),
        Err(error @ ResultError::Broken { .. }) => {
            let facts = vec![("broken".to_owned(), error.to_string())];
            Ok(Some(Inspection { kind: "load result that is broken".to_owned(), facts }))
        }
    }
}

fn describe_result(result: &LoadResult) -> Inspection {
    let mut facts = vec![
        ("shape".to_owned(), result.shape.to_string()),
        ("size".to_owned(), format!("{} bytes", result.size)),
        ("sha256".to_owned(), result.sha256.to_string()),
    ];
    facts.extend(result.version.iter().map(|version| ("version".to_owned(), version.clone())));
    facts.extend(result.duration_ms.map(|ms| ("duration".to_owned(), format!("{ms} ms"))));
    facts.extend(result.requests().map(|count| ("requests".to_owned(), count.to_string())));
    for (key, metric) in &result.metrics {
        let mut parts: Vec<String> = Vec::new();
        parts.extend(result.samples_of(key).map(|count| format!("{count} samples")));
        parts.extend(metric.shares.map(|(trues, all)| format!("{trues} of {all}")));
        let shown = metric.percentiles.iter().map(|(rank, value)| format!("p({rank}) {value}"));
        parts.extend(shown);
        parts.extend(metric.maximum.map(|value| format!("max {value}")));
        facts.push((key.clone(), parts.join(", ")));
        for stated in &metric.thresholds {
            let parsed = Threshold::parse(&stated.expression);
            let holds = parsed.ok().filter(|_| result.samples_of(key) != Some(0));
            let word = match holds.and_then(|threshold| metric.holds(&threshold)) {
                Some(true) => "holds",
                Some(false) => "does not hold",
                None => "cannot be recomputed",
            };
            facts.push((format!("{key} {}", stated.expression), word.to_owned()));
        }
    }
    facts.extend(result.oddities.iter().map(|odd| ("odd".to_owned(), odd.problem.clone())));
    Inspection { kind: format!("load result of {}", result.shape.tool()), facts }
}

fn describe_envelope(envelope: &Envelope) -> Inspection {
    let mut facts = vec![
        ("payload type".to_owned(), envelope.unverified_payload_type().to_owned()),
        ("payload sha256".to_owned(), Digest::of(envelope.unverified_payload()).to_string()),
    ];
    facts
        .extend(envelope.unverified_key_hints().map(|hint| ("key id".to_owned(), hint.to_owned())));
    if envelope.unverified_payload_type() != PAYLOAD_TYPE {
        return Inspection { kind: "DSSE envelope".to_owned(), facts };
    }
    let payload = envelope.unverified_payload();
    if let Ok(root) = json::parse::<TrustRootDocument>(payload, json::Limits::DOCUMENT) {
        facts.push(("version".to_owned(), root.version.to_string()));
        facts.push(("expires at".to_owned(), root.expires_at.to_string()));
        for (id, key) in &root.keys {
            let text = format!("{} of {}", key.public_key.algorithm(), key.owner);
            facts.push((format!("key {id}"), text));
        }
        for (name, role) in &root.roles {
            let text = format!("{} of {} keys", role.threshold, role.keys.len());
            facts.push((format!("role {name}"), text));
        }
    }
    Inspection { kind: "trust root".to_owned(), facts }
}

fn describe_sbom(sbom: &SbomGlance) -> Inspection {
    let mut facts = vec![("media type".to_owned(), sbom.media_type.to_owned())];
    facts.extend(sbom.observed_at.map(|time| ("observed at".to_owned(), time.to_string())));
    facts.extend(sbom.lists.iter().map(|(name, count)| ((*name).to_owned(), count.to_string())));
    facts.push(("digests named".to_owned(), sbom.digests.to_string()));
    Inspection { kind: EvidenceKind::Sbom.to_string(), facts }
}

fn describe_evidence(recognised: &evidence::Recognised, node: &Node) -> Inspection {
    let count = |pointer: &str| node.pointer(pointer).map_or(0, |list| list.items().len());
    let mut facts = vec![("media type".to_owned(), recognised.media_type.to_owned())];
    if let Some(time) = recognised.observed_at {
        facts.push(("observed at".to_owned(), time.to_string()));
    }
    for (name, pointer) in [
        ("components", "/components"),
        ("packages", "/packages"),
        ("relationships", "/relationships"),
        ("elements", "/@graph"),
        ("findings", "/findings"),
        ("results", "/Results"),
        ("matches", "/matches"),
    ] {
        if count(pointer) > 0 {
            facts.push((name.to_owned(), count(pointer).to_string()));
        }
    }
    facts.push(("digests named".to_owned(), recognised.digests.len().to_string()));
    Inspection { kind: recognised.kind.to_string(), facts }
}

fn describe_json(node: &Node) -> Inspection {
    let text = |key: &str| node.get(key).and_then(Node::as_str);
    let kind = match (text("_type"), text("schema")) {
        (Some(_), _) => "in-toto statement, not signed",
        (None, Some(_)) => "document",
        (None, None) => "JSON",
    };
    let names = ["_type", "predicateType", "schema", "product", "version", "verdict", "command"];
    let facts = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), text(name)?.to_owned())))
        .chain(
            node.get("subject").map(|list| ("subjects".to_owned(), list.items().len().to_string())),
        )
        .collect();
    Inspection { kind: kind.to_owned(), facts }
}

fn plain(path: &Path, size: u64) -> Result<Inspection, Error> {
    let (file, _) = tree::open_named(path)?;
    let (digest, _) =
        hash_reader(file, &mut vec![0; 256 << 10]).map_err(|error| TreeError::io(path, error))?;
    let facts = vec![
        ("size".to_owned(), format!("{size} bytes")),
        ("sha256".to_owned(), digest.to_string()),
    ];
    Ok(Inspection { kind: "file of no known kind".to_owned(), facts })
}
