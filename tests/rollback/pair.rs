//! A pair of releases that is ready: the example's own facts, and everything that must come after.

use std::collections::{BTreeMap, BTreeSet};

use countersign::finding::{Area, InputDocument};
use countersign::packet::ReleaseManifest;
use countersign::provenance::{
    Action, Approval, DrillInvariant, DrillRequests, DrillStep, PAYLOAD_TYPE, RollbackDrill,
    TestOutcome,
};
use countersign::tree::Tree;
use countersign::trust::root::TrustRootDocument;
use countersign::trust::{
    Algorithm, Bundle, Content, Key, KeyState, PrivateKey, Role, RoleName, Signer, TrustRoot,
};
use countersign::validator::rollback::{
    ClusterState, Components, Evidence, Plan, Question, Refused, Restore, Retrieval, RetrievedItem,
    RollbackFacts, Scan, ScanFinding, Side, Sourced, WithdrawnList, WithdrawnRelease,
};
use countersign::validator::vex::Rating;
use countersign::validator::{Context, derive};
use countersign::{Digest, Timestamp};

use crate::specimen;

pub(super) const NOW: &str = "2026-11-24T09:00:00Z";

pub(super) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

/// Everything that a question borrows from.
pub(super) struct Pair {
    people: Vec<(&'static str, PrivateKey)>,
    root: TrustRoot,
    facts: RollbackFacts,
    manifest: ReleaseManifest,
}

impl Pair {
    pub(super) fn new() -> Self {
        let people: Vec<(&str, PrivateKey)> = ["alice", "bob", "carol"]
            .into_iter()
            .map(|name| (name, PrivateKey::generate(Algorithm::Ed25519).unwrap()))
            .collect();
        let tree = Tree::open(&specimen::root()).unwrap();
        let derived = derive(Area::Rollback, &tree, &Context::at(time(NOW)));
        let facts = RollbackFacts::parse(&derived[0].bytes).unwrap();
        let members = crate::forgery::members_of(&specimen::specimen().files[specimen::PACKET]);
        let manifest = crate::forgery::manifest_of(&members);
        let root = TrustRoot::open(&trust(&people), time(NOW)).unwrap();
        Self { root, people, facts, manifest }
    }

    pub(super) fn question(&self) -> Question<'_> {
        let target = self.target();
        Question {
            direction: countersign::finding::Direction::Rollback,
            candidate: self.candidate(&target),
            evidence: self.evidence(&target),
            target,
            environment: Some("prod".to_owned()),
            requester: Some("carol".to_owned()),
            root: &self.root,
            now: time(NOW),
        }
    }

    fn side(&self, manifest: ReleaseManifest, packet: Digest) -> Side {
        let signer = Signer {
            owner: "alice".to_owned(),
            key_id: self.people[0].1.public().id(),
            algorithm: Algorithm::Ed25519,
            times: Vec::new(),
            entries: Vec::new(),
        };
        let passed = |area| (area, (TestOutcome::Passed, digest("result")));
        Side {
            manifest,
            packet,
            refusals: Vec::new(),
            counted_then: Some(true),
            signers: vec![signer],
            at_hand: BTreeSet::new(),
            facts: Some((self.facts.clone(), digest("facts"))),
            results: Area::GOVERNED.map(passed).into(),
            components: Components {
                digests: [digest("component")].into(),
                packages: ["pkg:deb/debian/openssl@3.0.1".to_owned()].into(),
            },
        }
    }

    fn target(&self) -> Side {
        let mut manifest = self.manifest.clone();
        manifest.version = "0.2.0".parse().unwrap();
        manifest.sequence = 1;
        manifest.previous = None;
        manifest.issued_at = time("2026-11-02T09:00:00Z");
        self.side(manifest, digest("packet of 0.2.0"))
    }

    fn candidate(&self, target: &Side) -> Side {
        let mut manifest = self.manifest.clone();
        manifest.sequence = 2;
        manifest.issued_at = time("2026-11-23T09:00:00Z");
        manifest.previous = Some(countersign::packet::Previous {
            version: target.manifest.version.clone(),
            sequence: 1,
            sha256: target.packet,
        });
        self.side(manifest, digest("packet of 0.3.0"))
    }

