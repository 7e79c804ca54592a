//! LOAD08 and X13: every suite has all its parts, every list names the suites that there are, and
//! every name resolves.

use std::collections::{BTreeMap, BTreeSet};

use super::input::{Inputs, Source};
use super::result::Plan;
use super::suite::{self, Suite};
use super::{layout, runs};
use crate::document::Node;
use crate::finding::rules::load as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// Every suite has its scenario, its script, its threshold file and a result.
pub(super) fn suite_parts(inputs: &Inputs, _: &Context, report: &mut Report) {
    let suites = suite::suites(inputs);
    let files = suite::threshold_files(inputs);
    if suites.is_empty() {
        let detail = "the tree defines no suites: their parts, limits and names are not judged";
        report.skipped("load-suites", layout::SUITES, detail);
    }
    if runs::lists(inputs).next().is_none() {
        let detail =
            "the tree has no list of runs: how they went and what they are of is not judged";
        report.skipped("load-runs", layout::RESULTS, detail);
    }
    let measured = measured(inputs);
    let mut without = Vec::new();
    for suite in &suites {
        missing_code(inputs, suite, report);
        if !files.contains_key(suite.name) {
            let message = format!("the suite `{}` has no threshold file", suite.name);
            report.push(Finding::new(&rules::SUITE_PART_MISSING, suite.at("thresholds"), message));
        }
        if !measured.contains(suite.name) {
            without.push(suite);
        }
    }
    let all = without.len() == suites.len() && suites.len() > 1;
    for suite in without
        .iter()
        .filter(|suite| suite.node.get("must_pass").and_then(Node::as_bool) != Some(false))
    {
        let message = format!("the suite `{}` must pass and has no result", suite.name);
        let finding = Finding::new(&rules::RESULT_MISSING, suite.at("must_pass"), message);
        report.push(finding.caused_by("load-results"));
    }
    if all {
        report
            .headline("load-results", format!("none of the {} suites has a result", suites.len()));
    }
}

fn missing_code(inputs: &Inputs, suite: &Suite<'_>, report: &mut Report) {
    let is_k6 = suite.text("kind").is_none_or(|kind| kind == "k6");
    let lacks = |key: &str, what: &str, path: Option<String>, report: &mut Report| {
        let message = match &path {
            Some(path) => {
                format!("the {what} `{path}` of the suite `{}` is not in the tree", suite.name)
            }
            None => format!("the suite `{}` names no {what}", suite.name),
        };
        let finding = Finding::new(&rules::SUITE_PART_MISSING, suite.at(key), message);
        report.push(match path {
            Some(path) => finding.declared(path),
            None => finding,
        });
    };
    if is_k6 {
        match suite.scenario(inputs) {
            Some(path) if inputs.has(&path) => match suite.script(inputs) {
                Some(script) if inputs.has(&script) => {}
                script => lacks("scenario", "script", script, report),
            },
            path => lacks("scenario", "scenario", path, report),
        }
        return;
    }
    let runner = suite.text("script").or(suite.text("runner"));
    match runner {
        Some(path) if inputs.has(path) => {}
        runner => lacks("runner", "program", runner.map(str::to_owned), report),
    }
}

/// The suites that have a list of runs or a result.
fn measured(inputs: &Inputs) -> BTreeSet<&str> {
    let results = inputs.results.iter().filter_map(|(path, read)| {
        let is_result = read.as_ref().is_ok_and(|result| result.options.is_none());
        is_result.then(|| layout::stem(path))
    });
    runs::lists(inputs).filter_map(|source| source.text("/suite")).chain(results).collect()
}

