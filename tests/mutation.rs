//! A signed release, changed in every way that its parts allow, one change at a time: each change
//! is refused, but for the few that carry no meaning and are named in [`HARMLESS`].
//!
//! A plain run tries one in so many of the changes that come in thousands, always the same ones. With
//! `COUNTERSIGN_MUTATIONS=all` in the environment it tries them all, for which a release build is advised:
//!
//! ```text
//! COUNTERSIGN_MUTATIONS=all cargo test --release --test main -- mutation
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign::packet::ReleaseManifest;
use countersign::trust::{Algorithm, PrivateKey, TrustRoot};
use countersign::{Digest, Verdict};

use crate::forgery::{self, Members};
use crate::json_tree::Json;
use crate::specimen::{self, Files, PACKET, PROGRAM, Specimen, VERSION, specimen};

/// Changes after which a release still passes: what was done, to which file and where in it (`*` is
/// any text), and why nothing follows from it.
const HARMLESS: [(&str, &str, &str); 9] = [
    // White space around a JSON value is no part of it (RFC 8259, section 2), and no signature is
    // over the bundle's own bytes. Another client may write the same bundle without our newline.
    ("append newline", "*.sigstore.json", WHITE_SPACE),
    ("append space", "*.sigstore.json", WHITE_SPACE),
    ("prepend newline", "*.sigstore.json", WHITE_SPACE),
    ("drop last byte", "*.sigstore.json*", WHITE_SPACE),
    // One person who signs twice is one person.
    ("write file twice", "*.sigstore.jsonl", "a signature that stands twice counts once"),
    // DSSE, "Parameters": the key id is an unauthenticated hint. Every key of the role is tried
    // whatever the hint says; one that contradicts the bundle's own is refused.
    ("drop field", "*/signatures/0/keyid", HINT),
    ("* of hint", "checksums.txt.sigstore.json*", HINT),
    ("*", "checksums.txt.sigstore.json*#/verificationMaterial/publicKey/hint", HINT),
    ("other value", "checksums.txt.sigstore.json*#/verificationMaterial/publicKey", HINT),
];

const WHITE_SPACE: &str = "white space around a JSON value is no part of it";
const HINT: &str = "a key hint is not authenticated and decides nothing";

/// Of a file at most so many bits are changed when all are asked for.
const BITS_OF_A_FILE: usize = 8_000;
/// And of a member of the packet.
const BITS_OF_A_MEMBER: usize = 300;
/// A plain run tries one in so many of them,
const BITS_ONE_IN: usize = 60;
/// and one in so many changes of the report's and the packet's fields.
const FIELDS_ONE_IN: usize = 20;

/// One change to the directory.
struct Mutation {
    class: String,
    place: String,
    make: Make,
}

/// Gives the files that differ; nothing for one that is gone.
type Plain = Vec<(String, Vec<u8>)>;
type Make = Box<dyn Fn() -> Vec<(String, Option<Vec<u8>>)> + Send + Sync>;

impl Mutation {
    fn new(
        class: impl Into<String>,
        place: impl Into<String>,
        make: impl Fn() -> Vec<(String, Option<Vec<u8>>)> + Send + Sync + 'static,
    ) -> Self {
        Self { class: class.into(), place: place.into(), make: Box::new(make) }
    }

    fn set(class: impl Into<String>, place: impl Into<String>, file: &str, bytes: Vec<u8>) -> Self {
        let file = file.to_owned();
        Self::new(class, place, move || vec![(file.clone(), Some(bytes.clone()))])
    }

    /// One bit of one of the specimen's files turned over.
    fn flip(class: &str, name: &str, bit: usize) -> Self {
        let file = name.to_owned();
        Self::new(class, format!("{name} bit {bit}"), move || {
            vec![(file.clone(), Some(flip(&specimen().files[&file], bit)))]
        })
    }
}

/// Which of the changes that come in thousands are tried.
struct Sample {
    one_in: usize,
    seen: usize,
}

impl Sample {
    /// One in so many, or all when the environment asks for them.
    fn new(one_in: usize) -> Self {
        let all = std::env::var_os("COUNTERSIGN_MUTATIONS").is_some_and(|value| value == "all");
        Self { one_in: if all { 1 } else { one_in }, seen: 0 }
    }

    /// Whether the change that comes now is one of them.
    fn takes(&mut self) -> bool {
        self.seen += 1;
        self.seen.is_multiple_of(self.one_in)
    }
}

