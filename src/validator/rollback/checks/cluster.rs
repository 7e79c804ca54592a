//! Whether the cluster would take the release that would be installed.

use std::collections::{BTreeMap, BTreeSet};

use super::super::facts::{AnalysisFacts, ObjectFacts};
use super::super::question::{Answer, Question, Side};
use crate::finding::Direction;
use crate::validator::k8s::removed_in;

/// The objects of a side by profile and identity.
type Index<'a> = BTreeMap<(&'a str, (&'a str, &'a str, &'a str, &'a str)), &'a ObjectFacts>;

fn index(side: &Side) -> Result<Index<'_>, Answer> {
    let facts = side.known()?;
    if facts.profiles.is_empty() {
        let version = &side.manifest.version;
        let detail = format!("{version} was assembled without rendered manifests");
        return Err(Answer::unknown(detail).from(&side.facts_input()));
    }
    Ok(facts.objects().map(|(profile, object)| ((profile, object.identity()), object)).collect())
}

fn both<'a>(question: &'a Question<'_>) -> Result<(Index<'a>, Index<'a>), Answer> {
    let (installed, running) = question.installed_and_running();
    let (installed, running) = (index(installed)?, index(running)?);
    let profiles = |index: &Index<'a>| -> BTreeSet<&'a str> {
        index.keys().map(|(profile, _)| *profile).collect()
    };
    let missing: Vec<&str> =
        profiles(&running).difference(&profiles(&installed)).copied().collect();
    if missing.is_empty() {
        return Ok((installed, running));
    }
    let profiles = missing.join("`, `");
    let detail =
        format!("what would be installed was not rendered for `{}`", profiles.escape_debug());
    Err(Answer::unknown(detail).from(&question.both_facts()))
}

/// RB16: stored versions are served, and no definition is deleted by leaving.
pub(super) fn custom_resources(question: &Question<'_>) -> Answer {
    let (installed, running) = match both(question) {
        Ok(both) => both,
        Err(answer) => return answer,
    };
    let inputs = question.both_facts();
    let defined = |index: &Index<'_>| index.values().any(|object| object.custom_resource.is_some());
    if !defined(&installed) && !defined(&running) {
        return Answer::holds("neither release defines custom resources").from(&inputs);
    }
    for (key, object) in &running {
        if object.custom_resource.is_some() && !installed.contains_key(key) {
            let detail =
                format!("`{}` is deleted, with every object of it", object.label().escape_debug());
            return Answer::fails(detail).from(&inputs);
        }
    }
    let state = question.evidence.cluster(question.environment.as_deref(), question.now);
    for object in installed.values() {
        let Some(defined) = &object.custom_resource else { continue };
        let Some(state) = state else {
            let detail = "no current, signed record of the cluster says which versions are stored";
            return Answer::unknown(detail).from(&inputs);
        };
        let none = BTreeSet::new();
        let stored = state.value.stored_versions.get(&object.name).unwrap_or(&none);
        if let Some(lost) = stored.iter().find(|version| !defined.served.contains(*version)) {
            let (name, lost) = (object.name.escape_debug(), lost.escape_debug());
            let detail = format!("`{name}` is stored as `{lost}`, which would not be served");
            return Answer::fails(detail).from(&inputs).from([&state.input]);
        }
    }
    Answer::holds("every stored version is served")
        .from(&inputs)
        .from(state.map(|state| &state.input))
}

