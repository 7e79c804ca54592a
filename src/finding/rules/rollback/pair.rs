//! The rules about a pair of releases: one for each question of `rollback check`.
//!
//! The last two digits of a code are the number of the check. Number 28, approvals, is
//! [`super::super::trust::APPROVAL_MISSING`].

use super::super::{Rule, Weight};
use crate::finding::{Area, Severity};

/// The target is not the released, immediate predecessor that the candidate names by digest.
pub static TARGET_NOT_PREDECESSOR: Rule = Rule {
    code: "CS-ROLLBACK-101",
    slug: "target-not-predecessor",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the target is not the released, immediate predecessor that the candidate names by digest",
    why: "a packet that the candidate does not name was never tried as the way back: it may be another build of the same version",
    remedy: "go back step by step, each time to the packet that the release names as its previous one",
    bad: "`previous` names sha256:41aa..., and the packet that was given is sha256:77e0...5d21",
    good: "the packet whose digest stands in the candidate's `previous`",
};

/// One of the two packets does not verify with today's trust root.
pub static PAIR_NOT_VERIFIED: Rule = Rule {
    code: "CS-ROLLBACK-102",
    slug: "pair-not-verified",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "one of the two packets does not verify with today's trust root",
    why: "what cannot be proven today cannot be installed today, whatever it was when it was released",
    remedy: "run `countersign verify` on the packet and mend what it names, or choose another target",
    bad: "the target's seal does not match its packet",
    good: "`countersign verify` passes for both packets",
};

/// The people who signed one of the packets do not count today as they did when they signed.
pub static SIGNER_NOT_TRUSTED_NOW: Rule = Rule {
    code: "CS-ROLLBACK-103",
    slug: "signer-not-trusted-now",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the people who signed one of the packets do not count today as they did when they signed",
    why: "a key that is in wrong hands since may have signed anything, also what bears an old date",
    remedy: "have the release signed again by people whose keys are in use, after its content was compared with a copy that was kept apart",
    bad: "the release key was revoked a week after the release",
    good: "every signature counts under today's trust root",
};

/// An artifact or image of the target is not proven to be still there, with its digest.
pub static TARGET_NOT_RETRIEVABLE: Rule = Rule {
    code: "CS-ROLLBACK-104",
    slug: "target-not-retrievable",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "an artifact or image of the target is not proven to be still there, with its digest",
    why: "going back ends half-way when the registry has pruned the image",
    remedy: "retrieve every artifact and image of the target by digest, and record and sign what came back",
    bad: "no retrieval report names lantern-0.2.0.tgz",
    good: "a signed retrieval report, not too old, has every digest of the target",
};

/// Earlier releases are kept for less time than the release may be left in.
pub static RETENTION_TOO_SHORT: Rule = Rule {
    code: "CS-ROLLBACK-105",
    slug: "retention-too-short",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "earlier releases are kept for less time than the release may be left in",
    why: "the way back is closed while people still count on it",
    remedy: "keep earlier releases longer than the rollback window, and at least one of them",
    bad: "days_kept 7, window_days 14",
    good: "days_kept 180, window_days 14",
};

/// The target was withdrawn, or has vulnerabilities over budget by what is known today.
pub static TARGET_WITHDRAWN: Rule = Rule {
    code: "CS-ROLLBACK-106",
    slug: "target-withdrawn",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the target was withdrawn, or has vulnerabilities over budget by what is known today",
    why: "going back to a release with a known hole trades one incident for another",
    remedy: "choose another target, or have the vulnerability accepted in a VEX statement or a waiver that ends",
    bad: "the list of withdrawn releases names 0.2.0",
    good: "a signed, current list without the target, and no finding over budget",
};

/// The target is not an older release of the same product on the same channel.
pub static DIRECTION_WRONG: Rule = Rule {
    code: "CS-ROLLBACK-107",
    slug: "direction-wrong",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the target is not an older release of the same product on the same channel",
    why: "going \"back\" to a newer release, to the same one or to another product is no rollback, and none of the evidence is about it",
    remedy: "give the newer packet with --from and the older one with --to",
    bad: "--from 0.2.0 --to 0.3.0",
    good: "--from 0.3.0 --to 0.2.0",
};

