//! X11, LOAD07 and X10: the places that state a suite's limits agree, and none of them lets a run
//! pass that breaks the service's objectives.

use std::collections::{BTreeMap, BTreeSet};

use super::input::{Inputs, Source};
use super::layout;
use super::result::Options;
use super::suite::{self, Limit, Limits, Suite};
use crate::document::Node;
use crate::finding::rules::load as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// The key under which a contract keeps limits that are not of one suite.
const GLOBAL: &str = "__global__";

/// Every place that states limits of a suite states the same ones.
pub(super) fn limits_agree(inputs: &Inputs, _: &Context, report: &mut Report) {
    let files = suite::threshold_files(inputs);
    let contracts = suite::contracts(inputs);
    let inspected = inspected(inputs);
    let mut unread = 0;
    for suite in suite::suites(inputs) {
        let mut agreeing = 1;
        if let Some((_, limits)) = files.get(suite.name) {
            agreeing += usize::from(compare(&suite, limits, Place::Everything, report));
        }
        for (_, rows) in &contracts {
            if let Some(limits) = rows.get(suite.name) {
                agreeing += usize::from(compare(&suite, limits, Place::Measured, report));
            } else if let Some(global) = rows.get(GLOBAL) {
                compare_global(&suite, global, report);
            }
        }
        match script_limits(inputs, &suite, &inspected) {
            Some(limits) => {
                agreeing += usize::from(compare(&suite, &limits, Place::Measured, report));
            }
            None => unread += 1,
        }
        if agreeing > 1 {
            report.passed(
                "load-limits",
                suite.name,
                format!("{agreeing} places state the same limits"),
            );
        }
    }
    if unread > 0 {
        let detail = format!("the limits in the scripts of {unread} suites cannot be read");
        report.skipped("load-script", "ops/load", detail);
    }
}

/// What `k6 inspect` wrote, by the suite that its file is named after.
type Inspected<'a> = BTreeMap<&'a str, (&'a String, &'a Options)>;

fn inspected(inputs: &Inputs) -> Inspected<'_> {
    let options = inputs.results.iter().filter_map(|(path, read)| {
        let options = read.as_ref().ok()?.options.as_ref()?;
        Some((layout::stem(path), (path, options)))
    });
    options.collect()
}

/// The limits in a suite's script, or in what `k6 inspect` wrote of it.
fn script_limits(inputs: &Inputs, suite: &Suite<'_>, inspected: &Inspected<'_>) -> Option<Limits> {
    let path = suite.script(inputs)?;
    let script = inputs.scripts.get(&path).filter(|script| script.bytes > 0);
    let (path, options) = match inspected.get(suite.name) {
        Some((path, options)) => ((*path).clone(), *options),
        None => (path, script?.options.as_ref()?),
    };
    Some(suite::limits_of_script(&path, &options.thresholds))
}

/// Which limits a place speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// All: a threshold file.
    Everything,
    /// Those on what k6 measures: a contract, a script.
    Measured,
}

/// Holds limits of one place against those of the suite, in both directions.
fn compare(suite: &Suite<'_>, other: &Limits, speaks: Place, report: &mut Report) -> bool {
    let place = other.values().next().map(|limit| limit.location.path.clone());
    let mut agrees = true;
    for (name, limit) in &suite.limits {
        match other.get(name) {
            Some(there) if (there.value - limit.value).abs() <= 1e-9 * limit.value.abs() => {}
            Some(there) => {
                agrees = false;
                let message = format!(
                    "`{name}` of the suite `{}` is {} in {} and {} here",
                    suite.name, limit.value, limit.location.path, there.value
                );
                let finding = Finding::new(&rules::LIMITS_DIFFER, there.location.clone(), message);
                report.push(finding.declared(there.value).actual(limit.value));
            }
            None if speaks == Place::Measured && suite::condition(name, limit.value).is_none() => {}
            None => {
                agrees = false;
                let file = place.clone().unwrap_or_else(|| "another place".to_owned());
                let message = format!("`{name}` of the suite `{}` is not in {file}", suite.name);
                let finding = Finding::new(&rules::LIMIT_ABSENT, limit.location.clone(), message);
                report.push(finding.declared(limit.value));
            }
        }
    }
    for (name, there) in other.iter().filter(|(name, _)| !suite.limits.contains_key(*name)) {
        agrees = false;
        let message = format!("`{name}` is no limit of the suite `{}`", suite.name);
        report.push(
            Finding::new(&rules::LIMIT_ABSENT, there.location.clone(), message)
                .declared(there.value),
        );
    }
    agrees
}

