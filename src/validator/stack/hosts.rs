//! STK15, STK19: what reaches into the host: its ports, its namespaces, its container engine.

use std::collections::{BTreeMap, BTreeSet};

use super::compose::{published, services_of};
use super::images::quoted;
use super::input::Inputs;
use super::layout;
use super::places::class_of;
use super::profiles::composed;
use super::source::{Kind, Source};
use crate::document::Node;
use crate::finding::rules::stack::{compose as access, graph as rules};
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// Sockets that command the host's containers.
const SOCKETS: &[&str] =
    &["docker.sock", "containerd.sock", "crio.sock", "podman.sock", "cri-dockerd.sock"];

/// Refuses one host port for two things: in a kind cluster, a compose file, a profile.
pub(super) fn ports(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let (mut held, before) = (0, report.findings().len());
    for source in inputs.of_kind(Kind::Cluster) {
        held += 1;
        cluster_ports(source, report);
    }
    for source in inputs.of_kind(Kind::Compose) {
        held += 1;
        compose_ports(inputs, source, report);
    }
    node_ports(inputs, report);
    unserved(inputs, report);
    if held > 0 && report.findings().len() == before {
        report.passed("host-ports", "ops", format!("{held} files publish each port once"));
    }
}

fn cluster_ports(source: &Source, report: &mut Report) {
    let mut taken: BTreeMap<(String, String), String> = BTreeMap::new();
    let api = source.root.pointer("/networking/apiServerPort").and_then(Node::scalar_text);
    if let Some(port) = api {
        taken.insert((port.into_owned(), "TCP".to_owned()), "the API server".to_owned());
    }
    for (node, item) in source.items("/nodes").iter().enumerate() {
        let mappings = item.get("extraPortMappings").map(Node::items).unwrap_or_default();
        for (at, mapping) in mappings.iter().enumerate() {
            let text = |key: &str| mapping.get(key).and_then(Node::scalar_text);
            let Some(port) = text("hostPort").filter(|port| port != "0" && port != "-1") else {
                continue;
            };
            let protocol = text("protocol").unwrap_or_default().to_uppercase();
            let protocol = if protocol.is_empty() { "TCP".to_owned() } else { protocol };
            let pointer = format!("/nodes/{node}/extraPortMappings/{at}");
            if let Some(other) = taken.insert((port.to_string(), protocol), pointer.clone()) {
                let message = format!("the host port {port} is taken by {other}");
                report.push(Finding::new(&rules::HOST_PORT_CLASH, source.at(&pointer), message));
            }
        }
    }
}

/// Who has a port of the host already.
struct Taken<'a> {
    address: String,
    service: &'a str,
    profiles: BTreeSet<&'a str>,
}

fn compose_ports(inputs: &Inputs<'_>, source: &Source, report: &mut Report) {
    let values = super::references::environment(inputs, &source.path);
    let mut taken: BTreeMap<(u32, String), Vec<Taken<'_>>> = BTreeMap::new();
    for (name, service) in services_of(source) {
        let profiles: BTreeSet<&str> = service
            .get("profiles")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(Node::as_str)
            .collect();
        for (at, port) in published(service, &values) {
            let places = taken.entry((port.number, port.protocol)).or_default();
            let wildcard = |address: &str| matches!(address, "" | "0.0.0.0" | "::");
            let other = places.iter().find(|other| {
                let address = &other.address;
                let same = wildcard(address) || wildcard(&port.address) || *address == port.address;
                // Services of different profiles need not run together.
                let apart = profiles.is_disjoint(&other.profiles);
                same && (profiles.is_empty() || other.profiles.is_empty() || !apart)
            });
            if let Some(other) = other {
                let message =
                    format!("`{name}` and `{}` both publish {}", other.service, port.number);
                let place = source.at(&format!("/services/{name}/ports/{at}"));
                report.push(Finding::new(&rules::HOST_PORT_CLASH, place, message));
            }
            let profiles = profiles.clone();
            places.push(Taken { address: port.address, service: name, profiles });
        }
    }
}

/// A host port that kind maps to a node port leads somewhere: some Service has that node port.
fn unserved(inputs: &Inputs<'_>, report: &mut Report) {
    if !inputs.is_governed {
        return;
    }
    let mut dead: BTreeMap<(u64, String), (Location, BTreeSet<&str>)> = BTreeMap::new();
    for source in inputs.of_kind(Kind::Cluster) {
        for (node, item) in source.items("/nodes").iter().enumerate() {
            let mappings = item.get("extraPortMappings").map(Node::items).unwrap_or_default();
            for (at, mapping) in mappings.iter().enumerate() {
                let Some(port) = mapping.get("containerPort").and_then(Node::as_u64) else {
                    continue;
                };
                // Other ports may be those of an ingress controller on the node.
                if !(30_000..=32_767).contains(&port) || inputs.node_ports.contains(&port) {
                    continue;
                }
                let host = mapping.get("hostPort").and_then(Node::scalar_text).unwrap_or_default();
                let place = source.at(&format!("/nodes/{node}/extraPortMappings/{at}"));
                let places =
                    dead.entry((port, host.into_owned())).or_insert((place, BTreeSet::new()));
                places.1.insert(&source.path);
            }
        }
    }
    for ((port, host), (place, files)) in dead {
        let count = files.len();
        let message = format!(
            "the host port {host} leads to the node port {port}, which no Service has; in {count} clusters"
        );
        let finding = Finding::new(&rules::PORT_UNSERVED, place, message);
        report.push(finding.actual(files.into_iter().collect::<Vec<_>>().join(", ")));
    }
}

