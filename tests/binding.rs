//! What a signature is bound to, on every way through the verifier: by a certificate or a key, over
//! a file or a statement, in every version of the bundle, with every kind of log entry; asked of
//! `verify-blob`, and as a release's signature in a role of a trust root.
//!
//! Each function is named after its row of the threat model and the mistake.

use std::sync::OnceLock;
use std::time::Instant;

use countersign::Verdict;
use countersign::trust::TrustRoot;
use countersign::trust::sigstore::Identity;
use serde_json::{Value, json};

use crate::instance::certificate::{Authority, Seen, TIME_STAMPING, address, uri};
use crate::instance::log::Damage;
use crate::instance::{
    Asked, By, FILE, Form, ISSUER, InLog, Instance, NAME, NOW, Path, Recipe, SIGNED_AT, base64,
    der, open_in_role, paths, time,
};

const SIGNATURE: &str = "CS-TRUST-004";
const DIGEST: &str = "CS-TRUST-009";
const SUBJECT: &str = "CS-TRUST-013";
const FUTURE: &str = "CS-TRUST-021";
const IDENTITY: &str = "CS-TRUST-022";
const LOG: &str = "CS-TRUST-023";
const TIME: &str = "CS-TRUST-024";
const ROOT: &str = "CS-TRUST-025";
const UNSUPPORTED: &str = "CS-TRUST-026";
const CERTIFICATE: &str = "CS-TRUST-027";
const MALFORMED: &str = "CS-TRUST-002";
const PAYLOAD_TYPE: &str = "CS-TRUST-008";
const STATEMENT: &str = "CS-TRUST-011";
const WEAK: &str = "CS-TRUST-014";

fn instance() -> &'static Instance {
    static INSTANCE: OnceLock<Instance> = OnceLock::new();
    INSTANCE.get_or_init(Instance::new)
}

fn known() -> &'static Value {
    static ROOT: OnceLock<Value> = OnceLock::new();
    ROOT.get_or_init(|| instance().trusted_root())
}

fn trust_root() -> &'static TrustRoot {
    static ROOT: OnceLock<TrustRoot> = OnceLock::new();
    ROOT.get_or_init(|| instance().trust_root(known(), |_| ()))
}

/// Which paths an attack exists on.
type On = fn(&Path) -> bool;

fn everywhere(_: &Path) -> bool {
    true
}

fn certified(path: &Path) -> bool {
    path.by == By::Certificate
}

fn logged(path: &Path) -> bool {
    path.log != InLog::None
}

fn proven(path: &Path) -> bool {
    logged(path) && path.version > 1
}

fn promised(path: &Path) -> bool {
    logged(path) && path.log != InLog::Two
}

fn stamped(path: &Path) -> bool {
    path.stamped
}

fn statement(path: &Path) -> bool {
    path.form == Form::Statement
}

/// One thing that is wrong; everything else is as an honest signer and verifier have it.
struct Attack {
    on: On,
    recipe: Box<dyn Fn(&mut Recipe)>,
    asked: Box<dyn Fn(&mut Asked<'_>)>,
    codes: &'static [&'static str],
    /// Whether it is about whom `verify-blob` is told to expect, which a role is not.
    of_command: bool,
}