/// Limits that a contract keeps for all suites: the one whose words are all in the suite's own.
fn global_of<'a>(suite: &Suite<'_>, name: &str, global: &'a Limits) -> Option<&'a Limit> {
    let own: Vec<&str> = suite.name.split('-').chain(name.split('_')).collect();
    let fits =
        |key: &str| key.split('_').filter(|word| *word != "max").all(|word| own.contains(&word));
    let found = global.iter().filter(|(key, _)| fits(key) || key.ends_with(name));
    found.max_by_key(|(key, _)| key.len()).map(|(_, limit)| limit)
}

fn compare_global(suite: &Suite<'_>, global: &Limits, report: &mut Report) {
    for (name, limit) in &suite.limits {
        if let Some(there) = global_of(suite, name, global)
            && (there.value - limit.value).abs() > 1e-9 * limit.value.abs()
        {
            let message = format!(
                "`{name}` of the suite `{}` is {} in {} and {} here",
                suite.name, limit.value, limit.location.path, there.value
            );
            let finding = Finding::new(&rules::LIMITS_DIFFER, there.location.clone(), message);
            report.push(finding.declared(there.value).actual(limit.value));
        }
    }
}

/// Every suite stands in every place, and no place has a suite that there is not.
pub(super) fn limits_stated(inputs: &Inputs, _: &Context, report: &mut Report) {
    let suites = suite::suites(inputs);
    if suites.is_empty() {
        return;
    }
    let names: BTreeSet<&str> = suites.iter().map(|suite| suite.name).collect();
    for (source, rows) in suite::contracts(inputs) {
        for suite in suites.iter().filter(|suite| !rows.contains_key(suite.name)) {
            let kept_for_all = rows.get(GLOBAL).is_some_and(|global| {
                suite.limits.keys().all(|name| global_of(suite, name, global).is_some())
            });
            if !kept_for_all {
                let message = format!(
                    "the contract `{}` has no limits of the suite `{}`",
                    source.path, suite.name
                );
                report.push(Finding::new(&rules::LIMIT_ABSENT, suite.at("name"), message));
            }
        }
        for name in rows.keys().filter(|name| *name != GLOBAL) {
            if !names.contains(name.as_str()) {
                let pointer = format!("/{}", crate::json::escape_pointer(name));
                no_suite(source, &pointer, name, report);
            }
        }
    }
    for (name, (source, _)) in suite::threshold_files(inputs) {
        if !names.contains(name.as_str()) {
            no_suite(source, "/suite", &name, report);
        }
    }
}

fn no_suite(source: &Source, pointer: &str, name: &str, report: &mut Report) {
    let message = format!("there is no suite `{name}`; its limits bind nothing");
    report.push(Finding::new(&rules::LIMIT_ABSENT, source.at(pointer), message).declared(name));
}

/// What a service has promised, as limits of a load run.
struct Objective {
    name: String,
    /// The common name of the limit that it bounds.
    limit: String,
    value: f64,
}

/// X10: a run that keeps its limits keeps the objectives, and wakes nobody.
pub(super) fn objectives(inputs: &Inputs, _: &Context, report: &mut Report) {
    let mut objectives = promised(inputs);
    if objectives.is_empty() {
        report.skipped(
            "load-objective",
            "ops/load",
            "the tree states no objective on latency or errors",
        );
        return;
    }
    objectives.extend(alerts(inputs));
    let (mut kept, mut looser) = (0, 0);
    for suite in suite::suites(inputs) {
        let mut broken: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for objective in &objectives {
            let Some((name, limit)) = suite.limits.get_key_value(&objective.limit) else {
                continue;
            };
            if limit.value > objective.value * (1.0 + 1e-9) {
                let text = format!("{} of {}", objective.value, objective.name);
                broken.entry(name).or_default().push(text);
            }
        }
        if broken.is_empty() {
            let is_bound = |objective: &Objective| suite.limits.contains_key(&objective.limit);
            kept += usize::from(objectives.iter().any(is_bound));
            continue;
        }
        looser += 1;
        let declared: Vec<String> =
            broken.keys().map(|name| format!("{name} {}", suite.limits[*name].value)).collect();
        let bounds: Vec<String> =
            broken.iter().map(|(name, list)| format!("{name} {}", list.join(", "))).collect();
        let message = format!("a run of `{}` may pass and break an objective", suite.name);
        let finding = Finding::new(&rules::LOOSER_THAN_OBJECTIVE, suite.at("thresholds"), message);
        report.push(
            finding
                .declared(declared.join("; "))
                .actual(bounds.join("; "))
                .caused_by("load-objectives"),
        );
    }
    if looser > 1 {
        report.headline(
            "load-objectives",
            format!("the limits of {looser} suites are looser than the service's objectives"),
        );
    }
    if kept > 0 {
        report.passed(
            "load-objective",
            "ops/load",
            format!("the limits of {kept} suites keep every objective"),
        );
    }
}

