//! REL09: an SBOM is real: it says what it describes, what is inside, and when it was made.
//!
//! Reads SPDX 2.3 and 3.0 and CycloneDX 1.4 to 1.7. Knows nothing of where the document lies, so
//! that the same rules judge the SBOMs of a tree and of a packet.

use std::collections::BTreeSet;

use crate::digest::Digest;
use crate::document::Node;
use crate::finding::rules::release as rules;
use crate::finding::{Finding, Location, Report};
use crate::time::Timestamp;

/// What the judge needs to know of an SBOM, whatever its format.
#[derive(Debug, Default)]
struct Sbom<'a> {
    /// Components besides the subject.
    components: usize,
    /// Whether a relationship says what is described.
    describes: bool,
    /// Where and when it was made.
    created: Option<(String, &'a Node)>,
    /// What passes for a package URL, with its pointer.
    purls: Vec<(String, &'a Node)>,
    /// Every digest that it states for its subject, or anywhere in its text when none is marked.
    digests: BTreeSet<Digest>,
}

/// No SBOM format was agreed on before this day; an older time is a constant.
const EARLIEST: &str = "2010-01-01T00:00:00Z";

/// Judges an SBOM. `subjects` are the digests that it may describe; none when it is not known what
/// the SBOM is kept for.
pub fn judge_sbom(location: &Location, document: &Node, subjects: &[Digest], report: &mut Report) {
    let Some(sbom) = read(document) else {
        let message = "neither SPDX 2.3 or 3.0 nor CycloneDX 1.4 to 1.7";
        report.push(Finding::new(&rules::SBOM_UNRECOGNISED, location.clone(), message));
        return;
    };
    let before = report.findings().len();
    if sbom.components == 0 {
        let message = "lists no component besides its subject";
        report.push(Finding::new(&rules::SBOM_EMPTY, location.clone(), message));
    }
    if !sbom.describes {
        let message = "no relationship says what it describes or what that contains";
        report.push(Finding::new(&rules::SBOM_UNRELATED, location.clone(), message));
    }
    judge_time(location, &sbom, report);
    for (pointer, node) in &sbom.purls {
        let text = node.as_str().unwrap_or_default();
        if !is_purl(text) {
            let location = location.clone().at(pointer, node.position);
            let message = "not a package URL; expected `pkg:type/name`";
            report.push(Finding::new(&rules::SBOM_PURL_INVALID, location, message).declared(text));
        }
    }
    if !subjects.is_empty() && !sbom.digests.iter().any(|digest| subjects.contains(digest)) {
        let wanted: Vec<_> = subjects.iter().map(Digest::to_string).collect();
        let found: Vec<_> = sbom.digests.iter().map(Digest::to_string).collect();
        let found = if found.is_empty() { "no digest".to_owned() } else { found.join(", ") };
        report.push(
            Finding::new(&rules::SBOM_SUBJECT, location.clone(), "names another image, or none")
                .declared(found)
                .actual(wanted.join(", ")),
        );
    }
    if report.findings().len() == before {
        let detail = format!("{} components, subject and time are there", sbom.components);
        report.passed("sbom", location.path.as_str(), detail);
    }
}

fn judge_time(location: &Location, sbom: &Sbom<'_>, report: &mut Report) {
    let Some((pointer, node)) = &sbom.created else {
        let message = "states no creation time";
        report.push(Finding::new(&rules::SBOM_UNDATED, location.clone(), message));
        return;
    };
    let text = node.as_str().unwrap_or_default();
    let earliest: Option<Timestamp> = EARLIEST.parse().ok();
    let problem = match text.parse::<Timestamp>() {
        Err(_) => "the creation time is no RFC 3339 time",
        Ok(time) if Some(time) < earliest => "the creation time is a constant, not a time",
        Ok(time) if time > report.judged_at() => "the creation time lies in the future",
        Ok(_) => return,
    };
    let location = location.clone().at(pointer, node.position);
    report.push(Finding::new(&rules::SBOM_UNDATED, location, problem).declared(text));
}

fn read(document: &Node) -> Option<Sbom<'_>> {
    let text = |key: &str| document.get(key).and_then(Node::as_str);
    if text("spdxVersion") == Some("SPDX-2.3") {
        return Some(read_spdx2(document));
    }
    if text("bomFormat") == Some("CycloneDX")
        && matches!(text("specVersion"), Some("1.4" | "1.5" | "1.6" | "1.7"))
    {
        return Some(read_cyclonedx(document));
    }
    let is_spdx3 = text("@context").is_some_and(|context| context.contains("spdx.org/rdf/3."));
    (is_spdx3 && document.get("@graph").is_some()).then(|| read_spdx3(document))
}

