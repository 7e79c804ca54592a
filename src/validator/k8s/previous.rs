//! K8S08, K8S20, K8S25: this release laid over the one before.

use std::collections::BTreeMap;

use super::input::Inputs;
use super::inventory::digest_of;
use super::object::Object;
use super::quantity::Quantity;
use crate::document::Node;
use crate::finding::Report;
use crate::finding::rules::k8s as rules;
use crate::validator::Context;

/// Fields that the API server refuses to change.
const IMMUTABLE: &[(&str, &[&str])] = &[
    ("Deployment", &["/spec/selector"]),
    ("DaemonSet", &["/spec/selector"]),
    ("ReplicaSet", &["/spec/selector"]),
    (
        "StatefulSet",
        &[
            "/spec/selector",
            "/spec/serviceName",
            "/spec/podManagementPolicy",
            "/spec/volumeClaimTemplates",
        ],
    ),
    ("Job", &["/spec/selector", "/spec/template", "/spec/completionMode"]),
    ("Service", &["/spec/clusterIP"]),
    (
        "PersistentVolumeClaim",
        &["/spec/storageClassName", "/spec/accessModes", "/spec/volumeName", "/spec/selector"],
    ),
    ("RoleBinding", &["/roleRef"]),
    ("ClusterRoleBinding", &["/roleRef"]),
    ("StorageClass", &["/provisioner", "/parameters", "/reclaimPolicy", "/volumeBindingMode"]),
];

/// No field that cannot change is changed, and a chart that renders something else has another
/// version.
pub(super) fn immutable(inputs: &Inputs, _: &Context, report: &mut Report) {
    let Some(previous) = &inputs.previous else {
        report.skipped("immutable-fields", "ops/k8s", "no render of the release before was given");
        return;
    };
    for render in inputs.renders() {
        let Some(before) = previous.iter().find(|one| one.profile == render.profile) else {
            continue;
        };
        let by_name: BTreeMap<(&str, &str, &str), &Object> = before
            .objects
            .iter()
            .map(|one| ((&*one.kind, &*one.namespace, &*one.name), one))
            .collect();
        for object in &render.objects {
            let key = (&*object.kind, &*object.namespace, &*object.name);
            let Some(old) = by_name.get(&key) else { continue };
            changed(object, old, report);
            unbumped(object, old, report);
        }
    }
}

fn changed(object: &Object, old: &Object, report: &mut Report) {
    // A hook is deleted before it is made again.
    if object.annotation("helm.sh/hook").is_some() {
        return;
    }
    let fields = IMMUTABLE.iter().find(|(kind, _)| *kind == object.kind).map(|(_, fields)| *fields);
    let mut pointers: Vec<&str> = fields.unwrap_or_default().to_vec();
    let is_frozen = |one: &Object| one.root.get("immutable").and_then(Node::as_bool) == Some(true);
    if matches!(&*object.kind, "ConfigMap" | "Secret") && is_frozen(old) {
        pointers.extend(["/data", "/binaryData"]);
    }
    for pointer in pointers {
        let [was, is] =
            [old, object].map(|one| one.root.pointer(pointer).map(Node::to_canonical_json));
        // A field that one of them leaves to the API server is not changed by the manifest.
        let left_out = was.is_none() || is.is_none();
        if was != is
            && !(left_out && matches!(pointer, "/spec/clusterIP" | "/spec/storageClassName"))
        {
            let shown = |bytes: Option<Vec<u8>>| {
                String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
            };
            let message = format!(
                "changes `{pointer}`, which the API server never lets change: the upgrade fails"
            );
            let finding = object.finding(&rules::IMMUTABLE_CHANGED, pointer, &message);
            report.push(finding.declared(shown(was)).actual(shown(is)));
        }
    }
    let size = |one: &Object| {
        let node = one.root.pointer("/spec/resources/requests/storage")?;
        Quantity::parse(&node.scalar_text()?)
    };
    if object.kind == "PersistentVolumeClaim"
        && size(object).zip(size(old)).is_some_and(|(is, was)| is < was)
    {
        let pointer = "/spec/resources/requests/storage";
        let message = "asks for less storage than before: a claim never shrinks";
        report.push(object.finding(&rules::IMMUTABLE_CHANGED, pointer, message));
    }
}

/// A chart with the version of the release before renders what that release rendered.
fn unbumped(object: &Object, old: &Object, report: &mut Report) {
    let (Some(version), Some(before)) = (object.label("helm.sh/chart"), old.label("helm.sh/chart"))
    else {
        return;
    };
    if version == before && digest_of(object) != digest_of(old) {
        let message =
            format!("is not what `{before}` rendered, and the chart still has that version");
        let pointer = "/metadata/labels/helm.sh~1chart";
        report.push(object.finding(&rules::CHART_UNBUMPED, pointer, &message).declared(version));
    }
}
