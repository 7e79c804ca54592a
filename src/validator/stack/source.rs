//! A document of the tree: where it lies, what it is, what it says.

use super::layout;
use crate::document::{Document, Node, Position, Value};
use crate::finding::Location;

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An object for Kubernetes.
    Object,
    /// A cluster for kind.
    Cluster,
    /// A compose file.
    Compose,
    /// Values for Helm.
    Values,
    /// Anything else.
    Other,
}

/// One document, or one item of a `List`.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The file.
    pub(super) path: String,
    /// What it is.
    pub(super) kind: Kind,
    /// Where in the file's document it stands; empty but for the items of a `List`.
    prefix: String,
    /// What it says.
    pub(super) root: Node,
}

impl Source {
    /// The place of a value in it.
    pub(super) fn at(&self, pointer: &str) -> Location {
        let location = Location::named(&self.path);
        let whole = format!("{}{pointer}", self.prefix);
        match self.root.pointer(pointer) {
            Some(node) => location.at(&whole, node.position),
            None => location.pointing(&whole),
        }
    }

    /// The text at a pointer.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.root.pointer(pointer).and_then(Node::as_str)
    }

    /// The items of the list at a pointer.
    pub(super) fn items(&self, pointer: &str) -> &[Node] {
        self.root.pointer(pointer).map(Node::items).unwrap_or_default()
    }

    /// A document that is none of the known kinds.
    pub(super) fn other(path: String, root: Node) -> Self {
        Self { path, kind: Kind::Other, prefix: String::new(), root }
    }

    /// The documents of a file; the items of a `List` each on their own.
    pub(super) fn all_of(document: &Document) -> Vec<Self> {
        let path = document.path.as_str();
        // An empty compose file is one that compose refuses; other empty files hold nothing to judge.
        let nothing = Node { value: Value::Null, position: Position { line: 1, column: 1 } };
        let is_empty = document.roots.is_empty() && layout::is_compose(path);
        let roots = if is_empty { std::slice::from_ref(&nothing) } else { &document.roots };
        let source = |prefix: String, root: &Node| Self {
            path: path.to_owned(),
            kind: kind_of(path, root),
            prefix,
            root: root.clone(),
        };
        let mut sources = Vec::new();
        for root in roots {
            if root.get("kind").and_then(Node::as_str) == Some("List") {
                let items = root.get("items").map(Node::items).unwrap_or_default().iter();
                sources.extend(
                    items.enumerate().map(|(at, item)| source(format!("/items/{at}"), item)),
                );
            } else {
                sources.push(source(String::new(), root));
            }
        }
        sources
    }

    /// Tells whether rules read the document again. What was rendered is looked through once:
    /// thousands of manifests are not kept.
    pub(super) fn is_kept(&self) -> bool {
        match self.kind {
            Kind::Object => !layout::is_rendered(&self.path),
            Kind::Cluster | Kind::Compose | Kind::Values => true,
            Kind::Other => {
                let path = self.path.as_str();
                let own =
                    super::FOLDERS.iter().any(|folder| path.starts_with(&format!("{folder}/")));
                own || path.ends_with("Chart.yaml")
                    || layout::is_kustomization(path)
                    || path.ends_with(layout::DRIFT)
                    || path == layout::IMAGES_RELEASE
                    || !path.starts_with("ops/")
            }
        }
    }
}

fn kind_of(path: &str, root: &Node) -> Kind {
    let text = |key: &str| root.get(key).and_then(Node::as_str);
    match (text("apiVersion"), text("kind")) {
        (Some(version), Some("Cluster")) if version.starts_with("kind.x-k8s.io/") => Kind::Cluster,
        (Some(_), Some(_)) => Kind::Object,
        _ if layout::is_compose(path) => Kind::Compose,
        _ if layout::is_values(path) => Kind::Values,
        _ => Kind::Other,
    }
}