/// SPDX 2.3: clause 7 (packages), 11 (relationships), 6.9 (created).
fn read_spdx2(document: &Node) -> Sbom<'_> {
    let packages = document.get("packages").map(Node::items).unwrap_or_default();
    let relations = document.get("relationships").map(Node::items).unwrap_or_default();
    let kind = |relation: &Node, name: &str| {
        relation.get("relationshipType").and_then(Node::as_str) == Some(name)
    };
    let mut described: BTreeSet<&str> = relations
        .iter()
        .filter(|relation| kind(relation, "DESCRIBES"))
        .filter_map(|relation| relation.get("relatedSpdxElement")?.as_str())
        .collect();
    let listed = document.get("documentDescribes").map(Node::items).unwrap_or_default();
    described.extend(listed.iter().filter_map(Node::as_str));
    let is_subject = |package: &Node| {
        let id = package.get("SPDXID").and_then(Node::as_str).unwrap_or_default();
        described.contains(id) || (described.is_empty() && packages.len() == 1)
    };
    let mut sbom = Sbom {
        describes: !described.is_empty(),
        components: packages.iter().filter(|package| !is_subject(package)).count()
            + document.get("files").map_or(0, |files| files.items().len()),
        ..Sbom::default()
    };
    let created = document.pointer("/creationInfo/created");
    sbom.created = created.map(|node| ("/creationInfo/created".to_owned(), node));
    for (index, package) in packages.iter().enumerate() {
        let references = package.get("externalRefs").map(Node::items).unwrap_or_default();
        for (place, reference) in references.iter().enumerate() {
            let is_purl = reference.get("referenceType").and_then(Node::as_str) == Some("purl");
            if let (true, Some(node)) = (is_purl, reference.get("referenceLocator")) {
                let pointer = format!("/packages/{index}/externalRefs/{place}/referenceLocator");
                sbom.purls.push((pointer, node));
            }
        }
        if is_subject(package) {
            digests_in(package, &mut sbom.digests);
        }
    }
    sbom
}

/// SPDX 3.0: a graph of elements in JSON-LD.
fn read_spdx3(document: &Node) -> Sbom<'_> {
    let graph = document.get("@graph").map(Node::items).unwrap_or_default();
    let is = |element: &Node, name: &str| element.get("type").and_then(Node::as_str) == Some(name);
    let roots: BTreeSet<&str> = graph
        .iter()
        .filter(|element| is(element, "SpdxDocument") || is(element, "software_Sbom"))
        .flat_map(|element| element.get("rootElement").map(Node::items).unwrap_or_default())
        .filter_map(Node::as_str)
        .collect();
    let mut sbom = Sbom {
        describes: !roots.is_empty() && graph.iter().any(|element| is(element, "Relationship")),
        ..Sbom::default()
    };
    for (index, element) in graph.iter().enumerate() {
        if is(element, "CreationInfo") && sbom.created.is_none() {
            let created = element.get("created");
            sbom.created = created.map(|node| (format!("/@graph/{index}/created"), node));
        }
        if !is(element, "software_Package") && !is(element, "software_File") {
            continue;
        }
        if let Some(node) = element.get("software_packageUrl") {
            sbom.purls.push((format!("/@graph/{index}/software_packageUrl"), node));
        }
        let id = element.get("spdxId").and_then(Node::as_str).unwrap_or_default();
        if roots.contains(id) {
            digests_in(element, &mut sbom.digests);
        } else {
            sbom.components += 1;
        }
    }
    sbom
}

/// CycloneDX: `metadata.component` is the subject, `components` what is inside.
fn read_cyclonedx(document: &Node) -> Sbom<'_> {
    let subject = document.pointer("/metadata/component");
    let components = document.get("components").map(Node::items).unwrap_or_default();
    let mut sbom = Sbom {
        components: components.len(),
        describes: subject.is_some()
            && document.get("dependencies").is_some_and(|node| !node.items().is_empty()),
        created: document
            .pointer("/metadata/timestamp")
            .map(|node| ("/metadata/timestamp".to_owned(), node)),
        ..Sbom::default()
    };
    if let Some(subject) = subject {
        digests_in(subject, &mut sbom.digests);
        let purl = subject.get("purl").map(|node| ("/metadata/component/purl".to_owned(), node));
        sbom.purls.extend(purl);
    }
    for (index, component) in components.iter().enumerate() {
        let purl = component.get("purl").map(|node| (format!("/components/{index}/purl"), node));
        sbom.purls.extend(purl);
    }
    sbom
}

/// Every SHA-256 in the text of a value: checksums, versions, locators.
fn digests_in(node: &Node, digests: &mut BTreeSet<Digest>) {
    node.walk(&mut |_, value| {
        let Some(text) = value.as_str() else { return };
        let hex = text.rsplit(|character: char| !character.is_ascii_hexdigit()).next();
        let tail = hex.filter(|hex| hex.len() >= 64).and_then(|hex| hex.get(hex.len() - 64..));
        digests.extend(tail.and_then(|tail| tail.to_ascii_lowercase().parse::<Digest>().ok()));
    });
}

