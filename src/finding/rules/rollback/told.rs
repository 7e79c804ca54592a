//! The rules about what a tree tells of going back.

use super::super::{Rule, Weight};
use crate::finding::{Area, Severity};

/// A row of the compatibility table cannot be read, stands twice, contradicts another, or is called what it is not.
pub static COMPATIBILITY_UNSOUND: Rule = Rule {
    code: "CS-ROLLBACK-004",
    slug: "compatibility-unsound",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a row of the compatibility table cannot be read, stands twice, contradicts another, or is called what it is not",
    why: "whoever reads the row that fits goes back on the word of a table that also says the opposite",
    remedy: "keep one row for each step, with versions that can be read and the kind that it is",
    bad: "{\"from\": \"0.3.0\", \"to\": \"0.2.0\", \"kind\": \"minor\"}",
    good: "{\"from\": \"0.3.0\", \"to\": \"0.2.0\", \"kind\": \"rollback\"}",
};

/// A scenario plays a step that the compatibility table does not support.
pub static SCENARIO_STEP_UNSUPPORTED: Rule = Rule {
    code: "CS-ROLLBACK-005",
    slug: "scenario-step-unsupported",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a scenario plays a step that the compatibility table does not support",
    why: "what is tried and what is promised are two things, and one of them is not true",
    remedy: "add the step to the table, or play the steps that it has",
    bad: "a scenario from 0.2.0 to 0.1.0, and a table that goes through 0.1.1",
    good: "a row for every step that a scenario plays",
};

/// The table supports a way back that no scenario tries.
pub static ROLLBACK_UNTRIED: Rule = Rule {
    code: "CS-ROLLBACK-006",
    slug: "rollback-untried",
    area: Area::Rollback,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "the table supports a way back that no scenario tries",
    why: "a promise that nobody has kept once is a hope",
    remedy: "write a scenario for it, or take the row out",
    bad: "a row 0.2.0 to 0.1.1 of kind rollback, and no such scenario",
    good: "a scenario for every row of kind rollback",
};

/// A scenario that upgrades or goes back plays other versions than this release.
pub static SCENARIO_OUTDATED: Rule = Rule {
    code: "CS-ROLLBACK-007",
    slug: "scenario-outdated",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a scenario that upgrades or goes back plays other versions than this release",
    why: "it tries a way back that nobody will take, and leaves this one untried",
    remedy: "let the scenario install the release before this one and upgrade to this one",
    bad: "helm upgrade ... --version v0.1.0, in the tree of 0.2.0",
    good: "helm upgrade ... --version v0.2.0, in the tree of 0.2.0",
};

/// A scenario names evidence that is not in the tree.
pub static SCENARIO_EVIDENCE_ABSENT: Rule = Rule {
    code: "CS-ROLLBACK-008",
    slug: "scenario-evidence-absent",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a scenario names evidence that is not in the tree",
    why: "nobody can see what came of it",
    remedy: "run the scenario and keep what it wrote",
    bad: "evidence_path to a file that is not there",
    good: "evidence_path to the file that the run wrote",
};

/// The evidence of a scenario says itself that it was pretended.
pub static SCENARIO_EVIDENCE_PRETENDED: Rule = Rule {
    code: "CS-ROLLBACK-009",
    slug: "scenario-evidence-pretended",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the evidence of a scenario says itself that it was pretended",
    why: "nothing was installed, upgraded or gone back from",
    remedy: "run the scenario on a cluster and keep what it wrote",
    bad: "\"status\": \"simulated\"",
    good: "\"status\": \"passed\", with the run's own figures",
};

/// The package of a release that can be gone back to is not kept with the others.
pub static PREVIOUS_PACKAGE_ABSENT: Rule = Rule {
    code: "CS-ROLLBACK-010",
    slug: "previous-package-absent",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the package of a release that can be gone back to is not kept with the others",
    why: "the way back ends where its package is missing",
    remedy: "keep the package of every release that the table lets one go back to",
    bad: "packages of 0.1.0 and 0.2.0, and a way back to 0.1.1",
    good: "the packages of this release and of every supported target",
};

