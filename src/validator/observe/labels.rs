//! Which labels the result of an expression has.

use std::collections::BTreeSet;

use super::metrics::Metrics;
use super::promql::{Binary, Expr, Grouping, Many, MatchKind, Selector};

/// The labels of a result.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels {
    /// Every label that it may have; `None` when that is not known.
    pub(super) possible: Option<BTreeSet<String>>,
    /// Labels that it has for sure.
    pub(super) certain: BTreeSet<String>,
    /// Labels that it has not for sure.
    pub(super) lost: BTreeSet<String>,
}

impl Labels {
    /// The labels of an expression's result.
    pub(super) fn of(expr: &Expr, metrics: &Metrics) -> Self {
        match expr {
            Expr::Number(_) | Expr::Text(_) => Self::none(),
            Expr::Selector(selector) => Self::of_selector(selector, metrics),
            Expr::Subquery(inner) | Expr::Negated(inner) => Self::of(inner, metrics),
            Expr::Aggregate { operator, inner, parameter, grouping } => {
                let inner = Self::of(inner, metrics);
                let mut labels = match operator.as_str() {
                    "topk" | "bottomk" | "limitk" | "limit_ratio" => return inner,
                    _ => match grouping {
                        Grouping::None => Self::none(),
                        Grouping::Only(kept) => inner.keep(kept),
                        Grouping::AllBut(lost) => inner.lose(lost),
                    },
                };
                if let (Some(Expr::Text(label)), "count_values") =
                    (parameter.as_deref(), operator.as_str())
                {
                    labels = labels.with(label);
                }
                labels
            }
            Expr::Binary(binary) => Self::of_binary(binary, metrics),
            Expr::Call { function, arguments } => Self::of_call(function, arguments, metrics),
        }
    }

    /// Tells whether a label is surely not there.
    pub(super) fn lacks(&self, label: &str) -> bool {
        self.lost.contains(label) || self.possible.as_ref().is_some_and(|all| !all.contains(label))
    }

    fn none() -> Self {
        Self { possible: Some(BTreeSet::new()), ..Self::default() }
    }

    fn of_selector(selector: &Selector, metrics: &Metrics) -> Self {
        let known = selector.metric.as_deref().and_then(|name| metrics.get(name));
        let mut labels =
            Self { possible: known.and_then(|metric| metric.labels.clone()), ..Self::default() };
        for matcher in &selector.matchers {
            let has = match matcher.kind {
                MatchKind::Equal | MatchKind::Pattern => !matcher.fits(""),
                MatchKind::NotEqual | MatchKind::NotPattern => !matcher.fits(""),
            };
            if has {
                labels = labels.with(&matcher.label);
            }
        }
        labels
    }

    fn of_call(function: &str, arguments: &[Expr], metrics: &Metrics) -> Self {
        let argument = |index: usize| {
            arguments.get(index).map_or_else(Self::none, |inner| Self::of(inner, metrics))
        };
        match function {
            "absent" | "absent_over_time" => {
                let mut labels = Self::none();
                for selector in arguments.iter().flat_map(Expr::selectors) {
                    for matcher in &selector.matchers {
                        if matcher.kind == MatchKind::Equal && !matcher.value.is_empty() {
                            labels = labels.with(&matcher.label);
                        }
                    }
                }
                labels
            }
            "time" | "pi" | "vector" | "scalar" => Self::none(),
            "histogram_quantile" | "quantile_over_time" => {
                let inner = argument(1);
                if function == "histogram_quantile" {
                    inner.lose(&["le".to_owned()])
                } else {
                    inner
                }
            }
            "label_replace" | "label_join" => match arguments.get(1) {
                Some(Expr::Text(label)) => {
                    let mut labels = argument(0);
                    labels.lost.remove(label);
                    if let Some(possible) = &mut labels.possible {
                        possible.insert(label.clone());
                    }
                    labels
                }
                _ => Self::default(),
            },
            "info" => Self::default(),
            _ => argument(0),
        }
    }

    fn of_binary(binary: &Binary, metrics: &Metrics) -> Self {
        let (left, right) = (Self::of(&binary.left, metrics), Self::of(&binary.right, metrics));
        if binary.right.is_scalar() {
            return left;
        }
        if binary.left.is_scalar() {
            return right;
        }
        match binary.operator.as_str() {
            "and" | "unless" => left,
            "or" => left.either(right),
            _ => match (&binary.many, &binary.matching) {
                (Some((Many::Left, copied)), _) => left.gain(copied, &right),
                (Some((Many::Right, copied)), _) => right.gain(copied, &left),
                (None, Grouping::Only(kept)) => left.keep(kept),
                (None, Grouping::AllBut(lost)) => left.lose(lost),
                (None, Grouping::None) => left,
            },
        }
    }

