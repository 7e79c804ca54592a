//! Sigstore bundles of other people's making: as they were published, and put together wrongly.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use countersign::trust::sigstore::{Attested, Identity, ManagedKey, TrustedRoot, verify};
use countersign::trust::{KeyState, Refusal, Subject, Verified};
use countersign::{Digest, Timestamp};
use serde_json::{Value, json};

pub(crate) const NAME: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/\
                    .github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
pub(crate) const ISSUER: &str = "https://token.actions.githubusercontent.com";
/// Message signatures by a certificate, statements, and by a key; log versions 1 and 2.
const CASES: [&str; 5] = [
    "happy-path-v0.2",
    "happy-path-v0.3",
    "happy-path-intoto-in-dsse-v3",
    "rekor2-happy-path",
    "managed-key-happy-path",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/sigstore-conformance")
}

fn artifact() -> Vec<u8> {
    fs::read(folder().join("a.txt")).unwrap()
}

fn now() -> Timestamp {
    "2026-11-24T09:00:00Z".parse().unwrap()
}

fn somebody(identity: &str, issuer: &str) -> Identity {
    Identity::Certificate { identity: identity.to_owned(), issuer: issuer.to_owned() }
}

/// One published case with all it takes to verify it.
pub(crate) struct Case {
    bundle: Value,
    root: Value,
    pub(crate) identity: Identity,
}

impl Case {
    pub(crate) fn of(name: &str) -> Self {
        let value = |path: PathBuf| serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let case = folder().join(name);
        let own = case.join("trusted_root.json");
        let key = case.join("key.pub");
        Self {
            bundle: value(case.join("bundle.sigstore.json")),
            root: value(if own.exists() { own } else { folder().join("trusted_root.json") }),
            identity: if key.exists() {
                Identity::Key(ManagedKey::from_pem(&fs::read(key).unwrap()).unwrap())
            } else {
                somebody(NAME, ISSUER)
            },
        }
    }

    fn root(&self) -> Result<TrustedRoot, Refusal> {
        TrustedRoot::parse(self.root.to_string().as_bytes())
    }

    fn judge(&self, subject: Subject<'_>, at: Timestamp) -> Result<Verified<Attested>, Refusal> {
        verify(self.bundle.to_string().as_bytes(), subject, &self.identity, &self.root()?, at)
    }

    /// The code of the rule that refuses the case over its own file, if one does.
    pub(crate) fn code(&self) -> Option<&'static str> {
        self.judge(Subject::Bytes(&artifact()), now()).err().map(|refusal| refusal.rule.code)
    }

    fn material(&mut self) -> &mut Value {
        &mut self.bundle["verificationMaterial"]
    }

    fn earliest(&self) -> Timestamp {
        self.judge(Subject::Bytes(&artifact()), now()).unwrap().value().times()[0].at
    }
}

fn later(time: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(time.unix_seconds() + seconds).unwrap()
}

#[test]
fn published_bundles_are_accepted_as_file_and_as_digest() {
    for name in CASES {
        let case = Case::of(name);
        let bytes = artifact();
        for subject in [Subject::Bytes(&bytes), Subject::Digest(Digest::of(&bytes))] {
            let verified = case.judge(subject, now()).unwrap();
            assert_eq!(verified.signers().len(), 1, "{name}");
            assert_eq!(verified.value().entries().len(), 1, "{name}");
            assert!(!verified.value().times().is_empty(), "{name}");
            assert_eq!(verified.value().payload().is_some(), name.contains("dsse"), "{name}");
        }
    }
}

// L02, L03, S02: every path holds the signature against this very file.
#[test]
fn another_file_is_refused_on_every_path() {
    for name in CASES {
        let case = Case::of(name);
        let other = b"another file";
        for subject in [Subject::Bytes(other), Subject::Digest(Digest::of(other))] {
            let refusal = case.judge(subject, now()).unwrap_err();
            let expected = if name.contains("dsse") { "CS-TRUST-013" } else { "CS-TRUST-009" };
            assert_eq!(refusal.rule.code, expected, "{name}: {refusal}");
        }
    }
}