/// The step is not declared supported, or no drill has tested it.
pub static COMPATIBILITY_NOT_SUPPORTED: Rule = Rule {
    code: "CS-ROLLBACK-108",
    slug: "compatibility-not-supported",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the step is not declared supported, or no drill has tested it",
    why: "data that the newer release wrote may be unreadable to the older one",
    remedy: "declare the step in the compatibility table and in the release manifest, and try it in a drill",
    bad: "a table without a row from 0.3.0 to 0.2.0",
    good: "a row from 0.3.0 to 0.2.0 with supported true, and a drill that passed",
};

/// A migration between the two releases removes or changes what the target uses, or cannot be judged.
pub static MIGRATION_CONTRACTS: Rule = Rule {
    code: "CS-ROLLBACK-109",
    slug: "migration-contracts",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a migration between the two releases removes or changes what the target uses, or cannot be judged",
    why: "the older release starts on a schema that it does not know, and fails or writes wrong data",
    remedy: "split it: expand in one release, contract in a later one when nobody goes back any more",
    bad: "ALTER TABLE sessions DROP COLUMN token",
    good: "ALTER TABLE sessions ADD COLUMN token_hash text",
};

/// A migration cannot be undone, and there is no restore plan with a restore that was tried.
pub static MIGRATION_IRREVERSIBLE: Rule = Rule {
    code: "CS-ROLLBACK-110",
    slug: "migration-irreversible",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a migration cannot be undone, and there is no restore plan with a restore that was tried",
    why: "what it destroyed comes back from a backup or not at all",
    remedy: "declare it, name its restore plan in the tree, and record a restore that was verified",
    bad: "reversible false, and no restore_plan",
    good: "reversible false, restore_plan ops/rollback/restore.md, and a verified restore",
};

/// A backup is needed, and no restore of one was verified lately, within its objectives.
pub static BACKUP_NOT_PROVEN: Rule = Rule {
    code: "CS-ROLLBACK-111",
    slug: "backup-not-proven",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a backup is needed, and no restore of one was verified lately, within its objectives",
    why: "a backup that nobody has restored is a hope",
    remedy: "restore the newest backup somewhere, verify it, and record and sign how long it took",
    bad: "needed true, and the last restore is a year old",
    good: "a signed restore drill of last week, verified, within both objectives",
};

/// The candidate stores data in a format that the target does not read.
pub static STORED_FORMAT_UNREADABLE: Rule = Rule {
    code: "CS-ROLLBACK-112",
    slug: "stored-format-unreadable",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the candidate stores data in a format that the target does not read",
    why: "the older release starts and cannot read what the newer one left behind",
    remedy: "let the older release read the new format before the newer one writes it",
    bad: "candidate_writes entries/2, previous_reads entries/1",
    good: "candidate_writes entries/1, previous_reads entries/1",
};

/// Caches or queues hold what the target does not read, and are not drained.
pub static MESSAGE_FORMAT_UNREADABLE: Rule = Rule {
    code: "CS-ROLLBACK-113",
    slug: "message-format-unreadable",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "caches or queues hold what the target does not read, and are not drained",
    why: "messages on the way are lost or poison the older release",
    remedy: "drain the queue or flush the cache before going back, or keep the old format",
    bad: "carrier queue, candidate_writes job/2, previous_reads job/1, drained false",
    good: "the same with drained true",
};

/// Clients need at least a newer release than the target.
pub static CLIENTS_DEPEND_ON_CANDIDATE: Rule = Rule {
    code: "CS-ROLLBACK-114",
    slug: "clients-depend-on-candidate",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "clients need at least a newer release than the target",
    why: "they break the moment the older release answers",
    remedy: "move the clients back first, or keep what they need behind a flag that is off",
    bad: "client_minimum 0.3.0, target 0.2.0",
    good: "client_minimum 0.1.0, target 0.2.0",
};