/// What came of a mutation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Refused,
    Undecided,
    Unusable,
    Passed,
    /// The change changed nothing: not counted.
    Same,
}

/// Applies every mutation to a directory of its own thread and judges it.
fn judge_all(mutations: &[Mutation]) -> Vec<Outcome> {
    let specimen = specimen();
    let outcomes = Mutex::new(vec![Outcome::Same; mutations.len()]);
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let folder = tempfile::tempdir().unwrap();
                let dist = folder.path().join("dist");
                let trust = folder.path().join("trust-root.json");
                specimen::write(&dist, &specimen.files);
                fs::write(&trust, &specimen.trust).unwrap();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(mutation) = mutations.get(index) else { break };
                    let outcome = judge_one(&(mutation.make)(), &dist, &trust);
                    outcomes.lock().unwrap()[index] = outcome;
                }
            });
        }
    });
    outcomes.into_inner().unwrap()
}

fn judge_one(changes: &[(String, Option<Vec<u8>>)], dist: &Path, trust: &Path) -> Outcome {
    let originals = &specimen().files;
    if changes.iter().all(|(file, bytes)| originals.get(file) == bytes.as_ref()) {
        return Outcome::Same;
    }
    for (file, bytes) in changes {
        match bytes {
            Some(bytes) => fs::write(dist.join(file), bytes).unwrap(),
            None => fs::remove_file(dist.join(file)).unwrap(),
        }
    }
    let outcome = match specimen::judge(dist, trust).map(|report| report.verdict()) {
        Ok(Verdict::Refused | Verdict::Blocked) => Outcome::Refused,
        Ok(Verdict::Undecided | Verdict::Unknown) => Outcome::Undecided,
        Ok(Verdict::Pass | Verdict::Ready) => Outcome::Passed,
        Err(_) => Outcome::Unusable,
    };
    for (file, _) in changes {
        match originals.get(file) {
            Some(bytes) => fs::write(dist.join(file), bytes).unwrap(),
            None => fs::remove_file(dist.join(file)).unwrap(),
        }
    }
    outcome
}

/// Judges mutations and holds them against the table: refused, or named there.
fn all_refused(what: &str, mutations: &[Mutation]) {
    let outcomes = judge_all(mutations);
    assert!(HARMLESS.iter().all(|(.., reason)| !reason.is_empty()));
    let mut counts: BTreeMap<Outcome, usize> = BTreeMap::new();
    let mut wrong = BTreeSet::new();
    for (mutation, outcome) in mutations.iter().zip(outcomes) {
        *counts.entry(outcome).or_default() += 1;
        let harmless = HARMLESS.iter().any(|(class, place, _)| {
            matches(class, &mutation.class) && matches(place, &mutation.place)
        });
        let expected = match outcome {
            Outcome::Refused | Outcome::Same => true,
            Outcome::Passed => harmless,
            Outcome::Undecided | Outcome::Unusable => false,
        };
        if !expected {
            wrong.insert(format!("{outcome:?}: {} at {}", mutation.class, mutation.place));
        }
    }
    let count = |outcome| counts.get(&outcome).copied().unwrap_or_default();
    println!(
        "{what}: {} mutations, {} refused, {} harmless",
        mutations.len() - count(Outcome::Same),
        count(Outcome::Refused),
        count(Outcome::Passed)
    );
    let shown: Vec<&str> = wrong.iter().take(60).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} were not refused:\n{}", wrong.len(), shown.join("\n"));
}

/// Whether a text has the form of a pattern in which `*` is any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// xorshift64: the same places every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

fn flip(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

/// Bits of a file: all of them, or one of each of so many parts, drawn the same way every time.
fn bits(bytes: &[u8], most: usize, seed: u64) -> Vec<usize> {
    let all = bytes.len() * 8;
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ seed);
    if all <= most {
        return (0..all).collect();
    }
    let draw = |part| {
        let (start, end) = (part * all / most, (part + 1) * all / most);
        start + random.below(end - start)
    };
    (0..most).map(draw).collect()
}

/// The signed documents of the directory: bundles, and lines of bundles.
fn sidecars(files: &Files) -> impl Iterator<Item = (&String, &Vec<u8>)> {
    files.iter().filter(|(name, _)| name.contains(".sigstore.json"))
}

