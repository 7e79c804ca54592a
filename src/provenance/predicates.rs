//! The predicates that are known, and the fields that each must have.
//!
//! What is not listed here is read all the same: who signed it and what it is about holds for any
//! predicate. For what is listed, a required field that is missing makes the statement worthless.

use crate::document::{Node, Value};

/// One predicate.
#[derive(Debug)]
pub struct KnownPredicate {
    /// The `predicateType`, verbatim; several where the field writes several.
    pub types: &'static [&'static str],
    /// Its word in a payload type `application/vnd.in-toto.<word>+json` (attestation v1.2).
    pub word: &'static str,
    /// What it must hold. "Consumers MUST ignore unrecognized fields" (in-toto attestation v1,
    /// "Parsing rules"): fields that are not listed are not looked at.
    fields: &'static [Field],
}

/// A field by its path, names divided by `/`, and what it must be.
#[derive(Debug)]
struct Field(&'static str, Must);

/// What a field must be. SLSA v1.2: "unset, null, empty" are equivalent, so an empty required
/// field is a missing one.
#[derive(Debug)]
enum Must {
    /// Text that is not empty.
    Text,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A list, which may be empty.
    List,
    /// An object that is not empty.
    Object,
    /// An object that is not empty, or text that is not.
    Something,
    /// A list that is not empty, each of whose items has these fields.
    Some(&'static [Field]),
    /// A list whose items, if there are any, have these fields; it may be absent.
    Any(&'static [Field]),
    /// An in-toto ResourceDescriptor: one of `uri`, `digest` and `content`.
    Descriptor,
    /// A package URL with a version.
    Purl,
}

use Must::{Any, Descriptor, List, Object, OneOf, Purl, Some as Each, Something, Text};

/// The SLSA verification summary.
pub const VERIFICATION_SUMMARY: &str = "https://slsa.dev/verification_summary/v1";
/// The in-toto test result.
pub const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";
/// The in-toto release: text and examples of its specification disagree on the version.
pub const RELEASE: [&str; 2] =
    ["https://in-toto.io/attestation/release/v0.1", "https://in-toto.io/attestation/release/v0.2"];
/// npm's publish attestation.
pub const NPM_PUBLISH: &str = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1";

/// The table.
pub const KNOWN: &[KnownPredicate] = &[
    KnownPredicate {
        types: &["https://slsa.dev/provenance/v1"],
        word: "provenance",
        fields: &[
            Field("buildDefinition/buildType", Text),
            Field("buildDefinition/externalParameters", Object),
            Field("buildDefinition/resolvedDependencies", Any(&[Field("", Descriptor)])),
            Field("runDetails/builder/id", Text),
        ],
    },
    KnownPredicate {
        types: &["https://slsa.dev/provenance/v0.2"],
        word: "provenance",
        fields: &[Field("builder/id", Text), Field("buildType", Text)],
    },
    KnownPredicate {
        types: &[VERIFICATION_SUMMARY],
        word: "vsa",
        fields: &[
            Field("verifier/id", Text),
            Field("resourceUri", Text),
            Field("policy/uri", Text),
            Field("inputAttestations", Any(&[Field("digest", Object)])),
            Field("verificationResult", OneOf(&["PASSED", "FAILED"])),
            Field("verifiedLevels", List),
        ],
    },
    KnownPredicate {
        types: &[TEST_RESULT],
        word: "test-result",
        fields: &[
            Field("result", OneOf(&["PASSED", "WARNED", "FAILED"])),
            Field("configuration", List),
            Field("configuration", Any(&[Field("", Descriptor)])),
        ],
    },
    KnownPredicate { types: &RELEASE, word: "release", fields: &[Field("purl", Purl)] },
    KnownPredicate {
        types: &[
            "https://in-toto.io/attestation/svr/v0.2",
            "https://in-toto.io/attestation/svr/v0.1",
        ],
        word: "svr",
        fields: &[
            Field("verifier/id", Text),
            Field("verifier/policies", List),
            Field("timeCreated", Text),
            Field("properties", List),
        ],
    },
    KnownPredicate {
        types: &["https://in-toto.io/attestation/scai/v0.3"],
        word: "scai",
        fields: &[Field("attributes", Each(&[Field("attribute", Text)]))],
    },
    KnownPredicate {
        types: &["https://in-toto.io/attestation/vulns/v0.2"],
        word: "vulns",
        fields: &[
            Field("scanner/uri", Text),
            Field("scanner/db/lastUpdate", Text),
            Field("scanner/result", List),
            Field("scanner/result", Any(VULNERABILITY)),
            Field("metadata/scanStartedOn", Text),
            Field("metadata/scanFinishedOn", Text),
        ],
    },
    KnownPredicate {
        types: &[
            "https://in-toto.io/attestation/vulns/v0.1",
            "https://cosign.sigstore.dev/attestation/vuln/v1",
        ],
        word: "vulns",
        fields: &[
            Field("scanner/uri", Text),
            Field("scanner/result", Something),
            Field("metadata/scanFinishedOn", Text),
        ],
    },
    KnownPredicate {
        types: &["https://in-toto.io/attestation/link/v0.3"],
        word: "link",
        fields: &[
            Field("name", Text),
            Field("materials", Any(&[Field("name", Text), Field("digest", Object)])),
        ],
    },
    KnownPredicate {
        types: &["https://in-toto.io/Link/v1"],
        word: "link",
        fields: &[Field("name", Text)],
    },
    KnownPredicate {
        types: &["https://in-toto.io/attestation/reference/v0.1"],
        word: "reference",
        fields: &[Field("attester/id", Text), Field("references", Each(&[Field("", Descriptor)]))],
    },
    KnownPredicate {
        types: &["https://in-toto.io/attestation/runtime-trace/v0.1"],
        word: "runtime-trace",
        fields: &[
            Field("monitor/type", Text),
            Field("monitoredProcess", Object),
            Field("monitorLog", Object),
        ],
    },
    KnownPredicate { types: &["https://spdx.dev/Document/v2.3"], word: "spdx", fields: SPDX_2 },
    KnownPredicate {
        types: &["https://spdx.dev/Document/v3"],
        word: "spdx",
        fields: &[Field("@context", Something), Field("@graph", Each(&[]))],
    },
    // Without a version: what cosign and witness write. Which SPDX it is, the document says.
    KnownPredicate { types: &["https://spdx.dev/Document"], word: "spdx", fields: &[] },
    KnownPredicate {
        types: &["https://cyclonedx.org/bom", "https://cyclonedx.org/bom/v1.4"],
        word: "cyclonedx",
        fields: &[Field("bomFormat", OneOf(&["CycloneDX"])), Field("specVersion", Text)],
    },
    KnownPredicate {
        types: &["https://openvex.dev/ns/v0.2.0", "https://openvex.dev/ns"],
        word: "openvex",
        fields: &[
            Field("@context", Text),
            Field("@id", Text),
            Field("author", Text),
            Field("timestamp", Text),
            Field("version", Something),
            Field(
                "statements",
                Each(&[
                    Field("vulnerability", Something),
                    Field(
                        "status",
                        OneOf(&["not_affected", "affected", "fixed", "under_investigation"]),
                    ),
                ]),
            ),
        ],
    },
    KnownPredicate {
        types: &[NPM_PUBLISH],
        word: "publish",
        fields: &[Field("name", Text), Field("version", Text)],
    },
];

const VULNERABILITY: &[Field] = &[
    Field("id", Text),
    Field("severity", Any(&[Field("method", Text), Field("score", Something)])),
];

const SPDX_2: &[Field] = &[
    Field("spdxVersion", Text),
    Field("dataLicense", OneOf(&["CC0-1.0"])),
    Field("SPDXID", Text),
    Field("name", Text),
    Field("documentNamespace", Text),
    Field("creationInfo/created", Text),
    Field("creationInfo/creators", Each(&[])),
];

/// A field that is not what it must be: its pointer in the predicate, and what is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// The JSON Pointer of the field, below the predicate.
    pub pointer: String,
    /// What is expected there.
    pub expected: String,
}

/// Finds a predicate by its type, byte for byte.
#[must_use]
pub fn find(predicate_type: &str) -> Option<&'static KnownPredicate> {
    KNOWN.iter().find(|known| known.types.contains(&predicate_type))
}

/// Finds the known type that a text is a second spelling of: another case, a slash at the end,
/// `v1.0` for `v1`, `http` for `https`.
#[must_use]
pub fn second_spelling_of(predicate_type: &str) -> Option<&'static str> {
    let plain = plain(predicate_type);
    let mut all = KNOWN.iter().flat_map(|known| known.types).copied();
    if find(predicate_type).is_some() {
        return None;
    }
    all.find(|known| self::plain(known) == plain)
}

