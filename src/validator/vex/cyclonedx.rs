//! CycloneDX 1.4 to 1.7: `vulnerabilities`, each with its analysis.

use std::collections::{BTreeMap, BTreeSet};

use super::{Rating, VexDocument, VexProduct, VexStatement, VexStatus, text, time};
use crate::digest::Digest;
use crate::document::Node;
use crate::packet::evidence::package_of;

/// `impactAnalysisJustification` of CycloneDX.
const JUSTIFICATIONS: [&str; 9] = [
    "code_not_present",
    "code_not_reachable",
    "requires_configuration",
    "requires_dependency",
    "requires_environment",
    "protected_by_compiler",
    "protected_at_runtime",
    "protected_at_perimeter",
    "protected_by_mitigating_control",
];

/// The components by reference, and the one that the document is about.
struct Parts<'a> {
    by_reference: BTreeMap<&'a str, VexProduct>,
    whole: Option<(&'a str, VexProduct)>,
}

pub(super) fn read(root: &Node, subjects: &BTreeSet<Digest>) -> Option<VexDocument> {
    (text(root, "bomFormat")? == "CycloneDX").then_some(())?;
    let listed = root.get("vulnerabilities")?.items();
    let mut parts = Parts { by_reference: BTreeMap::new(), whole: None };
    if let Some(component) = root.pointer("/metadata/component") {
        let mut whole = component_of(component);
        whole.digests.extend(subjects);
        parts.whole = Some((text(component, "bom-ref").unwrap_or_default(), whole));
    } else if !subjects.is_empty() {
        let whole = VexProduct { digests: subjects.clone(), ..VexProduct::default() };
        parts.whole = Some(("", whole));
    }
    gather(root.get("components"), &mut parts);
    gather(root.pointer("/metadata/component/components"), &mut parts);
    let statements = listed.iter().filter_map(|one| statement_of(root, one, &parts)).collect();
    Some(VexDocument { statements })
}

/// The reader of JSON limits the depth.
fn gather<'a>(components: Option<&'a Node>, parts: &mut Parts<'a>) {
    for component in components.map(Node::items).unwrap_or_default() {
        if let Some(reference) = text(component, "bom-ref") {
            parts.by_reference.insert(reference, component_of(component));
        }
        gather(component.get("components"), parts);
    }
}

fn component_of(component: &Node) -> VexProduct {
    let mut product = VexProduct::named(text(component, "purl").unwrap_or_default());
    let hashes = component.get("hashes").map(Node::items).unwrap_or_default();
    let hashes = hashes.iter().filter(|hash| text(hash, "alg") == Some("SHA-256"));
    product.digests.extend(hashes.filter_map(|hash| text(hash, "content")?.parse::<Digest>().ok()));
    product
}

fn statement_of(root: &Node, node: &Node, parts: &Parts<'_>) -> Option<VexStatement> {
    let references = node.get("references").map(Node::items).unwrap_or_default();
    let names = text(node, "id").into_iter();
    let names = names.chain(references.iter().filter_map(|one| text(one, "id")));
    let vulnerability: BTreeSet<String> = names.map(str::to_owned).collect();
    if vulnerability.is_empty() {
        return None;
    }
    let analysis = node.get("analysis");
    let said = |key: &str| analysis.and_then(|analysis| text(analysis, key));
    let status = match said("state") {
        Some("resolved" | "resolved_with_pedigree") => VexStatus::Fixed,
        Some("not_affected" | "false_positive") => VexStatus::NotAffected,
        // One that nobody has analysed is listed because the product has it.
        Some("exploitable") | None => VexStatus::Affected,
        Some(_) => VexStatus::UnderInvestigation,
    };
    let label = said("justification").filter(|word| JUSTIFICATIONS.contains(word));
    let reason = label.or_else(|| said("detail")).map(str::to_owned);
    let ratings = node.get("ratings").map(Node::items).unwrap_or_default();
    let rating = ratings.iter().filter_map(|one| Rating::of(text(one, "severity")?)).max();
    let stated_at = analysis
        .and_then(|analysis| time(analysis, "lastUpdated"))
        .or_else(|| time(root.get("metadata")?, "timestamp"));
    let products = products_of(node, parts);
    Some(VexStatement { vulnerability, products, status, reason, rating, stated_at })
}

fn products_of(node: &Node, parts: &Parts<'_>) -> Vec<VexProduct> {
    let affects = node.get("affects").map(Node::items).unwrap_or_default();
    let references: Vec<&str> = affects.iter().filter_map(|one| text(one, "ref")).collect();
    if references.is_empty() {
        return parts.whole.iter().map(|(_, whole)| whole.clone()).collect();
    }
    references.into_iter().flat_map(|reference| product_of(reference, parts)).collect()
}

/// The component itself, and the product as far as that component goes.
fn product_of(reference: &str, parts: &Parts<'_>) -> Vec<VexProduct> {
    if let Some((own, whole)) = &parts.whole
        && *own == reference
    {
        return vec![whole.clone()];
    }
    let component = match parts.by_reference.get(reference) {
        Some(component) => component.clone(),
        None => linked(reference),
    };
    let mut inner: BTreeSet<String> = component.packages.clone();
    inner.extend(component.digests.iter().map(ToString::to_string));
    inner.insert(reference.to_owned());
    let whole = parts
        .whole
        .iter()
        .map(|(_, whole)| VexProduct { components: inner.clone(), ..whole.clone() });
    whole.chain([component]).collect()
}

/// A component of another document: `urn:cdx:<serial>/<version>#<bom-ref>` (BOM-Link).
fn linked(reference: &str) -> VexProduct {
    let name = reference.split_once('#').map_or(reference, |(_, name)| name);
    let name = name.replace("%3A", ":").replace("%2F", "/").replace("%40", "@");
    let mut product = VexProduct::named(&name);
    product.packages.extend(package_of(&name));
    product
}