    fn evidence(&self, target: &Side) -> Evidence {
        let mut evidence = Evidence::default();
        let artifacts =
            target.manifest.artifacts.iter().map(|one| (one.path.to_string(), one.sha256));
        let images = self.facts.images().map(|image| {
            let (name, hex) = image.rsplit_once("@sha256:").unwrap();
            (name.to_owned(), hex.parse().unwrap())
        });
        let items = artifacts.chain(images).collect::<BTreeMap<_, Digest>>();
        let item = |(name, digest): (&String, &Digest)| RetrievedItem {
            name: name.clone(),
            kind: "artifact".to_owned(),
            expected_digest: format!("sha256:{digest}"),
            retrieved_digest: format!("sha256:{digest}"),
            size_bytes: 1,
            location: "registry.lantern.example".to_owned(),
        };
        for release in [&target.manifest.version, &self.manifest.version] {
            evidence.retrievals.push(sourced(
                "retrieval.json",
                Retrieval {
                    schema_version: 1,
                    checked_at: time("2026-11-23T12:00:00Z"),
                    release: release.clone(),
                    items: items.iter().map(item).collect(),
                },
            ));
        }
        evidence.withdrawn.push(sourced(
            "withdrawn.json",
            WithdrawnList {
                schema: WithdrawnList::SCHEMA.to_owned(),
                product: "lantern".to_owned(),
                issued_at: time("2026-11-24T00:00:00Z"),
                expires_at: time("2026-11-26T00:00:00Z"),
                releases: Vec::new(),
            },
        ));
        evidence.clusters.push(sourced(
            "cluster.json",
            ClusterState {
                schema: ClusterState::SCHEMA.to_owned(),
                environment: "prod".to_owned(),
                observed_at: time("2026-11-24T08:00:00Z"),
                expires_at: time("2026-11-25T08:00:00Z"),
                kubernetes_version: "1.31.4".parse().unwrap(),
                stored_versions: BTreeMap::new(),
                objects: BTreeSet::new(),
            },
        ));
        for side in [target.packet, digest("packet of 0.3.0")] {
            evidence.scans.push(sourced(
                "scan.json",
                Scan {
                    schema: Scan::SCHEMA.to_owned(),
                    packet_sha256: side,
                    scanned_at: time("2026-11-24T00:00:00Z"),
                    critical: 0,
                    high: 0,
                    findings: Vec::new(),
                },
            ));
        }
        let followed = self.facts.runbook_sha256;
        let drilled = |profile| sourced(profile, drill(profile, followed));
        evidence.drills = ["ci", "prod"].map(drilled).into();
        evidence.approvals = self.approvals(Action::Rollback);
        evidence
    }

    pub(super) fn approvals(&self, action: Action) -> Vec<Bundle> {
        let approval = |requester: &str| Approval {
            action,
            environment: "prod".to_owned(),
            requester: requester.to_owned(),
            reason: "sessions are lost".to_owned(),
            approved_at: time("2026-11-24T08:30:00Z"),
            expires_at: time("2026-11-24T15:00:00Z"),
        };
        let pair = (digest("packet of 0.3.0"), digest("packet of 0.2.0"));
        self.people[..2]
            .iter()
            .zip(["carol", ""])
            .map(|((_, key), requester)| {
                let payload = approval(requester).over(pair.0, pair.1).to_bytes();
                Bundle::sign_payload(PAYLOAD_TYPE, payload, key).unwrap()
            })
            .collect()
    }
}

fn sourced<T>(name: &str, value: T) -> Sourced<T> {
    let input = InputDocument { name: name.to_owned(), sha256: digest(name) };
    Sourced { input, value }
}

