//! `assemble`: governed inputs, artifacts and evidence become one unsigned release.
//!
//! 1. judge the tree; a blocked check ends here;
//! 2. copy the artifacts, hashing them in the same pass;
//! 3. collect the evidence;
//! 4. write manifest and packet in one pass;
//! 5. give the whole directory its name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::{Error, check};
use crate::digest::{Digest, HashingWriter};
use crate::finding::{Area, Gate, Location, Report, ReportDocument, Verdict};
use crate::json;
use crate::packet::directory::{CHECKSUMS, Names, REPORT};
use crate::packet::manifest::{EVIDENCE_FOLDER, member_of};
use crate::packet::{
    Artifact, Build, Checksums, EvidenceItem, EvidenceKind, MemberSource, Packed, Placement,
    Previous, ReleaseManifest, ReleaseSpec, Source, archive, evidence, pack,
};
use crate::path::RelPath;
use crate::provenance::{ResourceDescriptor, Statement, Subject, TestResult};
use crate::time::Timestamp;
use crate::tree::{self, Entry, Fingerprint, Tree, TreeError};
use crate::validator::{self, Context, packet as packet_rules};
use crate::version::Version;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// The folder that holds `ops/`.
    pub root: PathBuf,
    /// The folder of artifacts; all of it is released.
    pub artifacts: PathBuf,
    /// The release's version.
    pub version: Version,
    /// What it was built from.
    pub source: Source,
    /// The packet of the release before it.
    pub previous: Option<PathBuf>,
    /// A folder of further evidence, one folder an area.
    pub evidence: Option<PathBuf>,
    /// Names the build at the builder.
    pub invocation: Option<String>,
    /// Whether a blocked check is written all the same, and marked.
    pub allow_blocked: bool,
    /// The release directory to make.
    pub out: PathBuf,
    /// When the release is made.
    pub issued_at: Timestamp,
    /// The time to judge as of.
    pub now: Timestamp,
    /// Whether that time was given instead of read from the clock.
    pub replay: bool,
}

/// What was made.
#[derive(Debug)]
pub struct Assembled {
    /// What the validators said.
    pub report: Report,
    /// The release's manifest.
    pub manifest: ReleaseManifest,
    /// The packet.
    pub packed: Packed,
}

/// Makes an unsigned release directory, whole or not at all.
///
/// # Errors
///
/// [`Error::Blocked`] when the check does not pass; otherwise whatever could not be read, or
/// written, or contradicts itself.
pub fn assemble(request: &Request) -> Result<Assembled, Error> {
    let tree = Tree::open(&request.root)?;
    let spec = read_spec(&tree, request)?;
    let mut judged = judge(&tree, request)?;
    if judged.report.verdict() != Verdict::Pass && !request.allow_blocked {
        return Err(Error::Blocked(Box::new(judged.report)));
    }
    let staging = Staging::begin(&request.out)?;
    let artifacts = copy_artifacts(request, &spec, &staging)?;
    let previous = request.previous.as_deref().map(|path| read_previous(path, &spec, request));
    let previous = previous.transpose()?;
    let (collected, found) = collect_evidence(request, &tree, &artifacts)?;
    judged.report.append(found);
    if judged.report.verdict() != Verdict::Pass && !request.allow_blocked {
        return Err(Error::Blocked(Box::new(judged.report)));
    }
    let mut members = judged.evidence(&artifacts, request)?;
    members.extend(collected);
    members.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
    let manifest = ReleaseManifest {
        schema: ReleaseManifest::SCHEMA.to_owned(),
        product: spec.product,
        version: request.version.clone(),
        channel: spec.channel,
        sequence: previous.as_ref().map_or(1, |previous| previous.sequence + 1),
        issued_at: request.issued_at,
        source: request.source.clone(),
        build: Build {
            build_type: spec.build.build_type,
            builder: spec.build.builder,
            parameters: spec.build.parameters,
            dependencies: validator::stack::resolved_dependencies(&tree)?,
            invocation: request.invocation.clone(),
        },
        previous,
        artifacts,
        evidence: members.iter().map(|(item, _)| item.clone()).collect(),
        compatibility: spec.compatibility,
        waivers: judged.waivers(),
        check: judged.report.verdict(),
    };
    let packed = write_packet(&manifest, members, request.evidence.as_deref(), &staging)?;
    write_checksums(&manifest, &packed, &staging)?;
    staging.write(REPORT, &json::to_bytes(&judged.report.to_document()))?;
    staging.commit(&request.out)?;
    Ok(Assembled { report: judged.report, manifest, packed })
}