/// Settings of the candidate are unknown to the target and it does not ignore them, or settings it needs are gone.
pub static CONFIGURATION_NOT_IGNORABLE: Rule = Rule {
    code: "CS-ROLLBACK-115",
    slug: "configuration-not-ignorable",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "settings of the candidate are unknown to the target and it does not ignore them, or settings it needs are gone",
    why: "the older release refuses to start with the newer one's configuration",
    remedy: "keep the old settings until the window has ended, and let releases ignore what they do not know",
    bad: "renamed_keys CACHE_TTL",
    good: "no removed or renamed key, and unknown ones are ignored",
};

/// Objects are stored in a version of a custom resource that the target's definition does not serve, or going back deletes the definition.
pub static CUSTOM_RESOURCE_NOT_SERVED: Rule = Rule {
    code: "CS-ROLLBACK-116",
    slug: "custom-resource-not-served",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "objects are stored in a version of a custom resource that the target's definition does not serve, or going back deletes the definition",
    why: "the API server loses or hides every object of that kind",
    remedy: "keep the definition outside of the chart, and serve the stored version until all objects are migrated",
    bad: "stored v2, the target serves v1",
    good: "stored v1, the target serves v1",
};

/// A manifest of the release that would be installed uses an API that the cluster no longer has, or its version is not known.
pub static API_REMOVED_IN_CLUSTER: Rule = Rule {
    code: "CS-ROLLBACK-117",
    slug: "api-removed-in-cluster",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a manifest of the release that would be installed uses an API that the cluster no longer has, or its version is not known",
    why: "the installation stops half-way with `no matches for kind`",
    remedy: "record and sign the cluster's version; where an API is gone, build the older release again with the newer API",
    bad: "policy/v1beta1 on Kubernetes 1.29",
    good: "policy/v1 on Kubernetes 1.29",
};

/// Applying the one release over the other changes a field that the cluster does not let change.
pub static IMMUTABLE_FIELD_CHANGES: Rule = Rule {
    code: "CS-ROLLBACK-118",
    slug: "immutable-field-changes",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "applying the one release over the other changes a field that the cluster does not let change",
    why: "the API server refuses the object, and half of the release is installed",
    remedy: "rename the object, or delete and create it in a step of its own that the runbook describes",
    bad: "the selector of Deployment lantern differs",
    good: "selectors, claims and bindings are the same in both",
};

/// Pods of the release that would be installed need a Secret, ConfigMap, claim or account that is not known to exist.
pub static NEEDED_OBJECT_GONE: Rule = Rule {
    code: "CS-ROLLBACK-119",
    slug: "needed-object-gone",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "pods of the release that would be installed need a Secret, ConfigMap, claim or account that is not known to exist",
    why: "they wait in `CreateContainerConfigError` while the newer ones are gone already",
    remedy: "keep what the older release needs, and record and sign what the cluster holds",
    bad: "Secret/lantern-db was renamed in the candidate",
    good: "everything that the pods need is rendered with them or is in the signed record of the cluster",
};

/// The candidate's workloads cannot be rolled out and back under control.
pub static ROLLOUT_UNCONTROLLED: Rule = Rule {
    code: "CS-ROLLBACK-120",
    slug: "rollout-uncontrolled",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the candidate's workloads cannot be rolled out and back under control",
    why: "a rollout that stops, or without earlier revisions, leaves nothing to go back to",
    remedy: "set a rolling strategy that can move, a progress deadline, and a history of at least two revisions",
    bad: "revisionHistoryLimit: 0",
    good: "revisionHistoryLimit: 10, maxSurge: 1, progressDeadlineSeconds: 300",
};

/// An analysis that breaks off a rollout asks for unknown metrics, never fails, or passes without data.
pub static ABORT_CRITERIA_UNSOUND: Rule = Rule {
    code: "CS-ROLLBACK-121",
    slug: "abort-criteria-unsound",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "an analysis that breaks off a rollout asks for unknown metrics, never fails, or passes without data",
    why: "it lets through the very rollout that it is there to stop",
    remedy: "ask for metrics of the contract, with a finite failure limit, and let no data be a failure",
    bad: "failureLimit: -1, or a metric that nothing exports",
    good: "failureLimit: 2 on http_requests_total",
};