fn promised(inputs: &Inputs) -> Vec<Objective> {
    let Some(source) = inputs.neighbour("ops/observe/slo-definitions.json") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for node in source.list("/slos") {
        let text = |key: &str| node.get(key).and_then(Node::as_str).unwrap_or_default();
        let Some(objective) = node.get("objective").and_then(Node::as_f64) else { continue };
        let words = format!("{} {}", text("id"), text("metric"));
        let name = text("id").to_owned();
        let (limit, value) = match text("unit") {
            unit @ ("seconds" | "s" | "milliseconds" | "ms") => {
                let factor =
                    if unit.starts_with("ms") || unit.starts_with("milli") { 1.0 } else { 1e3 };
                let Some(rank) = rank_in(&words) else { continue };
                (format!("p{rank}_ms"), objective * factor)
            }
            "percent" if words.contains("availability") || words.contains("success") => {
                // 1 - 0.999 is 0.0010000000000000009 in binary: rounded to what was meant.
                ("fail_rate".to_owned(), ((100.0 - objective) * 1e7).round() / 1e9)
            }
            "ratio" if words.contains("error") => ("fail_rate".to_owned(), objective),
            _ => continue,
        };
        found.push(Objective { name, limit, value });
    }
    found
}

/// The percentile that a name speaks of: 95 for `latency_p95`.
fn rank_in(words: &str) -> Option<u32> {
    words.split(|c: char| !c.is_ascii_alphanumeric()).find_map(|word| {
        word.strip_prefix('p')?.parse().ok().filter(|rank| (1..100).contains(rank))
    })
}

/// Alerts of the plain form `latency percentile > seconds`.
fn alerts(inputs: &Inputs) -> Vec<Objective> {
    let mut found = Vec::new();
    for source in inputs.neighbours_in("ops/observe/alerts/") {
        source.root.walk(&mut |_, node| {
            let text = |key: &str| node.get(key).and_then(Node::as_str);
            let (Some(name), Some(expression)) = (text("alert"), text("expr")) else { return };
            let Some((left, right)) = expression.trim().rsplit_once('>') else { return };
            let Ok(seconds) = right.trim().parse::<f64>() else { return };
            let is_latency =
                left.contains("seconds") && (left.contains("latency") || left.contains("duration"));
            let is_plain = !left.contains(['>', '<', '/', '*'])
                && !left.contains(" and ")
                && !left.contains(" or ");
            let rank = rank_in(left).or_else(|| {
                let inner = left.split_once("histogram_quantile(0.")?.1.split_once(',')?.0;
                inner.parse::<u32>().ok()
            });
            if let (true, true, Some(rank)) = (is_latency, is_plain, rank) {
                let name = format!("the alert {name}");
                found.push(Objective { name, limit: format!("p{rank}_ms"), value: seconds * 1e3 });
            }
        });
    }
    found
}

/// Where a script or its `k6 inspect` differs from the plan of its scenario: the executor, the rate,
/// the duration, the users.
pub(super) fn plans_agree(inputs: &Inputs, _: &Context, report: &mut Report) {
    for suite in suite::suites(inputs) {
        let Some(scenario) = suite.scenario(inputs).and_then(|path| inputs.document(&path)) else {
            continue;
        };
        let Some(planned) = super::result::Plan::of(&scenario.root) else { continue };
        let script =
            suite.script(inputs).and_then(|path| Some((path.clone(), inputs.scripts.get(&path)?)));
        let Some((path, Some(options))) =
            script.map(|(path, script)| (path, script.options.as_ref()))
        else {
            continue;
        };
        let Some(made) =
            options.scenarios.get(suite.name).or_else(|| options.scenarios.values().next())
        else {
            continue;
        };
        let mut differing = Vec::new();
        if made.executor != planned.executor {
            differing.push(("executor", planned.executor.clone(), made.executor.clone()));
        }
        let mut pair = |name, planned: Option<f64>, made: Option<f64>| {
            if let Some((planned, made)) = planned.zip(made)
                && (planned - made).abs() > 1e-6
            {
                differing.push((name, planned.to_string(), made.to_string()));
            }
        };
        #[expect(clippy::cast_precision_loss, reason = "no run has 2^53 users")]
        let users = |count: Option<u64>| count.map(|count| count as f64);
        pair("rate", planned.rate, made.rate);
        pair("duration in ms", planned.duration_ms, made.duration_ms);
        pair("most users", users(planned.max_vus), users(made.max_vus));
        for (name, planned, made) in differing {
            let message = format!("the script sets another {name} than `{}`", scenario.path);
            let finding = Finding::new(&rules::PLAN_DIFFERS, Location::named(&path), message);
            report.push(finding.declared(made).actual(planned));
        }
    }
}
