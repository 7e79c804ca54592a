//! Whether a condition can hold, and whether it can fail to hold: an estimate of the values that an
//! expression can have.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::metrics::{Metrics, Type, family_of};
use super::promql::{Binary, Expr, Grouping, Selector, compares};

/// When an expression has a result, given that its series exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    Never,
    Always,
    Sometimes,
}

/// The smallest and the largest value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interval {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Interval {
    const ALL: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };
    const POSITIVE: Self = Self { low: 0.0, high: f64::INFINITY };
    const UNIT: Self = Self { low: 0.0, high: 1.0 };

    fn new(low: f64, high: f64) -> Self {
        if low.is_nan() || high.is_nan() { Self::ALL } else { Self { low, high } }
    }

    fn point(value: f64) -> Self {
        Self::new(value, value)
    }

    fn hull(self, other: Self) -> Self {
        Self::new(self.low.min(other.low), self.high.max(other.high))
    }
}

/// Judges expressions with what is known of metrics and of recorded ones.
pub(super) struct Judge<'a> {
    metrics: &'a Metrics,
    /// The expressions of the recorded metrics.
    recorded: BTreeMap<&'a str, &'a Expr>,
    /// What was found of recorded metrics: each is judged once, however often it is read.
    judged: RefCell<BTreeMap<&'a str, (Truth, Interval)>>,
}

/// How many recorded metrics are followed from one to the next.
const MAX_DEPTH: usize = 8;

impl<'a> Judge<'a> {
    /// Judges by these metrics.
    pub(super) fn new(metrics: &'a Metrics, recorded: BTreeMap<&'a str, &'a Expr>) -> Self {
        Self { metrics, recorded, judged: RefCell::default() }
    }

    /// What is known of a recorded metric; `None` for one that no rule records.
    fn recorded_at(&self, name: &str, depth: usize) -> Option<(Truth, Interval)> {
        let (name, expr) = self.recorded.get_key_value(name)?;
        let unknown = (Truth::Sometimes, Interval::ALL);
        if depth >= MAX_DEPTH {
            return Some(unknown);
        }
        if let Some(known) = self.judged.borrow().get(name) {
            return Some(*known);
        }
        // A metric that reads itself is known by nothing.
        self.judged.borrow_mut().insert(name, unknown);
        let found = (self.truth_at(expr, depth + 1), self.interval_at(expr, depth + 1));
        self.judged.borrow_mut().insert(name, found);
        Some(found)
    }

    /// Tells when an expression has a result.
    pub(super) fn truth(&self, expr: &Expr) -> Truth {
        self.truth_at(expr, 0)
    }

    /// Estimates the values of an expression.
    pub(super) fn interval(&self, expr: &Expr) -> Interval {
        self.interval_at(expr, 0)
    }

    fn truth_at(&self, expr: &Expr, depth: usize) -> Truth {
        match expr {
            Expr::Number(_) | Expr::Text(_) => Truth::Always,
            Expr::Selector(selector) => self.selector_truth(selector, depth),
            Expr::Subquery(inner) | Expr::Negated(inner) => self.truth_at(inner, depth),
            Expr::Aggregate { inner, .. } => self.truth_at(inner, depth),
            Expr::Call { function, arguments } => match function.as_str() {
                "absent" | "absent_over_time" => Truth::Sometimes,
                "vector" | "time" | "scalar" => Truth::Always,
                "histogram_quantile" | "quantile_over_time" => {
                    arguments.get(1).map_or(Truth::Always, |inner| self.truth_at(inner, depth))
                }
                _ => arguments.first().map_or(Truth::Always, |inner| self.truth_at(inner, depth)),
            },
            Expr::Binary(binary) => self.binary_truth(binary, depth),
        }
    }

    fn selector_truth(&self, selector: &Selector, depth: usize) -> Truth {
        match selector.metric.as_deref() {
            // They are there only while an alert is.
            Some("ALERTS" | "ALERTS_FOR_STATE") => Truth::Sometimes,
            Some(name) => self.recorded_at(name, depth).map_or(Truth::Always, |(truth, _)| truth),
            None => Truth::Always,
        }
    }

    fn binary_truth(&self, binary: &Binary, depth: usize) -> Truth {
        let left = self.truth_at(&binary.left, depth);
        let right = self.truth_at(&binary.right, depth);
        match binary.operator.as_str() {
            "and" => both(left, right),
            "or" if left == Truth::Always || right == Truth::Always => Truth::Always,
            "or" if left == Truth::Never => right,
            "or" if right == Truth::Never => left,
            "or" => Truth::Sometimes,
            "unless" if left == Truth::Never => Truth::Never,
            "unless" if right == Truth::Never => left,
            "unless" => Truth::Sometimes,
            operator if compares(operator) && !binary.is_bool => {
                both(both(left, right), self.comparison(binary, operator, depth))
            }
            _ => both(left, right),
        }
    }

