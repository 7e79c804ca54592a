//! K8S01, X3: profiles are one set in every document that names them, each is rendered, installed
//! and tested.

use std::collections::BTreeSet;

use super::input::{
    CONTRACT, Inputs, MATRIX, Profile, REGISTRY, Row, SNAPSHOT, absent, profile_name,
};
use super::object::{text, words};
use super::rendered;
use crate::finding::rules::k8s as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// Every profile of the matrix is rendered; every render belongs to a profile.
pub(super) fn renders(inputs: &Inputs, context: &Context, report: &mut Report) {
    let Some(renders) = &inputs.renders else {
        let detail = format!("no rendered manifests: none in `{}`, none given", rendered::FOLDER);
        report.skipped("rendered-manifests", "ops/k8s", detail);
        return;
    };
    let objects: usize = renders.iter().map(|render| render.objects.len()).sum();
    let rendering = context.rendered.as_ref().and_then(|given| given.by.as_ref());
    let by = rendering.map(|one| format!(", rendered by {}", one.by)).unwrap_or_default();
    let detail = format!("{} renders with {objects} objects{by}", renders.len());
    report.passed("rendered-manifests", "ops/k8s", detail);
    for name in rendering.iter().flat_map(|one| &one.unstable) {
        let location = Location::named(&format!("ops/k8s/values/{name}.yaml"));
        let message = format!("profile `{name}` is rendered to other bytes the second time");
        report.push(Finding::new(&rules::RENDER_DIFFERS, location, message));
    }
    for profile in inputs.profiles() {
        match (profile.matrix, profile.render) {
            (Some(row), None) => {
                let said = rendering.and_then(|one| one.failed.get(profile.name));
                let said = said.map(|text| format!(": {text}")).unwrap_or_default();
                let message = format!("profile `{}` is not rendered{said}", profile.name);
                report.push(
                    Finding::new(&rules::RENDER_ABSENT, row.at("name"), message)
                        .declared(profile.name),
                );
            }
            // What somebody rendered elsewhere may hold more; what the tree keeps has a reason.
            (None, Some(render))
                if profile.demands().next().is_none()
                    && inputs.has_profiles()
                    && context.rendered.is_none() =>
            {
                let message = format!("no document names the profile `{}`", profile.name);
                report.push(Finding::new(
                    &rules::RENDER_UNDECLARED,
                    render.location.clone(),
                    message,
                ));
            }
            _ => {}
        }
    }
}

/// The files that documents of the area name are there.
pub(super) fn named_files(inputs: &Inputs, _: &Context, report: &mut Report) {
    for path in [MATRIX, REGISTRY, CONTRACT] {
        let Some(source) = inputs.document(path) else { continue };
        for (pointer, row) in source.rows("/profiles") {
            let named = text(row, "values_file");
            if !named.is_empty() && !inputs.files.contains(named) {
                report.push(absent(source, &format!("{pointer}/values_file"), named));
            }
        }
    }
}

