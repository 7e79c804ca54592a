//! The rules about packets and trust: each fires on its mistake and is silent on the nearest input
//! that is right.
//!
//! `tests/cases/{packet,trust}/CODE-slug/{fires,silent}/expect.toml` says what the input is, in one
//! of four ways:
//!
//! ```toml
//! same_as = "trust/S01-payload-is-not-json"   # the case of that name
//!
//! args = ["verify-blob", "{vectors}/a.txt", "--bundle", "bundle.json"]   # a command line
//!
//! release = ["--expect-version", "0.4.0"]   # the specimen, verified with these flags
//!
//! tested_by = "src/validator/rollback/approval.rs"   # what no command line reaches yet
//! test = "two_people_approve"
//! ```
//!
//! The second and the third take edits. `at` is a JSON pointer in which `*` is every element and a
//! last `-` one more; `to` is JSON, and without it the value is taken away:
//!
//! ```toml
//! [[edit]]
//! file = "trust-root"   # or "packet/MEMBER", "dist/FILE", or for a command line "FILE"
//! at = "/policy/product"
//! to = '"beacon"'
//! ```
//!
//! `from` copies another file before; `delete`, `append` and `folder` do without a pointer. What is
//! edited in the packet is listed and signed as it is then; with `late` it was signed before, and
//! with `alone` no list follows either.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use countersign::finding::{Area, Rule, rules};
use countersign::packet::ReleaseManifest;
use countersign::provenance::PAYLOAD_TYPE;
use countersign::trust::root::TrustRootDocument;
use countersign::trust::{Bundle, RoleName, TrustRoot, open};
use serde_json::Value;
use toml_edit::{DocumentMut, Table};

use crate::cases::{copy, read_case};
use crate::command::{Ran, countersign};
use crate::forgery;
use crate::mutation::{members, signed};
use crate::specimen::{self, Files, NOW, PACKET, root, specimen, trust_with};

/// One change of one file.
struct Edit {
    file: String,
    at: Option<String>,
    to: Option<Value>,
    from: Option<String>,
    append: Option<String>,
    delete: bool,
    folder: bool,
    late: bool,
    alone: bool,
}

impl Edit {
    fn read(table: &Table) -> Self {
        let text = |key: &str| table.get(key).map(|value| value.as_str().unwrap().to_owned());
        let is = |key: &str| table.get(key).is_some_and(|value| value.as_bool().unwrap());
        Self {
            file: text("file").expect("an edit names its file"),
            at: text("at"),
            to: text("to").map(|json| serde_json::from_str(&json).unwrap()),
            from: text("from"),
            append: text("append"),
            delete: is("delete"),
            folder: is("folder"),
            late: is("late"),
            alone: is("alone"),
        }
    }

    /// Applies it to one of some files, under a name of its own.
    fn apply(&self, files: &mut Files, name: &str) {
        if let Some(from) = &self.from {
            files.insert(name.to_owned(), files[from].clone());
        }
        if self.delete {
            files.remove(name).expect("what is deleted was there");
        }
        if let Some(more) = &self.append {
            files.entry(name.to_owned()).or_default().extend(more.as_bytes());
        }
        if let Some(at) = &self.at {
            let bytes = files.get_mut(name).unwrap_or_else(|| panic!("no file `{name}`"));
            let mut value: Value = serde_json::from_slice(bytes).unwrap();
            self.set(&mut value, at);
            *bytes = countersign::json::to_bytes(&value);
        }
    }

    fn set(&self, value: &mut Value, at: &str) {
        assert!(set(value, at.trim_start_matches('/'), self.to.as_ref()), "nothing lies at `{at}`");
    }
}