/// Tells whether text has the form of a package URL: `pkg:type/[namespace/]name[@version]`.
fn is_purl(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("pkg:") else { return false };
    let rest = rest.trim_start_matches('/');
    let Some((kind, name)) = rest.split_once('/') else { return false };
    let is_type = kind.starts_with(|first: char| first.is_ascii_alphabetic())
        && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+-".contains(&byte));
    let bare = name.split(['@', '?', '#']).next().unwrap_or_default();
    is_type && !bare.trim_matches('/').is_empty() && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Limits, parse_json};

    const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn slugs(text: &str) -> Vec<&'static str> {
        let document = parse_json(text.as_bytes(), Limits::GOVERNED).unwrap();
        let mut report = Report::new("check", "2026-11-23T09:00:00Z".parse().unwrap(), true);
        let subjects = [DIGEST.parse().unwrap()];
        judge_sbom(&Location::named("sbom.json"), &document, &subjects, &mut report);
        report.findings().iter().map(|finding| finding.rule.slug).collect()
    }

    fn cyclonedx(version: &str) -> String {
        format!(
            r#"{{"bomFormat": "CycloneDX", "specVersion": "{version}",
            "metadata": {{"timestamp": "2026-11-16T09:58:00Z", "component": {{"name": "app",
              "purl": "pkg:oci/app@sha256%3A{DIGEST}"}}}},
            "components": [{{"name": "libc", "purl": "pkg:deb/debian/libc6@2.41"}}],
            "dependencies": [{{"ref": "app", "dependsOn": ["libc"]}}]}}"#
        )
    }

    #[test]
    fn every_supported_format_is_read() {
        for version in ["1.4", "1.5", "1.6", "1.7"] {
            assert_eq!(slugs(&cyclonedx(version)), [""; 0], "{version}");
        }
        let spdx3 = format!(
            r#"{{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [
            {{"type": "CreationInfo", "created": "2026-11-16T09:58:00Z"}},
            {{"type": "SpdxDocument", "spdxId": "doc", "rootElement": ["app"]}},
            {{"type": "software_Package", "spdxId": "app", "verifiedUsing":
              [{{"type": "Hash", "algorithm": "sha256", "hashValue": "{DIGEST}"}}]}},
            {{"type": "software_Package", "spdxId": "libc",
              "software_packageUrl": "pkg:deb/debian/libc6@2.41"}},
            {{"type": "Relationship", "from": "app", "relationshipType": "contains",
              "to": ["libc"]}}]}}"#
        );
        assert_eq!(slugs(&spdx3), [""; 0]);
    }

    #[test]
    fn many_subjects_of_many_packages_are_read_in_time() {
        let described: String = (0..50_000).map(|n| format!("\"s{n}\",")).collect();
        let packages = "{\"SPDXID\": \"p\"},".repeat(50_000);
        let spdx = format!(
            r#"{{"spdxVersion": "SPDX-2.3", "documentDescribes": [{described}"s"],
            "packages": [{packages}{{}}]}}"#
        );
        let begun = std::time::Instant::now();
        assert!(slugs(&spdx).contains(&"sbom-undated"));
        assert!(begun.elapsed().as_secs() < 20);
    }

    #[test]
    fn stubs_are_told_apart() {
        assert_eq!(slugs(&cyclonedx("1.3")), ["sbom-unrecognised"]);
        assert_eq!(slugs("{}"), ["sbom-unrecognised"]);
        let stub = r#"{"bomFormat": "CycloneDX", "specVersion": "1.6"}"#;
        let all = [
            "sbom-without-components",
            "sbom-without-relationships",
            "sbom-undated",
            "sbom-subject-differs",
        ];
        assert_eq!(slugs(stub), all);
        assert_eq!(slugs(&cyclonedx("1.6").replace(DIGEST, "00")), ["sbom-subject-differs"]);
        assert_eq!(slugs(&cyclonedx("1.6").replace("2026-11-16", "2027-11-16")), ["sbom-undated"]);
    }

    #[test]
    fn package_urls_have_a_type_and_a_name() {
        for good in ["pkg:npm/%40a/b@1", "pkg:golang/x/y", "pkg:oci/app?tag=1"] {
            assert!(is_purl(good), "{good}");
        }
        for wrong in ["", "pkg:", "pkg:npm", "pkg:npm/", "pkg:9x/y", "sha256:00", "pkg:npm/a b"] {
            assert!(!is_purl(wrong), "{wrong}");
        }
    }
}
