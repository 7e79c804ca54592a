//! What the verifier's policy asks of a release, and what a packet cannot talk it out of. Each
//! function is named after its row of the threat model and the mistake.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use countersign::Digest;
use countersign::finding::{Area, Waiver};
use countersign::packet::{EvidenceItem, EvidenceKind, ReleaseManifest};
use countersign::provenance::{PAYLOAD_TYPE, Statement, Subject, TestResult};
use countersign::trust::root::{Role, TrustRootDocument, WaiverRules};
use countersign::trust::{Algorithm, Bundle, PrivateKey, RoleName};

use crate::cases::{complaint, everything_in};
use crate::command::{Ran, countersign};
use crate::forgery::{self, Members};
use crate::mutation::{members, signed};
use crate::specimen::{
    self, Files, NOW, PACKET, PROGRAM, VERSION, private_key, specimen, trust_with,
};

/// Verifies a release under a trust root.
fn judge(files: &Files, trust: &[u8]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    specimen::write(&folder.path().join("dist"), files);
    fs::write(folder.path().join("trust.json"), trust).unwrap();
    let args = ["verify", "dist", "--trust", "trust.json", "--format", "json", "--now", NOW];
    countersign(folder.path(), &args)
}

#[track_caller]
fn passes(ran: &Ran) {
    assert_eq!(complaint(ran, 0, "\"verdict\": \"pass\""), None);
}

#[track_caller]
fn refused(ran: &Ran, code: &str) {
    assert_eq!(complaint(ran, 1, &format!("\"code\": \"{code}\"")), None);
}

/// A release of the specimen's artifacts, whose manifest somebody changed before both signed it.
fn release(edit: impl FnOnce(&mut Members, &mut ReleaseManifest)) -> Files {
    let mut changed = members().clone();
    let mut manifest = forgery::manifest_of(&changed);
    edit(&mut changed, &mut manifest);
    let files = forgery::rebuild(&specimen().artifacts, changed, manifest);
    signed(&files, &[&specimen().keys[0], &specimen().keys[1]])
}

/// The specimen's trust root with something changed.
fn trust(edit: impl FnOnce(&mut TrustRootDocument)) -> Vec<u8> {
    trust_with(&specimen().keys, edit)
}

fn waiver(owner: &str, days: u32) -> Waiver {
    Waiver {
        code: "CS-K8S-012".to_owned(),
        path: "ops/k8s/values/prod.yaml".parse().unwrap(),
        sha256: Digest::of(b"values"),
        pointer: None,
        reason: "the registry is being moved; tracked in OPS-812".to_owned(),
        owner: owner.to_owned(),
        expires: specimen::now().plus_days(days),
    }
}

fn with_waivers(waivers: Vec<Waiver>) -> Files {
    release(|_, manifest| manifest.waivers = waivers)
}

/// A trust root whose policy wants waivers signed, by so many of some people.
fn granting(people: &[&str], threshold: u32) -> Vec<u8> {
    trust(|document| {
        let of = |owner: &String| people.contains(&owner.as_str());
        let keys = document.keys.iter().filter(|(_, key)| of(&key.owner)).map(|(id, _)| *id);
        let role = Role { keys: keys.collect(), identities: Vec::new(), threshold };
        document.roles.insert(RoleName::Waiver, role);
        document.policy.waivers = Some(WaiverRules { max_days: 30, signed: true });
    })
}

#[test]
fn p17_waivers_that_nobody_granted() {
    let by_carol = with_waivers(vec![waiver("carol", 10)]);
    // Without the rule their number alone is limited.
    passes(&judge(&by_carol, &specimen().trust));
    passes(&judge(&by_carol, &granting(&["alice"], 1)));
    passes(&judge(&by_carol, &granting(&["alice", "bob"], 2)));
    // Nothing is asked where there is nothing to grant.
    passes(&judge(&specimen().files, &granting(&["alice"], 1)));
    // Carol's key is nowhere on the seal: whoever has the role must have signed.
    let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    let foreign = trust(|document| {
        let state = document.keys.values().next().unwrap().state;
        let public_key = key.public().clone();
        let id = public_key.id();
        let owner = "dave".to_owned();
        let dave = countersign::trust::Key { public_key, owner, state };
        document.keys.insert(id, dave);
        let role = Role { keys: vec![id], identities: Vec::new(), threshold: 1 };
        document.roles.insert(RoleName::Waiver, role);
        document.policy.waivers = Some(WaiverRules { max_days: 30, signed: true });
    });
    refused(&judge(&by_carol, &foreign), "CS-TRUST-043");
    // With Dave's signature beside the others it is granted.
    let pem = key.to_pem().to_string();
    let keys = &specimen().keys;
    passes(&judge(&signed(&by_carol, &[&keys[0], &keys[1], &pem]), &foreign));
}

