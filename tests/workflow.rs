//! CI workflows as signers: published bundles against the five parts that are expected.

use countersign::trust::sigstore::Identity;
use countersign::trust::{WorkflowDocument, WorkflowIdentity};

use crate::sigstore::{Case, ISSUER, NAME, verify_blob};

/// Cases by certificate: bundles v0.2 and v0.3, message and statement, log versions 1 and 2.
const CERTIFIED: [&str; 4] =
    ["happy-path-v0.2", "happy-path-v0.3", "happy-path-intoto-in-dsse-v3", "rekor2-happy-path"];
const SOURCE: &str =
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon";

/// The workflow that made the published bundles, as `NAME` has it in one text.
fn beacon() -> WorkflowDocument {
    WorkflowDocument {
        host: "github.com".to_owned(),
        owner: "sigstore-conformance".to_owned(),
        repository: "extremely-dangerous-public-oidc-beacon".to_owned(),
        workflow: ".github/workflows/extremely-dangerous-oidc-beacon.yml".to_owned(),
        reference: "refs/heads/main".to_owned(),
        ..WorkflowDocument::default()
    }
}

fn code(
    name: &str,
    issuer: &str,
    change: impl FnOnce(&mut WorkflowDocument),
) -> Option<&'static str> {
    let mut document = beacon();
    change(&mut document);
    let workflow = WorkflowIdentity::try_from(document).unwrap();
    let mut case = Case::of(name);
    case.identity = Identity::Workflow { workflow, issuer: issuer.to_owned() };
    case.code()
}

#[test]
fn the_workflow_that_signed_is_accepted() {
    for name in CERTIFIED {
        assert_eq!(code(name, ISSUER, |_| {}), None, "{name}");
        for reference in ["refs/heads/m*n", "refs/heads/main*", "refs/heads/*main"] {
            let accepted = code(name, ISSUER, |one| one.reference = reference.to_owned());
            assert_eq!(accepted, None, "{name} {reference}");
        }
    }
}

// P01, P02, P04: on every path, one part at a time.
#[test]
fn a_workflow_that_differs_in_one_part_is_refused() {
    type Change = fn(&mut WorkflowDocument);
    let changes: [Change; 11] = [
        |one| one.host = "github.co".to_owned(),
        |one| one.host = "githubxcom".to_owned(),
        |one| one.owner = "sigstore".to_owned(),
        |one| one.owner = "Sigstore-conformance".to_owned(),
        |one| one.repository = "extremely-dangerous-public-oidc-beacon-evil".to_owned(),
        |one| one.repository = "extremely-dangerous-public-oidc".to_owned(),
        |one| one.workflow = ".github/workflows/beacon.yml".to_owned(),
        |one| one.workflow = ".github/workflows/extremely-dangerous-oidc-beacon.yaml".to_owned(),
        |one| one.reference = "refs/tags/main".to_owned(),
        |one| one.reference = "refs/heads/main2".to_owned(),
        |one| one.reference = "refs/heads/main/*".to_owned(),
    ];
    for name in CERTIFIED {
        for (index, change) in changes.into_iter().enumerate() {
            assert_eq!(code(name, ISSUER, change), Some("CS-TRUST-022"), "{name} {index}");
        }
        for issuer in ["https://gitlab.com", "https://token.actions.githubusercontent.com/"] {
            assert_eq!(code(name, issuer, |_| {}), Some("CS-TRUST-022"), "{name} {issuer}");
        }
    }
}

#[test]
fn what_else_the_certificate_must_say_is_compared_in_full() {
    type Change = fn(&mut WorkflowDocument);
    let right: [Change; 2] = [
        |one| one.source_repository = Some(SOURCE.to_owned()),
        |one| one.source_ref = Some("refs/heads/main".to_owned()),
    ];
    let wrong: [Change; 4] = [
        |one| one.source_repository = Some(format!("{SOURCE}-evil")),
        |one| one.source_repository = Some("https://github.com/sigstore-conformance".to_owned()),
        |one| one.source_ref = Some("refs/heads/*".to_owned()),
        |one| one.run_invocation = Some(format!("{SOURCE}/actions/runs/1/attempts/1")),
    ];
    for name in CERTIFIED {
        for change in right {
            assert_eq!(code(name, ISSUER, change), None, "{name}");
        }
        for change in wrong {
            assert_eq!(code(name, ISSUER, change), Some("CS-TRUST-022"), "{name}");
        }
    }
}

#[test]
fn a_workflow_has_no_key() {
    let refused = code("managed-key-happy-path", ISSUER, |_| {});
    assert_eq!(refused, Some("CS-TRUST-022"));
}

