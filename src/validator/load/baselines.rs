//! LOAD16 to LOAD20: what a release is compared with was measured, on a released version, not long
//! ago, under the same conditions, and somebody else approved it.

use std::collections::{BTreeMap, BTreeSet};

use super::input::{Inputs, Source};
use super::policy::Policy;
use super::statistics::median;
use super::suite;
use super::{layout, runs};
use crate::document::Node;
use crate::finding::rules::load as rules;
use crate::finding::{Finding, Location, Report};
use crate::time::Timestamp;
use crate::validator::Context;
use crate::version::Version;

/// The baselines of the tree.
pub(super) fn baselines(inputs: &Inputs) -> impl Iterator<Item = &Source> {
    inputs.documents().filter(|source| {
        source.path.starts_with(layout::BASELINES) && !source.list("/rows").is_empty()
    })
}

/// The row of a suite in a baseline, with its pointer.
pub(super) fn row_of<'a>(source: &'a Source, suite: &str) -> Option<(String, &'a Node)> {
    let rows = source.list("/rows").iter().enumerate();
    let found =
        rows.into_iter().find(|(_, row)| row.get("suite").and_then(Node::as_str) == Some(suite));
    found.map(|(index, row)| (format!("/rows/{index}"), row))
}

/// The baseline that a list of runs names; else the only one that has its suite.
pub(super) fn baseline_of<'a>(inputs: &'a Inputs, source: &Source) -> Option<&'a Source> {
    let suite = source.text("/suite")?;
    match source.text("/baseline") {
        Some(path) => baselines(inputs).find(|baseline| baseline.path == path),
        None => {
            let mut found = baselines(inputs).filter(|baseline| row_of(baseline, suite).is_some());
            found.next().filter(|_| found.next().is_none())
        }
    }
}

/// LOAD17: a baseline holds what was measured, run by run.
pub(super) fn measured(inputs: &Inputs, _: &Context, report: &mut Report) {
    let limits: BTreeMap<String, suite::Limits> = suite::suites(inputs)
        .into_iter()
        .map(|suite| (suite.name.to_owned(), suite.limits))
        .collect();
    let mut seen: BTreeMap<Vec<String>, &str> = BTreeMap::new();
    for source in baselines(inputs) {
        let mut reasons = Vec::new();
        match source.text("/source") {
            Some("measured") => {}
            Some(own) if own == source.path => {
                reasons.push("it names itself as its source".to_owned());
            }
            Some(other) => reasons.push(format!("its source is `{other}`")),
            None => reasons.push("it names no source".to_owned()),
        }
        if captured_at(source).is_none() {
            reasons.push("it has no date".to_owned());
        }
        let rows = source.list("/rows");
        let copied = rows.iter().filter(|row| is_copy(row, &limits)).count();
        if copied > 0 {
            reasons.push(format!("{copied} of {} rows are the limits of their suites", rows.len()));
        }
        let bare =
            rows.iter().filter(|row| row.get("runs").is_none_or(|list| list.items().is_empty()));
        let bare = bare.count();
        if bare > 0 {
            reasons.push(format!("{bare} of {} rows list no runs", rows.len()));
        }
        let figures: Vec<String> = rows.iter().map(figures).collect();
        match seen.get(&figures) {
            Some(other) => reasons.push(format!("its rows are those of `{other}`")),
            None => {
                seen.insert(figures, &source.path);
            }
        }
        if reasons.is_empty() {
            report.passed("load-baseline", source.path.as_str(), "measured, run by run");
            continue;
        }
        let message =
            "the baseline was not measured; what is compared with it is compared with nothing";
        let finding = Finding::new(&rules::BASELINE_NOT_MEASURED, source.at("/source"), message);
        report.push(finding.actual(reasons.join("; ")));
    }
}

fn figures(row: &Node) -> String {
    let number = |keys: &[&str]| {
        keys.iter().find_map(|key| row.get(key)?.as_f64()).map_or(String::new(), |n| n.to_string())
    };
    let suite = row.get("suite").and_then(Node::as_str).unwrap_or_default();
    format!(
        "{suite} {} {} {}",
        number(&["p95_ms"]),
        number(&["p99_ms"]),
        number(&["fail_rate", "error_rate"])
    )
}

/// A row whose every figure is a limit of its suite was copied from there.
fn is_copy(row: &Node, limits: &BTreeMap<String, suite::Limits>) -> bool {
    let Some(limits) = row.get("suite").and_then(Node::as_str).and_then(|name| limits.get(name))
    else {
        return false;
    };
    let mut equal = 0;
    for entry in row.entries() {
        let Some(value) = entry.value.as_f64() else { continue };
        match limits.get(&suite::common_name(&entry.key)) {
            Some(limit) if (limit.value - value).abs() < 1e-9 => equal += 1,
            Some(_) => return false,
            None => {}
        }
    }
    equal >= 2
}

