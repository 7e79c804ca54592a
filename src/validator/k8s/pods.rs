//! K8S14, K8S15: what pods may use and what they may do.

use std::collections::{BTreeMap, BTreeSet};

use super::input::{CLASSES, Inputs, Profile, Source};
use super::object::{Container, Controller, Object, text, words};
use super::quantity::Quantity;
use crate::document::Node;
use crate::finding::rules::k8s as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// Whether a container's own security context, or else its pod's, has something.
type Holds = fn(&Node, Option<&Node>) -> bool;

/// What a hardened container has.
const HARDENING: &[(&str, Holds)] = &[
    ("runAsNonRoot: true", |own, pod| is(own, pod, "runAsNonRoot", true)),
    ("allowPrivilegeEscalation: false", |own, _| is(own, None, "allowPrivilegeEscalation", false)),
    ("capabilities.drop: [ALL]", |own, _| {
        words(own.pointer("/capabilities/drop")).any(|word| word.eq_ignore_ascii_case("ALL"))
    }),
    ("readOnlyRootFilesystem: true", |own, _| is(own, None, "readOnlyRootFilesystem", true)),
    ("seccompProfile", |own, pod| {
        let profile = own.pointer("/seccompProfile/type");
        let profile = profile.or_else(|| pod.and_then(|pod| pod.pointer("/seccompProfile/type")));
        matches!(profile.and_then(Node::as_str), Some("RuntimeDefault" | "Localhost"))
    }),
];

fn is(own: &Node, pod: Option<&Node>, key: &str, wanted: bool) -> bool {
    let stated = own.get(key).or_else(|| pod.and_then(|pod| pod.get(key)));
    stated.and_then(Node::as_bool) == Some(wanted)
}

/// In production, every container is hardened.
pub(super) fn hardening(inputs: &Inputs, _: &Context, report: &mut Report) {
    for object in production_objects(inputs) {
        let Some((_, spec)) = object.pod_spec() else { continue };
        let pod = spec.get("securityContext");
        for container in object.containers() {
            let own = container.node.get("securityContext");
            let missing: Vec<&str> = HARDENING
                .iter()
                .filter(|(_, holds)| !holds(own.unwrap_or(&NOTHING), pod))
                .map(|(words, _)| *words)
                .collect();
            if !missing.is_empty() {
                let message =
                    format!("container `{}` runs without {}", container.name, missing.join(", "));
                let pointer = match own {
                    Some(_) => format!("{}/securityContext", container.pointer),
                    None => container.pointer.clone(),
                };
                let finding = object.finding(&rules::POD_NOT_HARDENED, &pointer, &message);
                report.push(finding.actual(missing.join(", ")));
            }
        }
    }
}

/// A mapping without keys, for containers without a security context.
static NOTHING: Node = Node {
    value: crate::document::Value::Null,
    position: crate::document::Position { line: 1, column: 1 },
};

/// Outside of development, no pod reaches into its node.
pub(super) fn privileged(inputs: &Inputs, _: &Context, report: &mut Report) {
    for profile in inputs.profiles() {
        let used =
            profile.demands().map(|row| row.text("intendedUse")).find(|text| !text.is_empty());
        if matches!(used.unwrap_or(profile.name), "dev" | "kind" | "local" | "developer") {
            continue;
        }
        for object in profile.render.iter().flat_map(|render| &render.objects) {
            let Some((spec, node)) = object.pod_spec() else { continue };
            let mut reaches: Vec<(String, String)> = Vec::new();
            for key in ["hostNetwork", "hostPID", "hostIPC"] {
                if node.get(key).and_then(Node::as_bool) == Some(true) {
                    reaches.push((format!("{spec}/{key}"), format!("shares the node's {key}")));
                }
            }
            for container in object.containers() {
                let own = container.node.get("securityContext");
                if own.is_some_and(|own| is(own, None, "privileged", true)) {
                    let pointer = format!("{}/securityContext/privileged", container.pointer);
                    reaches
                        .push((pointer, format!("container `{}` is privileged", container.name)));
                }
            }
            let volumes = node.get("volumes").map(Node::items).unwrap_or_default();
            for (index, volume) in volumes.iter().enumerate() {
                if let Some(path) = volume.pointer("/hostPath/path").and_then(Node::as_str) {
                    let pointer = format!("{spec}/volumes/{index}/hostPath");
                    reaches.push((pointer, format!("mounts `{path}` of the node")));
                }
            }
            // Agents of a node are made to reach into it.
            if object.kind == "DaemonSet" {
                continue;
            }
            for (pointer, message) in reaches {
                report.push(object.finding(&rules::POD_PRIVILEGED, &pointer, &message));
            }
        }
    }
}

/// The objects of the renders that customers depend on.
fn production_objects(inputs: &Inputs) -> Vec<&Object> {
    let mut found = Vec::new();
    for profile in inputs.profiles() {
        if inputs.is_judged_as_production(&profile)
            && let Some(render) = profile.render
        {
            found.extend(render.objects.iter().filter(|object| object.pod().is_some()));
        }
    }
    found
}

