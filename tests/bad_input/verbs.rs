//! Each verb with each file that it reads.

use std::fs;
use std::path::Path;

use super::bad::{BYTES, Bad, DOCUMENT, KEY, OPTIONAL, PACKET, STREAMED};
use super::{Row, judge_all, names_in, row, stage};
use crate::command::countersign;
use crate::specimen::NOW;

const VERIFY: &str = "verify dist --trust trust.json";
const ALONE: &str = "verify dist/lantern-0.3.0.packet.tar.gz --trust trust.json";
const SIGN: &str = "sign unsigned --key alice.key";
const VERIFY_BLOB: &str = "verify-blob blob --bundle blob.sigstore.json --key alice.pub";
const VERIFY_LOGGED: &str = "verify-blob a.txt --bundle logged.json --trusted-root instance.json \
    --certificate-identity a --certificate-oidc-issuer b";

/// A packet alone: missing, its name was given all the same.
const MISSING: [Bad; 3] = [Bad::Missing, Bad::LinkToNowhere, Bad::LinkToItself];

const VERIFYING: [Row; 18] = [
    row(VERIFY, "trust.json", &DOCUMENT),
    row(VERIFY, "dist/lantern-0.3.0.packet.tar.gz", &PACKET),
    row(VERIFY, "dist/lantern-0.3.0.packet.tar.gz.sigstore.json", &DOCUMENT),
    row(VERIFY, "dist/lantern-0.3.0.packet.tar.gz.sigstore.jsonl", &OPTIONAL),
    row(VERIFY, "dist/lantern-0.3.0.provenance.sigstore.json", &DOCUMENT),
    row(VERIFY, "dist/lantern-0.3.0.provenance.sigstore.jsonl", &OPTIONAL),
    row(VERIFY, "dist/checksums.txt", &DOCUMENT),
    row(VERIFY, "dist/checksums.txt.sigstore.json", &DOCUMENT),
    row(VERIFY, "dist/checksums.txt.sigstore.jsonl", &OPTIONAL),
    row(VERIFY, "dist/report.json", &STREAMED),
    row(VERIFY, "dist/lantern-0.3.0-linux-amd64", &STREAMED),
    row("verify dist --trust trust.json --state state.json", "state.json", &OPTIONAL),
    row("verify dist --trust trust.json --trust-updates roots", "roots/2.json", &OPTIONAL),
    row(ALONE, "dist/lantern-0.3.0.packet.tar.gz", &PACKET),
    row(ALONE, "dist/lantern-0.3.0.packet.tar.gz", &MISSING),
    row(
        "verify dist/lantern-0.3.0.packet.tar.gz --trust trust.json --artifacts artifacts",
        "artifacts/lantern-0.3.0.tgz",
        &STREAMED,
    ),
    row("checksums verify list.txt", "list.txt", &DOCUMENT),
    row("checksums verify list.txt", "blob", &STREAMED),
];

const BLOBS: [Row; 7] = [
    row(VERIFY_BLOB, "blob", &STREAMED),
    row(VERIFY_BLOB, "blob.sigstore.json", &DOCUMENT),
    row(VERIFY_BLOB, "alice.pub", &KEY_BUT_OTHERS),
    row(VERIFY_LOGGED, "logged.json", &DOCUMENT),
    row(VERIFY_LOGGED, "instance.json", &DOCUMENT),
    row("sign-blob blob --key alice.key --bundle out.json", "alice.key", &KEY),
    row("sign-blob blob --key alice.key --bundle out.json", "blob", &BYTES),
];

const SIGNING: [Row; 7] = [
    row(SIGN, "unsigned/lantern-0.3.0.packet.tar.gz", &PACKET),
    row(SIGN, "unsigned/checksums.txt", &DOCUMENT),
    row(SIGN, "unsigned/report.json", &STREAMED),
    row(SIGN, "unsigned/lantern-0.3.0.tgz", &STREAMED),
    row(SIGN, "unsigned/checksums.txt.sigstore.json", &OPTIONAL),
    row(SIGN, "alice.key", &KEY),
    row("sign unsigned --key locked.key --passphrase-file secret", "secret", &BYTES),
];

const KEYS: [Row; 8] = [
    row("keys show alice.pub", "alice.pub", &KEY_BUT_HALF),
    row("keys show locked.key --passphrase-file secret", "locked.key", &KEY_BUT_HALF),
    row("keys show locked.key --passphrase-file secret", "secret", &BYTES),
    row("keys encrypt alice.key --passphrase-file secret", "alice.key", &KEY),
    row("keys encrypt alice.key --passphrase-file secret", "secret", &BYTES),
    row("keys generate -o new.key --passphrase-file secret", "secret", &BYTES),
    row("checksums create blob", "blob", &BYTES),
    row("inspect blob", "blob", &BYTES),
];

/// The first kinds of a bad key.
const fn first_of_key<const COUNT: usize>() -> [Bad; COUNT] {
    let mut kinds = [Bad::Empty; COUNT];
    let mut index = 0;
    while index < COUNT {
        kinds[index] = KEY[index];
        index += 1;
    }
    kinds
}

/// `keys show` takes either half.
const KEY_BUT_HALF: [Bad; 16] = first_of_key();
/// `verify-blob` takes either half too, and keys of other algorithms for bundles from a log.
const KEY_BUT_OTHERS: [Bad; 15] = first_of_key();

const INIT: &str = "trust init --dir new --policy policy.json --expires 2027-12-31T00:00:00Z";
const ADD_KEY: &str = "trust add-key carol.pub --owner carol --role release --dir roots";
const REVOKE: &str = "trust revoke alice --since 2026-11-20T00:00:00Z --dir roots";
const SIGN_DRAFT: &str = "trust sign --key alice.key --dir drafted";