impl Attack {
    fn on(on: On, codes: &'static [&'static str]) -> Self {
        let (recipe, asked) = (Box::new(|_: &mut Recipe| ()), Box::new(|_: &mut Asked<'_>| ()));
        Self { on, recipe, asked, codes, of_command: false }
    }

    fn made(self, recipe: impl Fn(&mut Recipe) + 'static) -> Self {
        Self { recipe: Box::new(recipe), ..self }
    }

    fn asked(self, asked: impl Fn(&mut Asked<'_>) + 'static) -> Self {
        Self { asked: Box::new(asked), ..self }
    }

    fn bundle(self, edit: impl Fn(&mut Value) + 'static) -> Self {
        self.asked(move |asked| edit(&mut asked.bundle))
    }

    fn root(self, edit: impl Fn(&mut Value) + 'static) -> Self {
        self.asked(move |asked| edit(&mut asked.root))
    }

    fn of_command(self) -> Self {
        Self { of_command: true, ..self }
    }

    /// Refused on every path that it exists on, both ways.
    #[track_caller]
    fn is_refused(&self) {
        let instance = instance();
        let mut tried = 0;
        for path in paths().into_iter().filter(|path| (self.on)(path)) {
            tried += 1;
            let mut recipe = Recipe::of(path);
            (self.recipe)(&mut recipe);
            let mut asked = instance.asked(path.by, instance.bake(&recipe));
            (self.asked)(&mut asked);
            let begun = Instant::now();
            let report = instance.judge(&asked);
            assert!(begun.elapsed().as_secs() < 30, "{path:?} takes its time");
            let found: Vec<&str> = report.findings().iter().map(|one| one.rule.code).collect();
            let said: Vec<&str> = report.findings().iter().map(|one| &*one.message).collect();
            assert!(report.verdict() != Verdict::Pass, "{path:?} passed");
            assert!(
                found.len() == 1 && self.codes.contains(&found[0]),
                "{path:?}: {found:?} {said:?}; expected one of {:?}",
                self.codes
            );
            if self.of_command || found == [ROOT] {
                continue;
            }
            let changed;
            let root = if asked.root == *known() {
                trust_root()
            } else {
                changed = instance.trust_root(&asked.root, |_| ());
                &changed
            };
            let opened = open_in_role(path.form, &[&asked.bundle], root, asked.now);
            assert!(opened.is_err(), "{path:?} counts in a role: {:?}", opened.unwrap());
        }
        assert!(tried > 0, "the attack exists nowhere");
    }
}

#[test]
fn an_honest_bundle_is_accepted_on_every_path() {
    let instance = instance();
    assert!(paths().len() > 25);
    for path in paths() {
        let asked = instance.asked(path.by, instance.bake(&Recipe::of(path)));
        for digest_only in [false, true] {
            let report = instance.judge(&Asked { digest_only, ..asked.clone() });
            let found = report.findings().first().map(|one| one.message.clone());
            assert_eq!(report.verdict(), Verdict::Pass, "{path:?}: {found:?}");
        }
        let signers = open_in_role(path.form, &[&asked.bundle], trust_root(), NOW).unwrap();
        let owner = if path.by == By::Key { "alice" } else { "ci" };
        assert_eq!(signers[0].owner, owner, "{path:?}");
        let times = usize::from(path.stamped) + usize::from(promised(&path));
        assert_eq!(signers[0].times.len(), times, "{path:?}");
    }
}

#[test]
fn l02_another_file() {
    Attack::on(everywhere, &[DIGEST, SUBJECT])
        .asked(|asked| asked.file = b"another file")
        .of_command()
        .is_refused();
    Attack::on(everywhere, &[DIGEST, SUBJECT])
        .asked(|asked| {
            asked.file = b"another file";
            asked.digest_only = true;
        })
        .of_command()
        .is_refused();
}

#[test]
fn l02_an_entry_about_another_file() {
    Attack::on(logged, &[LOG, DIGEST, SUBJECT])
        .made(|recipe| recipe.logged_file = Some(b"another file".to_vec()))
        .is_refused();
}

fn signature(bundle: &mut Value) -> &mut Value {
    let place = if bundle.get("dsseEnvelope").is_some() {
        "/dsseEnvelope/signatures/0/sig"
    } else {
        "/messageSignature/signature"
    };
    bundle.pointer_mut(place).unwrap()
}

#[test]
fn l03_a_signature_over_another_file_beside_a_valid_entry() {
    for path in paths() {
        let instance = instance();
        let mut other = Recipe::of(path);
        other.file = b"another file".to_vec();
        let taken = signature(&mut instance.bake(&other)).clone();
        let mut asked = instance.asked(path.by, instance.bake(&Recipe::of(path)));
        *signature(&mut asked.bundle) = taken;
        let report = instance.judge(&asked);
        assert_eq!(report.verdict(), Verdict::Refused, "{path:?}");
        let opened = open_in_role(path.form, &[&asked.bundle], trust_root(), NOW);
        assert!(opened.is_err(), "{path:?}");
    }
}

#[test]
fn l03_a_second_signature_over_the_same_file_under_the_first_ones_entry() {
    // ECDSA signs differently each time: an entry is about one signature, not about a file.
    for path in paths().into_iter().filter(logged) {
        let instance = instance();
        let taken = signature(&mut instance.bake(&Recipe::of(path))).clone();
        let mut asked = instance.asked(path.by, instance.bake(&Recipe::of(path)));
        *signature(&mut asked.bundle) = taken;
        let report = instance.judge(&asked);
        assert_eq!(report.verdict(), Verdict::Refused, "{path:?}");
    }
}

#[test]
fn l03_somebody_elses_key_or_certificate() {
    let stranger = Instance::new();
    let key = stranger.identity(By::Key);
    Attack::on(|path| path.by == By::Key, &[SIGNATURE, LOG])
        .asked(move |asked| asked.identity = key.clone())
        .of_command()
        .is_refused();
    let root = stranger.trusted_root();
    Attack::on(|path| certified(path) || logged(path) || stamped(path), &[LOG, CERTIFICATE, TIME])
        .root(move |known| *known = root.clone())
        .is_refused();
}

#[test]
fn l05_a_log_that_the_trusted_root_does_not_know() {
    Attack::on(logged, &[LOG])
        .root(|root| drop(root["tlogs"].as_array_mut().unwrap().remove(0)))
        .is_refused();
    // The entry names a known log and is another one's.
    let known = base64(instance().logs[1].key.digest().as_bytes());
    Attack::on(logged, &[LOG, TIME])
        .bundle(move |bundle| {
            bundle["verificationMaterial"]["tlogEntries"][0]["logId"]["keyId"] = json!(known);
        })
        .is_refused();
}

#[test]
fn l06_damage_to_promise_checkpoint_proof_and_root() {
    let made = |damage| move |recipe: &mut Recipe| recipe.damage = damage;
    Attack::on(promised, &[LOG, TIME]).made(made(Damage::Promise)).is_refused();
    for damage in [Damage::Checkpoint, Damage::Neighbour, Damage::Root] {
        Attack::on(proven, &[LOG, MALFORMED]).made(made(damage)).is_refused();
    }
    Attack::on(proven, &[LOG, MALFORMED])
        .bundle(|bundle| {
            let entry = &mut bundle["verificationMaterial"]["tlogEntries"][0];
            entry["inclusionProof"]["hashes"] = json!([]);
        })
        .is_refused();
}

#[test]
fn l06_an_entry_with_another_time_index_or_body() {
    let set = |name: &'static str, value: Value| {
        move |bundle: &mut Value| {
            bundle["verificationMaterial"]["tlogEntries"][0][name] = value.clone();
        }
    };
    let seconds = (time(SIGNED_AT).unix_seconds() + 1).to_string();
    Attack::on(promised, &[LOG, TIME]).bundle(set("integratedTime", json!(seconds))).is_refused();
    for index in ["-1", "0", "1002", "9223372036854775807"] {
        Attack::on(logged, &[LOG, TIME, MALFORMED])
            .bundle(set("logIndex", json!(index)))
            .is_refused();
    }
    for body in ["", "{}", "null", "[]", r#"{"apiVersion":"0.0.1"}"#] {
        Attack::on(logged, &[LOG, MALFORMED])
            .bundle(set("canonicalizedBody", json!(base64(body.as_bytes()))))
            .is_refused();
    }
    for kind in [("hashedrekord", "0.0.3"), ("rekord", "0.0.1"), ("", "")] {
        let kind = json!({"kind": kind.0, "version": kind.1});
        Attack::on(logged, &[UNSUPPORTED, MALFORMED]).bundle(set("kindVersion", kind)).is_refused();
    }
}

#[test]
fn l06_no_proof_where_the_version_asks_for_one_and_no_promise_where_it_does() {
    let without = |name: &'static str| {
        move |bundle: &mut Value| {
            let entry = &mut bundle["verificationMaterial"]["tlogEntries"][0];
            entry.as_object_mut().unwrap().remove(name);
        }
    };
    Attack::on(proven, &[LOG, MALFORMED]).bundle(without("inclusionProof")).is_refused();
    Attack::on(|path| promised(path) && path.version == 1, &[LOG, MALFORMED])
        .bundle(without("inclusionPromise"))
        .is_refused();
    Attack::on(certified, &[MALFORMED, TIME])
        .bundle(|bundle| bundle["verificationMaterial"]["tlogEntries"] = json!([]))
        .is_refused();
}

