//! What holds for every input, tried on many that a fixed seed draws: people are counted and nothing
//! else is, taking something away never helps, what is unrelated changes nothing, what is written is
//! read again, and no bytes make a parser panic.

use std::collections::{BTreeMap, BTreeSet};

use countersign::finding::{ReportDocument, Waivers};
use countersign::json::{self, Limits};
use countersign::packet::{Checksums, ReleaseManifest, archive};
use countersign::provenance::{
    Action, Approval, ForeignStatement, PacketSeal, Predicate, SlsaProvenance, Statement,
    TestResult,
};
use countersign::trust::root::{Key, KeyState, Policy, Role, TrustRootDocument};
use countersign::trust::sigstore::{ManagedKey, TrustedRoot, verify};
use countersign::trust::{
    self, Algorithm, Bundle, Content, Envelope, Outline, PrivateKey, PublicKey, RoleName, Subject,
    TrustRoot, WorkflowIdentity,
};
use countersign::{Digest, Timestamp};
use serde_json::{Value, json};

use crate::instance::{self, By, FILE, Instance, Recipe, base64, paths, unbase64};
use crate::json_tree::Json;
use crate::mutation::members;
use crate::specimen::{self, PACKET, specimen};

/// xorshift64*: the same inputs every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).unwrap() % limit
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const NOW: &str = "2026-06-01T00:00:00Z";
const OWNERS: [&str; 4] = ["alice", "bob", "carol", "dave"];

