//! The rules about what pods run, use and may do.

use super::super::Rule;
use super::FAULT;
use crate::finding::Severity;

/// A container behind a Service has no readiness probe.
pub static READINESS_MISSING: Rule = Rule {
    code: "CS-K8S-034",
    slug: "readiness-probe-missing",
    refuses: "a container behind a Service has no readiness probe",
    why: "it gets requests before it can answer them, during every rollout",
    remedy: "add a readiness probe",
    bad: "a container with ports and no `readinessProbe`",
    good: "readinessProbe: {httpGet: {path: /readyz, port: http}}",
    ..FAULT
};

/// A container behind a Service has no liveness probe.
pub static LIVENESS_MISSING: Rule = Rule {
    code: "CS-K8S-035",
    slug: "liveness-probe-missing",
    severity: Severity::Warning,
    refuses: "a container behind a Service has no liveness probe",
    why: "it is never restarted when it hangs",
    remedy: "add a liveness probe that asks less than readiness",
    bad: "a container without `livenessProbe`",
    good: "livenessProbe: {httpGet: {path: /healthz, port: http}}",
    ..FAULT
};

/// Readiness and liveness ask the same question.
pub static PROBES_EQUAL: Rule = Rule {
    code: "CS-K8S-036",
    slug: "readiness-equals-liveness",
    severity: Severity::Warning,
    refuses: "readiness and liveness ask the same question",
    why: "a dependency that is slow restarts every pod at once",
    remedy: "let liveness ask only whether the process is alive",
    bad: "both probes on /healthz",
    good: "readiness on /readyz, liveness on /healthz",
    ..FAULT
};

/// A probe names a port that its container does not have.
pub static PROBE_PORT_ABSENT: Rule = Rule {
    code: "CS-K8S-037",
    slug: "probe-port-unresolved",
    refuses: "a probe names a port that its container does not have",
    why: "the probe fails for ever, and the pod never becomes ready",
    remedy: "name the port",
    bad: "port: admin without a port of that name",
    good: "port: http and `name: http` on the container port",
    ..FAULT
};

/// A production container states no request or no memory limit.
pub static RESOURCES_UNSET: Rule = Rule {
    code: "CS-K8S-038",
    slug: "resources-unset",
    refuses: "a production container states no request or no memory limit",
    why: "it is scheduled where there is no room, and takes its neighbours with it when it grows",
    remedy: "state requests and a memory limit",
    bad: "resources: {}",
    good: "requests of cpu and memory, and a memory limit",
    ..FAULT
};

/// A container requests more than its limit.
pub static RESOURCES_INVERTED: Rule = Rule {
    code: "CS-K8S-039",
    slug: "request-above-limit",
    refuses: "a container requests more than its limit",
    why: "the API server refuses the pod",
    remedy: "lower the request or raise the limit",
    bad: "requests.memory: 2Gi, limits.memory: 1Gi",
    good: "a request at most the limit",
    ..FAULT
};

/// A container's resources are not of the class that the profile is expected to have.
pub static RESOURCE_CLASS_DIFFERS: Rule = Rule {
    code: "CS-K8S-040",
    slug: "resource-class-differs",
    refuses: "a container's resources are not of the class that the profile is expected to have",
    why: "capacity is planned by the class and used by the container",
    remedy: "set the resources of the class, or correct the expectation",
    bad: "expectedResourcesClass: small over a container of the class large",
    good: "resources within the ceilings of the expected class",
    ..FAULT
};

/// The same resources are called by several classes, and no document says what a class is.
pub static RESOURCE_CLASSES_UNDEFINED: Rule = Rule {
    code: "CS-K8S-041",
    slug: "resource-classes-undefined",
    severity: Severity::Warning,
    refuses: "the same resources are called by several classes, and no document says what a class is",
    why: "the expectation can be met by anything",
    remedy: "define the ceilings of each class, and set the resources by it",
    bad: "512Mi called `tiny` in one profile and `large` in another",
    good: "a document with the ceilings of each class",
    ..FAULT
};

/// A production container may run as root, gain privileges, write to its root, keep capabilities,
/// or call any system call.
pub static POD_NOT_HARDENED: Rule = Rule {
    code: "CS-K8S-042",
    slug: "pod-not-hardened",
    refuses: "a production container may run as root, gain privileges, write to its root, keep capabilities, or call any system call",
    why: "what breaks into the process gets the rest of the node for nothing",
    remedy: "set the fields that are named, in the pod's or the container's security context",
    bad: "a container without `securityContext`",
    good: "runAsNonRoot, no privilege escalation, no capabilities, a read-only root, a seccomp profile",
    ..FAULT
};

