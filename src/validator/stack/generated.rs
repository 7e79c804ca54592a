//! STK21, STK22, STK24: what is generated is of today, and evidence is there for what is pinned.

use std::collections::BTreeSet;

use super::images::quoted;
use super::input::Inputs;
use super::layout;
use super::source::{Kind, Source};
use crate::digest::Digest;
use crate::document::Node;
use crate::finding::rules::stack::evidence as rules;
use crate::finding::{Finding, Report};
use crate::validator::Context;

/// The cause that images without a bill of materials share.
const SBOMS: &str = "stack-sboms";
/// Documents whose paths are judged by a rule of their own.
const JUDGED: &[&str] = &[
    layout::STACK,
    layout::PROFILES,
    layout::REGISTRY,
    layout::CONTRACT,
    layout::GRAPH,
    layout::INDEX,
];
/// The most names that a message tells.
const TOLD: usize = 5;

/// Compares the committed index with the files of the stack.
pub(super) fn index(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some(index) = inputs.document(layout::INDEX) else {
        report.skipped("stack-index", layout::INDEX, "the tree has no committed index");
        return;
    };
    let folder = index.text("/source").unwrap_or("ops/stack").trim_end_matches('/');
    let listed: BTreeSet<&str> =
        index.items("/artifacts").iter().filter_map(Node::as_str).collect();
    let present: BTreeSet<&str> = inputs
        .files
        .range(format!("{folder}/")..)
        .map(String::as_str)
        .take_while(|path| path.starts_with(&format!("{folder}/")))
        .filter(|path| *path != layout::INDEX && !layout::is_specimen(path))
        .collect();
    let absent: Vec<&str> = listed.iter().copied().filter(|path| !inputs.exists(path)).collect();
    let unlisted: Vec<&str> = present.difference(&listed).copied().collect();
    for (names, words) in [(&absent, "listed and not there"), (&unlisted, "there and not listed")] {
        if !names.is_empty() {
            let message = format!("{} files are {words}: {}", names.len(), some(names));
            let finding = Finding::new(&rules::INDEX_DIFFERS, index.at("/artifacts"), message);
            report.push(finding.actual(names.join(", ")));
        }
    }
    if absent.is_empty() && unlisted.is_empty() {
        let detail = format!("{} files, as in the index", present.len());
        report.passed("stack-index", layout::INDEX, detail);
    }
}

fn some(names: &[&str]) -> String {
    let more = names.len().saturating_sub(TOLD);
    let told = quoted(&names[..names.len() - more]);
    if more > 0 { format!("{told} and {more} more") } else { told }
}

/// Hashes every source that a generated document recorded.
pub(super) fn sources(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let (mut held, mut without, before) = (0, Vec::new(), report.findings().len());
    let generated = inputs.of_kind(Kind::Other).filter(|source| {
        source.root.get("generated_by").is_some() && !layout::is_specimen(&source.path)
    });
    for source in generated {
        let rows = recorded(source);
        if rows.is_empty() {
            without.push(source.path.as_str());
        }
        for (pointer, path, declared) in rows {
            held += 1;
            let actual = inputs.digest(path);
            if actual == Some(declared) {
                continue;
            }
            let message = match actual {
                Some(_) => format!("`{path}` has changed since this was generated"),
                None => format!("`{path}`, from which this was generated, is gone"),
            };
            let finding = Finding::new(&rules::SOURCE_STALE, source.at(&pointer), message);
            let finding = finding.declared(declared);
            report.push(match actual {
                Some(actual) => finding.actual(actual),
                None => finding,
            });
        }
    }
    if held > 0 && report.findings().len() == before {
        report.passed("generated-sources", "ops/stack", format!("{held} sources are unchanged"));
    }
    if !without.is_empty() {
        let detail = format!("{} record no digest of what they were made from", some(&without));
        report.skipped("generated-sources", "ops/stack", detail);
    }
}

