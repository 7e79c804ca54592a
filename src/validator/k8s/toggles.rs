//! X4, K8S21: what documents demand of a profile, held against its values and against its objects.

use super::input::{Inputs, Profile, Row};
use super::object::{Controller, Object, text, words};
use super::rendered::Render;
use super::values::{at_path, pointer_of};
use crate::document::{Node, Value};
use crate::finding::rules::k8s as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

/// One demand: `hpa.enabled=true`, `replicaCount>1`, `image.digest`.
struct Toggle<'a> {
    path: &'a str,
    test: Test<'a>,
}

#[derive(Clone, Copy)]
enum Test<'a> {
    /// Is there and neither false nor empty.
    Set,
    /// Is this; of a list: holds it.
    Equals(&'a str),
    /// Is above this.
    Above(f64),
}

impl<'a> Toggle<'a> {
    fn parse(text: &'a str) -> Self {
        if let Some((path, value)) = text.split_once('=') {
            return Self { path: path.trim(), test: Test::Equals(value.trim()) };
        }
        match text.split_once('>').map(|(path, value)| (path, value.trim().parse())) {
            Some((path, Ok(value))) => Self { path: path.trim(), test: Test::Above(value) },
            Some(_) | None => Self { path: text.trim(), test: Test::Set },
        }
    }

    fn holds(&self, value: &Node) -> bool {
        match self.test {
            Test::Set => is_set(value),
            Test::Above(least) => value.as_f64().is_some_and(|number| number > least),
            Test::Equals(wanted) => {
                let is = |node: &Node| node.scalar_text().is_some_and(|text| text == wanted);
                is(value) || value.items().iter().any(is)
            }
        }
    }
}

fn is_set(value: &Node) -> bool {
    match &value.value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::String(text) | Value::Ambiguous(text, _) => !text.is_empty(),
        Value::Number(number) => number != "0",
        Value::Sequence(items) => !items.is_empty(),
        Value::Mapping(entries) => !entries.is_empty(),
        Value::Tagged(_, inner) => is_set(inner),
    }
}

/// Required and forbidden toggles, in the merged values.
pub(super) fn demanded(inputs: &Inputs, _: &Context, report: &mut Report) {
    for profile in inputs.profiles() {
        let Some(merged) = &profile.merged else { continue };
        for row in profile.demands() {
            for (key, is_required) in [("requiredToggles", true), ("forbiddenToggles", false)] {
                for (index, stated) in words(row.node.get(key)).enumerate() {
                    let toggle = Toggle::parse(stated);
                    let at = row.at(&format!("{key}/{index}"));
                    let Some(value) = at_path(merged, toggle.path) else {
                        if is_required {
                            let message = format!(
                                "profile `{}`: the chart has no value `{}`: the demand can never be met",
                                profile.name, toggle.path
                            );
                            report.push(
                                Finding::new(&rules::TOGGLE_UNKNOWN, at, message).declared(stated),
                            );
                        }
                        continue;
                    };
                    if toggle.holds(value) != is_required {
                        let verb = if is_required { "required" } else { "forbidden" };
                        let message = format!(
                            "profile `{}`: `{stated}` is {verb}, and the merged values say otherwise",
                            profile.name
                        );
                        let finding = Finding::new(&rules::TOGGLE_CONTRADICTED, at, message);
                        let actual = value.scalar_text().unwrap_or_else(|| {
                            String::from_utf8_lossy(&value.to_canonical_json()).into_owned().into()
                        });
                        report.push(finding.declared(stated).actual(actual));
                    }
                }
            }
        }
    }
}

/// Truth values that a profile sets or that are demanded of it, in the rendered settings: a key of
/// a ConfigMap or a variable that is named after the value says the same.
pub(super) fn rendered_settings(inputs: &Inputs, _: &Context, report: &mut Report) {
    for profile in inputs.profiles() {
        let (Some(values), Some(render)) = (profile.values, profile.render) else { continue };
        let mut set: Vec<(String, &Node)> = Vec::new();
        values.root.walk(&mut |pointer, node| {
            if matches!(node.value, Value::Bool(_)) && pointer.matches('/').count() > 1 {
                set.push((pointer.to_owned(), node));
            }
        });
        for (pointer, node) in set {
            let wanted = node.scalar_text().unwrap_or_default();
            let leaf = pointer.rsplit('/').next().unwrap_or_default();
            // `enabled` alone names no setting.
            if leaf == "enabled" {
                continue;
            }
            for (object, at, actual) in settings_named(render, leaf) {
                if actual != wanted && matches!(&*actual, "true" | "false") {
                    let path = pointer.trim_start_matches('/').replace('/', ".");
                    let message = format!(
                        "`{path}` is {wanted} in `{}`, and this says {actual}",
                        values.location.path
                    );
                    let finding = object.finding(&rules::VALUE_NOT_RENDERED, &at, &message);
                    report.push(finding.declared(format!("{path}={wanted}")).actual(actual));
                }
            }
        }
    }
}

