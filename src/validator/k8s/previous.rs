//! K8S08, K8S20, K8S25: this release laid over the one before.

use std::collections::BTreeMap;

use super::input::Inputs;
use super::inventory::digest_of;
use super::object::Object;
use super::rendered::Render;
use crate::finding::Report;
use crate::finding::rules::k8s as rules;
use crate::validator::Context;
use crate::validator::rollback::{ObjectFacts, RefusedChange, object_of, refused_changes};

/// No field that cannot change is changed, and a chart that renders something else has another
/// version. The release before is known by its renders, or by what its packet tells of them.
pub(super) fn immutable(inputs: &Inputs, context: &Context, report: &mut Report) {
    let packet = context.previous.as_deref().filter(|before| !before.objects.is_empty());
    match (&inputs.previous, packet) {
        (Some(renders), _) => over_renders(inputs, renders, report),
        (None, Some(packet)) => {
            for render in inputs.renders() {
                let Some(before) = packet.objects.get(&render.profile) else { continue };
                laid_over(render, before, report);
            }
            report.passed("immutable-fields", packet.stem.as_str(), "compared with its packet");
        }
        (None, None) => {
            let why = "neither a render nor a packet of the release before was given";
            report.skipped("immutable-fields", "ops/k8s", why);
        }
    }
}

fn over_renders(inputs: &Inputs, renders: &[Render], report: &mut Report) {
    for render in inputs.renders() {
        let Some(before) = renders.iter().find(|one| one.profile == render.profile) else {
            continue;
        };
        let facts: Vec<ObjectFacts> =
            before.objects.iter().filter_map(|one| object_of(&one.root)).collect();
        laid_over(render, &facts, report);
        let by_name: BTreeMap<(&str, &str, &str), &Object> = before
            .objects
            .iter()
            .map(|one| ((&*one.kind, &*one.namespace, &*one.name), one))
            .collect();
        for object in &render.objects {
            let key = (&*object.kind, &*object.namespace, &*object.name);
            if let Some(old) = by_name.get(&key) {
                unbumped(object, old, report);
            }
        }
    }
}

fn laid_over(render: &Render, before: &[ObjectFacts], report: &mut Report) {
    let before: BTreeMap<_, _> = before.iter().map(|one| (one.identity(), one)).collect();
    for object in &render.objects {
        let Some(new) = object_of(&object.root) else { continue };
        let Some(old) = before.get(&new.identity()) else { continue };
        for change in refused_changes(old, &new) {
            changed(object, &change, report);
        }
    }
}

fn changed(object: &Object, change: &RefusedChange<'_>, report: &mut Report) {
    let rule = &rules::IMMUTABLE_CHANGED;
    let finding = match change {
        RefusedChange::Field { pointer, before, after } => {
            let message = format!(
                "changes `{pointer}`, which the API server never lets change: the upgrade fails"
            );
            let finding = object.finding(rule, pointer, &message);
            finding.declared(before.unwrap_or_default()).actual(after.unwrap_or_default())
        }
        RefusedChange::Claim { pointer, before, after } => {
            let pointer = match *pointer {
                "/spec" => "/spec/resources/requests/storage".to_owned(),
                template => format!("{template}/spec/resources/requests/storage"),
            };
            let message = "asks for less storage than before: a claim never shrinks";
            object.finding(rule, &pointer, message).declared(before).actual(after)
        }
    };
    report.push(finding);
}

/// A chart with the version of the release before renders what that release rendered.
fn unbumped(object: &Object, old: &Object, report: &mut Report) {
    let (Some(version), Some(before)) = (object.label("helm.sh/chart"), old.label("helm.sh/chart"))
    else {
        return;
    };
    if version == before && digest_of(object) != digest_of(old) {
        let message =
            format!("is not what `{before}` rendered, and the chart still has that version");
        let pointer = "/metadata/labels/helm.sh~1chart";
        report.push(object.finding(&rules::CHART_UNBUMPED, pointer, &message).declared(version));
    }
}
