//! Has a measured thing become worse? Three answers, and the numbers they rest on.
//!
//! The run is the unit: each side is a list of one figure a run. The effect is the shift of Hodges
//! and Lehmann, as a ratio (on the log scale) or as a difference, always counted so that positive
//! is worse. The margin was declared before: a ratio and an absolute size, and a change must exceed
//! both to matter.
//!
//! | answer | when |
//! |---|---|
//! | regressed | enough runs, effect at least the margin, and the rank test refuses "not worse"; where the noise hides the margin, it must refuse "not worse by the margin" instead |
//! | not regressed | enough runs, the noise does not hide the margin, and the whole interval lies below the margin |
//! | inconclusive | anything else: never a pass |
//!
//! Several figures of one comparison are judged together by Holm's procedure.

use super::rank::{p_value_greater, shift};
use super::{as_f64, ceil_count, mean, median, normal_point, variance};

/// How a figure is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// By ratio: latencies, rates. Every value must be above zero.
    Ratio,
    /// By difference: shares that may be zero.
    Difference,
}

/// Which way is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// More is worse: latency, errors.
    HigherIsWorse,
    /// Less is worse: throughput.
    LowerIsWorse,
}

/// The change that matters, declared before it is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Margin {
    /// Relative to the baseline, 0.10 for ten percent; for shares, the difference itself.
    pub relative: f64,
    /// In the figure's own unit; zero for none.
    pub absolute: f64,
}

/// What both sides are and how they are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The figure's name, `p95_ms`.
    pub metric: String,
    /// How it is compared.
    pub scale: Scale,
    /// Which way is worse.
    pub direction: Direction,
    /// What matters.
    pub margin: Margin,
    /// One figure a baseline run.
    pub baseline: Vec<f64>,
    /// One figure a candidate run.
    pub candidate: Vec<f64>,
}

/// What holds for all figures of a comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// The confidence of the intervals, two-sided.
    pub confidence: f64,
    /// The fewest runs a side that may block a release or let it pass.
    pub runs: usize,
}

impl Terms {
    /// 95 percent, five runs a side.
    pub const DEFAULT: Self = Self { confidence: 0.95, runs: 5 };
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// It did not become worse by the margin.
    NotRegressed,
    /// The runs do not tell.
    Inconclusive,
    /// It became worse.
    Regressed,
}

impl Answer {
    /// Returns the answer in words with `_` between them, as the report holds it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotRegressed => "not_regressed",
            Self::Inconclusive => "inconclusive",
            Self::Regressed => "regressed",
        }
    }
}

/// One figure, judged, with the numbers that the answer rests on. Effects are relative (0.1 is ten
/// percent worse) on the ratio scale and differences on the other; positive is worse.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What was asked.
    pub question: Question,
    /// The answer.
    pub answer: Answer,
    /// Why, in one line.
    pub reason: String,
    /// The shift.
    pub effect: f64,
    /// The interval's better end.
    pub low: f64,
    /// The interval's worse end.
    pub high: f64,
    /// The margin that was applied, relative and absolute taken together.
    pub margin: f64,
    /// The coefficient of variation of each side.
    pub variation: [f64; 2],
    /// The smallest effect that so many runs with so much noise would show four times in five.
    pub detectable: f64,
    /// The probability of such values when nothing became worse, after Holm.
    pub p_value: f64,
    /// How many runs a side would make the margin visible.
    pub runs_needed: u64,
}

/// How much less the rank test sees than the t-test on normal noise, as a factor on the effect:
/// the square root of pi over three.
const RANK_FACTOR: f64 = 1.023_326_707_946_488_5;
/// The share of true effects of the detectable size that are found.
const POWER: f64 = 0.8;

/// Judges all figures of one comparison together.
#[must_use]
pub fn judge(questions: Vec<Question>, terms: Terms) -> Vec<Judgement> {
    let mut measured: Vec<Judgement> =
        questions.into_iter().map(|question| measure(question, terms)).collect();
    holm(&mut measured);
    for one in &mut measured {
        (one.answer, one.reason) = answer(one, terms);
    }
    measured
}

/// The worst answer decides; nothing asked is inconclusive.
#[must_use]
pub fn overall(judged: &[Judgement]) -> Answer {
    judged.iter().map(|one| one.answer).max().unwrap_or(Answer::Inconclusive)
}

