//! Rendered objects, as far as going to or from a release depends on them.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{AnalysisFacts, CustomResourceFacts, ObjectFacts, RolloutFacts};
use crate::document::Node;

/// Takes the facts of a document's objects; a `List` holds several.
pub(super) fn objects_of(root: &Node) -> Vec<ObjectFacts> {
    let is_list = text(root, "/kind").is_some_and(|kind| kind.ends_with("List"));
    match root.get("items") {
        Some(items) if is_list => items.items().iter().filter_map(object_of).collect(),
        _ => object_of(root).into_iter().collect(),
    }
}

/// Takes the facts of one object.
pub(in crate::validator) fn object_of(root: &Node) -> Option<ObjectFacts> {
    let kind = text(root, "/kind")?;
    let pods = pod_spec(root, &kind);
    // Helm deletes a hook before it makes it again.
    let is_hook = root.pointer("/metadata/annotations").and_then(|it| it.get("helm.sh/hook"));
    let immutable = is_hook.map_or_else(|| immutable_of(root, &kind), |_| BTreeMap::new());
    Some(ObjectFacts {
        api_version: text(root, "/apiVersion")?,
        namespace: text(root, "/metadata/namespace").unwrap_or_default(),
        name: text(root, "/metadata/name")?,
        images: pods.map(images_of).unwrap_or_default(),
        immutable,
        storage_bytes: storage_of(root, &kind),
        needs: pods.map(needs_of).unwrap_or_default(),
        rollout: rollout_of(root, &kind),
        custom_resource: (kind == "CustomResourceDefinition").then(|| defined_by(root)).flatten(),
        analysis: analysis_of(root, &kind),
        kind,
    })
}

fn text(root: &Node, pointer: &str) -> Option<String> {
    root.pointer(pointer).and_then(Node::scalar_text).map(|text| text.into_owned())
}

fn pod_spec<'a>(root: &'a Node, kind: &str) -> Option<&'a Node> {
    match kind {
        "Pod" => root.pointer("/spec"),
        "CronJob" => root.pointer("/spec/jobTemplate/spec/template/spec"),
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" | "Rollout" => {
            root.pointer("/spec/template/spec")
        }
        _ => None,
    }
}

fn containers(pods: &Node) -> impl Iterator<Item = &Node> {
    ["initContainers", "containers", "ephemeralContainers"]
        .into_iter()
        .filter_map(|key| pods.get(key))
        .flat_map(Node::items)
}

fn images_of(pods: &Node) -> BTreeSet<String> {
    containers(pods).filter_map(|container| text(container, "/image")).collect()
}

/// What must be there before the pods start; what is marked optional need not.
fn needs_of(pods: &Node) -> BTreeSet<String> {
    let mut needs = BTreeSet::new();
    let mut need = |kind: &str, node: Option<&Node>, key: &str| {
        let Some(node) = node else { return };
        let optional = node.get("optional").and_then(Node::as_bool) == Some(true);
        if let Some(name) = node.get(key).and_then(Node::as_str).filter(|_| !optional) {
            needs.insert(format!("{kind}/{name}"));
        }
    };
    for container in containers(pods) {
        for source in container.get("envFrom").map(Node::items).unwrap_or_default() {
            need("ConfigMap", source.get("configMapRef"), "name");
            need("Secret", source.get("secretRef"), "name");
        }
        for variable in container.get("env").map(Node::items).unwrap_or_default() {
            need("ConfigMap", variable.pointer("/valueFrom/configMapKeyRef"), "name");
            need("Secret", variable.pointer("/valueFrom/secretKeyRef"), "name");
        }
    }
    for volume in pods.get("volumes").map(Node::items).unwrap_or_default() {
        need("ConfigMap", volume.get("configMap"), "name");
        need("Secret", volume.get("secret"), "secretName");
        need("PersistentVolumeClaim", volume.get("persistentVolumeClaim"), "claimName");
        for source in volume.pointer("/projected/sources").map(Node::items).unwrap_or_default() {
            need("ConfigMap", source.get("configMap"), "name");
            need("Secret", source.get("secret"), "name");
        }
    }
    for secret in pods.get("imagePullSecrets").map(Node::items).unwrap_or_default() {
        need("Secret", Some(secret), "name");
    }
    need("ServiceAccount", Some(pods), "serviceAccountName");
    need("PriorityClass", Some(pods), "priorityClassName");
    // Every namespace has it from the start.
    needs.remove("ServiceAccount/default");
    needs
}

