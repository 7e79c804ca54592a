//! Rules about versions: of the release, its tools, its clusters.

use super::{FAULT, Rule};
use crate::finding::Severity;

/// The stack's documents state different versions of the release.
pub static VERSION_DIFFERS: Rule = Rule {
    code: "CS-STACK-018",
    slug: "stack-version-differs",
    refuses: "chart, pin list and pin freeze state different versions of chart or application",
    why: "pins that were frozen for one version are shipped with another",
    remedy: "state one version everywhere, and freeze the pins of the release that is made",
    bad: "Chart.yaml: 0.2.0, pins.yaml: chart 0.1.0",
    good: "both say 0.2.0",
    ..FAULT
};

/// One tool is pinned to two versions.
pub static TOOLCHAIN_DIFFERS: Rule = Rule {
    code: "CS-STACK-019",
    slug: "toolchain-version-differs",
    refuses: "two places pin one tool of the toolchain to different versions",
    why: "the artifact that was tested was built by another compiler than the one that is shipped",
    remedy: "pin one version, and let every other place repeat it",
    bad: "rust-toolchain.toml: 1.86.0, FROM rust:1.84.1",
    good: "both say 1.86.0",
    ..FAULT
};

/// The toolchain names tools without a version.
pub static TOOL_UNVERSIONED: Rule = Rule {
    code: "CS-STACK-020",
    slug: "tool-unversioned",
    severity: Severity::Warning,
    refuses: "a tool of the toolchain inventory has no version",
    why: "whatever version is installed passes, so two people verify with different tools",
    remedy: "state the version of every tool",
    bad: "{\"helm\": {\"required\": true}}",
    good: "{\"helm\": {\"required\": true, \"version\": \"4.2.3\"}}",
    ..FAULT
};

/// Lists of required tools disagree.
pub static TOOL_LISTS_DIFFER: Rule = Rule {
    code: "CS-STACK-021",
    slug: "tool-lists-differ",
    severity: Severity::Warning,
    refuses: "a tool is required in one list and optional or unknown in another",
    why: "a machine passes the check of one list and fails in the middle of the work of the other",
    remedy: "keep one list, and make it require what the profiles require",
    bad: "profiles require kubeconform; the toolchain says `required: false`",
    good: "what a profile requires, the toolchain requires",
    ..FAULT
};

/// Evidence claims another Kubernetes version than the clusters run.
pub static KUBERNETES_DIFFERS: Rule = Rule {
    code: "CS-STACK-022",
    slug: "kubernetes-version-differs",
    refuses: "the node image of a cluster has another version than the documents claim, or lies outside the chart's range",
    why: "the conformance that is claimed was not shown on the cluster that is described",
    remedy: "run the evidence again on the pinned node image, or pin the version that was tested",
    bad: "kindest/node:v1.31.2, evidence: v1.31.0",
    good: "both say v1.31.2",
    ..FAULT
};

/// A cluster's nodes name no image.
pub static NODE_DEFAULTED: Rule = Rule {
    code: "CS-STACK-023",
    slug: "kind-node-image-absent",
    severity: Severity::Warning,
    refuses: "a node of a kind cluster has no image",
    why: "the Kubernetes version is whatever the installed kind brings along",
    remedy: "name the pinned node image on every node",
    bad: "nodes: [{role: control-plane}]",
    good: "nodes: [{role: control-plane, image: \"kindest/node:v1.34.0@sha256:...\"}]",
    ..FAULT
};