/// Requests and limits: set in production, and nowhere a request above its limit.
pub(super) fn resources(inputs: &Inputs, _: &Context, report: &mut Report) {
    for object in production_objects(inputs) {
        for container in object.containers().into_iter().filter(|one| !one.is_init) {
            let missing: Vec<&str> = ["requests/cpu", "requests/memory", "limits/memory"]
                .into_iter()
                .filter(|key| stated(&container, key).is_none())
                // A limit is also a request.
                .filter(|key| match key.strip_prefix("requests/") {
                    Some(name) => stated(&container, &format!("limits/{name}")).is_none(),
                    None => true,
                })
                .collect();
            if !missing.is_empty() {
                let message =
                    format!("container `{}` states no {}", container.name, missing.join(", "));
                let finding = object.finding(&rules::RESOURCES_UNSET, &container.pointer, &message);
                report.push(finding.actual(missing.join(", ")));
            }
        }
    }
    for object in inputs.renders().flat_map(|render| &render.objects) {
        for container in object.containers() {
            for name in ["cpu", "memory", "ephemeral-storage"] {
                let [request, limit] = ["requests", "limits"]
                    .map(|part| stated(&container, &format!("{part}/{name}")));
                if let Some((request, limit)) = request.zip(limit)
                    && request > limit
                {
                    let message = format!(
                        "container `{}` requests more {name} than its limit: the object is refused",
                        container.name
                    );
                    let pointer = format!("{}/resources/requests/{name}", container.pointer);
                    report.push(object.finding(&rules::RESOURCES_INVERTED, &pointer, &message));
                }
            }
        }
    }
}

fn stated(container: &Container<'_>, key: &str) -> Option<Quantity> {
    let node = container.node.pointer(&format!("/resources/{key}"))?;
    Quantity::parse(&node.scalar_text()?)
}

/// The class that documents expect of a profile's resources.
fn expected<'a>(profile: &Profile<'a>) -> Option<(Location, &'a str)> {
    profile.demands().find_map(|row| {
        let class = row.text("expectedResourcesClass");
        (!class.is_empty()).then(|| (row.at("expectedResourcesClass"), class))
    })
}

/// Each profile's largest container is of the class that the documents expect; what runs beside it
/// may be smaller.
pub(super) fn classes(inputs: &Inputs, _: &Context, report: &mut Report) {
    let defined = inputs.document(CLASSES);
    // The same resources, and the classes that documents call them.
    let mut alike: BTreeMap<String, BTreeMap<&str, (Location, &str)>> = BTreeMap::new();
    for profile in inputs.profiles() {
        let (Some(render), Some((place, class))) = (profile.render, expected(&profile)) else {
            continue;
        };
        let mut largest: Option<(usize, &Object, Container<'_>)> = None;
        for object in
            render.objects.iter().filter(|one| one.controller() == Some(Controller::Keeps))
        {
            for container in object.containers().into_iter().filter(|one| !one.is_init) {
                let resources = container.node.get("resources");
                let Some(resources) = resources.filter(|node| !node.entries().is_empty()) else {
                    let message = format!(
                        "container `{}` states no resources where the class `{class}` is expected",
                        container.name
                    );
                    let rule = &rules::RESOURCE_CLASS_DIFFERS;
                    let finding = object.finding(rule, &container.pointer, &message);
                    report.push(finding.declared(class));
                    continue;
                };
                if let Some(defined) = defined {
                    let size = class_of(defined, &container);
                    if largest.as_ref().is_none_or(|(most, ..)| size > *most) {
                        largest = Some((size, object, container));
                    }
                } else {
                    let key = String::from_utf8_lossy(&resources.to_canonical_json()).into_owned();
                    alike.entry(key).or_default().insert(profile.name, (place.clone(), class));
                }
            }
        }
        if let Some((defined, (size, object, container))) = defined.zip(largest) {
            held_to(defined, class, size, object, &container, report);
        }
    }
    for (resources, profiles) in alike {
        let classes: BTreeSet<&str> = profiles.values().map(|(_, class)| *class).collect();
        let Some((place, _)) = profiles.values().next().filter(|_| classes.len() > 1) else {
            continue;
        };
        let rows = profiles.iter().map(|(profile, (_, class))| format!("{profile}={class}"));
        let message = format!(
            "no document says what a resources class is, and the same resources are called {}",
            classes.iter().copied().collect::<Vec<_>>().join(", ")
        );
        let finding = Finding::new(&rules::RESOURCE_CLASSES_UNDEFINED, place.clone(), message);
        report.push(finding.declared(rows.collect::<Vec<_>>().join(", ")).actual(resources));
    }
}

/// The smallest class whose ceilings a container does not exceed, by its place in the list.
fn class_of(defined: &Source, container: &Container<'_>) -> usize {
    let rows = defined.root.get("classes").map(Node::items).unwrap_or_default();
    let fits = |row: &Node| {
        [
            ("max_cpu_request", "requests/cpu"),
            ("max_memory_request", "requests/memory"),
            ("max_cpu_limit", "limits/cpu"),
            ("max_memory_limit", "limits/memory"),
        ]
        .iter()
        .all(|(ceiling, key)| {
            let most = row.get(ceiling).and_then(Node::scalar_text);
            match (stated(container, key), most.and_then(|text| Quantity::parse(&text))) {
                (Some(stated), Some(most)) => stated <= most,
                (Some(_) | None, _) => true,
            }
        })
    };
    rows.iter().position(fits).unwrap_or(rows.len())
}

fn held_to(
    defined: &Source,
    class: &str,
    size: usize,
    object: &Object,
    container: &Container<'_>,
    report: &mut Report,
) {
    let rows = defined.root.get("classes").map(Node::items).unwrap_or_default();
    let actual = rows.get(size).map_or("none", |row| text(row, "name"));
    if actual != class {
        let message = format!(
            "container `{}` is of the class `{actual}`; `{class}` is expected",
            container.name
        );
        let pointer = format!("{}/resources", container.pointer);
        let finding = object.finding(&rules::RESOURCE_CLASS_DIFFERS, &pointer, &message);
        report.push(finding.declared(class).actual(actual));
    }
}