#[test]
fn l08_a_checkpoint_that_is_not_in_its_one_form() {
    let forms: [fn(String) -> String; 7] = [
        |text| text.replacen('\n', "\r\n", 1),
        |text| text.replacen('\n', "\u{7}\n", 1),
        |text| text.replacen("\n2\n", "\n02\n", 1),
        |text| text.replacen("\n2\n", "\n+2\n", 1),
        |text| text.replacen("\n2\n", "\n 2\n", 1),
        |text| text.replacen("\n2\n", "\n\n2\n", 1),
        |text| format!("\n{text}"),
    ];
    for checkpoint in forms {
        Attack::on(proven, &[LOG, MALFORMED])
            .made(move |recipe| recipe.checkpoint = checkpoint)
            .is_refused();
    }
}

fn edit_checkpoint(edit: fn(String) -> String) -> impl Fn(&mut Value) {
    move |bundle: &mut Value| {
        let entry = &mut bundle["verificationMaterial"]["tlogEntries"][0];
        let text = &mut entry["inclusionProof"]["checkpoint"]["envelope"];
        *text = json!(edit(text.as_str().unwrap().to_owned()));
    }
}

#[test]
fn l08_signature_lines_that_are_none_or_stand_twice() {
    Attack::on(proven, &[LOG, MALFORMED])
        .bundle(edit_checkpoint(|text| {
            let last = text.trim_end().rsplit('\n').next().unwrap();
            format!("{text}{last}\n")
        }))
        .is_refused();
    for edit in [
        |text: String| text.replacen("\n\n", "\n", 1),
        |text: String| text.replace('\u{2014}', "-"),
        |text: String| text.split_once("\n\n").unwrap().0.to_owned() + "\n\n",
    ] {
        Attack::on(proven, &[LOG, MALFORMED]).bundle(edit_checkpoint(edit)).is_refused();
    }
}