fn read_spec(tree: &Tree, request: &Request) -> Result<ReleaseSpec, Error> {
    let path: RelPath = ReleaseSpec::PATH.parse().expect("the path is portable");
    let bytes = tree.read(&path, 1 << 20)?;
    ReleaseSpec::parse(&bytes)
        .map_err(|source| Error::Document { path: request.root.join(ReleaseSpec::PATH), source })
}

/// What the validators said, area by area and together.
struct Judged {
    report: Report,
    areas: Vec<(Area, ReportDocument)>,
    configuration: BTreeMap<Area, Vec<ResourceDescriptor>>,
}

fn judge(tree: &Tree, request: &Request) -> Result<Judged, Error> {
    let context = Context {
        expect_version: Some(request.version.clone()),
        expect_commit: Some(request.source.commit.clone()),
        ..Context::at(request.now)
    };
    let ask = |areas: Vec<Area>| {
        check::check(&check::Request {
            root: request.root.clone(),
            areas,
            waivers: None,
            gate: Gate::Error,
            context: context.clone(),
            replay: request.replay,
        })
    };
    let report = ask(Area::GOVERNED.to_vec())?;
    let mut areas = Vec::new();
    let mut configuration = BTreeMap::new();
    for area in Area::GOVERNED {
        areas.push((area, ask(vec![area])?.to_document()));
        configuration.insert(area, governed_files(tree, area)?);
    }
    Ok(Judged { report, areas, configuration })
}