// S13.
#[test]
fn a_stated_digest_of_another_file_is_refused() {
    for name in CASES.into_iter().filter(|name| !name.contains("dsse")) {
        let mut case = Case::of(name);
        case.bundle["messageSignature"]["messageDigest"]["digest"] =
            json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        assert_eq!(case.code(), Some("CS-TRUST-009"), "{name}");
    }
}

// S19: no part of one valid bundle may stand in for the same part of another.
#[test]
fn spliced_bundles_are_refused() {
    let parts = [
        "/messageSignature/signature",
        "/dsseEnvelope",
        "/dsseEnvelope/signatures",
        "/verificationMaterial/certificate",
        "/verificationMaterial/tlogEntries",
        "/verificationMaterial/tlogEntries/0/canonicalizedBody",
        "/verificationMaterial/tlogEntries/0/inclusionPromise",
        "/verificationMaterial/tlogEntries/0/inclusionProof",
        "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint",
        "/verificationMaterial/tlogEntries/0/integratedTime",
        "/verificationMaterial/tlogEntries/0/logId",
        "/verificationMaterial/tlogEntries/0/kindVersion",
        "/verificationMaterial/timestampVerificationData",
    ];
    let mut spliced = 0;
    for one in CASES {
        for other in CASES {
            let donor = Case::of(other).bundle;
            for part in parts {
                let mut case = Case::of(one);
                let Some(given) = donor.pointer(part) else { continue };
                match case.bundle.pointer_mut(part) {
                    Some(taken) if taken != given => *taken = given.clone(),
                    _ => continue,
                }
                spliced += 1;
                assert!(case.code().is_some(), "{part} of {other} in {one}");
            }
        }
    }
    assert!(spliced > 80, "{spliced}");
}

// L02: an entry that is valid and about something else proves nothing here.
#[test]
fn a_further_entry_of_another_bundle_is_refused() {
    let mut case = Case::of("happy-path-v0.3");
    let other = Case::of("happy-path-v0.2").bundle["verificationMaterial"]["tlogEntries"][0].take();
    case.material()["tlogEntries"].as_array_mut().unwrap().push(other);
    assert!(case.code().is_some());
}

#[test]
fn an_entry_that_nothing_proves_is_refused() {
    let mut case = Case::of("happy-path-v0.3");
    let mut bare = case.material()["tlogEntries"][0].clone();
    bare.as_object_mut().unwrap().remove("inclusionPromise");
    bare.as_object_mut().unwrap().remove("inclusionProof");
    case.material()["tlogEntries"].as_array_mut().unwrap().push(bare);
    assert_eq!(case.code(), Some("CS-TRUST-023"));
}

/// Every place in a document.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(key, value)| places(value, &format!("{at}/{key}"), found));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, value)| places(value, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

