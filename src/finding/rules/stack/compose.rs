//! Rules about compose files, and about access to the host.

use super::{FAULT, Rule};

/// A compose file breaks the compose specification's schema.
pub static COMPOSE_SCHEMA: Rule = Rule {
    code: "CS-STACK-039",
    slug: "compose-schema-violated",
    refuses: "a compose file has an unknown key or a value of the wrong kind",
    why: "compose refuses the file, or ignores what it was told",
    remedy: "correct the key at the place that is named",
    bad: "services: {a: {imag: redis}}",
    good: "services: {a: {image: redis}}",
    ..FAULT
};

/// A compose service refers to something that is not defined.
pub static COMPOSE_UNDEFINED: Rule = Rule {
    code: "CS-STACK-040",
    slug: "compose-name-undefined",
    refuses: "a service names a network, volume, secret, config or service that the file does not define",
    why: "compose refuses the whole file",
    remedy: "define it at the top of the file, or correct the name",
    bad: "depends_on: [cache], and no service `cache`",
    good: "depends_on: [redis], and a service `redis`",
    ..FAULT
};

/// A compose file takes in a variable that may be unset.
pub static COMPOSE_VARIABLE: Rule = Rule {
    code: "CS-STACK-041",
    slug: "compose-variable-unset",
    refuses: "a variable has no default, is not marked as required and is set in no `.env` beside the file",
    why: "compose puts an empty text in its place and goes on",
    remedy: "give a default (`${NAME:-value}`), or refuse without it (`${NAME:?why}`)",
    bad: "image: \"redis:${TAG}\"",
    good: "image: \"redis:${TAG:-7.4.2}\"",
    ..FAULT
};

/// A compose file names a file that is not there.
pub static COMPOSE_FILE_ABSENT: Rule = Rule {
    code: "CS-STACK-042",
    slug: "compose-file-absent",
    refuses: "a Dockerfile, mounted file, environment file, config or secret of a compose file does not exist",
    why: "the service is not built, or gets an empty folder where it expects a file",
    remedy: "correct the path; it is relative to the compose file",
    bad: "volumes: [\"./prometheus.yaml:/etc/p.yml\"], and no such file",
    good: "the file lies beside the compose file",
    ..FAULT
};

/// Something outside a development profile reaches into the host.
pub static HOST_ACCESS: Rule = Rule {
    code: "CS-STACK-043",
    slug: "host-access-granted",
    refuses: "a workload is privileged, shares a namespace of the host, or mounts the container engine's socket",
    why: "whoever gets into the container gets the host",
    remedy: "take the access away, or keep the workload in development profiles",
    bad: "privileged: true",
    good: "privileged: false",
    ..FAULT
};