fn measure(question: Question, terms: Terms) -> Judgement {
    let (first, second) = (scaled(&question, false), scaled(&question, true));
    let margin = log_margin(&question);
    let tail = (1.0 - terms.confidence) / 2.0;
    let reach = (normal_point(tail) + normal_point(1.0 - POWER)) * RANK_FACTOR;
    let spread = pooled_deviation(&first, &second);
    let (m, n) = (as_f64(first.len().max(1)), as_f64(second.len().max(1)));
    let detectable = reach * spread * (1.0 / m + 1.0 / n).sqrt();
    let shift = shift(&first, &second, terms.confidence);
    let hidden = detectable > margin;
    let moved: Vec<f64> = second.iter().map(|y| y - if hidden { margin } else { 0.0 }).collect();
    let p_value = if shift.is_some() { p_value_greater(&first, &moved) } else { 1.0 };
    let runs_needed =
        if margin > 0.0 { ceil_count(2.0 * (reach * spread / margin).powi(2)) } else { u64::MAX };
    let out = |effect: f64| if question.scale == Scale::Ratio { effect.exp_m1() } else { effect };
    Judgement {
        answer: Answer::Inconclusive,
        reason: String::new(),
        effect: shift.map_or(f64::NAN, |shift| out(shift.estimate)),
        low: shift.map_or(f64::NEG_INFINITY, |shift| out(shift.low)),
        high: shift.map_or(f64::INFINITY, |shift| out(shift.high)),
        margin: out(margin),
        variation: [variation(&question.baseline), variation(&question.candidate)],
        detectable: out(detectable),
        p_value,
        runs_needed: runs_needed.max(terms.runs as u64),
        question,
    }
}

/// The values on the scale of the test, positive for worse; none when one of them has no logarithm.
fn scaled(question: &Question, candidate: bool) -> Vec<f64> {
    let values = if candidate { &question.candidate } else { &question.baseline };
    let sign = match question.direction {
        Direction::HigherIsWorse => 1.0,
        Direction::LowerIsWorse => -1.0,
    };
    let usable = |value: f64| match question.scale {
        Scale::Ratio => value.is_finite() && value > 0.0,
        Scale::Difference => value.is_finite(),
    };
    if !question.baseline.iter().chain(&question.candidate).all(|value| usable(*value)) {
        return Vec::new();
    }
    let on_scale = |value: &f64| match question.scale {
        Scale::Ratio => sign * value.ln(),
        Scale::Difference => sign * value,
    };
    values.iter().map(on_scale).collect()
}

/// The margin on the scale of the test: the larger of the relative and the absolute one.
fn log_margin(question: &Question) -> f64 {
    let Margin { relative, absolute } = question.margin;
    match question.scale {
        Scale::Difference => relative.max(absolute),
        Scale::Ratio => {
            let middle = median(&question.baseline).unwrap_or(0.0);
            let share = if middle > 0.0 { absolute / middle } else { 0.0 };
            match question.direction {
                Direction::HigherIsWorse => relative.max(share).ln_1p(),
                // A drop by a tenth is a ratio of nine tenths, which lies further off on this scale.
                Direction::LowerIsWorse => -(-relative.max(share).min(0.99)).ln_1p(),
            }
        }
    }
}

fn pooled_deviation(first: &[f64], second: &[f64]) -> f64 {
    let freedom = (first.len() + second.len()).saturating_sub(2);
    if freedom == 0 {
        return 0.0;
    }
    let sum = variance(first) * as_f64(first.len().saturating_sub(1))
        + variance(second) * as_f64(second.len().saturating_sub(1));
    (sum / as_f64(freedom)).sqrt()
}

fn variation(values: &[f64]) -> f64 {
    match mean(values) {
        Some(mean) if mean != 0.0 => variance(values).sqrt() / mean.abs(),
        _ => 0.0,
    }
}

/// Holm: the smallest of k probabilities counts k times, the next k - 1 times, never less than the
/// one before.
fn holm(judged: &mut [Judgement]) {
    let mut order: Vec<usize> = (0..judged.len()).collect();
    order.sort_by(|a, b| judged[*a].p_value.total_cmp(&judged[*b].p_value));
    let (mut least, count) = (0.0_f64, judged.len());
    for (place, index) in order.into_iter().enumerate() {
        least = least.max((judged[index].p_value * as_f64(count - place)).min(1.0));
        judged[index].p_value = least;
    }
}

