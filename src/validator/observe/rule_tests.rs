//! OBS23: every page has a unit test in which it fires and one in which it stays quiet.

use std::collections::{BTreeMap, BTreeSet};

use super::duration::seconds_of;
use super::input::{Inputs, Source};
use super::layout::Role;
use super::promql::Expr;
use super::query::text_of;
use super::scrape::sample_of;
use crate::document::{Node, Value};
use crate::finding::rules::observe as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// The cause that untested pages share when there is no test at all.
const NO_TESTS: &str = "observe:no-rule-tests";

/// Judges the unit tests and what they cover.
pub(super) fn unit_tests(inputs: &Inputs, _: &Context, report: &mut Report) {
    let mut fires: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
    let mut files = 0;
    for source in inputs.of(Role::RuleTests).filter(|source| source.is_own) {
        files += 1;
        judge_file(inputs, source, report);
        for (_, test) in source.items("tests") {
            for case in test.get("alert_rule_test").map(Node::items).unwrap_or_default() {
                let Some(name) = text_of(case, "alertname") else { continue };
                let expected = case.get("exp_alerts").map(Node::items).unwrap_or_default();
                let answers = fires.entry(name).or_default();
                answers.0 |= !expected.is_empty();
                answers.1 |= expected.is_empty();
            }
        }
    }
    report.headline(NO_TESTS, "no unit test of rules is in the tree");
    for rule in inputs.alerts().filter(|rule| rule.is_page()) {
        let missing = match fires.get(rule.name.as_str()).copied().unwrap_or_default() {
            (true, true) => continue,
            (true, false) => "a case in which it stays quiet",
            (false, true) => "a case in which it fires",
            (false, false) => "a case in which it fires and one in which it stays quiet",
        };
        let message = format!("`{}` lacks {missing}", rule.name.escape_debug());
        let mut finding = Finding::new(&rules::PAGE_UNTESTED, rule.location.clone(), message);
        if files == 0 {
            finding = finding.caused_by(NO_TESTS);
        }
        report.push(finding);
    }
}

fn judge_file(inputs: &Inputs, source: &Source, report: &mut Report) {
    let folder = source.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut problems: Vec<(Location, String)> = Vec::new();
    for (location, item) in source.items("rule_files") {
        let Some(named) = item.as_str() else {
            problems.push((location, format!("a rule file is {}; expected a path", item.kind())));
            continue;
        };
        let found =
            inputs.rule_files.iter().any(|file| matches(&resolved(folder, named), &file.path));
        if !found {
            problems.push((
                location,
                format!("`{}` is no rule file of the area", named.escape_debug()),
            ));
        }
    }
    for key in ["evaluation_interval", "fuzzy_compare"] {
        if let Some(text) = text_of(&source.root, key).filter(|text| seconds_of(text).is_none()) {
            problems.push((
                source.at(&format!("/{key}")),
                format!("`{}` is no duration", text.escape_debug()),
            ));
        }
    }
    let alerts: BTreeSet<&str> = inputs.alerts().map(|rule| rule.name.as_str()).collect();
    for (place, test) in source.items("tests") {
        judge_test(&place, test, &alerts, &mut problems);
    }
    if problems.is_empty() {
        report.passed("rule-tests", source.path(), "its files, series and alerts are there");
    }
    for (location, problem) in problems {
        report.push(Finding::new(&rules::RULE_TEST_INVALID, location, problem));
    }
}

fn judge_test(
    place: &Location,
    test: &Node,
    alerts: &BTreeSet<&str>,
    problems: &mut Vec<(Location, String)>,
) {
    let mut wrong = |pointer: String, node: &Node, problem: String| {
        problems.push((
            place.clone().at(&format!("{}{pointer}", place.pointer), node.position),
            problem,
        ));
    };
    if let Some(node) = test.get("interval")
        && node.as_str().is_none_or(|text| seconds_of(text).is_none())
    {
        wrong("/interval".to_owned(), node, "the interval is no duration".to_owned());
    }
    for (index, series) in items(test, "input_series") {
        let pointer = format!("/input_series/{index}");
        let name = text_of(series, "series").unwrap_or_default();
        let (name, ahead) =
            if name.starts_with('{') { (format!("x{name}"), 0) } else { (name.to_owned(), 0) };
        if let Err(problem) = sample_of(&format!("{name} {ahead}"), 0) {
            wrong(pointer, series, format!("the series is none: {problem}"));
        }
    }
    for (index, case) in items(test, "alert_rule_test") {
        let pointer = format!("/alert_rule_test/{index}");
        match text_of(case, "alertname") {
            Some(name) if alerts.contains(name) => {}
            Some(name) => wrong(
                pointer.clone(),
                case,
                format!("`{}` is no alert of the area", name.escape_debug()),
            ),
            None => wrong(pointer.clone(), case, "a case names no alert".to_owned()),
        }
        let at = case.get("eval_time").and_then(Node::scalar_text);
        if at.is_none_or(|text| seconds_of(&text).is_none()) {
            wrong(pointer, case, "`eval_time` is no duration".to_owned());
        }
    }
    for (index, case) in items(test, "promql_expr_test") {
        let pointer = format!("/promql_expr_test/{index}");
        let expr = text_of(case, "expr").unwrap_or_default();
        if let Err(error) = Expr::parse(expr) {
            wrong(pointer, case, format!("its expression is none: {error:?}").replace('\n', " "));
        }
    }
}

fn items<'a>(node: &'a Node, key: &str) -> impl Iterator<Item = (usize, &'a Node)> {
    let list = node.get(key).filter(|list| matches!(list.value, Value::Sequence(_)));
    list.map(Node::items).unwrap_or_default().iter().enumerate()
}

/// A path beside a folder, with `..` taken away.
pub(super) fn resolved(folder: &str, named: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in named.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

/// Tells whether a pattern with `*` in its last part names a path.
fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((before, after)) => {
            path.len() >= before.len() + after.len()
                && path.starts_with(before)
                && path.ends_with(after)
                && !path[before.len()..path.len() - after.len()].contains('/')
        }
    }
}