// L12: whatever is missing, empty, cut short or of another type is an answer and no crash; and
// nothing that the signature rests on can go.
#[test]
fn l12_damaged_bundles_are_refused_without_a_panic() {
    // What may go: hints, which nobody signed; the stated digest, which only helps to find the
    // file; what log version 2 and keys do not rest on.
    let inert = |name: &str, place: &str| {
        place.ends_with("/publicKey/hint")
            || place.ends_with("/publicKey")
            || place.ends_with("/keyid")
            || place.starts_with("/messageSignature/messageDigest")
            || place.ends_with("/timestampVerificationData") && name != "rekor2-happy-path"
            || place.ends_with("/rfc3161Timestamps") && name != "rekor2-happy-path"
            || place.ends_with("/tlogEntries") && name == "managed-key-happy-path"
            || place.ends_with("/inclusionPromise") && name == "managed-key-happy-path"
            || place.ends_with("/integratedTime") && name == "rekor2-happy-path"
            || place.ends_with("/inclusionProof/logIndex") && name == "rekor2-happy-path"
            || place.ends_with("/inclusionProof/rootHash") && name == "rekor2-happy-path"
            || place.ends_with("/inclusionProof/treeSize") && name == "rekor2-happy-path"
    };
    for name in CASES {
        let whole = Case::of(name);
        let mut found = Vec::new();
        places(&whole.bundle, "", &mut found);
        let (file, root) = (artifact(), whole.root().unwrap());
        let holds = |place: &str, damage: &dyn Fn(&mut Value)| {
            let mut bundle = whole.bundle.clone();
            damage(bundle.pointer_mut(place).unwrap());
            let (text, subject) = (bundle.to_string(), Subject::Bytes(&file));
            let verified = verify(text.as_bytes(), subject, &whole.identity, &root, now());
            verified.is_err() || inert(name, place) || bundle == whole.bundle
        };
        for place in found.iter().skip(1) {
            for damage in [json!(null), json!(""), json!([]), json!({}), json!(-1)] {
                assert!(holds(place, &|value| *value = damage.clone()), "{name}: {place} {damage}");
            }
            let cut = |value: &mut Value| {
                if let Value::String(text) = value {
                    text.truncate(text.len() / 8 * 4);
                }
            };
            assert!(holds(place, &cut), "{name}: half of {place}");
        }
    }
}

#[test]
fn a_list_is_no_object() {
    let mut case = Case::of("managed-key-happy-path");
    case.material()["publicKey"] = json!([""]);
    assert_eq!(case.code(), Some("CS-TRUST-002"));
}

