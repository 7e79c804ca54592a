//! K8S20, X2: the chart, what it states of itself, and which values its templates read.

use std::collections::BTreeSet;

use super::input::{Inputs, SNAPSHOT, Source};
use super::object::text;
use crate::document::{Document, Limits, Node};
use crate::finding::rules::k8s as rules;
use crate::finding::{Finding, Location, Report};
use crate::path::RelPath;
use crate::tree::Tree;
use crate::validator::{Context, Governed};
use crate::version::Version;

/// A chart of the tree.
#[derive(Debug)]
pub(super) struct Chart {
    /// Its folder.
    pub(super) folder: String,
    /// `Chart.yaml`
    pub(super) source: Source,
    /// `values.yaml`
    pub(super) defaults: Option<Source>,
    /// `values.schema.json`
    pub(super) schema: Option<Source>,
    /// `Chart.lock`
    pub(super) lock: Option<Source>,
    /// The values that its templates read: `image.tag`, `resources`.
    pub(super) reads: BTreeSet<String>,
    /// Whether any template reads values in a way that only a renderer can follow.
    pub(super) reads_all: bool,
}

impl Chart {
    /// Reads every chart of the area. A chart inside another is the other's dependency.
    pub(super) fn read_all(tree: &Tree, governed: &Governed) -> Vec<Self> {
        let mut charts: Vec<Self> = Vec::new();
        for document in &governed.documents {
            let Some(folder) = document.path.as_str().strip_suffix("/Chart.yaml") else { continue };
            let is_inner =
                charts.iter().any(|chart| folder.starts_with(&format!("{}/", chart.folder)));
            let Ok(root) = document.root() else { continue };
            if !is_inner {
                let location = Location::file(&document.path);
                charts.push(Self::read(tree, folder, Source { location, root: root.clone() }));
            }
        }
        charts
    }

    fn read(tree: &Tree, folder: &str, source: Source) -> Self {
        let part = |name: &str| {
            let path: RelPath = format!("{folder}/{name}").parse().ok()?;
            let bytes = tree.read(&path, Limits::GOVERNED.bytes).ok()?;
            let named: RelPath = path.as_str().replace(".lock", ".lock.yaml").parse().ok()?;
            let document = Document::parse(&named, &bytes, Limits::GOVERNED).ok()?;
            let root = document.root().ok()?.clone();
            Some(Source { location: Location::file(&path), root })
        };
        let [defaults, schema, lock] =
            ["values.yaml", "values.schema.json", "Chart.lock"].map(part);
        let mut chart = Self {
            folder: folder.to_owned(),
            source,
            defaults,
            schema,
            lock,
            reads: BTreeSet::new(),
            reads_all: false,
        };
        chart.read_templates(tree);
        chart
    }

    fn read_templates(&mut self, tree: &Tree) {
        let Ok(folder) = format!("{}/templates", self.folder).parse::<RelPath>() else { return };
        for entry in tree.list(Some(&folder)).unwrap_or_default().files {
            let Ok(bytes) = tree.read(&entry.path, Limits::GOVERNED.bytes) else { continue };
            let text = String::from_utf8_lossy(&bytes);
            self.reads_all |= read_values(&text, &mut self.reads);
        }
    }

    /// A text of `Chart.yaml`, whatever its notation.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.source.root.get(key).and_then(Node::as_str)
    }

    /// Tells whether a template reads a value: it, something in it, or all that it stands in.
    pub(super) fn reads(&self, path: &str) -> bool {
        let inner = format!("{path}.");
        let whole = || path.match_indices('.').any(|(at, _)| self.reads.contains(&path[..at]));
        self.reads_all
            || self.reads.contains(path)
            || self.reads.range(inner.clone()..).next().is_some_and(|next| next.starts_with(&inner))
            || whole()
    }
}

/// Collects the values that a template reads; tells whether it reads them all at once.
fn read_values(text: &str, reads: &mut BTreeSet<String>) -> bool {
    let mut reads_all = false;
    for (at, word) in text.match_indices(".Values") {
        let rest = &text[at + word.len()..];
        let path: String = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
            .collect();
        let names: Vec<&str> = path.split('.').filter(|name| !name.is_empty()).collect();
        let before = text[..at].trim_end_matches(['$', '(']).trim_end();
        // `hasKey .Values.a "b"`, `get .Values.a "b"`, `index .Values.a "b"` read `a.b` alone.
        let reads_one = ["hasKey", "get", "index"].iter().any(|word| before.ends_with(word));
        let key = rest[path.len()..].trim_start().strip_prefix('"');
        let key = key.and_then(|rest| rest.split('"').next()).filter(|_| reads_one);
        match (names.is_empty(), key) {
            (true, None) => reads_all = true,
            (_, key) => {
                let all: Vec<&str> = names.into_iter().chain(key).collect();
                reads.insert(all.join("."));
            }
        }
    }
    reads_all
}