fn is_lines(name: &str) -> bool {
    name.ends_with(".jsonl")
}

/// Writes a tree back as the file that it was read from.
fn as_file(name: &str, tree: &Json) -> Vec<u8> {
    if is_lines(name) { tree.to_line() } else { tree.to_bytes() }
}

#[test]
fn the_specimen_passes() {
    let folder = tempfile::tempdir().unwrap();
    let (dist, trust) = (folder.path().join("dist"), folder.path().join("trust-root.json"));
    specimen::write(&dist, &specimen().files);
    fs::write(&trust, &specimen().trust).unwrap();
    assert_eq!(specimen::judge(&dist, &trust).unwrap().verdict(), Verdict::Pass);
}

#[test]
fn every_file_of_the_directory() {
    let files = &specimen().files;
    let mut mutations = Vec::new();
    for (name, bytes) in files {
        let half = bytes[..bytes.len() / 2].to_vec();
        let short = bytes[..bytes.len() - 1].to_vec();
        let newline = [bytes.as_slice(), b"\n"].concat();
        let twice = [bytes.as_slice(), bytes].concat();
        for (class, changed) in [
            ("halve file", half),
            ("drop last byte", short),
            ("empty file", Vec::new()),
            ("append newline", newline),
            ("append space", [bytes.as_slice(), b" "].concat()),
            ("append NUL", [bytes.as_slice(), b"\0"].concat()),
            ("write file twice", twice),
            ("prepend newline", [b"\n", bytes.as_slice()].concat()),
        ] {
            mutations.push(Mutation::set(class, name, name, changed));
        }
        let file = name.clone();
        mutations.push(Mutation::new("delete file", name, move || vec![(file.clone(), None)]));
        for other in [
            format!("{name}.bak"),
            format!("copy-{name}"),
            format!(".{name}"),
            name.to_uppercase(),
            name.replace(VERSION, "0.3.1"),
            name.replace("lantern", "other"),
            name.replace(".json", ".jsonl"),
            name.replace(".jsonl", ".json"),
            name.replace(".packet", ""),
        ] {
            if other == *name || files.contains_key(&other) {
                continue;
            }
            let (file, renamed, kept) = (name.clone(), other.clone(), bytes.clone());
            mutations.push(Mutation::new("rename file", format!("{name} to {other}"), move || {
                vec![(file.clone(), None), (renamed.clone(), Some(kept.clone()))]
            }));
            let place = format!("{name} as {other}");
            mutations.push(Mutation::set("copy file", place, &other, bytes.clone()));
        }
    }
    all_refused("files", &mutations);
}

#[test]
fn every_bit_that_was_drawn() {
    let mut mutations = Vec::new();
    for (seed, (name, bytes)) in specimen().files.iter().enumerate() {
        let mut sample = Sample::new(BITS_ONE_IN);
        for bit in bits(bytes, BITS_OF_A_FILE, seed as u64) {
            if sample.takes() {
                let class = if is_hint(bytes, bit) { "flip bit of hint" } else { "flip bit" };
                mutations.push(Mutation::flip(class, name, bit));
            }
        }
    }
    all_refused("bits", &mutations);
}

/// Whether a bit lies in the value of a bundle's key hint.
fn is_hint(bytes: &[u8], bit: usize) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some(at) = text.find("\"hint\": \"") else { return false };
    (at + 9..at + 9 + 64).contains(&(bit / 8))
}

#[test]
fn every_field_of_every_sidecar() {
    let mut mutations = Vec::new();
    let mut sample = Sample::new(2);
    for (name, bytes) in sidecars(&specimen().files) {
        let tree = Json::parse(bytes);
        assert_eq!(as_file(name, &tree), *bytes, "{name} is written back as it was");
        tree.for_each_change(&mut |class, place, changed| {
            if sample.takes() {
                let place = format!("{name}#{place}");
                mutations.push(Mutation::set(class, place, name, as_file(name, changed)));
            }
        });
        // The statement inside, re-encoded: what an attacker would have it say.
        let Some(payload) = tree.text("/dsseEnvelope/payload") else { continue };
        let statement = STANDARD.decode(payload).unwrap();
        let inner = Json::parse(&statement);
        assert_eq!(inner.to_bytes(), statement, "the statement is written back as it was");
        inner.for_each_change(&mut |class, place, changed| {
            if !sample.takes() {
                return;
            }
            let encoded = Json::Scalar(STANDARD.encode(changed.to_bytes()).into());
            let changed = tree.with("/dsseEnvelope/payload", encoded);
            let place = format!("{name}#payload{place}");
            mutations.push(Mutation::set(class, place, name, as_file(name, &changed)));
        });
    }
    all_refused("fields of sidecars", &mutations);
}

