//! The question: two verified packets, what came after them, and the time.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::Evidence;
use super::facts::{ObjectFacts, Plan, RollbackFacts};
use crate::digest::Digest;
use crate::finding::{Area, Direction, InputDocument, ReleaseDocument, Status};
use crate::packet::ReleaseManifest;
use crate::provenance::TestOutcome;
use crate::time::Timestamp;
use crate::trust::{Signer, TrustRoot};

/// Whether one release is a safe place to go to from another.
pub struct Question<'a> {
    /// Which way.
    pub direction: Direction,
    /// The newer release.
    pub candidate: Side,
    /// The older release.
    pub target: Side,
    /// What came after both.
    pub evidence: Evidence,
    /// Where, when it is known.
    pub environment: Option<String>,
    /// Who asks, when it is known.
    pub requester: Option<String>,
    /// Today's trust root.
    pub root: &'a TrustRoot,
    /// The time to judge as of.
    pub now: Timestamp,
}

/// One release of the pair.
#[derive(Debug)]
pub struct Side {
    /// Its manifest.
    pub manifest: ReleaseManifest,
    /// The digest of its packet.
    pub packet: Digest,
    /// What verification refuses today: each with its code.
    pub refusals: Vec<Refused>,
    /// Whether its signatures counted when it was made; nothing when that cannot be told.
    pub counted_then: Option<bool>,
    /// Who sealed it.
    pub signers: Vec<Signer>,
    /// The artifacts that were given with it and have their digests.
    pub at_hand: BTreeSet<Digest>,
    /// What it says about being left, with the digest of the document.
    pub facts: Option<(RollbackFacts, Digest)>,
    /// How each area's validator judged it, with the digest of the statement.
    pub results: BTreeMap<Area, (TestOutcome, Digest)>,
    /// What its bills of materials list.
    pub components: Components,
}

/// What bills of materials list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Components {
    /// Every digest that they name.
    pub digests: BTreeSet<Digest>,
    /// Every package, without the qualifiers of its URL.
    pub packages: BTreeSet<String>,
}

/// What verification refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The area of the rule.
    pub area: Area,
    /// The rule's code.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
}

/// What came of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What came of it.
    pub status: Status,
    /// What was seen, in one line.
    pub detail: String,
    /// What it was judged from.
    pub inputs: Vec<InputDocument>,
    /// Until when it stands.
    pub until: Option<Timestamp>,
}

impl Answer {
    /// It holds.
    pub fn holds(detail: impl Into<String>) -> Self {
        Self::new(Status::Holds, detail)
    }

    /// It does not hold.
    pub fn fails(detail: impl Into<String>) -> Self {
        Self::new(Status::Fails, detail)
    }

    /// What it needs is missing.
    pub fn unknown(detail: impl Into<String>) -> Self {
        Self::new(Status::Unknown, detail)
    }

    /// There is nothing to judge, and the inputs say so.
    pub fn not_applicable(detail: impl Into<String>) -> Self {
        Self::new(Status::NotApplicable, detail)
    }

    fn new(status: Status, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), inputs: Vec::new(), until: None }
    }

    /// Says what it was judged from.
    #[must_use]
    pub fn from<'a>(mut self, inputs: impl IntoIterator<Item = &'a InputDocument>) -> Self {
        self.inputs.extend(inputs.into_iter().cloned());
        self.inputs.sort();
        self.inputs.dedup();
        self
    }

    /// Says until when it stands.
    #[must_use]
    pub fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(self.until.map_or(until, |before| before.min(until)));
        self
    }
}

impl Side {
    /// The packet, as an input.
    #[must_use]
    pub fn input(&self) -> InputDocument {
        InputDocument { name: self.manifest.packet_name(), sha256: self.packet }
    }

    /// The facts, as an input.
    #[must_use]
    pub fn facts_input(&self) -> Vec<InputDocument> {
        let name = format!("{}!evidence/rollback/{}", self.manifest.stem(), RollbackFacts::FILE);
        self.facts
            .iter()
            .map(|(_, sha256)| InputDocument { name: name.clone(), sha256: *sha256 })
            .collect()
    }

    /// How it is named in a report.
    #[must_use]
    pub fn release(&self) -> ReleaseDocument {
        ReleaseDocument {
            product: self.manifest.product.clone(),
            version: self.manifest.version.clone(),
            sha256: self.packet,
        }
    }

    /// The facts, or an answer that says that there are none.
    pub(super) fn known(&self) -> Result<&RollbackFacts, Answer> {
        self.facts.as_ref().map(|(facts, _)| facts).ok_or_else(|| {
            let version = &self.manifest.version;
            Answer::unknown(format!(
                "the packet of {version} carries no `{}`; assemble it from a tree with `ops/rollback`",
                RollbackFacts::FILE
            ))
        })
    }
}

impl Question<'_> {
    /// The candidate's plan for this very step, or an answer that says why there is none.
    pub(super) fn plan(&self) -> Result<&Plan, Answer> {
        let facts = self.candidate.known()?;
        let Some(plan) = &facts.plan else {
            let detail = "the candidate's tree has no `ops/rollback/plan.json` that can be read";
            return Err(Answer::unknown(detail).from(&self.candidate.facts_input()));
        };
        let (from, to) = (&self.candidate.manifest.version, &self.target.manifest.version);
        if (&plan.from_version, &plan.to_version) != (from, to)
            || plan.product != self.candidate.manifest.product
        {
            let (planned_from, planned_to) = (&plan.from_version, &plan.to_version);
            let detail = format!(
                "the candidate's plan is for leaving {planned_from} for {planned_to}, not {from} for {to}"
            );
            return Err(Answer::unknown(detail).from(&self.candidate.facts_input()));
        }
        Ok(plan)
    }

    /// The release that would be installed, and the one that runs.
    pub(super) fn installed_and_running(&self) -> (&Side, &Side) {
        match self.direction {
            Direction::Rollback => (&self.target, &self.candidate),
            Direction::Promote => (&self.candidate, &self.target),
        }
    }

    /// The objects of the candidate in the profiles that count, or why there are none.
    pub(super) fn candidate_objects(&self) -> Result<Vec<(&str, &ObjectFacts)>, Answer> {
        let facts = self.candidate.known()?;
        if facts.profiles.is_empty() {
            let detail = "the candidate's tree has no rendered manifests below `ops/k8s/rendered`";
            return Err(Answer::unknown(detail).from(&self.candidate.facts_input()));
        }
        Ok(facts.objects().collect())
    }

    /// Both packets' facts, as inputs.
    pub(super) fn both_facts(&self) -> Vec<InputDocument> {
        let mut inputs = self.candidate.facts_input();
        inputs.extend(self.target.facts_input());
        inputs
    }
}