fn plain(text: &str) -> String {
    let lower = text.trim().trim_end_matches(['/', '#', '?']).to_lowercase();
    let lower =
        lower.strip_prefix("http://").map_or(lower.clone(), |rest| format!("https://{rest}"));
    let mut short = lower.as_str();
    while let Some(rest) = short.strip_suffix(".0") {
        short = rest;
    }
    short.to_owned()
}

impl KnownPredicate {
    /// Holds a predicate against the fields that it must have.
    ///
    /// # Errors
    ///
    /// The first field that is missing or is something else.
    pub fn check(&self, predicate: &Node) -> Result<(), FieldProblem> {
        check_fields(self.fields, predicate, "")?;
        if self.types == ["https://spdx.dev/Document"] {
            let version_3 = predicate.get("@graph").is_some();
            let fields = if version_3 { &[Field("@context", Something)][..] } else { SPDX_2 };
            return check_fields(fields, predicate, "");
        }
        if self.word == "openvex" {
            return check_vex(predicate);
        }
        Ok(())
    }
}

/// OpenVEX 0.2.0, "Status justifications": who says that a product is not affected says why.
fn check_vex(predicate: &Node) -> Result<(), FieldProblem> {
    let statements = predicate.get("statements").map(Node::items).unwrap_or_default();
    let unfounded = statements.iter().position(|statement| {
        let says = |key: &str| {
            statement.get(key).and_then(Node::as_str).is_some_and(|text| !text.is_empty())
        };
        statement.get("status").and_then(Node::as_str) == Some("not_affected")
            && !says("justification")
            && !says("impact_statement")
    });
    match unfounded {
        None => Ok(()),
        Some(index) => Err(FieldProblem {
            pointer: format!("/statements/{index}/justification"),
            expected: "a justification or an impact statement for `not_affected`".to_owned(),
        }),
    }
}

