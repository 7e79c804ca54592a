//! REL08: the packaged chart is the chart of the tree.

use std::collections::{BTreeMap, BTreeSet};

use super::input::Inputs;
use crate::digest::Digest;
use crate::document::{Document, Limits, Node};
use crate::finding::rules::release as rules;
use crate::finding::{Finding, Location, Report};
use crate::path::RelPath;
use crate::validator::Context;

/// The file that names a chart. Helm writes it anew, so it is compared by what it says.
const CHART: &str = "Chart.yaml";

type Files = BTreeMap<String, Vec<u8>>;

/// Compares each package with the chart of the same name and version in the tree.
pub(super) fn packages(inputs: &Inputs, _: &Context, report: &mut Report) {
    let (packages, charts): (Vec<_>, Vec<_>) =
        inputs.charts.iter().partition(|(path, _)| path.ends_with(".tgz"));
    for (package, packed) in packages {
        let Some(identity) = identity_of(packed) else {
            let message = "the package holds no Chart.yaml with name and version";
            report.push(Finding::new(&rules::CHART_DIFFERS, Location::named(package), message));
            continue;
        };
        let same = charts.iter().find(|(_, files)| identity_of(files).as_ref() == Some(&identity));
        let Some((folder, files)) = same else {
            let (name, version) = &identity;
            let detail = format!("the tree has no chart {name} {version} to compare with");
            report.skipped("chart-package", package.as_str(), detail);
            continue;
        };
        compare(package, packed, folder, files, report);
    }
}

fn compare(package: &str, packed: &Files, folder: &str, files: &Files, report: &mut Report) {
    let ignored = ignored_by(files);
    let names: BTreeSet<&String> = packed.keys().chain(files.keys()).collect();
    let before = report.findings().len();
    for name in names {
        let location = Location::member(package, name);
        let finding = match (packed.get(name), files.get(name)) {
            (Some(left), Some(right)) if left == right => continue,
            (Some(left), Some(right)) if name == CHART && meaning(left) == meaning(right) => {
                continue;
            }
            (Some(left), Some(right)) => {
                let message = format!("differs from `{folder}/{name}`");
                Finding::new(&rules::CHART_DIFFERS, location, message)
                    .declared(Digest::of(right))
                    .actual(Digest::of(left))
            }
            (Some(_), None) => {
                let message = format!("`{folder}` has no such file");
                Finding::new(&rules::CHART_DIFFERS, location, message)
            }
            (None, Some(_)) if is_ignored(name, &ignored) => continue,
            (None, _) => {
                let message = format!("the package lacks `{folder}/{name}`");
                Finding::new(&rules::CHART_DIFFERS, location, message)
            }
        };
        report.push(finding);
    }
    if report.findings().len() == before {
        let detail = format!("{} files are those of `{folder}`", packed.len());
        report.passed("chart-package", package, detail);
    }
}

fn identity_of(files: &Files) -> Option<(String, String)> {
    let root = meaning(files.get(CHART)?)?;
    let text = |key: &str| root.iter().find(|(pointer, _)| pointer == key).map(|(_, t)| t.clone());
    Some((text("/name")?, text("/version")?))
}

/// Every scalar of a YAML document with its pointer, in the order of the pointers.
fn meaning(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let path: RelPath = CHART.parse().ok()?;
    let document = Document::parse(&path, bytes, Limits::GOVERNED).ok()?;
    let mut values = Vec::new();
    document.root().ok()?.walk(&mut |pointer, node: &Node| {
        if let Some(text) = node.scalar_text() {
            values.push((pointer.to_owned(), text.into_owned()));
        }
    });
    values.sort();
    Some(values)
}

/// The patterns of `.helmignore`: what they name is not packaged.
fn ignored_by(files: &Files) -> Vec<String> {
    let text = files.get(".helmignore").map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    text.unwrap_or_default()
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with(['#', '!']))
        .map(|line| line.trim_matches('/').to_owned())
        .collect()
}

fn is_ignored(name: &str, patterns: &[String]) -> bool {
    patterns.iter().any(|pattern| {
        name.split('/').any(|part| match pattern.split_once('*') {
            Some((head, tail)) => part.starts_with(head) && part.ends_with(tail),
            None => part == pattern,
        }) || name.starts_with(&format!("{pattern}/"))
    })
}