/// RB17: by the version of the cluster as it is now.
pub(super) fn removed_interfaces(question: &Question<'_>) -> Answer {
    let (installed, _) = question.installed_and_running();
    let objects = match index(installed) {
        Ok(objects) => objects,
        Err(answer) => return answer,
    };
    let inputs = installed.facts_input();
    let Some(state) = question.evidence.cluster(question.environment.as_deref(), question.now)
    else {
        let detail = "no current, signed record says which version of Kubernetes the cluster runs";
        return Answer::unknown(detail).from(&inputs);
    };
    let version = &state.value.kubernetes_version;
    for object in objects.values() {
        let Some(removed) = removed_in(&object.api_version, &object.kind) else { continue };
        if !removed.is_after(version) {
            let (api, label) = (object.api_version.escape_debug(), object.label());
            let detail = format!(
                "{} needs `{api}`, removed in {removed}; the cluster runs {version}",
                label.escape_debug()
            );
            return Answer::fails(detail).from(&inputs).from([&state.input]);
        }
    }
    Answer::holds(format!("Kubernetes {version} has all of them"))
        .from(&inputs)
        .from([&state.input])
        .until(state.value.expires_at)
}

/// RB18: the same object in both renders.
pub(super) fn immutable_fields(question: &Question<'_>) -> Answer {
    let (installed, running) = match both(question) {
        Ok(both) => both,
        Err(answer) => return answer,
    };
    let inputs = question.both_facts();
    let mut compared = 0;
    for ((profile, identity), new) in &installed {
        let Some(old) = running.get(&(profile, *identity)) else { continue };
        compared += 1;
        let place = format!("{} of profile `{}`", new.label(), profile);
        let pointers: BTreeSet<&String> =
            new.immutable.keys().chain(old.immutable.keys()).collect();
        for pointer in pointers {
            let (before, after) = (old.immutable.get(pointer), new.immutable.get(pointer));
            // An address that one of them leaves to the cluster is kept as it is.
            let is_open = pointer == "/spec/clusterIP" && (before.is_none() || after.is_none());
            if before != after && !is_open {
                let detail = format!("`{pointer}` of {} differs", place.escape_debug());
                return Answer::fails(detail).from(&inputs);
            }
        }
        for (pointer, before) in &old.storage_bytes {
            let after = new.storage_bytes.get(pointer).unwrap_or(before);
            if after < before {
                let place = place.escape_debug();
                let detail = format!(
                    "the claim `{pointer}` of {place} would shrink from {before} to {after} bytes"
                );
                return Answer::fails(detail).from(&inputs);
            }
        }
    }
    Answer::holds(format!("{compared} objects are in both, and keep theirs")).from(&inputs)
}

/// RB19: rendered with the pods, or there without them.
pub(super) fn needed_objects(question: &Question<'_>) -> Answer {
    let (installed, _) = question.installed_and_running();
    let objects = match index(installed) {
        Ok(objects) => objects,
        Err(answer) => return answer,
    };
    let mut inputs = installed.facts_input();
    let state = question.evidence.cluster(question.environment.as_deref(), question.now);
    let rendered: BTreeSet<(&str, String)> = objects
        .iter()
        .map(|((profile, _), object)| (*profile, format!("{}/{}", object.kind, object.name)))
        .collect();
    let mut outside = 0;
    let mut missing = BTreeSet::new();
    for ((profile, _), object) in &objects {
        for need in &object.needs {
            // Kubernetes itself brings these.
            let is_system = need.starts_with("PriorityClass/system-");
            if is_system || rendered.contains(&(*profile, need.clone())) {
                continue;
            }
            outside += 1;
            if !state.is_some_and(|state| state.value.objects.contains(need)) {
                missing.insert(need.as_str());
            }
        }
    }
    if outside == 0 {
        return Answer::holds("everything is rendered with the pods").from(&inputs);
    }
    inputs.extend(state.map(|state| state.input.clone()));
    let shown = missing.iter().copied().collect::<Vec<_>>().join(", ");
    match state {
        _ if missing.is_empty() => {
            Answer::holds(format!("{outside} are in the record of the cluster")).from(&inputs)
        }
        Some(_) => {
            Answer::fails(format!("not in the cluster: {}", shown.escape_debug())).from(&inputs)
        }
        None => {
            let detail =
                format!("no current, signed record of the cluster shows {}", shown.escape_debug());
            Answer::unknown(detail).from(&inputs)
        }
    }
}