/// The settings whose name ends in a value's: `CACHED_ONLY_MODE` of `cachedOnlyMode`.
fn settings_named<'a>(render: &'a Render, leaf: &str) -> Vec<(&'a Object, String, String)> {
    let wanted = snake(leaf);
    // A short word ends too many names.
    if wanted.matches('_').count() < 1 {
        return Vec::new();
    }
    let is_named = |key: &str| {
        key.strip_suffix(&wanted).is_some_and(|head| {
            // `X_CACHED_ONLY_MODE` has a prefix of one word; `X_STORE_CACHED_ONLY_MODE` is another setting.
            head.is_empty() || (head.ends_with('_') && head.matches('_').count() == 1)
        })
    };
    let mut found = Vec::new();
    for object in &render.objects {
        if object.kind == "ConfigMap" {
            for entry in object.root.get("data").map(Node::entries).unwrap_or_default() {
                if let Some(text) = entry.value.scalar_text().filter(|_| is_named(&entry.key)) {
                    found.push((object, format!("/data/{}", entry.key), text.into_owned()));
                }
            }
        }
        for container in object.containers() {
            let variables = container.node.get("env").map(Node::items).unwrap_or_default();
            for (index, variable) in variables.iter().enumerate() {
                let value = variable.get("value").and_then(Node::scalar_text);
                if let Some(value) = value.filter(|_| is_named(text(variable, "name"))) {
                    found.push((
                        object,
                        format!("{}/env/{index}/value", container.pointer),
                        value.into_owned(),
                    ));
                }
            }
        }
    }
    found
}

/// `cachedOnlyMode` as variables are written: `CACHED_ONLY_MODE`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut before_was_lower = false;
    for character in name.chars() {
        if character.is_uppercase() && before_was_lower {
            out.push('_');
        }
        before_was_lower = character.is_lowercase() || character.is_ascii_digit();
        out.push(if character == '-' { '_' } else { character.to_ascii_uppercase() });
    }
    out
}

/// Switches of values, and the kind of object that each brings.
const SWITCHES: &[(&str, &str)] = &[
    ("hpa.enabled", "HorizontalPodAutoscaler"),
    ("autoscaling.enabled", "HorizontalPodAutoscaler"),
    ("pdb.enabled", "PodDisruptionBudget"),
    ("podDisruptionBudget.enabled", "PodDisruptionBudget"),
    ("networkPolicy.enabled", "NetworkPolicy"),
    ("ingress.enabled", "Ingress"),
    ("rollout.enabled", "Rollout"),
    ("metrics.serviceMonitor.enabled", "ServiceMonitor"),
    ("serviceMonitor.enabled", "ServiceMonitor"),
];

/// A switch that is on brings its object; one that is off brings none.
pub(super) fn switches(inputs: &Inputs, _: &Context, report: &mut Report) {
    for profile in inputs.profiles() {
        let (Some(merged), Some(render)) = (&profile.merged, profile.render) else { continue };
        for (path, kind) in SWITCHES {
            let Some(value) = at_path(merged, path) else { continue };
            // Metrics that are off take their monitor with them.
            let parent = path.rsplit_once('.').and_then(|(head, _)| head.rsplit_once('.'));
            let is_gated = parent.is_some_and(|(parent, _)| {
                at_path(merged, &format!("{parent}.enabled")).and_then(Node::as_bool) == Some(false)
            });
            let wanted = value.as_bool() == Some(true) && !is_gated;
            let found = render.objects.iter().find(|object| object.kind == *kind);
            let location = profile.values.map(|values| values.at(&pointer_of(path)));
            match found {
                None if wanted => {
                    let message = format!(
                        "profile `{}`: `{path}` is on, and no {kind} is rendered",
                        profile.name
                    );
                    let location = location.unwrap_or_else(|| render.location.clone());
                    report.push(
                        Finding::new(&rules::SWITCH_NOT_RENDERED, location, message)
                            .declared(format!("{path}=true")),
                    );
                }
                Some(object) if value.as_bool() == Some(false) => {
                    let message = format!("is rendered although `{path}` is off");
                    report.push(
                        object
                            .finding(&rules::SWITCH_NOT_RENDERED, "", &message)
                            .declared(format!("{path}=false")),
                    );
                }
                Some(_) | None => {}
            }
        }
    }
}

/// The modes that documents demand: autoscaling and egress, in the values and in the objects.
pub(super) fn modes(inputs: &Inputs, _: &Context, report: &mut Report) {
    for profile in inputs.profiles() {
        let Some(row) = profile.demands().next() else { continue };
        autoscaling(&profile, row, report);
        network(&profile, row, report);
    }
}

