//! A threshold: one condition on one metric, read as k6 reads it.
//!
//! ```text
//! p(95) < 500      avg<=200      rate<0.01      count>100      value==3
//! ```
//!
//! k6 looks for the operators in one fixed order and splits at the first that occurs, so `=<5` is
//! split at `<` and refused for its method `=`. The number is read as Go reads a float.

use std::fmt;

/// What kind of values a metric collects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A sum.
    Counter,
    /// The last value.
    Gauge,
    /// A share of values that are not zero.
    Rate,
    /// A distribution.
    Trend,
}

impl Kind {
    /// Reads k6's word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "counter" => Some(Self::Counter),
            "gauge" => Some(Self::Gauge),
            "rate" => Some(Self::Rate),
            "trend" => Some(Self::Trend),
            _ => None,
        }
    }

    /// Returns k6's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Rate => "rate",
            Self::Trend => "trend",
        }
    }
}

/// What of a metric is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// How often, or the sum.
    Count,
    /// A second, or the share.
    Rate,
    /// The last value.
    Value,
    /// The mean.
    Average,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
    /// The median.
    Median,
    /// A percentile, 0 to 100.
    Percentile(f64),
}

impl Method {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(match text {
            "count" => Self::Count,
            "rate" => Self::Rate,
            "value" => Self::Value,
            "avg" => Self::Average,
            "min" => Self::Minimum,
            "max" => Self::Maximum,
            "med" => Self::Median,
            other => {
                let inner = other.strip_prefix("p(").and_then(|rest| rest.strip_suffix(')'));
                let Some(rank) = inner.and_then(parse_float) else {
                    return Err(format!(
                        "`{}` is no method; expected count, rate, value, avg, min, max, med or p(N)",
                        other.escape_debug()
                    ));
                };
                if !(0.0..=100.0).contains(&rank) {
                    return Err(format!("there is no percentile {rank}; expected 0 to 100"));
                }
                Self::Percentile(rank)
            }
        })
    }

    /// Tells whether k6 computes it for a kind of metric.
    #[must_use]
    pub fn fits(self, kind: Kind) -> bool {
        match self {
            Self::Count => kind == Kind::Counter,
            Self::Rate => matches!(kind, Kind::Counter | Kind::Rate),
            Self::Value => kind == Kind::Gauge,
            Self::Average | Self::Minimum | Self::Maximum | Self::Median | Self::Percentile(_) => {
                kind == Kind::Trend
            }
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => formatter.write_str("count"),
            Self::Rate => formatter.write_str("rate"),
            Self::Value => formatter.write_str("value"),
            Self::Average => formatter.write_str("avg"),
            Self::Minimum => formatter.write_str("min"),
            Self::Maximum => formatter.write_str("max"),
            Self::Median => formatter.write_str("med"),
            Self::Percentile(rank) => write!(formatter, "p({rank})"),
        }
    }
}

/// How a value is compared with the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `<=`
    AtMost,
    /// `<`
    Below,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
    /// `===` and `==`
    Equal,
    /// `!=`
    Unequal,
}

/// In the order in which k6 looks for them.
const OPERATORS: [(&str, Operator); 7] = [
    ("<=", Operator::AtMost),
    ("<", Operator::Below),
    (">=", Operator::AtLeast),
    (">", Operator::Above),
    ("===", Operator::Equal),
    ("==", Operator::Equal),
    ("!=", Operator::Unequal),
];

impl Operator {
    /// Compares as IEEE 754 does: NaN is unequal to everything and neither above nor below.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "k6 compares the bits that it was given")]
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::AtMost => value <= limit,
            Self::Below => value < limit,
            Self::AtLeast => value >= limit,
            Self::Above => value > limit,
            Self::Equal => value == limit,
            Self::Unequal => value != limit,
        }
    }

    /// Compares a value that lies somewhere from `low` to `high`; nothing when that decides nothing.
    #[must_use]
    pub fn holds_between(self, low: f64, high: f64, limit: f64) -> Option<bool> {
        let (at_low, at_high) = (self.holds(low, limit), self.holds(high, limit));
        match self {
            Self::AtMost | Self::Below | Self::AtLeast | Self::Above => {
                (at_low == at_high).then_some(at_low)
            }
            Self::Equal | Self::Unequal => {
                (limit < low || limit > high).then_some(self == Self::Unequal)
            }
        }
    }
}

/// One condition on one metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// What is compared.
    pub method: Method,
    /// How.
    pub operator: Operator,
    /// With what.
    pub limit: f64,
}

impl Threshold {
    /// Reads an expression by k6's grammar.
    ///
    /// # Errors
    ///
    /// What k6 refuses with exit code 104, and percentiles outside 0 to 100, which k6 accepts
    /// before version 2 and which mean nothing. The text says why.
    ///
    /// ```
    /// use countersign::validator::load::threshold::Threshold;
    ///
    /// assert!(Threshold::parse(" p(95)<.5 ").is_ok());
    /// assert!(Threshold::parse("p95<500").is_err());
    /// assert!(Threshold::parse("avg<500ms").is_err());
    /// ```
    pub fn parse(expression: &str) -> Result<Self, String> {
        let Some((method, operator, limit)) = OPERATORS.iter().find_map(|(sign, operator)| {
            let (left, right) = expression.split_once(sign)?;
            Some((left.trim(), *operator, right.trim()))
        }) else {
            return Err("holds no operator; expected one of <= < >= > === == !=".to_owned());
        };
        let method = Method::parse(method)?;
        let Some(limit) = parse_float(limit) else {
            return Err(format!("`{}` is no number", limit.escape_debug()));
        };
        Ok(Self { method, operator, limit })
    }