/// When a baseline was measured.
pub(super) fn captured_at(source: &Source) -> Option<Timestamp> {
    let text = source.text("/metadata/captured_at").or_else(|| source.text("/captured_at"))?;
    text.parse().ok()
}

/// LOAD17: the figures of a row are those of its runs.
pub(super) fn rows_hold(inputs: &Inputs, _: &Context, report: &mut Report) {
    for source in baselines(inputs) {
        for (index, row) in source.list("/rows").iter().enumerate() {
            let list = row.get("runs").map(Node::items).unwrap_or_default();
            if list.is_empty() {
                continue;
            }
            let differs = |key: &str, stated: f64, actual: f64, report: &mut Report| {
                if (stated - actual).abs() > 0.001_f64.max(actual.abs() * 1e-4) {
                    let message = format!("`{key}` is not the figure of the runs");
                    let location = source.at(&format!("/rows/{index}/{key}"));
                    let finding = Finding::new(&rules::FIGURE_DIFFERS, location, message);
                    report.push(finding.declared(stated).actual(actual));
                }
            };
            for (key, of_run) in
                [("p95_ms", "p95_ms"), ("p99_ms", "p99_ms"), ("throughput_rps", "achieved_rate")]
            {
                let values: Vec<f64> =
                    list.iter().filter_map(|run| run.get(of_run)?.as_f64()).collect();
                if let Some((stated, actual)) =
                    row.get(key).and_then(Node::as_f64).zip(median(&values))
                {
                    differs(key, stated, actual, report);
                }
            }
            if let Some(stated) = row.get("n").and_then(Node::as_f64) {
                differs("n", stated, super::statistics::as_f64(list.len()), report);
            }
        }
    }
}

/// LOAD18: a baseline is young enough, and of a release that went out.
pub(super) fn current(inputs: &Inputs, context: &Context, report: &mut Report) {
    let policy = Policy::of(inputs);
    for source in baselines(inputs) {
        if let Some(at) = captured_at(source) {
            let place = || source.at("/metadata/captured_at");
            let days = context.now.seconds_since(at).div_euclid(86_400);
            let problem = if days > i64::from(policy.baseline_days) {
                Some(format!(
                    "the baseline is {days} days old; at most {} are allowed",
                    policy.baseline_days
                ))
            } else if days < -1 {
                Some("the baseline was measured in the future".to_owned())
            } else {
                None
            };
            if let Some(problem) = problem {
                let finding = Finding::new(&rules::BASELINE_STALE, place(), problem);
                report.push(finding.declared(at).actual(context.now));
            }
        }
        released(inputs, source, report);
    }
}

fn released(inputs: &Inputs, source: &Source, report: &mut Report) {
    let Some(release) = source.text("/release") else { return };
    let stale = |problem: String, report: &mut Report| {
        let finding = Finding::new(&rules::BASELINE_STALE, source.at("/release"), problem);
        report.push(finding.declared(release));
    };
    if release.parse::<Version>().is_ok_and(|version| version.is_prerelease()) {
        stale(format!("`{release}` is a pre-release"), report);
    }
    let measured = runs::lists(inputs).find(|list| {
        list.text("/release") == Some(release)
            && baseline_of(inputs, list).is_some_and(|baseline| baseline.path == source.path)
    });
    if let Some(list) = measured {
        stale(format!("the baseline is of the release under test, `{}`", list.path), report);
    }
    let Some(registry) = inputs.neighbour("ops/release/image-digest-registry.json") else { return };
    let rows = || registry.list("/released").iter();
    let of_release = |row: &&Node| row.get("version").and_then(Node::as_str) == Some(release);
    let digest = source.text("/subject/digest");
    let known = |row: &Node| row.get("digest").and_then(Node::as_str) == digest;
    if !rows().any(|row| of_release(&row)) {
        stale(format!("`{release}` is not among the released versions"), report);
    } else if digest.is_some() && !rows().filter(of_release).any(known) {
        let message =
            format!("the baseline measured another artifact than the one released as `{release}`");
        let finding = Finding::new(&rules::IDENTITY_DIFFERS, source.at("/subject/digest"), message);
        report.push(finding.declared(digest.unwrap_or_default()));
    }
}

