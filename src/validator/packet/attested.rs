//! Signed evidence from elsewhere: who signed it, what it is about, and what it says.

use std::collections::{BTreeMap, BTreeSet};

use super::Contents;
use super::named::{Named, Things};
use super::summary::judge_summary;
use crate::digest::Digest;
use crate::document::Node;
use crate::finding::rules::{packet as rules, trust as trust_rules};
use crate::finding::{Finding, Location, Report};
use crate::packet::{EvidenceItem, EvidenceKind, ReleaseManifest};
use crate::path::RelPath;
use crate::provenance::ForeignStatement;
use crate::provenance::predicates::{
    self, NPM_PUBLISH, RELEASE, TEST_RESULT, VERIFICATION_SUMMARY,
};
use crate::time::Timestamp;
use crate::trust::{
    self, Attestation, PairedVerifier, Payload, Refusal, RoleName, Speaker, TrustRoot, Verified,
};

/// Signed evidence that holds.
pub(super) struct Attested {
    /// The roles in which enough people have signed it.
    pub(super) roles: BTreeSet<RoleName>,
    /// What kind of statement it is.
    pub(super) predicate_type: String,
    /// The artifacts that it is about, by their number in the manifest.
    pub(super) artifacts: BTreeSet<usize>,
    /// The evidence in the packet that it is about.
    pub(super) evidence: BTreeSet<Digest>,
}

/// What every piece of signed evidence is judged with.
struct Bench<'a> {
    contents: &'a Contents,
    root: &'a TrustRoot,
    things: Things<'a>,
    /// The roles that the policy asks for by name.
    asked: BTreeSet<RoleName>,
}

/// Judges every piece of signed evidence. What somebody unknown has signed is collected as it is
/// and counts for nothing; what somebody trusted has signed must hold.
pub(super) fn judge_attestations(
    contents: &Contents,
    packet: &str,
    root: &TrustRoot,
    things: Things<'_>,
    report: &mut Report,
) -> BTreeMap<RelPath, Attested> {
    let policy = root.policy();
    let by_kind = policy.evidence.iter().filter_map(|required| required.role);
    let by_type = policy.attestations.required.iter().filter_map(|required| required.role);
    let asked = by_kind.chain(by_type).collect();
    let mut bench = Bench { contents, root, things, asked };
    let mut attested = BTreeMap::new();
    for item in &contents.manifest.evidence {
        let Some(seen) = contents.evidence.get(&item.path) else { continue };
        if item.kind != EvidenceKind::Attestation {
            continue;
        }
        let subject = item.path.as_str();
        match bench.judge(item, &seen.bytes, report) {
            Answer::Holds(found, detail) => {
                report.passed("evidence", subject, detail);
                attested.insert(item.path.clone(), found);
            }
            Answer::CountsForNothing(why) => report.skipped("evidence", subject, why),
            Answer::Refused(refusal) => {
                let location = Location::member(packet, subject);
                report.failed("evidence", subject, refusal.at(location));
            }
        }
    }
    attested
}

enum Answer {
    Holds(Attested, String),
    CountsForNothing(String),
    Refused(Refusal),
}

