//! What a scenario waits for and installs, held against what its profile renders.

use std::collections::BTreeSet;

use super::super::objects::objects_of;
use super::input::{Inputs, SCENARIOS, Source};
use crate::document::{Document, Limits, Node};
use crate::finding::rules::rollback as rules;
use crate::finding::{Finding, Report};
use crate::path::RelPath;
use crate::validator::Context;
use crate::validator::image::ImageReference;

/// A profile as it is rendered.
struct Rendered {
    /// `deployment/atlas`, in lower case.
    objects: BTreeSet<String>,
    /// The repositories of the images.
    repositories: BTreeSet<String>,
    /// The names under which it was rendered.
    releases: BTreeSet<String>,
}

/// Short names of kinds that `kubectl` takes.
const SHORT: [(&str, &str); 5] = [
    ("deploy", "deployment"),
    ("sts", "statefulset"),
    ("ds", "daemonset"),
    ("svc", "service"),
    ("po", "pod"),
];
/// The kinds that are looked for; pods and what operators make are rendered by nobody.
const KINDS: [&str; 6] = ["deployment", "statefulset", "daemonset", "rollout", "service", "job"];

/// Every object that a step waits for, and the image that is installed, is one that the scenario's
/// profile renders.
pub(super) fn objects(inputs: &Inputs<'_>, context: &Context, report: &mut Report) {
    for scenario in inputs.below(SCENARIOS) {
        let Some(profile) = scenario.text("/profile") else { continue };
        let waited = waited_for(scenario);
        let image = scenario.text("/image_source");
        if waited.is_empty() && image.is_none() {
            continue;
        }
        let Some(rendered) = rendered(inputs, context, profile) else {
            let detail = format!("no render of `{}` to hold it against", profile.escape_debug());
            report.skipped("scenario-objects", scenario.path.as_str(), detail);
            continue;
        };
        let installed = installed_as(scenario);
        let is_same = rendered.releases.is_empty()
            || installed.is_none_or(|name| rendered.releases.contains(name));
        let before = report.findings().len();
        for (index, object) in waited.iter().filter(|_| is_same) {
            if !rendered.objects.contains(object) {
                let (object, profile) = (object.escape_debug(), profile.escape_debug());
                let message =
                    format!("waits for `{object}`, which the profile `{profile}` does not have");
                let at = scenario.at(&format!("/steps/{index}"));
                report.push(Finding::new(&rules::SCENARIO_OBJECT_ABSENT, at, message));
            }
        }
        if let Some(image) = image.filter(|image| !is_run(image, &rendered)) {
            let (shown, profile) = (image.escape_debug(), profile.escape_debug());
            let message =
                format!("installs `{shown}`, and the profile `{profile}` runs no such image");
            let at = scenario.at("/image_source");
            let run = rendered.repositories.iter().cloned().collect::<Vec<_>>().join(", ");
            let finding = Finding::new(&rules::SCENARIO_OBJECT_ABSENT, at, message);
            report.push(finding.declared(image).actual(run));
        }
        if report.findings().len() == before {
            let detail = format!("{} objects of `{}`", waited.len(), profile.escape_debug());
            report.passed("scenario-objects", scenario.path.as_str(), detail);
        }
    }
}

/// `kind/name` in commands of `kubectl`, with the number of the step.
fn waited_for(scenario: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, step) in scenario.items("steps").iter().enumerate() {
        let step = step.as_str().unwrap_or_default();
        if !step.starts_with("kubectl ") {
            continue;
        }
        for word in step.split_whitespace() {
            let Some((kind, name)) = word.split_once('/') else { continue };
            let kind = kind.split('.').next().unwrap_or_default().to_lowercase();
            let long = SHORT.iter().find(|(short, _)| *short == kind).map(|(_, long)| *long);
            let kind = long.unwrap_or_else(|| kind.strip_suffix('s').unwrap_or(&kind));
            if KINDS.contains(&kind) && !name.is_empty() && !name.contains(['$', '{', '/']) {
                found.push((index, format!("{kind}/{name}")));
            }
        }
    }
    found
}

/// The name that `helm install` or `helm upgrade` gives.
fn installed_as(scenario: &Source) -> Option<&str> {
    scenario.items("steps").iter().filter_map(Node::as_str).find_map(|step| {
        let mut words = step.split_whitespace();
        let is_helm = words.next() == Some("helm");
        let is_install = matches!(words.next(), Some("install" | "upgrade"));
        words.find(|word| !word.starts_with('-')).filter(|_| is_helm && is_install)
    })
}

fn is_run(image: &str, rendered: &Rendered) -> bool {
    let Ok(image) = image.parse::<ImageReference>() else { return true };
    rendered.repositories.contains(&image.repository())
}

fn rendered(inputs: &Inputs<'_>, context: &Context, profile: &str) -> Option<Rendered> {
    let own: RelPath = format!("ops/k8s/rendered/{profile}.yaml").parse().ok()?;
    let given: RelPath = format!("{profile}.yaml").parse().ok()?;
    let limit = Limits::GOVERNED.bytes;
    let (path, bytes) = match &context.rendered {
        Some(folder) => (&given, folder.folder.read(&given, limit).ok()?),
        None => (&own, inputs.tree.read(&own, limit).ok()?),
    };
    let document = Document::parse(path, &bytes, Limits::GOVERNED).ok()?;
    let label = |root: &Node| {
        let labels = root.pointer("/metadata/labels")?;
        labels.get("app.kubernetes.io/instance")?.as_str().map(str::to_owned)
    };
    let releases = document.roots.iter().filter_map(label).collect();
    let facts: Vec<_> = document.roots.iter().flat_map(objects_of).collect();
    let images = facts.iter().flat_map(|object| &object.images);
    let repositories = images
        .filter_map(|image| Some(image.parse::<ImageReference>().ok()?.repository()))
        .collect();
    let objects =
        facts.iter().map(|one| format!("{}/{}", one.kind.to_lowercase(), one.name)).collect();
    Some(Rendered { objects, repositories, releases })
}
