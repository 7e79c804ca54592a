//! Vulnerabilities of a release by what is known today: what a scan found, and what VEX says of it.
//!
//! A statement helps only when a digest binds it to what has the vulnerability and it says why; one
//! that warns is heard also by the name of a package. Of two that speak of the same thing the later one counts, and
//! of two of the same time the worse one.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{Evidence, ScanFinding, Sourced};
use super::question::Side;
use crate::digest::Digest;
use crate::finding::InputDocument;
use crate::packet::evidence::package_of;
use crate::time::Timestamp;
use crate::validator::vex::{Rating, VexDocument, VexProduct, VexStatement, VexStatus};

/// What is open in a release.
#[derive(Debug, Default)]
pub(super) struct Open {
    /// Critical ones.
    pub(super) critical: Vec<String>,
    /// High ones.
    pub(super) high: Vec<String>,
    /// Those of which nobody knows yet whether they count: each with its reason.
    pub(super) undecided: Vec<String>,
    /// How many findings of the scan were settled.
    pub(super) settled: usize,
    /// The documents that were heard.
    pub(super) inputs: BTreeSet<InputDocument>,
}

/// Tells what is open in a release after a scan and everything that is said about it.
pub(super) fn open_in(
    side: &Side,
    findings: &[ScanFinding],
    evidence: &Evidence,
    now: Timestamp,
) -> Open {
    let things = things_of(side);
    let mut heard = Heard { by_name: BTreeMap::new() };
    for document in &evidence.vex {
        heard.listen(document, side, &things, now);
    }
    let mut open = Open::default();
    let (mut seen, mut counted) = (BTreeSet::new(), BTreeSet::new());
    for finding in findings {
        let component = finding.component.as_deref().map(plain);
        if !seen.insert((finding.id.as_str(), component.clone(), finding.found_in)) {
            continue;
        }
        let standing = heard.about(&finding.id, component.as_deref(), finding.found_in);
        open.inputs.extend(standing.iter().map(|standing| standing.input.clone()));
        if standing.is_some_and(|standing| standing.statement.status.settles()) {
            open.settled += 1;
            continue;
        }
        open.count(&finding.id, Some(finding.severity), "");
        counted.insert(finding.id.as_str());
    }
    heard.only_said(&counted, &mut open);
    open
}

/// What a digest can name of a release beside its packet: its artifacts, the images that it runs.
fn things_of(side: &Side) -> BTreeSet<Digest> {
    let artifacts = side.manifest.artifacts.iter().map(|artifact| artifact.sha256);
    let images = side.facts.iter().flat_map(|(facts, _)| facts.images());
    let images = images.filter_map(|image| image.rsplit_once("@sha256:")?.1.parse::<Digest>().ok());
    artifacts.chain(images).collect()
}

fn plain(component: &str) -> String {
    package_of(component).unwrap_or_else(|| component.to_owned())
}

impl Open {
    fn count(&mut self, name: &str, severity: Option<Rating>, said: &str) {
        let shown = format!("{}{said}", name.escape_debug());
        match severity {
            Some(Rating::Critical) => self.critical.push(shown),
            Some(Rating::High) => self.high.push(shown),
            Some(Rating::Medium | Rating::Low) => {}
            // What nobody has rated is not harmless.
            None => self.undecided.push(format!("{shown} is rated by nobody")),
        }
    }
}

/// How a vulnerability stands for the whole release or for one of its components.
#[derive(Clone, Copy)]
struct Standing<'a> {
    at: Timestamp,
    statement: &'a VexStatement,
    input: &'a InputDocument,
}

impl Standing<'_> {
    /// The later counts more; of two of one time the worse.
    fn weight(&self) -> (Timestamp, VexStatus) {
        (self.at, self.statement.status)
    }
}

/// What a statement is about: the component, nothing for all of them; and the artifact or image,
/// nothing for the whole packet.
type Reach<'a> = (Option<&'a str>, Option<Digest>);

/// Everything that is said about a release, by the vulnerability's name.
struct Heard<'a> {
    by_name: BTreeMap<&'a str, BTreeMap<Reach<'a>, Standing<'a>>>,
}

