//! Samples of one metric, kept exactly and small.
//!
//! k6 writes times in milliseconds with at most six decimals: whole nanoseconds. Such a value below
//! 4.29 seconds takes four bytes here and is read without a floating-point number; every other
//! value takes eight. Percentiles are picked from the sorted values, never estimated: a gigabyte of
//! lines leaves some ten megabytes of samples.

use super::metric::Metric;
use super::slices::Cuts;
use crate::validator::load::statistics;
use crate::validator::load::threshold::{Kind, Method, Threshold};

/// The most samples of all metrics of a file that are kept: beyond it the file is refused, for a
/// percentile of some of the samples is no percentile.
pub(super) const MAX_SAMPLES: u64 = 1 << 26;

/// Values of one metric in the order they came.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// Millionths that fit in four bytes, in pieces that never move.
    small: Vec<Vec<u32>>,
    large: Vec<f64>,
    trues: u64,
    count: u64,
    /// In millionths, as long as every value was a whole number of them.
    sum: i128,
    sum_of_large: f64,
    last: f64,
    minimum: Option<f64>,
    maximum: Option<f64>,
    cuts: Cuts,
}

/// One value: as millionths, or as a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    Millionths(u64),
    Number(f64),
}

impl Value {
    #[expect(clippy::cast_precision_loss, reason = "at most 18 digits; the division rounds once")]
    pub(super) fn number(self) -> f64 {
        match self {
            Self::Millionths(whole) => whole as f64 / 1e6,
            Self::Number(number) => number,
        }
    }

    /// Reads a JSON number: plain decimals with at most six places as millionths.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let (mut whole, mut places, mut seen_point) = (0_u64, 0_u32, false);
        let plain = text.len() <= 16
            && text.iter().all(|byte| match byte {
                b'0'..=b'9' => {
                    whole = whole * 10 + u64::from(byte - b'0');
                    places += u32::from(seen_point);
                    true
                }
                b'.' if !seen_point => {
                    seen_point = true;
                    true
                }
                _ => false,
            });
        let leading_zero = text.len() > 1 && text[0] == b'0' && text[1] != b'.';
        if plain
            && places <= 6
            && text.first() != Some(&b'.')
            && text.last() != Some(&b'.')
            && !text.is_empty()
            && !leading_zero
        {
            return whole.checked_mul(10_u64.pow(6 - places)).map(Self::Millionths);
        }
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        let is_json = digits.first().is_some_and(u8::is_ascii_digit)
            && !(digits[0] == b'0' && digits.get(1).is_some_and(u8::is_ascii_digit))
            && digits.last().is_some_and(u8::is_ascii_digit)
            && text
                .iter()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
        let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
        (is_json && number.is_finite()).then_some(Self::Number(number))
    }
}

const PIECE: usize = 1 << 16;

impl Samples {
    pub(super) fn push(&mut self, kind: Kind, value: Value) {
        self.count += 1;
        match (kind, value) {
            (Kind::Trend, Value::Millionths(whole)) => match u32::try_from(whole) {
                Ok(small) => self.push_small(small),
                Err(_) => self.large.push(value.number()),
            },
            (Kind::Trend, Value::Number(number)) => self.large.push(number),
            (Kind::Rate, value) => self.trues += u64::from(value.number() != 0.0),
            (Kind::Counter, Value::Millionths(whole)) => self.sum += i128::from(whole),
            (Kind::Counter, Value::Number(number)) => self.sum_of_large += number,
            (Kind::Gauge, value) => {
                let number = value.number();
                self.last = number;
                self.minimum = Some(self.minimum.map_or(number, |least| least.min(number)));
                self.maximum = Some(self.maximum.map_or(number, |most| most.max(number)));
            }
        }
    }

    fn push_small(&mut self, value: u32) {
        match self.small.last_mut() {
            Some(piece) if piece.len() < PIECE => piece.push(value),
            _ => {
                // Most metrics are small; the pieces grow to their size.
                let mut piece = Vec::with_capacity(if self.small.is_empty() { 64 } else { PIECE });
                piece.push(value);
                self.small.push(piece);
            }
        }
    }

    /// Tells when the next sample was taken, for the slices.
    pub(super) fn at(&mut self, second: i64) {
        let last = self.small.last().map_or(0, Vec::len);
        let small = self.small.len().saturating_sub(1) * PIECE + last;
        self.cuts.reach(second, (small, self.large.len()));
    }

    pub(super) fn kept(&self) -> u64 {
        (self.small.len() * PIECE + self.large.len()) as u64
    }

    /// Computes what is known of the metric, with the percentiles that its thresholds ask for.
    pub(super) fn finish(self, kind: Kind, is_time: bool, thresholds: &[String]) -> Metric {
        let mut metric = Metric::new(kind);
        metric.is_time = is_time;
        match kind {
            Kind::Counter => {
                let total = self.total();
                metric.count = Some(total)
                    .filter(|sum| sum.fract() == 0.0 && *sum >= 0.0)
                    .map(statistics::ceil_count);
                metric.sum = metric.count.is_none().then_some(total);
            }
            Kind::Rate => metric.shares = Some((self.trues, self.count)),
            Kind::Gauge => {
                metric.value = (self.count > 0).then_some(self.last);
                (metric.minimum, metric.maximum) = (self.minimum, self.maximum);
            }
            Kind::Trend => self.finish_trend(&mut metric, thresholds),
        }
        metric
    }

