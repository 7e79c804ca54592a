//! Signed evidence in a packet: each test is named after its row of the threat model and the
//! mistake, and puts one statement into an honest release.

use std::fs;
use std::path::Path;

use countersign::Digest;
use countersign::digest::StrongDigests;
use countersign::finding::Area;
use countersign::packet::{EvidenceItem, EvidenceKind};
use countersign::provenance::{
    PAYLOAD_TYPE, ResourceDescriptor, Statement, TestResult, VerificationSummary, predicates,
};
use countersign::trust::root::TrustRootDocument;
use countersign::trust::{
    Algorithm, Bundle, Content, Envelope, PairedVerifier, PrivateKey, RequiredAttestation,
    TrustRoot,
};

use crate::cases::complaint;
use crate::command::{Ran, countersign};
use crate::forgery;
use crate::mutation::{members, signed};
use crate::specimen::{
    self, CHART, COMMIT, Files, NOW, PROGRAM, VERSION, now, private_key, specimen, trust_with,
};

const WORD: &str = "https://example.com/word/v1";
const MEMBER: &str = "evidence/release/extra.json";

/// The specimen with one more member, signed again by both people.
fn with_member(name: &str, kind: EvidenceKind, area: Area, bytes: &[u8]) -> Files {
    let specimen = specimen();
    let mut all = members().clone();
    let mut manifest = forgery::manifest_of(&all);
    all.insert(name.to_owned(), bytes.to_vec());
    manifest.evidence.push(EvidenceItem {
        path: name.parse().unwrap(),
        kind,
        area,
        media_type: "application/json".to_owned(),
        size: 0,
        sha256: Digest::of(bytes),
        observed_at: now(),
        subjects: Vec::new(),
    });
    let files = forgery::rebuild(&specimen.artifacts, all, manifest);
    signed(&files, &[&specimen.keys[0], &specimen.keys[1]])
}

fn with_attestation(bytes: &[u8]) -> Files {
    with_member(MEMBER, EvidenceKind::Attestation, Area::Release, bytes)
}

fn verify(files: &Files, trust: &[u8], more: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    specimen::write(&folder.path().join("dist"), files);
    fs::write(folder.path().join("trust.json"), trust).unwrap();
    verify_in(folder.path(), more)
}

fn verify_in(folder: &Path, more: &[&str]) -> Ran {
    let args = ["verify", "dist", "--trust", "trust.json", "--format", "json", "--now", NOW];
    countersign(folder, &[&args[..], more].concat())
}

#[track_caller]
fn refused(ran: &Ran, code: &str) {
    assert_eq!(complaint(ran, 1, &format!("\"code\": \"{code}\"")), None);
}

#[track_caller]
fn passes(ran: &Ran) {
    assert_eq!(complaint(ran, 0, "pass"), None);
}

fn alice() -> PrivateKey {
    private_key(&specimen().keys[0])
}

fn bob() -> PrivateKey {
    private_key(&specimen().keys[1])
}

/// A statement in JSON. `PROGRAM` and `CHART` stand for the digests of the two artifacts.
fn statement(subject: &str, predicate_type: &str, predicate: &str) -> Vec<u8> {
    let digest = |name: &str| Digest::of(&specimen().artifacts[name]).to_string();
    format!(
        r#"{{"_type": "https://in-toto.io/Statement/v0.1", "subject": {subject}, "predicateType": "{predicate_type}", "predicate": {predicate}}}"#
    )
    .replace("PROGRAM", &digest(PROGRAM))
    .replace("CHART", &digest(CHART))
    .into_bytes()
}

fn envelope(statement: &[u8], key: &PrivateKey) -> Vec<u8> {
    Envelope::sign(PAYLOAD_TYPE, statement.to_vec(), key).unwrap().to_bytes()
}

const ABOUT_PROGRAM: &str = r#"[{"name": "program", "digest": {"sha256": "PROGRAM"}}]"#;

/// A trust root that asks for statements of a type.
fn asking(predicate_type: &str, every_artifact: bool) -> Vec<u8> {
    trust_with(&specimen().keys, |document| require(document, predicate_type, every_artifact))
}

