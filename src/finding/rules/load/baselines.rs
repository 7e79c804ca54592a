//! Rules about baselines and comparisons.

use crate::finding::rules::{Rule, Weight};
use crate::finding::{Area, Severity};

/// Runs and their baseline were made under different conditions.
pub static NOT_COMPARABLE: Rule = Rule {
    code: "CS-LOAD-038",
    slug: "load-baseline-not-comparable",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the baseline has another scenario, script, query pack, profile, kind of machine or major version of the tool than the runs",
    why: "the difference may be the machine's and not the release's, in either direction",
    remedy: "measure the baseline again under the conditions of the runs",
    bad: "host_class laptop against bare-2cpu-linux",
    good: "one host_class on both sides",
};

/// A baseline was not measured.
pub static BASELINE_NOT_MEASURED: Rule = Rule {
    code: "CS-LOAD-039",
    slug: "load-baseline-not-measured",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a baseline was not measured: its figures are limits, or a copy, or list no runs and no date",
    why: "compared with a limit, every release that keeps its limits looks as if it had not regressed",
    remedy: "measure the last release at least five times and keep every run",
    bad: "\"source\": \"threshold-bootstrap\"",
    good: "\"source\": \"measured\", with the figures of every run",
};

/// A baseline is too old, or of a release that did not go out.
pub static BASELINE_STALE: Rule = Rule {
    code: "CS-LOAD-040",
    slug: "load-baseline-stale",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a baseline is older than the policy allows, or of a pre-release, of an unreleased version or of the release under test",
    why: "machines and data have changed since, or the release is compared with itself",
    remedy: "measure the last released version again",
    bad: "captured 278 days ago with a limit of 90",
    good: "captured last week, of the last release",
};

/// Nobody else approved a baseline.
pub static BASELINE_UNAPPROVED: Rule = Rule {
    code: "CS-LOAD-041",
    slug: "load-baseline-unapproved",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a baseline has no approval with a name, a reason and a time, whoever measured it approved it, or it was made looser after the runs that it judges",
    why: "whoever may change what is compared with can make any regression vanish",
    remedy: "have another person approve it, with the reason for the change",
    bad: "\"approved_by\" equal to \"measured_by\"",
    good: "\"approved_by\": \"release-manager@...\", \"measured_by\": \"operations@...\"",
};

/// A suite has no baseline.
pub static BASELINE_MISSING: Rule = Rule {
    code: "CS-LOAD-042",
    slug: "load-baseline-missing",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Unjudged,
    refuses: "a suite that must pass has no row in any baseline",
    why: "whether it regressed is unknown, and unknown is no pass",
    remedy: "measure the last release with this suite",
    bad: "a new suite without a row in a baseline",
    good: "a row for every suite",
};

/// A release has become worse.
pub static REGRESSED: Rule = Rule {
    code: "CS-LOAD-043",
    slug: "load-regressed",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a figure is worse than in the baseline by at least the margin, and chance does not explain it",
    why: "users will notice; the margin is where the team said that they would",
    remedy: "find the change; or, when it is wanted, raise the baseline in a change of its own",
    bad: "p95_ms +31 %, interval +27 % to +35 %, margin +10 %",
    good: "p95_ms +0.4 %, interval -0.5 % to +1.2 %, margin +10 %",
};

/// The runs do not tell whether a release has become worse.
pub static INCONCLUSIVE: Rule = Rule {
    code: "CS-LOAD-044",
    slug: "load-regression-inconclusive",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Unjudged,
    refuses: "there are too few runs, or so much noise that a change of the margin's size would not be seen",
    why: "not having seen a regression is not the same as there being none",
    remedy: "make more runs, as many as the report says, or run on a quieter machine",
    bad: "3 runs a side",
    good: "10 runs a side",
};

/// Releases have become worse little by little.
pub static DRIFTED: Rule = Rule {
    code: "CS-LOAD-045",
    slug: "load-drifted",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a figure is worse than in the oldest of the last baselines by more than the budget",
    why: "each step was within its margin; together they are what one step must never be",
    remedy: "find what was lost on the way, or agree on the new level",
    bad: "three releases, each 8 % slower",
    good: "three releases within the budget of 20 %",
};