#[test]
fn l08_a_line_by_an_unknown_key_is_passed_over() {
    let stranger = edit_checkpoint(|text| {
        let line = format!("\u{2014} witness.example {}\n", base64(&[1; 68]));
        format!("{text}{line}")
    });
    for path in paths().into_iter().filter(proven) {
        let mut asked = instance().asked(path.by, instance().bake(&Recipe::of(path)));
        stranger(&mut asked.bundle);
        let report = instance().judge(&asked);
        assert_eq!(report.verdict(), Verdict::Pass, "{path:?}: {:?}", report.findings());
    }
}

#[test]
fn l11_log_version_2_states_no_time() {
    Attack::on(|path| certified(path) && path.log == InLog::Two, &[TIME])
        .made(|recipe| recipe.path.stamped = false)
        .is_refused();
    // Nor does a time that the bundle puts beside the entry.
    let seconds = time(SIGNED_AT).unix_seconds().to_string();
    Attack::on(|path| certified(path) && path.log == InLog::Two, &[TIME])
        .made(|recipe| recipe.path.stamped = false)
        .bundle(move |bundle| {
            bundle["verificationMaterial"]["tlogEntries"][0]["integratedTime"] = json!(seconds);
        })
        .is_refused();
}

#[test]
fn t02_a_chain_that_was_not_in_use_at_the_time_of_signing() {
    let at = |hour: &str| time(&format!("2025-06-01T{hour}:00Z"));
    let windows = ((at("12:00"), at("14:00")), (at("12:30"), at("13:30")));
    let instance = Instance::with_windows(windows.0, windows.1);
    for path in paths().into_iter().filter(certified) {
        let code = |signed: &str| {
            let mut recipe = Recipe::of(path);
            recipe.leaf.window = (at("13:00"), at("15:00"));
            recipe.integrated = at(signed);
            recipe.stamps = vec![(0, at(signed))];
            let report = instance.judge(&instance.asked(path.by, instance.bake(&recipe)));
            report.findings().first().map(|finding| finding.rule.code)
        };
        assert_eq!(code("13:15"), None, "{path:?}");
        for late in ["13:45", "14:30", "15:30", "12:45"] {
            assert_eq!(code(late), Some(TIME), "{path:?} {late}");
        }
    }
}

#[test]
fn t04_the_earliest_of_several_times_is_not_enough() {
    let late = time("2025-06-01T12:30:00Z");
    Attack::on(|path| certified(path) && stamped(path), &[TIME])
        .made(move |recipe| recipe.stamps = vec![(0, time(SIGNED_AT)), (1, late)])
        .is_refused();
    Attack::on(|path| certified(path) && stamped(path) && promised(path), &[TIME, LOG])
        .made(move |recipe| recipe.integrated = late)
        .is_refused();
}

#[test]
fn t05_a_time_one_second_ahead() {
    Attack::on(|path| stamped(path) || promised(path), &[FUTURE])
        .asked(|asked| asked.now = "2025-06-01T12:00:59Z")
        .is_refused();
}

fn end_window(root: &mut Value, list: &str, number: usize) {
    let part = &mut root[list][number];
    let place = if part.get("publicKey").is_some() { "/publicKey/validFor" } else { "/validFor" };
    *part.pointer_mut(place).unwrap() =
        json!({"start": "2025-01-01T00:00:00Z", "end": "2025-06-01T12:00:59Z"});
}

#[test]
fn t07_the_window_of_another_authority() {
    Attack::on(stamped, &[TIME])
        .root(|root| end_window(root, "timestampAuthorities", 0))
        .is_refused();
    // Nor does one help that is nobody and whose window would do.
    Attack::on(stamped, &[TIME, ROOT])
        .root(|root| {
            end_window(root, "timestampAuthorities", 0);
            let mut nobody = root["timestampAuthorities"][1].clone();
            nobody["certChain"]["certificates"] = json!([]);
            root["timestampAuthorities"].as_array_mut().unwrap().push(nobody);
        })
        .is_refused();
    Attack::on(logged, &[TIME, LOG]).root(|root| end_window(root, "tlogs", 0)).is_refused();
    Attack::on(certified, &[TIME, CERTIFICATE])
        .root(|root| end_window(root, "certificateAuthorities", 0))
        .is_refused();
}