    fn comparison(&self, binary: &Binary, operator: &str, depth: usize) -> Truth {
        let left = self.interval_at(&binary.left, depth);
        let right = self.interval_at(&binary.right, depth);
        let (always, never) = match operator {
            ">" => (left.low > right.high, left.high <= right.low),
            ">=" => (left.low >= right.high, left.high < right.low),
            "<" => (left.high < right.low, left.low >= right.high),
            "<=" => (left.high <= right.low, left.low > right.high),
            "==" => (false, left.high < right.low || left.low > right.high),
            _ => (left.high < right.low || left.low > right.high, false),
        };
        if never {
            Truth::Never
        } else if always {
            Truth::Always
        } else {
            Truth::Sometimes
        }
    }

    fn interval_at(&self, expr: &Expr, depth: usize) -> Interval {
        match expr {
            Expr::Number(number) => Interval::point(*number),
            Expr::Text(_) => Interval::ALL,
            Expr::Selector(selector) => self.selector_interval(selector, depth),
            Expr::Subquery(inner) => self.interval_at(inner, depth),
            Expr::Negated(inner) => {
                let inner = self.interval_at(inner, depth);
                Interval::new(-inner.high, -inner.low)
            }
            Expr::Aggregate { operator, inner, .. } => {
                aggregated(operator, self.interval_at(inner, depth))
            }
            Expr::Call { function, arguments } => self.call_interval(function, arguments, depth),
            Expr::Binary(binary) => self.binary_interval(binary, depth),
        }
    }

    fn selector_interval(&self, selector: &Selector, depth: usize) -> Interval {
        let Some(name) = selector.metric.as_deref() else { return Interval::ALL };
        if name == "up" {
            return Interval::UNIT;
        }
        if let Some((_, interval)) = self.recorded_at(name, depth) {
            return interval;
        }
        match self.metrics.get(name).map(|metric| metric.kind) {
            Some(Type::Counter | Type::Part) => Interval::POSITIVE,
            Some(Type::Gauge | Type::Family | Type::Unknown) | None => Interval::ALL,
        }
    }

    fn call_interval(&self, function: &str, arguments: &[Expr], depth: usize) -> Interval {
        let argument = |index: usize| {
            arguments.get(index).map_or(Interval::ALL, |inner| self.interval_at(inner, depth))
        };
        match function {
            "rate" | "increase" | "irate" | "resets" | "changes" | "time" | "stddev_over_time"
            | "stdvar_over_time" | "abs" | "sqrt" => Interval::POSITIVE,
            "absent" | "absent_over_time" | "present_over_time" => Interval::point(1.0),
            "count_over_time" => Interval::new(1.0, f64::INFINITY),
            "clamp_min" => {
                let (inner, least) = (argument(0), argument(1));
                Interval::new(inner.low.max(least.low), inner.high.max(least.high))
            }
            "clamp_max" => {
                let (inner, most) = (argument(0), argument(1));
                Interval::new(inner.low.min(most.low), inner.high.min(most.high))
            }
            "clamp" => {
                let (least, most) = (argument(1), argument(2));
                Interval::new(least.low, most.high)
            }
            "avg_over_time" | "min_over_time" | "max_over_time" | "last_over_time" | "vector"
            | "scalar" | "sort" | "sort_desc" | "label_replace" | "label_join" | "floor" => {
                argument(0)
            }
            "sum_over_time" => aggregated("sum", argument(0)),
            "quantile_over_time" => argument(1),
            "histogram_fraction" => Interval::UNIT,
            _ => Interval::ALL,
        }
    }

    fn binary_interval(&self, binary: &Binary, depth: usize) -> Interval {
        let left = self.interval_at(&binary.left, depth);
        let right = self.interval_at(&binary.right, depth);
        if let Some(share) = share_of(binary) {
            return share;
        }
        match binary.operator.as_str() {
            "+" => Interval::new(left.low + right.low, left.high + right.high),
            "-" => Interval::new(left.low - right.high, left.high - right.low),
            "*" => product(left, right),
            "/" if right.low > 0.0 || right.high < 0.0 => {
                product(left, Interval::new(1.0 / right.high, 1.0 / right.low))
            }
            "/" if left.low >= 0.0 && right.low >= 0.0 => Interval::POSITIVE,
            "or" => left.hull(right),
            "and" | "unless" => left,
            operator if compares(operator) && binary.is_bool => Interval::UNIT,
            operator if compares(operator) => left,
            _ => Interval::ALL,
        }
    }
}

fn both(left: Truth, right: Truth) -> Truth {
    match (left, right) {
        (Truth::Never, _) | (_, Truth::Never) => Truth::Never,
        (Truth::Always, Truth::Always) => Truth::Always,
        (Truth::Sometimes, _) | (_, Truth::Sometimes) => Truth::Sometimes,
    }
}

