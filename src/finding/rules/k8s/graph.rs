//! The rules about objects that refer to each other.

use super::super::Rule;
use super::FAULT;
use crate::finding::Severity;

/// Two controllers select the same pods.
pub static CONTROLLERS_SHARE_PODS: Rule = Rule {
    code: "CS-K8S-017",
    slug: "controllers-share-pods",
    refuses: "two controllers select the same pods",
    why: "each counts, scales and deletes what the other made; a canary that shares pods with a Deployment proves nothing",
    remedy: "render one of them, or let a Rollout refer to the Deployment by `workloadRef`",
    bad: "a Deployment and a Rollout with one selector",
    good: "one controller for one set of labels",
    ..FAULT
};

/// A controller's selector does not select the pods of its own template.
pub static SELECTOR_MISMATCH: Rule = Rule {
    code: "CS-K8S-018",
    slug: "selector-mismatch",
    refuses: "a controller's selector does not select the pods of its own template",
    why: "the API server refuses the object",
    remedy: "use the same labels in selector and template",
    bad: "matchLabels: {app: api} over a template with app: web",
    good: "selector and template with the same labels",
    ..FAULT
};

/// A Service selects labels that no pod of the render has.
pub static SERVICE_WITHOUT_PODS: Rule = Rule {
    code: "CS-K8S-019",
    slug: "service-without-pods",
    refuses: "a Service selects labels that no pod of the render has",
    why: "every request to it fails",
    remedy: "correct the selector, or render the pods",
    bad: "selector: {app: api} where the pods have app: web",
    good: "a selector that the pods' labels match",
    ..FAULT
};

/// A Service sends to a named port that some of its pods do not have.
pub static SERVICE_PORT_ABSENT: Rule = Rule {
    code: "CS-K8S-020",
    slug: "service-port-unresolved",
    refuses: "a Service sends to a named port that some of its pods do not have",
    why: "requests that reach those pods go nowhere",
    remedy: "name the port in every template that the Service selects",
    bad: "targetPort: http over a container port without a name",
    good: "targetPort: http and `name: http` on the container port",
    ..FAULT
};

/// An Ingress leads to a Service or a port that is not rendered.
pub static INGRESS_BACKEND_ABSENT: Rule = Rule {
    code: "CS-K8S-021",
    slug: "ingress-backend-absent",
    refuses: "an Ingress leads to a Service or a port that is not rendered",
    why: "customers get an error page",
    remedy: "correct the name or the port of the backend",
    bad: "backend `api` and no such Service",
    good: "a backend that is rendered, with a port that it has",
    ..FAULT
};

/// An Ingress leads to pods whose network policy admits no other namespace that could hold its
/// controller.
pub static INGRESS_SHUT_OUT: Rule = Rule {
    code: "CS-K8S-022",
    slug: "ingress-shut-out",
    severity: Severity::Warning,
    refuses: "an Ingress leads to pods whose network policy admits no other namespace that could hold its controller",
    why: "the controller's requests are dropped, and customers get time-outs",
    remedy: "admit the namespace of the ingress controller in the policy",
    bad: "an Ingress over pods that admit their own namespace only",
    good: "a policy that admits the controller's namespace",
    ..FAULT
};

/// A NetworkPolicy or a PodDisruptionBudget selects no pod of the render.
pub static SELECTS_NOTHING: Rule = Rule {
    code: "CS-K8S-023",
    slug: "policy-selects-nothing",
    refuses: "a NetworkPolicy or a PodDisruptionBudget selects no pod of the render",
    why: "it protects nothing and looks as if it did",
    remedy: "correct its selector",
    bad: "podSelector: {app: old}",
    good: "a selector that the pods' labels match",
    ..FAULT
};

/// A ServiceMonitor or PodMonitor selects nothing, or a port that is not there.
pub static MONITOR_SELECTS_NOTHING: Rule = Rule {
    code: "CS-K8S-024",
    slug: "monitor-selects-nothing",
    refuses: "a ServiceMonitor or PodMonitor selects nothing, or a port that is not there",
    why: "no metric is scraped, and alerts on them stay silent",
    remedy: "correct its selector or the name of its port",
    bad: "endpoints: [{port: metrics}] over a Service without that port",
    good: "a monitor whose selector and port the Service has",
    ..FAULT
};