/// The files of an area with their digests: what its validator judged.
fn governed_files(tree: &Tree, area: Area) -> Result<Vec<ResourceDescriptor>, Error> {
    let mut files: Vec<Entry> = Vec::new();
    for folder in validator::folders(area) {
        let folder: RelPath = folder.parse().expect("an area's folder is a portable path");
        match tree.list(Some(&folder)) {
            Ok(listing) => files.extend(listing.files),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    let hashed = tree.hash_all(&files)?;
    Ok(files
        .iter()
        .zip(hashed)
        .map(|(entry, (digest, _))| ResourceDescriptor {
            name: Some(entry.path.to_string()),
            uri: None,
            digest: BTreeMap::from([("sha256".to_owned(), digest.to_string())]),
        })
        .collect())
}

/// A member of the packet that is held in memory, or a file below the evidence folder.
type Member = (EvidenceItem, MemberBytes);

enum MemberBytes {
    Memory(Vec<u8>),
    Evidence(RelPath),
}

impl Judged {
    fn waivers(&self) -> Vec<crate::finding::Waiver> {
        self.report.waivers().iter().cloned().collect()
    }

    /// Each area's report, and its result as an in-toto test-result statement over the artifacts;
    /// and the report of all areas together.
    fn evidence(&self, artifacts: &[Artifact], request: &Request) -> Result<Vec<Member>, Error> {
        let subjects: Vec<Subject> = artifacts
            .iter()
            .map(|artifact| Subject { name: artifact.path.to_string(), digest: artifact.sha256 })
            .collect();
        let digests: Vec<Digest> = sorted(artifacts.iter().map(|artifact| artifact.sha256));
        let item = |path: &str, kind, area, media_type: &str, bytes: &[u8], subjects: &[Digest]| {
            EvidenceItem {
                path: path.parse().expect("a path of ours is portable"),
                kind,
                area,
                media_type: media_type.to_owned(),
                size: bytes.len() as u64,
                sha256: Digest::of(bytes),
                observed_at: request.now,
                subjects: subjects.to_vec(),
            }
        };
        let mut members = Vec::new();
        let whole = json::to_bytes(&self.report.to_document());
        let path = format!("{EVIDENCE_FOLDER}/{REPORT}");
        let kind = EvidenceKind::ValidatorReport;
        let whole_item = item(&path, kind, Area::Packet, "application/json", &whole, &[]);
        members.push((whole_item, MemberBytes::Memory(whole)));
        for (area, document) in &self.areas {
            let report = json::to_bytes(document);
            let path = format!("{EVIDENCE_FOLDER}/{area}/{REPORT}");
            let report_item = item(&path, kind, *area, "application/json", &report, &[]);
            members.push((report_item, MemberBytes::Memory(report)));
            let configuration = self.configuration.get(area).cloned().unwrap_or_default();
            let statement = Statement {
                subjects: subjects.clone(),
                predicate: TestResult::of(*area, document, configuration),
            }
            .to_bytes();
            let path = format!("{EVIDENCE_FOLDER}/{area}/test-result.json");
            let kind = EvidenceKind::TestResult;
            let media_type = "application/vnd.in-toto+json";
            let statement_item = item(&path, kind, *area, media_type, &statement, &digests);
            members.push((statement_item, MemberBytes::Memory(statement)));
        }
        Ok(members)
    }
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.collect::<BTreeSet<T>>().into_iter().collect()
}

/// Evidence from elsewhere: recognised by content, judged, collected byte for byte.
fn collect_evidence(
    request: &Request,
    governed: &Tree,
    artifacts: &[Artifact],
) -> Result<(Vec<Member>, Report), Error> {
    let mut report = Report::new("assemble", request.now, request.replay);
    let Some(folder) = &request.evidence else { return Ok((Vec::new(), report)) };
    let budget = validator::release::budget_in(governed, request.now);
    let subjects: Vec<Digest> = artifacts.iter().map(|artifact| artifact.sha256).collect();
    let tree = Tree::open(folder)?;
    let known: BTreeSet<Digest> = artifacts.iter().map(|artifact| artifact.sha256).collect();
    let mut members = Vec::new();
    let listing = tree.list(None)?;
    refuse_oddities(folder, &listing)?;
    for entry in listing.files {
        let refused = |problem: &str| Error::Refused {
            path: folder.join(entry.path.as_str()),
            problem: problem.to_owned(),
        };
        let area = area_of(&entry.path).ok_or_else(|| {
            refused("evidence lies in a folder named after its area: stack, k8s, observe, load, release or rollback")
        })?;
        let bytes = tree.read(&entry.path, evidence::MAX_BYTES)?;
        let (recognised, node) = evidence::recognise(&bytes).ok_or_else(|| {
            refused(
                "not recognised as evidence; expected an SBOM (SPDX, CycloneDX), a scan report, a drill result, a load summary, a DSSE envelope or a Sigstore bundle",
            )
        })?;
        // By the name in the packet: where the folder lies is nobody's business.
        let path = format!("{EVIDENCE_FOLDER}/{}", entry.path);
        let location = Location::named(&path);
        packet_rules::judge_text(
            &location,
            &recognised,
            &node,
            &bytes,
            &subjects,
            &budget,
            &mut report,
        );
        let clash = path.ends_with("/report.json") || path.ends_with("/test-result.json");
        if clash {
            return Err(refused(
                "this name is kept for the validators' own evidence; rename the file",
            ));
        }
        let item = EvidenceItem {
            path: path.parse().map_err(|error| refused(&format!("{error}")))?,
            kind: recognised.kind,
            area,
            media_type: recognised.media_type.to_owned(),
            size: bytes.len() as u64,
            sha256: Digest::of(&bytes),
            observed_at: recognised.observed_at.unwrap_or(request.issued_at),
            subjects: recognised.digests.intersection(&known).copied().collect(),
        };
        members.push((item, MemberBytes::Evidence(entry.path)));
    }
    Ok((members, report))
}

fn area_of(path: &RelPath) -> Option<Area> {
    path.parent()?;
    let folder = path.parts().next()?;
    Area::GOVERNED.into_iter().find(|area| area.word() == folder)
}

fn refuse_oddities(folder: &Path, listing: &tree::Listing) -> Result<(), Error> {
    match listing.oddities.first() {
        None => Ok(()),
        Some(odd) => Err(Error::Refused {
            path: folder.join(&odd.path),
            problem: format!("{}; a release holds regular files only", odd.problem),
        }),
    }
}

/// Copies every artifact into the release directory and hashes it in the same pass.
fn copy_artifacts(
    request: &Request,
    spec: &ReleaseSpec,
    staging: &Staging,
) -> Result<Vec<Artifact>, Error> {
    let folder = &request.artifacts;
    let tree = Tree::open(folder)?;
    let listing = tree.list(None)?;
    refuse_oddities(folder, &listing)?;
    let refused = |path: &RelPath, problem: String| Error::Refused {
        path: folder.join(path.as_str()),
        problem,
    };
    let stem = format!("{}-{}", spec.product, request.version);
    if let Some((path, problem)) = unusable_name(&listing, &stem) {
        return Err(refused(path, problem));
    }
    let carried: BTreeSet<&RelPath> = spec.packet.carry.iter().collect();
    if let Some(missing) =
        carried.iter().find(|path| !listing.files.iter().any(|entry| entry.path == ***path))
    {
        let problem =
            format!("is named in `packet.carry` of `{}` and is not there", ReleaseSpec::PATH);
        return Err(refused(missing, problem));
    }
    if listing.files.is_empty() {
        let problem = "holds no artifact; a release has at least one".to_owned();
        return Err(Error::Refused { path: folder.clone(), problem });
    }
    listing
        .files
        .iter()
        .map(|entry| {
            let (sha256, size) = staging.copy(&tree, &entry.path)?;
            let placement = match carried.contains(&entry.path).then(|| member_of(&entry.path)) {
                None => Placement::Beside,
                Some(Ok(_)) => Placement::Packet,
                Some(Err(error)) => return Err(refused(&entry.path, error.to_string())),
            };
            let media_type = media_type_of(entry.path.file_name()).to_owned();
            Ok(Artifact { path: entry.path.clone(), media_type, size, sha256, placement })
        })
        .collect()
}

/// Finds an artifact whose name is one of the release's own, or another artifact's elsewhere.
fn unusable_name<'a>(listing: &'a tree::Listing, stem: &str) -> Option<(&'a RelPath, String)> {
    let names =
        Names::of_packet(&format!("{stem}.packet.tar.gz")).expect("the name ends as it must");
    let mut folded = BTreeMap::new();
    listing.files.iter().find_map(|entry| {
        if names.is_own(entry.path.as_str()) {
            let problem = "this name is kept for the release's own files; rename the artifact";
            return Some((&entry.path, problem.to_owned()));
        }
        let other = folded.insert(entry.path.fold_key(), &entry.path)?;
        let problem = format!("the same file as `{other}` on some systems; rename one of them");
        Some((&entry.path, problem))
    })
}

fn media_type_of(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("tgz" | "gz") => "application/gzip",
        Some("json") => "application/json",
        Some("yaml" | "yml") => "application/yaml",
        Some("tar") => "application/x-tar",
        Some("zip") => "application/zip",
        Some("txt" | "md") => "text/plain",
        _ => "application/octet-stream",
    }
}

