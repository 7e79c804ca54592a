//! K8S23: what the release's own identities may do in the cluster.

use std::collections::BTreeSet;

use super::input::{Inputs, MATRIX};
use super::object::{text, words};
use crate::document::Node;
use crate::finding::Report;
use crate::finding::rules::k8s as rules;
use crate::validator::Context;

/// Roles without wildcards, without secrets and without a way into other pods.
pub(super) fn roles(inputs: &Inputs, _: &Context, report: &mut Report) {
    let declared: BTreeSet<&str> = inputs
        .document(MATRIX)
        .map(|source| words(source.root.get("declared_rbac")).collect())
        .unwrap_or_default();
    for object in inputs.renders().flat_map(|render| &render.objects) {
        if object.group() != "rbac.authorization.k8s.io" || declared.contains(&*object.name) {
            continue;
        }
        let reference = object.root.get("roleRef").map(|node| text(node, "name"));
        if let Some(name) =
            reference.filter(|name| matches!(*name, "cluster-admin" | "admin" | "edit"))
        {
            let message = format!("binds `{name}`, which may change everything");
            report.push(object.finding(&rules::RBAC_EXCESSIVE, "/roleRef", &message).actual(name));
        }
        let rows = object.root.get("rules").map(Node::items).unwrap_or_default();
        for (index, row) in rows.iter().enumerate() {
            if let Some(problem) = excess(row) {
                let pointer = format!("/rules/{index}");
                report.push(object.finding(&rules::RBAC_EXCESSIVE, &pointer, &problem));
            }
        }
    }
}

/// Why a rule grants too much.
fn excess(row: &Node) -> Option<String> {
    let has = |key: &str, wanted: &str| words(row.get(key)).any(|word| word == wanted);
    for key in ["verbs", "resources", "apiGroups"] {
        if has(key, "*") {
            return Some(format!("grants every one of `{key}`"));
        }
    }
    let writes = ["create", "update", "patch", "delete"].iter().any(|verb| has("verbs", verb));
    // Named secrets are what the release owns; all of them are everybody's.
    if has("resources", "secrets") && row.get("resourceNames").is_none() {
        return Some("grants every secret of the namespace".to_owned());
    }
    for resource in ["pods/exec", "pods/attach", "pods/portforward"] {
        if has("resources", resource) {
            return Some(format!("grants `{resource}`: a shell in every pod"));
        }
    }
    for verb in ["escalate", "bind", "impersonate"] {
        if has("verbs", verb) {
            return Some(format!("grants `{verb}`: its holder can become anybody"));
        }
    }
    (writes && has("resources", "clusterrolebindings"))
        .then(|| "grants new bindings of roles".to_owned())
}
