//! K8S21: the contracts of a profile, held against the objects that it is rendered to.

use super::input::{Inputs, Profile, Row, SECURITY};
use super::object::{Container, Controller, Object, text, words};
use super::values::at_path;
use crate::document::Node;
use crate::finding::rules::k8s as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

/// What a row of a profile demands of its objects: the key, and what it means.
type Demand = (&'static str, fn(Row<'_>, &Profile<'_>, &mut Report));

const DEMANDS: &[Demand] = &[
    ("readOnlyRootFilesystemRequired", read_only),
    ("imageDigestRequired", by_digest),
    ("debugEndpointsDisabled", no_debug),
    ("storage", storage),
    ("rollout_mode", rollout_mode),
    ("warmup_required", warmup),
    ("readiness_path_required", readiness),
];

/// Holds every demand of the profile documents against the rendered objects.
pub(super) fn profiles_keep(inputs: &Inputs, _: &Context, report: &mut Report) {
    for profile in inputs.profiles() {
        for row in profile.demands() {
            for (key, judge) in DEMANDS {
                if row.node.get(key).is_some() {
                    judge(row, &profile, report);
                }
            }
        }
    }
}

fn demanded(row: Row<'_>, key: &str) -> bool {
    row.node.get(key).and_then(Node::as_bool) == Some(true)
}

fn objects<'a>(profile: &Profile<'a>) -> &'a [Object] {
    profile.render.map(|render| render.objects.as_slice()).unwrap_or_default()
}

fn containers<'a>(profile: &Profile<'a>) -> impl Iterator<Item = (&'a Object, Container<'a>)> {
    let makers = objects(profile).iter().filter(|object| object.pod().is_some());
    makers.flat_map(|object| object.containers().into_iter().map(move |one| (object, one)))
}

fn broken(object: &Object, pointer: &str, message: &str, declared: String) -> Finding {
    object.finding(&rules::CONTRACT_BROKEN, pointer, message).declared(declared)
}

fn read_only(row: Row<'_>, profile: &Profile<'_>, report: &mut Report) {
    if !demanded(row, "readOnlyRootFilesystemRequired") {
        return;
    }
    for (object, container) in containers(profile) {
        let own = container.node.pointer("/securityContext/readOnlyRootFilesystem");
        if own.and_then(Node::as_bool) != Some(true) {
            let message =
                format!("container `{}` may write to its root file system", container.name);
            report.push(broken(
                object,
                &container.pointer,
                &message,
                "readOnlyRootFilesystemRequired".to_owned(),
            ));
        }
    }
}

fn by_digest(row: Row<'_>, profile: &Profile<'_>, report: &mut Report) {
    // Without a render the values are all there is; rendered images are judged by their own rule.
    if !demanded(row, "imageDigestRequired") || profile.render.is_some() {
        return;
    }
    let digest = profile.merged.as_ref().and_then(|merged| at_path(merged, "image.digest"));
    if let Some(values) =
        profile.values.filter(|_| digest.and_then(Node::as_str).is_none_or(str::is_empty))
    {
        let message = format!(
            "profile `{}`: an image digest is required, and the merged values have none",
            profile.name
        );
        let finding = Finding::new(&rules::CONTRACT_BROKEN, values.at("/image/digest"), message);
        report.push(finding.declared("imageDigestRequired"));
    }
}

fn no_debug(row: Row<'_>, profile: &Profile<'_>, report: &mut Report) {
    let Some(merged) = profile.merged.as_ref().filter(|_| demanded(row, "debugEndpointsDisabled"))
    else {
        return;
    };
    let mut open = Vec::new();
    merged.walk(&mut |pointer, node| {
        let key = pointer.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        if key.contains("debug") && node.as_bool() == Some(true) {
            open.push(pointer.to_owned());
        }
    });
    for pointer in open {
        let message = format!(
            "profile `{}`: debug endpoints must be closed, and `{pointer}` opens one",
            profile.name
        );
        let location = match profile.values {
            Some(values) if values.root.pointer(&pointer).is_some() => values.at(&pointer),
            _ => row.at("debugEndpointsDisabled"),
        };
        report.push(
            Finding::new(&rules::CONTRACT_BROKEN, location, message)
                .declared("debugEndpointsDisabled"),
        );
    }
}

fn storage(row: Row<'_>, profile: &Profile<'_>, report: &mut Report) {
    let stated = row.node.pointer("/storage/enabled").and_then(Node::as_bool);
    let claim = objects(profile).iter().find(|object| {
        object.kind == "PersistentVolumeClaim"
            || object.root.pointer("/spec/volumeClaimTemplates").is_some()
    });
    match (stated, claim) {
        (Some(false), Some(object)) => {
            report.push(broken(
                object,
                "",
                "asks for storage that the profile does not have",
                "storage.enabled=false".to_owned(),
            ));
        }
        (Some(true), None) if profile.render.is_some() => {
            let message = format!(
                "profile `{}`: storage is promised, and no object asks for any",
                profile.name
            );
            report.push(Finding::new(&rules::CONTRACT_BROKEN, row.at("storage"), message));
        }
        _ => {}
    }
}