/// Ten keys of four people, and two of nobody.
struct Crowd {
    keeper: PrivateKey,
    keys: Vec<(&'static str, PrivateKey)>,
    strangers: Vec<PrivateKey>,
}

fn crowd() -> Crowd {
    let key = |index: usize| {
        let algorithm = if index.is_multiple_of(2) { Algorithm::Ed25519 } else { Algorithm::P256 };
        PrivateKey::generate(algorithm).unwrap()
    };
    Crowd {
        keeper: key(0),
        keys: (0..10).map(|index| (OWNERS[index % 4], key(index / 2))).collect(),
        strangers: (0..2).map(key).collect(),
    }
}

impl Crowd {
    /// A trust root whose role of release takes so many people, in which some keys are out of use.
    fn root(&self, threshold: u32, out_of_use: &BTreeSet<usize>, more: bool) -> TrustRoot {
        let from = time("2026-01-01T00:00:00Z");
        let mut keys: BTreeMap<_, _> = self
            .keys
            .iter()
            .enumerate()
            .map(|(index, (owner, key))| {
                let state = if out_of_use.contains(&index) {
                    KeyState::Compromised { from, since: from }
                } else {
                    KeyState::Active { from }
                };
                let public_key = key.public().clone();
                (public_key.id(), Key { public_key, owner: (*owner).to_owned(), state })
            })
            .collect();
        let role = |keys| Role { keys, identities: Vec::new(), threshold: 1 };
        let ids = self.keys.iter().map(|(_, key)| key.public().id()).collect();
        let release = Role { threshold, ..role(ids) };
        let add = |key: &PrivateKey, owner: &str, keys: &mut BTreeMap<_, _>| {
            let (public_key, owner) = (key.public().clone(), owner.to_owned());
            let state = KeyState::Active { from };
            keys.insert(public_key.id(), Key { public_key, owner, state });
        };
        add(&self.keeper, "keeper", &mut keys);
        let keeper = role(vec![self.keeper.public().id()]);
        let mut roles: BTreeMap<_, _> =
            [(RoleName::Root, keeper), (RoleName::Release, release)].into();
        if more {
            // Known, and of another role: as good as unknown.
            let ids = self.strangers.iter().map(|key| key.public().id()).collect();
            self.strangers.iter().for_each(|key| add(key, "erin", &mut keys));
            roles.insert(RoleName::Evidence, role(ids));
        }
        let document = TrustRootDocument {
            schema: TrustRootDocument::SCHEMA.to_owned(),
            version: 1,
            issued_at: from,
            expires_at: time("2027-01-01T00:00:00Z"),
            keys,
            identities: [].into(),
            roles,
            policy: instance::policy("atlas"),
            sigstore: None,
        };
        let bytes = TrustRoot::seal(&document, &[&self.keeper]).unwrap();
        TrustRoot::open(&bytes, time(NOW)).unwrap()
    }
}

const MESSAGE: &[u8] = b"what is signed";

/// The owners who are counted, or nothing when they are too few.
fn counted(bundles: &[Bundle], root: &TrustRoot) -> Option<BTreeSet<String>> {
    trust::open_message(MESSAGE, bundles, RoleName::Release, root, time(NOW))
        .ok()
        .map(|verified| verified.signers().iter().map(|signer| signer.owner.clone()).collect())
}

/// The same bundle in another text: other hints, other white space.
fn reworded(bundle: &Bundle, random: &mut Random) -> Bundle {
    let mut value: Value = serde_json::from_slice(&bundle.to_bytes()).unwrap();
    if random.one_in(2) {
        let hints = ["", "somebody else", "31be2cb7fa384d67b64890bdf80c86c5"];
        value["verificationMaterial"]["publicKey"]["hint"] = json!(hints[random.below(3)]);
    }
    let text = match random.below(3) {
        0 => value.to_string(),
        1 => serde_json::to_string_pretty(&value).unwrap(),
        _ => format!("\n{value}\t"),
    };
    Bundle::parse(text.as_bytes()).unwrap()
}

#[test]
fn a_threshold_counts_distinct_people_and_nothing_else() {
    let crowd = crowd();
    let mut random = Random(0x7357_1e57_0001);
    let by_stranger: Vec<Bundle> =
        crowd.strangers.iter().map(|key| Bundle::sign_message(MESSAGE, key).unwrap()).collect();
    let by_key: Vec<Bundle> =
        crowd.keys.iter().map(|(_, key)| Bundle::sign_message(MESSAGE, key).unwrap()).collect();
    let mut seen = [0, 0];
    for round in 0..300 {
        let threshold = 1 + random.below(OWNERS.len());
        let out_of_use: BTreeSet<usize> =
            (0..crowd.keys.len()).filter(|_| random.one_in(4)).collect();
        let root = crowd.root(u32::try_from(threshold).unwrap(), &out_of_use, false);
        let mut bundles = Vec::new();
        let mut people = BTreeSet::new();
        for _ in 0..random.below(8) {
            let index = random.below(crowd.keys.len());
            if !out_of_use.contains(&index) {
                people.insert(crowd.keys[index].0.to_owned());
            }
            bundles.push(reworded(&by_key[index], &mut random));
        }
        for _ in 0..random.below(3) {
            bundles.push(by_stranger[random.below(2)].clone());
        }
        random.shuffle(&mut bundles);
        let found = counted(&bundles, &root);
        let expected = (people.len() >= threshold).then_some(people);
        assert_eq!(found, expected, "round {round}");
        seen[usize::from(found.is_some())] += 1;
        // Deleting anything never turns a refusal into a pass, nor adds a person.
        let mut fewer = bundles.clone();
        while !fewer.is_empty() {
            fewer.remove(random.below(fewer.len()));
            let left = counted(&fewer, &root).unwrap_or_default();
            assert!(left.is_subset(&found.clone().unwrap_or_default()), "round {round}");
        }
        // Adding a signature of nobody's, or knowing its key for something else, changes nothing.
        let mut more = bundles.clone();
        more.insert(random.below(more.len() + 1), by_stranger[random.below(2)].clone());
        assert_eq!(counted(&more, &root), found, "round {round}");
        let knowing = crowd.root(u32::try_from(threshold).unwrap(), &out_of_use, true);
        assert_eq!(counted(&more, &knowing), found, "round {round}");
    }
    assert!(seen.iter().all(|count| *count > 30), "{seen:?}");
}

#[test]
fn whoever_asks_is_one_person_less() {
    let crowd = crowd();
    let mut random = Random(0x7357_1e57_0002);
    let payload = b"{}".to_vec();
    for round in 0..100 {
        let threshold = 1 + random.below(OWNERS.len());
        let root = crowd.root(u32::try_from(threshold).unwrap(), &BTreeSet::new(), false);
        let mut people = BTreeSet::new();
        let bundles: Vec<Bundle> = (0..1 + random.below(6))
            .map(|_| {
                let (owner, key) = &crowd.keys[random.below(crowd.keys.len())];
                people.insert(*owner);
                Bundle::sign_payload("text/plain", payload.clone(), key).unwrap()
            })
            .collect();
        let asking: Vec<&str> = OWNERS.into_iter().filter(|_| random.one_in(3)).collect();
        let opened =
            trust::open_for(&bundles, "text/plain", RoleName::Release, &asking, &root, time(NOW));
        let others = people.iter().filter(|owner| !asking.contains(owner)).count();
        assert_eq!(opened.is_ok(), others >= threshold, "round {round}");
    }
}

fn approval() -> Approval {
    Approval {
        action: Action::Rollback,
        environment: "production".to_owned(),
        requester: "dave".to_owned(),
        reason: "0.3.0 loses sessions".to_owned(),
        approved_at: time("2026-11-24T03:00:00Z"),
        expires_at: time("2026-11-24T09:00:00Z"),
    }
}

/// A document's bytes, and how it is read and written again.
struct Document {
    name: &'static str,
    bytes: Vec<u8>,
    again: fn(&[u8]) -> Option<Vec<u8>>,
}

fn statement<P: Predicate + Clone>(bytes: &[u8]) -> Option<Vec<u8>> {
    Statement::<P>::parse(bytes).ok().map(|statement| statement.to_bytes())
}

fn typed<T: serde::Serialize + serde::de::DeserializeOwned>(bytes: &[u8]) -> Option<Vec<u8>> {
    json::parse::<T>(bytes, Limits::DOCUMENT).ok().map(|value| json::to_bytes(&value))
}

fn payload(bundle: &[u8]) -> Vec<u8> {
    let bundle = Bundle::parse(bundle).unwrap();
    let Content::Envelope(envelope) = bundle.content() else { unreachable!() };
    envelope.unverified_payload().to_vec()
}

fn documents() -> Vec<Document> {
    let (files, members) = (&specimen().files, members());
    let file = |name: &str| files[name].clone();
    let seal = file(&format!("{PACKET}.sigstore.json"));
    let provenance = file("lantern-0.3.0.provenance.sigstore.json");
    let envelope: Value = serde_json::from_slice(&specimen().trust).unwrap();
    let trust_root = unbase64(envelope["payload"].as_str().unwrap());
    let policy = TrustRootDocument::parse(&trust_root).unwrap().policy;
    let manifest = members[ReleaseManifest::MEMBER].clone();
    let pair = (Digest::of(b"from"), Digest::of(b"to"));
    let bundle: fn(&[u8]) -> Option<Vec<u8>> =
        |bytes| Bundle::parse(bytes).ok().map(|bundle| bundle.to_bytes());
    let workflow = json!({
        "host": "github.com", "owner": "acme", "repository": "app",
        "workflow": ".github/workflows/release.yml", "reference": "refs/tags/v*",
        "source_ref": "refs/tags/v1",
    });
    let of = |name, bytes, again| Document { name, bytes, again };
    vec![
        of("seal's bundle", seal.clone(), bundle),
        of("checksums' bundle", file("checksums.txt.sigstore.json"), bundle),
        of("trust root", specimen().trust.clone(), |bytes| {
            Envelope::parse(bytes).ok().map(|envelope| envelope.to_bytes())
        }),
        of("trust root's document", trust_root, |bytes| {
            TrustRootDocument::parse(bytes).ok().map(|document| json::to_bytes(&document))
        }),
        of("policy", json::to_bytes(&policy), typed::<Policy>),
        of("workflow", workflow.to_string().into_bytes(), typed::<WorkflowIdentity>),
        of("manifest", manifest, |bytes| {
            ReleaseManifest::parse(bytes).ok().map(|manifest| manifest.to_bytes())
        }),
        of("checksums", file("checksums.txt"), |bytes| {
            Checksums::parse(bytes).ok().map(|list| list.to_bytes())
        }),
        of("report", file("report.json"), typed::<ReportDocument>),
        of("seal", payload(&seal), statement::<PacketSeal>),
        of("provenance", payload(&provenance), statement::<SlsaProvenance>),
        of("approval", approval().over(pair.0, pair.1).to_bytes(), statement::<Approval>),
        of(
            "test result",
            members["evidence/k8s/test-result.json"].clone(),
            statement::<TestResult>,
        ),
        of("public key", keys()[0].clone(), |bytes| {
            PublicKey::from_pem(bytes).ok().map(|key| key.to_pem().into_bytes())
        }),
        of("other public key", keys()[1].clone(), |bytes| {
            PublicKey::from_pem(bytes).ok().map(|key| key.to_pem().into_bytes())
        }),
    ]
}

fn keys() -> [Vec<u8>; 2] {
    specimen().keys.each_ref().map(|pem| specimen::private_key(pem).public().to_pem().into_bytes())
}

#[test]
fn what_is_written_is_read_again_as_the_same() {
    for Document { name, bytes, again } in documents() {
        let written = again(&bytes).unwrap_or_else(|| panic!("the {name} is not read"));
        assert_eq!(again(&written).as_ref(), Some(&written), "{name}");
        let mut read = 0;
        let mut check = |changed: &[u8]| {
            let Some(written) = again(changed) else { return };
            read += 1;
            assert_eq!(again(&written), Some(written.clone()), "{name}: {changed:?}");
        };
        if serde_json::from_slice::<Value>(&bytes).is_ok() {
            Json::parse(&bytes).for_each_change(&mut |_, _, tree| check(&tree.to_bytes()));
        }
        let mut random = Random(0x7357_1e57_0003);
        (0..100).for_each(|_| check(&mutated(&bytes, &mut random)));
        println!("{name}: {read} variants were read");
    }
}

/// Something that was cut, flipped, doubled, filled or mixed with itself.
fn mutated(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + random.below(3) {
        if bytes.is_empty() {
            return bytes;
        }
        let at = random.below(bytes.len());
        let length = 1 + random.below(bytes.len() - at).min(40);
        match random.below(8) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'{', b'\\'][random.below(8)],
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..at + length)),
            4 => {
                let part = bytes[at..at + length].to_vec();
                let to = random.below(bytes.len());
                drop(bytes.splice(to..to, part));
            }
            5 => bytes[at..at + length].fill(0xff),
            6 => bytes.insert(at, b"0-9.eE[]{},:\"\n\0"[random.below(15)]),
            _ => bytes[at] = bytes[at].wrapping_add(1),
        }
    }
    bytes
}

