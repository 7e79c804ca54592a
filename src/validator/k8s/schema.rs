//! K8S03, K8S04, K8S06: every object against the schema of its kind, at the oldest and the newest
//! version that the release supports.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::carried::Carried;
use super::input::{Inputs, PINS};
use super::object::{Object, text};
use super::version::Minor;
use crate::document::{Entry, Node, Schema, Value, Violation};
use crate::finding::Report;
use crate::finding::rules::k8s as rules;
use crate::validator::Context;
use crate::version::Version;

/// The most violations that are told of one object; a document of another kind has one a field.
const MOST: usize = 20;

/// APIs that are gone or going: group and version, kinds (empty: all), deprecated in, removed in,
/// what to use instead. From the Kubernetes deprecation guide.
const GOING: &[(&str, &[&str], u32, u32, &str)] = &[
    ("extensions/v1beta1", &["Ingress"], 14, 22, "networking.k8s.io/v1"),
    ("extensions/v1beta1", &[], 8, 16, "apps/v1 or networking.k8s.io/v1"),
    ("apps/v1beta1", &[], 9, 16, "apps/v1"),
    ("apps/v1beta2", &[], 9, 16, "apps/v1"),
    ("networking.k8s.io/v1beta1", &["Ingress", "IngressClass"], 19, 22, "networking.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1beta1", &[], 17, 22, "rbac.authorization.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1alpha1", &[], 17, 22, "rbac.authorization.k8s.io/v1"),
    ("apiextensions.k8s.io/v1beta1", &[], 16, 22, "apiextensions.k8s.io/v1"),
    (
        "admissionregistration.k8s.io/v1beta1",
        &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
        16,
        22,
        "admissionregistration.k8s.io/v1",
    ),
    ("scheduling.k8s.io/v1beta1", &[], 14, 22, "scheduling.k8s.io/v1"),
    (
        "certificates.k8s.io/v1beta1",
        &["CertificateSigningRequest"],
        19,
        22,
        "certificates.k8s.io/v1",
    ),
    ("coordination.k8s.io/v1beta1", &["Lease"], 14, 22, "coordination.k8s.io/v1"),
    (
        "storage.k8s.io/v1beta1",
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
        19,
        22,
        "storage.k8s.io/v1",
    ),
    ("batch/v1beta1", &["CronJob"], 21, 25, "batch/v1"),
    ("discovery.k8s.io/v1beta1", &[], 21, 25, "discovery.k8s.io/v1"),
    ("events.k8s.io/v1beta1", &[], 19, 25, "events.k8s.io/v1"),
    ("policy/v1beta1", &["PodDisruptionBudget"], 21, 25, "policy/v1"),
    ("policy/v1beta1", &["PodSecurityPolicy"], 21, 25, "pod security admission"),
    ("node.k8s.io/v1beta1", &[], 20, 25, "node.k8s.io/v1"),
    ("autoscaling/v2beta1", &[], 22, 25, "autoscaling/v2"),
    ("autoscaling/v2beta2", &[], 23, 26, "autoscaling/v2"),
    ("flowcontrol.apiserver.k8s.io/v1beta1", &[], 23, 26, "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta2", &[], 26, 29, "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta3", &[], 29, 32, "flowcontrol.apiserver.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", &["CSIStorageCapacity"], 24, 27, "storage.k8s.io/v1"),
    ("v1", &["ComponentStatus"], 19, u32::MAX, "nothing; it tells no truth"),
    ("v1", &["Endpoints"], 33, u32::MAX, "discovery.k8s.io/v1 EndpointSlice"),
];

/// Tells in which version of Kubernetes an interface was removed; nothing for one that was not.
pub(in crate::validator) fn removed_in(api_version: &str, kind: &str) -> Option<Version> {
    let row = GOING.iter().find(|(api, kinds, ..)| {
        *api == api_version && (kinds.is_empty() || kinds.contains(&kind))
    })?;
    let minor = row.3;
    (minor != u32::MAX).then(|| format!("1.{minor}.0").parse().ok()).flatten()
}