#[test]
fn every_field_of_the_report() {
    let mut mutations = Vec::new();
    let bytes = &specimen().files["report.json"];
    let tree = Json::parse(bytes);
    assert_eq!(tree.to_bytes(), *bytes);
    let mut sample = Sample::new(FIELDS_ONE_IN);
    tree.for_each_change(&mut |class, place, changed| {
        if sample.takes() {
            let place = format!("report.json#{place}");
            mutations.push(Mutation::set(class, place, "report.json", changed.to_bytes()));
        }
    });
    all_refused("fields of the report", &mutations);
}

/// The packet's members, taken apart once.
pub(crate) fn members() -> &'static Members {
    static MEMBERS: OnceLock<Members> = OnceLock::new();
    MEMBERS.get_or_init(|| forgery::members_of(&specimen().files[PACKET]))
}

/// Every change of every JSON document in the packet. Canonical all the same: only the lists in
/// and beside the packet contradict it, and the signatures.
fn changes_in_the_packet() -> Vec<Mutation> {
    let mut mutations = Vec::new();
    let mut sample = Sample::new(FIELDS_ONE_IN);
    for (name, bytes) in members().iter().filter(|(name, _)| name.ends_with(".json")) {
        Json::parse(bytes).for_each_change(&mut |class, place, changed| {
            if !sample.takes() {
                return;
            }
            let place = format!("{PACKET}/{name}#{place}");
            let (name, bytes) = (name.clone(), changed.to_bytes());
            mutations.push(Mutation::new(class, place, move || {
                let mut members = members().clone();
                members.insert(name.clone(), bytes.clone());
                vec![(PACKET.to_owned(), Some(forgery::pack_canonically(&members)))]
            }));
        });
    }
    mutations
}

#[test]
fn every_field_of_every_document_in_the_packet() {
    all_refused("fields in the packet", &changes_in_the_packet());
}

#[test]
fn every_member_packed_as_it_comes() {
    let plain: Plain = members().clone().into_iter().collect();
    let same = forgery::gzip(&forgery::tar_of(&plain));
    assert_eq!(forgery::members_of(&same), *members(), "the plain writer writes what is read");
    let mut mutations = Vec::new();
    let mut sample = Sample::new(BITS_ONE_IN);
    let mut add = |class: &str, name: &str, members: Plain| {
        let place = format!("{PACKET}/{name}");
        mutations.push(Mutation::new(class, place, move || {
            vec![(PACKET.to_owned(), Some(forgery::gzip(&forgery::tar_of(&members))))]
        }));
    };
    for (index, (name, bytes)) in plain.iter().enumerate() {
        let change = |edit: &dyn Fn(&mut Plain)| {
            let mut members = plain.clone();
            edit(&mut members);
            members
        };
        add("delete member", name, change(&|all| drop(all.remove(index))));
        add("double member", name, change(&|all| all.insert(index, plain[index].clone())));
        let again = (name.clone(), b"{}".to_vec());
        add("double member at the end", name, change(&|all| all.push(again.clone())));
        for other in
            [format!("{name}x"), format!("./{name}"), format!("/{name}"), format!("../{name}")]
        {
            add("rename member", name, change(&|all| all[index].0 = other.clone()));
        }
        if index + 1 < plain.len() {
            add("swap members", name, change(&|all| all.swap(index, index + 1)));
            let exchange = |all: &mut Vec<(String, Vec<u8>)>| {
                let other = all[index + 1].1.clone();
                all[index + 1].1 = std::mem::replace(&mut all[index].1, other);
            };
            add("exchange contents", name, change(&exchange));
        }
        for bit in bits(bytes, BITS_OF_A_MEMBER, index as u64) {
            if sample.takes() {
                let class = format!("flip bit {bit}");
                add(&class, name, change(&|all| all[index].1 = flip(bytes, bit)));
            }
        }
        add("empty member", name, change(&|all| all[index].1 = Vec::new()));
        add("append to member", name, change(&|all| all[index].1.push(b'\n')));
    }
    add("repack", "", plain.clone());
    all_refused("members", &mutations);
}