#[test]
fn t08_a_timestamp_over_something_else_or_by_a_stranger() {
    Attack::on(stamped, &[TIME])
        .made(|recipe| recipe.stamped = Some(b"another signature".to_vec()))
        .is_refused();
    Attack::on(stamped, &[TIME]).made(|recipe| recipe.stamped = Some(FILE.to_vec())).is_refused();
    Attack::on(stamped, &[TIME])
        .root(|root| drop(root["timestampAuthorities"].as_array_mut().unwrap().remove(0)))
        .is_refused();
    for token in [&b""[..], b"\x30\x00", b"\x30\x03\x02\x01\x00", &[0x30; 4096]] {
        Attack::on(stamped, &[TIME, MALFORMED])
            .bundle(move |bundle| {
                let data = &mut bundle["verificationMaterial"]["timestampVerificationData"];
                data["rfc3161Timestamps"][0]["signedTimestamp"] = json!(base64(token));
            })
            .is_refused();
    }
}

fn set_certificates(material: &mut Value, list: &Value) {
    if material.get("certificate").is_some() {
        material["certificate"] = list.as_array().and_then(|list| list.first()).cloned().into();
    } else {
        material["x509CertificateChain"] = json!({"certificates": list});
    }
}

#[test]
fn t13_no_certificate_at_all() {
    Attack::on(certified, &[MALFORMED])
        .bundle(|bundle| set_certificates(&mut bundle["verificationMaterial"], &json!([])))
        .is_refused();
    for der in [&b""[..], b"\x30\x00", b"\x30\x84\xff\xff\xff\xff"] {
        Attack::on(certified, &[MALFORMED, LOG, CERTIFICATE])
            .bundle(move |bundle| {
                let list = json!([{"rawBytes": base64(der)}]);
                set_certificates(&mut bundle["verificationMaterial"], &list);
            })
            .is_refused();
    }
    for list in ["certificateAuthorities", "timestampAuthorities"] {
        Attack::on(|path| certified(path) && stamped(path), &[ROOT, CERTIFICATE, TIME])
            .root(move |root| {
                for part in root[list].as_array_mut().unwrap() {
                    part["certChain"]["certificates"] = json!([]);
                }
            })
            .is_refused();
    }
}

#[test]
fn t14_chains_that_are_built_to_take_long() {
    let old = |path: &Path| certified(path) && path.version < 3;
    let instance = instance();
    let window = (time("2025-01-01T00:00:00Z"), time("2035-01-01T00:00:00Z"));
    // Fifteen authorities of one name, each of which may have issued each: 15! ways to go.
    let confusing: Vec<Value> = (0..15)
        .map(|_| {
            let one = Authority::root("instance intermediate", window);
            json!({"rawBytes": base64(&one.der)})
        })
        .collect();
    let foreign = Instance::new();
    Attack::on(old, &[CERTIFICATE, LOG, TIME, MALFORMED])
        .bundle(move |bundle| {
            let material = &mut bundle["verificationMaterial"];
            let mut leaf = Recipe::of(paths()[0]).leaf;
            leaf.more = Vec::new();
            let der = leaf.issue(&foreign.managed, &foreign.intermediate, &foreign.certificates);
            let mut chain = vec![json!({"rawBytes": base64(&der)})];
            chain.extend(confusing.clone());
            material["x509CertificateChain"]["certificates"] = json!(chain);
        })
        .is_refused();
    let many = vec![json!({"rawBytes": base64(&instance.root.der)}); 1_000];
    Attack::on(old, &[MALFORMED])
        .bundle(move |bundle| {
            let chain = &mut bundle["verificationMaterial"]["x509CertificateChain"];
            chain["certificates"].as_array_mut().unwrap().extend(many.clone());
        })
        .is_refused();
    // An authority below the trusted one that may name nobody of ours, carried with what it issued.
    let limited = instance.intermediate.limited("limited", ".example.com", window);
    let mut leaf = Recipe::of(paths()[0]).leaf;
    leaf.window = window;
    let key = &instance.managed;
    let issued = leaf.issue(key, &limited, &instance.certificates);
    Attack::on(old, &[CERTIFICATE])
        .bundle(move |bundle| {
            let chain = json!([
                {"rawBytes": base64(&issued)},
                {"rawBytes": base64(&limited.der)},
            ]);
            bundle["verificationMaterial"]["x509CertificateChain"]["certificates"] = chain;
        })
        .is_refused();
    // Name constraints by URI, which most readers implement wrongly: refused, not interpreted.
    let constraint = der::sequence(&[&der::explicit(0, &der::sequence(&[&uri(".example.com")]))]);
    Attack::on(certified, &[CERTIFICATE])
        .made(move |recipe| {
            recipe.leaf.more.push(der::extension("2.5.29.30", true, &constraint));
        })
        .is_refused();
}

