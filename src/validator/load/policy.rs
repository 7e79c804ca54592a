//! What counts as a regression: margins, runs, confidence and ages, declared before anything is
//! measured.

use super::input::Inputs;
use super::layout;
use super::statistics::regression::{Direction, Margin, Question, Scale, Terms};
use crate::document::Node;

/// The declared terms; what a tree does not declare has the values of [`Policy::DEFAULT`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// How much worse the 95th percentile may be.
    pub p95: Margin,
    /// How much worse the 99th percentile may be.
    pub p99: Margin,
    /// How much less throughput there may be.
    pub throughput: Margin,
    /// By how much the share of failed requests may rise.
    pub fail_rate: Margin,
    /// Runs and confidence.
    pub terms: Terms,
    /// How old a baseline may be, in days.
    pub baseline_days: u32,
    /// How much worse than the oldest of the last baselines a release may be.
    pub drift: f64,
    /// The most of the processor that may be used, in percent.
    pub cpu_percent: f64,
    /// How much memory may grow in a run, as a share.
    pub memory_growth: f64,
    /// The most file descriptors.
    pub file_descriptors: Option<f64>,
}

impl Policy {
    /// What holds where nothing is declared: a tenth for the 95th percentile and for throughput,
    /// fifteen percent for the 99th, one point for errors, a baseline of at most 90 days.
    pub const DEFAULT: Self = Self {
        p95: Margin { relative: 0.10, absolute: 0.0 },
        p99: Margin { relative: 0.15, absolute: 0.0 },
        throughput: Margin { relative: 0.10, absolute: 0.0 },
        fail_rate: Margin { relative: 0.01, absolute: 0.0 },
        terms: Terms::DEFAULT,
        baseline_days: 90,
        drift: 0.20,
        cpu_percent: 90.0,
        memory_growth: 0.20,
        file_descriptors: None,
    };

    /// The policy of a tree.
    pub(super) fn of(inputs: &Inputs) -> Self {
        inputs.document(layout::POLICY).map_or(Self::DEFAULT, |source| Self::read(&source.root))
    }

    /// Reads a policy document of the handbook's shape.
    #[must_use]
    pub fn read(root: &Node) -> Self {
        let mut policy = Self::DEFAULT;
        let number = |pointer: &str| {
            let value = root.pointer(pointer).and_then(Node::as_f64)?;
            (value.is_finite() && value > 0.0).then_some(value)
        };
        let share = |key: &str, default: f64| {
            number(&format!("/thresholds/{key}")).map_or(default, |percent| percent / 100.0)
        };
        let floor = number("/thresholds/latency_floor_ms").unwrap_or(0.0);
        policy.p95 =
            Margin { relative: share("latency_p95_regression_pct", 0.10), absolute: floor };
        policy.p99 =
            Margin { relative: share("latency_p99_regression_pct", 0.15), absolute: floor };
        policy.throughput.relative = share("throughput_drop_pct", 0.10);
        policy.fail_rate.relative = share("error_rate_increase_pct", 0.01);
        policy.drift = share("cumulative_drift_pct", 0.20);
        policy.memory_growth = share("memory_growth_pct", 0.20);
        policy.cpu_percent = number("/thresholds/cpu_saturation_pct").unwrap_or(90.0);
        policy.file_descriptors = number("/thresholds/open_fds_max");
        let count = |pointer: &str| root.pointer(pointer).and_then(Node::as_u64);
        // Fewer than five runs cannot block, whatever a tree declares.
        let runs = count("/minimum_runs_per_side").and_then(|runs| usize::try_from(runs).ok());
        policy.terms.runs = runs.unwrap_or(5).max(Terms::DEFAULT.runs);
        let confidence = number("/confidence").filter(|share| (0.5..1.0).contains(share));
        policy.terms.confidence = confidence.unwrap_or(Terms::DEFAULT.confidence);
        let days = count("/maximum_baseline_age_days").and_then(|days| u32::try_from(days).ok());
        policy.baseline_days = days.unwrap_or(90);
        policy
    }

    /// The question about one figure; nothing for a figure that no policy speaks of.
    #[must_use]
    pub fn question(
        &self,
        metric: &str,
        baseline: Vec<f64>,
        candidate: Vec<f64>,
    ) -> Option<Question> {
        let (scale, direction, margin) = match metric {
            "p95_ms" => (Scale::Ratio, Direction::HigherIsWorse, self.p95),
            "p99_ms" => (Scale::Ratio, Direction::HigherIsWorse, self.p99),
            "throughput_rps" => (Scale::Ratio, Direction::LowerIsWorse, self.throughput),
            "fail_rate" => (Scale::Difference, Direction::HigherIsWorse, self.fail_rate),
            _ => return None,
        };
        let metric = metric.to_owned();
        Some(Question { metric, scale, direction, margin, baseline, candidate })
    }
}