/// The fields that the API server does not let change (Kubernetes API reference, validation on
/// update).
fn immutable_of(root: &Node, kind: &str) -> BTreeMap<String, String> {
    let pointers: &[&str] = match kind {
        "Deployment" | "ReplicaSet" | "DaemonSet" => &["/spec/selector"],
        "StatefulSet" => &[
            "/spec/selector",
            "/spec/serviceName",
            "/spec/podManagementPolicy",
            "/spec/volumeClaimTemplates",
        ],
        "Job" => &["/spec/selector", "/spec/template", "/spec/completionMode"],
        "Service" => &["/spec/clusterIP"],
        "PersistentVolumeClaim" => &[
            "/spec/storageClassName",
            "/spec/accessModes",
            "/spec/volumeName",
            "/spec/volumeMode",
            "/spec/selector",
        ],
        "RoleBinding" | "ClusterRoleBinding" => &["/roleRef"],
        "StorageClass" => &["/provisioner", "/parameters", "/reclaimPolicy", "/volumeBindingMode"],
        "PriorityClass" => &["/value", "/preemptionPolicy"],
        "CustomResourceDefinition" => &["/spec/group", "/spec/names/kind", "/spec/scope"],
        "ConfigMap" | "Secret" if root.get("immutable").and_then(Node::as_bool) == Some(true) => {
            &["/data", "/binaryData", "/stringData", "/type"]
        }
        "Secret" => &["/type"],
        _ => &[],
    };
    pointers
        .iter()
        .filter_map(|pointer| Some(((*pointer).to_owned(), canonical(root.pointer(pointer)?))))
        .collect()
}

/// What the API server fills in where a manifest leaves an immutable field out.
const DEFAULTS: [(&str, &str); 7] = [
    ("/spec/podManagementPolicy", "\"OrderedReady\""),
    ("/spec/completionMode", "\"NonIndexed\""),
    ("/spec/volumeMode", "\"Filesystem\""),
    ("/type", "\"Opaque\""),
    ("/reclaimPolicy", "\"Delete\""),
    ("/volumeBindingMode", "\"Immediate\""),
    ("/preemptionPolicy", "\"PreemptLowerPriority\""),
];
/// Fields that are kept as they are in the cluster where a manifest leaves them out.
const KEPT: [&str; 3] = ["/spec/clusterIP", "/spec/storageClassName", "/spec/volumeName"];
/// What is immutable only in a frozen object.
const CONTENT: [&str; 3] = ["/data", "/binaryData", "/stringData"];

/// A change that the API server refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::validator) enum RefusedChange<'a> {
    /// A field that cannot change.
    Field {
        /// Where it stands.
        pointer: &'a str,
        /// What it is, in canonical JSON.
        before: Option<&'a str>,
        /// What it would be.
        after: Option<&'a str>,
    },
    /// A claim that would shrink.
    Claim {
        /// Where it stands.
        pointer: &'a str,
        /// Its bytes.
        before: u64,
        /// What they would be.
        after: u64,
    },
}

/// Lays an object over the one that is there and finds what the API server would refuse.
pub(in crate::validator) fn refused_changes<'a>(
    old: &'a ObjectFacts,
    new: &'a ObjectFacts,
) -> Vec<RefusedChange<'a>> {
    let pointers: BTreeSet<&'a String> = old.immutable.keys().chain(new.immutable.keys()).collect();
    let was_frozen = CONTENT.iter().any(|pointer| old.immutable.contains_key(*pointer));
    let mut found = Vec::new();
    for pointer in pointers {
        let pointer = pointer.as_str();
        let of = |facts: &'a ObjectFacts| {
            let default = DEFAULTS.iter().find(|(name, _)| *name == pointer).map(|(_, it)| *it);
            facts.immutable.get(pointer).map(String::as_str).or(default)
        };
        let (before, after) = (of(old), of(new));
        let is_kept = KEPT.contains(&pointer) && (before.is_none() || after.is_none());
        let is_free = CONTENT.contains(&pointer) && !was_frozen;
        if before != after && !is_kept && !is_free {
            found.push(RefusedChange::Field { pointer, before, after });
        }
    }
    for (pointer, before) in &old.storage_bytes {
        if let Some(after) = new.storage_bytes.get(pointer).filter(|after| *after < before) {
            found.push(RefusedChange::Claim { pointer, before: *before, after: *after });
        }
    }
    found
}

