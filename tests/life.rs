//! The life of a trust root: versions that follow, people that are counted, clocks and updates that
//! fail. Each function is named after its row of the threat model and the mistake.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use countersign::Timestamp;
use countersign::trust::root::{
    CertificateName, Key, KeyState, Keyless, MAX_BYTES, MAX_CHAIN, Role, RootError,
    TrustRootDocument,
};
use countersign::trust::{
    Algorithm, PrivateKey, PublicKey, RoleName, TrustRoot, WorkflowDocument, WorkflowIdentity,
};
use serde_json::{Value, json};

use crate::cases::complaint;
use crate::command::{Ran, countersign};
use crate::instance::{self, Instance};
use crate::specimen::{self, NOW, private_key, specimen, trust_with};

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn person(owner: &str, algorithm: Algorithm) -> (String, PrivateKey) {
    (owner.to_owned(), PrivateKey::generate(algorithm).unwrap())
}

/// A trust root of some people, each of whom speaks in both roles.
fn document(version: u64, people: &[&(String, PrivateKey)], threshold: u32) -> TrustRootDocument {
    let from = time("2026-01-01T00:00:00Z");
    let keys: BTreeMap<_, _> = people
        .iter()
        .map(|(owner, key)| {
            let (public_key, owner) = (key.public().clone(), owner.clone());
            (public_key.id(), Key { public_key, owner, state: KeyState::Active { from } })
        })
        .collect();
    let role = Role { keys: keys.keys().copied().collect(), identities: Vec::new(), threshold };
    TrustRootDocument {
        schema: TrustRootDocument::SCHEMA.to_owned(),
        version,
        issued_at: from,
        expires_at: time("2027-01-01T00:00:00Z"),
        keys,
        identities: [].into(),
        roles: [(RoleName::Root, role.clone()), (RoleName::Release, role)].into(),
        policy: instance::policy("atlas"),
        sigstore: None,
    }
}

fn seal(
    document: &TrustRootDocument,
    people: &[&(String, PrivateKey)],
) -> Result<Vec<u8>, RootError> {
    let keys: Vec<&PrivateKey> = people.iter().map(|(_, key)| key).collect();
    TrustRoot::seal(document, &keys)
}