fn require(document: &mut TrustRootDocument, predicate_type: &str, every_artifact: bool) {
    let predicate_type = predicate_type.to_owned();
    let required = RequiredAttestation { predicate_type, role: None, every_artifact };
    document.policy.attestations.required.push(required);
}

#[test]
fn s00_statements_as_others_write_them_count() {
    let program = StrongDigests::of(&specimen().artifacts[PROGRAM]);
    let trust = asking(WORD, false);
    let subjects = [
        ABOUT_PROGRAM.to_owned(),
        format!(r#"[{{"digest": {{"sha512": "{}"}}}}]"#, program.sha512),
        format!(
            r#"[{{"digest": {{"sha256": "PROGRAM", "sha384": "{}", "sha512": "{}"}}}}]"#,
            program.sha384, program.sha512
        ),
        format!(r#"[{{"name": "commit", "digest": {{"gitCommit": "{COMMIT}", "sha1": "x"}}}}]"#),
        format!(r#"[{{"digest": {{"sha256": "PROGRAM", "gitCommit": "{COMMIT}"}}}}]"#),
    ];
    for subject in subjects {
        let statement = statement(&subject, WORD, "{}");
        let mut several = Envelope::sign(PAYLOAD_TYPE, statement.clone(), &bob()).unwrap();
        several.add_signature(&PrivateKey::generate(Algorithm::Ed25519).unwrap()).unwrap();
        let bundle = Bundle::sign_payload(PAYLOAD_TYPE, statement, &alice()).unwrap();
        for bytes in [several.to_bytes(), bundle.to_bytes()] {
            passes(&verify(&with_attestation(&bytes), &trust, &[]));
        }
    }
}

#[test]
fn p17_an_attestation_that_is_asked_for_and_not_there() {
    refused(&verify(&specimen().files, &asking(WORD, false), &[]), "CS-PACKET-011");
    let stranger = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    let bytes = envelope(&statement(ABOUT_PROGRAM, WORD, "{}"), &stranger);
    let files = with_attestation(&bytes);
    refused(&verify(&files, &asking(WORD, false), &[]), "CS-PACKET-011");
    // Of somebody unknown, and not asked for: collected as it is.
    passes(&verify(&files, &specimen().trust, &[]));
    let other = envelope(&statement(ABOUT_PROGRAM, "https://example.com/other/v1", "{}"), &alice());
    refused(&verify(&with_attestation(&other), &asking(WORD, false), &[]), "CS-PACKET-011");
}

#[test]
fn p07_one_artifact_of_two_is_covered() {
    let bytes = envelope(&statement(ABOUT_PROGRAM, WORD, "{}"), &alice());
    let ran = verify(&with_attestation(&bytes), &asking(WORD, true), &[]);
    refused(&ran, "CS-TRUST-013");
    assert!(ran.said().contains(&format!("about `{CHART}`")), "{ran:?}");
    let both = r#"[{"digest": {"sha256": "PROGRAM"}}, {"digest": {"sha256": "CHART"}}]"#;
    let bytes = envelope(&statement(both, WORD, "{}"), &alice());
    passes(&verify(&with_attestation(&bytes), &asking(WORD, true), &[]));
}

// What somebody trusted has signed must hold, whether it is asked for or not.
#[track_caller]
fn refused_alone(code: &str, subject: &str, predicate_type: &str, predicate: &str) {
    let bytes = envelope(&statement(subject, predicate_type, predicate), &alice());
    refused(&verify(&with_attestation(&bytes), &specimen().trust, &[]), code);
}

#[test]
fn p08_a_strong_digest_that_does_not_match() {
    let other = StrongDigests::of(b"other");
    let (sha256, sha512) = (other.sha256, other.sha512);
    let zeros = "0".repeat(40);
    for subject in [
        format!(r#"[{{"digest": {{"sha256": "{sha256}"}}}}]"#),
        format!(r#"[{{"digest": {{"sha256": "{sha256}", "md5": "PROGRAM"}}}}]"#),
        format!(r#"[{{"digest": {{"sha256": "PROGRAM", "sha512": "{sha512}"}}}}]"#),
        format!(r#"[{{"digest": {{"sha512": "{sha512}"}}}}]"#),
        format!(r#"[{{"digest": {{"sha256": "PROGRAM", "gitCommit": "{zeros}"}}}}]"#),
        format!(r#"[{{"digest": {{"gitCommit": "{zeros}"}}}}]"#),
    ] {
        refused_alone("CS-TRUST-013", &subject, WORD, "{}");
    }
    for subject in [
        r#"[{"digest": {"sha1": "PROGRAM"}}]"#,
        r#"[{"digest": {"md5": "PROGRAM"}}]"#,
        r#"[{"digest": {"sha256": "PROGRAM", "blake3": "PROGRAM"}}]"#,
    ] {
        refused_alone("CS-TRUST-014", subject, WORD, "{}");
    }
}

#[test]
fn p08_a_digest_that_only_the_artifact_can_show() {
    let program = StrongDigests::of(&specimen().artifacts[PROGRAM]);
    let subject =
        format!(r#"[{{"digest": {{"sha256": "PROGRAM", "sha512": "{}"}}}}]"#, program.sha512);
    let files = with_attestation(&envelope(&statement(&subject, WORD, "{}"), &alice()));
    let folder = tempfile::tempdir().unwrap();
    specimen::write(&folder.path().join("dist"), &files);
    fs::write(folder.path().join("trust.json"), asking(WORD, false)).unwrap();
    let packet = format!("dist/{}", specimen::PACKET);
    let args = ["verify", &packet, "--trust", "trust.json", "--format", "json", "--now", NOW];
    let alone = countersign(folder.path(), &args);
    refused(&alone, "CS-PACKET-011");
    assert!(alone.said().contains("only the artifact can show"), "{alone:?}");
    specimen::write(&folder.path().join("files"), &specimen().artifacts);
    passes(&countersign(folder.path(), &[&args[..], &["--artifacts", "files"]].concat()));
}

#[test]
fn p10_subjects_that_are_none() {
    for subject in ["[]", "null", "{}", r#"[{"name": "program"}]"#] {
        refused_alone("CS-TRUST-011", subject, WORD, "{}");
    }
    let twins = r#"[{"name": "a", "digest": {"sha256": "PROGRAM"}}, {"name": "a", "digest": {"sha256": "CHART"}}]"#;
    refused_alone("CS-TRUST-011", twins, WORD, "{}");
}

#[test]
fn p05_a_publish_attestation_of_another_package_or_version() {
    let publish = predicates::NPM_PUBLISH;
    for (predicate_type, right, wrong) in [
        (
            predicates::RELEASE[0],
            format!(r#"{{"purl": "pkg:generic/acme/lantern@{VERSION}"}}"#),
            [
                r#"{"purl": "pkg:generic/acme/lantern@0.2.0"}"#.to_owned(),
                format!(r#"{{"purl": "pkg:generic/acme/lantern-evil@{VERSION}"}}"#),
                format!(r#"{{"purl": "pkg:generic/lantern/beacon@{VERSION}"}}"#),
            ],
        ),
        (
            publish,
            format!(r#"{{"name": "lantern", "version": "{VERSION}"}}"#),
            [
                r#"{"name": "lantern", "version": "0.2.0"}"#.to_owned(),
                format!(r#"{{"name": "@evil/lantern", "version": "{VERSION}"}}"#),
                format!(r#"{{"name": "Lantern", "version": "{VERSION}"}}"#),
            ],
        ),
    ] {
        let bytes = envelope(&statement(ABOUT_PROGRAM, predicate_type, &right), &alice());
        passes(&verify(&with_attestation(&bytes), &asking(predicate_type, false), &[]));
        for predicate in wrong {
            refused_alone("CS-PACKET-014", ABOUT_PROGRAM, predicate_type, &predicate);
        }
    }
}

const PROVENANCE: &str = r#"{"buildDefinition": {"buildType": "b", "externalParameters": {"a": 1}}, "runDetails": {"builder": {"id": "BUILDER"}}}"#;

fn provenance() -> String {
    let manifest = forgery::manifest_of(members());
    PROVENANCE.replace("BUILDER", &manifest.build.builder)
}

#[test]
fn p13_a_second_spelling_of_a_predicate_type() {
    let right = "https://slsa.dev/provenance/v1";
    let bytes = envelope(&statement(ABOUT_PROGRAM, right, &provenance()), &alice());
    passes(&verify(&with_attestation(&bytes), &asking(right, false), &[]));
    for near in ["v1.0", "v1/", "V1"] {
        let near = format!("https://slsa.dev/provenance/{near}");
        refused_alone("CS-TRUST-012", ABOUT_PROGRAM, &near, &provenance());
        let bytes = envelope(&statement(ABOUT_PROGRAM, &near, &provenance()), &alice());
        let mapped = trust_with(&specimen().keys, |document| {
            require(document, right, false);
            let aliases = &mut document.policy.attestations.predicate_aliases;
            aliases.insert(near.clone(), right.to_owned());
        });
        passes(&verify(&with_attestation(&bytes), &mapped, &[]));
    }
}

#[test]
fn p02_provenance_of_a_builder_that_is_not_listed() {
    let evil = PROVENANCE.replace("BUILDER", "https://builder.example/evil");
    refused_alone("CS-TRUST-015", ABOUT_PROGRAM, "https://slsa.dev/provenance/v1", &evil);
    let old = r#"{"builder": {"id": "https://builder.example/evil"}, "buildType": "b"}"#;
    refused_alone("CS-TRUST-015", ABOUT_PROGRAM, "https://slsa.dev/provenance/v0.2", old);
}

#[test]
fn p16_a_known_predicate_without_what_it_must_have() {
    let broken = provenance().replace("\"builder\"", "\"Builder\"");
    refused_alone("CS-TRUST-011", ABOUT_PROGRAM, "https://slsa.dev/provenance/v1", &broken);
    refused_alone("CS-TRUST-011", ABOUT_PROGRAM, predicates::TEST_RESULT, "{}");
    let failed = r#"{"result": "FAILED", "configuration": []}"#;
    refused_alone("CS-PACKET-013", ABOUT_PROGRAM, predicates::TEST_RESULT, failed);
}

#[test]
fn p19_evidence_of_the_release_before() {
    let before = Digest::of(b"the program of the release before");
    let subject = format!(r#"[{{"name": "{PROGRAM}", "digest": {{"sha256": "{before}"}}}}]"#);
    let link = r#"{"name": "build"}"#;
    refused_alone("CS-TRUST-013", &subject, "https://in-toto.io/attestation/link/v0.3", link);
    let passed = r#"{"result": "PASSED", "configuration": []}"#;
    refused_alone("CS-TRUST-013", &subject, predicates::TEST_RESULT, passed);
}

const VERIFIER: &str = "https://verify.lantern.example/v1";

/// A trust root that asks for a summary, by Alice for one verifier and by Bob for another.
fn pairing(edit: impl FnOnce(&mut TrustRootDocument)) -> Vec<u8> {
    trust_with(&specimen().keys, |document| {
        require(document, predicates::VERIFICATION_SUMMARY, false);
        let pair = |id: &str, key: &PrivateKey| PairedVerifier {
            id: id.to_owned(),
            keys: vec![key.public().id()],
            identities: Vec::new(),
            resource: "pkg:generic/lantern@{version}".to_owned(),
            policy_sha256: None,
            levels: vec!["SLSA_BUILD_LEVEL_2".to_owned()],
            max_age_days: Some(7),
        };
        document.policy.attestations.verifiers =
            vec![pair(VERIFIER, &alice()), pair("https://other.example/v1", &bob())];
        edit(document);
    })
}

fn summary(trust: &[u8]) -> String {
    let policy = TrustRoot::open(trust, now()).unwrap().digest();
    format!(
        r#"{{"verifier": {{"id": "{VERIFIER}"}}, "timeVerified": "2026-11-24T08:30:00.25Z", "resourceUri": "pkg:generic/lantern@{VERSION}", "policy": {{"uri": "urn:policy", "digest": {{"sha256": "{policy}"}}}}, "verificationResult": "PASSED", "verifiedLevels": ["SLSA_BUILD_LEVEL_3", "SLSA_SOURCE_LEVEL_1"]}}"#
    )
}

fn verify_summary(trust: &[u8], subject: &str, predicate: &str, key: &PrivateKey) -> Ran {
    let kind = predicates::VERIFICATION_SUMMARY;
    let bytes = envelope(&statement(subject, kind, predicate), key);
    verify(&with_attestation(&bytes), trust, &[])
}

#[test]
fn vsa_of_the_paired_signer_and_verifier_is_taken() {
    let trust = pairing(|_| {});
    passes(&verify_summary(&trust, ABOUT_PROGRAM, &summary(&trust), &alice()));
}

// SLSA v1.2, "Verification Summary Attestation", "How to verify", step by step.
#[test]
fn vsa_step_1_of_a_signer_who_is_not_paired() {
    let trust = pairing(|_| {});
    let stranger = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    let by_stranger = verify_summary(&trust, ABOUT_PROGRAM, &summary(&trust), &stranger);
    refused(&by_stranger, "CS-PACKET-011");
    // Bob may sign evidence, and is paired with another verifier, or with none.
    refused(&verify_summary(&trust, ABOUT_PROGRAM, &summary(&trust), &bob()), "CS-TRUST-062");
    let without_bob = pairing(|document| drop(document.policy.attestations.verifiers.pop()));
    let by_bob = verify_summary(&without_bob, ABOUT_PROGRAM, &summary(&without_bob), &bob());
    refused(&by_bob, "CS-TRUST-062");
    let taking_none = pairing(|document| document.policy.attestations.verifiers.clear());
    let by_alice = verify_summary(&taking_none, ABOUT_PROGRAM, &summary(&taking_none), &alice());
    refused(&by_alice, "CS-PACKET-011");
}

#[test]
fn vsa_step_2_about_another_subject() {
    let trust = pairing(|_| {});
    let other = format!(r#"[{{"name": "p", "digest": {{"sha256": "{}"}}}}]"#, Digest::of(b"x"));
    refused(&verify_summary(&trust, &other, &summary(&trust), &alice()), "CS-TRUST-013");
    for subject in [r#"[{"name": "p"}]"#, r#"[{"name": "p", "digest": {}}]"#, "[]"] {
        let ran = verify_summary(&trust, subject, &summary(&trust), &alice());
        assert_eq!(ran.code, Some(1), "{subject}: {ran:?}");
        assert!(!ran.said().contains("\"verdict\": \"pass\""));
    }
    let every = pairing(|document| document.policy.attestations.required[0].every_artifact = true);
    refused(&verify_summary(&every, ABOUT_PROGRAM, &summary(&every), &alice()), "CS-TRUST-013");
}

#[test]
fn vsa_step_3_of_another_predicate_type() {
    let trust = pairing(|_| {});
    for (kind, code) in [
        ("https://slsa.dev/verification_summary/v1.0", "CS-TRUST-012"),
        ("https://slsa.dev/verification_summary/v0.2", "CS-PACKET-011"),
        ("https://conforma.dev/verification_summary/v1", "CS-PACKET-011"),
    ] {
        let bytes = envelope(&statement(ABOUT_PROGRAM, kind, &summary(&trust)), &alice());
        refused(&verify(&with_attestation(&bytes), &trust, &[]), code);
    }
}

#[test]
fn vsa_steps_4_to_7_one_by_one() {
    let trust = pairing(|_| {});
    let right = summary(&trust);
    let policy = TrustRoot::open(&trust, now()).unwrap().digest().to_string();
    for (from, to) in [
        // 4. The verifier.
        (VERIFIER, "https://verify.lantern.example/v1/"),
        (VERIFIER, "https://other.example/v1"),
        // 5. The resource.
        ("lantern@0.3.0", "lantern@0.2.0"),
        ("lantern@0.3.0", "beacon@0.3.0"),
        // 6. The result.
        ("PASSED", "FAILED"),
        // 7. The levels.
        ("SLSA_BUILD_LEVEL_3", "SLSA_BUILD_LEVEL_1"),
        ("SLSA_BUILD_LEVEL_3", "SLSA_BUILD_LEVEL_UNEVALUATED"),
        ("SLSA_BUILD_LEVEL_3", "FAILED"),
        ("SLSA_SOURCE_LEVEL_1", "SLSA_BUILD_LEVEL_1"),
        ("SLSA_SOURCE_LEVEL_1\"", "SLSA_SOURCE_LEVEL_1\", \"SLSA_SOURCE_LEVEL_2\""),
        // The policy, and the time.
        (policy.as_str(), &"0".repeat(64)),
        ("\"sha256\": \"", "\"sha512\": \""),
        ("2026-11-24T08:30:00.25Z", "2026-11-10T08:30:00Z"),
        ("\"timeVerified\"", "\"timeverified\""),
    ] {
        let changed = right.replacen(from, to, 1);
        assert_ne!(changed, right, "{from}");
        let ran = verify_summary(&trust, ABOUT_PROGRAM, &changed, &alice());
        assert_eq!(complaint(&ran, 1, "\"code\": \"CS-TRUST-062\""), None, "{from} -> {to}");
    }
    let later = right.replace("2026-11-24T08:30:00.25Z", "2026-11-24T09:00:01Z");
    refused(&verify_summary(&trust, ABOUT_PROGRAM, &later, &alice()), "CS-TRUST-021");
    let policy_of_another = pairing(|document| {
        let other = Some(Digest::of(b"another policy"));
        document.policy.attestations.verifiers[0].policy_sha256 = other;
    });
    let own = summary(&policy_of_another);
    refused(&verify_summary(&policy_of_another, ABOUT_PROGRAM, &own, &alice()), "CS-TRUST-062");
}

fn payload(bundle: &[u8]) -> Vec<u8> {
    match Bundle::parse(bundle).unwrap().content() {
        Content::Envelope(envelope) => envelope.unverified_payload().to_vec(),
        Content::Message { .. } => panic!("a statement"),
    }
}

/// A folder with the specimen, its trust root, and Alice's key as the verifier's.
fn folder_to_verify(files: &Files) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    specimen::write(&folder.path().join("dist"), files);
    fs::write(folder.path().join("trust.json"), &specimen().trust).unwrap();
    let key = folder.path().join("alice.key");
    countersign::tree::write_atomic(&key, specimen().keys[0].as_bytes(), 0o600).unwrap();
    folder
}

const SIGNING: [&str; 4] = ["--vsa", "vsa.json", "--key", "alice.key"];

#[test]
fn vsa_that_verify_writes_is_taken_by_verify() {
    let folder = folder_to_verify(&specimen().files);
    let more = [&SIGNING[..], &["--verifier-id", VERIFIER]].concat();
    passes(&verify_in(folder.path(), &more));
    let bytes = fs::read(folder.path().join("vsa.json")).unwrap();
    let statement = Statement::<VerificationSummary>::parse(&payload(&bytes)).unwrap();
    assert_eq!(statement.subjects.len(), 3, "the packet and both artifacts");
    let summary = &statement.predicate;
    assert_eq!(summary.verified_levels, ["SLSA_BUILD_LEVEL_1"]);
    assert_eq!(summary.time_verified.as_deref(), Some(NOW));
    let inputs: Vec<&str> =
        summary.input_attestations.iter().filter_map(|one| one.name.as_deref()).collect();
    for name in [
        "checksums.txt.sigstore.json",
        "lantern-0.3.0.packet.tar.gz.sigstore.jsonl",
        "lantern-0.3.0.provenance.sigstore.json",
        "evidence/k8s/test-result.json",
        "evidence/release/soak.sigstore.json",
    ] {
        assert!(inputs.contains(&name), "{name}: {inputs:?}");
    }
    // The next verifier takes it for what it says, and not for more.
    let first = TrustRoot::open(&specimen().trust, now()).unwrap().digest();
    let taking = |level: &str| {
        pairing(|document| {
            let verifier = &mut document.policy.attestations.verifiers[0];
            verifier.policy_sha256 = Some(first);
            verifier.levels = vec![level.to_owned()];
        })
    };
    let files = with_attestation(&bytes);
    passes(&verify(&files, &taking("SLSA_BUILD_LEVEL_1"), &[]));
    refused(&verify(&files, &taking("SLSA_BUILD_LEVEL_2"), &[]), "CS-TRUST-062");
}

#[test]
fn vsa_says_failed_for_what_was_refused_and_nothing_for_what_was_not_judged() {
    let mut files = specimen().files.clone();
    files.insert(PROGRAM.to_owned(), b"another program".to_vec());
    let folder = folder_to_verify(&files);
    refused(&verify_in(folder.path(), &SIGNING), "CS-PACKET-007");
    let bytes = fs::read(folder.path().join("vsa.json")).unwrap();
    let statement = Statement::<VerificationSummary>::parse(&payload(&bytes)).unwrap();
    assert_eq!(statement.predicate.verified_levels, ["FAILED"]);
    assert_eq!(statement.subjects.len(), 1, "nothing but the packet that was judged");

    let mut broken = specimen().files.clone();
    broken.insert(specimen::PACKET.to_owned(), b"no packet".to_vec());
    let folder = folder_to_verify(&broken);
    assert_eq!(verify_in(folder.path(), &SIGNING).code, Some(1));
    assert!(!folder.path().join("vsa.json").exists(), "there is nothing to name");

    let folder = folder_to_verify(&specimen().files);
    let late = ["--now", "2036-11-24T09:00:00Z"];
    let args = ["verify", "dist", "--trust", "trust.json"];
    let ran = countersign(folder.path(), &[&args[..], &SIGNING, &late].concat());
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(!folder.path().join("vsa.json").exists(), "nothing was judged");
}

#[test]
fn p19_a_derived_document_that_no_test_result_names() {
    let name = "evidence/k8s/graph.json";
    let unnamed = with_member(name, EvidenceKind::Derived, Area::K8s, b"{}\n");
    refused(&verify(&unnamed, &specimen().trust, &[]), "CS-PACKET-014");
    let named = |digest: Digest| {
        let mut all = members().clone();
        let result = "evidence/k8s/test-result.json";
        let mut statement = Statement::<TestResult>::parse(&all[result]).unwrap();
        statement.predicate.configuration.push(ResourceDescriptor {
            name: Some(name.to_owned()),
            uri: None,
            digest: [("sha256".to_owned(), digest.to_string())].into(),
        });
        let mut manifest = forgery::manifest_of(&all);
        all.insert(result.to_owned(), statement.to_bytes());
        all.insert(name.to_owned(), b"{}\n".to_vec());
        let mut item = manifest.evidence[0].clone();
        item.path = name.parse().unwrap();
        (item.kind, item.area, item.subjects) = (EvidenceKind::Derived, Area::K8s, Vec::new());
        manifest.evidence.push(item);
        let files = forgery::rebuild(&specimen().artifacts, all, manifest);
        signed(&files, &[&specimen().keys[0], &specimen().keys[1]])
    };
    passes(&verify(&named(Digest::of(b"{}\n")), &specimen().trust, &[]));
    refused(&verify(&named(Digest::of(b"{}")), &specimen().trust, &[]), "CS-PACKET-014");
}

/// Signs the checksums of the specimen for minisign.
fn minisigned() -> (tempfile::TempDir, String) {
    let folder = folder_to_verify(&specimen().files);
    let args = ["sign", "dist", "--key", "alice.key", "--minisign"];
    let ran = countersign(folder.path(), &args);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let text = fs::read_to_string(folder.path().join("dist/checksums.txt.minisig")).unwrap();
    (folder, text)
}

#[test]
fn s16_a_minisign_signature_beside_the_list_must_hold() {
    let (folder, text) = minisigned();
    passes(&verify_in(folder.path(), &[]));
    let path = folder.path().join("dist/checksums.txt.minisig");
    let put = |text: &str, code: &str| {
        fs::write(&path, text).unwrap();
        refused(&verify_in(folder.path(), &[]), code);
    };
    put(&text.replace("file:checksums.txt", "file:other.txt"), "CS-TRUST-004");
    put("", "CS-TRUST-063");
    put(&text.replace("\nRU", "\nRW"), "CS-TRUST-063");
    let stranger = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    let list = fs::read(folder.path().join("dist/checksums.txt")).unwrap();
    let by = |bytes: &[u8], key: &PrivateKey| {
        countersign::trust::MinisignSignature::sign(bytes, "checksums.txt", now(), key)
            .unwrap()
            .to_text()
    };
    put(&by(&list, &stranger), "CS-TRUST-004");
    put(&by(b"another list", &alice()), "CS-TRUST-004");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let ran = verify_in(folder.path(), &[]);
    assert!(matches!(ran.code, Some(1)), "{ran:?}");
}

#[test]
fn minisign_takes_an_ed25519_key() {
    let folder = folder_to_verify(&specimen().files);
    let key = folder.path().join("bob.key");
    countersign::tree::write_atomic(&key, specimen().keys[1].as_bytes(), 0o600).unwrap();
    let ran = countersign(folder.path(), &["sign", "dist", "--key", "bob.key", "--minisign"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.stderr.contains("bob.key") && ran.stderr.contains("Ed25519"), "{ran:?}");
    let args = ["sign", "dist", "--key", "bob.key", "--key", "alice.key", "--minisign"];
    assert_eq!(countersign(folder.path(), &args).code, Some(0));
    passes(&verify_in(folder.path(), &[]));
}

#[test]
fn attest_signs_what_the_validator_found() {
    let folder = folder_to_verify(&specimen().files);
    let root = specimen::root().display().to_string();
    let subject = format!("dist/{PROGRAM}");
    let args = ["attest", "k8s", "--root", &root, "--key", "alice.key", "--subject", &subject];
    let rest = ["-o", "k8s.json", "--now", NOW, "--format", "json"];
    passes(&countersign(folder.path(), &[&args[..], &rest].concat()));
    let bytes = fs::read(folder.path().join("k8s.json")).unwrap();
    let statement = Statement::<TestResult>::parse(&payload(&bytes)).unwrap();
    assert_eq!(statement.subjects[0].digest, Digest::of(&specimen().artifacts[PROGRAM]));
    // It is evidence like any other: it verifies by itself, and counts in a packet.
    let public = alice().public().to_pem();
    fs::write(folder.path().join("alice.pub"), public).unwrap();
    let list = ["verify-attestations", "k8s.json", "--key", "alice.pub", "--subject", &subject];
    let asked = ["--predicate-type", predicates::TEST_RESULT, "--format", "json"];
    passes(&countersign(folder.path(), &[&list[..], &asked].concat()));
    passes(&verify(&with_attestation(&bytes), &asking(predicates::TEST_RESULT, false), &[]));
}

#[test]
fn attest_of_what_fails_says_failed_and_of_what_is_not_there_nothing() {
    let folder = folder_to_verify(&specimen().files);
    let subject = format!("dist/{PROGRAM}");
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let root = empty.display().to_string();
    let args = ["attest", "release", "--root", &root, "--key", "alice.key"];
    let rest = ["--subject", &subject, "-o", "out.json", "--now", NOW, "--format", "json"];
    let ran = countersign(folder.path(), &[&args[..], &rest].concat());
    assert!(matches!(ran.code, Some(1 | 3)), "{ran:?}");
    match fs::read(folder.path().join("out.json")) {
        Ok(bytes) => {
            let text = String::from_utf8(payload(&bytes)).unwrap();
            assert!(ran.code == Some(1) && text.contains("\"FAILED\""), "{ran:?} {text}");
        }
        Err(_) => assert_eq!(ran.code, Some(3), "{ran:?}"),
    }
    let twice = ["--subject", &subject, &subject, "-o", "out2.json", "--now", NOW];
    let ran = countersign(folder.path(), &[&args[..], &twice].concat());
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(!folder.path().join("out2.json").exists());
}

// D01, J10: what is over the limits is refused at once.
#[test]
fn d01_a_million_attestations() {
    let folder = folder_to_verify(&specimen().files);
    fs::write(folder.path().join("alice.pub"), alice().public().to_pem()).unwrap();
    fs::write(folder.path().join("many.jsonl"), "{}\n".repeat(1_000_000)).unwrap();
    let begun = std::time::Instant::now();
    let args = ["verify-attestations", "many.jsonl", "--key", "alice.pub", "--format", "json"];
    let ran = countersign(folder.path(), &args);
    refused(&ran, "CS-TRUST-001");
    assert!(begun.elapsed().as_secs() < 5);
    let long = format!("{{\"x\": \"{}\"}}\n", "x".repeat(17 << 20));
    fs::write(folder.path().join("many.jsonl"), long).unwrap();
    refused(&countersign(folder.path(), &args), "CS-TRUST-001");
}