fn check_fields(fields: &[Field], node: &Node, at: &str) -> Result<(), FieldProblem> {
    fields.iter().try_for_each(|Field(path, must)| {
        let pointer = if path.is_empty() { at.to_owned() } else { format!("{at}/{path}") };
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let found = parts.try_fold(node, Node::get);
        check_field(must, found, pointer)
    })
}

fn check_field(must: &Must, found: Option<&Node>, pointer: String) -> Result<(), FieldProblem> {
    let text = found.and_then(Node::as_str).filter(|text| !text.is_empty());
    let is_list = found.is_some_and(|node| matches!(node.value, Value::Sequence(_)));
    let items = found.map(Node::items).unwrap_or_default();
    let (holds, expected) = match must {
        Text => (text.is_some(), "text".to_owned()),
        OneOf(words) => (
            text.is_some_and(|text| words.contains(&text)),
            format!("one of `{}`", words.join("`, `")),
        ),
        List => (is_list, "a list".to_owned()),
        Object => (
            found.is_some_and(|node| !node.entries().is_empty()),
            "an object that is not empty".to_owned(),
        ),
        Something => (found.is_some_and(is_something), "a value that is not empty".to_owned()),
        Each(_) => (!items.is_empty(), "a list that is not empty".to_owned()),
        Any(_) => {
            let absent = found.is_none_or(|node| node.value == Value::Null);
            (absent || is_list, "a list".to_owned())
        }
        Descriptor => (
            found.is_some_and(|node| {
                ["uri", "digest", "content"]
                    .iter()
                    .any(|key| node.get(key).is_some_and(is_something))
            }),
            "one of `uri`, `digest` and `content`".to_owned(),
        ),
        Purl => (text.and_then(purl).is_some(), "a package URL with a version".to_owned()),
    };
    if !holds {
        return Err(FieldProblem { pointer, expected });
    }
    if let Each(fields) | Any(fields) = must {
        for (index, item) in items.iter().enumerate() {
            check_fields(fields, item, &format!("{pointer}/{index}"))?;
        }
    }
    Ok(())
}