    fn with(mut self, label: &str) -> Self {
        if let Some(possible) = &mut self.possible {
            possible.insert(label.to_owned());
        }
        self.lost.remove(label);
        self.certain.insert(label.to_owned());
        self
    }

    fn keep(mut self, kept: &[String]) -> Self {
        let kept: BTreeSet<String> = kept.iter().cloned().collect();
        self.certain.retain(|label| kept.contains(label));
        let lost = self.lost;
        let possible = match self.possible {
            Some(possible) => possible.intersection(&kept).cloned().collect(),
            None => kept.difference(&lost).cloned().collect(),
        };
        Self { possible: Some(possible), certain: self.certain, lost: BTreeSet::new() }
    }

    fn lose(mut self, lost: &[String]) -> Self {
        for label in lost {
            if let Some(possible) = &mut self.possible {
                possible.remove(label);
            }
            self.certain.remove(label);
            self.lost.insert(label.clone());
        }
        self
    }

    /// What `group_left(labels)` copies from the one side.
    fn gain(mut self, copied: &[String], one: &Self) -> Self {
        for label in copied.iter().filter(|label| !one.lacks(label)) {
            if let Some(possible) = &mut self.possible {
                possible.insert(label.clone());
            }
            self.lost.remove(label);
        }
        self
    }

    fn either(self, other: Self) -> Self {
        let possible = match (self.possible, other.possible) {
            (Some(left), Some(right)) => Some(left.union(&right).cloned().collect()),
            (_, None) | (None, _) => None,
        };
        let certain = self.certain.intersection(&other.certain).cloned().collect();
        let lost = self.lost.intersection(&other.lost).cloned().collect();
        Self { possible, certain, lost }
    }
}

/// A label by which the two sides of an operation can never meet: one has it and the other has not.
pub(super) fn never_meets(binary: &Binary, metrics: &Metrics) -> Option<String> {
    let is_joined = !binary.left.is_scalar() && !binary.right.is_scalar();
    let has_series = |expr: &Expr| !expr.selectors().is_empty();
    if !is_joined
        || !has_series(&binary.left)
        || !has_series(&binary.right)
        || binary.operator == "or"
    {
        return None;
    }
    let (left, right) = (Labels::of(&binary.left, metrics), Labels::of(&binary.right, metrics));
    let is_compared = |label: &&String| match &binary.matching {
        Grouping::None => true,
        Grouping::Only(on) => on.contains(label),
        Grouping::AllBut(ignored) => !ignored.contains(label),
    };
    let one_sided = left.certain.iter().filter(|label| right.lacks(label));
    let other_sided = right.certain.iter().filter(|label| left.lacks(label));
    one_sided.chain(other_sided).find(is_compared).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Labels {
        Labels::of(&Expr::parse(text).unwrap(), &Metrics::default())
    }

    fn meets(text: &str) -> bool {
        let mut meets = true;
        Expr::parse(text).unwrap().walk(&mut |expr| {
            if let Expr::Binary(binary) = expr {
                meets &= never_meets(binary, &Metrics::default()).is_none();
            }
        });
        meets
    }

    #[test]
    fn aggregation_loses_labels() {
        assert!(labels("sum by (a) (x)").lacks("b") && !labels("sum by (a) (x)").lacks("a"));
        assert!(
            labels("sum without (a) (x)").lacks("a") && !labels("sum without (a) (x)").lacks("b")
        );
        assert!(labels("sum(x)").lacks("a") && !labels("topk(3, x)").lacks("a"));
        assert!(!labels("x * on (a) group_left (b) y").lacks("b"));
        assert!(labels("x * on (a) y").lacks("b"));
        assert!(labels("histogram_quantile(0.9, sum by (le, a) (x))").lacks("le"));
        assert!(!labels(r#"absent(x{a="1",b=~"2"})"#).lacks("a"));
        assert!(labels(r#"absent(x{a="1",b=~"2"})"#).lacks("b"));
        assert!(!labels(r#"label_replace(sum(x), "a", "$1", "b", "(.*)")"#).lacks("a"));
        assert!(!labels("sum(x) or y").lacks("a"));
    }

    #[test]
    fn sides_that_cannot_meet_are_seen() {
        assert!(!meets(r#"sum(x) < 1 and y{a="1"} > 0"#));
        assert!(meets(r#"sum(x) < 1 and on () y{a="1"} > 0"#));
        assert!(!meets(r#"sum by (a) (x{a="1"}) / sum by (b) (y{b="1"})"#));
        assert!(meets(r#"sum by (a) (x{a="1"}) / sum by (a) (y)"#));
        assert!(meets(r#"x{a="1"} > scalar(sum(y))"#));
        assert!(meets(r#"x{a="1"} or sum(y)"#));
        assert!(meets(r#"x{a="1"} > scalar(sum(y)) * 2"#));
        assert!(meets(r#"time() - x{a="1"} > 60"#));
    }
}