/// Reads the manifest of the packet before this one. Whether that packet is to be trusted is for
/// whoever verifies this release to say; here only its digest is bound.
fn read_previous(path: &Path, spec: &ReleaseSpec, request: &Request) -> Result<Previous, Error> {
    let refused = |problem: String| Error::Refused { path: path.to_owned(), problem };
    let (file, _) = tree::open_named(path)?;
    let mut manifest = None;
    let limits =
        archive::Limits { packed_bytes: 1 << 40, unpacked_bytes: 1 << 40, members: 1 << 20 };
    let unpacked = archive::unpack(file, limits, |member, size, bytes| {
        if member.as_str() == ReleaseManifest::MEMBER && size < 64 << 20 {
            let mut text = Vec::new();
            bytes.read_to_end(&mut text)?;
            manifest = Some(text);
        }
        Ok(())
    })
    .map_err(|error| Error::archive(path, error))?;
    let text = manifest.ok_or_else(|| refused("holds no release manifest".to_owned()))?;
    let manifest = ReleaseManifest::parse(&text)
        .map_err(|source| Error::Json { path: path.to_owned(), source })?;
    if (manifest.product.as_str(), manifest.channel.as_str()) != (&spec.product, &spec.channel) {
        let problem = format!(
            "is of {} on {}; expected {} on {}",
            manifest.product, manifest.channel, spec.product, spec.channel
        );
        return Err(refused(problem));
    }
    if !request.version.is_after(&manifest.version) {
        let problem =
            format!("is version {}; expected one before {}", manifest.version, request.version);
        return Err(refused(problem));
    }
    let Some(_) = manifest.sequence.checked_add(1) else {
        return Err(refused("has the last sequence there is".to_owned()));
    };
    Ok(Previous { version: manifest.version, sequence: manifest.sequence, sha256: unpacked.sha256 })
}