/// Sets what lies at a pointer; tells whether there was anything.
fn set(value: &mut Value, at: &str, to: Option<&Value>) -> bool {
    let (key, rest) = at.split_once('/').unwrap_or((at, ""));
    if key == "*" {
        return match value {
            Value::Array(items) => {
                // Every one is set, not only the first that can be.
                items.iter_mut().filter_map(|item| set(item, rest, to).then_some(())).count() > 0
            }
            Value::Object(entries) => {
                entries.values_mut().filter_map(|item| set(item, rest, to).then_some(())).count()
                    > 0
            }
            _ => false,
        };
    }
    match (value, rest.is_empty()) {
        (Value::Array(items), true) if key == "-" => {
            items.push(to.expect("one more is given").clone());
            true
        }
        (Value::Array(items), false) => {
            items.get_mut(key.parse::<usize>().unwrap()).is_some_and(|item| set(item, rest, to))
        }
        (Value::Array(items), true) => {
            let index: usize = key.parse().unwrap();
            match to {
                Some(to) => items[index] = to.clone(),
                None => drop(items.remove(index)),
            }
            true
        }
        (Value::Object(entries), false) => {
            entries.get_mut(key).is_some_and(|item| set(item, rest, to))
        }
        (Value::Object(entries), true) => match to {
            Some(to) => {
                entries.insert(key.to_owned(), to.clone());
                true
            }
            None => entries.remove(key).is_some(),
        },
        _ => false,
    }
}

/// The specimen as the edits make it, and its trust root.
fn release(edits: &[Edit]) -> (Files, Vec<u8>) {
    let specimen = specimen();
    let in_packet = |late: bool, alone: bool| {
        edits.iter().filter_map(move |edit| {
            let member = edit.file.strip_prefix("packet/")?;
            (edit.late == late && edit.alone == alone).then_some((edit, member))
        })
    };
    let edited = |mut members: forgery::Members, late: bool, alone: bool| {
        in_packet(late, alone).for_each(|(edit, member)| edit.apply(&mut members, member));
        members
    };
    let rebuilt = |members: forgery::Members| {
        let manifest = ReleaseManifest::parse(&members[ReleaseManifest::MEMBER]).unwrap();
        forgery::rebuild(&specimen.artifacts, members, manifest)
    };
    let mut files = specimen.files.clone();
    if in_packet(false, false).next().is_some() {
        let unsigned = rebuilt(edited(members().clone(), false, false));
        files = signed(&unsigned, &[&specimen.keys[0], &specimen.keys[1]]);
    }
    if in_packet(true, false).next().is_some() {
        files.extend(rebuilt(edited(forgery::members_of(&files[PACKET]), true, false)));
    }
    if in_packet(false, true).next().is_some() {
        let changed = edited(forgery::members_of(&files[PACKET]), false, true);
        files.insert(PACKET.to_owned(), forgery::pack_canonically(&changed));
    }
    for edit in edits {
        if let Some(name) = edit.file.strip_prefix("dist/") {
            edit.apply(&mut files, name);
        }
    }
    let trust = trust_with(&specimen.keys, |document| {
        let mut value = serde_json::to_value(&*document).unwrap();
        for edit in edits.iter().filter(|edit| edit.file == "trust-root") {
            edit.set(&mut value, edit.at.as_ref().expect("the trust root is edited at a place"));
        }
        *document = serde_json::from_value::<TrustRootDocument>(value).unwrap();
    });
    (files, trust)
}

fn verify_release(flags: &[String], edits: &[Edit]) -> Ran {
    let (files, trust) = release(edits);
    let folder = tempfile::tempdir().unwrap();
    let dist = folder.path().join("dist");
    specimen::write(&dist, &files);
    for edit in edits.iter().filter(|edit| edit.folder) {
        let path = dist.join(edit.file.strip_prefix("dist/").unwrap());
        let _ = fs::remove_file(&path);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("x"), "x").unwrap();
    }
    fs::write(folder.path().join("trust.json"), trust).unwrap();
    let mut args: Vec<&str> = vec!["verify", "dist", "--trust", "trust.json", "--format", "json"];
    args.extend(flags.iter().map(String::as_str));
    if !args.contains(&"--now") {
        args.extend(["--now", NOW]);
    }
    countersign(folder.path(), &args)
}

fn run_command(args: &[String], edits: &[Edit], more: &Path) -> Ran {
    let vectors = root().join("tests/vectors/sigstore-conformance");
    let cases = root().join("tests/cases");
    let placed = |text: &str| {
        let text = text.replace("{vectors}", vectors.to_str().unwrap());
        text.replace("{cases}", cases.to_str().unwrap())
    };
    let folder = tempfile::tempdir().unwrap();
    copy(more, folder.path());
    for edit in edits {
        let from = edit.from.as_ref().expect("a file of a command line comes from somewhere");
        let mut files = Files::from([(from.clone(), fs::read(placed(from)).unwrap())]);
        edit.apply(&mut files, &edit.file);
        fs::write(folder.path().join(&edit.file), &files[&edit.file]).unwrap();
    }
    let mut args: Vec<String> = args.iter().map(|arg| placed(arg)).collect();
    args.extend(["--format", "json"].map(str::to_owned));
    if !args.iter().any(|arg| arg == "--now") {
        args.extend(["--now", NOW].map(str::to_owned));
    }
    countersign(folder.path(), &args)
}