/// LOAD19: somebody other than the one who measured has approved the baseline, with a reason.
pub(super) fn approved(inputs: &Inputs, _: &Context, report: &mut Report) {
    for source in baselines(inputs) {
        let text = |key: &str| {
            source.text(&format!("/approval/{key}")).filter(|text| !text.trim().is_empty())
        };
        let time = |key: &str| text(key).and_then(|text| text.parse::<Timestamp>().ok());
        let problem = if source.root.get("approval").is_none() {
            "nobody has approved the baseline"
        } else if text("approved_by").is_none() {
            "the approval names nobody"
        } else if text("reason").is_none() {
            "the approval gives no reason"
        } else if text("approved_by") == text("measured_by") {
            "whoever measured the baseline approved it"
        } else if time("approved_at")
            .zip(captured_at(source))
            .is_some_and(|(at, measured)| at < measured)
        {
            "the baseline was approved before it was measured"
        } else if time("approved_at").is_none() {
            "the approval has no time"
        } else {
            continue;
        };
        let finding = Finding::new(&rules::BASELINE_UNAPPROVED, source.at("/approval"), problem);
        report.push(match text("approved_by") {
            Some(name) => finding.declared(name),
            None => finding,
        });
    }
}

/// LOAD20: every suite that must pass has something to be compared with.
pub(super) fn present(inputs: &Inputs, _: &Context, report: &mut Report) {
    let suites = suite::suites(inputs);
    let rows = baselines(inputs).flat_map(|source| source.list("/rows"));
    let known: BTreeSet<&str> = rows.filter_map(|row| row.get("suite")?.as_str()).collect();
    let mut without = 0;
    for suite in &suites {
        let is_needed = suite.node.get("must_pass").and_then(Node::as_bool) != Some(false);
        if is_needed && !known.contains(suite.name) {
            without += 1;
            let message = format!(
                "the suite `{}` has no baseline: whether it regressed is unknown",
                suite.name
            );
            let finding = Finding::new(&rules::BASELINE_MISSING, suite.at("name"), message);
            report.push(finding.caused_by("load-baselines"));
        }
    }
    if without > 1 {
        report.headline(
            "load-baselines",
            format!("{without} of {} suites have no baseline", suites.len()),
        );
    }
    let suites: BTreeSet<&str> = suites.iter().map(|suite| suite.name).collect();
    for source in runs::lists(inputs) {
        let suite = source.text("/suite").unwrap_or_default();
        if !known.contains(suite) && !suites.contains(suite) {
            let message =
                format!("the runs of `{suite}` have no baseline: whether it regressed is unknown");
            report.push(Finding::new(&rules::BASELINE_MISSING, source.at("/suite"), message));
        }
        if let Some(path) = source.text("/baseline")
            && !inputs.has(path)
        {
            let message = format!("the baseline `{path}` is not in the tree");
            report.push(
                Finding::new(&rules::BASELINE_MISSING, source.at("/baseline"), message)
                    .declared(path),
            );
        }
    }
}

/// LOAD16: the runs and their baseline were made under the same conditions.
pub(super) fn comparable(inputs: &Inputs, _: &Context, report: &mut Report) {
    for source in runs::lists(inputs) {
        let Some(baseline) = baseline_of(inputs, source) else { continue };
        let Some((pointer, _)) = row_of(baseline, source.text("/suite").unwrap_or_default()) else {
            continue;
        };
        for (key, there) in [
            ("/scenario_sha256", format!("{pointer}/scenario_sha256")),
            ("/script_sha256", format!("{pointer}/script_sha256")),
            ("/query_pack_sha256", format!("{pointer}/query_pack_sha256")),
            ("/profile", "/metadata/profile".to_owned()),
            ("/host_class", "/metadata/host_class".to_owned()),
        ] {
            let (here, other) = (source.text(key), baseline.text(&there));
            if here != other {
                let message = format!(
                    "the baseline `{}` has another {}",
                    baseline.path,
                    key.trim_start_matches('/')
                );
                not_comparable(source.at(key), message, here, other, report);
            }
        }
        let tool = source.text("/tool/name").unwrap_or("k6");
        let major = |text: &str| {
            text.trim_start_matches('v').split('.').next().unwrap_or_default().to_owned()
        };
        let here = source.text("/tool/version").map(major);
        let other = baseline.text(&format!("/metadata/tool_versions/{tool}")).map(major);
        if here != other {
            let message = format!(
                "the baseline `{}` was made with another major version of {tool}",
                baseline.path
            );
            not_comparable(
                source.at("/tool/version"),
                message,
                here.as_deref(),
                other.as_deref(),
                report,
            );
        }
    }
}

fn not_comparable(
    location: Location,
    message: String,
    here: Option<&str>,
    there: Option<&str>,
    report: &mut Report,
) {
    let finding = Finding::new(&rules::NOT_COMPARABLE, location, message);
    report.push(finding.declared(here.unwrap_or("nothing")).actual(there.unwrap_or("nothing")));
}
