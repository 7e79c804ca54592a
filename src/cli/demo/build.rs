//! What a pipeline would build: a chart package, a binary, an SBOM, and evidence about them.

use std::fs;
use std::io::Read;
use std::path::Path;

use countersign::finding::{Area, Report};
use countersign::packet::{MemberSource, pack};
use countersign::pipeline::Error;
use countersign::provenance::{PAYLOAD_TYPE, Statement, Subject, TestResult};
use countersign::tree::{self, Tree, TreeError};
use countersign::trust::{Algorithm, Bundle, PrivateKey};
use countersign::{Digest, RelPath, json};
use serde::Serialize;

use super::super::exit::Failure;
use super::Release;

/// Builds everything that the release ships and everything that speaks for it.
pub(super) fn build(release: &Release) -> Result<(), Failure> {
    let (artifacts, evidence) = (&release.artifacts, &release.evidence);
    let version = release.version;
    for folder in ["release", "observe", "load"] {
        make_folder(&evidence.join(folder))?;
    }
    make_folder(artifacts)?;
    package_chart(release, &artifacts.join(format!("lantern-{version}.tgz")))?;
    let program = program(version);
    let name = format!("lantern-{version}-linux-amd64");
    tree::write_atomic(&artifacts.join(&name), &program, 0o644)?;
    let digest = Digest::of(&program);
    let spdx = json::to_bytes(&spdx(release, &name, digest));
    tree::write_atomic(&evidence.join("release/lantern.spdx.json"), &spdx, 0o644)?;
    let cyclonedx = json::to_bytes(&cyclonedx(release, &name, digest));
    tree::write_atomic(&evidence.join("release/lantern.cdx.json"), &cyclonedx, 0o644)?;
    let scan = json::to_bytes(&scan(release, digest));
    tree::write_atomic(&evidence.join("release/scan.json"), &scan, 0o644)?;
    for (from, to) in [("ops/observe/drills/results", "observe"), ("ops/load/results", "load")] {
        copy_evidence(release, from, &evidence.join(to))?;
    }
    Ok(())
}

fn make_folder(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path).map_err(|error| TreeError::io(path, error).into())
}

/// Packs the chart as `helm package` does: everything below a folder of the chart's name.
fn package_chart(release: &Release, target: &Path) -> Result<(), Failure> {
    let tree = Tree::open(&release.tree)?;
    let folder: RelPath = "ops/k8s/charts/lantern".parse().expect("the path is portable");
    let mut members = tree
        .list(Some(&folder))?
        .files
        .into_iter()
        .map(|entry| {
            let name = format!("lantern{}", &entry.path.as_str()[folder.as_str().len()..]);
            let open = {
                let (tree, path) = (&tree, entry.path);
                move || Ok(Box::new(tree.file(&path)?.0) as Box<dyn Read>)
            };
            let source = MemberSource::File { open: Box::new(open), size: entry.size };
            (name.parse().expect("a portable path below a short folder"), source)
        })
        .collect::<Vec<_>>()
        .into_iter();
    let mut file = tree::AtomicFile::create(target, 0o644)?;
    let packed = pack(FileRef(&mut file), |_| members.next());
    packed.map_err(|error| Error::archive(target, error))?;
    Ok(file.commit()?)
}

struct FileRef<'a>(&'a mut tree::AtomicFile);

impl std::io::Write for FileRef<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// Bytes that compress as badly as a program does, the same every time.
fn program(version: &str) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01 the lantern of the demo\n".to_vec();
    let mut block = Digest::of(version.as_bytes());
    while bytes.len() < 256 << 10 {
        bytes.extend_from_slice(block.as_bytes());
        block = Digest::of(block.as_bytes());
    }
    bytes
}