#[test]
fn no_bytes_make_a_parser_panic() {
    let packet = specimen().files[PACKET].clone();
    let trusted = Instance::new().trusted_root().to_string().into_bytes();
    let mut inputs: Vec<(&str, Vec<u8>)> =
        documents().into_iter().map(|one| (one.name, one.bytes)).collect();
    inputs.push(("packet", packet));
    inputs.push(("trusted root", trusted));
    inputs.push(("private key", specimen().keys[0].clone().into_bytes()));
    let now = specimen::now();
    let limits = archive::Limits { packed_bytes: 1 << 24, unpacked_bytes: 1 << 26, members: 1000 };
    for (name, bytes) in inputs {
        let mut random = Random(0x7357_1e57_0004);
        for _ in 0..150 {
            let input = mutated(&bytes, &mut random);
            let input = input.as_slice();
            drop(TrustRoot::open(input, now));
            drop(TrustRoot::open_as_of(&specimen().trust, &[input.to_vec()], now));
            drop(TrustRootDocument::parse(input));
            drop(Envelope::parse(input));
            drop(Bundle::parse(input));
            drop(Outline::parse(input));
            drop(TrustedRoot::parse(input));
            drop(ManagedKey::from_pem(input));
            drop(PublicKey::from_pem(input));
            drop(PrivateKey::from_pem(input, || Err(trust::KeyError::NoPassphrase)));
            drop(ReleaseManifest::parse(input));
            drop(Checksums::parse(input));
            drop(Statement::<PacketSeal>::parse(input));
            drop(Statement::<SlsaProvenance>::parse(input));
            drop(Statement::<TestResult>::parse(input));
            drop(Statement::<Approval>::parse(input));
            let payload_type = countersign::provenance::PAYLOAD_TYPE.to_owned();
            let payload = trust::Payload { payload_type, bytes: input.to_vec() };
            drop(ForeignStatement::read(&payload));
            drop(json::parse::<Policy>(input, Limits::DOCUMENT));
            drop(json::parse::<ReportDocument>(input, Limits::DOCUMENT));
            drop(Waivers::parse(input, |_| None));
            if name == "packet" {
                let mut sink = Vec::new();
                drop(archive::unpack(input, limits, |_, _, member| {
                    sink.clear();
                    member.read_to_end(&mut sink).map(drop)
                }));
            }
        }
    }
}