/// Who signs what was rebuilt.
#[derive(Clone, Copy, Debug)]
enum Forger {
    /// Nobody: the signatures of the real release lie beside it.
    KeepsSignatures,
    /// Two strangers.
    Strangers,
    /// Alice, whose key is Ed25519, and a stranger.
    AliceAndStranger,
    /// Bob, whose key is P-256, and a stranger.
    BobAndStranger,
}

/// Everything that can be rebuilt is: the manifest, both lists, the report, the statements. What
/// is left to refuse it is the signatures alone.
fn forge(members: Members, edit: &dyn Fn(&mut ReleaseManifest), forger: Forger) -> Files {
    let specimen = specimen();
    let mut manifest = forgery::manifest_of(members_of_specimen(&members));
    edit(&mut manifest);
    let mut files = forgery::rebuild(&specimen.artifacts, members, manifest);
    let stranger = |algorithm| PrivateKey::generate(algorithm).unwrap().to_pem().to_string();
    let keys = match forger {
        Forger::KeepsSignatures => {
            files.extend(
                sidecars(&specimen.files).map(|(name, bytes)| (name.clone(), bytes.clone())),
            );
            return files;
        }
        Forger::Strangers => [stranger(Algorithm::Ed25519), stranger(Algorithm::P256)],
        Forger::AliceAndStranger => [specimen.keys[0].clone(), stranger(Algorithm::P256)],
        Forger::BobAndStranger => [specimen.keys[1].clone(), stranger(Algorithm::P256)],
    };
    signed(&files, &[&keys[0], &keys[1]])
}

/// A member set always holds the manifest; one that lost it takes the specimen's.
fn members_of_specimen(changed: &Members) -> &Members {
    if changed.contains_key(ReleaseManifest::MEMBER) { changed } else { members() }
}

pub(crate) fn signed(files: &Files, keys: &[&str]) -> Files {
    let folder = tempfile::tempdir().unwrap();
    specimen::write(folder.path(), files);
    specimen::sign_with(folder.path(), keys);
    specimen::read(folder.path())
}

/// What turns the specimen's files into others.
fn difference(files: &Files) -> Vec<(String, Option<Vec<u8>>)> {
    let originals = &specimen().files;
    let gone = originals.keys().filter(|name| !files.contains_key(*name));
    let set = files.iter().map(|(name, bytes)| (name.clone(), Some(bytes.clone())));
    set.chain(gone.map(|name| (name.clone(), None))).collect()
}

#[test]
fn everything_rebuilt_but_the_signatures() {
    let mut mutations = Vec::new();
    for forger in [
        Forger::KeepsSignatures,
        Forger::Strangers,
        Forger::AliceAndStranger,
        Forger::BobAndStranger,
    ] {
        for name in members().keys().filter(|name| name.contains('/')) {
            let mut add = |class: &str, edit: fn(&mut Members, &str)| {
                let (owned, class) = (name.clone(), format!("{class}, {forger:?}"));
                mutations.push(Mutation::new(class, format!("{PACKET}/{name}"), move || {
                    let mut members = members().clone();
                    edit(&mut members, &owned);
                    difference(&forge(members, &|_| {}, forger))
                }));
            };
            add("alter member", |members, name| {
                let bytes = members.get_mut(name).unwrap();
                let at = bytes.len() / 2;
                bytes[at] ^= 1;
            });
            if name.starts_with("evidence/") && name != "evidence/report.json" {
                add("delete member", |members, name| drop(members.remove(name)));
            }
        }
        for (class, edit) in MANIFEST_EDITS {
            let place = format!("{PACKET}/{}", ReleaseManifest::MEMBER);
            mutations.push(Mutation::new(format!("{class}, {forger:?}"), place, move || {
                difference(&forge(members().clone(), &edit, forger))
            }));
        }
    }
    all_refused("rebuilt", &mutations);
}

type ManifestEdit = fn(&mut ReleaseManifest);

/// What an attacker would have the manifest say.
const MANIFEST_EDITS: [(&str, ManifestEdit); 8] = [
    ("nothing", |_| {}),
    ("sequence", |manifest| manifest.sequence += 1),
    ("commit", |manifest| manifest.source.commit = "0".repeat(40)),
    ("source", |manifest| manifest.source.uri.push('x')),
    ("builder", |manifest| manifest.build.builder.push('x')),
    ("parameters", |manifest| manifest.build.parameters.clear()),
    ("waivers", |manifest| manifest.waivers.clear()),
    ("compatibility", |manifest| manifest.compatibility.clear()),
];

