//! K8S01, K8S22: the committed inventory of rendered objects, and the one that is derived.

use std::collections::BTreeMap;

use serde::Serialize;

use super::input::{INVENTORY, Inputs};
use super::object::{Object, text};
use super::rendered::Render;
use crate::digest::Digest;
use crate::document::Node;
use crate::finding::rules::k8s as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

/// An object's identity: API, kind, namespace, name.
type Identity = [String; 4];

fn identity(object: &Object) -> Identity {
    [&object.api, &object.kind, &object.namespace, &object.name].map(Clone::clone)
}

fn words(identity: &Identity) -> String {
    let [api, kind, namespace, name] = identity;
    format!("{api} {kind} `{namespace}/{name}`")
}

/// The digest of an object: SHA-256 of its canonical JSON.
pub(super) fn digest_of(object: &Object) -> Digest {
    Digest::of(&object.root.to_canonical_json())
}

/// Compares the committed inventory with the rendered objects, in both directions.
pub(super) fn committed(inputs: &Inputs, _: &Context, report: &mut Report) {
    let Some(source) = inputs.document(INVENTORY) else {
        report.skipped("render-inventory", INVENTORY, "the tree keeps no inventory of its renders");
        return;
    };
    // The inventory speaks of what the tree keeps.
    let Some(renders) = inputs.committed.as_ref().or(inputs.renders.as_ref()) else { return };
    let before = report.findings().len();
    let mut listed_profiles = Vec::new();
    for (pointer, row) in source.rows("/renders") {
        let profile = text(row, "profile");
        listed_profiles.push(profile);
        let Some(render) = renders.iter().find(|render| render.profile == profile) else {
            let message = format!("lists the render of `{profile}`, which is not there");
            report.push(Finding::new(&rules::INVENTORY_DIFFERS, source.at(&pointer), message));
            continue;
        };
        let stated = row.get("sha256").and_then(Node::as_str);
        let actual = inputs.digests.get(text(row, "path")).map(ToString::to_string);
        if let Some((stated, actual)) =
            stated.zip(actual).filter(|(stated, actual)| stated != actual)
        {
            let message = format!("the render of `{profile}` has another digest");
            let at = source.at(&format!("{pointer}/sha256"));
            report.push(
                Finding::new(&rules::INVENTORY_DIFFERS, at, message)
                    .declared(stated)
                    .actual(actual),
            );
        }
        let items = row.get("objects").map(Node::items).unwrap_or_default();
        objects_agree(
            render,
            items,
            &|index| source.at(&format!("{pointer}/objects/{index}")),
            report,
        );
    }
    for render in renders.iter().filter(|render| !listed_profiles.contains(&&*render.profile)) {
        let message = format!("the render of `{}` is not in `{INVENTORY}`", render.profile);
        report.push(Finding::new(&rules::INVENTORY_DIFFERS, render.location.clone(), message));
    }
    if report.findings().len() == before {
        let objects: usize = renders.iter().map(|render| render.objects.len()).sum();
        report.passed(
            "render-inventory",
            INVENTORY,
            format!("{objects} objects are those of the inventory"),
        );
    }
}

fn objects_agree(
    render: &Render,
    listed: &[Node],
    at: &dyn Fn(usize) -> crate::finding::Location,
    report: &mut Report,
) {
    let mut rendered: BTreeMap<Identity, &Object> = BTreeMap::new();
    for object in &render.objects {
        rendered.insert(identity(object), object);
    }
    for (index, row) in listed.iter().enumerate() {
        let key = ["apiVersion", "kind", "namespace", "name"].map(|key| text(row, key).to_owned());
        let Some(object) = rendered.remove(&key) else {
            let message = format!(
                "profile `{}`: lists {}, which is not rendered",
                render.profile,
                words(&key)
            );
            report.push(Finding::new(&rules::INVENTORY_DIFFERS, at(index), message));
            continue;
        };
        let (stated, actual) = (text(row, "sha256"), digest_of(object).to_string());
        if stated != actual {
            let message = "is not the object of the inventory";
            let finding = object.finding(&rules::INVENTORY_DIFFERS, "", message);
            report.push(finding.declared(stated).actual(actual));
        }
    }
    for object in rendered.into_values() {
        report.push(object.finding(&rules::INVENTORY_DIFFERS, "", "is not in the inventory"));
    }
}

/// Compares what was rendered now with what the tree keeps.
pub(super) fn rendered_again(inputs: &Inputs, _: &Context, report: &mut Report) {
    let (Some(given), Some(kept)) = (&inputs.renders, &inputs.committed) else { return };
    for render in given {
        let Some(kept) = kept.iter().find(|one| one.profile == render.profile) else { continue };
        let mut now: BTreeMap<Identity, &Object> =
            render.objects.iter().map(|one| (identity(one), one)).collect();
        for object in &kept.objects {
            match now.remove(&identity(object)) {
                None => report.push(object.finding(
                    &rules::RENDER_DIFFERS,
                    "",
                    "is kept in the tree and not rendered",
                )),
                Some(again) => {
                    let (kept, now) = (digest_of(object), digest_of(again));
                    if kept != now {
                        let finding = object.finding(
                            &rules::RENDER_DIFFERS,
                            "",
                            "is rendered to another object",
                        );
                        report.push(finding.declared(kept).actual(now));
                    }
                }
            }
        }
        for object in now.into_values() {
            report.push(object.finding(
                &rules::RENDER_DIFFERS,
                "",
                "is rendered and not kept in the tree",
            ));
        }
    }
}

/// One object twice in one render: the second silently replaces the first.
pub(super) fn twice(inputs: &Inputs, _: &Context, report: &mut Report) {
    for render in inputs.renders() {
        let mut seen: BTreeMap<(&str, &str, &str, &str), &Object> = BTreeMap::new();
        for object in &render.objects {
            let key = (object.group(), &*object.kind, &*object.namespace, &*object.name);
            if let Some(first) = seen.insert(key, object) {
                let line = first.location.position.map_or(0, |position| position.line);
                let message = format!("stands twice in the render; the first is in line {line}");
                report.push(object.finding(&rules::OBJECT_TWICE, "/metadata/name", &message));
            }
        }
    }
}

/// The inventory of every render, derived.
#[derive(Serialize)]
pub(super) struct Inventory {
    schema: &'static str,
    renders: Vec<RenderRow>,
}

#[derive(Serialize)]
struct RenderRow {
    profile: String,
    path: String,
    objects: Vec<ObjectRow>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
struct ObjectRow {
    api_version: String,
    kind: String,
    namespace: String,
    name: String,
    sha256: String,
}

impl Inventory {
    /// Derives the inventory of some renders.
    pub(super) fn of(renders: &[Render]) -> Self {
        let row = |object: &Object| {
            let [api_version, kind, namespace, name] = identity(object);
            ObjectRow { api_version, kind, namespace, name, sha256: digest_of(object).to_string() }
        };
        let renders = renders.iter().map(|render| {
            let mut objects: Vec<ObjectRow> = render.objects.iter().map(row).collect();
            objects.sort();
            let (profile, path) = (render.profile.clone(), render.location.path.clone());
            RenderRow { profile, path, objects }
        });
        Self { schema: "countersign.rendered-inventory/v1", renders: renders.collect() }
    }
}