/// The binary parts of a bundle: what is inside the text that a reader of JSON sees.
const INSIDE: [&str; 9] = [
    "/verificationMaterial/certificate/rawBytes",
    "/verificationMaterial/x509CertificateChain/certificates/0/rawBytes",
    "/verificationMaterial/tlogEntries/0/canonicalizedBody",
    "/verificationMaterial/tlogEntries/0/inclusionPromise/signedEntryTimestamp",
    "/verificationMaterial/tlogEntries/0/inclusionProof/rootHash",
    "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp",
    "/messageSignature/signature",
    "/dsseEnvelope/payload",
    "/dsseEnvelope/signatures/0/sig",
];

#[test]
fn no_bytes_inside_a_bundle_make_a_verifier_panic() {
    let instance = Instance::new();
    let root = instance.trusted_root();
    let trusted = TrustedRoot::parse(root.to_string().as_bytes()).unwrap();
    let now = time(instance::NOW);
    let mut random = Random(0x7357_1e57_0005);
    let mut tried = 0;
    for path in paths() {
        let identity = instance.identity(path.by);
        let whole = instance.bake(&Recipe::of(path));
        let proven = |bundle: &Value| {
            let bundle = bundle.to_string();
            let judged = verify(bundle.as_bytes(), Subject::Bytes(FILE), &identity, &trusted, now);
            judged.map(|it| {
                it.value().times().iter().map(|time| (time.at, time.by.clone())).collect::<Vec<_>>()
            })
        };
        let honest = proven(&whole).ok();
        for place in INSIDE {
            let Some(text) = whole.pointer(place).and_then(Value::as_str) else { continue };
            let inside = unbase64(text);
            for _ in 0..12 {
                let changed = mutated(&inside, &mut random);
                if changed == inside {
                    continue;
                }
                let mut bundle = whole.clone();
                *bundle.pointer_mut(place).unwrap() = json!(base64(&changed));
                let judged = proven(&bundle).ok();
                tried += 1;
                // Log version 2 states the root in its checkpoint; the copy beside it is nobody's. The
                // list of digest algorithms at a token's head is no part of what is signed either
                // (RFC 5652, section 5.1): then the time is what it was.
                let is_idle = place.ends_with("rootHash")
                    || place.ends_with("signedTimestamp") && judged == honest;
                assert!(judged.is_none() || is_idle, "{path:?} {place}: {changed:02x?}");
            }
        }
    }
    assert!(tried > 800, "{tried}");
    // The same inside a trusted root: a reader must survive what somebody was sent as one.
    let place = "/certificateAuthorities/0/certChain/certificates/0/rawBytes";
    let stamp = "/timestampAuthorities/0/certChain/certificates/0/rawBytes";
    for place in [place, stamp, "/tlogs/0/publicKey/rawBytes", "/ctlogs/0/publicKey/rawBytes"] {
        let inside = unbase64(root.pointer(place).unwrap().as_str().unwrap());
        for _ in 0..60 {
            let mut changed = root.clone();
            *changed.pointer_mut(place).unwrap() = json!(base64(&mutated(&inside, &mut random)));
            let Ok(trusted) = TrustedRoot::parse(changed.to_string().as_bytes()) else { continue };
            let path = paths().into_iter().find(|path| path.by == By::Certificate && path.stamped);
            let bundle = instance.bake(&Recipe::of(path.unwrap())).to_string();
            let identity = instance.identity(By::Certificate);
            drop(verify(bundle.as_bytes(), Subject::Bytes(FILE), &identity, &trusted, now));
        }
    }
}