/// Who brings the kinds of a group, as pins and lists of prerequisites call them.
const BRINGERS: &[(&str, &[&str])] = &[
    ("monitoring.coreos.com", &["prometheus_operator", "prometheus-operator"]),
    ("argoproj.io", &["argo"]),
    ("cert-manager.io", &["cert_manager", "cert-manager"]),
    ("gateway.networking.k8s.io", &["gateway"]),
    ("keda.sh", &["keda"]),
    ("flagger.app", &["flagger"]),
    ("external-secrets.io", &["external_secrets", "external-secrets"]),
];

/// Holds every object against the schema of its kind.
pub(super) fn objects_follow(inputs: &Inputs, _: &Context, report: &mut Report) {
    let mut judge = Judge {
        carried: Carried::unpacked(),
        own: own_schemas(inputs),
        compiled: BTreeMap::new(),
        range: [inputs.kubernetes.oldest, inputs.kubernetes.newest],
        unknown: BTreeMap::new(),
        held: 0,
    };
    let rendered = inputs.renders().flat_map(|render| &render.objects);
    for object in rendered.chain(&inputs.loose) {
        judge.judge(object, report);
    }
    let [oldest, newest] = judge.range;
    if judge.held > 0 {
        let stated = if inputs.kubernetes.is_stated {
            "that the tree supports"
        } else {
            "that are supported"
        };
        let detail = format!(
            "{} objects held against Kubernetes {oldest} and {newest}, the versions {stated}",
            judge.held
        );
        report.passed("object-schema", "ops/k8s", detail);
    }
    let unknown = std::mem::take(&mut judge.unknown);
    for ((api, kind), objects) in unknown {
        let detail =
            format!("{} objects without a schema: its CRD is not in the input", objects.len());
        report.skipped("object-schema", format!("{api} {kind}"), detail);
        let group = api.split('/').next().unwrap_or_default();
        if !is_explained(inputs, group) {
            let profiles: BTreeSet<&str> = objects.iter().map(|object| &*object.profile).collect();
            let message = format!(
                "nothing in the tree brings the kind {kind} of `{group}`: {} objects are not validated, and a cluster without it refuses them",
                objects.len()
            );
            let finding = objects[0].finding(&rules::KIND_UNEXPLAINED, "/apiVersion", &message);
            report.push(finding.actual(profiles.into_iter().collect::<Vec<_>>().join(", ")));
        }
    }
}

/// The objects of a render whose kind has no schema, carried or defined by the input.
pub(super) fn without_schema<'a>(inputs: &Inputs, objects: &'a [Object]) -> Vec<&'a Object> {
    let (carried, own) = (Carried::unpacked(), own_schemas(inputs));
    let range = [inputs.kubernetes.oldest, inputs.kubernetes.newest];
    let is_unknown = |object: &&Object| {
        !own.contains_key(&(object.api.clone(), object.kind.clone()))
            && !range.iter().any(|minor| carried.has(*minor, &object.api, &object.kind))
    };
    objects.iter().filter(is_unknown).collect()
}

/// Tells whether a pin or the install matrix says where the kinds of a group come from.
fn is_explained(inputs: &Inputs, group: &str) -> bool {
    let known = BRINGERS.iter().find(|(name, _)| *name == group).map(|(_, words)| *words);
    let mut words: Vec<&str> = known.unwrap_or_default().to_vec();
    words.push(group);
    [PINS, super::input::MATRIX].into_iter().filter_map(|path| inputs.document(path)).any(
        |source| {
            let mut found = false;
            source.root.walk(&mut |pointer, node| {
                let key = pointer.rsplit('/').next().unwrap_or_default();
                let value = node.as_str().unwrap_or_default();
                found |= words.iter().any(|word| key.contains(word) || value.contains(word));
            });
            found
        },
    )
}

struct Judge<'a> {
    carried: &'static Carried,
    /// The schemas of the input's own CRDs, by API and kind.
    own: BTreeMap<(String, String), Option<Schema>>,
    compiled: BTreeMap<(Minor, String, String), Option<Arc<Schema>>>,
    range: [Minor; 2],
    unknown: BTreeMap<(String, String), Vec<&'a Object>>,
    held: usize,
}