#[track_caller]
fn unsound(document: &TrustRootDocument, people: &[&(String, PrivateKey)], because: &str) {
    match seal(document, people) {
        Err(RootError::Unsound(problem)) => assert!(problem.contains(because), "{problem}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn h01_a_threshold_that_nobody_can_reach() {
    let (alice, twin) = (person("alice", Algorithm::Ed25519), person("alice", Algorithm::P256));
    for threshold in [0, 2, 3, u32::MAX] {
        unsound(&document(1, &[&alice, &twin], threshold), &[&alice, &twin], "people and has 1");
    }
}

#[test]
fn h02_one_person_under_two_names() {
    let alice = person("alice", Algorithm::Ed25519);
    for other in ["Alice", "ALICE", " alice", "alice ", "al\u{ed}ce\u{200b}"] {
        let twin = person(other, Algorithm::Ed25519);
        let both = document(1, &[&alice, &twin], 2);
        if other.contains('\u{ed}') {
            // Another letter is another name.
            assert!(seal(&both, &[&alice, &twin]).is_ok());
        } else {
            unsound(&both, &[&alice, &twin], "one name written in two ways");
        }
    }
    let composed = person("Ren\u{e9}", Algorithm::Ed25519);
    let decomposed = person("Rene\u{301}", Algorithm::Ed25519);
    let both = document(1, &[&composed, &decomposed], 2);
    unsound(&both, &[&composed, &decomposed], "one name written in two ways");
}

fn workflow(reference: &str, caller: Option<&str>) -> CertificateName {
    let workflow = WorkflowDocument {
        host: "github.com".to_owned(),
        owner: "acme".to_owned(),
        repository: "app".to_owned(),
        workflow: ".github/workflows/release.yml".to_owned(),
        reference: reference.to_owned(),
        source_repository: caller.map(str::to_owned),
        ..WorkflowDocument::default()
    };
    CertificateName::Workflow(WorkflowIdentity::try_from(workflow).unwrap())
}

#[test]
fn h02_one_workflow_under_two_owners() {
    let alice = person("alice", Algorithm::Ed25519);
    let sealed = |names: [CertificateName; 2], owners: [&str; 2], issuers: [&str; 2]| {
        let mut document = document(1, &[&alice], 1);
        document.sigstore = Some(Instance::new().trusted_root().to_string());
        let state = KeyState::Active { from: document.issued_at };
        for (index, certificate) in names.into_iter().enumerate() {
            let (owner, issuer) = (owners[index].to_owned(), issuers[index].to_owned());
            let identity = Keyless { certificate, issuer, owner, state };
            document.identities.insert(format!("ci-{index}"), identity);
        }
        seal(&document, &[&alice])
    };
    let issuer = instance::ISSUER;
    let subject = CertificateName::Subject(instance::NAME.to_owned());
    let tags = || workflow("refs/tags/v*", None);
    for pair in [
        [tags(), subject.clone()],
        [subject, tags()],
        [tags(), workflow("refs/heads/main", None)],
        [tags(), workflow("refs/tags/v1.*", Some("https://github.com/acme/app"))],
    ] {
        let refused = sealed(pair.clone(), ["ci", "builder"], [issuer; 2]);
        assert!(matches!(refused, Err(RootError::Unsound(_))), "{pair:?}");
        // One owner counts once, however it is named; another issuer vouches for somebody else.
        assert!(sealed(pair.clone(), ["ci", "ci"], [issuer; 2]).is_ok(), "{pair:?}");
        assert!(sealed(pair, ["ci", "builder"], [issuer, "https://other.example"]).is_ok());
    }
    let called = |caller| workflow("refs/tags/v*", Some(caller));
    let pair = [called("https://github.com/acme/app"), called("https://github.com/acme/web")];
    assert!(sealed(pair, ["app", "web"], [issuer; 2]).is_ok());
}

#[test]
fn h03_one_key_in_another_encoding() {
    for algorithm in [Algorithm::Ed25519, Algorithm::P256] {
        let key = PrivateKey::generate(algorithm).unwrap();
        let pem = key.public().to_pem();
        let id = key.public().id();
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = instance::unbase64(&body);
        let framed = |label: &str, body: &str| {
            format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
        };
        let point = if algorithm == Algorithm::P256 { &der[26..] } else { &der[12..] };
        // A compressed point in its own SubjectPublicKeyInfo (RFC 5480, section 2.2).
        let mut compressed = der[..der.len() - point.len()].to_vec();
        compressed[1] -= 32;
        compressed.push(if point[point.len() - 1] % 2 == 0 { 2 } else { 3 });
        compressed.extend(&point[1..point.len().min(33)]);
        for other in [
            pem.replace('\n', "\r\n"),
            format!("# alice\n{pem}"),
            format!("{pem}\n\n"),
            framed("PUBLIC KEY", &body),
            framed("EC PUBLIC KEY", &body),
            framed("PUBLIC KEY", &instance::base64(point)),
            framed("PUBLIC KEY", &instance::base64(&compressed)),
            framed("PUBLIC KEY", &instance::base64(&[&der[..], &[0]].concat())),
        ] {
            // Either it is no key, or it is this one under its own id: never a second one.
            if let Ok(read) = PublicKey::from_pem(other.as_bytes()) {
                assert_eq!(read.id(), id, "{other}");
                assert_eq!(read.to_pem(), pem);
            }
        }
    }
}

#[test]
fn h12_a_compromised_key_gets_better() {
    let (alice, bob) = (person("alice", Algorithm::Ed25519), person("bob", Algorithm::P256));
    let (from, since) = (time("2026-01-01T00:00:00Z"), time("2026-03-01T00:00:00Z"));
    let mut first = document(1, &[&alice, &bob], 1);
    let id = bob.1.public().id();
    first.keys.get_mut(&id).unwrap().state = KeyState::Compromised { from, since };
    let pinned = seal(&first, &[&alice]).unwrap();
    let follows = |edit: &dyn Fn(&mut TrustRootDocument)| {
        let mut next = first.clone();
        next.version = 2;
        edit(&mut next);
        let next = seal(&next, &[&alice]).unwrap();
        TrustRoot::open_chain(&pinned, &[next], time("2026-06-01T00:00:00Z")).is_ok()
    };
    let state = |state: KeyState| {
        follows(&|next: &mut TrustRootDocument| next.keys.get_mut(&id).unwrap().state = state)
    };
    assert!(state(KeyState::Compromised { from, since }));
    assert!(state(KeyState::Compromised { from, since: from }));
    assert!(!state(KeyState::Compromised { from, since: time("2026-04-01T00:00:00Z") }));
    assert!(!state(KeyState::Active { from }));
    assert!(!state(KeyState::Retired { from, since: time("2026-05-01T00:00:00Z") }));
    assert!(follows(&|next| {
        next.keys.remove(&id);
        next.roles.values_mut().for_each(|role| role.keys.retain(|one| *one != id));
    }));
}

/// A folder with the specimen, a first trust root, and a folder of newer ones.
fn stage() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    specimen::write(&folder.path().join("dist"), &specimen().files);
    fs::write(folder.path().join("1.json"), &specimen().trust).unwrap();
    fs::create_dir(folder.path().join("updates")).unwrap();
    folder
}

fn verify(folder: &Path, more: &[&str]) -> Ran {
    let trust = ["--trust", "1.json", "--state", "state.json"];
    let format = ["--format", "json", "--now", NOW];
    countersign(folder, &[&["verify", "dist"][..], &trust, &format, more].concat())
}

const UPDATES: [&str; 2] = ["--trust-updates", "updates"];

/// The specimen's trust root with something changed, as a later version.
fn later(version: u64, edit: impl FnOnce(&mut TrustRootDocument)) -> Vec<u8> {
    trust_with(&specimen().keys, |document| {
        document.version = version;
        edit(document);
    })
}

#[test]
fn r02_a_failed_update_and_the_run_after_it() {
    let folder = stage();
    assert_eq!(complaint(&verify(folder.path(), &[]), 0, "pass"), None);
    let state = fs::read(folder.path().join("state.json")).unwrap();
    let next = folder.path().join("updates/2.json");
    let stranger = person("mallory", Algorithm::Ed25519);
    let mut forged = document(2, &[&stranger], 1);
    forged.policy.product = "lantern".to_owned();
    forged.issued_at = specimen::now();
    let mut cut = later(2, |_| ());
    cut.truncate(cut.len() / 2);
    for bad in [
        seal(&forged, &[&stranger]).unwrap(),
        later(3, |_| ()),
        specimen().trust.clone(),
        later(2, |document| document.policy.product = "beacon".to_owned()),
        cut,
        Vec::new(),
        vec![b' '; MAX_BYTES + 1],
    ] {
        fs::write(&next, &bad).unwrap();
        let ran = verify(folder.path(), &UPDATES);
        assert_eq!(complaint(&ran, 3, ""), None);
        assert_eq!(fs::read(folder.path().join("state.json")).unwrap(), state);
        // The old one is what it was.
        assert_eq!(complaint(&verify(folder.path(), &[]), 0, "pass"), None);
    }
}

#[test]
fn r03_an_older_trust_root_or_another_of_the_same_version() {
    let folder = stage();
    fs::write(folder.path().join("updates/2.json"), later(2, |_| ())).unwrap();
    assert_eq!(complaint(&verify(folder.path(), &UPDATES), 0, "pass"), None);
    let state = fs::read(folder.path().join("state.json")).unwrap();
    // Without the update the pinned version is the newest that is known: an older one.
    assert_eq!(complaint(&verify(folder.path(), &[]), 1, "CS-TRUST-020"), None);
    let other = later(2, |document| document.expires_at = document.expires_at.plus_days(1));
    fs::write(folder.path().join("updates/2.json"), other).unwrap();
    let ran = verify(folder.path(), &UPDATES);
    assert_eq!(complaint(&ran, 1, "another trust root of this version"), None);
    assert_eq!(fs::read(folder.path().join("state.json")).unwrap(), state);
}

#[test]
fn r03_a_chain_of_trust_roots_that_goes_back() {
    let folder = stage();
    let roots = folder.path().join("roots");
    fs::create_dir(&roots).unwrap();
    fs::write(roots.join("1.json"), &specimen().trust).unwrap();
    let chain = |more: &[&str]| {
        let args = ["trust", "verify", "--dir", "roots", "--format", "json", "--now", NOW];
        countersign(folder.path(), &[&args[..], more].concat())
    };
    let remembered = || fs::read(folder.path().join("state.json")).ok();
    const STATE: [&str; 2] = ["--state", "state.json"];
    // What does not hold is not remembered.
    fs::write(roots.join("2.json"), later(3, |_| ())).unwrap();
    assert_eq!(chain(&STATE).code, Some(1));
    assert_eq!(remembered(), None);
    fs::write(roots.join("2.json"), later(2, |_| ())).unwrap();
    assert_eq!(complaint(&chain(&STATE), 0, "pass"), None);
    let state = remembered();
    assert!(state.is_some());
    assert_eq!(complaint(&chain(&STATE), 0, "trust-root-version"), None);
    assert_eq!(remembered(), state);
    // Another version of the same number.
    let other = later(2, |document| document.expires_at = document.expires_at.plus_days(1));
    fs::write(roots.join("2.json"), &other).unwrap();
    assert_eq!(complaint(&chain(&STATE), 1, "another trust root of this version"), None);
    // The newest one is taken away.
    fs::remove_file(roots.join("2.json")).unwrap();
    assert_eq!(complaint(&chain(&STATE), 1, "CS-TRUST-020"), None);
    assert_eq!(complaint(&chain(&[]), 0, "pass"), None);
    assert_eq!(remembered(), state);
    // One file serves both verbs.
    assert_eq!(complaint(&verify(folder.path(), &[]), 1, "CS-TRUST-020"), None);
    let updates = ["--trust-updates", "roots"];
    fs::write(roots.join("2.json"), later(2, |_| ())).unwrap();
    assert_eq!(complaint(&verify(folder.path(), &updates), 0, "pass"), None);
    // A clock that runs before what is known to have come.
    let early = ["--state", "state.json", "--now", "2026-01-01T00:00:00Z"];
    let args = [&["trust", "verify", "--dir", "roots"][..], &early].concat();
    let ran = countersign(folder.path(), &args);
    assert_eq!(ran.code, Some(3), "{}", ran.said());
    assert!(ran.stderr.contains("set the clock right"), "{}", ran.said());
}

#[test]
fn p14_an_old_policy_that_is_validly_signed() {
    let folder = stage();
    let strict = later(2, |document| document.policy.builders[0].push_str("/hardened"));
    fs::write(folder.path().join("updates/2.json"), strict).unwrap();
    // Under the newest policy the release is refused, and nothing is remembered of it.
    assert_eq!(complaint(&verify(folder.path(), &UPDATES), 1, "CS-TRUST-015"), None);
    let marked = later(2, |document| document.policy.channels.push("beta".to_owned()));
    fs::write(folder.path().join("updates/2.json"), marked).unwrap();
    assert_eq!(complaint(&verify(folder.path(), &UPDATES), 0, "pass"), None);
    // From there on version 1, whose signatures hold, is of yesterday.
    let ran = verify(folder.path(), &[]);
    assert_eq!(complaint(&ran, 1, "a newer trust root was used here before"), None);
}

#[test]
fn r05_versions_at_the_end_of_the_numbers() {
    let alice = person("alice", Algorithm::Ed25519);
    let now = time("2026-06-01T00:00:00Z");
    for version in [(1 << 31) - 1, 1 << 53, 1 << 63, u64::MAX - 1, u64::MAX] {
        let pinned = seal(&document(version, &[&alice], 1), &[&alice]).unwrap();
        assert_eq!(TrustRoot::open(&pinned, now).unwrap().version(), version);
        // Nobody jumps there from where they are.
        let first = seal(&document(1, &[&alice], 1), &[&alice]).unwrap();
        let jumped = TrustRoot::open_chain(&first, std::slice::from_ref(&pinned), now);
        assert!(matches!(jumped, Err(RootError::NotNext { before: 1, .. })));
        // Nor is there anything after the last one, which is told and no panic.
        let again = TrustRoot::open_chain(&pinned, std::slice::from_ref(&pinned), now);
        assert!(matches!(again, Err(RootError::NotNext { .. })));
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("1.json"), &pinned).unwrap();
        fs::write(folder.path().join("a.pub"), alice.1.public().to_pem()).unwrap();
        let retire = ["trust", "retire", "--dir", ".", &alice.1.public().id().to_string()];
        let since = ["--since", "2026-05-01T00:00:00Z", "--now", NOW];
        let ran = countersign(folder.path(), &[&retire[..], &since].concat());
        assert!(matches!(ran.code, Some(0 | 3)), "{version}: {ran:?}");
        let show = ["verify", "a.pub", "--trust", "1.json", "--trust-updates", ".", "--now", NOW];
        assert_eq!(countersign(folder.path(), &show).code, Some(3), "{version}");
    }
    for text in ["9223372036854775808.0", "18446744073709551616", "1e3", "-1", "\"1\""] {
        let sealed = seal(&document(1, &[&alice], 1), &[&alice]).unwrap();
        let envelope: Value = serde_json::from_slice(&sealed).unwrap();
        let payload = instance::unbase64(envelope["payload"].as_str().unwrap());
        let payload = String::from_utf8(payload).unwrap();
        let changed = payload.replace("\"version\": 1", &format!("\"version\": {text}"));
        assert_ne!(changed, payload);
        assert!(TrustRootDocument::parse(changed.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn r05_recovery_after_all_keys_were_changed() {
    let old = [person("alice", Algorithm::Ed25519), person("bob", Algorithm::P256)];
    let new = [person("carol", Algorithm::Ed25519), person("dave", Algorithm::P256)];
    let all: Vec<&(String, PrivateKey)> = old.iter().chain(&new).collect();
    let [a, b] = &old;
    let [c, d] = &new;
    let first = seal(&document(1, &[a, b], 2), &[a, b]).unwrap();
    let second = seal(&document(2, &[c, d], 2), &all).unwrap();
    let third = seal(&document(3, &[c, d], 2), &[c, d]).unwrap();
    let now = time("2026-06-01T00:00:00Z");
    let chain = [second.clone(), third.clone()];
    assert_eq!(TrustRoot::open_chain(&first, &chain, now).unwrap().version(), 3);
    // The old ones have nothing to say any more, and the new ones had nothing before.
    let by_old = seal(&document(3, &[a, b], 2), &[a, b]).unwrap();
    assert!(TrustRoot::open_chain(&first, &[second, by_old], now).is_err());
    assert!(TrustRoot::open_chain(&first, &[third], now).is_err());
}

#[test]
fn r01_a_chain_that_has_no_end() {
    let alice = person("alice", Algorithm::Ed25519);
    let first = seal(&document(1, &[&alice], 1), &[&alice]).unwrap();
    let now = time("2026-06-01T00:00:00Z");
    let many = vec![Vec::new(); MAX_CHAIN + 1];
    assert!(matches!(TrustRoot::open_chain(&first, &many, now), Err(RootError::ChainTooLong)));
    let large = vec![vec![b' '; MAX_BYTES]; 65];
    assert!(matches!(TrustRoot::open_chain(&first, &large, now), Err(RootError::ChainTooLong)));
    let one = [vec![b' '; MAX_BYTES + 1]];
    assert!(matches!(TrustRoot::open_chain(&first, &one, now), Err(RootError::TooLarge)));
}

/// Every place of a document, outermost first.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(entries) => entries.iter().map(|(key, one)| (key.clone(), one)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, one)| (index.to_string(), one)).collect()
        }
        _ => Vec::new(),
    };
    for (key, one) in inner {
        places(one, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
    }
}

#[test]
fn r08_wrong_types_in_every_field() {
    let instance = Instance::new();
    let root = instance.trust_root(&instance.trusted_root(), |document| {
        let role = document.roles[&RoleName::Release].clone();
        document.roles.insert(RoleName::Waiver, role.clone());
        document.roles.insert(RoleName::RollbackApprover, role.clone());
        document.roles.insert(RoleName::LoadEvidence, role);
        document.policy.evidence[0].area = Some("load".to_owned());
        document.policy.evidence[0].role = Some(RoleName::LoadEvidence);
        document.policy.require_proven_time = true;
        document.policy.log_operators = 1;
        document.policy.waivers =
            Some(countersign::trust::root::WaiverRules { max_days: 30, signed: true });
        document.policy.rollback = Some(countersign::trust::root::RollbackRules {
            window_days: 30,
            max_approval_hours: 24,
        });
    });
    let bytes = countersign::json::to_bytes(root.document());
    let whole: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(TrustRootDocument::parse(&bytes).as_ref(), Ok(root.document()));
    let mut found = Vec::new();
    places(&whole, "", &mut found);
    assert!(found.len() > 80, "{}", found.len());
    let kind = |value: &Value| std::mem::discriminant(value);
    // A field that may be left out may also say that there is nothing.
    let optional = ["/sigstore", "/policy/waivers", "/policy/rollback", "/area", "/role"];
    for place in &found {
        let wrong = [json!(null), json!([]), json!({}), json!("x"), json!(-1), json!(1.5)];
        for value in wrong.into_iter().chain([json!(true), json!([[]]), json!({"": 1})]) {
            let mut changed = whole.clone();
            let taken = changed.pointer_mut(place).unwrap();
            let is_same_kind = kind(taken) == kind(&value);
            *taken = value.clone();
            let parsed = TrustRootDocument::parse(changed.to_string().as_bytes());
            let is_absent = value.is_null() && optional.iter().any(|end| place.ends_with(end));
            assert!(
                parsed.is_err() || is_absent || is_same_kind,
                "{value} at `{place}` is accepted"
            );
        }
    }
}

#[test]
fn t17_a_clock_before_what_is_known_to_have_come() {
    let folder = stage();
    let at = |now: &str| {
        let args = ["verify", "dist", "--trust", "1.json", "--state", "state.json"];
        countersign(folder.path(), &[&args[..], &["--format", "json", "--now", now]].concat())
    };
    assert_eq!(complaint(&at("2026-11-25T09:00:00Z"), 0, "pass"), None);
    let state = fs::read_to_string(folder.path().join("state.json")).unwrap();
    // A clock that was set back by a day: neither pass nor refusal, and the reason.
    let ran = at("2026-11-24T09:00:00Z");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.stderr.contains("set the clock right"), "{ran:?}");
    // And so it is when only a trust root was seen that was issued later.
    let seen = state.replace("2026-11-25T09:00:00Z", "2026-11-20T09:00:00Z");
    let seen = seen.replace("\"issued_at\": \"2026-11-24T", "\"issued_at\": \"2026-11-26T");
    assert_ne!(seen, state);
    fs::write(folder.path().join("state.json"), &seen).unwrap();
    let ran = at("2026-11-25T09:00:00Z");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.stderr.contains("a trust root that was used was issued"), "{ran:?}");
    assert_eq!(fs::read_to_string(folder.path().join("state.json")).unwrap(), seen);
}