/// One node port is one Service's, within each profile.
fn node_ports(inputs: &Inputs<'_>, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for profile in composed(inputs) {
        let mut taken: BTreeMap<String, &str> = BTreeMap::new();
        let sources = profile.components().into_iter().flat_map(|path| inputs.documents_of(path));
        for source in sources.filter(|source| source.text("/kind") == Some("Service")) {
            let name = source.text("/metadata/name").unwrap_or_default();
            for (at, port) in source.items("/spec/ports").iter().enumerate() {
                let Some(number) = port.get("nodePort").and_then(Node::scalar_text) else {
                    continue;
                };
                let pointer = format!("/spec/ports/{at}/nodePort");
                let other = taken.insert(number.to_string(), name).filter(|other| *other != name);
                if let Some(other) =
                    other.filter(|_| seen.insert((source.path.clone(), pointer.clone())))
                {
                    let message = format!("the node port {number} is taken by `{other}`");
                    report.push(Finding::new(
                        &rules::HOST_PORT_CLASH,
                        source.at(&pointer),
                        message,
                    ));
                }
            }
        }
    }
}

/// Refuses workloads that get at the host, outside development profiles.
pub(super) fn access(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let development = development_files(inputs);
    let (mut held, before) = (0, report.findings().len());
    for source in &inputs.documents {
        if layout::is_specimen(&source.path) || development.contains(source.path.as_str()) {
            continue;
        }
        let found = match source.kind {
            Kind::Object => of_object(source),
            Kind::Compose => of_compose(source),
            Kind::Cluster | Kind::Values | Kind::Other => continue,
        };
        held += 1;
        for (pointer, what) in found {
            report.push(Finding::new(&access::HOST_ACCESS, source.at(&pointer), what));
        }
    }
    if held > 0 && report.findings().len() == before {
        report.passed("host-access", "ops", format!("{held} components keep out of the host"));
    }
}

/// Files that only development profiles use, or that say by their path that they are for it.
fn development_files<'a>(inputs: &'a Inputs<'_>) -> BTreeSet<&'a str> {
    let (mut used, mut serious) = (BTreeSet::new(), BTreeSet::new());
    for profile in composed(inputs) {
        let is_development = match class_of(inputs, profile.name) {
            Some(class) => layout::is_development(class),
            None => layout::is_development(profile.name),
        };
        used.extend(profile.components());
        if !is_development {
            serious.extend(profile.components());
        }
    }
    let by_path = |path: &str| path.split('/').any(layout::is_development);
    inputs
        .documents
        .iter()
        .map(|source| source.path.as_str())
        .filter(|path| !serious.contains(path) && (used.contains(path) || by_path(path)))
        .collect()
}

fn is_true(node: &Node) -> bool {
    node.as_bool() == Some(true)
}

fn is_socket(path: &str) -> bool {
    SOCKETS.iter().any(|socket| path.trim_end_matches('/').ends_with(socket))
}

fn of_object(source: &Source) -> Vec<(String, String)> {
    let mut found = Vec::new();
    source.root.walk(&mut |pointer, node| {
        let key = pointer.rsplit('/').next().unwrap_or_default();
        let what = match key {
            "privileged" if is_true(node) && pointer.contains("/securityContext/") => {
                "it is privileged"
            }
            "hostNetwork" | "hostPID" | "hostIPC" if is_true(node) => {
                "it shares a namespace of the host"
            }
            "path"
                if pointer.ends_with("/hostPath/path") && node.as_str().is_some_and(is_socket) =>
            {
                "it mounts the container engine's socket"
            }
            _ => return,
        };
        found.push((pointer.to_owned(), format!("{what} (`{key}`)")));
    });
    found
}

fn of_compose(source: &Source) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, service) in services_of(source) {
        let pointer = |key: &str| format!("/services/{name}/{key}");
        if service.get("privileged").is_some_and(is_true) {
            found.push((pointer("privileged"), format!("`{name}` is privileged")));
        }
        let shared: Vec<&str> = ["network_mode", "pid", "ipc", "userns_mode", "uts"]
            .into_iter()
            .filter(|key| service.get(key).and_then(Node::as_str) == Some("host"))
            .collect();
        if let Some(first) = shared.first() {
            let message = format!("`{name}` shares a namespace of the host: {}", quoted(&shared));
            found.push((pointer(first), message));
        }
        for (at, volume) in
            service.get("volumes").map(Node::items).unwrap_or_default().iter().enumerate()
        {
            let long = volume.get("source").and_then(Node::as_str);
            let short = volume.as_str().and_then(|text| text.split(':').next());
            if long.or(short).is_some_and(is_socket) {
                let message = format!("`{name}` mounts the container engine's socket");
                found.push((pointer(&format!("volumes/{at}")), message));
            }
        }
    }
    found
}
