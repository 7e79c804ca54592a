//! The handbook's layout: which file of `ops/load` has which role.

use crate::document::Node;

/// The suites that there are.
pub(super) const SUITES: &str = "ops/load/suites";
/// The list of suites that was generated from them.
pub(super) const MANIFEST: &str = "ops/load/generated/suites.manifest.json";
/// The summary that was generated from them.
pub(super) const SUMMARY: &str = "ops/load/generated/load-summary.json";
/// Where the scenarios lie.
pub(super) const SCENARIOS: &str = "ops/load/scenarios/";
/// Where the threshold files lie.
pub(super) const THRESHOLDS: &str = "ops/load/thresholds/";
/// Where the scripts lie.
pub(super) const SCRIPTS: &str = "ops/load/k6/suites/";
/// Where the baselines lie.
pub(super) const BASELINES: &str = "ops/load/baselines/";
/// Where results lie.
pub(super) const RESULTS: &str = "ops/load/results/";
/// What counts as a regression, declared before it is measured.
pub(super) const POLICY: &str = "ops/load/contracts/performance-regression-thresholds.json";
/// The seed of all runs.
pub(super) const SEED: &str = "ops/load/contracts/deterministic-seed-policy.json";
/// The query packs.
pub(super) const PACKS: &str = "ops/load/contracts/query-pack-catalog.json";
/// How each suite is started.
pub(super) const STARTED: &str = "ops/load/load.toml";
/// The lists of scenarios.
pub(super) const REGISTRY: &str = "ops/load/scenario-registry.json";

/// The thresholds by suite, in k6's terms.
pub(super) fn is_contract(path: &str) -> bool {
    path.starts_with("ops/load/contracts/k6-thresholds") && path.ends_with(".json")
}

/// A JSON Schema, by its name or by what it says.
pub(super) fn is_schema(path: &str, root: &Node) -> bool {
    path.ends_with(".schema.json")
        || root.get("$schema").is_some_and(|node| node.as_str().is_some())
}

/// A script of k6.
pub(super) fn is_script(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| matches!(extension, "js" | "mjs" | "ts"))
}

/// A file whose notation is that of a document.
pub(super) fn is_document_name(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    matches!(extension, "json" | "toml" | "yaml" | "yml")
}

/// A file in the folder of results, but for notes.
pub(super) fn is_result_name(path: &str) -> bool {
    path.starts_with(RESULTS) && !path.ends_with(".md")
}

/// A document in the folder of results that is no list of runs: it must be a result.
pub(super) fn is_result(path: &str, root: &Node) -> bool {
    is_result_name(path)
        && path.ends_with(".json")
        && root.get("kind").is_none()
        && root.get("runs").is_none()
}

/// The suite that a file is named after: `soak` for `soak.summary.json`.
pub(super) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.split_once('.').map_or(name, |(stem, _)| stem)
}
