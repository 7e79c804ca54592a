//! The numbers behind a verdict: percentiles, the rank test, the shift and its interval.
//!
//! Everything is computed from the values given, in an order that does not depend on theirs, and
//! without a random number: the same runs give the same verdict to the last bit.

pub mod rank;
pub mod regression;
pub mod trend;

/// Returns the percentile `rank` (0 to 100) of sorted values, interpolated linearly between
/// neighbours as k6 and NumPy do; nothing for no values.
///
/// ```
/// use countersign::validator::load::statistics::percentile;
///
/// assert_eq!(percentile(&[1.0, 2.0, 3.0, 4.0], 50.0), Some(2.5));
/// ```
#[must_use]
pub fn percentile(sorted: &[f64], rank: f64) -> Option<f64> {
    let (last, at) = (sorted.len().checked_sub(1)?, rank / 100.0);
    let place = at * as_f64(last);
    let below = floor_index(place).min(last);
    let above = (below + 1).min(last);
    let share = place - as_f64(below);
    Some(sorted[below] + (sorted[above] - sorted[below]) * share)
}

/// Returns how many samples a percentile needs before it means anything: ten beyond it.
#[must_use]
pub fn samples_needed(rank: f64) -> u64 {
    let beyond = (100.0 - rank).min(rank).max(0.0) / 100.0;
    if beyond <= 0.0 {
        return 1;
    }
    // 10 / (1 - 0.95) is 200.00000000000017 in binary: rounded before it is rounded up.
    ceil_count((10.0 / beyond * 1e6).round() / 1e6)
}

/// Returns the median of values in any order; nothing for none.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    percentile(&sorted, 50.0)
}

/// Returns the mean; nothing for no values.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / as_f64(values.len()))
}

/// Returns the sample variance; zero for fewer than two values.
#[must_use]
pub fn variance(values: &[f64]) -> f64 {
    let (Some(mean), true) = (mean(values), values.len() > 1) else { return 0.0 };
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / as_f64(values.len() - 1)
}

/// The share of a standard normal distribution above `z`.
#[must_use]
pub fn normal_above(z: f64) -> f64 {
    erfc(z / std::f64::consts::SQRT_2) / 2.0
}

/// The point above which a share of a standard normal distribution lies.
#[must_use]
pub fn normal_point(share: f64) -> f64 {
    let (mut low, mut high) = (-40.0_f64, 40.0_f64);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if normal_above(middle) > share { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// The complement of the error function: its series near zero, its continued fraction beyond.
fn erfc(x: f64) -> f64 {
    if x < 0.0 {
        return 2.0 - erfc(-x);
    }
    if x < 2.0 {
        let (mut term, mut sum) = (x, x);
        for index in 1..200 {
            let n = f64::from(index);
            term *= -x * x / n;
            sum += term / (2.0 * n + 1.0);
        }
        return 1.0 - sum * std::f64::consts::FRAC_2_SQRT_PI;
    }
    let mut fraction = 0.0;
    for index in (1..200).rev() {
        fraction = f64::from(index) / 2.0 / (x + fraction);
    }
    (-x * x).exp() / (x + fraction) / std::f64::consts::PI.sqrt()
}

/// A count as a number; exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]
pub(crate) fn as_f64(count: usize) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the place lies between zero and the number of values"
)]
pub(crate) fn floor_index(place: f64) -> usize {
    if place.is_finite() && place > 0.0 { place.floor() as usize } else { 0 }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and so it should"
)]
pub(crate) fn ceil_count(value: f64) -> u64 {
    value.ceil().max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_need_ten_samples_beyond_them() {
        assert_eq!(
            [50.0, 90.0, 95.0, 99.0, 99.9].map(samples_needed),
            [20, 100, 200, 1000, 10_000]
        );
    }

    /// Values of a table of the normal distribution.
    #[test]
    fn the_normal_distribution_is_that_of_the_tables() {
        for (z, above) in [
            (0.0, 0.5),
            (1.0, 0.158_655_253_931_457),
            (1.96, 0.024_997_895_148_22),
            (3.0, 0.001_349_898_031_630_1),
            (6.0, 9.865_876_450_377e-10),
        ] {
            assert!((normal_above(z) / above - 1.0).abs() < 1e-10, "{z}");
        }
        assert!((normal_point(0.025) - 1.959_963_984_540_054).abs() < 1e-9);
    }
}