/// Generated lists of suites are those of the suites.
pub(super) fn lists_agree(inputs: &Inputs, _: &Context, report: &mut Report) {
    let suites = suite::suites(inputs);
    if suites.is_empty() {
        return;
    }
    let names: BTreeSet<&str> = suites.iter().map(|suite| suite.name).collect();
    for path in [layout::MANIFEST, layout::SUMMARY] {
        let Some(source) = inputs.document(path) else { continue };
        let listed: Vec<(usize, &str)> = source
            .list("/suites")
            .iter()
            .enumerate()
            .filter_map(|(index, row)| {
                Some((index, row.as_str().or_else(|| row.get("name")?.as_str())?))
            })
            .collect();
        let found: BTreeSet<&str> = listed.iter().map(|(_, name)| *name).collect();
        let absent: Vec<&str> = names.difference(&found).copied().collect();
        for name in &absent {
            let message = format!("the suite `{name}` is not in the list");
            let finding = Finding::new(&rules::LIST_DIFFERS, source.at("/suites"), message);
            report.push(finding.actual(name).caused_by(path));
        }
        for (index, name) in listed.iter().filter(|(_, name)| !names.contains(name)) {
            let message = format!("there is no suite `{name}`");
            let location = source.at(&format!("/suites/{index}"));
            let finding = Finding::new(&rules::LIST_DIFFERS, location, message);
            report.push(finding.declared(name).caused_by(path));
        }
        if absent.len() > 1 {
            report.headline(
                path,
                format!("`{path}` lists {} of {} suites", found.len(), names.len()),
            );
        }
        rows_agree(source, &suites, report);
    }
}