/// Every path with a digest in a document.
fn recorded(source: &Source) -> Vec<(String, &str, Digest)> {
    let mut rows = Vec::new();
    source.root.walk(&mut |pointer, node| {
        let text = |key: &str| node.get(key).and_then(Node::as_str);
        if let (Some(path), Some(hex)) = (text("path"), text("sha256"))
            && let Ok(digest) = hex.trim_start_matches("sha256:").parse()
        {
            rows.push((format!("{pointer}/sha256"), path, digest));
        }
    });
    rows
}

/// Looks for every path below `ops/` that a document of the stack or inventory names.
pub(super) fn named(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let (mut held, before) = (0, report.findings().len());
    for source in inputs.of_kind(Kind::Other) {
        let own =
            super::FOLDERS.iter().any(|folder| source.path.starts_with(&format!("{folder}/")));
        if !own || JUDGED.contains(&source.path.as_str()) || layout::is_specimen(&source.path) {
            continue;
        }
        let mut first = None;
        let mut absent = BTreeSet::new();
        source.root.walk(&mut |pointer, node| {
            let Some(path) = node.as_str().filter(|text| is_path(text)) else { return };
            if pointer.starts_with("/sources/") {
                return;
            }
            held += 1;
            if !inputs.exists(path) {
                first.get_or_insert(pointer.to_owned());
                absent.insert(path);
            }
        });
        if let Some(pointer) = first {
            let names: Vec<&str> = absent.into_iter().collect();
            let verb = if names.len() == 1 { "does" } else { "do" };
            let message = format!("{} {verb} not exist", some(&names));
            let finding = Finding::new(&rules::NAMED_ABSENT, source.at(&pointer), message);
            report.push(finding.actual(names.join(", ")));
        }
    }
    if held > 0 && report.findings().len() == before {
        report.passed("named-files", "ops/inventory", format!("{held} named files are there"));
    }
}

fn is_path(text: &str) -> bool {
    text.starts_with("ops/") && !text.contains([' ', '*', '<', '{', '$', ':', '#'])
}

/// Looks for a bill of materials of every pinned image.
pub(super) fn sboms(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let Some(subjects) = &inputs.subjects else {
        report.skipped("image-sboms", layout::PINS, "the tree has no bill of materials");
        return;
    };
    report.headline(SBOMS, "pinned images have no bill of materials");
    let mut found = 0;
    for pin in &inputs.pins {
        let Some(digest) = pin.image.as_ref().ok().and_then(|image| image.sha256()) else {
            continue;
        };
        if subjects.contains(&digest) {
            found += 1;
            continue;
        }
        let message = format!("no bill of materials has the digest of `{}`", pin.key);
        let finding = Finding::new(&rules::SBOM_ABSENT, pin.location.clone(), message);
        report.push(finding.declared(&pin.text).caused_by(SBOMS));
    }
    if found > 0 && found == inputs.pins.len() {
        report.passed("image-sboms", layout::PINS, format!("{found} pinned images have one"));
    }
}

/// Holds the platforms that are built against those that the release promises.
pub(super) fn platforms(inputs: &Inputs<'_>, _: &Context, report: &mut Report) {
    let (Some(release), Some(matrix)) =
        (inputs.document(layout::IMAGES_RELEASE), inputs.document(layout::BUILD_MATRIX))
    else {
        let why = "the tree has no build matrix, or no list of released images";
        report.skipped("platforms", layout::BUILD_MATRIX, why);
        return;
    };
    let platforms = |source: &Source| -> BTreeSet<String> {
        let rows = source.items("/images").iter();
        rows.flat_map(|row| row.get("platforms").map(Node::items).unwrap_or_default())
            .filter_map(|platform| platform.as_str().map(str::to_owned))
            .collect()
    };
    let (promised, built) = (platforms(release), platforms(matrix));
    for platform in promised.difference(&built) {
        let message = format!("`{platform}` is promised in `{}` and not built", release.path);
        let finding = Finding::new(&rules::PLATFORM_MISSING, matrix.at("/images"), message);
        report.push(finding.declared(platform));
    }
    if !promised.is_empty() && promised.is_subset(&built) {
        report.passed("platforms", layout::BUILD_MATRIX, format!("{} are built", promised.len()));
    }
}