/// The other side of the table above: the same rebuilding, signed by both people, passes. So it is
/// the signatures that refuse the others, and no clumsiness of this test.
#[test]
fn what_both_people_sign_again_passes() {
    let specimen = specimen();
    let members = members().clone();
    let mut manifest = forgery::manifest_of(&members);
    manifest.sequence += 1;
    let files = forgery::rebuild(&specimen.artifacts, members, manifest);
    let files = signed(&files, &[&specimen.keys[0], &specimen.keys[1]]);
    let folder = tempfile::tempdir().unwrap();
    let (dist, trust) = (folder.path().join("dist"), folder.path().join("trust-root.json"));
    specimen::write(&dist, &files);
    fs::write(&trust, &specimen.trust).unwrap();
    assert_eq!(specimen::judge(&dist, &trust).unwrap().verdict(), Verdict::Pass);
}

/// The next release of the same people: every text and digest of the old one replaced.
pub(crate) fn other_release(specimen: &Specimen) -> Files {
    let mut artifacts = Files::new();
    let mut renamed = Vec::new();
    for (name, bytes) in &specimen.artifacts {
        let other = name.replace(VERSION, "0.3.1");
        let changed = [bytes.as_slice(), b"next\n"].concat();
        renamed.push((Digest::of(bytes).to_string(), Digest::of(&changed).to_string()));
        artifacts.insert(other, changed);
    }
    let adjust = |bytes: &[u8]| {
        let mut text = String::from_utf8(bytes.to_vec()).unwrap().replace(VERSION, "0.3.1");
        for (from, to) in &renamed {
            text = text.replace(from, to);
        }
        text.into_bytes()
    };
    let mut others = Members::new();
    for (name, bytes) in members() {
        let other = name.replace(VERSION, "0.3.1");
        let bytes = if name.starts_with("artifacts/") {
            artifacts[&other["artifacts/".len()..]].clone()
        } else {
            adjust(bytes)
        };
        others.insert(other, bytes);
    }
    // A test result names what its area has derived.
    let derived: Vec<(String, String)> = members()
        .iter()
        .filter_map(|(name, bytes)| {
            let other = others.get(name)?;
            Some((Digest::of(bytes).to_string(), Digest::of(other).to_string()))
        })
        .collect();
    for (_, bytes) in others.iter_mut().filter(|(name, _)| name.ends_with("/test-result.json")) {
        let text = String::from_utf8(bytes.clone()).unwrap();
        let text = derived.iter().fold(text, |text, (from, to)| text.replace(from, to));
        *bytes = text.into_bytes();
    }
    let program = PROGRAM.replace(VERSION, "0.3.1");
    let digest = Digest::of(&artifacts[&program]);
    let soak = specimen::soak(&program, digest, &specimen::private_key(&specimen.keys[0]));
    others.insert("evidence/release/soak.sigstore.json".to_owned(), soak);
    let mut manifest = forgery::manifest_of(&others);
    manifest.sequence = 2;
    let files = forgery::rebuild(&artifacts, others, manifest);
    signed(&files, &[&specimen.keys[0], &specimen.keys[1]])
}