/// Pods refer to a ConfigMap, Secret, key, ServiceAccount, claim or PriorityClass that is neither
/// rendered nor declared as external.
pub static REFERENCE_DANGLING: Rule = Rule {
    code: "CS-K8S-025",
    slug: "reference-dangling",
    refuses: "pods refer to a ConfigMap, Secret, key, ServiceAccount, claim or PriorityClass that is neither rendered nor declared as external",
    why: "the pods never start",
    remedy: "render the object, or list it under `external_objects` in the install matrix",
    bad: "envFrom a ConfigMap that no template makes",
    good: "a reference to an object of the same render",
    ..FAULT
};

/// An autoscaler scales something that is not rendered, or one of two controllers of the same
/// pods, or within bounds that cross.
pub static AUTOSCALER_TARGET: Rule = Rule {
    code: "CS-K8S-026",
    slug: "autoscaler-target-wrong",
    refuses: "an autoscaler scales something that is not rendered, or one of two controllers of the same pods, or within bounds that cross",
    why: "the load is measured on pods that it does not scale, or nothing is scaled at all",
    remedy: "point it to the one controller that owns the pods",
    bad: "scaleTargetRef a Deployment beside a Rollout with the same selector",
    good: "scaleTargetRef the controller that owns the pods",
    ..FAULT
};

/// A controller that is autoscaled states a number of replicas.
pub static AUTOSCALER_FOUGHT: Rule = Rule {
    code: "CS-K8S-027",
    slug: "autoscaler-overridden",
    refuses: "a controller that is autoscaled states a number of replicas",
    why: "every upgrade sets the number back, under load as well",
    remedy: "leave `replicas` out when the autoscaler is on",
    bad: "replicas: 3 beside an autoscaler",
    good: "no `replicas` where an autoscaler owns the number",
    ..FAULT
};

/// An autoscaler measures the share of a request that a container does not state.
pub static AUTOSCALER_BLIND: Rule = Rule {
    code: "CS-K8S-028",
    slug: "autoscaler-without-request",
    refuses: "an autoscaler measures the share of a request that a container does not state",
    why: "the share cannot be computed, and nothing is ever scaled",
    remedy: "state the request",
    bad: "Utilization of cpu over a container without a cpu request",
    good: "a container that requests what is measured",
    ..FAULT
};

/// An autoscaler may go above the ceiling of the profile's class.
pub static AUTOSCALER_CEILING: Rule = Rule {
    code: "CS-K8S-029",
    slug: "autoscaler-above-ceiling",
    refuses: "an autoscaler may go above the ceiling of the profile's class",
    why: "the cluster is not sized for it",
    remedy: "lower `maxReplicas`, or raise the ceiling where it is decided",
    bad: "maxReplicas: 50 where the class allows 40",
    good: "maxReplicas at most the ceiling",
    ..FAULT
};

/// A PodDisruptionBudget lets no pod go at the fewest replicas.
pub static BUDGET_BLOCKS: Rule = Rule {
    code: "CS-K8S-030",
    slug: "disruption-budget-blocks",
    refuses: "a PodDisruptionBudget lets no pod go at the fewest replicas",
    why: "no node that runs one of them can be drained: upgrades of the cluster hang",
    remedy: "allow one disruption, or run one replica more",
    bad: "minAvailable: 1 with one replica",
    good: "minAvailable: 1 with two replicas",
    ..FAULT
};

/// A rolling update may take no pod away and add none.
pub static UPDATE_STUCK: Rule = Rule {
    code: "CS-K8S-031",
    slug: "update-cannot-progress",
    refuses: "a rolling update may take no pod away and add none",
    why: "it never begins",
    remedy: "allow a surge or an unavailable pod",
    bad: "maxUnavailable: 0 and maxSurge: 0",
    good: "maxUnavailable: 0 and maxSurge: 1",
    ..FAULT
};

/// A production Deployment does not say after how long an update has failed.
pub static PROGRESS_DEADLINE_UNSET: Rule = Rule {
    code: "CS-K8S-032",
    slug: "progress-deadline-unset",
    severity: Severity::Warning,
    refuses: "a production Deployment does not say after how long an update has failed",
    why: "it is judged after ten minutes, whatever the release's own plan says",
    remedy: "set `progressDeadlineSeconds`",
    bad: "a Deployment without `progressDeadlineSeconds`",
    good: "progressDeadlineSeconds: 300",
    ..FAULT
};

/// A production controller keeps no revision.
pub static HISTORY_NOT_KEPT: Rule = Rule {
    code: "CS-K8S-033",
    slug: "revision-history-not-kept",
    refuses: "a production controller keeps no revision",
    why: "there is nothing to roll back to",
    remedy: "keep at least two revisions",
    bad: "revisionHistoryLimit: 0",
    good: "revisionHistoryLimit: 5",
    ..FAULT
};