#[test]
fn a_document_with_an_unknown_field_or_without_a_reference_names_nobody() {
    let parts =
        r#""host":"github.com","owner":"a","repository":"b","workflow":".github/workflows/c.yml""#;
    let read = |text: String| serde_json::from_str::<WorkflowIdentity>(&text);
    let sound = read(format!(r#"{{{parts},"reference":"refs/tags/v*"}}"#)).unwrap();
    let again = read(serde_json::to_string(&sound).unwrap()).unwrap();
    assert_eq!(sound, again);
    for rest in [
        "",
        r#","reference":null"#,
        r#","reference":"*""#,
        r#","reference":"refs/heads/*""#,
        r#","reference":"refs/tags/v?""#,
        r#","reference":"refs/tags/v1","refernce":"x""#,
    ] {
        assert!(read(format!("{{{parts}{rest}}}")).is_err(), "{rest}");
    }
}

const FLAGS: [[&str; 2]; 5] = [
    ["--certificate-workflow-host", "github.com"],
    ["--certificate-workflow-owner", "sigstore-conformance"],
    ["--certificate-workflow-repository", "extremely-dangerous-public-oidc-beacon"],
    ["--certificate-workflow-file", ".github/workflows/extremely-dangerous-oidc-beacon.yml"],
    ["--certificate-workflow-ref", "refs/heads/ma*"],
];
const BUNDLE: [&str; 4] =
    ["--bundle", "happy-path-v0.3/bundle.sigstore.json", "--trusted-root", "trusted_root.json"];

/// Runs the command and returns its exit code with all it says.
fn run(parts: &[&[&str]]) -> (Option<i32>, String) {
    let output = verify_blob(&parts.concat());
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn the_command_takes_all_five_parts_and_says_them() {
    let issuer = ["--certificate-oidc-issuer", ISSUER];
    let flags = FLAGS.concat();
    let (code, text) = run(&[&BUNDLE, &flags, &issuer, &["--verbose"]]);
    assert_eq!(code, Some(0), "{text}");
    let row = text.lines().find(|line| line.contains("ok   identity")).unwrap();
    for part in FLAGS.iter().map(|[_, part]| *part).chain([NAME, ISSUER]) {
        assert!(row.contains(part), "{part}: {row}");
    }
    let source = ["--certificate-source-repository", SOURCE];
    assert_eq!(run(&[&BUNDLE, &flags, &issuer, &source]).0, Some(0));
    let source = ["--certificate-source-repository", "https://github.com/acme/app"];
    let (code, text) = run(&[&BUNDLE, &flags, &issuer, &source]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("CS-TRUST-022") && !text.contains("ok   "), "{text}");
}

#[test]
fn a_part_that_is_missing_or_a_second_signer_is_a_usage_error() {
    let issuer = ["--certificate-oidc-issuer", ISSUER];
    let flags = FLAGS.concat();
    for missing in 0..FLAGS.len() {
        let mut left = FLAGS.to_vec();
        let [flag, _] = left.remove(missing);
        let (code, text) = run(&[&BUNDLE, &left.concat(), &issuer]);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains(flag), "{text}");
    }
    let name = ["--certificate-identity", NAME];
    let key = ["--key", "managed-key-happy-path/key.pub"];
    let source = ["--certificate-source-ref", "refs/heads/main"];
    let cases: [&[&[&str]]; 7] = [
        &[&BUNDLE, &flags],
        &[&BUNDLE, &flags, &issuer, &name],
        &[&BUNDLE, &flags, &issuer, &key],
        &[&BUNDLE, &flags, &key],
        &[&BUNDLE, &issuer],
        &[&BUNDLE, &source, &issuer],
        &[&BUNDLE[..2], &flags, &issuer],
    ];
    for (index, case) in cases.into_iter().enumerate() {
        assert_eq!(run(case).0, Some(2), "{index}");
    }
}

// P01, P02, U08: what would make the identity loose does not exist.
#[test]
fn no_flag_takes_a_pattern_over_the_whole_name() {
    let issuer = ["--certificate-oidc-issuer", ISSUER];
    for loose in ["--certificate-identity-regexp", "--certificate-oidc-issuer-regexp"] {
        let (code, text) = run(&[&BUNDLE, &issuer, &[loose, ".*"]]);
        assert_eq!(code, Some(2), "{text}");
    }
    for reference in ["*", "refs/heads/*", "refs/heads/**", "refs/heads/mai?", "^refs/heads/main$"]
    {
        let flags = FLAGS[..4].concat();
        let last = ["--certificate-workflow-ref", reference];
        let (code, text) = run(&[&BUNDLE, &flags, &last, &issuer]);
        assert_eq!(code, Some(2), "{reference}: {text}");
    }
}
