//! REL07, X2, X15: one version, one commit, one release id.

use super::causes;
use super::input::{Inputs, Source};
use super::layout;
use crate::finding::rules::release as rules;
use crate::finding::{Finding, Location, Report};
use crate::validator::Context;

/// The manifest of the workspace that the release is built from.
const WORKSPACE: &str = "Cargo.toml";

/// The documents of the release that state its version, the weightiest first.
const STATED: &[(&str, &[&str])] = &[
    (
        "ops/release/release-manifest.json",
        &["/versioning/workspace_version", "/versioning/chart_version", "/versioning/app_version"],
    ),
    ("ops/release/ops-release-manifest.json", &["/workspace_version", "/chart_version"]),
    (
        "ops/release/ops-release-bundle-manifest.json",
        &["/workspace_version", "/chart/version", "/crates/workspace"],
    ),
    ("ops/release/generated/release-metadata.json", &["/version"]),
    (WORKSPACE, &["/workspace/package/version", "/package/version"]),
    ("ops/inventory/pins.yaml", &["/versions/chart", "/versions/app"]),
    ("ops/inventory/pin-freeze.json", &["/release"]),
    (
        "ops/k8s/generated/release-snapshot.json",
        &["/release", "/chart/version", "/chart/app_version"],
    ),
    ("ops/report/generated/release-evidence-bundle.json", &["/release"]),
];

/// Holds every statement of the version against the release's own.
pub(super) fn versions(inputs: &Inputs, context: &Context, report: &mut Report) {
    // Where the release says which chart it ships, other charts have versions of their own.
    let shipped =
        inputs.document(layout::OPS_RELEASE).and_then(|source| source.text("/chart/path"));
    let charts = inputs.below("ops/k8s/charts/").filter(|source| {
        let is_shipped = shipped.is_none_or(|folder| source.location.path.starts_with(folder));
        is_chart(source.path()) && is_shipped
    });
    // A workspace that no release document names is not what is released: an example's tree lies
    // in the repository of something else.
    let workspace_counts = inputs.own().any(releases_workspace);
    let mut stated: Vec<(&Source, &str, &str)> = STATED
        .iter()
        .filter(|(path, _)| *path != WORKSPACE || workspace_counts)
        .filter_map(|(path, pointers)| Some((inputs.document(path)?, *pointers)))
        .flat_map(|(source, pointers)| pointers.iter().map(move |pointer| (source, *pointer)))
        .chain(charts.flat_map(|source| [(source, "/version"), (source, "/appVersion")]))
        .filter_map(|(source, pointer)| Some((source, pointer, source.text(pointer)?)))
        .collect();
    stated.sort_by_key(|(source, ..)| source.path() == WORKSPACE);
    let own = stated.iter().find(|(source, ..)| source.path().starts_with("ops/release/"));
    let Some(&(first, first_pointer, release)) = own.or(stated.first()) else {
        if inputs.is_own() {
            let why = "no document of the tree states a version; the packet and its provenance do";
            report.skipped("release-version", layout::OWN_RELEASE, why);
            return;
        }
        report.skipped("release-version", "ops/release", "no document states a version");
        if let Some(expected) = &context.expect_version {
            nothing_states("version", &expected.to_string(), report);
        }
        return;
    };
    report.headline(causes::VERSIONS, format!("the release is {release}, and not all say so"));
    let mut agreeing = 0;
    for (source, pointer, version) in &stated {
        if plain(version) == plain(release) {
            agreeing += 1;
            continue;
        }
        let message = format!("says {version}; `{}` says {release}", first.path());
        report.push(
            Finding::new(&rules::VERSION_DIFFERS, source.at(pointer), message)
                .declared(version)
                .actual(release)
                .caused_by(causes::VERSIONS),
        );
    }
    if agreeing == stated.len() {
        let detail = format!("{agreeing} statements say {release}");
        report.passed("release-version", first.path(), detail);
    }
    if let Some(expected) = &context.expect_version
        && plain(release) != expected.to_string()
    {
        unmet("version", first, first_pointer, &expected.to_string(), release, report);
    }
}

