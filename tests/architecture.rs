//! The house keeps its call order: a room names what stands to its right and nothing to its left.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from left to right; the leaves share one place.
const ROOMS: [&[&str]; 7] = [
    &["pipeline"],
    &["validator"],
    &["packet"],
    &["provenance"],
    &["trust"],
    &["finding"],
    &["digest", "path", "time", "version", "json", "document", "tree"],
];

/// Which file alone may name a crate.
const NAMED_IN: &[(&str, &[&str])] = &[
    ("aws_lc_rs::", &["trust/key.rs"]),
    ("ed25519_dalek::", &["trust/key.rs"]),
    ("pkcs8::", &["trust/key.rs", "trust/pem.rs"]),
    ("blake2::", &["trust/minisign.rs"]),
    ("base64::Engine", &["trust/base64.rs"]),
    ("flate2::", &["packet/archive/read.rs", "packet/archive/write.rs", "packet/foreign.rs"]),
    ("tar::", &["packet/foreign.rs"]),
    ("sha2::", &["digest.rs"]),
    ("jiff::", &["time.rs"]),
    ("semver::", &["version.rs"]),
    ("jsonschema::", &["document/schema.rs"]),
    ("promql_parser::", &["validator/observe/promql.rs"]),
    ("saphyr_parser::", &["document/yaml.rs"]),
    ("rustix::", &["cli/stdout.rs", "tree/*"]),
    ("sigstore_trust_root::", &["trust/sigstore/*"]),
    ("sigstore_types::", &["trust/sigstore/*"]),
    ("sigstore_verify::", &["trust/sigstore/*"]),
    ("ureq::", &["cli/network.rs"]),
    ("rustls::", &["cli/network.rs"]),
    ("x509_cert::", &["trust/certificate.rs"]),
];

fn sources(below: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
}

fn library() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    files
        .into_iter()
        .map(|file| {
            let name = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            (name, code_of(&fs::read_to_string(&file).unwrap()))
        })
        .collect()
}

/// The code without comments: words about a room are no calls into it.
fn code_of(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn place_of(room: &str) -> Option<usize> {
    ROOMS.iter().position(|rooms| rooms.contains(&room))
}

fn room_of(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap()
}

/// Every `crate::room` in a text, also those in a `crate::{a, b::c}` list.
fn rooms_named(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let word = |text: &str| -> String {
            text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
        };
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut first = true;
            for (index, character) in list.char_indices() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => first = true,
                    c if c.is_alphabetic() && first => {
                        rooms.push(word(&list[index..]));
                        first = false;
                    }
                    _ => {}
                }
            }
        } else {
            rooms.push(word(rest));
        }
    }
    rooms
}

#[test]
fn calls_go_to_the_right() {
    let mut wrong = Vec::new();
    for (file, code) in library() {
        let Some(own) = place_of(room_of(&file)) else { continue };
        for named in rooms_named(&code) {
            if place_of(&named).is_some_and(|place| place < own) {
                wrong.push(format!("{file} names {named}, which stands to its left"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_has_a_place() {
    for (file, _) in library() {
        let room = room_of(&file);
        let known = place_of(room).is_some() || ["main", "lib", "cli", "manual"].contains(&room);
        assert!(known, "{file} lies in no room");
    }
}

#[test]
fn only_the_command_line_prints_reads_the_environment_or_exits() {
    for (file, code) in library() {
        if file.starts_with("cli/") || file == "main.rs" {
            continue;
        }
        let code = code.split("#[cfg(test)]").next().unwrap();
        for forbidden in [
            "std::env",
            "println!",
            "eprintln!",
            "process::exit",
            "SystemTime",
            "std::net",
            "Command::new",
        ] {
            assert!(!code.contains(forbidden), "{file} uses {forbidden}");
        }
    }
}

#[test]
fn each_dependency_has_its_file() {
    for (file, code) in library() {
        for (name, allowed) in NAMED_IN {
            let code = code.split("#[cfg(test)]").next().unwrap();
            let named = code.match_indices(name).any(|(at, _)| {
                !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
            });
            let allowed = allowed.iter().any(|place| match place.strip_suffix('*') {
                Some(folder) => file.starts_with(folder),
                None => file == *place,
            });
            assert!(!named || allowed, "{file} names {name}");
        }
    }
}

#[test]
fn generic_values_stay_in_their_leaves() {
    for (file, code) in library() {
        let allowed = ["json/mod.rs", "document/schema.rs"].contains(&file.as_str());
        assert!(allowed || !code.contains("serde_json::"), "{file} names serde_json");
    }
}

#[test]
fn one_line_is_unsafe_and_none_in_the_library() {
    let lib = library().into_iter().find(|(file, _)| file == "lib.rs").unwrap().1;
    assert!(lib.contains("#![forbid(unsafe_code)]"));
    for (file, code) in library() {
        let code: String = code.split_whitespace().collect();
        let expected = usize::from(file == "cli/stdout.rs");
        assert_eq!(code.matches("#[unsafe(").count(), expected, "{file}");
        assert_eq!(code.matches("expect(unsafe_code").count(), expected, "{file}");
        assert!(!code.contains("allow(unsafe") && !code.contains("unsafe{"), "{file}");
    }
}

#[test]
fn main_is_one_statement() {
    let main = library().into_iter().find(|(file, _)| file == "main.rs").unwrap().1;
    let body = main.split_once('{').unwrap().1;
    assert_eq!(body.matches(';').count(), 0);
    assert_eq!(body.trim().trim_end_matches('}').trim().lines().count(), 1);
}

#[test]
fn the_guard_sees_a_call_to_the_left() {
    assert_eq!(
        rooms_named("use crate::{digest, trust::{a, b}, finding};"),
        ["digest", "trust", "finding"]
    );
    assert_eq!(rooms_named("crate::packet::pack()"), ["packet"]);
    assert!(place_of("pipeline").unwrap() < place_of("trust").unwrap());
}

#[test]
fn the_manual_names_every_dependency_and_no_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (_, rest) = manifest.split_once("\n[dependencies]\n").unwrap();
    let (section, _) = rest.split_once("\n[features]").unwrap();
    let mut named: Vec<&str> = section
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
        .map(|line| line.split(" =").next().unwrap())
        .collect();
    named.sort_unstable();
    let chapter = fs::read_to_string(root.join("src/manual/dependencies.md")).unwrap();
    let first = |row: &str| row.split('|').nth(1).unwrap().to_owned();
    let rows: Vec<String> =
        chapter.lines().filter(|row| row.starts_with("| `")).map(first).collect();
    let mut told: Vec<&str> =
        rows.iter().flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    told.sort_unstable();
    assert_eq!(told, named);
}
