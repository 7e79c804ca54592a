//! The specimen: one small release, assembled and signed through the library, that the tests of
//! the adversary take apart.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use countersign::finding::{Area, Report};
use countersign::packet::{EvidenceKind, Source};
use countersign::pipeline::{Error, assemble, sign, verify};
use countersign::provenance::{PAYLOAD_TYPE, Statement, Subject, TestOutcome, TestResult};
use countersign::trust::root::{
    Key, KeyState, Policy, RequiredEvidence, Role, TrustRootDocument, VulnerabilityBudget,
};
use countersign::trust::{Algorithm, Bundle, PrivateKey, RoleName, TrustRoot};
use countersign::validator::packet::Expectations;
use countersign::{Digest, Timestamp};

use crate::forgery;

/// The example's evidence is a few days old then.
pub(crate) const NOW: &str = "2026-11-24T09:00:00Z";
pub(crate) const VERSION: &str = "0.3.0";
pub(crate) const PACKET: &str = "lantern-0.3.0.packet.tar.gz";
pub(crate) const PROGRAM: &str = "lantern-0.3.0-linux-amd64";
pub(crate) const CHART: &str = "lantern-0.3.0.tgz";
pub(crate) const SOURCE: &str = "git+https://git.lantern.example/lantern";
pub(crate) const COMMIT: &str = "5f3c1d9a7be24806c1d2f4a6b8097e3d5c7a9f10";

/// A release directory in memory.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// A signed release, what it was made of, and the trust root that it passes under.
pub(crate) struct Specimen {
    pub(crate) files: Files,
    pub(crate) artifacts: Files,
    pub(crate) evidence: Files,
    pub(crate) trust: Vec<u8>,
    /// Alice's key is Ed25519, Bob's is P-256; the trust root asks for both.
    pub(crate) keys: [String; 2],
}

pub(crate) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// The folder that holds the example's `ops/`.
pub(crate) fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

/// The one specimen of a test run.
pub(crate) fn specimen() -> &'static Specimen {
    static SPECIMEN: OnceLock<Specimen> = OnceLock::new();
    SPECIMEN.get_or_init(make)
}

fn make() -> Specimen {
    let keys = [Algorithm::Ed25519, Algorithm::P256].map(|it| PrivateKey::generate(it).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (artifacts, evidence) = (folder.path().join("artifacts"), folder.path().join("evidence"));
    let program = b"\x7fELF the lantern of the tests\n".to_vec();
    let inputs = Files::from([
        (PROGRAM.to_owned(), program.clone()),
        (CHART.to_owned(), b"\x1f\x8b the chart of the tests\n".to_vec()),
    ]);
    let proofs = evidence_about(&program, &keys[0]);
    write(&artifacts, &inputs);
    write(&evidence, &proofs);
    let dist = folder.path().join("dist");
    let request = assemble_request(&artifacts, &evidence, &dist);
    if let Err(error) = assemble::assemble(&request) {
        panic!("the specimen must be assembled: {}", explain(&error));
    }
    let keys = keys.map(|key| key.to_pem().to_string());
    let slim = folder.path().join("slim");
    write(&slim, &slimmed(&read(&dist), &inputs));
    sign_with(&slim, &[&keys[0], &keys[1]]);
    Specimen { files: read(&slim), artifacts: inputs, evidence: proofs, trust: trust(&keys), keys }
}

/// The same release with shorter lists of what was judged: thousands of changes are tried on it,
/// and the tenth element of a list teaches nothing that the second did not.
fn slimmed(files: &Files, artifacts: &Files) -> Files {
    let mut members = forgery::members_of(&files[PACKET]);
    let mut manifest = forgery::manifest_of(&members);
    let mut derived = BTreeMap::new();
    for (name, bytes) in &mut members {
        let item = manifest.evidence.iter().find(|item| item.path.as_str() == name);
        if item.is_some_and(|item| item.kind == EvidenceKind::Derived) {
            let mut value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            shorten(&mut value);
            *bytes = countersign::json::to_bytes(&value);
            derived.insert(name.clone(), Digest::of(bytes).to_string());
        }
    }
    for (name, bytes) in &mut members {
        if name.ends_with("/test-result.json") {
            let mut statement = Statement::<TestResult>::parse(bytes).unwrap();
            let mut left = 2;
            statement.predicate.configuration.retain(|one| {
                // What an area derived is a member of its own, and named here.
                let is_derived =
                    one.name.as_ref().is_some_and(|name| name.starts_with("evidence/"));
                left -= i32::from(!is_derived);
                is_derived || left >= 0
            });
            for one in &mut statement.predicate.configuration {
                let digest = one.name.as_ref().and_then(|name| derived.get(name));
                one.digest.extend(digest.map(|digest| ("sha256".to_owned(), digest.clone())));
            }
            *bytes = statement.to_bytes();
        }
    }
    manifest.build.dependencies.truncate(2);
    forgery::rebuild(artifacts, members, manifest)
}

/// Keeps the first two of every list and of every table, at every depth.
fn shorten(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Array(items) => {
            items.truncate(2);
            items.iter_mut().for_each(shorten);
        }
        serde_json::Value::Object(entries) => {
            let more: Vec<String> =
                entries.keys().filter(|key| *key != "schema").skip(2).cloned().collect();
            more.iter().for_each(|key| drop(entries.remove(key)));
            entries.values_mut().for_each(shorten);
        }
        _ => {}
    }
}