/// Compares commit, governance version and release id of identity, provenance and their copies.
pub(super) fn commits(inputs: &Inputs, context: &Context, report: &mut Report) {
    let sources: Vec<&Source> = [layout::IDENTITY, layout::PROVENANCE]
        .into_iter()
        .flat_map(|path| [inputs.document(path), inputs.member(path)])
        .flatten()
        .collect();
    let Some(first) = sources.first() else {
        if inputs.is_own() {
            let why = "no document of the tree states a commit; the packet and its provenance do";
            report.skipped("release-commit", layout::OWN_RELEASE, why);
            return;
        }
        report.skipped("release-commit", layout::IDENTITY, "no identity and no provenance");
        let expected = [("commit", &context.expect_commit), ("tag", &context.expect_tag)];
        for (what, expected) in expected.into_iter().filter_map(|(w, e)| Some((w, e.as_ref()?))) {
            nothing_states(what, expected, report);
        }
        return;
    };
    let before = report.findings().len();
    for key in ["/git_sha", "/governance_version", "/release_id"] {
        let expected = first.text(key);
        for source in sources.iter().skip(1) {
            if let (Some(expected), Some(found)) = (expected, source.text(key))
                && expected != found
            {
                let message = format!("says {found}; `{}` says {expected}", first.path());
                let finding = Finding::new(&rules::COMMIT_DIFFERS, source.at(key), message)
                    .declared(found)
                    .actual(expected);
                report.push(finding);
            }
        }
    }
    consistent(first, report);
    if report.findings().len() == before {
        let commit = first.text("/git_sha").unwrap_or("none");
        let detail = format!("{} statements agree on {commit}", sources.len());
        report.passed("release-commit", first.path(), detail);
    }
    expectations(first, context, report);
}

/// Within one document: the commit stands in the governance version and in the release id.
fn consistent(source: &Source, report: &mut Report) {
    let Some(commit) = source.text("/git_sha") else { return };
    let is_commit = matches!(commit.len(), 40 | 64)
        && commit.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_commit {
        let message = "the commit is not a full lower-case hexadecimal object name";
        let finding = Finding::new(&rules::COMMIT_DIFFERS, source.at("/git_sha"), message);
        report.push(finding.declared(commit));
    }
    if let Some((name, of)) = source.text("/governance_version").and_then(|v| v.split_once('@')) {
        if of != commit {
            let message = "the governance version names another commit";
            let location = source.at("/governance_version");
            let finding = Finding::new(&rules::COMMIT_DIFFERS, location, message);
            report.push(finding.declared(of).actual(commit));
        }
        if !name.bytes().any(|byte| byte.is_ascii_digit()) {
            let message = format!("`{name}` is a branch; a branch moves");
            let location = source.at("/governance_version");
            report.push(Finding::new(&rules::BRANCH_IDENTITY, location, message).declared(name));
        }
    }
    if let Some((_, tail)) = source.text("/release_id").and_then(|id| id.rsplit_once('-'))
        && tail.len() >= 7
        && tail.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !commit.starts_with(tail)
    {
        let message = "the release id names another commit";
        let finding = Finding::new(&rules::COMMIT_DIFFERS, source.at("/release_id"), message);
        report.push(finding.declared(tail).actual(commit));
    }
}

fn expectations(source: &Source, context: &Context, report: &mut Report) {
    if let Some(expected) = &context.expect_commit {
        let commit = source.text("/git_sha").unwrap_or("none");
        if commit != expected {
            unmet("commit", source, "/git_sha", expected, commit, report);
        }
    }
    let tag = ["/tag", "/git_tag", "/release_tag"]
        .into_iter()
        .find_map(|pointer| Some((pointer, source.text(pointer)?)));
    match (&context.expect_tag, tag) {
        (Some(expected), Some((pointer, tag))) if tag != expected => {
            unmet("tag", source, pointer, expected, tag, report);
        }
        (Some(expected), None) => unmet("tag", source, "", expected, "none", report),
        (Some(_) | None, Some(_)) => {}
        (None, None) => report.skipped("release-tag", source.path(), "no document states a tag"),
    }
}

/// An expectation that nothing in the tree can meet is not met: silence is no agreement.
fn nothing_states(what: &str, expected: &str, report: &mut Report) {
    let message = format!("no document states a {what}; {expected} was expected");
    let location = Location::named("ops/release");
    let finding = Finding::new(&rules::EXPECTATION_UNMET, location, message);
    report.push(finding.declared("none").actual(expected));
}

fn unmet(
    what: &str,
    source: &Source,
    pointer: &str,
    expected: &str,
    found: &str,
    report: &mut Report,
) {
    let message = format!("the {what} is {found}; {expected} was expected");
    let finding = Finding::new(&rules::EXPECTATION_UNMET, source.at(pointer), message);
    report.push(finding.declared(found).actual(expected));
}

/// Tells whether a document says that the release publishes the workspace's crates.
fn releases_workspace(source: &Source) -> bool {
    let mut names_it = source.path() == "ops/release/crates-release.toml";
    source.root.walk(&mut |_, node| names_it |= node.as_str() == Some(WORKSPACE));
    names_it
}

fn is_chart(path: &str) -> bool {
    path.ends_with("/Chart.yaml") && path.matches('/').count() == 4
}

/// A version without the `v` of its tag.
fn plain(version: &str) -> &str {
    version.strip_prefix('v').unwrap_or(version)
}
