//! Rules about runs: how they went and what they are of.

use crate::finding::rules::{Rule, Weight};
use crate::finding::{Area, Severity};

/// A run did not end with 0, or does not say how it ended.
pub static RUN_FAILED: Rule = Rule {
    code: "CS-LOAD-027",
    slug: "load-run-failed",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a run ended with an exit code other than 0, or keeps none",
    why: "99 is a failed threshold, 104 a configuration that was refused, 105 and 108 an abort, 107 a script that threw: its figures are of part of a run",
    remedy: "mend what ended it, and run again",
    bad: "\"exit_code\": 99",
    good: "\"exit_code\": 0",
};

/// The generator could not start what it was asked to.
pub static GENERATOR_SATURATED: Rule = Rule {
    code: "CS-LOAD-028",
    slug: "load-generator-saturated",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "more than 1 % of the planned iterations were dropped, or every virtual user was in use",
    why: "the load was the generator's limit and not the service's: the requests that were not sent are the ones that would have waited",
    remedy: "give the generator more users or another machine",
    bad: "\"dropped_iterations\": 400 of 2000",
    good: "\"dropped_iterations\": 0 of 2000",
};

/// A run did not reach its rate.
pub static RATE_NOT_REACHED: Rule = Rule {
    code: "CS-LOAD-029",
    slug: "load-rate-not-reached",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the achieved rate is below 95 % of the planned one",
    why: "latencies under half the load say nothing about the whole",
    remedy: "find what held the generator back, and run again",
    bad: "achieved_rate 61 of 100",
    good: "achieved_rate 99.97 of 100",
};

/// A run was shorter than planned.
pub static RUN_TOO_SHORT: Rule = Rule {
    code: "CS-LOAD-030",
    slug: "load-run-too-short",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a run ended before its steady part was over",
    why: "what happens later, a cache that fills, a pool that runs dry, was not seen",
    remedy: "run for the planned time",
    bad: "12 s of 20 s",
    good: "20.015 s of 20 s",
};

/// A result does not say what it measured.
pub static IDENTITY_MISSING: Rule = Rule {
    code: "CS-LOAD-031",
    slug: "load-identity-missing",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a result names no artifact, scenario, seed, data, tool version, profile or machine",
    why: "figures of an unknown thing on an unknown machine prove nothing about this release",
    remedy: "keep the runs in a list with their identity, as `ops/load/results/SUITE.runs.json`",
    bad: "a summary without a list of runs that keeps it",
    good: "\"subject\": {\"digest\": \"sha256:...\"}, \"profile\": \"prod\", \"host_class\": \"bare-2cpu-linux\"",
};

/// A result is of something else.
pub static IDENTITY_DIFFERS: Rule = Rule {
    code: "CS-LOAD-032",
    slug: "load-identity-differs",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the runs or the baseline were made with another scenario, script, query pack, seed or artifact than the tree holds and the release ships",
    why: "the evidence is real and belongs to another release",
    remedy: "run again against what is released",
    bad: "a scenario digest that is not that of the scenario",
    good: "the digest of the scenario as it is",
};

/// The raw result of a run is not kept.
pub static RAW_MISSING: Rule = Rule {
    code: "CS-LOAD-033",
    slug: "load-raw-missing",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a run keeps no digest of its raw result, or no raw result is in the tree",
    why: "without it nobody can recompute the figures",
    remedy: "keep one raw result in the tree and the digest of every other",
    bad: "no \"raw\"",
    good: "\"raw\": {\"path\": \"ops/load/results/soak.summary.json\", \"sha256\": \"...\"}",
};

/// A raw result is not the one that the figures are of.
pub static RAW_DIFFERS: Rule = Rule {
    code: "CS-LOAD-034",
    slug: "load-raw-differs",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "the digest of a raw result is not that of the file, stands for nothing, or is shared by two runs",
    why: "the figures cannot be recomputed from it, or one run was counted twice",
    remedy: "name the raw result of each run by its own digest",
    bad: "the same raw_sha256 in two runs",
    good: "a raw_sha256 for each run",
};

/// A figure is not what it was computed from.
pub static FIGURE_DIFFERS: Rule = Rule {
    code: "CS-LOAD-035",
    slug: "load-figure-differs",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "a figure of a run or a baseline is not that of the raw result, of its own counts, or of its runs",
    why: "it was typed, rounded or edited; the verdict rests on it",
    remedy: "compute the figure again",
    bad: "p95_ms 31 where the raw result has 39.7",
    good: "p95_ms 39.691 where the raw result has 39.6905924",
};

/// The service used more than was declared.
pub static RESOURCES_EXCEEDED: Rule = Rule {
    code: "CS-LOAD-036",
    slug: "load-resources-exceeded",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "processor, memory or file descriptors went above their limits under load",
    why: "the next bit of load, or the next hour, brings it down",
    remedy: "find what uses it, or raise the limit with a reason",
    bad: "\"cpu_pct_max\": 97 with a limit of 90",
    good: "\"cpu_pct_max\": 6 with a limit of 90",
};

/// Memory or latency rises while the load stays even.
pub static SOAK_RISES: Rule = Rule {
    code: "CS-LOAD-037",
    slug: "load-soak-rises",
    area: Area::Load,
    severity: Severity::Error,
    weight: Weight::Fault,
    refuses: "over the slices of long runs memory or latency rises more than chance explains",
    why: "a leak passes every short test and ends the service after a week",
    remedy: "find the leak; run longer when in doubt",
    bad: "rss_bytes_max rising in every slice of every run",
    good: "rss_bytes_max that stays where it is",
};