fn rollout_mode(row: Row<'_>, profile: &Profile<'_>, report: &mut Report) {
    let (wanted, other) = match row.text("rollout_mode") {
        "rollout" => ("Rollout", "Deployment"),
        "deployment" => ("Deployment", "Rollout"),
        _ => return,
    };
    let of_kind = |kind: &str| objects(profile).iter().find(|object| object.kind == kind);
    let declared = format!("rollout_mode={}", row.text("rollout_mode"));
    if profile.render.is_some() && of_kind(wanted).is_none() {
        let message =
            format!("profile `{}`: a {wanted} is promised, and none is rendered", profile.name);
        report.push(
            Finding::new(&rules::CONTRACT_BROKEN, row.at("rollout_mode"), message)
                .declared(declared),
        );
    } else if let (Some(_), Some(object)) = (of_kind(wanted), of_kind(other)) {
        // A Rollout may take its pods from a Deployment that has none of its own.
        let refers =
            of_kind("Rollout").is_some_and(|one| one.root.pointer("/spec/workloadRef").is_some());
        let idle = object.root.pointer("/spec/replicas").and_then(Node::as_u64) == Some(0);
        if !refers && !idle {
            let message = format!("runs beside the {wanted} that the contract promises");
            report.push(broken(object, "", &message, declared));
        }
    }
}

fn warmup(row: Row<'_>, profile: &Profile<'_>, report: &mut Report) {
    if !demanded(row, "warmup_required") || profile.render.is_none() {
        return;
    }
    let is_warm = |name: &str| name.contains("warm");
    let has = containers(profile).any(|(object, container)| {
        (container.is_init || object.controller() == Some(Controller::Runs))
            && (is_warm(container.name) || is_warm(&object.name))
    });
    if !has {
        let message = format!(
            "profile `{}`: a warm-up is required, and no init container or job of that name is rendered",
            profile.name
        );
        report.push(
            Finding::new(&rules::CONTRACT_BROKEN, row.at("warmup_required"), message)
                .declared("warmup_required"),
        );
    }
}

fn readiness(row: Row<'_>, profile: &Profile<'_>, report: &mut Report) {
    if !demanded(row, "readiness_path_required") {
        return;
    }
    for object in objects(profile).iter().filter(|one| one.controller() == Some(Controller::Keeps))
    {
        let ready = object.containers().iter().any(|container| {
            let path =
                container.node.pointer("/readinessProbe/httpGet/path").and_then(Node::as_str);
            path.is_some_and(|path| path.starts_with('/'))
        });
        if object.pod().is_some() && !ready {
            report.push(broken(
                object,
                "/spec/template/spec/containers",
                "no container has a path that tells readiness",
                "readiness_path_required".to_owned(),
            ));
        }
    }
}

/// Holds every rule of the security contract against values and objects.
pub(super) fn security(inputs: &Inputs, _: &Context, report: &mut Report) {
    let Some(source) = inputs.document(SECURITY) else { return };
    let profiles = inputs.profiles();
    for (pointer, row) in source.rows("/rules") {
        let (id, field) = (text(row, "id"), text(row, "field"));
        let Some(wanted) = row.get("required_value").and_then(Node::scalar_text) else { continue };
        for name in words(row.get("profiles")) {
            let Some(profile) = profiles.iter().find(|profile| profile.name == name) else {
                let message = format!("`{id}` names the profile `{name}`, which no document has");
                let at = source.at(&format!("{pointer}/profiles"));
                report.push(Finding::new(&rules::PROFILE_SETS_DIFFER, at, message));
                continue;
            };
            let declared = format!("{field}={wanted}");
            if !field.starts_with("spec.") {
                let value = profile.merged.as_ref().and_then(|merged| at_path(merged, field));
                let said = value.and_then(Node::scalar_text);
                if profile.merged.is_some() && said.as_deref() != Some(&*wanted) {
                    let message =
                        format!("profile `{name}`: `{id}` is broken by the merged values");
                    let finding =
                        Finding::new(&rules::CONTRACT_BROKEN, source.at(&pointer), message);
                    report.push(finding.declared(&declared).actual(said.unwrap_or_default()));
                }
            }
            for object in
                objects(profile).iter().filter(|one| one.controller() == Some(Controller::Keeps))
            {
                if let Some((at, message)) = breaks(object, field, &wanted) {
                    let message = format!("`{id}` is broken: {message}");
                    report.push(broken(object, &at, &message, declared.clone()));
                }
            }
        }
    }
}

/// Where an object breaks a rule about a field: one of the object's own, by its path, or one of
/// the security context, which a values path ends in.
fn breaks(object: &Object, field: &str, wanted: &str) -> Option<(String, String)> {
    let leaf = field.rsplit('.').next().unwrap_or(field);
    let says =
        |node: Option<&Node>| node.and_then(Node::scalar_text).is_some_and(|text| text == wanted);
    if let Some(path) = field.strip_prefix("spec.") {
        let at = format!("/spec/{}", path.replace('.', "/"));
        let Some((list, rest)) = at.split_once("[]/") else {
            let found = object.root.pointer(&at);
            return (!says(found)).then(|| (at.clone(), format!("`{leaf}` is not {wanted}")));
        };
        let items = object.root.pointer(list).map(Node::items).unwrap_or_default();
        let broken = items.iter().position(|item| !says(item.pointer(&format!("/{rest}"))))?;
        return Some((
            format!("{list}/{broken}"),
            format!("`{leaf}` of `{}` is not {wanted}", text(&items[broken], "name")),
        ));
    }
    const IN_CONTEXT: [&str; 4] =
        ["runAsNonRoot", "readOnlyRootFilesystem", "allowPrivilegeEscalation", "privileged"];
    if !IN_CONTEXT.contains(&leaf) {
        return None;
    }
    let (_, spec) = object.pod_spec()?;
    let pod = spec.get("securityContext").and_then(|context| context.get(leaf));
    let broken = object.containers().into_iter().find(|container| {
        let own = container.node.get("securityContext").and_then(|context| context.get(leaf));
        !says(own.or(pod))
    })?;
    Some((
        broken.pointer.clone(),
        format!("`{leaf}` of container `{}` is not {wanted}", broken.name),
    ))
}