impl<'a> Bench<'a> {
    fn judge(&mut self, item: &EvidenceItem, bytes: &[u8], report: &Report) -> Answer {
        let now = report.judged_at();
        let attestation = match Attestation::parse(bytes) {
            Ok(attestation) => attestation,
            Err(refusal) => return Answer::CountsForNothing(refusal.message),
        };
        let (opened, roles, pairs) = match self.open(&attestation, item, report) {
            Ok(opened) => opened,
            Err(refusal) => return Answer::CountsForNothing(refusal.message),
        };
        let aliases = &self.root.policy().attestations.predicate_aliases;
        let statement = match ForeignStatement::parse(opened.value(), aliases) {
            Ok(statement) => statement,
            Err(error) => return Answer::Refused(error.into()),
        };
        let named = match self.about(&statement) {
            Ok(Some(named)) => named,
            Ok(None) => {
                let why = "about something that went into the build, not about an artifact";
                return Answer::CountsForNothing(why.to_owned());
            }
            Err(answer) => return *answer,
        };
        let takes_summaries = !self.root.policy().attestations.verifiers.is_empty();
        let judged = if statement.predicate_type == VERIFICATION_SUMMARY {
            if !takes_summaries {
                let why = "a verification summary, and the policy takes none";
                return Answer::CountsForNothing(why.to_owned());
            }
            self.judge_summary(&opened, &pairs, now)
        } else if roles.is_empty() {
            let why = "signed for a verifier, and no verification summary";
            return Answer::CountsForNothing(why.to_owned());
        } else {
            judge_predicate(&statement, &self.contents.manifest, self.root)
        };
        if let Err(refusal) = judged {
            return Answer::Refused(refusal);
        }
        let people: BTreeSet<String> =
            opened.signers().iter().map(|one| one.owner.escape_debug().to_string()).collect();
        let people: Vec<String> = people.into_iter().collect();
        let predicate_type = statement.predicate_type;
        let detail = format!("{} signed by {}", predicate_type.escape_debug(), people.join(", "));
        let Named { artifacts, evidence, .. } = named;
        Answer::Holds(Attested { roles, predicate_type, artifacts, evidence }, detail)
    }

    /// Opens an attestation in every role that could be asked for, and for every verifier.
    fn open(
        &self,
        attestation: &Attestation,
        item: &EvidenceItem,
        report: &Report,
    ) -> Result<(Verified<Payload>, BTreeSet<RoleName>, Vec<&'a PairedVerifier>), Refusal> {
        let now = report.judged_at();
        let own = self.root.evidence_role(item.area);
        let (mut found, mut roles, mut pairs) = (None, BTreeSet::new(), Vec::new());
        let mut first = None;
        for role in std::iter::once(own).chain(self.asked.iter().copied()) {
            match trust::open_attestation(attestation, Speaker::Role(role), self.root, now) {
                Ok(opened) => {
                    found = found.or(Some(opened));
                    roles.insert(role);
                }
                Err(refusal) => first = first.or(Some(refusal)),
            }
        }
        for pair in &self.root.policy().attestations.verifiers {
            let speaker = Speaker::Verifier(pair);
            if let Ok(opened) = trust::open_attestation(attestation, speaker, self.root, now) {
                found = found.or(Some(opened));
                pairs.push(pair);
            }
        }
        match (found, first) {
            (Some(opened), _) => Ok((opened, roles, pairs)),
            (None, Some(refusal)) => Err(refusal),
            (None, None) => unreachable!("the role of the area was tried"),
        }
    }

    /// Tells what a statement is about; nothing for what only went into the build.
    fn about(&mut self, statement: &ForeignStatement) -> Result<Option<Named>, Box<Answer>> {
        let named = self.things.named_by(statement);
        if !named.artifacts.is_empty() || named.commit || !named.evidence.is_empty() {
            return Ok(Some(named));
        }
        if let Some(name) = named.unchecked {
            let why = format!("states a {name} that only the artifact can show; give --artifacts");
            return Err(Box::new(Answer::CountsForNothing(why)));
        }
        if named.dependency {
            return Ok(None);
        }
        let message = "it speaks about no artifact of this release".to_owned();
        let refusal = Refusal { rule: &trust_rules::SUBJECT_MISMATCH, message };
        Err(Box::new(Answer::Refused(refusal)))
    }

    /// A summary holds for one of the verifiers that its signer is paired with.
    fn judge_summary(
        &self,
        opened: &Verified<Payload>,
        pairs: &[&PairedVerifier],
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let message = "the verification summary is not taken: nobody who is paired with a \
                       verifier has signed it";
        let nobody =
            Refusal { rule: &trust_rules::SUMMARY_NOT_ACCEPTED, message: message.to_owned() };
        let mut judged = Err(nobody);
        for pair in pairs {
            judged = judge_summary(opened, pair, self.contents, self.root, now);
            if judged.is_ok() {
                break;
            }
        }
        judged
    }
}

