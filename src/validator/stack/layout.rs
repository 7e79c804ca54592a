//! The layout: where the handbook's documents lie, and what a file is by its path.

/// What each profile is made of.
pub(super) const STACK: &str = "ops/stack/stack.toml";
/// Which profiles there are, and on which cluster.
pub(super) const PROFILES: &str = "ops/stack/profiles.json";
/// Who governs a profile, and what it may do.
pub(super) const REGISTRY: &str = "ops/stack/profile-registry.json";
/// What a profile is for.
pub(super) const INTENT: &str = "ops/stack/profile-intent.json";
/// Which services there are, and where they are required.
pub(super) const CONTRACT: &str = "ops/stack/service-dependency-contract.json";
/// The committed graph.
pub(super) const GRAPH: &str = "ops/stack/generated/dependency-graph.json";
/// The committed list of images.
pub(super) const MANIFEST: &str = "ops/stack/generated/version-manifest.json";
/// The committed list of files.
pub(super) const INDEX: &str = "ops/stack/generated/stack-index.json";
/// The version manifest of the release before.
pub(super) const PREVIOUS: &str = "ops/stack/previous/version-manifest.json";
/// The drift report's file name.
pub(super) const DRIFT: &str = "stack-drift-report.json";
/// The one list of what may run.
pub(super) const PINS: &str = "ops/inventory/pins.yaml";
/// For which release the pins are frozen.
pub(super) const FREEZE: &str = "ops/inventory/pin-freeze.json";
/// Tools and images again.
pub(super) const TOOLCHAIN: &str = "ops/inventory/toolchain.json";
/// Tools that are probed.
pub(super) const TOOLS: &str = "ops/inventory/tools.toml";
/// The locked base images.
pub(super) const BASES: &str = "ops/docker/bases.lock";
/// What images may be built on.
pub(super) const IMAGE_POLICY: &str = "ops/docker/policy.json";
/// Which registries are allowed.
pub(super) const PUSH_POLICY: &str = "ops/docker/push-policy.json";
/// For which platforms images are built.
pub(super) const BUILD_MATRIX: &str = "ops/docker/build-matrix.json";
/// Which images are released, and for which platforms.
pub(super) const IMAGES_RELEASE: &str = "ops/release/images-release.toml";
/// What each environment is like.
pub(super) const PORTABILITY: &str = "ops/env/portability-matrix.json";

/// Tells whether an input is meant to be refused, by a word in its file name. The folder alone
/// excuses nothing.
pub(super) fn is_negative(path: &str) -> bool {
    words(path).any(|word| matches!(word, "failure" | "invalid" | "negative" | "malformed"))
}

/// Tells whether a file is a specimen: a golden answer or an example by its folder *and* its name,
/// or a sample by its name.
pub(super) fn is_specimen(path: &str) -> bool {
    let within =
        |folders: &[&str]| path.split('/').rev().skip(1).any(|part| folders.contains(&part));
    let named = |names: &[&str]| words(path).any(|word| names.contains(&word));
    is_negative(path)
        || within(&["_generated.example"])
        || (within(&["golden", "goldens"]) && named(&["golden", "sample", "summary"]))
        || (within(&["examples", "fixtures"]) && named(&["example", "sample"]))
}

/// Tells whether something is only for developing and testing, by a word in its name.
pub(super) fn is_development(name: &str) -> bool {
    words(name).any(|word| {
        matches!(
            word,
            "dev"
                | "developer"
                | "development"
                | "local"
                | "test"
                | "tests"
                | "testing"
                | "ci"
                | "kind"
                | "e2e"
                | "perf"
                | "debug"
                | "minimal"
                | "small"
                | "demo"
                | "devcontainer"
        )
    })
}

/// Tells whether a file was rendered: what it holds is judged by the area k8s.
pub(super) fn is_rendered(path: &str) -> bool {
    path.starts_with("ops/k8s/") && !path.starts_with("ops/k8s/values/")
}

/// Tells whether a file is a compose file by its name.
pub(super) fn is_compose(path: &str) -> bool {
    let name = name_of(path);
    let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
    stem.is_some_and(|stem| {
        ["compose", "docker-compose"].iter().any(|word| {
            stem.strip_prefix(word)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
                || stem.strip_suffix(word).is_some_and(|rest| rest.ends_with(['.', '-', '_']))
        })
    })
}

/// Tells whether a file is a kustomization by its name.
pub(super) fn is_kustomization(path: &str) -> bool {
    matches!(name_of(path), "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

/// Tells whether a file is a Dockerfile by its name.
pub(super) fn is_dockerfile(path: &str) -> bool {
    let name = name_of(path);
    ["Dockerfile", "Containerfile"].iter().any(|word| {
        name == *word
            || name.strip_prefix(word).is_some_and(|rest| rest.starts_with('.'))
            || name.strip_suffix(word).is_some_and(|rest| rest.ends_with('.'))
    }) && !name.ends_with(".dockerignore")
}

/// Tells whether a file holds Helm values by its name or folder.
pub(super) fn is_values(path: &str) -> bool {
    let name = name_of(path);
    let is_yaml = name.ends_with(".yaml") || name.ends_with(".yml");
    let in_folder = path.split('/').rev().nth(1) == Some("values");
    is_yaml && (in_folder || name.starts_with("values.") || name.starts_with("values-"))
}

/// The last part of a path.
pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folder of a path; empty at the root.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn words(path: &str) -> impl Iterator<Item = &str> {
    name_of(path).split(['-', '_', '.'])
}