/// What a list repeats of a suite is what the suite says.
fn rows_agree(source: &Source, suites: &[Suite<'_>], report: &mut Report) {
    let by_name: BTreeMap<&str, &Suite<'_>> =
        suites.iter().map(|suite| (suite.name, suite)).collect();
    for (index, row) in source.list("/suites").iter().enumerate() {
        let name = row.get("name").and_then(Node::as_str).unwrap_or_default();
        let Some(suite) = by_name.get(name) else { continue };
        for key in ["kind", "must_pass", "thresholds", "expected_metrics", "run_in"] {
            if let Some((there, here)) = row.get(key).zip(suite.node.get(key))
                && there.kind() == here.kind()
                && plain(there) != plain(here)
            {
                let message = format!(
                    "`{key}` of the suite `{}` is another than in `{}`",
                    suite.name, suite.source.path
                );
                let location = source.at(&format!("/suites/{index}/{key}"));
                let finding = Finding::new(&rules::LIST_DIFFERS, location, message);
                report.push(finding.declared(plain(there)).actual(plain(here)));
            }
        }
    }
}

/// A value without its place, for a comparison.
fn plain(node: &Node) -> String {
    let mut text = String::new();
    node.walk(&mut |pointer, value| {
        let scalar = value.scalar_text().unwrap_or_default();
        if !scalar.is_empty() {
            let key = pointer.rsplit('/').next().unwrap_or_default();
            text.push_str(&if key.is_empty() {
                scalar.into_owned()
            } else {
                format!("{key} {scalar}, ")
            });
        }
    });
    text.trim_end_matches(", ").to_owned()
}

/// Scenarios and scripts that nothing runs.
pub(super) fn unused(inputs: &Inputs, _: &Context, report: &mut Report) {
    let suites = suite::suites(inputs);
    if suites.is_empty() {
        return;
    }
    let used: BTreeSet<String> = suites.iter().filter_map(|suite| suite.scenario(inputs)).collect();
    for source in scenarios(inputs).filter(|source| !used.contains(&source.path)) {
        let message = "no suite runs the scenario";
        report.push(Finding::new(&rules::SCENARIO_UNUSED, source.at(""), message));
    }
    let mut scripts: BTreeSet<String> =
        suites.iter().filter_map(|suite| suite.script(inputs)).collect();
    scripts.extend(scenarios(inputs).filter_map(|source| {
        let name = source.text("/suite")?;
        Some(format!("{}{name}", layout::SCRIPTS))
    }));
    if let Some(started) = inputs.document(layout::STARTED) {
        started.root.walk(&mut |_, node| scripts.extend(node.as_str().map(str::to_owned)));
    }
    for path in inputs.scripts.keys().filter(|path| !scripts.contains(*path)) {
        let is_imported = path.contains("/lib/") || path.contains("/common/");
        if !is_imported {
            let message = "no suite and no scenario runs the script";
            report.push(Finding::new(&rules::SCENARIO_UNUSED, Location::named(path), message));
        }
    }
}

/// The documents that describe one scenario.
pub(super) fn scenarios(inputs: &Inputs) -> impl Iterator<Item = &Source> {
    inputs.documents().filter(|source| {
        source.path.starts_with(layout::SCENARIOS) && source.text("/suite").is_some()
    })
}

/// Names of suites and scenarios that other documents use.
pub(super) fn names_resolve(inputs: &Inputs, _: &Context, report: &mut Report) {
    let suites = suite::suites(inputs);
    if suites.is_empty() {
        return;
    }
    let names: BTreeSet<&str> = suites.iter().map(|suite| suite.name).collect();
    let unresolved = |source: &Source, pointer: &str, name: &str, report: &mut Report| {
        if !names.contains(name) {
            let message = format!("there is no suite `{name}`");
            let finding = Finding::new(&rules::NAME_UNRESOLVED, source.at(pointer), message);
            report.push(finding.declared(name));
        }
    };
    if let Some(started) = inputs.document(layout::STARTED) {
        let rows = started.root.get("suites").map(Node::entries).unwrap_or_default();
        for entry in rows {
            unresolved(started, &format!("/suites/{}", entry.key), &entry.key, report);
        }
    }
    let rows = inputs.documents().filter(|source| source.path.starts_with(layout::BASELINES));
    for (source, list) in rows.map(|source| (source, source.list("/rows"))) {
        for (index, row) in list.iter().enumerate() {
            if let Some(name) = row.get("suite").and_then(Node::as_str) {
                unresolved(source, &format!("/rows/{index}/suite"), name, report);
            }
        }
    }
    for source in runs::lists(inputs) {
        unresolved(source, "/suite", source.text("/suite").unwrap_or_default(), report);
    }
    mapped_names(inputs, &names, report);
}

/// The map of scenarios to objectives, drills and suites.
fn mapped_names(inputs: &Inputs, names: &BTreeSet<&str>, report: &mut Report) {
    let Some(map) = inputs.neighbour("ops/inventory/scenario-slo-map.json") else {
        report.skipped(
            "load-names",
            "ops/inventory/scenario-slo-map.json",
            "the tree has no such map",
        );
        return;
    };
    let known: BTreeSet<&str> = inputs
        .neighbours_in("ops/e2e/scenarios/")
        .flat_map(|source| source.list("/scenarios"))
        .filter_map(|row| row.get("id")?.as_str())
        .collect();
    for (index, row) in map.list("/mappings").iter().enumerate() {
        let scenario = row.get("scenario_id").and_then(Node::as_str).unwrap_or_default();
        if !known.is_empty() && !known.contains(scenario) {
            let message = format!("there is no scenario `{scenario}`");
            let location = map.at(&format!("/mappings/{index}/scenario_id"));
            report
                .push(Finding::new(&rules::NAME_UNRESOLVED, location, message).declared(scenario));
        }
        let used = row.get("load_suites").map(Node::items).unwrap_or_default();
        for (at, name) in
            used.iter().enumerate().filter_map(|(at, node)| Some((at, node.as_str()?)))
        {
            if !names.contains(name) {
                let message = format!("there is no load suite `{name}`");
                let location = map.at(&format!("/mappings/{index}/load_suites/{at}"));
                report
                    .push(Finding::new(&rules::NAME_UNRESOLVED, location, message).declared(name));
            }
        }
    }
}

/// Scenarios say in values that can be read how the load is made.
pub(super) fn scenarios_hold(inputs: &Inputs, _: &Context, report: &mut Report) {
    for source in scenarios(inputs) {
        let stem = source.name().trim_end_matches(".json");
        let malformed = |pointer: &str, message: String, report: &mut Report| {
            let finding = Finding::new(&rules::SCENARIO_MALFORMED, source.at(pointer), message);
            report.push(finding.declared(
                source.root.pointer(pointer).and_then(Node::scalar_text).unwrap_or_default(),
            ));
        };
        if source.text("/name").is_some_and(|name| name != stem) {
            malformed(
                "/name",
                format!("the scenario of `{}` has another name", source.path),
                report,
            );
        }
        for pointer in ["/duration", "/ramp", "/time_unit"] {
            let text = source.text(pointer);
            if text.is_some_and(|text| super::result::duration_ms(text).is_none()) {
                malformed(
                    pointer,
                    "is no duration; expected the form `90s` or `1m30s`".to_owned(),
                    report,
                );
            }
        }
        if let Some(mix) = source.root.get("mix") {
            let sum: f64 = mix.entries().iter().filter_map(|entry| entry.value.as_f64()).sum();
            if (sum - 1.0).abs() > 1e-6 {
                malformed(
                    "/mix",
                    format!("the shares of the mix add up to {sum}, not to 1"),
                    report,
                );
            }
        }
        if let Some(executor) = source.text("/executor")
            && super::result::Executor::parse(executor).is_none()
        {
            malformed("/executor", "is no executor of k6".to_owned(), report);
        }
        let stated = source.text("/model");
        let model =
            Plan::of(&source.root).and_then(|plan| super::result::Executor::parse(&plan.executor));
        let expected = model.map(|model| match model {
            super::result::Executor::Open => "open",
            super::result::Executor::Closed => "closed",
        });
        if let Some((stated, expected)) = stated.zip(expected)
            && stated != expected
        {
            malformed("/model", format!("the executor makes an {expected} model"), report);
        }
    }
}

/// Files that load documents name and that are not there.
pub(super) fn named_files(inputs: &Inputs, _: &Context, report: &mut Report) {
    let mut named: Vec<(&Source, String)> = Vec::new();
    for (path, pointers) in [
        (layout::REGISTRY, &["/registry"][..]),
        (layout::STARTED, &["/suites"][..]),
        (layout::PACKS, &["/packs"][..]),
        (layout::MANIFEST, &["/suites", "/query_set"][..]),
    ] {
        let Some(source) = inputs.document(path) else { continue };
        for pointer in pointers {
            let Some(node) = source.root.pointer(pointer) else { continue };
            node.walk(&mut |below, _| named.push((source, format!("{pointer}{below}"))));
        }
    }
    for suites in inputs.documents().filter(|source| source.path.starts_with(layout::SUITES)) {
        named.push((suites, "/query_set".to_owned()));
    }
    for (source, pointer) in named {
        let text = source.text(&pointer).filter(|text| text.starts_with("ops/load/"));
        if let Some(path) = text.filter(|path| path.contains('.') && !inputs.has(path)) {
            let message = format!("`{path}` is not in the tree");
            report.push(
                Finding::new(&rules::FILE_ABSENT, source.at(&pointer), message).declared(path),
            );
        }
    }
    for source in inputs.documents().filter(|source| source.path.contains("/compose/")) {
        builds(inputs, source, report);
    }
}

/// What a compose file builds is there: the context lies beside the file's folder.
fn builds(inputs: &Inputs, source: &Source, report: &mut Report) {
    for entry in source.root.get("services").map(Node::entries).unwrap_or_default() {
        let Some(build) = entry.value.get("build") else { continue };
        let context = build.as_str().or_else(|| build.get("context")?.as_str()).unwrap_or(".");
        let file = build.get("dockerfile").and_then(Node::as_str).unwrap_or("Dockerfile");
        let mut parts: Vec<&str> = source.path.split('/').collect();
        parts.pop();
        for part in context.split('/').chain(file.split('/')) {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        let path = parts.join("/");
        if path.starts_with("ops/load/") && !inputs.has(&path) {
            let message = format!("`{path}`, which the service is built from, is not in the tree");
            let pointer = format!("/services/{}/build", crate::json::escape_pointer(&entry.key));
            report.push(
                Finding::new(&rules::FILE_ABSENT, source.at(&pointer), message).declared(path),
            );
        }
    }
}