fn drill(profile: &str, followed: Option<Digest>) -> RollbackDrill {
    RollbackDrill {
        scenario: "rollback-after-successful-upgrade".to_owned(),
        profile: profile.to_owned(),
        environment: "prod".to_owned(),
        operator: "operations@lantern.example".to_owned(),
        simulated: false,
        started_at: time("2026-11-24T01:00:00Z"),
        decided_at: time("2026-11-24T01:10:00Z"),
        restored_at: Some(time("2026-11-24T01:11:34Z")),
        finished_at: time("2026-11-24T01:20:00Z"),
        steps: vec![DrillStep { name: "rollback".to_owned(), done: true }],
        requests: DrillRequests { sent: 1600, failed: 0 },
        invariants: vec![DrillInvariant {
            name: "answers".to_owned(),
            before_sha256: digest("answers"),
            after_sha256: digest("answers"),
        }],
        runbook_sha256: followed,
        logs: BTreeMap::new(),
    }
}

/// All three approve; two must.
fn trust(people: &[(&'static str, PrivateKey)]) -> Vec<u8> {
    let from = time("2026-01-01T00:00:00Z");
    let keys = people.iter().map(|(owner, key)| {
        let (public_key, owner) = (key.public().clone(), (*owner).to_owned());
        (public_key.id(), Key { public_key, owner, state: KeyState::Active { from } })
    });
    let ids: Vec<_> = people.iter().map(|(_, key)| key.public().id()).collect();
    let role = Role { keys: ids, identities: Vec::new(), threshold: 2 };
    let specimen = specimen::specimen();
    let mut bytes = Vec::new();
    specimen::trust_with(&specimen.keys, |document: &mut TrustRootDocument| {
        let mut document = document.clone();
        document.keys = keys.collect();
        document.roles = [RoleName::Root, RoleName::Release, RoleName::RollbackApprover]
            .map(|name| (name, role.clone()))
            .into();
        document.issued_at = from;
        let signers: Vec<&PrivateKey> = people.iter().map(|(_, key)| key).collect();
        bytes = TrustRoot::seal(&document, &signers).unwrap();
    });
    bytes
}

pub(super) fn facts<'a>(question: &'a mut Question<'_>) -> &'a mut RollbackFacts {
    &mut question.candidate.facts.as_mut().unwrap().0
}

pub(super) fn plan<'a>(question: &'a mut Question<'_>) -> &'a mut Plan {
    facts(question).plan.as_mut().unwrap()
}

pub(super) fn refused(by_trust: bool) -> Refused {
    let area = if by_trust { Area::Trust } else { Area::Packet };
    Refused { area, code: "CS-PACKET-005", message: "a member differs".to_owned() }
}

pub(super) fn withdrawn() -> WithdrawnRelease {
    let reason = "loses data".to_owned();
    WithdrawnRelease { version: "0.2.0".parse().unwrap(), sha256: None, reason }
}

/// The newest scan of the target finds a vulnerability of a component.
pub(super) fn found(question: &mut Question<'_>, id: &str, severity: Rating) {
    question.evidence.scans[0].value.findings.push(ScanFinding {
        id: id.to_owned(),
        severity,
        component: Some("pkg:deb/debian/openssl@3.0.1?arch=amd64".to_owned()),
        found_in: None,
    });
}

/// Somebody in the right role says something about a vulnerability of a product, in OpenVEX.
pub(super) fn said(question: &mut Question<'_>, product: &str, rest: &str) {
    let text = format!(
        r#"{{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://lantern.example/vex",
        "author": "security", "timestamp": "2026-11-24T06:00:00Z", "version": 1,
        "statements": [{{"vulnerability": {{"name": "CVE-2026-1"}}, "products": [{product}], {rest}}}]}}"#
    );
    let count = question.evidence.vex.len();
    question.evidence.add(&format!("vex-{count}.json"), text.as_bytes()).unwrap();
}

