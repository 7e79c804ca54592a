//! Signatures are judged at the times that are proven for them.

use std::path::PathBuf;

use countersign::Timestamp;
use countersign::trust::root::{
    Key, KeyState, Policy, RequiredEvidence, Role, TrustRootDocument, VulnerabilityBudget,
};
use countersign::trust::{
    Bundle, PrivateKey, Refusal, RoleName, TrustRoot, Verified, open_message,
};

fn vector(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/timestamps");
    std::fs::read(folder.join(name)).unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const JANUARY: &str = "2026-01-01T00:00:00Z";
const MARCH: &str = "2026-03-01T12:00:00Z";
const JUNE: &str = "2026-06-01T00:00:00Z";
const SEPTEMBER: &str = "2026-09-01T12:00:00Z";
const NOW: &str = "2026-11-01T00:00:00Z";

fn signer() -> PrivateKey {
    PrivateKey::from_pem(&vector("signer.key"), || unreachable!("it is not encrypted")).unwrap()
}

/// A trust root in which the signer's key is in a state, and another one signs the root.
fn root(state: KeyState, edit: impl FnOnce(&mut TrustRootDocument)) -> TrustRoot {
    let keeper = PrivateKey::generate(countersign::trust::Algorithm::Ed25519).unwrap();
    let from = time(JANUARY);
    let key = |key: &PrivateKey, owner: &str, state| {
        let public_key = key.public().clone();
        (public_key.id(), Key { public_key, owner: owner.to_owned(), state })
    };
    let role = |key: &PrivateKey| Role {
        keys: vec![key.public().id()],
        identities: Vec::new(),
        threshold: 1,
    };
    let mut document = TrustRootDocument {
        schema: TrustRootDocument::SCHEMA.to_owned(),
        version: 1,
        issued_at: from,
        expires_at: time("2035-01-01T00:00:00Z"),
        keys: [key(&keeper, "keeper", KeyState::Active { from }), key(&signer(), "alice", state)]
            .into(),
        identities: [].into(),
        roles: [(RoleName::Root, role(&keeper)), (RoleName::Release, role(&signer()))].into(),
        policy: policy(),
        sigstore: Some(String::from_utf8(vector("trusted_root.json")).unwrap()),
    };
    edit(&mut document);
    let bytes = TrustRoot::seal(&document, &[&keeper]).unwrap();
    TrustRoot::open(&bytes, time(NOW)).unwrap()
}

fn policy() -> Policy {
    let one = |text: &str| vec![text.to_owned()];
    Policy {
        product: "atlas".to_owned(),
        channels: one("stable"),
        builders: one("https://builders.example"),
        build_types: one("https://builds.example/v1"),
        sources: one("git+https://git.example/atlas"),
        external_parameters: Vec::new(),
        evidence: vec![RequiredEvidence {
            kind: "sbom".to_owned(),
            area: None,
            max_age_days: 7,
            role: None,
        }],
        vulnerabilities: VulnerabilityBudget { max_critical: 0, max_high: 0 },
        max_waivers: 0,
        waivers: None,
        rollback: None,
        require_proven_time: false,
        log_operators: 0,
        attestations: countersign::trust::AttestationPolicy::default(),
        max_packet_bytes: 1,
        max_members: 1,
    }
}

/// Opens the signer's signature with some responses of timestamp authorities beside it.
fn open_at(
    root: &TrustRoot,
    responses: &[&str],
    now: &str,
) -> Result<Verified<countersign::Digest>, Refusal> {
    let message = vector("message");
    let mut bundle = Bundle::sign_message(&message, &signer()).unwrap();
    assert_eq!(bundle.signature(), vector("signature"));
    for name in responses {
        bundle.add_timestamp(vector(name));
    }
    let bundle = Bundle::parse(&bundle.to_bytes()).unwrap();
    open_message(&message, &[bundle], RoleName::Release, root, time(now))
}

fn refused(root: &TrustRoot, responses: &[&str], because: &str) {
    let refusal = open_at(root, responses, NOW).unwrap_err();
    assert!(refusal.message.contains(because), "{responses:?}: {refusal}");
}

fn active() -> KeyState {
    KeyState::Active { from: time(JANUARY) }
}

#[test]
fn a_time_that_an_authority_proves_is_told() {
    let root = root(active(), |_| ());
    let verified = open_at(&root, &["hourglass-march.tsr"], NOW).unwrap();
    let times = &verified.signers()[0].times;
    assert_eq!(times.len(), 1);
    assert_eq!(times[0].at, time(MARCH));
    assert_eq!(times[0].by, "https://hourglass.example/timestamp");
    // Without one there is the key's window, and nothing that looks like a time.
    assert!(open_at(&root, &[], NOW).unwrap().signers()[0].times.is_empty());
}

#[test]
fn a_key_out_of_use_counts_for_what_is_proven_older() {
    let (from, since) = (time(JANUARY), time(JUNE));
    for state in [KeyState::Retired { from, since }, KeyState::Compromised { from, since }] {
        let root = root(state, |_| ());
        assert!(open_at(&root, &["hourglass-march.tsr"], NOW).is_ok(), "{state:?}");
        assert!(open_at(&root, &["hourglass-march.tsr", "sundial-march.tsr"], NOW).is_ok());
        refused(&root, &[], "no time of signing is proven");
        refused(&root, &["hourglass-september.tsr"], "and the signature is proven for 2026-09-01");
        // T04: the earliest of several does not decide.
        let both = ["hourglass-march.tsr", "hourglass-september.tsr"];
        refused(&root, &both, "and the signature is proven for 2026-09-01");
    }
}

#[test]
fn t01_a_signature_from_before_the_key_counted() {
    let root = root(KeyState::Active { from: time(JUNE) }, |_| ());
    refused(&root, &["hourglass-march.tsr"], "counts from 2026-06-01");
    assert!(open_at(&root, &["hourglass-september.tsr"], NOW).is_ok());
    // Proven or not, the key's window holds for today as well.
    assert!(open_at(&root, &["hourglass-march.tsr"], JANUARY).is_err());
}

#[test]
fn t05_a_time_after_the_time_of_judgement() {
    let root = root(active(), |_| ());
    assert!(open_at(&root, &["hourglass-september.tsr"], SEPTEMBER).is_ok());
    let early = open_at(&root, &["hourglass-september.tsr"], "2026-09-01T11:59:59Z").unwrap_err();
    assert!(early.message.contains("after the time of judgement"), "{early}");
}

#[test]
fn t08_a_response_over_something_else_or_by_a_stranger() {
    let root_of_both = root(active(), |_| ());
    refused(&root_of_both, &["hourglass-other.tsr"], "no timestamp authority");
    refused(&root_of_both, &["signature"], "no timestamp authority");
    // One that holds does not carry one in that does not.
    refused(
        &root_of_both,
        &["hourglass-march.tsr", "hourglass-other.tsr"],
        "no timestamp authority",
    );
    let hourglass_only = root(active(), |document| {
        document.sigstore = Some(String::from_utf8(vector("hourglass_root.json")).unwrap());
    });
    assert!(open_at(&hourglass_only, &["hourglass-march.tsr"], NOW).is_ok());
    refused(&hourglass_only, &["sundial-march.tsr"], "no timestamp authority");
    let nobody = root(active(), |document| document.sigstore = None);
    assert!(open_at(&nobody, &[], NOW).is_ok());
    refused(&nobody, &["hourglass-march.tsr"], "knows no timestamp authority");
}

#[test]
fn t07_a_response_judged_by_another_authoritys_window() {
    // The sundial's window is cut; the hourglass's, which would hold, is not the one that counts.
    let text = String::from_utf8(vector("trusted_root.json")).unwrap();
    let at = text.rfind("2026-01-01T00:00:00Z").unwrap();
    let (before, after) = text.split_at(at);
    let cut = format!("{before}2026-05-01{}", &after["2026-01-01".len()..]);
    let root = root(active(), |document| document.sigstore = Some(cut));
    assert!(open_at(&root, &["hourglass-march.tsr"], NOW).is_ok());
    refused(&root, &["sundial-march.tsr"], "no timestamp authority");
}

#[test]
fn a_policy_may_ask_for_a_proven_time_and_for_logs() {
    let timed = root(active(), |document| document.policy.require_proven_time = true);
    assert!(open_at(&timed, &["hourglass-march.tsr"], NOW).is_ok());
    refused(&timed, &[], "has no proven time");
    let logged = root(active(), |document| document.policy.log_operators = 1);
    refused(&logged, &["hourglass-march.tsr"], "in the logs of 0 operators");
}

#[test]
fn a_trust_root_with_a_broken_trusted_root_is_none() {
    let keeper = signer();
    let good = root(active(), |_| ());
    let mut document = good.document().clone();
    document.roles.insert(
        RoleName::Root,
        Role { keys: vec![keeper.public().id()], identities: Vec::new(), threshold: 1 },
    );
    assert!(TrustRoot::seal(&document, &[&keeper]).is_ok());
    for broken in ["", "{}", "[]", "{\"mediaType\": \"x\"}"] {
        document.sigstore = Some(broken.to_owned());
        assert!(TrustRoot::seal(&document, &[&keeper]).is_err(), "{broken:?}");
    }
}
