//! The conformance report: what became of each profile's objects when they were judged.

use std::collections::BTreeMap;

use serde::Serialize;

use super::input::Inputs;
use super::rendered::Render;
use super::schema;
use crate::finding::{Report, Severity};

/// What the rules said of every render, derived by running them.
#[derive(Serialize)]
pub(super) struct Conformance {
    schema: &'static str,
    kubernetes: Versions,
    profiles: Vec<ProfileRow>,
}

#[derive(Serialize)]
struct Versions {
    oldest: String,
    newest: String,
    stated: bool,
}

#[derive(Serialize)]
struct ProfileRow {
    profile: String,
    path: String,
    objects: usize,
    validated: usize,
    skipped: Vec<KindRow>,
    errors: usize,
    warnings: usize,
    rules: Vec<RuleRow>,
}

#[derive(Serialize)]
struct KindRow {
    kind: String,
    objects: usize,
}

#[derive(Serialize)]
struct RuleRow {
    code: String,
    findings: usize,
}

impl Conformance {
    /// Derives the report from what was rendered and what the rules found in it.
    pub(super) fn of(inputs: &Inputs, report: &Report) -> Self {
        let range = inputs.kubernetes;
        let kubernetes = Versions {
            oldest: range.oldest.to_string(),
            newest: range.newest.to_string(),
            stated: range.is_stated,
        };
        let profiles = inputs.renders().map(|render| row(inputs, render, report)).collect();
        Self { schema: "countersign.k8s-conformance/v1", kubernetes, profiles }
    }
}

fn row(inputs: &Inputs, render: &Render, report: &Report) -> ProfileRow {
    let mut skipped: BTreeMap<String, usize> = BTreeMap::new();
    for object in schema::without_schema(inputs, &render.objects) {
        *skipped.entry(format!("{} {}", object.api, object.kind)).or_default() += 1;
    }
    let (mut errors, mut warnings) = (0, 0);
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    let folder = format!("{}/", render.location.path.trim_end_matches(".yaml"));
    for finding in report.findings() {
        let path = &finding.location.path;
        if *path != render.location.path && !path.starts_with(&folder) {
            continue;
        }
        match finding.rule.severity {
            Severity::Error => errors += 1,
            Severity::Warning => warnings += 1,
        }
        *rules.entry(finding.rule.code).or_default() += 1;
    }
    let unseen: usize = skipped.values().sum();
    ProfileRow {
        profile: render.profile.clone(),
        path: render.location.path.clone(),
        objects: render.objects.len(),
        validated: render.objects.len() - unseen,
        skipped: skipped.into_iter().map(|(kind, objects)| KindRow { kind, objects }).collect(),
        errors,
        warnings,
        rules: rules
            .into_iter()
            .map(|(code, findings)| RuleRow { code: code.to_owned(), findings })
            .collect(),
    }
}
