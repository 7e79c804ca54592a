//! Rules about profiles, components, namespaces and environments.

use super::{FAULT, Rule};
use crate::finding::Severity;

/// A profile names a file that is not there.
pub static PROFILE_FILE_ABSENT: Rule = Rule {
    code: "CS-STACK-024",
    slug: "profile-file-absent",
    refuses: "a component, cluster configuration or source of a profile does not exist",
    why: "the profile cannot be brought up",
    remedy: "correct the path, or restore the file",
    bad: "components = [\"ops/stack/redis/redi.yaml\"]",
    good: "components = [\"ops/stack/redis/redis.yaml\"]",
    ..FAULT
};

/// Documents disagree on which profiles there are.
pub static PROFILE_SETS_DIFFER: Rule = Rule {
    code: "CS-STACK-025",
    slug: "stack-profile-sets-differ",
    refuses: "stack, profile list, registry and intent do not have the same profiles",
    why: "a profile that is registered and not composed cannot run; one that is composed and not registered is governed by nobody",
    remedy: "give every document the same profiles",
    bad: "stack.toml: ci, kind, local; registry: ci, dev, kind",
    good: "all four have ci, dev, kind",
    ..FAULT
};

/// Two documents define one profile differently.
pub static PROFILE_DIFFERS: Rule = Rule {
    code: "CS-STACK-026",
    slug: "profile-definitions-differ",
    refuses: "a profile has another cluster configuration or size in another document",
    why: "which cluster comes up depends on which document the tool reads",
    remedy: "state it once, or the same everywhere",
    bad: "stack.toml: cluster.yaml, profiles.json: cluster-small.yaml",
    good: "both say cluster.yaml",
    ..FAULT
};

/// A profile lacks a component that the service contract requires in it.
pub static COMPONENT_MISSING: Rule = Rule {
    code: "CS-STACK-027",
    slug: "required-component-missing",
    refuses: "a component of the service contract is missing from a profile that must have it",
    why: "the profile tests a service without what it depends on",
    remedy: "add the component to the profile, or take the profile off the contract",
    bad: "redis is required in ci; ci has no redis",
    good: "ci has the component of redis",
    ..FAULT
};

/// A component belongs to no profile.
pub static COMPONENT_UNUSED: Rule = Rule {
    code: "CS-STACK-028",
    slug: "component-unused",
    severity: Severity::Warning,
    refuses: "a component manifest is in no profile and in no service contract",
    why: "nobody installs it, so nobody notices when it stops working",
    remedy: "add it to a profile and to the contract, or remove it",
    bad: "ops/stack/toxiproxy/toxiproxy.yaml is in no profile",
    good: "each manifest is in a profile",
    ..FAULT
};

/// A profile requires a service that the contract does not know.
pub static SERVICE_UNKNOWN: Rule = Rule {
    code: "CS-STACK-029",
    slug: "profile-service-unknown",
    severity: Severity::Warning,
    refuses: "the profile registry requires services that the service contract does not define",
    why: "a requirement that resolves to nothing is never checked",
    remedy: "use the ids of the service contract",
    bad: "required_services: [\"query\"]; no such id",
    good: "required_services: [\"stack.redis\"]",
    ..FAULT
};

/// A profile deploys into a namespace that its documents do not agree on.
pub static NAMESPACE_DIFFERS: Rule = Rule {
    code: "CS-STACK-030",
    slug: "namespace-not-allowed",
    refuses: "a namespace of a profile or of its components is not one that the registry allows or the profile names",
    why: "policies, secrets and addresses are written for another namespace than the one that is used",
    remedy: "use one namespace, and allow exactly those that are used",
    bad: "stack.toml: bijux-atlas, registry: atlas-dev, manifests: atlas-e2e",
    good: "all say atlas",
    ..FAULT
};

/// Overlays and portability matrix contradict each other.
pub static ENVIRONMENT_DIFFERS: Rule = Rule {
    code: "CS-STACK-031",
    slug: "environment-contradicted",
    severity: Severity::Warning,
    refuses: "an environment's overlay says other than the matrix, or one of the two lacks the environment",
    why: "what an environment permits depends on which file is read",
    remedy: "make the overlay and the matrix say the same",
    bad: "matrix: ci subprocess allowed; overlay: allow_subprocess false",
    good: "both permit it, or both forbid it",
    ..FAULT
};

/// An environment names a profile that does not exist.
pub static ENVIRONMENT_PROFILE: Rule = Rule {
    code: "CS-STACK-032",
    slug: "environment-profile-unknown",
    refuses: "an overlay's cluster profile is no profile of the stack",
    why: "the environment cannot be brought up",
    remedy: "name a profile of the stack",
    bad: "cluster_profile: knid",
    good: "cluster_profile: kind",
    ..FAULT
};