#[test]
fn every_mix_of_two_releases() {
    let specimen = specimen();
    let other: Files = other_release(specimen)
        .into_iter()
        .map(|(name, bytes)| (name.replace("0.3.1", VERSION), bytes))
        .collect();
    let names: Vec<&String> = specimen.files.keys().collect();
    assert_eq!(names, other.keys().collect::<Vec<_>>());
    let take = |name: &String| (name.clone(), Some(other[name].clone()));
    let mut mutations = Vec::new();
    for (index, one) in names.iter().enumerate() {
        let taken = take(one);
        mutations.push(Mutation::new("other release's", one.as_str(), move || vec![taken.clone()]));
        for two in &names[index + 1..] {
            let taken = vec![take(one), take(two)];
            let place = format!("{one} and {two}");
            mutations.push(Mutation::new("other release's", place, move || taken.clone()));
        }
        // All but one: the whole of the other release under this one's names.
        let rest: Vec<_> =
            names.iter().filter(|name| *name != one).map(|name| take(name)).collect();
        mutations.push(Mutation::new("all other but", one.as_str(), move || rest.clone()));
    }
    let all: Vec<_> = names.iter().map(|name| take(name)).collect();
    mutations
        .push(Mutation::new("other release under the names of this one", "", move || all.clone()));
    // Parts of valid bundles put together: each sidecar in each other's place, and its signature.
    let bundles: Vec<(&String, &Vec<u8>)> = sidecars(&specimen.files).collect();
    for (one, _) in &bundles {
        for (two, bytes) in bundles.iter().filter(|(two, _)| two != one) {
            let place = format!("{one} from {two}");
            let tree = Json::parse(bytes);
            let bytes = as_file(one, &tree);
            mutations.push(Mutation::set("other sidecar", place.clone(), one, bytes));
            let own = Json::parse(&specimen.files[*one]);
            for pointer in ["/dsseEnvelope/signatures/0/sig", "/messageSignature/signature"] {
                let from = tree.text("/dsseEnvelope/signatures/0/sig");
                let from = from.or_else(|| tree.text("/messageSignature/signature")).unwrap();
                if own.text(pointer).is_some() {
                    let spliced = own.with(pointer, Json::Scalar(from.into()));
                    let spliced = as_file(one, &spliced);
                    mutations.push(Mutation::set("other signature", place.clone(), one, spliced));
                }
            }
        }
    }
    all_refused("mixes", &mutations);
}

/// The verifier's own trust root, damaged: there is no verdict with it, or a refusal.
#[test]
fn every_field_and_bit_of_the_trust_root() {
    let specimen = specimen();
    let tree = Json::parse(&specimen.trust);
    assert_eq!(tree.to_bytes(), specimen.trust);
    let mut changed: Vec<(String, Vec<u8>)> = Vec::new();
    tree.for_each_change(&mut |class, place, tree| {
        changed.push((format!("{class} at {place}"), tree.to_bytes()));
    });
    let document = STANDARD.decode(tree.text("/payload").unwrap()).unwrap();
    Json::parse(&document).for_each_change(&mut |class, place, document| {
        let encoded = Json::Scalar(STANDARD.encode(document.to_bytes()).into());
        let bytes = tree.with("/payload", encoded).to_bytes();
        changed.push((format!("{class} at payload{place}"), bytes));
    });
    let text = String::from_utf8(specimen.trust.clone()).unwrap();
    let hints: Vec<usize> = text.match_indices("\"keyid\": \"").map(|(at, _)| at + 10).collect();
    let opens = |bytes: &[u8]| TrustRoot::open(bytes, specimen::now()).is_ok();
    let mut accepted: BTreeSet<String> =
        changed.iter().filter(|(_, bytes)| opens(bytes)).map(|(what, _)| what.clone()).collect();
    let mut count = changed.len();
    let mut sample = Sample::new(BITS_ONE_IN);
    for bit in 0..specimen.trust.len() * 8 {
        let in_hint = hints.iter().any(|at| (*at..at + 64).contains(&(bit / 8)));
        // A key hint is not authenticated and decides nothing.
        if !in_hint && sample.takes() {
            count += 1;
            let damaged = flip(&specimen.trust, bit);
            accepted.extend(opens(&damaged).then(|| format!("flip bit {bit}")));
        }
    }
    let mut sample = Sample::new(BITS_ONE_IN);
    for end in (0..specimen.trust.len()).filter(|_| sample.takes()) {
        count += 1;
        let left = specimen.trust.len() - end;
        accepted.extend(opens(&specimen.trust[..end]).then(|| format!("{left} bytes cut off")));
    }
    println!("trust root: {count} mutations, {} harmless", accepted.len());
    // A key id in an envelope is a hint that decides nothing; two signatures have no order, and
    // one that stands twice counts once. The last byte is a newline after the JSON value. Nothing
    // else may pass.
    accepted.remove("1 bytes cut off");
    let harmless = [
        "double element at /signatures/0",
        "double element at /signatures/1",
        "drop field at /signatures/0/keyid",
        "drop field at /signatures/1/keyid",
        "other value at /signatures/0/keyid",
        "other value at /signatures/1/keyid",
        "swap elements at /signatures/0",
    ];
    assert_eq!(accepted, harmless.map(str::to_owned).into());
}