/// Writes the packet: artifacts that travel in it, checksums, evidence and manifest, in the order
/// of their names. Every digest is known before the first byte is written, and held against what
/// went by.
fn write_packet(
    manifest: &ReleaseManifest,
    members: Vec<Member>,
    evidence: Option<&Path>,
    staging: &Staging,
) -> Result<Packed, Error> {
    let path = staging.folder.join(manifest.packet_name());
    let evidence = evidence.map(Tree::open).transpose()?;
    let manifest_bytes = manifest.to_bytes();
    let manifest_name: RelPath = ReleaseManifest::MEMBER.parse().expect("the name is portable");
    let mut list = Checksums::default();
    for (member, (digest, _)) in manifest.members() {
        list.insert(member, digest);
    }
    list.insert(manifest_name.clone(), Digest::of(&manifest_bytes));
    let checksums_name: RelPath = CHECKSUMS.parse().expect("the name is portable");
    let mut sources: BTreeMap<RelPath, MemberSource<'_>> = BTreeMap::new();
    sources.insert(manifest_name, MemberSource::Bytes(manifest_bytes));
    sources.insert(checksums_name, MemberSource::Bytes(list.to_bytes()));
    let packed = manifest.artifacts.iter().filter(|item| item.placement == Placement::Packet);
    for artifact in packed {
        let file = staging.path(&artifact.path);
        let open = move || Ok(Box::new(tree::open_named(&file)?.0) as Box<dyn Read>);
        let source = MemberSource::File { open: Box::new(open), size: artifact.size };
        let member = member_of(&artifact.path).expect("artifacts that do not fit were refused");
        sources.insert(member, source);
    }
    for (item, bytes) in members {
        let source = match (bytes, &evidence) {
            (MemberBytes::Memory(bytes), _) => MemberSource::Bytes(bytes),
            (MemberBytes::Evidence(path), Some(tree)) => MemberSource::File {
                open: Box::new(move || Ok(Box::new(tree.file(&path)?.0) as Box<dyn Read>)),
                size: item.size,
            },
            (MemberBytes::Evidence(_), None) => {
                unreachable!("evidence files come from the evidence folder")
            }
        };
        sources.insert(item.path, source);
    }
    let mut sources = sources.into_iter();
    let file = BufWriter::new(staging.create(&path)?);
    let packed = pack(file, |_| sources.next()).map_err(|error| Error::archive(&path, error))?;
    for (member, digest, _) in &packed.members {
        if list.get(member).is_some_and(|expected| expected != digest) {
            return Err(TreeError::Changed { path: member.as_str().into() }.into());
        }
    }
    let file = File::open(&path).map_err(|error| TreeError::io(&path, error))?;
    file.sync_all().map_err(|error| TreeError::io(&path, error))?;
    Ok(packed)
}

fn write_checksums(
    manifest: &ReleaseManifest,
    packed: &Packed,
    staging: &Staging,
) -> Result<(), Error> {
    let mut list = Checksums::default();
    for artifact in &manifest.artifacts {
        list.insert(artifact.path.clone(), artifact.sha256);
    }
    let packet = manifest.packet_name().parse().expect("product and version give a portable name");
    list.insert(packet, packed.sha256);
    staging.write(CHECKSUMS, &list.to_bytes())
}