fn answer(one: &Judgement, terms: Terms) -> (Answer, String) {
    let runs = one.question.baseline.len().min(one.question.candidate.len());
    let tail = (1.0 - terms.confidence) / 2.0;
    let inconclusive = |reason: String| (Answer::Inconclusive, reason);
    if one.effect.is_nan() {
        return inconclusive("a run has no usable figure".to_owned());
    }
    if runs < terms.runs {
        return inconclusive(format!("{runs} runs on one side; {} are needed a side", terms.runs));
    }
    if one.effect >= one.margin && one.p_value <= tail {
        let reason = format!("worse by {}, at least the margin", shown(one, one.effect));
        return (Answer::Regressed, reason);
    }
    if one.detectable > one.margin {
        return inconclusive(format!(
            "so much noise hides the margin: {} could be seen; {} runs a side would do",
            shown(one, one.detectable),
            one.runs_needed
        ));
    }
    if one.high < one.margin {
        return (Answer::NotRegressed, format!("at most {} worse", shown(one, one.high)));
    }
    inconclusive(format!(
        "the interval reaches {}, beyond the margin, and does not lie beyond it",
        shown(one, one.high)
    ))
}

/// An effect of a judgement for people: percent, or percentage points for a share.
#[must_use]
pub fn shown(one: &Judgement, effect: f64) -> String {
    let unit = if one.question.scale == Scale::Ratio { "%" } else { " points" };
    if effect.is_finite() {
        format!("{:+.1}{unit}", effect * 100.0)
    } else {
        "without bound".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(baseline: &[f64], candidate: &[f64]) -> Judgement {
        let question = Question {
            metric: "p95_ms".to_owned(),
            scale: Scale::Ratio,
            direction: Direction::HigherIsWorse,
            margin: Margin { relative: 0.1, absolute: 0.0 },
            baseline: baseline.to_vec(),
            candidate: candidate.to_vec(),
        };
        judge(vec![question], Terms::DEFAULT).remove(0)
    }

    const QUIET: [f64; 6] = [100.0, 101.0, 99.0, 100.5, 99.5, 100.2];

    #[test]
    fn three_answers() {
        let times = |factor: f64| QUIET.map(|value| value * factor);
        assert_eq!(ask(&QUIET, &times(1.003)).answer, Answer::NotRegressed);
        assert_eq!(ask(&QUIET, &times(1.3)).answer, Answer::Regressed);
        assert_eq!(ask(&QUIET, &times(1.3)[..4]).answer, Answer::Inconclusive);
        let loud = [60.0, 140.0, 90.0, 120.0, 80.0, 110.0];
        let one = ask(&loud, &loud);
        assert_eq!(one.answer, Answer::Inconclusive);
        assert!(one.runs_needed > 20, "{one:?}");
    }

    #[test]
    fn noise_does_not_hide_a_disaster() {
        let loud = [60.0, 140.0, 90.0, 120.0, 80.0, 110.0];
        assert_eq!(ask(&loud, &loud.map(|value| value * 5.0)).answer, Answer::Regressed);
    }

    #[test]
    fn what_has_no_logarithm_is_inconclusive() {
        assert_eq!(ask(&QUIET, &[0.0; 6]).answer, Answer::Inconclusive);
        assert_eq!(ask(&QUIET, &[f64::NAN; 6]).answer, Answer::Inconclusive);
        assert_eq!(ask(&[], &[]).answer, Answer::Inconclusive);
    }

    #[test]
    fn a_small_absolute_change_does_not_matter() {
        let (before, after) = ([1.0, 1.01, 0.99, 1.0, 1.02], [1.2, 1.21, 1.19, 1.2, 1.22]);
        let mut question = ask(&before, &after).question;
        assert_eq!(ask(&before, &after).answer, Answer::Regressed);
        question.margin.absolute = 5.0;
        assert_eq!(judge(vec![question], Terms::DEFAULT)[0].answer, Answer::NotRegressed);
    }
}
