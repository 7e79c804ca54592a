//! The rank test of Mann and Whitney, and the shift of Hodges and Lehmann with its interval.

use super::{as_f64, median, normal_above, normal_point};

/// Up to this many pairs the distribution of U is counted out instead of approximated.
const EXACT_PAIRS: usize = 2_500;

/// How often a value of the second sample lies above one of the first; a tie counts half.
#[must_use]
pub fn u_statistic(first: &[f64], second: &[f64]) -> f64 {
    first
        .iter()
        .flat_map(|x| second.iter().map(move |y| (x, y)))
        .map(|(x, y)| {
            if y > x {
                1.0
            } else if y < x {
                0.0
            } else {
                0.5
            }
        })
        .sum()
}

/// The probability of a U at least as large when both samples come from one distribution: exact
/// without ties and for few values, else the normal approximation with the correction for ties and
/// for continuity.
#[must_use]
pub fn p_value_greater(first: &[f64], second: &[f64]) -> f64 {
    let u = u_statistic(first, second);
    let (m, n) = (first.len(), second.len());
    if m == 0 || n == 0 {
        return 1.0;
    }
    let ties = tie_sizes(first, second);
    if ties.is_empty() && m * n <= EXACT_PAIRS {
        let counts = u_counts(m, n);
        let total: f64 = counts.iter().sum();
        return counts
            .iter()
            .enumerate()
            .filter(|(index, _)| as_f64(*index) >= u)
            .map(|(_, count)| count)
            .sum::<f64>()
            / total;
    }
    let sigma = u_sigma(m, n, &ties);
    if sigma <= 0.0 {
        return 1.0;
    }
    normal_above((u - as_f64(m * n) / 2.0 - 0.5) / sigma).min(1.0)
}

/// How often each value of U occurs among all orders of `m` and `n` values without ties.
fn u_counts(m: usize, n: usize) -> Vec<f64> {
    // The generating function: the product of (1 - q^(n+i)) / (1 - q^i) for i from 1 to m.
    let size = m * n + 1;
    let mut counts = vec![0.0; size];
    counts[0] = 1.0;
    for i in 1..=m {
        for index in (n + i..size).rev() {
            counts[index] -= counts[index - n - i];
        }
        for index in i..size {
            counts[index] += counts[index - i];
        }
    }
    counts
}

fn u_sigma(m: usize, n: usize, ties: &[usize]) -> f64 {
    let total = as_f64(m + n);
    let tied: f64 = ties.iter().map(|size| as_f64(*size).powi(3) - as_f64(*size)).sum();
    (as_f64(m * n) / 12.0 * (total + 1.0 - tied / (total * (total - 1.0)))).max(0.0).sqrt()
}

/// The sizes of the groups of equal values that have more than one.
#[expect(clippy::float_cmp, reason = "a tie is equality")]
fn tie_sizes(first: &[f64], second: &[f64]) -> Vec<usize> {
    let mut all: Vec<f64> = first.iter().chain(second).copied().collect();
    all.sort_by(f64::total_cmp);
    all.chunk_by(|a, b| a == b).map(<[f64]>::len).filter(|size| *size > 1).collect()
}

/// How far the second sample lies from the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// The median of all pairwise differences, second minus first.
    pub estimate: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// Estimates the shift by Hodges and Lehmann, with the interval that the rank test gives at a
/// confidence: the differences whose ranks the test would not refuse. Nothing without values.
#[must_use]
pub fn shift(first: &[f64], second: &[f64], confidence: f64) -> Option<Shift> {
    let mut differences: Vec<f64> =
        second.iter().flat_map(|y| first.iter().map(move |x| y - x)).collect();
    differences.sort_by(f64::total_cmp);
    let estimate = median(&differences)?;
    let outside = order_outside(first.len(), second.len(), (1.0 - confidence) / 2.0);
    // Too few values for this confidence: no interval is wide enough.
    let (low, high) = match outside {
        Some(index) => (differences[index], differences[differences.len() - 1 - index]),
        None => (f64::NEG_INFINITY, f64::INFINITY),
    };
    Some(Shift { estimate, low, high })
}

/// The index, from zero, of the smallest difference inside the interval: the largest k with
/// P(U < k) at most `tail`, less one. Nothing when not even the smallest difference is outside.
fn order_outside(m: usize, n: usize, tail: f64) -> Option<usize> {
    let pairs = m * n;
    let k = if pairs <= EXACT_PAIRS {
        let counts = u_counts(m, n);
        let total: f64 = counts.iter().sum();
        let mut below = 0.0;
        counts
            .iter()
            .take_while(|count| {
                below += **count / total;
                below <= tail
            })
            .count()
    } else {
        let reach = normal_point(tail) * u_sigma(m, n, &[]);
        let count = super::floor_index(as_f64(pairs) / 2.0 - reach);
        count.min(pairs / 2)
    };
    k.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 5 and 5 values have 252 orders; the published critical value of U at 0.05 two-sided is 2.
    #[test]
    fn the_distribution_of_u_is_counted_right() {
        let counts = u_counts(5, 5);
        assert!((counts.iter().sum::<f64>() - 252.0).abs() < 1e-9);
        assert_eq!(counts[..5], [1.0, 1.0, 2.0, 3.0, 5.0]);
        assert_eq!(order_outside(5, 5, 0.025), Some(2));
        assert_eq!(order_outside(3, 3, 0.025), None);
    }

    #[test]
    fn a_shift_is_found_with_its_interval() {
        let first = [1.0, 2.0, 3.0, 4.0, 5.0];
        let second = [11.5, 12.5, 13.5, 14.5, 15.5];
        let shift = shift(&first, &second, 0.95).unwrap();
        assert!((shift.estimate - 10.5).abs() < 1e-12);
        assert!(shift.low < 10.5 && shift.high > 10.5 && shift.low > 6.0);
        assert!((p_value_greater(&first, &second) - 1.0 / 252.0).abs() < 1e-12);
        assert!((p_value_greater(&second, &first) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn equal_values_show_nothing() {
        assert!((p_value_greater(&[1.0; 5], &[1.0; 5]) - 1.0).abs() < 1e-12);
    }
}