    #[expect(clippy::cast_precision_loss, reason = "a sum of less than 2^53 is exact")]
    fn total(&self) -> f64 {
        self.sum as f64 / 1e6 + self.sum_of_large
    }

    fn finish_trend(self, metric: &mut Metric, thresholds: &[String]) {
        metric.count = Some(self.count);
        metric.slices = self.cuts.slices(&self.small, &self.large, PIECE);
        let sorted = Sorted::of(self.small, self.large);
        if sorted.len() == 0 {
            return;
        }
        let mut ranks = vec![50.0, 90.0, 95.0, 99.0, 99.9];
        ranks.extend(thresholds.iter().filter_map(
            |text| match Threshold::parse(text).ok()?.method {
                Method::Percentile(rank) => Some(rank),
                Method::Count
                | Method::Rate
                | Method::Value
                | Method::Average
                | Method::Minimum
                | Method::Maximum
                | Method::Median => None,
            },
        ));
        ranks.sort_by(f64::total_cmp);
        ranks.dedup_by(|a, b| (*a - *b).abs() < 1e-12);
        metric.percentiles =
            ranks.into_iter().map(|rank| (rank, sorted.percentile(rank))).collect();
        metric.minimum = Some(sorted.at(0));
        metric.maximum = Some(sorted.at(sorted.len() - 1));
        metric.average = Some(sorted.mean());
    }
}

/// All values in order: first those below zero and the odd ones that sort before the small ones.
struct Sorted {
    small: Vec<u32>,
    large: Vec<f64>,
}

impl Sorted {
    fn of(pieces: Vec<Vec<u32>>, mut large: Vec<f64>) -> Self {
        let mut small = Vec::with_capacity(pieces.iter().map(Vec::len).sum());
        pieces.into_iter().for_each(|piece| small.extend_from_slice(&piece));
        small.sort_unstable();
        large.sort_unstable_by(f64::total_cmp);
        Self { small, large }
    }

    fn len(&self) -> usize {
        self.small.len() + self.large.len()
    }

    /// The value at a place of the merged order, found by halving: how many of the large ones lie
    /// before it.
    fn at(&self, place: usize) -> f64 {
        let small = |index: usize| f64::from(self.small[index]) / 1e6;
        let (mut low, mut high) =
            (place.saturating_sub(self.small.len()), place.min(self.large.len()));
        while low < high {
            let taken = usize::midpoint(low, high);
            // Too few of the large ones when the next of them lies below the last small one taken.
            let last_small = place - taken;
            if last_small > 0 && self.large[taken] < small(last_small - 1) {
                low = taken + 1;
            } else {
                high = taken;
            }
        }
        let next_small = place - low;
        match (self.large.get(low), next_small < self.small.len()) {
            (Some(large), true) => large.min(small(next_small)),
            (Some(large), false) => *large,
            (None, _) => small(next_small),
        }
    }

    fn percentile(&self, rank: f64) -> f64 {
        let last = self.len() - 1;
        let place = rank / 100.0 * statistics::as_f64(last);
        let below = statistics::floor_index(place).min(last);
        let (low, high) = (self.at(below), self.at((below + 1).min(last)));
        low + (high - low) * (place - statistics::as_f64(below))
    }

    #[expect(clippy::cast_precision_loss, reason = "a sum of less than 2^53 is exact")]
    fn mean(&self) -> f64 {
        let small: u64 = self.small.iter().map(|value| u64::from(*value)).sum();
        let large: f64 = self.large.iter().sum();
        (small as f64 / 1e6 + large) / statistics::as_f64(self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_exactly() {
        assert_eq!(Value::parse(b"5.229056"), Some(Value::Millionths(5_229_056)));
        assert_eq!(Value::parse(b"0"), Some(Value::Millionths(0)));
        assert_eq!(Value::parse(b"-3.5"), Some(Value::Number(-3.5)));
        assert_eq!(Value::parse(b"1e-07"), Some(Value::Number(1e-7)));
        for bad in ["NaN", "Infinity", "", ".5", "5.", "1e400", "0x1", "01", "1_0"] {
            assert_eq!(Value::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn percentiles_of_mixed_values_are_those_of_the_sorted_list() {
        let mut samples = Samples::default();
        let mut plain = Vec::new();
        for index in 0..997_u32 {
            let value = f64::from(index * 7919 % 997) * 13.1 - 50.0;
            plain.push(value);
            samples.push(Kind::Trend, Value::parse(format!("{value}").as_bytes()).unwrap());
        }
        plain.sort_by(f64::total_cmp);
        let metric = samples.finish(Kind::Trend, true, &["p(37.5)<1".to_owned()]);
        for (rank, value) in metric.percentiles {
            let expected = statistics::percentile(&plain, rank).unwrap();
            assert!((value - expected).abs() < 1e-9, "{rank}: {value} {expected}");
        }
    }
}
