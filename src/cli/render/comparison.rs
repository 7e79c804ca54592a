//! Compared figures for people: the answer, its numbers, and both distributions side by side.

use std::fmt::Write as _;

use countersign::finding::{ComparisonDocument, SideDocument};

use super::text::{Style, Tone, escape};

/// How many columns a distribution takes.
const WIDTH: usize = 40;
/// How full a column is, from nothing to everything.
const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Writes every compared figure.
pub(super) fn comparisons(rows: &[ComparisonDocument], style: Style, out: &mut String) {
    for row in rows {
        let (word, tone) = match row.answer.as_str() {
            "not_regressed" => ("not regressed", Tone::Good),
            "regressed" => ("REGRESSED", Tone::Bad),
            _ => ("inconclusive", Tone::Unsure),
        };
        let name = style.paint(Tone::Strong, &escape(&row.metric));
        let _ = writeln!(out, "\n{name} of {}: {}", escape(&row.subject), style.paint(tone, word));
        out.push_str(&style.wrap(2, &escape(&row.reason)));
        let effect = |value: Option<i64>| percent(value, &row.scale);
        let _ = writeln!(
            out,
            "  effect {}, {} % interval {} to {}, margin {}, detectable {}, p {}",
            effect(row.effect_millionths),
            row.confidence_millionths.unwrap_or(0) / 10_000,
            effect(row.low_millionths),
            effect(row.high_millionths),
            effect(row.margin_millionths),
            effect(row.detectable_millionths),
            decimal(row.p_value_millionths, 4),
        );
        plot(row, style, out);
    }
}

/// Draws both sides over one axis.
fn plot(row: &ComparisonDocument, style: Style, out: &mut String) {
    let values =
        || row.baseline.runs_millionths.iter().chain(&row.candidate.runs_millionths).flatten();
    let (Some(low), Some(high)) = (values().min(), values().max()) else { return };
    for (label, side) in [("baseline", &row.baseline), ("candidate", &row.candidate)] {
        let runs = side.runs_millionths.len();
        let variation = percent(side.variation_millionths, "ratio");
        let drawn = style.paint(Tone::Faint, &columns(side, *low, *high));
        let _ = writeln!(
            out,
            "  {label:<9} |{drawn}| {runs} runs, variation {}",
            variation.trim_start_matches('+')
        );
    }
    let (left, right) = (decimal(Some(*low), 3), decimal(Some(*high), 3));
    let gap = (WIDTH + 2).saturating_sub(left.len() + right.len()).max(1);
    let _ = writeln!(out, "  {:<9} {left}{}{right}", "", " ".repeat(gap));
}

/// One side as columns: how many of its runs fall into each part of the axis.
fn columns(side: &SideDocument, low: i64, high: i64) -> String {
    let mut counts = [0_usize; WIDTH];
    let span = i128::from(high) - i128::from(low);
    for value in side.runs_millionths.iter().flatten() {
        let offset = (i128::from(*value) - i128::from(low)) * (WIDTH as i128 - 1);
        let column = if span > 0 { offset / span } else { WIDTH as i128 / 2 };
        let column = usize::try_from(column).unwrap_or(0).min(WIDTH - 1);
        counts[column] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    // A single run is never drawn as nothing.
    let level = |count: usize| (count * (LEVELS.len() - 1)).div_ceil(most);
    counts.iter().map(|count| LEVELS[level(*count)]).collect()
}

fn percent(value: Option<i64>, scale: &str) -> String {
    let unit = if scale == "ratio" { " %" } else { " points" };
    match value {
        None => "without bound".to_owned(),
        Some(millionths) => {
            let tenths = (millionths + millionths.signum() * 500) / 1000;
            let sign = if tenths < 0 { '-' } else { '+' };
            format!("{sign}{}.{}{unit}", tenths.abs() / 10, tenths.abs() % 10)
        }
    }
}

/// Millionths as a decimal number with some places.
fn decimal(value: Option<i64>, places: u32) -> String {
    let Some(value) = value else { return "-".to_owned() };
    let unit = 10_i64.pow(6 - places.min(6));
    let scaled = (value + value.signum() * unit / 2) / unit;
    let whole = 10_i64.pow(places.min(6));
    let sign = if scaled < 0 { "-" } else { "" };
    format!(
        "{sign}{}.{:0width$}",
        scaled.abs() / whole,
        scaled.abs() % whole,
        width = places as usize
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_for_people() {
        assert_eq!(percent(Some(123_456), "ratio"), "+12.3 %");
        assert_eq!(percent(Some(-950), "difference"), "-0.1 points");
        assert_eq!(decimal(Some(39_690_592), 3), "39.691");
    }

    #[test]
    fn every_run_is_drawn() {
        let side = SideDocument {
            runs_millionths: vec![Some(0), Some(10), None, Some(10)],
            variation_millionths: None,
        };
        let drawn = columns(&side, 0, 10);
        assert_eq!(drawn.chars().count(), WIDTH);
        assert_eq!(drawn.trim().chars().next(), Some('▄'));
        assert!(drawn.ends_with('█'));
    }
}