/// Holds `Chart.yaml` against what Helm demands of it, and the lock file against its dependencies.
pub(super) fn chart_file(inputs: &Inputs, _: &Context, report: &mut Report) {
    for chart in &inputs.charts {
        let root = &chart.source.root;
        let mut wrong = Vec::new();
        if text(root, "apiVersion") != "v2" {
            wrong.push(("/apiVersion", "`apiVersion` is not `v2`".to_owned()));
        }
        if text(root, "name").is_empty() {
            wrong.push(("/name", "`name` is missing".to_owned()));
        }
        let version = root.get("version").and_then(Node::scalar_text).unwrap_or_default();
        if version.trim_start_matches('v').parse::<Version>().is_err() {
            wrong.push(("/version", format!("`version` is `{version}`, no semantic version")));
        }
        let is_known = matches!(text(root, "type"), "" | "application" | "library");
        if !is_known {
            wrong.push(("/type", "`type` is neither `application` nor `library`".to_owned()));
        }
        for (pointer, problem) in wrong {
            report.push(Finding::new(&rules::CHART_INVALID, chart.source.at(pointer), problem));
        }
        lock_file(chart, report);
    }
}

fn lock_file(chart: &Chart, report: &mut Report) {
    let names = |source: &Source| -> BTreeSet<String> {
        let rows = source.root.get("dependencies").map(Node::items).unwrap_or_default();
        rows.iter().map(|row| text(row, "name").to_owned()).collect()
    };
    let declared = names(&chart.source);
    let locked = chart.lock.as_ref().map(names);
    if declared.is_empty() && locked.is_none() {
        return;
    }
    let locked = locked.unwrap_or_default();
    for name in declared.symmetric_difference(&locked) {
        let (message, at) = if declared.contains(name) {
            ("is a dependency that no `Chart.lock` pins", chart.source.at("/dependencies"))
        } else {
            ("is locked and no dependency", chart.source.at("/dependencies"))
        };
        report.push(Finding::new(&rules::CHART_UNLOCKED, at, format!("`{name}` {message}")));
    }
}

/// Compares the chart's version with what the area's own documents and the rendered objects state.
pub(super) fn chart_version(inputs: &Inputs, _: &Context, report: &mut Report) {
    let [chart] = inputs.charts.as_slice() else { return };
    let own = |key: &str| chart.source.root.get(key).and_then(Node::scalar_text);
    let (Some(version), app) = (own("version"), own("appVersion")) else { return };
    let mut stated: Vec<(Location, String, &str)> = Vec::new();
    if let Some(snapshot) = inputs.document(SNAPSHOT) {
        for (pointer, actual) in [
            ("/chart/version", Some(&version)),
            ("/chart/app_version", app.as_ref()),
            ("/release", Some(&version)),
        ] {
            let declared = snapshot.root.pointer(pointer).and_then(Node::scalar_text);
            if let Some((declared, actual)) = declared.zip(actual) {
                stated.push((snapshot.at(pointer), declared.into_owned(), actual));
            }
        }
    }
    let name = chart.text("name").unwrap_or_default();
    for render in inputs.renders() {
        let label = render.objects.iter().find_map(|object| {
            let label = object.label("helm.sh/chart")?.strip_prefix(&format!("{name}-"))?;
            Some((object.at("/metadata/labels/helm.sh~1chart"), label.replace('_', "+")))
        });
        stated.extend(label.map(|(at, label)| (at, label, &*version)));
    }
    for (location, declared, actual) in stated {
        if declared.trim_start_matches('v') != actual {
            let message = format!("states `{declared}` where the chart is `{actual}`");
            let finding = Finding::new(&rules::CHART_VERSION_DIFFERS, location, message);
            let cause = format!("k8s {}", rules::CHART_VERSION_DIFFERS.code);
            report.push(finding.declared(&declared).actual(actual).caused_by(cause));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_templates_read_is_found() {
        let mut reads = BTreeSet::new();
        let text = r#"{{ .Values.a.b }} {{ if hasKey .Values.c "d" }}{{ toYaml $.Values.e | nindent 4 }}
            {{- with (.Values.f | default .Values.g) }}"#;
        assert!(!read_values(text, &mut reads));
        assert_eq!(
            reads.iter().map(String::as_str).collect::<Vec<_>>(),
            ["a.b", "c.d", "e", "f", "g"]
        );
        assert!(read_values("{{ tpl . $ }}{{ toYaml .Values }}", &mut reads));
    }
}