fn storage_of(root: &Node, kind: &str) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    let mut claim = |pointer: String, spec: Option<&Node>| {
        let asked = spec.and_then(|spec| text(spec, "/resources/requests/storage"));
        found.extend(asked.and_then(|asked| bytes_of(&asked)).map(|bytes| (pointer, bytes)));
    };
    if kind == "PersistentVolumeClaim" {
        claim("/spec".to_owned(), root.get("spec"));
    }
    let templates = root.pointer("/spec/volumeClaimTemplates").map(Node::items).unwrap_or_default();
    for (index, template) in templates.iter().enumerate() {
        claim(format!("/spec/volumeClaimTemplates/{index}"), template.get("spec"));
    }
    found
}

/// Reads a quantity of bytes: `10Gi`, `1500M`, `4e9`.
fn bytes_of(quantity: &str) -> Option<u64> {
    let end = quantity.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(quantity.len());
    let (number, unit) = quantity.split_at(end);
    let scale: f64 = match unit {
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        "Ti" => 1024.0_f64.powi(4),
        "Pi" => 1024.0_f64.powi(5),
        _ => return quantity.parse::<f64>().ok().and_then(whole),
    };
    whole(number.parse::<f64>().ok()? * scale)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked before"
)]
fn whole(number: f64) -> Option<u64> {
    (0.0..1e18).contains(&number).then_some(number as u64)
}

fn rollout_of(root: &Node, kind: &str) -> Option<RolloutFacts> {
    if !matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet" | "Rollout") {
        return None;
    }
    let strategy = root.pointer("/spec/strategy").or_else(|| root.pointer("/spec/updateStrategy"));
    let at = |pointer: &str| strategy.and_then(|strategy| text(strategy, pointer));
    let named = ["canary", "blueGreen"]
        .into_iter()
        .find(|name| strategy.is_some_and(|strategy| strategy.get(name).is_some()));
    let number = |pointer: &str| root.pointer(pointer).and_then(Node::as_u64);
    Some(RolloutFacts {
        strategy: at("/type")
            .or_else(|| named.map(str::to_owned))
            .unwrap_or_else(|| "RollingUpdate".to_owned()),
        max_unavailable: at("/rollingUpdate/maxUnavailable").unwrap_or_else(|| "25%".to_owned()),
        max_surge: at("/rollingUpdate/maxSurge").unwrap_or_else(|| "25%".to_owned()),
        progress_deadline_seconds: matches!(kind, "Deployment" | "Rollout")
            .then(|| number("/spec/progressDeadlineSeconds").unwrap_or(600)),
        revision_history_limit: number("/spec/revisionHistoryLimit").unwrap_or(10),
        rollback_window: number("/spec/rollbackWindow/revisions"),
    })
}

/// A duration as Go writes it, in whole seconds: `1m30s`.
fn seconds_of(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut total = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let unit =
            rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |it| it + digits);
        let scale = match &rest[digits..unit] {
            "h" => 3_600,
            "m" => 60,
            "s" => 1,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(scale)?)?;
        rest = &rest[unit..];
    }
    Some(total)
}

fn defined_by(root: &Node) -> Option<CustomResourceFacts> {
    let versions = root.pointer("/spec/versions")?.items();
    let is = |version: &Node, key: &str| version.get(key).and_then(Node::as_bool) == Some(true);
    let name = |version: &Node| text(version, "/name");
    Some(CustomResourceFacts {
        served: versions.iter().filter(|version| is(version, "served")).filter_map(name).collect(),
        stored: versions.iter().find(|version| is(version, "storage")).and_then(name)?,
    })
}