/// What comes of the input that a folder describes: the codes of the findings, and the exit code.
/// Nothing where a unit test stands for it.
fn answer(folder: &Path) -> Option<(BTreeSet<String>, Option<i32>)> {
    let path = folder.join("expect.toml");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let document: DocumentMut = text.parse().unwrap();
    let list = |key: &str| -> Option<Vec<String>> {
        let items = document.get(key)?.as_array().unwrap().iter();
        Some(items.map(|item| item.as_str().unwrap().to_owned()).collect())
    };
    let one = |key: &str| document.get(key).map(|value| value.as_str().unwrap());
    let tables = document.get("edit").and_then(|edits| edits.as_array_of_tables());
    let edits: Vec<Edit> = tables.into_iter().flatten().map(Edit::read).collect();
    let ran = if let Some(case) = one("same_as") {
        let case = read_case(case);
        let (folder, args) = (&case.folder, &case.args);
        run_command(args, &[], folder)
    } else if let Some(args) = list("args") {
        run_command(&args, &edits, folder)
    } else if let Some(flags) = list("release") {
        verify_release(&flags, &edits)
    } else {
        let file = root().join(one("tested_by").expect("one of the four ways"));
        let test = format!("fn {}(", one("test").unwrap());
        assert!(fs::read_to_string(&file).unwrap().contains(&test), "{test} in {}", file.display());
        return None;
    };
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let codes = findings.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect();
    Some((codes, ran.code))
}

/// What is wrong with the cases of one rule.
fn complaints(rule: &Rule, folder: &Path) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    let entries = fs::read_dir(folder);
    let mut folders: Vec<PathBuf> =
        entries.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    for folder in folders {
        let word = folder.file_name().unwrap().to_str().unwrap();
        let fires = word.starts_with("fires");
        assert!(fires || word.starts_with("silent"), "{}", folder.display());
        seen.insert(fires);
        let Some((codes, exit)) = answer(&folder) else { continue };
        let is_right = if fires {
            codes.contains(rule.code) && exit != Some(0)
        } else {
            !codes.contains(rule.code) && exit == Some(0)
        };
        if !is_right {
            wrong.push(format!("{}-{}/{word}: {codes:?}, exit {exit:?}", rule.code, rule.slug));
        }
    }
    if seen.len() != 2 {
        wrong
            .push(format!("{}-{} has one that fires and one that is silent", rule.code, rule.slug));
    }
    wrong
}

fn every_rule_fires_on_its_mistake_only(area: Area) {
    let cases = root().join("tests/cases").join(area.word());
    let mut wrong = Vec::new();
    let mut known = BTreeSet::new();
    for rule in rules::of(area) {
        let name = format!("{}-{}", rule.code, rule.slug);
        wrong.extend(complaints(rule, &cases.join(&name)));
        known.insert(name);
    }
    for entry in fs::read_dir(&cases).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("CS-") && !known.contains(&name) {
            wrong.push(format!("{name}: a case without a rule"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_about_packets_fires_on_its_mistake_only() {
    every_rule_fires_on_its_mistake_only(Area::Packet);
}

#[test]
fn every_rule_about_trust_fires_on_its_mistake_only() {
    every_rule_fires_on_its_mistake_only(Area::Trust);
}

/// A role that the trust root does not know, as `rollback` may ask for: anybody could take it.
#[test]
fn a_role_that_nobody_holds() {
    let specimen = specimen();
    let trust = TrustRoot::open(&specimen.trust, specimen::now()).unwrap();
    let name = format!("{PACKET}.sigstore.json");
    let mut bundles = vec![Bundle::parse(&specimen.files[&name]).unwrap()];
    bundles.push(Bundle::parse(&specimen.files[&format!("{name}l")]).unwrap());
    let open = |role: RoleName| open(&bundles, PAYLOAD_TYPE, role, &trust, specimen::now());
    assert_eq!(open(RoleName::RollbackApprover).unwrap_err().rule.code, "CS-TRUST-006");
    assert!(open(RoleName::Release).is_ok());
}