#[test]
fn t11_a_name_of_a_megabyte() {
    let long = "=#".repeat(512 << 10);
    let subject = der::name(&long);
    let short = |path: &Path| certified(path) && path.form == Form::Message && !path.stamped;
    for path in paths().into_iter().filter(short) {
        let mut recipe = Recipe::of(path);
        recipe.leaf.subject.clone_from(&subject);
        let asked = instance().asked(path.by, instance().bake(&recipe));
        let begun = Instant::now();
        let report = instance().judge(&asked);
        assert_eq!(report.verdict(), Verdict::Refused, "{path:?}");
        assert!(begun.elapsed().as_secs() < 60, "{path:?}");
        let longest = report.findings().iter().map(|one| one.message.len()).max();
        assert!(longest < Some(10_000), "{path:?}: the name is repeated in full");
    }
}

#[test]
fn t16_an_expired_certificate_and_no_proven_time() {
    Attack::on(|path| certified(path) && promised(path) && path.version > 1, &[TIME])
        .made(|recipe| recipe.path.stamped = false)
        .bundle(|bundle| {
            let entry = &mut bundle["verificationMaterial"]["tlogEntries"][0];
            entry.as_object_mut().unwrap().remove("inclusionPromise");
        })
        .is_refused();
    // Not even one that would hold until tomorrow: its window proves no time.
    Attack::on(|path| certified(path) && path.log == InLog::Two, &[TIME])
        .made(|recipe| {
            recipe.path.stamped = false;
            recipe.leaf.window.1 = time("2034-01-01T00:00:00Z");
        })
        .is_refused();
    for (from, until) in [
        ("2025-06-01T11:00:00Z", "2025-06-01T12:00:59Z"),
        ("2025-06-01T12:01:01Z", "2025-06-01T13:00:00Z"),
    ] {
        Attack::on(certified, &[TIME, LOG])
            .made(move |recipe| recipe.leaf.window = (time(from), time(until)))
            .is_refused();
    }
}

#[test]
fn p01_a_name_that_contains_the_right_one() {
    let names = [
        "https://github.com/acme/app-evil/.github/workflows/release.yml@refs/tags/v1.2.3",
        "https://x/?u=https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3",
        "https://githubXcom/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3",
        "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.30",
    ];
    for name in names {
        Attack::on(certified, &[IDENTITY])
            .made(move |recipe| recipe.leaf.names = vec![uri(name)])
            .is_refused();
    }
    for issuer in ["https://token.actions.githubusercontent.com.evil.example", "", "https://"] {
        Attack::on(certified, &[IDENTITY])
            .made(move |recipe| recipe.leaf.issuer = Some(issuer.to_owned()))
            .is_refused();
    }
    Attack::on(certified, &[IDENTITY]).made(|recipe| recipe.leaf.issuer = None).is_refused();
}

#[test]
fn p02_another_branch_or_a_second_reference() {
    for reference in ["refs/heads/attacker", "evil.yml@refs/tags/v1.2.3", "refs/tags/v1.2.4"] {
        let name = NAME.replace("refs/tags/v1.2.3", reference);
        Attack::on(certified, &[IDENTITY])
            .made(move |recipe| recipe.leaf.names = vec![uri(&name)])
            .is_refused();
    }
}

#[test]
fn p04_names_that_readers_differ_on() {
    let other = || der::tagged(0xa0, &[&der::oid("1.3.6.1.4.1.57264.1.7"), &der::text(NAME)]);
    let lists: [fn() -> Vec<Vec<u8>>; 7] = [
        || vec![uri(NAME), uri("https://github.com/evil/app")],
        || vec![uri("https://github.com/evil/app"), uri(NAME)],
        || vec![uri(NAME), address("a@example.com")],
        || vec![uri(&format!("{NAME}\0.evil.example"))],
        || vec![uri(&NAME.to_uppercase())],
        || vec![uri(&NAME.replace("github", "g\u{456}thub"))],
        || vec![der::tagged(0x82, &[NAME.as_bytes()])],
    ];
    for names in lists {
        Attack::on(certified, &[IDENTITY, CERTIFICATE, MALFORMED])
            .made(move |recipe| recipe.leaf.names = names())
            .is_refused();
    }
    Attack::on(certified, &[IDENTITY, CERTIFICATE, MALFORMED])
        .made(move |recipe| recipe.leaf.names = vec![other()])
        .is_refused();
    // The subject's common name is never used.
    Attack::on(certified, &[IDENTITY, CERTIFICATE, MALFORMED])
        .made(|recipe| {
            recipe.leaf.subject = der::name(NAME);
            recipe.leaf.names = Vec::new();
        })
        .is_refused();
}

