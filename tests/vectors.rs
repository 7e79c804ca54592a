//! Published vectors: other people's signatures, answered as their authors say.

use std::fs;
use std::path::Path;

use countersign::trust::{Algorithm, Bundle, PublicKey, Subject, open_with_key};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vectors {
    number_of_tests: usize,
    test_groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    public_key_der: String,
    tests: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    tc_id: u32,
    comment: String,
    flags: Vec<String>,
    msg: String,
    sig: String,
    result: Answer,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Valid,
    Invalid,
    Acceptable,
}

fn wycheproof(file: &str) -> Vectors {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/wycheproof");
    let vectors: Vectors = serde_json::from_slice(&fs::read(folder.join(file)).unwrap()).unwrap();
    let count: usize = vectors.test_groups.iter().map(|group| group.tests.len()).sum();
    assert_eq!(count, vectors.number_of_tests, "{file} is whole");
    vectors
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// Asks our verifier about every vector and returns how many were valid and how many not.
///
/// There is no list of exceptions: none of the vectors is "acceptable", and no key in them is one
/// that our strict reading refuses.
fn answered_as_published(file: &str, algorithm: Algorithm) -> (usize, usize) {
    let (mut valid, mut invalid) = (0, 0);
    let mut wrong = Vec::new();
    for group in wycheproof(file).test_groups {
        let key = PublicKey::from_der(&bytes(&group.public_key_der)).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        for vector in group.tests {
            let holds = key.verifies(&bytes(&vector.msg), &bytes(&vector.sig));
            match vector.result {
                Answer::Valid => valid += 1,
                Answer::Invalid => invalid += 1,
                Answer::Acceptable => panic!("{file} {} needs a policy", vector.tc_id),
            }
            if holds != (vector.result == Answer::Valid) {
                let Vector { tc_id, comment, flags, result, .. } = vector;
                wrong.push(format!("{tc_id} {comment} {flags:?}: {holds}, expected {result:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{file}:\n{}", wrong.join("\n"));
    (valid, invalid)
}

#[test]
fn ed25519_is_answered_as_published() {
    assert_eq!(answered_as_published("ed25519_test.json", Algorithm::Ed25519), (88, 63));
}

#[test]
fn p256_is_answered_as_published() {
    let file = "ecdsa_secp256r1_sha256_test.json";
    assert_eq!(answered_as_published(file, Algorithm::P256), (174, 310));
}

/// r and s side by side are one more spelling of a signature; a signature has one spelling here.
#[test]
fn p256_signatures_that_are_not_der_are_refused() {
    for group in wycheproof("ecdsa_secp256r1_sha256_p1363_test.json").test_groups {
        let key = PublicKey::from_der(&bytes(&group.public_key_der)).unwrap();
        for vector in group.tests {
            let holds = key.verifies(&bytes(&vector.msg), &bytes(&vector.sig));
            assert!(!holds, "{} {}", vector.tc_id, vector.comment);
        }
    }
}

/// The same r and s, valid as published, hold once they are written in DER.
#[test]
fn p256_signatures_hold_when_they_are_rewritten_in_der() {
    for group in wycheproof("ecdsa_secp256r1_sha256_p1363_test.json").test_groups {
        let key = PublicKey::from_der(&bytes(&group.public_key_der)).unwrap();
        for vector in group.tests.iter().filter(|vector| vector.result == Answer::Valid) {
            let holds = key.verifies(&bytes(&vector.msg), &der(&bytes(&vector.sig)));
            assert!(holds, "{} {}", vector.tc_id, vector.comment);
        }
    }
}

/// DSSE protocol.md, "Test Vectors": the one envelope that the standard publishes.
///
/// Its signature is r and s side by side, which its own text calls an agreement out of band; ours
/// is DER, so the vector holds rewritten and is refused as it stands.
#[test]
fn the_envelope_of_the_dsse_standard_opens() {
    let point = "0467cd390f77aa359cb08c2235f652270493a9ed832b0abcc01f70954c0390d238\
                 0c782bd54e269125a44f4433aff1432ce94e12bca73aa67ac80cea12608ddf74";
    let spki = format!("3059301306072a8648ce3d020106082a8648ce3d030107034200{point}");
    let key = PublicKey::from_der(&bytes(&spki)).unwrap();
    let raw =
        "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==";
    let rewritten = "MEQCIANyarEBrVbCdjtsaqyOSHJ14qeRk6CdxfhZ2fjvPEo7AiBR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==";
    let open = |payload: &str, signature: &str| {
        let text = format!(
            r#"{{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                "verificationMaterial": {{"publicKey": {{"hint": ""}}}},
                "dsseEnvelope": {{"payload": "{payload}",
                    "payloadType": "http://example.com/HelloWorld",
                    "signatures": [{{"sig": "{signature}"}}]}}}}"#
        );
        let bundle = Bundle::parse(text.as_bytes()).unwrap();
        open_with_key(&bundle, Subject::Bytes(b""), &key)
    };
    let opened = open("aGVsbG8gd29ybGQ=", rewritten).unwrap();
    let payload = opened.value().as_ref().unwrap();
    assert_eq!(payload.bytes, b"hello world");
    assert_eq!(payload.payload_type, "http://example.com/HelloWorld");
    assert!(open("aGVsbG8gd29ybGQ=", raw).is_err());
    assert!(open("aGVsbG8gV29ybGQ=", rewritten).is_err());
}

/// Rewrites r and s, side by side, as the DER of two integers.
fn der(raw: &[u8]) -> Vec<u8> {
    let (r, s) = raw.split_at(raw.len() / 2);
    let integers: Vec<u8> = [r, s].into_iter().flat_map(integer).collect();
    [vec![0x30, u8::try_from(integers.len()).unwrap()], integers].concat()
}

fn integer(number: &[u8]) -> Vec<u8> {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let mut digits = number[start..].to_vec();
    if digits.first().is_none_or(|byte| *byte >= 0x80) {
        digits.insert(0, 0);
    }
    [vec![2, u8::try_from(digits.len()).unwrap()], digits].concat()
}