fn autoscaling(profile: &Profile<'_>, row: Row<'_>, report: &mut Report) {
    let wanted = match row.text("hpaPolicyRequired") {
        "enabled" => true,
        "disabled" => false,
        _ => return,
    };
    let at = row.at("hpaPolicyRequired");
    let stated = row.text("hpaPolicyRequired");
    let value = profile.merged.as_ref().and_then(|merged| {
        at_path(merged, "hpa.enabled").or_else(|| at_path(merged, "autoscaling.enabled"))
    });
    let said = value.and_then(Node::as_bool);
    if let Some(said) = said.filter(|said| *said != wanted) {
        let message = format!(
            "profile `{}`: autoscaling must be {stated}, and the values say {said}",
            profile.name
        );
        report.push(
            Finding::new(&rules::MODE_CONTRADICTED, at, message).declared(stated).actual(said),
        );
    } else if let Some(render) = profile.render {
        let has = render.objects.iter().any(|object| object.kind == "HorizontalPodAutoscaler");
        if has != wanted && said.is_none() {
            let message = format!(
                "profile `{}`: autoscaling must be {stated}, and the render says otherwise",
                profile.name
            );
            report.push(
                Finding::new(&rules::MODE_CONTRADICTED, at, message).declared(stated).actual(has),
            );
        }
    }
}

fn network(profile: &Profile<'_>, row: Row<'_>, report: &mut Report) {
    let stated = row.text("networkPolicyModeRequired");
    let Some(merged) = profile.merged.as_ref().filter(|_| !stated.is_empty()) else { return };
    let is_on = at_path(merged, "networkPolicy.enabled").and_then(Node::as_bool) != Some(false);
    let mode = at_path(merged, "networkPolicy.egress.mode")
        .or_else(|| at_path(merged, "networkPolicy.mode"));
    let Some(mode) = mode.and_then(Node::as_str) else { return };
    let mode = if is_on { mode } else { "disabled" };
    let at = row.at("networkPolicyModeRequired");
    if mode != stated {
        let message = format!(
            "profile `{}`: egress must be `{stated}`, and the merged values make it `{mode}`",
            profile.name
        );
        report.push(
            Finding::new(&rules::MODE_CONTRADICTED, at, message).declared(stated).actual(mode),
        );
        return;
    }
    // `disabled` renders no rule for egress; every other mode does.
    let Some(render) = profile.render else { return };
    let policies = render.objects.iter().filter(|object| object.kind == "NetworkPolicy");
    let limits = policies
        .clone()
        .any(|policy| words(policy.root.pointer("/spec/policyTypes")).any(|word| word == "Egress"));
    if limits != (stated != "disabled") {
        let found = if limits { "limited" } else { "not limited" };
        let message = format!(
            "profile `{}`: egress must be `{stated}`, and the rendered policies leave it {found}",
            profile.name
        );
        report.push(
            Finding::new(&rules::MODE_CONTRADICTED, at, message).declared(stated).actual(found),
        );
    }
}

/// A number that Helm wrote as a float: `8589934592` of the values became `8.589934592e+09`.
pub(super) fn lost_numbers(inputs: &Inputs, _: &Context, report: &mut Report) {
    for object in inputs.renders().flat_map(|render| &render.objects) {
        let mut tell = |pointer: &str, text: &str| {
            if is_exponential(text) {
                let message =
                    format!("`{text}` is a whole number that the template wrote as a float");
                report
                    .push(object.finding(&rules::NUMBER_AS_FLOAT, pointer, &message).actual(text));
            }
        };
        if object.kind == "ConfigMap" {
            for entry in object.root.get("data").map(Node::entries).unwrap_or_default() {
                tell(&format!("/data/{}", entry.key), entry.value.as_str().unwrap_or_default());
            }
        }
        if object.controller() == Some(Controller::Keeps) {
            for container in object.containers() {
                for key in ["env", "args", "command"] {
                    for (index, item) in container
                        .node
                        .get(key)
                        .map(Node::items)
                        .unwrap_or_default()
                        .iter()
                        .enumerate()
                    {
                        let pointer = format!("{}/{key}/{index}", container.pointer);
                        let value = item.get("value").or(Some(item)).and_then(Node::as_str);
                        tell(&pointer, value.unwrap_or_default());
                    }
                }
            }
        }
    }
}

fn is_exponential(text: &str) -> bool {
    let Some((head, exponent)) =
        text.rsplit_once("=").map_or(text, |(_, value)| value).split_once("e+")
    else {
        return false;
    };
    let digits = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    digits(head) && exponent.len() == 2 && digits(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_under_the_names_of_variables() {
        assert_eq!(snake("cachedOnlyMode"), "CACHED_ONLY_MODE");
        assert_eq!(snake("enableHTTP2Push"), "ENABLE_HTTP2_PUSH");
        assert!(is_exponential("8.589934592e+09"));
        assert!(is_exponential("--limit=1e+06"));
        assert!(!is_exponential("1e+6x") && !is_exponential("8589934592"));
    }
}