#[test]
fn a_certificate_for_something_else_or_of_somebody_else() {
    Attack::on(certified, &[CERTIFICATE])
        .made(|recipe| recipe.leaf.purpose = TIME_STAMPING)
        .is_refused();
    Attack::on(certified, &[CERTIFICATE]).made(|recipe| recipe.leaf.usage = 0x08).is_refused();
    for seen in [Seen::No, Seen::ByAnother] {
        Attack::on(certified, &[CERTIFICATE])
            .made(move |recipe| recipe.leaf.seen = seen)
            .is_refused();
    }
    Attack::on(certified, &[CERTIFICATE, ROOT])
        .root(|root| root["ctlogs"] = json!([]))
        .is_refused();
    // A second authority of the same name, with another key, issued nothing.
    let window = (time("2025-01-01T00:00:00Z"), time("2035-01-01T00:00:00Z"));
    let twin = Authority::root("instance intermediate", window);
    let twin = json!({
        "subject": {"organization": "instance", "commonName": "instance"},
        "uri": "https://twin.example",
        "certChain": {"certificates": [{"rawBytes": base64(&twin.der)}]},
        "validFor": {"start": "2025-01-01T00:00:00Z"},
    });
    let only = twin.clone();
    Attack::on(certified, &[CERTIFICATE])
        .root(move |root| root["certificateAuthorities"] = json!([only]))
        .is_refused();
    // Beside the right one it does no harm, whichever stands first.
    for path in paths().into_iter().filter(certified) {
        for first in [true, false] {
            let mut asked = instance().asked(path.by, instance().bake(&Recipe::of(path)));
            let list = asked.root["certificateAuthorities"].as_array_mut().unwrap();
            list.insert(if first { 0 } else { 1 }, twin.clone());
            let report = instance().judge(&asked);
            assert_eq!(report.verdict(), Verdict::Pass, "{path:?}: {:?}", report.findings());
        }
    }
}

#[test]
fn s04_another_payload_type() {
    Attack::on(statement, &[PAYLOAD_TYPE, UNSUPPORTED, SIGNATURE])
        .made(|recipe| recipe.payload_type = "application/vnd.other+json".to_owned())
        .is_refused();
    Attack::on(statement, &[SIGNATURE, PAYLOAD_TYPE, UNSUPPORTED, LOG])
        .made(|recipe| recipe.payload_type = "application/vnd.other+json".to_owned())
        .bundle(|bundle| {
            bundle["dsseEnvelope"]["payloadType"] = json!("application/vnd.in-toto+json");
        })
        .is_refused();
}

#[test]
fn s01_a_payload_that_is_no_statement() {
    for text in [
        "hello",
        "{}",
        r#"{"_type":"https://in-toto.io/Statement/v2","subject":[{"name":"f","digest":{"sha256":"RIGHT"}}],"predicateType":"https://example.com/x","predicate":{}}"#,
        r#"{"subject":[{"name":"f","digest":{"sha256":"RIGHT"}}],"predicateType":"https://example.com/x","predicate":{}}"#,
    ] {
        let text = text.replace("RIGHT", &countersign::Digest::of(FILE).to_string());
        Attack::on(statement, &[STATEMENT, MALFORMED, SUBJECT])
            .made(move |recipe| recipe.statement = Some(text.clone()))
            .of_command()
            .is_refused();
    }
}

#[test]
fn p08_a_weak_digest_that_is_right() {
    for digest in [
        r#"{"sha1":"da39a3ee5e6b4b0d3255bfef95601890afd80709"}"#,
        r#"{"md5":"d41d8cd98f00b204e9800998ecf8427e","sha256":"0000000000000000000000000000000000000000000000000000000000000000"}"#,
        "{}",
    ] {
        let text = format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"f","digest":{digest}}}],"predicateType":"https://example.com/x","predicate":{{}}}}"#
        );
        Attack::on(statement, &[SUBJECT, WEAK, UNSUPPORTED, STATEMENT, MALFORMED])
            .made(move |recipe| recipe.statement = Some(text.clone()))
            .of_command()
            .is_refused();
    }
}

#[test]
fn p08_a_longer_digest_alone_names_the_file_when_it_is_there() {
    let sha512 = "12fb8349e5207ead40f6206650ec5301c09e64ea9155c4db21c97d252d75b499\
                  e6c2884c32291b76efbc520adc484ad27f9acaa265177d1eeaa9715db94222b5";
    let text = format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"f","digest":{{"sha512":"{sha512}"}}}}],"predicateType":"https://example.com/x","predicate":{{}}}}"#
    );
    let instance = instance();
    for path in paths().into_iter().filter(statement) {
        let recipe = Recipe { statement: Some(text.clone()), ..Recipe::of(path) };
        let asked = instance.asked(path.by, instance.bake(&recipe));
        let report = instance.judge(&asked);
        let found = report.findings().first().map(|one| one.message.clone());
        assert_eq!(report.verdict(), Verdict::Pass, "{path:?}: {found:?}");
        let report = instance.judge(&Asked { digest_only: true, ..asked.clone() });
        assert_ne!(report.verdict(), Verdict::Pass, "{path:?} by the SHA-256 alone");
        let report = instance.judge(&Asked { file: b"another file", ..asked });
        assert_ne!(report.verdict(), Verdict::Pass, "{path:?} over another file");
    }
}