/// No drill left exactly this candidate for exactly this target in each profile that requires one.
pub static ROLLBACK_NOT_DRILLED: Rule = Rule {
    code: "CS-ROLLBACK-122",
    slug: "rollback-not-drilled",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "no drill left exactly this candidate for exactly this target in each profile that requires one",
    why: "a way back that was never gone is not known to be one",
    remedy: "play the scenario in each required profile and sign it with `rollback drill record`",
    bad: "a drill of other packets, or a simulated one",
    good: "a signed drill of these two packets in every required profile",
};

/// The drills of this pair are older than allowed, or older than what was released.
pub static DRILL_TOO_OLD: Rule = Rule {
    code: "CS-ROLLBACK-123",
    slug: "drill-too-old",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the drills of this pair are older than allowed, or older than what was released",
    why: "what was true of another chart, schema or setting is not known of this one",
    remedy: "drill again",
    bad: "a drill of 45 days ago, maximum_drill_age_days 30",
    good: "a drill of last week, after the candidate was assembled",
};

/// A drill of this pair lost data, broke its objective for failed requests, or did not restore the target.
pub static DRILL_FAILED: Rule = Rule {
    code: "CS-ROLLBACK-124",
    slug: "drill-failed",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a drill of this pair lost data, broke its objective for failed requests, or did not restore the target",
    why: "it would do so again, at night",
    remedy: "mend what broke and drill again",
    bad: "before and after digests of `answers` differ",
    good: "every invariant is the same, and no more requests failed than allowed",
};

/// Going back takes longer in the drills than the objective allows.
pub static ROLLBACK_TOO_SLOW: Rule = Rule {
    code: "CS-ROLLBACK-125",
    slug: "rollback-too-slow",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "going back takes longer in the drills than the objective allows",
    why: "the error budget is gone before the older release answers",
    remedy: "make it faster, or change the objective with whoever depends on it",
    bad: "p95 of the drills 412 s, objective 300 s",
    good: "p95 of the drills 103 s, objective 300 s",
};

/// The target's own load evidence does not show that it bears the load.
pub static TARGET_CAPACITY_UNPROVEN: Rule = Rule {
    code: "CS-ROLLBACK-126",
    slug: "target-capacity-unproven",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the target's own load evidence does not show that it bears the load",
    why: "the older release falls over under what the newer one bore",
    remedy: "measure the target under today's load and release the evidence with it",
    bad: "the target's packet has no test result of the area load",
    good: "the target's load test result is PASSED",
};

/// The target's own observability evidence does not hold.
pub static TARGET_NOT_OBSERVABLE: Rule = Rule {
    code: "CS-ROLLBACK-127",
    slug: "target-not-observable",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the target's own observability evidence does not hold",
    why: "after going back nobody would see whether it helped",
    remedy: "mend alerts and dashboards for the older release before going back",
    bad: "the target's observe test result is FAILED",
    good: "the target's observe test result is PASSED",
};

/// The runbook is missing, was edited since it was reviewed or drilled, or nobody is named to call.
pub static RUNBOOK_NOT_PINNED: Rule = Rule {
    code: "CS-ROLLBACK-129",
    slug: "runbook-not-pinned",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the runbook is missing, was edited since it was reviewed or drilled, or nobody is named to call",
    why: "at three in the morning people follow what is written, not what was meant",
    remedy: "review the runbook, pin its digest in the plan, name its owner, and drill with it",
    bad: "the runbook's digest is not the one in the plan",
    good: "the plan pins the digest of the runbook that the drills followed",
};

/// Nothing keeps the candidate from being promoted again after it was left.
pub static NO_HOLD_AFTER_ROLLBACK: Rule = Rule {
    code: "CS-ROLLBACK-130",
    slug: "no-hold-after-rollback",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "nothing keeps the candidate from being promoted again after it was left",
    why: "automation installs the broken release again an hour later",
    remedy: "set stop_promotion, reject_candidate and new_release_needs_new_evidence in the plan",
    bad: "stop_promotion false",
    good: "all three are true",
};