#[test]
fn h09_whoever_owns_a_waiver_grants_it() {
    for owner in ["alice", "Alice", " ALICE "] {
        let own = with_waivers(vec![waiver(owner, 10)]);
        refused(&judge(&own, &granting(&["alice"], 1)), "CS-TRUST-043");
        refused(&judge(&own, &granting(&["alice", "bob"], 2)), "CS-TRUST-043");
        passes(&judge(&own, &granting(&["alice", "bob"], 1)));
    }
    let each_other = with_waivers(vec![waiver("alice", 10), waiver("bob", 10)]);
    refused(&judge(&each_other, &granting(&["alice", "bob"], 1)), "CS-TRUST-043");
}

#[test]
fn p18_a_waiver_that_runs_too_long_or_has_ended_or_is_one_too_many() {
    passes(&judge(&with_waivers(vec![waiver("carol", 30)]), &granting(&["alice"], 1)));
    let long = with_waivers(vec![waiver("carol", 31)]);
    refused(&judge(&long, &granting(&["alice"], 1)), "CS-TRUST-044");
    refused(&judge(&with_waivers(vec![waiver("carol", 0)]), &specimen().trust), "CS-PACKET-013");
    let many = with_waivers((0..4).map(|_| waiver("carol", 10)).collect());
    refused(&judge(&many, &specimen().trust), "CS-PACKET-013");
}

#[test]
fn p17_a_role_that_the_policy_asks_for_and_nobody_has() {
    let both = specimen().keys.each_ref().map(|pem| private_key(pem));
    let bytes = trust(|_| ());
    let root = countersign::trust::TrustRoot::open(&bytes, specimen::now()).unwrap();
    for edit in [
        |document: &mut TrustRootDocument| {
            document.policy.waivers = Some(WaiverRules { max_days: 30, signed: true });
        },
        |document: &mut TrustRootDocument| {
            document.policy.rollback = Some(countersign::trust::root::RollbackRules {
                window_days: 30,
                max_approval_hours: 24,
            });
        },
        |document: &mut TrustRootDocument| {
            document.policy.evidence[0].role = Some(RoleName::LoadEvidence);
        },
        |document: &mut TrustRootDocument| document.policy.builders.push(String::new()),
        |document: &mut TrustRootDocument| document.policy.product = " ".to_owned(),
    ] {
        let mut document = root.document().clone();
        edit(&mut document);
        let sealed = countersign::trust::TrustRoot::seal(&document, &[&both[0], &both[1]]);
        assert!(sealed.is_err());
    }
}

/// A statement of somebody about one piece of evidence, as a piece of its own.
fn attested(
    changed: &mut Members,
    manifest: &mut ReleaseManifest,
    about: Digest,
    key: &PrivateKey,
) {
    let item = manifest.evidence.iter().find(|item| item.kind == EvidenceKind::Attestation);
    let soak = Bundle::parse(&changed[item.unwrap().path.as_str()]).unwrap();
    let countersign::trust::Content::Envelope(envelope) = soak.content() else { unreachable!() };
    let mut statement = Statement::<TestResult>::parse(envelope.unverified_payload()).unwrap();
    statement.subjects.push(Subject { name: "evidence".to_owned(), digest: about });
    let bundle = Bundle::sign_payload(PAYLOAD_TYPE, statement.to_bytes(), key).unwrap();
    let path = "evidence/release/reviewed.sigstore.json";
    changed.insert(path.to_owned(), bundle.to_bytes());
    let template = item.unwrap().clone();
    manifest.evidence.push(EvidenceItem { path: path.parse().unwrap(), ..template });
}