#[test]
fn p10_a_statement_about_nothing() {
    for subject in ["[]", "null", "{}"] {
        let text = format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":{subject},"predicateType":"https://example.com/x","predicate":{{}}}}"#
        );
        Attack::on(statement, &[SUBJECT, STATEMENT, MALFORMED])
            .made(move |recipe| recipe.statement = Some(text.clone()))
            .of_command()
            .is_refused();
    }
}

#[test]
fn s08_no_signature_or_two() {
    Attack::on(statement, &[MALFORMED, "CS-TRUST-001"])
        .bundle(|bundle| bundle["dsseEnvelope"]["signatures"] = json!([]))
        .is_refused();
    Attack::on(statement, &[MALFORMED, UNSUPPORTED, "CS-TRUST-001"])
        .bundle(|bundle| {
            let one = bundle["dsseEnvelope"]["signatures"][0].clone();
            bundle["dsseEnvelope"]["signatures"] = json!([one, one]);
        })
        .is_refused();
    Attack::on(everywhere, &[MALFORMED, SIGNATURE, LOG, TIME, "CS-TRUST-001"])
        .bundle(|bundle| *signature(bundle) = json!(""))
        .is_refused();
}

#[test]
fn s10_key_hints_decide_nothing() {
    for path in paths() {
        let mut asked = instance().asked(path.by, instance().bake(&Recipe::of(path)));
        if path.by == By::Key {
            asked.bundle["verificationMaterial"]["publicKey"]["hint"] = json!("somebody else");
        }
        if statement(&path) {
            asked.bundle["dsseEnvelope"]["signatures"][0]["keyid"] = json!("somebody else");
        }
        let report = instance().judge(&asked);
        assert_eq!(report.verdict(), Verdict::Pass, "{path:?}: {:?}", report.findings());
    }
}

fn operators(path: Path, logs: &[usize], asked: u32) -> bool {
    let instance = instance();
    let mut recipe = Recipe::of(path);
    recipe.logs = logs.to_vec();
    let bundle = instance.bake(&recipe);
    let root = instance.trust_root(&instance.trusted_root(), |document| {
        document.policy.log_operators = asked;
    });
    open_in_role(path.form, &[&bundle], &root, NOW).is_ok()
}

#[test]
fn h05_two_entries_of_one_log_are_one_witness() {
    for path in paths().into_iter().filter(logged) {
        assert!(operators(path, &[0, 1], 2), "{path:?}");
        assert!(!operators(path, &[0], 2), "{path:?}");
        assert!(!operators(path, &[0, 0], 2), "{path:?}");
        assert!(!operators(path, &[0, 1], 3), "{path:?}");
    }
    // The same proof twice.
    for path in paths().into_iter().filter(logged) {
        let instance = instance();
        let mut bundle = instance.bake(&Recipe::of(path));
        let entry = bundle["verificationMaterial"]["tlogEntries"][0].clone();
        bundle["verificationMaterial"]["tlogEntries"] = json!([entry, entry]);
        let root = instance.trust_root(&instance.trusted_root(), |document| {
            document.policy.log_operators = 2;
        });
        assert!(open_in_role(path.form, &[&bundle], &root, NOW).is_err(), "{path:?}");
    }
}

#[test]
fn h06_two_logs_of_one_operator_are_one_witness() {
    for path in paths().into_iter().filter(logged) {
        assert!(!operators(path, &[0, 2], 2), "{path:?}");
        assert!(operators(path, &[0, 1, 2], 2), "{path:?}");
    }
    // Where nobody says who runs them, several logs may all be one operator's.
    let mut silent = Instance::new();
    silent.logs.iter_mut().for_each(|log| log.operator = None);
    let path = paths()[4];
    let mut recipe = Recipe::of(path);
    recipe.logs = vec![0, 1];
    let bundle = silent.bake(&recipe);
    let open = |asked| {
        let root = silent.trust_root(&silent.trusted_root(), |document| {
            document.policy.log_operators = asked;
        });
        open_in_role(path.form, &[&bundle], &root, NOW).is_ok()
    };
    assert!(open(1) && !open(2));
}

#[test]
fn a_key_is_no_certificate_and_a_certificate_no_key() {
    let identity = |by| instance().identity(by);
    Attack::on(certified, &[UNSUPPORTED, MALFORMED])
        .asked(move |asked| asked.identity = identity(By::Key))
        .of_command()
        .is_refused();
    Attack::on(|path| path.by == By::Key, &[IDENTITY])
        .asked(move |asked| {
            asked.identity =
                Identity::Certificate { identity: NAME.to_owned(), issuer: ISSUER.to_owned() };
        })
        .of_command()
        .is_refused();
}