/// A data set, or a file of it, has no digest in the lock.
pub static DATASET_UNLOCKED: Rule = Rule {
    code: "CS-ROLLBACK-011",
    slug: "dataset-unlocked",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a data set, or a file of it, has no digest in the lock",
    why: "after going back nobody can tell whether it is the data that was served before",
    remedy: "write its digests into the lock",
    bad: "\"checksums\": {}",
    good: "\"checksums\": {\"entries\": \"7e74...\"}",
};

/// A file of a data set is missing, or is not what the lock says.
pub static DATASET_DIFFERS: Rule = Rule {
    code: "CS-ROLLBACK-012",
    slug: "dataset-differs",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a file of a data set is missing, or is not what the lock says",
    why: "the earlier release would answer from other data than it was released with",
    remedy: "restore the file, or publish it as a new data set",
    bad: "a file that was edited after it was locked",
    good: "a file with the digest of the lock",
};

/// A lock holds something that is no digest of anything, or a review is a placeholder.
pub static LOCK_PLACEHOLDER: Rule = Rule {
    code: "CS-ROLLBACK-013",
    slug: "lock-placeholder",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a lock holds something that is no digest of anything, or a review of a data set is a placeholder",
    why: "it locks nothing",
    remedy: "compute the digest of what is locked",
    bad: "\"sha256\": \"REPLACE_WITH_PINNED_SHA256\"",
    good: "\"sha256\": \"7e746b51...\"",
};

/// Manifest, lock, index and pins do not name the same data sets.
pub static DATASET_SETS_DIFFER: Rule = Rule {
    code: "CS-ROLLBACK-014",
    slug: "dataset-sets-differ",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "manifest, lock, index and pins do not name the same data sets",
    why: "a data set that one of them does not know is not promoted, not locked or not gone back to",
    remedy: "name each data set in all of them",
    bad: "an id in the manifest that the pins do not have",
    good: "the same ids in all four",
};

/// A lock states another digest of a file than it has.
pub static LOCK_DIFFERS: Rule = Rule {
    code: "CS-ROLLBACK-015",
    slug: "lock-differs",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a lock states another digest of a file than it has",
    why: "the file was changed after it was locked, or the lock was never written",
    remedy: "look at what changed, and lock again",
    bad: "allowlist_sha256 of an earlier allowlist.json",
    good: "the digest of the file beside it",
};

/// The policy promises to go back further than earlier releases are kept.
pub static ROLLBACK_DEPTH_UNKEPT: Rule = Rule {
    code: "CS-ROLLBACK-016",
    slug: "rollback-depth-unkept",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the policy promises to go back further than earlier releases are kept",
    why: "the last steps of the way are not there",
    remedy: "keep more releases, or promise less",
    bad: "max_rollback_depth 3, and two release lines are kept",
    good: "max_rollback_depth 1, and two release lines are kept",
};

/// The rollback policy requires something that is not in the tree.
pub static ROLLBACK_REQUIREMENT_ABSENT: Rule = Rule {
    code: "CS-ROLLBACK-017",
    slug: "rollback-requirement-absent",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the rollback policy requires something that is not in the tree",
    why: "whoever follows the policy stops half-way",
    remedy: "add it, or take it out of the policy",
    bad: "requires dataset-index, and no such document",
    good: "every required document is in the tree",
};

/// No plan says how this release is left.
pub static PLAN_ABSENT: Rule = Rule {
    code: "CS-ROLLBACK-018",
    slug: "rollback-plan-absent",
    area: Area::Rollback,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "no plan says how this release is left",
    why: "`rollback check` answers unknown where nobody wrote down window, objective, runbook and backups",
    remedy: "write `ops/rollback/plan.json`",
    bad: "a tree without `ops/rollback/plan.json`",
    good: "a plan for leaving this release for the one before",
};