/// A release directory that has no name yet. Dropped before it is committed, it is removed.
struct Staging {
    folder: PathBuf,
    kept: bool,
}

impl Staging {
    fn begin(out: &Path) -> Result<Self, Error> {
        if let Ok(mut entries) = fs::read_dir(out)
            && entries.next().is_some()
        {
            let problem = "is not empty; remove it or name another directory".to_owned();
            return Err(Error::Unusable { path: out.to_owned(), problem });
        }
        let name = out.file_name().ok_or_else(|| Error::Unusable {
            path: out.to_owned(),
            problem: "is not the name of a directory to make".to_owned(),
        })?;
        let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or_else(|| Path::new("."));
        fs::create_dir_all(parent).map_err(|error| TreeError::io(parent, error))?;
        let prefix = format!("{}{}-", tree::UNFINISHED_PREFIX, name.to_string_lossy());
        let folder = tempfile::Builder::new()
            .prefix(&prefix)
            .tempdir_in(parent)
            .map_err(|error| TreeError::io(out, error))?
            .keep();
        Ok(Self { folder, kept: false })
    }

    fn path(&self, path: &RelPath) -> PathBuf {
        self.folder.join(path.as_str())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        Ok(tree::write_atomic(&self.folder.join(name), bytes, 0o644)?)
    }

    fn create(&self, path: &Path) -> Result<File, TreeError> {
        use std::os::unix::fs::PermissionsExt;
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| TreeError::io(parent, error))?;
        }
        let file = File::create_new(path).map_err(|error| TreeError::io(path, error))?;
        // By the open file, so that the umask does not count.
        file.set_permissions(fs::Permissions::from_mode(0o644))
            .map_err(|error| TreeError::io(path, error))?;
        Ok(file)
    }

    fn copy(&self, tree: &Tree, path: &RelPath) -> Result<(Digest, u64), Error> {
        let shown = tree.path().join(path.as_str());
        let target = self.path(path);
        let (mut file, _) = tree.file(path)?;
        let before = Fingerprint::of(&file, &shown)?;
        let mut out = HashingWriter::new(self.create(&target)?);
        let mut buffer = vec![0; 256 << 10];
        loop {
            let count = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(TreeError::io(&shown, error).into()),
            };
            out.write_all(&buffer[..count]).map_err(|error| TreeError::io(&target, error))?;
        }
        let (digest, size, copy) = out.finish();
        copy.sync_all().map_err(|error| TreeError::io(&target, error))?;
        before.unchanged(&file, size, &shown)?;
        Ok((digest, size))
    }

    /// Gives the directory its name: all of it at once, or none of it.
    fn commit(mut self, out: &Path) -> Result<(), Error> {
        settle(&self.folder)?;
        fs::rename(&self.folder, out).map_err(|error| TreeError::io(out, error))?;
        self.kept = true;
        let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
        Ok(tree::sync_folder(parent.unwrap_or_else(|| Path::new(".")))?)
    }
}

/// Gives a folder and those in it their mode, whatever the umask says, and brings their names to
/// the disk.
fn settle(folder: &Path) -> Result<(), TreeError> {
    use std::os::unix::fs::PermissionsExt;
    let io = |error| TreeError::io(folder, error);
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        if entry.file_type().map_err(io)?.is_dir() {
            settle(&entry.path())?;
        }
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).map_err(io)?;
    tree::sync_folder(folder)
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing is left to tell it to: the error that brought us here is on its way.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn folders_of_artifacts_do_not_take_their_mode_from_the_umask() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("dist");
        let staging = Staging::begin(&out).unwrap();
        staging.create(&staging.path(&"a/b/c".parse().unwrap())).unwrap();
        // As umask 000 and 077 leave them.
        for (path, mode) in [("a", 0o777), ("a/b", 0o700)] {
            let path = staging.folder.join(path);
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        staging.commit(&out).unwrap();
        for (path, mode) in [("", 0o755), ("a", 0o755), ("a/b", 0o755), ("a/b/c", 0o644)] {
            let found = fs::metadata(out.join(path)).unwrap().permissions().mode() & 0o777;
            assert_eq!(found, mode, "{path:?}: {found:o}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