/// Judges what a statement says, where its predicate is one whose answer is known here.
fn judge_predicate(
    statement: &ForeignStatement,
    manifest: &ReleaseManifest,
    root: &TrustRoot,
) -> Result<(), Refusal> {
    let text = |key: &str| statement.text(key).unwrap_or_default();
    let kind = statement.predicate_type.as_str();
    // A signature says who made a test result, and only its content what came of the test.
    if kind == TEST_RESULT && text("result") == "FAILED" {
        let message = "the signed test result is FAILED".to_owned();
        return Err(Refusal { rule: &rules::EVIDENCE_NOT_PASSED, message });
    }
    if RELEASE.contains(&kind) {
        let (name, version) = predicates::purl(text("purl")).unwrap_or_default();
        return hold_package(name, version, manifest);
    }
    if kind == NPM_PUBLISH {
        return hold_package(text("name"), text("version"), manifest);
    }
    let builder = match kind {
        "https://slsa.dev/provenance/v1" => statement.predicate.pointer("/runDetails/builder/id"),
        "https://slsa.dev/provenance/v0.2" => statement.predicate.pointer("/builder/id"),
        _ => return Ok(()),
    };
    let builder = builder.and_then(Node::as_str).unwrap_or_default();
    if root.policy().builders.iter().any(|allowed| allowed == builder) {
        return Ok(());
    }
    let message = format!("the policy does not list the builder `{}`", builder.escape_debug());
    Err(Refusal { rule: &trust_rules::BUILDER_NOT_ALLOWED, message })
}

/// A publish attestation is for one package in one version: another one's says nothing here.
fn hold_package(name: &str, version: &str, manifest: &ReleaseManifest) -> Result<(), Refusal> {
    let own = manifest.version.to_string();
    // In a package URL `+` stands percent-encoded.
    let version = version.replace("%2B", "+").replace("%2b", "+");
    if name == manifest.product && version == own {
        return Ok(());
    }
    let message = format!(
        "published as `{}` in version `{}`; this release is `{}` in version `{own}`",
        name.escape_debug(),
        version.escape_debug(),
        manifest.product
    );
    Err(Refusal { rule: &rules::CROSS_DOCUMENT_MISMATCH, message })
}

/// Holds the signed evidence against what the policy asks for by predicate.
pub(super) fn judge_required(
    contents: &Contents,
    packet: &str,
    root: &TrustRoot,
    attested: &BTreeMap<RelPath, Attested>,
    report: &mut Report,
) {
    let manifest = &contents.manifest;
    for required in &root.policy().attestations.required {
        let label = required.predicate_type.as_str();
        let is_summary = label == VERIFICATION_SUMMARY;
        let counting: Vec<&Attested> = manifest
            .evidence
            .iter()
            .filter_map(|item| Some((item, attested.get(&item.path)?)))
            .filter(|(item, found)| {
                let role = required.role.unwrap_or_else(|| root.evidence_role(item.area));
                // Who signs for a verifier is told by its pair, and no role.
                found.predicate_type == label && (is_summary || found.roles.contains(&role))
            })
            .map(|(_, found)| found)
            .collect();
        let location = Location::member(packet, ReleaseManifest::MEMBER).pointing("/evidence");
        if counting.is_empty() {
            let message =
                format!("the policy asks for `{label}`, and the packet holds none that counts");
            let finding = Finding::new(&rules::EVIDENCE_MISSING, location, message);
            report.failed("required-attestation", label, finding);
            continue;
        }
        let covered: BTreeSet<usize> =
            counting.iter().flat_map(|found| found.artifacts.iter().copied()).collect();
        let mut whole = true;
        for (index, artifact) in manifest.artifacts.iter().enumerate() {
            if required.every_artifact && !covered.contains(&index) {
                whole = false;
                let message = format!("no `{label}` that counts is about `{}`", artifact.path);
                let finding =
                    Finding::new(&trust_rules::SUBJECT_MISMATCH, location.clone(), message)
                        .actual(artifact.sha256);
                report.failed("required-attestation", artifact.path.as_str(), finding);
            }
        }
        if whole {
            let detail = format!("{} that count", counting.len());
            report.passed("required-attestation", label, detail);
        }
    }
}