fn explain(error: &Error) -> String {
    match error {
        Error::Blocked(report) => {
            let findings = report.findings().iter();
            findings.map(|finding| format!("\n{} {}", finding.rule.code, finding.message)).collect()
        }
        other => other.to_string(),
    }
}

/// What `assemble` is asked for the specimen.
pub(crate) fn assemble_request(artifacts: &Path, evidence: &Path, out: &Path) -> assemble::Request {
    assemble::Request {
        root: root(),
        artifacts: artifacts.to_owned(),
        version: VERSION.parse().unwrap(),
        source: Source { uri: SOURCE.to_owned(), commit: COMMIT.to_owned() },
        previous: None,
        evidence: Some(evidence.to_owned()),
        invocation: None,
        allow_blocked: false,
        out: out.to_owned(),
        issued_at: now(),
        now: now(),
        replay: true,
        issued_at_given: false,
    }
}

/// One piece of each kind that the policy asks for.
fn evidence_about(program: &[u8], key: &PrivateKey) -> Files {
    let digest = Digest::of(program);
    let spdx = format!(
        r#"{{"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "dataLicense": "CC0-1.0",
"name": "{PROGRAM}", "documentNamespace": "https://lantern.example/spdx/{digest}",
"creationInfo": {{"created": "{NOW}", "creators": ["Tool: specimen"]}},
"packages": [{{"SPDXID": "SPDXRef-lantern", "name": "lantern", "versionInfo": "{VERSION}",
"downloadLocation": "NOASSERTION", "licenseConcluded": "Apache-2.0",
"checksums": [{{"algorithm": "SHA256", "checksumValue": "{digest}"}}],
"externalRefs": [{{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
"referenceLocator": "pkg:generic/lantern@{VERSION}"}}]}},
{{"SPDXID": "SPDXRef-hyper", "name": "hyper", "versionInfo": "1.8.1",
"downloadLocation": "NOASSERTION", "licenseConcluded": "MIT",
"externalRefs": [{{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
"referenceLocator": "pkg:cargo/hyper@1.8.1"}}]}}],
"relationships": [{{"spdxElementId": "SPDXRef-DOCUMENT", "relatedSpdxElement": "SPDXRef-lantern",
"relationshipType": "DESCRIBES"}}, {{"spdxElementId": "SPDXRef-lantern",
"relatedSpdxElement": "SPDXRef-hyper", "relationshipType": "DEPENDS_ON"}}]}}
"#
    );
    let scan = format!(
        r#"{{"schema_version": 1, "tool": "scanner 1.0", "format": "json",
"target": "sha256:{digest}", "generated_at": "{NOW}",
"summary": {{"critical": 0, "high": 0, "medium": 1, "low": 4}}}}
"#
    );
    let load = r#"{"metrics": {"http_reqs": {"count": 36000, "rate": 200}},
"root_group": {"name": "", "path": "", "checks": []}}
"#
    .to_owned();
    let example = |path: &str| fs::read(root().join(path)).unwrap();
    Files::from([
        ("release/lantern.spdx.json".to_owned(), spdx.into_bytes()),
        ("release/scan.json".to_owned(), scan.into_bytes()),
        ("release/soak.sigstore.json".to_owned(), soak(PROGRAM, digest, key)),
        ("observe/log-loss.json".to_owned(), example("ops/observe/drills/results/log-loss.json")),
        ("load/soak.summary.json".to_owned(), load.into_bytes()),
    ])
}

/// A soak test's result about one program, signed.
pub(crate) fn soak(program: &str, digest: Digest, key: &PrivateKey) -> Vec<u8> {
    let report = Report::new("check", now(), true).to_document();
    let statement = Statement {
        subjects: vec![Subject { name: program.to_owned(), digest }],
        predicate: TestResult {
            result: TestOutcome::Passed,
            ..TestResult::of(Area::Stack, &report, Vec::new())
        },
    };
    Bundle::sign_payload(PAYLOAD_TYPE, statement.to_bytes(), key).unwrap().to_bytes()
}

