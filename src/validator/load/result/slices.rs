//! A run cut into slices of equal length, each with percentiles of its own.

use super::metric::Slice;
use crate::validator::load::statistics;

/// The seconds between two cuts.
const SECONDS: i64 = 10;
/// The most cuts: eleven days. What comes after the last belongs to it.
const MAX_CUTS: usize = 100_000;
/// The most slices of a run: a longer one has longer slices.
const MAX_SLICES: usize = 60;

/// Where the slices begin among the samples.
#[derive(Debug, Default)]
pub(super) struct Cuts(Vec<Cut>);

#[derive(Debug, Clone, Copy)]
struct Cut {
    /// The time in tens of seconds.
    at: i64,
    /// How many values of each kind came before.
    before: (usize, usize),
}

impl Cuts {
    /// Cuts when a sample of a later slice comes; `before` counts the values until now.
    pub(super) fn reach(&mut self, second: i64, before: (usize, usize)) {
        let at = second.div_euclid(SECONDS);
        let is_later = self.0.last().is_none_or(|last| at > last.at);
        if is_later && self.0.len() < MAX_CUTS {
            self.0.push(Cut { at, before });
        }
    }

    /// Computes the slices. The first and the last are cut off by the run and left out; slices
    /// without samples are none.
    pub(super) fn slices(&self, small: &[Vec<u32>], large: &[f64], piece: usize) -> Vec<Slice> {
        let Some(first) = self.0.first() else { return Vec::new() };
        let width = self.0.len().div_ceil(MAX_SLICES).max(1);
        let starts: Vec<Cut> = self.0.iter().copied().skip(1).step_by(width).collect();
        let between = starts.windows(2).filter_map(|pair| {
            let [from, to] = [pair[0], pair[1]];
            let mut values: Vec<f64> = (from.before.0..to.before.0)
                .map(|index| f64::from(small[index / piece][index % piece]) / 1e6)
                .collect();
            values.extend_from_slice(&large[from.before.1..to.before.1]);
            values.sort_unstable_by(f64::total_cmp);
            Some(Slice {
                #[expect(clippy::cast_precision_loss, reason = "no run lasts 2^53 seconds")]
                offset_s: ((from.at - first.at) * SECONDS) as f64,
                count: values.len(),
                p95: statistics::percentile(&values, 95.0)?,
                p99: statistics::percentile(&values, 99.0)?,
            })
        });
        between.collect()
    }
}
