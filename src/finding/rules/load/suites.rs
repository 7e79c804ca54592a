//! Rules about suites: their parts, their limits, their names.

use crate::finding::rules::{Rule, Weight};
use crate::finding::{Area, Severity};

/// Two places state different limits of one suite.
pub static LIMITS_DIFFER: Rule = Rule {
    code: "CS-LOAD-015",
    slug: "load-limits-differ",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the limits of a suite differ between the suite, its threshold file, the contract and the script",
    why: "the run is held against one of them and the release against another",
    remedy: "state the same limit in every place",
    bad: "p95_ms_max 200 in the suite, p(95)<=400 in its script",
    good: "p95_ms_max 200 in the suite, p(95)<=200 in its script",
};

/// A limit or a suite is missing in a place that states limits.
pub static LIMIT_ABSENT: Rule = Rule {
    code: "CS-LOAD-016",
    slug: "load-limit-absent",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a suite or one of its limits is missing in the threshold file, the contract or the script, or one of these speaks of a suite that there is not",
    why: "a limit that the script does not set does not fail the run; a limit of a suite that was renamed binds nothing",
    remedy: "add the limit, or take away what is left of the old name",
    bad: "the contract has `old-name`, the suites have `new-name`",
    good: "the contract has every suite by its name",
};

/// A load run may pass and break an objective of the service.
pub static LOOSER_THAN_OBJECTIVE: Rule = Rule {
    code: "CS-LOAD-017",
    slug: "load-limit-looser-than-objective",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a limit of a suite is looser than an objective of the service, or than an alert",
    why: "the run passes with latencies and errors that break the promise in production, or that wake somebody",
    remedy: "tighten the limit to the objective; where a suite tests overload on purpose, waive it with that reason",
    bad: "p95_ms_max 900 with an objective of 0.3 seconds",
    good: "p95_ms_max 250 with an objective of 0.3 seconds",
};

/// A suite lacks its scenario, its script or its threshold file.
pub static SUITE_PART_MISSING: Rule = Rule {
    code: "CS-LOAD-018",
    slug: "load-suite-part-missing",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a suite names a scenario, script or program that is not in the tree, or none, or has no threshold file",
    why: "the suite cannot be run as it stands, whatever it must pass",
    remedy: "add the file, or take the suite away",
    bad: "\"scenario\": \"gone.json\"",
    good: "\"scenario\": \"steady-lookup.json\"",
};

/// A suite that must pass has no result.
pub static RESULT_MISSING: Rule = Rule {
    code: "CS-LOAD-019",
    slug: "load-result-missing",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a suite that must pass has neither a list of runs nor a result in the tree",
    why: "what was not run was not passed",
    remedy: "run the suite against the release and keep its runs under `ops/load/results`",
    bad: "\"must_pass\": true without any result",
    good: "`ops/load/results/soak.runs.json` with the runs of the suite `soak`",
};

/// A generated list is not that of the suites.
pub static LIST_DIFFERS: Rule = Rule {
    code: "CS-LOAD-020",
    slug: "load-suite-list-differs",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a generated list of suites lacks some, has others, or repeats them differently",
    why: "whoever reads the list judges other suites than the ones that there are",
    remedy: "generate the list again",
    bad: "a manifest with 20 of 40 suites",
    good: "a manifest with every suite",
};

/// A scenario or script that nothing runs.
pub static SCENARIO_UNUSED: Rule = Rule {
    code: "CS-LOAD-021",
    slug: "load-scenario-unused",
    area: Area::Load,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "no suite runs a scenario, or nothing runs a script",
    why: "it looks like coverage and measures nothing",
    remedy: "add a suite for it, or delete it",
    bad: "scenarios/spike.json and no suite that names it",
    good: "scenarios/spike.json and a suite that names it",
};

/// A name of a suite or scenario leads nowhere.
pub static NAME_UNRESOLVED: Rule = Rule {
    code: "CS-LOAD-022",
    slug: "load-name-unresolved",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a document names a load suite or scenario that there is not",
    why: "an objective that is guarded by a suite that does not exist is not guarded",
    remedy: "use the suite's own name, spelled the same",
    bad: "[suites.steady_lookup] for the suite steady-lookup",
    good: "[suites.steady-lookup]",
};

/// A scenario says something that cannot be read or does not fit.
pub static SCENARIO_MALFORMED: Rule = Rule {
    code: "CS-LOAD-023",
    slug: "load-scenario-malformed",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a scenario has another name than its file, a duration that is none, shares that do not add up to 1, or an executor of another model",
    why: "the run that it describes is not the run that is made",
    remedy: "write durations as `90s`, shares that add up to 1, and the name of the file",
    bad: "\"duration\": \"~115s\"",
    good: "\"duration\": \"115s\"",
};

/// A script runs another load than its scenario describes.
pub static PLAN_DIFFERS: Rule = Rule {
    code: "CS-LOAD-024",
    slug: "load-plan-differs",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a script sets another executor, rate, duration or number of users than its scenario",
    why: "the scenario is what people review and the script is what runs",
    remedy: "set the same values in both",
    bad: "rate 100 in the scenario, rate 10 in the script",
    good: "rate 100 in both",
};

/// Latencies are measured under a load that slows down with the service.
pub static CLOSED_MODEL: Rule = Rule {
    code: "CS-LOAD-025",
    slug: "load-closed-model",
    area: Area::Load,
    severity: Severity::Warning,
    weight: Weight::Fault,
    refuses: "a suite with limits on latency uses an executor that waits for every answer before it asks again",
    why: "when the service stalls, the generator stalls with it and does not measure the requests that would have waited: coordinated omission",
    remedy: "use `constant-arrival-rate` or `ramping-arrival-rate`",
    bad: "\"executor\": \"constant-vus\"",
    good: "\"executor\": \"constant-arrival-rate\"",
};

/// A file that a load document names is not in the tree.
pub static FILE_ABSENT: Rule = Rule {
    code: "CS-LOAD-026",
    slug: "load-file-absent",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a load document names a file of `ops/load` that is not there",
    why: "the part that it stands for cannot be judged or run",
    remedy: "add the file, or correct the name",
    bad: "\"registry\": [\"ops/load/scenarios/gone.json\"]",
    good: "\"registry\": [\"ops/load/scenarios/soak.json\"]",
};
