//! The rules about rendered manifests as such: identity, schema, inventory.

use super::super::Rule;
use super::FAULT;
use crate::finding::Severity;

/// A manifest holds an action of a template that was never rendered.
pub static TEMPLATE_UNRENDERED: Rule = Rule {
    code: "CS-K8S-004",
    slug: "template-not-rendered",
    refuses: "a manifest holds an action of a template that was never rendered",
    why: "the cluster is given the template's text instead of a value, or refuses the file",
    remedy: "render the chart and judge what comes out",
    bad: "name: {{ .Values.name }}",
    good: "name: api",
    ..FAULT
};

/// A rendered document is no object: it has no `apiVersion`, no `kind` or no name.
pub static OBJECT_UNIDENTIFIED: Rule = Rule {
    code: "CS-K8S-005",
    slug: "manifest-without-identity",
    refuses: "a rendered document is no object: it has no `apiVersion`, no `kind` or no name",
    why: "what has no identity is applied by nobody and missed by everybody",
    remedy: "name the object, or take the document out of the render",
    bad: "kind: ConfigMap without `metadata.name`",
    good: "a document with `apiVersion`, `kind` and `metadata.name`",
    ..FAULT
};

/// One object stands twice in a render: same group, kind, namespace and name.
pub static OBJECT_TWICE: Rule = Rule {
    code: "CS-K8S-006",
    slug: "object-rendered-twice",
    refuses: "one object stands twice in a render: same group, kind, namespace and name",
    why: "the second replaces the first, and which one runs depends on the order of a file",
    remedy: "give them two names, or keep one",
    bad: "two `v1 Service` named `api` in one namespace",
    good: "every object once",
    ..FAULT
};

/// An object breaks the schema of its kind at a supported Kubernetes version; unknown fields
/// count.
pub static OBJECT_SCHEMA_VIOLATED: Rule = Rule {
    code: "CS-K8S-007",
    slug: "object-schema-violated",
    refuses: "an object breaks the schema of its kind at a supported Kubernetes version; unknown fields count",
    why: "an unknown field is dropped in silence, and a wrong type is refused on the day of the release",
    remedy: "correct the field at the place that is named",
    bad: "spec: {replica: 3}",
    good: "spec: {replicas: 3}",
    ..FAULT
};

/// A custom kind is rendered, and nothing in the tree defines or pins what brings it.
pub static KIND_UNEXPLAINED: Rule = Rule {
    code: "CS-K8S-008",
    slug: "kind-without-definition",
    severity: Severity::Warning,
    refuses: "a custom kind is rendered, and nothing in the tree defines or pins what brings it",
    why: "its objects are not validated, and a cluster without the definition refuses the whole release",
    remedy: "put the CRD into the input, or pin its operator in the pins or the install matrix",
    bad: "a `Rollout`, and no trace of Argo Rollouts in the tree",
    good: "the CRD in the render, or `argo_rollouts: \"1.7.2\"` in the pins",
    ..FAULT
};

/// An object uses an API that a supported Kubernetes version does not serve any more.
pub static API_REMOVED: Rule = Rule {
    code: "CS-K8S-009",
    slug: "api-removed",
    refuses: "an object uses an API that a supported Kubernetes version does not serve any more",
    why: "the cluster refuses it, and going back to it is refused as well",
    remedy: "use the API that took its place",
    bad: "apiVersion: policy/v1beta1",
    good: "apiVersion: policy/v1",
    ..FAULT
};

/// An object uses an API that is deprecated in a supported Kubernetes version.
pub static API_DEPRECATED: Rule = Rule {
    code: "CS-K8S-010",
    slug: "api-deprecated",
    severity: Severity::Warning,
    refuses: "an object uses an API that is deprecated in a supported Kubernetes version",
    why: "a later version refuses it",
    remedy: "move to the API that takes its place before it is removed",
    bad: "kind: Endpoints",
    good: "kind: EndpointSlice",
    ..FAULT
};

/// A profile of the install matrix has no rendered manifests among those that are given.
pub static RENDER_ABSENT: Rule = Rule {
    code: "CS-K8S-011",
    slug: "profile-not-rendered",
    refuses: "a profile of the install matrix has no rendered manifests among those that are given",
    why: "what is installed with this profile was judged by nobody",
    remedy: "render the chart with the profile's values",
    bad: "the matrix names `prod`, and there is no `prod.yaml`",
    good: "one rendered file for each profile of the matrix",
    ..FAULT
};

/// The tree keeps the render of a profile that no document names.
pub static RENDER_UNDECLARED: Rule = Rule {
    code: "CS-K8S-012",
    slug: "render-without-profile",
    severity: Severity::Warning,
    refuses: "the tree keeps the render of a profile that no document names",
    why: "it is left over, or somebody installs what the matrix does not test",
    remedy: "name the profile in the install matrix, or delete the render",
    bad: "`ops/k8s/rendered/old.yaml` and no profile `old`",
    good: "every kept render belongs to a profile",
    ..FAULT
};

/// The manifests that the tree keeps are not those that the chart renders to.
pub static RENDER_DIFFERS: Rule = Rule {
    code: "CS-K8S-013",
    slug: "render-not-reproduced",
    refuses: "the manifests that the tree keeps are not those that the chart renders to",
    why: "what was reviewed and judged is not what is installed",
    remedy: "render again and commit the result, or find out what makes the chart render differently",
    bad: "a Deployment that was edited after it was rendered",
    good: "the kept render is what Helm makes of chart and values",
    ..FAULT
};

/// The committed inventory of rendered objects and the objects differ.
pub static INVENTORY_DIFFERS: Rule = Rule {
    code: "CS-K8S-014",
    slug: "render-inventory-differs",
    refuses: "the committed inventory of rendered objects and the objects differ",
    why: "the inventory is what reviewers and later releases compare with",
    remedy: "make the inventory again from the rendered manifests",
    bad: "an object with another digest than the inventory states",
    good: "every object is listed with its digest, and nothing else is",
    ..FAULT
};

/// A whole number of the values came out of the template in exponent notation.
pub static NUMBER_AS_FLOAT: Rule = Rule {
    code: "CS-K8S-015",
    slug: "number-rendered-as-float",
    refuses: "a whole number of the values came out of the template in exponent notation",
    why: "Helm reads numbers as floats: `8589934592` is written as `8.589934592e+09`, which no integer setting accepts",
    remedy: "pipe the value through `int64` before `quote`, or write it as text in the values",
    bad: "MAX_BYTES: \"8.589934592e+09\"",
    good: "MAX_BYTES: \"8589934592\"",
    ..FAULT
};

/// An object changes a field that the API server never lets change.
pub static IMMUTABLE_CHANGED: Rule = Rule {
    code: "CS-K8S-016",
    slug: "immutable-field-changed",
    refuses: "an object changes a field that the API server never lets change",
    why: "the upgrade fails half way, and so does the way back",
    remedy: "keep the field, or give the object a new name and plan its replacement",
    bad: "a Deployment whose `spec.selector` changed since the last release",
    good: "a Deployment with the selector it always had",
    ..FAULT
};
