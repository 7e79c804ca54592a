//! Image references: a table of what the distribution grammar says, and the tags that move.
//!
//! Rows without a `domain` are refused. `tests/interop/references.py` holds the same table against
//! other people's parsers.

use std::fs;
use std::path::Path;

use countersign::document::{Limits, Node, parse_json};
use countersign::validator::image::{ImageDigest, ImageProblem, ImageReference, is_template};

#[test]
fn references_are_read_as_the_grammar_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stack/image-references.json");
    let table = parse_json(&fs::read(path).unwrap(), Limits::GOVERNED).unwrap();
    assert!(table.items().len() >= 60);
    for row in table.items() {
        let text = |key: &str| row.get(key).and_then(Node::as_str);
        let reference = text("reference").unwrap();
        let parsed = reference.parse::<ImageReference>();
        let Some(domain) = text("domain") else {
            assert!(parsed.is_err(), "{reference:?} is no reference: {parsed:?}");
            continue;
        };
        let parsed = parsed.unwrap_or_else(|problem| panic!("{reference:?}: {problem}"));
        assert_eq!(parsed.domain(), domain, "{reference}");
        assert_eq!(Some(parsed.path()), text("path"), "{reference}");
        assert_eq!(parsed.tag(), text("tag"), "{reference}");
        let digest = parsed.digest().map(ImageDigest::to_string);
        assert_eq!(digest.as_deref(), text("digest"), "{reference}");
        assert_eq!(parsed.to_string().parse(), Ok(parsed), "{reference} is written as it is read");
    }
}

#[test]
fn a_refusal_says_which_part_is_wrong() {
    for (reference, problem) in [
        ("", ImageProblem::Empty),
        ("Redis", ImageProblem::UpperCase),
        ("redis:.7", ImageProblem::Tag),
        ("redis@sha256:12", ImageProblem::Digest),
        ("a//b", ImageProblem::Name),
    ] {
        assert_eq!(reference.parse::<ImageReference>(), Err(problem), "{reference}");
    }
    assert_eq!("0".repeat(64).parse::<ImageReference>(), Err(ImageProblem::Identifier));
    assert_eq!("a".repeat(256).parse::<ImageReference>(), Err(ImageProblem::TooLong));
}

#[test]
fn moving_tags_are_told_from_versions() {
    for (tag, moves) in [
        ("latest", true),
        ("latest-debian", true),
        ("stable", true),
        ("7", true),
        ("7-alpine", true),
        ("v1", true),
        ("1.27", false),
        ("7.4.2-alpine", false),
        ("20240613", false),
        ("nonroot", false),
    ] {
        let image: ImageReference = format!("redis:{tag}").parse().unwrap();
        assert_eq!(image.has_moving_tag(), moves, "{tag}");
    }
}

#[test]
fn what_still_has_to_be_filled_in_is_a_template() {
    for text in ["${IMAGE}", "redis:$TAG", "{{ .Values.image }}", "<registry>/api"] {
        assert!(is_template(text), "{text}");
    }
    assert!(!is_template("redis:7.4.2"));
}
