//! OpenVEX, 0.0.1 to 0.2.0.

use std::collections::BTreeSet;

use super::{VexDocument, VexProduct, VexStatement, VexStatus, text, time};
use crate::digest::Digest;
use crate::document::Node;
use crate::packet::evidence::package_of;

/// "Status justifications" of OpenVEX 0.2.0.
const JUSTIFICATIONS: [&str; 5] = [
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
];

pub(super) fn read(root: &Node, subjects: &BTreeSet<Digest>) -> Option<VexDocument> {
    text(root, "@context")?.starts_with("https://openvex.dev/ns").then_some(())?;
    let statements = root.get("statements")?.items().iter();
    let statements = statements.filter_map(|one| statement_of(root, one, subjects)).collect();
    Some(VexDocument { statements })
}

fn statement_of(root: &Node, node: &Node, subjects: &BTreeSet<Digest>) -> Option<VexStatement> {
    let vulnerability = names_of(node.get("vulnerability")?);
    if vulnerability.is_empty() {
        return None;
    }
    let status = match text(node, "status").unwrap_or_default() {
        "affected" => VexStatus::Affected,
        "fixed" => VexStatus::Fixed,
        "not_affected" => VexStatus::NotAffected,
        // Also for a word that the standard does not have: nobody knows what it settles.
        _ => VexStatus::UnderInvestigation,
    };
    let named: Vec<VexProduct> =
        node.get("products").map(Node::items).unwrap_or_default().iter().map(product_of).collect();
    let products = if named.is_empty() && !subjects.is_empty() {
        vec![VexProduct { digests: subjects.clone(), ..VexProduct::default() }]
    } else {
        named
    };
    // "Inheritance flow": what a statement does not say, the document says.
    let stated_at = ["last_updated", "timestamp"]
        .into_iter()
        .find_map(|key| time(node, key))
        .or_else(|| ["last_updated", "timestamp"].into_iter().find_map(|key| time(root, key)));
    let reason = reason_of(node, status);
    Some(VexStatement { vulnerability, products, status, reason, rating: None, stated_at })
}

/// A vulnerability is an object since 0.2.0 and was a text before.
fn names_of(node: &Node) -> BTreeSet<String> {
    let aliases = node.get("aliases").map(Node::items).unwrap_or_default();
    let by_id = || text(node, "@id").and_then(|id| id.rsplit('/').next());
    let name = node.as_str().or_else(|| text(node, "name")).or_else(by_id);
    let names = name.into_iter().chain(aliases.iter().filter_map(Node::as_str));
    names.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

fn product_of(node: &Node) -> VexProduct {
    let mut product = component_of(node);
    let inner = node.get("subcomponents").map(Node::items).unwrap_or_default();
    for component in inner {
        let named = component_of(component);
        let digests = named.digests.iter().map(ToString::to_string);
        product.components.extend(named.packages.iter().cloned().chain(digests));
        // A name that nobody can hold against anything is still not the whole product.
        if named.is_nothing() {
            let name = component.as_str().or_else(|| text(component, "@id")).unwrap_or("?");
            product.components.insert(name.to_owned());
        }
    }
    product
}

fn component_of(node: &Node) -> VexProduct {
    let name = node.as_str().or_else(|| text(node, "@id")).unwrap_or_default();
    let mut product = VexProduct::named(name);
    let url = node.pointer("/identifiers/purl").and_then(Node::as_str);
    if let Some(url) = url {
        product.digests.extend(super::digests_in(url));
        product.packages.extend(package_of(url));
    }
    let hashes = node.get("hashes").map(Node::entries).unwrap_or_default();
    let hashes = hashes.iter().filter(|hash| matches!(hash.key.as_str(), "sha-256" | "sha256"));
    product.digests.extend(hashes.filter_map(|hash| hash.value.as_str()?.parse::<Digest>().ok()));
    product
}

fn reason_of(node: &Node, status: VexStatus) -> Option<String> {
    let label = text(node, "justification").filter(|word| JUSTIFICATIONS.contains(word));
    let said = label.or_else(|| text(node, "impact_statement"));
    let said = match status {
        // The standard asks nothing of `fixed`: what was done may stand in the notes.
        VexStatus::Fixed => said.or_else(|| text(node, "status_notes")),
        VexStatus::NotAffected | VexStatus::UnderInvestigation | VexStatus::Affected => said,
    };
    said.map(str::to_owned)
}
