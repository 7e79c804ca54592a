//! The rules about documents that speak of profiles.

use super::super::Rule;
use super::FAULT;
use crate::finding::Severity;

/// A document names a values file that is not in the tree.
pub static NAMED_FILE_ABSENT: Rule = Rule {
    code: "CS-K8S-066",
    slug: "k8s-named-file-absent",
    refuses: "a document names a values file that is not in the tree",
    why: "the profile cannot be installed from this tree",
    remedy: "add the file, or correct the name",
    bad: "values_file: ops/k8s/values/gone.yaml",
    good: "a path that is in the tree",
    ..FAULT
};

/// A profile's autoscaling or egress is not of the mode that the documents demand.
pub static MODE_CONTRADICTED: Rule = Rule {
    code: "CS-K8S-067",
    slug: "profile-mode-contradicted",
    refuses: "a profile's autoscaling or egress is not of the mode that the documents demand",
    why: "the profile promises an isolation or a size that it does not have",
    remedy: "set the values by the demand, or correct the demand",
    bad: "networkPolicyModeRequired: disabled over egress.mode: internet-only",
    good: "values and objects of the demanded mode",
    ..FAULT
};

/// The merged values of a profile contradict a required or forbidden toggle.
pub static TOGGLE_CONTRADICTED: Rule = Rule {
    code: "CS-K8S-068",
    slug: "toggle-contradicted",
    refuses: "the merged values of a profile contradict a required or forbidden toggle",
    why: "the profile is not what was agreed",
    remedy: "set the value, or change the agreement",
    bad: "required: hpa.enabled=true, merged: false",
    good: "values that meet every toggle",
    ..FAULT
};

/// A required toggle names a value that the chart does not have.
pub static TOGGLE_UNKNOWN: Rule = Rule {
    code: "CS-K8S-069",
    slug: "toggle-names-no-value",
    refuses: "a required toggle names a value that the chart does not have",
    why: "the demand is met by nothing, and nobody notices",
    remedy: "name the value by its path in the merged values",
    bad: "required: readOnlyRootFilesystem=true",
    good: "required: containerSecurityContext.readOnlyRootFilesystem=true",
    ..FAULT
};

/// The rendered objects or the values of a profile break its contract.
pub static CONTRACT_BROKEN: Rule = Rule {
    code: "CS-K8S-070",
    slug: "profile-contract-broken",
    refuses: "the rendered objects or the values of a profile break its contract",
    why: "what the contract promises to customers and reviewers does not run",
    remedy: "render what the contract promises, or change the contract",
    bad: "readOnlyRootFilesystemRequired over a container that may write",
    good: "objects that keep every clause",
    ..FAULT
};

/// A profile is named in some documents and not in others.
pub static PROFILE_SETS_DIFFER: Rule = Rule {
    code: "CS-K8S-071",
    slug: "profile-sets-differ",
    refuses: "a profile is named in some documents and not in others",
    why: "it is installed and not judged, or judged and never installed",
    remedy: "name it in every document, or in none",
    bad: "`prod-ha` has values and is in no install matrix",
    good: "one set of profiles in all documents",
    ..FAULT
};

/// Two documents say different things of one profile.
pub static PROFILE_DOCUMENTS_DISAGREE: Rule = Rule {
    code: "CS-K8S-072",
    slug: "profile-documents-disagree",
    refuses: "two documents say different things of one profile",
    why: "one of them is what is enforced, and people read the other",
    remedy: "keep the statement in one document, or make both the same",
    bad: "suite `nightly` in one, `smoke` in the other",
    good: "the same words in both",
    ..FAULT
};

/// Two documents demand different toggles of one profile.
pub static PROFILE_TOGGLES_DIFFER: Rule = Rule {
    code: "CS-K8S-073",
    slug: "profile-toggle-lists-differ",
    severity: Severity::Warning,
    refuses: "two documents demand different toggles of one profile",
    why: "a profile that meets one list is taken to meet both",
    remedy: "make one list of the two",
    bad: "hpa.enabled=false in one list only",
    good: "the same toggles in both lists",
    ..FAULT
};

/// No scenario of the install matrix installs a profile.
pub static PROFILE_UNTESTED: Rule = Rule {
    code: "CS-K8S-074",
    slug: "profile-never-installed",
    severity: Severity::Warning,
    refuses: "no scenario of the install matrix installs a profile",
    why: "nobody knows whether it installs",
    remedy: "add an install scenario",
    bad: "the profile `prod` and no scenario with it",
    good: "one install scenario for each profile",
    ..FAULT
};

/// The install matrix names a suite that the tests do not have.
pub static SUITE_UNKNOWN: Rule = Rule {
    code: "CS-K8S-075",
    slug: "test-suite-unknown",
    severity: Severity::Warning,
    refuses: "the install matrix names a suite that the tests do not have",
    why: "nothing runs it",
    remedy: "define the suite, or name one that is there",
    bad: "suite: nightly, and `suites.json` without it",
    good: "a suite that `suites.json` defines",
    ..FAULT
};

/// The test manifest names a script that is not in the tree.
pub static TEST_SCRIPT_ABSENT: Rule = Rule {
    code: "CS-K8S-076",
    slug: "test-script-absent",
    refuses: "the test manifest names a script that is not in the tree",
    why: "the test that it promises cannot run",
    remedy: "restore the script, or take it off the list",
    bad: "script: checks/test_pdb.sh and no such file",
    good: "every listed script is in the tree",
    ..FAULT
};

/// Lists of tests contradict each other: owner, group, or membership.
pub static TEST_LISTS_DIFFER: Rule = Rule {
    code: "CS-K8S-077",
    slug: "test-lists-differ",
    refuses: "lists of tests contradict each other: owner, group, or membership",
    why: "a test that is on one list only is nobody's",
    remedy: "make the lists from one source",
    bad: "a suite runs the group `pdb`, which no test has",
    good: "lists that name the same tests",
    ..FAULT
};

/// A test is still in quarantine after the day on which that ended.
pub static QUARANTINE_EXPIRED: Rule = Rule {
    code: "CS-K8S-078",
    slug: "test-quarantine-expired",
    severity: Severity::Warning,
    refuses: "a test is still in quarantine after the day on which that ended",
    why: "its failures are ignored, and nobody decided so",
    remedy: "repair the test, or decide anew until when",
    bad: "quarantine_until: 2026-03-31 in November",
    good: "no quarantine, or one whose day is to come",
    ..FAULT
};