/// A trust root that asks for both people on a release.
fn trust(keys: &[String; 2]) -> Vec<u8> {
    trust_with(keys, |_| {})
}

/// The same trust root with something in it changed, and signed again.
pub(crate) fn trust_with(keys: &[String; 2], edit: impl FnOnce(&mut TrustRootDocument)) -> Vec<u8> {
    let keys = keys.each_ref().map(|pem| private_key(pem));
    let ids: Vec<_> = keys.iter().map(|key| key.public().id()).collect();
    let both = Role { keys: ids, identities: Vec::new(), threshold: 2 };
    let one = Role { threshold: 1, ..both.clone() };
    let owned = keys.iter().zip(["alice", "bob"]).map(|(key, owner)| {
        let public_key = key.public().clone();
        let state = KeyState::Active { from: now() };
        (public_key.id(), Key { public_key, owner: owner.to_owned(), state })
    });
    let mut document = TrustRootDocument {
        schema: TrustRootDocument::SCHEMA.to_owned(),
        version: 1,
        issued_at: now(),
        expires_at: now().plus_days(365),
        keys: owned.collect(),
        identities: [].into(),
        roles: [
            (RoleName::Root, both.clone()),
            (RoleName::Release, both),
            (RoleName::Evidence, one),
        ]
        .into(),
        policy: policy(),
        sigstore: None,
    };
    edit(&mut document);
    TrustRoot::seal(&document, &[&keys[0], &keys[1]]).unwrap()
}

fn policy() -> Policy {
    let evidence = |kind: &str, area: Option<&str>, max_age_days| RequiredEvidence {
        kind: kind.to_owned(),
        area: area.map(str::to_owned),
        max_age_days,
        role: None,
    };
    let reports = Area::GOVERNED.into_iter().flat_map(|area| {
        ["validator-report", "test-result"].map(|kind| evidence(kind, Some(area.word()), 1))
    });
    let others = [
        evidence("sbom", None, 7),
        evidence("scan", None, 7),
        evidence("drill", Some("observe"), 30),
        evidence("load-summary", Some("load"), 14),
        evidence("attestation", Some("release"), 7),
    ];
    Policy {
        product: "lantern".to_owned(),
        channels: vec!["stable".to_owned()],
        builders: vec!["https://builders.lantern.example/release".to_owned()],
        build_types: vec!["https://lantern.example/build-types/release/v1".to_owned()],
        sources: vec![SOURCE.to_owned()],
        external_parameters: vec!["profile".to_owned(), "target".to_owned()],
        evidence: reports.chain(others).collect(),
        vulnerabilities: VulnerabilityBudget { max_critical: 0, max_high: 0 },
        max_waivers: 3,
        waivers: None,
        rollback: None,
        require_proven_time: false,
        log_operators: 0,
        attestations: countersign::trust::AttestationPolicy::default(),
        max_packet_bytes: 1 << 24,
        max_members: 1000,
    }
}

/// Reads a private key from PEM.
pub(crate) fn private_key(pem: &str) -> PrivateKey {
    PrivateKey::from_pem(pem.as_bytes(), || unreachable!("the key is not encrypted")).unwrap()
}

/// Signs a release directory with keys in PEM.
pub(crate) fn sign_with(directory: &Path, keys: &[&str]) {
    let keys: Vec<_> = keys
        .iter()
        .map(|pem| sign::SigningKey { path: PathBuf::from("key"), key: private_key(pem) })
        .collect();
    sign::sign(directory, &keys).unwrap();
}

/// Judges a release directory with everything expected that can be.
pub(crate) fn judge(directory: &Path, trust: &Path) -> Result<Report, Error> {
    verify::verify(&verify::Request {
        target: directory.to_owned(),
        trust: trust.to_owned(),
        updates: None,
        trust_as_of: None,
        expectations: Expectations {
            name: Some("lantern".to_owned()),
            version: VERSION.parse().ok(),
            commit: Some(COMMIT.to_owned()),
            min_sequence: Some(1),
        },
        state: None,
        artifacts: None,
        now: now(),
        replay: true,
    })
}

/// Writes files below a folder.
pub(crate) fn write(folder: &Path, files: &Files) {
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Reads the files that lie directly in a folder.
pub(crate) fn read(folder: &Path) -> Files {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
        })
        .collect()
}