fn is_something(node: &Node) -> bool {
    match &node.value {
        Value::Null => false,
        Value::String(text) | Value::Ambiguous(text, _) => !text.is_empty(),
        Value::Sequence(items) => !items.is_empty(),
        Value::Mapping(entries) => !entries.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Tagged(..) => true,
    }
}

/// Takes name and version from a package URL: `pkg:type/namespace/name@version?qualifiers#path`.
#[must_use]
pub fn purl(text: &str) -> Option<(&str, &str)> {
    let path = text.strip_prefix("pkg:")?;
    let path = path.split(['?', '#']).next()?;
    let (path, version) = path.rsplit_once('@')?;
    let (_, name) = path.rsplit_once('/')?;
    (!name.is_empty() && !version.is_empty()).then_some((name, version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Limits, parse_json};

    fn problem(predicate_type: &str, text: &str) -> Option<String> {
        let node = parse_json(text.as_bytes(), Limits::GOVERNED).unwrap();
        find(predicate_type).unwrap().check(&node).err().map(|problem| problem.pointer)
    }

    /// A sound predicate of each kind, and the pointers whose loss must be noticed.
    const SOUND: &[(&str, &str, &[&str])] = &[
        (
            "https://slsa.dev/provenance/v1",
            r#"{"buildDefinition": {"buildType": "b", "externalParameters": {"a": 1}}, "runDetails": {"builder": {"id": "i"}}}"#,
            &["buildType", "externalParameters", "id", "builder", "runDetails"],
        ),
        (
            "https://slsa.dev/provenance/v0.2",
            r#"{"builder": {"id": "i"}, "buildType": "b"}"#,
            &["id", "buildType"],
        ),
        (
            VERIFICATION_SUMMARY,
            r#"{"verifier": {"id": "v"}, "resourceUri": "r", "policy": {"uri": "p"}, "inputAttestations": [{"digest": {"sha256": "d"}}], "verificationResult": "PASSED", "verifiedLevels": []}"#,
            &["id", "resourceUri", "uri", "digest", "verificationResult", "verifiedLevels"],
        ),
        (
            TEST_RESULT,
            r#"{"result": "PASSED", "configuration": [{"uri": "u"}]}"#,
            &["result", "configuration", "uri"],
        ),
        (RELEASE[0], r#"{"purl": "pkg:npm/%40a/b@1.0.0"}"#, &["purl"]),
        (
            "https://in-toto.io/attestation/svr/v0.2",
            r#"{"verifier": {"id": "v", "policies": []}, "timeCreated": "t", "properties": []}"#,
            &["id", "policies", "timeCreated", "properties"],
        ),
        (
            "https://in-toto.io/attestation/scai/v0.3",
            r#"{"attributes": [{"attribute": "a"}]}"#,
            &["attributes", "attribute"],
        ),
        (
            "https://in-toto.io/attestation/vulns/v0.2",
            r#"{"scanner": {"uri": "u", "db": {"lastUpdate": "t"}, "result": [{"id": "CVE", "severity": [{"method": "m", "score": "1"}]}]}, "metadata": {"scanStartedOn": "t", "scanFinishedOn": "t"}}"#,
            &[
                "uri",
                "lastUpdate",
                "result",
                "id",
                "method",
                "score",
                "scanStartedOn",
                "scanFinishedOn",
            ],
        ),
        (
            "https://cosign.sigstore.dev/attestation/vuln/v1",
            r#"{"scanner": {"uri": "u", "result": {"a": 1}}, "metadata": {"scanFinishedOn": "t"}}"#,
            &["uri", "result", "scanFinishedOn"],
        ),
        (
            "https://in-toto.io/attestation/link/v0.3",
            r#"{"name": "n", "materials": [{"name": "m", "digest": {"sha256": "d"}}]}"#,
            &["digest"],
        ),
        ("https://in-toto.io/Link/v1", r#"{"name": "n"}"#, &["name"]),
        (
            "https://in-toto.io/attestation/reference/v0.1",
            r#"{"attester": {"id": "a"}, "references": [{"uri": "u"}]}"#,
            &["id", "references", "uri"],
        ),
        (
            "https://in-toto.io/attestation/runtime-trace/v0.1",
            r#"{"monitor": {"type": "t"}, "monitoredProcess": {"hostID": "h"}, "monitorLog": {"process": []}}"#,
            &["type", "monitoredProcess", "monitorLog"],
        ),
        (
            "https://spdx.dev/Document",
            r#"{"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "S", "name": "n", "documentNamespace": "d", "creationInfo": {"created": "t", "creators": ["c"]}}"#,
            &[
                "spdxVersion",
                "dataLicense",
                "SPDXID",
                "name",
                "documentNamespace",
                "created",
                "creators",
            ],
        ),
        (
            "https://spdx.dev/Document/v3",
            r#"{"@context": "c", "@graph": [{}]}"#,
            &["@context", "@graph"],
        ),
        (
            "https://cyclonedx.org/bom",
            r#"{"bomFormat": "CycloneDX", "specVersion": "1.6"}"#,
            &["bomFormat", "specVersion"],
        ),
        (
            "https://openvex.dev/ns/v0.2.0",
            r#"{"@context": "c", "@id": "i", "author": "a", "timestamp": "t", "version": 1, "statements": [{"vulnerability": {"name": "v"}, "status": "not_affected", "justification": "j"}]}"#,
            &[
                "@context",
                "@id",
                "author",
                "timestamp",
                "version",
                "vulnerability",
                "status",
                "justification",
            ],
        ),
        (NPM_PUBLISH, r#"{"name": "n", "version": "1"}"#, &["name", "version"]),
    ];

    #[test]
    fn each_required_field_is_missed() {
        for (predicate_type, sound, required) in SOUND {
            assert_eq!(problem(predicate_type, sound), None, "{predicate_type}");
            for field in *required {
                let changed = sound.replacen(&format!("\"{field}\":"), "\"other\":", 1);
                assert_ne!(&changed, sound, "{predicate_type} {field}");
                assert!(problem(predicate_type, &changed).is_some(), "{predicate_type} {field}");
            }
            let more = sound.replacen('{', "{\"unknown\": [], ", 1);
            assert_eq!(problem(predicate_type, &more), None, "{predicate_type}");
            for other in ["null", "[]", "{}", "\"text\"", "1"] {
                assert!(problem(predicate_type, other).is_some(), "{predicate_type} {other}");
            }
        }
    }

    #[test]
    fn second_spellings_are_seen_and_others_left_alone() {
        let right = "https://slsa.dev/provenance/v1";
        for near in [
            "https://slsa.dev/provenance/v1.0",
            "https://slsa.dev/provenance/v1/",
            "https://slsa.dev/provenance/V1",
            "http://slsa.dev/provenance/v1",
            "HTTPS://slsa.dev/provenance/v1",
            " https://slsa.dev/provenance/v1",
        ] {
            assert_eq!(second_spelling_of(near), Some(right), "{near}");
        }
        for other in [right, "https://slsa.dev/provenance/v2", "https://example.com/x/v1", ""] {
            assert_eq!(second_spelling_of(other), None, "{other}");
        }
    }

    #[test]
    fn package_urls_name_a_package_and_a_version() {
        assert_eq!(purl("pkg:npm/%40scope/a@1.0.0?x=y#z"), Some(("a", "1.0.0")));
        assert_eq!(purl("pkg:generic/lantern@0.3.0"), Some(("lantern", "0.3.0")));
        for wrong in ["pkg:npm/a", "npm/a@1", "pkg:npm/a@", "pkg:@1", "pkg:npm/@1", ""] {
            assert_eq!(purl(wrong), None, "{wrong}");
        }
    }
}
