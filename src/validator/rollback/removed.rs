//! Interfaces that Kubernetes has removed (the project's deprecation guide).

use crate::version::Version;

/// Tells in which version of Kubernetes an interface was removed; nothing for one that was not.
#[must_use]
pub(super) fn removed_in(api_version: &str, kind: &str) -> Option<Version> {
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    let minor = REMOVED
        .iter()
        .find(|(of_group, of_version, kinds, _)| {
            *of_group == group
                && *of_version == version
                && (kinds.is_empty() || kinds.contains(&kind))
        })
        .map(|(_, _, _, minor)| *minor)?;
    format!("1.{minor}.0").parse().ok()
}

/// Group, version, kinds (all when empty), and the minor version 1.x that no longer has it.
const REMOVED: &[(&str, &str, &[&str], u32)] = &[
    ("extensions", "v1beta1", &["Ingress"], 22),
    ("extensions", "v1beta1", &[], 16),
    ("apps", "v1beta1", &[], 16),
    ("apps", "v1beta2", &[], 16),
    (
        "admissionregistration.k8s.io",
        "v1beta1",
        &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
        22,
    ),
    ("apiextensions.k8s.io", "v1beta1", &[], 22),
    ("apiregistration.k8s.io", "v1beta1", &[], 22),
    ("authentication.k8s.io", "v1beta1", &["TokenReview"], 22),
    ("authorization.k8s.io", "v1beta1", &[], 22),
    ("certificates.k8s.io", "v1beta1", &[], 22),
    ("coordination.k8s.io", "v1beta1", &[], 22),
    ("networking.k8s.io", "v1beta1", &["Ingress", "IngressClass"], 22),
    ("rbac.authorization.k8s.io", "v1beta1", &[], 22),
    ("scheduling.k8s.io", "v1beta1", &[], 22),
    (
        "storage.k8s.io",
        "v1beta1",
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
        22,
    ),
    ("batch", "v1beta1", &[], 25),
    ("discovery.k8s.io", "v1beta1", &[], 25),
    ("events.k8s.io", "v1beta1", &[], 25),
    ("autoscaling", "v2beta1", &[], 25),
    ("policy", "v1beta1", &[], 25),
    ("node.k8s.io", "v1beta1", &[], 25),
    ("autoscaling", "v2beta2", &[], 26),
    ("flowcontrol.apiserver.k8s.io", "v1beta1", &[], 26),
    ("storage.k8s.io", "v1beta1", &["CSIStorageCapacity"], 27),
    ("flowcontrol.apiserver.k8s.io", "v1beta2", &[], 29),
    ("flowcontrol.apiserver.k8s.io", "v1beta3", &[], 32),
];