impl<'a> Judge<'a> {
    fn judge(&mut self, object: &'a Object, report: &mut Report) {
        let key = (object.api.clone(), object.kind.clone());
        if let Some(schema) = self.own.get(&key) {
            let violations = schema.as_ref().map(|schema| schema.violations(&object.root));
            self.held += 1;
            tell(object, violations.unwrap_or_default(), "its CRD", report);
            return;
        }
        if is_going(object, self.range, report) {
            return;
        }
        let [oldest, newest] = self.range;
        let missing: Vec<Minor> = [oldest, newest]
            .into_iter()
            .filter(|minor| !self.carried.has(*minor, &object.api, &object.kind))
            .collect();
        match missing.as_slice() {
            [] => {}
            [_, _] if !is_built_in(object.group()) => {
                self.unknown.entry(key).or_default().push(object);
                return;
            }
            [first, ..] => {
                let message = self.no_such_kind(object, *first);
                report.push(object.finding(
                    &rules::OBJECT_SCHEMA_VIOLATED,
                    "/apiVersion",
                    &message,
                ));
                if missing.len() > 1 {
                    return;
                }
            }
        }
        self.held += 1;
        let mut found: BTreeMap<(String, String), (Violation, Vec<Minor>)> = BTreeMap::new();
        let versions = if oldest == newest { vec![oldest] } else { vec![oldest, newest] };
        for minor in versions.into_iter().filter(|minor| !missing.contains(minor)) {
            let key = (minor, object.api.clone(), object.kind.clone());
            let carried = self.carried;
            let schema = self
                .compiled
                .entry(key)
                .or_insert_with(|| carried.schema(minor, &object.api, &object.kind));
            for violation in schema.iter().flat_map(|schema| schema.violations(&object.root)) {
                let key = (violation.pointer.clone(), violation.problem.clone());
                found.entry(key).or_insert((violation, Vec::new())).1.push(minor);
            }
        }
        let mut by_words: BTreeMap<String, Vec<Violation>> = BTreeMap::new();
        for (violation, minors) in found.into_values() {
            let words = minors.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
            by_words.entry(format!("Kubernetes {words}")).or_default().push(violation);
        }
        for (words, violations) in by_words {
            tell(object, violations, &words, report);
        }
    }

    fn no_such_kind(&self, object: &Object, minor: Minor) -> String {
        let (api, kind) = (&object.api, &object.kind);
        match self.carried.having(api, kind).as_slice() {
            [] => format!("`{api}` has no kind `{kind}` in any Kubernetes"),
            [first, .., last] if minor < *first || *last < minor => {
                format!("`{api}` has the kind `{kind}` from {first} to {last}, not in {minor}")
            }
            [first, ..] => format!("`{api}` has the kind `{kind}` in {first}, not in {minor}"),
        }
    }
}

fn tell(object: &Object, violations: Vec<Violation>, at: &str, report: &mut Report) {
    let more = violations.len().saturating_sub(MOST);
    for (index, violation) in violations.into_iter().take(MOST).enumerate() {
        let mut message = format!("breaks the schema of {at}: {}", violation.problem);
        if more > 0 && index == 0 {
            message += &format!(" (and {more} more)");
        }
        report.push(object.finding(&rules::OBJECT_SCHEMA_VIOLATED, &violation.pointer, &message));
    }
}

/// Reports an API that is removed or deprecated; tells whether it is gone altogether.
fn is_going(object: &Object, range: [Minor; 2], report: &mut Report) -> bool {
    let [oldest, newest] = range;
    let row = GOING.iter().find(|(api, kinds, ..)| {
        *api == object.api && (kinds.is_empty() || kinds.contains(&&*object.kind))
    });
    let Some((api, _, deprecated, removed, instead)) = row else { return false };
    let instead = format!("use {instead}");
    if newest.0 >= *removed {
        let message =
            format!("`{api}` {} is gone since Kubernetes 1.{removed}; {instead}", object.kind);
        let finding = object.finding(&rules::API_REMOVED, "/apiVersion", &message);
        report.push(finding.declared(api).actual(newest));
        return oldest.0 >= *removed;
    }
    if newest.0 >= *deprecated {
        let message = format!(
            "`{api}` {} is deprecated since Kubernetes 1.{deprecated}; {instead}",
            object.kind
        );
        report.push(object.finding(&rules::API_DEPRECATED, "/apiVersion", &message).declared(api));
    }
    false
}