#[test]
fn p17_evidence_of_a_role_that_did_not_sign_it() {
    let reviewer = PrivateKey::generate(Algorithm::P256).unwrap();
    let asked = trust(|document| {
        let state = document.keys.values().next().unwrap().state;
        let public_key = reviewer.public().clone();
        let id = public_key.id();
        let owner = "rita".to_owned();
        document.keys.insert(id, countersign::trust::Key { public_key, owner, state });
        let role = Role { keys: vec![id], identities: Vec::new(), threshold: 1 };
        document.roles.insert(RoleName::ReleaseEvidence, role);
        let sbom = document.policy.evidence.iter_mut().find(|one| one.kind == "sbom").unwrap();
        sbom.role = Some(RoleName::ReleaseEvidence);
        document.policy.evidence.retain(|one| one.kind != "attestation");
    });
    // The packet's own signers are not the role that was asked for.
    refused(&judge(&specimen().files, &asked), "CS-PACKET-011");
    let with = |about: Option<Digest>, key: &PrivateKey| {
        release(|changed, manifest| {
            let sbom = manifest.evidence.iter().find(|item| item.kind == EvidenceKind::Sbom);
            let about = about.unwrap_or(sbom.unwrap().sha256);
            attested(changed, manifest, about, key);
        })
    };
    passes(&judge(&with(None, &reviewer), &asked));
    refused(&judge(&with(Some(Digest::of(b"another")), &reviewer), &asked), "CS-PACKET-011");
    let alice = private_key(&specimen().keys[0]);
    refused(&judge(&with(None, &alice), &asked), "CS-PACKET-011");
}

// TUF's terminating delegation: what is given to a role of its own is no longer anybody else's.
#[test]
fn r06_evidence_by_the_general_role_where_the_area_has_its_own() {
    let own = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    let delegated = trust(|document| {
        let state = document.keys.values().next().unwrap().state;
        let public_key = own.public().clone();
        let id = public_key.id();
        let owner = "rita".to_owned();
        document.keys.insert(id, countersign::trust::Key { public_key, owner, state });
        let role = Role { keys: vec![id], identities: Vec::new(), threshold: 1 };
        document.roles.insert(RoleName::ReleaseEvidence, role);
    });
    // The soak test is evidence of the area `release`, signed by Alice of the role `evidence`.
    passes(&judge(&specimen().files, &specimen().trust));
    refused(&judge(&specimen().files, &delegated), "CS-PACKET-011");
    let by_own = release(|changed, manifest| {
        let digest = Digest::of(&specimen().artifacts[PROGRAM]);
        attested(changed, manifest, digest, &own);
    });
    passes(&judge(&by_own, &delegated));
}

/// The provenance of the specimen with something changed, signed by both.
fn with_provenance(edit: impl Fn(String) -> String) -> Files {
    let mut files = specimen().files.clone();
    let base = format!("lantern-{VERSION}.provenance.sigstore.json");
    let bundle = Bundle::parse(&files[&base]).unwrap();
    let countersign::trust::Content::Envelope(envelope) = bundle.content() else { unreachable!() };
    let text = String::from_utf8(envelope.unverified_payload().to_vec()).unwrap();
    let changed = edit(text.clone());
    assert_ne!(changed, text);
    let by = |pem: &str| {
        Bundle::sign_payload(PAYLOAD_TYPE, changed.clone().into_bytes(), &private_key(pem)).unwrap()
    };
    files.insert(base.clone(), by(&specimen().keys[0]).to_bytes());
    files.insert(base + "l", by(&specimen().keys[1]).to_line());
    files
}

#[test]
fn p13_a_predicate_type_that_is_almost_the_right_one() {
    for other in ["/provenance/v1.0", "/provenance/v1/", "/provenance/V1", "/Provenance/v1"] {
        let files = with_provenance(|text| text.replace("/provenance/v1", other));
        refused(&judge(&files, &specimen().trust), "CS-TRUST-012");
    }
}

#[test]
fn p07_one_of_several_artifacts_that_nothing_covers() {
    let digest = Digest::of(&specimen().artifacts[PROGRAM]).to_string();
    let files = with_provenance(|text| text.replace(&digest, &"0".repeat(64)));
    let ran = judge(&files, &specimen().trust);
    refused(&ran, "CS-TRUST-013");
    assert!(ran.stdout.contains(&format!("does not cover `{PROGRAM}`")), "{ran:?}");
}

#[test]
fn p25_version_commit_and_tag_that_disagree() {
    for (from, to) in [
        ("\"version\": \"0.3.0\"", "\"version\": \"0.2.9\""),
        (specimen::COMMIT, "0000000000000000000000000000000000000000"),
    ] {
        let files = with_provenance(|text| text.replace(from, to));
        refused(&judge(&files, &specimen().trust), "CS-TRUST-018");
    }
    let files = release(|changed, _| {
        let name = "evidence/release/lantern.spdx.json";
        let text = String::from_utf8(changed[name].clone()).unwrap();
        let other = text.replace("\"versionInfo\": \"0.3.0\"", "\"versionInfo\": \"0.3.1\"");
        assert_ne!(other, text);
        changed.insert(name.to_owned(), other.into_bytes());
    });
    refused(&judge(&files, &specimen().trust), "CS-PACKET-014");
}