/// A pod outside of development is privileged, shares a namespace of its node, or mounts a folder
/// of it.
pub static POD_PRIVILEGED: Rule = Rule {
    code: "CS-K8S-043",
    slug: "pod-reaches-into-node",
    refuses: "a pod outside of development is privileged, shares a namespace of its node, or mounts a folder of it",
    why: "it can read and change every other pod of the node",
    remedy: "take the privilege away",
    bad: "hostNetwork: true",
    good: "a pod within its own namespaces",
    ..FAULT
};

/// A rendered container names an image without a digest.
pub static IMAGE_UNPINNED_IN_RENDER: Rule = Rule {
    code: "CS-K8S-044",
    slug: "rendered-image-unpinned",
    refuses: "a rendered container names an image without a digest",
    why: "a tag can move after the evidence was taken",
    remedy: "name the image by digest",
    bad: "image: registry.example/api:1.8",
    good: "image: registry.example/api:1.8@sha256:<64 hex>",
    ..FAULT
};

/// An image digest is a placeholder: one digit all through, or the digest of nothing.
pub static IMAGE_PLACEHOLDER: Rule = Rule {
    code: "CS-K8S-045",
    slug: "image-digest-placeholder",
    refuses: "an image digest is a placeholder: one digit all through, or the digest of nothing",
    why: "no image has it: the pods never start, or the profile was never tried",
    remedy: "state the digest of the image that was built",
    bad: "digest: sha256:1111...1111",
    good: "the digest that the registry states",
    ..FAULT
};

/// A rendered container runs another digest of a repository than the values or its neighbours
/// name.
pub static IMAGE_NOT_OF_VALUES: Rule = Rule {
    code: "CS-K8S-046",
    slug: "rendered-image-differs",
    refuses: "a rendered container runs another digest of a repository than the values or its neighbours name",
    why: "one pod then runs two releases",
    remedy: "name the digest once, in the values, and use it in every template",
    bad: "an init container with the digest of the release before",
    good: "every container of the repository with one digest",
    ..FAULT
};

/// Production pods are selected by no network policy, and no document says that they need none.
pub static POD_NOT_ISOLATED: Rule = Rule {
    code: "CS-K8S-047",
    slug: "pod-not-isolated",
    refuses: "production pods are selected by no network policy, and no document says that they need none",
    why: "everything in the cluster may reach them, and they everything",
    remedy: "render a policy that selects them",
    bad: "a Deployment and no NetworkPolicy",
    good: "a NetworkPolicy that selects the Deployment's pods",
    ..FAULT
};

/// A production network policy lets all traffic of a direction pass.
pub static POLICY_OPEN: Rule = Rule {
    code: "CS-K8S-048",
    slug: "network-policy-open",
    refuses: "a production network policy lets all traffic of a direction pass",
    why: "it isolates nothing and looks as if it did",
    remedy: "name the peers and the ports",
    bad: "egress: [{}]",
    good: "egress to named peers on named ports",
    ..FAULT
};

/// A role grants everything, all secrets, a shell in other pods, or the right to grant more.
pub static RBAC_EXCESSIVE: Rule = Rule {
    code: "CS-K8S-049",
    slug: "rbac-excessive",
    refuses: "a role grants everything, all secrets, a shell in other pods, or the right to grant more",
    why: "whoever takes over the pod takes over the cluster",
    remedy: "name the verbs and resources that are needed, or list the role under `declared_rbac` in the install matrix",
    bad: "verbs: [\"*\"]",
    good: "verbs: [get, list] on named resources",
    ..FAULT
};

/// A Job does not say how often it is tried or when it goes away.
pub static JOB_UNBOUNDED: Rule = Rule {
    code: "CS-K8S-050",
    slug: "job-unbounded",
    severity: Severity::Warning,
    refuses: "a Job does not say how often it is tried or when it goes away",
    why: "it is tried for hours, and stands in the way of the next release",
    remedy: "set `backoffLimit`, and `ttlSecondsAfterFinished` or a delete policy",
    bad: "a hook Job without a delete policy",
    good: "backoffLimit: 1 and ttlSecondsAfterFinished: 600",
    ..FAULT
};

/// Two hooks of one moment have one weight.
pub static HOOK_ORDER: Rule = Rule {
    code: "CS-K8S-051",
    slug: "hook-order-ambiguous",
    severity: Severity::Warning,
    refuses: "two hooks of one moment have one weight",
    why: "they run in the order of their names, and somebody renames one",
    remedy: "give each its weight",
    bad: "two `pre-upgrade` Jobs with the weight 0",
    good: "weights 0 and 10",
    ..FAULT
};

/// A hook that runs on a rollback migrates data forward.
pub static HOOK_MIGRATES_BACK: Rule = Rule {
    code: "CS-K8S-052",
    slug: "rollback-hook-migrates",
    refuses: "a hook that runs on a rollback migrates data forward",
    why: "the release that one goes back to cannot read what it finds",
    remedy: "run migrations on upgrades only",
    bad: "a `pre-rollback` Job that runs `migrate up`",
    good: "migrations under `pre-upgrade` alone",
    ..FAULT
};