/// Tells whether a group is Kubernetes' own: what is not known there does not exist.
fn is_built_in(group: &str) -> bool {
    matches!(group, "" | "apps" | "batch" | "autoscaling" | "policy" | "extensions")
        || matches!(
            group.strip_suffix(".k8s.io"),
            Some(
                "admissionregistration"
                    | "apiextensions"
                    | "apiregistration"
                    | "authentication"
                    | "authorization"
                    | "rbac.authorization"
                    | "certificates"
                    | "coordination"
                    | "discovery"
                    | "events"
                    | "flowcontrol.apiserver"
                    | "networking"
                    | "node"
                    | "resource"
                    | "scheduling"
                    | "storage"
            )
        )
}

/// The schemas of the custom resources that the input itself defines.
fn own_schemas(inputs: &Inputs) -> BTreeMap<(String, String), Option<Schema>> {
    let mut own = BTreeMap::new();
    let rendered = inputs.renders().flat_map(|render| render.objects.iter().map(|one| &one.root));
    let loose = inputs.loose.iter().map(|object| &object.root);
    let in_charts = inputs.documents.values().map(|source| &source.root);
    for root in rendered.chain(loose).chain(in_charts) {
        if text(root, "kind") != "CustomResourceDefinition" {
            continue;
        }
        let Some(spec) = root.get("spec") else { continue };
        let group = text(spec, "group");
        let kind = spec.pointer("/names/kind").and_then(Node::as_str).unwrap_or_default();
        for version in spec.get("versions").map(Node::items).unwrap_or_default() {
            let schema = version.pointer("/schema/openAPIV3Schema");
            let schema = schema.and_then(|schema| Schema::compile(&strict(schema, true)).ok());
            own.insert((format!("{group}/{}", text(version, "name")), kind.to_owned()), schema);
        }
    }
    own
}

/// A structural schema in the words of JSON Schema: what is not described is refused, as the API
/// server would drop it.
fn strict(schema: &Node, is_root: bool) -> Node {
    let Value::Mapping(entries) = &schema.value else { return schema.clone() };
    let flag = |key: &str| schema.get(key).and_then(Node::as_bool) == Some(true);
    let mut kept: Vec<Entry> = Vec::new();
    for entry in entries {
        let mut entry = entry.clone();
        match entry.key.as_str() {
            "properties" => {
                if let Value::Mapping(properties) = &mut entry.value.value {
                    for property in properties {
                        property.value = strict(&property.value, false);
                    }
                }
            }
            "items" | "additionalProperties" => entry.value = strict(&entry.value, false),
            "type" if flag("nullable") || flag("x-kubernetes-int-or-string") => continue,
            key if key.starts_with("x-kubernetes")
                || matches!(key, "nullable" | "format" | "description" | "default" | "example") =>
            {
                continue;
            }
            _ => {}
        }
        kept.push(entry);
    }
    let has_properties = schema.get("properties").is_some_and(|node| !node.entries().is_empty());
    let is_closed = has_properties
        && schema.get("additionalProperties").is_none()
        && !flag("x-kubernetes-preserve-unknown-fields");
    if is_closed {
        let position = schema.position;
        let no = Node { value: Value::Bool(false), position };
        if is_root || flag("x-kubernetes-embedded-resource") {
            let open = || Node { value: Value::Mapping(Vec::new()), position };
            for entry in kept.iter_mut().filter(|entry| entry.key == "properties") {
                if let Value::Mapping(properties) = &mut entry.value.value {
                    properties
                        .retain(|one| !matches!(&*one.key, "apiVersion" | "kind" | "metadata"));
                    for key in ["apiVersion", "kind", "metadata"] {
                        properties.push(Entry { key: key.to_owned(), position, value: open() });
                    }
                }
            }
        }
        kept.push(Entry { key: "additionalProperties".to_owned(), position, value: no });
    }
    Node { value: Value::Mapping(kept), position: schema.position }
}