    /// Says why the condition decides nothing about a metric; `None` when it does decide.
    #[must_use]
    pub fn vacuous(&self, kind: Option<Kind>) -> Option<&'static str> {
        let upper = matches!(self.operator, Operator::AtMost | Operator::Below);
        let lower = matches!(self.operator, Operator::AtLeast | Operator::Above);
        let is_share = self.method == Method::Rate && kind == Some(Kind::Rate);
        let never_negative = self.method != Method::Value;
        if self.limit.is_nan() {
            Some("nothing compares with NaN")
        } else if self.limit.is_infinite() {
            Some("every number lies on the same side of infinity")
        } else if self.operator == Operator::Unequal {
            Some("`!=` holds for every value but one")
        } else if lower && never_negative && Operator::holds(self.operator, 0.0, self.limit) {
            Some("the value is never negative, so it always holds")
        } else if upper && is_share && self.operator.holds(1.0, self.limit) {
            Some("a share is never above 1, so it always holds")
        } else if upper && never_negative && !self.operator.holds(0.0, self.limit) {
            Some("the value is never negative, so it never holds")
        } else if lower && is_share && !self.operator.holds(1.0, self.limit) {
            Some("a share is never above 1, so it never holds")
        } else {
            None
        }
    }
}

/// Reads a number as Go's `strconv.ParseFloat` does, hexadecimal floats left out.
fn parse_float(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let digit = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_digit);
    let separates = |index: usize| index > 0 && digit(index - 1) && digit(index + 1);
    if (0..bytes.len()).any(|index| bytes[index] == b'_' && !separates(index)) {
        return None;
    }
    if text.trim() != text || text.is_empty() {
        return None;
    }
    let plain = text.replace('_', "");
    let signed = plain.starts_with(['+', '-']);
    let value: f64 = plain.parse().ok()?;
    (!(signed && value.is_nan())).then_some(value)
}

/// Splits a metric's key into its name and, for a submetric, its tags.
///
/// ```
/// use countersign::validator::load::threshold::split_key;
///
/// let (name, tags) = split_key("http_req_duration{name:home, status:200}").unwrap();
/// assert_eq!((name, tags.len()), ("http_req_duration", 2));
/// assert!(split_key("http_req_duration{name").is_none());
/// ```
#[must_use]
pub fn split_key(key: &str) -> Option<(&str, Vec<(String, String)>)> {
    let Some((name, rest)) = key.split_once('{') else { return Some((key, Vec::new())) };
    let inner = rest.strip_suffix('}')?;
    let mut tags = Vec::new();
    for pair in inner.split(',').filter(|pair| !pair.trim().is_empty()) {
        let (tag, value) = pair.split_once(':').unwrap_or((pair, ""));
        let clean = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
        tags.push((clean(tag), clean(value)));
    }
    Some((name, tags))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What k6 1.1.0 was seen to accept and to refuse.
    #[test]
    fn the_grammar_is_that_of_k6() {
        for good in [
            "p(95) < 500",
            " p(95)<1 ",
            "avg<.5",
            "avg<+1",
            "avg<1e-2",
            "count<1_000",
            "max<Infinity",
            "med>NaN",
            "rate!=5",
            "value===3",
        ] {
            assert!(Threshold::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "p95<500",
            "avg<500ms",
            "avg=<5",
            "avg=5",
            "avg!==5",
            "p( 95 )<1",
            "avg<0x10",
            "avg<1 && max<2",
            "",
            "<5",
            "p(101)<5",
            "p(-1)<5",
            "avg<1__0",
            "avg<_1",
        ] {
            assert!(Threshold::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_decides_nothing_is_told() {
        let vacuous = |text: &str, kind| Threshold::parse(text).unwrap().vacuous(Some(kind));
        for (text, kind) in [
            ("avg<Infinity", Kind::Trend),
            ("avg<NaN", Kind::Trend),
            ("avg!=5", Kind::Trend),
            ("count>=0", Kind::Counter),
            ("rate<=1", Kind::Rate),
            ("rate>=0", Kind::Rate),
            ("rate>1", Kind::Rate),
            ("p(95)<0", Kind::Trend),
            ("min>-1", Kind::Trend),
        ] {
            assert!(vacuous(text, kind).is_some(), "{text}");
        }
        for (text, kind) in [
            ("rate<1", Kind::Rate),
            ("rate<=1", Kind::Counter),
            ("count>0", Kind::Counter),
            ("value>=0", Kind::Gauge),
            ("rate==1", Kind::Rate),
            ("p(95)<=0", Kind::Trend),
        ] {
            assert_eq!(vacuous(text, kind), None, "{text}");
        }
    }

    #[test]
    fn a_range_decides_when_both_ends_agree() {
        let below = Operator::Below;
        assert_eq!(below.holds_between(1.0, 2.0, 3.0), Some(true));
        assert_eq!(below.holds_between(1.0, 2.0, 0.5), Some(false));
        assert_eq!(below.holds_between(1.0, 2.0, 1.5), None);
        assert_eq!(Operator::Equal.holds_between(1.0, 2.0, 3.0), Some(false));
    }
}
