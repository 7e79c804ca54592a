//! Whether the cluster would take the release that would be installed.

use std::collections::{BTreeMap, BTreeSet};

use super::super::evidence::{ClusterState, Sourced};
use super::super::facts::ObjectFacts;
use super::super::objects::{RefusedChange, refused_changes};
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
    let state = cluster_of(question);
    for (key, object) in &installed {
        let Some(defined) = &object.custom_resource else { continue };
        let state = match &state {
            Ok(state) => state,
            Err(why) => {
                let detail = format!("{why}: which versions are stored is not known");
                return Answer::unknown(detail).from(&inputs);
            }
        };
        let none = BTreeSet::new();
        let stored = match state.value.stored_versions.get(&object.name) {
            Some(stored) => stored,
            // One that only now comes is stored in no version yet.
            None if !running.contains_key(key) => &none,
            None => {
                let name = object.name.escape_debug();
                let detail =
                    format!("the record of the cluster does not say how `{name}` is stored");
                return Answer::unknown(detail).from(&inputs).from([&state.input]);
            }
        };
        if let Some(lost) = stored.iter().find(|version| !defined.served.contains(*version)) {
            let (name, lost) = (object.name.escape_debug(), lost.escape_debug());
            let detail = format!("`{name}` is stored as `{lost}`, which would not be served");
            return Answer::fails(detail).from(&inputs).from([&state.input]);
        }
    }
    Answer::holds("every stored version is served")
        .from(&inputs)
        .from(state.ok().map(|state| &state.input))
}

/// The newest record of the cluster that is asked about, or why there is none.
fn cluster_of<'a>(question: &'a Question<'_>) -> Result<&'a Sourced<ClusterState>, String> {
    let asked = super::people::environment(question);
    let current: Vec<_> = question
        .evidence
        .clusters
        .iter()
        .filter(|one| asked.as_ref().is_none_or(|asked| one.value.environment == *asked))
        .filter(|one| one.value.observed_at <= question.now && question.now < one.value.expires_at)
        .collect();
    let environments: BTreeSet<&str> =
        current.iter().map(|one| one.value.environment.as_str()).collect();
    if environments.len() > 1 {
        let named = environments.into_iter().collect::<Vec<_>>().join("`, `");
        let named = named.escape_debug();
        return Err(format!("there are records of the clusters of `{named}`; give --environment"));
    }
    current.into_iter().max_by_key(|one| one.value.observed_at).ok_or_else(|| match asked {
        Some(asked) => {
            format!(
                "no current, signed record of the cluster of `{}` is given",
                asked.escape_debug()
            )
        }
        None => "no current, signed record of the cluster is given".to_owned(),
    })
}

/// RB17: by the version of the cluster as it is now.
pub(super) fn removed_interfaces(question: &Question<'_>) -> Answer {
    let (installed, _) = question.installed_and_running();
    let objects = match index(installed) {
        Ok(objects) => objects,
        Err(answer) => return answer,
    };
    let inputs = installed.facts_input();
    let state = match cluster_of(question) {
        Ok(state) => state,
        Err(why) => {
            let detail = format!("{why}: which version of Kubernetes it runs is not known");
            return Answer::unknown(detail).from(&inputs);
        }
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
        let Some(change) = refused_changes(old, new).into_iter().next() else { continue };
        let place = place.escape_debug();
        let detail = match change {
            RefusedChange::Field { pointer, .. } => format!("`{pointer}` of {place} differs"),
            RefusedChange::Claim { pointer, before, after } => format!(
                "the claim `{pointer}` of {place} would shrink from {before} to {after} bytes"
            ),
        };
        return Answer::fails(detail).from(&inputs);
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
    let record = cluster_of(question);
    let state = record.as_ref().ok();
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
    match record {
        _ if missing.is_empty() => {
            Answer::holds(format!("{outside} are in the record of the cluster")).from(&inputs)
        }
        Ok(_) => {
            Answer::fails(format!("not in the cluster: {}", shown.escape_debug())).from(&inputs)
        }
        Err(why) => {
            let detail = format!("{why}: whether it has {} is not known", shown.escape_debug());
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
        } else if rollout.rollback_window == Some(0) {
            Some("rollbackWindow.revisions is 0: going back runs every step again".to_owned())
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
