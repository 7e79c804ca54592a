//! One metric of a run: what is known of its values.

use crate::validator::load::threshold::{Kind, Method, Threshold};

/// What is known of a metric. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// What kind of values it collects.
    pub kind: Kind,
    /// Whether its values are times.
    pub is_time: bool,
    /// A counter's sum, or how many samples a trend has.
    pub count: Option<u64>,
    /// A counter's sum where it is no whole number.
    pub sum: Option<f64>,
    /// A second, for a counter; the share, for a rate.
    pub rate: Option<f64>,
    /// For a rate: how many values were not zero, and how many there were.
    pub shares: Option<(u64, u64)>,
    /// The last value of a gauge.
    pub value: Option<f64>,
    /// The smallest value.
    pub minimum: Option<f64>,
    /// The largest value.
    pub maximum: Option<f64>,
    /// The mean.
    pub average: Option<f64>,
    /// Percentiles, by rank from 0 to 100, ascending.
    pub percentiles: Vec<(f64, f64)>,
    /// The thresholds that the result itself names.
    pub thresholds: Vec<Stated>,
    /// How it went over the run, where the samples were timed.
    pub slices: Vec<Slice>,
}

/// A part of a run, as long as its neighbours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slice {
    /// The seconds from the beginning of the run to its own.
    pub offset_s: f64,
    /// How many samples it has.
    pub count: usize,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
}

/// A threshold as a result states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// The expression.
    pub expression: String,
    /// Whether the result says that it held; nothing where it does not say.
    pub held: Option<bool>,
    /// Where it stands, as a JSON Pointer.
    pub pointer: String,
}

/// What is known of one number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Known {
    /// The number.
    Exactly(f64),
    /// It lies between two others.
    Between(f64, f64),
    /// Nothing.
    Unknown,
}

impl Metric {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            is_time: false,
            count: None,
            sum: None,
            rate: None,
            shares: None,
            value: None,
            minimum: None,
            maximum: None,
            average: None,
            percentiles: Vec::new(),
            thresholds: Vec::new(),
            slices: Vec::new(),
        }
    }

    /// How many samples it has, where it tells itself.
    #[must_use]
    pub fn samples(&self) -> Option<u64> {
        match self.kind {
            Kind::Rate => self.shares.map(|(_, all)| all),
            Kind::Counter | Kind::Trend => self.count,
            Kind::Gauge => self.value.map(|_| 1),
        }
    }

    /// Tells whether a trend shows nothing but zeros, as k6 writes one without samples.
    pub(super) fn is_all_zero(&self) -> bool {
        self.kind == Kind::Trend
            && self.percentiles.iter().all(|(_, value)| *value == 0.0)
            && [self.minimum, self.maximum, self.average].into_iter().flatten().all(|v| v == 0.0)
    }

    /// The smallest value that is known.
    #[must_use]
    pub fn least(&self) -> Option<f64> {
        let all = self.percentiles.iter().map(|(_, value)| *value);
        all.chain(self.minimum).chain(self.average).min_by(f64::total_cmp)
    }

    /// The largest value that is known.
    #[must_use]
    pub fn most(&self) -> Option<f64> {
        let all = self.percentiles.iter().map(|(_, value)| *value);
        all.chain(self.maximum).chain(self.average).max_by(f64::total_cmp)
    }

    /// What a threshold compares. A percentile that was not computed lies between its neighbours.
    #[must_use]
    pub fn known(&self, method: Method) -> Known {
        #[expect(clippy::cast_precision_loss, reason = "no count comes near 2^53")]
        let number = match method {
            Method::Count => self.sum.or(self.count.map(|count| count as f64)),
            Method::Rate => match self.shares {
                Some((_, 0)) => None,
                Some((trues, all)) => Some(trues as f64 / all as f64),
                None => self.rate,
            },
            Method::Value => self.value,
            Method::Average => self.average,
            Method::Minimum => self.minimum,
            Method::Maximum => self.maximum,
            Method::Median => return self.percentile(50.0),
            Method::Percentile(rank) => return self.percentile(rank),
        };
        number.map_or(Known::Unknown, Known::Exactly)
    }

    /// Tells whether a threshold holds; nothing when what is known does not decide it.
    #[must_use]
    pub fn holds(&self, threshold: &Threshold) -> Option<bool> {
        match self.known(threshold.method) {
            Known::Exactly(value) => Some(threshold.operator.holds(value, threshold.limit)),
            Known::Between(low, high) => {
                threshold.operator.holds_between(low, high, threshold.limit)
            }
            Known::Unknown => None,
        }
    }

    fn percentile(&self, rank: f64) -> Known {
        let ends =
            [self.minimum.map(|value| (0.0, value)), self.maximum.map(|value| (100.0, value))];
        let all = || self.percentiles.iter().copied().chain(ends.into_iter().flatten());
        let is_rank = |known: &(f64, f64)| (known.0 - rank).abs() < 1e-9;
        if let Some((_, value)) = all().find(is_rank) {
            return Known::Exactly(value);
        }
        let low = all().filter(|known| known.0 < rank).max_by(|a, b| a.0.total_cmp(&b.0));
        let high = all().filter(|known| known.0 > rank).min_by(|a, b| a.0.total_cmp(&b.0));
        match (low, high) {
            (Some((_, low)), Some((_, high))) => Known::Between(low, high),
            (Some(_) | None, None) | (None, Some(_)) => Known::Unknown,
        }
    }
}
