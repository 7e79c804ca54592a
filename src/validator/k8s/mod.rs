//! The area `k8s`: how it is installed.
//!
//! The chart and its values, the documents that speak of profiles, and what each profile is
//! rendered to: one graph of objects a profile, every object held against the schema of its kind at
//! the oldest and the newest Kubernetes that is supported. Rendering is Helm's; nothing here
//! imitates it.

mod carried;
mod causes;
mod chart;
mod conformance;
mod contract;
mod graph;
mod hooks;
mod images;
mod input;
mod inventory;
mod links;
mod matrix;
mod network;
mod object;
mod pods;
mod previous;
mod quantity;
mod rbac;
mod references;
mod rendered;
mod scaling;
mod schema;
mod suites;
mod toggles;
mod values;
mod version;
mod workloads;

use input::Inputs;

pub(super) use schema::removed_in;

use super::{Context, Derived, Governed, Hygiene};
use crate::finding::rules::k8s as rules;
use crate::finding::{Area, Finding, Location, Report};
use crate::tree::Tree;

/// Where the area's files lie; the first folder must hold some.
pub(super) const FOLDERS: &[&str] = &["ops/k8s"];

const HYGIENE: Hygiene = Hygiene {
    unreadable: &rules::INPUT_UNREADABLE,
    malformed: &rules::DOCUMENT_MALFORMED,
    ambiguous: &rules::SCALAR_AMBIGUOUS,
};

/// The rules, in the order in which they run.
const RULES: &[fn(&Inputs, &Context, &mut Report)] = &[
    matrix::renders,
    matrix::named_files,
    matrix::one_set,
    matrix::one_word,
    matrix::scenarios,
    suites::suites,
    suites::scripts,
    inventory::twice,
    inventory::committed,
    inventory::rendered_again,
    schema::objects_follow,
    workloads::shared_selectors,
    workloads::selector_matches,
    workloads::update_progresses,
    workloads::progress_deadline,
    workloads::probes,
    links::services,
    links::ingresses,
    network::ingress_admitted,
    links::selecting,
    links::monitors,
    references::references,
    network::isolation,
    network::open_policies,
    scaling::autoscalers,
    scaling::disruption_budgets,
    scaling::ceilings,
    images::pinned,
    images::placeholders,
    images::one_digest,
    pods::hardening,
    pods::privileged,
    pods::resources,
    pods::classes,
    values::values_schema,
    values::schema_closed,
    values::values_read,
    chart::chart_file,
    chart::chart_version,
    toggles::demanded,
    toggles::rendered_settings,
    toggles::switches,
    toggles::modes,
    toggles::lost_numbers,
    contract::profiles_keep,
    contract::security,
    rbac::roles,
    hooks::jobs,
    hooks::order,
    hooks::rollback,
    previous::immutable,
];

/// Judges the area.
pub(super) fn check(tree: &Tree, context: &Context, report: &mut Report) {
    let home = FOLDERS[0];
    let governed = Governed::read_except(tree, FOLDERS, Some(rendered::FOLDER), HYGIENE, report);
    let inputs = Inputs::gather(tree, &governed, context, report);
    if governed.files.is_empty() && inputs.renders.is_none() {
        let message = format!("`{home}` holds no file; the area cannot be judged");
        report.push(Finding::new(&rules::INPUT_UNREADABLE, Location::named(home), message));
        report.not_evaluated(Area::K8s, format!("`{home}` holds no file"));
        return;
    }
    for rule in RULES {
        rule(&inputs, context, report);
    }
    causes::group(report);
    let rendered: usize = inputs.renders().map(|render| render.objects.len()).sum();
    if governed.complete {
        let files = governed.documents.len() + inputs.renders().count();
        let objects = governed.objects() + rendered;
        report.evaluated(Area::K8s, files, objects, governed.other, rules::RULES.len());
    } else {
        report.not_evaluated(Area::K8s, "some of its files could not be read");
    }
}

/// What a renderer is asked for: one chart with the values of each profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The chart's folder, relative to the root.
    pub chart: String,
    /// The release's name.
    pub name: String,
    /// The release's namespace.
    pub namespace: String,
    /// The profiles of the install matrix, each with its file of values.
    pub profiles: Vec<(String, String)>,
}

impl Plan {
    /// Reads the plan of a tree; nothing when the tree has no chart, or several, or no matrix.
    #[must_use]
    pub fn of(tree: &Tree, context: &Context) -> Option<Self> {
        let mut unread = Report::new("plan", context.now, true);
        let governed =
            Governed::read_except(tree, FOLDERS, Some(rendered::FOLDER), HYGIENE, &mut unread);
        let inputs = Inputs::gather(tree, &governed, context, &mut unread);
        let [chart] = inputs.charts.as_slice() else { return None };
        let matrix = inputs.document(input::MATRIX)?;
        let stated = |key: &str| matrix.root.pointer(key)?.as_str().map(str::to_owned);
        let name = stated("/release/name").or_else(|| chart.text("name").map(str::to_owned))?;
        let namespace = stated("/release/namespace").unwrap_or_else(|| name.clone());
        let mut profiles = Vec::new();
        for profile in inputs.profiles().iter().filter(|profile| profile.matrix.is_some()) {
            let values = profile.values?;
            profiles.push((profile.name.to_owned(), values.location.path.clone()));
        }
        Some(Self { chart: chart.folder.clone(), name, namespace, profiles })
    }
}

/// Derives the area's documents: the inventory of what was rendered, and what became of it.
pub(super) fn derive(tree: &Tree, context: &Context) -> Vec<Derived> {
    let mut report = Report::new("derive", context.now, true);
    let governed =
        Governed::read_except(tree, FOLDERS, Some(rendered::FOLDER), HYGIENE, &mut report);
    let inputs = Inputs::gather(tree, &governed, context, &mut report);
    let Some(renders) = &inputs.renders else { return Vec::new() };
    for rule in RULES {
        rule(&inputs, context, &mut report);
    }
    let inventory = crate::json::to_bytes(&inventory::Inventory::of(renders));
    let conformance = crate::json::to_bytes(&conformance::Conformance::of(&inputs, &report));
    vec![
        Derived { name: "conformance-report.json".to_owned(), bytes: conformance },
        Derived { name: "rendered-inventory.json".to_owned(), bytes: inventory },
    ]
}