/// The plan for leaving this release cannot be read, or is for another one.
pub static PLAN_MALFORMED: Rule = Rule {
    code: "CS-ROLLBACK-019",
    slug: "rollback-plan-malformed",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the plan for leaving this release cannot be read, or is for another one",
    why: "a plan for another release is none for this one",
    remedy: "write the plan for this release, as schemas/rollback-plan.schema.json describes it",
    bad: "from_version 0.2.0, in the tree of 0.3.0",
    good: "from_version 0.3.0, in the tree of 0.3.0",
};

/// A migration is called an expansion and its SQL removes or changes something.
pub static MIGRATION_MISCALLED: Rule = Rule {
    code: "CS-ROLLBACK-020",
    slug: "migration-miscalled",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a migration is called an expansion and its SQL removes or changes something",
    why: "the release before fails on the schema that it leaves behind",
    remedy: "call it a contraction, or split it",
    bad: "kind expand, and DROP COLUMN",
    good: "kind expand, and ADD COLUMN",
};

/// The runbook for going back is missing, or is not the one that the plan pins.
pub static RUNBOOK_UNPINNED: Rule = Rule {
    code: "CS-ROLLBACK-021",
    slug: "runbook-unpinned",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the runbook for going back is missing, or is not the one that the plan pins",
    why: "what was reviewed and drilled is not what will be followed",
    remedy: "review it, drill with it, and write its digest into the plan",
    bad: "a runbook that was edited yesterday",
    good: "the plan states the digest of the runbook",
};

/// A drill of going back did not pass by its own figures.
pub static DRILL_NOT_PASSED: Rule = Rule {
    code: "CS-ROLLBACK-022",
    slug: "drill-not-passed",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a drill of going back did not pass by its own figures",
    why: "its outcome says one thing and its figures another",
    remedy: "mend what broke and drill again",
    bad: "outcome passed, and answers that differ before and after",
    good: "outcome passed, equal invariants, no failed request, under the objective",
};

/// Going back was not drilled lately in a profile that requires it, or never.
pub static DRILL_ABSENT: Rule = Rule {
    code: "CS-ROLLBACK-023",
    slug: "rollback-drill-absent",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "going back was not drilled lately in a profile that requires it, or never",
    why: "a way back that was never gone is not known to be one",
    remedy: "drill it and keep the result in `ops/rollback/drills.json`, or sign it with `rollback drill record`",
    bad: "required_profiles prod, and drills in ci only",
    good: "a drill of last week in every required profile",
};

/// What was retrieved of the earlier release differs, is of another release, or was checked too long ago.
pub static RETRIEVAL_UNSOUND: Rule = Rule {
    code: "CS-ROLLBACK-024",
    slug: "retrieval-unsound",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "what was retrieved of the earlier release differs, is of another release, or was checked too long ago",
    why: "the way back ends where the registry has pruned an image",
    remedy: "retrieve everything by digest again",
    bad: "retrieved_digest is not expected_digest",
    good: "equal digests, checked last week, of the release in the plan",
};

/// A scenario waits for an object, or installs an image, that its profile does not have.
pub static SCENARIO_OBJECT_ABSENT: Rule = Rule {
    code: "CS-ROLLBACK-025",
    slug: "scenario-object-absent",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a scenario waits for an object, or installs an image, that its profile does not have",
    why: "the scenario ends in a timeout wherever it is really played, so its result was never seen",
    remedy: "name the object and the image that the chart renders for the profile",
    bad: "kubectl rollout status deployment/atlas-server, and the chart renders deployment/atlas",
    good: "kubectl rollout status deployment/atlas",
};

/// A consumer of a data set is not in the tree.
pub static DATASET_CONSUMER_ABSENT: Rule = Rule {
    code: "CS-ROLLBACK-026",
    slug: "dataset-consumer-absent",
    area: Area::Rollback,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the list of a data set's consumers names a file of the tree that is not there",
    why: "whoever takes a data set back asks this list whom it hits, and asks in vain",
    remedy: "name the file by which the consumer reads the data set, or take the consumer out",
    bad: "interface ops/e2e/suites/suites.json, and there is no such file",
    good: "interface ops/load/suites/suites.json, which is there",
};
