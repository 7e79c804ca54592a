//! RB06: what a scan finds and what VEX says of it. Each statement is tried alone beside a critical
//! finding, and without one.

use countersign::Verdict;
use countersign::finding::Status;
use countersign::validator::rollback::Question;
use countersign::validator::vex::Rating;

use super::pair::{self, Pair};
use super::{ask, open};

const JUSTIFIED: &str =
    r#""status": "not_affected", "justification": "vulnerable_code_not_in_execute_path""#;
const AFFECTED: &str = r#""status": "affected", "action_statement": "update""#;

fn status(edit: impl FnOnce(&mut Question<'_>)) -> (Verdict, Option<Status>, String) {
    let pair = Pair::new();
    let (verdict, readiness) = ask(&pair, edit);
    let row = readiness.checks.iter().find(|row| row.check == "RB06").unwrap();
    let others = open(&readiness).into_iter().filter(|(name, _)| *name != "RB06").count();
    assert_eq!(others, 0, "{:?}", open(&readiness));
    (verdict, Some(row.status), row.detail.clone())
}

/// The target has a critical finding, and this is said.
fn with_finding(product: &str, rest: &str) -> Verdict {
    status(|question| {
        pair::found(question, "CVE-2026-1", Rating::Critical);
        pair::said(question, product, rest);
    })
    .0
}

#[test]
fn a_justified_statement_about_this_digest_settles_a_finding() {
    let product = pair::target_product();
    for rest in [
        JUSTIFIED,
        r#""status": "not_affected", "impact_statement": "the parser is compiled out""#,
        r#""status": "fixed", "status_notes": "backported in 3.0.1+deb12u2""#,
    ] {
        assert_eq!(with_finding(&product, rest), Verdict::Ready, "{rest}");
    }
    let (_, _, detail) = status(|question| {
        pair::found(question, "CVE-2026-1", Rating::High);
        pair::said(question, &product, JUSTIFIED);
    });
    assert!(detail.contains("1 findings settled by VEX"), "{detail}");
}

#[test]
fn a_statement_that_does_not_say_why_settles_nothing() {
    let product = pair::target_product();
    for rest in [
        r#""status": "not_affected""#,
        r#""status": "not_affected", "justification": "trust me""#,
        r#""status": "not_affected", "impact_statement": " ""#,
        r#""status": "fixed""#,
        r#""status": "not_affected", "status_notes": "will look""#,
    ] {
        assert_eq!(with_finding(&product, rest), Verdict::Blocked, "{rest}");
    }
}

#[test]
fn a_statement_about_something_else_settles_nothing() {
    let other = pair::digest("packet of 0.3.0");
    for product in [
        format!(r#"{{"@id": "pkg:generic/lantern@0.2.0", "hashes": {{"sha-256": "{other}"}}}}"#),
        format!(r#""pkg:oci/lantern@sha256:{other}""#),
        // A name binds nothing.
        r#""pkg:generic/lantern@0.2.0""#.to_owned(),
        r#""pkg:deb/debian/openssl@3.0.1""#.to_owned(),
    ] {
        assert_eq!(with_finding(&product, JUSTIFIED), Verdict::Blocked, "{product}");
    }
    // Another vulnerability.
    let (verdict, ..) = status(|question| {
        pair::found(question, "CVE-2026-2", Rating::Critical);
        pair::said(question, &pair::target_product(), JUSTIFIED);
    });
    assert_eq!(verdict, Verdict::Blocked);
    // Another component of the same product.
    let packet = pair::digest("packet of 0.2.0");
    let of_component = |package: &str| {
        let hashes = format!(r#""hashes": {{"sha-256": "{packet}"}}"#);
        format!(r#"{{"@id": "lantern", {hashes}, "subcomponents": [{{"@id": "{package}"}}]}}"#)
    };
    let zlib = of_component("pkg:deb/debian/zlib1g@1.2");
    assert_eq!(with_finding(&zlib, JUSTIFIED), Verdict::Blocked);
    let openssl = of_component("pkg:deb/debian/openssl@3.0.1?distro=debian-12");
    assert_eq!(with_finding(&openssl, JUSTIFIED), Verdict::Ready);
}

/// A release runs several images: what is said of one says nothing of a finding in another.
#[test]
fn a_statement_about_one_artifact_settles_only_what_was_found_in_it() {
    let verdict = |found_in: fn(&Question<'_>) -> Option<countersign::Digest>| {
        status(|question| {
            pair::found(question, "CVE-2026-1", Rating::Critical);
            question.evidence.scans[0].value.findings[0].found_in = found_in(question);
            let artifact = question.target.manifest.artifacts[0].sha256;
            pair::said(question, &format!(r#""pkg:oci/x@sha256:{artifact}""#), JUSTIFIED);
        })
        .0
    };
    assert_eq!(verdict(|q| Some(q.target.manifest.artifacts[0].sha256)), Verdict::Ready);
    assert_eq!(verdict(|q| Some(q.target.manifest.artifacts[1].sha256)), Verdict::Blocked);
    assert_eq!(verdict(|_| None), Verdict::Blocked);
}

#[test]
fn a_bare_count_cannot_be_settled() {
    let (verdict, ..) = status(|question| {
        pair::found(question, "CVE-2026-1", Rating::Critical);
        question.evidence.scans[0].value.critical = 2;
        pair::said(question, &pair::target_product(), JUSTIFIED);
    });
    assert_eq!(verdict, Verdict::Blocked);
}

#[test]
fn the_later_word_counts_and_of_two_at_once_the_worse() {
    let product = pair::target_product();
    let at = |time: &str, rest: &str| format!(r#""timestamp": "{time}", {rest}"#);
    let both = |first: &str, second: &str| {
        status(|question| {
            pair::found(question, "CVE-2026-1", Rating::Critical);
            pair::said(question, &product, first);
            pair::said(question, &product, second);
        })
        .0
    };
    let early = "2026-11-20T00:00:00Z";
    let late = "2026-11-23T00:00:00Z";
    assert_eq!(both(&at(early, AFFECTED), &at(late, JUSTIFIED)), Verdict::Ready);
    assert_eq!(both(&at(late, AFFECTED), &at(early, JUSTIFIED)), Verdict::Blocked);
    assert_eq!(both(&at(late, JUSTIFIED), &at(late, AFFECTED)), Verdict::Blocked);
    // What will only be said tomorrow helps nobody today.
    assert_eq!(with_finding(&product, &at("2026-11-24T09:00:01Z", JUSTIFIED)), Verdict::Blocked);
    // A later one without a reason takes nothing back.
    let bare = at(late, r#""status": "not_affected""#);
    assert_eq!(both(&at(early, JUSTIFIED), &bare), Verdict::Ready);
}

#[test]
fn what_no_scan_has_found_counts_when_it_is_said() {
    let said = |product: &str, rest: &str| status(|question| pair::said(question, product, rest));
    let investigated = r#""status": "under_investigation""#;
    // By the digest of the target, by its name, and by a package of its bill of materials.
    let component = pair::digest("component");
    for product in [
        pair::target_product(),
        r#""pkg:generic/lantern@0.2.0""#.to_owned(),
        r#""pkg:deb/debian/openssl@3.0.1?arch=arm64""#.to_owned(),
        format!(r#"{{"@id": "x", "hashes": {{"sha-256": "{component}"}}}}"#),
    ] {
        for rest in [investigated, AFFECTED] {
            let (verdict, status, detail) = said(&product, rest);
            assert_eq!((verdict, status), (Verdict::Unknown, Some(Status::Unknown)), "{product}");
            assert!(detail.contains("CVE-2026-1"), "{detail}");
        }
    }
    for product in [
        r#""pkg:generic/lantern@0.3.0""#.to_owned(),
        r#""pkg:deb/debian/openssl@3.0.2""#.to_owned(),
        format!(r#""pkg:oci/lantern@sha256:{}""#, pair::digest("another")),
    ] {
        assert_eq!(said(&product, AFFECTED).0, Verdict::Ready, "{product}");
    }
}

/// CycloneDX rates what it lists.
#[test]
fn cyclonedx_says_how_severe_it_is() {
    let said = |rating: &str, analysis: &str| {
        let packet = pair::digest("packet of 0.2.0");
        let text = format!(
            r#"{{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
            "metadata": {{"timestamp": "2026-11-24T06:00:00Z", "component": {{"bom-ref": "lantern",
              "hashes": [{{"alg": "SHA-256", "content": "{packet}"}}]}}}},
            "vulnerabilities": [{{"id": "CVE-2026-7", "ratings": [{{"severity": "{rating}"}}],
              "analysis": {{{analysis}}}, "affects": [{{"ref": "lantern"}}]}}]}}"#
        );
        status(|question| question.evidence.add("vex.json", text.as_bytes()).unwrap()).0
    };
    let exploitable = r#""state": "exploitable""#;
    let triage = r#""state": "in_triage""#;
    assert_eq!(said("critical", exploitable), Verdict::Blocked);
    assert_eq!(said("high", exploitable), Verdict::Blocked);
    assert_eq!(said("medium", exploitable), Verdict::Ready);
    assert_eq!(said("unknown", exploitable), Verdict::Unknown);
    assert_eq!(said("critical", triage), Verdict::Unknown);
    assert_eq!(said("low", triage), Verdict::Ready);
    let reachable = r#""state": "not_affected", "justification": "code_not_reachable""#;
    assert_eq!(said("critical", reachable), Verdict::Ready);
}