#[test]
fn p22_a_file_that_changes_after_it_was_verified() {
    let folder = tempfile::tempdir().unwrap();
    specimen::write(&folder.path().join("dist"), &specimen().files);
    fs::write(folder.path().join("trust.json"), &specimen().trust).unwrap();
    let args = ["verify", "dist", "--trust", "trust.json", "--format", "json", "--now", NOW];
    passes(&countersign(folder.path(), &args));
    // There is no memory of an answer that a changed file could profit from.
    fs::write(folder.path().join("dist").join(PROGRAM), b"swapped").unwrap();
    refused(&countersign(folder.path(), &args), "CS-PACKET-007");
    // And the library hands out the bytes that it verified, not a path to read again.
    let key = private_key(&specimen().keys[0]);
    let bundle = Bundle::sign_payload(PAYLOAD_TYPE, b"as signed".to_vec(), &key).unwrap();
    let root = countersign::trust::TrustRoot::open(
        &trust(|document| document.roles.get_mut(&RoleName::Release).unwrap().threshold = 1),
        specimen::now(),
    )
    .unwrap();
    let now = specimen::now();
    let opened =
        countersign::trust::open(&[bundle], PAYLOAD_TYPE, RoleName::Release, &root, now).unwrap();
    assert_eq!(opened.value().bytes, b"as signed");
}

#[test]
fn t10_a_place_where_nothing_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    specimen::write(&folder.path().join("dist"), &specimen().files);
    fs::write(folder.path().join("trust.json"), &specimen().trust).unwrap();
    let args = ["verify", "dist", "--trust", "trust.json", "--format", "json", "--now", NOW];
    let before = everything_in(folder.path());
    let writable = countersign(folder.path(), &args);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let read_only = countersign(folder.path(), &args);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    // No cache: nothing is written, and nothing depends on whether it could be.
    assert_eq!(writable, read_only);
    passes(&read_only);
    assert_eq!(everything_in(folder.path()), before);
}

#[test]
fn d01_a_million_subjects_entries_and_certificates() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.txt"), "a").unwrap();
    let key = private_key(&specimen().keys[0]);
    fs::write(folder.path().join("a.pub"), key.public().to_pem()).unwrap();
    let digest = Digest::of(b"another");
    let subject = format!(r#"{{"name":"x","digest":{{"sha256":"{digest}"}}}}"#);
    let statement = format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{}],"predicateType":"https://example.com/x","predicate":{{}}}}"#,
        vec![subject; 150_000].join(",")
    );
    let signed = Bundle::sign_payload(PAYLOAD_TYPE, statement.into_bytes(), &key).unwrap();
    let head = r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{}"#;
    let tail = r#"},"messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":"ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="},"signature":"AAAA"}}"#;
    let many =
        |name: &str| format!(r#"{head},"{name}":[{}]{tail}"#, vec!["{}"; 1_000_000].join(","));
    let stamps = format!(
        r#"{head},"timestampVerificationData":{{"rfc3161Timestamps":[{}]}}{tail}"#,
        vec!["{}"; 1_000_000].join(",")
    );
    for (what, bundle) in [
        ("subjects", String::from_utf8(signed.to_bytes()).unwrap()),
        ("entries", many("tlogEntries")),
        ("timestamps", stamps),
    ] {
        fs::write(folder.path().join("bundle.json"), bundle).unwrap();
        let args = ["verify-blob", "a.txt", "--bundle", "bundle.json", "--key", "a.pub"];
        let begun = std::time::Instant::now();
        let ran = countersign(folder.path(), &[&args[..], &["--format", "json"]].concat());
        assert_eq!(complaint(&ran, 1, "CS-TRUST-0"), None, "{what}");
        assert!(begun.elapsed().as_secs() < 10, "{what}: {:?}", begun.elapsed());
    }
}

#[test]
fn p05_another_area_in_the_name_of_evidence() {
    // Evidence that was listed under another area than it is about counts for none.
    let files = release(|_, manifest| {
        let item = manifest.evidence.iter_mut().find(|item| item.kind == EvidenceKind::Drill);
        item.unwrap().area = Area::Load;
    });
    refused(&judge(&files, &specimen().trust), "CS-PACKET-011");
    assert!(files.contains_key(PACKET));
}