fn aggregated(operator: &str, inner: Interval) -> Interval {
    match operator {
        "avg" | "min" | "max" | "topk" | "bottomk" | "quantile" | "limitk" | "limit_ratio" => inner,
        "sum" if inner.low >= 0.0 => Interval::new(inner.low, f64::INFINITY),
        "count" => Interval::new(1.0, f64::INFINITY),
        "count_values" | "group" => Interval::POSITIVE,
        "stddev" | "stdvar" => Interval::POSITIVE,
        _ => Interval::ALL,
    }
}

fn product(left: Interval, right: Interval) -> Interval {
    // Nothing times without end is nothing here: a bound is not a value.
    let times = |a: f64, b: f64| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
    let all = [
        times(left.low, right.low),
        times(left.low, right.high),
        times(left.high, right.low),
        times(left.high, right.high),
    ];
    let low = all.iter().copied().fold(f64::INFINITY, f64::min);
    let high = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Interval::new(low, high)
}

/// What a part divided by its whole can be: nothing to all, times what the part was multiplied by.
fn share_of(binary: &Binary) -> Option<Interval> {
    if binary.operator != "/" {
        return None;
    }
    if is_share(&binary.left, &binary.right) {
        return Some(Interval::UNIT);
    }
    let scaled = binary.left.as_binary().filter(|scaled| scaled.operator == "*")?;
    let (factor, part) = match (scaled.left.constant(), scaled.right.constant()) {
        (Some(factor), None) => (factor, &scaled.right),
        (None, Some(factor)) => (factor, &scaled.left),
        (Some(_), Some(_)) | (None, None) => return None,
    };
    is_share(part, &binary.right).then(|| product(Interval::point(factor), Interval::UNIT))
}

/// Tells whether the left is a part of the right: the same counter over the same range, with the
/// matchers of the right and more.
pub(super) fn is_share(left: &Expr, right: &Expr) -> bool {
    match (left, unguarded(right)) {
        (
            Expr::Aggregate { operator, inner, grouping, .. },
            Expr::Aggregate { operator: other, inner: whole, grouping: same, .. },
        ) => operator == "sum" && other == "sum" && grouping == same && is_share(inner, whole),
        (Expr::Call { function, arguments }, Expr::Call { function: other, arguments: whole }) => {
            function == other
                && matches!(function.as_str(), "rate" | "increase")
                && matches!((arguments.as_slice(), whole.as_slice()), ([part], [whole]) if is_share(part, whole))
        }
        (Expr::Selector(part), Expr::Selector(whole)) => {
            let same = part.metric.is_some()
                && part.metric.as_deref().map(family_of) == whole.metric.as_deref().map(family_of);
            let window = part.window.map(f64::to_bits) == whole.window.map(f64::to_bits);
            let narrower = whole.matchers.iter().all(|matcher| {
                matcher.label == "le" || part.matchers.iter().any(|one| one.same(matcher))
            });
            same && window && narrower
        }
        _ => false,
    }
}

/// A denominator without what guards it: `x > 0`, `clamp_min(x, 1)`, `x or vector(1)`.
pub(super) fn unguarded(expr: &Expr) -> &Expr {
    if let Some(("clamp_min", [inner, ..])) = expr.as_call() {
        return unguarded(inner);
    }
    let Some(binary) = expr.as_binary() else { return expr };
    let is_filter = compares(&binary.operator)
        && !binary.is_bool
        && binary.matching == Grouping::None
        && binary.right.constant().is_some();
    if is_filter { unguarded(&binary.left) } else { expr }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(text: &str) -> Truth {
        let metrics = Metrics::default();
        let rule = Expr::parse("sum(rate(e_total[5m])) / sum(rate(e_total[5m]))").unwrap();
        let recorded = BTreeMap::from([("ratio", &rule)]);
        Judge::new(&metrics, recorded).truth(&Expr::parse(text).unwrap())
    }

    #[test]
    fn conditions_that_hold_always_or_never() {
        for text in ["x", "sum(x)", "rate(x[5m]) >= 0", "x > bool 1", "count(x) > 0", "1 - x"] {
            assert_eq!(truth(text), Truth::Always, "{text}");
        }
        let share = "sum(rate(x{a=\"1\"}[5m])) / sum(rate(x[5m]))";
        for text in [
            format!("{share} > 1"),
            format!("100 * {share} > 144"),
            format!("({share}) / 0.1 > 14.4"),
            "rate(x[5m]) < 0".to_owned(),
            "up == 2".to_owned(),
            "ratio > 1.2".to_owned(),
            "x > 1 and up > 1".to_owned(),
        ] {
            assert_eq!(truth(&text), Truth::Never, "{text}");
        }
        for text in [
            format!("{share} > 0.01"),
            "absent(x)".to_owned(),
            "x > 1".to_owned(),
            "up == 0".to_owned(),
            "x unless y".to_owned(),
            "x > y".to_owned(),
            "ratio > 0.9".to_owned(),
            "(x > 5) / 2".to_owned(),
            "ALERTS{a=\"1\"}".to_owned(),
        ] {
            assert_eq!(truth(&text), Truth::Sometimes, "{text}");
        }
    }
}
