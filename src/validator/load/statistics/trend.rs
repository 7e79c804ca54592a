//! Whether values rise over time: Kendall's test and the slope of Theil and Sen.

use super::{as_f64, median, normal_above};

/// What a series does over its length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// The median of all pairwise slopes, per unit of time.
    pub slope: f64,
    /// The probability of so much rise when there is none.
    pub p_rising: f64,
    /// The slope times the time covered, relative to the median value.
    pub growth: f64,
}

/// The most points of one series: the pairs are looked at one by one.
const MAX_POINTS: usize = 2_000;

/// Judges several series of one thing together, each `(time, value)`; every series counts its own
/// pairs only, so that runs on different days are not compared with each other. Nothing for fewer
/// than four points in all, or for a series longer than 2,000.
#[must_use]
pub fn rising(series: &[Vec<(f64, f64)>]) -> Option<Trend> {
    let points: usize = series.iter().map(Vec::len).sum();
    if points < 4 || series.iter().any(|one| one.len() > MAX_POINTS) {
        return None;
    }
    let (mut score, mut spread) = (0.0, 0.0);
    let (mut slopes, mut values, mut length) = (Vec::new(), Vec::new(), 0.0_f64);
    for one in series {
        for (index, (time, value)) in one.iter().enumerate() {
            values.push(*value);
            for (later, after) in &one[index + 1..] {
                score +=
                    (after - value).partial_cmp(&0.0).map_or(0.0, |order| f64::from(order as i8));
                if later > time {
                    slopes.push((after - value) / (later - time));
                }
            }
        }
        spread += variance_of_score(one);
        if let (Some(first), Some(last)) = (one.first(), one.last()) {
            length = length.max(last.0 - first.0);
        }
    }
    let slope = median(&slopes)?;
    let middle = median(&values)?;
    let p_rising = if spread > 0.0 { normal_above((score - 1.0) / spread.sqrt()) } else { 1.0 };
    let growth = if middle > 0.0 { slope * length / middle } else { 0.0 };
    Some(Trend { slope, p_rising, growth })
}

#[expect(clippy::float_cmp, reason = "a tie is equality")]
fn variance_of_score(one: &[(f64, f64)]) -> f64 {
    let weight = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let mut values: Vec<f64> = one.iter().map(|(_, value)| *value).collect();
    values.sort_by(f64::total_cmp);
    let tied: f64 = values.chunk_by(|a, b| a == b).map(|group| weight(as_f64(group.len()))).sum();
    (weight(as_f64(values.len())) - tied) / 18.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leak_is_told_from_noise() {
        let leak: Vec<_> = (0..12).map(|i| (f64::from(i), 100.0 + f64::from(i) * 2.0)).collect();
        let trend = rising(&[leak]).unwrap();
        assert!(trend.p_rising < 0.001 && (trend.slope - 2.0).abs() < 1e-9 && trend.growth > 0.15);
        let noise = [5.0, 4.0, 6.0, 5.5, 4.5, 5.2, 4.9, 5.1];
        let noise = noise.iter().zip(0..).map(|(value, time)| (f64::from(time), *value)).collect();
        assert!(rising(&[noise]).unwrap().p_rising > 0.1);
        assert_eq!(rising(&[vec![(0.0, 1.0), (1.0, 2.0)]]), None);
    }
}
