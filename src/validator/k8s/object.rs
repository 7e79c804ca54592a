//! An object: one Kubernetes manifest and where it stands.

use crate::document::Node;
use crate::finding::{Finding, Location, Rule};

/// One rendered manifest.
#[derive(Debug)]
pub(super) struct Object {
    /// The file and the line on which it begins.
    pub(super) location: Location,
    /// The profile that it was rendered for.
    pub(super) profile: String,
    /// What it says.
    pub(super) root: Node,
    /// `apps/v1`
    pub(super) api: String,
    /// `Deployment`
    pub(super) kind: String,
    /// Where it lies; the release's own namespace when it says none.
    pub(super) namespace: String,
    /// Its name.
    pub(super) name: String,
    /// The template that made it, as Helm writes it before each object.
    pub(super) template: Option<String>,
}

/// What an object does with pods, and so which rules speak of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Controller {
    /// Keeps a number of pods running: Deployment, Rollout, StatefulSet, DaemonSet, ReplicaSet.
    Keeps,
    /// Runs pods to their end: Job, `CronJob`.
    Runs,
    /// Is a pod itself.
    Is,
}

/// A container of a pod.
#[derive(Debug, Clone)]
pub(super) struct Container<'a> {
    /// Where it stands in the object.
    pub(super) pointer: String,
    /// What it says.
    pub(super) node: &'a Node,
    /// Its name.
    pub(super) name: &'a str,
    /// Whether it ends before the others begin.
    pub(super) is_init: bool,
}

impl Object {
    /// The group of its API, empty for the core.
    pub(super) fn group(&self) -> &str {
        self.api.rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// How people call it: `Deployment lantern/api`.
    pub(super) fn title(&self) -> String {
        match self.namespace.as_str() {
            "" => format!("{} `{}`", self.kind, self.name),
            namespace => format!("{} `{namespace}/{}`", self.kind, self.name),
        }
    }

    /// The place of a value in it; of the object when the value is not there.
    pub(super) fn at(&self, pointer: &str) -> Location {
        let node = self.root.pointer(pointer).unwrap_or(&self.root);
        self.location.clone().at(pointer, node.position)
    }

    /// A finding about a value of it. Findings of one rule that one template causes share a cause.
    pub(super) fn finding(&self, rule: &'static Rule, pointer: &str, message: &str) -> Finding {
        let message = format!("profile `{}`, {}: {message}", self.profile, self.title());
        let made_by = self.template.clone().unwrap_or_else(|| self.title());
        let cause = format!("k8s {} {made_by}", rule.code);
        Finding::new(rule, self.at(pointer), message).caused_by(cause)
    }

    /// What it does with pods.
    pub(super) fn controller(&self) -> Option<Controller> {
        match (self.group(), self.kind.as_str()) {
            ("apps" | "extensions", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
            | ("argoproj.io", "Rollout")
            | ("", "ReplicationController") => Some(Controller::Keeps),
            ("batch", "Job" | "CronJob") => Some(Controller::Runs),
            ("", "Pod") => Some(Controller::Is),
            _ => None,
        }
    }

    /// Where its pods are described.
    pub(super) fn pod_pointer(&self) -> Option<&'static str> {
        let pointer = match (self.controller()?, self.kind.as_str()) {
            (Controller::Is, _) => "",
            (Controller::Runs, "CronJob") => "/spec/jobTemplate/spec/template",
            (Controller::Keeps | Controller::Runs, _) => "/spec/template",
        };
        self.root.pointer(pointer).map(|_| pointer)
    }

    /// The description of its pods: metadata and spec.
    pub(super) fn pod(&self) -> Option<&Node> {
        self.root.pointer(self.pod_pointer()?)
    }

    /// A value below the spec of its pods, with its pointer.
    pub(super) fn pod_spec(&self) -> Option<(String, &Node)> {
        let pointer = format!("{}/spec", self.pod_pointer()?);
        self.root.pointer(&pointer).map(|node| (pointer, node))
    }

    /// Its containers, those that end before the others first.
    pub(super) fn containers(&self) -> Vec<Container<'_>> {
        let Some((spec, node)) = self.pod_spec() else { return Vec::new() };
        let mut containers = Vec::new();
        for (key, is_init) in [("initContainers", true), ("containers", false)] {
            let items = node.get(key).map(Node::items).unwrap_or_default();
            containers.extend(items.iter().enumerate().map(|(index, node)| Container {
                pointer: format!("{spec}/{key}/{index}"),
                node,
                name: text(node, "name"),
                // An init container that restarts always is a sidecar and runs on.
                is_init: is_init && text(node, "restartPolicy") != "Always",
            }));
        }
        containers
    }

    /// An annotation.
    pub(super) fn annotation(&self, key: &str) -> Option<&str> {
        self.root.get("metadata")?.get("annotations")?.get(key)?.as_str()
    }

    /// A label of the object itself.
    pub(super) fn label(&self, key: &str) -> Option<&str> {
        self.root.get("metadata")?.get("labels")?.get(key)?.as_str()
    }
}

/// The text of a key, empty when there is none.
pub(super) fn text<'a>(node: &'a Node, key: &str) -> &'a str {
    node.get(key).and_then(Node::as_str).unwrap_or_default()
}

/// The words of a list of texts.
pub(super) fn words(node: Option<&Node>) -> impl Iterator<Item = &str> {
    node.map(Node::items).unwrap_or_default().iter().filter_map(Node::as_str)
}