impl<'a> Heard<'a> {
    fn listen(
        &mut self,
        document: &'a Sourced<VexDocument>,
        side: &Side,
        things: &BTreeSet<Digest>,
        now: Timestamp,
    ) {
        for statement in &document.value.statements {
            let is_past = statement.stated_at.is_some_and(|at| at <= now);
            if statement.status.settles() && !(is_past && statement.reason.is_some()) {
                continue;
            }
            // A warning that does not say how old it is may be of today.
            let at = statement.stated_at.unwrap_or(now);
            let standing = Standing { at, statement, input: &document.input };
            for product in &statement.products {
                if product.digests.contains(&side.packet) {
                    self.hear(product, &[None], standing);
                    continue;
                }
                let bound: Vec<_> =
                    product.digests.intersection(things).map(|it| Some(*it)).collect();
                if !bound.is_empty() {
                    self.hear(product, &bound, standing);
                } else if !statement.status.settles() && is_named(product, side) {
                    self.hear(product, &[None], standing);
                }
            }
        }
    }

    fn hear(&mut self, product: &'a VexProduct, things: &[Option<Digest>], standing: Standing<'a>) {
        let mut parts: Vec<Option<&str>> =
            product.components.iter().map(|part| Some(part.as_str())).collect();
        if parts.is_empty() {
            parts.push(None);
        }
        for name in &standing.statement.vulnerability {
            let of_name = self.by_name.entry(name.as_str()).or_default();
            for reach in parts.iter().flat_map(|part| things.iter().map(|thing| (*part, *thing))) {
                let before = of_name.entry(reach).or_insert(standing);
                if standing.weight() > before.weight() {
                    *before = standing;
                }
            }
        }
    }

    /// How a vulnerability of a component of an artifact stands: by what is said of exactly that,
    /// and of everything around it.
    fn about(&self, name: &str, part: Option<&str>, thing: Option<Digest>) -> Option<Standing<'a>> {
        let of_name = self.by_name.get(name)?;
        let around = [(part, thing), (None, thing), (part, None), (None, None)];
        let said = around.iter().filter_map(|reach| of_name.get(reach));
        said.copied().max_by_key(Standing::weight)
    }

    /// Counts what is said to be open and no scan has counted, each vulnerability once.
    fn only_said(&self, counted: &BTreeSet<&str>, open: &mut Open) {
        let mut told = BTreeSet::new();
        for ((part, thing), standing) in self.by_name.values().flatten() {
            let names = &standing.statement.vulnerability;
            let by_all = names.iter().filter_map(|name| self.about(name, *part, *thing));
            let Some(standing) = by_all.max_by_key(Standing::weight) else { continue };
            let statement = standing.statement;
            let is_counted = names.iter().any(|name| counted.contains(name.as_str()));
            if is_counted || statement.status.settles() || !told.insert(names.first()) {
                continue;
            }
            let name = names.first().map(String::as_str).unwrap_or_default();
            open.inputs.insert(standing.input.clone());
            match (statement.status, statement.rating) {
                (VexStatus::UnderInvestigation, Some(Rating::Medium | Rating::Low)) => {}
                (VexStatus::UnderInvestigation, Some(Rating::High | Rating::Critical) | None) => {
                    open.undecided.push(format!("{} is under investigation", name.escape_debug()));
                }
                (VexStatus::Affected | VexStatus::Fixed | VexStatus::NotAffected, rating) => {
                    open.count(name, rating, " by a VEX statement");
                }
            }
        }
    }
}

/// Whether a thing is the release or one of its components by what they are called. A name does not
/// bind: it warns. Where digests are given they say which thing is meant.
fn is_named(product: &VexProduct, side: &Side) -> bool {
    if !product.digests.is_empty() {
        return !product.digests.is_disjoint(&side.components.digests);
    }
    let own = format!("/{}@{}", side.manifest.product, side.manifest.version);
    product
        .packages
        .iter()
        .any(|package| side.components.packages.contains(package) || package.ends_with(&own))
}