/// The documents that name profiles name the same ones.
pub(super) fn one_set(inputs: &Inputs, _: &Context, report: &mut Report) {
    let snapshot = inputs.document(SNAPSHOT).map(|source| &source.root);
    let released: Option<BTreeSet<&str>> = snapshot
        .and_then(|root| root.get("install_profiles"))
        .map(|list| words(Some(list)).collect());
    for profile in inputs.profiles() {
        let rows =
            [(MATRIX, profile.matrix), (REGISTRY, profile.registry), (CONTRACT, profile.contract)];
        let mut sets: Vec<(&str, bool)> = rows
            .iter()
            .filter(|(path, _)| inputs.document(path).is_some())
            .map(|(path, row)| (*path, row.is_some()))
            .collect();
        if let Some(released) = &released {
            sets.push((SNAPSHOT, released.contains(profile.name)));
        }
        let names = |wanted: bool| -> Vec<&str> {
            sets.iter().filter(|(_, has)| *has == wanted).map(|(path, _)| *path).collect()
        };
        let (with, without) = (names(true), names(false));
        let Some((_, Some(row))) = rows.into_iter().find(|(_, row)| row.is_some()) else {
            continue;
        };
        if !without.is_empty() {
            let message = format!("profile `{}` is not in {}", profile.name, quoted(&without));
            let finding = Finding::new(&rules::PROFILE_SETS_DIFFER, row.at(""), message);
            let finding = finding.declared(with.join(", ")).actual(without.join(", "));
            report.push(finding.caused_by(format!("k8s {}", rules::PROFILE_SETS_DIFFER.code)));
        }
    }
    let known: BTreeSet<&str> =
        inputs.profiles().iter().filter(|one| one.matrix.is_some()).map(|one| one.name).collect();
    let source = inputs.document(SNAPSHOT).zip(released);
    if let Some((source, released)) = source.filter(|_| inputs.document(MATRIX).is_some()) {
        for name in released.difference(&known) {
            let message = format!("profile `{name}` is not in `{MATRIX}`");
            report.push(Finding::new(
                &rules::PROFILE_SETS_DIFFER,
                source.at("/install_profiles"),
                message,
            ));
        }
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// What two documents say of one profile is the same.
pub(super) fn one_word(inputs: &Inputs, _: &Context, report: &mut Report) {
    const FIELDS: [&str; 6] = [
        "intendedUse",
        "expectedResourcesClass",
        "networkPolicyModeRequired",
        "hpaPolicyRequired",
        "values_file",
        "suite",
    ];
    for profile in inputs.profiles() {
        let rows: Vec<Row<'_>> =
            [profile.matrix, profile.registry, profile.contract].into_iter().flatten().collect();
        for field in FIELDS {
            let mut said = rows.iter().filter(|row| !row.text(field).is_empty());
            let Some(first) = said.next() else { continue };
            for row in said.filter(|row| row.text(field) != first.text(field)) {
                let message = format!(
                    "profile `{}`: `{field}` is another than in `{}`",
                    profile.name, first.source.location.path
                );
                let finding =
                    Finding::new(&rules::PROFILE_DOCUMENTS_DISAGREE, row.at(field), message);
                report.push(finding.declared(row.text(field)).actual(first.text(field)));
            }
        }
        if let (Some(registry), Some(contract)) = (profile.registry, profile.contract) {
            toggles_agree(&profile, registry, contract, report);
        }
    }
}

fn toggles_agree(profile: &Profile<'_>, registry: Row<'_>, contract: Row<'_>, report: &mut Report) {
    let list = |row: Row<'_>, key: &str| -> BTreeSet<String> {
        words(row.node.get(key)).map(str::to_owned).collect()
    };
    for (one, other) in [(registry, contract), (contract, registry)] {
        for toggle in list(one, "requiredToggles").intersection(&list(other, "forbiddenToggles")) {
            let message = format!(
                "profile `{}`: `{toggle}` is required here and forbidden in `{}`",
                profile.name, other.source.location.path
            );
            let at = one.at("requiredToggles");
            report.push(Finding::new(&rules::PROFILE_DOCUMENTS_DISAGREE, at, message));
        }
    }
    for key in ["requiredToggles", "forbiddenToggles"] {
        let (ours, theirs) = (list(registry, key), list(contract, key));
        if ours != theirs {
            let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
                a.difference(b).map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ")
            };
            let parts = [
                (only(&ours, &theirs), "is not in the contract"),
                (only(&theirs, &ours), "is in the contract only"),
            ];
            let parts: Vec<String> = parts
                .iter()
                .filter(|(names, _)| !names.is_empty())
                .map(|(names, words)| format!("{names} {words}"))
                .collect();
            let message = format!("profile `{}`: `{key}`: {}", profile.name, parts.join("; "));
            let finding = Finding::new(&rules::PROFILE_TOGGLES_DIFFER, registry.at(key), message);
            let join = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join(", ");
            let finding = finding.declared(join(ours)).actual(join(theirs));
            report.push(finding.caused_by(format!("k8s {}", rules::PROFILE_TOGGLES_DIFFER.code)));
        }
    }
}

/// Every profile of the matrix has a scenario that installs it, and scenarios name its profiles.
pub(super) fn scenarios(inputs: &Inputs, _: &Context, report: &mut Report) {
    let Some(matrix) = inputs.document(MATRIX) else { return };
    let Some(scenarios) = matrix.root.get("scenarios") else {
        report.skipped("install-scenarios", MATRIX, "the matrix lists no scenarios");
        return;
    };
    let installed: BTreeSet<&str> = scenarios
        .items()
        .iter()
        .filter(|row| text(row, "kind") == "install")
        .map(|row| text(row, "profile"))
        .collect();
    let mut known = BTreeSet::new();
    for (pointer, row) in matrix.rows("/profiles") {
        let Some(name) = profile_name(row) else { continue };
        known.insert(name);
        if !installed.contains(name) {
            let message = format!("no scenario installs the profile `{name}`");
            let finding = Finding::new(&rules::PROFILE_UNTESTED, matrix.at(&pointer), message);
            report.push(finding.caused_by(format!("k8s {}", rules::PROFILE_UNTESTED.code)));
        }
    }
    for (pointer, row) in matrix.rows("/scenarios") {
        let name = text(row, "profile");
        if !known.contains(name) {
            let message =
                format!("a scenario names the profile `{name}`, which the matrix does not have");
            let at = matrix.at(&format!("{pointer}/profile"));
            report.push(Finding::new(&rules::PROFILE_SETS_DIFFER, at, message));
        }
    }
}
