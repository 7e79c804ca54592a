//! The graph of one render: which object speaks of which, found by name and by label.

use std::collections::BTreeMap;

use super::object::{Controller, Object, text, words};
use crate::document::Node;

/// The objects of one render, indexed.
pub(super) struct Graph<'a> {
    /// All objects.
    pub(super) objects: &'a [Object],
    by_name: BTreeMap<(&'a str, &'a str, &'a str), &'a Object>,
    by_label: Index<'a>,
    services: Index<'a>,
    makers: BTreeMap<&'a str, Vec<&'a Object>>,
}

/// A label selector.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Selector<'a> {
    labels: Vec<(&'a str, &'a str)>,
    expressions: Vec<(&'a str, &'a str, Vec<&'a str>)>,
}

impl<'a> Selector<'a> {
    /// Reads `matchLabels` and `matchExpressions`.
    pub(super) fn parse(node: &'a Node) -> Self {
        let expressions = node.get("matchExpressions").map(Node::items).unwrap_or_default();
        let mut selector = Self::of_labels(node.get("matchLabels"));
        selector.expressions = expressions
            .iter()
            .map(|one| {
                (text(one, "key"), text(one, "operator"), words(one.get("values")).collect())
            })
            .collect();
        selector.expressions.sort();
        selector
    }

    /// Reads a mapping of labels, as Services have it.
    pub(super) fn of_labels(node: Option<&'a Node>) -> Self {
        let entries = node.map(Node::entries).unwrap_or_default();
        let pairs = entries.iter().map(|entry| (&*entry.key, entry.value.as_str().unwrap_or("")));
        let mut labels: Vec<_> = pairs.collect();
        labels.sort_unstable();
        Self { labels, expressions: Vec::new() }
    }

    /// Tells whether it selects everything.
    pub(super) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.expressions.is_empty()
    }

    /// Tells whether it selects something with these labels.
    pub(super) fn matches(&self, labels: Option<&Node>) -> bool {
        let value = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Node::as_str);
        self.labels.iter().all(|(key, wanted)| value(key) == Some(wanted))
            && self.expressions.iter().all(|(key, operator, values)| match *operator {
                "In" => value(key).is_some_and(|found| values.contains(&found)),
                "NotIn" => value(key).is_none_or(|found| !values.contains(&found)),
                "Exists" => value(key).is_some(),
                "DoesNotExist" => value(key).is_none(),
                _ => false,
            })
    }

    /// The labels that it asks for, `app=api, tier=web`.
    pub(super) fn words(&self) -> String {
        let labels = self.labels.iter().map(|(key, value)| format!("{key}={value}"));
        let more = self
            .expressions
            .iter()
            .map(|(key, operator, values)| format!("{key} {operator} ({})", values.join(", ")));
        labels.chain(more).collect::<Vec<_>>().join(", ")
    }
}

/// The labels of the pods that an object makes.
pub(super) fn pod_labels(object: &Object) -> Option<&Node> {
    object.pod()?.get("metadata")?.get("labels")
}

impl<'a> Graph<'a> {
    /// Indexes the objects of a render.
    pub(super) fn of(objects: &'a [Object]) -> Self {
        let mut graph = Self {
            objects,
            by_name: BTreeMap::new(),
            by_label: BTreeMap::new(),
            services: BTreeMap::new(),
            makers: BTreeMap::new(),
        };
        for object in objects {
            let namespace = object.namespace.as_str();
            // What belongs to the whole cluster lies in no namespace, whatever its release says.
            let home = if object.kind == "PriorityClass" { "" } else { namespace };
            graph.by_name.entry((&object.kind, home, &object.name)).or_insert(object);
            if object.pod().is_some() {
                graph.makers.entry(namespace).or_default().push(object);
                index(&mut graph.by_label, object, pod_labels(object));
            }
            if object.kind == "Service" {
                let labels = object.root.get("metadata").and_then(|node| node.get("labels"));
                index(&mut graph.services, object, labels);
            }
        }
        graph
    }

    /// Finds an object by kind, namespace and name.
    pub(super) fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<&'a Object> {
        self.by_name.get(&(kind, namespace, name)).copied()
    }

    /// The objects of a kind.
    pub(super) fn of_kind(&self, kind: &'static str) -> impl Iterator<Item = &'a Object> {
        self.objects.iter().filter(move |object| object.kind == kind)
    }

    /// The objects that keep pods running.
    pub(super) fn keepers(&self) -> impl Iterator<Item = &'a Object> {
        let keeps = |object: &&Object| object.controller() == Some(Controller::Keeps);
        self.objects.iter().filter(keeps)
    }

    /// The objects whose pods a selector selects, in a namespace.
    ///
    /// The candidates come from the label that fewest pods have, so that a render of many objects
    /// costs no comparison of each with each.
    pub(super) fn selected<'s>(
        &'s self,
        namespace: &'s str,
        selector: &'s Selector<'s>,
    ) -> impl Iterator<Item = &'a Object> + use<'a, 's> {
        let candidates = match fewest(&self.by_label, namespace, selector) {
            Some(found) => found,
            None => self.makers.get(namespace).map_or(&[][..], Vec::as_slice),
        };
        candidates.iter().copied().filter(|object| selector.matches(pod_labels(object)))
    }

    /// The Services that a selector selects, in a namespace.
    pub(super) fn services<'s>(
        &'s self,
        namespace: &'s str,
        selector: &'s Selector<'s>,
    ) -> impl Iterator<Item = &'a Object> + use<'a, 's> {
        let found = fewest(&self.services, namespace, selector).unwrap_or_default();
        let labels = |object: &&Object| {
            selector.matches(object.root.get("metadata").and_then(|node| node.get("labels")))
        };
        found.iter().copied().filter(labels)
    }
}

/// Objects by namespace, key and value of a label.
type Index<'a> = BTreeMap<(&'a str, &'a str, &'a str), Vec<&'a Object>>;

/// The objects that have the rarest label of a selector; nothing for one without labels.
fn fewest<'a, 's>(
    index: &'s Index<'a>,
    namespace: &'s str,
    selector: &'s Selector<'s>,
) -> Option<&'s [&'a Object]> {
    let mut best: Option<&'s [&'a Object]> = None;
    for (key, value) in &selector.labels {
        let found = index.get(&(namespace, *key, *value)).map_or(&[][..], Vec::as_slice);
        if best.is_none_or(|best| found.len() < best.len()) {
            best = Some(found);
        }
    }
    best
}

fn index<'a>(into: &mut Index<'a>, object: &'a Object, labels: Option<&'a Node>) {
    for entry in labels.map(Node::entries).unwrap_or_default() {
        let Some(value) = entry.value.as_str() else { continue };
        into.entry((&object.namespace, &entry.key, value)).or_default().push(object);
    }
}