/// RB20: the candidate's workloads, and Helm's history.
pub(super) fn rollout(question: &Question<'_>) -> Answer {
    let objects = match question.candidate_objects() {
        Ok(objects) => objects,
        Err(answer) => return answer,
    };
    let inputs = question.candidate.facts_input();
    let mut count = 0;
    for (profile, object) in objects {
        let Some(rollout) = &object.rollout else { continue };
        count += 1;
        let problem = if rollout.strategy == "RollingUpdate"
            && is_nothing(&rollout.max_unavailable)
            && is_nothing(&rollout.max_surge)
        {
            Some("neither maxUnavailable nor maxSurge lets it move".to_owned())
        } else if rollout.strategy == "OnDelete" {
            Some("the strategy OnDelete rolls nothing out".to_owned())
        } else if rollout.progress_deadline_seconds == Some(0) {
            Some("progressDeadlineSeconds is 0".to_owned())
        } else if rollout.revision_history_limit < 2 {
            let limit = rollout.revision_history_limit;
            Some(format!("revisionHistoryLimit is {limit}; at least 2 are needed to go back"))
        } else {
            None
        };
        if let Some(problem) = problem {
            let detail = format!("{} of profile `{profile}`: {problem}", object.label());
            return Answer::fails(detail.escape_debug().to_string()).from(&inputs);
        }
    }
    if question.direction == Direction::Rollback {
        match question.plan() {
            Ok(plan) if plan.helm_history_max < 2 => {
                let kept = plan.helm_history_max;
                let detail =
                    format!("helm_history_max is {kept}; at least 2 are needed to go back");
                return Answer::fails(detail).from(&inputs);
            }
            Ok(_) => {}
            Err(answer) => return answer,
        }
    }
    match count {
        0 => Answer::unknown("the candidate renders no workload").from(&inputs),
        count => Answer::holds(format!("{count} workloads roll under control")).from(&inputs),
    }
}

fn is_nothing(amount: &str) -> bool {
    matches!(amount.trim(), "0" | "0%")
}

/// RB21: Argo's and Flagger's analyses.
pub(super) fn abort_criteria(question: &Question<'_>) -> Answer {
    let objects = match question.candidate_objects() {
        Ok(objects) => objects,
        Err(answer) => return answer,
    };
    let inputs = question.candidate.facts_input();
    let metrics = question.candidate.known().map(|facts| &facts.metrics).ok();
    let mut count = 0;
    for (profile, object) in objects {
        let is_canary = object.rollout.as_ref().is_some_and(|rollout| rollout.strategy == "canary");
        count += usize::from(is_canary);
        for analysis in &object.analysis {
            count += 1;
            if let Some(problem) = problem_of(analysis, metrics) {
                let place = format!("{} of profile `{profile}`", object.label());
                let detail = format!("{}: {problem}", place.escape_debug());
                return Answer::fails(detail).from(&inputs);
            }
        }
    }
    match count {
        0 => Answer::not_applicable("the candidate rolls out without an analysis").from(&inputs),
        count => Answer::holds(format!("{count} criteria are sound")).from(&inputs),
    }
}

fn problem_of(analysis: &AnalysisFacts, metrics: Option<&BTreeSet<String>>) -> Option<String> {
    let name = analysis.name.escape_debug();
    if analysis.passes_without_data {
        return Some(format!("`{name}` passes without data"));
    }
    if analysis.failure_limit.is_none_or(|limit| limit > 1000) {
        return Some(format!("`{name}` has no finite failure limit"));
    }
    let metrics = metrics.filter(|metrics| !metrics.is_empty())?;
    let unknown =
        words(&analysis.query).find(|word| word.contains('_') && !metrics.contains(*word));
    let known = words(&analysis.query).any(|word| metrics.contains(word));
    match unknown {
        Some(word) if !known => {
            Some(format!("`{name}` asks for `{}`, which is in no contract", word.escape_debug()))
        }
        _ => None,
    }
}

fn words(query: &str) -> impl Iterator<Item = &str> {
    query
        .split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | ':'))
        .filter(|word| !word.is_empty())
}