#[test]
fn texts_that_readers_differ_on_are_refused() {
    let case = Case::of("happy-path-v0.3");
    let text = case.bundle.to_string();
    let file = artifact();
    let root = case.root().unwrap();
    for (from, to) in [
        ("{\"", "{\"mediaType\":\"x\",\""),
        ("\"messageSignature\":", "\"dsseEnvelope\":{},\"messageSignature\":"),
        ("\"certificate\":", "\"publicKey\":{},\"certificate\":"),
        ("\"signature\":", "\"signature\":\"AAAA\",\"signature\":"),
        ("\"mediaType\":", "\"media_type\":"),
        ("version=0.3", "version=0.4"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let refused =
            verify(changed.as_bytes(), Subject::Bytes(&file), &case.identity, &root, now());
        assert!(refused.is_err(), "{from} -> {to}");
    }
}

// T05: a time that lies ahead of the time of judgement was not proven by then.
#[test]
fn a_second_before_the_proven_time_is_too_early() {
    for name in CASES {
        let case = Case::of(name);
        let file = artifact();
        let last = case.judge(Subject::Bytes(&file), now()).unwrap().value().times().to_vec();
        let last = last.last().unwrap().at;
        assert!(case.judge(Subject::Bytes(&file), last).is_ok(), "{name}");
        let refusal = case.judge(Subject::Bytes(&file), later(last, -1)).unwrap_err();
        assert_eq!(refusal.rule.code, "CS-TRUST-021", "{name}");
    }
}

// T16: the certificate has expired and nothing proves when it signed.
#[test]
fn without_a_proven_time_a_certificate_counts_for_nothing() {
    let mut case = Case::of("rekor2-happy-path");
    case.material()["timestampVerificationData"] = json!({"rfc3161Timestamps": []});
    assert_eq!(case.code(), Some("CS-TRUST-024"));
    let mut case = Case::of("happy-path-v0.3");
    case.material()["tlogEntries"][0].as_object_mut().unwrap().remove("inclusionPromise");
    assert_eq!(case.code(), Some("CS-TRUST-024"));
}

// T04, T08: each timestamp must hold; one that holds does not carry in one that does not.
#[test]
fn every_timestamp_must_hold() {
    let stamps = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps";
    let foreign = Case::of("managed-key-happy-path").bundle.pointer(stamps).unwrap()[0].clone();
    let mut case = Case::of("rekor2-happy-path");
    let own = case.bundle.pointer(stamps).unwrap()[0].clone();
    let list = |case: &mut Case, value| *case.bundle.pointer_mut(stamps).unwrap() = value;
    list(&mut case, json!([own, own]));
    assert_eq!(case.code(), None);
    for stamps in [json!([foreign]), json!([own, foreign]), json!([foreign, own])] {
        list(&mut case, stamps);
        assert_eq!(case.code(), Some("CS-TRUST-024"));
    }
    list(&mut case, json!(vec![own; 17]));
    assert_eq!(case.code(), Some("CS-TRUST-002"));
}

// T02, T08: an authority or log speaks within its own window only.
#[test]
fn windows_of_the_trusted_root_are_held() {
    let key = "/publicKey/validFor";
    for (name, part, window) in [
        ("rekor2-happy-path", "timestampAuthorities", "/validFor"),
        ("rekor2-happy-path", "certificateAuthorities", "/validFor"),
        ("rekor2-happy-path", "tlogs", key),
        ("rekor2-happy-path", "ctlogs", key),
        ("happy-path-v0.3", "certificateAuthorities", "/validFor"),
        ("happy-path-v0.3", "tlogs", key),
        ("happy-path-v0.3", "ctlogs", key),
        ("managed-key-happy-path", "tlogs", key),
        ("managed-key-happy-path", "timestampAuthorities", "/validFor"),
    ] {
        let time = Case::of(name).earliest();
        let set = |value: Value| {
            let mut case = Case::of(name);
            for one in case.root[part].as_array_mut().unwrap() {
                *one.pointer_mut(window).unwrap() = value.clone();
            }
            case.code()
        };
        let start = "2015-01-01T00:00:00Z";
        assert_eq!(set(json!({"start": start})), None, "{name} {part}");
        let ended = set(json!({"start": start, "end": later(time, -60).to_string()}));
        assert!(ended.is_some(), "{name} {part} ended");
        let ahead = set(json!({"start": later(time, 60).to_string()}));
        assert!(ahead.is_some(), "{name} {part} begins later");
        assert_eq!(set(json!({"end": "2099-01-01T00:00:00Z"})), Some("CS-TRUST-025"));
        assert_eq!(set(json!(null)), Some("CS-TRUST-025"), "{name} {part}");
    }
}

#[test]
fn a_malformed_trusted_root_gives_no_verdict() {
    let case = Case::of("happy-path-v0.3");
    let text = case.root.to_string();
    for (from, to) in [
        ("{\"", "{\"tlogs\":[],\""),
        ("trustedroot+json", "trustedrooT+json"),
        ("\"rawBytes\":\"", "\"rawBytes\":\"AAAA"),
        ("\"start\":\"2", "\"start\":\"x2"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let refusal = TrustedRoot::parse(changed.as_bytes()).err().unwrap();
        assert_eq!(refusal.rule.code, "CS-TRUST-025", "{from}");
    }
    assert!(TrustedRoot::parse(b"").is_err() && TrustedRoot::parse(b"{}").is_err());
}

// P01, P04: no patterns, no prefixes, no folding of case.
#[test]
fn only_the_whole_identity_and_issuer_match() {
    let mut case = Case::of("happy-path-v0.3");
    for name in [
        "",
        ".*",
        "https://github.com/sigstore-conformance/",
        &NAME.to_uppercase(),
        &NAME.replace("github.com", "githubXcom"),
        &NAME.replace("main", "mai."),
        &NAME.replace("heads/main", "heads/main2"),
        &format!("{NAME} "),
        &format!("{NAME}\0"),
        &format!("https://x/?u={NAME}"),
        &NAME[..NAME.len() - 1],
    ] {
        case.identity = somebody(name, ISSUER);
        assert_eq!(case.code(), Some("CS-TRUST-022"), "{name:?}");
    }
    for issuer in
        ["", ".*", "https://token.actions.githubusercontent.com/", "githubusercontent.com"]
    {
        case.identity = somebody(NAME, issuer);
        assert_eq!(case.code(), Some("CS-TRUST-022"), "{issuer:?}");
    }
}

#[test]
fn a_key_and_a_certificate_do_not_stand_in_for_each_other() {
    let mut keyed = Case::of("managed-key-happy-path");
    let mut certified = Case::of("happy-path-v0.3");
    std::mem::swap(&mut keyed.identity, &mut certified.identity);
    assert_eq!(keyed.code(), Some("CS-TRUST-022"));
    assert_eq!(certified.code(), Some("CS-TRUST-026"));
}

// T01: a key counts within its own window.
#[test]
fn a_key_that_was_out_of_use_is_refused() {
    let whole = Case::of("managed-key-happy-path");
    let time = whole.earliest();
    let Identity::Key(key) = &whole.identity else { panic!("the case is by a key") };
    let code = |state| {
        let mut case = Case::of("managed-key-happy-path");
        case.identity = Identity::Key(key.clone().in_state(state));
        case.code()
    };
    let from = later(time, -100);
    assert_eq!(code(KeyState::Active { from }), None);
    assert_eq!(code(KeyState::Active { from: later(time, 1) }), Some("CS-TRUST-024"));
    for (since, expected) in [(later(time, 1), None), (time, Some("CS-TRUST-024"))] {
        assert_eq!(code(KeyState::Retired { from, since }), expected);
        assert_eq!(code(KeyState::Compromised { from, since }), expected);
    }
}

pub(crate) fn verify_blob(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.env_clear().current_dir(folder()).arg("verify-blob").arg("a.txt");
    command.args(["--now", "2026-11-24T09:00:00Z"]).args(args).output().unwrap()
}

#[test]
fn the_command_says_what_was_checked_and_ends_by_its_verdict() {
    let bundle = ["--bundle", "happy-path-v0.3/bundle.sigstore.json"];
    let who = ["--certificate-identity", NAME, "--certificate-oidc-issuer", ISSUER];
    let root = ["--trusted-root", "trusted_root.json"];
    let run = |parts: &[&[&str]]| verify_blob(&parts.concat());
    let passed = run(&[&bundle, &who, &root, &["--verbose"]]);
    let text = String::from_utf8(passed.stdout).unwrap();
    assert_eq!(passed.status.code(), Some(0), "{text}");
    for check in ["signature", "certificate", "identity", "log entry", "time", "subject"] {
        assert!(text.contains(&format!("ok   {check} ")), "{check}: {text}");
    }
    assert!(text.contains("judged as of 2024-03-19T17:26:26Z"), "{text}");

    let usage = run(&[&bundle, &who]);
    assert_eq!(usage.status.code(), Some(2));
    assert!(String::from_utf8(usage.stderr).unwrap().contains("--trusted-root"));
    assert_eq!(run(&[&bundle, &root]).status.code(), Some(2));
    assert_eq!(run(&[&bundle, &who[..2], &root]).status.code(), Some(2));
    let both = ["--key", "managed-key-happy-path/key.pub"];
    assert_eq!(run(&[&bundle, &who, &both, &root]).status.code(), Some(2));

    let other = ["--certificate-identity", "a@example.com", "--certificate-oidc-issuer", ISSUER];
    let refused = run(&[&bundle, &other, &root]);
    let text = String::from_utf8(refused.stdout).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{text}");
    assert!(text.contains("CS-TRUST-022") && !text.contains("ok   "), "{text}");
    let wrong = ["--trusted-root", "README.md"];
    assert_eq!(run(&[&bundle, &who, &wrong]).status.code(), Some(3));
}

#[test]
fn the_command_needs_a_trusted_root_for_a_key_with_log_entries_too() {
    let keyed = [
        "--bundle",
        "managed-key-happy-path/bundle.sigstore.json",
        "--key",
        "managed-key-happy-path/key.pub",
    ];
    let undecided = verify_blob(&keyed);
    assert_eq!(undecided.status.code(), Some(3));
    assert!(String::from_utf8(undecided.stdout).unwrap().contains("--trusted-root"));
    let root = ["--trusted-root", "trusted_root.json"];
    assert_eq!(verify_blob(&[&keyed[..], &root].concat()).status.code(), Some(0));
}