const TRUST: [Row; 16] = [
    row(INIT, "policy.json", &DOCUMENT),
    row(ADD_KEY, "carol.pub", &KEY),
    row(ADD_KEY, "roots/1.json", &DOCUMENT),
    row(
        "trust add-key carol.pub --owner carol --role release --dir drafted",
        "drafted/draft.json",
        &OPTIONAL,
    ),
    row("trust set --policy policy.json --dir roots", "policy.json", &DOCUMENT),
    row("trust set --trusted-root instance.json --dir roots", "instance.json", &DOCUMENT),
    row(REVOKE, "roots/1.json", &DOCUMENT),
    row(SIGN_DRAFT, "drafted/draft.json", &DOCUMENT),
    row(SIGN_DRAFT, "drafted/draft.signed.json", &OPTIONAL),
    row(SIGN_DRAFT, "drafted/1.json", &DOCUMENT),
    row(SIGN_DRAFT, "alice.key", &KEY),
    row("trust show trust.json", "trust.json", &DOCUMENT),
    row("trust show --dir roots", "roots/1.json", &DOCUMENT),
    row("trust verify --dir roots", "roots/1.json", &DOCUMENT),
    row("trust verify --dir roots --pin trust.json", "trust.json", &DOCUMENT),
    row("trust verify --dir roots --state state.json", "state.json", &OPTIONAL),
];

/// A version, a version with a draft that one of two has signed, a policy, and a third person's key.
pub(super) fn set_up_trust(folder: &Path) {
    for name in ["roots", "drafted"] {
        fs::create_dir(folder.join(name)).unwrap();
        fs::copy(folder.join("trust.json"), folder.join(name).join("1.json")).unwrap();
    }
    fs::write(folder.join("carol.pub"), CAROL).unwrap();
    let shown =
        countersign(folder, &["trust", "show", "trust.json", "--format", "json", "--now", NOW]);
    let document: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    let policy = serde_json::to_vec_pretty(&document["policy"]).unwrap();
    fs::write(folder.join("policy.json"), policy).unwrap();
    for made in [
        "trust add-key carol.pub --owner carol --role evidence --dir drafted",
        "trust sign --key bob.key --dir drafted",
    ] {
        let args: Vec<&str> = made.split(' ').chain(["--now", NOW]).collect();
        let ran = countersign(folder, &args);
        assert_eq!(ran.code, Some(0), "{made}: {ran:?}");
    }
    assert!(folder.join("drafted/draft.signed.json").is_file());
}

const CAROL: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

const JSON: [&str; 4] = ["--now", NOW, "--format", "json"];

#[test]
fn verify_and_checksums() {
    judge_all(&VERIFYING, &JSON);
}

#[test]
fn blobs() {
    judge_all(&BLOBS, &JSON);
}

#[test]
fn sign() {
    judge_all(&SIGNING, &JSON);
}

#[test]
fn keys() {
    judge_all(&KEYS, &JSON);
}

#[test]
fn trust() {
    judge_all(&TRUST, &JSON);
}

/// A key of another algorithm, and another key's private half, are keys; their signature it is not.
#[test]
fn keys_of_the_wrong_kind_verify_nothing() {
    let stage = stage();
    let path = stage.path().join("alice.pub");
    for (bad, says) in [(Bad::OtherKey, "Ed25519 and P-256"), (Bad::OtherHalf, "passphrase")] {
        let kept = bad.put(stage.path(), &path);
        let args: Vec<&str> = VERIFY_BLOB.split(' ').collect();
        let ran = countersign(stage.path(), &args);
        assert!(matches!(ran.code, Some(1 | 3)), "{bad:?}: {ran:?}");
        assert!(ran.said().contains(says), "{bad:?}: {ran:?}");
        kept.restore(&path);
    }
}

/// `inspect` judges nothing: it tells what a file seems to be, whatever it is, and passes nothing
/// off as verified.
#[test]
fn inspect_looks_at_anything() {
    let stage = stage();
    for bad in DOCUMENT.into_iter().chain(PACKET).filter(|bad| *bad != Bad::Unreadable) {
        let path = stage.path().join("dist/lantern-0.3.0.packet.tar.gz");
        let kept = bad.put(stage.path(), &path);
        let before = names_in(stage.path());
        let args = ["inspect", "dist/lantern-0.3.0.packet.tar.gz", "--format", "json"];
        let ran = countersign(stage.path(), &args);
        // JSON that is broken is not passed off as a file of some kind.
        let is_broken = [Bad::Brackets, Bad::KeyTwice].contains(&bad);
        if BYTES.contains(&bad) || is_broken {
            assert_eq!(ran.code, Some(3), "{bad:?}: {ran:?}");
            assert!(ran.stderr.contains("packet.tar.gz") && ran.stdout.is_empty(), "{ran:?}");
        } else {
            assert_eq!(ran.code, Some(0), "{bad:?}: {ran:?}");
            assert!(ran.stdout.contains("\"verified\": false"), "{bad:?}: {ran:?}");
        }
        assert_eq!(names_in(stage.path()), before, "{bad:?}");
        kept.restore(&path);
    }
}

/// `explain` and `rules` read no file: what they do not know is a wrong command line.
#[test]
fn explain_of_no_rule() {
    let stage = stage();
    for code in ["", "CS-TRUST-999", "cs", "../../etc/passwd", "\u{1b}[2J"] {
        let ran = countersign(stage.path(), &["explain", code]);
        assert_eq!(ran.code, Some(2), "{code:?}: {ran:?}");
        assert!(ran.stdout.is_empty() && !ran.stderr.contains('\u{1b}'), "{ran:?}");
    }
}