fn trust_verify(folder: &Path, now: &str) -> Ran {
    let args = ["trust", "verify", "--dir", "updates", "--format", "json", "--now", now];
    countersign(folder, &args)
}

#[test]
fn trust_verify_says_by_which_rule_a_version_fails() {
    let folder = stage();
    let write = |name: &str, bytes: &[u8]| {
        fs::write(folder.path().join("updates").join(name), bytes).unwrap();
    };
    write("1.json", &specimen().trust);
    write("2.json", &later(2, |_| ()));
    assert_eq!(complaint(&trust_verify(folder.path(), NOW), 0, "version 2"), None);
    // T17: a clock before the newest version is a question, not an answer.
    let early = trust_verify(folder.path(), "2026-11-24T08:59:59Z");
    assert_eq!(complaint(&early, 3, "CS-TRUST-040"), None);
    let late = trust_verify(folder.path(), "2027-11-24T09:00:00Z");
    assert_eq!(complaint(&late, 1, "CS-TRUST-042"), None);
    write("3.json", &later(4, |_| ()));
    assert_eq!(complaint(&trust_verify(folder.path(), NOW), 1, "CS-TRUST-041"), None);
    let stranger = person("mallory", Algorithm::Ed25519);
    let mut forged = document(3, &[&stranger], 1);
    forged.issued_at = specimen::now();
    forged.policy.product = "lantern".to_owned();
    write("3.json", &seal(&forged, &[&stranger]).unwrap());
    assert_eq!(complaint(&trust_verify(folder.path(), NOW), 1, "CS-TRUST-005"), None);
    write("3.json", b"{}");
    assert_eq!(complaint(&trust_verify(folder.path(), NOW), 1, "CS-TRUST-001"), None);
}