/// What the program is made of, as both bills of materials tell it.
const COMPONENTS: [(&str, &str, &str); 4] = [
    ("hyper", "1.8.1", "MIT"),
    ("redis", "0.32.7", "BSD-3-Clause"),
    ("tokio", "1.48.0", "MIT"),
    ("tracing", "0.1.43", "MIT"),
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spdx {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: String,
    document_namespace: String,
    creation_info: SpdxCreation,
    packages: Vec<SpdxPackage>,
    relationships: Vec<SpdxRelationship>,
}

#[derive(Serialize)]
struct SpdxCreation {
    created: String,
    creators: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SpdxPackage {
    #[serde(rename = "SPDXID")]
    id: String,
    name: String,
    version_info: String,
    download_location: &'static str,
    license_concluded: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<SpdxChecksum>,
    external_refs: Vec<SpdxReference>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SpdxChecksum {
    algorithm: &'static str,
    checksum_value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SpdxReference {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SpdxRelationship {
    spdx_element_id: String,
    related_spdx_element: String,
    relationship_type: &'static str,
}

fn spdx(release: &Release, file: &str, digest: Digest) -> Spdx {
    let package = |name: &str, version: &str, license, purl: String, checksums| SpdxPackage {
        id: format!("SPDXRef-{name}"),
        name: name.to_owned(),
        version_info: version.to_owned(),
        download_location: "NOASSERTION",
        license_concluded: license,
        checksums,
        external_refs: vec![SpdxReference {
            reference_category: "PACKAGE-MANAGER",
            reference_type: "purl",
            reference_locator: purl,
        }],
    };
    let checksum = SpdxChecksum { algorithm: "SHA256", checksum_value: digest.to_string() };
    let own = package(
        "lantern",
        release.version,
        "Apache-2.0",
        format!("pkg:generic/lantern@{}", release.version),
        vec![checksum],
    );
    let parts = COMPONENTS.iter().map(|(name, version, license)| {
        package(name, version, license, format!("pkg:cargo/{name}@{version}"), Vec::new())
    });
    let relation = |from: &str, to: String, kind| SpdxRelationship {
        spdx_element_id: from.to_owned(),
        related_spdx_element: to,
        relationship_type: kind,
    };
    let depends = COMPONENTS
        .iter()
        .map(|(name, ..)| relation("SPDXRef-lantern", format!("SPDXRef-{name}"), "DEPENDS_ON"));
    let described = relation("SPDXRef-DOCUMENT", "SPDXRef-lantern".to_owned(), "DESCRIBES");
    Spdx {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: "SPDXRef-DOCUMENT",
        name: file.to_owned(),
        document_namespace: format!("https://lantern.example/spdx/{digest}"),
        creation_info: SpdxCreation {
            created: release.issued_at.to_string(),
            creators: vec!["Tool: countersign-demo".to_owned()],
        },
        packages: std::iter::once(own).chain(parts).collect(),
        relationships: std::iter::once(described).chain(depends).collect(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CycloneDx {
    bom_format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    version: u32,
    metadata: CycloneDxMetadata,
    components: Vec<CycloneDxComponent>,
    dependencies: Vec<CycloneDxDependency>,
}

#[derive(Serialize)]
struct CycloneDxMetadata {
    timestamp: String,
    component: CycloneDxComponent,
}

#[derive(Serialize)]
struct CycloneDxComponent {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    reference: String,
    name: String,
    version: String,
    purl: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<CycloneDxHash>,
}

#[derive(Serialize)]
struct CycloneDxHash {
    alg: &'static str,
    content: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CycloneDxDependency {
    #[serde(rename = "ref")]
    reference: String,
    depends_on: Vec<String>,
}

fn cyclonedx(release: &Release, file: &str, digest: Digest) -> CycloneDx {
    let hex = digest.to_string();
    let component = |kind, name: &str, version: &str, purl: String, hashes| CycloneDxComponent {
        kind,
        reference: purl.clone(),
        name: name.to_owned(),
        version: version.to_owned(),
        purl,
        hashes,
    };
    let own_purl = format!("pkg:generic/lantern@{}", release.version);
    let hash = CycloneDxHash { alg: "SHA-256", content: hex.clone() };
    let own = component("application", file, release.version, own_purl.clone(), vec![hash]);
    let components: Vec<CycloneDxComponent> = COMPONENTS
        .iter()
        .map(|(name, version, _)| {
            component("library", name, version, format!("pkg:cargo/{name}@{version}"), Vec::new())
        })
        .collect();
    let depends_on = components.iter().map(|part| part.reference.clone()).collect();
    CycloneDx {
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: format!(
            "urn:uuid:{}-{}-4{}-8{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[13..16],
            &hex[17..20],
            &hex[20..32]
        ),
        version: 1,
        metadata: CycloneDxMetadata { timestamp: release.issued_at.to_string(), component: own },
        components,
        dependencies: vec![CycloneDxDependency { reference: own_purl, depends_on }],
    }
}

#[derive(Serialize)]
struct Scan {
    schema_version: u32,
    tool: &'static str,
    format: &'static str,
    target: String,
    generated_at: String,
    summary: ScanSummary,
}

#[derive(Serialize)]
struct ScanSummary {
    critical: u32,
    high: u32,
    medium: u32,
    low: u32,
}

fn scan(release: &Release, digest: Digest) -> Scan {
    Scan {
        schema_version: 1,
        tool: "demo-scanner 1.0",
        format: "json",
        target: format!("sha256:{digest}"),
        generated_at: release.issued_at.to_string(),
        summary: ScanSummary { critical: 0, high: 0, medium: 1, low: 4 },
    }
}

/// Drill results and load summaries that the example keeps, collected as a pipeline would.
fn copy_evidence(release: &Release, from: &str, to: &Path) -> Result<(), Failure> {
    let tree = Tree::open(&release.tree)?;
    let folder: RelPath = from.parse().expect("the path is portable");
    for entry in tree.list(Some(&folder))?.files {
        let name = entry.path.file_name();
        if name.ends_with(".json") && !name.ends_with(".runs.json") {
            let bytes = tree.read(&entry.path, 16 << 20)?;
            tree::write_atomic(&to.join(name), &bytes, 0o644)?;
        }
    }
    Ok(())
}

/// A result that another pipeline signed: collected as it is.
pub(super) fn signed_evidence(release: &Release, key: &PrivateKey) -> Result<(), Failure> {
    let program = program(release.version);
    let report = Report::new("check", release.issued_at, true).to_document();
    let mut result = TestResult::of(Area::Stack, &report, Vec::new());
    result.result = countersign::provenance::TestOutcome::Passed;
    let statement = Statement {
        subjects: vec![Subject {
            name: format!("lantern-{}-linux-amd64", release.version),
            digest: Digest::of(&program),
        }],
        predicate: result,
    };
    let path = release.evidence.join("release/soak.sigstore.json");
    let bundle = Bundle::sign_payload(PAYLOAD_TYPE, statement.to_bytes(), key)
        .map_err(|source| Error::Key { path: path.clone(), source })?;
    debug_assert_eq!(key.public().algorithm(), Algorithm::Ed25519);
    Ok(tree::write_atomic(&path, &bundle.to_bytes(), 0o644)?)
}
