//! STK14, STK15: what others depend on says when it is ready, and answers on the port they use.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::depends_on;
use super::images::quoted;
use super::input::Inputs;
use super::layout;
use super::profiles::composed;
use super::source::{Kind, Source};
use crate::document::{Entry, Node};
use crate::finding::rules::stack::graph as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// The objects of component manifests, specimens left out.
fn objects<'a>(inputs: &'a Inputs<'_>) -> impl Iterator<Item = &'a Source> {
    inputs.of_kind(Kind::Object).filter(|source| !layout::is_specimen(&source.path))
}

fn is_serving(source: &Source) -> bool {
    matches!(source.text("/kind"), Some("Deployment" | "StatefulSet" | "DaemonSet" | "Rollout"))
}

/// Every Service with a selector, and the workloads whose pods it picks.
fn picks<'a>(inputs: &'a Inputs<'_>) -> Vec<(&'a Source, Vec<&'a Source>)> {
    // By one label, so that no Service is held against every workload.
    let mut labelled: BTreeMap<(&str, String), Vec<&Source>> = BTreeMap::new();
    for source in objects(inputs) {
        for label in labels_of(source).map(Node::entries).unwrap_or_default() {
            let value = label.value.scalar_text().unwrap_or_default().into_owned();
            labelled.entry((&label.key, value)).or_default().push(source);
        }
    }
    let services = objects(inputs).filter(|source| source.text("/kind") == Some("Service"));
    services
        .filter_map(|service| {
            let selector = service.root.pointer("/spec/selector").map(Node::entries)?;
            let first = selector.first()?;
            let value = first.value.scalar_text().unwrap_or_default().into_owned();
            let near = labelled.get(&(first.key.as_str(), value)).into_iter().flatten();
            Some((
                service,
                near.filter(|workload| selects(service, selector, workload)).copied().collect(),
            ))
        })
        .collect()
}

fn labels_of(workload: &Source) -> Option<&Node> {
    workload.root.pointer("/spec/template/metadata/labels")
}

fn selects(service: &Source, selector: &[Entry], workload: &Source) -> bool {
    service.text("/metadata/namespace") == workload.text("/metadata/namespace")
        && selector.iter().all(|entry| {
            labels_of(workload)
                .and_then(|labels| labels.get(&entry.key))
                .and_then(Node::scalar_text)
                == entry.value.scalar_text()
        })
}

/// Refuses dependencies that nothing can be known of.
pub(super) fn health(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let (mut probed, before) = (0, report.findings().len());
    let picked: BTreeSet<Location> =
        picks(inputs).iter().flat_map(|(_, picked)| picked).map(|source| source.at("")).collect();
    let mut components: BTreeSet<&str> =
        composed(inputs).iter().flat_map(|profile| profile.components()).collect();
    let contract = inputs.document(layout::CONTRACT).map(|contract| contract.items("/services"));
    components.extend(
        contract.unwrap_or_default().iter().filter_map(|one| one.get("component")?.as_str()),
    );
    for workload in objects(inputs).filter(|source| is_serving(source)) {
        let is_needed =
            components.contains(workload.path.as_str()) || picked.contains(&workload.at(""));
        let containers = workload.items("/spec/template/spec/containers");
        let is_probed = containers.iter().any(|one| one.get("readinessProbe").is_some());
        probed += usize::from(is_needed && is_probed);
        if is_needed && !is_probed && !containers.is_empty() {
            let name = workload.text("/metadata/name").unwrap_or_default();
            let message = format!("`{name}` has no readiness probe");
            let place = workload.at("/spec/template/spec/containers");
            report.push(Finding::new(&rules::HEALTH_UNPROBED, place, message));
        }
    }
    for source in inputs.of_kind(Kind::Compose) {
        probed += compose_health(source, report);
    }
    if report.findings().len() == before && probed > 0 {
        report.passed(
            "health",
            "ops/stack",
            format!("{probed} dependencies say when they are ready"),
        );
    } else if probed == 0 && report.findings().len() == before {
        report.skipped("health", "ops/stack", "no workload depends on another");
    }
}

fn compose_health(source: &Source, report: &mut Report) -> usize {
    let mut needed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (service, dependency, condition) in depends_on(source) {
        let of = source.root.get("services").and_then(|services| services.get(dependency));
        // An image that is built here may bring its own health check.
        let may_bring =
            of.is_some_and(|of| of.get("build").is_some() || of.get("extends").is_some());
        let is_job = condition == Some("service_completed_successfully");
        if !is_job && of.is_some() && !(may_bring && condition == Some("service_healthy")) {
            needed.entry(dependency).or_default().push(service);
        }
    }
    let mut probed = 0;
    for (dependency, by) in needed {
        let pointer = format!("/services/{dependency}");
        let check = source.root.pointer(&pointer).and_then(|of| of.get("healthcheck"));
        let is_off =
            check.and_then(|check| check.get("disable")).and_then(Node::as_bool) == Some(true);
        if check.is_some() && !is_off {
            probed += 1;
            continue;
        }
        let message =
            format!("{} depends on `{dependency}`, which has no health check", quoted(&by));
        report.push(Finding::new(&rules::HEALTH_UNPROBED, source.at(&pointer), message));
    }
    probed
}

/// Refuses Services that send to a port that nothing listens on.
pub(super) fn ports(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let (mut held, before) = (0, report.findings().len());
    for (service, picked) in picks(inputs) {
        held += 1;
        if picked.is_empty() {
            // In a tree of overlays the selector may be completed elsewhere.
            if inputs.is_governed && service.path.starts_with("ops/stack/") {
                let message = "the selector picks no workload of the stack";
                let place = service.at("/spec/selector");
                report.push(Finding::new(&rules::PORT_UNSERVED, place, message));
            }
            continue;
        }
        for (at, port) in service.items("/spec/ports").iter().enumerate() {
            let target = port.get("targetPort").or_else(|| port.get("port"));
            let Some(target) = target.and_then(Node::scalar_text) else { continue };
            if !picked.iter().all(|workload| has_port(workload, &target)) {
                let message = format!("the selected pods have no port `{target}`");
                let place = service.at(&format!("/spec/ports/{at}"));
                report.push(Finding::new(&rules::PORT_UNSERVED, place, message));
            }
        }
    }
    if held > 0 && report.findings().len() == before {
        report.passed("service-ports", "ops/stack", format!("{held} Services reach a port"));
    }
}

/// A number may be one that the containers do not declare, when they declare none.
fn has_port(workload: &Source, target: &str) -> bool {
    let containers = ["/spec/template/spec/containers", "/spec/template/spec/initContainers"]
        .iter()
        .flat_map(|pointer| workload.items(pointer));
    let ports: Vec<&Node> = containers
        .flat_map(|container| container.get("ports").map(Node::items).unwrap_or_default())
        .collect();
    let is_number = target.bytes().all(|b| b.is_ascii_digit());
    (is_number && ports.is_empty())
        || ports.iter().any(|port| {
            let key = if is_number { "containerPort" } else { "name" };
            port.get(key).and_then(Node::scalar_text).as_deref() == Some(target)
        })
}
