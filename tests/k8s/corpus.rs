//! A real chart of another project, rendered by the real Helm, with the profiles that its documents
//! speak of.
//!
//! The tree is not part of this repository. It is looked for beside it, and the tests say so when it
//! is not there. Every count below was first found by reading the data.

use std::path::{Path, PathBuf};

use countersign::finding::{Area, ReportDocument};
use countersign::tree::Tree;
use countersign::validator::{Context, Rendered};

use crate::areas::judge_with;

/// How many findings of each rule the reading expects. What is not named here has none.
const COUNTS: &[(&str, usize)] = &[
    // `Rollout` in kind, perf and prod; the operator of the monitors is pinned.
    ("kind-without-definition", 1),
    // Two settings of 17 renders; every limit that Helm read as a float.
    ("number-rendered-as-float", 34),
    // kind, perf, prod: a Rollout beside its Deployment, one name, one selector.
    ("controllers-share-pods", 3),
    // The Rollout's port has no name.
    ("service-port-unresolved", 3),
    ("ingress-shut-out", 1),
    // perf and prod scale the Deployment and run the Rollout.
    ("autoscaler-target-wrong", 2),
    // perf, prod, prod-ha, prod-minimal.
    ("autoscaler-overridden", 4),
    // dev: one replica, and one must stay.
    ("disruption-budget-blocks", 1),
    // The Deployments of the four production profiles, and prod's Rollout.
    ("progress-deadline-unset", 5),
    ("readiness-probe-missing", 3),
    ("liveness-probe-missing", 3),
    // local asks /healthz for both.
    ("readiness-equals-liveness", 1),
    // prod's Rollout.
    ("resources-unset", 1),
    ("resource-class-differs", 3),
    // ci and dev are tiny, kind and offline small, prod and prod-airgap medium, prod-ha large, with
    // one set of resources.
    ("resource-classes-undefined", 1),
    // No seccomp profile in the four Deployments; prod's Rollout and prod-airgap's init container
    // have nothing at all.
    ("pod-not-hardened", 6),
    // offline, perf, prod-ha, prod-minimal once; prod-airgap twice.
    ("image-digest-placeholder", 6),
    // offline warms up with the image of another release.
    ("rendered-image-differs", 1),
    // values-offline.yaml warms up nothing, which the schema forbids.
    ("values-schema-violated", 1),
    ("values-schema-open", 4),
    // 34 defaults, and ten keys that only the schema has: `autoscaling`, `ingress.tls`, ...
    ("value-unread", 44),
    // cache.warmupEnabled in local, offline and values-offline; kind's budget of addresses;
    // prod-airgap's exception.
    ("value-without-effect", 5),
    // The template reads `cache.*` where ci, local, offline and prod-airgap set `server.*`.
    ("value-not-rendered", 7),
    // Chart 0.2.0, snapshot 0.1.0.
    ("chart-version-differs", 3),
    // profile-baseline must have no egress mode, and has internet-only.
    ("profile-mode-contradicted", 1),
    ("toggle-names-no-value", 1),
    ("profile-contract-broken", 13),
    ("profile-sets-differ", 9),
    ("profile-toggle-lists-differ", 10),
    // dev, ingress, local, multi-registry, prod.
    ("profile-never-installed", 5),
    ("test-suite-unknown", 3),
    ("test-script-absent", 79),
    ("test-quarantine-expired", 4),
];

/// What looks wrong and is right.
const SILENT: &[(&str, &str)] = &[
    ("ops/k8s/values/schema-failure-image-latest.yaml", ""),
    ("ops/k8s/values/schema-failure-cached-only.yaml", ""),
    ("ops/k8s/examples/networkpolicy/cluster-aware.yaml", ""),
    ("ops/k8s/examples/networkpolicy/disabled.yaml", ""),
    ("ops/k8s/tests/goldens/k8s-conformance-report.sample.json", ""),
    ("rendered/prod.yaml", "/spec/template/spec/containers/0/image"),
];

#[test]
fn the_corpus_is_what_was_read_in_it() {
    let Some(report) = report() else {
        eprintln!("SKIPPED: no corpus/atlas-0.2.0 beside the repository");
        return;
    };
    let mut wrong = Vec::new();
    for rule in countersign::finding::rules::k8s::RULES {
        let expected = COUNTS.iter().find(|(slug, _)| *slug == rule.slug).map_or(0, |row| row.1);
        let found = report.findings.iter().filter(|finding| finding.code == rule.code).count();
        if found != expected {
            wrong.push(format!("{}: {found}, expected {expected}", rule.slug));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for finding in &report.findings {
        let place = (&*finding.location.path, &*finding.location.pointer);
        let silent = SILENT
            .iter()
            .any(|(path, pointer)| *path == place.0 && (pointer.is_empty() || *pointer == place.1));
        assert!(!silent, "{} {place:?}: {}", finding.code, finding.message);
    }
}

#[test]
fn a_finding_names_profile_object_pointer_and_line() {
    let Some(report) = report() else { return };
    let finding = report
        .findings
        .iter()
        .find(|one| {
            one.slug == "controllers-share-pods" && one.location.path == "rendered/prod.yaml"
        })
        .unwrap();
    assert!(finding.message.starts_with("profile `prod`, Rollout `atlas-bijux-atlas`: "));
    assert_eq!(finding.location.pointer, "/spec/selector");
    assert_eq!(finding.location.line, Some(416));
    assert_eq!(finding.actual.as_deref(), Some("Deployment `atlas-bijux-atlas`"));
}

#[test]
fn one_template_is_one_headline() {
    let Some(report) = report() else { return };
    let has = |count: usize, words: &str| {
        let found = report.headlines.iter().any(|headline| {
            headline.findings.len() == count && headline.message.starts_with(words)
        });
        assert!(found, "{count} {words}: {:#?}", report.headlines);
    };
    has(34, "bijux-atlas/templates/configmap.yaml: a whole number");
    has(3, "bijux-atlas/templates/rollout.yaml: two controllers");
    has(79, "the test manifest names a script");
}

fn report() -> Option<ReportDocument> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.join("shared/corpus");
    let root: PathBuf = shared.join("atlas-0.2.0");
    let rendered = Tree::open(&shared.join("atlas-0.2.0-rendered")).ok()?;
    let mut context = Context::at("2026-11-23T09:00:00Z".parse().unwrap());
    context.rendered = Some(Rendered::given(rendered, "rendered"));
    Some(judge_with(Area::K8s, &root, &context).to_document())
}