#[test]
fn the_trust_of_then_and_of_today_are_told_apart() {
    let folder = stage();
    // A day later Bob's key turns out to be in wrong hands since the beginning.
    let learnt = later(2, |document| {
        document.issued_at = document.issued_at.plus_days(1);
        let state = &mut document.keys.values_mut().find(|key| key.owner == "bob").unwrap().state;
        let from = state.from();
        *state = KeyState::Compromised { from, since: from };
        document.roles.get_mut(&RoleName::Root).unwrap().threshold = 1;
    });
    // The version before asks for two people, of whom one is Bob: he signs that he is out.
    let next: TrustRootDocument =
        TrustRoot::open(&learnt, specimen::now().plus_days(2)).unwrap().document().clone();
    let keys = specimen().keys.each_ref().map(|pem| private_key(pem));
    let sealed = TrustRoot::seal(&next, &[&keys[0], &keys[1]]).unwrap();
    fs::write(folder.path().join("updates/2.json"), sealed).unwrap();
    let judge = |more: &[&str]| {
        let args = ["verify", "dist", "--trust", "1.json", "--now", "2026-11-26T09:00:00Z"];
        countersign(folder.path(), &[&args[..], &UPDATES, more].concat())
    };
    let today = judge(&["--format", "json"]);
    assert_eq!(complaint(&today, 1, "is compromised since"), None);
    let report: Value = serde_json::from_str(&today.stdout).unwrap();
    assert_eq!(report["trust"]["version"], json!(2));
    assert_eq!(report["trust"]["as_of"], json!(null));
    let as_of = ["--trust-as-of", NOW];
    let then = judge(&[&as_of[..], &["--format", "json"]].concat());
    assert_eq!(complaint(&then, 0, "pass"), None);
    let report: Value = serde_json::from_str(&then.stdout).unwrap();
    assert_eq!(report["trust"]["version"], json!(1));
    assert_eq!(report["trust"]["as_of"], json!(NOW));
    for quiet in [&[][..], &["-q"]] {
        let told = judge(&[&as_of[..], quiet].concat());
        assert!(told.stdout.contains(&format!("with the trust of {NOW}")), "{told:?}");
        let today = judge(quiet);
        assert!(!today.said().contains("with the trust of"), "{today:?}");
    }
    // History is no leave to go on: nothing is remembered of it.
    let remembered = judge(&[&as_of[..], &["--state", "state.json"]].concat());
    assert_eq!(remembered.code, Some(2), "{remembered:?}");
}
