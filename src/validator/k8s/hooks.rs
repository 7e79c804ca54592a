//! K8S24: jobs end, hooks run in one order, and going back migrates nothing forward.

use std::collections::BTreeMap;

use super::input::Inputs;
use super::object::Object;
use crate::document::Node;
use crate::finding::Report;
use crate::finding::rules::k8s as rules;
use crate::validator::Context;

const HOOK: &str = "helm.sh/hook";

/// Jobs are bounded and leave nothing behind.
pub(super) fn jobs(inputs: &Inputs, _: &Context, report: &mut Report) {
    for object in inputs.renders().flat_map(|render| &render.objects) {
        let (spec, is_cron) = match object.kind.as_str() {
            "Job" => ("/spec", false),
            "CronJob" => ("/spec/jobTemplate/spec", true),
            _ => continue,
        };
        let has = |key: &str| object.root.pointer(&format!("{spec}/{key}")).is_some();
        let mut missing = Vec::new();
        if !has("backoffLimit") {
            missing.push("backoffLimit");
        }
        let is_hook = object.annotation(HOOK).is_some();
        let deletes = object.annotation("helm.sh/hook-delete-policy").is_some();
        let kept = ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"];
        let is_pruned = is_cron
            && kept.iter().any(|key| object.root.pointer(&format!("/spec/{key}")).is_some());
        // A CronJob keeps few of its jobs by itself.
        if !has("ttlSecondsAfterFinished") && !deletes && !is_cron && !is_pruned {
            missing.push(if is_hook {
                "helm.sh/hook-delete-policy"
            } else {
                "ttlSecondsAfterFinished"
            });
        }
        if !missing.is_empty() {
            let message = format!("states no {}", missing.join(", no "));
            report.push(
                object.finding(&rules::JOB_UNBOUNDED, spec, &message).actual(missing.join(", ")),
            );
        }
    }
}

/// Two hooks of one moment with one weight run in the order of their names.
pub(super) fn order(inputs: &Inputs, _: &Context, report: &mut Report) {
    for render in inputs.renders() {
        let mut seen: BTreeMap<(&str, &str), &Object> = BTreeMap::new();
        for object in &render.objects {
            let Some(hook) = object.annotation(HOOK) else { continue };
            if !matches!(&*object.kind, "Job" | "Pod") {
                continue;
            }
            let weight = object.annotation("helm.sh/hook-weight").unwrap_or("0");
            for moment in hook.split(',').map(str::trim).filter(|moment| *moment != "test") {
                if let Some(first) = seen.insert((moment, weight), object) {
                    let message = format!(
                        "and {} are hooks of `{moment}` with the weight {weight}",
                        first.title()
                    );
                    let pointer = "/metadata/annotations";
                    report.push(object.finding(&rules::HOOK_ORDER, pointer, &message));
                }
            }
        }
    }
}

/// A hook that runs when a release is rolled back and migrates data.
pub(super) fn rollback(inputs: &Inputs, _: &Context, report: &mut Report) {
    for object in inputs.renders().flat_map(|render| &render.objects) {
        let hook = object.annotation(HOOK).unwrap_or_default();
        let moments = hook.split(',').map(str::trim);
        if !moments.into_iter().any(|moment| matches!(moment, "pre-rollback" | "post-rollback")) {
            continue;
        }
        let mut said = object.name.to_lowercase();
        for container in object.containers() {
            for key in ["command", "args"] {
                for word in container.node.get(key).map(Node::items).unwrap_or_default() {
                    said += " ";
                    said += &word.scalar_text().unwrap_or_default().to_lowercase();
                }
            }
        }
        let goes_back =
            ["down", "revert", "rollback", "undo"].iter().any(|word| said.contains(word));
        if ["migrat", "upgrade", "alembic", "flyway", "liquibase"]
            .iter()
            .any(|word| said.contains(word))
            && !goes_back
        {
            let message = "migrates data forward while the release goes back";
            report.push(
                object
                    .finding(&rules::HOOK_MIGRATES_BACK, "/metadata/annotations", message)
                    .declared(hook),
            );
        }
    }
}
