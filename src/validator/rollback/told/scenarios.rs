//! Scenarios and the table of supported steps, in both directions.

use std::collections::BTreeSet;

use super::super::compatibility::{Support, gaps, overlaps, support};
use super::super::facts::CompatibilityRow;
use super::super::taken::rows_of;
use super::input::{Inputs, Source};
use crate::document::Node;
use crate::finding::rules::rollback as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;
use crate::version::{Version, VersionRange};

fn rows<'a>(inputs: &'a Inputs<'_>) -> Option<(&'a Source, Vec<CompatibilityRow>)> {
    inputs.table().map(|table| (table, rows_of(&table.root)))
}

/// Every row can be read, goes the way that it says, and contradicts no other.
pub(super) fn table(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some((table, rows)) = rows(inputs) else {
        return report.skipped("compatibility-table", "ops/e2e", "the tree has no table of steps");
    };
    let alone = rows
        .iter()
        .enumerate()
        .filter_map(|(index, row)| Some((index, problem_of(row, &rows[..index])?)));
    let together =
        overlaps(&rows).into_iter().filter(|it| !is_twin(&rows[it.row], &rows[it.earlier]));
    let together = together.map(|it| {
        let (from, to) = it.step;
        let earlier = it.earlier;
        (it.row, format!("overlaps row {earlier} and contradicts it about {from} to {to}"))
    });
    let open = gaps(&rows).into_iter().map(|(index, version)| {
        (index, format!("leads to {version}, and no row leads on from there"))
    });
    let problems: Vec<(usize, String)> = alone.chain(together).chain(open).collect();
    if problems.is_empty() {
        let detail = format!("{} rows", rows.len());
        return report.passed("compatibility-table", table.path.as_str(), detail);
    }
    for (index, message) in problems {
        let location = table.at(&format!("/compatibility/{index}"));
        report.push(Finding::new(&rules::COMPATIBILITY_UNSOUND, location, message));
    }
}

fn is_twin(row: &CompatibilityRow, other: &CompatibilityRow) -> bool {
    (&row.from, &row.to) == (&other.from, &other.to)
}

fn problem_of(row: &CompatibilityRow, before: &[CompatibilityRow]) -> Option<String> {
    if row.from.is_empty() || row.to.is_empty() {
        return Some("does not say from, to and supported, each as it must be".to_owned());
    }
    for text in [&row.from, &row.to] {
        if let Err(error) = text.parse::<VersionRange>() {
            return Some(error.to_string());
        }
    }
    let twin = before.iter().find(|other| is_twin(row, other));
    match twin {
        Some(twin) if twin.supported != row.supported => {
            return Some(format!("contradicts an earlier row about {} to {}", row.from, row.to));
        }
        Some(_) => return Some(format!("{} to {} stands twice", row.from, row.to)),
        None => {}
    }
    let (from, to): (Version, Version) = (row.from.parse().ok()?, row.to.parse().ok()?);
    if from == to {
        return Some(format!("goes from {from} to itself"));
    }
    let is_back = from.is_after(&to);
    if (row.kind == "rollback") != is_back {
        return Some(format!("called `{}`, and goes from {from} to {to}", row.kind.escape_debug()));
    }
    None
}

/// Every scenario plays a step that the table supports.
pub(super) fn steps(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some((table, rows)) = rows(inputs) else { return };
    for scenario in inputs.scenarios() {
        let (from, to) = (scenario.text("/from_version"), scenario.text("/to_version"));
        let (Some(from), Some(to)) = (from, to) else { continue };
        let location = scenario.at("/to_version");
        let (Ok(from), Ok(to)) = (from.parse::<Version>(), to.parse::<Version>()) else {
            let message = "the scenario names something that is no version";
            report.push(Finding::new(&rules::SCENARIO_STEP_UNSUPPORTED, location, message));
            continue;
        };
        let answer = support(&rows, &from, &to);
        let message = match answer {
            Support::Supported => {
                report.passed("scenario-step", scenario.path.as_str(), format!("{from} to {to}"));
                continue;
            }
            Support::Unsupported => format!("the table says that {from} to {to} is not supported"),
            Support::StepByStep(through) => format!(
                "the table supports {from} to {to} only step by step, through {}",
                through.join(", ")
            ),
            Support::Absent => format!("the table does not speak of {from} to {to}"),
            // What is wrong with the table itself is said once, of the table.
            Support::Contradicted | Support::Malformed(_) => continue,
        };
        let finding = Finding::new(&rules::SCENARIO_STEP_UNSUPPORTED, location, message);
        report.push(finding.declared(format!("{from} to {to}")).actual(&table.path));
    }
}

/// Every way back that the table supports is played by a scenario.
pub(super) fn tried(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some((table, rows)) = rows(inputs) else { return };
    let played: BTreeSet<(&str, &str)> = inputs
        .scenarios()
        .filter_map(|scenario| {
            Some((scenario.text("/from_version")?, scenario.text("/to_version")?))
        })
        .collect();
    for (index, row) in rows.iter().enumerate() {
        if row.kind != "rollback" || !row.supported {
            continue;
        }
        if played.contains(&(row.from.as_str(), row.to.as_str())) {
            report.passed("rollback-tried", row.from.as_str(), format!("back to {}", row.to));
            continue;
        }
        let location = table.at(&format!("/compatibility/{index}"));
        let message = format!(
            "going back from {} to {} is declared supported, and no scenario tries it",
            row.from, row.to
        );
        report.push(Finding::new(&rules::ROLLBACK_UNTRIED, location, message));
    }
}