/// The metrics of Argo's `AnalysisTemplate` and of Flagger's `Canary`.
fn analysis_of(root: &Node, kind: &str) -> Vec<AnalysisFacts> {
    let (metrics, is_flagger) = match kind {
        "AnalysisTemplate" | "ClusterAnalysisTemplate" => (root.pointer("/spec/metrics"), false),
        "Canary" => (root.pointer("/spec/analysis/metrics"), true),
        _ => return Vec::new(),
    };
    let threshold = root.pointer("/spec/analysis/threshold").and_then(Node::as_u64);
    let metrics = metrics.map(Node::items).unwrap_or_default();
    let flagger_interval = text(root, "/spec/analysis/interval").and_then(|it| seconds_of(&it));
    metrics
        .iter()
        .map(|metric| {
            let query =
                text(metric, "/provider/prometheus/query").or_else(|| text(metric, "/query"));
            let success = text(metric, "/successCondition").unwrap_or_default();
            let failure = metric.get("failureLimit").and_then(Node::as_u64);
            let own_interval = text(metric, "/interval").and_then(|it| seconds_of(&it));
            // Flagger gives up at the threshold, Argo at one failure more than the limit.
            let least_seconds = if is_flagger {
                flagger_interval.zip(threshold).map(|(each, count)| each.saturating_mul(count))
            } else {
                own_interval.map(|each| each.saturating_mul(failure.unwrap_or(0)))
            };
            AnalysisFacts {
                name: text(metric, "/name").unwrap_or_default(),
                query: query.unwrap_or_default(),
                // Argo breaks off at the first failure when none is named.
                failure_limit: if is_flagger { threshold } else { Some(failure.unwrap_or(0)) },
                // An empty result is an error in Argo unless the condition asks for its length, and
                // one that names neither condition succeeds whatever comes.
                passes_without_data: !is_flagger
                    && (success.contains("len(result) == 0")
                        || (success.is_empty() && metric.get("failureCondition").is_none())),
                least_seconds,
            }
        })
        .collect()
}

/// Equal values have equal text.
fn canonical(node: &Node) -> String {
    String::from_utf8_lossy(&node.to_canonical_json()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_api_server_refuses_is_a_change() {
        let facts = |text: &str| {
            let limits = crate::document::Limits::GOVERNED;
            object_of(&crate::document::parse_json(text.as_bytes(), limits).unwrap()).unwrap()
        };
        let object = |kind: &str, rest: &str| {
            facts(&format!(
                r#"{{"apiVersion": "v1", "kind": "{kind}", "metadata": {{"name": "x"}}{rest}}}"#
            ))
        };
        let changes = |kind: &str, before: &str, after: &str| {
            let (old, new) = (object(kind, before), object(kind, after));
            refused_changes(&old, &new).len()
        };
        let frozen = r#", "immutable": true, "data": {"a": "1"}"#;
        let other = r#", "immutable": true, "data": {"a": "2"}"#;
        let free = r#", "data": {"a": "1"}"#;
        assert_eq!(changes("ConfigMap", frozen, other), 1);
        assert_eq!(changes("ConfigMap", frozen, free), 1, "what is frozen stays frozen");
        assert_eq!(changes("ConfigMap", free, other), 0, "freezing changes nothing that is frozen");
        assert_eq!(changes("Secret", "", r#", "type": "Opaque""#), 0);
        assert_eq!(changes("Secret", "", r#", "type": "kubernetes.io/tls""#), 1);
        let policy = r#", "spec": {"podManagementPolicy": "OrderedReady"}"#;
        assert_eq!(changes("StatefulSet", "", policy), 0);
        let address = r#", "spec": {"clusterIP": "None"}"#;
        assert_eq!(changes("Service", "", address), 0);
        assert_eq!(changes("Service", address, r#", "spec": {"clusterIP": "10.0.0.1"}"#), 1);
        let claim = |size: &str| {
            format!(r#", "spec": {{"resources": {{"requests": {{"storage": "{size}"}}}}}}"#)
        };
        assert_eq!(changes("PersistentVolumeClaim", &claim("2Gi"), &claim("1Gi")), 1);
        assert_eq!(changes("PersistentVolumeClaim", &claim("1Gi"), &claim("2Gi")), 0);
        let job = |image: &str| format!(r#", "spec": {{"template": {{"image": "{image}"}}}}"#);
        assert_eq!(changes("Job", &job("a"), &job("b")), 1);
        let hook = |image: &str| {
            facts(&format!(
                r#"{{"apiVersion": "batch/v1", "kind": "Job", "metadata": {{"name": "x",
                "annotations": {{"helm.sh/hook": "pre-install"}}}}{}}}"#,
                job(image)
            ))
        };
        assert_eq!(refused_changes(&hook("a"), &hook("b")), []);
    }

    #[test]
    fn quantities_are_read_as_kubernetes_reads_them() {
        let read = ["10Gi", "1500M", "4e9", "1k", "128974848", "1.5Gi", "x", "-1", "1Zi"];
        assert_eq!(
            read.map(bytes_of),
            [
                Some(10 << 30),
                Some(1_500_000_000),
                Some(4_000_000_000),
                Some(1000),
                Some(128_974_848),
                Some(3 << 29),
                None,
                None,
                None
            ]
        );
    }
}