/// The target by the digest of its packet.
pub(super) fn target_product() -> String {
    let packet = digest("packet of 0.2.0");
    format!(r#"{{"@id": "pkg:generic/lantern@0.2.0", "hashes": {{"sha-256": "{packet}"}}}}"#)
}

/// A migration of the candidate.
pub(super) fn migration(question: &mut Question<'_>, kind: &str, reversible: bool) {
    let text = format!(
        r#"{{"id": "m", "introduced_in": "0.3.0", "kind": "{kind}", "reversible": {reversible}}}"#
    );
    let migration = countersign::json::parse(text.as_bytes(), countersign::json::Limits::DOCUMENT);
    plan(question).migrations.push(migration.unwrap());
}

/// A migration with SQL, as the tree's would be taken.
pub(super) fn sql(question: &mut Question<'_>, script: &str) {
    migration(question, "expand", true);
    plan(question).migrations[0].file = Some("ops/rollback/m.sql".to_owned());
    let statements = countersign::validator::rollback::classify(script);
    facts(question).migrations.insert("m".to_owned(), statements);
}

/// A backup that was restored and verified, within the plan's objectives.
pub(super) fn restored(question: &mut Question<'_>) {
    let backups = &mut plan(question).backups;
    backups.recovery_point_seconds.get_or_insert(60);
    backups.recovery_time_seconds.get_or_insert(3600);
    question.evidence.restores.push(sourced(
        "restore.json",
        Restore {
            schema: Restore::SCHEMA.to_owned(),
            release: "0.3.0".parse().unwrap(),
            taken_at: time("2026-11-23T00:00:00Z"),
            restored_at: time("2026-11-23T06:00:00Z"),
            verified: true,
            simulated: false,
            lost_seconds: 0,
            restore_seconds: 600,
        },
    ));
}

/// The first object of a kind in `prod`.
pub(super) fn object<'a>(
    side: &'a mut Side,
    kind: &str,
) -> &'a mut countersign::validator::rollback::ObjectFacts {
    let objects = side.facts.as_mut().unwrap().0.profiles.get_mut("prod").unwrap();
    objects.iter_mut().find(|object| object.kind == kind).unwrap()
}

fn definition(side: &mut Side, served: &str) {
    let mut defined = object(side, "ConfigMap").clone();
    defined.kind = "CustomResourceDefinition".to_owned();
    defined.api_version = "apiextensions.k8s.io/v1".to_owned();
    defined.name = "lamps.lantern.example".to_owned();
    defined.custom_resource = Some(countersign::validator::rollback::CustomResourceFacts {
        served: [served.to_owned()].into(),
        stored: served.to_owned(),
    });
    side.facts.as_mut().unwrap().0.profiles.get_mut("prod").unwrap().push(defined);
}

/// Both define a resource; the target serves one version, and another one is stored.
pub(super) fn custom_resource(question: &mut Question<'_>, served: &str, stored: &str) {
    definition(&mut question.target, served);
    definition(&mut question.candidate, served);
    let versions = [(stored.to_owned())].into();
    let state = &mut question.evidence.clusters[0].value;
    state.stored_versions.insert("lamps.lantern.example".to_owned(), versions);
}

/// Only the candidate defines a resource.
pub(super) fn deleted_definition(question: &mut Question<'_>) {
    definition(&mut question.candidate, "v1");
}

/// An analysis of the candidate.
pub(super) fn analysis(question: &mut Question<'_>, query: &str, failure_limit: Option<u64>) {
    let analysis = countersign::validator::rollback::AnalysisFacts {
        name: "errors".to_owned(),
        query: query.to_owned(),
        failure_limit,
        passes_without_data: false,
        least_seconds: None,
    };
    object(&mut question.candidate, "Deployment").analysis.push(analysis);
}

pub(super) fn failed(question: &mut Question<'_>, area: Area) {
    question.target.results.insert(area, (TestOutcome::Failed, digest("result")));
}

/// One of the approvals was used before.
pub(super) fn consume(question: &mut Question<'_>) {
    let Content::Envelope(envelope) = question.evidence.approvals[0].content() else {
        panic!("an approval is a statement")
    };
    question.evidence.consumed.insert(Digest::of(envelope.unverified_payload()));
}

/// The target's packet has no result of an area.
pub(super) fn without(question: &mut Question<'_>, area: Area) {
    question.target.results.remove(&area);
}