/// A scenario that installs charts or packages by version installs the one that this tree is of.
pub(super) fn outdated(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some(current) = inputs.current() else { return };
    for scenario in inputs.below(super::input::SCENARIOS) {
        let steps = scenario.items("steps");
        let versions: BTreeSet<&str> =
            steps.iter().filter_map(Node::as_str).flat_map(versions_in).collect();
        if versions.is_empty() {
            continue;
        }
        if versions.contains(current) {
            report.passed("scenario-current", scenario.path.as_str(), format!("plays {current}"));
            continue;
        }
        let played: Vec<&str> = versions.into_iter().collect();
        let message = format!("plays {}, and this tree is {current}", played.join(" and "));
        let finding = Finding::new(&rules::SCENARIO_OUTDATED, scenario.at("/steps"), message);
        report.push(finding.declared(played.join(", ")).actual(current));
    }
}

/// The versions that a command names: with `--version`, and in the name of a package.
fn versions_in(step: &str) -> impl Iterator<Item = &str> {
    let after = step.split_whitespace().zip(step.split_whitespace().skip(1));
    let flags = after.filter(|(flag, _)| *flag == "--version").map(|(_, version)| version);
    let packages = step.split_whitespace().filter_map(version_of_package);
    flags
        .chain(packages)
        .map(|version| version.trim_start_matches('v'))
        .filter(|version| version.parse::<Version>().is_ok())
}

/// `0.1.0` of `./atlas-0.1.0.tgz`, `v0.1.0` of `bundle-v0.1.0.tar.gz`.
fn version_of_package(word: &str) -> Option<&str> {
    let name = word.rsplit('/').next()?;
    let stem = [".tgz", ".tar.gz"].iter().find_map(|end| name.strip_suffix(end))?;
    let starts = stem.match_indices('-').map(|(at, _)| &stem[at + 1..]);
    starts.into_iter().find(|rest| rest.trim_start_matches('v').parse::<Version>().is_ok())
}

/// The evidence that a scenario names is there and was not pretended.
pub(super) fn evidence(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    for scenario in inputs.below(super::input::SCENARIOS) {
        let Some(path) = scenario.text("/evidence_path") else { continue };
        let Some(evidence) = inputs.document(path) else {
            let message =
                format!("names `{}` as its evidence, which is not there", path.escape_debug());
            let location = scenario.at("/evidence_path");
            report.push(Finding::new(&rules::SCENARIO_EVIDENCE_ABSENT, location, message));
            continue;
        };
        let status = evidence.text("/status").unwrap_or_default();
        if matches!(status, "simulated" | "placeholder" | "sample" | "planned" | "skipped") {
            let id = scenario.text("/id").unwrap_or_default().escape_debug();
            let message = format!("the evidence of `{id}` is {status}: nothing was tried");
            let finding =
                Finding::new(&rules::SCENARIO_EVIDENCE_PRETENDED, evidence.at("/status"), message);
            report.push(finding.actual(status).caused_by("rollback-pretended"));
            report.headline(
                "rollback-pretended",
                "scenarios of installing, upgrading and going back have pretended evidence",
            );
        } else {
            report.passed("scenario-evidence", scenario.path.as_str(), path);
        }
    }
}

/// What a scenario lists of an earlier release is there.
pub(super) fn earlier_artifacts(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    for source in inputs.everything_below(super::input::SCENARIOS) {
        let Some(version) = source.text("/version") else { continue };
        let listed: Vec<&str> = source.items("artifacts").iter().filter_map(Node::as_str).collect();
        let missing: Vec<&str> =
            listed.iter().copied().filter(|path| !inputs.exists(path)).collect();
        if listed.is_empty() {
            continue;
        }
        if missing.is_empty() {
            let detail = format!("{} artifacts of {version}", listed.len());
            report.passed("earlier-artifacts", source.path.as_str(), detail);
            continue;
        }
        let (count, all) = (missing.len(), listed.len());
        let version = version.escape_debug();
        let message = format!("{count} of {all} artifacts of {version} are not in the tree");
        let finding =
            Finding::new(&rules::PREVIOUS_PACKAGE_ABSENT, source.at("/artifacts"), message);
        report.push(finding.declared(missing.join(", ")));
    }
}

/// What can be gone back to can be had: the packages of supported targets lie with the evidence.
pub(super) fn previous_packages(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let (Some((table, rows)), Some(current)) = (rows(inputs), inputs.current()) else { return };
    if inputs.packages.is_empty() {
        let detail = "the tree keeps no packages of releases";
        return report.skipped("previous-package", "ops/release/evidence/packages", detail);
    }
    for (index, row) in rows.iter().enumerate() {
        if row.kind != "rollback" || !row.supported || row.from != current {
            continue;
        }
        let end = format!("-{}.tgz", row.to);
        if inputs.packages.iter().any(|package| package.ends_with(&end)) {
            report.passed("previous-package", row.to.as_str(), "its package is kept");
            continue;
        }
        let kept = inputs.packages.join(", ");
        let message = format!("{} can be gone back to, and its package is not kept", row.to);
        let location = table.at(&format!("/compatibility/{index}/to"));
        report.push(Finding::new(&rules::PREVIOUS_PACKAGE_ABSENT, location, message).actual(kept));
    }
}
