//! Rules about what depends on what: order, health, ports.

use super::{FAULT, Rule};

/// The committed dependency graph is not the one of the profiles.
pub static GRAPH_DIFFERS: Rule = Rule {
    code: "CS-STACK-033",
    slug: "dependency-graph-differs",
    refuses: "the dependency graph differs from the one computed from the profiles",
    why: "decisions on what to start, stop and roll back are taken from a graph that is not true",
    remedy: "generate the graph again",
    bad: "the graph's ci has no redis, the profile's ci has",
    good: "graph and profiles have the same components",
    ..FAULT
};

/// Services depend on each other in a circle.
pub static DEPENDENCY_CYCLE: Rule = Rule {
    code: "CS-STACK-034",
    slug: "dependency-cycle",
    refuses: "the declared dependencies form a circle",
    why: "there is no order in which they can start",
    remedy: "remove one of the dependencies",
    bad: "a depends on b, b depends on a",
    good: "a depends on b",
    ..FAULT
};

/// A dependency names nothing, or is declared on one side only.
pub static DEPENDENCY_UNKNOWN: Rule = Rule {
    code: "CS-STACK-035",
    slug: "dependency-unknown",
    refuses: "a declared dependency does not resolve, or its other end does not declare it",
    why: "an edge that one side does not know is not kept when that side changes",
    remedy: "correct the name, and declare the edge on both sides",
    bad: "api depends_on: [redsi]",
    good: "api depends_on: [redis]",
    ..FAULT
};

/// Nothing tells whether a dependency is ready.
pub static HEALTH_UNPROBED: Rule = Rule {
    code: "CS-STACK-036",
    slug: "dependency-without-health",
    refuses: "a workload that others depend on has neither a readiness probe nor a health check",
    why: "whoever waits for it waits for its process, and is sent to it before it can answer",
    remedy: "add a readiness probe, or in compose a `healthcheck`",
    bad: "redis without `readinessProbe`",
    good: "readinessProbe: {exec: {command: [redis-cli, ping]}}",
    ..FAULT
};

/// Two things want one port of the host.
pub static HOST_PORT_CLASH: Rule = Rule {
    code: "CS-STACK-037",
    slug: "host-port-clash",
    refuses: "one host port is published twice in one profile",
    why: "the second one does not start",
    remedy: "give each its own port",
    bad: "ports: [\"8080:80\"] in two services",
    good: "ports: [\"8080:80\"] and [\"8081:80\"]",
    ..FAULT
};

/// A Service sends to a port that its pods do not have.
pub static PORT_UNSERVED: Rule = Rule {
    code: "CS-STACK-038",
    slug: "service-port-unserved",
    refuses: "a Service's target port is no port of the pods that it selects, or it selects none",
    why: "every connection to it is refused",
    remedy: "name a port of the container",
    bad: "targetPort: http; the container has `web`",
    good: "targetPort: web",
    ..FAULT
};
